//! `room_extensions.json`.

use holm_protocol::room_extension::{Hub, Policy, Role, RoleEntry, RoomExtension};
use holm_protocol::{Hash, PublicKey, ServerName, UserUri};
use serde_json::{Value, json};
use tls_codec::VLBytes;

use super::File;
use super::case::{Case, hex};
use crate::fixtures::{hub, key, skerry, user};

fn first() -> RoomExtension {
    RoomExtension::new(hub(), user("alice@islet.example"))
}

fn entry(address: &str, role: Role) -> RoleEntry {
    let user = user(address);
    RoleEntry { user, role }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}

fn valid(name: &str, extension: &RoomExtension) -> Value {
    let (hub, policy) = (&extension.hub, &extension.policy);
    let roles = extension.roles.iter();
    let roles: Vec<_> = roles.map(|e| json!([e.user, role_name(e.role)])).collect();
    json!({
        "name": name, "requirements": ["ROOM-5", "ROOM-6", "ROOM-7"], "valid": true,
        "hub": { "domain": hub.server().unwrap(), "term": hub.term, "root": hex(hub.root.0) },
        "policy": {
            "add": role_name(policy.add), "remove": role_name(policy.remove),
            "change": role_name(policy.change),
        },
        "bans": extension.bans, "roles": roles, "profile_hash": hex(&extension.profile_hash),
        "bytes": hex(extension.to_bytes()),
    })
}

fn full() -> RoomExtension {
    RoomExtension {
        hub: Hub {
            term: 3,
            ..Hub::new(&skerry(), key("root of skerry").public())
        },
        policy: Policy {
            add: Role::Admin,
            remove: Role::Admin,
            change: Role::Owner,
        },
        bans: vec![user("mallory@skerry.example"), user("trudy@islet.example")],
        roles: vec![
            entry("alice@islet.example", Role::Owner),
            entry("bob@skerry.example", Role::Admin),
        ],
        profile_hash: VLBytes::new(Hash::sha256(b"profile").0.to_vec()),
        ..first()
    }
}

fn invalid(name: &str, ids: &[&str], bytes: impl AsRef<[u8]>) -> Value {
    json!({ "name": name, "requirements": ids, "valid": false, "bytes": hex(bytes) })
}

fn invalids() -> Vec<Value> {
    let changed = |name: &str, change: &dyn Fn(&mut RoomExtension)| {
        let mut extension = full();
        change(&mut extension);
        invalid(name, &["ROOM-5"], extension.to_bytes())
    };
    let good = first().to_bytes();
    let mut no_role = good.clone();
    // Version, domain with its length, term and root stand before the policy.
    no_role[1 + 14 + 4 + 32] = 0;
    vec![
        changed("another version", &|e| e.version = 2),
        changed("a hub that is no server", &|e| {
            e.hub.domain = VLBytes::new(b"Skerry.example".to_vec());
        }),
        changed("a user with two roles", &|e| {
            e.roles.push(entry("bob@skerry.example", Role::Owner));
        }),
        changed("a user banned twice", &|e| {
            e.bans.push(user("trudy@islet.example"));
        }),
        changed("a user banned and with a role", &|e| {
            e.bans.push(user("bob@skerry.example"));
        }),
        changed("a member listed", &|e| {
            e.roles.push(entry("carol@skerry.example", Role::Member));
        }),
        changed("a profile hash of 31 bytes", &|e| {
            e.profile_hash = VLBytes::new(vec![0; 31]);
        }),
        invalid("a role that is none", &["ROOM-5", "ENC-2"], no_role),
        invalid(
            "one byte too few",
            &["ROOM-5", "ENC-2"],
            &good[..good.len() - 1],
        ),
        invalid(
            "one byte too many",
            &["ROOM-5", "ENC-2"],
            [good.as_slice(), &[0]].concat(),
        ),
        invalid("no bytes", &["ROOM-5"], b""),
    ]
}

fn file() -> File {
    let valids = vec![
        valid("as a room begins", &first()),
        valid("with bans, roles and a profile", &full()),
    ];
    File {
        name: "room_extensions",
        description: "The content of the room extension, GroupContext extension 0xF0A0.",
        format: &[
            "bytes: uint8 version = 1, opaque domain<V>, uint32 term, root[32], uint8 add, uint8 remove, uint8 change, bans<V> (each opaque user<V>), roles<V> (each opaque user<V>, uint8 role), opaque profile_hash<V>",
            "roles: 1 member, 2 admin, 3 owner; here by name; whoever is not listed is a member",
            "valid: whether it is well formed",
        ],
        shared: Value::Null,
        cases: [valids, invalids()].concat(),
    }
}

fn role(name: &str) -> Role {
    match name {
        "owner" => Role::Owner,
        "admin" => Role::Admin,
        _ => Role::Member,
    }
}

fn build(case: &Case<'_>) -> RoomExtension {
    let (hub, policy) = (case.part("hub"), case.part("policy"));
    let domain = ServerName::parse(hub.text("domain")).unwrap();
    let user = |value: &Value| UserUri::parse(value.as_str().unwrap()).unwrap();
    RoomExtension {
        version: 1,
        hub: Hub {
            term: hub.small("term"),
            ..Hub::new(&domain, PublicKey(hub.array("root")))
        },
        policy: Policy {
            add: role(policy.text("add")),
            remove: role(policy.text("remove")),
            change: role(policy.text("change")),
        },
        bans: case.list("bans").iter().map(user).collect(),
        roles: case
            .list("roles")
            .iter()
            .map(|pair| RoleEntry {
                user: user(&pair[0]),
                role: role(pair[1].as_str().unwrap()),
            })
            .collect(),
        profile_hash: VLBytes::new(case.bytes("profile_hash")),
    }
}

/// ROOM-5, ROOM-6, ROOM-7, ENC-2
#[test]
fn every_case_of_room_extensions_holds() {
    file().run(|case, _| {
        let read = RoomExtension::from_bytes(&case.bytes("bytes"));
        assert_eq!(read.is_ok(), case.flag("valid"), "{}", case.name());
        if let Ok(read) = read {
            assert_eq!(read, build(case), "{}", case.name());
            assert_eq!(read.to_bytes(), case.bytes("bytes"), "{}", case.name());
        }
    });
}
