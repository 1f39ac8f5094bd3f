//! Devices around the test hub.

use std::sync::Arc;
use std::time::Duration;

use holm_mls::bundle::interim_hash;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::encoding::encode;
use holm_protocol::{Event, EventKind, Hash, RoomUri, UserUri};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::hub::{Hub, ToHub, server};
use crate::device::{Change, Device};
use crate::error::SdkError;
use crate::event::{DeviceEvent, EventReceiver};
use crate::mls::group_id;
use crate::network::Network;
use crate::ports::SdkPorts;
use crate::replica::ReplicaPlace;
use crate::sync::lanes::Lanes;
use crate::sync::welcome::WelcomeFrame;
use crate::timeline::RoomState;

/// How long a test waits for what has to come; never waited for on purpose.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A hub and the room it orders.
pub(super) struct World {
    pub(super) hub: Arc<Hub>,
}

/// A device with its events.
pub(super) struct Member {
    pub(super) device: Device,
    pub(super) user: UserUri,
    events: EventReceiver,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            hub: Arc::new(Hub::default()),
        }
    }

    pub(super) async fn member(&self, name: &str) -> Member {
        self.member_at(name, ReplicaPlace::Memory).await
    }

    pub(super) async fn member_at(&self, name: &str, place: ReplicaPlace) -> Member {
        self.member_with(name, place, SdkPorts::system()).await
    }

    pub(super) async fn member_with(
        &self,
        name: &str,
        place: ReplicaPlace,
        ports: SdkPorts,
    ) -> Member {
        let device = Device::open(place, self.network(), ports).await.unwrap();
        if device.session().is_none() {
            device.register(&server(), name, "password").await.unwrap();
        }
        Member {
            user: device.session().unwrap().user,
            events: device.events(),
            device,
        }
    }

    pub(super) fn network(&self) -> Network {
        Network::with_connector(Arc::new(ToHub(Arc::clone(&self.hub))))
    }

    /// A room of `first`, with the others added by it and joined.
    pub(super) async fn room(&self, first: &Member, others: &[&Member]) -> RoomUri {
        let room = first.device.create_room().await.unwrap();
        if !others.is_empty() {
            self.add(first, &room, others).await.unwrap();
        }
        room
    }

    /// `by` adds others, who join.
    pub(super) async fn add(
        &self,
        by: &Member,
        room: &RoomUri,
        others: &[&Member],
    ) -> Result<u64, SdkError> {
        let before = by.interim(room).await;
        let users: Vec<_> = others.iter().map(|m| m.user.clone()).collect();
        let seq = by.device.inner.change(room, Change::Add(users)).await?;
        self.offer_tree(by, room, before).await;
        for member in others {
            self.welcome(member, room, seq).await;
        }
        Ok(seq)
    }

    /// The hub serves the tree that `member` has now.
    pub(super) async fn offer_tree(&self, member: &Member, room: &RoomUri, interim: Hash) {
        let tree = member.tree(room).await;
        let mut state = self.hub.lock();
        (state.tree, state.interim) = (tree, interim);
    }

    /// Hands a member the Welcome that goes with the event `seq`.
    pub(super) async fn welcome(&self, member: &Member, room: &RoomUri, seq: u64) {
        let welcome = self.hub.welcome(room, seq);
        self.welcome_with(member, room, seq, &welcome).await;
    }

    pub(super) async fn welcome_with(
        &self,
        member: &Member,
        room: &RoomUri,
        seq: u64,
        welcome: &[u8],
    ) {
        let (event, interim) = {
            let state = self.hub.lock();
            let at = usize::try_from(seq).unwrap() - 1;
            (state.logs[room].events[at].to_bytes(), state.interim)
        };
        let frame = WelcomeFrame {
            room,
            event: &event,
            welcome,
            interim,
        };
        member.device.inner.take_welcome(frame).await.unwrap();
    }

    /// A member says something, the hub takes it, and the member meets it in the log.
    pub(super) async fn say(&self, member: &Member, room: &RoomUri, text: &str) -> Event {
        member.device.send(room, text).await.unwrap();
        let mut events = Vec::new();
        for (_, ciphertext) in member.sealed(room).await {
            events.push(self.hub.append(room, EventKind::MESSAGE, ciphertext));
        }
        member.pull(room).await;
        events.pop().expect("one message at least")
    }

    pub(super) async fn all_pull(&self, room: &RoomUri, members: &[&Member]) {
        for member in members {
            member.pull(room).await;
        }
    }
}

impl Member {
    pub(super) async fn pull(&self, room: &RoomUri) {
        self.device.inner.pull(room).await.unwrap();
    }

    /// What the outbox gives, encrypted, in order.
    pub(super) async fn sealed(&self, room: &RoomUri) -> Vec<(ClientMsgId, Vec<u8>)> {
        use holm_client_types::frame::DeviceFrame;
        let opening = Lanes::default().opening(room, Instant::now()).unwrap();
        let sealed = self.device.inner.seal_waiting(room, opening, false).await;
        let ready = sealed.unwrap().ready.into_iter();
        let bytes = ready.map(|(id, _, frame)| match frame {
            DeviceFrame::Send { message, .. } => (id, message.as_slice().to_vec()),
            other => panic!("not a message: {other:?}"),
        });
        bytes.collect()
    }

    pub(super) async fn texts(&self, room: &RoomUri) -> Vec<String> {
        let page = self.device.timeline(room, None, 1_000).await;
        page.into_iter().map(|entry| entry.text).collect()
    }

    pub(super) async fn state(&self, room: &RoomUri) -> RoomState {
        let rooms = self.device.rooms().await;
        let found = rooms.into_iter().find(|r| r.room == *room);
        found.expect("the room is known").state
    }

    pub(super) async fn cursor(&self, room: &RoomUri) -> u64 {
        let rooms = self.device.rooms().await;
        rooms.iter().find(|r| r.room == *room).unwrap().cursor
    }

    pub(super) async fn tree(&self, room: &RoomUri) -> Vec<u8> {
        let mut state = self.device.inner.lock().await;
        let mut step = state.step().await.unwrap();
        let group = step.group(&group_id(room, 0)).await.unwrap();
        encode(&group.export_ratchet_tree())
    }

    pub(super) async fn interim(&self, room: &RoomUri) -> Hash {
        let mut state = self.device.inner.lock().await;
        let mut step = state.step().await.unwrap();
        let group = step.group(&group_id(room, 0)).await.unwrap();
        interim_hash(group.public_group())
    }

    /// Runs the device.
    pub(super) fn run(&self) -> JoinHandle<Result<(), SdkError>> {
        let device = self.device.clone();
        tokio::spawn(async move { device.run().await })
    }

    /// The next event.
    pub(super) async fn next(&mut self) -> DeviceEvent {
        let event = timeout(PATIENCE, self.events.next()).await;
        event.expect("an event").unwrap().unwrap()
    }

    /// Waits for an event.
    pub(super) async fn until(&mut self, fits: impl Fn(&DeviceEvent) -> bool) {
        while !fits(&self.next().await) {}
    }

    /// The events told since the last call.
    pub(super) fn told(&mut self) -> Vec<DeviceEvent> {
        let mut told = Vec::new();
        while let Ok(event) = self.events.0.try_recv() {
            told.push(event);
        }
        told
    }

    /// The alarms told since the last call.
    pub(super) fn alarms(&mut self) -> Vec<String> {
        let alarm = |event| match event {
            DeviceEvent::Alarm { what, .. } => Some(what),
            _ => None,
        };
        self.told().into_iter().filter_map(alarm).collect()
    }
}
