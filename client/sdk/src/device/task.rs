//! Operations as tasks of their own.
//!
//! An operation holds the state lock over waits for the database. Were it polled by its caller
//! alone, a caller that turns to another operation in between would wait for ever. As a task it
//! goes on by itself; dropping the operation ends the task, and the step it was in leaves no trace.

use std::panic::resume_unwind;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::task::JoinHandle;

use super::Inner;
use crate::drive::{Drive, InPlace};
use crate::error::SdkError;

/// Runs an operation as a task and waits for it.
pub(crate) async fn on_task<T: Send + 'static>(
    inner: &Arc<Inner>,
    work: impl Future<Output = Result<T, SdkError>> + Send + 'static,
) -> Result<T, SdkError> {
    let mut task = EndsWithCaller(tokio::spawn(driven(inner, work)));
    match (&mut task.0).await {
        Ok(outcome) => outcome,
        Err(ended) if ended.is_panic() => resume_unwind(ended.into_panic()),
        Err(_cancelled) => Err(SdkError::TimedOut("the runtime stops")),
    }
}

/// Work of a task: its waits for the replica are brought to their end as the ports say.
pub(crate) fn driven<T: Send + 'static>(
    inner: &Arc<Inner>,
    work: impl Future<Output = T> + Send + 'static,
) -> BoxFuture<'static, T> {
    match inner.ports.drive {
        Drive::Await => work.boxed(),
        Drive::InPlace => {
            let inner = Arc::clone(inner);
            // Whoever holds the state lock waits for the replica alone, and here nobody else runs.
            InPlace::new(work, move || inner.is_locked()).boxed()
        }
    }
}

/// A task that ends when its caller stops waiting.
struct EndsWithCaller<T>(JoinHandle<T>);

impl<T> Drop for EndsWithCaller<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
