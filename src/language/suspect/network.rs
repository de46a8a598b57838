//! [`Network`]: weighs what speaks for a correction. One hidden layer, learnt by [`Network::fit`] from corrections known to be right or wrong.

use super::super::ModelError;
use super::bytes::Reader;
use super::features::FEATURES;

const HIDDEN: usize = 32;
const WEIGHTS: usize = HIDDEN * (FEATURES + 2) + 1;

/// What was learnt: of each hidden unit its input weights, its bias and its output weight; last the bias of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    weights: Vec<f32>,
}

/// A correction to learn from.
#[derive(Debug, Clone)]
pub struct Example {
    pub features: [f32; FEATURES],
    pub right: bool,
}

impl Network {
    /// How sure it is that the correction is right, as log-odds.
    pub fn score(&self, features: &[f32; FEATURES]) -> f32 {
        self.forward(features).1
    }

    fn forward(&self, features: &[f32; FEATURES]) -> ([f32; HIDDEN], f32) {
        let mut hidden = [0f32; HIDDEN];
        let mut score = self.weights[WEIGHTS - 1];
        for (unit, weights) in hidden.iter_mut().zip(self.weights.chunks_exact(FEATURES + 2)) {
            let sum: f32 = weights[FEATURES] + features.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f32>();
            // Leaky, so that no unit dies.
            *unit = if sum > 0.0 { sum } else { 0.05 * sum };
            score += *unit * weights[FEATURES + 1];
        }
        (hidden, score)
    }

    /// Learns by Adam on the logistic loss; the same examples and seed give the same network.
    pub fn fit(examples: &[Example], epochs: usize, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut network = Self { weights: (0..WEIGHTS).map(|_| (random.f32() - 0.5) * 0.4).collect() };
        let (mut first, mut second) = (vec![0f32; WEIGHTS], vec![0f32; WEIGHTS]);
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let (batch, mut step) = (64, 0);
        let steps = (examples.len().div_ceil(batch) * epochs).max(1) as f32;
        let mut gradient = vec![0f32; WEIGHTS];
        for _ in 0..epochs {
            random.shuffle(&mut order);
            for chunk in order.chunks(batch) {
                gradient.fill(0.0);
                for example in chunk.iter().map(|index| &examples[*index]) {
                    network.backward(example, &mut gradient);
                }
                step += 1;
                let rate = 0.004 * (1.0 - step as f32 / steps).max(0.02);
                let (fix1, fix2) = (1.0 - 0.9f32.powi(step), 1.0 - 0.999f32.powi(step));
                for (index, weight) in network.weights.iter_mut().enumerate() {
                    let slope = gradient[index] / chunk.len() as f32 + 1e-5 * *weight;
                    first[index] = 0.9 * first[index] + 0.1 * slope;
                    second[index] = 0.999 * second[index] + 0.001 * slope * slope;
                    *weight -= rate * (first[index] / fix1) / ((second[index] / fix2).sqrt() + 1e-8);
                }
            }
        }
        network
    }

    fn backward(&self, example: &Example, gradient: &mut [f32]) {
        let (hidden, score) = self.forward(&example.features);
        let error = 1.0 / (1.0 + (-score).exp()) - f32::from(u8::from(example.right));
        gradient[WEIGHTS - 1] += error;
        for ((unit, weights), slopes) in
            hidden.iter().zip(self.weights.chunks_exact(FEATURES + 2)).zip(gradient.chunks_exact_mut(FEATURES + 2))
        {
            slopes[FEATURES + 1] += error * unit;
            let inner = error * weights[FEATURES + 1] * if *unit > 0.0 { 1.0 } else { 0.05 };
            slopes[FEATURES] += inner;
            for (slope, value) in slopes.iter_mut().zip(&example.features) {
                *slope += inner * value;
            }
        }
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend((FEATURES as u16).to_le_bytes());
        bytes.extend((HIDDEN as u16).to_le_bytes());
        self.weights.iter().for_each(|weight| bytes.extend(weight.to_le_bytes()));
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ModelError> {
        let shape = reader.take(4)?;
        if shape != [(FEATURES as u16).to_le_bytes(), (HIDDEN as u16).to_le_bytes()].concat() {
            return Err(ModelError(format!("{}: its network has another shape than {FEATURES} × {HIDDEN}", reader.name())));
        }
        let bytes = reader.take(4 * WEIGHTS)?;
        let weights: Vec<f32> = bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect();
        if weights.iter().any(|weight| !weight.is_finite()) {
            return Err(ModelError(format!("{}: a weight that is no number", reader.name())));
        }
        Ok(Self { weights })
    }
}
