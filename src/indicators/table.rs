//! Indicators over many visits: one [`Entry`] a visit and indicator, added up to [`Row`]s by period, department or doctor.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::book::{Book, Compiled};
use super::judge::judge;
use super::logic::Truth;
use super::{Better, Method, Standing};
use crate::interval::Proportion;
use crate::reading::Reading;
use crate::record::{DocumentKind, Visit};
use crate::report::finding::{DataQuotation, Quotation, quotation};
use crate::rules::{Phase, Rulebook, Subject, facts};

/// What one visit adds to one indicator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub indicator: String,
    pub visit_id: String,
    /// Month of discharge (`2026-03`); absent while the patient is in hospital.
    pub month: Option<String>,
    pub department: Option<String>,
    pub doctor: Option<String>,
    pub standing: Standing,
    pub excluded: Option<String>,
    /// `not_documented` in an unmet visit: the record does not say, rather than says no.
    pub numerator: Truth,
    pub facts: Vec<FactEntry>,
}

/// One fact with the words that decided it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactEntry {
    pub fact: String,
    pub name: String,
    pub truth: Truth,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<Quotation>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub data: Vec<DataQuotation>,
}

/// How rows are divided besides by indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    Month,
    Department,
    Doctor,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub indicator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub name: String,
    pub group: String,
    pub better: Better,
    pub method: Method,
    /// The department, doctor or month; absent in a figure over all visits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    pub figure: Proportion,
    pub excluded: usize,
    /// Visits in the denominator whose record does not say enough.
    pub not_documented: usize,
    /// The visits behind the figure that someone may want to open: unmet ones, or the met ones where less is better.
    pub visits: Vec<String>,
}

/// Judges one visit by every indicator that a program can compute; out of the denominator means no entry.
pub fn entries(book: &Book, rulebook: &Rulebook, visit: &Visit, reading: &Reading, now: DateTime) -> Vec<Entry> {
    let at = visit.as_of.map_or(now, |instant| instant.latest());
    let phase = if visit.discharge.is_some() { Phase::Terminal } else { Phase::Running };
    let subject = Subject::of(visit, reading, &rulebook.knowledge, at, phase);
    let month = facts::discharged_at(visit).map(|at| format!("{:04}-{:02}", at.year(), at.month()));
    let doctor = responsible(visit);
    let mut entries = Vec::new();
    for compiled in &book.indicators {
        let judgement = judge(book, compiled, &subject, rulebook);
        if judgement.standing == Standing::Out && judgement.excluded.is_none() {
            continue;
        }
        let facts = judgement.facts.into_iter().map(|(id, verdict)| {
            let of_documents = verdict.evidence.iter().filter_map(|evidence| quotation(&subject, evidence));
            let of_data = verdict.evidence.iter().filter_map(|evidence| match &evidence.passage.origin {
                crate::reading::Origin::Data { pointer, .. } => {
                    Some(DataQuotation { path: pointer.clone(), label: evidence.passage.text.quote(evidence.span).to_owned() })
                }
                crate::reading::Origin::Document { .. } => None,
            });
            let labelled = verdict.data.iter().map(|entry| DataQuotation { path: entry.path.clone(), label: entry.label.clone() });
            FactEntry {
                name: compiled.facts.get(&id).map_or_else(String::new, |index| book.facts[*index].fact.name.clone()),
                fact: id,
                truth: verdict.truth,
                value: verdict.value,
                evidence: of_documents.collect(),
                data: of_data.chain(labelled).collect(),
            }
        });
        entries.push(Entry {
            indicator: compiled.indicator.id.clone(),
            visit_id: visit.visit_id.clone(),
            month: month.clone(),
            department: visit.admission.department.clone(),
            doctor: doctor.clone(),
            standing: judgement.standing,
            excluded: judgement.excluded,
            numerator: judgement.numerator,
            facts: facts.collect(),
        });
    }
    entries
}

/// The doctor whose visit it is: who wrote the discharge record, else the admission note.
fn responsible(visit: &Visit) -> Option<String> {
    let author = |kind: DocumentKind| visit.documents.iter().find(|document| document.kind == Some(kind))?.author.as_deref();
    let id = author(DocumentKind::DischargeRecord).or_else(|| author(DocumentKind::AdmissionNote))?;
    Some(facts::name_of(visit, id).to_owned())
}

/// Adds entries up, in the order of the book, then of the dimension. An indicator without any entry has one row of nothing.
pub fn rows(book: &Book, entries: &[Entry], by: Option<Dimension>) -> Vec<Row> {
    let mut of_indicator: HashMap<&str, Vec<&Entry>> = HashMap::new();
    for entry in entries {
        of_indicator.entry(&entry.indicator).or_default().push(entry);
    }
    let mut rows = Vec::new();
    for compiled in &book.indicators {
        let entries = of_indicator.remove(compiled.indicator.id.as_str()).unwrap_or_default();
        let Some(by) = by else {
            rows.push(row(compiled, None, &entries));
            continue;
        };
        let mut parts: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            let part = match by {
                Dimension::Month => entry.month.clone(),
                Dimension::Department => entry.department.clone(),
                Dimension::Doctor => entry.doctor.clone(),
            };
            parts.entry(part.unwrap_or_else(|| "未填".to_owned())).or_default().push(entry);
        }
        rows.extend(parts.into_iter().map(|(part, entries)| row(compiled, Some(part), &entries)));
    }
    rows
}

fn row(compiled: &Compiled, of: Option<String>, entries: &[&Entry]) -> Row {
    let indicator = &compiled.indicator;
    let counted: Vec<&&Entry> = entries.iter().filter(|entry| entry.standing != Standing::Out).collect();
    let met = counted.iter().filter(|entry| entry.standing == Standing::Met).count();
    let noteworthy = if indicator.better == Better::Lower { Standing::Met } else { Standing::Unmet };
    Row {
        indicator: indicator.id.clone(),
        code: indicator.code.clone(),
        name: indicator.name.clone(),
        group: indicator.group.clone(),
        better: indicator.better,
        method: indicator.method,
        of,
        figure: Proportion::new(met, counted.len()),
        excluded: entries.iter().filter(|entry| entry.excluded.is_some()).count(),
        not_documented: counted.iter().filter(|entry| entry.numerator == Truth::NotDocumented).count(),
        visits: counted.iter().filter(|entry| entry.standing == noteworthy).map(|entry| entry.visit_id.clone()).collect(),
    }
}

/// A span of discharge months: `2026-03`, `2026Q1`, `2026`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// `2026-01`
    pub first: String,
    pub last: String,
}

impl std::str::FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no period: 2026-03, 2026Q1 or 2026");
        let year = |text: &str| (text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned());
        let span = |year: String, first: u8, last: u8| Self { first: format!("{year}-{first:02}"), last: format!("{year}-{last:02}") };
        if let Some(year) = year(text) {
            return Ok(span(year, 1, 12));
        }
        if let Some((start, quarter)) = text.split_once(['Q', 'q']) {
            let quarter: u8 = quarter.parse().ok().filter(|quarter| (1..=4).contains(quarter)).ok_or_else(wrong)?;
            return Ok(span(year(start).ok_or_else(wrong)?, quarter * 3 - 2, quarter * 3));
        }
        let (start, month) = text.split_once('-').ok_or_else(wrong)?;
        let month: u8 = month.parse().ok().filter(|month| (1..=12).contains(month)).ok_or_else(wrong)?;
        Ok(span(year(start).ok_or_else(wrong)?, month, month))
    }
}

impl Period {
    /// Whether a visit of this month belongs to it; one still in hospital belongs to none.
    pub fn holds(&self, month: Option<&str>) -> bool {
        month.is_some_and(|month| self.first.as_str() <= month && month <= self.last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_months_quarters_and_years() {
        let holds = |period: &str, month: &str| period.parse::<Period>().expect("a period").holds(Some(month));
        assert!(holds("2026", "2026-12") && holds("2026Q1", "2026-03") && holds("2026-03", "2026-03"));
        assert!(!holds("2026Q1", "2026-04") && !holds("2025", "2026-01"));
        assert!(!"2026".parse::<Period>().expect("a period").holds(None));
        for wrong in ["2026-13", "2026Q5", "26", "March"] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }
}
