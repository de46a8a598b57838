//! The floating-point part: sixteen lanes at a time, no fused multiply-add, sums in a fixed order, so that every processor gives the same bits.
//!
//! Everything is `inline(always)`: it is compiled again inside each processor's own forward pass, with that processor's vectors.

use super::kernel::LANES;

/// How the numbers of one row were rounded: `value = scale × (number - zero)`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scale {
    pub scale: f32,
    pub zero: i32,
}

/// The largest activation.
const MOST: f32 = 127.0;
/// Added and taken off again it rounds to the nearest whole number, ties to even, without an instruction for it.
const ROUND: f32 = 12_582_912.0;

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// Folds 16 lanes into one, in halves.
#[inline(always)]
fn fold(mut lanes: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = join(lanes[lane], lanes[lane + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// Rounds one row to 0..=127 between its own bounds, which include zero.
#[inline(always)]
fn quantise_between(row: &[f32], low: f32, high: f32, out: &mut [u8]) -> Scale {
    let scale = larger((high - low) / MOST, 1e-12);
    let inverse = 1.0 / scale;
    let zero = (-low * inverse + ROUND) - ROUND;
    for (values, out) in row.as_chunks::<LANES>().0.iter().zip(out.as_chunks_mut::<LANES>().0) {
        for lane in 0..LANES {
            let number = larger(smaller(values[lane] * inverse + zero, MOST), 0.0);
            out[lane] = (number + ROUND).to_bits() as u8;
        }
    }
    Scale { scale, zero: zero as i32 }
}

/// Quantises rows of `width` numbers.
#[inline(always)]
pub fn quantise(values: &[f32], width: usize, out: &mut [u8], scales: &mut [Scale]) {
    for ((row, out), scale) in values.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(scales) {
        let (mut low, mut high) = ([0.0; LANES], [0.0; LANES]);
        for values in row.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                low[lane] = smaller(low[lane], values[lane]);
                high[lane] = larger(high[lane], values[lane]);
            }
        }
        *scale = quantise_between(row, fold(low, smaller), fold(high, larger), out);
    }
}

/// Layer norm of rows in place, and their quantisation in the same sweep.
#[inline(always)]
pub fn normalise(values: &mut [f32], gain: &[f32], shift: &[f32], epsilon: f32, out: &mut [u8], scales: &mut [Scale]) {
    let width = gain.len();
    let (gain, shift) = (gain.as_chunks::<LANES>().0, shift.as_chunks::<LANES>().0);
    for ((row, out), scale) in values.chunks_exact_mut(width).zip(out.chunks_exact_mut(width)).zip(scales) {
        let mut sums = [0.0; LANES];
        for values in row.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                sums[lane] += values[lane];
            }
        }
        let mean = fold(sums, |a, b| a + b) / width as f32;
        let mut squares = [0.0; LANES];
        for values in row.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                let distance = values[lane] - mean;
                squares[lane] += distance * distance;
            }
        }
        let inverse = 1.0 / (fold(squares, |a, b| a + b) / width as f32 + epsilon).sqrt();
        let (mut low, mut high) = ([0.0; LANES], [0.0; LANES]);
        for ((values, gain), shift) in row.as_chunks_mut::<LANES>().0.iter_mut().zip(gain).zip(shift) {
            for lane in 0..LANES {
                let value = (values[lane] - mean) * inverse * gain[lane] + shift[lane];
                values[lane] = value;
                low[lane] = smaller(low[lane], value);
                high[lane] = larger(high[lane], value);
            }
        }
        *scale = quantise_between(row, fold(low, smaller), fold(high, larger), out);
    }
}

/// `x Φ(x)` as `max(x, 0)` and an even rest, a polynomial on 0..4 with an error below 0.0002: far below the step of 7 bits.
#[inline(always)]
pub fn gelu(values: &[f32; LANES]) -> [f32; LANES] {
    let mut out = [0.0; LANES];
    for lane in 0..LANES {
        let x = values[lane];
        let distance = smaller(larger(x, -x), 4.0);
        let mut rest = GELU_REST[8];
        for coefficient in GELU_REST[..8].iter().rev() {
            rest = rest * distance + coefficient;
        }
        out[lane] = larger(x, 0.0) + rest;
    }
    out
}

/// 2 to the power of `x <= 0`; below 2^-126 it stays there.
#[inline(always)]
fn power_of_two(x: f32) -> f32 {
    let x = larger(x, -126.0);
    let shifted = x + ROUND;
    let fraction = x - (shifted - ROUND);
    let whole = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let mut power = 0.009_666_369;
    for coefficient in [0.055_921_976, 0.240_223_5, 0.693_121_1, 1.0] {
        power = power * fraction + coefficient;
    }
    power * f32::from_bits(whole.wrapping_add(127) << 23)
}

/// Keys and values of one sequence, in the order in which attention reads them: without gaps, sixteen numbers at a time.
pub struct Attention {
    length: usize,
    heads: usize,
    head_size: usize,
    /// Head by head, sixteen tokens by sixteen, column by column: the numbers of sixteen tokens.
    keys: Vec<[f32; LANES]>,
    /// Head by head, sixteen columns by sixteen, token by token: the numbers of sixteen columns.
    values: Vec<[f32; LANES]>,
}

/// Rows that attend at once.
pub const TOGETHER: usize = 4;

impl Attention {
    pub fn new(length: usize, heads: usize, head_size: usize) -> Self {
        let groups = length.div_ceil(LANES);
        let keys = vec![[0.0; LANES]; heads * groups * head_size];
        let values = vec![[0.0; LANES]; heads * head_size / LANES * length];
        Self { length, heads, head_size, keys, values }
    }

    /// Numbers of scratch that [`Self::gather`] needs.
    pub fn scratch(&self) -> usize {
        TOGETHER * self.length.next_multiple_of(LANES)
    }

    /// Sixteen columns of one token's key, from `first` on.
    #[inline(always)]
    pub fn put_key(&mut self, token: usize, first: usize, numbers: &[f32; LANES]) {
        let (head, column) = (first / self.head_size, first % self.head_size);
        let start = (head * self.length.div_ceil(LANES) + token / LANES) * self.head_size + column;
        for (group, number) in self.keys[start..start + LANES].iter_mut().zip(numbers) {
            group[token % LANES] = *number;
        }
    }

    /// Sixteen columns of one token's value, from `first` on.
    #[inline(always)]
    pub fn put_value(&mut self, token: usize, first: usize, numbers: &[f32; LANES]) {
        self.values[first / LANES * self.length + token] = *numbers;
    }

    /// What each row of `queries` (scaled by log2 e) gathers, into `out`.
    #[inline(always)]
    pub fn gather(&self, queries: &[f32], scratch: &mut [f32], out: &mut [f32]) {
        let width = self.heads * self.head_size;
        for head in 0..self.heads {
            for (queries, out) in queries.chunks(TOGETHER * width).zip(out.chunks_mut(TOGETHER * width)) {
                match queries.len() / width {
                    4 => self.gather_rows::<4>(head, queries, scratch, out),
                    3 => self.gather_rows::<3>(head, queries, scratch, out),
                    2 => self.gather_rows::<2>(head, queries, scratch, out),
                    _ => self.gather_rows::<1>(head, queries, scratch, out),
                }
            }
        }
    }

    #[inline(always)]
    fn gather_rows<const R: usize>(&self, head: usize, queries: &[f32], scratch: &mut [f32], out: &mut [f32]) {
        let (width, padded) = (self.heads * self.head_size, self.length.next_multiple_of(LANES));
        let keys_of_head = padded / LANES * self.head_size;
        let keys = &self.keys[head * keys_of_head..(head + 1) * keys_of_head];
        let queries: [&[f32]; R] = std::array::from_fn(|row| &queries[row * width + head * self.head_size..][..self.head_size]);
        for (group, keys) in keys.chunks_exact(self.head_size).enumerate() {
            for (row, sums) in products(queries, keys).iter().enumerate() {
                scratch[row * padded + group * LANES..][..LANES].copy_from_slice(sums);
            }
        }
        let mut inverse = [0.0; R];
        for (row, inverse) in inverse.iter_mut().enumerate() {
            let scores = &mut scratch[row * padded..(row + 1) * padded];
            scores[self.length..].fill(f32::MIN);
            *inverse = 1.0 / exponentiate(scores);
        }
        let weights: [&[f32]; R] = std::array::from_fn(|row| &scratch[row * padded..][..self.length]);
        let columns = self.head_size / LANES;
        for column in 0..columns {
            let values = &self.values[(head * columns + column) * self.length..][..self.length];
            for (row, sums) in products(weights, values).iter().enumerate() {
                let out = &mut out[row * width + head * self.head_size + column * LANES..][..LANES];
                for lane in 0..LANES {
                    out[lane] = sums[lane] * inverse[row];
                }
            }
        }
    }
}

/// `R` rows by sixteen columns.
#[inline(always)]
fn products<const R: usize>(rows: [&[f32]; R], columns: &[[f32; LANES]]) -> [[f32; LANES]; R] {
    let mut sums = [[0.0; LANES]; R];
    let rows = rows.map(|row| &row[..columns.len()]);
    for (index, column) in columns.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let factor = row[index];
            for lane in 0..LANES {
                sums[lane] += factor * column[lane];
            }
        }
    }
    sums
}

/// Powers of two of the scores less the largest, in place; returns their sum.
#[inline(always)]
fn exponentiate(scores: &mut [f32]) -> f32 {
    let chunks = scores.as_chunks_mut::<LANES>().0;
    let mut most = [f32::MIN; LANES];
    for scores in chunks.iter() {
        for lane in 0..LANES {
            most[lane] = larger(most[lane], scores[lane]);
        }
    }
    let most = fold(most, larger);
    let mut sums = [0.0; LANES];
    for scores in chunks {
        for lane in 0..LANES {
            let power = power_of_two(scores[lane] - most);
            scores[lane] = power;
            sums[lane] += power;
        }
    }
    fold(sums, |a, b| a + b)
}

/// Chebyshev interpolation of `t (Φ(t) - 1)` on 0..4.
const GELU_REST: [f32; 9] =
    [-1.597_293_2e-4, -0.493_532_24, 0.355_883_33, 0.109_676_32, -0.203_497_2, 0.090616375, -0.019504078, 0.002095709, -8.975_994_6e-5];
