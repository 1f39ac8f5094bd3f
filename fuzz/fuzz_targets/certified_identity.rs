//! Fuzz target `certified_identity`: see `TARGETS` in tests/fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holm_fuzz::run("certified_identity", bytes));
