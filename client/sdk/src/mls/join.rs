//! Joining by a Welcome that is proved against the log.
//!
//! The server hands over the commit that let the device in, its Welcome, the tree and the interim
//! transcript hash before it; none of it needs trust. The group's own confirmed transcript hash
//! proves the commit, every leaf's certificate is checked, and so is the bundle's signature
//! (LOG-14, ROOM-3, ROOM-8).

use holm_mls::settings::join_config;
use holm_mls::view::group_view;
use holm_mls::{Provider, external_pub, signer, wire_bytes};
use holm_protocol::admission::{GroupView, Leaf};
use holm_protocol::bundle::CommitBody;
use holm_protocol::mls_header::{MlsHeader, SENDER_MEMBER, confirmed_transcript_hash};
use holm_protocol::{DeviceUri, Hash, RoomUri};
use openmls::group::{MlsGroup, StagedWelcome};
use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn, RatchetTreeIn};
use openmls_traits::OpenMlsProvider;

use crate::replica::account::Account;

/// What the server hands over.
pub(crate) struct Invitation<'a> {
    /// The room.
    pub(crate) room: &'a RoomUri,
    /// Body of the commit event that let the device in.
    pub(crate) body: &'a CommitBody,
    /// The event's time, the hub's.
    pub(crate) time_ms: u64,
    /// The Welcome, as MLSMessage.
    pub(crate) welcome: &'a [u8],
    /// The ratchet tree after the commit.
    pub(crate) tree: &'a [u8],
    /// Interim transcript hash before the commit.
    pub(crate) interim: Hash,
}

/// A group the device is in now, as far as the step goes.
pub(crate) struct Entered {
    /// The group.
    pub(crate) group: MlsGroup,
    /// Its leaves and extension.
    pub(crate) view: GroupView,
    /// Who let the device in.
    pub(crate) by: DeviceUri,
    /// Whether the committer's GroupInfo names another external key than the group has (ROOM-10).
    pub(crate) lies: bool,
}

/// Opens the Welcome and proves what came with it.
///
/// # Errors
/// Why not; the step is to be dropped.
pub(crate) fn join(
    provider: &Provider,
    account: &Account,
    invitation: &Invitation<'_>,
) -> Result<Entered, String> {
    let Invitation { room, body, .. } = invitation;
    if !body.has_welcome(invitation.welcome) {
        return Err("the Welcome is not the one its committer signed".into());
    }
    let group = open(provider, invitation)?;
    prove(&group, body, &invitation.interim)?;
    let view = group_view(group.public_group()).map_err(|e| e.to_string())?;
    if view.room != **room {
        return Err(format!("the Welcome leads into {}", view.room));
    }
    for leaf in &view.leaves {
        let checked = leaf.identity.check(&leaf.mls_key, invitation.time_ms);
        checked.map_err(|e| format!("{}: {e}", leaf.identity.device))?;
    }
    let committer = committer(&view, body)?;
    if !body.is_signed_by(&committer.mls_key) {
        return Err("the bundle is not signed by its committer".into());
    }
    let own = group
        .export_group_info(provider.crypto(), &signer(&account.mls_key), false)
        .map_err(|e| e.to_string())?;
    Ok(Entered {
        by: committer.identity.device.clone(),
        lies: external_pub(&wire_bytes(&own)) != external_pub(body.group_info.as_slice()),
        view,
        group,
    })
}

fn open(provider: &Provider, invitation: &Invitation<'_>) -> Result<MlsGroup, String> {
    let message: MlsMessageIn =
        holm_protocol::encoding::decode(invitation.welcome).map_err(|e| e.to_string())?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
        return Err("not a Welcome".into());
    };
    let tree: RatchetTreeIn =
        holm_protocol::encoding::decode(invitation.tree).map_err(|e| e.to_string())?;
    StagedWelcome::build_from_welcome(provider, &join_config(), welcome)
        .map_err(|e| e.to_string())?
        .with_ratchet_tree(tree)
        .skip_lifetime_validation()
        .build()
        .map_err(|e| e.to_string())?
        .into_group(provider)
        .map_err(|e| e.to_string())
}

/// The commit in the log is the one that made this group's epoch (RFC 9420 §8.2).
fn prove(group: &MlsGroup, body: &CommitBody, interim: &Hash) -> Result<(), String> {
    let context = group.public_group().group_context();
    let proved = confirmed_transcript_hash(interim, body.commit.as_slice());
    match proved.is_some_and(|hash| hash.0 == context.confirmed_transcript_hash()) {
        true => Ok(()),
        false => Err("the commit in the log is not the one that made this epoch".into()),
    }
}

fn committer<'a>(view: &'a GroupView, body: &CommitBody) -> Result<&'a Leaf, String> {
    let header = MlsHeader::read(body.commit.as_slice()).ok_or("not a commit")?;
    match header.sender {
        Some((SENDER_MEMBER, index)) => view.leaf(index).ok_or("the committer has no leaf".into()),
        _ => Err("a commit with a Welcome is by a member".into()),
    }
}
