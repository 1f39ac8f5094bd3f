//! Opening: who may, what is refused, what is said of a damaged row.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use holm_core::ports::{AccountStore, StoreError};
use holm_storage::{Drive, OpenError, Sqlite};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::accounts::account;
use crate::log::chain::{messages, origin};
use crate::names::{hash, room, user};
use crate::subject::{Folder, Running, Subject};

async fn open(folder: &Path) -> Result<Running, OpenError> {
    let (store, writer) = Sqlite::open(folder, Drive::Await).await?;
    Ok(Running::new(store, writer))
}

/// Changes a closed database behind the store's back.
async fn tamper(folder: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(folder.join("holm.db"));
    let mut connection = options.create_if_missing(true).connect().await.unwrap();
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).await.unwrap();
    let second = open(folder.path()).await;
    assert!(matches!(second, Err(OpenError::InUse(path)) if path == folder.path()));
    first.close().await;
    open(folder.path()).await.unwrap();
}

/// A start writes the log into the database, which a program in the middle of reading forbids.
#[tokio::test]
async fn a_start_while_another_program_reads_says_so_and_works_once_it_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).await.unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("holm.db"));
    let mut reader = options.connect().await.unwrap();
    let reading = sqlx::raw_sql("BEGIN; SELECT count(*) FROM account");
    reading.execute(&mut reader).await.unwrap();
    account(&first.store, "alice").await;
    first.close().await;
    let second = open(folder.path()).await;
    assert!(matches!(second, Err(OpenError::Read)));
    reader.close().await.unwrap();
    open(folder.path()).await.unwrap();
}

#[tokio::test]
async fn only_its_owner_reads_the_database() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new/folder");
    let running = open(&folder).await.unwrap();
    account(&running.store, "alice").await;
    let mode = |name: &str| {
        let metadata = fs::metadata(folder.join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    for file in ["holm.db", "holm.db-wal", "holm.db-shm", "holm.lock"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

#[tokio::test]
async fn another_programs_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    tamper(
        folder.path(),
        "PRAGMA application_id = 7; CREATE TABLE t (a)",
    )
    .await;
    let opened = open(folder.path()).await;
    assert!(matches!(opened, Err(OpenError::Foreign(7))));
}

#[tokio::test]
async fn a_newer_versions_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.unwrap().close().await;
    tamper(folder.path(), "PRAGMA user_version = 99").await;
    let opened = open(folder.path()).await;
    assert!(matches!(opened, Err(OpenError::Newer { found: 99, .. })));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("holm.db"), "a letter".repeat(1_000)).unwrap();
    let opened = open(folder.path()).await;
    assert!(matches!(opened, Err(OpenError::Database(_))));
}

#[tokio::test]
async fn a_corrupt_row_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path()).await.unwrap();
    account(&running.store, "alice").await;
    running.close().await;
    tamper(folder.path(), "UPDATE token SET device = 'ALICE'").await;
    let running = open(folder.path()).await.unwrap();
    let StoreError(why) = running.store.token(hash("alice")).await.unwrap_err();
    assert!(why.contains("token.device"), "{why}");
    assert!(why.contains(&hash("alice").to_string()), "{why}");
    // One damaged row is no reason to stop.
    assert!(
        running
            .store
            .account(&user("alice"))
            .await
            .unwrap()
            .is_some()
    );
}

// LOG-2
#[tokio::test]
async fn a_hole_in_a_log_is_an_error_and_not_an_end() {
    let mut subject = Folder::new(Drive::Await).await;
    let (one, log) = (room("one"), subject.log());
    let head = log.begin(&one, origin(&one)).await.unwrap();
    log.append(messages(&one, &head, &["a", "b", "c"]))
        .await
        .unwrap();
    subject.close().await;
    tamper(
        subject.path(),
        "DELETE FROM submitted; DELETE FROM event WHERE seq <> 1",
    )
    .await;
    subject.reopen().await;
    let read = subject.log().read(&one, 0, 10, 1_000).await;
    let StoreError(why) = read.unwrap_err();
    assert!(
        why.contains("event.seq") && why.contains(one.as_str()),
        "{why}"
    );
}
