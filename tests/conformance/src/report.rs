//! Results for people: a table, one line a case, and the sum.

use crate::case::Outcome;
use crate::runner::Finished;

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Skipped.
    pub skipped: usize,
}

impl Sum {
    /// Of these results.
    pub fn of(finished: &[Finished]) -> Self {
        let mut sum = Self::default();
        for one in finished {
            match one.outcome {
                Outcome::Pass => sum.passed += 1,
                Outcome::Fail(_) => sum.failed += 1,
                Outcome::Skip(_) => sum.skipped += 1,
            }
        }
        sum
    }

    /// In words.
    pub fn line(&self) -> String {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        format!(
            "{} cases: {passed} passed, {failed} failed, {skipped} skipped",
            passed + failed + skipped
        )
    }
}

/// A line a case: outcome, time, id, what it cites; the reason below, where it did not pass.
pub fn table(finished: &[Finished]) -> Vec<String> {
    finished.iter().flat_map(lines).collect()
}

fn lines(one: &Finished) -> Vec<String> {
    let case = &one.case;
    let cites = [case.requirements.join(" "), case.attacks.join(" ")].join(" ");
    let line = format!(
        "{:<5}{:>7} ms  {:<56} {}",
        one.outcome.name(),
        one.took_ms,
        case.id,
        cites.trim()
    );
    let reason = one.outcome.reason();
    let why = reason.map(|reason| format!("      {}\n      {reason}", case.title));
    std::iter::once(line).chain(why).collect()
}
