//! `SCENARIO key=value…`

use std::collections::BTreeMap;

/// What people see who ask for something that is not there.
pub(crate) const USAGE: &str = "usage: holm-load SCENARIO [--floor] [key=value ...]
  a     one-to-one on one server       pairs=50 window=32 size=100 secs=8 warm=2 rate=0
  b     one room, one sender           members=500 window=8 size=100 secs=8 warm=2
  c     idle connections               conns=5000 idle=15 tls=0
  d     one-to-one between two servers pairs=50 window=32 size=100 secs=8 warm=2 rate=0
  fill  a, with few and with many messages stored   stored=1000000 secs=4 and the keys of a
  backlog    a follower comes back     events=1000 rooms=10 size=100
  peers      dead and slow peers       dead=50 slow=10 rounds=5 pairs=20 rate=200 secs=8 warm=4
  restart    after SIGKILL             messages=1000000 rooms=200 times=3 size=100
  reconnect  all devices at once       sockets=10000 members=100
--floor holds each figure against the project's floor: PASS or BELOW on standard error";

/// A scenario and its numbers.
#[derive(Debug)]
pub(crate) struct Args {
    /// Which scenario.
    pub(crate) scenario: String,
    /// Whether figures are held against the project's floor.
    pub(crate) floor: bool,
    numbers: BTreeMap<String, u32>,
}

impl Args {
    /// Reads the command line.
    pub(crate) fn read(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let scenario = args.next().ok_or("which scenario?")?;
        let mut numbers = BTreeMap::new();
        let mut floor = false;
        for arg in args {
            if arg == "--floor" {
                floor = true;
                continue;
            }
            let (key, value) = arg
                .split_once('=')
                .ok_or(format!("{arg:?} is no key=value"))?;
            let value = value.parse().map_err(|e| format!("{arg:?}: {e}"))?;
            numbers.insert(key.to_owned(), value);
        }
        Ok(Self {
            scenario,
            floor,
            numbers,
        })
    }

    /// A number, or its default.
    pub(crate) fn number(&self, key: &str, default: u32) -> u32 {
        self.numbers.get(key).copied().unwrap_or(default)
    }

    /// A number of things.
    pub(crate) fn count(&self, key: &str, default: u32) -> usize {
        usize::try_from(self.number(key, default)).unwrap_or(usize::MAX)
    }

    /// Seconds.
    pub(crate) fn seconds(&self, key: &str, default: u32) -> std::time::Duration {
        std::time::Duration::from_secs(self.number(key, default).into())
    }
}
