//! [`Linear`]: `y = W x + b` on quantised rows.

use super::float::Scale;
use super::kernel::{Kernel, LANES, ROWS, Tile};
use crate::language::packed::PackedDense;

/// Weights in the kernels' order.
#[derive(Debug, Clone)]
pub struct Linear {
    inputs: usize,
    /// Panel by panel.
    weights: Vec<i8>,
    scales: Vec<f32>,
    bias: Vec<f32>,
    /// Sum of each output's weights: what the zero point of the activations adds.
    sums: Vec<i32>,
}

impl Linear {
    pub fn pack(dense: &PackedDense) -> Self {
        let (inputs, outputs) = (dense.weight.columns, dense.weight.rows());
        debug_assert!(inputs.is_multiple_of(4) && outputs.is_multiple_of(LANES));
        let mut weights = vec![0; inputs * outputs];
        let mut sums = Vec::with_capacity(outputs);
        for output in 0..outputs {
            let (row, _) = dense.weight.row(output);
            let (panel, lane) = (output / LANES, output % LANES);
            for (group, four) in row.chunks_exact(4).enumerate() {
                let start = panel * inputs * LANES + group * 4 * LANES + lane * 4;
                weights[start..start + 4].copy_from_slice(four);
            }
            sums.push(row.iter().map(|weight| i32::from(*weight)).sum());
        }
        Self { inputs, weights, scales: dense.weight.scales.clone(), bias: dense.bias.clone(), sums }
    }

    /// The first `outputs` outputs become `factor` times as large.
    pub fn stretch(&mut self, outputs: usize, factor: f32) {
        self.scales[..outputs].iter_mut().for_each(|scale| *scale *= factor);
        self.bias[..outputs].iter_mut().for_each(|bias| *bias *= factor);
    }

    /// Hands every 16 outputs of every row to `emit(row, first output, values)`.
    #[inline(always)]
    pub fn apply<K: Kernel>(&self, kernel: K, input: &[u8], scales: &[Scale], mut emit: impl FnMut(usize, usize, &[f32; LANES])) {
        let panel_size = self.inputs * LANES;
        let mut tile: Tile = [[0; LANES * super::kernel::PANELS]; ROWS];
        for (group, panels) in self.weights.chunks(panel_size * K::PANELS).enumerate() {
            for (block, rows) in input.chunks(self.inputs * ROWS).enumerate() {
                let height = rows.len() / self.inputs;
                kernel.tile(height, self.inputs, rows, panels, &mut tile);
                for (row, sums) in tile.iter().enumerate().take(height) {
                    let scale = scales[block * ROWS + row];
                    for (panel, sums) in sums.chunks_exact(LANES).enumerate().take(panels.len() / panel_size) {
                        let first = (group * K::PANELS + panel) * LANES;
                        emit(block * ROWS + row, first, &self.restore(first, sums, scale));
                    }
                }
            }
        }
    }

    /// Sums of whole numbers as what they stand for.
    #[inline(always)]
    fn restore(&self, first: usize, sums: &[i32], scale: Scale) -> [f32; LANES] {
        let (scales, bias) = (&self.scales[first..first + LANES], &self.bias[first..first + LANES]);
        let columns = &self.sums[first..first + LANES];
        let mut values = [0.0; LANES];
        for lane in 0..LANES {
            let sum = sums[lane] - scale.zero * columns[lane];
            values[lane] = sum as f32 * (scales[lane] * scale.scale) + bias[lane];
        }
        values
    }
}
