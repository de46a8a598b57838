//! The hospital's settings changed over HTTP: tried with all rules first, never over somebody else's change, and in use by the rules of a release.

use serde_json::{Value, json};

use super::operations::copy;
use super::reviews::token;
use super::*;

#[test]
fn settings_are_tried_before_they_are_written_and_written_over_nobody() {
    let (database, folder) = (sqlite(), tempfile::tempdir().expect("a folder"));
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), folder.path());
    let root = token(&database, "root", "administrator");
    let rules = folder.path().display().to_string();
    let start = |more: &[&str]| {
        let arguments = [&["--tick", "0", "--tokens", "--no-model", "--rules", &rules], more].concat();
        Server::start(&database, &arguments)
    };
    let get = |server: &Server, path: &str| call(server, &format!("GET {path}"), &root, None);
    let calendar = "/v1/settings/calendar.toml";
    let change = |server: &Server, text: &str, was: &Value| {
        call(server, &format!("PUT {calendar}"), &root, Some(&json!({ "text": text, "was": was }).to_string()))
    };

    let server = start(&[]);
    let (_, list) = get(&server, "/v1/settings");
    assert_eq!((&list["writable"], &list["two_people"]), (&json!(true), &json!(false)));
    let digest = list["rulebook"].clone();
    let (_, file) = get(&server, calendar);
    let text = file["text"].as_str().expect("a text");
    let (status, answer) = change(&server, "[[year]\n", &file["hash"]);
    assert!(status == 422 && answer.to_string().contains("calendar.toml"), "{status}: {answer}");
    let (status, answer) = change(&server, &format!("{text}{}", " ".repeat(1 << 20)), &file["hash"]);
    assert_eq!(status, 413, "{answer}");
    assert_eq!(std::fs::read_to_string(folder.path().join("calendar.toml")).expect("it is there"), text, "nothing was written");
    let changed = format!("# changed\n{text}");
    let (status, answer) = change(&server, &changed, &file["hash"]);
    assert_eq!((status, &answer["in_use"]), (200, &json!(true)), "{answer}");
    assert_eq!(std::fs::read_to_string(folder.path().join("calendar.toml")).expect("it is there"), changed);
    let (_, list) = get(&server, "/v1/settings");
    assert_ne!(list["rulebook"], digest, "it is in use");
    let (status, _) = change(&server, text, &file["hash"]);
    assert_eq!(status, 409, "somebody changed it");
    let (_, audit) = get(&server, "/v1/audit?action=setting.change");
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(1), "{audit}");
    drop(server);

    let server = start(&["--two-people"]);
    let digest = get(&server, "/v1/settings").1["rulebook"].clone();
    let (status, answer) = change(&server, text, &answer["hash"]);
    assert_eq!((status, &answer["in_use"]), (200, &json!(false)), "{answer}");
    assert_eq!(get(&server, "/v1/settings").1["rulebook"], digest, "it waits for a second person");
}
