//! A room of two servers in which nobody speaks while something happens to them.

use std::collections::BTreeMap;
use std::time::Duration;

use holm::lab::{Front, Older};
use holm_client_types::frame::ServerFrame;
use holm_client_types::room::EventsResponse;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{Event, EventKind, RoomUri};
use holm_system_tests::{Change, Member, Scene, random};
use tokio::time::Instant;

use crate::idempotency::Socket;

pub(super) const HUB: &str = "islet.test";
pub(super) const FOLLOWER: &str = "skerry.test";

/// How long a recovery may take before a test gives up; how long it takes is measured elsewhere.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a server's log says of a peer.
const AWAY: &str = "a peer does not answer";
const BACK: &str = "the peer is back";

/// Alice at the hub and bob at the follower; both reach their servers past the wires.
pub(super) struct IdleRoom {
    pub(super) scene: Scene,
    alice: Member,
    bob: Member,
    room: RoomUri,
    /// Number of the newest event.
    newest: u64,
    /// Messages said so far.
    said: usize,
    /// Where the log of each server's present process begins.
    begins: BTreeMap<&'static str, usize>,
}

impl IdleRoom {
    pub(super) async fn begin() -> Self {
        Box::pin(Self::set_up()).await
    }

    async fn set_up() -> Self {
        let scene = Scene::start_behind(&[HUB, FOLLOWER], Front::Wire).await;
        let mut alice = Member::register(&scene, HUB, "alice").await;
        let mut bob = Member::register(&scene, FOLLOWER, "bob").await;
        let room = alice.create_room().await;
        let package = alice.claim_one(&bob.user, &room).await;
        let bundle = alice.commit(&Change {
            adds: vec![package],
            ..Change::default()
        });
        alice.submit(&room, &bundle).await.expect_good();
        alice.merge();
        let group = alice.group.as_ref().unwrap();
        let tree = holm_protocol::encoding::encode(&group.export_ratchet_tree());
        bob.join(bundle.welcome.as_ref().unwrap(), &tree);
        let mut idle = Self {
            scene,
            alice,
            bob,
            room,
            newest: 1,
            said: 0,
            begins: BTreeMap::new(),
        };
        idle.say().await;
        idle.arrives().await;
        idle
    }

    /// Alice says something, and the hub has it.
    pub(super) async fn say(&mut self) {
        let message = self
            .alice
            .encrypt(ClientMsgId(random()), "is anybody there?");
        let mut socket = Socket::open(&self.scene, &self.alice).await;
        let sent = tokio::time::timeout(PATIENCE, socket.send(&self.room, &message)).await;
        self.newest = sent.expect("the hub answers").unwrap().seq;
        self.said += 1;
    }

    /// The newest event arrives at bob's device.
    pub(super) async fn arrives(&self) {
        let arrives = Self::arrives_at(&self.scene, &self.bob, &self.room, self.newest);
        let arrived = tokio::time::timeout(PATIENCE, arrives).await;
        arrived.unwrap_or_else(|_| panic!("event {} did not arrive", self.newest));
    }

    async fn arrives_at(scene: &Scene, member: &Member, room: &RoomUri, seq: u64) {
        let mut socket = Socket::open(scene, member).await;
        socket
            .wait(|frame| match frame {
                ServerFrame::Event {
                    room: of, event, ..
                } if of == room => {
                    let event = Event::from_bytes(event.as_slice()).unwrap();
                    (event.header.seq >= seq).then_some(())
                }
                _ => None,
            })
            .await;
    }

    /// How often a server's process found out that its peer does not answer, once it knows that
    /// the peer is back.
    pub(super) async fn noticed(&self, domain: &str) -> usize {
        let settled = async {
            while self.count(domain, AWAY) > self.count(domain, BACK) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let settled = tokio::time::timeout(PATIENCE, settled).await;
        settled.unwrap_or_else(|_| panic!("{domain} did not notice that its peer is back"));
        self.count(domain, AWAY)
    }

    fn count(&self, domain: &str, what: &str) -> usize {
        let log = self.scene.lab.server(domain).unwrap().log();
        let begin = self.begins.get(domain).copied().unwrap_or_default();
        log[begin..].matches(what).count()
    }

    async fn restart(&mut self, domain: &'static str) -> Instant {
        let server = self.scene.lab.server(domain).unwrap();
        self.begins.insert(domain, server.log().len());
        server.restart().await.unwrap();
        Instant::now()
    }

    /// A server finds out once more than `before` that a peer does not answer.
    pub(super) async fn notices(&self, domain: &str, before: usize) {
        let noticed = async {
            while self.count(domain, AWAY) <= before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let noticed = tokio::time::timeout(PATIENCE, noticed).await;
        noticed.unwrap_or_else(|_| panic!("{domain} did not notice that its peer is away"));
    }

    /// The follower dies, alice speaks, the follower comes back; from its start to bob's device.
    pub(super) async fn follower_was_killed(&mut self) -> Duration {
        let before = self.noticed(HUB).await;
        self.scene
            .lab
            .server(FOLLOWER)
            .unwrap()
            .kill()
            .await
            .unwrap();
        self.say().await;
        self.notices(HUB, before).await;
        let start = self.restart(FOLLOWER).await;
        self.arrives().await;
        start.elapsed()
    }

    /// The hub dies owing an event and comes back; from its start to bob's device.
    pub(super) async fn hub_was_killed(&mut self) -> Duration {
        self.noticed(HUB).await;
        self.cut();
        self.say().await;
        self.scene.lab.server(HUB).unwrap().kill().await.unwrap();
        self.heal(Older::StayDead);
        let start = self.restart(HUB).await;
        self.arrives().await;
        start.elapsed()
    }

    /// The hub dies, bob speaks, the hub comes back; from its start to alice's device.
    pub(super) async fn hub_was_away(&mut self) -> Duration {
        let before = self.noticed(FOLLOWER).await;
        self.scene.lab.server(HUB).unwrap().kill().await.unwrap();
        let message = self.bob.encrypt(ClientMsgId(random()), "hold this");
        let mut socket = Socket::open(&self.scene, &self.bob).await;
        let sending = tokio::spawn({
            let room = self.room.clone();
            async move { socket.send(&room, &message).await }
        });
        self.notices(FOLLOWER, before).await;
        let start = self.restart(HUB).await;
        let sent = tokio::time::timeout(PATIENCE, sending).await;
        self.newest = sent.expect("bob gets an answer").unwrap().unwrap().seq;
        let took = start.elapsed();
        self.said += 1;
        self.arrives().await;
        took
    }

    /// Both ways are cut, alice speaks, the hub notices, the cut heals; from there to bob's device.
    pub(super) async fn was_parted(&mut self, older: Older) -> Duration {
        let before = self.noticed(HUB).await;
        self.cut();
        self.say().await;
        self.notices(HUB, before).await;
        self.heal(older);
        let start = Instant::now();
        self.arrives().await;
        start.elapsed()
    }

    /// The same, for so many seconds, which are the scenario.
    pub(super) async fn was_parted_for(&mut self, seconds: u64) -> Duration {
        self.noticed(HUB).await;
        self.cut();
        self.say().await;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.heal(Older::StayDead);
        let start = Instant::now();
        self.arrives().await;
        start.elapsed()
    }

    fn cut(&self) {
        for domain in [HUB, FOLLOWER] {
            self.scene.lab.wire(domain).unwrap().cut();
        }
    }

    fn heal(&self, older: Older) {
        for domain in [HUB, FOLLOWER] {
            self.scene.lab.wire(domain).unwrap().heal(older);
        }
    }

    /// Both servers hold the same messages, each once.
    pub(super) async fn holds_each_once(&self) {
        let (here, there) = (
            self.messages(&self.alice).await,
            self.messages(&self.bob).await,
        );
        assert_eq!(here.len(), self.said);
        assert_eq!(here, there);
    }

    async fn messages(&self, member: &Member) -> Vec<Event> {
        let room = self.room.as_str().replace(':', "%3A").replace('/', "%2F");
        let page: EventsResponse = member
            .get(&format!("/client/v1/rooms/{room}/events?after=0&limit=256"))
            .await
            .good();
        let events = page.events.iter();
        let events = events.map(|bytes| Event::from_bytes(bytes.as_slice()).unwrap());
        events
            .filter(|event| event.header.kind == EventKind::MESSAGE)
            .collect()
    }
}

/// Median and longest of each kind, a line each.
pub(super) fn report(times: Vec<(&'static str, Duration)>) -> String {
    let mut by_kind: BTreeMap<_, Vec<Duration>> = BTreeMap::new();
    for (kind, time) in times {
        by_kind.entry(kind).or_default().push(time);
    }
    let line = |(kind, mut times): (&str, Vec<Duration>)| {
        times.sort();
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        let runs = times.len();
        format!("{kind}: {runs} runs, p50 {median:.2?}, max {longest:.2?}\n")
    };
    by_kind.into_iter().map(line).collect()
}
