//! Reads plain text: one document, or a whole visit in one file, with Chinese titles and headings.
//!
//! A line that is nothing but a known title (with a hospital, a department, a person or a time around it) starts a document. Inside course
//! records a line that begins with a date and a time starts an entry, since one physical document often holds the whole course. Sections are
//! found by the reading layer. 姓名, 性别, 年龄, 科别, 住院号 and 入院时间 are taken over where the head of the text states them with a colon,
//! the end of the stay where its discharge record does.

use std::ops::Range;

use crate::reading::documents::DocumentTable;
use crate::reading::sections;
use crate::reading::text::CleanText;
use crate::reading::times::times;
use crate::reading::{CalendarDate, TimeValue};
use crate::record::note::Note;
use crate::record::{Discharge, Document, DocumentKind, Instant, Sex, Visit};

/// Reads a text as a visit. `name` becomes the visit's id where the text names no 住院号.
pub fn read(name: &str, text: &str, table: &DocumentTable) -> (Visit, Vec<Note>) {
    let (visit, notes, _) = read_with_origins(name, text, table);
    (visit, notes)
}

/// The same, and for each document where its text comes from.
pub fn read_with_origins(name: &str, text: &str, table: &DocumentTable) -> (Visit, Vec<Note>, Vec<Origins>) {
    let mut splitter = Splitter {
        table,
        open: None,
        body: String::new(),
        origins: Origins::default(),
        after: After::Blank,
        documents: Vec::new(),
        all_origins: Vec::new(),
        notes: Vec::new(),
    };
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        splitter.line(number + 1, offset, line);
        offset += line.len();
    }
    splitter.finish(true);
    let mut visit = Visit { visit_id: name.to_owned(), documents: splitter.documents, ..Visit::default() };
    take_header(text, &mut visit);
    take_discharge(&mut visit);
    (visit, splitter.notes, splitter.all_origins)
}

/// Where the pieces of a document's text stand in the whole, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    pieces: Vec<Piece>,
    /// Line of its title, else of its first text.
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    at: Range<usize>,
    from: Range<usize>,
    /// Taken over to the letter.
    is_verbatim: bool,
}

impl Origins {
    /// The place in the whole of a range of the document's text. Where a line was not taken over to the letter it is the line.
    pub fn range(&self, range: Range<usize>) -> Option<Range<usize>> {
        let piece = |at: usize| self.pieces.iter().find(|piece| piece.at.contains(&at));
        let start = piece(range.start)?;
        let end = if range.end > range.start { piece(range.end - 1)? } else { start };
        let from = if start.is_verbatim { start.from.start + (range.start - start.at.start) } else { start.from.start };
        let to = if end.is_verbatim { end.from.start + (range.end - end.at.start) } else { end.from.end };
        Some(from..to.max(from))
    }
}

/// What stands before a line.
#[derive(Clone, Copy, PartialEq)]
enum After {
    Blank,
    Text,
    Signature,
}

struct Splitter<'t> {
    table: &'t DocumentTable,
    open: Option<Open>,
    body: String,
    origins: Origins,
    after: After,
    documents: Vec<Document>,
    all_origins: Vec<Origins>,
    notes: Vec<Note>,
}

/// The document being read.
struct Open {
    kind: Option<DocumentKind>,
    title: String,
    at: Option<Instant>,
    line: usize,
}

/// A line that starts a document, and what of it is text already.
struct Opening<'l> {
    kind: Option<DocumentKind>,
    title: String,
    at: Option<Instant>,
    body: &'l str,
}

impl Splitter<'_> {
    fn line(&mut self, number: usize, offset: usize, line: &str) {
        let clean = CleanText::new(line);
        let trimmed = clean.as_str().trim();
        if let Some(opening) = self.opening(trimmed) {
            let body = opening.body;
            self.start(number, opening);
            // The time is taken off, and the rest is normalised: mostly it stands in the line as it is.
            if !body.is_empty() {
                let found = line.rfind(body).map(|start| offset + start..offset + start + body.len());
                let from = found.clone().unwrap_or(offset..offset + line.trim_end().len());
                let end = from.end;
                self.put(number, body, from, found.is_some());
                self.put(number, "\n", end..end, false);
            }
            self.after = After::Text;
            return;
        }
        self.put(number, line, offset..offset + line.len(), true);
        self.after = match trimmed {
            "" => After::Blank,
            _ if is_signature(trimmed) => After::Signature,
            _ => After::Text,
        };
    }

    fn put(&mut self, number: usize, text: &str, from: Range<usize>, is_verbatim: bool) {
        let start = self.body.len();
        self.body.push_str(text);
        self.origins.pieces.push(Piece { at: start..self.body.len(), from, is_verbatim });
        if self.origins.line == 0 && !text.trim().is_empty() {
            self.origins.line = number;
        }
    }

    fn start(&mut self, line: usize, opening: Opening<'_>) {
        let Opening { kind, title, at, body: _ } = opening;
        let is_empty = self.body.trim().is_empty();
        match &mut self.open {
            // 首次病程记录, and on the next line its time.
            Some(open)
                if is_empty
                    && open.at.is_none()
                    && at.is_some()
                    && (title.is_empty() || kind == open.kind && !is_container(&open.title)) =>
            {
                open.at = at;
            }
            // 病程记录 as the heading of the whole course: its entries are the documents.
            Some(open) if is_empty && is_container(&open.title) => self.open = Some(Open { kind, title, at, line }),
            _ => {
                self.finish(false);
                self.open = Some(Open { kind, title, at, line });
            }
        }
    }

    /// Ends the document being read.
    fn finish(&mut self, is_last: bool) {
        let text = std::mem::take(&mut self.body);
        let mut origins = std::mem::take(&mut self.origins);
        if let Some(open) = &self.open {
            origins.line = open.line;
        }
        let is_empty = text.trim().is_empty();
        let id = format!("text-{}", self.documents.len() + 1);
        match self.open.take() {
            Some(open) if is_empty => {
                let title = if open.title.is_empty() { "病程记录" } else { &open.title };
                self.notes.push(Note::warning("", Some(open.line), format!("`{title}` 只有标题,没有内容,未作为文书读取")));
            }
            Some(open) => {
                let title = Some(open.title).filter(|title| !title.is_empty());
                self.documents.push(Document { id, kind: open.kind, title, event_at: open.at, text: Some(text), ..Document::default() });
                self.all_origins.push(origins);
            }
            None if is_empty => {}
            // The name of a hospital and the patient's particulars before the first title are no document.
            None if !is_last && is_letterhead(&text) => {}
            None => {
                let kind = guess_kind(&text, self.table);
                self.documents.push(Document { id, kind, text: Some(text), ..Document::default() });
                self.all_origins.push(origins);
            }
        }
    }

    /// Whether a line starts a document.
    fn opening<'l>(&self, line: &'l str) -> Option<Opening<'l>> {
        const LONGEST_TITLE: usize = 40;
        let line = line.trim_matches(['=', '-', '#', '*', '【', '】', '[', ']', ' ']);
        if line.is_empty() {
            return None;
        }
        let (at, rest) = without_time(line);
        let in_course = self.open.as_ref().is_none_or(|open| open.kind.is_some_and(is_course));
        let is_short = rest.chars().count() <= LONGEST_TITLE && !rest.contains(['。', ',', ';']);
        if is_short && let Some((kind, title)) = self.title(rest, at.is_some()) {
            return Some(Opening { kind: Some(kind), title, at, body: "" });
        }
        let at = at?;
        // From here on only what begins with its time, inside a course.
        if !in_course || !starts_with_time(line) {
            return None;
        }
        let entry = |title: &str, body: &'l str| {
            let known = self.table.title_in(&squeezed(title)).map(|(kind, _)| kind).filter(|kind| is_course(*kind));
            let is_round = title.contains("查房") && ["主任", "主治", "上级", "教授"].iter().any(|word| title.contains(word));
            let kind = known.unwrap_or(if is_round { DocumentKind::WardRound } else { DocumentKind::DailyCourse });
            Some(Opening { kind: Some(kind), title: title.to_owned(), at: Some(at), body })
        };
        if rest.is_empty() {
            return entry("", "");
        }
        if !at.has_time() && self.after != After::Signature {
            return None;
        }
        // 09:10 王某某主任医师查房: the title ends at the colon; 09:10 患者今日…: there is none.
        const LONGEST_ROUND: usize = 20;
        let head = rest.split_once(':').filter(|(head, _)| head.chars().count() <= LONGEST_ROUND && !head.contains(['。', ',', ';']));
        match head {
            Some((head, body)) if head.contains("查房") || self.title(head, true).is_some() => entry(head.trim(), body.trim_start()),
            _ if is_short && rest.contains("查房") && rest.chars().count() <= LONGEST_ROUND => entry(rest, ""),
            _ => entry("", rest),
        }
    }

    /// The kind and the words of a line that is nothing but a title.
    fn title(&self, line: &str, is_dated: bool) -> Option<(DocumentKind, String)> {
        let bare = line.trim_end_matches([':', ' ']);
        let has_colon = bare.len() < line.trim_end().len();
        let squeezed = squeezed(bare);
        let (kind, range) = self.table.title_in(&squeezed)?;
        // 手术记录: inside another document may be a heading of it.
        if has_colon && !is_dated && self.after != After::Blank && self.open.is_some() {
            return None;
        }
        let (before, after) = (squeezed.get(..range.start)?, squeezed.get(range.end..)?);
        (is_before_title(before, kind) && is_after_title(after)).then(|| (kind, bare.trim().to_owned()))
    }
}

/// A hospital, a department, a person or a number before a title; 详见手术记录 is a sentence.
fn is_before_title(before: &str, kind: DocumentKind) -> bool {
    const LONGEST_NAME: usize = 4;
    const SENTENCE: [&str; 16] = ["见", "请", "如", "按", "照", "据", "完善", "书写", "补", "待", "行", "与", "及", "并", "签署", "今"];
    if before.is_empty() {
        return true;
    }
    if SENTENCE.iter().any(|word| before.starts_with(word) || before.ends_with(word)) || before.contains("详见") || before.contains("参见")
    {
        return false;
    }
    let named =
        ["院", "科", "中心", "病区", "室", "组", "师", "授", "主任", "士", "次", "续", "术", "部", "(", ")", "、", ".", ":", "第", "日"];
    let is_numbered = before.bytes().all(|byte| byte.is_ascii_digit());
    is_numbered || named.iter().any(|word| before.ends_with(word)) || is_course(kind) && before.chars().count() <= LONGEST_NAME
}

/// (第2次), (一), 单, 1: what may follow a title.
fn is_after_title(after: &str) -> bool {
    let is_bracketed = after.starts_with('(') && after.ends_with(')');
    after.is_empty() || is_bracketed || matches!(after, "单" | "表" | "书" | "页") || after.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_course(kind: DocumentKind) -> bool {
    use DocumentKind::{DailyCourse, FirstCourse, PostopCourse, StageSummary, WardRound};
    matches!(kind, DailyCourse | WardRound | FirstCourse | PostopCourse | StageSummary)
}

/// The heading of a whole course.
fn is_container(title: &str) -> bool {
    let squeezed = squeezed(title);
    ["病程记录", "日常病程记录", "病程记录单", "病程录"].iter().any(|name| squeezed.ends_with(name)) && !squeezed.contains(['首', '后'])
}

/// 医师签名:张某某, 记录者:李某 or 主治医师:王某 on a line of its own.
fn is_signature(line: &str) -> bool {
    const LONGEST: usize = 30;
    let is_named = ["医师:", "医生:", "记录者:", "记录人:", "签字:", "签名:"].iter().any(|word| line.contains(word));
    line.chars().count() <= LONGEST && (is_named || line.contains("签名")) && !line.contains('。')
}

/// The date (and time) that a line begins or ends with, and the line without it.
fn without_time(line: &str) -> (Option<Instant>, &str) {
    let whole = |time: &crate::reading::TimeExpression| match time.value {
        TimeValue::Date(date) => instant(date),
        _ => None,
    };
    // A title line is short; a long line can only begin with its time.
    const HEAD: usize = 200;
    let head = line.char_indices().nth(HEAD).map_or(line, |(end, _)| &line[..end]);
    let found = times(head);
    if let Some(first) = found.first().filter(|first| first.span.start == 0)
        && let Some(at) = whole(first)
    {
        return (Some(at), line[first.span.end as usize..].trim_start_matches([' ', ',', ':', ')', ']', '】', '-']).trim_end());
    }
    if let Some(last) = found.last().filter(|last| line[last.span.end as usize..].trim_matches([' ', ')', '分']).is_empty())
        && let Some(at) = whole(last)
    {
        let before = line[..last.span.start as usize].trim_end_matches([' ', '(']);
        let before = ["记录时间:", "记录日期:", "时间:", "日期:"].iter().find_map(|label| before.strip_suffix(label)).unwrap_or(before);
        return (Some(at), before.trim_end());
    }
    (None, line)
}

fn starts_with_time(line: &str) -> bool {
    line.starts_with(|first: char| first.is_ascii_digit())
}

fn instant(date: CalendarDate) -> Option<Instant> {
    let day = jiff::civil::Date::new(date.year?, i8::try_from(date.month?).ok()?, i8::try_from(date.day?).ok()?).ok()?;
    let time = match (date.hour, date.minute) {
        (Some(hour), Some(minute)) => jiff::civil::Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok(),
        _ => None,
    };
    Some(time.map_or(Instant::day(day), |time| Instant::minute(day.to_datetime(time))))
}

/// Whether text before the first title only says whose papers these are: every line names a hospital or states particulars.
fn is_letterhead(text: &str) -> bool {
    const PARTICULARS: [&str; 17] = [
        "姓名",
        "性别",
        "年龄",
        "住院号",
        "病案号",
        "科别",
        "科室",
        "床号",
        "病区",
        "民族",
        "职业",
        "婚姻",
        "电话",
        "住址",
        "出生",
        "入院",
        "打印",
    ];
    const NAMES: [&str; 5] = ["医院", "卫生院", "中心", "病历", "病案"];
    let clean = CleanText::new(text);
    clean.as_str().lines().map(squeezed).all(|line| {
        let states = line.contains(':') && PARTICULARS.iter().any(|label| line.contains(label)) && !line.contains('。');
        line.is_empty() || states || NAMES.iter().any(|name| line.ends_with(name))
    })
}

/// What a text without any title is: by its headings.
fn guess_kind(text: &str, table: &DocumentTable) -> Option<DocumentKind> {
    let clean = CleanText::new(text);
    let found = sections::split(clean.as_str(), table);
    let has = |name: &str| found.iter().any(|section| section.name.as_deref() == Some(name));
    if has("主诉") && has("现病史") {
        Some(DocumentKind::AdmissionNote)
    } else if has("病例特点") {
        Some(DocumentKind::FirstCourse)
    } else if has("出院诊断") && has("出院医嘱") {
        Some(DocumentKind::DischargeRecord)
    } else if has("手术经过") {
        Some(DocumentKind::OperationRecord)
    } else {
        None
    }
}

/// Takes over what the head of the text states about the patient.
fn take_header(text: &str, visit: &mut Visit) {
    const HEAD: usize = 1_500;
    let end = text.char_indices().nth(HEAD).map_or(text.len(), |(end, _)| end);
    let clean = CleanText::new(&text[..end]);
    let head = clean.as_str();
    if let Some(id) = ["住院号", "病案号", "住院编号"].iter().find_map(|label| field(head, label)) {
        visit.visit_id = id.to_owned();
    }
    visit.patient.name = field(head, "姓名").map(str::to_owned);
    visit.patient.sex = field(head, "性别").and_then(|sex| match sex.chars().next() {
        Some('男') => Some(Sex::Male),
        Some('女') => Some(Sex::Female),
        _ => None,
    });
    visit.patient.age_text = field(head, "年龄").map(str::to_owned);
    visit.admission.department = field(head, "科别").or_else(|| field(head, "科室")).map(str::to_owned);
    visit.admission.admitted_at = moment(head, &["入院时间", "入院日期"]);
}

/// A file that holds the stay from its first note to its discharge record is of a finished stay, which ended when that record says.
fn take_discharge(visit: &mut Visit) {
    let of_kind = |kinds: &[DocumentKind]| visit.documents.iter().rfind(|document| document.kind.is_some_and(|kind| kinds.contains(&kind)));
    let admitted = of_kind(&[DocumentKind::AdmissionNote, DocumentKind::ReadmissionNote]).is_some();
    let Some(record) = of_kind(&[DocumentKind::DischargeRecord]).filter(|_| admitted) else { return };
    let clean = CleanText::new(record.text.as_deref().unwrap_or(""));
    if let Some(at) = moment(clean.as_str(), &["出院时间", "出院日期"]) {
        visit.discharge = Some(Discharge { discharged_at: Some(at), ..Discharge::default() });
    }
}

/// The moment that the text states behind one of the labels.
fn moment(text: &str, labels: &[&str]) -> Option<Instant> {
    labels.iter().find_map(|label| {
        let stated = after_label(text, label)?;
        let line = stated.split('\n').next()?;
        match times(line).into_iter().next().filter(|time| time.span.start == 0)?.value {
            TimeValue::Date(date) => instant(date),
            _ => None,
        }
    })
}

/// The word after `label:`; none where the next label follows at once.
fn field<'t>(head: &'t str, label: &str) -> Option<&'t str> {
    let stated = after_label(head, label)?;
    let end = stated.find(|character: char| character.is_whitespace() || ",;。、|".contains(character)).unwrap_or(stated.len());
    let word = &stated[..end];
    (!word.is_empty() && !word.contains(':')).then_some(word)
}

/// What follows `label:` in the text; the label's characters may be spaced out (姓 名 :).
fn after_label<'t>(head: &'t str, label: &str) -> Option<&'t str> {
    let first = label.chars().next()?;
    head.match_indices(first).find_map(|(at, _)| {
        let mut rest = &head[at..];
        for character in label.chars() {
            rest = rest.trim_start_matches(' ').strip_prefix(character)?;
        }
        Some(rest.trim_start_matches(' ').strip_prefix(':')?.trim_start_matches(' '))
    })
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::DataFolder;

    fn table() -> DocumentTable {
        DocumentTable::parse(DataFolder::embedded().file("documents.toml").expect("it ships")).expect("and is right")
    }

    /// Kind, time and text of every document.
    fn documents(text: &str) -> Vec<(Option<DocumentKind>, String, String)> {
        let (visit, _) = read("file", text, &table());
        let time = |document: &Document| document.event_at.map(|at| at.to_string()).unwrap_or_default();
        visit.documents.iter().map(|document| (document.kind, time(document), document.text.clone().unwrap_or_default())).collect()
    }

    #[test]
    fn a_whole_visit_in_one_file() {
        let text = "某某市人民医院\n姓名：张某某　性别：女　年龄：62岁　科别：呼吸内科　住院号：ZY1001\n入院记录\n入院时间：2026-03-01 09:30\n主诉：咳嗽3天。\n现病史：3天前受凉。\n\n首次病程记录\n2026-03-01 11:00\n病例特点：1.老年女性。\n\n病程记录\n2026-03-02 09:10 王某某主任医师查房记录\n患者咳嗽减轻。\n医师签名：李某\n2026-03-03 10:00\n今日无发热,详见手术记录\n出院记录\n出院诊断：肺炎。\n";
        use DocumentKind::{AdmissionNote, DailyCourse, DischargeRecord, FirstCourse, WardRound};
        let found = documents(text);
        let kinds: Vec<(DocumentKind, &str)> = found.iter().filter_map(|(kind, at, _)| Some(((*kind)?, at.as_str()))).collect();
        assert_eq!(
            kinds,
            [
                (AdmissionNote, ""),
                (FirstCourse, "2026-03-01 11:00"),
                (WardRound, "2026-03-02 09:10"),
                (DailyCourse, "2026-03-03 10:00"),
                (DischargeRecord, "")
            ]
        );
        assert!(found[1].2.contains("病例特点") && found[2].2.contains("咳嗽减轻"));
        let (visit, notes) = read("file", text, &table());
        assert_eq!(notes, []);
        assert_eq!((visit.visit_id.as_str(), visit.patient.sex), ("ZY1001", Some(Sex::Female)));
        assert_eq!((visit.patient.name.as_deref(), visit.patient.age_text.as_deref()), (Some("张某某"), Some("62岁")));
        assert_eq!(visit.admission.department.as_deref(), Some("呼吸内科"));
        assert_eq!(visit.admission.admitted_at.map(|at| at.to_string()).as_deref(), Some("2026-03-01 09:30"));
    }

    #[test]
    fn a_discharge_record_ends_the_stay() {
        let end =
            |text: &str| read("file", text, &table()).0.discharge.and_then(|discharge| discharge.discharged_at).map(|at| at.to_string());
        let note = "入院记录\n入院时间：2026-03-01 09:30\n主诉：咳嗽3天。\n";
        let record = "出院记录\n入院日期：2026-03-01\n出院日期：2026-03-09\n出院诊断：肺炎。\n";
        assert_eq!(end(&format!("{note}{record}")).as_deref(), Some("2026-03-09"));
        // A stay that goes on, and a record on its own.
        assert_eq!((end(note), end(record)), (None, None));
    }

    #[test]
    fn a_course_is_split_at_every_way_to_write_its_entries() {
        use DocumentKind::{DailyCourse, PostopCourse, WardRound};
        let text = "病程记录\n2026/3/2 9:10\n患者无不适。\n2026年3月3日 10时20分 李某主治医师查房记录\n同意诊断。\n2026.03.04 08:30 患者今日体温正常,继续治疗。\n主治医师查房记录 2026-03-05 09:00\n病情好转。\n签名:王某\n2026-03-06\n一般情况可。\n签名:王某\n2026-03-07 患者诉腹胀。\n2026-03-08 09:00 赵主任查房:病情稳定,可出院。\n术后首次病程记录\n手术顺利。\n";
        let found = documents(text);
        let shown: Vec<(Option<DocumentKind>, &str, &str)> =
            found.iter().map(|(kind, at, text)| (*kind, at.as_str(), text.trim_end())).collect();
        assert_eq!(
            shown,
            [
                (Some(DailyCourse), "2026-03-02 09:10", "患者无不适。"),
                (Some(WardRound), "2026-03-03 10:20", "同意诊断。"),
                (Some(DailyCourse), "2026-03-04 08:30", "患者今日体温正常,继续治疗。"),
                (Some(WardRound), "2026-03-05 09:00", "病情好转。\n签名:王某"),
                (Some(DailyCourse), "2026-03-06", "一般情况可。\n签名:王某"),
                (Some(DailyCourse), "2026-03-07", "患者诉腹胀。"),
                (Some(WardRound), "2026-03-08 09:00", "病情稳定,可出院。"),
                (Some(PostopCourse), "", "手术顺利。"),
            ]
        );
    }

    #[test]
    fn sentences_that_name_a_document_start_none() {
        for line in [
            "详见手术记录",
            "请完善术前讨论记录",
            "2026-03-02 血常规:白细胞正常",
            "患者已签署手术同意书",
            "手术记录:",
            "按照会诊记录",
            "2026-03-02复查CT",
        ] {
            let text = format!("出院记录\n诊疗经过：抗感染治疗。\n{line}\n继续治疗。\n");
            assert_eq!(documents(&text).len(), 1, "{line}");
        }
    }

    #[test]
    fn a_single_document_without_a_title_is_known_by_its_headings() {
        let found = documents("主诉：腹痛1天\n现病史：1天前出现腹痛。\n既往史：体健。");
        assert_eq!(found.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), [Some(DocumentKind::AdmissionNote)]);
    }

    #[test]
    fn a_title_without_text_is_noted() {
        let (visit, notes) = read("file", "手术记录\n\n出院记录\n出院诊断:肺炎", &table());
        assert_eq!(visit.documents.len(), 1);
        assert!(notes[0].line == Some(1) && notes[0].text.contains("手术记录"), "{notes:?}");
    }

    #[test]
    fn fields_are_only_taken_where_they_are_stated() {
        let (visit, _) = read("file", "入院记录\n姓 名: 李某  性别:   年龄:不详\n主诉:头晕", &table());
        assert_eq!((visit.patient.name.as_deref(), visit.patient.sex), (Some("李某"), None));
        let (visit, _) = read("file", "入院记录\n姓名:性别:男\n主诉:头晕", &table());
        assert_eq!((visit.patient.name, visit.patient.sex), (None, Some(Sex::Male)));
    }

    #[test]
    fn every_text_knows_where_it_comes_from() {
        let text = "某某医院\n入院记录\n主诉：咳嗽😀3天。\n病程记录\n2026-03-02 09:10 患者𠮷咳嗽\n签名:王\n";
        let (visit, _, origins) = read_with_origins("file", text, &table());
        assert_eq!((visit.documents.len(), origins.len()), (2, 2));
        for (document, origins) in visit.documents.iter().zip(&origins) {
            let body = document.text.as_deref().unwrap_or("");
            let at = body.find("咳嗽").expect("both have it");
            let found = origins.range(at..at + "咳嗽".len()).expect("it comes from somewhere");
            assert_eq!(&text[found.clone()], "咳嗽");
            assert_eq!(found.start == text.find("咳嗽").expect("it is there"), document.kind == Some(DocumentKind::AdmissionNote));
        }
        assert_eq!(origins.iter().map(|origins| origins.line).collect::<Vec<_>>(), [2, 4]);
    }

    proptest! {
        #[test]
        fn origins_are_verbatim_or_a_line(text in "((入院记录|病程记录|2026-03-02 09:10|2026-03-02 09:10 Ｔ３６咳|主诉:|咳嗽|签名:王|\\PC{0,8}| )\n){0,12}") {
            let (visit, _, all) = read_with_origins("file", &text, &table());
            prop_assert_eq!(visit.documents.len(), all.len());
            for (document, origins) in visit.documents.iter().zip(all) {
                let body = document.text.as_deref().unwrap_or("");
                for (at, character) in body.char_indices() {
                    let found = origins.range(at..at + character.len_utf8()).expect("everything comes from somewhere");
                    prop_assert!(text.get(found.clone()).is_some());
                    // A normalised line is only known as a whole.
                    let is_known = found.len() > character.len_utf8() || found.is_empty();
                    prop_assert!(is_known || text[found].starts_with(character));
                }
            }
        }

        #[test]
        fn no_line_of_text_is_lost(text in "((入院记录|病程记录|2026-03-02 09:10|主诉:|咳嗽|签名:王|\\PC{0,8}| )\n){0,12}") {
            let (visit, _) = read("file", &text, &table());
            let kept: String = visit.documents.iter().filter_map(|document| document.text.as_deref()).collect();
            prop_assert_eq!(kept.matches("咳嗽").count(), text.matches("咳嗽").count());
        }
    }
}
