//! A reviewer's verdicts on the program's findings, as they count for the rules and hide what was dismissed.

use serde_json::json;

use super::*;

pub fn token(database: &Database, name: &str, role: &str) -> String {
    let output = bingli(&["token", "create", name, "--role", role, "--database", &database.url]).output().expect("it runs");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// Sends visit CLI-2 as `his`, and gives its review 2026-S0001-001-1 out to `sun`.
pub fn give_out(server: &Server, his: &str, sun: &str) {
    let visit = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/visits/defect.json")).expect("the visit");
    assert_eq!(call(server, "PUT /v1/visits/CLI-2", his, Some(&visit)).0, 201);
    let plan = json!({ "plan": { "query": { "running": true }, "random": { "share": 1.0 } }, "blind_score": true }).to_string();
    assert_eq!(call(server, "POST /v1/samples", sun, Some(&plan)).0, 201);
    assert_eq!(call(server, "POST /v1/samples/2026-S0001/assign", sun, Some(r#"{"reviewers":["sun"]}"#)).0, 201);
}

#[test]
fn verdicts_of_a_review_count_once_it_is_submitted() {
    for (name, database) in databases() {
        let (sun, his) = (token(&database, "sun", "reviewer"), token(&database, "his", "emr"));
        let server = Server::start(&database, &["--tokens", "--tick", "0", "--clock", "2026-03-12T12:00"]);
        let call = |token: &str, method: &str, path: &str, body: &str| {
            call(&server, &format!("{method} {path}"), token, (method != "GET").then_some(body))
        };
        give_out(&server, &his, &sun);
        let (_, task) = call(&sun, "GET", "/v1/reviews/2026-S0001-001-1", "");
        let findings = task["findings"].as_array().expect("findings");
        assert!(findings.len() >= 2, "{name}: {task}");
        assert!(
            task.get("program").is_none() && findings.iter().all(|finding| finding.get("points").is_none()),
            "{name}: the score is hidden"
        );
        let verdicts: Vec<Value> = findings
            .iter()
            .enumerate()
            .map(|(at, finding)| json!({ "finding": finding["id"], "accepted": at > 0, "reason": if at > 0 { "" } else { "临床允许" } }))
            .collect();
        let part = json!({ "verdicts": verdicts[1..], "total": 90, "grade": "甲" }).to_string();
        assert_eq!(call(&sun, "PUT", "/v1/reviews/2026-S0001-001-1", &part).0, 200, "{name}");
        assert_eq!(call(&sun, "POST", "/v1/reviews/2026-S0001-001-1/submit", "").0, 412, "{name}: one verdict is missing");
        let bare = json!({ "verdicts": [{ "finding": findings[0]["id"], "accepted": false }] }).to_string();
        assert_eq!(call(&sun, "PUT", "/v1/reviews/2026-S0001-001-1", &bare).0, 422, "{name}: no reason");
        let whole = json!({ "verdicts": verdicts, "total": 90, "grade": "甲" }).to_string();
        assert_eq!(call(&sun, "PUT", "/v1/reviews/2026-S0001-001-1", &whole).0, 200, "{name}");
        assert_eq!(call(&sun, "GET", "/v1/visits/CLI-2/decisions", "").1["items"], json!([]), "{name}: not before it is submitted");
        assert_eq!(call(&sun, "POST", "/v1/reviews/2026-S0001-001-1/submit", "").0, 200, "{name}");
        let (_, decisions) = call(&sun, "GET", "/v1/visits/CLI-2/decisions", "");
        let items = decisions["items"].as_array().expect("items");
        assert_eq!(items.len(), findings.len(), "{name}");
        let dismissed: Vec<&Value> = items.iter().filter(|item| item["verdict"] == "dismissed").collect();
        assert_eq!(
            (dismissed.len(), &dismissed[0]["finding"], &dismissed[0]["reason"]),
            (1, &findings[0]["id"], &json!("临床允许")),
            "{name}"
        );
        let (_, figures) = call(&sun, "GET", "/v1/samples/2026-S0001/agreement", "");
        let accepted = &figures["findings"]["accepted"];
        assert_eq!((&accepted["hits"], &accepted["total"]), (&json!(findings.len() - 1), &json!(findings.len())), "{name}: {figures}");
    }
}
