//! The shape of source files: a `//!` on top, never over 400 lines, nothing dropped in silence.

use crate::rust::{is_own, test_start};
use crate::{Finding, Tree};

const NAME: &str = "shape";
/// Lines of a source file at most.
const LINES_MAX: usize = 400;

/// Looks at every Rust file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.ending(".rs")
        .flat_map(|(path, text)| {
            let mut found = whole_file(path, text);
            if !is_own(path) {
                found.extend(lines(path, text));
            }
            found
        })
        .collect()
}

fn whole_file(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if !text.starts_with("//! ") {
        found.push(Finding::new(
            NAME,
            path,
            "begins without `//!`: say what it is and why",
        ));
    }
    let length = text.lines().count();
    if length > LINES_MAX {
        found.push(Finding::new(
            NAME,
            path,
            format!("{length} lines; {LINES_MAX} at most: split it by what it does"),
        ));
    }
    found
}

fn lines(path: &str, text: &str) -> Vec<Finding> {
    let tests = test_start(path, text);
    let numbered = text.lines().enumerate();
    numbered
        .filter_map(|(index, line)| {
            let what = line_finding(line, index < tests)?;
            Some(Finding::at(NAME, path, index + 1, what))
        })
        .collect()
}

fn line_finding(line: &str, is_product: bool) -> Option<&'static str> {
    if line.contains("TODO") && !line.contains("TODO(#") {
        return Some("a TODO carries an issue: TODO(#12)");
    }
    (is_product && line.contains("map_err(|_|"))
        .then_some("name what is dropped: `map_err(|_malformed| …)`, with the reason")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check(&Tree::of(&[("a/src/lib.rs", text)])).len()
    }

    #[test]
    fn a_file_that_says_what_it_is_is_fine() {
        assert_eq!(findings("//! What.\n"), 0);
    }

    #[test]
    fn a_file_without_a_beginning_or_too_long_is_found() {
        assert_eq!(findings("use a;\n"), 1);
        let lines = |n: usize| format!("//! What.\n{}", "\n".repeat(n - 1));
        assert_eq!(findings(&lines(400)), 0);
        assert_eq!(findings(&lines(401)), 1);
    }

    #[test]
    fn an_error_dropped_without_a_name_is_found_outside_tests() {
        let line = "    x.map_err(|_| y)\n";
        assert_eq!(findings(&format!("//! What.\n{line}")), 1);
        assert_eq!(findings(&format!("//! What.\n#[cfg(test)]\n{line}")), 0);
        assert_eq!(findings("//! What.\n// TODO later\n"), 1);
    }
}
