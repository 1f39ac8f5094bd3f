//! The status page claims nothing without a test that exists.
//!
//! Its tables have the columns feature, state, proof. `works` and `partly, …` need a proof: names of
//! test functions in code font. `partly` says what is missing.

use std::collections::BTreeSet;

use crate::rust::test_functions;
use crate::{Finding, Tree};

const NAME: &str = "status";
const PAGE: &str = "docs/status.md";

/// Reads every row.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(PAGE) else {
        return vec![Finding::new(NAME, PAGE, "is missing")];
    };
    let known: BTreeSet<String> = test_functions(tree)
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    let rows = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with('|'));
    rows.flat_map(|(index, line)| {
        let wrong = check_row(line, &known);
        wrong
            .into_iter()
            .map(move |what| Finding::at(NAME, PAGE, index + 1, what))
    })
    .collect()
}

fn check_row(row: &str, known: &BTreeSet<String>) -> Vec<String> {
    let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
    let [feature, state, proof] = cells.as_slice() else {
        return vec!["a row has three columns: feature, state, proof".into()];
    };
    match *state {
        "state" | "not yet" => Vec::new(),
        _ if state.starts_with("--") => Vec::new(),
        "works" => check_proof(feature, proof, known),
        _ if state.starts_with("partly, ") => check_proof(feature, proof, known),
        other => vec![format!(
            "`{other}` is not one of: works; partly, and what is missing; not yet"
        )],
    }
}

fn check_proof(feature: &str, proof: &str, known: &BTreeSet<String>) -> Vec<String> {
    let names: Vec<_> = proof.split('`').skip(1).step_by(2).collect();
    if names.is_empty() {
        return vec![format!("`{feature}` has no proof")];
    }
    let gone = names.into_iter().filter(|name| {
        let function = name.rsplit("::").next().unwrap_or(name);
        !known.contains(function)
    });
    gone.map(|name| format!("there is no test {name}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(row: &str) -> usize {
        let page = format!("| feature | state | proof |\n| --- | --- | --- |\n{row}\n");
        let code = "//! Tests.\nfn two_users_talk() {}\n";
        check(&Tree::of(&[(PAGE, &page), ("a/tests/b.rs", code)])).len()
    }

    #[test]
    fn a_claim_with_a_test_is_fine_and_so_is_an_honest_no() {
        assert_eq!(findings("| talk | works | `two_users_talk` |"), 0);
        assert_eq!(
            findings("| talk | partly, in a low voice | `two_users_talk` |"),
            0
        );
        assert_eq!(findings("| fly | not yet | |"), 0);
    }

    #[test]
    fn a_claim_without_a_test_that_exists_is_found() {
        assert_eq!(findings("| talk | works | |"), 1);
        assert_eq!(findings("| talk | works | `two_users_sing` |"), 1);
        assert_eq!(findings("| talk | splendid | `two_users_talk` |"), 1);
        assert_eq!(findings("| talk | partly | `two_users_talk` |"), 1);
    }
}
