//! Every crash point of a device, which is a `holm chat` process of its own.

use holm_protocol::UserUri;
use holm_sdk::CrashPoint;
use holm_system_tests::{Chat, Person, Scene};
use serde_json::{Value, json};

use super::stage::{FOLLOWER, HUB, Stage, assert_died, settles};

#[tokio::test(flavor = "multi_thread")]
async fn at_every_crash_point_of_a_device_nothing_is_lost_or_doubled() {
    // REL-1, OUT-1, F35, F53
    let scene = Scene::start(&[HUB, FOLLOWER]).await;
    let mut bob = Chat::start(&scene, "bob", None);
    bob.register("bob@skerry.test").await;
    let user = UserUri::from_address("bob@skerry.test").unwrap();
    let mut stage = Stage::set(scene, &user).await;
    bob.next("joined").await;
    for point in CrashPoint::ALL {
        bob.quit().await;
        let armed = Chat::start(&stage.scene, "bob", Some(point.name()));
        bob = match point {
            CrashPoint::DeviceBeforeCommit | CrashPoint::DeviceAfterCommit => {
                hears(&mut stage, armed, point).await
            }
            CrashPoint::DeviceSendAfterCommit | CrashPoint::DeviceSendBeforeSent => {
                speaks(&mut stage, armed, point).await
            }
            CrashPoint::DeviceCommitBeforeSubmit | CrashPoint::DeviceCommitBeforeMeet => {
                adds(&mut stage, armed, point).await
            }
        };
        go_on(&mut stage, &mut bob, point).await;
    }
    bob.quit().await;
}

/// The device dies of what alice says.
async fn hears(stage: &mut Stage, armed: Chat, point: CrashPoint) -> Chat {
    let text = format!("{}: by alice", point.name());
    let id = stage.alice.device.send(&stage.room, &text).await.unwrap();
    let told = settles(&mut stage.alice, &[id], &[]).await;
    stage.said.insert(text, Some(told[&id]));
    again(stage, armed, point).await
}

/// The device dies of what it says itself.
async fn speaks(stage: &mut Stage, mut armed: Chat, point: CrashPoint) -> Chat {
    let text = format!("{}: by bob", point.name());
    armed.next("caught_up").await;
    armed.ask(json!({ "command": "send", "text": text })).await;
    let mut bob = again(stage, armed, point).await;
    settles(&mut stage.alice, &[], &[&text]).await;
    // The answer may have come before the device said that it has caught up.
    while number_of(&mut bob, &text).await.is_none() {
        bob.next("sent").await;
    }
    stage.said.insert(text, None);
    bob
}

/// The device dies of adding somebody.
async fn adds(stage: &mut Stage, mut armed: Chat, point: CrashPoint) -> Chat {
    let name = point.name().replace(['.', '_'], "");
    let mut carol = Person::register(&stage.scene, FOLLOWER, &name).await;
    armed.next("caught_up").await;
    let users = [carol.user.to_string()];
    armed.ask(json!({ "command": "add", "users": users })).await;
    let bob = again(stage, armed, point).await;
    assert_eq!(carol.joins().await, stage.room);
    let text = format!("{}: by the one who was added", point.name());
    carol.device.send(&stage.room, &text).await.unwrap();
    settles(&mut stage.alice, &[], &[&text]).await;
    stage.said.insert(text, None);
    let removed = stage.alice.device.remove_user(&stage.room, &carol.user);
    removed.await.unwrap();
    bob
}

/// The device has died at `point`, and is started again.
async fn again(stage: &Stage, armed: Chat, point: CrashPoint) -> Chat {
    let errors = armed.errors();
    let ended = armed.exit().await;
    let errors = std::fs::read_to_string(errors).unwrap();
    assert_died(Some(ended), &errors, point.name());
    let mut bob = Chat::start(&stage.scene, "bob", None);
    bob.next("caught_up").await;
    bob
}

/// The device goes on, its keys fit, and everything is where it should be.
async fn go_on(stage: &mut Stage, bob: &mut Chat, point: CrashPoint) {
    let text = format!("{}: bob afterwards", point.name());
    bob.ask(json!({ "command": "send", "text": text })).await;
    settles(&mut stage.alice, &[], &[&text]).await;
    stage.said.insert(text, None);
    let text = format!("{}: alice afterwards", point.name());
    let id = stage.alice.device.send(&stage.room, &text).await.unwrap();
    let told = settles(&mut stage.alice, &[id], &[]).await;
    bob.wait(&text, |event| {
        (event["event"] == "message" && event["text"] == *text).then_some(())
    })
    .await;
    stage.said.insert(text, Some(told[&id]));
    let log = stage.check_logs().await;
    stage.check_shown(&stage.shown_to(&stage.alice).await, &log);
    let shown: Vec<_> = bob.history().await.iter().map(shown).collect();
    stage.check_shown(&shown, &log);
    assert_eq!(stage.participants(&stage.alice).await.len(), 4);
}

async fn number_of(bob: &mut Chat, text: &str) -> Option<u64> {
    let history = bob.history().await;
    let message = history.iter().find(|m| m["text"] == text).unwrap();
    message["seq"].as_u64()
}

fn shown(message: &Value) -> (u64, String) {
    let text = message["text"].as_str().unwrap();
    (message["seq"].as_u64().unwrap(), text.to_owned())
}
