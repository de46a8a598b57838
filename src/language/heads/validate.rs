//! Cross-validation of one head: weights, calibration and threshold are each judged on cases that did not teach them.

use super::logistic::{calibrate, fit, sigmoid};
use serde::{Deserialize, Serialize};

/// Parts into which the cases are divided.
pub const FOLDS: usize = 8;
/// A head must find at least this share of the defects, or it is not worth the noise.
const LEAST_RECALL: f64 = 0.25;

/// Which examples belong to one case, and whether it is a hit.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseOf {
    pub examples: Vec<usize>,
    pub hit: bool,
    pub fold: usize,
}

/// What unseen cases got.
#[derive(Debug, Clone, PartialEq)]
pub struct Unseen {
    /// Decision value of each case by a head that had not seen it.
    pub scores: Vec<(f64, bool)>,
    /// Its probability, by a calibration that had not seen it.
    pub probabilities: Vec<(f64, bool)>,
    /// Whether it is flagged, by a threshold that had not seen it; `None`: no threshold reached the precision.
    pub flagged: Vec<Option<bool>>,
}

/// A share as it is kept in a file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    pub hits: usize,
    pub total: usize,
    pub low: f64,
    pub high: f64,
}

impl Share {
    pub fn new(hits: usize, total: usize) -> Self {
        let proportion = crate::interval::Proportion::new(hits, total);
        Self { hits, total, low: rounded(proportion.low), high: rounded(proportion.high) }
    }

    pub fn value(self) -> f64 {
        if self.total == 0 { 0.0 } else { self.hits as f64 / self.total as f64 }
    }
}

/// To three decimals, so that files stay readable.
pub fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Cases that are more alike than this are about one topic.
const ALIKE: f64 = 0.4;
/// As many cases of one topic stay together at most.
const TOGETHER: usize = 4;

/// Divides cases into folds, hits and passes evenly. Cases about one topic stay in one fold: authors write a hit and a pass about the same
/// patient, and a head that was taught the one would know the other by its topic, for better or for worse. Labels take no part in what is alike.
pub fn folds(hits: &[bool], likeness: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let count = hits.len();
    let mut pairs: Vec<(f64, usize, usize)> = (0..count)
        .flat_map(|b| (0..b).map(move |a| (a, b)))
        .map(|(a, b)| (likeness(a, b), a, b))
        .filter(|(alike, ..)| *alike >= ALIKE)
        .collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut topic_of: Vec<usize> = (0..count).collect();
    for (_, a, b) in pairs {
        let (a, b) = (topic_of[a], topic_of[b]);
        let size = topic_of.iter().filter(|topic| **topic == a || **topic == b).count();
        if a != b && size <= TOGETHER {
            topic_of.iter_mut().filter(|topic| **topic == b).for_each(|topic| *topic = a);
        }
    }
    let mut topics: Vec<Vec<usize>> = (0..count).map(|topic| (0..count).filter(|case| topic_of[*case] == topic).collect()).collect();
    topics.sort_by_key(|cases| std::cmp::Reverse(cases.len()));
    let mut folds = vec![0; count];
    let mut load = [(0usize, 0usize); FOLDS];
    for cases in topics {
        let new_hits = cases.iter().filter(|case| hits[**case]).count();
        let new_passes = cases.len() - new_hits;
        let after = |fold: usize| (load[fold].0 + new_hits).pow(2) + (load[fold].1 + new_passes).pow(2);
        let fold = (0..FOLDS).min_by_key(|fold| after(*fold)).unwrap_or(0);
        load[fold] = (load[fold].0 + new_hits, load[fold].1 + new_passes);
        cases.iter().for_each(|case| folds[*case] = fold);
    }
    folds
}

/// Judges every case by heads that had not seen it.
pub fn validate(kernel: &[f64], labels: &[bool], cases: &[CaseOf], penalty: f64, precision: f64) -> Unseen {
    let count = labels.len();
    let mut fold_of = vec![0; count];
    for case in cases {
        case.examples.iter().for_each(|example| fold_of[*example] = case.fold);
    }
    let mut decision = vec![0.0; count];
    for fold in 0..FOLDS {
        let taught: Vec<usize> = (0..count).filter(|example| fold_of[*example] != fold).collect();
        let part: Vec<f64> = taught.iter().flat_map(|a| taught.iter().map(move |b| kernel[a * count + b])).collect();
        let taught_labels: Vec<bool> = taught.iter().map(|example| labels[*example]).collect();
        let weights = fit(&part, &taught_labels, penalty);
        for example in (0..count).filter(|example| fold_of[*example] == fold) {
            decision[example] = taught.iter().zip(&weights).map(|(other, weight)| weight * kernel[example * count + other]).sum();
        }
    }
    let score = |case: &CaseOf| case.examples.iter().map(|example| decision[*example]).fold(f64::MIN, f64::max);
    let scores: Vec<(f64, bool)> = cases.iter().map(|case| (score(case), case.hit)).collect();
    let mut probabilities = vec![(0.0, false); cases.len()];
    let mut flagged = vec![None; cases.len()];
    for fold in 0..FOLDS {
        let others: Vec<(f64, bool)> = cases.iter().zip(&scores).filter(|(case, _)| case.fold != fold).map(|(_, score)| *score).collect();
        let (a, b) = calibrate(&others);
        let known: Vec<(f64, bool)> = others.iter().map(|(score, hit)| (sigmoid(a * score + b), *hit)).collect();
        let threshold = threshold(&known, precision);
        for (index, case) in cases.iter().enumerate().filter(|(_, case)| case.fold == fold) {
            let probability = sigmoid(a * scores[index].0 + b);
            probabilities[index] = (probability, case.hit);
            flagged[index] = threshold.map(|threshold| probability >= threshold);
        }
    }
    Unseen { scores, probabilities, flagged }
}

/// The lowest probability from which on the cases reach the precision, with enough of the hits among them.
pub fn threshold(cases: &[(f64, bool)], precision: f64) -> Option<f64> {
    let mut sorted = cases.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = sorted.iter().filter(|(_, hit)| *hit).count() as f64;
    let (mut hits, mut best) = (0, None);
    for (index, (probability, hit)) in sorted.iter().enumerate() {
        hits += usize::from(*hit);
        let next = sorted.get(index + 1).map_or(0.0, |(next, _)| *next);
        let enough = hits as f64 >= LEAST_RECALL * all && hits >= 4;
        if *probability > next && enough && hits as f64 / (index + 1) as f64 >= precision {
            best = Some(((probability + next) / 2.0).max(0.5));
        }
    }
    best
}

impl Unseen {
    /// Of the flagged cases, those that are hits.
    pub fn precision(&self) -> Share {
        let flagged = self.flagged.iter().zip(&self.scores).filter(|(flagged, _)| **flagged == Some(true));
        let labels: Vec<bool> = flagged.map(|(_, (_, hit))| *hit).collect();
        Share::new(labels.iter().filter(|hit| **hit).count(), labels.len())
    }

    /// Of the hits, those that are flagged.
    pub fn recall(&self) -> Share {
        let hits: Vec<bool> =
            self.flagged.iter().zip(&self.scores).filter(|(_, (_, hit))| *hit).map(|(flagged, _)| *flagged == Some(true)).collect();
        Share::new(hits.iter().filter(|flagged| **flagged).count(), hits.len())
    }

    /// F1 of the hits when every case must be decided, at one half.
    pub fn f1(&self) -> f64 {
        let count = |predicted: bool, hit: bool| {
            self.probabilities.iter().filter(|(probability, is)| (*probability >= 0.5) == predicted && *is == hit).count() as f64
        };
        let right = count(true, true);
        if right == 0.0 { 0.0 } else { 2.0 * right / (2.0 * right + count(true, false) + count(false, true)) }
    }

    /// Expected calibration error over five bins.
    pub fn calibration_error(&self) -> f64 {
        const BINS: usize = 5;
        let mut bins = [(0.0, 0.0, 0.0); BINS];
        for (probability, hit) in &self.probabilities {
            let bin = &mut bins[((probability * BINS as f64) as usize).min(BINS - 1)];
            *bin = (bin.0 + 1.0, bin.1 + probability, bin.2 + f64::from(u8::from(*hit)));
        }
        bins.iter().map(|(_, predicted, hits)| (predicted - hits).abs()).sum::<f64>() / self.probabilities.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_reaches_its_precision_or_there_is_none() {
        let parted: Vec<(f64, bool)> = (0..20).map(|n| (f64::from(n) / 20.0, n >= 8)).collect();
        assert!(threshold(&parted, 0.9).is_some_and(|threshold| (0.4..=0.55).contains(&threshold)));
        let mixed: Vec<(f64, bool)> = (0..20).map(|n| (f64::from(n) / 20.0, n % 2 == 0)).collect();
        assert_eq!(threshold(&mixed, 0.9), None);
        let one_wrong: Vec<(f64, bool)> = (0..20).map(|n| (f64::from(n) / 20.0, n >= 8 && n != 19)).collect();
        assert!(threshold(&one_wrong, 0.9).is_some());
        assert_eq!(threshold(&one_wrong, 0.99), None);
    }

    #[test]
    fn folds_hold_both_kinds_evenly_and_keep_a_topic_together() {
        let hits: Vec<bool> = (0..48).map(|case| case % 2 == 0).collect();
        // Cases 2n and 2n + 1 are about one patient.
        let folds = folds(&hits, |a, b| if a / 2 == b / 2 { 0.9 } else { 0.1 });
        for fold in 0..FOLDS {
            assert_eq!((0..48).filter(|case| folds[*case] == fold && hits[*case]).count(), 3);
        }
        assert!((0..24).all(|pair| folds[2 * pair] == folds[2 * pair + 1]));
    }

    /// Labels that have nothing to do with the features must not look learnable.
    #[test]
    fn nothing_is_learnt_from_noise() {
        let count = 48;
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1u64 << 24) as f64 - 0.5
        };
        let points: Vec<Vec<f64>> = (0..count).map(|_| (0..100).map(|_| random()).collect()).collect();
        let labels: Vec<bool> = (0..count).map(|n| n % 2 == 0).collect();
        let kernel: Vec<f64> =
            points.iter().flat_map(|a| points.iter().map(move |b| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() + 1.0)).collect();
        let cases: Vec<CaseOf> = folds(&labels, |_, _| 0.0)
            .into_iter()
            .enumerate()
            .map(|(n, fold)| CaseOf { examples: vec![n], hit: labels[n], fold })
            .collect();
        let unseen = validate(&kernel, &labels, &cases, 1.0, 0.9);
        let precision = unseen.precision();
        assert!(unseen.f1() < 0.75 && (precision.total < 6 || precision.value() < 0.9), "{} {precision:?}", unseen.f1());
        // The same with the labels in the features is learnt at once.
        let told: Vec<f64> =
            kernel.iter().enumerate().map(|(n, k)| k + if labels[n / count] == labels[n % count] { 3.0 } else { -3.0 }).collect();
        let unseen = validate(&told, &labels, &cases, 1.0, 0.9);
        assert!(unseen.f1() > 0.95 && unseen.precision().value() > 0.95 && unseen.recall().value() > 0.9);
        assert!(unseen.calibration_error() < 0.1);
    }
}
