//! What every answer carries.

use std::sync::atomic::Ordering;

use axum::body::Body;
use holm_protocol::Code;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CACHE_CONTROL, ORIGIN, RETRY_AFTER, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Request, StatusCode};

use super::site::{Answer, Site, endpoints};

async fn plain(site: &Site, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    site.answer(request.body(Body::empty()).unwrap()).await
}

// API-8
#[tokio::test]
async fn every_declared_endpoint_is_served() {
    let site = Site::new();
    for (endpoint, path) in endpoints() {
        let answer = plain(&site, endpoint.method, &path).await;
        let unserved = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        assert!(!unserved.contains(&answer.status), "{path}");
    }
}

// API-8
#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let site = Site::new();
    let paths = [
        "/client",
        "/client/",
        "/client/v1",
        "/client/v2/rooms",
        "/client/v1/rooms/",
        "/client/v1/rooms/a/b/events",
        "/client/v1/rooms/mimi://islet.test/r/abc/events",
    ];
    for path in paths {
        for method in ["GET", "POST", "DELETE"] {
            let answer = plain(&site, method, path).await;
            assert_eq!(answer.problem().code, Code::NotFound, "{method} {path}");
        }
    }
}

// API-8
#[tokio::test]
async fn a_wrong_method_is_refused_with_those_that_are_allowed() {
    let site = Site::new();
    for (_, path) in endpoints() {
        let answer = plain(&site, "DELETE", &path).await;
        assert_eq!(answer.problem().code, Code::MethodNotAllowed, "{path}");
        assert!(answer.headers.contains_key(ALLOW), "{path}");
    }
    let answer = plain(&site, "DELETE", "/client/v1/keyPackages").await;
    let allowed = answer.headers[ALLOW].to_str().unwrap();
    assert!(allowed.contains("GET") && allowed.contains("POST"));
}

// API-9, API-10
#[tokio::test]
async fn every_answer_is_open_to_browsers_and_kept_by_nobody() {
    let site = Site::new();
    let token = site.enrolled_token();
    let answers = [
        site.get(&token, "/client/v1/rooms").await,
        site.get("wrong", "/client/v1/rooms").await,
        plain(&site, "GET", "/client/nowhere").await,
        plain(&site, "DELETE", "/client/v1/rooms").await,
    ];
    for answer in answers {
        assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(answer.headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
        assert!(!answer.headers.contains_key(SET_COOKIE));
    }
}

// API-9
#[tokio::test]
async fn a_browser_is_told_before_that_it_may_ask() {
    let site = Site::new();
    for (endpoint, path) in endpoints() {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(path)
            .header(ORIGIN, "https://app.example")
            .header(ACCESS_CONTROL_REQUEST_METHOD, endpoint.method);
        let answer = site.answer(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let methods = answer.headers[ACCESS_CONTROL_ALLOW_METHODS].to_str();
        assert!(methods.unwrap().contains(endpoint.method));
        let headers = answer.headers[ACCESS_CONTROL_ALLOW_HEADERS].to_str();
        assert_eq!(headers.unwrap(), "authorization, content-type");
    }
}

// API-1
#[tokio::test]
async fn a_failure_says_when_to_come_back_and_not_why() {
    let site = Site::new();
    let token = site.enrolled_token();
    site.stores.failing.store(true, Ordering::Relaxed);
    let answer = site.get(&token, "/client/v1/rooms").await;
    let problem = answer.problem();
    assert_eq!(problem.code, Code::Unavailable);
    assert_eq!(answer.headers[RETRY_AFTER], "5");
    assert!(!problem.detail.contains("stub"));
}

// API-1
#[tokio::test]
async fn a_panic_is_a_problem_without_its_words() {
    // X12
    let site = Site::new();
    let token = site.enrolled_token();
    let answer = site.get(&token, "/client/v1/keyPackages").await;
    let problem = answer.problem();
    assert_eq!(problem.code, Code::Internal);
    assert!(!problem.detail.contains("stub"));
}
