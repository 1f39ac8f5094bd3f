//! No server can read a message: a canary is found in no database, log or captured body, while a
//! visible field is (the search can find what is there).

use std::path::{Path, PathBuf};

use holm::lab::Front;
use holm_system_tests::{Person, Scene};

const CANARY: &str = "canary-7f3b9c52";

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else if !path.is_file() {
                // The operator's socket holds nothing.
                Vec::new()
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Files that hold `text`, as it is, as base64 of any alignment, or in hexadecimal.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let needles = needles(text);
    let holds = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        needles
            .iter()
            .any(|n| bytes.windows(n.len()).any(|window| window == n.as_slice()))
    };
    files(folder).into_iter().filter(holds).collect()
}

fn needles(text: &str) -> Vec<Vec<u8>> {
    use holm_protocol::Base64Url;
    let mut all = vec![text.as_bytes().to_vec()];
    for shift in 0..3 {
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(text.as_bytes());
        let encoded = Base64Url::to_text(&shifted);
        // The first characters depend on what stands before, the last on what follows.
        let inner = &encoded[if shift == 0 { 0 } else { 4 }..encoded.len() - 4];
        all.push(inner.as_bytes().to_vec());
    }
    all.push(
        text.bytes()
            .flat_map(|b| format!("{b:02x}").into_bytes())
            .collect(),
    );
    all
}

#[tokio::test]
async fn a_canary_in_a_conversation_is_found_on_no_server_and_in_no_captured_body() {
    let domains = ["islet.test", "skerry.test"];
    let scene = Scene::start_behind(&domains, Front::RecordingProxy).await;
    let mut alice = Person::register(&scene, "islet.test", "alice").await;
    let mut bob = Person::register(&scene, "skerry.test", "bob").await;
    let room = alice.device.create_room().await.unwrap();
    alice
        .device
        .add_users(&room, std::slice::from_ref(&bob.user))
        .await
        .unwrap();
    assert_eq!(bob.joins().await, room);
    alice.device.send(&room, CANARY).await.unwrap();
    assert_eq!(bob.hears(CANARY).await.sender, alice.user);
    bob.device
        .send(&room, &format!("{CANARY} back"))
        .await
        .unwrap();
    alice.hears(&format!("{CANARY} back")).await;
    scene.lab.stop().await.unwrap();

    for folder in ["servers", "captured"] {
        let folder = scene.lab.data().join(folder);
        assert_eq!(holding(&folder, CANARY), Vec::<PathBuf>::new());
        assert!(
            !holding(&folder, room.as_str()).is_empty(),
            "the search finds nothing in {folder:?}"
        );
    }
}

#[test]
fn the_search_finds_every_disguise() {
    let folder = tempfile::tempdir().unwrap();
    for (index, needle) in needles(CANARY).iter().enumerate() {
        std::fs::write(folder.path().join(index.to_string()), needle).unwrap();
    }
    assert_eq!(holding(folder.path(), CANARY).len(), 5);
    let text = holm_protocol::Base64Url::to_text(format!("{{\"text\":\"{CANARY}!\"}}").as_bytes());
    std::fs::write(folder.path().join("inside"), text).unwrap();
    assert_eq!(holding(folder.path(), CANARY).len(), 6);
}
