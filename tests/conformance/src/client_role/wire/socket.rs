//! The sync WebSocket as a device holds it, frame by frame (spec 08).

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::connection::Connection;
use super::frame::{Frame, Opcode};
use super::request::Request;
use super::response::{Response, check_problem};
use crate::client_role::fault::{Check, During, ensure, fault, same};
use crate::client_role::site::Door;

/// The key of RFC 6455 §1.3 and what a server makes of it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// An open WebSocket.
pub(crate) struct Socket {
    connection: Connection,
    /// Whether pings are answered by themselves.
    pub(crate) answers_pings: bool,
}

/// What came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Incoming {
    /// A frame of the protocol.
    Frame(Value),
    /// A WebSocket ping.
    Ping(Vec<u8>),
    /// A WebSocket pong.
    Pong(Vec<u8>),
    /// A close frame; without a code where it has none.
    Close(Option<u16>),
    /// The connection ended without a close frame.
    End,
}

/// The handshake that every server takes, without a token.
pub(crate) fn handshake() -> Request {
    Request::get("/client/v1/sync")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", KEY)
}

impl Socket {
    /// Connects a device, with its token in the Authorization header.
    pub(crate) async fn open(door: &Door, token: &str) -> Check<Self> {
        let request = handshake()
            .header("sec-websocket-protocol", "holm.v1.json")
            .bearer(token);
        Self::shake(door, &request).await
    }

    /// Connects with a handshake that has to be taken (SYNC-7).
    pub(crate) async fn shake(door: &Door, request: &Request) -> Check<Self> {
        Self::shake_over(door, request, TcpSocket::new_v4().during("a socket")?).await
    }

    /// The same over a socket that was set up for the purpose.
    pub(crate) async fn shake_over(
        door: &Door,
        request: &Request,
        socket: TcpSocket,
    ) -> Check<Self> {
        let mut connection = Connection::over(door, socket).await?;
        connection.write(&request.head(&door.host)).await?;
        let response = connection.response("GET").await?;
        check_accepted(&response)?;
        Ok(Self {
            connection,
            answers_pings: true,
        })
    }

    /// The same for a wait of the protocol's own, which is added to the patience.
    pub(crate) fn patient(mut self, more: Duration) -> Self {
        self.connection = self.connection.patient(more);
        self
    }

    /// Says hello, naming nothing.
    pub(crate) async fn hello(&mut self) -> Check {
        self.say(&json!({ "type": "hello", "cursors": {} })).await
    }

    /// Says hello and reads up to `caught_up`; what came before it.
    pub(crate) async fn catch_up(&mut self, cursors: Value) -> Check<Vec<Value>> {
        self.say(&json!({ "type": "hello", "cursors": cursors }))
            .await?;
        self.until("caught_up").await
    }

    /// Sends a frame of the protocol.
    pub(crate) async fn say(&mut self, frame: &Value) -> Check {
        self.text(&frame.to_string()).await
    }

    /// Sends a text message.
    pub(crate) async fn text(&mut self, text: &str) -> Check {
        self.frame(&Frame::text(text)).await
    }

    /// Sends a WebSocket frame.
    pub(crate) async fn frame(&mut self, frame: &Frame) -> Check {
        self.raw(&frame.bytes()).await
    }

    /// Sends bytes.
    pub(crate) async fn raw(&mut self, bytes: &[u8]) -> Check {
        self.connection.write(bytes).await
    }

    /// Sends what the server still takes.
    pub(crate) async fn offer(&mut self, bytes: &[u8]) -> bool {
        self.connection.offer(bytes).await
    }

    /// Ends our side of the connection.
    pub(crate) async fn half_close(&mut self) -> Check {
        self.connection.half_close().await
    }

    /// What comes next.
    pub(crate) async fn next(&mut self) -> Check<Incoming> {
        let Some(head) = self.connection.take(2).await? else {
            return Ok(Incoming::End);
        };
        same("masking by the server", &(head[1] & 0x80), &0)?;
        same("reserved bits by the server", &(head[0] & 0x70), &0)?;
        ensure(head[0] & 0x80 != 0, || "the server fragments".to_owned())?;
        let Some(payload) = self.payload(head[1]).await? else {
            return Ok(Incoming::End);
        };
        match Opcode(head[0] & 0x0f) {
            Opcode::TEXT => read_frame(&payload),
            Opcode::PING => self.answer_ping(payload).await,
            Opcode::PONG => Ok(Incoming::Pong(payload)),
            Opcode::CLOSE => {
                let code = payload.get(..2).map(|c| u16::from_be_bytes([c[0], c[1]]));
                Ok(Incoming::Close(code))
            }
            other => fault(format!("the server sent a frame of opcode {other:?}")),
        }
    }

    /// The next frame of the protocol, passing over pings and pongs.
    pub(crate) async fn next_frame(&mut self) -> Check<Value> {
        loop {
            match self.next().await? {
                Incoming::Frame(frame) => return Ok(frame),
                Incoming::Ping(_) | Incoming::Pong(_) => {}
                other => return fault(format!("wanted a frame, got {other:?}")),
            }
        }
    }

    /// Reads up to a frame of a type; what came before it.
    pub(crate) async fn until(&mut self, kind: &str) -> Check<Vec<Value>> {
        let mut before = Vec::new();
        loop {
            let frame = self.next_frame().await.during(kind)?;
            if frame["type"] == kind {
                return Ok(before);
            }
            before.push(frame);
        }
    }

    /// The next frame of a type, passing over others.
    pub(crate) async fn wait_for(&mut self, kind: &str) -> Check<Value> {
        loop {
            let frame = self.next_frame().await.during(kind)?;
            if frame["type"] == kind {
                return Ok(frame);
            }
        }
    }

    /// Answers a ping as a device does, where it does so by itself.
    async fn answer_ping(&mut self, payload: Vec<u8>) -> Check<Incoming> {
        if self.answers_pings {
            let pong = Frame::new(Opcode::PONG, payload.clone());
            self.connection.offer(&pong.bytes()).await;
        }
        Ok(Incoming::Ping(payload))
    }

    /// Reads to the end; the frames on the way and the close code.
    pub(crate) async fn closed(&mut self) -> Check<(Vec<Value>, Option<u16>)> {
        let mut frames = Vec::new();
        loop {
            match self.next().await? {
                Incoming::Frame(frame) => frames.push(frame),
                Incoming::Close(code) => {
                    // RFC 6455 §5.5.1: a close frame is answered by one.
                    self.offer(&Frame::close(code.unwrap_or(1000)).bytes())
                        .await;
                    return Ok((frames, code));
                }
                Incoming::End => return Ok((frames, None)),
                Incoming::Ping(_) | Incoming::Pong(_) => {}
            }
        }
    }

    /// Reads to a close with this code, by way of a problem frame where one belongs to it.
    pub(crate) async fn closes_with(&mut self, code: u16) -> Check<Vec<Value>> {
        let (frames, got) = self.closed().await?;
        same(&format!("close code, after {frames:?}"), &got, &Some(code))?;
        Ok(frames)
    }

    /// Asks for a pong and reads up to it: the connection goes on (SYNC-10).
    pub(crate) async fn goes_on(&mut self) -> Check<Vec<Value>> {
        self.say(&json!({ "type": "ping" })).await?;
        self.until("pong").await
    }

    async fn payload(&mut self, second: u8) -> Check<Option<Vec<u8>>> {
        let len = match second & 0x7f {
            126 => self.number(2).await?,
            127 => self.number(8).await?,
            short => Some(usize::from(short)),
        };
        let Some(len) = len else { return Ok(None) };
        // LIM-8
        ensure(len <= 2_097_152, || {
            format!("a frame of {len} bytes to a device")
        })?;
        self.connection.take(len).await
    }

    async fn number(&mut self, len: usize) -> Check<Option<usize>> {
        let bytes = self.connection.take(len).await?;
        let number = |n: usize, b: &u8| n << 8 | usize::from(*b);
        Ok(bytes.map(|bytes| bytes.iter().fold(0, number)))
    }
}

fn read_frame(payload: &[u8]) -> Check<Incoming> {
    let frame: Value = serde_json::from_slice(payload).during("a frame of the server")?;
    if frame["type"] == "problem" {
        check_problem(&frame["problem"])?;
    }
    Ok(Incoming::Frame(frame))
}

/// The one answer that opens a WebSocket (RFC 6455 §4.2.2, SYNC-7).
fn check_accepted(response: &Response) -> Check {
    ensure(response.status == 101, || {
        format!("no upgrade: {} {}", response.status, response.text())
    })?;
    same(
        "accept",
        &response.header("sec-websocket-accept"),
        &Some(ACCEPT),
    )?;
    let chosen = response.header("sec-websocket-protocol");
    same("subprotocol", &chosen, &Some("holm.v1.json"))?;
    same(
        "extensions",
        &response.header("sec-websocket-extensions"),
        &None,
    )
}
