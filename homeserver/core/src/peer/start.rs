//! Setting the background work going.

use std::time::Duration;

use holm_protocol::Problem;

use crate::homeserver::{Homeserver, internal};

/// How often heads are compared with hubs and followers.
const HEADS_INTERVAL: Duration = Duration::from_mins(4);
/// How often changed heads are shown to the other followers of a room (FED-6).
const SHOW_INTERVAL: Duration = Duration::from_secs(30);

impl Homeserver {
    /// Folds what a crash left unfolded, wakes what peers are owed, and compares heads now and
    /// every few minutes.
    pub async fn start(&self) -> Result<(), Problem> {
        self.fold_again().await?;
        self.start_held().await?;
        let peers = self
            .ports
            .rooms
            .peer_servers()
            .await
            .map_err(|e| internal(&e))?;
        for server in peers {
            let owed = self
                .ports
                .rooms
                .rooms_of_peer(&server)
                .await
                .map_err(|e| internal(&e))?;
            for cursor in &owed {
                self.wake_peer(&server, &cursor.room);
            }
        }
        let homeserver = self.clone();
        let compare = async move {
            loop {
                homeserver.catch_up().await;
                tokio::time::sleep(HEADS_INTERVAL).await;
            }
        };
        self.ports.tasks.spawn("heads", Box::pin(compare));
        let homeserver = self.clone();
        let show = async move {
            homeserver.show_all_heads().await;
            loop {
                homeserver.show_heads().await;
                tokio::time::sleep(SHOW_INTERVAL).await;
            }
        };
        self.ports.tasks.spawn("show heads", Box::pin(show));
        Ok(())
    }

    /// Rooms whose newest commit was appended but not folded: loading them folds it.
    async fn fold_again(&self) -> Result<(), Problem> {
        let commits = self
            .ports
            .log
            .commit_seqs()
            .await
            .map_err(|e| internal(&e))?;
        let folded = self
            .ports
            .rooms
            .all_rooms()
            .await
            .map_err(|e| internal(&e))?;
        let folded: std::collections::BTreeMap<_, _> = folded
            .into_iter()
            .map(|(room, _, seq)| (room, seq))
            .collect();
        for (room, commit_seq) in commits {
            if folded.get(&room).is_some_and(|seq| *seq < commit_seq)
                && let Err(problem) = self.local_head(&room).await
            {
                tracing::error!(%room, %problem, "a commit could not be folded");
            }
        }
        Ok(())
    }
}
