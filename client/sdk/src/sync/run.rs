//! Running: connect, catch up, live; come back with growing, jittered waits.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::session::Session;
use crate::device::{Device, Inner, on_task};
use crate::error::SdkError;
use crate::event::DeviceEvent;

/// First wait before coming back, and the longest; as much again is drawn, so that many devices
/// come back over 20 seconds, and none much later.
const WAIT: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// Longest wait before coming back to a server that had just brought everything: it was restarted.
const WAIT_SOON: Duration = Duration::from_secs(1);
/// A connection that lasted this long starts the waits over.
const LASTED: Duration = Duration::from_mins(1);

impl Device {
    /// Keeps the device connected until [`Device::stop`] is called. One call at a time.
    ///
    /// # Errors
    /// The session ended, another connection of this device took over, the replica failed, or
    /// another call is running.
    pub async fn run(&self) -> Result<(), SdkError> {
        let inner = Arc::clone(&self.inner);
        on_task(&self.inner, async move { run(&inner).await }).await
    }
}

async fn run(inner: &Arc<Inner>) -> Result<(), SdkError> {
    let _one_at_a_time = inner
        .running
        .try_lock()
        .map_err(|_busy| SdkError::Invalid("the device is running already".into()))?;
    let mut stop = inner.stop.subscribe();
    // A task of its own: what waits for the replica beside it would be polled as often as the
    // replica is slow.
    let forgets = Arc::clone(inner);
    let forgetting = on_task(inner, async move { forgets.keep_forgetting().await });
    let outcome = tokio::select! {
        biased;
        _stopped = stop.wait_for(|stopped| *stopped) => Ok(()),
        outcome = keep_connected(inner) => outcome,
        failed = forgetting => failed,
    };
    inner.stop.send_replace(false);
    outcome
}

async fn keep_connected(inner: &Arc<Inner>) -> Result<(), SdkError> {
    let mut wait = WAIT.0;
    loop {
        let begun = Instant::now();
        let (error, was_there) = match Session::open(inner).await {
            Ok(mut session) => (session.serve().await, session.has_caught_up()),
            Err(error) => (error, false),
        };
        if is_over(&error) {
            inner.end_session().await?;
            return Err(error);
        }
        if ends(&error) {
            return Err(error);
        }
        if begun.elapsed() > LASTED {
            wait = WAIT.0;
        } else if was_there {
            wait = wait.min(WAIT_SOON);
        }
        tracing::debug!(%error, "disconnected");
        inner.tell(DeviceEvent::Disconnected {
            reason: error.to_string(),
        });
        let jitter = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        sleep(wait + Duration::from_millis(inner.ports.below(jitter))).await;
        wait = (wait * 2).min(WAIT.1);
    }
}

/// Whether the session is over.
fn is_over(error: &SdkError) -> bool {
    use holm_protocol::Code;
    match error {
        SdkError::Refused(problem) => {
            matches!(problem.code, Code::Unauthenticated | Code::TokenRevoked)
        }
        SdkError::SessionEnded(_) => true,
        _ => false,
    }
}

/// Whether coming back is of no use, or not wanted.
fn ends(error: &SdkError) -> bool {
    matches!(
        error,
        SdkError::NoSession | SdkError::Replaced | SdkError::Replica(_)
    )
}
