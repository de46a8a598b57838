//! What a note says of temperature, pulse and blood pressure, against the rows of the chart around its time, and rows of the chart that can't be.

use std::sync::{Arc, LazyLock};

use jiff::civil::DateTime;
use regex::Regex;

use super::super::{DataEvidence, Hit, Subject, around};
use super::{Prepared, hit};
use crate::reading::text::Span;
use crate::reading::{Assertion, Experiencer, Measure, Passage, Relation};
use crate::record::{Vitals, time};

/// Hours around a note in which no row may agree with it.
const HOURS: i64 = 2;

/// From this temperature on nobody calls it normal.
const FEVER: f64 = 38.0;

/// How far a value may be from every row: ℃, beats a minute, mmHg systolic.
const FAR_TEMPERATURE: f64 = 1.5;
const FAR_PULSE: f64 = 40.0;
const FAR_PRESSURE: f64 = 50.0;

/// Words of the clause, or of the one before it, that speak of another moment than the note's.
const OTHER_MOMENT: [&str; 31] = [
    "现",
    "目前",
    "退",
    "降",
    "后",
    "复测",
    "复查",
    "昨",
    "夜",
    "最高",
    "峰",
    "曾",
    "波动",
    "入院时",
    "前",
    "此时",
    "刻下",
    "查房时",
    "今晨",
    "晨起",
    "凌晨",
    "午",
    "近",
    "当时",
    "时测",
    "已正常",
    "已恢复",
    "已平稳",
    "立位",
    "卧位",
    "最低",
];

/// A count of days or a lasting state, and no moment: 术后第3天, 前壁, 餐前 of a meal's glucose.
const NO_MOMENT: [&str; 14] =
    ["术后第", "产后第", "伤后第", "入院后第", "术后", "产后", "前壁", "前列腺", "前臂", "前胸", "后背", "前囟", "现病史", "发现"];

/// One value of the chart.
struct Row {
    at: DateTime,
    value: f64,
    index: usize,
}

/// A column of the chart.
struct Column {
    name: &'static str,
    unit: &'static str,
    rows: Vec<Row>,
}

impl Column {
    fn of(chart: &[Vitals], name: &'static str, unit: &'static str, value: Value) -> Self {
        let row =
            |(index, row): (usize, &Vitals)| Some(Row { at: row.at.filter(|at| at.has_time())?.earliest(), value: value(row)?, index });
        Self { name, unit, rows: chart.iter().enumerate().filter_map(row).collect() }
    }

    fn evidence(&self, chart: &[Vitals], row: &Row) -> DataEvidence {
        let at = chart[row.index].at.map_or(String::new(), |at| at.to_string());
        DataEvidence { path: format!("/vitals/{}", row.index), label: format!("体温单 {at} {}{}{}", self.name, row.value, self.unit) }
    }
}

type Value = fn(&Vitals) -> Option<f64>;

impl Prepared {
    pub(super) fn chart(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let chart = subject.visit.vitals.as_deref().ok_or("未提供体温单")?;
        let temperatures = Column::of(chart, "体温", "℃", |row| row.temperature);
        let pulses = Column::of(chart, "脉搏", "次/分", |row| row.pulse);
        let pressures = Column::of(chart, "收缩压", "mmHg", |row| row.systolic);
        let fevers = temperatures.rows.iter().any(|row| row.value >= FEVER);
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let Some(at) = document.time.filter(|at| at.has_time()).map(|at| at.earliest()) else { continue };
            let fevered = around_note(&temperatures.rows, at);
            // A fever that came after the note was written contradicts nothing.
            let fever = !fevered.is_empty() && fevered.iter().all(|row| row.value >= FEVER) && fevered.iter().any(|row| row.at <= at);
            let told = fevers && self.places.passages_of(document).any(|passage| tells_of_fever(subject, passage));
            for passage in self.places.passages_of(document) {
                let show = |span: Span, column: &Column, rows: &[&Row]| {
                    let mut found = hit(passage, span, Vec::new());
                    found.data.extend(rows.iter().map(|row| column.evidence(chart, row)));
                    found
                };
                // 近3日体温正常: no row of these days may show a fever.
                if let Some((span, since)) = (fevers && !told).then(|| said_normal_for(passage, at)).flatten() {
                    let fevers: Vec<&Row> =
                        temperatures.rows.iter().filter(|row| row.value >= FEVER && row.at >= since && row.at <= at).collect();
                    if !fevers.is_empty() {
                        hits.push(show(span, &temperatures, &fevers[..fevers.len().min(3)]));
                        continue;
                    }
                }
                if fever
                    && !told
                    && let Some(span) = said_normal(subject, passage)
                {
                    hits.push(show(span, &temperatures, &fevered));
                    continue;
                }
                let compared = [
                    (["体温"].as_slice(), &temperatures, FAR_TEMPERATURE),
                    (["脉搏", "心率"].as_slice(), &pulses, FAR_PULSE),
                    (["血压"].as_slice(), &pressures, FAR_PRESSURE),
                ];
                for (concepts, column, far) in compared {
                    let near = around_note(&column.rows, at);
                    if near.is_empty() {
                        continue;
                    }
                    let Some((span, value)) = stated(subject, passage, concepts) else { continue };
                    if near.iter().all(|row| (row.value - value).abs() >= far) {
                        hits.push(show(span, column, &near));
                    }
                }
            }
        }
        Ok(hits)
    }

    /// Rows of the chart outside of what is possible for the concepts of the rule.
    pub(super) fn impossible_rows(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let columns: [(&str, Value); 5] = [
            ("体温", |row| row.temperature),
            ("脉搏", |row| row.pulse),
            ("呼吸", |row| row.respiration),
            ("血压", |row| row.systolic),
            ("血氧饱和度", |row| row.spo2),
        ];
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for (name, value) in columns {
            let Some(id) = lexicon.id(name).filter(|id| self.concepts.contains(*id)) else { continue };
            let concept = lexicon.concept(id);
            let Some((low, high)) = concept.range else { continue };
            let unit = concept.units.first().map_or("", |unit| unit.as_ref());
            for (index, row) in subject.visit.vitals.iter().flatten().enumerate() {
                let Some(value) = value(row).filter(|value| *value < low || *value > high) else { continue };
                let at = row.at.map_or(String::new(), |at| at.to_string());
                hits.push(Hit {
                    data: vec![DataEvidence { path: format!("/vitals/{index}"), label: format!("体温单 {at} {name}{value}{unit}") }],
                    slots: vec![("concept", name.to_owned()), ("bounds", format!("可能范围{low}~{high}{unit}"))],
                    anchor: format!("{index}-{name}"),
                    ..Hit::default()
                });
            }
        }
        hits
    }
}

/// The last row before the note and every row after it, within [`HOURS`]: an earlier row says nothing once a later one was taken.
fn around_note(rows: &[Row], at: DateTime) -> Vec<&Row> {
    let distance = |row: &Row| time::minutes_between(at, row.at);
    let near = |row: &&Row| distance(row).abs() <= HOURS * 60;
    let before = rows.iter().filter(|row| distance(row) <= 0).filter(near).max_by_key(|row| row.at);
    before.into_iter().chain(rows.iter().filter(|row| distance(row) > 0).filter(near)).collect()
}

/// No word of the clause and the one before it speaks of another moment.
pub(in crate::rules) fn speaks_of_now(passage: &Passage, span: Span) -> bool {
    let text = passage.text.as_str();
    let sentence = passage.sentence_of(span);
    let stops = [',', ';', '。', '\n', ':'];
    let own = around::start_of(text, span.start as usize, &stops);
    // The comma itself belongs to neither.
    let before = text[..own].char_indices().next_back().map_or(0, |(at, _)| around::start_of(text, at, &stops));
    let start = before.max(sentence.start as usize);
    let end = text[span.end as usize..].find(stops).map_or(text.len(), |at| span.end as usize + at);
    let mut said = text[start.min(span.start as usize)..end].to_owned();
    for word in NO_MOMENT {
        said = said.replace(word, "");
    }
    !OTHER_MOMENT.iter().any(|word| said.contains(word))
}

/// 体温正常 or a denied fever, said of now.
fn said_normal(subject: &Subject<'_>, passage: &Arc<Passage>) -> Option<Span> {
    const NORMAL: [&str; 5] = ["体温正常", "体温不高", "体温平稳", "体温在正常范围", "体温无异常"];
    let text = passage.text.as_str();
    let words = NORMAL.iter().flat_map(|word| text.match_indices(word)).map(|(at, word)| Span::new(at, at + word.len()));
    let fever = subject.knowledge.lexicon().id("发热");
    let denied = passage
        .mentions
        .iter()
        .filter(|mention| {
            Some(mention.concept) == fever && mention.assertion == Assertion::Absent && mention.experiencer == Experiencer::Patient
        })
        .map(|mention| passage.clause_of(mention.span));
    words.chain(denied).find(|span| speaks_of_now(passage, *span) && !is_conditional(passage, *span))
}

/// 体温正常者方可化疗, 若体温正常, 3月4日体温正常: a condition, a hope or another day.
fn is_conditional(passage: &Passage, span: Span) -> bool {
    const BEFORE: [&str; 7] = ["待", "若", "如", "等", "至", "预计", "须"];
    const AFTER: [&str; 7] = ["者", "则", "即", "时", "方", "再", "才"];
    let text = passage.text.as_str();
    let before = &text[around::start_of(text, span.start as usize, &[',', ';', '。', '\n', ':'])..span.start as usize];
    let after = &text[span.end as usize..];
    let dated = before.ends_with('日') && before.contains(|letter: char| letter.is_ascii_digit());
    dated || BEFORE.iter().any(|word| before.contains(word)) || AFTER.iter().any(|word| after.starts_with(word))
}

/// 近3日体温均正常, 夜间体温正常: the words, and from when on they speak.
fn said_normal_for(passage: &Passage, at: DateTime) -> Option<(Span, DateTime)> {
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        let days = "(?:近|最近|连续)([2-5二两三四五])(?:日|天)来?[^,。;:\\d]{0,4}";
        let night = "(?:夜间|昨夜)[^,。;:\\d]{0,2}";
        let yesterday = "(昨日)(?:至|到)今(?:晨|日)[^,。;:\\d]{0,2}";
        let hours = "(?:近|过去|前)(24|48|72)(?:小时|h)(?:内|来)?[^,。;:\\d]{0,3}";
        Regex::new(&format!("(?:{days}|{night}|{yesterday}|{hours})体温[^,。;:\\d高峰渐]{{0,4}}(?:正常|平稳)"))
            .expect("a pattern of our own")
    });
    /// Hours from the late evening to the midnight before the note.
    const EVENING: i64 = 2;
    let text = passage.text.as_str();
    // Most texts are spared the search.
    let found = if text.contains("体温") { SAID.captures(text)? } else { return None };
    let midnight = at.date().at(0, 0, 0, 0);
    let whole = found.get(0)?;
    if let Some(hours) = found.get(3).and_then(|hours| hours.as_str().parse::<i64>().ok()) {
        return Some((Span::new(whole.start(), whole.end()), time::plus_minutes(at, -hours * 60)));
    }
    let back = match found.get(1).map(|days| days.as_str()) {
        Some("二" | "两") => 24,
        Some("三") => 2 * 24,
        Some("四") => 3 * 24,
        Some("五") => 4 * 24,
        Some(digit) => (digit.parse().unwrap_or(2) - 1) * 24,
        None if found.get(2).is_some() => 24,
        None => EVENING,
    };
    Some((Span::new(whole.start(), whole.end()), time::plus_minutes(midnight, -back * 60)))
}

/// A fever is told somewhere in the note, in words or as a value.
fn tells_of_fever(subject: &Subject<'_>, passage: &Passage) -> bool {
    let fever = subject.knowledge.lexicon().id("发热");
    let in_words = passage.mentions.iter().any(|mention| Some(mention.concept) == fever && mention.assertion != Assertion::Absent);
    in_words || passage.measures.iter().any(|measure| measure.unit.as_ref() == "℃" && measure.value >= 37.5)
}

/// The only value that the passage gives one of the concepts, where it speaks of now.
fn stated(subject: &Subject<'_>, passage: &Passage, concepts: &[&str]) -> Option<(Span, f64)> {
    let ids: Vec<_> = concepts.iter().filter_map(|name| subject.knowledge.lexicon().id(name)).collect();
    let is_pressure = concepts == ["血压"];
    let of_mentions = passage.mentions.iter().filter(|mention| ids.contains(&mention.concept)).filter_map(|mention| {
        let measure = passage.measures.get(mention.measure? as usize)?;
        let plain = mention.assertion == Assertion::Present
            && !mention.quoted
            && measure.second.is_some() == is_pressure
            && measure.relation == Relation::Equal;
        Some((mention.span.cover(measure.span), measure, plain))
    });
    let mut values: Vec<(Span, &Measure, bool)> = of_mentions.collect();
    // T 36.8℃ and P 78次/分, letters that mean other things elsewhere.
    let letter = if concepts.contains(&"体温") { Some(('T', "℃")) } else { concepts.contains(&"脉搏").then_some(('P', "次/分")) };
    if let Some((letter, unit)) = letter {
        let text = passage.text.as_str();
        values.extend(passage.measures.iter().filter(|measure| measure.unit.as_ref() == unit && measure.second.is_none()).filter_map(
            |measure| {
                let before = text[..measure.span.start as usize].trim_end_matches([' ', ':']);
                let start = before.strip_suffix(letter)?.len();
                let bare = !text[..start].ends_with(|c: char| c.is_ascii_alphanumeric());
                bare.then_some((Span::new(start, measure.span.end as usize), measure, true))
            },
        ));
    }
    let (span, measure, plain) = *values.first()?;
    // Several different values are a course of the day, and the first may be of any hour.
    let only = values.iter().all(|(_, other, _)| (other.value - measure.value).abs() < 0.05);
    (plain && only && speaks_of_now(passage, span) && is_of_chart(passage, span)).then_some((span, measure.value))
}

/// The chart has the patient's own arm at rest: no limb compared with another, no child before birth, no attack and nothing while a drug runs in.
fn is_of_chart(passage: &Passage, span: Span) -> bool {
    const OWNERS: [&str; 6] = ["上肢", "下肢", "足背", "踝", "胎", "靶"];
    const DURING: [&str; 14] =
        ["胎儿", "胎心", "先露", "亚低温", "擦浴", "透析", "泵入", "静推", "发作", "阵发", "室速", "除颤", "转为", "出手术室"];
    let before = passage.text.as_str()[..span.start as usize].trim_end();
    let sentence = passage.text.slice(passage.sentence_of(span));
    !OWNERS.iter().any(|owner| before.ends_with(owner)) && !DURING.iter().any(|word| sentence.contains(word))
}
