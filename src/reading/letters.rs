//! [`Letters`] and [`Shingles`]: a text reduced to what copying keeps, so that texts can be compared word for word.

use std::ops::Range;

use super::text::Span;

/// Characters that have to agree before it is a copy and no coincidence.
pub const SHINGLE: usize = 8;

/// A Chinese character of the common block.
pub fn is_han(character: char) -> bool {
    matches!(character, '\u{4e00}'..='\u{9fff}')
}

/// A letter, a digit or a Chinese character. The last are nearly all, and the standard library finds them in its tables last.
pub fn is_letter(character: char) -> bool {
    is_han(character) || character.is_alphanumeric()
}

/// A text without white space and punctuation.
pub fn bare(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|character| is_letter(*character))
}

/// The letters and digits of a text, each with the byte where it stands.
#[derive(Debug, Clone, Default)]
pub struct Letters {
    pub chars: Vec<char>,
    at: Vec<u32>,
}

impl Letters {
    pub fn of(text: &str) -> Self {
        let mut letters = Self::default();
        for (at, character) in text.char_indices().filter(|(_, character)| is_letter(*character)) {
            letters.chars.push(character);
            letters.at.push(at as u32);
        }
        letters
    }

    /// Which letters stand in these bytes; `None` where there are none.
    pub fn range(&self, span: Span) -> Option<Range<usize>> {
        let start = self.at.partition_point(|at| *at < span.start);
        let end = self.at.partition_point(|at| *at < span.end);
        (end > start).then_some(start..end)
    }

    /// The bytes from the first letter to the end of the last one.
    pub fn span(&self, range: Range<usize>) -> Span {
        let last = range.end - 1;
        Span::new(self.at[range.start] as usize, self.at[last] as usize + self.chars[last].len_utf8())
    }
}

/// The same on every machine and in every run, unlike a hash of the standard library.
pub fn shingle_hash(window: &[char]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for character in window {
        hash = (hash ^ u64::from(*character as u32)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
    mix(hash)
}

/// Spreads every bit of the input over the output.
pub fn mix(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// The word and the bit that stand for a hash; `words` is a power of two.
fn mark(hash: u64, words: usize) -> (usize, u64) {
    ((hash >> 6) as usize & (words - 1), 1 << (hash & 63))
}

/// Every stretch of [`SHINGLE`] letters of a text, by hash.
#[derive(Debug, Clone, Default)]
pub struct Shingles {
    /// Hash and the letter where it begins, in order.
    all: Vec<(u64, u32)>,
    /// A bit for the lowest bits of every hash: most texts have nothing in common, which one look tells.
    marks: Vec<u64>,
}

impl Shingles {
    pub fn of(letters: &[char]) -> Self {
        /// Bits of `marks` a shingle.
        const SPARSE: usize = 8;
        let mut all: Vec<(u64, u32)> = letters.windows(SHINGLE).map(shingle_hash).zip(0..).collect();
        all.sort_unstable();
        let words = (all.len() * SPARSE).div_ceil(64);
        let mut marks = vec![0; if words == 0 { 0 } else { words.next_power_of_two() }];
        for (hash, _) in &all {
            let (word, bit) = mark(*hash, marks.len());
            marks[word] |= bit;
        }
        Self { all, marks }
    }

    /// Where those of that hash begin, in order.
    pub fn places(&self, hash: u64) -> &[(u64, u32)] {
        let start = self.all.partition_point(|(known, _)| *known < hash);
        let length = self.all[start..].iter().take_while(|(known, _)| *known == hash).count();
        &self.all[start..start + length]
    }

    pub fn contains(&self, hash: u64) -> bool {
        let may_be = !self.marks.is_empty() && {
            let (word, bit) = mark(hash, self.marks.len());
            self.marks[word] & bit != 0
        };
        may_be && self.all.binary_search_by_key(&hash, |(known, _)| *known).is_ok()
    }

    /// Each hash once, in order.
    pub fn hashes(&self) -> impl Iterator<Item = u64> {
        self.all.chunk_by(|a, b| a.0 == b.0).map(|same| same[0].0)
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
