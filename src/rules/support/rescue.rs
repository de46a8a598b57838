//! Pushes that a rescue record counts, against the orders written up for them.

use jiff::civil::DateTime;

use super::super::{DataEvidence, Evidence, Hit, Role, Subject};
use super::{Prepared, is_fact};
use crate::reading::measures::convert;
use crate::reading::text::Span;
use crate::reading::{ConceptId, DocumentReading, Mention, Passage};
use crate::record::{Order, OrderKind, time};

/// Hypoglycaemia is rescued with it; the other strengths are carriers.
const GLUCOSE: &str = "50%葡萄糖";

/// Pushed where this hospital's ward wrote no orders.
const ELSEWHERE: [&str; 8] = ["120", "院前", "急诊", "外院", "途中", "手术室", "术中", "麻醉"];

/// A count in a rescue record: 肾上腺素1mg静推……共3次.
struct Told {
    evidence: Evidence,
    concept: ConceptId,
    drug: String,
    times: usize,
    /// One dose with its unit, where the record gives it.
    dose: Option<(f64, String)>,
    /// From the start of this rescue to the next one; none where the record has no time.
    window: Option<(DateTime, DateTime)>,
}

impl Told {
    fn is_of(&self, order: &Order, subject: &Subject<'_>) -> bool {
        let name = order.name.as_deref().unwrap_or("");
        if self.drug == GLUCOSE { name.contains(GLUCOSE) } else { subject.knowledge.lexicon().find(name).any(|(_, id)| id == self.concept) }
    }

    /// As many orders as told, or one order of all doses together.
    fn is_met(&self, orders: &[&Order]) -> bool {
        let sum = |unit: &str| -> f64 {
            orders.iter().filter_map(|order| convert(order.dose?, order.unit.as_deref().unwrap_or(unit), unit)).sum()
        };
        let (one, unit) = self.dose.as_ref().map_or((1.0, "mg"), |(dose, unit)| (*dose, unit.as_str()));
        let ampoules: f64 = orders.iter().filter(|order| order.unit.as_deref() == Some("支")).filter_map(|order| order.dose).sum();
        let told = self.times as f64;
        orders.len() == self.times || (sum(unit) - told * one).abs() < 0.01 || (ampoules - told).abs() < 0.01
    }
}

impl Prepared {
    /// Several rescues have their own orders each: a count is held against those of its own rescue, and all counts against all orders.
    pub(super) fn rescue_count(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let told = self.told_counts(subject);
        let mut hits: Vec<Hit> = Vec::new();
        for count in &told {
            let given: Vec<&Order> = orders.iter().filter(|order| is_push(order) && count.is_of(order, subject)).collect();
            // Given again and again by one order: nobody can count it.
            if given.iter().any(|order| is_repeated(order)) {
                continue;
            }
            let in_window = |order: &&&Order| match (order.start, count.window) {
                (Some(start), Some((from, to))) => (from..to).contains(&start.earliest()),
                _ => true,
            };
            let own: Vec<&Order> = given.iter().filter(in_window).copied().collect();
            let of_drug = || told.iter().filter(|other| other.drug == count.drug);
            let all: usize = of_drug().map(|other| other.times).sum();
            // Of one rescue an order may have been dated whenever it was written up.
            let is_alone = of_drug().count() == 1 || count.window.is_none();
            // A hospital that sends no single orders has written up nothing that could be seen.
            let sends_single = !given.is_empty() || orders.iter().any(|order| order.long_term == Some(false));
            if !sends_single || all == given.len() || count.is_met(&own) || is_alone && count.is_met(&given) {
                continue;
            }
            hits.push(Hit {
                evidence: vec![count.evidence.clone()],
                data: vec![DataEvidence { path: "/orders".into(), label: format!("该次抢救{}医嘱{}条", count.drug, own.len()) }],
                slots: vec![("drug", count.drug.clone()), ("stated", count.times.to_string()), ("expected", own.len().to_string())],
                ..Hit::default()
            });
        }
        hits.truncate(1);
        Ok(hits)
    }

    /// One count of each drug in each rescue record.
    fn told_counts(&self, subject: &Subject<'_>) -> Vec<Told> {
        let lexicon = subject.knowledge.lexicon();
        let mut starts: Vec<DateTime> = self.within.documents(subject).filter_map(|document| started(subject, document)).collect();
        starts.sort();
        let mut told: Vec<Told> = Vec::new();
        for document in self.within.documents(subject) {
            let first = told.len();
            for passage in self.within.passages_of(document) {
                for mention in passage.mentions.iter().filter(|mention| is_fact(mention)) {
                    let named = passage.text.slice(mention.span);
                    let drug = if named.starts_with(GLUCOSE) {
                        GLUCOSE.to_owned()
                    } else if lexicon.is_a(mention.concept, "抢救药") {
                        lexicon.concept(mention.concept).name.to_string()
                    } else {
                        continue;
                    };
                    if told[first..].iter().any(|other| other.drug == drug) {
                        continue;
                    }
                    let ahead = Span::new(passage.sentence_of(mention.span).start as usize, mention.span.start as usize);
                    if ELSEWHERE.iter().any(|word| passage.text.slice(ahead).contains(word)) {
                        continue;
                    }
                    let Some((times, end)) = counted(passage, mention) else { continue };
                    let measure = mention.measure.and_then(|index| passage.measures.get(index as usize));
                    told.push(Told {
                        evidence: Evidence {
                            passage: passage.clone(),
                            span: Span::new(mention.span.start as usize, end),
                            role: Role::This,
                        },
                        concept: mention.concept,
                        drug,
                        times,
                        dose: measure.filter(|measure| measure.second.is_none()).map(|measure| (measure.value, measure.unit.to_string())),
                        window: started(subject, document).map(|from| (from, next(&starts, from))),
                    });
                }
            }
        }
        told
    }
}

/// When the rescue of a record began, by the data, else at most the six hours before in which it must be written.
fn started(subject: &Subject<'_>, document: &DocumentReading) -> Option<DateTime> {
    const WRITTEN_WITHIN: i64 = 6 * 60;
    const SLACK: i64 = 10;
    let written = document.time.filter(|at| at.has_time())?;
    let rescues = subject.visit.rescues.iter().flatten().filter_map(|rescue| rescue.started_at).map(|at| at.earliest());
    let begun = rescues.filter(|at| *at <= written.latest()).max().map(|at| time::plus_minutes(at, -SLACK));
    Some(begun.unwrap_or_else(|| time::plus_minutes(written.earliest(), -WRITTEN_WITHIN)))
}

fn next(starts: &[DateTime], from: DateTime) -> DateTime {
    const A_DAY: i64 = 24 * 60;
    starts.iter().copied().find(|start| *start > from).unwrap_or_else(|| time::plus_minutes(from, A_DAY))
}

/// A single dose into the vein, the muscle or the airway; pumps, sprays and what stops bleeding on the spot are no pushes.
fn is_push(order: &Order) -> bool {
    const OTHER: [&str; 9] = ["泵", "雾化", "吸入", "局部", "外用", "冲洗", "皮试", "滴鼻", "滴眼"];
    let words = [&order.name, &order.route].into_iter().flatten();
    let otherwise = words.into_iter().any(|text| OTHER.iter().any(|word| text.contains(word)));
    let is_rate = order.unit.as_deref().is_some_and(|unit| unit.contains(['/', '·']));
    order.kind.is_none_or(|kind| kind == OrderKind::Drug) && order.long_term != Some(true) && !otherwise && !is_rate
}

/// 每3分钟1次, q5min, 必要时, 1mg×3: one order for several pushes.
fn is_repeated(order: &Order) -> bool {
    const ONCE: [&str; 8] = ["once", "st", "st.", "stat", "即刻", "临时", "立即", "1次"];
    let often = order.frequency.as_deref().map(|text| text.trim().to_ascii_lowercase()).filter(|text| !text.is_empty());
    let in_name = order.name.as_deref().is_some_and(|name| name.contains(['×', '次', '*']));
    in_name || often.is_some_and(|text| !ONCE.contains(&text.as_str()))
}

/// How often the record says that this drug was pushed, and where it says so.
fn counted(passage: &Passage, mention: &Mention) -> Option<(usize, usize)> {
    let text = passage.text.as_str();
    let from = mention.span.end as usize;
    let sentence = passage.sentence_of(mention.span).end as usize;
    let next_drug = passage.mentions.iter().map(|other| other.span.start as usize).filter(|start| *start >= from);
    let next_drug = next_drug.filter(|start| text[*start..].starts_with("去甲") || is_drug_at(passage, *start)).min().unwrap_or(sentence);
    let (times, end) = times_told(&text[from..sentence.min(next_drug).max(from)])?;
    Some((times, from + end))
}

/// Another dose begins there: a mention with an amount in mg, ml, U or g.
fn is_drug_at(passage: &Passage, start: usize) -> bool {
    const UNITS: [&str; 6] = ["mg", "ml", "U", "g", "μg", "IU"];
    passage.mentions.iter().filter(|mention| mention.span.start as usize == start).any(|mention| {
        let measure = mention.measure.and_then(|index| passage.measures.get(index as usize));
        measure.is_some_and(|measure| UNITS.contains(&measure.unit.as_ref()))
    })
}

/// 02:52、02:55、02:58共3次: the total that a text gives, else the count right behind a dose (1mg静推3次), with its end.
fn times_told(text: &str) -> Option<(usize, usize)> {
    const TOTAL: [&str; 9] = ["共", "共计", "合计", "总计", "累计", "先后", "×", "连续", "反复"];
    /// What these words tell is counted in times as well.
    const OTHERWISE: [&str; 12] = ["除颤", "电击", "按压", "通气", "呼吸", "心率", "复律", "血压", "吸痰", "脉搏", "HR", "插管"];
    /// The furthest that a count without 共 may stand from its drug.
    const NEAR: usize = 60;
    let stop = OTHERWISE.iter().filter_map(|word| text.find(word)).min().unwrap_or(text.len());
    let mut near = None;
    for (at, found) in text[..stop].match_indices('次') {
        let before = text[..at].trim_end();
        let start = before.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
        let number = before[start..].parse::<usize>().ok().map(|number| (number, start));
        let number = number.or_else(|| written_number(before).map(|(number, length)| (number, before.len() - length)));
        let Some((number, start)) = number else { continue };
        // 100次/分 is a rate, 第2次 is one of them.
        let is_rate = text[at + found.len()..].starts_with(['/', '每']);
        if is_rate || !(2..=30).contains(&number) {
            continue;
        }
        let ahead = before[..start].trim_end();
        if TOTAL.iter().any(|word| ahead.ends_with(word)) {
            return Some((number, at + found.len()));
        }
        let is_part = ["第", "每", "分钟", "余"].iter().any(|word| ahead.ends_with(word)) || ahead.contains('每');
        if !is_part && at <= NEAR && near.is_none() {
            near = Some((number, at + found.len()));
        }
    }
    near
}

/// 三次, with the length of the numeral.
fn written_number(text: &str) -> Option<(usize, usize)> {
    const NUMERALS: [&str; 10] = ["两", "二", "三", "四", "五", "六", "七", "八", "九", "十"];
    let index = NUMERALS.iter().position(|numeral| text.ends_with(numeral))?;
    // 十二次 has more than one letter, and is left alone.
    let before = &text[..text.len() - NUMERALS[index].len()];
    let is_longer = NUMERALS.iter().any(|numeral| before.ends_with(numeral));
    (!is_longer).then(|| (index.max(1) + 1, NUMERALS[index].len()))
}

#[cfg(test)]
mod tests {
    use super::{times_told, written_number};

    fn times(text: &str) -> Option<usize> {
        times_told(text).map(|(times, _)| times)
    }

    #[test]
    fn counts_of_pushes() {
        assert_eq!(times("1mg静推,05:06、05:09、05:12、05:15、05:18、05:21共6次"), Some(6));
        assert_eq!(times("1mg静注,每3分钟重复1次,共4次"), Some(4));
        assert_eq!(times("1mg静推三次"), Some(3));
        assert_eq!(times("1mg静推,心率130次/分"), None);
        assert_eq!(times("1mg静推,除颤3次"), None);
        assert_eq!(times("1mg静推,第2次"), None);
    }

    #[test]
    fn written_numbers() {
        assert_eq!((written_number("两"), written_number("三"), written_number("十")), (Some((2, 3)), Some((3, 3)), Some((10, 3))));
        assert_eq!(written_number("十二"), None);
    }
}
