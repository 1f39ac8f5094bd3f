//! What a commit changed, and what follows from it outside the log.
//!
//! Folding is idempotent and happens after the append; if it is lost, loading the room makes it
//! again from the log.

use bytes::Bytes;
use holm_mls::public_room::StagedRoomCommit;
use holm_protocol::order::Subject;
use holm_protocol::{DeviceUri, ServerName};

use super::state::RoomState;
use super::task::RoomTask;
use crate::ports::{CrashPoint, Fold, RoomRecord};

/// One commit's effect, gathered before and after its merge.
pub(super) struct Change {
    own: ServerName,
    seq: u64,
    servers_before: Vec<ServerName>,
    /// Servers whose devices the commit adds.
    pub(super) servers_joining: Vec<ServerName>,
    entered: Vec<DeviceUri>,
    left: Vec<DeviceUri>,
    adds_somebody: bool,
    tree_payer: Option<ServerName>,
    carried_out: Vec<Subject>,
}

impl Change {
    /// Notes what the commit `seq` will change.
    pub(super) fn before(
        state: &RoomState,
        own: &ServerName,
        staged: &StagedRoomCommit,
        seq: u64,
    ) -> Self {
        let admitted = &staged.admitted;
        let local = |d: &&DeviceUri| d.domain() == own.as_str();
        let mut joining: Vec<_> = admitted.added.iter().map(DeviceUri::server).collect();
        joining.sort();
        joining.dedup();
        Self {
            own: own.clone(),
            seq,
            servers_before: state.servers().into_iter().collect(),
            servers_joining: joining,
            entered: admitted.added.iter().filter(local).cloned().collect(),
            left: admitted.removed.iter().filter(local).cloned().collect(),
            tree_payer: state.payer(own, staged.committer.server()),
            adds_somebody: !admitted.added.is_empty(),
            carried_out: Vec::new(),
        }
    }

    /// Notes which orders the merged commit has carried out, and closes them.
    pub(super) fn after(&mut self, state: &mut RoomState) {
        let leaves = &state.group.view().leaves;
        let open = |subject: &Subject| leaves.iter().any(|l| subject.means(&l.identity.device));
        let (open, done): (Vec<_>, Vec<_>) = std::mem::take(&mut state.orders)
            .into_iter()
            .partition(|o| open(&o.order.subject));
        state.orders = open;
        self.carried_out = done.into_iter().map(|o| o.order.subject).collect();
    }

    /// Devices of this server that have to look at the room anew.
    pub(super) fn devices(&self) -> Vec<DeviceUri> {
        self.entered.iter().chain(&self.left).cloned().collect()
    }

    /// The transaction that folds it.
    pub(super) fn into_fold(self, state: &RoomState) -> Fold {
        let now: Vec<_> = state.servers().into_iter().collect();
        let is_hub = state.is_hub(&self.own);
        let difference = |a: &[ServerName], b: &[ServerName]| -> Vec<ServerName> {
            let gone = |s: &&ServerName| is_hub && !b.contains(s) && **s != self.own;
            a.iter().filter(gone).cloned().collect()
        };
        Fold {
            record: RoomRecord {
                room: state.group.room().clone(),
                hub: state.hub.clone(),
                folded_seq: self.seq,
                snapshot: Bytes::from(state.group.snapshot()),
                stopped: None,
                servers: now.clone(),
            },
            peers_entered: difference(&now, &self.servers_before),
            peers_left: difference(&self.servers_before, &now),
            tree: self.adds_somebody.then(|| Bytes::from(state.group.tree())),
            tree_payer: self.tree_payer,
            entered: self.entered,
            left: self.left,
            carried_out: self.carried_out,
        }
    }
}

impl RoomTask {
    /// Folds a merged commit, then wakes devices and peers. A fold that fails is made again from
    /// the log when the room is next loaded: the commit stands either way.
    pub(super) async fn fold(&mut self, mut change: Change) {
        let devices = change.devices();
        let servers_before = change.servers_before.clone();
        let fold = move |state: &mut RoomState| {
            change.after(state);
            change.into_fold(state)
        };
        let Ok(fold) = self.work_on_state(false, fold).await else {
            return;
        };
        if let Err(error) = self.homeserver.ports.rooms.fold(fold).await {
            tracing::error!(room = %self.room, %error, "folding a commit failed; it is made again");
            self.state = None;
        }
        self.reached(CrashPoint::CommitAfterFold, CrashPoint::FollowAfterFold);
        self.homeserver.delivery.wake_changed(&devices, &self.room);
        self.wake_all(&servers_before);
    }

    /// Wakes connected local devices and, at the hub, all peers; also those just removed.
    pub(super) fn wake_all(&self, servers_before: &[ServerName]) {
        self.reached(
            CrashPoint::AppendBeforeFanOut,
            CrashPoint::FollowBeforeFanOut,
        );
        let Some(state) = &self.state else { return };
        let own = self.homeserver.name();
        let roster = self.roster.update(state, own);
        self.homeserver.delivery.wake(&roster.devices, &self.room);
        if !state.is_hub(own) {
            return;
        }
        let before = servers_before.iter();
        let gone = before.filter(|server| !roster.servers.contains(*server));
        for server in roster.servers.iter().chain(gone).filter(|s| *s != own) {
            self.homeserver.wake_peer(server, &self.room);
        }
    }
}
