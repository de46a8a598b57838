//! The pages for people: one shell each, with the bar and a custom element that asks the API for everything; and the plain report of a visit.

use askama::Template;
use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use super::State;
use super::auth::Visitor;
use super::path::Path;
use super::problem::Refusal;
use super::visits::text_for;
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
<body data-page="{{ name }}" data-name="{{ visitor.caller.name }}" data-role="{{ visitor.caller.role.name() }}"{% if !visitor.caller.person.is_empty() %} data-person="{{ visitor.caller.person }}"{% endif %}{% if !mark.is_empty() %} data-mark="{{ mark }}"{% endif %}>
<a class="skip" href="#main">跳到正文</a>
<header class="bar">
<a class="brand" href="/">bingli<span> 病历质控</span></a>
<nav aria-label="主导航">{% for (key, address, label) in links %}<a href="{{ address }}" data-word="nav.{{ key }}"{% if *key == name %} aria-current="page"{% endif %}>{{ label }}</a>{% endfor %}</nav>
<span class="tools"><button type="button" id="language" lang="en">English</button><button type="button" id="theme">明暗</button>{% if !visitor.csrf.is_empty() %}<form method="post" action="/logout"><input type="hidden" name="csrf" value="{{ visitor.csrf }}"><button data-word="nav.logout" title="{{ visitor.caller.name }}">退出</button></form>{% endif %}</span>
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
    visitor: &'a Visitor,
    /// Whose eyes a page with words of records is for, and when; empty on other pages.
    mark: String,
    /// What the bar shows to this caller.
    links: Vec<(&'a str, &'a str, &'a str)>,
    /// For the desk: the visit's id, and as it stands in an address.
    visit: &'a str,
    link: String,
}

/// The bar: page, address and label; 质控办 and 管理 only for those who may.
const LINKS: &[(&str, &str, &str)] = &[
    ("ward", "/", "工作台"),
    ("ledger", "/ledger", "台账"),
    ("figures", "/figures", "统计"),
    ("rules", "/rules", "规则"),
    ("office", "/office", "质控办"),
    ("admin", "/admin", "管理"),
    ("docs", "/docs", "接口文档"),
];

/// Pages that show words of records.
const MARKED: [&str; 4] = ["review", "edit", "ledger", "office"];

/// `zhang 2026-03-05 10:00`
fn mark(visitor: &Visitor) -> String {
    let name = if visitor.caller.name == "local" { "本机用户" } else { &visitor.caller.name };
    format!("{name} {}", visitor.at.strftime("%Y-%m-%d %H:%M"))
}

fn shell(name: &str, title: &str, visitor: &Visitor, visit: &str) -> Result<Response, Refusal> {
    let link = percent_encoding::utf8_percent_encode(visit, percent_encoding::NON_ALPHANUMERIC).to_string();
    let is_for = |page: &str| match page {
        "office" => visitor.caller.role.is_quality_control(),
        "admin" => visitor.caller.may_administer(),
        _ => true,
    };
    let links = LINKS.iter().copied().filter(|&(page, ..)| is_for(page)).collect();
    let mark = if MARKED.contains(&name) { mark(visitor) } else { String::new() };
    let page = Shell { name, title, visitor, mark, links, visit, link }.render().map_err(|error| Refusal::Broken(error.to_string()))?;
    Ok((
        [(header::CONTENT_SECURITY_POLICY, POLICY), (header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::CACHE_CONTROL, "no-store")],
        Html(page),
    )
        .into_response())
}

/// 工作台
pub async fn ward(visitor: Visitor) -> Result<Response, Refusal> {
    shell("ward", "工作台", &visitor, "")
}

/// 台账
pub async fn ledger(visitor: Visitor) -> Result<Response, Refusal> {
    shell("ledger", "台账", &visitor, "")
}

/// 统计
pub async fn figures(visitor: Visitor) -> Result<Response, Refusal> {
    shell("figures", "统计", &visitor, "")
}

/// 规则
pub async fn rules(visitor: Visitor) -> Result<Response, Refusal> {
    shell("rules", "规则", &visitor, "")
}

/// 质控办
pub async fn office(visitor: Visitor) -> Result<Response, Refusal> {
    if !visitor.caller.role.is_quality_control() {
        return Err(Refusal::Forbidden);
    }
    shell("office", "质控办", &visitor, "")
}

/// 管理
pub async fn admin(visitor: Visitor) -> Result<Response, Refusal> {
    if !visitor.caller.may_administer() {
        return Err(Refusal::Forbidden);
    }
    shell("admin", "管理", &visitor, "")
}

/// A page of one visit, which the visitor may see.
async fn of_visit(state: &State, name: &str, visitor: &Visitor, id: &str) -> Result<Response, Refusal> {
    let (_, department) = state.store.visit(id).await?.ok_or(Refusal::NotFound)?;
    if !visitor.caller.may_see(&department) {
        return Err(Refusal::NotFound);
    }
    shell(name, id, visitor, id)
}

/// 审阅台
pub async fn visit(Shared(state): Shared<State>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Refusal> {
    of_visit(&state, "review", &visitor, &id).await
}

/// 试写: a copy of a record to try words in; nothing of it is kept.
pub async fn edit(Shared(state): Shared<State>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Refusal> {
    of_visit(&state, "edit", &visitor, &id).await
}

/// One visit's report with its evidence marked; works without any script.
pub async fn report(Shared(state): Shared<State>, visitor: Visitor, Path(id): Path<String>) -> Result<Html<String>, Refusal> {
    let broken = |error: String| Refusal::Broken(error);
    let found = state.store.visit(&id).await?;
    let visit = text_for(&state, &visitor.caller, &id, "visit.read", found).await?;
    let (report, _) = state.store.report(&id).await?.ok_or(Refusal::NotFound)?;
    let (visit, _) = state.engine().read(visit.as_bytes())?;
    let report: Report = serde_json::from_str(&report).map_err(|error| broken(error.to_string()))?;
    html::render(&report, &visit, &mark(&visitor)).map(Html).map_err(|error| broken(error.to_string()))
}
