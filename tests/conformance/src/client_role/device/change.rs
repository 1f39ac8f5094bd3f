//! What a commit is to do, right or wrong.

use holm_mls::key_package::validate;
use holm_mls::{bundle::sign_bundle, settings, signer};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::bundle::Bundle;
use holm_protocol::room_extension::RoomExtension;
use holm_protocol::{PrivateKey, SignedOrder};
use openmls::messages::proposals::Proposal;
use openmls::prelude::{Extensions, GroupContext, LeafNodeIndex, NewSignerBundle};

use super::Device;
use crate::chance::random;
use crate::client_role::fault::{Check, During, Fault, wrong};

/// What a commit is to do.
#[derive(Clone, Default)]
pub(crate) struct Change {
    /// KeyPackages to add.
    pub(crate) adds: Vec<Vec<u8>>,
    /// Leaves to remove.
    pub(crate) removes: Vec<u32>,
    /// A room extension to put in place of the one there is.
    pub(crate) extension: Option<RoomExtension>,
    /// Extensions of the group to put in place of those there are.
    pub(crate) extensions: Option<Extensions<GroupContext>>,
    /// Other proposals.
    pub(crate) proposals: Vec<Proposal>,
    /// Orders named in the authenticated data.
    pub(crate) orders: Vec<SignedOrder>,
    /// Authenticated data in place of what it ought to be.
    pub(crate) aad: Option<Vec<u8>>,
    /// The id it is submitted under; random where there is none.
    pub(crate) id: Option<ClientMsgId>,
    /// Proposals that were made on their own go in by reference.
    pub(crate) by_reference: bool,
    /// The tree stands in GroupInfo and Welcome.
    pub(crate) with_tree: bool,
    /// A new MLS key with a credential for it.
    pub(crate) new_key: Option<(PrivateKey, Vec<u8>)>,
}

impl Change {
    /// New keys for the own leaf and nothing else.
    pub(crate) fn update() -> Self {
        Self::default()
    }

    /// Adds devices.
    pub(crate) fn add(packages: Vec<Vec<u8>>) -> Self {
        Self {
            adds: packages,
            ..Self::default()
        }
    }

    /// Removes leaves.
    pub(crate) fn remove(leaves: Vec<u32>) -> Self {
        Self {
            removes: leaves,
            ..Self::default()
        }
    }

    /// Changes the room extension.
    pub(crate) fn extend(extension: RoomExtension) -> Self {
        Self {
            extension: Some(extension),
            ..Self::default()
        }
    }

    fn aad(&self) -> Vec<u8> {
        let mut aad = Aad::new(self.id.unwrap_or_else(|| ClientMsgId(random())));
        aad.orders.clone_from(&self.orders);
        self.aad.clone().unwrap_or_else(|| aad.to_bytes())
    }

    fn extensions(&self) -> Option<Extensions<GroupContext>> {
        let room = self.extension.as_ref().map(settings::context_extensions);
        self.extensions.clone().or(room)
    }
}

impl Device {
    /// Makes a commit; it is pending until [`Device::merge`].
    pub(crate) fn commit(&mut self, change: &Change) -> Check<Bundle> {
        let packages = change
            .adds
            .iter()
            .map(|bytes| validate(bytes, &self.provider.crypto).during("a KeyPackage"));
        let packages = packages.collect::<Check<Vec<_>>>()?;
        let removes = change.removes.iter().map(|i| LeafNodeIndex::new(*i));
        let (provider, key) = (&self.provider, signer(&self.mls_key));
        let group = self.group.as_mut().ok_or_else(no_group)?;
        group
            .clear_pending_commit(&provider.store)
            .during("the last commit")?;
        group.set_aad(change.aad());
        let mut builder = group
            .commit_builder()
            .consume_proposal_store(change.by_reference)
            .propose_adds(packages)
            .propose_removals(removes)
            .add_proposals(change.proposals.clone())
            .force_self_update(true);
        if let Some(extensions) = change.extensions() {
            let proposed = builder.propose_group_context_extensions(extensions);
            builder = proposed.during("extensions")?;
        }
        let builder = builder
            .load_psks(&provider.store)
            .during("PSKs")?
            .create_group_info(true)
            .use_ratchet_tree_extension(change.with_tree);
        let crypto = &provider.crypto;
        let built = match &change.new_key {
            None => builder.build(crypto, crypto, &key, |_| true),
            Some((new_key, identity)) => {
                let new_signer = signer(new_key);
                let credential_with_key = super::group::credential_of(identity, new_key);
                let new_signer = NewSignerBundle {
                    signer: &new_signer,
                    credential_with_key,
                };
                builder.build_with_new_signer(crypto, crypto, &key, new_signer, |_| true)
            }
        };
        let made = built
            .during("a commit")?
            .stage_commit(provider)
            .during("a commit")?;
        let key = change
            .new_key
            .as_ref()
            .map_or(&self.mls_key, |(key, _)| key);
        sign_bundle(made, key).during("a bundle")
    }

    /// Merges the pending commit.
    pub(crate) fn merge(&mut self) -> Check {
        let group = self.group.as_mut().ok_or_else(no_group)?;
        group.merge_pending_commit(&self.provider).during("merging")
    }

    /// Commits, submits and merges: the room moves on by one epoch.
    pub(crate) async fn move_on(
        &mut self,
        room: &holm_protocol::RoomUri,
        change: &Change,
    ) -> Check<Bundle> {
        let bundle = self.commit(change)?;
        let answer = self.submit(room, &bundle).await?;
        answer.expect_good().during("a good commit")?;
        self.merge()?;
        Ok(bundle)
    }
}

/// What a device without a group is told.
pub(crate) fn no_group() -> Fault {
    wrong("the device has no group")
}
