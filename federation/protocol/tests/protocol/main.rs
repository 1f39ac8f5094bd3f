//! What holm-protocol promises, as properties and limits. One binary, so that one link serves all.

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
