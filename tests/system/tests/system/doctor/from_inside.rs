//! The look from a running server, with a signed round trip, and its way in: the operator's door.

use std::os::unix::fs::PermissionsExt;

use holm_protocol::{Code, Problem};
use holm_system_tests::{Answer, Ended, Person, Rogue, Scene, holm, now_ms};

use super::{count, has};

/// `holm <command> … --json`, to the server `islet.test`.
async fn of_islet(scene: &Scene, arguments: &[&str]) -> Ended {
    let data = scene.lab.server("islet.test").unwrap().data_dir();
    let data = data.to_str().unwrap();
    holm(&[arguments, &["--data", data, "--json"]].concat()).await
}

/// Alice of islet.test and bob of skerry.test in one room.
async fn talk(scene: &Scene) -> (Person, Person, holm_protocol::RoomUri) {
    let alice = Person::register(scene, "islet.test", "alice").await;
    let mut bob = Person::register(scene, "skerry.test", "bob").await;
    let room = alice.device.create_room().await.unwrap();
    let users = std::slice::from_ref(&bob.user);
    alice.device.add_users(&room, users).await.unwrap();
    bob.joins().await;
    alice.device.send(&room, "hello").await.unwrap();
    bob.hears("hello").await;
    (alice, bob, room)
}

#[tokio::test]
async fn two_servers_that_are_well_tell_each_other_so() {
    // FED-20, SIG-9
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let _talk = talk(&scene).await;
    let ended = of_islet(&scene, &["doctor", "skerry.test"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        (count(&ended, "warn"), count(&ended, "fail")),
        (0, 0),
        "{ended:?}"
    );
    has(
        &ended,
        "signature",
        "ok",
        "skerry.test verified our request",
        "",
    );
    has(&ended, "reflection", "ok", "we come from 127.0.0.1", "");
    has(&ended, "root", "ok", "this server knows skerry.test", "");
    has(&ended, "calls", "ok", "it was heard", "");
    has(&ended, "queue", "ok", "1 room(s)", "");
}

#[tokio::test]
async fn a_peer_whose_clock_is_off_or_that_refuses_is_told_with_its_words() {
    // FED-20, SIG-7
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let answers = |problem: Problem| {
        let body = serde_json::to_string(&problem).unwrap();
        rogue.door.lock().unwrap().answer = Some((problem.status, body));
    };
    answers(Problem::new(Code::ClockSkew, "off").with_time(now_ms() + 3_600_000));
    let ended = of_islet(&scene, &["doctor", "rogue.test"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(&ended, "clock", "fail", "ahead of the one here", "NTP");
    answers(Problem::new(Code::Forbidden, "we do not know you"));
    let ended = of_islet(&scene, &["doctor", "rogue.test"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(&ended, "signature", "fail", "we do not know you", "blocked");
}

/// `holm peers`, once the cursor of what skerry.test took is written, a second later at most.
async fn owing_one_event(scene: &Scene) -> Ended {
    for _ in 0..1_000 {
        let ended = of_islet(scene, &["peers"]).await;
        let peers = ended.events("peer");
        assert_eq!(peers.len(), 1, "{ended:?}");
        if peers[0]["events_owed"] == 1 {
            return ended;
        }
    }
    panic!("skerry.test is not owed one event");
}

#[tokio::test]
async fn a_peer_that_is_away_is_listed_with_what_it_is_owed_and_tried_again_on_request() {
    // FED-9, FED-15, D17
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let (alice, mut bob, room) = talk(&scene).await;
    let skerry = scene.lab.server("skerry.test").unwrap();
    skerry.stop().await.unwrap();
    alice.device.send(&room, "are you there?").await.unwrap();
    let retried = of_islet(&scene, &["peers", "retry", "skerry.test"]).await;
    assert_eq!(retried.code, Some(1), "{retried:?}");
    let ended = owing_one_event(&scene).await;
    let peers = ended.events("peer");
    assert_eq!(peers[0]["domain"], "skerry.test");
    assert_eq!(peers[0]["rooms_owed"], 1, "{ended:?}");
    assert_ne!(peers[0]["calls"]["breaker"], "closed", "{ended:?}");
    let error = peers[0]["calls"]["last_error"].as_str().unwrap();
    assert!(error.contains("cannot be reached"), "{error}");
    let ended = of_islet(&scene, &["doctor", "skerry.test"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(
        &ended,
        "connection",
        "fail",
        "takes no connection",
        "firewall",
    );
    has(
        &ended,
        "calls",
        "warn",
        "cannot be reached",
        "holm peers retry",
    );
    has(&ended, "queue", "ok", "owed 1 event(s)", "");
    skerry.restart().await.unwrap();
    let retried = of_islet(&scene, &["peers", "retry", "skerry.test"]).await;
    assert_eq!(retried.code, Some(0), "{retried:?}");
    bob.hears("are you there?").await;
}

#[tokio::test]
async fn the_operators_door_is_the_owners_alone_and_not_on_the_public_listener() {
    // X01
    let scene = Scene::start(&["islet.test"]).await;
    let data = scene.lab.server("islet.test").unwrap().data_dir();
    let socket = std::fs::metadata(data.join("operator.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    let http = scene.http();
    for path in ["peers", "peers/retry", "doctor", "forks", "keys/rotate"] {
        let url = format!("{}/operator/v1/{path}", scene.base("islet.test"));
        for request in [http.get(&url), http.post(&url).json(&serde_json::json!({}))] {
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert_eq!(answer.code(), Code::NotFound, "{path}: {answer:?}");
        }
    }
}
