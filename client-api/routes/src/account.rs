//! Accounts and sessions (spec 07 §2).

pub(crate) mod log_in;
pub(crate) mod log_out;
pub(crate) mod register;
