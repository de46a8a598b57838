//! [`Exam`]: an imaging examination of a region that was done, as reports and notes write it: 胸、腹部及盆腔增强CT, 胸部X线、CT, CT(颈部):….
//!
//! The words of `rules/indicators/exams.toml` name modalities and regions. A modality takes the regions named right before it in its clause;
//! where there are none, those it shares with the modality before it (胸部X线、CT), or right after it (CT颈部), or what the findings behind it
//! speak of (CT示右肺上叶结节).

use std::collections::BTreeMap;
use std::sync::Arc;

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};
use serde::{Deserialize, Serialize};

use super::fact::Verdict;
use super::logic::Truth;
use crate::data::DataFile;
use crate::problem::Problem;
use crate::reading::text::{CleanText, Span};
use crate::reading::{DataSource, Origin, Passage};
use crate::rules::{Evidence, Role, SpecError};

/// `exam = { modality = ["CT", "MRI"], region = ["腹部"], enhanced = true }`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exam {
    /// Any of these.
    pub modality: Vec<String>,
    /// Any of these; none: whatever the region.
    #[serde(default)]
    pub region: Vec<String>,
    /// With contrast.
    #[serde(default)]
    pub enhanced: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Modality → its words.
    modality: BTreeMap<String, Vec<String>>,
    /// Region → words that name it in a request, and words of findings that lie in it.
    region: BTreeMap<String, WrittenRegion>,
    /// Words that name modality and region at once: 胸片, 钼靶.
    both: BTreeMap<String, WrittenBoth>,
    words: WrittenWords,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRegion {
    named: Vec<String>,
    #[serde(default)]
    findings: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBoth {
    modality: String,
    region: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWords {
    /// With contrast, in the name or in the findings.
    enhanced: Vec<String>,
    /// Before the name: not done, or only planned.
    undone: Vec<String>,
    /// After the name: a result follows, so it was done.
    result: Vec<String>,
    /// Words that only look like a modality: CT值.
    decoys: Vec<String>,
}

type Automaton = CharwiseDoubleArrayAhoCorasick<u32>;

/// The vocabulary of imaging, compiled.
pub struct ExamTable {
    modalities: Vec<String>,
    regions: Vec<String>,
    /// Words of modalities; the value is an index into `meanings`.
    modality_words: Automaton,
    meanings: Vec<Meaning>,
    /// Words that name regions; the value is an index into `named`, as a word may name several.
    region_words: Automaton,
    named: Vec<u64>,
    finding_words: Automaton,
    found: Vec<u64>,
    enhanced: Vec<String>,
    undone: Vec<String>,
    result: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Meaning {
    /// Index into `modalities`; `NONE` for a word that only looks like one.
    modality: usize,
    regions: u64,
}

const NONE: usize = usize::MAX;

impl ExamTable {
    pub fn parse(file: &DataFile) -> Result<Self, Problem> {
        let written: Written = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        let modalities: Vec<String> = written.modality.keys().cloned().collect();
        let regions: Vec<String> = written.region.keys().cloned().collect();
        if regions.len() > 64 {
            return Err(Problem::at_text(file, "[region", "more than 64 regions"));
        }
        // Latin letters count alike in either case.
        let clean = |word: &String| CleanText::new(word).as_str().to_ascii_lowercase();
        let mut modality_words: BTreeMap<String, Meaning> = BTreeMap::new();
        for (modality, words) in modalities.iter().zip(written.modality.values()).enumerate().map(|(index, (_, words))| (index, words)) {
            modality_words.extend(words.iter().map(|word| (clean(word), Meaning { modality, regions: 0 })));
        }
        for (word, both) in &written.both {
            let modality = modalities.iter().position(|known| *known == both.modality);
            let modality = modality.ok_or_else(|| Problem::at_text(file, word, format!("unknown modality `{}`", both.modality)))?;
            let mut bits = 0;
            for region in &both.region {
                let index = regions.iter().position(|known| known == region);
                bits |= 1 << index.ok_or_else(|| Problem::at_text(file, word, format!("unknown region `{region}`")))?;
            }
            modality_words.insert(clean(word), Meaning { modality, regions: bits });
        }
        modality_words.extend(written.words.decoys.iter().map(|word| (clean(word), Meaning { modality: NONE, regions: 0 })));
        let mut named: BTreeMap<String, u64> = BTreeMap::new();
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for (index, region) in written.region.values().enumerate() {
            for word in &region.named {
                *named.entry(clean(word)).or_default() |= 1 << index;
            }
            for word in region.findings.iter().chain(&region.named).filter(|word| word.chars().count() > 1) {
                *found.entry(clean(word)).or_default() |= 1 << index;
            }
        }
        let automaton = |words: Vec<String>| -> Result<Automaton, Problem> {
            let builder = CharwiseDoubleArrayAhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest);
            builder.build(words).map_err(|error| Problem::at_text(file, "[modality]", error.to_string()))
        };
        Ok(Self {
            modality_words: automaton(modality_words.keys().cloned().collect())?,
            meanings: modality_words.into_values().collect(),
            region_words: automaton(named.keys().cloned().collect())?,
            named: named.into_values().collect(),
            finding_words: automaton(found.keys().cloned().collect())?,
            found: found.into_values().collect(),
            modalities,
            regions,
            enhanced: written.words.enhanced.iter().map(clean).collect(),
            undone: written.words.undone.iter().map(clean).collect(),
            result: written.words.result.iter().map(clean).collect(),
        })
    }

    /// Modalities of a text in order; Latin abbreviations only as words of their own (CT is none in TCT and HCT).
    fn modalities_in(&self, text: &str) -> Vec<(Span, Meaning)> {
        let bytes = text.as_bytes();
        let letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
        self.modality_words
            .leftmost_find_iter(text)
            .filter(|found| {
                let (first, last) = (bytes[found.start()], bytes[found.end() - 1]);
                let (before, after) = (letter(found.start().checked_sub(1)), letter(Some(found.end())));
                let runs_on = (first.is_ascii_alphabetic() && before) || (last.is_ascii_alphabetic() && after);
                !runs_on
            })
            .map(|found| (Span::new(found.start(), found.end()), self.meanings[found.value() as usize]))
            .filter(|(_, meaning)| meaning.modality != NONE)
            .collect()
    }

    /// True where words before the name of a test say that it was not done or is only planned.
    pub fn is_undone(&self, before: &str) -> bool {
        self.undone.iter().any(|word| before.contains(word.as_str()))
    }

    fn regions_named(&self, text: &str) -> u64 {
        self.region_words.leftmost_find_iter(text).fold(0, |bits, found| bits | self.named[found.value() as usize])
    }

    fn regions_found(&self, text: &str) -> u64 {
        self.finding_words.leftmost_find_iter(text).fold(0, |bits, found| bits | self.found[found.value() as usize])
    }
}

pub struct PreparedExam {
    /// Bits of modalities and regions.
    modalities: u64,
    regions: u64,
    enhanced: bool,
    table: Arc<ExamTable>,
}

impl Exam {
    pub fn prepare(&self, table: &Arc<ExamTable>) -> Result<PreparedExam, SpecError> {
        let bits = |what: &str, names: &[String], known: &[String]| -> Result<u64, SpecError> {
            names.iter().try_fold(0, |bits, name| match known.iter().position(|other| other == name) {
                Some(index) => Ok(bits | 1 << index),
                None => Err(SpecError::new(name, format!("unknown {what} `{name}`: expected one of {}", known.join(" ")))),
            })
        };
        if self.modality.is_empty() {
            return Err(SpecError::new("exam", "name at least one modality"));
        }
        Ok(PreparedExam {
            modalities: bits("modality", &self.modality, &table.modalities)?,
            regions: bits("region", &self.region, &table.regions)?,
            enhanced: self.enhanced,
            table: table.clone(),
        })
    }
}

impl PreparedExam {
    pub fn verify(&self, passages: &[&Arc<Passage>]) -> Verdict {
        let mut done = Vec::new();
        let mut undone = Vec::new();
        for passage in passages {
            if let Origin::Data { source: DataSource::Exams, .. } = passage.origin {
                // The section of a structured report is its site and modality.
                let title = CleanText::new(&passage.section).as_str().to_ascii_lowercase();
                let text = passage.text.as_str().to_ascii_lowercase();
                let whole = Span::new(0, text.len());
                for (span, meaning) in self.table.modalities_in(&title) {
                    let named = meaning.regions | self.table.regions_named(&title[..span.start as usize]);
                    let regions = if named == 0 { self.table.regions_found(&text) } else { named };
                    let enhanced = self.has_contrast(&title) || self.has_contrast(&text);
                    if self.fits(meaning.modality, regions, enhanced) {
                        done.push(Evidence { passage: (*passage).clone(), span: whole, role: Role::This });
                    }
                }
                continue;
            }
            for exam in self.exams(passage) {
                if self.fits(exam.modality, exam.regions, exam.enhanced) {
                    let evidence = Evidence { passage: (*passage).clone(), span: passage.sentence_of(exam.span), role: Role::This };
                    if exam.done { done.push(evidence) } else { undone.push(evidence) }
                }
            }
        }
        match (done.is_empty(), undone.is_empty()) {
            (false, _) => Verdict::of(Truth::True, done),
            (true, false) => Verdict::of(Truth::False, undone),
            (true, true) => Verdict::not_documented(),
        }
    }

    fn fits(&self, modality: usize, regions: u64, enhanced: bool) -> bool {
        self.modalities & (1 << modality) != 0 && (self.regions == 0 || self.regions & regions != 0) && (enhanced || !self.enhanced)
    }

    fn has_contrast(&self, text: &str) -> bool {
        self.table.enhanced.iter().any(|word| text.contains(word.as_str()))
    }

    /// Every examination that the passage names.
    fn exams(&self, passage: &Passage) -> Vec<NamedExam> {
        let text = passage.text.as_str().to_ascii_lowercase();
        let text = text.as_str();
        let found = self.table.modalities_in(text);
        let mut exams: Vec<NamedExam> = Vec::with_capacity(found.len());
        for (index, (span, meaning)) in found.iter().enumerate() {
            let sentence = passage.sentence_of(*span);
            let previous = index.checked_sub(1).map(|index| found[index].0).filter(|other| sentence.contains(*other));
            let next = found.get(index + 1).map(|(other, _)| other.start).filter(|start| *start < sentence.end);
            let before = &text[previous.map_or(sentence.start, |other| other.end) as usize..span.start as usize];
            let clause = before
                .rfind([',', ':', ';', '。'])
                .map_or(before, |at| &before[at + before[at..].chars().next().map_or(1, char::len_utf8)..]);
            // The findings end where the request of the next examination begins.
            let after = &text[span.end as usize..next.unwrap_or(sentence.end) as usize];
            let joined = previous.is_some() && before.chars().all(|character| "、/+和及与,或 ".contains(character));
            let mut regions = meaning.regions | self.table.regions_named(clause);
            if regions == 0
                && joined
                && let Some(last) = exams.last()
            {
                regions = last.regions;
            }
            if regions == 0 {
                regions = self.table.regions_named(first_characters(after, 5));
            }
            if regions == 0 {
                // Only the first sentence of the findings: a chest CT goes on to say what it shows of the liver.
                regions = self.table.regions_found(first_characters(after, 120));
            }
            let in_name =
                self.has_contrast(&text[span.range()]) || self.has_contrast(clause) || self.has_contrast(first_characters(after, 6));
            let enhanced =
                in_name || self.has_contrast(first_characters(after, 160)) || (joined && exams.last().is_some_and(|last| last.enhanced));
            let planned = self.table.is_undone(clause);
            let has_result = self.table.result.iter().any(|word| first_characters(after, 12).contains(word.as_str()));
            let shares_plan = joined && exams.last().is_some_and(|last| !last.done);
            exams.push(NamedExam {
                span: *span,
                modality: meaning.modality,
                regions,
                enhanced,
                done: has_result || !(planned || shares_plan),
            });
        }
        exams
    }
}

struct NamedExam {
    span: Span,
    modality: usize,
    regions: u64,
    enhanced: bool,
    done: bool,
}

fn first_characters(text: &str, count: usize) -> &str {
    let end = text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    &text[..end]
}
