//! Proving a server: its certificate is valid for its domain, or for an SRV target below it.
//!
//! Public authorities plus those the person added; ring alone does the arithmetic (DISC-3).

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName as TlsName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::error::SdkError;

/// What certificates are checked against.
pub(super) struct Authorities {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Authorities {
    /// The public authorities and those in `extra_pem`.
    pub(super) fn new(extra_pem: &[Vec<u8>]) -> Result<Self, SdkError> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        for pem in extra_pem {
            for certificate in rustls_pemfile::certs(&mut pem.as_slice()) {
                let certificate = certificate.map_err(|e| unusable(&e))?;
                roots.add(certificate).map_err(|e| unusable(&e))?;
            }
        }
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|e| unusable(&e))?;
        Ok(Self { provider, verifier })
    }

    /// A client configuration that takes a certificate for any of `names`.
    pub(super) fn config(&self, names: &[String]) -> Result<Arc<ClientConfig>, SdkError> {
        let names = names
            .iter()
            .map(|n| tls_name(n))
            .collect::<Result<_, _>>()?;
        let verifier = AnyName {
            verifier: Arc::clone(&self.verifier),
            names,
        };
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| unusable(&e))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

/// A name as TLS has it.
pub(super) fn tls_name(name: &str) -> Result<TlsName<'static>, SdkError> {
    TlsName::try_from(name.to_owned()).map_err(|e| unusable(&e))
}

fn unusable(error: &dyn std::fmt::Display) -> SdkError {
    SdkError::Invalid(format!("TLS cannot be set up: {error}"))
}

/// Takes a certificate that is valid for one of the names; everything else is rustls's own check.
#[derive(Debug)]
struct AnyName {
    verifier: Arc<WebPkiServerVerifier>,
    names: Vec<TlsName<'static>>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &TlsName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut outcome = Err(Error::General("no name to check".into()));
        for name in &self.names {
            outcome = self.verifier.verify_server_cert(
                end_entity,
                intermediates,
                name,
                ocsp_response,
                now,
            );
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
