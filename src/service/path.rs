//! [`Path`]: the parts of an address. One that cannot be read names nothing that there is.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Refusal;

/// As axum's, with a problem document for addresses that are no text.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        // No database keeps an id with a NUL in it.
        if parts.uri.path().contains("%00") {
            return Err(Refusal::NotFound);
        }
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(path)| Self(path)).map_err(|_| Refusal::NotFound)
    }
}
