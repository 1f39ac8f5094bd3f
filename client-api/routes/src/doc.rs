//! What an endpoint says about itself; the OpenAPI document is made from it.
//!
//! Method, path, body limit and who may call come from `holm_client_types::endpoint`; what every
//! endpoint of a kind can refuse is added here, so a file lists only its own problems.

use holm_client_types::endpoint::RequestBody;
use holm_protocol::Code;
use holm_protocol::endpoint::{Auth, Endpoint};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// One endpoint, described.
pub(crate) struct Doc {
    /// Method, path, who may call, how large a body may be.
    pub(crate) endpoint: Endpoint,
    /// Name for generated clients.
    pub(crate) id: &'static str,
    /// What it does, in a line.
    pub(crate) summary: &'static str,
    /// More about it.
    pub(crate) description: &'static str,
    /// Name of the request body's schema.
    pub(crate) request: Option<String>,
    /// Name of the answer's schema; without one the answer is 204.
    pub(crate) answer: Option<String>,
    /// Numbers in the query: name, whether needed, meaning.
    pub(crate) query: Vec<(&'static str, bool, &'static str)>,
    /// Whether a device may call before it is enrolled.
    pub(crate) before_enrollment: bool,
    /// Its own problems.
    problems: Vec<Code>,
    /// Schemas it names.
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

/// Problems of every endpoint.
const ANYWHERE: &[Code] = &[Code::Unavailable, Code::Internal];
/// Problems of an endpoint that takes a body (API-4, API-5).
const WITH_BODY: &[Code] = &[
    Code::Malformed,
    Code::TooLarge,
    Code::UnsupportedMedia,
    Code::Timeout,
];
/// Problems of an endpoint that needs a token (API-2).
const WITH_TOKEN: &[Code] = &[Code::Malformed, Code::Unauthenticated];

impl Doc {
    /// An endpoint that takes and answers nothing.
    pub(crate) fn new(endpoint: Endpoint, id: &'static str, summary: &'static str) -> Self {
        Self {
            endpoint,
            id,
            summary,
            description: "",
            request: None,
            answer: None,
            query: Vec::new(),
            before_enrollment: false,
            problems: Vec::new(),
            schemas: Vec::new(),
        }
    }

    /// Says more.
    pub(crate) fn describe(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Takes a body of type `T`.
    pub(crate) fn takes<T: RequestBody + ToSchema>(mut self) -> Self {
        self.request = Some(self.name::<T>());
        self
    }

    /// Answers 200 with a `T`.
    pub(crate) fn answers<T: ToSchema>(mut self) -> Self {
        self.answer = Some(self.name::<T>());
        self
    }

    /// Answers 200 with a schema that the document defines by hand.
    pub(crate) fn answers_named(mut self, name: &str) -> Self {
        self.answer = Some(name.to_owned());
        self
    }

    /// Reads a number from the query.
    pub(crate) fn reads(mut self, name: &'static str, needed: bool, what: &'static str) -> Self {
        self.query.push((name, needed, what));
        self
    }

    /// May be called before the device is enrolled.
    pub(crate) fn before_enrollment(mut self) -> Self {
        self.before_enrollment = true;
        self
    }

    /// Refuses with these codes, beside what every endpoint of its kind can refuse with.
    pub(crate) fn refuses(mut self, codes: &[Code]) -> Self {
        self.problems.extend_from_slice(codes);
        self
    }

    /// Every problem it can answer with, each once.
    pub(crate) fn problems(&self) -> Vec<Code> {
        let token = self.endpoint.auth == Auth::Device;
        let mut codes = self.problems.clone();
        let kinds = [
            (true, ANYWHERE),
            (self.request.is_some(), WITH_BODY),
            (token, WITH_TOKEN),
            (token && !self.before_enrollment, &[Code::Forbidden]),
            (self.endpoint.path.contains('{'), &[Code::Malformed]),
            (!self.query.is_empty(), &[Code::Malformed]),
        ];
        let added = kinds.iter().filter(|(holds, _)| *holds);
        codes.extend(added.flat_map(|(_, codes)| codes.iter()));
        codes.sort();
        codes.dedup();
        codes
    }

    fn name<T: ToSchema>(&mut self) -> String {
        let name = T::name().into_owned();
        self.schemas.push((name.clone(), T::schema()));
        T::schemas(&mut self.schemas);
        name
    }
}
