//! What a device reads of its rooms: lists, pages, trees, documents (RM-2, RM-4, RM-6, RM-7).

use std::sync::Arc;

use holm_protocol::RoomUri;
use holm_protocol::document::{SignedDocument, Trust};
use serde_json::json;

use crate::chance::now_ms;
use crate::client_role::device::change::Change;
use crate::client_role::device::{Device, event, room_path};
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::pair::{Pair, new_id, pair, sent, third};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("room.list", lists),
        named("room.list.others", lists_no_others),
        named("room.events.pages", pages),
        named("room.events.limits", limits),
        named("room.events.numbers", numbers),
        named("room.events.future", future),
        named("room.events.large", large),
        named("room.events.order_of_query", unknown_query),
        named("room.foreign.alike", foreign_alike),
        named("room.tree", tree),
        named("room.tree.creator", tree_of_creator),
        named("room.tree.missing_seq", tree_without_seq),
        named("document.own", own_document),
        named("document.unreachable", no_document),
    ]
}

async fn lists(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let carol = third(&site, &mut pair).await?;
    let leaf = pair.alice.leaf_of(&pair.bob)?;
    pair.alice
        .move_on(&pair.room, &Change::remove(vec![leaf]))
        .await?;
    let room = &pair.room;
    let (alice, bob, carol) = (&pair.alice, &pair.bob, &carol);
    for (device, wanted) in [
        (
            alice,
            json!([{ "room": room, "anchor": 0, "delivered": 0, "read": 0 }]),
        ),
        (
            bob,
            json!([{ "room": room, "anchor": 1, "until": 3, "delivered": 0, "read": 0 }]),
        ),
        (
            carol,
            json!([{ "room": room, "anchor": 2, "delivered": 1, "read": 0 }]),
        ),
    ] {
        let answer = device.get("/client/v1/rooms").await?.good()?;
        same("rooms", &answer["rooms"], &wanted)?;
    }
    Ok(())
}

async fn lists_no_others(site: Arc<Site>) -> Check {
    let _pair = pair(&site).await?;
    let stranger = site.device().await?;
    let answer = stranger.get("/client/v1/rooms").await?.good()?;
    same("rooms", &answer["rooms"], &json!([]))
}

/// A pair with `count` messages behind the first event.
async fn filled(site: &Site, count: u64) -> Check<Pair> {
    let mut pair = pair(site).await?;
    let mut bob = pair.bob.connected().await?;
    for n in 0..count {
        let message = pair.bob.encrypt(new_id(), &format!("{n}"))?;
        sent(&mut bob, &pair.room, &message).await?;
    }
    Ok(pair)
}

async fn page(device: &Device, room: &RoomUri, query: &str) -> Check<Vec<u64>> {
    let answer = device.events(room, query).await?.good().during(query)?;
    ensure(answer["head"].is_string(), || {
        "a page without a head".to_owned()
    })?;
    let events = answer["events"].as_array().cloned().unwrap_or_default();
    events
        .iter()
        .map(|e| event(e).map(|e| e.header.seq))
        .collect()
}

async fn pages(site: Arc<Site>) -> Check {
    let pair = filled(&site, 6).await?;
    let (alice, room) = (&pair.alice, &pair.room);
    same("all", &page(alice, room, "").await?, &(1..=7).collect())?;
    same(
        "the first three",
        &page(alice, room, "?limit=3").await?,
        &vec![1, 2, 3],
    )?;
    same(
        "the next",
        &page(alice, room, "?after=3&limit=3").await?,
        &vec![4, 5, 6],
    )?;
    same(
        "the last",
        &page(alice, room, "?limit=3&after=6").await?,
        &vec![7],
    )?;
    same(
        "one",
        &page(alice, room, "?after=0&limit=1").await?,
        &vec![1],
    )
}

async fn limits(site: Arc<Site>) -> Check {
    let pair = filled(&site, 1).await?;
    same(
        "at the limit",
        &page(&pair.alice, &pair.room, "?limit=256").await?,
        &vec![1, 2],
    )?;
    let none = pair.alice.events(&pair.room, "?limit=0").await?;
    none.refused(400, "bad_request")?;
    for over in ["257", "18446744073709551615"] {
        let answer = pair
            .alice
            .events(&pair.room, &format!("?limit={over}"))
            .await?;
        answer.refused(413, "too_large").during(over)?;
    }
    Ok(())
}

async fn numbers(site: Arc<Site>) -> Check {
    let pair = pair(&site).await?;
    let spellings = [
        "",
        "-1",
        "+1",
        "01",
        "1.0",
        "1e3",
        "0x1",
        "%31",
        "1%20",
        "abc",
        "18446744073709551616",
        "9223372036854775808x",
        "٣",
        "1,2",
        "null",
    ];
    for member in ["after", "limit"] {
        for spelling in spellings {
            let query = format!("?{member}={}", spelling.replace('٣', "%D9%A3"));
            let answer = pair.alice.events(&pair.room, &query).await?;
            answer.refused(400, "malformed").during(&query)?;
        }
        let twice = format!("?{member}=1&{member}=1");
        pair.alice
            .events(&pair.room, &twice)
            .await?
            .refused(400, "malformed")
            .during(&twice)?;
    }
    Ok(())
}

/// Messages of 60 KiB that are more than one answer holds.
const LARGE: u64 = 40;

async fn large(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut bob = pair.bob.connected().await?;
    for _ in 0..LARGE {
        let message = pair.bob.encrypt(new_id(), &"x".repeat(60_000))?;
        sent(&mut bob, &pair.room, &message).await?;
    }
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let after = seen.last().copied().unwrap_or(0);
        let next = page(&pair.alice, &pair.room, &format!("?after={after}")).await?;
        if next.is_empty() {
            break;
        }
        seen.extend(next);
        pages += 1;
    }
    same("events", &seen, &(1..=LARGE + 1).collect())?;
    ensure(pages > 1, || {
        "one answer of more than two mebibytes".to_owned()
    })
}

async fn future(site: Arc<Site>) -> Check {
    let pair = pair(&site).await?;
    for after in [
        "1",
        "2",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
    ] {
        let query = format!("?after={after}");
        same(
            &query,
            &page(&pair.alice, &pair.room, &query).await?,
            &vec![],
        )?;
    }
    Ok(())
}

async fn unknown_query(site: Arc<Site>) -> Check {
    let pair = pair(&site).await?;
    for query in [
        "?",
        "?later",
        "?later=1&after=0&later=2",
        "?AFTER=9",
        "?after=0&",
    ] {
        same(
            query,
            &page(&pair.alice, &pair.room, query).await?,
            &vec![1],
        )?;
    }
    Ok(())
}

async fn foreign_alike(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let stranger = site.device().await?;
    let bundle = crate::client_role::device::bundle_json(&pair.alice.commit(&Change::update())?);
    let nowhere = stranger.new_room()?;
    let elsewhere: RoomUri = "mimi://elsewhere.example/r/abc".parse().during("a room")?;
    let mut answers = Vec::new();
    for room in [&pair.room, &nowhere, &elsewhere] {
        let mut of_room = Vec::new();
        for path in ["events", "events?after=1", "tree?seq=1"] {
            of_room.push(stranger.get(&room_path(room, path)).await?);
        }
        of_room.push(stranger.post(&room_path(room, "commits"), &bundle).await?);
        of_room.push(stranger.post(&room_path(room, "leave"), &json!({})).await?);
        let blind = |answer: crate::client_role::wire::Response| {
            (answer.status, answer.text().replace(room.as_str(), "…"))
        };
        answers.push(of_room.into_iter().map(blind).collect::<Vec<_>>());
    }
    ensure(answers[0].iter().all(|(status, _)| *status == 404), || {
        format!("{:?}", answers[0])
    })?;
    same("a room of others and none", &answers[0], &answers[1])?;
    same(
        "a room of others and one elsewhere",
        &answers[0],
        &answers[2],
    )
}

async fn tree(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let carol = third(&site, &mut pair).await?;
    let path = |seq: &str| format!("{}?seq={seq}", room_path(&pair.room, "tree"));
    let answer = carol.get(&path("2")).await?.good()?;
    same("seq", &answer["seq"], &json!(2))?;
    for seq in ["0", "1", "3", "18446744073709551615"] {
        carol
            .get(&path(seq))
            .await?
            .refused(404, "not_found")
            .during(seq)?;
    }
    let stranger = site.device().await?;
    stranger
        .get(&path("2"))
        .await?
        .refused(404, "not_found")
        .map(drop)
}

async fn tree_of_creator(site: Arc<Site>) -> Check {
    let pair = pair(&site).await?;
    for seq in ["0", "1"] {
        let path = format!("{}?seq={seq}", room_path(&pair.room, "tree"));
        pair.alice
            .get(&path)
            .await?
            .refused(404, "not_found")
            .during(seq)?;
    }
    Ok(())
}

async fn tree_without_seq(site: Arc<Site>) -> Check {
    let pair = pair(&site).await?;
    for query in ["", "?seq=", "?seq=-1", "?seq=1&seq=1"] {
        let path = format!("{}{query}", room_path(&pair.room, "tree"));
        pair.bob
            .get(&path)
            .await?
            .refused(400, "malformed")
            .during(query)?;
    }
    Ok(())
}

async fn own_document(site: Arc<Site>) -> Check {
    let pair = pair(&site).await?;
    let path = format!("/client/v1/servers/{}", site.domain);
    let document = pair.bob.get(&path).await?.good()?;
    let document: SignedDocument = serde_json::from_value(document).during("the document")?;
    let trust = Trust {
        pin: Some(pair.alice.extension()?.hub.root),
        known: None,
    };
    let verified = document.verify(&pair.room.server(), &trust, now_ms());
    verified.during("the document").map(drop)
}

async fn no_document(site: Arc<Site>) -> Check {
    let device = site.device().await?;
    let answer = device
        .get("/client/v1/servers/nothing-is-here.example")
        .await?;
    let problem = answer.problem()?;
    let code = problem["code"].as_str().unwrap_or_default();
    ensure(
        ["peer_unreachable", "peer_untrusted"].contains(&code),
        || problem.to_string(),
    )
}
