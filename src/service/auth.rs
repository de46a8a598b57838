//! Who calls: the holder of a bearer token, whoever is logged in, or, where the service listens on this machine alone and asks for no token,
//! the local user.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::DateTime;

use super::State;
use super::problem::Refusal;
use crate::people::{Caller, Role};
use crate::store::{Session, digest};

/// The cookie of a session.
pub const COOKIE_NAME: &str = "bingli_session";

/// The header that a session's changes need.
const CSRF: &str = "x-csrf-token";

/// The secret in the caller's cookie.
pub fn secret(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|cookies| cookies.split(';')).find_map(|cookie| cookie.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}

/// The caller's session, if one is in force.
pub async fn session(state: &State, headers: &HeaderMap) -> Result<Option<Session>, Refusal> {
    match secret(headers) {
        Some(secret) => Ok(state.store.session(secret, state.clock.now()).await?),
        None => Ok(None),
    }
}

/// Compared by their hashes, so that the time it takes tells nothing of either.
pub fn same(ours: &str, theirs: &str) -> bool {
    digest(ours.as_bytes()) == digest(theirs.as_bytes())
}

/// Changes need the session's token in a header: a form of another site can send none.
pub fn check_csrf(session: &Session, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let sent = headers.get(CSRF).and_then(|value| value.to_str().ok()).unwrap_or("");
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if reads || same(&session.csrf, sent) { Ok(()) } else { Err(Refusal::Forged) }
}

/// Who sends these headers with that method.
async fn caller(state: &State, method: &Method, headers: &HeaderMap) -> Result<Caller, Refusal> {
    if !state.asks_for_tokens {
        return Ok(Caller { name: "local".to_owned(), role: Role::Administrator, department: String::new(), person: String::new() });
    }
    if let Some(header) = headers.get(AUTHORIZATION) {
        let token = header.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")).ok_or(Refusal::Unauthorised)?;
        return state.store.caller(token.trim()).await?.ok_or(Refusal::Unauthorised);
    }
    let session = session(state, headers).await?.ok_or(Refusal::Unauthorised)?;
    check_csrf(&session, method, headers)?;
    Ok(session.caller)
}

/// Whether a caller who was let in would be let in again: a stream outlives logins and tokens. Being asked keeps no session in force, and a
/// database that does not answer is no reason to go.
pub async fn is_still(state: &State, known: &Caller, headers: &HeaderMap) -> bool {
    let now = match secret(headers) {
        Some(secret) if state.asks_for_tokens && !headers.contains_key(AUTHORIZATION) => {
            let session = state.store.look_at_session(secret, state.clock.now()).await;
            session.map(|session| session.map(|(session, _)| session.caller)).map_err(Refusal::from)
        }
        _ => caller(state, &Method::GET, headers).await.map(Some),
    };
    match now {
        Ok(caller) => caller.as_ref() == Some(known),
        Err(refusal) => !matches!(refusal, Refusal::Unauthorised),
    }
}

impl FromRequestParts<State> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        caller(state, &parts.method, &parts.headers).await
    }
}

/// A caller who keeps the house: accounts, tokens, webhooks, the audit trail.
pub struct Administrator(pub Caller);

impl FromRequestParts<State> for Administrator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if caller.may_administer() { Ok(Administrator(caller)) } else { Err(Refusal::Forbidden) }
    }
}

/// Whoever looks at a page: a caller, or somebody who is sent to the login page first.
pub struct Visitor {
    pub caller: Caller,
    /// What the form that ends the session sends back; empty where there is no session.
    pub csrf: String,
    /// The hospital's time at which the page was asked for.
    pub at: DateTime,
}

impl FromRequestParts<State> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Response> {
        match Caller::from_request_parts(parts, state).await {
            Ok(caller) => {
                let in_session = state.asks_for_tokens && !parts.headers.contains_key(AUTHORIZATION);
                let session = if in_session { session(state, &parts.headers).await.map_err(Refusal::into_response)? } else { None };
                Ok(Visitor { caller, csrf: session.map_or(String::new(), |session| session.csrf), at: state.clock.local() })
            }
            Err(Refusal::Unauthorised) if !parts.headers.contains_key(AUTHORIZATION) => {
                let back = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                let back = percent_encoding::utf8_percent_encode(back, percent_encoding::NON_ALPHANUMERIC);
                Err(Redirect::to(&format!("/login?to={back}")).into_response())
            }
            Err(refusal) => Err(refusal.into_response()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, "xbingli_session=no; bingli_session2=no; bingli_session=abc; z=1".parse().expect("a header"));
        assert_eq!(secret(&headers), Some("abc"));
    }
}
