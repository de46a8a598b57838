//! What the program was wrong about becomes a case; changed rules are replayed, and come into use by a second person.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::common::{Server, call, databases};
use super::operations::copy;
use super::reviews::token;

fn until_done(server: &Server, release: &Value, who: &str) -> Value {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let (status, shown) = call(server, &format!("GET /v1/releases/{}", release["id"].as_str().expect("an id")), who, None);
        assert_eq!(status, 200, "{shown}");
        if shown["replay"]["state"] == "done" {
            return shown;
        }
        assert!(Instant::now() < until, "{shown}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_wrong_finding_becomes_a_case_that_a_changed_rule_is_released_by() {
    let visit = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/visits/defect.json")).expect("the visit");
    for (name, database) in databases() {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), folder.path());
        let [his, author, second] =
            [("his", "emr"), ("author", "reviewer"), ("second", "reviewer")].map(|(name, role)| token(&database, name, role));
        let rules = folder.path().display().to_string();
        let server = Server::start(&database, &["--tick", "0", "--tokens", "--no-model", "--two-people", "--rules", &rules]);
        let (_, put) = call(&server, "PUT /v1/visits/CLI-2", &his, Some(&visit));
        let findings = put["report"]["findings"].as_array().expect("findings");
        let wrong =
            findings.iter().find(|finding| finding["message"].as_str().is_some_and(|text| text.contains("子宫"))).expect("a man's uterus");
        let (rule, id) = (wrong["rule"].as_str().expect("a rule"), wrong["id"].as_str().expect("an id"));

        // Two findings are judged: this one was wrong, another right.
        let right = findings.iter().find(|finding| finding["rule"] != rule && finding["status"] == "stable").expect("another");
        let accept = format!("POST /v1/visits/CLI-2/findings/{}/accept", right["id"].as_str().expect("an id"));
        assert_eq!(call(&server, &accept, &author, Some("{}")).0, 204, "{name}");
        let (_, ledger) = call(&server, "GET /v1/ledger?visit=CLI-2", &author, None);
        let noticed =
            ledger["items"].as_array().expect("items").iter().find(|line| line["finding_id"] == id).expect("S1 is noticed at once");
        let entry = noticed["entry"].as_str().expect("an entry");
        let (status, withdrawn) =
            call(&server, &format!("POST /v1/ledger/{entry}/withdraw"), &second, Some("{\"note\":\"本人为双性畸形\"}"));
        assert_eq!(status, 200, "{name}: {withdrawn}");
        let dismiss = format!("POST /v1/visits/CLI-2/findings/{id}/dismiss");
        assert_eq!(call(&server, &dismiss, &author, Some("{\"reason\":\"事实不符\"}")).0, 204, "{name}");

        let (_, list) = call(&server, &format!("GET /v1/regressions?rule={rule}"), &author, None);
        assert_eq!((&list["items"][0]["entry"], &list["items"][0]["state"]), (&json!(entry), &json!("proposed")), "{name}: {list}");
        let (_, case) = call(&server, &format!("GET /v1/regressions/{entry}"), &author, None);
        assert_eq!(case["still_hits"], true, "{name}");
        assert!(case["reason"].as_str().is_some_and(|reason| reason.contains("双性畸形")), "{name}: {}", case["reason"]);
        assert!(!case["visit"].to_string().contains("CLI-2"), "{name}");
        let (status, accepted) = call(&server, &format!("POST /v1/regressions/{entry}/accept"), &author, None);
        assert_eq!((status, &accepted["state"]), (200, &json!("accepted")), "{name}");

        // Nothing changed: nothing to release.
        assert_eq!(call(&server, "POST /v1/releases", &author, Some("{}")).0, 409, "{name}");
        // Another rule changes: the case is still wrong.
        let file = file_of(folder.path(), rule);
        let text = std::fs::read_to_string(&file).expect("a rule");
        std::fs::write(&file, format!("# changed\n{text}")).expect("it can be written");
        let (status, proposed) = call(&server, "POST /v1/releases", &author, Some("{}"));
        assert_eq!(status, 201, "{name}: {proposed}");
        let shown = until_done(&server, &proposed, &second);
        assert_eq!((&shown["regressions"], &shown["change"]["rules"]), (&json!([entry]), &json!({})), "{name}: {shown}");

        // The rule goes: the case is right, and so are all that people judged.
        std::fs::remove_file(&file).expect("it was there");
        let (_, proposed) = call(&server, "POST /v1/releases", &author, Some("{}"));
        let shown = until_done(&server, &proposed, &second);
        assert_eq!(shown["regressions"], json!([]), "{name}: {shown}");
        assert_eq!(shown["change"]["rules"][rule], json!({ "new": 0, "gone": 1 }), "{name}: {shown}");
        let share = |when: &str| (shown["change"][when]["hits"].clone(), shown["change"][when]["total"].clone());
        assert_eq!((share("precision_before"), share("precision_after")), ((json!(1), json!(2)), (json!(1), json!(1))), "{name}: {shown}");

        // Not by a reload, nor by whoever proposed it; by a second person, once.
        let release = format!("POST /v1/releases/{}/release", proposed["id"].as_str().expect("an id"));
        let administrator = token(&database, "root", "administrator");
        assert_eq!(call(&server, "POST /v1/rules/reload", &administrator, None).0, 409, "{name}");
        assert_eq!(call(&server, &release, &author, None).0, 412, "{name}");
        let broken = file.with_file_name("broken.toml");
        std::fs::write(&broken, "id = ").expect("it can be written");
        assert_eq!(call(&server, &release, &second, None).0, 422, "{name}: a folder that does not load");
        std::fs::remove_file(&broken).expect("it was there");
        assert_eq!(call(&server, "PUT /v1/visits/CLI-3", &his, Some(&visit.replace("CLI-2", "CLI-3"))).0, 201, "{name}");
        let (status, released) = call(&server, &release, &second, None);
        assert_eq!(
            (status, &released["state"], &released["decided_by"]),
            (200, &json!("released"), &json!("second")),
            "{name}: {released}"
        );
        assert_eq!(call(&server, &release, &second, None).0, 409, "{name}");
        let (_, report) = call(&server, "PUT /v1/visits/CLI-2", &his, Some(&visit));
        let left = report["report"]["findings"].as_array().expect("findings");
        assert!(left.iter().all(|finding| finding["rule"] != rule), "{name}");
        let (_, all) = call(&server, "GET /v1/releases", &author, None);
        let states: Vec<&Value> = all["items"].as_array().expect("items").iter().map(|item| &item["state"]).collect();
        assert!(states.contains(&&json!("released")) && states.contains(&&json!("withdrawn")), "{name}: {all}");

        // What is withdrawn now that the rule is gone is no case of it.
        let (_, ledger) = call(&server, "GET /v1/ledger?visit=CLI-3", &author, None);
        let late = ledger["items"].as_array().expect("items").iter().find(|line| line["rule"] == rule).expect("it was noticed");
        let late = late["entry"].as_str().expect("an entry");
        assert_eq!(call(&server, &format!("POST /v1/ledger/{late}/withdraw"), &second, Some("{\"note\":\"误报\"}")).0, 200, "{name}");
        assert_eq!(call(&server, &format!("POST /v1/regressions/{late}/accept"), &author, None).0, 409, "{name}");
        assert_eq!(call(&server, &format!("POST /v1/regressions/{late}/reject"), &author, None).0, 200, "{name}");

        // A proposal is withdrawn, once.
        std::fs::write(&file, &text).expect("it can be written");
        let (_, proposed) = call(&server, "POST /v1/releases", &author, Some("{}"));
        let withdraw = format!("POST /v1/releases/{}/withdraw", proposed["id"].as_str().expect("an id"));
        assert_eq!((call(&server, &withdraw, &author, None).0, call(&server, &withdraw, &author, None).0), (200, 409), "{name}");
    }
}

/// The file of a rule.
pub fn file_of(folder: &Path, rule: &str) -> std::path::PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.file_stem().is_some_and(|stem| stem == rule) => return path,
                false => {}
            }
        }
    }
    panic!("no file of {rule}");
}
