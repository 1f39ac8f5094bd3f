//! A follower takes from a hub what it can check, and nothing else (FED-5, FED-9, HEAD-2, LOG-5,
//! LOG-6, LOG-14).

use holm_client_types::room::{EventsResponse, RoomsResponse};
use holm_protocol::encoding::encode;
use holm_protocol::{Code, Event, EventKind, Hash, RoomUri};
use holm_system_tests::{Change, Member, Rogue, RogueRoom, Scene};

const ISLET: &str = "islet.test";

/// A rogue's room with alice of a real server in it.
struct Entered {
    scene: Scene,
    rogue: Rogue,
    alice: Member,
    room: RogueRoom,
}

async fn enter() -> Entered {
    let scene = Scene::start(&[ISLET]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let alice = Member::register(&scene, ISLET, "alice").await;
    let mut room = RogueRoom::begin(&scene, &rogue);
    let package = room
        .claim(&scene, &rogue, &alice.user, &room.room.clone())
        .await;
    let page = room.add(&rogue, package);
    assert_eq!(room.bring(&scene, &rogue, ISLET, page).await, (1, None));
    Entered {
        scene,
        rogue,
        alice,
        room,
    }
}

async fn events(alice: &Member, room: &RoomUri) -> Vec<Event> {
    let room = room.as_str().replace(':', "%3A").replace('/', "%2F");
    let page: EventsResponse = alice
        .get(&format!("/client/v1/rooms/{room}/events?after=0&limit=256"))
        .await
        .good();
    page.events
        .iter()
        .map(|e| Event::from_bytes(e.as_slice()).unwrap())
        .collect()
}

async fn rooms(alice: &Member) -> usize {
    let rooms: RoomsResponse = alice.get("/client/v1/rooms").await.good();
    rooms.rooms.len()
}

#[tokio::test]
async fn an_unknown_kind_is_stored_chained_and_skipped() {
    // LOG-5, F26
    let mut e = enter().await;
    let strange = e.room.event(EventKind(99), b"of a later version".to_vec());
    let close = e.room.event(EventKind(7), Vec::new());
    let page = e.room.page(&e.rogue, &[strange.clone(), close]);
    assert_eq!(
        e.room.bring(&e.scene, &e.rogue, ISLET, page).await,
        (3, None)
    );
    let stored = events(&e.alice, &e.room.room).await;
    assert_eq!(stored.len(), 3);
    assert_eq!(stored[1], strange);
}

#[tokio::test]
async fn one_hub_makes_a_server_follow_so_many_rooms_and_no_more() {
    // FED-19
    let scene = Scene::start(&[ISLET]).await;
    let islet = scene.lab.server(ISLET).unwrap();
    islet
        .configure(|c| c.quotas.rooms_per_hub = 1)
        .await
        .unwrap();
    islet.restart().await.unwrap();
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let alice = Member::register(&scene, ISLET, "alice").await;
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let mut room = RogueRoom::begin(&scene, &rogue);
        let uri = room.room.clone();
        let package = room.claim(&scene, &rogue, &alice.user, &uri).await;
        let page = room.add(&rogue, package);
        let (cursor, problem) = room.bring(&scene, &rogue, ISLET, page).await;
        outcomes.push((cursor, problem.map(|p| p.code)));
    }
    assert_eq!(outcomes, [(1, None), (0, Some(Code::Limit))]);
}

#[tokio::test]
async fn only_the_hub_brings_events() {
    // FED-5
    let mut e = enter().await;
    let other = Rogue::start(&e.scene, "other.test").await;
    let event = e.room.event(EventKind(99), b"x".to_vec());
    let page = e.room.page(&e.rogue, &[event]);
    let (_, problem) = e.room.bring(&e.scene, &other, ISLET, page).await;
    assert_eq!(problem.map(|p| p.code), Some(Code::NotHub));
    assert_eq!(events(&e.alice, &e.room.room).await.len(), 1);
}

#[tokio::test]
async fn an_event_that_does_not_continue_the_chain_is_refused() {
    // LOG-4, LOG-6
    let mut e = enter().await;
    let mut event = e.room.event(EventKind(99), b"x".to_vec());
    event.header.prev = Hash([7; 32]);
    e.room.position.hash = event.hash();
    let page = e.room.page(&e.rogue, &[event]);
    let (cursor, problem) = e.room.bring(&e.scene, &e.rogue, ISLET, page).await;
    assert_eq!((cursor, problem.map(|p| p.code)), (1, Some(Code::Fork)));
    assert_eq!(events(&e.alice, &e.room.room).await.len(), 1);
}

#[tokio::test]
async fn a_gap_is_refused_with_the_cursor_to_go_on_from() {
    // LOG-2, LOG-6
    let mut e = enter().await;
    let missing = e.room.event(EventKind(99), b"missing".to_vec());
    let next = e.room.event(EventKind(99), b"next".to_vec());
    let page = e.room.page(&e.rogue, std::slice::from_ref(&next));
    let (cursor, problem) = e.room.bring(&e.scene, &e.rogue, ISLET, page).await;
    assert_eq!((cursor, problem.map(|p| p.code)), (1, Some(Code::Gap)));
    let page = e.room.page(&e.rogue, &[missing, next]);
    assert_eq!(
        e.room.bring(&e.scene, &e.rogue, ISLET, page).await,
        (3, None)
    );
}

#[tokio::test]
async fn a_head_with_a_bad_signature_is_refused_with_its_events() {
    // HEAD-2
    let mut e = enter().await;
    let event = e.room.event(EventKind(99), b"x".to_vec());
    let mut page = e.room.page(&e.rogue, &[event]);
    let mut head = e.room.head(&e.rogue);
    head.signature.0[5] ^= 1;
    page.head = encode(&head).into();
    let (cursor, problem) = e.room.bring(&e.scene, &e.rogue, ISLET, page).await;
    assert_eq!(
        (cursor, problem.map(|p| p.code)),
        (1, Some(Code::InvalidHead))
    );
    assert_eq!(events(&e.alice, &e.room.room).await.len(), 1);
}

#[tokio::test]
async fn the_same_events_again_change_nothing() {
    // FED-5
    let mut e = enter().await;
    let event = e.room.event(EventKind(99), b"x".to_vec());
    let page = e.room.page(&e.rogue, &[event]);
    for _ in 0..3 {
        let brought = e.room.bring(&e.scene, &e.rogue, ISLET, page.clone()).await;
        assert_eq!(brought, (2, None));
    }
    assert_eq!(events(&e.alice, &e.room.room).await.len(), 2);
}

#[tokio::test]
async fn a_commit_that_admission_refuses_sets_the_room_aside() {
    // ADM-1, ADM-8
    let mut e = enter().await;
    // A second user of the rogue, a plain member, removes alice: no role, no order.
    let mut helper = Member::of_rogue(&e.scene, "rogue.test", "helper");
    let package = helper.key_package();
    let bundle = e.room.owner.commit(&Change {
        adds: vec![package],
        ..Change::default()
    });
    e.room.owner.merge();
    let added = e.room.commit_event(&bundle);
    helper.join(bundle.welcome.as_ref().unwrap(), &e.room.tree());
    let page = e.room.page(&e.rogue, &[added]);
    assert_eq!(
        e.room.bring(&e.scene, &e.rogue, ISLET, page).await,
        (2, None)
    );
    let bundle = helper.commit(&Change {
        removes: vec![1],
        ..Change::default()
    });
    let removed = e.room.commit_event(&bundle);
    let page = e.room.page(&e.rogue, &[removed]);
    let (cursor, problem) = e.room.bring(&e.scene, &e.rogue, ISLET, page).await;
    assert_eq!(
        (cursor, problem.map(|p| p.code)),
        (2, Some(Code::RoomStopped))
    );
    assert_eq!(events(&e.alice, &e.room.room).await.len(), 2);
    let log = e.scene.lab.server(ISLET).unwrap().log();
    assert!(log.contains("set aside"), "{log}");
}

#[tokio::test]
async fn a_room_is_taken_only_for_a_key_package_given_for_it() {
    // FED-9
    let scene = Scene::start(&[ISLET]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let alice = Member::register(&scene, ISLET, "alice").await;
    let other = RogueRoom::begin(&scene, &rogue);
    let mut room = RogueRoom::begin(&scene, &rogue);
    let package = room.claim(&scene, &rogue, &alice.user, &other.room).await;
    let page = room.add(&rogue, package);
    let (cursor, problem) = room.bring(&scene, &rogue, ISLET, page).await;
    assert_eq!(
        (cursor, problem.map(|p| p.code)),
        (0, Some(Code::UnclaimedKeyPackage))
    );
    assert_eq!(rooms(&alice).await, 0);
}

#[tokio::test]
async fn also_in_a_followed_room_a_key_package_serves_the_room_it_was_given_for() {
    // FED-9
    let mut e = enter().await;
    let bob = Member::register(&e.scene, ISLET, "bob").await;
    let other = RogueRoom::begin(&e.scene, &e.rogue);
    let package = e
        .room
        .claim(&e.scene, &e.rogue, &bob.user, &other.room)
        .await;
    let page = e.room.add(&e.rogue, package);
    let (cursor, problem) = e.room.bring(&e.scene, &e.rogue, ISLET, page).await;
    let code = problem.map(|p| p.code);
    assert_eq!((cursor, code), (1, Some(Code::UnclaimedKeyPackage)));
    assert_eq!(events(&e.alice, &e.room.room).await.len(), 1);
    assert_eq!(rooms(&bob).await, 0);
}

#[tokio::test]
async fn a_second_user_enters_a_room_that_the_server_follows() {
    // FED-9, LOG-14
    let mut e = enter().await;
    let bob = Member::register(&e.scene, ISLET, "bob").await;
    let room = e.room.room.clone();
    let package = e.room.claim(&e.scene, &e.rogue, &bob.user, &room).await;
    let page = e.room.add(&e.rogue, package);
    assert_eq!(
        e.room.bring(&e.scene, &e.rogue, ISLET, page).await,
        (2, None)
    );
    assert_eq!(rooms(&bob).await, 1);
}

#[tokio::test]
async fn an_anchor_with_another_welcome_tree_or_interim_hash_is_refused() {
    // LOG-14
    let scene = Scene::start(&[ISLET]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let alice = Member::register(&scene, ISLET, "alice").await;
    let mut room = RogueRoom::begin(&scene, &rogue);
    let package = room
        .claim(&scene, &rogue, &alice.user, &room.room.clone())
        .await;
    let good = room.add(&rogue, package);
    let mut welcome = good.clone();
    let mut bytes = good.anchors[0].welcome.as_slice().to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    welcome.anchors[0].welcome = bytes.into();
    let mut interim = good.clone();
    interim.anchors[0].interim = Hash([1; 32]);
    let mut tree = good.clone();
    tree.anchors[0].tree = Some(vec![0].into());
    for page in [welcome, interim, tree] {
        let (cursor, problem) = room.bring(&scene, &rogue, ISLET, page).await;
        assert_eq!(
            (cursor, problem.map(|p| p.code)),
            (0, Some(Code::InvalidCommit))
        );
        assert_eq!(rooms(&alice).await, 0);
    }
    assert_eq!(room.bring(&scene, &rogue, ISLET, good).await, (1, None));
    assert_eq!(rooms(&alice).await, 1);
}
