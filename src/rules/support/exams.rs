//! Examinations that were ordered, and of which nobody sees a report, a word, or why it was not done.

use std::cell::OnceCell;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::super::response::is_of_other_region;
use super::super::{Hit, Subject};
use super::Prepared;
use super::orders::order_hit;
use crate::reading::Passage;
use crate::reading::text::Span;
use crate::record::{Exam, Order, OrderKind, time};

/// An examination whose report is a document of its own. Names are in capitals, and every ultrasound is called 超声 (see [`plainly`]).
struct Kind {
    called: &'static str,
    /// How an order calls it.
    ordered: &'static [&'static str],
    /// What a report or a note of it holds; its region of the body must not be another.
    told: &'static [&'static str],
}

const KINDS: [Kind; 9] = [
    Kind { called: "CT", ordered: &["CT"], told: &["CT", "断层", "增强扫描"] },
    Kind { called: "MRI", ordered: &["MR", "磁共振"], told: &["MR", "磁共振", "核磁", "DWI"] },
    Kind {
        called: "肺功能", ordered: &["肺功能", "肺通气"], told: &["肺功能", "通气功能", "肺通气", "弥散功能", "FEV1", "肺量计"]
    },
    Kind {
        called: "胃镜", ordered: &["胃镜", "上消化道内镜"], told: &["胃镜", "胃肠镜", "内镜", "EGD", "镜下", "镜检"]
    },
    Kind { called: "肠镜", ordered: &["肠镜"], told: &["肠镜", "内镜", "镜下", "镜检"] },
    Kind { called: "动态心电图", ordered: &["动态心电图", "HOLTER"], told: &["动态", "HOLTER", "24小时心电", "24H心电"] },
    Kind {
        called: "甲状腺超声",
        ordered: &["甲状腺超声", "甲状腺及颈部淋巴结超声", "颈部超声"],
        told: &["甲状腺超声", "超声甲状腺", "甲状腺及", "颈部超声", "TI-RADS", "甲状腺(", "甲状腺、"],
    },
    Kind {
        called: "心脏超声",
        ordered: &["心脏超声", "超声心动图", "心超", "UCG"],
        told: &["心脏超声", "超声心", "心超", "心动图", "UCG", "射血分数", "EF", "室壁", "左室", "左房", "心腔"],
    },
    Kind {
        called: "腹部超声",
        ordered: &["腹部超声", "肝胆胰脾超声", "肝胆脾胰超声", "肝胆胰脾肾超声", "上腹超声"],
        told: &["腹部超声", "上腹超声", "超声", "肝胆"],
    },
];

/// Ordered under the name of an examination, and something else: its report is another's, or there is none.
const NOT_A_REPORT: [&str; 18] = [
    "引导",
    "定位",
    "穿刺",
    "活检",
    "介入",
    "术中",
    "会诊",
    "阅片",
    "胶片",
    "刻录",
    "借片",
    "模拟",
    "放疗",
    "出院",
    "门诊",
    "必要时",
    "外院",
    "取消",
];

/// In the sentence that names it: a result, or why there is none.
const TOLD: [&str; 33] = [
    "已",
    "未",
    "拒",
    "暂缓",
    "暂不",
    "不做",
    "不宜",
    "不能",
    "取消",
    "推迟",
    "改期",
    "改为",
    "改行",
    "门诊",
    "外院",
    "出院",
    "回报",
    "报告",
    "结果",
    "所见",
    "支持",
    "证实",
    "结合",
    "根据",
    "阅",
    "CM",
    "MM",
    "必要时",
    "如",
    "若",
    "酌情",
    "提示",
    "符合",
];
/// Behind its name: a finding.
const FOUND: [&str; 34] = [
    "示", "见", "正常", "异常", "无", "考虑", "大小", "增大", "增厚", "增宽", "减轻", "吸收", "缩小", "改变", "阴影", "影像", "结节", "肿",
    "占位", "炎", "癌", "瘤", "积液", "梗", "出血", "骨折", "囊", "石", "(-", "阴性", "%", "不大", "不宽", "级",
];

/// Words for ultrasound, the longest first.
const ULTRASOUND: [&str; 8] = ["彩色多普勒超声", "多普勒超声", "彩色超声", "彩超", "B超", "超声波", "US", "超声检查"];

/// A word of some kind as it may stand before [`plainly`]: most sentences hold none.
static ANY_TOLD: LazyLock<Regex> = LazyLock::new(|| {
    let words: Vec<String> = KINDS.iter().flat_map(|kind| kind.told).chain(&ULTRASOUND).map(|word| regex::escape(word)).collect();
    Regex::new(&format!("(?i){}", words.join("|"))).expect("a pattern of our own")
});

/// An order of the last hours may have been left for the next stay.
const LAST_MINUTES: i64 = 24 * 60;

impl Prepared {
    pub(super) fn ordered_exam(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let exams = subject.visit.exams.as_deref().ok_or("未提供检查报告")?;
        // Not one report of any kind: they are kept elsewhere.
        if exams.is_empty() {
            return Ok(Vec::new());
        }
        let told = OnceCell::new();
        let mut hits = Vec::new();
        for kind in &KINDS {
            let is_open = |order: &Order| {
                kind.is_ordered(subject, order) && !kind.is_answered(order, exams, told.get_or_init(|| self.sentences_of_exams(subject)))
            };
            if let Some((index, order)) = orders.iter().enumerate().find(|(_, order)| is_open(order)) {
                let mut hit = order_hit(index, order, self.searched(subject));
                hit.anchor = kind.called.to_owned();
                hits.push(hit);
            }
        }
        Ok(hits)
    }

    /// The sentences of the notes that may tell of some examination, plainly.
    fn sentences_of_exams(&self, subject: &Subject<'_>) -> Vec<String> {
        // What was seen before the stay is not of this order.
        let of_stay = |passage: &&Arc<Passage>| !matches!(passage.section.as_ref(), "主诉" | "现病史" | "既往史" | "家族史");
        let of_passage = |passage: &Arc<Passage>| {
            let text = passage.text.as_str();
            let mut sentences: Vec<Span> =
                ANY_TOLD.find_iter(text).map(|word| passage.sentence_of(Span::new(word.start(), word.end()))).collect();
            sentences.dedup();
            sentences.into_iter().map(|sentence| plainly(passage.text.slice(sentence))).collect::<Vec<_>>()
        };
        self.explained.passages(subject).filter(of_stay).flat_map(of_passage).collect()
    }
}

impl Kind {
    /// `told`: sentences that may tell of it, plainly.
    fn is_answered(&self, order: &Order, exams: &[Exam], told: &[String]) -> bool {
        let label = plainly(order.name.as_deref().unwrap_or(""));
        exams.iter().any(|exam| self.is_reported(&label, exam)) || told.iter().any(|sentence| self.is_told(&label, sentence))
    }

    fn is_ordered(&self, subject: &Subject<'_>, order: &Order) -> bool {
        if order.kind != Some(OrderKind::Exam) {
            return false;
        }
        let name = plainly(order.name.as_deref().unwrap_or(""));
        let end = subject.visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at);
        let in_time =
            order.start.zip(end).is_some_and(|(start, end)| time::minutes_between(start.earliest(), end.earliest()) >= LAST_MINUTES);
        in_time && holds(&name, self.ordered) && !holds(&name, &NOT_A_REPORT)
    }

    /// The site may stand before or behind what was done (甲状腺 彩超), or one of the two was not sent.
    fn is_reported(&self, label: &str, exam: &Exam) -> bool {
        let (site, modality) = (plainly(exam.site.as_deref().unwrap_or("")), plainly(exam.modality.as_deref().unwrap_or("")));
        let named = [format!("{site}{modality}"), format!("{modality}{site}")].iter().any(|text| holds(text, self.told));
        let unsaid = modality.is_empty() || site.is_empty() && self.ordered.iter().any(|name| name.contains(&modality));
        (named || unsaid) && !is_of_other_region(label, &format!("{site}{modality}"))
    }

    fn is_told(&self, label: &str, said: &str) -> bool {
        let Some(end) = self.told.iter().filter_map(|word| end_of(said, word)).min() else { return false };
        let behind = &said[end..];
        let tells =
            holds(said, &TOLD) || holds(behind, &FOUND) || said[..end].contains('(') || behind.trim_start().starts_with([':', '(', '"']);
        tells && !is_of_other_region(label, said)
    }
}

/// Where the word ends in the text; in Latin letters it is no part of another: CT is not in PCT, ACTH or CTNI, MR not in EMR or MRSA.
fn end_of(text: &str, word: &str) -> Option<usize> {
    const OTHERS: [&str; 4] = ["CTN", "CTX", "MRS", "EFF"];
    const OWN: [&str; 4] = ["HR", "PET", "PE", "SPE"];
    text.match_indices(word).find_map(|(at, found)| {
        let letters = text[..at].len() - text[..at].trim_end_matches(|letter: char| letter.is_ascii_uppercase()).len();
        let apart = !word.starts_with(|letter: char| letter.is_ascii_uppercase()) || letters == 0 || OWN.contains(&&text[at - letters..at]);
        let own = !OTHERS.iter().any(|other| other.starts_with(word) && text[at..].starts_with(other));
        (apart && own).then_some(at + found.len())
    })
}

fn holds(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Capitals, and one word for ultrasound.
fn plainly(text: &str) -> String {
    let mut text = text.to_uppercase();
    for word in ULTRASOUND {
        text = text.replace(word, "超声");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{end_of, plainly};

    #[test]
    fn a_word_in_letters_stands_apart() {
        assert_eq!(end_of("胸部CT示", "CT"), Some(8));
        assert_eq!(end_of("HRCT示", "CT"), Some(4));
        assert_eq!(end_of("PCT 0.62、CTNI、ACTH", "CT"), None);
        assert_eq!(end_of("EMR术,MRSA", "MR"), None);
    }

    #[test]
    fn every_ultrasound_is_called_one() {
        assert_eq!(plainly("甲状腺彩超"), "甲状腺超声");
        assert_eq!(plainly("心脏US"), "心脏超声");
        assert_eq!(plainly("心脏彩色多普勒超声检查"), "心脏超声");
    }
}
