//! The language-neutral vectors in `spec/vectors`, run case by case from their JSON.
//!
//! A file is read and each of its cases judged by the code, with nothing but what stands in the
//! case. Expected verdicts are written by hand in the modules here; only bytes, hashes and
//! signatures are computed. `HOLM_REGENERATE=1` writes the files anew before they are read, and
//! each test fails where a committed file is not what its module writes.

mod admissions;
mod authenticated_data;
mod bundles;
mod case;
mod chains;
mod credentials;
mod events;
mod heads;
mod identifiers;
mod json_bodies;
mod mls_headers;
mod order_ranks;
mod orders;
mod problem_codes;
mod proofs;
mod request_signatures;
mod room_extensions;
mod server_documents;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use case::{Case, write};

/// One file of vectors.
struct File {
    /// Its name without `.json`.
    name: &'static str,
    /// What it is about and which rule it shows.
    description: &'static str,
    /// What each member of a case means, as `member: meaning` lines.
    format: &'static [&'static str],
    /// What cases refer to by name.
    shared: Value,
    cases: Vec<Value>,
}

/// Meanings that hold in every file.
const COMMON: &[&str] = &[
    "name: what the case shows, in words",
    "requirements: ids of the rules in spec/requirements.toml",
    "(bytes): lower-case hexadecimal, unless a member's meaning says otherwise",
    "(keys): Ed25519; `seed` is a private key of RFC 8032, given where signatures are to be made anew",
];

impl File {
    fn path(&self) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
        folder.join(format!("{}.json", self.name))
    }

    fn content(&self) -> Value {
        let format = [COMMON, self.format].concat();
        let mut content = json!({
            "description": self.description, "format": format, "cases": self.cases,
        });
        if !self.shared.is_null() {
            content["shared"] = self.shared.clone();
        }
        content
    }

    /// Writes the file where that is asked for, then reads it and runs `check` on each case.
    fn run(&self, check: impl Fn(&Case<'_>, &Value)) {
        let content = self.content();
        if std::env::var("HOLM_REGENERATE").is_ok_and(|value| value == "1") {
            fs::write(self.path(), write(&content)).unwrap();
        }
        let text = fs::read(self.path()).unwrap();
        let read: Value = serde_json::from_slice(&text).unwrap();
        let cases = read["cases"].as_array().unwrap();
        let mut names = BTreeSet::new();
        for value in cases {
            let case = Case::new(value);
            assert!(
                names.insert(case.text("name")),
                "{} stands twice",
                case.name()
            );
            assert!(!case.list("requirements").is_empty(), "{}", case.name());
            check(&case, &read["shared"]);
        }
        assert_eq!(
            read, content,
            "{}.json is not what its module writes",
            self.name
        );
    }
}
