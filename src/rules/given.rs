//! [`Given`]: what must also be so in the visit for a rule to speak: wording or concepts somewhere, or a laboratory result.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::finder::{Find, Finder};
use super::places::{self, Places};
use super::{DataEvidence, Evidence, Knowledge, Role, SpecError, Subject, facts};
use crate::reading::Passage;
use crate::reading::lexicon::ConceptSet;
use crate::reading::text::Span;

/// One condition. With `find` it looks into `within`; with `positive` it looks at the laboratory results.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<String>,
    pub find: Find,
    /// Words of which the name of a report in `@检查` must hold one; one without a name may be of any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modality: Vec<String>,
    /// Lexicon concepts of laboratory items of which some result must be positive, or flagged high.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub positive: Vec<String>,
    /// True: the rule speaks only when it is *not* so.
    pub absent: bool,
}

/// Reads one condition or a list of them, all of which must hold.
pub fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Given>, D::Error> {
    struct OneOrMore;

    impl<'de> Visitor<'de> for OneOrMore {
        type Value = Vec<Given>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a condition or a list of conditions")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Given::deserialize(MapAccessDeserializer::new(map)).map(|given| vec![given])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(list))
        }
    }

    deserializer.deserialize_any(OneOrMore)
}

/// A compiled [`Given`].
pub struct Condition {
    places: Places,
    finder: Finder,
    modality: Vec<String>,
    positive: ConceptSet,
    absent: bool,
}

/// What shows that a condition holds.
#[derive(Default)]
pub struct Shown {
    pub evidence: Option<Evidence>,
    pub data: Option<DataEvidence>,
}

impl Given {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Condition, SpecError> {
        if self.find.is_empty() == self.positive.is_empty() || self.find.is_empty() != self.within.is_empty() {
            return Err(SpecError::new("given", "a condition needs either `within` with `find`, or `positive`"));
        }
        if !self.modality.is_empty() && self.within.is_empty() {
            return Err(SpecError::new("modality", "a modality is that of reports: it needs `within`"));
        }
        Ok(Condition {
            places: Places::parse(&self.within, knowledge.documents()).map_err(|text| SpecError::new("within", text))?,
            finder: self.find.prepare(knowledge)?,
            modality: self.modality.clone(),
            positive: knowledge.lexicon().set(&self.positive).map_err(|text| SpecError::new("positive", text))?,
            absent: self.absent,
        })
    }
}

impl Condition {
    /// What shows that the condition holds; `None` where it does not.
    pub fn shown(&self, subject: &Subject<'_>) -> Option<Shown> {
        let found = if self.positive.is_empty() { self.in_text(subject) } else { self.in_results(subject) };
        if self.absent { found.is_none().then(Shown::default) } else { found }
    }

    fn in_text(&self, subject: &Subject<'_>) -> Option<Shown> {
        self.places.passages(subject).filter(|passage| self.is_of_modality(passage)).find_map(|passage| {
            let whole = || Span::new(0, passage.text.as_str().len());
            let span = self.finder.find(passage).into_iter().next().or_else(|| self.is_named(passage).then(whole))?;
            Some(Shown { evidence: Some(Evidence { passage: passage.clone(), span, role: Role::Context }), data: None })
        })
    }

    /// Where something must be missing, a report that is called so (胸部CT) is the thing.
    fn is_named(&self, passage: &Passage) -> bool {
        self.absent && places::report_name(passage).is_some_and(|name| self.finder.matches_text(name.as_str()))
    }

    fn is_of_modality(&self, passage: &Passage) -> bool {
        if self.modality.is_empty() {
            return true;
        }
        let Some(name) = places::report_name(passage) else { return true };
        let name = name.as_str().to_ascii_uppercase();
        name == "检查报告" || self.modality.iter().any(|word| name.contains(word.as_str()))
    }

    fn in_results(&self, subject: &Subject<'_>) -> Option<Shown> {
        let lexicon = subject.knowledge.lexicon();
        let found = subject.visit.labs.iter().flatten().enumerate().find(|(_, lab)| {
            facts::is_positive(lab) && lexicon.find(lab.item.as_deref().unwrap_or("")).any(|(_, id)| self.positive.contains(id))
        });
        let (index, lab) = found?;
        Some(Shown { evidence: None, data: Some(facts::lab_evidence(index, lab)) })
    }
}
