//! The proofs of two histories as files in the data folder, so that an operator can hand one on
//! (HEAD-7, HEAD-8).
//!
//! The store has them; a file that is missing is written again at every start. They are for the
//! owner alone, since a proof names a room and its traffic.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use holm_core::Homeserver;
use holm_core::ports::{StoredFork, Tasks as _};
use holm_protocol::RoomUri;

use crate::runtime::TokioTasks;

/// Folder of the proofs in the data folder.
pub const FORKS_FOLDER: &str = "forks";

/// Writes every proof now, and each as it is found, until `tasks` stop.
pub(crate) fn keep(data: &Path, homeserver: Homeserver, tasks: &TokioTasks) {
    let folder = data.join(FORKS_FOLDER);
    let keep = async move {
        loop {
            match homeserver.forks().await {
                Ok(forks) => forks.iter().for_each(|fork| tell(&folder, fork)),
                Err(problem) => {
                    tracing::error!(%problem, "proofs of two histories wait for the store");
                }
            }
            homeserver.fork_found().await;
        }
    };
    tasks.spawn("forks", Box::pin(keep));
}

/// The file of a room's proof in one term.
pub(crate) fn path(folder: &Path, room: &RoomUri, term: u32) -> PathBuf {
    let name = room.as_str().trim_start_matches("mimi://");
    folder.join(format!("{}-term-{term}.proof", name.replace("/r/", "-")))
}

/// Writes one proof, unless it is there, and says where it is.
fn tell(folder: &Path, fork: &StoredFork) {
    let path = path(folder, &fork.room, fork.term);
    if path.exists() {
        return;
    }
    match write(folder, &path, &fork.proof) {
        Ok(()) => tracing::error!(room = %fork.room, hub = %fork.hub, proof = %path.display(),
            "the proof that this hub signed two histories of the room is in this file; \
             `holm verify-proof` checks it, for anybody it is given to"),
        Err(error) => tracing::error!(proof = %path.display(), %error,
            "the proof of two histories can't be written as a file; it stays in the database, \
             and is written at the next start"),
    }
}

/// Writes a file so that it is there whole or not at all.
fn write(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if !folder.exists() {
        DirBuilder::new().mode(0o700).create(folder)?;
    }
    let draft = path.with_extension("new");
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use holm_protocol::ServerName;

    use super::*;

    // HEAD-8
    #[test]
    fn a_proof_becomes_a_file_of_the_owner_alone_once() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join(FORKS_FOLDER);
        let room = RoomUri::parse("mimi://islet.test/r/harbor").unwrap();
        let fork = |proof: &'static [u8]| StoredFork {
            room: room.clone(),
            hub: ServerName::parse("islet.test").unwrap(),
            term: 3,
            seq: 7,
            found: 1_000,
            proof: proof.into(),
        };
        tell(&folder, &fork(b"first"));
        tell(&folder, &fork(b"second"));
        let file = folder.join("islet.test-harbor-term-3.proof");
        assert_eq!(std::fs::read(&file).unwrap(), b"first");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&folder)), (0o600, 0o700));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }
}
