//! Changes of treatment that the orders show and the notes do not.

use jiff::civil::DateTime;

use super::super::{DataEvidence, Hit, Subject, around};
use super::Prepared;
use super::orders::order_hit;
use crate::reading::text::Span;
use crate::reading::{ConceptId, DocumentReading, Mention, Passage};
use crate::record::{Order, OrderKind, time};

const HOUR: i64 = 60;

/// A systemic antibiotic by vein, for treatment, with its drugs.
struct Course<'v> {
    index: usize,
    order: &'v Order,
    drugs: Vec<ConceptId>,
}

impl Prepared {
    /// An antibiotic that ran for a day and more ends as another begins, and no note around names the new one or speaks of a change.
    pub(super) fn changed_antibiotic(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const TOGETHER: i64 = 2 * HOUR;
        const FEWEST_NOTES: usize = 2;
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let courses: Vec<Course<'_>> = orders.iter().enumerate().filter_map(|(index, order)| course(subject, index, order)).collect();
        for new in &courses {
            let Some(start) = new.order.start.filter(|at| at.has_time()) else { continue };
            let (from, to) = (time::plus_minutes(start.earliest(), -48 * HOUR), time::plus_minutes(start.latest(), 72 * HOUR));
            if to > subject.at {
                continue;
            }
            let begun_before = |drug: &ConceptId| {
                courses.iter().any(|other| other.index != new.index && other.drugs.contains(drug) && before(other.order, start.earliest()))
            };
            let old = courses.iter().find(|old| {
                let ran = old.order.start.zip(old.order.stop).map(|(begin, end)| time::minutes_between(begin.latest(), end.earliest()));
                let gap = old.order.stop.map(|stop| time::minutes_between(start.earliest(), stop.latest()).abs());
                old.drugs.iter().all(|drug| !new.drugs.contains(drug))
                    && ran.is_some_and(|minutes| minutes >= 24 * HOUR)
                    && gap.is_some_and(|minutes| minutes <= TOGETHER)
            });
            let Some(old) = old.filter(|_| !new.drugs.iter().any(begun_before)) else { continue };
            let near: Vec<&DocumentReading> = self
                .explained
                .documents(subject)
                .filter(|document| document.time.is_some_and(|at| at.latest() >= from && at.earliest() <= to))
                .collect();
            let after = near.iter().filter(|document| document.time.is_some_and(|at| at.latest() >= start.earliest())).count();
            let tells = |document: &&DocumentReading| self.explained.passages_of(document).any(|passage| tells_change(passage, &new.drugs));
            if near.len() < FEWEST_NOTES || after == 0 || near.iter().any(tells) {
                continue;
            }
            let mut hit = order_hit(new.index, new.order, self.explained.searched(subject));
            let [old_name, new_name] = [old.order, new.order].map(|order| order.name.clone().unwrap_or_default());
            hit.data.insert(0, DataEvidence { path: format!("/orders/{}", old.index), label: format!("停{old_name}") });
            hit.slots = vec![("first", old_name), ("second", new_name), ("stated", start.to_string())];
            return Ok(vec![hit]);
        }
        Ok(Vec::new())
    }
}

fn before(order: &Order, at: DateTime) -> bool {
    order.start.is_none_or(|start| start.earliest() < at)
}

/// Going over to tablets is what every course ends with, and prophylaxis is another rule's matter.
fn course<'v>(subject: &Subject<'_>, index: usize, order: &'v Order) -> Option<Course<'v>> {
    let name = order.name.as_deref()?;
    let route = order.route.as_deref().unwrap_or("");
    let lexicon = subject.knowledge.lexicon();
    let by_vein = ["静", "iv", "泵"].iter().any(|word| route.contains(word)) && !name.contains("皮试");
    let preventive = order.purpose.as_deref().is_some_and(|purpose| purpose == "prophylaxis" || purpose.contains("预防"));
    let drugs: Vec<ConceptId> = lexicon.find(name).map(|(_, id)| id).filter(|id| lexicon.is_a(*id, "抗菌药物")).collect();
    let is_course = order.kind.is_none_or(|kind| kind == OrderKind::Drug) && order.long_term == Some(true);
    (is_course && by_vein && !preventive && !drugs.is_empty()).then_some(Course { index, order, drugs })
}

/// The new drug by name, outside a list of what the germ answers to, or any word of a change of the treatment.
fn tells_change(passage: &Passage, drugs: &[ConceptId]) -> bool {
    const SENSITIVITY: [&str; 6] = ["敏感", "耐药", "药敏", "中介", "MIC", "过敏"];
    const GIVEN: [&str; 10] = ["改", "换", "予", "用", "加", "调整", "升级", "联合", "静滴", "选"];
    const CHANGED: [&str; 7] = ["改", "换用", "换为", "更换", "调整", "更替", "替代"];
    /// 升级 and 降阶梯 are said of nothing else.
    const STEPS: [&str; 3] = ["升级", "降阶梯", "降级"];
    const OF_ANTIBIOTICS: [&str; 9] = ["抗感染", "抗菌", "抗生素", "头孢", "培南", "西林", "沙星", "霉素", "方案"];
    const NOT_DONE: [&str; 5] = ["不可", "不宜", "暂不", "不予", "未"];
    let text = passage.text.as_str();
    let has = |said: &str, words: &[&str]| words.iter().any(|word| said.contains(word));
    let is_named = |mention: &Mention| {
        let sentence = passage.text.slice(passage.sentence_of(mention.span));
        // In 对A、B均敏感,改用B the clause of the list is not the only one.
        let clause = around::stretch(text, mention.span, &['。', ';', ',', '\n']);
        drugs.contains(&mention.concept) && (!has(clause, &SENSITIVITY) || has(sentence, &GIVEN))
    };
    let tells = |sentence: &Span| {
        let said = passage.text.slice(*sentence);
        has(said, &STEPS) || has(said, &CHANGED) && has(said, &OF_ANTIBIOTICS) && !has(said, &NOT_DONE)
    };
    passage.sentences.iter().any(tells) || passage.mentions.iter().any(is_named)
}
