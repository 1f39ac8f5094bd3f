//! Who is calling, proven by an extractor's type (ACC-2, API-2, API-3).
//!
//! Extractors run in the order of a handler's parameters, and every handler has them in that of
//! API-13. A handler that takes [`Enrolled`] cannot run for a device that has only logged in; there is no
//! Option to forget.

use axum::extract::FromRequestParts;
use holm_core::Caller;
use holm_protocol::{Code, Problem};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::api::Api;
use crate::refusal::{Refusal, malformed};

/// A device with a valid token, enrolled or not.
pub(crate) struct Authenticated(pub(crate) Caller);

/// A device with a valid token that has been enrolled.
pub(crate) struct Enrolled(pub(crate) Caller);

/// Bytes of a token at most; a longer one is nobody's.
const TOKEN_LEN_MAX: usize = 256;

impl FromRequestParts<Api> for Authenticated {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refusal> {
        let token = bearer_token(&parts.headers)?.ok_or_else(token_needed)?;
        Ok(Self(authenticate(api, token).await?))
    }
}

impl FromRequestParts<Api> for Enrolled {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refusal> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, api).await?;
        Ok(Self::try_from(caller)?)
    }
}

impl TryFrom<Caller> for Enrolled {
    type Error = Problem;

    /// A device that is not enrolled may only enroll and log out (API-3).
    fn try_from(caller: Caller) -> Result<Self, Problem> {
        match caller.enrolled {
            true => Ok(Self(caller)),
            false => Err(Problem::new(
                Code::Forbidden,
                "this device is not enrolled; PUT /client/v1/device first",
            )),
        }
    }
}

/// The token of the Authorization header, `None` without one (API-2).
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(malformed("the request", "two Authorization headers"));
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(token_needed)?;
    match scheme.eq_ignore_ascii_case("bearer") {
        true => Ok(Some(token.trim())),
        false => Err(token_needed()),
    }
}

/// Whose token this is.
pub(crate) async fn authenticate(api: &Api, token: &str) -> Result<Caller, Problem> {
    let plain = |b: u8| b.is_ascii_graphic();
    match !token.is_empty() && token.len() <= TOKEN_LEN_MAX && token.bytes().all(plain) {
        true => api.homeserver.authenticate(token).await,
        false => Err(token_needed()),
    }
}

/// There is no usable token.
pub(crate) fn token_needed() -> Problem {
    Problem::new(
        Code::Unauthenticated,
        "send the device's token as `Authorization: Bearer <token>`",
    )
}
