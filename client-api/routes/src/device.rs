//! The device (spec 07 §2).

pub(crate) mod enroll;
