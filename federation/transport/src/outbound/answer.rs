//! Reading a peer's answer: hostile until it parses (FED-10).
//!
//! A 2xx carries the documented JSON. A 4xx carries a Problem, which is the peer's word and goes
//! on to whoever asked. A 5xx is a failure of the peer at this call. Everything else (redirects,
//! HTML of a proxy, broken JSON) means that the peer can't be spoken to now.

use bytes::Bytes;
use holm_core::ports::PeerError;
use holm_protocol::{Problem, ServerName, json};
use http::Response;
use serde::de::DeserializeOwned;

use crate::text;

/// The answer's body, or what the answer means.
pub(super) fn read<T: DeserializeOwned>(
    server: &ServerName,
    response: &Response<Bytes>,
) -> Result<T, PeerError> {
    let status = response.status();
    let unreachable = |reason: String| PeerError::Unreachable {
        server: server.clone(),
        reason: text::plain(&reason),
    };
    let failed = |reason: String| PeerError::Failed {
        server: server.clone(),
        reason: text::plain(&reason),
    };
    if status.is_success() {
        return json::from_slice(response.body())
            .map_err(|error| unreachable(format!("its answer can't be read: {error}")));
    }
    let problem = json::from_slice::<Problem>(response.body()).map(|p| plain(&p));
    match problem {
        Ok(problem) if status.is_client_error() => Err(PeerError::Refused {
            server: server.clone(),
            problem: Box::new(Problem {
                status: status.as_u16(),
                ..problem
            }),
        }),
        Ok(problem) => Err(failed(format!("it answered {status}: {problem}"))),
        Err(_no_problem) if status.is_server_error() => {
            Err(failed(format!("it answered {status}")))
        }
        Err(_no_problem) => Err(unreachable(format!("it answered {status}"))),
    }
}

/// The problem with texts that are fit for a log and a screen.
pub(super) fn plain(problem: &Problem) -> Problem {
    Problem {
        kind: text::plain(&problem.kind),
        title: text::plain(&problem.title),
        detail: text::plain(&problem.detail),
        ..problem.clone()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use holm_core::ports::PeerError;
    use holm_protocol::federation::NotifyResponse;
    use holm_protocol::{Code, Problem, ServerName};
    use http::Response;

    use super::read;

    fn answer(status: u16, body: impl Into<Bytes>) -> Result<NotifyResponse, PeerError> {
        let server = ServerName::parse("islet.example").unwrap();
        let response = Response::builder().status(status).body(body.into());
        read(&server, &response.unwrap())
    }

    fn problem(code: Code, detail: &str) -> Vec<u8> {
        serde_json::to_vec(&Problem::new(code, detail)).unwrap()
    }

    #[test]
    fn a_success_carries_the_documented_json_and_unknown_members_are_passed_over() {
        // FED-10, ENC-4
        assert_eq!(answer(200, r#"{"rooms":[],"new":1}"#).unwrap().rooms, []);
        let twice = answer(200, r#"{"rooms":[],"rooms":[]}"#);
        assert!(matches!(twice, Err(PeerError::Unreachable { .. })));
        assert!(matches!(
            answer(200, "<html>"),
            Err(PeerError::Unreachable { .. })
        ));
    }

    #[test]
    fn a_problem_is_the_peers_word_and_counts_with_the_status_it_came_with() {
        // FED-10
        let Err(PeerError::Refused { problem, .. }) = answer(403, problem(Code::NotFound, "no"))
        else {
            panic!("a 4xx with a problem is a refusal");
        };
        assert_eq!((problem.code, problem.status), (Code::NotFound, 403));
    }

    #[test]
    fn failures_redirects_and_garbage_mean_that_it_cannot_be_spoken_to() {
        // FED-10
        for (status, body) in [(500, problem(Code::Internal, "x")), (503, b"busy".to_vec())] {
            assert!(matches!(
                answer(status, body),
                Err(PeerError::Failed { .. })
            ));
        }
        for (status, body) in [(302, Vec::new()), (404, b"<html>not here</html>".to_vec())] {
            assert!(matches!(
                answer(status, body),
                Err(PeerError::Unreachable { .. })
            ));
        }
    }

    #[test]
    fn a_peers_text_is_bounded_and_printable() {
        // FED-10
        let text = format!("\u{1b}[2J{}", "x".repeat(10_000));
        let Err(PeerError::Refused { problem, .. }) = answer(409, problem(Code::Gap, &text)) else {
            panic!("a 4xx with a problem is a refusal");
        };
        assert_eq!(problem.detail.len(), 300);
        assert!(problem.detail.starts_with("[2Jx"));
    }
}
