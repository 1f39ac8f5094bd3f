//! `holm forks`: rooms whose hub signed two histories, and where the proof lies.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use holm_core::ports::Clock as _;
use serde::Serialize;

use super::since::ago;
use crate::failure::{Failure, Outcome};
use crate::forks::{self, FORKS_FOLDER};
use crate::operator::{Client, FORKS, Fork, Whose};
use crate::report::Report;
use crate::runtime::SystemClock;

/// Rooms whose hub signed two histories, and where the proofs are.
///
/// Asks the running server over its operator's socket, so it runs as the same user. Exit code 1
/// where there is one.
#[derive(Args, Debug)]
pub struct ForksArgs {
    #[command(flatten)]
    whose: Whose,
    /// One JSON object a room on standard output
    #[arg(long)]
    json: bool,
}

/// An event of `holm forks --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ForksEvent {
    /// One room.
    Fork {
        /// What is known of it.
        #[serde(flatten)]
        fork: Fork,
        /// The proof.
        proof: PathBuf,
    },
}

/// Runs the command.
pub async fn run(args: ForksArgs) -> Result<Outcome, Failure> {
    let folder = args.whose.data_folder()?.join(FORKS_FOLDER);
    let client = Client::of(&args.whose)?;
    let report = Report::to_stdout(args.json);
    let forks = client.ask(&FORKS, &()).await?.forks;
    if forks.is_empty() {
        report.say("No hub was found to have signed two histories.");
        return Ok(Outcome::Fine);
    }
    for fork in forks {
        let proof = forks::path(&folder, &fork.room, fork.term);
        report.tell(&ForksEvent::Fork { fork, proof });
    }
    Ok(Outcome::Finding)
}

impl fmt::Display for ForksEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Fork { fork, proof } = self;
        write!(
            f,
            "{}\n    {} signed two histories of it, from about event {} on; found {}\n    \
             proof: {}\n    `holm verify-proof` checks it; tell the members, and ask the hub's \
             operator",
            fork.room,
            fork.hub,
            fork.seq,
            ago(fork.found_ms, SystemClock.now_ms()),
            proof.display(),
        )
    }
}
