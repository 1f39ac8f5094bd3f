//! A response, and what must be true of a refusal (PROB-1, API-1, API-10).

use serde_json::Value;

use crate::client_role::fault::{Check, During, ensure, fault, same};

/// A response read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// The status.
    pub(crate) status: u16,
    /// Headers in order, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The first header of a name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body)
            .chars()
            .take(400)
            .collect()
    }

    /// The body of a good answer, as JSON.
    pub(crate) fn good(&self) -> Check<Value> {
        self.expect_good()?;
        serde_json::from_slice(&self.body).during("the answer is no JSON")
    }

    /// A good answer, whatever is in it.
    pub(crate) fn expect_good(&self) -> Check {
        ensure((200..300).contains(&self.status), || {
            format!("wanted a good answer, got {} {}", self.status, self.text())
        })
    }

    /// A refusal with this code and the status that belongs to it.
    pub(crate) fn refused(&self, status: u16, code: &str) -> Check<Value> {
        let problem = self.problem()?;
        let got = (self.status, problem["code"].as_str().unwrap_or_default());
        ensure(got == (status, code), || {
            format!(
                "wanted {status} {code}, got {} {}",
                self.status,
                self.text()
            )
        })?;
        Ok(problem)
    }

    /// A refusal, as a whole problem (PROB-1).
    pub(crate) fn problem(&self) -> Check<Value> {
        ensure(self.status >= 400, || {
            format!("wanted a refusal, got {} {}", self.status, self.text())
        })?;
        same(
            &format!(
                "content type of the refusal {} {}",
                self.status,
                self.text()
            ),
            &self.header("content-type"),
            &Some("application/problem+json"),
        )?;
        let problem: Value = serde_json::from_slice(&self.body).during("the refusal is no JSON")?;
        check_problem(&problem)?;
        same(
            "status in the problem",
            &problem["status"],
            &self.status.into(),
        )?;
        self.check_waiting(&problem)?;
        match self.status == 401 && self.header("www-authenticate") != Some("Bearer") {
            true => fault("a refusal with 401 has no `WWW-Authenticate: Bearer` (API-1)"),
            false => Ok(problem),
        }
    }

    fn check_waiting(&self, problem: &Value) -> Check {
        let stated = problem["retry_after"].as_u64().map(|s| s.to_string());
        same(
            "Retry-After",
            &self.header("retry-after"),
            &stated.as_deref(),
        )
    }
}

/// A problem is whole: type, title, status and code, over HTTP and in frames (PROB-1).
pub(crate) fn check_problem(problem: &Value) -> Check {
    let code = problem["code"].as_str().unwrap_or_default();
    ensure(!code.is_empty(), || format!("no code in {problem}"))?;
    let kind = format!("urn:holm:problem:{code}");
    same("type of the problem", &problem["type"], &kind.into())?;
    ensure(problem["title"].is_string(), || {
        format!("no title in {problem}")
    })?;
    ensure(problem["status"].is_u64(), || {
        format!("no status in {problem}")
    })
}
