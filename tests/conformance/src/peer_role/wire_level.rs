//! Paths, methods and headers of the federation API that are none (FED-1, PROB-1).

use std::sync::Arc;

use super::draft::Edit;
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::{problem, refused};
use crate::client_role::fault::{Check, During, ensure};
use crate::client_role::wire::{Connection, Request};

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = unknown_paths();
    plans.extend(methods());
    plans.extend(headers());
    plans.push(plan(
        "http.headers_100",
        "a hundred headers more harm nothing",
        "SIG-9 S31",
        hundred_headers,
    ));
    plans.push(plan(
        "http.header_large",
        "a header of a megabyte is refused",
        "PROB-1 S31",
        large_header,
    ));
    plans.push(plan(
        "http.signed_get_body",
        "a body on a GET is covered like any other",
        "SIG-8 S03",
        get_with_body,
    ));
    plans.push(plan(
        "http.two_on_one",
        "two requests on one connection are judged each on its own",
        "SIG-9 S04",
        two_on_one,
    ));
    plans
}

fn unknown_paths() -> Vec<Plan> {
    let paths = [
        ("root", "/federation"),
        ("slash", "/federation/"),
        ("version", "/federation/v1"),
        ("version_zero", "/federation/v0/heads"),
        ("version_two", "/federation/v2/heads"),
        ("version_99", "/federation/v99/notify"),
        ("no_endpoint", "/federation/v1/nothing"),
        ("capitals", "/federation/v1/Heads"),
        ("slash_at_end", "/federation/v1/heads/"),
        ("double_slash", "/federation/v1//heads"),
        ("media", "/federation/v1/media"),
        ("admin", "/federation/v1/admin"),
        ("metrics", "/federation/v1/../../metrics"),
        ("dots", "/federation/v1/%2e%2e/%2e%2e/etc/passwd"),
        ("nul", "/federation/v1/heads%00"),
    ];
    let plan_of = |(name, path): (&'static str, &'static str)| {
        let title = format!("{path} is not found, signed or not");
        plan(
            format!("http.unknown.{name}"),
            title,
            "FED-1 PROB-1 S27 R07 X01",
            move |stage| async move {
                let peer = stage.peer().await?;
                let draft = peer.draft("POST", path, b"{}".to_vec());
                refused(&peer.send(&draft).await?, 404, "not_found").during("signed")?;
                let bare = Request::new("POST", path).json(b"{}".to_vec());
                refused(&stage.site.send(&bare).await?, 404, "not_found")
                    .map(drop)
                    .during("unsigned")
            },
        )
    };
    paths.into_iter().map(plan_of).collect()
}

fn methods() -> Vec<Plan> {
    let endpoints = [
        ("keyMaterial/x", "POST"),
        ("update/x", "POST"),
        ("submitMessage/x", "POST"),
        ("notify", "POST"),
        ("heads", "POST"),
        ("events/x", "GET"),
        ("groupInfo/x", "POST"),
    ];
    let plan_of = |(endpoint, right): (&'static str, &'static str)| {
        let name = endpoint.trim_end_matches("/x");
        let title = format!("{name} takes {right} and no other method");
        plan(
            format!("http.method.{name}"),
            title,
            "FED-1 PROB-1 R07",
            move |stage| async move {
                let peer = stage.peer().await?;
                for method in [
                    "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW",
                ] {
                    // A GET is answered for HEAD as well.
                    if method == right {
                        continue;
                    }
                    let draft =
                        peer.draft(method, &format!("/federation/v1/{endpoint}"), Vec::new());
                    let answer = peer.send(&draft).await?;
                    refused(&answer, 405, "method_not_allowed").during(method)?;
                }
                Ok(())
            },
        )
    };
    endpoints.into_iter().map(plan_of).collect()
}

/// Header values with what must not stand in one: refused before anything else is looked at.
fn headers() -> Vec<Plan> {
    let all: [(&str, &[u8]); 8] = [
        ("line_feed", b"islet.example\nx-admin: 1"),
        ("return", b"islet.example\rx-admin: 1"),
        ("both", b"islet.example\r\nx-admin: 1"),
        ("nul", b"islet\0.example"),
        ("folded", b"islet.example\r\n folded"),
        ("not_ascii", b"isl\xc3\xa9t.example"),
        ("not_utf8", b"isl\xfft.example"),
        ("tab", b"islet\t.example"),
    ];
    let plan_of = |(name, value): (&'static str, &'static [u8])| {
        let title = format!("an origin with {} in it is refused", name.replace('_', " "));
        plan(
            format!("http.header.{name}"),
            title,
            "SIG-10 ID-1 S31 R06",
            move |stage| async move {
                let peer = stage.peer().await?;
                let draft = peer.greeting().then(Edit::Remove("holm-origin".to_owned()));
                let request = draft
                    .then(Edit::Add("holm-origin".to_owned(), value.to_vec()))
                    .sealed();
                let answer = stage.site.send(&request).await?;
                ensure(matches!(answer.status, 400 | 401 | 431), || {
                    format!("{} {}", answer.status, answer.text())
                })
            },
        )
    };
    all.into_iter().map(plan_of).collect()
}

async fn hundred_headers(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    let mut draft = peer.greeting();
    for n in 0..70 {
        draft = draft.then(Edit::Add(format!("x-more-{n}"), b"x".to_vec()));
    }
    peer.send(&draft).await?.expect_good()?;
    for n in 0..300 {
        draft = draft.then(Edit::Add(format!("y-more-{n}"), b"x".to_vec()));
    }
    let answer = peer.send(&draft).await?;
    ensure(matches!(answer.status, 200 | 400 | 431), || {
        format!("{} {}", answer.status, answer.text())
    })
}

async fn large_header(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    let draft = peer
        .greeting()
        .then(Edit::Add("x-large".to_owned(), vec![b'x'; 1_048_576]));
    let mut connection = Connection::open(&stage.site.door).await?;
    let request = draft.sealed();
    connection.offer(&request.head(&stage.site.door.host)).await;
    // Refused, or the connection ended, before it was all read.
    match connection.response("POST").await {
        Ok(answer) => ensure(matches!(answer.status, 400 | 431), || answer.text()),
        Err(_closed) => Ok(()),
    }
}

async fn get_with_body(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    let path = "/federation/v1/events/mimi%3A%2F%2Fislet.example%2Fr%2Fa?after=0";
    let draft = peer.draft("GET", path, b"hello".to_vec());
    refused(&peer.send(&draft).await?, 404, "not_found")?;
    let changed = draft.then(Edit::Body(b"hellO".to_vec()));
    refused(&peer.send(&changed).await?, 401, "signature_invalid").map(drop)
}

async fn two_on_one(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    let good = peer
        .greeting()
        .then(Edit::Add("connection".to_owned(), b"keep-alive".to_vec()));
    let bad = good.clone().then(Edit::Remove("signature".to_owned()));
    let mut connection = Connection::open(&stage.site.door).await?;
    for (draft, wanted) in [(&good, 200), (&bad, 401), (&good, 200)] {
        let request = draft.sealed();
        connection
            .write(&request.head(&stage.site.door.host))
            .await?;
        connection
            .write(request.body.as_deref().unwrap_or_default())
            .await?;
        let answer = connection.response("POST").await?;
        ensure(answer.status == wanted, || {
            format!("{} {}", answer.status, answer.text())
        })?;
        if wanted == 401 {
            problem(&answer)?;
        }
    }
    Ok(())
}
