//! The visit (一次住院) as Rust types: `bingli.visit/1`, the form every reader produces.
//!
//! Absent is *unknown*, never *no*: every list that a hospital may not send is an `Option`, so that a rule can tell
//! "no consultations" (`Some(vec![])`) from "consultations not sent" (`None`) and skip itself in the second case.

use schemars::JsonSchema;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize};

use super::kind::{DocumentKind, Title};
use super::time::Instant;

/// The schema name that native files carry.
pub const SCHEMA: &str = "bingli.visit/1";

/// One inpatient visit as it is known at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Visit {
    /// Always `bingli.visit/1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// 住院号 and admission count; unique in the hospital.
    pub visit_id: String,
    /// Name of the hospital, for regional use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hospital: Option<String>,
    /// The moment of this snapshot; absent means the time of reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Instant>,
    /// Whether every document so far was sent: only then does the absence of one mean anything. Absent: guessed from how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub patient: Patient,
    #[serde(default, skip_serializing_if = "is_default")]
    pub admission: Admission,
    /// 病危 / 病重 intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// Absent while the patient is in hospital (运行病历).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discharge: Option<Discharge>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staff: Option<Vec<Staff>>,
    pub documents: Vec<Document>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnoses: Option<Vec<Diagnosis>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<Vec<Order>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labs: Option<Vec<Lab>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cultures: Option<Vec<Culture>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exams: Option<Vec<Exam>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pathology: Option<Vec<Pathology>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical_values: Option<Vec<CriticalValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<Vec<Operation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfusions: Option<Vec<Transfusion>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vitals: Option<Vec<Vitals>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consults: Option<Vec<Consult>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfers: Option<Vec<Transfer>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rescues: Option<Vec<Rescue>>,
    /// Times when nobody could write in the record system; limits that were running are longer by as much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downtimes: Option<Vec<Downtime>>,
    /// 住院病案首页, the coded summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front_page: Option<FrontPage>,
}

impl Visit {
    /// The department that the patient is in: the one of the last transfer, else of the admission; empty where it is not known.
    pub fn department(&self) -> &str {
        let transfers = self.transfers.as_deref().unwrap_or_default();
        let last = transfers.iter().max_by_key(|transfer| transfer.at.map(|at| at.earliest()));
        last.and_then(|transfer| transfer.to.as_deref()).or(self.admission.department.as_deref()).unwrap_or("")
    }

    /// Some fields of the visit: they are written as in the whole visit, without the rest.
    pub fn part<'v>(&'v self, fields: &'v Fields) -> Part<'v> {
        Part { visit: self, fields }
    }
}

/// Names of fields of a visit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    pub names: Vec<String>,
    /// Those of the front page, where it is named; `None` is the whole page.
    pub of_page: Option<Vec<String>>,
}

/// Some fields of a visit, those that are there.
#[derive(Debug, Clone, Copy)]
pub struct Part<'v> {
    visit: &'v Visit,
    fields: &'v Fields,
}

impl Serialize for Part<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { visit, fields: Fields { names, of_page } } = *self;
        let mut map = serializer.serialize_map(None)?;
        macro_rules! fields {
            ($($field:ident)*) => {
                for name in names {
                    match name.as_str() {
                        $(stringify!($field) => if let Some(value) = &visit.$field { map.serialize_entry(name, value)? },)*
                        "visit_id" => map.serialize_entry(name, &visit.visit_id)?,
                        "documents" => map.serialize_entry(name, &visit.documents)?,
                        "patient" if !is_default(&visit.patient) => map.serialize_entry(name, &visit.patient)?,
                        "admission" if !is_default(&visit.admission) => map.serialize_entry(name, &visit.admission)?,
                        "front_page" => match (&visit.front_page, of_page) {
                            (Some(page), Some(names)) => map.serialize_entry(name, &PartOfPage { page, names })?,
                            (Some(page), None) => map.serialize_entry(name, page)?,
                            (None, _) => {}
                        },
                        _ => {}
                    }
                }
            };
        }
        fields!(schema hospital as_of complete conditions discharge staff diagnoses orders labs cultures exams pathology
            critical_values operations transfusions vitals consults transfers rescues downtimes);
        map.end()
    }
}

struct PartOfPage<'v> {
    page: &'v FrontPage,
    names: &'v [String],
}

impl Serialize for PartOfPage<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for name in self.names {
            self.page.serialize_field(name, &mut map)?;
        }
        map.end()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Generates a record type whose fields are all optional and skipped when absent.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
        }

        impl $name {
            /// Writes one field, if it is there.
            #[allow(dead_code, reason = "of the front page alone so far")]
            fn serialize_field<M: SerializeMap>(&self, name: &str, map: &mut M) -> Result<(), M::Error> {
                match name {
                    $(stringify!($field) => self.$field.as_ref().map_or(Ok(()), |value| map.serialize_entry(name, value)),)*
                    _ => Ok(()),
                }
            }
        }
    };
}

record! {
    /// Who the visit is about.
    Patient {
        patient_id: String,
        name: String,
        sex: Sex,
        birth_date: Instant,
        /// As printed: `67岁`, for infants `2月12天`.
        age_text: String,
        marital_status: String,
        occupation: String,
        allergies: Vec<String>,
    }
}

record! {
    Admission {
        /// Reception in the ward (SY2016-8), the clock that every admission limit starts from.
        admitted_at: Instant,
        route: AdmissionRoute,
        department: String,
        ward: String,
        bed: String,
        condition: ConditionLevel,
    }
}

record! {
    /// An interval of 病危 or 病重; no `to` means it still holds.
    Condition { level: ConditionLevel, from: Instant, to: Instant, }
}

record! {
    /// The record system stood still (系统停机). Without both ends it moves no limit.
    Downtime { from: Instant, to: Instant, reason: String, }
}

record! {
    Discharge { discharged_at: Instant, disposition: Disposition, archived_at: Instant, }
}

/// A person who writes, signs, operates or receives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Staff {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
}

/// One document (文书). It has either `sections` or a flat `text`, in which the reading layer finds the sections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    pub id: String,
    /// When absent, the kind is found from `title`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DocumentKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The time printed on the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_at: Option<Instant>,
    /// Creation on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Instant>,
    /// The last required signature in the EMR's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Instant>,
    /// Id of the author in `staff`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signatures: Option<Vec<Signature>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sections: Option<Vec<Section>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

record! {
    Signature { staff: String, at: Instant, }
}

/// A named part of a document, as the EMR stores it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    pub name: String,
    pub text: String,
}

record! {
    Diagnosis { kind: DiagnosisKind, name: String, icd10: String, main: bool, at: Instant, by: String, }
}

record! {
    Order {
        id: String,
        kind: OrderKind,
        name: String,
        dose: f64,
        unit: String,
        route: String,
        frequency: String,
        start: Instant,
        stop: Instant,
        by: String,
        /// 长期 (true) or 临时 (false).
        long_term: bool,
        /// `antibiotic_unrestricted`, `antibiotic_restricted`, `antibiotic_special`, `chemotherapy`, `narcotic`, …
        class: String,
        /// `treatment`, `prophylaxis`, …
        purpose: String,
    }
}

record! {
    /// One item of a laboratory report.
    Lab {
        id: String,
        panel: String,
        item: String,
        /// As printed; may hold `<`, `>`, `阳性`.
        value: String,
        unit: String,
        range: String,
        flag: LabFlag,
        sampled_at: Instant,
        reported_at: Instant,
        specimen: String,
    }
}

record! {
    Culture { id: String, specimen: String, organism: String, sensitivity: Vec<Sensitivity>, sampled_at: Instant, reported_at: Instant, }
}

record! {
    Sensitivity { drug: String, result: String, }
}

record! {
    Exam {
        id: String,
        /// CT, MRI, X线, 超声, 心电图, 内镜 …
        modality: String,
        site: String,
        findings: String,
        impression: String,
        critical: bool,
        performed_at: Instant,
        reported_at: Instant,
    }
}

record! {
    Pathology { id: String, specimen: String, diagnosis: String, reported_at: Instant, }
}

record! {
    /// One critical value (危急值) and the times of its loop.
    CriticalValue {
        id: String,
        item: String,
        value: String,
        reported_at: Instant,
        received_at: Instant,
        received_by: String,
        doctor_told_at: Instant,
        handled_at: Instant,
        handled_by: String,
    }
}

record! {
    Operation {
        id: String,
        name: String,
        icd9cm3: String,
        /// 1 to 4 (手术级别).
        level: u8,
        side: Side,
        elective: bool,
        started_at: Instant,
        ended_at: Instant,
        anesthesia_started_at: Instant,
        anesthesia_ended_at: Instant,
        surgeon: String,
        assistants: Vec<String>,
        anesthesia: String,
        incision: String,
        blood_loss_ml: f64,
        implants: Vec<Implant>,
        specimen_sent: bool,
    }
}

record! {
    Implant { name: String, lot: String, }
}

record! {
    Transfusion { id: String, component: String, volume: String, blood_type: String, started_at: Instant, ended_at: Instant, reaction: bool, }
}

record! {
    /// One row of the temperature chart; °C, per minute, mmHg, %, kg.
    Vitals {
        at: Instant,
        temperature: f64,
        pulse: f64,
        respiration: f64,
        systolic: f64,
        diastolic: f64,
        spo2: f64,
        weight_kg: f64,
        height_cm: f64,
    }
}

record! {
    Consult { id: String, urgency: Urgency, requested_at: Instant, arrived_at: Instant, department: String, }
}

record! {
    Transfer { at: Instant, from: String, to: String, }
}

record! {
    Rescue { id: String, started_at: Instant, ended_at: Instant, outcome: String, }
}

record! {
    FrontPage {
        completed_at: Instant,
        main_diagnosis: CodedDiagnosis,
        other_diagnoses: Vec<CodedDiagnosis>,
        main_operation: CodedOperation,
        other_operations: Vec<CodedOperation>,
        name: String,
        sex: Sex,
        age_text: String,
        admitted_at: Instant,
        discharged_at: Instant,
        days: i64,
        /// 有 / 无.
        allergy: String,
        allergens: Vec<String>,
        blood_type: String,
        pathology_diagnosis: String,
        disposition: Disposition,
        autopsy: bool,
        /// 损伤、中毒外部原因. An empty text is a field left blank; no field at all: the system sends none.
        external_cause: String,
        rescue_count: i64,
        rescue_success_count: i64,
        death_at: Instant,
    }
}

record! {
    /// `admission_state` is 入院病情: 有, 临床未确定, 情况不明, 无.
    CodedDiagnosis { name: String, icd10: String, admission_state: String, }
}

record! {
    CodedOperation { name: String, icd9cm3: String, level: u8, surgeon: String, started_at: Instant, }
}

/// Generates a closed vocabulary: `snake_case` in JSON, an unknown word is an error that lists the known ones.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $chinese:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// The word that a Chinese reader expects.
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $chinese,)* }
            }
        }
    };
}
pub(crate) use vocabulary;

vocabulary! {
    Sex { Male = "男", Female = "女", Unknown = "未知", }
}

vocabulary! {
    AdmissionRoute { Emergency = "急诊", Outpatient = "门诊", TransferIn = "其他医疗机构转入", Other = "其他", }
}

vocabulary! {
    ConditionLevel { Critical = "病危", Serious = "病重", Stable = "稳定", }
}

vocabulary! {
    Disposition {
        Ordered = "医嘱离院",
        Transfer = "医嘱转院",
        Community = "医嘱转社区",
        AgainstAdvice = "非医嘱离院",
        Died = "死亡",
        Other = "其他",
    }
}

vocabulary! {
    DiagnosisKind {
        Outpatient = "门诊诊断",
        Admission = "入院诊断",
        Revised = "修正诊断",
        Preoperative = "术前诊断",
        Postoperative = "术后诊断",
        Pathology = "病理诊断",
        Discharge = "出院诊断",
        Death = "死亡诊断",
    }
}

vocabulary! {
    OrderKind {
        Drug = "药品",
        Lab = "检验",
        Exam = "检查",
        Procedure = "操作",
        Nursing = "护理",
        Diet = "饮食",
        Transfusion = "输血",
        Consult = "会诊",
        Transfer = "转科",
        Isolation = "隔离",
        Discharge = "出院",
        Other = "其他",
    }
}

vocabulary! {
    LabFlag {
        #[serde(rename = "N")]
        Normal = "正常",
        #[serde(rename = "L")]
        Low = "偏低",
        #[serde(rename = "H")]
        High = "偏高",
        CriticalLow = "危急值(低)",
        CriticalHigh = "危急值(高)",
        Positive = "阳性",
        Negative = "阴性",
    }
}

vocabulary! {
    Side { Left = "左侧", Right = "右侧", Both = "双侧", None = "无侧别", }
}

vocabulary! {
    Urgency { Urgent = "急会诊", Routine = "普通会诊", }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fields_make_the_whole_visit() {
        let text = include_str!("../../corpora/train/gastroenterology-clean.json");
        let (mut visit, _) = super::super::json::read(text.as_bytes(), &super::super::time::default_zone()).expect("the corpus is right");
        let schema = serde_json::to_value(schemars::schema_for!(Visit)).expect("JSON");
        let names: Vec<String> = schema["properties"].as_object().expect("properties").keys().cloned().collect();
        let all = Fields { names, of_page: None };
        let whole = |visit: &Visit| serde_json::to_value(visit).expect("JSON");
        let part = |visit: &Visit, fields: &Fields| serde_json::to_value(visit.part(fields)).expect("JSON");
        assert_eq!(part(&visit, &all), whole(&visit));
        visit.rescues = Some(Vec::new());
        visit.transfers = Some(Vec::new());
        visit.hospital = Some("某院".to_owned());
        assert_eq!(part(&visit, &all), whole(&visit));
        let empty = Visit::default();
        assert_eq!(part(&empty, &all), whole(&empty));
        let page = schema["$defs"]["FrontPage"]["properties"].as_object().expect("properties").keys().cloned().collect();
        let of_page = Fields { names: vec!["front_page".to_owned()], of_page: Some(page) };
        assert_eq!(part(&visit, &of_page)["front_page"], whole(&visit)["front_page"]);
    }
}
