//! A room of which the server under test is hub, with a user of a homeserver of the kit in it.

use std::sync::Arc;

use holm_protocol::aad::ClientMsgId;
use holm_protocol::bundle::Bundle;
use holm_protocol::{RoomUri, UserUri};
use serde_json::{Value, json};

use super::door::{Asked, Reply};
use super::homeserver::Homeserver;
use super::stage::Stage;
use super::verdict::code_of;
use crate::chance::random;
use crate::client_role::device::change::Change;
use crate::client_role::device::{Device, base64, bundle_json};
use crate::client_role::fault::{Check, During, same, wrong};
use crate::client_role::site::Session;
use crate::client_role::wire::{Response, segment};

/// The room, its owner at the server under test, and a member at the peer.
pub(crate) struct Hosted {
    /// The follower.
    pub(crate) peer: Homeserver,
    /// The owner, a user of the server under test.
    pub(crate) owner: Device,
    /// A member, user of the peer.
    pub(crate) mallory: Device,
    /// The room.
    pub(crate) room: RoomUri,
}

impl Hosted {
    /// Makes the room and lets the peer's user in.
    pub(crate) async fn set_up(stage: &Arc<Stage>) -> Check<Self> {
        let peer = stage.peer().await?;
        let mut owner = stage.resident().await?;
        let room = owner.create_room().await?;
        let mut hosted = Self {
            mallory: peer_device(&peer, "mallory", "m1")?,
            peer,
            owner,
            room,
        };
        let welcome = hosted.let_in_mallory().await?;
        let tree = hosted.owner.tree()?;
        hosted.mallory.join(&welcome, &tree)?;
        Ok(hosted)
    }

    /// Adds the peer's user as another room would; the Welcome.
    async fn let_in_mallory(&mut self) -> Check<Vec<u8>> {
        let package = self.mallory.key_package()?;
        give_key_package(&self.peer, &self.mallory, &package);
        let claimed = self.owner.claim_one(&self.mallory.user, &self.room).await?;
        let room = self.room.clone();
        let bundle = self
            .owner
            .move_on(&room, &Change::add(vec![claimed]))
            .await?;
        let welcome = bundle.welcome.map(|w| w.as_slice().to_vec());
        welcome.ok_or_else(|| wrong("no Welcome".to_owned()))
    }

    /// The path of an endpoint about the room.
    pub(crate) fn path(&self, endpoint: &str) -> String {
        path(endpoint, &self.room)
    }

    /// The peer brings messages of its member.
    pub(crate) async fn submit(&self, messages: &[Vec<u8>]) -> Check<Response> {
        let user = &self.mallory.user;
        let messages: Vec<_> = messages.iter().map(|m| (user, m.as_slice())).collect();
        self.submit_of(&messages).await
    }

    /// The peer brings messages of these users.
    pub(crate) async fn submit_of(&self, messages: &[(&UserUri, &[u8])]) -> Check<Response> {
        let one = |(user, message): &(&UserUri, &[u8])| json!({ "user": user, "message": base64(message) });
        let messages: Vec<_> = messages.iter().map(one).collect();
        let path = self.path("submitMessage");
        self.peer
            .post(&path, &json!({ "messages": messages }))
            .await
    }

    /// What became of the only message: empty where it stands in the log, else the code.
    pub(crate) async fn outcome(&self, message: &[u8]) -> Check<String> {
        let outcomes = self.outcomes(&[message.to_vec()]).await?;
        let first = outcomes.first().cloned();
        first.ok_or_else(|| wrong("no result".to_owned()))
    }

    /// What became of each message.
    pub(crate) async fn outcomes(&self, messages: &[Vec<u8>]) -> Check<Vec<String>> {
        let answer = self.submit(messages).await?.good()?;
        outcomes(&answer)
    }

    /// The peer brings a commit of its member.
    pub(crate) async fn update(&self, bundle: &Bundle) -> Check<Response> {
        self.update_as(&self.mallory.user, bundle).await
    }

    /// The peer brings a commit as one of this user.
    pub(crate) async fn update_as(&self, user: &UserUri, bundle: &Bundle) -> Check<Response> {
        let bundle = bundle_json(bundle);
        let body = json!({ "type": "commit", "user": user, "bundle": bundle });
        self.peer.post(&self.path("update"), &body).await
    }

    /// The peer brings a leave of a user.
    pub(crate) async fn leave(&self, user: &str) -> Check<Response> {
        let body = json!({ "type": "leave", "user": user });
        self.peer.post(&self.path("update"), &body).await
    }

    /// A correct message of the peer's member.
    pub(crate) fn message(&mut self) -> Check<Vec<u8>> {
        self.mallory.encrypt(ClientMsgId(random()), "well?")
    }

    /// A correct message of the peer's member is taken: nothing before did harm.
    pub(crate) async fn goes_on(&mut self) -> Check {
        let message = self.message()?;
        same(
            "a correct message",
            &self.outcome(&message).await?,
            &String::new(),
        )
    }

    /// Events after a number, as the peer pulls them.
    pub(crate) async fn pull(&self, after: u64) -> Check<Response> {
        let path = format!("{}?after={after}", self.path("events"));
        self.peer.get(&path).await
    }

    /// How many events the room has, as its owner sees it.
    pub(crate) async fn len(&self) -> Check<usize> {
        let page = self
            .owner
            .events(&self.room, "?after=0&limit=256")
            .await?
            .good()?;
        Ok(page["events"].as_array().map_or(0, Vec::len))
    }
}

/// The path of an endpoint about a room.
pub(crate) fn path(endpoint: &str, room: &RoomUri) -> String {
    format!("/federation/v1/{endpoint}/{}", segment(room.as_str()))
}

/// What became of each message of an answer to submitMessage.
pub(crate) fn outcomes(answer: &Value) -> Check<Vec<String>> {
    let results = answer["results"].as_array().cloned();
    let results = results.ok_or_else(|| wrong(format!("no results: {answer}")))?;
    let outcome = |result: &Value| match result["type"].as_str() {
        Some("sent") => Ok(String::new()),
        Some("refused") => Ok(code_of(&result["problem"]).to_owned()),
        _ => Err(wrong(format!("neither sent nor refused: {result}"))),
    };
    results.iter().map(outcome).collect()
}

/// A user of the kit's homeserver with one device: keys and nothing else.
pub(crate) fn peer_device(peer: &Homeserver, user: &str, device: &str) -> Check<Device> {
    let session = Session {
        name: user.to_owned(),
        password: String::new(),
        user: peer.user(user),
        device: format!("mimi://{}/d/{user}/{device}", peer.name),
        token: String::new(),
    };
    Device::new(peer.way.clone(), session).during("a device of the peer")
}

/// The peer gives this KeyPackage to whoever claims one of the device's user.
pub(crate) fn give_key_package(peer: &Homeserver, device: &Device, package: &[u8]) {
    let path = format!(
        "/federation/v1/keyMaterial/{}",
        segment(device.user.as_str())
    );
    let given = json!({ "device": device.identity.device, "key_package": base64(package) });
    let answer = Reply::json(&json!({ "key_packages": [given] }));
    let rule = move |asked: &Asked| (asked.target == path).then(|| answer.clone());
    peer.door.rule(rule);
}
