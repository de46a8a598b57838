//! Orders, results and people held against what the record says of them.

use std::sync::LazyLock;

use jiff::civil::DateTime;
use regex::Regex;

use super::super::agree::{callings, is_called};
use super::super::{DataEvidence, Evidence, Hit, Role, Searched, Subject, around, facts};
use super::blood::is_told;
use super::{Prepared, is_fact};
use crate::reading::text::Span;
use crate::reading::{Assertion, DocumentReading, Mention, Passage, Relation};
use crate::record::{Operation, Order, OrderKind, time};

/// Horse sera, of which every label demands a test.
const SERA: [&str; 6] = ["破伤风抗毒素", "马破伤风免疫球蛋白", "白喉抗毒素", "肉毒抗毒素", "抗蛇毒血清", "抗狂犬病血清"];

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

    pub(super) fn skin_test(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        const TESTS: [&str; 6] = ["皮试", "皮肤试验", "试敏", "过敏试验", "PG(", "PST"];
        let names_test = |text: &str| TESTS.iter().any(|word| text.contains(word));
        let tested = orders.iter().any(|order| order.name.as_deref().is_some_and(names_test));
        let told = self.explained.passages(subject).any(|passage| names_test(passage.text.as_str()));
        if tested || told {
            return Ok(Vec::new());
        }
        let is_tested = |order: &Order| {
            let name = order.name.as_deref().unwrap_or("");
            let is_penicillin = || lexicon.find(name).any(|(_, id)| lexicon.is_a(id, "青霉素类"));
            order.kind.is_none_or(|kind| kind == OrderKind::Drug) && (SERA.iter().any(|serum| name.contains(serum)) || is_penicillin())
        };
        let first = orders.iter().enumerate().find(|(_, order)| is_tested(order));
        Ok(first
            .filter(|_| !self.is_begun_elsewhere(subject))
            .map(|(index, order)| order_hit(index, order, self.searched(subject)))
            .into_iter()
            .collect())
    }

    /// 急诊予哌拉西林首剂, 外院肌注TAT: who gave the first dose did the test.
    fn is_begun_elsewhere(&self, subject: &Subject<'_>) -> bool {
        const PLACES: [&str; 11] = ["急诊", "外院", "门诊", "当地", "院前", "入院前", "诊所", "卫生院", "县医院", "转入前", "首剂已"];
        let lexicon = subject.knowledge.lexicon();
        let given = |passage: &Passage, mention: &Mention| {
            let is_drug = lexicon.is_a(mention.concept, "青霉素类") || SERA.contains(&lexicon.concept(mention.concept).name.as_ref());
            let sentence = passage.text.slice(passage.sentence_of(mention.span));
            is_drug && mention.assertion != Assertion::Absent && PLACES.iter().any(|word| sentence.contains(word))
        };
        self.explained.passages(subject).any(|passage| passage.mentions.iter().any(|mention| given(passage, mention)))
    }

    /// 无感染依据,不需抗菌药物, and a systemic antibiotic that no note names runs for a day and more from then on.
    fn refused_antibiotic(&self, subject: &Subject<'_>, orders: &[Order], is_systemic: impl Fn(&Order) -> bool) -> Option<Hit> {
        const NEEDLESS: [&str; 12] = [
            "不需抗菌药",
            "不需用抗菌药",
            "不需使用抗菌药",
            "无需抗菌药",
            "无需使用抗菌药",
            "不用抗菌药",
            "不使用抗菌药",
            "无抗菌药物使用指征",
            "无抗菌药物指征",
            "不需抗生素",
            "无需抗生素",
            "不用抗生素",
        ];
        const IF: [&str; 6] = ["若", "如", "术后", "出院", "后不", "疗程"];
        const A_DAY: i64 = 24 * 60;
        if subject.visit.operations.iter().flatten().next().is_some() {
            return None;
        }
        let lexicon = subject.knowledge.lexicon();
        let named = |passage: &Passage| {
            // 抗菌药物 and 抗生素 name the class, which is what the note speaks of.
            let is_class = |mention: &Mention| passage.text.slice(mention.span).starts_with('抗');
            let is_given = |mention: &Mention| {
                lexicon.is_a(mention.concept, "抗菌药物") && !is_class(mention) && mention.assertion != Assertion::Absent
            };
            passage.mentions.iter().any(is_given) || ["抗感染", "抗炎", "消炎"].iter().any(|word| is_told(passage, word))
        };
        if subject.reading.documents.iter().flat_map(|document| &document.passages).any(|passage| named(passage)) {
            return None;
        }
        self.explained.documents(subject).find_map(|document| {
            let said = document.time?;
            let goes_on = |order: &Order| {
                let until = order.stop.map_or(subject.at, |stop| stop.earliest());
                let soon = order.start.is_some_and(|start| time::minutes_between(said.latest(), start.earliest()) <= 2 * A_DAY);
                order.long_term == Some(true) && soon && time::minutes_between(said.latest(), until) > A_DAY
            };
            let (index, order) = orders.iter().enumerate().find(|(_, order)| is_systemic(order) && goes_on(order))?;
            self.explained.passages_of(document).find_map(|passage| {
                let text = passage.text.as_str();
                let span = NEEDLESS.iter().find_map(|word| text.find(word).map(|at| Span::new(at, at + word.len())))?;
                let clause = around::stretch(text, span, &['。', ';', '\n', ',']);
                let mut hit = order_hit(index, order, self.searched(subject));
                hit.evidence.push(Evidence { passage: passage.clone(), span, role: Role::Against });
                (!IF.iter().any(|word| clause.contains(word))).then_some(hit)
            })
        })
    }

    pub(super) fn antibiotic_indication(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const LOCAL: [&str; 10] = ["滴眼", "滴耳", "外用", "软膏", "乳膏", "含漱", "雾化", "皮试", "栓", "冲洗"];
        const REASONS: [&str; 55] = [
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
            "粒细胞缺乏",
            "粒缺",
            "早破",
            "GBS(+)",
            "GBS阳",
            "犬咬伤",
            "狗咬伤",
            "猫咬伤",
            "蛇咬伤",
            "动物咬伤",
            "烧伤",
            "烫伤",
            "足溃疡",
            "下肢溃疡",
            "皮肤溃疡",
            "高热",
            "低热",
            "发烧",
            "痰黄",
            "黄痰",
            "黄色痰",
            "黄粘痰",
            "黄黏痰",
            "支扩",
            "支气管扩张症",
            "支气管扩张伴",
            "支气管扩张并",
            "AECOPD",
            "尿路刺激",
            "冠周",
            "麦粒肿",
            "痤疮",
            "肝性脑病",
            "潜伏梅毒",
            "驱梅",
        ];
        /// One search for all of them.
        static ANY_REASON: LazyLock<Regex> = LazyLock::new(|| {
            let reasons: Vec<String> = REASONS.iter().map(|word| regex::escape(word)).collect();
            Regex::new(&reasons.join("|")).expect("a pattern of our own")
        });
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
            ANY_REASON.is_match(text)
                && REASONS.iter().any(|word| {
                    text.match_indices(word).any(|(at, found)| {
                        let span = crate::reading::Span::new(at, at + found.len());
                        let clause = passage.clause_of(span);
                        let before = &text[clause.start as usize..at];
                        // 高热量饮食 and 恶性高热 are no fever.
                        let of_other = text[at + found.len()..].starts_with(['量', '卡']) || before.ends_with("恶性");
                        !of_other && !["无", "否认", "未", "既往"].iter().any(|denial| before.contains(denial))
                    })
                })
                || has_fever(passage)
                || has_high_marker(text)
                || has_syphilis(subject, passage)
                || is_given_before_operation(subject, passage)
        };
        if self
            .explained
            .passages(subject)
            .any(|passage| !matches!(passage.section.as_ref(), "既往史" | "个人史" | "家族史" | "体格检查" | "过敏史") && present(passage))
        {
            return Ok(self.refused_antibiotic(subject, orders, is_systemic).into_iter().collect());
        }
        Ok(vec![order_hit(index, order, self.searched(subject))])
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
            ("梅毒抗体", &["梅毒", "TPPA", "RPR", "TRUST", "抗-TP", "抗TP", "TP-Ab", "抗密螺旋体", "TP:-", "TP(-)"]),
        ];
        const ALL: [&str; 14] = [
            "输血前四项",
            "感染四项",
            "感染筛查",
            "术前四项",
            "感染八项",
            "术前八项",
            "免疫八项",
            "输血八项",
            "输血前八项",
            "输血四项",
            "传染病四项",
            "传染病八项",
            "传染病筛查",
            "乙丙梅艾",
        ];
        const TAKEN: [&str; 7] = ["标本已留", "已抽血", "已采集", "结果待报", "待回报", "均阴性", "均为阴性"];
        // Said of many things: these count in the sentence that names the panel.
        const TAKEN_OR_WELL: [&str; 8] = ["已送检", "已抽", "待回", "未回", "未见异常", "无异常", "为阴", "均(-)"];
        let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
        let texts: Vec<&str> = self.explained.passages(subject).map(|passage| passage.text.as_str()).collect();
        let as_a_whole = || {
            self.explained.passages(subject).any(|passage| {
                let told_of =
                    |sentence: &Span| has(passage.text.slice(*sentence), &ALL) && has(passage.text.slice(*sentence), &TAKEN_OR_WELL);
                has(passage.text.as_str(), &ALL) && has(passage.text.as_str(), &TAKEN) || passage.sentences.iter().any(told_of)
            })
        };
        let found = |words: &[&str]| {
            labs.iter().any(|lab| lab.item.as_deref().is_some_and(|item| words.iter().any(|word| item.contains(word))))
                || texts.iter().any(|text| has(text, words) && (has(text, &NEGATIVE) || words.iter().any(|word| has_value(text, word))))
        };
        let missing: Vec<&str> = tests.iter().filter(|(_, words)| !found(words)).map(|(name, _)| *name).collect();
        if missing.is_empty() || as_a_whole() {
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
            let texts = || document.passages.iter().map(|passage| passage.text.as_str());
            let attended = document.passages.iter().filter(|passage| ATTENDED.contains(&passage.section.as_ref()));
            let present: Vec<&str> = attended.map(|passage| passage.text.as_str()).collect();
            let stands_apart = present.iter().any(|text| staff.iter().any(|name| text.contains(name)));
            let text_names = |name: &str| {
                if !stands_apart {
                    return texts().any(|text| is_called(text, name));
                }
                let speaks_up = |calling: &String| texts().any(|text| speaks(text, calling));
                present.iter().any(|text| is_called(text, name)) || callings(name).iter().any(speaks_up)
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

    pub(super) fn searched(&self, subject: &Subject<'_>) -> Vec<Searched> {
        self.explained.searched(subject)
    }
}

const NEGATIVE: [&str; 10] = ["阴性", "(-)", "(－)", ":-", "为阴。", "为阴,", "为阴;", "☑阴", "√阴", "■阴"];

/// HBsAg 0.01: the test with the number it gave.
fn has_value(text: &str, test: &str) -> bool {
    text.match_indices(test).any(|(at, found)| {
        let after = text[at + found.len()..].trim_start_matches([' ', ':']);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && after[digits..].starts_with('.')
    })
}

/// 体温38.9℃, and not 若体温>38.5℃.
fn has_fever(passage: &Passage) -> bool {
    const IF: [&str; 6] = ["若", "如", "超过", "以上", "必要时", "不超"];
    passage.measures.iter().any(|measure| {
        let is_fever = measure.unit.as_ref() == "℃" && (38.0..43.0).contains(&measure.value) && measure.relation == Relation::Equal;
        is_fever && !IF.iter().any(|word| around::stretch(passage.text.as_str(), measure.span, &['。', ';', ',', '\n']).contains(word))
    })
}

/// WBC 16×10^9/L, CRP 89: so high that nobody need say infection.
fn has_high_marker(text: &str) -> bool {
    const HIGH: [(&str, f64); 6] = [("WBC", 15.0), ("白细胞", 15.0), ("CRP", 50.0), ("C反应蛋白", 50.0), ("PCT", 2.0), ("降钙素原", 2.0)];
    HIGH.iter().any(|(item, bound)| {
        text.match_indices(item).any(|(at, found)| {
            let after = text[at + found.len()..].trim_start_matches(|letter: char| " :计数为约升高至达".contains(letter));
            let end = after.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(after.len());
            after[..end].parse::<f64>().is_ok_and(|value| value >= *bound)
        })
    })
}

/// The disease; 乙肝、梅毒、HIV阴性 and 梅毒(-) are tests.
fn has_syphilis(subject: &Subject<'_>, passage: &Passage) -> bool {
    const TEST: [&str; 7] = ["阴", "(-)", ":-", "抗", "查", "四项", "、"];
    let Some(syphilis) = subject.knowledge.lexicon().id("梅毒") else { return false };
    passage.mentions.iter().filter(|mention| mention.concept == syphilis && is_fact(mention)).any(|mention| {
        let clause = around::stretch(passage.text.as_str(), mention.span, &['。', ';', ',', '\n']);
        !TEST.iter().any(|word| clause.contains(word))
    })
}

/// 术前30min头孢呋辛1.5g静滴: prophylaxis without the word.
fn is_given_before_operation(subject: &Subject<'_>, passage: &Passage) -> bool {
    const UNITS: [&str; 4] = ["min", "分", "h", "小时"];
    let lexicon = subject.knowledge.lexicon();
    let text = passage.text.as_str();
    passage.mentions.iter().filter(|mention| lexicon.is_a(mention.concept, "抗菌药物")).any(|mention| {
        let clause = around::stretch(text, mention.span, &['。', ';', ',', '\n']);
        clause.split("术前").skip(1).any(|behind| {
            let unit = behind.trim_start_matches(|letter: char| letter.is_ascii_digit() || "半.-~ ".contains(letter));
            unit.len() < behind.len() && UNITS.iter().any(|word| unit.starts_with(word))
        })
    })
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
    use crate::record::ConditionLevel;
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
            // A temporary order that nobody stopped is not in force.
            if order.stop.is_none() && order.long_term == Some(false) {
                continue;
            }
            // Without a stop, the next level takes the place of this one.
            let until = order.stop.map(|stop| stop.earliest()).or_else(|| next_level(orders, start.latest()));
            let begin = from.latest().max(start.earliest());
            let end = until.map_or(to, |until| until.min(to));
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

/// When the next order of a level of nursing begins.
fn next_level(orders: &[Order], after: DateTime) -> Option<DateTime> {
    let levels = orders.iter().filter(|order| order.name.as_deref().is_some_and(|name| name.contains("级护理")));
    levels.filter_map(|order| order.start).map(|start| start.earliest()).filter(|start| *start > after).min()
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
