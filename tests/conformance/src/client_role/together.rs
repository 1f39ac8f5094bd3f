//! Two servers as their devices see them: a room of both, each device at its own server.

use std::sync::Arc;

use holm_protocol::document::{SignedDocument, Trust};
use serde_json::json;

use super::device::change::Change;
use super::device::{base64, event, room_path, unbase64};
use super::fault::{Check, During, ensure, same};
use super::pair::{Pair, commit_of, log, new_id, newest, refused, sent};
use super::plan::{Plan, named};
use super::site::Site;
use super::wire::Request;
use crate::chance::{now_ms, random};

pub(crate) fn plans() -> Vec<Plan> {
    vec![
        named("together.claim", claim),
        named("together.joins", joins),
        named("together.both_ways", both_ways),
        named("together.same_log", same_log),
        named("together.repeat", repeat),
        named("together.epochs", epochs),
        named("together.commit_by_follower", commit_by_follower),
        named("together.lost_race", lost_race),
        named("together.leave", leave),
        named("together.removed", removed),
        named("together.document", document),
        named("together.foreign_token", foreign_token),
        named("together.spoiled_bundle", spoiled_bundle),
        named("together.pipelined", pipelined),
    ]
}

/// Alice at the server under test, hub of the room; Bob at the other one, in it.
async fn apart(site: &Site) -> Check<Pair> {
    let (mut alice, mut bob) = (site.device().await?, site.other()?.member().await?);
    let mut socket = bob.connected().await?;
    let room = alice.create_room().await?;
    let package = alice.claim_one(&bob.user, &room).await?;
    let bundle = alice.move_on(&room, &Change::add(vec![package])).await?;
    // The follower has it once its device is told.
    socket.wait_for("welcome").await?;
    let path = format!("{}?seq=1", room_path(&room, "tree"));
    let tree = bob.get(&path).await?.good().during("the tree")?;
    bob.join(
        &bundle.welcome.unwrap_or_default(),
        &unbase64(&tree["tree"])?,
    )?;
    Ok(Pair { alice, bob, room })
}

async fn claim(site: Arc<Site>) -> Check {
    let (alice, bob) = (site.device().await?, site.other()?.member().await?);
    let (room, id) = (alice.new_room()?, random::<16>());
    let first = alice.claim_as(&bob.user, &room, &id).await?.good()?;
    let device = &first["key_packages"][0]["device"];
    same("device", device, &json!(bob.identity.device))?;
    let again = alice.claim_as(&bob.user, &room, &id).await?.good()?;
    same("the same claim again", &again, &first)?;
    let count = bob.get("/client/v1/keyPackages").await?.good()?;
    same("packages left", &count["count"], &json!(2))
}

async fn joins(site: Arc<Site>) -> Check {
    let (mut alice, bob) = (site.device().await?, site.other()?.member().await?);
    let mut socket = bob.connected().await?;
    let room = alice.create_room().await?;
    let package = alice.claim_one(&bob.user, &room).await?;
    let bundle = alice.move_on(&room, &Change::add(vec![package])).await?;
    let welcome = socket.wait_for("welcome").await?;
    let made = bundle.welcome.unwrap_or_default();
    same("the Welcome", &welcome["welcome"], &json!(base64(&made)))?;
    same("its room", &welcome["room"], &json!(room))
}

async fn both_ways(site: Arc<Site>) -> Check {
    let mut pair = apart(&site).await?;
    let mut alice = pair.alice.connected().await?;
    let mut bob = pair.bob.connected().await?;
    let message = pair.bob.encrypt(new_id(), "over there")?;
    same(
        "number of Bob's",
        &sent(&mut bob, &pair.room, &message).await?,
        &2,
    )?;
    let got = event(&alice.wait_for("event").await?["event"])?;
    let opened = pair.alice.receive(got.body.as_slice())?;
    same(
        "Bob's text",
        &opened.as_deref(),
        &Some("over there".as_bytes()),
    )?;
    let message = pair.alice.encrypt(new_id(), "over here")?;
    same(
        "number of Alice's",
        &sent(&mut alice, &pair.room, &message).await?,
        &3,
    )?;
    loop {
        let got = event(&bob.wait_for("event").await?["event"])?;
        if got.header.seq == 3 {
            let opened = pair.bob.receive(got.body.as_slice())?;
            return same(
                "Alice's text",
                &opened.as_deref(),
                &Some("over here".as_bytes()),
            );
        }
    }
}

async fn same_log(site: Arc<Site>) -> Check {
    let mut pair = apart(&site).await?;
    let mut bob = pair.bob.connected().await?;
    let mut alice = pair.alice.connected().await?;
    for n in 0..4 {
        let theirs = pair.bob.encrypt(new_id(), &format!("Bob's {n}"))?;
        sent(&mut bob, &pair.room, &theirs).await?;
        let ours = pair.alice.encrypt(new_id(), &format!("Alice's {n}"))?;
        sent(&mut alice, &pair.room, &ours).await?;
    }
    // The last event has reached the follower when its device gets it.
    while event(&bob.wait_for("event").await?["event"])?.header.seq < 9 {}
    let (hub, follower) = (
        log(&pair.alice, &pair.room).await?,
        log(&pair.bob, &pair.room).await?,
    );
    same("the two logs", &follower, &hub)
}

async fn repeat(site: Arc<Site>) -> Check {
    let mut pair = apart(&site).await?;
    let mut bob = pair.bob.connected().await?;
    let id = new_id();
    let (one, other) = (pair.bob.encrypt(id, "one")?, pair.bob.encrypt(id, "other")?);
    let first = sent(&mut bob, &pair.room, &one).await?;
    let mut bob = pair.bob.connected().await?;
    same(
        "the second answer",
        &sent(&mut bob, &pair.room, &other).await?,
        &first,
    )?;
    same("events", &log(&pair.alice, &pair.room).await?.len(), &2)
}

async fn epochs(site: Arc<Site>) -> Check {
    let mut pair = apart(&site).await?;
    let mut bob = pair.bob.connected().await?;
    let old = pair.bob.encrypt(new_id(), "old")?;
    for _ in 0..3 {
        pair.alice.move_on(&pair.room, &Change::update()).await?;
    }
    let answer = refused(&mut bob, &pair.room, &old, "epoch_too_old").await?;
    same(
        "epoch",
        &answer["problem"]["epoch"],
        &json!(pair.alice.epoch()),
    )
}

async fn commit_by_follower(site: Arc<Site>) -> Check {
    let mut pair = apart(&site).await?;
    let carol = site.other()?.member().await?;
    let package = pair.bob.claim_one(&carol.user, &pair.room).await?;
    pair.bob
        .move_on(&pair.room, &Change::add(vec![package]))
        .await?;
    pair.alice
        .receive(&commit_of(&newest(&pair.alice, &pair.room).await?)?)?;
    same("epoch", &pair.alice.epoch(), &pair.bob.epoch())
}

async fn lost_race(site: Arc<Site>) -> Check {
    let mut pair = apart(&site).await?;
    let theirs = pair.bob.commit(&Change::update())?;
    pair.alice.move_on(&pair.room, &Change::update()).await?;
    let answer = pair.bob.submit(&pair.room, &theirs).await?;
    let problem = answer.refused(409, "wrong_epoch")?;
    same("epoch", &problem["epoch"], &json!(pair.alice.epoch()))
}

async fn leave(site: Arc<Site>) -> Check {
    let mut pair = apart(&site).await?;
    let mut alice = pair.alice.connected().await?;
    let answer = pair
        .bob
        .post(&room_path(&pair.room, "leave"), &json!({}))
        .await?;
    let order = answer.good()?["order"].clone();
    let told = alice.wait_for("order").await?;
    same("the order", &told["order"], &order)?;
    let bytes = unbase64(&order)?;
    let mut change = Change::remove(vec![pair.alice.leaf_of(&pair.bob)?]);
    change.orders = vec![holm_protocol::encoding::decode(&bytes).during("the order")?];
    pair.alice.move_on(&pair.room, &change).await.map(drop)
}

async fn removed(site: Arc<Site>) -> Check {
    let mut pair = apart(&site).await?;
    let mut bob = pair.bob.connected().await?;
    let late = pair.bob.encrypt(new_id(), "too late")?;
    let leaf = pair.alice.leaf_of(&pair.bob)?;
    pair.alice
        .move_on(&pair.room, &Change::remove(vec![leaf]))
        .await?;
    let last = bob.wait_for("event").await?;
    same("the last event", &event(&last["event"])?.header.seq, &2)?;
    refused(&mut bob, &pair.room, &late, "not_found").await?;
    same("events", &log(&pair.bob, &pair.room).await?.len(), &2)
}

async fn document(site: Arc<Site>) -> Check {
    let (here, other) = (site.device().await?, site.other()?.device().await?);
    let name = here.server();
    let path = format!("/client/v1/servers/{name}");
    let trust = Trust {
        pin: Some(here.root().await?),
        known: None,
    };
    for device in [here, other] {
        let document = device.get(&path).await?.good()?;
        let document: SignedDocument = serde_json::from_value(document).during("the document")?;
        let verified = document.verify(&name, &trust, now_ms());
        verified.during("the document")?;
    }
    Ok(())
}

async fn foreign_token(site: Arc<Site>) -> Check {
    let other = site.other()?.device().await?;
    let request = Request::get("/client/v1/rooms").bearer(&other.session.token);
    site.send(&request)
        .await?
        .refused(401, "unauthenticated")
        .map(drop)
}

async fn spoiled_bundle(site: Arc<Site>) -> Check {
    let mut pair = apart(&site).await?;
    let good = pair.bob.commit(&Change::update())?;
    let mut bundle = good.clone();
    let last = bundle.group_info.len() - 1;
    bundle.group_info[last] ^= 1;
    let answer = pair.bob.submit(&pair.room, &bundle).await?;
    let problem = answer.problem()?;
    ensure(answer.status < 500, || problem.to_string())?;
    same("events", &log(&pair.alice, &pair.room).await?.len(), &1)?;
    pair.bob.submit(&pair.room, &good).await?.expect_good()
}

async fn pipelined(site: Arc<Site>) -> Check {
    let mut pair = apart(&site).await?;
    let mut bob = pair.bob.connected().await?;
    for n in 0..50 {
        let message = pair.bob.encrypt(new_id(), &format!("{n}"))?;
        bob.say(&super::pair::send(&pair.room, &message)).await?;
    }
    for seq in 2..52 {
        let answer = bob.wait_for("sent").await?;
        same("number", &answer["seq"], &json!(seq))?;
    }
    Ok(())
}
