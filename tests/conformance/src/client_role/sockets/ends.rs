//! How connections end: silence, revocation, a newer one, a slow reader (SYNC-8, SYNC-12 to SYNC-15).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::client_role::accounts::log_in_again;
use crate::client_role::device::event;
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::pair::{new_id, pair, sent};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;
use crate::client_role::wire::{Frame, Incoming, Opcode, Socket, handshake};

/// How long hello may take (SYNC-8), and silence altogether (SYNC-12, SYNC-15).
const HELLO: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_mins(1);

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("socket.end.no_hello", no_hello).waiting(HELLO),
        named("socket.end.pings_are_no_hello", pings_are_no_hello).waiting(HELLO),
        named("socket.end.silence", silence).waiting(SILENCE),
        named("socket.end.never_reads", never_reads).waiting(SILENCE),
        named("socket.end.replaced", replaced),
        named("socket.end.replaced_keeps_all", replaced_keeps_all),
        named("socket.end.log_out", log_out),
        named("socket.end.new_token", new_token),
        named("socket.end.close_answered", |s| {
            closes(s, Frame::close(1000), &[Some(1000)])
        }),
        named("socket.end.close_without_code", |s| {
            closes(s, Frame::new(Opcode::CLOSE, ""), &[None, Some(1000)])
        }),
        named("socket.end.own_code", |s| {
            closes(s, Frame::close(4000), &[Some(4000)])
        }),
        named("socket.end.code_1005", |s| {
            closes(s, Frame::close(1005), &[Some(1002), None])
        }),
        named("socket.end.code_1006", |s| {
            closes(s, Frame::close(1006), &[Some(1002), None])
        }),
        named("socket.end.code_999", |s| {
            closes(s, Frame::close(999), &[Some(1002), None])
        }),
        named("socket.end.code_5000", |s| {
            closes(s, Frame::close(5000), &[Some(1002), None])
        }),
        named("socket.end.one_byte", |s| {
            closes(s, Frame::new(Opcode::CLOSE, [3]), &[Some(1002), None])
        }),
        named("socket.end.reason_not_utf8", |s| {
            closes(
                s,
                Frame::new(Opcode::CLOSE, [0x03, 0xe8, 0xff]),
                &[Some(1007), Some(1002), None],
            )
        }),
        named("socket.end.half_close", half_close),
        named("socket.end.after_close", after_close),
    ]
}

async fn no_hello(site: Arc<Site>) -> Check {
    let socket = site.device().await?.connect().await?;
    socket.patient(HELLO).closes_with(4408).await.map(drop)
}

async fn pings_are_no_hello(site: Arc<Site>) -> Check {
    let mut socket = site.device().await?.connect().await?.patient(HELLO);
    for _ in 0..3 {
        socket
            .frame(&Frame::new(Opcode::PING, "are you there"))
            .await?;
        let pong = socket.next().await?;
        same(
            "the answer",
            &pong,
            &Incoming::Pong(b"are you there".to_vec()),
        )?;
    }
    socket.closes_with(4408).await.map(drop)
}

async fn silence(site: Arc<Site>) -> Check {
    let mut socket = site.device().await?.connected().await?.patient(SILENCE);
    socket.answers_pings = false;
    let mut pings = 0;
    loop {
        match socket.next().await? {
            Incoming::Ping(_) => pings += 1,
            Incoming::Close(code) => {
                same("close code", &code, &Some(4408))?;
                return same("pings before it", &pings, &2);
            }
            other => ensure(false, || format!("silence was answered with {other:?}"))?,
        }
    }
}

/// Messages of 60 KiB that are more than a connection's buffers hold.
const MANY: u64 = 150;

async fn never_reads(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let small = TcpSocket::new_v4().during("a socket")?;
    small.set_recv_buffer_size(4_096).during("a small buffer")?;
    let request = handshake()
        .header("sec-websocket-protocol", "holm.v1.json")
        .bearer(&pair.alice.session.token);
    let slow = Socket::shake_over(&site.door, &request, small).await?;
    let mut slow = slow.patient(SILENCE);
    slow.catch_up(json!({})).await?;
    let mut bob = pair.bob.connected().await?;
    for _ in 0..MANY {
        let message = pair.bob.encrypt(new_id(), &"x".repeat(60_000))?;
        sent(&mut bob, &pair.room, &message).await?;
    }
    tokio::time::sleep(SILENCE + Duration::from_secs(5)).await;
    // Nothing was read, so the connection was cut: not everything is in its buffers.
    let mut read = 0;
    while let Ok(Incoming::Frame(frame)) = slow.next().await {
        read += u64::from(frame["type"] == "event");
    }
    ensure(read < MANY, || {
        "a connection that read nothing got everything".to_owned()
    })?;
    let mut alice = pair.alice.connect().await?;
    let frames = alice.catch_up(json!({ pair.room.as_str(): 1 })).await?;
    let numbers = frames
        .iter()
        .map(|f| event(&f["event"]).map(|e| e.header.seq));
    let numbers = numbers.collect::<Check<Vec<_>>>()?;
    same("events afterwards", &numbers, &(2..2 + MANY).collect())
}

async fn replaced(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let mut older = device.connected().await?;
    let mut newer = device.connected().await?;
    older.closes_with(4409).await?;
    newer.goes_on().await.map(drop)
}

async fn replaced_keeps_all(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut bob = pair.bob.connected().await?;
    let mut older = pair.alice.connected().await?;
    let mut send = async |text: &str| {
        let message = pair.bob.encrypt(new_id(), text)?;
        sent(&mut bob, &pair.room, &message).await
    };
    send("one").await?;
    let first = older.wait_for("event").await?;
    let have = event(&first["event"])?.header.seq;
    send("two").await?;
    let mut newer = pair.alice.connect().await?;
    let mut got = newer.catch_up(json!({ pair.room.as_str(): have })).await?;
    send("three").await?;
    got.push(newer.wait_for("event").await?);
    let numbers = got.iter().map(|f| event(&f["event"]).map(|e| e.header.seq));
    same("events", &numbers.collect::<Check<Vec<_>>>()?, &vec![3, 4])
}

async fn log_out(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let mut socket = device.connected().await?;
    device
        .post("/client/v1/logout", &Value::Null)
        .await?
        .expect_good()?;
    socket.closes_with(4401).await.map(drop)
}

async fn new_token(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let mut socket = device.connected().await?;
    log_in_again(&site, &device).await?;
    socket.closes_with(4401).await.map(drop)
}

async fn closes(site: Arc<Site>, frame: Frame, codes: &'static [Option<u16>]) -> Check {
    let mut socket = site.device().await?.connected().await?;
    socket.frame(&frame).await?;
    let (frames, code) = socket.closed().await?;
    ensure(codes.contains(&code), || {
        format!("wanted one of {codes:?}, got {code:?} after {frames:?}")
    })
}

async fn half_close(site: Arc<Site>) -> Check {
    let mut socket = site.device().await?.connected().await?;
    socket.half_close().await?;
    let (frames, _code) = socket.closed().await?;
    same("frames to a device that left", &frames, &vec![])
}

async fn after_close(site: Arc<Site>) -> Check {
    let mut socket = site.device().await?.connected().await?;
    let mut bytes = Frame::close(1000).bytes();
    bytes.extend(Frame::text("not a frame").bytes());
    socket.offer(&bytes).await;
    let (frames, code) = socket.closed().await?;
    same("frames behind a close", &frames, &vec![])?;
    same("close code", &code, &Some(1000))
}
