//! Structures in the binary form, and what MLS makes.

use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::encoding::encode;
use holm_protocol::event::Position;
use holm_protocol::order::{Reason, Subject};
use holm_protocol::room_extension::{Hub, RoomExtension};
use holm_protocol::{Event, EventHeader, EventKind, Head, Order, SignedHead, SignedOrder};

use super::{Seed, named};
use crate::group::{HUB, room, root, server, signed_head, signed_order, story};

pub(super) fn all() -> Vec<Seed> {
    let groups = [
        named("event", events()),
        named("chain", vec![chain()]),
        named("head", vec![encode(&head())]),
        named("order", vec![encode(&order())]),
        named("aad", aads()),
        named("room_extension", extensions()),
        named("certified_identity", identities()),
        named("commit_body", of_commits(|c| c.body().to_bytes())),
        named("mls_header", headers()),
        named("key_package", packages()),
        named("welcome", welcomes()),
        named("group_info", vec![story().creation.0.clone()]),
        named("group_snapshot", story().snapshots[..2].to_vec()),
    ];
    groups.into_iter().flatten().collect()
}

fn event(position: &Position, kind: EventKind, body: Vec<u8>) -> Event {
    let header = EventHeader {
        room: room(),
        seq: position.seq + 1,
        time: position.time + 7,
        kind,
        prev: position.hash,
    };
    Event::new(header, body)
}

fn events() -> Vec<Vec<u8>> {
    let first = event(
        &Position::origin(&room()),
        EventKind::MESSAGE,
        b"words".to_vec(),
    );
    let second = event(&Position::after(&first), EventKind(77), Vec::new());
    vec![first.to_bytes(), second.to_bytes()]
}

fn chain() -> Vec<u8> {
    let (mut position, mut bytes) = (Position::origin(&room()), Vec::new());
    for n in 0..3_u8 {
        let event = event(&position, EventKind::MESSAGE, vec![n]);
        position = Position::after(&event);
        let event = event.to_bytes();
        let len = u16::try_from(event.len()).expect("a small event");
        bytes.extend(len.to_be_bytes());
        bytes.extend(event);
    }
    bytes
}

fn head() -> SignedHead {
    let position = Position::origin(&room());
    let head = Head {
        room: room(),
        term: 1,
        seq: 0,
        hash: position.hash,
        time: 1,
    };
    signed_head(head)
}

fn order() -> SignedOrder {
    let device = story().people[1].0.device.clone();
    let order = Order {
        room: room(),
        generation: 0,
        subject: Subject::Device(device),
        reason: Reason::REVOKED,
        time: 1,
    };
    signed_order(order)
}

fn aads() -> Vec<Vec<u8>> {
    let plain = Aad::new(ClientMsgId([3; 16]));
    let mut full = plain.clone();
    full.head = Some(head());
    full.orders = vec![order()];
    vec![plain.to_bytes(), full.to_bytes()]
}

fn extensions() -> Vec<Vec<u8>> {
    let owner = story().people[0].0.user();
    let hub = Hub::new(&server(HUB), root(HUB));
    let plain = RoomExtension::new(hub, owner);
    let mut banning = plain.clone();
    banning.bans = vec![story().people[1].0.user()];
    vec![plain.to_bytes(), banning.to_bytes()]
}

fn identities() -> Vec<Vec<u8>> {
    story()
        .people
        .iter()
        .map(|(identity, _)| identity.to_bytes())
        .collect()
}

fn of_commits(part: impl Fn(&holm_protocol::bundle::Bundle) -> Vec<u8>) -> Vec<Vec<u8>> {
    story()
        .commits
        .iter()
        .take(2)
        .map(|commit| part(&commit.bundle))
        .collect()
}

fn headers() -> Vec<Vec<u8>> {
    let mut all = of_commits(|bundle| bundle.commit.clone());
    all.extend(
        story()
            .messages
            .iter()
            .take(2)
            .map(|message| message.bytes.clone()),
    );
    all
}

fn packages() -> Vec<Vec<u8>> {
    story()
        .packages
        .iter()
        .map(|(_, package)| package.bytes.to_vec())
        .collect()
}

fn welcomes() -> Vec<Vec<u8>> {
    story()
        .commits
        .iter()
        .filter_map(|commit| commit.bundle.welcome.clone())
        .collect()
}
