//! [`Packed`]: an encoder with 8-bit weights, one scale an output channel, and the file that keeps it.
//!
//! The file is safetensors like the source's, with `I8` matrices, their `F32` scales beside them, and `config.json` in its metadata.

use std::borrow::Cow;
use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use sha2::{Digest, Sha256};

use super::weights::{Dense, LayerWeights, Norm, Weights};
use super::{Config, ModelError};

/// A matrix of whole numbers from -127 to 127, row by row, with the scale of each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    pub columns: usize,
    pub values: Vec<i8>,
    pub scales: Vec<f32>,
}

impl Matrix {
    /// Rounds each row to its own scale.
    pub fn quantise(weight: &[f32], columns: usize) -> Self {
        let mut matrix = Self { columns, values: Vec::with_capacity(weight.len()), scales: Vec::new() };
        for row in weight.chunks_exact(columns) {
            let largest = row.iter().fold(0f32, |most, value| most.max(value.abs()));
            let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
            matrix.values.extend(row.iter().map(|value| (value / scale).round().clamp(-127.0, 127.0) as i8));
            matrix.scales.push(scale);
        }
        matrix
    }

    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    pub fn row(&self, index: usize) -> (&[i8], f32) {
        (&self.values[index * self.columns..(index + 1) * self.columns], self.scales[index])
    }

    /// What the numbers stand for.
    pub fn restore(&self) -> Vec<f32> {
        (0..self.rows())
            .flat_map(|index| {
                let (row, scale) = self.row(index);
                row.iter().map(move |value| f32::from(*value) * scale)
            })
            .collect()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct PackedDense {
    pub weight: Matrix,
    pub bias: Vec<f32>,
}

/// Name, type, shape and bytes of a tensor on its way into a file.
type Tensor<'a> = (String, Dtype, Vec<usize>, Cow<'a, [u8]>);

impl PackedDense {
    fn of(dense: &Dense) -> Self {
        let columns = dense.weight.len() / dense.bias.len();
        Self { weight: Matrix::quantise(&dense.weight, columns), bias: dense.bias.clone() }
    }

    fn restore(&self) -> Dense {
        Dense { weight: self.weight.restore(), bias: self.bias.clone() }
    }
}

#[derive(Debug, Clone)]
pub struct PackedLayer {
    pub qkv: PackedDense,
    pub output: PackedDense,
    pub attention_norm: Norm,
    pub up: PackedDense,
    pub down: PackedDense,
    pub norm: Norm,
}

#[derive(Debug, Clone)]
pub struct Packed {
    pub config: Config,
    pub words: Matrix,
    /// Token type 0 is added in.
    pub positions: Vec<f32>,
    pub norm: Norm,
    pub layers: Vec<PackedLayer>,
}

const CONFIG_KEY: &str = "config";

impl Packed {
    pub fn quantise(weights: &Weights) -> Self {
        let width = weights.config.hidden_size;
        let positions =
            weights.positions.chunks_exact(width).flat_map(|row| row.iter().zip(&weights.kind).map(|(position, kind)| position + kind));
        let layer = |layer: &LayerWeights| PackedLayer {
            qkv: PackedDense::of(&layer.qkv),
            output: PackedDense::of(&layer.output),
            attention_norm: layer.attention_norm.clone(),
            up: PackedDense::of(&layer.up),
            down: PackedDense::of(&layer.down),
            norm: layer.norm.clone(),
        };
        Self {
            words: Matrix::quantise(&weights.words, width),
            positions: positions.collect(),
            norm: weights.norm.clone(),
            layers: weights.layers.iter().map(layer).collect(),
            config: weights.config.clone(),
        }
    }

    /// The same network in f32, to compare with.
    pub fn restore(&self) -> Weights {
        let layer = |layer: &PackedLayer| LayerWeights {
            qkv: layer.qkv.restore(),
            output: layer.output.restore(),
            attention_norm: layer.attention_norm.clone(),
            up: layer.up.restore(),
            down: layer.down.restore(),
            norm: layer.norm.clone(),
        };
        Weights {
            words: self.words.restore(),
            positions: self.positions.clone(),
            kind: vec![0.0; self.config.hidden_size],
            norm: self.norm.clone(),
            layers: self.layers.iter().map(layer).collect(),
            config: self.config.clone(),
        }
    }

    /// Reads a packed file, or quantises one with floating-point weights.
    pub fn read(config: &Config, bytes: &[u8]) -> Result<Self, ModelError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| ModelError(format!("model.safetensors: {error}")))?;
        match metadata.metadata().as_ref().and_then(|entries| entries.get(CONFIG_KEY)) {
            None => Ok(Self::quantise(&Weights::read(config.clone(), bytes)?)),
            Some(own) if *own == shape(config) => Self::read_packed(config.clone(), bytes),
            Some(_) => Err(ModelError("model.safetensors was packed with another config.json".to_owned())),
        }
    }

    fn read_packed(config: Config, bytes: &[u8]) -> Result<Self, ModelError> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| ModelError(format!("model.safetensors: {error}")))?;
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let source = Source { file };
        let layers = (0..config.num_hidden_layers).map(|number| {
            Ok(PackedLayer {
                qkv: source.dense(&format!("{number}.qkv"), 3 * width, width)?,
                output: source.dense(&format!("{number}.output"), width, width)?,
                attention_norm: source.norm(&format!("{number}.attention_norm"), width)?,
                up: source.dense(&format!("{number}.up"), inner, width)?,
                down: source.dense(&format!("{number}.down"), width, inner)?,
                norm: source.norm(&format!("{number}.norm"), width)?,
            })
        });
        Ok(Self {
            words: source.matrix("words", config.vocab_size, width)?,
            positions: source.numbers("positions", config.max_position_embeddings * width)?,
            norm: source.norm("norm", width)?,
            layers: layers.collect::<Result<_, ModelError>>()?,
            config,
        })
    }

    pub fn write(&self) -> Result<Vec<u8>, ModelError> {
        let mut tensors: Vec<Tensor<'_>> = Vec::new();
        let mut matrix = |name: String, matrix: &Matrix| {
            let bytes: Vec<u8> = matrix.values.iter().map(|value| value.cast_unsigned()).collect();
            tensors.push((name.clone(), Dtype::I8, vec![matrix.rows(), matrix.columns], Cow::Owned(bytes)));
            tensors.push((format!("{name}.scale"), Dtype::F32, vec![matrix.rows()], Cow::Owned(bytes_of(&matrix.scales))));
        };
        matrix("words".to_owned(), &self.words);
        for (number, layer) in self.layers.iter().enumerate() {
            for (name, dense) in [("qkv", &layer.qkv), ("output", &layer.output), ("up", &layer.up), ("down", &layer.down)] {
                matrix(format!("{number}.{name}"), &dense.weight);
            }
        }
        let mut numbers = |name: String, values: &[f32]| tensors.push((name, Dtype::F32, vec![values.len()], Cow::Owned(bytes_of(values))));
        numbers("positions".to_owned(), &self.positions);
        let mut norm = |name: String, norm: &Norm| {
            numbers(format!("{name}.gain"), &norm.gain);
            numbers(format!("{name}.shift"), &norm.shift);
        };
        norm("norm".to_owned(), &self.norm);
        for (number, layer) in self.layers.iter().enumerate() {
            norm(format!("{number}.attention_norm"), &layer.attention_norm);
            norm(format!("{number}.norm"), &layer.norm);
        }
        for (number, layer) in self.layers.iter().enumerate() {
            for (name, dense) in [("qkv", &layer.qkv), ("output", &layer.output), ("up", &layer.up), ("down", &layer.down)] {
                numbers(format!("{number}.{name}.bias"), &dense.bias);
            }
        }
        let failed = |error: safetensors::SafeTensorError| ModelError(format!("cannot pack: {error}"));
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)));
        let views = views.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let metadata = HashMap::from([(CONFIG_KEY.to_owned(), shape(&self.config))]);
        serialize(views, Some(metadata)).map_err(failed)
    }
}

/// What a packed file was made for.
fn shape(config: &Config) -> String {
    format!(
        "{}x{} heads {} inner {} words {} positions {}",
        config.num_hidden_layers,
        config.hidden_size,
        config.num_attention_heads,
        config.intermediate_size,
        config.vocab_size,
        config.max_position_embeddings
    )
}

/// `sha256:…` over files in the order given.
pub fn digest(files: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update((file.len() as u64).to_le_bytes());
        hasher.update(file);
    }
    let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

struct Source<'f> {
    file: SafeTensors<'f>,
}

impl Source<'_> {
    fn bytes(&self, name: &str, dtype: Dtype, size: usize) -> Result<&[u8], ModelError> {
        let tensor = self.file.tensor(name).map_err(|error| ModelError(format!("model.safetensors: {name}: {error}")))?;
        if tensor.dtype() != dtype || tensor.shape().iter().product::<usize>() != size {
            return Err(ModelError(format!("model.safetensors: {name} is not {size} numbers of {dtype:?}")));
        }
        Ok(tensor.data())
    }

    fn numbers(&self, name: &str, size: usize) -> Result<Vec<f32>, ModelError> {
        let bytes = self.bytes(name, Dtype::F32, size)?;
        Ok(bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect())
    }

    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix, ModelError> {
        // -128 would break the bound on which the 8-bit products rest.
        let values = self.bytes(name, Dtype::I8, rows * columns)?.iter().map(|byte| byte.cast_signed().max(-127)).collect();
        Ok(Matrix { columns, values, scales: self.numbers(&format!("{name}.scale"), rows)? })
    }

    fn dense(&self, name: &str, rows: usize, columns: usize) -> Result<PackedDense, ModelError> {
        Ok(PackedDense { weight: self.matrix(name, rows, columns)?, bias: self.numbers(&format!("{name}.bias"), rows)? })
    }

    fn norm(&self, name: &str, width: usize) -> Result<Norm, ModelError> {
        Ok(Norm { gain: self.numbers(&format!("{name}.gain"), width)?, shift: self.numbers(&format!("{name}.shift"), width)? })
    }
}
