//! `copy`: text that was copied inside one visit. Similarity is the share of the shorter text's 8-character shingles that stand in the other
//! (white space and punctuation left out, digits kept), so that what was added around a copy does not hide it.
//!
//! ```toml
//! [check]
//! kind      = "copy"
//! pair      = "notes"                         # any two of `within`; or "sections": `within` against `source`
//! within    = ["日常病程"]
//! by        = "shingles"                      # or "longest_run": the longest stretch word for word, as a share of the later text
//! threshold = 1.0
//! min_chars = 40
//! ```

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pattern::trimmed;
use super::places::Places;
use super::{Check, Evidence, Hit, Knowledge, Outcome, Role, SpecError, Subject};
use crate::reading::{DocumentReading, Origin, Passage};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    pub pair: Pair,
    pub within: Vec<String>,
    /// With `sections`: where it may have been copied from.
    #[serde(default)]
    pub source: Vec<String>,
    #[serde(default)]
    pub by: By,
    /// Share in common from which on it is a copy; 1.0 demands that the texts are equal.
    pub threshold: f64,
    /// Shorter texts are let be.
    pub min_chars: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pair {
    /// Whole documents of `within`, each against every other.
    Notes,
    /// Each passage of `within` against each passage of `source`.
    Sections,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    #[default]
    Shingles,
    /// Facts told in other words or another order are no copy, whatever they share.
    LongestRun,
}

struct Prepared {
    spec: Copy,
    within: Places,
    source: Places,
}

impl Copy {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        let places =
            |written: &[String], name: &str| Places::parse(written, knowledge.documents()).map_err(|text| SpecError::new(name, text));
        if (self.pair == Pair::Sections) == self.source.is_empty() {
            return Err(SpecError::new("pair", "`source` belongs to `pair = \"sections\"`"));
        }
        if !(0.5..=1.0).contains(&self.threshold) {
            return Err(SpecError::new("threshold", "threshold lies between 0.5 and 1"));
        }
        Ok(Box::new(Prepared { spec: self.clone(), within: places(&self.within, "within")?, source: places(&self.source, "source")? }))
    }
}

/// A text reduced to what copying keeps.
struct Reduced {
    text: String,
    chars: usize,
    shingles: HashSet<u64>,
}

const SHINGLE: usize = 8;

fn reduce<'p>(passages: impl Iterator<Item = &'p Arc<Passage>>) -> Reduced {
    let text: String = passages.flat_map(|passage| passage.text.as_str().chars()).filter(|character| character.is_alphanumeric()).collect();
    let characters: Vec<char> = text.chars().collect();
    let hash = |window: &[char]| {
        let mut hasher = DefaultHasher::new();
        window.hash(&mut hasher);
        hasher.finish()
    };
    Reduced { chars: characters.len(), shingles: characters.windows(SHINGLE).map(hash).collect(), text }
}

/// Share of the shorter one's shingles that the other has; exactly 1.0 only for equal texts.
fn similarity(a: &Reduced, b: &Reduced) -> f64 {
    if a.text == b.text {
        return 1.0;
    }
    let (short, long) = if a.shingles.len() <= b.shingles.len() { (a, b) } else { (b, a) };
    if short.shingles.is_empty() {
        return 0.0;
    }
    let common = short.shingles.iter().filter(|shingle| long.shingles.contains(shingle)).count();
    // Texts of very different length share template words without one being the copy of the other.
    (common as f64 / short.shingles.len() as f64).min(0.999)
}

/// Characters of the longest stretch that two texts have word for word. The work grows with the product of their lengths, so of each only
/// the first few thousand characters are compared: no section that a person wrote is longer.
fn longest_run(a: &str, b: &str) -> usize {
    const MOST: usize = 3_000;
    let b: Vec<char> = b.chars().take(MOST).collect();
    // ends[i]: length of the common stretch that ends here in `a` and before b[i].
    let mut ends = vec![0; b.len() + 1];
    let mut longest = 0;
    for character in a.chars().take(MOST) {
        for index in (0..b.len()).rev() {
            ends[index + 1] = if b[index] == character { ends[index] + 1 } else { 0 };
            longest = longest.max(ends[index + 1]);
        }
    }
    longest
}

impl Check for Prepared {
    fn run(&self, subject: &Subject<'_>) -> Outcome {
        Outcome::Ran(match self.spec.pair {
            Pair::Notes => self.notes(subject),
            Pair::Sections => self.sections(subject),
        })
    }
}

impl Prepared {
    /// Share of `later` that `earlier` has.
    fn share(&self, earlier: &Reduced, later: &Reduced) -> f64 {
        match self.spec.by {
            By::Shingles => similarity(earlier, later),
            By::LongestRun => longest_run(&earlier.text, &later.text) as f64 / later.chars.max(1) as f64,
        }
    }

    fn notes(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let documents: Vec<(&DocumentReading, Reduced)> = self
            .within
            .documents(subject)
            .map(|document| (document, reduce(self.within.passages_of(document))))
            .filter(|(_, reduced)| reduced.chars >= self.spec.min_chars)
            .collect();
        let mut hits = Vec::new();
        for (index, (later, text)) in documents.iter().enumerate() {
            // One hit a copied note: the earliest note that it equals.
            let original = documents[..index].iter().find(|(_, earlier)| self.share(earlier, text) >= self.spec.threshold);
            let Some((earlier, original)) = original else { continue };
            let piece = |document: &DocumentReading, role| {
                document.passages.first().map(|passage| Evidence { passage: passage.clone(), span: trimmed(passage), role })
            };
            hits.push(Hit {
                evidence: piece(later, Role::This).into_iter().chain(piece(earlier, Role::Against)).collect(),
                slots: vec![("similarity", percent(self.share(original, text)))],
                anchor: subject.visit.documents[later.index].id.clone(),
                ..Hit::default()
            });
        }
        hits
    }

    fn sections(&self, subject: &Subject<'_>) -> Vec<Hit> {
        // A section is one source with all that stands inside it: 病例特点 with its 查体 and 辅助检查.
        let passages: Vec<&Arc<Passage>> = self.source.passages(subject).collect();
        let sources: Vec<(&Arc<Passage>, Reduced)> = passages
            .chunk_by(|a, b| section_of(a) == section_of(b))
            .map(|section| (section[0], reduce(section.iter().copied())))
            .filter(|(_, reduced)| reduced.chars >= self.spec.min_chars)
            .collect();
        if sources.is_empty() {
            return Vec::new();
        }
        let mut hits = Vec::new();
        for passage in self.within.passages(subject) {
            let text = reduce(std::iter::once(passage));
            if text.chars < self.spec.min_chars {
                continue;
            }
            let best = sources
                .iter()
                .filter(|(source, _)| source.origin != passage.origin)
                .map(|(source, reduced)| (source, self.share(reduced, &text)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((source, share)) = best.filter(|(_, share)| *share >= self.spec.threshold) {
                hits.push(Hit {
                    evidence: vec![
                        Evidence { passage: passage.clone(), span: trimmed(passage), role: Role::This },
                        Evidence { passage: (*source).clone(), span: trimmed(source), role: Role::Against },
                    ],
                    slots: vec![("similarity", percent(share))],
                    ..Hit::default()
                });
            }
        }
        hits
    }
}

/// The document and the outermost section that a passage belongs to.
fn section_of(passage: &Passage) -> (Option<usize>, &str) {
    let document = match passage.origin {
        Origin::Document { document, .. } => Some(document),
        Origin::Data { .. } => None,
    };
    (document, passage.within.as_deref().unwrap_or(&passage.section))
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}
