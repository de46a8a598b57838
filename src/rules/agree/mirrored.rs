//! The same words with left for right: 左肺下叶5mm结节 of the report is 右肺下叶5mm结节 in the summary.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Hit, Role, Subject};
use super::lone_side::{Place, is_another_way_in, is_explained, is_of_earlier_year, place_of};
use super::{Prepared, operates_on_both_sides, piece};
use crate::reading::letters::is_han;
use crate::reading::text::Span;
use crate::reading::{Origin, Passage};
use crate::record::Side;

/// Letters behind a side that must be the same, in prose and in a list of diagnoses (眼散光), and those that the lone side must not have elsewhere.
const WORDS: usize = 8;
const WORDS_OF_ITEM: usize = 2;
const PART: usize = 4;

/// What is normal on either side.
const NORMAL: [&str; 4] = ["搏动可", "搏动存在", "感觉存在", "活动可"];

/// Where the same words stand, by side.
#[derive(Default)]
struct Sides<'s> {
    left: Vec<Place<'s>>,
    right: Vec<Place<'s>>,
}

impl<'s> Sides<'s> {
    fn of(&mut self, side: Side) -> &mut Vec<Place<'s>> {
        if side == Side::Left { &mut self.left } else { &mut self.right }
    }

    fn opposite(&self, side: Side) -> &[Place<'s>] {
        if side == Side::Left { &self.right } else { &self.left }
    }
}

impl Prepared {
    pub(super) fn mirrored(&self, subject: &Subject<'_>) -> Vec<Hit> {
        if operates_on_both_sides(subject) {
            return Vec::new();
        }
        let year = subject.visit.admission.admitted_at.map(|at| at.date().year());
        let mut prose: BTreeMap<&str, Sides<'_>> = BTreeMap::new();
        let mut items: BTreeMap<&str, Sides<'_>> = BTreeMap::new();
        for passage in self.places.passages(subject) {
            let listed = is_list(passage);
            for (at, side) in sides(passage.text.as_str()) {
                let behind = behind(passage.text.as_str(), at);
                let item = words_of_item(behind).filter(|_| listed).map(|words| (&mut items, words));
                let Some((known, words)) = item.or_else(|| words(behind).map(|words| (&mut prose, words))) else { continue };
                let end = passage.text.as_str().len() - behind.len() + words.len();
                let place = Place { passage, span: Span::new(at, end) };
                known.entry(words).or_default().of(side).push(place);
            }
        }
        let said =
            |side: Side, words: &str| -> usize { self.places.passages(subject).map(|passage| times_said(passage, side, words)).sum() };
        let mut hits = Vec::new();
        for (words, sides) in &items {
            let Some((one, side, other)) = odd_one(sides, Arc::ptr_eq) else { continue };
            if said(side, words) == 1 && said(Side::Both, words) == 0 {
                hits.push(hit(one, side, other));
            }
        }
        for (words, sides) in &prose {
            let Some((one, side, other)) = odd_one(sides, |a, b| place_of(a) == place_of(b)) else { continue };
            let part = &words[..words.char_indices().nth(PART).map_or(words.len(), |(end, _)| end)];
            let is_only = words.contains(|letter: char| letter.is_ascii_digit()) || said(side, part) == 1 && said(Side::Both, part) == 0;
            let doubtful = NORMAL.iter().any(|word| words.contains(word))
                || is_explained(one, side)
                || is_of_earlier_year(one, year)
                || is_another_way_in(subject, one, sides.opposite(side));
            if is_only && !doubtful && !hits.iter().any(|hit: &Hit| hit.evidence[0].span.start == one.span.start) {
                hits.push(hit(one, side, other));
            }
        }
        hits
    }
}

fn hit(one: &Place<'_>, side: Side, other: &Place<'_>) -> Hit {
    Hit {
        evidence: vec![piece(one.passage, one.span, Role::This), piece(other.passage, other.span, Role::Against)],
        slots: vec![("stated", side.chinese().to_owned())],
        ..Hit::default()
    }
}

/// The place that stands alone on its side, and one of the other side; of two single ones the one written later. What stands together, or only in data, proves nothing.
fn odd_one<'a, 's>(
    sides: &'a Sides<'s>,
    together: impl Fn(&Arc<Passage>, &Arc<Passage>) -> bool,
) -> Option<(&'a Place<'s>, Side, &'a Place<'s>)> {
    let alone = |own: &'a [Place<'s>], other: &'a [Place<'s>], side| {
        let [one] = own else { return None };
        let apart = one.passage.document().is_some() && !other.iter().any(|place| together(place.passage, one.passage));
        apart.then(|| other.first().map(|other| (one, side, other))).flatten()
    };
    let left = alone(&sides.left, &sides.right, Side::Left);
    let right = alone(&sides.right, &sides.left, Side::Right);
    match (left, right) {
        (Some(left), Some(right)) => Some(if left.0.passage.document() > right.0.passage.document() { left } else { right }),
        (left, right) => left.or(right),
    }
}

fn is_list(passage: &Passage) -> bool {
    let section = passage.section.as_ref();
    section.ends_with("诊断") && section != "鉴别诊断"
        || matches!(&passage.origin, Origin::Data { pointer, .. } if pointer.contains("diagnos"))
}

/// Where a side is named, and which.
fn sides(text: &str) -> impl Iterator<Item = (usize, Side)> + '_ {
    text.match_indices(['左', '右']).map(|(at, letter)| (at, if letter == "左" { Side::Left } else { Side::Right }))
}

/// What follows the side's letter, and 侧 if it does.
fn behind(text: &str, at: usize) -> &str {
    let after = &text[at + '左'.len_utf8()..];
    after.strip_prefix('侧').unwrap_or(after)
}

/// The letters that must be the same, if the sentence has as many and they name a part: 右Tinel征 is of either hand.
fn words(behind: &str) -> Option<&str> {
    let (end, _) = behind.char_indices().nth(WORDS).or(Some((behind.len(), ' '))).filter(|_| behind.chars().count() >= WORDS)?;
    let words = &behind[..end];
    (words.starts_with(is_han) && !words.contains(['。', ';', '\n', '左', '右'])).then_some(words)
}

/// The rest of an item's name: 眼人工晶状体植入术后.
fn words_of_item(behind: &str) -> Option<&str> {
    let end = behind.find(|letter: char| !letter.is_alphanumeric() || letter == '伴').unwrap_or(behind.len());
    (behind[..end].chars().count() >= WORDS_OF_ITEM).then_some(&behind[..end])
}

/// How often the words are said of a side.
fn times_said(passage: &Passage, side: Side, words: &str) -> usize {
    let text = passage.text.as_str();
    let letters: &[&str] = match side {
        Side::Left => &["左", "左侧"],
        Side::Right => &["右", "右侧"],
        _ => &["双", "双侧", "两", "两侧"],
    };
    text.match_indices(words).filter(|(at, _)| letters.iter().any(|letters| text[..*at].ends_with(letters))).count()
}
