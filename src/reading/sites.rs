//! [`Sites`]: the body part and the side that a mention is said of.
//!
//! A side belongs to the term it stands at (左肺, 下肢(右)) and passes on only to what it can be said of: along one organ (左肺上叶), along a list
//! of paired parts of one region (双侧肘、腕关节), and from a body part to the findings in its clause (右下肢水肿). It never crosses to another organ.

use super::ConceptId;
use super::lexicon::{Concept, ConceptKind, Lexicon};
use super::mentions::Hit;
use super::text::Span;
use crate::record::Side;

/// Follows the last body part of a passage.
pub struct Sites<'a> {
    text: &'a str,
    lexicon: &'a Lexicon,
    last: Option<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    body: ConceptId,
    side: Option<Side>,
    span: Span,
}

impl<'a> Sites<'a> {
    pub fn new(text: &'a str, lexicon: &'a Lexicon) -> Self {
        Self { text, lexicon, last: None }
    }

    /// Site and side of a hit; hits must come in order.
    pub fn of(&mut self, hits: &[Hit], index: usize, clause: Span) -> (Option<ConceptId>, Option<Side>) {
        let Some(hit) = hits.get(index) else { return (None, None) };
        let own_side = side_at(self.text, hit.span, clause);
        let entry = self.lexicon.concept(hit.concept);
        // □左眼 ☑右眼: what is not ticked has no side to pass on.
        if own_side.is_some() && is_unticked(self.text, hit.span) {
            return (entry.site, None);
        }
        if entry.kind == ConceptKind::Body {
            let side = own_side.or_else(|| self.passed_on(hit));
            self.last = Some(Place { body: hit.concept, side, span: hit.span });
            return (entry.site, side);
        }
        let before = self.last.filter(|place| clause.contains(place.span) && self.is_said_of(place, hit, entry));
        let place = before.or_else(|| self.place_behind(hits, index, clause, entry));
        match place {
            Some(place) => (Some(place.body), own_side.or(place.side)),
            None => (entry.site, own_side),
        }
    }

    /// The side that a body part without one has from the part before it.
    fn passed_on(&self, hit: &Hit) -> Option<Side> {
        let last = self.last?;
        let side = last.side?;
        let between = self.text.get(last.span.end as usize..hit.span.start as usize)?;
        let same_organ = self.lexicon.inside(hit.concept, last.body) || self.lexicon.inside(last.body, hit.concept);
        let (one, other) = (self.lexicon.concept(last.body), self.lexicon.concept(hit.concept));
        let siblings = one.sided && other.sided && one.site.is_some() && one.site == other.site;
        let passes = match between {
            "" => same_organ || siblings,
            "、" | "及" | "和" | "与" => siblings || same_organ && other.sided,
            _ => false,
        };
        passes.then_some(side)
    }

    /// A finding belongs to the part before it unless its own seat is elsewhere (右上肢麻木、头痛), or it is a disease that stands apart from it.
    fn is_said_of(&self, place: &Place, hit: &Hit, entry: &Concept) -> bool {
        if let Some(own) = entry.site
            && !self.lexicon.inside(own, place.body)
            && !self.lexicon.inside(place.body, own)
        {
            return false;
        }
        match entry.kind {
            ConceptKind::Symptom | ConceptKind::Sign | ConceptKind::Imaging => true,
            // Bounded, so that one place in a long clause is not scanned again for every disease behind it.
            ConceptKind::Disease | ConceptKind::Procedure | ConceptKind::Exam | ConceptKind::Device => {
                const NEAR: usize = 30;
                let between = self.text.get(place.span.end as usize..hit.span.start as usize).unwrap_or("");
                between.len() <= NEAR && !between.contains(['、', '+', '及', '伴'])
            }
            _ => false,
        }
    }

    /// 压痛以右下腹为著, 结节位于左肺: the part behind a finding that has none before it.
    fn place_behind(&self, hits: &[Hit], index: usize, clause: Span, entry: &Concept) -> Option<Place> {
        const LINKS: [&str; 5] = ["位于", "以", "于", "在", "局限于"];
        if !entry.kind.is_finding() {
            return None;
        }
        let hit = hits.get(index)?;
        let next = hits.get(index + 1).filter(|next| next.kind == ConceptKind::Body && next.span.end <= clause.end)?;
        let between = self.text.get(hit.span.end as usize..next.span.start as usize)?;
        let linked = between.len() <= 24 && LINKS.iter().any(|link| between.contains(link));
        let seated = entry.site.is_none_or(|own| self.lexicon.inside(next.concept, own));
        (linked && seated).then(|| Place { body: next.concept, side: side_at(self.text, next.span, clause), span: next.span })
    }
}

/// 左 右 双 两 directly before a term, or in brackets directly behind it.
fn side_at(text: &str, span: Span, clause: Span) -> Option<Side> {
    let before = text.get(clause.start.min(span.start) as usize..span.start as usize).unwrap_or("");
    side_before(before).or_else(|| side_behind(text.get(span.end as usize..).unwrap_or("")))
}

/// The box of the choice stands empty, before it (□左眼) or, where none is before it, behind it (左眼□).
fn is_unticked(text: &str, span: Span) -> bool {
    const EMPTY: [char; 2] = ['□', '☐'];
    const TICKED: [char; 6] = ['☑', '√', '✓', '✔', '■', '☒'];
    let before = text.get(..span.start as usize).unwrap_or("").trim_end_matches([' ', '侧', '左', '右', '双']);
    let after = text.get(span.end as usize..).unwrap_or("");
    before.ends_with(EMPTY) || !before.ends_with(TICKED) && after.starts_with(EMPTY)
}

fn side_before(before: &str) -> Option<Side> {
    // 右侧第4肋, (左侧)腹股沟
    let before = before.trim_end_matches([' ', ')']);
    let before = match before
        .trim_end_matches(|character: char| character.is_ascii_digit() || "一二三四五六七八九十、-~".contains(character))
        .strip_suffix('第')
    {
        Some(rest) => rest,
        None => before,
    };
    let before = before.strip_suffix('侧').or_else(|| before.strip_suffix('边')).unwrap_or(before);
    let mut ends = before.chars().rev();
    match (ends.next()?, ends.next(), ends.next()) {
        ('右', Some('左'), _) | ('左', Some('右'), _) => Some(Side::Both),
        ('右', Some('、' | '及' | '和' | '/'), Some('左' | '侧')) | ('左', Some('、' | '及' | '和' | '/'), Some('右' | '侧')) => {
            Some(Side::Both)
        }
        ('双' | '两', _, _) => Some(Side::Both),
        ('左', _, _) => Some(Side::Left),
        ('右', _, _) => Some(Side::Right),
        _ => None,
    }
}

fn side_behind(after: &str) -> Option<Side> {
    let inside = after.strip_prefix('(')?;
    let mut characters = inside.chars();
    let side = match characters.next()? {
        '左' => Side::Left,
        '右' => Side::Right,
        '双' => Side::Both,
        _ => return None,
    };
    let rest = characters.as_str();
    rest.strip_prefix('侧').unwrap_or(rest).starts_with(')').then_some(side)
}
