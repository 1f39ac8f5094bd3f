//! A server that is away while users of others write: when it is back everything is there once,
//! in each sender's order, nobody speaking anew (LOG-9, FED-4, FED-5, FED-6, FED-9, OUT-1; F20,
//! F21).

mod crowd;

use std::time::Duration;

use crowd::{Crowd, FOLLOWERS, HUB, Plan};

const SHORT: Plan = Plan {
    users: 8,
    messages: 80,
    away: Duration::ZERO,
};
const LONG: Plan = Plan {
    users: 50,
    messages: 2_000,
    away: Duration::from_mins(10),
};

#[tokio::test(flavor = "multi_thread")]
async fn what_users_of_followers_write_while_the_hub_is_away_arrives_once_and_in_order() {
    // LOG-9, FED-4, FED-6
    away(&SHORT, HUB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_while_a_follower_is_away_arrives_once_and_in_order() {
    // FED-5, FED-6
    away(&SHORT, FOLLOWERS[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: the hub is away for ten minutes"]
async fn the_hub_is_away_for_ten_minutes_while_fifty_users_write() {
    let took = away(&LONG, HUB).await;
    println!(
        "hub away for 10 min, 50 users, 2,000 messages: all there {took:.2?} after its return"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: a follower is away for ten minutes"]
async fn a_follower_is_away_for_ten_minutes_while_others_write() {
    let took = away(&LONG, FOLLOWERS[0]).await;
    println!("follower away for 10 min: all there {took:.2?} after its return");
}

/// The server `down` dies, the others' users write, it comes back; from there until all is
/// everywhere.
async fn away(plan: &Plan, down: &str) -> Duration {
    let mut crowd = Crowd::gather(plan, down).await;
    crowd.scene.lab.server(down).unwrap().kill().await.unwrap();
    crowd.write(plan).await;
    crowd
        .scene
        .lab
        .server(down)
        .unwrap()
        .restart()
        .await
        .unwrap();
    let back = tokio::time::Instant::now();
    crowd.hears_all().await;
    let took = back.elapsed();
    crowd.has_all_once_and_in_order().await;
    took
}
