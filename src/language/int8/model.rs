//! [`Int8Encoder`]: the network, on the fastest path of this processor.

use super::float::{Attention, Scale, gelu, normalise, quantise};
use super::kernel::{Kernel, LANES, Portable, Processor};
use super::linear::Linear;
use crate::language::packed::{Matrix, Packed};
use crate::language::weights::Norm;
use crate::language::{Config, Encoder};

struct Layer {
    qkv: Linear,
    output: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

pub struct Int8Encoder {
    config: Config,
    processor: Processor,
    words: Matrix,
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

/// Rows that go through a layer's second half together, so that what they leave between two matrices stays in the second-level cache.
const BLOCK: usize = 48;

impl Int8Encoder {
    pub fn new(packed: Packed) -> Self {
        Self::on(Processor::best(), packed)
    }

    /// For comparisons: on a certain path.
    pub fn on(processor: Processor, packed: Packed) -> Self {
        assert!(Processor::all().contains(&processor), "this processor has no {processor}");
        let width = packed.config.hidden_size;
        // Softmax to the base of two: the queries carry log2 e.
        let factor = std::f32::consts::LOG2_E / (packed.config.head_size() as f32).sqrt();
        let layers = packed.layers.into_iter().map(|layer| {
            let mut qkv = Linear::pack(&layer.qkv);
            qkv.stretch(width, factor);
            Layer {
                qkv,
                output: Linear::pack(&layer.output),
                attention_norm: layer.attention_norm,
                up: Linear::pack(&layer.up),
                down: Linear::pack(&layer.down),
                norm: layer.norm,
            }
        });
        Self {
            layers: layers.collect(),
            processor,
            words: packed.words,
            positions: packed.positions,
            norm: packed.norm,
            config: packed.config,
        }
    }

    pub fn processor(&self) -> Processor {
        self.processor
    }

    /// Words and positions, token by token.
    fn embed(&self, ids: &[u32]) -> Vec<f32> {
        let width = self.config.hidden_size;
        let mut states = Vec::with_capacity(ids.len() * width);
        for (id, position) in ids.iter().zip(self.positions.chunks_exact(width)) {
            let (word, scale) = self.words.row(*id as usize);
            states.extend(word.iter().zip(position).map(|(number, position)| f32::from(*number) * scale + position));
        }
        states
    }

    #[inline(always)]
    fn forward<K: Kernel>(&self, kernel: K, ids: &[u32]) -> Vec<f32> {
        let Config { hidden_size: width, intermediate_size: inner, num_attention_heads: heads, .. } = self.config;
        let (length, head_size, epsilon) = (ids.len(), self.config.head_size(), self.config.layer_norm_eps as f32);
        let mut states = self.embed(ids);
        let (mut numbers, mut scales) = (vec![0u8; length * width], vec![Scale::default(); length]);
        normalise(&mut states, &self.norm.gain, &self.norm.shift, epsilon, &mut numbers, &mut scales);
        let mut queries = vec![0f32; length * width];
        let mut attention = Attention::new(length, heads, head_size);
        let mut scratch = vec![0f32; attention.scratch()];
        let (mut context, mut hidden) = (vec![0f32; BLOCK * width], vec![0f32; BLOCK * inner]);
        let (mut numbers_inside, mut scales_inside) = (vec![0u8; BLOCK * inner.max(width)], [Scale::default(); BLOCK]);
        for layer in &self.layers {
            layer.qkv.apply(kernel, &numbers, &scales, |row, first, out| match first / width {
                0 => queries[row * width + first..][..LANES].copy_from_slice(out),
                1 => attention.put_key(row, first - width, out),
                _ => attention.put_value(row, first - 2 * width, out),
            });
            for top in (0..length).step_by(BLOCK) {
                let rows = BLOCK.min(length - top);
                let span = top * width..(top + rows) * width;
                let states = &mut states[span.clone()];
                let (numbers, scales) = (&mut numbers[span.clone()], &mut scales[top..top + rows]);
                let context = &mut context[..rows * width];
                attention.gather(&queries[span], &mut scratch, context);
                quantise(context, width, &mut numbers_inside[..rows * width], &mut scales_inside);
                layer.output.apply(kernel, &numbers_inside[..rows * width], &scales_inside, |row, first, out| {
                    add(&mut states[row * width + first..], out);
                });
                normalise(states, &layer.attention_norm.gain, &layer.attention_norm.shift, epsilon, numbers, scales);
                let hidden = &mut hidden[..rows * inner];
                layer.up.apply(kernel, numbers, scales, |row, first, out| {
                    hidden[row * inner + first..][..LANES].copy_from_slice(&gelu(out));
                });
                quantise(hidden, inner, &mut numbers_inside[..rows * inner], &mut scales_inside);
                layer.down.apply(kernel, &numbers_inside[..rows * inner], &scales_inside, |row, first, out| {
                    add(&mut states[row * width + first..], out);
                });
                normalise(states, &layer.norm.gain, &layer.norm.shift, epsilon, numbers, scales);
            }
        }
        states
    }
}

#[inline(always)]
fn add(states: &mut [f32], values: &[f32; LANES]) {
    for (state, value) in states[..LANES].iter_mut().zip(values) {
        *state += value;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::kernel::{Avx2, Avx512Vnni};
    use super::Int8Encoder;

    #[target_feature(enable = "avx2")]
    pub fn avx2(encoder: &Int8Encoder, ids: &[u32]) -> Vec<f32> {
        // SAFETY: this function runs only where the processor has AVX2.
        encoder.forward(unsafe { Avx2::new() }, ids)
    }

    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub fn avx512(encoder: &Int8Encoder, ids: &[u32]) -> Vec<f32> {
        // SAFETY: this function runs only where the processor has AVX-512 with VNNI.
        encoder.forward(unsafe { Avx512Vnni::new() }, ids)
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::super::kernel::NeonDot;
    use super::Int8Encoder;

    #[target_feature(enable = "neon,dotprod")]
    pub fn neon(encoder: &Int8Encoder, ids: &[u32]) -> Vec<f32> {
        // SAFETY: this function runs only where the processor has NEON with dot products.
        encoder.forward(unsafe { NeonDot::new() }, ids)
    }
}

impl Encoder for Int8Encoder {
    fn config(&self) -> &Config {
        &self.config
    }

    fn states(&self, ids: &[u32]) -> Vec<f32> {
        assert!(ids.len() <= self.config.max_position_embeddings, "a window is longer than the model's positions");
        assert!(ids.iter().all(|id| (*id as usize) < self.config.vocab_size), "a token is outside the model's vocabulary");
        match self.processor {
            Processor::Portable => self.forward(Portable, ids),
            // SAFETY: `on` has seen that the processor has it.
            #[cfg(target_arch = "x86_64")]
            Processor::Avx2 => unsafe { x86::avx2(self, ids) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Processor::Avx512Vnni => unsafe { x86::avx512(self, ids) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Processor::NeonDot => unsafe { arm::neon(self, ids) },
        }
    }
}
