//! What a member asks of its own server over REST.

use holm_client_types::key_package::{ClaimRequest, ClaimResponse};
use holm_client_types::room::CommitRequest;
use holm_protocol::bundle::Bundle;
use holm_protocol::federation::BundleJson;
use holm_protocol::{Base64Url, RoomUri, UserUri};
use serde::Serialize as Json;

use super::{Member, escape};
use crate::answer::Answer;
use crate::scene::random;

impl Member {
    /// Claims KeyPackages of a user for a room.
    pub async fn claim(&self, user: &UserUri, room: &RoomUri) -> Answer {
        let request = ClaimRequest {
            room: room.clone(),
            hub: room.server(),
            claim_id: Base64Url::from(random::<16>().to_vec()),
        };
        self.post(
            &format!("/client/v1/keyMaterial/{}", escape(user.as_str())),
            &request,
        )
        .await
    }

    /// Claims the one KeyPackage of a user for a room.
    ///
    /// # Panics
    /// Where the server refuses.
    pub async fn claim_one(&self, user: &UserUri, room: &RoomUri) -> Vec<u8> {
        let claimed: ClaimResponse = self.claim(user, room).await.good();
        claimed.key_packages[0].key_package.as_slice().to_vec()
    }

    /// Submits a bundle to the own server.
    pub async fn submit(&self, room: &RoomUri, bundle: &Bundle) -> Answer {
        let request = CommitRequest::from(BundleJson::from(bundle.clone()));
        self.post(
            &format!("/client/v1/rooms/{}/commits", escape(room.as_str())),
            &request,
        )
        .await
    }

    /// Calls the own server with the token.
    ///
    /// # Panics
    /// Where no answer comes.
    pub async fn post(&self, path: &str, body: &impl Json) -> Answer {
        self.send(self.http.post(format!("{}{path}", self.base)).json(body))
            .await
    }

    /// Calls the own server with the token.
    ///
    /// # Panics
    /// Where no answer comes.
    pub async fn put(&self, path: &str, body: &impl Json) -> Answer {
        self.send(self.http.put(format!("{}{path}", self.base)).json(body))
            .await
    }

    /// Calls the own server with the token.
    ///
    /// # Panics
    /// Where no answer comes.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(format!("{}{path}", self.base)))
            .await
    }

    /// Sends bytes as they are, as JSON.
    ///
    /// # Panics
    /// Where no answer comes.
    pub async fn post_bytes(&self, path: &str, body: Vec<u8>) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base));
        self.send(
            request
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(body),
        )
        .await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::of(
            request
                .bearer_auth(&self.token)
                .send()
                .await
                .expect("an answer"),
        )
        .await
    }
}
