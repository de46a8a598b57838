//! Doses of orders and text: single doses, daily doses, and orders that leave something out.

use super::super::{DataEvidence, Hit, Subject, facts};
use super::{Prepared, hit};
use crate::reading::Experiencer;
use crate::reading::measures::convert;
use crate::record::{Order, OrderKind};

/// Drops, ointments and the like are dosed by hand, and their name tells where they go; formulas are made up elsewhere.
const BY_HAND: [&str; 34] = [
    "滴眼",
    "滴耳",
    "滴鼻",
    "点眼",
    "涂眼",
    "眼液",
    "眼膏",
    "滴右",
    "滴左",
    "滴双",
    "外用",
    "膏",
    "凝胶",
    "贴",
    "敷",
    "涂",
    "喷",
    "吸入",
    "粉雾",
    "雾化",
    "吹",
    "含漱",
    "洗剂",
    "栓",
    "灌肠",
    "开塞露",
    "透析液",
    "营养",
    "中药",
    "汤",
    "颗粒剂",
    "草药",
    "饮片",
    "氧气",
];

/// Tests, flushing, what is kept at hand and what the patient takes home or brought along have neither a frequency nor a start of their own.
const NO_COURSE: [&str; 9] = ["皮试", "皮肤试验", "封管", "冲管", "出院带药", "自备", "备用", "嘱托", "带药"];

impl Prepared {
    pub(super) fn doses(&self, subject: &Subject<'_>) -> Vec<Hit> {
        const GROWN: f64 = 14.0;
        const OF_CHILD: [&str; 3] = ["患儿", "新生儿", "早产儿"];
        const POISONED: [&str; 7] = ["误服", "吞服", "自服", "服毒", "自杀", "过量", "一次口服"];
        let is_child = facts::age_in_years(subject.visit).is_some_and(|age| age < GROWN);
        let doses = &subject.knowledge.tables.doses;
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for (index, order) in subject.visit.orders.iter().flatten().enumerate() {
            let (Some(name), Some(dose), Some(unit)) = (order.name.as_deref(), order.dose, order.unit.as_deref()) else { continue };
            if is_given_locally(order) {
                continue;
            }
            for (_, id) in lexicon.find(name) {
                let Some(bounds) = doses.get(lexicon.concept(id).name.as_ref()) else { continue };
                if let Some(limit) = bounds.broken_by(dose, unit, order.route.as_deref(), is_child) {
                    let label = format!("{name} {dose}{unit} {}", order.route.as_deref().unwrap_or(""));
                    hits.push(Hit {
                        data: vec![DataEvidence { path: format!("/orders/{index}"), label: label.trim().to_owned() }],
                        slots: vec![("stated", label.trim().to_owned()), ("bounds", limit)],
                        ..Hit::default()
                    });
                }
            }
        }
        for passage in self.places.passages(subject) {
            for mention in passage.mentions.iter().filter(|mention| mention.experiencer == Experiencer::Patient && !mention.quoted) {
                let concept = lexicon.concept(mention.concept);
                let Some(bounds) = doses.get(concept.name.as_ref()) else { continue };
                let measure = mention.measure.and_then(|index| passage.measures.get(index as usize));
                // Kilograms are the patient's.
                let Some(measure) = measure.filter(|measure| measure.unit.as_ref() != "kg") else { continue };
                // Few doses break a bound (of a child's never more): only their sentences are searched.
                let broken = |of_child: bool| bounds.broken_by(measure.value, &measure.unit, None, of_child);
                if broken(is_child).is_none() {
                    continue;
                }
                let span = mention.span.cover(measure.span);
                let sentence = passage.text.slice(passage.sentence_of(span));
                // 64mg/50ml is what is in the syringe; what was swallowed as a poison was not prescribed.
                let is_mixture = passage.text.as_str()[measure.span.end as usize..].starts_with(['/', '+']);
                let is_poison = POISONED.iter().any(|word| sentence.contains(word));
                if is_mixture || is_poison || is_local(sentence) {
                    continue;
                }
                let of_child = is_child || OF_CHILD.iter().any(|word| sentence.contains(word));
                if let Some(limit) = broken(of_child) {
                    hits.push(hit(passage, span, vec![("stated", passage.text.quote(span).to_owned()), ("bounds", limit)]));
                }
            }
        }
        hits
    }

    pub(super) fn daily_doses(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const LOADING: [&str; 5] = ["首剂", "首次", "负荷", "冲击", "化疗"];
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for (index, order) in orders.iter().enumerate() {
            let (Some(name), Some(dose), Some(unit)) = (order.name.as_deref(), order.dose, order.unit.as_deref()) else { continue };
            let Some((times, frequency)) = order.frequency.as_deref().and_then(|text| times_a_day(text).map(|times| (times, text))) else {
                continue;
            };
            let loading =
                LOADING.iter().any(|word| name.contains(word) || order.purpose.as_deref().is_some_and(|text| text.contains(word)));
            if loading || is_given_locally(order) || order.long_term == Some(false) {
                continue;
            }
            let bounds = lexicon.find(name).find_map(|(_, id)| subject.knowledge.tables.doses.get(lexicon.concept(id).name.as_ref()));
            let Some((bounds, most)) = bounds.and_then(|bounds| bounds.max_day.map(|most| (bounds, most))) else { continue };
            let Some(total) = convert(dose, unit, &bounds.unit).map(|dose| dose * times) else { continue };
            if total > most * 1.001 {
                let label = format!("{name} {dose}{unit} {frequency}");
                hits.push(Hit {
                    data: vec![DataEvidence { path: format!("/orders/{index}"), label: label.clone() }],
                    slots: vec![
                        ("stated", label),
                        ("bounds", format!("每日总量{}{},上限{most}{}", (total * 1000.0).round() / 1000.0, bounds.unit, bounds.unit)),
                    ],
                    anchor: order.id.clone().unwrap_or_else(|| index.to_string()),
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    pub(super) fn order_fields(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        // A dose may stand in the name (胰岛素50U+0.9%氯化钠50ml); an order given once has no frequency.
        let has_dose: Has = |order| {
            let in_name = order.name.as_deref().is_some_and(|name| name.contains(|c: char| c.is_ascii_digit()));
            order.dose.is_some() || is_by_hand(order) || in_name
        };
        let has_route: Has = |order| is_by_hand(order) || order.route.as_deref().is_some_and(|route| !route.trim().is_empty());
        let has_frequency: Has = |order| {
            order.long_term != Some(true) || is_by_hand(order) || order.frequency.as_deref().is_some_and(|text| !text.trim().is_empty())
        };
        // In intensive care the pump runs by protocol.
        let department = subject.visit.admission.department.as_deref().unwrap_or("");
        let is_intensive = ["ICU", "重症"].iter().any(|word| department.contains(word));
        let is_pumped = |order: &Order| is_intensive && order.route.as_deref().is_some_and(|route| route.contains('泵'));
        incomplete(
            subject,
            |order| order.kind == Some(OrderKind::Drug) && !is_pumped(order),
            &[("剂量", has_dose), ("给药途径", has_route), ("频次", has_frequency)],
        )
    }

    /// Every order has a start, so that all of them tell whether the hospital sends it.
    pub(super) fn order_start(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        incomplete(subject, |_| true, &[("开始时间", |order| order.start.is_some())])
    }
}

/// Whether an order has a field, or needs none.
type Has = fn(&Order) -> bool;

fn holds_one(order: &Order, words: &[&str]) -> bool {
    [&order.name, &order.route, &order.purpose].into_iter().flatten().any(|text| words.iter().any(|word| text.contains(word)))
}

fn is_by_hand(order: &Order) -> bool {
    holds_one(order, &BY_HAND)
}

/// Drug orders without one of the fields that nearly all others have, of those which have it as a rule.
fn incomplete(subject: &Subject<'_>, has_fields: impl Fn(&Order) -> bool, fields: &[(&str, Has)]) -> Result<Vec<Hit>, String> {
    /// With one other order that has the field, the hospital is known to send it.
    const FEWEST: usize = 2;
    let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
    // └氯化钾注射液 is a row of the group above it.
    let of_group = |order: &Order| order.name.as_deref().is_some_and(|name| name.starts_with(['└', '┗', '├', '┣', '+']));
    let counts = |order: &Order| has_fields(order) && !holds_one(order, &NO_COURSE) && !of_group(order);
    let comparable: Vec<(usize, &Order)> = orders.iter().enumerate().filter(|(_, order)| counts(order)).collect();
    let is_alone = comparable.len() == 1 && fields.len() > 1;
    let mut hits = Vec::new();
    for (index, order) in comparable.iter().copied().filter(|(_, order)| order.kind == Some(OrderKind::Drug)) {
        // Dose, route and frequency are sent together: a single order that has two of them shows it.
        let has_rest =
            || [order.dose.is_some(), order.route.is_some(), order.frequency.is_some()].into_iter().filter(|sent| *sent).count() >= 2;
        // A field that this hospital does not send is unknown, not missing: most other orders must have it.
        let usual = |has: Has| {
            let others = comparable.iter().filter(|(other, _)| *other != index);
            let held = others.filter(|(_, other)| has(other)).count();
            comparable.len() >= FEWEST && held * 5 >= (comparable.len() - 1) * 4 || is_alone && has_rest()
        };
        let missing: Vec<&str> = fields.iter().filter(|(_, has)| !has(order) && usual(*has)).map(|(name, _)| *name).collect();
        if !missing.is_empty() {
            let label = format!("{}{}", order.name.as_deref().unwrap_or(""), order.start.map_or(String::new(), |at| format!(" ({at})")));
            hits.push(Hit {
                data: vec![DataEvidence { path: format!("/orders/{index}"), label: label.clone() }],
                slots: vec![("stated", label), ("missing", missing.join("、"))],
                anchor: order.id.clone().unwrap_or_else(|| index.to_string()),
                ..Hit::default()
            });
        }
    }
    Ok(hits)
}

fn is_given_locally(order: &Order) -> bool {
    [&order.name, &order.route].into_iter().flatten().any(|words| is_local(words))
}

/// On the skin, in the eye, rinsed or inhaled, or into one place of the body: the bounds are of what is taken or injected.
fn is_local(words: &str) -> bool {
    const WAYS: [&str; 29] = [
        "外用",
        "外敷",
        "外涂",
        "外洗",
        "涂",
        "湿敷",
        "滴眼",
        "滴耳",
        "滴鼻",
        "点眼",
        "含漱",
        "漱口",
        "冲洗",
        "雾化",
        "吸入",
        "灌洗",
        "鞘内",
        "椎管内",
        "硬膜外",
        "蛛网膜下",
        "玻璃体",
        "前房",
        "结膜下",
        "球旁",
        "脑室",
        "皮试",
        "镇痛泵",
        "PCA",
        "PCIA",
    ];
    WAYS.iter().any(|word| words.contains(word))
}

/// How often a day a frequency means; `None` for what is not given by the clock (`prn`, `st`).
pub(in crate::rules) fn times_a_day(frequency: &str) -> Option<f64> {
    let text = frequency.trim().to_ascii_lowercase();
    let times = match text.as_str() {
        "qd" | "qn" | "qm" | "qam" | "qpm" | "q24h" | "每日1次" | "每日一次" | "1次/日" | "每晚1次" | "每天1次" => 1.0,
        "bid" | "q12h" | "每日2次" | "每日两次" | "每日二次" | "2次/日" | "每天2次" => 2.0,
        "tid" | "q8h" | "每日3次" | "每日三次" | "3次/日" | "每天3次" => 3.0,
        "qid" | "q6h" | "每日4次" | "每日四次" | "4次/日" | "每天4次" => 4.0,
        "q4h" => 6.0,
        "q3h" => 8.0,
        "q2h" => 12.0,
        _ => return None,
    };
    Some(times)
}

#[cfg(test)]
mod tests {
    use super::{is_local, times_a_day};

    #[test]
    fn what_stays_outside_of_the_body() {
        assert!(is_local("外用") && is_local("雾化吸入") && is_local("双眼滴眼"));
        assert!(!is_local("口服") && !is_local("静脉滴注"));
    }

    #[test]
    fn frequencies_by_the_clock() {
        assert_eq!(times_a_day("TID"), Some(3.0));
        assert_eq!(times_a_day("每日2次"), Some(2.0));
        assert_eq!(times_a_day("prn"), None);
        assert_eq!(times_a_day("qod"), None);
    }
}
