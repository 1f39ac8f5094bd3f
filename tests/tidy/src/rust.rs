//! Just enough reading of Rust source: where tests stand, and which ids a line names.

use crate::Tree;

/// A place where a test names a requirement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TestCitation {
    /// The id.
    pub id: String,
    /// File of the test.
    pub path: String,
    /// Name of the test function.
    pub function: String,
}

/// Whether a whole file is test code. This crate's own fixtures are no tests of Holm.
pub fn is_test_file(path: &str) -> bool {
    !is_own(path)
        && (path.starts_with("tests/")
            || path.contains("/tests/")
            || path.ends_with("/tests.rs")
            || path.ends_with("/model.rs"))
}

/// Whether the file belongs to this crate.
pub fn is_own(path: &str) -> bool {
    path.starts_with("tests/tidy/")
}

/// The number of the line from which on a file is test code: 0 for a test file, the line of its
/// `#[cfg(test)]` module otherwise, its length where there is none.
pub fn test_start(path: &str, text: &str) -> usize {
    if is_test_file(path) {
        return 0;
    }
    text.lines()
        .position(|line| line.trim() == "#[cfg(test)]")
        .unwrap_or_else(|| text.lines().count())
}

/// The ids that a text names, like `LOG-3`; numbers of standards are not ids.
pub fn ids(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    words
        .filter(|word| is_id(word))
        .map(ToOwned::to_owned)
        .collect()
}

fn is_id(word: &str) -> bool {
    let Some((prefix, number)) = word.split_once('-') else {
        return false;
    };
    (2..=5).contains(&prefix.len())
        && prefix.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=3).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && !STANDARDS.contains(&prefix)
}

/// Every test function of the tree: path and name.
pub fn test_functions(tree: &Tree) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, text) in tree.ending(".rs").filter(|(path, _)| !is_own(path)) {
        let lines = text.lines().skip(test_start(path, text));
        found.extend(
            lines
                .filter_map(function_name)
                .map(|name| (path.to_owned(), name)),
        );
    }
    found
}

/// What tests cite: ids in the comments above a function, or inside it. A test's name is a
/// sentence of three words at least; what a function of another name cites does not count.
pub fn test_citations(tree: &Tree) -> Vec<TestCitation> {
    let files = tree.ending(".rs").filter(|(path, _)| !is_own(path));
    files
        .flat_map(|(path, text)| citations_of(path, text))
        .filter(|citation| citation.function.matches('_').count() >= 2)
        .collect()
}

fn citations_of(path: &str, text: &str) -> Vec<TestCitation> {
    let (mut found, mut above) = (Vec::new(), Vec::new());
    let mut open: Option<(usize, String)> = None;
    for line in text.lines().skip(test_start(path, text)) {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with("//!") {
            continue;
        }
        if let Some(name) = function_name(line) {
            above.extend(ids(line));
            found.extend(above.drain(..).map(|id| cited(id, path, &name)));
            open = Some((indent, name));
        } else if let Some((_, name)) = open.as_ref().filter(|(outer, _)| indent > *outer) {
            found.extend(ids(line).into_iter().map(|id| cited(id, path, name)));
        } else if line.trim_start().starts_with("//") {
            above.extend(ids(line));
        }
    }
    found
}

fn cited(id: String, path: &str, function: &str) -> TestCitation {
    TestCitation {
        id,
        path: path.to_owned(),
        function: function.to_owned(),
    }
}

fn function_name(line: &str) -> Option<String> {
    let (before, after) = line.split_once("fn ")?;
    let declares = before
        .split_whitespace()
        .all(|word| ["pub", "pub(crate)", "pub(super)", "async", "const"].contains(&word));
    let name: String = after
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    (declares && !name.is_empty()).then_some(name)
}

/// Prefixes that look like an id and are the number of something else.
const STANDARDS: &[&str] = &[
    "SHA", "UTF", "AES", "RFC", "ISO", "TLS", "MLS", "ADR", "CVE", "HTTP", "IPV", "BSD", "MIT",
    "MPL", "SQL", "ML", "FIPS", "ECDSA", "X",
];
