//! A device with real MLS that hands out every byte before it is sent.

pub(crate) mod change;
pub(crate) mod group;

use holm_mls::key_package::new_key_package;
use holm_mls::provider::Provider;
use holm_protocol::bundle::Bundle;
use holm_protocol::document::SignedDocument;
use holm_protocol::encoding::decode;
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::{Base64Url, DeviceUri, PrivateKey, PublicKey, RoomUri, ServerName, UserUri};
use openmls::prelude::MlsGroup;
use serde_json::{Value, json};

use super::fault::{Check, During, wrong};
use super::site::{Door, Session, exchange};
use super::wire::{Request, Response, Socket, segment};
use crate::chance::{letters, now_ms, random};

/// A user's device: session, keys, group.
pub(crate) struct Device {
    /// Its session.
    pub(crate) session: Session,
    /// Its user.
    pub(crate) user: UserUri,
    /// Its certified identity.
    pub(crate) identity: DeviceIdentity,
    /// The user's identity key.
    pub(crate) identity_key: PrivateKey,
    /// Its MLS key.
    pub(crate) mls_key: PrivateKey,
    /// The group of its room, once there is one.
    pub(crate) group: Option<Box<MlsGroup>>,
    /// Cryptography and key state.
    pub(crate) provider: Provider,
    /// Where its server is.
    pub(crate) door: Door,
}

impl Device {
    /// Keys for a session; nothing is sent.
    pub(crate) fn new(door: Door, session: Session) -> Check<Self> {
        let device: DeviceUri = session.device.parse().during("the session's device")?;
        let (identity_key, mls_key) = (new_key(), new_key());
        let identity = certify(&device, &mls_key.public(), &identity_key);
        Ok(Self {
            user: device.user(),
            session,
            identity,
            identity_key,
            mls_key,
            group: None,
            provider: Provider::default(),
            door,
        })
    }

    /// The server's name.
    pub(crate) fn server(&self) -> ServerName {
        self.user.server()
    }

    /// The request that enrolls it.
    pub(crate) fn enrollment(&self) -> Value {
        json!({
            "identity": base64(&self.identity.to_bytes()),
            "mls_key": base64(&self.mls_key.public().0),
        })
    }

    /// Enrolls it (ACC-5).
    pub(crate) async fn enroll(&self) -> Check {
        let answer = self.put("/client/v1/device", &self.enrollment()).await?;
        answer.expect_good().during("enrolling")
    }

    /// A fresh KeyPackage, as MLSMessage.
    pub(crate) fn key_package(&self) -> Check<Vec<u8>> {
        let (provider, key) = (&self.provider, &self.mls_key);
        new_key_package(provider, key, &self.identity, now_ms(), false).during("a KeyPackage")
    }

    /// Uploads fresh KeyPackages (KP-1).
    pub(crate) async fn upload(&self, count: usize) -> Check<Value> {
        let packages = (0..count).map(|_| self.key_package());
        let packages = packages.collect::<Check<Vec<_>>>()?;
        self.upload_these(&packages).await?.good()
    }

    /// Uploads bytes as KeyPackages.
    pub(crate) async fn upload_these(&self, packages: &[Vec<u8>]) -> Check<Response> {
        let packages: Vec<_> = packages.iter().map(|p| base64(p)).collect();
        let body = json!({ "key_packages": packages });
        self.post("/client/v1/keyPackages", &body).await
    }

    /// Claims the KeyPackages of a user for a room, under a fresh claim id (KP-3).
    pub(crate) async fn claim(&self, user: &UserUri, room: &RoomUri) -> Check<Response> {
        self.claim_as(user, room, &random::<16>()).await
    }

    /// Claims them under a claim id.
    pub(crate) async fn claim_as(
        &self,
        user: &UserUri,
        room: &RoomUri,
        claim_id: &[u8],
    ) -> Check<Response> {
        let path = format!("/client/v1/keyMaterial/{}", segment(user.as_str()));
        let body = json!({
            "room": room, "hub": room.server(), "claim_id": base64(claim_id)
        });
        self.post(&path, &body).await
    }

    /// Claims the one KeyPackage of a user for a room.
    pub(crate) async fn claim_one(&self, user: &UserUri, room: &RoomUri) -> Check<Vec<u8>> {
        let answer = self.claim(user, room).await?.good().during("claiming")?;
        unbase64(&answer["key_packages"][0]["key_package"])
    }

    /// A room name that nobody has.
    pub(crate) fn new_room(&self) -> Check<RoomUri> {
        RoomUri::new(&self.server(), &letters(16)).during("a room name")
    }

    /// The server's root key.
    pub(crate) async fn root(&self) -> Check<PublicKey> {
        let path = format!("/client/v1/servers/{}", self.server());
        let document = self.get(&path).await?.good().during("the document")?;
        let document: SignedDocument = serde_json::from_value(document).during("the document")?;
        Ok(document.root)
    }

    /// Creates a room (RM-1).
    pub(crate) async fn create_room(&mut self) -> Check<RoomUri> {
        let (room, root) = (self.new_room()?, self.root().await?);
        let beginning = self.begin(&room, root)?;
        let answer = self.post("/client/v1/rooms", &beginning).await?;
        answer.expect_good().during("creating a room")?;
        Ok(room)
    }

    /// Submits a bundle (RM-3).
    pub(crate) async fn submit(&self, room: &RoomUri, bundle: &Bundle) -> Check<Response> {
        self.post(&room_path(room, "commits"), &bundle_json(bundle))
            .await
    }

    /// Events of a room after a number (RM-4).
    pub(crate) async fn events(&self, room: &RoomUri, query: &str) -> Check<Response> {
        let path = room_path(room, "events");
        self.get(&format!("{path}{query}")).await
    }

    /// Opens the sync WebSocket; no hello is said.
    pub(crate) async fn connect(&self) -> Check<Socket> {
        Socket::open(&self.door, &self.session.token).await
    }

    /// Opens it and reads up to `caught_up`.
    pub(crate) async fn connected(&self) -> Check<Socket> {
        let mut socket = self.connect().await?;
        socket.catch_up(json!({})).await?;
        Ok(socket)
    }

    /// Asks with the device's token.
    pub(crate) async fn get(&self, path: &str) -> Check<Response> {
        let request = Request::get(path).bearer(&self.session.token);
        exchange(&self.door, &request).await
    }

    /// Asks with the device's token.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Check<Response> {
        let request = Request::post(path, body).bearer(&self.session.token);
        exchange(&self.door, &request).await
    }

    /// Asks with the device's token.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Check<Response> {
        let body = body.to_string().into_bytes();
        let request = Request::new("PUT", path).json(body);
        exchange(&self.door, &request.bearer(&self.session.token)).await
    }
}

/// A certificate of a device for thirty days (ROOM-3).
pub(crate) fn certify(
    device: &DeviceUri,
    mls_key: &PublicKey,
    identity_key: &PrivateKey,
) -> DeviceIdentity {
    let now = now_ms() / 1_000;
    let validity = (now - 60, now + 30 * 24 * 3_600);
    DeviceIdentity::certify(device.clone(), mls_key, identity_key, 1, validity)
}

/// A fresh key.
pub(crate) fn new_key() -> PrivateKey {
    PrivateKey::from_seed(&random())
}

/// The path of something of a room.
pub(crate) fn room_path(room: &RoomUri, what: &str) -> String {
    format!("/client/v1/rooms/{}/{what}", segment(room.as_str()))
}

/// A bundle as a request body (RM-3).
pub(crate) fn bundle_json(bundle: &Bundle) -> Value {
    let mut body = json!({
        "commit": base64(&bundle.commit),
        "group_info": base64(&bundle.group_info),
        "signature": base64(&bundle.signature.0),
    });
    if let Some(welcome) = &bundle.welcome {
        body["welcome"] = base64(welcome).into();
    }
    body
}

/// base64url.
pub(crate) fn base64(bytes: &[u8]) -> String {
    Base64Url::to_text(bytes)
}

/// The bytes of a base64url member.
pub(crate) fn unbase64(value: &Value) -> Check<Vec<u8>> {
    let text = value.as_str().unwrap_or_default();
    let bytes = Base64Url::parse(text).during("base64url")?;
    match bytes.as_slice().is_empty() {
        true => Err(wrong(format!("no bytes in {value}"))),
        false => Ok(bytes.as_slice().to_vec()),
    }
}

/// An event of an answer or frame, its form checked (LOG-1).
pub(crate) fn event(value: &Value) -> Check<holm_protocol::Event> {
    decode(&unbase64(value)?).during("an event (LOG-1)")
}
