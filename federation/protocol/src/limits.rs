//! Every limit of the protocol, in one place (spec 09).
//!
//! A limit is part of the protocol: two servers that disagree on one would take each other's
//! honest data for an attack. Each is tested at n and n + 1.

/// Bytes of a server name (ID-1).
pub const SERVER_NAME_LEN_MAX: usize = 253;
/// Bytes of a user's local name (ID-2).
pub const USER_NAME_LEN_MAX: usize = 32;
/// Bytes of a device's id (ID-3).
pub const DEVICE_ID_LEN_MAX: usize = 16;
/// Bytes of a device URI, so that a credential's identity stays within its 200 (ID-3): two of
/// length, 32 of identity key and 84 of certificate stand beside it.
pub const DEVICE_URI_LEN_MAX: usize = 82;
/// Bytes of a room's id (ID-4).
pub const ROOM_ID_LEN_MAX: usize = 32;
/// Bytes of a credential's identity (ROOM-4).
pub const CREDENTIAL_IDENTITY_LEN_MAX: usize = 200;

/// Users a room (LIM-1).
pub const ROOM_USERS_MAX: usize = 1_024;
/// Devices a room (LIM-2).
pub const ROOM_DEVICES_MAX: usize = 2_048;
/// Devices a user (LIM-3).
pub const USER_DEVICES_MAX: usize = 10;
/// Adds in one commit (LIM-4).
pub const COMMIT_ADDS_MAX: usize = 1_000;
/// Raw bytes of a message's MLS ciphertext (LIM-5).
pub const MESSAGE_LEN_MAX: usize = 64 * 1_024;
/// Raw bytes of a commit bundle: commit, Welcome and GroupInfo together (LIM-6).
pub const BUNDLE_LEN_MAX: usize = 1_024 * 1_024;
/// Bytes of a frame from a device (LIM-7).
pub const FRAME_IN_LEN_MAX: usize = 128 * 1_024;
/// Bytes of a frame to a device (LIM-8).
pub const FRAME_OUT_LEN_MAX: usize = 2 * 1_024 * 1_024;
/// Bytes of a federation request or response body (LIM-9).
pub const FEDERATION_BODY_LEN_MAX: usize = 4 * 1_024 * 1_024;
/// Bytes of a client API request body other than bundles (LIM-10).
pub const CLIENT_BODY_LEN_MAX: usize = 256 * 1_024;
/// Bytes of a client API request body that carries a bundle, base64 included (LIM-6).
pub const CLIENT_BUNDLE_BODY_LEN_MAX: usize = 2 * 1_024 * 1_024;
/// KeyPackages a device may have waiting on its server (LIM-11).
pub const KEY_PACKAGES_MAX: usize = 100;
/// Bytes of one KeyPackage (LIM-12).
pub const KEY_PACKAGE_LEN_MAX: usize = 4 * 1_024;
/// Bytes of a ratchet tree (LIM-13).
pub const TREE_LEN_MAX: usize = 2 * 1_024 * 1_024;
/// Events in one page of a log (LIM-14).
pub const PAGE_EVENTS_MAX: usize = 256;
/// Rooms in one notify or heads request (LIM-15).
pub const NOTIFY_ROOMS_MAX: usize = 256;
/// Messages in one submitMessage request (LIM-16).
pub const SUBMIT_MESSAGES_MAX: usize = 256;
/// Bytes of a password (LIM-17).
pub const PASSWORD_LEN_MAX: usize = 1_024;
/// Bytes of a password at least (LIM-17).
pub const PASSWORD_LEN_MIN: usize = 8;
/// Bytes of a server document (LIM-18).
pub const DOCUMENT_LEN_MAX: usize = 64 * 1_024;
/// Users whom a user's consent names (LIM-30).
pub const CONSENT_USERS_MAX: usize = 1_024;
/// Rooms a device may be in (LIM-19).
pub const DEVICE_ROOMS_MAX: usize = 10_000;
/// Bytes of AAD in a message or commit (LIM-20).
pub const AAD_LEN_MAX: usize = 16 * 1_024;
/// Orders in one commit, so that they fit its AAD whatever the names' lengths (LIM-21).
pub const COMMIT_ORDERS_MAX: usize = 16;
/// Bytes of the room extension, which stands in every GroupInfo of the log (LIM-22).
pub const ROOM_EXTENSION_LEN_MAX: usize = 64 * 1_024;
/// Commits that wait for their turn in a room (LIM-23).
pub const COMMITS_WAITING_MAX: usize = 64;
/// Messages a server holds of one device while hubs are away (LIM-24).
pub const HELD_DEVICE_MAX: usize = 1_024;
/// Their bytes (LIM-24).
pub const HELD_DEVICE_LEN_MAX: usize = 8 * 1_024 * 1_024;
/// Messages a server holds for one hub that is away (LIM-25).
pub const HELD_HUB_MAX: usize = 16_384;
/// Their bytes (LIM-25).
pub const HELD_HUB_LEN_MAX: usize = 128 * 1_024 * 1_024;
/// Bytes of a file that proves two histories (LIM-26).
pub const PROOF_LEN_MAX: usize = 16 * 1_024 * 1_024;
/// Links of a chain in it (LIM-26).
pub const PROOF_LINKS_MAX: usize = 16_384;
/// Server documents in it (LIM-26).
pub const PROOF_DOCUMENTS_MAX: usize = 4;
/// Steps from a former root of a server to the one of today (DOC-10).
pub const SUCCESSIONS_MAX: usize = 8;
/// Reflections for one server in a minute (LIM-29).
pub const REFLECTIONS_MAX: u32 = 30;
/// Bytes of a key's id in a server document (DOC-3).
pub const KEY_ID_LEN_MAX: usize = 64;
/// Largest number in JSON, the largest that every language reads exactly: 2^53 - 1 (ENC-6).
pub const JSON_NUMBER_MAX: u64 = (1 << 53) - 1;

/// Age of the newest head at which a connected device says that it is not up to date,
/// milliseconds (HEAD-9).
pub const HEAD_STALE_MS: u64 = 10 * 60 * 1_000;
/// Milliseconds a request's `created` may lie off either way (SIG-7).
pub const CLOCK_SKEW_MS_MAX: u64 = 5 * 60 * 1_000;
/// How many epochs before the newest a message may be of (LOG-12).
pub const MESSAGE_EPOCHS_BEHIND_MAX: u64 = 2;
/// Commits a room takes at once, before they are spaced (ROOM-13).
pub const COMMIT_BURST_MAX: u32 = 10;
/// Milliseconds between two commits of a room, once the burst is used up (ROOM-13).
pub const COMMIT_INTERVAL_MS: u64 = 500;
/// Milliseconds that a device waits for each rank before it carries out an order (ORD-8).
pub const ORDER_RANK_WAIT_MS: u64 = 200;
/// Milliseconds that a device waits at most, whatever its rank (ORD-8).
pub const ORDER_WAIT_MS_MAX: u64 = 60_000;
/// Events of a room for which a hub at least remembers `client_msg_id`s (LOG-9).
pub const IDEMPOTENCY_EVENTS_MIN: u64 = 10_000;
/// Milliseconds for which a hub at least remembers `client_msg_id`s (LOG-9).
pub const IDEMPOTENCY_MS_MIN: u64 = 7 * 24 * 3_600 * 1_000;

/// Bytes of the content of a message; beside it a message holds padding, tags and authenticated
/// data (LIM-31).
pub const CONTENT_LEN_MAX: usize = 61_440;
/// Parts of a body, those inside others counted (LIM-31).
pub const CONTENT_PARTS_MAX: usize = 1_024;
/// Parts inside each other (LIM-31).
pub const CONTENT_DEPTH_MAX: usize = 4;
/// Bytes of a topic's id (LIM-31).
pub const TOPIC_LEN_MAX: usize = 4_096;
/// Extensions of a content (LIM-31).
pub const EXTENSIONS_MAX: usize = 64;
/// Tags, maps and arrays inside each other, the map of the extensions counted (MSG-5).
pub const EXTENSION_DEPTH_MAX: usize = 4;
