//! The production connector: DNS, TCP, TLS.
//!
//! All targets and addresses are tried in order until one answers and proves its name. Plain HTTP
//! is taken to this machine alone, where the person said so (DISC-2, DISC-4).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use holm_protocol::ServerName;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::discovery::{Discovery, Target};
use super::tls::{Authorities, tls_name};
use super::{Connector, Link, NetworkOptions};
use crate::error::SdkError;

/// Longest wait for one address: TCP and TLS each.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// Most TLS configurations kept, one a set of names.
const CONFIGS_MAX: usize = 64;

/// DNS, TCP, TLS.
pub(super) struct Direct {
    options: NetworkOptions,
    base: Option<Target>,
    authorities: Authorities,
    discovery: OnceCell<Discovery>,
    configs: Mutex<BTreeMap<Vec<String>, Arc<ClientConfig>>>,
}

impl Direct {
    pub(super) fn new(options: NetworkOptions) -> Result<Self, SdkError> {
        let plain = options.allow_plain_http_on_loopback;
        let base = options.base_url.as_deref();
        let base = base.map(|url| base_target(url, plain)).transpose()?;
        Ok(Self {
            authorities: Authorities::new(&options.extra_roots_pem)?,
            base,
            options,
            discovery: OnceCell::new(),
            configs: Mutex::default(),
        })
    }

    async fn discovery(&self) -> Result<&Discovery, SdkError> {
        let make = || async { Discovery::new(&self.options.dns_servers) };
        self.discovery.get_or_try_init(make).await
    }

    async fn link(&self, domain: &ServerName) -> Result<Link, SdkError> {
        let targets = match &self.base {
            Some(target) => vec![target.clone()],
            None => self.discovery().await?.targets(domain).await?,
        };
        let mut last = SdkError::Network(format!("DNS says {domain} does not offer the service"));
        for target in targets {
            match self.link_to(&target).await {
                Ok(link) => return Ok(link),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn link_to(&self, target: &Target) -> Result<Link, SdkError> {
        let addresses = match target.host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.discovery().await?.addresses(&target.host).await?,
        };
        let mut last = SdkError::Network(format!("{} has no address", target.host));
        for address in addresses {
            match self
                .link_at(target, SocketAddr::new(address, target.port))
                .await
            {
                Ok(link) => return Ok(link),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn link_at(&self, target: &Target, address: SocketAddr) -> Result<Link, SdkError> {
        let failed = |e: std::io::Error| SdkError::Network(format!("{address}: {e}"));
        if target.names.is_empty() && !address.ip().is_loopback() {
            return Err(SdkError::Invalid(
                "plain http:// goes to this machine alone".into(),
            ));
        }
        let tcp = timeout(CONNECT_TIME_MAX, TcpStream::connect(address))
            .await
            .map_err(|_elapsed| SdkError::TimedOut("connecting to the server"))?
            .map_err(failed)?;
        tcp.set_nodelay(true).map_err(failed)?;
        let link = |stream| Link {
            stream,
            authority: authority(target),
            found: format!("{} ({address})", target.found),
        };
        let Some(first) = target.names.first() else {
            return Ok(link(Box::new(tcp)));
        };
        let tls = TlsConnector::from(self.config(&target.names)?);
        let tls = timeout(CONNECT_TIME_MAX, tls.connect(tls_name(first)?, tcp))
            .await
            .map_err(|_elapsed| SdkError::TimedOut("the server's TLS handshake"))?
            .map_err(failed)?;
        Ok(link(Box::new(tls)))
    }

    fn config(&self, names: &[String]) -> Result<Arc<ClientConfig>, SdkError> {
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(names) {
            return Ok(Arc::clone(config));
        }
        if configs.len() >= CONFIGS_MAX {
            configs.clear();
        }
        let config = self.authorities.config(names)?;
        configs.insert(names.to_vec(), Arc::clone(&config));
        Ok(config)
    }
}

impl Connector for Direct {
    fn connect<'a>(&'a self, domain: &'a ServerName) -> BoxFuture<'a, Result<Link, SdkError>> {
        Box::pin(self.link(domain))
    }
}

/// The place a base URL names.
fn base_target(text: &str, plain_on_loopback: bool) -> Result<Target, SdkError> {
    let unusable = |why: &str| SdkError::Invalid(format!("the address {text:?}: {why}"));
    let url = url::Url::parse(text).map_err(|e| unusable(&e.to_string()))?;
    let host = url.host_str().ok_or_else(|| unusable("no host"))?;
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let port = url
        .port_or_known_default()
        .ok_or_else(|| unusable("no port"))?;
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
        return Err(unusable("only scheme, host and port are taken"));
    }
    let names = match url.scheme() {
        "https" => vec![host.clone()],
        "http" if plain_on_loopback => Vec::new(),
        _ => return Err(unusable("https:// is needed")),
    };
    Ok(Target {
        host,
        port,
        names,
        found: format!("{text} as given"),
    })
}

fn authority(target: &Target) -> String {
    let host = match target.host.contains(':') {
        true => format!("[{}]", target.host),
        false => target.host.clone(),
    };
    let default = if target.names.is_empty() { 80 } else { 443 };
    match target.port == default {
        true => host,
        false => format!("{host}:{}", target.port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_https_or_plain_where_allowed() {
        // DISC-4
        assert!(base_target("http://127.0.0.1:8008", false).is_err());
        let plain = base_target("http://127.0.0.1:8008", true).unwrap();
        assert_eq!((plain.port, plain.names.len()), (8008, 0));
        let tls = base_target("https://[::1]", false).unwrap();
        assert_eq!((authority(&tls).as_str(), tls.port), ("[::1]", 443));
        assert!(base_target("https://islet.test/path", false).is_err());
    }

    #[tokio::test]
    async fn plain_http_to_another_machine_is_refused_at_the_connection() {
        // DISC-4
        let network = NetworkOptions {
            base_url: Some("http://192.0.2.1:80".into()),
            allow_plain_http_on_loopback: true,
            ..NetworkOptions::default()
        };
        let direct = Direct::new(network).unwrap();
        let domain = ServerName::parse("islet.test").unwrap();
        let refused = direct.link(&domain).await.err().unwrap();
        assert!(matches!(refused, SdkError::Invalid(_)), "{refused}");
    }
}
