//! Messages that come again (LOG-9, R11).

use super::talking;
use std::sync::Arc;

use serde_json::json;

use crate::client_role::device::change::Change;
use crate::client_role::fault::{Check, same};
use crate::client_role::pair::{answered, log, new_id, newest, refused, send, sent};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("message.repeat", repeat),
        named("message.repeat_other_bytes", repeat_other_bytes),
        named("message.repeat_after_commit", repeat_after_commit),
        named("message.repeat_on_new_connection", repeat_reconnected),
        named("message.refusals_are_forgotten", refusals_forgotten),
        named("message.id_of_another", id_of_another),
        named("message.pipelined_repeat", pipelined_repeat),
    ]
}

async fn repeat(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let message = pair.bob.encrypt(new_id(), "once")?;
    let first = answered(&mut bob, &pair.room, &message).await?;
    let again = answered(&mut bob, &pair.room, &message).await?;
    same("the second answer", &again, &first)?;
    same("events", &log(&pair.alice, &pair.room).await?.len(), &2)
}

async fn repeat_other_bytes(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let id = new_id();
    let (one, other) = (pair.bob.encrypt(id, "one")?, pair.bob.encrypt(id, "other")?);
    let first = answered(&mut bob, &pair.room, &one).await?;
    same(
        "the second answer",
        &answered(&mut bob, &pair.room, &other).await?,
        &first,
    )?;
    let newest = newest(&pair.alice, &pair.room).await?;
    same(
        "what stands in the log",
        &newest.body.as_slice(),
        &one.as_slice(),
    )
}

async fn repeat_after_commit(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let message = pair.bob.encrypt(new_id(), "early")?;
    let first = answered(&mut bob, &pair.room, &message).await?;
    for _ in 0..4 {
        pair.alice.move_on(&pair.room, &Change::update()).await?;
    }
    same(
        "the answer afterwards",
        &answered(&mut bob, &pair.room, &message).await?,
        &first,
    )
}

async fn repeat_reconnected(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let message = pair.bob.encrypt(new_id(), "once")?;
    let first = answered(&mut bob, &pair.room, &message).await?;
    let mut bob = pair.bob.connected().await?;
    same(
        "the answer afterwards",
        &answered(&mut bob, &pair.room, &message).await?,
        &first,
    )
}

async fn refusals_forgotten(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let id = new_id();
    let bad = pair.bob.encrypt(id, "bad")?;
    let spoiled = [bad.as_slice(), &[0]].concat();
    refused(&mut bob, &pair.room, &spoiled, "invalid_message").await?;
    let good = pair.bob.encrypt(id, "good")?;
    sent(&mut bob, &pair.room, &good).await.map(drop)
}

async fn id_of_another(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let mut alice = pair.alice.connected().await?;
    let id = new_id();
    let theirs = pair.bob.encrypt(id, "Bob's")?;
    let ours = pair.alice.encrypt(id, "Alice's")?;
    same("Bob's", &sent(&mut bob, &pair.room, &theirs).await?, &2)?;
    same("Alice's", &sent(&mut alice, &pair.room, &ours).await?, &3)
}

async fn pipelined_repeat(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let message = pair.bob.encrypt(new_id(), "once")?;
    for _ in 0..10 {
        bob.say(&send(&pair.room, &message)).await?;
    }
    for _ in 0..10 {
        same("number", &bob.wait_for("sent").await?["seq"], &json!(2))?;
    }
    same("events", &log(&pair.alice, &pair.room).await?.len(), &2)
}
