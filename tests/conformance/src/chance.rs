//! Time and randomness of the kit: it is a composition root of its own.

use std::time::UNIX_EPOCH;

/// The clock, milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the kit is its own composition root"
)]
pub fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = now.map(|now| now.as_millis()).unwrap_or_default();
    u64::try_from(ms).unwrap_or(u64::MAX)
}

/// Random bytes.
///
/// # Panics
/// Where the system has none.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}

/// So many random lower-case letters: a name that nobody used before.
pub fn letters(len: usize) -> String {
    let all: [u8; 32] = random();
    let letters = all.iter().map(|b| char::from(b'a' + b % 26));
    letters.take(len).collect()
}
