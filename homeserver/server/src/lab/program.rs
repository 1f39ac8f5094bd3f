//! Finding the `holm` binary that the lab's servers run.

use std::path::{Path, PathBuf};

use super::LabError;

/// The variable that names the binary.
const VARIABLE: &str = "HOLM_LAB_BIN";
const NAME: &str = "holm";

/// The binary for a lab inside `holm` itself: `HOLM_LAB_BIN`, else this executable, whatever its
/// file is called.
pub(crate) fn own_program() -> std::io::Result<PathBuf> {
    named().map_or_else(std::env::current_exe, Ok)
}

/// The binary for a lab inside a test: `HOLM_LAB_BIN`, else the `holm` of the target folder that
/// the test's executable lies in.
pub fn server_program() -> Result<PathBuf, LabError> {
    if let Some(named) = named() {
        return Ok(named);
    }
    beside(&std::env::current_exe()?).ok_or(LabError::NoProgram)
}

fn named() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).map(PathBuf::from)
}

/// A test's executable is `target/<profile>/deps/<test>-<hash>`, the binary `target/<profile>/holm`.
fn beside(executable: &Path) -> Option<PathBuf> {
    let folders = executable.ancestors().skip(1).take(3);
    let mut files = folders.map(|f| f.join(NAME).with_extension(std::env::consts::EXE_EXTENSION));
    files.find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_runs_the_binary_of_its_own_target_folder() {
        let target = tempfile::tempdir().unwrap();
        let deps = target.path().join("deps");
        std::fs::create_dir(&deps).unwrap();
        assert_eq!(beside(&deps.join("system-0123")), None);
        let binary = target
            .path()
            .join("holm")
            .with_extension(std::env::consts::EXE_EXTENSION);
        std::fs::write(&binary, b"").unwrap();
        assert_eq!(beside(&deps.join("system-0123")), Some(binary));
    }
}
