//! The OpenAPI 3.1 document, made from the handlers, with the schemas of visit and report made from their types; and its page.

use axum::Router;
use serde_json::{Map, Value};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_swagger_ui::SwaggerUi;

#[derive(OpenApi)]
#[openapi(info(
    title = "bingli 病历质控",
    description = "住院病历质量检查:检查、保存、缺陷、时限、指标。时间均为医院本地时间,received_at 等服务时间为 UTC。"
))]
struct Outline;

pub fn outline() -> Document {
    Outline::openapi()
}

/// `/docs` with everything it needs inside the binary, and `/v1/openapi.json`.
pub fn pages<S: Clone + Send + Sync + 'static>(document: Document) -> Router<S> {
    SwaggerUi::new("/docs").external_url_unchecked("/v1/openapi.json", complete(&document)).into()
}

/// Adds the two formats that the handlers pass through as they are.
fn complete(document: &Document) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let mut schemas = Map::new();
    for (name, schema) in [("Visit", schemars::schema_for!(crate::record::Visit)), ("Report", schemars::schema_for!(crate::report::Report))]
    {
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
    document
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
