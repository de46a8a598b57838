//! [`Reader`]: reads a visit's documents and the text fields of its structured data into passages.

use std::sync::{Arc, LazyLock, OnceLock};

use regex::Regex;

use super::cache::ReadingCache;
use super::context::ContextPack;
use super::documents::{DocumentTable, SectionSet};
use super::lexicon::{ConceptKind, Lexicon};
use super::mentions::{self, Source, mentions};
use super::text::{CleanText, Span};
use super::{Assertion, DataSource, DocumentReading, Origin, Passage, Reading, measures, sections, sentences, times};
use crate::data::{DataFile, DataFolder};
use crate::problem::Problem;
use crate::record::{Document, DocumentKind, Visit};

/// Lexicon, trigger words and document table, loaded once.
#[derive(Debug)]
pub struct Reader {
    lexicon: Lexicon,
    context: ContextPack,
    documents: DocumentTable,
}

/// Where a stored text stands.
#[derive(Clone, Copy)]
struct Place {
    document: usize,
    kind: DocumentKind,
    section: Option<usize>,
}

impl Reader {
    /// Loads everything that reading needs; the error lists every mistake in the data with file and line.
    pub fn new(folder: &DataFolder) -> Result<Self, Vec<Problem>> {
        let file = |path: &str| -> Result<DataFile, Vec<Problem>> {
            folder
                .file(path)
                .cloned()
                .ok_or_else(|| vec![Problem { file: path.to_owned(), line: 1, text: "this file is missing".to_owned() }])
        };
        let documents = DocumentTable::parse(&file("documents.toml")?).map_err(|problem| vec![problem])?;
        let context = ContextPack::parse(&file("context.toml")?, &documents).map_err(|problem| vec![problem])?;
        Ok(Self { lexicon: Lexicon::load(folder)?, context, documents })
    }

    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    pub fn documents(&self) -> &DocumentTable {
        &self.documents
    }

    /// Reads everything that has text. Never fails: a document without text has no passages.
    pub fn read(&self, visit: &Visit) -> Reading {
        let documents = visit.documents.iter().enumerate().map(|(index, document)| self.read_document(index, document)).collect();
        Reading { documents, data: self.read_data(visit) }
    }

    /// Reads a visit of which documents may be known already.
    pub fn read_anew(&self, visit: &Visit, cache: &ReadingCache) -> Reading {
        let documents = visit.documents.iter().enumerate();
        let documents = documents.map(|(index, document)| cache.get(index, document, || self.read_document(index, document))).collect();
        Reading { documents, data: self.read_data(visit) }
    }

    /// Reads one document of a visit again whose other documents are as they were; a new document comes last.
    pub fn read_again(&self, reading: &mut Reading, index: usize, document: &Document) {
        let read = self.read_document(index, document);
        match reading.documents.get_mut(index) {
            Some(known) => *known = read,
            None => reading.documents.push(read),
        }
    }

    /// What a document is: its kind as sent, else by its title; `other` says no more than a title does.
    pub fn kind_of(&self, document: &Document) -> DocumentKind {
        let by_title = || document.title.as_deref().and_then(|title| self.documents.kind_of_title(title));
        document.kind.filter(|kind| *kind != DocumentKind::Other).or_else(by_title).unwrap_or(DocumentKind::Other)
    }

    fn read_document(&self, index: usize, document: &Document) -> DocumentReading {
        let kind = self.kind_of(document);
        let mut passages = Vec::new();
        let place = |section: Option<usize>| Place { document: index, kind, section };
        match &document.sections {
            Some(list) => {
                for (number, section) in list.iter().enumerate() {
                    let name = self.documents.section_of_heading(&section.name).unwrap_or_else(|| Arc::from(section.name.trim()));
                    self.read_sections(place(Some(number)), &name, &section.text, &mut passages);
                }
            }
            None => self.read_sections(place(None), &Arc::from(""), document.text.as_deref().unwrap_or(""), &mut passages),
        }
        let title = document.title.clone().unwrap_or_else(|| kind.chinese().to_owned());
        let number = |name: &str| self.documents.section_number(name);
        let sections: Vec<[u8; 2]> =
            passages.iter().map(|passage| [number(&passage.section), passage.within.as_deref().map_or(0, number)]).collect();
        let mut held = SectionSet::default();
        sections.iter().flatten().for_each(|section| held.add(*section));
        let time = document.event_at.or(document.created_at).or(document.signed_at);
        DocumentReading { index, kind, title, time, passages, entries: entries(kind, document), sections, held }
    }

    /// Splits one stored text at the headings inside it and reads each part.
    fn read_sections(&self, place: Place, name: &Arc<str>, text: &str, passages: &mut Vec<Arc<Passage>>) {
        if text.trim().is_empty() {
            return;
        }
        let clean = CleanText::new(text);
        let found = match place.section {
            Some(_) => sections::split_stored(clean.as_str(), &self.documents, name),
            None => sections::split(clean.as_str(), &self.documents),
        };
        for part in &found {
            let range = clean.original_range(Span::new(part.start, part.end));
            let origin = Origin::Document { document: place.document, section: place.section, base: range.start };
            let own = if found.len() == 1 && range == (0..text.len()) { clean.clone() } else { CleanText::new(&text[range]) };
            let part_name = part.name.as_ref().unwrap_or(name).clone();
            passages.push(Arc::new(self.read_passage(origin, Some(place.kind), part_name, part.within.clone(), own)));
        }
    }

    /// Reads one text as a section of that name in a document of that kind: for checks while someone writes, and for tests.
    pub fn read_text(&self, kind: Option<DocumentKind>, section: &str, text: &str) -> Passage {
        let origin = Origin::Document { document: 0, section: None, base: 0 };
        self.read_passage(origin, kind, Arc::from(section), None, CleanText::new(text))
    }

    /// What the passage says of words that are no lexicon terms, as if each were a term of that kind.
    pub fn assertions(&self, passage: &Passage, words: &[Span], kind: ConceptKind) -> Vec<Assertion> {
        mentions::assertions(passage, words, kind, &self.lexicon, &self.context)
    }

    fn read_passage(
        &self,
        origin: Origin,
        kind: Option<DocumentKind>,
        section: Arc<str>,
        within: Option<Arc<str>>,
        text: CleanText,
    ) -> Passage {
        let sentences = sentences::sentences(text.as_str());
        let clauses = sentences::clauses(text.as_str(), &sentences);
        let times = times::times(text.as_str());
        let mut measures = measures::measures(text.as_str());
        let source =
            Source { text: text.as_str(), document: kind, section: &section, sentences: &sentences, clauses: &clauses, times: &times };
        let mentions = mentions(&source, &self.lexicon, &self.context, &mut measures);
        Passage {
            origin,
            section,
            within,
            text,
            sentences,
            clauses,
            mentions,
            times,
            measures,
            seen: OnceLock::new(),
            letters: OnceLock::new(),
            shingles: OnceLock::new(),
        }
    }

    fn read_data(&self, visit: &Visit) -> Vec<Arc<Passage>> {
        let mut passages = Vec::new();
        let mut add = |source: DataSource, section: &str, pointer: String, text: Option<&str>| {
            if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
                passages.push(Arc::new(self.read_passage(
                    Origin::Data { source, pointer },
                    None,
                    Arc::from(section),
                    None,
                    CleanText::new(text),
                )));
            }
        };
        for (index, diagnosis) in visit.diagnoses.iter().flatten().enumerate() {
            let kind = diagnosis.kind.map_or("诊断", |kind| kind.chinese());
            add(DataSource::Diagnoses, kind, format!("/diagnoses/{index}/name"), diagnosis.name.as_deref());
        }
        for (index, order) in visit.orders.iter().flatten().enumerate() {
            add(DataSource::Orders, "医嘱", format!("/orders/{index}/name"), order.name.as_deref());
        }
        for (index, lab) in visit.labs.iter().flatten().enumerate() {
            add(DataSource::Labs, "检验结果", format!("/labs/{index}/item"), lab.item.as_deref());
        }
        for (index, culture) in visit.cultures.iter().flatten().enumerate() {
            add(DataSource::Cultures, "培养结果", format!("/cultures/{index}/organism"), culture.organism.as_deref());
        }
        for (index, exam) in visit.exams.iter().flatten().enumerate() {
            let name = format!("{}{}报告", exam.site.as_deref().unwrap_or(""), exam.modality.as_deref().unwrap_or("检查"));
            add(DataSource::Exams, &name, format!("/exams/{index}/findings"), exam.findings.as_deref());
            add(DataSource::Exams, &name, format!("/exams/{index}/impression"), exam.impression.as_deref());
        }
        for (index, report) in visit.pathology.iter().flatten().enumerate() {
            add(DataSource::Pathology, "病理报告", format!("/pathology/{index}/diagnosis"), report.diagnosis.as_deref());
        }
        for (index, operation) in visit.operations.iter().flatten().enumerate() {
            add(DataSource::Operations, "手术信息", format!("/operations/{index}/name"), operation.name.as_deref());
        }
        if let Some(page) = &visit.front_page {
            let main = page.main_diagnosis.as_ref().and_then(|diagnosis| diagnosis.name.as_deref());
            add(DataSource::FrontPage, "病案首页", "/front_page/main_diagnosis/name".to_owned(), main);
            for (index, diagnosis) in page.other_diagnoses.iter().flatten().enumerate() {
                add(DataSource::FrontPage, "病案首页", format!("/front_page/other_diagnoses/{index}/name"), diagnosis.name.as_deref());
            }
            let operation = page.main_operation.as_ref().and_then(|operation| operation.name.as_deref());
            add(DataSource::FrontPage, "病案首页", "/front_page/main_operation/name".to_owned(), operation);
            for (index, operation) in page.other_operations.iter().flatten().enumerate() {
                add(DataSource::FrontPage, "病案首页", format!("/front_page/other_operations/{index}/name"), operation.name.as_deref());
            }
            for (index, allergen) in page.allergens.iter().flatten().enumerate() {
                add(DataSource::FrontPage, "病案首页", format!("/front_page/allergens/{index}"), Some(allergen));
            }
            add(DataSource::FrontPage, "病案首页", "/front_page/pathology_diagnosis".to_owned(), page.pathology_diagnosis.as_deref());
            add(DataSource::FrontPage, "病案首页", "/front_page/external_cause".to_owned(), page.external_cause.as_deref());
        }
        for (index, allergy) in visit.patient.allergies.iter().flatten().enumerate() {
            add(DataSource::Patient, "患者信息", format!("/patient/allergies/{index}"), Some(allergy));
        }
        passages
    }
}

/// The dated notes of a course that is kept as one text: lines of date, clock and perhaps a title, of several days. Results that a note lists by their
/// times have words behind them.
fn entries(kind: DocumentKind, document: &Document) -> usize {
    const FEWEST: usize = 3;
    static ENTRY: LazyLock<Regex> = LazyLock::new(|| {
        let time = r"(\d{4}[-年./]\d{1,2}[-月./]\d{1,2})日?[\sT]{0,4}\d{1,2}[:：时]\d{2}分?";
        let title = r"[^\n。,，;；:：]{0,20}(?:记录|查房|小结|病程|首程|日志)";
        Regex::new(&format!(r"(?m)^\s*{time}[ \t　]*(?:{title})?[:：]?\s*$")).expect("it is right")
    });
    if !matches!(kind, DocumentKind::FirstCourse | DocumentKind::DailyCourse | DocumentKind::WardRound) {
        return 0;
    }
    let Some(text) = document.text.as_deref() else { return 0 };
    let days: Vec<&str> = ENTRY.captures_iter(text).filter_map(|found| found.get(1)).map(|day| day.as_str()).collect();
    if days.len() >= FEWEST && days.iter().any(|day| *day != days[0]) { days.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_in_one_piece_is_known_by_the_days_of_its_notes() {
        let of = |kind: DocumentKind, text: &str| entries(kind, &Document { text: Some(text.to_owned()), ..Document::default() });
        let course = "2026-03-02 09:10 首次病程记录\n咳嗽3天。\n2026-03-03 08:30 主治医师查房记录\n平稳。\n2026年3月4日 09:00\n好转。";
        assert_eq!(of(DocumentKind::DailyCourse, course), 3);
        assert_eq!(of(DocumentKind::NursingRecord, course), 0, "its lines are no notes of their own");
        let results =
            "2026-03-04 09:00\n2026-03-02 09:10 血常规:WBC 12.1×10^9/L\n2026-03-03 08:20 生化:钾3.4mmol/L\n2026-03-03 16:40 胸片示右下肺炎";
        assert_eq!(of(DocumentKind::DailyCourse, results), 0, "results by their times are of one note");
        assert_eq!(of(DocumentKind::DailyCourse, "2026-03-03 08:30\n昨日(2026-03-02 21:00)发热。\n平稳。"), 0);
        assert_eq!(of(DocumentKind::DailyCourse, "2026-03-03 08:30 体温38℃\n2026-03-03 12:30 体温37℃\n2026-03-03 16:30 体温36℃"), 0);
    }
}
