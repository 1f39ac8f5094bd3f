//! Problems and their codes (PROB-1, PROB-2).

use std::collections::BTreeSet;
use std::fmt;

use holm_protocol::admission::Refusal;
use holm_protocol::identity::IdentityError;
use holm_protocol::{Code, Problem};
use serde::Deserialize;
use serde::de::value::Error;
use serde::de::{Deserializer, Error as _, Visitor};
use serde_json::json;

/// Asks `Code` for the names it reads, and gives it none.
struct Names(&'static [&'static str]);

impl<'de> Deserializer<'de> for &mut Names {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("an enum is expected"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.0 = variants;
        Err(Error::custom("the names are enough"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// PROB-2
#[test]
fn the_list_of_codes_holds_each_once() {
    let mut names = Names(&[]);
    assert!(Code::deserialize(&mut names).is_err());
    let listed: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed.len(), Code::ALL.len());
    let mut known: BTreeSet<&str> = names.0.iter().copied().collect();
    assert!(known.remove("unknown"));
    assert_eq!(listed, known);
}

/// PROB-1, PROB-2
#[test]
fn each_code_comes_back_from_its_name() {
    for code in Code::ALL {
        let name = json!(code.as_str());
        assert_eq!(serde_json::to_value(code).unwrap(), name);
        assert_eq!(Code::deserialize(name).unwrap(), *code);
    }
}

/// PROB-2
#[test]
fn a_code_of_a_later_version_is_read_as_unknown() {
    let problem = json!({
        "type": "urn:holm:problem:moved", "title": "Moved", "status": 409, "code": "moved", "more": 1
    });
    let problem = Problem::deserialize(problem).unwrap();
    assert_eq!((problem.code, problem.status), (Code::Unknown, 409));
}

/// PROB-1
#[test]
fn statuses_are_those_of_errors_and_titles_are_sentences() {
    for code in Code::ALL {
        assert!((400..600).contains(&code.status()), "{code:?}");
        assert!(http::StatusCode::from_u16(code.status()).is_ok());
        assert!(
            code.title().len() > 5 && !code.title().ends_with('.'),
            "{code:?}"
        );
    }
}

/// PROB-1
#[test]
fn a_problem_comes_back_from_json_and_leaves_out_what_it_has_not() {
    for code in Code::ALL {
        let problem = Problem::new(*code, "what happened");
        let value = serde_json::to_value(&problem).unwrap();
        let expected = json!({
            "type": format!("urn:holm:problem:{}", code.as_str()), "title": code.title(),
            "status": code.status(), "code": code.as_str(), "detail": "what happened",
        });
        assert_eq!(value, expected);
        assert_eq!(Problem::deserialize(value).unwrap(), problem);
    }
    let full = Problem::new(Code::WrongEpoch, "")
        .with_epoch(7)
        .with_time(8)
        .with_retry_after(9);
    let value = serde_json::to_value(&full).unwrap();
    assert_eq!(
        (&value["epoch"], &value["time"], &value["retry_after"]),
        (&json!(7), &json!(8), &json!(9))
    );
    assert_eq!(Problem::deserialize(value).unwrap(), full);
}

/// PROB-1
#[test]
fn each_refusal_of_admission_has_its_own_name_and_a_code() {
    let identity = |e| Refusal::Identity(e);
    let refusals = [
        (Refusal::Proposal, Code::CommitForbidden),
        (Refusal::Extensions, Code::CommitForbidden),
        (Refusal::UnknownLeaf, Code::CommitForbidden),
        (identity(IdentityError::Signature), Code::InvalidCertificate),
        (identity(IdentityError::Time), Code::InvalidCertificate),
        (Refusal::DuplicateDevice, Code::CommitForbidden),
        (Refusal::IdentityChanged, Code::InvalidCertificate),
        (Refusal::Generation, Code::InvalidCertificate),
        (Refusal::AddNotAllowed, Code::CommitForbidden),
        (Refusal::RemoveNotAllowed, Code::CommitForbidden),
        (Refusal::ChangeNotAllowed, Code::CommitForbidden),
        (Refusal::RoleNotAllowed, Code::CommitForbidden),
        (Refusal::HubNotAllowed, Code::CommitForbidden),
        (Refusal::LastOwner, Code::CommitForbidden),
        (Refusal::Banned, Code::CommitForbidden),
        (Refusal::External, Code::CommitForbidden),
        (Refusal::Limit, Code::Limit),
        (Refusal::Creation, Code::CommitForbidden),
    ];
    let names: BTreeSet<&str> = refusals.iter().map(|(refusal, _)| refusal.name()).collect();
    assert_eq!(names.len(), refusals.len());
    for (refusal, code) in refusals {
        let problem = refusal.problem();
        assert_eq!((problem.code, problem.detail), (code, refusal.to_string()));
    }
}
