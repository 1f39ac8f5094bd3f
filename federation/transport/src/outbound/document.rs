//! Server documents: asked for, held against pin and known root, remembered (DOC-1, DOC-5).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use holm_core::HOP_TARGET;
use holm_core::ports::{PeerError, RootMemory, StoreError};
use holm_protocol::document::{Document, SignedDocument, Trust, VerifiedDocument};
use holm_protocol::endpoint::SERVER_DOCUMENT;
use holm_protocol::limits::DOCUMENT_LEN_MAX;
use holm_protocol::{PublicKey, ServerName, json};
use http::header::ACCEPT;
use http::{Request, StatusCode};

use super::backoff::Urgency;
use super::discovery::LOOKUP_TIME_MAX;
use super::peer::Peer;
use super::pin;
use super::resolve::ResolveError;
use super::transport::Transport;
use super::trust::{Need, Refused, Standing};

/// Whether the peer's patience has been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// By the call that needs the document.
    Already,
    /// Not yet.
    NotYet,
}

impl Transport {
    /// The verified document of any server, this one included (DISC-10).
    pub(crate) async fn server_document(
        &self,
        server: &ServerName,
        key_id: Option<&str>,
    ) -> Result<Arc<VerifiedDocument>, PeerError> {
        let peer = self.directory.peer(server);
        if server == self.own_name() {
            return self.own_document(&peer);
        }
        self.check_wanted(server)?;
        if let Need::Use(document) = peer.known().need(key_id, self.now_ms()) {
            return Ok(document);
        }
        let _place = peer.place()?;
        let current = self.current_document(&peer, key_id, Admitted::NotYet);
        tokio::time::timeout(FETCH_TIME_MAX, current)
            .await
            .unwrap_or_else(|_elapsed| {
                let seconds = FETCH_TIME_MAX.as_secs();
                Err(peer.unreachable(&format!("no server document within {seconds} s")))
            })
    }

    fn own_document(&self, peer: &Peer) -> Result<Arc<VerifiedDocument>, PeerError> {
        let (now_ms, identity) = (self.now_ms(), &self.parts.identity);
        identity
            .document(now_ms)
            .verify(&identity.name, &Trust::default(), now_ms)
            .map(Arc::new)
            .map_err(|error| peer.untrusted(&error.to_string()))
    }

    /// The document at hand, or a fresh one; one fetch at a time.
    pub(super) async fn current_document(
        &self,
        peer: &Peer,
        key_id: Option<&str>,
        admitted: Admitted,
    ) -> Result<Arc<VerifiedDocument>, PeerError> {
        if let Need::Use(document) = peer.known().need(key_id, self.now_ms()) {
            return Ok(document);
        }
        let _one = peer.fetching.lock().await;
        self.load(peer).await?;
        let fallback = match peer.known().need(key_id, self.now_ms()) {
            Need::Use(document) => return Ok(document),
            Need::Fetch(fallback) => fallback,
        };
        match (self.fetch_admitted(peer, admitted).await, fallback) {
            (Err(error), Some(last)) => {
                tracing::debug!(%error, "the last good server document is used");
                Ok(last)
            }
            (outcome, _) => outcome,
        }
    }

    async fn fetch_admitted(
        &self,
        peer: &Peer,
        admitted: Admitted,
    ) -> Result<Arc<VerifiedDocument>, PeerError> {
        if admitted == Admitted::Already {
            let _running = self.running.acquire().await;
            return self.fetch(peer).await;
        }
        let _looking_up = self.look_ups.acquire().await;
        let ticket = peer.admit(self.now_ms(), Urgency::Document)?;
        let outcome = self.fetch(peer).await;
        self.settle(ticket, &outcome);
        outcome
    }

    /// Asks DNS for the pin and the server for its document, and holds one against the other.
    pub(super) async fn fetch(&self, peer: &Peer) -> Result<Arc<VerifiedDocument>, PeerError> {
        peer.known().trying(self.now_ms());
        // The operator's word stands in place of DNS.
        let accepted = peer.known().memory.accepted.is_some();
        let pin = match accepted {
            true => None,
            false => self.pin(peer).await?,
        };
        let names = [
            format!("_holm._tcp.{}", peer.server()),
            format!("_holm.{}", peer.server()),
        ];
        let secure = self.parts.resolver.is_secure(&names);
        let secure = tokio::time::timeout(LOOKUP_TIME_MAX, secure).await;
        peer.known().dns_secure = secure.ok().flatten();
        let signed = self.download(peer).await?;
        let now_ms = self.now_ms();
        let before = peer.known().memory;
        let judged = peer.known().judge(peer.server(), signed, pin, now_ms);
        let is_replaced = matches!(judged, Ok((_, Standing::Replaced)));
        peer.known().memory.replaced |= is_replaced;
        self.keep_memory(peer, before).await?;
        let (document, standing) = judged.map_err(|refused| told(peer, refused))?;
        let store = &self.parts.peer_store;
        let stored = store.put_document(peer.server(), document.signed()).await;
        stored.map_err(|error| store_failed(peer, &error))?;
        tell(peer, &document, standing, pin.is_some());
        let document = Arc::new(document);
        peer.known().take(Arc::clone(&document), now_ms);
        if is_replaced {
            self.replaced.notify_one();
        }
        Ok(document)
    }

    /// Writes down what has changed in what is remembered of the root.
    pub(super) async fn keep_memory(
        &self,
        peer: &Peer,
        before: RootMemory,
    ) -> Result<(), PeerError> {
        let now = peer.known().memory;
        if now == before {
            return Ok(());
        }
        let stored = self.parts.peer_store.put_root_memory(peer.server(), &now);
        stored.await.map_err(|error| store_failed(peer, &error))
    }

    /// The root that DNS pins (DISC-9).
    async fn pin(&self, peer: &Peer) -> Result<Option<PublicKey>, PeerError> {
        let name = format!("_holm.{}", peer.server());
        let records = self.parts.resolver.txt(&name);
        let records = tokio::time::timeout(LOOKUP_TIME_MAX, records).await;
        match records
            .unwrap_or_else(|_elapsed| Err(ResolveError::Failed("it takes too long".into())))
        {
            Ok(records) => pin::read(&records).map_err(|error| peer.untrusted(&error.to_string())),
            Err(ResolveError::NoRecord) => Ok(None),
            Err(ResolveError::Failed(reason)) => {
                Err(peer.unreachable(&format!("the look-up of its root key failed: {reason}")))
            }
        }
    }

    /// An unsigned GET: asking for keys needs no keys.
    async fn download(&self, peer: &Peer) -> Result<SignedDocument, PeerError> {
        let get = |uri| {
            let request = Request::get(uri).header(ACCEPT, "application/json");
            request.body(Bytes::new())
        };
        let path = SERVER_DOCUMENT.path;
        let response = self.exchange(peer, path, RESPONSE_LEN_MAX, get).await?;
        if response.status() != StatusCode::OK {
            let status = response.status();
            return Err(peer.unreachable(&format!("{path} answered {status}")));
        }
        json::from_slice(response.body())
            .map_err(|error| peer.unreachable(&format!("{path} can't be read: {error}")))
    }

    /// Reads what the store remembers, once.
    pub(super) async fn load(&self, peer: &Peer) -> Result<(), PeerError> {
        if peer.known().loaded {
            return Ok(());
        }
        let stored = self.parts.peer_store.document(peer.server()).await;
        let stored = stored.map_err(|error| store_failed(peer, &error))?;
        let memory = self.parts.peer_store.root_memory(peer.server()).await;
        let memory = memory.map_err(|error| store_failed(peer, &error))?;
        let mut known = peer.known();
        known.loaded = true;
        known.memory = memory;
        let Some(signed) = stored else {
            return Ok(());
        };
        if let Some((root, document)) = unverified(&signed) {
            known.root = Some((root, document.serial));
            known.successions = document.successions;
        }
        let verified = signed.verify(peer.server(), &Trust::default(), self.now_ms());
        if let Ok(document) = verified {
            known.take(Arc::new(document), 0);
        }
        Ok(())
    }
}

/// Root and content of a stored document: root, serial and successions count for longer than the
/// document itself (DOC-6, DOC-11).
fn unverified(signed: &SignedDocument) -> Option<(PublicKey, Document)> {
    let document = json::from_slice(signed.document.as_slice()).ok()?;
    Some((signed.root, document))
}

/// Tells the operator once what is wrong with a root, and how to go on.
fn told(peer: &Peer, refused: Refused) -> PeerError {
    match refused {
        Refused::Document(error) => peer.untrusted(&error.to_string()),
        Refused::Root {
            refusal,
            is_news,
            now_ms,
        } => {
            let text = refusal.text(peer.server(), now_ms);
            if is_news {
                tracing::warn!(server = %peer.server(), "a root key is refused: {text}");
            }
            peer.untrusted_root(text)
        }
    }
}

fn tell(peer: &Peer, document: &VerifiedDocument, standing: Standing, is_pinned: bool) {
    let (server, root) = (peer.server(), document.root());
    let serial = document.content().serial;
    let known = peer.known().root.map(|(root, _)| root);
    tracing::info!(%server, %root, pinned = is_pinned, serial, "the server document holds");
    let by = match (standing, is_pinned) {
        (Standing::Replaced, _) => "another server in place of the one known",
        (Standing::Known, _) => "as it is known",
        (Standing::First, true) => "as the TXT record pins it",
        (Standing::First, false) => "taken at first contact",
    };
    tracing::debug!(target: HOP_TARGET, hop = "root_pinned",
        "{server} signs as root key {root}, {by}");
    if let Some(former) = known.filter(|known| *known != root) {
        tell_changed(server, (former, root), standing);
    }
}

fn tell_changed(server: &ServerName, (former, root): (PublicKey, PublicKey), standing: Standing) {
    if standing == Standing::Replaced {
        tracing::warn!(%server, %root, %former,
            "another server has taken the place of the one known; nothing is owed to it, and its \
             rooms of before do not go on");
    } else {
        tracing::info!(%server, %root, %former,
            "the server has another root key, signed by the one before");
    }
}

fn store_failed(peer: &Peer, error: &StoreError) -> PeerError {
    tracing::error!(%error, "a store call failed");
    peer.unreachable("this server's own store failed")
}

/// Bytes of the answer: the document in base64url with what stands around it.
pub(super) const RESPONSE_LEN_MAX: usize = DOCUMENT_LEN_MAX / 3 * 4 + 1_024;
/// A look-up with all its waits.
const FETCH_TIME_MAX: Duration = Duration::from_secs(30);
