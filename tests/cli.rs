//! The command line as a user meets it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn bingli(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bingli")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("the binary runs")
}

fn with_stdin(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bingli"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().expect("stdin is piped").write_all(input).expect("it reads its input");
    child.wait_with_output().expect("it ends")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("output is UTF-8")
}

fn report(arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(&bingli(arguments))).expect("a report is JSON")
}

fn rules_hit(report: &Value) -> Vec<String> {
    report["findings"].as_array().expect("findings").iter().map(|finding| finding["rule"].as_str().unwrap_or("").to_owned()).collect()
}

#[test]
fn exit_codes_say_clean_findings_and_errors() {
    assert_eq!(bingli(&["check", "tests/visits/clean.json"]).status.code(), Some(0));
    assert_eq!(bingli(&["check", "tests/visits/defect.json"]).status.code(), Some(1));
    assert_eq!(bingli(&["check", "tests/visits/defect.json", "--fail-on", "never"]).status.code(), Some(0));
    assert_eq!(bingli(&["check", "tests/visits/nowhere.json"]).status.code(), Some(2));
    assert_eq!(bingli(&["check", "tests/visits/clean.json", "--sheet", "nope"]).status.code(), Some(2));
}

#[test]
fn a_report_quotes_exactly_and_names_its_basis() {
    let report = report(&["check", "tests/visits/defect.json", "--format", "json"]);
    let hit = rules_hit(&report);
    for rule in ["cc-duration", "sex-organ", "impossible-vital"] {
        assert!(hit.contains(&rule.to_owned()), "{rule} in {hit:?}");
    }
    let vital =
        report["findings"].as_array().expect("findings").iter().find(|finding| finding["rule"] == "impossible-vital").expect("it hit");
    let quotation = &vital["evidence"][0];
    assert_eq!(quotation["quote"], "体温８２℃");
    assert_eq!(quotation["start"], 4);
    // 𠮷 takes two UTF-16 units.
    assert_eq!(quotation["start_utf16"], 5);
    assert_eq!(report["schema"], "bingli.report/1");
    assert!(
        report["manifest"]["skipped"]
            .as_array()
            .is_some_and(|skipped| skipped.iter().all(|entry| entry["why"].as_str().is_some_and(|why| !why.is_empty())))
    );
}

#[test]
fn every_format_speaks_of_the_same_findings() {
    let text = stdout(&bingli(&["check", "tests/visits/defect.json"]));
    assert!(text.contains("主诉缺持续时间") && text.contains("依据 BW2010-18(2)"), "{text}");
    let ndjson = stdout(&bingli(&["check", "tests/visits", "--format", "ndjson"]));
    assert_eq!(ndjson.lines().count(), 2);
    let array: Value = serde_json::from_str(&stdout(&bingli(&["check", "tests/visits", "--format", "json"]))).expect("an array");
    assert_eq!(array.as_array().map(Vec::len), Some(2));
    let html = stdout(&bingli(&["check", "tests/visits/defect.json", "--format", "html"]));
    assert!(html.contains("<mark") && html.contains("体温８２℃"));
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("src="));
}

#[test]
fn plain_text_is_read_from_stdin_in_both_encodings() {
    let text = "主诉：咳嗽、咳痰\n现病史：5天前受凉后出现咳嗽，体温82℃。\n";
    let (gb, _, _) = encoding_rs::GB18030.encode(text);
    for input in [text.as_bytes(), &gb] {
        let output = with_stdin(&["check", "-", "--format", "ndjson"], input);
        let report: Value = serde_json::from_str(stdout(&output).trim()).expect("a report");
        assert!(rules_hit(&report).contains(&"cc-duration".to_owned()), "{report}");
    }
}

#[test]
fn bad_input_is_named_and_never_stops_the_rest() {
    let truncated = with_stdin(&["check", "-"], b"{\"visit_id\": \"A\",\n \"documents\": [");
    assert_eq!(truncated.status.code(), Some(2));
    assert!(stderr(&truncated).contains('2'), "{}", stderr(&truncated));
    let lines = b"{\"visit_id\":\"A\",\"documents\":[]}\n{oops\n{\"visit_id\":\"B\",\"documents\":[]}\n";
    let scored = with_stdin(&["score", "-"], lines);
    let out = stdout(&scored);
    let parsed: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!(parsed.len(), 3);
    assert_eq!(
        (parsed[0]["visit_id"].as_str(), parsed[1]["line"].as_u64(), parsed[2]["visit_id"].as_str()),
        (Some("A"), Some(2), Some("B"))
    );
    assert_eq!(scored.status.code(), Some(2));
    let zeros = with_stdin(&["check", "-"], &vec![0; 8 << 20]);
    assert_eq!(zeros.status.code(), Some(2));
    let wrong = br#"{"visit_id":"W","documents":[{"id":"d","kind":"admission_note","sections":[{"name":"\u4e3b\u8bc9","text":"\u54b3\u55fd"}]}],"labs":[{"item":"K","value":6.8}]}"#;
    let recovered = with_stdin(&["check", "-", "--format", "ndjson"], wrong);
    assert_eq!(recovered.status.code(), Some(2));
    let report: Value = serde_json::from_str(stdout(&recovered).trim()).expect("the rest is still judged");
    assert!(rules_hit(&report).contains(&"cc-duration".to_owned()));
    assert!(report["notes"].as_array().is_some_and(|notes| notes.iter().any(|note| note["path"] == "/labs/0/value")));
}

#[test]
fn a_visit_of_five_thousand_documents_is_judged() {
    let documents: Vec<Value> = (0..5_000)
        .map(|index| serde_json::json!({ "id": format!("d{index}"), "kind": "daily_course", "text": format!("第{index}日，病情平稳。") }))
        .collect();
    let visit = serde_json::json!({ "visit_id": "BIG", "documents": documents });
    let output = with_stdin(&["check", "-", "--format", "ndjson"], visit.to_string().as_bytes());
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    assert!(stdout(&output).contains("\"visit_id\":\"BIG\""));
}

#[test]
fn the_moment_and_the_phase_decide_what_is_due() {
    let overdue = |arguments: &[&str]| rules_hit(&report(arguments)).iter().filter(|rule| rule.as_str() == "first-course-8h").count();
    let visit = "corpora/train/gastroenterology-clean.json";
    assert_eq!(overdue(&["check", visit, "--format", "json"]), 0);
    let inline = report(&["check", visit, "--format", "json", "--phase", "inline"]);
    assert!(inline["score"].is_null());
}

#[test]
fn rules_are_listed_explained_and_hold_their_cases() {
    let list: Value = serde_json::from_str(&stdout(&bingli(&["rules", "list", "--format", "json"]))).expect("JSON");
    assert!(list.as_array().is_some_and(|rules| rules.len() > 100));
    let explained = stdout(&bingli(&["rules", "explain", "side-conflict"]));
    assert!(explained.contains("左右侧不一致") && explained.contains("易误报"));
    assert_eq!(bingli(&["rules", "test"]).status.code(), Some(0));
    assert_eq!(bingli(&["rules", "explain", "no-such-rule"]).status.code(), Some(2));
}

#[test]
fn a_broken_rules_folder_is_refused_with_file_and_line() {
    let folder = std::env::temp_dir().join(format!("bingli-rules-{}", std::process::id()));
    copy_folder(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/rules")), &folder);
    let rule = folder.join("history/cc-duration.toml");
    let text = std::fs::read_to_string(&rule).expect("the rule is there");
    std::fs::write(&rule, text.replace("within = [\"入院记录/主诉\"]", "within = [\"入院记录/主述\"]")).expect("it can be written");
    let broken = bingli(&["--rules", folder.to_str().expect("a path"), "check", "tests/visits/clean.json"]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(stderr(&broken).contains("rules/history/cc-duration.toml:") && stderr(&broken).contains("主述"), "{}", stderr(&broken));
    // A rule that misses one of its own cases does not load.
    std::fs::write(&rule, text.replace("咳嗽、咳痰5天", "咳嗽、咳痰")).expect("it can be written");
    let failing = bingli(&["--rules", folder.to_str().expect("a path"), "check", "tests/visits/clean.json"]);
    assert_eq!(failing.status.code(), Some(2));
    assert!(stderr(&failing).contains("case"), "{}", stderr(&failing));
    std::fs::remove_dir_all(&folder).expect("it can be removed");
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("it can be made");
    for entry in std::fs::read_dir(from).expect("it can be read") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).map(|_| ()).expect("it can be copied")
        }
    }
}

#[test]
fn the_schema_is_generated_from_the_types() {
    let schema: Value = serde_json::from_str(&stdout(&bingli(&["schema"]))).expect("JSON");
    assert!(
        schema["required"]
            .as_array()
            .is_some_and(|required| required.contains(&Value::from("visit_id")) && required.contains(&Value::from("documents")))
    );
    let report: Value = serde_json::from_str(&stdout(&bingli(&["schema", "report"]))).expect("JSON");
    assert!(report["properties"]["findings"].is_object());
}
