//! Doses that a note says were given, against the orders of that time.

use std::sync::Arc;

use super::super::range::times_a_day;
use super::super::{DataEvidence, Hit, Role, Subject, around};
use super::{Prepared, piece};
use crate::reading::measures::convert;
use crate::reading::text::Span;
use crate::reading::{Assertion, Experiencer, Measure, Mention, Passage, Relation};
use crate::record::{Order, OrderKind, time};

const DAY_MINUTES: i64 = 24 * 60;

/// How far a dose is from every order when g was written for mg.
const SLIP: f64 = 100.0;

impl Prepared {
    /// A dose that every order of the drug in the stay differs from by a unit: 罗沙司他100g where 100mg was ordered.
    pub(super) fn dose_unit(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            for mention in passage
                .mentions
                .iter()
                .filter(|mention| lexicon.is_a(mention.concept, "药物") && mention.experiencer == Experiencer::Patient && !mention.quoted)
            {
                let Some(measure) = dose_of(passage, mention) else { continue };
                if measure.second.is_some() || measure.value <= 0.0 || measure.unit.is_empty() {
                    continue;
                }
                // A solvent is ordered by the bottle and used by the syringe.
                if lexicon.is_a(mention.concept, "补液与电解质") && measure.unit.as_ref() == "ml" {
                    continue;
                }
                // By name: a salt has another dose than its base.
                let named = passage.text.slice(mention.span);
                let of_drug = |order: &&(usize, &Order)| order.1.name.as_deref().is_some_and(|name| name.contains(named));
                let all: Vec<(usize, &Order)> = orders.iter().enumerate().collect();
                let ratios: Option<Vec<(usize, f64)>> = all
                    .iter()
                    .filter(of_drug)
                    .map(|(index, order)| {
                        let dose = convert(order.dose?, order.unit.as_deref()?, &measure.unit).filter(|dose| *dose > 0.0)?;
                        Some((*index, measure.value / dose))
                    })
                    .collect();
                let Some(ratios) = ratios.filter(|ratios| !ratios.is_empty()) else { continue };
                let slipped = ratios.iter().all(|(_, ratio)| *ratio >= SLIP) || ratios.iter().all(|(_, ratio)| *ratio <= 1.0 / SLIP);
                let is_less = ratios.iter().all(|(_, ratio)| *ratio < 1.0);
                if !slipped || is_otherwise_given(passage.text.as_str(), mention.span.cover(measure.span), is_less) {
                    continue;
                }
                let (index, order) = (ratios[0].0, &orders[ratios[0].0]);
                let label =
                    format!("{} {}{}", order.name.as_deref().unwrap_or(""), order.dose.unwrap_or(0.0), order.unit.as_deref().unwrap_or(""));
                hits.push(stated_against(passage, mention.span.cover(measure.span), index, label));
            }
        }
        Ok(hits)
    }

    /// Right when some order of the drug around the note has the dose, alone, with the others, or over the day.
    pub(super) fn ordered_dose(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const GIVEN: [&str; 9] = ["予", "给予", "口服", "静推", "静滴", "静脉", "泵入", "皮下", "维持"];
        /// Of the clause: another dose than the one that is or will be ordered.
        const OTHER: [&str; 12] = ["由", "→", "若", "如", "必要时", "建议", "可", "总量", "累计", "负荷", "首剂", "共"];
        /// Of the clause: another dose than the one that ran, which an order of about now must have.
        const CHANGED: [&str; 5] = ["增", "减", "改", "调", "换"];
        /// Of the sentence before the drug: another time or place.
        const ELSEWHERE: [&str; 21] = [
            // 甲泼尼龙60mg折合泼尼松75mg.
            "折合",
            "相当于",
            "等效",
            "外院",
            "院外",
            "门诊",
            "急诊",
            "既往",
            "曾",
            "入院前",
            "昨",
            "拟",
            "出院",
            "明日",
            "平素",
            "长期",
            "自服",
            "术中",
            "术前",
            "家中",
            "在家",
        ];
        /// A dose before these is not that of the whole day.
        const PER_DOSE: [&str; 7] = ["bid", "tid", "qid", "q12h", "q8h", "q6h", "q4h"];
        const FREQUENCIES: [&str; 18] = [
            "qd", "bid", "tid", "qid", "qn", "qod", "q12h", "q8h", "q6h", "q4h", "静滴", "口服", "皮下", "静注", "静推", "肌注", "鼻饲",
            "雾化",
        ];
        const ROUTES: [&str; 9] = ["皮下注射", "静脉注射", "静滴", "口服", "皮下", "静注", "静推", "肌注", "鼻饲"];
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let Some(at) = document.time else { continue };
            let (from, to) = (time::plus_minutes(at.earliest(), -DAY_MINUTES), time::plus_minutes(at.latest(), DAY_MINUTES));
            let today = at.date().at(0, 0, 0, 0);
            for passage in self.places.passages_of(document) {
                for mention in passage.mentions.iter().filter(|mention| {
                    lexicon.is_a(mention.concept, "药物")
                        && matches!(mention.assertion, Assertion::Present | Assertion::Planned)
                        && mention.experiencer == Experiencer::Patient
                        && !mention.quoted
                }) {
                    if ["葡萄糖", "氯化钠", "生理盐水"].iter().any(|carrier| passage.text.slice(mention.span).contains(carrier)) {
                        continue;
                    }
                    let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
                    let text = passage.text.as_str();
                    let whole = passage.sentence_of(mention.span);
                    let sentence = passage.text.slice(whole);
                    let clause = around::stretch(text, mention.span.cover(measure.span), &['。', ';', ',', '\n']);
                    let ahead = &text[whole.start as usize..mention.span.start as usize];
                    let after = text[measure.span.end as usize..].trim_start();
                    // A plan counts where it says how often, as an order does.
                    let as_order = FREQUENCIES.iter().any(|word| after.starts_with(word));
                    let given = as_order || mention.assertion == Assertion::Present && GIVEN.iter().any(|word| sentence.contains(word));
                    let changed = CHANGED.iter().any(|word| clause.contains(word));
                    if measure.second.is_some()
                        || measure.relation != Relation::Equal
                        || measure.unit.is_empty()
                        || !given
                        || OTHER.iter().any(|word| clause.contains(word))
                        || changed && !as_order
                        || ELSEWHERE.iter().any(|word| ahead.contains(word))
                    {
                        continue;
                    }
                    let near = |order: &&(usize, &Order)| {
                        order.1.kind.is_none_or(|kind| kind == OrderKind::Drug)
                            && order.1.start.is_none_or(|start| start.earliest() <= to)
                            && order.1.stop.is_none_or(|stop| stop.latest() >= from)
                            && (!changed || order.1.start.is_some_and(|start| start.latest() >= today))
                            && order.1.name.as_deref().is_none_or(|name| !is_carrier(name))
                            && lexicon.find(order.1.name.as_deref().unwrap_or("")).any(|(_, id)| id == mention.concept)
                    };
                    let all: Vec<(usize, &Order)> = orders.iter().enumerate().collect();
                    let of_drug: Vec<_> = all.iter().filter(near).collect();
                    // A dose in another dimension (2片), or inside the name of a mixture, can't be compared.
                    let dose = |order: &Order| convert(order.dose?, order.unit.as_deref()?, &measure.unit);
                    let mixed = |order: &Order| order.name.as_deref().is_some_and(|name| name.contains(['+', '＋']));
                    let doses: Option<Vec<f64>> = of_drug.iter().map(|(_, order)| dose(order).filter(|_| !mixed(order))).collect();
                    let Some(doses) = doses.filter(|doses| !doses.is_empty()) else { continue };
                    let same = |value: f64| (value - measure.value).abs() <= measure.value.abs() * 0.011;
                    let a_day = of_drug
                        .iter()
                        .zip(&doses)
                        .any(|((_, order), dose)| order.frequency.as_deref().and_then(times_a_day).is_some_and(|times| same(dose * times)));
                    // 0.5mg bid where 0.5mg qd runs.
                    let often = ROUTES.iter().find_map(|route| after.strip_prefix(route)).unwrap_or(after).trim_start();
                    let per_dose = PER_DOSE.iter().any(|word| often.starts_with(word));
                    let stated = FREQUENCIES.iter().find(|word| often.starts_with(**word)).and_then(|word| times_a_day(word));
                    let frequencies: Option<Vec<f64>> =
                        of_drug.iter().map(|(_, order)| order.frequency.as_deref().and_then(times_a_day)).collect();
                    let as_often = stated.is_none_or(|stated| {
                        frequencies.is_none_or(|frequencies| frequencies.iter().any(|times| (times - stated).abs() < 0.01))
                    });
                    if doses.iter().any(|dose| same(*dose)) && as_often || !per_dose && (same(doses.iter().sum()) || a_day) {
                        continue;
                    }
                    let (index, order) = of_drug[0];
                    let label = format!(
                        "{} {}{}{}",
                        order.name.as_deref().unwrap_or(""),
                        order.dose.unwrap_or(0.0),
                        order.unit.as_deref().unwrap_or(""),
                        order.start.map_or(String::new(), |at| format!(" ({at})"))
                    );
                    hits.push(stated_against(passage, mention.span.cover(measure.span), *index, label));
                }
            }
        }
        Ok(hits)
    }
}

/// What the text gives of a drug; its form may stand between (混悬液200mg).
fn dose_of<'p>(passage: &'p Passage, mention: &Mention) -> Option<&'p Measure> {
    const FORMS: [&str; 16] = [
        "混悬液",
        "混悬滴剂",
        "干混悬剂",
        "口服液",
        "口服溶液",
        "糖浆",
        "滴剂",
        "颗粒",
        "缓释片",
        "控释片",
        "肠溶片",
        "分散片",
        "片",
        "缓释胶囊",
        "胶囊",
        "注射液",
    ];
    let end = mention.span.end as usize;
    let behind_form = || {
        let form = FORMS.iter().find(|form| passage.text.as_str()[end..].starts_with(**form))?;
        passage.measures.iter().find(|measure| measure.span.start as usize == end + form.len())
    };
    mention.measure.and_then(|index| passage.measures.get(index as usize)).or_else(behind_form)
}

/// 硝酸甘油10μg起泵, 肝素100U封管, 垂体后叶素0.02U/min: a rate, or a small share of the ampoule that was ordered.
fn is_otherwise_given(text: &str, dose: Span, is_less: bool) -> bool {
    const RATES: [&str; 5] = ["/min", "/分", "/h", "/小时", "/kg"];
    const SMALL: [&str; 11] = ["泵", "静推", "静注", "稀释", "封管", "冲管", "皮试", "玻璃体", "前房", "鞘内", "溶栓管"];
    let clause = around::stretch(text, dose, &['。', ';', ',', '\n']);
    let after = &text[dose.end as usize..];
    RATES.iter().any(|rate| after.starts_with(rate)) || is_less && SMALL.iter().any(|word| clause.contains(word))
}

/// 0.9%氯化钠注射液(配甲泼尼龙) is what the drug is dissolved in.
fn is_carrier(name: &str) -> bool {
    name.contains('%') && ["氯化钠", "葡萄糖", "生理盐水"].iter().any(|word| name.contains(word)) && name.contains(['配', '溶', '(', '('])
}

/// Words of a note against the order that they do not agree with.
fn stated_against(passage: &Arc<Passage>, span: Span, order: usize, label: String) -> Hit {
    Hit {
        evidence: vec![piece(passage, span, Role::This)],
        data: vec![DataEvidence { path: format!("/orders/{order}"), label: label.clone() }],
        slots: vec![("stated", passage.text.quote(span).to_owned()), ("expected", label)],
        ..Hit::default()
    }
}
