//! The pages for people: one shell each, with the bar and a custom element that asks the API for everything; and the plain report of a visit.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use super::State;
use super::auth::Visitor;
use super::problem::Refusal;
use super::visits::text_for;
use crate::people::Caller;
use crate::report::{Report, html};

/// Only the program's own files run, and only the program is asked: a record's words can do nothing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'";

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }} · bingli</title>
<link rel="icon" href="data:,">
<script src="/pages/early.js"></script>
<link rel="stylesheet" href="/pages/page.css">
<link rel="stylesheet" href="/pages/{{ name }}.css">
<script type="module" src="/pages/{{ name }}.js"></script>
</head>
<body data-page="{{ name }}" data-name="{{ caller.name }}" data-role="{{ caller.role.name() }}">
<a class="skip" href="#main">跳到正文</a>
<header class="bar">
<a class="brand" href="/">bingli<span> 病历质控</span></a>
<nav aria-label="主导航">{% for (key, address, label) in LINKS %}<a href="{{ address }}" data-word="nav.{{ key }}"{% if *key == name %} aria-current="page"{% endif %}>{{ label }}</a>{% endfor %}</nav>
<span class="tools"><button type="button" id="language" lang="en">English</button><button type="button" id="theme">明暗</button></span>
</header>
<main id="main" tabindex="-1"><bingli-{{ name }}{% if !visit.is_empty() %} visit="{{ visit }}"{% endif %}></bingli-{{ name }}>
<noscript><p class="notice">本页需要 JavaScript。{% if !visit.is_empty() %}<a href="/visits/{{ link }}/report">打开纯文本报告</a>{% endif %}</p></noscript></main>
</body>
</html>
"##
)]
struct Shell<'a> {
    name: &'a str,
    title: &'a str,
    caller: &'a Caller,
    /// For the desk: the visit's id, and as it stands in an address.
    visit: &'a str,
    link: String,
}

/// The bar: page, address and label.
const LINKS: &[(&str, &str, &str)] =
    &[("ward", "/", "工作台"), ("ledger", "/ledger", "台账"), ("figures", "/figures", "统计"), ("docs", "/docs", "接口文档")];

fn shell(name: &str, title: &str, caller: &Caller, visit: &str) -> Result<Response, Refusal> {
    let link = percent_encoding::utf8_percent_encode(visit, percent_encoding::NON_ALPHANUMERIC).to_string();
    let page = Shell { name, title, caller, visit, link }.render().map_err(|error| Refusal::Broken(error.to_string()))?;
    Ok((
        [(header::CONTENT_SECURITY_POLICY, POLICY), (header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::CACHE_CONTROL, "no-store")],
        Html(page),
    )
        .into_response())
}

/// 工作台
pub async fn ward(Visitor(caller): Visitor) -> Result<Response, Refusal> {
    shell("ward", "工作台", &caller, "")
}

/// 台账
pub async fn ledger(Visitor(caller): Visitor) -> Result<Response, Refusal> {
    shell("ledger", "台账", &caller, "")
}

/// 统计
pub async fn figures(Visitor(caller): Visitor) -> Result<Response, Refusal> {
    shell("figures", "统计", &caller, "")
}

/// 审阅台
pub async fn visit(Shared(state): Shared<State>, Visitor(caller): Visitor, Path(id): Path<String>) -> Result<Response, Refusal> {
    let (_, department) = state.store.visit(&id).await?.ok_or(Refusal::NotFound)?;
    if !caller.may_see(&department) {
        return Err(Refusal::NotFound);
    }
    shell("review", &id, &caller, &id)
}

/// One visit's report with its evidence marked; works without any script.
pub async fn report(Shared(state): Shared<State>, Visitor(caller): Visitor, Path(id): Path<String>) -> Result<Html<String>, Refusal> {
    let broken = |error: String| Refusal::Broken(error);
    let found = state.store.visit(&id).await?;
    let visit = text_for(&state, &caller, &id, "visit.read", found).await?;
    let (report, _) = state.store.report(&id).await?.ok_or(Refusal::NotFound)?;
    let (visit, _) = state.engine().read(visit.as_bytes())?;
    let report: Report = serde_json::from_str(&report).map_err(|error| broken(error.to_string()))?;
    html::render(&report, &visit).map(Html).map_err(|error| broken(error.to_string()))
}
