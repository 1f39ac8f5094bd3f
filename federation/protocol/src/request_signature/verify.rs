//! The gate: from a request as received to one whose sender is proven.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use sfv::{BareItem, Dictionary, InnerList, ListEntry, Parser};
use thiserror::Error;

use super::base::{RequestParts, content_digest, parameters, signature_base, signature_header};
use super::{
    COMPONENTS, CONTENT_DIGEST, DESTINATION, LABEL, ORIGIN, SIGNATURE, SIGNATURE_INPUT, TAG,
};
use crate::document::is_key_id;
use crate::limits::CLOCK_SKEW_MS_MAX;
use crate::name::ServerName;
use crate::problem::{Code, Problem};
use crate::signing::{PublicKey, Signature};

/// A request with a signature of the right form; nothing of it is proven yet.
#[derive(Clone, Debug)]
pub struct UnverifiedRequest {
    method: Method,
    uri: Uri,
    body: Bytes,
    digest: String,
    origin: ServerName,
    destination: ServerName,
    key_id: String,
    created: u64,
    parameters: String,
    signature: Signature,
}

/// A request that `origin` signed, for us, in time, with this body (SIG-9).
#[derive(Clone, Debug)]
pub struct VerifiedRequest {
    origin: ServerName,
    body: Bytes,
}

/// Why a request is not accepted as signed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// A header is missing, stands twice or cannot be read (SIG-10).
    #[error("the header {0} is missing, stands twice or is malformed")]
    Header(&'static str),
    /// The covered components or parameters are not the profile's (SIG-3, SIG-4).
    #[error("the signature does not cover exactly the profile's components and parameters")]
    Coverage,
    /// The key belongs to another server than the origin (SIG-5).
    #[error("the key {0} is not one of the origin's")]
    ForeignKey(String),
    /// Addressed to another server (SIG-6).
    #[error("the request is addressed to {0}")]
    Destination(ServerName),
    /// Created too far from our clock (SIG-7).
    #[error("the request was created at {created}, more than five minutes off our clock")]
    Skew {
        /// Seconds since 1970.
        created: u64,
    },
    /// The body is not the one that was signed (SIG-8).
    #[error("the body does not match its content-digest")]
    Digest,
    /// The signature does not hold (SIG-9).
    #[error("the signature does not hold under the origin's key")]
    Signature,
}

impl UnverifiedRequest {
    /// Reads the signature headers; checks their form and coverage (SIG-3 to SIG-5, SIG-10).
    ///
    /// # Errors
    /// [`SignatureError::Header`], [`SignatureError::Coverage`], [`SignatureError::ForeignKey`].
    pub fn read(
        method: Method,
        uri: Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Self, SignatureError> {
        let (created, key_id) = read_parameters(single(headers, SIGNATURE_INPUT)?)?;
        let parameters = parameters(created, &key_id);
        let origin = server(headers, ORIGIN)?;
        let key = key_id
            .split_once('#')
            .filter(|(domain, key)| *domain == origin.as_str() && is_key_id(key))
            .map(|(_, key)| key.to_owned())
            .ok_or(SignatureError::ForeignKey(key_id))?;
        Ok(Self {
            digest: single(headers, CONTENT_DIGEST)?.to_owned(),
            destination: server(headers, DESTINATION)?,
            signature: read_signature(headers)?,
            key_id: key,
            method,
            uri,
            body,
            origin,
            created,
            parameters,
        })
    }

    /// The server that claims to have sent it; for finding its key, for nothing else.
    pub fn claimed_origin(&self) -> &ServerName {
        &self.origin
    }

    /// The id of the key within the origin's server document.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Checks that it is addressed to `own` and in time, before any key is fetched (SIG-6, SIG-7).
    ///
    /// # Errors
    /// [`SignatureError::Destination`] or [`SignatureError::Skew`].
    pub fn check_address_and_time(
        &self,
        own: &ServerName,
        now_ms: u64,
    ) -> Result<(), SignatureError> {
        if self.destination != *own {
            return Err(SignatureError::Destination(self.destination.clone()));
        }
        let skew = now_ms.abs_diff(self.created.saturating_mul(1_000));
        if skew > CLOCK_SKEW_MS_MAX {
            Err(SignatureError::Skew {
                created: self.created,
            })
        } else {
            Ok(())
        }
    }

    /// The gate: address, time, digest, signature under the origin's `key` (SIG-6 to SIG-9).
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(
        self,
        key: &PublicKey,
        own: &ServerName,
        now_ms: u64,
    ) -> Result<VerifiedRequest, SignatureError> {
        self.check_address_and_time(own, now_ms)?;
        if self.digest != content_digest(&self.body) {
            return Err(SignatureError::Digest);
        }
        let parts = RequestParts {
            method: self.method.as_str(),
            path: self.uri.path(),
            query: self.uri.query(),
            content_digest: &self.digest,
            origin: &self.origin,
            destination: &self.destination,
        };
        let base = signature_base(&parts, &self.parameters);
        if key.verifies_raw(base.as_bytes(), &self.signature) {
            Ok(VerifiedRequest {
                origin: self.origin,
                body: self.body,
            })
        } else {
            Err(SignatureError::Signature)
        }
    }
}

impl VerifiedRequest {
    /// The server that sent it, proven.
    pub fn origin(&self) -> &ServerName {
        &self.origin
    }

    /// The body that was signed.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl SignatureError {
    /// The problem to answer with; `now_ms` goes along with `clock_skew`.
    pub fn problem(&self, now_ms: u64) -> Problem {
        let code = match self {
            Self::Header(_) => Code::SignatureMissing,
            Self::Coverage => Code::SignatureIncomplete,
            Self::ForeignKey(_) => Code::UnknownKey,
            Self::Destination(_) => Code::WrongDestination,
            Self::Skew { .. } => {
                return Problem::new(Code::ClockSkew, self.to_string()).with_time(now_ms);
            }
            Self::Digest | Self::Signature => Code::SignatureInvalid,
        };
        Problem::new(code, self.to_string())
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, SignatureError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value
            .to_str()
            .map_err(|_not_ascii| SignatureError::Header(name)),
        _ => Err(SignatureError::Header(name)),
    }
}

fn server(headers: &HeaderMap, name: &'static str) -> Result<ServerName, SignatureError> {
    ServerName::parse(single(headers, name)?).map_err(|_no_name| SignatureError::Header(name))
}

/// `created` and `keyid`, where the coverage is exactly the profile's (SIG-3, SIG-4).
///
/// A structured field has many spellings, and the signature is over one. Whoever writes the value
/// out again before checking would sign another text than who takes it as it stands; so only the
/// one spelling is taken, in which both are the same.
fn read_parameters(input: &str) -> Result<(u64, String), SignatureError> {
    let malformed = |_malformed| SignatureError::Header(SIGNATURE_INPUT);
    let dictionary: Dictionary = Parser::new(input).parse().map_err(malformed)?;
    let (1, Some(ListEntry::InnerList(list))) = (dictionary.len(), dictionary.get(LABEL)) else {
        return Err(SignatureError::Coverage);
    };
    let names = list
        .items
        .iter()
        .map(|item| match (&item.bare_item, item.params.is_empty()) {
            (BareItem::String(name), true) => Some(name.as_str()),
            _ => None,
        });
    if !names.eq(COMPONENTS.iter().map(|c| Some(*c))) || list.params.len() != 3 {
        return Err(SignatureError::Coverage);
    }
    let (created, key_id) = read_list_parameters(list).ok_or(SignatureError::Coverage)?;
    if input == format!("{LABEL}={}", parameters(created, &key_id)) {
        Ok((created, key_id))
    } else {
        Err(SignatureError::Coverage)
    }
}

fn read_list_parameters(list: &InnerList) -> Option<(u64, String)> {
    let created = list.params.get("created")?.as_integer()?;
    let key_id = list.params.get("keyid")?.as_string()?.as_str().to_owned();
    let tag = list.params.get("tag")?.as_string()?.as_str();
    (tag == TAG).then_some((u64::try_from(i64::from(created)).ok()?, key_id))
}

fn read_signature(headers: &HeaderMap) -> Result<Signature, SignatureError> {
    let error = SignatureError::Header(SIGNATURE);
    let text = single(headers, SIGNATURE)?;
    let dictionary: Dictionary = Parser::new(text)
        .parse()
        .map_err(|_malformed| error.clone())?;
    let signature = match (dictionary.len(), dictionary.get(LABEL)) {
        (1, Some(ListEntry::Item(item))) => item.bare_item.as_byte_sequence(),
        _ => None,
    };
    signature
        .and_then(|bytes| bytes.try_into().ok())
        .map(Signature)
        .filter(|signature| text == signature_header(signature))
        .ok_or(error)
}
