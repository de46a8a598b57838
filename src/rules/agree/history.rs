//! Agreement inside the admission record: onset by complaint and by history, template findings against known deficits, differentials against sex.

use std::sync::Arc;

use super::super::{Hit, Role, Subject};
use super::{Prepared, piece};
use crate::reading::text::Span;
use crate::reading::{Assertion, Length, Passage, TimeExpression, TimeUnit, TimeValue};
use crate::record::{Instant, Sex, time};

/// How far two onsets may differ: people count to the visit, to admission, or in round numbers.
const ROUNDING: f64 = 1.6;

impl Prepared {
    /// No length of the complaint fits any length of the history's beginning.
    pub(super) fn onset(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for complaint in self.places.passages(subject) {
            let stated = lengths(complaint, complaint.text.as_str().len() as u32);
            // A vague length fits anything.
            if stated.is_empty() || stated.iter().any(|(length, _)| length.vague) {
                continue;
            }
            for history in self.against.passages(subject) {
                let Some(first) = history.sentences.first() else { continue };
                let mut opening = history.sentences.get(1).map_or(first.end, |second| second.end);
                // Who tells of an earlier stay first comes to this illness later.
                const EARLIER: [&str; 7] = ["次住院", "上次", "前次", "首次", "首诊", "第2次", "第二次"];
                if EARLIER.iter().any(|word| history.text.as_str()[..opening as usize].contains(word)) {
                    opening = history.text.as_str().len() as u32;
                }
                let (dated, undatable) = days_since(history, opening, subject.visit.admission.admitted_at);
                let mut told = lengths(history, opening);
                // 数天前 fits anything; 冲洗约10分钟 is the length of something else.
                let is_onset = |span: Span| matches!(span_value(history, span), Some(TimeValue::Ago { .. }));
                if undatable || told.iter().any(|(length, span)| length.vague && is_onset(*span)) {
                    continue;
                }
                told.retain(|(length, _)| !length.vague);
                let Some(beginning) = told.first().map(|(_, span)| *span).or_else(|| dated.first().map(|(_, span)| *span)) else {
                    continue;
                };
                let dated: Vec<Length> = dated.into_iter().map(|(length, _)| length).collect();
                let fits = |a: &Length, b: &Length| a.min_minutes <= b.max_minutes * ROUNDING && b.min_minutes <= a.max_minutes * ROUNDING;
                let known = || told.iter().map(|(length, _)| length).chain(&dated);
                if !stated.iter().any(|(length, _)| known().any(|other| fits(length, other))) {
                    hits.push(Hit {
                        evidence: vec![piece(complaint, stated[0].1, Role::This), piece(history, beginning, Role::Against)],
                        ..Hit::default()
                    });
                }
            }
        }
        hits
    }

    /// 3周前(06-07) of a patient admitted on 06-09: the length and the date behind it in brackets are of different days.
    pub(super) fn onset_date(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const DAY: f64 = 24.0 * 60.0;
        let admitted = subject.visit.admission.admitted_at.ok_or("未提供入院时间")?.date();
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            for pair in passage.times.windows(2) {
                let (TimeValue::Ago { length, .. }, TimeValue::Date(date)) = (pair[0].value, pair[1].value) else { continue };
                let bracketed = text[pair[0].span.end as usize..pair[1].span.start as usize].trim() == "(";
                let (Some(month), Some(day)) = (date.month, date.day) else { continue };
                let of = |year: i16| jiff::civil::Date::new(year, month as i8, day as i8).ok();
                let year = date.year.unwrap_or(admitted.year());
                let told = of(year).filter(|told| date.year.is_some() || *told <= admitted).or_else(|| of(year - 1));
                let Some(told) = told.filter(|_| bracketed && !length.vague) else { continue };
                let days = time::days_between(told, admitted) as f64;
                let (least, most) = (length.min_minutes / DAY / ROUNDING - 2.0, length.max_minutes / DAY * ROUNDING + 2.0);
                if !(least..=most).contains(&days) {
                    let span = pair[0].span.cover(pair[1].span);
                    hits.push(Hit {
                        evidence: vec![piece(passage, span, Role::This)],
                        slots: vec![
                            ("stated", passage.text.quote(span).to_owned()),
                            ("expected", format!("{told}距入院{admitted}为{days}天")),
                        ],
                        ..Hit::default()
                    });
                }
            }
        }
        Ok(hits)
    }

    /// 四肢活动自如 although a limb is broken or paralysed.
    pub(super) fn limb_template(&self, subject: &Subject<'_>) -> Vec<Hit> {
        const NORMAL: [&str; 8] =
            ["四肢活动自如", "四肢无畸形", "四肢活动正常", "四肢肌力正常", "四肢肌力5级", "四肢肌力Ⅴ级", "脊柱四肢无畸形", "肢体活动自如"];
        const OTHER: [&str; 6] = ["余", "其余", "健侧", "患肢", "除", "外"];
        let lexicon = subject.knowledge.lexicon();
        let deficit = self.against.passages(subject).find_map(|passage| {
            let counts = |mention: &&crate::reading::Mention| {
                let limb_fracture = lexicon.is_a(mention.concept, "骨折")
                    && lexicon.concept(mention.concept).site.is_some_and(|site| lexicon.is_a(site, "四肢"));
                let paralysis = lexicon.is_a(mention.concept, "偏瘫") || lexicon.is_a(mention.concept, "截瘫");
                // The sentence last: it may be as long as the text.
                let old = || {
                    let sentence = passage.text.slice(passage.sentence_of(mention.span));
                    ["陈旧", "术后", "既往", "病史"].iter().any(|word| sentence.contains(word))
                };
                (limb_fracture || paralysis) && mention.assertion == Assertion::Present && !old()
            };
            passage.mentions.iter().find(counts).map(|mention| (passage, mention.span))
        });
        let Some((source, deficit)) = deficit else { return Vec::new() };
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            let found = NORMAL.iter().filter_map(|word| text.find(word).map(|at| Span::new(at, at + word.len()))).next();
            let Some(span) = found else { continue };
            let clause = passage.clauses.iter().find(|clause| clause.contains(span)).copied().unwrap_or(span);
            if !OTHER.iter().any(|word| passage.text.slice(clause).contains(word)) {
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This), piece(source, deficit, Role::Against)],
                    ..Hit::default()
                });
            }
        }
        hits
    }

    pub(super) fn sex_in_differential(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let sex = match subject.visit.patient.sex {
            Some(sex @ (Sex::Male | Sex::Female)) => sex,
            _ => return Err("未提供患者性别".to_owned()),
        };
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let wrong = passage.mentions.iter().find(|mention| {
                lexicon.is_a(mention.concept, "疾病") && lexicon.concept(mention.concept).sex.is_some_and(|wanted| wanted != sex)
            });
            if let Some(mention) = wrong {
                hits.push(Hit {
                    evidence: vec![piece(passage, mention.span, Role::This)],
                    slots: vec![("sex", sex.chinese().to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }
}

/// Lengths of time (3天, 3天前) up to `end`; 6~8小时后复升 is the interval of an attack, and 孕30周 the age of a pregnancy, not an onset.
fn lengths(passage: &Arc<Passage>, end: u32) -> Vec<(Length, Span)> {
    const COURSE: [&str; 12] = ["后", "内", "复", "自行", "可", "即", "渐", "缓解", "消退", "消失", "1次", "一次"];
    const GESTATION: [&str; 5] = ["孕", "妊娠", "胎龄", "孕龄", "孕周"];
    let text = passage.text.as_str();
    let is_gestation = |span: Span| GESTATION.iter().any(|word| text[..span.start as usize].ends_with(word));
    let of = |time: &TimeExpression| match time.value {
        _ if is_gestation(time.span) => None,
        TimeValue::Ago { length, .. } => Some((length, time.span)),
        TimeValue::Duration(length) if !COURSE.iter().any(|word| text[time.span.end as usize..].starts_with(word)) => {
            Some((length, time.span))
        }
        _ => None,
    };
    passage.times.iter().filter(|time| time.span.start < end).filter_map(of).collect()
}

fn span_value(passage: &Passage, span: Span) -> Option<TimeValue> {
    passage.times.iter().find(|time| time.span == span).map(|time| time.value)
}

/// How long before admission the dates up to `end` are, and whether one can't be told. What the patient did before (聚餐) is no onset.
fn days_since(passage: &Arc<Passage>, end: u32, admitted: Option<Instant>) -> (Vec<(Length, Span)>, bool) {
    const DAY: f64 = 24.0 * 60.0;
    let text = passage.text.as_str();
    let is_occasion = |time: &TimeExpression| {
        let after = text[time.span.end as usize..].split([',', '。', ';']).next().unwrap_or("");
        ["聚餐", "饮酒", "接触", "旅行"].iter().any(|word| after.contains(word))
    };
    let (mut known, mut undatable) = (Vec::new(), false);
    for (index, time) in passage.times.iter().enumerate().filter(|(_, time)| time.span.start < end && !is_occasion(time)) {
        let days = match time.value {
            TimeValue::Date(date) => admitted.zip(date.month.zip(date.day)).and_then(|(admitted, (month, day))| {
                let admitted = admitted.date();
                let of = |year: i16| jiff::civil::Date::new(year, month as i8, day as i8).ok();
                let year = date.year.unwrap_or(admitted.year());
                // 12月30日 told in January is of last year.
                let date = of(year).filter(|told| date.year.is_some() || *told <= admitted).or_else(|| of(year - 1))?;
                Some(time::days_between(date, admitted) as f64)
            }),
            // 06/03上午8时: the clock of the date before it.
            TimeValue::Clock { .. }
                if index
                    .checked_sub(1)
                    .and_then(|before| passage.times.get(before))
                    .is_some_and(|day| !text[day.span.end as usize..time.span.start as usize].contains([',', '。', ';'])) =>
            {
                continue;
            }
            // 今日, 昨晚: the note may be of the day after admission, which the day's slack below holds.
            TimeValue::RelativeDay { days } if days <= 0 => Some(f64::from(-days)),
            // 8时许: of the day before or of the day, and no day of its own.
            TimeValue::RelativeDay { .. } | TimeValue::Clock { .. } => None,
            _ => continue,
        };
        match days.filter(|days| *days >= 0.0) {
            Some(days) => {
                let (min_minutes, max_minutes) = ((days - 1.0).max(0.0) * DAY, (days + 1.0) * DAY);
                known.push((Length { min_minutes, max_minutes, unit: TimeUnit::Day, vague: false }, time.span));
            }
            None => undatable = true,
        }
    }
    (known, undatable)
}
