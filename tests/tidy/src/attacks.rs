//! Attacks and faults by id: each has a test that cites it, or a line in `tests/attacks.toml` that
//! says why it cannot exist, or what has to be built first.
//!
//! A test cites an id in a comment; a case of the conformance kit in its list of what it cites.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::rust::{is_own, test_start};
use crate::{Finding, Tree};

const NAME: &str = "attacks";
/// The list of all ids.
pub const LIST: &str = "tests/attacks.toml";
/// Where the conformance kit lies.
const KIT: &str = "tests/conformance/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    title: String,
    cannot: Option<String>,
    later: Option<String>,
}

/// What the list and the tests say together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Attacks {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Ids with a test or case.
    pub tried: usize,
    /// Ids that cannot exist.
    pub impossible: usize,
    /// Ids that wait for something to be built, with what.
    pub later: Vec<String>,
}

/// Compares the list with the tests.
pub fn check(tree: &Tree) -> Attacks {
    let text = tree.text(LIST).unwrap_or_default();
    let list: BTreeMap<String, Attack> = match toml::from_str(text) {
        Ok(list) => list,
        Err(error) => {
            let findings = vec![Finding::new(NAME, LIST, format!("cannot be read: {error}"))];
            return Attacks {
                findings,
                ..Attacks::default()
            };
        }
    };
    let cited = cited(tree);
    let mut attacks = Attacks::default();
    for (id, attack) in &list {
        attacks.take(id, attack, cited.contains(id));
    }
    attacks
}

impl Attacks {
    fn take(&mut self, id: &str, attack: &Attack, is_tried: bool) {
        let mut wrong = |what: String| self.findings.push(Finding::new(NAME, LIST, what));
        if !is_id(id) || attack.title.is_empty() {
            wrong(format!(
                "{id}: an id is a letter and two digits, with a title"
            ));
        }
        match (is_tried, &attack.cannot, &attack.later) {
            (true, Some(_), _) => wrong(format!("{id} cannot exist, and a test cites it")),
            (_, Some(why), _) if !why.starts_with("because ") => {
                wrong(format!("{id}: say why it cannot exist: \"because …\""));
            }
            (_, _, Some(what)) if !is_marker(what) => {
                wrong(format!("{id}: say what it waits for: \"issue N builds …\""));
            }
            (false, None, None) => wrong(format!(
                "{id} ({}) is cited by no test, and no line says why it cannot exist",
                attack.title
            )),
            _ => {}
        }
        self.tried += usize::from(is_tried);
        self.impossible += usize::from(attack.cannot.is_some());
        let waits = attack.later.as_ref().filter(|_| !is_tried);
        self.later
            .extend(waits.map(|what| format!("{id}  not yet: {what}")));
    }

    /// For people: what waits, and how many are tried.
    pub fn lines(&self) -> Vec<String> {
        let sum = format!(
            "{} attacks and faults are tried, {} cannot exist, {} wait for what is built later",
            self.tried,
            self.impossible,
            self.later.len()
        );
        let findings = self.findings.iter().map(ToString::to_string);
        self.later
            .iter()
            .cloned()
            .chain(findings)
            .chain([sum])
            .collect()
    }
}

/// An explicit word on what comes first.
fn is_marker(what: &str) -> bool {
    ["issue ", "a later issue "]
        .iter()
        .any(|begin| what.starts_with(begin))
}

/// Ids that tests and cases cite.
fn cited(tree: &Tree) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in tree.ending(".rs").filter(|(path, _)| !is_own(path)) {
        let is_kit = path.starts_with(KIT);
        for line in text.lines().skip(test_start(path, text)) {
            let comment = line.find("//").map(|at| &line[at..]);
            let text = if is_kit { Some(line) } else { comment };
            found.extend(text.into_iter().flat_map(ids));
        }
    }
    for (_, text) in tree
        .ending(".toml")
        .filter(|(path, _)| path.starts_with(KIT))
    {
        let cites = text.lines().filter(|line| line.starts_with("cites"));
        found.extend(cites.flat_map(ids));
    }
    found
}

fn ids(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    words.filter(|word| is_id(word)).map(ToOwned::to_owned)
}

fn is_id(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 3
        && b"ABDFMQRSWX".contains(&bytes[0])
        && bytes[1..].iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::{LIST, check};
    use crate::Tree;

    fn findings(list: &str, test: &str) -> Vec<String> {
        let test = format!("//! It.\n#[cfg(test)]\nmod tests {{\n{test}\n}}\n");
        let tree = Tree::of(&[(LIST, list), ("a/src/lib.rs", &test)]);
        check(&tree).findings.into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn an_id_is_tried_or_impossible_or_waits() {
        let list = "[A01]\ntitle = \"one\"\n[A02]\ntitle = \"two\"\ncannot = \"because so\"\n[A03]\ntitle = \"three\"\nlater = \"issue 9 builds it\"\n";
        assert_eq!(findings(list, "// A01, LOG-1"), Vec::<String>::new());
        assert_eq!(findings(list, "// LOG-1").len(), 1);
        assert!(findings(list, "// A01 A02")[0].contains("cannot exist, and"));
    }

    #[test]
    fn reasons_are_spelt_out() {
        let vague =
            "[A01]\ntitle = \"one\"\ncannot = \"no\"\n[A02]\ntitle = \"two\"\nlater = \"soon\"\n";
        assert_eq!(findings(vague, "").len(), 2);
        assert_eq!(findings("[A1]\ntitle = \"one\"\n", "").len(), 2);
        assert_eq!(findings("nothing", "").len(), 1);
    }

    #[test]
    fn what_product_code_names_is_no_test() {
        let list = "[A01]\ntitle = \"one\"\n";
        let tree = Tree::of(&[
            (LIST, list),
            ("a/src/lib.rs", "//! A01\nlet a = \"A01\";\n"),
        ]);
        assert_eq!(check(&tree).findings.len(), 1);
        let cases = (
            "tests/conformance/cases/a.toml",
            "title = \"A01\"\ncites = \"A01\"\n",
        );
        let tree = Tree::of(&[(LIST, list), cases]);
        assert_eq!(check(&tree).findings.len(), 0);
    }
}
