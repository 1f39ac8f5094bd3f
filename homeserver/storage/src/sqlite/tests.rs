//! Every statement of the store, prepared on a migrated database: a typo in SQL fails here, not
//! at the first call.

use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};

use super::{Sqlite, accounts, connection, key_packages, log, open, peers, rooms};
use crate::drive::Drive;

#[tokio::test]
async fn every_statement_fits_the_newest_schema() {
    let (store, _writer) = Sqlite::in_memory(Drive::Await).await.unwrap();
    let mut reading = store.shared.reading().await.unwrap();
    let fixed = [
        accounts::STATEMENTS,
        connection::STATEMENTS,
        key_packages::STATEMENTS,
        log::STATEMENTS,
        log::HEAD_STATEMENTS,
        open::STATEMENTS,
        peers::STATEMENTS,
    ];
    let fixed = fixed.into_iter().flatten().copied();
    let all = fixed.chain(rooms::statements()).map(str::to_owned);
    let all: Vec<_> = all.chain(log::batch_statements()).collect();
    assert!(all.len() > 40, "{} statements", all.len());
    for sql in all {
        let prepared: BoxFuture<'_, _> = reading
            .connection()
            .prepare(AssertSqlSafe(sql.clone()).into_sql_str());
        assert!(prepared.await.is_ok(), "{sql}");
    }
}
