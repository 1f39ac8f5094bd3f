//! The table of problem codes in the specification is the one in the code.

use std::collections::BTreeMap;

use holm_protocol::Code;

use crate::{Finding, Tree};

const NAME: &str = "problem codes";
const CHAPTER: &str = "spec/10-problems.md";

/// Compares code, status and title of every row.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(CHAPTER) else {
        return vec![Finding::new(NAME, CHAPTER, "is missing")];
    };
    compare(&stated(text))
}

fn compare(stated: &BTreeMap<String, (String, String)>) -> Vec<Finding> {
    let wrong = Code::ALL.iter().filter_map(|code| {
        let row = (code.status().to_string(), code.title().to_owned());
        match stated.get(code.as_str()) {
            Some(found) if *found == row => None,
            Some(_) => Some(format!("{} is {row:?} in the code", code.as_str())),
            None => Some(format!("{} {row:?} is missing", code.as_str())),
        }
    });
    let known = |name: &str| Code::ALL.iter().any(|code| code.as_str() == name);
    let extra = stated.keys().filter(|name| !known(name));
    wrong
        .chain(extra.map(|name| format!("{name} is not in the code")))
        .map(|what| Finding::new(NAME, CHAPTER, what))
        .collect()
}

/// Code to status and title, of the rows that begin with a code in code font and a status.
fn stated(chapter: &str) -> BTreeMap<String, (String, String)> {
    let rows = chapter.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let code = cells.next()?.trim_matches('`').to_owned();
        let status = cells.next()?.to_owned();
        status.parse::<u16>().ok()?;
        Some((code, (status, cells.next()?.to_owned())))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> String {
        let row = |c: &Code| format!("| `{}` | {} | {} |\n", c.as_str(), c.status(), c.title());
        Code::ALL.iter().map(row).collect()
    }

    #[test]
    fn the_whole_table_is_fine() {
        assert_eq!(compare(&stated(&full())), []);
    }

    #[test]
    fn a_missing_wrong_or_extra_row_is_found() {
        assert_eq!(compare(&stated(&full().replacen("400", "418", 1))).len(), 1);
        assert_eq!(
            compare(&stated(&full().replacen("malformed", "misshapen", 1))).len(),
            2
        );
    }
}
