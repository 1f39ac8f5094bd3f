//! A request as the bytes that go over the wire, well formed or not.

use serde_json::Value;

/// An HTTP/1.1 request, written out as it says and in no other way.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The method.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Headers in order; Host, Connection and Content-Length are added where they are missing.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub(crate) body: Option<Vec<u8>>,
}

impl Request {
    /// A request without headers and body.
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// A GET.
    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A POST of JSON.
    pub(crate) fn post(target: &str, body: &Value) -> Self {
        Self::new("POST", target).json(body.to_string().into_bytes())
    }

    /// The same with a header more.
    pub(crate) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same with a device's token.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// The same with bytes that are said to be JSON.
    pub(crate) fn json(self, body: Vec<u8>) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    /// The same with a body.
    pub(crate) fn body(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    /// The head as it goes out, its empty line included.
    pub(crate) fn head(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        if !self.has("host") {
            line("host", host.as_bytes());
        }
        for (name, value) in &self.headers {
            line(name, value);
        }
        if !self.has("connection") {
            line("connection", b"close");
        }
        let framed = self.has("content-length") || self.has("transfer-encoding");
        let len = self.body.as_ref().map(Vec::len);
        if let Some(len) = len.filter(|_| !framed) {
            line("content-length", len.to_string().as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// Whether a header of this name, in lower case, is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case(name))
    }
}

/// A URI as one path segment (API-6).
pub(crate) fn segment(text: &str) -> String {
    let escaped = |b: u8| match b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    text.bytes().map(escaped).collect()
}

/// A body in chunks of `len` bytes, its end included.
pub(crate) fn chunked(body: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(len) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}
