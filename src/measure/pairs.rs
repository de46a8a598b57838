//! Measures `relate` and `verify` on pairs of texts with their right answers.
//!
//! A line is `{"a": …, "b": …, "label": "consistent" | "contradictory" | "unrelated"}`, or
//! `{"statement": …, "passage": …, "label": "true" | "false" | "not_said"}`.

use serde::{Deserialize, Serialize};

use crate::interval::Proportion;
use crate::language::compare::{Job, Reading};
use crate::language::{Language, ModelError};

#[derive(Debug, Deserialize)]
pub struct Pair {
    #[serde(alias = "statement")]
    a: String,
    #[serde(alias = "passage")]
    b: String,
    label: String,
}

/// What came out; classes in the network's order.
#[derive(Debug, Clone, Serialize)]
pub struct PairReport {
    pub accuracy: Proportion,
    /// Right class by class, and what was said of it.
    pub confusion: [[usize; 3]; 3],
    /// Difference between how sure the answers are and how often they are right, in ten bins.
    pub calibration_error: f64,
    /// How a class fares when only answers at least so sure count.
    pub by_threshold: Vec<Threshold>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Threshold {
    pub class: &'static str,
    pub at_least: f32,
    pub precision: Proportion,
    pub recall: Proportion,
}

/// How sure an answer may have to be.
const THRESHOLDS: [f32; 4] = [0.5, 0.7, 0.8, 0.9];

/// Asks the model every pair; the error names the line that is none, counted from one.
pub fn measure(language: &Language, job: Job, pairs: &[Pair]) -> Result<PairReport, ModelError> {
    let comparer = language.comparer.as_ref().ok_or_else(|| ModelError("the model has no compare.safetensors".to_owned()))?;
    let mut reading = Reading::new(comparer, language.embedder());
    let mut answers: Vec<(usize, [f32; 3])> = Vec::with_capacity(pairs.len());
    for (index, Pair { a, b, label }) in pairs.iter().enumerate() {
        let class = job.classes().iter().position(|class| class == label);
        let class = class.ok_or_else(|| ModelError(format!("line {}: label `{label}` is none of {:?}", index + 1, job.classes())))?;
        answers.push((class, reading.compare(job, a, b)?));
    }
    Ok(report(job, &answers))
}

fn report(job: Job, answers: &[(usize, [f32; 3])]) -> PairReport {
    let chosen = |p: &[f32; 3]| (0..3).fold(0, |best, class| if p[class] > p[best] { class } else { best });
    let mut confusion = [[0; 3]; 3];
    for (class, p) in answers {
        confusion[*class][chosen(p)] += 1;
    }
    let mut bins = [(0usize, 0f64, 0f64); 10];
    for (class, p) in answers {
        let best = chosen(p);
        let bin = &mut bins[((p[best] * 10.0) as usize).min(9)];
        *bin = (bin.0 + 1, bin.1 + f64::from(p[best]), bin.2 + f64::from(u8::from(best == *class)));
    }
    let error = bins.iter().map(|(_, sure, right)| (sure - right).abs()).sum::<f64>() / answers.len().max(1) as f64;
    let threshold = |class: usize, at_least: f32| {
        let said = answers.iter().filter(|(_, p)| p[class] >= at_least);
        let (hits, said) = said.fold((0, 0), |(hits, said), (right, _)| (hits + usize::from(*right == class), said + 1));
        let all = answers.iter().filter(|(right, _)| *right == class).count();
        Threshold { class: job.classes()[class], at_least, precision: Proportion::new(hits, said), recall: Proportion::new(hits, all) }
    };
    PairReport {
        accuracy: Proportion::new((0..3).map(|class| confusion[class][class]).sum(), answers.len()),
        confusion,
        calibration_error: error,
        by_threshold: (0..2).flat_map(|class| THRESHOLDS.map(|at_least| threshold(class, at_least))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_class_and_by_how_sure_they_are() {
        let answers = [(0, [0.95, 0.03, 0.02]), (1, [0.2, 0.75, 0.05]), (2, [0.1, 0.85, 0.05]), (1, [0.6, 0.3, 0.1])];
        let report = report(Job::Relate, &answers);
        assert_eq!((report.accuracy.hits, report.accuracy.total), (2, 4));
        assert_eq!(report.confusion, [[1, 0, 0], [1, 1, 0], [0, 1, 0]]);
        let contradictory: Vec<_> = report.by_threshold.iter().filter(|one| one.class == "contradictory").collect();
        assert_eq!((contradictory[0].precision.hits, contradictory[0].precision.total, contradictory[0].recall.total), (1, 2, 2));
        assert_eq!((contradictory[2].precision.hits, contradictory[2].precision.total), (0, 1));
        // Bins: 0.6 wrong, 0.75 right, 0.85 wrong, 0.95 right.
        assert!((report.calibration_error - (0.6 + 0.25 + 0.85 + 0.05) / 4.0).abs() < 1e-6, "{}", report.calibration_error);
    }
}
