//! Orders, results and people held against what the record says of them.

use super::super::response::is_of_other_region;
use super::super::{DataEvidence, Evidence, Hit, Role, Searched, Subject, facts};
use super::Prepared;
use crate::reading::text::Span;
use crate::reading::{Assertion, DocumentReading};
use crate::record::{Exam, Operation, Order, OrderKind};

/// Exams whose report is a document of its own, with the words of their orders, reports and notes.
const EXAMS: [(&str, &[&str]); 7] = [
    ("CT", &["CT"]),
    ("MRI", &["MR", "磁共振"]),
    ("肺功能", &["肺功能", "肺通气"]),
    ("胃镜", &["胃镜", "上消化道内镜"]),
    ("肠镜", &["肠镜"]),
    ("动态心电图", &["动态心电图", "Holter"]),
    ("甲状腺超声", &["甲状腺超声", "甲状腺彩超", "甲状腺B超", "甲状腺及颈部淋巴结超声", "甲状腺及颈部淋巴结彩超", "颈部超声", "颈部彩超"]),
];

/// The result, or why there is none.
const TOLD: [&str; 12] = ["未行", "未做", "拒绝", "暂缓", "取消", "示", "提示", "未见", "推迟", "预约", "出院后", "门诊"];

impl Prepared {
    /// A rescue drug with a dose that no order has.
    pub(super) fn rescue_drug(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let rescue = |id| lexicon.is_a(id, "抢救药") || lexicon.is_a(id, "血管活性药");
        let mut hits: Vec<Hit> = Vec::new();
        let mut seen = Vec::new();
        for passage in self.within.passages(subject) {
            for mention in passage.mentions.iter().filter(|mention| rescue(mention.concept) && mention.assertion == Assertion::Present) {
                let after: String = passage.text.as_str()[mention.span.end as usize..].chars().take(12).collect();
                // Given, with a dose: a drug that is only talked about has none.
                let given = after.contains(|character: char| character.is_ascii_digit()) || after.contains("静推") || after.contains("泵");
                let ordered =
                    orders.iter().any(|order| lexicon.find(order.name.as_deref().unwrap_or("")).any(|(_, id)| id == mention.concept));
                if given && !ordered && !seen.contains(&mention.concept) {
                    seen.push(mention.concept);
                    hits.push(Hit {
                        evidence: vec![Evidence { passage: passage.clone(), span: mention.span, role: Role::This }],
                        ..Hit::default()
                    });
                }
            }
        }
        Ok(hits)
    }

    /// 肾上腺素1mg共5次 against the number of orders, or their doses summed.
    pub(super) fn rescue_count(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let Some(adrenaline) = lexicon.id("肾上腺素") else { return Ok(Vec::new()) };
        let is_adrenaline = |order: &&Order| {
            order.kind.is_none_or(|kind| kind == OrderKind::Drug)
                && lexicon.find(order.name.as_deref().unwrap_or("")).any(|(_, id)| id == adrenaline)
        };
        let given: Vec<&Order> = orders.iter().filter(is_adrenaline).collect();
        let milligrams: f64 = given.iter().filter(|order| order.unit.as_deref() == Some("mg")).filter_map(|order| order.dose).sum();
        let mut hits = Vec::new();
        for passage in self.within.passages(subject) {
            let text = passage.text.as_str();
            for mention in
                passage.mentions.iter().filter(|mention| mention.concept == adrenaline && mention.assertion == Assertion::Present)
            {
                let sentence = passage.sentence_of(mention.span);
                let after = &text[mention.span.end as usize..sentence.end as usize];
                let Some(times_at) = after.find('次').filter(|at| *at <= 60) else { continue };
                let digits: String =
                    after[..times_at].chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
                // 100次/分 is a rate.
                let rate = after[times_at + '次'.len_utf8()..].starts_with(['/', '每']);
                let Some(told) = digits.parse::<usize>().ok().filter(|told| !rate && (2..=30).contains(told)) else { continue };
                if given.len() != told && (milligrams - told as f64).abs() > 0.01 {
                    hits.push(Hit {
                        evidence: vec![Evidence {
                            passage: passage.clone(),
                            span: mention.span.cover(crate::reading::Span::new(
                                mention.span.start as usize,
                                mention.span.end as usize + times_at + '次'.len_utf8(),
                            )),
                            role: Role::This,
                        }],
                        data: vec![DataEvidence { path: "/orders".into(), label: format!("肾上腺素医嘱{}条", given.len()) }],
                        slots: vec![("stated", told.to_string()), ("expected", given.len().to_string())],
                        ..Hit::default()
                    });
                }
            }
        }
        hits.truncate(1);
        Ok(hits)
    }

    pub(super) fn skin_test(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let tested =
            orders.iter().any(|order| order.name.as_deref().is_some_and(|name| name.contains("皮试") || name.contains("皮肤试验")));
        let told = self
            .explained
            .passages(subject)
            .any(|passage| passage.text.as_str().contains("皮试") || passage.text.as_str().contains("皮肤试验"));
        if tested || told {
            return Ok(Vec::new());
        }
        let is_penicillin = |order: &Order| {
            order.kind.is_none_or(|kind| kind == OrderKind::Drug)
                && lexicon.find(order.name.as_deref().unwrap_or("")).any(|(_, id)| lexicon.is_a(id, "青霉素类"))
        };
        let first = orders.iter().enumerate().find(|(_, order)| is_penicillin(order));
        Ok(first.map(|(index, order)| order_hit(index, order, self.searched(subject))).into_iter().collect())
    }

    pub(super) fn antibiotic_indication(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const LOCAL: [&str; 10] = ["滴眼", "滴耳", "外用", "软膏", "乳膏", "含漱", "雾化", "皮试", "栓", "冲洗"];
        const REASONS: [&str; 20] = [
            "感染",
            "炎",
            "预防",
            "脓",
            "败血",
            "发热",
            "菌",
            "结核",
            "围手术期",
            "围术期",
            "切口",
            "清创",
            "开放性",
            "破膜",
            "穿孔",
            "休克",
            "抗菌",
            "幽门",
            "Hp",
            "中性粒",
        ];
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let is_systemic = |order: &Order| {
            let name = order.name.as_deref().unwrap_or("");
            let route = order.route.as_deref().unwrap_or("");
            let local = LOCAL.iter().any(|word| name.contains(word) || route.contains(word));
            !local
                && order.kind.is_none_or(|kind| kind == OrderKind::Drug)
                && lexicon.find(name).any(|(_, id)| lexicon.is_a(id, "抗菌药物"))
        };
        let Some((index, order)) = orders.iter().enumerate().find(|(_, order)| is_systemic(order)) else { return Ok(Vec::new()) };
        let present = |passage: &crate::reading::Passage| {
            let text = passage.text.as_str();
            // A denial (无发热, 肝炎史否认) is no reason: the word must stand outside every negated mention.
            REASONS.iter().any(|word| {
                text.match_indices(word).any(|(at, found)| {
                    let span = crate::reading::Span::new(at, at + found.len());
                    let clause = passage.clauses.iter().find(|clause| clause.contains(span)).copied().unwrap_or(span);
                    let before = &text[clause.start as usize..at];
                    !["无", "否认", "未", "既往"].iter().any(|denial| before.contains(denial))
                })
            })
        };
        if self
            .explained
            .passages(subject)
            .any(|passage| !matches!(passage.section.as_ref(), "既往史" | "个人史" | "家族史" | "体格检查" | "过敏史") && present(passage))
        {
            return Ok(Vec::new());
        }
        Ok(vec![order_hit(index, order, self.searched(subject))])
    }

    pub(super) fn ordered_exam(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let exams = subject.visit.exams.as_deref().ok_or("未提供检查报告")?;
        let mut hits = Vec::new();
        for (modality, names) in EXAMS {
            let is_named = |text: &str| names.iter().any(|name| text.contains(name));
            let ordered = |order: &Order| order.kind == Some(OrderKind::Exam) && order.name.as_deref().is_some_and(is_named);
            // The site may stand before or behind what was done (甲状腺 彩超).
            let joined = |exam: &&Exam| {
                let (modality, site) = (exam.modality.as_deref().unwrap_or(""), exam.site.as_deref().unwrap_or(""));
                is_named(&format!("{site}{modality}")) || is_named(&format!("{modality}{site}"))
            };
            // The report or the note of another region of the body is none of this order.
            let is_answered = |order: &Order| {
                let name = order.name.as_deref().unwrap_or("");
                let region = |exam: &Exam| format!("{}{}", exam.site.as_deref().unwrap_or(""), exam.modality.as_deref().unwrap_or(""));
                let reported = exams.iter().filter(joined).any(|exam| !is_of_other_region(name, &region(exam)));
                // Its findings may be told in a note, or why it was not done.
                reported
                    || self.explained.passages(subject).any(|passage| {
                        let text = passage.text.as_str();
                        let of_region = |sentence: &Span| {
                            let said = passage.text.slice(*sentence);
                            is_named(said) && !is_of_other_region(name, said)
                        };
                        TOLD.iter().any(|word| text.contains(word)) && passage.sentences.iter().any(of_region)
                    })
            };
            let open = orders.iter().enumerate().find(|(_, order)| ordered(order) && !is_answered(order));
            if let Some((index, order)) = open {
                let mut hit = order_hit(index, order, self.searched(subject));
                hit.anchor = modality.to_owned();
                hits.push(hit);
            }
        }
        Ok(hits)
    }

    pub(super) fn transfusion_tests(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let transfusions = subject.visit.transfusions.as_deref().ok_or("未提供输血信息")?;
        let labs = subject.visit.labs.as_deref().ok_or("未提供检验结果")?;
        if transfusions.is_empty() {
            return Ok(Vec::new());
        }
        let tests: [(&str, &[&str]); 4] = [
            ("乙肝表面抗原", &["乙肝", "HBsAg", "乙型肝炎", "HBSAG"]),
            ("丙肝抗体", &["丙肝", "HCV", "丙型肝炎", "丙型"]),
            ("HIV抗体", &["HIV", "艾滋", "免疫缺陷", "抗-HIV"]),
            ("梅毒抗体", &["梅毒", "TPPA", "RPR", "TRUST", "抗-TP", "抗TP", "TP-Ab", "抗密螺旋体"]),
        ];
        const ALL: [&str; 4] = ["输血前四项", "感染四项", "感染筛查", "术前四项"];
        const TAKEN: [&str; 7] = ["标本已留", "已抽血", "已采集", "结果待报", "待回报", "均阴性", "均为阴性"];
        let texts: Vec<&str> = self.explained.passages(subject).map(|passage| passage.text.as_str()).collect();
        let as_a_whole =
            texts.iter().any(|text| ALL.iter().any(|word| text.contains(word)) && TAKEN.iter().any(|word| text.contains(word)));
        let found = |words: &[&str]| {
            labs.iter().any(|lab| lab.item.as_deref().is_some_and(|item| words.iter().any(|word| item.contains(word))))
                || texts.iter().any(|text| {
                    words.iter().any(|word| text.contains(word)) && ["阴性", "(-)", "(－)"].iter().any(|word| text.contains(word))
                })
        };
        let missing: Vec<&str> = tests.iter().filter(|(_, words)| !found(words)).map(|(name, _)| *name).collect();
        if as_a_whole || missing.is_empty() {
            return Ok(Vec::new());
        }
        let started = transfusions[0].started_at.map_or(String::new(), |at| at.to_string());
        Ok(vec![Hit {
            data: vec![DataEvidence { path: "/transfusions/0".into(), label: format!("输血 {started}") }],
            searched: self.searched(subject),
            slots: vec![("missing", missing.join("、"))],
            anchor: "transfusion-tests".to_owned(),
            ..Hit::default()
        }])
    }

    pub(super) fn surgeon_in_discussion(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let planned: Vec<&str> = operations
            .iter()
            .filter(|operation| operation.elective == Some(true))
            .filter_map(|operation| operation.surgeon.as_deref())
            .map(|id| facts::name_of(subject.visit, id))
            .collect();
        // A discussion before an emergency is not of the planned operation that comes later.
        let of_emergency = |document: &DocumentReading| {
            let held = document.time.map(|at| at.earliest());
            let after = |operation: &&Operation| operation.started_at.map(|at| at.latest()) >= held;
            let next = operations.iter().filter(after).min_by_key(|operation| operation.started_at.map(|at| at.earliest()));
            held.is_some() && next.is_some_and(|operation| operation.elective == Some(false))
        };
        let mut hits = Vec::new();
        for document in self.within.documents(subject).filter(|document| !of_emergency(document)) {
            let record = facts::document(subject.visit, document);
            // Where the list of those present stands apart, being planned as the surgeon is not being there.
            let staff: Vec<&str> = subject.visit.staff.iter().flatten().filter_map(|person| person.name.as_deref()).collect();
            let names_staff = |passage: &&std::sync::Arc<crate::reading::Passage>| {
                ATTENDED.contains(&passage.section.as_ref()) && staff.iter().any(|name| passage.text.as_str().contains(name))
            };
            let present: Vec<_> = document.passages.iter().filter(names_staff).collect();
            let text_names = |name: &str| {
                let said = |passage: &std::sync::Arc<crate::reading::Passage>| speaks(passage.text.as_str(), name);
                let holds = |passage: &&std::sync::Arc<crate::reading::Passage>| passage.text.as_str().contains(name);
                if present.is_empty() {
                    document.passages.iter().any(|passage| passage.text.as_str().contains(name))
                } else {
                    present.iter().any(holds) || document.passages.iter().any(said)
                }
            };
            let listed =
                document.passages.iter().any(|passage| passage.text.as_str().contains("参加") || passage.section.as_ref() == "参加人员");
            let signed = |name: &str| facts::signers(record).iter().any(|person| facts::name_of(subject.visit, person) == name);
            let absent: Vec<&str> = planned.iter().copied().filter(|name| !text_names(name) && !signed(name)).collect();
            if listed && !planned.is_empty() && absent.len() == planned.len() {
                hits.push(Hit {
                    data: vec![DataEvidence { path: "/operations".into(), label: format!("术者 {}", absent.join("、")) }],
                    searched: vec![Searched { document: document.index, section: None }],
                    slots: vec![("expected", absent.join("、"))],
                    anchor: record.id.clone(),
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    fn searched(&self, subject: &Subject<'_>) -> Vec<Searched> {
        self.explained.searched(subject)
    }
}

/// Sections that say who was there.
const ATTENDED: [&str; 3] = ["参加人员", "主持人", "讨论人员"];

/// 张某某主任医师: …, 张某某发言: what he said in the discussion.
fn speaks(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, found)| {
        let after: String = text[at + found.len()..].chars().take(9).collect();
        let after = after.trim_start_matches(|character: char| "副主任治住院医师教授(术者)".contains(character));
        [":", "发言", "指出", "认为", "表示", "总结"].iter().any(|word| after.starts_with(word))
    })
}

pub(super) fn order_hit(index: usize, order: &Order, searched: Vec<Searched>) -> Hit {
    let started = order.start.map_or(String::new(), |at| format!(" ({at})"));
    let label = format!("{}{started}", order.name.as_deref().unwrap_or(""));
    Hit {
        data: vec![DataEvidence { path: format!("/orders/{index}"), label }],
        searched,
        anchor: order.id.clone().unwrap_or_else(|| index.to_string()),
        ..Hit::default()
    }
}

/// 二级, 三级护理 in force for more than two hours of 病危 or 病重.
pub(super) fn nursing_level(subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
    use crate::record::{ConditionLevel, time};
    const TRANSITION_MINUTES: i64 = 120;
    let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
    let conditions = subject.visit.conditions.as_deref().ok_or("未提供病危病重时段")?;
    let mut hits = Vec::new();
    let grave = |level: &ConditionLevel| matches!(level, ConditionLevel::Critical | ConditionLevel::Serious);
    for condition in conditions.iter() {
        let Some(level) = condition.level.filter(grave) else { continue };
        let Some(from) = condition.from else { continue };
        let to = condition.to.map_or(subject.at, |to| to.earliest());
        for (index, order) in orders.iter().enumerate() {
            let name = order.name.as_deref().unwrap_or("");
            let low = name.contains("护理") && ["二级", "三级", "Ⅱ级", "Ⅲ级", "II级", "III级"].iter().any(|level| name.contains(level));
            let (Some(start), true) = (order.start, low) else { continue };
            let begin = from.latest().max(start.earliest());
            let end = order.stop.map_or(to, |stop| stop.earliest().min(to));
            if time::minutes_between(begin, end) > TRANSITION_MINUTES {
                hits.push(Hit {
                    data: vec![
                        DataEvidence { path: format!("/orders/{index}"), label: format!("医嘱 {name} ({start})") },
                        DataEvidence { path: "/conditions".into(), label: format!("{}自 {from}", level.chinese()) },
                    ],
                    slots: vec![("stated", name.to_owned()), ("trigger", level.chinese().to_owned())],
                    anchor: order.id.clone().unwrap_or_else(|| index.to_string()),
                    ..Hit::default()
                });
            }
        }
    }
    Ok(hits)
}

#[cfg(test)]
mod tests {
    use super::speaks;

    #[test]
    fn who_speaks_was_there() {
        assert!(speaks("龙某某主任医师(术者):指征明确。", "龙某某") && speaks("最后龙某某总结:同意手术", "龙某某"));
        assert!(!speaks("拟由龙某某主任医师主刀,景某某助手", "龙某某"));
    }
}
