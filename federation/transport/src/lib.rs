//! The federation API over HTTP: discovery, server keys, signed requests out and in.
//!
//! [`Transport`] carries this server's calls to its peers and implements the core's `Peers`
//! port; [`router`] answers theirs. Both rest on the pure rules of holm-protocol; what is added
//! here is DNS, TLS, limits and patience (spec 04 and 06).

mod inbound;
mod outbound;
mod path;
mod quota;
mod text;

pub use inbound::router;
pub use outbound::{
    AcceptedRoot, AddressGuard, BadPattern, Breaker, CertificateFault, Contact, Examiner, Failure,
    HickoryResolver, HttpExchange, HttpExchangeError, Lists, NamePattern, Offer, PeerState, Pin,
    Place, Resolve, ResolveError, Resolved, ResolverError, Route, Served, SrvTarget, Transport,
    TransportParts, TransportSettings, Unwanted, Verdict,
};
pub use quota::{QuotaLimits, Rate};
