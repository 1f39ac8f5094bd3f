//! The JSON body of a request, strict, with a Problem where it is none.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use holm_protocol::{Code, Problem, json};
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// A body that was read.
pub(super) struct Body<T>(pub(super) T);

impl<T, S> FromRequest<S> for Body<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|e| Problem::new(Code::TooLarge, e.to_string()))?;
        let read = json::from_slice(&bytes);
        let read = read.map_err(|e| Problem::new(Code::Malformed, e.to_string()))?;
        Ok(Self(read))
    }
}
