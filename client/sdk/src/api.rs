//! The client API's REST side, typed: one function an endpoint.
//!
//! Paths and methods come from the endpoint table shared with the server, so neither can drift.

use holm_client_types::account::{EnrollRequest, LoginRequest, RegisterRequest, SessionResponse};
use holm_client_types::consent::Consent;
use holm_client_types::endpoint as e;
use holm_client_types::key_package::{
    ClaimRequest, ClaimResponse, KeyPackageCount, UploadKeyPackagesRequest,
};
use holm_client_types::room::{
    CommitRequest, CreateRoomRequest, EventsResponse, LeaveResponse, SentResponse, TreeResponse,
};
use holm_protocol::document::SignedDocument;
use holm_protocol::endpoint::Endpoint;
use holm_protocol::{Code, Problem, RoomUri, ServerName, UserUri, json};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::error::SdkError;
use crate::network::{Network, Request};

/// The device's own server, with the token it knows the device by.
pub(crate) struct Api<'a> {
    pub(crate) network: &'a Network,
    pub(crate) server: ServerName,
    pub(crate) token: Option<Zeroizing<String>>,
}

/// A request without a body, or an answer that is not looked at.
#[derive(Serialize, serde::Deserialize)]
struct Nothing {}

impl Api<'_> {
    /// Registers a user; the second value says how the server was found.
    pub(crate) async fn register(
        &self,
        request: &RegisterRequest,
    ) -> Result<(SessionResponse, String), SdkError> {
        self.ask_found(e::REGISTER, &[], Some(request)).await
    }

    /// Opens a session.
    pub(crate) async fn log_in(
        &self,
        request: &LoginRequest,
    ) -> Result<(SessionResponse, String), SdkError> {
        self.ask_found(e::LOGIN, &[], Some(request)).await
    }

    /// Enrolls the device.
    pub(crate) async fn enroll(&self, request: &EnrollRequest) -> Result<(), SdkError> {
        self.tell(e::ENROLL, &[], Some(request)).await
    }

    /// Uploads KeyPackages.
    pub(crate) async fn upload_key_packages(
        &self,
        request: &UploadKeyPackagesRequest,
    ) -> Result<(), SdkError> {
        self.tell(e::UPLOAD_KEY_PACKAGES, &[], Some(request)).await
    }

    /// How many KeyPackages are waiting.
    pub(crate) async fn count_key_packages(&self) -> Result<usize, SdkError> {
        let answer: KeyPackageCount = self.get(e::COUNT_KEY_PACKAGES, &[], "").await?;
        Ok(answer.count)
    }

    /// Whom the user lets add them.
    pub(crate) async fn consent(&self) -> Result<Consent, SdkError> {
        self.get(e::CONSENT, &[], "").await
    }

    /// Replaces whom the user lets add them.
    pub(crate) async fn set_consent(&self, consent: &Consent) -> Result<(), SdkError> {
        self.tell(e::SET_CONSENT, &[], Some(consent)).await
    }

    /// Claims KeyPackages of a user.
    pub(crate) async fn claim(
        &self,
        user: &UserUri,
        request: &ClaimRequest,
    ) -> Result<ClaimResponse, SdkError> {
        self.ask(e::CLAIM_KEY_PACKAGES, &[user.as_str()], request)
            .await
    }

    /// Creates a room.
    pub(crate) async fn create_room(&self, request: &CreateRoomRequest) -> Result<(), SdkError> {
        self.tell(e::CREATE_ROOM, &[], Some(request)).await
    }

    /// Submits a commit.
    pub(crate) async fn commit(
        &self,
        room: &RoomUri,
        request: &CommitRequest,
    ) -> Result<SentResponse, SdkError> {
        self.ask(e::COMMIT, &[room.as_str()], request).await
    }

    /// Asks for the user's removal.
    pub(crate) async fn leave(&self, room: &RoomUri) -> Result<LeaveResponse, SdkError> {
        let none: Option<&Nothing> = None;
        self.ask_found(e::LEAVE, &[room.as_str()], none)
            .await
            .map(|(answer, _)| answer)
    }

    /// A page of events after `after`.
    pub(crate) async fn events(
        &self,
        room: &RoomUri,
        after: u64,
    ) -> Result<EventsResponse, SdkError> {
        self.get(e::EVENTS, &[room.as_str()], &format!("?after={after}"))
            .await
    }

    /// The tree after the commit `seq`.
    pub(crate) async fn tree(&self, room: &RoomUri, seq: u64) -> Result<TreeResponse, SdkError> {
        self.get(e::TREE, &[room.as_str()], &format!("?seq={seq}"))
            .await
    }

    /// A server's document, not yet verified.
    pub(crate) async fn document(&self, server: &ServerName) -> Result<SignedDocument, SdkError> {
        self.get(e::SERVER_DOCUMENT, &[server.as_str()], "").await
    }

    async fn get<A: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        places: &[&str],
        query: &str,
    ) -> Result<A, SdkError> {
        let path = path(endpoint.path, places) + query;
        let (body, _) = self.exchange(endpoint, path, None).await?;
        read(&body)
    }

    async fn ask<B: Serialize, A: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        places: &[&str],
        body: &B,
    ) -> Result<A, SdkError> {
        let (answer, _) = self.ask_found(endpoint, places, Some(body)).await?;
        Ok(answer)
    }

    async fn ask_found<B: Serialize, A: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        places: &[&str],
        body: Option<&B>,
    ) -> Result<(A, String), SdkError> {
        let body = body.map(write).transpose()?;
        let path = path(endpoint.path, places);
        let (answer, found) = self.exchange(endpoint, path, body).await?;
        Ok((read(&answer)?, found))
    }

    /// Asks for something whose answer holds nothing of interest.
    async fn tell<B: Serialize>(
        &self,
        endpoint: Endpoint,
        places: &[&str],
        body: Option<&B>,
    ) -> Result<(), SdkError> {
        let body = body.map(write).transpose()?;
        let path = path(endpoint.path, places);
        self.exchange(endpoint, path, body).await.map(|_answer| ())
    }

    async fn exchange(
        &self,
        endpoint: Endpoint,
        path: String,
        body: Option<Vec<u8>>,
    ) -> Result<(bytes::Bytes, String), SdkError> {
        if body
            .as_ref()
            .is_some_and(|b| b.len() > endpoint.body_len_max)
        {
            return Err(SdkError::Invalid("the request would be too large".into()));
        }
        let request = Request {
            method: endpoint.method,
            path,
            token: self.token.as_ref().map(|t| t.to_string()),
            body,
        };
        let answer = self.network.exchange(&self.server, request).await?;
        match answer.status {
            200..=299 => Ok((answer.body, answer.found)),
            status => Err(refusal(status, &answer.body)),
        }
    }
}

/// A refusal, also where something on the way answered in another form.
fn refusal(status: u16, body: &[u8]) -> SdkError {
    let problem = json::from_slice(body).unwrap_or_else(|_not_a_problem| {
        let code = if status >= 500 {
            Code::Unavailable
        } else {
            Code::Unknown
        };
        let mut problem = Problem::new(code, format!("HTTP status {status}"));
        problem.status = status;
        problem
    });
    SdkError::Refused(problem)
}

fn write<B: Serialize>(body: &B) -> Result<Vec<u8>, SdkError> {
    serde_json::to_vec(body).map_err(|e| SdkError::Invalid(e.to_string()))
}

fn read<A: DeserializeOwned>(body: &[u8]) -> Result<A, SdkError> {
    json::from_slice(body).map_err(|e| SdkError::Answer(e.to_string()))
}

/// Fills the places of an endpoint's path, percent-encoded.
fn path(template: &str, places: &[&str]) -> String {
    let mut places = places.iter();
    let segments = template.split('/').map(|segment| {
        match segment.starts_with('{').then(|| places.next()).flatten() {
            Some(value) => percent_encoded(value),
            None => segment.to_owned(),
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn percent_encoded(value: &str) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~".contains(b);
    value
        .as_bytes()
        .iter()
        .map(|b| match plain(b) {
            true => char::from(*b).to_string(),
            false => format!("%{b:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_stands_in_a_path_as_one_segment() {
        let path = path(e::COMMIT.path, &["mimi://islet.test/r/x"]);
        assert_eq!(
            path,
            "/client/v1/rooms/mimi%3A%2F%2Fislet.test%2Fr%2Fx/commits"
        );
    }

    #[test]
    fn a_refusal_keeps_its_code_and_a_proxy_page_becomes_one() {
        // PROB-1
        let sent = Problem::new(Code::WrongEpoch, "re-base").with_epoch(4);
        let bytes = serde_json::to_vec(&sent).unwrap();
        let SdkError::Refused(problem) = refusal(409, &bytes) else {
            panic!("not a refusal");
        };
        assert_eq!((problem.code, problem.epoch), (Code::WrongEpoch, Some(4)));
        assert!(refusal(502, b"<html>bad gateway").is_transient());
    }
}
