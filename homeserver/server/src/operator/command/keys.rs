//! `holm keys`: new keys for the running server.

use std::fmt;

use clap::{Args, Subcommand};
use holm_core::ports::Clock as _;
use serde::Serialize;

use super::since::span;
use crate::failure::{Failure, Outcome};
use crate::operator::{Client, ROTATE_KEYS, RotateKeys, RotatedKeys, Whose};
use crate::report::Report;
use crate::runtime::SystemClock;

/// New keys for the running server, in place of those of today.
///
/// Asks the running server over its operator's socket, so it runs as the same user.
#[derive(Args, Debug)]
pub struct KeysArgs {
    #[command(flatten)]
    whose: Whose,
    /// One JSON object on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// New keys that sign requests and rooms, beside the old ones until these have ended.
    Rotate(When),
    /// A new root key, signed by the one of today: the server stays the one it is. New request and
    /// room keys come with it.
    RotateRoot(When),
}

#[derive(Args, Clone, Copy, Debug)]
struct When {
    /// The old keys stop at once: for keys that others may have. Else the new ones begin in about
    /// an hour, when every other server has seen them. Servers that have just looked refuse this
    /// one for up to a minute
    #[arg(long)]
    now: bool,
}

/// An event of `holm keys --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum KeysEvent {
    /// The keys were replaced.
    Rotated(RotatedKeys),
}

/// Runs the command.
pub async fn run(args: KeysArgs) -> Result<Outcome, Failure> {
    let client = Client::of(&args.whose)?;
    let report = Report::to_stdout(args.json);
    let question = match args.action {
        Action::Rotate(when) => RotateKeys {
            root: false,
            now: when.now,
        },
        Action::RotateRoot(when) => RotateKeys {
            root: true,
            now: when.now,
        },
    };
    let rotated = client.ask(&ROTATE_KEYS, &question).await?;
    report.tell(&KeysEvent::Rotated(rotated));
    Ok(Outcome::Fine)
}

impl fmt::Display for KeysEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Rotated(rotated) = self;
        let wait = rotated.signs_from_ms.saturating_sub(SystemClock.now_ms());
        let begin = match wait {
            0 => "sign from now on".to_owned(),
            wait => format!("are listed now and sign in {}", span(wait)),
        };
        writeln!(
            f,
            "The new keys {} (requests) and {} (rooms) {begin}.",
            rotated.request_key, rotated.room_key
        )?;
        if rotated.new_root {
            writeln!(
                f,
                "The root key is {} from now on. The one before has signed it, so other servers, \
                 devices and rooms follow by themselves. Publish it in place of the old record:\n  {}",
                rotated.root, rotated.record
            )?;
        }
        f.write_str("Back the data folder up: a copy of before has keys that count no more.")
    }
}
