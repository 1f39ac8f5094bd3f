//! Who may ask: every endpoint that needs a token, with everything that is none (API-2, ACC-2).

use std::sync::Arc;

use serde::Deserialize;

use super::fault::Check;
use super::plan::{Plan, plan};
use super::site::Site;
use super::table::{Endpoint, endpoints, read};

/// What stands where the token should.
#[derive(Clone, Deserialize)]
struct Bearer {
    name: String,
    title: String,
    cites: String,
    /// Values of Authorization headers; `{token}` is a good token, `{half}` its first half,
    /// `{flipped}` the token with a bit changed, `{long}` 10,000 letters.
    headers: Vec<String>,
    /// Added to the path.
    #[serde(default)]
    query: String,
    status: u16,
    code: String,
}

#[derive(Deserialize)]
struct Bearers {
    bearer: Vec<Bearer>,
}

/// Each bad token at each endpoint that needs one.
pub(crate) fn plans() -> Vec<Plan> {
    let bearers: Bearers = read(include_str!("../../cases/client/bearers.toml"));
    let guarded = endpoints().into_iter().filter(|e| e.needs_token);
    guarded
        .flat_map(|endpoint| {
            let of = move |bearer: &Bearer| one(endpoint.clone(), bearer.clone());
            bearers.bearer.iter().map(of).collect::<Vec<_>>()
        })
        .collect()
}

fn one(endpoint: Endpoint, bearer: Bearer) -> Plan {
    let id = format!("token.{}.{}", bearer.name, endpoint.operation);
    let title = format!("{} {}: {}", endpoint.method, endpoint.path, bearer.title);
    let cites = bearer.cites.clone();
    plan(id, title, cites, move |site| {
        refused(site, endpoint.clone(), bearer.clone())
    })
}

async fn refused(site: Arc<Site>, endpoint: Endpoint, bearer: Bearer) -> Check {
    let token = site.shared().await?.token.clone();
    let mut request = endpoint.request(&site);
    for value in &bearer.headers {
        request = request.header("authorization", fill(value, &token));
    }
    if !bearer.query.is_empty() {
        let mark = if request.target.contains('?') {
            '&'
        } else {
            '?'
        };
        let query = fill(&bearer.query, &token);
        request.target = format!("{}{mark}{query}", request.target);
    }
    let answer = site.send(&request).await?;
    answer.refused(bearer.status, &bearer.code).map(drop)
}

fn fill(template: &str, token: &str) -> String {
    let (half, last) = token.split_at(token.len() / 2);
    let flipped = match token.as_bytes()[0] {
        b'A' => format!("B{}", &token[1..]),
        _ => format!("A{}", &token[1..]),
    };
    template
        .replace("{token}", token)
        .replace("{half}", half)
        .replace("{other_half}", last)
        .replace("{flipped}", &flipped)
        .replace("{long}", &"a".repeat(10_000))
}
