//! Numbers in the chapters are the numbers in the code, all of them.
//!
//! A table row that holds a constant's name in code font and a number states that constant.

use std::collections::BTreeMap;

use crate::{Finding, Tree};

const NAME: &str = "constants";

/// A chapter beside the file whose integer constants it lists.
const PAIRS: &[(&str, &str)] = &[
    ("spec/09-limits.md", "federation/protocol/src/limits.rs"),
    ("spec/08-sync.md", "client-api/types/src/frame.rs"),
];

/// Compares each pair.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let pair = |(chapter, code): &(&str, &str)| match (tree.text(chapter), tree.text(code)) {
        (Some(text), Some(source)) => compare(chapter, &stated(text), &constants(source)),
        _ => vec![Finding::new(NAME, *chapter, "is missing, or its code is")],
    };
    PAIRS.iter().flat_map(pair).collect()
}

fn compare(
    chapter: &str,
    stated: &BTreeMap<String, u64>,
    constants: &BTreeMap<String, u64>,
) -> Vec<Finding> {
    let wrong = constants
        .iter()
        .filter_map(|(name, value)| match stated.get(name) {
            Some(found) if found == value => None,
            Some(found) => Some(format!("{name} is {value} in the code and {found} here")),
            None => Some(format!("{name} = {value} is missing here")),
        });
    let extra = stated.keys().filter(|name| !constants.contains_key(*name));
    wrong
        .chain(extra.map(|name| format!("{name} is not in the code")))
        .map(|what| Finding::new(NAME, chapter, what))
        .collect()
}

/// Name and value of each row.
fn stated(chapter: &str) -> BTreeMap<String, u64> {
    let rows = chapter.lines().filter(|line| line.starts_with('|'));
    rows.filter_map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let name = cells.iter().find_map(|cell| {
            let name = cell.strip_prefix('`')?.strip_suffix('`')?;
            is_constant(name).then(|| name.to_owned())
        })?;
        let value = cells
            .iter()
            .find_map(|cell| cell.replace(',', "").parse().ok())?;
        Some((name, value))
    })
    .collect()
}

fn is_constant(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Name and value of each `pub const` whose value is made of numbers.
fn constants(source: &str) -> BTreeMap<String, u64> {
    source
        .lines()
        .filter_map(|line| {
            let declaration = line.trim().strip_prefix("pub const ")?.strip_suffix(';')?;
            let (name, rest) = declaration.split_once(':')?;
            let (_, expression) = rest.split_once('=')?;
            Some((name.to_owned(), value(expression.trim())?))
        })
        .collect()
}

/// A product of numbers, or a power of two less one.
fn value(expression: &str) -> Option<u64> {
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>().ok();
    if let Some(shift) = expression.strip_prefix("(1 << ") {
        let bits = number(shift.strip_suffix(") - 1")?)?;
        return 2_u64.checked_pow(u32::try_from(bits).ok()?)?.checked_sub(1);
    }
    expression.split('*').map(number).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "pub const A_MAX: usize = 64 * 1_024;\npub const NAME: &str = \"x\";\n";

    fn findings(chapter: &str) -> usize {
        compare("c", &stated(chapter), &constants(CODE)).len()
    }

    #[test]
    fn a_table_that_states_the_code_is_fine() {
        assert_eq!(findings("| AB-1 | `A_MAX` | 65,536 | bytes |\n"), 0);
    }

    #[test]
    fn a_power_of_two_less_one_is_a_number_too() {
        assert_eq!(value("(1 << 53) - 1"), Some(9_007_199_254_740_991));
        assert_eq!(value("\"text\""), None);
    }

    #[test]
    fn a_wrong_missing_or_extra_row_is_found() {
        assert_eq!(findings("| AB-1 | `A_MAX` | 65,535 |\n"), 1);
        assert_eq!(findings(""), 1);
        assert_eq!(findings("| `A_MAX` | 65,536 |\n| `B_MAX` | 1 |\n"), 1);
    }
}
