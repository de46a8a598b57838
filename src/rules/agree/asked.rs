//! Tests and consultations that a senior asked for on his round and of which nothing is heard again: no order, no report, no word of why not.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::super::{Hit, Role, Subject, around, places};
use super::{Prepared, piece};
use crate::reading::lexicon::ConceptKind;
use crate::reading::text::Span;
use crate::reading::{Mention, Passage};

/// What asks, a few words before the test.
static ASKS: LazyLock<Regex> =
    LazyLock::new(|| pattern("(加查|加做|加行|完善|尽快|急查|复查|安排|送检|指示:?|[应需须予查行做])[^。;,:]{0,8}$"));
/// 请眼科会诊, and the department; some are named without 科 (请肝病会诊).
static CONSULT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        "(?:请|[、,:]请?)(?:([\\p{Han}]{1,7})科|(肝病|感染|营养|临床药学|疼痛|内分泌|风湿免疫|神内|神外|心内|肾内|普外|泌外|胸外|骨外))\
         (急|普通)?会诊",
    )
});
/// Of its clause: asked for under a condition or for later, or done already.
static OPEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        "必要时|如|若|酌情|视(情|病|结果)|考虑|待|择期|出院|门诊|暂不|暂缓|不宜|拒绝|已|结果|提示|回报|今日行|既往|外院|曾|无需|不需|不必|不行|未行|拒|昨|\
         前后|监测|定期|每|术后|会诊(后|意见|示|考虑|认为)|后再|再(查|行|做)|[周月]后|\
         下周|择日|不予|不做|不愿|是否(需|要|可|行|做|查|完善)|(稳定|平稳|控制|好转|缓解)后",
    )
});
/// Of the clauses before it: a condition, another time or another house. 每日查血氨,请肝病会诊 is none of them.
static AHEAD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        "必要时|如|若|酌情|视(情|病|结果)|待|择期|出院|门诊|暂不|暂缓|不宜|拒|已|结果|回报|既往|外院|曾|昨|前后|术后|会诊(后|意见|示|考虑|认为)|\
         [周月]后|下周|择日|不予|不做|不愿|是否|(稳定|平稳|控制|好转|缓解)后",
    )
});
/// Of the clauses behind: put off, refused, done, or the result itself. What follows from it (结果回后再定, 以供比较) takes nothing back.
static TAKEN_BACK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        "择期|出院|门诊|暂不|暂缓|不宜|拒|已|不予|不做|不愿|未行|下周|择日|[周月]后|待|酌情|视(情|病|结果)|提示|回报|会诊(后|意见|示|考虑|认为)|昨|推迟|取消|预约|条件|\
         示|见|正常|异常|[阴阳]性|吸收|较前|好转|[下上]降|升高|/L|%|×",
    )
});
/// A later round speaks of the result, or of why it was put off.
static ANSWERED: LazyLock<Regex> =
    LazyLock::new(|| pattern("示|提示|见|结果|回报|正常|阴性|阳性|[-+]\\)|\\d|暂缓|推迟|取消|拒绝|不宜|已行|已完成|术后|认为|预约"));

/// What is told of a test instead of its name.
const RESULTS: [(&str, &[&str]); 8] = [
    ("腰椎穿刺", &["脑脊液"]),
    ("骨髓", &["骨髓", "骨穿"]),
    ("支气管镜", &["灌洗", "气管镜", "纤支镜"]),
    ("肠镜", &["肠镜", "内镜"]),
    ("胸片", &["X线", "X光", "DR"]),
    ("X线", &["胸片", "平片", "正位片"]),
    ("D-二聚体", &["D-D", "D二聚"]),
    ("头颅MRI", &["DWI"]),
];

/// Names of one department.
const DEPARTMENTS: [&[&str]; 7] = [
    &["普外", "普通外", "胃肠外"],
    &["骨科", "骨外科"],
    &["耳鼻喉", "耳鼻咽喉", "五官科"],
    &["心内", "心血管内"],
    &["神内", "神经内"],
    &["神外", "神经外"],
    &["泌外", "泌尿外"],
];

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of our own")
}

impl Prepared {
    pub(super) fn asked(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        subject.visit.orders.as_ref().ok_or("未提供医嘱")?;
        let mut hits = Vec::new();
        for passage in self.places.written(subject) {
            for mention in passage.mentions.iter().filter(|mention| is_asked(subject, passage, mention)) {
                if !self.is_heard_of(subject, passage, mention) {
                    hits.push(Hit { evidence: vec![piece(passage, mention.span, Role::This)], ..Hit::default() });
                }
            }
            for (span, department) in consultations(passage) {
                let heard = self.against.passages(subject).any(|other| names_department(other.text.as_str(), department))
                    || subject.reading.documents.iter().any(|document| names_department(&document.title, department))
                    || subject
                        .visit
                        .consults
                        .iter()
                        .flatten()
                        .filter_map(|consult| consult.department.as_deref())
                        .any(|name| names_department(name, department));
                // 眼 alone would be heard of wherever the eyes are.
                let name = if department.chars().count() == 1 { format!("{department}科") } else { department.to_owned() };
                if !heard && !self.is_answered(subject, passage, span, &[&name]) {
                    hits.push(Hit { evidence: vec![piece(passage, span, Role::This)], ..Hit::default() });
                }
            }
        }
        Ok(hits)
    }

    /// Anything in `against` names the test, or another round tells of it.
    fn is_heard_of(&self, subject: &Subject<'_>, own: &Arc<Passage>, mention: &Mention) -> bool {
        let lexicon = subject.knowledge.lexicon();
        let words = own.text.slice(mention.span);
        let name = lexicon.concept(mention.concept).name.as_ref();
        let is_same = |other: &Mention| {
            other.concept == mention.concept
                || lexicon.is_a(other.concept, name)
                || lexicon.is_a(mention.concept, &lexicon.concept(other.concept).name)
        };
        let named = |passage: &Arc<Passage>| {
            let holds = |text: &str| text.contains(words) || text.contains(name);
            let is_report = || places::report_name(passage).is_some_and(|report| holds(report.as_str()));
            holds(passage.text.as_str()) || passage.mentions.iter().any(is_same) || is_report()
        };
        let results = RESULTS.iter().find(|(test, _)| name.contains(test)).map_or(&[][..], |(_, results)| *results);
        let told = |passage: &Arc<Passage>| results.iter().any(|result| passage.text.as_str().contains(result));
        let words: Vec<&str> = [words, name].into_iter().chain(results.iter().copied()).collect();
        self.against.passages(subject).any(|passage| named(passage) || told(passage))
            || self.is_answered(subject, own, mention.span, &words)
    }

    /// A round, this one included, says something of it besides asking: what the asking sentence itself says was looked at before.
    fn is_answered(&self, subject: &Subject<'_>, own: &Arc<Passage>, asked: Span, words: &[&str]) -> bool {
        let asking = own.sentence_of(asked);
        self.places.passages(subject).any(|passage| {
            let text = passage.text.as_str();
            let is_own = Arc::ptr_eq(passage, own);
            let found = words.iter().flat_map(|word| text.match_indices(*word));
            found.filter(|(at, word)| !(is_own && asking.overlaps(Span::new(*at, at + word.len())))).any(|(at, word)| {
                let sentence = passage.text.slice(passage.sentence_of(Span::new(at, at + word.len())));
                let after = sentence.split_once(word).map_or("", |(_, after)| after);
                let asks_again = !is_own && ASKS.is_match(&text[..at]);
                ANSWERED.is_match(after) || OPEN.is_match(sentence) || asks_again && sentence.contains('已')
            })
        })
    }
}

fn is_asked(subject: &Subject<'_>, passage: &Passage, mention: &Mention) -> bool {
    let lexicon = subject.knowledge.lexicon();
    let concept = lexicon.concept(mention.concept);
    let is_test = match concept.kind {
        ConceptKind::Lab => !concept.units.is_empty(),
        ConceptKind::Exam => concept.name.as_ref() != "病理",
        ConceptKind::Procedure => ["镜", "腰椎穿刺", "骨髓穿刺"].iter().any(|word| concept.name.contains(word)),
        _ => false,
    };
    if !is_test || mention.quoted || mention.measure.is_some() {
        return false;
    }
    let text = passage.text.as_str();
    let start = around::start_of(text, mention.span.start as usize, &['。', ';', '\n', ',']);
    ASKS.is_match(&text[start..mention.span.start as usize]) && !is_open(passage, mention.span)
}

/// Whether the sentence leaves it open that this is to be done now.
fn is_open(passage: &Passage, span: Span) -> bool {
    let text = passage.text.as_str();
    let sentence = passage.sentence_of(span);
    let end = sentence.end.max(span.end) as usize;
    let clause = text[span.end as usize..end].find(',').map_or(end, |at| span.end as usize + at);
    let start = around::start_of(text, span.start as usize, &['。', ';', '\n', ',']).max(sentence.start as usize);
    // 复查腹部超声:液性暗区: the result follows.
    text[span.end as usize..].starts_with(':')
        || AHEAD.is_match(&text[sentence.start as usize..start])
        || OPEN.is_match(&text[start..clause])
        || ANSWERED.is_match(&text[span.end as usize..clause])
        || TAKEN_BACK.is_match(&text[clause..end])
}

/// The text names the department, by this name or another of it.
fn names_department(text: &str, department: &str) -> bool {
    let whole = format!("{department}科");
    let mut others = DEPARTMENTS.iter().filter(|names| names.iter().any(|name| whole.contains(name)));
    holds_department(text, department) || others.any(|names| names.iter().any(|name| text.contains(name)))
}

/// 心内 is 心血管内, 康复 is 康复医学: the first two letters in order, close together.
fn holds_department(text: &str, department: &str) -> bool {
    const BETWEEN: usize = 3;
    let mut letters = department.chars();
    let (Some(first), second) = (letters.next(), letters.next()) else { return false };
    text.match_indices(first).any(|(at, letter)| {
        let mut rest = text[at + letter.len()..].chars().take(BETWEEN + 1);
        match second {
            Some(second) => rest.any(|next| next == second),
            None => rest.next() == Some('科'),
        }
    })
}

/// Where a consultation is asked for, and of which department. Of several (临床药学及感染科) the last is looked for.
fn consultations(passage: &Passage) -> Vec<(Span, &str)> {
    let text = passage.text.as_str();
    let found = CONSULT.captures_iter(text).filter_map(|found| {
        let (whole, department) = (found.get(0)?, found.get(1).or_else(|| found.get(2))?);
        let span = Span::new(whole.start(), whole.end());
        let sentence = passage.text.slice(passage.sentence_of(span));
        // 意见:按介入科会诊,17日行AVS: it has been held.
        let is_held = department.as_str().starts_with(['按', '遵', '依', '据', '经', '照', '同', '昨']);
        let asked = whole.as_str().contains('请') || ["意见", "指示", "处理", "建议"].iter().any(|word| sentence.contains(word));
        let department = department.as_str().rsplit(['及', '和', '与', '请']).next().unwrap_or_default();
        (asked && !is_held && !is_open(passage, span)).then_some((span, department))
    });
    found.collect()
}
