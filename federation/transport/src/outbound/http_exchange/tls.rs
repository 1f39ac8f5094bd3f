//! TLS of outgoing calls: ring, TLS 1.2 and 1.3, the public authorities and extra ones.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use super::HttpExchangeError;

/// The configuration that all clients share.
pub(super) fn config(extra_roots_pem: &[u8]) -> Result<ClientConfig, HttpExchangeError> {
    let roots = root_store(extra_roots_pem)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpExchangeError(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The public authorities and those of a PEM.
pub(in super::super) fn root_store(
    extra_roots_pem: &[u8],
) -> Result<RootCertStore, HttpExchangeError> {
    let failed = |error: &dyn StdError| HttpExchangeError(error.to_string());
    let public = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
    let mut roots: RootCertStore = public.collect();
    for certificate in CertificateDer::pem_slice_iter(extra_roots_pem) {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    Ok(roots)
}

/// Whether the certificate holds but bears another name, so that the next name may fit.
pub(super) fn is_wrong_name(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(reason)) = error.downcast_ref() {
            return matches!(
                reason,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            );
        }
        // An io::Error is not the `source` of what it carries, but stands in its place.
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(carried) => Some(carried),
            None => error.source(),
        };
    }
    false
}
