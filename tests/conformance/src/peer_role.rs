//! The role of other homeservers, correct and hostile.

use crate::case::Case;

/// All cases of this role.
///
/// # Errors
/// Where a file of cases cannot be read.
pub fn cases() -> Result<Vec<Case>, String> {
    Ok(Vec::new())
}
