//! Crates depend only along the drawn direction, and heavy libraries stay in their one place.
//!
//! The drawing stands in ARCHITECTURE.md; a crate that is not drawn here is refused, so the
//! drawing is complete. Dev-dependencies are free: tests may reach across.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Finding, Tree};

const NAME: &str = "directions";

/// Every crate with those of our own crates it may depend on.
const DRAWN: &[(&str, &[&str])] = &[
    ("holm-protocol", &[]),
    ("holm-mls", &["holm-protocol"]),
    ("holm-client-types", &["holm-protocol"]),
    ("holm-content", &["holm-protocol"]),
    ("holm-core", &["holm-protocol", "holm-mls"]),
    ("holm-storage", &["holm-protocol", "holm-core"]),
    ("holm-federation", &["holm-protocol", "holm-core"]),
    (
        "holm-client-api",
        &["holm-protocol", "holm-core", "holm-client-types"],
    ),
    (
        "holm-sdk",
        &[
            "holm-protocol",
            "holm-mls",
            "holm-client-types",
            "holm-content",
        ],
    ),
    (
        "holm-cli",
        &["holm-protocol", "holm-client-types", "holm-sdk"],
    ),
    (
        "holm",
        &[
            "holm-protocol",
            "holm-core",
            "holm-storage",
            "holm-federation",
            "holm-client-types",
            "holm-client-api",
            "holm-sdk",
            "holm-cli",
        ],
    ),
];

/// Crates that prove things and may name whatever they prove.
const TESTS: &[&str] = &[
    "holm-system-tests",
    "holm-load",
    "holm-tidy",
    "holm-model",
    "holm-fuzz",
    "holm-conformance",
    "holm-disk",
    "holm-history",
    "holm-simulation",
    "holm-chaos",
    "holm-fuzz-targets",
];

/// Libraries (by beginning of their name) with the only crates that may name them.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("openmls", &["holm-mls", "holm-sdk"]),
    ("sqlx", &["holm-storage", "holm-sdk"]),
    ("libsqlite3-sys", &["holm-storage", "holm-sdk"]),
    ("reqwest", &["holm-federation", "holm-sdk"]),
    ("hickory-resolver", &["holm-federation", "holm-sdk", "holm"]),
    ("hickory-server", &["holm"]),
    ("minicbor", &["holm-content"]),
    ("pulldown-cmark", &["holm-content"]),
    ("axum", &["holm-federation", "holm-client-api", "holm"]),
    ("tokio-tungstenite", &["holm-sdk", "holm-client-api"]),
];

/// What the pure crates never name: I/O, clocks, randomness of the system.
const PURE: &[&str] = &[
    "holm-protocol",
    "holm-mls",
    "holm-client-types",
    "holm-content",
];
const IMPURE: &[&str] = &["tokio", "getrandom", "hyper", "rustls"];

/// Reads every manifest.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.ending("/Cargo.toml");
    manifests
        .flat_map(|(path, text)| match toml::from_str::<toml::Table>(text) {
            Ok(manifest) => check_crate(path, &manifest),
            Err(e) => vec![Finding::new(NAME, path, format!("not a manifest: {e}"))],
        })
        .collect()
}

fn check_crate(path: &str, manifest: &toml::Table) -> Vec<Finding> {
    let name = manifest
        .get("package")
        .and_then(|p| p.get("name"))
        .and_then(toml::Value::as_str)
        .unwrap_or_default();
    if TESTS.contains(&name) {
        return Vec::new();
    }
    let drawn: BTreeMap<_, _> = DRAWN.iter().copied().collect();
    let Some(allowed) = drawn.get(name) else {
        return vec![Finding::new(
            NAME,
            path,
            format!("the crate {name} is not drawn: add it here and in ARCHITECTURE.md"),
        )];
    };
    let names = dependencies(manifest);
    let refusals = names.iter().filter_map(|on| refusal(name, on, allowed));
    refusals
        .map(|what| Finding::new(NAME, path, what))
        .collect()
}

fn refusal(name: &str, on: &str, allowed: &[&str]) -> Option<String> {
    let is_ours = DRAWN.iter().any(|(ours, _)| *ours == on) || TESTS.contains(&on);
    if is_ours && !allowed.contains(&on) {
        return Some(format!(
            "{name} depends on {on}, against the drawn direction"
        ));
    }
    if PURE.contains(&name) && IMPURE.contains(&on) {
        return Some(format!("{name} is pure and names {on}"));
    }
    let misplaced =
        |(library, homes): &&(&str, &[&str])| on.starts_with(library) && !homes.contains(&name);
    let (library, homes) = ONLY_IN.iter().find(misplaced)?;
    Some(format!(
        "{name} names {on}; {library} belongs in {}",
        homes.join(", ")
    ))
}

fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    let mut tables = vec![manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(
        targets
            .into_iter()
            .flat_map(|t| t.values().filter_map(toml::Value::as_table)),
    );
    let kinds = ["dependencies", "build-dependencies"];
    tables
        .iter()
        .flat_map(|table| kinds.iter().filter_map(|kind| table.get(*kind)?.as_table()))
        .flat_map(|dependencies| dependencies.iter().map(package_name))
        .collect()
}

/// The package behind a dependency, which may have been renamed.
fn package_name((name, value): (&String, &toml::Value)) -> String {
    let package = value.get("package").and_then(toml::Value::as_str);
    package.unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, rest: &str) -> Vec<Finding> {
        let text = format!("[package]\nname = \"{name}\"\n{rest}");
        check(&Tree::of(&[("a/Cargo.toml", &text)]))
    }

    #[test]
    fn a_dependency_along_the_direction_is_fine() {
        assert_eq!(
            findings("holm-core", "[dependencies]\nholm-mls.workspace = true"),
            []
        );
    }

    #[test]
    fn a_dependency_against_the_direction_is_found() {
        let found = findings("holm-core", "[dependencies]\nholm-storage.workspace = true");
        assert!(found[0].what.contains("against the drawn direction"));
    }

    #[test]
    fn a_renamed_or_target_dependency_is_found_as_well() {
        let renamed =
            "[target.'cfg(unix)'.dependencies]\nx = { package = \"holm-sdk\", version = \"1\" }";
        assert_eq!(findings("holm-core", renamed).len(), 1);
    }

    #[test]
    fn a_library_outside_its_place_is_found() {
        assert_eq!(
            findings("holm-core", "[dependencies]\nsqlx = \"1\"").len(),
            1
        );
        assert_eq!(
            findings("holm-core", "[dependencies]\nopenmls_traits = \"1\"").len(),
            1
        );
        assert_eq!(
            findings("holm-protocol", "[dependencies]\ntokio = \"1\"").len(),
            1
        );
    }

    #[test]
    fn a_dev_dependency_is_free() {
        assert_eq!(
            findings("holm-core", "[dev-dependencies]\nsqlx = \"1\""),
            []
        );
    }

    #[test]
    fn a_crate_that_is_not_drawn_is_found() {
        assert_eq!(findings("holm-extra", "").len(), 1);
    }
}
