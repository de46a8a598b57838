//! The onset by complaint and by history, in the admission record.

use std::sync::Arc;

use jiff::civil::{Date, DateTime};

use super::super::{Hit, Role, Subject};
use super::names::is_other_stay;
use super::{Prepared, piece};
use crate::reading::letters::bare;
use crate::reading::text::Span;
use crate::reading::{CalendarDate, Length, Passage, Reference, TimeExpression, TimeUnit, TimeValue};
use crate::record::{Instant, time};

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
                if let Some((stated, told)) = begins_otherwise(&stated, history, subject.visit.admission.admitted_at) {
                    hits.push(Hit {
                        evidence: vec![piece(complaint, stated, Role::This), piece(history, told, Role::Against)],
                        ..Hit::default()
                    });
                    continue;
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
                let TimeValue::Date(date) = pair[1].value else { continue };
                // 术前1天(04-12) counts from the operation, 上次住院前2天 from an earlier stay.
                let TimeValue::Ago { length, reference: Reference::Unstated | Reference::Admission } = pair[0].value else { continue };
                if is_other_stay(&text[..pair[0].span.start as usize]) {
                    continue;
                }
                let bracketed = text[pair[0].span.end as usize..pair[1].span.start as usize].trim() == "(";
                let Some(told) = day_told(date, admitted).filter(|_| bracketed && !length.vague) else { continue };
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
}

/// From which ratio on two lengths are not one told in round numbers, and below which they are.
const APART: f64 = 1.8;
const ALIKE: f64 = 1.5;

/// How many times the shorter fits into the longer, by the middles of their widths.
fn times_as_long(a: &Length, b: &Length) -> f64 {
    let middle = |length: &Length| (length.min_minutes + length.max_minutes) / 2.0;
    let (a, b) = (middle(a).max(1.0), middle(b).max(1.0));
    (a / b).max(b / a)
}

fn fits(a: &Length, b: &Length) -> bool {
    a.min_minutes <= b.max_minutes * ROUNDING && b.min_minutes <= a.max_minutes * ROUNDING
}

/// The history opens with an onset (患者1月前…, 昨日21:00…) that the complaint's longest length does not fit, and nothing further on fits it either:
/// both places.
fn begins_otherwise(stated: &[(Length, Span)], history: &Arc<Passage>, admitted: Option<Instant>) -> Option<(Span, Span)> {
    /// Letters before the onset: 患者于, 患儿约.
    const BEFORE: usize = 4;
    let text = history.text.as_str();
    let (longest, place) = stated.iter().max_by(|a, b| a.0.max_minutes.total_cmp(&b.0.max_minutes))?;
    let first = history.times.first()?;
    // Of its line: a heading may stand before.
    let before = text[..first.span.start as usize].rsplit('\n').next().unwrap_or("");
    if bare(before).count() > BEFORE || before.contains('。') {
        return None;
    }
    let whole = text.len() as u32;
    // 发病前1周 is before the illness.
    let is_before_illness = |time: &TimeExpression| {
        let until = &text[..time.span.end as usize];
        let from = until.char_indices().rev().nth(7).map_or(0, |(at, _)| at);
        until[from..].contains("病前")
    };
    let ago = |time: &TimeExpression| match time.value {
        TimeValue::Ago { length, reference: Reference::Unstated | Reference::Admission } if !is_before_illness(time) => Some(length),
        _ => None,
    };
    match first.value {
        TimeValue::Ago { length, reference: Reference::Unstated | Reference::Admission } => {
            let (dated, undatable) = days_since(history, whole, admitted);
            if undatable && longest.unit <= TimeUnit::Hour {
                return None;
            }
            let told = history.times[1..].iter().filter_map(ago).chain(dated.iter().map(|(length, _)| *length));
            // 病史3年, 反复3年 are lengths of the illness as well; weeks and days may be those of a treatment.
            let lasting = lengths(history, whole).into_iter().map(|(length, _)| length).filter(|length| length.unit >= TimeUnit::Year);
            let is_other = !length.vague && times_as_long(longest, &length) >= APART;
            let is_told = told.chain(lasting).any(|other| other.vague || times_as_long(longest, &other) < ALIKE);
            (is_other && !is_told).then_some((*place, first.span))
        }
        TimeValue::RelativeDay { .. } | TimeValue::Date(_) if longest.unit <= TimeUnit::Hour => {
            let hours = hours_since(history, admitted?);
            let clocked = hours
                .first()
                .is_some_and(|(_, span)| !text.get(first.span.end as usize..span.start as usize).unwrap_or("").contains([',', '。']));
            (clocked && !hours.iter().any(|(length, _)| fits(longest, length))).then_some((*place, first.span))
        }
        _ => None,
    }
}

/// The times of day that the history tells of, as lengths until admission, and from the first of them to the others (to the visit at the clinic).
fn hours_since(history: &Passage, admitted: Instant) -> Vec<(Length, Span)> {
    const HOUR: f64 = 60.0;
    let mut day = admitted.date();
    let mut moments = Vec::new();
    for time in &history.times {
        match time.value {
            TimeValue::RelativeDay { days } => day = admitted.date().saturating_add(jiff::Span::new().days(days)),
            TimeValue::Date(date) => {
                let Some(told) = day_told(date, admitted.date()) else { continue };
                day = told;
                if let (Some(hour), Some(minute)) = (date.hour, date.minute) {
                    moments.push((day.at(hour as i8, minute as i8, 0, 0), time.span));
                }
            }
            TimeValue::Clock { hour, minute } if hour < 24 && minute < 60 => {
                moments.push((day.at(hour as i8, minute as i8, 0, 0), time.span))
            }
            _ => {}
        }
    }
    let Some((onset, _)) = moments.first().copied() else { return Vec::new() };
    let length = |minutes: f64| Length { min_minutes: minutes - HOUR, max_minutes: minutes + HOUR, unit: TimeUnit::Hour, vague: false };
    let minutes = |from: DateTime, to: DateTime| from.duration_until(to).as_secs_f64() / 60.0;
    let until_admission = moments.iter().map(|(moment, span)| (length(minutes(*moment, admitted.latest())), *span));
    let between = moments[1..].iter().map(|(moment, span)| (length(minutes(onset, *moment)), *span));
    until_admission.chain(between).collect()
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

/// The day that a history names; 12月30日 told in January is of last year.
fn day_told(date: CalendarDate, admitted: Date) -> Option<Date> {
    let (month, day) = date.month.zip(date.day)?;
    let of = |year: i16| Date::new(year, month as i8, day as i8).ok();
    let year = date.year.unwrap_or(admitted.year());
    of(year).filter(|told| date.year.is_some() || *told <= admitted).or_else(|| of(year - 1))
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
            TimeValue::Date(date) => admitted.map(Instant::date).and_then(|admitted| {
                let told = day_told(date, admitted)?;
                Some(time::days_between(told, admitted) as f64)
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
