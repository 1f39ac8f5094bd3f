//! Versions in Cargo.lock lie at or above the floors that known vulnerabilities set.
//!
//! The advisory database is not reachable where the tests run, so the floors stand here; they
//! only rise.

use crate::{Finding, Tree};

const NAME: &str = "version floors";

/// Package (a `*` at the end means every name that begins so) and its lowest version.
const FLOORS: &[(&str, &str)] = &[
    ("h2", "0.4.16"),
    ("hyper", "1.0.0"),
    ("tungstenite", "0.20.1"),
    ("tokio", "1.44.2"),
    ("rustls", "0.23.18"),
    ("rustls-webpki", "0.103.13"),
    ("hickory-*", "0.26.1"),
    ("sqlx", "0.8.1"),
    ("rusqlite", "0.26.2"),
    ("libsqlite3-sys", "0.25.1"),
    ("ring", "0.17.12"),
    ("ed25519-dalek", "2.0.0"),
    ("curve25519-dalek", "4.1.3"),
    ("openmls", "0.9.0"),
    ("hpke-rs", "0.6.0"),
    ("libcrux-ed25519", "0.0.7"),
    ("bytes", "1.11.1"),
    ("time", "0.3.47"),
    ("idna", "1.0.3"),
    ("url", "2.5.4"),
    ("slab", "0.4.11"),
    ("crossbeam-channel", "0.5.15"),
    ("quinn-proto", "0.11.15"),
];

/// Reads the lock file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(lock) = tree.text("Cargo.lock") else {
        return vec![Finding::new(NAME, "Cargo.lock", "is missing")];
    };
    let Ok(lock) = toml::from_str::<toml::Table>(lock) else {
        return vec![Finding::new(NAME, "Cargo.lock", "cannot be read")];
    };
    let packages = lock.get("package").and_then(toml::Value::as_array);
    packages
        .into_iter()
        .flatten()
        .filter_map(below_floor)
        .collect()
}

fn below_floor(package: &toml::Value) -> Option<Finding> {
    let text = |key| package.get(key).and_then(toml::Value::as_str);
    let (name, version) = (text("name")?, text("version")?);
    let (_, floor) = FLOORS.iter().find(|(pattern, _)| matches(pattern, name))?;
    let what = format!("{name} {version} lies below {floor}: run `cargo update -p {name}`");
    (numbers(version) < numbers(floor)).then(|| Finding::new(NAME, "Cargo.lock", what))
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

fn numbers(version: &str) -> Vec<u64> {
    let release = version.split(['-', '+']).next().unwrap_or_default();
    release.split('.').map(|n| n.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, version: &str) -> usize {
        let lock = format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
        check(&Tree::of(&[("Cargo.lock", &lock)])).len()
    }

    #[test]
    fn a_version_at_or_above_its_floor_is_fine() {
        assert_eq!(findings("h2", "0.4.16"), 0);
        assert_eq!(findings("hickory-proto", "0.27.0"), 0);
        assert_eq!(findings("anything", "0.0.1"), 0);
    }

    #[test]
    fn a_version_below_its_floor_is_found() {
        assert_eq!(findings("h2", "0.4.9"), 1);
        assert_eq!(findings("hickory-proto", "0.25.2"), 1);
    }
}
