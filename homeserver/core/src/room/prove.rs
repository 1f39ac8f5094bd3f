//! Making the proof of two histories from this server's own copy (HEAD-7).

use holm_protocol::document::SignedDocument;
use holm_protocol::limits::{PAGE_EVENTS_MAX, PROOF_LINKS_MAX};
use holm_protocol::proof::{ForkProof, Link};
use holm_protocol::{Event, Problem, SignedHead};

use super::task::RoomTask;
use super::witness::Heard;
use crate::homeserver::internal;

/// Raw bytes of events read at once.
const READ_BYTES: usize = 1_024 * 1_024;

/// The part of the own copy that a proof shows.
struct Stretch {
    links: Vec<Link>,
    /// The first event of it.
    first: Option<Event>,
    /// The head it ends at.
    end: SignedHead,
}

impl RoomTask {
    /// The proof that a head contradicts the copy; `None` where the documents or the events that
    /// it needs cannot be had.
    pub(super) async fn prove(&mut self, heard: &Heard) -> Result<Option<ForkProof>, Problem> {
        let state = self.state().await?;
        let Some(vouched) = state.witness.vouched.clone() else {
            return Ok(None);
        };
        let early = heard.carried_too_early();
        let seq = heard.head.head.seq;
        let stretch = match early {
            None if vouched.head.seq == seq => Some(Stretch {
                links: Vec::new(),
                first: None,
                end: vouched,
            }),
            None => self.stretch(seq + 1, seq, vouched).await?,
            Some(carrier) => self.stretch(carrier, carrier, vouched).await?,
        };
        let Some(stretch) = stretch else {
            return Ok(None);
        };
        let carrier = stretch.first.filter(|_| early.is_some());
        let heads = (heard.head.clone(), stretch.end);
        self.proof_of(heads, stretch.links, carrier).await
    }

    /// Both heads with the hub's documents that list their keys.
    pub(super) async fn proof_of(
        &mut self,
        (first, second): (SignedHead, SignedHead),
        links: Vec<Link>,
        carrier: Option<Event>,
    ) -> Result<Option<ForkProof>, Problem> {
        let state = self.state().await?;
        let (hub, root) = (state.hub.clone(), state.group.view().extension.hub.root);
        let mut documents: Vec<SignedDocument> = Vec::new();
        for head in [&first, &second] {
            let document = if hub == *self.homeserver.name() {
                self.homeserver.own_document()
            } else {
                let peers = &self.homeserver.ports.peers;
                match peers.document(&hub, head.key_id()).await {
                    Ok(document) => document.signed().clone(),
                    Err(_) => return Ok(None),
                }
            };
            if !documents.contains(&document) {
                documents.push(document);
            }
        }
        Ok(Some(ForkProof {
            hub,
            root,
            documents,
            first,
            second,
            links,
            carrier,
        }))
    }

    /// The copy's events from `from` on up to a head that vouches for `least`: `vouched`, or an
    /// earlier one that a message carries, so that the proof stays short.
    async fn stretch(
        &mut self,
        from: u64,
        least: u64,
        vouched: SignedHead,
    ) -> Result<Option<Stretch>, Problem> {
        let mut links: Vec<Link> = Vec::new();
        let mut first = None;
        let mut after = from.saturating_sub(1);
        while after < vouched.head.seq && links.len() < PROOF_LINKS_MAX {
            let log = &self.homeserver.ports.log;
            let read = log
                .read(&self.room, after, PAGE_EVENTS_MAX, READ_BYTES)
                .await;
            let entries = read.map_err(|e| internal(&e))?;
            if entries.is_empty() {
                return Ok(None);
            }
            for entry in entries.iter().take_while(|e| e.seq <= vouched.head.seq) {
                let Ok(event) = Event::from_bytes(&entry.event) else {
                    return Ok(None);
                };
                after = entry.seq;
                links.push(Link::of(&event));
                let carried = event.carried_head();
                first.get_or_insert(event);
                if let Some(end) = self.nearer_end(carried, &links, from, least).await? {
                    let kept = usize::try_from(end.head.seq + 1 - from).unwrap_or(usize::MAX);
                    links.truncate(kept);
                    return Ok(Some(Stretch { links, first, end }));
                }
            }
        }
        let whole = after == vouched.head.seq && links.len() <= PROOF_LINKS_MAX;
        let end = vouched;
        Ok(whole.then_some(Stretch { links, first, end }))
    }

    /// A head carried by an event of the copy, if it is the hub's, agrees with the links, and
    /// vouches for `least`.
    async fn nearer_end(
        &mut self,
        carried: Option<SignedHead>,
        links: &[Link],
        from: u64,
        least: u64,
    ) -> Result<Option<SignedHead>, Problem> {
        let Some(head) = carried.filter(|h| h.head.seq >= least.max(from)) else {
            return Ok(None);
        };
        let index = usize::try_from(head.head.seq - from).unwrap_or(usize::MAX);
        let agrees = links.get(index).is_some_and(|l| l.hash() == head.head.hash);
        let homeserver = self.homeserver.clone();
        let state = self.state().await?;
        let holds = agrees && state.verified_head(&homeserver, &head).await.is_some();
        Ok(holds.then_some(head))
    }

    /// Events that the hub brought continue another history than this copy: the head that vouches
    /// for the copy, and the head beside them, prove it where the page leads up to it.
    pub(super) async fn prove_by_page(
        &mut self,
        events: &[Event],
        head: &SignedHead,
    ) -> Result<(), Problem> {
        let state = self.state().await?;
        let Some(vouched) = state.witness.vouched.clone() else {
            return Ok(());
        };
        let next = vouched.head.seq + 1;
        let later = events.iter().filter(|e| e.header.seq >= next);
        let links: Vec<_> = later.map(Link::of).collect();
        match self.proof_of((vouched, head.clone()), links, None).await? {
            Some(proof) => self.raise_fork(&proof).await,
            None => Ok(()),
        }
    }
}
