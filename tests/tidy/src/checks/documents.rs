//! Links and paths in documents lead somewhere, and so do references from code to the spec.
//!
//! A document that names what is gone misleads for years; here it fails the next run.

use crate::rust::is_own;
use crate::{Finding, Tree};

const NAME: &str = "documents";

/// Top folders: a code span that begins with one is a path.
const FOLDERS: &[&str] = &[
    "spec/",
    "federation/",
    "client-api/",
    "homeserver/",
    "client/",
    "tests/",
    "docs/",
    "docker/",
    ".ci/",
    ".cargo/",
];

/// Looks at every Markdown file, and at the comments of every source.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let documents = tree.ending(".md").flat_map(|(path, text)| {
        prose(text).flat_map(move |(line, text)| {
            let wrong = broken_links(tree, path, text)
                .into_iter()
                .chain(gone_paths(tree, text));
            wrong
                .map(move |what| Finding::at(NAME, path, line, what))
                .collect::<Vec<_>>()
        })
    });
    let sources = tree.ending(".rs").filter(|(path, _)| !is_own(path));
    let comments = sources.flat_map(|(path, text)| {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, l)| l.trim_start().starts_with("//"));
        lines.flat_map(move |(index, line)| {
            let wrong = dead_references(tree, line);
            wrong
                .into_iter()
                .map(move |what| Finding::at(NAME, path, index + 1, what))
        })
    });
    documents.chain(comments).collect()
}

/// Lines outside code fences, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        (!fenced && !is_fence).then_some((index + 1, line))
    })
}

fn broken_links(tree: &Tree, path: &str, line: &str) -> Vec<String> {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .filter(|target| !resolves(tree, path, target))
        .map(|target| format!("the link {target} leads nowhere"))
        .collect()
}

fn resolves(tree: &Tree, from: &str, target: &str) -> bool {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => from.to_owned(),
        relative => join(from, relative),
    };
    tree.exists(&path)
        && (anchor.is_empty()
            || tree
                .text(&path)
                .is_some_and(|t| headings(t).any(|h| h == anchor)))
}

/// The path of `relative` seen from the folder of the file `from`.
fn join(from: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Anchors of the headings, as GitHub makes them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
}

fn gone_paths(tree: &Tree, line: &str) -> Vec<String> {
    let spans = line.split('`').skip(1).step_by(2);
    spans
        .filter_map(|span| span.split_whitespace().next())
        .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains(['<', '{', '*', '…', ':']))
        .filter(|word| !tree.exists(word))
        .map(|word| format!("the path {word} does not exist"))
        .collect()
}

/// `spec 03 §4` names a chapter and a section; a word that ends in `.md` names a document.
fn dead_references(tree: &Tree, line: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for rest in line.split("spec ").skip(1) {
        let chapter: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if chapter.len() == 2 {
            let sections = sections_named(&rest[2..]);
            wrong.extend(
                sections
                    .into_iter()
                    .filter_map(|s| missing(tree, &chapter, &s)),
            );
        }
    }
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || "./-_".contains(c)));
    let documents = words
        .map(|w| w.trim_end_matches('.'))
        .filter(|w| w.strip_suffix(".md").is_some_and(|name| !name.is_empty()));
    wrong.extend(
        documents
            .filter(|d| !tree.exists(d))
            .map(|d| format!("there is no {d}")),
    );
    wrong
}

/// The sections named right after a chapter's number: ` §1, §2`; an empty one for the chapter.
fn sections_named(rest: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    let mut rest = rest;
    while let Some(after) = rest.trim_start_matches([' ', ',']).strip_prefix('§') {
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        rest = &after[digits.len()..];
        sections.push(digits);
    }
    sections
}

fn missing(tree: &Tree, chapter: &str, section: &str) -> Option<String> {
    let beginning = format!("spec/{chapter}-");
    let Some((path, text)) = tree.ending(".md").find(|(p, _)| p.starts_with(&beginning)) else {
        return Some(format!("the specification has no chapter {chapter}"));
    };
    let heading = format!("## {section}. ");
    let known = section.is_empty() || text.lines().any(|line| line.starts_with(&heading));
    (!known).then(|| format!("{path} has no section {section}"))
}

#[cfg(test)]
#[path = "documents/tests.rs"]
mod tests;
