//! A head from its examples.

use std::sync::Arc;

use rayon::prelude::*;

use super::features::{BUCKETS, Features, MEASURES, Passage};
use super::file::{Block, Head, Heads, Measures, Verdicts};
use super::logistic::{calibrate, fit, sigmoid};
use super::signs::SIGNS;
use super::validate::{CaseOf, folds, rounded, threshold, validate};
use crate::language::{Embedder, ModelError};

/// One passage that a case shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    pub text: String,
    pub against: String,
    /// What the reading layer knows of both.
    pub signs: [f32; SIGNS],
    pub hit: bool,
    /// Which case it stands in; a case with several passages is one case in every count.
    pub case: usize,
    pub source: Source,
}

/// Where an example comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A case of the rule.
    Case,
    /// A visit without defects.
    Clean,
    /// A finding of which somebody said whether it was right.
    Verdict,
}

/// What one rule teaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    pub rule: String,
    /// Hash of the statement, the check and the cases.
    pub cases: String,
    /// What the rule demands of its flags.
    pub precision: f64,
    pub examples: Vec<Example>,
}

impl Lesson {
    /// The number of a case that is not there yet.
    pub fn next_case(&self) -> usize {
        self.examples.iter().map(|example| example.case + 1).max().unwrap_or(0)
    }
}

/// How much each block of features counts, and how strongly weights are pulled to zero: measured once over all rules, equal for all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    pub vectors: f64,
    pub ngrams: f64,
    pub measures: f64,
    pub signs: f64,
    pub penalty: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { vectors: 1.0, ngrams: 2.0, measures: 0.25, signs: 2.0, penalty: 0.2 }
    }
}

/// Fits a head a lesson. `centre` is that of the heads in use, for heads that shall stand beside them; else it is worked out anew.
pub fn fit_all(
    lessons: &[Lesson],
    embedder: &Embedder,
    encoder: &str,
    centre: Option<Vec<f32>>,
    settings: Settings,
) -> Result<Heads, ModelError> {
    let texts: Vec<&str> = lessons.iter().flat_map(|lesson| &lesson.examples).flat_map(texts).collect();
    let vectors = embedder.vectors(&texts)?;
    let centre = centre.unwrap_or_else(|| self::centre(&vectors, embedder.width()));
    let heads = lessons.par_iter().map(|lesson| {
        let features = features(lesson, embedder, &centre)?;
        Ok((lesson.rule.clone(), fit_one(lesson, &features, settings)))
    });
    Ok(Heads { encoder: encoder.to_owned(), heads: heads.collect::<Result<_, ModelError>>()?, centre })
}

fn texts(example: &Example) -> impl Iterator<Item = &str> {
    [example.text.as_str(), example.against.as_str()].into_iter().filter(|text| !text.is_empty())
}

/// The mean of all vectors.
fn centre(vectors: &[Arc<[f32]>], width: usize) -> Vec<f32> {
    let mut centre = vec![0f32; width];
    for vector in vectors {
        centre.iter_mut().zip(&**vector).for_each(|(sum, value)| *sum += value / vectors.len() as f32);
    }
    centre
}

pub fn features(lesson: &Lesson, embedder: &Embedder, centre: &[f32]) -> Result<Vec<Features>, ModelError> {
    let of = |example: &Example| {
        let vectors = embedder.vectors(&texts(example).collect::<Vec<_>>())?;
        let against = (!example.against.is_empty()).then(|| vectors.last()).flatten();
        let first = vectors.first().ok_or_else(|| ModelError(format!("{}: a case has an empty passage", lesson.rule)))?;
        let passage = Passage { text: &example.text, against: &example.against, signs: &example.signs };
        Ok(Features::new(&passage, first, against.map(|vector| &**vector), centre))
    };
    lesson.examples.iter().map(of).collect()
}

/// Mean and spread of each number of a block.
fn scaling(features: &[Features], of: impl Fn(&Features) -> &[f32]) -> Measures {
    let count = features.len() as f32;
    let numbers = features.first().map_or(0, |features| of(features).len());
    let mut measures = Measures { mean: vec![0.0; numbers], spread: vec![0.0; numbers], weights: vec![0.0; numbers] };
    for (index, (mean, spread)) in measures.mean.iter_mut().zip(&mut measures.spread).enumerate() {
        *mean = features.iter().map(|features| of(features)[index]).sum::<f32>() / count;
        let variance = features.iter().map(|features| (of(features)[index] - *mean).powi(2)).sum::<f32>() / count;
        *spread = variance.sqrt().max(1e-3);
    }
    measures
}

/// Inner products of the weighted features, and one for the intercept.
fn kernel(features: &[Features], measures: &Measures, signs: &Measures, settings: Settings) -> Vec<f64> {
    let scaled: Vec<Vec<f32>> = features.iter().map(|features| measures.scaled(&features.measures)).collect();
    let known: Vec<Vec<f32>> = features.iter().map(|features| signs.scaled(&features.signs)).collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let mut kernel = vec![0.0; features.len() * features.len()];
    for a in 0..features.len() {
        for b in 0..=a {
            let product = settings.vectors * dot(&features[a].vectors, &features[b].vectors)
                + settings.ngrams * dot(&features[a].ngrams, &features[b].ngrams)
                + settings.measures / MEASURES as f64 * dot(&scaled[a], &scaled[b])
                + settings.signs / SIGNS as f64 * dot(&known[a], &known[b])
                + 1.0;
            kernel[a * features.len() + b] = product;
            kernel[b * features.len() + a] = product;
        }
    }
    kernel
}

/// The cases of a lesson in their folds.
fn cases(lesson: &Lesson, features: &[Features]) -> Vec<CaseOf> {
    let count = lesson.examples.iter().map(|example| example.case + 1).max().unwrap_or(0);
    let mut found: Vec<CaseOf> = Vec::new();
    for case in 0..count {
        let mine: Vec<usize> = (0..lesson.examples.len()).filter(|index| lesson.examples[*index].case == case).collect();
        if let Some(first) = mine.first() {
            let hit = lesson.examples[*first].hit;
            found.push(CaseOf { examples: mine, hit, fold: 0 });
        }
    }
    let hits: Vec<bool> = found.iter().map(|case| case.hit).collect();
    let paired = lesson.examples.iter().all(|example| !example.against.is_empty());
    // A case is as like another as its first passage is.
    let likeness = |a: usize, b: usize| features[found[a].examples[0]].likeness(&features[found[b].examples[0]], paired);
    let folds = folds(&hits, likeness);
    found.into_iter().zip(folds).map(|(case, fold)| CaseOf { fold, ..case }).collect()
}

/// N-grams that fewer passages of a lesson have say what the passage is about, not whether the statement holds.
const LEAST_PASSAGES: usize = 4;

/// The same features without rare n-grams.
fn without_rare(features: &[Features]) -> Vec<Features> {
    let mut common = features.to_vec();
    for bucket in 0..BUCKETS {
        if features.iter().filter(|features| features.ngrams[bucket] > 0.0).count() < LEAST_PASSAGES {
            common.iter_mut().for_each(|features| features.ngrams[bucket] = 0.0);
        }
    }
    common
}

pub fn fit_one(lesson: &Lesson, features: &[Features], settings: Settings) -> Head {
    let features = &without_rare(features)[..];
    let (mut measures, mut signs) = (scaling(features, |features| &features.measures), scaling(features, |features| &features.signs));
    let kernel = kernel(features, &measures, &signs, settings);
    let labels: Vec<bool> = lesson.examples.iter().map(|example| example.hit).collect();
    let cases = cases(lesson, features);
    let unseen = validate(&kernel, &labels, &cases, settings.penalty, lesson.precision);
    let weights = fit(&kernel, &labels, settings.penalty);
    let (slope, shift) = calibrate(&unseen.scores);
    let known: Vec<(f64, bool)> = unseen.scores.iter().map(|(score, hit)| (sigmoid(slope * score + shift), *hit)).collect();
    let sum = |of: &dyn Fn(&Features) -> &[f32], factor: f64| -> Vec<f32> {
        let mut sum = vec![0f64; features.first().map_or(0, |features| of(features).len())];
        for (features, weight) in features.iter().zip(&weights) {
            sum.iter_mut().zip(of(features)).for_each(|(sum, value)| *sum += factor * weight * f64::from(*value));
        }
        sum.into_iter().map(|value| value as f32).collect()
    };
    let weigh = |block: &mut Measures, of: &dyn Fn(&Features) -> &[f32], share: f64| {
        for (features, weight) in features.iter().zip(&weights) {
            let scaled = block.scaled(of(features));
            block.weights.iter_mut().zip(scaled).for_each(|(sum, value)| *sum += (share * weight) as f32 * value);
        }
    };
    weigh(&mut measures, &|features| &features.measures, settings.measures / MEASURES as f64);
    weigh(&mut signs, &|features| &features.signs, settings.signs / SIGNS as f64);
    let is_verdict = |case: &CaseOf| lesson.examples[case.examples[0]].source == Source::Verdict;
    let judged: Vec<(bool, bool)> = (cases.iter().zip(&unseen.flagged))
        .filter(|(case, _)| is_verdict(case))
        .map(|(case, flagged)| (case.hit, *flagged == Some(true)))
        .collect();
    let verdicts = (!judged.is_empty()).then(|| Verdicts {
        judged: judged.len(),
        accepted: judged.iter().filter(|(hit, _)| *hit).count(),
        right: judged.iter().filter(|(hit, flagged)| hit == flagged).count(),
    });
    let (precision, recall) = (unseen.precision(), unseen.recall());
    let threshold = threshold(&known, lesson.precision).filter(|_| precision.total > 0 && precision.value() >= lesson.precision);
    Head {
        cases: lesson.cases.clone(),
        examples: cases.len(),
        verdicts,
        threshold: threshold.map(rounded),
        // A pass is as sure as a hit: what lies between is not decided.
        fails_below: rounded(1.0 - threshold.unwrap_or(1.0).max(0.5)),
        precision,
        recall,
        f1: rounded(unseen.f1()),
        calibration_error: rounded(unseen.calibration_error()),
        slope: slope as f32,
        shift: shift as f32,
        intercept: weights.iter().sum::<f64>() as f32,
        vectors: Block::of(&sum(&|features| &features.vectors, settings.vectors)),
        ngrams: Block::of(&sum(&|features| &features.ngrams, settings.ngrams)),
        measures,
        signs,
    }
}
