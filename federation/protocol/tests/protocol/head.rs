//! Signed heads and orders (HEAD-1 to HEAD-4, ORD-1 to ORD-2, SIG-1, SIG-2).

use holm_protocol::document::{Document, ListedKey, Trust, VerifiedDocument};
use holm_protocol::order::Subject;
use holm_protocol::room_extension::Hub;
use holm_protocol::signing::Label;
use holm_protocol::{Hash, Head, PrivateKey, Signature, SignedHead, SignedOrder};
use proptest::prelude::{any, prop_assert_eq, proptest};

use crate::fixtures::{NOW, device, hub, islet, key, order, room, skerry, user};
use crate::strategies;

fn head() -> Head {
    Head {
        room: room(),
        term: 1,
        seq: 12,
        hash: Hash::sha256(b"event 12"),
        time: NOW,
    }
}

fn listed(id: &str, key: &PrivateKey, (from, until): (u64, u64)) -> ListedKey {
    ListedKey {
        id: id.into(),
        key: key.public(),
        from,
        until,
    }
}

/// A document of islet.example under `root` with the room key `r1`, valid for two seconds.
fn document(root: &str) -> VerifiedDocument {
    let document = Document {
        name: islet(),
        base_url: "https://islet.example".into(),
        versions: vec!["v1".into()],
        serial: 1,
        expires: NOW + 1,
        request_keys: vec![listed("q1", &key("request"), (0, NOW + 1))],
        room_keys: vec![listed("r1", &key("room"), (NOW - 1_000, NOW + 1_000))],
        successions: Vec::new(),
    };
    let signed = document.sign(&key(root));
    signed.verify(&islet(), &Trust::default(), NOW).unwrap()
}

proptest! {
    /// HEAD-2, SIG-1, SIG-2
    #[test]
    fn any_change_of_a_head_or_its_signature_breaks_it(
        head in strategies::head(), other in strategies::head(), bit in 0_usize..512
    ) {
        let key = key("room");
        let signed = SignedHead::sign(head.clone(), "r1", &key);
        prop_assert_eq!(signed.verify(&key.public()), Some(&head));
        let replaced = SignedHead { head: other.clone(), ..signed.clone() };
        prop_assert_eq!(replaced.verify(&key.public()).is_some(), other == head);
        let mut broken = signed;
        broken.signature.0[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(broken.verify(&key.public()), None);
    }

    /// ORD-2, SIG-1, SIG-2
    #[test]
    fn any_change_of_an_order_or_its_signature_breaks_it(
        order in strategies::order(), other in strategies::order(), bit in 0_usize..512
    ) {
        let key = key("room");
        let signed = SignedOrder::sign(order.clone(), "r1", &key);
        prop_assert_eq!(signed.verify(&key.public()), Some(&order));
        let replaced = SignedOrder { order: other.clone(), ..signed.clone() };
        prop_assert_eq!(replaced.verify(&key.public()).is_some(), other == order);
        let mut broken = signed;
        broken.signature.0[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(broken.verify(&key.public()), None);
    }

    /// HEAD-4
    #[test]
    fn two_heads_contradict_each_other_at_one_place_with_two_hashes(
        a in strategies::head(), mut b in strategies::head(), same in any::<[bool; 4]>()
    ) {
        if same[0] { b.room = a.room.clone(); }
        if same[1] { b.term = a.term; }
        if same[2] { b.seq = a.seq; }
        if same[3] { b.hash = a.hash; }
        let place = a.room == b.room && a.term == b.term && a.seq == b.seq;
        let expected = place && a.hash != b.hash;
        let sign = |head| SignedHead::sign(head, "r1", &key("room"));
        let (a, b) = (sign(a), sign(b));
        prop_assert_eq!(a.contradicts(&b), expected);
        prop_assert_eq!(b.contradicts(&a), expected);
    }
}

/// SIG-1
#[test]
fn a_signature_for_one_purpose_holds_for_no_other() {
    let key = key("room");
    let labels = [
        Label::EVENT,
        Label::ROOM,
        Label::HEAD,
        Label::ORDER,
        Label::BUNDLE,
        Label::CERTIFICATE,
        Label::DOCUMENT,
        Label::LOGIN,
        Label::IDEMPOTENCY,
    ];
    for signed in labels {
        for read in labels {
            let signature = key.sign(signed, &[b"bytes"]);
            let holds = key.public().verifies(read, &[b"bytes"], &signature);
            assert_eq!(holds, signed == read, "{signed:?} as {read:?}");
        }
    }
}

/// SIG-2
#[test]
fn a_key_of_small_order_signs_nothing() {
    // The neutral element as key and as nonce with S = 0 satisfies the lax equation for any bytes.
    let mut one = [0_u8; 32];
    one[0] = 1;
    let mut signature = [0_u8; 64];
    signature[..32].copy_from_slice(&one);
    let key = holm_protocol::PublicKey(one);
    assert!(!key.verifies(Label::HEAD, &[b"bytes"], &Signature(signature)));
}

/// HEAD-3
#[test]
fn a_head_holds_by_a_room_key_of_the_hub_that_the_group_names() {
    let document = document("root of islet");
    let signed = SignedHead::sign(head(), "r1", &key("room"));
    assert_eq!(signed.verify_by(&document, &hub()), Some(&head()));
    let other_root = Hub::new(&islet(), key("another root").public());
    assert_eq!(signed.verify_by(&document, &other_root), None);
    let other_domain = Hub::new(&skerry(), key("root of islet").public());
    assert_eq!(signed.verify_by(&document, &other_domain), None);
    let later = Hub { term: 2, ..hub() };
    assert_eq!(signed.verify_by(&document, &later), None);
}

/// HEAD-3
#[test]
fn a_request_key_or_a_key_not_listed_signs_no_head() {
    let document = document("root of islet");
    for (id, text) in [
        ("q1", "request"),
        ("r2", "room"),
        ("r1", "request"),
        ("", "room"),
    ] {
        let signed = SignedHead::sign(head(), id, &key(text));
        assert_eq!(signed.verify_by(&document, &hub()), None, "{id} {text}");
    }
}

/// HEAD-3, DOC-3
#[test]
fn a_room_key_counts_within_its_time_alone() {
    let document = document("root of islet");
    let at = |time| SignedHead::sign(Head { time, ..head() }, "r1", &key("room"));
    for (time, holds) in [(-1_001, false), (-1_000, true), (999, true), (1_000, false)] {
        let time = NOW.saturating_add_signed(time);
        assert_eq!(
            at(time).verify_by(&document, &hub()).is_some(),
            holds,
            "{time}"
        );
    }
}

/// ORD-2
#[test]
fn an_order_holds_by_a_room_key_of_the_hub() {
    let document = document("root of islet");
    let order = order(Subject::User(user("bob@skerry.example")));
    let signed = SignedOrder::sign(order.clone(), "r1", &key("room"));
    assert_eq!(signed.verify_by(&document, &hub()), Some(&order));
    let other_root = Hub::new(&islet(), key("another root").public());
    assert_eq!(signed.verify_by(&document, &other_root), None);
}

/// ORD-1
#[test]
fn an_order_means_a_device_or_all_of_a_user() {
    let phone = device("carol@skerry.example/phone");
    let tablet = device("carol@skerry.example/tablet");
    let bob = device("bob@skerry.example/phone");
    let whole = Subject::User(phone.user());
    assert!(whole.means(&phone) && whole.means(&tablet) && !whole.means(&bob));
    let one = Subject::Device(phone.clone());
    assert!(one.means(&phone) && !one.means(&tablet));
}
