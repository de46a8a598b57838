//! What a passage says of its patient that can't be this one's: the traces that a copy from another record leaves.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::super::agree::{is_same_name, labelled, opening_name, stated_sex, written_names};
use super::super::range::patient_age;
use super::super::{DataEvidence, Subject, facts};
use super::Stale;
use super::index::Stay;
use crate::reading::text::Span;
use crate::reading::{Experiencer, Passage};
use crate::record::Sex;

/// Years by which an age is far off, and no slip of the pen or birthday.
const YEARS_OFF: f64 = 10.0;

/// Sections that speak of other people.
const OF_OTHERS: [&str; 5] = ["家族史", "婚育史", "月经史", "出生史", "鉴别诊断"];

/// Words of a delivery ward, which a man's record has no use for.
const DELIVERY: [&str; 8] = ["宫缩", "胎心", "胎动", "恶露", "宫底", "宫口", "胎膜", "羊水"];

/// One search for all of them, which most texts have none of.
static ANY_OF_DELIVERY: LazyLock<Regex> = LazyLock::new(|| Regex::new(&DELIVERY.join("|")).expect("a pattern of our own"));

/// Words by which a sentence speaks of somebody else, or of disease in general.
const OTHER_PERSON: [&str; 20] = [
    "母",
    "妻",
    "父",
    "姐",
    "妹",
    "女儿",
    "儿子",
    "配偶",
    "新生儿",
    "产妇",
    "孕妇",
    "家属",
    "供",
    "多见",
    "同车",
    "伤者",
    "邻居",
    "献血",
    "陪护",
    "亲属",
];

/// A statement that does not fit this patient.
#[derive(Debug, Clone)]
pub struct Trace {
    pub kind: Stale,
    pub passage: Arc<Passage>,
    pub span: Span,
    pub stated: String,
    /// The patient's own fact.
    pub own: DataEvidence,
}

impl Trace {
    /// Whether the other patient is the one that it does fit.
    pub fn fits(&self, other: &Stay) -> bool {
        match self.kind {
            Stale::Name => other.name.as_deref().is_some_and(|name| name == self.stated),
            Stale::Sex => other.sex.is_some_and(|sex| sex.chinese() == self.stated),
            Stale::Age => other.age.is_some_and(|age| self.stated.parse::<f64>().is_ok_and(|stated| (age - stated).abs() < 1.5)),
            Stale::Bed => other.bed.as_deref().is_some_and(|bed| digits(bed) == self.stated),
            _ => false,
        }
    }
}

/// The traces of the wanted kinds in a passage. A newborn's record speaks of the mother throughout and gives none.
pub fn traces(subject: &Subject<'_>, passage: &Arc<Passage>, wanted: &[Stale]) -> Vec<Trace> {
    let patient = &subject.visit.patient;
    let age = facts::age_in_years(subject.visit);
    if OF_OTHERS.contains(&passage.section.as_ref()) || age.is_some_and(|age| age < 1.0) {
        return Vec::new();
    }
    let text = passage.text.as_str();
    let mut found = Vec::new();
    let mut add = |kind: Stale, span: Span, stated: String, path: &str, label: String| {
        // 同车另一伤者,女,45岁
        let before = &text[passage.sentence_of(span).start as usize..span.start as usize];
        if OTHER_PERSON.iter().any(|person| before.contains(person)) {
            return;
        }
        let own = DataEvidence { path: path.to_owned(), label };
        found.push(Trace { kind, passage: passage.clone(), span, stated, own });
    };
    if wanted.contains(&Stale::Name)
        && let Some(name) = patient.name.as_deref()
    {
        let stated = labelled(text, "患者姓名").or_else(|| labelled(text, "姓名")).or_else(|| opening_name(text));
        let stated = stated.or_else(|| written_names(passage).into_iter().find(|(_, stated)| !is_same_name(name, stated)));
        if let Some((span, stated)) = stated.filter(|(_, stated)| !is_same_name(name, stated)) {
            add(Stale::Name, span, stated.to_owned(), "/patient/name", format!("患者姓名 {name}"));
        }
    }
    if wanted.contains(&Stale::Sex)
        && let Some(sex) = patient.sex.filter(|sex| *sex != Sex::Unknown)
    {
        let label = || format!("患者性别 {}", sex.chinese());
        if let Some((span, stated)) = stated_sex(passage).filter(|(_, stated)| *stated != sex) {
            add(Stale::Sex, span, stated.chinese().to_owned(), "/patient/sex", label());
        } else if sex == Sex::Male
            && age.is_some_and(|age| age >= 14.0)
            && let Some(span) = delivery_word(passage)
        {
            add(Stale::Sex, span, Sex::Female.chinese().to_owned(), "/patient/sex", label());
        }
    }
    if wanted.contains(&Stale::Age)
        && let Some(age) = age
        && let Some((stated, span)) = patient_age(passage).filter(|(stated, _)| (*stated as f64 - age).abs() >= YEARS_OFF)
    {
        add(Stale::Age, span, stated.to_string(), "/patient", format!("患者{}岁", age as i64));
    }
    if wanted.contains(&Stale::Bed)
        && subject.visit.transfers.as_deref().is_none_or(<[_]>::is_empty)
        && let Some(bed) = subject.visit.admission.bed.as_deref().filter(|bed| !digits(bed).is_empty())
        && let Some((span, stated)) = written_bed(text).filter(|(_, stated)| *stated != digits(bed))
    {
        add(Stale::Bed, span, stated, "/admission/bed", format!("床号 {bed}"));
    }
    found
}

fn digits(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').to_owned()
}

/// `床号:12`, `12床,患者…`: the bed that a text gives its patient.
fn written_bed(text: &str) -> Option<(Span, String)> {
    if let Some((span, value)) = labelled(text, "床号") {
        // 加1 is a bed without a number of its own.
        return Some((span, digits(value))).filter(|(_, bed)| !bed.is_empty() && !value.contains('加'));
    }
    for (at, word) in text.match_indices('床') {
        let start = at - text[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
        let after = text[at + word.len()..].trim_start_matches([',', ' ']);
        if start < at && after.starts_with("患者") && text[..start].chars().next_back().is_none_or(|before| !before.is_alphanumeric()) {
            return Some((Span::new(start, at + word.len()), digits(&text[start..at])));
        }
    }
    None
}

fn delivery_word(passage: &Passage) -> Option<Span> {
    let text = passage.text.as_str();
    if !ANY_OF_DELIVERY.is_match(text) {
        return None;
    }
    DELIVERY.iter().find_map(|word| {
        let at = text.find(word)?;
        let span = Span::new(at, at + word.len());
        let sentence = passage.text.slice(passage.sentence_of(span));
        let of_other = passage.mentions.iter().any(|mention| mention.span.overlaps(span) && mention.experiencer != Experiencer::Patient);
        (!of_other && !OTHER_PERSON.iter().any(|person| sentence.contains(person))).then_some(span)
    })
}
