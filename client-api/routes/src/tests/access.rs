//! Who may call what.

use axum::body::Body;
use holm_client_types::endpoint::{ENROLL, LOGOUT};
use holm_protocol::Code;
use holm_protocol::endpoint::Auth;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{Request, StatusCode};

use super::site::{Site, endpoints};

fn with_headers(method: &str, path: &str, authorization: &[&str]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for value in authorization {
        request = request.header(AUTHORIZATION, *value);
    }
    request.body(Body::empty()).unwrap()
}

// ACC-2, API-2
#[tokio::test]
async fn every_endpoint_of_devices_refuses_a_caller_without_a_valid_token() {
    let site = Site::new();
    let token = site.enrolled_token();
    let nobodys = "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let long = format!("Bearer {}", "A".repeat(300));
    let (basic, bare) = (format!("Basic {token}"), token.as_str());
    let cases: [&[&str]; 7] = [
        &[],
        &["Bearer "],
        &["Bearer"],
        &[nobodys],
        &[&long],
        &[&basic],
        &[bare],
    ];
    let devices = endpoints().filter(|(endpoint, _)| endpoint.auth == Auth::Device);
    for (endpoint, path) in devices {
        for case in cases {
            let request = with_headers(endpoint.method, &path, case);
            let answer = site.answer(request).await;
            assert_eq!(answer.problem().code, Code::Unauthenticated, "{path}");
            assert_eq!(answer.headers[WWW_AUTHENTICATE], "Bearer");
        }
    }
}

// API-2
#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let site = Site::new();
    let header = format!("Bearer {}", site.enrolled_token());
    let devices = endpoints().filter(|(endpoint, _)| endpoint.auth == Auth::Device);
    for (endpoint, path) in devices {
        let request = with_headers(endpoint.method, &path, &[&header, &header]);
        let answer = site.answer(request).await;
        assert_eq!(answer.problem().code, Code::Malformed, "{path}");
    }
}

// API-2
#[tokio::test]
async fn a_token_in_the_url_counts_for_nothing() {
    let site = Site::new();
    let path = format!(
        "/client/v1/rooms?token={0}&access_token={0}",
        site.enrolled_token()
    );
    let answer = site.answer(with_headers("GET", &path, &[])).await;
    assert_eq!(answer.problem().code, Code::Unauthenticated);
}

// API-3
#[tokio::test]
async fn a_device_that_is_not_enrolled_may_only_enroll_and_log_out() {
    let site = Site::new();
    let header = format!("Bearer {}", site.fresh_token());
    let devices = endpoints().filter(|(endpoint, _)| endpoint.auth == Auth::Device);
    for (endpoint, path) in devices {
        let request = with_headers(endpoint.method, &path, &[&header]);
        let status = site.answer(request).await.status;
        let may = [ENROLL, LOGOUT].contains(&endpoint);
        assert_eq!(status != StatusCode::FORBIDDEN, may, "{path}");
        // The walk logs out on its way.
        site.fresh_token();
    }
}

// API-2
#[tokio::test]
async fn the_scheme_is_read_without_regard_to_case() {
    let site = Site::new();
    let header = format!("bearer {}", site.enrolled_token());
    let request = with_headers("GET", "/client/v1/rooms", &[&header]);
    assert_eq!(site.answer(request).await.status, StatusCode::OK);
}
