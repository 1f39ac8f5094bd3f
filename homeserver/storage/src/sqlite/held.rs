//! Messages held for hubs that are away (SYNC-16, LIM-24, LIM-25).
//!
//! Each call is one transaction of its own: what is held is durable before it is answered, and a
//! batch that arrived leaves at once.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use holm_core::ports::{HeldMessage, HeldStore, Hold, Settled, Stored};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::limits::{HELD_DEVICE_LEN_MAX, HELD_DEVICE_MAX, HELD_HUB_LEN_MAX, HELD_HUB_MAX};
use holm_protocol::{DeviceUri, RoomUri, ServerName};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::failure::Failure;
use super::row::{Cells, stored_number};

/// Messages and bytes that are held, of a device or for a hub.
#[derive(Clone, Copy)]
struct Load {
    count: usize,
    bytes: usize,
}

impl HeldStore for Sqlite {
    fn hold(&self, hold: Hold) -> Stored<'_, Vec<bool>> {
        self.shared.stored(self.hold_all(hold))
    }

    fn first<'a>(
        &'a self,
        room: &'a RoomUri,
        limit: usize,
        bytes_max: usize,
    ) -> Stored<'a, Vec<HeldMessage>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
            let query = sqlx::query(FIRST).bind(room.as_str()).bind(limit);
            let mut rows = query.fetch(reading.connection());
            let (mut messages, mut bytes) = (Vec::new(), 0_usize);
            while let Some(row) = rows.try_next().await? {
                let message = message(&row, room)?;
                bytes = bytes.saturating_add(message.message.len());
                if bytes > bytes_max && !messages.is_empty() {
                    break;
                }
                messages.push(message);
            }
            Ok(messages)
        })
    }

    fn settle<'a>(
        &'a self,
        room: &'a RoomUri,
        settled: &'a Settled,
    ) -> Stored<'a, Vec<(DeviceUri, ClientMsgId)>> {
        self.shared.stored(self.settle_all(room, settled))
    }

    fn held_rooms(&self) -> Stored<'_, Vec<(RoomUri, ServerName)>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let rows = sqlx::query(ROOMS).fetch_all(reading.connection()).await?;
            rows.iter().map(room_and_hub).collect()
        })
    }
}

impl Sqlite {
    async fn hold_all(&self, hold: Hold) -> Result<Vec<bool>, Failure> {
        let mut transaction = self.shared.transaction().await?;
        let connection = transaction.connection();
        let mut of_device = load(connection, LOAD_OF_DEVICE, hold.device.as_str()).await?;
        let mut of_hub = load(connection, LOAD_OF_HUB, hold.hub.as_str()).await?;
        let mut held = Vec::with_capacity(hold.messages.len());
        let mut full = false;
        for (id, bytes) in &hold.messages {
            if is_held(connection, &hold, id).await? {
                held.push(true);
                continue;
            }
            of_device.add(bytes.len());
            of_hub.add(bytes.len());
            full |= !of_device.is_within(HELD_DEVICE_MAX, HELD_DEVICE_LEN_MAX)
                || !of_hub.is_within(HELD_HUB_MAX, HELD_HUB_LEN_MAX);
            if !full {
                insert(connection, &hold, id, bytes).await?;
            }
            held.push(!full);
        }
        transaction.commit().await?;
        Ok(held)
    }

    async fn settle_all(
        &self,
        room: &RoomUri,
        settled: &Settled,
    ) -> Result<Vec<(DeviceUri, ClientMsgId)>, Failure> {
        let mut transaction = self.shared.transaction().await?;
        let connection = transaction.connection();
        for number in &settled.done {
            let query = sqlx::query(DELETE).bind(stored_number(*number)?);
            query.execute(&mut *connection).await?;
        }
        let mut taken = BTreeSet::new();
        for (device, number) in &settled.cut {
            let query = sqlx::query(CUT).bind(room.as_str()).bind(device.as_str());
            let query = query.bind(stored_number(*number)?);
            let rows = query.fetch_all(&mut *connection).await?;
            for row in rows {
                let cells = Cells::new(&row, "held_message", room);
                let id = ClientMsgId(cells.array("client_msg_id")?);
                taken.insert((cells.number::<u64>("id")?, device.clone(), id));
            }
        }
        transaction.commit().await?;
        Ok(taken
            .into_iter()
            .map(|(_, device, id)| (device, id))
            .collect())
    }
}

impl Load {
    fn add(&mut self, len: usize) {
        self.count = self.count.saturating_add(1);
        self.bytes = self.bytes.saturating_add(len);
    }

    fn is_within(self, count_max: usize, bytes_max: usize) -> bool {
        self.count <= count_max && self.bytes <= bytes_max
    }
}

async fn load(
    connection: &mut SqliteConnection,
    sql: &'static str,
    whose: &str,
) -> Result<Load, Failure> {
    let row = sqlx::query(sql).bind(whose).fetch_one(connection).await?;
    let cells = Cells::new(&row, "held_message", &whose);
    Ok(Load {
        count: cells.number("count")?,
        bytes: cells.number("bytes")?,
    })
}

async fn is_held(
    connection: &mut SqliteConnection,
    hold: &Hold,
    id: &ClientMsgId,
) -> Result<bool, Failure> {
    let user = hold.device.user();
    let query = sqlx::query(IS_HELD)
        .bind(hold.room.as_str())
        .bind(user.as_str())
        .bind(&id.0[..]);
    Ok(query.fetch_optional(connection).await?.is_some())
}

async fn insert(
    connection: &mut SqliteConnection,
    hold: &Hold,
    id: &ClientMsgId,
    bytes: &[u8],
) -> Result<(), Failure> {
    let user = hold.device.user();
    let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let query = sqlx::query(INSERT)
        .bind(hold.room.as_str())
        .bind(hold.hub.as_str())
        .bind(user.as_str())
        .bind(hold.device.as_str())
        .bind(&id.0[..])
        .bind(stored_number(hold.time)?)
        .bind(stored_number(len)?)
        .bind(bytes);
    query.execute(connection).await?;
    Ok(())
}

fn message(row: &SqliteRow, room: &RoomUri) -> Result<HeldMessage, Failure> {
    let cells = Cells::new(row, "held_message", room);
    Ok(HeldMessage {
        number: cells.number("id")?,
        device: cells.parsed("device")?,
        client_msg_id: ClientMsgId(cells.array("client_msg_id")?),
        message: cells.bytes("message")?,
    })
}

fn room_and_hub(row: &SqliteRow) -> Result<(RoomUri, ServerName), Failure> {
    let cells = Cells::new(row, "held_message", &"a row");
    Ok((cells.parsed("room")?, cells.parsed("hub")?))
}

const LOAD_OF_DEVICE: &str = "SELECT count(*) AS count, coalesce(sum(len), 0) AS bytes \
     FROM held_message WHERE device = ?1";

const LOAD_OF_HUB: &str = "SELECT count(*) AS count, coalesce(sum(len), 0) AS bytes \
     FROM held_message WHERE hub = ?1";

const IS_HELD: &str =
    "SELECT 1 FROM held_message WHERE room = ?1 AND user = ?2 AND client_msg_id = ?3";

const INSERT: &str = "INSERT INTO held_message \
     (room, hub, user, device, client_msg_id, time, len, message) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const FIRST: &str = "SELECT id, device, client_msg_id, message FROM held_message \
     WHERE room = ?1 ORDER BY id LIMIT ?2";

const DELETE: &str = "DELETE FROM held_message WHERE id = ?1";

const CUT: &str = "DELETE FROM held_message WHERE room = ?1 AND device = ?2 AND id >= ?3 \
     RETURNING id, client_msg_id";

const ROOMS: &str = "SELECT DISTINCT room, hub FROM held_message ORDER BY room";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    LOAD_OF_DEVICE,
    LOAD_OF_HUB,
    IS_HELD,
    INSERT,
    FIRST,
    DELETE,
    CUT,
    ROOMS,
];
