//! `judge.json`: the heads that were fitted, with the figures that each reached.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Verdict;
use super::features::{BUCKETS, Features, MEASURES};
use super::logistic::sigmoid;
use super::signs::SIGNS;
use super::validate::Share;
use crate::language::ModelError;

/// All heads of one encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heads {
    /// `sha256:…` of the encoder that they were fitted on; with another one they mean nothing.
    pub encoder: String,
    /// What all vectors have in common.
    pub centre: Vec<f32>,
    /// By the rule's id.
    pub heads: BTreeMap<String, Head>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Hash of the statement and the cases that taught it.
    pub cases: String,
    /// How many cases.
    pub examples: usize,
    /// Probability from which on it flags; `None`: it reached its precision nowhere, and is silent.
    pub threshold: Option<f64>,
    /// Below this it says that the statement does not hold.
    pub fails_below: f64,
    /// Of unseen flagged cases those that are hits.
    pub precision: Share,
    /// Of unseen hits those that are flagged.
    pub recall: Share,
    /// Of unseen cases when every one is decided.
    pub f1: f64,
    pub calibration_error: f64,
    pub slope: f32,
    pub shift: f32,
    pub intercept: f32,
    pub vectors: Block,
    pub ngrams: Block,
    pub measures: Measures,
    pub signs: Measures,
}

/// Weights as whole numbers from -127 to 127, two hexadecimal digits each, with their common scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BlockText", into = "BlockText")]
pub struct Block {
    scale: f32,
    numbers: Vec<i8>,
}

#[derive(Serialize, Deserialize)]
struct BlockText {
    scale: f32,
    hex: String,
}

impl From<Block> for BlockText {
    fn from(block: Block) -> Self {
        Self { scale: block.scale, hex: block.numbers.iter().map(|number| format!("{:02x}", number.cast_unsigned())).collect() }
    }
}

impl TryFrom<BlockText> for Block {
    type Error = String;

    fn try_from(text: BlockText) -> Result<Self, String> {
        let digits = text.hex.as_bytes();
        let number = |pair: &[u8]| {
            let text = std::str::from_utf8(pair).map_err(|error| error.to_string())?;
            u8::from_str_radix(text, 16).map(u8::cast_signed).map_err(|error| error.to_string())
        };
        Ok(Self { scale: text.scale, numbers: digits.chunks(2).map(number).collect::<Result<_, _>>()? })
    }
}

impl Block {
    pub fn of(weights: &[f32]) -> Self {
        let most = weights.iter().fold(0f32, |most, weight| most.max(weight.abs())).max(1e-12);
        let scale = most / 127.0;
        Self { scale, numbers: weights.iter().map(|weight| (weight / scale).round() as i8).collect() }
    }

    fn dot(&self, values: &[f32]) -> f64 {
        let sum: f64 = self.numbers.iter().zip(values).map(|(number, value)| f64::from(*number) * f64::from(*value)).sum();
        sum * f64::from(self.scale)
    }

    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }
}

/// Plain measures: how they are scaled, and what they weigh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    pub mean: Vec<f32>,
    pub spread: Vec<f32>,
    pub weights: Vec<f32>,
}

impl Measures {
    /// Within three spreads: a text of unusual length must not decide alone.
    pub fn scaled(&self, measures: &[f32]) -> Vec<f32> {
        let ranges = self.mean.iter().zip(&self.spread);
        measures.iter().zip(ranges).map(|(value, (mean, spread))| ((value - mean) / spread).clamp(-3.0, 3.0)).collect()
    }

    fn dot(&self, measures: &[f32]) -> f64 {
        self.scaled(measures).iter().zip(&self.weights).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    fn has(&self, count: usize) -> bool {
        [&self.mean, &self.spread, &self.weights].iter().all(|numbers| numbers.len() == count)
    }
}

impl Heads {
    pub fn parse(json: &[u8]) -> Result<Self, ModelError> {
        serde_json::from_slice(json).map_err(|error| ModelError(format!("judge.json: {error}")))
    }

    /// Weights of another size would be read as something else.
    pub fn check(&self, width: usize) -> Result<(), ModelError> {
        let fits = |head: &Head| {
            let plain = head.measures.has(MEASURES) && head.signs.has(SIGNS);
            [width, 4 * width].contains(&head.vectors.len()) && head.ngrams.len() == BUCKETS && plain
        };
        match self.heads.iter().find(|(_, head)| !fits(head)) {
            Some((id, _)) => Err(ModelError(format!("judge.json: the head of {id} has weights of another size"))),
            None if self.centre.len() != width => Err(ModelError(format!("judge.json: the centre has {} numbers", self.centre.len()))),
            None => Ok(()),
        }
    }

    pub fn to_json(&self) -> Result<String, ModelError> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(|error| ModelError(format!("judge.json: {error}")))
    }
}

impl Head {
    /// The probability that the statement holds.
    pub fn probability(&self, features: &Features) -> f32 {
        let measures = self.measures.dot(&features.measures) + self.signs.dot(&features.signs);
        let score = self.vectors.dot(&features.vectors) + self.ngrams.dot(&features.ngrams) + measures + f64::from(self.intercept);
        sigmoid(f64::from(self.slope) * score + f64::from(self.shift)) as f32
    }

    pub fn judge(&self, features: &Features) -> Verdict {
        let probability = self.probability(features);
        if self.threshold.is_some_and(|threshold| f64::from(probability) >= threshold) {
            Verdict::Holds(probability)
        } else if f64::from(probability) <= self.fails_below {
            Verdict::Fails(1.0 - probability)
        } else {
            Verdict::Unsure(probability)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_survive_the_file_and_a_damaged_file_is_an_error() {
        let block = Block::of(&[0.5, -0.25, 0.0, 0.127]);
        let json = serde_json::to_string(&block).expect("it can be written");
        assert_eq!(serde_json::from_str::<Block>(&json).expect("it can be read"), block);
        assert!((block.dot(&[1.0, 1.0, 1.0, 1.0]) - 0.377).abs() < 0.01);
        assert!(serde_json::from_str::<Block>(r#"{"scale":1.0,"hex":"zz"}"#).is_err());
        assert!(serde_json::from_str::<Block>(r#"{"scale":1.0,"hex":"血"}"#).is_err());
    }
}
