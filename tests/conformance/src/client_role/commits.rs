//! Commits as a client submits them: whole, for the right epoch, and within what the sender may do
//! (spec 05 §2 and §5, M07 to M15).

mod bundles;
mod epochs;
mod external;
mod rules;

use serde_json::Value;

use super::device::change::Change;
use super::device::{Device, bundle_json, room_path};
use super::fault::{Check, During, same};
use super::pair::{Pair, log};
use super::plan::Plan;
use holm_protocol::bundle::Bundle;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let groups = [
        epochs::plans(),
        bundles::plans(),
        rules::plans(),
        external::plans(),
    ];
    groups.into_iter().flatten().collect()
}

/// A commit of Alice's is refused with this code, nothing is in the log, and a good one is taken.
async fn alice_is_refused(pair: &mut Pair, bundle: &Bundle, code: &str) -> Check {
    is_refused(&pair.alice, pair, &bundle_json(bundle), code).await?;
    goes_on(pair).await
}

/// A commit of Bob's is refused with this code, nothing is in the log, and a good one is taken.
async fn bob_is_refused(pair: &mut Pair, bundle: &Bundle, code: &str) -> Check {
    is_refused(&pair.bob, pair, &bundle_json(bundle), code).await?;
    goes_on(pair).await
}

async fn is_refused(sender: &Device, pair: &Pair, body: &Value, code: &str) -> Check {
    let before = log(&pair.alice, &pair.room).await?.len();
    let answer = sender.post(&room_path(&pair.room, "commits"), body).await?;
    let problem = answer.problem()?;
    same(
        &format!("code of {problem}"),
        &problem["code"],
        &Value::from(code),
    )?;
    same(
        "events",
        &log(&pair.alice, &pair.room).await?.len(),
        &before,
    )
}

/// The room is what it was: a good commit is taken.
async fn goes_on(pair: &mut Pair) -> Check {
    let moved = pair.alice.move_on(&pair.room, &Change::update()).await;
    moved.during("a good commit after a refused one").map(drop)
}
