//! Hand-computed scores of each family of veto arithmetic, and the smallest repair against every subset.

use proptest::prelude::*;

use super::finding::{Finding, FoundBy};
use super::score::{Score, score};
use super::sheet::Sheet;
use crate::record::{Operation, Visit};
use crate::rules::{Severity, Status};

/// Two parts: 10 points with items of 2 each and a veto, 90 points with an item taken once and one capped at 6.
fn sheet(veto: &str) -> Sheet {
    let text = format!(
        r#"
id = "test"
title = "test"
source = "test"
total = 100
[grades]
first = {{ min = 90, inclusive = true }}
second = {{ min = 75, inclusive = true }}
[veto]
{veto}
[unlisted]
points = {{ S1 = 2.0, S2 = 1.0, S3 = 0.5, S4 = 0.2 }}
cap = 3
[[part]]
name = "small"
weight = 10
item = [ {{ name = "each", defects = ["C-A01"], points = 4 }}, {{ name = "second", defects = ["C-A02"], points = 5, veto = "乙" }}, {{ name = "third", defects = ["C-A03"], points = 5, veto = "丙" }} ]
[[part]]
name = "large"
weight = 90
item = [ {{ name = "once", defects = ["C-B01"], points = 3, unit = "once" }}, {{ name = "capped", defects = ["C-C*"], points = 4, cap = 6 }} ]
"#
    );
    toml::from_str(&text).expect("the sheet is right")
}

fn finding(defect: &str, number: usize) -> Finding {
    Finding {
        id: format!("{defect}-{number}"),
        rule: "r".to_owned(),
        defect: defect.to_owned(),
        severity: Severity::S1,
        status: Status::Stable,
        title: String::new(),
        message: String::new(),
        suggestion: String::new(),
        basis: Vec::new(),
        found_by: FoundBy::Rule,
        confidence: 1.0,
        group: format!("g{number}"),
        evidence: Vec::new(),
        data: Vec::new(),
        searched: Vec::new(),
        points: 0.0,
        veto: false,
    }
}

fn judged(veto: &str, defects: &[&str]) -> (Option<f64>, String, usize) {
    let mut findings: Vec<Finding> = defects.iter().enumerate().map(|(number, defect)| finding(defect, number)).collect();
    let score = score(&sheet(veto), &Visit::default(), &mut findings, 1).expect("something ran");
    (score.total, score.grade, score.to_grade_a.len())
}

const CAP: &str = "effect = \"grade_cap\"\naccumulate = 2";

#[test]
fn units_caps_and_parts() {
    assert_eq!(judged(CAP, &[]), (Some(100.0), "甲".to_owned(), 0));
    // Three times 4 in a part of 10.
    assert_eq!(judged(CAP, &["C-A01", "C-A01", "C-A01"]).0, Some(90.0));
    // Once only; then 4 + 2 under the item's cap of 6.
    assert_eq!(judged(CAP, &["C-B01", "C-B01"]).0, Some(97.0));
    assert_eq!(judged(CAP, &["C-C01", "C-C02", "C-C03"]).0, Some(94.0));
    // Two unlisted S1 findings take 2 + 1 under the cap of 3.
    assert_eq!(judged(CAP, &["C-S01", "C-S02"]).0, Some(97.0));
}

#[test]
fn an_empty_check_has_no_grade_and_a_model_takes_no_points() {
    assert!(score(&sheet(CAP), &Visit::default(), &mut [], 0).is_none());
    let mut findings =
        vec![Finding { found_by: FoundBy::Model, ..finding("C-A01", 0) }, Finding { status: Status::Preview, ..finding("C-A01", 1) }];
    assert_eq!(score(&sheet(CAP), &Visit::default(), &mut findings, 1).expect("a score").total, Some(100.0));
}

#[test]
fn several_rules_about_the_same_words_take_points_and_veto_once() {
    let mut findings: Vec<Finding> = (0..3).map(|number| Finding { group: "g1".to_owned(), ..finding("C-A02", number) }).collect();
    let score = score(&sheet(CAP), &Visit::default(), &mut findings, 1).expect("a score");
    assert_eq!((score.total, score.grade.as_str(), score.vetoes.len()), (Some(95.0), "乙", 1));
}

#[test]
fn the_families_of_vetoes() {
    assert_eq!(judged(CAP, &["C-A02"]), (Some(95.0), "乙".to_owned(), 1));
    assert_eq!(judged(CAP, &["C-A02", "C-A02"]).1, "丙");
    assert_eq!(judged(CAP, &["C-A03"]).1, "丙");
    // A fixed ten in the item, whatever else it holds.
    assert_eq!(judged("effect = \"deduct\"\npoints = 10", &["C-A02", "C-A02"]), (Some(90.0), "甲".to_owned(), 0));
    // 5 for the item and 11 or 26 for the veto.
    assert_eq!(judged("effect = \"points\"\nsecond = 11\nthird = 26", &["C-A02"]), (Some(84.0), "乙".to_owned(), 1));
    assert_eq!(judged("effect = \"points\"\nsecond = 11\nthird = 26", &["C-A03"]), (Some(69.0), "丙".to_owned(), 1));
    assert_eq!(judged("effect = \"set_total\"\nsecond = 80\nthird = 50", &["C-A02"]), (Some(80.0), "乙".to_owned(), 1));
    assert_eq!(judged("effect = \"set_total\"\nsecond = 80\nthird = 50", &["C-A03"]), (Some(50.0), "丙".to_owned(), 1));
    assert_eq!(judged("effect = \"reject\"", &["C-A02"]), (None, "乙".to_owned(), 1));
}

/// A part of 10 for operations only, one of 30 and one of 60 with an item of a point each; grades need more than 90 and 75.
fn rescaled(not_applicable: &str) -> Sheet {
    let text = format!(
        r#"
id = "test"
title = "test"
source = "test"
total = 100
not_applicable = "{not_applicable}"
[grades]
first = {{ min = 90, inclusive = false }}
second = {{ min = 75, inclusive = false }}
[veto]
effect = "set_total"
second = 60
third = 50
accumulate = 3
[unlisted]
points = {{ S1 = 2.0, S2 = 1.0, S3 = 0.5, S4 = 0.2 }}
cap = 10
[[part]]
name = "operation"
weight = 10
operation_only = true
item = [ {{ name = "op", defects = ["C-A01"], points = 4 }} ]
[[part]]
name = "veto"
weight = 30
item = [ {{ name = "second", defects = ["C-A02"], points = 5, veto = "乙" }}, {{ name = "third", defects = ["C-A03"], points = 5, veto = "丙" }} ]
[[part]]
name = "each"
weight = 60
item = [ {{ name = "each", defects = ["C-B01"], points = 1 }} ]
"#
    );
    toml::from_str(&text).expect("the sheet is right")
}

fn scored(sheet: &Sheet, visit: &Visit, defects: &[&str]) -> (Score, Vec<Finding>) {
    let mut findings: Vec<Finding> = defects.iter().enumerate().map(|(number, defect)| finding(defect, number)).collect();
    (score(sheet, visit, &mut findings, 1).expect("something ran"), findings)
}

fn operated() -> Visit {
    Visit { operations: Some(vec![Operation::default()]), ..Visit::default() }
}

#[test]
fn a_part_that_does_not_apply_keeps_its_marks_or_is_scaled_away() {
    let nine = ["C-B01"; 9];
    let total = |sheet: &str, visit: &Visit, defects: &[&str]| scored(&rescaled(sheet), visit, defects).0.total;
    // 81 of 90 is 90; 91 of 100 otherwise.
    assert_eq!(total("rescale", &Visit::default(), &nine), Some(90.0));
    assert_eq!(total("rescale", &operated(), &nine), Some(91.0));
    assert_eq!(total("full_marks", &Visit::default(), &nine), Some(91.0));
    // 83 of 90, to two decimals.
    assert_eq!(total("rescale", &Visit::default(), &["C-B01"; 7]), Some(92.22));
    // A finding of a part that does not apply takes nothing.
    assert_eq!(total("rescale", &Visit::default(), &["C-A01"]), Some(100.0));
    assert_eq!(total("rescale", &operated(), &["C-A01"]), Some(96.0));
}

#[test]
fn a_limit_may_exclude_itself() {
    let of = |count: usize| scored(&rescaled("full_marks"), &operated(), &vec!["C-B01"; count]).0;
    assert_eq!((of(9).grade.as_str(), of(9).to_grade_a.len()), ("甲", 0));
    assert_eq!((of(10).total, of(10).grade.as_str(), of(10).to_grade_a.len()), (Some(90.0), "乙", 1));
    assert_eq!((of(25).total, of(25).grade.as_str(), of(25).to_grade_a.len()), (Some(75.0), "丙", 16));
}

#[test]
fn a_set_total_never_raises_and_accumulates() {
    let of = |defects: &[&str]| {
        let (score, _) = scored(&rescaled("full_marks"), &operated(), defects);
        (score.total, score.grade, score.vetoes.len())
    };
    // 60 lies below the sheet's limit of 乙.
    assert_eq!(of(&["C-A02"]), (Some(60.0), "丙".to_owned(), 1));
    assert_eq!(of(&["C-A02", "C-A02", "C-A02"]), (Some(50.0), "丙".to_owned(), 3));
    assert_eq!(of(&["C-A03"]), (Some(50.0), "丙".to_owned(), 1));
    // 5 for the veto and 55 of the large part leave 40, which is less than 60.
    let mut many = vec!["C-B01"; 55];
    many.push("C-A02");
    assert_eq!(of(&many).0, Some(40.0));
}

#[test]
fn veto_points_come_once_an_item_and_know_no_cap() {
    let family = "effect = \"points\"\nsecond = 11\nthird = 26";
    // 5 + 5 fill the part of 10; the 11 come once.
    assert_eq!(judged(family, &["C-A02", "C-A02"]).0, Some(79.0));
    // 10 for the part, 11 + 26 for two items.
    assert_eq!(judged(family, &["C-A02", "C-A03"]).0, Some(53.0));
    // A fixed ten fills the part of 10: its other items have nothing left.
    assert_eq!(judged("effect = \"deduct\"\npoints = 10", &["C-A02", "C-A01", "C-A03"]).0, Some(90.0));
}

#[test]
fn unlisted_findings_take_by_severity() {
    let mut findings: Vec<Finding> = [Severity::S2, Severity::S3, Severity::S4]
        .into_iter()
        .enumerate()
        .map(|(number, severity)| Finding { severity, ..finding("C-S01", number) })
        .collect();
    let score = score(&sheet(CAP), &Visit::default(), &mut findings, 1).expect("something ran");
    assert_eq!(score.total, Some(98.3));
    assert_eq!(findings.iter().map(|finding| finding.points).collect::<Vec<_>>(), [1.0, 0.5, 0.2]);
    assert!(score.deductions.iter().all(|deduction| deduction.item == "未列项目"));
}

#[test]
fn what_is_taken_is_written_on_the_findings() {
    let (score, findings) = scored(&sheet(CAP), &Visit::default(), &["C-C01", "C-C02", "C-A02", "C-B01", "C-B01"]);
    assert_eq!(findings.iter().map(|finding| finding.points).collect::<Vec<_>>(), [4.0, 2.0, 5.0, 3.0, 0.0]);
    assert_eq!(findings.iter().map(|finding| finding.veto).collect::<Vec<_>>(), [false, false, true, false, false]);
    assert_eq!(score.deductions.iter().map(|deduction| deduction.points).sum::<f64>(), 14.0);
    assert_eq!(score.total, Some(86.0));
    assert_eq!((score.vetoes.len(), score.vetoes[0].grade.as_str(), score.vetoes[0].item.as_str()), (1, "乙", "second"));
}

#[test]
fn thousands_of_findings_are_repaired_at_once() {
    let codes = ["C-A01", "C-B01", "C-C01", "C-S01"];
    let defects: Vec<&str> = codes.iter().copied().cycle().take(20_000).collect();
    let (score, findings) = scored(&sheet(CAP), &Visit::default(), &defects);
    // 10 + 3 + 6 + 3 are taken.
    assert_eq!(score.total, Some(78.0));
    let left: Vec<&str> =
        findings.iter().filter(|finding| !score.to_grade_a.contains(&finding.id)).map(|finding| finding.defect.as_str()).collect();
    assert_eq!(scored(&sheet(CAP), &Visit::default(), &left).0.grade, "甲");
}

const FAMILIES: [&str; 5] = [
    CAP,
    "effect = \"deduct\"\npoints = 10",
    "effect = \"points\"\nsecond = 11\nthird = 26",
    "effect = \"set_total\"\nsecond = 60\nthird = 50\naccumulate = 2",
    "effect = \"reject\"",
];

const CODES: [&str; 7] = ["C-A01", "C-A02", "C-A03", "C-B01", "C-C01", "C-C02", "C-S01"];

/// Whether the findings without those of `repaired` are of the first grade.
fn reaches(sheet: &Sheet, defects: &[&str], repaired: impl Fn(usize) -> bool) -> bool {
    let left: Vec<&str> = defects.iter().enumerate().filter(|(index, _)| !repaired(*index)).map(|(_, defect)| *defect).collect();
    scored(sheet, &Visit::default(), &left).0.grade == "甲"
}

fn named(score: &Score, findings: &[Finding]) -> Vec<bool> {
    findings.iter().map(|finding| score.to_grade_a.contains(&finding.id)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// No smaller set of repairs than the named one reaches 甲, and the named one does.
    #[test]
    fn the_named_repair_is_smallest(picks in proptest::collection::vec(0..7usize, 0..9), family in 0..5usize) {
        let sheet = sheet(FAMILIES[family]);
        let defects: Vec<&str> = picks.iter().map(|pick| CODES[*pick]).collect();
        let (score, findings) = scored(&sheet, &Visit::default(), &defects);
        let named = named(&score, &findings);
        prop_assert!(reaches(&sheet, &defects, |index| named[index]));
        let subsets = (0..1_u32 << defects.len()).filter(|subset| subset.count_ones() < score.to_grade_a.len() as u32);
        for subset in subsets {
            prop_assert!(!reaches(&sheet, &defects, |index| subset & (1 << index) != 0), "{subset:b} of {defects:?}");
        }
    }

    /// Where there are too many findings for every subset, the named repair still reaches 甲, and not without each of its parts.
    #[test]
    fn a_named_repair_of_many_reaches_the_first_grade(picks in proptest::collection::vec(0..7usize, 9..60), family in 0..5usize) {
        let sheet = sheet(FAMILIES[family]);
        let defects: Vec<&str> = picks.iter().map(|pick| CODES[*pick]).collect();
        let (score, findings) = scored(&sheet, &Visit::default(), &defects);
        let named = named(&score, &findings);
        prop_assert_eq!(score.grade == "甲", score.to_grade_a.is_empty());
        prop_assert!(reaches(&sheet, &defects, |index| named[index]));
        for spared in (0..named.len()).filter(|index| named[*index]) {
            prop_assert!(!reaches(&sheet, &defects, |index| named[index] && index != spared), "{spared} of {defects:?}");
        }
    }

    /// Points on the findings are the points that the total lacks, and no finding more ever raises it.
    #[test]
    fn points_add_up_and_a_defect_never_helps(picks in proptest::collection::vec(0..7usize, 0..20), more in 0..7usize, family in 0..4usize) {
        let sheet = sheet(FAMILIES[family]);
        let mut defects: Vec<&str> = picks.iter().map(|pick| CODES[*pick]).collect();
        let (before, findings) = scored(&sheet, &Visit::default(), &defects);
        if family < 2 {
            let taken: f64 = findings.iter().map(|finding| finding.points).sum();
            prop_assert!((before.total.unwrap_or(0.0) - (100.0 - taken)).abs() < 1e-6);
        }
        defects.push(CODES[more]);
        let (after, _) = scored(&sheet, &Visit::default(), &defects);
        prop_assert!(after.total <= before.total);
    }
}
