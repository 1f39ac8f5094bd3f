//! Requests whose bytes HTTP does not allow (API-14; RFC 9112).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::chance::letters;
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::plan::{Plan, named, plan};
use crate::client_role::site::Site;
use crate::client_role::table::read;
use crate::client_role::wire::{Connection, Request};

#[derive(Clone, Deserialize)]
struct Bytes {
    name: String,
    title: String,
    cites: String,
    /// The request: `{host}` and `{token}` are filled in, `{long}` is 20,000 letters; another request
    /// follows, and must not be answered where this one is not understood.
    request: String,
    /// Statuses that are fine; 0 stands for closing without an answer.
    statuses: Vec<u16>,
    /// Whether the connection has to end, so that what follows is not taken for a request.
    #[serde(default = "yes")]
    closes: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Table {
    bytes: Vec<Bytes>,
}

pub(super) fn plans() -> Vec<Plan> {
    let table: Table = read(include_str!("../../../cases/client/http.toml"));
    let one = |bytes: Bytes| {
        let id = format!("http.{}", bytes.name);
        let (title, cites) = (bytes.title.clone(), bytes.cites.clone());
        plan(id, title, cites, move |site| tried(site, bytes.clone()))
    };
    let mut plans: Vec<_> = table.bytes.into_iter().map(one).collect();
    plans.push(named("http.pipelined", pipelined));
    plans.push(named("http.kept", kept));
    plans.push(named("http.health", health));
    plans.push(named("http.continue", goes_on));
    plans.push(named("http.cut_off", cut_off));
    plans.push(named("http.plain", plain));
    plans
}

async fn tried(site: Arc<Site>, bytes: Bytes) -> Check {
    let token = &site.shared().await?.token;
    let text = bytes
        .request
        .replace("{host}", &site.door.host)
        .replace("{token}", token)
        .replace("{long}", &"a".repeat(20_000));
    let second = Request::get("/client/v1/rooms").head(&site.door.host);
    let mut connection = Connection::open(&site.door).await?;
    let both = [text.as_bytes(), &second].concat();
    connection.offer(&both).await;
    let answers = statuses(&mut connection).await?;
    let first = answers.first().copied().unwrap_or(0);
    ensure(bytes.statuses.contains(&first), || {
        format!("wanted one of {:?}, got {answers:?}", bytes.statuses)
    })?;
    ensure(!bytes.closes || answers.len() <= 1, || {
        format!("what followed was taken for a request: {answers:?}")
    })
}

/// The statuses of all answers up to the server's close; the second request asks for it.
async fn statuses(connection: &mut Connection) -> Check<Vec<u16>> {
    let mut statuses = Vec::new();
    while let Ok(answer) = connection.response("GET").await {
        statuses.push(answer.status);
        if answer.header("connection") == Some("close") || statuses.len() > 3 {
            break;
        }
    }
    Ok(statuses)
}

async fn pipelined(site: Arc<Site>) -> Check {
    let token = &site.shared().await?.token;
    let first = Request::get("/client/v1/rooms")
        .bearer(token)
        .header("connection", "keep-alive");
    let second = Request::get("/client/v1/nothing").bearer(token);
    let host = &site.door.host;
    let mut connection = Connection::open(&site.door).await?;
    connection
        .write(&[first.head(host), second.head(host)].concat())
        .await?;
    connection.response("GET").await?.expect_good()?;
    connection
        .response("GET")
        .await?
        .refused(404, "not_found")
        .map(drop)
}

async fn kept(site: Arc<Site>) -> Check {
    let token = &site.shared().await?.token;
    let mut connection = Connection::open(&site.door).await?;
    for path in [
        "/client/v1/rooms",
        "/client/v1/nothing",
        "/client/v1/keyPackages",
    ] {
        let request = Request::get(path)
            .bearer(token)
            .header("connection", "keep-alive");
        connection.write(&request.head(&site.door.host)).await?;
        let answer = connection.response("GET").await.during(path)?;
        let wanted = if path.ends_with("nothing") { 404 } else { 200 };
        same(path, &answer.status, &wanted)?;
    }
    Ok(())
}

async fn health(site: Arc<Site>) -> Check {
    let answer = site.send(&Request::get("/health")).await?;
    if answer.status == 404 {
        return Ok(());
    }
    same("status", &answer.status, &200)?;
    same("body", &answer.text().as_str(), &r#"{"status":"ok"}"#)?;
    same("server header", &answer.header("server"), &None)?;
    let post = site.send(&Request::new("POST", "/health")).await?;
    ensure([404, 405].contains(&post.status), || {
        format!("POST /health got {}", post.status)
    })
}

async fn goes_on(site: Arc<Site>) -> Check {
    let body = json!({ "name": letters(16), "password": "correct horse" }).to_string();
    let request = Request::new("POST", "/client/v1/register")
        .json(body.clone().into_bytes())
        .header("expect", "100-continue");
    let mut connection = Connection::open(&site.door).await?;
    connection.write(&request.head(&site.door.host)).await?;
    same(
        "the first answer",
        &connection.response("POST").await?.status,
        &100,
    )?;
    connection.write(body.as_bytes()).await?;
    connection.response("POST").await?.expect_good()
}

async fn cut_off(site: Arc<Site>) -> Check {
    let name = letters(16);
    let body = json!({ "name": name, "password": "correct horse" }).to_string();
    let request = Request::new("POST", "/client/v1/register")
        .json(Vec::new())
        .header("content-length", format!("{}", body.len() + 10));
    let mut connection = Connection::open(&site.door).await?;
    connection.write(&request.head(&site.door.host)).await?;
    connection.write(body.as_bytes()).await?;
    connection.half_close().await?;
    if let Ok(answer) = connection.response("POST").await {
        answer.refused(400, "malformed")?;
    }
    // Nothing was registered.
    site.register_as(&name, "correct horse")
        .await?
        .expect_good()
}

async fn plain(site: Arc<Site>) -> Check {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let stream = tokio::net::TcpStream::connect(site.door.address).await;
    let mut stream = stream.during("connecting")?;
    let request = Request::get("/client/v1/rooms").head(&site.door.host);
    stream.write_all(&request).await.during("writing")?;
    let mut answer = Vec::new();
    let mut bounded = stream.take(100_000);
    let patience = crate::client_role::wire::PATIENCE;
    let read = tokio::time::timeout(patience, bounded.read_to_end(&mut answer));
    // A reset is an end as well.
    drop(read.await.during("the server neither answers nor closes")?);
    ensure(!answer.starts_with(b"HTTP/1.1 200"), || {
        "answered without TLS".to_owned()
    })
}
