//! The key file: seeds and public keys as base64url, times in milliseconds since 1970.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use holm_core::{Keyring, SigningKey};
use holm_protocol::document::Succession;
use holm_protocol::{Base64Url, PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};

use super::{DataError, KEYS_FILE};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    serial: u64,
    root: Base64Url,
    #[serde(default)]
    successions: Vec<Succession>,
    request_keys: Vec<KeyEntry>,
    room_keys: Vec<KeyEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    id: String,
    public: PublicKey,
    /// Missing where the key has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<Base64Url>,
    from: u64,
    signs_from: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

/// Reads the key file's bytes.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Keyring, DataError> {
    let mode = std::fs::metadata(path).map(|m| m.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        return Err(DataError::Readable(path.to_owned()));
    }
    let malformed = |cause: String| DataError::Malformed {
        path: path.to_owned(),
        cause,
    };
    let file: KeyFile = serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()))?;
    let all = |entries: Vec<KeyEntry>, kind: &str| match entries.is_empty() {
        true => Err(malformed(format!("there is no {kind} key"))),
        false => entries
            .into_iter()
            .map(|entry| entry.into_key().map_err(malformed))
            .collect(),
    };
    Ok(Keyring {
        root: key("root", &file.root).map_err(malformed)?,
        successions: file.successions,
        serial: file.serial,
        request_keys: all(file.request_keys, "request")?,
        room_keys: all(file.room_keys, "room")?,
    })
}

impl KeyEntry {
    fn into_key(self) -> Result<SigningKey, String> {
        let secret = self.seed.as_ref().map(|seed| key(&self.id, seed));
        let secret = secret.transpose()?;
        if secret.as_ref().is_some_and(|s| s.public() != self.public) {
            return Err(format!("seed and public key of `{}` do not fit", self.id));
        }
        Ok(SigningKey {
            id: self.id,
            public: self.public,
            secret,
            from: self.from,
            signs_from: self.signs_from,
            until: self.until,
        })
    }

    fn of(key: &SigningKey) -> Self {
        Self {
            id: key.id.clone(),
            public: key.public,
            seed: key.secret.as_ref().map(seed),
            from: key.from,
            signs_from: key.signs_from,
            until: key.until,
        }
    }
}

fn key(name: &str, seed: &Base64Url) -> Result<PrivateKey, String> {
    let seed = seed.to_array();
    let seed = seed.ok_or_else(|| format!("`{name}` has not 32 bytes"))?;
    Ok(PrivateKey::from_seed(&seed))
}

fn seed(key: &PrivateKey) -> Base64Url {
    key.seed().to_vec().into()
}

/// Writes the key file so that it is there whole or not at all, also when power fails.
pub(super) fn write(folder: &Path, keys: &Keyring) -> std::io::Result<()> {
    let json = serde_json::to_vec_pretty(&KeyFile {
        serial: keys.serial,
        root: seed(&keys.root),
        successions: keys.successions.clone(),
        request_keys: keys.request_keys.iter().map(KeyEntry::of).collect(),
        room_keys: keys.room_keys.iter().map(KeyEntry::of).collect(),
    })?;
    let draft = folder.join("keys.json.new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(&json)?;
    file.sync_all()?;
    std::fs::rename(&draft, folder.join(KEYS_FILE))?;
    File::open(folder)?.sync_all()
}
