//! Who is killed when: drawn from a seed before the first line is sent.
//!
//! A moment is a line of the log and a wait after that line was begun, not a time of day, so that
//! the same seed kills at the same places on a slow machine and on a fast one.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use holm_protocol::ServerName;

use super::log::Log;
use crate::failure::Failure;

/// `SERVER:TIMES` of `--kill`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillServer {
    /// A domain, a number from 1 in the order the servers are told, or `all`.
    pub server: String,
    /// How often.
    pub times: usize,
}

/// Somebody to be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Victim {
    /// A server, by its place among them.
    Server(usize),
    /// A speaker's device.
    Device(usize),
}

/// One kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kill {
    pub(super) victim: Victim,
    /// How long after its line was begun.
    pub(super) after: Duration,
}

/// All kills, by the line during which they happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan(BTreeMap<usize, Vec<Kill>>);

/// Kills of one server or of all devices; more would not end.
const TIMES_MAX: usize = 1_000;
/// A kill comes less than so many milliseconds after its line was begun: a line takes about that.
const AFTER_MAX: u64 = 40;

impl FromStr for KillServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (server, times) = text.rsplit_once(':').ok_or("SERVER:TIMES is meant")?;
        let times = times.parse().ok().filter(|n| (1..=TIMES_MAX).contains(n));
        Ok(Self {
            server: server.to_owned(),
            times: times.ok_or_else(|| format!("TIMES is 1 to {TIMES_MAX}"))?,
        })
    }
}

impl Plan {
    /// Draws the plan for a log.
    pub(super) fn draw(
        seed: u64,
        log: &Log,
        servers: &[ServerName],
        kills: &[KillServer],
        devices: usize,
    ) -> Result<Self, Failure> {
        let (mut plan, mut draws) = (Self::default(), Draws(seed));
        for kill in kills {
            for server in named(&kill.server, servers)? {
                for line in draws.spread(kill.times, log.lines.len()) {
                    plan.add(line, Victim::Server(server), &mut draws);
                }
            }
        }
        for speaker in draws.some_of(devices, log.speakers.len()) {
            let line = draws.line_for(speaker, log);
            plan.add(line, Victim::Device(speaker), &mut draws);
        }
        Ok(plan)
    }

    /// The kills during one line.
    pub(super) fn during(&self, line: usize) -> &[Kill] {
        self.0.get(&line).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, line: usize, victim: Victim, draws: &mut Draws) {
        let after = Duration::from_millis(draws.below(AFTER_MAX));
        self.0.entry(line).or_default().push(Kill { victim, after });
    }
}

fn named(name: &str, servers: &[ServerName]) -> Result<Vec<usize>, Failure> {
    if name == "all" {
        return Ok((0..servers.len()).collect());
    }
    let number: Option<usize> = name.parse().ok();
    let mut places = servers.iter().enumerate();
    let found = places.find(|(place, server)| server.as_str() == name || number == Some(place + 1));
    let (place, _) = found.ok_or_else(|| {
        let known: Vec<_> = servers.iter().map(ServerName::as_str).collect();
        let known = known.join(", ");
        Failure::Usage(format!("--kill {name}: the servers are {known}"))
    })?;
    Ok(vec![place])
}

/// Numbers drawn from a seed (`SplitMix64`): the same on every machine and in every version.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn index(&mut self, len: usize) -> usize {
        let drawn = self.below(u64::try_from(len).unwrap_or(u64::MAX));
        usize::try_from(drawn).unwrap_or(0)
    }

    /// One line out of each of `times` equal parts of the log.
    fn spread(&mut self, times: usize, lines: usize) -> Vec<usize> {
        let part = |n: usize| n * lines / times;
        let line = |n| part(n) + self.index(part(n + 1) - part(n));
        (0..times).map(line).collect()
    }

    /// `count` speakers: nobody twice before everybody was drawn once.
    fn some_of(&mut self, count: usize, speakers: usize) -> Vec<usize> {
        let (mut all, mut left) = (Vec::new(), Vec::new());
        while all.len() < count && speakers > 0 {
            if left.is_empty() {
                left = (0..speakers).collect();
            }
            let place = self.index(left.len());
            all.push(left.swap_remove(place));
        }
        all
    }

    /// A line to kill a speaker's device in: one of its own half the time, else any.
    fn line_for(&mut self, speaker: usize, log: &Log) -> usize {
        let lines = log.lines.iter().enumerate();
        let own = lines.filter(|(_, line)| line.speaker == speaker);
        let own: Vec<usize> = own.map(|(index, _)| index).collect();
        if own.is_empty() || self.below(2) == 0 {
            return self.index(log.lines.len());
        }
        own[self.index(own.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64) -> Plan {
        let log = "[01:00] <ann> a\n[01:00] <bob> b\n".repeat(50);
        let log = Log::parse(&log).unwrap();
        let servers = ["a.test", "b.test"].map(|name| ServerName::parse(name).unwrap());
        let kills = ["all:5", "2:1", "a.test:1"].map(|kill| kill.parse().unwrap());
        Plan::draw(seed, &log, &servers, &kills, 3).unwrap()
    }

    #[test]
    fn the_same_seed_kills_at_the_same_places() {
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn everybody_is_killed_as_often_as_asked_for_before_the_log_ends() {
        let plan = drawn(7);
        let all: Vec<Kill> = (0..100)
            .flat_map(|line| plan.during(line).to_vec())
            .collect();
        let count = |victim| all.iter().filter(|kill| kill.victim == victim).count();
        assert_eq!(count(Victim::Server(0)), 6);
        assert_eq!(count(Victim::Server(1)), 6);
        assert_eq!(count(Victim::Device(0)) + count(Victim::Device(1)), 3);
        assert!(count(Victim::Device(0)) > 0 && count(Victim::Device(1)) > 0);
    }

    #[test]
    fn a_server_that_is_not_there_cannot_be_killed() {
        let server = ServerName::parse("a.test").unwrap();
        assert_eq!(named("1", std::slice::from_ref(&server)).unwrap(), [0]);
        assert!(named("2", &[server]).is_err());
        assert!("a.test:0".parse::<KillServer>().is_err());
        assert!("a.test".parse::<KillServer>().is_err());
    }
}
