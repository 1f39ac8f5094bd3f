//! KeyPackages (spec 07 §3).

pub(crate) mod claim;
pub(crate) mod count;
pub(crate) mod upload;
