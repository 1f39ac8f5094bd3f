//! The committed corpora, replayed: what fuzzing once found stays found (SEC-1).

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows helpers of integration tests for no tests"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use holm_fuzz::{Kind, TARGETS, seeds, target};

/// Panics anywhere, also in tasks that a runtime keeps to itself.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = fuzz().join("corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn regenerate() {
    for seed in seeds() {
        let folder = fuzz().join("corpus").join(seed.target);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(&seed.name);
        if !path.exists() {
            fs::write(path, &seed.bytes).unwrap();
        }
    }
}

#[test]
fn every_committed_input_passes_through_its_target() {
    if std::env::var_os("HOLM_REGENERATE").is_some() {
        regenerate();
    }
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        before(panic);
    }));
    for target in TARGETS {
        let paths = inputs(target.name);
        assert!(!paths.is_empty(), "{} has no corpus", target.name);
        for path in paths {
            let bytes = fs::read(&path).unwrap();
            let run = target.run;
            let ended = std::panic::catch_unwind(|| run(&bytes));
            assert!(ended.is_ok(), "{} broke {}", path.display(), target.name);
            let panics = PANICS.load(Ordering::SeqCst);
            assert_eq!(panics, 0, "{}: a task panicked", path.display());
        }
    }
}

#[test]
fn the_seeds_are_inputs_of_targets_that_exist() {
    for seed in seeds() {
        assert!(target(seed.target).is_some(), "{}", seed.target);
    }
}

#[test]
fn every_target_has_its_binary_and_no_binary_is_without() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for target in TARGETS {
        let entry = format!(
            "name = \"{}\"\npath = \"fuzz_targets/{}.rs\"",
            target.name, target.name
        );
        assert!(manifest.contains(&entry), "{} is missing", target.name);
        let main = fuzz().join(format!("fuzz_targets/{}.rs", target.name));
        assert!(
            fs::read_to_string(main)
                .unwrap()
                .contains(&format!("{:?}", target.name))
        );
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    let stateful = TARGETS.iter().filter(|t| t.kind == Kind::Stateful).count();
    assert!(TARGETS.len() >= 20 && stateful >= 4);
}
