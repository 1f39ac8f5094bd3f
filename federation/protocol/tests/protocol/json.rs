//! Strict JSON (ENC-3 to ENC-6).

use holm_protocol::json::{Base64Url, from_slice};
use holm_protocol::limits::JSON_NUMBER_MAX;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use serde::Deserialize;
use serde_json::Value;

use crate::strategies;

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Body {
    number: i64,
    #[serde(default)]
    bytes: Base64Url,
}

fn read(text: &str) -> Result<Body, serde_json::Error> {
    from_slice(text.as_bytes())
}

proptest! {
    /// ENC-3
    #[test]
    fn bytes_have_one_text(bytes in strategies::bytes()) {
        let text = Base64Url::to_text(&bytes);
        prop_assert_eq!(Base64Url::parse(&text).unwrap(), Base64Url::from(bytes));
        for end in ["=", " ", "\n"] {
            let longer = text.clone() + end;
            prop_assert!(Base64Url::parse(&longer).is_err());
        }
    }

    /// ENC-3
    #[test]
    fn a_text_that_is_read_is_written_the_same(text in "[A-Za-z0-9_+/=-]{0,12}") {
        if let Ok(bytes) = Base64Url::parse(&text) {
            prop_assert_eq!(Base64Url::to_text(bytes.as_slice()), text);
        }
    }

    /// ENC-4
    #[test]
    fn a_member_that_stands_twice_is_refused_at_any_depth(depth in 0_usize..20, key in "[a-z]{1,5}") {
        let nest = |inner: &str| {
            let open = "{\"a\":[".repeat(depth);
            format!("{{\"number\":1,\"unknown\":{open}{inner}{}}}", "]}".repeat(depth))
        };
        let (once, twice) = (format!("{{\"{key}\":1}}"), format!("{{\"{key}\":1,\"{key}\":1}}"));
        prop_assert!(read(&nest(&once)).is_ok());
        prop_assert!(read(&nest(&twice)).is_err());
    }

    /// ENC-5
    #[test]
    fn arbitrary_bytes_are_an_object_or_refused(bytes in strategies::bytes()) {
        if let Ok(value) = from_slice::<Value>(&bytes) {
            prop_assert!(value.is_object());
        }
    }

    /// ENC-6
    #[test]
    fn numbers_are_exact_in_every_language_or_refused(number in any::<i64>()) {
        let read = read(&format!("{{\"number\":{number}}}"));
        prop_assert_eq!(read.is_ok(), number.unsigned_abs() <= JSON_NUMBER_MAX);
    }
}

/// ENC-4
#[test]
fn two_spellings_of_one_member_are_the_same_member() {
    assert!(read(r#"{"number":1,"n\u0075mber":2}"#).is_err());
    assert!(read(r#"{"number":1,"Number":2}"#).is_ok());
}

/// ENC-4
#[test]
fn unknown_members_are_ignored() {
    let body = read(r#"{"later":{"more":[null,true,"x",1.5]},"number":1}"#).unwrap();
    assert_eq!(body.number, 1);
}

/// ENC-5
#[test]
fn only_one_object_is_a_body() {
    for text in [
        "",
        "1",
        "[1]",
        "null",
        "\"a\"",
        r#"{"number":1} {}"#,
        r#"{"number":1}x"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    assert!(read(" {\"number\":1}\n").is_ok());
}

/// ENC-5
#[test]
fn nesting_is_bounded() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(from_slice::<Value>(deep.as_bytes()).is_err());
}

/// ENC-6
#[test]
fn the_largest_number_is_two_to_the_53_less_one() {
    assert_eq!(JSON_NUMBER_MAX, 9_007_199_254_740_991);
    for (text, fits) in [
        ("9007199254740991", true),
        ("-9007199254740991", true),
        ("9007199254740992", false),
        ("-9007199254740992", false),
        ("18446744073709551616", false),
        ("1e300", false),
        ("0.5", true),
    ] {
        let body = format!("{{\"number\":1,\"unknown\":[{text}]}}");
        assert_eq!(read(&body).is_ok(), fits, "{text}");
    }
}

/// ENC-3
#[test]
fn spare_bits_of_the_last_letter_are_zero() {
    assert_eq!(Base64Url::parse("AA").unwrap().as_slice(), [0]);
    assert!(Base64Url::parse("AB").is_err());
    assert!(read(r#"{"number":1,"bytes":"A+/A"}"#).is_err());
}
