//! Leaving a room: an order, and the commit that carries it out (RM-5, ORD-1 to ORD-6).

use std::sync::Arc;

use holm_protocol::{RoomUri, SignedOrder};
use serde_json::json;

use crate::chance::now_ms;
use crate::client_role::device::change::Change;
use crate::client_role::device::{Device, room_path, unbase64};
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::pair::{Pair, pair, third};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("leave.order", order),
        named("leave.stranger", stranger_leaves),
        named("leave.orders_open", orders_open),
        named("leave.carried_out", carried_out),
        named("leave.own_commit", leaver_commits),
        named("leave.used_again", used_again),
        named("leave.forged", forged_order),
        named("leave.of_another_room", order_of_another_room),
    ]
}

async fn leave(device: &Device, room: &RoomUri) -> Check<SignedOrder> {
    let answer = device.post(&room_path(room, "leave"), &json!({})).await?;
    let bytes = unbase64(&answer.good().during("leaving")?["order"])?;
    holm_protocol::encoding::decode(&bytes).during("an order (ORD-1)")
}

async fn order(site: Arc<Site>) -> Check {
    let pair = pair(&site).await?;
    let first = leave(&pair.bob, &pair.room).await?;
    same("room", &first.order.room, &pair.room)?;
    same("generation", &first.order.generation, &0)?;
    same("reason", &first.order.reason.0, &1)?;
    ensure(first.order.subject.means(&pair.bob.identity.device), || {
        "the order means somebody else".to_owned()
    })?;
    same(
        "the order again",
        &leave(&pair.bob, &pair.room).await?,
        &first,
    )
}

async fn stranger_leaves(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let stranger = site.device().await?;
    let path = room_path(&pair.room, "leave");
    stranger
        .post(&path, &json!({}))
        .await?
        .refused(404, "not_found")?;
    let leaf = pair.alice.leaf_of(&pair.bob)?;
    pair.alice
        .move_on(&pair.room, &Change::remove(vec![leaf]))
        .await?;
    pair.bob
        .post(&path, &json!({}))
        .await?
        .refused(404, "not_found")
        .map(drop)
}

async fn orders_open(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    leave(&pair.bob, &pair.room).await?;
    let bundle = pair.alice.commit(&Change::update())?;
    let answer = pair.alice.submit(&pair.room, &bundle).await?;
    answer.refused(409, "orders_open").map(drop)
}

/// The commit of Alice's that carries an order against Bob out.
fn carrying_out(pair: &Pair, order: &SignedOrder) -> Check<Change> {
    let mut change = Change::remove(vec![pair.alice.leaf_of(&pair.bob)?]);
    change.orders = vec![order.clone()];
    Ok(change)
}

async fn carried_out(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let order = leave(&pair.bob, &pair.room).await?;
    let change = carrying_out(&pair, &order)?;
    pair.alice.move_on(&pair.room, &change).await?;
    let rooms = pair.bob.get("/client/v1/rooms").await?.good()?;
    same("until", &rooms["rooms"][0]["until"], &json!(2))?;
    pair.alice
        .move_on(&pair.room, &Change::update())
        .await
        .map(drop)
}

async fn leaver_commits(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    leave(&pair.bob, &pair.room).await?;
    let bundle = pair.bob.commit(&Change::update())?;
    pair.bob
        .submit(&pair.room, &bundle)
        .await?
        .refused(403, "forbidden")
        .map(drop)
}

/// A member, who may remove nobody, tries it with an order.
async fn removes_by(pair: &mut Pair, site: &Site, order: SignedOrder, code: &str) -> Check {
    let carol = third(site, pair).await?;
    let leaf = pair.bob.leaf_of(&carol)?;
    let mut change = Change::remove(vec![leaf]);
    change.orders = vec![order];
    let bundle = pair.bob.commit(&change)?;
    pair.bob
        .submit(&pair.room, &bundle)
        .await?
        .refused(422, code)
        .map(drop)
}

async fn used_again(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let order = leave(&pair.bob, &pair.room).await?;
    let change = carrying_out(&pair, &order)?;
    pair.alice.move_on(&pair.room, &change).await?;
    pair.bob.upload(2).await?;
    crate::client_role::pair::add(&mut pair.alice, &mut pair.bob, &pair.room).await?;
    let bundle = pair.alice.commit(&carrying_out(&pair, &order)?)?;
    pair.alice
        .submit(&pair.room, &bundle)
        .await?
        .refused(422, "commit_forbidden")
        .map(drop)
}

async fn forged_order(site: Arc<Site>) -> Check {
    use holm_protocol::order::{Order, Reason, Subject};
    let mut pair = pair(&site).await?;
    let order = Order {
        room: pair.room.clone(),
        generation: 0,
        subject: Subject::User(pair.alice.user.clone()),
        reason: Reason::LEAVE,
        time: now_ms(),
    };
    let forged = SignedOrder::sign(order, "m1", &pair.bob.mls_key);
    let mut change = Change::remove(vec![pair.bob.leaf_of(&pair.alice)?]);
    change.orders = vec![forged];
    let bundle = pair.bob.commit(&change)?;
    pair.bob
        .submit(&pair.room, &bundle)
        .await?
        .refused(422, "commit_forbidden")
        .map(drop)
}

async fn order_of_another_room(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    // A true order against a user, of another room.
    let other = self::pair(&site).await?;
    let order = leave(&other.bob, &other.room).await?;
    removes_by(&mut pair, &site, order, "commit_forbidden").await
}
