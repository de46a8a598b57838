//! [`Case`]: what a draw asks of a visit: its strata, what must-check lists ask, and what the program found.

use std::collections::HashMap;

use jiff::civil::Date;

use super::policy::{List, Policy};
use crate::record::{Disposition, DocumentKind, Visit, time};
use crate::report::Report;
use crate::rules::facts;

/// One visit of the population.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Case {
    pub visit_id: String,
    pub department: String,
    /// Staff id of who wrote the discharge record, else the admission note.
    pub doctor: String,
    /// Category (three characters) of the main diagnosis, else its name.
    pub disease: String,
    /// Highest level of an operation; 0: none.
    pub operation_level: u8,
    pub stay_days: Option<i64>,
    /// Must-check lists that it is on.
    pub lists: Vec<String>,
    /// No stable finding: what it would show was missed, if anything.
    pub clean: bool,
    pub high_risk: bool,
    pub low_confidence: bool,
    pub(super) patient: String,
    pub(super) admitted: Option<Date>,
    pub(super) discharged: Option<Date>,
}

impl Case {
    /// `department`: where the patient is or was last.
    pub fn of(visit: &Visit, report: &Report, department: &str, policy: &Policy) -> Self {
        let day = |instant: Option<crate::record::Instant>| instant.map(|instant| instant.date());
        let admitted = day(visit.admission.admitted_at);
        let discharged = day(visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at));
        let stay_days = admitted.map(|from| time::days_between(from, discharged.unwrap_or(report.at.date())));
        let author = |kind| visit.documents.iter().find(|document| document.kind == Some(kind))?.author.clone();
        let main = visit.front_page.as_ref().and_then(|page| page.main_diagnosis.as_ref());
        let coded = main.map(|main| (main.icd10.as_deref(), main.name.as_deref())).or_else(|| {
            let diagnosis = visit.diagnoses.iter().flatten().find(|diagnosis| diagnosis.main == Some(true))?;
            Some((diagnosis.icd10.as_deref(), diagnosis.name.as_deref()))
        });
        let category = |code: &str| code.chars().take(3).collect::<String>();
        let mut case = Self {
            visit_id: visit.visit_id.clone(),
            department: department.to_owned(),
            doctor: author(DocumentKind::DischargeRecord).or_else(|| author(DocumentKind::AdmissionNote)).unwrap_or_default(),
            disease: coded.and_then(|(code, name)| code.map(category).or(name.map(str::to_owned))).unwrap_or_default(),
            operation_level: visit.operations.iter().flatten().filter_map(|operation| operation.level).max().unwrap_or(0),
            stay_days,
            lists: Vec::new(),
            clean: report.stable().next().is_none(),
            high_risk: report.stable().any(|finding| policy.risk.severities.contains(&finding.severity))
                || report.score.as_ref().is_some_and(|score| policy.risk.grades.contains(&score.grade)),
            low_confidence: report.stable().any(|finding| f64::from(finding.confidence) < policy.risk.low_confidence),
            patient: visit.patient.patient_id.clone().unwrap_or_default(),
            admitted,
            discharged,
        };
        let on = policy.lists.iter().filter(|list| list.readmitted_within_days.is_none() && case.is_on(list, visit));
        case.lists = on.map(|list| list.id.clone()).collect();
        case
    }

    /// Whether all conditions but that of a readmission hold.
    fn is_on(&self, list: &List, visit: &Visit) -> bool {
        let disposition = visit.discharge.as_ref().and_then(|discharge| discharge.disposition);
        let age_days = || facts::age_in_years(visit).map(|years| years * 365.2425);
        let has_class = |class: &Option<String>| class.as_ref().is_some_and(|class| list.order_classes.contains(class));
        let titled = |title: &Option<String>| title.as_ref().is_some_and(|title| list.titles.iter().any(|word| title.contains(word)));
        (!list.died || disposition == Some(Disposition::Died))
            && (list.dispositions.is_empty() || disposition.is_some_and(|disposition| list.dispositions.contains(&disposition)))
            && list.stay_days_over.is_none_or(|days| self.stay_days.is_some_and(|stay| stay > days))
            && list.operation_level.is_none_or(|level| self.operation_level >= level)
            && (!list.reoperation || is_reoperated(visit))
            && (!list.rescued || visit.rescues.iter().flatten().next().is_some())
            && (!list.critical_value || visit.critical_values.iter().flatten().next().is_some())
            && (!list.transfusion_reaction || visit.transfusions.iter().flatten().any(|transfusion| transfusion.reaction == Some(true)))
            && (list.order_classes.is_empty() || visit.orders.iter().flatten().any(|order| has_class(&order.class)))
            && list.age_days_under.is_none_or(|days| age_days().is_some_and(|age| age < days as f64))
            && (list.titles.is_empty() || visit.documents.iter().any(|document| titled(&document.title)))
    }
}

/// An operation that was not planned began after another had ended.
fn is_reoperated(visit: &Visit) -> bool {
    let operations: Vec<_> = visit.operations.iter().flatten().collect();
    let first_end = operations.iter().filter_map(|operation| operation.ended_at.or(operation.started_at)).map(|at| at.earliest()).min();
    let later = |at: crate::record::Instant| first_end.is_some_and(|end| at.earliest() > end);
    operations.iter().any(|operation| operation.elective == Some(false) && operation.started_at.is_some_and(later))
}

/// Adds the lists of readmission, which need the other stays of the patient.
pub fn add_readmissions(cases: &mut [Case], policy: &Policy) {
    let mut stays: HashMap<&str, Vec<Date>> = HashMap::new();
    for case in cases.iter().filter(|case| !case.patient.is_empty()) {
        stays.entry(&case.patient).or_default().extend(case.discharged);
    }
    let mut found: Vec<(usize, &str)> = Vec::new();
    for list in &policy.lists {
        let Some(days) = list.readmitted_within_days else { continue };
        for (index, case) in cases.iter().enumerate() {
            let Some(admitted) = case.admitted else { continue };
            let before = stays.get(case.patient.as_str()).into_iter().flatten();
            if before.map(|left| time::days_between(*left, admitted)).any(|gap| (0..=days).contains(&gap)) {
                found.push((index, &list.id));
            }
        }
    }
    for (index, id) in found {
        // A stay within one day has not followed itself.
        if cases[index].discharged != cases[index].admitted {
            cases[index].lists.push(id.to_owned());
        }
    }
}
