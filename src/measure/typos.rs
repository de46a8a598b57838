//! Measures the search for wrong characters on pairs of a text as it was written and as it should be.

use serde::Serialize;

use crate::interval::Proportion;
use crate::language::suspect::{Detector, Suspect};

/// A line `wrong TAB right`, of equal length in characters.
#[derive(Debug, Clone)]
pub struct Pair {
    pub wrong: String,
    pub right: String,
}

/// How the detector fares at one threshold.
#[derive(Debug, Clone, Serialize)]
pub struct TypoReport {
    pub threshold: f32,
    /// Of the characters flagged those that are wrong, and of the wrong ones those flagged.
    pub precision: Proportion,
    pub recall: Proportion,
    pub f1: f64,
    /// Of the wrong characters flagged those whose first candidate is right.
    pub corrected: Proportion,
    /// Of the texts without a wrong character those flagged.
    pub unchanged_flagged: Proportion,
}

const THRESHOLDS: [f32; 5] = [1.0, 1.5, 2.0, 2.5, 3.0];

/// Counts characters, at several thresholds.
pub fn measure(detector: &Detector, pairs: &[Pair]) -> Vec<TypoReport> {
    THRESHOLDS.map(|threshold| at(detector, pairs, threshold)).to_vec()
}

fn at(detector: &Detector, pairs: &[Pair], threshold: f32) -> TypoReport {
    let [mut hits, mut flagged, mut wanted, mut corrected, mut unchanged, mut unchanged_flagged] = [0usize; 6];
    for Pair { wrong, right } in pairs {
        let letters = wrong.chars().zip(right.chars()).enumerate();
        let gold: Vec<(usize, char)> = letters.filter(|(_, (was, is))| was != is).map(|(place, (_, is))| (place, is)).collect();
        let found = changes(wrong, &detector.detect(wrong, threshold));
        flagged += found.len();
        wanted += gold.len();
        hits += found.iter().filter(|(place, _)| gold.iter().any(|(known, _)| known == place)).count();
        corrected += found.iter().filter(|change| gold.contains(change)).count();
        if gold.is_empty() {
            unchanged += 1;
            unchanged_flagged += usize::from(!found.is_empty());
        }
    }
    let f1 = if flagged + wanted == 0 { 0.0 } else { 2.0 * hits as f64 / (flagged + wanted) as f64 };
    TypoReport {
        threshold,
        precision: Proportion::new(hits, flagged),
        recall: Proportion::new(hits, wanted),
        f1,
        corrected: Proportion::new(corrected, hits),
        unchanged_flagged: Proportion::new(unchanged_flagged, unchanged),
    }
}

/// The characters that would change: their places, in characters, and what they would be.
fn changes(text: &str, suspects: &[Suspect]) -> Vec<(usize, char)> {
    let place = |byte: usize| text[..byte].chars().count();
    suspects.iter().flat_map(|one| (place(one.span.start)..).zip(one.candidates[0].right.chars())).collect()
}
