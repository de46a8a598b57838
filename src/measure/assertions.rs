//! Measures the reading layer on sentences with marked findings: is the finding found, and is its assertion right?
//!
//! A record is one JSON line: `{"text": …, "event": [{"core_name": …, "tendency": "" | "否定" | "不确定", "anatomy_list": […]}]}`.

use serde::{Deserialize, Serialize};

use crate::interval::Proportion;
use crate::reading::lexicon::Lexicon;
use crate::reading::{Assertion, Mention, Passage, Reader};

#[derive(Debug, Deserialize)]
pub struct Sentence {
    pub text: String,
    pub event: Vec<Event>,
}

#[derive(Debug, Deserialize)]
pub struct Event {
    pub core_name: String,
    #[serde(default)]
    pub tendency: String,
    /// Words that qualify it (阵发性, 白色).
    #[serde(default)]
    pub character: Vec<String>,
    #[serde(default)]
    pub anatomy_list: Vec<String>,
}

/// What came out, with every figure's interval.
#[derive(Debug, Clone, Serialize)]
pub struct AssertionReport {
    pub sentences: usize,
    pub findings: usize,
    /// Findings that some mention stands for.
    pub coverage: Proportion,
    pub absent: ClassReport,
    pub uncertain: ClassReport,
    /// Findings whose class is right, of the covered ones.
    pub accuracy: Proportion,
    /// Sentences in which something went wrong, for reading.
    pub errors: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ClassReport {
    pub precision: Proportion,
    pub recall: Proportion,
    pub f1: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Present,
    Absent,
    Uncertain,
}

/// Reads every sentence and compares.
pub fn measure(reader: &Reader, sentences: &[Sentence]) -> AssertionReport {
    let mut pairs: Vec<(Class, Class)> = Vec::new();
    let mut findings = 0;
    let mut errors = Vec::new();
    for sentence in sentences {
        let passage = reader.read_text(None, "", &sentence.text);
        let mut used = vec![false; passage.mentions.len()];
        for event in &sentence.event {
            findings += 1;
            let gold = match event.tendency.trim() {
                "否定" => Class::Absent,
                "不确定" => Class::Uncertain,
                _ => Class::Present,
            };
            let Some(index) = find(reader.lexicon(), &passage, event, &used) else {
                errors.push(format!("未找到「{}」: {}", event.core_name, sentence.text));
                continue;
            };
            used[index] = true;
            let found = class(&passage.mentions[index]);
            if found != gold {
                errors.push(format!("「{}」标注{} 判为{}: {}", event.core_name, name(gold), name(found), sentence.text));
            }
            pairs.push((gold, found));
        }
    }
    let right = pairs.iter().filter(|(gold, found)| gold == found).count();
    AssertionReport {
        sentences: sentences.len(),
        findings,
        coverage: Proportion::new(pairs.len(), findings),
        absent: class_report(&pairs, Class::Absent),
        uncertain: class_report(&pairs, Class::Uncertain),
        accuracy: Proportion::new(right, pairs.len()),
        errors,
    }
}

fn class(mention: &Mention) -> Class {
    match mention.assertion {
        Assertion::Absent => Class::Absent,
        Assertion::Uncertain => Class::Uncertain,
        _ => Class::Present,
    }
}

fn name(class: Class) -> &'static str {
    match class {
        Class::Present => "存在",
        Class::Absent => "否定",
        Class::Uncertain => "不确定",
    }
}

fn class_report(pairs: &[(Class, Class)], class: Class) -> ClassReport {
    let both = pairs.iter().filter(|(gold, found)| *gold == class && *found == class).count();
    let found = pairs.iter().filter(|(_, found)| *found == class).count();
    let gold = pairs.iter().filter(|(gold, _)| *gold == class).count();
    let f1 = if found + gold == 0 { 0.0 } else { 2.0 * both as f64 / (found + gold) as f64 };
    ClassReport { precision: Proportion::new(both, found), recall: Proportion::new(both, gold), f1 }
}

/// The unused mention that stands for the finding: same words first, then the same concept, then words that hold each other (the last word of the
/// finding before others: 异常 for 肾功能异常), then fused words of a body part and the finding (腹 + 疼痛 → 腹痛). Where several are equal, the
/// one near most of the finding's own places and qualities, and of those the first, so that a finding marked twice takes two mentions.
fn find(lexicon: &Lexicon, passage: &Passage, event: &Event, used: &[bool]) -> Option<usize> {
    let core = event.core_name.to_lowercase();
    let core_concept = lexicon.find(&core).find(|(span, _)| span.len() == core.len()).map(|(_, id)| id);
    let tier = |mention: &Mention| -> Option<u8> {
        let text = passage.text.slice(mention.span).to_lowercase();
        let name = &lexicon.concept(mention.concept).name;
        let long = |word: &str| word.chars().count() >= 2;
        let at_site = || event.anatomy_list.iter().any(|part| part.chars().any(|character| text.contains(character)));
        Some(match () {
            () if text == core => 0,
            () if core_concept == Some(mention.concept) => 1,
            () if long(&text) && core.ends_with(&text) => 2,
            () if (long(&text) && core.contains(&text)) || (long(&core) && (text.contains(&core) || name.contains(&core))) => 3,
            () if text.chars().next_back() == core.chars().next_back() && (at_site() || core.chars().count() == 1) => 4,
            () => return None,
        })
    };
    let candidates = passage.mentions.iter().enumerate().filter(|(index, _)| !used[*index]);
    candidates
        .filter_map(|(index, mention)| Some((tier(mention)?, usize::MAX - near(passage, mention, event), index)))
        .min()
        .map(|(_, _, index)| index)
}

/// How many of the finding's places and qualities stand in the mention's clause.
fn near(passage: &Passage, mention: &Mention, event: &Event) -> usize {
    let clause = passage.clauses.iter().find(|clause| clause.contains(mention.span)).copied().unwrap_or(mention.span);
    let words = event.anatomy_list.iter().chain(&event.character);
    let text = passage.text.slice(clause);
    words.filter(|word| text.contains(word.as_str())).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;

    fn event(core_name: &str, tendency: &str, character: &[&str]) -> Event {
        let character = character.iter().map(|word| (*word).to_owned()).collect();
        Event { core_name: core_name.to_owned(), tendency: tendency.to_owned(), character, anatomy_list: Vec::new() }
    }

    #[test]
    fn findings_are_matched_one_to_one_and_classes_counted() {
        let reader = Reader::new(&DataFolder::embedded()).expect("the shipped data are right");
        let text = "上腹持续性疼痛，无放射性疼痛，考虑胃炎，无发热，没有这个词".to_owned();
        let marked = vec![
            event("疼痛", "否定", &["放射性"]),
            event("疼痛", "", &["持续性"]),
            event("胃炎", "不确定", &[]),
            event("发热", "", &[]),
            event("外星人", "", &[]),
        ];
        let report = measure(&reader, &[Sentence { text, event: marked }]);
        assert_eq!((report.findings, report.coverage.hits), (5, 4));
        assert_eq!((report.absent.precision.hits, report.absent.precision.total, report.absent.recall.total), (1, 2, 1));
        assert_eq!((report.uncertain.f1, report.accuracy.hits), (1.0, 3));
        assert_eq!(report.errors.len(), 2);
    }
}
