//! `holm verify-proof`: whether a file proves that a hub signed two histories (HEAD-7).
//!
//! Nothing is asked of any server: the file holds heads, chain and the hub's documents. What it
//! cannot say is whether the root key is really that server's; the text tells how to find out.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use holm_protocol::limits::PROOF_LEN_MAX;
use holm_protocol::proof::{Contradiction, ForkProof, Proved};
use holm_protocol::{Head, PublicKey, RoomUri, ServerName};
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::report::Report;

/// Check a file that says that a hub signed two histories of a room, without asking anybody.
///
/// Exit codes: 0 it is proved, 1 the file proves nothing, 2 the file can't be read.
#[derive(Args, Debug)]
pub struct VerifyProofArgs {
    /// The proof, as a server writes it into `forks/` of its data folder or a device exports it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The hub's root key, where it is known from elsewhere; another one proves nothing
    #[arg(long, value_name = "KEY")]
    root: Option<String>,
    /// One JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum VerifyProofEvent {
    /// Two histories are proved.
    Proved {
        /// The room.
        room: RoomUri,
        /// The hub that signed both.
        hub: ServerName,
        /// The root key its keys stand under.
        root: PublicKey,
        /// The term.
        term: u32,
        /// A head of one history.
        first: Place,
        /// A head of the other.
        second: Place,
        /// `same_place`, `other_chain` or `carried_too_early`.
        how: &'static str,
        /// The event that carries the first head, with `carried_too_early`.
        #[serde(skip_serializing_if = "Option::is_none")]
        carrier: Option<u64>,
    },
    /// The file proves nothing.
    NotProved {
        /// Why.
        reason: String,
    },
}

/// What a head says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Number of the event.
    pub seq: u64,
    /// Its hash.
    pub hash: holm_protocol::Hash,
    /// When it was signed, milliseconds since 1970.
    pub time: u64,
}

impl From<&Head> for Place {
    fn from(head: &Head) -> Self {
        Self {
            seq: head.seq,
            hash: head.hash,
            time: head.time,
        }
    }
}

/// Runs the command.
pub fn run(args: &VerifyProofArgs) -> Result<Outcome, Failure> {
    let unreadable = |why: &dyn fmt::Display| {
        let file = args.file.display();
        Failure::Usage(format!(
            "{file}: {why}\n  fix: take the file as it was written"
        ))
    };
    let bytes = read(&args.file).map_err(|e| unreadable(&e))?;
    let proof = ForkProof::from_bytes(&bytes).map_err(|e| unreadable(&e))?;
    let event = judge(&proof, args.root.as_deref());
    Report::to_stdout(args.json).tell(&event);
    Ok(match event {
        VerifyProofEvent::Proved { .. } => Outcome::Fine,
        VerifyProofEvent::NotProved { .. } => Outcome::Finding,
    })
}

/// The file's bytes, one more than allowed at most.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let limit = u64::try_from(PROOF_LEN_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(file)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn judge(proof: &ForkProof, root: Option<&str>) -> VerifyProofEvent {
    if let Some(root) = root.filter(|root| **root != proof.root.to_string()) {
        let reason = format!("it is about a server with root {}, not {root}", proof.root);
        return VerifyProofEvent::NotProved { reason };
    }
    match proof.verify() {
        Ok(proved) => told(proof, &proved),
        Err(error) => VerifyProofEvent::NotProved {
            reason: error.to_string(),
        },
    }
}

fn told(proof: &ForkProof, proved: &Proved) -> VerifyProofEvent {
    let (how, carrier) = match proved.how {
        Contradiction::SamePlace => ("same_place", None),
        Contradiction::OtherChain => ("other_chain", None),
        Contradiction::CarriedTooEarly(seq) => ("carried_too_early", Some(seq)),
    };
    VerifyProofEvent::Proved {
        room: proved.first.room.clone(),
        hub: proof.hub.clone(),
        root: proof.root,
        term: proved.first.term,
        first: (&proved.first).into(),
        second: (&proved.second).into(),
        how,
        carrier,
    }
}

impl fmt::Display for VerifyProofEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotProved { reason } => write!(f, "NOT PROVED: {reason}."),
            Self::Proved {
                room,
                hub,
                root,
                first,
                second,
                carrier,
                ..
            } => {
                writeln!(f, "PROVED: {hub} signed two histories of the room {room}.")?;
                match carrier {
                    None if first.seq == second.seq => writeln!(
                        f,
                        "It signed two different events as number {}, so not all members saw the \
                         same conversation.",
                        first.seq
                    )?,
                    None => writeln!(
                        f,
                        "It signed event {}, and a history up to event {} that does not lead \
                         through it.",
                        first.seq, second.seq
                    )?,
                    Some(carrier) => writeln!(
                        f,
                        "It signed a history whose event {carrier} already carries its word on \
                         event {}, which no single history can hold.",
                        first.seq
                    )?,
                }
                writeln!(
                    f,
                    "Signed at {} and {} ms since 1970.",
                    first.time, second.time
                )?;
                write!(
                    f,
                    "The signatures stand under the root key {root}.\nWhether that is the root of \
                     {hub} is not in the file: compare it with the TXT record _holm.{hub}, or with \
                     what your own server knows."
                )
            }
        }
    }
}
