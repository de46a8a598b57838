//! Sums of products of activations (0 to 127) and weights (-127 to 127), a tile at a time, for each kind of processor.
//!
//! A panel holds 16 outputs: for every four inputs, 16 groups of four weights. A tile is up to [`ROWS`] rows of activations by up to
//! [`PANELS`] panels.

use std::fmt;

/// Rows of a tile.
pub const ROWS: usize = 6;
/// Outputs of a panel.
pub const LANES: usize = 16;
/// Panels of a tile at most.
pub const PANELS: usize = 4;

/// Sums of one tile, row by row.
pub type Tile = [[i32; LANES * PANELS]; ROWS];

pub trait Kernel: Copy + Send + Sync {
    /// How many panels it likes at once.
    const PANELS: usize;

    /// Fills `rows` rows of the tile: `activations` holds `rows × inputs` numbers, `panels` the weights of one to [`Self::PANELS`] panels.
    fn tile(self, rows: usize, inputs: usize, activations: &[u8], panels: &[i8], tile: &mut Tile);
}

/// What this processor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processor {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(target_arch = "aarch64")]
    NeonDot,
}

impl Processor {
    /// Every path that runs here, the slowest first.
    pub fn all() -> Vec<Self> {
        #[allow(unused_mut, reason = "x86-64 and aarch64 have more than one")]
        let mut found = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                found.push(Self::Avx2);
            }
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni");
            if wide && is_x86_feature_detected!("avx2") {
                found.push(Self::Avx512Vnni);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("dotprod") {
            found.push(Self::NeonDot);
        }
        found
    }

    pub fn best() -> Self {
        Self::all().pop().unwrap_or(Self::Portable)
    }
}

impl fmt::Display for Processor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => "AVX-512 VNNI",
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot => "NEON dotprod",
        })
    }
}

/// Plain Rust, for every processor.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

impl Kernel for Portable {
    const PANELS: usize = 1;

    #[inline(always)]
    fn tile(self, rows: usize, inputs: usize, activations: &[u8], panels: &[i8], tile: &mut Tile) {
        for (row, sums) in activations.chunks_exact(inputs).zip(tile.iter_mut()).take(rows) {
            for (panel, sums) in panels.chunks_exact(inputs * LANES).zip(sums.chunks_exact_mut(LANES)) {
                let mut lanes = [0i32; LANES];
                for (four, weights) in row.chunks_exact(4).zip(panel.chunks_exact(4 * LANES)) {
                    for (lane, weights) in lanes.iter_mut().zip(weights.chunks_exact(4)) {
                        *lane += four.iter().zip(weights).map(|(a, w)| i32::from(*a) * i32::from(*w)).sum::<i32>();
                    }
                }
                sums.copy_from_slice(&lanes);
            }
        }
    }
}

#[cfg(target_arch = "aarch64")]
pub use arm::NeonDot;
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512Vnni};

/// What the loops of every kernel with pointers rely on.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn check(rows: usize, inputs: usize, activations: &[u8], panels: &[i8], most: usize) {
    let count = panels.len() / (inputs * LANES);
    assert!((1..=ROWS).contains(&rows) && inputs.is_multiple_of(4) && activations.len() == rows * inputs);
    assert!((1..=most).contains(&count) && count <= PANELS && panels.len() == count * inputs * LANES);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Kernel, LANES, PANELS, Tile, check};

    /// Only made where the processor has AVX2.
    #[derive(Debug, Clone, Copy)]
    pub struct Avx2(());

    impl Avx2 {
        /// # Safety
        /// The processor has AVX2.
        pub unsafe fn new() -> Self {
            Self(())
        }
    }

    impl Kernel for Avx2 {
        const PANELS: usize = 1;

        #[inline(always)]
        fn tile(self, rows: usize, inputs: usize, activations: &[u8], panels: &[i8], tile: &mut Tile) {
            check(rows, inputs, activations, panels, 1);
            // SAFETY: `check` has seen that the slices hold what the loops read, and `Avx2` exists only where the processor has it.
            unsafe {
                match rows {
                    1 => avx2::<1>(inputs, activations, panels, tile),
                    2 => avx2::<2>(inputs, activations, panels, tile),
                    3 => avx2::<3>(inputs, activations, panels, tile),
                    4 => avx2::<4>(inputs, activations, panels, tile),
                    5 => avx2::<5>(inputs, activations, panels, tile),
                    _ => avx2::<6>(inputs, activations, panels, tile),
                }
            }
        }
    }

    /// 7-bit times 8-bit pairs fit 16 bits, so `maddubs` never saturates.
    #[target_feature(enable = "avx2")]
    unsafe fn avx2<const R: usize>(inputs: usize, activations: &[u8], panel: &[i8], tile: &mut Tile) {
        let ones = _mm256_set1_epi16(1);
        let mut sums = [[_mm256_setzero_si256(); 2]; R];
        let (start, weights) = (activations.as_ptr(), panel.as_ptr());
        for four in 0..inputs / 4 {
            // SAFETY: `four < inputs / 4`, a panel has 64 bytes for every four inputs, and row `row < R` of the activations `inputs` bytes.
            unsafe {
                let at = weights.add(four * 4 * LANES).cast::<__m256i>();
                let (low, high) = (_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1)));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let four = _mm256_set1_epi32(start.add(row * inputs + four * 4).cast::<i32>().read_unaligned());
                    sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(_mm256_maddubs_epi16(four, low), ones));
                    sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(_mm256_maddubs_epi16(four, high), ones));
                }
            }
        }
        for (sums, out) in sums.iter().zip(tile.iter_mut()) {
            for (half, sum) in sums.iter().enumerate() {
                // SAFETY: two halves of eight lanes lie inside the row of 64.
                unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(8 * half).cast(), *sum) };
            }
        }
    }

    /// Only made where the processor has AVX-512 F, BW and VNNI.
    #[derive(Debug, Clone, Copy)]
    pub struct Avx512Vnni(());

    impl Avx512Vnni {
        /// # Safety
        /// The processor has AVX-512 F, BW and VNNI.
        pub unsafe fn new() -> Self {
            Self(())
        }
    }

    impl Kernel for Avx512Vnni {
        const PANELS: usize = PANELS;

        #[inline(always)]
        fn tile(self, rows: usize, inputs: usize, activations: &[u8], panels: &[i8], tile: &mut Tile) {
            check(rows, inputs, activations, panels, PANELS);
            let count = panels.len() / (inputs * LANES);
            macro_rules! by_shape {
                ($($rows:literal)*) => {
                    // SAFETY: `check` has seen that the slices hold what the loops read; `Avx512Vnni` exists only where the processor has it.
                    unsafe {
                        match (rows, count) {
                            $(
                                ($rows, 1) => vnni::<$rows, 1>(inputs, activations, panels, tile),
                                ($rows, 2) => vnni::<$rows, 2>(inputs, activations, panels, tile),
                                ($rows, 3) => vnni::<$rows, 3>(inputs, activations, panels, tile),
                                ($rows, _) => vnni::<$rows, 4>(inputs, activations, panels, tile),
                            )*
                            _ => unreachable!("`check` allows six rows at most"),
                        }
                    }
                };
            }
            by_shape!(1 2 3 4 5 6);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    unsafe fn vnni<const R: usize, const P: usize>(inputs: usize, activations: &[u8], panels: &[i8], tile: &mut Tile) {
        let mut sums = [[_mm512_setzero_si512(); P]; R];
        let (start, weights) = (activations.as_ptr(), panels.as_ptr());
        for four in 0..inputs / 4 {
            let mut columns = [_mm512_setzero_si512(); P];
            for (panel, column) in columns.iter_mut().enumerate() {
                // SAFETY: each of the `P` panels has 64 bytes for every four inputs.
                *column = unsafe { _mm512_loadu_si512(weights.add(panel * inputs * LANES + four * 4 * LANES).cast()) };
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: row `row < R` of the activations has `inputs` bytes.
                let four = unsafe { _mm512_set1_epi32(start.add(row * inputs + four * 4).cast::<i32>().read_unaligned()) };
                for (sum, column) in sums.iter_mut().zip(&columns) {
                    *sum = _mm512_dpbusd_epi32(*sum, four, *column);
                }
            }
        }
        for (sums, out) in sums.iter().zip(tile.iter_mut()) {
            for (panel, sum) in sums.iter().enumerate() {
                // SAFETY: `P <= 4` panels of 16 lanes lie inside the row of 64.
                unsafe { _mm512_storeu_si512(out.as_mut_ptr().add(LANES * panel).cast(), *sum) };
            }
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::*;
    use std::arch::asm;

    use super::{Kernel, LANES, Tile, check};

    /// Only made where the processor has NEON with dot products (ARMv8.2 and later).
    #[derive(Debug, Clone, Copy)]
    pub struct NeonDot(());

    impl NeonDot {
        /// # Safety
        /// The processor has NEON with dot products.
        pub unsafe fn new() -> Self {
            Self(())
        }
    }

    impl Kernel for NeonDot {
        const PANELS: usize = 1;

        #[inline(always)]
        fn tile(self, rows: usize, inputs: usize, activations: &[u8], panels: &[i8], tile: &mut Tile) {
            check(rows, inputs, activations, panels, 1);
            // SAFETY: `check` has seen that the slices hold what the loops read, and `NeonDot` exists only where the processor has it.
            unsafe {
                match rows {
                    1 => neon::<1>(inputs, activations, panels, tile),
                    2 => neon::<2>(inputs, activations, panels, tile),
                    3 => neon::<3>(inputs, activations, panels, tile),
                    4 => neon::<4>(inputs, activations, panels, tile),
                    5 => neon::<5>(inputs, activations, panels, tile),
                    _ => neon::<6>(inputs, activations, panels, tile),
                }
            }
        }
    }

    /// Registers of four sums that hold the outputs of a panel.
    const QUADS: usize = LANES / 4;

    /// Activations have 7 bits, so they are the same as signed numbers. Six rows take 24 of the 32 registers.
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn neon<const R: usize>(inputs: usize, activations: &[u8], panel: &[i8], tile: &mut Tile) {
        let mut sums = [[vdupq_n_s32(0); QUADS]; R];
        let (start, weights) = (activations.as_ptr(), panel.as_ptr());
        for four in 0..inputs / 4 {
            // SAFETY: `four < inputs / 4`, a panel has 64 bytes for every four inputs, and row `row < R` of the activations `inputs` bytes.
            unsafe {
                let at = weights.add(four * 4 * LANES);
                let columns: [int8x16_t; QUADS] = [vld1q_s8(at), vld1q_s8(at.add(16)), vld1q_s8(at.add(32)), vld1q_s8(at.add(48))];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let four = vreinterpretq_s8_s32(vdupq_n_s32(start.add(row * inputs + four * 4).cast::<i32>().read_unaligned()));
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        *sum = dot(*sum, column, four);
                    }
                }
            }
        }
        for (sums, out) in sums.iter().zip(tile.iter_mut()) {
            for (quad, sum) in sums.iter().enumerate() {
                // SAFETY: four quads of four lanes lie inside the row of 64.
                unsafe { vst1q_s32(out.as_mut_ptr().add(4 * quad), *sum) };
            }
        }
    }

    /// `sdot`, of which stable Rust has no function yet.
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    fn dot(sum: int32x4_t, weights: int8x16_t, activations: int8x16_t) -> int32x4_t {
        let mut sum = sum;
        // SAFETY: works on registers alone, and the processor has the instruction.
        unsafe {
            asm!(
                "sdot {sum:v}.4s, {weights:v}.16b, {activations:v}.16b",
                sum = inout(vreg) sum,
                weights = in(vreg) weights,
                activations = in(vreg) activations,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        sum
    }
}
