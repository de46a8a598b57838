//! The mention extractor: finds lexicon concepts and decides for each whether it is so, whose it is, on which side, where, how much and when.
//!
//! Where several triggers reach one mention: conditional and planned outrank all (若无发热 says nothing about fever now), then the nearest of
//! present, absent and uncertain, then past. A section may set the default: 既往史 is past, 家族史 is another person.

use std::sync::Arc;

use super::context::{ContextPack, Reach, Trigger};
use super::lexicon::{ConceptKind, Lexicon};
use super::text::Span;
use super::{Assertion, ConceptId, Experiencer, Measure, Mention, Relation, TimeExpression, sentences};
use crate::record::Side;

/// The text and what has been read of it so far.
pub struct Source<'a> {
    pub text: &'a str,
    pub section: &'a str,
    pub sentences: &'a [Span],
    pub times: &'a [TimeExpression],
}

/// Finds all mentions in order. Values without a unit (GCS 15分, 血钾3.9) are added to `measures`.
pub fn mentions(source: &Source<'_>, lexicon: &Lexicon, context: &ContextPack, measures: &mut Vec<Measure>) -> Vec<Mention> {
    let hits: Vec<(Span, ConceptId)> = lexicon.find(source.text).collect();
    let triggers: Vec<Trigger> = context.find(source.text).into_iter().filter(|trigger| !hits.iter().any_inside(trigger.span)).collect();
    let quotes = quoted_ranges(source.text);
    let mut mentions = Vec::with_capacity(hits.len());
    let (mut next_hit, mut next_trigger) = (0, 0);
    for sentence in source.sentences {
        let of_hits = take_within(&hits, &mut next_hit, *sentence, |hit| hit.0);
        let of_triggers = take_within(&triggers, &mut next_trigger, *sentence, |trigger| trigger.span);
        if !of_hits.is_empty() {
            read_sentence(source, *sentence, of_hits, of_triggers, lexicon, &quotes, measures, &mut mentions);
        }
    }
    mentions
}

trait AnyInside {
    fn any_inside(&self, span: Span) -> bool;
}

impl AnyInside for std::slice::Iter<'_, (Span, ConceptId)> {
    /// True when a term covers the word: 无 in 无尿 is part of the term.
    fn any_inside(&self, span: Span) -> bool {
        let hits = self.as_slice();
        let index = hits.partition_point(|(hit, _)| hit.end <= span.start);
        hits.get(index).is_some_and(|(hit, _)| hit.contains(span) || (hit.start < span.start && hit.overlaps(span)))
    }
}

/// The items inside `sentence`, moving the cursor past them.
fn take_within<'t, T>(items: &'t [T], next: &mut usize, sentence: Span, span: impl Fn(&T) -> Span) -> &'t [T] {
    while *next < items.len() && span(&items[*next]).start < sentence.start {
        *next += 1;
    }
    let first = *next;
    while *next < items.len() && span(&items[*next]).start < sentence.end {
        *next += 1;
    }
    &items[first..*next]
}

/// A stretch that a trigger governs.
struct Scope {
    span: Span,
    assertion: Assertion,
    trigger: Span,
}

#[allow(clippy::too_many_arguments)] // one call site; a struct would only rename the arguments
fn read_sentence(
    source: &Source<'_>,
    sentence: Span,
    hits: &[(Span, ConceptId)],
    triggers: &[Trigger],
    lexicon: &Lexicon,
    quotes: &[Span],
    measures: &mut Vec<Measure>,
    mentions: &mut Vec<Mention>,
) {
    let clauses = sentences::clauses(source.text, sentence);
    let scopes: Vec<Scope> =
        triggers.iter().flat_map(|trigger| scopes_of(source.text, trigger, sentence, &clauses, hits, triggers)).collect();
    let family = source.section == "家族史";
    let mut kin: Option<(ConceptId, u32)> = None;
    let mut site: Option<(ConceptId, Option<Side>, Span)> = None;
    for (index, (span, concept)) in hits.iter().enumerate() {
        let entry = lexicon.concept(*concept);
        let clause = clauses.iter().copied().find(|clause| clause.contains(*span)).unwrap_or(sentence);
        let own_side = side_before(source.text, *span, sentence);
        if entry.kind == ConceptKind::Person && (family || suffers(&source.text[span.end as usize..sentence.end as usize])) {
            kin = Some((*concept, span.end));
        }
        if kin
            .is_some_and(|(_, since)| source.text.get(since as usize..span.start as usize).is_some_and(|between| between.contains("患者")))
        {
            kin = None;
        }
        if entry.kind == ConceptKind::Body {
            let side = own_side.or_else(|| listed_side(source.text, site, *span));
            site = Some((*concept, side, *span));
        }
        let near_site = site.filter(|(_, _, at)| clause.contains(*at) || entry.kind == ConceptKind::Body);
        let (found_site, side) = match (entry.kind, near_site) {
            (ConceptKind::Body, Some((_, side, _))) => (entry.site, side),
            (_, Some((body, side, at))) if at != *span => (Some(body), own_side.or(side)),
            _ => (entry.site, own_side),
        };
        mentions.push(Mention {
            span: *span,
            concept: *concept,
            assertion: assertion(source, *span, entry.kind, &scopes),
            experiencer: match kin {
                Some((person, _)) if entry.kind != ConceptKind::Person => Experiencer::Other(Some(person)),
                _ if family && entry.kind.is_finding() => Experiencer::Other(None),
                _ => Experiencer::Patient,
            },
            side,
            site: found_site,
            measure: measure_of(source.text, *span, entry.kind, hits.get(index + 1).map(|(next, _)| *next), clause, measures),
            time: time_of(source.times, *span, clause, sentence),
            quoted: quotes.iter().any(|quote| quote.contains(*span)),
        });
    }
}

/// The stretches that a trigger governs inside its sentence.
fn scopes_of(
    text: &str,
    trigger: &Trigger,
    sentence: Span,
    clauses: &[Span],
    hits: &[(Span, ConceptId)],
    triggers: &[Trigger],
) -> Vec<Scope> {
    let mut scopes = Vec::new();
    let clause_index = clauses.iter().position(|clause| clause.contains(trigger.span) || clause.overlaps(trigger.span));
    let clause = clause_index.map_or(sentence, |index| clauses[index]);
    if let Some((assertion, reach)) = trigger.forward {
        let limit = match reach {
            Reach::Item => item_end(text, trigger.span.end as usize, clause.end as usize),
            Reach::Clause => clause.end as usize,
            Reach::Sentence => sentence.end as usize,
            Reach::List => list_end(text, clause_index, clauses, clause, hits, triggers),
        };
        let end = triggers
            .iter()
            .filter(|other| {
                other.stop && reach != Reach::Sentence && other.span.start >= trigger.span.end && (other.span.start as usize) < limit
            })
            .map(|other| other.span.start as usize)
            .find(|stop| ends_scope(text, *stop, trigger.span.end as usize))
            .unwrap_or(limit);
        if end > trigger.span.end as usize {
            scopes.push(Scope { span: Span::new(trigger.span.end as usize, end), assertion, trigger: trigger.span });
        }
    }
    if let Some((assertion, reach)) = trigger.backward {
        let start = match reach {
            Reach::Item => item_start(text, clause.start as usize, trigger.span.start as usize),
            _ => clause.start as usize,
        };
        let start = triggers
            .iter()
            .rev()
            .filter(|other| other.span.end <= trigger.span.start && other.span.start as usize >= start)
            .find(|other| other.backward.is_some() || other.stop)
            .map_or(start, |other| other.span.end as usize);
        if start < trigger.span.start as usize {
            scopes.push(Scope { span: Span::new(start, trigger.span.start as usize), assertion, trigger: trigger.span });
        }
    }
    scopes
}

/// A stop word right after the trigger belongs to it: 无伴, 未见, 否认有.
fn ends_scope(text: &str, stop: usize, trigger_end: usize) -> bool {
    !text[trigger_end..stop].trim().is_empty()
}

fn item_end(text: &str, from: usize, limit: usize) -> usize {
    text[from..limit].find('、').map_or(limit, |offset| from + offset)
}

fn item_start(text: &str, from: usize, limit: usize) -> usize {
    text[from..limit].rfind('、').map_or(from, |offset| from + offset + '、'.len_utf8())
}

/// The end of a list that runs on over commas while each further clause is nothing but findings.
fn list_end(
    text: &str,
    clause_index: Option<usize>,
    clauses: &[Span],
    clause: Span,
    hits: &[(Span, ConceptId)],
    triggers: &[Trigger],
) -> usize {
    let mut end = clause.end as usize;
    let Some(index) = clause_index else { return end };
    for next in &clauses[index + 1..] {
        if !is_bare_list(text, *next, hits, triggers) {
            break;
        }
        end = next.end as usize;
    }
    end
}

/// Nothing in the clause but terms and the words that join them.
fn is_bare_list(text: &str, clause: Span, hits: &[(Span, ConceptId)], triggers: &[Trigger]) -> bool {
    const JOINING: &str = "、和及或与等症状史病明显现象感情况表现病传染慢性急 ";
    if triggers.iter().any(|trigger| clause.contains(trigger.span)) {
        return false;
    }
    let mut any = false;
    let mut at = clause.start;
    while at < clause.end {
        if let Some((span, _)) = hits.iter().find(|(span, _)| span.start == at) {
            any = true;
            at = span.end;
            continue;
        }
        let Some(character) = text[at as usize..clause.end as usize].chars().next() else { break };
        if !JOINING.contains(character) {
            return false;
        }
        at += character.len_utf8() as u32;
    }
    any
}

fn assertion(source: &Source<'_>, span: Span, kind: ConceptKind, scopes: &[Scope]) -> Assertion {
    let reaching = || scopes.iter().filter(|scope| scope.span.contains(span));
    for strong in [Assertion::Conditional, Assertion::Planned] {
        if reaching().any(|scope| scope.assertion == strong) {
            return strong;
        }
    }
    let distance = |scope: &Scope| {
        if scope.trigger.end <= span.start { span.start - scope.trigger.end } else { scope.trigger.start.saturating_sub(span.end) }
    };
    let nearest = reaching()
        .filter(|scope| matches!(scope.assertion, Assertion::Present | Assertion::Absent | Assertion::Uncertain))
        .min_by_key(|scope| distance(scope));
    if let Some(scope) = nearest {
        return scope.assertion;
    }
    let past_section = source.section == "既往史" && (kind.is_finding() || kind == ConceptKind::Procedure);
    if past_section || reaching().any(|scope| scope.assertion == Assertion::Past) {
        return Assertion::Past;
    }
    Assertion::Present
}

/// 左 右 双 directly before a term.
fn side_before(text: &str, span: Span, sentence: Span) -> Option<Side> {
    let before = &text[sentence.start as usize..span.start as usize];
    let before = before.strip_suffix('侧').or_else(|| before.strip_suffix('边')).unwrap_or(before);
    if before.ends_with("左右") || before.ends_with('双') || before.ends_with('两') {
        return Some(Side::Both);
    }
    match before.chars().next_back() {
        Some('左') => Some(Side::Left),
        Some('右') => Some(Side::Right),
        _ => None,
    }
}

/// 双侧肘、腕关节: a body part in a list shares the side of the one before it.
fn listed_side(text: &str, previous: Option<(ConceptId, Option<Side>, Span)>, span: Span) -> Option<Side> {
    let (_, side, at) = previous?;
    let between = text.get(at.end as usize..span.start as usize)?;
    matches!(between, "" | "、" | "及" | "和").then_some(side).flatten()
}

/// The words after a relative say that the relative has something.
fn suffers(rest: &str) -> bool {
    const WORDS: [&str; 16] =
        ["患", "有", "曾", "因", "死", "确诊", "亦", "均", "否认", "无", "既往", "体健", "健在", "已故", "吸烟", "为"];
    let near: String = rest.chars().take(4).collect();
    WORDS.iter().any(|word| near.contains(word))
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
            (None, '"') => open = Some((at + 1, '"')),
            (Some(_), '。' | '\n') => open = None,
            _ => {}
        }
    }
    ranges
}

/// The value said of a mention: the measure after it, with nothing but connecting words between.
fn measure_of(text: &str, span: Span, kind: ConceptKind, next: Option<Span>, clause: Span, measures: &mut Vec<Measure>) -> Option<u32> {
    if !matches!(
        kind,
        ConceptKind::Vital
            | ConceptKind::Lab
            | ConceptKind::Score
            | ConceptKind::Drug
            | ConceptKind::Imaging
            | ConceptKind::Sign
            | ConceptKind::Substance
    ) {
        return None;
    }
    let limit = next.map_or(clause.end, |next| next.start.min(clause.end)) as usize;
    let rest = text.get(span.end as usize..limit)?;
    let value_at = span.end as usize + connecting(rest);
    if let Some(index) = measures.iter().position(|measure| {
        measure.span.start as usize == value_at || (measure.span.start as usize) < value_at && value_at < measure.span.end as usize
    }) {
        return Some(index as u32);
    }
    if !matches!(kind, ConceptKind::Vital | ConceptKind::Lab | ConceptKind::Score) {
        return None;
    }
    let bare = bare_value(text, value_at, limit)?;
    measures.push(bare);
    Some(measures.len() as u32 - 1)
}

/// Bytes of words such as `:`, 为, 约, 最高达 between a name and its value.
fn connecting(rest: &str) -> usize {
    const WORDS: [&str; 22] = [
        ":",
        "=",
        " ",
        "为",
        "约",
        "达",
        "升至",
        "降至",
        "波动于",
        "波动在",
        "最高",
        "最低",
        "值",
        "评分",
        "示",
        "是",
        "在",
        "测",
        "计数",
        "总分",
        "<",
        ">",
    ];
    let mut at = 0;
    'words: while at < rest.len() {
        for word in WORDS {
            // A bound belongs to the value.
            if rest[at..].starts_with(word) && !matches!(word, "<" | ">") {
                at += word.len();
                continue 'words;
            }
        }
        break;
    }
    at
}

/// A number without a unit, perhaps with 分.
fn bare_value(text: &str, at: usize, limit: usize) -> Option<Measure> {
    let rest = text.get(at..limit)?;
    let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let digits = rest[..length].trim_end_matches('.');
    let value: f64 = digits.parse().ok()?;
    let end = at + digits.len();
    let after = &text[end..];
    // A date, a time or an enumeration is no value.
    if after.starts_with(['-', '/', ':', '年', '月', '日', '天', '岁', '、', '小', '次', '周', '个', '项', 'h', 'd', '~']) || after.starts_with('.') {
        return None;
    }
    let (end, unit) = if after.starts_with('分') && !after.starts_with("分钟") { (end + '分'.len_utf8(), "分") } else { (end, "") };
    Some(Measure { span: Span::new(at, end), value, second: None, third: None, relation: Relation::Equal, unit: Arc::from(unit) })
}

/// The time that governs a mention: the last one before it in its clause, else the first after it there, else the last before it in the sentence.
fn time_of(times: &[TimeExpression], span: Span, clause: Span, sentence: Span) -> Option<u32> {
    let first = times.partition_point(|time| time.span.end <= sentence.start);
    let mut before_in_clause = None;
    let mut after_in_clause = None;
    let mut before_in_sentence = None;
    for (index, time) in times.iter().enumerate().skip(first).take_while(|(_, time)| time.span.start < sentence.end) {
        let index = Some(index as u32);
        if time.span.end <= span.start {
            before_in_sentence = index;
            if clause.contains(time.span) {
                before_in_clause = index;
            }
        } else if clause.contains(time.span) && after_in_clause.is_none() {
            after_in_clause = index;
        }
    }
    before_in_clause.or(after_in_clause).or(before_in_sentence)
}
