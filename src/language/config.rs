//! [`Config`]: the shape of a BERT encoder, as `config.json` gives it.

use serde::{Deserialize, Serialize};

use super::ModelError;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// What reports call the model; the folder's name where `config.json` has none.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub version: String,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    pub max_position_embeddings: usize,
    #[serde(default = "default_epsilon")]
    pub layer_norm_eps: f64,
    #[serde(default = "gelu")]
    pub hidden_act: String,
}

fn default_epsilon() -> f64 {
    1e-12
}

fn gelu() -> String {
    "gelu".to_owned()
}

impl Config {
    pub fn parse(json: &[u8]) -> Result<Self, ModelError> {
        let config: Self = serde_json::from_slice(json).map_err(|error| ModelError(format!("config.json: {error}")))?;
        config.validate()?;
        Ok(config)
    }

    /// Columns of one attention head.
    pub fn head_size(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// The kernels work on 16 columns at a time, and know one activation.
    fn validate(&self) -> Result<(), ModelError> {
        let wrong = |text: String| Err(ModelError(format!("config.json: {text}")));
        if self.num_attention_heads == 0 || !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return wrong("hidden_size must be a multiple of num_attention_heads".to_owned());
        }
        for (what, size) in
            [("hidden_size", self.hidden_size), ("intermediate_size", self.intermediate_size), ("the size of a head", self.head_size())]
        {
            if size == 0 || !size.is_multiple_of(16) {
                return wrong(format!("{what} is {size}, and must be a multiple of 16"));
            }
        }
        if self.vocab_size == 0 || self.num_hidden_layers == 0 || self.max_position_embeddings < 8 {
            return wrong("vocabulary, layers and positions must not be empty".to_owned());
        }
        if self.hidden_act != "gelu" {
            return wrong(format!("hidden_act `{}` is not supported, only `gelu`", self.hidden_act));
        }
        Ok(())
    }
}
