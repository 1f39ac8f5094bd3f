//! Whole-system tests: one binary, a module a subject.

#![expect(
    clippy::unwrap_used,
    reason = "what is not as it should be fails the test"
)]

mod apart;
mod away;
mod commits;
mod consent;
mod content;
mod crashes;
mod doctor;
mod documents;
mod finding;
mod followers;
mod forks;
mod held;
mod idempotency;
mod inputs;
mod membership;
mod outsiders;
mod partitions;
mod quotas;
mod races;
mod secrecy;
mod signatures;
mod trust;
