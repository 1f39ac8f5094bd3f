//! What a seed decides where the hub lies, and where only a member does.

use crate::dice::Dice;
use crate::plan::{Fault, Plan};
use crate::sides::{HUB, ONE, OTHER};

/// How a hub shows two followers two histories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkPlan {
    /// When it begins to, in milliseconds since everybody arrived.
    pub at_ms: u64,
    /// Of a hundred messages that a follower brings to the hub, so many are told to the other
    /// side as well.
    pub across: u64,
    /// The followers do not hear each other for so many milliseconds from the fork on.
    pub apart_ms: u64,
    /// Followers show each other no heads, so that a finding has to come where nothing crosses.
    pub mute: bool,
    /// Nobody is told of the proofs that are found, so that a finding has to come everywhere.
    pub unheard: bool,
}

/// Longest time that two histories are told before everything heals, in milliseconds.
const TOLD_MS: u64 = 180_000;

impl Plan {
    /// A hub that lies to two followers, with real devices on each side.
    pub fn fork(seed: u64) -> Self {
        let dice = Dice::new(seed, "fork");
        let mut plan = Self {
            servers: 3,
            devices: if dice.happens(50) { 1 } else { 2 },
            rooms: 1,
            latency_ms: dice.between(5, 300),
            calls_twice: dice.below(3) * dice.below(20),
            answers_lost: dice.below(3) * dice.below(5),
            pause_ms: dice.between(2_000, 15_000),
            ..Self::of(seed, 0)
        };
        let at_ms = dice.below(40_000);
        let across = if dice.happens(40) {
            0
        } else {
            dice.between(5, 100)
        };
        let apart_ms = match dice.below(3) {
            0 => 0,
            1 => dice.below(TOLD_MS / 2),
            _ => TOLD_MS,
        };
        plan.busy_ms = at_ms + TOLD_MS;
        plan.fork = Some(ForkPlan {
            at_ms,
            across,
            apart_ms,
            mute: false,
            unheard: false,
        });
        plan.faults = some_faults(&dice, &plan);
        plan
    }
}

impl Plan {
    /// An honest federation in which members claim heads that no hub has signed, for so many
    /// simulated seconds.
    pub fn claims(seed: u64, seconds: u64) -> Self {
        let dice = Dice::new(seed, "claims");
        let mut plan = Self::of(seed, seconds);
        let devices = u64::try_from(plan.all_devices()).unwrap_or(1);
        for _ in 0..dice.between(2, 6) {
            let device = usize::try_from(dice.below(devices)).unwrap_or(0);
            let at = dice.below(plan.busy_ms * 3 / 4);
            plan.faults.push((at, Fault::Claims(device)));
        }
        plan.faults.sort_by_key(|(at, _)| *at);
        plan
    }
}

/// Followers and devices that die or are cut off; the hub itself keeps lying.
fn some_faults(dice: &Dice, plan: &Plan) -> Vec<(u64, Fault)> {
    let mut faults = Vec::new();
    let pause = dice.between(10_000, 120_000);
    let mut at = dice.below(pause);
    while at < plan.busy_ms {
        let follower = if dice.happens(50) { ONE } else { OTHER };
        let device = usize::try_from(dice.below(3)).unwrap_or(HUB);
        faults.push((
            at,
            match dice.below(8) {
                0 | 1 => Fault::KillServer(follower),
                2 => Fault::PowerOff(follower),
                3 => Fault::Apart(ONE, OTHER),
                4 => Fault::Deaf(follower, ONE + OTHER - follower),
                5 => Fault::Stuck(ONE, OTHER),
                6 => Fault::KillDevice(device, dice.happens(50)),
                _ => Fault::Offline(device),
            },
        ));
        at += dice.between(pause / 4, pause);
    }
    faults
}
