//! Total, grade and vetoes of a visit by a [`Sheet`]. Only stable findings count; what only a model supports takes no points.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Finding, FoundBy};
use super::fixes;
use super::sheet::{Item, NotApplicable, Part, Sheet, Unit, Veto, VetoGrade};
use crate::record::Visit;
use crate::rules::Status;

/// The score of a complete visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    pub sheet: String,
    /// Absent where the sheet does not score vetoed records.
    pub total: Option<f64>,
    /// 甲, 乙 or 丙.
    pub grade: String,
    /// Findings that veto, with the grade that each allows at best.
    pub vetoes: Vec<VetoEntry>,
    pub deductions: Vec<Deduction>,
    /// The smallest set of findings whose repair reaches 甲; empty where the grade is 甲 already.
    pub to_grade_a: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VetoEntry {
    pub finding: String,
    pub item: String,
    pub grade: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Deduction {
    pub finding: String,
    pub part: String,
    pub item: String,
    pub points: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    Third,
    Second,
    First,
}

impl Grade {
    pub fn chinese(self) -> &'static str {
        match self {
            Grade::First => "甲",
            Grade::Second => "乙",
            Grade::Third => "丙",
        }
    }
}

/// A finding placed on the sheet: what it would take off by itself, and whether it vetoes.
#[derive(Debug, Clone)]
pub struct Placed<'s> {
    /// Index into the report's findings.
    pub finding: usize,
    /// Index of the part; `None` for findings that no item lists.
    pub part: Option<usize>,
    pub item: Option<&'s Item>,
    /// Number of the item over the whole sheet, so that one item's findings can be told together.
    pub item_number: usize,
    pub points: f64,
    pub veto: Option<VetoGrade>,
}

/// Scores the findings and writes each one's points and veto into it. `None` where no rule ran: an empty check is not 甲.
pub fn score(sheet: &Sheet, visit: &Visit, findings: &mut [Finding], ran: usize) -> Option<Score> {
    if ran == 0 {
        return None;
    }
    let placed = place(sheet, findings);
    let kept: Vec<bool> = vec![true; placed.len()];
    let result = tally(sheet, visit, &placed, &kept);
    let mut deductions = Vec::new();
    for (entry, points) in placed.iter().zip(&result.points) {
        let finding = &mut findings[entry.finding];
        finding.points = round(*points);
        finding.veto = entry.veto.is_some();
        if *points > 0.0 {
            deductions.push(Deduction {
                finding: finding.id.clone(),
                part: entry.part.map_or("其他", |index| sheet.parts[index].name.as_str()).to_owned(),
                item: entry.item.map_or("未列项目", |item| item.name.as_str()).to_owned(),
                points: round(*points),
            });
        }
    }
    let vetoes = placed.iter().filter_map(|entry| {
        let grade = entry.veto?;
        Some(VetoEntry {
            finding: findings[entry.finding].id.clone(),
            item: entry.item.map_or("", |item| item.name.as_str()).to_owned(),
            grade: veto_grade(grade).chinese().to_owned(),
        })
    });
    let to_grade_a =
        fixes::smallest(sheet, visit, &placed, result.grade).into_iter().map(|index| findings[placed[index].finding].id.clone()).collect();
    Some(Score {
        sheet: sheet.id.clone(),
        total: result.total.map(round),
        grade: result.grade.chinese().to_owned(),
        vetoes: vetoes.collect(),
        deductions,
        to_grade_a,
    })
}

/// Two decimals, as score sheets print.
fn round(points: f64) -> f64 {
    (points * 100.0).round() / 100.0
}

fn veto_grade(veto: VetoGrade) -> Grade {
    match veto {
        VetoGrade::Second => Grade::Second,
        VetoGrade::Third => Grade::Third,
    }
}

/// Puts each finding that counts on the first item that lists it. What several rules say of the same words under one code is one defect, and is placed
/// once.
fn place<'s>(sheet: &'s Sheet, findings: &[Finding]) -> Vec<Placed<'s>> {
    let counts = |finding: &Finding| finding.status == Status::Stable && finding.found_by != FoundBy::Model;
    let mut placed = Vec::new();
    let mut known: HashSet<(&str, &str)> = HashSet::new();
    for (index, finding) in findings.iter().enumerate().filter(|(_, finding)| counts(finding)) {
        if !known.insert((&finding.group, &finding.defect)) {
            continue;
        }
        let mut number = 0;
        let mut found = None;
        'parts: for (part_index, part) in sheet.parts.iter().enumerate() {
            for item in &part.items {
                if item.lists(&finding.defect, &finding.rule) {
                    found = Some((part_index, item, number));
                    break 'parts;
                }
                number += 1;
            }
        }
        placed.push(match found {
            Some((part, item, item_number)) => {
                Placed { finding: index, part: Some(part), item: Some(item), item_number, points: item.points, veto: item.veto }
            }
            None => {
                let points = sheet.unlisted.points.get(&finding.severity).copied().unwrap_or(0.0);
                Placed { finding: index, part: None, item: None, item_number: usize::MAX, points, veto: None }
            }
        });
    }
    placed
}

/// What a set of kept findings comes to.
#[derive(Debug, Clone)]
pub struct Tally {
    pub total: Option<f64>,
    pub grade: Grade,
    /// Points of each placed finding after units and caps; zero for one that is not kept.
    pub points: Vec<f64>,
}

/// Adds up the kept findings by the sheet's units, caps, parts and veto arithmetic.
pub fn tally(sheet: &Sheet, visit: &Visit, placed: &[Placed<'_>], kept: &[bool]) -> Tally {
    let mut points = vec![0.0; placed.len()];
    let mut part_left: Vec<f64> = sheet.parts.iter().map(|part| part.weight).collect();
    let mut unlisted_left = sheet.unlisted.cap;
    let mut item_used: Vec<(usize, f64)> = Vec::new();
    // Vetoes first: they take their fixed points before the item is closed.
    let mut order: Vec<usize> = (0..placed.len()).filter(|index| kept[*index]).collect();
    order.sort_by_key(|index| (placed[*index].veto.is_none(), *index));
    for index in order {
        let entry = &placed[index];
        let Some(part) = entry.part else {
            let taken = entry.points.min(unlisted_left);
            unlisted_left -= taken;
            points[index] = taken;
            continue;
        };
        if !applies(&sheet.parts[part], visit) {
            continue;
        }
        let used = item_used.iter().find(|(number, _)| *number == entry.item_number).map_or(0.0, |(_, used)| *used);
        let taken = item_points(sheet, entry, used).min(part_left[part]);
        part_left[part] -= taken;
        points[index] = taken;
        match item_used.iter_mut().find(|(number, _)| *number == entry.item_number) {
            Some((_, used)) => *used += taken,
            None => item_used.push((entry.item_number, taken)),
        }
    }
    let deducted: f64 = points.iter().sum::<f64>() + veto_points(sheet, placed, kept);
    let weight: f64 = match sheet.not_applicable {
        NotApplicable::FullMarks => sheet.total,
        NotApplicable::Rescale => sheet.parts.iter().filter(|part| applies(part, visit)).map(|part| part.weight).sum(),
    };
    let raw = (weight - deducted).max(0.0) * sheet.total / weight.max(1.0);
    let (total, grade) = with_vetoes(sheet, placed, kept, raw);
    Tally { total, grade, points }
}

/// A part for operations applies when there is one, or when its documents say so.
fn applies(part: &Part, visit: &Visit) -> bool {
    use crate::record::DocumentKind::{OperationRecord, PreopDiscussion, PreopSummary};
    if !part.operation_only {
        return true;
    }
    let operated = visit.operations.as_ref().is_some_and(|operations| !operations.is_empty());
    operated || visit.documents.iter().any(|document| matches!(document.kind, Some(OperationRecord | PreopDiscussion | PreopSummary)))
}

/// What one finding takes in its item, of which `used` points are gone already.
fn item_points(sheet: &Sheet, entry: &Placed<'_>, used: f64) -> f64 {
    let Some(item) = entry.item else { return entry.points };
    if let (Some(_), Veto::Deduct { points }) = (entry.veto, &sheet.veto) {
        return if used > 0.0 { 0.0 } else { *points };
    }
    if let (Some(_), Veto::Deduct { points }) = (item.veto, &sheet.veto)
        && used >= *points
    {
        return 0.0;
    }
    if item.unit == Unit::Once && used > 0.0 {
        return 0.0;
    }
    let most = item.cap.unwrap_or(f64::INFINITY) - used;
    entry.points.min(most.max(0.0))
}

/// Extra points of the family that expresses vetoes as points; they know no caps.
fn veto_points(sheet: &Sheet, placed: &[Placed<'_>], kept: &[bool]) -> f64 {
    let Veto::Points { second, third } = &sheet.veto else { return 0.0 };
    let of = |veto: Option<VetoGrade>| match veto {
        Some(VetoGrade::Second) => *second,
        Some(VetoGrade::Third) => *third,
        None => 0.0,
    };
    // Points of one item are not taken twice for the same kind of defect.
    let mut seen: Vec<usize> = Vec::new();
    let mut sum = 0.0;
    for (entry, _) in placed.iter().zip(kept).filter(|(entry, kept)| **kept && entry.veto.is_some()) {
        if !seen.contains(&entry.item_number) {
            seen.push(entry.item_number);
            sum += of(entry.veto);
        }
    }
    sum
}

fn by_limits(sheet: &Sheet, total: f64) -> Grade {
    // Compare what is printed, so that 89.999… is not a surprise.
    let total = round(total);
    if sheet.grades.first.reached(total) {
        Grade::First
    } else if sheet.grades.second.reached(total) {
        Grade::Second
    } else {
        Grade::Third
    }
}

fn with_vetoes(sheet: &Sheet, placed: &[Placed<'_>], kept: &[bool], raw: f64) -> (Option<f64>, Grade) {
    let vetoes: Vec<VetoGrade> = placed.iter().zip(kept).filter(|(_, kept)| **kept).filter_map(|(entry, _)| entry.veto).collect();
    let second = vetoes.iter().filter(|veto| **veto == VetoGrade::Second).count();
    let any_third = vetoes.contains(&VetoGrade::Third);
    let worst = |accumulate: &Option<usize>| {
        if any_third || accumulate.is_some_and(|count| second >= count) {
            Some(Grade::Third)
        } else if second > 0 {
            Some(Grade::Second)
        } else {
            None
        }
    };
    match &sheet.veto {
        Veto::Deduct { .. } | Veto::Points { .. } => (Some(raw), by_limits(sheet, raw)),
        Veto::GradeCap { accumulate } => {
            let grade = by_limits(sheet, raw);
            (Some(raw), worst(accumulate).map_or(grade, |cap| grade.min(cap)))
        }
        Veto::SetTotal { second: at_second, third, accumulate } => match worst(accumulate) {
            Some(Grade::Third) => (Some(third.min(raw)), Grade::Third),
            Some(_) => (Some(at_second.min(raw)), by_limits(sheet, at_second.min(raw)).min(Grade::Second)),
            None => (Some(raw), by_limits(sheet, raw)),
        },
        Veto::Reject => match worst(&None) {
            Some(grade) => (None, grade),
            None => (Some(raw), by_limits(sheet, raw)),
        },
    }
}

/// The kept vetoes alone keep the record from 甲, whatever the points.
pub fn blocked_by_veto(sheet: &Sheet, entry: &Placed<'_>) -> bool {
    entry.veto.is_some() && matches!(sheet.veto, Veto::GradeCap { .. } | Veto::SetTotal { .. } | Veto::Reject)
}
