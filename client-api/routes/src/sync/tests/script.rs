//! A scripted homeserver, and the device's end of the connection.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{SinkExt, StreamExt, stream};
use holm_client_types::frame::{DeviceFrame, ServerFrame, read};
use holm_core::delivery::Outgoing;
use holm_core::room::Verdict;
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::federation::Sent;
use holm_protocol::{Base64Url, Code, Problem, RoomUri};
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;

use crate::sync::backend::{Backend, Feed};
use crate::sync::session;
use crate::sync::upgrade::config;

/// One call of the connection, to be answered by the test.
pub(super) enum Call {
    Connect(BTreeMap<RoomUri, u64>, oneshot::Sender<Result<(), Problem>>),
    Send(RoomUri, Vec<Bytes>, oneshot::Sender<Vec<Verdict>>),
    Reopen(RoomUri),
    Acknowledge(RoomUri, u64, u64, oneshot::Sender<Result<(), Problem>>),
}

pub(super) type Batch = Result<Vec<Outgoing>, Problem>;

pub(super) struct Script {
    calls: mpsc::UnboundedSender<Call>,
    feed: Mutex<Option<mpsc::Receiver<Batch>>>,
}

impl Backend for Script {
    fn connect(
        &self,
        cursors: BTreeMap<RoomUri, u64>,
    ) -> BoxFuture<'static, Result<Feed, Problem>> {
        let (reply, answer) = oneshot::channel();
        self.calls.send(Call::Connect(cursors, reply)).ok();
        let feed = self.feed.lock().unwrap().take().unwrap();
        let feed = stream::unfold(feed, |mut feed| async move {
            let batch = feed.recv().await?;
            Some((batch, feed))
        });
        Box::pin(async move { answer.await.unwrap().map(|()| feed.boxed()) })
    }

    fn send(&self, room: RoomUri, messages: Vec<Bytes>) -> BoxFuture<'static, Vec<Verdict>> {
        let (reply, answer) = oneshot::channel();
        self.calls.send(Call::Send(room, messages, reply)).ok();
        Box::pin(async move { answer.await.unwrap() })
    }

    fn reopen(&self, room: &RoomUri) {
        self.calls.send(Call::Reopen(room.clone())).ok();
    }

    fn acknowledge(
        &self,
        room: RoomUri,
        delivered: u64,
        read: u64,
    ) -> BoxFuture<'static, Result<(), Problem>> {
        let (reply, answer) = oneshot::channel();
        let call = Call::Acknowledge(room, delivered, read, reply);
        self.calls.send(call).ok();
        Box::pin(async move { answer.await.unwrap() })
    }
}

/// The device's end, and the strings of the homeserver.
pub(super) struct Scene {
    pub(super) device: WebSocketStream<DuplexStream>,
    pub(super) calls: mpsc::UnboundedReceiver<Call>,
    pub(super) feed: mpsc::Sender<Batch>,
    pub(super) stop: CancellationToken,
    pub(super) server: JoinHandle<()>,
}

/// Batches that wait in the homeserver.
pub(super) const FEED_MAX: usize = 8;
/// Bytes that either end of the pipe takes before it is read.
pub(super) const PIPE_LEN: usize = 64 * 1_024;

impl Scene {
    /// A connection before its hello.
    pub(super) async fn opened() -> Self {
        let (near, far) = tokio::io::duplex(PIPE_LEN);
        let (calls_in, calls) = mpsc::unbounded_channel();
        let (feed, feed_out) = mpsc::channel(FEED_MAX);
        let script = Script {
            calls: calls_in,
            feed: Mutex::new(Some(feed_out)),
        };
        let stop = CancellationToken::new();
        let socket = WebSocketStream::from_raw_socket(near, Role::Server, Some(config())).await;
        let server = tokio::spawn(session::serve(socket, script, stop.clone()));
        let device = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
        Self {
            device,
            calls,
            feed,
            stop,
            server,
        }
    }

    /// A connection after its hello.
    pub(super) async fn connected() -> Self {
        let mut scene = Self::opened().await;
        let cursors = BTreeMap::new();
        scene.says(&DeviceFrame::Hello { cursors }).await;
        match scene.call().await {
            Call::Connect(_, reply) => reply.send(Ok(())).unwrap(),
            _ => panic!("hello connects"),
        }
        scene
    }

    pub(super) async fn says(&mut self, frame: &DeviceFrame) {
        self.says_text(serde_json::to_string(frame).unwrap()).await;
    }

    pub(super) async fn says_text(&mut self, text: impl Into<String>) {
        self.device.send(Message::text(text.into())).await.unwrap();
    }

    pub(super) async fn sends(&mut self, room: &RoomUri, message: Vec<u8>) {
        self.says(&DeviceFrame::Send {
            room: room.clone(),
            message: Base64Url::from(message),
        })
        .await;
    }

    /// The next thing asked of the homeserver.
    pub(super) async fn call(&mut self) -> Call {
        self.calls.recv().await.unwrap()
    }

    pub(super) async fn send_call(&mut self) -> SendCall {
        match self.call().await {
            Call::Send(room, messages, reply) => SendCall {
                room,
                messages,
                reply,
            },
            _ => panic!("a send is expected"),
        }
    }

    /// Whether nothing is asked of the homeserver for a simulated second.
    pub(super) async fn is_quiet(&mut self) -> bool {
        let second = Duration::from_secs(1);
        timeout(second, self.calls.recv()).await.is_err()
    }

    /// The next frame to the device.
    pub(super) async fn hears(&mut self) -> ServerFrame {
        loop {
            match self.device.next().await.unwrap().unwrap() {
                Message::Text(text) => return read(text.as_bytes()).unwrap(),
                Message::Ping(_) => {}
                other => panic!("a frame is expected, not {other:?}"),
            }
        }
    }

    /// The problem in the next frame.
    pub(super) async fn hears_problem(&mut self) -> (Option<ClientMsgId>, Code) {
        match self.hears().await {
            ServerFrame::Problem {
                client_msg_id,
                problem,
                ..
            } => (client_msg_id, problem.code),
            other => panic!("a problem is expected, not {other:?}"),
        }
    }

    /// The code the server closes with, after what it still had to say; then it is gone.
    pub(super) async fn closes(&mut self) -> u16 {
        let code = self.closed_with().await;
        while self.device.next().await.is_some() {}
        (&mut self.server).await.unwrap();
        code
    }

    /// The code in the server's close frame.
    pub(super) async fn closed_with(&mut self) -> u16 {
        loop {
            match self.device.next().await.unwrap().unwrap() {
                Message::Close(Some(frame)) => return frame.code.into(),
                Message::Text(_) | Message::Ping(_) => {}
                other => panic!("a close is expected, not {other:?}"),
            }
        }
    }
}

/// A call that submits messages.
pub(super) struct SendCall {
    pub(super) room: RoomUri,
    pub(super) messages: Vec<Bytes>,
    pub(super) reply: oneshot::Sender<Vec<Verdict>>,
}

impl SendCall {
    /// Gives every message a place, numbered from `seq`.
    pub(super) fn accept(self, seq: u64) {
        let ids: Vec<_> = self.messages.iter().map(id_of).collect();
        let sent = ids.into_iter().zip(seq..);
        let sent = sent.map(|(client_msg_id, seq)| {
            Verdict::Sent(Sent {
                client_msg_id,
                seq,
                time: 1_000,
            })
        });
        self.reply.send(sent.collect()).unwrap();
    }

    /// Refuses every message.
    pub(super) fn refuse(self, code: Code) {
        let refused = |_| Verdict::Refused(Problem::new(code, ""));
        let refused = self.messages.iter().map(refused);
        self.reply.send(refused.collect()).unwrap();
    }

    /// Says that every message is held.
    pub(super) fn hold(self) {
        let held = self.messages.iter().map(|_| Verdict::Held);
        self.reply.send(held.collect()).unwrap();
    }
}

pub(super) fn room(name: &str) -> RoomUri {
    RoomUri::parse(&format!("mimi://islet.test/r/{name}")).unwrap()
}

/// An empty PrivateMessage whose authenticated data carries id `n`.
pub(super) fn message(n: u8) -> Vec<u8> {
    let aad = Aad::new(ClientMsgId([n; 16])).to_bytes();
    let mut bytes = vec![0, 1, 0, 2, 1, b'g', 0, 0, 0, 0, 0, 0, 0, 0, 1];
    bytes.push(u8::try_from(aad.len()).unwrap());
    bytes.extend(aad);
    bytes.extend([0, 0]);
    bytes
}

pub(super) fn id_of(message: &Bytes) -> ClientMsgId {
    let header = holm_protocol::mls_header::MlsHeader::read(message).unwrap();
    Aad::from_bytes(header.aad).unwrap().client_msg_id
}
