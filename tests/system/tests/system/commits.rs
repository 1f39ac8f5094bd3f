//! The hub takes a commit only as a whole, and leaves nothing behind when it refuses
//! (ROOM-8, ADM-3, ORD-3, LOG-12, LOG-13, FED-9).

use holm_client_types::frame::ServerFrame;
use holm_client_types::room::{EventsResponse, SentResponse};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::bundle::Bundle;
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::{Code, PrivateKey, RoomUri, SignedOrder};
use holm_system_tests::{Change, Member, Scene, now_ms, random};

use crate::idempotency::{Socket, send_over_socket};

/// How many events the room has, as its owner sees it.
async fn length(owner: &Member, room: &RoomUri) -> usize {
    let path = format!("/client/v1/rooms/{}/events?after=0&limit=256", escape(room));
    let page: EventsResponse = owner.get(&path).await.good();
    page.events.len()
}

fn escape(room: &RoomUri) -> String {
    room.as_str().replace(':', "%3A").replace('/', "%2F")
}

fn flip(bytes: &mut [u8], from_end: usize) {
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
}

/// The bundle with its signature made anew, as somebody who holds the leaf key could.
fn sign_anew(bundle: &Bundle, key: &PrivateKey) -> Bundle {
    Bundle::sign(
        bundle.commit.clone(),
        bundle.welcome.clone(),
        bundle.group_info.clone(),
        key,
    )
}

#[tokio::test]
async fn a_flipped_bit_anywhere_in_a_bundle_is_refused_and_nothing_is_applied() {
    // ROOM-8
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let bob = Member::register(&scene, "islet.test", "bob").await;
    let room = alice.create_room().await;
    let package = alice.claim_one(&bob.user, &room).await;
    let good = alice.commit(&Change {
        adds: vec![package],
        ..Change::default()
    });

    // The commit ends with: signature (64 bytes after its length), confirmation tag, membership tag.
    let spoil = |from_end: usize, resign: bool| {
        let mut bundle = good.clone();
        flip(&mut bundle.commit, from_end);
        if resign {
            sign_anew(&bundle, &alice.mls_key)
        } else {
            bundle
        }
    };
    let mut cases = vec![
        ("signature", spoil(66 + 10, true)),
        ("confirmation tag", spoil(33 + 5, true)),
        ("membership tag", spoil(5, false)),
    ];
    let mut bundle = good.clone();
    flip(bundle.welcome.as_mut().unwrap(), 9);
    cases.push(("Welcome", bundle));
    let mut bundle = good.clone();
    flip(&mut bundle.group_info, 5);
    cases.push(("GroupInfo signature", sign_anew(&bundle, &alice.mls_key)));
    let mut bundle = good.clone();
    flip(&mut bundle.group_info, 71);
    cases.push(("GroupInfo tag", sign_anew(&bundle, &alice.mls_key)));
    let mut bundle = good.clone();
    bundle.welcome = None;
    cases.push(("Welcome left out", sign_anew(&bundle, &alice.mls_key)));

    for (what, bundle) in cases {
        assert_eq!(
            alice.submit(&room, &bundle).await.code(),
            Code::InvalidCommit,
            "{what}"
        );
        assert_eq!(length(&alice, &room).await, 0, "{what}");
    }
    let sent: SentResponse = alice.submit(&room, &good).await.good();
    assert_eq!(sent.seq, 1);
}

#[tokio::test]
async fn a_leaf_that_its_users_identity_key_did_not_certify_is_refused() {
    // ADM-3, KP-1
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let mut bob = Member::register(&scene, "islet.test", "bob").await;
    let room = alice.create_room().await;
    let stranger = PrivateKey::from_seed(&random());
    let honest = bob.identity.clone();
    let validity = (honest.certificate.issued, honest.certificate.expires);
    let forged = DeviceIdentity::certify(
        honest.device.clone(),
        &bob.mls_key.public(),
        &stranger,
        1,
        validity,
    );
    bob.identity = DeviceIdentity {
        identity_key: honest.identity_key,
        ..forged
    };
    let package = bob.key_package();
    let upload =
        serde_json::json!({ "key_packages": [holm_protocol::Base64Url::to_text(&package)] });
    let answer = bob.post("/client/v1/keyPackages", &upload).await;
    assert_eq!(answer.code(), Code::InvalidKeyPackage);
    let bundle = alice.commit(&Change {
        adds: vec![package],
        ..Change::default()
    });
    assert_eq!(
        alice.submit(&room, &bundle).await.code(),
        Code::CommitForbidden
    );
    assert_eq!(length(&alice, &room).await, 0);
}

#[tokio::test]
async fn a_key_package_serves_the_room_it_was_claimed_for_alone() {
    // FED-9, KP-3
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let bob = Member::register(&scene, "islet.test", "bob").await;
    let first = alice.create_room().await;
    let package = alice.claim_one(&bob.user, &first).await;
    let second = alice.create_room().await;
    let bundle = alice.commit(&Change {
        adds: vec![package],
        ..Change::default()
    });
    assert_eq!(
        alice.submit(&second, &bundle).await.code(),
        Code::UnclaimedKeyPackage
    );
    assert_eq!(length(&alice, &second).await, 0);
}

#[tokio::test]
async fn an_open_order_has_to_be_carried_out_by_the_next_commit() {
    // ORD-1, ORD-3, ORD-4
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let bob = Member::register(&scene, "islet.test", "bob").await;
    let room = alice.create_room().await;
    let package = alice.claim_one(&bob.user, &room).await;
    let bundle = alice.commit(&Change {
        adds: vec![package],
        ..Change::default()
    });
    alice.submit(&room, &bundle).await.expect_good();
    alice.merge();
    let mut socket = Socket::open(&scene, &alice).await;
    let leave = format!("/client/v1/rooms/{}/leave", escape(&room));
    let answer: serde_json::Value = bob.post(&leave, &serde_json::json!({})).await.good();
    let order = holm_protocol::Base64Url::parse(answer["order"].as_str().unwrap()).unwrap();
    let order: SignedOrder = holm_protocol::encoding::decode(order.as_slice()).unwrap();

    let told = socket.wait(|frame| match frame {
        ServerFrame::Order { order, .. } => Some(order.clone()),
        _ => None,
    });
    assert_eq!(
        told.await.as_slice(),
        holm_protocol::encoding::encode(&order)
    );

    let ignoring = alice.commit(&Change::default());
    assert_eq!(
        alice.submit(&room, &ignoring).await.code(),
        Code::OrdersOpen
    );
    alice.forget();
    assert_eq!(length(&alice, &room).await, 1);
    let change = Change {
        removes: vec![1],
        orders: vec![order],
        ..Change::default()
    };
    let carrying = alice.commit(&change);
    let sent: SentResponse = alice.submit(&room, &carrying).await.good();
    assert_eq!(sent.seq, 2);
}

#[tokio::test]
async fn a_member_removes_others_only_by_role_or_order() {
    // ADM-8
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let mut bob = Member::register(&scene, "islet.test", "bob").await;
    let carol = Member::register(&scene, "islet.test", "carol").await;
    let room = alice.create_room().await;
    let packages = vec![
        alice.claim_one(&bob.user, &room).await,
        alice.claim_one(&carol.user, &room).await,
    ];
    let bundle = alice.commit(&Change {
        adds: packages,
        ..Change::default()
    });
    alice.submit(&room, &bundle).await.expect_good();
    let tree = format!("/client/v1/rooms/{}/tree?seq=1", escape(&room));
    let tree: holm_client_types::room::TreeResponse = bob.get(&tree).await.good();
    bob.join(bundle.welcome.as_ref().unwrap(), tree.tree.as_slice());
    let unasked = bob.commit(&Change {
        removes: vec![2],
        ..Change::default()
    });
    assert_eq!(
        bob.submit(&room, &unasked).await.code(),
        Code::CommitForbidden
    );
    assert_eq!(length(&alice, &room).await, 1);
}

#[tokio::test]
async fn two_commits_of_one_epoch_have_one_winner() {
    // LOG-10
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let room = alice.create_room().await;
    let first = alice.commit(&Change::default());
    alice.forget();
    let second = alice.commit(&Change::default());
    alice.submit(&room, &first).await.expect_good();
    let problem = alice.submit(&room, &second).await.problem();
    assert_eq!((problem.code, problem.epoch), (Code::WrongEpoch, Some(1)));
}

#[tokio::test]
async fn a_message_of_an_epoch_too_old_or_before_a_removal_is_refused() {
    // LOG-12, LOG-13
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let bob = Member::register(&scene, "islet.test", "bob").await;
    let room = alice.create_room().await;
    let mut old = Vec::new();
    for round in 0..4_u8 {
        old.push(alice.encrypt(ClientMsgId([round; 16]), "late"));
        let bundle = alice.commit(&Change::default());
        alice.submit(&room, &bundle).await.expect_good();
        alice.merge();
    }
    // Epoch is 4 now: 2 and 3 are accepted, 0 and 1 are not.
    let mut codes = Vec::new();
    for message in &old {
        codes.push(
            send_over_socket(&scene, &alice, &room, message)
                .await
                .err()
                .map(|p| p.code),
        );
    }
    let too_old = Some(Code::EpochTooOld);
    assert_eq!(codes, [too_old, too_old, None, None]);

    let package = alice.claim_one(&bob.user, &room).await;
    let bundle = alice.commit(&Change {
        adds: vec![package],
        ..Change::default()
    });
    alice.submit(&room, &bundle).await.expect_good();
    alice.merge();
    let before = alice.encrypt(ClientMsgId([9; 16]), "before the removal");
    let bundle = alice.commit(&Change {
        removes: vec![1],
        ..Change::default()
    });
    alice.submit(&room, &bundle).await.expect_good();
    let problem = send_over_socket(&scene, &alice, &room, &before)
        .await
        .unwrap_err();
    assert_eq!((problem.code, problem.epoch), (Code::EpochTooOld, Some(6)));
    assert!(now_ms() > 0);
}
