//! What drugs, results and plans lead one to expect elsewhere in the record.

use jiff::civil::DateTime;

use super::super::{DataEvidence, Evidence, Hit, Role, Subject, around, facts};
use super::blood::is_told;
use super::orders::order_hit;
use super::{Prepared, is_named};
use crate::reading::text::Span;
use crate::reading::{Assertion, DocumentReading, Experiencer, Mention};
use crate::record::{Order, OrderKind, time};

pub(super) const DAY_MINUTES: i64 = 24 * 60;

/// The word stands in the text and is not denied: 无抗凝用药, 暂不用抗凝药 and 无抽搐 are no reasons; 无抗凝禁忌 is one.
fn tells_reason(text: &str, word: &str) -> bool {
    const DENIALS: [&str; 11] = ["无", "否认", "未", "不用", "不予", "不需", "不给", "不宜", "不常规", "不加", "不服"];
    /// What follows a denial by its own: 无不适继续抗凝.
    const ANEW: [&str; 5] = ["继续", "予", "改", "加用", "故"];
    text.match_indices(word).any(|(at, found)| {
        let clause = &text[around::start_of(text, at, &['。', ';', ',', ':', '\n'])..at];
        let last = DENIALS.iter().filter_map(|denial| clause.rfind(denial).map(|at| at + denial.len())).max();
        let denied = clause.ends_with('不') || last.is_some_and(|from| !ANEW.iter().any(|word| clause[from..].contains(word)));
        !denied || text[at + found.len()..].starts_with("禁忌")
    })
}

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
                named || entry.words.iter().any(|word| tells_reason(passage.text.as_str(), word))
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
        let values: Vec<Option<f64>> = labs.iter().map(|lab| lab.value.as_deref()?.trim().parse().ok()).collect();
        let mut hits = Vec::new();
        for entry in &subject.knowledge.tables.results {
            let beyond: Vec<usize> = (0..labs.len())
                .filter(|index| {
                    values[*index].is_some_and(|value| entry.bound.met(value))
                        && is_named(lexicon, labs[*index].item.as_deref().unwrap_or(""), &entry.lab)
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
                let said = |mention: &Mention| entry.diagnoses.contains(mention.concept) && mention.assertion != Assertion::Absent;
                passage.mentions.iter().any(said) || entry.words.iter().any(|word| is_told(passage, word))
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
                    (!self.is_doubtful(text, found) && !is_other_fast(text, found)).then(|| Evidence {
                        passage: passage.clone(),
                        span: without_neighbour(text, found),
                        role: Role::This,
                    })
                });
                let Some(evidence) = found else { continue };
                let holds = |words: &[String], order: &Order| {
                    order.name.as_deref().is_some_and(|name| words.iter().any(|word| name.contains(word.as_str())))
                };
                // The next morning's round may change the plan.
                let first_day = |order: &Order| is_active(order, planned, time::plus_minutes(planned, DAY_MINUTES / 2));
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

    /// 意见:加用螺内酯20mg qd, and two days later no order of the stay names the drug.
    pub(super) fn instructed_drug(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const ADDED: [&str; 8] = ["加用", "加服", "联用", "改用", "换用", "改予", "加予", "换为"];
        // In the same clause: given before or by another house, or for another time.
        const ELSEWHERE: [&str; 13] =
            ["入院前", "院前", "术前", "外院", "当地", "门诊", "自行", "下周期", "下一周期", "下次", "术后", "未加", "未予"];
        const FEWEST_ORDERS: usize = 4;
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        if orders.iter().filter(|order| order.kind == Some(OrderKind::Drug)).count() < FEWEST_ORDERS {
            return Ok(Vec::new());
        }
        let mut hits = Vec::new();
        for (document, said) in self.plans(subject) {
            if subject.at <= time::plus_minutes(said, 2 * DAY_MINUTES) {
                continue;
            }
            for passage in self.within.passages_of(document) {
                let text = passage.text.as_str();
                for mention in passage.mentions.iter().filter(|mention| lexicon.is_a(mention.concept, "药物") && mention.measure.is_some())
                {
                    let before = &text[..mention.span.start as usize];
                    let Some(word) = ADDED.iter().find(|word| before.ends_with(**word)) else { continue };
                    let span = Span::new(before.len() - word.len(), mention.span.end as usize);
                    let named = passage.text.slice(mention.span);
                    let is_drug = |name: &str| name.contains(named) || lexicon.find(name).any(|(_, id)| id == mention.concept);
                    let ordered = orders.iter().any(|order| order.name.as_deref().is_some_and(is_drug));
                    let clause = around::stretch(text, span, &['。', ';', '\n']);
                    let later = ["出院", "院外", "必要时", "若", "如", "可", "考虑", "建议", "酌情", "视", "待", "再", "拟", "不"];
                    let own_clause = around::stretch(text, span, &['。', ';', '\n', ',']);
                    let elsewhere = ELSEWHERE.iter().any(|word| own_clause.contains(word));
                    if ordered || elsewhere || later.iter().any(|word| clause.contains(word)) {
                        continue;
                    }
                    // Why it was not given, or that it was given by another name, stands in another note.
                    let told = self.explained.documents(subject).any(|other| {
                        other.index != document.index
                            && self.explained.passages_of(other).any(|passage| passage.text.as_str().contains(named))
                    });
                    if !told {
                        hits.push(Hit {
                            evidence: vec![Evidence { passage: passage.clone(), span, role: Role::This }],
                            data: vec![DataEvidence { path: "/orders".into(), label: format!("医嘱{}条,无{named}", orders.len()) }],
                            slots: vec![("stated", named.to_owned())],
                            ..Hit::default()
                        });
                    }
                }
            }
        }
        Ok(hits)
    }

    /// The documents that plan, with the moment from which the plan holds.
    pub(super) fn plans<'s>(&self, subject: &Subject<'s>) -> Vec<(&'s DocumentReading, DateTime)> {
        let timed = |document: &'s DocumentReading| document.time.filter(|at| at.has_time()).map(|at| (document, at.earliest()));
        self.within.documents(subject).filter_map(timed).collect()
    }

    /// 必要时禁食, 术前禁食8小时: a plan for another moment, or none.
    pub(super) fn is_doubtful(&self, text: &str, span: Span) -> bool {
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
        // 目前禁食 is said of now.
        let clause = around::stretch(text, span, &['。', ';', '\n', ',', '、']).replace("目前", "");
        DOUBT.iter().any(|word| clause.contains(word))
    }
}

/// A word that is known by what stands before it (级护理,低盐) is quoted without that, and to the end of its item.
fn without_neighbour(text: &str, found: Span) -> Span {
    const STOPS: [char; 5] = [',', '、', ';', '。', '\n'];
    let words = &text[found.start as usize..found.end as usize];
    let Some(at) = words.rfind(STOPS).filter(|_| words.starts_with("级护理")) else { return found };
    let start = found.start as usize + at + words[at..].chars().next().map_or(0, char::len_utf8);
    let end = text[start..].find(STOPS).map_or(text.len(), |length| start + length);
    Span::new(start, end)
}

/// 禁食辛辣, 经口禁食, 胃镜检查禁食8小时, 明晨禁食水: a diet, another way in, or a fast for what comes later.
fn is_other_fast(text: &str, span: Span) -> bool {
    const FOODS: [&str; 16] =
        ["辛辣", "刺激", "生冷", "寒凉", "油腻", "肥", "腥", "海鲜", "羊肉", "动物", "牛奶", "含", "坚硬", "粗糙", "发物", "经口"];
    const LATER: [&str; 8] = ["检查", "超声", "镜", "今晚", "明晨", "明早", "明日", "经口"];
    let start = around::start_of(text, span.start as usize, &['。', ';', '\n', ',', '、', ' ']);
    let (before, after) = (&text[start..span.start as usize], &text[span.end as usize..]);
    FOODS.iter().any(|word| after.starts_with(word)) || LATER.iter().any(|word| before.contains(word))
}

/// True when the order runs at some moment from `from` to `to`.
fn is_active(order: &Order, from: DateTime, to: DateTime) -> bool {
    order.start.is_some_and(|start| start.earliest() <= to)
        && match order.stop {
            Some(stop) => stop.earliest() > from,
            None => order.long_term != Some(false) || order.start.is_some_and(|start| start.latest() >= from),
        }
}
