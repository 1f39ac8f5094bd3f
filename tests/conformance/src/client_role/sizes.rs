//! Bodies of the limit and past it, declared, in chunks, and of another type (API-4, API-5).

use std::sync::Arc;

use serde::Deserialize;

use super::fault::{Check, During};
use super::plan::{Plan, plan};
use super::site::Site;
use super::table::{Endpoint, endpoints, read};
use super::wire::{Connection, Request, Response, chunked};

/// Bytes of a body that carries a bundle or KeyPackages, and of any other (LIM-6, LIM-10).
const BUNDLE_BODY_LEN_MAX: usize = 2_097_152;
const BODY_LEN_MAX: usize = 262_144;

#[derive(Clone, Deserialize)]
struct Media {
    name: String,
    title: String,
    /// Headers of the request: name and value.
    headers: Vec<(String, String)>,
    #[serde(default)]
    is_fine: bool,
}

#[derive(Deserialize)]
struct MediaTypes {
    media: Vec<Media>,
}

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let taking: Vec<_> = endpoints()
        .into_iter()
        .filter(|e| e.body.is_some())
        .collect();
    let types: MediaTypes = read(include_str!("../../cases/client/media.toml"));
    let mut plans = Vec::new();
    for endpoint in &taking {
        plans.push(sized(
            endpoint,
            "at_limit",
            "a body of the limit is read",
            0,
            false,
        ));
        plans.push(sized(
            endpoint,
            "over",
            "one byte over the limit is refused",
            1,
            false,
        ));
        plans.push(sized(
            endpoint,
            "chunked_at_limit",
            "chunks up to the limit are read",
            0,
            true,
        ));
        plans.push(sized(
            endpoint,
            "chunked_over",
            "chunks one byte over it are refused",
            1,
            true,
        ));
        plans.push(declared_only(endpoint));
    }
    plans.extend(
        types
            .media
            .into_iter()
            .map(|media| media_type(taking.clone(), media)),
    );
    plans
}

fn limit(endpoint: &Endpoint) -> usize {
    match endpoint.operation.as_str() {
        "upload_key_packages" | "submit_commit" => BUNDLE_BODY_LEN_MAX,
        _ => BODY_LEN_MAX,
    }
}

fn sized(endpoint: &Endpoint, name: &str, title: &str, over: usize, in_chunks: bool) -> Plan {
    let id = format!("size.{name}.{}", endpoint.operation);
    let title = format!("{} {}: {title}", endpoint.method, endpoint.path);
    let endpoint = endpoint.clone();
    plan(id, title, "API-5 LIM-6 LIM-10 R03", move |site| {
        let endpoint = endpoint.clone();
        async move {
            let usable = endpoint.usable_body(&site).unwrap_or_default();
            let mut body = usable.into_bytes();
            body.resize(limit(&endpoint) + over, b' ');
            let mut request = with_token(&site, &endpoint).await?;
            request.body = Some(body);
            if in_chunks {
                request = request.header("transfer-encoding", "chunked");
                request.body = request.body.map(|body| chunked(&body, 10_000));
            }
            let answer = site.send(&request).await?;
            match over {
                0 => as_usable(&endpoint, &answer),
                _ => answer.refused(413, "too_large").map(drop),
            }
        }
    })
}

/// What is declared over the limit is refused before it is sent.
fn declared_only(endpoint: &Endpoint) -> Plan {
    let id = format!("size.declared.{}", endpoint.operation);
    let title = format!(
        "{} {}: too long is refused before it comes",
        endpoint.method, endpoint.path
    );
    let endpoint = endpoint.clone();
    plan(id, title, "API-5 LIM-6 LIM-10 R03", move |site| {
        let endpoint = endpoint.clone();
        async move {
            let mut request = with_token(&site, &endpoint).await?;
            request.body = None;
            let request = request
                .header("content-length", "99999999999")
                .header("expect", "100-continue");
            let mut connection = Connection::open(&site.door).await?;
            connection.write(&request.head(&site.door.host)).await?;
            let answer = connection.response("POST").await?;
            answer.refused(413, "too_large").map(drop)
        }
    })
}

/// A Content-Type or Content-Encoding, at every endpoint that takes a body.
fn media_type(taking: Vec<Endpoint>, media: Media) -> Plan {
    let id = format!("media.{}", media.name);
    plan(id, media.title.clone(), "API-4", move |site| {
        media_type_at_all(site, taking.clone(), media.clone())
    })
}

async fn media_type_at_all(site: Arc<Site>, taking: Vec<Endpoint>, media: Media) -> Check {
    for endpoint in &taking {
        let mut request = with_token(&site, endpoint).await?;
        request.headers.retain(|(name, _)| name != "content-type");
        for (name, value) in &media.headers {
            request = request.header(name, value.as_str());
        }
        let answer = site.send(&request).await?;
        let checked = match media.is_fine {
            true => as_usable(endpoint, &answer),
            false => answer.refused(415, "unsupported_media").map(drop),
        };
        checked.during(&endpoint.operation)?;
    }
    Ok(())
}

async fn with_token(site: &Site, endpoint: &Endpoint) -> Check<Request> {
    let request = endpoint.request(site);
    match endpoint.needs_token {
        true => Ok(request.bearer(&site.shared().await?.token)),
        false => Ok(request),
    }
}

fn as_usable(endpoint: &Endpoint, answer: &Response) -> Check {
    match &endpoint.code {
        Some(code) => answer.refused(endpoint.status, code).map(drop),
        None => answer.expect_good(),
    }
}
