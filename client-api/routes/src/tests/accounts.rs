//! From registration to the end of the session.

use axum::body::Body;
use holm_client_types::account::{EnrollRequest, LoginRequest, RegisterRequest, SessionResponse};
use holm_protocol::limits::{PASSWORD_LEN_MAX, PASSWORD_LEN_MIN};
use holm_protocol::{Base64Url, Code, PrivateKey};
use http::header::AUTHORIZATION;
use http::request::Builder;
use http::{Request, StatusCode};

use super::site::{Answer, Site, certified};

const PASSWORD: &str = "correct horse";

async fn register(site: &Site) -> SessionResponse {
    let request = RegisterRequest {
        name: "alice".into(),
        password: PASSWORD.into(),
    };
    let answer = post(site, "/client/v1/register", &request).await;
    assert_eq!(answer.status, StatusCode::OK);
    serde_json::from_slice(&answer.body).unwrap()
}

async fn post(site: &Site, path: &str, body: &impl serde::Serialize) -> Answer {
    let body = serde_json::to_vec(body).unwrap();
    site.send(Request::post(path), body).await
}

fn as_device(builder: Builder, session: &SessionResponse) -> Builder {
    builder.header(AUTHORIZATION, format!("Bearer {}", session.token))
}

async fn enroll(site: &Site, session: &SessionResponse) -> Answer {
    let mls_key = PrivateKey::from_seed(&[9; 32]).public();
    let request = EnrollRequest {
        identity: Base64Url::from(certified(&session.device, &mls_key).to_bytes()),
        mls_key,
    };
    let put = as_device(Request::put("/client/v1/device"), session);
    site.send(put, serde_json::to_vec(&request).unwrap()).await
}

// ACC-1, ACC-2, ACC-5, ACC-6
#[tokio::test]
async fn a_device_registers_enrolls_works_and_logs_out() {
    let site = Site::new();
    let session = register(&site).await;
    assert_eq!(session.user.as_str(), "mimi://islet.test/u/alice");
    assert_eq!(session.device.user(), session.user);
    let before = site.get(&session.token, "/client/v1/rooms").await;
    assert_eq!(before.problem().code, Code::Forbidden);

    assert_eq!(enroll(&site, &session).await.status, StatusCode::NO_CONTENT);
    let rooms = site.get(&session.token, "/client/v1/rooms").await;
    assert_eq!(rooms.status, StatusCode::OK);
    assert_eq!(rooms.body, r#"{"rooms":[]}"#);

    let logout = as_device(Request::post("/client/v1/logout"), &session);
    let answer = site.answer(logout.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let after = site.get(&session.token, "/client/v1/rooms").await;
    assert_eq!(after.problem().code, Code::Unauthenticated);
}

// ACC-1
#[tokio::test]
async fn a_name_is_given_once() {
    let site = Site::new();
    register(&site).await;
    let again = RegisterRequest {
        name: "alice".into(),
        password: PASSWORD.into(),
    };
    let answer = post(&site, "/client/v1/register", &again).await;
    assert_eq!(answer.problem().code, Code::NameTaken);
}

// ACC-3, ACC-4
#[tokio::test]
async fn logging_in_takes_the_password_and_then_the_enrolled_device() {
    let site = Site::new();
    let session = register(&site).await;
    let mut login = LoginRequest {
        name: "alice".into(),
        password: "wrong horse".into(),
        proof: None,
    };
    let answer = post(&site, "/client/v1/login", &login).await;
    assert_eq!(answer.problem().code, Code::WrongCredentials);
    PASSWORD.clone_into(&mut login.password);
    let answer = post(&site, "/client/v1/login", &login).await;
    assert_eq!(answer.status, StatusCode::OK);
    enroll(&site, &session).await;
    let answer = post(&site, "/client/v1/login", &login).await;
    assert_eq!(answer.problem().code, Code::LinkRequired);
}

// ACC-5, ROOM-4
#[tokio::test]
async fn an_identity_that_is_no_structure_is_malformed() {
    let site = Site::new();
    let session = register(&site).await;
    let request = EnrollRequest {
        identity: Base64Url::from(vec![0; 201]),
        mls_key: PrivateKey::from_seed(&[9; 32]).public(),
    };
    let put = as_device(Request::put("/client/v1/device"), &session);
    let answer = site.send(put, serde_json::to_vec(&request).unwrap()).await;
    assert_eq!(answer.problem().code, Code::Malformed);
}

// LIM-17
#[tokio::test]
async fn a_password_has_8_to_1024_bytes() {
    let cases = [
        (PASSWORD_LEN_MIN - 1, "alice", Some(Code::BadRequest)),
        (PASSWORD_LEN_MIN, "bob", None),
        (PASSWORD_LEN_MAX, "carol", None),
        (PASSWORD_LEN_MAX + 1, "dave", Some(Code::BadRequest)),
    ];
    for (len, name, refused) in cases {
        let request = RegisterRequest {
            name: name.into(),
            password: "x".repeat(len),
        };
        let answer = post(&Site::new(), "/client/v1/register", &request).await;
        let code = (!answer.status.is_success()).then(|| answer.problem().code);
        assert_eq!(code, refused, "{len} bytes");
    }
}
