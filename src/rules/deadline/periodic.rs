//! Notes that must come again and again: a course note at least every n days by level of condition, rounds by title each week, a summary each month.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::super::duty::{Duty, DutyState};
use super::super::events::{self, is_written};
use super::super::places::Places;
use super::super::{Check, DataEvidence, Hit, Outcome, Searched, SpecError, Subject, facts};
use super::Deadline;
use crate::record::{ConditionLevel, DocumentKind, Title, time};

/// How often, and when it holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "rhythm", rename_all = "snake_case", deny_unknown_fields)]
pub enum Every {
    /// At least one note in every `days` calendar days while the condition holds.
    Days { days: i64, condition: ConditionLevel },
    /// At least `count` notes by that title (or above, where `or_above`) in every whole calendar week, Monday to Sunday, or in the seven days from one
    /// of that week's notes on.
    Week { count: usize, title: Title, or_above: bool },
    /// At least one note in every `days` days of a long stay, counted from admission; one of `documents` resets the count.
    Stay { days: i64 },
    /// At least one note on each of the `days` days after the trigger; the day of leaving asks for none.
    After { days: i64 },
}

struct Periodic {
    spec: Deadline,
    every: Every,
    places: Places,
}

pub fn prepare(spec: Deadline, every: Every, places: Places) -> Result<Box<dyn Check>, SpecError> {
    if places.is_empty() {
        return Err(SpecError::new("documents", "a repeated duty needs `documents`"));
    }
    Ok(Box::new(Periodic { spec, every, places }))
}

/// From this hour on a condition's first day asks for no note of its own.
const LATE_HOUR: i8 = 20;

/// A stretch without the note that was due.
struct Gap {
    from: Date,
    to: Date,
    due: Date,
    text: String,
}

impl Periodic {
    fn derive(&self, subject: &Subject<'_>) -> Result<(Vec<Gap>, Vec<Duty>), String> {
        if !events::is_whole_record(subject) {
            return Err("只提供了部分文书".to_owned());
        }
        let admitted = subject.visit.admission.admitted_at.ok_or("未提供入院时间")?.date();
        let last = facts::discharged_at(subject.visit).unwrap_or(subject.at).min(subject.at).date();
        let mut gaps = Vec::new();
        let mut next_due = None;
        match &self.every {
            Every::Days { days, condition } => {
                if time::days_between(admitted, last) >= 3 || *condition != ConditionLevel::Stable {
                    for (from, to, running) in self.stretches(subject, *condition, admitted, last)? {
                        next_due = self.walk(subject, from, to, *days, running, &mut gaps).or(next_due);
                    }
                }
            }
            Every::Stay { days } => next_due = self.walk(subject, admitted, last, *days, subject.visit.discharge.is_none(), &mut gaps),
            Every::After { days } => next_due = self.after(subject, *days, last, &mut gaps)?,
            Every::Week { count, title, or_above } => self.weeks(subject, admitted, last, *count, *title, *or_above, &mut gaps),
        }
        let duty = |due: Date, state: DutyState| Duty {
            task: self.spec.task.clone(),
            trigger: format!("{}后按频次书写", self.spec.trigger.chinese()),
            anchor: due.to_string(),
            begin: due.at(0, 0, 0, 0),
            due: due.at(23, 59, 59, 0),
            done: None,
            document: None,
            state,
        };
        let mut duties: Vec<Duty> = gaps.iter().map(|gap| duty(gap.due, DutyState::Overdue)).collect();
        if let Some(due) = next_due {
            duties.push(duty(due, if due == subject.at.date() { DutyState::DueSoon } else { DutyState::Pending }));
        }
        Ok((gaps, duties))
    }

    /// The stretches of days in which the condition holds: start, end, and whether it still goes on.
    fn stretches(
        &self,
        subject: &Subject<'_>,
        level: ConditionLevel,
        admitted: Date,
        last: Date,
    ) -> Result<Vec<(Date, Date, bool)>, String> {
        let visit = subject.visit;
        let conditions = visit.conditions.as_deref().unwrap_or(&[]);
        if level != ConditionLevel::Stable {
            if visit.conditions.is_none() {
                return Err("未提供病危病重时段".to_owned());
            }
            let of_level = conditions.iter().filter(|condition| condition.level == Some(level));
            let stretch = |condition: &crate::record::Condition| {
                let began = condition.from?;
                // Begun late in the evening, its first note may be the next day's.
                let is_late = began.has_time() && began.latest().hour() >= LATE_HOUR;
                let from = if is_late { began.date().tomorrow().unwrap_or(began.date()) } else { began.date() };
                // From the day of the order to the day before it is stopped.
                let to = condition.to.map_or(last, |to| to.date().yesterday().unwrap_or(to.date())).min(last);
                (from <= to).then_some((from, to, condition.to.is_none() && visit.discharge.is_none()))
            };
            return Ok(of_level.filter_map(stretch).collect());
        }
        // Stable is what is neither critical nor serious.
        let mut stretches = vec![(admitted, last, visit.discharge.is_none())];
        for condition in
            conditions.iter().filter(|condition| matches!(condition.level, Some(ConditionLevel::Critical | ConditionLevel::Serious)))
        {
            let Some(from) = condition.from.map(|from| from.date()) else { continue };
            let to = condition.to.map_or(last, |to| to.date());
            let mut cut = Vec::new();
            for (start, end, running) in stretches {
                if to < start || from > end {
                    cut.push((start, end, running));
                    continue;
                }
                if start < from {
                    cut.push((start, from, false));
                }
                if to < end {
                    cut.push((to, end, running));
                }
            }
            stretches = cut;
        }
        Ok(stretches)
    }

    /// Days of the notes that count, in order.
    fn note_days(&self, subject: &Subject<'_>) -> Vec<(Date, usize)> {
        let written = self.places.documents(subject).filter(|document| is_written(facts::document(subject.visit, document)));
        let mut days: Vec<(Date, usize)> = written.filter_map(|document| document.time.map(|time| (time.date(), document.index))).collect();
        days.sort();
        days
    }

    /// Walks from `from` to `to` and notes every stretch longer than `days`; returns the next due day while the stay goes on.
    fn walk(&self, subject: &Subject<'_>, from: Date, to: Date, days: i64, running: bool, gaps: &mut Vec<Gap>) -> Option<Date> {
        let daily = days == 1;
        // A daily note is due on the first day itself; otherwise the first day's own documents start the count.
        let mut last = if daily { from.yesterday().unwrap_or(from) } else { from };
        let notes = self.note_days(subject);
        let inside = notes.iter().map(|(day, _)| *day).filter(|day| *day >= from && *day <= to);
        for day in inside.chain([if daily { to.tomorrow().unwrap_or(to) } else { to }]) {
            let is_end = day > to || (day == to && !notes.iter().any(|(noted, _)| *noted == to));
            let distance = time::days_between(last, day);
            // The day a running stay is at may still get its note.
            let allowed = if is_end && running { days + 1 } else { days };
            if distance > allowed {
                let due = last.saturating_add(jiff::Span::new().days(days));
                gaps.push(Gap {
                    from: last, to: day, due, text: format!("{last}至{day}间隔{distance}天无记录(应至少每{days}天1次)")
                });
            }
            last = last.max(day.min(to));
        }
        running.then(|| last.saturating_add(jiff::Span::new().days(days)))
    }

    /// The days after each trigger that have no note; returns the next one due while the stay goes on.
    fn after(&self, subject: &Subject<'_>, days: i64, last: Date, gaps: &mut Vec<Gap>) -> Result<Option<Date>, String> {
        let notes = self.note_days(subject);
        let mut next_due = None;
        for trigger in events::events(subject, self.spec.trigger, &self.spec.filter)? {
            for day in 1..=days {
                let due = trigger.at.date().saturating_add(jiff::Span::new().days(day));
                if due >= last {
                    next_due = next_due.or((subject.visit.discharge.is_none()).then_some(due));
                    break;
                }
                if !notes.iter().any(|(noted, _)| *noted == due) {
                    gaps.push(Gap {
                        from: trigger.at.date(), to: due, due, text: format!("{}后第{day}天({due})无记录", trigger.label)
                    });
                }
            }
        }
        Ok(next_due)
    }

    #[allow(clippy::too_many_arguments)] // the fields of one enum variant
    fn weeks(&self, subject: &Subject<'_>, admitted: Date, last: Date, count: usize, title: Title, or_above: bool, gaps: &mut Vec<Gap>) {
        let first_monday = (0..7)
            .filter_map(|offset| admitted.checked_add(jiff::Span::new().days(offset)).ok())
            .find(|day| day.weekday() == jiff::civil::Weekday::Monday);
        let Some(mut monday) = first_monday else { return };
        let titled: Vec<Date> = self
            .places
            .documents(subject)
            .filter(|document| is_written(facts::document(subject.visit, document)))
            .filter(|document| {
                events::titles(subject, document).iter().any(|actual| if or_above { *actual >= title } else { *actual == title })
            })
            .filter_map(|document| document.time.map(|time| time.date()))
            .collect();
        while let Ok(sunday) = monday.checked_add(jiff::Span::new().days(6)) {
            if sunday > last {
                break;
            }
            let of_week: Vec<&Date> = titled.iter().filter(|day| (monday..=sunday).contains(*day)).collect();
            // Who was seen on Thursday and again on Monday was seen twice within seven days, whatever the calendar cuts.
            let within_seven = |first: &Date| {
                let end = first.checked_add(jiff::Span::new().days(7)).unwrap_or(*first);
                titled.iter().filter(|day| (*first..end).contains(*day)).count()
            };
            let most = of_week.iter().map(|day| within_seven(day)).max().unwrap_or(0);
            if most < count {
                let found = of_week.len();
                gaps.push(Gap {
                    from: monday,
                    to: sunday,
                    due: sunday,
                    text: format!("{monday}至{sunday}一周内仅见{found}次(应不少于{count}次)"),
                });
            }
            let Ok(next) = monday.checked_add(jiff::Span::new().days(7)) else { break };
            monday = next;
        }
    }
}

impl Check for Periodic {
    fn quotes(&self, _kind: DocumentKind) -> bool {
        false
    }

    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let gaps = match self.derive(subject) {
            Ok((gaps, _)) => gaps,
            Err(why) => return Outcome::Skipped(why),
        };
        let notes = self.note_days(subject);
        let hits = gaps.into_iter().map(|gap| {
            let around = notes.iter().filter(|(day, _)| *day == gap.from || *day == gap.to);
            let data = around.map(|(day, index)| DataEvidence {
                path: format!("/documents/{index}"),
                label: format!("{} {day}", subject.reading.documents[*index].title),
            });
            Hit {
                data: data.collect(),
                searched: notes.iter().map(|(_, index)| Searched { document: *index, section: None }).collect(),
                slots: vec![("task", self.spec.task.clone()), ("status", gap.text), ("due", gap.due.to_string())],
                anchor: gap.due.to_string(),
                ..Hit::default()
            }
        });
        Outcome::Ran(hits.collect())
    }

    fn duties(&self, subject: &Subject<'_>) -> Vec<Duty> {
        self.derive(subject).map(|(_, duties)| duties).unwrap_or_default()
    }
}
