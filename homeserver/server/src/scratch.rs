//! The folder of a command that makes a federation: named by the user and kept, or temporary.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder; a temporary one is removed when dropped.
#[derive(Debug)]
pub(crate) enum Scratch {
    Named(PathBuf),
    Temporary(TempDir),
}

impl Scratch {
    /// The named folder, made where it is missing; else a new one under the system's temporary
    /// folder, which begins with `prefix`.
    pub(crate) fn new(named: Option<&Path>, prefix: &str) -> std::io::Result<Self> {
        let Some(named) = named else {
            return Ok(Self::Temporary(TempDir::with_prefix(prefix)?));
        };
        std::fs::create_dir_all(named)?;
        Ok(Self::Named(std::path::absolute(named)?))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}
