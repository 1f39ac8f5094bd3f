//! A device: keys, certificate, OpenMLS state, and the few things it does with a group.

use holm_mls::settings::{context_extensions, join_config};
use holm_mls::{Provider, credential, new_key_package, sign_bundle, signer, wire_bytes};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::bundle::Bundle;
use holm_protocol::encoding::decode;
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::room_extension::RoomExtension;
use holm_protocol::signing::{Hash, PrivateKey};
use holm_protocol::uri::{DeviceUri, UserUri};
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::{
    CredentialWithKey, GroupId, KeyPackage, LeafNodeIndex, LeafNodeParameters, MlsGroup,
    MlsMessageBodyIn, MlsMessageIn, ProcessedMessageContent, Proposal, RatchetTreeIn,
    StagedWelcome,
};
use openmls_rust_crypto::RustCrypto;

use crate::world::{now_ms, server};

pub(crate) struct Device {
    pub(crate) provider: Provider,
    pub(crate) key: PrivateKey,
    pub(crate) identity: DeviceIdentity,
    pub(crate) group: Option<MlsGroup>,
}

/// What a commit is to do.
#[derive(Default)]
pub(crate) struct Ask {
    pub(crate) adds: Vec<KeyPackage>,
    pub(crate) removes: Vec<u32>,
    pub(crate) extension: Option<RoomExtension>,
    pub(crate) others: Vec<Proposal>,
    pub(crate) aad: Option<Vec<u8>>,
}

impl Ask {
    pub(crate) fn adding(packages: &[Vec<u8>]) -> Self {
        let validate = |bytes: &Vec<u8>| holm_mls::key_package::validate(bytes, &crypto()).unwrap();
        Self {
            adds: packages.iter().map(validate).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn removing(leaf: u32) -> Self {
        Self {
            removes: vec![leaf],
            ..Self::default()
        }
    }
}

/// Authenticated data with nothing but an id.
pub(crate) fn aad(id: u8) -> Aad {
    Aad::new(ClientMsgId([id; 16]))
}

fn crypto() -> RustCrypto {
    RustCrypto::default()
}

/// The key that a name stands for.
fn key_of(name: &str) -> PrivateKey {
    PrivateKey::from_seed(&Hash::sha256(name.as_bytes()).0)
}

/// From a minute ago for an hour, seconds.
fn valid_now() -> (u64, u64) {
    let now = now_ms() / 1_000;
    (now - 60, now + 3_600)
}

pub(crate) fn body_of(bytes: &[u8]) -> MlsMessageBodyIn {
    decode::<MlsMessageIn>(bytes).unwrap().extract()
}

impl Device {
    /// The device `user/device`; equal names have equal keys, and state of their own.
    pub(crate) fn new(name: &str) -> Self {
        let (user, device) = name.split_once('/').unwrap_or((name, "a"));
        let uri = DeviceUri::new(&UserUri::new(&server(), user).unwrap(), device).unwrap();
        let (key, identity_key) = (key_of(uri.as_str()), key_of(user));
        let identity = DeviceIdentity::certify(uri, &key.public(), &identity_key, 1, valid_now());
        Self {
            provider: Provider::default(),
            key,
            identity,
            group: None,
        }
    }

    /// Has `user` certify its key anew, as that of `uri`.
    pub(crate) fn certify(&mut self, uri: DeviceUri, user: &str) {
        let (key, identity_key) = (self.key.public(), key_of(user));
        self.identity = DeviceIdentity::certify(uri, &key, &identity_key, 1, valid_now());
    }

    pub(crate) fn credential(&self) -> CredentialWithKey {
        credential(&self.identity, &self.key.public())
    }

    pub(crate) fn key_package(&self) -> Vec<u8> {
        new_key_package(&self.provider, &self.key, &self.identity, now_ms(), false).unwrap()
    }

    pub(crate) fn group(&self) -> &MlsGroup {
        self.group.as_ref().unwrap()
    }

    pub(crate) fn is_in(&self) -> bool {
        self.group.as_ref().is_some_and(MlsGroup::is_active)
    }

    pub(crate) fn leaf(&self) -> u32 {
        self.group().own_leaf_index().u32()
    }

    pub(crate) fn commit(&mut self, ask: &Ask) -> Bundle {
        let (provider, signer) = (&self.provider, signer(&self.key));
        let group = self.group.as_mut().unwrap();
        group.set_aad(ask.aad.clone().unwrap_or_else(|| aad(1).to_bytes()));
        let removes = ask.removes.iter().map(|leaf| LeafNodeIndex::new(*leaf));
        let mut builder = group
            .commit_builder()
            .propose_adds(ask.adds.clone())
            .propose_removals(removes);
        builder = builder.add_proposals(ask.others.clone());
        if let Some(extension) = &ask.extension {
            let extensions = context_extensions(extension);
            builder = builder
                .propose_group_context_extensions(extensions)
                .unwrap();
        }
        let made = builder
            .force_self_update(ask.adds.is_empty())
            .load_psks(&provider.store)
            .unwrap()
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(&provider.crypto, &provider.crypto, &signer, |_| true)
            .unwrap()
            .stage_commit(provider)
            .unwrap();
        sign_bundle(made, &self.key).unwrap()
    }

    /// An external commit; the group is in memory, its rows are parked.
    pub(crate) fn enter(&mut self, group_info: &[u8], tree: &[u8]) -> (Bundle, Vec<u8>) {
        let provider = &self.provider;
        let capabilities = holm_mls::settings::capabilities();
        let leaf = LeafNodeParameters::builder()
            .with_capabilities(capabilities)
            .build();
        let (group, made) = MlsGroup::external_commit_builder()
            .with_ratchet_tree(decode::<RatchetTreeIn>(tree).unwrap())
            .with_config(join_config())
            .with_aad(aad(2).to_bytes())
            .skip_lifetime_validation()
            .build_group(provider, verifiable(group_info), self.credential())
            .unwrap()
            .leaf_node_parameters(leaf)
            .load_psks(&provider.store)
            .unwrap()
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(
                &provider.crypto,
                &provider.crypto,
                &signer(&self.key),
                |_| true,
            )
            .unwrap()
            .finalize(provider)
            .unwrap();
        self.group = Some(group);
        let parked = provider.store.park().unwrap();
        (sign_bundle(made, &self.key).unwrap(), parked.to_vec())
    }

    pub(crate) fn join(&mut self, welcome: &[u8], tree: &[u8]) {
        let MlsMessageBodyIn::Welcome(welcome) = body_of(welcome) else {
            panic!("a Welcome");
        };
        let staged = StagedWelcome::build_from_welcome(&self.provider, &join_config(), welcome)
            .unwrap()
            .with_ratchet_tree(decode::<RatchetTreeIn>(tree).unwrap())
            .skip_lifetime_validation()
            .build()
            .unwrap();
        self.group = Some(staged.into_group(&self.provider).unwrap());
    }

    pub(crate) fn send(&mut self, text: &str) -> Vec<u8> {
        let (provider, signer) = (&self.provider, signer(&self.key));
        let group = self.group.as_mut().unwrap();
        group.set_aad(aad(3).to_bytes());
        wire_bytes(
            &group
                .create_message(provider, &signer, text.as_bytes())
                .unwrap(),
        )
    }

    /// One event of the log: a message's text, or nothing for a commit, which is merged.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Result<String, String> {
        let provider = &self.provider;
        let group = self.group.as_mut().unwrap();
        let message = decode::<MlsMessageIn>(bytes)
            .unwrap()
            .try_into_protocol_message()
            .unwrap();
        let processed = group
            .process_message(provider, message)
            .map_err(|e| format!("{e:?}"))?;
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(text) => {
                Ok(String::from_utf8(text.into_bytes()).unwrap())
            }
            ProcessedMessageContent::StagedCommitMessage(commit) => {
                group.merge_staged_commit(provider, *commit).unwrap();
                Ok(String::new())
            }
            ProcessedMessageContent::OwnPendingCommit => {
                group.merge_pending_commit(provider).unwrap();
                Ok(String::new())
            }
            _ => Err("something else".to_owned()),
        }
    }

    /// Drops the commit it made and did not see in the log.
    pub(crate) fn forget_pending(&mut self) {
        let group = self.group.as_mut().unwrap();
        group.clear_pending_commit(&self.provider.store).unwrap();
    }

    /// Writes what is pending, and reads the group back from its rows alone.
    pub(crate) fn reload(&mut self) {
        self.provider.store.accept();
        let id: GroupId = self.group().group_id().clone();
        self.group = MlsGroup::load(&self.provider.store, &id).unwrap();
    }
}

pub(crate) fn verifiable(group_info: &[u8]) -> VerifiableGroupInfo {
    let MlsMessageBodyIn::GroupInfo(info) = body_of(group_info) else {
        panic!("a GroupInfo");
    };
    info
}
