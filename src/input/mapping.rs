//! [`Mapping`]: what the codes of foreign formats mean, from `rules/interop.toml`. A hospital edits it; nothing of it is in the program.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::data::{DataFile, DataFolder};
use crate::problem::Problem;
use crate::reading::documents::DocumentTable;
use crate::record::{AdmissionRoute, DiagnosisKind, Disposition, DocumentKind, LabFlag, OrderKind, Sex, Title};

const FILE: &str = "interop.toml";

/// Codes and words of one vocabulary → what they mean here. Case and white space don't count.
#[derive(Debug, Default)]
pub struct Codes<T>(HashMap<String, T>);

impl<T: Clone> Codes<T> {
    /// What the first known one of some codes and words means.
    pub fn first<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> Option<T> {
        words.into_iter().find_map(|word| self.0.get(&plain(word)).cloned())
    }

    fn build(file: &DataFile, entries: Vec<Entry<T>>) -> Result<Self, Problem> {
        let mut codes = HashMap::new();
        for Entry { value, codes: words } in entries {
            for word in words {
                if codes.insert(plain(&word), value.clone()).is_some() {
                    return Err(Problem::at_text(file, &word, format!("code `{word}` stands twice in one list")));
                }
            }
        }
        Ok(Self(codes))
    }
}

fn plain(word: &str) -> String {
    word.split_whitespace().collect::<String>().to_lowercase()
}

/// What a diagnostic report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    Lab,
    Exam,
    Pathology,
}

/// A column of the temperature chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vital {
    Temperature,
    Pulse,
    Respiration,
    Systolic,
    Diastolic,
    Spo2,
    WeightKg,
    HeightCm,
}

/// Where a patient lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Bed,
    Ward,
    Department,
    Hospital,
}

/// What of a CDA document holds the time that is printed on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    Author,
    ServiceEvent,
    EffectiveTime,
}

/// All tables, ready for look-ups.
#[derive(Debug)]
pub struct Mapping {
    pub document: Codes<DocumentKind>,
    pub section: Codes<String>,
    pub sex: Codes<Sex>,
    pub title: Codes<Title>,
    pub route: Codes<AdmissionRoute>,
    pub disposition: Codes<Disposition>,
    pub diagnosis: Codes<DiagnosisKind>,
    pub order: Codes<OrderKind>,
    pub long_term: Codes<bool>,
    pub flag: Codes<LabFlag>,
    pub report: Codes<ReportKind>,
    pub vital: Codes<Vital>,
    pub place: Codes<Place>,
    /// Units in which a vital sign may come.
    units: Vec<(Vital, Vec<String>)>,
    pub cda: Cda,
    pub fhir: Fhir,
}

/// How the CDA documents of this hospital are to be read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cda {
    /// OIDs of the id that names the visit, the best first.
    pub visit_ids: Vec<String>,
    /// OIDs of ICD-10.
    pub icd10: Vec<String>,
    /// Where the time on a document stands, the best first.
    pub event_at: Vec<TimeSource>,
    /// What stands where nothing is to be said.
    pub empty: Vec<String>,
}

/// How the FHIR bundles of this hospital are to be read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fhir {
    pub icd10: Vec<String>,
    pub icd9cm3: Vec<String>,
    /// Encounter classes of a stay in hospital.
    pub inpatient: Vec<String>,
    /// Categories of the procedures that are operations.
    pub operation: Vec<String>,
    /// Categories of observations.
    pub laboratory: Vec<String>,
    pub vital_signs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<T> {
    value: T,
    codes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VitalEntry {
    value: Vital,
    codes: Vec<String>,
    units: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
struct MappingFile {
    document: Vec<Entry<DocumentKind>>,
    section: Vec<Entry<String>>,
    sex: Vec<Entry<Sex>>,
    title: Vec<Entry<Title>>,
    route: Vec<Entry<AdmissionRoute>>,
    disposition: Vec<Entry<Disposition>>,
    diagnosis: Vec<Entry<DiagnosisKind>>,
    order: Vec<Entry<OrderKind>>,
    long_term: Vec<Entry<bool>>,
    flag: Vec<Entry<LabFlag>>,
    report: Vec<Entry<ReportKind>>,
    vital: Vec<VitalEntry>,
    place: Vec<Entry<Place>>,
    cda: Cda,
    fhir: Fhir,
}

impl Mapping {
    /// The mapping of a rules folder; the one that ships where the folder has none.
    pub fn load(folder: &DataFolder, table: &DocumentTable) -> Result<Self, Problem> {
        match folder.file(FILE) {
            Some(file) => Self::parse(file, table),
            None => {
                let shipped = DataFolder::embedded();
                let missing = || Problem { file: FILE.to_owned(), line: 1, text: "the file is missing".to_owned() };
                Self::parse(shipped.file(FILE).ok_or_else(missing)?, table)
            }
        }
    }

    pub fn parse(file: &DataFile, table: &DocumentTable) -> Result<Self, Problem> {
        let read: MappingFile = parsed(file)?;
        if let Some(unknown) = read.section.iter().find(|entry| table.section_named(&entry.value).is_none()) {
            return Err(Problem::at_text(
                file,
                &format!("\"{}\"", unknown.value),
                format!("`{}` is no section of documents.toml", unknown.value),
            ));
        }
        let units = read.vital.iter().map(|entry| (entry.value, entry.units.iter().map(|unit| plain(unit)).collect())).collect();
        let vitals = read.vital.into_iter().map(|entry| Entry { value: entry.value, codes: entry.codes }).collect();
        Ok(Self {
            document: Codes::build(file, read.document)?,
            section: Codes::build(file, read.section)?,
            sex: Codes::build(file, read.sex)?,
            title: Codes::build(file, read.title)?,
            route: Codes::build(file, read.route)?,
            disposition: Codes::build(file, read.disposition)?,
            diagnosis: Codes::build(file, read.diagnosis)?,
            order: Codes::build(file, read.order)?,
            long_term: Codes::build(file, read.long_term)?,
            flag: Codes::build(file, read.flag)?,
            report: Codes::build(file, read.report)?,
            vital: Codes::build(file, vitals)?,
            place: Codes::build(file, read.place)?,
            units,
            cda: read.cda,
            fhir: read.fhir,
        })
    }

    /// Whether a vital sign's number may be taken over in this unit.
    pub fn has_unit(&self, vital: Vital, unit: &str) -> bool {
        self.units.iter().any(|(known, units)| *known == vital && units.contains(&plain(unit)))
    }

    /// True for `/`, `-` and what else stands where nothing is to be said.
    pub fn is_empty(&self, text: &str) -> bool {
        let text = text.trim();
        text.is_empty() || self.cda.empty.iter().any(|word| word == text)
    }
}

/// What reading needs to know.
#[derive(Clone, Copy)]
pub struct Tables<'a> {
    pub zone: &'a TimeZone,
    pub table: &'a DocumentTable,
    pub mapping: &'a Mapping,
}

/// True where a list of a mapping has one of some words.
pub fn has<'w>(list: &[String], words: impl IntoIterator<Item = &'w str>) -> bool {
    words.into_iter().any(|word| list.iter().any(|known| known.eq_ignore_ascii_case(word.trim())))
}

/// The name of a section: its own title where that is a known heading, else what its codes mean, else its title.
pub fn section_name<'w>(
    table: &DocumentTable,
    mapping: &Mapping,
    title: Option<&str>,
    words: impl Iterator<Item = &'w str>,
) -> Option<String> {
    let title = title.filter(|title| !mapping.is_empty(title));
    let known = title.filter(|title| table.section_of_heading(title).is_some());
    known.map(str::to_owned).or_else(|| mapping.section.first(words)).or_else(|| title.map(str::to_owned))
}

fn parsed<T: DeserializeOwned>(file: &DataFile) -> Result<T, Problem> {
    toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn table() -> DocumentTable {
        DocumentTable::parse(DataFolder::embedded().file("documents.toml").expect("it ships")).expect("and is right")
    }

    #[test]
    fn what_ships_loads_and_is_looked_up_without_case_or_space() {
        let mapping = Mapping::load(&DataFolder::of(Vec::new()), &table()).expect("it ships");
        assert_eq!(mapping.document.first(["nonsense", "c0037"]), Some(DocumentKind::FirstCourse));
        assert_eq!(mapping.section.first(["10154-3"]).as_deref(), Some("主诉"));
        assert!(mapping.has_unit(Vital::Temperature, "Cel") && !mapping.has_unit(Vital::Temperature, "[degF]"));
        assert!(mapping.is_empty(" / ") && !mapping.is_empty("无"));
    }

    #[test]
    fn a_mistake_names_its_line() {
        let folder = DataFolder::embedded();
        let shipped = &folder.file(FILE).expect("it ships").text;
        let edited = |from: &str, to: &str| {
            let text = shipped.replacen(from, to, 1);
            assert_ne!(&text, shipped);
            Mapping::parse(&DataFile { path: FILE.to_owned(), text: Cow::Owned(text) }, &table()).expect_err("it is wrong")
        };
        let twice = edited("\"C0035\"", "\"C0034\"");
        assert!(twice.line > 1 && twice.text.contains("twice"), "{twice}");
        let section = edited("value = \"主诉\"", "value = \"主拆\"");
        assert!(section.line > 1 && section.text.contains("主拆"), "{section}");
    }
}
