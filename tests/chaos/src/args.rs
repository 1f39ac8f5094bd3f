//! What the command line asks for.

use std::io::Write;
use std::time::Duration;

/// How it is called.
pub(crate) const USAGE: &str = "\
usage: holm-chaos [--minutes N | --seconds N] [--seed N] [--devices N] [--rooms N] [--pace MS]
                  [--keep FOLDER] [--json] [--wanted]

  --seed N       what the plan is drawn from; drawn itself where none is named
  --devices N    devices, a user each, in turns over three servers (default 36)
  --rooms N      rooms, a dozen devices each (default 6)
  --pace MS      average time between two messages of a device (default 1500)
  --keep FOLDER  everything stays there: logs, databases, the history as JSON lines
  --json         one JSON object at the end, nothing else
  --wanted       fails also where too few faults came about: 50 SIGKILL and 10 partitions a minute,
                 ENOSPC, EIO and clock skew at least once
The binary of the servers is HOLM_LAB_BIN, else the `holm` beside this one.";

/// What the command line asks for.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) duration: Duration,
    pub(crate) seed: u64,
    pub(crate) devices: usize,
    pub(crate) rooms: usize,
    pub(crate) pace: Duration,
    pub(crate) keep: Option<std::path::PathBuf>,
    pub(crate) json: bool,
    pub(crate) wanted: bool,
}

impl Args {
    /// Reads them.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self {
            duration: Duration::from_mins(10),
            seed: drawn_seed(),
            devices: 36,
            rooms: 6,
            pace: Duration::from_millis(1_500),
            keep: None,
            json: false,
            wanted: false,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let mut number = || -> Result<u64, String> {
                let value = words.next().ok_or(format!("{word} needs a number"))?;
                value
                    .parse()
                    .map_err(|_invalid| format!("{word} {value}: no number"))
            };
            match word.as_str() {
                "--minutes" => args.duration = Duration::from_secs(60 * number()?),
                "--seconds" => args.duration = Duration::from_secs(number()?),
                "--seed" => args.seed = number()?,
                "--devices" => args.devices = size(number()?, 3..=1_000)?,
                "--rooms" => args.rooms = size(number()?, 1..=200)?,
                "--pace" => args.pace = Duration::from_millis(number()?.max(10)),
                "--keep" => args.keep = words.next().map(Into::into),
                "--json" => args.json = true,
                "--wanted" => args.wanted = true,
                other => return Err(format!("what is {other:?}?")),
            }
        }
        Ok(args)
    }

    /// Tells a person how far it is.
    pub(crate) fn say(&self, what: &str) {
        if !self.json {
            let _ = writeln!(std::io::stderr(), "{what}");
        }
    }

    /// The command that does the same again.
    pub(crate) fn again(&self) -> String {
        let (seed, secs) = (self.seed, self.duration.as_secs());
        let (devices, rooms) = (self.devices, self.rooms);
        let pace = self.pace.as_millis();
        format!(
            "again: cargo run --release -p holm-chaos -- --seconds {secs} --seed {seed} \
             --devices {devices} --rooms {rooms} --pace {pace}"
        )
    }
}

fn size(number: u64, among: std::ops::RangeInclusive<usize>) -> Result<usize, String> {
    let number = usize::try_from(number).ok().filter(|n| among.contains(n));
    number.ok_or(format!("a number of {among:?} is meant"))
}

/// A seed that nobody chose: the process's id and the address of something.
fn drawn_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) % 1_000_000
}
