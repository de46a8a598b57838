//! [`Says`]: what the text says of something, with its assertion: present makes the fact true, denied makes it false, planned says nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::exam::ExamTable;
use super::fact::Verdict;
use super::logic::Truth;
use crate::reading::lexicon::{ConceptKind, ConceptSet};
use crate::reading::text::Span;
use crate::reading::{Assertion, Experiencer, Passage};
use crate::rules::finder::{Find, Finder, first_in};
use crate::rules::{Evidence, Knowledge, Role, SpecError, Subject};

/// `find = { regex = ["(?<it>剖宫产)"], says = "act" }`. In a pattern, the group `it` is what the assertion is read for and what is quoted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regex: Vec<String>,
    /// Lexicon concepts or classes, said of the patient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concepts: Vec<String>,
    #[serde(default)]
    pub says: Kind,
    /// Something considered or suspected counts as present.
    #[serde(default)]
    pub uncertain: bool,
    /// A match counts nothing where its sentence also holds this.
    #[serde(default)]
    pub unless: Find,
}

/// What kind of thing the words name: it decides which trigger words reach them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Symptom, sign, disease: denied by 无, 未见, 排除.
    #[default]
    Finding,
    /// Drug, operation, examination: denied by 未行, 拒绝; 拟行 and 建议 only plan it.
    Act,
    /// A laboratory test or another examination: done whatever its result, unless words before it in the clause say that it was not
    /// done, is only planned, or is denied as a history.
    Test,
    /// Words whose being there is the fact; no assertion is read.
    Plain,
}

impl Kind {
    fn concept_kind(self) -> ConceptKind {
        match self {
            Kind::Act | Kind::Test => ConceptKind::Procedure,
            Kind::Finding | Kind::Plain => ConceptKind::Disease,
        }
    }
}

pub struct PreparedSays {
    says: Kind,
    uncertain: bool,
    text: Finder,
    concepts: ConceptSet,
    unless: Option<Finder>,
    exams: Arc<ExamTable>,
}

impl Says {
    pub fn prepare(&self, knowledge: &Knowledge, exams: &Arc<ExamTable>) -> Result<PreparedSays, SpecError> {
        if self.words.is_empty() && self.regex.is_empty() && self.concepts.is_empty() {
            return Err(SpecError::new("find", "say what to find: words, regex or concepts"));
        }
        let text = Find { words: self.words.clone(), regex: self.regex.clone(), ..Find::default() };
        let concepts = knowledge.lexicon().set(&self.concepts).map_err(|text| SpecError::new("concepts", text))?;
        let unless = if self.unless.is_empty() { None } else { Some(self.unless.prepare(knowledge)?) };
        Ok(PreparedSays {
            says: self.says,
            uncertain: self.uncertain,
            text: text.prepare(knowledge)?,
            concepts,
            unless,
            exams: exams.clone(),
        })
    }
}

impl PreparedSays {
    pub fn verify(&self, subject: &Subject<'_>, passages: &[&Arc<Passage>]) -> Verdict {
        let mut denied = Vec::new();
        let mut found = Vec::new();
        for passage in passages {
            // A heading (妇科检查:) names what stands under it.
            if self.says == Kind::Test && self.text.matches_text(&passage.section) {
                let span = passage.sentences.first().copied().unwrap_or(Span::new(0, passage.text.as_str().len()));
                found.push(Evidence { passage: (*passage).clone(), span, role: Role::This });
            }
            for (span, assertion) in self.matches(subject, passage) {
                let evidence = || Evidence { passage: (*passage).clone(), span: passage.sentence_of(span), role: Role::This };
                match assertion {
                    Assertion::Present | Assertion::Past => found.push(evidence()),
                    Assertion::Uncertain if self.uncertain => found.push(evidence()),
                    Assertion::Absent => denied.push(evidence()),
                    _ => {}
                }
            }
        }
        match (found.is_empty(), denied.is_empty()) {
            (false, _) => Verdict::of(Truth::True, found),
            (true, false) => Verdict::of(Truth::False, denied),
            (true, true) => Verdict::not_documented(),
        }
    }

    fn matches(&self, subject: &Subject<'_>, passage: &Passage) -> Vec<(Span, Assertion)> {
        let mut matches: Vec<(Span, Assertion)> = passage
            .mentions
            .iter()
            .filter(|mention| self.concepts.contains(mention.concept) && mention.experiencer == Experiencer::Patient)
            .map(|mention| (mention.span, mention.assertion))
            .collect();
        let spans = self.text.find(passage);
        if self.says == Kind::Plain {
            matches.extend(spans.into_iter().map(|span| (span, Assertion::Present)));
        } else if self.says == Kind::Test {
            let done = |span: Span| !self.exams.is_undone(&passage.text.as_str()[clause_start(passage, span)..span.start as usize]);
            matches.extend(spans.into_iter().map(|span| (span, if done(span) { Assertion::Present } else { Assertion::Planned })));
        } else if !spans.is_empty() {
            let assertions = subject.knowledge.reader.assertions(passage, &spans, self.says.concept_kind());
            matches.extend(spans.into_iter().zip(assertions));
        }
        if let Some(unless) = self.unless.as_ref().filter(|_| !matches.is_empty()) {
            let excuses = unless.find(passage);
            matches.retain(|(span, _)| first_in(&excuses, passage.sentence_of(*span)).is_none());
        }
        matches
    }
}

/// Where the clause begins that the span stands in.
fn clause_start(passage: &Passage, span: Span) -> usize {
    let index = passage.clauses.partition_point(|clause| clause.start <= span.start);
    index.checked_sub(1).map_or(0, |index| passage.clauses[index].start as usize).min(span.start as usize)
}
