//! The command line as a user meets it.

use std::io::Write;
use std::path::{Path, PathBuf};
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
    // It may refuse its input before the end and close the pipe.
    let _ = child.stdin.take().expect("stdin is piped").write_all(input);
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
    for (least, code) in [("S1", 1), ("s2", 1), ("S4", 1)] {
        assert_eq!(bingli(&["check", "tests/visits/defect.json", "--fail-on", least]).status.code(), Some(code), "{least}");
    }
    let mild = edited("tests/visits/clean.json", |visit| visit["documents"][0]["sections"][0]["text"] = "咳嗽、咳痰".into());
    for (least, code) in [("S1", 0), ("S2", 1)] {
        assert_eq!(with_stdin(&["check", "-", "--fail-on", least], mild.as_bytes()).status.code(), Some(code), "{least}");
    }
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
    // Two visits, each in three formats.
    assert_eq!(ndjson.lines().count(), 6);
    let array: Value = serde_json::from_str(&stdout(&bingli(&["check", "tests/visits", "--format", "json"]))).expect("an array");
    assert_eq!(array.as_array().map(Vec::len), Some(6));
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
    let output = with_stdin(&["check", "-", "--format", "ndjson", "--no-model"], visit.to_string().as_bytes());
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
    let temporary = Temporary::new();
    let folder = temporary.0.join("rules");
    copy_folder(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/rules")), &folder);
    let rule = folder.join("history/cc-duration.toml");
    let text = std::fs::read_to_string(&rule).expect("the rule is there");
    std::fs::write(&rule, text.replace("within = [\"入院类/主诉\"]", "within = [\"入院类/主述\"]")).expect("it can be written");
    let broken = bingli(&["--rules", folder.to_str().expect("a path"), "check", "tests/visits/clean.json"]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(stderr(&broken).contains("rules/history/cc-duration.toml:") && stderr(&broken).contains("主述"), "{}", stderr(&broken));
    // A rule that misses one of its own cases does not load.
    std::fs::write(&rule, text.replace("咳嗽、咳痰5天", "咳嗽、咳痰")).expect("it can be written");
    let failing = bingli(&["--rules", folder.to_str().expect("a path"), "check", "tests/visits/clean.json"]);
    assert_eq!(failing.status.code(), Some(2));
    assert!(stderr(&failing).contains("rules/history/cc-duration.toml:") && stderr(&failing).contains("case"), "{}", stderr(&failing));
    let tested = bingli(&["--rules", folder.to_str().expect("a path"), "rules", "test", "cc-duration"]);
    assert_eq!(tested.status.code(), Some(1));
    assert!(stdout(&tested).contains("cc-duration.toml:"), "{}", stdout(&tested));
    // Nor one without a case that hits, nor one that is no TOML; both are named in one run.
    std::fs::write(&rule, text.replace("expect = \"hit\"", "expect = \"pass\"")).expect("it can be written");
    std::fs::write(folder.join("history/cc-length.toml"), "id = \"cc-length\"\ntitle = \n").expect("it can be written");
    let caseless = bingli(&["--rules", folder.to_str().expect("a path"), "check", "tests/visits/clean.json"]);
    assert_eq!(caseless.status.code(), Some(2));
    let said = stderr(&caseless);
    assert!(said.contains("rules/history/cc-duration.toml:") && said.contains("hit case"), "{said}");
    assert!(said.contains("rules/history/cc-length.toml:2"), "{said}");
    assert_eq!(bingli(&["--rules", "tests/nowhere", "check", "tests/visits/clean.json"]).status.code(), Some(2));
}

fn copy_folder(from: &Path, to: &Path) {
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

/// A folder that goes away with the test.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("bingli-cli-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("it can be made");
        Self(folder)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        std::fs::write(&path, bytes).expect("it can be written");
        path.to_str().expect("a path").to_owned()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A visit of the tests with a change, on one line.
fn edited(path: &str, change: impl FnOnce(&mut Value)) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the visit is there");
    let mut visit: Value = serde_json::from_str(&text).expect("the visit is JSON");
    change(&mut visit);
    visit.to_string()
}

#[test]
fn folders_streams_and_archives_hold_the_same_visits() {
    let temporary = Temporary::new();
    let (defect, clean) = (edited("tests/visits/defect.json", |_| ()), edited("tests/visits/clean.json", |_| ()));
    let lines = format!("{defect}\n{clean}\n");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(lines.as_bytes()).expect("memory");
    let zstd = ruzstd::encoding::compress_to_vec(lines.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let paths = [
        temporary.file("visits.ndjson", lines.as_bytes()),
        temporary.file("visits.jsonl", lines.as_bytes()),
        temporary.file("visits.ndjson.gz", &gzip.finish().expect("memory")),
        temporary.file("visits.ndjson.zst", &zstd),
    ];
    // A folder is read with its folders, in order of name; gold files and other files are no visits.
    let folder = temporary.file("ward/a/1.json", defect.as_bytes());
    temporary.file("ward/b/2.json", clean.as_bytes());
    temporary.file("ward/a/1.gold.json", b"{}");
    temporary.file("ward/readme.md", b"nothing");
    let folder = folder.replace("/a/1.json", "");
    let expected = stdout(&bingli(&["check", "tests/visits/defect.json", "tests/visits/clean.json", "--format", "ndjson"]));
    assert_eq!(expected.lines().count(), 2);
    for path in paths.iter().chain([&folder]) {
        let output = bingli(&["check", path, "--format", "ndjson"]);
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), expected.clone()), "{path}");
        let array = report(&["check", path, "--format", "json"]);
        assert_eq!(array.as_array().map(Vec::len), Some(2), "{path}");
    }
    let piped = stdout(&with_stdin(&["check", "-", "--format", "json"], lines.as_bytes()));
    assert_eq!(serde_json::from_str::<Value>(&piped).expect("an array").as_array().map(Vec::len), Some(2));
    let alone = stdout(&with_stdin(&["check", "-", "--format", "json"], defect.as_bytes()));
    assert_eq!(serde_json::from_str::<Value>(&alone).expect("an object")["visit_id"], "CLI-2");
    // An archive that ends too soon is an error, and what came before it is judged.
    let whole = std::fs::read(&paths[2]).expect("it is there");
    let cut = temporary.file("cut.ndjson.gz", &whole[..whole.len() - 9]);
    let output = bingli(&["check", &cut, "--format", "ndjson"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("cut.ndjson.gz"));
}

#[test]
fn a_file_of_text_in_gb18030_is_read() {
    let temporary = Temporary::new();
    let text = "姓名：钱某某　性别：男　年龄：67岁\n入院记录\n主诉：咳嗽、咳痰\n现病史：5天前受凉后出现咳嗽，体温82℃。\n";
    let (gb, _, _) = encoding_rs::GB18030.encode(text);
    let path = temporary.file("ZY20260302.txt", &gb);
    let output = bingli(&["check", &path, "--format", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).expect("a report");
    let quotes: Vec<&str> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .flat_map(|finding| finding["evidence"].as_array().expect("evidence"))
        .filter_map(|evidence| evidence["quote"].as_str())
        .collect();
    assert!(quotes.contains(&"咳嗽、咳痰") && quotes.contains(&"体温82℃"), "{quotes:?}");
}

#[test]
fn the_page_stands_alone_and_trusts_no_text() {
    let hostile = edited("tests/visits/defect.json", |visit| {
        visit["documents"][1]["title"] = "<script>alert(1)</script>".into();
        visit["documents"][1]["text"] = "患者咳嗽减轻</p><img onerror=x>。子宫附件区未触及包块。".into();
        visit["visit_id"] = "\"><b>".into();
    });
    let html = stdout(&with_stdin(&["check", "-", "--format", "html"], hostile.as_bytes()));
    for forbidden in ["http://", "https://", "src=", "<script", "<img", "@import", "url("] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let marked = html.split("<mark ").skip(1).filter_map(|rest| Some(rest.split_once('>')?.1.split_once("</mark>")?.0));
    let marked: Vec<&str> = marked.collect();
    assert!(marked.contains(&"体温８２℃") && marked.contains(&"咳嗽、咳痰"), "{marked:?}");
    // Every link leads to a mark.
    for link in html.split("href=\"#").skip(1) {
        let anchor = link.split('"').next().unwrap_or("");
        assert_eq!(html.matches(&format!("id=\"{anchor}\"")).count(), 1, "{anchor}");
    }
}

#[test]
fn wrong_types_are_named_with_path_and_line() {
    let wrong = "{\n \"visit_id\": \"W\",\n \"patient\": {\"sex\": \"man\"},\n \"documents\": [\n  {\"id\": \"d\", \"kind\": \"admission_note\",\n   \"sections\": [{\"name\": \"主诉\", \"text\": \"咳嗽\"}],\n   \"event_at\": \"yesterday\"},\n  7\n ],\n \"labs\": {}\n}";
    let output = with_stdin(&["check", "-", "--format", "json"], wrong.as_bytes());
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_str(&stdout(&output)).expect("the rest is judged");
    assert!(rules_hit(&report).contains(&"cc-duration".to_owned()));
    let notes: Vec<(Option<&str>, Option<u64>)> =
        report["notes"].as_array().expect("notes").iter().map(|note| (note["path"].as_str(), note["line"].as_u64())).collect();
    for (path, line) in [("/patient/sex", 3), ("/documents/0/event_at", 7), ("/documents/1", 8), ("/labs", 10)] {
        assert!(notes.contains(&(Some(path), Some(line))), "{path} in {notes:?}");
        assert!(stderr(&output).contains(&format!("第{line}行 {path}")), "{}", stderr(&output));
    }
}

#[test]
fn hostile_files_are_refused_with_a_reason() {
    let temporary = Temporary::new();
    let zeros = temporary.file("zeros.json", b"");
    std::fs::File::options().write(true).open(&zeros).and_then(|file| file.set_len(20 << 20)).expect("a sparse file");
    let invalid = temporary.file("invalid.json", b"{\"visit_id\":\"X\",\n \"documents\":[{\"id\":\"a\",\"text\":\"\xff\xfe\xe5\"}]}");
    let deep = temporary.file("deep.json", format!("{{\"visit_id\":\"X\",\"documents\":[],\"x\":{}", "[".repeat(200_000)).as_bytes());
    let truncated = temporary.file("truncated.json", b"{\"visit_id\": \"A\",\n \"documents\": [\n  {\"id\": ");
    let empty = temporary.file("empty.json", b"");
    let list = temporary.file("list.json", b"[1, 2]");
    for (path, reason) in [
        (&zeros, "空字符"),
        (&invalid, "第2行"),
        (&deep, "recursion limit"),
        (&truncated, "第3行"),
        (&empty, "没有内容"),
        (&list, "应为一个对象"),
    ] {
        let output = bingli(&["check", path]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        let said = stderr(&output);
        assert!(said.contains(reason) && said.contains(path.as_str()), "{said}");
        assert!(!said.contains("panicked") && said.len() < 2_000, "{said}");
    }
    // One bad file does not keep the others from being judged.
    let output = bingli(&["check", &zeros, "tests/visits/defect.json", "--format", "ndjson"]);
    assert_eq!((output.status.code(), stdout(&output).lines().count()), (Some(2), 1));
}

#[test]
fn a_thousand_defects_are_judged_in_time() {
    let documents: Vec<Value> = (0..1_000)
        .map(
            |index| serde_json::json!({ "id": format!("d{index}"), "kind": "daily_course", "text": format!("第{index}次查房，体温82℃。") }),
        )
        .collect();
    let visit = serde_json::json!({ "visit_id": "MANY", "documents": documents });
    let start = std::time::Instant::now();
    let report: Value =
        serde_json::from_str(&stdout(&with_stdin(&["check", "-", "--format", "json", "--no-model"], visit.to_string().as_bytes())))
            .expect("a report");
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    assert!(rules_hit(&report).len() >= 1_000);
}

#[test]
fn scores_are_those_of_check_in_the_order_of_the_input() {
    let visit = |number: usize| match number % 3 {
        0 => "oops".to_owned(),
        1 => edited("tests/visits/defect.json", |visit| visit["visit_id"] = format!("V{number}").into()),
        _ => edited("tests/visits/clean.json", |visit| visit["visit_id"] = format!("V{number}").into()),
    };
    // More than one batch.
    let lines: Vec<String> = (0..600).map(visit).collect();
    let scored = with_stdin(&["score"], lines.join("\n").as_bytes());
    assert_eq!(scored.status.code(), Some(2));
    let checked = report(&["check", "tests/visits/defect.json", "--format", "json"]);
    let ids = |findings: &Value| -> Vec<String> {
        findings.as_array().expect("findings").iter().map(|finding| finding["id"].to_string()).collect()
    };
    let stable: Vec<Value> =
        checked["findings"].as_array().expect("findings").iter().filter(|finding| finding["status"] == "stable").cloned().collect();
    let out = stdout(&scored);
    assert_eq!(out.lines().count(), lines.len());
    for (number, line) in out.lines().enumerate() {
        let line: Value = serde_json::from_str(line).expect("each line is JSON");
        match number % 3 {
            0 => assert!(line["line"] == number + 1 && line["error"].is_string(), "{line}"),
            1 => {
                assert_eq!(line["visit_id"], format!("V{number}"));
                assert_eq!(ids(&line["findings"]), ids(&Value::from(stable.clone())));
                assert_eq!((&line["total"], &line["grade"]), (&checked["score"]["total"], &checked["score"]["grade"]));
            }
            _ => assert!(line["visit_id"] == format!("V{number}") && line["findings"].as_array().is_some_and(Vec::is_empty), "{line}"),
        }
    }
    // `--full` is the report of `check`.
    let defect = edited("tests/visits/defect.json", |_| ());
    let full: Value = serde_json::from_str(stdout(&with_stdin(&["score", "--full", "-"], defect.as_bytes())).trim()).expect("a report");
    assert_eq!(full["findings"], checked["findings"]);
}

#[test]
fn the_output_is_the_same_with_one_thread_and_with_two() {
    let run = |threads: &str, what: [&str; 2]| {
        Command::new(env!("CARGO_BIN_EXE_bingli"))
            .args(["check", "--format", "ndjson"])
            .args(what)
            .env("RAYON_NUM_THREADS", threads)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("the binary runs")
            .stdout
    };
    // All visits by rules, and one with the language model, which takes its time in a debug build.
    for what in [["corpora/train", "--no-model"], ["corpora/train/ent-defect.json", "--fail-on=never"]] {
        let one = run("1", what);
        assert!(one.len() > 1_000 && one == run("2", what));
    }
}

#[test]
fn copies_from_earlier_visits_are_found_with_a_history_and_skipped_without() {
    let discussion = "急性起病,发热伴咳嗽咳黄痰三天,查体右下肺可闻及湿啰音,血常规白细胞及中性粒细胞升高,胸部CT示右下肺实变影。社区获得性肺炎诊断成立,\
                      病原考虑肺炎链球菌可能性大,属低危,予经验性抗感染治疗,三日后评估疗效并复查。";
    let visit = |number: u32, patient: &str, text: &str| {
        serde_json::json!({
            "visit_id": format!("ZY2026{number:04}"),
            "patient": { "patient_id": patient },
            "admission": { "admitted_at": format!("2026-03-{number:02}T09:00:00+08:00"), "department": "呼吸内科" },
            "diagnoses": [{ "kind": "admission", "name": "社区获得性肺炎", "icd10": "J18.901", "main": true }],
            "documents": [{ "id": "d", "kind": "first_course", "event_at": format!("2026-03-{number:02}T12:00:00+08:00"),
                "sections": [{ "name": "拟诊讨论", "text": text }] }],
        })
        .to_string()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("earlier.ndjson"), format!("{}\nnot json\n{}\n", visit(1, "P1", discussion), visit(2, "P2", "另一种讨论")))
        .expect("written");
    std::fs::write(path("now.json"), visit(9, "P9", discussion)).expect("written");
    let skips = |report: &Value| {
        let skipped = report["manifest"]["skipped"].as_array().expect("skipped").iter();
        skipped
            .filter(|entry| entry["why"] == "未提供历史病历")
            .map(|entry| entry["rule"].as_str().unwrap_or("").to_owned())
            .collect::<Vec<_>>()
    };
    let alone = report(&["check", &path("now.json"), "--format", "json"]);
    assert_eq!(skips(&alone), ["differential-shared", "discussion-shared", "earlier-stay-copy", "foreign-copy"]);
    let output = bingli(&["check", &path("now.json"), "--format", "json", "--history", &path("earlier.ndjson")]);
    assert!(stderr(&output).contains("earlier.ndjson:2"), "{}", stderr(&output));
    let with: Value = serde_json::from_str(&stdout(&output)).expect("a report is JSON");
    assert!(skips(&with).is_empty());
    assert!(rules_hit(&with).contains(&"discussion-shared".to_owned()), "{:?}", rules_hit(&with));
    let text = with.to_string();
    assert!(text.contains("***01") && !text.contains("ZY20260001"), "another patient's id is masked");
    let line = bingli(&["score", &path("now.json"), "--history", &path("earlier.ndjson")]);
    assert!(stdout(&line).contains("discussion-shared"), "{}", stdout(&line));
}
