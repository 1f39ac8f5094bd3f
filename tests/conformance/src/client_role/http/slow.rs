//! Senders that take their time (API-5, API-14, R05, Q08).

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::chance::letters;
use crate::client_role::fault::{Check, During, ensure, fault};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;
use crate::client_role::wire::{Connection, Request};

/// How long a head may take, and a body (API-5).
const HEAD: Duration = Duration::from_secs(10);
const BODY: Duration = Duration::from_mins(1);
/// Between two bytes of a slow sender.
const BEAT: Duration = Duration::from_secs(1);
/// Slow senders at once.
const MANY: usize = 40;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("http.slow_head", slow_head).waiting(HEAD),
        named("http.no_head", no_head).waiting(HEAD),
        named("http.no_handshake", no_handshake).waiting(HEAD),
        named("http.many_slow", many_slow).waiting(HEAD),
        named("http.slow_body", slow_body).waiting(BODY),
    ]
}

/// Writes a byte a second until the server has had enough.
async fn drip(connection: &mut Connection, bytes: &[u8]) {
    for byte in bytes {
        if !connection.offer(&[*byte]).await {
            return;
        }
        tokio::time::sleep(BEAT).await;
    }
}

async fn slow_head(site: Arc<Site>) -> Check {
    let head = Request::get("/client/v1/rooms").head(&site.door.host);
    let mut connection = Connection::open(&site.door).await?;
    let (first, rest) = head.split_at(20);
    drip(&mut connection, first).await;
    connection.offer(rest).await;
    match connection.response("GET").await {
        Ok(answer) if answer.status == 408 => Ok(()),
        Ok(answer) => fault(format!(
            "a head of 20 seconds got {} {}",
            answer.status,
            answer.text()
        )),
        Err(_closed) => Ok(()),
    }
}

async fn no_head(site: Arc<Site>) -> Check {
    let mut connection = Connection::open(&site.door).await?.patient(HEAD);
    connection.rest().await.map(drop)
}

async fn no_handshake(site: Arc<Site>) -> Check {
    use tokio::io::AsyncReadExt;
    let stream = tokio::net::TcpStream::connect(site.door.address).await;
    let mut stream = stream.during("connecting")?;
    let mut answer = Vec::new();
    let wait = crate::client_role::wire::PATIENCE + HEAD;
    let read = tokio::time::timeout(wait, stream.read_to_end(&mut answer)).await;
    drop(read.during("the server does not close")?);
    ensure(answer.len() < 100, || {
        "words to who said nothing".to_owned()
    })
}

async fn many_slow(site: Arc<Site>) -> Check {
    let mut slow = Vec::new();
    for _ in 0..MANY {
        let mut connection = Connection::open(&site.door).await?;
        connection
            .write(b"POST /client/v1/register HTTP/1.1\r\n")
            .await?;
        slow.push(connection);
    }
    for _ in 0..5 {
        site.is_well().await.during("beside slow senders")?;
    }
    let ended = slow
        .into_iter()
        .map(|c| async { c.patient(HEAD).rest().await });
    futures::future::try_join_all(ended).await.map(drop)
}

async fn slow_body(site: Arc<Site>) -> Check {
    let body = json!({ "name": letters(16), "password": "correct horse" }).to_string();
    let request = Request::new("POST", "/client/v1/register").json(body.clone().into_bytes());
    let mut connection = Connection::open(&site.door).await?.patient(BODY);
    connection.write(&request.head(&site.door.host)).await?;
    connection.write(&body.as_bytes()[..body.len() - 1]).await?;
    connection
        .response("POST")
        .await?
        .refused(408, "timeout")
        .map(drop)
}
