//! Every processor's path gives the portable one's bits.

use proptest::prelude::*;

use super::float::{Attention, Scale, gelu, quantise};
use super::kernel::{Kernel, LANES, PANELS, Portable, ROWS, Tile};
use super::{Int8Encoder, Processor};
use crate::language::packed::{Matrix, Packed, PackedDense, PackedLayer};
use crate::language::reference::{self, Reference};
use crate::language::weights::Norm;
use crate::language::{Config, Encoder};

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn float(&mut self, size: f32) -> f32 {
        (self.next() % 20_001) as f32 / 10_000.0 * size - size
    }

    fn floats(&mut self, count: usize, size: f32) -> Vec<f32> {
        (0..count).map(|_| self.float(size)).collect()
    }
}

fn matrix(numbers: &mut Numbers, rows: usize, columns: usize, size: f32) -> Matrix {
    Matrix::quantise(&numbers.floats(rows * columns, size), columns)
}

/// A small network with random weights.
fn network(seed: u64, layers: usize, width: usize, heads: usize, inner: usize) -> Packed {
    let mut numbers = Numbers(seed);
    let config = Config {
        name: "test".to_owned(),
        version: "1".to_owned(),
        vocab_size: 50,
        hidden_size: width,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        intermediate_size: inner,
        max_position_embeddings: 128,
        layer_norm_eps: 1e-12,
        hidden_act: "gelu".to_owned(),
    };
    let norm = |numbers: &mut Numbers| Norm {
        gain: numbers.floats(width, 0.2).into_iter().map(|gain| gain + 1.0).collect(),
        shift: numbers.floats(width, 0.1),
    };
    let dense = |numbers: &mut Numbers, rows: usize, columns: usize| PackedDense {
        weight: matrix(numbers, rows, columns, 2.0 / (columns as f32).sqrt()),
        bias: numbers.floats(rows, 0.1),
    };
    let layers = (0..layers).map(|_| PackedLayer {
        qkv: dense(&mut numbers, 3 * width, width),
        output: dense(&mut numbers, width, width),
        attention_norm: norm(&mut numbers),
        up: dense(&mut numbers, inner, width),
        down: dense(&mut numbers, width, inner),
        norm: norm(&mut numbers),
    });
    let layers = layers.collect();
    Packed {
        words: matrix(&mut numbers, 50, width, 1.0),
        positions: numbers.floats(128 * width, 0.1),
        norm: norm(&mut numbers),
        layers,
        config,
    }
}

fn tile_of<K: Kernel>(kernel: K, rows: usize, inputs: usize, activations: &[u8], panels: &[i8]) -> Tile {
    let mut tile = [[i32::MAX; LANES * PANELS]; ROWS];
    let size = inputs * LANES;
    for (index, group) in panels.chunks(size * K::PANELS).enumerate() {
        let mut part = [[0; LANES * PANELS]; ROWS];
        kernel.tile(rows, inputs, activations, group, &mut part);
        let count = group.len() / size * LANES;
        for (row, part) in tile.iter_mut().zip(&part).take(rows) {
            row[index * K::PANELS * LANES..][..count].copy_from_slice(&part[..count]);
        }
    }
    tile
}

fn assert_same_tiles(rows: usize, inputs: usize, activations: &[u8], panels: &[i8]) {
    #[cfg(target_arch = "aarch64")]
    use super::kernel::NeonDot;
    #[cfg(target_arch = "x86_64")]
    use super::kernel::{Avx2, Avx512Vnni};
    let expected = tile_of(Portable, rows, inputs, activations, panels);
    for processor in Processor::all() {
        let found = match processor {
            Processor::Portable => expected,
            // SAFETY: `all` lists what this processor has.
            #[cfg(target_arch = "x86_64")]
            Processor::Avx2 => tile_of(unsafe { Avx2::new() }, rows, inputs, activations, panels),
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Processor::Avx512Vnni => tile_of(unsafe { Avx512Vnni::new() }, rows, inputs, activations, panels),
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Processor::NeonDot => tile_of(unsafe { NeonDot::new() }, rows, inputs, activations, panels),
        };
        assert_eq!(found, expected, "{processor}");
    }
}

proptest! {
    #[test]
    fn every_kernel_gives_the_same_sums(rows in 1..=ROWS, groups in 1..40usize, panels in 1..=PANELS, seed in any::<u64>(), extreme in any::<bool>()) {
        let (inputs, mut numbers) = (4 * groups, Numbers(seed));
        let activations: Vec<u8> = (0..rows * inputs).map(|_| if extreme { 127 } else { (numbers.next() % 128) as u8 }).collect();
        let sign = if seed % 2 == 0 { 127i8 } else { -127 };
        let weights: Vec<i8> =
            (0..panels * inputs * LANES).map(|_| if extreme { sign } else { (numbers.next() % 255) as i16 as i8 }).map(|weight| weight.max(-127)).collect();
        assert_same_tiles(rows, inputs, &activations, &weights);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_processor_gives_the_same_bits(length in 1..100usize, seed in any::<u64>()) {
        let shapes = [(1, 32, 2, 64), (2, 48, 1, 80), (2, 64, 4, 128)];
        let (layers, width, heads, inner) = shapes[(seed % 3) as usize];
        let packed = network(seed, layers, width, heads, inner);
        let ids: Vec<u32> = (0..length).map(|index| ((index as u64 * 7 + seed % 1000) % 50) as u32).collect();
        let expected = Int8Encoder::on(Processor::Portable, packed.clone()).states(&ids);
        prop_assert!(expected.iter().all(|state| state.is_finite()));
        for processor in Processor::all() {
            let found = Int8Encoder::on(processor, packed.clone()).states(&ids);
            prop_assert!(found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{processor}");
        }
    }

    /// The 8-bit pass and the f32 one are the same network: their states point the same way.
    #[test]
    fn the_8_bit_pass_is_the_network_that_the_reference_computes(length in 1..60usize, seed in any::<u64>()) {
        let packed = network(seed, 2, 64, 4, 128);
        let ids: Vec<u32> = (0..length).map(|index| ((index as u64 * 11 + seed % 1000) % 50) as u32).collect();
        let exact = Reference::new(packed.restore()).states(&ids);
        let small = Int8Encoder::new(packed).states(&ids);
        for (a, b) in exact.chunks_exact(64).zip(small.chunks_exact(64)) {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
            prop_assert!(cosine > 0.995, "{cosine}");
        }
    }
}

#[test]
fn gelu_stays_within_its_error() {
    for step in -800..=800 {
        let x = step as f32 / 100.0;
        let expected = reference::gelu(f64::from(x));
        let found = f64::from(gelu(&[x; LANES])[0]);
        assert!((found - expected).abs() < 3e-4, "{x}: {found} {expected}");
    }
}

#[test]
fn rows_are_quantised_to_half_a_step_and_zero_stays_zero() {
    let row: Vec<f32> = (0..32).map(|index| (index as f32 - 9.0) * 0.37).chain([0.0; 16]).collect();
    let (mut numbers, mut scales) = ([0u8; 48], [Scale::default()]);
    quantise(&row, 48, &mut numbers, &mut scales);
    for (value, number) in row.iter().zip(numbers) {
        let restored = scales[0].scale * (i32::from(number) - scales[0].zero) as f32;
        assert!(number <= 127 && (restored - value).abs() <= scales[0].scale * 0.501 + 1e-6, "{value} {restored}");
    }
    assert_eq!(i32::from(numbers[40]), scales[0].zero);
}

/// Weights of softmax sum to one: values that are all the same come out as they went in.
#[test]
fn attention_averages_values() {
    let (length, head_size) = (21, 16);
    let mut numbers = Numbers(3);
    let queries = numbers.floats(length * head_size, 3.0);
    let mut attention = Attention::new(length, 1, head_size);
    for token in 0..length {
        attention.put_key(token, 0, &std::array::from_fn(|_| numbers.float(3.0)));
        attention.put_value(token, 0, &[0.5; LANES]);
    }
    let (mut scratch, mut out) = (vec![0.0; attention.scratch()], vec![0.0; length * head_size]);
    attention.gather(&queries, &mut scratch, &mut out);
    assert!(out.iter().all(|value| (value - 0.5).abs() < 1e-5));
}
