//! The stable codes with their status and title (spec 10, PROB-2).

use serde::{Deserialize, Serialize};

/// What went wrong, for programs. Codes are added, never changed (PROB-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request is not of the documented form.
    Malformed,
    /// A value is outside what is allowed.
    BadRequest,
    /// A valid token is needed.
    Unauthenticated,
    /// The token has been revoked.
    TokenRevoked,
    /// User name or password is wrong.
    WrongCredentials,
    /// The request carries no usable signature.
    SignatureMissing,
    /// The request's signature does not hold.
    SignatureInvalid,
    /// The signature does not cover exactly the profile's components.
    SignatureIncomplete,
    /// The request key is not in the origin's server document.
    UnknownKey,
    /// The request was created more than five minutes off our clock.
    ClockSkew,
    /// The request is addressed to another server.
    WrongDestination,
    /// Not allowed.
    Forbidden,
    /// The account has a device; a further one must be linked by it.
    LinkRequired,
    /// This server does not take registrations.
    RegistrationClosed,
    /// The sender is not the hub of this room.
    NotHub,
    /// The sender's server does not answer for this user.
    NotYourUser,
    /// Unknown, or not yours to see.
    NotFound,
    /// The method is not allowed here.
    MethodNotAllowed,
    /// The request took too long to arrive.
    Timeout,
    /// The name is taken.
    NameTaken,
    /// The room exists with another beginning.
    RoomExists,
    /// Another commit was first; re-base on the epoch given.
    WrongEpoch,
    /// The message is of an epoch no longer accepted; encrypt it anew.
    EpochTooOld,
    /// An order is open; the commit must carry it out.
    OrdersOpen,
    /// The hub's term has passed.
    StaleTerm,
    /// The claim id was used for another claim.
    KeyPackageConflict,
    /// The user lets only those add them whom they named.
    ConsentRequired,
    /// No longer kept.
    Gone,
    /// Over the documented limit.
    TooLarge,
    /// The body is not application/json.
    UnsupportedMedia,
    /// A limit of users, devices or rooms is reached.
    Limit,
    /// MLS refuses the commit, its Welcome or its GroupInfo.
    InvalidCommit,
    /// The room's rules do not admit the commit.
    CommitForbidden,
    /// Not an MLS message for this room.
    InvalidMessage,
    /// The KeyPackage does not hold.
    InvalidKeyPackage,
    /// The device is not certified by the user's identity key.
    InvalidCertificate,
    /// The Welcome uses a KeyPackage that was not claimed for this room.
    UnclaimedKeyPackage,
    /// The head's signature does not hold.
    InvalidHead,
    /// The event continues another history of the room.
    Fork,
    /// Events before this one are missing here; send them first.
    Gap,
    /// The room is set aside here.
    RoomStopped,
    /// The user has no KeyPackage left.
    KeyPackagesExhausted,
    /// A message before this one was refused; send it again after that one.
    PreviousRefused,
    /// Too many requests.
    RateLimited,
    /// The asking server is over its quota: all its calls wait.
    QuotaExceeded,
    /// The asking server has made this one store as much as it may: what it brings waits.
    StorageExceeded,
    /// The server failed; the log has the cause.
    Internal,
    /// The other server refused.
    PeerRefused,
    /// The other server cannot be reached now; try again.
    PeerUnreachable,
    /// The other server could not prove who it is.
    PeerUntrusted,
    /// One of the two servers does not deal with the other, by its operator's word.
    PeerBlocked,
    /// Not available now; try again.
    Unavailable,
    /// The frame's type is not known.
    UnknownFrame,
    /// A code of a later version; treated by its status.
    #[serde(other)]
    Unknown,
}

impl Code {
    /// Every code of this version.
    pub const ALL: &[Self] = &[
        Self::Malformed,
        Self::BadRequest,
        Self::Unauthenticated,
        Self::TokenRevoked,
        Self::WrongCredentials,
        Self::SignatureMissing,
        Self::SignatureInvalid,
        Self::SignatureIncomplete,
        Self::UnknownKey,
        Self::ClockSkew,
        Self::WrongDestination,
        Self::Forbidden,
        Self::LinkRequired,
        Self::RegistrationClosed,
        Self::NotHub,
        Self::NotYourUser,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::NameTaken,
        Self::RoomExists,
        Self::WrongEpoch,
        Self::EpochTooOld,
        Self::OrdersOpen,
        Self::StaleTerm,
        Self::KeyPackageConflict,
        Self::ConsentRequired,
        Self::Gone,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::Limit,
        Self::InvalidCommit,
        Self::CommitForbidden,
        Self::InvalidMessage,
        Self::InvalidKeyPackage,
        Self::InvalidCertificate,
        Self::UnclaimedKeyPackage,
        Self::InvalidHead,
        Self::Fork,
        Self::Gap,
        Self::RoomStopped,
        Self::KeyPackagesExhausted,
        Self::PreviousRefused,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::StorageExceeded,
        Self::Internal,
        Self::PeerRefused,
        Self::PeerUnreachable,
        Self::PeerUntrusted,
        Self::PeerBlocked,
        Self::Unavailable,
        Self::UnknownFrame,
    ];

    /// The code as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status it goes with.
    pub fn status(self) -> u16 {
        self.row().1
    }

    /// Its summary.
    pub fn title(self) -> &'static str {
        self.row().2
    }

    #[expect(clippy::too_many_lines, reason = "a table, one row a code")]
    fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Malformed => (
                "malformed",
                400,
                "The request is not of the documented form",
            ),
            Self::BadRequest => ("bad_request", 400, "A value is outside what is allowed"),
            Self::Unauthenticated => ("unauthenticated", 401, "A valid token is needed"),
            Self::TokenRevoked => ("token_revoked", 401, "The token has been revoked"),
            Self::WrongCredentials => ("wrong_credentials", 401, "User name or password is wrong"),
            Self::SignatureMissing => (
                "signature_missing",
                401,
                "The request carries no usable signature",
            ),
            Self::SignatureInvalid => (
                "signature_invalid",
                401,
                "The request's signature does not hold",
            ),
            Self::SignatureIncomplete => (
                "signature_incomplete",
                401,
                "The signature does not cover exactly the profile's components",
            ),
            Self::UnknownKey => (
                "unknown_key",
                401,
                "The request key is not in the origin's server document",
            ),
            Self::ClockSkew => (
                "clock_skew",
                401,
                "The request was created more than five minutes off our clock",
            ),
            Self::WrongDestination => (
                "wrong_destination",
                421,
                "The request is addressed to another server",
            ),
            Self::Forbidden => ("forbidden", 403, "Not allowed"),
            Self::LinkRequired => (
                "link_required",
                403,
                "The account has a device; a further one must be linked by it",
            ),
            Self::RegistrationClosed => (
                "registration_closed",
                403,
                "This server does not take registrations",
            ),
            Self::NotHub => ("not_hub", 403, "The sender is not the hub of this room"),
            Self::NotYourUser => (
                "not_your_user",
                403,
                "The sender's server does not answer for this user",
            ),
            Self::NotFound => ("not_found", 404, "Unknown, or not yours to see"),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "The method is not allowed here"),
            Self::Timeout => ("timeout", 408, "The request took too long to arrive"),
            Self::NameTaken => ("name_taken", 409, "The name is taken"),
            Self::RoomExists => ("room_exists", 409, "The room exists with another beginning"),
            Self::WrongEpoch => (
                "wrong_epoch",
                409,
                "Another commit was first; re-base on the epoch given",
            ),
            Self::EpochTooOld => (
                "epoch_too_old",
                409,
                "The message is of an epoch no longer accepted; encrypt it anew",
            ),
            Self::OrdersOpen => (
                "orders_open",
                409,
                "An order is open; the commit must carry it out",
            ),
            Self::StaleTerm => ("stale_term", 409, "The hub's term has passed"),
            Self::KeyPackageConflict => (
                "key_package_conflict",
                409,
                "The claim id was used for another claim",
            ),
            Self::ConsentRequired => (
                "consent_required",
                403,
                "The user lets only those add them whom they named",
            ),
            Self::Gone => ("gone", 410, "No longer kept"),
            Self::TooLarge => ("too_large", 413, "Over the documented limit"),
            Self::UnsupportedMedia => {
                ("unsupported_media", 415, "The body is not application/json")
            }
            Self::Limit => (
                "limit",
                422,
                "A limit of users, devices or rooms is reached",
            ),
            Self::InvalidCommit => (
                "invalid_commit",
                422,
                "MLS refuses the commit, its Welcome or its GroupInfo",
            ),
            Self::CommitForbidden => (
                "commit_forbidden",
                422,
                "The room's rules do not admit the commit",
            ),
            Self::InvalidMessage => ("invalid_message", 422, "Not an MLS message for this room"),
            Self::InvalidKeyPackage => ("invalid_key_package", 422, "The KeyPackage does not hold"),
            Self::InvalidCertificate => (
                "invalid_certificate",
                422,
                "The device is not certified by the user's identity key",
            ),
            Self::UnclaimedKeyPackage => (
                "unclaimed_key_package",
                422,
                "The Welcome uses a KeyPackage that was not claimed for this room",
            ),
            Self::InvalidHead => ("invalid_head", 422, "The head's signature does not hold"),
            Self::Fork => (
                "fork",
                422,
                "The event continues another history of the room",
            ),
            Self::Gap => (
                "gap",
                409,
                "Events before this one are missing here; send them first",
            ),
            Self::RoomStopped => ("room_stopped", 409, "The room is set aside here"),
            Self::KeyPackagesExhausted => (
                "key_packages_exhausted",
                409,
                "The user has no KeyPackage left",
            ),
            Self::PreviousRefused => (
                "previous_refused",
                409,
                "A message before this one was refused; send it again after that one",
            ),
            Self::RateLimited => ("rate_limited", 429, "Too many requests"),
            Self::QuotaExceeded => (
                "quota_exceeded",
                429,
                "The asking server is over its quota here; its calls wait",
            ),
            Self::StorageExceeded => (
                "storage_exceeded",
                429,
                "No more is stored here because of the asking server; what it brings waits",
            ),
            Self::Internal => ("internal", 500, "The server failed; the log has the cause"),
            Self::PeerRefused => ("peer_refused", 502, "The other server refused"),
            Self::PeerUnreachable => (
                "peer_unreachable",
                503,
                "The other server cannot be reached now; try again",
            ),
            Self::PeerUntrusted => (
                "peer_untrusted",
                502,
                "The other server could not prove who it is",
            ),
            Self::PeerBlocked => (
                "peer_blocked",
                403,
                "This server does not deal with that one, by its operator's word",
            ),
            Self::Unavailable => ("unavailable", 503, "Not available now; try again"),
            Self::UnknownFrame => ("unknown_frame", 400, "The frame's type is not known"),
            Self::Unknown => ("unknown", 500, "A code of a later version"),
        }
    }
}
