//! Bodies and frames that are not as documented (ENC-4, LIM-5, LIM-7, LIM-9, LIM-10, PROB-1).

use holm_protocol::Code;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::federation::{HeadsRequest, RoomHead};
use holm_protocol::limits::{
    CLIENT_BODY_LEN_MAX, FEDERATION_BODY_LEN_MAX, MESSAGE_LEN_MAX, NOTIFY_ROOMS_MAX,
};
use holm_system_tests::{Call, Member, Rogue, Scene, Tamper};

use crate::idempotency::{Socket, send_over_socket};

#[tokio::test]
async fn malformed_json_and_duplicate_members_are_refused() {
    // ENC-4
    let scene = Scene::start(&["islet.test"]).await;
    let alice = Member::register(&scene, "islet.test", "alice").await;
    let bad: [&[u8]; 6] = [
        b"{",
        b"",
        b"{\"name\":\"carol\",\"name\":\"dave\",\"password\":\"correct horse\"}",
        b"{\"name\":\"carol\",\"password\":\"correct horse\"} x",
        b"\xff\xfe",
        b"{\"name\":\"carol\",\"password\":\"correct horse\",\"x\":{\"a\":1,\"a\":2}}",
    ];
    for body in bad {
        let answer = alice.post_bytes("/client/v1/register", body.to_vec()).await;
        assert_eq!(
            answer.code(),
            Code::Malformed,
            "{}",
            String::from_utf8_lossy(body)
        );
    }
    let unknown = b"{\"name\":\"carol\",\"password\":\"correct horse\",\"later\":1}".to_vec();
    assert!(
        alice
            .post_bytes("/client/v1/register", unknown)
            .await
            .status
            < 300
    );
}

#[tokio::test]
async fn a_body_of_the_limit_is_read_and_one_byte_more_is_not() {
    // LIM-10, LIM-9
    let scene = Scene::start(&["islet.test"]).await;
    let alice = Member::register(&scene, "islet.test", "alice").await;
    let padded = |len: usize| {
        let mut body = b"{\"name\":\"UPPER\",\"password\":\"correct horse\"}".to_vec();
        body.resize(len, b' ');
        body
    };
    let at = alice
        .post_bytes("/client/v1/register", padded(CLIENT_BODY_LEN_MAX))
        .await;
    assert_eq!(at.code(), Code::BadRequest);
    let over = alice
        .post_bytes("/client/v1/register", padded(CLIENT_BODY_LEN_MAX + 1))
        .await;
    assert_eq!(over.code(), Code::TooLarge);

    let rogue = Rogue::start(&scene, "rogue.test").await;
    let heads = |len: usize| {
        let mut body = b"{\"rooms\":[]}".to_vec();
        body.resize(len, b' ');
        let path = "/federation/v1/heads".into();
        Call {
            method: "POST".into(),
            path,
            body,
            tamper: Tamper::Nothing,
        }
    };
    let at = rogue
        .call(&scene, "islet.test", &heads(FEDERATION_BODY_LEN_MAX))
        .await;
    assert_eq!(at.status, 200, "{}", at.text());
    let over = rogue
        .call(&scene, "islet.test", &heads(FEDERATION_BODY_LEN_MAX + 1))
        .await;
    assert_eq!(over.code(), Code::TooLarge);
}

#[tokio::test]
async fn heads_of_256_rooms_are_compared_and_of_one_more_are_not() {
    // LIM-15, FED-6
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let heads = |count: usize| {
        let head = |n: usize| RoomHead {
            room: format!("mimi://islet.test/r/r{n}").parse().unwrap(),
            cursor: 0,
            head: None,
        };
        HeadsRequest {
            rooms: (0..count).map(head).collect(),
            since: None,
        }
    };
    let path = "/federation/v1/heads";
    let at = rogue
        .post(&scene, "islet.test", path, &heads(NOTIFY_ROOMS_MAX))
        .await;
    assert_eq!(at.status, 200, "{}", at.text());
    let over = rogue
        .post(&scene, "islet.test", path, &heads(NOTIFY_ROOMS_MAX + 1))
        .await;
    assert_eq!(over.code(), Code::TooLarge);
}

#[tokio::test]
async fn a_message_of_the_limit_is_taken_and_one_byte_more_is_not() {
    // LIM-5: padded to 256, so the text is fitted until the ciphertext is as long as may be.
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let room = alice.create_room().await;
    let mut id = 0_u128;
    let mut of_length = |alice: &mut Member, text: usize| {
        id += 1;
        alice.encrypt(ClientMsgId(id.to_be_bytes()), &"x".repeat(text))
    };
    let overhead = of_length(&mut alice, MESSAGE_LEN_MAX - 1_024).len() + 1_024 - MESSAGE_LEN_MAX;
    let largest = of_length(&mut alice, MESSAGE_LEN_MAX - overhead - 256);
    assert!(largest.len() <= MESSAGE_LEN_MAX, "{}", largest.len());
    send_over_socket(&scene, &alice, &room, &largest)
        .await
        .expect("within the limit");
    let mut over = largest.clone();
    over.resize(MESSAGE_LEN_MAX + 1, 0);
    let problem = send_over_socket(&scene, &alice, &room, &over)
        .await
        .unwrap_err();
    assert_eq!(problem.code, Code::TooLarge);
}

#[tokio::test]
async fn a_frame_of_three_mebibytes_closes_the_connection() {
    // LIM-7
    let scene = Scene::start(&["islet.test"]).await;
    let alice = Member::register(&scene, "islet.test", "alice").await;
    let mut socket = Socket::open(&scene, &alice).await;
    socket.say(&"x".repeat(3 * 1_024 * 1_024)).await;
    assert_eq!(socket.closed().await, Some(1009));
    // The server is well.
    drop(Socket::open(&scene, &alice).await);
}
