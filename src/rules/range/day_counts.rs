//! Counts of days: 术后第3天, 产后第3天, 入院第3天 against the day that they count from, and against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::super::{Evidence, Hit, Role, Subject, around};
use super::{Prepared, hit};
use crate::reading::letters::{bare, is_han};
use crate::reading::text::Span;
use crate::reading::{Passage, Reference, TimeValue};
use crate::record::{DocumentKind, Instant, time};

/// The hour at which a new day of counting has begun for everybody.
const MORNING: i8 = 6;

impl Prepared {
    pub(super) fn postoperative_day(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        // 术后第N天 counts from the operations, 入院第N天 from admission.
        let operations = subject.visit.operations.as_deref();
        let admitted = subject.visit.admission.admitted_at;
        if operations.is_none() && admitted.is_none() {
            return Err("未提供手术信息和入院时间".to_owned());
        }
        let ends: Vec<_> = operations
            .unwrap_or(&[])
            .iter()
            .filter_map(|operation| operation.ended_at.or(operation.started_at))
            .map(Instant::date)
            .collect();
        let admission: Vec<_> = admitted.map(Instant::date).into_iter().collect();
        // 导管置入术后第2天 counts from a procedure at the bedside as well.
        let procedures: Vec<_> = subject
            .reading
            .documents
            .iter()
            .filter(|document| document.kind == DocumentKind::InvasiveProcedure)
            .filter_map(|document| document.time.map(Instant::date))
            .chain(ends.iter().copied())
            .collect();
        let acts = acts_of(subject);
        let mut hits = Vec::new();
        let mut counts: Vec<Count<'_>> = Vec::new();
        for document in self.places.documents(subject) {
            let Some(day) = document.time.map(Instant::date) else { continue };
            // After midnight the day of surgery is not yet over for who writes at night.
            let night = document.time.is_some_and(|at| at.has_time() && at.earliest().hour() < MORNING);
            for passage in self.places.passages_of(document) {
                for expression in &passage.times {
                    let sentence = passage.text.slice(passage.sentence_of(expression.span));
                    let elsewhere = match expression.value {
                        TimeValue::DayOf { reference: Reference::Operation, .. } => {
                            counts_from_another(passage.text.as_str(), expression.span, &acts)
                        }
                        // 入院第2天,由外科转入: counted in the ward before.
                        TimeValue::DayOf { reference: Reference::Admission, .. } => sentence.contains("转入"),
                        _ => false,
                    };
                    if elsewhere {
                        continue;
                    }
                    if let TimeValue::DayOf { reference: reference @ (Reference::Operation | Reference::Delivery), day: stated } =
                        expression.value
                        && stated > 0
                        && passage.text.slice(expression.span).contains('第')
                        && is_about_now(passage.text.as_str(), expression.span)
                        && !is_after_procedure(passage.text.as_str(), expression.span)
                    {
                        counts.push(Count { reference, first: day_zero(day, stated), day, stated, passage, span: expression.span });
                    }
                    let (starts, event, stated) = match expression.value {
                        TimeValue::DayOf { reference: Reference::Operation, day }
                            if is_after_procedure(passage.text.as_str(), expression.span) =>
                        {
                            (&procedures, "操作后", day)
                        }
                        TimeValue::DayOf { reference: Reference::Operation, day } => (&ends, "术后", day),
                        TimeValue::DayOf { reference: Reference::Admission, day } => (&admission, "入院", day),
                        _ => continue,
                    };
                    let after_procedure = event == "操作后" && opens_note(passage.text.as_str(), expression.span);
                    if !after_procedure && !is_about_now(passage.text.as_str(), expression.span) {
                        continue;
                    }
                    let distances: Vec<i64> =
                        starts.iter().map(|start| time::days_between(*start, day)).filter(|distance| *distance >= 0).collect();
                    // Day 0 or day 1 for the day of surgery is the hospital's convention.
                    let fits = |distance: &i64| {
                        let stated = i64::from(stated);
                        stated == *distance || stated == distance + 1 || night && stated == distance - 1
                    };
                    if let Some(distance) = distances.last().filter(|_| !distances.iter().any(fits)) {
                        let computed = format!("记录日期{day}为{event}第{distance}天");
                        hits.push(hit(passage, expression.span, vec![("stated", stated.to_string()), ("computed", computed)]));
                    }
                }
            }
        }
        // Either convention will do, but not both in one record; after a second operation each is counted from its own.
        if ends.iter().collect::<BTreeSet<_>>().len() <= 1 {
            let told: Vec<Span> = hits.iter().flat_map(|hit| hit.evidence.iter().map(|evidence| evidence.span)).collect();
            hits.extend(miscounted(&counts).into_iter().filter(|hit| !told.contains(&hit.evidence[0].span)));
        }
        Ok(hits)
    }
}

/// Names of this visit's operations, and what its records of procedures tell.
fn acts_of(subject: &Subject<'_>) -> Vec<String> {
    let operations = subject.visit.operations.iter().flatten().filter_map(|operation| operation.name.clone());
    let records = subject.reading.documents.iter().filter(|document| document.kind == DocumentKind::InvasiveProcedure);
    let told = records.flat_map(|document| {
        std::iter::once(document.title.clone()).chain(document.passages.iter().map(|passage| passage.text.as_str().to_owned()))
    });
    operations.chain(told).collect()
}

/// 冠脉支架置入术后第15天, 第一次手术术后第9天: the words before name an act that shares no two letters running with any of this visit.
fn counts_from_another(text: &str, span: Span, acts: &[String]) -> bool {
    /// The name begins behind the last of 今日为, 目前, 现, 患者 and their like.
    const LEADS: [char; 10] = ['今', '现', '为', '系', '是', '日', '天', '晨', '前', '者'];
    let start = around::start_of(text, span.start as usize, &[',', '。', ';', '\n', ':', '(', ')', ' ']);
    let named = text[start..span.start as usize].rsplit(LEADS).next().unwrap_or("");
    let letters: Vec<char> = bare(named).collect();
    let shared = |act: &String| letters.windows(2).any(|pair| act.contains(&String::from_iter(pair)));
    // TAVR stands for a name that is written out elsewhere.
    let written_out = letters.iter().filter(|letter| is_han(**letter)).count() > 2;
    written_out && !acts.is_empty() && !acts.iter().any(shared)
}

/// 左颈导管置入术后第4天: days from a procedure that the words before name.
fn is_after_procedure(text: &str, span: Span) -> bool {
    const ACTS: [&str; 12] = ["置入", "置管", "穿刺", "穿刺引流", "活检", "造影", "栓塞", "消融", "切开", "插管", "造瘘", "引流"];
    ACTS.iter().any(|act| text[..span.start as usize].ends_with(act))
}

/// Whether the span stands in the first clause of its line.
fn opens_note(text: &str, span: Span) -> bool {
    let line = text[..span.start as usize].rsplit('\n').next().unwrap_or("");
    !line.contains([',', '。', ';', ':'])
}

/// 术后第3天 says what day it is now when the sentence begins with it or says 今.
pub(in crate::rules) fn is_about_now(text: &str, span: Span) -> bool {
    let before = &text[around::start_of(text, span.start as usize, &['。', '\n', ';'])..span.start as usize];
    // 某某主任医师查房: is the heading, not what he says.
    let before =
        ["查房:", "查房,", "查看患者:", "记录:"].iter().find_map(|head| before.rsplit_once(*head)).map_or(before, |(_, said)| said);
    let after = &text[span.end as usize..];
    // 术后第7天(20日)造影, 用至术后35天: what is planned for that day.
    let dated = after.strip_prefix('(').is_some_and(|inside| inside.starts_with(|next: char| next.is_ascii_digit()));
    let ahead = &text[..span.start as usize];
    let planned = ahead.ends_with(['至', '到', '待', '线'])
        || ahead.strip_suffix('(').is_some_and(|date| date.ends_with(|last: char| last.is_ascii_digit()));
    let later = dated || planned || after.starts_with(['后', '内', '拆', '复', '拔', '出', '可', '再', '前', '拟', '将']);
    // 术后第1天体温38.2℃,现已正常: that day is past.
    let sentence = after.split(['。', ';', '\n']).next().unwrap_or("");
    let later = later || !sentence.starts_with([',', ' ', ':']) && ["现已", "目前已", "今已"].iter().any(|word| sentence.contains(word));
    !later && (bare(before).count() <= 2 || before.contains("今") || before.contains("现"))
}

/// 术后第3天 or 产后第3天 of one note.
struct Count<'s> {
    reference: Reference,
    /// The day that would be day 0.
    first: Date,
    day: Date,
    stated: i32,
    passage: &'s Arc<Passage>,
    span: Span,
}

fn day_zero(day: Date, stated: i32) -> Date {
    day.saturating_sub(jiff::Span::new().days(i64::from(stated)))
}

/// The counts that go on from none of the others: 第1天 on the 15th and 第3天 on the 16th. Of two that disagree the later is quoted.
fn miscounted(counts: &[Count<'_>]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for count in counts {
        let alike = |other: &&Count<'_>| other.reference == count.reference && other.day != count.day;
        let same: BTreeSet<Date> = counts.iter().filter(alike).filter(|other| other.first == count.first).map(|other| other.day).collect();
        // What most of the others count from.
        let mut others: BTreeMap<Date, Vec<&Count<'_>>> = BTreeMap::new();
        counts
            .iter()
            .filter(alike)
            .filter(|other| other.first != count.first)
            .for_each(|other| others.entry(other.first).or_default().push(other));
        let Some(most) = others.into_values().max_by_key(|others| others.len()) else { continue };
        let later = most.iter().all(|other| other.day < count.day);
        if same.is_empty() && (most.len() > 1 || later) {
            let other = most.iter().min_by_key(|other| time::days_between(other.day, count.day).abs()).unwrap_or(&most[0]);
            let quote = other.passage.text.quote(other.span);
            let mut found = hit(
                count.passage,
                count.span,
                vec![("stated", count.stated.to_string()), ("computed", format!("{}记「{quote}」", other.day))],
            );
            found.evidence.push(Evidence { passage: other.passage.clone(), span: other.span, role: Role::Against });
            hits.push(found);
        }
    }
    hits
}
