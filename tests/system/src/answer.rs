//! What a server answered: status, problem, body.

use holm_protocol::{Code, Problem};
use serde::de::DeserializeOwned;

/// An answer of a server.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub content_type: String,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads a response to its end.
    pub async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let content_type = response.headers().get(http::header::CONTENT_TYPE);
        let content_type = content_type
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let body = response.bytes().await.map(Vec::from).unwrap_or_default();
        Self {
            status,
            content_type,
            body,
        }
    }

    /// The body, of an answer that must be good.
    ///
    /// # Panics
    /// Where it is not.
    pub fn good<T: DeserializeOwned>(&self) -> T {
        assert!(self.status < 300, "{} {}", self.status, self.text());
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// An answer that must be good, its body not looked at.
    ///
    /// # Panics
    /// Where it is not.
    pub fn expect_good(&self) {
        assert!(self.status < 300, "{} {}", self.status, self.text());
    }

    /// The problem, of an answer that must be a refusal: status and code belong together, the
    /// type is RFC 9457's, the sentence is there (PROB-1).
    ///
    /// # Panics
    /// Where it is none.
    pub fn problem(&self) -> Problem {
        let problem: Problem = serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text()));
        assert_eq!(
            self.content_type,
            "application/problem+json",
            "{}",
            self.text()
        );
        assert_eq!(problem.status, self.status, "{}", self.text());
        assert_eq!(problem.code.status(), self.status, "{}", self.text());
        assert!(!problem.detail.is_empty(), "{}", self.text());
        problem
    }

    /// The code of a refusal.
    pub fn code(&self) -> Code {
        self.problem().code
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
