//! The mention extractor: finds lexicon concepts and gathers for each what is said of it.
//!
//! Where several triggers reach one mention, the order is: conditional (若无发热 says nothing about fever now), planned, then the nearest of
//! present, absent and uncertain, then past or current, then a time years ago (diseases and what was done), then what the section takes for
//! granted (既往史 is past), then present. How far triggers reach is worked out in [`super::scopes`], sides and sites in [`super::sites`].

use super::context::{ContextPack, Trigger};
use super::lexicon::{ConceptKind, KindSet, Lexicon};
use super::scopes::{self, Claims, Layout};
use super::sites::Sites;
use super::text::Span;
use super::{Assertion, ConceptId, Experiencer, Measure, Mention, Passage, TimeExpression, TimeUnit, TimeValue, values};
use crate::record::DocumentKind;

/// The text and what has been read of it so far.
pub struct Source<'a> {
    pub text: &'a str,
    pub document: Option<DocumentKind>,
    pub section: &'a str,
    pub sentences: &'a [Span],
    pub clauses: &'a [Span],
    pub times: &'a [TimeExpression],
}

/// A term in the text.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    pub span: Span,
    pub concept: ConceptId,
    pub kind: ConceptKind,
}

/// Finds all mentions in order. Values without a unit (GCS 15分, 血钾3.9) are added to `measures`.
pub fn mentions(source: &Source<'_>, lexicon: &Lexicon, context: &ContextPack, measures: &mut Vec<Measure>) -> Vec<Mention> {
    let hits: Vec<Hit> =
        lexicon.find(source.text).map(|(span, concept)| Hit { span, concept, kind: lexicon.concept(concept).kind }).collect();
    if hits.is_empty() {
        return Vec::new();
    }
    let triggers: Vec<Trigger> = context.find(source.text).filter(|trigger| !is_part_of_term(&hits, trigger.span)).collect();
    let layout = Layout::new(source.text, source.sentences, source.clauses, &hits, &triggers, context);
    let claims = scopes::claims(&layout, &hits, &triggers, context);
    let priors = context.priors(source.document, source.section);
    let quotes = quoted_ranges(source.text);
    let mut people = People::new(source, context, &hits);
    let mut sites = Sites::new(source.text, lexicon);
    let mut mentions = Vec::with_capacity(hits.len());
    let mut sentence = 0;
    for (index, (hit, claim)) in hits.iter().zip(&claims).enumerate() {
        while sentence + 1 < source.sentences.len() && source.sentences[sentence + 1].start <= hit.span.start {
            sentence += 1;
        }
        let within = source.sentences.get(sentence).copied().unwrap_or(hit.span);
        let clause = layout.clause_at(hit.span.start).map_or(within, |index| source.clauses[index]);
        let time = time_of(source.times, hit.span, clause, within);
        let governing = time.and_then(|time| source.times.get(time as usize));
        let (site, side) = sites.of(&hits, index, clause);
        mentions.push(Mention {
            span: hit.span,
            concept: hit.concept,
            assertion: assertion(*claim, hit.kind, governing, clause, &priors),
            experiencer: people.of(hit, &layout, within),
            side,
            site,
            measure: None,
            time,
            quoted: quotes.get(quotes.partition_point(|quote| quote.end < hit.span.end)).is_some_and(|quote| quote.contains(hit.span)),
        });
    }
    values::link(source.text, &layout, source.clauses, &hits, measures, &mut mentions);
    mentions
}

/// The assertions of other words of a passage that is already read: each is taken for a term of that kind among the known ones.
pub fn assertions(passage: &Passage, words: &[Span], kind: ConceptKind, lexicon: &Lexicon, context: &ContextPack) -> Vec<Assertion> {
    const NO_CONCEPT: ConceptId = ConceptId(u32::MAX);
    let known = passage.mentions.iter().filter(|mention| !words.iter().any(|word| word.overlaps(mention.span)));
    let mut hits: Vec<Hit> = known
        .map(|mention| Hit { span: mention.span, concept: mention.concept, kind: lexicon.concept(mention.concept).kind })
        .chain(words.iter().map(|span| Hit { span: *span, concept: NO_CONCEPT, kind }))
        .collect();
    hits.sort_by_key(|hit| (hit.span.start, hit.span.end));
    let text = passage.text.as_str();
    let triggers: Vec<Trigger> = context.find(text).filter(|trigger| !is_part_of_term(&hits, trigger.span)).collect();
    let layout = Layout::new(text, &passage.sentences, &passage.clauses, &hits, &triggers, context);
    let claims = scopes::claims(&layout, &hits, &triggers, context);
    let said = |word: &Span| {
        let index = hits.iter().position(|hit| hit.span == *word && hit.concept == NO_CONCEPT)?;
        let claim = claims[index];
        Some(match (claim.conditional, claim.planned) {
            (true, _) => Assertion::Conditional,
            (_, true) => Assertion::Planned,
            _ => claim.polarity.or(claim.tense).unwrap_or(Assertion::Present),
        })
    };
    words.iter().map(|word| said(word).unwrap_or(Assertion::Present)).collect()
}

/// True when a term covers the word: 无 in 无尿 is part of the term.
fn is_part_of_term(hits: &[Hit], span: Span) -> bool {
    let index = hits.partition_point(|hit| hit.span.end <= span.start);
    hits.get(index).is_some_and(|hit| hit.span.contains(span) || (hit.span.start < span.start && hit.span.overlaps(span)))
}

fn assertion(claims: Claims, kind: ConceptKind, time: Option<&TimeExpression>, clause: Span, priors: &[(KindSet, Assertion)]) -> Assertion {
    if claims.conditional {
        return Assertion::Conditional;
    }
    if claims.planned {
        return Assertion::Planned;
    }
    if let Some(known) = claims.polarity.or(claims.tense) {
        return known;
    }
    if time.is_some_and(|time| clause.contains(time.span) && is_years_ago(time.value))
        && matches!(kind, ConceptKind::Disease | ConceptKind::Procedure)
    {
        return Assertion::Past;
    }
    priors.iter().find(|(kinds, _)| kinds.contains(kind)).map_or(Assertion::Present, |(_, assertion)| *assertion)
}

/// 5年前, or a year that stands alone: nobody dates what goes on now by its year.
fn is_years_ago(value: TimeValue) -> bool {
    match value {
        TimeValue::Ago { length, .. } => length.unit == TimeUnit::Year,
        TimeValue::Date(date) => date.year.is_some() && date.month.is_none(),
        _ => false,
    }
}

/// Follows whose body a passage speaks of.
struct People<'a> {
    source: &'a Source<'a>,
    context: &'a ContextPack,
    family: bool,
    /// Where the patient is named.
    returns: Vec<u32>,
    /// The relative spoken of, until the patient is named or the list of what the relative has ends.
    relative: Option<(ConceptId, u32)>,
}

impl<'a> People<'a> {
    fn new(source: &'a Source<'a>, context: &'a ContextPack, hits: &[Hit]) -> Self {
        let relatives = hits.iter().any(|hit| hit.kind == ConceptKind::Person);
        let words = if relatives { context.returns() } else { &[] };
        let mut returns: Vec<u32> =
            words.iter().flat_map(|word| source.text.match_indices(word.as_str())).map(|(at, _)| at as u32).collect();
        returns.sort_unstable();
        Self { source, context, family: context.is_about_relatives(source.section), returns, relative: None }
    }

    fn of(&mut self, hit: &Hit, layout: &Layout<'_>, sentence: Span) -> Experiencer {
        if self.relative.is_some_and(|(_, until)| hit.span.start >= until) {
            self.relative = None;
        }
        if hit.kind == ConceptKind::Person {
            let rest = self.source.text.get(hit.span.end as usize..sentence.end as usize).unwrap_or("");
            if self.family || self.context.suffers(rest) {
                let again = self.returns.get(self.returns.partition_point(|at| *at < hit.span.end)).copied();
                // 父亲,患高血压: what is said of the relative may begin behind a comma.
                let said = rest.bytes().take_while(|byte| matches!(byte, b',' | b' ' | b':')).count() as u32;
                self.relative = Some((hit.concept, again.unwrap_or(u32::MAX).min(layout.run_end(hit.span.end + said))));
            }
            return Experiencer::Patient;
        }
        match self.relative {
            Some((person, _)) => Experiencer::Other(Some(person)),
            None if self.family && hit.kind.is_finding() => Experiencer::Other(None),
            None => Experiencer::Patient,
        }
    }
}

/// Ranges inside quotation marks, at most a short phrase long so that a lost mark does no harm.
fn quoted_ranges(text: &str) -> Vec<Span> {
    const LONGEST: usize = 180;
    let mut ranges = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, character) in text.char_indices() {
        match (open, character) {
            (Some((start, close)), found) if found == close => {
                if at - start <= LONGEST {
                    ranges.push(Span::new(start, at));
                }
                open = None;
            }
            (None, '“') => open = Some((at + character.len_utf8(), '”')),
            (None, '「') => open = Some((at + character.len_utf8(), '」')),
            (None, '『') => open = Some((at + character.len_utf8(), '』')),
            (None, '"') => open = Some((at + 1, '"')),
            (Some(_), '。' | '\n') => open = None,
            _ => {}
        }
    }
    ranges
}

/// The time that governs a mention: the last one before it in its clause, else the first after it there, else the last before it in the sentence.
fn time_of(times: &[TimeExpression], span: Span, clause: Span, sentence: Span) -> Option<u32> {
    let after = times.partition_point(|time| time.span.end <= span.start);
    let before = after.checked_sub(1).filter(|index| times[*index].span.start >= sentence.start);
    let in_clause = |index: &usize| times.get(*index).is_some_and(|time| clause.contains(time.span));
    before.filter(in_clause).or(Some(after).filter(in_clause)).or(before).map(|index| index as u32)
}
