//! Documents that lead nowhere, one of each kind.

use super::*;

fn findings(path: &str, text: &str) -> Vec<String> {
    let chapter = "# Names\n\n## 1. Servers\n";
    let tree = Tree::of(&[("spec/01-names.md", chapter), (path, text)]);
    check(&tree).into_iter().map(|f| f.what).collect()
}

#[test]
fn links_and_paths_that_lead_somewhere_are_fine() {
    let text = "[a](spec/01-names.md#1-servers) `spec/01-names.md` [b](https://a.example)\n";
    assert_eq!(findings("README.md", text), Vec::<String>::new());
    let up = "[a](../spec/01-names.md)\n```\n`spec/gone.md`\n```\n";
    assert_eq!(findings("docs/a.md", up), Vec::<String>::new());
}

#[test]
fn a_link_an_anchor_and_a_path_that_lead_nowhere_are_found() {
    assert_eq!(findings("README.md", "[a](spec/02.md)\n").len(), 1);
    assert_eq!(
        findings("README.md", "[a](spec/01-names.md#2-users)\n").len(),
        1
    );
    assert_eq!(findings("README.md", "`spec/gone.md`\n").len(), 1);
}

#[test]
fn references_from_code_to_chapters_and_sections_are_followed() {
    let fine = "//! What (spec 01 §1; see README.md).\n";
    assert_eq!(findings("a/src/lib.rs", fine), ["there is no README.md"]);
    assert_eq!(findings("a/src/lib.rs", "//! spec 01 §1, §2\n").len(), 1);
    assert_eq!(findings("a/src/lib.rs", "//! spec 07\n").len(), 1);
}
