//! The server's keys and the folder they lie in.
//!
//! Three Ed25519 keys are drawn when a server starts for the first time: the root, which is the
//! server's identity, and the keys that sign requests and rooms. They lie in `keys.json`, readable
//! by the owner alone, with those that have followed them since (rotation.rs). A folder with a
//! database and no keys is refused: new keys would make it another server under the same name
//! (DOC-1, DOC-5).

mod file;
mod rotation;

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use holm_core::Keyring;
use holm_core::ports::Rng;
use holm_protocol::PrivateKey;
use thiserror::Error;

pub use rotation::Rotation;

/// Name of the key file in the data folder.
pub const KEYS_FILE: &str = "keys.json";
/// Name of the database in the data folder, as holm-storage has it.
const DATABASE_FILE: &str = "holm.db";
const LOCK_FILE: &str = "keys.lock";

/// A data folder, held by one process.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Locked as long as the process has it open.
    _lock: File,
}

/// Why a data folder can't be used; each says what to do.
#[derive(Debug, Error)]
pub enum DataError {
    /// The file system said no.
    #[error("{}: {cause}\n  fix: make the folder writable for this user, or set `data` to another", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Another process has the folder.
    #[error("{}: another process uses this data folder\n  fix: stop it first, or set `data` to another folder", .0.display())]
    InUse(PathBuf),
    /// Others may read the keys.
    #[error("{}: other users of this machine can read it\n  fix: chmod 600 {}", .0.display(), .0.display())]
    Readable(PathBuf),
    /// There is a database, and no keys.
    #[error("{}: the file is missing, but there is a database beside it\n  fix: restore it from the backup; without it this is no longer the same server", .0.display())]
    Missing(PathBuf),
    /// The key file is damaged.
    #[error("{}: not a key file: {cause}\n  fix: restore it from the backup", path.display())]
    Malformed {
        /// The key file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
}

impl DataFolder {
    /// Creates the folder where it is missing, for its owner alone, and locks it.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let io = |cause| DataError::Io {
            path: path.to_owned(),
            cause,
        };
        if !path.exists() {
            std::fs::create_dir_all(path).map_err(io)?;
            std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(io)?;
        }
        let lock = path.join(LOCK_FILE);
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .open(lock)
            .map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse(path.to_owned())),
            Err(TryLockError::Error(cause)) => Err(io(cause)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The server's keys, and whether they were made just now.
    pub fn keys(&self, rng: &dyn Rng) -> Result<(Keyring, bool), DataError> {
        let path = self.path.join(KEYS_FILE);
        match std::fs::read(&path) {
            Ok(bytes) => Ok((file::read(&path, &bytes)?, false)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                if self.path.join(DATABASE_FILE).exists() {
                    return Err(DataError::Missing(path));
                }
                let keys = Keyring::first(draw(rng), draw(rng), draw(rng));
                file::write(&self.path, &keys).map_err(|cause| DataError::Io { path, cause })?;
                Ok((keys, true))
            }
            Err(cause) => Err(DataError::Io { path, cause }),
        }
    }
}

/// The keys in a data folder that another process may hold; `None` before its first start.
pub fn look(data: &Path) -> Result<Option<Keyring>, DataError> {
    let path = data.join(KEYS_FILE);
    match std::fs::read(&path) {
        Ok(bytes) => file::read(&path, &bytes).map(Some),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(DataError::Io { path, cause }),
    }
}

/// A new key.
fn draw(rng: &dyn Rng) -> PrivateKey {
    let mut seed = [0; 32];
    rng.fill(&mut seed);
    PrivateKey::from_seed(&seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::OsRng;

    #[test]
    fn keys_are_made_once_and_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(&folder.path().join("data")).unwrap();
        let (made, new) = data.keys(&OsRng).unwrap();
        let (read, again) = data.keys(&OsRng).unwrap();
        assert!(new && !again);
        assert_eq!(made.root.public(), read.root.public());
        assert_eq!(made.room_signer(0).0, read.room_signer(0).0);
        let mode = std::fs::metadata(data.path().join(KEYS_FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn two_installs_differ() {
        assert_ne!(draw(&OsRng).public(), draw(&OsRng).public());
    }

    #[test]
    fn a_folder_serves_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap();
        assert!(matches!(
            DataFolder::open(folder.path()),
            Err(DataError::InUse(_))
        ));
        drop(first);
        DataFolder::open(folder.path()).unwrap();
    }

    #[test]
    fn keys_that_others_can_read_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        data.keys(&OsRng).unwrap();
        let file = folder.path().join(KEYS_FILE);
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let error = data.keys(&OsRng).unwrap_err();
        assert!(matches!(error, DataError::Readable(_)));
        assert!(error.to_string().contains("chmod 600"));
    }

    #[test]
    fn a_database_without_keys_is_no_new_server() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        std::fs::write(folder.path().join(DATABASE_FILE), b"").unwrap();
        assert!(matches!(data.keys(&OsRng), Err(DataError::Missing(_))));
    }
}
