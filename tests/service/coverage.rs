//! The scenarios against the served OpenAPI document: each operation is played, with every answer that it documents.

use std::path::Path;

use serde_json::Value;

use super::{Scenario, Server, bingli, send, sqlite};

/// Tests that bring about answers which no scenario can.
const ELSEWHERE: &[(&str, &[(&str, &str)])] = &[
    ("what_happens_is_on_the_streams_of_every_node", &[("GET /v1/stream", "200")]),
    (
        "a_batch_is_paused_resumed_cancelled_and_forgotten",
        &[("POST /v1/batches/{id}/pause", "200 409"), ("POST /v1/batches/{id}/resume", "200"), ("POST /v1/batches/{id}/cancel", "200 409")],
    ),
    (
        "a_wrong_finding_becomes_a_case_that_a_changed_rule_is_released_by",
        &[
            ("GET /v1/regressions", "200"),
            ("GET /v1/regressions/{entry}", "200"),
            ("POST /v1/regressions/{entry}/accept", "200 409"),
            ("POST /v1/regressions/{entry}/reject", "200"),
            ("POST /v1/releases", "201"),
            ("GET /v1/releases/{id}", "200"),
            ("POST /v1/releases/{id}/release", "200 409 412 422"),
            ("POST /v1/releases/{id}/withdraw", "200 409"),
        ],
    ),
    ("settings_are_tried_before_they_are_written_and_written_over_nobody", &[("PUT /v1/settings/{file}", "200")]),
    ("fifty_filters_of_a_page_are_enough", &[("PUT /v1/filters/{page}/{name}", "409")]),
    ("rules_are_read_again_and_bad_ones_change_nothing", &[("POST /v1/rules/reload", "200 422")]),
    ("a_rule_that_is_dismissed_again_and_again_falls_silent_until_somebody_restores_it", &[("POST /v1/rules/{rule}/restore", "204")]),
];

/// Refusals that any operation can give and no scenario needs to repeat: no token (below), too large, too much at once, no database.
const ANYWHERE: [&str; 4] = ["401", "413", "429", "503"];

/// What every change refuses to a session, whatever it changes (accounts.toml).
const WITHOUT_CSRF: &str = "a session without its x-csrf-token";

fn is_elsewhere(operation: &str, status: &str) -> bool {
    let mut answers = ELSEWHERE.iter().flat_map(|(_, answers)| *answers);
    answers.any(|(other, statuses)| *other == operation && statuses.split(' ').any(|answer| answer == status))
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn document(server: &Server) -> Value {
    let mut answer = send("GET", &format!("{}/v1/openapi.json", server.address), None, None).expect("it answers");
    answer.body_mut().read_json().expect("JSON")
}

/// `(METHOD, path, operation)` of the whole document.
fn operations(document: &Value) -> Vec<(String, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().expect("methods").iter().map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
        })
        .collect()
}

/// How many parts of the template are literal where the address fits it: of two that fit, the more literal one is meant.
fn fits(template: &str, address: &str) -> Option<usize> {
    let (template, address): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), address.split('/').collect());
    let is_open = |part: &str| part.starts_with('{');
    let fits = template.len() == address.len() && template.iter().zip(&address).all(|(part, given)| is_open(part) || part == given);
    fits.then(|| template.iter().filter(|part| !is_open(part)).count())
}

#[test]
fn every_operation_is_played_with_every_answer_that_it_documents() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut steps: Vec<(String, String, u16)> = Vec::new();
    for entry in std::fs::read_dir(root.join("tests/scenarios")).expect("scenarios") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a scenario");
        let scenario: Scenario = toml::from_str(&text).expect("a scenario");
        steps.extend(scenario.step.iter().map(|step| {
            let (method, address) = step.request.split_once(' ').expect("METHOD /path");
            (method.to_owned(), address.split('?').next().unwrap_or("").to_owned(), step.status)
        }));
    }
    let tests: String = std::fs::read_dir(root.join("tests/service"))
        .expect("tests")
        .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("a test"))
        .collect();
    for (test, _) in ELSEWHERE {
        assert!(tests.contains(&format!("fn {test}()")), "there is no test {test}");
    }
    let database = sqlite();
    let document = document(&Server::start(&database, &["--tick", "0", "--no-model"]));
    let operations = operations(&document);
    assert!(operations.len() >= 50, "{}", operations.len());
    let mut missing = Vec::new();
    for (method, path, operation) in &operations {
        let is_meant = |address: &str| {
            let best = operations.iter().filter(|(other, _, _)| other == method).filter_map(|(_, path, _)| fits(path, address)).max();
            fits(path, address).is_some_and(|literal| Some(literal) == best)
        };
        let played: Vec<String> = steps
            .iter()
            .filter(|(given, address, _)| given == method && is_meant(address))
            .map(|(_, _, status)| status.to_string())
            .collect();
        let name = format!("{method} {path}");
        let responses = operation["responses"].as_object().expect("responses");
        for (status, response) in responses {
            let is_of_any = ANYWHERE.contains(&status.as_str()) || response["description"] == WITHOUT_CSRF;
            if !played.contains(status) && !is_of_any && !is_elsewhere(&name, status) {
                missing.push(format!("{name}: {status}"));
            }
        }
        // What is answered is documented.
        missing.extend(
            played.iter().filter(|status| !responses.contains_key(*status)).map(|status| format!("{name}: {status} is not documented")),
        );
    }
    missing.sort();
    missing.dedup();
    assert!(missing.is_empty(), "not played:\n{}", missing.join("\n"));
}

#[test]
fn nothing_is_told_without_a_token_and_other_methods_are_named() {
    let database = sqlite();
    assert!(bingli(&["token", "create", "x", "--role", "emr", "--database", &database.url]).output().expect("it runs").status.success());
    let server = Server::start(&database, &["--tick", "0", "--no-model", "--tokens"]);
    let document = document(&server);
    let mut asked = 0;
    for (method, path, operation) in operations(&document) {
        let address = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect::<Vec<_>>().join("/");
        let url = format!("{}{address}", server.address);
        let is_open = operation["security"].as_array().is_some_and(|ways| ways.iter().all(|way| way == &serde_json::json!({})));
        for token in [None, Some("bingli_0000")].into_iter().filter(|_| !is_open) {
            let answer = send(&method, &url, token, (method != "GET").then_some("{}")).expect("it answers");
            assert_eq!(answer.status(), 401, "{method} {path}");
            asked += 1;
        }
        let known = |method: &str| document["paths"][path].get(method.to_lowercase()).is_some();
        let unknown = METHODS.into_iter().find(|method| !known(method)).expect("one that is not there");
        let mut answer = send(unknown, &url, None, None).expect("it answers");
        let allow = answer.headers().get("allow").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        assert!(answer.status() == 405 && allow.contains(method.as_str()), "{unknown} {path}: {} {allow}", answer.status());
        let problem: Value = answer.body_mut().read_json().expect("a problem document");
        assert_eq!(problem["type"], "urn:bingli:problem:no-such-method", "{unknown} {path}");
    }
    assert!(asked >= 100, "{asked}");
}
