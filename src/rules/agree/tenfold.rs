//! A slipped decimal point: 2.1cm here and 21cm there.

use std::sync::Arc;

use super::super::{Hit, Role, Subject, around};
use super::{Prepared, piece};
use crate::reading::measures::convert;
use crate::reading::text::Span;
use crate::reading::{ConceptId, Measure, Passage};

/// How far, in bytes, a finding's name stands before its size.
const NEAR: u32 = 36;
/// Letters before a size that must be the same where no more is known of it.
const WORDS: usize = 6;
/// Words of a sentence that gives the sizes of tools: 5.0×48mm of a screw.
const TOOLS: [&str; 9] = ["钉", "扩髓", "导丝", "导针", "鞘", "网片", "补片", "支架", "球囊"];
/// Words before a length of which there may be several: 切口长约5cm.
const LENGTHS: [&str; 11] = ["切口", "瘢痕", "戳", "长", "深", "距", "周径", "插", "分离", "移", "间隔"];

/// A size as it is written; sides in millimetres.
struct Size<'s> {
    sides: Vec<f64>,
    /// The finding that is named before it.
    owner: Option<ConceptId>,
    /// The letters before it.
    words: &'s str,
    passage: &'s Arc<Passage>,
    span: Span,
}

impl Size<'_> {
    fn is_in(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.passage, other.passage)
    }

    /// 7.0cm×6.2cm×5.8cm and 7.0cm×6.2cm×58cm: all sides but one are the same.
    fn slips_in_one_side(&self, other: &Self) -> bool {
        let pairs = || self.sides.iter().zip(&other.sides);
        let apart = pairs().filter(|(a, b)| a != b).count();
        self.sides.len() == other.sides.len() && self.sides.len() >= 2 && apart == 1 && pairs().any(|(a, b)| is_tenfold(*a, *b))
    }

    /// 肝右叶小囊肿约0.8cm and 肝右叶小囊肿约8cm: the same words lead to it.
    fn slips_behind_same_words(&self, other: &Self) -> bool {
        let ([a], [b], words) = (self.sides.as_slice(), other.sides.as_slice(), self.words) else { return false };
        let told = words.chars().count() == WORDS && words == other.words && !words.contains(['。', ';', '\n']);
        told && is_tenfold(*a, *b) && !LENGTHS.iter().any(|word| words.contains(word))
    }

    fn slips_of_one_finding(&self, other: &Self) -> bool {
        self.owner.is_some() && self.owner == other.owner && is_tenfold(self.sides[0], other.sides[0])
    }
}

fn is_tenfold(a: f64, b: f64) -> bool {
    (a / b - 10.0).abs() < 0.01 || (b / a - 10.0).abs() < 0.01
}

impl Prepared {
    /// Of one finding in `within`; where all other sides or the words before are the same, anywhere in `against`, too.
    pub(super) fn tenfold_size(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let of_findings: Vec<Size<'_>> = self.places.passages(subject).flat_map(|passage| sizes(subject, passage)).collect();
        let anywhere: Vec<Size<'_>> = self.against.passages(subject).flat_map(|passage| sizes(subject, passage)).collect();
        let first = slip(&of_findings, Size::slips_of_one_finding);
        let first = first.or_else(|| slip(&anywhere, Size::slips_in_one_side)).or_else(|| slip(&anywhere, Size::slips_behind_same_words));
        let pair = first.map(|(later, earlier)| {
            vec![piece(later.passage, later.span, Role::This), piece(earlier.passage, earlier.span, Role::Against)]
        });
        pair.map(|evidence| Hit { evidence, ..Hit::default() }).into_iter().collect()
    }
}

/// The first size that is a slip of an earlier one. A slip contradicts another text; a text that has both sizes tells of two findings, or of before and after.
fn slip<'a, 's>(sizes: &'a [Size<'s>], is_slip: impl Fn(&Size<'s>, &Size<'s>) -> bool) -> Option<(&'a Size<'s>, &'a Size<'s>)> {
    let has_both = |a: &Size<'_>, b: &Size<'_>| sizes.iter().any(|size| size.is_in(a) && size.sides == b.sides);
    sizes.iter().enumerate().find_map(|(index, later)| {
        let mut before = sizes[..index].iter();
        let earlier = before
            .find(|earlier| !later.is_in(earlier) && is_slip(later, earlier) && !has_both(later, earlier) && !has_both(earlier, later))?;
        Some((later, earlier))
    })
}

fn sizes<'s>(subject: &Subject<'_>, passage: &'s Arc<Passage>) -> Vec<Size<'s>> {
    let lexicon = subject.knowledge.lexicon();
    let is_finding = |id| lexicon.is_a(id, "检查所见") || lexicon.is_a(id, "疾病");
    let size = |measure: &Measure| {
        if !measure.unit.ends_with('m') {
            return None;
        }
        let sides = [Some(measure.value), measure.second, measure.third].into_iter().flatten();
        let sides: Vec<f64> = sides.map(|side| convert(side, &measure.unit, "mm")).collect::<Option<_>>()?;
        let sentence = passage.sentence_of(measure.span);
        if TOOLS.iter().any(|word| passage.text.slice(sentence).contains(word)) {
            return None;
        }
        let ahead = |span: Span| sentence.contains(span) && span.end <= measure.span.start && measure.span.start - span.end <= NEAR;
        let owner = passage.mentions.iter().rev().find(|mention| ahead(mention.span) && is_finding(mention.concept));
        let words = around::last(&passage.text.as_str()[..measure.span.start as usize], WORDS);
        Some(Size { sides, owner: owner.map(|owner| owner.concept), words, passage, span: measure.span })
    };
    passage.measures.iter().filter_map(size).collect()
}
