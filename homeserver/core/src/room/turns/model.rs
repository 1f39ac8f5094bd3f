//! Turns over any arrivals: no more than the rate, nobody forgotten, the longest waiting first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use holm_protocol::UserUri;
use holm_protocol::limits::{COMMIT_BURST_MAX, COMMIT_INTERVAL_MS, COMMITS_WAITING_MAX};
use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_oneof, proptest};
use tokio::time::Instant;

use super::{Offer, Turns};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A commit of one of few users comes in.
    Offer(u8),
    /// Time passes, milliseconds.
    Wait(u64),
    /// A commit that has its turn is refused, and uses none up.
    Refused,
    /// The epoch moves on: who waits is asked again.
    Release,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0_u8..6).prop_map(Step::Offer),
        4 => (0_u64..1_500).prop_map(Step::Wait),
        1 => proptest::strategy::Just(Step::Refused),
        1 => proptest::strategy::Just(Step::Release),
    ];
    vec(step, 1..150)
}

fn user(n: u8) -> UserUri {
    UserUri::parse(&format!("mimi://islet.test/u/u{n}")).unwrap()
}

/// All that was taken, and who waits.
struct Play {
    turns: Turns<(u8, usize)>,
    now: Instant,
    taken: Vec<Instant>,
    last_turn: BTreeMap<u8, Instant>,
    waiting: BTreeSet<(u8, usize)>,
    offered: usize,
    refuse_next: bool,
}

impl Play {
    fn take(&mut self, (who, _): (u8, usize)) {
        if std::mem::take(&mut self.refuse_next) {
            return;
        }
        self.turns.taken(&user(who), self.now);
        self.taken.push(self.now);
        self.last_turn.insert(who, self.now);
    }

    fn take_due(&mut self) {
        while let Some(commit) = self.turns.due(self.now) {
            assert!(self.waiting.remove(&commit), "only who waits has a turn");
            // Who had no turn yet, or the least lately, is first.
            let own = self.last_turn.get(&commit.0);
            let earlier = self
                .waiting
                .iter()
                .any(|(who, _)| self.last_turn.get(who) < own);
            assert!(!earlier, "somebody waits whose turn lies further back");
            self.take(commit);
        }
    }
}

fn check(steps: Vec<Step>) {
    let mut play = Play {
        turns: Turns::default(),
        now: Instant::now(),
        taken: Vec::new(),
        last_turn: BTreeMap::new(),
        waiting: BTreeSet::new(),
        offered: 0,
        refuse_next: false,
    };
    for step in steps {
        match step {
            Step::Offer(who) => {
                let commit = (who, play.offered);
                play.offered += 1;
                match play.turns.offer(&user(who), commit, play.now) {
                    Offer::Turn(commit) => play.take(commit),
                    Offer::Waits => assert!(play.waiting.insert(commit)),
                    Offer::Full(back, _) => {
                        assert_eq!((back, play.waiting.len()), (commit, COMMITS_WAITING_MAX));
                    }
                }
            }
            Step::Wait(ms) => {
                play.now += Duration::from_millis(ms);
                play.take_due();
            }
            Step::Refused => play.refuse_next = true,
            Step::Release => {
                let released: BTreeSet<_> = play.turns.release().into_iter().collect();
                assert_eq!(
                    released,
                    std::mem::take(&mut play.waiting),
                    "nobody is forgotten"
                );
            }
        }
        assert_eq!(
            play.turns.next_at(play.now).is_some(),
            !play.waiting.is_empty()
        );
    }
    check_rate(&play.taken);
}

/// Over any stretch: the burst, and one for each interval in it.
fn check_rate(taken: &[Instant]) {
    for (first, begin) in taken.iter().enumerate() {
        for (last, end) in taken.iter().enumerate().skip(first) {
            let passed = u64::try_from((*end - *begin).as_millis()).unwrap();
            let most = u64::from(COMMIT_BURST_MAX) + passed / COMMIT_INTERVAL_MS + 1;
            assert!(u64::try_from(last - first + 1).unwrap() <= most);
        }
    }
}

proptest! {
    /// ROOM-13, ROOM-14
    #[test]
    fn turns_do_what_the_model_says(steps in steps()) {
        check(steps);
    }
}
