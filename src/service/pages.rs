//! Two plain pages for people: the list of stored visits, and one visit's report.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Html;
use serde_json::Value;

use super::State;
use super::auth::Visitor;
use super::problem::Refusal;
use super::visits::text_for;
use crate::report::{Report, html};
use crate::store::VisitQuery;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>病历列表 · bingli</title>
<style>
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 16%, transparent); --weak: color-mix(in srgb, currentColor 62%, transparent); }
body { font: 15px/1.6 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; }
p { color: var(--weak); margin: 0 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--weak); font-size: .85rem; }
th, td { padding: .45rem .6rem .45rem 0; border-bottom: 1px solid var(--line); }
td.n { font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<h1>病历列表</h1>
<p>{{ visits.len() }} 份 · <a href="/docs">接口文档</a> · <a href="/v1/indicators?format=csv">指标 CSV</a>{% if !name.is_empty() %} · <a href="/login">{{ name }}</a>{% endif %}</p>
<table>
<thead><tr><th scope="col">科室</th><th scope="col">住院号</th><th scope="col">入院</th><th scope="col">出院</th><th scope="col">评分</th><th scope="col">等级</th></tr></thead>
<tbody>
{% for visit in visits %}<tr><td>{{ visit.department }}</td><td><a href="/visits/{{ visit.link }}">{{ visit.id }}</a></td><td class="n">{{ visit.admitted }}</td><td class="n">{{ visit.discharged }}</td><td class="n">{{ visit.total }}</td><td>{{ visit.grade }}</td></tr>
{% endfor %}</tbody>
</table>
</body>
</html>
"#
)]
struct Ward {
    /// Who is logged in; empty where nobody has to be.
    name: String,
    visits: Vec<Line>,
}

struct Line {
    id: String,
    /// The id as it stands in an address.
    link: String,
    department: String,
    admitted: String,
    discharged: String,
    total: String,
    grade: String,
}

/// The list of the visits that the caller may see, by department.
pub async fn ward(Shared(state): Shared<State>, Visitor(caller): Visitor) -> Result<Html<String>, Refusal> {
    const MOST: i64 = 1000;
    let query = VisitQuery { department: caller.limited_to(None)?, limit: MOST, ..VisitQuery::default() };
    let visits = state.store.visits(&query).await?;
    let word = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let day = |value: &Value| word(value).chars().take(16).collect::<String>().replace('T', " ");
    let mut lines: Vec<Line> = visits
        .iter()
        .map(|visit| Line {
            id: word(&visit["visit_id"]),
            link: percent_encoding::utf8_percent_encode(&word(&visit["visit_id"]), percent_encoding::NON_ALPHANUMERIC).to_string(),
            department: word(&visit["department"]),
            admitted: day(&visit["admitted_at"]),
            discharged: day(&visit["discharged_at"]),
            total: visit["total"].as_f64().map_or(String::new(), |total| format!("{total:.1}")),
            grade: word(&visit["grade"]),
        })
        .collect();
    lines.sort_by(|a, b| (&a.department, &a.id).cmp(&(&b.department, &b.id)));
    let page = Ward { name: if state.asks_for_tokens { caller.name } else { String::new() }, visits: lines }
        .render()
        .map_err(|error| Refusal::Broken(error.to_string()))?;
    Ok(Html(page))
}

/// One visit's report with its evidence marked.
pub async fn visit(Shared(state): Shared<State>, Visitor(caller): Visitor, Path(id): Path<String>) -> Result<Html<String>, Refusal> {
    let broken = |error: String| Refusal::Broken(error);
    let found = state.store.visit(&id).await?;
    let visit = text_for(&state, &caller, &id, "visit.read", found).await?;
    let (report, _) = state.store.report(&id).await?.ok_or(Refusal::NotFound)?;
    let (visit, _) = state.engine().read(visit.as_bytes())?;
    let report: Report = serde_json::from_str(&report).map_err(|error| broken(error.to_string()))?;
    html::render(&report, &visit).map(Html).map_err(|error| broken(error.to_string()))
}
