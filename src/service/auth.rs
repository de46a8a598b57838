//! Who calls: the holder of a bearer token, or, where the service listens on this machine alone and asks for no token, the local user.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::State;
use super::problem::Refusal;
use crate::people::{Caller, Role};

impl FromRequestParts<State> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        if !state.asks_for_tokens {
            return Ok(Caller { name: "local".to_owned(), role: Role::Administrator, department: String::new(), person: String::new() });
        }
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(Refusal::Unauthorised)?;
        state.store.caller(token.trim()).await?.ok_or(Refusal::Unauthorised)
    }
}

impl Caller {
    /// The department that a query is limited to: the caller's own, else the one asked for. A caller of one department who asks for
    /// another is answered as if there were nothing.
    pub fn limited_to(&self, asked: Option<&str>) -> Result<String, Refusal> {
        match (self.department.as_str(), asked.unwrap_or("")) {
            ("", asked) => Ok(asked.to_owned()),
            (own, "") => Ok(own.to_owned()),
            (own, asked) if own == asked => Ok(own.to_owned()),
            _ => Err(Refusal::NotFound),
        }
    }
}
