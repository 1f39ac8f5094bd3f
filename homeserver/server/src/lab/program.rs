//! Finding the `holm` binary that the lab's servers run.

use std::path::{Path, PathBuf};

use super::LabError;

/// The variable that names the binary.
const VARIABLE: &str = "HOLM_LAB_BIN";
const NAME: &str = "holm";

/// The binary of the lab's servers: `HOLM_LAB_BIN`, this executable where it is `holm`, or the
/// `holm` of the target folder this executable lies in.
pub fn server_program() -> Result<PathBuf, LabError> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return Ok(PathBuf::from(named));
    }
    beside(&std::env::current_exe()?).ok_or(LabError::NoProgram)
}

/// A test's executable is `target/<profile>/deps/<test>-<hash>`, the binary `target/<profile>/holm`.
fn beside(executable: &Path) -> Option<PathBuf> {
    let is_binary = |path: &Path| path.file_stem().is_some_and(|stem| stem == NAME);
    let in_deps = executable
        .parent()
        .is_some_and(|folder| folder.ends_with("deps"));
    if is_binary(executable) && !in_deps {
        return Some(executable.to_owned());
    }
    let candidates = executable.ancestors().skip(1).take(3);
    let mut files =
        candidates.map(|f| f.join(NAME).with_extension(std::env::consts::EXE_EXTENSION));
    files.find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_runs_itself() {
        assert_eq!(
            beside(Path::new("/opt/holm")),
            Some(PathBuf::from("/opt/holm"))
        );
    }

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
