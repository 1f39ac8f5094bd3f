//! Paths and methods: what is there, what is not, and what browsers ask first (API-6 to API-10).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::fault::{Check, During, ensure, same};
use super::members::misspelt;
use super::plan::{Plan, plan};
use super::site::Site;
use super::table::{Endpoint, endpoints, read};
use super::wire::{Request, Response, segment};

/// Methods tried where an endpoint does not have them.
const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW",
];

#[derive(Deserialize)]
struct Paths {
    not_found: Vec<String>,
    malformed: Vec<String>,
}

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut by_path = BTreeMap::<_, Vec<_>>::new();
    for endpoint in endpoints() {
        by_path
            .entry(endpoint.path.clone())
            .or_default()
            .push(endpoint);
    }
    let mut plans: Vec<_> = by_path.into_values().map(methods).collect();
    plans.extend(endpoints().into_iter().map(trailing_slash));
    plans.extend(endpoints().into_iter().map(preflight));
    plans.extend(
        endpoints()
            .into_iter()
            .filter(|e| e.method == "GET")
            .map(head),
    );
    plans.extend(
        endpoints()
            .into_iter()
            .filter(|e| e.path.contains('{'))
            .map(names),
    );
    plans.extend(odd_paths());
    plans
}

/// Every method that a path does not have is refused, and those it has are named.
fn methods(of_path: Vec<Endpoint>) -> Plan {
    let first = &of_path[0];
    let id = format!("method.{}", first.operation);
    let title = format!("{} has no other methods", first.path);
    plan(id, title, "API-8 API-1 R07", move |site| {
        let of_path = of_path.clone();
        async move {
            let has: BTreeSet<_> = of_path.iter().map(|e| e.method.as_str()).collect();
            for method in METHODS.into_iter().filter(|method| !has.contains(method)) {
                let mut request = of_path[0].request(&site);
                method.clone_into(&mut request.method);
                let answer = site.send(&request).await?;
                let refused = answer.refused(405, "method_not_allowed");
                refused.during(method)?;
                check_allow(&answer, &has).during(method)?;
                check_headers(&answer).during(method)?;
            }
            Ok(())
        }
    })
}

/// GET may bring HEAD along (RFC 9110 §9.3.2).
fn check_allow(answer: &Response, has: &BTreeSet<&str>) -> Check {
    let allow = answer.header("allow").unwrap_or_default();
    let named: BTreeSet<_> = allow
        .split(',')
        .map(str::trim)
        .filter(|m| *m != "HEAD")
        .collect();
    same("the Allow header", &named, has)
}

/// What every answer of the client API carries (API-9, API-10).
fn check_headers(answer: &Response) -> Check {
    let wanted = [
        ("access-control-allow-origin", "*"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ];
    for (name, value) in wanted {
        same(name, &answer.header(name), &Some(value))?;
    }
    let none = ["set-cookie", "access-control-allow-credentials", "location"];
    for name in none {
        same(name, &answer.header(name), &None)?;
    }
    Ok(())
}

fn trailing_slash(endpoint: Endpoint) -> Plan {
    let id = format!("path.trailing_slash.{}", endpoint.operation);
    let title = format!(
        "{} {} with a slash behind it is nothing",
        endpoint.method, endpoint.path
    );
    plan(id, title, "API-8 R07", move |site| {
        let endpoint = endpoint.clone();
        async move {
            let mut request = endpoint.request(&site);
            request.target = format!("{}/", request.target.trim_end_matches(&endpoint.query));
            let request = request.bearer(&site.shared().await?.token);
            site.send(&request)
                .await?
                .refused(404, "not_found")
                .map(drop)
        }
    })
}

/// A browser asks before it sends anything, and every answer can be read by a page (API-9).
fn preflight(endpoint: Endpoint) -> Plan {
    let id = format!("cors.{}", endpoint.operation);
    let title = format!(
        "{} {} can be asked by any page",
        endpoint.method, endpoint.path
    );
    plan(id, title, "API-9 API-10", move |site| {
        let endpoint = endpoint.clone();
        async move {
            let target = endpoint.request(&site).target;
            let asked = Request::new("OPTIONS", &target)
                .header("origin", "https://page.example")
                .header("access-control-request-method", endpoint.method.clone())
                .header(
                    "access-control-request-headers",
                    "authorization,content-type",
                );
            let answer = site.send(&asked).await?;
            answer.expect_good()?;
            check_headers(&answer)?;
            lists(&answer, "access-control-allow-methods", &endpoint.method)?;
            lists(&answer, "access-control-allow-headers", "authorization")?;
            lists(&answer, "access-control-allow-headers", "content-type")?;
            // The real request, as a page without the token sends it.
            let bare = endpoint
                .request(&site)
                .header("origin", "https://page.example");
            check_headers(&site.send(&bare).await?)
        }
    })
}

fn lists(answer: &Response, header: &str, wanted: &str) -> Check {
    let list = answer.header(header).unwrap_or_default();
    let found = list
        .split(',')
        .any(|one| one.trim().eq_ignore_ascii_case(wanted));
    ensure(found, || {
        format!("{header}: {list:?} does not name {wanted}")
    })
}

fn head(endpoint: Endpoint) -> Plan {
    let id = format!("method.head.{}", endpoint.operation);
    let title = format!(
        "HEAD {} answers without a body, and is no way in",
        endpoint.path
    );
    plan(id, title, "API-8 API-10 R07", move |site| {
        let endpoint = endpoint.clone();
        async move {
            let mut request = endpoint.request(&site);
            "HEAD".clone_into(&mut request.method);
            let answer = site.send(&request).await?;
            ensure([401, 405].contains(&answer.status), || {
                format!("HEAD without a token got {}", answer.status)
            })?;
            check_headers(&answer)
        }
    })
}

/// Names in paths in other spellings.
fn names(endpoint: Endpoint) -> Plan {
    let id = format!("path.misspelt.{}", endpoint.operation);
    let title = format!(
        "{} {}: another spelling of a name is none",
        endpoint.method, endpoint.path
    );
    plan(
        id,
        title,
        "API-6 ID-1 ID-2 ID-4 ID-5 R07 R08 R23",
        move |site| {
            let endpoint = endpoint.clone();
            async move {
                let all = misspelt();
                for (parameter, spellings) in [
                    ("{user}", all.user),
                    ("{room}", all.room),
                    ("{server}", all.server),
                ] {
                    let used = endpoint.path.contains(parameter);
                    for name in spellings.iter().filter(|name| used && !name.is_empty()) {
                        let name = name.replace("{domain}", &site.domain);
                        let path = endpoint.path.replace(parameter, &segment(&name));
                        let mut request = endpoint.request(&site);
                        request.target = format!("{path}{}", endpoint.query);
                        let request = request.bearer(&site.shared().await?.token);
                        let answer = site.send(&request).await?;
                        answer.refused(400, "malformed").during(&name)?;
                    }
                }
                Ok(())
            }
        },
    )
}

fn odd_paths() -> Vec<Plan> {
    let paths: Paths = read(include_str!("../../cases/client/paths.toml"));
    let not_found = paths.not_found.into_iter();
    let malformed = paths.malformed.into_iter();
    let one = |path: String, status, code| {
        let id = format!("path.odd.{}", name_of(&path));
        let title = format!("GET {path} is {code}");
        plan(id, title, "API-6 API-8 R07 X01 X06", move |site| {
            odd(site, path.clone(), status, code)
        })
    };
    let not_found = not_found.map(|path| one(path, 404, "not_found"));
    let malformed = malformed.map(|path| one(path, 400, "malformed"));
    not_found.chain(malformed).collect()
}

/// A path as part of a case's id, which has to be another one for each path.
fn name_of(path: &str) -> String {
    let letter = |c: char| match c {
        '/' => "-".to_owned(),
        c if c.is_ascii_alphanumeric() => c.to_string(),
        c => format!("_{:x}", u32::from(c)),
    };
    path.chars().map(letter).collect()
}

async fn odd(site: Arc<Site>, path: String, status: u16, code: &'static str) -> Check {
    let token = site.shared().await?.token.clone();
    let request = Request::get(&path).bearer(&token);
    let answer = site.send(&request).await?;
    // What is no HTTP at all may be refused before anything is read (API-14).
    match answer.status == 400 && status == 404 {
        true => same("body of a refused head", &answer.body.is_empty(), &true),
        false => answer.refused(status, code).map(drop),
    }
}
