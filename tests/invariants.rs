//! What must never happen, each with a test that would notice it.

use std::collections::BTreeSet;
use std::path::Path;

use bingli::data::DataFolder;
use bingli::record::time::default_zone;
use bingli::record::{Section, Visit};
use bingli::report::{Finding, Options, Report, Sheets, check};
use bingli::rules::rulebook::Compiled;
use bingli::rules::{Check, Hit, Knowledge, Outcome, Phase, Role, Rulebook, Status, Subject};
use proptest::prelude::*;

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
        self.judged(visit, sheet, None)
    }

    fn judged(&self, visit: &Visit, sheet: &str, phase: Option<Phase>) -> Report {
        let now = jiff::civil::date(2026, 11, 24).at(0, 0, 0, 0);
        let sheet = self.sheets.sheet(sheet).expect("the sheet ships");
        check(visit, Vec::new(), &self.rulebook, Options { phase, ..Options::of(sheet, now) })
    }

    fn focused(&self, visit: &Visit, document: usize) -> Report {
        let now = jiff::civil::date(2026, 11, 24).at(0, 0, 0, 0);
        let sheet = self.sheets.sheet("default").expect("the sheet ships");
        let options = Options { phase: Some(Phase::Inline), focus: Some(document), ..Options::of(sheet, now) };
        check(visit, Vec::new(), &self.rulebook, options)
    }

    fn corpus(&self) -> Vec<Visit> {
        let zone = default_zone();
        let opener = self.rulebook.knowledge.opener(&zone);
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

/// What every rule that is on says of a visit, by the checks that `of` gives.
fn said<'c>(rulebook: &'c Rulebook, visit: &Visit, knowledge: &Knowledge, of: impl Fn(usize) -> &'c dyn Check) -> Vec<String> {
    let reading = knowledge.reader.read(visit);
    let at = jiff::civil::date(2026, 11, 24).at(0, 0, 0, 0);
    let subject = Subject::of(visit, &reading, knowledge, at, Phase::Terminal);
    let hit = |hit: &Hit| {
        let evidence: Vec<_> = hit.evidence.iter().map(|evidence| (&evidence.passage.origin, evidence.span, evidence.role)).collect();
        format!("{evidence:?} {:?} {:?} {:?}", hit.data, hit.slots, hit.searched)
    };
    let outcome = |number: usize| match of(number).run(&subject) {
        Outcome::Ran(hits) => format!("{}: {:?}", rulebook.rules[number].rule.id, hits.iter().map(hit).collect::<Vec<_>>()),
        Outcome::Asks(asked) => {
            let asked: Vec<_> = asked.iter().map(|candidate| (&candidate.text, &candidate.against)).collect();
            format!("{}: {asked:?}", rulebook.rules[number].rule.id)
        }
        Outcome::Skipped(why) => format!("{}: {why}", rulebook.rules[number].rule.id),
    };
    (0..rulebook.rules.len()).map(outcome).collect()
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
        for place in &finding.searched {
            let record = visit.documents.iter().find(|record| record.id == place.document).expect("a document that was searched");
            let named = |name: &String| record.sections.iter().flatten().any(|section| section.name == *name) || record.text.is_some();
            // A section that is missing altogether is named as the place where it was looked for.
            assert!(finding.evidence.is_empty() || place.section.as_ref().is_none_or(named), "{}: {place:?}", finding.rule);
        }
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
fn what_no_word_of_stands_in_a_passage_is_not_found_by_searching_it_either() {
    let house = house();
    // Nobody has sealed this vocabulary: everything is searched for everywhere.
    let patient = Knowledge::load(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let prepare = |compiled: &Compiled| compiled.rule.check.prepare(&patient).unwrap_or_else(|error| panic!("{error:?}"));
    let checks: Vec<_> = house.rulebook.rules.iter().map(prepare).collect();
    for visit in house.corpus() {
        let quick = said(&house.rulebook, &visit, &house.rulebook.knowledge, |number| house.rulebook.rules[number].check.as_ref());
        let thorough = said(&house.rulebook, &visit, &patient, |number| checks[number].as_ref());
        for (quick, thorough) in quick.iter().zip(&thorough) {
            assert_eq!(quick, thorough, "{}", visit.visit_id);
        }
    }
}

#[test]
fn whoever_writes_in_a_document_hears_of_it_what_the_whole_check_says_of_it() {
    let house = house();
    for visit in house.corpus() {
        let whole = house.judged(&visit, "default", Some(Phase::Inline));
        for (index, document) in visit.documents.iter().enumerate() {
            let of_it = |report: &Report| -> BTreeSet<String> {
                let is_here = |finding: &&Finding| {
                    finding.evidence.iter().any(|quotation| quotation.role == Role::This && quotation.document == document.id)
                };
                report.findings.iter().filter(is_here).map(|finding| format!("{} {}", finding.rule, finding.id)).collect()
            };
            let focused = house.focused(&visit, index);
            assert_eq!(of_it(&focused), of_it(&whole), "{} {}", visit.visit_id, document.id);
        }
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever characters come before the evidence, the finding moves with its words: by scalars and by UTF-16 units.
    #[test]
    fn evidence_moves_with_its_words(before in proptest::collection::vec(proptest::sample::select(vec!["😀", "𠮷", "\u{200b}", "\u{feff}", "\u{200d}", "　", "\r\n", "é", "病", "<b>", "&amp;"]), 0..12)) {
        let visit = serde_json::json!({
            "visit_id": "OFFSETS",
            "patient": { "sex": "male" },
            "documents": [
                { "id": "a", "kind": "admission_note", "sections": [{ "name": "体格检查", "text": "。神清，体温８２℃，颈软。" }] },
                { "id": "b", "kind": "daily_course", "text": "。今日查体：子宫附件区未触及包块。" },
            ],
        });
        let (mut visit, _) = bingli::record::json::read(visit.to_string().as_bytes(), &default_zone()).expect("a visit");
        let prefix = before.concat();
        for (_, _, text) in texts(&mut visit) {
            text.insert_str(0, &prefix);
        }
        let report = SHARED.with(|house| house.judged(&visit, "default", Some(Phase::Inline)));
        assert_quotes(&visit, &report);
        for (rule, quote, column) in [("impossible-vital", "体温８２℃", 4), ("sex-organ", "子宫附件", 6)] {
            let finding = report.findings.iter().find(|finding| finding.rule == rule);
            let quotation = &finding.unwrap_or_else(|| panic!("{rule} behind {prefix:?}")).evidence[0];
            prop_assert_eq!(&quotation.quote, quote);
            prop_assert_eq!(quotation.start, prefix.chars().count() + column);
            prop_assert_eq!(quotation.start_utf16, prefix.encode_utf16().count() + column);
        }
    }
}

thread_local! {
    static SHARED: House = house();
}

/// Every place of text in a visit, with the document's id and the section's name.
fn texts(visit: &mut Visit) -> Vec<(String, Option<String>, &mut String)> {
    let mut texts = Vec::new();
    for document in &mut visit.documents {
        for section in document.sections.iter_mut().flatten() {
            texts.push((document.id.clone(), Some(section.name.clone()), &mut section.text));
        }
        texts.extend(document.text.iter_mut().map(|text| (document.id.clone(), None, text)));
    }
    texts
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
fn a_fingerprint_survives_edits_in_its_own_section() {
    let house = house();
    let (mut kept, mut edits, mut lost) = (0, 0, Vec::new());
    for visit in house.corpus() {
        let before = house.report(&visit, "default");
        for finding in before.findings.iter().filter(|finding| !finding.evidence.is_empty()) {
            let mut edited = visit.clone();
            for (number, (document, section, text)) in texts(&mut edited).into_iter().enumerate() {
                let mut here = finding.evidence.iter().filter(|quotation| quotation.document == document && quotation.section == section);
                let length = text.chars().count();
                // Where the words are those that the text begins or ends with, they change with it. Edits differ, so that no copy grows.
                let (inside, before_end) = here.clone().fold((true, true), |(inside, before_end), quotation| {
                    (inside && quotation.start > 0, before_end && quotation.end + 1 < length)
                });
                if here.next().is_some() && inside {
                    text.insert_str(0, &format!("😀{number}　\n"));
                    edits += 1;
                }
                if before_end {
                    text.push_str(&format!("\n以上{number}项已向上级医师汇报。"));
                    edits += 1;
                }
            }
            if house.report(&edited, "default").findings.iter().any(|other| other.id == finding.id) {
                kept += 1;
            } else {
                lost.push(format!("{} {} {:?}", visit.visit_id, finding.rule, finding.evidence));
            }
        }
    }
    // These judge how much of a text is copied, or that nothing is said besides: a sentence more may rightly take the finding away.
    let may_go = [
        "round-only-agrees",
        "round-copies-first-course",
        "discussion-repeats-features",
        "consult-no-purpose",
        "identical-notes",
        "critical-value-only-watched",
        "death-discussion-agreed",
        "textbook-round-only",
        // What a line more puts before the first diagnosis.
        "chronic-before-acute",
    ];
    lost.retain(|line: &String| !may_go.iter().any(|rule| line.contains(rule)));
    assert!(kept >= 40 && edits > kept && lost.is_empty(), "{kept} kept, {edits} edits, {lost:#?}");
}

#[test]
fn a_rule_that_panics_is_one_line_of_the_report() {
    use bingli::rules::applies::Scope;
    use bingli::rules::rulebook::Compiled;
    use bingli::rules::{Applies, Check, Duty, Outcome, Rule, Subject};

    struct Broken;
    impl Check for Broken {
        fn run(&self, _: &Subject<'_>) -> Outcome {
            panic!("broken while judging")
        }
    }
    struct BrokenDuties;
    impl Check for BrokenDuties {
        fn run(&self, _: &Subject<'_>) -> Outcome {
            Outcome::Ran(Vec::new())
        }
        fn duties(&self, _: &Subject<'_>) -> Vec<Duty> {
            panic!("broken among duties")
        }
    }

    let mut house = house();
    let visit = house.corpus().remove(0);
    let before = house.report(&visit, "default");
    let checks: [(&str, Box<dyn Check>); 2] = [("broken", Box::new(Broken)), ("broken-duties", Box::new(BrokenDuties))];
    for (id, check) in checks {
        let scope = Scope::prepare(&Applies::default(), house.rulebook.knowledge.documents()).expect("an empty scope");
        let template = house.rulebook.rule("cc-duration").expect("it ships");
        let rule = Rule { id: id.to_owned(), ..template.rule.clone() };
        house.rulebook.rules.push(Compiled { rule, file: format!("test/{id}.toml"), scope, check });
    }
    let after = house.report(&visit, "default");
    let failed: Vec<(&str, &str)> = after.manifest.not_evaluated.iter().map(|entry| (entry.rule.as_str(), entry.error.as_str())).collect();
    assert_eq!(failed, [("broken", "broken while judging"), ("broken-duties", "broken among duties")]);
    assert_eq!((after.manifest.ran, &after.findings, &after.score), (before.manifest.ran, &before.findings, &before.score));
}

#[test]
fn every_rule_is_accounted_for() {
    let house = house();
    let all = house.corpus();
    for visit in &all {
        for phase in [Phase::Inline, Phase::Running, Phase::Terminal] {
            let report = house.judged(visit, "default", Some(phase));
            let manifest = &report.manifest;
            let on = house.rulebook.rules.iter().filter(|compiled| {
                matches!(compiled.rule.status, Status::Stable | Status::Preview) && compiled.rule.phases.contains(&phase)
            });
            let told = manifest.ran + manifest.not_applicable + manifest.skipped.len() + manifest.not_evaluated.len();
            assert_eq!(told, on.count(), "{} {phase:?}", visit.visit_id);
            assert!(manifest.skipped.iter().all(|entry| !entry.why.trim().is_empty() && house.rulebook.rule(&entry.rule).is_some()));
            assert!(manifest.not_evaluated.is_empty(), "{:?}", manifest.not_evaluated);
            assert!(manifest.rulebook.starts_with("sha256:") && !manifest.version.is_empty() && manifest.model.is_none());
            assert_eq!(report.score.is_none(), phase == Phase::Inline);
        }
    }
    // What was not sent is skipped with its reason.
    let mut poor = all[0].clone();
    poor.labs = None;
    poor.orders = None;
    let (rich, poor) = (house.report(&all[0], "default"), house.report(&poor, "default"));
    assert!(poor.manifest.skipped.len() > rich.manifest.skipped.len());
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
fn a_batch_and_each_visit_alone_agree() {
    use rayon::prelude::*;
    let house = house();
    let visits = house.corpus();
    let json = |visit: &Visit| serde_json::to_string(&house.report(visit, "default")).expect("JSON");
    let batch: Vec<String> = visits.par_iter().map(json).collect();
    // Alone: by a rulebook that has judged nothing else.
    let other = self::house();
    for (visit, together) in visits.iter().zip(&batch).rev() {
        assert_eq!(*together, serde_json::to_string(&other.report(visit, "default")).expect("JSON"), "{}", visit.visit_id);
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
fn grade_limits_are_nowhere_but_in_the_sheet() {
    // The same findings and points, under the shipped sheet and one whose limits a hospital moved.
    let mut house = house();
    let visit = house
        .corpus()
        .into_iter()
        .find(|visit| house.report(visit, "default").score.is_some_and(|score| score.vetoes.is_empty() && !score.deductions.is_empty()))
        .expect("a visit with points off");
    let before = house.report(&visit, "default").score.expect("a score");
    let total = before.total.expect("a total");
    for (first, second, grade) in [(total - 2.0, total - 3.0, "甲"), (total + 0.01, total - 1.0, "乙"), (total + 2.0, total + 1.0, "丙")]
    {
        for sheet in &mut house.sheets.sheets {
            (sheet.grades.first.min, sheet.grades.second.min) = (first, second);
        }
        let after = house.report(&visit, "default").score.expect("a score");
        assert_eq!((after.grade.as_str(), after.total, &after.deductions), (grade, before.total, &before.deductions));
    }
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
        count.add(&gold, &report, &house.rulebook, |finding| finding.status == Status::Stable);
    }
    let stable =
        |code: &str| house.rulebook.rules.iter().any(|compiled| compiled.rule.status == Status::Stable && compiled.rule.defect == code);
    let figures = count.finish(stable);
    assert_eq!(figures.false_on_clean, 0, "{:#?}", figures.false_alarms);
    // Measured 0.745 and 0.997 when this was written; clearly less means that a rule broke.
    assert!(figures.recall_implemented.share >= 0.72, "{:#?}", figures.missed);
    assert!(figures.precision.share >= 0.97, "{:#?}", figures.false_alarms);
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
        for forbidden in [
            "std::fs",
            "std::net",
            "std::env::var",
            "println!",
            "print!(",
            "dbg!",
            "SystemTime",
            "Instant::now",
            "Timestamp::now",
            "Zoned::now",
            "async fn",
            ".await",
            "unsafe ",
        ] {
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
