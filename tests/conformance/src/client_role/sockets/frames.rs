//! Frames that are not WebSocket, not text, too long or not as documented (SYNC-9 to SYNC-11).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::plan::{Plan, named, plan};
use crate::client_role::site::Site;
use crate::client_role::table::{from_hex, read};
use crate::client_role::wire::{Frame, Incoming, Opcode, Socket};

/// Bytes of a frame from a device (LIM-7).
const FRAME_IN_LEN_MAX: usize = 131_072;

#[derive(Clone, Deserialize)]
struct Text {
    name: String,
    title: String,
    cites: String,
    /// The message; `{room}` is a room nobody has.
    sent: String,
}

#[derive(Deserialize)]
struct Texts {
    /// Close the connection, before and after hello.
    malformed: Vec<Text>,
    /// Close it before hello alone.
    out_of_place: Vec<Text>,
    /// Are answered with `unknown_frame`.
    unknown: Vec<Text>,
    /// Are as documented.
    fine: Vec<Text>,
}

pub(super) fn plans() -> Vec<Plan> {
    let texts: Texts = read(include_str!("../../../cases/client/frames.toml"));
    let mut plans = Vec::new();
    for text in texts.malformed {
        plans.push(of_text("malformed", "before hello", &text, malformed_first));
        plans.push(of_text(
            "malformed_later",
            "after hello",
            &text,
            malformed_later,
        ));
    }
    for text in texts.out_of_place {
        plans.push(of_text(
            "out_of_place",
            "before hello",
            &text,
            malformed_first,
        ));
    }
    for text in texts.unknown {
        plans.push(of_text("unknown", "after hello", &text, unknown_type));
    }
    for text in texts.fine {
        plans.push(of_text("fine", "after hello", &text, goes_on));
    }
    plans.extend(not_websocket());
    plans.extend(lengths());
    plans
}

type Try = fn(Arc<Site>, String) -> futures::future::BoxFuture<'static, Check>;

fn of_text(group: &str, when: &str, text: &Text, run: Try) -> Plan {
    let id = format!("socket.{group}.{}", text.name);
    let title = format!("{} ({when})", text.title);
    let sent = text.sent.clone();
    plan(id, title, text.cites.clone(), move |site| {
        run(site, sent.clone())
    })
}

async fn open(site: &Site) -> Check<Socket> {
    site.device().await?.connect().await
}

fn filled(site: &Site, text: &str) -> String {
    text.replace("{room}", &format!("mimi://{}/r/nobodysroom", site.domain))
}

fn malformed_first(site: Arc<Site>, text: String) -> futures::future::BoxFuture<'static, Check> {
    Box::pin(async move {
        let mut socket = open(&site).await?;
        socket.text(&filled(&site, &text)).await?;
        closes_as_malformed(&mut socket).await
    })
}

fn malformed_later(site: Arc<Site>, text: String) -> futures::future::BoxFuture<'static, Check> {
    Box::pin(async move {
        let mut socket = open(&site).await?;
        socket.catch_up(json!({})).await?;
        socket.text(&filled(&site, &text)).await?;
        closes_as_malformed(&mut socket).await
    })
}

fn unknown_type(site: Arc<Site>, text: String) -> futures::future::BoxFuture<'static, Check> {
    Box::pin(async move {
        let mut socket = open(&site).await?;
        socket.catch_up(json!({})).await?;
        socket.text(&filled(&site, &text)).await?;
        let problem = socket.wait_for("problem").await?;
        same("code", &problem["problem"]["code"], &json!("unknown_frame"))?;
        socket.goes_on().await.map(drop)
    })
}

fn goes_on(site: Arc<Site>, text: String) -> futures::future::BoxFuture<'static, Check> {
    Box::pin(async move {
        let mut socket = open(&site).await?;
        socket.catch_up(json!({})).await?;
        socket.text(&filled(&site, &text)).await?;
        let before = socket.goes_on().await?;
        let refused = |frame: &&Value| frame["problem"]["code"] == "unknown_frame";
        ensure(!before.iter().any(|f| refused(&f)), || {
            format!("a known frame is answered with {before:?}")
        })
    })
}

/// A problem of code `malformed`, then 4400 (SYNC-9).
async fn closes_as_malformed(socket: &mut Socket) -> Check {
    let frames = socket.closes_with(4400).await?;
    let last = frames.last().cloned().unwrap_or_default();
    same(
        "code before the close",
        &last["problem"]["code"],
        &json!("malformed"),
    )
}

/// Bytes that end the connection at the level of WebSocket (RFC 6455).
fn not_websocket() -> Vec<Plan> {
    let table: Table = read(include_str!("../../../cases/client/websocket.toml"));
    let one = |wrong: Wrong| {
        let id = format!("socket.websocket.{}", wrong.name);
        let title = format!("{} closes the connection with {}", wrong.title, wrong.code);
        plan(id, title, wrong.cites.clone(), move |site| {
            closes_after(site, wrong.clone())
        })
    };
    table.wrong.into_iter().map(one).collect()
}

async fn closes_after(site: Arc<Site>, wrong: Wrong) -> Check {
    let mut socket = open(&site).await?;
    socket.catch_up(json!({})).await?;
    for part in &wrong.frames {
        socket.offer(&part.frame()?.bytes()).await;
    }
    socket.closes_with(wrong.code).await.map(drop)
}

/// Frames that a server has to end the connection after.
#[derive(Clone, Deserialize)]
struct Wrong {
    name: String,
    title: String,
    cites: String,
    code: u16,
    frames: Vec<Part>,
}

#[derive(Deserialize)]
struct Table {
    wrong: Vec<Wrong>,
}

/// One frame: its opcode, its payload as text or in hexadecimal, and what is odd about it.
#[derive(Clone, Deserialize)]
struct Part {
    opcode: u8,
    #[serde(default)]
    text: String,
    #[serde(default)]
    hex: String,
    #[serde(default)]
    unfinished: bool,
    #[serde(default)]
    unmasked: bool,
    #[serde(default)]
    reserved: u8,
}

impl Part {
    fn frame(&self) -> Check<Frame> {
        let payload = [self.text.clone().into_bytes(), from_hex(&self.hex)?].concat();
        let mut frame = Frame::new(Opcode(self.opcode), payload).reserved(self.reserved);
        if self.unfinished {
            frame = frame.unfinished();
        }
        if self.unmasked {
            frame = frame.unmasked();
        }
        Ok(frame)
    }
}

fn lengths() -> Vec<Plan> {
    vec![
        named("socket.length.at_limit", |site| async move {
            let mut socket = open(&site).await?;
            socket.catch_up(json!({})).await?;
            socket.text(&padded(FRAME_IN_LEN_MAX)).await?;
            socket.wait_for("pong").await.map(drop)
        }),
        named("socket.length.over", |site| async move {
            let mut socket = open(&site).await?;
            socket.catch_up(json!({})).await?;
            socket
                .offer(&Frame::text(padded(FRAME_IN_LEN_MAX + 1)).bytes())
                .await;
            socket.closes_with(1009).await.map(drop)
        }),
        named("socket.length.declared", |site| async move {
            let mut socket = open(&site).await?;
            socket.catch_up(json!({})).await?;
            socket.offer(&Frame::text("").head(1 << 40)).await;
            socket.closes_with(1009).await.map(drop)
        }),
        named("socket.length.many_parts", |site| {
            too_long_in_parts(site, 1_000)
        }),
        named("socket.length.one_byte_parts", |site| {
            too_long_in_parts(site, 1)
        }),
        named("socket.parts.interleaved", ping_between_parts),
        named("socket.parts.cut_character", |site| async move {
            let mut socket = open(&site).await?;
            socket.catch_up(json!({})).await?;
            let text = "{\"type\":\"ping\",\"later\":\"€\"}".as_bytes();
            let cut = text.len() - 4;
            let first = Frame::text(&text[..cut]).unfinished();
            socket.frame(&first).await?;
            let rest = Frame::new(Opcode::CONTINUATION, &text[cut..]);
            socket.frame(&rest).await?;
            socket.wait_for("pong").await.map(drop)
        }),
        named("socket.ping", |site| async move {
            let mut socket = open(&site).await?;
            socket.catch_up(json!({})).await?;
            socket.frame(&Frame::new(Opcode::PING, [9; 125])).await?;
            same(
                "the answer",
                &socket.next().await?,
                &Incoming::Pong(vec![9; 125]),
            )
        }),
    ]
}

fn padded(len: usize) -> String {
    let mut text = r#"{"type":"ping"}"#.to_owned();
    text.extend(std::iter::repeat_n(' ', len - text.len()));
    text
}

async fn too_long_in_parts(site: Arc<Site>, part: usize) -> Check {
    let mut socket = open(&site).await?;
    socket.catch_up(json!({})).await?;
    let text = padded(FRAME_IN_LEN_MAX + 1).into_bytes();
    let mut bytes = Frame::text(&text[..part]).unfinished().bytes();
    for chunk in text[part..].chunks(part) {
        bytes.extend(Frame::new(Opcode::CONTINUATION, chunk).unfinished().bytes());
    }
    socket.offer(&bytes).await;
    socket.closes_with(1009).await.map(drop)
}

async fn ping_between_parts(site: Arc<Site>) -> Check {
    let mut socket = open(&site).await?;
    socket.catch_up(json!({})).await?;
    let text = br#"{"type":"ping"}"#;
    socket.frame(&Frame::text(&text[..4]).unfinished()).await?;
    socket.frame(&Frame::new(Opcode::PING, "between")).await?;
    let pong = socket.next().await.during("a ping between parts")?;
    same("the answer", &pong, &Incoming::Pong(b"between".to_vec()))?;
    let middle = Frame::new(Opcode::CONTINUATION, &text[4..9]).unfinished();
    socket.frame(&middle).await?;
    socket
        .frame(&Frame::new(Opcode::CONTINUATION, "").unfinished())
        .await?;
    socket
        .frame(&Frame::new(Opcode::CONTINUATION, &text[9..]))
        .await?;
    socket.wait_for("pong").await.map(drop)
}
