//! Roots: replaced by one that the former signed, replaced without, and pinned otherwise.

use std::cell::Cell;

use holm::lab::RecordData;
use holm::operator::{ACCEPT_ROOT, AcceptRoot, ROTATE_KEYS, RotateKeys, RotatedKeys};
use holm_protocol::PublicKey;
use holm_sdk::DeviceEvent;
use holm_system_tests::{Person, random};

use super::{ATOLL, ISLET, SKERRY, Story, name};

/// Messages after which everybody has got a head.
const ROUNDS: usize = 500;

async fn rotate(story: &Story, root: bool, now: bool) -> RotatedKeys {
    let question = RotateKeys { root, now };
    let operator = story.operator(ISLET);
    operator.ask(&ROTATE_KEYS, &question).await.unwrap()
}

/// Waits for a message, and notes whether the device has followed the hub to its next root.
async fn hears(person: &mut Person, text: &str, wanted: PublicKey, followed: &Cell<bool>) {
    person
        .wait(text, |event| match event {
            DeviceEvent::HubRoot { root, .. } if *root == wanted => {
                followed.set(true);
                None
            }
            DeviceEvent::Message(entry) if entry.text == text => Some(()),
            _ => None,
        })
        .await;
}

/// Alice talks until the others' devices have followed: a device gets a head once a second at
/// most, and finds the new key there.
async fn talk_until_all_follow(story: &mut Story, wanted: PublicKey) {
    let (bob, carol) = (Cell::new(false), Cell::new(false));
    for round in 0..ROUNDS {
        let text = format!("word {round} under the next root");
        story.alice.device.send(&story.room, &text).await.unwrap();
        hears(&mut story.bob, &text, wanted, &bob).await;
        hears(&mut story.carol, &text, wanted, &carol).await;
        if bob.get() && carol.get() {
            return;
        }
    }
    panic!("bob {bob:?} and carol {carol:?} did not follow to the hub's next root");
}

/// DOC-10, DOC-11, ROOM-17, ADM-14
#[tokio::test]
async fn a_server_with_a_new_root_signed_by_the_old_one_goes_on_and_its_rooms_follow() {
    let mut story = Story::begin().await;
    let before = story.scene.lab.server(ISLET).unwrap().ready().root;
    let rotated = rotate(&story, true, true).await;
    assert!(rotated.new_root && rotated.root != before && rotated.serial == 2);
    assert!(rotated.record.contains(&rotated.root.to_string()));
    // DNS still pins the former root. The others look when their operators say so, or in time.
    for at in [SKERRY, ATOLL] {
        assert_eq!(story.retry(at, ISLET).await.error, None);
        let seen = story.seen(at, ISLET).await;
        assert_eq!(seen.trust.root, Some(rotated.root));
        assert_eq!(seen.trust.root_refused, None);
        assert!(story.log(at).contains("signed by the one before"));
    }
    talk_until_all_follow(&mut story, rotated.root).await;
    let followed = |event: &DeviceEvent| match event {
        DeviceEvent::HubRoot { root, .. } if *root == rotated.root => Some(()),
        _ => None,
    };
    story.alice.wait("the next root", followed).await;
    story.bob_says("and on").await;
    // A restart finds the new keys, and serves the document with both.
    story
        .scene
        .lab
        .server(ISLET)
        .unwrap()
        .restart()
        .await
        .unwrap();
    let ready = story.scene.lab.server(ISLET).unwrap().ready();
    assert_eq!(ready.root, rotated.root);
    story.alice_says("after a restart").await;
}

/// DOC-3, SIG-9, HEAD-3
#[tokio::test]
async fn keys_that_others_may_have_are_replaced_at_once_and_nothing_is_lost() {
    let mut story = Story::begin().await;
    story.alice_says("before").await;
    let listed = rotate(&story, false, false).await;
    assert!(!listed.new_root && listed.serial == 2);
    story
        .alice_says("the new keys are listed and the old ones sign")
        .await;
    let now = rotate(&story, false, true).await;
    assert_eq!((now.serial, now.root), (3, listed.root));
    assert_ne!(now.request_key, listed.request_key);
    for at in [SKERRY, ATOLL] {
        assert_eq!(story.retry(at, ISLET).await.error, None);
    }
    story.alice_says("the newest keys sign").await;
    story.bob_says("and are known").await;
}

/// DOC-5, DOC-9
#[tokio::test]
async fn a_replaced_server_is_refused_until_the_operator_accepts_it_and_is_owed_nothing() {
    let mut story = Story::begin().await;
    let known = story.scene.lab.server(SKERRY).unwrap().ready().root;
    let dns = &story.scene.lab.dns;
    dns.set("_holm.skerry.test", Vec::new()).await.unwrap();
    let skerry = story.scene.lab.server(SKERRY).unwrap();
    skerry.kill().await.unwrap();
    std::fs::remove_dir_all(skerry.data_dir()).unwrap();
    skerry.restart().await.unwrap();
    let found = skerry.ready().root;
    assert_ne!(found, known);

    // Refused by both others, who are told what happened and what to do.
    for at in [ISLET, ATOLL] {
        let error = story.retry(at, SKERRY).await.error.unwrap();
        let fix = format!("holm peers accept-root skerry.test {found}");
        assert!(error.contains("which has not signed it"), "{error}");
        assert!(error.contains(&fix), "{error}");
        assert!(story.log(at).contains(&fix), "the log says it as well");
    }
    let seen = story.seen(ISLET, SKERRY).await;
    assert_eq!(seen.trust.root, Some(known));
    assert!(
        seen.trust
            .root_refused
            .unwrap()
            .contains(&found.to_string())
    );
    let dave = Person::register(&story.scene, SKERRY, "dave").await;
    let room = dave.device.create_room().await.unwrap();
    let alice = [story.alice.user.clone()];

    // Islet's operator has asked on the phone.
    let question = AcceptRoot {
        domain: name(SKERRY),
        root: found,
    };
    let operator = story.operator(ISLET);
    let accepted = operator.ask(&ACCEPT_ROOT, &question).await.unwrap();
    assert_eq!((accepted.former, accepted.error), (Some(known), None));
    assert_eq!(story.seen(ISLET, SKERRY).await.trust.root, Some(found));
    let bob = story.bob.user.clone();
    let gone = |event: &DeviceEvent| match event {
        DeviceEvent::Participants { removed, .. } => removed.contains(&bob).then_some(()),
        _ => None,
    };
    story.alice.wait("bob's removal", gone).await;
    story
        .alice
        .device
        .send(&story.room, "without bob")
        .await
        .unwrap();
    story.carol.hears("without bob").await;
    dave.device.add_users(&room, &alice).await.unwrap();
    assert_eq!(story.alice.joins().await, room);
    assert_eq!(story.seen(ISLET, SKERRY).await.events_owed, 0);
    // Atoll's operator has not.
    assert!(story.retry(ATOLL, SKERRY).await.error.is_some());
}

/// DOC-5, DISC-11
#[tokio::test]
async fn a_pin_that_changes_is_told_and_what_is_known_goes_on() {
    let mut story = Story::begin().await;
    let known = story.scene.lab.server(SKERRY).unwrap().ready().root;
    let other = PublicKey(random());
    let record = |root: PublicKey| vec![RecordData::Txt(format!("v=holm1; root={root}"))];
    let dns = &story.scene.lab.dns;
    dns.set("_holm.skerry.test", record(other)).await.unwrap();
    let pinned = format!("DNS pins another, {other}");
    for at in [ISLET, ATOLL] {
        // It is still the server that it was, so it is spoken to.
        story
            .retry_until(at, SKERRY, || story.log(at).contains(&pinned))
            .await;
        assert!(story.log(at).contains("TXT record of _holm.skerry.test"));
    }
    let refused = story.seen(ISLET, SKERRY).await.trust.root_refused;
    assert!(refused.unwrap().contains(&pinned));
    story.alice_says("the pin is wrong").await;
    story.bob_says("and we talk").await;
    // A restart does not forget since when.
    story
        .scene
        .lab
        .server(ISLET)
        .unwrap()
        .restart()
        .await
        .unwrap();
    story.retry(ISLET, SKERRY).await;
    assert!(story.seen(ISLET, SKERRY).await.trust.root_refused.is_some());
    let dns = &story.scene.lab.dns;
    dns.set("_holm.skerry.test", record(known)).await.unwrap();
    let holds = || {
        let log = story.log(ISLET);
        let held = |line: &&str| line.contains("document holds") && line.contains(SKERRY);
        log.lines().filter(held).count()
    };
    let before = holds();
    story.retry_until(ISLET, SKERRY, || holds() > before).await;
    assert_eq!(story.seen(ISLET, SKERRY).await.trust.root_refused, None);
}
