//! Sums of what is stored because of other servers, in memory (FED-24): the same for every store.

use std::collections::BTreeMap;

use holm_protocol::ServerName;

/// Bytes by server; no server has an entry that nothing was ever stored for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredBytes(BTreeMap<ServerName, u64>);

impl StoredBytes {
    /// More is stored because of a server.
    pub(crate) fn add(&mut self, server: ServerName, bytes: u64) {
        let sum = self.0.entry(server).or_default();
        *sum = sum.saturating_add(bytes);
    }

    /// Some of it is stored no more.
    pub(crate) fn take_away(&mut self, server: &ServerName, bytes: u64) {
        if let Some(sum) = self.0.get_mut(server) {
            *sum = sum.saturating_sub(bytes);
        }
    }

    /// Bytes of one server.
    pub(crate) fn of(&self, server: &ServerName) -> u64 {
        self.0.get(server).copied().unwrap_or_default()
    }

    /// Of all servers, by name.
    pub(crate) fn all(&self) -> Vec<(ServerName, u64)> {
        let all = self.0.iter();
        all.map(|(server, bytes)| (server.clone(), *bytes))
            .collect()
    }

    /// Takes in the sums of another.
    pub(crate) fn add_all(&mut self, other: &Self) {
        for (server, bytes) in &other.0 {
            self.add(server.clone(), *bytes);
        }
    }
}
