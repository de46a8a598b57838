//! Measures the reading layer on sentences with marked findings: is the finding found, and is its assertion right?
//!
//! A record is one JSON line: `{"text": …, "event": [{"core_name": …, "tendency": "" | "否定" | "不确定", "anatomy_list": […]}]}`.

use serde::{Deserialize, Serialize};

use super::interval::Proportion;
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
        let passage = reader.read_text("", &sentence.text);
        let mut used = vec![false; passage.mentions.len()];
        for event in &sentence.event {
            findings += 1;
            let gold = match event.tendency.as_str() {
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

/// The unused mention that stands for the finding: same words first, then the same concept, then words that hold each other,
/// then fused words of a body part and the finding (腹 + 疼痛 → 腹痛).
fn find(lexicon: &Lexicon, passage: &Passage, event: &Event, used: &[bool]) -> Option<usize> {
    let core = event.core_name.to_lowercase();
    let core_concept = lexicon.find(&core).find(|(span, _)| span.len() == core.len()).map(|(_, id)| id);
    let words = |mention: &Mention| passage.text.slice(mention.span).to_lowercase();
    let same = |mention: &Mention| words(mention) == core;
    let concept = |mention: &Mention| core_concept == Some(mention.concept);
    let holds = |mention: &Mention| {
        let text = words(mention);
        let name = &lexicon.concept(mention.concept).name;
        let long = |word: &str| word.chars().count() >= 2;
        (long(&text) && core.contains(&text)) || (long(&core) && (text.contains(&core) || name.contains(&core)))
    };
    let fused = |mention: &Mention| {
        let text = words(mention);
        let last = core.chars().next_back();
        let at_site = event.anatomy_list.iter().any(|part| part.chars().any(|character| text.contains(character)));
        text.chars().next_back() == last && (at_site || core.chars().count() == 1)
    };
    let unused =
        |test: &dyn Fn(&Mention) -> bool| passage.mentions.iter().enumerate().position(|(index, mention)| !used[index] && test(mention));
    unused(&same).or_else(|| unused(&concept)).or_else(|| unused(&holds)).or_else(|| unused(&fused))
}
