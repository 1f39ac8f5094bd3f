//! A request of a homeserver before it is signed, in which each part can be another than the spec
//! says (chapter 04 §4). Signed by code of the kit's own, so that a mistake in a real signer is
//! not made again here.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holm_protocol::{Hash, PrivateKey};

use crate::client_role::wire::Request;

/// The components that a signature covers, in order (SIG-3).
pub(crate) const COMPONENTS: [&str; 6] = [
    "@method",
    "@path",
    "@query",
    "content-digest",
    "holm-origin",
    "holm-destination",
];

/// A request to be signed.
#[derive(Clone)]
pub(crate) struct Draft {
    /// Method.
    pub(crate) method: String,
    /// Path, and query where there is one.
    pub(crate) target: String,
    /// Body.
    pub(crate) body: Vec<u8>,
    /// Who sends it.
    pub(crate) origin: String,
    /// Whom it is for.
    pub(crate) destination: String,
    /// Which key.
    pub(crate) key_id: String,
    /// The key it is signed with.
    pub(crate) key: PrivateKey,
    /// When it was made, seconds since 1970.
    pub(crate) created: i64,
    /// What is covered.
    pub(crate) components: Vec<String>,
    /// What stands between the components, a space if it is right.
    pub(crate) divider: String,
    /// Parameters, with `{created}` and `{keyid}` to be filled in.
    pub(crate) parameters: String,
    /// The label.
    pub(crate) label: String,
    /// The digest's header, with `{sha256}`, `{sha512}` and `{hex}` to be filled in.
    pub(crate) digest: String,
    /// The signature's header, with `{signature}` and `{label}` to be filled in.
    pub(crate) signature: String,
    /// Headers beside those of the signature.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// A bit of the signature to be turned over.
    pub(crate) flipped: Option<usize>,
    /// What is done to the request after it was signed.
    pub(crate) after: Vec<Edit>,
}

/// Something done to a request after it was signed.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// A header is left out.
    Remove(String),
    /// A header has this value instead.
    Set(String, String),
    /// A header more.
    Add(String, Vec<u8>),
    /// A header stands twice.
    Double(String),
    /// Text in a header becomes another.
    Replace(String, String, String),
    /// Another body.
    Body(Vec<u8>),
    /// Another path and query.
    Target(String),
    /// Another method.
    Method(String),
}

impl Draft {
    /// The request with its signature.
    pub(crate) fn sealed(&self) -> Request {
        let parameters = self.filled_parameters();
        let input = format!("({}){parameters}", self.quoted().join(&self.divider));
        let digest = self.filled_digest();
        let mut base = String::new();
        for component in &self.components {
            // A parameter of a component stands after its name: RFC 9421 §2.
            let value = self.value_of(component, &digest);
            let _ = writeln!(base, "\"{component}\": {value}");
        }
        let _ = write!(base, "\"@signature-params\": {input}");
        let mut signature = self.key.sign_raw(base.as_bytes()).0;
        if let Some(bit) = self.flipped {
            signature[bit / 8] ^= 1 << (bit % 8);
        }
        let text = self.signature.replace("{label}", &self.label);
        let text = text.replace("{signature}", &STANDARD.encode(signature));
        let mut request = Request::new(&self.method, &self.target);
        request.body = Some(self.body.clone());
        request.headers.clone_from(&self.headers);
        let request = request
            .header("content-digest", digest)
            .header("holm-origin", self.origin.as_str())
            .header("holm-destination", self.destination.as_str())
            .header("signature-input", format!("{}={input}", self.label))
            .header("signature", text);
        self.after.iter().fold(request, apply)
    }

    /// The same with an edit more.
    pub(crate) fn then(mut self, edit: Edit) -> Self {
        self.after.push(edit);
        self
    }

    fn quoted(&self) -> Vec<String> {
        self.components
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect()
    }

    fn filled_parameters(&self) -> String {
        let key_id = self.key_id.replace("{origin}", &self.origin);
        let parameters = self
            .parameters
            .replace("{created}", &self.created.to_string());
        parameters.replace("{keyid}", &key_id)
    }

    fn filled_digest(&self) -> String {
        let sha256 = Hash::sha256(&self.body).0;
        let hex = sha256.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let digest = self.digest.replace("{sha256}", &STANDARD.encode(sha256));
        digest.replace("{hex}", &hex)
    }

    fn value_of(&self, component: &str, digest: &str) -> String {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        match component {
            "@method" => self.method.clone(),
            "@path" => path.to_owned(),
            "@query" => format!("?{query}"),
            "content-digest" => digest.to_owned(),
            "holm-origin" => self.origin.clone(),
            "holm-destination" | "@authority" => self.destination.clone(),
            header => {
                let found = self.headers.iter().find(|(name, _)| name == header);
                let value = found.map(|(_, value)| value.as_slice());
                String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
            }
        }
    }
}

fn apply(mut request: Request, edit: &Edit) -> Request {
    match edit {
        Edit::Remove(name) => request.headers.retain(|(n, _)| n != name),
        Edit::Set(name, value) => {
            for (_, old) in request.headers.iter_mut().filter(|(n, _)| n == name) {
                *old = value.clone().into_bytes();
            }
        }
        Edit::Add(name, value) => request.headers.push((name.clone(), value.clone())),
        Edit::Double(name) => {
            let found = request.headers.iter().find(|(n, _)| n == name).cloned();
            request.headers.extend(found);
        }
        Edit::Replace(name, from, to) => {
            for (_, value) in request.headers.iter_mut().filter(|(n, _)| n == name) {
                let text = String::from_utf8_lossy(value).replace(from, to);
                *value = text.into_bytes();
            }
        }
        Edit::Body(body) => request.body = Some(body.clone()),
        Edit::Target(target) => request.target.clone_from(target),
        Edit::Method(method) => request.method.clone_from(method),
    }
    request
}
