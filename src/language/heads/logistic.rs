//! Logistic regression with an L2 penalty, exact, in the space of the examples: a few dozen of them have thousands of features, so the weights
//! are sums of examples and Newton's method works on one number an example.

/// How much each example weighs in the decision function `Σ weight × kernel(example, x)`.
///
/// `kernel` is the matrix of inner products, row by row; the constant that stands for the intercept is part of it.
pub fn fit(kernel: &[f64], labels: &[bool], penalty: f64) -> Vec<f64> {
    let count = labels.len();
    debug_assert_eq!(kernel.len(), count * count);
    let hits = labels.iter().filter(|label| **label).count().max(1) as f64;
    let passes = (count as f64 - hits).max(1.0);
    // Both kinds weigh the same, however many there are of each.
    let share = |label: bool| count as f64 / (2.0 * if label { hits } else { passes });
    let mut weights = vec![0.0; count];
    let mut decision = vec![0.0; count];
    for _ in 0..50 {
        // Newton: (K + penalty W⁻¹) weights = z, with W the curvature and z the working response.
        let mut matrix = kernel.to_vec();
        let mut right = vec![0.0; count];
        for index in 0..count {
            let probability = sigmoid(decision[index]);
            let target = f64::from(u8::from(labels[index]));
            let curvature = (probability * (1.0 - probability)).max(1e-6);
            matrix[index * count + index] += penalty / (curvature * share(labels[index]));
            right[index] = decision[index] + (target - probability) / curvature;
        }
        let Some(next) = solve(matrix, right) else { break };
        let moved = next.iter().zip(&weights).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        weights = next;
        for (index, value) in decision.iter_mut().enumerate() {
            *value = kernel[index * count..(index + 1) * count].iter().zip(&weights).map(|(k, w)| k * w).sum();
        }
        if moved < 1e-9 {
            break;
        }
    }
    weights
}

pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Solves a symmetric positive definite system by Cholesky; `None` where it is not.
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let count = right.len();
    for column in 0..count {
        for row in column..count {
            let known: f64 = (0..column).map(|k| matrix[row * count + k] * matrix[column * count + k]).sum();
            let rest = matrix[row * count + column] - known;
            if row == column {
                if rest <= 0.0 {
                    return None;
                }
                matrix[row * count + column] = rest.sqrt();
            } else {
                matrix[row * count + column] = rest / matrix[column * count + column];
            }
        }
    }
    for row in 0..count {
        let known: f64 = (0..row).map(|k| matrix[row * count + k] * right[k]).sum();
        right[row] = (right[row] - known) / matrix[row * count + row];
    }
    for row in (0..count).rev() {
        let known: f64 = (row + 1..count).map(|k| matrix[k * count + row] * right[k]).sum();
        right[row] = (right[row] - known) / matrix[row * count + row];
    }
    Some(right)
}

/// `a` and `b` so that `sigmoid(a × score + b)` is the probability of a hit: Platt's calibration, with his softened targets.
pub fn calibrate(scores: &[(f64, bool)]) -> (f64, f64) {
    let hits = scores.iter().filter(|(_, hit)| *hit).count() as f64;
    let passes = scores.len() as f64 - hits;
    if hits == 0.0 || passes == 0.0 {
        return (1.0, 0.0);
    }
    let (high, low) = ((hits + 1.0) / (hits + 2.0), 1.0 / (passes + 2.0));
    // Cross-entropy with those targets, and a faint pull towards slope one.
    let loss = |a: f64, b: f64| {
        let of = |(score, hit): &(f64, bool)| {
            let value = a * score + b;
            let target = if *hit { high } else { low };
            // ln(1 + e^value) without overflow.
            value.max(0.0) + (-value.abs()).exp().ln_1p() - target * value
        };
        scores.iter().map(of).sum::<f64>() + 0.05 * (a - 1.0) * (a - 1.0)
    };
    let (mut a, mut b) = (1.0, 0.0);
    for _ in 0..100 {
        // A faint pull towards slope one keeps perfectly parted scores from running away.
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.1 * (a - 1.0), 0.0, 0.1, 0.0, 1e-6);
        for (score, hit) in scores {
            let probability = sigmoid(a * score + b);
            let distance = probability - if *hit { high } else { low };
            let curvature = probability * (1.0 - probability);
            ga += distance * score;
            gb += distance;
            haa += curvature * score * score;
            hab += curvature * score;
            hbb += curvature;
        }
        let determinant = haa * hbb - hab * hab;
        if determinant <= 1e-12 {
            break;
        }
        let (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant);
        // Where scores lie far from zero a whole step can overshoot and never come back.
        let here = loss(a, b);
        let mut step = 1.0;
        while step > 1e-6 && loss(a - step * da, b - step * db) > here {
            step /= 2.0;
        }
        (a, b) = (a - step * da, b - step * db);
        if step * (da.abs() + db.abs()) < 1e-10 || step <= 1e-6 {
            break;
        }
    }
    // A head whose scores point the wrong way knows nothing; it must not be read backwards.
    if a.is_finite() && b.is_finite() && a > 0.0 { (a, b) } else { (0.0, (hits / passes).ln()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(points: &[[f64; 2]]) -> Vec<f64> {
        points.iter().flat_map(|a| points.iter().map(move |b| a[0] * b[0] + a[1] * b[1] + 1.0)).collect()
    }

    /// Minimises the same loss by plain gradient descent in the space of the features.
    fn by_descent(points: &[[f64; 2]], labels: &[bool], penalty: f64) -> [f64; 3] {
        let mut w = [0.0; 3];
        for _ in 0..200_000 {
            let mut gradient = w.map(|w| penalty * w);
            for (point, label) in points.iter().zip(labels) {
                let x = [point[0], point[1], 1.0];
                let score: f64 = x.iter().zip(&w).map(|(x, w)| x * w).sum();
                let distance = sigmoid(score) - f64::from(u8::from(*label));
                gradient.iter_mut().zip(x).for_each(|(gradient, x)| *gradient += distance * x);
            }
            w.iter_mut().zip(gradient).for_each(|(w, gradient)| *w -= 0.01 * gradient);
        }
        w
    }

    #[test]
    fn newton_in_the_space_of_examples_finds_what_descent_in_the_space_of_features_finds() {
        let points = [[0.0, 1.0], [1.0, 0.5], [2.0, 2.5], [0.5, -1.0], [-1.0, 0.3], [1.5, 1.0]];
        let labels = [true, true, true, false, false, false];
        let weights = fit(&kernel(&points), &labels, 0.7);
        let expected = by_descent(&points, &labels, 0.7);
        for (axis, expected) in expected.iter().enumerate() {
            let found: f64 = points.iter().zip(&weights).map(|(point, weight)| weight * if axis == 2 { 1.0 } else { point[axis] }).sum();
            assert!((found - expected).abs() < 1e-5, "{axis}: {found} {expected}");
        }
    }

    #[test]
    fn calibration_moves_scores_to_their_frequencies_and_never_turns_them_round() {
        let scores: Vec<(f64, bool)> = (0..400).map(|n| (f64::from(n % 20) - 10.0, (n * 7) % 20 < n % 20)).collect();
        let (a, b) = calibrate(&scores);
        let mean = |wanted: &dyn Fn(f64) -> bool| {
            let chosen: Vec<_> = scores.iter().filter(|(score, _)| wanted(*score)).collect();
            let hits = chosen.iter().filter(|(_, hit)| *hit).count() as f64 / chosen.len() as f64;
            (hits, chosen.iter().map(|(score, _)| sigmoid(a * score + b)).sum::<f64>() / chosen.len() as f64)
        };
        for (hits, predicted) in [mean(&|score| score < 0.0), mean(&|score| score >= 0.0)] {
            assert!((hits - predicted).abs() < 0.06, "{hits} {predicted}");
        }
        let backwards: Vec<(f64, bool)> = (0..40).map(|n| (f64::from(n), n < 20)).collect();
        assert_eq!(calibrate(&backwards).0, 0.0);
    }
}
