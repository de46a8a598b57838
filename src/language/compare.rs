//! Two texts, each encoded by itself, compared token by token: `relate` (do they go together?) and `verify` (does a passage say a statement?).
//!
//! `compare.safetensors` holds the network, `models/training/README.md` its formula and how it was trained. Every token of one text looks for its
//! like in the other; what the two show side by side is summed up over the tokens, both ways, and three classes are told apart.

use std::collections::BTreeMap;

use safetensors::SafeTensors;

use super::weights::{Dense, numbers};
use super::{Embedder, ModelError};

/// What is asked of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Two texts about one thing: [consistent, contradictory, unrelated]. The same whichever comes first.
    Relate,
    /// A statement and a passage: [true, false, not said].
    Verify,
}

impl Job {
    /// The classes, in the network's order, as the files of pairs name them.
    pub fn classes(self) -> [&'static str; 3] {
        match self {
            Job::Relate => ["consistent", "contradictory", "unrelated"],
            Job::Verify => ["true", "false", "not_said"],
        }
    }
}

/// The last layers of one job.
struct Classes {
    hidden: Dense,
    output: Dense,
    temperature: f32,
}

/// The network.
pub struct Comparer {
    key: Dense,
    part: Dense,
    feature: Dense,
    sharpness: f32,
    relate: Classes,
    verify: Classes,
}

/// A text's tokens as the network compares them.
pub struct Tokened {
    /// Unit vectors, by which tokens find their like.
    keys: Vec<f32>,
    parts: Vec<f32>,
    count: usize,
}

impl Comparer {
    /// Reads `compare.safetensors`; `width` is the encoder's.
    pub fn read(bytes: &[u8], width: usize) -> Result<Self, ModelError> {
        let named = |error: String| ModelError(format!("compare.safetensors: {error}"));
        let file = SafeTensors::deserialize(bytes).map_err(|error| named(error.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| named(error.to_string()))?;
        let tensor = |name: String| numbers(&file, &name).map_err(named);
        let dense = |name: &str, inputs: usize| -> Result<Dense, ModelError> {
            let (weight, bias) = (tensor(format!("{name}.weight"))?, tensor(format!("{name}.bias"))?);
            if bias.is_empty() || weight.len() != bias.len() * inputs {
                return Err(named(format!("{name} has {} numbers and {} outputs, for {inputs} inputs", weight.len(), bias.len())));
            }
            Ok(Dense { weight, bias })
        };
        let (key, part) = (dense("key", width)?, dense("part", width)?);
        let feature = dense("feature", 4 * part.bias.len())?;
        let classes = |job: &str| -> Result<Classes, ModelError> {
            let hidden = dense(&format!("{job}.hidden"), 4 * feature.bias.len())?;
            let output = dense(&format!("{job}.output"), hidden.bias.len())?;
            let written = header.metadata().as_ref().and_then(|more| more.get(&format!("{job}.temperature")));
            let temperature = written.and_then(|text| text.parse().ok()).filter(|temperature: &f32| *temperature > 0.0);
            if output.bias.len() != 3 {
                return Err(named(format!("{job}.output has {} classes, not three", output.bias.len())));
            }
            Ok(Classes { hidden, output, temperature: temperature.ok_or_else(|| named(format!("{job}.temperature is missing")))? })
        };
        let sharpness = tensor("sharpness".to_owned())?;
        let [sharpness] = sharpness[..] else { return Err(named("sharpness is one number".to_owned())) };
        Ok(Self { relate: classes("relate")?, verify: classes("verify")?, key, part, feature, sharpness })
    }

    /// Reads a text, token by token.
    pub fn tokened(&self, embedder: &Embedder, text: &str) -> Result<Tokened, ModelError> {
        let states = embedder.states(text)?;
        let width = embedder.width();
        let mut tokened = Tokened { keys: Vec::new(), parts: Vec::new(), count: states.len() / width };
        for state in states.chunks_exact(width) {
            tokened.keys.extend(super::embedder::unit(applied(&self.key, state)));
            tokened.parts.extend(applied(&self.part, state));
        }
        Ok(tokened)
    }

    /// Probabilities of the job's three classes. A text without a token says nothing: the last class.
    pub fn compare(&self, job: Job, a: &Tokened, b: &Tokened) -> [f32; 3] {
        if a.count == 0 || b.count == 0 {
            return [0.0, 0.0, 1.0];
        }
        let temperature = self.classes(job).temperature;
        softmax(self.logits(job, a, b).map(|logit| logit / temperature))
    }

    pub(super) fn logits(&self, job: Job, a: &Tokened, b: &Tokened) -> [f32; 3] {
        let (there, back) = (self.one_way(a, b), self.one_way(b, a));
        let one = self.classified(job, &there, &back);
        match job {
            Job::Verify => one,
            // The mean of both orders, so that neither text is the first.
            Job::Relate => {
                let other = self.classified(job, &back, &there);
                std::array::from_fn(|class| (one[class] + other[class]) / 2.0)
            }
        }
    }

    fn classes(&self, job: Job) -> &Classes {
        match job {
            Job::Relate => &self.relate,
            Job::Verify => &self.verify,
        }
    }

    /// Mean and maximum over a's tokens of what each shows beside its like in b.
    fn one_way(&self, a: &Tokened, b: &Tokened) -> Vec<f32> {
        let (keys, parts, features) = (self.key.bias.len(), self.part.bias.len(), self.feature.bias.len());
        let mut mean = vec![0f32; features];
        let mut most = vec![0f32; features];
        for (key, part) in a.keys.chunks_exact(keys).zip(a.parts.chunks_exact(parts)) {
            let scores: Vec<f32> = b.keys.chunks_exact(keys).map(|other| self.sharpness * dot(key, other)).collect();
            let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let weights: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
            let sum: f32 = weights.iter().sum();
            let mut like = vec![0f32; parts];
            for (weight, other) in weights.iter().zip(b.parts.chunks_exact(parts)) {
                like.iter_mut().zip(other).for_each(|(like, value)| *like += weight / sum * value);
            }
            let beside: Vec<f32> = part
                .iter()
                .chain(&like)
                .copied()
                .chain(part.iter().zip(&like).map(|(a, b)| (a - b).abs()))
                .chain(part.iter().zip(&like).map(|(a, b)| a * b))
                .collect();
            for (value, (mean, most)) in applied(&self.feature, &beside).into_iter().zip(mean.iter_mut().zip(&mut most)) {
                *mean += value.max(0.0);
                *most = most.max(value);
            }
        }
        mean.iter_mut().for_each(|sum| *sum /= a.count as f32);
        mean.extend(most);
        mean
    }

    fn classified(&self, job: Job, there: &[f32], back: &[f32]) -> [f32; 3] {
        let classes = self.classes(job);
        let mut hidden = applied(&classes.hidden, &[there, back].concat());
        hidden.iter_mut().for_each(|value| *value = value.max(0.0));
        let output = applied(&classes.output, &hidden);
        std::array::from_fn(|class| output[class])
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn applied(dense: &Dense, input: &[f32]) -> Vec<f32> {
    dense.weight.chunks_exact(input.len()).zip(&dense.bias).map(|(row, bias)| dot(row, input) + bias).collect()
}

fn softmax(logits: [f32; 3]) -> [f32; 3] {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = logits.map(|logit| (logit - highest).exp());
    let sum: f32 = powers.iter().sum();
    powers.map(|power| power / sum)
}

/// Pairs that are to be compared, read once each.
pub struct Reading<'m> {
    comparer: &'m Comparer,
    embedder: &'m Embedder,
    read: BTreeMap<String, Tokened>,
}

impl<'m> Reading<'m> {
    pub fn new(comparer: &'m Comparer, embedder: &'m Embedder) -> Self {
        Self { comparer, embedder, read: BTreeMap::new() }
    }

    /// Probabilities of the job's three classes.
    pub fn compare(&mut self, job: Job, a: &str, b: &str) -> Result<[f32; 3], ModelError> {
        for text in [a, b] {
            if !self.read.contains_key(text) {
                let tokened = self.comparer.tokened(self.embedder, text)?;
                self.read.insert(text.to_owned(), tokened);
            }
        }
        Ok(self.comparer.compare(job, &self.read[a], &self.read[b]))
    }
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype;
    use safetensors::tensor::TensorView;

    use super::*;

    const SIZES: [(&str, usize, usize); 7] = [
        ("key", 2, 3),
        ("part", 2, 3),
        ("feature", 4, 8),
        ("relate.hidden", 4, 16),
        ("relate.output", 3, 4),
        ("verify.hidden", 4, 16),
        ("verify.output", 3, 4),
    ];

    /// A network of the smallest size, with numbers that follow from their places.
    fn file(temperatures: &[(&str, &str)], without: &str) -> Vec<u8> {
        let numbers = |count: usize| -> Vec<u8> {
            (0..count).flat_map(|place| (((place * 7 + count) % 11) as f32 / 11.0 - 0.5).to_le_bytes()).collect()
        };
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = vec![("sharpness".to_owned(), vec![1], 12f32.to_le_bytes().to_vec())];
        for (name, outputs, inputs) in SIZES {
            tensors.push((format!("{name}.weight"), vec![outputs, inputs], numbers(outputs * inputs)));
            tensors.push((format!("{name}.bias"), vec![outputs], numbers(outputs)));
        }
        tensors.retain(|(name, ..)| name != without);
        let views = tensors.iter().map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor")));
        let metadata = temperatures.iter().map(|(job, value)| (format!("{job}.temperature"), (*value).to_owned())).collect();
        safetensors::serialize(views, Some(metadata)).expect("a file")
    }

    const TEMPERATURES: [(&str, &str); 2] = [("relate", "2.0"), ("verify", "1.5")];

    fn tokened(comparer: &Comparer, states: &[[f32; 3]]) -> Tokened {
        Tokened {
            keys: states.iter().flat_map(|state| super::super::embedder::unit(applied(&comparer.key, state))).collect(),
            parts: states.iter().flat_map(|state| applied(&comparer.part, state)).collect(),
            count: states.len(),
        }
    }

    #[test]
    fn relate_is_symmetric_and_all_classes_add_up() {
        let comparer = Comparer::read(&file(&TEMPERATURES, ""), 3).expect("a network");
        let one = tokened(&comparer, &[[1.0, 0.0, 0.5], [0.2, -1.0, 0.0]]);
        let other = tokened(&comparer, &[[0.0, 0.3, 1.0], [1.0, 1.0, -1.0], [-0.4, 0.2, 0.9]]);
        assert_eq!(comparer.compare(Job::Relate, &one, &other), comparer.compare(Job::Relate, &other, &one));
        assert_ne!(comparer.compare(Job::Verify, &one, &other), comparer.compare(Job::Verify, &other, &one));
        for job in [Job::Relate, Job::Verify] {
            let sum: f32 = comparer.compare(job, &one, &other).iter().sum();
            assert!((sum - 1.0).abs() < 1e-6);
            // Each text against itself is another thing than against the other.
            assert_ne!(comparer.logits(job, &one, &one), comparer.logits(job, &one, &other));
        }
        assert_eq!(comparer.compare(Job::Relate, &one, &tokened(&comparer, &[])), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_named() {
        let error = |bytes: &[u8], width: usize| Comparer::read(bytes, width).err().expect("an error").0;
        assert!(error(b"no file", 3).starts_with("compare.safetensors: "));
        assert!(error(&file(&TEMPERATURES, "part.bias"), 3).contains("part.bias"));
        assert!(error(&file(&TEMPERATURES, ""), 4).contains("key has 6 numbers and 2 outputs, for 4 inputs"));
        assert_eq!(error(&file(&[("relate", "2.0")], ""), 3), "compare.safetensors: verify.temperature is missing");
        assert_eq!(error(&file(&[("relate", "0"), ("verify", "1")], ""), 3), "compare.safetensors: relate.temperature is missing");
    }
}
