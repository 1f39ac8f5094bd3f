//! The own server, also before its first start: keys, certificate, port, and what DNS lacks.

use std::io::ErrorKind;
use std::net::TcpListener;

use holm_federation::{Examiner, Offer};
use holm_protocol::{PublicKey, ServerName};

use super::finding::{Check, Finding, Findings};
use super::judge::certificate::bad_certificate;
use crate::config::Config;
use crate::failure::Failure;
use crate::keys;
use crate::listener::Certificate;
use crate::operator::{Client, ClientError, PEERS};
use crate::serve::address_of;

/// What the own server is by its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnServer {
    /// Its root, once it has keys.
    pub(crate) root: Option<PublicKey>,
    /// The host that the SRV record has to name.
    pub(crate) host: String,
    /// The port that it has to name.
    pub(crate) port: u16,
}

/// Looks at what lies on this machine.
pub(super) async fn own(
    config: &Config,
    examiner: &Examiner,
    found: &Findings,
) -> Result<OwnServer, Failure> {
    let client = Client::of_folder(&config.data);
    let asked = client.ask(&PEERS, &()).await;
    let runs = !matches!(asked, Err(ClientError::NotRunning(_)));
    found.add([server(&asked), listen(config, runs)]);
    let (root, finding) = root(config);
    found.add([finding]);
    found.add(certificate(config, examiner).await?);
    let (host, port) = address_of(config)?;
    Ok(OwnServer { root, host, port })
}

fn server<T>(asked: &Result<T, ClientError>) -> Finding {
    match asked {
        Ok(_) => Finding::ok(Check::Server, "the server runs"),
        Err(ClientError::NotRunning(_)) => Finding::warn(
            Check::Server,
            "the server does not run, so nothing can connect to it yet",
            "start it: holm serve --config FILE",
        ),
        Err(error) => Finding::warn(
            Check::Server,
            "a server runs, but can't be asked",
            error.to_string(),
        ),
    }
}

/// Whether the port can be had, where the server has it not already.
fn listen(config: &Config, runs: bool) -> Finding {
    let at = config.listen;
    if runs {
        return Finding::ok(Check::Listen, format!("it is configured to listen on {at}"));
    }
    let fix = match TcpListener::bind(at) {
        Ok(_) => return Finding::ok(Check::Listen, format!("{at} is free to listen on")),
        Err(error) => match error.kind() {
            ErrorKind::PermissionDenied => {
                "a port below 1024 needs the right to bind it: AmbientCapabilities=\
                 CAP_NET_BIND_SERVICE in the service's file; this is no matter if the service has \
                 it and only this user has not"
            }
            ErrorKind::AddrInUse => "another program has it: stop that, or set `listen` to another",
            _ => "set `listen` to an address of this machine, as [::]:443",
        },
    };
    Finding::warn(
        Check::Listen,
        format!("{at} can't be bound by this user"),
        fix,
    )
}

fn root(config: &Config) -> (Option<PublicKey>, Finding) {
    match keys::look(&config.data) {
        Ok(Some(keys)) => {
            let root = keys.root.public();
            let saw = format!("the server's root key is {root}");
            (Some(root), Finding::ok(Check::Keys, saw))
        }
        Ok(None) => (
            None,
            Finding::warn(
                Check::Keys,
                "the server has no keys yet",
                "start it once: it makes them and prints the TXT record to publish",
            ),
        ),
        Err(error) => {
            let error = error.to_string();
            let (saw, fix) = error
                .split_once("\n  fix: ")
                .unwrap_or((&error, "see there"));
            (None, Finding::fail(Check::Keys, saw, fix))
        }
    }
}

/// The certificate's files: whether they fit each other, the names that count, and the time.
async fn certificate(config: &Config, examiner: &Examiner) -> Result<Vec<Finding>, Failure> {
    let (Some(chain), Some(key)) = (&config.tls.cert, &config.tls.key) else {
        let saw = "TLS is off here: a proxy has to do it";
        return Ok(vec![Finding::ok(Check::Certificate, saw)]);
    };
    if let Err(error) = Certificate::load(chain, key) {
        let error = error.to_string();
        let (saw, fix) = error
            .split_once("\n  fix: ")
            .unwrap_or((&error, "see there"));
        return Ok(vec![Finding::fail(Check::Certificate, saw, fix)]);
    }
    let pem = std::fs::read(chain).map_err(Failure::failed)?;
    let server = config.domain()?;
    let names = names(server, &examiner.offer(server).await);
    let file = chain.display().to_string();
    Ok(match examiner.certificate(&names, &pem) {
        Ok(name) => vec![Finding::ok(
            Check::Certificate,
            format!("{file} is valid for {name}"),
        )],
        Err(fault) => vec![bad_certificate(server, &file, &fault, examiner.now_ms())],
    })
}

/// Names of which one has to stand in the certificate (DISC-7).
fn names(server: &ServerName, offer: &Offer) -> Vec<String> {
    let below = format!(".{server}");
    let mut names = vec![server.to_string()];
    if let Offer::Targets(targets) = offer {
        let targets = targets.iter().map(|target| target.target.clone());
        names.extend(targets.filter(|target| target.ends_with(&below)));
    }
    names
}
