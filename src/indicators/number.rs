//! Numbers that facts take from the text: a value by pattern, a count by groups, the hours since onset.

use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::fact::Verdict;
use super::logic::Truth;
use crate::reading::text::Span;
use crate::reading::{Passage, TimeValue};
use crate::rules::finder::as_read;
use crate::rules::{Evidence, Role, SpecError};

/// `number = { regex = ['GCS[^0-9。;]{0,8}(?<n>\d+)'], which = "last" }`: the group `n` is the number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    pub regex: Vec<String>,
    #[serde(default)]
    pub which: Which,
    /// Patterns that give a number by words: `[["TIMI血流(正常|恢复良好)", 3]]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<(String, f64)>,
}

/// Which of several numbers counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    First,
    #[default]
    Last,
    Greatest,
    Smallest,
    Sum,
}

pub struct PreparedNumber {
    spec: Number,
    regexes: Vec<Regex>,
    words: Vec<(Regex, f64)>,
}

impl Number {
    pub fn prepare(&self) -> Result<PreparedNumber, SpecError> {
        let compile = |pattern: &String| {
            Regex::new(&as_read(pattern)).map_err(|error| SpecError::new(pattern, format!("`{pattern}` is no regular expression: {error}")))
        };
        let regexes = self.regex.iter().map(compile).collect::<Result<Vec<_>, _>>()?;
        if let Some(pattern) = regexes.iter().find(|regex| !regex.capture_names().any(|name| name == Some("n"))) {
            return Err(SpecError::new(pattern.as_str(), "name the number: (?<n>…)"));
        }
        let words = self.words.iter().map(|(pattern, value)| Ok((compile(pattern)?, *value))).collect::<Result<_, SpecError>>()?;
        Ok(PreparedNumber { spec: self.clone(), regexes, words })
    }
}

impl PreparedNumber {
    pub fn verify(&self, passages: &[&Arc<Passage>]) -> Verdict {
        let mut found: Vec<(f64, Evidence)> = Vec::new();
        for passage in passages {
            let text = passage.text.as_str();
            let mut here: Vec<(Span, f64)> = Vec::new();
            for captures in self.regexes.iter().flat_map(|regex| regex.captures_iter(text)) {
                let (Some(whole), Some(number)) = (captures.get(0), captures.name("n")) else { continue };
                if let Some(value) = parse(number.as_str()) {
                    here.push((Span::new(whole.start(), whole.end()), value));
                }
            }
            for (regex, value) in &self.words {
                here.extend(regex.find_iter(text).map(|found| (Span::new(found.start(), found.end()), *value)));
            }
            here.sort_by_key(|(span, _)| (span.start, span.end));
            found.extend(here.into_iter().map(|(span, value)| (value, Evidence { passage: (*passage).clone(), span, role: Role::This })));
        }
        let chosen = match self.spec.which {
            Which::First => found.into_iter().next().map(|(value, evidence)| (value, vec![evidence])),
            Which::Last => found.into_iter().next_back().map(|(value, evidence)| (value, vec![evidence])),
            Which::Greatest => found.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).map(|(value, evidence)| (value, vec![evidence])),
            Which::Smallest => found.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).map(|(value, evidence)| (value, vec![evidence])),
            Which::Sum if found.is_empty() => None,
            Which::Sum => {
                let sum = found.iter().map(|(value, _)| value).sum();
                Some((sum, found.into_iter().map(|(_, evidence)| evidence).collect()))
            }
        };
        with_value(chosen)
    }
}

fn with_value(chosen: Option<(f64, Vec<Evidence>)>) -> Verdict {
    match chosen {
        Some((value, evidence)) => Verdict { truth: Truth::True, value: Some(value), evidence, data: Vec::new() },
        None => Verdict::not_documented(),
    }
}

/// Digits with a decimal point, Chinese numerals up to the hundreds, Roman numerals up to six.
fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    const ROMAN: [&str; 6] = ["I", "II", "III", "IV", "V", "VI"];
    const SIGNS: [&str; 6] = ["Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "Ⅵ"];
    if let Some(index) = ROMAN.iter().position(|known| *known == text).or_else(|| SIGNS.iter().position(|known| *known == text)) {
        return Some(index as f64 + 1.0);
    }
    let (end, low, _) = crate::reading::times::numbers::chinese_number(text, 0)?;
    (end == text.len()).then_some(low)
}

/// `total = { of = "淋巴结" }`: how many were examined. Fractions (3/12: of twelve) are added up group by group; without any, counts with a
/// measure word (淋巴结12枚) are; an explicit total (共28枚) wins where it is greater. A report that is told twice counts once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Total {
    pub of: String,
}

/// `3/12`, `(0/1)`.
static FRACTION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?P<part>\d{1,3})\s*/\s*(?P<whole>\d{1,3})").expect("it compiles"));
/// `12枚`, `5 个`, and a bare number in brackets: 淋巴结(16).
static COUNT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?P<n>\d{1,3})\s*(?:余)?\s*(?:枚|个|粒|颗|只|\)|.\))").expect("it compiles"));
/// `共28枚`, `总数28`, `合计 28`.
static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:共计?|总共|总数|总计|合计|共检出|共清扫|共取|共见)[^0-9。;,]{0,12}(?P<n>\d{1,3})\s*(?:枚|个|粒|颗|只)?")
        .expect("it compiles")
});

impl Total {
    pub fn verify(&self, passages: &[&Arc<Passage>]) -> Verdict {
        let counted = passages.iter().filter_map(|passage| self.count(passage));
        with_value(counted.max_by(|a, b| a.0.total_cmp(&b.0)))
    }

    fn count(&self, passage: &Arc<Passage>) -> Option<(f64, Vec<Evidence>)> {
        let text = passage.text.as_str();
        let sentences: Vec<Span> =
            passage.sentences.iter().copied().filter(|sentence| text[sentence.range()].contains(self.of.as_str())).collect();
        let mut evidence = Vec::new();
        let (mut fractions, mut counts, mut whole) = (0.0, 0.0, 0.0_f64);
        for sentence in sentences {
            let words = &text[sentence.range()];
            let in_fractions = fraction_total(words);
            let in_counts = self.count_total(words);
            let explicit = WHOLE.captures_iter(words).filter_map(|found| found["n"].parse::<f64>().ok()).fold(0.0, f64::max);
            if in_fractions + in_counts + explicit > 0.0 {
                evidence.push(Evidence { passage: passage.clone(), span: sentence, role: Role::This });
            }
            fractions += in_fractions;
            counts += in_counts;
            whole = whole.max(explicit);
        }
        // Groups told as fractions and groups told as counts add up, unless the counts are the total of the fractions.
        let groups = if counts < fractions { fractions + counts } else { counts };
        let value = groups.max(whole);
        (value > 0.0).then_some((value, evidence))
    }

    /// Counts that stand next to the word, those of the positive ones (其中3枚) left out.
    fn count_total(&self, words: &str) -> f64 {
        let mut sum = 0.0;
        for found in COUNT.captures_iter(words) {
            let (Some(whole), Ok(number)) = (found.get(0), found["n"].parse::<f64>()) else { continue };
            let before = &words[..whole.start()];
            let after = &words[whole.end()..];
            // What a comma parts from the word says something of it: 淋巴结18枚,3枚见癌转移.
            let near_before = tail(before, 12).rsplit(',').next().unwrap_or("");
            if before.ends_with('/') || before.ends_with(|last: char| last.is_ascii_digit()) {
                continue;
            }
            // A number in brackets without a measure word is a count only right behind the word.
            let bare = !found[0].contains(['枚', '个', '粒', '颗', '只']);
            if bare && !before.ends_with(&format!("{}(", self.of)) {
                continue;
            }
            let is_part = ["其中", "中有", "中见", "转移", "阳性", "见癌", "中"].iter().any(|word| tail(before, 4).ends_with(word));
            let near =
                near_before.contains(self.of.as_str()) || after.starts_with(self.of.as_str()) || head(after, 6).contains(self.of.as_str());
            let group = near_before.ends_with("组(") || near_before.ends_with('组');
            if !is_part && (near || group) {
                sum += number;
            }
        }
        sum
    }
}

fn fraction_total(words: &str) -> f64 {
    let mut sum = 0.0;
    for found in FRACTION.captures_iter(words) {
        let Some(span) = found.get(0) else { continue };
        let (Ok(part), Ok(whole)) = (found["part"].parse::<f64>(), found["whole"].parse::<f64>()) else { continue };
        // No part of a date, a decimal, a dose or a field count (2-4/HP).
        let before = words[..span.start()].chars().next_back();
        let after = words[span.end()..].chars().next();
        let is_longer =
            |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit() || "./年月".contains(character));
        if !is_longer(before) && !is_longer(after) && !after.is_some_and(|after| after.is_ascii_alphabetic()) && part <= whole {
            sum += whole;
        }
    }
    sum
}

/// The last characters of a text.
fn tail(text: &str, characters: usize) -> &str {
    let start = text.char_indices().rev().nth(characters.saturating_sub(1)).map_or(0, |(at, _)| at);
    &text[start..]
}

/// The first characters of a text.
fn head(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// `onset = {}`: how many hours before the record the illness began: the first length of time that the places tell, or the one behind
/// 突发 or 加重 in the same sentence (间断头晕3天,加重伴右侧肢体无力4小时).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onset {}

impl Onset {
    pub fn verify(&self, passages: &[&Arc<Passage>]) -> Verdict {
        for passage in passages {
            let lengths: Vec<_> = passage.times.iter().filter(|expression| is_length(expression.value)).collect();
            let turn = lengths.first().and_then(|first| {
                let sentence = passage.sentence_of(first.span);
                let words = passage.text.slice(sentence);
                let at = ["加重", "突发", "突然", "再发"].iter().filter_map(|word| words.rfind(word)).max()? as u32 + sentence.start;
                lengths.iter().find(|length| length.span.start > at && sentence.contains(length.span))
            });
            for expression in turn.into_iter().chain(&lengths) {
                let (TimeValue::Duration(length) | TimeValue::Ago { length, .. }) = expression.value else { continue };
                // A length with a margin (3天 is 2.5 to 3.5) is taken as it is written.
                let hours = (length.min_minutes + length.max_minutes) / 120.0;
                let evidence = Evidence { passage: (*passage).clone(), span: passage.sentence_of(expression.span), role: Role::This };
                return with_value(Some((hours, vec![evidence])));
            }
        }
        Verdict::not_documented()
    }
}

fn is_length(value: TimeValue) -> bool {
    matches!(value, TimeValue::Duration(length) | TimeValue::Ago { length, .. } if !length.vague)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;
    use crate::reading::Reader;

    fn total(text: &str) -> Option<f64> {
        static READER: LazyLock<Reader> =
            LazyLock::new(|| Reader::new(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}")));
        let passage = Arc::new(READER.read_text(None, "", text));
        Total { of: "淋巴结".to_owned() }.verify(&[&passage]).value
    }

    #[test]
    fn lymph_nodes_are_added_up_by_groups() {
        assert_eq!(total("胃周淋巴结(2/9)、贲门旁淋巴结(0/4)见转移癌。"), Some(13.0));
        assert_eq!(total("淋巴结未见癌转移(左0/15,右0/6)。"), Some(21.0));
        assert_eq!(total("共清扫淋巴结28枚,其中3枚见转移。"), Some(28.0));
        assert_eq!(total("腋窝淋巴结18枚,3枚见癌转移。"), Some(18.0));
        assert_eq!(total("送检淋巴结转移(3/12)。2026/3/5复查。"), Some(12.0));
        assert_eq!(total("食管旁淋巴结(4/5枚)、“第9组”淋巴结(1枚)及“胃左”淋巴结(2枚)。"), Some(8.0));
        assert_eq!(total("清扫淋巴结28枚,癌转移16/28。"), Some(28.0));
        assert_eq!(total("淋巴结癌转移16/28。尿白细胞2-4/HP。"), Some(28.0));
        assert_eq!(total("肠周淋巴结(16)未见癌。"), Some(16.0));
        assert_eq!(total("淋巴结未触及肿大。"), None);
    }

    #[test]
    fn numbers_of_every_writing() {
        assert_eq!(parse("12.5"), Some(12.5));
        assert_eq!(parse("Ⅲ"), Some(3.0));
        assert_eq!(parse("三"), Some(3.0));
        assert_eq!(parse("十二"), Some(12.0));
        assert_eq!(parse("多"), None);
    }
}
