//! `POST /v2/check` and `GET /v2/languages`: the HTTP format of LanguageTool, so that its editor plug-ins and clients show findings in plain text.
//!
//! Offsets count UTF-16 units, as LanguageTool's do. There are never replacements: what is missing in a record only its writer knows.

use std::collections::{HashMap, HashSet};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Shared, rejection::BytesRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::problem::Refusal;
use crate::people::Caller;
use crate::report::prose::Placed;

/// Longer texts are refused, as LanguageTool does.
const MAX_TEXT: usize = 1 << 20;
/// Units around the words that a match shows.
const CONTEXT: usize = 40;

/// An error as LanguageTool gives it: a line of plain text.
pub struct Failure(StatusCode, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("Error: {}", self.1)).into_response()
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let words = match &refusal {
            Refusal::Unauthorised => "AuthException: a valid token is missing (Authorization: Bearer, or apiKey)",
            Refusal::Busy => "Too many requests, please try again",
            Refusal::Unavailable(_) => "the database does not answer",
            _ => "internal error",
        };
        Failure(refusal.status(), words.to_owned())
    }
}

fn wrong(text: impl Into<String>) -> Failure {
    Failure(StatusCode::BAD_REQUEST, text.into())
}

/// LanguageTool 格式:能检查的语言。
#[utoipa::path(get, path = "/v2/languages", tag = "LanguageTool", security(()), responses((status = 200, body = serde_json::Value)))]
pub async fn languages() -> Json<Value> {
    Json(json!([{ "name": "Chinese", "code": "zh", "longCode": "zh-CN" }]))
}

/// What a client sends, for the document: `form` reads it.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "described, not made")]
struct Form {
    /// zh-CN, zh or auto
    #[schema(pattern = "^(zh-CN|zh|auto)$")]
    language: String,
    /// Either this or `data`.
    text: Option<String>,
    /// {"annotation": [{"text"} | {"markup", "interpretAs"}]}
    data: Option<String>,
    /// Separated by commas, as the next three.
    #[schema(rename = "disabledRules")]
    disabled_rules: Option<String>,
    #[schema(rename = "enabledRules")]
    enabled_rules: Option<String>,
    #[schema(rename = "disabledCategories")]
    disabled_categories: Option<String>,
    #[schema(rename = "enabledCategories")]
    enabled_categories: Option<String>,
    #[schema(rename = "enabledOnly")]
    enabled_only: Option<bool>,
    /// A token, where no header can be sent.
    #[schema(rename = "apiKey")]
    api_key: Option<String>,
}

/// LanguageTool 格式:检查一段文字,不保存。text 或 data、language 以表单或查询参数给出。
#[utoipa::path(post, path = "/v2/check", tag = "LanguageTool",
    request_body(content = inline(Form), content_type = "application/x-www-form-urlencoded",
        description = "a form, or the same as parameters of the address"),
    responses((status = 200, description = "{software, language, matches}", body = serde_json::Value),
        (status = 400, description = "Error: …", content_type = "text/plain", body = String), (status = 401, body = String), (status = 413, body = String),
        (status = 429, body = String), (status = 503, body = String)))]
pub async fn check(
    Shared(state): Shared<State>,
    caller: Result<Caller, Refusal>,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Failure> {
    let too_large = || Failure(StatusCode::PAYLOAD_TOO_LARGE, format!("Your text exceeds the limit of {MAX_TEXT} bytes"));
    let body = body.map_err(|_| too_large())?;
    let mut form = form(query.unwrap_or_default().as_bytes())?;
    form.extend(self::form(&body)?);
    if let Err(refusal) = caller {
        // Clients of LanguageTool have no other place for a token.
        let key = form.get("apiKey").ok_or(refusal)?;
        state.store.caller(key.trim()).await.map_err(Refusal::from)?.ok_or(Refusal::Unauthorised)?;
    }
    let language = form.get("language").ok_or_else(|| wrong("Missing 'language' parameter, e.g. 'language=zh-CN' or 'language=auto'"))?;
    if !["auto", "zh", "zh-CN"].contains(&language.as_str()) {
        return Err(wrong(format!("'{language}' is not a language code known to this server. Supported language codes are: zh-CN")));
    }
    let text = match (form.get("text"), form.get("data")) {
        (Some(_), Some(_)) => return Err(wrong("Set only 'text' or 'data' parameter, not both")),
        (None, None) => return Err(wrong("Missing 'text' or 'data' parameter")),
        (Some(text), None) => Annotated::of_text(text),
        (None, Some(data)) => Annotated::of_data(data)?,
    };
    if text.read.len() > MAX_TEXT || text.written.len() > MAX_TEXT {
        return Err(too_large());
    }
    let choice = Choice::of(&form);
    let (engine, now, is_auto) = (state.engine(), state.clock.local(), language == "auto");
    let matches = state
        .desk
        .run(move || -> Result<Vec<Value>, Refusal> {
            let placed = engine.judge_prose(&text.read, now)?;
            Ok(placed.iter().filter(|placed| choice.wants(placed)).map(|placed| shown(placed, &text)).collect())
        })
        .await
        .map_err(Failure::from)??;
    state.metrics.judged();
    Ok(Json(json!({
        "software": { "name": "bingli", "version": env!("CARGO_PKG_VERSION"), "buildDate": "", "apiVersion": 1, "premium": false, "status": "" },
        "warnings": { "incompleteResults": false },
        "language": { "name": "Chinese", "code": "zh-CN",
            "detectedLanguage": { "name": "Chinese", "code": "zh-CN", "confidence": if is_auto { 0.99 } else { 1.0 } } },
        "matches": matches,
    })))
}

/// Fields of a form or a query string.
fn form(bytes: &[u8]) -> Result<HashMap<String, String>, Failure> {
    let decode = |part: &[u8]| {
        let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        String::from_utf8(percent_decode(&spaced).collect()).map_err(|_| wrong("parameters are not UTF-8"))
    };
    let pairs = bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            Ok((decode(&pair[..at])?, decode(pair.get(at + 1..).unwrap_or_default())?))
        })
        .collect()
}

/// Which rules and categories the caller wants; a category is a defect code.
struct Choice {
    disabled: HashSet<String>,
    enabled: HashSet<String>,
    only_enabled: bool,
}

impl Choice {
    fn of(form: &HashMap<String, String>) -> Self {
        let named = |names: [&str; 2]| -> HashSet<String> {
            let lists = names.into_iter().filter_map(|name| form.get(name));
            lists.flat_map(|list| list.split(',')).map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect()
        };
        Self {
            disabled: named(["disabledRules", "disabledCategories"]),
            enabled: named(["enabledRules", "enabledCategories"]),
            only_enabled: form.get("enabledOnly").is_some_and(|word| word == "true" || word == "yes"),
        }
    }

    fn wants(&self, placed: &Placed) -> bool {
        let has = |ids: &HashSet<String>| ids.contains(&placed.finding.rule) || ids.contains(&placed.finding.defect);
        !has(&self.disabled) && (!self.only_enabled || has(&self.enabled))
    }
}

/// A text, and the text with markup that it was taken from.
#[derive(Debug, Default)]
struct Annotated {
    /// What is judged.
    read: String,
    /// What offsets count in.
    written: String,
    /// Bytes of `read` and of `written`; of a markup both ranges stand for each other as a whole.
    pieces: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    read: usize,
    written: usize,
    is_text: bool,
}

#[derive(Deserialize)]
struct Data {
    #[serde(alias = "text")]
    annotation: Value,
}

impl Annotated {
    fn of_text(text: &str) -> Self {
        Self { read: text.to_owned(), written: text.to_owned(), pieces: vec![Part { read: 0, written: 0, is_text: true }] }
    }

    fn of_data(data: &str) -> Result<Self, Failure> {
        let data: Data = serde_json::from_str(data).map_err(|error| wrong(format!("'data' is not valid JSON: {error}")))?;
        let parts = match &data.annotation {
            Value::String(text) => return Ok(Self::of_text(text)),
            Value::Array(parts) => parts,
            _ => return Err(wrong("'data' has neither 'text' nor 'annotation'")),
        };
        let mut annotated = Self::default();
        for part in parts {
            let words = |name: &str| part.get(name).and_then(Value::as_str);
            let (read, written, is_text) = match (words("text"), words("markup")) {
                (Some(text), None) => (text, text, true),
                (None, Some(markup)) => (words("interpretAs").unwrap_or(""), markup, false),
                _ => return Err(wrong("an 'annotation' has either 'text' or 'markup'")),
            };
            annotated.pieces.push(Part { read: annotated.read.len(), written: annotated.written.len(), is_text });
            annotated.read.push_str(read);
            annotated.written.push_str(written);
        }
        Ok(annotated)
    }

    /// The place in `written` of a place in `read`; `is_end`: of the character before it, its end.
    fn place(&self, at: usize, is_end: bool) -> usize {
        let holds = |part: &&Part| if is_end { part.read < at } else { part.read <= at };
        let Some(index) = self.pieces.iter().rposition(|part| holds(&part)) else { return 0 };
        let part = &self.pieces[index];
        let next = self.pieces.get(index + 1).map_or(self.written.len(), |next| next.written);
        match (part.is_text, is_end) {
            (true, _) => (part.written + at - part.read).min(next),
            (false, true) => next,
            (false, false) => part.written,
        }
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A finding as a match.
fn shown(placed: &Placed, text: &Annotated) -> Value {
    let finding = &placed.finding;
    let start = text.place(placed.range.start, false);
    let end = text.place(placed.range.end, true).max(start);
    let written = &text.written;
    let (offset, length) = (units(&written[..start]), units(&written[start..end]));
    let from = written[..start].char_indices().rev().take(CONTEXT).last().map_or(start, |(at, _)| at);
    let to = written[end..].char_indices().nth(CONTEXT).map_or(written.len(), |(at, _)| end + at);
    let context: String = written[from..to].chars().map(|character| if character == '\n' { ' ' } else { character }).collect();
    let ends = ['。', '！', '？', '\n'];
    let sentence_from =
        text.read[..placed.range.start].rfind(ends).map_or(0, |at| at + text.read[at..].chars().next().map_or(1, char::len_utf8));
    let sentence_to = text.read[placed.range.end..].find(ends).map_or(text.read.len(), |at| {
        let end = placed.range.end + at;
        end + text.read[end..].chars().next().map_or(1, char::len_utf8)
    });
    let issue = match (placed.others.is_empty(), finding.evidence.is_empty()) {
        (false, _) => "inconsistency",
        (true, true) => "omission",
        (true, false) => "non-conformance",
    };
    let message = if finding.suggestion.is_empty() {
        finding.message.clone()
    } else {
        format!("{} 建议：{}", finding.message, finding.suggestion)
    };
    json!({
        "message": message, "shortMessage": finding.title, "replacements": [], "offset": offset, "length": length,
        "context": { "text": context, "offset": units(&written[from..start]), "length": length },
        "sentence": text.read[sentence_from..sentence_to].trim(),
        "type": { "typeName": "Other" },
        "rule": { "id": finding.rule, "description": finding.title, "issueType": issue,
            "category": { "id": finding.defect, "name": finding.title } },
        "ignoreForIncompleteSentence": false, "contextForSureMatch": -1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let form = form("text=%E4%B8%BB%E8%AF%89+a%2Bb&language=zh-CN&x".as_bytes()).map_err(|failure| failure.1).expect("it is a form");
        assert_eq!((form["text"].as_str(), form["language"].as_str(), form["x"].as_str()), ("主诉 a+b", "zh-CN", ""));
        assert!(self::form(b"text=%ff").is_err());
    }

    #[test]
    fn places_of_annotated_text_count_the_markup() {
        let data = r#"{"annotation":[{"text":"甲"},{"markup":"<br/>","interpretAs":"\n"},{"text":"乙丙"},{"markup":"<b>"},{"text":"丁"}]}"#;
        let text = Annotated::of_data(data).map_err(|failure| failure.1).expect("it is right");
        assert_eq!((text.read.as_str(), text.written.as_str()), ("甲\n乙丙丁", "甲<br/>乙丙<b>丁"));
        for word in ["甲", "乙丙", "丙", "丁"] {
            let at = text.read.find(word).expect("it is there");
            let found = text.place(at, false)..text.place(at + word.len(), true);
            assert_eq!(&text.written[found], word, "{word}");
        }
        let at = text.read.find("丙").expect("it is there");
        assert_eq!(&text.written[text.place(at, false)..text.place(text.read.len(), true)], "丙<b>丁");
        assert!(Annotated::of_data("{}").is_err() && Annotated::of_data("[{}]").is_err());
    }
}
