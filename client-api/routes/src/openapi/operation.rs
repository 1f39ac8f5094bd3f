//! One endpoint as an OpenAPI operation.

use std::collections::BTreeMap;

use holm_protocol::Code;
use holm_protocol::endpoint::Auth;
use utoipa::openapi::path::{
    Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Content, ObjectBuilder, Ref, Required, Response, ResponseBuilder, Responses, ResponsesBuilder,
    Type,
};

use super::TOKEN;
use crate::doc::Doc;
use crate::refusal::PROBLEM_JSON;

/// Describes an endpoint.
pub(crate) fn operation(doc: &Doc) -> Operation {
    let parameters: Vec<_> = path_parameters(doc).chain(query_parameters(doc)).collect();
    let mut operation = OperationBuilder::new()
        .operation_id(Some(doc.id))
        .summary(Some(doc.summary))
        .request_body(doc.request.as_deref().map(request_body))
        .responses(responses(doc));
    if !doc.description.is_empty() {
        operation = operation.description(Some(doc.description));
    }
    if !parameters.is_empty() {
        operation = operation.parameters(Some(parameters));
    }
    if doc.endpoint.auth == Auth::Device {
        let no_scopes: [&str; 0] = [];
        operation = operation.security(SecurityRequirement::new(TOKEN, no_scopes));
    }
    operation.build()
}

fn request_body(schema: &str) -> RequestBody {
    RequestBodyBuilder::new()
        .content("application/json", content(schema))
        .required(Some(Required::True))
        .build()
}

fn responses(doc: &Doc) -> Responses {
    let (status, answer) = answer(doc);
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in doc.problems() {
        by_status.entry(code.status()).or_default().push(code);
    }
    by_status
        .into_iter()
        .fold(
            ResponsesBuilder::new().response(status, answer),
            |responses, (status, codes)| responses.response(status.to_string(), refusal(&codes)),
        )
        .build()
}

fn answer(doc: &Doc) -> (&'static str, Response) {
    match &doc.answer {
        _ if doc.endpoint == holm_client_types::endpoint::SYNC => {
            ("101", Response::new("The connection is a WebSocket."))
        }
        Some(schema) => {
            let response = ResponseBuilder::new().description("Done.");
            let response = response.content("application/json", content(schema));
            ("200", response.build())
        }
        None => ("204", Response::new("Done.")),
    }
}

fn refusal(codes: &[Code]) -> Response {
    let lines: Vec<_> = codes
        .iter()
        .map(|code| format!("- `{}`: {}", code.as_str(), code.title()))
        .collect();
    ResponseBuilder::new()
        .description(lines.join("\n"))
        .content(PROBLEM_JSON, content("Problem"))
        .build()
}

fn content(schema: &str) -> Content {
    Content::new(Some(Ref::from_schema_name(schema)))
}

fn path_parameters(doc: &Doc) -> impl Iterator<Item = Parameter> {
    let names = doc.endpoint.path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?;
        name.strip_suffix('}')
    });
    names.map(|name| {
        let what = match name {
            "server" => "The server's name.",
            _ => "The MIMI URI, percent-encoded as one segment.",
        };
        parameter(name, ParameterIn::Path, Required::True, what, Type::String)
    })
}

fn query_parameters(doc: &Doc) -> impl Iterator<Item = Parameter> {
    doc.query.iter().map(|(name, needed, what)| {
        let required = match needed {
            true => Required::True,
            false => Required::False,
        };
        parameter(name, ParameterIn::Query, required, what, Type::Integer)
    })
}

fn parameter(
    name: &str,
    place: ParameterIn,
    required: Required,
    what: &str,
    kind: Type,
) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(SchemaType::new(kind));
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(what))
        .schema(Some(schema))
        .build()
}
