//! The outbox against a list: any calls, and nothing is lost, doubled or out of order (OUT-1, OUT-3).

use holm_protocol::aad::ClientMsgId;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_oneof, proptest};

use super::{Waiting, push, release_all, release_from, remove, seal, set_held, to_send, waiting};
use crate::replica::{Replica, ReplicaPlace};

/// Rooms.
const ROOMS: [i64; 2] = [7, 8];

#[derive(Clone, Copy, Debug)]
enum Step {
    Push { room: usize },
    Held { room: usize, at: usize },
    ReleaseFrom { room: usize, at: usize },
    ReleaseAll,
    Seal { room: usize, at: usize, epoch: u64 },
    Remove { room: usize, at: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let place = || (0..ROOMS.len(), 0_usize..12);
    let step = prop_oneof![
        5 => (0..ROOMS.len()).prop_map(|room| Step::Push { room }),
        3 => place().prop_map(|(room, at)| Step::Held { room, at }),
        1 => place().prop_map(|(room, at)| Step::ReleaseFrom { room, at }),
        1 => proptest::strategy::Just(Step::ReleaseAll),
        3 => (place(), 0_u64..9).prop_map(|((room, at), epoch)| Step::Seal { room, at, epoch }),
        2 => place().prop_map(|(room, at)| Step::Remove { room, at }),
    ];
    vec(step, 1..60)
}

/// One message of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    id: ClientMsgId,
    sealed: Option<u64>,
    held: bool,
}

fn id(n: usize) -> ClientMsgId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    ClientMsgId(bytes)
}

fn same(found: &[Waiting], expected: &[&Said]) {
    let seen = |w: &Waiting| (w.id, w.content.clone(), w.sealed.as_ref().map(|s| s.1));
    let said = |s: &&Said| (s.id, s.id.0.to_vec(), s.sealed);
    let (found, expected): (Vec<_>, Vec<_>) = (
        found.iter().map(seen).collect(),
        expected.iter().map(said).collect(),
    );
    assert_eq!(found, expected);
}

async fn check(steps: Vec<Step>) {
    let mut replica = Replica::open(&ReplicaPlace::Memory).await.unwrap();
    let mut model: [Vec<Said>; 2] = [Vec::new(), Vec::new()];
    for (n, step) in steps.into_iter().enumerate() {
        take(&mut replica, &mut model, n, step).await;
        for (room, said) in ROOMS.into_iter().zip(&model) {
            let all = waiting(replica.reader(), room, 0, 1_000).await.unwrap();
            same(&all, &said.iter().collect::<Vec<_>>());
            let open = to_send(replica.reader(), room, 0, 1_000).await.unwrap();
            same(&open, &said.iter().filter(|s| !s.held).collect::<Vec<_>>());
            let after = all.get(1).map_or(0, |second| second.place);
            let rest = waiting(replica.reader(), room, after, 2).await.unwrap();
            let skipped = if after == 0 { 0 } else { 2 };
            same(
                &rest,
                &said.iter().skip(skipped).take(2).collect::<Vec<_>>(),
            );
        }
    }
}

async fn take(replica: &mut Replica, model: &mut [Vec<Said>; 2], n: usize, step: Step) {
    match step {
        Step::Push { room } => {
            push(replica.reader(), ROOMS[room], id(n), &id(n).0)
                .await
                .unwrap();
            model[room].push(Said {
                id: id(n),
                sealed: None,
                held: false,
            });
        }
        Step::Held { room, at } => {
            if let Some(said) = model[room].get_mut(at) {
                said.held = true;
                set_held(replica.reader(), ROOMS[room], said.id)
                    .await
                    .unwrap();
            }
        }
        Step::ReleaseFrom { room, at } => {
            let Some(from) = model[room].get(at).map(|said| said.id) else {
                return;
            };
            let released = release_from(replica.reader(), ROOMS[room], from)
                .await
                .unwrap();
            assert_eq!(released, model[room].iter().skip(at).any(|said| said.held));
            model[room]
                .iter_mut()
                .skip(at)
                .for_each(|said| said.held = false);
        }
        Step::ReleaseAll => {
            release_all(replica.reader()).await.unwrap();
            model
                .iter_mut()
                .flatten()
                .for_each(|said| said.held = false);
        }
        Step::Seal { room, at, epoch } => {
            let all = waiting(replica.reader(), ROOMS[room], 0, 1_000)
                .await
                .unwrap();
            if let Some(said) = model[room].get_mut(at) {
                said.sealed = Some(epoch);
                seal(replica.reader(), all[at].place, b"sealed", epoch)
                    .await
                    .unwrap();
            }
        }
        Step::Remove { room, at } => {
            if at < model[room].len() {
                let said = model[room].remove(at);
                remove(replica.reader(), ROOMS[room], said.id)
                    .await
                    .unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// OUT-1, OUT-3
    #[test]
    fn the_outbox_does_what_the_model_says(steps in steps()) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(check(steps));
    }
}
