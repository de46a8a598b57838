//! The drill plants what it says, in the same way each time, and the rulebook finds at least as much as it once did.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use bingli::data::DataFolder;
use bingli::drill::draft::{Draft, whole_text};
use bingli::drill::{Drill, DrillReport, plant};
use bingli::record::time::default_zone;
use bingli::record::{DocumentKind, Instant, Visit};
use bingli::report::{Options, Sheets, check};
use bingli::rules::Rulebook;
use bingli::rules::catalogue::{Catalogue, Engine};

/// The visits that are drilled here: more than a dozen specialities, small enough for every run of the tests.
const CLEAN: [&str; 14] = [
    "cardiology-clean",
    "endocrinology-clean",
    "gastroenterology-clean",
    "general-surgery-clean",
    "knee-meniscus-repair-clean",
    "nephrology-clean",
    "neurology-clean",
    "obstetrics-clean",
    "oncology-clean",
    "orthopaedics-clean",
    "paediatrics-clean",
    "respiratory-clean",
    "spine-disc-clean",
    "urology-clean",
];

/// Codes that no mechanical change of one visit can plant, each with its reason.
const UNPLANTED: [(&str, &str); 1] = [("C-L04", "the same discussion in another patient's record: a visit alone cannot show it")];

/// Planters that act on no clean visit of the corpus, each with its reason.
const IDLE: &[(&str, &str)] = &[
    ("C-J12 转ICU无告知", "something was signed or told in another form about that day"),
    ("C-K07 删去主治查房", "no stay of the corpus holds a whole calendar week"),
    ("C-K07 删去副高以上查房", "the same"),
    ("T12 一周只有一次副高查房", "the same"),
];

/// Of plants whose code a stable rule names 0.955 (3173 of 3322) were found with seed 1 when this was written; less means that a rule or a planter
/// broke, or that a new stable rule finds less of its code than others do.
const FLOOR: f64 = 0.95;

struct House {
    folder: DataFolder,
    rulebook: Rulebook,
    sheets: Sheets,
    clean: Vec<Visit>,
}

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let folder = DataFolder::embedded();
        let rulebook = Rulebook::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
        let sheets = Sheets::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
        let zone = default_zone();
        let opener = rulebook.knowledge.opener(&zone);
        let folder_of_visits = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora/train");
        let paths = CLEAN.map(|name| folder_of_visits.join(format!("{name}.json")));
        let open = |path: &std::path::PathBuf| {
            let bytes = std::fs::read(path).expect("it can be read");
            opener.visit(&path.to_string_lossy(), &bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display())).0
        };
        let clean: Vec<Visit> = paths.iter().map(open).collect();
        House { folder, rulebook, sheets, clean }
    })
}

fn drill(codes: &[&str]) -> Drill<'static> {
    let house = house();
    let mut planters = plant::all();
    planters.retain(|planter| codes.is_empty() || codes.contains(&planter.code));
    let now = jiff::civil::date(2026, 11, 24).at(0, 0, 0, 0);
    Drill { rulebook: &house.rulebook, sheet: house.sheets.sheet("default").expect("it ships"), now, seed: 1, planters }
}

fn whole() -> &'static DrillReport {
    static REPORT: OnceLock<DrillReport> = OnceLock::new();
    REPORT.get_or_init(|| drill(&[]).run(&house().clean))
}

#[test]
fn every_code_that_rules_can_find_has_a_planter() {
    let file = house().folder.file("catalogue.toml").expect("it ships");
    let catalogue = Catalogue::parse(file).unwrap_or_else(|problem| panic!("{problem}"));
    let planted: BTreeSet<&str> = plant::all().iter().map(|planter| planter.code).collect();
    for (code, defect) in &catalogue.defect {
        let excused = UNPLANTED.iter().any(|(known, _)| known == code);
        assert!(defect.engine == Engine::Model || planted.contains(code.as_str()) != excused, "{code}");
    }
    for code in planted.iter().filter(|code| code.starts_with('C')) {
        assert!(catalogue.defect.contains_key(*code), "{code} is in no catalogue");
    }
    let mut names = BTreeSet::new();
    for planter in plant::all() {
        assert!(names.insert((planter.code, planter.name)), "{} {} is listed twice", planter.code, planter.name);
    }
}

#[test]
fn no_planter_is_dead() {
    let idle: Vec<&str> = whole().idle.iter().map(String::as_str).collect();
    let excused: Vec<&str> = IDLE.iter().map(|(name, _)| *name).collect();
    assert_eq!(idle, excused);
}

#[test]
fn recall_does_not_fall() {
    let report = whole();
    assert!(report.planted > 1000, "{}", report.planted);
    assert!(report.recall_stable.share >= FLOOR, "{}", report.recall_stable);
}

#[test]
fn a_planted_visit_stays_valid() {
    let zone = default_zone();
    let house = house();
    let opener = house.rulebook.knowledge.opener(&zone);
    for visit in &house.clean {
        let reading = house.rulebook.knowledge.reader.read(visit);
        for planter in plant::all() {
            let mut draft = Draft::new(visit, &reading, fastrand::Rng::with_seed(7));
            // Planters for a scene act on the scene's own documents; without it they do nothing or act on what is there.
            let Some(plant) = (planter.act)(&mut draft) else { continue };
            let planted = draft.finish();
            let json = serde_json::to_vec(&planted).expect("a visit is JSON");
            let (again, notes) = opener.visit("planted.json", &json).unwrap_or_else(|error| panic!("{}: {error}", planter.name));
            // Written times have seconds, so the two are compared as written.
            assert!(serde_json::to_vec(&again).expect("JSON") == json, "{} {}", planter.code, planter.name);
            assert!(notes.is_empty(), "{} {}: {notes:?}", planter.code, planter.name);
            assert_ne!(plant.before, plant.after, "{} {}", planter.code, planter.name);
        }
    }
}

#[test]
fn an_unplanted_visit_is_judged_as_itself() {
    let house = house();
    let options = Options::of(house.sheets.sheet("default").expect("it ships"), jiff::civil::date(2026, 11, 24).at(0, 0, 0, 0));
    for visit in &house.clean {
        let reading = house.rulebook.knowledge.reader.read(visit);
        let untouched = Draft::new(visit, &reading, fastrand::Rng::with_seed(1)).finish();
        assert_eq!(&untouched, visit);
        let judged = |visit: &Visit| check(visit, Vec::new(), &house.rulebook, options);
        assert_eq!(judged(&untouched), judged(visit));
    }
}

#[test]
fn the_seed_decides_everything() {
    let codes = ["C-A02", "C-C07", "C-L03", "T05", "C-B08"];
    let visits = &house().clean[..4];
    let report = |seed: u64| Drill { seed, ..drill(&codes) }.run(visits);
    let first = report(1);
    assert_eq!(first, report(1));
    let pool = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    assert_eq!(pool(1).install(|| report(1)), first);
    assert_eq!(pool(3).install(|| report(1)), first);
    // The same planters alone plant the same as among others.
    let alone = drill(&["C-L03"]).run(visits);
    assert_eq!(alone.by_code["C-L03"], first.by_code["C-L03"]);
    // A code of which much is missed shows the words that were planted.
    let missed = |seed: u64| format!("{:?}", Drill { seed, ..drill(&["C-C01"]) }.run(visits).missed);
    let seeds: BTreeSet<String> = (1..6).map(missed).collect();
    assert!(seeds.len() > 1, "other seeds plant other words");
}

/// The visit of a speciality, and the same after the first planter of that name acted on it.
fn planted(speciality: &str, name: &str) -> (&'static Visit, Visit) {
    let house = house();
    let visit = house.clean.iter().find(|visit| visit.admission.department.as_deref() == Some(speciality)).expect("the corpus has it");
    let planter = plant::all().into_iter().find(|planter| planter.name == name).expect("it is listed");
    let reading = house.rulebook.knowledge.reader.read(visit);
    let mut scene = Draft::new(visit, &reading, fastrand::Rng::with_seed(3));
    planter.scene.play(&mut scene).expect("the scene fits");
    let played = scene.finish();
    let reading = house.rulebook.knowledge.reader.read(&played);
    let mut draft = Draft::new(&played, &reading, fastrand::Rng::with_seed(3));
    (planter.act)(&mut draft).unwrap_or_else(|| panic!("{name} acts on {speciality}"));
    (visit, draft.finish())
}

fn text(visit: &Visit, kind: DocumentKind) -> String {
    visit.documents.iter().filter(|document| document.kind == Some(kind)).map(whole_text).collect()
}

fn time(visit: &Visit, kind: DocumentKind) -> jiff::civil::DateTime {
    let document = visit.documents.iter().find(|document| document.kind == Some(kind)).expect("it is there");
    document.event_at.map(Instant::earliest).expect("it has a time")
}

#[test]
fn each_family_plants_what_it_says() {
    use DocumentKind as Kind;
    let (_, visit) = planted("心血管内科", "体格检查写了异性的器官");
    let note = text(&visit, Kind::AdmissionNote);
    assert!(["子宫", "宫颈", "宫体"].iter().any(|word| note.contains(word)));

    let (before, visit) = planted("心血管内科", "首次病程早于入院");
    assert!(time(&visit, Kind::FirstCourse) < before.admission.admitted_at.expect("known").earliest());

    let (_, visit) = planted("普通外科", "血压颠倒");
    let pressures = visit.documents.iter().map(whole_text).collect::<String>();
    let turned = pressures.split("BP ").skip(1).any(|rest| {
        let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<u32>().ok());
        matches!((numbers.next(), numbers.next()), (Some(high), Some(low)) if high < low)
    });
    assert!(turned);

    let (before, visit) = planted("神经内科", "首页过敏栏与病史相反");
    assert_ne!(before.front_page.as_ref().map(|page| &page.allergy), visit.front_page.as_ref().map(|page| &page.allergy));

    let (before, visit) = planted("普通外科", "无过敏史");
    assert!(text(before, Kind::AdmissionNote).contains("过敏") && !text(&visit, Kind::AdmissionNote).contains("过敏"));

    let (_, visit) = planted("骨科", "缺专科情况");
    assert!(!text(&visit, Kind::AdmissionNote).contains("专科情况"));

    let (_, visit) = planted("心血管内科", "鉴别诊断写无");
    let first = visit.documents.iter().find(|document| document.kind == Some(Kind::FirstCourse)).expect("it is there");
    let differential = first.sections.iter().flatten().find(|section| section.name == "鉴别诊断").expect("the heading stays");
    assert!(differential.text.chars().count() < 10);

    let (_, visit) = planted("普通外科", "危急值病程无记录");
    assert!(visit.critical_values.as_ref().is_some_and(|list| !list.is_empty()) && text(&visit, Kind::CriticalValueRecord).is_empty());

    let (_, visit) = planted("心血管内科", "后一次病程照抄前一次");
    let notes: Vec<String> = visit.documents.iter().map(whole_text).collect();
    assert!((0..notes.len()).any(|index| notes[..index].contains(&notes[index])));

    let (before, visit) = planted("消化内科", "开了过敏类药");
    assert_eq!(visit.orders.as_ref().map(Vec::len), before.orders.as_ref().map(|orders| orders.len() + 1));

    let (before, visit) = planted("骨科", "手术数据侧别写反");
    let side = |visit: &Visit| visit.operations.as_ref().and_then(|list| list[0].side);
    assert_ne!(side(before), side(&visit));

    let (_, visit) = planted("普通外科", "输血同意书晚于输血");
    let started = visit.transfusions.as_ref().and_then(|list| list[0].started_at).expect("the scene has one");
    assert!(time(&visit, Kind::ConsentTransfusion) > started.earliest());

    let (_, visit) = planted("普通外科", "急会诊40分钟才到");
    let consult = visit.consults.as_ref().and_then(|list| list.last()).expect("the scene has one");
    let wait = consult.arrived_at.expect("known").earliest().duration_since(consult.requested_at.expect("known").earliest());
    assert!(wait.as_mins() > 10);

    let (before, visit) = planted("骨科", "首页少一项诊断");
    let others = |visit: &Visit| visit.front_page.as_ref().and_then(|page| page.other_diagnoses.as_ref()).map_or(0, Vec::len);
    assert_eq!(others(&visit) + 1, others(before));

    let (_, visit) = planted("心血管内科", "文书无签名");
    assert!(visit.documents.iter().any(|document| document.signatures.as_ref().is_some_and(Vec::is_empty)));

    let (before, visit) = planted("普通外科", "首次病程晚于8小时");
    let wait = time(&visit, Kind::FirstCourse).duration_since(before.admission.admitted_at.expect("known").earliest());
    assert!(wait.as_hours() >= 9);
}
