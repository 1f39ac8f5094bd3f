//! All cases, and the choice among them.

use std::collections::BTreeSet;

use crate::case::{Case, Role};
use crate::{client_role, peer_role};

/// Which cases are wanted; where a list is empty, all are.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Those of a role.
    pub role: Option<Role>,
    /// Those whose id begins so.
    pub ids: Vec<String>,
    /// Those that cite one of these requirements.
    pub requirements: Vec<String>,
    /// Those that make one of these attacks.
    pub attacks: Vec<String>,
}

/// Every case, in the order of ids.
///
/// # Errors
/// Where two have one id, or a file of cases cannot be read.
pub fn all() -> Result<Vec<Case>, String> {
    let mut cases = client_role::cases();
    cases.extend(peer_role::cases()?);
    cases.sort_by(|a, b| a.id.cmp(&b.id));
    let mut seen = BTreeSet::new();
    match cases.iter().find(|case| !seen.insert(case.id.clone())) {
        Some(twice) => Err(format!("two cases have the id {}", twice.id)),
        None => Ok(cases),
    }
}

impl Choice {
    /// Whether a case is wanted.
    pub fn takes(&self, case: &Case) -> bool {
        let one_of = |wanted: &[String], cited: &[String]| {
            wanted.is_empty() || wanted.iter().any(|id| cited.contains(id))
        };
        self.role.is_none_or(|role| role == case.role)
            && (self.ids.is_empty() || self.ids.iter().any(|id| case.id.starts_with(id)))
            && one_of(&self.requirements, &case.requirements)
            && one_of(&self.attacks, &case.attacks)
    }
}
