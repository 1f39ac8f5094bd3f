//! How a server looks from the other side, told to it alone.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use holm_protocol::Code;
use holm_protocol::federation::Reflection;
use holm_protocol::limits::REFLECTIONS_MAX;
use http::StatusCode;

use crate::gate::Called;
use crate::signer::Draft;
use crate::world::{Answer, START_MS, World, json, name};

fn draft() -> Draft {
    Draft::get("/federation/v1/reflect")
}

#[tokio::test]
async fn a_server_is_told_how_it_looks_from_the_other_side() {
    // FED-20
    let called = Called::new();
    let mut request = draft().sign().request();
    let from: SocketAddr = "[::ffff:198.51.100.7]:1234".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(from));
    let (status, body) = called.answer(request).await;
    assert_eq!(status, StatusCode::OK);
    let seen: Reflection = serde_json::from_slice(&body).unwrap();
    let skerry = called.world.skerry.document(START_MS);
    assert_eq!(seen.origin, name("skerry.example"));
    assert_eq!(seen.key_id, "r1");
    assert_eq!(seen.address, Some("198.51.100.7".parse().unwrap()));
    assert_eq!(
        (seen.root, seen.serial, seen.time),
        (skerry.root, 1, START_MS)
    );
    assert_eq!(seen.versions, ["v1"]);
}

#[tokio::test]
async fn a_server_whose_clock_is_off_is_told_by_how_much() {
    // FED-20, SIG-7
    let called = Called::new();
    let request = Draft {
        created: START_MS / 1_000 - 301,
        ..draft()
    };
    let problem = called.problem(request.sign().request()).await;
    assert_eq!(
        (problem.code, problem.time),
        (Code::ClockSkew, Some(START_MS))
    );
}

#[tokio::test]
async fn reflections_are_had_up_to_their_bound_and_again_a_minute_later() {
    // LIM-29
    let called = Called::new();
    for _ in 0..REFLECTIONS_MAX {
        let (status, _) = called.answer(draft().sign().request()).await;
        assert_eq!(status, StatusCode::OK);
    }
    let problem = called.problem(draft().sign().request()).await;
    assert_eq!(problem.code, Code::RateLimited);
    called.world.clock.advance(60_000);
    let (status, _) = called.answer(draft().sign().request()).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn what_a_peer_says_of_us_is_fit_for_a_screen() {
    // FED-20, FED-10
    let world = World::new();
    let reflection = |key_id: &str| Reflection {
        origin: name("islet.example"),
        key_id: key_id.to_owned(),
        address: None,
        root: world.islet.document(START_MS).root,
        serial: 1,
        expires: START_MS,
        time: START_MS,
        versions: vec!["\u{1b}[2Jv1".to_owned()],
    };
    let answer = reflection("r1\u{7}");
    let document = world.skerry.document(START_MS);
    world
        .net
        .serve(document, move |request| match request.uri().path() {
            "/federation/v1/reflect" => json(200, &answer),
            _ => Answer::Dead,
        });
    let seen = world.transport().reflect(&name("skerry.example")).await;
    let seen = seen.unwrap();
    assert_eq!(
        (seen.key_id.as_str(), seen.versions),
        ("r1", vec!["[2Jv1".to_owned()])
    );
}
