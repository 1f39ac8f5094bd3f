//! No path of somebody's machine stands in the repository.

use crate::{Finding, Tree};

const NAME: &str = "machine paths";

/// Beginnings of such paths, written in pieces so that this file has none.
const BEGINNINGS: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

/// Looks at every line of every file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.files() {
        for (index, line) in text.lines().enumerate() {
            if let Some(beginning) = BEGINNINGS.iter().find(|b| names_path(line, b)) {
                let what = format!("names a path of one machine: {beginning}…");
                found.push(Finding::at(NAME, path, index + 1, what));
            }
        }
    }
    found
}

/// The beginning stands where a path begins, not inside a longer one.
fn names_path(line: &str, beginning: &str) -> bool {
    line.match_indices(beginning).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_ascii_alphanumeric() || "._-/}".contains(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_a_machine_is_found_and_a_longer_path_is_not() {
        let file = |text: &str| check(&Tree::of(&[("a.md", text)])).len();
        assert_eq!(file(&format!("see {}x", BEGINNINGS[2])), 1);
        assert_eq!(file(&format!("see docs{}x", BEGINNINGS[1])), 0);
        assert_eq!(file("see /etc/holm/holm.toml"), 0);
    }
}
