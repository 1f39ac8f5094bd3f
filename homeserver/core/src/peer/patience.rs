//! Waiting for a peer that is away, and hearing that it is back (FED-9).

use std::time::Duration;

use holm_protocol::ServerName;

use crate::homeserver::Homeserver;

/// The shortest wait after a failure, also where the peer is heard.
const WAIT_MIN: Duration = Duration::from_millis(200);

impl Homeserver {
    /// The peer said something that only it can say, or answered: whatever waits for it goes on.
    pub fn heard_from(&self, server: &ServerName) {
        self.wake_held(server);
        if let Some(work) = self.outbound.known(server) {
            work.back.notify_waiters();
        }
    }

    /// After a failed call: until one may go again, or the peer is heard of.
    pub(crate) async fn wait_for_peer(&self, server: &ServerName) {
        let work = self.peer_work(server);
        let back = work.back.notified();
        tokio::pin!(back);
        // From here on nothing the peer says is missed.
        back.as_mut().enable();
        tokio::time::sleep(WAIT_MIN + self.jitter(WAIT_MIN)).await;
        let wait = self.ports.peers.wait(server);
        // It ends the wait, however it ends.
        drop(tokio::time::timeout(wait, back).await);
    }

    /// A part of `most`, so that many waits do not end at once.
    fn jitter(&self, most: Duration) -> Duration {
        let mut random = [0; 1];
        self.ports.rng.fill(&mut random);
        most.mul_f64(f64::from(random[0]) / 256.0)
    }
}
