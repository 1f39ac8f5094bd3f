//! Calls to other servers: find the peer, know who it is, sign, send, and be patient.
//!
//! [`Transport`] implements the core's `Peers` port. Every request goes through one function
//! (`exchange.rs`), above the `Exchange` port: discovery, SRV order, caps, signatures and backoff
//! are the same in production and in simulation.

mod address;
mod answer;
mod backoff;
mod call;
mod directory;
mod discovery;
mod document;
mod examine;
mod exchange;
mod hickory;
mod http_exchange;
mod lists;
mod peer;
mod peers;
mod pin;
mod resolve;
mod route;
mod srv;
mod standing;
mod state;
mod transport;
mod trust;

pub use address::{AddressGuard, Verdict};
pub use examine::{CertificateFault, Contact, Examiner, Offer, Pin, Place, Served};
pub use hickory::{HickoryResolver, ResolverError};
pub use http_exchange::{HttpExchange, HttpExchangeError};
pub use lists::{BadPattern, Lists, NamePattern, Unwanted};
pub use peer::Failure;
pub use resolve::{Resolve, ResolveError, Resolved, SrvTarget};
pub use route::Route;
pub use standing::AcceptedRoot;
pub use state::{Breaker, PeerState};
pub use transport::{Transport, TransportParts, TransportSettings};
