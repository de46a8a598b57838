//! What must never happen, each with a test that would notice it.

use std::path::Path;

use bingli::data::DataFolder;
use bingli::input::Opener;
use bingli::record::time::default_zone;
use bingli::record::{Section, Visit};
use bingli::report::{Options, Report, Sheets, check};
use bingli::rules::{Rulebook, Status};

struct House {
    rulebook: Rulebook,
    sheets: Sheets,
}

fn house() -> House {
    let folder = DataFolder::embedded();
    let rulebook = Rulebook::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
    House { rulebook, sheets: Sheets::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}")) }
}

impl House {
    fn report(&self, visit: &Visit, sheet: &str) -> Report {
        let now = jiff::civil::date(2026, 11, 24).at(0, 0, 0, 0);
        check(
            visit,
            Vec::new(),
            &self.rulebook,
            Options { sheet: self.sheets.sheet(sheet).expect("the sheet ships"), phase: None, at: None, now },
        )
    }

    fn corpus(&self) -> Vec<Visit> {
        let zone = default_zone();
        let opener = Opener { zone: &zone, table: self.rulebook.knowledge.documents() };
        let mut visits = Vec::new();
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora/train")).expect("the corpus is there") {
            let path = entry.expect("an entry").path();
            let name = path.to_string_lossy().into_owned();
            if name.ends_with(".json") && !name.ends_with(".gold.json") {
                let (visit, notes) =
                    opener.visit(&name, &std::fs::read(&path).expect("it can be read")).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(notes.is_empty(), "{name}: {notes:?}");
                visits.push(visit);
            }
        }
        assert!(visits.len() >= 12);
        visits
    }
}

/// The text that a quotation's offsets count in.
fn source<'v>(visit: &'v Visit, document: &str, section: Option<&str>) -> Vec<&'v str> {
    let record = visit.documents.iter().find(|record| record.id == document).expect("evidence names a document");
    match section {
        Some(name) => {
            record.sections.iter().flatten().filter(|section| section.name == name).map(|section| section.text.as_str()).collect()
        }
        None => record.text.as_deref().into_iter().collect(),
    }
}

fn assert_quotes(visit: &Visit, report: &Report) {
    for finding in &report.findings {
        assert!(!finding.basis.is_empty(), "{}", finding.rule);
        assert!(
            !finding.evidence.is_empty() || !finding.data.is_empty() || !finding.searched.is_empty(),
            "{} proves nothing",
            finding.rule
        );
        assert!(!finding.message.contains('{'), "{}: {}", finding.rule, finding.message);
        for quotation in &finding.evidence {
            let stands = source(visit, &quotation.document, quotation.section.as_deref()).into_iter().any(|text| {
                let scalars: String = text.chars().skip(quotation.start).take(quotation.end - quotation.start).collect();
                let units: Vec<u16> =
                    text.encode_utf16().skip(quotation.start_utf16).take(quotation.end_utf16 - quotation.start_utf16).collect();
                scalars == quotation.quote && String::from_utf16_lossy(&units) == quotation.quote
            });
            assert!(stands, "{}: {quotation:?}", finding.rule);
        }
    }
}

#[test]
fn every_finding_quotes_its_evidence_verbatim() {
    let house = house();
    for visit in house.corpus() {
        assert_quotes(&visit, &house.report(&visit, "default"));
    }
}

#[test]
fn offsets_stay_exact_behind_surrogate_pairs_and_invisible_characters() {
    let house = house();
    for mut visit in house.corpus() {
        for section in visit.documents.iter_mut().flat_map(|document| document.sections.iter_mut().flatten()) {
            section.text.insert_str(0, "😀\u{200b}𠮷。");
        }
        let report = house.report(&visit, "default");
        assert_quotes(&visit, &report);
    }
}

#[test]
fn a_fingerprint_survives_edits_elsewhere() {
    let house = house();
    for visit in house.corpus() {
        let before = house.report(&visit, "default");
        let mut edited = visit.clone();
        edited.documents.insert(
            0,
            bingli::record::Document {
                id: "inserted".to_owned(),
                kind: Some(bingli::record::DocumentKind::Other),
                sections: Some(vec![Section { name: "说明".to_owned(), text: "无关内容。".to_owned() }]),
                ..Default::default()
            },
        );
        let after = house.report(&edited, "default");
        for finding in before.findings.iter().filter(|finding| !finding.evidence.is_empty()) {
            assert!(after.findings.iter().any(|other| other.id == finding.id), "{} {}", finding.rule, finding.id);
        }
    }
}

#[test]
fn parallel_and_serial_agree() {
    let house = house();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
    for visit in house.corpus() {
        let serial = one.install(|| house.report(&visit, "default"));
        let parallel = three.install(|| house.report(&visit, "default"));
        assert_eq!(serde_json::to_string(&serial).expect("JSON"), serde_json::to_string(&parallel).expect("JSON"));
    }
}

#[test]
fn a_single_document_is_no_record_with_everything_missing() {
    let house = house();
    for visit in house.corpus() {
        let mut alone = visit.clone();
        alone.documents.truncate(1);
        let report = house.report(&alone, "default");
        let missing: Vec<&str> = report
            .findings
            .iter()
            .filter(|finding| finding.defect.starts_with('T') && finding.message.contains("未见"))
            .map(|finding| finding.rule.as_str())
            .collect();
        // Filing and the front page are told by the structured data, not by documents.
        assert!(
            missing
                .iter()
                .all(|rule| matches!(*rule, "archive-2-working-days" | "front-page-24h" | "consult-routine-24h" | "consult-urgent-10min")),
            "{missing:?}"
        );
    }
}

#[test]
fn grades_come_from_the_sheet_alone() {
    let house = house();
    let mut differs = false;
    for visit in house.corpus() {
        let grades: Vec<String> =
            house.sheets.sheets.iter().filter_map(|sheet| house.report(&visit, &sheet.id).score.map(|score| score.grade)).collect();
        assert_eq!(grades.len(), house.sheets.sheets.len());
        differs |= grades.iter().any(|grade| *grade != grades[0]);
    }
    assert!(differs, "six sheets with different arithmetic never differ");
}

#[test]
fn repairing_the_named_findings_reaches_the_first_grade() {
    let house = house();
    for visit in house.corpus() {
        let report = house.report(&visit, "default");
        let score = report.score.expect("a score");
        assert_eq!(score.grade == "甲", score.to_grade_a.is_empty(), "{}", visit.visit_id);
        assert!(score.to_grade_a.iter().all(|id| report.findings.iter().any(|finding| finding.id == *id)));
    }
}

#[test]
fn clean_visits_are_clean_and_gold_defects_are_found() {
    use bingli::measure::gold::{Gold, GoldCount};
    let house = house();
    let mut count = GoldCount::default();
    for visit in house.corpus() {
        let report = house.report(&visit, "default");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora/train");
        let gold = std::fs::read_dir(&folder)
            .expect("the corpus is there")
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
            .filter_map(|text| serde_json::from_str::<Gold>(&text).ok())
            .find(|gold| gold.visit_id == visit.visit_id)
            .unwrap_or_else(|| panic!("{} has no gold file", visit.visit_id));
        count.add(&gold, &report);
    }
    let stable =
        |code: &str| house.rulebook.rules.iter().any(|compiled| compiled.rule.status == Status::Stable && compiled.rule.defect == code);
    let figures = count.finish(stable);
    assert_eq!(figures.false_on_clean, 0, "{:#?}", figures.false_alarms);
    assert!(figures.recall_implemented.share >= 0.95, "{:#?}", figures.missed);
}

#[test]
fn inner_modules_touch_no_file_clock_or_terminal() {
    fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("it can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push((path.to_string_lossy().into_owned(), std::fs::read_to_string(&path).expect("it is text")));
            }
        }
    }
    let mut files = Vec::new();
    for module in ["record", "reading", "rules", "report"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(module), &mut files);
    }
    for (path, text) in files {
        for forbidden in ["std::fs", "std::net", "println!", "SystemTime", "Timestamp::now", "async fn"] {
            assert!(!text.contains(forbidden), "{path} uses {forbidden}");
        }
    }
}

#[test]
fn what_the_house_cannot_place_is_noted() {
    let house = house();
    let mut visit = Visit { visit_id: "V".to_owned(), ..Visit::default() };
    visit.documents.push(bingli::record::Document {
        id: "d".to_owned(),
        title: Some("营养餐单".to_owned()),
        text: Some("低盐。".to_owned()),
        ..Default::default()
    });
    visit.discharge = Some(bingli::record::Discharge { discharged_at: "2031-03-02T10:00:00+08:00".parse().ok(), ..Default::default() });
    let notes: Vec<String> = house.report(&visit, "default").notes.iter().map(ToString::to_string).collect();
    assert!(notes.iter().any(|note| note.contains("营养餐单")) && notes.iter().any(|note| note.contains("2031")), "{notes:?}");
}
