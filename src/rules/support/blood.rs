//! Transfusions held against the results before them, and the day's volume against its approval.

use std::sync::Arc;

use super::super::{DataEvidence, Hit, Subject, around, facts};
use super::Prepared;
use crate::reading::text::Span;
use crate::reading::{ConceptId, DocumentReading, Passage};
use crate::record::{ConditionLevel, Instant, Lab, Transfusion, time};

const DAY_MINUTES: i64 = 24 * 60;
/// Of one unit of red cells (悬浮红细胞, from 200 ml of blood).
const UNIT_ML: f64 = 200.0;

/// A blood product and the result that tells whether it is needed.
struct Product {
    is: fn(&Transfusion) -> bool,
    /// Lexicon concept of the laboratory item.
    item: &'static str,
    called: &'static str,
    unit: &'static str,
    /// How a report writes the unit, without case.
    units: &'static [&'static str],
    /// From here on nobody needs it without a reason of their own.
    enough: f64,
    /// A result older than this says nothing of the day.
    recent_days: i64,
    /// Minutes before and after an operation in which it is given for the operation.
    around_operation: i64,
    reasons: &'static [&'static str],
}

const PRODUCTS: [Product; 2] = [
    Product {
        is: has_red_cells,
        item: "血红蛋白",
        called: "血红蛋白",
        unit: "g/L",
        units: &["g/l"],
        enough: 100.0,
        recent_days: 3,
        around_operation: 0,
        reasons: &RED_CELL_REASONS,
    },
    Product {
        is: has_platelets,
        item: "血小板计数",
        called: "血小板",
        unit: "×10⁹/L",
        units: &["10^9/l", "×10^9/l", "x10^9/l", "*10^9/l", "10⁹/l", "×10⁹/l", "10e9/l", "10*9/l", "g/l"],
        enough: 50.0,
        recent_days: 1,
        around_operation: 2 * DAY_MINUTES,
        reasons: &PLATELET_REASONS,
    },
];

/// Told of these days, they make red cells right at a higher haemoglobin.
const RED_CELL_REASONS: [&str; 38] = [
    "出血",
    "失血",
    "休克",
    "术中",
    "创伤",
    "外伤",
    "心肌",
    "冠心病",
    "心衰",
    "心力衰竭",
    "缺氧",
    "低氧",
    "氧合",
    "化疗",
    "黑便",
    "呕血",
    "便血",
    "咯血",
    "血肿",
    "血尿",
    "抢救",
    "新生儿",
    "溶血",
    "耐受",
    "进行性下降",
    "换血",
    "积血",
    "流血",
    "渗血多",
    "渗血较多",
    "广泛渗血",
    "创面渗",
    "引流血性",
    "先天性心脏病",
    "先心病",
    "地中海贫血",
    "ECMO",
    "呼吸衰竭",
];

/// Told of these days (spots on the skin alone are no reason), they make platelets right at a higher count: bleeding, an invasive act, a brain or an eye at risk, platelets that do not work.
const PLATELET_REASONS: [&str; 52] = [
    "出血",
    "失血",
    "渗血",
    "咯血",
    "呕血",
    "便血",
    "黑便",
    "血尿",
    "血肿",
    "积血",
    "流血",
    "紫癜",
    "进行性下降",
    "快速下降",
    "术前",
    "术中",
    "术后",
    "手术",
    "穿刺",
    "活检",
    "置管",
    "插管",
    "切开",
    "内镜",
    "胃镜",
    "肠镜",
    "介入",
    "分娩",
    "剖宫产",
    "颅",
    "脑",
    "眼底",
    "视网膜",
    "DIC",
    "弥散性血管内凝血",
    "功能障碍",
    "功能异常",
    "抗血小板",
    "阿司匹林",
    "氯吡格雷",
    "溶栓",
    "肝素",
    "抗凝",
    "ECMO",
    "体外循环",
    "CRRT",
    "透析",
    "血液净化",
    "移植",
    "鞘内",
    "鞘注",
    "拔牙",
];

impl Prepared {
    /// Red cells at a haemoglobin, or platelets at a count, that needs none, without a word of why.
    pub(super) fn transfusion_indication(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let rows = subject.visit.transfusions.as_deref().ok_or("未提供输血信息")?;
        let labs = subject.visit.labs.as_deref().ok_or("未提供检验结果")?;
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let Some(product) = PRODUCTS.iter().find(|product| (product.is)(row)) else { continue };
            let Some(concept) = lexicon.id(product.item) else { continue };
            let Some(started) = row.started_at.filter(|at| at.has_time()) else { continue };
            let Some((reported, value, lab)) = last_before(subject, labs, started, concept, product) else { continue };
            let recent = time::minutes_between(reported.earliest(), started.latest()) <= product.recent_days * DAY_MINUTES;
            let retested = || self.is_low_again(subject, started, concept, product.enough);
            let operating = || is_near_operation(subject, started, product.around_operation);
            if value < product.enough || !recent || operating() || self.told_around(subject, started, product.reasons) || retested() {
                continue;
            }
            hits.push(Hit {
                data: vec![transfusion(index, row), facts::lab_evidence(lab, &labs[lab])],
                searched: self.explained.searched(subject),
                slots: vec![("stated", label(row)), ("expected", format!("{}{value}{}", product.called, product.unit))],
                anchor: row.id.clone().unwrap_or_else(|| index.to_string()),
                ..Hit::default()
            });
        }
        Ok(hits)
    }

    /// 1600 ml of red cells or whole blood on one day, nowhere approved; an emergency needs no approval beforehand.
    pub(super) fn large_transfusion(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const LARGE_ML: f64 = 1600.0;
        const APPROVED: [&str; 7] = ["医务", "大量用血", "大量输血", "审批", "批准", "总值班", "用血备案"];
        /// Blood that could not wait: told of these days.
        const URGENT: [&str; 11] =
            ["急诊", "紧急", "抢救", "术中出血", "术中失血", "术中输", "术中用血", "大出血", "失血", "休克", "活动性出血"];
        let rows = subject.visit.transfusions.as_deref().ok_or("未提供输血信息")?;
        let mut days: Vec<(jiff::civil::Date, f64, Vec<usize>)> = Vec::new();
        for (index, row) in rows.iter().enumerate().filter(|(_, row)| has_red_cells(row)) {
            let (Some(at), Some(volume)) = (row.started_at, row.volume.as_deref().and_then(millilitres)) else { continue };
            match days.iter_mut().find(|(day, _, _)| *day == at.date()) {
                Some((_, total, of_day)) => {
                    *total += volume;
                    of_day.push(index);
                }
                None => days.push((at.date(), volume, vec![index])),
            }
        }
        let urgent = subject.visit.operations.iter().flatten().any(|operation| operation.elective != Some(true))
            || subject.visit.rescues.iter().flatten().next().is_some()
            || subject.visit.conditions.iter().flatten().any(|condition| condition.level == Some(ConditionLevel::Critical));
        let Some((day, total, of_day)) = days.into_iter().find(|(_, total, _)| *total >= LARGE_ML) else { return Ok(Vec::new()) };
        let approved = || self.explained.passages(subject).any(|passage| APPROVED.iter().any(|word| passage.text.as_str().contains(word)));
        let pressing = || rows[of_day[0]].started_at.is_some_and(|at| self.told_around(subject, at, &URGENT));
        if urgent || approved() || pressing() {
            return Ok(Vec::new());
        }
        Ok(vec![Hit {
            data: of_day.iter().map(|index| transfusion(*index, &rows[*index])).collect(),
            searched: self.explained.searched(subject),
            slots: vec![("stated", format!("{day}输红细胞或全血约{total}ml"))],
            anchor: day.to_string(),
            ..Hit::default()
        }])
    }

    /// 急查Hb 75g/L in a note of the same day: a newer value than the list of results has.
    fn is_low_again(&self, subject: &Subject<'_>, at: Instant, haemoglobin: ConceptId, enough: f64) -> bool {
        const AGAIN: [&str; 5] = ["急查", "复查", "复测", "再查", "床旁"];
        let of_day = |document: &&DocumentReading| document.time.is_some_and(|time| time.date() == at.date());
        let tells = |passage: &Arc<Passage>| {
            passage.mentions.iter().filter(|mention| mention.concept == haemoglobin).any(|mention| {
                let measure = mention.measure.and_then(|index| passage.measures.get(index as usize));
                let clause = around::stretch(passage.text.as_str(), mention.span, &['。', ';', '\n', ',']);
                measure.is_some_and(|measure| measure.value < enough) && AGAIN.iter().any(|word| clause.contains(word))
            })
        };
        self.explained.documents(subject).filter(of_day).any(|document| self.explained.passages_of(document).any(tells))
    }

    /// One of the words in a note of the two days around a moment; a note without a time counts as well.
    fn told_around(&self, subject: &Subject<'_>, at: Instant, words: &[&str]) -> bool {
        let near =
            |document: &&DocumentReading| document.time.is_none_or(|time| (-2..=2).contains(&time::days_between(time.date(), at.date())));
        self.explained
            .documents(subject)
            .filter(near)
            .any(|document| self.explained.passages_of(document).any(|passage| words.iter().any(|word| is_told(passage, word))))
    }
}

/// The last result of the item reported before the start: when, its value, and its place in the list.
fn last_before(subject: &Subject<'_>, labs: &[Lab], started: Instant, item: ConceptId, product: &Product) -> Option<(Instant, f64, usize)> {
    let lexicon = subject.knowledge.lexicon();
    let before = labs.iter().enumerate().filter_map(|(at, lab)| {
        // An item that only contains the word (糖化血红蛋白) is another.
        let name = lab.item.as_deref().unwrap_or("");
        let is_item = lexicon.find(name).any(|(span, id)| id == item && span.start == 0);
        let value = lab.value.as_deref().and_then(|value| value.trim().parse::<f64>().ok())?;
        let in_unit = lab.unit.as_deref().is_none_or(|unit| product.units.contains(&unit.to_lowercase().as_str()));
        let reported = lab.reported_at.filter(|reported| reported.latest() <= started.earliest())?;
        (is_item && in_unit).then_some((reported, value, at))
    });
    before.max_by_key(|(reported, _, _)| reported.latest())
}

/// During an operation, or so many minutes before or after one.
fn is_near_operation(subject: &Subject<'_>, at: Instant, minutes: i64) -> bool {
    subject.visit.operations.iter().flatten().any(|operation| {
        operation.started_at.is_some_and(|from| time::plus_minutes(from.earliest(), -minutes) <= at.latest())
            && operation.ended_at.is_none_or(|to| time::plus_minutes(to.latest(), minutes) >= at.earliest())
    })
}

/// The word stands in the text, and not in a denial (无活动性出血), a risk (出血风险) or as something long gone.
pub(super) fn is_told(passage: &Passage, word: &str) -> bool {
    const DENIED: [&str; 14] = ["无", "否认", "未", "防", "风险", "如", "若", "警惕", "可能", "慢性", "既往", "注意", "观察", "有无"];
    let text = passage.text.as_str();
    text.match_indices(word).any(|(at, found)| {
        let clause = around::stretch(text, Span::new(at, at + found.len()), &['。', ';', '\n', ',']);
        !DENIED.iter().any(|denial| clause.contains(denial))
    })
}

/// Red cells or whole blood of a donor.
fn has_red_cells(row: &Transfusion) -> bool {
    let own = |name: &str| name.contains("自体") || name.contains("回收");
    row.component.as_deref().is_some_and(|name| (name.contains('红') || name.contains("全血")) && !own(name))
}

fn has_platelets(row: &Transfusion) -> bool {
    row.component.as_deref().is_some_and(|name| name.contains("血小板"))
}

fn label(row: &Transfusion) -> String {
    format!("{}{}", row.component.as_deref().unwrap_or(""), row.volume.as_deref().unwrap_or(""))
}

fn transfusion(index: usize, row: &Transfusion) -> DataEvidence {
    let at = row.started_at.map_or(String::new(), |at| format!(" ({at})"));
    DataEvidence { path: format!("/transfusions/{index}"), label: format!("输血 {}{at}", label(row)) }
}

/// `4U`, `2单位`, `400ml`.
fn millilitres(volume: &str) -> Option<f64> {
    let text = volume.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let value: f64 = text[..digits].parse().ok()?;
    match text[digits..].trim().to_ascii_lowercase().as_str() {
        "u" | "单位" | "" => Some(value * UNIT_ML),
        "ml" | "毫升" => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::millilitres;

    #[test]
    fn volumes_of_blood() {
        assert_eq!(millilitres("4U"), Some(800.0));
        assert_eq!(millilitres("1.5 单位"), Some(300.0));
        assert_eq!(millilitres("400ml"), Some(400.0));
        assert_eq!(millilitres("1治疗量"), None);
    }
}
