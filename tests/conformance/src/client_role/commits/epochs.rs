//! Which commit wins, and what a repeated one is answered (LOG-9, LOG-10, ROOM-14, M07, M08).

use std::sync::Arc;

use serde_json::json;

use super::{alice_is_refused, bob_is_refused, goes_on};
use crate::client_role::device::Device;
use crate::client_role::device::change::Change;
use crate::client_role::fault::{Check, During, same};
use crate::client_role::pair::{commit_of, log, new_id, newest, pair};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("commit.taken", taken),
        named("commit.repeat", repeat),
        named("commit.repeat_late", repeat_late),
        named("commit.id_of_a_commit", same_id),
        named("commit.raced", raced),
        named("commit.past_epoch", |s| past(s, 1)),
        named("commit.long_past_epoch", |s| past(s, 3)),
        named("commit.future_epoch", future),
        named("commit.other_room", other_room),
        named("commit.of_another_user", of_another),
        named("commit.stranger", stranger),
        named("commit.removed", removed),
    ]
}

async fn taken(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut change = Change::update();
    let id = new_id();
    change.id = Some(id);
    let bundle = pair.alice.commit(&change)?;
    let answer = pair.alice.submit(&pair.room, &bundle).await?.good()?;
    same("client_msg_id", &answer["client_msg_id"], &json!(id))?;
    let event = newest(&pair.bob, &pair.room).await?;
    same("seq", &answer["seq"], &json!(event.header.seq))?;
    same("seq of the event", &event.header.seq, &2)?;
    same("time", &answer["time"], &json!(event.header.time))?;
    same("kind", &event.header.kind.0, &2)?;
    same("the commit in the log", &commit_of(&event)?, &bundle.commit)?;
    let body: holm_protocol::bundle::CommitBody =
        holm_protocol::encoding::decode(event.body.as_slice()).during("the body")?;
    same(
        "the GroupInfo in the log",
        &body.group_info.as_slice(),
        &bundle.group_info.as_slice(),
    )?;
    pair.bob.receive(&bundle.commit).map(drop)
}

async fn repeat(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let bundle = pair.alice.commit(&Change::update())?;
    let first = pair.alice.submit(&pair.room, &bundle).await?.good()?;
    for _ in 0..3 {
        let again = pair.alice.submit(&pair.room, &bundle).await?.good()?;
        same("the answer", &again, &first)?;
    }
    same("events", &log(&pair.alice, &pair.room).await?.len(), &2)
}

async fn repeat_late(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let bundle = pair.alice.commit(&Change::update())?;
    let first = pair.alice.submit(&pair.room, &bundle).await?.good()?;
    pair.alice.merge()?;
    for _ in 0..2 {
        pair.alice.move_on(&pair.room, &Change::update()).await?;
    }
    let again = pair.alice.submit(&pair.room, &bundle).await?.good()?;
    same("the answer", &again, &first)
}

async fn same_id(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut change = Change::update();
    change.id = Some(new_id());
    let bundle = pair.alice.commit(&change)?;
    let first = pair.alice.submit(&pair.room, &bundle).await?.good()?;
    pair.alice.merge()?;
    let other = pair.alice.commit(&change)?;
    let again = pair.alice.submit(&pair.room, &other).await?.good()?;
    same("the answer", &again, &first)?;
    same("events", &log(&pair.alice, &pair.room).await?.len(), &2)?;
    goes_on(&mut pair).await
}

async fn raced(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let ours = pair.alice.commit(&Change::update())?;
    let theirs = pair.bob.commit(&Change::update())?;
    let both = futures::future::join(
        pair.alice.submit(&pair.room, &ours),
        pair.bob.submit(&pair.room, &theirs),
    );
    let (one, other) = both.await;
    let (one, other) = (one?, other?);
    let (won, lost) = if one.status == 200 {
        (one, other)
    } else {
        (other, one)
    };
    won.expect_good()?;
    let problem = lost.refused(409, "wrong_epoch")?;
    same("epoch in the problem", &problem["epoch"], &json!(2))?;
    same("events", &log(&pair.alice, &pair.room).await?.len(), &2)
}

async fn past(site: Arc<Site>, epochs: u64) -> Check {
    let mut pair = pair(&site).await?;
    let late = pair.bob.commit(&Change::update())?;
    for _ in 0..epochs {
        pair.alice.move_on(&pair.room, &Change::update()).await?;
    }
    let answer = pair.bob.submit(&pair.room, &late).await?;
    let problem = answer.refused(409, "wrong_epoch")?;
    same(
        "epoch in the problem",
        &problem["epoch"],
        &json!(pair.alice.epoch()),
    )
}

async fn future(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    for _ in 0..3 {
        pair.bob.commit(&Change::update())?;
        pair.bob.merge()?;
    }
    let early = pair.bob.commit(&Change::update())?;
    bob_is_refused(&mut pair, &early, "wrong_epoch").await
}

async fn other_room(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut elsewhere: Device = site.device().await?;
    elsewhere.create_room().await?;
    let bundle = elsewhere.commit(&Change::update())?;
    alice_is_refused(&mut pair, &bundle, "invalid_commit").await
}

async fn of_another(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let bundle = pair.alice.commit(&Change::update())?;
    bob_is_refused(&mut pair, &bundle, "not_your_user").await
}

async fn stranger(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let stranger = site.device().await?;
    let bundle = pair.alice.commit(&Change::update())?;
    stranger
        .submit(&pair.room, &bundle)
        .await?
        .refused(404, "not_found")
        .map(drop)
}

async fn removed(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let late = pair.bob.commit(&Change::update())?;
    let leaf = pair.alice.leaf_of(&pair.bob)?;
    pair.alice
        .move_on(&pair.room, &Change::remove(vec![leaf]))
        .await?;
    pair.bob
        .submit(&pair.room, &late)
        .await?
        .refused(404, "not_found")
        .map(drop)
}
