//! A server without a participant learns nothing of a room, not even that it exists (FED-13).

use holm_protocol::federation::{GroupInfoRequest, SubmitRequest, SubmittedMessage};
use holm_protocol::{Code, RoomUri};
use holm_system_tests::{Answer, Call, Member, Rogue, Scene, Tamper};

/// Submit, pull and groupInfo of a room; what each answers.
async fn ask(scene: &Scene, rogue: &Rogue, room: &RoomUri) -> Vec<Answer> {
    let user = Member::of_rogue(scene, "rogue.test", "mallory").user;
    let room = room.as_str().replace(':', "%3A").replace('/', "%2F");
    let message = SubmittedMessage {
        user: user.clone(),
        message: vec![1, 2, 3].into(),
    };
    let submit = SubmitRequest {
        messages: vec![message],
    };
    let path = format!("/federation/v1/submitMessage/{room}");
    let submit = rogue.post(scene, "islet.test", &path, &submit).await;
    let pull = Call {
        method: "GET".into(),
        path: format!("/federation/v1/events/{room}?after=0"),
        body: Vec::new(),
        tamper: Tamper::Nothing,
    };
    let pull = rogue.call(scene, "islet.test", &pull).await;
    let path = format!("/federation/v1/groupInfo/{room}");
    let info = rogue
        .post(scene, "islet.test", &path, &GroupInfoRequest { user })
        .await;
    vec![submit, pull, info]
}

// FED-13
#[tokio::test]
async fn a_room_without_its_participant_looks_to_a_server_like_no_room() {
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let room = alice.create_room().await;
    let nowhere = RoomUri::new(&room.server(), "nowhere").unwrap();
    let real = ask(&scene, &rogue, &room).await;
    let none = ask(&scene, &rogue, &nowhere).await;
    for (real, none) in real.iter().zip(&none) {
        assert_eq!(real.code(), Code::NotFound, "{}", real.text());
        let same = real.text().replace(room.as_str(), nowhere.as_str());
        assert_eq!(same, none.text());
    }
}

#[tokio::test]
async fn no_server_is_believed_about_anothers_users() {
    // FED-11
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let room = alice.create_room().await;
    let message = SubmittedMessage {
        user: alice.user.clone(),
        message: vec![1].into(),
    };
    let escaped = room.as_str().replace(':', "%3A").replace('/', "%2F");
    let path = format!("/federation/v1/submitMessage/{escaped}");
    let request = SubmitRequest {
        messages: vec![message],
    };
    let answer = rogue.post(&scene, "islet.test", &path, &request).await;
    assert_eq!(answer.code(), Code::NotYourUser);
}
