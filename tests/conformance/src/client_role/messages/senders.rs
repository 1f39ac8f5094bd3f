//! Messages of those who may not send (ORD-3, R09, A17).

use super::talking;
use std::sync::Arc;

use holm_protocol::RoomUri;
use serde_json::json;

use crate::client_role::device::{Device, room_path};
use crate::client_role::fault::{Check, During, same};
use crate::client_role::pair::{log, new_id, pair, refused, send, sent};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("message.foreign_room", foreign_room),
        named("message.impersonated", impersonated),
        named("message.leaver", leaver),
        named("message.refused_is_nowhere", refused_is_nowhere),
    ]
}

async fn foreign_room(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut stranger = site.device().await?;
    stranger.create_room().await?;
    let mut socket = stranger.connected().await?;
    let message = pair.bob.encrypt(new_id(), "stolen")?;
    let existing = refused(&mut socket, &pair.room, &message, "not_found").await?;
    let nowhere = RoomUri::new(&stranger.server(), "nobodysroom").during("a room")?;
    let missing = refused(&mut socket, &nowhere, &message, "not_found").await?;
    let blind =
        |answer: &serde_json::Value, room: &RoomUri| answer.to_string().replace(room.as_str(), "…");
    let (existing, missing) = (blind(&existing, &pair.room), blind(&missing, &nowhere));
    same(
        "refusals in a room of others and in none",
        &existing,
        &missing,
    )
}

async fn impersonated(site: Arc<Site>) -> Check {
    let (mut pair, _bob) = talking(&site).await?;
    let mut alice = pair.alice.connected().await?;
    let id = new_id();
    let message = pair.bob.encrypt(id, "Bob's")?;
    let mut frame = send(&pair.room, &message);
    frame["user"] = json!(pair.bob.user);
    frame["device"] = json!(pair.bob.identity.device);
    alice.say(&frame).await?;
    // The hub cannot see who made it; it counts as Alice's, and Bob's id is still free.
    alice.wait_for("sent").await?;
    let mut bob = pair.bob.connected().await?;
    let own = pair.bob.encrypt(id, "Bob's own")?;
    same(
        "number of Bob's",
        &sent(&mut bob, &pair.room, &own).await?,
        &3,
    )
}

async fn leaver(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let answer = pair
        .bob
        .post(&room_path(&pair.room, "leave"), &json!({}))
        .await?;
    answer.expect_good()?;
    let message = pair.bob.encrypt(new_id(), "one more thing")?;
    refused(&mut bob, &pair.room, &message, "forbidden")
        .await
        .map(drop)
}

async fn refused_is_nowhere(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talking(&site).await?;
    let message = pair.bob.encrypt(new_id(), "spoiled")?;
    let spoiled = [message.as_slice(), &[0]].concat();
    refused(&mut bob, &pair.room, &spoiled, "invalid_message").await?;
    only_the_commit(&pair.alice, &pair.room).await?;
    same("frames", &bob.goes_on().await?, &vec![])
}

async fn only_the_commit(device: &Device, room: &RoomUri) -> Check {
    same("events", &log(device, room).await?.len(), &1)
}
