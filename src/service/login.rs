//! The login page: a plain form without scripts.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State as Shared};
use axum::http::header::{CONTENT_SECURITY_POLICY, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::State;
use super::auth;
use super::problem::Refusal;
use super::session;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>登录 · bingli</title>
<style>
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 30%, transparent); }
body { font: 15px/1.6 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; max-width: 20rem; margin: 12vh auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0 0 1.2rem; }
label { display: block; margin: 0 0 .9rem; }
input { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .45rem .6rem; border: 1px solid var(--line); border-radius: 4px; }
button { font: inherit; padding: .45rem 1.4rem; }
[role=alert] { border-left: 3px solid #c0392b; padding-left: .6rem; margin: 0 0 1rem; }
</style>
</head>
<body>
<h1>病历质控</h1>
{% if session.is_empty() %}{% if !problem.is_empty() %}<p role="alert">{{ problem }}</p>
{% endif %}<form method="post" action="/login">
<input type="hidden" name="to" value="{{ to }}">
<label>用户名<input name="name" value="{{ name }}" autocomplete="username" required autofocus></label>
<label>密码<input name="password" type="password" autocomplete="current-password" required></label>
<button>登录</button>
</form>
{% else %}<p>{{ session }} 已登录。<a href="{{ to }}">继续</a></p>
<form method="post" action="/logout">
<input type="hidden" name="csrf" value="{{ csrf }}">
<button>退出登录</button>
</form>
{% endif %}</body>
</html>
"#
)]
struct Page<'a> {
    problem: &'a str,
    name: &'a str,
    to: &'a str,
    /// Who is logged in already; empty: nobody.
    session: &'a str,
    csrf: &'a str,
}

impl Page<'_> {
    fn answer(&self, status: StatusCode) -> Result<Response, Refusal> {
        let page = self.render().map_err(|error| Refusal::Broken(error.to_string()))?;
        let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        Ok((status, [(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response())
    }
}

/// Only to a page of this service: a path, and no address of another host in a path's clothes.
fn back(to: &str) -> &str {
    let is_path = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\') && to.chars().all(|c| c.is_ascii_graphic());
    if is_path { to } else { "/" }
}

/// Browsers say whether a form is one of ours; a form of another site logs nobody in or out.
fn check_site(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(Refusal::Forged),
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Wish {
    #[serde(default)]
    to: String,
}

pub async fn page(Shared(state): Shared<State>, headers: HeaderMap, Query(wish): Query<Wish>) -> Result<Response, Refusal> {
    let session = auth::session(&state, &headers).await?;
    let (name, csrf) = session.as_ref().map_or(("", ""), |session| (&session.caller.name, &session.csrf));
    Page { problem: "", name: "", to: back(&wish.to), session: name, csrf }.answer(StatusCode::OK)
}

#[derive(Deserialize)]
pub struct LoginForm {
    name: String,
    password: String,
    #[serde(default)]
    to: String,
}

pub async fn login(Shared(state): Shared<State>, headers: HeaderMap, Form(form): Form<LoginForm>) -> Result<Response, Refusal> {
    check_site(&headers)?;
    let name = form.name.trim();
    let page = |problem| Page { problem, name, to: back(&form.to), session: "", csrf: "" };
    match session::begin(&state, name, &form.password).await {
        Ok(begun) => Ok(([(SET_COOKIE, session::given(&state, &headers, &begun))], Redirect::to(back(&form.to))).into_response()),
        Err(Refusal::Unauthorised) => page("用户名或密码不正确。").answer(StatusCode::UNAUTHORIZED),
        Err(Refusal::Guessing(seconds)) => {
            let problem = format!("登录失败次数过多,请 {} 分钟后再试。", seconds.div_ceil(60));
            let mut response = page(&problem).answer(StatusCode::TOO_MANY_REQUESTS)?;
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
        Err(refusal) => Err(refusal),
    }
}

#[derive(Deserialize)]
pub struct LogoutForm {
    csrf: String,
}

pub async fn logout(Shared(state): Shared<State>, headers: HeaderMap, Form(form): Form<LogoutForm>) -> Result<Response, Refusal> {
    check_site(&headers)?;
    if let (Some(session), Some(secret)) = (auth::session(&state, &headers).await?, auth::secret(&headers)) {
        if !auth::same(&session.csrf, &form.csrf) {
            return Err(Refusal::Forged);
        }
        state.store.end_session(secret, state.clock.now()).await?;
    }
    Ok(([(SET_COOKIE, session::taken(&state, &headers))], Redirect::to("/login")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_on_this_service() {
        assert_eq!(back("/visits/CLI-2?x=1"), "/visits/CLI-2?x=1");
        for elsewhere in ["//evil.example/", "/\\evil.example", "https://evil.example", "", "/\nx", "javascript:alert(1)"] {
            assert_eq!(back(elsewhere), "/", "{elsewhere}");
        }
    }
}
