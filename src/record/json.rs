//! Reads the native format. One strict pass for input that is right; where it is not, a second pass leaves out the smallest wrong part
//! (one field, one element of one list) and says with path and line what was left out.

mod places;
mod recover;

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::note::Note;
use super::time::in_zone;
use super::visit::{SCHEMA, Visit};
use places::{Place, escaped, places, times_without_zone};
use recover::{Dropped, Sieve};

/// Why nothing could be read. Lines and columns count from 1, columns in bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("第{line}行第{column}列{}: 不是完整的 JSON: {text}", shown(path))]
    Syntax { line: usize, column: usize, path: String, text: String },
    #[error("第{line}行第{column}列{}: {text}", shown(path))]
    Visit { line: usize, column: usize, path: String, text: String },
    #[error("第{line}行,字节 {at} 处不是 UTF-8")]
    NotUtf8 { line: usize, at: usize },
}

fn shown(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" {path}") }
}

/// Reads one visit.
pub fn read(bytes: &[u8], zone: &TimeZone) -> Result<(Visit, Vec<Note>), JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        JsonError::NotUtf8 { line: 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count(), at }
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let mut notes = Vec::new();
    let mut unknown = Unknown::default();
    let (result, mut without_zone) = in_zone(zone, || {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let visit: Result<Visit, serde_json::Error> = serde_ignored::deserialize(&mut deserializer, |path| unknown.see_path(&path, ""));
        visit.and_then(|visit| deserializer.end().map(|()| visit))
    });
    let mut dropped = Dropped::default();
    let visit = match result {
        Ok(visit) => visit,
        Err(error) => {
            unknown = Unknown::default();
            let visit;
            (visit, dropped, without_zone) = recovered(text, zone, &error, &mut notes, &mut unknown)?;
            visit
        }
    };
    for (name, path) in unknown.first {
        notes.push(Note::warning(path, None, format!("未知字段 `{name}`,已忽略")));
    }
    note_missing_zones(text, zone, without_zone, &mut notes);
    note_problems(&visit, &dropped, &mut notes);
    add_lines(text, &mut notes);
    Ok((visit, notes))
}

/// Reads what can be read of JSON that the strict pass refused with `refusal`.
fn recovered(
    text: &str,
    zone: &TimeZone,
    refusal: &serde_json::Error,
    notes: &mut Vec<Note>,
    unknown: &mut Unknown,
) -> Result<(Visit, Dropped, usize), JsonError> {
    let value: Value = serde_json::from_str(text).map_err(|error| syntax(text, &error))?;
    let wrong = |path: &str, why: &str| {
        let Place { line, column } = places(text, &[path]).pop().flatten().unwrap_or(Place { line: 1, column: 1 });
        JsonError::Visit { line, column, path: path.to_owned(), text: why.to_owned() }
    };
    let Value::Object(mut root) = value else { return Err(wrong("", "应为一个对象(一次住院)")) };
    let visit_id = match root.shift_remove("visit_id") {
        Some(Value::String(visit_id)) => visit_id,
        Some(_) => return Err(wrong("/visit_id", "visit_id 应为文字")),
        None => return Err(wrong("", "缺少 visit_id")),
    };
    match root.get("documents") {
        Some(Value::Array(_)) => {}
        Some(_) => return Err(wrong("/documents", "documents 应为列表")),
        None => return Err(wrong("", "缺少 documents")),
    }
    let mut sieve = Sieve { notes, unknown, lost: 0, dropped: Dropped::default() };
    let (visit, without_zone) = in_zone(zone, || sieve.visit(visit_id, root));
    let Sieve { notes, lost, dropped, .. } = sieve;
    if lost == 0 {
        // What the strict pass refuses and this one doesn't see is a field that stands twice: the last one was taken.
        notes.push(Note::error("", Some(refusal.line()), without_position(&refusal.to_string()).replace("duplicate field", "重复的字段")));
    }
    Ok((visit, dropped, without_zone))
}

/// The error of a parser, with the path that it had come to.
fn syntax(text: &str, error: &serde_json::Error) -> JsonError {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let path = match serde_path_to_error::deserialize::<_, Value>(&mut deserializer) {
        Ok(_) => String::new(),
        Err(error) => error.path().iter().filter_map(step).collect(),
    };
    JsonError::Syntax { line: error.line(), column: error.column(), path, text: without_position(&error.to_string()).to_owned() }
}

fn step(segment: &serde_path_to_error::Segment) -> Option<String> {
    use serde_path_to_error::Segment;
    match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", escaped(key))),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// serde_json's message without its ` at line 3 column 7`.
fn without_position(message: &str) -> &str {
    message.rfind(" at line ").map_or(message, |end| &message[..end])
}

/// Unknown fields: the first place of each name.
#[derive(Debug, Default)]
struct Unknown {
    seen: HashSet<String>,
    first: Vec<(String, String)>,
}

impl Unknown {
    /// Names noted one by one; an input with more is no visit format that a person wrote.
    const MOST: usize = 100;

    fn see(&mut self, name: &str, path: impl FnOnce() -> String) {
        if self.seen.len() < Self::MOST && !self.seen.contains(name) {
            self.seen.insert(name.to_owned());
            self.first.push((name.to_owned(), path()));
        }
    }

    fn see_path(&mut self, path: &serde_ignored::Path<'_>, base: &str) {
        if let serde_ignored::Path::Map { key, .. } = path {
            self.see(key, || format!("{base}{}", pointer(path)));
        }
    }
}

fn pointer(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}/{index}", pointer(parent)),
        Path::Map { parent, key } => format!("{}/{}", pointer(parent), escaped(key)),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => pointer(parent),
    }
}

/// Notes of one kind that are listed one by one.
const MOST_OF_A_KIND: usize = 20;

/// Names the first times that say no zone.
fn note_missing_zones(text: &str, zone: &TimeZone, count: usize, notes: &mut Vec<Note>) {
    if count == 0 {
        return;
    }
    let minutes = zone.to_offset(Timestamp::UNIX_EPOCH).seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let said = format!("时间没有时区,按 {sign}{:02}:{:02} 理解", minutes.abs() / 60, minutes.abs() % 60);
    let found = times_without_zone(text, MOST_OF_A_KIND.min(count));
    if count > found.len() {
        notes.push(Note::warning("", None, format!("共{count}处{said}")));
    }
    notes.extend(found.into_iter().map(|path| Note::warning(path, None, said.clone())));
}

/// Repeated ids, an unknown schema, a visit or a document without what makes it one.
fn note_problems(visit: &Visit, dropped: &Dropped, notes: &mut Vec<Note>) {
    if let Some(schema) = visit.schema.as_deref().filter(|schema| *schema != SCHEMA) {
        notes.push(Note::warning("/schema", None, format!("schema 为 `{schema}`,按 {SCHEMA} 读取")));
    }
    if visit.visit_id.trim().is_empty() {
        notes.push(Note::error("/visit_id", None, "visit_id 为空"));
    }
    let without_text = visit.documents.iter().enumerate().filter(|(_, document)| document.sections.is_none() && document.text.is_none());
    notes.extend(without_text.take(MOST_OF_A_KIND).map(|(index, _)| {
        let path = format!("/documents/{}", dropped.number_in_text("documents", index));
        Note::warning(path, None, "文书没有 sections 也没有 text")
    }));
    note_repeated(dropped, notes, "documents", Some(&visit.documents), |document| Some(&document.id));
    note_repeated(dropped, notes, "staff", visit.staff.as_deref(), |staff| Some(&staff.id));
    note_repeated(dropped, notes, "orders", visit.orders.as_deref(), |order| order.id.as_deref());
    note_repeated(dropped, notes, "labs", visit.labs.as_deref(), |lab| lab.id.as_deref());
    note_repeated(dropped, notes, "cultures", visit.cultures.as_deref(), |culture| culture.id.as_deref());
    note_repeated(dropped, notes, "exams", visit.exams.as_deref(), |exam| exam.id.as_deref());
    note_repeated(dropped, notes, "pathology", visit.pathology.as_deref(), |report| report.id.as_deref());
    note_repeated(dropped, notes, "critical_values", visit.critical_values.as_deref(), |value| value.id.as_deref());
    note_repeated(dropped, notes, "operations", visit.operations.as_deref(), |operation| operation.id.as_deref());
    note_repeated(dropped, notes, "transfusions", visit.transfusions.as_deref(), |transfusion| transfusion.id.as_deref());
    note_repeated(dropped, notes, "consults", visit.consults.as_deref(), |consult| consult.id.as_deref());
    note_repeated(dropped, notes, "rescues", visit.rescues.as_deref(), |rescue| rescue.id.as_deref());
}

/// An error for every id that another element of the list already has.
fn note_repeated<'v, T>(
    dropped: &Dropped,
    notes: &mut Vec<Note>,
    list: &str,
    elements: Option<&'v [T]>,
    id: impl Fn(&'v T) -> Option<&'v str>,
) {
    let mut seen = HashSet::new();
    let ids = elements.unwrap_or_default().iter().enumerate().filter_map(|(index, element)| Some((index, id(element)?)));
    let repeated = ids.filter(|(_, id)| !seen.insert(*id));
    let said = repeated.map(|(index, id)| {
        Note::error(format!("/{list}/{}/id", dropped.number_in_text(list, index)), None, format!("{list} 的编号 `{id}` 重复"))
    });
    notes.extend(said.take(MOST_OF_A_KIND));
}

/// Gives every note that has a path its line.
fn add_lines(text: &str, notes: &mut [Note]) {
    if notes.is_empty() {
        return;
    }
    let pointers: Vec<&str> = notes.iter().map(|note| note.path.as_str()).collect();
    let found = places(text, &pointers);
    for (note, place) in notes.iter_mut().zip(found) {
        if !note.path.is_empty() {
            note.line = place.map(|place| place.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant as Clock;

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
        assert!(matches!(read(b"{\"visit_id\": \"\xff\"}", &zone), Err(JsonError::NotUtf8 { at: 14, .. })));
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

    fn errors_of(text: &str) -> Vec<(String, Option<usize>)> {
        let (_, notes) = read(text.as_bytes(), &default_zone()).expect("it can be read");
        notes.into_iter().filter(|note| note.level == Level::Error).map(|note| (note.path, note.line)).collect()
    }

    #[test]
    fn only_the_wrong_part_is_lost() {
        let read = |text: &str| read(text.as_bytes(), &default_zone()).expect("it can be read").0;
        let visit = read(
            r#"{"visit_id":"V","documents":[{"id":"a","signatures":[{"at":"上午"},{"staff":"D1"},{"staff":2}],"text":"x"}],"patient":{"sex":"M","name":"张某"},"orders":"无"}"#,
        );
        let signatures = visit.documents[0].signatures.as_deref().expect("they stay");
        assert_eq!((signatures.len(), signatures[1].staff.as_deref()), (3, Some("D1")));
        assert_eq!((visit.patient.sex, visit.patient.name.as_deref()), (None, Some("张某")));
        assert_eq!(visit.orders, None, "not sent is not the same as none");
    }

    #[test]
    fn notes_name_places_of_the_text_even_behind_lost_parts() {
        let text = "{\"visit_id\":\"V\",\"documents\":[\n{\"title\":\"无编号\"},\n{\"id\":\"a\",\"sections\":[{\"name\":1,\"text\":\"\"},\n{\"name\":\"主诉\",\"text\":2}]},\n{\"id\":\"a\",\"text\":\"\"}]}";
        let errors = errors_of(text);
        let has = |path: &str, line: usize| errors.iter().any(|(known, at)| known == path && *at == Some(line));
        assert!(has("/documents/0", 2), "{errors:?}");
        assert!(has("/documents/1/sections/0/name", 3), "{errors:?}");
        assert!(has("/documents/1/sections/1/text", 4), "{errors:?}");
        assert!(has("/documents/2/id", 5), "{errors:?}");
    }

    #[test]
    fn a_field_that_stands_twice_is_noted() {
        let errors = notes_of("{\"visit_id\":\"A\",\n\"visit_id\":\"B\",\"documents\":[]}");
        assert!(errors.iter().any(|note| note.contains("重复的字段 `visit_id`")), "{errors:?}");
    }

    #[test]
    fn messages_are_chinese_and_say_what_would_be_right() {
        let text = r#"{"visit_id":"V","documents":[{"id":"a","text":"x","kind":"入院记录","event_at":"昨天","draft":"是"}],"labs":[{"value":6.8}]}"#;
        let notes = notes_of(text).join("\n");
        for words in
            ["未知取值 `入院记录`,可用: `front_page`", "`昨天` 不是时间", "应为 true 或 false", "类型不符: 为 小数 `6.8`, 应为 文字"]
        {
            assert!(notes.contains(words), "{words} in {notes}");
        }
    }

    #[test]
    fn truncated_text_names_path_line_and_column() {
        let error = read(b"{\"visit_id\":\"V\",\n\"documents\":[{\"id\":\"a\",\"text\":\"x", &default_zone()).expect_err("it is cut off");
        let JsonError::Syntax { line: 2, column, path, .. } = error else { panic!("{error:?}") };
        assert!(column > 20 && path == "/documents/0/text", "{column} {path}");
    }

    #[test]
    fn many_mistakes_take_no_time() {
        let bad = "{\"id\":1,\"text\":2},".repeat(50_000);
        let text = format!("{{\"visit_id\":\"V\",\"documents\":[{}]}}", bad.trim_end_matches(','));
        let start = Clock::now();
        let (visit, notes) = read(text.as_bytes(), &default_zone()).expect("it can be read");
        assert!(visit.documents.is_empty() && notes.len() < 300, "{}", notes.len());
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn a_name_that_only_begins_like_a_time_is_no_trouble() {
        let text = "{\"visit_id\":\"V\",\"documents\":[],\"as_of\":\"2026-03-01T09:30\",\"hospital\":\"2026-03-01T09:3é院\"}";
        assert_eq!(notes_of(text).len(), 1);
    }
}
