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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::all;
    use crate::case::Role;

    fn ids(text: &str, begin: &str, end: &str) -> BTreeSet<String> {
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix(begin)?.strip_suffix(end));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn every_case_cites_requirements_and_attacks_that_exist() {
        let requirements = include_str!("../../../spec/requirements.toml");
        let requirements = ids(requirements, "id = \"", "\"");
        let attacks = ids(include_str!("../../attacks.toml"), "[", "]");
        for case in all().unwrap() {
            let cited = case.requirements.len() + case.attacks.len();
            assert!(cited > 0, "{} cites nothing", case.id);
            let unknown = case
                .requirements
                .iter()
                .filter(|id| !requirements.contains(*id));
            assert_eq!(unknown.count(), 0, "{}: {:?}", case.id, case.requirements);
            // Beside attacks, invariants are cited: I1 to I25.
            let known = |id: &&String| attacks.contains(*id) || id.starts_with('I');
            let unknown = case.attacks.iter().filter(|id| !known(id));
            assert_eq!(unknown.count(), 0, "{}: {:?}", case.id, case.attacks);
        }
    }

    #[test]
    fn there_are_five_hundred_cases_and_two_hundred_of_them_play_a_peer() {
        let cases = all().unwrap();
        let peers = cases.iter().filter(|case| case.role == Role::Peer);
        assert!(peers.count() >= 200 && cases.len() >= 500);
    }

    #[test]
    fn the_list_of_outcomes_names_every_case_as_passed() {
        let list = include_str!("../../baseline.jsonl");
        let cases = all().unwrap();
        assert_eq!(list.lines().count(), cases.len());
        for (line, case) in list.lines().zip(&cases) {
            let wanted = format!("{{\"case\":\"{}\",\"outcome\":\"pass\"}}", case.id);
            assert_eq!(line, wanted);
        }
    }
}
