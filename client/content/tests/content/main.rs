//! Message content from outside the crate: the draft's examples, hostile bytes, meanings, text.
//!
//! Each module is `cfg(test)`, which tells clippy that its helpers may unwrap.

#[cfg(test)]
mod draft;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod meanings;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod texts;
