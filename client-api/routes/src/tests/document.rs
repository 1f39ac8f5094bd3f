//! The OpenAPI document: complete, sound, and the committed one.

use std::collections::BTreeSet;
use std::path::Path;

use holm_client_types::endpoint::CLIENT;
use holm_client_types::frame::{DeviceFrame, Frame, ServerFrame};
use holm_protocol::Code;
use holm_protocol::endpoint::Auth;
use serde_json::Value;

use crate::openapi_json;
use crate::router::docs;

/// Where the document is committed, from this crate.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/openapi.json");

fn document() -> Value {
    serde_json::from_str(&openapi_json().unwrap()).unwrap()
}

// API-12
#[test]
fn the_committed_document_is_the_one_the_code_makes() {
    let made = openapi_json().unwrap();
    if std::env::var("HOLM_REGENERATE").is_ok_and(|value| value == "1") {
        std::fs::write(COMMITTED, &made).unwrap();
    }
    let committed = std::fs::read_to_string(Path::new(COMMITTED)).unwrap();
    assert!(
        committed == made,
        "spec/openapi.json is not what the code makes; run `tests/run regenerate`"
    );
}

// API-12
#[test]
fn every_declared_endpoint_is_described_once() {
    let described: Vec<_> = docs().iter().map(|doc| doc.endpoint).collect();
    assert_eq!(described, CLIENT);
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for endpoint in CLIENT {
        let operation = &document["paths"][endpoint.path][endpoint.method.to_lowercase()];
        assert!(operation.is_object(), "{}", endpoint.path);
        assert!(ids.insert(operation["operationId"].to_string()));
        let secured = operation["security"].is_array();
        assert_eq!(secured, endpoint.auth == Auth::Device, "{}", endpoint.path);
    }
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.values().map(|item| item.as_object().unwrap().len());
    assert_eq!(operations.sum::<usize>(), CLIENT.len());
}

// API-12, PROB-1
#[test]
fn every_endpoint_names_each_problem_under_its_status() {
    let document = document();
    for doc in docs() {
        let path = doc.endpoint.path;
        let operation = &document["paths"][path][doc.endpoint.method.to_lowercase()];
        for code in doc.problems() {
            let response = &operation["responses"][code.status().to_string()];
            let text = response["description"].as_str().unwrap();
            assert!(text.contains(&format!("`{}`", code.as_str())), "{path}");
            let content = &response["content"]["application/problem+json"];
            assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem");
        }
    }
}

// PROB-2
#[test]
fn the_schema_of_a_problem_lists_every_code() {
    let document = document();
    let listed = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, &Value::from(codes));
}

// API-12
#[test]
fn frames_are_schemas() {
    let document = document();
    let types = |name: &str| -> BTreeSet<String> {
        let kinds = document["components"]["schemas"][name]["oneOf"].as_array();
        let kinds = kinds.unwrap().iter();
        kinds
            .map(|kind| {
                kind["properties"]["type"]["enum"][0]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    };
    let listed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(types("DeviceFrame"), listed(DeviceFrame::TYPES));
    assert_eq!(types("ServerFrame"), listed(ServerFrame::TYPES));
}

// API-12
#[test]
fn every_reference_resolves() {
    let document = document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > CLIENT.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            references.extend(reference);
            members.values().for_each(|v| collect(v, references));
        }
        Value::Array(items) => items.iter().for_each(|v| collect(v, references)),
        _ => {}
    }
}
