//! Ratchet trees (spec 07 §4).

pub(crate) mod read;
