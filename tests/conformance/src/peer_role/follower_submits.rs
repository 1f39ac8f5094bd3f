//! A device of the server under test sends to a room of the kit's homeserver: what the hub answers
//! to submitMessage, and what the device is told of it (FED-4, FED-10, SYNC-5, SYNC-16).

use std::sync::Arc;

use holm_protocol::aad::ClientMsgId;
use serde_json::{Value, json};

use super::door::Reply;
use super::led::Led;
use super::plan::{Plan, plan};
use super::stage::Stage;
use crate::chance::{now_ms, random};
use crate::client_role::device::{base64, unbase64};
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::wire::Socket;

/// What the hub answers, given the id of the message.
type Make = fn(&str) -> Reply;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let told = [
        plan(
            "follower.submit.sent",
            "a device is told the hub's number of its message",
            "FED-4 SYNC-5",
            sent,
        ),
        plan(
            "follower.submit.refused",
            "a device is told why the hub refused its message",
            "FED-4 FED-10 SYNC-5",
            refused,
        ),
        plan(
            "follower.submit.as_sent",
            "the hub gets the very bytes that the device sent, as that user's",
            "FED-4 FED-11 S23",
            as_sent,
        ),
    ];
    told.into_iter()
        .chain(spoiled().into_iter().map(never_sent))
        .collect()
}

fn spoiled() -> Vec<(&'static str, &'static str, Make)> {
    vec![
        ("html", "a page for people", |_| {
            Reply::body(200, "text/html", "<html>")
        }),
        ("empty", "nothing", |_| {
            Reply::body(200, "application/json", "")
        }),
        ("no_results", "no results", |_| {
            Reply::json(&json!({ "results": [] }))
        }),
        ("two_results", "two results for one message", |id| {
            Reply::json(&json!({ "results": [result(id), result(id)] }))
        }),
        ("unknown_type", "a result of a type nobody knows", |id| {
            let mut result = result(id);
            result["type"] = json!("perhaps");
            Reply::json(&json!({ "results": [result] }))
        }),
        ("no_number", "a result without number", |id| {
            Reply::json(&json!({ "results": [{ "type": "sent", "client_msg_id": id }] }))
        }),
        ("server_error", "500", |_| Reply::problem(500, "internal")),
        ("hung_up", "the end of the connection", |_| Reply::Cut),
        ("too_long", "five megabytes", |_| {
            Reply::body(200, "application/json", " ".repeat(5_000_000))
        }),
    ]
}

/// A message that stands in the log.
fn result(id: &str) -> Value {
    json!({ "type": "sent", "client_msg_id": id, "seq": 2, "time": now_ms() })
}

/// A room of the hub with a device of the target in it, connected.
async fn connected(stage: &Arc<Stage>) -> Check<(Led, Socket)> {
    let mut led = Led::begin(stage).await?;
    led.guest = stage.site.member().await?;
    let page = led.anchor().await?;
    led.takes(page.clone(), 1).await?;
    let anchor = &page["anchors"][0];
    let (welcome, tree) = (unbase64(&anchor["welcome"])?, unbase64(&anchor["tree"])?);
    led.guest.join(&welcome, &tree)?;
    let socket = led.guest.connected().await?;
    Ok((led, socket))
}

/// The first word on a message.
async fn answer(socket: &mut Socket, id: &str) -> Check<Value> {
    loop {
        let frame = socket.next_frame().await.during("an answer to a send")?;
        if frame["client_msg_id"] == id {
            return Ok(frame);
        }
    }
}

/// Answers submitMessage so; the id stands in the request, and the device made it.
fn answer_with(led: &Led, make: impl Fn(&str) -> Reply + Send + 'static, id: &str) {
    let id = id.to_owned();
    led.peer.door.rule(move |asked| {
        let is_submit = asked.target.starts_with("/federation/v1/submitMessage/");
        is_submit.then(|| make(&id))
    });
}

/// Sends with an id that is known before, so that the hub's answer can name it.
async fn exchange(led: &mut Led, socket: &mut Socket, make: Make) -> Check<(Value, Vec<u8>)> {
    let id = ClientMsgId(random());
    let text = base64(&id.0);
    answer_with(led, make, &text);
    let message = led.guest.encrypt(id, "hello")?;
    let frame = json!({ "type": "send", "room": led.room, "message": base64(&message) });
    socket.say(&frame).await?;
    Ok((answer(socket, &text).await?, message))
}

async fn sent(stage: Arc<Stage>) -> Check {
    let (mut led, mut socket) = connected(&stage).await?;
    let honest = |id: &str| Reply::json(&json!({ "results": [result(id)] }));
    let (frame, _) = exchange(&mut led, &mut socket, honest).await?;
    same("type", &frame["type"], &json!("sent"))?;
    same("seq", &frame["seq"], &json!(2))
}

async fn refused(stage: Arc<Stage>) -> Check {
    let (mut led, mut socket) = connected(&stage).await?;
    let refusal = |_: &str| {
        let problem = json!({
            "type": "urn:holm:problem:forbidden", "title": "No", "status": 403,
            "code": "forbidden", "detail": "as the case wants it",
        });
        Reply::json(&json!({ "results": [{ "type": "refused", "problem": problem }] }))
    };
    let (frame, _) = exchange(&mut led, &mut socket, refusal).await?;
    same("type", &frame["type"], &json!("problem"))?;
    same("code", &frame["problem"]["code"], &json!("forbidden"))
}

async fn as_sent(stage: Arc<Stage>) -> Check {
    let (mut led, mut socket) = connected(&stage).await?;
    let honest = |id: &str| Reply::json(&json!({ "results": [result(id)] }));
    let (_, message) = exchange(&mut led, &mut socket, honest).await?;
    let asked = led.peer.door.asked("/federation/v1/submitMessage/");
    let body: Value = asked
        .first()
        .and_then(|asked| serde_json::from_slice(&asked.body).ok())
        .unwrap_or_default();
    let brought = &body["messages"][0];
    same("user", &brought["user"], &json!(led.guest.user))?;
    same("message", &brought["message"], &json!(base64(&message)))
}

/// Whatever the hub answers instead of a result: the device is not told that its message stands in
/// the log; once the hub answers as it should, it is.
fn never_sent((name, what, make): (&'static str, &'static str, Make)) -> Plan {
    let title = format!("a hub that answers {what}: no device is told `sent`");
    let cites = "FED-10 FED-14 SYNC-5 SYNC-16 S25 F25";
    plan(
        format!("follower.submit.{name}"),
        title,
        cites,
        move |stage| async move {
            let (mut led, mut socket) = connected(&stage).await?;
            let (frame, _) = exchange(&mut led, &mut socket, make).await?;
            let kind = frame["type"].as_str().unwrap_or_default();
            ensure(matches!(kind, "held" | "problem"), || {
                format!("told {frame}")
            })?;
            if kind == "held" {
                let id = frame["client_msg_id"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let honest = |id: &str| Reply::json(&json!({ "results": [result(id)] }));
                answer_with(&led, honest, &id);
                // A word from the hub ends the wait for it.
                led.peer.is_taken().await?;
                let frame = answer(&mut socket, &id).await?;
                return same("in the end", &frame["type"], &json!("sent"));
            }
            Ok(())
        },
    )
}
