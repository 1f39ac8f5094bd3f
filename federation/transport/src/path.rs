//! Path parameters: how a MIMI URI stands in a request's path (FED-1).
//!
//! A sender percent-encodes the UTF-8 bytes of the URI: every byte but RFC 3986's unreserved set
//! (`A-Z a-z 0-9 - . _ ~`) becomes `%` and two upper-case hexadecimal digits, so that
//! `mimi://islet.example/r/k3v9` stands as `mimi%3A%2F%2Fislet.example%2Fr%2Fk3v9` in one
//! segment. The signature covers the path exactly as it stands in the request line; a receiver
//! verifies that text first, and only then decodes it once, whatever its case or excess of
//! escapes.

use holm_protocol::endpoint::Endpoint;

/// The path of `endpoint` with its one `{place}` filled in.
pub(crate) fn fill(endpoint: &Endpoint, parameter: Option<&str>) -> String {
    match (endpoint.path.split_once('{'), parameter) {
        (Some((before, rest)), Some(value)) => {
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            format!("{before}{}{after}", encode(value))
        }
        _ => endpoint.path.to_owned(),
    }
}

/// Percent-encodes one path segment (FED-1).
fn encode(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| match unreserved(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use holm_protocol::endpoint::{EVENTS, NOTIFY};

    use super::{encode, fill};

    #[test]
    fn a_uri_becomes_one_segment() {
        // FED-1
        let path = fill(&EVENTS, Some("mimi://islet.example/r/k3v9"));
        assert_eq!(
            path,
            "/federation/v1/events/mimi%3A%2F%2Fislet.example%2Fr%2Fk3v9"
        );
        assert_eq!(fill(&NOTIFY, None), "/federation/v1/notify");
    }

    #[test]
    fn every_byte_but_the_unreserved_is_escaped() {
        // FED-1
        assert_eq!(encode("Az09-._~"), "Az09-._~");
        assert_eq!(encode("/?#%+ ü"), "%2F%3F%23%25%2B%20%C3%BC");
    }
}
