//! [`Weights`]: a BERT encoder's weights in f32, from safetensors in f32, f16 or bf16.

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use super::{Config, ModelError};

/// `y = W x + b`, `W` row by row: one row an output.
#[derive(Debug, Clone)]
pub struct Dense {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// Gain and shift of a layer norm.
#[derive(Debug, Clone)]
pub struct Norm {
    pub gain: Vec<f32>,
    pub shift: Vec<f32>,
}

#[derive(Debug, Clone)]
pub struct LayerWeights {
    /// Queries, keys and values under each other.
    pub qkv: Dense,
    pub output: Dense,
    pub attention_norm: Norm,
    pub up: Dense,
    pub down: Dense,
    pub norm: Norm,
}

#[derive(Debug, Clone)]
pub struct Weights {
    pub config: Config,
    pub words: Vec<f32>,
    pub positions: Vec<f32>,
    /// The vector of token type 0; the only type there is.
    pub kind: Vec<f32>,
    pub norm: Norm,
    pub layers: Vec<LayerWeights>,
}

impl Weights {
    pub fn read(config: Config, safetensors: &[u8]) -> Result<Self, ModelError> {
        let file = SafeTensors::deserialize(safetensors).map_err(|error| ModelError(format!("model.safetensors: {error}")))?;
        let source = Source { file, prefix: if has(safetensors, "bert.embeddings.word_embeddings.weight") { "bert." } else { "" } };
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let layers = (0..config.num_hidden_layers).map(|number| {
            let layer = format!("encoder.layer.{number}");
            let mut qkv = Dense { weight: Vec::new(), bias: Vec::new() };
            for part in ["query", "key", "value"] {
                let one = source.dense(&format!("{layer}.attention.self.{part}"), width, width)?;
                qkv.weight.extend(one.weight);
                qkv.bias.extend(one.bias);
            }
            Ok(LayerWeights {
                qkv,
                output: source.dense(&format!("{layer}.attention.output.dense"), width, width)?,
                attention_norm: source.norm(&format!("{layer}.attention.output.LayerNorm"), width)?,
                up: source.dense(&format!("{layer}.intermediate.dense"), inner, width)?,
                down: source.dense(&format!("{layer}.output.dense"), width, inner)?,
                norm: source.norm(&format!("{layer}.output.LayerNorm"), width)?,
            })
        });
        let mut kind = source.tensor("embeddings.token_type_embeddings.weight")?;
        kind.truncate(width);
        Ok(Self {
            words: source.sized("embeddings.word_embeddings.weight", config.vocab_size * width)?,
            positions: source.sized("embeddings.position_embeddings.weight", config.max_position_embeddings * width)?,
            kind,
            norm: source.norm("embeddings.LayerNorm", width)?,
            layers: layers.collect::<Result<_, ModelError>>()?,
            config,
        })
    }
}

fn has(safetensors: &[u8], name: &str) -> bool {
    SafeTensors::deserialize(safetensors).is_ok_and(|file| file.tensor(name).is_ok())
}

/// A tensor's numbers, whichever of the three types they have.
pub(super) fn numbers(file: &SafeTensors<'_>, name: &str) -> Result<Vec<f32>, String> {
    let tensor = file.tensor(name).map_err(|error| format!("{name}: {error}"))?;
    let bytes = tensor.data();
    Ok(match tensor.dtype() {
        Dtype::F32 => bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect(),
        Dtype::F16 => bytes.chunks_exact(2).map(|two| f16::from_le_bytes([two[0], two[1]]).to_f32()).collect(),
        Dtype::BF16 => bytes.chunks_exact(2).map(|two| bf16::from_le_bytes([two[0], two[1]]).to_f32()).collect(),
        other => return Err(format!("{name} is {other:?}, expected F32, F16 or BF16")),
    })
}

struct Source<'f> {
    file: SafeTensors<'f>,
    /// Some exports put the encoder under `bert.`.
    prefix: &'static str,
}

impl Source<'_> {
    fn tensor(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        numbers(&self.file, &format!("{}{name}", self.prefix)).map_err(|error| ModelError(format!("model.safetensors: {error}")))
    }

    fn sized(&self, name: &str, size: usize) -> Result<Vec<f32>, ModelError> {
        let tensor = self.tensor(name)?;
        if tensor.len() != size {
            return Err(ModelError(format!("model.safetensors: {name} has {} numbers, config.json says {size}", tensor.len())));
        }
        Ok(tensor)
    }

    fn dense(&self, name: &str, outputs: usize, inputs: usize) -> Result<Dense, ModelError> {
        Ok(Dense { weight: self.sized(&format!("{name}.weight"), outputs * inputs)?, bias: self.sized(&format!("{name}.bias"), outputs)? })
    }

    fn norm(&self, name: &str, width: usize) -> Result<Norm, ModelError> {
        Ok(Norm { gain: self.sized(&format!("{name}.weight"), width)?, shift: self.sized(&format!("{name}.bias"), width)? })
    }
}
