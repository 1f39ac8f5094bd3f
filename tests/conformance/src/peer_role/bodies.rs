//! Bodies that are not what chapter 02 says, at every endpoint between servers (ENC-3 to ENC-6),
//! and bodies of the limit (LIM-9). What a wrong signature covers is not looked at (SIG-9).

use std::sync::Arc;

use serde::Deserialize;

use super::draft::Edit;
use super::endpoints::{Endpoint, endpoints};
use super::homeserver::Homeserver;
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::refused;
use crate::client_role::fault::{Check, During};
use crate::client_role::wire::{Connection, chunked};

/// Bytes of a body between servers (LIM-9).
const BODY_LEN_MAX: usize = 4_194_304;

#[derive(Clone, Deserialize)]
struct Body {
    id: String,
    title: String,
    cites: String,
    #[serde(default)]
    text: String,
    hex: Option<String>,
    deep: Option<usize>,
    #[serde(default)]
    taken: bool,
}

#[derive(Deserialize)]
struct Table {
    body: Vec<Body>,
}

/// All of them.
pub(crate) fn plans() -> Result<Vec<Plan>, String> {
    let text = include_str!("../../cases/peer/bodies.toml");
    let table: Table = toml::from_str(text).map_err(|e| format!("bodies.toml: {e}"))?;
    let mut plans = Vec::new();
    for endpoint in endpoints()? {
        plans.extend(table.body.iter().map(|body| malformed(&endpoint, body)));
        plans.push(unproven(&endpoint));
        plans.push(media(&endpoint, "media_text", Some("text/plain"), false));
        plans.push(media(&endpoint, "media_none", None, false));
        let charset = "application/json; charset=utf-8";
        plans.push(media(&endpoint, "media_charset", Some(charset), true));
        plans.push(sized(&endpoint, "at_limit", 0, false));
        plans.push(sized(&endpoint, "over_limit", 1, false));
        plans.push(sized(&endpoint, "chunked_over_limit", 1, true));
        plans.push(declared(&endpoint));
    }
    Ok(plans)
}

fn malformed(endpoint: &Endpoint, body: &Body) -> Plan {
    let id = format!("body.{}.{}", endpoint.name, body.id);
    let what = if body.taken { "is taken" } else { "is refused" };
    let title = format!("{}: {} {what}", endpoint.name, body.title);
    let (endpoint, body) = (endpoint.clone(), body.clone());
    plan(id, title, format!("{} PROB-1", body.cites), move |stage| {
        let (endpoint, body) = (endpoint.clone(), body.clone());
        async move {
            let peer = stage.peer().await?;
            let bytes = body.bytes(&endpoint.body(&peer));
            let answer = peer
                .send(&peer.draft("POST", &endpoint.path(&peer), bytes))
                .await?;
            match body.taken {
                true => endpoint.as_usable(&answer),
                false => refused(&answer, 400, "malformed").map(drop),
            }
        }
    })
}

impl Body {
    fn bytes(&self, usable: &str) -> Vec<u8> {
        if let Some(hex) = &self.hex {
            let digits: Vec<_> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
            let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).unwrap_or_default();
            return digits.chunks_exact(2).map(byte).collect();
        }
        let members = usable.trim_start_matches('{');
        let members = members.strip_suffix('}').unwrap_or(members);
        if let Some(depth) = self.deep {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            return format!("{{\"x\":{open}{close},{members}}}").into_bytes();
        }
        let text = self.text.replace("{members}", members);
        text.replace("{body}", usable).into_bytes()
    }
}

/// Of a body whose signature does not hold, nothing is said but that.
fn unproven(endpoint: &Endpoint) -> Plan {
    let id = format!("body.{}.unproven", endpoint.name);
    let title = format!("{}: a body that nobody signed is not parsed", endpoint.name);
    let endpoint = endpoint.clone();
    plan(id, title, "SIG-9 FED-1 S03 S30", move |stage| {
        let endpoint = endpoint.clone();
        async move {
            let peer = stage.peer().await?;
            let body = endpoint.body(&peer).into_bytes();
            let draft = peer.draft("POST", &endpoint.path(&peer), body);
            let answer = peer.send(&draft.then(Edit::Body(b"{".to_vec()))).await?;
            refused(&answer, 401, "signature_invalid").map(drop)
        }
    })
}

fn media(endpoint: &Endpoint, name: &str, kind: Option<&'static str>, taken: bool) -> Plan {
    let id = format!("body.{}.{name}", endpoint.name);
    let title = format!("{}: a body of type {kind:?}, taken: {taken}", endpoint.name);
    let endpoint = endpoint.clone();
    plan(id, title, "FED-1 PROB-1 S25", move |stage| {
        let endpoint = endpoint.clone();
        async move {
            let peer = stage.peer().await?;
            let body = endpoint.body(&peer).into_bytes();
            let mut draft = peer.draft("POST", &endpoint.path(&peer), body);
            draft.headers.clear();
            let kind = kind.map(|kind| ("content-type".to_owned(), kind.as_bytes().to_vec()));
            draft.headers.extend(kind);
            let answer = peer.send(&draft).await?;
            match taken {
                true => endpoint.as_usable(&answer),
                false => refused(&answer, 415, "unsupported_media").map(drop),
            }
        }
    })
}

fn sized(endpoint: &Endpoint, name: &str, over: usize, in_chunks: bool) -> Plan {
    let id = format!("body.{}.{name}", endpoint.name);
    let title = format!(
        "{}: a body of the limit is read, one byte more is not",
        endpoint.name
    );
    let endpoint = endpoint.clone();
    plan(id, title, "LIM-9 S19 R03", move |stage| {
        let endpoint = endpoint.clone();
        async move { of_size(&stage, &endpoint, over, in_chunks).await }
    })
}

async fn of_size(stage: &Arc<Stage>, endpoint: &Endpoint, over: usize, in_chunks: bool) -> Check {
    let peer = stage.peer().await?;
    let mut body = endpoint.body(&peer).into_bytes();
    body.resize(BODY_LEN_MAX + over, b' ');
    let mut request = peer.draft("POST", &endpoint.path(&peer), body).sealed();
    if in_chunks {
        request = request.header("transfer-encoding", "chunked");
        request.body = request.body.map(|body| chunked(&body, 100_000));
    }
    let answer = stage.site.send(&request).await?;
    match over {
        0 => endpoint.as_usable(&answer),
        _ => refused(&answer, 413, "too_large").map(drop),
    }
}

/// A length over the limit is refused before the body has come; nobody has to be proven for that.
fn declared(endpoint: &Endpoint) -> Plan {
    let id = format!("body.{}.declared", endpoint.name);
    let title = format!(
        "{}: a body is refused that would be too long",
        endpoint.name
    );
    let endpoint = endpoint.clone();
    plan(id, title, "LIM-9 FED-1 S19 R03", move |stage| {
        let endpoint = endpoint.clone();
        async move {
            let peer = stage.peer().await?;
            too_long(&stage, &peer, &endpoint)
                .await
                .during("a declared length")
        }
    })
}

async fn too_long(stage: &Stage, peer: &Homeserver, endpoint: &Endpoint) -> Check {
    let mut request = peer
        .draft("POST", &endpoint.path(peer), Vec::new())
        .sealed();
    request.body = None;
    let request = request.header("content-length", "99999999999");
    let mut connection = Connection::open(&stage.site.door).await?;
    connection
        .write(&request.head(&stage.site.door.host))
        .await?;
    let answer = connection.response("POST").await?;
    refused(&answer, 413, "too_large").map(drop)
}
