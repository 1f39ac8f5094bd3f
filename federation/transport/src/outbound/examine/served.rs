//! What a server serves as its document, not yet judged.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use holm_core::ports::{Clock, Exchange};
use holm_protocol::document::SignedDocument;
use holm_protocol::endpoint::SERVER_DOCUMENT;
use holm_protocol::json;
use http::header::{ACCEPT, DATE};
use http::{HeaderMap, Request};

use super::super::document::RESPONSE_LEN_MAX;
use super::super::http_exchange::HttpExchange;
use super::super::route::{BodyLenMax, Route};
use crate::text;

/// An answer to the request for the server document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// HTTP status.
    pub status: u16,
    /// Its clock by the Date header, milliseconds since 1970, whole seconds.
    pub date_ms: Option<u64>,
    /// The clock here when it was asked, and when it had answered.
    pub between_ms: (u64, u64),
    /// The document, or why what came is none.
    pub document: Result<SignedDocument, String>,
}

/// Time for one answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(6);

/// Asks at `route`.
pub(super) async fn ask(
    exchange: &HttpExchange,
    route: Route,
    clock: &dyn Clock,
) -> Result<Served, String> {
    let uri = format!("{}{}", route.base(0), SERVER_DOCUMENT.path);
    let request = Request::get(uri).header(ACCEPT, "application/json");
    let mut request = request
        .body(Bytes::new())
        .map_err(|error| error.to_string())?;
    request.extensions_mut().insert(route);
    request
        .extensions_mut()
        .insert(BodyLenMax(RESPONSE_LEN_MAX));
    let asked_ms = clock.now_ms();
    let answer = tokio::time::timeout(ANSWER_TIME_MAX, exchange.call(request)).await;
    let seconds = ANSWER_TIME_MAX.as_secs();
    let answer = answer
        .map_err(|_elapsed| format!("no answer within {seconds} s"))?
        .map_err(|error| text::plain(&error.to_string()))?;
    let document = json::from_slice(answer.body());
    Ok(Served {
        status: answer.status().as_u16(),
        date_ms: date_ms(answer.headers()),
        between_ms: (asked_ms, clock.now_ms()),
        document: document.map_err(|error| text::plain(&error.to_string())),
    })
}

fn date_ms(headers: &HeaderMap) -> Option<u64> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::DATE;

    use super::date_ms;

    #[test]
    fn the_clock_of_a_server_is_read_from_its_date() {
        let mut headers = HeaderMap::new();
        assert_eq!(date_ms(&headers), None);
        let date = "Thu, 01 Jan 2026 00:00:00 GMT";
        headers.insert(DATE, date.parse().unwrap());
        assert_eq!(date_ms(&headers), Some(1_767_225_600_000));
        headers.insert(DATE, "yesterday".parse().unwrap());
        assert_eq!(date_ms(&headers), None);
    }
}
