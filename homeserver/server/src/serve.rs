//! `holm serve`: one server, until it is told to stop.

mod dns_records;
mod event;

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::assembly::Assembly;
use crate::config::Config;
use crate::failure::{Failure, Outcome};
use crate::interrupt::interrupted;
use crate::keys::DataFolder;
use crate::listener::{Certificate, Listener, Security};
use crate::report::Report;
use crate::runtime::OsRng;
pub use event::{Hop, Ready, ServeEvent};

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeOptions {
    /// Stop when standard input ends: for a server that is another program's child.
    pub stop_with_stdin: bool,
}

/// Runs the server that the file `config` describes.
pub async fn run(
    config: &Path,
    options: ServeOptions,
    report: &Report,
) -> Result<Outcome, Failure> {
    let config = Config::load(config, std::env::vars())?;
    crate::logging::start(&config.log, report)?;
    let stop = CancellationToken::new();
    stop_on_request(&stop, options).map_err(Failure::failed)?;
    serve(&config, report, stop).await
}

/// Serves until `stop`.
pub async fn serve(
    config: &Config,
    report: &Report,
    stop: CancellationToken,
) -> Result<Outcome, Failure> {
    let data = DataFolder::open(&config.data).map_err(Failure::failed)?;
    let (keys, first_start) = data.keys(&OsRng).map_err(Failure::failed)?;
    let certificate = certificate(config)?;
    let socket = bind(config).await?;
    let listen = socket.local_addr().map_err(Failure::failed)?;
    let ready = Ready::of(config, listen, keys.root.public())?;
    let assembly = Assembly::start(config, &data, keys, &ready.url, stop.clone()).await?;
    let security = security(certificate.as_ref())?;
    let listener = Listener::new(socket, security, &config.connections);
    report.tell(&ServeEvent::Ready(ready.clone()));
    report.say(dns_records::for_people(config, &ready, first_start));
    let watch = tokio::spawn(async move {
        if let Some(certificate) = certificate {
            certificate.watch().await;
        }
    });
    let served = assembly.serve(listener).await;
    watch.abort();
    report.say(format!("{} has stopped.", ready.domain));
    served
}

/// Host and port at which others are to look for the server of `config`.
pub(crate) fn address_of(config: &Config) -> Result<(String, u16), Failure> {
    let root = holm_protocol::PublicKey([0; 32]);
    let ready = Ready::of(config, config.listen, root)?;
    let (host, port) = dns_records::host_and_port(&ready.url);
    let port = port.parse().map_err(|e| {
        Failure::Usage(format!(
            "server.base_url: {port} is no port: {e}\n  fix: correct it"
        ))
    })?;
    Ok((host.to_owned(), port))
}

fn certificate(config: &Config) -> Result<Option<Arc<Certificate>>, Failure> {
    let (Some(chain), Some(key)) = (&config.tls.cert, &config.tls.key) else {
        return Ok(None);
    };
    let certificate = Certificate::load(chain, key).map_err(Failure::failed)?;
    Ok(Some(Arc::new(certificate)))
}

fn security(certificate: Option<&Arc<Certificate>>) -> Result<Security, Failure> {
    let Some(certificate) = certificate else {
        return Ok(Security::Plain);
    };
    Ok(Security::Tls(
        certificate
            .acceptor(&[b"h2", b"http/1.1"])
            .map_err(Failure::failed)?,
    ))
}

async fn bind(config: &Config) -> Result<TcpListener, Failure> {
    TcpListener::bind(config.listen).await.map_err(|e| {
        Failure::failed(format!(
            "can't listen on {}: {e}\n  fix: set `listen` to a free port (below 1024 needs the \
             right to bind it)",
            config.listen
        ))
    })
}

/// Cancels `stop` on SIGTERM, SIGINT, or the end of standard input where that was asked for.
fn stop_on_request(stop: &CancellationToken, options: ServeOptions) -> std::io::Result<()> {
    let (signaled, interrupted) = (stop.clone(), interrupted()?);
    tokio::spawn(async move {
        interrupted.await;
        signaled.cancel();
    });
    if options.stop_with_stdin {
        let stop = stop.clone();
        // A thread, since a read of standard input can't be cancelled and would hold the runtime.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            stop.cancel();
        });
    }
    Ok(())
}
