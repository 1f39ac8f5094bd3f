//! A device's group: begun, joined, written to and read.

use holm_mls::provider::Provider;
use holm_mls::{credential, settings, signer};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::encoding::encode;
use holm_protocol::room_extension::{Hub, RoomExtension};
use holm_protocol::{PrivateKey, PublicKey, RoomUri};
use openmls::prelude::tls_codec::{Deserialize, Serialize};
use openmls::prelude::{
    BasicCredential, CredentialWithKey, GroupId, MlsGroup, MlsMessageBodyIn, MlsMessageIn,
    ProcessedMessageContent, ProtocolMessage, RatchetTreeIn, StagedWelcome,
};
use serde_json::{Value, json};

use super::change::no_group;
use super::{Device, base64};
use crate::client_role::fault::{Check, During, fault};

/// A credential with exactly these identity bytes.
pub(crate) fn credential_of(identity: &[u8], key: &PrivateKey) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(identity.to_vec()).into(),
        signature_key: key.public().0.to_vec().into(),
    }
}

impl Device {
    /// Begins the group of a room at its own server; the body that creates the room.
    pub(crate) fn begin(&mut self, room: &RoomUri, root: PublicKey) -> Check<Value> {
        let hub = Hub::new(&self.server(), root);
        let extension = RoomExtension::new(hub, self.user.clone());
        self.begin_with(room, &room.group_id(0), &extension)
    }

    /// Begins a group with this id and extension; the body that creates the room.
    pub(crate) fn begin_with(
        &mut self,
        room: &RoomUri,
        group_id: &[u8],
        extension: &RoomExtension,
    ) -> Check<Value> {
        let group = MlsGroup::new_with_group_id(
            &self.provider,
            &signer(&self.mls_key),
            &settings::create_config(extension),
            GroupId::from_slice(group_id),
            credential(&self.identity, &self.mls_key.public()),
        );
        self.group = Some(Box::new(group.during("a group")?));
        self.beginning(room)
    }

    /// The body that creates the room of the group as it is now.
    pub(crate) fn beginning(&self, room: &RoomUri) -> Check<Value> {
        let group_info = base64(&self.group_info()?);
        let tree = base64(&self.tree()?);
        Ok(json!({ "room": room, "group_info": group_info, "tree": tree }))
    }

    /// The GroupInfo of its epoch, as MLSMessage.
    pub(crate) fn group_info(&self) -> Check<Vec<u8>> {
        let group = self.group.as_ref().ok_or_else(no_group)?;
        let crypto = &self.provider.crypto;
        let info = group.export_group_info(crypto, &signer(&self.mls_key), false);
        let info = info.during("a GroupInfo")?;
        info.tls_serialize_detached().during("a GroupInfo")
    }

    /// The tree of its epoch.
    pub(crate) fn tree(&self) -> Check<Vec<u8>> {
        let group = self.group.as_ref().ok_or_else(no_group)?;
        Ok(encode(&group.export_ratchet_tree()))
    }

    /// Its epoch.
    pub(crate) fn epoch(&self) -> u64 {
        self.group.as_ref().map_or(0, |g| g.epoch().as_u64())
    }

    /// The room extension as it stands in the group.
    pub(crate) fn extension(&self) -> Check<RoomExtension> {
        let group = self.group.as_ref().ok_or_else(no_group)?;
        let view = holm_mls::group_view(group.public_group()).during("the group")?;
        Ok(view.extension)
    }

    /// The leaf of a device.
    pub(crate) fn leaf_of(&self, other: &Self) -> Check<u32> {
        let group = self.group.as_ref().ok_or_else(no_group)?;
        let view = holm_mls::group_view(group.public_group()).during("the group")?;
        let leaf = view.device(&other.identity.device).map(|leaf| leaf.index);
        match leaf {
            Some(leaf) => Ok(leaf),
            None => fault(format!("{} has no leaf", other.identity.device)),
        }
    }

    /// Joins by a Welcome and a tree.
    pub(crate) fn join(&mut self, welcome: &[u8], tree: &[u8]) -> Check {
        // Who comes back has no use for the group it left.
        if let Some(mut former) = self.group.take() {
            former
                .delete(&self.provider.store)
                .during("leaving the former group")?;
        }
        self.group = Some(Box::new(join(&self.provider, welcome, tree)?));
        Ok(())
    }

    /// Processes a commit or message of the log; the text of a message.
    pub(crate) fn receive(&mut self, message: &[u8]) -> Check<Option<Vec<u8>>> {
        let message = MlsMessageIn::tls_deserialize(&mut &message[..]).during("an MLSMessage")?;
        let message: ProtocolMessage = message.try_into_protocol_message().during("a message")?;
        let group = self.group.as_mut().ok_or_else(no_group)?;
        let processed = group
            .process_message(&self.provider, message)
            .during("opening")?;
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(m) => Ok(Some(m.into_bytes())),
            ProcessedMessageContent::StagedCommitMessage(commit) => {
                let merged = group.merge_staged_commit(&self.provider, *commit);
                merged.during("merging").map(|()| None)
            }
            _ => Ok(None),
        }
    }

    /// Encrypts a text under an id, as the one who follows the spec does.
    pub(crate) fn encrypt(&mut self, id: ClientMsgId, text: &str) -> Check<Vec<u8>> {
        self.encrypt_with(Aad::new(id).to_bytes(), text)
    }

    /// Encrypts a text with this authenticated data.
    pub(crate) fn encrypt_with(&mut self, aad: Vec<u8>, text: &str) -> Check<Vec<u8>> {
        let key = signer(&self.mls_key);
        let group = self.group.as_mut().ok_or_else(no_group)?;
        group.set_aad(aad);
        let message = group.create_message(&self.provider, &key, text.as_bytes());
        let message = message.during("a message")?;
        message.tls_serialize_detached().during("a message")
    }
}

fn join(provider: &Provider, welcome: &[u8], tree: &[u8]) -> Check<MlsGroup> {
    let message = MlsMessageIn::tls_deserialize(&mut &welcome[..]).during("an MLSMessage")?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
        return fault("no Welcome");
    };
    let tree = RatchetTreeIn::tls_deserialize(&mut &tree[..]).during("a tree")?;
    let staged = StagedWelcome::build_from_welcome(provider, &settings::join_config(), welcome);
    let staged = staged.during("a Welcome for this device")?;
    let built = staged
        .with_ratchet_tree(tree)
        .skip_lifetime_validation()
        .build();
    built
        .during("a group")?
        .into_group(provider)
        .during("joining")
}
