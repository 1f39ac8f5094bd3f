//! Bodies: their type, their form, their length, their time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use holm_client_types::endpoint::{COMMIT, LOGIN};
use holm_protocol::Code;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use tokio::time::Instant;

use super::site::{Answer, Site, endpoints};

/// A log-in that is read, and refused for its password's length.
const LOGIN_JSON: &str = r#"{"name":"alice","password":"short"}"#;

async fn log_in(site: &Site, body: impl Into<Body>) -> Answer {
    site.send(Request::post(LOGIN.path), body).await
}

fn padded(len: usize) -> String {
    format!("{LOGIN_JSON}{}", " ".repeat(len - LOGIN_JSON.len()))
}

// API-4
#[tokio::test]
async fn a_body_is_json_and_says_so() {
    let site = Site::new();
    let wrong: [&[&str]; 5] = [
        &[],
        &["text/plain"],
        &["application/json2"],
        &["application/problem+json"],
        &["application/json", "application/json"],
    ];
    for types in wrong {
        let mut request = Request::post(LOGIN.path);
        for value in types {
            request = request.header(CONTENT_TYPE, *value);
        }
        let answer = site.answer(request.body(LOGIN_JSON.into()).unwrap()).await;
        assert_eq!(answer.problem().code, Code::UnsupportedMedia, "{types:?}");
    }
    for value in ["application/json", "Application/JSON; charset=utf-8"] {
        let request = Request::post(LOGIN.path).header(CONTENT_TYPE, value);
        let answer = site.answer(request.body(LOGIN_JSON.into()).unwrap()).await;
        assert_eq!(answer.problem().code, Code::BadRequest, "{value}");
    }
    let encoded = Request::post(LOGIN.path).header(CONTENT_ENCODING, "gzip");
    let answer = site.send(encoded, LOGIN_JSON).await;
    assert_eq!(answer.problem().code, Code::UnsupportedMedia);
}

// ENC-4
#[tokio::test]
async fn a_body_is_read_strictly() {
    let site = Site::new();
    let wrong = [
        "",
        "{",
        "[]",
        "null",
        r#"{"name":"alice"}"#,
        r#"{"name":"alice","password":7}"#,
        r#"{"name":"alice","name":"alice","password":"short"}"#,
        r#"{"name":"alice","password":"short"} {}"#,
        r#"{"name":"alice","password":"short","later":{"a":1,"a":2}}"#,
    ];
    for body in wrong {
        let answer = log_in(&site, body).await;
        assert_eq!(answer.problem().code, Code::Malformed, "{body}");
    }
    let later = r#"{"name":"alice","password":"short","later":{"a":[1]}}"#;
    let answer = log_in(&site, later).await;
    assert_eq!(answer.problem().code, Code::BadRequest);
}

// API-1
#[tokio::test]
async fn a_refusal_does_not_repeat_the_caller_at_length() {
    let site = Site::new();
    let long = format!(r#"{{"name":7,"password":"{}"}}"#, "x".repeat(10_000));
    assert!(log_in(&site, long).await.body.len() < 1_000);
}

// LIM-10, API-5
#[tokio::test]
async fn a_body_may_have_exactly_the_limit() {
    let site = Site::new();
    let answer = log_in(&site, padded(LOGIN.body_len_max)).await;
    assert_eq!(answer.problem().code, Code::BadRequest);
    let answer = log_in(&site, padded(LOGIN.body_len_max + 1)).await;
    assert_eq!(answer.problem().code, Code::TooLarge);
}

// LIM-6, API-5
#[tokio::test]
async fn a_bundle_may_be_larger_than_other_bodies() {
    let site = Site::new();
    let header = format!("Bearer {}", site.enrolled_token());
    let paths: Vec<_> = endpoints().filter(|(e, _)| *e == COMMIT).collect();
    let [(_, path)] = &paths[..] else {
        panic!("one endpoint takes commits");
    };
    let cases = [
        (COMMIT.body_len_max, Code::Malformed),
        (COMMIT.body_len_max + 1, Code::TooLarge),
    ];
    for (len, code) in cases {
        let request = Request::post(path).header(AUTHORIZATION, &header);
        let answer = site.send(request, padded(len)).await;
        assert_eq!(answer.problem().code, code);
    }
}

// API-5
#[tokio::test(start_paused = true)]
async fn a_body_that_is_announced_over_the_limit_is_not_waited_for() {
    let site = Site::new();
    let pending = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let over = Request::post(LOGIN.path).header(CONTENT_LENGTH, LOGIN.body_len_max + 1);
    let begun = Instant::now();
    let answer = site.send(over, pending()).await;
    assert_eq!(answer.problem().code, Code::TooLarge);
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    // One that asks before it sends is answered at once.
    let over = Request::post(LOGIN.path).header(CONTENT_LENGTH, LOGIN.body_len_max + 1);
    let answer = site.send(over.header(EXPECT, "100-continue"), pending());
    assert_eq!(answer.await.problem().code, Code::TooLarge);
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
}

// API-5
#[tokio::test]
async fn a_body_over_the_limit_is_not_read_to_its_end() {
    let site = Site::new();
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let endless = stream::repeat_with(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1_024]))
    });
    let answer = log_in(&site, Body::from_stream(endless)).await;
    assert_eq!(answer.problem().code, Code::TooLarge);
    let limit = LOGIN.body_len_max / 1_024;
    // Up to the limit, and as much again for a sender that is still writing.
    assert_eq!(taken.load(Ordering::Relaxed), (limit + 1) * 2);
}

// API-5
#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_given_up() {
    let site = Site::new();
    let body = stream::pending::<Result<Bytes, std::io::Error>>();
    let answer = log_in(&site, Body::from_stream(body)).await;
    assert_eq!(answer.problem().code, Code::Timeout);
}

// API-2
#[tokio::test]
async fn a_callers_token_is_looked_at_before_its_body() {
    let site = Site::new();
    let body = stream::pending::<Result<Bytes, std::io::Error>>();
    let request = Request::post("/client/v1/rooms");
    let answer = site.send(request, Body::from_stream(body)).await;
    assert_eq!(answer.problem().code, Code::Unauthenticated);
}
