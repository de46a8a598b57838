//! CDA R2 documents in the profile of WS/T 500 as visits. A file holds one document, or several below any other element; documents with the same
//! visit id are one visit.
//!
//! A section's text is its narrative; where that is empty, as many exporters leave it, the values of its entries. `/` and `-` say nothing.

use std::collections::HashMap;

use base64::Engine as _;

use super::mapping::{Place, Tables, TimeSource, has};
use super::xml::{self, Breaks, HasDtd, Node};
use super::{encoding, mapping};
use crate::record::note::Note;
use crate::record::time::in_zone;
use crate::record::{Admission, Diagnosis, Discharge, Document, Instant, Patient, Section, Signature, Staff, Visit};

/// Why a file gave no visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CdaError {
    #[error("{0}")]
    Dtd(#[from] HasDtd),
    #[error("不是 CDA 文档:没有 ClinicalDocument")]
    NoDocument,
}

/// What the documents of one or several files say, one part a document.
#[derive(Debug, Default)]
pub struct Parts(Vec<Part>);

#[derive(Debug, Default)]
struct Part {
    visit_id: String,
    hospital: Option<String>,
    document: Document,
    /// The document's history, and its number in it.
    set: Option<(String, u64)>,
    patient: Patient,
    admission: Admission,
    discharge: Option<Discharge>,
    staff: Vec<Staff>,
    diagnoses: Vec<Diagnosis>,
    notes: Vec<Note>,
}

/// Reads a file; `notes` are on its bytes. `name` is the visit's id where a document names none.
pub fn read(name: &str, text: &str, mut notes: Vec<Note>, tables: Tables<'_>) -> Result<Parts, CdaError> {
    let (root, more) = xml::read(text)?;
    notes.extend(more);
    let mut found = Vec::new();
    root.find("ClinicalDocument", &mut found);
    if found.is_empty() {
        return Err(CdaError::NoDocument);
    }
    let (mut parts, _) = in_zone(tables.zone, || found.into_iter().map(|node| part(name, node, tables)).collect::<Vec<_>>());
    notes.append(&mut parts[0].notes);
    parts[0].notes = notes;
    Ok(Parts(parts))
}

impl Parts {
    /// Adds another file of the same folder; notes name it.
    pub fn add(&mut self, file: &str, mut more: Parts) {
        more.0.iter_mut().flat_map(|part| &mut part.notes).for_each(|note| note.path = file.to_owned());
        self.0.append(&mut more.0);
    }

    /// The visits, in the order of their first documents.
    pub fn visits(self) -> Vec<(Visit, Vec<Note>)> {
        let mut newest: HashMap<String, u64> = HashMap::new();
        for (set, version) in self.0.iter().filter_map(|part| part.set.as_ref()) {
            let known = newest.entry(set.clone()).or_insert(*version);
            *known = (*known).max(*version);
        }
        let mut visits: Vec<(Visit, Vec<Note>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for part in self.0 {
            let place = *places.entry(part.visit_id.clone()).or_insert(visits.len());
            if place == visits.len() {
                visits.push((Visit { visit_id: part.visit_id.clone(), ..Visit::default() }, Vec::new()));
            }
            let (visit, notes) = &mut visits[place];
            let is_old = part.set.as_ref().is_some_and(|(set, version)| newest.get(set).is_some_and(|newest| version < newest));
            add(visit, notes, part, is_old);
        }
        visits
    }

    /// The visit of the first document. A caller that takes one visit gets a note for each other one.
    pub fn first_visit(self) -> (Visit, Vec<Note>) {
        let mut visits = self.visits().into_iter();
        let (visit, mut notes) = visits.next().unwrap_or_default();
        notes.extend(visits.map(|(other, _)| Note::error("", None, format!("另一次住院 `{}` 的文书未读取", other.visit_id))));
        (visit, notes)
    }
}

/// Adds a document to its visit. What earlier documents said stays; a different name or sex is noted.
fn add(visit: &mut Visit, notes: &mut Vec<Note>, part: Part, is_old: bool) {
    notes.extend(part.notes);
    let about = part.document.id.clone();
    let other_name = visit.patient.name.is_some() && part.patient.name.is_some() && visit.patient.name != part.patient.name;
    let other_sex = visit.patient.sex.is_some() && part.patient.sex.is_some() && visit.patient.sex != part.patient.sex;
    if other_name || other_sex {
        notes.push(Note::warning("", None, format!("文书 `{about}` 的患者姓名或性别与前面的文书不同")));
    }
    visit.hospital = visit.hospital.take().or(part.hospital);
    let (mine, theirs) = (&mut visit.patient, part.patient);
    mine.patient_id = mine.patient_id.take().or(theirs.patient_id);
    mine.name = mine.name.take().or(theirs.name);
    mine.sex = mine.sex.or(theirs.sex);
    mine.birth_date = mine.birth_date.or(theirs.birth_date);
    mine.age_text = mine.age_text.take().or(theirs.age_text);
    mine.marital_status = mine.marital_status.take().or(theirs.marital_status);
    let (mine, theirs) = (&mut visit.admission, part.admission);
    mine.admitted_at = mine.admitted_at.or(theirs.admitted_at);
    mine.department = mine.department.take().or(theirs.department);
    mine.ward = mine.ward.take().or(theirs.ward);
    mine.bed = mine.bed.take().or(theirs.bed);
    if let Some(theirs) = part.discharge {
        let mine = visit.discharge.get_or_insert_default();
        mine.discharged_at = mine.discharged_at.or(theirs.discharged_at);
        mine.disposition = mine.disposition.or(theirs.disposition);
    }
    for person in part.staff {
        let staff = visit.staff.get_or_insert_default();
        match staff.iter_mut().find(|known| known.id == person.id) {
            Some(known) => {
                known.name = known.name.take().or(person.name);
                known.title = known.title.or(person.title);
            }
            None => staff.push(person),
        }
    }
    for diagnosis in part.diagnoses {
        let diagnoses = visit.diagnoses.get_or_insert_default();
        if !diagnoses.contains(&diagnosis) {
            diagnoses.push(diagnosis);
        }
    }
    if is_old {
        notes.push(Note::warning("", None, format!("文书 `{about}` 有更新的版本,旧版本未读取")));
    } else if visit.documents.iter().any(|known| known.id == about) {
        notes.push(Note::error("", None, format!("文书编号 `{about}` 重复,后一份未读取")));
    } else {
        visit.documents.push(part.document);
    }
}

/// Reads one document.
struct PartReader<'a> {
    tables: Tables<'a>,
    part: Part,
    /// Sections without a title or a known code.
    nameless: usize,
}

fn part(name: &str, node: &Node, tables: Tables<'_>) -> Part {
    let mut reader = PartReader { tables, part: Part::default(), nameless: 0 };
    reader.patient(node);
    reader.encounter(node);
    reader.visit_id(name, node);
    reader.document(node);
    reader.part
}

impl PartReader<'_> {
    fn note(&mut self, node: &Node, text: impl Into<String>) {
        self.part.notes.push(Note::warning("", Some(node.line), text));
    }

    /// Words of an element; none where they say nothing.
    fn words(&self, node: Option<&Node>) -> Option<String> {
        self.said(&node?.text(Breaks::Kept))
    }

    fn said(&self, text: &str) -> Option<String> {
        let text = text.trim();
        (!self.tables.mapping.is_empty(text)).then(|| text.to_owned())
    }

    /// The time in `@value`; one that cannot be read is noted.
    fn time(&mut self, node: Option<&Node>) -> Option<Instant> {
        let node = node?;
        let value = self.said(node.attribute("value")?)?;
        let time = time(&value);
        if time.is_none() {
            self.note(node, format!("`{value}` 不是时间"));
        }
        // What databases give for no time.
        time.filter(|time| time.date().year() > 1900)
    }

    fn patient(&mut self, node: &Node) {
        let Some(role) = node.at("recordTarget/patientRole") else { return };
        let person = role.at("patient");
        let mapping = self.tables.mapping;
        let sex = person.and_then(|person| person.at("administrativeGenderCode"));
        let sex_known = sex.and_then(|code| mapping.sex.first(coded(code)));
        if let (Some(code), None) = (sex, sex_known)
            && coded(code).any(|word| !mapping.is_empty(word))
        {
            self.note(code, "未知的性别代码");
        }
        let age = person.and_then(|person| person.at("age").or_else(|| person.at("Age")));
        let age = age.and_then(|age| Some(format!("{}{}", self.said(age.attribute("value")?)?, age.attribute("unit").unwrap_or("岁"))));
        let patient = Patient {
            patient_id: None,
            name: self.words(person.and_then(|person| person.at("name"))),
            sex: sex_known,
            birth_date: self.time(person.and_then(|person| person.at("birthTime"))),
            age_text: age,
            marital_status: person
                .and_then(|person| person.at("maritalStatusCode"))
                .and_then(|code| self.said(code.attribute("displayName")?)),
            ..Patient::default()
        };
        self.part.patient = patient;
    }

    fn encounter(&mut self, node: &Node) {
        let Some(encounter) = node.at("componentOf/encompassingEncounter") else { return };
        let mapping = self.tables.mapping;
        self.part.admission.admitted_at = self.time(encounter.at("effectiveTime/low"));
        let discharged_at = self.time(encounter.at("effectiveTime/high"));
        let code = encounter.at("dischargeDispositionCode");
        let disposition = code.and_then(|code| mapping.disposition.first(coded(code)));
        if discharged_at.is_some() || disposition.is_some() {
            self.part.discharge = Some(Discharge { discharged_at, disposition, archived_at: None });
        }
        // Bed, ward, department and hospital are nested organisations; each says by the OID of its id what it is.
        let mut organizations = Vec::new();
        descend(encounter.at("location").unwrap_or(&Node::default()), &mut |found| {
            if let Some(place) = found.at("id").and_then(|id| mapping.place.first(id.attribute("root"))) {
                let name = self.words(found.at("name")).or_else(|| self.said(found.at("id")?.attribute("extension")?));
                organizations.extend(name.map(|name| (place, name)));
            }
        });
        for (place, name) in organizations {
            let slot = match place {
                Place::Bed => &mut self.part.admission.bed,
                Place::Ward => &mut self.part.admission.ward,
                Place::Department => &mut self.part.admission.department,
                Place::Hospital => &mut self.part.hospital,
            };
            slot.get_or_insert(name);
        }
    }

    /// By the OIDs of the mapping, in the patient's ids and the encounter's; else the encounter's only id.
    fn visit_id(&mut self, name: &str, node: &Node) {
        let role = node.at("recordTarget/patientRole");
        let encounter = node.at("componentOf/encompassingEncounter");
        let ids: Vec<&Node> = [role, encounter].into_iter().flatten().flat_map(|node| node.all("id")).collect();
        let by_root =
            |root: &String| ids.iter().find(|id| id.attribute("root") == Some(root)).and_then(|id| self.said(id.attribute("extension")?));
        let known = self.tables.mapping.cda.visit_ids.iter().find_map(by_root);
        let of_encounter = || encounter.and_then(|node| node.at("id")).and_then(|id| self.said(id.attribute("extension")?));
        match known.or_else(of_encounter) {
            Some(id) => self.part.visit_id = id,
            None => {
                self.part.visit_id = name.to_owned();
                self.note(node, "没有住院号,以文件名代替");
            }
        }
    }

    fn document(&mut self, node: &Node) {
        let Tables { table, mapping, .. } = self.tables;
        let title = self.words(node.at("title"));
        let code = node.at("code");
        let by_code = code.and_then(|code| mapping.document.first(coded(code)));
        let by_title = title.as_deref().and_then(|title| table.kind_of_title(title));
        if let (Some(by_code), Some(by_title)) = (by_code, by_title)
            && by_code != by_title
        {
            self.note(node, format!("文档代码为{},标题为{},按代码读取", by_code.chinese(), by_title.chinese()));
        }
        if by_code.is_none() && by_title.is_none() {
            let code = code.and_then(|code| code.attribute("code")).unwrap_or("");
            self.note(node, format!("不认识文书类型: 代码 `{code}` 标题 `{}`", title.as_deref().unwrap_or("")));
        }
        let id = node.at("id").and_then(|id| self.said(id.attribute("extension").or(id.attribute("root"))?));
        let id = id.unwrap_or_else(|| format!("cda-{}", node.line));
        let set = node.at("setId").and_then(|set| self.said(set.attribute("extension")?));
        let version = node.at("versionNumber").and_then(|version| version.attribute("value")?.trim().parse().ok());
        self.part.set = set.zip(version);
        let event_at = self.event_at(node);
        let author = node.at("author/assignedAuthor").and_then(|author| self.person(author));
        let (signatures, signed_at) = self.signatures(node);
        let mut sections = Vec::new();
        let mut text = None;
        for component in node.all("component") {
            if let Some(body) = component.at("structuredBody") {
                body.all("component").flat_map(|inner| inner.all("section")).for_each(|section| self.section(section, &mut sections));
            }
            if let Some(body) = component.at("nonXMLBody/text") {
                text = self.foreign_body(body);
            }
        }
        // One section that has no name is a document in flat text.
        if sections.len() == 1 && self.nameless == 1 {
            text = sections.pop().map(|section| section.text);
        }
        self.part.document = Document {
            id,
            kind: by_code.or(by_title),
            title,
            event_at,
            signed_at,
            author,
            signatures,
            sections: (!sections.is_empty()).then_some(sections),
            text,
            ..Document::default()
        };
    }

    fn event_at(&mut self, node: &Node) -> Option<Instant> {
        for source in &self.tables.mapping.cda.event_at {
            let time = match source {
                TimeSource::Author => self.time(node.at("author/time")),
                TimeSource::ServiceEvent => {
                    let event = node.at("documentationOf/serviceEvent/effectiveTime");
                    self.time(event.map(|time| time.at("low").unwrap_or(time)))
                }
                TimeSource::EffectiveTime => self.time(node.at("effectiveTime")),
            };
            if time.is_some() {
                return time;
            }
        }
        if node.at("effectiveTime").is_some() {
            self.note(node, "文书只有 effectiveTime(生成时间),未作为记录时间;见 interop.toml 的 event_at");
        }
        None
    }

    /// Those who signed, and the last of their times. Who is named without a time or a signature code has not signed.
    fn signatures(&mut self, node: &Node) -> (Option<Vec<Signature>>, Option<Instant>) {
        let mut signatures = Vec::new();
        let mut last: Option<Instant> = None;
        for signer in node.all("authenticator").chain(node.all("legalAuthenticator")) {
            let at = self.time(signer.at("time"));
            let code = signer.at("signatureCode").and_then(|code| code.attribute("code"));
            let staff = signer.at("assignedEntity").and_then(|entity| self.person(entity));
            if staff.is_none() || at.is_none() && code != Some("S") {
                continue;
            }
            if let Some(at) = at.filter(|at| last.is_none_or(|last| last.latest() < at.latest())) {
                last = Some(at);
            }
            signatures.push(Signature { staff, at });
        }
        ((!signatures.is_empty()).then_some(signatures), last)
    }

    /// The id of an author or a signer, who becomes one of the staff.
    fn person(&mut self, node: &Node) -> Option<String> {
        let name = self.words(node.at("assignedPerson/name"));
        let id = node.at("id").and_then(|id| self.said(id.attribute("extension")?)).or_else(|| name.clone())?;
        let codes = [node.at("code"), node.at("assignedPerson/professionalTechnicalPosition/professionaltechnicalpositionCode")];
        let title = codes.into_iter().flatten().find_map(|code| self.tables.mapping.title.first(coded(code)));
        self.part.staff.push(Staff { id: id.clone(), name, title });
        Some(id)
    }

    fn section(&mut self, node: &Node, sections: &mut Vec<Section>) {
        let Tables { table, mapping, .. } = self.tables;
        let title = self.words(node.at("title"));
        let code = node.at("code");
        let words = || code.into_iter().flat_map(coded);
        let name = mapping::section_name(table, mapping, title.as_deref(), words());
        let kind = mapping.diagnosis.first(words().chain(name.as_deref()));
        let text = node.at("text").map(|text| text.text(Breaks::Kept)).filter(|text| !mapping.is_empty(text));
        let mut values = Vec::new();
        for entry in node.all("entry") {
            descend(entry, &mut |found| {
                if found.name == "observation" {
                    values.extend(found.all("value").map(|value| (found, value)));
                }
            });
        }
        let inner: Vec<&Node> = node.all("component").flat_map(|component| component.all("section")).collect();
        let mut of_entries = Vec::new();
        for (observation, value) in &values {
            self.diagnosis(kind, observation, value);
            if text.is_none() {
                of_entries.extend(self.entry(observation, value));
            }
        }
        let is_empty = text.is_none() && of_entries.is_empty();
        if !(is_empty && (!inner.is_empty() || name.is_none())) {
            if name.is_none() {
                self.nameless += 1;
            }
            let name = name.unwrap_or_else(|| "正文".to_owned());
            self.put_section(name, text, of_entries, sections);
        }
        inner.into_iter().for_each(|section| self.section(section, sections));
    }

    /// The narrative, else the values: those that are sections by their own code get one each.
    fn put_section(&self, name: String, text: Option<String>, of_entries: Vec<(String, String)>, sections: &mut Vec<Section>) {
        let canonical = |name: &str| self.tables.table.section_of_heading(name);
        let mut lines: Vec<String> = text.into_iter().collect();
        let mut own: Vec<Section> = Vec::new();
        let is_only = of_entries.len() == 1;
        for (label, value) in of_entries {
            let is_same = canonical(&label) == canonical(&name) && canonical(&name).is_some();
            if label.is_empty() || is_same || is_only && canonical(&label).is_none() {
                lines.push(value);
            } else if canonical(&label).is_some() {
                own.push(Section { name: label, text: value });
            } else {
                lines.push(format!("{label}：{value}"));
            }
        }
        if !lines.is_empty() || own.is_empty() {
            sections.push(Section { name, text: lines.join("\n") });
        }
        sections.append(&mut own);
    }

    /// What an entry says, under its name.
    fn entry(&self, observation: &Node, value: &Node) -> Option<(String, String)> {
        let code = observation.at("code");
        let label = code.and_then(|code| self.tables.mapping.section.first(coded(code)));
        let label = label.or_else(|| self.said(code?.attribute("displayName")?)).unwrap_or_default();
        let amount = || Some(format!("{}{}", self.said(value.attribute("value")?)?, value.attribute("unit").unwrap_or("")));
        let said = self.words(Some(value)).or_else(|| self.said(value.attribute("displayName")?)).or_else(amount)?;
        Some((label, said))
    }

    fn diagnosis(&mut self, kind: Option<crate::record::DiagnosisKind>, observation: &Node, value: &Node) {
        let is_icd10 = value.attribute("codeSystem").is_some_and(|system| has(&self.tables.mapping.cda.icd10, [system]));
        let (Some(kind), true) = (kind, is_icd10) else { return };
        let name = value.attribute("displayName").and_then(|name| self.said(name));
        let icd10 = value.attribute("code").and_then(|code| self.said(code));
        if name.is_some() || icd10.is_some() {
            let at = self.time(observation.at("effectiveTime"));
            self.part.diagnoses.push(Diagnosis { kind: Some(kind), name, icd10, at, ..Diagnosis::default() });
        }
    }

    /// A body that is no XML: text, plain or packed in base64.
    fn foreign_body(&mut self, node: &Node) -> Option<String> {
        let media = node.attribute("mediaType").unwrap_or("text/plain");
        if !media.starts_with("text/") {
            self.note(node, format!("正文为 {media},不是文本,未读取"));
            return None;
        }
        let text = node.text(Breaks::Kept);
        if node.attribute("representation") != Some("B64") {
            return Some(text);
        }
        let packed: String = text.split_whitespace().collect();
        let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(packed) else {
            self.note(node, "正文不是 base64,未读取");
            return None;
        };
        let (text, notes) = encoding::decode(&bytes);
        self.part.notes.extend(notes);
        Some(text)
    }
}

/// Code and name of a coded value.
fn coded(node: &Node) -> impl Iterator<Item = &str> {
    node.attribute("code").into_iter().chain(node.attribute("displayName"))
}

fn descend<'n>(node: &'n Node, see: &mut impl FnMut(&'n Node)) {
    see(node);
    node.nodes().for_each(|child| descend(child, see));
}

/// `yyyyMMdd[HHmm[ss[.fff]]][±HHmm]`; also the ISO form that some exporters write.
fn time(value: &str) -> Option<Instant> {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    if digits < 8 {
        return value.parse().ok();
    }
    let rest = &value[digits..];
    let offset = rest.find(['+', '-']).map_or("", |at| &rest[at..]);
    let offset = match offset.len() {
        5 => format!("{}:{}", offset.get(..3)?, offset.get(3..)?),
        _ => String::new(),
    };
    let date = format!("{}-{}-{}", &value[..4], &value[4..6], &value[6..8]);
    match digits {
        8..12 => date.parse().ok(),
        12 | 13 => format!("{date}T{}:{}{offset}", &value[8..10], &value[10..12]).parse().ok(),
        _ => format!("{date}T{}:{}:{}{offset}", &value[8..10], &value[10..12], &value[12..14]).parse().ok(),
    }
}
