//! Fuzz target `commit_body`: see `TARGETS` in tests/fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holm_fuzz::run("commit_body", bytes));
