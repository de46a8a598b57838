//! The encoder of `src/language`, by path.

#![allow(dead_code, reason = "only the encoder is compared")]

#[path = "../../../src/language/config.rs"]
pub mod config;
#[path = "../../../src/language/int8/mod.rs"]
pub mod int8;
#[path = "../../../src/language/packed.rs"]
pub mod packed;
#[path = "../../../src/language/weights.rs"]
pub mod weights;

pub use config::Config;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError(pub String);

impl std::fmt::Display for ModelError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ModelError {}

pub trait Encoder: Send + Sync {
    fn config(&self) -> &Config;
    fn states(&self, ids: &[u32]) -> Vec<f32>;
}
