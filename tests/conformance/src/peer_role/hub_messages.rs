//! A follower brings messages to the server under test as their hub (FED-4, LOG-7 to LOG-15).

use std::sync::Arc;

use holm_protocol::UserUri;
use holm_protocol::aad::ClientMsgId;
use serde_json::json;

use super::hosted::{Hosted, outcomes, peer_device};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::refused;
use crate::chance::random;
use crate::client_role::device::base64;
use crate::client_role::device::change::Change;
use crate::client_role::fault::{Check, During, ensure, same};

/// All of them.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn plans() -> Vec<Plan> {
    vec![
        plan(
            "hub.message.correct",
            "a correct message gets its place in the log",
            "FED-4 LOG-2",
            correct,
        ),
        plan(
            "hub.message.repeated",
            "the same id gets its first answer, whatever the bytes are now",
            "LOG-9 S04 R11 F24",
            repeated,
        ),
        plan(
            "hub.message.replayed",
            "the same signed request has one effect and one answer",
            "LOG-9 SIG-9 S04",
            replayed,
        ),
        plan(
            "hub.message.foreign_user",
            "a message of the target's own user is refused as a whole",
            "FED-11 S13 S23",
            foreign_user,
        ),
        plan(
            "hub.message.third_user",
            "a message of a third server's user is refused as a whole",
            "FED-11 S13 S23",
            third_user,
        ),
        plan(
            "hub.message.user_outside",
            "a user without a leaf is refused, the others are not",
            "FED-4 R09 S19",
            user_outside,
        ),
        plan(
            "hub.message.none",
            "a request without messages is answered with no results",
            "FED-4 S19",
            none,
        ),
        plan(
            "hub.message.limit",
            "256 messages are taken at once, one more is not",
            "LIM-16 S19",
            limit,
        ),
        plan(
            "hub.message.one_bad",
            "one bad message among good ones is refused alone",
            "FED-4 S19 F25",
            one_bad,
        ),
        plan(
            "hub.message.future_epoch",
            "a message of an epoch to come is refused, and those behind it",
            "LOG-12 LOG-15 M17",
            future_epoch,
        ),
        plan(
            "hub.message.old_epoch",
            "a message three epochs old is refused",
            "LOG-12 M17",
            old_epoch,
        ),
        plan(
            "hub.message.window_closed",
            "a message from before a removal is refused",
            "LOG-13 M17 M22",
            window_closed,
        ),
        plan(
            "hub.message.other_group",
            "a message of another group is refused",
            "LOG-11 ROOM-1 M07 M17 S06",
            other_group,
        ),
        plan(
            "hub.message.commit_as_message",
            "a commit is no message",
            "LOG-11 M17",
            commit_as_message,
        ),
        plan(
            "hub.message.too_large",
            "a message of 65,537 bytes is refused alone",
            "LIM-5 S19 M17",
            too_large,
        ),
        plan(
            "hub.message.removed",
            "a removed user's messages are refused like those of a room unknown",
            "FED-13 S15 M22",
            removed,
        ),
        plan(
            "hub.message.leaving",
            "who is being removed sends nothing more",
            "ORD-3 S15",
            leaving,
        ),
        plan(
            "hub.message.other_room",
            "a message brought to another room is refused",
            "FED-13 LOG-11 S06",
            other_room,
        ),
    ]
}

async fn correct(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let id = ClientMsgId(random());
    let message = hosted.mallory.encrypt(id, "hello")?;
    let answer = hosted.submit(&[message]).await?.good()?;
    let result = &answer["results"][0];
    same("client_msg_id", &result["client_msg_id"], &json!(id))?;
    same("seq", &result["seq"], &json!(2))?;
    same("events", &hosted.len().await?, &2)
}

async fn repeated(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let id = ClientMsgId(random());
    let first = hosted.mallory.encrypt(id, "once")?;
    let again = hosted.mallory.encrypt(id, "once, encrypted anew")?;
    let before = hosted.submit(&[first]).await?.good()?;
    let after = hosted.submit(&[again]).await?.good()?;
    same("the answers", &after, &before)?;
    same("events", &hosted.len().await?, &2)
}

async fn replayed(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let message = hosted.message()?;
    let body =
        json!({ "messages": [{ "user": hosted.mallory.user, "message": base64(&message) }] });
    let body = body.to_string().into_bytes();
    let request = hosted
        .peer
        .draft("POST", &hosted.path("submitMessage"), body)
        .sealed();
    let first = stage.site.send(&request).await?.good()?;
    for _ in 0..3 {
        same(
            "a replay",
            &stage.site.send(&request).await?.good()?,
            &first,
        )?;
    }
    same("events", &hosted.len().await?, &2)
}

async fn foreign_user(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let (good, bad) = (hosted.message()?, hosted.message()?);
    let batch: [(&UserUri, &[u8]); 2] = [(&hosted.mallory.user, &good), (&hosted.owner.user, &bad)];
    refused(&hosted.submit_of(&batch).await?, 403, "not_your_user")?;
    same("events", &hosted.len().await?, &1)
}

async fn third_user(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let third = UserUri::parse("mimi://third.example/u/carol").during("a user")?;
    let message = hosted.message()?;
    refused(
        &hosted.submit_of(&[(&third, &message)]).await?,
        403,
        "not_your_user",
    )?;
    hosted.goes_on().await
}

async fn user_outside(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let outside = UserUri::parse(&hosted.peer.user("nobody")).during("a user")?;
    let (first, second) = (hosted.message()?, hosted.message()?);
    let batch: [(&UserUri, &[u8]); 2] = [(&outside, &first), (&hosted.mallory.user, &second)];
    let answer = hosted.submit_of(&batch).await?.good()?;
    let wanted = vec!["not_found".to_owned(), String::new()];
    same("outcomes", &outcomes(&answer)?, &wanted)
}

async fn none(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let answer = hosted.submit(&[]).await?.good()?;
    same("results", &answer["results"], &json!([]))
}

async fn limit(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let mut messages = Vec::new();
    for _ in 0..257 {
        messages.push(hosted.message()?);
    }
    refused(&hosted.submit(&messages).await?, 413, "too_large")?;
    messages.pop();
    let outcomes = hosted.outcomes(&messages).await?;
    ensure(outcomes.iter().all(String::is_empty), || {
        format!("{outcomes:?}")
    })?;
    same("results", &outcomes.len(), &256)
}

async fn one_bad(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let mut messages = Vec::new();
    for _ in 0..10 {
        messages.push(hosted.message()?);
    }
    messages[4] = b"\x00\x01\x00\x02".to_vec();
    let outcomes = hosted.outcomes(&messages).await?;
    let mut wanted = vec![String::new(); 10];
    "invalid_message".clone_into(&mut wanted[4]);
    same("outcomes", &outcomes, &wanted)
}

async fn future_epoch(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let good = hosted.message()?;
    hosted.mallory.commit(&Change::update())?;
    hosted.mallory.merge()?;
    let early = hosted.message()?;
    let outcomes = hosted.outcomes(&[early, good.clone()]).await?;
    let wanted = ["wrong_epoch".to_owned(), "previous_refused".to_owned()];
    same("outcomes", &outcomes, &wanted.to_vec())?;
    same(
        "the message alone",
        &hosted.outcome(&good).await?,
        &String::new(),
    )
}

async fn old_epoch(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let (third, room) = (hosted.message()?, hosted.room.clone());
    hosted.owner.move_on(&room, &Change::update()).await?;
    hosted.owner.move_on(&room, &Change::update()).await?;
    same("two behind", &hosted.outcome(&third).await?, &String::new())?;
    let old = hosted.message()?;
    hosted.owner.move_on(&room, &Change::update()).await?;
    let answer = hosted.submit(&[old]).await?.good()?;
    let problem = &answer["results"][0]["problem"];
    same("code", &problem["code"], &json!("epoch_too_old"))?;
    same("epoch", &problem["epoch"], &json!(hosted.owner.epoch()))
}

/// Adds another user of the peer; its leaf.
async fn add_carol(hosted: &mut Hosted) -> Check<u32> {
    let carol = peer_device(&hosted.peer, "carol", "c1")?;
    let (room, package) = (hosted.room.clone(), carol.key_package()?);
    let bundle = hosted
        .owner
        .move_on(&room, &Change::add(vec![package]))
        .await?;
    hosted.mallory.receive(&bundle.commit)?;
    hosted.owner.leaf_of(&carol)
}

async fn window_closed(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let carol = add_carol(&mut hosted).await?;
    let (before, room) = (hosted.message()?, hosted.room.clone());
    let bundle = hosted
        .owner
        .move_on(&room, &Change::remove(vec![carol]))
        .await?;
    same(
        "from before",
        &hosted.outcome(&before).await?,
        &"epoch_too_old".to_owned(),
    )?;
    hosted.mallory.receive(&bundle.commit)?;
    hosted.goes_on().await
}

async fn other_group(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let mut stranger = peer_device(&hosted.peer, "mallory", "m1")?;
    let extension = hosted.owner.extension()?;
    let room = hosted.room.clone();
    for group_id in [
        room.group_id(1),
        b"x".to_vec(),
        room.as_str().as_bytes().to_vec(),
    ] {
        stranger.begin_with(&room, &group_id, &extension)?;
        let message = stranger.encrypt(ClientMsgId(random()), "elsewhere")?;
        let outcome = hosted.outcome(&message).await?;
        same("outcome", &outcome, &"invalid_message".to_owned())?;
    }
    hosted.goes_on().await
}

async fn commit_as_message(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let bundle = hosted.mallory.commit(&Change::update())?;
    for bytes in [
        bundle.commit.clone(),
        bundle.group_info.clone(),
        hosted.mallory.key_package()?,
    ] {
        same(
            "outcome",
            &hosted.outcome(&bytes).await?,
            &"invalid_message".to_owned(),
        )?;
    }
    same("events", &hosted.len().await?, &1)
}

async fn too_large(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let (good, mut large) = (hosted.message()?, hosted.message()?);
    large.resize(65_537, 0);
    let outcomes = hosted.outcomes(&[large, good]).await?;
    same(
        "outcomes",
        &outcomes,
        &vec!["too_large".to_owned(), String::new()],
    )
}

async fn removed(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let (room, message) = (hosted.room.clone(), hosted.message()?);
    let leaf = hosted.owner.leaf_of(&hosted.mallory)?;
    hosted
        .owner
        .move_on(&room, &Change::remove(vec![leaf]))
        .await?;
    refused(&hosted.submit(&[message]).await?, 404, "not_found")?;
    same("events", &hosted.len().await?, &2)
}

async fn leaving(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let user = hosted.mallory.user.to_string();
    let first = hosted.leave(&user).await?.good()?;
    same(
        "the same order again",
        &hosted.leave(&user).await?.good()?,
        &first,
    )?;
    let message = hosted.message()?;
    same(
        "outcome",
        &hosted.outcome(&message).await?,
        &"forbidden".to_owned(),
    )
}

async fn other_room(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let other = Hosted::set_up(&stage).await?;
    let message = hosted.message()?;
    // Another peer's room: the peer has no participant there.
    let path = other.path("submitMessage");
    let body =
        json!({ "messages": [{ "user": hosted.mallory.user, "message": base64(&message) }] });
    refused(&hosted.peer.post(&path, &body).await?, 404, "not_found")?;
    let outcome = other.outcome(&message).await?;
    same("outcome", &outcome, &"invalid_message".to_owned())
}
