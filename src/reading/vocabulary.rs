//! [`Vocabulary`]: all words that are looked for in passages, in one automaton. A passage is searched once for all of them, and where each stands is
//! kept with it: whoever looks for words reads off their places, and whoever looks for patterns of which no word occurs is done at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder};

use super::{Passage, Span};

/// Grows while those are prepared who look for words, until the first passage is searched.
#[derive(Default)]
pub struct Vocabulary {
    known: Mutex<HashMap<String, u32>>,
    sealed: OnceLock<Option<Sealed>>,
}

struct Sealed {
    automaton: CharwiseDoubleArrayAhoCorasick<u32>,
    /// Tells what was kept for this vocabulary from what was kept for another one.
    token: u64,
    /// Bytes of each word.
    lengths: Vec<u32>,
}

/// Which words occur in a passage, a bit each, and where. Of most blocks of 64 words no word occurs: those are not kept.
#[derive(Debug, Clone)]
pub struct Seen {
    token: u64,
    /// Which blocks are kept, a bit each.
    kept: Box<[u64]>,
    blocks: Box<[u64]>,
    /// Word and first byte of each place, in order.
    places: Box<[u64]>,
}

/// Some words of a vocabulary, to be asked for together.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Block of 64 words, and which of them.
    blocks: Vec<(u32, u64)>,
    /// One more than the last word's number.
    end: u32,
}

impl fmt::Debug for Vocabulary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.sealed.get().and_then(Option::as_ref).map(|sealed| sealed.lengths.len());
        formatter.debug_struct("Vocabulary").field("words", &words).finish()
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
        for number in &numbers {
            let (block, bit) = (number / 64, 1 << (number % 64));
            match blocks.last_mut().filter(|(last, _)| *last == block) {
                Some((_, bits)) => *bits |= bit,
                None => blocks.push((block, bit)),
            }
        }
        Words { blocks, end: numbers.last().map_or(0, |last| last + 1) }
    }

    /// Whether some of the words occurs in the passage; `None` where that is not known, since words came after the first search or the passage was
    /// searched for another vocabulary.
    pub fn holds(&self, passage: &Passage, words: &Words) -> Option<bool> {
        let (_, seen) = self.seen(passage, words)?;
        Some(words.blocks.iter().any(|(block, bits)| seen.block(*block) & bits != 0))
    }

    /// Every place where one of the words stands, in no order; `None` where that is not known.
    pub fn places<'p>(&'p self, passage: &'p Passage, words: &'p Words) -> Option<impl Iterator<Item = Span> + 'p> {
        let (sealed, seen) = self.seen(passage, words)?;
        let occurring = words.blocks.iter().flat_map(|(block, bits)| Numbers { block: *block, bits: seen.block(*block) & bits });
        Some(occurring.flat_map(|number| seen.of(number, sealed.lengths[number as usize])))
    }

    fn seen<'p>(&'p self, passage: &'p Passage, words: &Words) -> Option<(&'p Sealed, &'p Seen)> {
        let sealed = self.sealed.get_or_init(|| self.seal()).as_ref()?;
        let seen = passage.seen.get_or_init(|| sealed.search(passage.text.as_str()));
        (seen.token == sealed.token && words.end as usize <= sealed.lengths.len()).then_some((sealed, seen))
    }

    /// Without an automaton, nothing is known of any passage.
    fn seal(&self) -> Option<Sealed> {
        static TOKENS: AtomicU64 = AtomicU64::new(1);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut words: Vec<(&str, u32)> = known.iter().map(|(word, number)| (word.as_str(), *number)).collect();
        words.sort_unstable();
        let mut lengths = vec![0; words.len()];
        for (word, number) in &words {
            lengths[*number as usize] = word.len() as u32;
        }
        let automaton = CharwiseDoubleArrayAhoCorasickBuilder::new().build_with_values(words).ok()?;
        Some(Sealed { automaton, token: TOKENS.fetch_add(1, Ordering::Relaxed), lengths })
    }
}

impl Sealed {
    fn search(&self, text: &str) -> Seen {
        let mut places: Vec<u64> = self.automaton.find_overlapping_iter(text).map(|found| place(found.value(), found.start())).collect();
        places.sort_unstable();
        let mut kept = vec![0; self.lengths.len().div_ceil(64 * 64)].into_boxed_slice();
        let mut blocks: Vec<u64> = Vec::new();
        for place in &places {
            let word = (place >> 32) as usize;
            let (of_kept, bit) = (&mut kept[word / (64 * 64)], 1 << (word / 64 % 64));
            if *of_kept & bit == 0 {
                *of_kept |= bit;
                blocks.push(0);
            }
            // In the order of places the block at hand is the last one.
            if let Some(block) = blocks.last_mut() {
                *block |= 1 << (word % 64);
            }
        }
        Seen { token: self.token, kept, blocks: blocks.into(), places: places.into() }
    }
}

impl Seen {
    /// The words of a block that occur.
    fn block(&self, block: u32) -> u64 {
        let (index, bit) = (block as usize / 64, block % 64);
        let Some(kept) = self.kept.get(index).filter(|kept| **kept >> bit & 1 == 1) else { return 0 };
        let before: u32 = self.kept[..index].iter().map(|kept| kept.count_ones()).sum();
        self.blocks[(before + (kept & ((1 << bit) - 1)).count_ones()) as usize]
    }

    fn of(&self, number: u32, length: u32) -> impl Iterator<Item = Span> {
        let first = self.places.partition_point(|known| *known < place(number, 0));
        let own = self.places[first..].iter().take_while(move |known| *known >> 32 == u64::from(number));
        own.map(move |known| Span { start: *known as u32, end: *known as u32 + length })
    }
}

/// A word's number and where it begins, which sort together.
fn place(word: u32, start: usize) -> u64 {
    u64::from(word) << 32 | start as u64
}

/// The words of a block whose bits are set.
struct Numbers {
    block: u32,
    bits: u64,
}

impl Iterator for Numbers {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.bits == 0 {
            return None;
        }
        let number = self.block * 64 + self.bits.trailing_zeros();
        self.bits &= self.bits - 1;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;
    use crate::reading::Reader;

    #[test]
    fn what_occurs_is_known_with_its_places_and_nothing_of_what_came_late() {
        let reader = Reader::new(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let passage = |text: &str| reader.read_text(None, "现病史", text);
        let vocabulary = Vocabulary::default();
        let many: Vec<String> = (0..200).map(|number| format!("词{number}号")).collect();
        let first = vocabulary.words(&many);
        let cough = vocabulary.words(["咳嗽", "咳"]);
        let fever = vocabulary.words(["发热", "词7号"]);
        let text = passage("咳嗽3天,咳痰。");
        assert_eq!(vocabulary.holds(&text, &cough), Some(true));
        assert_eq!(vocabulary.holds(&text, &fever), Some(false));
        assert_eq!(vocabulary.holds(&text, &first), Some(false));
        assert_eq!(vocabulary.holds(&text, &Words::default()), Some(false));
        let mut found: Vec<&str> = vocabulary.places(&text, &cough).expect("it is known").map(|span| text.text.slice(span)).collect();
        found.sort_unstable();
        assert_eq!(found, ["咳", "咳", "咳嗽"]);
        assert_eq!(vocabulary.places(&passage("词199号,词0号"), &first).expect("it is known").count(), 2);
        let late = vocabulary.words(["乏力", "咳嗽"]);
        assert_eq!(vocabulary.holds(&text, &late), None);
        let other = Vocabulary::default();
        let words = other.words(["腹痛"]);
        assert_eq!(other.holds(&text, &words), None, "the passage keeps what it was first searched for");
    }
}
