//! The one task that appends: it takes all that wait, commits them together, answers each.
//!
//! An fsync costs the same for one append as for a hundred, so they share it. While one batch is
//! written the next gathers in the queue by itself; no append waits for company.

use std::sync::Arc;

use holm_core::ports::{Append, AppendError};
use tokio::sync::{mpsc, oneshot};

use super::batch;
use crate::sqlite::connection::Shared;

/// An append with the place its outcome goes to.
pub(crate) struct Job {
    pub(crate) append: Append,
    pub(crate) answer: oneshot::Sender<Result<(), AppendError>>,
}

/// The writer of a [`super::Sqlite`]; appends are answered while [`Writer::run`] runs.
#[must_use = "appends are answered only while the writer runs"]
pub struct Writer {
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, jobs: mpsc::Receiver<Job>) -> Self {
        Self { shared, jobs }
    }

    /// Writes until the last clone of the store is gone. Once the store has failed it only
    /// refuses. Dropping this future is safe at any moment: what was not answered is unknown.
    pub async fn run(mut self) {
        while let Some(first) = self.jobs.recv().await {
            let jobs = self.gather(first);
            let (appends, answers): (Vec<_>, Vec<_>) =
                jobs.into_iter().map(|job| (job.append, job.answer)).unzip();
            let outcomes = batch::write(&self.shared, &appends).await;
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                if answer.send(outcome).is_err() {
                    tracing::debug!("the caller of an append did not wait for its outcome");
                }
            }
        }
    }

    /// All that wait, up to the limits of a batch.
    fn gather(&mut self, first: Job) -> Vec<Job> {
        let mut bytes = first.append.size();
        let mut jobs = vec![first];
        while jobs.len() < BATCH_APPENDS_MAX && bytes < BATCH_BYTES_MAX {
            let Ok(job) = self.jobs.try_recv() else { break };
            bytes = bytes.saturating_add(job.append.size());
            jobs.push(job);
        }
        jobs
    }
}

/// How much an append adds to a batch.
trait Size {
    fn size(&self) -> usize;
}

impl Size for Append {
    fn size(&self) -> usize {
        let entry = |e: &holm_core::ports::Entry| {
            let welcome = e.attachment.as_ref().map_or(0, |a| a.welcome.len());
            e.event.len() + welcome
        };
        self.entries.iter().map(entry).sum()
    }
}

/// Appends one transaction takes.
const BATCH_APPENDS_MAX: usize = 256;
/// Bytes after which a batch takes no further append.
const BATCH_BYTES_MAX: usize = 1_024 * 1_024;
