//! Schemas of what the protocol crate defines, which knows nothing of OpenAPI.

use holm_protocol::Code;
use utoipa::PartialSchema;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

/// A refusal (PROB-1).
pub(crate) fn problem() -> Schema {
    let codes = Code::ALL.iter().map(|code| code.as_str());
    ObjectBuilder::new()
        .description(Some("A refusal (RFC 9457)."))
        .property("type", text("`urn:holm:problem:<code>`."))
        .property("title", text("The code's summary."))
        .property("status", number("The HTTP status."))
        .property(
            "code",
            text("What programs branch on; one not listed here is treated by its status.")
                .enum_values(Some(codes)),
        )
        .property(
            "detail",
            text("What happened here and what to do about it."),
        )
        .property(
            "epoch",
            number("The room's epoch, with `wrong_epoch` and `epoch_too_old`."),
        )
        .property(
            "time",
            number("The server's clock, milliseconds since 1970, with `clock_skew`."),
        )
        .property("retry_after", number("Seconds to wait."))
        .required("type")
        .required("title")
        .required("status")
        .required("code")
        .into()
}

/// A server document as it is served and relayed (DOC-1).
pub(crate) fn signed_document() -> Schema {
    ObjectBuilder::new()
        .description(Some("A server document, signed by its root key."))
        .property(
            "document",
            text("The exact bytes that are signed, base64url."),
        )
        .property("root", text("The root key, base64url."))
        .property("signature", text("By the root key, base64url."))
        .required("document")
        .required("root")
        .required("signature")
        .into()
}

/// The schema of a type.
pub(crate) fn named<T: PartialSchema>() -> RefOr<Schema> {
    T::schema()
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .description(Some(description))
}

fn number(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Integer))
        .minimum(Some(0))
        .description(Some(description))
}
