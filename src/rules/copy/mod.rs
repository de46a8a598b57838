//! `copy`: text that was copied, inside one visit or from an earlier one. Similarity is the share of the shorter text's 8-character shingles that
//! stand in the other (white space and punctuation left out, digits kept), so that what was added around a copy does not hide it.
//!
//! ```toml
//! [check]
//! kind      = "copy"
//! pair      = "lineage"                       # see [`Pair`]
//! within    = ["日常病程"]
//! by        = "shingles"                      # or "longest_run": the longest stretch word for word, as a share of the later text
//! threshold = 0.6
//! min_chars = 40
//! stale     = ["day_count", "value"]          # see [`Stale`]: what makes the copy a defect, and is quoted on both sides
//! at_least  = 2                               # patients who share it, or kinds of traces
//! ```

mod align;
mod between;
pub mod index;
mod lineage;
mod stale;
mod traces;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pattern::trimmed;
use super::places::Places;
use super::{Check, DataEvidence, Evidence, Hit, Knowledge, Outcome, Role, SpecError, Subject};
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
    /// What makes the copy a defect; without it the copy is one by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<Stale>,
    /// With `patients` how many others have the text, with `alone` how many kinds of traces one document has; default 1.
    #[serde(default)]
    pub at_least: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pair {
    /// Whole documents of `within`, each against every other.
    Notes,
    /// Each passage of `within` against each passage of `source`.
    Sections,
    /// Each passage of `within` against the text of `within` that it was copied from, for what went stale.
    Lineage,
    /// No second text: traces of another patient, or dates of another stay, in one document speak for themselves.
    Alone,
    /// Other patients' earlier visits.
    Patients,
    /// The patient's own earlier visits.
    Stays,
}

/// What a copy brings along that is not true of where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stale {
    /// 术后第3天, 3天前, 第2次化疗 that was not counted on.
    DayCount,
    /// 昨日 and 今日 of another day.
    RelativeDay,
    /// A vital sign or result that the day's chart or a newer report contradicts.
    Value,
    /// A side that alone was changed.
    Side,
    /// A date of an earlier stay.
    Date,
    Name,
    Sex,
    Age,
    Bed,
}

impl Pair {
    /// What can go stale in such a pair.
    fn stale(self) -> &'static [Stale] {
        match self {
            Pair::Notes | Pair::Sections => &[],
            Pair::Lineage => {
                &[Stale::DayCount, Stale::RelativeDay, Stale::Value, Stale::Side, Stale::Name, Stale::Sex, Stale::Age, Stale::Bed]
            }
            Pair::Alone => &[Stale::Date, Stale::Name, Stale::Sex, Stale::Age, Stale::Bed],
            Pair::Patients => &[Stale::Name, Stale::Sex, Stale::Age, Stale::Bed],
            Pair::Stays => &[Stale::Date, Stale::DayCount, Stale::Value],
        }
    }
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
        let known = self.pair.stale();
        if let Some(kind) = self.stale.iter().find(|kind| !known.contains(kind)) {
            let name = serde_json::to_string(kind).unwrap_or_default();
            return Err(SpecError::new("stale", format!("{name} can't go stale with this `pair`: expected some of {known:?}")));
        }
        if self.stale.is_empty() && matches!(self.pair, Pair::Lineage | Pair::Alone | Pair::Stays) {
            return Err(SpecError::new("pair", "such a copy is a defect only for what is stale in it: say `stale`"));
        }
        if !(0.5..=1.0).contains(&self.threshold) {
            return Err(SpecError::new("threshold", "threshold lies between 0.5 and 1"));
        }
        Ok(Box::new(Prepared { spec: self.clone(), within: places(&self.within, "within")?, source: places(&self.source, "source")? }))
    }
}

/// A section or a document, by the letters of its passages.
struct Reduced<'p> {
    passages: Vec<&'p Passage>,
    chars: usize,
}

impl<'p> Reduced<'p> {
    fn of(passages: impl Iterator<Item = &'p Arc<Passage>>) -> Self {
        let passages: Vec<&Passage> = passages.map(Arc::as_ref).collect();
        Self { chars: passages.iter().map(|passage| passage.letters().chars.len()).sum(), passages }
    }

    fn letters(&self) -> impl Iterator<Item = char> {
        self.passages.iter().flat_map(|passage| passage.letters().chars.iter().copied())
    }

    fn shingles(&self) -> usize {
        self.passages.iter().map(|passage| passage.shingles().len()).sum()
    }
}

fn is_equal(a: &Reduced<'_>, b: &Reduced<'_>) -> bool {
    a.chars == b.chars && a.letters().eq(b.letters())
}

/// Share of the shorter one's shingles that the other has, where it is at least `least`; exactly 1.0 only for equal texts.
fn similarity(a: &Reduced<'_>, b: &Reduced<'_>, least: f64) -> f64 {
    if is_equal(a, b) {
        return 1.0;
    }
    let (short, long) = if a.shingles() <= b.shingles() { (a, b) } else { (b, a) };
    let total = short.shingles();
    if total == 0 {
        return 0.0;
    }
    // Texts that have nothing to do with each other are told by the first shingles.
    let may_lack = ((1.0 - least) * total as f64) as usize;
    let mut lacking = 0;
    for passage in &short.passages {
        for hash in passage.shingles().hashes() {
            if !long.passages.iter().any(|other| other.shingles().contains(hash)) {
                lacking += 1;
                if lacking > may_lack {
                    return 0.0;
                }
            }
        }
    }
    // Texts of very different length share template words without one being the copy of the other.
    (1.0 - lacking as f64 / total as f64).min(0.999)
}

/// How much less of the shingles than of the letters a stretch may hold: those that reach over its ends are lost.
const LIKE: f64 = 0.2;

/// Characters of the longest stretch that two texts have word for word. The work grows with the product of their lengths, so of each only
/// the first few thousand characters are compared: no section that a person wrote is longer.
fn longest_run(a: &Reduced<'_>, b: &Reduced<'_>) -> usize {
    const MOST: usize = 3_000;
    let b: Vec<char> = b.letters().take(MOST).collect();
    // ends[i]: length of the common stretch that ends here in `a` and before b[i].
    let mut ends = vec![0; b.len() + 1];
    let mut longest = 0;
    for character in a.letters().take(MOST) {
        for index in (0..b.len()).rev() {
            ends[index + 1] = if b[index] == character { ends[index] + 1 } else { 0 };
            longest = longest.max(ends[index + 1]);
        }
    }
    longest
}

impl Check for Prepared {
    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let hits = match self.spec.pair {
            Pair::Notes => Ok(self.notes(subject)),
            Pair::Sections => Ok(self.sections(subject)),
            Pair::Lineage => Ok(self.lineage(subject)),
            Pair::Alone if self.spec.stale.contains(&Stale::Date) => self.dates(subject),
            Pair::Alone => Ok(self.alone(subject)),
            Pair::Patients | Pair::Stays => match subject.history {
                None => Err("未提供历史病历".to_owned()),
                Some(history) if self.spec.pair == Pair::Patients => self.patients(subject, history),
                Some(history) => self.stays(subject, history),
            },
        };
        hits.map_or_else(Outcome::Skipped, Outcome::Ran)
    }
}

impl Prepared {
    /// Share of `later` that `earlier` has.
    fn share(&self, earlier: &Reduced<'_>, later: &Reduced<'_>) -> f64 {
        match self.spec.by {
            By::Shingles => similarity(earlier, later, self.spec.threshold),
            // Without most of the shingles there is no long stretch either, and these are soon counted.
            By::LongestRun if similarity(earlier, later, self.spec.threshold - LIKE) == 0.0 => 0.0,
            By::LongestRun => longest_run(earlier, later) as f64 / later.chars.max(1) as f64,
        }
    }

    fn notes(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let documents: Vec<(&DocumentReading, Reduced<'_>)> = self
            .within
            .documents(subject)
            .map(|document| (document, Reduced::of(self.within.passages_of(document))))
            .filter(|(_, reduced)| reduced.chars >= self.spec.min_chars)
            .collect();
        let mut hits = Vec::new();
        for (index, (later, text)) in documents.iter().enumerate().filter(|(_, (later, _))| subject.is_wanted(later)) {
            // Equal notes are said once: by the rule that asks for no less.
            if self.spec.threshold < 1.0 && documents[..index].iter().any(|(_, earlier)| is_equal(earlier, text)) {
                continue;
            }
            // One hit a copied note: the earliest note that it was copied from.
            let retells = takes_up(later);
            let original = documents[..index].iter().find(|(document, earlier)| {
                let same_day = document.time.zip(later.time).is_some_and(|(one, other)| one.date() == other.date());
                !(same_day && (retells || takes_up(document))) && self.share(earlier, text) >= self.spec.threshold
            });
            let Some((earlier, original)) = original else { continue };
            let piece = |document: &DocumentReading, role| {
                // The longest part: the first may be but the title line.
                let longest = self.within.passages_of(document).max_by_key(|passage| passage.letters().chars.len());
                longest.map(|passage| Evidence { passage: passage.clone(), span: trimmed(passage), role })
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
        let by_section = passages.chunk_by(|a, b| section_of(a) == section_of(b)).filter(|section| section.len() < passages.len());
        // Short sections of one document may have been copied together.
        let by_document = passages.chunk_by(|a, b| section_of(a).0 == section_of(b).0);
        let sources: Vec<(&Arc<Passage>, Reduced<'_>)> = by_section
            .chain(by_document)
            .map(|section| (section[0], Reduced::of(section.iter().copied())))
            .filter(|(_, reduced)| reduced.chars >= self.spec.min_chars)
            .collect();
        if sources.is_empty() {
            return Vec::new();
        }
        let mut hits = Vec::new();
        for passage in self.within.written(subject) {
            let text = Reduced::of(std::iter::once(passage));
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

impl Prepared {
    fn lineage(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let spec = &self.spec;
        let holds = |passage: &Passage| stale::may_hold(&spec.stale, passage);
        let lineages = lineage::lineages(subject, &self.within, spec.threshold, spec.min_chars, holds);
        lineages.iter().flat_map(|lineage| spec.stale.iter().flat_map(|kind| stale::stale(subject, lineage, *kind))).collect()
    }

    /// Dates of another stay beside the days before this one.
    fn dates(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        /// Days by which a date is of another illness and no slip of the pen.
        const DAYS_OFF: f64 = 60.0;
        let admitted = subject.visit.admission.admitted_at.ok_or("未提供入院时间")?;
        let own = DataEvidence { path: "/admission/admitted_at".to_owned(), label: format!("入院时间 {admitted}") };
        let mut hits = Vec::new();
        for passage in self.within.written(subject) {
            for (span, computed) in between::outdated_dates(passage, admitted, DAYS_OFF) {
                hits.push(Hit {
                    evidence: vec![Evidence { passage: passage.clone(), span, role: Role::This }],
                    data: vec![own.clone()],
                    slots: vec![("stated", passage.text.quote(span).to_owned()), ("computed", computed)],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    /// Documents with several kinds of traces: one may be a slip, two belong to somebody else.
    fn alone(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for document in self.within.documents(subject).filter(|document| subject.is_wanted(document)) {
            let mut found: Vec<traces::Trace> = Vec::new();
            for trace in self.within.passages_of(document).flat_map(|passage| traces::traces(subject, passage, &self.spec.stale)) {
                if !found.iter().any(|known| known.kind == trace.kind) {
                    found.push(trace);
                }
            }
            if found.len() < self.spec.at_least.max(1) {
                continue;
            }
            let stated: Vec<String> = found.iter().map(|trace| trace.passage.text.quote(trace.span).to_owned()).collect();
            let expected: Vec<String> = found.iter().map(|trace| trace.own.label.clone()).collect();
            hits.push(Hit {
                evidence: found
                    .iter()
                    .map(|trace| Evidence { passage: trace.passage.clone(), span: trace.span, role: Role::This })
                    .collect(),
                data: found.iter().map(|trace| trace.own.clone()).collect(),
                slots: vec![("stated", stated.join("、")), ("expected", expected.join("、"))],
                ..Hit::default()
            });
        }
        hits
    }
}

/// 补充上午查房:, 住院医师汇报:, a title with 更正: the note says that it repeats an earlier one.
fn takes_up(document: &DocumentReading) -> bool {
    /// Letters of its opening.
    const OPENING: usize = 20;
    document.opens_with_one(&["更正", "补充", "汇报", "重录"], OPENING)
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
