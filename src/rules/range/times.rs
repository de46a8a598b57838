//! Computations over dates: days in hospital, age, post-operative day, dates outside the stay, notes that are older than they say.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::super::agree::is_of_other_person;
use super::super::{DataEvidence, Evidence, Hit, Role, Subject, around, events, facts};
use super::{Prepared, hit};
use crate::reading::letters::{bare, is_han};
use crate::reading::text::Span;
use crate::reading::{Assertion, Passage, TimeExpression, TimeUnit, TimeValue};
use crate::record::{DocumentKind, Instant, Vitals, time};

impl Prepared {
    pub(super) fn stay_days(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let visit = subject.visit;
        let admitted = visit.admission.admitted_at.ok_or("未提供入院时间")?.date();
        let discharged = visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at).ok_or("尚未出院")?.date();
        // Day of admission and day of discharge count once; a same-day stay is one day.
        let days = time::days_between(admitted, discharged).max(1);
        let right = |stated: i64| stated == days || stated == days + 1;
        let computed = || format!("{admitted}至{discharged}为{days}天");
        let mut hits = Vec::new();
        if let Some(stated) = visit.front_page.as_ref().and_then(|page| page.days).filter(|stated| !right(*stated)) {
            hits.push(Hit {
                data: vec![DataEvidence { path: "/front_page/days".into(), label: format!("首页住院天数{stated}天") }],
                slots: vec![("stated", stated.to_string()), ("computed", computed())],
                ..Hit::default()
            });
        }
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            for (at, word) in text.match_indices("住院") {
                let rest = &text[at + word.len()..];
                let rest = rest.strip_prefix("天数").unwrap_or(rest).trim_start_matches([':', ' ', '共']);
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                let start = text.len() - rest.len();
                if !rest[digits.len()..].starts_with(['天', '日']) {
                    continue;
                }
                // 住院3天后 and 住院第3天 speak of a moment, not of the whole stay.
                if rest[digits.len() + '天'.len_utf8()..].starts_with(['后', '时', '内', '前']) {
                    continue;
                }
                if is_other_stay(passage, at, admitted) {
                    continue;
                }
                if let Ok(stated) = digits.parse::<i64>()
                    && !right(stated)
                {
                    let span = Span::new(at, start + digits.len() + '天'.len_utf8());
                    hits.push(hit(passage, span, vec![("stated", stated.to_string()), ("computed", computed())]));
                }
            }
        }
        Ok(hits)
    }

    pub(super) fn age(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let visit = subject.visit;
        let birth = visit.patient.birth_date.ok_or("未提供出生日期")?.date();
        let admitted = visit.admission.admitted_at.ok_or("未提供入院时间")?.date();
        let years = facts::completed_years(birth, admitted);
        if years < 2 {
            return Ok(Vec::new());
        }
        let last = visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at).map_or(subject.at.date(), |at| at.date());
        let at_end = facts::completed_years(birth, last);
        let tolerance = self.spec.tolerance as i64;
        let wrong = |stated: i64| stated < years - tolerance || stated > at_end + tolerance;
        let computed = || format!("出生{birth},入院{admitted},实足{years}岁");
        let mut hits = Vec::new();
        if let Some(stated) = visit
            .front_page
            .as_ref()
            .and_then(|page| page.age_text.as_deref())
            .and_then(facts::printed_age)
            .map(|age| age as i64)
            .filter(|age| wrong(*age))
        {
            hits.push(Hit {
                data: vec![DataEvidence { path: "/front_page/age_text".into(), label: format!("首页年龄{stated}岁") }],
                slots: vec![("stated", format!("{stated}岁")), ("computed", computed())],
                ..Hit::default()
            });
        }
        for passage in self.places.passages(subject) {
            if let Some((stated, span)) = patient_age(passage).filter(|(stated, _)| wrong(*stated)) {
                hits.push(hit(passage, span, vec![("stated", format!("{stated}岁")), ("computed", computed())]));
            }
        }
        Ok(hits)
    }

    /// `2026-02-28行冠脉造影`: a dated act of this hospital and this stay outside the stay.
    pub(super) fn stay_dates(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        /// Words of a sentence that tells of another stay or place, or of a plan.
        const ELSEWHEN: [&str; 33] = [
            "外院",
            "门诊",
            "急诊",
            "医院",
            "既往",
            "上次",
            "随诊",
            "拟",
            "计划",
            "预约",
            "复诊",
            "嘱",
            "下次",
            "术前",
            "入院前",
            "患病",
            "起病",
            "曾",
            "此前",
            "体检",
            "社区卫生",
            "末次",
            "收入院",
            "留观",
            "产检",
            "孕期",
            "对照",
            "对比",
            "比较",
            "返院",
            "再次入院",
            "定于",
            "择期",
        ];
        /// Words right before a date of what the patient brought or the doctor looked up.
        const BROUGHT: [&str; 4] = ["携", "携带", "结合", "参考"];
        let admitted = subject.visit.admission.admitted_at.ok_or("未提供入院时间")?;
        let last = facts::discharged_at(subject.visit).unwrap_or(subject.at).date();
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            for passage in self.places.passages_of(document) {
                let text = passage.text.as_str();
                for mention in passage
                    .mentions
                    .iter()
                    .filter(|mention| self.concepts.contains(mention.concept) && mention.assertion == Assertion::Present && !mention.quoted)
                {
                    // The date that the sentence names last before the act.
                    let sentence = passage.sentence_of(mention.span);
                    let before =
                        |expression: &&TimeExpression| expression.span.start >= sentence.start && expression.span.end <= mention.span.start;
                    let Some(expression) = passage.times.iter().rfind(before) else { continue };
                    let TimeValue::Date(date) = expression.value else { continue };
                    let (Some(year), Some(month), Some(day)) = (date.year, date.month, date.day) else { continue };
                    let Ok(date) = jiff::civil::Date::new(year, month as i8, day as i8) else { continue };
                    // The act of the date stands in the same clause.
                    let between = &text[expression.span.end as usize..mention.span.start as usize];
                    let near = between.len() <= 30 && !between.contains([',', ';']);
                    let told_as_course = passage.section.as_ref() == "诊疗经过";
                    let here = told_as_course
                        || ["我院", "本院", "本次", "入院后", "我科"].iter().any(|word| text[sentence.range()].contains(word));
                    let outside = ELSEWHEN.iter().any(|word| text[sentence.range()].contains(word))
                        || BROUGHT.iter().any(|word| text[..expression.span.start as usize].ends_with(word));
                    // The features of a case begin with what was known before the stay.
                    let earlier = document.kind == DocumentKind::FirstCourse && date < admitted.date();
                    if near && here && !outside && !earlier && is_slip(date, admitted.date(), last) {
                        let span = expression.span.cover(mention.span);
                        hits.push(hit(
                            passage,
                            span,
                            vec![("stated", date.to_string()), ("computed", format!("住院期间为{}至{last}", admitted.date()))],
                        ));
                    }
                }
            }
        }
        Ok(hits)
    }

    /// 昨日(3月4日) in a note of 3月9日: the word and the date in brackets name different days.
    pub(super) fn named_day(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let Some(written) = document.time.map(Instant::date) else { continue };
            for passage in self.places.passages_of(document) {
                let text = passage.text.as_str();
                for pair in passage.times.windows(2) {
                    let (TimeValue::RelativeDay { days }, TimeValue::Date(date)) = (pair[0].value, pair[1].value) else { continue };
                    let between = &text[pair[0].span.end as usize..pair[1].span.start as usize];
                    let bracketed = between.trim_start() == "(" && text[pair[1].span.end as usize..].starts_with(')');
                    // 3月5日手术,次日(03-06)拔管 counts from what was told before, and so does what somebody is quoted with.
                    if text[pair[0].span.range()].starts_with(['次', '翌']) || is_in_quotes(text, pair[0].span) {
                        continue;
                    }
                    let (Some(month), Some(day)) = (date.month, date.day) else { continue };
                    let Ok(stated) = jiff::civil::Date::new(date.year.unwrap_or(written.year()), month as i8, day as i8) else { continue };
                    let Ok(meant) = written.checked_add(jiff::Span::new().days(days)) else { continue };
                    // 昨日 at half past midnight may be the day before; a year that is not written may be the last one.
                    let apart = time::days_between(stated, meant).abs();
                    if bracketed && apart > 1 && apart < 300 {
                        let span = pair[0].span.cover(pair[1].span);
                        hits.push(hit(passage, span, vec![("stated", stated.to_string()), ("computed", meant.to_string())]));
                    }
                }
            }
        }
        hits
    }

    /// A title time long before the document was created, without a word of 补记.
    pub(super) fn back_dated(&self, subject: &Subject<'_>) -> Vec<Hit> {
        const MARKS: [&str; 8] = ["补记", "补写", "补录", "补登", "后补", "追记", "补充记录", "补充病程"];
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let record = facts::document(subject.visit, document);
            let (Some(printed), Some(created)) = (record.event_at, record.created_at) else { continue };
            let minutes = time::minutes_between(printed.latest(), created.earliest());
            let marked = |text: &str| MARKS.iter().any(|mark| text.contains(mark));
            let said = marked(&document.title) || document.passages.iter().any(|passage| marked(passage.text.as_str()));
            let soon = |from: Instant, to: Instant| time::minutes_between(from.latest(), to.earliest()) as f64 <= self.spec.tolerance;
            // What was signed at its own time was written then, whenever its row was created.
            let signatures = record.signatures.iter().flatten().filter_map(|signature| signature.at);
            let signed = signatures.chain(record.signed_at).any(|signed| soon(printed, signed));
            // The system stood still at that time, and the note was entered once it ran again.
            let stood_still = subject.visit.downtimes.iter().flatten().any(|downtime| {
                let since = downtime.from.is_some_and(|from| from.earliest() <= printed.latest());
                since && downtime.to.is_some_and(|to| to.latest() >= printed.earliest() && soon(to, created))
            });
            if minutes as f64 > self.spec.tolerance && !said && !signed && !stood_still {
                let path = format!("/documents/{}", document.index);
                let text = format!("{}标题时间{printed},系统创建{created},未注明补记", document.title);
                hits.push(Hit {
                    data: vec![DataEvidence { path, label: format!("{} {printed} / 创建 {created}", document.title) }],
                    slots: vec![("document", text)],
                    anchor: record.id.clone(),
                    ..Hit::default()
                });
            }
        }
        hits
    }

    /// 病情平稳 although a rescue or 病危 came before the note on the same day, and the note does not speak of it.
    pub(super) fn stable_on_bad_day(&self, subject: &Subject<'_>) -> Vec<Hit> {
        const STABLE: [&str; 10] = [
            "病情平稳",
            "病情稳定",
            "病情无变化",
            "病情无明显变化",
            "病情无特殊",
            "无特殊变化",
            "一般情况可",
            "一般情况好",
            "无特殊不适",
            "生命体征平稳",
        ];
        const SPOKEN: [&str; 9] = ["抢救", "病危", "病重", "危重", "插管", "ICU", "突发", "加重", "转"];
        const NIGHT_HOURS: i64 = 12;
        let bad: Vec<_> = [events::EventKind::RescueStart, events::EventKind::Critical]
            .into_iter()
            .flat_map(|kind| events::events(subject, kind, &events::EventFilter::default()).unwrap_or_default())
            .collect();
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let Some(written) = document.time.filter(|at| at.has_time()) else { continue };
            let Some(event) = bad.iter().find(|event| {
                // A note soon after midnight is of the night's rescue as well.
                let soon = time::minutes_between(event.at.latest(), written.earliest()) <= NIGHT_HOURS * 60;
                event.at.has_time() && event.at.latest() <= written.earliest() && (soon || event.at.date() == written.date())
            }) else {
                continue;
            };
            let speaks = self.places.passages_of(document).any(|passage| SPOKEN.iter().any(|word| passage.text.as_str().contains(word)));
            let found = self.places.passages_of(document).find_map(|passage| {
                let text = passage.text.as_str();
                let spans = STABLE.iter().flat_map(|word| text.match_indices(word)).map(|(at, word)| Span::new(at, at + word.len()));
                spans.filter(|span| says_stable(text, *span)).map(|span| (passage, span)).next()
            });
            if let Some((passage, span)) = found.filter(|_| !speaks) {
                let mut stable = hit(passage, span, Vec::new());
                stable.data.push(event.evidence());
                hits.push(stable);
            }
        }
        hits
    }

    /// Three or more notes running with the same temperature, pulse, respiration and pressure, while the chart of those days differs.
    pub(super) fn same_vitals(&self, subject: &Subject<'_>) -> Vec<Hit> {
        const FEWEST: usize = 3;
        const MANY: usize = 4;
        const HOURS: i64 = 3;
        let chart = subject.visit.vitals.as_deref().unwrap_or(&[]);
        let mut run: Vec<(Instant, std::sync::Arc<Passage>, Span, String)> = Vec::new();
        let mut hits = Vec::new();
        let mut finish = |run: &mut Vec<(Instant, std::sync::Arc<Passage>, Span, String)>| {
            // Temperature, pulse or systolic pressure: every row of the day is far from the number that all notes repeat.
            let differs = |(at, _, _, words): &(Instant, std::sync::Arc<Passage>, Span, String)| {
                let of_day = || chart.iter().filter(|row| row.at.is_some_and(|time| time.date() == at.date()));
                // One row of another time of the day says nothing of the note's.
                let near = |time: Instant| time::minutes_between(time.earliest(), at.earliest()).abs() <= HOURS * 60;
                if at.has_time() && of_day().count() == 1 && !of_day().any(|row| row.at.is_some_and(near)) {
                    return false;
                }
                let numbers = numbers_of(words);
                let [temperature, pulse, _, systolic, _] = numbers[..] else {
                    return numbers.first().is_some_and(|stated| all_far(of_day().filter_map(|row| row.temperature), *stated, 0.25));
                };
                all_far(of_day().filter_map(|row| row.temperature), temperature, 0.25)
                    || all_far(of_day().filter_map(|row| row.pulse), pulse, 8.0)
                    || all_far(of_day().filter_map(|row| row.systolic), systolic, 12.0)
            };
            let days: BTreeSet<_> = run.iter().map(|(at, ..)| at.date()).collect();
            // Five numbers the same for four days are no chance where the chart has them on none of its days.
            let never_charted = || days.len() >= MANY && is_never_charted(chart, &days, run.first().map_or("", |(_, _, _, words)| words));
            if days.len() >= FEWEST && (run.iter().any(differs) || never_charted()) {
                let (_, passage, span, _) = &run[run.len() - 1];
                let mut same = hit(passage, *span, vec![("stated", run.len().to_string())]);
                let earlier = run[..run.len() - 1].iter().map(|(_, passage, span, _)| Evidence {
                    passage: passage.clone(),
                    span: *span,
                    role: Role::This,
                });
                same.evidence.extend(earlier);
                same.data.extend(
                    run.iter()
                        .map(|(at, _, _, words)| DataEvidence { path: String::from("/vitals"), label: format!("{} {words}", at.date()) }),
                );
                hits.push(same);
            }
            run.clear();
        };
        for document in self.places.documents(subject) {
            let Some(at) = document.time else { continue };
            let Some((passage, span)) =
                self.places.passages_of(document).find_map(|passage| vitals_line(passage).map(|span| (passage, span)))
            else {
                continue;
            };
            let words: String =
                passage.text.slice(span).chars().filter(|character| !character.is_whitespace() && !",:".contains(*character)).collect();
            if run.last().is_some_and(|(_, _, _, last)| *last != words) {
                finish(&mut run);
            }
            run.push((at, passage.clone(), span, words));
        }
        finish(&mut run);
        hits
    }

    /// 张主任查房 at 11:20 while 张主任 operated on this patient from 10:00 to 13:00.
    pub(super) fn round_while_operating(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        /// Minutes before the recorded end.
        const CLOSING: i64 = 40;
        let slack = self.spec.tolerance as i64;
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            // Only the printed time says when the round was; a note may be typed while its doctor operates.
            let Some(at) = facts::document(subject.visit, document).event_at.filter(|at| at.has_time()) else { continue };
            for (index, operation) in operations.iter().enumerate() {
                let (Some(start), Some(end)) = (operation.started_at, operation.ended_at) else { continue };
                let left = time::minutes_between(at.latest(), end.earliest());
                let inside =
                    start.has_time() && end.has_time() && time::minutes_between(start.latest(), at.earliest()) > slack && left > slack;
                // An assistant may leave before the skin is closed.
                let assistants = operation.assistants.iter().flatten().filter(|_| left > CLOSING);
                let team = operation.surgeon.iter().chain(assistants);
                let Some(doctor) = team.filter(|_| inside).find(|person| leads(subject, document, person)) else { continue };
                let name = facts::name_of(subject.visit, doctor);
                let operated = format!("{} {start}至{end} {name}", operation.name.as_deref().unwrap_or("手术"));
                hits.push(Hit {
                    data: vec![
                        DataEvidence { path: format!("/documents/{}", document.index), label: format!("{} {at}", document.title) },
                        DataEvidence { path: format!("/operations/{index}"), label: operated.clone() },
                    ],
                    slots: vec![("first", format!("{}({at})", document.title)), ("second", operated)],
                    anchor: facts::document(subject.visit, document).id.clone(),
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    /// 5年前住院 of a patient of two.
    pub(super) fn before_birth(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const YEAR_MINUTES: f64 = 525_960.0;
        let age = facts::age_in_years(subject.visit).ok_or("未提供患者年龄")?;
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            for expression in &passage.times {
                let (TimeValue::Ago { length, .. } | TimeValue::Duration(length)) = expression.value else { continue };
                let years = length.min_minutes / YEAR_MINUTES;
                if length.unit != TimeUnit::Year || length.vague || years <= age + self.spec.tolerance {
                    continue;
                }
                let sentence = passage.sentence_of(expression.span);
                let other = ["父", "母", "祖", "兄", "姐", "家", "外公", "外婆", "叔", "舅", "胎"]
                    .iter()
                    .any(|word| passage.text.slice(sentence).contains(word));
                if !other {
                    hits.push(hit(
                        passage,
                        expression.span,
                        vec![("stated", passage.text.quote(expression.span).to_owned()), ("computed", format!("患者{age:.1}岁"))],
                    ));
                }
            }
        }
        Ok(hits)
    }
}

/// Said of now, not hoped for (待病情平稳后); vital signs that support or a monitor keeps in sight may well be stable in a grave state.
fn says_stable(text: &str, span: Span) -> bool {
    const HOPED: [&str; 8] = ["待", "若", "如", "一旦", "争取", "直到", "直至", "是否"];
    const LATER: [&str; 5] = ["后", "时", "再", "方可", "则"];
    const SUPPORTED: [&str; 8] = ["监护", "监测", "呼吸机", "机械通气", "辅助通气", "升压", "镇静", "肾上腺素"];
    let (start, end) = (span.start as usize, span.end as usize);
    let before = &text[around::start_of(text, start, &['。', ';', '\n', ','])..start];
    let after = &text[end..];
    let is_supported = &text[start..end] == "生命体征平稳" && SUPPORTED.iter().any(|word| text.contains(word));
    !is_supported && !HOPED.iter().any(|word| before.contains(word)) && !LATER.iter().any(|word| after.starts_with(word))
}

/// 外院住院14天, 2025年因肺炎住院15天, 先于骨科住院3天后转入: the clause before 住院 at byte `at` speaks of another stay, of a part of this one, or of another
/// person's.
fn is_other_stay(passage: &Passage, at: usize, admitted: Date) -> bool {
    const OTHER: [&str; 21] = [
        "拟", "预计", "计划", "下次", "上次", "前次", "既往", "曾", "去年", "近", "外院", "母亲", "其母", "父亲", "标准", "路径", "两次",
        "三次", "多次", "ICU", "监护",
    ];
    let text = passage.text.as_str();
    let start = around::start_of(text, at, &[',', ';', '。', '\n', ':', '(']);
    let before = text[start..at].trim_end();
    let last_year = passage.times.iter().any(|expression| {
        let inside = expression.span.start as usize >= start && expression.span.end as usize <= at;
        let year = if let TimeValue::Date(date) = expression.value { date.year } else { None };
        inside && year.is_some_and(|year| year < admitted.year())
    });
    let other_ward = before.ends_with('科')
        && !before.ends_with("我科")
        && text[at..].split(['。', '\n']).next().is_some_and(|rest| rest.contains("转入") || rest.contains("转至"));
    last_year || other_ward || OTHER.iter().any(|word| before.contains(word))
}

/// A date outside the stay that was meant to be inside: a few days off, or before it with the month or the year of another. Farther ones tell of earlier
/// stays and of plans.
fn is_slip(date: Date, admitted: Date, last: Date) -> bool {
    const NEAR: i64 = 10;
    let moved = |span: jiff::Span| date.checked_add(span).is_ok_and(|date| (admitted..=last).contains(&date));
    if date > last {
        return time::days_between(last, date) <= NEAR;
    }
    let near = time::days_between(date, admitted) <= NEAR;
    date < admitted && (near || moved(jiff::Span::new().months(1)) || moved(jiff::Span::new().years(1)))
}

/// Between “ and ” of the same line.
fn is_in_quotes(text: &str, span: Span) -> bool {
    let line = text[..span.start as usize].rsplit('\n').next().unwrap_or("");
    line.rfind('“') > line.rfind('”')
}

/// The age that a passage gives the patient: `患者,女,68岁`, `68岁男性`, 年龄:68岁. Ages at another time (`诊断时52岁`, `50岁绝经`) don't count.
pub(in crate::rules) fn patient_age(passage: &Passage) -> Option<(i64, Span)> {
    let text = passage.text.as_str();
    for (at, _) in text.match_indices('岁') {
        let digits = text[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 3 {
            continue;
        }
        let start = at - digits;
        let before = around::last(&text[..start], 8);
        let after = &text[at + '岁'.len_utf8()..];
        if is_own_age(before, after) && !is_of_other_person(text, start) {
            return text[start..at].parse().ok().map(|age| (age, Span::new(start, at + '岁'.len_utf8())));
        }
    }
    None
}

/// 男,62岁, / 年龄:62岁 / 62岁男性: the number stands right at the word that makes it the patient's. Bounds (年龄≥75岁, 年龄逾60岁, 好发于40岁女性),
/// points of a score (年龄75岁2分) and moments of the past (患儿2岁时) don't.
fn is_own_age(before: &str, after: &str) -> bool {
    const BOUNDS: [char; 22] =
        ['>', '<', '≥', '≤', '≧', '=', '~', '-', '–', '—', '至', '到', '于', '过', '近', '逾', '满', '足', '达', '超', '越', '届'];
    const PERSONS: [&str; 23] = [
        "其", "父", "母", "子", "兄", "姐", "弟", "妹", "妻", "夫", "育", "偶", "绝经", "初潮", "结婚", "时", "哥", "嫂", "婿", "媳", "孙",
        "女儿", "爷",
    ];
    let called = before.trim_end_matches([',', ':', ' ', '(']);
    let named = called.ends_with(['男', '女'])
        || ["男童", "女童", "男孩", "女孩", "男性", "女性", "患儿", "年龄", "年龄为", "现年"].iter().any(|word| called.ends_with(word))
        || before.contains("患者") && before.chars().count() <= 4;
    let described = after.trim_start_matches([',', ' ']).starts_with(['男', '女']);
    // What may follow an age: a stop, months, the sex, or why the patient comes.
    let ends = !after.starts_with(|next: char| is_han(next) && !"男女零余因入老患月".contains(next));
    let points = after.trim_start_matches(['(', ',', ':']).trim_start_matches(|next: char| next.is_ascii_digit());
    let scored = points.starts_with('分') && after.contains(|next: char| next.is_ascii_digit());
    let other = PERSONS.iter().any(|word| before.contains(word));
    (named || described) && ends && !other && !scored && !before.trim_end().ends_with(BOUNDS)
}

/// The note's heading or opening names the person as the one who rounds, and no namesake wrote or signed it.
fn leads(subject: &Subject<'_>, document: &crate::reading::DocumentReading, person: &str) -> bool {
    let visit = subject.visit;
    let name = facts::name_of(visit, person);
    let signers = facts::signers(facts::document(visit, document));
    let namesake = signers.iter().any(|signer| *signer != person && facts::name_of(visit, signer) == name);
    let opening = document.passages.first().map_or("", |passage| {
        let first = passage.sentences.first().copied().unwrap_or(Span::new(0, 0));
        passage.text.slice(first)
    });
    let rounds = |text: &str| text.contains("查房") || text.contains("查看");
    // A note of another title must open with his round: 张明主任医师今晨查房 was earlier.
    let opens = opening.contains(name) && if rounds(&document.title) { rounds(opening) } else { opens_with_round(opening, name) };
    let named = name.chars().count() >= 2 && (document.title.contains(name) || opens);
    // 张主任查房: by the family name, where only one of the staff has it.
    let family = name.chars().next().filter(|_| name.chars().count() >= 2);
    let by_family = || {
        let title = family.is_some_and(|family| {
            ["主任", "教授", "主治"].iter().any(|title| document.title.contains(&format!("{family}{title}")) && rounds(&document.title))
        });
        let staff = visit.staff.as_deref().unwrap_or(&[]);
        title && staff.iter().filter(|other| other.name.as_deref().and_then(|name| name.chars().next()) == family).count() == 1
    };
    !namesake && (named || by_family())
}

/// 张明主任医师查房, 今日张明查看患者: the round comes right behind the name, and nothing but a word before it.
fn opens_with_round(opening: &str, name: &str) -> bool {
    const TITLE: &str = "副主任医师治教授科";
    let Some((before, after)) = opening.split_once(name) else { return false };
    let rest = after.trim_start_matches(|letter: char| TITLE.contains(letter) || letter == ' ');
    bare(before).count() <= 2 && ["查房", "查看患", "查看病"].iter().any(|word| rest.starts_with(word))
}

/// There are values, and none of them is within `far` of the stated one.
fn all_far(values: impl Iterator<Item = f64>, stated: f64, far: f64) -> bool {
    let mut values = values.peekable();
    values.peek().is_some() && values.all(|value| (value - stated).abs() > far)
}

/// T36.5℃P80次/分R20次/分BP120/80mmHg: 36.5, 80, 20, 120, 80.
fn numbers_of(words: &str) -> Vec<f64> {
    words.split(|character: char| !character.is_ascii_digit() && character != '.').filter_map(|number| number.parse().ok()).collect()
}

/// Two of these days at least have rows of the chart, and no row the temperature with the pulse of the notes.
fn is_never_charted(chart: &[Vitals], days: &BTreeSet<Date>, words: &str) -> bool {
    let [temperature, pulse, _, _, _] = numbers_of(words)[..] else { return false };
    let rows = || chart.iter().filter(|row| row.at.is_some_and(|at| days.contains(&at.date())));
    let measured = |row: &Vitals| row.temperature.zip(row.pulse);
    let charted: BTreeSet<_> = rows().filter(|row| measured(row).is_some()).filter_map(|row| row.at).map(|at| at.date()).collect();
    let agrees = |(charted, beats): (f64, f64)| (charted - temperature).abs() < 0.05 && (beats - pulse).abs() < 1.5;
    charted.len() >= 2 && !rows().filter_map(measured).any(agrees)
}

/// The stretch from the temperature to the blood pressure of one line of vital signs.
fn vitals_line(passage: &Passage) -> Option<Span> {
    let text = passage.text.as_str();
    let start = ["T", "体温"]
        .iter()
        .filter_map(|word| text.find(word).filter(|at| text[at + word.len()..].trim_start_matches([':', ' ']).starts_with('3')))
        .min()?;
    // 入院时T36.5℃ is not of the note's day.
    if ["入院时", "入院查体"].iter().any(|word| text[..start].trim_end_matches([':', ',', ' ']).ends_with(word)) {
        return None;
    }
    // Up to the pressure; where none is written, up to the respiration.
    let rest: String = text[start..].chars().take(60).collect();
    let length = rest.find("mmHg").map(|at| at + "mmHg".len()).or_else(|| rest.rfind("次/分").map(|at| at + "次/分".len()))?;
    Some(Span::new(start, start + length))
}
