//! Reads the native format. One strict pass for input that is right; where it is not, a second pass that drops the smallest wrong part
//! (one element of one list, one field) and says with path and line what was dropped.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::note::Note;
use super::time::in_zone;
use super::visit::{SCHEMA, Visit};

/// Why nothing could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("第{line}行第{column}列: 不是完整的 JSON: {text}")]
    Syntax { line: usize, column: usize, text: String },
    #[error("第{line}行 {path}: {text}")]
    Visit { line: usize, path: String, text: String },
    #[error("字节 {at} 处不是 UTF-8")]
    NotUtf8 { at: usize },
}

/// Reads one visit.
pub fn read(bytes: &[u8], zone: &TimeZone) -> Result<(Visit, Vec<Note>), JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8 { at: error.valid_up_to() })?;
    let text = text.trim_start_matches('\u{feff}');
    let mut unknown: Vec<String> = Vec::new();
    let (result, without_zone) = in_zone(zone, || {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let visit: Result<Visit, serde_json::Error> =
            serde_ignored::deserialize(&mut deserializer, |path| unknown.push(pointer(&path.to_string())));
        visit.and_then(|visit| deserializer.end().map(|()| visit))
    });
    let mut notes = Vec::new();
    let visit = match result {
        Ok(visit) => visit,
        Err(error) if error.is_syntax() || error.is_eof() => {
            return Err(JsonError::Syntax { line: error.line(), column: error.column(), text: error.to_string() });
        }
        Err(_) => {
            unknown.clear();
            recover(text, zone, &mut notes, &mut unknown)?
        }
    };
    note_unknown(text, &unknown, &mut notes);
    if without_zone > 0 {
        note_missing_zones(text, &mut notes);
    }
    note_problems(text, &visit, &mut notes);
    Ok((visit, notes))
}

/// `documents.3.created_at` as `/documents/3/created_at`.
fn pointer(dotted: &str) -> String {
    // serde_ignored writes `?` for the steps through an `Option`.
    dotted.split('.').filter(|step| *step != "?").map(|step| format!("/{step}")).collect()
}

/// Drops what is wrong, element by element.
fn recover(text: &str, zone: &TimeZone, notes: &mut Vec<Note>, unknown: &mut Vec<String>) -> Result<Visit, JsonError> {
    let value: Value = serde_json::from_str(text).map_err(|error| JsonError::Syntax {
        line: error.line(),
        column: error.column(),
        text: error.to_string(),
    })?;
    let wrong = |path: &str, text_of: &str| JsonError::Visit {
        line: line_of(text, path).unwrap_or(1),
        path: path.to_owned(),
        text: text_of.to_owned(),
    };
    let Value::Object(mut root) = value else { return Err(wrong("", "应为一个对象(一次住院)")) };
    match root.get("visit_id") {
        Some(Value::String(_)) => {}
        Some(_) => return Err(wrong("/visit_id", "应为文字")),
        None => return Err(wrong("", "缺少 visit_id")),
    }
    match root.get("documents") {
        Some(Value::Array(_)) => {}
        Some(_) => return Err(wrong("/documents", "应为列表")),
        None => return Err(wrong("", "缺少 documents")),
    }
    // Each round drops the part that the error names; a part is dropped once, so this ends.
    let mut budget = 10_000;
    loop {
        let attempt = Value::Object(root);
        unknown.clear();
        let (result, _) = in_zone(zone, || {
            let mut track = serde_path_to_error::Track::new();
            let deserializer = serde_path_to_error::Deserializer::new(&attempt, &mut track);
            let visit: Result<Visit, serde_json::Error> =
                serde_ignored::deserialize(deserializer, |path| unknown.push(pointer(&path.to_string())));
            visit.map_err(|error| (track.path().to_string(), error.to_string()))
        });
        let Value::Object(back) = attempt else { return Err(wrong("", "应为一个对象")) };
        root = back;
        let (path, why) = match result {
            Ok(visit) => return Ok(visit),
            Err(error) => error,
        };
        let steps = steps(&path);
        let Some(place) = droppable(&root, &steps) else { return Err(wrong(&format!("/{}", steps.join("/")), &why)) };
        let shown = format!("/{}", steps.join("/"));
        notes.push(Note::error(shown.clone(), line_of(text, &shown), format!("{why};已忽略 /{}", place.join("/"))));
        budget -= 1;
        if budget == 0 || !remove(&mut root, &place) {
            return Err(wrong(&shown, &why));
        }
    }
}

/// `documents[3].created_at` as its steps.
fn steps(path: &str) -> Vec<String> {
    path.replace('[', ".").replace(']', "").split('.').filter(|step| !step.is_empty() && *step != "?").map(str::to_owned).collect()
}

/// The smallest part around an error that may be left out: an optional field, else the element of the list that holds it.
fn droppable(root: &serde_json::Map<String, Value>, steps: &[String]) -> Option<Vec<String>> {
    const REQUIRED: [&str; 6] = ["visit_id", "documents", "id", "name", "text", "sections"];
    let last = steps.last()?;
    let is_index = |step: &String| step.bytes().all(|byte| byte.is_ascii_digit());
    if steps.len() > 1 && !is_index(last) && (!REQUIRED.contains(&last.as_str()) || steps[0] != "documents" && last != "id") {
        let present = lookup(root, steps).is_some();
        if present {
            return Some(steps.to_vec());
        }
    }
    let index = steps.iter().rposition(is_index)?;
    Some(steps[..=index].to_vec())
        .filter(|place| place.len() > 1)
        .or_else(|| (steps.len() == 1 && steps[0] != "documents").then(|| steps.to_vec()))
}

fn lookup<'v>(root: &'v serde_json::Map<String, Value>, steps: &[String]) -> Option<&'v Value> {
    let mut value = root.get(steps.first()?)?;
    for step in &steps[1..] {
        value = match value {
            Value::Object(map) => map.get(step)?,
            Value::Array(list) => list.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// Removes a field; an element of a list becomes absent by being replaced with nothing: the list shrinks.
fn remove(root: &mut serde_json::Map<String, Value>, place: &[String]) -> bool {
    let Some((last, parents)) = place.split_last() else { return false };
    if parents.is_empty() {
        return root.shift_remove(last).is_some();
    }
    let Some(mut value) = root.get_mut(&parents[0]) else { return false };
    for step in &parents[1..] {
        let next = match value {
            Value::Object(map) => map.get_mut(step),
            Value::Array(list) => step.parse::<usize>().ok().and_then(|index| list.get_mut(index)),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return false,
        }
    }
    match value {
        Value::Object(map) => map.shift_remove(last).is_some(),
        Value::Array(list) => match last.parse::<usize>() {
            Ok(index) if index < list.len() => {
                list.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// One note a name, not one a place.
fn note_unknown(text: &str, unknown: &[String], notes: &mut Vec<Note>) {
    let mut seen = HashSet::new();
    for path in unknown {
        let name = path.rsplit('/').next().unwrap_or(path);
        if seen.insert(name) {
            notes.push(Note::warning(path.clone(), line_of(text, path), format!("未知字段 `{name}`,已忽略")));
        }
    }
}

/// Names the first times that say no zone.
fn note_missing_zones(text: &str, notes: &mut Vec<Note>) {
    const MOST: usize = 20;
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let mut open = vec![(String::new(), &value)];
    let mut found = Vec::new();
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(map) => open.extend(map.iter().rev().map(|(key, value)| (format!("{path}/{key}"), value))),
            Value::Array(list) => open.extend(list.iter().enumerate().rev().map(|(index, value)| (format!("{path}/{index}"), value))),
            Value::String(text) if is_time_without_zone(text) => found.push(path),
            _ => {}
        }
    }
    let more = found.len().saturating_sub(MOST);
    for path in found.into_iter().take(MOST) {
        notes.push(Note::warning(path.clone(), line_of(text, &path), "时间没有时区,按医院时区理解"));
    }
    if more > 0 {
        notes.push(Note::warning("", None, format!("另有{more}处时间没有时区")));
    }
}

fn is_time_without_zone(text: &str) -> bool {
    let bytes = text.as_bytes();
    let dated = bytes.len() >= 16
        && bytes.len() <= 30
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes[13] == b':'
        && matches!(bytes[10], b'T' | b' ');
    dated && !text[16..].contains(['Z', '+', '-', 'z'])
}

/// Duplicate ids, references to nobody, an unknown schema.
fn note_problems(text: &str, visit: &Visit, notes: &mut Vec<Note>) {
    if let Some(schema) = visit.schema.as_deref().filter(|schema| *schema != SCHEMA) {
        notes.push(Note::warning("/schema", line_of(text, "/schema"), format!("schema 为 `{schema}`,按 {SCHEMA} 读取")));
    }
    let mut ids = HashSet::new();
    for (index, document) in visit.documents.iter().enumerate() {
        if !ids.insert(document.id.as_str()) {
            let path = format!("/documents/{index}/id");
            notes.push(Note::error(path.clone(), line_of(text, &path), format!("文书编号 `{}` 重复", document.id)));
        }
        if document.sections.is_none() && document.text.is_none() {
            let path = format!("/documents/{index}");
            notes.push(Note::warning(path.clone(), line_of(text, &path), "文书没有 sections 也没有 text"));
        }
    }
}

/// The line, from 1, on which the value at a JSON pointer stands. Scans the text once; only used when there is something to say.
pub fn line_of(text: &str, pointer: &str) -> Option<usize> {
    let steps: Vec<&str> = pointer.split('/').skip(1).collect();
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    let at = scanner.locate(&steps)?;
    Some(1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count())
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Scanner<'t> {
    fn locate(&mut self, steps: &[&str]) -> Option<usize> {
        self.space();
        let Some((step, rest)) = steps.split_first() else { return Some(self.at) };
        match self.bytes.get(self.at)? {
            b'{' => {
                self.at += 1;
                loop {
                    self.space();
                    if self.bytes.get(self.at)? == &b'}' {
                        return None;
                    }
                    let key = self.string()?;
                    self.space();
                    self.at += 1;
                    if key == step.as_bytes() {
                        return self.locate(rest);
                    }
                    self.skip()?;
                    self.comma();
                }
            }
            b'[' => {
                self.at += 1;
                let mut left: usize = step.parse().ok()?;
                while left > 0 {
                    self.skip()?;
                    self.comma();
                    left -= 1;
                }
                self.space();
                (self.bytes.get(self.at)? != &b']').then_some(())?;
                self.locate(rest)
            }
            _ => None,
        }
    }

    fn space(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn comma(&mut self) {
        self.space();
        if self.bytes.get(self.at) == Some(&b',') {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Option<&'t [u8]> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            match self.bytes.get(at)? {
                b'\\' => at += 2,
                b'"' => break,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        let bytes: &'t [u8] = self.bytes;
        bytes.get(start..at)
    }

    /// Passes over one value without looking into it.
    fn skip(&mut self) -> Option<()> {
        self.space();
        let mut depth = 0_usize;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    if depth == 0 {
                        return Some(());
                    }
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return Some(()),
                _ => self.at += 1,
            }
            if depth == 0 && matches!(self.bytes.get(self.at)?, b',' | b'}' | b']') {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::note::Level;
    use super::super::time::default_zone;
    use super::*;

    fn notes_of(text: &str) -> Vec<String> {
        read(text.as_bytes(), &default_zone()).expect("it can be read").1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_wrong_part_is_dropped_and_named_and_the_rest_is_read() {
        let text = "{\"visit_id\": \"V1\",\n \"labs\": [ {\"item\": \"血钾\", \"value\": 6.8},\n {\"item\": \"血钠\", \"value\": \"140\"} ],\n \"documents\": [ {\"id\": \"d1\", \"text\": \"主诉\", \"event_at\": \"昨天\"},\n {\"title\": \"无编号\"} ] }";
        let (visit, notes) = read(text.as_bytes(), &default_zone()).expect("it can be read");
        assert_eq!(visit.labs.as_ref().map(Vec::len), Some(2));
        assert_eq!(visit.documents.len(), 1);
        let errors: Vec<(&str, Option<usize>)> =
            notes.iter().filter(|note| note.level == Level::Error).map(|note| (note.path.as_str(), note.line)).collect();
        assert!(errors.contains(&("/labs/0/value", Some(2))), "{notes:?}");
        assert!(errors.contains(&("/documents/0/event_at", Some(4))), "{notes:?}");
        assert!(errors.iter().any(|(path, line)| path.starts_with("/documents/1") && *line == Some(5)), "{notes:?}");
    }

    #[test]
    fn what_cannot_be_read_names_its_place() {
        let zone = default_zone();
        assert!(matches!(read(b"{\"visit_id\": \"V1\",\n\"documents\": [", &zone), Err(JsonError::Syntax { line: 2, .. })));
        assert!(matches!(read(b"[]", &zone), Err(JsonError::Visit { .. })));
        assert!(matches!(read(b"{\"documents\": []}", &zone), Err(JsonError::Visit { .. })));
        assert!(matches!(read(b"{\"visit_id\": \"V\", \"documents\": 3}", &zone), Err(JsonError::Visit { .. })));
        assert!(matches!(read(b"{\"visit_id\": \"\xff\"}", &zone), Err(JsonError::NotUtf8 { at: 14 })));
        let bomb = "[".repeat(100_000);
        assert!(matches!(read(bomb.as_bytes(), &zone), Err(JsonError::Syntax { .. })));
    }

    #[test]
    fn unknown_fields_zoneless_times_and_repeated_ids_are_noted_once() {
        let text = "{\"visit_id\":\"V\",\"documents\":[{\"id\":\"a\",\"text\":\"x\",\"colour\":1,\"event_at\":\"2026-03-01T09:30\"},\n{\"id\":\"a\",\"text\":\"y\",\"colour\":2}]}";
        let notes = notes_of(text);
        assert_eq!(notes.iter().filter(|note| note.contains("colour")).count(), 1, "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("/documents/0/event_at") && note.contains("时区")), "{notes:?}");
        assert!(notes.iter().any(|note| note.starts_with("第2行") && note.contains("重复")), "{notes:?}");
    }

    #[test]
    fn a_foreign_offset_becomes_hospital_time() {
        let text = r#"{"visit_id":"V","documents":[],"admission":{"admitted_at":"2026-03-01T01:30:00Z"}}"#;
        let (visit, notes) = read(text.as_bytes(), &default_zone()).expect("it can be read");
        assert_eq!(visit.admission.admitted_at.map(|at| at.to_string()).as_deref(), Some("2026-03-01 09:30"));
        assert_eq!(notes, []);
        assert!(serde_json::to_string(&visit).expect("it serialises").contains("2026-03-01T09:30:00+08:00"));
    }
}
