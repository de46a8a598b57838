//! Few-shot heads: what is learnt on top of the frozen encoder, one head a `judge` rule, from the rule's own cases.
//!
//! - [`features`] a passage (and the text it is read with) as numbers: the encoder's vectors, character n-grams, a few plain measures
//! - [`signs`]    what the reading layer knows of it, as numbers
//! - [`logistic`] L2-regularised logistic regression, exact, in the space of the examples
//! - [`validate`] cross-validation: every figure comes from examples that the head had not seen, neither for its weights, nor for its
//!   calibration, nor for its threshold
//! - [`fit`]      a head from its examples · [`mod@file`] `judge.json`, which keeps them

pub mod features;
pub mod file;
pub mod fit;
pub mod logistic;
pub mod signs;
pub mod validate;

pub use features::Features;
pub use file::{Head, Heads};
pub use fit::{Example, Lesson, Source};

/// What a head says of a passage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// The statement holds, this surely.
    Holds(f32),
    /// It does not hold, this surely.
    Fails(f32),
    /// The head cannot tell; the probability that the statement holds.
    Unsure(f32),
}
