//! From an HTTP request to a WebSocket, and everything that does not become one (SYNC-7, W01).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::client_role::fault::{Check, ensure};
use crate::client_role::plan::{Plan, plan};
use crate::client_role::site::Site;
use crate::client_role::table::read;
use crate::client_role::wire::{Connection, Socket, handshake};

/// A handshake that is not the usual one.
#[derive(Clone, Deserialize)]
struct Handshake {
    name: String,
    title: String,
    cites: String,
    /// Headers to leave out.
    #[serde(default)]
    without: Vec<String>,
    /// Headers to add; `{token}` is a good token.
    #[serde(default)]
    with: Vec<(String, String)>,
    /// Method in place of GET.
    method: Option<String>,
    /// Version in place of HTTP/1.1.
    version: Option<String>,
    status: u16,
    code: Option<String>,
}

#[derive(Deserialize)]
struct Handshakes {
    handshake: Vec<Handshake>,
}

pub(super) fn plans() -> Vec<Plan> {
    let all: Handshakes = read(include_str!("../../../cases/client/handshakes.toml"));
    let one = |handshake: Handshake| {
        let id = format!("socket.handshake.{}", handshake.name);
        let (title, cites) = (handshake.title.clone(), handshake.cites.clone());
        plan(id, title, cites, move |site| {
            try_handshake(site, handshake.clone())
        })
    };
    all.handshake.into_iter().map(one).collect()
}

async fn try_handshake(site: Arc<Site>, asked: Handshake) -> Check {
    let token = site.device().await?.session.token;
    let mut request = handshake();
    if !asked.without.iter().any(|name| name == "authorization") {
        request = request.bearer(&token);
    }
    if !asked
        .without
        .iter()
        .any(|name| name == "sec-websocket-protocol")
    {
        request = request.header("sec-websocket-protocol", "holm.v1.json");
    }
    request
        .headers
        .retain(|(name, _)| !asked.without.contains(name));
    for (name, value) in &asked.with {
        request = request.header(name, value.replace("{token}", &token));
    }
    if let Some(method) = asked.method {
        request.method = method;
    }
    if asked.status == 101 {
        let mut socket = Socket::shake(&site.door, &request).await?;
        return socket.catch_up(json!({})).await.map(drop);
    }
    let mut head = request.head(&site.door.host);
    if let Some(version) = asked.version {
        let text = String::from_utf8_lossy(&head).replacen("HTTP/1.1", &version, 1);
        head = text.into_bytes();
    }
    let mut connection = Connection::open(&site.door).await?;
    connection.write(&head).await?;
    let answer = connection.response(&request.method).await?;
    match asked.code {
        Some(code) => answer.refused(asked.status, &code).map(drop),
        None => ensure(answer.status == asked.status, || {
            format!(
                "wanted {}, got {} {}",
                asked.status,
                answer.status,
                answer.text()
            )
        }),
    }
}
