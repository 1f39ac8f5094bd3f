//! Heads that servers compare, and GroupInfo (FED-6, FED-8, FED-13).

use std::sync::Arc;

use serde_json::{Value, json};

use super::hosted::Hosted;
use super::hub_reads::{brought, check_head};
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
            "hub.heads.common",
            "heads of common rooms are answered, signed",
            "FED-6 HEAD-2",
            heads_common,
        ),
        plan(
            "hub.heads.others",
            "rooms that are not common are passed over without a word",
            "FED-6 FED-13 R08",
            heads_others,
        ),
        plan(
            "hub.heads.far_cursor",
            "a cursor that nobody can have is harmless",
            "FED-6 S17",
            far_cursor,
        ),
        plan(
            "hub.heads.limit",
            "256 rooms are compared at once, one more is not",
            "LIM-15 S19",
            heads_limit,
        ),
        plan(
            "hub.heads.foreign_head",
            "a head that is none in a comparison is harmless",
            "FED-6 HEAD-4 S18",
            foreign_head,
        ),
        plan(
            "hub.group_info.member",
            "a member's server gets GroupInfo, tree and hash",
            "FED-8 M16",
            group_info,
        ),
        plan(
            "hub.group_info.outside",
            "a user without a leaf gets none",
            "FED-8 M16",
            group_info_outside,
        ),
        plan(
            "hub.group_info.foreign_user",
            "nobody asks for another server's user",
            "FED-11 FED-8 S13",
            group_info_foreign,
        ),
        plan(
            "hub.group_info.removed",
            "a removed user gets none",
            "FED-8 M16 S15",
            group_info_removed,
        ),
    ]
}

async fn compare(hosted: &Hosted, rooms: Value) -> Check<Value> {
    let answer = hosted
        .peer
        .post("/federation/v1/heads", &json!({ "rooms": rooms }))
        .await?;
    answer.good()
}

async fn heads_common(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    hosted.goes_on().await?;
    let answer = compare(&hosted, json!([{ "room": hosted.room, "cursor": 2 }])).await?;
    let room = &answer["rooms"][0];
    same("room", &room["room"], &json!(hosted.room))?;
    same("cursor", &room["cursor"], &json!(2))?;
    let head = check_head(&stage, room).await?;
    ensure(head.seq <= 2 && head.room == hosted.room, || {
        "the head is of another place".to_owned()
    })?;
    ensure(
        answer["token"].is_string() && answer["more"].is_boolean(),
        || answer.to_string(),
    )
}

async fn heads_others(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let foreign = stage.resident().await?.create_room().await?;
    let rooms = json!([
        { "room": foreign, "cursor": 0 },
        { "room": hosted.room, "cursor": 1 },
        { "room": format!("mimi://{}/r/nowhere", stage.target.domain), "cursor": 0 },
        { "room": format!("mimi://{}/r/own", hosted.peer.name), "cursor": 5 },
    ]);
    let answer = compare(&hosted, rooms).await?;
    let named = answer["rooms"].as_array().cloned().unwrap_or_default();
    let named: Vec<_> = named.iter().map(|room| room["room"].clone()).collect();
    same("rooms", &named, &vec![json!(hosted.room)])
}

async fn far_cursor(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    compare(
        &hosted,
        json!([{ "room": hosted.room, "cursor": 9_007_199_254_740_991_u64 }]),
    )
    .await?;
    hosted.goes_on().await?;
    brought(&hosted, 2).await.map(drop)
}

async fn heads_limit(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let room =
        |n: usize| json!({ "room": format!("mimi://{}/r/r{n}", hosted.peer.name), "cursor": 0 });
    let mut rooms: Vec<_> = (0..257).map(room).collect();
    let answer = hosted
        .peer
        .post("/federation/v1/heads", &json!({ "rooms": rooms }))
        .await?;
    refused(&answer, 413, "too_large")?;
    rooms.pop();
    compare(&hosted, json!(rooms)).await.map(drop)
}

async fn foreign_head(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    for head in ["", "AAAA", "AQIDBAUGBwgJ"] {
        let rooms = json!([{ "room": hosted.room, "cursor": 1, "head": head }]);
        let answer = hosted
            .peer
            .post("/federation/v1/heads", &json!({ "rooms": rooms }))
            .await?;
        ensure(answer.status < 500, || {
            format!("{} {}", answer.status, answer.text())
        })?;
    }
    hosted.goes_on().await
}

async fn ask_group_info(hosted: &Hosted, user: &str) -> Check<crate::client_role::wire::Response> {
    hosted
        .peer
        .post(&hosted.path("groupInfo"), &json!({ "user": user }))
        .await
}

async fn group_info(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let answer = ask_group_info(&hosted, hosted.mallory.user.as_str())
        .await?
        .good()?;
    same("seq", &answer["seq"], &json!(1))?;
    for member in ["group_info", "tree", "interim"] {
        unbase64(&answer[member]).during(member)?;
    }
    Ok(())
}

async fn group_info_outside(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let answer = ask_group_info(&hosted, &hosted.peer.user("nobody")).await?;
    refused(&answer, 404, "not_found").map(drop)
}

async fn group_info_foreign(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let answer = ask_group_info(&hosted, hosted.owner.user.as_str()).await?;
    refused(&answer, 403, "not_your_user").map(drop)
}

async fn group_info_removed(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let room = hosted.room.clone();
    let leaf = hosted.owner.leaf_of(&hosted.mallory)?;
    hosted
        .owner
        .move_on(&room, &Change::remove(vec![leaf]))
        .await?;
    let answer = ask_group_info(&hosted, hosted.mallory.user.as_str()).await?;
    refused(&answer, 404, "not_found").map(drop)
}
