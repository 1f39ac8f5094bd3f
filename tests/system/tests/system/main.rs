//! Whole-system tests: one binary, a module a subject.

mod commits;
mod documents;
mod finding;
mod followers;
mod idempotency;
mod inputs;
mod membership;
mod outsiders;
mod secrecy;
mod signatures;
