//! Every statement of the store, prepared and planned on a migrated database: a typo in SQL, or
//! an index that is missing, fails here and not at the thousandth room.

use sqlx::{AssertSqlSafe, Executor, Row, SqlSafeStr};

use super::{
    Sqlite, accounts, connection, held, key_packages, log, open, peers, rooms, stored_bytes,
};
use crate::drive::Drive;

fn statements() -> Vec<String> {
    let fixed = [
        accounts::STATEMENTS,
        connection::STATEMENTS,
        held::STATEMENTS,
        key_packages::STATEMENTS,
        log::STATEMENTS,
        log::HEAD_STATEMENTS,
        log::RECENT_STATEMENTS,
        open::STATEMENTS,
        peers::STATEMENTS,
    ];
    let fixed = fixed.into_iter().flatten().copied();
    let fixed = fixed.chain(rooms::statements()).map(str::to_owned);
    let built = log::batch_statements().into_iter();
    fixed
        .chain(built)
        .chain(stored_bytes::statements())
        .collect()
}

#[tokio::test]
async fn every_statement_fits_the_newest_schema() {
    let (store, _writer) = Sqlite::in_memory(Drive::Await).await.unwrap();
    let mut reading = store.shared.reading().await.unwrap();
    let all = statements();
    assert!(all.len() > 40, "{} statements", all.len());
    for sql in all {
        let prepared = reading
            .connection()
            .prepare(AssertSqlSafe(sql.clone()).into_sql_str());
        assert!(prepared.await.is_ok(), "{sql}");
    }
}

/// A statement that is given something to look for looks it up; only those that list everything,
/// for start-up, walk a table.
#[tokio::test]
async fn no_statement_that_looks_for_something_walks_a_table() {
    let (store, _writer) = Sqlite::in_memory(Drive::Await).await.unwrap();
    let mut reading = store.shared.reading().await.unwrap();
    let mut walks = 0;
    for sql in statements() {
        let plan = ["EXPLAIN QUERY PLAN ", &sql].concat();
        let plan = sqlx::raw_sql(AssertSqlSafe(plan)).fetch_all(reading.connection());
        let steps = plan.await.unwrap();
        let walk = |step: &str| {
            let ours = !step.contains("VIRTUAL TABLE") && !step.contains("wanted");
            step.starts_with("SCAN") && ours && !step.contains("CONSTANT ROW")
        };
        if steps.iter().any(|step| walk(step.get("detail"))) {
            walks += 1;
            assert!(!sql.contains('?'), "{sql}");
        }
    }
    assert_eq!(walks, 9);
}
