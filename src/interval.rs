//! [`Proportion`]: a share with its 95 % Wilson interval.

use serde::Serialize;

/// `hits` of `total`; all zero where nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proportion {
    pub hits: usize,
    pub total: usize,
    pub share: f64,
    pub low: f64,
    pub high: f64,
}

impl Proportion {
    pub fn new(hits: usize, total: usize) -> Self {
        if total == 0 {
            return Self { hits, total, share: 0.0, low: 0.0, high: 1.0 };
        }
        Self { hits, total, ..Self::of_share(hits as f64 / total as f64, total as f64) }
    }

    /// Of a share that stands on `count` independent observations, which for weighted ones is no whole number; `hits` and `total` stay zero.
    pub fn of_share(share: f64, count: f64) -> Self {
        const Z: f64 = 1.959_964;
        let scale = 1.0 + Z * Z / count;
        let middle = (share + Z * Z / (2.0 * count)) / scale;
        let half = Z * (share * (1.0 - share) / count + Z * Z / (4.0 * count * count)).sqrt() / scale;
        Self { hits: 0, total: 0, share, low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
    }
}

impl std::fmt::Display for Proportion {
    /// `0.950 (19/20, 0.764–0.991)`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.total == 0 {
            return write!(formatter, "–");
        }
        write!(formatter, "{:.3} ({}/{}, {:.3}–{:.3})", self.share, self.hits, self.total, self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_interval_of_known_counts() {
        let nine_of_ten = Proportion::new(9, 10);
        assert!((nine_of_ten.low - 0.596).abs() < 0.001 && (nine_of_ten.high - 0.982).abs() < 0.001);
        let none = Proportion::new(0, 20);
        assert!(none.low == 0.0 && (none.high - 0.161).abs() < 0.001);
        assert_eq!(Proportion::new(0, 0).to_string(), "–");
    }
}
