//! The proof that a hub signed two histories of one room, which anybody checks offline.
//!
//! Two signed heads of one term contradict each other in one of three ways: one place and two
//! hashes; the chain of events below the later head does not lead through the earlier one; or the
//! later head vouches for an event that already carries a head of itself or of an event to come,
//! which no honest hub could have signed before that event was there (HEAD-4 to HEAD-7, spec 03
//! §4). The file holds all that is needed, the hub's server documents under their root included.

mod carried;
mod chain;
mod file;

use thiserror::Error;

pub use chain::Link;

use crate::document::{DocumentError, SignedDocument, Trust, VerifiedDocument};
use crate::event::Event;
use crate::head::{Head, SignedHead};
use crate::limits::{PROOF_DOCUMENTS_MAX, PROOF_LINKS_MAX};
use crate::name::ServerName;
use crate::room_extension::Hub;
use crate::signing::PublicKey;

/// Two signed heads with what shows that they contradict each other; not yet verified (HEAD-7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkProof {
    /// The hub.
    pub hub: ServerName,
    /// The root key under which the group names the hub.
    pub root: PublicKey,
    /// Documents of the hub that list the keys of both heads.
    pub documents: Vec<SignedDocument>,
    /// A head of one history.
    pub first: SignedHead,
    /// A head of the other, which the links lead up to.
    pub second: SignedHead,
    /// Headers of consecutive events, the last being the one that `second` names; empty where
    /// both heads are of one place.
    pub links: Vec<Link>,
    /// The event of the first link, where it carries `first` too early.
    pub carrier: Option<Event>,
}

/// What a proof that holds proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// A head of one history.
    pub first: Head,
    /// A head of the other.
    pub second: Head,
    /// How they contradict each other.
    pub how: Contradiction,
}

/// How two heads contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// One place, two hashes (HEAD-4).
    SamePlace,
    /// The chain below the second does not lead through the first (HEAD-5).
    OtherChain,
    /// The second vouches for this event, which carries the first though the first is of that
    /// event or a later one (HEAD-6).
    CarriedTooEarly(u64),
}

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotProved {
    /// More than a proof may have (LIM-26).
    #[error("a proof has at most {PROOF_DOCUMENTS_MAX} documents and {PROOF_LINKS_MAX} links")]
    TooLarge,
    /// A document does not hold under the root.
    #[error("a server document does not hold: {0}")]
    Document(#[from] DocumentError),
    /// No document lists the key of a head, or its signature does not hold.
    #[error("the {0} head is not signed by a room key that the documents list for its time")]
    Signature(&'static str),
    /// The heads are of two rooms or two terms.
    #[error("the heads are of two rooms or two terms")]
    Unrelated,
    /// The links are no chain that ends at the second head.
    #[error("the links do not lead to the second head")]
    Chain,
    /// Both heads may be of one history.
    #[error("the heads do not contradict each other")]
    Agrees,
}

impl ForkProof {
    /// The gate: documents under the root, both signatures, and the contradiction (HEAD-7). A
    /// document's expiry is not looked at: what counts is that its key was valid at the head's
    /// time.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(&self) -> Result<Proved, NotProved> {
        if self.documents.len() > PROOF_DOCUMENTS_MAX || self.links.len() > PROOF_LINKS_MAX {
            return Err(NotProved::TooLarge);
        }
        let documents = self.verified_documents()?;
        for (which, signed) in [("first", &self.first), ("second", &self.second)] {
            let hub = Hub {
                term: signed.head.term,
                ..Hub::new(&self.hub, self.root)
            };
            let holds = |d: &VerifiedDocument| signed.verify_by(d, &hub).is_some();
            if !documents.iter().any(holds) {
                return Err(NotProved::Signature(which));
            }
        }
        let (first, second) = (&self.first.head, &self.second.head);
        if (&first.room, first.term) != (&second.room, second.term) {
            return Err(NotProved::Unrelated);
        }
        Ok(Proved {
            first: first.clone(),
            second: second.clone(),
            how: self.contradiction()?,
        })
    }

    fn verified_documents(&self) -> Result<Vec<VerifiedDocument>, DocumentError> {
        let trust = Trust {
            pin: Some(self.root),
            known: None,
        };
        let documents = self.documents.iter().cloned();
        documents
            .map(|signed| signed.verify(&self.hub, &trust, 0))
            .collect()
    }

    fn contradiction(&self) -> Result<Contradiction, NotProved> {
        let (first, second) = (&self.first.head, &self.second.head);
        let Some(lowest) = self.links.first() else {
            let contradicts = self.carrier.is_none() && self.first.contradicts(&self.second);
            return match contradicts {
                true => Ok(Contradiction::SamePlace),
                false => Err(NotProved::Agrees),
            };
        };
        if !chain::leads_to(&self.links, second) {
            return Err(NotProved::Chain);
        }
        if let Some(carrier) = &self.carrier {
            let seq = carrier.header.seq;
            let carries = Link::of(carrier) == *lowest
                && carrier.carried_head().as_ref() == Some(&self.first);
            return match carries && first.seq >= seq {
                true => Ok(Contradiction::CarriedTooEarly(seq)),
                false => Err(NotProved::Agrees),
            };
        }
        let follows = first.seq.checked_add(1) == Some(lowest.header.seq);
        match follows && lowest.header.prev != first.hash {
            true => Ok(Contradiction::OtherChain),
            false => Err(NotProved::Agrees),
        }
    }
}
