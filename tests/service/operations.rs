//! What an operator does: reload, backup and restore, doctor, settings in a file.

use std::time::{Duration, Instant};

use super::*;

fn output(arguments: &[&str]) -> (Option<i32>, String) {
    let output = bingli(arguments).output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() { copy(&path, &target) } else { std::fs::copy(&path, &target).map(|_| ()).expect("a file") }
    }
}

fn get(server: &Server, path: &str) -> String {
    let mut answer = send("GET", &format!("{}{path}", server.address), None, None).expect("it answers");
    answer.body_mut().read_to_string().expect("text")
}

fn put(server: &Server, id: &str) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/visits/defect.json")).expect("the visit");
    let answer = send("PUT", &format!("{}/v1/visits/{id}", server.address), None, Some(&text.replace("CLI-2", id))).expect("it answers");
    assert_eq!(answer.status(), 201);
}

fn reload(server: &Server) -> (u16, Value) {
    let mut answer = send("POST", &format!("{}/v1/rules/reload", server.address), None, Some("")).expect("it answers");
    (answer.status().as_u16(), answer.body_mut().read_json().expect("JSON"))
}

fn until_said(server: &Server, id: &str, word: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while !get(server, &format!("/v1/visits/{id}/report")).contains(word) {
        assert!(Instant::now() < end, "{word} never came");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn rules_are_read_again_and_bad_ones_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), folder.path());
    let path = folder.path().join("history/cc-duration.toml");
    let text = std::fs::read_to_string(&path).expect("the rule");
    let database = sqlite();
    let server = Server::start(&database, &["--tick", "0.1", "--rules", folder.path().to_str().expect("a path")]);
    put(&server, "L1");
    until_said(&server, "L1", "主诉缺持续时间");

    std::fs::write(&path, text.replace("severity = ", "severty = ")).expect("it is written");
    let (status, problem) = reload(&server);
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(status == 422 && detail.contains(path.file_name().expect("a name").to_str().expect("a name")), "{status} {detail}");
    // A rule that misses its own cases is no rule either.
    std::fs::write(&path, text.replace("expect = \"hit\"", "expect = \"pass\"")).expect("it is written");
    assert_eq!(reload(&server).0, 422);
    assert_eq!(get(&server, "/healthz"), "ok");
    until_said(&server, "L1", "\"主诉缺持续时间\"");

    std::fs::write(&path, text.replace("title = \"主诉缺持续时间\"", "title = \"主诉缺时间(本院)\"")).expect("it is written");
    let (status, answer) = reload(&server);
    assert_eq!((status, &answer["changed"]), (200, &Value::Bool(true)), "{answer}");
    until_said(&server, "L1", "主诉缺时间(本院)");

    std::fs::write(&path, text.replace("title = \"主诉缺持续时间\"", "title = \"主诉缺时间(再改)\"")).expect("it is written");
    let hangup = Command::new("kill").args(["-HUP", &server.child.id().to_string()]).status().expect("it runs");
    assert!(hangup.success());
    until_said(&server, "L1", "主诉缺时间(再改)");
    drop(server);
    let server = Server::start(&database, &["--tick", "0"]);
    assert_eq!(reload(&server).0, 409, "rules that came with the program stay");
}

#[test]
fn a_backup_is_whole_and_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = sqlite();
    let copy = folder.path().join("copy.db");
    let copy = copy.to_str().expect("a path");
    let server = Server::start(&database, &["--tick", "0"]);
    put(&server, "B1");
    assert_eq!(output(&["backup", copy, "--database", &database.url]).0, Some(0));
    let (code, text) = output(&["backup", copy, "--database", &database.url]);
    assert!(code == Some(2) && text.contains("there already"), "{text}");
    put(&server, "B2");
    let (code, text) = output(&["restore", copy, "--database", &database.url]);
    assert!(code == Some(2) && text.contains("in use"), "{text}");
    server.kill();

    let stranger = folder.path().join("stranger");
    std::fs::write(&stranger, "not a database at all, only text").expect("it is written");
    let other = folder.path().join("other.db");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&format!("sqlite:{}?mode=rwc", other.display())).await.expect("it opens");
        sqlx::query("CREATE TABLE visits (x TEXT)").execute(&pool).await.expect("a table");
        pool.close().await;
    });
    for file in [stranger, other] {
        let (code, text) = output(&["restore", file.to_str().expect("a path"), "--database", &database.url]);
        assert!(code == Some(2) && text.contains("no bingli database"), "{text}");
    }

    let (code, text) = output(&["restore", copy, "--database", &database.url]);
    assert!(code == Some(0) && text.contains("before-restore-1"), "{text}");
    let server = Server::start(&database, &["--tick", "0"]);
    let list = get(&server, "/v1/visits");
    assert!(list.contains("B1") && !list.contains("B2"), "{list}");
    let kept = format!("{}.before-restore-1", database.file.as_ref().expect("a file").display());
    let (code, text) = output(&["audit", "verify", "--database", &format!("sqlite:{kept}?mode=rw")]);
    assert_eq!(code, Some(0), "what was there is still whole: {text}");
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{kept}{ending}"));
    }
}

#[test]
fn the_doctor_finds_what_does_not_hold() {
    // The calendar is a matter of the year in which the tests run.
    let ill = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("异常") && !line.contains("节假日")).map(str::to_owned).collect()
    };
    for (name, database) in databases() {
        if name == "sqlite" {
            let (code, text) = output(&["doctor", "--database", &database.url]);
            assert!(code == Some(1) && text.contains("异常  数据库打不开"), "{name}: {text}");
        }
        assert_eq!(output(&["token", "create", "a", "--role", "reviewer", "--database", &database.url]).0, Some(0));
        let (_, text) = output(&["doctor", "--tokens", "--database", &database.url]);
        assert_eq!(ill(&text), Vec::<String>::new(), "{name}: {text}");
        for word in ["正常  数据库", "正常  审计记录:1 条", "正常  访问:有效的令牌与账号共 1 个", "正常  规则", "正常  监听"]
        {
            assert!(text.contains(word), "{name}: {word} in {text}");
        }
        assert_eq!(text.contains("正常  时钟"), name == "postgres", "{text}");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            sqlx::any::install_default_drivers();
            let pool = sqlx::AnyPool::connect(&database.url).await.expect("the database opens");
            sqlx::query("UPDATE audit SET target = 'x' WHERE seq = 1").execute(&pool).await.expect("it can be changed");
            pool.close().await;
        });
        let arguments = ["--listen", "0.0.0.0:1", "--tls-cert", "tests/tls/ca.pem"];
        let (code, text) = output(&[&["doctor", "--database", &database.url][..], &arguments[..]].concat());
        assert_eq!(code, Some(1));
        for word in ["审计记录:第 1 条被改动", "监听:0.0.0.0:1 可被其他机器访问", "--tls-key 须同时给出"] {
            assert!(ill(&text).iter().any(|line| line.contains(word)), "{name}: {word} in {text}");
        }
    }
}

#[test]
fn settings_come_from_a_file_and_flags_come_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = sqlite();
    let settings = folder.path().join("bingli.toml");
    std::fs::write(&settings, "listen = \"0.0.0.0:0\"\ntokens = true\ntick = 0\n").expect("it is written");
    let settings = settings.to_str().expect("a path");
    let server = Server::start(&database, &["--config", settings]);
    assert!(server.address.contains("127.0.0.1"), "the flag comes first: {}", server.address);
    let answer = send("GET", &format!("{}/v1/visits", server.address), None, None).expect("it answers");
    assert_eq!(answer.status(), 401, "the file asks for tokens");
    std::fs::write(settings, "tick = 0\n\nlisten_to = \"x\"\n").expect("it is written");
    let (code, text) = output(&["serve", "--config", settings]);
    assert!(code == Some(2) && text.contains("line 3: there is no setting `listen_to`"), "{text}");
}

#[test]
fn units_are_printed() {
    assert!(output(&["serve", "--print-unit"]).1.contains("ExecStart=/usr/local/bin/bingli serve --config"));
    assert!(output(&["serve", "--print-containerfile"]).1.contains("ENTRYPOINT [\"bingli\"]"));
}
