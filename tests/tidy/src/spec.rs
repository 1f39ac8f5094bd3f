//! Reading the specification: requirements where chapters define them, and the list of them.
//!
//! A paragraph or list item that begins with an id in bold defines it; its words are the
//! requirement. `spec/requirements.toml` is written from the chapters, never by hand.

use serde::Deserialize;

use crate::Tree;

/// The list of all requirements.
pub const LIST: &str = "spec/requirements.toml";

/// One requirement, as a chapter states it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Requirement {
    /// Its id, like `LOG-3`.
    pub id: String,
    /// File name of its chapter, without ending.
    pub chapter: String,
    /// `MUST`, `SHOULD` or `MAY`: the strongest word in it; empty where it has none.
    pub level: String,
    /// What is required.
    pub text: String,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    requirement: Vec<Requirement>,
}

/// Every definition in the chapters, in order; an id defined twice stands here twice.
pub fn definitions(tree: &Tree) -> Vec<Requirement> {
    chapters(tree)
        .flat_map(|(path, text)| {
            let chapter = path.trim_start_matches("spec/").trim_end_matches(".md");
            definitions_of(chapter, text)
        })
        .collect()
}

/// The chapters: Markdown files of the spec folder itself.
pub fn chapters(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.ending(".md")
        .filter(|(path, _)| path.strip_prefix("spec/").is_some_and(|p| !p.contains('/')))
}

/// The list as it is committed.
///
/// # Errors
/// The reason, where it is no list.
pub fn listed(tree: &Tree) -> Result<Vec<Requirement>, String> {
    let text = tree.text(LIST).ok_or("the file is missing")?;
    let list: List = toml::from_str(text).map_err(|e| e.to_string())?;
    Ok(list.requirement)
}

/// The list as the chapters make it.
pub fn render(requirements: &[Requirement]) -> String {
    let entry = |r: &Requirement| {
        let (id, chapter, level) = (&r.id, &r.chapter, &r.level);
        let text = r.text.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "\n[[requirement]]\nid = \"{id}\"\nchapter = \"{chapter}\"\nlevel = \"{level}\"\ntext = \"{text}\"\n"
        )
    };
    let entries: Vec<_> = requirements.iter().map(entry).collect();
    format!("{HEADER}{}", entries.concat())
}

fn definitions_of(chapter: &str, text: &str) -> Vec<Requirement> {
    let mut found: Vec<Requirement> = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some((id, rest)) = definition_start(line) {
            inside = true;
            found.push(Requirement {
                id: id.to_owned(),
                chapter: chapter.to_owned(),
                level: String::new(),
                text: rest.to_owned(),
            });
        } else if ends_paragraph(line) {
            inside = false;
        } else if let (true, Some(last)) = (inside, found.last_mut()) {
            last.text = format!("{} {line}", last.text);
        }
    }
    for r in &mut found {
        r.level = level(&r.text).to_owned();
    }
    found
}

fn definition_start(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("- ").unwrap_or(line);
    let (id, rest) = line.strip_prefix("**")?.split_once("** ")?;
    (crate::rust::ids(id) == [id]).then_some((id, rest.trim()))
}

fn ends_paragraph(line: &str) -> bool {
    line.is_empty()
        || ["- ", "#", "|", "```"]
            .iter()
            .any(|mark| line.starts_with(mark))
}

fn level(text: &str) -> &'static str {
    ["MUST", "SHOULD", "MAY"]
        .into_iter()
        .find(|word| {
            text.split(|c: char| !c.is_ascii_alphabetic())
                .any(|w| w == *word)
        })
        .unwrap_or_default()
}

const HEADER: &str = "\
# Every requirement of the specification. Written from the chapters by `tests/run regenerate`;
# change the chapter, not this file. `tests/tidy` checks that code enforces and a test names each.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_runs_to_the_end_of_its_paragraph_and_keeps_its_strongest_word() {
        let text = "# 1\n\n**AB-1** A name MUST be\nlower case. It MAY be short.\n\nNot this.\n- **AB-2** You SHOULD rest.\n";
        let found = definitions_of("01-names", text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].text, "A name MUST be lower case. It MAY be short.");
        assert_eq!(
            (found[0].level.as_str(), found[1].level.as_str()),
            ("MUST", "SHOULD")
        );
    }

    #[test]
    fn the_list_reads_back_what_was_rendered() {
        let text = "**AB-1** A \"quoted\" name MUST do.\n";
        let made = definitions_of("01-names", text);
        let tree = Tree::of(&[(LIST, &render(&made))]);
        assert_eq!(listed(&tree), Ok(made));
    }
}
