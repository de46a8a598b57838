//! Our encoder and candle's BERT on one core, one after the other in the same minute: tokens a second, and how far their states are apart.
//!
//! `side-by-side DIR` with a packed model; `--threads 1` is set by the caller's `RAYON_NUM_THREADS=1`.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config as BertConfig};

/// The encoder's own modules, without the rest of the program.
#[path = "language.rs"]
mod language;

use language::int8::Int8Encoder;
use language::packed::Packed;
use language::weights::Weights;
use language::{Config, Encoder};

/// Sequences and their length.
const SHAPES: [(usize, usize); 3] = [(1, 128), (1, 512), (16, 128)];
const LEAST: Duration = Duration::from_secs(3);

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).context("name a model folder")?;
    let read = |name: &str| std::fs::read(format!("{folder}/{name}")).with_context(|| format!("{folder}/{name}"));
    let config = Config::parse(&read("config.json")?)?;
    let packed = Packed::read(&config, &read("model.safetensors")?)?;
    let candle = candle(&packed.restore())?;
    let ours = Int8Encoder::new(packed);
    println!("# {} layers x {}, ours on {}", config.num_hidden_layers, config.hidden_size, ours.processor());
    let ids = |length: usize| -> Vec<u32> { (0..length).map(|index| (index * 7919 % 13_000) as u32).collect() };
    println!("# pooled cosine of both: {:.5}", cosine(&ours.states(&ids(64)), &states(&candle, &ids(64), 1)?, config.hidden_size));
    for (batch, length) in SHAPES {
        let tokens = (batch * length) as f64;
        let ids = ids(length);
        let own = cost(|| (0..batch).for_each(|_| drop(black_box(ours.states(&ids)))));
        let theirs = cost(|| drop(black_box(states(&candle, &ids, batch))));
        println!("{batch}x{length} ours {:.0} candle {:.0}", tokens / own, tokens / theirs);
    }
    Ok(())
}

fn candle(weights: &Weights) -> Result<BertModel> {
    let (device, config) = (Device::Cpu, &weights.config);
    let (width, inner) = (config.hidden_size, config.intermediate_size);
    let mut tensors: HashMap<String, Tensor> = HashMap::new();
    let mut put = |name: String, values: &[f32], shape: &[usize]| -> Result<()> {
        tensors.insert(name, Tensor::from_slice(values, shape, &device)?);
        Ok(())
    };
    put("embeddings.word_embeddings.weight".into(), &weights.words, &[config.vocab_size, width])?;
    put("embeddings.position_embeddings.weight".into(), &weights.positions, &[config.max_position_embeddings, width])?;
    put("embeddings.token_type_embeddings.weight".into(), &[weights.kind.clone(), weights.kind.clone()].concat(), &[2, width])?;
    put("embeddings.LayerNorm.weight".into(), &weights.norm.gain, &[width])?;
    put("embeddings.LayerNorm.bias".into(), &weights.norm.shift, &[width])?;
    for (number, layer) in weights.layers.iter().enumerate() {
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        for (index, part) in ["query", "key", "value"].into_iter().enumerate() {
            let size = width * width;
            put(name(&format!("attention.self.{part}.weight")), &layer.qkv.weight[index * size..(index + 1) * size], &[width, width])?;
            put(name(&format!("attention.self.{part}.bias")), &layer.qkv.bias[index * width..(index + 1) * width], &[width])?;
        }
        for (part, dense, rows, columns) in [
            ("attention.output.dense", &layer.output, width, width),
            ("intermediate.dense", &layer.up, inner, width),
            ("output.dense", &layer.down, width, inner),
        ] {
            put(name(&format!("{part}.weight")), &dense.weight, &[rows, columns])?;
            put(name(&format!("{part}.bias")), &dense.bias, &[rows])?;
        }
        for (part, norm) in [("attention.output.LayerNorm", &layer.attention_norm), ("output.LayerNorm", &layer.norm)] {
            put(name(&format!("{part}.weight")), &norm.gain, &[width])?;
            put(name(&format!("{part}.bias")), &norm.shift, &[width])?;
        }
    }
    let bert = BertConfig {
        vocab_size: config.vocab_size,
        hidden_size: width,
        num_hidden_layers: config.num_hidden_layers,
        num_attention_heads: config.num_attention_heads,
        intermediate_size: inner,
        max_position_embeddings: config.max_position_embeddings,
        layer_norm_eps: config.layer_norm_eps,
        ..BertConfig::default()
    };
    Ok(BertModel::load(VarBuilder::from_tensors(tensors, DType::F32, &device), &bert)?)
}

/// States of the last layer, token by token.
fn states(model: &BertModel, ids: &[u32], batch: usize) -> Result<Vec<f32>> {
    let all: Vec<u32> = ids.iter().copied().cycle().take(batch * ids.len()).collect();
    let ids = Tensor::from_vec(all, (batch, ids.len()), &Device::Cpu)?;
    Ok(model.forward(&ids, &ids.zeros_like()?, None)?.flatten_all()?.to_vec1()?)
}

fn cosine(a: &[f32], b: &[f32], width: usize) -> f64 {
    let pool = |states: &[f32]| -> Vec<f64> {
        (0..width).map(|column| states.chunks_exact(width).map(|row| f64::from(row[column])).sum()).collect()
    };
    let (a, b) = (pool(a), pool(b));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

/// Seconds of processor time of one run: on a shared machine the clock on the wall says nothing.
fn cost(mut run: impl FnMut()) -> f64 {
    run();
    let (start, before, mut runs) = (Instant::now(), spent(), 0);
    while runs < 5 || start.elapsed() < LEAST {
        run();
        runs += 1;
    }
    match (before, spent()) {
        (Some(before), Some(after)) => (after - before) / f64::from(runs),
        _ => start.elapsed().as_secs_f64() / f64::from(runs),
    }
}

/// Processor time of this process, where Linux tells.
fn spent() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: f64 = [fields.get(11)?, fields.get(12)?].iter().filter_map(|field| field.parse::<f64>().ok()).sum();
    Some(ticks / 100.0)
}
