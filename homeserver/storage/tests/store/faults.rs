//! Disks that lose, refuse and lie; callers that go away; a writer that stopped.

use std::path::PathBuf;
use std::task::Poll;
use std::time::Duration;

use futures::future::{join, join_all, poll_fn};
use futures::poll;
use holm_core::ports::{AccountStore, AppendError, LogHead, LogStore, RoomStore};
use holm_disk::{Disk, Fate, Fault, VFS};
use holm_protocol::RoomUri;
use holm_storage::{Drive, Sqlite};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use tokio::time::timeout;

use crate::log::chain::{messages, origin};
use crate::names::{device, hash, room, server, user};
use crate::rooms::record;
use crate::subject::Running;

fn file(name: &str) -> PathBuf {
    PathBuf::from(format!("/{name}/holm.db"))
}

async fn open(name: &str) -> Running {
    let file = file(name);
    let opening = Sqlite::open_vfs(VFS, &file, Drive::Await);
    let (store, writer) = opening.await.unwrap();
    Running::new(store, writer)
}

async fn begun(store: &Sqlite, name: &str) -> (RoomUri, LogHead) {
    let room = room(name);
    let head = store.begin(&room, origin(&room)).await.unwrap();
    (room, head)
}

/// Why the store failed; waits for it only so long that a store that did not is found out.
async fn failure(store: &Sqlite) -> String {
    let failed = timeout(Duration::from_secs(20), store.failed());
    failed.await.expect("the store has failed")
}

/// Whether a body is in the log, by key and by head alike.
async fn has(store: &Sqlite, room: &RoomUri, before: &LogHead, body: &str) -> bool {
    let found = store.find(room, hash(body)).await.unwrap().is_some();
    let head = store.head(room).await.unwrap().unwrap();
    assert_eq!(found, head.position.seq > before.position.seq);
    found
}

// LOG-9: what was answered is synced.
#[tokio::test]
async fn an_acknowledged_append_survives_a_power_failure() {
    // F04
    let disk = Disk::mount("power");
    let running = open("power").await;
    let (one, mut head) = begun(&running.store, "one").await;
    for n in 0..20 {
        let append = messages(&one, &head, &[&n.to_string()]);
        head = append.head;
        running.store.append(append).await.unwrap();
    }
    disk.fail_power(|| Fate::Lost);
    running.close().await;
    let running = open("power").await;
    assert_eq!(running.store.head(&one).await.unwrap(), Some(head));
    let page = running.store.read(&one, 0, 100, 1 << 20).await.unwrap();
    assert_eq!(page.len(), 20);
}

// LOG-9, F06: the system takes pages of a failed sync for clean; nothing may stand on them.
#[tokio::test]
async fn what_follows_a_failed_sync_and_a_restart_survives_a_power_failure() {
    let disk = Disk::mount("sync-restart");
    let running = open("sync-restart").await;
    let (one, head) = begun(&running.store, "one").await;
    let first = messages(&one, &head, &["first"]);
    running.store.append(first.clone()).await.unwrap();
    disk.fault(Some(Fault::Sync));
    let second = messages(&one, &first.head, &["second"]);
    running.store.append(second).await.unwrap_err();
    disk.fault(None);
    disk.kill_process();
    running.close().await;
    let running = open("sync-restart").await;
    let head = running.store.head(&one).await.unwrap().unwrap();
    let third = messages(&one, &head, &["third"]);
    running.store.append(third.clone()).await.unwrap();
    disk.fail_power(|| Fate::Lost);
    running.close().await;
    let running = open("sync-restart").await;
    assert_eq!(running.store.head(&one).await.unwrap(), Some(third.head));
}

// FED-24: the sum is written with what it counts, or not at all.
#[tokio::test]
async fn sums_by_server_are_those_of_what_was_appended_after_any_crash() {
    let disk = Disk::mount("sums");
    let skerry = server("skerry.test");
    let running = open("sums").await;
    let (one, _) = begun(&running.store, "one").await;
    // SQLite ends its connections when it likes; a dead one leaves the next its log.
    disk.kill_process();
    running.close().await;
    for round in 0..12 {
        let running = open("sums").await;
        let store = running.store.clone();
        let mut head = store.head(&one).await.unwrap().unwrap();
        assert_eq!(
            store.stored_for(&skerry),
            head.position.seq * 100,
            "{round}"
        );
        for n in 0..3 {
            if n == 2 {
                disk.fault((round % 3 == 0).then_some(Fault::Sync));
            }
            let mut append = messages(&one, &head, &[&format!("{round} {n}")]);
            append.stored_for = vec![(skerry.clone(), 100)];
            head = append.head;
            // The last one of a round may fail, or not be known.
            let outcome = store.append(append).await;
            assert!(outcome.is_ok() || n == 2, "{outcome:?}");
        }
        disk.fault(None);
        match round % 2 {
            0 => disk.fail_power(|| Fate::Lost),
            _ => disk.kill_process(),
        }
        drop(store);
        running.close().await;
    }
    let running = open("sums").await;
    let head = running.store.head(&one).await.unwrap().unwrap();
    assert!(head.position.seq >= 24, "{}", head.position.seq);
    assert_eq!(running.store.stored_for(&skerry), head.position.seq * 100);
}

/// The disk of these tests does lose what is not synced, or the test above could not fail.
#[tokio::test]
async fn a_row_that_was_not_synced_does_not_survive() {
    let disk = Disk::mount("control");
    let connect = async || {
        let options = SqliteConnectOptions::new()
            .filename(file("control"))
            .vfs(VFS);
        let options = options.create_if_missing(true);
        let options = options.locking_mode(SqliteLockingMode::Exclusive);
        let options = options.journal_mode(SqliteJournalMode::Wal);
        options
            .synchronous(SqliteSynchronous::Off)
            .connect()
            .await
            .unwrap()
    };
    let mut connection = connect().await;
    let rows = sqlx::raw_sql("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    rows.execute(&mut connection).await.unwrap();
    disk.fail_power(|| Fate::Lost);
    drop(connection);
    let count = sqlx::query("SELECT a FROM t")
        .fetch_all(&mut connect().await)
        .await;
    assert!(count.is_err(), "the table is still there");
}

// LOG-9: after a failed sync nobody knows; nothing is acknowledged any more.
#[tokio::test]
async fn a_failed_sync_stops_the_store_for_good() {
    // F06
    for page_cache in [true, false] {
        let name = if page_cache { "sync-kept" } else { "sync-lost" };
        let disk = Disk::mount(name);
        let running = open(name).await;
        let store = running.store.clone();
        let (one, head) = begun(&store, "one").await;
        let first = messages(&one, &head, &["first"]);
        store.append(first.clone()).await.unwrap();
        disk.fault(Some(Fault::Sync));
        let second = messages(&one, &first.head, &["second"]);
        let outcome = store.append(second.clone()).await;
        assert!(
            matches!(outcome, Err(AppendError::Unknown(_))),
            "{outcome:?}"
        );
        assert!(failure(&store).await.contains("1034"));
        // The disk works again, and is not believed.
        disk.fault(None);
        let outcome = store.append(second).await;
        assert!(
            matches!(outcome, Err(AppendError::Unavailable(_))),
            "{outcome:?}"
        );
        assert!(store.head(&one).await.is_err());
        assert!(store.account(&user("alice")).await.is_err());
        match page_cache {
            true => disk.kill_process(),
            false => disk.fail_power(|| Fate::Lost),
        }
        drop(store);
        running.close().await;
        let running = open(name).await;
        assert_eq!(
            running.store.find(&one, hash("first")).await.unwrap(),
            Some((1, 1_000))
        );
        let survived = has(&running.store, &one, &first.head, "second").await;
        assert_eq!(survived, page_cache);
    }
}

// LOG-9
#[tokio::test]
async fn a_failed_sync_of_an_account_stops_the_store_too() {
    let disk = Disk::mount("account");
    let running = open("account").await;
    let (store, alice, first) = (&running.store, user("alice"), device("alice", "d1"));
    disk.fault(Some(Fault::Sync));
    assert!(
        store
            .create_account(&alice, "phc", &first, hash("t"))
            .await
            .is_err()
    );
    disk.fault(None);
    assert!(
        store
            .create_account(&alice, "phc", &first, hash("t"))
            .await
            .is_err()
    );
    assert!(failure(store).await.contains("1034"));
}

#[tokio::test]
async fn a_full_disk_refuses_and_works_again_once_there_is_room() {
    // F08
    let disk = Disk::mount("full");
    let running = open("full").await;
    let (store, alice, first) = (&running.store, user("alice"), device("alice", "d1"));
    let (one, head) = begun(store, "one").await;
    let append = messages(&one, &head, &["hello"]);
    disk.fault(Some(Fault::Full));
    assert!(store.append(append.clone()).await.is_err());
    assert!(
        store
            .create_account(&alice, "phc", &first, hash("t"))
            .await
            .is_err()
    );
    assert!(!has(store, &one, &head, "hello").await);
    disk.fault(None);
    store.append(append).await.unwrap();
    assert!(
        store
            .create_account(&alice, "phc", &first, hash("t"))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn one_sync_serves_all_that_waits() {
    let disk = Disk::mount("group");
    let running = open("group").await;
    let store = &running.store;
    let mut appends = Vec::new();
    for n in 0..100 {
        let (room, head) = begun(store, &format!("room{n}")).await;
        appends.push(messages(&room, &head, &["hello"]));
    }
    let (record, alice) = (record(&room("room0"), 0), device("alice", "d1"));
    assert!(store.create_room(&record, &alice).await.unwrap());
    let marks = [(room("room0"), 1, 1)];
    let before = disk.syncs();
    let appending = join_all(appends.into_iter().map(|append| store.append(append)));
    let (outcomes, acknowledged) = join(appending, store.acknowledge(&alice, &marks)).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert!(acknowledged.is_ok());
    assert_eq!(disk.syncs() - before, 1);
    let membership = store.membership(&alice, &room("room0")).await.unwrap();
    assert_eq!(membership.unwrap().delivered, 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_half_way_leaves_nothing_behind() {
    let running = Running::memory().await;
    let store = &running.store;
    for polls in 0..30 {
        let (name, first) = (user(&format!("u{polls}")), device("alice", "d1"));
        let token = hash(&polls.to_string());
        let mut call = store.create_account(&name, "phc", &first, token);
        let mut done = false;
        for _ in 0..polls {
            done = done || poll!(&mut call).is_ready();
            yield_once().await;
        }
        drop(call);
        let known = store.account(&name).await.unwrap().is_some();
        assert_eq!(
            known,
            store.token(token).await.unwrap().is_some(),
            "{polls}"
        );
        assert!(known || !done);
        let again = store.create_account(&name, "phc", &first, hash("other"));
        assert_eq!(again.await.unwrap(), !known);
        store.revoke_token(hash("other")).await.unwrap();
    }
}

async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[tokio::test]
async fn appends_are_refused_once_the_writer_is_gone() {
    let (store, writer) = Sqlite::in_memory(Drive::Await).await.unwrap();
    let (one, head) = begun(&store, "one").await;
    drop(writer);
    let outcome = store.append(messages(&one, &head, &["hello"])).await;
    assert!(
        matches!(outcome, Err(AppendError::Unavailable(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_append_whose_writer_goes_away_is_unknown() {
    let (store, writer) = Sqlite::in_memory(Drive::Await).await.unwrap();
    let (one, head) = begun(&store, "one").await;
    let mut append = store.append(messages(&one, &head, &["hello"]));
    assert!(poll!(&mut append).is_pending());
    drop(writer);
    let outcome = append.await;
    assert!(
        matches!(outcome, Err(AppendError::Unknown(_))),
        "{outcome:?}"
    );
}
