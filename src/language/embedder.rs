//! [`Embedder`]: text in, vector out: tokenizer, encoder, pooling and cache as one.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::cache::Cache;
use super::tokens::Tokens;
use super::{Encoder, ModelError};

/// Vectors kept: of a visit some hundred passages are judged, so these are the visits of a ward.
const CACHED: usize = 8192;

pub struct Embedder {
    tokens: Tokens,
    encoder: Box<dyn Encoder>,
    cache: Cache,
}

impl Embedder {
    pub fn new(tokens: Tokens, encoder: Box<dyn Encoder>) -> Self {
        Self { tokens, encoder, cache: Cache::new(CACHED) }
    }

    pub fn width(&self) -> usize {
        self.encoder.config().hidden_size
    }

    pub fn encoder(&self) -> &dyn Encoder {
        &*self.encoder
    }

    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The vector of each text, of length one; equal texts are read once, the texts in parallel.
    pub fn vectors(&self, texts: &[&str]) -> Result<Vec<Arc<[f32]>>, ModelError> {
        let mut unique: Vec<&str> = texts.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let vectors = unique.par_iter().map(|text| Ok((*text, self.vector(text)?)));
        let vectors: HashMap<&str, Arc<[f32]>> = vectors.collect::<Result<_, ModelError>>()?;
        Ok(texts.iter().map(|text| Arc::clone(&vectors[text])).collect())
    }

    /// The states of the tokens that stand for something in the text, one after the other, `width` numbers each.
    pub fn states(&self, text: &str) -> Result<Vec<f32>, ModelError> {
        let width = self.width();
        let mut kept = Vec::new();
        for window in self.tokens.windows(text)? {
            let states = self.encoder.states(&window.ids);
            for index in window.own.clone().filter(|index| !window.spans[*index].is_empty()) {
                kept.extend_from_slice(&states[index * width..(index + 1) * width]);
            }
        }
        Ok(kept)
    }

    fn vector(&self, text: &str) -> Result<Arc<[f32]>, ModelError> {
        let key = Cache::key(text);
        if let Some(vector) = self.cache.get(&key) {
            return Ok(vector);
        }
        let width = self.width();
        let mut sum = vec![0f32; width];
        for window in self.tokens.windows(text)? {
            let states = self.encoder.states(&window.ids);
            for state in states[window.own.start * width..window.own.end * width].chunks_exact(width) {
                sum.iter_mut().zip(state).for_each(|(sum, value)| *sum += value);
            }
        }
        let vector: Arc<[f32]> = Arc::from(unit(sum));
        self.cache.put(key, &vector);
        Ok(vector)
    }
}

/// Scaled to length one.
pub fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    vector
}
