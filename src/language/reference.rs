//! [`Reference`]: the same network in plain f32, slow and simple, to hold the 8-bit one against.

use super::weights::{Dense, Norm, Weights};
use super::{Config, Encoder};

pub struct Reference {
    weights: Weights,
}

impl Reference {
    pub fn new(weights: Weights) -> Self {
        Self { weights }
    }
}

impl Encoder for Reference {
    fn config(&self) -> &Config {
        &self.weights.config
    }

    fn states(&self, ids: &[u32]) -> Vec<f32> {
        let (weights, config) = (&self.weights, &self.weights.config);
        let (width, epsilon) = (config.hidden_size, config.layer_norm_eps);
        let mut states: Vec<f32> = Vec::with_capacity(ids.len() * width);
        for (id, position) in ids.iter().zip(weights.positions.chunks_exact(width)) {
            let word = &weights.words[*id as usize * width..][..width];
            states.extend(word.iter().zip(position).zip(&weights.kind).map(|((word, position), kind)| word + position + kind));
        }
        normalise(&mut states, &weights.norm, epsilon);
        for layer in &weights.layers {
            let qkv = apply(&layer.qkv, &states);
            add(&mut states, &apply(&layer.output, &attend(&qkv, config)));
            normalise(&mut states, &layer.attention_norm, epsilon);
            let mut hidden = apply(&layer.up, &states);
            hidden.iter_mut().for_each(|value| *value = gelu(f64::from(*value)) as f32);
            add(&mut states, &apply(&layer.down, &hidden));
            normalise(&mut states, &layer.norm, epsilon);
        }
        states
    }
}

fn apply(dense: &Dense, states: &[f32]) -> Vec<f32> {
    let inputs = dense.weight.len() / dense.bias.len();
    let row = |input: &[f32]| -> Vec<f32> {
        let outputs = dense.weight.chunks_exact(inputs).zip(&dense.bias);
        outputs.map(|(weights, bias)| dot(weights, input) + bias).collect()
    };
    states.chunks_exact(inputs).flat_map(row).collect()
}

/// In eight lanes, so that it is not slower than it must be.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum()
}

fn add(states: &mut [f32], values: &[f32]) {
    states.iter_mut().zip(values).for_each(|(state, value)| *state += value);
}

fn attend(qkv: &[f32], config: &Config) -> Vec<f32> {
    let (width, size) = (config.hidden_size, config.head_size());
    let part = |row: &[f32], part: usize, head: usize| -> Vec<f32> { row[part * width + head * size..][..size].to_vec() };
    let mut out = vec![0.0; qkv.len() / 3];
    for head in 0..config.num_attention_heads {
        let keys: Vec<Vec<f32>> = qkv.chunks_exact(3 * width).map(|row| part(row, 1, head)).collect();
        let values: Vec<Vec<f32>> = qkv.chunks_exact(3 * width).map(|row| part(row, 2, head)).collect();
        for (row, out) in qkv.chunks_exact(3 * width).zip(out.chunks_exact_mut(width)) {
            let query = part(row, 0, head);
            let scores: Vec<f64> = keys.iter().map(|key| f64::from(dot(&query, key)) / (size as f64).sqrt()).collect();
            let most = scores.iter().copied().fold(f64::MIN, f64::max);
            let powers: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
            let sum: f64 = powers.iter().sum();
            for (power, value) in powers.iter().zip(&values) {
                for (out, value) in out[head * size..][..size].iter_mut().zip(value) {
                    *out += (power / sum) as f32 * value;
                }
            }
        }
    }
    out
}

fn normalise(states: &mut [f32], norm: &Norm, epsilon: f64) {
    for row in states.chunks_exact_mut(norm.gain.len()) {
        let count = row.len() as f64;
        let mean = row.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
        let variance = row.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
        let inverse = 1.0 / (variance + epsilon).sqrt();
        for ((value, gain), shift) in row.iter_mut().zip(&norm.gain).zip(&norm.shift) {
            *value = ((f64::from(*value) - mean) * inverse) as f32 * gain + shift;
        }
    }
}

/// `x Φ(x)`.
pub fn gelu(x: f64) -> f64 {
    x * 0.5 * (1.0 + error_function(x / std::f64::consts::SQRT_2))
}

/// By its series; beyond 4 it is one.
fn error_function(x: f64) -> f64 {
    if x.abs() > 4.0 {
        return x.signum();
    }
    let (mut sum, mut term, mut n) = (0.0, x, 0.0);
    while term.abs() > 1e-17 {
        sum += term / (2.0 * n + 1.0);
        n += 1.0;
        term *= -x * x / n;
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}
