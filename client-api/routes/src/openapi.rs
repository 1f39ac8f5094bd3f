//! The OpenAPI 3.1 document, made from the endpoints' descriptions (API-12).
//!
//! Committed as spec/openapi.json; a test compares it, and writes it anew where the environment
//! has `HOLM_REGENERATE=1`, which is what `tests/run regenerate` sets.

mod operation;
mod schemas;

use holm_client_types::frame::{DeviceFrame, ServerFrame};
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, PathsBuilder};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, RefOr, Schema,
};

use crate::doc::Doc;
use crate::router::docs;

/// Name of the security scheme: the device's token.
const TOKEN: &str = "token";

/// The document.
pub fn openapi() -> OpenApi {
    let docs = docs();
    let paths = docs.iter().fold(PathsBuilder::new(), |paths, doc| {
        let item = PathItem::new(method(doc), operation::operation(doc));
        paths.path(doc.endpoint.path, item)
    });
    let info = InfoBuilder::new()
        .title("Holm client API")
        .version("v1")
        .description(Some(
            "What a device asks of its homeserver. Bytes are base64url without padding, numbers \
             at most 2^53 - 1. An unknown member is ignored, one that stands twice is refused. \
             Every refusal is a `Problem`.",
        ));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths.build())
        .components(Some(components(docs)))
        .build()
}

/// The document as it is committed: pretty-printed JSON with a newline at its end.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    Ok(openapi().to_pretty_json()? + "\n")
}

fn components(docs: Vec<Doc>) -> Components {
    let mut schemas: Vec<(String, RefOr<Schema>)> = vec![
        ("Problem".into(), schemas::problem().into()),
        ("SignedDocument".into(), schemas::signed_document().into()),
        ("DeviceFrame".into(), schemas::named::<DeviceFrame>()),
        ("ServerFrame".into(), schemas::named::<ServerFrame>()),
    ];
    DeviceFrame::schemas(&mut schemas);
    ServerFrame::schemas(&mut schemas);
    schemas.extend(docs.into_iter().flat_map(|doc| doc.schemas));
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(TOKEN, token)
        .build()
}

fn method(doc: &Doc) -> HttpMethod {
    match doc.endpoint.method {
        "GET" => HttpMethod::Get,
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        other => unreachable!("an endpoint is declared with method {other}"),
    }
}
