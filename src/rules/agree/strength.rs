//! The strength of one limb in two examinations of the same hours.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::super::places::Places;
use super::super::{Hit, Role, Subject};
use super::{Prepared, piece};
use crate::reading::Passage;
use crate::reading::text::Span;
use crate::record::time;

/// 右上肢肌力4级, 左侧肢体肌力3级, 右上、下肢肌力4-级. A range (3-4级) has another digit behind, and 近端 says that the limb is not of one strength.
static STRENGTH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(左|右)侧?(上、?下肢|上肢|下肢|肢体)肌力[约为:]?([0-5]|[ⅠⅡⅢⅣⅤ]|IV|I{1,3}|V)[-+]?级").expect("a pattern of our own")
});

/// Examined before the patient came, or told as a change.
const OTHER_TIMES: [&str; 14] =
    ["急诊", "院前", "溶栓后", "溶栓前", "发病时", "当时", "来诊", "由", "→", "加重", "好转", "恢复", "外院", "术后"];

/// Hours in which a palsy is the same in both notes.
const HOURS: i64 = 4;

type Limb = (String, char);
type Grades<'s> = BTreeMap<Limb, Vec<(i32, &'s Arc<Passage>, Span)>>;

impl Prepared {
    /// `within`: the note that is in question; `against`: the other examination.
    pub(super) fn strength(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let (here, there) = (grades(&self.places, subject), grades(&self.against, subject));
        let one = |said: &[(i32, &Arc<Passage>, Span)]| said.iter().all(|(grade, _, _)| *grade == said[0].0);
        let found = here.iter().find_map(|(limb, said)| {
            let other = there.get(limb)?;
            let differs = one(said) && one(other) && said[0].0 != other[0].0;
            (differs && is_of_same_hours(subject, said[0].1, other[0].1)).then_some((said[0], other[0]))
        });
        let Some(((_, passage, span), (_, other, other_span))) = found else { return Vec::new() };
        vec![Hit { evidence: vec![piece(passage, span, Role::This), piece(other, other_span, Role::Against)], ..Hit::default() }]
    }
}

fn is_of_same_hours(subject: &Subject<'_>, one: &Passage, other: &Passage) -> bool {
    let at = |passage: &Passage| subject.reading.document_of(passage).and_then(|document| document.time);
    match (at(one), at(other)) {
        (Some(one), Some(other)) => time::minutes_between(one.earliest(), other.earliest()).abs() <= HOURS * 60,
        _ => true,
    }
}

fn grades<'s>(places: &Places, subject: &Subject<'s>) -> Grades<'s> {
    let mut found: Grades<'s> = BTreeMap::new();
    for passage in places.passages(subject) {
        let text = passage.text.as_str();
        for said in STRENGTH.captures_iter(text) {
            let (Some(whole), Some(side), Some(limb), Some(grade)) = (said.get(0), said.get(1), said.get(2), said.get(3)) else { continue };
            let span = Span::new(whole.start(), whole.end());
            let sentence = passage.text.slice(passage.sentence_of(span));
            let Some(grade) = grade_of(grade.as_str()).filter(|_| !OTHER_TIMES.iter().any(|word| sentence.contains(word))) else {
                continue;
            };
            for limb in limbs(limb.as_str()) {
                found.entry((side.as_str().to_owned(), limb)).or_default().push((grade, passage, span));
            }
        }
    }
    found
}

fn limbs(written: &str) -> Vec<char> {
    let named: Vec<char> = written.chars().filter(|letter| "上下".contains(*letter)).collect();
    if named.is_empty() { vec!['上', '下'] } else { named }
}

fn grade_of(written: &str) -> Option<i32> {
    const ROMAN: [&str; 10] = ["Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "I", "II", "III", "IV", "V"];
    let roman = ROMAN.iter().position(|roman| *roman == written).map(|at| (at % 5) as i32 + 1);
    roman.or_else(|| written.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_and_limbs() {
        assert_eq!(limbs("肢体"), ['上', '下']);
        assert_eq!(limbs("上、下肢"), ['上', '下']);
        assert_eq!(grade_of("Ⅳ"), Some(4));
        assert_eq!(grade_of("III"), Some(3));
        assert!(STRENGTH.is_match("右上肢肌力4-级") && !STRENGTH.is_match("右上肢肌力3-4级") && !STRENGTH.is_match("右上肢近端肌力4级"));
    }
}
