//! Rooms (spec 07 §4).

pub(crate) mod create;
pub(crate) mod leave;
pub(crate) mod list;
