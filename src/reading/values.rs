//! Links values to what they measure: 体温38.5℃, 血压120/80mmHg, GCS 15分, 血钾3.9.

use std::sync::Arc;

use super::lexicon::ConceptKind;
use super::mentions::Hit;
use super::scopes::Layout;
use super::text::Span;
use super::{Measure, Mention, Relation};

/// Sets `measure` of every mention that has a value behind it. Values without a unit are added; the measures stay in order of the text.
pub fn link(text: &str, layout: &Layout<'_>, clauses: &[Span], hits: &[Hit], measures: &mut Vec<Measure>, mentions: &mut [Mention]) {
    let known = measures.len();
    let mut bare: Vec<Measure> = Vec::new();
    for (index, (hit, mention)) in hits.iter().zip(mentions.iter_mut()).enumerate() {
        if !has_value(hit.kind) {
            continue;
        }
        let clause_end = layout.clause_at(hit.span.start).map_or(hit.span.end, |index| clauses[index].end);
        let limit = hits.get(index + 1).map_or(clause_end, |next| next.span.start.min(clause_end)) as usize;
        let Some(rest) = text.get(hit.span.end as usize..limit) else { continue };
        let value_at = hit.span.end as usize + connecting(rest);
        let found = measures.partition_point(|measure| measure.span.end as usize <= value_at);
        if measures.get(found).is_some_and(|measure| measure.span.start as usize <= value_at) {
            mention.measure = Some(found as u32);
        } else if matches!(hit.kind, ConceptKind::Vital | ConceptKind::Lab | ConceptKind::Score)
            && let Some(value) = bare_value(text, value_at, limit)
        {
            mention.measure = Some((known + bare.len()) as u32);
            bare.push(value);
        }
    }
    if !bare.is_empty() {
        measures.append(&mut bare);
        sort(measures, mentions);
    }
}

fn sort(measures: &mut Vec<Measure>, mentions: &mut [Mention]) {
    let mut order: Vec<usize> = (0..measures.len()).collect();
    order.sort_by_key(|index| measures[*index].span);
    let mut place = vec![0; order.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new as u32;
    }
    for mention in mentions {
        mention.measure = mention.measure.and_then(|old| place.get(old as usize).copied());
    }
    *measures = order.into_iter().map(|old| measures[old].clone()).collect();
}

fn has_value(kind: ConceptKind) -> bool {
    matches!(
        kind,
        ConceptKind::Vital
            | ConceptKind::Lab
            | ConceptKind::Score
            | ConceptKind::Drug
            | ConceptKind::Imaging
            | ConceptKind::Sign
            | ConceptKind::Substance
    )
}

/// Bytes of words such as `:`, 为, 约, 最高达 between a name and its value.
fn connecting(rest: &str) -> usize {
    const WORDS: [&str; 21] = [
        ":",
        "=",
        " ",
        "大小约",
        "大小",
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
    ];
    const MOST: usize = 6;
    let mut at = 0;
    for _ in 0..MOST {
        let Some(word) = WORDS.iter().chain(&["总分"]).find(|word| rest[at..].starts_with(**word)) else { break };
        at += word.len();
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
    // A date, a time or an enumeration is no value; nor is a grade (3级), a dipstick (3+) or a score of the intubated (2T).
    const OTHER: [char; 26] = [
        '-', '/', ':', '年', '月', '日', '天', '岁', '、', '小', '次', '周', '个', '项', 'h', 'd', '~', '.', '级', '度', '期', '倍', '例',
        '种', '+', 'T',
    ];
    if after.starts_with(OTHER) {
        return None;
    }
    let (end, unit) = if after.starts_with('分') && !after.starts_with("分钟") { (end + '分'.len_utf8(), "分") } else { (end, "") };
    Some(Measure { span: Span::new(at, end), value, second: None, third: None, relation: Relation::Equal, unit: Arc::from(unit) })
}
