//! One key that signs requests, or heads and orders, with its times.

use holm_protocol::{PrivateKey, PublicKey};

/// A key with the times it counts and signs.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its id in the server document; no other key of this server ever has it.
    pub id: String,
    /// What others verify with.
    pub public: PublicKey,
    /// What it signs with; none once it has ended.
    pub secret: Option<PrivateKey>,
    /// Counts from here on, milliseconds since 1970.
    pub from: u64,
    /// Signs from here on; before that it is only listed.
    pub signs_from: u64,
    /// Counts until here; no end while no other key follows it.
    pub until: Option<u64>,
}

impl SigningKey {
    /// A server's first key, which counts from the beginning.
    pub fn first(id: String, key: PrivateKey) -> Self {
        Self {
            id,
            public: key.public(),
            secret: Some(key),
            from: 0,
            signs_from: 0,
            until: None,
        }
    }

    /// Whether it counts at `time_ms` (DOC-3).
    pub fn is_valid(&self, time_ms: u64) -> bool {
        self.from <= time_ms && self.until.is_none_or(|until| time_ms < until)
    }
}
