//! The story: five epochs, each with the commit that won, those that lost, and messages.

use std::rc::Rc;
use std::sync::OnceLock;

use holm_core::ports::StoredKeyPackage;
use holm_mls::{PublicRoom, read_key_package};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::bundle::Bundle;
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::room_extension::{Hub, RoomExtension};
use holm_protocol::{DeviceUri, PublicKey, UserUri};

use super::{Ask, Device, FOLLOWER, HUB, room, server};
use crate::runtime::begun_ms;

/// A commit of the story.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    /// Who made it.
    pub(crate) device: DeviceUri,
    /// Its id.
    pub(crate) id: ClientMsgId,
    /// What is uploaded.
    pub(crate) bundle: Bundle,
    /// The epoch it was made in.
    pub(crate) epoch: u64,
    /// Whether it is the one that wins in the story.
    pub(crate) wins: bool,
    /// Whether it removes somebody, which closes the window of epochs.
    pub(crate) removes: bool,
    /// Users in the room after it.
    pub(crate) members: Vec<UserUri>,
}

/// A message of the story.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Who sent it.
    pub(crate) device: DeviceUri,
    /// Its id; few, so that they are met again in other bytes.
    pub(crate) id: ClientMsgId,
    /// An MLSMessage.
    pub(crate) bytes: Vec<u8>,
    /// The epoch it was made in.
    pub(crate) epoch: u64,
}

/// A room's history.
pub(crate) struct Story {
    /// GroupInfo and tree of epoch 0.
    pub(crate) creation: (Vec<u8>, Vec<u8>),
    /// All devices, the creator first, each with its MLS key.
    pub(crate) people: Vec<(DeviceIdentity, PublicKey)>,
    /// KeyPackages that commits of the story add.
    pub(crate) packages: Vec<(DeviceUri, StoredKeyPackage)>,
    /// All commits, by epoch.
    pub(crate) commits: Vec<Commit>,
    /// All messages, by epoch.
    pub(crate) messages: Vec<Message>,
    /// The group in each epoch, as a snapshot.
    pub(crate) snapshots: Vec<Vec<u8>>,
}

/// The story while it is told.
struct Telling {
    story: Story,
    devices: Vec<Device>,
    group: PublicRoom,
    ids: u8,
}

/// The story of this process.
pub(crate) fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    STORY.get_or_init(tell)
}

/// The group in an epoch of the story, loaded once a thread.
pub(crate) fn before(epoch: u64) -> Rc<PublicRoom> {
    thread_local! {
        static GROUPS: Vec<Rc<PublicRoom>> = story()
            .snapshots
            .iter()
            .map(|snapshot| Rc::new(PublicRoom::load(snapshot).expect("a snapshot")))
            .collect();
    }
    let epoch = usize::try_from(epoch).expect("few epochs");
    GROUPS.with(|groups| Rc::clone(&groups[epoch]))
}

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

fn tell() -> Story {
    let mut telling = begin();
    let bob = telling.package(BOB);
    telling.epoch(&[(ALICE, Ask::default())], (ALICE, adding(&bob)));
    let carol = telling.package(CAROL);
    telling.epoch(&[(BOB, Ask::default())], (ALICE, adding(&carol)));
    let mut banning = extension();
    banning.bans = vec![UserUri::new(&server(FOLLOWER), "mallory").expect("a name")];
    let ban = Ask {
        extension: Some(banning),
        ..Ask::default()
    };
    let losers = [(CAROL, Ask::default()), (ALICE, ban)];
    telling.epoch(&losers, (BOB, Ask::default()));
    let removal = Ask {
        removes: vec![telling.devices[BOB].leaf()],
        ..Ask::default()
    };
    telling.epoch(&[(CAROL, Ask::default())], (ALICE, removal));
    telling.epoch(&[], (CAROL, Ask::default()));
    telling.messages_of_epoch();
    telling.story
}

fn extension() -> RoomExtension {
    let root = super::root(HUB);
    let owner = UserUri::new(&server(HUB), "alice").expect("a name");
    RoomExtension::new(Hub::new(&server(HUB), root), owner)
}

fn adding(package: &[u8]) -> Ask {
    Ask {
        adds: vec![package.to_vec()],
        ..Ask::default()
    }
}

fn begin() -> Telling {
    let mut devices = vec![
        Device::new("alice", HUB),
        Device::new("bob", FOLLOWER),
        Device::new("carol", HUB),
    ];
    let creation = devices[ALICE].create(&extension());
    let group = PublicRoom::start(&room(), &creation.0, &creation.1).expect("a group");
    let people = devices.iter().map(|d| (d.identity.clone(), d.key.public()));
    let story = Story {
        creation,
        people: people.collect(),
        packages: Vec::new(),
        commits: Vec::new(),
        messages: Vec::new(),
        snapshots: vec![group.snapshot()],
    };
    Telling {
        story,
        devices,
        group,
        ids: 0,
    }
}

impl Telling {
    fn package(&mut self, who: usize) -> Vec<u8> {
        let bytes = self.devices[who].key_package();
        let view = read_key_package(&bytes, begun_ms()).expect("a KeyPackage");
        let stored = StoredKeyPackage {
            reference: view.reference,
            bytes: bytes.clone().into(),
            expires: view.expires_s,
        };
        self.story.packages.push((view.identity.device, stored));
        bytes
    }

    /// Messages, the commits that lose, then the one that wins.
    fn epoch(&mut self, losers: &[(usize, Ask)], (winner, ask): (usize, Ask)) {
        self.messages_of_epoch();
        for (who, ask) in losers {
            self.commit(*who, ask, false);
            self.devices[*who].forget_pending();
        }
        let bundle = self.commit(winner, &ask, true);
        for who in self.members() {
            self.devices[who].merge(&bundle.commit);
        }
        let staged = self.group.stage(&bundle.body(), Vec::new(), begun_ms());
        self.group
            .merge(staged.expect("a good commit"))
            .expect("a merge");
        self.story.snapshots.push(self.group.snapshot());
        let (tree, members) = (self.group.tree(), self.members());
        for who in members.into_iter().filter(|_| bundle.welcome.is_some()) {
            if let (Some(welcome), false) = (&bundle.welcome, self.devices[who].is_in()) {
                self.devices[who].join(welcome, &tree);
            }
        }
    }

    /// Who is in the group.
    fn members(&self) -> Vec<usize> {
        let view = self.group.view();
        let all = 0..self.devices.len();
        all.filter(|who| view.device(&self.devices[*who].identity.device).is_some())
            .collect()
    }

    fn id(&mut self) -> ClientMsgId {
        self.ids += 1;
        ClientMsgId([self.ids; 16])
    }

    fn commit(&mut self, who: usize, ask: &Ask, wins: bool) -> Bundle {
        let id = self.id();
        let bundle = self.devices[who].commit(ask, id);
        let staged = self.group.stage(&bundle.body(), Vec::new(), begun_ms());
        let admitted = staged.expect("a good commit").admitted;
        let before = self
            .group
            .view()
            .leaves
            .iter()
            .map(|leaf| &leaf.identity.device);
        let kept = before.filter(|device| !admitted.removed.contains(device));
        let after = kept.chain(&admitted.added).map(DeviceUri::user);
        self.story.commits.push(Commit {
            device: self.devices[who].identity.device.clone(),
            id,
            bundle: bundle.clone(),
            epoch: self.group.epoch(),
            wins,
            removes: admitted.closes_window,
            members: after.collect(),
        });
        bundle
    }

    /// Two messages of each member, the second under the id that its first of all had.
    fn messages_of_epoch(&mut self) {
        for who in self.members() {
            let device = self.devices[who].identity.device.clone();
            let first = self
                .story
                .messages
                .iter()
                .find(|m| m.device == device)
                .map(|m| m.id);
            for again in [None, first] {
                let id = again.unwrap_or_else(|| self.id());
                let bytes = self.devices[who].send("words", id);
                let (device, epoch) = (device.clone(), self.group.epoch());
                self.story.messages.push(Message {
                    device,
                    id,
                    bytes,
                    epoch,
                });
            }
        }
    }
}
