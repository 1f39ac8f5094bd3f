//! A name in the path: one percent-encoded segment, in its one canonical spelling (API-6, ID-5).

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use crate::api::Api;
use crate::refusal::{Refusal, malformed};

/// The path's one name, parsed.
pub(crate) struct Named<T>(pub(crate) T);

impl<T> FromRequestParts<Api> for Named<T>
where
    T: FromStr + Send,
    T::Err: Display,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, api)
            .await
            .map_err(|e| malformed("the path", e.body_text()))?;
        let name = text.parse().map_err(|e| malformed("the path", e))?;
        Ok(Self(name))
    }
}
