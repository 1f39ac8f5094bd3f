//! Creating a room and folding a commit into what is known of it.

use holm_core::ports::{Fold, RoomRecord};
use holm_protocol::encoding::encode;
use holm_protocol::{DeviceUri, RoomUri, ServerName};
use sqlx::SqliteConnection;

use super::stored_number;
use crate::sqlite::failure::Failure;
use crate::sqlite::row::Cells;
use crate::sqlite::stored_bytes::{self, Change};

/// Records a room; `false` where there is one already.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    record: &RoomRecord,
    creator: &DeviceUri,
) -> Result<bool, Failure> {
    let created = put_record(connection, INSERT_ROOM, record).await?;
    if created {
        let creator = std::slice::from_ref(creator);
        enter_devices(connection, &record.room, creator, 0).await?;
    }
    Ok(created)
}

/// Folds a commit, unless it has been folded. A follower's copy of a room begins so. What it
/// changes of the sums by server is written too, and returned.
pub(super) async fn fold(
    connection: &mut SqliteConnection,
    fold: &Fold,
) -> Result<Change, Failure> {
    let record = &fold.record;
    let (room, seq) = (&record.room, record.folded_seq);
    if !put_record(connection, ADVANCE_ROOM, record).await? {
        return Ok(Change::default());
    }
    // Leaving comes first: a device that was replaced by itself has entered anew, and what it read
    // before ends before the commit.
    let left = names(fold.left.iter().map(DeviceUri::as_str));
    mark(connection, LEAVE_DEVICES, room, &left, seq).await?;
    let peers_left = names(fold.peers_left.iter().map(ServerName::as_str));
    mark(connection, LEAVE_PEERS, room, &peers_left, seq).await?;
    enter_devices(connection, room, &fold.entered, seq).await?;
    let peers_entered = names(fold.peers_entered.iter().map(ServerName::as_str));
    mark(connection, CLOSE_PEERS, room, &peers_entered, seq).await?;
    mark(connection, ENTER_PEERS, room, &peers_entered, seq).await?;
    for subject in &fold.carried_out {
        let query = sqlx::query(CARRY_OUT).bind(room.as_str());
        query
            .bind(encode(subject))
            .execute(&mut *connection)
            .await?;
    }
    put_tree(connection, room, seq, fold).await?;
    let mut change = drop_trees(connection, room, seq).await?;
    if let (Some(tree), Some(payer)) = (&fold.tree, &fold.tree_payer) {
        change.added.add(payer.clone(), length(tree.len()));
    }
    stored_bytes::write(connection, &change).await?;
    Ok(change)
}

/// Drops the trees that nobody has to take any more.
async fn drop_trees(
    connection: &mut SqliteConnection,
    room: &RoomUri,
    seq: u64,
) -> Result<Change, Failure> {
    let query = sqlx::query(DROP_TREES).bind(room.as_str());
    let rows = query.bind(stored_number(seq)?).fetch_all(connection);
    let mut change = Change::default();
    for row in rows.await? {
        let cells = Cells::new(&row, "tree", room);
        if cells.get::<Option<&str>>("payer")?.is_some() {
            change
                .dropped
                .add(cells.parsed("payer")?, cells.number("length")?);
        }
    }
    Ok(change)
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Whether the statement found something to do.
async fn put_record(
    connection: &mut SqliteConnection,
    sql: &'static str,
    record: &RoomRecord,
) -> Result<bool, Failure> {
    let query = sqlx::query(sql)
        .bind(record.room.as_str())
        .bind(record.hub.as_str())
        .bind(stored_number(record.folded_seq)?)
        .bind(record.stopped.as_deref())
        .bind(&record.snapshot[..])
        .bind(names(record.servers.iter().map(ServerName::as_str)));
    Ok(query.execute(connection).await?.rows_affected() > 0)
}

async fn enter_devices(
    connection: &mut SqliteConnection,
    room: &RoomUri,
    devices: &[DeviceUri],
    anchor: u64,
) -> Result<(), Failure> {
    let devices = names(devices.iter().map(DeviceUri::as_str));
    mark(connection, CLOSE_DEVICES, room, &devices, anchor).await?;
    mark(connection, ENTER_DEVICES, room, &devices, anchor).await
}

/// Names as an array that `json_each` takes apart.
fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let array = names.into_iter().collect::<serde_json::Value>();
    array.to_string()
}

async fn mark(
    connection: &mut SqliteConnection,
    sql: &'static str,
    room: &RoomUri,
    names: &str,
    seq: u64,
) -> Result<(), Failure> {
    let query = sqlx::query(sql).bind(room.as_str()).bind(names);
    query.bind(stored_number(seq)?).execute(connection).await?;
    Ok(())
}

async fn put_tree(
    connection: &mut SqliteConnection,
    room: &RoomUri,
    seq: u64,
    fold: &Fold,
) -> Result<(), Failure> {
    let Some(tree) = &fold.tree else {
        return Ok(());
    };
    let query = sqlx::query(PUT_TREE).bind(room.as_str());
    let query = query.bind(stored_number(seq)?).bind(&tree[..]);
    let query = query.bind(fold.tree_payer.as_ref().map(ServerName::as_str));
    query.execute(connection).await?;
    Ok(())
}

const INSERT_ROOM: &str = "INSERT INTO room (room, hub, folded_seq, stopped, snapshot, servers) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room) DO NOTHING";

const ADVANCE_ROOM: &str = "INSERT INTO room (room, hub, folded_seq, stopped, snapshot, servers) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room) DO UPDATE SET hub = excluded.hub, \
     folded_seq = excluded.folded_seq, stopped = excluded.stopped, servers = excluded.servers, \
     snapshot = excluded.snapshot WHERE excluded.folded_seq > room.folded_seq";

const LEAVE_DEVICES: &str = "UPDATE membership SET until = ?3 WHERE room = ?1 \
     AND until IS NULL AND device IN (SELECT value FROM json_each(?2))";

const LEAVE_PEERS: &str = "UPDATE peer SET until = ?3 WHERE room = ?1 \
     AND until IS NULL AND server IN (SELECT value FROM json_each(?2))";

/// Runs do not overlap: an older one ends before the new one begins.
const CLOSE_DEVICES: &str = "UPDATE membership SET until = ?3 - 1 WHERE room = ?1 \
     AND anchor < ?3 AND (until IS NULL OR until = ?3) \
     AND device IN (SELECT value FROM json_each(?2))";

const ENTER_DEVICES: &str = "INSERT INTO membership (device, room, anchor, until, delivered, read) \
     SELECT value, ?1, ?3, NULL, max(?3 - 1, 0), 0 FROM json_each(?2)";

const CLOSE_PEERS: &str = "UPDATE peer SET until = ?3 - 1 WHERE room = ?1 \
     AND anchor < ?3 AND (until IS NULL OR until = ?3) \
     AND server IN (SELECT value FROM json_each(?2))";

const ENTER_PEERS: &str = "INSERT INTO peer (server, room, anchor, until, cursor) \
     SELECT value, ?1, ?3, NULL, max(?3 - 1, 0) FROM json_each(?2)";

const CARRY_OUT: &str = "DELETE FROM removal_order WHERE room = ?1 AND subject = ?2";

const PUT_TREE: &str = "INSERT INTO tree (room, seq, bytes, payer) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (room, seq) DO UPDATE SET bytes = excluded.bytes, payer = excluded.payer";

/// Older trees that nobody still has to take: neither a device nor a peer whose anchor it is.
const DROP_TREES: &str = "DELETE FROM tree WHERE room = ?1 AND seq < ?2 \
     AND NOT EXISTS (SELECT 1 FROM membership WHERE membership.room = tree.room \
     AND membership.anchor = tree.seq AND membership.delivered < membership.anchor) \
     AND NOT EXISTS (SELECT 1 FROM peer WHERE peer.room = tree.room \
     AND peer.anchor = tree.seq AND peer.cursor < peer.anchor) \
     RETURNING payer, length(bytes) AS length";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    INSERT_ROOM,
    ADVANCE_ROOM,
    LEAVE_DEVICES,
    LEAVE_PEERS,
    CLOSE_DEVICES,
    ENTER_DEVICES,
    CLOSE_PEERS,
    ENTER_PEERS,
    CARRY_OUT,
    PUT_TREE,
    DROP_TREES,
];
