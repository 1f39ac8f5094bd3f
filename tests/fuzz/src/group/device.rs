//! A device: keys, certificate, OpenMLS state, and the few things it does with a group.

use holm_mls::settings::{context_extensions, create_config, join_config};
use holm_mls::{Provider, credential, new_key_package, sign_bundle, signer, wire_bytes};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::bundle::Bundle;
use holm_protocol::encoding::{decode, encode};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::room_extension::RoomExtension;
use holm_protocol::{DeviceUri, Hash, PrivateKey, UserUri};
use openmls::prelude::{
    GroupId, LeafNodeIndex, MlsGroup, MlsMessageBodyIn, MlsMessageIn, ProcessedMessageContent,
    RatchetTreeIn, StagedWelcome,
};
use openmls_rust_crypto::RustCrypto;

use super::{room, server};
use crate::runtime::begun_ms;

/// What a commit is to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    /// KeyPackages of those it adds.
    pub(crate) adds: Vec<Vec<u8>>,
    /// Leaves it removes.
    pub(crate) removes: Vec<u32>,
    /// The extension it sets.
    pub(crate) extension: Option<RoomExtension>,
}

/// One MLS client.
pub(crate) struct Device {
    provider: Provider,
    pub(crate) key: PrivateKey,
    pub(crate) identity: DeviceIdentity,
    group: Option<MlsGroup>,
}

impl Device {
    /// The one device of `user` on `domain`; equal names have equal keys.
    pub(crate) fn new(user: &str, domain: &str) -> Self {
        let user = UserUri::new(&server(domain), user).expect("a user's name");
        let uri = DeviceUri::new(&user, "a").expect("a device's name");
        let key_of = |text: &str| PrivateKey::from_seed(&Hash::sha256(text.as_bytes()).0);
        let (key, identity_key) = (key_of(uri.as_str()), key_of(user.as_str()));
        let now = begun_ms() / 1_000;
        let valid = (now - 60, now + 360_000);
        Self {
            provider: Provider::default(),
            identity: DeviceIdentity::certify(uri, &key.public(), &identity_key, 1, valid),
            key,
            group: None,
        }
    }

    /// Creates the story's room, and gives GroupInfo and tree of epoch 0.
    pub(crate) fn create(&mut self, extension: &RoomExtension) -> (Vec<u8>, Vec<u8>) {
        let id = GroupId::from_slice(&room().group_id(0));
        let (signer, own) = (
            signer(&self.key),
            credential(&self.identity, &self.key.public()),
        );
        let config = create_config(extension);
        let group = MlsGroup::new_with_group_id(&self.provider, &signer, &config, id, own)
            .expect("a group");
        let info = group.export_group_info(&self.provider.crypto, &signer, false);
        let info = wire_bytes(&info.expect("a GroupInfo"));
        let tree = encode(&group.export_ratchet_tree());
        self.group = Some(group);
        (info, tree)
    }

    /// A new KeyPackage.
    pub(crate) fn key_package(&self) -> Vec<u8> {
        new_key_package(&self.provider, &self.key, &self.identity, begun_ms(), false)
            .expect("a KeyPackage")
    }

    /// Its leaf.
    pub(crate) fn leaf(&self) -> u32 {
        self.group().own_leaf_index().u32()
    }

    /// Whether it has entered the room.
    pub(crate) fn is_in(&self) -> bool {
        self.group.is_some()
    }

    fn group(&self) -> &MlsGroup {
        self.group.as_ref().expect("a device in the room")
    }

    /// Makes a commit, which stays pending.
    pub(crate) fn commit(&mut self, ask: &Ask, id: ClientMsgId) -> Bundle {
        let (provider, signer) = (&self.provider, signer(&self.key));
        let group = self.group.as_mut().expect("a device in the room");
        group.set_aad(Aad::new(id).to_bytes());
        let crypto = RustCrypto::default();
        let read = |bytes: &Vec<u8>| holm_mls::key_package::validate(bytes, &crypto);
        let adds: Result<Vec<_>, _> = ask.adds.iter().map(read).collect();
        let mut builder = group
            .commit_builder()
            .propose_adds(adds.expect("KeyPackages"))
            .propose_removals(ask.removes.iter().map(|leaf| LeafNodeIndex::new(*leaf)));
        if let Some(extension) = &ask.extension {
            let extensions = context_extensions(extension);
            builder = builder
                .propose_group_context_extensions(extensions)
                .expect("a proposal");
        }
        let made = builder
            .force_self_update(ask.adds.is_empty())
            .load_psks(&provider.store)
            .expect("no PSKs")
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(&provider.crypto, &provider.crypto, &signer, |_| true)
            .expect("a commit")
            .stage_commit(provider)
            .expect("a staged commit");
        sign_bundle(made, &self.key).expect("a bundle")
    }

    /// Drops the commit it made.
    pub(crate) fn forget_pending(&mut self) {
        let group = self.group.as_mut().expect("a device in the room");
        group
            .clear_pending_commit(&self.provider.store)
            .expect("the store");
    }

    /// Enters by a Welcome.
    pub(crate) fn join(&mut self, welcome: &[u8], tree: &[u8]) {
        let MlsMessageBodyIn::Welcome(welcome) = message(welcome).extract() else {
            panic!("a Welcome");
        };
        let tree = decode::<RatchetTreeIn>(tree).expect("a tree");
        let staged = StagedWelcome::build_from_welcome(&self.provider, &join_config(), welcome)
            .expect("a Welcome for this device")
            .with_ratchet_tree(tree)
            .skip_lifetime_validation()
            .build()
            .expect("a group");
        self.group = Some(staged.into_group(&self.provider).expect("a group"));
    }

    /// Encrypts a message.
    pub(crate) fn send(&mut self, text: &str, id: ClientMsgId) -> Vec<u8> {
        let (provider, signer) = (&self.provider, signer(&self.key));
        let group = self.group.as_mut().expect("a device in the room");
        group.set_aad(Aad::new(id).to_bytes());
        let made = group.create_message(provider, &signer, text.as_bytes());
        wire_bytes(&made.expect("a message"))
    }

    /// Merges a commit of the log, its own or another's.
    pub(crate) fn merge(&mut self, commit: &[u8]) {
        let provider = &self.provider;
        let group = self.group.as_mut().expect("a device in the room");
        let commit = message(commit)
            .try_into_protocol_message()
            .expect("a commit");
        let processed = group
            .process_message(provider, commit)
            .expect("a valid commit");
        match processed.into_content() {
            ProcessedMessageContent::StagedCommitMessage(commit) => {
                group
                    .merge_staged_commit(provider, *commit)
                    .expect("a merge");
            }
            ProcessedMessageContent::OwnPendingCommit => {
                group.merge_pending_commit(provider).expect("a merge");
            }
            _ => panic!("a commit"),
        }
    }
}

fn message(bytes: &[u8]) -> MlsMessageIn {
    decode(bytes).expect("an MLSMessage")
}
