//! [`Applies`]: which visits a rule holds for, the same for every rule kind.

use serde::{Deserialize, Serialize};

use super::Subject;
use super::facts;
use crate::reading::documents::DocumentTable;
use crate::record::{Disposition, Sex, Visit};
use crate::rules::places::Places;

/// The `[applies]` table of a rule. Everything named must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Applies {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// Age at admission in years, both ends included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<Bounds>,
    /// Hours from admission to discharge, or to the moment of judging while in hospital.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stay_hours: Option<Bounds>,
    /// Only finished (true) or only running (false) stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discharged: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub died: Option<bool>,
    /// Ways of leaving of which the visit's must be one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disposition: Vec<Disposition>,
    /// Words of which the admitting department's name holds one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub departments: Vec<String>,
    /// Words of which it holds none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_departments: Vec<String>,
    /// Places (see [`Places`]) of which at least one must be there, e.g. a document kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// Places of which none may be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Structured lists that the rule needs (`labs`, `orders`, `operations` …); it is skipped where one was not sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

impl Bounds {
    pub fn contain(self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

/// A part of the visit that may not have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    Conditions,
    Discharge,
    Staff,
    Diagnoses,
    Orders,
    Labs,
    Cultures,
    Exams,
    Pathology,
    CriticalValues,
    Operations,
    Transfusions,
    Vitals,
    Consults,
    Transfers,
    Rescues,
    FrontPage,
}

impl Need {
    /// Whether the hospital sent it, and what it is called.
    fn look(self, visit: &Visit) -> (bool, &'static str) {
        match self {
            Need::Conditions => (visit.conditions.is_some(), "病危病重时段"),
            Need::Discharge => (visit.discharge.is_some(), "出院信息"),
            Need::Staff => (visit.staff.is_some(), "人员信息"),
            Need::Diagnoses => (visit.diagnoses.is_some(), "结构化诊断"),
            Need::Orders => (visit.orders.is_some(), "医嘱"),
            Need::Labs => (visit.labs.is_some(), "检验结果"),
            Need::Cultures => (visit.cultures.is_some(), "培养结果"),
            Need::Exams => (visit.exams.is_some(), "检查报告"),
            Need::Pathology => (visit.pathology.is_some(), "病理报告"),
            Need::CriticalValues => (visit.critical_values.is_some(), "危急值"),
            Need::Operations => (visit.operations.is_some(), "手术信息"),
            Need::Transfusions => (visit.transfusions.is_some(), "输血信息"),
            Need::Vitals => (visit.vitals.is_some(), "体温单"),
            Need::Consults => (visit.consults.is_some(), "会诊信息"),
            Need::Transfers => (visit.transfers.is_some(), "转科信息"),
            Need::Rescues => (visit.rescues.is_some(), "抢救信息"),
            Need::FrontPage => (visit.front_page.is_some(), "病案首页数据"),
        }
    }
}

/// Whether a rule holds for a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applicability {
    Yes,
    /// It does not concern this visit: a male patient's menstrual history.
    No,
    /// The stay is too short so far and goes on: nothing can be wrong yet, but what will be due is known.
    NotYet,
    /// It can't be told, because this was not sent.
    Unknown(String),
}

/// [`Applies`] with its places compiled.
#[derive(Debug, Clone)]
pub struct Scope {
    applies: Applies,
    with: Places,
    without: Places,
}

impl Scope {
    pub fn prepare(applies: &Applies, table: &DocumentTable) -> Result<Self, String> {
        Ok(Self { applies: applies.clone(), with: Places::parse(&applies.with, table)?, without: Places::parse(&applies.without, table)? })
    }

    pub fn judge(&self, subject: &Subject<'_>) -> Applicability {
        let visit = subject.visit;
        let applies = &self.applies;
        let mut is_early = false;
        let unknown = |what: &str| Applicability::Unknown(format!("未提供{what}"));
        if let Some(sex) = applies.sex {
            match visit.patient.sex {
                Some(Sex::Unknown) | None => return unknown("患者性别"),
                Some(actual) if actual != sex => return Applicability::No,
                Some(_) => {}
            }
        }
        if let Some(bounds) = applies.age {
            match facts::age_in_years(visit) {
                None => return unknown("患者年龄"),
                Some(age) if !bounds.contain(age) => return Applicability::No,
                Some(_) => {}
            }
        }
        if let Some(discharged) = applies.discharged
            && visit.discharge.is_some() != discharged
        {
            return Applicability::No;
        }
        let disposition = visit.discharge.as_ref().and_then(|discharge| discharge.disposition);
        if !applies.disposition.is_empty() && !disposition.is_some_and(|actual| applies.disposition.contains(&actual)) {
            return Applicability::No;
        }
        if let Some(died) = applies.died
            && (disposition == Some(Disposition::Died)) != died
        {
            return Applicability::No;
        }
        if let Some(bounds) = applies.stay_hours {
            match facts::stay_hours(subject) {
                None => return unknown("入院时间"),
                Some(hours) if bounds.contain(hours) => {}
                Some(hours) if visit.discharge.is_none() && bounds.max.is_none_or(|max| hours <= max) => is_early = true,
                Some(_) => return Applicability::No,
            }
        }
        let department = visit.admission.department.as_deref().unwrap_or("");
        if !applies.departments.is_empty() {
            if department.is_empty() {
                return unknown("科室");
            }
            if !applies.departments.iter().any(|word| department.contains(word.as_str())) {
                return Applicability::No;
            }
        }
        if applies.not_departments.iter().any(|word| department.contains(word.as_str())) {
            return Applicability::No;
        }
        if !self.with.is_empty() && self.with.passages(subject).next().is_none() {
            return Applicability::No;
        }
        if self.without.passages(subject).next().is_some() {
            return Applicability::No;
        }
        for need in &applies.needs {
            let (sent, name) = need.look(visit);
            if !sent {
                return unknown(name);
            }
        }
        if is_early { Applicability::NotYet } else { Applicability::Yes }
    }
}
