//! A repeated `client_msg_id` gets its first answer, from a device and from a follower, also with
//! other bytes after an epoch change (LOG-7, LOG-9).

use futures::{SinkExt, StreamExt};
use holm_client_types::frame::{DeviceFrame, SUBPROTOCOL, ServerFrame};
use holm_client_types::room::EventsResponse;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::federation::{
    Sent, SubmitRequest, SubmitResponse, SubmitResult, SubmittedMessage,
};
use holm_protocol::{EventKind, Problem, RoomUri};
use holm_system_tests::{Change, Member, Rogue, Scene};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

type Stream =
    tokio_tungstenite::WebSocketStream<tokio_rustls::client::TlsStream<tokio::net::TcpStream>>;

/// A sync connection, spoken frame by frame.
pub(crate) struct Socket(Stream);

impl Socket {
    /// Connects and says hello.
    pub(crate) async fn open(scene: &Scene, member: &Member) -> Self {
        let domain = member.user.server();
        let address = scene.address(domain.as_str());
        let tcp = tokio::net::TcpStream::connect(address).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(scene.tls()));
        let host = format!("hs.{domain}").try_into().unwrap();
        let tls = connector.connect(host, tcp).await.unwrap();
        let url = format!("wss://hs.{domain}:{}/client/v1/sync", address.port());
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
        headers.insert(
            "authorization",
            format!("Bearer {}", member.token).parse().unwrap(),
        );
        let (stream, _) = tokio_tungstenite::client_async(request, tls).await.unwrap();
        let mut socket = Self(stream);
        let hello = DeviceFrame::Hello {
            cursors: std::collections::BTreeMap::default(),
        };
        socket.say(&serde_json::to_string(&hello).unwrap()).await;
        socket
    }

    /// Sends a text frame.
    pub(crate) async fn say(&mut self, text: &str) {
        // The other side may close while a large frame is still going out.
        drop(self.0.send(Message::text(text)).await);
    }

    /// Reads frames until one fits.
    pub(crate) async fn wait<T>(&mut self, fits: impl Fn(&ServerFrame) -> Option<T>) -> T {
        loop {
            let message = self
                .0
                .next()
                .await
                .expect("an open connection")
                .expect("a frame");
            if let Message::Text(text) = message {
                let frame: ServerFrame = serde_json::from_str(&text).expect("a known frame");
                if let Some(found) = fits(&frame) {
                    return found;
                }
            }
        }
    }

    /// Reads until the connection ends; its close code.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        while let Some(Ok(message)) = self.0.next().await {
            if let Message::Close(frame) = message {
                return frame.map(|f| f.code.into());
            }
        }
        None
    }

    /// Sends a message and waits for its answer.
    pub(crate) async fn send(&mut self, room: &RoomUri, message: &[u8]) -> Result<Sent, Problem> {
        let frame = DeviceFrame::Send {
            room: room.clone(),
            message: message.to_vec().into(),
        };
        self.say(&serde_json::to_string(&frame).unwrap()).await;
        self.wait(|frame| match frame {
            ServerFrame::Sent {
                client_msg_id,
                seq,
                time,
                ..
            } => Some(Ok(Sent {
                client_msg_id: *client_msg_id,
                seq: *seq,
                time: *time,
            })),
            ServerFrame::Problem { problem, .. } => Some(Err(problem.clone())),
            _ => None,
        })
        .await
    }
}

/// Sends one message over a connection of its own.
pub(crate) async fn send_over_socket(
    scene: &Scene,
    member: &Member,
    room: &RoomUri,
    message: &[u8],
) -> Result<Sent, Problem> {
    Socket::open(scene, member).await.send(room, message).await
}

async fn messages(member: &Member, room: &RoomUri) -> usize {
    let room = room.as_str().replace(':', "%3A").replace('/', "%2F");
    let page: EventsResponse = member
        .get(&format!("/client/v1/rooms/{room}/events?after=0&limit=256"))
        .await
        .good();
    let event = |bytes: &holm_protocol::Base64Url| {
        holm_protocol::Event::from_bytes(bytes.as_slice()).unwrap()
    };
    page.events
        .iter()
        .filter(|e| event(e).header.kind == EventKind::MESSAGE)
        .count()
}

#[tokio::test]
async fn a_device_that_repeats_an_id_gets_its_first_answer() {
    // LOG-9
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let room = alice.create_room().await;
    let id = ClientMsgId([7; 16]);
    let message = alice.encrypt(id, "once");
    let first = send_over_socket(&scene, &alice, &room, &message)
        .await
        .unwrap();
    assert_eq!((first.client_msg_id, first.seq), (id, 1));
    assert_eq!(
        send_over_socket(&scene, &alice, &room, &message)
            .await
            .unwrap(),
        first
    );

    for _ in 0..4 {
        let bundle = alice.commit(&Change::default());
        alice.submit(&room, &bundle).await.expect_good();
        alice.merge();
    }
    let anew = alice.encrypt(id, "once");
    assert_ne!(anew, message);
    assert_eq!(
        send_over_socket(&scene, &alice, &room, &anew)
            .await
            .unwrap(),
        first
    );
    // The old bytes too, though their epoch is long too old now.
    assert_eq!(
        send_over_socket(&scene, &alice, &room, &message)
            .await
            .unwrap(),
        first
    );
    assert_eq!(messages(&alice, &room).await, 1);

    scene
        .lab
        .server("islet.test")
        .unwrap()
        .kill()
        .await
        .unwrap();
    scene
        .lab
        .server("islet.test")
        .unwrap()
        .restart()
        .await
        .unwrap();
    assert_eq!(
        send_over_socket(&scene, &alice, &room, &anew)
            .await
            .unwrap(),
        first
    );
}

#[tokio::test]
async fn a_follower_that_repeats_an_id_gets_its_first_answer() {
    // LOG-9, FED-4
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let mut mallory = Member::of_rogue(&scene, "rogue.test", "mallory");
    let room = alice.create_room().await;
    let package = mallory.key_package();
    let bundle = alice.commit(&Change {
        adds: vec![package],
        ..Change::default()
    });
    alice.submit(&room, &bundle).await.expect_good();
    alice.merge();
    let tree =
        holm_protocol::encoding::encode(&alice.group.as_ref().unwrap().export_ratchet_tree());
    mallory.join(bundle.welcome.as_ref().unwrap(), &tree);

    let submit = async |message: &[u8]| {
        let message = SubmittedMessage {
            user: mallory_user(),
            message: message.to_vec().into(),
        };
        let request = SubmitRequest {
            messages: vec![message.clone(), message],
        };
        let room = room.as_str().replace(':', "%3A").replace('/', "%2F");
        let path = format!("/federation/v1/submitMessage/{room}");
        let answer: SubmitResponse = rogue
            .post(&scene, "islet.test", &path, &request)
            .await
            .good();
        answer.results
    };
    let id = ClientMsgId([8; 16]);
    let message = mallory.encrypt(id, "once");
    let first = submit(&message).await;
    let SubmitResult::Sent(sent) = &first[0] else {
        panic!("{first:?}")
    };
    assert_eq!((sent.client_msg_id, sent.seq), (id, 2));
    assert_eq!(first[1], first[0]);
    assert_eq!(submit(&message).await, first);

    let bundle = alice.commit(&Change::default());
    alice.submit(&room, &bundle).await.expect_good();
    mallory.receive(&bundle.commit).unwrap();
    let anew = mallory.encrypt(id, "once");
    assert_eq!(submit(&anew).await, first);
    assert_eq!(messages(&alice, &room).await, 1);
}

fn mallory_user() -> holm_protocol::UserUri {
    holm_protocol::UserUri::from_address("mallory@rogue.test").unwrap()
}
