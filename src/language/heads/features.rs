//! [`Features`]: a passage as numbers. Four blocks: the encoder's vectors, hashed
//! character n-grams, a few plain measures, and what the reading layer knows ([`super::signs`]).

use std::collections::HashSet;

use super::signs::SIGNS;
use crate::language::embedder::unit;

/// Buckets of character n-grams.
pub const BUCKETS: usize = 4096;
/// Plain measures of a passage.
pub const MEASURES: usize = 16;

/// One passage, with the text it is read with, before any scaling.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// The passage's vector; with a second text also that one's, their difference and their product.
    pub vectors: Vec<f32>,
    pub ngrams: Vec<f32>,
    pub measures: [f32; MEASURES],
    pub signs: [f32; SIGNS],
}

/// What a head is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    pub text: &'a str,
    /// The text it is read with; empty where there is none.
    pub against: &'a str,
    pub signs: &'a [f32; SIGNS],
}

impl Features {
    /// `centre` is what all vectors have in common: taken off, the bunched vectors spread.
    pub fn new(passage: &Passage<'_>, vector: &[f32], against_vector: Option<&[f32]>, centre: &[f32]) -> Self {
        let Passage { text, against, signs } = *passage;
        let spread = |vector: &[f32]| unit(vector.iter().zip(centre).map(|(value, centre)| value - centre).collect());
        let mut vectors = spread(vector);
        if let Some(against) = against_vector {
            let (first, second) = (vectors.clone(), spread(against));
            vectors.extend(&second);
            vectors.extend(first.iter().zip(&second).map(|(a, b)| a - b));
            // Products of numbers below one are small; this brings them to the size of the others.
            let size = (first.len() as f32).sqrt();
            vectors.extend(first.iter().zip(&second).map(|(a, b)| a * b * size));
            vectors.iter_mut().for_each(|value| *value *= 0.5);
        }
        let mut ngrams = ngrams(text, "");
        if !against.is_empty() {
            ngrams.iter_mut().zip(self::ngrams(against, "对")).for_each(|(a, b)| *a += b);
        }
        Self { vectors, ngrams: unit(ngrams), measures: measures(text, against), signs: *signs }
    }

    /// How alike two passages are, with the texts they are read with: whatever the rule, so by topic most of all.
    pub fn likeness(&self, other: &Self, paired: bool) -> f64 {
        let part = |features: &Self| -> Vec<f32> {
            // The difference and the product say nothing new.
            let size = if paired { features.vectors.len() / 2 } else { features.vectors.len() };
            unit(features.vectors[..size].to_vec())
        };
        part(self).iter().zip(part(other)).map(|(a, b)| f64::from(a * b)).sum()
    }
}

/// Letters and marks as they are, digits as one sign, no white space.
fn plain(text: &str) -> Vec<char> {
    let characters = text.chars().filter(|character| !character.is_whitespace());
    characters.map(|character| if character.is_ascii_digit() { '0' } else { character.to_ascii_lowercase() }).collect()
}

/// How often each n-gram of one to three characters occurs, dampened, by the bucket of its hash; of length one.
fn ngrams(text: &str, salt: &str) -> Vec<f32> {
    let characters = plain(text);
    let mut buckets = vec![0f32; BUCKETS];
    for length in 1..=3 {
        for gram in characters.windows(length) {
            buckets[hash(gram, salt) as usize % BUCKETS] += 1.0;
        }
    }
    buckets.iter_mut().for_each(|count| *count = count.ln_1p());
    unit(buckets)
}

/// FNV-1a: the same on every machine and in every version.
fn hash(gram: &[char], salt: &str) -> u64 {
    let characters = salt.chars().chain(gram.iter().copied());
    let mixed = characters
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, character| (hash ^ u64::from(u32::from(character))).wrapping_mul(0x0100_0000_01b3));
    mixed ^ (mixed >> 32)
}

fn measures(text: &str, against: &str) -> [f32; MEASURES] {
    let characters = plain(text);
    let other = plain(against);
    let count = characters.len().max(1) as f32;
    let share = |wanted: &dyn Fn(char) -> bool| characters.iter().filter(|character| wanted(**character)).count() as f32 / count;
    let distinct = characters.iter().collect::<HashSet<_>>().len() as f32;
    let sentences = characters.iter().filter(|character| matches!(character, '。' | ';' | '；' | '！' | '？')).count() as f32;
    let commas = share(&|character| matches!(character, ',' | '，' | '、'));
    let (shared, shared_of_other) = shared(&characters, &other);
    let (only_denied, affirmed) = denied(text, against);
    let (only_denied_here, affirmed_here) = denied(against, text);
    [
        count.ln(),
        share(&|character| character == '0'),
        share(&|character| character.is_ascii_alphabetic()),
        share(&|character| "无未不否非".contains(character)),
        share(&|character| "待拟必要时?？".contains(character)),
        distinct / count,
        distinct.max(1.0).ln(),
        sentences.ln_1p(),
        commas,
        (other.len() as f32).ln_1p(),
        shared,
        shared_of_other,
        only_denied,
        affirmed,
        only_denied_here,
        affirmed_here,
    ]
}

/// The shares of the text's pairs of characters that the other text has only in clauses that deny, and in clauses that do not.
fn denied(text: &str, other: &str) -> (f32, f32) {
    const DENIALS: [&str; 5] = ["无", "否认", "未", "不伴", "没有"];
    let pairs = |text: &str| -> HashSet<(char, char)> {
        let characters = plain(text);
        let pairs = characters.windows(2).map(|pair| (pair[0], pair[1]));
        pairs.filter(|(first, second)| first.is_alphabetic() && second.is_alphabetic()).collect()
    };
    let wanted = pairs(text);
    if wanted.is_empty() {
        return (0.0, 0.0);
    }
    let (mut denied, mut affirmed) = (HashSet::new(), HashSet::new());
    for clause in other.split(['。', ';', '；', '\n', ',', '，']) {
        let into = if DENIALS.iter().any(|word| clause.contains(word)) { &mut denied } else { &mut affirmed };
        into.extend(pairs(clause));
    }
    let share = |count: usize| count as f32 / wanted.len() as f32;
    let only_denied = wanted.iter().filter(|pair| denied.contains(*pair) && !affirmed.contains(*pair)).count();
    (share(only_denied), share(wanted.intersection(&affirmed).count()))
}

/// The share of either text's pairs of characters that the other one has.
fn shared(a: &[char], b: &[char]) -> (f32, f32) {
    let pairs = |text: &[char]| -> HashSet<(char, char)> { text.windows(2).map(|pair| (pair[0], pair[1])).collect() };
    let (a, b) = (pairs(a), pairs(b));
    if a.is_empty() || b.is_empty() {
        return (0.0, 0.0);
    }
    let both = a.intersection(&b).count() as f32;
    (both / a.len() as f32, both / b.len() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_finite_and_digits_do_not_matter_for_ngrams() {
        let vector = unit((0..32).map(|index| (index as f32).sin()).collect());
        let centre = vec![0.01; 32];
        let of = |text: &str, against: &str| {
            let passage = Passage { text, against, signs: &[0.0; SIGNS] };
            Features::new(&passage, &vector, (!against.is_empty()).then_some(&vector), &centre)
        };
        for text in ["", " ", "无", "血压150/90mmHg。", "今日无发热,继续目前治疗。"] {
            let features = of(text, "");
            assert_eq!((features.vectors.len(), features.ngrams.len()), (32, BUCKETS));
            assert!(features.vectors.iter().chain(&features.ngrams).chain(&features.measures).all(|value| value.is_finite()), "{text}");
        }
        assert_eq!(of("体温38.5", "").ngrams, of("体温39.1", "").ngrams);
        assert_ne!(of("体温38.5", "").ngrams, of("体温正常", "").ngrams);
        let two = of("右侧肢体无力", "左侧肢体无力");
        assert_eq!(two.vectors.len(), 4 * 32);
        assert_eq!(two.measures[10], 0.8);
    }
}
