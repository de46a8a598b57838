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
    /// How it did on findings of which somebody said whether they were right, each unseen; `None` where nobody said anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<Verdicts>,
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

/// Findings of the model that people judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdicts {
    pub judged: usize,
    /// Of these people accepted so many: what the head in use had right, for it had flagged them all.
    pub accepted: usize,
    /// The new head flags so many of the accepted and leaves so many of the dismissed, taken together.
    pub right: usize,
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

/// What became of a candidate's head.
#[derive(Debug, Clone, PartialEq)]
pub struct Promotion {
    pub rule: String,
    /// Why it is used from now on; `None`: the one in use stays.
    pub why: Option<Why>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Why {
    /// There was none.
    New,
    /// The rule's cases changed.
    Cases,
    /// It is right more often where people judged.
    Verdicts(Verdicts),
    /// It is right more often on the cases.
    Better,
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

    /// The heads of this file with those of a candidate that are better, by rule; the others stay as they are. A head is better
    /// where it has more verdicts right than the one in use; without verdicts, where the one in use is of other cases, or where its F1 is higher
    /// and it speaks if the other one did.
    pub fn promoted(&self, candidate: &Heads) -> Result<(Heads, Vec<Promotion>), ModelError> {
        if (&self.encoder, &self.centre) != (&candidate.encoder, &candidate.centre) {
            return Err(ModelError("these heads were not fitted beside those in use: bingli model fit --verdicts".to_owned()));
        }
        let mut heads = self.clone();
        let mut promotions = Vec::new();
        for (rule, new) in &candidate.heads {
            let why = match (heads.heads.get(rule), new.verdicts) {
                (None, _) => Some(Why::New),
                (Some(known), _) if known == new => continue,
                (Some(_), Some(verdicts)) => (verdicts.right > verdicts.accepted).then_some(Why::Verdicts(verdicts)),
                (Some(known), None) if known.cases != new.cases => Some(Why::Cases),
                (Some(known), None) => {
                    let speaks = new.threshold.is_some() || known.threshold.is_none();
                    (new.f1 > known.f1 && speaks).then_some(Why::Better)
                }
            };
            if why.is_some() {
                heads.heads.insert(rule.clone(), new.clone());
            }
            promotions.push(Promotion { rule: rule.clone(), why });
        }
        Ok((heads, promotions))
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

    fn head(f1: f64, threshold: Option<f64>, cases: &str) -> Head {
        let (block, measures) = (Block::of(&[0.0]), Measures { mean: vec![0.0], spread: vec![1.0], weights: vec![0.0] });
        let share = Share::new(1, 1);
        Head {
            cases: cases.to_owned(),
            examples: 24,
            verdicts: None,
            threshold,
            fails_below: 0.1,
            precision: share,
            recall: share,
            f1,
            calibration_error: 0.0,
            slope: 1.0,
            shift: 0.0,
            intercept: 0.0,
            vectors: block.clone(),
            ngrams: block,
            measures: measures.clone(),
            signs: measures,
        }
    }

    #[test]
    fn only_better_heads_are_promoted() {
        let heads = |heads: Vec<(&str, Head)>| Heads {
            encoder: "one".to_owned(),
            centre: vec![0.0],
            heads: heads.into_iter().map(|(rule, head)| (rule.to_owned(), head)).collect(),
        };
        let judged = |accepted, right| Head { verdicts: Some(Verdicts { judged: 10, accepted, right }), ..head(0.5, None, "a") };
        let known = || head(0.8, Some(0.7), "a");
        let used = heads(vec![
            ("same", known()),
            ("worse", known()),
            ("silent", known()),
            ("cases", known()),
            ("heard", known()),
            ("unheard", known()),
        ]);
        let next = heads(vec![
            ("same", known()),
            ("worse", head(0.7, Some(0.6), "a")),
            ("silent", head(0.9, None, "a")),
            ("cases", head(0.6, Some(0.6), "b")),
            ("heard", judged(4, 6)),
            ("unheard", judged(7, 7)),
            ("new", head(0.6, None, "a")),
        ]);
        let (promoted, promotions) = used.promoted(&next).expect("they fit");
        let why = |rule: &str| promotions.iter().find(|promotion| promotion.rule == rule).map(|promotion| promotion.why);
        assert_eq!(why("same"), None);
        assert_eq!((why("worse"), why("silent"), why("unheard")), (Some(None), Some(None), Some(None)));
        assert_eq!((why("cases"), why("new")), (Some(Some(Why::Cases)), Some(Some(Why::New))));
        assert!(matches!(why("heard"), Some(Some(Why::Verdicts(_)))));
        assert_eq!((&promoted.heads["heard"], &promoted.heads["unheard"]), (&next.heads["heard"], &used.heads["unheard"]));
        assert!(used.promoted(&Heads { centre: vec![0.1], ..next }).is_err());
    }

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
