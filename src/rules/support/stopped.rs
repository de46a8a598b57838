//! A drug that a plan or an advice stops, and whose order goes on for two days and more.

use std::cell::OnceCell;
use std::sync::LazyLock;

use jiff::civil::DateTime;
use regex::Regex;

use super::super::{Evidence, Hit, Role, Subject, around};
use super::Prepared;
use super::expected::DAY_MINUTES;
use super::orders::order_hit;
use crate::reading::text::{CleanText, Span};
use crate::reading::{ConceptId, DocumentReading, Passage};
use crate::record::{Order, OrderKind, time};

// The longest first: what ends with 停 ends with the last one as well.
const STOPS: [&str; 7] = ["停用", "暂停", "停服", "停止使用", "停止口服", "暂停使用", "停"];
// 替罗非班予以停用: behind the drug.
const STOPPED: [&str; 5] = ["予以停用", "停用", "暂停使用", "今日停用", "今日停"];
const GOES_ON: [&str; 18] = [
    "恢复",
    "重新",
    "重启",
    "再次",
    "继续",
    "续用",
    "仍",
    "不停",
    "未停",
    "暂不",
    "取消",
    "改",
    "维持",
    "保留",
    "减量",
    "拒绝",
    "未采纳",
    "不采纳",
];
// In the same clause: stopped elsewhere, a question, a warning, or a limit.
const NO_ADVICE: [&str; 22] = [
    "拟停",
    "计划停",
    "自行",
    "自停",
    "外院",
    "当地",
    "院前",
    "入院前",
    "是否",
    "能否",
    "可否",
    "勿",
    "避免停",
    "避免骤停",
    "避免突然",
    "满",
    "超过",
    "达到",
    ">",
    "≥",
    "<",
    "≤",
];

/// Salts and forms that stand behind the name of a drug.
const TAILS: [&str; 14] =
    ["口服溶液", "口服液", "注射液", "滴眼液", "缓释胶囊", "肠溶胶囊", "缓释片", "控释片", "肠溶片", "分散片", "胶囊", "片", "钠", "钙"];

/// 注射用, the acid and the form, which notes leave out of the name of an order.
static FORM: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = "^(注射用|吸入用|重?酒石酸|盐酸|硫酸|富马酸|苯磺酸|马来酸|枸橼酸|琥珀酸|甲磺酸|醋酸|草酸|氢溴酸)|\\([^)]*\\)|\
                   (注射液|注射剂|口服溶液|口服液|滴眼液|混悬液|咀嚼片|分散片|肠溶片|缓释片|控释片|缓释胶囊|肠溶胶囊|胶囊|颗粒|软膏|乳膏|凝胶贴膏|滴剂|片|散)+$";
    Regex::new(pattern).expect("a pattern of our own")
});

/// The drug as the text names it, and by which orders are known as orders of it.
struct Named<'t> {
    span: Span,
    words: &'t str,
    concept: Option<ConceptId>,
}

impl Named<'_> {
    /// 停胰岛素 is not said of 甘精胰岛素, of which the text knows the name as well.
    fn is_ordered(&self, subject: &Subject<'_>, order: &Order) -> bool {
        let Some(name) = order.name.as_deref() else { return false };
        let own = without_brackets(name);
        let mut known = subject.knowledge.lexicon().find(&own).map(|(_, id)| id).peekable();
        match self.concept.filter(|_| known.peek().is_some()) {
            Some(concept) => known.any(|id| id == concept),
            None => own.contains(self.words),
        }
    }
}

impl Prepared {
    pub(super) fn stopped_drug(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let own_names = OnceCell::new();
        let mut hits = Vec::new();
        for (document, planned) in self.plans(subject) {
            for passage in self.within.passages_of(document) {
                let text = passage.text.as_str();
                if !text.contains('停') {
                    continue;
                }
                for named in drugs_named(subject, passage, own_names.get_or_init(|| names_of_orders_only(subject, orders))) {
                    let Some(span) = stop_of(text, named.span) else { continue };
                    let Some((index, order)) = order_that_goes_on(subject, orders, &named, planned) else { continue };
                    if !is_stop_now(passage, span) || self.is_doubtful(text, span) || self.is_taken_up(subject, document, planned, &named) {
                        continue;
                    }
                    let mut hit = order_hit(index, order, Vec::new());
                    hit.evidence.push(Evidence { passage: passage.clone(), span, role: Role::This });
                    hit.slots = vec![("stated", order.name.clone().unwrap_or_default())];
                    hits.push(hit);
                }
            }
        }
        Ok(hits)
    }

    /// This note or another of the days after says of the drug that it goes on, or gives its dose.
    fn is_taken_up(&self, subject: &Subject<'_>, own: &DocumentReading, planned: DateTime, named: &Named<'_>) -> bool {
        self.explained.documents(subject).any(|other| {
            let is_own = other.index == own.index;
            let until = time::plus_minutes(planned, 3 * DAY_MINUTES);
            let soon = is_own || other.time.is_some_and(|at| at.latest() >= planned && at.earliest() <= until);
            soon && self.explained.passages_of(other).any(|passage| {
                let text = passage.text.as_str();
                text.match_indices(named.words).any(|(at, found)| {
                    let span = Span::new(at, at + found.len());
                    let clause = around::stretch(text, span, &['。', ';', '\n', ',']);
                    // 停美托洛尔缓释片,改普萘洛尔: what stands behind the stop itself is another drug's.
                    stop_of(text, span).is_none() && (GOES_ON.iter().any(|word| clause.contains(word)) || is_own && has_dose(clause, found))
                })
            })
        })
    }
}

/// Drugs of long-term orders that the lexicon does not know, without form and acid.
fn names_of_orders_only(subject: &Subject<'_>, orders: &[Order]) -> Vec<String> {
    const SHORTEST: usize = 3;
    let lexicon = subject.knowledge.lexicon();
    let long_term = orders.iter().filter(|order| order.kind == Some(OrderKind::Drug) && order.long_term == Some(true));
    let names = long_term.map(|order| without_brackets(order.name.as_deref().unwrap_or("")));
    let unknown = names.filter(|name| lexicon.find(name).next().is_none());
    unknown.map(|name| FORM.replace_all(&name, "").into_owned()).filter(|bare| bare.chars().count() >= SHORTEST).collect()
}

/// The drugs of the lexicon, and those that only the orders name.
fn drugs_named<'t>(subject: &Subject<'_>, passage: &'t Passage, of_orders_only: &[String]) -> Vec<Named<'t>> {
    let lexicon = subject.knowledge.lexicon();
    let text = passage.text.as_str();
    let drugs = passage.mentions.iter().filter(|mention| lexicon.is_a(mention.concept, "药物"));
    let mut found: Vec<Named<'t>> = drugs
        .map(|mention| Named { span: mention.span, words: passage.text.slice(mention.span), concept: Some(mention.concept) })
        .collect();
    for bare in of_orders_only {
        found.extend(text.match_indices(bare).map(|(at, words)| Named { span: Span::new(at, at + words.len()), words, concept: None }));
    }
    found
}

/// A long-term order of the drug that began before and goes on for two days, where none of the drug ends in these days: the one that ends is
/// the one that was meant.
fn order_that_goes_on<'o>(subject: &Subject<'_>, orders: &'o [Order], named: &Named<'_>, planned: DateTime) -> Option<(usize, &'o Order)> {
    let until = time::plus_minutes(planned, 2 * DAY_MINUTES);
    let since = time::plus_minutes(planned, -DAY_MINUTES);
    let mut own = orders.iter().enumerate().filter(|(_, order)| order.kind.is_none_or(|kind| kind == OrderKind::Drug));
    let ends = |order: &Order| order.stop.is_some_and(|stop| stop.latest() >= since && stop.earliest() <= until);
    let starts_anew = |order: &Order| order.start.is_some_and(|start| start.latest() >= planned && start.earliest() <= until);
    if subject.at <= until || own.clone().any(|(_, order)| named.is_ordered(subject, order) && (ends(order) || starts_anew(order))) {
        return None;
    }
    own.find(|(_, order)| {
        named.is_ordered(subject, order)
            && order.long_term == Some(true)
            && order.start.is_some_and(|start| start.latest() < planned)
            // An order of a finished stay without an end: it was not handed over.
            && order.stop.map_or(subject.visit.discharge.is_none(), |stop| stop.earliest() > until)
    })
}

/// From the word that stops it to the drug, or the other way round.
fn stop_of(text: &str, drug: Span) -> Option<Span> {
    let (before, after) = (&text[..drug.start as usize], &text[drug.end as usize..]);
    // 停胰岛素泵 stops the pump, 停肝素封管 the way.
    if ["泵", "封管", "冲管"].iter().any(|word| after.starts_with(word)) {
        return None;
    }
    // 停用盐酸氨溴索: what belongs to the name of the drug stands between.
    let before = ["注射用", "吸入用", "盐酸", "硫酸", "酒石酸", "醋酸"].iter().find_map(|word| before.strip_suffix(word)).unwrap_or(before);
    let stop = STOPS.iter().find(|word| before.ends_with(**word)).map(|word| before.len() - word.len());
    // 阿司匹林肠溶片停用, 头孢曲松钠停用: so does its form or its salt.
    let end = TAILS.iter().find(|tail| after.starts_with(**tail)).map_or(drug.end as usize, |tail| drug.end as usize + tail.len());
    let stopped = STOPPED.iter().find(|word| text[end..].starts_with(**word)).map(|word| end + word.len());
    match (stop, stopped) {
        (Some(start), _) => Some(Span::new(start, drug.end as usize)),
        (None, Some(end)) => Some(Span::new(drug.start as usize, end)),
        (None, None) => None,
    }
}

/// An order of the writer for now: no condition in the sentence before, and nothing in the clause that makes it a report or a warning.
fn is_stop_now(passage: &Passage, span: Span) -> bool {
    const IF: [&str; 6] = ["若", "如", "一旦", "必要时", "备选", "出院"];
    let text = passage.text.as_str();
    // 若转氨酶升至5倍,建议停用: the condition stands in a clause before.
    let ahead = &text[passage.sentence_of(span).start as usize..span.start as usize];
    let clause = around::stretch(text, span, &['。', ';', '\n', ',']);
    !IF.iter().any(|word| ahead.contains(word)) && !NO_ADVICE.iter().any(|word| clause.contains(word))
}

/// 呋塞米20mg qd: a number right behind the name.
fn has_dose(clause: &str, drug: &str) -> bool {
    clause.split_once(drug).is_some_and(|(_, after)| after.trim_start_matches(['片', ' ']).starts_with(|next: char| next.is_ascii_digit()))
}

fn without_brackets(name: &str) -> String {
    let clean = CleanText::new(name);
    let text = clean.as_str();
    // (入0.9%氯化钠注射液100ml), 加0.9%氯化钠50ml: the fluid it is given in.
    let end =
        text.find(['(', '+']).filter(|at| *at > 0).or_else(|| text.find("加0.9%")).or_else(|| text.find("加5%")).unwrap_or(text.len());
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stopped_stands_before_or_behind() {
        let stop = |text: &str, drug: &str| {
            let at = text.find(drug).expect("in the text");
            stop_of(text, Span::new(at, at + drug.len())).map(|span| text[span.start as usize..span.end as usize].to_owned())
        };
        assert_eq!(stop("今日停用螺内酯。", "螺内酯").as_deref(), Some("停用螺内酯"));
        assert_eq!(stop("螺内酯予以停用。", "螺内酯").as_deref(), Some("螺内酯予以停用"));
        assert_eq!(stop("停胰岛素泵,改皮下。", "胰岛素"), None);
        assert_eq!(stop("乳果糖口服溶液予以停用。", "乳果糖").as_deref(), Some("乳果糖口服溶液予以停用"));
        assert_eq!(stop("螺内酯照用。", "螺内酯"), None);
    }

    #[test]
    fn a_name_ends_before_what_it_is_given_in() {
        assert_eq!(without_brackets("注射用头孢呋辛钠(入0.9%氯化钠注射液100ml)"), "注射用头孢呋辛钠");
        assert_eq!(without_brackets("普通胰岛素50U加0.9%氯化钠50ml"), "普通胰岛素50U");
        assert!(has_dose("呋塞米20mg qd", "呋塞米") && !has_dose("停呋塞米", "呋塞米"));
    }
}
