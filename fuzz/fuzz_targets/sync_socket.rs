//! Fuzz target `sync_socket`: see `TARGETS` in tests/fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holm_fuzz::run("sync_socket", bytes));
