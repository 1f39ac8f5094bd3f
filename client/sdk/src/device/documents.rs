//! Server documents: with which keys a hub signs heads and orders (DOC-1 to DOC-8, RM-7).
//!
//! Any server may relay a document; it is verified against the root key that the room's own group
//! names, so nobody's word is needed.

use std::sync::Arc;

use holm_mls::group_view;
use holm_protocol::document::{Trust, VerifiedDocument};
use holm_protocol::room_extension::Hub;
use holm_protocol::{Order, PublicKey, RoomUri, ServerName, SignedHead, SignedOrder};

use super::{Inner, held};
use crate::error::SdkError;
use crate::event::HopKind;
use crate::mls::{group_id, refused};
use crate::replica::{rooms, trust};

/// Documents kept in memory.
const DOCUMENTS_MAX: usize = 256;
/// A document is asked for anew at most this often, milliseconds.
const REFRESH_EVERY_MS: u64 = 60_000;
/// Rooms whose hub is kept in memory.
const HUBS_MAX: usize = 4_096;

impl Inner {
    /// The hub of a room, as the room's group names it.
    pub(crate) async fn room_hub(&self, room: &RoomUri) -> Result<Hub, SdkError> {
        let known = held(&self.hubs).get(room).cloned();
        if let Some(hub) = known {
            return Ok(hub);
        }
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let row = rooms::find(&mut step.tx, room).await?;
        let row = row.ok_or_else(|| SdkError::UnknownRoom(room.clone()))?;
        let group = step.group(&group_id(room, row.generation)).await?;
        let view = group_view(group.public_group()).map_err(refused)?;
        step.commit().await?;
        self.keep_hub(room, view.extension.hub.clone());
        Ok(view.extension.hub)
    }

    /// Takes the hub that a room's group names now.
    pub(crate) fn keep_hub(&self, room: &RoomUri, hub: Hub) {
        let mut hubs = held(&self.hubs);
        if hubs.len() >= HUBS_MAX {
            hubs.clear();
        }
        hubs.insert(room.clone(), hub);
    }

    /// The document of a hub under the root its room names.
    pub(crate) async fn hub_document(&self, hub: &Hub) -> Result<Arc<VerifiedDocument>, SdkError> {
        let server = hub
            .server()
            .ok_or_else(|| SdkError::Invalid("the room names no hub".into()))?;
        self.document(&server, Some(hub.root)).await
    }

    /// A server's document, from memory while it holds.
    pub(crate) async fn document(
        &self,
        server: &ServerName,
        pin: Option<PublicKey>,
    ) -> Result<Arc<VerifiedDocument>, SdkError> {
        let fits = |d: &VerifiedDocument| pin.is_none_or(|root| d.stands_under(&root));
        let holds = |d: &VerifiedDocument| fits(d) && d.content().expires > self.now_ms();
        if let Some(known) = self.known_document(server).filter(|d| holds(d)) {
            return Ok(known);
        }
        self.fetch_document(server, pin).await
    }

    /// Asks for a server's document anew.
    pub(crate) async fn fetch_document(
        &self,
        server: &ServerName,
        pin: Option<PublicKey>,
    ) -> Result<Arc<VerifiedDocument>, SdkError> {
        let signed = self.api()?.document(server).await?;
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let before = trust::document(&mut step.tx, server).await?;
        let first = before.as_ref().is_none_or(|old| old.root != signed.root);
        let trust = Trust::after(pin, before.as_ref());
        let verified = signed
            .verify(server, &trust, self.now_ms())
            .map_err(|e| SdkError::Answer(format!("the document of {server}: {e}")))?;
        trust::keep_document(&mut step.tx, server, verified.signed()).await?;
        step.commit().await?;
        drop(state);
        if first {
            let root = verified.root();
            self.hop(HopKind::RootPinned, || {
                format!("root key of {server} is {root} from now on")
            });
        }
        let verified = Arc::new(verified);
        let mut documents = held(&self.documents);
        if documents.len() >= DOCUMENTS_MAX {
            documents.clear();
            held(&self.refreshed).clear();
        }
        documents.insert(server.clone(), Arc::clone(&verified));
        Ok(verified)
    }

    /// Asks for a newer document, at most once a minute a server.
    pub(crate) async fn refresh_document(
        &self,
        server: &ServerName,
        root: PublicKey,
    ) -> Result<Arc<VerifiedDocument>, SdkError> {
        let now = self.now_ms();
        let asked = held(&self.refreshed).get(server).copied();
        if asked.is_some_and(|asked| now < asked.saturating_add(REFRESH_EVERY_MS)) {
            return self.document(server, Some(root)).await;
        }
        held(&self.refreshed).insert(server.clone(), now);
        self.fetch_document(server, Some(root)).await
    }

    /// The document at hand of a room's hub, where it leads on from the root that the room names
    /// (ROOM-17).
    pub(crate) fn leads_on(&self, hub: &Hub) -> Option<Arc<VerifiedDocument>> {
        let document = self.known_document(&hub.server()?);
        document.filter(|d| !d.steps_from(&hub.root).is_empty())
    }

    /// Whether a room has to follow its hub to another root, as far as is known without looking
    /// into its group.
    pub(crate) fn must_follow(&self, room: &RoomUri) -> bool {
        let hub = held(&self.hubs).get(room).cloned();
        hub.is_some_and(|hub| self.leads_on(&hub).is_some())
    }

    fn known_document(&self, server: &ServerName) -> Option<Arc<VerifiedDocument>> {
        let documents = held(&self.documents);
        documents.get(server).cloned()
    }
}

/// Whether the document lists the key that signed a head, and the signature holds (HEAD-2).
pub(crate) fn head_holds(document: &VerifiedDocument, head: &SignedHead) -> bool {
    head.key_id()
        .and_then(|id| document.room_key(id, head.head.time))
        .is_some_and(|key| head.verify(&key).is_some())
}

/// The order, if the document lists the key that signed it and the signature holds (ORD-2).
pub(crate) fn verified_order(document: &VerifiedDocument, order: &SignedOrder) -> Option<Order> {
    let key = document.room_key(order.key_id()?, order.order.time)?;
    order.verify(&key).cloned()
}
