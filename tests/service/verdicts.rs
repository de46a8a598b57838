//! What people say of the model's findings teaches the next heads, and better ones are taken into use and given back.

use super::reviews::token;
use super::*;

/// The rulebook with one `judge` rule, which is soon fitted.
fn one_judge_rule(into: &Path) {
    fn copy(from: &Path, into: &Path) {
        std::fs::create_dir_all(into).expect("a folder");
        for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let to = into.join(entry.file_name().expect("a name"));
            if entry.is_dir() {
                copy(&entry, &to);
            } else if !to.ends_with("cards.toml") {
                let text = std::fs::read_to_string(&entry).expect("a text");
                if !text.contains("kind = \"judge\"") || to.ends_with("discharge-state-outcome-only.toml") {
                    std::fs::write(to, text).expect("written");
                }
            }
        }
    }
    copy(Path::new("rules"), into);
}

fn said(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn verdicts_teach_and_a_promotion_can_be_taken_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (rules, used, next) = (path("rules"), path("used"), path("next"));
    one_judge_rule(Path::new(&rules));
    let database = sqlite();
    let sun = token(&database, "sun", "reviewer");
    let his = token(&database, "his", "emr");
    let fit =
        |from: &[&str], out: &str| said(bingli(&["model", "fit", "--rules", &rules, "--out", out, "--verdicts", &database.url]).args(from));
    assert!(fit(&[], &used).contains("处理意见 0 条"));
    {
        let server = Server::start(&database, &["--tick", "0", "--tokens", "--rules", &rules, "--model", &used]);
        let visit = serde_json::json!({ "visit_id": "V1", "documents": [{ "id": "d1", "kind": "discharge_record", "title": "出院记录", "sections": [
            { "name": "出院情况", "text": "患者好转出院。" },
        ] }] });
        assert_eq!(call(&server, "PUT /v1/visits/V1", &his, Some(&visit.to_string())).0, 201);
        let (_, report) = call(&server, "GET /v1/visits/V1/report", &sun, None);
        let found =
            report["findings"].as_array().expect("findings").iter().find(|finding| finding["rule"] == "discharge-state-outcome-only");
        let id = found.expect("the model speaks")["id"].as_str().expect("an id").to_owned();
        let decide = format!("POST /v1/visits/V1/findings/{id}/dismiss");
        assert_eq!(call(&server, &decide, &sun, Some(r#"{"reason":"临床允许"}"#)).0, 204);
    }
    let text = fit(&["--model", &used], &next);
    assert!(text.contains("处理意见 1 条涉及语言模型的判断,其中 1 条的原文仍在"), "{text}");
    let heads = |folder: &str| std::fs::read_to_string(Path::new(folder).join("judge.json")).expect("heads");
    assert!(heads(&next).contains("\"judged\": 1"));
    let before = heads(&used);
    let text = said(&mut bingli(&["--model", &used, "--rules", &rules, "model", "promote", &next]));
    // Whether the new head is better is its affair; what is written and what is said must agree.
    assert_eq!(text.contains("启用 1 条"), heads(&used) != before, "{text}");
    if heads(&used) != before {
        said(&mut bingli(&["--model", &used, "model", "promote", "--back"]));
    }
    assert_eq!(heads(&used), before);
    let again = bingli(&["--model", &used, "model", "promote", "--back"]).output().expect("it runs");
    assert_eq!(again.status.code(), Some(2), "there is nothing more to take back");
}
