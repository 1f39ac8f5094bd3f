//! Decoders: bytes from outside, and what is made of them.

pub mod binary;
pub mod config;
pub mod content;
pub mod discovery;
pub mod json;
pub mod mls;
pub mod names;
pub mod signed_request;
