//! A client written against the spec that hands out every byte before it is sent, so a test can
//! change one.

mod rest;

use holm_client_types::account::{EnrollRequest, RegisterRequest, SessionResponse};
use holm_client_types::key_package::UploadKeyPackagesRequest;
use holm_client_types::room::CreateRoomRequest;
use holm_mls::device::{credential, signer};
use holm_mls::key_package::{new_key_package, validate};
use holm_mls::provider::Provider;
use holm_mls::settings;
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::bundle::Bundle;
use holm_protocol::encoding::encode;
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::room_extension::{Hub, RoomExtension};
use holm_protocol::{DeviceUri, PrivateKey, PublicKey, RoomUri, ServerName, SignedOrder, UserUri};
use openmls::prelude::tls_codec::{Deserialize, Serialize};
use openmls::prelude::{GroupId, LeafNodeIndex, MlsGroup, MlsMessageOut, ProtocolMessage};

use crate::answer::Answer;
use crate::scene::{Scene, name, now_ms, random};

/// A user with one device, its keys and its group.
pub struct Member {
    /// The user.
    pub user: UserUri,
    /// The device's identity.
    pub identity: DeviceIdentity,
    /// The user's identity key.
    pub identity_key: PrivateKey,
    /// The device's MLS key.
    pub mls_key: PrivateKey,
    /// The group, once there is one.
    pub group: Option<MlsGroup>,
    /// The bearer token at its own server; empty for a user of a rogue.
    pub token: String,
    provider: Provider,
    http: reqwest::Client,
    base: String,
}

/// What a commit is to do.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// KeyPackages to add.
    pub adds: Vec<Vec<u8>>,
    /// Leaves to remove.
    pub removes: Vec<u32>,
    /// Orders named in the authenticated data.
    pub orders: Vec<SignedOrder>,
}

impl Member {
    /// Registers a user at a real server, enrolls the device and uploads five KeyPackages.
    ///
    /// # Panics
    /// Where the server refuses.
    pub async fn register(scene: &Scene, domain: &str, user: &str) -> Self {
        let (http, base) = (scene.http(), scene.base(domain));
        let request = RegisterRequest {
            name: user.into(),
            password: "correct horse".into(),
        };
        let url = format!("{base}/client/v1/register");
        let answer = Answer::of(http.post(url).json(&request).send().await.expect("sent")).await;
        let session: SessionResponse = answer.good();
        let mut member = Self::new(&session.device, http, base);
        member.token = session.token;
        let request = EnrollRequest {
            identity: member.identity.to_bytes().into(),
            mls_key: member.mls_key.public(),
        };
        member
            .put("/client/v1/device", &request)
            .await
            .expect_good();
        let packages = (0..5).map(|_| member.key_package().into()).collect();
        let request = UploadKeyPackagesRequest {
            key_packages: packages,
        };
        member
            .post("/client/v1/keyPackages", &request)
            .await
            .expect_good();
        member
    }

    /// A user of a rogue server: keys and nothing else.
    ///
    /// # Panics
    /// Where the name is none.
    pub fn of_rogue(scene: &Scene, domain: &str, user: &str) -> Self {
        let user = UserUri::new(&name(domain), user).expect("a user name");
        let device = DeviceUri::new(&user, "rogue1").expect("a device name");
        Self::new(&device, scene.http(), String::new())
    }

    fn new(device: &DeviceUri, http: reqwest::Client, base: String) -> Self {
        let identity_key = PrivateKey::from_seed(&random());
        let mls_key = PrivateKey::from_seed(&random());
        let now = now_ms() / 1_000;
        let validity = (now - 60, now + 30 * 24 * 3_600);
        let identity = DeviceIdentity::certify(
            device.clone(),
            &mls_key.public(),
            &identity_key,
            1,
            validity,
        );
        Self {
            user: device.user(),
            identity,
            identity_key,
            mls_key,
            group: None,
            token: String::new(),
            provider: Provider::default(),
            http,
            base,
        }
    }

    /// A fresh KeyPackage, as MLSMessage.
    ///
    /// # Panics
    /// Where it can't be made.
    pub fn key_package(&self) -> Vec<u8> {
        new_key_package(
            &self.provider,
            &self.mls_key,
            &self.identity,
            now_ms(),
            false,
        )
        .expect("a KeyPackage")
    }

    /// Begins the group of a room of which `hub` is hub; GroupInfo and tree of epoch 0.
    ///
    /// # Panics
    /// Where it can't be made.
    pub fn begin(
        &mut self,
        room: &RoomUri,
        hub: &ServerName,
        root: PublicKey,
    ) -> (Vec<u8>, Vec<u8>) {
        let extension = RoomExtension::new(Hub::new(hub, root), self.user.clone());
        let group = MlsGroup::new_with_group_id(
            &self.provider,
            &signer(&self.mls_key),
            &settings::create_config(&extension),
            GroupId::from_slice(&room.group_id(0)),
            credential(&self.identity, &self.mls_key.public()),
        );
        let group = group.expect("a group");
        let info = group
            .export_group_info(&self.provider.crypto, &signer(&self.mls_key), false)
            .expect("a GroupInfo");
        let tree = encode(&group.export_ratchet_tree());
        self.group = Some(group);
        (info.tls_serialize_detached().expect("bytes"), tree)
    }

    /// Creates a room at the own server.
    ///
    /// # Panics
    /// Where the server refuses.
    pub async fn create_room(&mut self) -> RoomUri {
        let server = self.user.server();
        let letters: String = random::<16>()
            .iter()
            .map(|b| char::from(b'a' + b % 26))
            .collect();
        let room = RoomUri::new(&server, &letters).expect("a room name");
        let document: holm_protocol::document::SignedDocument = self
            .get(&format!("/client/v1/servers/{server}"))
            .await
            .good();
        let (group_info, tree) = self.begin(&room, &server, document.root);
        let request = CreateRoomRequest {
            room: room.clone(),
            group_info: group_info.into(),
            tree: tree.into(),
        };
        self.post("/client/v1/rooms", &request).await.expect_good();
        room
    }

    /// Makes a commit; it is pending until [`Member::merge`].
    ///
    /// # Panics
    /// Where MLS refuses.
    pub fn commit(&mut self, change: &Change) -> Bundle {
        let packages: Vec<_> = change
            .adds
            .iter()
            .map(|bytes| validate(bytes, &self.provider.crypto).expect("a KeyPackage"))
            .collect();
        let removes: Vec<_> = change
            .removes
            .iter()
            .map(|i| LeafNodeIndex::new(*i))
            .collect();
        let mut aad = Aad::new(ClientMsgId(random()));
        aad.orders.clone_from(&change.orders);
        let (provider, key) = (&self.provider, signer(&self.mls_key));
        let group = self.group.as_mut().expect("a group");
        group.set_aad(aad.to_bytes());
        let made = group
            .commit_builder()
            .propose_adds(packages)
            .propose_removals(removes)
            .force_self_update(true)
            .load_psks(&provider.store)
            .expect("no PSKs")
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(&provider.crypto, &provider.crypto, &key, |_| true)
            .expect("a commit")
            .stage_commit(provider)
            .expect("a staged commit");
        holm_mls::bundle::sign_bundle(made, &self.mls_key).expect("a bundle")
    }

    /// Merges the pending commit.
    ///
    /// # Panics
    /// Where there is none.
    pub fn merge(&mut self) {
        let group = self.group.as_mut().expect("a group");
        group.merge_pending_commit(&self.provider).expect("merged");
    }

    /// Drops the pending commit.
    ///
    /// # Panics
    /// Where the store fails.
    pub fn forget(&mut self) {
        let group = self.group.as_mut().expect("a group");
        group
            .clear_pending_commit(&self.provider.store)
            .expect("cleared");
    }

    /// Joins by a Welcome and a tree.
    ///
    /// # Panics
    /// Where MLS refuses.
    pub fn join(&mut self, welcome: &[u8], tree: &[u8]) {
        use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn, RatchetTreeIn, StagedWelcome};
        let message = MlsMessageIn::tls_deserialize(&mut &welcome[..]).expect("an MLS message");
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            panic!("no Welcome")
        };
        let tree = RatchetTreeIn::tls_deserialize(&mut &tree[..]).expect("a tree");
        let config = settings::join_config();
        let staged = StagedWelcome::build_from_welcome(&self.provider, &config, welcome)
            .expect("a Welcome for this device")
            .with_ratchet_tree(tree)
            .skip_lifetime_validation()
            .build()
            .expect("a group");
        self.group = Some(staged.into_group(&self.provider).expect("joined"));
    }

    /// Processes a commit or message of the log; the text of a message.
    ///
    /// # Errors
    /// What MLS says.
    pub fn receive(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, String> {
        use openmls::prelude::{MlsMessageIn, ProcessedMessageContent};
        let message =
            MlsMessageIn::tls_deserialize(&mut &message[..]).map_err(|e| e.to_string())?;
        let message: ProtocolMessage = message
            .try_into_protocol_message()
            .map_err(|e| e.to_string())?;
        let group = self.group.as_mut().ok_or("no group")?;
        let processed = group
            .process_message(&self.provider, message)
            .map_err(|e| e.to_string())?;
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(m) => Ok(Some(m.into_bytes())),
            ProcessedMessageContent::StagedCommitMessage(c) => {
                group
                    .merge_staged_commit(&self.provider, *c)
                    .map_err(|e| e.to_string())?;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Encrypts a text under an id.
    ///
    /// # Panics
    /// Where MLS refuses.
    pub fn encrypt(&mut self, id: ClientMsgId, text: &str) -> Vec<u8> {
        self.encrypt_with(&Aad::new(id), text)
    }

    /// Encrypts a text with this authenticated data.
    ///
    /// # Panics
    /// Where MLS refuses.
    pub fn encrypt_with(&mut self, aad: &Aad, text: &str) -> Vec<u8> {
        let (provider, key) = (&self.provider, signer(&self.mls_key));
        let group = self.group.as_mut().expect("a group");
        group.set_aad(aad.to_bytes());
        let message: MlsMessageOut = group
            .create_message(provider, &key, text.as_bytes())
            .expect("a message");
        message.tls_serialize_detached().expect("bytes")
    }
}

/// A URI as one path segment.
pub(crate) fn escape(text: &str) -> String {
    text.bytes()
        .map(
            |b| match b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                true => char::from(b).to_string(),
                false => format!("%{b:02X}"),
            },
        )
        .collect()
}
