//! Values of laboratory items quoted in notes, against the reports.

use super::super::{DataEvidence, Hit, Role, Subject};
use super::text::is_goal_or_history;
use super::{Prepared, piece};
use crate::reading::lexicon::Lexicon;
use crate::reading::measures::{convert, number_in};
use crate::reading::{Assertion, ConceptId, Experiencer, Measure, Mention, Passage, Relation, TimeUnit, TimeValue};
use crate::record::{Instant, Lab, time};

/// A report of a number: what it is of, the value, its place in the list.
struct Reported<'v> {
    item: ConceptId,
    value: f64,
    /// The chemistry panel's 葡萄糖: beside it the blood sugar is taken at the bedside all day, so it proves a value right but none wrong.
    one_of_many: bool,
    index: usize,
    lab: &'v Lab,
}

impl Prepared {
    /// A value in a note against the reports up to the note: right when some report of the item has it (rounded).
    pub(super) fn lab_value(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let labs = subject.visit.labs.as_deref().ok_or("未提供检验结果")?;
        let lexicon = subject.knowledge.lexicon();
        let reports: Vec<Reported<'_>> = labs.iter().enumerate().filter_map(|(index, lab)| reported(lexicon, index, lab)).collect();
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let Some(written) = document.time else { continue };
            for passage in self.places.passages_of(document) {
                for mention in passage.mentions.iter().filter(|mention| {
                    mention.experiencer == Experiencer::Patient && mention.assertion == Assertion::Present && !mention.quoted
                }) {
                    let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
                    let Some(wrong) = miscopied(&reports, passage, mention, measure, written) else { continue };
                    let lab = wrong.lab;
                    let reported = lab.reported_at.map_or(String::new(), |at| format!(" ({at})"));
                    let label =
                        format!("{} {}{}{reported}", lab.item.as_deref().unwrap_or(""), wrong.value, lab.unit.as_deref().unwrap_or(""));
                    let span = mention.span.cover(measure.span);
                    hits.push(Hit {
                        evidence: vec![piece(passage, span, Role::This)],
                        data: vec![DataEvidence { path: format!("/labs/{}", wrong.index), label: label.clone() }],
                        slots: vec![("stated", passage.text.quote(span).to_owned()), ("expected", label)],
                        ..Hit::default()
                    });
                }
            }
        }
        Ok(hits)
    }
}

fn reported<'v>(lexicon: &Lexicon, index: usize, lab: &'v Lab) -> Option<Reported<'v>> {
    let name = lab.item.as_deref()?;
    let value = lab.value.as_deref()?.trim().parse::<f64>().ok()?;
    let fluid = |specimen: &str| ["尿", "脑脊液", "胸", "腹", "引流"].iter().any(|word| specimen.contains(word));
    // Outside of reports 葡萄糖 is a drug.
    let one_of_many = name.trim() == "葡萄糖" && !lab.specimen.as_deref().is_some_and(fluid);
    let item = if one_of_many { lexicon.id("血糖")? } else { lexicon.find(name).find(|(span, _)| span.len() + 3 >= name.len())?.1 };
    Some(Reported { item, value, one_of_many, index, lab })
}

/// The report that a value should have been copied from, where no report of the item has it.
fn miscopied<'r, 'v>(
    reports: &'r [Reported<'v>],
    passage: &Passage,
    mention: &Mention,
    measure: &Measure,
    written: Instant,
) -> Option<&'r Reported<'v>> {
    if measure.second.is_some() || measure.relation != Relation::Equal {
        return None;
    }
    let day = written.date();
    let of_item = || reports.iter().filter(|report| report.item == mention.concept);
    // Only a value of this hospital, reported in the week before the note, is meant to be a transcript.
    let recent = |report: &&Reported<'_>| {
        report.lab.reported_at.is_some_and(|at| at.earliest() <= written.latest() && (0..=7).contains(&time::days_between(at.date(), day)))
    };
    let unit_fits = |report: &&Reported<'_>| {
        measure.unit.is_empty()
            || report.lab.unit.as_deref().is_none_or(|unit| {
                unit == measure.unit.as_ref() || convert(1.0, &measure.unit, unit).is_some_and(|factor| (factor - 1.0).abs() < 1e-9)
            })
    };
    // 复查 speaks of the report that came last.
    let candidates: Vec<_> = of_item().filter(|report| !report.one_of_many).filter(recent).collect();
    if candidates.is_empty() || !candidates.iter().all(unit_fits) || is_goal_or_history(passage, mention.span, &["复查"]) {
        return None;
    }
    let text = passage.text.as_str();
    let before = text.get(passage.sentence_of(mention.span).start as usize..mention.span.start as usize).unwrap_or("");
    if is_after_treatment(before) || ["基础", "第1次", "第一次"].iter().any(|word| before.ends_with(word)) {
        return None;
    }
    let between = text.get(mention.span.end as usize..measure.span.start as usize).unwrap_or("");
    let is_dated = between.contains(|character: char| character.is_ascii_digit());
    if is_dated || ["最低", "最高", "由", "从"].iter().any(|word| between.contains(word)) {
        return None;
    }
    // The first value of a series, what was transfused, or an aim (使血钾达3.9mmol/L以上).
    let following = text.get(measure.span.end as usize..).unwrap_or("").trim_start();
    if ["→", "->", "治疗量", "个治疗量", "袋", "人份", "以上", "以下"].iter().any(|word| following.starts_with(*word)) {
        return None;
    }
    let matches = |value: f64| (value - measure.value).abs() <= (value.abs() * 0.02).max(0.051);
    if of_item().any(|report| matches(report.value)) {
        return None;
    }
    // Only a slip of the pen is sure: another value may be of a report that was not sent. Two digits of an older one may agree by chance.
    candidates.into_iter().rev().find(|report| {
        let age = report.lab.reported_at.map_or(i64::MAX, |at| time::days_between(at.date(), day));
        let fewest = if age <= 1 { 2 } else { 3 };
        let printed = report.lab.value.as_deref().unwrap_or("").trim();
        let telling = printed.chars().filter(char::is_ascii_digit).count() >= 4;
        let stated = number_in(passage.text.slice(measure.span));
        let notable = if age <= 1 && is_among_others_of(reports, report, passage, mention) { NOTABLE_AMONG_OTHERS } else { NOTABLE };
        let slipped = (age <= 1 || telling) && same_digits(report.value, measure.value)
            || is_one_digit_wrong(printed, stated, fewest, notable)
            || age <= 1 && is_one_digit_lost(printed, stated);
        slipped && is_of_then(passage, mention, report.lab, written)
    })
}

/// 补钾后血钾3.9mmol/L: measured after a treatment, perhaps at the bedside; 今晨复查 speaks of a report.
fn is_after_treatment(before: &str) -> bool {
    const TREATED: [&str; 9] = ["补钾", "补钠", "补钙", "补镁", "输注", "输血", "输红", "输悬", "输白蛋白"];
    const REPORTED: [&str; 4] = ["今晨", "今日", "复查", "复测"];
    let said = |words: &[&str]| words.iter().any(|word| before.contains(word));
    said(&TREATED) && !said(&REPORTED)
}

/// The sentence has other values of the report's day and copied them right: 血红蛋白128g/L,白细胞10.6×10⁹/L, of which the second is as reported.
fn is_among_others_of(reports: &[Reported<'_>], report: &Reported<'_>, passage: &Passage, mention: &Mention) -> bool {
    let sentence = passage.sentence_of(mention.span);
    let day = |lab: &Lab| lab.reported_at.map(|at| at.date());
    let others = passage.mentions.iter().filter(|other| sentence.contains(other.span) && other.concept != mention.concept);
    others.filter_map(|other| Some((other.concept, passage.measures.get(other.measure? as usize)?))).any(|(concept, measure)| {
        reports.iter().any(|other| {
            other.item == concept && day(other.lab) == day(report.lab) && (other.value - measure.value).abs() <= other.value.abs() * 0.001
        })
    })
}

/// Whether the moment that the sentence names last before the value can be the report's: 昨日, 3月4日, 16:00 speak of their own.
fn is_of_then(passage: &Passage, mention: &Mention, lab: &Lab, written: Instant) -> bool {
    /// Hours between what the note calls the time of a result, its sampling and its report.
    const HOURS: i64 = 3;
    let sentence = passage.sentence_of(mention.span);
    let named = passage.times.iter().rfind(|time| time.span.start >= sentence.start && time.span.end <= mention.span.start);
    let moments = || [lab.sampled_at, lab.reported_at].into_iter().flatten();
    match named.map(|time| time.value) {
        Some(TimeValue::Date(date)) => match (date.month, date.day) {
            (Some(month), Some(day)) => moments().any(|at| at.date().month() == month as i8 && at.date().day() == day as i8),
            _ => false,
        },
        Some(TimeValue::RelativeDay { days }) => moments().any(|at| time::days_between(written.date(), at.date()) == i64::from(days)),
        Some(TimeValue::Ago { length, .. }) => length.unit < TimeUnit::Day,
        Some(TimeValue::Clock { hour, minute }) => {
            let clock = i64::from(hour) * 60 + i64::from(minute);
            moments().any(|at| {
                let of_day = at.latest().time();
                (i64::from(of_day.hour()) * 60 + i64::from(of_day.minute()) - clock).abs() <= HOURS * 60
            })
        }
        _ => true,
    }
}

/// By which share a wrong digit must change the value: more than what comes of measuring twice, or more than rounding where other values of the
/// same report stand beside it.
const NOTABLE: f64 = 0.2;
const NOTABLE_AMONG_OTHERS: f64 = 0.05;

/// 6.9 for 3.9: of at least `fewest` digits as printed one is wrong, and the value is another by the `notable` share.
fn is_one_digit_wrong(reported: &str, stated: &str, fewest: usize, notable: f64) -> bool {
    let (Ok(a), Ok(b)) = (reported.parse::<f64>(), stated.parse::<f64>()) else { return false };
    // 0.3 has one digit that tells something.
    let digits = reported.trim_start_matches(['0', '.']).chars().filter(char::is_ascii_digit).count();
    let differing = reported.chars().zip(stated.chars()).filter(|(one, other)| one != other).count();
    reported.len() == stated.len() && digits >= fewest && differing == 1 && (a - b).abs() >= a.abs() * notable
}

/// 86 for 186, 1.5 for 11.5: of three digits one is missing, and it was not the last behind the point.
fn is_one_digit_lost(reported: &str, stated: &str) -> bool {
    let digits = reported.chars().filter(char::is_ascii_digit).count();
    let (Ok(a), Ok(b)) = (reported.parse::<f64>(), stated.parse::<f64>()) else { return false };
    let without = |index: usize| format!("{}{}", &reported[..index], &reported[index + 1..]);
    digits >= 3
        && (a - b).abs() >= a.abs() * NOTABLE
        && reported.char_indices().any(|(index, digit)| digit.is_ascii_digit() && without(index) == stated)
}

/// 2.5, 5.2 and 25 have the same digits.
fn same_digits(a: f64, b: f64) -> bool {
    let digits = |value: f64| {
        let mut digits: Vec<char> = value.to_string().chars().filter(|character| ('1'..='9').contains(character)).collect();
        digits.sort_unstable();
        digits
    };
    digits(a) == digits(b)
}

#[cfg(test)]
mod tests {
    use super::{NOTABLE, NOTABLE_AMONG_OTHERS, is_one_digit_lost, is_one_digit_wrong, same_digits};

    #[test]
    fn slips_of_the_pen() {
        let is_wrong = |reported, stated, fewest| is_one_digit_wrong(reported, stated, fewest, NOTABLE);
        assert!(is_wrong("4.0", "6.0", 2) && is_wrong("196", "496", 3));
        // Measured twice, or two digits apart.
        assert!(!is_wrong("138", "139", 2) && !is_wrong("2.9", "3.6", 2) && !is_wrong("118", "128", 2));
        assert!(!is_wrong("7", "4", 2) && !is_wrong("0.3", "0.2", 2) && !is_wrong("5.2", "8.2", 3));
        assert!(is_one_digit_wrong("118", "128", 2, NOTABLE_AMONG_OTHERS) && !is_one_digit_wrong("138", "139", 2, NOTABLE_AMONG_OTHERS));
        assert!(is_one_digit_lost("186", "86") && is_one_digit_lost("11.5", "1.5"));
        assert!(!is_one_digit_lost("11.5", "11.") && !is_one_digit_lost("12", "2") && !is_one_digit_lost("100.5", "100"));
        assert!(same_digits(2.5, 5.2) && !same_digits(2.5, 2.6));
    }
}
