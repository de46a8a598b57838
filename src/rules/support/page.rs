//! The front page held against the record: principal diagnosis, states on admission, operations, pathology, rescues.

use super::super::agree::{is_malignant, names_tumour, shared};
use super::super::{DataEvidence, Evidence, Hit, Role, Subject, events, facts, lists};
use super::Prepared;
use crate::reading::letters::bare;
use crate::reading::text::Span;
use crate::reading::{DocumentReading, Passage};
use crate::record::{CodedDiagnosis, CodedOperation, Disposition, DocumentKind, FrontPage, Instant, time};

/// Chronic diseases that are nobody's reason for an operation on another organ.
const COMORBID: [&str; 7] = ["高血压", "2型糖尿病", "1型糖尿病", "糖尿病", "高脂血症", "血脂异常", "高尿酸血症"];
/// Their acute or organ forms, which may well be the reason for the stay.
const OF_ITS_OWN: [&str; 10] = ["酮症", "高渗", "危象", "急症", "坏疽", "足", "肾", "眼", "脑", "心"];
/// States in which every disease may end.
const TERMINAL: [&str; 5] = ["呼吸循环衰竭", "循环呼吸衰竭", "全身衰竭", "多器官功能衰竭", "多脏器功能衰竭"];
/// What only care or the stay itself brings about: one wording a group.
const ACQUIRED: [&[&str]; 7] = [
    &["压疮", "褥疮", "压力性损伤", "压力性溃疡"],
    WOUND,
    &["医院获得性肺炎", "院内获得性肺炎"],
    &["呼吸机相关性肺炎", "呼吸机相关肺炎"],
    &["导管相关"],
    &["输血反应"],
    &["输液反应"],
];
/// Of a wound of this stay: one of an earlier operation may well be why the patient comes.
const WOUND: &[&str] = &["切口感染", "手术部位感染", "切口皮下感染", "切口浅部感染", "切口浅表感染", "切口深部感染"];
/// What may also be there on admission, and counts as the stay's own where the record says that it set in later.
const SET_IN: [&[&str]; 7] = [
    &["吸入性肺炎"],
    &["感染性休克", "脓毒性休克", "脓毒症休克"],
    &["穿刺点血肿", "穿刺部位血肿", "穿刺处血肿"],
    &["静脉血栓"],
    &["谵妄"],
    &["多器官功能障碍", "多脏器功能障碍", "MODS"],
    &["抗生素相关性腹泻", "抗菌药物相关性腹泻", "抗菌药所致腹泻"],
];
/// 术后房颤, 产后贫血 say by their name that an operation or a birth came first.
const AFTERWARDS: [&[&str]; 6] = [&["房颤", "心房颤动"], &["贫血"], &["出血"], &["尿潴留"], &["肠梗阻", "肠麻痹"], &["肺炎", "肺部感染"]];
const TWO_DAYS: i64 = 48 * 60;

impl Prepared {
    pub(super) fn main_diagnosis(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let page = front_page(subject)?;
        let Some(main) = page.main_diagnosis.as_ref().and_then(|diagnosis| diagnosis.name.as_deref()) else { return Ok(Vec::new()) };
        let lexicon = subject.knowledge.lexicon();
        let others: Vec<(usize, &str)> = names(page.other_diagnoses.as_deref()).collect();
        let stated = DataEvidence { path: "/front_page/main_diagnosis".into(), label: format!("首页主要诊断 {main}") };
        let hit = |data: Vec<DataEvidence>, expected: &str| Hit {
            data,
            slots: vec![("stated", main.to_owned()), ("expected", expected.to_owned())],
            ..Hit::default()
        };
        if TERMINAL.contains(&main.trim())
            && let Some((index, other)) = others.iter().find(|(_, other)| !TERMINAL.iter().any(|word| other.contains(word)))
        {
            let data = vec![stated, DataEvidence { path: format!("/front_page/other_diagnoses/{index}"), label: (*other).to_owned() }];
            return Ok(vec![hit(data, "引起终末状态的疾病")]);
        }
        let operation = page.main_operation.as_ref().and_then(|operation| operation.name.as_deref()).unwrap_or("");
        let site = lexicon
            .find(operation)
            .filter(|(_, id)| lexicon.is_a(*id, "手术") && !lexicon.is_a(*id, "介入"))
            .find_map(|(_, id)| lexicon.concept(id).site);
        let Some(organ) = site.map(|id| lexicon.concept(id).name.as_ref()) else { return Ok(Vec::new()) };
        let concerns = |name: &str| {
            name.contains(organ)
                || lexicon
                    .find(name)
                    .any(|(_, id)| lexicon.concept(id).site.is_some_and(|site| lexicon.concept(site).name.as_ref() == organ))
        };
        let comorbid = COMORBID.iter().any(|word| main.starts_with(word)) && !OF_ITS_OWN.iter().any(|word| main.contains(word));
        if !comorbid || concerns(main) {
            return Ok(Vec::new());
        }
        let treated = others.iter().find(|(_, other)| concerns(other));
        Ok(treated
            .map(|(index, other)| {
                let operated = DataEvidence { path: "/front_page/main_operation".into(), label: format!("首页主要手术 {operation}") };
                let path = format!("/front_page/other_diagnoses/{index}");
                let listed = DataEvidence { path, label: format!("首页其他诊断 {other}") };
                hit(vec![stated, operated, listed], other)
            })
            .into_iter()
            .collect())
    }

    pub(super) fn admission_state(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let page = front_page(subject)?;
        let main = page.main_diagnosis.iter().map(|diagnosis| ("/front_page/main_diagnosis".to_owned(), diagnosis));
        let others = page.other_diagnoses.iter().flatten().enumerate();
        let others = others.map(|(index, diagnosis)| (format!("/front_page/other_diagnoses/{index}"), diagnosis));
        let mut hits = Vec::new();
        for (path, diagnosis) in main.chain(others) {
            let (Some(name), Some(state)) = (diagnosis.name.as_deref(), diagnosis.admission_state.as_deref()) else { continue };
            let against = match state.trim() {
                "无" | "4" => self.listed_on_admission(subject, name),
                "有" | "1" => self.acquired(subject, name),
                _ => None,
            };
            if let Some(evidence) = against {
                hits.push(Hit {
                    evidence: vec![evidence],
                    data: vec![DataEvidence { path, label: format!("首页 {name} 入院病情:{state}") }],
                    slots: vec![("concept", name.to_owned()), ("stated", state.trim().to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    /// The admission's own list of diagnoses has it, without a question mark.
    fn listed_on_admission(&self, subject: &Subject<'_>, name: &str) -> Option<Evidence> {
        const SHORTEST: usize = 4;
        let wanted: String = bare(name).collect();
        self.within.passages(subject).find_map(|passage| {
            lists::items(passage).into_iter().find_map(|(span, item)| {
                let item_name: String = bare(item).collect();
                // The list may say more (右侧肺部感染), not less: 2型糖尿病 is no 2型糖尿病性肾病.
                let same = item_name == wanted || wanted.chars().count() >= SHORTEST && item_name.contains(&wanted);
                let rest = &passage.text.as_str()[span.end as usize..];
                let doubtful = item.contains(['?'])
                    || rest.starts_with('?')
                    || ["待", "可能", "史", "术后", "陈旧", "后遗", "恢复期"].iter().any(|word| item.contains(word));
                (same && !doubtful).then(|| Evidence { passage: passage.clone(), span, role: Role::This })
            })
        })
    }

    /// First written of two days or more after admission, as something new.
    fn acquired(&self, subject: &Subject<'_>, name: &str) -> Option<Evidence> {
        const NEW: [&str; 6] = ["新发", "发现", "出现", "发生", "形成", "新增"];
        const ONSET: [&str; 6] = ["新发", "出现", "发生", "并发", "突发", "继发"];
        let named = |groups: &[&'static [&'static str]]| {
            groups.iter().copied().find(|words: &&[&str]| words.iter().any(|word| name.contains(word)))
        };
        let is_afterwards = || {
            let here = subject.visit.operations.iter().flatten().next().is_some() || name.starts_with("产后");
            here && (name.starts_with("术后") || name.starts_with("产后"))
        };
        let (words, said): (_, &[&str]) = if let Some(words) = named(&ACQUIRED) {
            (words, &NEW)
        } else if let Some(words) = named(&SET_IN) {
            (words, &ONSET)
        } else {
            (named(&AFTERWARDS).filter(|_| is_afterwards())?, &[""])
        };
        let admitted = subject.visit.admission.admitted_at?.earliest();
        let late = |document: &DocumentReading| {
            document.time.is_some_and(|at| at.has_time() && time::minutes_between(admitted, at.earliest()) >= TWO_DAYS)
        };
        // A document without a time may be an early one.
        let mut early =
            subject.reading.documents.iter().filter(|document| !late(document) && document.kind != DocumentKind::DischargeRecord);
        let told_early = |document: &DocumentReading| {
            let foretold = |passage: &Passage, span: Span| is_consent(document.kind) && !is_stated_diagnosis(passage, span);
            document.passages.iter().any(|passage| first_of(passage, words).is_some_and(|span| !foretold(passage, span)))
        };
        if early.any(told_early) {
            return None;
        }
        let operated = |document: &DocumentReading| {
            let starts = subject.visit.operations.iter().flatten().filter_map(|operation| operation.started_at);
            let before = |at: Instant| at.latest() >= admitted && document.time.is_some_and(|noted| at.latest() < noted.earliest());
            words != WOUND || starts.into_iter().any(before)
        };
        self.explained.documents(subject).filter(|document| late(document) && operated(document)).find_map(|document| {
            document.passages.iter().find_map(|passage| {
                let span = first_of(passage, words)?;
                let sentence = passage.sentence_of(span);
                let new = said.iter().any(|word| passage.text.slice(sentence).contains(word));
                new.then(|| Evidence { passage: passage.clone(), span: sentence, role: Role::This })
            })
        })
    }
}

/// A consent foretells what may happen; only its line of diagnoses says what is.
fn is_consent(kind: DocumentKind) -> bool {
    use DocumentKind::{ConsentAnesthesia, ConsentOperation, ConsentSpecial, ConsentTransfusion};
    matches!(kind, ConsentOperation | ConsentAnesthesia | ConsentSpecial | ConsentTransfusion)
}

fn is_stated_diagnosis(passage: &Passage, span: Span) -> bool {
    let before = &passage.text.as_str()[..span.start as usize];
    let line = before.rsplit('\n').next().unwrap_or(before);
    passage.section.contains("诊断") || line.contains("诊断") && !line.contains("风险") && !line.contains("并发症")
}

/// The first of the words that is neither denied nor only a risk.
fn first_of(passage: &Passage, words: &[&str]) -> Option<Span> {
    const AFTER: [&str; 6] = ["风险", "评分", "评估", "危险", "预防", "防范"];
    const BEFORE: [&str; 6] = ["无", "未见", "未发生", "预防", "防止", "避免"];
    let text = passage.text.as_str();
    words.iter().flat_map(|word| text.match_indices(word)).find_map(|(at, word)| {
        let end = at + word.len();
        let clause = passage.clauses.iter().find(|clause| clause.contains(Span::new(at, end))).copied();
        let before = &text[clause.map_or(0, |clause| clause.start as usize)..at];
        let harmless = AFTER.iter().any(|word| text[end..].starts_with(word)) || BEFORE.iter().any(|word| before.contains(word));
        (!harmless).then(|| Span::new(at, end))
    })
}

pub(super) fn operation_listed(subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
    const LIKE: f64 = 0.5;
    let page = front_page(subject)?;
    let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
    // A page of which no operation field was sent says nothing of operations.
    if page.main_operation.is_none() && page.other_operations.is_none() {
        return Err("未提供首页手术栏".to_owned());
    }
    let lexicon = subject.knowledge.lexicon();
    let named = |operation: &&CodedOperation| operation.name.as_deref().is_some_and(|name| !name.trim().is_empty());
    let listed: Vec<&CodedOperation> = page.main_operation.iter().chain(page.other_operations.iter().flatten()).filter(named).collect();
    let same = |name: &str, other: &CodedOperation| {
        let other = other.name.as_deref().unwrap_or("");
        let concept = lexicon.find(name).any(|(_, id)| lexicon.is_a(id, "手术") && lexicon.find(other).any(|(_, known)| known == id));
        concept || shared(&bare(name).collect::<String>(), &bare(other).collect::<String>()) >= LIKE
    };
    let mut hits = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let Some(name) = operation.name.as_deref().filter(|name| !name.trim().is_empty()) else { continue };
        let done = DataEvidence { path: format!("/operations/{index}"), label: format!("手术信息 {name}") };
        let on_page = listed.iter().find(|other| same(name, other));
        let hit = |page: String, missing: String| Hit {
            data: vec![done.clone(), DataEvidence { path: "/front_page".into(), label: page }],
            slots: vec![("stated", name.to_owned()), ("missing", missing)],
            anchor: operation.id.clone().unwrap_or_else(|| index.to_string()),
            ..Hit::default()
        };
        match on_page {
            // Fewer than were done: one is left out, not merely named by another name.
            None if listed.len() < operations.len() => {
                let shown = listed.iter().filter_map(|other| other.name.as_deref()).collect::<Vec<_>>().join("、");
                hits.push(hit(format!("首页手术:{}", if shown.is_empty() { "空" } else { &shown }), "未填写该手术".to_owned()));
            }
            Some(other) => {
                if let (Some(done), Some(written)) = (operation.level, other.level)
                    && done != written
                {
                    hits.push(hit(format!("首页手术级别 {written}级"), format!("级别为{written}级,手术信息为{done}级")));
                }
            }
            None => {}
        }
    }
    Ok(hits)
}

pub(super) fn pathology_diagnosis(subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
    // Smears and the like are no pathology diagnosis of the front page.
    const CYTOLOGY: [&str; 9] = ["细胞学", "液基", "脱落", "涂片", "TCT", "胸水", "腹水", "痰", "骨髓"];
    let page = front_page(subject)?;
    let reports = subject.visit.pathology.as_deref().ok_or("未提供病理报告")?;
    let stated = page.pathology_diagnosis.as_deref().ok_or("未提供首页病理诊断")?.trim();
    let Some(finished) = page.completed_at.or(subject.visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at)) else {
        return Err("未提供首页完成时间".to_owned());
    };
    let counts = |text: &Option<String>| !text.as_deref().is_some_and(|text| CYTOLOGY.iter().any(|word| text.contains(word)));
    // A report of an earlier stay belongs to that stay's front page.
    let admitted = subject.visit.admission.admitted_at;
    let of_stay = |at: Instant| at.latest() <= finished.earliest() && admitted.is_none_or(|admitted| at.latest() >= admitted.earliest());
    let known = reports
        .iter()
        .enumerate()
        .filter(|(_, report)| report.reported_at.is_some_and(of_stay) && counts(&report.specimen) && counts(&report.diagnosis));
    let known: Vec<(usize, &str)> = known
        .filter_map(|(index, report)| report.diagnosis.as_deref().map(|text| (index, text.trim())))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let blank = stated.is_empty() || matches!(stated, "-" | "无" | "/" | "—");
    let operated = subject.visit.operations.iter().flatten().next().is_some();
    let missed = match known.first() {
        // Many hospitals leave the box to tumours and operations: a biopsy of the gastric mucosa may go without.
        Some(first) if blank => known.iter().find(|(_, text)| is_malignant(text)).or(if operated { Some(first) } else { None }),
        Some(_)
            if !names_tumour(stated) && !["待", "见病理", "见报告", "详", "附", "M8", "M9"].iter().any(|word| stated.contains(word)) =>
        {
            known.iter().find(|(_, text)| is_malignant(text))
        }
        _ => None,
    };
    Ok(missed
        .map(|(index, text)| {
            let shown = if blank { "空" } else { stated };
            Hit {
                data: vec![
                    DataEvidence { path: format!("/pathology/{index}"), label: format!("病理报告 {text}") },
                    DataEvidence { path: "/front_page/pathology_diagnosis".into(), label: format!("首页病理诊断:{shown}") },
                ],
                slots: vec![("stated", shown.to_owned()), ("expected", (*text).to_owned())],
                ..Hit::default()
            }
        })
        .into_iter()
        .collect())
}

pub(super) fn rescue_total(subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
    let page = front_page(subject)?;
    let count = page.rescue_count.ok_or("未提供首页抢救次数")?;
    let success = page.rescue_success_count;
    let records: Vec<&DocumentReading> =
        subject.reading.documents.iter().filter(|document| document.kind == DocumentKind::RescueRecord).collect();
    // Records a day or more apart are of different rescues; one rescue may have several records and pass midnight.
    let mut times: Vec<_> = records.iter().filter_map(|document| document.time).map(|at| at.earliest()).collect();
    times.sort_unstable();
    let apart = times.windows(2).filter(|pair| time::minutes_between(pair[0], pair[1]) >= TWO_DAYS / 2).count();
    let rescues = if times.is_empty() { 0 } else { apart + 1 };
    let rows = subject.visit.rescues.as_ref().map(Vec::len);
    let told =
        || subject.reading.documents.iter().flat_map(|document| &document.passages).any(|passage| passage.text.as_str().contains("抢救"));
    let ordered = subject.visit.discharge.as_ref().and_then(|discharge| discharge.disposition) == Some(Disposition::Ordered);
    let wrong = if let Some(success) = success.filter(|success| *success > count) {
        Some(format!("成功{success}次多于抢救{count}次"))
    } else if let Some(success) = success.filter(|success| count - success > 1) {
        Some(format!("抢救{count}次、成功{success}次,失败的抢救至多一次"))
    } else if let Some(success) = success.filter(|success| ordered && *success < count) {
        Some(format!("医嘱离院而抢救{count}次、成功{success}次"))
    } else if count == 0 && (!records.is_empty() || rows.is_some_and(|rows| rows > 0)) {
        Some(format!("病历有抢救记录{}份", records.len().max(rows.unwrap_or(0))))
    } else if rescues as i64 > count {
        Some(format!("病历有{rescues}次间隔一日以上的抢救记录"))
    } else if count > 0 && records.is_empty() && rows.is_none_or(|rows| rows == 0) && events::is_whole_record(subject) && !told() {
        Some("病历中未见抢救记录".to_owned())
    } else {
        None
    };
    let stated = format!("抢救{count}次{}", success.map_or(String::new(), |success| format!("、成功{success}次")));
    Ok(wrong
        .map(|expected| {
            let mut data = vec![DataEvidence { path: "/front_page/rescue_count".into(), label: format!("首页{stated}") }];
            let record = |document: &&DocumentReading| DataEvidence {
                path: format!("/documents/{}", document.index),
                label: format!(
                    "{}{}",
                    document.title,
                    facts::document(subject.visit, document).event_at.map_or(String::new(), |at| format!(" {at}"))
                ),
            };
            data.extend(records.iter().map(record));
            Hit { data, slots: vec![("stated", stated.clone()), ("expected", expected)], ..Hit::default() }
        })
        .into_iter()
        .collect())
}

fn front_page<'s>(subject: &Subject<'s>) -> Result<&'s FrontPage, String> {
    subject.visit.front_page.as_ref().ok_or_else(|| "未提供病案首页数据".to_owned())
}

fn names(diagnoses: Option<&[CodedDiagnosis]>) -> impl Iterator<Item = (usize, &str)> {
    diagnoses.unwrap_or(&[]).iter().enumerate().filter_map(|(index, diagnosis)| diagnosis.name.as_deref().map(|name| (index, name)))
}
