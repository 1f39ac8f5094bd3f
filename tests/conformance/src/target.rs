//! The server under test, as the kit knows it.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::kit::Kit;

/// The server under test. The kit knows nothing else of it.
#[derive(Clone)]
pub struct Target {
    /// Its domain: the name it has between servers.
    pub domain: String,
    /// The host in its base URL, for TLS and the Host header.
    pub host: String,
    /// Where it listens; the URL's port is this one's.
    pub address: SocketAddr,
    /// Certificates that its chain may end at, PEM; empty for the public authorities.
    pub roots_pem: Vec<u8>,
    /// Another server of the same federation that takes registrations, where there is one: for what
    /// devices of one server do with users of another.
    pub other: Option<Arc<Target>>,
    /// The kit's own DNS, authority and address, where the server was set up to use them. Without,
    /// cases of peers are skipped.
    pub kit: Option<Arc<Kit>>,
}

impl Target {
    /// The base URL, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("https://{}:{}", self.host, self.address.port())
    }

    /// TLS that trusts what the server's chain may end at, and offers HTTP/1.1.
    ///
    /// # Errors
    /// What is wrong with the certificates.
    pub fn tls(&self) -> Result<Arc<rustls::ClientConfig>, String> {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in rustls_pemfile::certs(&mut self.roots_pem.as_slice()) {
            let certificate = certificate.map_err(|e| e.to_string())?;
            roots.add(certificate).map_err(|e| e.to_string())?;
        }
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}
