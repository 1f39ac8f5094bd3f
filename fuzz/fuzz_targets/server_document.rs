//! Fuzz target `server_document`: see `TARGETS` in tests/fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holm_fuzz::run("server_document", bytes));
