//! The contract as stories, each told to a new store.

use futures::future::{join, join_all};
use holm_core::ports::{Append, AppendError, LogHead, LogStore};
use holm_protocol::RoomUri;
use holm_protocol::event::Position;

use super::chain::{commit, foreign, head_at, messages, origin, stored};
use crate::names::{hash, room, server};
use crate::subject::Subject;

/// More than any page of these tests holds.
const ALL: usize = 1 << 20;

/// No numbers.
const NONE: [u64; 0] = [];

/// A room whose log has begun.
async fn begun(log: &dyn LogStore) -> (RoomUri, LogHead) {
    let room = room("one");
    let head = log.begin(&room, origin(&room)).await.unwrap();
    (room, head)
}

async fn numbers(log: &dyn LogStore, room: &RoomUri, after: u64) -> Vec<u64> {
    let page = log.read(room, after, ALL, ALL).await.unwrap();
    page.iter().map(|entry| entry.seq).collect()
}

/// Appends, and asserts that nothing came of it.
async fn refused(log: &dyn LogStore, append: Append) -> AppendError {
    let room = append.room.clone();
    let before = (log.head(&room).await.unwrap(), numbers(log, &room, 0).await);
    let error = log.append(append).await.unwrap_err();
    let after = (log.head(&room).await.unwrap(), numbers(log, &room, 0).await);
    assert_eq!(before, after, "{error}");
    error
}

/// LOG-2
pub(super) async fn an_append_continues_the_head_it_saw(subject: &mut dyn Subject) {
    let one = room("one");
    let unknown = messages(&one, &origin(&one), &["hello"]);
    let log = subject.log();
    assert_eq!(log.append(unknown).await, Err(AppendError::NoLog));
    assert_eq!(log.head(&one).await.unwrap(), None);
    let (one, head) = begun(log).await;
    let first = messages(&one, &head, &["hello", "there"]);
    log.append(first.clone()).await.unwrap();
    let second = messages(&one, &first.head, &["again"]);
    log.append(second.clone()).await.unwrap();
    subject.reopen().await;
    let log = subject.log();
    assert_eq!(log.head(&one).await.unwrap(), Some(second.head));
    let page = log.read(&one, 0, ALL, ALL).await.unwrap();
    assert_eq!(page, [stored(&first), stored(&second)].concat());
    let found = log.find(&one, hash("there")).await.unwrap();
    assert_eq!(found, Some((2, 2_000)));
    assert_eq!(log.find(&one, hash("nothing")).await.unwrap(), None);
}

/// FED-24
pub(super) async fn sums_by_server_are_those_of_what_was_appended(subject: &mut dyn Subject) {
    let log = subject.log();
    let (one, head) = begun(log).await;
    let (islet, skerry) = (server("islet.test"), server("skerry.test"));
    let mut first = messages(&one, &head, &["hello", "there"]);
    first.stored_for = vec![(islet.clone(), 7), (skerry.clone(), 100)];
    log.append(first.clone()).await.unwrap();
    let mut second = messages(&one, &first.head, &["again"]);
    second.stored_for = vec![(islet.clone(), 30)];
    // What is refused adds nothing.
    let mut stale = messages(&one, &head, &["too late"]);
    stale.stored_for = vec![(islet.clone(), 1_000)];
    let (taken, refused) = join(log.append(second), log.append(stale)).await;
    assert!(taken.is_ok() && refused.is_err());
    let sums = [(islet.clone(), 37), (skerry, 100)];
    assert_eq!(log.stored_by_server(), sums);
    subject.reopen().await;
    assert_eq!(subject.log().stored_by_server(), sums);
    assert_eq!(subject.log().stored_for(&islet), 37);
    assert_eq!(subject.log().stored_for(&server("nobody.test")), 0);
}

/// LOG-2
pub(super) async fn a_stale_head_writes_nothing(subject: &mut dyn Subject) {
    let log = subject.log();
    let (room, head) = begun(log).await;
    let first = messages(&room, &head, &["first"]);
    log.append(first.clone()).await.unwrap();
    let moved = AppendError::HeadMoved(Box::new(first.head));
    let late = messages(&room, &head, &["late"]);
    assert_eq!(refused(log, late).await, moved);
    let mut fork = messages(&room, &first.head, &["fork"]);
    fork.expect.hash = foreign();
    assert_eq!(refused(log, fork).await, moved);
    assert_eq!(log.find(&room, hash("late")).await.unwrap(), None);
}

/// LOG-2: a fence that was counted up stays up.
pub(super) async fn an_overtaken_owner_writes_nothing(subject: &mut dyn Subject) {
    let log = subject.log();
    let (room, head) = begun(log).await;
    assert!(
        log.take_over(&RoomUri::parse("mimi://islet.test/r/none").unwrap())
            .await
            .is_err()
    );
    assert_eq!(log.take_over(&room).await.unwrap(), 1);
    assert_eq!(log.take_over(&room).await.unwrap(), 2);
    let old = messages(&room, &head, &["old"]);
    assert_eq!(refused(log, old).await, AppendError::Fenced(2));
    let owner = LogHead { fence: 2, ..head };
    let mut falling = messages(&room, &owner, &["falling"]);
    falling.head.fence = 1;
    assert_eq!(refused(log, falling).await, AppendError::Fenced(2));
    log.append(messages(&room, &owner, &["new"])).await.unwrap();
    subject.reopen().await;
    assert_eq!(subject.log().take_over(&room).await.unwrap(), 3);
}

/// LOG-9: nothing of an append is taken where one of its keys is known.
pub(super) async fn a_repeated_key_refuses_the_whole_append(subject: &mut dyn Subject) {
    let log = subject.log();
    let (one, head) = begun(log).await;
    let first = messages(&one, &head, &["zero", "once"]);
    log.append(first.clone()).await.unwrap();
    let again = messages(&one, &first.head, &["new", "once"]);
    assert_eq!(refused(log, again).await, AppendError::Repeated(2));
    assert_eq!(log.find(&one, hash("new")).await.unwrap(), None);
    // Another room's keys are its own.
    let two = room("two");
    let head = log.begin(&two, origin(&two)).await.unwrap();
    log.append(messages(&two, &head, &["once"])).await.unwrap();
    assert_eq!(
        log.find(&two, hash("once")).await.unwrap(),
        Some((1, 1_000))
    );
}

/// LOG-2
pub(super) async fn malformed_appends_write_nothing(subject: &mut dyn Subject) {
    let log = subject.log();
    let (room, head) = begun(log).await;
    let good = messages(&room, &head, &["a", "b", "c"]);
    let spoil = [
        |append: &mut Append| append.entries.clear(),
        |append: &mut Append| drop(append.entries.remove(1)),
        |append: &mut Append| append.entries.swap(0, 1),
        |append: &mut Append| append.head.position.seq += 1,
        |append: &mut Append| append.entries[1].idempotency_key = Some(hash("a")),
        |append: &mut Append| append.head.position.time = u64::MAX,
        |append: &mut Append| append.head.epoch = 1 << 63,
        |append: &mut Append| append.expect.seq = u64::MAX,
    ];
    for spoil in spoil {
        let mut bad = good.clone();
        spoil(&mut bad);
        let error = refused(log, bad).await;
        assert!(matches!(error, AppendError::Unavailable(_)), "{error}");
    }
    log.append(good).await.unwrap();
}

/// LOG-2: one transaction, an outcome each.
pub(super) async fn appends_of_one_batch_follow_each_other(subject: &mut dyn Subject) {
    let log = subject.log();
    let (one, head) = begun(log).await;
    let two = room("two");
    let other = log.begin(&two, origin(&two)).await.unwrap();
    let first = messages(&one, &head, &["first"]);
    let second = commit(&one, &first.head, "second");
    let rival = commit(&one, &first.head, "rival");
    let third = messages(&one, &second.head, &["third"]);
    let repeat = messages(&one, &third.head, &["first"]);
    let elsewhere = messages(&two, &other, &["elsewhere"]);
    let nowhere = messages(&room("three"), &other, &["nowhere"]);
    let all = [
        &first, &second, &rival, &elsewhere, &third, &repeat, &nowhere,
    ];
    let outcomes = join_all(all.map(|append| log.append(append.clone()))).await;
    let moved = AppendError::HeadMoved(Box::new(second.head));
    let expected = [
        Ok(()),
        Ok(()),
        Err(moved),
        Ok(()),
        Ok(()),
        Err(AppendError::Repeated(1)),
        Err(AppendError::NoLog),
    ];
    assert_eq!(outcomes, expected);
    let page = log.read(&one, 0, ALL, ALL).await.unwrap();
    assert_eq!(
        page,
        [stored(&first), stored(&second), stored(&third)].concat()
    );
    assert_eq!(log.head(&two).await.unwrap(), Some(elsewhere.head));
    assert_eq!(log.commit_seqs().await.unwrap(), [(one, 2)]);
}

/// LIM-14
pub(super) async fn a_read_keeps_to_its_bounds_and_gives_one_entry_at_least(
    subject: &mut dyn Subject,
) {
    let log = subject.log();
    let (room, head) = begun(log).await;
    let append = messages(&room, &head, &["a", "b", "c", "d"]);
    log.append(append.clone()).await.unwrap();
    let size = append.entries[0].event.len();
    let pages: [(u64, usize, usize, &[u64]); 8] = [
        (0, 3, ALL, &[1, 2, 3]),
        (1, ALL, 2 * size, &[2, 3]),
        (1, ALL, 2 * size - 1, &[2]),
        (1, ALL, 0, &[2]),
        (2, 0, 0, &[3]),
        (4, ALL, ALL, &[]),
        (5, ALL, ALL, &[]),
        (u64::MAX, ALL, ALL, &[]),
    ];
    for (after, limit, bytes_max, expected) in pages {
        let page = log.read(&room, after, limit, bytes_max).await.unwrap();
        let seqs: Vec<_> = page.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, expected, "{after} {limit} {bytes_max}");
    }
    let none = crate::names::room("none");
    assert_eq!(numbers(log, &none, 0).await, NONE);
}

/// LOG-2
pub(super) async fn a_copy_that_reaches_as_far_is_kept(subject: &mut dyn Subject) {
    let log = subject.log();
    let (room, head) = begun(log).await;
    let append = messages(&room, &head, &["a", "b"]);
    log.append(append.clone()).await.unwrap();
    assert_eq!(log.take_over(&room).await.unwrap(), 1);
    let kept = LogHead {
        fence: 1,
        ..append.head
    };
    for from in [head, append.head] {
        assert_eq!(log.begin(&room, from).await.unwrap(), kept);
    }
    log.append(messages(&room, &kept, &["c"])).await.unwrap();
    assert_eq!(numbers(log, &room, 0).await, [1, 2, 3]);
}

/// LOG-2: a gap is never bridged.
pub(super) async fn a_read_does_not_cross_the_beginning_of_a_later_copy(subject: &mut dyn Subject) {
    let log = subject.log();
    let (room, head) = begun(log).await;
    let old = messages(&room, &head, &["a", "b"]);
    log.append(old.clone()).await.unwrap();
    assert_eq!(log.take_over(&room).await.unwrap(), 1);
    let position = Position {
        seq: 7,
        hash: foreign(),
        time: 7_000,
    };
    let anew = log.begin(&room, head_at(position)).await.unwrap();
    assert_eq!(anew.fence, 1);
    let late = refused(
        log,
        messages(
            &room,
            &LogHead {
                fence: 1,
                ..old.head
            },
            &["late"],
        ),
    )
    .await;
    assert_eq!(late, AppendError::HeadMoved(Box::new(anew)));
    log.append(messages(&room, &anew, &["h", "i"]))
        .await
        .unwrap();
    subject.reopen().await;
    let log = subject.log();
    let runs: [(u64, &[u64]); 6] = [
        (0, &[1, 2]),
        (1, &[2]),
        (2, &[]),
        (6, &[]),
        (7, &[8, 9]),
        (8, &[9]),
    ];
    for (after, expected) in runs {
        assert_eq!(numbers(log, &room, after).await, expected, "{after}");
    }
    assert_eq!(log.find(&room, hash("a")).await.unwrap(), Some((1, 1_000)));
}

/// LOG-14
pub(super) async fn what_a_joiner_needs_comes_with_its_entry(subject: &mut dyn Subject) {
    let log = subject.log();
    let (room, head) = begun(log).await;
    let commit = commit(&room, &head, "adds bob");
    log.append(commit.clone()).await.unwrap();
    subject.reopen().await;
    let log = subject.log();
    assert_eq!(log.read(&room, 0, 1, 1).await.unwrap(), stored(&commit));
    assert_eq!(log.head(&room).await.unwrap(), Some(commit.head));
}

/// LIM-16: more rows than one statement takes.
pub(super) async fn a_large_append_is_stored_whole(subject: &mut dyn Subject) {
    let log = subject.log();
    let (room, head) = begun(log).await;
    let bodies: Vec<_> = (0..2_500).map(|n| n.to_string()).collect();
    let bodies: Vec<_> = bodies.iter().map(String::as_str).collect();
    let append = messages(&room, &head, &bodies);
    log.append(append.clone()).await.unwrap();
    assert_eq!(log.read(&room, 0, ALL, ALL).await.unwrap(), stored(&append));
    let again = messages(&room, &append.head, &["new", "2499"]);
    assert_eq!(refused(log, again).await, AppendError::Repeated(2_500));
}
