//! Computations over dates: days in hospital, age, post-operative day, dates outside the stay, notes that are older than they say.

use super::super::{DataEvidence, Evidence, Hit, Role, Subject, events, facts};
use super::{Prepared, hit};
use crate::reading::lexicon::ConceptKind;
use crate::reading::text::Span;
use crate::reading::{Assertion, Passage, Relation, TimeExpression, TimeUnit, TimeValue};
use crate::record::{DocumentKind, Instant, Lab, time};

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
                    let near = expression.span.end <= mention.span.start && mention.span.start - expression.span.end <= 30;
                    let told_as_course = passage.section.as_ref() == "诊疗经过";
                    let here = told_as_course
                        || ["我院", "本院", "本次", "入院后", "我科"].iter().any(|word| text[sentence.range()].contains(word));
                    let outside = [
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
                    ]
                    .iter()
                    .any(|word| text[sentence.range()].contains(word));
                    // The features of a case begin with what was known before the stay.
                    let earlier = document.kind == DocumentKind::FirstCourse && date < admitted.date();
                    if near && here && !outside && !earlier && (date < admitted.date() || date > last) {
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
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let record = facts::document(subject.visit, document);
            let (Some(printed), Some(created)) = (record.event_at, record.created_at) else { continue };
            let minutes = time::minutes_between(printed.latest(), created.earliest());
            let marked = |text: &str| text.contains('补') && (text.contains("补记") || text.contains("补写") || text.contains("补录"));
            let said = marked(&document.title) || document.passages.iter().any(|passage| marked(passage.text.as_str()));
            if minutes as f64 > self.spec.tolerance && !said {
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
                STABLE.iter().find_map(|word| passage.text.as_str().find(word).map(|at| (passage, Span::new(at, at + word.len()))))
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
        let chart = subject.visit.vitals.as_deref().unwrap_or(&[]);
        let mut run: Vec<(Instant, std::sync::Arc<Passage>, Span, String)> = Vec::new();
        let mut hits = Vec::new();
        let mut finish = |run: &mut Vec<(Instant, std::sync::Arc<Passage>, Span, String)>| {
            // Temperature, pulse or systolic pressure: every row of the day is far from the number that all notes repeat.
            let differs = |(at, _, _, words): &(Instant, std::sync::Arc<Passage>, Span, String)| {
                let of_day = || chart.iter().filter(|row| row.at.is_some_and(|time| time.date() == at.date()));
                let numbers: Vec<f64> = words
                    .split(|character: char| !character.is_ascii_digit() && character != '.')
                    .filter_map(|number| number.parse().ok())
                    .collect();
                let [temperature, pulse, _, systolic, _] = numbers[..] else {
                    return numbers.first().is_some_and(|stated| all_far(of_day().filter_map(|row| row.temperature), *stated, 0.25));
                };
                all_far(of_day().filter_map(|row| row.temperature), temperature, 0.25)
                    || all_far(of_day().filter_map(|row| row.pulse), pulse, 8.0)
                    || all_far(of_day().filter_map(|row| row.systolic), systolic, 12.0)
            };
            if run.len() >= FEWEST && run.iter().any(differs) {
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
        let slack = self.spec.tolerance as i64;
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            // Only the printed time says when the round was; a note may be typed while its doctor operates.
            let Some(at) = facts::document(subject.visit, document).event_at.filter(|at| at.has_time()) else { continue };
            for (index, operation) in operations.iter().enumerate() {
                let (Some(start), Some(end)) = (operation.started_at, operation.ended_at) else { continue };
                let inside = start.has_time()
                    && end.has_time()
                    && time::minutes_between(start.latest(), at.earliest()) > slack
                    && time::minutes_between(at.latest(), end.earliest()) > slack;
                let team = operation.surgeon.iter().chain(operation.assistants.iter().flatten());
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
                let other = ["父", "母", "祖", "兄", "姐", "家", "外公", "外婆", "叔", "舅"]
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

    /// A laboratory value in a note that was signed before the only report with that value.
    pub(super) fn result_before_report(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        const ELSEWHERE: [&str; 15] =
            ["门诊", "外院", "急诊", "医院", "入院前", "既往", "上次", "电话", "床旁", "POCT", "血气", "指", "血糖仪", "家", "自测"];
        let labs = subject.visit.labs.as_deref().ok_or("未提供检验结果")?;
        let lexicon = subject.knowledge.lexicon();
        // Items that no mention in a text can be of: they are looked for by the name that the laboratory prints.
        let is_known =
            |item: &str| lexicon.find(item).any(|(span, id)| span.len() + 3 >= item.len() && lexicon.concept(id).kind == ConceptKind::Lab);
        let named = labs
            .iter()
            .enumerate()
            .filter_map(|(index, lab)| Some((index, lab, lab.item.as_deref()?.trim(), lab.value.as_deref()?.trim())));
        let unknown: Vec<_> = named.filter(|(_, _, item, _)| !is_known(item)).collect();
        // Another laboratory's, or added later with the report's own time: 复查cTnI 1.12ng/ml,见15:42报告.
        let excused = |sentence: &str, lab: &Lab| {
            let reported = lab.reported_at.map(|at| at.latest().strftime("%H:%M").to_string());
            ELSEWHERE.iter().any(|word| sentence.contains(word)) || reported.is_some_and(|clock| sentence.contains(&clock))
        };
        let mut hits = Vec::new();
        for document in self.places.documents(subject).filter(|document| document.entries == 0) {
            // The note may have been completed after its printed time: what counts is when it was signed, and a supplement has a signature of its own.
            let record = facts::document(subject.visit, document);
            let signed = record.signatures.iter().flatten().filter_map(|signature| signature.at).max_by_key(|at| at.earliest());
            let written = events::completed_at(record).into_iter().chain(signed).max_by_key(|at| at.earliest());
            let Some(written) = written.filter(|at| at.has_time()) else { continue };
            let early = |lab: &Lab| {
                lab.reported_at
                    .is_some_and(|at| at.has_time() && time::minutes_between(written.latest(), at.earliest()) as f64 > self.spec.tolerance)
            };
            for passage in self.places.passages_of(document) {
                for mention in passage.mentions.iter().filter(|mention| mention.assertion == Assertion::Present && !mention.quoted) {
                    let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
                    let same_item = |item: &str| lexicon.find(item).any(|(span, id)| id == mention.concept && span.len() + 3 >= item.len());
                    let equal = |value: &str| value.trim().parse::<f64>().is_ok_and(|value| (value - measure.value).abs() < 1e-9);
                    let reports: Vec<usize> = (0..labs.len())
                        .filter(|index| {
                            labs[*index].item.as_deref().is_some_and(same_item) && labs[*index].value.as_deref().is_some_and(equal)
                        })
                        .collect();
                    let sentence = passage.text.slice(passage.sentence_of(mention.span));
                    // 血钾≥3.5mmol/L, 3.5mmol/L以上即入室: what is waited for.
                    let wanted = measure.relation != Relation::Equal
                        || ["以上", "以下"].iter().any(|word| passage.text.as_str()[measure.span.end as usize..].starts_with(word));
                    if wanted || reports.is_empty() || !reports.iter().all(|index| early(&labs[*index])) {
                        continue;
                    }
                    let lab = &labs[reports[0]];
                    if excused(sentence, lab) {
                        continue;
                    }
                    let reported = lab.reported_at.map_or(String::new(), |at| at.to_string());
                    let mut found = hit(passage, mention.span.cover(measure.span), Vec::new());
                    found.data.push(DataEvidence {
                        path: format!("/labs/{}", reports[0]),
                        label: format!("{}报告时间 {reported}", lab.item.as_deref().unwrap_or("")),
                    });
                    hits.push(found);
                }
                for (index, lab, item, value) in unknown.iter().filter(|(_, lab, ..)| early(lab)) {
                    let Some(span) = quoted_result(passage.text.as_str(), item, value) else { continue };
                    let reported_before = labs.iter().any(|other| other.item == lab.item && other.value == lab.value && !early(other));
                    let sentence = passage.text.slice(passage.sentence_of(span));
                    if reported_before || excused(sentence, lab) {
                        continue;
                    }
                    let mut found = hit(passage, span, Vec::new());
                    let reported = lab.reported_at.map_or(String::new(), |at| at.to_string());
                    found.data.push(DataEvidence { path: format!("/labs/{index}"), label: format!("{item}报告时间 {reported}") });
                    hits.push(found);
                }
            }
        }
        Ok(hits)
    }
}

/// `EB病毒DNA 3860copies/mL`: an item by its name as the laboratory prints it, and its value of at least two digits close behind.
fn quoted_result(text: &str, item: &str, value: &str) -> Option<Span> {
    const NEAR: usize = 8;
    if item.chars().count() < 3 || value.chars().filter(char::is_ascii_digit).count() < 2 || value.parse::<f64>().is_err() {
        return None;
    }
    text.match_indices(item).find_map(|(at, item)| {
        let rest = &text[at + item.len()..];
        let start = rest.find(|letter: char| letter.is_ascii_digit())?;
        let number = rest[start..].split(|letter: char| !letter.is_ascii_digit() && letter != '.').next()?;
        let near = start <= NEAR && !rest[..start].contains(['。', ';', ',']);
        (near && number == value).then(|| Span::new(at, at + item.len() + start + number.len()))
    })
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
        let before: String = text[..start].chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
        let after = &text[at + '岁'.len_utf8()..];
        // Bounds of a score: 年龄≥75岁, 年龄65~74岁.
        let bounded = before.trim_end().ends_with(['>', '<', '≥', '≤', '≧', '=', '~', '-', '–', '—', '至', '到']);
        let called = before.trim_end_matches([',', ':', ' ']);
        let named = called.ends_with(['男', '女'])
            || ["男童", "女童", "男孩", "女孩", "男性", "女性", "患儿"].iter().any(|word| called.ends_with(word))
            || before.contains("年龄")
            || (before.contains("患者") && before.chars().count() <= 4);
        let described = after.trim_start_matches([',', ' ']).starts_with(['男', '女']);
        let other = ["其", "父", "母", "子", "兄", "姐", "弟", "妹", "妻", "夫", "育", "偶", "绝经", "初潮", "结婚", "时"]
            .iter()
            .any(|word| before.contains(word))
            || after.starts_with(['时', '绝', '初', '结', '起', '开', '始', '以', '左']);
        if (named || described) && !other && !bounded {
            return text[start..at].parse().ok().map(|age| (age, Span::new(start, at + '岁'.len_utf8())));
        }
    }
    None
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
    let named = name.chars().count() >= 2 && (document.title.contains(name) || opening.contains(name) && rounds(opening));
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

/// There are values, and none of them is within `far` of the stated one.
fn all_far(values: impl Iterator<Item = f64>, stated: f64, far: f64) -> bool {
    let mut values = values.peekable();
    values.peek().is_some() && values.all(|value| (value - stated).abs() > far)
}

/// The stretch from the temperature to the blood pressure of one line of vital signs.
fn vitals_line(passage: &Passage) -> Option<Span> {
    let text = passage.text.as_str();
    let start = ["T", "体温"]
        .iter()
        .filter_map(|word| text.find(word).filter(|at| text[at + word.len()..].trim_start_matches([':', ' ']).starts_with('3')))
        .min()?;
    // Up to the pressure; where none is written, up to the respiration.
    let rest: String = text[start..].chars().take(60).collect();
    let length = rest.find("mmHg").map(|at| at + "mmHg".len()).or_else(|| rest.rfind("次/分").map(|at| at + "次/分".len()))?;
    Some(Span::new(start, start + length))
}
