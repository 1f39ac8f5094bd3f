//! The client role: the kit plays devices of the server under test, over REST and WebSocket.
//!
//! What can be a table is one (`cases/client`), crossed with every endpoint of spec/openapi.json;
//! the rest are functions. Bytes are written and read here ([`wire`]), never by an HTTP library,
//! so that they can be wrong in every way; MLS is real where a group is needed ([`device`]). Each
//! case makes its own accounts, and after each the server has to answer an ordinary request.
//! `device`, `fault`, `members`, `site` and `wire` are seen by the whole crate: the peer role stands on
//! them.

pub(crate) mod access;
mod accounts;
mod bodies;
mod commits;
pub(crate) mod device;
pub(crate) mod fault;
mod http;
mod key_packages;
pub(crate) mod members;
mod messages;
mod methods;
mod order;
mod pair;
mod plan;
mod rooms;
pub(crate) mod site;
mod sizes;
mod sockets;
mod table;
mod together;
pub(crate) mod wire;

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::case::Case;

/// Every case of the client role.
pub fn cases() -> Vec<Case> {
    let site = Arc::new(OnceCell::new());
    let groups = [
        access::plans(),
        accounts::plans(),
        bodies::plans(),
        commits::plans(),
        http::plans(),
        key_packages::plans(),
        members::plans(),
        messages::plans(),
        methods::plans(),
        order::plans(),
        rooms::plans(),
        sizes::plans(),
        sockets::plans(),
        together::plans(),
    ];
    let plans = groups.into_iter().flatten();
    plans.map(|plan| plan.into_case(&site)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    // API-12: openapi.json and the tables beside it name the same operations, else reading panics.
    #[test]
    fn every_case_has_an_id_of_its_own_and_cites_something() {
        let cases = cases();
        let ids: BTreeSet<_> = cases.iter().map(|case| case.id.as_str()).collect();
        assert_eq!(ids.len(), cases.len());
        let citing = |case: &Case| !case.requirements.is_empty() || !case.attacks.is_empty();
        assert!(cases.iter().all(citing));
        assert!(cases.len() >= 300, "{} cases", cases.len());
    }

    #[test]
    fn every_written_case_is_one_that_runs() {
        let cases = cases();
        let ids: BTreeSet<_> = cases.iter().map(|case| case.id.as_str()).collect();
        let lost = plan::written().keys();
        let lost: Vec<_> = lost
            .filter(|id| !ids.contains(format!("client.{id}").as_str()))
            .collect();
        assert_eq!(lost, Vec::<&String>::new());
    }
}
