//! Welcomes: whom one lets in, read without opening it.
//!
//! A server takes a Welcome only for a KeyPackage that it gave for that room, and a hub only one
//! whose references are those of the commit's Adds (ROOM-8; spec 05 §2).

use holm_protocol::signing::Hash;
use openmls::prelude::MlsMessageBodyIn;

use crate::message::{NotThisMessage, read_body};
use crate::settings::CIPHERSUITE;

/// The references of the KeyPackages that a Welcome, as MLSMessage, names.
///
/// # Errors
/// It is no Welcome of the suite.
pub fn welcome_references(bytes: &[u8]) -> Result<Vec<Hash>, NotThisMessage> {
    let form = NotThisMessage::Form("Welcome of the suite");
    let MlsMessageBodyIn::Welcome(welcome) = read_body(bytes)? else {
        return Err(form);
    };
    if welcome.ciphersuite() != CIPHERSUITE {
        return Err(form);
    }
    let reference = |bytes: &[u8]| bytes.try_into().map(Hash).map_err(|_cause| form.clone());
    welcome
        .secrets()
        .iter()
        .map(|secret| reference(secret.new_member().as_slice()))
        .collect()
}
