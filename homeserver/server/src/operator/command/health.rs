//! `holm health`: whether the server works, as an exit code, for containers and supervisors.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::{Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;

use crate::failure::{Failure, Outcome};
use crate::operator::{Client, HEALTH, Whose};
use crate::report::Report;

/// Whether the server works, told by the exit code: 0 it does, 1 it does not.
///
/// With --config or --data it asks over the operator's socket, which tries the store too. With
/// --url it asks the public listener of a server that does not do TLS itself.
#[derive(Args, Debug)]
pub struct HealthArgs {
    #[command(flatten)]
    whose: Whose,
    /// Ask here instead, over plain HTTP, as http://127.0.0.1:8443/health
    #[arg(long, value_name = "URL", conflicts_with_all = ["data", "config"])]
    url: Option<Uri>,
    /// One JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// The event of `holm health --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum HealthEvent {
    /// It works.
    Healthy {
        /// Its name, where it was asked over the operator's socket.
        domain: Option<String>,
    },
}

/// Time for the answer: container runtimes give up after a few seconds too.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// Runs the command.
pub async fn run(args: HealthArgs) -> Result<Outcome, Failure> {
    let ask = async {
        match &args.url {
            Some(url) => by_url(url).await.map(|()| None),
            None => by_socket(&args.whose).await.map(Some),
        }
    };
    let asked = tokio::time::timeout(ANSWER_TIME_MAX, ask).await;
    let domain = asked.map_err(|_elapsed| {
        let seconds = ANSWER_TIME_MAX.as_secs();
        Failure::failed(format!("no answer within {seconds} s"))
    })??;
    Report::to_stdout(args.json).tell(&HealthEvent::Healthy { domain });
    Ok(Outcome::Fine)
}

async fn by_socket(whose: &Whose) -> Result<String, Failure> {
    let health = Client::of(whose)?.ask(&HEALTH, &()).await?;
    Ok(health.domain.to_string())
}

async fn by_url(url: &Uri) -> Result<(), Failure> {
    let (Some("http"), Some(host)) = (url.scheme_str(), url.host()) else {
        return Err(Failure::Usage(format!(
            "{url}: only http:// is asked\n  fix: for a server that does TLS itself give --config"
        )));
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_u16().unwrap_or(80);
    let stream = TcpStream::connect((host, port)).await;
    let stream = stream.map_err(|e| Failure::failed(format!("{url}: {e}")))?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header(http::header::HOST, host);
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(Failure::failed)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(Failure::failed)?;
    // The body goes with the answer, so that nothing holds the connection.
    let answer = async move { sender.send_request(request).await.map(|a| a.status()) };
    let (answer, _ended) = tokio::join!(answer, connection);
    match answer.map_err(Failure::failed)? {
        StatusCode::OK => Ok(()),
        status => Err(Failure::failed(format!("{url} answers {status}"))),
    }
}

impl fmt::Display for HealthEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Healthy { domain } = self;
        match domain {
            Some(domain) => write!(f, "{domain} works."),
            None => f.write_str("It answers."),
        }
    }
}
