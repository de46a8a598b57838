//! [`Vocabulary`]: all words that are looked for in passages, in one automaton. A passage is searched once for all of them, and that is kept with it:
//! whoever looks for words or patterns of which none occurs is done at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder};

use super::Passage;

/// Grows while those are prepared who look for words; is sealed before the first passage is searched.
#[derive(Default)]
pub struct Vocabulary {
    known: Mutex<HashMap<String, u32>>,
    sealed: OnceLock<Sealed>,
}

struct Sealed {
    automaton: CharwiseDoubleArrayAhoCorasick<u32>,
    /// Tells what was kept for this vocabulary from what was kept for another one.
    token: u64,
    words: usize,
}

/// Which words occur in a passage, a bit each.
#[derive(Debug, Clone)]
pub struct Seen {
    token: u64,
    bits: Box<[u64]>,
}

/// Some words of a vocabulary, to be asked for together.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Block of 64 words, and which of them.
    blocks: Vec<(u32, u64)>,
}

impl fmt::Debug for Vocabulary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vocabulary").field("words", &self.sealed.get().map(|sealed| sealed.words)).finish()
    }
}

impl Vocabulary {
    /// Takes words in, none of them empty.
    pub fn words<S: AsRef<str>>(&self, words: impl IntoIterator<Item = S>) -> Words {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut numbers: Vec<u32> = Vec::new();
        for word in words {
            let next = known.len() as u32;
            numbers.push(*known.entry(word.as_ref().to_owned()).or_insert(next));
        }
        numbers.sort_unstable();
        let mut blocks: Vec<(u32, u64)> = Vec::new();
        for number in numbers {
            let (block, bit) = (number / 64, 1 << (number % 64));
            match blocks.last_mut().filter(|(last, _)| *last == block) {
                Some((_, bits)) => *bits |= bit,
                None => blocks.push((block, bit)),
            }
        }
        Words { blocks }
    }

    /// Builds the automaton. Words that come later are never said to be missing. Without an automaton nothing is.
    pub fn seal(&self) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut words: Vec<(&str, u32)> = known.iter().map(|(word, number)| (word.as_str(), *number)).collect();
        words.sort_unstable();
        let Ok(automaton) = CharwiseDoubleArrayAhoCorasickBuilder::new().build_with_values(words) else { return };
        static TOKENS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let token = TOKENS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let _ = self.sealed.set(Sealed { automaton, token, words: known.len() });
    }

    /// Whether some of the words may occur in the passage; false only where none does.
    pub fn may_hold(&self, passage: &Passage, words: &Words) -> bool {
        let Some(sealed) = self.sealed.get() else { return true };
        let seen = passage.seen.get_or_init(|| sealed.search(passage.text.as_str()));
        // The passage may have been searched for other words than ours.
        seen.token != sealed.token || seen.has_any(words, sealed.words)
    }
}

impl Sealed {
    fn search(&self, text: &str) -> Seen {
        let mut bits = vec![0; self.words.div_ceil(64)].into_boxed_slice();
        for found in self.automaton.find_overlapping_iter(text) {
            bits[found.value() as usize / 64] |= 1 << (found.value() % 64);
        }
        Seen { token: self.token, bits }
    }
}

impl Seen {
    fn has_any(&self, words: &Words, known: usize) -> bool {
        let is_later = |block: u32, bits: u64| (block as usize * 64 + 63 - bits.leading_zeros() as usize) >= known;
        words.blocks.iter().any(|(block, bits)| is_later(*block, *bits) || self.bits[*block as usize] & bits != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;
    use crate::reading::Reader;

    #[test]
    fn what_does_not_occur_is_known_and_what_came_late_is_not_denied() {
        let reader = Reader::new(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let passage = |text: &str| reader.read_text(None, "现病史", text);
        let vocabulary = Vocabulary::default();
        let many: Vec<String> = (0..200).map(|number| format!("词{number}号")).collect();
        let first = vocabulary.words(&many);
        let cough = vocabulary.words(["咳嗽", "咳"]);
        let fever = vocabulary.words(["发热", "词7号"]);
        assert!(vocabulary.may_hold(&passage("腹痛3天。"), &fever), "nothing is denied before it is sealed");
        vocabulary.seal();
        let late = vocabulary.words(["乏力"]);
        let text = passage("咳嗽3天。");
        assert!(vocabulary.may_hold(&text, &cough));
        assert!(!vocabulary.may_hold(&text, &fever));
        assert!(!vocabulary.may_hold(&text, &first));
        assert!(!vocabulary.may_hold(&text, &Words::default()));
        assert!(vocabulary.may_hold(&text, &late));
        assert!(vocabulary.may_hold(&passage("词199号"), &first));
        let other = Vocabulary::default();
        let words = other.words(["腹痛"]);
        other.seal();
        assert!(other.may_hold(&text, &words), "the passage keeps what it was first searched for");
    }
}
