//! A hub that leaves an event out of a page it is asked for: what follows is no continuation of
//! what the follower has, and must not become part of its copy (LOG-2, FED-7).

use bytes::Bytes;
use holm_protocol::federation::LogPage;
use holm_protocol::json;

/// Beginning of the paths of such pages.
const PULLED: &str = "/federation/v1/events/";

/// The answer without its first event; none where it is no page of several.
pub(crate) fn leave_one_out(path: &str, answer: &Bytes) -> Option<Bytes> {
    if !path.starts_with(PULLED) {
        return None;
    }
    let mut page: LogPage = json::from_slice(answer).ok()?;
    if page.events.len() < 2 {
        return None;
    }
    page.events.remove(0);
    serde_json::to_vec(&page).ok().map(Bytes::from)
}
