//! OpenMLS's storage interface over the staged store: which row each value is kept in.
//!
//! One row a value, so the methods differ in kind and key alone. Group rows carry the group's id
//! as their scope; key pairs, KeyPackages and pre-shared keys belong to the device.

use openmls_traits::storage::{CURRENT_VERSION as V, StorageProvider, traits as t};

use super::rows::Kind;
use super::{StagedStore, StoreError};

const CONFIG: Kind = Kind("config");
const TREE: Kind = Kind("tree");
const INTERIM_HASH: Kind = Kind("interim_hash");
const CONTEXT: Kind = Kind("context");
const CONFIRMATION_TAG: Kind = Kind("confirmation_tag");
const GROUP_STATE: Kind = Kind("group_state");
const MESSAGE_SECRETS: Kind = Kind("message_secrets");
const RESUMPTION_PSKS: Kind = Kind("resumption_psks");
const OWN_LEAF_INDEX: Kind = Kind("own_leaf_index");
const OWN_LEAF_NODES: Kind = Kind("own_leaf_nodes");
const EPOCH_SECRETS: Kind = Kind("epoch_secrets");
const EPOCH_KEYS: Kind = Kind("epoch_keys");
const PROPOSAL: Kind = Kind("proposal");
const PROPOSAL_REFS: Kind = Kind("proposal_refs");
const SIGNATURE_KEY: Kind = Kind("signature_key");
const ENCRYPTION_KEY: Kind = Kind("encryption_key");
const KEY_PACKAGE: Kind = Kind("key_package");
const PSK: Kind = Kind("psk");

type Done = Result<(), StoreError>;
type Found<T> = Result<Option<T>, StoreError>;

impl StorageProvider<V> for StagedStore {
    type Error = StoreError;

    fn write_mls_join_config<G: t::GroupId<V>, T: t::MlsGroupJoinConfig<V>>(
        &self,
        group: &G,
        value: &T,
    ) -> Done {
        self.put_json(CONFIG.of(group)?, value)
    }
    fn mls_group_join_config<G: t::GroupId<V>, T: t::MlsGroupJoinConfig<V>>(
        &self,
        group: &G,
    ) -> Found<T> {
        self.get_json(&CONFIG.of(group)?)
    }
    fn delete_group_config<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(CONFIG.of(group)?)
    }

    fn write_tree<G: t::GroupId<V>, T: t::TreeSync<V>>(&self, group: &G, value: &T) -> Done {
        self.put(TREE.of(group)?, value)
    }
    fn tree<G: t::GroupId<V>, T: t::TreeSync<V>>(&self, group: &G) -> Found<T> {
        self.get(&TREE.of(group)?)
    }
    fn delete_tree<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(TREE.of(group)?)
    }

    fn write_interim_transcript_hash<G: t::GroupId<V>, T: t::InterimTranscriptHash<V>>(
        &self,
        group: &G,
        value: &T,
    ) -> Done {
        self.put(INTERIM_HASH.of(group)?, value)
    }
    fn interim_transcript_hash<G: t::GroupId<V>, T: t::InterimTranscriptHash<V>>(
        &self,
        group: &G,
    ) -> Found<T> {
        self.get(&INTERIM_HASH.of(group)?)
    }
    fn delete_interim_transcript_hash<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(INTERIM_HASH.of(group)?)
    }

    fn write_context<G: t::GroupId<V>, T: t::GroupContext<V>>(&self, group: &G, value: &T) -> Done {
        self.put(CONTEXT.of(group)?, value)
    }
    fn group_context<G: t::GroupId<V>, T: t::GroupContext<V>>(&self, group: &G) -> Found<T> {
        self.get(&CONTEXT.of(group)?)
    }
    fn delete_context<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(CONTEXT.of(group)?)
    }

    fn write_confirmation_tag<G: t::GroupId<V>, T: t::ConfirmationTag<V>>(
        &self,
        group: &G,
        value: &T,
    ) -> Done {
        self.put(CONFIRMATION_TAG.of(group)?, value)
    }
    fn confirmation_tag<G: t::GroupId<V>, T: t::ConfirmationTag<V>>(&self, group: &G) -> Found<T> {
        self.get(&CONFIRMATION_TAG.of(group)?)
    }
    fn delete_confirmation_tag<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(CONFIRMATION_TAG.of(group)?)
    }

    fn write_message_secrets<G: t::GroupId<V>, T: t::MessageSecrets<V>>(
        &self,
        group: &G,
        value: &T,
    ) -> Done {
        self.put(MESSAGE_SECRETS.of(group)?, value)
    }
    fn message_secrets<G: t::GroupId<V>, T: t::MessageSecrets<V>>(&self, group: &G) -> Found<T> {
        self.get(&MESSAGE_SECRETS.of(group)?)
    }
    fn delete_message_secrets<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(MESSAGE_SECRETS.of(group)?)
    }

    fn write_resumption_psk_store<G: t::GroupId<V>, T: t::ResumptionPskStore<V>>(
        &self,
        group: &G,
        value: &T,
    ) -> Done {
        self.put(RESUMPTION_PSKS.of(group)?, value)
    }
    fn resumption_psk_store<G: t::GroupId<V>, T: t::ResumptionPskStore<V>>(
        &self,
        group: &G,
    ) -> Found<T> {
        self.get(&RESUMPTION_PSKS.of(group)?)
    }
    fn delete_all_resumption_psk_secrets<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(RESUMPTION_PSKS.of(group)?)
    }

    fn write_own_leaf_index<G: t::GroupId<V>, T: t::LeafNodeIndex<V>>(
        &self,
        group: &G,
        value: &T,
    ) -> Done {
        self.put(OWN_LEAF_INDEX.of(group)?, value)
    }
    fn own_leaf_index<G: t::GroupId<V>, T: t::LeafNodeIndex<V>>(&self, group: &G) -> Found<T> {
        self.get(&OWN_LEAF_INDEX.of(group)?)
    }
    fn delete_own_leaf_index<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(OWN_LEAF_INDEX.of(group)?)
    }

    fn write_group_epoch_secrets<G: t::GroupId<V>, T: t::GroupEpochSecrets<V>>(
        &self,
        group: &G,
        value: &T,
    ) -> Done {
        self.put(EPOCH_SECRETS.of(group)?, value)
    }
    fn group_epoch_secrets<G: t::GroupId<V>, T: t::GroupEpochSecrets<V>>(
        &self,
        group: &G,
    ) -> Found<T> {
        self.get(&EPOCH_SECRETS.of(group)?)
    }
    fn delete_group_epoch_secrets<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(EPOCH_SECRETS.of(group)?)
    }

    fn write_group_state<T: t::GroupState<V>, G: t::GroupId<V>>(
        &self,
        group: &G,
        state: &T,
    ) -> Done {
        self.put(GROUP_STATE.of(group)?, state)
    }
    fn group_state<T: t::GroupState<V>, G: t::GroupId<V>>(&self, group: &G) -> Found<T> {
        self.get(&GROUP_STATE.of(group)?)
    }
    fn delete_group_state<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(GROUP_STATE.of(group)?)
    }

    fn append_own_leaf_node<G: t::GroupId<V>, L: t::LeafNode<V>>(
        &self,
        group: &G,
        leaf: &L,
    ) -> Done {
        self.append(OWN_LEAF_NODES.of(group)?, &OWN_LEAF_NODES.encode(leaf)?)
    }
    fn own_leaf_nodes<G: t::GroupId<V>, L: t::LeafNode<V>>(
        &self,
        group: &G,
    ) -> Result<Vec<L>, StoreError> {
        let encoded = self.list(&OWN_LEAF_NODES.of(group)?)?;
        encoded
            .iter()
            .map(|leaf| OWN_LEAF_NODES.decode(leaf))
            .collect()
    }
    fn delete_own_leaf_nodes<G: t::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(OWN_LEAF_NODES.of(group)?)
    }

    fn queue_proposal<G: t::GroupId<V>, R: t::ProposalRef<V>, P: t::QueuedProposal<V>>(
        &self,
        group: &G,
        reference: &R,
        proposal: &P,
    ) -> Done {
        let reference = PROPOSAL_REFS.encode(reference)?;
        self.append(PROPOSAL_REFS.of(group)?, &reference)?;
        self.put(PROPOSAL.part(group, &*reference)?, proposal)
    }
    fn queued_proposal_refs<G: t::GroupId<V>, R: t::ProposalRef<V>>(
        &self,
        group: &G,
    ) -> Result<Vec<R>, StoreError> {
        let encoded = self.list(&PROPOSAL_REFS.of(group)?)?;
        encoded
            .iter()
            .map(|reference| PROPOSAL_REFS.decode(reference))
            .collect()
    }
    fn queued_proposals<G: t::GroupId<V>, R: t::ProposalRef<V>, P: t::QueuedProposal<V>>(
        &self,
        group: &G,
    ) -> Result<Vec<(R, P)>, StoreError> {
        let read = |reference: &Vec<u8>| {
            let proposal = self.get(&PROPOSAL.part(group, reference)?)?;
            let proposal = proposal.ok_or(StoreError::Missing(PROPOSAL.0))?;
            Ok((PROPOSAL_REFS.decode(reference)?, proposal))
        };
        self.list(&PROPOSAL_REFS.of(group)?)?
            .iter()
            .map(read)
            .collect()
    }
    fn remove_proposal<G: t::GroupId<V>, R: t::ProposalRef<V>>(
        &self,
        group: &G,
        reference: &R,
    ) -> Done {
        let reference = PROPOSAL_REFS.encode(reference)?;
        let mut list = self.list(&PROPOSAL_REFS.of(group)?)?;
        list.retain(|one| *one != *reference);
        self.put(PROPOSAL_REFS.of(group)?, &list)?;
        self.delete(PROPOSAL.part(group, &*reference)?)
    }
    fn clear_proposal_queue<G: t::GroupId<V>, R: t::ProposalRef<V>>(&self, group: &G) -> Done {
        for reference in self.list(&PROPOSAL_REFS.of(group)?)? {
            self.delete(PROPOSAL.part(group, &reference)?)?;
        }
        self.delete(PROPOSAL_REFS.of(group)?)
    }

    fn write_encryption_epoch_key_pairs<
        G: t::GroupId<V>,
        E: t::EpochKey<V>,
        P: t::HpkeKeyPair<V>,
    >(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
        pairs: &[P],
    ) -> Done {
        self.put(EPOCH_KEYS.part(group, &(epoch, leaf))?, pairs)
    }
    fn encryption_epoch_key_pairs<G: t::GroupId<V>, E: t::EpochKey<V>, P: t::HpkeKeyPair<V>>(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<Vec<P>, StoreError> {
        Ok(self
            .get(&EPOCH_KEYS.part(group, &(epoch, leaf))?)?
            .unwrap_or_default())
    }
    fn delete_encryption_epoch_key_pairs<G: t::GroupId<V>, E: t::EpochKey<V>>(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
    ) -> Done {
        self.delete(EPOCH_KEYS.part(group, &(epoch, leaf))?)
    }

    fn write_signature_key_pair<K: t::SignaturePublicKey<V>, P: t::SignatureKeyPair<V>>(
        &self,
        key: &K,
        value: &P,
    ) -> Done {
        self.put(SIGNATURE_KEY.device(key)?, value)
    }
    fn signature_key_pair<K: t::SignaturePublicKey<V>, P: t::SignatureKeyPair<V>>(
        &self,
        key: &K,
    ) -> Found<P> {
        self.get(&SIGNATURE_KEY.device(key)?)
    }
    fn delete_signature_key_pair<K: t::SignaturePublicKey<V>>(&self, key: &K) -> Done {
        self.delete(SIGNATURE_KEY.device(key)?)
    }

    fn write_encryption_key_pair<K: t::EncryptionKey<V>, P: t::HpkeKeyPair<V>>(
        &self,
        key: &K,
        value: &P,
    ) -> Done {
        self.put(ENCRYPTION_KEY.device(key)?, value)
    }
    fn encryption_key_pair<P: t::HpkeKeyPair<V>, K: t::EncryptionKey<V>>(
        &self,
        key: &K,
    ) -> Found<P> {
        self.get(&ENCRYPTION_KEY.device(key)?)
    }
    fn delete_encryption_key_pair<K: t::EncryptionKey<V>>(&self, key: &K) -> Done {
        self.delete(ENCRYPTION_KEY.device(key)?)
    }

    fn write_key_package<K: t::HashReference<V>, P: t::KeyPackage<V>>(
        &self,
        key: &K,
        value: &P,
    ) -> Done {
        self.put(KEY_PACKAGE.device(key)?, value)
    }
    fn key_package<K: t::HashReference<V>, P: t::KeyPackage<V>>(&self, key: &K) -> Found<P> {
        self.get(&KEY_PACKAGE.device(key)?)
    }
    fn delete_key_package<K: t::HashReference<V>>(&self, key: &K) -> Done {
        self.delete(KEY_PACKAGE.device(key)?)
    }

    fn write_psk<K: t::PskId<V>, P: t::PskBundle<V>>(&self, key: &K, value: &P) -> Done {
        self.put(PSK.device(key)?, value)
    }
    fn psk<P: t::PskBundle<V>, K: t::PskId<V>>(&self, key: &K) -> Found<P> {
        self.get(&PSK.device(key)?)
    }
    fn delete_psk<K: t::PskId<V>>(&self, key: &K) -> Done {
        self.delete(PSK.device(key)?)
    }
}
