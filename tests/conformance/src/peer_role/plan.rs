//! A case of the peer role before it has a server.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};

use super::stage::{SharedStage, Stage};
use crate::case::{Case, LIMIT, Outcome, Role};
use crate::client_role::fault::Check;

type Run = Arc<dyn Fn(Arc<Stage>) -> BoxFuture<'static, Check> + Send + Sync>;

/// One case.
pub(crate) struct Plan {
    id: String,
    title: String,
    cites: String,
    limit: Duration,
    run: Run,
}

/// A case: its id after `peer.`, what must be true, what it cites (see [`Case::new`]), and what it
/// does. Afterwards the server has to answer a correct peer.
pub(crate) fn plan<F>(
    id: impl Into<String>,
    title: impl Into<String>,
    cites: impl Into<String>,
    run: impl Fn(Arc<Stage>) -> F + Send + Sync + 'static,
) -> Plan
where
    F: Future<Output = Check> + Send + 'static,
{
    Plan {
        id: id.into(),
        title: title.into(),
        cites: cites.into(),
        limit: LIMIT,
        run: Arc::new(move |stage| run(stage).boxed()),
    }
}

impl Plan {
    /// The same with a wait of the protocol's own, which is added to the time it may take.
    pub(crate) fn waiting(mut self, wait: Duration) -> Self {
        self.limit = LIMIT + wait;
        self
    }

    /// The case as the runner has it.
    pub(crate) fn into_case(self, stage: &SharedStage) -> Case {
        let (stage, run) = (Arc::clone(stage), self.run);
        let id = format!("peer.{}", self.id);
        let case = Case::new(Role::Peer, &id, &self.title, &self.cites, move |target| {
            let (stage, run) = (Arc::clone(&stage), Arc::clone(&run));
            async move {
                if target.kit.is_none() {
                    let why = "the kit has no DNS and authority that the server uses: --kit";
                    return Outcome::Skip(why.to_owned());
                }
                let made = stage.get_or_try_init(|| async { Stage::of(&target).map(Arc::new) });
                let checked = async {
                    let stage = Arc::clone(made.await?);
                    run(Arc::clone(&stage)).await?;
                    stage.is_well().await
                };
                checked.await.into()
            }
        });
        case.within(self.limit)
    }
}
