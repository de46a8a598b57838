//! The inline widget, its example page and the modules of the pages for people, out of the binary. Nothing here knows a patient, so none of it asks for a token.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use include_dir::{Dir, include_dir};

use super::problem::Refusal;
use crate::store::digest;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/service/assets");

/// Each file's validator, made once.
static TAGS: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
    let folders = std::iter::once(&FILES).chain(FILES.dirs());
    let files = folders.flat_map(|folder| folder.files());
    files.filter_map(|file| Some((file.path().to_str()?, format!("\"{}\"", digest(file.contents()))))).collect()
});

/// Only what the example needs may run or load in it, which also proves that the widget asks for no more.
const EXAMPLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";

pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/bingli.js", get(|headers: HeaderMap| async move { file("bingli.js", &headers) }))
        .route("/bingli.d.ts", get(|headers: HeaderMap| async move { file("bingli.d.ts", &headers) }))
        .route(
            "/bingli/{name}",
            get(|Path(name): Path<String>, headers: HeaderMap| async move { file(&format!("bingli/{name}"), &headers) }),
        )
        .route("/pages/{name}", get(|Path(name): Path<String>, headers: HeaderMap| async move { file(&format!("pages/{name}"), &headers) }))
        .route("/example", get(|headers: HeaderMap| async move { file("example.html", &headers) }))
        .route(
            "/example/{name}",
            get(|Path(name): Path<String>, headers: HeaderMap| async move { file(&format!("example/{name}"), &headers) }),
        )
}

fn file(name: &str, headers: &HeaderMap) -> Response {
    let (Some(file), Some(tag)) = (FILES.get_file(name), TAGS.get(name)) else {
        return Refusal::NotFound.into_response();
    };
    // Asked for again each time, but sent again only after an update of the program: the modules of one version stay together.
    let mut response =
        if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.to_str().is_ok_and(|known| known.contains(tag.as_str()))) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, content_type(name))], file.contents()).into_response()
        };
    let own = [
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The page of an EMR stands on another origin; a module is loaded from there only if this says so.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    for (key, value) in own {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(key, value);
        }
    }
    if name.ends_with(".html") {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, axum::http::HeaderValue::from_static(EXAMPLE_POLICY));
    }
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("ts") => "application/typescript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        _ => "text/html; charset=utf-8",
    }
}
