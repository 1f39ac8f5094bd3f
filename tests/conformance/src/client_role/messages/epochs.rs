//! Messages of other epochs, and what was sent behind them (LOG-12, LOG-13, LOG-15, SYNC-4).

use super::talking;
use std::sync::Arc;

use serde_json::json;

use crate::client_role::device::change::Change;
use crate::client_role::fault::{Check, ensure, same};
use crate::client_role::pair::{Pair, commit_of, new_id, newest, refused, send, sent, third};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;
use crate::client_role::wire::Socket;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("message.two_epochs_behind", |s| behind(s, 2, None)),
        named("message.three_epochs_behind", |s| {
            behind(s, 3, Some("epoch_too_old"))
        }),
        named("message.future_epoch", future_epoch),
        named("message.after_removal", after_removal),
        named("message.previous_refused", previous_refused),
        named("message.sent_again", sent_again),
    ]
}

async fn behind(site: Arc<Site>, epochs: u64, code: Option<&'static str>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let message = pair.bob.encrypt(new_id(), "late")?;
    for _ in 0..epochs {
        pair.alice.move_on(&pair.room, &Change::update()).await?;
    }
    let Some(code) = code else {
        return sent(&mut bob, &pair.room, &message).await.map(drop);
    };
    let answer = refused(&mut bob, &pair.room, &message, code).await?;
    same(
        "epoch in the problem",
        &answer["problem"]["epoch"],
        &json!(pair.alice.epoch()),
    )
}

async fn future_epoch(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let before = pair.bob.epoch();
    // A commit that only Bob ever sees.
    pair.bob.commit(&Change::update())?;
    pair.bob.merge()?;
    let message = pair.bob.encrypt(new_id(), "early")?;
    let answer = refused(&mut bob, &pair.room, &message, "wrong_epoch").await?;
    same(
        "epoch in the problem",
        &answer["problem"]["epoch"],
        &json!(before),
    )
}

async fn after_removal(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let carol = third(&site, &mut pair).await?;
    let message = pair.bob.encrypt(new_id(), "Carol could read this")?;
    let leaf = pair.alice.leaf_of(&carol)?;
    pair.alice
        .move_on(&pair.room, &Change::remove(vec![leaf]))
        .await?;
    refused(&mut bob, &pair.room, &message, "epoch_too_old")
        .await
        .map(drop)
}

/// Bob writes three messages of an epoch that is over, at once.
async fn three_too_old(pair: &mut Pair, bob: &mut Socket) -> Check {
    let old: Vec<_> = ["one", "two", "three"]
        .iter()
        .map(|text| pair.bob.encrypt(new_id(), text))
        .collect::<Check<_>>()?;
    for _ in 0..3 {
        pair.alice.move_on(&pair.room, &Change::update()).await?;
        let commit = commit_of(&newest(&pair.alice, &pair.room).await?)?;
        pair.bob.receive(&commit)?;
    }
    let fresh = pair.bob.encrypt(new_id(), "four")?;
    for message in old.iter().chain([&fresh]) {
        bob.say(&send(&pair.room, message)).await?;
    }
    for n in 0..4 {
        let problem = bob.wait_for("problem").await?;
        let code = problem["problem"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let fine = code == "previous_refused" || (n < 3 && code == "epoch_too_old");
        ensure(fine, || format!("message {n} got {problem}"))?;
    }
    Ok(())
}

async fn previous_refused(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    three_too_old(&mut pair, &mut bob).await?;
    let newest = newest(&pair.alice, &pair.room).await?;
    same("kind of the newest event", &newest.header.kind.0, &2)
}

async fn sent_again(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    three_too_old(&mut pair, &mut bob).await?;
    // The pong of a WebSocket ping showed that the refusals were read.
    bob.goes_on().await?;
    let message = pair.bob.encrypt(new_id(), "again")?;
    sent(&mut bob, &pair.room, &message).await.map(drop)
}
