//! The committed list of cases and outcomes, and how a run differs from it.
//!
//! One JSON object a line, `{"case": …, "outcome": …}`, in the order of ids: a change of the kit or
//! of the server shows up in review as changed lines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::runner::Finished;

#[derive(Serialize, Deserialize)]
struct Line {
    case: String,
    outcome: String,
}

/// The list of a run.
pub fn render(finished: &[Finished]) -> String {
    let line = |one: &Finished| {
        let line = Line {
            case: one.case.id.clone(),
            outcome: one.outcome.name().to_owned(),
        };
        serde_json::to_string(&line).unwrap_or_default() + "\n"
    };
    finished.iter().map(line).collect()
}

/// How a run differs from a list, a line a difference. Cases that were not `wanted` are not missed.
///
/// # Errors
/// Where the list cannot be read.
pub fn differences(
    list: &str,
    finished: &[Finished],
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<String>, String> {
    let mut listed = BTreeMap::new();
    for line in list.lines() {
        let line: Line = serde_json::from_str(line).map_err(|e| format!("{line}: {e}"))?;
        listed.insert(line.case, line.outcome);
    }
    let mut found = Vec::new();
    for one in finished {
        let (id, now) = (&one.case.id, one.outcome.name());
        match listed.remove(id) {
            None => found.push(format!("{id}: not in the list, now {now}")),
            Some(before) if before != now => {
                found.push(format!("{id}: {before} before, now {now}"));
            }
            Some(_) => {}
        }
    }
    let missing = listed.into_keys().filter(|id| wanted(id));
    found.extend(missing.map(|id| format!("{id}: in the list, and there is no such case")));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{differences, render};
    use crate::case::{Case, Outcome, Role};
    use crate::runner::Finished;

    fn finished(id: &str, outcome: Outcome) -> Finished {
        let case = Case::new(Role::Client, id, "It does", "API-1", |_| async {
            Outcome::Pass
        });
        Finished {
            case,
            outcome,
            took_ms: 1,
        }
    }

    #[test]
    fn a_case_that_is_new_gone_or_ends_otherwise_is_a_difference() {
        let before = [finished("a", Outcome::Pass), finished("b", Outcome::Pass)];
        let list = render(&before);
        assert_eq!(differences(&list, &before, |_| true), Ok(vec![]));
        let now = [
            finished("b", Outcome::Fail("no".into())),
            finished("c", Outcome::Pass),
        ];
        let found = differences(&list, &now, |_| true).unwrap();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(differences("x", &now, |_| true).is_err());
    }
}
