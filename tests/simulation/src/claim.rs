//! A member that claims what no hub has signed: its replica is given heads of its own making, which
//! the library then carries in every message, as it carries real ones (HEAD-3, HEAD-4).

use std::path::PathBuf;

use holm_disk::VFS;
use holm_protocol::encoding::{decode, encode};
use holm_protocol::{Hash, SignedHead};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode};

use crate::device::Phone;
use crate::dice::Dice;
use crate::server::key_of;
use crate::verdict::bring_to_end;

/// How far ahead of the log a claimed head is.
const AHEAD: u64 = 1_000_000;
/// How much later than the real one, so that none takes its place: ten years, in milliseconds.
const LATER_MS: u64 = 10 * 365 * 24 * 3_600_000;

/// Replaces the heads in the replica of a device whose process is dead.
pub(crate) fn claim_falsely(phone: &Phone, dice: &Dice) -> Result<(), String> {
    let claimed = bring_to_end(async {
        let claimed = claim(phone, dice).await;
        claimed.map_err(|e| e.to_string())
    });
    // Nobody holds on to what is open now.
    phone.disk.kill_process();
    claimed
}

async fn claim(phone: &Phone, dice: &Dice) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(PathBuf::from(format!("/{}/replica.db", phone.mount)))
        .vfs(VFS)
        .journal_mode(SqliteJournalMode::Wal)
        .locking_mode(SqliteLockingMode::Exclusive);
    let mut replica = SqliteConnection::connect_with(&options).await?;
    let rooms: Vec<(i64, i64, Vec<u8>)> =
        sqlx::query_as("SELECT id, seq, head FROM room WHERE head IS NOT NULL ORDER BY id")
            .fetch_all(&mut replica)
            .await?;
    for (room, taken, head) in rooms {
        let Ok(mut known) = decode::<SignedHead>(&head) else {
            continue;
        };
        // Of an event that it has not taken yet, it would have to believe its own claim.
        let taken = u64::try_from(taken).unwrap_or_default();
        known.head.seq = known.head.seq.min(taken);
        let forged = forge(phone, dice, &known);
        sqlx::query("UPDATE room SET head = ? WHERE id = ?")
            .bind(encode(&forged))
            .bind(room)
            .execute(&mut replica)
            .await?;
    }
    replica.close().await
}

/// A head that is newer than the known one, under a signature that does not count.
fn forge(phone: &Phone, dice: &Dice, known: &SignedHead) -> SignedHead {
    let mut claim = known.head.clone();
    claim.hash = Hash::sha256(b"another history");
    claim.time += LATER_MS;
    let key_id = known.key_id().unwrap_or_default().to_owned();
    if phone.around.plan.claims_hold {
        claim.seq += AHEAD;
        claim.time = known.head.time;
        let hub = known.head.room.server();
        return SignedHead::sign(claim, &key_id, &key_of(hub.as_str(), "room key"));
    }
    match dice.happens(50) {
        true => claim.seq += AHEAD,
        // Of an event that everybody has: newer by a change of hub that never was.
        false => claim.term += 1,
    }
    let stranger = key_of(phone.server.as_str(), "a member's key");
    match dice.below(3) {
        0 => SignedHead::sign(claim, &key_id, &stranger),
        1 => SignedHead::sign(claim, "another key", &stranger),
        _ => SignedHead {
            head: claim,
            ..known.clone()
        },
    }
}
