//! Server documents (spec 07 §5).

pub(crate) mod read;
