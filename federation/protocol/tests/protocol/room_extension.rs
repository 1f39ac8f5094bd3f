//! The room extension and the authenticated data: form and limits (ROOM-5 to ROOM-7, LOG-7).

use holm_protocol::aad::{Aad, ClientMsgId, Extra};
use holm_protocol::limits::{AAD_LEN_MAX, COMMIT_ORDERS_MAX, ROOM_EXTENSION_LEN_MAX};
use holm_protocol::order::{Reason, Subject};
use holm_protocol::room_extension::{Role, RoleEntry, RoomExtension};
use holm_protocol::{Hash, Head, Order, RoomUri, SignedHead, SignedOrder, UserUri};
use proptest::prelude::{prop_assert_eq, proptest};
use tls_codec::VLBytes;

use crate::fixtures::{hub, key, user};
use crate::strategies;

fn extension() -> RoomExtension {
    RoomExtension::new(hub(), user("alice@islet.example"))
}

fn is_read(extension: &RoomExtension) -> bool {
    RoomExtension::from_bytes(&extension.to_bytes()).is_ok()
}

fn entry(address: &str, role: Role) -> RoleEntry {
    let user = user(address);
    RoleEntry { user, role }
}

proptest! {
    /// ROOM-6
    #[test]
    fn whoever_is_not_listed_is_a_member(e in strategies::room_extension(), user in strategies::user()) {
        let listed = e.roles.iter().find(|entry| entry.user == user);
        prop_assert_eq!(e.role(&user), listed.map_or(Role::Member, |entry| entry.role));
    }
}

/// ROOM-6, ROOM-7
#[test]
fn a_higher_role_includes_the_lower() {
    assert!(Role::Owner > Role::Admin && Role::Admin > Role::Member);
}

/// ROOM-5
#[test]
fn a_user_is_listed_once() {
    let mut twice = extension();
    twice.roles.push(entry("alice@islet.example", Role::Admin));
    assert!(!is_read(&twice));
    let mut banned = extension();
    banned.bans = vec![user("bob@skerry.example"); 2];
    assert!(!is_read(&banned));
    banned.bans = vec![user("alice@islet.example")];
    assert!(!is_read(&banned));
}

/// ROOM-5
#[test]
fn a_plain_member_is_not_listed() {
    let mut member = extension();
    member.roles.push(entry("bob@skerry.example", Role::Member));
    assert!(!is_read(&member));
}

/// ROOM-5
#[test]
fn version_hub_and_profile_are_of_their_form() {
    let other = RoomExtension {
        version: 2,
        ..extension()
    };
    assert!(!is_read(&other));
    let mut other = extension();
    other.hub.domain = VLBytes::new(b"Islet.example".to_vec());
    assert!(!is_read(&other));
    for (len, holds) in [(0, true), (32, true), (31, false), (33, false), (64, false)] {
        let profile_hash = VLBytes::new(vec![7; len]);
        let other = RoomExtension {
            profile_hash,
            ..extension()
        };
        assert_eq!(is_read(&other), holds, "{len} bytes");
    }
}

/// LIM-22
#[test]
fn the_extension_has_at_most_64_kibibytes() {
    assert_eq!(ROOM_EXTENSION_LEN_MAX, 65_536);
    let mut full = extension();
    let mut fill = |len: usize| {
        full.bans.clear();
        // Each ban has 31 bytes and one of length; the last one takes up the rest.
        while full.to_bytes().len() + 64 < len {
            let name = format!("u{:06}", full.bans.len());
            full.bans.push(user(&format!("{name}@skerry.example")));
        }
        let rest = len - full.to_bytes().len() - "\u{1f}mimi://skerry.example/u/".len();
        full.bans
            .push(user(&format!("{}@skerry.example", "a".repeat(rest))));
        (full.to_bytes().len(), is_read(&full))
    };
    assert_eq!(fill(ROOM_EXTENSION_LEN_MAX), (65_536, true));
    assert_eq!(fill(ROOM_EXTENSION_LEN_MAX + 1), (65_537, false));
}

/// LIM-20
#[test]
fn authenticated_data_has_at_most_16_kibibytes() {
    assert_eq!(AAD_LEN_MAX, 16_384);
    let of = |len: usize| {
        let mut aad = Aad::new(ClientMsgId([1; 16]));
        // 16 of id, 1 without head, 1 without orders, 2 + 2 of lengths, 2 of kind.
        let value = VLBytes::new(vec![0; len - 24]);
        aad.extra.push(Extra { kind: 1, value });
        aad.to_bytes()
    };
    for (len, holds) in [(AAD_LEN_MAX, true), (AAD_LEN_MAX + 1, false)] {
        let bytes = of(len);
        assert_eq!(bytes.len(), len);
        assert_eq!(Aad::from_bytes(&bytes).is_ok(), holds);
    }
}

/// LOG-7
#[test]
fn an_addition_of_one_kind_stands_once() {
    let mut aad = Aad::new(ClientMsgId([1; 16]));
    let extra = |kind| Extra {
        kind,
        value: VLBytes::new(Vec::new()),
    };
    aad.extra = vec![extra(5), extra(2)];
    assert!(Aad::from_bytes(&aad.to_bytes()).is_ok());
    aad.extra = vec![extra(5), extra(2), extra(5)];
    assert!(Aad::from_bytes(&aad.to_bytes()).is_err());
}

/// The longest server name there is.
fn longest_domain() -> String {
    let label = "a".repeat(63);
    format!("{label}.{label}.{label}.{}", "a".repeat(61))
}

fn longest_order() -> SignedOrder {
    let domain = longest_domain();
    let order = Order {
        room: RoomUri::parse(&format!("mimi://{domain}/r/{}", "r".repeat(32))).unwrap(),
        generation: 0,
        subject: Subject::User(
            UserUri::parse(&format!("mimi://{domain}/u/{}", "u".repeat(32))).unwrap(),
        ),
        reason: Reason::LEAVE,
        time: 0,
    };
    SignedOrder::sign(order, &"k".repeat(64), &key("room"))
}

/// LIM-21, LIM-20, LOG-8, ORD-4, ORD-7
#[test]
fn sixteen_of_the_longest_orders_and_a_head_fit_and_seventeen_are_too_many() {
    assert_eq!(COMMIT_ORDERS_MAX, 16);
    let order = longest_order();
    let head = Head {
        room: order.order.room.clone(),
        term: 1,
        seq: 1,
        hash: Hash([0; 32]),
        time: 0,
    };
    let mut aad = Aad::new(ClientMsgId([1; 16]));
    aad.head = Some(SignedHead::sign(head, &"k".repeat(64), &key("room")));
    aad.orders = vec![order.clone(); COMMIT_ORDERS_MAX];
    assert_eq!(Aad::from_bytes(&aad.to_bytes()).unwrap(), aad);
    aad.orders.push(order);
    assert!(aad.to_bytes().len() <= AAD_LEN_MAX);
    assert!(Aad::from_bytes(&aad.to_bytes()).is_err());
}

/// LOG-9
#[test]
fn an_idempotency_key_is_of_one_user_and_id() {
    let (a, b) = (ClientMsgId([1; 16]), ClientMsgId([2; 16]));
    let (alice, bob) = (user("alice@islet.example"), user("bob@skerry.example"));
    assert_eq!(a.idempotency_key(&alice), a.idempotency_key(&alice));
    assert_ne!(a.idempotency_key(&alice), b.idempotency_key(&alice));
    assert_ne!(a.idempotency_key(&alice), a.idempotency_key(&bob));
}
