//! The peers that are kept in memory: a bounded map from which the longest unused goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use holm_protocol::ServerName;

use super::peer::{Peer, lock};

/// All peers known to this process.
#[derive(Default)]
pub(super) struct Directory(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    peers: BTreeMap<ServerName, (Arc<Peer>, u64)>,
    uses: u64,
}

impl Directory {
    /// The peer's state, made where there is none.
    pub(super) fn peer(&self, server: &ServerName) -> Arc<Peer> {
        let mut inner = lock(&self.0);
        inner.uses += 1;
        let uses = inner.uses;
        if let Some((peer, used)) = inner.peers.get_mut(server) {
            *used = uses;
            return Arc::clone(peer);
        }
        if inner.peers.len() >= PEERS_MAX {
            inner.forget_oldest();
        }
        let peer = Peer::new(server.clone());
        inner
            .peers
            .insert(server.clone(), (Arc::clone(&peer), uses));
        peer
    }

    /// The peer's state, if there is one.
    pub(super) fn known(&self, server: &ServerName) -> Option<Arc<Peer>> {
        let inner = lock(&self.0);
        inner.peers.get(server).map(|(peer, _)| Arc::clone(peer))
    }
}

impl Inner {
    /// Drops the longest unused peer that nobody is using now.
    fn forget_oldest(&mut self) {
        let idle = self
            .peers
            .iter()
            .filter(|(_, (p, _))| Arc::strong_count(p) == 1);
        let oldest = idle.min_by_key(|(_, (_, used))| *used);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            self.peers.remove(&name);
        }
    }
}

/// Peers in memory; names come from outside, so there has to be an end.
const PEERS_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use holm_protocol::ServerName;

    use super::{Directory, PEERS_MAX};

    fn name(number: usize) -> ServerName {
        ServerName::parse(&format!("s{number}.example")).unwrap()
    }

    #[test]
    fn the_longest_unused_peer_goes_and_one_in_use_stays() {
        let directory = Directory::default();
        let in_use = directory.peer(&name(0));
        (1..PEERS_MAX).for_each(|n| drop(directory.peer(&name(n))));
        directory.peer(&name(1));
        directory.peer(&name(PEERS_MAX));
        assert!(Arc::ptr_eq(&in_use, &directory.peer(&name(0))));
        assert!(directory.known(&name(1)).is_some());
        assert!(directory.known(&name(2)).is_none());
        assert!(directory.known(&name(3)).is_some());
    }
}
