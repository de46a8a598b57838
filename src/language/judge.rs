//! The step after the rules: the model answers what `judge` and `suspect` rules asked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::prelude::*;

use super::Language;
use super::folder::Readiness;
use super::heads::{Head, Verdict};
use super::suspect::Detector;
use crate::reading::text::Span;
use crate::rules::judge::{Candidate, NEEDS_MODEL};
use crate::rules::rulebook::Compiled;
use crate::rules::run::RunResult;
use crate::rules::{CheckSpec, Evidence, Hit, Knowledge, Role};

impl Language {
    /// Answers every question of a run, so that each rule that asked has run, was skipped, or was not evaluated.
    pub fn answer(&self, result: &mut RunResult<'_>, knowledge: &Knowledge) {
        let mut ready: Vec<(&Compiled, Vec<Candidate>, &Head)> = Vec::new();
        for (compiled, candidates) in std::mem::take(&mut result.asked) {
            if let CheckSpec::Suspect(spec) = &compiled.rule.check {
                self.suspect(compiled, spec.at_least, &candidates, result);
                continue;
            }
            let why = match self.readiness(&compiled.rule.id) {
                Some(Readiness::Ready(head)) => {
                    ready.push((compiled, candidates, &**head));
                    continue;
                }
                Some(Readiness::Silent) => "语言模型对这条判断的把握不够,不提示",
                Some(Readiness::Stale) => "规则改动后语言模型尚未重新学习(bingli model fit)",
                None => "语言模型尚未学习这条规则(bingli model fit)",
            };
            result.skipped.push((compiled, why.to_owned()));
        }
        // All passages at once: equal ones of different rules are read once, the others in parallel.
        let texts: Vec<&str> = ready.iter().flat_map(|(_, candidates, _)| candidates).flat_map(both_texts).collect();
        let read = guarded(|| self.embedder().vectors(&texts).map(drop).map_err(|error| error.to_string()));
        for (compiled, candidates, head) in ready {
            match read.clone().and_then(|()| guarded(|| self.hits(head, &candidates, knowledge))) {
                Ok(hits) => {
                    result.ran += 1;
                    if !hits.is_empty() {
                        result.hits.push((compiled, hits));
                    }
                }
                Err(error) => result.not_evaluated.push((compiled, error)),
            }
        }
    }

    /// Characters that look wrong, but for those that a rule has found already.
    fn suspect<'b>(&self, compiled: &'b Compiled, at_least: f32, candidates: &[Candidate], result: &mut RunResult<'b>) {
        let Some(detector) = &self.detector else {
            return result.skipped.push((compiled, NEEDS_MODEL.to_owned()));
        };
        let found = guarded(|| Ok(candidates.par_iter().flat_map_iter(|one| suspects(detector, at_least, one)).collect::<Vec<Hit>>()));
        match found {
            Ok(mut hits) => {
                let others = result.hits.iter().flat_map(|(_, hits)| hits).flat_map(|hit| &hit.evidence);
                let taken: Vec<&Evidence> = others.filter(|other| other.role == Role::This).collect();
                hits.retain(|hit| !taken.iter().any(|other| overlap(&hit.evidence[0], other)));
                result.ran += 1;
                if !hits.is_empty() {
                    result.hits.push((compiled, hits));
                }
            }
            Err(error) => result.not_evaluated.push((compiled, error)),
        }
    }

    fn hits(&self, head: &Head, candidates: &[Candidate], knowledge: &Knowledge) -> Result<Vec<Hit>, String> {
        let verdicts = self.verdicts(head, candidates, knowledge).map_err(|error| error.to_string())?;
        let hit = |(candidate, verdict): (&Candidate, Verdict)| match verdict {
            Verdict::Holds(probability) => {
                Some(Hit { evidence: candidate.evidence.clone(), confidence: Some(probability), ..Hit::default() })
            }
            Verdict::Fails(_) | Verdict::Unsure(_) => None,
        };
        Ok(candidates.iter().zip(verdicts).filter_map(hit).collect())
    }
}

fn suspects<'c>(detector: &Detector, at_least: f32, candidate: &'c Candidate) -> impl Iterator<Item = Hit> + use<'c> {
    detector.detect(&candidate.text, at_least).into_iter().map(|one| Hit {
        evidence: vec![Evidence { span: Span::new(one.span.start, one.span.end), ..candidate.evidence[0].clone() }],
        slots: vec![("right", one.candidates[0].right.clone())],
        confidence: Some(1.0 / (1.0 + (-one.candidates[0].score).exp())),
        ..Hit::default()
    })
}

/// Evidence of a few characters on the same words: a whole sentence that is wrong may well have wrong characters too.
fn overlap(one: &Evidence, other: &Evidence) -> bool {
    const FEW: u32 = 24;
    let same = Arc::ptr_eq(&one.passage, &other.passage) && other.span.end - other.span.start <= FEW;
    same && one.span.start < other.span.end && other.span.start < one.span.end
}

fn both_texts(candidate: &Candidate) -> impl Iterator<Item = &str> {
    [candidate.text.as_str(), candidate.against.as_str()].into_iter().filter(|text| !text.is_empty())
}

/// A model that panics is a rule that was not evaluated, never a lost report.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("the language model panicked".to_owned()))
}
