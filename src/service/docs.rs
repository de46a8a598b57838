//! The OpenAPI 3.1 document, made from the handlers, with the schemas of visit and report made from their types; and its page.

use axum::Router;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_swagger_ui::SwaggerUi;

use super::auth::COOKIE_NAME;

#[derive(OpenApi)]
#[openapi(info(
    title = "bingli 病历质控",
    description = "住院病历质量检查:检查、保存、缺陷、时限、指标。时间均为医院本地时间,received_at 等服务时间为 UTC。"
))]
struct Outline;

/// Media type of a refusal, and how its schema is named.
const PROBLEM: &str = "application/problem+json";
/// Why a change may be refused that no handler refuses.
const WITHOUT_CSRF: &str = "a session without its x-csrf-token";
const PROBLEM_SCHEMA: &str = "#/components/schemas/ProblemDocument";

pub fn outline() -> Document {
    Outline::openapi()
}

/// `/docs` with everything it needs inside the binary, and `/v1/openapi.json`.
pub fn pages<S: Clone + Send + Sync + 'static>(document: Document, asks_for_tokens: bool) -> Router<S> {
    SwaggerUi::new("/docs").external_url_unchecked("/v1/openapi.json", complete(&document, asks_for_tokens)).into()
}

fn complete(document: &Document, asks_for_tokens: bool) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    add_formats(&mut document);
    mark_problems(&mut document);
    if asks_for_tokens {
        document["components"]["securitySchemes"] = json!({
            "token": { "type": "http", "scheme": "bearer", "description": "bingli token create" },
            "session": { "type": "apiKey", "in": "cookie", "name": COOKIE_NAME, "description": "POST /v1/login; changes need x-csrf-token too" },
        });
        document["security"] = json!([{ "token": [] }, { "session": [] }]);
    } else {
        for (_, operation) in operations(&mut document) {
            operation.remove("security");
        }
    }
    document
}

/// Each operation with its method.
fn operations(document: &mut Value) -> impl Iterator<Item = (&String, &mut Map<String, Value>)> {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    let all = paths.filter_map(Value::as_object_mut).flat_map(|methods| methods.iter_mut());
    all.filter_map(|(method, operation)| Some((method, operation.as_object_mut()?)))
}

/// Handlers say which refusals there are; all of them are problem documents. Changes need a session's own words, and a database that is away
/// refuses whatever needs it.
fn mark_problems(document: &mut Value) {
    for (method, operation) in operations(document) {
        let is_change = method != "get" && operation.get("security").is_none();
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        let mut is_refused = false;
        for content in responses.values_mut().filter_map(|response| response.get_mut("content")?.as_object_mut()) {
            if content.get("application/json").is_some_and(|media| media["schema"]["$ref"] == PROBLEM_SCHEMA) {
                let media = content.remove("application/json");
                content.extend(media.map(|media| (PROBLEM.to_owned(), media)));
                is_refused = true;
            }
        }
        if is_refused {
            let content = json!({ PROBLEM: { "schema": { "$ref": PROBLEM_SCHEMA } } });
            let mut add = |status: &str, description| {
                responses.entry(status).or_insert_with(|| json!({ "description": description, "content": content }));
            };
            add("503", "the database does not answer");
            if is_change {
                add("403", WITHOUT_CSRF);
            }
        }
    }
}

/// Adds the formats of records and reports.
fn add_formats(document: &mut Value) {
    let mut schemas = Map::new();
    let formats = [
        ("Visit", schemars::schema_for!(crate::record::Visit)),
        ("Event", schemars::schema_for!(crate::record::Event)),
        ("Report", schemars::schema_for!(crate::report::Report)),
    ];
    for (name, schema) in formats {
        let mut schema = schema.to_value();
        if let Some(parts) = schema.as_object_mut().and_then(|schema| schema.remove("$defs")) {
            schemas.extend(parts.as_object().cloned().unwrap_or_default());
        }
        schemas.insert(name.to_owned(), schema);
    }
    let mut schemas = Value::Object(schemas);
    point_to_components(&mut schemas);
    let known = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    match (known, schemas) {
        (Some(known), Value::Object(schemas)) => known.extend(schemas),
        (None, schemas) => document["components"]["schemas"] = schemas,
        _ => {}
    }
}

fn point_to_components(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::String(target) if key == "$ref" => *target = target.replace("#/$defs/", "#/components/schemas/"),
                    _ => point_to_components(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(point_to_components),
        _ => {}
    }
}
