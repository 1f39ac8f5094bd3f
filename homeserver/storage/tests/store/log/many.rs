//! Ids stay known when they have moved to the index, and when a crash cut the move off (LOG-9).

use holm_core::ports::{AppendError, LogStore};
use holm_protocol::RoomUri;
use holm_storage::Drive;

use super::chain::{messages, origin};
use crate::names::{hash, room};
use crate::subject::{Folder, Subject};

/// More than the store keeps in memory before it begins to move them.
const MANY: usize = 132_000;
/// Messages of one append.
const EACH: usize = 1_000;

fn body(number: usize) -> String {
    format!("message {number}")
}

async fn check(log: &dyn LogStore, room: &RoomUri, upto: usize) {
    for number in (0..upto).step_by(501).chain([upto - 1]) {
        let found = log.find(room, hash(&body(number))).await.unwrap();
        let seq = u64::try_from(number + 1).unwrap();
        assert_eq!(found.map(|(seq, _)| seq), Some(seq), "message {number}");
        let head = log.head(room).await.unwrap().unwrap();
        let again = log.append(messages(room, &head, &[&body(number)])).await;
        assert_eq!(again, Err(AppendError::Repeated(seq)));
    }
    assert_eq!(log.find(room, hash("another")).await.unwrap(), None);
}

// LOG-9
#[tokio::test]
async fn ids_stay_known_on_their_way_to_the_index_and_over_restarts() {
    let (mut store, room) = (Folder::new(Drive::Await).await, room("one"));
    let mut head = store.log().begin(&room, origin(&room)).await.unwrap();
    for first in (0..MANY).step_by(EACH) {
        let bodies: Vec<String> = (first..first + EACH).map(body).collect();
        let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
        let append = messages(&room, &head, &bodies);
        head = append.head;
        store.log().append(append).await.unwrap();
    }
    // A run is under way: each further append moves a slice of it.
    check(store.log(), &room, MANY).await;
    store.reopen().await;
    check(store.log(), &room, MANY).await;
    for number in MANY..MANY + 40 {
        let append = messages(&room, &head, &[&body(number)]);
        head = append.head;
        store.log().append(append).await.unwrap();
    }
    check(store.log(), &room, MANY + 40).await;
    store.reopen().await;
    check(store.log(), &room, MANY + 40).await;
}
