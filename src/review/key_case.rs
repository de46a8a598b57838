//! The report of a key case (重点病例): why it is one, the visit in short, what the program found and what is late, as JSON and as Markdown.

use serde_json::{Value, json};

use super::case::Case;
use super::policy::Policy;
use crate::critical::Loop;
use crate::record::Visit;
use crate::report::Report;
use crate::rules::DutyState;

/// As JSON; every list is empty rather than absent.
pub fn report(case: &Case, visit: &Visit, report: &Report, loops: &[Loop], policy: &Policy) -> Value {
    let name = |id: &String| policy.list(id).map_or(id.as_str(), |list| list.name.as_str()).to_owned();
    let late = report.duties.iter().filter(|duty| matches!(duty.state, DutyState::Late | DutyState::Overdue));
    let findings = report.stable().map(|finding| {
        let quotes: Vec<_> = finding.evidence.iter().map(|quotation| json!({ "title": quotation.title, "quote": quotation.quote })).collect();
        json!({ "defect": finding.defect, "severity": finding.severity, "title": finding.title, "message": finding.message, "evidence": quotes })
    });
    let operations = visit.operations.iter().flatten();
    json!({
        "visit_id": case.visit_id,
        "department": case.department,
        "doctor": case.doctor,
        "disease": case.disease,
        "admitted_at": visit.admission.admitted_at,
        "discharged_at": visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at),
        "stay_days": case.stay_days,
        "lists": case.lists.iter().map(|id| json!({ "id": id, "name": name(id) })).collect::<Vec<_>>(),
        "score": report.score.as_ref().map(|score| json!({ "total": score.total, "grade": score.grade })),
        "findings": findings.collect::<Vec<_>>(),
        "late": late.map(|duty| json!({ "task": duty.task, "trigger": duty.trigger, "due": duty.due, "done": duty.done })).collect::<Vec<_>>(),
        "operations": operations.map(|one| json!({ "name": one.name, "level": one.level, "started_at": one.started_at })).collect::<Vec<_>>(),
        "critical_values": loops,
    })
}

/// The same for people to read.
pub fn markdown(report: &Value) -> String {
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "未提供".to_owned(),
        other => other.to_string(),
    };
    let each = |name: &str| report[name].as_array().into_iter().flatten();
    let lists: Vec<String> = each("lists").map(|list| word(&list["name"])).collect();
    let mut lines = vec![format!("# 重点病例评审报告:{}", word(&report["visit_id"])), String::new()];
    lines.push(format!("- 类别:{}", lists.join("、")));
    for (title, name) in [("科室", "department"), ("入院", "admitted_at"), ("出院", "discharged_at"), ("住院天数", "stay_days")] {
        lines.push(format!("- {title}:{}", word(&report[name])));
    }
    if !report["score"].is_null() {
        lines.push(format!("- 系统评分:{},{}级", word(&report["score"]["total"]), word(&report["score"]["grade"])));
    }
    let mut part = |title: &str, items: Vec<String>| {
        lines.extend([String::new(), format!("## {title}"), String::new()]);
        if items.is_empty() {
            lines.push("无".to_owned());
        }
        lines.extend(items.into_iter().map(|item| format!("- {}", item.replace('\n', " "))));
    };
    let quoted = |finding: &Value| {
        let quotes = finding["evidence"].as_array().into_iter().flatten();
        quotes.map(|quote| format!("{}「{}」", word(&quote["title"]), word(&quote["quote"]))).collect::<Vec<_>>().join(";")
    };
    let found = |finding: &Value| {
        let words = [&finding["defect"], &finding["severity"], &finding["title"], &finding["message"]].map(word);
        format!("{} {} {}:{} {}", words[0], words[1], words[2], words[3], quoted(finding)).trim_end().to_owned()
    };
    part("手术", each("operations").map(|one| format!("{} {}", word(&one["started_at"]), word(&one["name"]))).collect());
    part("缺陷", each("findings").map(found).collect());
    part(
        "超时",
        each("late").map(|duty| format!("{}({}),期限 {}", word(&duty["task"]), word(&duty["trigger"]), word(&duty["due"]))).collect(),
    );
    let value = |one: &Value| format!("{} {}:{}", word(&one["item"]), word(&one["value"]), chinese(one["state"].as_str().unwrap_or("")));
    part("危急值", each("critical_values").map(value).collect());
    lines.push(String::new());
    lines.join("\n")
}

fn chinese(state: &str) -> &'static str {
    match state {
        "closed" => "已闭环",
        "overdue" => "超时未完成",
        _ => "未闭环",
    }
}
