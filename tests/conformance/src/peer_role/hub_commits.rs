//! A follower brings commits and leaves to the server under test as their hub (FED-3, ROOM-8,
//! chapter 05): what is spoiled on the way, and what a member may not do.

use std::sync::Arc;

use holm_protocol::SignedOrder;
use holm_protocol::bundle::Bundle;
use holm_protocol::order::{Order, Reason, Subject};
use holm_protocol::room_extension::{Role, RoleEntry};
use serde_json::json;

use super::hosted::{Hosted, peer_device};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::refused;
use crate::chance::now_ms;
use crate::client_role::device::change::Change;
use crate::client_role::device::{certify, new_key};
use crate::client_role::fault::{Check, During, same};

/// All of them.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn plans() -> Vec<Plan> {
    vec![
        plan(
            "hub.commit.correct",
            "a member's commit gets its place in the log",
            "FED-3 LOG-10",
            correct,
        ),
        plan(
            "hub.commit.repeated",
            "a commit brought again gets its first answer",
            "FED-3 LOG-9 S04",
            repeated,
        ),
        plan(
            "hub.commit.second",
            "of two commits of an epoch the second is refused with the epoch",
            "ROOM-14 LOG-10 M08",
            second,
        ),
        plan(
            "hub.commit.future_epoch",
            "a commit of an epoch to come is refused with the epoch",
            "FED-3 M07",
            future_epoch,
        ),
        plan(
            "hub.commit.old_epoch",
            "a commit of an epoch gone by is refused with the epoch",
            "FED-3 M07",
            old_epoch,
        ),
        plan(
            "hub.commit.other_group",
            "a commit of another group is refused",
            "ROOM-1 FED-3 M07 S06",
            other_group,
        ),
        plan(
            "hub.commit.other_user",
            "a commit brought as another user's is refused",
            "FED-3 FED-11 S13",
            other_user,
        ),
        plan(
            "hub.commit.foreign_user",
            "a commit brought as the target's user's is refused",
            "FED-11 S13 S23",
            foreign_user,
        ),
        plan(
            "hub.commit.without_participant",
            "a commit to a room without participant is refused like one to no room",
            "FED-13 R08 S21",
            without_participant,
        ),
        plan(
            "hub.commit.removes_owner",
            "a member does not remove the owner",
            "ADM-8 M11 M29 R19",
            removes_owner,
        ),
        plan(
            "hub.commit.makes_itself_owner",
            "a member does not make itself owner",
            "ADM-11 M11 R19",
            makes_itself_owner,
        ),
        plan(
            "hub.commit.moves_hub",
            "a member does not move the hub",
            "ADM-11 S28",
            moves_hub,
        ),
        plan(
            "hub.commit.changes_root",
            "a member does not change the hub's root",
            "ADM-11 S28",
            changes_root,
        ),
        plan(
            "hub.commit.unclaimed",
            "a device of the target enters by a claimed package alone",
            "FED-12 KP-3 M27",
            unclaimed,
        ),
        plan(
            "hub.commit.ghost",
            "a second device of a user under another identity key is not admitted",
            "ADM-5 M21",
            ghost,
        ),
        plan(
            "hub.commit.uncertified",
            "a device that its user did not certify is not admitted",
            "ADM-3 ROOM-3 M21",
            uncertified,
        ),
        plan(
            "hub.commit.same_device",
            "a device that is in already is not admitted again",
            "ADM-4 M11",
            same_device,
        ),
        plan(
            "hub.commit.order_not_open",
            "an order that is not open is not carried out",
            "ORD-6 ORD-4",
            order_not_open,
        ),
        plan(
            "hub.commit.removed",
            "a removed user's commit is refused like one to no room",
            "FED-13 M22 S15",
            removed,
        ),
    ]
}

async fn correct(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    let answer = hosted.update(&bundle).await?.good()?;
    same("type", &answer["type"], &json!("commit"))?;
    same("seq", &answer["seq"], &json!(2))?;
    hosted.mallory.merge()?;
    hosted.goes_on().await
}

async fn repeated(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    let first = hosted.update(&bundle).await?.good()?;
    same("again", &hosted.update(&bundle).await?.good()?, &first)?;
    same("events", &hosted.len().await?, &2)
}

async fn wrong_epoch(hosted: &Hosted, bundle: &Bundle, epoch: u64) -> Check {
    let problem = refused(&hosted.update(bundle).await?, 409, "wrong_epoch")?;
    same("epoch", &problem["epoch"], &json!(epoch))
}

async fn second(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let loser = hosted.mallory.commit(&Change::update())?;
    let room = hosted.room.clone();
    hosted.owner.move_on(&room, &Change::update()).await?;
    wrong_epoch(&hosted, &loser, 2).await
}

async fn future_epoch(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    for _ in 0..2 {
        hosted.mallory.commit(&Change::update())?;
        hosted.mallory.merge()?;
    }
    let early = hosted.mallory.commit(&Change::update())?;
    wrong_epoch(&hosted, &early, 1).await
}

async fn old_epoch(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let (old, room) = (
        hosted.mallory.commit(&Change::update())?,
        hosted.room.clone(),
    );
    for _ in 0..3 {
        hosted.owner.move_on(&room, &Change::update()).await?;
    }
    wrong_epoch(&hosted, &old, 4).await
}

async fn other_group(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let mut other = Hosted::set_up(&stage).await?;
    let bundle = other.mallory.commit(&Change::update())?;
    refused(&hosted.update(&bundle).await?, 422, "invalid_commit")?;
    same("events", &hosted.len().await?, &1)
}

async fn other_user(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let other = hosted.peer.user("carol").parse().during("a user")?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    refused(
        &hosted.update_as(&other, &bundle).await?,
        403,
        "not_your_user",
    )?;
    same("events", &hosted.len().await?, &1)
}

async fn foreign_user(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.owner.commit(&Change::update())?;
    let owner = hosted.owner.user.clone();
    refused(
        &hosted.update_as(&owner, &bundle).await?,
        403,
        "not_your_user",
    )?;
    same("events", &hosted.len().await?, &1)
}

async fn without_participant(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    let mut owner = stage.resident().await?;
    let (real, none) = (owner.create_room().await?, owner.new_room()?);
    let mut texts = Vec::new();
    for room in [real, none] {
        hosted.room = room.clone();
        let answer = hosted.update(&bundle).await?;
        refused(&answer, 404, "not_found")?;
        texts.push(answer.text().replace(room.as_str(), "the room"));
    }
    same("the answers", &texts[0], &texts[1])
}

/// A commit of the member that the rules do not admit.
async fn forbidden(stage: &Arc<Stage>, change: impl FnOnce(&Hosted) -> Check<Change>) -> Check {
    let mut hosted = Hosted::set_up(stage).await?;
    let change = change(&hosted)?;
    let bundle = hosted.mallory.commit(&change)?;
    refused(&hosted.update(&bundle).await?, 422, "commit_forbidden")?;
    same("events", &hosted.len().await?, &1)?;
    hosted.goes_on().await
}

async fn removes_owner(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        Ok(Change::remove(vec![hosted.mallory.leaf_of(&hosted.owner)?]))
    })
    .await
}

async fn makes_itself_owner(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let mut extension = hosted.mallory.extension()?;
        let user = hosted.mallory.user.clone();
        extension.roles.push(RoleEntry {
            user,
            role: Role::Owner,
        });
        Ok(Change::extend(extension))
    })
    .await
}

async fn moves_hub(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let mut extension = hosted.mallory.extension()?;
        extension.hub.domain = hosted.peer.name.as_str().as_bytes().to_vec().into();
        extension.hub.term += 1;
        extension.hub.root = hosted.peer.root.public();
        Ok(Change::extend(extension))
    })
    .await
}

async fn changes_root(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let mut extension = hosted.mallory.extension()?;
        extension.hub.root = hosted.peer.root.public();
        Ok(Change::extend(extension))
    })
    .await
}

async fn unclaimed(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let other = stage.site.member().await?;
    let bundle = hosted
        .mallory
        .commit(&Change::add(vec![other.key_package()?]))?;
    refused(&hosted.update(&bundle).await?, 422, "unclaimed_key_package")?;
    same("events", &hosted.len().await?, &1)
}

async fn ghost(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let ghost = peer_device(&hosted.peer, "mallory", "m2")?;
        Ok(Change::add(vec![ghost.key_package()?]))
    })
    .await
}

async fn uncertified(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let mut carol = peer_device(&hosted.peer, "carol", "c1")?;
        let forged = certify(&carol.identity.device, &carol.mls_key.public(), &new_key());
        carol.identity.certificate = forged.certificate;
        Ok(Change::add(vec![carol.key_package()?]))
    })
    .await
}

async fn same_device(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let mut twin = peer_device(&hosted.peer, "carol", "c1")?;
    let room = hosted.room.clone();
    let bundle = hosted
        .owner
        .move_on(&room, &Change::add(vec![twin.key_package()?]))
        .await?;
    hosted.mallory.receive(&bundle.commit)?;
    twin.mls_key = new_key();
    let (device, key) = (twin.identity.device.clone(), twin.mls_key.public());
    twin.identity = certify(&device, &key, &twin.identity_key);
    let bundle = hosted
        .mallory
        .commit(&Change::add(vec![twin.key_package()?]))?;
    refused(&hosted.update(&bundle).await?, 422, "commit_forbidden")?;
    same("events", &hosted.len().await?, &2)
}

async fn order_not_open(stage: Arc<Stage>) -> Check {
    forbidden(&stage, |hosted| {
        let order = Order {
            room: hosted.room.clone(),
            generation: 0,
            subject: Subject::User(hosted.owner.user.clone()),
            reason: Reason::LEAVE,
            time: now_ms(),
        };
        let forged = SignedOrder::sign(order, "m1", &hosted.peer.room_key);
        let mut change = Change::remove(vec![hosted.mallory.leaf_of(&hosted.owner)?]);
        change.orders = vec![forged];
        Ok(change)
    })
    .await
}

async fn removed(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let (bundle, room) = (
        hosted.mallory.commit(&Change::update())?,
        hosted.room.clone(),
    );
    let leaf = hosted.owner.leaf_of(&hosted.mallory)?;
    hosted
        .owner
        .move_on(&room, &Change::remove(vec![leaf]))
        .await?;
    refused(&hosted.update(&bundle).await?, 404, "not_found").map(drop)
}
