//! FHIR R4 bundles as visits: one bundle, one visit. A note names the place by JSON pointer.
//!
//! The visit is the inpatient encounter; what refers to another encounter or another patient is left out. What was entered in error or cancelled is
//! left out too, and so is a procedure that no category calls an operation.

mod documents;
mod results;
mod values;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::mapping::{Place, Tables, has};
use crate::record::note::Note;
use crate::record::time::in_zone;
use crate::record::{Diagnosis, Discharge, Instant, Patient, Staff, Visit};
use values::{code_in, concept, list, text_at, words};

/// Why a text gave no visit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FhirError {
    #[error("第{line}行第{column}列: 不是完整的 JSON: {text}")]
    Syntax { line: usize, column: usize, text: String },
    #[error("不是 FHIR 资源:没有 resourceType")]
    NoResource,
}

/// Reads a bundle, or a single resource. `name` is the visit's id where nothing names one.
pub fn read(name: &str, text: &str, tables: Tables<'_>) -> Result<(Visit, Vec<Note>), FhirError> {
    let root: Value = serde_json::from_str(text).map_err(|error| FhirError::Syntax {
        line: error.line(),
        column: error.column(),
        text: error.to_string(),
    })?;
    let kind = text_at(&root, "/resourceType").ok_or(FhirError::NoResource)?;
    let resources: Vec<Resource<'_>> = if kind == "Bundle" {
        list(&root, "entry")
            .enumerate()
            .filter_map(|(index, entry)| {
                let value = entry.get("resource")?;
                let kind = text_at(value, "/resourceType")?;
                Some(Resource { kind, value, path: format!("/entry/{index}/resource"), url: text_at(entry, "/fullUrl") })
            })
            .collect()
    } else {
        vec![Resource { kind, value: &root, path: String::new(), url: None }]
    };
    let (result, without_zone) = in_zone(tables.zone, || {
        let mut reader = BundleReader::new(tables, &resources);
        reader.all(name, &root);
        (reader.visit, reader.notes)
    });
    let (visit, mut notes) = result;
    if without_zone > 0 {
        notes.push(Note::warning("", None, format!("{without_zone} 个时间没有时区,按医院时区读取")));
    }
    Ok((visit, notes))
}

/// A resource of the bundle.
struct Resource<'v> {
    kind: &'v str,
    value: &'v Value,
    path: String,
    url: Option<&'v str>,
}

struct BundleReader<'v> {
    tables: Tables<'v>,
    resources: &'v [Resource<'v>],
    /// References as they are written → place in `resources`.
    by_reference: HashMap<String, usize>,
    encounter: Option<usize>,
    patient: Option<usize>,
    staff: HashSet<String>,
    /// Binaries that a document reference names.
    attached: HashSet<usize>,
    /// Path of an observation → the laboratory report that it stands in.
    panel_of: HashMap<String, String>,
    visit: Visit,
    notes: Vec<Note>,
}

impl<'v> BundleReader<'v> {
    fn new(tables: Tables<'v>, resources: &'v [Resource<'v>]) -> Self {
        let mut by_reference = HashMap::new();
        for (index, resource) in resources.iter().enumerate() {
            by_reference.extend(resource.url.map(|url| (url.to_owned(), index)));
            by_reference.extend(text_at(resource.value, "/id").map(|id| (format!("{}/{id}", resource.kind), index)));
        }
        Self {
            tables,
            resources,
            by_reference,
            encounter: None,
            patient: None,
            staff: HashSet::new(),
            attached: HashSet::new(),
            panel_of: HashMap::new(),
            visit: Visit::default(),
            notes: Vec::new(),
        }
    }

    fn all(&mut self, name: &str, root: &Value) {
        self.choose();
        self.patient();
        self.encounter();
        let id = self.encounter.and_then(|index| identifier(self.resources[index].value));
        let of_bundle = || text_at(root, "/identifier/value").or_else(|| text_at(root, "/id"));
        self.visit.visit_id = match id {
            Some(id) => id.to_owned(),
            None => {
                self.note("", "没有带编号的住院 Encounter,住院号以资源包编号或文件名代替");
                of_bundle().unwrap_or(name).to_owned()
            }
        };
        if root.get("timestamp").is_some() {
            self.visit.as_of = self.time(root, "/timestamp", "");
        }
        self.panels();
        for index in 0..self.resources.len() {
            if self.is_foreign(index) || self.is_void(index) {
                continue;
            }
            let (value, path) = (self.resources[index].value, self.resources[index].path.clone());
            match self.resources[index].kind {
                "Practitioner" => drop(self.practitioner(index)),
                "Composition" => self.composition(value, &path),
                "DocumentReference" => self.document_reference(value, &path),
                "Condition" => self.condition(index),
                "Observation" => self.observation(value, &path),
                "DiagnosticReport" => self.diagnostic_report(value, &path),
                "MedicationRequest" => self.medication_request(value, &path),
                "ServiceRequest" => self.service_request(value, &path),
                "Procedure" => self.procedure(value, &path),
                "AllergyIntolerance" => {
                    let allergen = value.get("code").and_then(concept);
                    self.visit.patient.allergies.get_or_insert_default().extend(allergen.map(str::to_owned));
                }
                "Patient" | "Encounter" | "Binary" | "PractitionerRole" | "Location" | "Organization" | "Specimen" | "Medication" => {}
                other => self.note(&path, format!("资源类型 {other} 不读取")),
            }
        }
        self.loose_binaries();
        self.repeated_documents();
    }

    fn note(&mut self, path: &str, text: impl Into<String>) {
        const MOST: usize = 200;
        if self.notes.len() < MOST {
            self.notes.push(Note::warning(path, None, text));
        }
    }

    fn error(&mut self, path: &str, text: impl Into<String>) {
        self.notes.push(Note::error(path, None, text));
    }

    /// The time at a pointer of a resource; one that cannot be read is noted.
    fn time(&mut self, value: &Value, pointer: &str, path: &str) -> Option<Instant> {
        let found = value.pointer(pointer)?;
        let time = found.as_str().and_then(|text| text.parse().ok());
        if time.is_none() {
            self.note(&format!("{path}{pointer}"), format!("`{}` 不是到日的时间,未读取", found.as_str().unwrap_or("")));
        }
        time
    }

    /// What a reference points to.
    fn refer(&self, reference: Option<&Value>) -> Option<usize> {
        let written = text_at(reference?, "/reference")?;
        let short = || {
            let mut steps = written.rsplit('/');
            let (id, kind) = (steps.next()?, steps.next()?);
            self.by_reference.get(&format!("{kind}/{id}"))
        };
        self.by_reference.get(written).or_else(short).copied()
    }

    /// The encounter of the stay, and its patient.
    fn choose(&mut self) {
        let of_kind =
            |kind: &str| -> Vec<usize> { (0..self.resources.len()).filter(|index| self.resources[*index].kind == kind).collect() };
        let (encounters, patients) = (of_kind("Encounter"), of_kind("Patient"));
        let inpatient = |index: &&usize| {
            let class = self.resources[**index].value.get("class");
            has(&self.tables.mapping.fhir.inpatient, class.into_iter().flat_map(words))
        };
        let stays: Vec<usize> = encounters.iter().filter(inpatient).copied().collect();
        self.encounter = stays.first().copied().or(if encounters.len() == 1 { encounters.first().copied() } else { None });
        let subject = self.encounter.and_then(|index| self.refer(self.resources[index].value.get("subject")));
        self.patient = subject.filter(|index| patients.contains(index)).or(patients.first().copied());
        for other in stays.into_iter().skip(1) {
            self.error(&self.resources[other].path, "资源包含另一次住院,其内容未读取");
        }
        let chosen = self.patient;
        for other in patients.into_iter().filter(|index| Some(*index) != chosen) {
            self.error(&self.resources[other].path, "资源包含另一位患者,其内容未读取");
        }
    }

    /// True for what belongs to another stay or another patient.
    fn is_foreign(&self, index: usize) -> bool {
        let value = self.resources[index].value;
        let encounter = self.refer(value.get("encounter").or_else(|| value.pointer("/context/encounter/0")));
        let subject = self.refer(value.get("subject").or_else(|| value.get("patient")));
        let is_other = |found: Option<usize>, chosen: Option<usize>, kind: &str| {
            found.is_some_and(|found| self.resources[found].kind == kind && Some(found) != chosen)
        };
        is_other(encounter, self.encounter, "Encounter") || is_other(subject, self.patient, "Patient")
    }

    /// True for what was taken back; each is noted.
    fn is_void(&mut self, index: usize) -> bool {
        const VOID: [&str; 6] = ["entered-in-error", "cancelled", "not-done", "superseded", "revoked", "refuted"];
        let value = self.resources[index].value;
        let verification = value.get("verificationStatus").into_iter().flat_map(words);
        let states = text_at(value, "/status").into_iter().chain(verification);
        let void = states.into_iter().find(|state| VOID.contains(state));
        if let Some(state) = void {
            self.note(&self.resources[index].path, format!("状态为 {state},未读取"));
        }
        void.is_some()
    }

    fn patient(&mut self) {
        let Some(index) = self.patient else { return };
        let (value, path) = (self.resources[index].value, self.resources[index].path.clone());
        let name = list(value, "name").next();
        let spoken = || {
            let given: String = name?.get("given")?.as_array()?.iter().filter_map(Value::as_str).collect();
            Some(format!("{}{given}", text_at(name?, "/family").unwrap_or("")))
        };
        let gender = text_at(value, "/gender");
        self.visit.patient = Patient {
            patient_id: identifier(value).map(str::to_owned),
            name: name.and_then(|name| text_at(name, "/text")).map(str::to_owned).or_else(spoken),
            sex: gender.and_then(|gender| self.tables.mapping.sex.first([gender])),
            birth_date: value.get("birthDate").and_then(|_| self.time(value, "/birthDate", &path)),
            marital_status: value.get("maritalStatus").and_then(concept).map(str::to_owned),
            ..Patient::default()
        };
        if let (Some(gender), None) = (gender, self.visit.patient.sex) {
            self.note(&format!("{path}/gender"), format!("未知的性别代码 `{gender}`"));
        }
    }

    fn encounter(&mut self) {
        let Some(index) = self.encounter else { return };
        let (value, path) = (self.resources[index].value, self.resources[index].path.clone());
        let mapping = self.tables.mapping;
        self.visit.admission.admitted_at = self.time(value, "/period/start", &path);
        let discharged_at = self.time(value, "/period/end", &path);
        let stay = value.get("hospitalization").or_else(|| value.get("admission"));
        let code = |name: &str| stay.and_then(|stay| stay.get(name)).into_iter().flat_map(words);
        self.visit.admission.route = mapping.route.first(code("admitSource"));
        let disposition = mapping.disposition.first(code("dischargeDisposition"));
        if discharged_at.is_some() || disposition.is_some() {
            self.visit.discharge = Some(Discharge { discharged_at, disposition, archived_at: None });
        }
        self.visit.admission.department = value.get("serviceType").and_then(concept).map(str::to_owned);
        self.visit.hospital = value.get("serviceProvider").and_then(|provider| self.display(provider));
        for place in list(value, "location") {
            let Some(location) = place.get("location") else { continue };
            let known = self.refer(Some(location)).map(|index| self.resources[index].value);
            let kind = place.get("physicalType").or_else(|| known.and_then(|known| known.get("physicalType")));
            let (Some(kind), Some(name)) = (mapping.place.first(kind.into_iter().flat_map(words)), self.display(location)) else {
                continue;
            };
            let slot = match kind {
                Place::Bed => &mut self.visit.admission.bed,
                Place::Ward => &mut self.visit.admission.ward,
                Place::Department => &mut self.visit.admission.department,
                Place::Hospital => &mut self.visit.hospital,
            };
            slot.get_or_insert(name);
        }
    }

    /// The name of what a reference points to.
    fn display(&self, reference: &Value) -> Option<String> {
        let of_target = || text_at(self.resources[self.refer(Some(reference))?].value, "/name");
        text_at(reference, "/display").or_else(of_target).map(str::to_owned)
    }

    /// The id of a person, who becomes one of the staff.
    fn practitioner(&mut self, index: usize) -> Option<String> {
        let resource = &self.resources[index];
        if resource.kind == "PractitionerRole" {
            return self
                .refer(resource.value.get("practitioner"))
                .filter(|found| self.resources[*found].kind == "Practitioner")
                .and_then(|found| self.practitioner(found));
        }
        if resource.kind != "Practitioner" {
            return None;
        }
        let value = resource.value;
        let id = identifier(value)?.to_owned();
        if self.staff.insert(id.clone()) {
            let name = list(value, "name").next();
            let name = name.and_then(|name| text_at(name, "/text").or_else(|| text_at(name, "/family"))).map(str::to_owned);
            let qualifications = list(value, "qualification").filter_map(|held| held.get("code")).flat_map(words);
            let title = self.tables.mapping.title.first(qualifications);
            self.visit.staff.get_or_insert_default().push(Staff { id: id.clone(), name, title });
        }
        Some(id)
    }

    /// The id of the person that a reference names: of the bundle, else the words of the reference.
    fn person(&mut self, reference: Option<&Value>) -> Option<String> {
        let reference = reference?;
        if let Some(index) = self.refer(Some(reference)) {
            return self.practitioner(index);
        }
        text_at(reference, "/identifier/value").or_else(|| text_at(reference, "/display")).map(str::to_owned)
    }

    fn condition(&mut self, index: usize) {
        let (value, path) = (self.resources[index].value, self.resources[index].path.clone());
        let mapping = self.tables.mapping;
        let role = self.encounter.and_then(|encounter| {
            let uses = list(self.resources[encounter].value, "diagnosis");
            uses.into_iter().find(|used| self.refer(used.get("condition")) == Some(index))
        });
        let kinds = role.and_then(|role| role.get("use")).into_iter().flat_map(words).chain(list(value, "category").flat_map(words));
        let kind = mapping.diagnosis.first(kinds);
        let Some(code) = value.get("code") else { return };
        let diagnosis = Diagnosis {
            kind,
            name: concept(code).map(str::to_owned),
            icd10: code_in(code, &mapping.fhir.icd10).map(str::to_owned),
            main: role.and_then(|role| role.get("rank")).and_then(Value::as_u64).map(|rank| rank == 1),
            at: self.time(value, "/recordedDate", &path),
            by: self.person(value.get("recorder")),
        };
        if kind.is_none() {
            self.note(&path, "诊断没有已知的类别(入院诊断、出院诊断……),按未注明类别读取");
        }
        self.visit.diagnoses.get_or_insert_default().push(diagnosis);
    }
}

/// A resource's first business identifier, else its id.
fn identifier(value: &Value) -> Option<&str> {
    list(value, "identifier").find_map(|identifier| text_at(identifier, "/value")).or_else(|| text_at(value, "/id"))
}
