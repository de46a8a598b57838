//! Results that a note tells before the laboratory has reported them.

use jiff::civil::Date;

use super::super::{DataEvidence, Hit, Subject, around, events, facts};
use super::{Prepared, hit};
use crate::reading::lexicon::ConceptKind;
use crate::reading::text::Span;
use crate::reading::{Assertion, ConceptId, Passage, Relation, TimeExpression, TimeValue};
use crate::record::{Instant, Lab, time};

impl Prepared {
    /// A laboratory value in a note that was signed before the only report with that value.
    pub(super) fn result_before_report(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const ELSEWHERE: [&str; 26] = [
            "门诊",
            "外院",
            "急诊",
            "医院",
            "入院前",
            "既往",
            "上次",
            "电话",
            "床旁",
            "POCT",
            "血气",
            "指",
            "血糖仪",
            "家",
            "自测",
            "院前",
            "院外",
            "卫生院",
            "社区卫生",
            "转诊",
            "自带",
            "带来",
            "快检",
            "来电",
            "口头",
            "置换液",
        ];
        /// Units of what is given, and hardly of what is measured in blood.
        const AMOUNTS: [&str; 3] = ["g", "mg", "ml"];
        let labs = subject.visit.labs.as_deref().ok_or("未提供检验结果")?;
        let lexicon = subject.knowledge.lexicon();
        // The concepts that each item is by its whole name.
        let concepts_of = |item: &str| -> Vec<ConceptId> {
            lexicon.find(item).filter(|(span, _)| span.len() + 3 >= item.len()).map(|(_, id)| id).collect()
        };
        let concepts: Vec<Vec<ConceptId>> = labs.iter().map(|lab| concepts_of(lab.item.as_deref().unwrap_or("").trim())).collect();
        let values: Vec<Option<f64>> = labs.iter().map(|lab| lab.value.as_deref()?.trim().parse().ok()).collect();
        // Items that no mention in a text can be of: they are looked for by the name that the laboratory prints.
        let is_known = |index: usize| concepts[index].iter().any(|id| lexicon.concept(*id).kind == ConceptKind::Lab);
        let named = labs
            .iter()
            .enumerate()
            .filter_map(|(index, lab)| Some((index, lab, lab.item.as_deref()?.trim(), lab.value.as_deref()?.trim())));
        // A volume is measured at the bedside before the laboratory prints it.
        let unknown: Vec<_> = named.filter(|(index, _, item, _)| !is_known(*index) && !item.contains("尿量")).collect();
        // Another laboratory's, another time's, or added later with a time of its own: 复查cTnI 1.12ng/ml,见15:42报告.
        let excused = |passage: &Passage, span: Span, lab: &Lab, day: Date| {
            let sentence = passage.text.slice(passage.sentence_of(span));
            ELSEWHERE.iter().any(|word| sentence.contains(word))
                || is_of_other_time(passage.text.as_str(), span)
                || lab.reported_at.is_some_and(|at| is_told_after(passage, span, at, day))
        };
        let mut hits = Vec::new();
        for document in self.places.documents(subject).filter(|document| document.entries == 0) {
            // The note may have been completed after its printed time: what counts is when it was signed, and a supplement has a signature of its own.
            let record = facts::document(subject.visit, document);
            let signed = record.signatures.iter().flatten().filter_map(|signature| signature.at).max_by_key(|at| at.earliest());
            let written = events::completed_at(record).into_iter().chain(signed).max_by_key(|at| at.earliest());
            let Some(written) = written.filter(|at| at.has_time()) else { continue };
            // The day that a bare clock time in it is of.
            let day = document.time.unwrap_or(written).date();
            let early = |lab: &Lab| {
                let late = |at: Instant| time::minutes_between(written.latest(), at.earliest()) as f64 > self.spec.tolerance;
                lab.reported_at.is_some_and(|at| at.has_time() && late(at))
            };
            // One short value (钾4.4) of a sample that was not yet taken may be that of an earlier one, which is not in the list; two are no chance.
            let is_short = |lab: &Lab| lab.value.iter().flat_map(|value| value.chars()).filter(char::is_ascii_digit).count() < 3;
            // A list that has results of before the note would have this one as well.
            let is_covered = labs.iter().filter_map(|lab| lab.reported_at).any(|at| {
                let in_stay = subject.visit.admission.admitted_at.is_some_and(|admitted| at.earliest() >= admitted.earliest());
                in_stay && at.latest() <= written.earliest()
            });
            let is_chance = |passage: &Passage, span: Span, lab: &Lab| {
                is_short(lab)
                    && !(is_covered && is_of_stay(passage, span))
                    && lab.sampled_at.is_some_and(|at| at.has_time() && at.earliest() > written.latest())
            };
            let (mut of_document, mut may_be_chance) = (Vec::new(), true);
            for passage in self.places.passages_of(document) {
                for mention in passage.mentions.iter().filter(|mention| mention.assertion == Assertion::Present && !mention.quoted) {
                    if lexicon.concept(mention.concept).kind == ConceptKind::Vital {
                        continue;
                    }
                    let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
                    let equal = |value: f64| (value - measure.value).abs() < 1e-9;
                    let is_report = |index: &usize| values[*index].is_some_and(equal) && concepts[*index].contains(&mention.concept);
                    let reports: Vec<usize> = (0..labs.len()).filter(is_report).collect();
                    let span = mention.span.cover(measure.span);
                    // 血钾≥3.5mmol/L, 3.5mmol/L以上即入室, 维持血钾3.5mmol/L: what is waited for.
                    let wanted = measure.relation != Relation::Equal || is_wanted(passage.text.as_str(), span);
                    if wanted || reports.is_empty() || !reports.iter().all(|index| early(&labs[*index])) {
                        continue;
                    }
                    let lab = &labs[reports[0]];
                    // 补钾3.5g: a dose.
                    let is_dose = AMOUNTS.contains(&measure.unit.as_ref()) && lab.unit.as_deref() != Some(measure.unit.as_ref());
                    if is_dose || excused(passage, span, lab, day) {
                        continue;
                    }
                    let reported = lab.reported_at.map_or(String::new(), |at| at.to_string());
                    let mut found = hit(passage, span, Vec::new());
                    found.data.push(DataEvidence {
                        path: format!("/labs/{}", reports[0]),
                        label: format!("{}报告时间 {reported}", lab.item.as_deref().unwrap_or("")),
                    });
                    may_be_chance &= is_chance(passage, span, lab);
                    of_document.push(found);
                }
                for (index, lab, item, value) in unknown.iter().filter(|(_, lab, ..)| early(lab)) {
                    let Some(span) = quoted_result(passage.text.as_str(), item, value) else { continue };
                    let reported_before = labs.iter().any(|other| other.item == lab.item && other.value == lab.value && !early(other));
                    if reported_before || excused(passage, span, lab, day) {
                        continue;
                    }
                    let mut found = hit(passage, span, Vec::new());
                    let reported = lab.reported_at.map_or(String::new(), |at| at.to_string());
                    found.data.push(DataEvidence { path: format!("/labs/{index}"), label: format!("{item}报告时间 {reported}") });
                    may_be_chance &= is_chance(passage, span, lab);
                    of_document.push(found);
                }
            }
            if of_document.len() > 1 || !may_be_chance {
                hits.extend(of_document);
            }
        }
        Ok(hits)
    }
}

/// 入院后查白细胞计数6.9: a test of this stay, which would be in its list.
fn is_of_stay(passage: &Passage, span: Span) -> bool {
    let sentence = passage.sentence_of(span);
    let before = &passage.text.as_str()[sentence.start as usize..span.start as usize];
    ["入院后查", "入院后急查", "入院后化验", "入院后检查", "入院后复查"].iter().any(|word| before.contains(word))
}

/// 维持血红蛋白70g/L, 要求血钾3.5mmol/L方可手术: a goal or a condition, by the words of its clause around the value.
fn is_wanted(text: &str, span: Span) -> bool {
    const GOALS: [&str; 7] = ["目标", "维持", "保持", "达到", "要求", "控制在", "控制于"];
    const THEN: [&str; 5] = ["以上", "以下", "方可", "为宜", "即可"];
    let before = &text[around::start_of(text, span.start as usize, &[',', ';', '。', '\n'])..span.end as usize];
    GOALS.iter().any(|word| before.contains(word)) || THEN.iter().any(|word| text[span.end as usize..].starts_with(word))
}

/// 半年前查白蛋白28g/L, 单位体检查血红蛋白70g/L: the clause speaks of a time long before.
fn is_of_other_time(text: &str, span: Span) -> bool {
    const LONG_AGO: [&str; 6] = ["年前", "月前", "周前", "去年", "体检", "透析液"];
    let before = &text[around::start_of(text, span.start as usize, &[',', ';', '。', '\n'])..span.start as usize];
    LONG_AGO.iter().any(|word| before.contains(word))
}

/// 23:10血常规回报血红蛋白70g/L: the sentence gives a time of `day` after the report, or the note was continued with a time of its own after it.
fn is_told_after(passage: &Passage, span: Span, reported: Instant, day: Date) -> bool {
    let sentence = passage.sentence_of(span);
    let opens_line = |at: u32| at == 0 || passage.text.as_str()[..at as usize].ends_with('\n');
    let tells = |expression: &&TimeExpression| sentence.contains(expression.span) || opens_line(expression.span.start);
    passage.times.iter().filter(tells).any(|expression| {
        let at = match expression.value {
            TimeValue::Clock { hour, minute } => day.at(hour as i8, minute as i8, 0, 0),
            TimeValue::Date(date) => {
                let (Some(month), Some(of_month), Some(hour)) = (date.month, date.day, date.hour) else { return false };
                let Ok(day) = Date::new(date.year.unwrap_or(day.year()), month as i8, of_month as i8) else { return false };
                day.at(hour as i8, date.minute.unwrap_or(0) as i8, 0, 0)
            }
            _ => return false,
        };
        at >= reported.earliest()
    })
}

/// `EB病毒DNA 3860copies/mL`: an item by its name as the laboratory prints it, and its value of at least two digits close behind.
fn quoted_result(text: &str, item: &str, value: &str) -> Option<Span> {
    const NEAR: usize = 8;
    if item.chars().count() < 3 || value.chars().filter(char::is_ascii_digit).count() < 2 || value.parse::<f64>().is_err() {
        return None;
    }
    text.match_indices(item).find_map(|(at, item)| {
        let rest = &text[at + item.len()..];
        let start = rest.find(|letter: char| letter.is_ascii_digit())?;
        let number = rest[start..].split(|letter: char| !letter.is_ascii_digit() && letter != '.').next()?;
        let near = start <= NEAR && !rest[..start].contains(['。', ';', ',']);
        (near && number == value).then(|| Span::new(at, at + item.len() + start + number.len()))
    })
}
