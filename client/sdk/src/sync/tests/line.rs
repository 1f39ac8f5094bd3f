//! The hub's side of the sync WebSocket: it takes what a device sends, and sends what a test says.

use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use holm_client_types::frame::{self, DeviceFrame, SUBPROTOCOL, ServerFrame};
use holm_protocol::aad::Aad;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{EventKind, Problem, RoomUri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::hub::{Hub, signed_head};
use super::world::PATIENCE;

/// What a test has the hub do on the open connection.
pub(super) enum Say {
    /// Send a frame.
    Frame(ServerFrame),
    /// Close with a code.
    Close(u16),
}

/// Answers the upgrade, and serves the connection once it is one.
pub(super) fn upgrade(
    hub: Arc<Hub>,
    mut request: http::Request<Incoming>,
) -> http::Response<Full<Bytes>> {
    let key = request.headers()["sec-websocket-key"].as_bytes();
    let accept = derive_accept_key(key);
    let (say, said) = mpsc::unbounded_channel();
    hub.lock().line = Some(say);
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let stream = TokioIo::new(upgraded.await.unwrap());
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        serve(hub, socket, said).await;
    });
    let response = http::Response::builder()
        .status(101)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", accept)
        .header("sec-websocket-protocol", SUBPROTOCOL);
    response.body(Full::default()).unwrap()
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

async fn serve(hub: Arc<Hub>, mut socket: Socket, mut said: mpsc::UnboundedReceiver<Say>) {
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let frame: DeviceFrame = frame::read(text.as_bytes()).unwrap();
                    for answer in hub.answer(&frame) {
                        send(&mut socket, &answer).await;
                    }
                    hub.lock().heard.push(frame);
                    hub.news.notify_one();
                }
                Some(Ok(_)) => {}
                _ => return,
            },
            order = said.recv() => match order {
                Some(Say::Frame(frame)) => send(&mut socket, &frame).await,
                Some(Say::Close(code)) => {
                    let frame = CloseFrame { code: code.into(), reason: "".into() };
                    let _gone = socket.close(Some(frame)).await;
                    return;
                }
                None => return,
            },
        }
    }
}

async fn send(socket: &mut Socket, frame: &ServerFrame) {
    let text = serde_json::to_string(frame).unwrap();
    // A device that has gone away is no failure of the hub.
    let _gone = socket.send(Message::text(text)).await;
}

impl Hub {
    /// Puts a message into the log and says so, unless the test has another answer ready.
    fn answer(&self, frame: &DeviceFrame) -> Vec<ServerFrame> {
        match frame {
            DeviceFrame::Hello { .. } => vec![ServerFrame::CaughtUp],
            DeviceFrame::Send { room, message } => {
                let header = MlsHeader::read(message.as_slice()).unwrap();
                let id = Aad::from_bytes(header.aad).unwrap().client_msg_id;
                let refusal = self.lock().refuse_messages.pop_front();
                if let Some(problem) = refusal {
                    return problem.map_or(Vec::new(), |p| vec![refused(room, id, p)]);
                }
                let event = self.append(room, EventKind::MESSAGE, message.as_slice().to_vec());
                let (seq, time) = (event.header.seq, event.header.time);
                let head = signed_head(room, seq, event.hash());
                vec![
                    ServerFrame::Sent {
                        room: room.clone(),
                        client_msg_id: id,
                        seq,
                        time,
                    },
                    ServerFrame::Event {
                        room: room.clone(),
                        event: event.to_bytes().into(),
                        head: Some(holm_protocol::encoding::encode(&head).into()),
                    },
                ]
            }
            DeviceFrame::Ack { .. } => Vec::new(),
            DeviceFrame::Ping => vec![ServerFrame::Pong],
        }
    }

    /// Has the hub do something on the open connection.
    pub(super) fn say(&self, what: Say) {
        let state = self.lock();
        state.line.as_ref().unwrap().send(what).ok().unwrap();
    }

    /// Waits until what was heard satisfies a test.
    pub(super) async fn hears<T>(&self, fits: impl Fn(&[DeviceFrame]) -> Option<T>) -> T {
        loop {
            if let Some(found) = fits(&self.lock().heard) {
                return found;
            }
            let news = timeout(PATIENCE, self.news.notified()).await;
            news.expect("word from a device");
        }
    }
}

fn refused(room: &RoomUri, id: holm_protocol::aad::ClientMsgId, problem: Problem) -> ServerFrame {
    ServerFrame::Problem {
        room: Some(room.clone()),
        client_msg_id: Some(id),
        problem,
    }
}
