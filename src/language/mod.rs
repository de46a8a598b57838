//! The small language model: it reads what rules can't, one passage at a time, and may abstain.
//!
//! - [`config`], [`weights`], [`packed`] the files of a model · [`tokens`] text as its words, with their places
//! - [`int8`] the encoder in 8-bit integers · [`mod@reference`] the same in f32, to hold it against
//! - [`embedder`] text in, vector out · [`cache`] so that no text is read twice
//! - [`heads`] what is learnt on top of the frozen encoder: one small head a `judge` rule
//! - [`suspect`] wrong characters, by counts of what stands beside what, without the encoder
//! - [`compare`] two texts set against each other: `relate` and `verify`
//! - [`lessons`] what the rulebook teaches · [`folder`] where a model is loaded from, and [`Language`], the whole of it, which answers what
//!   `judge` rules ask
//!
//! Nothing here knows a clock or a network, and results do not depend on the processor, on threads, or on what was read before.

pub mod cache;
pub mod compare;
pub mod config;
pub mod embedder;
pub mod folder;
pub mod heads;
pub mod int8;
mod judge;
pub mod lessons;
pub mod packed;
pub mod reference;
pub mod suspect;
#[cfg(test)]
mod tests;
pub mod tokens;
pub mod weights;

use std::fmt;

pub use config::Config;
pub use embedder::Embedder;
pub use folder::{Language, ModelFolder};

/// What is wrong with a model's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError(pub String);

impl fmt::Display for ModelError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ModelError {}

/// A network that gives each token of one sequence its state.
pub trait Encoder: Send + Sync {
    fn config(&self) -> &Config;

    /// Token by token, `hidden_size` numbers each; at most `max_position_embeddings` tokens of the vocabulary.
    fn states(&self, ids: &[u32]) -> Vec<f32>;
}
