//! Passwords and sessions of people: `POST /v1/login`, `POST /v1/logout`, `GET /v1/session`.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::auth::{self, COOKIE_NAME};
use super::problem::{ProblemDocument, Refusal};
use crate::people::Caller;
use crate::store::{Begun, accounts::SESSION, random_hex, stamp};

/// Longer ones only cost time.
const LONGEST: usize = 256;
const SHORTEST: usize = 8;

/// Why a password cannot be one.
#[derive(Debug, thiserror::Error)]
pub enum BadPassword {
    #[error("a password has {SHORTEST} characters or more, and no more than {LONGEST} bytes")]
    Length,
    #[error("a password does not contain the name")]
    Name,
    #[error("the password could not be hashed: {0}")]
    Hash(argon2::password_hash::Error),
}

/// Argon2id with a salt of its own, as a PHC string.
pub fn hash(name: &str, password: &str) -> Result<String, BadPassword> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(BadPassword::Length);
    }
    if password.to_lowercase().contains(&name.to_lowercase()) {
        return Err(BadPassword::Name);
    }
    hashed(password).map_err(BadPassword::Hash)
}

fn hashed(password: &str) -> Result<String, argon2::password_hash::Error> {
    let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

/// Of no password: names that nobody has cost the same time as others.
static NOBODY: LazyLock<String> = LazyLock::new(|| hashed(&random_hex()).unwrap_or_default());

fn verify(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A name and a password in, a session out. Whatever is wrong, the answer is the same.
pub async fn begin(state: &State, name: &str, password: &str) -> Result<Begun, Refusal> {
    let now = state.clock.now();
    if name.len() > LONGEST || password.len() > LONGEST {
        return Err(Refusal::Unauthorised);
    }
    if let Err(wait) = state.store.attempt_login(name, now).await? {
        return Err(Refusal::Guessing(wait.as_secs().max(1).unsigned_abs()));
    }
    let stored = state.store.password(name).await?;
    let work = {
        let (stored, password) = (stored.clone(), password.to_owned());
        move || verify(stored.as_deref().unwrap_or(&NOBODY), &password) && stored.is_some()
    };
    // Hashing takes its place at the desk: many logins at once do not starve the rest.
    let begun = match (state.desk.run(work).await?, stored) {
        (true, Some(stored)) => state.store.begin_session(name, &stored, now).await?,
        _ => None,
    };
    match begun {
        Some(begun) => Ok(begun),
        None => {
            state.store.refuse_login(name, now).await?;
            Err(Refusal::Unauthorised)
        }
    }
}

/// Sent back over encrypted connections alone where this one is, by itself or by the proxy in front.
fn secure(state: &State, headers: &HeaderMap) -> &'static str {
    let by_proxy = headers.get("x-forwarded-proto").is_some_and(|value| value.as_bytes() == b"https");
    if state.encrypted || by_proxy { "; Secure" } else { "" }
}

fn cookie(value: &str, seconds: i64, secure: &str) -> HeaderValue {
    let text = format!("{COOKIE_NAME}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).expect("hex and names are a header")
}

/// The cookie of a session that begins.
pub fn given(state: &State, headers: &HeaderMap, begun: &Begun) -> HeaderValue {
    cookie(&begun.secret, SESSION.as_secs(), secure(state, headers))
}

/// The cookie that takes it away.
pub fn taken(state: &State, headers: &HeaderMap) -> HeaderValue {
    cookie("", 0, secure(state, headers))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    name: String,
    password: String,
}

fn shown(caller: &Caller, csrf: &str) -> Value {
    json!({ "name": caller.name, "role": caller.role, "department": caller.department, "person": caller.person, "csrf": csrf })
}

/// 登录。A session in an HttpOnly cookie; every change then needs the header `x-csrf-token` with `csrf` of the answer.
#[utoipa::path(post, path = "/v1/login", tag = "登录", security(()), request_body = LoginBody,
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 429, body = ProblemDocument)))]
pub async fn login(
    Shared(state): Shared<State>,
    headers: HeaderMap,
    body: Result<Json<LoginBody>, JsonRejection>,
) -> Result<Response, Refusal> {
    // The rejection would quote what was typed.
    let Json(body) = body.map_err(|_| Refusal::Unreadable("应为 {\"name\": …, \"password\": …}".to_owned()))?;
    let begun = begin(&state, &body.name, &body.password).await?;
    let mut answer = shown(&begun.caller, &begun.csrf);
    answer["expires_at"] = stamp(begun.expires_at).into();
    Ok(([(SET_COOKIE, given(&state, &headers, &begun))], Json(answer)).into_response())
}

/// 退出登录。Ends the session of the cookie.
#[utoipa::path(post, path = "/v1/logout", tag = "登录", security(("session" = [])),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn logout(Shared(state): Shared<State>, method: Method, headers: HeaderMap) -> Result<Response, Refusal> {
    let session = auth::session(&state, &headers).await?.ok_or(Refusal::Unauthorised)?;
    auth::check_csrf(&session, &method, &headers)?;
    if let Some(secret) = auth::secret(&headers) {
        state.store.end_session(secret, state.clock.now()).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, taken(&state, &headers))]).into_response())
}

/// 当前登录者。Who is logged in, for pages that were opened anew.
#[utoipa::path(get, path = "/v1/session", tag = "登录", security(("session" = [])),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument)))]
pub async fn session(Shared(state): Shared<State>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let session = auth::session(&state, &headers).await?.ok_or(Refusal::Unauthorised)?;
    Ok(Json(shown(&session.caller, &session.csrf)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_kept_as_argon2id_and_known_again() {
        let stored = hash("zhang", "correct horse battery").expect("a password");
        assert!(stored.starts_with("$argon2id$v=19$"), "{stored}");
        assert_ne!(stored, hash("zhang", "correct horse battery").expect("a password"), "each has a salt of its own");
        assert!(verify(&stored, "correct horse battery") && !verify(&stored, "correct horse batterx") && !verify("", ""));
    }

    #[test]
    fn short_ones_and_the_name_are_no_passwords() {
        assert!(matches!(hash("zhang", "1234567"), Err(BadPassword::Length)));
        assert!(matches!(hash("zhang", &"长".repeat(100)), Err(BadPassword::Length)));
        assert!(matches!(hash("zhang", "ZHANG-2026-x"), Err(BadPassword::Name)));
        assert!(hash("zhang", "病历书写及时规范").is_ok());
    }
}
