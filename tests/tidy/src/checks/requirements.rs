//! Requirement ids, closed on three sides: a chapter defines, code enforces, a test names.
//!
//! A citation in code is a comment of product code; one in a test stands above or inside a
//! function of a test, in a vectors file that a test reads, or in a table of the conformance kit.

use std::collections::{BTreeMap, BTreeSet};

use crate::rust::{ids, is_own, test_citations, test_start};
use crate::spec::{LIST, Requirement, chapters, definitions, listed};
use crate::{Finding, Tree};

const NAME: &str = "requirements";
/// How a line of the kit's tables begins that cites.
const CITES: &str = "cites = ";

/// Compares chapters, list, code and tests.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let defined = definitions(tree);
    let mut found = check_list(tree, &defined);
    found.extend(check_definitions(&defined));
    found.extend(check_cited(tree, &defined));
    found.extend(check_known(tree, &defined));
    found
}

/// One line a requirement: its id, how many tests name it, and which.
pub fn table(tree: &Tree) -> Vec<String> {
    let tests = tests_by_id(tree);
    let line = |r: &Requirement| {
        let named = tests.get(&r.id).cloned().unwrap_or_default();
        let names: Vec<_> = named.iter().take(3).cloned().collect();
        let more = named.len().saturating_sub(names.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        format!("{:<9}{:>3}  {}{more}", r.id, named.len(), names.join(", "))
    };
    definitions(tree).iter().map(line).collect()
}

fn check_list(tree: &Tree, defined: &[Requirement]) -> Vec<Finding> {
    match listed(tree) {
        Ok(list) if list == defined => Vec::new(),
        Ok(_) => vec![Finding::new(
            NAME,
            LIST,
            "differs from the chapters: run `tests/run regenerate`",
        )],
        Err(e) => vec![Finding::new(NAME, LIST, e)],
    }
}

fn check_definitions(defined: &[Requirement]) -> Vec<Finding> {
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    for r in defined {
        let place = format!("spec/{}.md", r.chapter);
        if !seen.insert(&r.id) {
            found.push(Finding::new(
                NAME,
                &place,
                format!("{} is defined twice", r.id),
            ));
        }
        if r.level.is_empty() {
            let what = format!("{} has neither MUST, SHOULD nor MAY", r.id);
            found.push(Finding::new(NAME, &place, what));
        }
    }
    found
}

fn check_cited(tree: &Tree, defined: &[Requirement]) -> Vec<Finding> {
    let (code, tests) = (code_ids(tree), tests_by_id(tree));
    let mut found = Vec::new();
    for r in defined {
        let place = format!("spec/{}.md", r.chapter);
        if !code.contains(&r.id) {
            let what = format!("{} is cited by no code that enforces it", r.id);
            found.push(Finding::new(NAME, &place, what));
        }
        if !tests.contains_key(&r.id) {
            found.push(Finding::new(NAME, &place, format!("{} has no test", r.id)));
        }
    }
    found
}

/// No id is cited that no chapter defines.
fn check_known(tree: &Tree, defined: &[Requirement]) -> Vec<Finding> {
    let known: BTreeSet<_> = defined.iter().map(|r| r.id.as_str()).collect();
    let sources = tree.ending(".rs").filter(|(path, _)| !is_own(path));
    let texts = sources.chain(chapters(tree)).chain(vectors(tree));
    let whole = texts.map(|(path, text)| (path, text, ""));
    let tables = kit_tables(tree).map(|(path, text)| (path, text, CITES));
    let mut found = Vec::new();
    for (path, text, begin) in whole.chain(tables) {
        let lines = text.lines().enumerate();
        for (index, line) in lines.filter(|(_, line)| line.starts_with(begin)) {
            let unknown = ids(line)
                .into_iter()
                .filter(|id| !known.contains(id.as_str()));
            found.extend(unknown.map(|id| {
                Finding::at(
                    NAME,
                    path,
                    index + 1,
                    format!("{id} is defined in no chapter"),
                )
            }));
        }
    }
    found
}

/// Ids in the product part of the sources.
fn code_ids(tree: &Tree) -> BTreeSet<String> {
    let sources = tree.ending(".rs").filter(|(path, _)| !is_own(path));
    sources
        .flat_map(|(path, text)| {
            let lines = text.lines().take(test_start(path, text));
            lines.flat_map(ids).collect::<Vec<_>>()
        })
        .collect()
}

fn tests_by_id(tree: &Tree) -> BTreeMap<String, BTreeSet<String>> {
    let mut tests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for citation in test_citations(tree) {
        let name = citation.function;
        tests.entry(citation.id).or_default().insert(name);
    }
    let read = test_text(tree);
    for (path, text) in vectors(tree) {
        let file = path.rsplit('/').next().unwrap_or(path);
        if read.contains(file) {
            for id in ids(text) {
                tests.entry(id).or_default().insert(file.to_owned());
            }
        }
    }
    for (path, text) in kit_tables(tree) {
        let file = path.rsplit('/').next().unwrap_or(path);
        let cites = text.lines().filter(|line| line.starts_with(CITES));
        for id in cites.flat_map(ids) {
            let name = format!("the kit's {file}");
            tests.entry(id).or_default().insert(name);
        }
    }
    tests
}

/// Tables of the conformance kit; what a case of theirs cites stands in a line of its own.
fn kit_tables(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.ending(".toml")
        .filter(|(path, _)| path.starts_with("tests/conformance/cases/"))
}

fn vectors(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.ending(".json")
        .filter(|(path, _)| path.starts_with("spec/vectors/"))
}

fn test_text(tree: &Tree) -> String {
    let sources = tree.ending(".rs").filter(|(path, _)| !is_own(path));
    sources
        .flat_map(|(path, text)| text.lines().skip(test_start(path, text)))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::render;

    const CHAPTER: &str = "**AB-1** A name MUST do.\n";
    const CODE: &str =
        "//! What (AB-1).\n#[cfg(test)]\nmod tests {\n    // AB-1\n    fn a_name_does() {}\n}\n";

    fn findings(chapter: &str, code: &str) -> Vec<String> {
        let list = render(&definitions(&Tree::of(&[("spec/01-a.md", chapter)])));
        let files = [
            ("spec/01-a.md", chapter),
            (LIST, &list),
            ("a/src/lib.rs", code),
        ];
        check(&Tree::of(&files))
            .into_iter()
            .map(|f| f.what)
            .collect()
    }

    #[test]
    fn an_id_that_is_defined_enforced_and_tested_is_fine() {
        assert_eq!(findings(CHAPTER, CODE), Vec::<String>::new());
    }

    #[test]
    fn an_id_without_test_or_code_is_found() {
        assert_eq!(
            findings(CHAPTER, "//! What (AB-1).\n"),
            ["AB-1 has no test"]
        );
        let only_test = CODE.replace("What (AB-1)", "What");
        assert_eq!(
            findings(CHAPTER, &only_test),
            ["AB-1 is cited by no code that enforces it"]
        );
    }

    #[test]
    fn what_a_helper_of_a_test_cites_does_not_count() {
        let helper = CODE.replace("a_name_does", "read");
        assert_eq!(findings(CHAPTER, &helper), ["AB-1 has no test"]);
    }

    #[test]
    fn an_id_that_no_chapter_defines_is_found() {
        let found = findings(CHAPTER, &CODE.replace("What", "AB-2"));
        assert_eq!(found, ["AB-2 is defined in no chapter"]);
    }

    #[test]
    fn an_id_defined_twice_or_without_a_strong_word_is_found() {
        let twice = format!("{CHAPTER}\n{CHAPTER}");
        assert!(findings(&twice, CODE).contains(&"AB-1 is defined twice".to_owned()));
        assert_eq!(findings("**AB-1** A name does.\n", CODE).len(), 1);
    }

    #[test]
    fn a_list_that_differs_from_the_chapters_is_found() {
        let files = [
            ("spec/01-a.md", CHAPTER),
            (LIST, ""),
            ("a/src/lib.rs", CODE),
        ];
        assert!(check(&Tree::of(&files))[0].what.contains("differs"));
    }

    #[test]
    fn a_vectors_file_counts_where_a_test_reads_it() {
        let list = render(&definitions(&Tree::of(&[("spec/01-a.md", CHAPTER)])));
        let code = |test: &str| {
            format!("//! AB-1\n#[cfg(test)]\nmod tests {{\n    fn it_is_read() {{ {test} }}\n}}\n")
        };
        let count = |code: &str| {
            let vectors = ("spec/vectors/a.json", "{\"id\": \"AB-1\"}");
            let files = [
                ("spec/01-a.md", CHAPTER),
                (LIST, &list),
                ("a/src/l.rs", code),
                vectors,
            ];
            check(&Tree::of(&files)).len()
        };
        assert_eq!(count(&code("\"a.json\"")), 0);
        assert_eq!(count(&code("")), 1);
    }
}
