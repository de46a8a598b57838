//! The figures of a drill.

use std::collections::BTreeMap;

use serde::Serialize;

use super::plant::Planter;
use super::scene::Scene;
use super::{Drill, Outcome};
use crate::interval::Proportion;
use crate::report::Report;
use crate::rules::{Severity, Status};

/// What a drill found out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DrillReport {
    pub seed: u64,
    pub visits: usize,
    /// Findings (S1–S3) of stable rules on the visits as they came.
    pub findings_before: usize,
    /// Findings of stable rules on the scenes, which are recorded as they should be: rule, scene and message.
    pub scene_findings: Vec<String>,
    pub planted: usize,
    /// Codes that a stable rule names; those with a rule in preview only; those without one.
    pub recall_stable: Proportion,
    pub recall_preview: Proportion,
    pub recall_without_rule: Proportion,
    pub by_code: BTreeMap<String, CodeLine>,
    pub by_department: BTreeMap<String, Proportion>,
    pub by_style: BTreeMap<String, Proportion>,
    /// Collateral findings (S1–S3) a plant.
    pub collateral_rate: f64,
    pub collateral_by_rule: BTreeMap<String, usize>,
    pub missed: Vec<Outcome>,
    pub collateral: Vec<Outcome>,
    /// Planters that could act on no visit.
    pub idle: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CodeLine {
    pub recall: Proportion,
    pub not_applicable: usize,
    /// The best standing of the rules that name the code.
    pub standing: Option<Status>,
}

#[derive(Default)]
struct Count {
    found: usize,
    planted: usize,
}

impl Count {
    fn add(&mut self, outcome: &Outcome) {
        self.planted += 1;
        self.found += usize::from(outcome.found);
    }

    fn share(&self) -> Proportion {
        Proportion::new(self.found, self.planted)
    }
}

fn shares(counts: BTreeMap<String, Count>) -> BTreeMap<String, Proportion> {
    counts.into_iter().map(|(key, count)| (key, count.share())).collect()
}

pub fn report(
    drill: &Drill<'_>,
    baseline: &[&Report],
    played: &[(&Report, Scene, &Report)],
    pairs: &[(usize, &'static Planter)],
    outcomes: Vec<Option<Outcome>>,
) -> DrillReport {
    let grave = |severity: Severity| severity <= Severity::S3;
    let findings_before = baseline.iter().map(|report| report.stable().filter(|finding| grave(finding.severity)).count()).sum();
    let mut scene_findings = Vec::new();
    for (report, scene, before) in played {
        let new = super::new_findings(before, report);
        for finding in super::unmatched(before, report, &new).iter().filter(|finding| finding.status == Status::Stable) {
            scene_findings.push(format!("{} {scene:?} {} {}: {}", report.visit_id, finding.defect, finding.rule, finding.message));
        }
    }
    let mut codes: BTreeMap<&str, (Count, usize)> = BTreeMap::new();
    let mut acted: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    let (mut departments, mut styles): (BTreeMap<String, Count>, BTreeMap<String, Count>) = Default::default();
    let mut standings = [Count::default(), Count::default(), Count::default()];
    let mut collateral_by_rule: BTreeMap<String, usize> = BTreeMap::new();
    let (mut planted, mut side) = (0, 0);
    for ((_, planter), outcome) in pairs.iter().zip(&outcomes) {
        let line = codes.entry(planter.code).or_default();
        let has_acted = acted.entry((planter.code, planter.name)).or_default();
        let Some(outcome) = outcome else {
            line.1 += 1;
            continue;
        };
        *has_acted = true;
        planted += 1;
        line.0.add(outcome);
        let standing = drill.standing(planter.code);
        standings[match standing {
            Some(Status::Stable) => 0,
            Some(_) => 1,
            None => 2,
        }]
        .add(outcome);
        for finding in outcome.collateral.iter().filter(|finding| grave(finding.severity)) {
            side += 1;
            *collateral_by_rule.entry(format!("{} {}", finding.defect, finding.rule)).or_default() += 1;
        }
        // Only what a rule could find says something about a department or a style.
        if standing == Some(Status::Stable) {
            departments.entry(outcome.department.clone()).or_default().add(outcome);
            let style = outcome.style;
            let form = if style.sectioned { "分段" } else { "连续文本" };
            styles.entry(form.to_owned()).or_default().add(outcome);
            styles.entry(if style.verbose { "详写" } else { "简写" }.to_owned()).or_default().add(outcome);
        }
    }
    let idle = acted.iter().filter(|(_, acted)| !**acted).map(|((code, name), _)| format!("{code} {name}")).collect();
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    DrillReport {
        seed: drill.seed,
        visits: baseline.len(),
        findings_before,
        scene_findings,
        planted,
        recall_stable: standings[0].share(),
        recall_preview: standings[1].share(),
        recall_without_rule: standings[2].share(),
        by_code: codes
            .into_iter()
            .map(|(code, (count, not_applicable))| {
                (code.to_owned(), CodeLine { recall: count.share(), not_applicable, standing: drill.standing(code) })
            })
            .collect(),
        by_department: shares(departments),
        by_style: shares(styles),
        collateral_rate: if planted == 0 { 0.0 } else { side as f64 / planted as f64 },
        collateral_by_rule,
        missed: outcomes.iter().filter(|outcome| !outcome.found).cloned().collect(),
        collateral: outcomes.into_iter().filter(|outcome| !outcome.collateral.is_empty()).collect(),
        idle,
    }
}
