//! Requests that the gate refuses, each with its code and nothing handed on.

use holm_protocol::signing::PrivateKey;
use holm_protocol::{Code, Problem};

use crate::gate::Called;
use crate::signer::{Draft, Signed};
use crate::world::{START_MS, identity, json, name};

const CREATED: u64 = START_MS / 1_000;

async fn refusal(signed: Signed) -> Problem {
    Called::new().problem(signed.request()).await
}

#[tokio::test]
async fn a_tampered_body() {
    // SIG-8
    let mut signed = Draft::notify().sign();
    signed.body = br#"{"rooms":[ ]}"#.to_vec();
    assert_eq!(refusal(signed).await.code, Code::SignatureInvalid);
}

#[tokio::test]
async fn a_body_whose_digest_was_changed_with_it() {
    // SIG-9
    let mut signed = Draft::notify().sign();
    let other = Draft::post("/federation/v1/notify", r#"{"rooms":[ ]}"#).sign();
    signed
        .headers
        .insert("content-digest", other.headers["content-digest"].clone());
    signed.body = other.body;
    assert_eq!(refusal(signed).await.code, Code::SignatureInvalid);
}

#[tokio::test]
async fn another_path_query_or_method_than_was_signed() {
    // SIG-9, FED-1
    let pull = "/federation/v1/events/mimi%3A%2F%2Fislet.example%2Fr%2Fk3v9?after=1";
    for other in [
        pull.replace("after=1", "after=0"),
        pull.replace("k3v9", "k3v8"),
        // The same path to a decoder, but not the path that was signed.
        pull.replace("%3A%2F%2F", "%3a%2f%2f"),
        pull.replace("%3A", ":"),
    ] {
        let mut signed = Draft::get(pull).sign();
        signed.path = other.clone();
        assert_eq!(
            refusal(signed).await.code,
            Code::SignatureInvalid,
            "{other}"
        );
    }
    let mut head = Draft::get(pull).sign();
    head.method = "HEAD";
    let (status, _) = Called::new().answer(head.request()).await;
    assert_eq!(status.as_u16(), 401);
}

#[tokio::test]
async fn a_request_to_another_server() {
    // SIG-6
    let mut draft = Draft::notify();
    draft.destination = name("other.example");
    assert_eq!(refusal(draft.sign()).await.code, Code::WrongDestination);
    let mut redirected = Draft::notify();
    redirected.destination = name("other.example");
    let mut signed = redirected.sign();
    signed
        .headers
        .insert("holm-destination", "islet.example".parse().unwrap());
    assert_eq!(refusal(signed).await.code, Code::SignatureInvalid);
}

#[tokio::test]
async fn a_key_that_the_origin_does_not_list() {
    // SIG-9, DOC-3
    let mut draft = Draft::notify();
    draft.key_id = "r2".into();
    let problem = refusal(draft.sign()).await;
    assert_eq!(problem.code, Code::UnknownKey);
    assert!(problem.detail.contains("r2"), "{}", problem.detail);
    let mut draft = Draft::notify();
    (draft.key_id, draft.key) = ("m1".into(), PrivateKey::from_seed(&[22; 32]));
    assert_eq!(refusal(draft.sign()).await.code, Code::UnknownKey);
}

#[tokio::test]
async fn a_key_of_another_server() {
    // SIG-5
    let mut draft = Draft::notify();
    draft.origin = name("other.example");
    let mut signed = draft.sign();
    signed
        .headers
        .insert("holm-origin", "skerry.example".parse().unwrap());
    assert_eq!(refusal(signed).await.code, Code::UnknownKey);
}

#[tokio::test]
async fn a_signature_by_another_key_than_the_one_listed() {
    // SIG-9
    let mut draft = Draft::notify();
    draft.key = PrivateKey::from_seed(&[77; 32]);
    assert_eq!(refusal(draft.sign()).await.code, Code::SignatureInvalid);
}

#[tokio::test]
async fn a_request_created_six_minutes_off_either_way_and_one_second_too_far() {
    // SIG-7
    for created in [CREATED - 360, CREATED + 360, CREATED - 301, CREATED + 301] {
        let mut draft = Draft::notify();
        draft.created = created;
        let problem = refusal(draft.sign()).await;
        assert_eq!(problem.code, Code::ClockSkew, "{created}");
        assert_eq!(problem.time, Some(START_MS));
    }
    for created in [CREATED - 300, CREATED + 300] {
        let mut draft = Draft::notify();
        draft.created = created;
        let (status, _) = Called::new().answer(draft.sign().request()).await;
        assert_eq!(status.as_u16(), 200, "{created}");
    }
}

#[tokio::test]
async fn a_signature_that_covers_less_or_more_or_in_another_order() {
    // SIG-3, SIG-4
    for (from, to) in [
        (" \"content-digest\"", ""),
        (" \"@query\"", ""),
        ("\"@path\"", "\"@path\" \"@authority\""),
        ("\"@method\" \"@path\"", "\"@path\" \"@method\""),
        (";tag=\"holm-fed-1\"", ""),
        ("holm-fed-1", "holm-fed-2"),
        (";tag", ";nonce=\"x\";tag"),
        ("holm=(", "other=("),
    ] {
        let mut signed = Draft::notify().sign();
        let input = signed.headers["signature-input"].to_str().unwrap();
        let changed = input.replace(from, to);
        assert_ne!(changed, input);
        signed
            .headers
            .insert("signature-input", changed.parse().unwrap());
        assert_eq!(
            refusal(signed).await.code,
            Code::SignatureIncomplete,
            "{from}"
        );
    }
}

#[tokio::test]
async fn a_header_that_is_missing_or_stands_twice() {
    // SIG-10
    for header in [
        "signature",
        "signature-input",
        "content-digest",
        "holm-origin",
        "holm-destination",
    ] {
        let mut signed = Draft::notify().sign();
        let value = signed.headers.remove(header).unwrap();
        assert_eq!(
            refusal(signed).await.code,
            Code::SignatureMissing,
            "{header}"
        );
        let mut signed = Draft::notify().sign();
        signed.headers.append(header, value);
        assert_eq!(
            refusal(signed).await.code,
            Code::SignatureMissing,
            "{header}"
        );
    }
}

#[tokio::test]
async fn a_request_in_this_servers_own_name() {
    // SIG-9
    let called = Called::new();
    let mut draft = Draft::notify();
    (draft.origin, draft.key) = (
        name("islet.example"),
        called.world.islet.keys().request_signer(0).1.clone(),
    );
    let problem = called.problem(draft.sign().request()).await;
    assert_eq!(problem.code, Code::Forbidden);
    assert_eq!(called.world.net.take_uris(), [""; 0]);
}

#[tokio::test]
async fn an_origin_whose_document_does_not_hold_or_cannot_be_had() {
    // DOC-5, DOC-6, DOC-7, SIG-9
    let called = Called::new();
    called
        .world
        .dns
        .pin("skerry.example", &PrivateKey::from_seed(&[99; 32]));
    let problem = called.problem(Draft::notify().sign().request()).await;
    assert_eq!(problem.code, Code::PeerUntrusted);

    let called = Called::new();
    let mut draft = Draft::notify();
    draft.origin = name("nowhere.example");
    let problem = called.problem(draft.sign().request()).await;
    assert_eq!(
        (problem.code, problem.retry_after),
        (Code::PeerUnreachable, Some(5))
    );
}

#[tokio::test]
async fn strangers_names_are_looked_up_once_however_often_they_are_used() {
    // DISC-10, FED-9
    let called = Called::new();
    called.world.net.script(|_| json(404, &"nothing here"));
    for _ in 0..5 {
        let problem = called.problem(Draft::notify().sign().request()).await;
        assert_eq!(problem.code, Code::PeerUnreachable);
    }
    assert_eq!(called.world.net.take_uris().len(), 1);
}

#[tokio::test]
async fn a_key_that_was_rotated_out_after_the_document_is_fetched_again() {
    // DOC-3, DISC-10
    let called = Called::new();
    called.answer(Draft::notify().sign().request()).await;
    let rotated = identity("skerry.example", 20, 2).document(START_MS);
    called.world.net.script(move |_| json(200, &rotated));
    called.world.clock.advance(60_000);
    let mut renewed = Draft::notify();
    renewed.key_id = "r2".into();
    let (status, _) = called.answer(renewed.sign().request()).await;
    assert_eq!(status.as_u16(), 200);
    let problem = called.problem(Draft::notify().sign().request()).await;
    assert_eq!(problem.code, Code::UnknownKey);
}

#[tokio::test]
async fn malformed_json_and_duplicate_members_but_only_after_the_signature() {
    // ENC-4, SIG-9
    for body in [
        "{",
        "",
        "[]",
        r#"{"rooms":[]} {}"#,
        r#"{"rooms":[],"rooms":[]}"#,
    ] {
        let draft = Draft::post("/federation/v1/notify", body);
        assert_eq!(refusal(draft.sign()).await.code, Code::Malformed, "{body}");
        let mut unsigned = Draft::post("/federation/v1/notify", body).sign();
        unsigned.headers.remove("signature");
        assert_eq!(
            refusal(unsigned).await.code,
            Code::SignatureMissing,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_by_its_type() {
    // FED-1
    let mut signed = Draft::notify().sign();
    signed
        .headers
        .insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(refusal(signed).await.code, Code::UnsupportedMedia);
    let mut signed = Draft::notify().sign();
    signed.headers.insert(
        "content-type",
        "Application/JSON; charset=utf-8".parse().unwrap(),
    );
    let (status, _) = Called::new().answer(signed.request()).await;
    assert_eq!(status.as_u16(), 200);
}

#[tokio::test]
async fn a_path_that_names_nothing_and_a_query_without_its_number() {
    // FED-1, FED-7, ID-5
    for path in [
        "/federation/v1/events/k3v9?after=0",
        "/federation/v1/events/mimi%3A%2F%2Fislet.example%2Fu%2Falice?after=0",
        "/federation/v1/events/mimi%3A%2F%2FIslet.example%2Fr%2Fk3v9?after=0",
        "/federation/v1/events/%ff?after=0",
        "/federation/v1/events/mimi%3A%2F%2Fislet.example%2Fr%2Fk3v9",
        "/federation/v1/events/mimi%3A%2F%2Fislet.example%2Fr%2Fk3v9?after=-1",
        "/federation/v1/events/mimi%3A%2F%2Fislet.example%2Fr%2Fk3v9?after=1&after=2",
    ] {
        let problem = refusal(Draft::get(path).sign()).await;
        assert_eq!(problem.code, Code::Malformed, "{path}");
    }
}
