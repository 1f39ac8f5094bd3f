//! What is folded from the logs: rooms, memberships, what peers are owed, orders, trees.
//!
//! Each method is one transaction. A fold is idempotent: its first statement moves the room on,
//! and where that finds the room already there nothing else happens.

mod fold;
mod heads;
pub(super) mod marks;
mod members;
mod orders;
mod peers;

use bytes::Bytes;
use futures::FutureExt;
use holm_core::ports::{Fold, Membership, PeerCursor, RoomRecord, RoomStanding, RoomStore};
use holm_core::ports::{StoreError, Stored, StoredFork, StoredOrder};
use holm_protocol::{DeviceUri, RoomUri, ServerName};
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::failure::Failure;
use super::row::{Cells, stored_number};
use super::writer::{Job, Unanswered, ask};
use marks::Mark;

impl RoomStore for Sqlite {
    fn create_room<'a>(
        &'a self,
        record: &'a RoomRecord,
        creator: &'a DeviceUri,
    ) -> Stored<'a, bool> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let created = fold::create(transaction.connection(), record, creator).await?;
            transaction.commit().await?;
            Ok(created)
        })
    }

    fn room<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Option<RoomRecord>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(ROOM).bind(room.as_str());
            let row = query.fetch_optional(reading.connection()).await?;
            row.map(|row| record(&row, room)).transpose()
        })
    }

    fn standing<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Option<RoomStanding>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(STANDING).bind(room.as_str());
            let row = query.fetch_optional(reading.connection()).await?;
            row.map(|row| standing(&row, room)).transpose()
        })
    }

    fn all_rooms(&self) -> Stored<'_, Vec<(RoomUri, ServerName, u64)>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let rows = sqlx::query(ALL_ROOMS).fetch_all(reading.connection());
            let rows = rows.await?;
            rows.iter().map(summary).collect()
        })
    }

    fn fold(&self, fold: Fold) -> Stored<'_, ()> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let change = fold::fold(transaction.connection(), &fold).await?;
            transaction.commit().await?;
            self.shared.stored_changed(&change);
            Ok(())
        })
    }

    fn rooms_of_hub<'a>(&'a self, hub: &'a ServerName) -> Stored<'a, u64> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(ROOMS_OF_HUB).bind(hub.as_str());
            let row = query.fetch_one(reading.connection()).await?;
            Cells::new(&row, "room", hub).number("count")
        })
    }

    fn set_stopped<'a>(&'a self, room: &'a RoomUri, why: Option<&'a str>) -> Stored<'a, ()> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let query = sqlx::query(SET_STOPPED).bind(room.as_str()).bind(why);
            query.execute(transaction.connection()).await?;
            transaction.commit().await
        })
    }

    fn memberships<'a>(&'a self, device: &'a DeviceUri) -> Stored<'a, Vec<Membership>> {
        self.shared.stored(members::of_device(&self.shared, device))
    }

    fn membership<'a>(
        &'a self,
        device: &'a DeviceUri,
        room: &'a RoomUri,
    ) -> Stored<'a, Option<Membership>> {
        self.shared
            .stored(members::newest(&self.shared, device, room))
    }

    fn memberships_in<'a>(
        &'a self,
        device: &'a DeviceUri,
        room: &'a RoomUri,
    ) -> Stored<'a, Vec<Membership>> {
        self.shared
            .stored(members::all_in(&self.shared, device, room))
    }

    fn local_devices<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Vec<DeviceUri>> {
        self.shared.stored(members::of_room(&self.shared, room))
    }

    fn acknowledge<'a>(
        &'a self,
        device: &'a DeviceUri,
        marks: &'a [(RoomUri, u64, u64)],
    ) -> Stored<'a, ()> {
        let mark = |(room, delivered, read): &(RoomUri, u64, u64)| {
            Mark::Device(device.clone(), room.clone(), *delivered, *read)
        };
        self.raise(marks.iter().map(mark).collect()).boxed()
    }

    fn peers<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Vec<PeerCursor>> {
        self.shared.stored(peers::of_room(&self.shared, room))
    }

    fn rooms_of_peer<'a>(&'a self, server: &'a ServerName) -> Stored<'a, Vec<PeerCursor>> {
        self.shared.stored(peers::of_server(&self.shared, server))
    }

    fn advance_peer<'a>(
        &'a self,
        server: &'a ServerName,
        cursors: &'a [(RoomUri, u64)],
    ) -> Stored<'a, ()> {
        let mark =
            |(room, cursor): &(RoomUri, u64)| Mark::Peer(server.clone(), room.clone(), *cursor);
        self.raise(cursors.iter().map(mark).collect()).boxed()
    }

    fn peer_servers(&self) -> Stored<'_, Vec<ServerName>> {
        self.shared.stored(peers::servers(&self.shared))
    }

    fn forget_peer<'a>(&'a self, server: &'a ServerName) -> Stored<'a, ()> {
        self.shared.stored(peers::forget(&self.shared, server))
    }

    fn add_order<'a>(
        &'a self,
        room: &'a RoomUri,
        order: &'a StoredOrder,
    ) -> Stored<'a, StoredOrder> {
        self.shared.stored(orders::add(&self.shared, room, order))
    }

    fn open_orders<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Vec<StoredOrder>> {
        self.shared.stored(orders::open(&self.shared, room))
    }

    fn signed_head<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Option<Bytes>> {
        self.shared.stored(heads::head(&self.shared, room))
    }

    fn put_signed_head<'a>(&'a self, room: &'a RoomUri, head: &'a Bytes) -> Stored<'a, ()> {
        self.shared
            .stored(heads::put_head(&self.shared, room, head))
    }

    fn keep_fork<'a>(&'a self, fork: &'a StoredFork) -> Stored<'a, bool> {
        self.shared.stored(heads::keep_fork(&self.shared, fork))
    }

    fn forks(&self) -> Stored<'_, Vec<StoredFork>> {
        self.shared.stored(heads::forks(&self.shared))
    }

    fn tree<'a>(&'a self, room: &'a RoomUri, seq: u64) -> Stored<'a, Option<Bytes>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(TREE).bind(room.as_str());
            let query = query.bind(stored_number(seq)?);
            let row = query.fetch_optional(reading.connection()).await?;
            row.map(|row| Cells::new(&row, "tree", room).bytes("bytes"))
                .transpose()
        })
    }
}

impl Sqlite {
    /// Hands watermarks to the writer and waits until they are stored.
    async fn raise(&self, marks: Vec<Mark>) -> Result<(), StoreError> {
        if let Some(why) = self.shared.failure() {
            return Err(StoreError(why));
        }
        match ask(&self.queue, |answer| Job::Raise(marks, answer)).await {
            Ok(outcome) => outcome,
            Err(Unanswered::Refused(why) | Unanswered::Unknown(why)) => Err(StoreError(why)),
        }
    }
}

fn record(row: &SqliteRow, room: &RoomUri) -> Result<RoomRecord, Failure> {
    let cells = Cells::new(row, "room", room);
    Ok(RoomRecord {
        room: room.clone(),
        hub: cells.parsed("hub")?,
        folded_seq: cells.number("folded_seq")?,
        snapshot: cells.bytes("snapshot")?,
        stopped: cells.get("stopped")?,
        servers: cells.json("servers")?,
    })
}

fn standing(row: &SqliteRow, room: &RoomUri) -> Result<RoomStanding, Failure> {
    let cells = Cells::new(row, "room", room);
    Ok(RoomStanding {
        hub: cells.parsed("hub")?,
        stopped: cells.get("stopped")?,
        servers: cells.json("servers")?,
    })
}

fn summary(row: &SqliteRow) -> Result<(RoomUri, ServerName, u64), Failure> {
    let room: RoomUri = Cells::new(row, "room", &"a row").parsed("room")?;
    let cells = Cells::new(row, "room", &room);
    let (hub, folded_seq) = (cells.parsed("hub")?, cells.number("folded_seq")?);
    Ok((room, hub, folded_seq))
}

const ROOM: &str = "SELECT hub, folded_seq, stopped, servers, snapshot FROM room WHERE room = ?1";

const STANDING: &str = "SELECT hub, stopped, servers FROM room WHERE room = ?1";

const ALL_ROOMS: &str = "SELECT room, hub, folded_seq FROM room ORDER BY room";

const ROOMS_OF_HUB: &str = "SELECT count(*) AS count FROM room WHERE hub = ?1";

const SET_STOPPED: &str = "UPDATE room SET stopped = ?2 WHERE room = ?1";

const TREE: &str = "SELECT bytes FROM tree WHERE room = ?1 AND seq = ?2";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) fn statements() -> impl Iterator<Item = &'static str> {
    let own: &[&str] = &[ROOM, STANDING, ALL_ROOMS, ROOMS_OF_HUB, SET_STOPPED, TREE];
    [
        own,
        fold::STATEMENTS,
        heads::STATEMENTS,
        marks::STATEMENTS,
        members::STATEMENTS,
        orders::STATEMENTS,
        peers::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
