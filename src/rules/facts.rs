//! Small facts about a visit that several rule kinds ask for: age, stay, who someone is, what an instant is called.

use jiff::civil::{Date, DateTime};

use super::{DataEvidence, Subject};
use crate::reading::DocumentReading;
use crate::record::{Document, Lab, LabFlag, Staff, Title, Visit, time};

/// Age at admission in years with fractions, from the birth date, else from the printed age (`67岁`, `2月12天`).
pub fn age_in_years(visit: &Visit) -> Option<f64> {
    if let (Some(birth), Some(admitted)) = (visit.patient.birth_date, visit.admission.admitted_at) {
        return Some(years_between(birth.date(), admitted.date()));
    }
    visit.patient.age_text.as_deref().and_then(printed_age)
}

/// Under 28 days old at admission: much of such a record is about the mother.
pub fn is_newborn(visit: &Visit) -> bool {
    age_in_years(visit).is_some_and(|age| age < 28.0 / 365.2425)
}

/// Whole years as people count them plus the fraction of the running year.
pub fn years_between(from: Date, to: Date) -> f64 {
    time::days_between(from, to) as f64 / 365.2425
}

/// Completed years of life on `to`.
pub fn completed_years(birth: Date, to: Date) -> i64 {
    let had_birthday = (to.month(), to.day()) >= (birth.month(), birth.day());
    i64::from(to.year()) - i64::from(birth.year()) - i64::from(!had_birthday)
}

/// `67岁` → 67, `2月12天` → 0.2, `3天` → 0.008.
pub fn printed_age(text: &str) -> Option<f64> {
    crate::reading::ages::printed_age(text).map(|age| age.min_days / 365.2425)
}

/// Hours from admission to discharge, or to the moment of judging.
pub fn stay_hours(subject: &Subject<'_>) -> Option<f64> {
    let admitted = subject.visit.admission.admitted_at?;
    let end = discharged_at(subject.visit).unwrap_or(subject.at);
    Some(time::minutes_between(admitted.earliest(), end) as f64 / 60.0)
}

/// The latest moment the discharge can have been.
pub fn discharged_at(visit: &Visit) -> Option<DateTime> {
    visit.discharge.as_ref()?.discharged_at.map(|instant| instant.latest())
}

/// The staff entry of an id, or of a name where the record gives names instead of ids.
pub fn staff<'v>(visit: &'v Visit, id_or_name: &str) -> Option<&'v Staff> {
    let staff = visit.staff.as_deref()?;
    staff.iter().find(|person| person.id == id_or_name).or_else(|| staff.iter().find(|person| person.name.as_deref() == Some(id_or_name)))
}

/// A person's name for messages; the id where no name is known.
pub fn name_of<'v>(visit: &'v Visit, id_or_name: &'v str) -> &'v str {
    staff(visit, id_or_name).and_then(|person| person.name.as_deref()).unwrap_or(id_or_name)
}

pub fn title_of(visit: &Visit, id_or_name: &str) -> Option<Title> {
    staff(visit, id_or_name)?.title
}

/// The record behind a document's reading.
pub fn document<'v>(visit: &'v Visit, reading: &DocumentReading) -> &'v Document {
    &visit.documents[reading.index]
}

/// Everyone who wrote or signed a document, by id as given, without repeats.
pub fn signers(document: &Document) -> Vec<&str> {
    let mut people: Vec<&str> = Vec::new();
    let signatures = document.signatures.iter().flatten().filter_map(|signature| signature.staff.as_deref());
    for person in document.author.as_deref().into_iter().chain(signatures) {
        if !people.contains(&person) {
            people.push(person);
        }
    }
    people
}

/// A result that is positive, or above its range.
pub fn is_positive(lab: &Lab) -> bool {
    let says = |value: &str| (value.contains("阳性") || value.contains('+')) && !value.contains("阴性");
    match lab.flag {
        Some(LabFlag::Positive | LabFlag::High | LabFlag::CriticalHigh) => true,
        Some(LabFlag::Negative) => false,
        _ => lab.value.as_deref().is_some_and(says),
    }
}

/// A result as evidence: `血红蛋白 62g/L (2026-03-02 08:10)`.
pub fn lab_evidence(index: usize, lab: &Lab) -> DataEvidence {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let at = lab.reported_at.map_or(String::new(), |at| format!(" ({at})"));
    DataEvidence { path: format!("/labs/{index}"), label: format!("{} {}{}{at}", text(&lab.item), text(&lab.value), text(&lab.unit)) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn printed_ages_of_adults_and_infants() {
        let near = |text: &str, years: f64| printed_age(text).is_some_and(|age| (age - years).abs() < 0.01);
        assert!(near("67岁", 67.0) && near("67", 67.0) && near("6个月", 0.5) && near("2岁3月", 2.25));
        assert!(printed_age("3天").is_some_and(|age| age < 0.01));
        assert_eq!(printed_age("不详"), None);
    }

    #[test]
    fn a_birthday_counts_from_its_day() {
        assert_eq!(completed_years(date(1962, 3, 1), date(2026, 3, 1)), 64);
        assert_eq!(completed_years(date(1962, 3, 1), date(2026, 2, 28)), 63);
    }
}
