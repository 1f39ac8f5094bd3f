//! Tables of cases, and the endpoints they are crossed with (tests/conformance/cases/client).
//!
//! What an endpoint takes is read from spec/openapi.json; the table beside it says only what a
//! usable request looks like and what it answers to a device that has nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::device::base64;
use super::fault::{Check, During};
use super::site::Site;
use super::wire::{Request, segment};
use crate::chance::letters;

/// The client API for machines, made from the code (API-12).
const OPENAPI: &str = include_str!("../../../../spec/openapi.json");

/// An endpoint with a usable request.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Endpoint {
    /// Its operation id in openapi.json.
    pub(crate) operation: String,
    /// Query of the usable request.
    #[serde(default)]
    pub(crate) query: String,
    /// Body of the usable request; `{…}` is filled in.
    pub(crate) body: Option<String>,
    /// What the usable request answers to a device that has nothing: status, and code of a refusal.
    pub(crate) status: u16,
    /// Code of the refusal.
    pub(crate) code: Option<String>,
    /// Method, from openapi.json.
    #[serde(skip)]
    pub(crate) method: String,
    /// Path with its parameters in braces, from openapi.json.
    #[serde(skip)]
    pub(crate) path: String,
    /// Whether it needs a token, from openapi.json.
    #[serde(skip)]
    pub(crate) needs_token: bool,
    /// Its body's schema, from openapi.json.
    #[serde(skip)]
    pub(crate) schema: Option<Value>,
}

#[derive(Deserialize)]
struct Endpoints {
    endpoint: Vec<Endpoint>,
}

/// All endpoints of openapi.json, each with its usable request.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let mut known: BTreeMap<_, _> =
        read::<Endpoints>(include_str!("../../cases/client/endpoints.toml"))
            .endpoint
            .into_iter()
            .map(|endpoint| (endpoint.operation.clone(), endpoint))
            .collect();
    let document = openapi();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let endpoint = known.remove(id);
            let mut endpoint =
                endpoint.unwrap_or_else(|| panic!("endpoints.toml lacks the operation {id:?}"));
            endpoint.method = method.to_uppercase();
            endpoint.path.clone_from(path);
            endpoint.needs_token = operation["security"].is_array();
            endpoint.schema = schema(&document, operation);
            found.push(endpoint);
        }
    }
    assert!(known.is_empty(), "not in openapi.json: {:?}", known.keys());
    found
}

/// The document.
pub(crate) fn openapi() -> Value {
    serde_json::from_str(OPENAPI).unwrap_or_else(|e| panic!("spec/openapi.json: {e}"))
}

/// A table of cases; one that can't be read is a mistake of this crate.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(text: &'static str) -> T {
    toml::from_str(text).unwrap_or_else(|e| panic!("a table of the client role: {e}"))
}

/// Bytes written in hexadecimal.
pub(crate) fn from_hex(hex: &str) -> Check<Vec<u8>> {
    let pair = |at: usize| hex.get(at..at + 2).unwrap_or_default();
    let byte = |at| u8::from_str_radix(pair(at), 16).during("bytes in a table");
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// The schema a `$ref` of the document points to.
pub(crate) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#'));
    name.and_then(|name| document.pointer(name))
        .unwrap_or(schema)
}

fn schema(document: &Value, operation: &Value) -> Option<Value> {
    let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
    Some(resolve(document, schema).clone())
}

impl Endpoint {
    /// The usable request without a token, its names made up for this one time.
    pub(crate) fn request(&self, site: &Site) -> Request {
        let path = Self::fill(&self.path, site, true);
        let request = Request::new(&self.method, &format!("{path}{}", self.query));
        match self.usable_body(site) {
            Some(body) => request.json(body.into_bytes()),
            None => request,
        }
    }

    /// The body of the usable request.
    pub(crate) fn usable_body(&self, site: &Site) -> Option<String> {
        let body = self.body.as_ref()?;
        Some(Self::fill(body, site, false))
    }

    /// Fills in names nobody has and bytes of no meaning.
    fn fill(template: &str, site: &Site, as_segments: bool) -> String {
        let domain = &site.domain;
        let uri = |uri: String| match as_segments {
            true => segment(&uri),
            false => uri,
        };
        template
            .replace("{user}", &uri(format!("mimi://{domain}/u/{}", letters(16))))
            .replace("{room}", &uri(format!("mimi://{domain}/r/{}", letters(16))))
            .replace(
                "{foreign_room}",
                &uri(format!("mimi://elsewhere.example/r/{}", letters(16))),
            )
            .replace(
                "{device}",
                &uri(format!("mimi://{domain}/d/{}/d1", letters(16))),
            )
            .replace("{server}", domain)
            .replace("{bytes16}", &base64(&[0; 16]))
            .replace("{bytes32}", &base64(&[0; 32]))
            .replace("{bytes64}", &base64(&[0; 64]))
    }
}
