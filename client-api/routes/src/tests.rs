//! The API as its callers see it, over a homeserver whose ports are stubs.

mod site;
mod stub_peers;
mod stub_stores;

mod access;
mod accounts;
mod answers;
mod bodies;
mod consents;
mod document;
mod names;
mod rooms;
mod socket;
