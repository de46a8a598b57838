//! `required`: a document, a section, an element or a signature that must be there.
//!
//! ```toml
//! [check]
//! kind      = "required"
//! documents = ["入院记录"]             # each such document is looked at
//! sections  = ["既往史", "过敏史"]      # any of them; the elements are then looked for in these only
//! elements  = [ { name = "过敏史", find = { words = ["过敏"] } } ]
//! ```
//! With `exists = true` the document itself is what is required (for each `trigger`, where one is named).

use serde::{Deserialize, Serialize};

use super::events::{self, EventFilter, EventKind, is_written};
use super::finder::{Find, Finder};
use super::pattern::{one_holds, trimmed};
use super::places::Places;
use super::{Check, DataEvidence, Evidence, Hit, Knowledge, Outcome, Phase, Role, Searched, SpecError, Subject, facts};
use crate::reading::DocumentReading;
use crate::reading::letters::bare;
use crate::record::{DocumentKind, Title, time};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Required {
    pub documents: Vec<String>,
    /// The document must exist.
    #[serde(default)]
    pub exists: bool,
    /// Something that happened and makes it due.
    #[serde(default)]
    pub trigger: Option<EventKind>,
    #[serde(default, rename = "where")]
    pub filter: EventFilter,
    /// With `exists` and `trigger`: the document must name the thing that was done (a consent for this procedure).
    #[serde(default)]
    pub names_trigger: bool,
    #[serde(default)]
    pub sections: Vec<String>,
    #[serde(default)]
    pub elements: Vec<Element>,
    /// How many elements may be missing.
    #[serde(default)]
    pub may_miss: usize,
    /// Wording that excuses the absence, in the same document or in a heading of it that the table of sections does not know.
    #[serde(default)]
    pub unless: Find,
    #[serde(default)]
    pub signatures: Option<Signatures>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// What people call it; shown when it is missing.
    pub name: String,
    pub find: Find,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signatures {
    /// How many people must have signed or written it.
    pub count: usize,
    /// Who only wrote it does not count: somebody must stand in the log of signatures, or the time of a signature be known.
    #[serde(default)]
    pub logged: bool,
    /// Lowest title that a doctor among them must have.
    #[serde(default)]
    pub title: Option<Title>,
}

struct Prepared {
    spec: Required,
    documents: Places,
    sections: Places,
    elements: Vec<(String, Finder)>,
    unless: Finder,
}

impl Required {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        if !self.exists && self.sections.is_empty() && self.elements.is_empty() && self.signatures.is_none() {
            return Err(SpecError::new("[check]", "say what is required: `exists`, `sections`, `elements` or `signatures`"));
        }
        let table = knowledge.documents();
        let documents = Places::parse(&self.documents, table).map_err(|text| SpecError::new("documents", text))?;
        let sections: Vec<String> =
            self.documents.iter().flat_map(|document| self.sections.iter().map(move |section| format!("{document}/{section}"))).collect();
        let sections = Places::parse(&sections, table).map_err(|text| SpecError::new("sections", text))?;
        let elements = self
            .elements
            .iter()
            .map(|element| Ok((element.name.clone(), element.find.prepare(knowledge)?)))
            .collect::<Result<_, SpecError>>()?;
        Ok(Box::new(Prepared { spec: self.clone(), documents, sections, elements, unless: self.unless.prepare(knowledge)? }))
    }
}

impl Check for Prepared {
    fn quotes(&self, kind: DocumentKind) -> bool {
        self.documents.names_kind(kind)
    }

    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let triggers = match self.spec.trigger {
            Some(kind) => match events::events(subject, kind, &self.spec.filter) {
                Ok(events) if events.is_empty() => return Outcome::Ran(Vec::new()),
                Ok(events) => events,
                Err(why) => return Outcome::Skipped(why),
            },
            None => Vec::new(),
        };
        if self.spec.exists {
            if subject.phase == Phase::Inline || !events::is_whole_record(subject) {
                return Outcome::Skipped("只提供了部分文书".to_owned());
            }
            let written = |document: &&DocumentReading| is_written(facts::document(subject.visit, document));
            let found = match triggers.first().filter(|_| self.spec.names_trigger) {
                None => self.documents.documents(subject).any(|document| written(&document)),
                Some(_) => triggers.iter().all(|trigger| {
                    let in_time = |document: &&DocumentReading| {
                        document.time.is_none_or(|at| at.earliest() <= time::plus_minutes(trigger.at.latest(), LATEST))
                    };
                    self.documents.documents(subject).filter(written).filter(in_time).any(|document| names(subject, document, trigger))
                }),
            };
            if !found {
                let searched = subject.reading.documents.iter().map(|document| Searched { document: document.index, section: None });
                let data: Vec<DataEvidence> = triggers.iter().map(|event| event.evidence()).collect();
                let slots = vec![
                    ("missing", self.spec.documents.join("或")),
                    ("trigger", triggers.first().map_or(String::new(), |event| event.label.clone())),
                ];
                return Outcome::Ran(vec![Hit {
                    searched: searched.collect(),
                    data,
                    slots,
                    anchor: self.spec.documents.join("|"),
                    ..Hit::default()
                }]);
            }
        }
        if self.spec.sections.is_empty() && self.elements.is_empty() && self.spec.signatures.is_none() {
            return Outcome::Ran(Vec::new());
        }
        let wanted = self.documents.documents(subject).filter(|document| subject.is_wanted(document));
        Outcome::Ran(wanted.filter_map(|document| self.look(subject, document).filter(|_| !self.is_excused(subject, document))).collect())
    }
}

/// Minutes after which a document that names the same kind of act is of another one.
const LATEST: i64 = 24 * 60;

/// Fewer named sections than this are an excerpt.
const FEWEST_SECTIONS: usize = 4;

fn sections_of(document: &DocumentReading) -> usize {
    document.passages.iter().filter(|passage| !passage.section.is_empty()).count()
}

/// True when the document names one of the concepts of the trigger's label.
fn names(subject: &Subject<'_>, document: &DocumentReading, trigger: &events::Event) -> bool {
    let lexicon = subject.knowledge.lexicon();
    let wanted: Vec<_> = lexicon.find(&trigger.label).map(|(_, id)| id).collect();
    let titled = lexicon.find(&document.title).any(|(_, id)| wanted.contains(&id));
    titled || document.passages.iter().any(|passage| passage.mentions.iter().any(|mention| wanted.contains(&mention.concept)))
}

impl Prepared {
    fn is_excused(&self, subject: &Subject<'_>, document: &DocumentReading) -> bool {
        let table = subject.knowledge.documents();
        !self.spec.unless.is_empty() && one_holds(&self.unless, document.passages.iter(), table)
    }

    fn look(&self, subject: &Subject<'_>, document: &DocumentReading) -> Option<Hit> {
        let record = facts::document(subject.visit, document);
        if !is_written(record) {
            return None;
        }
        if let Some(signatures) = &self.spec.signatures
            && let Some(hit) = self.unsigned(subject, document, signatures)
        {
            return Some(hit);
        }
        let in_sections = !self.spec.sections.is_empty();
        let passages: Vec<_> = if in_sections { self.sections.passages_of(document).collect() } else { document.passages.iter().collect() };
        let passages: Vec<_> = passages.into_iter().filter(|passage| bare(passage.text.as_str()).next().is_some()).collect();
        // Of the sections those that the document has, or all where it has none of them.
        let has = |section: &str| passages.iter().any(|passage| *passage.section == *section || passage.within.as_deref() == Some(section));
        let searched = || -> Vec<Searched> {
            if !in_sections {
                return vec![Searched { document: document.index, section: None }];
            }
            let sections = self.spec.sections.iter().filter(|section| passages.is_empty() || has(section));
            sections.map(|section| Searched { document: document.index, section: Some(section.clone()) }).collect()
        };
        // An excerpt of one or two sections is no document that lacks the others.
        if in_sections && passages.is_empty() && sections_of(document) < FEWEST_SECTIONS {
            return None;
        }
        if in_sections && passages.is_empty() {
            let slots = vec![("document", document.title.clone()), ("missing", self.spec.sections.join("或"))];
            return Some(Hit {
                searched: searched(),
                slots,
                anchor: format!("{}/{}", record.id, self.spec.sections.join("|")),
                ..Hit::default()
            });
        }
        let table = subject.knowledge.documents();
        let missing: Vec<&str> = self
            .elements
            .iter()
            .filter(|(_, finder)| !one_holds(finder, passages.iter().copied(), table))
            .map(|(name, _)| name.as_str())
            .collect();
        if missing.len() <= self.spec.may_miss {
            return None;
        }
        // The text that should have held it is context, not proof: an absence is proved by the places searched.
        let evidence = passages.first().filter(|_| in_sections).map(|passage| Evidence {
            passage: (*passage).clone(),
            span: trimmed(passage),
            role: Role::Context,
        });
        Some(Hit {
            evidence: evidence.into_iter().collect(),
            searched: searched(),
            slots: vec![("document", document.title.clone()), ("missing", missing.join("、"))],
            anchor: format!("{}:{}", record.id, missing.join("|")),
            ..Hit::default()
        })
    }

    fn unsigned(&self, subject: &Subject<'_>, document: &DocumentReading, signatures: &Signatures) -> Option<Hit> {
        let record = facts::document(subject.visit, document);
        // Without any log of signatures nothing can be said of them.
        let is_empty = record.signatures.as_ref()?.is_empty();
        let signers = if signatures.logged && is_empty && record.signed_at.is_none() { Vec::new() } else { facts::signers(record) };
        let titles: Vec<Option<Title>> = signers.iter().map(|person| facts::title_of(subject.visit, person)).collect();
        // Someone whose title is not known may have it; a midwife or a pharmacist alone signs a paper of their own.
        let is_doctor = |actual: &Option<Title>| actual.is_some_and(|actual| actual >= Title::Intern);
        let untitled = signatures
            .title
            .is_some_and(|title| titles.iter().all(|actual| actual.is_some_and(|actual| actual < title)) && titles.iter().any(is_doctor));
        if signers.len() >= signatures.count && !untitled {
            return None;
        }
        let names: Vec<&str> = signers.iter().map(|person| facts::name_of(subject.visit, person)).collect();
        let shown = if names.is_empty() { "无签名".to_owned() } else { names.join("、") };
        Some(Hit {
            data: vec![DataEvidence {
                path: format!("/documents/{}/signatures", document.index),
                label: format!("{}:{shown}", document.title),
            }],
            slots: vec![("document", document.title.clone()), ("missing", "签名".to_owned()), ("signers", shown)],
            anchor: format!("{}:signatures", record.id),
            ..Hit::default()
        })
    }
}
