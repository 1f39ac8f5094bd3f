//! Signed requests: the one gate (SIG-3 to SIG-10).

mod parameters;
mod request;

use bytes::Bytes;
use holm_protocol::Code;
use holm_protocol::limits::CLOCK_SKEW_MS_MAX;
use holm_protocol::request_signature::{
    CONTENT_DIGEST, ORIGIN, SIGNATURE_INPUT, SignatureError, UnverifiedRequest,
};
use http::Method;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::fixtures::{NOW, islet, key, skerry};
use crate::strategies;
use request::{CREATED, HEADERS, Request, TARGET, request, signed};

/// The parameters of the profile, for tests that change them.
fn parameters() -> String {
    let request = request();
    let input = request.value(SIGNATURE_INPUT);
    input.strip_prefix("holm=").unwrap().to_owned()
}

fn target() -> impl Strategy<Value = String> {
    "(/[A-Za-z0-9._~%3A-]{1,6}){1,3}(\\?[a-z0-9=&%2F]{0,8})?"
}

proptest! {
    /// SIG-3, SIG-8, SIG-9
    #[test]
    fn a_signed_request_is_proven(target in target(), body in strategies::bytes(), put in any::<bool>()) {
        let method = if put { Method::PUT } else { Method::GET };
        prop_assert_eq!(signed(&method, &target, &body, CREATED).verify(), Ok(()));
    }

    /// SIG-3, SIG-8, SIG-9
    #[test]
    fn another_method_target_or_body_breaks_it(
        target in target(), other in target(), body in strategies::bytes(), bit in any::<proptest::sample::Index>()
    ) {
        let good = signed(&Method::POST, &target, &body, CREATED);
        let mut changed = good.clone();
        changed.method = Method::PUT;
        prop_assert_eq!(changed.verify(), Err(SignatureError::Signature));
        let mut changed = good.clone();
        changed.target = other.clone();
        // No query and an empty one are the same (RFC 9421 §2.2.7).
        let same = other.trim_end_matches('?') == target.trim_end_matches('?');
        prop_assert_eq!(changed.verify().is_ok(), same);
        let mut changed = good;
        changed.body.push(0);
        let at = bit.index(changed.body.len());
        changed.body[at] ^= 1;
        prop_assert_eq!(changed.verify(), Err(SignatureError::Digest));
    }

    /// SIG-3 to SIG-9
    #[test]
    fn a_changed_character_of_any_header_breaks_it(
        header in 0_usize..5, at in any::<proptest::sample::Index>(), c in "[ -~]"
    ) {
        let good = request();
        let mut text = good.value(HEADERS[header]).to_owned();
        let place = at.index(text.len());
        text.replace_range(place..=place, &c);
        let same = text == good.value(HEADERS[header]);
        prop_assert_eq!(good.with(HEADERS[header], &text).verify().is_ok(), same);
    }

    /// SIG-10
    #[test]
    fn arbitrary_headers_never_panic(values in proptest::collection::vec("[ -~]{0,40}", 5)) {
        let mut request = request();
        for (name, value) in HEADERS.into_iter().zip(&values) {
            request = request.with(name, value);
        }
        let uri = TARGET.parse().unwrap();
        let read = UnverifiedRequest::read(Method::POST, uri, &request.headers, Bytes::new());
        prop_assert!(read.is_err());
    }

    /// SIG-3, SIG-4
    #[test]
    fn arbitrary_parameters_are_the_profiles_or_refused(text in "holm=\\([\"@a-z ]{0,20}\\)[;=a-z0-9\"#.-]{0,60}") {
        let verdict = request().with(SIGNATURE_INPUT, &text).verify();
        prop_assert!(matches!(verdict, Err(SignatureError::Coverage | SignatureError::Header(_))));
    }

    /// SIG-7
    #[test]
    fn a_request_is_of_the_last_or_next_five_minutes(created in any::<u32>(), off in -400_000_i64..400_000) {
        let created = u64::from(created) + 1_000;
        let now = (created * 1_000).saturating_add_signed(off);
        let verdict = signed(&Method::GET, TARGET, b"", created).verify_at(&skerry(), now);
        let expected = if off.unsigned_abs() > 300_000 { Err(SignatureError::Skew { created }) } else { Ok(()) };
        prop_assert_eq!(verdict, expected);
    }
}

/// SIG-9
#[test]
fn what_is_proven_is_the_origin_and_the_body() {
    let Request {
        method,
        target,
        headers,
        body,
    } = request();
    let body = Bytes::from(body);
    let read = UnverifiedRequest::read(method, target.parse().unwrap(), &headers, body.clone());
    let read = read.unwrap();
    assert_eq!((read.claimed_origin(), read.key_id()), (&islet(), "q1"));
    let verified = read
        .verify(&key("request").public(), &skerry(), NOW)
        .unwrap();
    assert_eq!((verified.origin(), verified.body()), (&islet(), &body));
}

/// SIG-10
#[test]
fn each_header_stands_exactly_once() {
    for name in HEADERS {
        let mut missing = request();
        missing.headers.remove(name);
        assert_eq!(missing.verify(), Err(SignatureError::Header(name)));
        let mut twice = request();
        let value = twice.headers[name].clone();
        twice.headers.append(name, value);
        assert_eq!(twice.verify(), Err(SignatureError::Header(name)));
    }
}

/// SIG-5
#[test]
fn a_key_of_another_server_does_not_sign_for_this_one() {
    let good = parameters();
    for id in [
        "skerry.example#q1",
        "islet.example",
        "islet.example#",
        "islet.example#q 1",
        "islet.example#q1#",
    ] {
        let changed = good.replace("islet.example#q1", id);
        let verdict = request().signed_over(&changed).verify();
        assert_eq!(verdict, Err(SignatureError::ForeignKey(id.into())), "{id}");
    }
}

/// SIG-6
#[test]
fn a_request_for_another_server_is_not_for_this_one() {
    let verdict = request().verify_at(&islet(), NOW);
    assert_eq!(verdict, Err(SignatureError::Destination(skerry())));
}

/// SIG-7
#[test]
fn the_skew_is_five_minutes_and_no_more() {
    assert_eq!(CLOCK_SKEW_MS_MAX, 300_000);
    for (now, holds) in [
        (NOW - CLOCK_SKEW_MS_MAX, true),
        (NOW - CLOCK_SKEW_MS_MAX - 1, false),
        (NOW + CLOCK_SKEW_MS_MAX, true),
        (NOW + CLOCK_SKEW_MS_MAX + 1, false),
    ] {
        assert_eq!(request().verify_at(&skerry(), now).is_ok(), holds, "{now}");
    }
    let far = signed(&Method::GET, TARGET, b"", 999_999_999_999_999);
    assert!(matches!(far.verify(), Err(SignatureError::Skew { .. })));
}

/// SIG-8
#[test]
fn a_digest_of_another_kind_is_refused() {
    let good = request().value(CONTENT_DIGEST).to_owned();
    for text in [
        format!("sha-512=:AAAA:, {good}"),
        format!("{good};a"),
        good.to_ascii_uppercase(),
    ] {
        let verdict = request().with(CONTENT_DIGEST, &text).verify();
        assert_eq!(verdict, Err(SignatureError::Digest), "{text}");
    }
}

/// SIG-9
#[test]
fn another_key_did_not_sign() {
    let body = Bytes::from(request().body);
    let uri = TARGET.parse().unwrap();
    let read = UnverifiedRequest::read(Method::POST, uri, &request().headers, body).unwrap();
    let verdict = read.verify(&key("another").public(), &skerry(), NOW);
    assert_eq!(verdict.err(), Some(SignatureError::Signature));
}

/// SIG-7, PROB-1
#[test]
fn each_refusal_has_its_code_and_a_skew_tells_our_time() {
    let code = |error: SignatureError| error.problem(NOW).code;
    assert_eq!(code(SignatureError::Header(ORIGIN)), Code::SignatureMissing);
    assert_eq!(code(SignatureError::Coverage), Code::SignatureIncomplete);
    assert_eq!(
        code(SignatureError::ForeignKey(String::new())),
        Code::UnknownKey
    );
    assert_eq!(
        code(SignatureError::Destination(islet())),
        Code::WrongDestination
    );
    assert_eq!(code(SignatureError::Digest), Code::SignatureInvalid);
    assert_eq!(code(SignatureError::Signature), Code::SignatureInvalid);
    let skew = SignatureError::Skew { created: 1 }.problem(NOW);
    assert_eq!((skew.code, skew.time), (Code::ClockSkew, Some(NOW)));
}
