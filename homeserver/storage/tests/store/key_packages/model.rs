//! The pool of KeyPackages against a model in the plainest words: any calls, at any times.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use holm_core::ports::{Claim, KeyPackageStore};
use holm_protocol::DeviceUri;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_oneof, proptest};

use super::{claim, package};
use crate::accounts::account;
use crate::names::{hash, user};
use crate::subject::{Running, block_on};

/// Users, of one device each.
const USERS: [&str; 2] = ["alice", "carol"];

#[derive(Clone, Debug)]
enum Step {
    /// A device brings packages: which, and how long they are good from now, seconds.
    Add {
        user: usize,
        packages: Vec<(u8, u64)>,
    },
    /// Somebody claims under one of few ids.
    Claim { user: usize, id: u8 },
    /// Time passes, seconds.
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let add = (0..USERS.len(), vec((0_u8..24, 0_u64..300), 0..4));
    let step = prop_oneof![
        3 => add.prop_map(|(user, packages)| Step::Add { user, packages }),
        4 => (0..USERS.len(), 0_u8..12).prop_map(|(user, id)| Step::Claim { user, id }),
        1 => (0_u64..200).prop_map(Step::Wait),
    ];
    vec(step, 1..40)
}

#[derive(Default)]
struct Model {
    /// Waiting packages of each user, the oldest first: text and end in seconds.
    waiting: BTreeMap<usize, Vec<(String, u64)>>,
    /// Every package there ever was.
    known: BTreeSet<String>,
    /// What was handed out under an id: user and package.
    claims: BTreeMap<u8, (usize, String)>,
    now_s: u64,
}

impl Model {
    fn add(&mut self, user: usize, packages: &[(u8, u64)]) -> Vec<(String, u64)> {
        let named = |(n, good): &(u8, u64)| (format!("{} {n}", USERS[user]), self.now_s + good);
        let brought: Vec<_> = packages.iter().map(named).collect();
        for (text, expires) in &brought {
            if self.known.insert(text.clone()) {
                let waiting = self.waiting.entry(user).or_default();
                waiting.push((text.clone(), *expires));
            }
        }
        brought
    }

    fn count(&self, user: usize) -> usize {
        let waiting = self.waiting.get(&user).into_iter().flatten();
        waiting.filter(|(_, expires)| *expires > self.now_s).count()
    }

    /// The answer to a claim: nothing to take is an empty one, an id of another claim none.
    fn claim(&mut self, user: usize, id: u8) -> Option<Vec<String>> {
        if let Some((of, text)) = self.claims.get(&id) {
            return (*of == user).then(|| vec![text.clone()]);
        }
        let waiting = self.waiting.entry(user).or_default();
        let good = waiting
            .iter()
            .position(|(_, expires)| *expires > self.now_s);
        let Some(index) = good else {
            return Some(Vec::new());
        };
        let (text, _) = waiting.remove(index);
        self.claims.insert(id, (user, text.clone()));
        Some(vec![text])
    }
}

async fn check(steps: Vec<Step>) {
    let running = Running::memory().await;
    let (store, mut model) = (&running.store, Model::default());
    let mut devices: Vec<DeviceUri> = Vec::new();
    for name in USERS {
        devices.push(account(store, name).await);
    }
    for step in steps {
        match step {
            Step::Add { user, packages } => {
                let brought = model.add(user, &packages);
                let brought = brought
                    .iter()
                    .map(|(text, expires)| package(text, *expires));
                let brought: Vec<_> = brought.collect();
                store
                    .add_key_packages(&devices[user], &brought)
                    .await
                    .unwrap();
            }
            Step::Claim { user: n, id } => {
                let asked = Claim {
                    user: user(USERS[n]),
                    ..claim(id, model.now_s * 1_000)
                };
                let answer = store.claim_key_packages(&asked).await.unwrap();
                let texts = |all: Vec<(DeviceUri, Bytes)>| {
                    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
                    all.into_iter().map(|(_, bytes)| text(bytes)).collect()
                };
                assert_eq!(answer.map(texts), model.claim(n, id));
            }
            Step::Wait(seconds) => model.now_s += seconds,
        }
        for (n, device) in devices.iter().enumerate() {
            let now_ms = model.now_s * 1_000;
            let count = store.count_key_packages(device, now_ms).await.unwrap();
            assert_eq!(count, model.count(n));
        }
    }
    for text in &model.known {
        let claimed = store.claimed_for(hash(text)).await.unwrap();
        let handed_out = model.claims.values().any(|(_, given)| given == text);
        assert_eq!(claimed.is_some(), handed_out, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// KP-1, KP-2, KP-3, FED-2: each package leaves under one claim, the oldest good one first,
    /// and a repeated claim is answered as it was.
    #[test]
    fn the_pool_does_what_the_model_says(steps in steps()) {
        block_on(check(steps));
    }
}
