//! The private GroupContext extension: the room's hub, policy, bans and roles.
//!
//! It stands in the group, so tree, credentials and this extension alone decide what a member may
//! do; no server can change it. The participant list is read off the tree, nowhere else (ROOM-5,
//! ROOM-6; spec 05 §3).

use std::collections::BTreeSet;

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};

use crate::encoding::{Malformed, decode, encode};
use crate::limits::ROOM_EXTENSION_LEN_MAX;
use crate::name::ServerName;
use crate::signing::PublicKey;
use crate::uri::UserUri;

/// The extension's type, in the range for private use (ROOM-5).
pub const ROOM_EXTENSION_TYPE: u16 = 0xF0A0;

/// What a participant may do. Higher includes lower.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    TlsSize,
    TlsSerialize,
    TlsDeserializeBytes,
)]
#[repr(u8)]
pub enum Role {
    /// Every participant without another role.
    Member = 1,
    /// May do what policy leaves to admins.
    Admin = 2,
    /// May do all.
    Owner = 3,
}

/// The server that orders the room's log.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Hub {
    /// Its domain as `opaque<V>`.
    pub domain: VLBytes,
    /// Counted up whenever the hub changes.
    pub term: u32,
    /// The root key its server document must stand under.
    pub root: PublicKey,
}

impl Hub {
    /// A hub of the first term.
    pub fn new(domain: &ServerName, root: PublicKey) -> Self {
        Self {
            domain: VLBytes::new(domain.as_str().into()),
            term: 1,
            root,
        }
    }

    /// The domain, if it is one.
    pub fn server(&self) -> Option<ServerName> {
        std::str::from_utf8(self.domain.as_slice())
            .ok()
            .and_then(|d| ServerName::parse(d).ok())
    }
}

/// Which role each act needs (ROOM-7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Policy {
    /// To add a user.
    pub add: Role,
    /// To remove another user.
    pub remove: Role,
    /// To change this extension.
    pub change: Role,
}

impl Policy {
    /// Members add, the owner removes and changes.
    pub const DEFAULT: Self = Self {
        add: Role::Member,
        remove: Role::Owner,
        change: Role::Owner,
    };
}

/// A user with a role other than member.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RoleEntry {
    /// The user.
    pub user: UserUri,
    /// The role.
    pub role: Role,
}

/// Content of the extension (ROOM-5).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RoomExtension {
    /// Version of this structure: 1.
    pub version: u8,
    /// Who orders the log.
    pub hub: Hub,
    /// Who may do what.
    pub policy: Policy,
    /// Users that may not be added.
    pub bans: Vec<UserUri>,
    /// Roles other than member.
    pub roles: Vec<RoleEntry>,
    /// SHA-256 of the encrypted room profile; empty while there is none.
    pub profile_hash: VLBytes,
}

impl RoomExtension {
    /// A new room: `owner` owns it, `hub` orders it.
    pub fn new(hub: Hub, owner: UserUri) -> Self {
        Self {
            version: 1,
            hub,
            policy: Policy::DEFAULT,
            bans: Vec::new(),
            roles: vec![RoleEntry {
                user: owner,
                role: Role::Owner,
            }],
            profile_hash: VLBytes::new(Vec::new()),
        }
    }

    /// The role of a participant: member, unless it is listed with another (ROOM-6).
    pub fn role(&self, user: &UserUri) -> Role {
        self.roles
            .iter()
            .find(|e| e.user == *user)
            .map_or(Role::Member, |e| e.role)
    }

    /// Whether the content is usable: version, hub, no user listed twice, as banned or with a
    /// role, nor as plain member (ROOM-5).
    pub fn is_well_formed(&self) -> bool {
        let roles = self.roles.iter().map(|e| &e.user);
        let users: BTreeSet<_> = self.bans.iter().chain(roles).collect();
        let hash = self.profile_hash.as_slice().len();
        self.version == 1
            && self.hub.server().is_some()
            && users.len() == self.bans.len() + self.roles.len()
            && self.roles.iter().all(|e| e.role > Role::Member)
            && (hash == 0 || hash == 32)
    }

    /// The extension's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads the extension's bytes (ROOM-5, LIM-22).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > ROOM_EXTENSION_LEN_MAX {
            return Err(Malformed(format!(
                "a room extension of {} bytes",
                bytes.len()
            )));
        }
        let extension: Self = decode(bytes)?;
        if extension.is_well_formed() {
            Ok(extension)
        } else {
            Err(Malformed("a room extension that contradicts itself".into()))
        }
    }
}
