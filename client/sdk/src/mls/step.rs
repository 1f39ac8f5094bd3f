//! A step: one transaction over the replica together with what OpenMLS changed in memory.
//!
//! Groups are taken out of the cache for the step and go back only when it is committed, so a
//! failed or cancelled step drops them and the next one reads the rows anew. Where a commit was
//! cut off midway, nothing in memory is believed any more.

use std::collections::BTreeMap;

use holm_mls::Provider;
use openmls::group::{GroupId, MlsGroup};
use sqlx::{Sqlite, Transaction};

use super::refused;
use crate::error::SdkError;
use crate::replica::{Replica, keys};

/// Groups kept in memory.
const GROUPS_KEPT: usize = 64;
/// Scope of the device's own rows.
const DEVICE_SCOPE: &[u8] = &[];

/// The replica, and what of it is in memory.
pub(crate) struct State {
    pub(crate) replica: Replica,
    provider: Provider,
    cache: BTreeMap<Vec<u8>, Cached>,
    clock: u64,
    /// A commit was begun and its outcome was not seen.
    in_doubt: bool,
}

struct Cached {
    group: MlsGroup,
    used: u64,
}

/// One transaction with its groups.
pub(crate) struct Step<'a> {
    /// The transaction.
    pub(crate) tx: Transaction<'a, Sqlite>,
    /// Cryptography and rows for OpenMLS.
    pub(crate) provider: &'a Provider,
    working: BTreeMap<Vec<u8>, MlsGroup>,
    cache: &'a mut BTreeMap<Vec<u8>, Cached>,
    clock: u64,
    in_doubt: &'a mut bool,
}

impl State {
    pub(crate) fn new(replica: Replica) -> Self {
        Self {
            replica,
            provider: Provider::default(),
            cache: BTreeMap::new(),
            clock: 0,
            in_doubt: false,
        }
    }

    /// Begins a step; what an earlier one left unfinished is dropped.
    pub(crate) async fn step(&mut self) -> Result<Step<'_>, SdkError> {
        self.provider.store.discard();
        if self.in_doubt {
            self.provider = Provider::default();
            self.cache.clear();
            self.in_doubt = false;
        }
        self.shrink();
        self.clock += 1;
        let mut tx = self.replica.begin().await?;
        if !self.provider.store.has_scope(DEVICE_SCOPE) {
            let rows = keys::load(&mut tx, DEVICE_SCOPE).await?;
            self.provider.store.load(rows);
        }
        Ok(Step {
            tx,
            provider: &self.provider,
            working: BTreeMap::new(),
            cache: &mut self.cache,
            clock: self.clock,
            in_doubt: &mut self.in_doubt,
        })
    }

    /// Drops the groups used longest ago, with their rows.
    fn shrink(&mut self) {
        while self.cache.len() > GROUPS_KEPT {
            let oldest = self.cache.iter().min_by_key(|(_, cached)| cached.used);
            let Some(scope) = oldest.map(|(scope, _)| scope.clone()) else {
                return;
            };
            self.cache.remove(&scope);
            self.provider.store.evict(&scope);
        }
    }
}

impl Step<'_> {
    /// The group, loaded where it is not in memory.
    pub(crate) async fn group(&mut self, id: &GroupId) -> Result<&mut MlsGroup, SdkError> {
        let scope = id.as_slice().to_vec();
        if !self.working.contains_key(&scope) {
            let group = match self.cache.remove(&scope) {
                Some(cached) => cached.group,
                None => self.load(id).await?,
            };
            self.working.insert(scope.clone(), group);
        }
        self.working
            .get_mut(&scope)
            .ok_or_else(|| SdkError::Mls("the group is not there".into()))
    }

    async fn load(&mut self, id: &GroupId) -> Result<MlsGroup, SdkError> {
        if !self.provider.store.has_scope(id.as_slice()) {
            let rows = keys::load(&mut self.tx, id.as_slice()).await?;
            self.provider.store.load(rows);
        }
        MlsGroup::load(&self.provider.store, id)
            .map_err(refused)?
            .ok_or_else(|| SdkError::Mls("the group's rows are missing".into()))
    }

    /// Takes a group made in this step.
    pub(crate) fn add_group(&mut self, group: MlsGroup) {
        self.working
            .insert(group.group_id().as_slice().to_vec(), group);
    }

    /// Forgets a group and all its keys.
    pub(crate) async fn forget_group(&mut self, id: &GroupId) -> Result<(), SdkError> {
        let scope = id.as_slice();
        self.working.remove(scope);
        self.cache.remove(scope);
        self.provider.store.evict(scope);
        keys::remove_scope(&mut self.tx, scope).await
    }

    /// Writes the changed rows and commits; only then may anything be sent or shown.
    pub(crate) async fn commit(mut self) -> Result<(), SdkError> {
        keys::write(&mut self.tx, &self.provider.store.pending_changes()).await?;
        *self.in_doubt = true;
        self.tx.commit().await?;
        self.provider.store.accept();
        *self.in_doubt = false;
        for (scope, group) in self.working {
            let used = self.clock;
            self.cache.insert(scope, Cached { group, used });
        }
        Ok(())
    }
}
