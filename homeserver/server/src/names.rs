//! `holm names`: what servers on a private network need of the world: a certificate authority of
//! their own, certificates, and a DNS that knows them (docker/compose.yaml).
//!
//! The same code as the lab's. It is for trying Holm, never for the internet: whoever can read the
//! folder holds the authority's key.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use holm_protocol::ServerName;
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::interrupt::interrupted;
use crate::lab::{Authority, Dns, RecordData};
use crate::report::Report;

/// Make certificates and serve DNS for servers on a private network, to try Holm in containers.
///
/// Not for the internet: the authority's key lies in the folder, and DNS answers for every name.
#[derive(Args, Debug)]
pub struct NamesArgs {
    /// Folder of the authority and the certificates, shared with the servers
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// A server and where it is: DOMAIN=IPV4:PORT. Repeatable
    #[arg(long = "server", value_name = "DOMAIN=IP:PORT", required = true)]
    servers: Vec<Place>,
    /// Where DNS answers, UDP and TCP; without it, certificates are made and that is all
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// One JSON object an event on standard output
    #[arg(long)]
    json: bool,
}

/// A server and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    domain: ServerName,
    address: SocketAddrV4,
}

/// The events of `holm names --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum NamesEvent {
    /// A server's certificate lies there.
    Certificate {
        /// The server.
        domain: ServerName,
        /// The chain, PEM; `key.pem` lies beside it.
        cert: PathBuf,
    },
    /// DNS answers.
    Ready {
        /// Where, UDP and TCP.
        listen: SocketAddr,
    },
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "expected DOMAIN=IPV4:PORT, as islet.test=172.30.0.11:8443";
        let (domain, address) = text.split_once('=').ok_or(form)?;
        Ok(Self {
            domain: ServerName::parse(domain).map_err(|e| e.to_string())?,
            address: address.parse().map_err(|_not_an_address| form)?,
        })
    }
}

impl fmt::Display for NamesEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate { domain, cert } => {
                write!(f, "The certificate of {domain} is {}", cert.display())
            }
            Self::Ready { listen } => write!(f, "DNS answers at {listen}"),
        }
    }
}

/// Runs the command.
pub async fn run(args: NamesArgs) -> Result<Outcome, Failure> {
    let report = Report::to_stdout(args.json);
    let authority = Authority::kept(&args.folder.join("ca")).map_err(Failure::failed)?;
    for place in &args.servers {
        issue(&authority, &args.folder, place, &report)?;
    }
    let Some(listen) = args.listen else {
        return Ok(Outcome::Fine);
    };
    let stopped = interrupted().map_err(Failure::failed)?;
    let dns = Dns::start_at(&args.folder.join("dns"), listen).await;
    let dns = dns.map_err(|e| {
        Failure::failed(format!(
            "can't answer at {listen}: {e}\n  fix: name a free port"
        ))
    })?;
    for place in &args.servers {
        publish(&dns, place).await?;
    }
    report.tell(&NamesEvent::Ready {
        listen: dns.address(),
    });
    stopped.await;
    Ok(Outcome::Fine)
}

/// A certificate that is there stays: servers hold it already.
fn issue(
    authority: &Authority,
    folder: &Path,
    place: &Place,
    report: &Report,
) -> Result<(), Failure> {
    let domain = &place.domain;
    let folder = folder.join("servers").join(domain.as_str());
    let cert = folder.join("cert.pem");
    if !cert.exists() {
        let names = [domain.to_string(), host(domain)];
        authority.issue(&names, &folder).map_err(Failure::failed)?;
    }
    report.tell(&NamesEvent::Certificate {
        domain: domain.clone(),
        cert,
    });
    Ok(())
}

/// The records an administrator would write, but for the pin: the root key is not known yet.
async fn publish(dns: &Dns, place: &Place) -> Result<(), Failure> {
    let (domain, host) = (&place.domain, host(&place.domain));
    let ip: Ipv4Addr = *place.address.ip();
    let service = RecordData::Srv {
        priority: 10,
        weight: 5,
        port: place.address.port(),
        target: host.clone(),
    };
    let service_name = format!("_holm._tcp.{domain}");
    let records = [
        (service_name, service),
        (host, RecordData::A(ip)),
        (domain.to_string(), RecordData::A(ip)),
    ];
    for (name, record) in records {
        dns.set(&name, vec![record])
            .await
            .map_err(Failure::failed)?;
    }
    Ok(())
}

fn host(domain: &ServerName) -> String {
    format!("hs.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_domain_and_an_address() {
        let place: Place = "islet.test=172.30.0.11:8443".parse().unwrap();
        assert_eq!(place.domain.as_str(), "islet.test");
        assert_eq!(place.address.to_string(), "172.30.0.11:8443");
        for bad in [
            "islet.test",
            "islet.test=",
            "islet.test=172.30.0.11",
            "ISLET=1.2.3.4:5",
        ] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn certificates_are_made_once_and_then_stay() {
        let folder = tempfile::tempdir().unwrap();
        let args = || NamesArgs {
            folder: folder.path().to_owned(),
            servers: vec!["islet.test=172.30.0.11:8443".parse().unwrap()],
            listen: None,
            json: true,
        };
        let cert = folder.path().join("servers/islet.test/cert.pem");
        assert_eq!(run(args()).await, Ok(Outcome::Fine));
        let first = std::fs::read(&cert).unwrap();
        assert_eq!(run(args()).await, Ok(Outcome::Fine));
        assert_eq!(std::fs::read(&cert).unwrap(), first);
        assert!(folder.path().join("ca/ca.pem").exists());
    }
}
