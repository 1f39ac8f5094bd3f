//! Inputs to begin with: for each target a few that lead into it, made from our own code.
//!
//! `HOLM_REGENERATE=1 cargo test -p holm-fuzz` writes those that are missing into
//! `fuzz/corpus/`. MLS draws its own randomness, so one that is there stays as it is.

mod structures;
mod texts;

/// One committed input.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Name of its target.
    pub target: &'static str,
    /// File name.
    pub name: String,
    /// The input.
    pub bytes: Vec<u8>,
}

/// Every input to begin with.
pub fn seeds() -> Vec<Seed> {
    let mut all = structures::all();
    all.extend(texts::all());
    all.extend(steps());
    all
}

fn named(target: &'static str, inputs: Vec<Vec<u8>>) -> Vec<Seed> {
    let seed = |(n, bytes): (usize, Vec<u8>)| Seed {
        target,
        name: format!("seed-{n}"),
        bytes,
    };
    inputs.into_iter().enumerate().map(seed).collect()
}

/// Lists of steps: nothing to know of them but that they go far.
fn steps() -> Vec<Seed> {
    const TARGETS: [&str; 9] = [
        "admission",
        "client_requests",
        "discovery",
        "federation_requests",
        "follower",
        "hub_log",
        "hub_room",
        "staged_commit",
        "sync_socket",
    ];
    let all = TARGETS.into_iter().flat_map(|target| {
        let inputs = (1..=6).map(|n| mixed(n, usize::from(n) * 24));
        named(target, inputs.collect())
    });
    all.collect()
}

/// Bytes that look drawn and are the same each time.
fn mixed(seed: u8, len: usize) -> Vec<u8> {
    let mut state = u64::from(seed);
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}
