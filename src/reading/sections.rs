//! Finds sections in flat text: `主诉：`, `【现病史】`, `一、现病史`, `1.体格检查：`, a heading alone on its line, or one after a full stop.

use std::sync::Arc;

use super::documents::DocumentTable;

/// A section in clean text: the heading belongs to no section, so that rules see only what was written under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSection {
    /// Canonical name; `None` before the first heading.
    pub name: Option<Arc<str>>,
    pub start: usize,
    pub end: usize,
}

/// Splits clean text at every known heading that stands where a heading stands.
pub fn split(text: &str, table: &DocumentTable) -> Vec<FoundSection> {
    let mut sections = vec![FoundSection { name: None, start: 0, end: text.len() }];
    for (start, end, name) in table.headings(text) {
        let Some(before) = opening(text, start) else { continue };
        let Some(after) = closing(text, end, before.bracketed, before.line_start) else { continue };
        if let Some(last) = sections.last_mut() {
            last.end = before.start;
        }
        sections.push(FoundSection { name: Some(name.clone()), start: after, end: text.len() });
    }
    sections.retain(|section| section.name.is_some() || !text[section.start..section.end].trim().is_empty());
    sections
}

struct Opening {
    /// Where the heading with its bracket and number begins.
    start: usize,
    bracketed: bool,
    line_start: bool,
}

/// What stands before a heading: the start of a line, a number, a bracket, or the end of a sentence.
fn opening(text: &str, start: usize) -> Option<Opening> {
    let mut at = start;
    let mut bracketed = false;
    let previous = |at: usize| text[..at].chars().next_back();
    while previous(at).is_some_and(|character| matches!(character, ' ' | '\t')) {
        at -= 1;
    }
    if let Some(bracket @ ('[' | '【' | '〔' | '<' | '《')) = previous(at) {
        at -= bracket.len_utf8();
        bracketed = true;
    }
    at = skip_number(text, at);
    while previous(at).is_some_and(|character| matches!(character, ' ' | '\t')) {
        at -= 1;
    }
    match previous(at) {
        None | Some('\n') => Some(Opening { start: at, bracketed, line_start: true }),
        Some('。' | ';' | '.' | '!' | '”' | ')') => Some(Opening { start: at, bracketed, line_start: false }),
        _ if bracketed || at < start && previous(start) == Some(' ') => Some(Opening { start: at, bracketed, line_start: false }),
        _ => None,
    }
}

/// Steps back over `一、`, `1.`, `2、`, `(3)` before a heading.
fn skip_number(text: &str, at: usize) -> usize {
    let head = &text[..at];
    let trimmed = head.trim_end_matches([' ', '\t']);
    let Some(mark) = trimmed.chars().next_back().filter(|mark| matches!(mark, '、' | '.' | ')')) else { return at };
    let without_mark = &trimmed[..trimmed.len() - mark.len_utf8()];
    let number: usize = without_mark
        .chars()
        .rev()
        .take_while(|character| character.is_ascii_digit() || "一二三四五六七八九十".contains(*character))
        .map(char::len_utf8)
        .sum();
    if number == 0 || number > 9 {
        return at;
    }
    let mut start = without_mark.len() - number;
    if mark == ')' {
        start -= usize::from(text[..start].ends_with('('));
    }
    start
}

/// What stands after a heading: a colon, the closing bracket, or the end of its line. Returns where the content starts.
fn closing(text: &str, end: usize, bracketed: bool, line_start: bool) -> Option<usize> {
    let rest = text[end..].trim_start_matches([' ', '\t']);
    let mut at = text.len() - rest.len();
    let mut closed = false;
    if bracketed && let Some(bracket @ (']' | '】' | '〕' | '>' | '》')) = text[at..].chars().next() {
        at += bracket.len_utf8();
        closed = true;
    }
    if text[at..].starts_with(':') {
        return Some(at + 1);
    }
    if closed {
        return Some(at);
    }
    let alone = line_start && (text[at..].is_empty() || text[at..].starts_with('\n'));
    alone.then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;
    use crate::reading::text::CleanText;

    fn found(text: &str) -> Vec<(String, String)> {
        let table = DocumentTable::parse(DataFolder::embedded().file("documents.toml").expect("it ships")).expect("and is right");
        let clean = CleanText::new(text);
        let name = |section: &FoundSection| section.name.as_deref().unwrap_or("").to_owned();
        split(clean.as_str(), &table)
            .iter()
            .map(|section| (name(section), clean.as_str()[section.start..section.end].trim().to_owned()))
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn every_way_to_write_a_heading() {
        assert_eq!(found("主诉：咳嗽3天。\n现病史：3天前受凉。"), pairs(&[("主诉", "咳嗽3天。"), ("现病史", "3天前受凉。")]));
        assert_eq!(found("【主诉】咳嗽3天【现病史】3天前受凉"), pairs(&[("主诉", "咳嗽3天"), ("现病史", "3天前受凉")]));
        assert_eq!(found("一、病例特点：\n1.男性。\n二、诊断依据：咳嗽。"), pairs(&[("病例特点", "1.男性。"), ("诊断依据", "咳嗽。")]));
        assert_eq!(found("体格检查\nT36.5℃\n辅助检查\n未做"), pairs(&[("体格检查", "T36.5℃"), ("辅助检查", "未做")]));
        assert_eq!(found("无不适。既往史：体健。过敏史: 无"), pairs(&[("", "无不适。"), ("既往史", "体健。"), ("过敏史", "无")]));
    }

    #[test]
    fn words_inside_a_sentence_are_no_headings() {
        assert_eq!(found("既往史：无药物过敏史，家族史无特殊，诊断明确。"), pairs(&[("既往史", "无药物过敏史,家族史无特殊,诊断明确。")]));
    }
}
