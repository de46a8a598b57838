//! [`Known`]: words that are right whatever the n-grams think, above all the lexicon's.

use std::collections::HashSet;

use super::ngrams::{Ngrams, ORDER, code};

/// The longest known word that is looked for.
const LONGEST: usize = 10;

/// Words by the hash of their symbols.
#[derive(Debug, Clone, Default)]
pub struct Known {
    words: HashSet<u64>,
}

/// FNV-1a; 64 bits make a collision among a million words unlikely to be ever met.
fn hash(codes: &[u16]) -> u64 {
    codes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, code| (hash ^ u64::from(*code)).wrapping_mul(0x0100_0000_01b3))
}

impl<S: AsRef<str>> FromIterator<S> for Known {
    fn from_iter<I: IntoIterator<Item = S>>(words: I) -> Self {
        let codes = words.into_iter().map(|word| word.as_ref().chars().map(code).collect::<Vec<u16>>());
        Self { words: codes.filter(|codes| (2..=LONGEST).contains(&codes.len())).map(|codes| hash(&codes)).collect() }
    }
}

impl Known {
    /// The length of the longest known word that covers `length` symbols from `at`; 0 if there is none.
    pub fn longest(&self, codes: &[u16], at: usize, length: usize) -> usize {
        longest(codes, at, length, LONGEST, |word| self.words.contains(&hash(word)))
    }

    /// The same for the words that the n-grams know.
    pub fn general(&self, ngrams: &Ngrams, codes: &[u16], at: usize, length: usize) -> usize {
        longest(codes, at, length, ORDER, |word| ngrams.is_word(word))
    }
}

fn longest(codes: &[u16], at: usize, length: usize, most: usize, is_word: impl Fn(&[u16]) -> bool) -> usize {
    for size in (length.max(2)..=most).rev() {
        let first = (at + length).saturating_sub(size);
        if (first..=at).any(|start| codes.get(start..start + size).is_some_and(&is_word)) {
            return size;
        }
    }
    0
}
