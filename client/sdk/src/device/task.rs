//! Operations as tasks of their own.
//!
//! An operation holds the state lock over waits for the database. Were it polled by its caller
//! alone, a caller that turns to another operation in between would wait for ever. As a task it
//! goes on by itself; dropping the operation ends the task, and the step it was in leaves no trace.

use std::panic::resume_unwind;

use tokio::task::JoinHandle;

use crate::error::SdkError;

/// Runs an operation as a task and waits for it.
pub(crate) async fn on_task<T: Send + 'static>(
    work: impl Future<Output = Result<T, SdkError>> + Send + 'static,
) -> Result<T, SdkError> {
    let mut task = EndsWithCaller(tokio::spawn(work));
    match (&mut task.0).await {
        Ok(outcome) => outcome,
        Err(ended) if ended.is_panic() => resume_unwind(ended.into_panic()),
        Err(_cancelled) => Err(SdkError::TimedOut("the runtime stops")),
    }
}

/// A task that ends when its caller stops waiting.
struct EndsWithCaller<T>(JoinHandle<T>);

impl<T> Drop for EndsWithCaller<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
