//! Where the socket is, on both sides.
//!
//! A Unix socket's address holds about a hundred bytes, which a data folder deep in a tree
//! exceeds. On Linux such a folder is named through a descriptor instead.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// A folder under a name short enough for a socket's address.
pub(super) struct ShortFolder {
    path: PathBuf,
    /// Kept open as long as the name is used.
    _open: Option<File>,
}

/// Bytes of a folder's path that leave room for a socket's name in it.
const PATH_LEN_MAX: usize = 70;

impl ShortFolder {
    pub(super) fn of(folder: &Path) -> std::io::Result<Self> {
        if folder.as_os_str().len() <= PATH_LEN_MAX {
            return Ok(Self {
                path: folder.to_owned(),
                _open: None,
            });
        }
        let open = File::open(folder)?;
        Ok(Self {
            path: PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd())),
            _open: Some(open),
        })
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
