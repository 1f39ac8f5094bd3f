//! Structures in the binary form: what is read is written back byte for byte (ENC-1, ENC-2).

use std::collections::BTreeSet;

use holm_protocol::aad::Aad;
use holm_protocol::bundle::CommitBody;
use holm_protocol::encoding::{decode, encode};
use holm_protocol::event::{ChainBreak, Position};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::limits::{AAD_LEN_MAX, COMMIT_ORDERS_MAX, ROOM_EXTENSION_LEN_MAX};
use holm_protocol::mls_header::{MlsHeader, confirmed_transcript_hash};
use holm_protocol::room_extension::RoomExtension;
use holm_protocol::{Event, Hash, PublicKey, RoomUri, SignedHead, SignedOrder};

use crate::input::Input;

/// An event, and its hash (LOG-1, LOG-4).
pub fn event(bytes: &[u8]) {
    if let Ok(event) = Event::from_bytes(bytes) {
        assert_eq!(event.to_bytes(), bytes);
        let moved = Event::new(event.header.clone(), [event.body.as_slice(), b"x"].concat());
        assert_ne!(moved.hash(), event.hash(), "another body, another hash");
    }
}

/// A signed head, its signature and the comparison that finds a fork (HEAD-1, HEAD-2, HEAD-4).
pub fn head(bytes: &[u8]) {
    if let Ok(signed) = decode::<SignedHead>(bytes) {
        assert_eq!(encode(&signed), bytes);
        assert!(!signed.contradicts(&signed), "a head and itself are no two");
        let mut other = signed.clone();
        other.head.hash = Hash::sha256(&signed.head.hash.0);
        assert!(other.contradicts(&signed) && signed.contradicts(&other));
        other.head.seq ^= 1;
        assert!(!other.contradicts(&signed), "another place is no fork");
        assert_eq!(signed.verify(&nobody()), None);
    }
}

/// A signed order (ORD-1, ORD-2).
pub fn order(bytes: &[u8]) {
    if let Ok(signed) = decode::<SignedOrder>(bytes) {
        assert_eq!(encode(&signed), bytes);
        assert_eq!(signed.verify(&nobody()), None);
    }
}

/// The authenticated data of a message (LOG-7, LIM-20, LIM-21).
pub fn aad(bytes: &[u8]) {
    if let Ok(aad) = Aad::from_bytes(bytes) {
        assert_eq!(aad.to_bytes(), bytes);
        assert!(bytes.len() <= AAD_LEN_MAX && aad.orders.len() <= COMMIT_ORDERS_MAX);
        let kinds: BTreeSet<u16> = aad.extra.iter().map(|extra| extra.kind).collect();
        assert_eq!(kinds.len(), aad.extra.len());
    }
}

/// The body of a commit event (LOG-10).
pub fn commit_body(bytes: &[u8]) {
    if let Ok(body) = CommitBody::from_bytes(bytes) {
        assert_eq!(body.to_bytes(), bytes);
        assert!(!body.is_signed_by(&nobody()));
        assert!(!body.has_welcome(&[]), "no Welcome is none");
    }
}

/// A leaf's identity with its certificate (ROOM-3, ROOM-4).
pub fn certified_identity(bytes: &[u8]) {
    if let Ok(identity) = DeviceIdentity::from_bytes(bytes) {
        assert_eq!(identity.to_bytes(), bytes);
        assert_eq!(identity.user().domain(), identity.device.domain());
        assert!(identity.check(&nobody(), 0).is_err());
    }
}

/// The room extension: the private part of the group context (ROOM-5, ROOM-6).
pub fn room_extension(bytes: &[u8]) {
    if let Ok(extension) = RoomExtension::from_bytes(bytes) {
        assert_eq!(extension.to_bytes(), bytes);
        assert!(bytes.len() <= ROOM_EXTENSION_LEN_MAX && extension.is_well_formed());
        assert!(extension.hub.server().is_some());
        for entry in &extension.roles {
            assert_eq!(extension.role(&entry.user), entry.role);
        }
    }
}

/// The readable front of an MLS message, and the transcript hash over it (LOG-11, LOG-14).
pub fn mls_header(bytes: &[u8]) {
    let header = MlsHeader::read(bytes);
    let hash = confirmed_transcript_hash(&Hash::sha256(&[]), bytes);
    if let Some(header) = header {
        assert!(header.group_id.len() + header.aad.len() < bytes.len());
        assert!(!(header.is_message() && header.is_commit()));
        let _ = RoomUri::from_group_id(header.group_id);
    }
    assert!(hash.is_none() || header.is_some_and(|header| header.is_commit()));
}

/// A run of events, each two bytes of length and its bytes, against the chain (LOG-2 to LOG-6):
/// what is taken is a chain without a gap, and nothing after a break is.
pub fn chain(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut position: Option<(RoomUri, Position)> = None;
    while !input.is_empty() {
        let len = usize::from(input.byte()) << 8 | usize::from(input.byte());
        let Ok(event) = Event::from_bytes(input.take(len)) else {
            return;
        };
        let (room, before) = position.unwrap_or_else(|| begun(&event));
        match before.check_next(&room, &event) {
            Ok(after) => {
                assert_eq!(after.seq, before.seq + 1);
                assert!(after.time >= before.time && after.hash == event.hash());
                assert_eq!(
                    (event.header.prev, &event.header.room),
                    (before.hash, &room)
                );
                position = Some((room, after));
            }
            Err(ChainBreak::Gap { expected, found }) => {
                assert!(expected != found || before.seq == u64::MAX);
                return;
            }
            Err(_) => return,
        }
    }
}

/// Just before the first event, as a copy that begins there.
fn begun(event: &Event) -> (RoomUri, Position) {
    let before = Position {
        seq: event.header.seq.saturating_sub(1),
        hash: event.header.prev,
        time: 0,
    };
    (event.header.room.clone(), before)
}

/// A key of which nobody knows the private half.
fn nobody() -> PublicKey {
    PublicKey([7; 32])
}
