//! What a case is, and what can become of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};

use crate::target::Target;

/// What a case does, given the server under test.
pub type Run = Arc<dyn Fn(Arc<Target>) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// One thing an implementation must do.
#[derive(Clone)]
pub struct Case {
    /// Its name for machines: `client.` or `peer.`, a group, a name; never changed.
    pub id: String,
    /// What must be true, as a sentence.
    pub title: String,
    /// Ids of the specification that it holds the server to.
    pub requirements: Vec<String>,
    /// Ids of the attacks that it makes (tests/attacks.toml).
    pub attacks: Vec<String>,
    /// Whom the kit plays.
    pub role: Role,
    /// How long it may take before it fails.
    pub limit: Duration,
    /// Whether it needs the server for itself, for what it does disturbs others.
    pub alone: bool,
    /// What it does.
    pub run: Run,
}

/// Whom the kit plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Devices of the server under test.
    Client,
    /// Other homeservers.
    Peer,
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server did what the spec says.
    Pass,
    /// It did not; what it did.
    Fail(String),
    /// It could not be tried; why.
    Skip(String),
}

/// How long a case may take where it says nothing.
pub const LIMIT: Duration = Duration::from_mins(1);

impl Case {
    /// A case. `cites` are ids of requirements and of attacks, divided by spaces: an id with a
    /// hyphen (`SIG-6`) is a requirement's, one without (`S05`) an attack's.
    pub fn new<F, Fut>(role: Role, id: &str, title: &str, cites: &str, run: F) -> Self
    where
        F: Fn(Arc<Target>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        let cited = |hyphen: bool| {
            let ids = cites
                .split_whitespace()
                .filter(|id| id.contains('-') == hyphen);
            ids.map(str::to_owned).collect()
        };
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            requirements: cited(true),
            attacks: cited(false),
            role,
            limit: LIMIT,
            alone: false,
            run: Arc::new(move |target| run(target).boxed()),
        }
    }

    /// The same with more or less time.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The same without others beside it.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Role {
    /// Its name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Peer => "peer",
        }
    }
}

impl Outcome {
    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::Skip(_) => "skip",
        }
    }

    /// Why, where it did not pass.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Pass => None,
            Self::Fail(reason) | Self::Skip(reason) => Some(reason),
        }
    }
}

impl<E: fmt::Display> From<Result<(), E>> for Outcome {
    fn from(result: Result<(), E>) -> Self {
        result.map_or_else(|error| Self::Fail(error.to_string()), |()| Self::Pass)
    }
}
