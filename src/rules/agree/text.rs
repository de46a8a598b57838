//! Reads the facts of an agreement out of text: names, sex, blood groups, times of death, anaesthesia, losses, lists of diagnoses.

use super::super::around;
use crate::reading::letters::is_han;
use crate::reading::text::Span;
use crate::reading::{Measure, Passage, Relation, TimeValue};
use crate::record::Sex;

/// The value after a printed label: `姓名:王某某`, up to white space or punctuation; 联系人姓名, 会诊医师姓名 are labels of somebody else.
pub(in crate::rules) fn labelled<'t>(text: &'t str, label: &str) -> Option<(Span, &'t str)> {
    // Most texts are spared the search.
    if !text.contains(label) {
        return None;
    }
    let is_patient = |before: &str| ["患者", "病人", "本人", "受血者", "受者"].iter().any(|word| before.ends_with(word));
    let of_other = |before: &str| before.ends_with(['人', '员', '师', '属', '偶', '者', '亲']) && !is_patient(before);
    let at = text.match_indices(label).map(|(at, _)| at).find(|at| !of_other(&text[..*at]))?;
    let rest = &text[at + label.len()..];
    let value_part = rest.trim_start_matches([' ', ':']);
    if value_part.len() == rest.len() {
        return None;
    }
    let start = text.len() - value_part.len();
    let end =
        start + value_part.find(|character: char| character.is_whitespace() || ",;。、()".contains(character)).unwrap_or(value_part.len());
    (end > start).then(|| (Span::new(start, end), &text[start..end]))
}

/// `患者李某某,男` at the start of a text.
pub(in crate::rules) fn opening_name(text: &str) -> Option<(Span, &str)> {
    let rest = text.trim_start().strip_prefix("患者")?.trim_start_matches([':', ' ']);
    let start = text.len() - rest.len();
    let end = start + rest.find([',', ' '])?;
    let name = &text[start..end];
    let after = text[end + 1..].trim_start();
    let is_name = (2..=4).contains(&name.chars().count()) && after.starts_with(['男', '女']);
    is_name.then(|| (Span::new(start, end), name))
}

/// The patient's name, perhaps with more after it, or masked.
pub(in crate::rules) fn is_same_name(name: &str, stated: &str) -> bool {
    let masked = |text: &str| text.contains(['*', '×', 'X', '某', '_']);
    stated.starts_with(name) || (masked(name) || masked(stated)) && stated.chars().next() == name.chars().next()
}

/// The patient's sex as a passage states it: 患者,女,68岁 / 老年男性患者 / 性别:男. General sentences about a disease don't count.
pub(in crate::rules) fn stated_sex(passage: &Passage) -> Option<(Span, Sex)> {
    /// Letters before which name, sex and age of the patient stand.
    const OPENING: usize = 40;
    let text = passage.text.as_str();
    if let Some((span, value)) = labelled(text, "性别").filter(|(span, _)| !is_of_other_person(text, span.start as usize)) {
        // 男□ 女☑: the box behind is not ticked.
        let unticked = value.chars().nth(1).is_some_and(|mark| matches!(mark, '□' | '☐' | '○'));
        return sex_of(value.chars().next()?).filter(|_| !unticked).map(|sex| (span, sex));
    }
    for (at, word) in text.match_indices(['男', '女']) {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let opens = before.chars().nth(OPENING).is_none();
        let said = is_listed(before, after, opens) && !is_of_family(before, after) || is_described(passage, at, after);
        if said && !is_general(before, after) && !is_of_other(text, at, after) {
            let end = at + word.len() + if after.starts_with('性') { '性'.len_utf8() } else { 0 };
            return sex_of(word.chars().next()?).map(|sex| (Span::new(at, end), sex));
        }
    }
    None
}

/// 患者,女,68岁 or 患者女性: the word ends here, unlike 患者女儿. 张某,男,68岁 opens a text; further on it may be anybody, and 男2410g is a newborn.
fn is_listed(before: &str, after: &str, opens: bool) -> bool {
    let number = after.trim_start_matches([',', ' ', '(']);
    let counts = number.starts_with(|next: char| next.is_ascii_digit());
    let weighs = number.trim_start_matches(|next: char| next.is_ascii_digit()).starts_with(['g', 'k', '克']);
    let parted = before.trim_end_matches([',', ' ', ':']);
    let called = parted.ends_with("患者") && is_whole(after) && (parted.len() < before.len() || after.starts_with('性') || counts);
    called || opens && before.trim_end().ends_with(',') && counts && !weighs
}

/// 老年男性患者, 中年女,急骤起病 at the head of a statement of the patient. Below a disease's name (类风湿关节炎:中年女性) it is of that disease.
fn is_described(passage: &Passage, at: usize, after: &str) -> bool {
    const AGES: [&str; 8] = ["中老年", "青壮年", "老年", "中年", "青年", "育龄", "学龄期", "学龄前"];
    const HEADS: [&str; 21] = [
        "患者",
        "患儿",
        "患者为",
        "患儿为",
        "患者系",
        "本例",
        "本例为",
        "该例",
        "特点:",
        "病史:",
        "病情:",
        "情况:",
        "摘要:",
        "查房:",
        "分析:",
        "依据:",
        "汇报:",
        "医师:",
        "主任:",
        "讨论:",
        "意见:",
    ];
    let before = &passage.text.as_str()[..at];
    let bare = AGES.iter().find_map(|age| before.strip_suffix(age));
    let patient = ["性患者", "患者", "性患儿", "患儿"].iter().any(|word| after.starts_with(word));
    let aged = bare.is_some() && after.starts_with(['性', ',']) && is_whole(after);
    // A line of its own above is no part of it.
    const SPACE: [char; 2] = [' ', '\u{3000}'];
    let head = bare.unwrap_or(before).trim_end_matches(SPACE);
    // 1.中年女: the number of a list.
    let head = head.trim_end_matches(|mark: char| mark.is_ascii_digit() || ".()、①".contains(mark)).trim_end_matches(SPACE);
    let opens = head.is_empty() || head.ends_with(['。', ';', '\n', ',', '】']) || HEADS.iter().any(|word| head.ends_with(word));
    (aged || patient) && opens && passage.section.as_ref() != "鉴别诊断"
}

/// 男 or 女 behind which the word ends: not 女儿, 女婿, 男友, 男性激素, nor one of two (男、女).
fn is_whole(after: &str) -> bool {
    let rest = after.strip_prefix('性').unwrap_or(after);
    !rest.starts_with(|next: char| is_han(next) && !"因于".contains(next) || "、/:□☐".contains(next))
}

/// 多见于老年男性, 中年女性好发: of a disease, not of the patient.
fn is_general(before: &str, after: &str) -> bool {
    let near = around::last(before, 12);
    let behind = after.trim_start_matches('性').trim_start_matches("患者").trim_start_matches("患儿");
    ["多见于", "好发于", "常见于", "易发", "多为", "高发于"].iter().any(|word| near.contains(word))
        || ["多见", "常见", "好发", "居多", "高发", "易", "多发", "发病", "占", "应", "慎", "禁"]
            .iter()
            .any(|word| behind.starts_with(word))
}

/// 被一青年男性撞伤; 女1人 counts children.
fn is_of_other(text: &str, at: usize, after: &str) -> bool {
    let assailant = text[around::start_of(text, at, &[',', '。', ';', '\n'])..at].contains('被');
    let counted = after.strip_prefix(|next: char| next.is_ascii_digit()).is_some_and(|rest| rest.starts_with(['人', '名', '孩']));
    assailant || counted || is_of_other_person(text, at)
}

/// 妻44岁体健,女18岁 and 子19岁,女14岁: a child.
fn is_of_family(before: &str, after: &str) -> bool {
    let near: String = before.chars().rev().take(10).collect();
    let second_age = before.trim_end_matches([',', ' ']).ends_with(['岁', '月']) && after.starts_with(|next: char| next.is_ascii_digit());
    second_age || ["妻", "夫", "育", "偶", "子女"].iter().any(|word| near.contains(word)) && !near.contains('者')
}

/// Whether the person named last before `at`, a few words back in its sentence, is not the patient: 联系人:李某,女,38岁 or 患者之子,男.
pub(in crate::rules) fn is_of_other_person(text: &str, at: usize) -> bool {
    const NEAR: usize = 14;
    const OTHERS: [&str; 25] = [
        "联系人",
        "受托人",
        "代理人",
        "监护人",
        "陈述者",
        "家属:",
        "供者",
        "供体",
        "捐献者",
        "献血者",
        "胎儿",
        "邻床",
        "同病房",
        "同室",
        "文献",
        "报道",
        "之子",
        "之女",
        "之妻",
        "之夫",
        "之父",
        "之母",
        "之兄",
        "之弟",
        "之妹",
    ];
    let sentence = &text[around::start_of(text, at, &['。', ';', '\n'])..at];
    let near = sentence.char_indices().rev().nth(NEAR - 1).map_or(sentence, |(start, _)| &sentence[start..]);
    let last_of = |words: &[&str]| words.iter().filter_map(|word| near.rfind(*word)).max();
    last_of(&OTHERS) > last_of(&["患者", "患儿", "病人", "本人", "受者"])
}

pub(in crate::rules) fn sex_of(character: char) -> Option<Sex> {
    match character {
        '男' => Some(Sex::Male),
        '女' => Some(Sex::Female),
        _ => None,
    }
}

/// A time of death as a text gives it.
pub(in crate::rules) struct DeathTime {
    pub at: jiff::civil::DateTime,
    /// With a date of its own; a bare clock time is of the note's day, or of the one before.
    pub dated: bool,
    pub span: Span,
}

/// Clock times said of the death: 死亡时间:2026-03-05 14:32, 于14:50宣布临床死亡.
pub(in crate::rules) fn death_times(passage: &Passage, day: jiff::civil::Date) -> Vec<DeathTime> {
    let text = passage.text.as_str();
    let mut found = Vec::new();
    for expression in &passage.times {
        let dated = matches!(expression.value, TimeValue::Date(_));
        let (date, hour, minute) = match expression.value {
            TimeValue::Clock { hour, minute } => (day, hour, minute),
            TimeValue::Date(date) => {
                let (Some(hour), Some(minute)) = (date.hour, date.minute) else { continue };
                let year = date.year.unwrap_or(day.year());
                let (Some(month), Some(of_month)) = (date.month, date.day) else { continue };
                let Ok(date) = jiff::civil::Date::new(year, month as i8, of_month as i8) else { continue };
                (date, hour, minute)
            }
            _ => continue,
        };
        let before = around::last(&text[..expression.span.start as usize], 6);
        let after: String = text[expression.span.end as usize..].chars().take(24).collect();
        // 22:43心电图呈直线,宣布临床死亡
        let mut clauses = after.split(['。', ';', '\n']).next().unwrap_or("").split(',');
        let (first, announcing) = (clauses.next().unwrap_or(""), clauses.next());
        let first = first.char_indices().nth(12).map_or(first, |(end, _)| &first[..end]);
        let flat = ["直线", "停搏", "停止", "无效"].iter().any(|word| first.contains(word));
        let after = announcing.filter(|next| flat && ["宣布", "宣告"].iter().any(|word| next.starts_with(word))).unwrap_or(first);
        // 死亡时间2026-03-05 14:32; 死亡时间:…
        let labelled = before.contains("死亡时间") || (passage.section.as_ref() == "死亡时间");
        let announced = is_announced(after) && !["讨论", "记录", "死亡时间"].iter().any(|word| after.contains(word));
        if labelled || announced {
            found.push(DeathTime { at: date.at(hour as i8, minute as i8, 0, 0), dated, span: expression.span });
        }
    }
    found
}

/// The patient's death, declared: no brain death, child before birth, risk or certificate, and no family that is told of it.
fn is_announced(clause: &str) -> bool {
    const BEFORE: [&str; 8] = ["脑", "胎", "乘客", "伤者", "告知", "通知", "知晓", "开具"];
    const AFTER: [&str; 5] = ["风险", "可能", "医学", "证明", "率"];
    clause
        .split_once("死亡")
        .is_some_and(|(said, rest)| !BEFORE.iter().any(|word| said.contains(word)) && !AFTER.iter().any(|word| rest.starts_with(word)))
}

/// General, spinal or local: the class of an anaesthesia's name; `None` where none or several are named.
pub(in crate::rules) fn anesthesia_class(text: &str) -> Option<&'static str> {
    let general = ["全身麻醉", "全麻", "静吸复合", "气管插管"].iter().any(|word| text.contains(word));
    let spinal = ["腰麻", "椎管内", "硬膜外", "腰硬", "蛛网膜下腔阻滞"].iter().any(|word| text.contains(word));
    let local = ["局部麻醉", "局麻", "神经阻滞", "臂丛", "局部浸润"].iter().any(|word| text.contains(word));
    // 静脉麻醉+局麻 is both.
    let intravenous = text.contains("静脉麻醉");
    match (general, spinal, local) {
        (true, false, false) => Some("全身麻醉"),
        (false, true, false) if !intravenous => Some("椎管内麻醉"),
        (false, false, true) if !intravenous => Some("局部或神经阻滞麻醉"),
        _ => None,
    }
}

/// The class of the anaesthesia by the first clause of the passage that names one, with the clause.
pub(in crate::rules) fn anesthesia_clause(passage: &Passage) -> (Span, Option<&'static str>) {
    let text = passage.text.as_str();
    let mut start = 0;
    for stretch in text.split_inclusive(['。', ';', ',', '\n', ':', ' ']) {
        let end = start + stretch.trim_end_matches(['。', ';', ',', '\n', ':', ' ']).len();
        // 局麻下桡动脉置管 comes before the anaesthesia.
        let for_line = text[start..end].contains("麻下") && ["置管", "穿刺", "测压"].iter().any(|word| text[start..end].contains(word));
        let is_other = for_line || is_other_anesthesia(&text[start..end]);
        let names_one = !is_other && ["麻", "阻滞"].iter().any(|word| text[start..end].contains(word));
        let class = anesthesia_class(&text[start..end]);
        if names_one && (class.is_some() || is_anesthesia_mixed(&text[start..end])) {
            return (Span::new(start, end), class);
        }
        start += stretch.len();
    }
    (Span::new(0, text.len()), None)
}

/// An anaesthetic of the past (既往腰麻下行剖宫产), or a box of a form that is not ticked.
fn is_other_anesthesia(clause: &str) -> bool {
    const PAST: [&str; 6] = ["既往", "曾", "年前", "月前", "上次", "前次"];
    let unticked = clause.contains(['□', '☐']) && !clause.contains(['☑', '√', '✓', '■']);
    unticked || PAST.iter().any(|word| clause.contains(word))
}

/// Two methods at once.
fn is_anesthesia_mixed(text: &str) -> bool {
    let general = ["全身麻醉", "全麻", "静吸复合", "气管插管", "静脉麻醉"].iter().any(|word| text.contains(word));
    let regional = ["腰麻", "椎管内", "硬膜外", "腰硬", "局部麻醉", "局麻", "神经阻滞", "臂丛"].iter().any(|word| text.contains(word));
    general && regional
}

/// What stands in the first line that names the operation: the whole first line, up to the next label.
pub(in crate::rules) fn named_line(text: &str) -> Option<Span> {
    let start = text.len() - text.trim_start_matches([' ', '\n', ':']).len();
    let end = text[start..].find(['\n', '。', ';', '【', '[']).map_or(text.len(), |at| start + at);
    (end > start).then(|| Span::new(start, end))
}

/// The side words of a name, without those of a position (左侧卧位, 头左偏) or an access (经右颈内静脉).
pub(in crate::rules) fn bare_sides(text: &str) -> Vec<(usize, &str)> {
    let other = |at: usize| {
        let after = text[at..].chars().skip(1).take(3).collect::<String>();
        ["侧卧", "侧位", "偏", "手", "右", "心", "房", "室", "肺动"].iter().any(|word| after.starts_with(word))
            || text[..at].ends_with(['左', '经', '头'])
    };
    text.match_indices(['左', '右']).filter(|(at, _)| !other(*at)).collect()
}

/// 出血约800ml, 出血量800ml: the loss during the operation, by the total of the passage (出血共200ml) or its first statement.
pub(in crate::rules) fn blood_losses(passage: &Passage) -> Vec<(f64, Span)> {
    let text = passage.text.as_str();
    let of_measure = |measure: &Measure| {
        let volume = crate::reading::measures::convert(measure.value, &measure.unit, "ml")?;
        let before = around::last(&text[..measure.span.start as usize], 6);
        let counted = ["出血", "失血"].iter().any(|word| before.contains(word))
            && !["术前", "产后", "阴道", "便", "预计"].iter().any(|word| before.contains(word));
        // 09:20失血900ml仍在出血 is on the way.
        let by_the_clock = ["出血", "失血"]
            .iter()
            .filter_map(|word| before.rfind(word))
            .any(|at| before[..at].ends_with(|last: char| last.is_ascii_digit()));
        let is_own = counted && !by_the_clock && !is_bound(text, measure) && !holds_other(&text[measure.span.end as usize..]);
        let is_total = ["共", "累计", "总"].iter().any(|word| before.contains(word));
        is_own.then_some((volume, measure.span, is_total))
    };
    let losses: Vec<(f64, Span, bool)> = passage.measures.iter().filter_map(of_measure).collect();
    let counted = losses.iter().find(|(_, _, is_total)| *is_total).or(losses.first());
    counted.map(|(volume, span, _)| (*volume, *span)).into_iter().collect()
}

/// 不足50ml, <20ml, 50~100ml and 若出血达1500ml give no one volume.
fn is_bound(text: &str, measure: &Measure) -> bool {
    let at = measure.span.start as usize;
    let clause = &text[around::start_of(text, at, &[',', '。', ';', '\n'])..at];
    !matches!(measure.relation, Relation::Equal | Relation::About)
        || clause.ends_with("不足")
        || ["若", "如", "一旦"].iter().any(|word| clause.contains(word))
}

/// 2200ml(含腹腔积血): the volume holds more than the loss.
fn holds_other(after: &str) -> bool {
    let bracket = after.strip_prefix('(').and_then(|rest| rest.split(')').next()).unwrap_or("");
    ["含", "包括"].iter().any(|word| bracket.contains(word))
}

/// Share of the shorter text's characters that stand in the other.
pub(in crate::rules) fn shared(a: &str, b: &str) -> f64 {
    let (short, long) = if a.chars().count() <= b.chars().count() { (a, b) } else { (b, a) };
    let count = short.chars().count();
    if count < 3 {
        return 0.0;
    }
    short.chars().filter(|character| long.contains(*character)).count() as f64 / count as f64
}

/// Share of the shorter text's neighbouring pairs of characters that stand in the other: what [`shared`] can't tell apart by single ones.
pub(in crate::rules) fn shared_pairs(a: &str, b: &str) -> f64 {
    let (short, long) = if a.chars().count() <= b.chars().count() { (a, b) } else { (b, a) };
    let characters: Vec<char> = short.chars().collect();
    let pairs: Vec<String> = characters.windows(2).map(|pair| pair.iter().collect()).collect();
    if pairs.is_empty() {
        return 0.0;
    }
    pairs.iter().filter(|pair| long.contains(pair.as_str())).count() as f64 / pairs.len() as f64
}

/// A target, a threshold, an earlier or another hospital's value; words that are `harmless` where it is asked count for nothing.
pub(in crate::rules) fn is_goal_or_history(passage: &Passage, span: Span, harmless: &[&str]) -> bool {
    const WORDS: [&str; 54] = [
        "目标",
        "控制在",
        "维持",
        "若",
        "如",
        "外院",
        "门诊",
        "入院前",
        "既往",
        "上次",
        "由",
        "从",
        "降至",
        "升至",
        "曾",
        "平素",
        "医院",
        "复查",
        "急诊",
        "大于",
        "小于",
        "前",
        "最低",
        "最高",
        "胸水",
        "腹水",
        "积液",
        "脑脊液",
        "引流液",
        "尿",
        "便",
        "术中",
        "体外循环",
        "稀释",
        "床旁",
        "血气",
        "补充病史",
        "周期后",
        "化疗后",
        "院外",
        "来诊",
        "入院时",
        "出生时",
        "基线",
        "去年",
        "POCT",
        "包液",
        "供者",
        "母孕",
        "其母",
        "母亲",
        "其父",
        "其女",
        "其子",
    ];
    let text = passage.text.as_str();
    let sentence = passage.sentence_of(span);
    let before = &text[sentence.start as usize..span.start as usize];
    let after: String = text[span.end as usize..sentence.end as usize].chars().take(4).collect();
    WORDS.iter().filter(|word| !harmless.contains(*word)).any(|word| before.contains(word)) || after.contains('→') || before.ends_with('→')
}

/// Vertebral levels such as L4/5, L5-S1, C5/6: the span and a canonical form; a range (L3-S1) is all levels between its ends.
pub(in crate::rules) fn segments(text: &str) -> Vec<(Span, String)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let level = |at: usize| -> Option<(usize, char, u32)> {
        let region = char::from(*bytes.get(at)?);
        let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number: u32 = text.get(at + 1..at + 1 + digits)?.parse().ok()?;
        let most = match region {
            'C' => 7,
            'T' => 12,
            'L' | 'S' => 5,
            _ => return None,
        };
        (digits > 0 && (1..=most).contains(&number)).then_some((at + 1 + digits, region, number))
    };
    let mut at = 0;
    while at < bytes.len() {
        let starts = matches!(bytes[at], b'C' | b'T' | b'L' | b'S') && (at == 0 || !bytes[at - 1].is_ascii_alphanumeric());
        if !starts {
            at += 1;
            continue;
        }
        let Some((end, region, upper)) = level(at).filter(|(end, _, _)| bytes.get(*end).is_some_and(|byte| matches!(byte, b'/' | b'-')))
        else {
            at += 1;
            continue;
        };
        let lower = level(end + 1).or_else(|| {
            let digits = bytes[end + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            text[end + 1..end + 1 + digits].parse().ok().map(|number| (end + 1 + digits, region, number))
        });
        match lower {
            Some((last, lower_region, lower_number)) => {
                let span = Span::new(at, last);
                let (first, next) = (vertebra(region, upper), vertebra(lower_region, lower_number));
                if is_of_anesthesia(&text[last..]) {
                    // No level of the operation.
                } else if (first + 2..=LAST_VERTEBRA).contains(&next) {
                    found.extend((first..next).map(|above| (span, format!("{}/{}", vertebra_name(above), vertebra_name(above + 1)))));
                } else {
                    found.push((span, format!("{region}{upper}/{lower_region}{lower_number}")));
                }
                at = last;
            }
            None => at = end,
        }
    }
    found
}

/// The regions of the spine with the number of vertebrae above them.
const SPINE: [(char, u32); 4] = [('C', 0), ('T', 7), ('L', 19), ('S', 24)];

const LAST_VERTEBRA: u32 = 29;

/// The vertebra's place from the top: C1 is 1, T1 is 8.
fn vertebra(region: char, number: u32) -> u32 {
    SPINE.iter().find(|(letter, _)| *letter == region).map_or(0, |(_, above)| above + number)
}

fn vertebra_name(place: u32) -> String {
    let (letter, above) = SPINE.iter().rev().find(|(_, above)| place > *above).unwrap_or(&SPINE[0]);
    format!("{letter}{}", place - above)
}

/// L2-3间隙腰硬联合麻醉, T8-9硬膜外: where the needle of the anaesthesia went.
fn is_of_anesthesia(after: &str) -> bool {
    const WORDS: [&str; 9] = ["腰麻", "腰硬", "间隙穿刺", "硬膜外麻", "硬膜外阻", "硬膜外穿", "硬膜外置", "硬膜外镇", "下腔阻"];
    let clause = after.split([',', '。', ';', '、', '(', ')', '\n']).next().unwrap_or("");
    let near: String = clause.chars().take(12).collect();
    clause == "硬膜外" || WORDS.iter().any(|word| near.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_a_range_and_of_an_anaesthesia() {
        let levels = |text: &str| segments(text).into_iter().map(|(_, level)| level).collect::<Vec<_>>();
        assert_eq!(levels("L3-S1椎管狭窄"), ["L3/L4", "L4/L5", "L5/S1"]);
        assert_eq!(levels("C7/T1与L4/5椎间盘突出"), ["C7/T1", "L4/L5"]);
        assert!(levels("L2-3间隙腰硬联合麻醉,全麻联合T9-10硬膜外阻滞").is_empty() && levels("全麻+T8-9硬膜外").is_empty());
        assert_eq!(levels("T8-9硬膜外血肿"), ["T8/T9"]);
    }

    #[test]
    fn sides_of_a_name_and_of_a_position() {
        let words = |text| bare_sides(text).into_iter().map(|(_, word)| word).collect::<Vec<_>>();
        assert_eq!(words("右侧肺叶切除术(左侧卧位)"), ["右"]);
        assert_eq!(words("经右颈内静脉置管"), Vec::<&str>::new());
        assert_eq!(words("左房血栓清除术"), Vec::<&str>::new());
    }

    #[test]
    fn the_first_line_names_the_operation() {
        let line = |text: &'static str| named_line(text).map(|span| &text[span.range()]);
        assert_eq!(line("左膝关节镜检查术\n术者:王某"), Some("左膝关节镜检查术"));
        assert_eq!(line(" 右疝修补术。取右侧切口"), Some("右疝修补术"));
        assert_eq!(line(""), None);
    }
}
