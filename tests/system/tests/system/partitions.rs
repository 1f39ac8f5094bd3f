//! An idle room gets what was missed: after kills, and after partitions that drop packets without
//! closing a connection (FED-5, FED-6, FED-9; F20, F22, F23, F24, F30). Nobody speaks anew.

mod idle_room;

use holm::lab::{Direction, Older};
use idle_room::{FOLLOWER, HUB, IdleRoom};

#[tokio::test]
async fn a_follower_that_comes_back_gets_what_it_missed_though_nobody_speaks() {
    // FED-6
    let mut room = IdleRoom::begin().await;
    room.follower_was_killed().await;
}

#[tokio::test]
async fn a_hub_that_comes_back_brings_what_it_owes_though_nobody_speaks() {
    // FED-5, FED-6
    let mut room = IdleRoom::begin().await;
    room.hub_was_killed().await;
}

#[tokio::test]
async fn what_a_follower_held_goes_on_when_its_hub_is_back() {
    // FED-6, FED-9
    let mut room = IdleRoom::begin().await;
    room.hub_was_away().await;
}

#[tokio::test]
async fn after_a_partition_dead_connections_are_left_for_new_ones() {
    // FED-9, F39
    let mut room = IdleRoom::begin().await;
    room.was_parted(Older::StayDead).await;
}

#[tokio::test]
async fn after_a_partition_that_lasted_what_stood_still_goes_on() {
    // FED-5, FED-9
    let mut room = IdleRoom::begin().await;
    room.was_parted(Older::GoOn).await;
}

#[tokio::test]
async fn where_answers_alone_are_lost_events_come_once() {
    // FED-5, LOG-9
    let mut room = IdleRoom::begin().await;
    let before = room.noticed(HUB).await;
    let wire = |domain| room.scene.lab.wire(domain).unwrap();
    wire(FOLLOWER).cut_one(Direction::FromServer);
    wire(HUB).cut_one(Direction::FromServer);
    room.say().await;
    room.notices(HUB, before).await;
    for domain in [HUB, FOLLOWER] {
        room.scene.lab.wire(domain).unwrap().heal(Older::StayDead);
    }
    room.say().await;
    room.arrives().await;
    room.holds_each_once().await;
}

/// How often each is measured.
const RUNS: usize = 6;

#[tokio::test]
#[ignore = "long: measures six recoveries of each kind"]
async fn recovery_times() {
    let mut room = IdleRoom::begin().await;
    let mut times = Vec::new();
    for _ in 0..RUNS {
        times.push(("follower restarts", room.follower_was_killed().await));
        times.push(("hub restarts", room.hub_was_killed().await));
        times.push(("held at follower, hub restarts", room.hub_was_away().await));
        let dead = room.was_parted(Older::StayDead).await;
        times.push(("partition heals, connections dead", dead));
        let gone_on = room.was_parted(Older::GoOn).await;
        times.push(("partition heals, connections go on", gone_on));
        for (seconds, name) in [
            (3, "partition of 3 s heals, connections dead"),
            (15, "partition of 15 s heals, connections dead"),
            (30, "partition of 30 s heals, connections dead"),
        ] {
            times.push((name, room.was_parted_for(seconds).await));
        }
    }
    room.holds_each_once().await;
    println!("{}", idle_room::report(times));
}
