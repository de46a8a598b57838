//! Character n-grams: [`Counts`] that are gathered, added together and kept in a file, and [`Ngrams`], the same frozen for looking up.
//!
//! Han characters stand for themselves. Runs of digits, of letters and of punctuation are folded to one symbol each: which number stands
//! before 次 says nothing about a wrong character. An n-gram is a `u64` with its first symbol in the highest 16 bits and zeros behind, so
//! that sorted keys have every n-gram right after its prefix, and files become small differences.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::super::ModelError;
use super::bytes::{Reader, put_varint};

/// The longest n-gram that is counted.
pub const ORDER: usize = 4;

/// A run of digits.
pub const DIGITS: u16 = 1;
/// A run of letters of any script that is not Han.
pub const LETTERS: u16 = 2;
/// Where a clause ends; also what stands before and behind every text.
pub const BREAK: u16 = 3;
/// Anything else: brackets, signs, white space, rare Han outside the basic plane.
pub const OTHER: u16 = 4;

/// A symbol and where it stands, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    pub code: u16,
    pub start: usize,
    pub end: usize,
}

/// Whether the symbol is one Han character.
pub fn is_han(code: u16) -> bool {
    (0x3400..=0x9fff).contains(&code)
}

/// The symbol of a character.
pub fn code(character: char) -> u16 {
    match character {
        '\u{3400}'..='\u{9fff}' => character as u16,
        '0'..='9' | '０'..='９' => DIGITS,
        '，' | '。' | '；' | '：' | '、' | '！' | '？' | ',' | ';' | ':' | '!' | '?' | '\n' | '\r' => BREAK,
        _ if character.is_alphabetic() && (character as u32) < 0x3000 => LETTERS,
        _ => OTHER,
    }
}

/// The text as symbols, between two breaks of no length.
pub fn fold(text: &str) -> Vec<Symbol> {
    let mut symbols = Vec::with_capacity(text.len() / 3 + 2);
    symbols.push(Symbol { code: BREAK, start: 0, end: 0 });
    for (start, character) in text.char_indices() {
        let (code, end) = (code(character), start + character.len_utf8());
        match symbols.last_mut() {
            Some(last) if last.code == code && !is_han(code) => last.end = end,
            _ => symbols.push(Symbol { code, start, end }),
        }
    }
    if symbols.last().is_none_or(|last| last.code != BREAK) {
        symbols.push(Symbol { code: BREAK, start: text.len(), end: text.len() });
    }
    symbols
}

/// The key of up to four symbols.
pub fn key(symbols: &[u16]) -> u64 {
    symbols.iter().zip([48, 32, 16, 0]).fold(0, |key, (symbol, shift)| key | u64::from(*symbol) << shift)
}

/// How many symbols a key has: its lower ones are zero.
fn order(key: u64) -> usize {
    ORDER - (key.trailing_zeros() as usize / 16).min(ORDER)
}

/// Keys are well mixed by one multiplication; the default hasher would be most of the time of counting.
#[derive(Default)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

type KeyMap<T> = HashMap<u64, T, BuildHasherDefault<KeyHasher>>;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    count: u32,
    word: bool,
}

/// N-grams in the order of their keys.
pub(super) type Sorted = Vec<(u64, Entry)>;

/// How often each n-gram was seen, and which are words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts {
    entries: KeyMap<Entry>,
}

impl Counts {
    /// Counts every n-gram of a text.
    pub fn add(&mut self, text: &str) {
        let codes: Vec<u16> = fold(text).iter().map(|symbol| symbol.code).collect();
        self.add_codes(&codes, 1);
    }

    /// Counts a word as if it had been read `weight` times, nothing known of what stands around it.
    pub fn add_word(&mut self, word: &str, weight: u32) {
        let codes: Vec<u16> = word.chars().map(code).collect();
        self.add_codes(&codes, weight);
        if (2..=ORDER).contains(&codes.len()) && codes.iter().all(|code| is_han(*code)) {
            self.entries.entry(key(&codes)).or_default().word = true;
        }
    }

    fn add_codes(&mut self, codes: &[u16], weight: u32) {
        for start in 0..codes.len() {
            for length in 1..=ORDER.min(codes.len() - start) {
                let entry = self.entries.entry(key(&codes[start..start + length])).or_default();
                entry.count = entry.count.saturating_add(weight);
            }
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (key, theirs) in &other.entries {
            let entry = self.entries.entry(*key).or_default();
            entry.count = entry.count.saturating_add(theirs.count);
            entry.word |= theirs.word;
        }
    }

    /// Forgets n-grams of a length that were seen less often than `least[length - 1]`; words stay.
    pub fn prune(&mut self, least: [u32; ORDER]) {
        self.entries.retain(|key, entry| entry.word || entry.count >= least[order(*key) - 1]);
    }

    /// How many n-grams there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Appends the sorted n-grams: their number, then the difference to the one before and twice the count, plus one for a word.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let sorted = self.sorted();
        put_varint(bytes, sorted.len() as u64);
        let mut before = 0;
        for (key, entry) in sorted {
            // Most keys end in zeros; where they begin is told by the two lowest bits.
            let order = order(key);
            let shift = 16 * (ORDER - order);
            put_varint(bytes, ((key >> shift) - (before >> shift)) << 2 | (order as u64 - 1));
            put_varint(bytes, u64::from(entry.count) << 1 | u64::from(entry.word));
            before = key;
        }
    }

    /// Of n-grams in the order of their keys.
    pub(super) fn of(sorted: Sorted) -> Self {
        Self { entries: sorted.into_iter().collect() }
    }

    fn sorted(&self) -> Sorted {
        let mut sorted: Sorted = self.entries.iter().map(|(key, entry)| (*key, *entry)).collect();
        // The order of a hash map is chance.
        sorted.sort_unstable_by_key(|(key, _)| *key);
        sorted
    }
}

/// Reads what [`Counts::write`] has written.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Sorted, ModelError> {
    let name = reader.name();
    let number = reader.varint()?;
    // Two bytes an n-gram at least: a wrong number must not reserve memory that the file could not fill.
    if number > reader.left() as u64 / 2 {
        return Err(ModelError(format!("{name}: {number} n-grams can't stand in {} bytes", reader.left())));
    }
    let mut entries = Vec::with_capacity(number as usize);
    let mut before = 0u64;
    for index in 0..number {
        let wrong = |what: &str| ModelError(format!("{name}: n-gram {index}: {what}"));
        let (difference, value) = (reader.varint()?, reader.varint()?);
        let shift = 16 * (ORDER - 1 - (difference & 3) as usize);
        let top = (before >> shift).checked_add(difference >> 2).filter(|top| *top <= u64::MAX >> shift);
        let key = top.ok_or_else(|| wrong("not a key"))? << shift;
        if order(key) != (difference & 3) as usize + 1 || (0..order(key)).any(|at| (key >> (48 - 16 * at)) & 0xffff == 0) {
            return Err(wrong("an empty symbol"));
        }
        if key <= before {
            return Err(wrong("out of order"));
        }
        let count = u32::try_from(value >> 1).map_err(|_| wrong("the count is too large"))?;
        entries.push((key, Entry { count, word: value & 1 == 1 }));
        before = key;
    }
    Ok(entries)
}

/// One place of the table: an n-gram, how often it was seen, and what was seen behind it.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    key: u64,
    count: u32,
    /// How often something followed.
    followed: u32,
    /// How many different symbols followed.
    followers: u32,
    word: bool,
}

/// Counts for looking up: probabilities by interpolated absolute discounting.
#[derive(Debug, Clone)]
pub struct Ngrams {
    slots: Vec<Slot>,
    shift: u32,
    total: f32,
}

/// Taken off every count and given to what was not seen.
const DISCOUNT: f32 = 0.7;
/// Characters that a text might hold.
const ALPHABET: f32 = 8000.0;

impl Ngrams {
    /// Freezes counts.
    pub fn new(counts: &Counts) -> Self {
        Self::of(&counts.sorted())
    }

    /// Of n-grams in the order of their keys.
    pub(super) fn of(sorted: &[(u64, Entry)]) -> Self {
        // At most four fifths full.
        let bits = (sorted.len() * 5 / 4 + 16).next_power_of_two().trailing_zeros();
        let mut table = Self { slots: vec![Slot::default(); 1 << bits], shift: 64 - bits, total: 0.0 };
        for (key, entry) in sorted {
            let place = table.place(*key);
            table.slots[place] = Slot { key: *key, count: entry.count, word: entry.word, ..Slot::default() };
        }
        for (key, Entry { count, .. }) in sorted.iter().copied() {
            let order = order(key);
            if order == 1 {
                table.total += count as f32;
                continue;
            }
            let prefix = key & (u64::MAX << (16 * (ORDER + 1 - order)));
            let place = table.place(prefix);
            let slot = &mut table.slots[place];
            if slot.key == prefix && count > 0 {
                slot.followed = slot.followed.saturating_add(count);
                slot.followers += 1;
            }
        }
        table
    }

    /// Where the key stands, or where it would.
    fn place(&self, key: u64) -> usize {
        let mixed = (key ^ (key >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut place = (mixed >> self.shift) as usize;
        while self.slots[place].key != key && self.slots[place].key != 0 {
            place = (place + 1) & (self.slots.len() - 1);
        }
        place
    }

    /// How often these one to four symbols were seen.
    pub fn count(&self, symbols: &[u16]) -> u32 {
        self.slots[self.place(key(symbols))].count
    }

    /// Whether these two to four symbols are a word.
    pub fn is_word(&self, symbols: &[u16]) -> bool {
        self.slots[self.place(key(symbols))].word
    }

    /// How often two symbols were seen, and whether they are a word.
    pub fn pair(&self, symbols: &[u16; 2]) -> (u32, bool) {
        let slot = &self.slots[self.place(key(symbols))];
        (slot.count, slot.word)
    }

    /// The logarithm of the probability of the last of one to four symbols after those before it.
    pub fn ln_probability(&self, symbols: &[u16]) -> f32 {
        let last = symbols.len() - 1;
        let mut probability = (self.count(&symbols[last..]) as f32 + 0.5) / (self.total + 0.5 * ALPHABET);
        for start in (0..last).rev() {
            let context = self.slots[self.place(key(&symbols[start..last]))];
            // Nothing seen behind the shorter context means nothing behind the longer one.
            if context.followed == 0 {
                break;
            }
            let seen = self.count(&symbols[start..]) as f32;
            let followed = context.followed as f32;
            probability = ((seen - DISCOUNT).max(0.0) + DISCOUNT * context.followers as f32 * probability) / followed;
        }
        probability.max(1e-12).ln()
    }
}
