//! Events (spec 07 §4).

pub(crate) mod list;
