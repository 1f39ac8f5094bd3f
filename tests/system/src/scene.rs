//! Real servers in a folder of their own, and the ways to reach them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use holm::lab::{Front, Lab, LabOptions, server_program};
use holm_protocol::ServerName;
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

/// Servers that find each other by DNS and trust the lab's authority.
pub struct Scene {
    /// The lab.
    pub lab: Lab,
    _folder: TempDir,
}

impl Scene {
    /// Starts a server for each domain.
    ///
    /// # Panics
    /// Where that fails: there is nothing to test then.
    pub async fn start(domains: &[&str]) -> Self {
        Self::start_behind(domains, Front::Direct).await
    }

    /// Starts a server for each domain behind a front.
    ///
    /// # Panics
    /// Where that fails.
    pub async fn start_behind(domains: &[&str], front: Front) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = LabOptions {
            data: folder.path().join("lab"),
            domains: domains.iter().map(|d| name(d)).collect(),
            front,
            program: server_program().expect("the holm binary: cargo build -p holm first"),
            hops: false,
        };
        let lab = Lab::start(options).await.expect("the lab starts");
        Self {
            lab,
            _folder: folder,
        }
    }

    /// An HTTP client that trusts the lab and knows where its servers listen.
    ///
    /// # Panics
    /// Where TLS can't be set up.
    pub fn http(&self) -> reqwest::Client {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(30));
        for server in self.lab.servers() {
            let host = format!("hs.{}", server.domain());
            builder = builder.resolve(&host, server.listen());
        }
        builder.build().expect("an HTTP client")
    }

    /// TLS that trusts the lab's authority alone.
    ///
    /// # Panics
    /// Where the authority's certificate can't be read.
    pub fn tls(&self) -> rustls::ClientConfig {
        let pem = self.lab.authority.root_pem();
        let mut roots = rustls::RootCertStore::empty();
        for certificate in rustls_pemfile::certs(&mut pem.as_bytes()) {
            let certificate: CertificateDer<'_> = certificate.expect("the authority's certificate");
            roots.add(certificate).expect("the authority's certificate");
        }
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        rustls::ClientConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    /// Where a server's APIs are, for [`Scene::http`].
    pub fn base(&self, domain: &str) -> String {
        format!("https://hs.{domain}:{}", self.address(domain).port())
    }

    /// Where a server listens.
    ///
    /// # Panics
    /// Where there is no such server.
    pub fn address(&self, domain: &str) -> SocketAddr {
        self.lab
            .server(domain)
            .expect("a server of the scene")
            .listen()
    }
}

/// A server name in a test.
pub(crate) fn name(domain: &str) -> ServerName {
    ServerName::parse(domain).expect("a server name")
}

/// The clock of the tests, milliseconds since 1970.
///
/// # Panics
/// Where the clock lies before 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests are their own composition root"
)]
pub fn now_ms() -> u64 {
    let now = std::time::SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock past 1970");
    u64::try_from(now.as_millis()).expect("a clock of this age")
}

/// Random bytes.
///
/// # Panics
/// Where the system has none.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("randomness");
    bytes
}
