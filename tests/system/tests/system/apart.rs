//! One room, or one peer, that fails holds up no other (FED-5, FED-9, FED-15; F25, I13).

mod hall;
mod rooms_of_a_rogue;

use std::collections::BTreeSet;

use hall::{BAD, Hall};
use holm_protocol::{Code, Problem};
use holm_system_tests::{Member, Rogue, Scene};
use rooms_of_a_rogue::Rooms;

#[tokio::test]
async fn a_room_that_a_follower_cannot_apply_stops_alone_and_twenty_others_go_on() {
    // FED-5, ADM-8
    let mut rooms = Rooms::enter(21).await;
    let answer = rooms.bring(Some(BAD)).await;
    for (number, (cursor, problem)) in answer.iter().enumerate() {
        match number == BAD {
            true => assert_eq!(
                (*cursor, problem.as_ref().map(|p| p.code)),
                (1, Some(Code::Fork))
            ),
            false => assert_eq!((*cursor, problem), (2, &None)),
        }
    }
    let answer = rooms.bring(None).await;
    for (number, (cursor, problem)) in answer.iter().enumerate() {
        let code = problem.as_ref().map(|p| p.code);
        match number == BAD {
            true => assert_eq!((*cursor, code), (1, Some(Code::RoomStopped))),
            false => assert_eq!((*cursor, code), (3, None)),
        }
    }
    rooms.log_says_which_and_why(BAD);
    rooms.stays_so_after_a_restart(BAD).await;
}

#[tokio::test]
async fn a_room_that_a_follower_refuses_for_ever_holds_up_no_other() {
    // FED-15
    let mut hall = Hall::open(21).await;
    hall.answer(|page| match page.room == page.bad {
        true => Err(Problem::new(Code::RoomStopped, "event 2 cannot be applied")),
        false => Ok(page.newest),
    });
    hall.speak_everywhere_and_all_but_the_bad_arrive().await;
    let tried = hall.calls_with_the_bad_room();
    hall.speak_everywhere_and_all_but_the_bad_arrive().await;
    // It rests, however much is said in it.
    assert_eq!(hall.calls_with_the_bad_room(), tried);
    hall.log_says_which_and_why("event 2 cannot be applied");
}

#[tokio::test]
async fn a_room_that_fails_every_call_it_is_in_is_found_and_tried_alone() {
    // FED-15
    for status in [400, 413, 500] {
        let mut hall = Hall::open(21).await;
        hall.fail_every_call_with_the_bad_room(status);
        hall.speak_everywhere_and_all_but_the_bad_arrive().await;
        hall.speak_everywhere_and_all_but_the_bad_arrive().await;
        hall.log_says_which_and_why(&status.to_string());
    }
}

#[tokio::test]
async fn a_peer_that_takes_calls_and_never_answers_holds_up_no_other() {
    // FED-9
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let bob = Member::register(&scene, "skerry.test", "bob").await;
    let mallory = Member::of_rogue(&scene, "rogue.test", "mallory");
    rogue.door.lock().unwrap().answers = Some(Box::new(|_, _| None));
    let room = alice.create_room().await;
    let packages = vec![
        mallory.key_package(),
        alice.claim_one(&bob.user, &room).await,
    ];
    hall::add(&mut alice, &room, packages).await;
    let mut sent = BTreeSet::new();
    for number in 0..50 {
        sent.insert(hall::say(&scene, &mut alice, &room, &number.to_string()).await);
    }
    hall::arrives(&scene, &bob, &room, *sent.last().unwrap()).await;
    let asked = &rogue.door.lock().unwrap().asked;
    let calls = asked.iter().filter(|(path, _)| path.ends_with("/notify"));
    assert_eq!(
        calls.count(),
        1,
        "one call at a time waits for a peer that does not answer"
    );
}
