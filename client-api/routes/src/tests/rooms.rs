//! A device in a room whose hub is elsewhere.

use axum::body::Body;
use holm_client_types::room::{CommitRequest, LeaveResponse, RoomsResponse, SentResponse};
use holm_core::ports::Membership;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{Base64Url, Code, RoomUri, Signature};
use http::Request;
use http::header::AUTHORIZATION;

use super::site::{Answer, Site};

fn membership(until: Option<u64>) -> Membership {
    Membership {
        room: RoomUri::parse("mimi://islet.test/r/abc").unwrap(),
        anchor: 3,
        until,
        delivered: 9,
        read: 8,
    }
}

fn site_in_room(until: Option<u64>) -> Site {
    let site = Site::new();
    *site.stores.membership.lock().unwrap() = Some(membership(until));
    site
}

async fn post(site: &Site, verb: &str, body: impl Into<Body>) -> Answer {
    let header = format!("Bearer {}", site.enrolled_token());
    let path = format!("/client/v1/rooms/mimi%3A%2F%2Fislet.test%2Fr%2Fabc/{verb}");
    let request = Request::post(path).header(AUTHORIZATION, header);
    site.send(request, body).await
}

fn commit() -> String {
    let request = CommitRequest {
        commit: Base64Url::from(vec![4; 16]),
        welcome: None,
        group_info: Base64Url::from(vec![5]),
        signature: Signature([6; 64]),
    };
    serde_json::to_string(&request).unwrap()
}

// RM-2
#[tokio::test]
async fn a_device_sees_its_rooms_with_window_and_watermarks() {
    let site = site_in_room(Some(12));
    let token = site.enrolled_token();
    let answer = site.get(&token, "/client/v1/rooms").await;
    let RoomsResponse { rooms } = serde_json::from_slice(&answer.body).unwrap();
    let [room] = &rooms[..] else {
        panic!("one room is expected");
    };
    let seen = (room.anchor, room.until, room.delivered, room.read);
    assert_eq!(seen, (3, Some(12), 9, 8));
}

// RM-3
#[tokio::test]
async fn a_commit_is_answered_with_its_place_in_the_hubs_log() {
    let answer = post(&site_in_room(None), "commits", commit()).await;
    let sent: SentResponse = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((sent.client_msg_id, sent.seq), (ClientMsgId([4; 16]), 7));
}

// RM-5
#[tokio::test]
async fn a_leave_is_answered_with_the_hubs_order() {
    let answer = post(&site_in_room(None), "leave", "").await;
    let leave: LeaveResponse = serde_json::from_slice(&answer.body).unwrap();
    let order = Base64Url::from(b"mimi://islet.test/u/enrolled".to_vec());
    assert_eq!(leave.order, order);
}

// RM-3, RM-5
#[tokio::test]
async fn a_room_that_the_device_is_not_in_is_not_found() {
    for site in [Site::new(), site_in_room(Some(12))] {
        for (verb, body) in [("commits", commit()), ("leave", String::new())] {
            let answer = post(&site, verb, body).await;
            assert_eq!(answer.problem().code, Code::NotFound, "{verb}");
        }
    }
}
