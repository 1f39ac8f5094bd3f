//! Every named crash point, hit once: what was acknowledged is there once, what was not at most
//! once and, after the sender's retry under the same id, exactly once (LOG-2, LOG-9, FED-5, FED-14,
//! REL-1; ADR-0011).
//!
//! A point that no scene plays does not compile: the scenes are chosen by exhaustive matches over
//! the lists that the binary arms its processes from.

mod devices;
mod stage;

use holm_core::ports::CrashPoint;
use holm_sdk::{DeviceEvent, SdkError};
use holm_system_tests::{Person, Scene};
use stage::{FOLLOWER, HUB, Stage, settles};

/// What is going on when a server dies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The first message.
    Message,
    /// The second message; the first was acknowledged by the process that then dies.
    SecondMessage,
    /// Alice, at the hub, adds somebody of the follower.
    Commit,
    /// Bob, at the follower, does.
    CommitFromFollower,
    /// Bob speaks while the hub is away.
    Held,
    /// The hub is back, and what was held is brought.
    HeldBrought,
}

/// Where and when a point is hit.
fn scene_of(point: CrashPoint) -> (&'static str, Act) {
    match point {
        CrashPoint::AppendBeforeCommit
        | CrashPoint::AppendAfterCommit
        | CrashPoint::AppendBeforeAnswer
        | CrashPoint::AppendBeforeFanOut => (HUB, Act::SecondMessage),
        CrashPoint::NotifyBeforeCursor => (HUB, Act::Message),
        CrashPoint::CommitBeforeFold => (HUB, Act::Commit),
        CrashPoint::CommitAfterFold => (HUB, Act::CommitFromFollower),
        CrashPoint::FollowBeforeCommit
        | CrashPoint::FollowAfterCommit
        | CrashPoint::FollowBeforeAnswer
        | CrashPoint::FollowBeforeFanOut => (FOLLOWER, Act::Message),
        CrashPoint::FollowBeforeFold | CrashPoint::FollowAfterFold => (FOLLOWER, Act::Commit),
        CrashPoint::HoldBeforeAnswer => (FOLLOWER, Act::Held),
        CrashPoint::HoldBeforeSettle | CrashPoint::HoldAfterSettle => (FOLLOWER, Act::HeldBrought),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_crash_point_of_the_hub_nothing_is_lost_or_doubled() {
    // LOG-2, LOG-9, LOG-10, F01, F02, F52
    Box::pin(play(HUB)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_crash_point_of_a_follower_nothing_is_lost_or_doubled() {
    // FED-5, FED-14, LOG-6, F01, F02
    Box::pin(play(FOLLOWER)).await;
}

/// Plays the scene of every point of one server.
async fn play(domain: &str) {
    let scene = Scene::start(&[HUB, FOLLOWER]).await;
    let mut bob = Person::register(&scene, FOLLOWER, "bob").await;
    let mut stage = Stage::set(scene, &bob.user).await;
    bob.joins().await;
    for point in CrashPoint::ALL {
        match scene_of(point) {
            (server, _) if server != domain => continue,
            (_, Act::Commit) => add(&mut stage, &mut bob, point, false).await,
            (_, Act::CommitFromFollower) => add(&mut stage, &mut bob, point, true).await,
            (_, Act::Held) => hold(&mut stage, &mut bob, point, false).await,
            (_, Act::HeldBrought) => hold(&mut stage, &mut bob, point, true).await,
            (_, act) => talk(&mut stage, &mut bob, point, act == Act::SecondMessage).await,
        }
        go_on(&mut stage, &mut bob, point).await;
    }
}

/// Both speak while a server dies at `point`.
async fn talk(stage: &mut Stage, bob: &mut Person, point: CrashPoint, second: bool) {
    let (domain, _) = scene_of(point);
    let name = point.name();
    let at = if second {
        format!("{name}:2")
    } else {
        name.to_owned()
    };
    stage.server(domain).restart_to_crash(&at).await.unwrap();
    if second {
        acknowledged(stage, bob, format!("{name}: acknowledged")).await;
    }
    let [by_alice, by_bob] = ["alice", "bob"].map(|who| format!("{name}: by {who}"));
    let of_alice = stage.alice.device.send(&stage.room, &by_alice).await;
    let of_bob = bob.device.send(&stage.room, &by_bob).await;
    stage.dies(domain, name).await;
    settles(&mut stage.alice, &[of_alice.unwrap()], &[&by_bob]).await;
    settles(bob, &[of_bob.unwrap()], &[&by_alice]).await;
    stage.said.extend([(by_alice, None), (by_bob, None)]);
}

/// The follower dies of what it holds while the hub is away, or brings when it is back.
async fn hold(stage: &mut Stage, bob: &mut Person, point: CrashPoint, brought: bool) {
    let name = point.name();
    let follower = stage.server(FOLLOWER);
    follower.restart_to_crash(name).await.unwrap();
    stage.server(HUB).stop().await.unwrap();
    let text = format!("{name}: by bob");
    let id = bob.device.send(&stage.room, &text).await.unwrap();
    if brought {
        bob.wait("held", |event| {
            matches!(event, DeviceEvent::Held { client_msg_id, .. } if *client_msg_id == id)
                .then_some(())
        })
        .await;
        stage.server(HUB).restart().await.unwrap();
    }
    stage.dies(FOLLOWER, name).await;
    if !brought {
        stage.server(HUB).restart().await.unwrap();
    }
    settles(bob, &[id], &[]).await;
    settles(&mut stage.alice, &[], &[&text]).await;
    stage.said.insert(text, None);
}

/// Somebody is added while a server dies at `point`.
async fn add(stage: &mut Stage, bob: &mut Person, point: CrashPoint, by_bob: bool) {
    let (domain, _) = scene_of(point);
    let name = point.name();
    let user = name.replace(['.', '_'], "");
    let mut carol = Person::register(&stage.scene, FOLLOWER, &user).await;
    stage.server(domain).restart_to_crash(name).await.unwrap();
    let by = if by_bob {
        &bob.device
    } else {
        &stage.alice.device
    };
    let (device, room, users) = (by.clone(), stage.room.clone(), [carol.user.clone()]);
    let adding = tokio::spawn(async move { device.add_users(&room, &users).await });
    stage.dies(domain, name).await;
    let added: Result<u64, SdkError> = adding.await.unwrap();
    let added = added.unwrap();
    // The Welcome came, and opens: they talk.
    assert_eq!(carol.joins().await, stage.room);
    let text = format!("{name}: by the one who was added");
    let id = carol.device.send(&stage.room, &text).await.unwrap();
    assert!(settles(&mut carol, &[id], &[]).await[&id] > added);
    settles(&mut stage.alice, &[], &[&text]).await;
    settles(bob, &[], &[&text]).await;
    stage.said.insert(text, None);
    for person in [&stage.alice, bob] {
        assert!(stage.participants(person).await.contains(&carol.user));
    }
    let removed = stage.alice.device.remove_user(&stage.room, &carol.user);
    removed.await.unwrap();
    bob.wait("the removal", |event| {
        matches!(event, DeviceEvent::Participants { removed, .. } if removed.contains(&carol.user))
            .then_some(())
    })
    .await;
}

/// The room goes on, and everything is where it should be.
async fn go_on(stage: &mut Stage, bob: &mut Person, point: CrashPoint) {
    acknowledged(stage, bob, format!("{}: afterwards", point.name())).await;
    let log = stage.check_logs().await;
    for person in [&stage.alice, &*bob] {
        stage.check_shown(&stage.shown_to(person).await, &log);
    }
    let participants = stage.participants(bob).await;
    assert_eq!(stage.participants(&stage.alice).await, participants);
    assert_eq!(participants.len(), 4, "{participants:?}");
}

/// Alice says something, is told its number, and bob has it.
async fn acknowledged(stage: &mut Stage, bob: &mut Person, text: String) {
    let id = stage.alice.device.send(&stage.room, &text).await.unwrap();
    let told = settles(&mut stage.alice, &[id], &[]).await;
    settles(bob, &[], &[&text]).await;
    stage.said.insert(text, Some(told[&id]));
}
