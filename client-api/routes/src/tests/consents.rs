//! Who may add a user (KP-5, KP-6).

use holm_protocol::Code;
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};

use super::site::{Answer, Site};

async fn put(site: &Site, token: &str, json: String) -> Answer {
    let request = Request::put("/client/v1/consent");
    let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    site.send(request, json).await
}

// KP-5, KP-6
#[tokio::test]
async fn a_consent_is_read_and_replaced_as_a_whole() {
    let site = Site::new();
    let token = site.enrolled_token();
    let read = async || site.get(&token, "/client/v1/consent").await.body;
    assert_eq!(read().await, r#"{"from":"anyone","users":[]}"#);
    let (bob, carol) = ("mimi://islet.test/u/bob", "mimi://skerry.test/u/carol");
    let twice = format!(r#"{{"from":"listed","users":["{carol}","{bob}","{carol}"]}}"#);
    let answer = put(&site, &token, twice).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let once = format!(r#"{{"from":"listed","users":["{bob}","{carol}"]}}"#);
    assert_eq!(read().await, once);
    let nobody = put(&site, &token, r#"{"from":"listed"}"#.to_owned()).await;
    assert_eq!(nobody.status, StatusCode::NO_CONTENT);
    assert_eq!(read().await, r#"{"from":"listed","users":[]}"#);
}

// KP-6, LIM-30
#[tokio::test]
async fn a_consent_that_is_refused_changes_nothing() {
    let site = Site::new();
    let token = site.enrolled_token();
    let named = |count: usize| {
        let users: Vec<_> = (0..count)
            .map(|n| format!("\"mimi://islet.test/u/u{n}\""))
            .collect();
        users.join(",")
    };
    let refused = [
        (
            format!(r#"{{"from":"listed","users":[{}]}}"#, named(1_025)),
            Code::Limit,
        ),
        (
            format!(r#"{{"from":"anyone","users":[{}]}}"#, named(1)),
            Code::BadRequest,
        ),
        (r#"{"from":"everybody"}"#.to_owned(), Code::Malformed),
        (r#"{"users":[]}"#.to_owned(), Code::Malformed),
        (
            r#"{"from":"listed","users":["bob"]}"#.to_owned(),
            Code::Malformed,
        ),
    ];
    for (json, code) in refused {
        assert_eq!(put(&site, &token, json).await.problem().code, code);
    }
    let most = format!(r#"{{"from":"listed","users":[{}]}}"#, named(1_024));
    let before = site.get(&token, "/client/v1/consent").await.body;
    assert_eq!(before, r#"{"from":"anyone","users":[]}"#);
    assert_eq!(
        put(&site, &token, most).await.status,
        StatusCode::NO_CONTENT
    );
}
