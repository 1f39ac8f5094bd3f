//! A server document is believed under its pinned or known root alone (DOC-2 to DOC-8).

use holm_protocol::{Code, PrivateKey};
use holm_system_tests::{Answer, Call, Rogue, Scene, Tamper, now_ms, random};

async fn heads(scene: &Scene, rogue: &Rogue) -> Answer {
    let call = Call {
        method: "POST".into(),
        path: "/federation/v1/heads".into(),
        body: br#"{"rooms":[]}"#.to_vec(),
        tamper: Tamper::Nothing,
    };
    rogue.call(scene, "islet.test", &call).await
}

/// Refused as untrusted, with a sentence that names the matter.
async fn is_untrusted(scene: &Scene, rogue: &Rogue, about: &str) {
    let problem = heads(scene, rogue).await.problem();
    assert_eq!(problem.code, Code::PeerUntrusted, "{problem}");
    assert!(problem.detail.contains(about), "{problem}");
}

#[tokio::test]
async fn a_root_that_is_not_the_pinned_one_is_refused() {
    // DOC-5
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let other = PrivateKey::from_seed(&random());
    rogue.show(rogue.document(1).sign(&other));
    is_untrusted(&scene, &rogue, "root").await;
}

/// Shows a document that also lists a key `r2`, signed by `root`, and signs a request with it: the
/// server has to read the document to know the key.
async fn with_new_key(scene: &Scene, rogue: &Rogue, serial: u64, root: &PrivateKey) -> Answer {
    let mut document = rogue.document(serial);
    let mut key = document.request_keys[0].clone();
    key.id = "r2".into();
    document.request_keys.push(key);
    rogue.show(document.sign(root));
    let call = Call {
        method: "POST".into(),
        path: "/federation/v1/heads".into(),
        body: br#"{"rooms":[]}"#.to_vec(),
        tamper: Tamper::KeyId("r2".into()),
    };
    rogue.call(scene, "islet.test", &call).await
}

#[tokio::test]
async fn a_root_that_is_neither_pinned_nor_known_is_refused() {
    // DOC-5: known from first contact, no pin in DNS any more., F50
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    assert_eq!(heads(&scene, &rogue).await.status, 200);
    scene
        .lab
        .dns
        .set("_holm.rogue.test", Vec::new())
        .await
        .unwrap();
    // A restart forgets when the document was last fetched, and nothing else.
    scene
        .lab
        .server("islet.test")
        .unwrap()
        .restart()
        .await
        .unwrap();
    let other = PrivateKey::from_seed(&random());
    let problem = with_new_key(&scene, &rogue, 2, &other).await.problem();
    assert_eq!(problem.code, Code::PeerUntrusted);
    assert!(
        problem.detail.contains("which has not signed it"),
        "{problem}"
    );
    assert_eq!(heads(&scene, &rogue).await.status, 200);
}

#[tokio::test]
async fn a_lower_serial_is_refused_and_a_higher_one_taken() {
    // DOC-6
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    rogue.show(rogue.document(7).sign(&rogue.root));
    assert_eq!(heads(&scene, &rogue).await.status, 200);
    let server = scene.lab.server("islet.test").unwrap();
    server.restart().await.unwrap();
    let lower = with_new_key(&scene, &rogue, 6, &rogue.root).await;
    assert_eq!(lower.code(), Code::UnknownKey);
    assert_eq!(heads(&scene, &rogue).await.status, 200);
    server.restart().await.unwrap();
    assert_eq!(
        with_new_key(&scene, &rogue, 8, &rogue.root).await.status,
        200
    );
}

#[tokio::test]
async fn an_expired_document_is_refused() {
    // DOC-7
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let mut document = rogue.document(1);
    document.expires = now_ms() - 1_000;
    rogue.show(document.sign(&rogue.root));
    is_untrusted(&scene, &rogue, "expired").await;
}

#[tokio::test]
async fn another_servers_document_is_refused() {
    // DOC-4
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let other = Rogue::start(&scene, "other.test").await;
    let mut document = rogue.document(1);
    document.name = other.name.clone();
    rogue.show(document.sign(&rogue.root));
    is_untrusted(&scene, &rogue, "other.test").await;
}
