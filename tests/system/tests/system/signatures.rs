//! A request of a peer is believed only as its signature says (SIG-3 to SIG-9).

use holm_protocol::Code;
use holm_system_tests::{Call, Rogue, Scene, Tamper, now_ms};

async fn heads(scene: &Scene, rogue: &Rogue, tamper: Tamper) -> holm_system_tests::Answer {
    let call = Call {
        method: "POST".into(),
        path: "/federation/v1/heads".into(),
        body: br#"{"rooms":[]}"#.to_vec(),
        tamper,
    };
    rogue.call(scene, "islet.test", &call).await
}

#[tokio::test]
async fn an_honest_request_is_taken_and_each_broken_rule_has_its_code() {
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    assert_eq!(heads(&scene, &rogue, Tamper::Nothing).await.status, 200);
    // SIG-8: the body is not the one that was signed.
    let body = Tamper::Body(br#"{"rooms":[ ]}"#.to_vec());
    assert_eq!(
        heads(&scene, &rogue, body).await.code(),
        Code::SignatureInvalid
    );
    // SIG-6: addressed to another server.
    let other = Tamper::Destination("skerry.test".into());
    assert_eq!(
        heads(&scene, &rogue, other).await.code(),
        Code::WrongDestination
    );
    // DOC-3: a key the document does not list.
    let key = Tamper::KeyId("r9".into());
    assert_eq!(heads(&scene, &rogue, key).await.code(), Code::UnknownKey);
    // SIG-9: another path than the one signed.
    let path = Tamper::Path("/federation/v1/notify".into());
    assert_eq!(
        heads(&scene, &rogue, path).await.code(),
        Code::SignatureInvalid
    );
    // SIG-3: nothing signed at all.
    assert_eq!(
        heads(&scene, &rogue, Tamper::Unsigned).await.code(),
        Code::SignatureMissing
    );
}

#[tokio::test]
async fn every_component_has_to_be_covered() {
    // SIG-3
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    for component in holm_protocol::request_signature::COMPONENTS {
        let answer = heads(&scene, &rogue, Tamper::Uncovered(component)).await;
        assert_eq!(answer.code(), Code::SignatureIncomplete, "{component}");
    }
}

#[tokio::test]
async fn a_request_created_six_minutes_off_is_refused_with_the_servers_time() {
    // SIG-7
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    for offset in [-360, 360] {
        let problem = heads(&scene, &rogue, Tamper::Created(offset))
            .await
            .problem();
        assert_eq!(problem.code, Code::ClockSkew);
        assert!(
            problem
                .time
                .is_some_and(|time| time.abs_diff(now_ms()) < 60_000)
        );
    }
    for offset in [-240, 240] {
        assert_eq!(
            heads(&scene, &rogue, Tamper::Created(offset)).await.status,
            200
        );
    }
}

#[tokio::test]
async fn a_peer_cannot_sign_for_another_server() {
    // SIG-5
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let answer = heads(&scene, &rogue, Tamper::Origin("skerry.test".into())).await;
    // Ids of keys are made of the keys, so the other server has none of this id.
    assert_eq!(answer.code(), Code::UnknownKey);
}
