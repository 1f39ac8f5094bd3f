//! What the operator decides about other servers while this one runs: roots and blocks.
//!
//! Each decision is written down before it counts, so that a restart does not forget it.

use std::time::Duration;

use holm_core::ports::{PeerError, StoreError};
use holm_protocol::{PublicKey, ServerName};

use super::lists::Unwanted;
use super::transport::Transport;

/// What came of the operator's word for a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedRoot {
    /// The root that was known before.
    pub former: Option<PublicKey>,
    /// Whether the server shows that root now; why not, where it does not.
    pub outcome: Result<(), PeerError>,
}

impl Transport {
    /// By the operator's word `root` is the root of `server` and no other is, whatever DNS says
    /// (DOC-9). The server is asked at once; if it is away, the word counts when it is back.
    ///
    /// # Errors
    /// The own store failed; nothing has changed.
    pub async fn accept_root(
        &self,
        server: &ServerName,
        root: PublicKey,
    ) -> Result<AcceptedRoot, PeerError> {
        let peer = self.directory.peer(server);
        let _one = peer.fetching.lock().await;
        self.load(&peer).await?;
        let (former, before) = {
            let known = peer.known();
            (known.root.map(|(root, _)| root), known.memory)
        };
        peer.known().accept(root);
        if let Err(error) = self.keep_memory(&peer, before).await {
            peer.known().memory = before;
            return Err(error);
        }
        tracing::warn!(%server, %root, former = former.map(tracing::field::display),
            "by the operator's word this is the server's root key");
        peer.retry_now();
        let fetched = tokio::time::timeout(ASK_TIME_MAX, self.fetch(&peer)).await;
        let fetched =
            fetched.unwrap_or_else(|_elapsed| Err(peer.unreachable("no server document in time")));
        Ok(AcceptedRoot {
            former,
            outcome: fetched.map(drop),
        })
    }

    /// Why the root key that a server shows is not taken, where it is another than the known one.
    pub(crate) fn root_refusal(&self, server: &ServerName) -> Option<String> {
        let peer = self.directory.known(server)?;
        let known = peer.known();
        let refused = known.shows_another_root()?;
        Some(refused.text(server, self.now_ms()))
    }

    /// The next server that has taken the place of the one known under its name, and whose
    /// predecessor is still owed something; waits for one.
    pub async fn next_replaced(&self) -> ServerName {
        loop {
            match self.parts.peer_store.replaced().await {
                Ok(mut names) if !names.is_empty() => return names.swap_remove(0),
                Ok(_none) => (),
                Err(error) => tracing::error!(%error, "a store call failed"),
            }
            let news = self.replaced.notified();
            // A store that failed is asked again even without news.
            tokio::time::timeout(LOOK_EVERY, news).await.ok();
        }
    }

    /// What was owed to the predecessor of `server` is dropped.
    pub async fn replaced_is_done(&self, server: &ServerName) -> Result<(), PeerError> {
        let peer = self.directory.peer(server);
        let _one = peer.fetching.lock().await;
        self.load(&peer).await?;
        let before = peer.known().memory;
        peer.known().memory.replaced = false;
        self.keep_memory(&peer, before).await
    }

    /// Why this server does not deal with `server`, where it does not (FED-21).
    pub fn unwanted(&self, server: &ServerName) -> Option<Unwanted> {
        self.gatekeeper.unwanted(server)
    }

    /// Reads which servers were blocked before this start.
    ///
    /// # Errors
    /// The store failed.
    pub async fn load_blocked(&self) -> Result<(), StoreError> {
        for server in self.parts.peer_store.blocked().await? {
            self.gatekeeper.set_blocked(&server, true);
        }
        Ok(())
    }

    /// Blocks a server, or no longer: from now on there is no traffic with it in either direction.
    ///
    /// # Errors
    /// The store failed; nothing has changed.
    pub async fn set_blocked(&self, server: &ServerName, blocked: bool) -> Result<(), StoreError> {
        let stored = self.parts.peer_store.set_blocked(server, blocked);
        stored.await?;
        self.gatekeeper.set_blocked(server, blocked);
        tracing::warn!(%server, blocked, "the operator has decided over a server");
        Ok(())
    }

    /// All servers that are blocked, by name.
    pub fn blocked(&self) -> Vec<ServerName> {
        self.gatekeeper.blocked()
    }
}

/// Time for asking the server whose root was accepted.
const ASK_TIME_MAX: Duration = Duration::from_secs(20);
/// How often the store is looked at without news.
const LOOK_EVERY: Duration = Duration::from_mins(5);
