//! [`Confusions`]: the characters that are written for one another, because they sound alike, look alike, or were seen to be mixed up.
//!
//! Sound and shape come from a table of ours (`confusions.tsv`, made by `confusions.py`), one line a character:
//! the character, its readings as pinyin with tone digits, its look-alikes. What was seen is counted from pairs of a wrong and a right text.

use std::collections::{BTreeMap, HashMap};

use super::super::ModelError;
use super::bytes::{Reader, put_varint};
use super::ngrams::{code, is_han};

/// Characters that are never proposed for one another. First those that both are right in practice, whatever a dictionary says; then those
/// that change what is meant: whether it is 上 or 下 is not for a spelling check to say.
const LEFT_ALONE: [&str; 26] = [
    "返反",
    "粘黏",
    "咯咳",
    "朦矇蒙",
    "莱来",
    "磷膦",
    "疼痛",
    "象像",
    "做作",
    "须需",
    "它他她",
    "现见",
    "炎咽",
    "型性", //
    "上下",
    "左右",
    "高低",
    "多少",
    "轻中重",
    "前后",
    "内外",
    "有无未",
    "升降",
    "稀细",
    "干绀",
    "一二三四五六七八九十两半",
];

/// Whether both characters are in one of the groups.
fn left_alone(one: u16, other: u16) -> bool {
    let holds = |group: &&str, wanted: u16| group.chars().any(|character| code(character) == wanted);
    LEFT_ALONE.iter().any(|group| holds(group, one) && holds(group, other))
}

/// Why a character may stand for another.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Kinship {
    /// One of their readings is the same, tone and all.
    pub same_tone: bool,
    /// One of their readings is the same but for the tone.
    pub same_sound: bool,
    /// Their readings differ in what dialects mix up: zh and z, n and l, -ng and -n.
    pub near_sound: bool,
    /// They look alike: 1 for the nearest of a character's look-alikes, falling to 0.
    pub shape: f32,
}

/// How often one character was written for another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// (wrong, right) and how often.
    pairs: BTreeMap<(u16, u16), u32>,
}

impl Seen {
    /// Counts where two texts of one length differ.
    pub fn add(&mut self, wrong: &str, right: &str) {
        for (wrong, right) in wrong.chars().map(code).zip(right.chars().map(code)) {
            if wrong != right && is_han(wrong) && is_han(right) {
                *self.pairs.entry((wrong, right)).or_default() += 1;
            }
        }
    }

    /// How often `wrong` was written for `right`.
    pub fn count(&self, wrong: u16, right: u16) -> u32 {
        self.pairs.get(&(wrong, right)).copied().unwrap_or_default()
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        put_varint(bytes, self.pairs.len() as u64);
        for ((wrong, right), count) in &self.pairs {
            for value in [u64::from(*wrong), u64::from(*right), u64::from(*count)] {
                put_varint(bytes, value);
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ModelError> {
        let mut pairs = BTreeMap::new();
        for index in 0..reader.varint()? {
            let (wrong, right, count) = (reader.varint16()?, reader.varint16()?, reader.varint()?);
            let count = u32::try_from(count).ok().filter(|_| is_han(wrong) && is_han(right) && wrong != right);
            let count = count.ok_or_else(|| ModelError(format!("{}: pair {index} is not two characters and a count", reader.name())))?;
            pairs.insert((wrong, right), count);
        }
        Ok(Self { pairs })
    }
}

/// A character that may be meant, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    pub right: u16,
    pub kinship: Kinship,
    /// How often it was seen to be mixed up this way.
    pub seen: u32,
}

/// The candidates of every character.
#[derive(Debug, Clone, Default)]
pub struct Confusions {
    candidates: HashMap<u16, Vec<Candidate>>,
    totals: HashMap<u16, u32>,
}

/// A reading without what is often mixed up.
fn blurred(sound: &str) -> String {
    let mut sound = sound.replacen("zh", "z", 1).replacen("ch", "c", 1).replacen("sh", "s", 1);
    if let Some(rest) = sound.strip_prefix('n') {
        sound = format!("l{rest}");
    }
    match sound.strip_suffix("ng") {
        Some(rest) if !rest.ends_with('o') => format!("{rest}n"),
        _ => sound,
    }
}

impl Confusions {
    /// Reads the table and adds what was seen.
    pub fn new(table: &str, seen: &Seen) -> Result<Self, ModelError> {
        let mut readings: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        let mut kin: BTreeMap<(u16, u16), Kinship> = BTreeMap::new();
        for (index, line) in table.lines().enumerate() {
            let wrong = |what: &str| ModelError(format!("confusions.tsv, line {}: {what}", index + 1));
            let mut fields = line.split('\t');
            let (Some(name), Some(sounds), Some(alike), None) = (fields.next(), fields.next(), fields.next(), fields.next()) else {
                return Err(wrong("not three fields"));
            };
            let mut characters = name.chars().map(code);
            let (Some(character), None) = (characters.next().filter(|code| is_han(*code)), characters.next()) else {
                return Err(wrong("the first field is not one character"));
            };
            if readings.insert(character, sounds.split_whitespace().collect()).is_some() {
                return Err(wrong("a second line for the character"));
            }
            let alike: Vec<u16> = alike.chars().map(code).collect();
            for (rank, other) in alike.iter().enumerate() {
                if !is_han(*other) {
                    return Err(wrong("a look-alike that is no Han character"));
                }
                let likeness = 1.0 - rank as f32 / alike.len() as f32;
                for pair in [(character, *other), (*other, character)] {
                    let shape = &mut kin.entry(pair).or_default().shape;
                    *shape = shape.max(likeness);
                }
            }
        }
        // Same sound, then near sound, through groups of characters.
        let mut groups: BTreeMap<String, Vec<(u16, &str)>> = BTreeMap::new();
        for (character, sounds) in &readings {
            for sound in sounds {
                let plain = sound.trim_end_matches(|tone: char| tone.is_ascii_digit());
                groups.entry(blurred(plain)).or_default().push((*character, sound));
            }
        }
        for members in groups.values() {
            for (one, sound) in members {
                for (other, its) in members.iter().filter(|(other, _)| other != one) {
                    let plain = |sound: &str| sound.trim_end_matches(|tone: char| tone.is_ascii_digit()).to_owned();
                    let kinship = kin.entry((*one, *other)).or_default();
                    kinship.same_tone |= sound == its;
                    kinship.same_sound |= plain(sound) == plain(its);
                    kinship.near_sound = true;
                }
            }
        }
        for pair in seen.pairs.keys() {
            kin.entry(*pair).or_default();
        }
        let mut confusions = Self::default();
        for ((wrong, right), kinship) in kin {
            if left_alone(wrong, right) {
                continue;
            }
            let seen = seen.count(wrong, right);
            confusions.candidates.entry(wrong).or_default().push(Candidate { right, kinship, seen });
            *confusions.totals.entry(right).or_default() += seen;
        }
        Ok(confusions)
    }

    /// What may be meant by a character.
    pub fn of(&self, wrong: u16) -> &[Candidate] {
        self.candidates.get(&wrong).map_or(&[], Vec::as_slice)
    }

    /// How often the character was seen to be miswritten, in whatever way.
    pub fn miswritten(&self, right: u16) -> u32 {
        self.totals.get(&right).copied().unwrap_or_default()
    }
}
