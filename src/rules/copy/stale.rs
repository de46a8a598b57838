//! What went out of date in a copy: words that were right in the earlier note and can't be in the later one.

use super::super::range::{is_about_now, speaks_of_now};
use super::super::{DataEvidence, Evidence, Hit, Role, Subject, facts};
use super::Stale;
use super::lineage::Lineage;
use super::traces::traces;
use crate::reading::text::Span;
use crate::reading::{Assertion, Experiencer, Mention, Passage, Reference, TimeValue};
use crate::record::{Instant, Vitals, time};

/// Words of a sentence that speaks of another day, or of an act that is only planned.
const OTHER_DAY: [&str; 18] = [
    "入院",
    "术前",
    "首次",
    "曾",
    "外院",
    "门诊",
    "急诊",
    "上次",
    "前次",
    "既往",
    "拟",
    "计划",
    "待",
    "准备",
    "预约",
    "明日",
    "发病时",
    "起病时",
];

/// Whether a passage has words that such a thing could be.
pub fn may_hold(kinds: &[Stale], passage: &Passage) -> bool {
    kinds.iter().any(|kind| match kind {
        Stale::DayCount => passage.times.iter().any(|time| matches!(time.value, TimeValue::DayOf { .. })),
        Stale::RelativeDay => passage.times.iter().any(|time| matches!(time.value, TimeValue::RelativeDay { .. })),
        Stale::Value => !passage.measures.is_empty(),
        Stale::Side => passage.text.as_str().contains(['左', '右']),
        _ => true,
    })
}

/// The stale words of one kind.
pub fn stale(subject: &Subject<'_>, lineage: &Lineage<'_>, kind: Stale) -> Vec<Hit> {
    match kind {
        Stale::DayCount => day_counts(subject, lineage),
        Stale::RelativeDay => relative_days(subject, lineage),
        Stale::Value => {
            let mut hits = charted(subject, lineage);
            hits.extend(measured(subject, lineage));
            hits
        }
        Stale::Side => sides(lineage),
        Stale::Name | Stale::Sex | Stale::Age | Stale::Bed => foreign(subject, lineage, kind),
        Stale::Date => Vec::new(),
    }
}

fn both(lineage: &Lineage<'_>, later: Span, earlier: Span, stated: String, computed: String) -> Hit {
    Hit {
        evidence: vec![
            Evidence { passage: lineage.later.passage.clone(), span: later, role: Role::This },
            Evidence { passage: lineage.earlier.passage.clone(), span: earlier, role: Role::Against },
        ],
        slots: vec![("stated", stated), ("computed", computed), ("similarity", super::percent(lineage.share))],
        ..Hit::default()
    }
}

fn days(lineage: &Lineage<'_>) -> Option<(jiff::civil::Date, jiff::civil::Date)> {
    Some((lineage.earlier.document.time?.date(), lineage.later.document.time?.date()))
}

/// 术后第3天 in two notes of different days.
fn day_counts(subject: &Subject<'_>, lineage: &Lineage<'_>) -> Vec<Hit> {
    let Some((before, now)) = days(lineage).filter(|(before, now)| before < now && !is_one_night(lineage)) else { return Vec::new() };
    let (later, earlier) = (lineage.later.passage, lineage.earlier.passage);
    let mut hits = Vec::new();
    for expression in &later.times {
        let TimeValue::DayOf { reference, day } = expression.value else { continue };
        let starts: Vec<_> = match reference {
            Reference::Operation => {
                let operations = subject.visit.operations.as_deref().unwrap_or(&[]);
                operations.iter().filter_map(|operation| operation.ended_at.or(operation.started_at)).map(Instant::date).collect()
            }
            Reference::Admission => subject.visit.admission.admitted_at.map(Instant::date).into_iter().collect(),
            _ => continue,
        };
        let Some(source) = lineage.source_of(expression.span) else { continue };
        let says_now = |passage: &Passage, span: Span| {
            let after = &passage.text.as_str()[span.end as usize..];
            let ends = after.is_empty() || after.starts_with([',', '。', ';', '、', '\n', '.']) || after.starts_with("患");
            ends && is_about_now(passage.text.as_str(), span)
        };
        if !says_now(later, expression.span) || !says_now(earlier, source) {
            continue;
        }
        // It may be the earlier note that is wrong, or there may have been a second operation.
        let fits = |start: &jiff::civil::Date| {
            let distance = time::days_between(*start, now);
            i64::from(day) == distance || i64::from(day) == distance + 1
        };
        let begun_between = starts.iter().any(|start| *start >= before && *start <= now);
        if !starts.iter().any(fits) && !begun_between {
            let words = later.text.quote(expression.span).to_owned();
            hits.push(both(lineage, expression.span, source, words, format!("{before}已写,{now}照抄未递增")));
        }
    }
    hits
}

/// Two notes of a few hours around midnight.
fn is_one_night(lineage: &Lineage<'_>) -> bool {
    const HOURS: i64 = 6;
    let [Some(before), Some(now)] = [lineage.earlier, lineage.later].map(|placed| placed.document.time.filter(|time| time.has_time()))
    else {
        return false;
    };
    time::minutes_between(before.earliest(), now.earliest()) < HOURS * 60
}

/// 昨日行胃镜检查 copied to a day of whose eve no such examination is known.
fn relative_days(subject: &Subject<'_>, lineage: &Lineage<'_>) -> Vec<Hit> {
    let Some((before, now)) = days(lineage).filter(|(before, now)| before < now) else { return Vec::new() };
    let later = lineage.later.passage;
    let moved = |day: jiff::civil::Date, by: i32| day.checked_add(jiff::Span::new().days(i64::from(by))).ok();
    let mut hits = Vec::new();
    for expression in &later.times {
        let TimeValue::RelativeDay { days } = expression.value else { continue };
        let sentence = later.sentence_of(expression.span);
        let words = later.text.slice(sentence);
        let (Some(then), Some(today)) = (moved(before, days), moved(now, days)) else { continue };
        let Some(source) = lineage.source_of(expression.span) else { continue };
        if days > 0 || lineage.source_of(sentence).is_none() || OTHER_DAY.iter().any(|word| words.contains(word)) {
            continue;
        }
        let done = acts(subject).into_iter().filter(|act| words.contains(act.word.as_str()));
        let (there, here): (Vec<Act>, Vec<Act>) = done.filter(|act| act.day == then || act.day == today).partition(|act| act.day == then);
        if let Some(act) = there.first().filter(|_| here.is_empty()) {
            let stated = later.text.quote(expression.span).to_owned();
            let mut hit = both(lineage, sentence, source, stated, format!("{}在{then}", act.word));
            hit.data.push(act.evidence.clone());
            hits.push(hit);
        }
    }
    hits
}

/// Something that was done on one day, by the word that a note calls it by.
struct Act {
    word: String,
    day: jiff::civil::Date,
    evidence: DataEvidence,
}

fn acts(subject: &Subject<'_>) -> Vec<Act> {
    let mut acts = Vec::new();
    for (index, operation) in subject.visit.operations.iter().flatten().enumerate() {
        let (Some(name), Some(at)) = (&operation.name, operation.started_at.or(operation.ended_at)) else { continue };
        let evidence = DataEvidence { path: format!("/operations/{index}"), label: format!("{name} {at}") };
        acts.push(Act { word: name.clone(), day: at.date(), evidence });
    }
    for (index, exam) in subject.visit.exams.iter().flatten().enumerate() {
        let (Some(modality), Some(at)) = (&exam.modality, exam.performed_at) else { continue };
        let label = format!("{}{modality} {at}", exam.site.as_deref().unwrap_or(""));
        acts.push(Act { word: modality.clone(), day: at.date(), evidence: DataEvidence { path: format!("/exams/{index}"), label } });
    }
    acts.retain(|act| act.word.chars().count() >= 2);
    acts
}

/// The value of a mention that speaks of now and was copied, with its place in the earlier passage.
fn copied_value(lineage: &Lineage<'_>, mention: &Mention) -> Option<(Span, Span, f64)> {
    let later = lineage.later.passage;
    let measure = later.measures.get(mention.measure? as usize)?;
    let plain = mention.assertion == Assertion::Present
        && mention.experiencer == Experiencer::Patient
        && mention.time.is_none()
        && !mention.quoted
        && measure.second.is_none();
    let span = mention.span.cover(measure.span);
    let source = lineage.source_of(span)?;
    (plain && speaks_of_now(later, span)).then_some((span, source, measure.value))
}

/// Temperature and pulse: right on the chart of the earlier day, wrong on that of the later.
fn charted(subject: &Subject<'_>, lineage: &Lineage<'_>) -> Vec<Hit> {
    type Reading = fn(&Vitals) -> Option<f64>;
    // Concepts, near enough to have been taken from that day, far enough to be of another one.
    const VITALS: [(&[&str], f64, f64, &str, Reading); 2] =
        [(&["体温"], 0.3, 1.0, "℃", |row| row.temperature), (&["脉搏", "心率"], 5.0, 25.0, "次/分", |row| row.pulse)];
    /// Hours before a note in which somebody took the temperature, so that its writer knew.
    const HOURS: i64 = 6;
    let Some((before, now)) = days(lineage).filter(|(before, now)| before < now) else { return Vec::new() };
    let Some(until) = lineage.later.document.time.map(|time| time.latest()) else { return Vec::new() };
    let chart = subject.visit.vitals.as_deref().unwrap_or(&[]);
    let later = lineage.later.passage;
    let mut hits = Vec::new();
    for (concepts, near, far, unit, value_of) in VITALS {
        let ids: Vec<_> = concepts.iter().filter_map(|name| subject.knowledge.lexicon().id(name)).collect();
        let mut values = later.mentions.iter().filter(|mention| ids.contains(&mention.concept) && mention.measure.is_some());
        let Some(mention) = values.next() else { continue };
        // Several values are a course of the day, and none of them need be of now.
        if values.next().is_some() {
            continue;
        }
        let Some((span, source, stated)) = copied_value(lineage, mention) else { continue };
        let rows = |day: jiff::civil::Date| {
            let on_day = move |(_, row): &(usize, &Vitals)| row.at.is_some_and(|at| at.date() == day && at.earliest() <= until);
            chart.iter().enumerate().filter(on_day).filter_map(move |(index, row)| Some((index, row.at?, value_of(row)?)))
        };
        let was_right = rows(before).any(|(_, _, value)| (value - stated).abs() <= near);
        let today: Vec<_> = rows(now).collect();
        // A row of the small hours says nothing of a note in the afternoon.
        let timed = lineage.later.document.time.is_some_and(|time| time.has_time());
        let recent = !timed || today.iter().any(|(_, at, _)| time::minutes_between(at.earliest(), until) <= HOURS * 60);
        if was_right && recent && !today.is_empty() && today.iter().all(|(_, _, value)| (value - stated).abs() >= far) {
            let mut hit = both(lineage, span, source, later.text.quote(span).to_owned(), format!("当日体温单为{}{unit}", today[0].2));
            let row = |(index, at, value): &(usize, Instant, f64)| DataEvidence {
                path: format!("/vitals/{index}"),
                label: format!("体温单 {at} {}{value}{unit}", concepts[0]),
            };
            hit.data.extend(today.iter().map(row));
            hits.push(hit);
        }
    }
    hits
}

/// A laboratory value that a newer report has overtaken, in a note that does not give the newer one.
fn measured(subject: &Subject<'_>, lineage: &Lineage<'_>) -> Vec<Hit> {
    /// Share of the value by which a newer one says something else.
    const DIFFERS: f64 = 0.2;
    /// Minutes in which a report has not been seen on the ward yet.
    const UNSEEN: i64 = 60;
    let Some(labs) = subject.visit.labs.as_deref() else { return Vec::new() };
    let (Some(before), Some(now)) = (lineage.earlier.document.time, lineage.later.document.time) else { return Vec::new() };
    let (later, lexicon) = (lineage.later.passage, subject.knowledge.lexicon());
    let mut hits = Vec::new();
    for mention in &later.mentions {
        let Some((span, source, stated)) = copied_value(lineage, mention) else { continue };
        let sentence = later.sentence_of(span);
        let words = later.text.slice(sentence);
        if later.times.iter().any(|time| sentence.contains(time.span)) || OTHER_DAY.iter().any(|word| words.contains(word)) {
            continue;
        }
        let is_item = |item: &str| lexicon.find(item).any(|(found, id)| id == mention.concept && found.len() + 3 >= item.len());
        let reports: Vec<_> = labs
            .iter()
            .enumerate()
            .filter(|(_, lab)| lab.item.as_deref().is_some_and(is_item))
            .filter_map(|(index, lab)| Some((index, lab, lab.reported_at?, lab.value.as_deref()?.trim().parse::<f64>().ok()?)))
            .collect();
        let was_right = reports.iter().any(|(_, _, at, value)| at.earliest() <= before.latest() && (value - stated).abs() < 1e-9);
        let newer = reports
            .iter()
            .filter(|(_, _, at, _)| at.earliest() > before.latest() && time::minutes_between(at.latest(), now.earliest()) >= UNSEEN)
            .max_by_key(|(_, _, at, _)| at.latest());
        let Some((index, lab, _, value)) = newer.filter(|_| was_right) else { continue };
        let told = lineage
            .later
            .document
            .passages
            .iter()
            .flat_map(|passage| &passage.measures)
            .any(|measure| (measure.value - value).abs() < 1e-9);
        if !told && (value - stated).abs() > DIFFERS * stated.abs().max(value.abs()) {
            let mut hit = both(lineage, span, source, later.text.quote(span).to_owned(), format!("最近一次报告为{value}"));
            hit.data.push(facts::lab_evidence(*index, lab));
            hits.push(hit);
        }
    }
    hits
}

/// The only change between two sentences is their side.
fn sides(lineage: &Lineage<'_>) -> Vec<Hit> {
    /// Letters around the side that have to agree, so that nothing else was rewritten.
    const AROUND: usize = 10;
    let (later, earlier) = (lineage.later.passage.letters(), lineage.earlier.passage.letters());
    let mut hits = Vec::new();
    for edit in lineage.edits() {
        let (new, old) = (&later.chars[edit.later.clone()], &earlier.chars[edit.earlier.clone()]);
        if !matches!((old, new), (['左'], ['右']) | (['右'], ['左'])) {
            continue;
        }
        // A passage that speaks of both sides may have changed its order.
        let after: Vec<char> = later.chars[edit.later.end..].iter().take(2).copied().collect();
        let says = |chars: &[char], side: char| chars.windows(1 + after.len()).any(|window| window[0] == side && window[1..] == after[..]);
        if after.len() < 2 || says(&earlier.chars, new[0]) || says(&later.chars, old[0]) {
            continue;
        }
        let run_at = |at: usize| lineage.runs.iter().find(|run| run.later <= at && at < run.later + run.length).map_or(0, |run| run.length);
        if edit.later.start == 0 || run_at(edit.later.start - 1) < AROUND || run_at(edit.later.end) < AROUND {
            continue;
        }
        let wide = |letters: &crate::reading::letters::Letters, range: std::ops::Range<usize>, passage: &Passage| {
            let span = letters.span(range);
            passage.clause_of(span)
        };
        let span = wide(later, edit.later.clone(), lineage.later.passage);
        let source = wide(earlier, edit.earlier.clone(), lineage.earlier.passage);
        hits.push(both(lineage, span, source, new[0].to_string(), format!("前次记录为「{}」,其余文字相同", old[0])));
    }
    hits
}

/// Another patient's trace that was carried on from note to note.
fn foreign(subject: &Subject<'_>, lineage: &Lineage<'_>, kind: Stale) -> Vec<Hit> {
    let copied = traces(subject, lineage.later.passage, &[kind]).into_iter().filter_map(|trace| {
        let source = lineage.source_of(trace.span)?;
        let mut hit = both(lineage, trace.span, source, trace.stated.clone(), trace.own.label.clone());
        hit.data.push(trace.own);
        Some(hit)
    });
    copied.collect()
}
