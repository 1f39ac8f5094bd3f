//! Signed requests: the one gate (SIG-3 to SIG-10).

use bytes::Bytes;
use holm_protocol::limits::CLOCK_SKEW_MS_MAX;
use holm_protocol::request_signature::{
    CONTENT_DIGEST, DESTINATION, ORIGIN, RequestParts, SIGNATURE, SIGNATURE_INPUT, SignatureError,
    UnverifiedRequest, content_digest, sign_request,
};
use holm_protocol::{Code, ServerName};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::fixtures::{NOW, islet, key, skerry};
use crate::strategies;

const CREATED: u64 = NOW / 1_000;
const TARGET: &str = "/federation/v1/events/mimi%3A%2F%2Fislet.example%2Fr%2Fharbor?after=7";
const HEADERS: [&str; 5] = [
    ORIGIN,
    DESTINATION,
    CONTENT_DIGEST,
    SIGNATURE_INPUT,
    SIGNATURE,
];

/// A request as it arrives.
#[derive(Clone, Debug)]
struct Request {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn signed(method: &Method, target: &str, body: &[u8], created: u64) -> Request {
    let (origin, destination) = (islet(), skerry());
    let uri: Uri = target.parse().unwrap();
    let parts = RequestParts {
        method: method.as_str(),
        path: uri.path(),
        query: uri.query(),
        content_digest: &content_digest(body),
        origin: &origin,
        destination: &destination,
    };
    let signature = sign_request(&parts, "q1", &key("request"), created);
    let values = [
        origin.as_str(),
        destination.as_str(),
        parts.content_digest,
        &signature.signature_input,
        &signature.signature,
    ];
    let named = HEADERS.into_iter().zip(values);
    Request {
        method: method.clone(),
        target: target.into(),
        headers: named
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect(),
        body: body.into(),
    }
}

fn request() -> Request {
    signed(&Method::POST, TARGET, b"{\"a\":1}", CREATED)
}

impl Request {
    fn verify_at(self, own: &ServerName, now_ms: u64) -> Result<(), SignatureError> {
        let body = Bytes::from(self.body);
        let uri = self.target.parse().unwrap();
        let read = UnverifiedRequest::read(self.method, uri, &self.headers, body)?;
        read.verify(&key("request").public(), own, now_ms).map(drop)
    }

    fn verify(self) -> Result<(), SignatureError> {
        self.verify_at(&skerry(), NOW)
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    fn value(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The same with the parameters replaced, signed over them as they then stand.
    fn signed_over(self, parameters: &str) -> Self {
        let input = format!("holm={parameters}");
        let lines = [
            format!("\"@method\": {}", self.method),
            format!("\"@path\": {}", self.target.split_once('?').unwrap().0),
            format!("\"@query\": ?{}", self.target.split_once('?').unwrap().1),
            format!("\"content-digest\": {}", self.value(CONTENT_DIGEST)),
            format!("\"holm-origin\": {}", self.value(ORIGIN)),
            format!("\"holm-destination\": {}", self.value(DESTINATION)),
            format!("\"@signature-params\": {parameters}"),
        ];
        let raw = key("request").sign_raw(lines.join("\n").as_bytes());
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, raw.0);
        self.with(SIGNATURE_INPUT, &input)
            .with(SIGNATURE, &format!("holm=:{encoded}:"))
    }
}

/// The parameters of the profile, for tests that change them.
fn parameters() -> String {
    let request = request();
    request
        .value(SIGNATURE_INPUT)
        .strip_prefix("holm=")
        .unwrap()
        .to_owned()
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

/// SIG-3
#[test]
fn less_more_or_other_coverage_is_refused_though_it_is_signed() {
    let good = parameters();
    assert_eq!(request().signed_over(&good).verify(), Ok(()));
    for (from, to) in [
        ("\"@query\" ", ""),
        (" \"holm-destination\"", ""),
        ("\"@method\" \"@path\"", "\"@path\" \"@method\""),
        ("\"@path\"", "\"@path\" \"@path\""),
        ("\"@path\"", "\"@target-uri\""),
        ("\"@path\"", "\"@path\";req"),
        ("\"content-digest\"", "\"content-digest\";sf"),
        ("\"holm-origin\"", "\"holm-origin\" \"date\""),
        ("\"@path\"", "@path"),
    ] {
        assert!(good.contains(from), "{from}");
        let verdict = request().signed_over(&good.replacen(from, to, 1)).verify();
        let refused = matches!(
            verdict,
            Err(SignatureError::Coverage | SignatureError::Header(_))
        );
        assert!(refused, "{to}: {verdict:?}");
    }
}

/// SIG-4
#[test]
fn other_parameters_or_another_order_are_refused_though_signed() {
    let good = parameters();
    let created = format!(";created={CREATED}");
    for (from, to) in [
        (created.as_str(), String::new()),
        (&created, format!(";created=-{CREATED}")),
        (&created, format!(";created={CREATED}.0")),
        (&created, format!(";created=\"{CREATED}\"")),
        (&created, format!(";created=@{CREATED}")),
        (";tag=\"holm-fed-1\"", String::new()),
        (";tag=\"holm-fed-1\"", ";tag=\"holm-fed-2\"".into()),
        (";tag=\"holm-fed-1\"", ";tag=holm-fed-1".into()),
        (
            ";tag=\"holm-fed-1\"",
            format!(";tag=\"holm-fed-1\";expires={CREATED}"),
        ),
        (
            ";tag=\"holm-fed-1\"",
            ";tag=\"holm-fed-1\";nonce=\"a\"".into(),
        ),
        (
            ";tag=\"holm-fed-1\"",
            ";tag=\"holm-fed-1\";alg=\"ed25519\"".into(),
        ),
        (&created, format!(";tag=\"holm-fed-1\"{created}")),
    ] {
        assert!(good.contains(from), "{from}");
        let verdict = request().signed_over(&good.replacen(from, &to, 1)).verify();
        assert_eq!(verdict, Err(SignatureError::Coverage), "{to}");
    }
}

/// SIG-4
#[test]
fn another_spelling_of_the_same_parameters_is_refused_though_signed() {
    let good = parameters();
    for (from, to) in [
        ("(\"@method\"", "( \"@method\""),
        ("\"@method\" ", "\"@method\"  "),
        (";created", "; created"),
        (";created=", ";created=0"),
        (";created=", ";created=1;created="),
        ("\"islet.example#q1\"", "\"islet.example\\#q1\""),
    ] {
        let verdict = request().signed_over(&good.replacen(from, to, 1)).verify();
        let refused = matches!(
            verdict,
            Err(SignatureError::Coverage | SignatureError::Header(_))
        );
        assert!(refused, "{to}: {verdict:?}");
    }
    for text in [
        format!(" holm={good}"),
        format!("holm={good} "),
        format!("a=1, holm={good}"),
        format!("holm={good}, a=1"),
    ] {
        let verdict = request().with(SIGNATURE_INPUT, &text).verify();
        assert_eq!(verdict, Err(SignatureError::Coverage), "{text}");
    }
}

/// SIG-4
#[test]
fn another_spelling_of_the_same_signature_is_refused() {
    let good = request().value(SIGNATURE).to_owned();
    let bare = good.replace("==:", ":");
    assert_ne!(bare, good);
    let second = format!("{good}, other=:AAAA:");
    let spare = good.replacen("==:", "==:;a=1", 1);
    for text in [
        bare,
        second,
        spare,
        format!("{good} "),
        good.replacen("holm", "Holm", 1),
    ] {
        let verdict = request().with(SIGNATURE, &text).verify();
        assert_eq!(verdict, Err(SignatureError::Header(SIGNATURE)), "{text}");
    }
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
