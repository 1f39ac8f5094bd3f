//! Writes `spec/requirements.toml` from the chapters where `HOLM_REGENERATE` is set.

use std::path::Path;

use holm_tidy::{Tree, spec};

#[test]
fn the_list_of_requirements_is_what_the_chapters_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tree = Tree::read(&root).unwrap();
    let rendered = spec::render(&spec::definitions(&tree));
    if std::env::var_os("HOLM_REGENERATE").is_some() {
        std::fs::write(root.join(spec::LIST), &rendered).unwrap();
    } else {
        assert_eq!(tree.text(spec::LIST), Some(rendered.as_str()));
    }
}
