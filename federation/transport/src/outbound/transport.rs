//! [`Transport`]: everything between the core's `Peers` port and the network.

use std::sync::Arc;

use holm_core::Identity;
use holm_core::ports::{Clock, Exchange, PeerStore, Rng};
use holm_protocol::ServerName;
use tokio::sync::{Notify, Semaphore};

use super::address::AddressGuard;
use super::directory::Directory;
use super::lists::{Gatekeeper, Lists};
use super::resolve::Resolve;
use super::state::PeerState;
use crate::quota::{QuotaLimits, Quotas};

/// What a transport is given.
#[derive(Clone)]
pub struct TransportParts {
    /// Name and keys of this server.
    pub identity: Arc<Identity>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// For SRV weights and jitter.
    pub rng: Arc<dyn Rng>,
    /// What is remembered of other servers.
    pub peer_store: Arc<dyn PeerStore>,
    /// Sends requests: [`super::HttpExchange`], or simulation's.
    pub exchange: Arc<dyn Exchange>,
    /// DNS: [`super::HickoryResolver`], or simulation's.
    pub resolver: Arc<dyn Resolve>,
    /// What the operator decides.
    pub settings: TransportSettings,
}

/// What the operator decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportSettings {
    /// Which addresses may be connected to.
    pub guard: AddressGuard,
}

/// The way to other servers; implements `holm_core::ports::Peers`.
pub struct Transport {
    pub(super) parts: TransportParts,
    pub(super) directory: Directory,
    /// Places for calls.
    pub(super) running: Semaphore,
    /// Places for documents that strangers make us fetch, apart, so that they can't block calls.
    pub(super) look_ups: Semaphore,
    /// With whom this server deals.
    pub(super) gatekeeper: Gatekeeper,
    /// What other servers may ask.
    pub(super) quotas: Arc<Quotas>,
    /// A server has taken the place of the one known.
    pub(super) replaced: Notify,
}

impl Transport {
    /// Assembles a transport; nothing is sent until it is asked to.
    pub fn new(parts: TransportParts) -> Self {
        Self {
            parts,
            directory: Directory::default(),
            running: Semaphore::new(RUNNING_MAX),
            look_ups: Semaphore::new(LOOK_UPS_MAX),
            gatekeeper: Gatekeeper::default(),
            quotas: Arc::new(Quotas::new(QuotaLimits::DEFAULT)),
            replaced: Notify::new(),
        }
    }

    /// The same, dealing with the servers that `lists` say alone.
    #[must_use]
    pub fn with_lists(self, lists: Lists) -> Self {
        Self {
            gatekeeper: Gatekeeper::new(lists),
            ..self
        }
    }

    /// The same, with other quotas than the default ones (FED-16).
    #[must_use]
    pub fn with_quotas(self, limits: QuotaLimits) -> Self {
        Self {
            quotas: Arc::new(Quotas::new(limits)),
            ..self
        }
    }

    /// What other servers may ask.
    pub(crate) fn quotas(&self) -> &Arc<Quotas> {
        &self.quotas
    }

    /// Notes an authenticated word from a peer, which ends any wait for it (FED-9).
    pub fn heard_from(&self, server: &ServerName) {
        if let Some(peer) = self.directory.known(server) {
            peer.heard(self.now_ms());
        }
    }

    /// By the operator's word the next call to a peer goes at once (FED-9).
    pub fn retry_now(&self, server: &ServerName) {
        if let Some(peer) = self.directory.known(server) {
            peer.retry_now();
        }
    }

    /// How calls to a peer fare, where there were any since the start.
    pub fn peer_state(&self, server: &ServerName) -> Option<PeerState> {
        let peer = self.directory.known(server);
        peer.map(|peer| peer.state(self.now_ms()))
    }

    /// Counts a reflection for a server; whether it may be had (LIM-29).
    pub(crate) fn may_reflect(&self, server: &ServerName) -> bool {
        self.directory.peer(server).may_reflect(self.now_ms())
    }

    /// This server's name.
    pub fn own_name(&self) -> &ServerName {
        &self.parts.identity.name
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        self.parts.clock.now_ms()
    }

    /// A number from 0 to `most`, both included.
    pub(super) fn draw(&self, most: u32) -> u32 {
        let mut bytes = [0; 8];
        self.parts.rng.fill(&mut bytes);
        let drawn = u64::from_le_bytes(bytes) % (u64::from(most) + 1);
        u32::try_from(drawn).unwrap_or(most)
    }
}

/// Calls to all peers at a time.
const RUNNING_MAX: usize = 256;
/// Documents fetched at a time for others than calls.
const LOOK_UPS_MAX: usize = 64;
