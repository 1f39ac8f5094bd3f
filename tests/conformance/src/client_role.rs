//! The role of devices of the server under test.

use crate::case::Case;

/// All cases of this role.
pub fn cases() -> Vec<Case> {
    Vec::new()
}
