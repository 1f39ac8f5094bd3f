//! Who may add the user to rooms (spec 07 §3).

pub(crate) mod read;
pub(crate) mod replace;
