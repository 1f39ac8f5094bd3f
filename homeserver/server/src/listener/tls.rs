//! TLS 1.2 and 1.3 with certificates from files, read again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// A certificate and its files.
#[derive(Debug)]
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

/// Why a certificate can't be used; each says what to do.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file is missing or no PEM.
    #[error("{}: {cause}\n  fix: {fix}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
        /// What to do.
        fix: &'static str,
    },
    /// Key and certificate don't fit, or the key is of a kind not supported.
    #[error("{} and {}: {cause}\n  fix: take both files from the same certificate", chain.display(), key.display())]
    Pair {
        /// The certificate chain.
        chain: PathBuf,
        /// The private key.
        key: PathBuf,
        /// What is wrong.
        cause: rustls::Error,
    },
}

impl Certificate {
    /// Reads chain and key.
    pub fn load(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self {
            current: RwLock::new(Arc::new(read(chain, key)?)),
            chain: chain.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Accepts TLS connections with whatever the certificate is at that moment, offering the
    /// protocols `alpn`, the preferred one first.
    pub fn acceptor(self: &Arc<Self>, alpn: &[&[u8]]) -> Result<TlsAcceptor, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Self>::clone(self));
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again whenever they change; a pair that doesn't fit is not taken.
    pub async fn watch(self: Arc<Self>) {
        let mut seen = self.modified();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = self.modified();
            if now != seen {
                seen = now;
                self.reload();
            }
        }
    }

    fn reload(&self) {
        match read(&self.chain, &self.key) {
            Ok(new) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                tracing::info!(file = %self.chain.display(), "a new certificate is in use");
            }
            Err(error) => tracing::error!(%error, "the new certificate is not used"),
        }
    }

    fn modified(&self) -> [Option<SystemTime>; 2] {
        [&self.chain, &self.key].map(|f| std::fs::metadata(f).and_then(|m| m.modified()).ok())
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(
            &self.current.read().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

fn read(chain: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let file = |path: &Path, cause: String, fix| TlsError::File {
        path: path.to_owned(),
        cause,
        fix,
    };
    let chain_fix = "set tls.cert to a PEM file with the certificate and its intermediates";
    let chain_error = |cause| file(chain, cause, chain_fix);
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect)
        .map_err(|e| chain_error(e.to_string()))?;
    if certificates.is_empty() {
        return Err(chain_error("no certificate in it".to_owned()));
    }
    let der = PrivateKeyDer::from_pem_file(key).map_err(|e| {
        let fix = "set tls.key to the certificate's private key, PEM, readable by this user";
        file(key, e.to_string(), fix)
    })?;
    CertifiedKey::from_der(certificates, der, &ring::default_provider()).map_err(|cause| {
        TlsError::Pair {
            chain: chain.to_owned(),
            key: key.to_owned(),
            cause,
        }
    })
}
