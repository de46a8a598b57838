//! [`Line`]: one visit in a table of scores, as `bingli score` and batches print it.

use serde::{Deserialize, Serialize};

use super::Report;
use crate::rules::Severity;

/// What a table of scores needs of a report. No words of the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub visit_id: String,
    pub sheet: Option<String>,
    /// Absent where the sheet does not score vetoed records.
    pub total: Option<f64>,
    /// 甲, 乙 or 丙.
    pub grade: Option<String>,
    pub vetoes: usize,
    /// Those of stable rules.
    pub findings: Vec<LineFinding>,
    pub ran: usize,
    pub skipped: usize,
    pub not_evaluated: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineFinding {
    pub id: String,
    pub rule: String,
    pub defect: String,
    pub severity: Severity,
    pub points: f64,
}

impl Line {
    pub fn of(report: &Report) -> Self {
        let finding = |finding: &super::Finding| LineFinding {
            id: finding.id.clone(),
            rule: finding.rule.clone(),
            defect: finding.defect.clone(),
            severity: finding.severity,
            points: finding.points,
        };
        let score = report.score.as_ref();
        Self {
            visit_id: report.visit_id.clone(),
            sheet: score.map(|score| score.sheet.clone()),
            total: score.and_then(|score| score.total),
            grade: score.map(|score| score.grade.clone()),
            vetoes: score.map_or(0, |score| score.vetoes.len()),
            findings: report.stable().map(finding).collect(),
            ran: report.manifest.ran,
            skipped: report.manifest.skipped.len(),
            not_evaluated: report.manifest.not_evaluated.len(),
        }
    }
}
