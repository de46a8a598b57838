//! Agreement between two reviewers and the share that the program missed.

use crate::interval::Proportion;

/// Cohen's κ with linear weights over ordered categories (甲乙丙); `None` without pairs or where chance alone would agree.
pub fn weighted_kappa(pairs: &[(usize, usize)], categories: usize) -> Option<f64> {
    if pairs.is_empty() || categories < 2 {
        return None;
    }
    let count = pairs.len() as f64;
    let distance = |a: usize, b: usize| a.abs_diff(b) as f64 / (categories - 1) as f64;
    let observed: f64 = pairs.iter().map(|(a, b)| distance(*a, *b)).sum::<f64>() / count;
    let share = |category: usize, of: fn(&(usize, usize)) -> usize| pairs.iter().filter(|pair| of(pair) == category).count() as f64 / count;
    let mut expected = 0.0;
    for first in 0..categories {
        for second in 0..categories {
            expected += share(first, |pair| pair.0) * share(second, |pair| pair.1) * distance(first, second);
        }
    }
    (expected > 0.0).then(|| 1.0 - observed / expected)
}

/// 2a / (2a + b + c): defects that both named, that only the first and that only the second named. `None` where nobody named any.
pub fn positive_agreement(both: usize, first_only: usize, second_only: usize) -> Option<f64> {
    let named = 2 * both + first_only + second_only;
    (named > 0).then(|| 2.0 * both as f64 / named as f64)
}

/// ICC(2,1): two-way random effects, absolute agreement, a single rater (Shrout & Fleiss 1979). One row a subject, one column a rater.
pub fn icc(rows: &[Vec<f64>]) -> Option<f64> {
    let (n, k) = (rows.len(), rows.first()?.len());
    if n < 2 || k < 2 || rows.iter().any(|row| row.len() != k) {
        return None;
    }
    let (subjects, raters) = (n as f64, k as f64);
    let grand = rows.iter().flatten().sum::<f64>() / (subjects * raters);
    let square = |value: f64| value * value;
    let between: f64 = rows.iter().map(|row| square(row.iter().sum::<f64>() / raters - grand)).sum::<f64>() * raters;
    let columns = (0..k).map(|column| rows.iter().map(|row| row[column]).sum::<f64>() / subjects);
    let judges: f64 = columns.map(|mean| square(mean - grand)).sum::<f64>() * subjects;
    let total: f64 = rows.iter().flatten().map(|value| square(value - grand)).sum();
    let ms_subjects = between / (subjects - 1.0);
    let ms_raters = judges / (raters - 1.0);
    let ms_error = (total - between - judges) / ((subjects - 1.0) * (raters - 1.0));
    let below = ms_subjects + (raters - 1.0) * ms_error + raters * (ms_raters - ms_error) / subjects;
    (below.abs() > 1e-12).then(|| (ms_subjects - ms_error) / below)
}

/// The share of visits in which something was missed, each with the number of visits that it stands for; Wilson's interval at Kish's effective
/// size (Σw)²/Σw², which for equal weights is the plain one.
pub fn miss_rate(visits: &[(bool, f64)]) -> Proportion {
    let plain = Proportion::new(visits.iter().filter(|(missed, _)| *missed).count(), visits.len());
    let all: f64 = visits.iter().map(|(_, weight)| weight).sum();
    let squares: f64 = visits.iter().map(|(_, weight)| weight * weight).sum();
    if all <= 0.0 {
        return plain;
    }
    let missed: f64 = visits.iter().filter(|(missed, _)| *missed).map(|(_, weight)| weight).sum();
    let interval = Proportion::of_share(missed / all, all * all / squares);
    Proportion { hits: plain.hits, total: plain.total, ..interval }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(actual: Option<f64>, wanted: f64) {
        assert!(actual.is_some_and(|actual| (actual - wanted).abs() < 5e-4), "{actual:?} is not {wanted}");
    }

    #[test]
    fn weighted_kappa_by_hand() {
        // 10 records: 甲甲 ×4, 甲乙 ×1, 乙乙 ×2, 乙丙 ×1, 丙丙 ×1, 丙甲 ×1. Distances 0, ½, 0, ½, 0, 1: observed 2/10 = 0.2.
        // Rows 甲5 乙3 丙2, columns 甲5 乙3 丙2: expected ½·(0.5·0.3 + 0.3·0.5 + 0.3·0.2 + 0.2·0.3) + 1·(0.5·0.2 + 0.2·0.5) = 0.21 + 0.2 = 0.41.
        // κ = 1 − 0.2 / 0.41 = 0.5122.
        let pairs = [(0, 0), (0, 0), (0, 0), (0, 0), (0, 1), (1, 1), (1, 1), (1, 2), (2, 2), (2, 0)];
        near(weighted_kappa(&pairs, 3), 0.5122);
        assert_eq!(weighted_kappa(&[(0, 0), (0, 0)], 3), None, "nothing but 甲 says nothing");
        assert_eq!(weighted_kappa(&[], 3), None);
    }

    #[test]
    fn positive_agreement_by_hand() {
        // 2·6 / (2·6 + 3 + 1) = 12/16.
        near(positive_agreement(6, 3, 1), 0.75);
        assert_eq!(positive_agreement(0, 0, 0), None);
    }

    #[test]
    fn icc_of_the_published_example() {
        // Shrout & Fleiss 1979, table 2: BMS 11.24, JMS 32.49, EMS 1.02; (11.24 − 1.02) / (11.24 + 3·1.02 + 4·(32.49 − 1.02)/6) = 0.29.
        let rows = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]];
        let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.iter().map(|value| f64::from(*value)).collect()).collect();
        assert!(icc(&rows).is_some_and(|icc| (icc - 0.29).abs() < 0.005));
        // Two raters, 90/92, 80/82, 70/72: subjects' means 91, 81, 71: MSR 200, MSC 6, MSE 0; 200 / (200 + 0 + 2·6/3) = 0.9804.
        near(icc(&[vec![90.0, 92.0], vec![80.0, 82.0], vec![70.0, 72.0]]), 0.9804);
        assert_eq!(icc(&[vec![90.0, 92.0]]), None);
        assert_eq!(icc(&[vec![90.0, 90.0], vec![90.0, 90.0]]), None);
    }

    #[test]
    fn the_miss_rate_and_its_interval_by_hand() {
        // 2 of 20 at equal weights: Wilson 0.0279–0.3010.
        let equal: Vec<(bool, f64)> = (0..20).map(|number| (number < 2, 3.0)).collect();
        let rate = miss_rate(&equal);
        assert_eq!((rate.hits, rate.total), (2, 20));
        assert!((rate.share - 0.1).abs() < 1e-9 && (rate.low - 0.0279).abs() < 1e-3 && (100.0 * rate.high - 30.1).abs() < 0.1, "{rate:?}");
        // Weights 1, 1, 4, 4 with one of the heavy ones missed: 4/10; effective size 100/34 = 2.94: wider than four.
        let rate = miss_rate(&[(false, 1.0), (false, 1.0), (true, 4.0), (false, 4.0)]);
        let four = Proportion::new(2, 4);
        assert!((rate.share - 0.4).abs() < 1e-9 && rate.high - rate.low > four.high - four.low, "{rate:?}");
        assert_eq!(miss_rate(&[]), Proportion::new(0, 0));
    }
}
