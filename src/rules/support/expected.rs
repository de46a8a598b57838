//! What drugs, results and plans lead one to expect elsewhere in the record.

use jiff::civil::DateTime;

use super::super::{DataEvidence, Evidence, Hit, Role, Subject, facts};
use super::orders::order_hit;
use super::{Prepared, is_named};
use crate::reading::text::Span;
use crate::reading::{Assertion, DocumentReading, Experiencer};
use crate::record::{Order, OrderKind, time};

const DAY_MINUTES: i64 = 24 * 60;

impl Prepared {
    pub(super) fn home_drug(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const INJECTED: [&str; 6] = ["静", "皮下", "肌", "泵", "注", "iv"];
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let admitted = subject.visit.admission.admitted_at.ok_or("未提供入院时间")?;
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for entry in &subject.knowledge.tables.home_drugs {
            let continued = |order: &Order| {
                let name = order.name.as_deref().unwrap_or("");
                let by_mouth = !order.route.as_deref().is_some_and(|route| INJECTED.iter().any(|word| route.contains(word)));
                let on_admission =
                    order.start.is_some_and(|start| time::minutes_between(admitted.earliest(), start.latest()) <= DAY_MINUTES);
                order.kind.is_none_or(|kind| kind == OrderKind::Drug)
                    && order.long_term != Some(false)
                    && by_mouth
                    && !name.contains("注射")
                    && on_admission
                    && is_named(lexicon, name, &entry.drugs)
            };
            let Some((index, order)) = orders.iter().enumerate().find(|(_, order)| continued(order)) else { continue };
            let told = self.within.passages(subject).any(|passage| {
                let named = passage.mentions.iter().any(|mention| {
                    let reason = entry.reasons.contains(mention.concept) && mention.assertion != Assertion::Absent;
                    mention.experiencer == Experiencer::Patient && (reason || entry.drugs.contains(mention.concept))
                });
                named || entry.words.iter().any(|word| passage.text.as_str().contains(word.as_str()))
            });
            if !told {
                let mut hit = order_hit(index, order, self.within.searched(subject));
                hit.slots = vec![("drug", order.name.clone().unwrap_or_default())];
                hits.push(hit);
            }
        }
        Ok(hits)
    }

    pub(super) fn result(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let labs = subject.visit.labs.as_deref().ok_or("未提供检验结果")?;
        let orders = subject.visit.orders.as_deref().unwrap_or(&[]);
        let transfusions = subject.visit.transfusions.as_deref().unwrap_or(&[]);
        let lexicon = subject.knowledge.lexicon();
        let listed: Vec<_> = self.within.passages(subject).collect();
        if listed.is_empty() {
            return Err("未提供诊断".to_owned());
        }
        let mut hits = Vec::new();
        for entry in &subject.knowledge.tables.results {
            let beyond: Vec<usize> = (0..labs.len())
                .filter(|index| {
                    let lab = &labs[*index];
                    let value = lab.value.as_deref().and_then(|value| value.trim().parse::<f64>().ok());
                    value.is_some_and(|value| entry.bound.met(value)) && is_named(lexicon, lab.item.as_deref().unwrap_or(""), &entry.lab)
                })
                .collect();
            let Some(first) = beyond.first().copied() else { continue };
            let taken = |index: usize| labs[index].sampled_at.or(labs[index].reported_at).map(|at| at.date());
            let repeated = beyond.iter().any(|index| taken(*index).is_some() && taken(*index) != taken(first));
            // What was given long before the result is no answer to it.
            let answers = |order: &Order| {
                let reported = labs[first].reported_at.or(labs[first].sampled_at);
                let in_answer = match (reported, order.start) {
                    (Some(reported), Some(start)) => time::minutes_between(start.latest(), reported.earliest()) <= DAY_MINUTES,
                    _ => true,
                };
                in_answer && is_named(lexicon, order.name.as_deref().unwrap_or(""), &entry.treatment)
            };
            let order = orders.iter().enumerate().find(|(_, order)| answers(order));
            let component = |name: &str| entry.components.iter().any(|word| name.contains(word.as_str()));
            let transfused = transfusions.iter().enumerate().find(|(_, row)| row.component.as_deref().is_some_and(component));
            if !repeated && order.is_none() && transfused.is_none() {
                continue;
            }
            let named = listed.iter().any(|passage| {
                let text = passage.text.as_str();
                passage.mentions.iter().any(|mention| entry.diagnoses.contains(mention.concept))
                    || entry.words.iter().any(|word| text.contains(word.as_str()))
            });
            let excused = self
                .explained
                .passages(subject)
                .any(|passage| entry.excused.iter().any(|word| passage.text.as_str().contains(word.as_str())));
            if named || excused {
                continue;
            }
            let mut data: Vec<DataEvidence> = beyond.iter().take(3).map(|index| facts::lab_evidence(*index, &labs[*index])).collect();
            data.extend(order.map(|(index, order)| DataEvidence {
                path: format!("/orders/{index}"),
                label: format!("医嘱 {}", order.name.as_deref().unwrap_or("")),
            }));
            data.extend(transfused.map(|(index, row)| DataEvidence {
                path: format!("/transfusions/{index}"),
                label: format!("输血 {}{}", row.component.as_deref().unwrap_or(""), row.volume.as_deref().unwrap_or("")),
            }));
            let shown = data.iter().map(|entry| entry.label.as_str()).collect::<Vec<_>>().join("、");
            hits.push(Hit {
                data,
                searched: self.within.searched(subject),
                slots: vec![("needs", entry.name.clone()), ("stated", shown)],
                anchor: entry.name.clone(),
                ..Hit::default()
            });
        }
        Ok(hits)
    }

    pub(super) fn plan(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let mut hits = Vec::new();
        for (document, planned) in self.plans(subject) {
            for entry in &subject.knowledge.tables.plans {
                let found = self.within.passages_of(document).find_map(|passage| {
                    let text = passage.text.as_str();
                    let found = entry.plan.iter().find_map(|word| text.find(word.as_str()).map(|at| Span::new(at, at + word.len())))?;
                    (!self.is_doubtful(text, found)).then(|| Evidence { passage: passage.clone(), span: found, role: Role::This })
                });
                let Some(evidence) = found else { continue };
                let holds = |words: &[String], order: &Order| {
                    order.name.as_deref().is_some_and(|name| words.iter().any(|word| name.contains(word.as_str())))
                };
                let first_day = |order: &Order| is_active(order, planned, time::plus_minutes(planned, DAY_MINUTES));
                let since = time::plus_minutes(planned, -DAY_MINUTES);
                let kept = orders
                    .iter()
                    .any(|order| holds(&entry.kept, order) && is_active(order, since, time::plus_minutes(planned, DAY_MINUTES)));
                let contrary = orders
                    .iter()
                    .enumerate()
                    .find(|(_, order)| holds(&entry.contrary, order) && !holds(&entry.kept, order) && first_day(order));
                let changed = self.explained.documents(subject).any(|other| {
                    let soon = other.index != document.index
                        && other.time.is_some_and(|at| time::minutes_between(planned, at.earliest()) <= DAY_MINUTES);
                    soon && self
                        .explained
                        .passages_of(other)
                        .any(|passage| entry.changed.iter().any(|word| passage.text.as_str().contains(word.as_str())))
                });
                if let Some((index, order)) = contrary.filter(|_| !kept && !changed) {
                    let mut hit = order_hit(index, order, Vec::new());
                    hit.evidence.push(evidence);
                    hit.slots = vec![("stated", order.name.clone().unwrap_or_default())];
                    hits.push(hit);
                }
            }
        }
        Ok(hits)
    }

    pub(super) fn stopped_drug(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        // The longest first: what ends with 停 ends with the last one as well.
        const STOPS: [&str; 7] = ["停用", "暂停", "停服", "停止使用", "停止口服", "暂停使用", "停"];
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for (document, planned) in self.plans(subject) {
            for passage in self.within.passages_of(document) {
                let text = passage.text.as_str();
                for mention in passage.mentions.iter().filter(|mention| lexicon.is_a(mention.concept, "药物")) {
                    let before = &text[..mention.span.start as usize];
                    let Some(stop) = STOPS.iter().find(|word| before.ends_with(**word)) else { continue };
                    // 停胰岛素泵 stops the pump.
                    if text[mention.span.end as usize..].starts_with('泵') {
                        continue;
                    }
                    let span = Span::new(before.len() - stop.len(), mention.span.end as usize);
                    let named = passage.text.slice(mention.span);
                    let goes_on = |order: &Order| {
                        let until = time::plus_minutes(planned, 2 * DAY_MINUTES);
                        order.name.as_deref().is_some_and(|name| name.contains(named))
                            && order.long_term == Some(true)
                            && order.start.is_some_and(|start| start.earliest() <= time::plus_minutes(planned, DAY_MINUTES))
                            && order.stop.is_none_or(|stop| stop.earliest() > until)
                            && subject.at > until
                    };
                    let Some((index, order)) = orders.iter().enumerate().find(|(_, order)| goes_on(order)) else { continue };
                    // Taken up again: a later note speaks of the drug.
                    let later = self.explained.documents(subject).any(|other| {
                        other.index != document.index
                            && other.time.is_some_and(|at| at.latest() >= planned)
                            && self.explained.passages_of(other).any(|passage| passage.text.as_str().contains(named))
                    });
                    if !later && !self.is_doubtful(text, span) {
                        let mut hit = order_hit(index, order, Vec::new());
                        hit.evidence.push(Evidence { passage: passage.clone(), span, role: Role::This });
                        hit.slots = vec![("stated", order.name.clone().unwrap_or_default())];
                        hits.push(hit);
                    }
                }
            }
        }
        Ok(hits)
    }

    /// The documents that plan, with the moment from which the plan holds.
    fn plans<'s>(&self, subject: &Subject<'s>) -> Vec<(&'s DocumentReading, DateTime)> {
        let timed = |document: &'s DocumentReading| document.time.filter(|at| at.has_time()).map(|at| (document, at.earliest()));
        self.within.documents(subject).filter_map(timed).collect()
    }

    /// 必要时禁食, 术前禁食8小时: a plan for another moment, or none.
    fn is_doubtful(&self, text: &str, span: Span) -> bool {
        const DOUBT: [&str; 22] = [
            "必要时",
            "若",
            "如",
            "不",
            "无需",
            "暂无",
            "可",
            "解除",
            "结束",
            "术前",
            "术后",
            "检查前",
            "前",
            "后",
            "曾",
            "已",
            "抽血",
            "空腹",
            "酌情",
            "视",
            "待",
            "原则",
        ];
        let start = text[..span.start as usize].rfind(['。', ';', '\n', ',', '、']).map_or(0, |at| at + 1);
        let end = text[span.end as usize..].find(['。', ';', '\n', ',', '、']).map_or(text.len(), |at| span.end as usize + at);
        let clause = text.get(start..end).unwrap_or(text);
        DOUBT.iter().any(|word| clause.contains(word))
    }
}

/// True when the order runs at some moment from `from` to `to`.
fn is_active(order: &Order, from: DateTime, to: DateTime) -> bool {
    order.start.is_some_and(|start| start.earliest() <= to)
        && match order.stop {
            Some(stop) => stop.earliest() > from,
            None => order.long_term != Some(false) || order.start.is_some_and(|start| start.latest() >= from),
        }
}
