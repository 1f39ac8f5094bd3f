//! A room of two servers, and what must hold of it after every crash.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use holm::lab::LabServer;
use holm_client_types::room::EventsResponse;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::bundle::CommitBody;
use holm_protocol::event::Position;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Event, EventKind, RoomUri, UserUri};
use holm_sdk::DeviceEvent;
use holm_system_tests::{Member, Person, Scene};

pub(super) const HUB: &str = "islet.test";
pub(super) const FOLLOWER: &str = "skerry.test";

/// How long a process may take to die; it is never waited for on purpose.
const PATIENCE: Duration = Duration::from_mins(1);
const SIGABRT: i32 = 6;

/// A room of alice at its hub and, unless a test plays him itself, bob at a follower.
pub(super) struct Stage {
    pub(super) scene: Scene,
    pub(super) alice: Person,
    pub(super) room: RoomUri,
    /// One at each server who never speaks: they read their server's copy of the log.
    readers: [Member; 2],
    /// What was said, and its number where the sender was told one before a crash.
    pub(super) said: BTreeMap<String, Option<u64>>,
}

/// What a device tells of messages.
enum News {
    Sent(ClientMsgId, u64),
    Heard(String),
}

impl Stage {
    /// Sets up the room; `bob` comes in with the readers, in the log's first event.
    pub(super) async fn set(scene: Scene, bob: &UserUri) -> Self {
        let alice = Person::register(&scene, HUB, "alice").await;
        let readers = [
            Member::register(&scene, HUB, "wanda").await,
            Member::register(&scene, FOLLOWER, "wilma").await,
        ];
        let room = alice.device.create_room().await.unwrap();
        let users = [
            bob.clone(),
            readers[0].user.clone(),
            readers[1].user.clone(),
        ];
        assert_eq!(alice.device.add_users(&room, &users).await.unwrap(), 1);
        Self {
            scene,
            alice,
            room,
            readers,
            said: BTreeMap::new(),
        }
    }

    pub(super) fn server(&self, domain: &str) -> &LabServer {
        self.scene.lab.server(domain).unwrap()
    }

    /// Waits until a server has died at `point`, and starts it again.
    pub(super) async fn dies(&self, domain: &str, point: &str) {
        let server = self.server(domain);
        let ended = tokio::time::timeout(PATIENCE, server.exit()).await;
        let ended = ended.unwrap_or_else(|_| panic!("{domain} does not reach {point}"));
        assert_died(ended.unwrap(), &server.log(), point);
        server.restart().await.unwrap();
    }

    /// Both logs are the same, without a gap and with one commit an epoch; the messages in them
    /// are those that were said, each once. Returns their numbers.
    pub(super) async fn check_logs(&self) -> Vec<u64> {
        let at_hub = log(&self.readers[0], &self.room).await;
        assert_eq!(at_hub, log(&self.readers[1], &self.room).await);
        let (mut position, mut epoch) = (Position::origin(&self.room), 0);
        let mut messages = Vec::new();
        for bytes in &at_hub {
            let event = Event::from_bytes(bytes).unwrap();
            position = position.check_next(&self.room, &event).unwrap();
            if event.header.kind == EventKind::COMMIT {
                let body = CommitBody::from_bytes(event.body.as_slice()).unwrap();
                let header = MlsHeader::read(body.commit.as_slice()).unwrap();
                assert_eq!(header.epoch, epoch, "event {}", event.header.seq);
                epoch += 1;
            } else {
                messages.push(event.header.seq);
            }
        }
        assert_eq!(messages.len(), self.said.len(), "{:?}", self.said);
        messages
    }

    /// A device shows what was said, each once, where the log has it, and what was acknowledged
    /// before a crash where it was acknowledged.
    pub(super) fn check_shown(&self, shown: &[(u64, String)], log: &[u64]) {
        let numbers: Vec<_> = shown.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(numbers, log);
        let texts: BTreeSet<_> = shown.iter().map(|(_, text)| text).collect();
        assert_eq!(texts.len(), shown.len(), "{shown:?}");
        assert_eq!(texts, self.said.keys().collect());
        for (seq, text) in shown {
            let acknowledged = self.said[text];
            assert!(acknowledged.is_none_or(|told| told == *seq), "{text}");
        }
    }

    /// What a person's device shows, with the numbers; nothing is on its way any more.
    pub(super) async fn shown_to(&self, person: &Person) -> Vec<(u64, String)> {
        let timeline = person.device.timeline(&self.room, None, 10_000).await;
        let shown = timeline.into_iter().map(|e| (e.seq.unwrap(), e.text));
        shown.collect()
    }

    /// Who is in the room, as a person's device has it.
    pub(super) async fn participants(&self, person: &Person) -> BTreeSet<UserUri> {
        let rooms = person.device.rooms().await;
        let room = rooms.into_iter().find(|r| r.room == self.room).unwrap();
        room.participants.into_iter().collect()
    }
}

/// Waits until a person was told the numbers of own messages and has heard others'.
pub(super) async fn settles(
    person: &mut Person,
    sent: &[ClientMsgId],
    heard: &[&str],
) -> BTreeMap<ClientMsgId, u64> {
    let mut told = BTreeMap::new();
    let mut missing: BTreeSet<_> = heard.iter().copied().collect();
    while !missing.is_empty() || !sent.iter().all(|id| told.contains_key(id)) {
        let what = format!("one of {missing:?}, or the numbers of {sent:?}");
        match person.wait(&what, news).await {
            News::Sent(id, seq) => drop(told.insert(id, seq)),
            News::Heard(text) => drop(missing.remove(text.as_str())),
        }
    }
    told
}

fn news(event: &DeviceEvent) -> Option<News> {
    match event {
        DeviceEvent::Sent {
            client_msg_id, seq, ..
        } => Some(News::Sent(*client_msg_id, *seq)),
        DeviceEvent::Message(entry) => Some(News::Heard(entry.text.clone())),
        DeviceEvent::Failed { problem, .. } => panic!("{problem}"),
        _ => None,
    }
}

/// The process killed itself at `point`, and says so.
pub(super) fn assert_died(ended: Option<ExitStatus>, log: &str, point: &str) {
    let signal = ended.and_then(|status| status.signal());
    assert_eq!(signal, Some(SIGABRT), "{point}: {log}");
    for line in [
        format!("when it reaches {point}"),
        format!("holm: reached {point}: the process kills itself"),
    ] {
        assert!(log.contains(&line), "{point}: {log}");
    }
}

/// A server's copy of the log, event by event.
async fn log(reader: &Member, room: &RoomUri) -> Vec<Vec<u8>> {
    let room = room.as_str().replace(':', "%3A").replace('/', "%2F");
    let page: EventsResponse = reader
        .get(&format!("/client/v1/rooms/{room}/events?after=0&limit=256"))
        .await
        .good();
    let bytes = page.events.iter().map(|bytes| bytes.as_slice().to_vec());
    bytes.collect()
}
