//! [`Places`]: where a rule looks, as rule authors write it.
//!
//! | written | means |
//! | --- | --- |
//! | `入院记录` | every document of that kind (or group of kinds in `rules/documents.toml`) |
//! | `入院记录/主诉` | that section of it |
//! | `*/诊断依据` | that section of any document |
//! | `*` | every document |
//! | `@检查` | text of the structured data: `@诊断 @医嘱 @检验 @培养 @检查 @病理 @手术 @首页 @患者` |

use std::sync::Arc;

use super::{Searched, Subject};
use crate::reading::documents::{DocumentTable, SectionSet};
use crate::reading::text::CleanText;
use crate::reading::{DataSource, DocumentReading, Origin, Passage};
use crate::record::DocumentKind;

/// A set of document kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindSet(u64);

impl KindSet {
    pub const ALL: KindSet = KindSet(u64::MAX);

    pub fn of(kinds: &[DocumentKind]) -> Self {
        KindSet(kinds.iter().fold(0, |bits, kind| bits | 1 << (*kind as u64)))
    }

    pub fn contains(self, kind: DocumentKind) -> bool {
        self.0 & (1 << (kind as u64)) != 0
    }
}

#[derive(Debug, Clone)]
enum Place {
    /// The section with its number in the table.
    Documents {
        kinds: KindSet,
        section: Option<(Arc<str>, u8)>,
    },
    Data(DataSource),
}

/// A compiled list of places.
#[derive(Debug, Clone, Default)]
pub struct Places {
    places: Vec<Place>,
    /// All kinds of documents that are named.
    kinds: KindSet,
    names_data: bool,
}

impl Places {
    /// Compiles what a rule file lists; the error names the word that is not known.
    pub fn parse<S: AsRef<str>>(written: &[S], table: &DocumentTable) -> Result<Self, String> {
        let places: Vec<Place> = written.iter().map(|place| parse_place(place.as_ref(), table)).collect::<Result<_, _>>()?;
        let kinds = places.iter().fold(KindSet::default(), |all, place| match place {
            Place::Documents { kinds, .. } => KindSet(all.0 | kinds.0),
            Place::Data(_) => all,
        });
        Ok(Self { names_data: places.iter().any(|place| matches!(place, Place::Data(_))), kinds, places })
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Every passage that the places name, in the order of the visit, structured data last.
    pub fn passages<'s>(&self, subject: &Subject<'s>) -> impl Iterator<Item = &'s Arc<Passage>> {
        let reading = subject.reading;
        let of_documents = reading.documents.iter().flat_map(|document| self.passages_of(document));
        let data = if self.names_data { &reading.data[..] } else { &[] };
        of_documents.chain(data.iter().filter(|passage| self.holds_data(passage)))
    }

    /// Those of them in which a defect is asked for.
    pub fn written<'s>(&self, subject: &Subject<'s>) -> impl Iterator<Item = &'s Arc<Passage>> {
        let reading = subject.reading;
        let (documents, data) = match subject.focus {
            None => (&reading.documents[..], if self.names_data { &reading.data[..] } else { &[] }),
            Some(focus) => (&reading.documents[focus..=focus], &[][..]),
        };
        documents.iter().flat_map(|document| self.passages_of(document)).chain(data.iter().filter(|passage| self.holds_data(passage)))
    }

    /// The passages of one document that the places name; a section holds what stands inside it.
    pub fn passages_of<'s>(&self, document: &'s DocumentReading) -> impl Iterator<Item = &'s Arc<Passage>> {
        document.passages_in(self.sections_of(document.kind))
    }

    /// Which sections of such a document the places name.
    fn sections_of(&self, kind: DocumentKind) -> SectionSet {
        let mut sections = SectionSet::default();
        if !self.kinds.contains(kind) {
            return sections;
        }
        for place in &self.places {
            match place {
                Place::Documents { kinds, section: None } if kinds.contains(kind) => return SectionSet::ALL,
                Place::Documents { kinds, section: Some((_, number)) } if kinds.contains(kind) => sections.add(*number),
                _ => {}
            }
        }
        sections
    }

    /// Documents whose kind the places name, whether or not they have the section.
    pub fn documents<'s>(&self, subject: &Subject<'s>) -> impl Iterator<Item = &'s DocumentReading> {
        subject.reading.documents.iter().filter(|document| self.names_kind(document.kind))
    }

    /// True when some place is in a document of this kind.
    pub fn names_kind(&self, kind: DocumentKind) -> bool {
        self.kinds.contains(kind)
    }

    /// Where a search over these places went: one entry a document and section, for findings of absence.
    pub fn searched(&self, subject: &Subject<'_>) -> Vec<Searched> {
        let mut searched = Vec::new();
        for document in &subject.reading.documents {
            for place in &self.places {
                let Place::Documents { kinds, section } = place else { continue };
                if kinds.contains(document.kind) {
                    let entry = Searched { document: document.index, section: section.as_ref().map(|(name, _)| name.to_string()) };
                    if !searched.contains(&entry) {
                        searched.push(entry);
                    }
                }
            }
        }
        searched
    }

    fn holds_data(&self, passage: &Passage) -> bool {
        let Origin::Data { source, .. } = &passage.origin else { return false };
        self.places.iter().any(|place| matches!(place, Place::Data(wanted) if wanted == source))
    }
}

/// Site and modality of a structured report (胸部CT报告), which stand in none of its texts.
pub fn report_name(passage: &Passage) -> Option<CleanText> {
    matches!(passage.origin, Origin::Data { source: DataSource::Exams, .. }).then(|| CleanText::new(&passage.section))
}

fn parse_place(written: &str, table: &DocumentTable) -> Result<Place, String> {
    if let Some(name) = written.strip_prefix('@') {
        return data_source(name)
            .map(Place::Data)
            .ok_or_else(|| format!("unknown data `@{name}`: expected one of {}", data_names().join(" ")));
    }
    let (document, section) = match written.split_once('/') {
        Some((document, section)) => (document, Some(section)),
        None => (written, None),
    };
    let kinds = match document {
        "*" => KindSet::ALL,
        name => KindSet::of(
            &table
                .kinds_named(name)
                .ok_or_else(|| format!("unknown document `{name}`: not a kind's Chinese name, not a group in rules/documents.toml"))?,
        ),
    };
    let section = match section {
        Some(name) => {
            let known =
                table.section_named(name).ok_or_else(|| format!("unknown section `{name}`: not a section name in rules/documents.toml"))?;
            Some((known, table.section_number(name)))
        }
        None => None,
    };
    Ok(Place::Documents { kinds, section })
}

const DATA: [(&str, DataSource); 9] = [
    ("诊断", DataSource::Diagnoses),
    ("医嘱", DataSource::Orders),
    ("检验", DataSource::Labs),
    ("培养", DataSource::Cultures),
    ("检查", DataSource::Exams),
    ("病理", DataSource::Pathology),
    ("手术", DataSource::Operations),
    ("首页", DataSource::FrontPage),
    ("患者", DataSource::Patient),
];

/// The structured data that `@name` means.
pub fn data_source(name: &str) -> Option<DataSource> {
    DATA.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
}

fn data_names() -> Vec<String> {
    DATA.iter().map(|(name, _)| format!("@{name}")).collect()
}
