//! Numbers in the query, read strictly (API-7).
//!
//! Digits and nothing else: no sign, no leading zero, no encoding, nothing past 2^64 - 1, no
//! member twice. Members that an endpoint does not know are ignored.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use holm_protocol::Problem;
use http::request::Parts;

use crate::api::Api;
use crate::refusal::malformed;

/// The query of a request.
pub(crate) struct Query(String);

impl Query {
    /// The number under `name`, if it is there.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let mut values = self
            .0
            .split('&')
            .map(|member| member.split_once('=').unwrap_or((member, "")))
            .filter(|(key, _)| *key == name);
        let Some((_, text)) = values.next() else {
            return Ok(None);
        };
        match values.next() {
            Some(_) => Err(malformed("the query", format!("{name} stands twice"))),
            None => parse(name, text).map(Some),
        }
    }
}

impl FromRequestParts<Api> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, Infallible> {
        Ok(Self(parts.uri.query().unwrap_or_default().to_owned()))
    }
}

fn parse(name: &str, text: &str) -> Result<u64, Problem> {
    let refused = || {
        malformed(
            "the query",
            format!("{name} is a decimal number below 2^64, without sign or leading zero"),
        )
    };
    let canonical = text == "0" || !text.starts_with('0');
    match canonical && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse().map_err(|_too_large| refused()),
        false => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    fn number(query: &str) -> Result<Option<u64>, u16> {
        Query(query.to_owned())
            .number("after")
            .map_err(|problem| problem.status)
    }

    // API-7
    #[test]
    fn numbers_are_read_to_the_last_one_that_fits() {
        assert_eq!(number(""), Ok(None));
        assert_eq!(number("before=3&later"), Ok(None));
        assert_eq!(number("after=0"), Ok(Some(0)));
        assert_eq!(number("x=y&after=17"), Ok(Some(17)));
        assert_eq!(number("after=18446744073709551615"), Ok(Some(u64::MAX)));
    }

    // API-7
    #[test]
    fn everything_else_is_refused() {
        let cases = [
            "after",
            "after=",
            "after=-1",
            "after=+1",
            "after=%31",
            "after=01",
            "after=1.0",
            "after=1e3",
            "after= 1",
            "after=18446744073709551616",
            "after=1&after=1",
        ];
        for case in cases {
            assert_eq!(number(case), Err(400), "{case}");
        }
    }
}
