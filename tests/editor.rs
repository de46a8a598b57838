//! A language server's session as an editor has it, without and with the process.

use std::io::{BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use bingli::data::DataFolder;
use bingli::editor::Session;
use bingli::report::Sheets;
use bingli::rules::Rulebook;
use jiff::civil::{DateTime, date};
use lsp_server::{Message, Notification, Request, Response};
use serde_json::{Value, json};

const URI: &str = "file:///ward/%E7%97%85%E5%8E%86.txt";
/// 𠮷 and 😀 are two UTF-16 units each.
const TEXT: &str = "姓名：钱某某　性别：男　年龄：67岁\n入院记录\n主诉：咳嗽😀、咳痰5天。\n体格检查：𠮷神清，体温36.5℃，颈软。\n妇科检查：子宫附件区未触及包块。\n";

fn now() -> DateTime {
    date(2026, 3, 12).at(12, 0, 0, 0)
}

/// An editor that speaks with a session in the same process.
struct Editor<'h> {
    session: Session<'h>,
    number: i32,
}

impl Editor<'_> {
    fn tell(&mut self, method: &str, params: Value) -> Vec<Value> {
        let mut messages = self.session.take(Notification::new(method.to_owned(), params).into(), now());
        messages.extend(self.session.judge(now()));
        messages.iter().map(|message| serde_json::to_value(message).expect("JSON")).collect()
    }

    /// The result, and what came before it.
    fn ask(&mut self, method: &str, params: Value) -> (Result<Value, i32>, Vec<Value>) {
        self.number += 1;
        let mut messages = self.session.take(Request::new(self.number.into(), method.to_owned(), params).into(), now());
        let Some(Message::Response(Response { id, response_result })) = messages.pop() else { panic!("no response") };
        assert_eq!(id, self.number.into());
        let before = messages.iter().map(|message| serde_json::to_value(message).expect("JSON")).collect();
        (response_result.map_err(|error| error.code), before)
    }

    fn result(&mut self, method: &str, params: Value) -> Value {
        self.ask(method, params).0.expect("an answer")
    }
}

fn with_editor(work: impl FnOnce(&mut Editor<'_>)) {
    let folder = DataFolder::embedded();
    let rulebook = Rulebook::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
    let sheets = Sheets::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
    let session = Session::new(&rulebook, sheets.sheet("default").expect("it ships"));
    work(&mut Editor { session, number: 0 });
}

fn diagnostics(messages: &[Value]) -> Vec<Value> {
    let published = messages.last().expect("something was published");
    assert_eq!(published["method"], "textDocument/publishDiagnostics");
    assert_eq!(published["params"]["uri"], URI);
    published["params"]["diagnostics"].as_array().expect("diagnostics").clone()
}

/// The words of a text at an LSP range.
fn words(text: &str, range: &Value) -> String {
    let number = |pointer: &str| range.pointer(pointer).and_then(Value::as_u64).expect("a number") as usize;
    assert_eq!(number("/start/line"), number("/end/line"));
    let line: Vec<u16> = text.lines().nth(number("/start/line")).expect("the line is there").encode_utf16().collect();
    String::from_utf16(&line[number("/start/character")..number("/end/character")]).expect("whole characters")
}

fn of_code<'d>(diagnostics: &'d [Value], quote: &str, text: &str) -> &'d Value {
    let found = diagnostics.iter().find(|diagnostic| words(text, &diagnostic["range"]).contains(quote));
    found.unwrap_or_else(|| panic!("nothing at {quote} in {diagnostics:#?}"))
}

#[test]
fn a_session_from_beginning_to_end() {
    with_editor(|editor| {
        assert_eq!(editor.ask("textDocument/hover", json!({})).0, Err(-32002), "before initialize");
        let abilities = editor.result("initialize", json!({ "capabilities": {} }));
        assert_eq!(abilities["capabilities"]["positionEncoding"], "utf-16");
        assert_eq!(abilities["capabilities"]["textDocumentSync"], 2);
        editor.tell("initialized", json!({}));

        let opened = editor
            .tell("textDocument/didOpen", json!({ "textDocument": { "uri": URI, "languageId": "plaintext", "version": 1, "text": TEXT } }));
        let found = diagnostics(&opened);
        assert!(found.iter().all(|diagnostic| diagnostic["source"] == "bingli"));
        assert!(!found.iter().any(|diagnostic| words(TEXT, &diagnostic["range"]).contains("体温")), "{found:#?}");
        // A man with a uterus; what speaks against it has its own place, or stands in the head of the text.
        let uterus = of_code(&found, "子宫", TEXT);
        assert!(uterus["severity"] == 1 && uterus["code"].as_str().is_some_and(|code| code.starts_with("C-")), "{uterus:#}");

        // 36.5 becomes 82, behind a surrogate pair on the same line.
        let change = json!({ "range": { "start": { "line": 3, "character": 12 }, "end": { "line": 3, "character": 16 } }, "text": "82" });
        let changed =
            editor.tell("textDocument/didChange", json!({ "textDocument": { "uri": URI, "version": 2 }, "contentChanges": [change] }));
        assert_eq!(changed.last().expect("published")["params"]["version"], 2);
        let text = TEXT.replace("36.5", "82");
        let found = diagnostics(&changed);
        let fever = of_code(&found, "体温82℃", &text).clone();
        assert_eq!(fever["range"]["start"], json!({ "line": 3, "character": 10 }));

        let hover =
            editor.result("textDocument/hover", json!({ "textDocument": { "uri": URI }, "position": { "line": 3, "character": 12 } }));
        let value = hover["contents"]["value"].as_str().expect("words");
        assert!(value.contains(fever["code"].as_str().expect("a code")) && value.contains("依据:") && value.contains("建议:"), "{value}");
        assert_eq!(hover["range"], fever["range"]);
        let nothing =
            editor.result("textDocument/hover", json!({ "textDocument": { "uri": URI }, "position": { "line": 0, "character": 0 } }));
        assert_eq!(nothing, Value::Null);

        let actions = editor.result(
            "textDocument/codeAction",
            json!({ "textDocument": { "uri": URI }, "range": fever["range"], "context": { "diagnostics": [] } }),
        );
        let actions = actions.as_array().expect("actions");
        let titled = |start: &str| actions.iter().find(|action| action["title"].as_str().is_some_and(|title| title.starts_with(start)));
        // Nothing changes the text but a placeholder behind the words, and that is never the preferred action.
        for action in actions.iter().filter(|action| !action["edit"].is_null()) {
            let edit = &action["edit"]["changes"][URI][0];
            assert_eq!((&edit["range"]["start"], &edit["range"]["end"]), (&fever["range"]["end"], &fever["range"]["end"]));
            assert!(edit["newText"].as_str().is_some_and(|words| words.starts_with("[请") && words.ends_with(']')), "{edit}");
            assert!(action["isPreferred"].is_null());
        }
        let arguments = titled("此处忽略").expect("ignore")["command"]["arguments"].clone();
        let (explained, said) =
            editor.ask("workspace/executeCommand", json!({ "command": "bingli.explain", "arguments": arguments.clone() }));
        assert_eq!((explained, said[0]["method"].as_str()), (Ok(Value::Null), Some("window/showMessage")));
        let (_, published) = editor.ask("workspace/executeCommand", json!({ "command": "bingli.ignore", "arguments": arguments }));
        assert!(!diagnostics(&published).iter().any(|diagnostic| diagnostic["data"] == fever["data"]));

        // It stays ignored while the words stay, wherever they move.
        let change = json!({ "range": { "start": { "line": 3, "character": 0 }, "end": { "line": 3, "character": 0 } }, "text": "\n" });
        let moved =
            editor.tell("textDocument/didChange", json!({ "textDocument": { "uri": URI, "version": 3 }, "contentChanges": [change] }));
        assert!(!diagnostics(&moved).iter().any(|diagnostic| diagnostic["data"] == fever["data"]));

        assert_eq!(diagnostics(&editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": URI } }))), Vec::<Value>::new());
        assert_eq!(editor.ask("textDocument/rename", json!({})).0, Err(-32601));
        assert_eq!(editor.result("shutdown", Value::Null), Value::Null);
        assert_eq!(editor.ask("shutdown", Value::Null).0, Err(-32600));
        editor.tell("exit", Value::Null);
        assert_eq!(editor.session.exit_code(), Some(0));
    });
}

#[test]
fn both_sides_of_a_contradiction_are_shown() {
    with_editor(|editor| {
        editor.result("initialize", json!({ "capabilities": {} }));
        let text = "入院记录\n主诉：右膝😀疼痛3天。\n现病史：有青霉素过敏史。\n既往史：𠮷体健。余无特殊，否认药物过敏史。\n";
        let opened = editor
            .tell("textDocument/didOpen", json!({ "textDocument": { "uri": URI, "languageId": "plaintext", "version": 1, "text": text } }));
        let found = diagnostics(&opened);
        let sides = found.iter().find(|diagnostic| diagnostic["relatedInformation"].is_array());
        let sides = sides.unwrap_or_else(|| panic!("no contradiction in {found:#?}"));
        let other = &sides["relatedInformation"][0]["location"];
        assert_eq!(other["uri"], URI);
        assert_eq!(words(text, &sides["range"]), "否认药物过敏");
        assert_eq!(words(text, &other["range"]), "有青霉素过敏");
    });
}

#[test]
fn the_process_speaks_over_its_standard_streams() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bingli"))
        .arg("lsp")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut send = |message: Message| message.write(&mut input).and_then(|()| input.flush()).expect("it listens");
    let mut receive = || serde_json::to_value(Message::read(&mut output).expect("a message").expect("not the end")).expect("JSON");
    send(Request::new(1.into(), "initialize".to_owned(), json!({ "capabilities": {} })).into());
    assert_eq!(receive()["result"]["serverInfo"]["name"], "bingli");
    send(Notification::new("initialized".to_owned(), json!({})).into());
    let document = json!({ "textDocument": { "uri": URI, "languageId": "plaintext", "version": 1, "text": TEXT.replace("36.5", "82") } });
    send(Notification::new("textDocument/didOpen".to_owned(), document).into());
    assert!(diagnostics(&[receive()]).iter().any(|diagnostic| diagnostic["range"]["start"]["line"] == 3));
    send(Request::new(2.into(), "shutdown".to_owned(), Value::Null).into());
    assert_eq!(receive()["id"], 2);
    send(Notification::new("exit".to_owned(), Value::Null).into());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
