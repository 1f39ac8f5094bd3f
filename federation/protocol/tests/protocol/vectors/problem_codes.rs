//! `problem_codes.json`.

use holm_protocol::{Code, Problem};
use serde::Deserialize;
use serde_json::{Value, json};

use super::File;

fn file() -> File {
    let case = |code: &Code| {
        json!({
            "name": code.as_str(), "requirements": ["PROB-1", "PROB-2"], "code": code.as_str(),
            "type": format!("urn:holm:problem:{}", code.as_str()), "status": code.status(),
            "title": code.title(),
        })
    };
    File {
        name: "problem_codes",
        description: "Every code of a problem (RFC 9457) with its type, HTTP status and title.",
        format: &[
            "code: what programs branch on; codes are added, never changed",
            "type, status, title: the members of the problem that go with it",
        ],
        shared: Value::Null,
        cases: Code::ALL.iter().map(case).collect(),
    }
}

/// PROB-1, PROB-2
#[test]
fn every_case_of_problem_codes_holds() {
    file().run(|case, _| {
        let code = Code::deserialize(case.value("code")).unwrap();
        assert_ne!(code, Code::Unknown, "{}", case.name());
        let problem = Problem::new(code, "");
        assert_eq!(problem.kind, case.text("type"), "{}", case.name());
        assert_eq!(
            u64::from(problem.status),
            case.number("status"),
            "{}",
            case.name()
        );
        assert_eq!(problem.title, case.text("title"), "{}", case.name());
    });
}
