//! Doses of orders and text: single doses, daily doses, and orders that leave something out.

use super::super::{DataEvidence, Hit, Subject, facts};
use super::{Prepared, hit};
use crate::reading::Experiencer;
use crate::reading::measures::convert;
use crate::reading::text::Span;
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
            let is_nebulised = order.route.as_deref().is_some_and(|route| route.contains("雾化"));
            if is_given_locally(order) && !is_nebulised {
                continue;
            }
            for (span, id) in lexicon.find(name) {
                let Some(bounds) = doses.get(lexicon.concept(id).name.as_ref()) else { continue };
                let broken_by = |dose: f64, unit: &str| {
                    if is_nebulised {
                        bounds.broken_by_inhaling(dose, unit)
                    } else {
                        bounds.broken_by(dose, unit, order.route.as_deref(), is_child)
                    }
                };
                let as_grams = || dissolved(name, span, dose, unit).and_then(|grams| broken_by(grams, "g"));
                let broken = broken_by(dose, plain_unit(unit)).or_else(as_grams);
                if let Some(limit) = broken {
                    hits.push(of_order(index, order, limit));
                }
            }
            let is_bounded = hits.last().is_some_and(|hit| hit.data[0].path == format!("/orders/{index}"));
            if let Some(limit) = too_heavy(name, dose, unit).filter(|_| !is_bounded) {
                hits.push(of_order(index, order, limit));
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
        let has_dose: Has = |order| order.dose.is_some() || order.name.as_deref().is_some_and(names_amount) || is_by_hand(order);
        let has_route: Has = |order| order.route.as_deref().is_some_and(|route| !route.trim().is_empty()) || is_by_hand(order);
        let has_frequency: Has = |order| {
            order.long_term != Some(true) || order.frequency.as_deref().is_some_and(|text| !text.trim().is_empty()) || is_by_hand(order)
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

/// A solution for the nebuliser (吸入用布地奈德混悬液) is measured as an injection is; a puff is not.
fn is_by_hand(order: &Order) -> bool {
    let is_measured = order.name.as_deref().is_some_and(|name| name.starts_with("吸入用") && name.contains('液'));
    holds_one(order, &BY_HAND) && !is_measured
}

/// 胰岛素50U+0.9%氯化钠50ml: an amount with its unit, not a strength (10%氯化钾), a number of the drug (维生素B1) or what it goes into (加5%葡萄糖500ml).
fn names_amount(name: &str) -> bool {
    const UNITS: [&str; 26] = [
        "mg", "MG", "g", "G", "kg", "μg", "ug", "ml", "mL", "ML", "L", "l", "U", "u", "IU", "iu", "万", "片", "粒", "支", "袋", "瓶",
        "mmol", "单位", "包", "丸",
    ];
    const INTO: [&str; 8] = ["(加", "(入", "(溶", "(配", "（加", "（入", "（溶", "（配"];
    let own = INTO.iter().filter_map(|word| name.find(word)).min().unwrap_or(name.len());
    let name = &name[..own];
    name.char_indices().filter(|(_, character)| character.is_ascii_digit()).any(|(at, _)| {
        let before = name[..at].trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
        let after = name[at + 1..].trim_start();
        !before.ends_with(|character: char| character.is_ascii_alphabetic()) && UNITS.iter().any(|unit| after.starts_with(unit))
    })
}

/// Grams in so many ml of a solution of one drug: 10%氯化钾注射液 15ml.
fn dissolved(name: &str, drug: Span, dose: f64, unit: &str) -> Option<f64> {
    const OTHERS: [char; 7] = ['+', '＋', '加', '入', '配', '含', '%'];
    let strength = name[..drug.start as usize].strip_suffix('%')?;
    let digits = strength.trim_start_matches(|character: char| !character.is_ascii_digit());
    let is_alone = !name[drug.start as usize..].contains(OTHERS) && matches!(unit, "ml" | "mL" | "ML" | "毫升");
    Some(digits.parse::<f64>().ok().filter(|_| is_alone)? * dose / 100.0)
}

/// No tablet weighs five grams and no ampoule holds thirty of a drug, whatever drug it is; of sugar, salt and protein they do.
fn too_heavy(name: &str, dose: f64, unit: &str) -> Option<String> {
    const FOOD: [&str; 29] = [
        "糖",
        "氯化钠",
        "甘露醇",
        "蛋白",
        "氨基酸",
        "氨酸",
        "脂肪",
        "碳酸",
        "淀粉",
        "明胶",
        "甘油",
        "山梨",
        "木糖",
        "磷霉素",
        "青霉素",
        "林格",
        "乳酸",
        "氨酰胺",
        "硫酸镁",
        "氨丁三醇",
        "碘",
        "钆",
        "饮片",
        "营养",
        "丙球",
        "乙醇",
        "枸橼酸",
        "炭",
        "造影",
    ];
    let grams = convert(dose, unit, "g").filter(|_| !FOOD.iter().any(|word| name.contains(word)))?;
    let limit = if name.contains("片") || name.contains("胶囊") {
        5.0
    } else if name.contains("注射") {
        30.0
    } else {
        return None;
    };
    (grams >= limit).then(|| format!("一次不应达{limit}g"))
}

fn of_order(index: usize, order: &Order, limit: String) -> Hit {
    let text = |field: &Option<String>| field.as_deref().unwrap_or("").to_owned();
    let label = format!("{} {}{} {}", text(&order.name), order.dose.unwrap_or(0.0), text(&order.unit), text(&order.route));
    Hit {
        data: vec![DataEvidence { path: format!("/orders/{index}"), label: label.trim().to_owned() }],
        slots: vec![("stated", label.trim().to_owned()), ("bounds", limit)],
        ..Hit::default()
    }
}

/// 4000AxaIU: the kind of unit is the drug's.
fn plain_unit(unit: &str) -> &str {
    ["AxaIU", "AXaIU", "aXaIU", "抗XaIU", "抗Xa IU"].iter().find(|axa| **axa == unit).map_or(unit, |_| "IU")
}

/// Drug orders without one of the fields that nearly all others have, of those which have it as a rule.
fn incomplete(subject: &Subject<'_>, has_fields: impl Fn(&Order) -> bool, fields: &[(&str, Has)]) -> Result<Vec<Hit>, String> {
    /// With one other order that has the field, the hospital is known to send it.
    const FEWEST: usize = 2;
    let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
    // └氯化钾注射液 is a row of the group above it.
    let of_group = |order: &Order| order.name.as_deref().is_some_and(|name| name.starts_with(['└', '┗', '├', '┣', '+']));
    let counts = |order: &Order| has_fields(order) && !of_group(order);
    let all = || orders.iter().enumerate().filter(|(_, order)| counts(order));
    let comparable: Vec<(usize, &Order)> = all().filter(|(_, order)| !holds_one(order, &NO_COURSE)).collect();
    let is_alone = comparable.len() == 1 && fields.len() > 1;
    let mut hits = lacking(&comparable, fields, (FEWEST, 4.0 / 5.0), is_alone);
    // What goes home has no start of its own, but dose, route and frequency where all the rest of it has them.
    if fields.len() > 1 {
        let taken_home: Vec<(usize, &Order)> = all().filter(|(_, order)| holds_one(order, &["出院带药"])).collect();
        hits.extend(lacking(&taken_home, fields, (FEWEST + 1, 1.0), false));
    }
    Ok(hits)
}

/// Orders without a field that this share of the others has.
fn lacking(comparable: &[(usize, &Order)], fields: &[(&str, Has)], (fewest, share): (usize, f64), is_alone: bool) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (index, order) in comparable.iter().copied().filter(|(_, order)| order.kind == Some(OrderKind::Drug)) {
        // Dose, route and frequency are sent together: a single order that has two of them shows it.
        let has_rest =
            || [order.dose.is_some(), order.route.is_some(), order.frequency.is_some()].into_iter().filter(|sent| *sent).count() >= 2;
        // A field that this hospital does not send is unknown, not missing: most other orders must have it.
        let usual = |has: Has| {
            let others = comparable.iter().filter(|(other, _)| *other != index);
            let held = others.filter(|(_, other)| has(other)).count();
            comparable.len() >= fewest && held as f64 >= (comparable.len() - 1) as f64 * share || is_alone && has_rest()
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
    hits
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
    use super::{dissolved, is_local, names_amount, times_a_day};
    use crate::reading::text::Span;

    #[test]
    fn an_amount_is_no_strength() {
        assert!(names_amount("胰岛素50U+0.9%氯化钠50ml") && names_amount("青霉素钠80万U"));
        assert!(!names_amount("10%氯化钾注射液") && !names_amount("维生素B1片") && !names_amount("碳酸钙D3片"));
        assert!(!names_amount("维生素K1注射液（加入0.9%氯化钠100ml）"));
    }

    #[test]
    fn grams_of_a_solution() {
        let drug = |name: &str| Span::new(3, name.find('钾').expect("the drug") + 3);
        let grams = |name: &str, unit: &str| dissolved(name, drug(name), 15.0, unit);
        assert_eq!(grams("10%氯化钾注射液", "ml"), Some(1.5));
        assert_eq!(grams("10%氯化钾注射液", "g"), None);
        assert_eq!(grams("10%氯化钾注射液15ml+0.9%氯化钠500ml", "ml"), None);
    }

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
