//! Names in paths and numbers in queries.

use holm_client_types::key_package::ClaimRequest;
use holm_protocol::{Base64Url, Code, RoomUri, ServerName};
use http::Request;
use http::header::AUTHORIZATION;

use super::site::Site;

const ROOM: &str = "mimi%3A%2F%2Fislet.test%2Fr%2Fabc";

async fn code(site: &Site, path: &str) -> Code {
    let token = site.enrolled_token();
    site.get(&token, path).await.problem().code
}

// API-6, ID-5
#[tokio::test]
async fn a_name_in_the_path_is_canonical() {
    let site = Site::new();
    let known = code(&site, &format!("/client/v1/rooms/{ROOM}/events")).await;
    assert_eq!(known, Code::NotFound);
    let wrong = [
        "abc",
        "%FF",
        "%zz",
        "mimi%3A%2F%2FIslet.test%2Fr%2Fabc",
        "mimi%3A%2F%2Fislet.test%2Fu%2Fabc",
        "mimi%3A%2F%2Fislet.test%2Fr%2F",
        "mimi%253A%252F%252Fislet.test%252Fr%252Fabc",
        "%20mimi%3A%2F%2Fislet.test%2Fr%2Fabc",
    ];
    for room in wrong {
        for verb in ["events", "tree?seq=1"] {
            let path = format!("/client/v1/rooms/{room}/{verb}");
            assert_eq!(code(&site, &path).await, Code::Malformed, "{path}");
        }
    }
}

// API-6, ID-1
#[tokio::test]
async fn a_servers_name_in_the_path_is_a_domain() {
    let site = Site::new();
    for server in ["Skerry.test", "127.0.0.1", "skerry", "skerry.test%3A443"] {
        let path = format!("/client/v1/servers/{server}");
        assert_eq!(code(&site, &path).await, Code::Malformed, "{path}");
    }
    let away = code(&site, "/client/v1/servers/skerry.test").await;
    assert_eq!(away, Code::PeerUnreachable);
}

// RM-7, DOC-1
#[tokio::test]
async fn the_own_servers_document_is_served() {
    let site = Site::new();
    let token = site.enrolled_token();
    let answer = site.get(&token, "/client/v1/servers/islet.test").await;
    let document: holm_protocol::document::SignedDocument =
        serde_json::from_slice(&answer.body).unwrap();
    let root = holm_protocol::PrivateKey::from_seed(&[1; 32]).public();
    assert_eq!(document.root, root);
}

// API-7, RM-4, LIM-14
#[tokio::test]
async fn a_page_is_asked_for_with_plain_numbers() {
    let site = Site::new();
    let cases = [
        ("events", Code::NotFound),
        ("events?after=0&limit=1", Code::NotFound),
        (
            "events?after=18446744073709551615&limit=256",
            Code::NotFound,
        ),
        ("events?limit=0", Code::BadRequest),
        ("events?limit=257", Code::TooLarge),
        ("events?after=-1", Code::Malformed),
        ("events?after=abc", Code::Malformed),
        ("events?after=18446744073709551616", Code::Malformed),
        ("events?after=1&after=1", Code::Malformed),
        ("events?limit=", Code::Malformed),
        ("tree", Code::Malformed),
        ("tree?seq=x", Code::Malformed),
        ("tree?seq=1", Code::NotFound),
    ];
    for (verb, expected) in cases {
        let path = format!("/client/v1/rooms/{ROOM}/{verb}");
        assert_eq!(code(&site, &path).await, expected, "{path}");
    }
}

// KP-3
#[tokio::test]
async fn a_claim_id_has_sixteen_bytes() {
    let site = Site::new();
    let header = format!("Bearer {}", site.enrolled_token());
    let cases = [
        (15, Code::Malformed),
        (16, Code::PeerUnreachable),
        (17, Code::Malformed),
    ];
    for (len, code) in cases {
        let claim = ClaimRequest {
            room: RoomUri::parse("mimi://islet.test/r/abc").unwrap(),
            hub: ServerName::parse("islet.test").unwrap(),
            claim_id: Base64Url::from(vec![1; len]),
        };
        let path = "/client/v1/keyMaterial/mimi%3A%2F%2Fskerry.test%2Fu%2Fbob";
        let request = Request::post(path).header(AUTHORIZATION, &header);
        let answer = site
            .send(request, serde_json::to_vec(&claim).unwrap())
            .await;
        assert_eq!(answer.problem().code, code);
    }
}
