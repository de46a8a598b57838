//! A language server's session (LSP) for records in plain text, without I/O: messages in, messages out.
//!
//! The program never edits a record: the only change that it offers is to insert the placeholder of a suggestion, and the writer must choose it.

mod text;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use jiff::civil::DateTime;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOptions, CodeActionOrCommand, CodeActionParams, CodeActionProviderCapability, Command,
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, ExecuteCommandOptions, ExecuteCommandParams, Hover, HoverContents, HoverParams, HoverProviderCapability,
    InitializeResult, Location, MarkupContent, MarkupKind, MessageType, NumberOrString, PositionEncodingKind, PublishDiagnosticsParams,
    ServerCapabilities, ServerInfo, ShowMessageParams, TextDocumentSyncCapability, TextDocumentSyncKind, TextEdit, Uri, WorkspaceEdit,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::reading::cache::ReadingCache;
use crate::report::Sheet;
use crate::report::prose::{Placed, judge_prose};
use crate::rules::{Rulebook, Severity};
use text::Text;

/// Documents whose readings are kept.
const READINGS: usize = 256;
const IGNORE: &str = "bingli.ignore";
const EXPLAIN: &str = "bingli.explain";

/// One editor's session.
pub struct Session<'h> {
    rulebook: &'h Rulebook,
    sheet: &'h Sheet,
    readings: ReadingCache,
    /// By URI as it was written.
    open: HashMap<String, Open>,
    state: State,
}

struct Open {
    uri: Uri,
    text: Text,
    version: i32,
    placed: Vec<Placed>,
    /// Fingerprints that the writer does not want to see here again.
    ignored: HashSet<String>,
    /// Changed since it was judged.
    is_stale: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Running,
    ShutDown,
    /// With the exit code of the process.
    Over(u8),
}

type Answer = Result<Value, (ErrorCode, String)>;

impl<'h> Session<'h> {
    pub fn new(rulebook: &'h Rulebook, sheet: &'h Sheet) -> Self {
        Self { rulebook, sheet, readings: ReadingCache::new(READINGS), open: HashMap::new(), state: State::New }
    }

    /// The exit code, once the editor has said that it is over.
    pub fn exit_code(&self) -> Option<u8> {
        match self.state {
            State::Over(code) => Some(code),
            _ => None,
        }
    }

    /// Takes one message. What changed is judged by [`Session::judge`], so that of a burst of changes only the last state is.
    pub fn take(&mut self, message: Message, now: DateTime) -> Vec<Message> {
        match message {
            Message::Request(request) => self.request(request, now),
            Message::Notification(notification) => self.notification(notification),
            Message::Response(_) => Vec::new(),
        }
    }

    /// Judges the texts that changed, and publishes what was found.
    pub fn judge(&mut self, now: DateTime) -> Vec<Message> {
        let mut messages = Vec::new();
        for open in self.open.values_mut().filter(|open| open.is_stale) {
            let name = open.uri.as_str();
            open.placed = judge_prose(name, open.text.as_str(), self.rulebook, self.sheet, &self.readings, now);
            open.is_stale = false;
            messages.push(open.publish());
        }
        messages
    }

    fn request(&mut self, request: Request, now: DateTime) -> Vec<Message> {
        let Request { id, method, params } = request;
        let refused = match self.state {
            State::New if method != "initialize" => Some((ErrorCode::ServerNotInitialized, "not initialized")),
            State::ShutDown | State::Over(_) => Some((ErrorCode::InvalidRequest, "the session was shut down")),
            State::Running if method == "initialize" => Some((ErrorCode::InvalidRequest, "initialized already")),
            _ => None,
        };
        if let Some((code, text)) = refused {
            return vec![respond(id, Err((code, text.to_owned())))];
        }
        // What is asked about a text is answered for its present state.
        let mut messages = self.judge(now);
        let answer = match method.as_str() {
            "initialize" => {
                self.state = State::Running;
                written(&abilities())
            }
            "shutdown" => {
                self.state = State::ShutDown;
                Ok(Value::Null)
            }
            "textDocument/hover" => read(params).and_then(|params| self.hover(&params)),
            "textDocument/codeAction" => read(params).and_then(|params| self.actions(&params)),
            "workspace/executeCommand" => read(params).and_then(|params| self.command(params, &mut messages)),
            other => Err((ErrorCode::MethodNotFound, other.to_owned())),
        };
        messages.push(respond(id, answer));
        messages
    }

    fn notification(&mut self, notification: Notification) -> Vec<Message> {
        let Notification { method, params } = notification;
        match method.as_str() {
            "exit" => self.state = State::Over(u8::from(self.state != State::ShutDown)),
            _ if self.state != State::Running => {}
            "textDocument/didOpen" => {
                if let Ok(DidOpenTextDocumentParams { text_document: document }) = read(params) {
                    let key = document.uri.as_str().to_owned();
                    let open = Open {
                        uri: document.uri,
                        text: Text::new(document.text),
                        version: document.version,
                        placed: Vec::new(),
                        ignored: HashSet::new(),
                        is_stale: true,
                    };
                    self.open.insert(key, open);
                }
            }
            "textDocument/didChange" => {
                if let Ok(params) = read::<DidChangeTextDocumentParams>(params)
                    && let Some(open) = self.open.get_mut(params.text_document.uri.as_str())
                {
                    for change in params.content_changes {
                        match change.range {
                            Some(range) => open.text.replace(range, &change.text),
                            None => open.text = Text::new(change.text),
                        }
                    }
                    open.version = params.text_document.version;
                    open.is_stale = true;
                }
            }
            "textDocument/didClose" => {
                if let Ok(params) = read::<DidCloseTextDocumentParams>(params)
                    && let Some(mut open) = self.open.remove(params.text_document.uri.as_str())
                {
                    open.placed.clear();
                    return vec![open.publish()];
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn hover(&self, params: &HoverParams) -> Answer {
        let place = &params.text_document_position_params;
        let Some(open) = self.open.get(place.text_document.uri.as_str()) else { return Ok(Value::Null) };
        let byte = open.text.byte(place.position);
        let found: Vec<&Placed> = open.wanted().filter(|placed| placed.range.contains(&byte)).collect();
        let Some(first) = found.first() else { return Ok(Value::Null) };
        let value = found.iter().map(|placed| explanation(placed)).collect::<Vec<_>>().join("\n\n---\n\n");
        written(&Hover {
            contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
            range: Some(open.text.range(first.range.clone())),
        })
    }

    fn actions(&self, params: &CodeActionParams) -> Answer {
        let Some(open) = self.open.get(params.text_document.uri.as_str()) else { return Ok(json!([])) };
        let asked = open.text.byte(params.range.start)..open.text.byte(params.range.end);
        let touches = |range: &Range<usize>| range.start <= asked.end && asked.start <= range.end;
        let mut actions = Vec::new();
        for placed in open.wanted().filter(|placed| touches(&placed.range)) {
            let finding = &placed.finding;
            let command = |title: String, command: &str| CodeAction {
                title: title.clone(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![open.diagnostic(placed)]),
                command: Some(Command {
                    title,
                    command: command.to_owned(),
                    arguments: Some(vec![json!(open.uri.as_str()), json!(finding.id)]),
                }),
                ..CodeAction::default()
            };
            actions.push(command(format!("说明:{}", finding.title), EXPLAIN));
            actions.push(command(format!("此处忽略:{}", finding.title), IGNORE));
            if let Some(words) = placeholders(&finding.suggestion) {
                let edit = TextEdit { range: open.text.range(placed.range.end..placed.range.end), new_text: words.clone() };
                actions.push(CodeAction {
                    title: format!("插入占位 {words}({})", finding.title),
                    kind: Some(CodeActionKind::QUICKFIX),
                    diagnostics: Some(vec![open.diagnostic(placed)]),
                    edit: Some(changes(&open.uri, edit)),
                    ..CodeAction::default()
                });
            }
        }
        written(&actions.into_iter().map(CodeActionOrCommand::CodeAction).collect::<Vec<_>>())
    }

    fn command(&mut self, params: ExecuteCommandParams, messages: &mut Vec<Message>) -> Answer {
        let words: Vec<&str> = params.arguments.iter().filter_map(Value::as_str).collect();
        let [uri, id] = words[..] else { return Err((ErrorCode::InvalidParams, "expected a URI and a finding".to_owned())) };
        let open = self.open.get_mut(uri).ok_or((ErrorCode::InvalidParams, "no such document".to_owned()))?;
        match params.command.as_str() {
            IGNORE => {
                open.ignored.insert(id.to_owned());
                messages.push(open.publish());
            }
            EXPLAIN => {
                let placed = open.placed.iter().find(|placed| placed.finding.id == id);
                let placed = placed.ok_or((ErrorCode::InvalidParams, "no such finding".to_owned()))?;
                let shown = ShowMessageParams { typ: MessageType::INFO, message: explanation(placed) };
                messages.push(Notification::new("window/showMessage".to_owned(), shown).into());
            }
            other => return Err((ErrorCode::InvalidParams, format!("no command {other}"))),
        }
        Ok(Value::Null)
    }
}

impl Open {
    fn wanted(&self) -> impl Iterator<Item = &Placed> {
        self.placed.iter().filter(|placed| !self.ignored.contains(&placed.finding.id))
    }

    fn publish(&self) -> Message {
        let diagnostics = self.wanted().map(|placed| self.diagnostic(placed)).collect();
        let params = PublishDiagnosticsParams { uri: self.uri.clone(), diagnostics, version: Some(self.version) };
        Notification::new("textDocument/publishDiagnostics".to_owned(), params).into()
    }

    fn diagnostic(&self, placed: &Placed) -> Diagnostic {
        let related = placed.others.iter().map(|(range, words)| DiagnosticRelatedInformation {
            location: Location { uri: self.uri.clone(), range: self.text.range(range.clone()) },
            message: format!("另一处:{words}"),
        });
        let related: Vec<_> = related.collect();
        Diagnostic {
            range: self.text.range(placed.range.clone()),
            severity: Some(match placed.finding.severity {
                Severity::S1 => DiagnosticSeverity::ERROR,
                Severity::S2 => DiagnosticSeverity::WARNING,
                Severity::S3 => DiagnosticSeverity::INFORMATION,
                Severity::S4 => DiagnosticSeverity::HINT,
            }),
            code: Some(NumberOrString::String(placed.finding.defect.clone())),
            source: Some("bingli".to_owned()),
            message: placed.finding.message.clone(),
            related_information: (!related.is_empty()).then_some(related),
            data: Some(json!(placed.finding.id)),
            ..Diagnostic::default()
        }
    }
}

fn abilities() -> InitializeResult {
    InitializeResult {
        capabilities: ServerCapabilities {
            position_encoding: Some(PositionEncodingKind::UTF16),
            text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::INCREMENTAL)),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
                ..CodeActionOptions::default()
            })),
            execute_command_provider: Some(ExecuteCommandOptions {
                commands: vec![IGNORE.to_owned(), EXPLAIN.to_owned()],
                ..ExecuteCommandOptions::default()
            }),
            ..ServerCapabilities::default()
        },
        server_info: Some(ServerInfo { name: "bingli".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) }),
    }
}

/// Why, by what standard, and what may be done.
fn explanation(placed: &Placed) -> String {
    let finding = &placed.finding;
    let mut lines = vec![format!("**{} {}** ({:?})", finding.defect, finding.title, finding.severity), finding.message.clone()];
    if !finding.basis.is_empty() {
        lines.push(format!("依据:{}", finding.basis.join("、")));
    }
    if !finding.suggestion.is_empty() {
        lines.push(format!("建议:{}", finding.suggestion));
    }
    lines.join("\n\n")
}

/// The `[请补充…]` of a suggestion; only these may go into a record.
fn placeholders(suggestion: &str) -> Option<String> {
    let found: String = suggestion
        .match_indices("[请")
        .filter_map(|(start, _)| suggestion[start..].find(']').map(|length| &suggestion[start..=start + length]))
        .collect();
    (!found.is_empty()).then_some(found)
}

// Keyed by `Uri`, as the crate has it; it is never changed while it is a key.
#[allow(clippy::mutable_key_type)]
fn changes(uri: &Uri, edit: TextEdit) -> WorkspaceEdit {
    WorkspaceEdit { changes: Some(HashMap::from([(uri.clone(), vec![edit])])), ..WorkspaceEdit::default() }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

fn written(value: &impl Serialize) -> Answer {
    serde_json::to_value(value).map_err(|error| (ErrorCode::InternalError, error.to_string()))
}

fn respond(id: RequestId, answer: Answer) -> Message {
    match answer {
        Ok(value) => Response::new_ok(id, value).into(),
        Err((code, text)) => Response::new_err(id, code as i32, text).into(),
    }
}
