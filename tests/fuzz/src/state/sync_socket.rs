//! The sync WebSocket: frames in any order, spoiled and out of place, against the session over a
//! real hub (SYNC-1 to SYNC-15). What comes back is frames of the protocol, events without a gap
//! from where the device reads, one answer for each message, and at the end a documented code.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use holm_client_api::{Sockets, router};
use holm_client_types::frame::{self, DeviceFrame, SUBPROTOCOL, ServerFrame, close};
use holm_protocol::Event;
use holm_protocol::aad::ClientMsgId;
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::DuplexStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::group::{room, story};
use crate::input::Input;
use crate::runtime::run;
use crate::server::{Site, caller, token_text};

/// Steps of one input at most.
const STEPS_MAX: usize = 32;
/// Bytes that are on their way at most.
const PIPE_LEN: usize = 64 * 1_024;
/// Every code a server closes with.
const CODES: [u16; 12] = [
    1000,
    close::PROTOCOL,
    close::NOT_TEXT,
    close::NOT_UTF8,
    close::TOO_LARGE,
    close::INTERNAL,
    close::RESTART,
    close::BAD_FRAME,
    close::TOKEN,
    close::DEVICE,
    close::NO_HELLO,
    close::REPLACED,
];

/// One input as what a device does on one connection.
pub fn sync_socket(bytes: &[u8]) {
    run(async {
        let mut talk = Talk::begin().await;
        let mut input = Input::new(bytes);
        for _ in 0..STEPS_MAX {
            if input.is_empty() || talk.closed {
                break;
            }
            talk.step(&mut input).await;
        }
        talk.end().await;
    });
}

struct Talk {
    site: Site,
    sockets: Sockets,
    socket: WebSocketStream<DuplexStream>,
    /// Number of the newest event that came.
    seen: Option<u64>,
    /// Where each message of ours stands.
    sent: BTreeMap<ClientMsgId, u64>,
    closed: bool,
}

impl Talk {
    async fn begin() -> Self {
        let (site, sockets) = (Site::hub_at(2).await, Sockets::new());
        let (ours, theirs) = tokio::io::duplex(PIPE_LEN);
        let service = TowerToHyperService::new(router(site.homeserver.clone(), sockets.clone()));
        tokio::spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            let served = http.serve_connection(TokioIo::new(theirs), service);
            drop(served.with_upgrades().await);
        });
        let request = "ws://islet.test/client/v1/sync".into_client_request();
        let mut request = request.expect("a request");
        let bearer = format!("Bearer {}", token_text(0));
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, bearer.parse().expect("a header"));
        headers.insert(
            SEC_WEBSOCKET_PROTOCOL,
            SUBPROTOCOL.parse().expect("a header"),
        );
        let (socket, _response) = client_async(request, ours).await.expect("a WebSocket");
        Self {
            site,
            sockets,
            socket,
            seen: None,
            sent: BTreeMap::new(),
            closed: false,
        }
    }

    async fn step(&mut self, input: &mut Input<'_>) {
        let messages = &story().messages;
        let frame = match input.below(16) {
            0 | 1 => hello(input),
            2..=4 => DeviceFrame::Send {
                room: room(),
                message: messages[input.below(messages.len())].bytes.clone().into(),
            },
            5 | 6 => DeviceFrame::Ack {
                room: room(),
                delivered: u64::from(input.byte() % 16),
                read: u64::from(input.byte() % 16),
            },
            7 => DeviceFrame::Ping,
            8 => {
                let text = String::from_utf8_lossy(input.run()).into_owned();
                return self.say(Message::text(text)).await;
            }
            9 => return self.say(Message::binary(input.run().to_vec())).await,
            10 => {
                return self
                    .say(Message::Ping(input.take(100).to_vec().into()))
                    .await;
            }
            11 => {
                return self
                    .say(Message::Pong(input.take(100).to_vec().into()))
                    .await;
            }
            12 => {
                let message = &messages[input.below(messages.len())];
                let by = caller(&message.device);
                let batch = vec![message.bytes.clone().into()];
                drop(self.site.homeserver.send(&by, &room(), batch).await);
                return;
            }
            13 => {
                let seconds = u64::from(input.byte() % 64);
                return self.listen(Duration::from_secs(seconds)).await;
            }
            14 => return self.say_spoiled(input).await,
            _ => return self.listen(Duration::from_millis(50)).await,
        };
        let text = serde_json::to_string(&frame).expect("plain data");
        self.say(Message::text(text)).await;
    }

    /// A right frame with some of its text replaced.
    async fn say_spoiled(&mut self, input: &mut Input<'_>) {
        let frame = DeviceFrame::Ack {
            room: room(),
            delivered: 1,
            read: 1,
        };
        let mut text = serde_json::to_vec(&frame).expect("plain data");
        for _ in 0..input.below(4) {
            let place = input.below(text.len());
            text[place] = input.byte();
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        self.say(Message::text(text)).await;
    }

    async fn say(&mut self, message: Message) {
        if self.socket.send(message).await.is_err() {
            self.closed = true;
        }
    }

    /// Takes what comes for so long.
    async fn listen(&mut self, patience: Duration) {
        let until = Instant::now() + patience;
        while let Ok(next) = timeout_at(until, self.socket.next()).await {
            match next {
                Some(Ok(Message::Text(text))) => self.hear(text.as_bytes()),
                Some(Ok(Message::Close(why))) => {
                    let code = why.map(|why| u16::from(why.code));
                    assert!(code.is_none_or(|code| CODES.contains(&code)), "{code:?}");
                    self.closed = true;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => {
                    self.closed = true;
                    return;
                }
            }
        }
    }

    fn hear(&mut self, text: &[u8]) {
        match frame::read::<ServerFrame>(text).expect("a frame of the protocol") {
            ServerFrame::Event { event, .. } | ServerFrame::Welcome { event, .. } => {
                self.take(event.as_slice());
            }
            ServerFrame::Sent {
                client_msg_id, seq, ..
            } => {
                let first = *self.sent.entry(client_msg_id).or_insert(seq);
                assert_eq!(seq, first, "one message, one place");
            }
            ServerFrame::Held { .. } => panic!("a hub holds nothing"),
            _ => {}
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let event = Event::from_bytes(bytes).expect("an event");
        let expected = self.seen.map(|seen| seen + 1);
        assert!(
            expected.is_none_or(|expected| event.header.seq == expected),
            "{expected:?}"
        );
        self.seen = Some(event.header.seq);
    }

    /// The server stops: every connection ends in time, and the log is whole.
    async fn end(mut self) {
        self.listen(Duration::from_millis(50)).await;
        let (sockets, mut socket) = (self.sockets.clone(), self.socket);
        let drained = async { while let Some(Ok(_)) = socket.next().await {} };
        tokio::join!(sockets.stop(), drained);
        assert!(sockets.is_empty(), "a connection stayed");
        let events = self.site.events().await;
        for seq in self.sent.values() {
            assert!(u64::try_from(events.len()).is_ok_and(|newest| *seq <= newest));
        }
    }
}

fn hello(input: &mut Input<'_>) -> DeviceFrame {
    let from = input.below(8);
    let cursors = match from {
        7 => BTreeMap::new(),
        n => {
            let from = u64::try_from(n).expect("a small number");
            BTreeMap::from([(room(), from)])
        }
    };
    DeviceFrame::Hello { cursors }
}
