//! Facts in, findings out: pure, one file a subject.

pub(super) mod certificate;
pub(super) mod clock;
pub(super) mod dns;
pub(super) mod document;
pub(super) mod peer;
pub(super) mod reflection;

#[cfg(test)]
mod tests;
