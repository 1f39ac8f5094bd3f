//! Operations that are dropped halfway, wherever that is: nothing is lost, doubled or used twice.

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use holm_protocol::EventKind;

use super::world::World;

/// Polls a future a number of times, then drops it.
struct CutOff<F> {
    work: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for CutOff<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.work.as_mut().poll(context).map(Some)
    }
}

async fn cut_off<F: Future>(work: F, polls: usize) -> Option<F::Output> {
    let work = Box::pin(work);
    pin!(CutOff { work, polls }).await
}

/// Rounds of each test: every number of polls comes up many times, since the database answers at
/// another moment each time.
const ROUNDS: usize = 120;
/// Polls after which everything has been done, or nearly.
const POLLS: usize = 12;

#[tokio::test]
async fn taking_events_may_be_cut_off_anywhere() {
    // REL-1
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let mut said = Vec::new();
    let mut cut = 0;
    for round in 0..ROUNDS {
        let text = format!("message {round}");
        let event = world.say(&alice, &room, &text).await;
        said.push(text);
        let inner = &bob.device.inner;
        let taking = inner.take_events(&room, std::slice::from_ref(&event), &[]);
        match cut_off(taking, round % POLLS).await {
            Some(taken) => drop(taken.unwrap()),
            None => cut += 1,
        }
        // What was cut off may have happened or not; the rest of the log tells.
        bob.pull(&room).await;
    }
    assert!(cut >= ROUNDS / POLLS, "cut off {cut} times");
    assert_eq!(bob.texts(&room).await, said);
    assert!(bob.alarms().is_empty());
}

#[tokio::test]
async fn encrypting_may_be_cut_off_anywhere_and_no_key_is_used_twice() {
    // REL-1, OUT-1
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let mut seen = BTreeSet::new();
    let mut cut = 0;
    for round in 0..ROUNDS {
        let text = format!("message {round}");
        alice.device.send(&room, &text).await.unwrap();
        let whole = cut_off(alice.sealed(&room), round % POLLS).await;
        cut += usize::from(whole.is_none());
        for (_, ciphertext) in alice.sealed(&room).await {
            assert!(seen.insert(ciphertext.clone()), "sealed again");
            world.hub.append(&room, EventKind::MESSAGE, ciphertext);
        }
        alice.pull(&room).await;
    }
    assert!(cut >= ROUNDS / POLLS, "cut off {cut} times");
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await.len(), ROUNDS);
    assert_eq!(bob.texts(&room).await, alice.texts(&room).await);
    assert!(bob.alarms().is_empty());
}
