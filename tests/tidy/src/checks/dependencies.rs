//! Every shared dependency says what it is for.
//!
//! A comment stands above it, or above the run of lines it belongs to.

use crate::{Finding, Tree};

const NAME: &str = "dependencies";

/// Reads the root manifest.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let text = tree.text("Cargo.toml").unwrap_or_default();
    let (mut inside, mut commented, mut found) = (false, false, Vec::new());
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        } else if line.is_empty() {
            commented = false;
        } else if line.starts_with('#') {
            commented = true;
        } else if inside && !commented {
            let name = line.split([' ', '.', '=']).next().unwrap_or_default();
            let what = format!("{name} stands without a comment that says what it is for");
            found.push(Finding::at(NAME, "Cargo.toml", index + 1, what));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_with_a_comment_above_its_run_is_fine_and_one_without_is_found() {
        let text = "[workspace.dependencies]\n# For this.\na = \"1\"\nb = \"1\"\n\nc = \"1\"\n";
        let found = check(&Tree::of(&[("Cargo.toml", text)]));
        assert_eq!(found.len(), 1);
        assert!(found[0].place.ends_with(":6"));
    }
}
