//! Whatever bytes come in, the readers answer with a visit or an error, never with a panic, and what they read they can write and read again.
//!
//! The whole check answers every visit with a report in which no rule broke and every quotation stands in the text.
//!
//! Valid inputs are damaged at random (bits, cuts, copies, splices, hostile tokens). `cargo test` runs a second of it, or 200 checks; for a
//! long run: `BINGLI_FUZZ_SECONDS=60 cargo test --release --test fuzz`. A failure prints the number to give to `BINGLI_FUZZ_SEED`.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use bingli::data::DataFolder;
use bingli::input::{Mapping, Opener};
use bingli::reading::documents::DocumentTable;
use bingli::reading::{CleanText, ages, measures, times};
use bingli::record::note::Level;
use bingli::record::time::default_zone;
use bingli::record::{Visit, json};
use bingli::report::{Options, Report, Sheets, check, html};
use bingli::rules::{Phase, Rulebook};

const VISIT: &str = r#"{"schema":"bingli.visit/1","visit_id":"FZ001","as_of":"2026-03-05T10:00:00+08:00",
"patient":{"name":"张某某","sex":"male","birth_date":"1958-03-02","age_text":"67岁","allergies":["青霉素"]},
"admission":{"admitted_at":"2026-03-01T09:30","department":"神经内科","condition":"serious"},
"documents":[{"id":"d1","kind":"admission_note","title":"入院记录","event_at":"2026-03-01T10:10:00+08:00","signatures":[{"staff":"D1","at":"2026-03-01T11:00:00+08:00"}],
"sections":[{"name":"主诉","text":"右侧肢体无力3天。"},{"name":"体格检查","text":"T36.5℃ P80次/分 BP120/80mmHg"}]},
{"id":"d2","title":"病程记录","text":"2026-03-02 09:10 今日患者\r\n无不适\u200b<b>。</b>"}],
"labs":[{"id":"l1","item":"血钾","value":"6.8","unit":"mmol/L","flag":"critical_high","reported_at":"2026-03-01T12:00:00Z"}],
"vitals":[{"at":"2026-03-01T10:00:00+08:00","temperature":38.9,"pulse":1e2}],
"orders":[{"id":"o1","kind":"drug","name":"阿司匹林","dose":100,"unit":"mg","long_term":true}],
"front_page":{"days":11,"main_diagnosis":{"name":"脑梗死","icd10":"I63.900"}}}"#;

const PROSE: &str = "某某医院\n姓名：张某某　性别：男　年龄：67岁　住院号：FZ002\n入院记录\n主诉：右侧肢体无力3天。\n现病史：患者3天前(2026-02-27)晨起08:30出现右侧肢体无力,10余年前患高血压,血压最高180/110mmHg。\n病程记录\n2026-03-02 09:10 王某某主任医师查房记录\n病情平稳。\n医师签名：李某\n2026年3月3日 10时\n今日右肺见3×2cm结节,WBC 15.2×10⁹/L。\n";

/// xorshift64*: the same damage for the same seed on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit.max(1)
    }
}

/// Tokens that parsers stumble over.
const TOKENS: [&[u8]; 28] = [
    b"\0",
    b"\xff",
    b"\xe4\xb8",
    b"\xef\xbb\xbf",
    b"[",
    b"{",
    b"]",
    b"}",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"-0",
    b"99999999999999999999",
    b"null",
    b",,",
    b"\n",
    b"\r\n",
    "𠮷".as_bytes(),
    "\u{200b}".as_bytes(),
    b"2026-03-01T09:3\xc3\xa9",
    b"{\"id\":1},",
    b"<section>",
    b"</",
    b"&#0;",
    b"&x;",
    b"<![CDATA[",
    b"<!--",
];

fn damaged(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(7) {
            0 if !bytes.is_empty() => {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
            1 => bytes.truncate(at),
            2 => {
                let end = (at + random.below(60)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + random.below(60)).min(bytes.len());
                let copy = bytes[at..end].repeat(1 + random.below(20));
                bytes.splice(at..at, copy);
            }
            4 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => {
                let token = TOKENS[random.below(TOKENS.len())].repeat(1 + random.below(3));
                bytes.splice(at..at, token);
            }
        }
    }
    bytes
}

/// Runs `target` on damaged seeds for a second, or for as long as the environment says.
fn fuzz(name: &str, seeds: &[Vec<u8>], target: impl Fn(&[u8])) {
    fuzz_up_to(0, name, seeds, target);
}

/// The same, but by default exactly `at_most` inputs where that is not zero, so that every machine tries the same ones.
fn fuzz_up_to(at_most: u64, name: &str, seeds: &[Vec<u8>], target: impl Fn(&[u8])) {
    let number = |key: &str| std::env::var(key).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("BINGLI_FUZZ_SECONDS");
    let limit = Duration::from_secs(seconds.unwrap_or(1));
    let only = number("BINGLI_FUZZ_SEED");
    let start = Instant::now();
    let mut seed = only.unwrap_or(1);
    let mut runs = 0_u64;
    loop {
        let bytes = damaged(seeds, &mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1));
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
        assert!(outcome.is_ok(), "{name} failed; BINGLI_FUZZ_SEED={seed}; input {:?}", String::from_utf8_lossy(&bytes));
        assert!(began.elapsed() < Duration::from_secs(10), "{name} took {:?}; BINGLI_FUZZ_SEED={seed}", began.elapsed());
        runs += 1;
        // Without a time of its own a run of slow targets ends at a fixed number.
        let is_over = if seconds.is_none() && at_most > 0 { runs >= at_most } else { start.elapsed() > limit };
        if only.is_some() || is_over {
            break;
        }
        seed += 1;
    }
    println!("{name}: {runs} inputs, seeds 1 to {seed}");
}

/// The built-in seeds, and the visits of the corpus where the checkout has one.
fn visits() -> Vec<Vec<u8>> {
    let mut seeds = vec![VISIT.as_bytes().to_vec()];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora/train");
    let mut paths: Vec<_> = std::fs::read_dir(corpus).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_visit = |path: &Path| path.extension().is_some_and(|kind| kind == "json") && !path.to_string_lossy().contains(".gold.");
    seeds.extend(paths.iter().filter(|path| is_visit(path)).take(4).filter_map(|path| std::fs::read(path).ok()));
    seeds
}

fn with_opener(work: impl FnOnce(&Opener<'_>)) {
    let folder = DataFolder::embedded();
    let table = DocumentTable::parse(folder.file("documents.toml").expect("it ships")).expect("and is right");
    let mapping = Mapping::load(&folder, &table).expect("it ships and is right");
    work(&Opener { zone: &default_zone(), table: &table, mapping: &mapping });
}

/// What was read can be written, and reads back as the same without a new complaint.
fn reads_back(visit: &Visit) {
    let written = serde_json::to_string(visit).expect("a visit can be written");
    let (again, notes) = json::read(written.as_bytes(), &default_zone()).expect("what was written can be read");
    assert_eq!(serde_json::to_string(&again).expect("and written"), written);
    let complaint = notes.iter().find(|note| note.level == Level::Error && !note.text.contains("重复") && !note.text.contains("为空"));
    assert_eq!(complaint, None);
}

#[test]
fn json_readers_survive() {
    with_opener(|opener| {
        fuzz("json", &visits(), |bytes| {
            if let Ok((visit, _)) = opener.visit("visit.json", bytes) {
                reads_back(&visit);
            }
        });
    });
}

mod generated {
    use jiff::civil::{Date, Time};
    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::prelude::*;

    use super::*;
    use bingli::record::{
        Admission, ConditionLevel, Document, DocumentKind, FrontPage, Instant, Lab, LabFlag, Operation, Order, OrderKind, Patient,
        Precision, Section, Sex, Side, Signature, Staff, Title, Vitals,
    };

    /// A day, or a moment to the second: the precisions that the format can write.
    fn instant() -> impl Strategy<Value = Instant> {
        let day = (1900_i16..2100, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| Date::constant(year, month, day));
        (day, of((0_i8..24, 0_i8..60, 0_i8..60))).prop_map(|(day, clock)| match clock {
            Some((hour, minute, second)) => Instant::new(day.to_datetime(Time::constant(hour, minute, second, 0)), Precision::Second),
            None => Instant::day(day),
        })
    }

    fn text() -> impl Strategy<Value = String> {
        "[\\PC\n\t\"\\\\\u{0}\u{200b}𠮷病]{0,12}"
    }

    fn number() -> impl Strategy<Value = f64> {
        (-1_000_000_i32..1_000_000).prop_map(|hundredths| f64::from(hundredths) / 100.0)
    }

    fn document() -> impl Strategy<Value = Document> {
        let kind = prop_oneof![Just(DocumentKind::AdmissionNote), Just(DocumentKind::WardRound), Just(DocumentKind::Other)];
        let signature = (of(text()), of(instant())).prop_map(|(staff, at)| Signature { staff, at });
        let section = (text(), text()).prop_map(|(name, text)| Section { name, text });
        (text(), of(kind), of(text()), of(instant()), of(vec(signature, 0..3)), of(any::<bool>()), of(vec(section, 0..3)), of(text()))
            .prop_map(|(id, kind, title, event_at, signatures, draft, sections, text)| Document {
                id,
                kind,
                title,
                event_at,
                created_at: event_at,
                signed_at: None,
                author: None,
                signatures,
                draft,
                sections,
                text,
            })
    }

    fn visit() -> impl Strategy<Value = Visit> {
        let patient = (of(text()), of(prop_oneof![Just(Sex::Male), Just(Sex::Unknown)]), of(instant()), of(vec(text(), 0..3)))
            .prop_map(|(name, sex, birth_date, allergies)| Patient { name, sex, birth_date, allergies, ..Patient::default() });
        let admission = (of(instant()), of(Just(ConditionLevel::Critical))).prop_map(|(admitted_at, condition)| Admission {
            admitted_at,
            condition,
            ..Admission::default()
        });
        let lab = (of(text()), of(text()), of(prop_oneof![Just(LabFlag::High), Just(LabFlag::CriticalLow)]), of(instant()))
            .prop_map(|(item, value, flag, reported_at)| Lab { item, value, flag, reported_at, ..Lab::default() });
        let order = (of(Just(OrderKind::Drug)), of(number()), of(any::<bool>()), of(instant()))
            .prop_map(|(kind, dose, long_term, start)| Order { kind, dose, long_term, start, ..Order::default() });
        let vitals = (of(instant()), of(number()), of(number())).prop_map(|(at, temperature, pulse)| Vitals {
            at,
            temperature,
            pulse,
            ..Vitals::default()
        });
        let operation = (of(0_u8..5), of(prop_oneof![Just(Side::Both), Just(Side::None)]), of(vec(text(), 0..3)))
            .prop_map(|(level, side, assistants)| Operation { level, side, assistants, ..Operation::default() });
        let staff = (text(), of(Just(Title::AssociateChief))).prop_map(|(id, title)| Staff { id, name: None, title });
        let lists = (of(vec(lab, 0..3)), of(vec(order, 0..3)), of(vec(vitals, 0..3)), of(vec(operation, 0..3)), of(vec(staff, 0..3)));
        let page = of(any::<i64>()).prop_map(|days| FrontPage { days, ..FrontPage::default() });
        (text(), of(instant()), patient, admission, vec(document(), 0..4), lists, of(page)).prop_map(
            |(visit_id, as_of, patient, admission, documents, (labs, orders, vitals, operations, staff), front_page)| Visit {
                visit_id,
                as_of,
                patient,
                admission,
                documents,
                labs,
                orders,
                vitals,
                operations,
                staff,
                front_page,
                ..Visit::default()
            },
        )
    }

    proptest! {
        #[test]
        fn visits_read_back_as_they_were_written(visit in visit()) {
            let written = serde_json::to_vec_pretty(&visit).expect("a visit can be written");
            let (read, _) = json::read(&written, &default_zone()).expect("what was written can be read");
            prop_assert_eq!(read, visit);
        }
    }
}

#[test]
fn text_readers_survive() {
    let (gb, _, _) = encoding_rs::GB18030.encode(PROSE);
    let wide: Vec<u8> = [0xfeff].into_iter().chain(PROSE.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    with_opener(|opener| {
        fuzz("text", &[PROSE.as_bytes().to_vec(), gb.to_vec(), wide], |bytes| {
            if let Ok((visit, _)) = opener.visit("visit.txt", bytes) {
                reads_back(&visit);
            }
        });
    });
}

/// The sample documents of a foreign format in `tests/visits`.
fn samples(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/visits").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("it is there").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("it can be read")).collect()
}

#[test]
fn readers_of_foreign_formats_survive() {
    let mut cda = samples("cda");
    cda.push(in_one_file(&cda));
    with_opener(|opener| {
        for (name, seeds) in [("visit.xml", cda), ("visit.json", samples("fhir"))] {
            fuzz(name, &seeds, |bytes| {
                if let Ok((visit, _)) = opener.visit(name, bytes) {
                    reads_back(&visit);
                }
            });
        }
    });
}

/// Several documents, each with a prologue, as one file, which may have none inside.
fn in_one_file(documents: &[Vec<u8>]) -> Vec<u8> {
    let all = String::from_utf8_lossy(&documents.concat()).replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "");
    format!("<set>{all}</set>").into_bytes()
}

/// Texts that go into a foreign format come out as they were, whatever characters they hold.
mod foreign {
    use proptest::prelude::*;

    use super::*;

    /// What XML can carry, without white space at the ends and without a word that means nothing.
    fn text() -> impl Strategy<Value = String> {
        "[一-龥a-z0-9<>&\"'。，𠮷😀]{1,6}[一-龥a-z<>&。 \u{200b}𠮷]{0,10}[一-龥。a-z]"
    }

    fn escaped(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    }

    proptest! {
        #[test]
        fn texts_are_the_same_in_every_format(title in "[一-龥]{1,6}", first in text(), second in text(), id in "[A-Z0-9]{1,10}") {
            let section = |text: &str| format!("<component><section><title>{title}</title><text>{}</text></section></component>", escaped(text));
            let cda = format!(
                "<v3:ClinicalDocument xmlns:v3=\"urn:hl7-org:v3\"><id extension=\"d\"/><recordTarget><patientRole><id root=\"2.16.156.10011.1.12\" extension=\"{id}\"/></patientRole></recordTarget><component><structuredBody>{}{}</structuredBody></component></v3:ClinicalDocument>",
                section(&first), section(&second)
            );
            let division = |text: &str| format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{}</p></div>", escaped(text));
            let fhir = serde_json::json!({ "resourceType": "Bundle", "entry": [
                { "resource": { "resourceType": "Encounter", "class": { "code": "IMP" }, "identifier": [{ "value": id }] } },
                { "resource": { "resourceType": "Composition", "id": "d", "section": [
                    { "title": title, "text": { "div": division(&first) } }, { "title": title, "text": { "div": division(&second) } } ] } } ] });
            with_opener(|opener| {
                for (name, bytes) in [("x.xml", cda.into_bytes()), ("x.json", fhir.to_string().into_bytes())] {
                    let (visit, notes) = opener.visit(name, &bytes).expect("it can be read");
                    assert!(notes.iter().all(|note| note.level == Level::Warning), "{notes:?}");
                    let texts: Vec<&str> = visit.documents[0].sections.iter().flatten().map(|section| section.text.as_str()).collect();
                    assert_eq!((visit.visit_id.as_str(), texts), (id.as_str(), vec![first.as_str(), second.as_str()]), "{name}");
                }
            });
        }
    }
}

#[test]
fn streams_survive() {
    let line = VISIT.replace('\n', "");
    let lines = format!("{line}\n\n{line}\n").into_bytes();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&lines).expect("memory");
    let gzip = gzip.finish().expect("memory");
    let zstd = ruzstd::encoding::compress_to_vec(lines.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
    with_opener(|opener| {
        for (name, seed) in [("visits.ndjson", lines.clone()), ("-", lines), ("visits.ndjson.gz", gzip), ("visits.ndjson.zst", zstd)] {
            fuzz(name, &[seed], |bytes| {
                if let Ok(opened) = opener.all(name, bytes) {
                    // Every item is one line of input, so there can't be more of them than bytes unpacked from a small input.
                    assert!(opened.take(1_000_000).count() < 1_000_000);
                }
            });
        }
    });
}

#[test]
fn scanners_of_text_survive() {
    fuzz("scanners", &[PROSE.as_bytes().to_vec(), VISIT.as_bytes().to_vec()], |bytes| {
        let clean = CleanText::new(&String::from_utf8_lossy(bytes));
        let text = clean.as_str();
        let spans = [
            times::times(text).iter().map(|found| found.span).collect::<Vec<_>>(),
            measures::measures(text).iter().map(|found| found.span).collect(),
            ages::ages(text).iter().map(|found| found.span).collect(),
        ];
        for list in spans {
            let mut last = 0;
            for span in list {
                assert!(span.start >= last && !clean.quote(span).is_empty());
                last = span.end;
            }
        }
    });
}

struct House {
    rulebook: Rulebook,
    sheets: Sheets,
}

impl House {
    fn new() -> Self {
        let folder = DataFolder::embedded();
        let rulebook = Rulebook::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
        Self { rulebook, sheets: Sheets::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}")) }
    }

    /// The report of a visit; every promise of a report that holds for any input is tested.
    fn judge(&self, visit: &Visit, phase: Option<Phase>) -> Report {
        let sheet = self.sheets.sheet("default").expect("it ships");
        let now = jiff::civil::date(2026, 11, 24).at(0, 0, 0, 0);
        let report = check(visit, Vec::new(), &self.rulebook, Options { phase, ..Options::of(sheet, now) });
        assert!(report.manifest.not_evaluated.is_empty(), "{:?}", report.manifest.not_evaluated);
        for quotation in report.findings.iter().flat_map(|finding| &finding.evidence) {
            let written = visit.documents.iter().filter(|document| document.id == quotation.document).any(|document| {
                let sections = document.sections.iter().flatten().map(|section| section.text.as_str());
                sections.chain(document.text.as_deref()).any(|text| text.contains(&quotation.quote))
            });
            assert!(written, "{quotation:?}");
        }
        serde_json::to_string(&report).expect("a report can be written");
        html::render(&report, visit, "").expect("a page can be written");
        report
    }
}

#[test]
fn the_whole_check_survives() {
    let house = House::new();
    let mut seeds = visits();
    for path in ["tests/visits/clean.json", "tests/visits/defect.json"] {
        seeds.push(std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it is there"));
    }
    let prose: Vec<u8> = PROSE.as_bytes().to_vec();
    with_opener(|opener| {
        for (name, seeds, at_most) in [("visit.json", seeds, 200), ("visit.txt", vec![prose], 200)] {
            fuzz_up_to(at_most, name, &seeds, |bytes| {
                if let Ok((visit, _)) = opener.visit(name, bytes) {
                    house.judge(&visit, None);
                }
            });
        }
    });
}

/// Damage inside the texts of visits that stay well formed reaches the rules more often than damage to the JSON.
#[test]
fn the_whole_check_survives_damaged_texts() {
    let house = House::new();
    let (visits, texts) = with_visits(visits());
    fuzz_up_to(200, "texts", &texts, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        // The text itself says where it goes.
        let pick = bytes.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        let mut visit = visits[pick % visits.len()].clone();
        let mut places: Vec<&mut String> = visit
            .documents
            .iter_mut()
            .flat_map(|document| document.sections.iter_mut().flatten().map(|section| &mut section.text).chain(document.text.iter_mut()))
            .collect();
        let place = pick / 7 % places.len().max(1);
        if let Some(place) = places.get_mut(place) {
            **place = text.into_owned();
        }
        let phase = [None, Some(Phase::Inline), Some(Phase::Running)][pick / 3 % 3];
        house.judge(&visit, phase);
    });
}

/// Visits, and every text of theirs as a seed of its own.
fn with_visits(seeds: Vec<Vec<u8>>) -> (Vec<Visit>, Vec<Vec<u8>>) {
    let visits: Vec<Visit> = seeds.iter().map(|seed| json::read(seed, &default_zone()).expect("a seed is a visit").0).collect();
    let texts = visits
        .iter()
        .flat_map(|visit| &visit.documents)
        .flat_map(|document| document.sections.iter().flatten().map(|section| &section.text).chain(&document.text))
        .map(|text| text.as_bytes().to_vec())
        .collect();
    (visits, texts)
}

/// Texts that make a careless expression try again and again: many of one thing, in every place that rules look at.
#[test]
fn hostile_texts_are_judged_in_time() {
    const UNITS: [&str; 24] = [
        "天天天",
        "((((",
        "1111.1111",
        "3天",
        "否认",
        "无、",
        "否认高血压、糖尿病，",
        "体温82℃，",
        "2026-03-02 ",
        "12/",
        "卵巢囊肿。",
        "<b>",
        "&amp;",
        "左侧肢体无力。右侧",
        "\u{200b}",
        "😀",
        "\n",
        "主诉：咳嗽\n",
        "×10⁹/L ",
        "“",
        "二〇二六年",
        "67岁",
        "阿莫西林0.5g tid po，",
        "一二三",
    ];
    let house = House::new();
    let mut slowest = (Duration::ZERO, "");
    for unit in UNITS {
        let text = unit.repeat(10_000);
        let document = |id: &str, kind: &str, name: &str| serde_json::json!({ "id": id, "kind": kind, "event_at": "2026-03-03T09:00:00+08:00", "sections": [{ "name": name, "text": text }] });
        let visit = serde_json::json!({
            "visit_id": "HOSTILE", "as_of": "2026-03-12T12:00:00+08:00", "patient": { "sex": "male" },
            "admission": { "admitted_at": "2026-03-02T09:00:00+08:00" },
            "documents": [
                document("a", "admission_note", "主诉"), document("b", "admission_note", "现病史"), document("c", "daily_course", "病程记录"),
                document("d", "discharge_record", "出院医嘱"),
            ],
        });
        let (visit, _) = json::read(visit.to_string().as_bytes(), &default_zone()).expect("a visit");
        let began = Instant::now();
        house.judge(&visit, Some(Phase::Inline));
        slowest = slowest.max((began.elapsed(), unit));
        assert!(began.elapsed() < Duration::from_secs(30), "{unit:?} took {:?}", began.elapsed());
    }
    println!("slowest: {slowest:?}");
}
