//! Running cases side by side.
//!
//! Those that take long begin first; those that need the server for themselves come last, one
//! after another. The results stand in the order of ids whatever order they came in.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::{FutureExt, StreamExt};

use crate::case::{Case, Outcome};
use crate::target::Target;

/// A case with what became of it.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The case.
    pub case: Case,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took, milliseconds.
    pub took_ms: u128,
}

/// Runs cases, at most `jobs` at a time; `told` hears of each one that ends.
pub async fn run(
    cases: Vec<Case>,
    target: &Arc<Target>,
    jobs: usize,
    mut told: impl FnMut(&Finished),
) -> Vec<Finished> {
    let (alone, mut together): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.alone);
    together.sort_by(|a, b| b.limit.cmp(&a.limit).then_with(|| a.id.cmp(&b.id)));
    let mut finished = Vec::new();
    for (cases, jobs) in [(together, jobs.max(1)), (alone, 1)] {
        let running = cases
            .into_iter()
            .map(|case| run_one(case, Arc::clone(target)));
        let mut running = futures::stream::iter(running).buffer_unordered(jobs);
        while let Some(one) = running.next().await {
            told(&one);
            finished.push(one);
        }
    }
    finished.sort_by(|a, b| a.case.id.cmp(&b.case.id));
    finished
}

async fn run_one(case: Case, target: Arc<Target>) -> Finished {
    let begun = tokio::time::Instant::now();
    // A task of its own, that a case which computes holds up no other.
    let work = AssertUnwindSafe((case.run)(target)).catch_unwind();
    let task = tokio::spawn(tokio::time::timeout(case.limit, work));
    let outcome = match task.await {
        Ok(Ok(Ok(outcome))) => outcome,
        Ok(Ok(Err(panic))) => Outcome::Fail(format!("the case panicked: {}", words(&*panic))),
        Ok(Err(_elapsed)) => Outcome::Fail(format!("not done after {} s", case.limit.as_secs())),
        Err(error) => Outcome::Fail(format!("the case was cut off: {error}")),
    };
    let took_ms = begun.elapsed().as_millis();
    Finished {
        case,
        outcome,
        took_ms,
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a word".to_owned())
}
