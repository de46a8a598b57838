//! Measures disease indicators on the format of CMQCIC-Bench: one note, one indicator, the benchmark's verdict Yes or No.
//!
//! A record is one JSON line: `{"unique_id": …, "patient note": …, "facts": [{"Fact": …, "Result": "True"}], "label": "Yes" | "No"}`.
//! The denominator is taken for granted; a note that does not say enough is No.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::indicators::judge::judge_numerator;
use crate::indicators::{Book, Standing, Truth};
use crate::interval::Proportion;
use crate::record::{Document, DocumentKind, Visit};
use crate::rules::{Phase, Rulebook, Subject};

#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    pub unique_id: String,
    #[serde(rename = "patient note")]
    pub note: String,
    #[serde(default)]
    pub facts: Vec<RecordFact>,
    pub label: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct RecordFact {
    #[serde(rename = "Result")]
    pub result: serde_json::Value,
}

/// Figures over all records, beside the baseline that always answers an indicator's majority label.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub records: usize,
    pub accuracy: Proportion,
    /// Mean of the recalls of Yes and of No.
    pub balanced_accuracy: f64,
    pub majority_baseline: Proportion,
    /// Records of indicators that the rules have none of; they count as wrong.
    pub unknown: usize,
    /// Of the benchmark's facts that ours answer: true, or not true.
    pub fact_agreement: Proportion,
    pub by_indicator: BTreeMap<String, Proportion>,
    pub ms_per_note: f64,
    pub errors: Vec<String>,
    /// Facts on which we disagree, for reading.
    pub fact_errors: Vec<String>,
}

/// Judges every record, one after the other, so that the time is one core's.
pub fn measure(book: &Book, rulebook: &Rulebook, records: &[Record]) -> Report {
    let mut outcome = BTreeMap::<String, (usize, usize)>::new();
    let mut labels = BTreeMap::<&str, [usize; 2]>::new();
    let (mut right, mut yes, mut no, mut unknown) = (0, [0, 0], [0, 0], 0);
    let (mut agreed, mut compared) = (0, 0);
    let (mut errors, mut fact_errors) = (Vec::new(), Vec::new());
    let mut seconds = 0.0;
    for (number, record) in records.iter().enumerate() {
        let expected = record.label == "Yes";
        labels.entry(&record.unique_id).or_default()[usize::from(expected)] += 1;
        let known = book
            .indicators
            .iter()
            .find(|compiled| compiled.indicator.cmqcic.as_ref().is_some_and(|benchmark| benchmark.id == record.unique_id));
        let found = match known {
            None => {
                unknown += 1;
                None
            }
            Some(compiled) => {
                let visit = as_visit(record, number);
                let began = Instant::now();
                let reading = rulebook.knowledge.reader.read(&visit);
                let at = jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0);
                let subject = Subject::of(&visit, &reading, &rulebook.knowledge, at, Phase::Terminal);
                let judgement = judge_numerator(book, compiled, &subject, rulebook);
                seconds += began.elapsed().as_secs_f64();
                let answers = compiled.indicator.cmqcic.iter().flat_map(|benchmark| &benchmark.facts);
                for (theirs, ours) in record.facts.iter().zip(answers).filter(|(_, ours)| !ours.is_empty()) {
                    let verdict = judgement.facts.iter().find(|(id, _)| id == ours).map(|(_, verdict)| verdict);
                    let value = verdict.and_then(|verdict| verdict.value);
                    let truth = verdict.map_or(Truth::NotDocumented, |verdict| verdict.truth);
                    if let Some(same) = theirs.agrees(truth, value) {
                        compared += 1;
                        agreed += usize::from(same);
                        if !same {
                            fact_errors.push(format!(
                                "{} #{} {ours}: {} | {truth:?} {value:?}",
                                record.unique_id,
                                number + 1,
                                theirs.result
                            ));
                        }
                    }
                }
                Some((judgement.standing == Standing::Met, judgement))
            }
        };
        let is_right = found.as_ref().is_some_and(|(met, _)| *met == expected);
        right += usize::from(is_right);
        let class = if expected { &mut yes } else { &mut no };
        class[0] += usize::from(is_right);
        class[1] += 1;
        let entry = outcome.entry(record.unique_id.clone()).or_default();
        entry.0 += usize::from(is_right);
        entry.1 += 1;
        if !is_right {
            let facts = found.map_or("no such indicator".to_owned(), |(_, judgement)| {
                let facts = judgement.facts.iter().map(|(id, verdict)| match verdict.value {
                    Some(value) => format!("{id}={value}"),
                    None => format!("{id}={:?}", verdict.truth),
                });
                facts.collect::<Vec<_>>().join(" ")
            });
            errors.push(format!("{} #{} expected {}: {facts}\n    {}", record.unique_id, number + 1, record.label, record.note));
        }
    }
    let share = |class: [usize; 2]| if class[1] == 0 { 0.0 } else { class[0] as f64 / class[1] as f64 };
    let majority = labels.values().map(|counts| counts[0].max(counts[1])).sum();
    Report {
        records: records.len(),
        accuracy: Proportion::new(right, records.len()),
        balanced_accuracy: (share(yes) + share(no)) / 2.0,
        majority_baseline: Proportion::new(majority, records.len()),
        unknown,
        fact_agreement: Proportion::new(agreed, compared),
        by_indicator: outcome.into_iter().map(|(id, (right, total))| (id, Proportion::new(right, total))).collect(),
        ms_per_note: if records.is_empty() { 0.0 } else { seconds * 1000.0 / records.len() as f64 },
        errors,
        fact_errors,
    }
}

fn as_visit(record: &Record, number: usize) -> Visit {
    let document =
        Document { id: "note".to_owned(), kind: Some(DocumentKind::Other), text: Some(record.note.clone()), ..Document::default() };
    Visit { visit_id: format!("note-{}", number + 1), documents: vec![document], ..Visit::default() }
}

impl RecordFact {
    /// Whether we agree: on a number, else on true or not true; `None` where the benchmark's answer is neither.
    fn agrees(&self, truth: Truth, value: Option<f64>) -> Option<bool> {
        let text = match &self.result {
            serde_json::Value::Bool(known) => return Some(*known == truth.is_true()),
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::String(text) => text.trim().to_owned(),
            _ => return None,
        };
        match text.as_str() {
            "True" | "已完成" | "已进行" | "是" | "有" => Some(truth.is_true()),
            "False" | "未完成" | "未进行" | "否" | "无" | "无法判断" => Some(!truth.is_true()),
            _ => {
                let number: f64 = text.trim_start_matches("N=").trim_start_matches("N = ").parse().ok()?;
                Some(value.is_some_and(|value| (value - number).abs() < 1e-6))
            }
        }
    }
}
