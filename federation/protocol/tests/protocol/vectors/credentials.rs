//! `credentials.json`.

use holm_protocol::identity::{DeviceIdentity, IdentityError};
use holm_protocol::{DeviceUri, PrivateKey, PublicKey};
use serde_json::{Value, json};

use super::File;
use super::case::{Case, hex};
use crate::fixtures::{NOW, VALIDITY, device, identity, key};

const PHONE: &str = "alice@islet.example/phone";

fn case(name: &str, ids: &[&str], identity: &DeviceIdentity, time: u64, verdict: &str) -> Value {
    let certificate = &identity.certificate;
    json!({
        "name": name, "requirements": ids, "device": identity.device,
        "mls_key": hex(key(&format!("mls {PHONE}")).public().0),
        "seed": hex(key("identity alice@islet.example").seed()),
        "identity_key": hex(identity.identity_key.0), "generation": certificate.generation,
        "issued": certificate.issued, "expires": certificate.expires,
        "signature": hex(certificate.signature.0), "identity": hex(identity.to_bytes()),
        "time": time, "verdict": verdict,
    })
}

fn timed() -> Vec<Value> {
    let good = identity(PHONE, 3);
    let (first, last) = (VALIDITY.0 * 1_000, VALIDITY.1 * 1_000);
    let of = |name, time, verdict| case(name, &["ROOM-3"], &good, time, verdict);
    vec![
        case(
            "a device's identity",
            &["ROOM-3", "ROOM-4", "SIG-1"],
            &good,
            NOW,
            "valid",
        ),
        of("five minutes before it begins", first - 300_000, "valid"),
        of(
            "more than five minutes before it begins",
            first - 301_000,
            "time",
        ),
        of("the last second", last - 1, "valid"),
        of("the second it ends", last, "time"),
    ]
}

fn changed() -> Vec<Value> {
    let of = |name, change: &dyn Fn(&mut DeviceIdentity)| {
        let mut identity = identity(PHONE, 3);
        change(&mut identity);
        case(name, &["ROOM-3"], &identity, NOW, "signature")
    };
    let desk = device("alice@islet.example/desk");
    let stranger = key("identity mallory@skerry.example").public();
    vec![
        of("another device", &|i| i.device = desk.clone()),
        of("another identity key", &|i| i.identity_key = stranger),
        of("another generation", &|i| i.certificate.generation = 4),
        of("another beginning", &|i| i.certificate.issued += 1),
        of("another end", &|i| i.certificate.expires += 1),
        of("a flipped bit in the signature", &|i| {
            i.certificate.signature.0[5] ^= 8;
        }),
    ]
}

fn under_another_mls_key() -> Value {
    let mut case = case(
        "another MLS key",
        &["ROOM-3"],
        &identity(PHONE, 3),
        NOW,
        "signature",
    );
    case["mls_key"] = json!(hex(key("a listener").public().0));
    case
}

fn malformed() -> Vec<Value> {
    let good = identity(PHONE, 3).to_bytes();
    let of = |name: &str, ids: &[&str], bytes: &[u8]| json!({ "name": name, "requirements": ids, "identity": hex(bytes), "verdict": "malformed" });
    vec![
        of("no bytes", &["ROOM-4"], b""),
        of(
            "one byte too few",
            &["ROOM-4", "ENC-2"],
            &good[..good.len() - 1],
        ),
        of(
            "one byte too many",
            &["ROOM-4", "ENC-2"],
            &[good.as_slice(), &[0]].concat(),
        ),
        of("201 bytes", &["ROOM-4"], &too_long()),
    ]
}

/// The identity of a device whose URI has 83 bytes: one more than fits.
fn too_long() -> Vec<u8> {
    let uri = format!("mimi://{}.example/d/alice/phone12", "a".repeat(52));
    let rest = &identity(PHONE, 3).to_bytes()[1 + device(PHONE).as_str().len()..];
    [&[0x40, 83], uri.as_bytes(), rest].concat()
}

fn file() -> File {
    File {
        name: "credentials",
        description: "Identities in MLS BasicCredentials: a device, its user's identity key, and that key's certificate for the device's MLS key.",
        format: &[
            "identity: opaque device<V>, identity_key[32], uint32 generation, uint64 issued, uint64 expires, signature[64]; at most 200 bytes",
            "signature: by the identity key (seed) over opaque label<V> = \"holm certificate v1\", opaque device<V>, mls_key[32], uint32 generation, uint64 issued, uint64 expires",
            "issued, expires: seconds since 1970",
            "mls_key: signature key of the leaf whose credential it is",
            "time: when it is judged, ms; in a room the time of the commit's event",
            "verdict: valid, signature (not the identity key's for this device and MLS key), time (over five minutes before issued, or at expires or later), malformed",
        ],
        shared: Value::Null,
        cases: [
            timed(),
            changed(),
            vec![under_another_mls_key()],
            malformed(),
        ]
        .concat(),
    }
}

fn check_parts(case: &Case<'_>, read: &DeviceIdentity) {
    let certificate = &read.certificate;
    assert_eq!(
        read.device,
        DeviceUri::parse(case.text("device")).unwrap(),
        "{}",
        case.name()
    );
    assert_eq!(
        read.identity_key.0,
        case.array("identity_key"),
        "{}",
        case.name()
    );
    assert_eq!(
        certificate.generation,
        case.small::<u32>("generation"),
        "{}",
        case.name()
    );
    assert_eq!(certificate.issued, case.number("issued"), "{}", case.name());
    assert_eq!(
        certificate.expires,
        case.number("expires"),
        "{}",
        case.name()
    );
    assert_eq!(
        certificate.signature.0,
        case.array("signature"),
        "{}",
        case.name()
    );
}

/// ROOM-3, ROOM-4, SIG-1, ENC-2
#[test]
fn every_case_of_credentials_holds() {
    file().run(|case, _| {
        let read = DeviceIdentity::from_bytes(&case.bytes("identity"));
        assert_eq!(
            read.is_err(),
            case.text("verdict") == "malformed",
            "{}",
            case.name()
        );
        let Ok(read) = read else { return };
        check_parts(case, &read);
        let mls_key = PublicKey(case.array("mls_key"));
        let verdict = match read.check(&mls_key, case.number("time")) {
            Ok(()) => "valid",
            Err(IdentityError::Signature) => "signature",
            Err(IdentityError::Time) => "time",
        };
        assert_eq!(verdict, case.text("verdict"), "{}", case.name());
        if verdict == "valid" {
            let key = PrivateKey::from_seed(&case.array("seed"));
            let times = (case.number("issued"), case.number("expires"));
            let generation = case.small("generation");
            let again =
                DeviceIdentity::certify(read.device.clone(), &mls_key, &key, generation, times);
            assert_eq!(again, read, "{}", case.name());
        }
    });
}
