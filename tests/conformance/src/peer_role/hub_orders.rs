//! Leaves and the orders that come of them (ORD-1 to ORD-6, FED-3).

use std::sync::Arc;

use holm_protocol::SignedOrder;
use holm_protocol::order::Subject;

use super::hosted::{Hosted, peer_device};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::refused;
use crate::client_role::device::change::Change;
use crate::client_role::device::unbase64;
use crate::client_role::fault::{Check, During, ensure, same};

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    vec![
        plan(
            "hub.commit.orders_open",
            "a commit that leaves an order undone is refused",
            "ORD-3 M11",
            orders_open,
        ),
        plan(
            "hub.commit.order_carried_out",
            "a commit that carries the order out is taken",
            "ORD-3 ORD-4",
            order_carried_out,
        ),
        plan(
            "hub.commit.by_who_leaves",
            "who is being removed commits nothing more",
            "ORD-3 S15",
            by_who_leaves,
        ),
        plan(
            "hub.leave.correct",
            "a leave becomes an order, signed by the hub",
            "FED-3 ORD-1 ORD-2",
            leave,
        ),
        plan(
            "hub.leave.foreign_user",
            "nobody leaves for the target's user",
            "FED-11 S13",
            leave_foreign,
        ),
        plan(
            "hub.leave.outside",
            "a user without a leaf does not leave",
            "FED-3 FED-13",
            leave_outside,
        ),
    ]
}

/// Two users of the peer, of whom the second asked to leave; the order.
async fn with_leaver(stage: &Arc<Stage>) -> Check<(Hosted, u32, SignedOrder)> {
    let mut hosted = Hosted::set_up(stage).await?;
    let carol = peer_device(&hosted.peer, "carol", "c1")?;
    let room = hosted.room.clone();
    let bundle = hosted
        .owner
        .move_on(&room, &Change::add(vec![carol.key_package()?]))
        .await?;
    hosted.mallory.receive(&bundle.commit)?;
    let answer = hosted.leave(carol.user.as_str()).await?.good()?;
    let order = holm_protocol::encoding::decode(&unbase64(&answer["order"])?).during("an order")?;
    let leaf = hosted.mallory.leaf_of(&carol)?;
    Ok((hosted, leaf, order))
}

async fn orders_open(stage: Arc<Stage>) -> Check {
    let (mut hosted, _, _) = with_leaver(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    refused(&hosted.update(&bundle).await?, 409, "orders_open")?;
    same("events", &hosted.len().await?, &2)
}

async fn order_carried_out(stage: Arc<Stage>) -> Check {
    let (mut hosted, leaf, order) = with_leaver(&stage).await?;
    let mut change = Change::remove(vec![leaf]);
    change.orders = vec![order];
    let bundle = hosted.mallory.commit(&change)?;
    hosted.update(&bundle).await?.expect_good()?;
    hosted.mallory.merge()?;
    // The same order removes nobody again.
    let bundle = hosted.mallory.commit(&Change {
        orders: change.orders,
        ..Change::update()
    })?;
    refused(&hosted.update(&bundle).await?, 422, "commit_forbidden")?;
    hosted.goes_on().await
}

async fn by_who_leaves(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    hosted
        .leave(hosted.mallory.user.as_str())
        .await?
        .expect_good()?;
    refused(&hosted.update(&bundle).await?, 403, "forbidden")?;
    same("events", &hosted.len().await?, &1)
}

async fn leave(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let answer = hosted.leave(hosted.mallory.user.as_str()).await?.good()?;
    let order: SignedOrder =
        holm_protocol::encoding::decode(&unbase64(&answer["order"])?).during("an order")?;
    same(
        "subject",
        &order.order.subject,
        &Subject::User(hosted.mallory.user.clone()),
    )?;
    same("room", &order.order.room, &hosted.room)?;
    let document = stage.target_document().await?;
    let signed = order
        .key_id()
        .and_then(|id| document.room_key(id, order.order.time));
    let verified = signed.is_some_and(|key| order.verify(&key).is_some());
    ensure(verified, || {
        "the order is not signed by a listed room key".to_owned()
    })
}

async fn leave_foreign(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    refused(
        &hosted.leave(hosted.owner.user.as_str()).await?,
        403,
        "not_your_user",
    )
    .map(drop)
}

async fn leave_outside(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let answer = hosted.leave(&hosted.peer.user("nobody")).await?;
    refused(&answer, 404, "not_found").map(drop)
}
