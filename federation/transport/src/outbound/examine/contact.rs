//! A connection as far as TLS: whether there is one, and what its certificate says.
//!
//! The certificate chain is kept as it comes by, and the verdict is that of the verifier that
//! calls use; a chain that does not hold ends the handshake here as there. Nothing is sent on the
//! connection.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::super::http_exchange::{CONNECT_TIME_MAX, HttpExchangeError, root_store};
use super::super::peer::lock;
use crate::text;

/// How far a connection came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// Nobody took it.
    NotConnected(String),
    /// This machine has no route to it, as to IPv6 addresses without IPv6; nothing was tried.
    NoWay(String),
    /// There is no TLS that could be agreed on.
    NoTls(String),
    /// The certificate is not valid for any of the names that count (DISC-7).
    BadCertificate(CertificateFault),
    /// TLS stands.
    Secure {
        /// The name the certificate is valid for.
        name: String,
        /// When it stops to be, milliseconds since 1970.
        expires_ms: Option<u64>,
    },
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// It has expired, at this time (milliseconds since 1970).
    Expired(u64),
    /// It is valid from this time on only (milliseconds since 1970).
    NotYet(u64),
    /// It is for other names: these.
    WrongName(Vec<String>),
    /// No trusted authority stands at the end of its chain of so many certificates.
    UnknownIssuer(usize),
    /// Something else.
    Other(String),
}

/// Connects and looks.
pub(super) struct Probe {
    roots: Arc<RootCertStore>,
}

/// Time for the TLS handshake.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(5);
/// The last second of the year 9999, at which no certificate is valid any more.
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_799);

impl Probe {
    pub(super) fn new(extra_roots_pem: &[u8]) -> Result<Self, HttpExchangeError> {
        Ok(Self {
            roots: Arc::new(root_store(extra_roots_pem)?),
        })
    }

    /// Tries the names in turn until the certificate is valid for one.
    pub(super) async fn contact(&self, names: &[String], at: SocketAddr, now_ms: u64) -> Contact {
        let mut last = Contact::NoTls("it has no name".to_owned());
        for name in names {
            last = self.by_name(name, at, now_ms).await;
            if !matches!(
                last,
                Contact::BadCertificate(CertificateFault::WrongName(_))
            ) {
                break;
            }
        }
        last
    }

    /// The name that a chain is valid for.
    pub(super) fn certificate(
        &self,
        names: &[String],
        pem: &[u8],
        now_ms: u64,
    ) -> Result<String, CertificateFault> {
        let other = |error: &dyn std::error::Error| CertificateFault::Other(error.to_string());
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let keeper = Keeper {
            verifier: self.verifier().map_err(|error| other(&error))?,
            chain: Mutex::new(chain.map_err(|error| other(&error))?),
        };
        let mut last = CertificateFault::Other("there is no certificate in it".to_owned());
        for name in names {
            let server = ServerName::try_from(name.as_str()).map_err(|error| other(&error))?;
            match keeper.verdict(&server, now_ms) {
                Some(Ok(_)) => return Ok(name.clone()),
                Some(Err(fault)) => last = fault,
                None => break,
            }
        }
        Err(last)
    }

    fn verifier(&self) -> Result<Arc<WebPkiServerVerifier>, VerifierBuilderError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        WebPkiServerVerifier::builder_with_provider(self.roots.clone(), provider).build()
    }

    async fn by_name(&self, name: &str, at: SocketAddr, now_ms: u64) -> Contact {
        let tcp = tokio::time::timeout(CONNECT_TIME_MAX, TcpStream::connect(at)).await;
        let stream = match tcp {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return match error.kind() {
                    ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => {
                        Contact::NoWay(error.to_string())
                    }
                    _ => Contact::NotConnected(error.to_string()),
                };
            }
            Err(_elapsed) => {
                let seconds = CONNECT_TIME_MAX.as_secs();
                return Contact::NotConnected(format!("no answer within {seconds} s"));
            }
        };
        match self.handshake(name, stream, now_ms).await {
            Ok(contact) => contact,
            Err(error) => Contact::NoTls(text::plain(&error)),
        }
    }

    async fn handshake(
        &self,
        name: &str,
        stream: TcpStream,
        now_ms: u64,
    ) -> Result<Contact, String> {
        let said = |error: &dyn std::error::Error| error.to_string();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let keeper = Arc::new(Keeper {
            verifier: self.verifier().map_err(|error| said(&error))?,
            chain: Mutex::default(),
        });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| said(&error))?
            .dangerous()
            .with_custom_certificate_verifier(keeper.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let server = ServerName::try_from(name.to_owned()).map_err(|error| said(&error))?;
        let connect = TlsConnector::from(Arc::new(config)).connect(server.clone(), stream);
        let ended = tokio::time::timeout(HANDSHAKE_TIME_MAX, connect).await;
        let ended = ended.map_err(|_elapsed| "the handshake takes too long".to_owned())?;
        match (keeper.verdict(&server, now_ms), ended) {
            (Some(Err(fault)), _) => Ok(Contact::BadCertificate(fault)),
            (Some(Ok(expires_ms)), Ok(_stream)) => Ok(Contact::Secure {
                name: name.to_owned(),
                expires_ms,
            }),
            (_, Err(error)) => Err(said(&error)),
            (None, Ok(_stream)) => Err("it showed no certificate".to_owned()),
        }
    }
}

/// The verifier of calls, which also keeps the chain it was asked about.
#[derive(Debug)]
struct Keeper {
    verifier: Arc<WebPkiServerVerifier>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl Keeper {
    /// What the verifier says of the chain at the time `now_ms`, with the end of its validity.
    fn verdict(
        &self,
        name: &ServerName<'_>,
        now_ms: u64,
    ) -> Option<Result<Option<u64>, CertificateFault>> {
        let chain = lock(&self.chain).clone();
        let (leaf, rest) = chain.split_first()?;
        let at = |time| {
            let time = UnixTime::since_unix_epoch(time);
            let verified = self
                .verifier
                .verify_server_cert(leaf, rest, name, &[], time);
            verified.err()
        };
        if let Some(error) = at(Duration::from_millis(now_ms)) {
            return Some(Err(fault(error, chain.len())));
        }
        let expires = match at(END_OF_TIME) {
            Some(Error::InvalidCertificate(CertificateError::ExpiredContext {
                not_after, ..
            })) => Some(not_after.as_secs().saturating_mul(1_000)),
            _ => None,
        };
        Some(Ok(expires))
    }
}

fn fault(error: Error, chain: usize) -> CertificateFault {
    let ms = |time: UnixTime| time.as_secs().saturating_mul(1_000);
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            CertificateFault::Expired(ms(not_after))
        }
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            CertificateFault::NotYet(ms(not_before))
        }
        Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented, ..
        }) => CertificateFault::WrongName(presented.iter().map(|name| bare(name)).collect()),
        // A bad signature is that of an authority with the name of one that is trusted.
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => CertificateFault::UnknownIssuer(chain),
        error => CertificateFault::Other(text::plain(&error.to_string())),
    }
}

/// The name alone, which comes as `DnsName("islet.example")`.
fn bare(presented: &str) -> String {
    let name = presented.split('"').nth(1).unwrap_or(presented);
    text::plain(name)
}

impl ServerCertVerifier for Keeper {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        let chain = chain.map(|certificate| certificate.clone().into_owned());
        *lock(&self.chain) = chain.collect();
        self.verifier
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
