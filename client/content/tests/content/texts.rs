//! Markdown: who is mentioned, and what is left without its marks.

use holm_content::{Text, mentions};

fn text(source: &str) -> Text {
    Text {
        source: source.into(),
        markdown: true,
    }
}

// MSG-8
#[test]
fn who_is_linked_to_is_mentioned_once_and_in_order() {
    let said = text(
        "[@Bob](mimi://islet.test/u/bob), ask [@Alice](mimi://islet.test/u/alice) and \
         [Bob](mimi://islet.test/u/bob), see [this](https://example.com/u/carol) or \
         [a room](mimi://islet.test/r/aaaaaaaaaaaaaaaa) `[c](mimi://islet.test/u/code)`",
    );
    let users: Vec<String> = mentions(&said).iter().map(ToString::to_string).collect();
    assert_eq!(
        users,
        ["mimi://islet.test/u/bob", "mimi://islet.test/u/alice"]
    );
    let plain = Text {
        markdown: false,
        ..said
    };
    assert!(mentions(&plain).is_empty());
}

// MSG-4
#[test]
fn without_its_marks_a_text_is_what_people_would_read() {
    for (source, plain) in [
        ("__Good  work__!", "Good  work!"),
        ("# Title\n\n- one\n- two", "Title\none\ntwo"),
        ("- [x] done\n- [ ] open", "[x] done\n[ ] open"),
        ("a <b>b</b> c", "a <b>b</b> c"),
        ("~~no~~ `code` [here](https://example.com)", "no code here"),
        ("https://example.com", "https://example.com"),
        ("", ""),
    ] {
        assert_eq!(text(source).plain(), plain, "{source}");
    }
    let as_it_is = Text {
        source: "*not* markdown".into(),
        markdown: false,
    };
    assert_eq!(as_it_is.plain(), "*not* markdown");
}
