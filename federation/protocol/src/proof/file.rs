//! A proof as one self-contained file: JSON, with the signed bytes as base64url (HEAD-7).

use serde::{Deserialize, Serialize};

use super::ForkProof;
use crate::document::SignedDocument;
use crate::encoding::{Malformed, decode, encode};
use crate::event::Event;
use crate::json::{self, Base64Url};
use crate::limits::PROOF_LEN_MAX;
use crate::name::ServerName;
use crate::signing::PublicKey;

/// What the file says it is.
const FORMAT: &str = "holm fork proof v1";

/// The file's members.
#[derive(Serialize, Deserialize)]
struct ProofFile {
    format: String,
    hub: ServerName,
    root: PublicKey,
    documents: Vec<SignedDocument>,
    first: Base64Url,
    second: Base64Url,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<Base64Url>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    carrier: Option<Base64Url>,
}

impl ForkProof {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let link = |link| Base64Url::from(encode(link));
        let file = ProofFile {
            format: FORMAT.into(),
            hub: self.hub.clone(),
            root: self.root,
            documents: self.documents.clone(),
            first: encode(&self.first).into(),
            second: encode(&self.second).into(),
            links: self.links.iter().map(link).collect(),
            carrier: self.carrier.as_ref().map(|c| c.to_bytes().into()),
        };
        serde_json::to_vec(&file).unwrap_or_else(|e| unreachable!("plain data: {e}"))
    }

    /// Reads a file; nothing of it is verified yet.
    ///
    /// # Errors
    /// It is larger than 16 MiB (LIM-26) or not of the documented form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > PROOF_LEN_MAX {
            return Err(Malformed(format!("a proof of {} bytes", bytes.len())));
        }
        let file: ProofFile = json::from_slice(bytes).map_err(|e| Malformed(e.to_string()))?;
        if file.format != FORMAT {
            return Err(Malformed(
                "the format is not named as that of a proof".into(),
            ));
        }
        let links = file.links.iter().map(|link| decode(link.as_slice()));
        let carrier = file.carrier.as_ref();
        Ok(Self {
            hub: file.hub,
            root: file.root,
            documents: file.documents,
            first: decode(file.first.as_slice())?,
            second: decode(file.second.as_slice())?,
            links: links.collect::<Result<_, _>>()?,
            carrier: carrier
                .map(|c| Event::from_bytes(c.as_slice()))
                .transpose()?,
        })
    }
}
