//! What a server answered to a homeserver of the kit, held against what it has to answer.

use serde_json::Value;

use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::wire::Response;
use crate::client_role::wire::response::check_problem;

/// A refusal with this status and code, whole as a problem is (PROB-1); the problem.
pub(crate) fn refused(answer: &Response, status: u16, code: &str) -> Check<Value> {
    let found = problem(answer)?;
    let got = (answer.status, found["code"].as_str().unwrap_or_default());
    ensure(got == (status, code), || {
        format!(
            "wanted {status} {code}, got {} {}",
            answer.status,
            answer.text()
        )
    })?;
    Ok(found)
}

/// A refusal with one of these.
pub(crate) fn refused_as_one_of(answer: &Response, all: &[(u16, &str)]) -> Check<Value> {
    let found = problem(answer)?;
    let got = (answer.status, found["code"].as_str().unwrap_or_default());
    ensure(all.contains(&got), || {
        format!(
            "wanted one of {all:?}, got {} {}",
            answer.status,
            answer.text()
        )
    })?;
    Ok(found)
}

/// A refusal of any kind, whole as a problem is (PROB-1).
pub(crate) fn problem(answer: &Response) -> Check<Value> {
    let status = answer.status;
    ensure((400..600).contains(&status), || {
        format!("wanted a refusal, got {status} {}", answer.text())
    })?;
    let what = format!("content type of {status} {}", answer.text());
    let kind = answer.header("content-type");
    same(&what, &kind, &Some("application/problem+json"))?;
    let problem: Value = serde_json::from_slice(&answer.body).during("the refusal is no JSON")?;
    check_problem(&problem)?;
    same("status in the problem", &problem["status"], &status.into())?;
    Ok(problem)
}

/// The code of a problem inside a good answer.
pub(crate) fn code_of(problem: &Value) -> &str {
    problem["code"].as_str().unwrap_or_default()
}
