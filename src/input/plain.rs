//! Reads plain text: one document, or a whole visit in one file, with Chinese titles and headings.
//!
//! A line that is nothing but a known title starts a document; inside course records a line `2026-03-02 09:10 [title]` starts an entry.
//! Sections are found by the reading layer. 姓名, 性别, 年龄, 科室, 住院号 and 入院时间 are taken over where they are stated with a colon.

use encoding_rs::GB18030;

use crate::reading::documents::DocumentTable;
use crate::reading::text::CleanText;
use crate::reading::times::times;
use crate::reading::{CalendarDate, TimeValue};
use crate::record::note::Note;
use crate::record::{Document, DocumentKind, Instant, Sex, Visit};

/// Bytes as text: UTF-8 where they are valid, else GB18030 (which holds GBK and GB2312).
pub fn decode(bytes: &[u8]) -> (String, Vec<Note>) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text.trim_start_matches('\u{feff}').to_owned(), Vec::new());
    }
    let (text, _, damaged) = GB18030.decode(bytes);
    let mut notes = vec![Note::warning("", None, "按 GB18030 编码读取")];
    if damaged {
        notes.push(Note::error("", None, "含有既非 UTF-8 也非 GB18030 的字节,已用 � 代替"));
    }
    (text.into_owned(), notes)
}

/// Reads a text as a visit. `name` becomes the visit's id where the text names no 住院号.
pub fn read(name: &str, text: &str, table: &DocumentTable) -> Visit {
    let mut visit = Visit { visit_id: name.to_owned(), ..Visit::default() };
    let mut current: Option<Document> = None;
    let mut body = String::new();
    let finish = |current: &mut Option<Document>, body: &mut String, documents: &mut Vec<Document>| {
        let text = std::mem::take(body);
        match current.take() {
            Some(mut document) => {
                document.text = Some(text);
                documents.push(document);
            }
            // Text before any title is a document of its own when it says something.
            None if !text.trim().is_empty() => documents.push(Document {
                id: format!("text-{}", documents.len() + 1),
                kind: guess_kind(&text, table),
                text: Some(text),
                ..Document::default()
            }),
            None => {}
        }
    };
    for line in text.split_inclusive('\n') {
        let in_course = current.as_ref().and_then(|document| document.kind).is_some_and(is_course);
        if let Some((kind, title, at)) = opening(line, in_course, table) {
            finish(&mut current, &mut body, &mut visit.documents);
            let id = format!("text-{}", visit.documents.len() + 1);
            current = Some(Document { id, kind, title: Some(title), event_at: at, ..Document::default() });
            continue;
        }
        body.push_str(line);
    }
    finish(&mut current, &mut body, &mut visit.documents);
    take_header(text, &mut visit);
    visit
}

fn is_course(kind: DocumentKind) -> bool {
    use DocumentKind::{DailyCourse, FirstCourse, PostopCourse, StageSummary, WardRound};
    matches!(kind, DailyCourse | WardRound | FirstCourse | PostopCourse | StageSummary)
}

/// A line that starts a document: its kind, title and time.
fn opening(line: &str, in_course: bool, table: &DocumentTable) -> Option<(Option<DocumentKind>, String, Option<Instant>)> {
    const LONGEST: usize = 40;
    let clean = CleanText::new(line);
    let trimmed = clean.as_str().trim().trim_matches(['=', '-', '#', '*', '【', '】', '[', ']']).trim();
    let count = trimmed.chars().count();
    if count < 2 || count > LONGEST || trimmed.contains(['。', ',', ';']) {
        return None;
    }
    let kind = table.kind_of_title(trimmed);
    let at = leading_time(trimmed);
    match (kind, at) {
        // `手术记录:` alone is a title too, `手术名称:…` is no title at all.
        (Some(kind), at) if !trimmed.trim_end_matches(':').contains(':') || at.is_some() => {
            Some((Some(kind), trimmed.trim_end_matches(':').to_owned(), at))
        }
        (None, Some(at)) if in_course && is_only_time(trimmed) => Some((Some(DocumentKind::DailyCourse), trimmed.to_owned(), Some(at))),
        _ => None,
    }
}

/// The date (and time) that a line begins or ends with.
fn leading_time(line: &str) -> Option<Instant> {
    let expression = times(line)
        .into_iter()
        .find(|time| matches!(time.value, TimeValue::Date(CalendarDate { year: Some(_), month: Some(_), day: Some(_), .. })))?;
    let at_edge = expression.span.start == 0 || expression.span.end as usize == line.len();
    let TimeValue::Date(date) = expression.value else { return None };
    if !at_edge {
        return None;
    }
    instant(date)
}

fn is_only_time(line: &str) -> bool {
    times(line).first().is_some_and(|time| time.span.start == 0 && line[time.span.end as usize..].trim().chars().count() <= 12)
}

fn instant(date: CalendarDate) -> Option<Instant> {
    let day = jiff::civil::Date::new(date.year?, date.month? as i8, date.day? as i8).ok()?;
    Some(match (date.hour, date.minute) {
        (Some(hour), Some(minute)) => Instant::minute(day.at(hour as i8, minute as i8, 0, 0)),
        _ => Instant::day(day),
    })
}

/// What a text without any title is: by its headings.
fn guess_kind(text: &str, table: &DocumentTable) -> Option<DocumentKind> {
    let clean = CleanText::new(text);
    let has =
        |name: &str| crate::reading::sections::split(clean.as_str(), table).iter().any(|section| section.name.as_deref() == Some(name));
    if has("主诉") && has("现病史") {
        return Some(DocumentKind::AdmissionNote);
    }
    if has("病例特点") {
        return Some(DocumentKind::FirstCourse);
    }
    if has("出院诊断") && has("出院医嘱") {
        return Some(DocumentKind::DischargeRecord);
    }
    if has("手术经过") {
        return Some(DocumentKind::OperationRecord);
    }
    None
}

/// Takes over what the head of the text states about the patient.
fn take_header(text: &str, visit: &mut Visit) {
    let clean = CleanText::new(text);
    let head: String = clean.as_str().chars().take(1_500).collect();
    let field = |label: &str| -> Option<String> {
        let at = head.find(&format!("{label}:"))?;
        let rest = head[at + label.len() + 1..].trim_start_matches(' ');
        let value: String = rest.chars().take_while(|character| !character.is_whitespace() && !",;。、".contains(*character)).collect();
        (!value.is_empty()).then_some(value)
    };
    if let Some(id) = field("住院号").or_else(|| field("病案号")) {
        visit.visit_id = id;
    }
    visit.patient.name = field("姓名");
    visit.patient.sex = field("性别").and_then(|sex| match sex.chars().next() {
        Some('男') => Some(Sex::Male),
        Some('女') => Some(Sex::Female),
        _ => None,
    });
    visit.patient.age_text = field("年龄");
    visit.admission.department = field("科室").or_else(|| field("科别"));
    for label in ["入院时间", "入院日期"] {
        if let Some(at) = head.find(&format!("{label}:")) {
            let rest = head[at + label.len() + 1..].trim_start();
            let found = times(rest).into_iter().next().filter(|time| time.span.start == 0);
            if let Some(TimeValue::Date(date)) = found.map(|time| time.value) {
                visit.admission.admitted_at = visit.admission.admitted_at.or_else(|| instant(date));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;

    fn table() -> DocumentTable {
        DocumentTable::parse(DataFolder::embedded().file("documents.toml").expect("it ships")).expect("and is right")
    }

    #[test]
    fn a_whole_visit_in_one_file() {
        let text = "入院记录\n姓名：张某某　性别：女　年龄：62岁\n入院时间：2026-03-01 09:30\n主诉：咳嗽3天。\n现病史：3天前受凉。\n\n首次病程记录\n2026-03-01 11:00\n病例特点：1.老年女性。\n\n病程记录\n2026-03-02 09:10 王某某主任医师查房记录\n患者咳嗽减轻。\n2026-03-03 10:00\n今日无发热。\n";
        let visit = read("file", text, &table());
        let kinds: Vec<Option<DocumentKind>> = visit.documents.iter().map(|document| document.kind).collect();
        use DocumentKind::{AdmissionNote, DailyCourse, FirstCourse, WardRound};
        assert_eq!(
            kinds.iter().flatten().copied().collect::<Vec<_>>(),
            [AdmissionNote, FirstCourse, DailyCourse, DailyCourse, WardRound, DailyCourse]
        );
        assert_eq!(visit.patient.sex, Some(Sex::Female));
        assert_eq!(visit.admission.admitted_at.map(|at| at.to_string()).as_deref(), Some("2026-03-01 09:30"));
        assert!(visit.documents[4].text.as_deref().is_some_and(|text| text.contains("咳嗽减轻")));
    }

    #[test]
    fn a_single_document_without_a_title_is_known_by_its_headings() {
        let visit = read("note", "主诉：腹痛1天\n现病史：1天前出现腹痛。\n既往史：体健。", &table());
        assert_eq!(visit.documents.len(), 1);
        assert_eq!(visit.documents[0].kind, Some(DocumentKind::AdmissionNote));
    }

    #[test]
    fn gb18030_is_detected() {
        let (bytes, _, _) = GB18030.encode("主诉：咳嗽3天");
        let (text, notes) = decode(&bytes);
        assert_eq!(text, "主诉：咳嗽3天");
        assert_eq!(notes.len(), 1);
    }
}
