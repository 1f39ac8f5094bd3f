//! Federation over HTTP, from both sides: calls against a scripted network, DNS and TLS against
//! real servers on loopback, and the gate against every kind of request it has to refuse.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails as its test does"
)]

mod calls;
mod dns;
mod dnssec;
mod documents;
mod examine;
mod gate;
mod patience;
mod quotas;
mod reflection;
mod refused;
mod signed_dns;
mod signer;
mod standing;
mod stub_store;
mod tls;
mod tls_server;
mod two_servers;
mod world;
