//! The one task that appends and raises watermarks: it takes all that waits, commits it
//! together, answers each.
//!
//! An fsync costs the same for one append as for a hundred, so they share it. While one batch is
//! written the next gathers in the queue by itself; nothing waits for company.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use holm_core::ports::{Append, AppendError, CrashPoint, CrashPoints, NoCrash, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::connection::Shared;
use super::failure::Failure;
use super::log::batch::{self, Outcome};
use super::log::recent;
use super::rooms::marks::{self, Mark};

/// Where an outcome goes.
type Answer<E> = oneshot::Sender<Result<(), E>>;

/// What waits for the writer.
pub(super) enum Job {
    /// An append to a log.
    Append(Append, Answer<AppendError>),
    /// Watermarks to be raised.
    Raise(Vec<Mark>, Answer<StoreError>),
}

/// The writer of a [`super::Sqlite`]; appends and acknowledgements are answered while
/// [`Writer::run`] runs.
#[must_use = "appends are answered only while the writer runs"]
pub struct Writer {
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
    crash_points: Arc<dyn CrashPoints>,
}

/// What one transaction takes.
#[derive(Default)]
struct Batch {
    appends: Vec<Append>,
    append_answers: Vec<Answer<AppendError>>,
    marks: Vec<Mark>,
    mark_answers: Vec<Answer<StoreError>>,
    bytes: usize,
}

/// Why a job has no answer.
pub(super) enum Unanswered {
    /// It never reached the writer: nothing has happened.
    Refused(String),
    /// It did, and may have happened.
    Unknown(String),
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> (Self, mpsc::Sender<Job>) {
        let (queue, jobs) = mpsc::channel(QUEUE_LEN_MAX);
        let writer = Self {
            shared,
            jobs,
            crash_points: Arc::new(NoCrash),
        };
        (writer, queue)
    }

    /// Tells `crash_points` before and after a transaction is committed.
    pub fn with_crash_points(mut self, crash_points: Arc<dyn CrashPoints>) -> Self {
        self.crash_points = crash_points;
        self
    }

    /// Writes until the last clone of the store is gone. Once the store has failed it only
    /// refuses. Dropping this future is safe at any moment: what was not answered is unknown.
    pub async fn run(mut self) {
        while let Some(first) = self.jobs.recv().await {
            let mut batch = Batch::default();
            batch.add(first);
            while !batch.is_full() {
                let Ok(job) = self.jobs.try_recv() else { break };
                batch.add(job);
            }
            batch.write(&self.shared, &*self.crash_points).await;
        }
    }
}

impl Batch {
    fn add(&mut self, job: Job) {
        match job {
            Job::Append(append, answer) => {
                self.bytes = self.bytes.saturating_add(batch::size(&append));
                self.appends.push(append);
                self.append_answers.push(answer);
            }
            Job::Raise(marks, answer) => {
                self.bytes = self.bytes.saturating_add(marks.len() * MARK_BYTES);
                self.marks.extend(marks);
                self.mark_answers.push(answer);
            }
        }
    }

    fn is_full(&self) -> bool {
        let jobs = self.append_answers.len() + self.mark_answers.len();
        jobs >= BATCH_JOBS_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    async fn write(mut self, shared: &Shared, crash_points: &dyn CrashPoints) {
        let mut committing = false;
        let written = shared.run(async {
            let mut transaction = shared.transaction().await?;
            let connection = transaction.connection();
            let staged = batch::stage(connection, shared, &self.appends).await?;
            let slice = shared.recent().slice(staged.submitted.len());
            recent::write(connection, &slice).await?;
            marks::raise(connection, mem::take(&mut self.marks)).await?;
            committing = true;
            reached(crash_points, BEFORE_COMMIT, &self.appends);
            transaction.commit().await?;
            reached(crash_points, AFTER_COMMIT, &self.appends);
            let mut recent = shared.recent();
            recent.add(staged.submitted, staged.newest);
            recent.moved(slice);
            drop(recent);
            shared.stored_changed(&staged.stored);
            Ok(staged.outcomes)
        });
        let written = written.await;
        self.answer(written, committing);
    }

    fn answer(self, written: Result<Vec<Outcome>, Failure>, committing: bool) {
        let appends = self.append_answers.into_iter();
        let marks = self.mark_answers.into_iter();
        match written {
            Ok(outcomes) => {
                appends
                    .zip(outcomes)
                    .for_each(|(to, outcome)| tell(to, outcome));
                marks.for_each(|to| tell(to, Ok(())));
            }
            Err(failure) => {
                let why = failure.to_string();
                let outcome = match committing {
                    true => AppendError::Unknown(why.clone()),
                    false => AppendError::Unavailable(why.clone()),
                };
                appends.for_each(|to| tell(to, Err(outcome.clone())));
                marks.for_each(|to| tell(to, Err(StoreError(why.clone()))));
            }
        }
    }
}

/// Hands a job to the writer and waits for its answer.
pub(super) async fn ask<E>(
    queue: &mpsc::Sender<Job>,
    job: impl FnOnce(Answer<E>) -> Job,
) -> Result<Result<(), E>, Unanswered> {
    let (answer, outcome) = oneshot::channel();
    let refused = |why: &str| Err(Unanswered::Refused(why.to_owned()));
    match timeout(QUEUE_WAIT, queue.send(job(answer))).await {
        Err(_elapsed) => return refused("too much waits for the disk"),
        Ok(Err(_closed)) => return refused("the writer has stopped"),
        Ok(Ok(())) => {}
    }
    let unknown = |why: &str| Err(Unanswered::Unknown(why.to_owned()));
    match timeout(ANSWER_WAIT, outcome).await {
        Err(_elapsed) => unknown("the disk did not answer in time"),
        Ok(Err(_dropped)) => unknown("the writer has stopped"),
        Ok(Ok(outcome)) => Ok(outcome),
    }
}

/// A named place is reached by each append. Copies of another server's log are known by having no
/// idempotency keys (LOG-9).
fn reached(to: &dyn CrashPoints, (at_hub, at_follower): (CrashPoint, CrashPoint), all: &[Append]) {
    let is_copy = |append: &Append| append.entries.iter().all(|e| e.idempotency_key.is_none());
    for append in all {
        let point = if is_copy(append) { at_follower } else { at_hub };
        to.reached(point);
    }
}

fn tell<E>(to: Answer<E>, outcome: Result<(), E>) {
    if to.send(outcome).is_err() {
        tracing::debug!("a caller did not wait for the outcome");
    }
}

/// A transaction is staged; as hub and as follower.
const BEFORE_COMMIT: (CrashPoint, CrashPoint) = (
    CrashPoint::AppendBeforeCommit,
    CrashPoint::FollowBeforeCommit,
);
/// A transaction is durable; as hub and as follower.
const AFTER_COMMIT: (CrashPoint, CrashPoint) =
    (CrashPoint::AppendAfterCommit, CrashPoint::FollowAfterCommit);

/// Jobs that may wait for the writer.
const QUEUE_LEN_MAX: usize = 1_024;
/// How long a job waits for its place in the queue.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// How long a job in the queue waits for its outcome.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// Jobs one transaction takes.
const BATCH_JOBS_MAX: usize = 256;
/// Bytes after which a batch takes no further job.
const BATCH_BYTES_MAX: usize = 1_024 * 1_024;
/// What a watermark counts for.
const MARK_BYTES: usize = 256;
