//! Commits (spec 07 §4).

pub(crate) mod submit;
