//! A run with a hub that lies: from one moment on it shows two followers two histories
//! (HEAD-4 to HEAD-8).
//!
//! No code of a server lies. The hub's disk is copied in mid-run, and two servers go on from it
//! under one name with the same keys, each spoken to by one side alone ([`crate::sides`]). While
//! it goes on, each follower is watched: once something lay before it by which it has to find the
//! fork, it has seconds to keep a proof.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use holm_protocol::RoomUri;

use crate::faults::Breakage;
use crate::fork_plan::ForkPlan;
use crate::fork_verdict;
use crate::plan::{device_name, server_name};
use crate::sides::{HUB, MOVED, ONE, OTHER, TWIN};
use crate::verdict::Findings;
use crate::world::World;

/// Followers that hear each other for so long have found the fork.
const SHOWN: Duration = Duration::from_mins(1);
/// From when something lies before a follower until its proof is seen, both told every second.
const SLACK: Duration = Duration::from_secs(5);
/// Once everything has healed, people talk on until each side has found it, so long at most.
const TALKING_ON: Duration = Duration::from_mins(8);
/// Then they are silent for so long, for devices to hear the rest.
const SETTLING: Duration = Duration::from_mins(1);
/// Things break for so long after both have found it.
const AFTERWARDS: Duration = Duration::from_secs(40);

/// What each follower ought to have found by now.
struct Watch {
    room: RoomUri,
    /// Number of the last event that both histories have.
    common: u64,
    /// Since when both have a history of their own and hear each other.
    since: Duration,
    /// Where a follower's copy gets to such a number, a head of the other side lies before it;
    /// and since when that is known.
    shown: BTreeMap<usize, (u64, Duration)>,
    owed: BTreeMap<usize, Duration>,
    /// Who has found it, or is too late.
    found: BTreeSet<usize>,
    /// When the last of them did.
    last: Duration,
    findings: Findings,
}

impl World<'_> {
    /// Plays the run and judges it.
    pub(crate) fn play_fork(&mut self, fork: &ForkPlan) -> Result<Findings, String> {
        self.arrive()?;
        let begun = self.sim.elapsed();
        let plan = Arc::clone(&self.around.plan);
        let mut faults = plan.faults.iter().peekable();
        let mut breakage = Breakage::default();
        while ms(self.since(begun)) < fork.at_ms {
            let at = ms(self.since(begun));
            while let Some((_, fault)) = faults.next_if(|(due, _)| *due <= at) {
                breakage.begin(self, fault);
            }
            self.tick(&mut breakage)?;
        }
        let mut watch = self.split(&mut breakage, fork)?;
        while ms(self.since(begun)) < plan.busy_ms && !watch.is_over(self.sim.elapsed()) {
            let at = ms(self.since(begun));
            while let Some((_, fault)) = faults.next_if(|(due, _)| *due <= at) {
                breakage.begin(self, fault);
            }
            self.second(&mut breakage)?;
            watch.look(self, &breakage);
        }
        breakage.heal(self);
        let healed = self.sim.elapsed();
        while watch.found.len() < 2 && self.since(healed) < TALKING_ON {
            self.second(&mut breakage)?;
            watch.look(self, &breakage);
        }
        self.around.board.lock().quiet = true;
        let quiet = self.sim.elapsed();
        while self.since(quiet) < SETTLING {
            self.second(&mut breakage)?;
        }
        self.around.journal.note("world", "stops");
        let Watch {
            room, mut findings, ..
        } = watch;
        findings.0.extend(fork_verdict::judge(self, &room)?);
        Ok(findings)
    }

    fn tick(&mut self, breakage: &mut Breakage) -> Result<(), String> {
        breakage.tend(self);
        self.step()
    }

    fn second(&mut self, breakage: &mut Breakage) -> Result<(), String> {
        (0..100).try_for_each(|_| self.tick(breakage))
    }

    /// From here on the hub signs two histories.
    fn split(&mut self, breakage: &mut Breakage, fork: &ForkPlan) -> Result<Watch, String> {
        let room = self.around.board.lock().rooms.first().cloned();
        let room = room.ok_or("there is no room")?;
        self.around.sides.hush();
        if self.phones.len() > MOVED {
            breakage.part(self, (server_name(HUB), device_name(MOVED)), None);
        }
        // What was on its way is common to both.
        self.second(breakage)?;
        let twin = Arc::new(self.machines[HUB].twin(TWIN));
        let common = fork_verdict::newest(&self.machines[HUB].twin(TWIN + 1), &room)?;
        self.machines.push(Arc::clone(&twin));
        self.sim
            .host(server_name(TWIN), move || Arc::clone(&twin).run());
        self.around.sides.split();
        let now = self.sim.elapsed();
        if fork.apart_ms > 0 {
            let until = Some(now + Duration::from_millis(fork.apart_ms));
            breakage.part(self, (server_name(ONE), server_name(OTHER)), until);
        }
        self.around
            .journal
            .note("world", &format!("two histories of {room} after {common}"));
        Ok(Watch {
            room,
            common,
            since: now,
            shown: BTreeMap::new(),
            owed: BTreeMap::new(),
            found: BTreeSet::new(),
            last: Duration::ZERO,
            findings: Findings::default(),
        })
    }
}

impl Watch {
    /// Whether nothing more is to be learned by going on.
    fn is_over(&self, now: Duration) -> bool {
        self.found.len() == 2 && now.saturating_sub(self.last) > AFTERWARDS
    }

    /// Holds what each follower has found against what lies before it.
    fn look(&mut self, world: &World<'_>, breakage: &Breakage) {
        let now = world.sim.elapsed();
        let board = world.around.board.lock();
        let copy = |n| board.heads.get(&(n, self.room.clone())).copied();
        let booted = |n| board.booted.get(&n).copied().unwrap_or_default();
        let hear = breakage.hear_each_other(&server_name(ONE), &server_name(OTHER));
        let two = copy(ONE).min(copy(OTHER)) > Some(self.common);
        self.since = match hear && two {
            true => self.since.max(booted(ONE)).max(booted(OTHER)),
            false => now,
        };
        for (own, other) in [(ONE, OTHER), (OTHER, ONE)] {
            if self.found.contains(&own) {
                continue;
            }
            if board.forks.get(&own).is_some_and(|forks| !forks.is_empty()) {
                self.found.insert(own);
                self.last = now;
                continue;
            }
            let up = breakage.hear_each_other(&server_name(own), &server_name(own));
            // What waits for the copy to grow does not outlive the process.
            self.shown
                .retain(|n, (_, at)| *n != own || *at > booted(own));
            if now.saturating_sub(self.since) >= SHOWN
                && let Some(seq) = copy(other)
            {
                self.shown.entry(own).or_insert((seq, now));
            }
            let shown = self.shown.get(&own).map(|(seq, _)| *seq);
            let reached = shown.is_some_and(|seq| copy(own) >= Some(seq));
            let why = match (board.crossed.get(&own), reached) {
                (Some((seq, _)), _) => format!("event {seq} carries a head of the other side"),
                (None, true) => "the followers have heard each other for 60 s".to_owned(),
                (None, false) => String::new(),
            };
            if why.is_empty() || !up {
                self.owed.remove(&own);
                continue;
            }
            let owed = self.owed.entry(own).or_insert(now);
            *owed = (*owed).max(booted(own));
            if now.saturating_sub(*owed) > SLACK {
                self.found.insert(own);
                let own = server_name(own);
                let what = format!("{own} has not found the fork, though {why}");
                self.findings.0.push(what);
            }
        }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
