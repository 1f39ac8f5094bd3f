//! Arbitrary values of the protocol's structures.

use holm_protocol::aad::{Aad, ClientMsgId, Extra};
use holm_protocol::bundle::CommitBody;
use holm_protocol::identity::{Certificate, DeviceIdentity};
use holm_protocol::order::{Reason, Subject};
use holm_protocol::room_extension::{Hub, Policy, Role, RoleEntry, RoomExtension};
use holm_protocol::{
    DeviceUri, Event, EventHeader, EventKind, Hash, Head, Order, PublicKey, RoomUri, ServerName,
    Signature, SignedHead, SignedOrder, UserUri,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use tls_codec::VLBytes;

pub(crate) fn server_text() -> impl Strategy<Value = String> {
    "([a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?\\.){1,2}[a-z]([a-z0-9-]{0,4}[a-z0-9])?"
}

pub(crate) fn server() -> impl Strategy<Value = ServerName> {
    server_text().prop_map(|text| ServerName::parse(&text).unwrap())
}

pub(crate) fn user() -> impl Strategy<Value = UserUri> {
    let name = "[a-z0-9]([a-z0-9._-]{0,8}[a-z0-9])?";
    (server(), name).prop_map(|(server, name)| UserUri::new(&server, &name).unwrap())
}

pub(crate) fn device() -> impl Strategy<Value = DeviceUri> {
    (user(), "[a-z0-9]{1,16}").prop_map(|(user, id)| DeviceUri::new(&user, &id).unwrap())
}

pub(crate) fn room() -> impl Strategy<Value = RoomUri> {
    (server(), "[a-z0-9]{1,32}").prop_map(|(server, id)| RoomUri::new(&server, &id).unwrap())
}

pub(crate) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    // Past 64 bytes a length takes a second byte.
    vec(any::<u8>(), 0..200)
}

pub(crate) fn vl_bytes() -> impl Strategy<Value = VLBytes> {
    bytes().prop_map(VLBytes::new)
}

pub(crate) fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

pub(crate) fn signature() -> impl Strategy<Value = Signature> {
    vec(any::<u8>(), 64).prop_map(|bytes| Signature(bytes.try_into().unwrap()))
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let header = (room(), any::<u64>(), any::<u64>(), any::<u16>(), hash());
    (header, bytes()).prop_map(|((room, seq, time, kind, prev), body)| {
        let header = EventHeader {
            room,
            seq,
            time,
            kind: EventKind(kind),
            prev,
        };
        Event::new(header, body)
    })
}

pub(crate) fn head() -> impl Strategy<Value = Head> {
    let fields = (room(), any::<u32>(), any::<u64>(), hash(), any::<u64>());
    fields.prop_map(|(room, term, seq, hash, time)| Head {
        room,
        term,
        seq,
        hash,
        time,
    })
}

pub(crate) fn signed_head() -> impl Strategy<Value = SignedHead> {
    (head(), vl_bytes(), signature()).prop_map(|(head, key_id, signature)| SignedHead {
        head,
        key_id,
        signature,
    })
}

pub(crate) fn order() -> impl Strategy<Value = Order> {
    let subject = prop_oneof![
        user().prop_map(Subject::User),
        device().prop_map(Subject::Device)
    ];
    let fields = (room(), any::<u32>(), subject, any::<u16>(), any::<u64>());
    fields.prop_map(|(room, generation, subject, reason, time)| Order {
        room,
        generation,
        subject,
        reason: Reason(reason),
        time,
    })
}

pub(crate) fn signed_order() -> impl Strategy<Value = SignedOrder> {
    (order(), vl_bytes(), signature()).prop_map(|(order, key_id, signature)| SignedOrder {
        order,
        key_id,
        signature,
    })
}

pub(crate) fn device_identity() -> impl Strategy<Value = DeviceIdentity> {
    let certificate = (any::<u32>(), any::<u64>(), any::<u64>(), signature());
    (device(), any::<[u8; 32]>(), certificate).prop_map(|(device, identity_key, certificate)| {
        let (generation, issued, expires, signature) = certificate;
        DeviceIdentity {
            device,
            identity_key: PublicKey(identity_key),
            certificate: Certificate {
                generation,
                issued,
                expires,
                signature,
            },
        }
    })
}

pub(crate) fn aad() -> impl Strategy<Value = Aad> {
    let extra = (any::<u16>(), vl_bytes()).prop_map(|(kind, value)| Extra { kind, value });
    let fields = (
        any::<[u8; 16]>(),
        option::of(signed_head()),
        vec(signed_order(), 0..3),
        vec(extra, 0..3),
    );
    fields.prop_map(|(id, head, orders, mut extra)| {
        extra.sort_by_key(|e| e.kind);
        extra.dedup_by_key(|e| e.kind);
        Aad {
            client_msg_id: ClientMsgId(id),
            head,
            orders,
            extra,
        }
    })
}

pub(crate) fn commit_body() -> impl Strategy<Value = CommitBody> {
    let fields = (vl_bytes(), vl_bytes(), hash(), signature());
    fields.prop_map(|(commit, group_info, welcome_hash, signature)| CommitBody {
        commit,
        group_info,
        welcome_hash,
        signature,
    })
}

pub(crate) fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Member), Just(Role::Admin), Just(Role::Owner)]
}

pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    (role(), role(), role()).prop_map(|(add, remove, change)| Policy {
        add,
        remove,
        change,
    })
}

/// A well-formed room extension.
pub(crate) fn room_extension() -> impl Strategy<Value = RoomExtension> {
    let hub = (server(), any::<u32>(), any::<[u8; 32]>());
    let listed = proptest::collection::btree_map(user(), 0_u8..3, 0..6);
    let profile = option::of(any::<[u8; 32]>());
    (hub, policy(), listed, profile).prop_map(|((domain, term, root), policy, listed, profile)| {
        let with = |what: u8| listed.iter().filter(move |(_, n)| **n == what);
        let listed_as = |what, role| {
            with(what).map(move |(user, _)| RoleEntry {
                user: user.clone(),
                role,
            })
        };
        RoomExtension {
            version: 1,
            hub: Hub {
                term,
                ..Hub::new(&domain, PublicKey(root))
            },
            policy,
            bans: with(0).map(|(user, _)| user.clone()).collect(),
            roles: listed_as(1, Role::Admin)
                .chain(listed_as(2, Role::Owner))
                .collect(),
            profile_hash: VLBytes::new(profile.map(|h| h.to_vec()).unwrap_or_default()),
        }
    })
}
