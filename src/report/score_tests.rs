//! Hand-computed scores of each family of veto arithmetic, and the smallest repair against every subset.

use proptest::prelude::*;

use super::finding::{Finding, FoundBy};
use super::score::score;
use super::sheet::Sheet;
use crate::record::Visit;
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
        group: String::new(),
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

proptest! {
    /// No smaller set of repairs than the named one reaches 甲.
    #[test]
    fn the_named_repair_is_smallest(picks in proptest::collection::vec(0..7usize, 0..7), family in 0..3usize) {
        let veto = [CAP, "effect = \"deduct\"\npoints = 10", "effect = \"points\"\nsecond = 11\nthird = 26"][family];
        let codes = ["C-A01", "C-A02", "C-A03", "C-B01", "C-C01", "C-C02", "C-S01"];
        let defects: Vec<&str> = picks.iter().map(|pick| codes[*pick]).collect();
        let (_, _, named) = judged(veto, &defects);
        let reaches = |subset: u32| {
            let left: Vec<&str> = defects.iter().enumerate().filter(|(index, _)| subset & (1 << index) == 0).map(|(_, defect)| *defect).collect();
            judged(veto, &left).1 == "甲"
        };
        let smallest = (0..1_u32 << defects.len()).filter(|subset| reaches(*subset)).map(u32::count_ones).min().unwrap_or(0);
        prop_assert_eq!(named as u32, smallest);
    }
}
