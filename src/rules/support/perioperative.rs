//! Around an operation and a first dose: prophylactic antibiotics, specimens, implants, and who may operate.

use super::super::{DataEvidence, Hit, Searched, Subject, facts};
use super::Prepared;
use super::blood::is_told;
use super::orders::order_hit;
use crate::reading::letters::is_han;
use crate::reading::text::Span;
use crate::reading::{DocumentReading, Passage};
use crate::record::{DocumentKind, Operation, Order, OrderKind, Title, time};

const HOUR: i64 = 60;

impl Prepared {
    /// Prophylaxis that begins after the incision, or goes on for more than 48 hours without a reason.
    pub(super) fn prophylaxis(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const GIVEN_BEFORE: [&str; 12] = [
            "术前30分",
            "术前0.5",
            "术前半小时",
            "术前1小时",
            "切皮前",
            "麻醉诱导",
            "术前预防",
            "术前已",
            "带药入",
            "术中带药",
            "术前用",
            "术前给",
        ];
        /// 术前用药:无, 切皮前三方核对 and 麻醉诱导:丙泊酚 tell nothing of it: the sentence must.
        const OF_ANTIBIOTIC: [&str; 4] = ["抗菌", "抗生素", "预防", "消炎"];
        const LONGER: [&str; 10] = ["污染", "感染灶", "感染征", "考虑感染", "合并感染", "发热", "脓", "穿孔", "治疗性", "开放性"];
        /// What still gives a reason where the record itself calls the wound clean and the drug preventive.
        const INFECTED: [&str; 7] = ["感染灶", "感染征", "考虑感染", "合并感染", "脓肿", "发热", "治疗性"];
        /// These give a reason only where the sentence speaks of infection: 跌倒高危, 很高危 do not.
        const LONGER_FOR_INFECTION: [&str; 2] = ["延长", "高危"];
        const INFECTION: [&str; 6] = ["感染", "抗菌", "抗生素", "头孢", "预防用药", "延长预防"];
        /// Drops and ointments are given for weeks after an operation on the eye or the ear.
        const LOCAL: [&str; 12] = ["滴眼", "点眼", "眼膏", "眼用", "滴耳", "滴鼻", "软膏", "乳膏", "凝胶", "外用", "含漱", "冲洗"];
        const SLACK: i64 = 10;
        /// Minutes before the incision at which a first dose no longer protects: 0.5–1 hour is taught, 2 hours for slow infusions.
        const EARLY: i64 = 180;
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let lexicon = subject.knowledge.lexicon();
        let is_local = |order: &Order| {
            let words = [order.name.as_deref(), order.route.as_deref()].into_iter().flatten();
            words.into_iter().any(|words| LOCAL.iter().any(|word| words.contains(word)))
        };
        let is_antibiotic = |order: &Order| {
            !is_local(order)
                && order.kind.is_none_or(|kind| kind == OrderKind::Drug)
                && lexicon.find(order.name.as_deref().unwrap_or("")).any(|(_, id)| lexicon.is_a(id, "抗菌药物"))
        };
        let preventive =
            |order: &Order| order.purpose.as_deref().is_some_and(|purpose| purpose == "prophylaxis" || purpose.contains("预防"));
        let antibiotics: Vec<(usize, &Order)> = orders.iter().enumerate().filter(|(_, order)| is_antibiotic(order)).collect();
        let names_antibiotic = |sentence: &str| {
            OF_ANTIBIOTIC.iter().any(|word| sentence.contains(word)) || lexicon.find(sentence).any(|(_, id)| lexicon.is_a(id, "抗菌药物"))
        };
        let given_before =
            || self.explained.passages(subject).any(|passage| sentences_with(passage, &GIVEN_BEFORE).into_iter().any(names_antibiotic));
        let mut hits = Vec::new();
        // With several operations an order's operation is anybody's guess.
        let [operation] = operations else { return Ok(hits) };
        let name = operation.name.as_deref().unwrap_or("");
        let caesarean = lexicon.find(name).any(|(_, id)| lexicon.is_a(id, "剖宫产术"));
        let (Some(start), Some(end)) = (operation.started_at.filter(|at| at.has_time()), operation.ended_at) else { return Ok(hits) };
        let begun_before = antibiotics.iter().any(|(_, order)| order.start.is_none_or(|at| at.earliest() <= start.latest()));
        let late = antibiotics.iter().find(|(_, order)| {
            preventive(order)
                && order
                    .start
                    .is_some_and(|at| at.has_time() && (SLACK..=24 * HOUR).contains(&time::minutes_between(start.latest(), at.earliest())))
        });
        let mut report = |index: usize, order: &Order, stated: String| {
            let mut hit = order_hit(index, order, self.explained.searched(subject));
            hit.data.push(DataEvidence { path: "/operations/0".into(), label: format!("手术 {name} {start}至{end}") });
            hit.slots = vec![("drug", order.name.clone().unwrap_or_default()), ("stated", stated)];
            hits.push(hit);
        };
        if let Some((index, order)) = late.filter(|_| !begun_before && !caesarean && !given_before()) {
            report(*index, order, "首剂在手术开始之后".to_owned());
        }
        // Given alone many hours before the incision; an order of the day before is meant for the operation's day.
        let early = antibiotics.iter().find(|(_, order)| {
            preventive(order)
                && is_single(order)
                && !order.name.as_deref().is_some_and(|name| name.contains("术前"))
                && order.start.is_some_and(|at| {
                    let ahead = time::minutes_between(at.latest(), start.earliest());
                    at.has_time() && at.date() == start.date() && (EARLY..=12 * HOUR).contains(&ahead)
                })
        });
        let near = antibiotics.iter().any(|(_, order)| {
            order.start.is_none_or(|at| !at.has_time() || (-SLACK..EARLY).contains(&time::minutes_between(at.latest(), start.earliest())))
        });
        if let Some((index, order)) = early.filter(|_| !near && !given_before()) {
            report(*index, order, "首剂早于手术开始3小时以上".to_owned());
        }
        let long = antibiotics.iter().find_map(|(index, order)| {
            let (from, stop) = (order.start?, order.stop?);
            let hours = time::minutes_between(end.latest(), stop.earliest()) / HOUR;
            let around = from.earliest() <= time::plus_minutes(end.latest(), 24 * HOUR);
            (preventive(order) && order.long_term != Some(false) && around && hours > 50).then_some((*index, *order, hours))
        });
        let of_infection = |passage: &Passage, word: &str| {
            sentences_with(passage, &[word])
                .into_iter()
                .any(|sentence| INFECTION.iter().any(|word| sentence.contains(word)) && !refuses(sentence, word))
        };
        let longer = || {
            let words: &[&str] = if self.explained.passages(subject).any(|passage| calls_clean(passage)) { &INFECTED } else { &LONGER };
            self.explained.passages(subject).any(|passage| {
                words.iter().any(|word| is_told(passage, word) && !refuses(passage.text.as_str(), word))
                    || LONGER_FOR_INFECTION.iter().any(|word| of_infection(passage, word))
            })
        };
        if let Some((index, order, hours)) = long.filter(|_| !longer()) {
            report(index, order, format!("术后持续{hours}小时"));
        }
        Ok(hits)
    }

    /// A special-level antibiotic begun for treatment before any specimen was taken.
    pub(super) fn specimen_first(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const TESTS: [&str; 9] = ["细菌学", "培养", "涂片", "药敏", "病原", "NGS", "G试验", "GM试验", "送检"];
        const ELSEWHERE: [&str; 6] = ["外院", "当地医院", "转入前", "院外", "无法留取", "拒绝"];
        const SLACK: i64 = 60;
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let tested = |name: &str| TESTS.iter().any(|word| name.contains(word));
        // Without results an order of the test shows when it was sent.
        let any_ordered = orders.iter().any(|order| order.name.as_deref().is_some_and(tested));
        let cultures = match subject.visit.cultures.as_deref() {
            Some(cultures) => cultures,
            None if any_ordered => &[],
            None => return Err("未提供培养结果".to_owned()),
        };
        let lexicon = subject.knowledge.lexicon();
        let is_special = |order: &Order| {
            order.kind.is_none_or(|kind| kind == OrderKind::Drug)
                && order.purpose.as_deref().is_none_or(|purpose| purpose == "treatment" || purpose.contains("治疗"))
                && (order.class.as_deref() == Some("antibiotic_special")
                    || lexicon.find(order.name.as_deref().unwrap_or("")).any(|(_, id)| lexicon.is_a(id, "特殊使用级")))
        };
        let timed = orders.iter().enumerate().filter(|(_, order)| is_special(order));
        let first = timed.filter_map(|(index, order)| order.start.filter(|at| at.has_time()).map(|at| (at, index, order)));
        let Some((start, index, order)) = first.min_by_key(|(at, _, _)| at.earliest()) else { return Ok(Vec::new()) };
        let due = time::plus_minutes(start.latest(), SLACK);
        let taken = cultures.iter().any(|culture| culture.sampled_at.or(culture.reported_at).is_none_or(|at| at.earliest() <= due));
        let ordered =
            orders.iter().any(|order| order.name.as_deref().is_some_and(tested) && order.start.is_none_or(|at| at.earliest() <= due));
        let told = self.explained.documents(subject).any(|document| {
            let early = document.time.is_none_or(|at| at.earliest() <= due || at.date() == start.date());
            early
                && self.explained.passages_of(document).any(|passage| {
                    let text = passage.text.as_str();
                    // 病理标本送检 is no culture.
                    let sent = ["痰", "血", "尿", "脓", "分泌物", "引流液", "灌洗液", "脑脊液"]
                        .iter()
                        .any(|word| text.contains(&format!("{word}送检")) || text.contains(&format!("{word}标本送检")));
                    let named = TESTS.iter().any(|word| *word != "送检" && text.contains(word));
                    // Another hospital excuses where it is said of the infection's treatment or specimen.
                    let treated = |sentence: &crate::reading::Span| {
                        let said = passage.text.slice(*sentence);
                        let of_infection = ["抗", "头孢", "培南", "西林", "沙星", "霉素", "标本", "留痰", "抽血"];
                        ELSEWHERE.iter().any(|word| said.contains(word)) && of_infection.iter().any(|word| said.contains(word))
                    };
                    sent || named || passage.sentences.iter().any(treated)
                })
        });
        if taken || ordered || told {
            return Ok(Vec::new());
        }
        let mut hit = order_hit(index, order, self.explained.searched(subject));
        let later = cultures.iter().enumerate().filter_map(|(index, culture)| culture.sampled_at.map(|at| (at, index, culture)));
        let later = later.min_by_key(|(at, _, _)| at.earliest());
        let stated = later.as_ref().map_or("无更早的标本、送检医嘱或记载".to_owned(), |(at, _, culture)| {
            format!("首份{}标本采于{at}", culture.specimen.as_deref().unwrap_or(""))
        });
        hit.data.extend(later.map(|(_, index, _)| DataEvidence { path: format!("/cultures/{index}"), label: stated.clone() }));
        hit.slots = vec![("drug", order.name.clone().unwrap_or_default()), ("stated", stated)];
        Ok(vec![hit])
    }

    /// An implant of the operation's data that no operation record speaks of.
    pub(super) fn implant(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const PLACED: [&str; 32] = [
            "植入",
            "置入",
            "置换",
            "安装",
            "安放",
            "放置",
            "固定",
            "假体",
            "钢板",
            "螺钉",
            "髓内钉",
            "支架",
            "补片",
            "起搏",
            "晶体",
            "瓣",
            "融合器",
            "条码",
            "封堵",
            "夹",
            "网片",
            "股骨头",
            "弹簧圈",
            "栓塞",
            // Everyday and English names: 融合器, 弹簧圈, 股骨近端防旋髓内钉, 补片.
            "cage",
            "Cage",
            "CAGE",
            "coil",
            "Coil",
            "PFN",
            "平片",
            "硅油",
        ];
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let records: Vec<&DocumentReading> = self.within.documents(subject).collect();
        // Which of several records belongs to which operation is not known.
        if records.is_empty() || operations.len() > records.len() {
            return Ok(Vec::new());
        }
        let speaks = |word: &str| records.iter().any(|record| record.passages.iter().any(|passage| passage.text.as_str().contains(word)));
        let mut hits = Vec::new();
        for (index, operation) in operations.iter().enumerate() {
            for (at, implant) in operation.implants.iter().flatten().enumerate() {
                let Some(name) = implant.name.as_deref().filter(|name| !name.trim().is_empty()) else { continue };
                if names_part(name, &speaks) || PLACED.iter().any(|word| speaks(word)) {
                    continue;
                }
                hits.push(Hit {
                    data: vec![DataEvidence { path: format!("/operations/{index}/implants/{at}"), label: format!("植入物 {name}") }],
                    searched: records.iter().map(|record| Searched { document: record.index, section: None }).collect(),
                    slots: vec![("stated", name.to_owned())],
                    anchor: format!("{index}-{at}"),
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    /// A level 3 or 4 operation by a resident or intern, with no senior at the table and no word of guidance.
    pub(super) fn surgeon_level(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const GUIDED: [&str; 6] = ["指导", "带教", "授权", "在场", "上台", "协助下"];
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        if subject.visit.staff.is_none() {
            return Err("未提供人员信息".to_owned());
        }
        let title = |id: &str| facts::title_of(subject.visit, id);
        let junior = |operation: &Operation| {
            operation.elective != Some(false)
                && operation.level.is_some_and(|level| level >= 3)
                && operation.surgeon.as_deref().and_then(title).is_some_and(|title| matches!(title, Title::Resident | Title::Intern))
                // An assistant whose title is not known may be the senior.
                && operation.assistants.iter().flatten().all(|id| title(id).is_some_and(|title| title <= Title::Resident))
        };
        let guided = || {
            let records = subject.reading.documents.iter().filter(|document| document.kind == DocumentKind::OperationRecord);
            // 助手:李明主治医师 is a senior at the table.
            let has_senior = |passage: &Passage| {
                passage.section.as_ref() == "助手" && ["主治", "主任", "教授"].iter().any(|word| passage.text.as_str().contains(word))
            };
            records
                .flat_map(|record| &record.passages)
                .any(|passage| has_senior(passage) || GUIDED.iter().any(|word| passage.text.as_str().contains(word)))
        };
        let mut hits = Vec::new();
        for (index, operation) in operations.iter().enumerate().filter(|(_, operation)| junior(operation)) {
            if guided() {
                break;
            }
            let surgeon = operation.surgeon.as_deref().unwrap_or("");
            let stated = format!("{}{}", facts::name_of(subject.visit, surgeon), title(surgeon).map_or("", Title::chinese));
            let level = format!("{}({}级)", operation.name.as_deref().unwrap_or(""), operation.level.unwrap_or(0));
            hits.push(Hit {
                data: vec![DataEvidence { path: format!("/operations/{index}"), label: format!("{level} 术者 {stated}") }],
                slots: vec![("stated", stated), ("first", level)],
                anchor: operation.id.clone().unwrap_or_else(|| index.to_string()),
                ..Hit::default()
            });
        }
        Ok(hits)
    }
}

/// The sentences of a passage that hold one of the words.
fn sentences_with<'p>(passage: &'p Passage, words: &[&str]) -> Vec<&'p str> {
    let text = passage.text.as_str();
    let found = words.iter().flat_map(|word| text.match_indices(*word)).map(|(at, word)| Span::new(at, at + word.len()));
    found.map(|span| passage.text.slice(passage.sentence_of(span))).collect()
}

/// 不延长, 不考虑感染, 不需治疗性使用: the word stands only where it is refused.
fn refuses(text: &str, word: &str) -> bool {
    const REFUSED: [&str; 6] = ["不", "不需", "不再", "无需", "不是", "不予"];
    text.match_indices(word).all(|(at, _)| REFUSED.iter().any(|refusal| text[..at].ends_with(refusal)))
}

/// One dose: by its kind, or by its frequency where the hospital doesn't send the kind.
fn is_single(order: &Order) -> bool {
    const ONCE: [&str; 6] = ["once", "st", "st.", "立即", "一次", "1次"];
    order.long_term == Some(false)
        || order.long_term.is_none()
            && order.frequency.as_deref().is_some_and(|frequency| ONCE.contains(&frequency.trim().to_ascii_lowercase().as_str()))
}

/// 围术期用药按Ⅱ类切口预防: 流脓 and 穿孔 of the history are then no reason for more.
fn calls_clean(passage: &Passage) -> bool {
    const CLEAN: [&str; 6] = ["Ⅰ类", "Ⅱ类", "I类", "II类", "一类切口", "二类切口"];
    passage.sentences.iter().map(|sentence| passage.text.slice(*sentence)).any(|sentence| {
        let is_other = ["Ⅲ类", "III类", "Ⅳ类"].iter().any(|word| sentence.contains(word));
        !is_other && sentence.contains("切口") && sentence.contains("预防") && CLEAN.iter().any(|word| sentence.contains(word))
    })
}

/// Whether somebody speaks of an implant by this name or by three letters of it: 350~560μm聚乙烯醇颗粒 is 聚乙烯醇栓塞颗粒.
fn names_part(name: &str, speaks: &impl Fn(&str) -> bool) -> bool {
    let letters: Vec<char> = name.chars().collect();
    speaks(name) || letters.windows(3).any(|part| part.iter().all(|letter| is_han(*letter)) && speaks(&part.iter().collect::<String>()))
}
