//! What holm-protocol promises, as properties, limits and language-neutral vectors.
//!
//! One binary, so that one link serves all. The vectors in `spec/vectors` are read and run case by
//! case; `HOLM_REGENERATE=1` writes them anew first.

#[cfg(test)]
mod admission;
#[cfg(test)]
mod bundle;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod document;
#[cfg(test)]
mod encoding;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod head;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod json;
#[cfg(test)]
mod mls_header;
#[cfg(test)]
mod name;
#[cfg(test)]
mod problem;
#[cfg(test)]
mod room_extension;
#[cfg(test)]
mod signature;
#[cfg(test)]
mod strategies;
#[cfg(test)]
mod vectors;
