//! What an anchor must prove before a copy begins with it (LOG-14, FED-9).

use bytes::Bytes;
use holm_mls::public_room::PublicRoom;
use holm_mls::welcome::welcome_references;
use holm_protocol::bundle::CommitBody;
use holm_protocol::encoding::decode;
use holm_protocol::federation::LogPage;
use holm_protocol::limits::TREE_LEN_MAX;
use holm_protocol::{
    Code, DeviceUri, Event, EventKind, Hash, Problem, RoomUri, ServerName, SignedHead,
};

use super::orders::hub_room_key;
use crate::homeserver::{Homeserver, internal};

/// The parts of an anchor that held.
pub(super) struct AnchorParts {
    pub(super) event: Event,
    pub(super) event_bytes: Bytes,
    pub(super) welcome: Bytes,
    pub(super) interim: Hash,
    pub(super) tree: Bytes,
    /// Own devices whose claimed KeyPackages the Welcome uses.
    pub(super) claimed: Vec<(DeviceUri, Hash)>,
}

/// Checks an anchor as far as it can be checked without the epochs before it.
pub(super) async fn check_anchor(
    homeserver: &Homeserver,
    room: &RoomUri,
    from: &ServerName,
    page: &LogPage,
) -> Result<(AnchorParts, PublicRoom), Problem> {
    let (mut parts, body) = read_anchor(room, page)?;
    parts.claimed = claimed(homeserver, room, from, &parts.welcome).await?;
    let group = start(room, &body, &parts)?;
    check_hub(homeserver, &group, from, page).await?;
    Ok((parts, group))
}

fn read_anchor(room: &RoomUri, page: &LogPage) -> Result<(AnchorParts, CommitBody), Problem> {
    let malformed = |e: &dyn std::fmt::Display| Problem::new(Code::Malformed, e.to_string());
    let bytes = page
        .events
        .first()
        .ok_or_else(|| super::state::unknown(room))?
        .0
        .clone();
    let event = Event::from_bytes(&bytes).map_err(|e| malformed(&e))?;
    let seq = event.header.seq;
    let anchor = page.anchors.iter().find(|a| a.seq == seq);
    let Some((anchor, tree)) = anchor.and_then(|a| a.tree.clone().map(|t| (a, t.0))) else {
        let text = format!("there is no copy of {room} here, and event {seq} begins none");
        return Err(Problem::new(Code::Gap, text));
    };
    if event.header.kind != EventKind::COMMIT || event.header.room != *room || seq == 0 {
        return Err(Problem::new(
            Code::BadRequest,
            "a copy begins with a commit of its room",
        ));
    }
    if tree.len() > TREE_LEN_MAX {
        return Err(Problem::new(Code::TooLarge, "the tree is over the limit"));
    }
    let body = CommitBody::from_bytes(event.body.as_slice()).map_err(|e| malformed(&e))?;
    if !body.has_welcome(anchor.welcome.as_slice()) {
        let text = "the Welcome is not the one the committer signed";
        return Err(Problem::new(Code::InvalidCommit, text));
    }
    let parts = AnchorParts {
        event_bytes: bytes,
        welcome: anchor.welcome.0.clone(),
        interim: anchor.interim,
        event,
        tree,
        claimed: Vec::new(),
    };
    Ok((parts, body))
}

/// Which of our devices gave a KeyPackage of this Welcome for this room and hub.
async fn claimed(
    homeserver: &Homeserver,
    room: &RoomUri,
    from: &ServerName,
    welcome: &[u8],
) -> Result<Vec<(DeviceUri, Hash)>, Problem> {
    let references = welcome_references(welcome)
        .map_err(|e| Problem::new(Code::InvalidCommit, e.to_string()))?;
    let mut claimed = Vec::new();
    for reference in references {
        let found = homeserver.ports.key_packages.claimed_for(reference).await;
        if let Some((device, for_room, hub)) = found.map_err(|e| internal(&e))?
            && (&for_room, &hub) == (room, from)
        {
            claimed.push((device, reference));
        }
    }
    match claimed.is_empty() {
        true => Err(unclaimed()),
        false => Ok(claimed),
    }
}

/// GroupInfo and tree agree, every leaf is certified, the commit leads to this epoch, and the
/// bundle is its committer's.
fn start(room: &RoomUri, body: &CommitBody, parts: &AnchorParts) -> Result<PublicRoom, Problem> {
    let invalid = |e: &dyn std::fmt::Display| Problem::new(Code::InvalidCommit, e.to_string());
    let group = PublicRoom::start(room, body.group_info.as_slice(), &parts.tree)
        .map_err(|e| invalid(&e))?;
    group
        .check_anchor(body, &parts.interim)
        .map_err(|e| invalid(&e))?;
    Ok(group)
}

/// The sender is the hub the group names, under the root it names, and signed the head.
async fn check_hub(
    homeserver: &Homeserver,
    group: &PublicRoom,
    from: &ServerName,
    page: &LogPage,
) -> Result<(), Problem> {
    let hub = &group.view().extension.hub;
    if hub.server().as_ref() != Some(from) {
        let text = "the sender is not the hub that the group names";
        return Err(Problem::new(Code::NotHub, text));
    }
    // ADM-12: nobody else begins a room under a server's name.
    if hub.term == 1 && group.room().server() != *from {
        let text = "the room is named after another server than its first hub";
        return Err(Problem::new(Code::InvalidCommit, text));
    }
    let invalid = |why: &str| Problem::new(Code::InvalidHead, why);
    let head: SignedHead = decode(page.head.as_slice()).map_err(|e| invalid(&e.to_string()))?;
    let id = head
        .key_id()
        .ok_or_else(|| invalid("the head names no key"))?;
    let key = hub_room_key(homeserver, from, &hub.root, id, head.head.time).await;
    let key =
        key.ok_or_else(|| invalid("the head's key is not the hub's, under the root named"))?;
    match head
        .verify(&key)
        .is_some_and(|h| h.room == *group.room() && h.term == hub.term)
    {
        true => Ok(()),
        false => Err(invalid("the head is not signed by the room's hub")),
    }
}

/// The answer where no device of ours gave a KeyPackage for this room to this hub.
pub(super) fn unclaimed() -> Problem {
    let text = "no device here gave a KeyPackage for this room to this hub";
    Problem::new(Code::UnclaimedKeyPackage, text)
}
