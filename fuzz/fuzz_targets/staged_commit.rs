//! Fuzz target `staged_commit`: see `TARGETS` in tests/fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holm_fuzz::run("staged_commit", bytes));
