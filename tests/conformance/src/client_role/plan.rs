//! A case of the client role before it has a server: what it is called, what it cites, what it does.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::fault::Check;
use super::site::Site;
use super::table::read;
use crate::case::{Case, LIMIT, Outcome, Role};

type Run = Arc<dyn Fn(Arc<Site>) -> BoxFuture<'static, Check> + Send + Sync>;

/// The server under test, made of the target by the first case that runs.
pub(crate) type SharedSite = Arc<OnceCell<Arc<Site>>>;

/// One case.
pub(crate) struct Plan {
    id: String,
    title: String,
    cites: String,
    limit: Duration,
    run: Run,
}

/// A case: its id after `client.`, what must be true, what it cites (see [`Case::new`]), and what
/// it does. Afterwards the server has to answer an ordinary request, whatever the case did to it.
pub(crate) fn plan<F>(
    id: impl Into<String>,
    title: impl Into<String>,
    cites: impl Into<String>,
    run: impl Fn(Arc<Site>) -> F + Send + Sync + 'static,
) -> Plan
where
    F: Future<Output = Check> + Send + 'static,
{
    Plan {
        id: id.into(),
        title: title.into(),
        cites: cites.into(),
        limit: LIMIT,
        run: Arc::new(move |site| run(site).boxed()),
    }
}

/// A case whose title and citations stand in `cases/client/written.toml` under its id.
pub(crate) fn named<F>(id: &str, run: impl Fn(Arc<Site>) -> F + Send + Sync + 'static) -> Plan
where
    F: Future<Output = Check> + Send + 'static,
{
    let written = written();
    let known = written.get(id);
    let known = known.unwrap_or_else(|| panic!("written.toml lacks the case {id}"));
    plan(id, &*known.title, &*known.cites, run)
}

/// What a case shows.
#[derive(Deserialize)]
pub(crate) struct Written {
    title: String,
    cites: String,
}

/// Every written case by its id.
pub(crate) fn written() -> &'static BTreeMap<String, Written> {
    #[derive(Deserialize)]
    struct Table {
        case: BTreeMap<String, Written>,
    }
    static WRITTEN: LazyLock<BTreeMap<String, Written>> = LazyLock::new(|| {
        let table: Table = read(include_str!("../../cases/client/written.toml"));
        table.case
    });
    &WRITTEN
}

impl Plan {
    /// The same with a wait of the protocol's own, which is added to the time it may take.
    pub(crate) fn waiting(mut self, wait: Duration) -> Self {
        self.limit = LIMIT + wait;
        self
    }

    /// The case as the runner has it.
    pub(crate) fn into_case(self, site: &SharedSite) -> Case {
        let (site, run) = (Arc::clone(site), self.run);
        let id = format!("client.{}", self.id);
        let case = Case::new(Role::Client, &id, &self.title, &self.cites, move |target| {
            let (site, run) = (Arc::clone(&site), Arc::clone(&run));
            async move {
                let made = site.get_or_try_init(|| async { Site::of(&target).map(Arc::new) });
                let checked = async {
                    let site = Arc::clone(made.await?);
                    run(Arc::clone(&site)).await?;
                    site.is_well().await
                };
                checked.await.map_or_else(Outcome::from, |()| Outcome::Pass)
            }
        });
        case.within(self.limit)
    }
}
