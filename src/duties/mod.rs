//! Duties over time: the ladder of reminders from `rules/reminders.toml`, and quiet hours. Pure: the moment is an argument.

use jiff::SignedDuration;
use jiff::civil::{DateTime, Time};
use serde::{Deserialize, Serialize};

use crate::data::DataFolder;
use crate::problem::Problem;
use crate::rules::Severity;

const FILE: &str = "reminders.toml";

/// Who is told. The store knows persons, the ladder only their part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// 经治医师
    Responsible,
    /// 主治医师
    Attending,
    /// 科室质控医师
    DepartmentQc,
    /// 质控科
    QcOffice,
}

impl Recipient {
    pub fn name(self) -> &'static str {
        match self {
            Recipient::Responsible => "responsible",
            Recipient::Attending => "attending",
            Recipient::DepartmentQc => "department_qc",
            Recipient::QcOffice => "qc_office",
        }
    }
}

/// When one reminder goes out.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    /// That share of the window has passed.
    Share(f64),
    /// So many minutes after the limit.
    OverdueMinutes(i64),
}

/// One rung of the ladder.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    when: When,
    pub to: Vec<Recipient>,
}

impl Step {
    /// The moment of this rung for a window.
    fn at(&self, begin: DateTime, due: DateTime) -> DateTime {
        match self.when {
            When::Share(share) => {
                let window = due.duration_since(begin).as_secs().max(0);
                begin.saturating_add(SignedDuration::from_secs((window as f64 * share) as i64))
            }
            When::OverdueMinutes(minutes) => due.saturating_add(SignedDuration::from_mins(minutes)),
        }
    }

    /// Whether it speaks of a limit that has passed.
    pub fn is_overdue(&self) -> bool {
        matches!(self.when, When::OverdueMinutes(_))
    }
}

/// Its rungs in the order of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ladder {
    steps: Vec<Step>,
}

/// The hospital's way of reminding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reminders {
    ladder: Ladder,
    /// That of the steps of critical values; without one theirs is as any other's.
    critical: Option<Ladder>,
    quiet: Option<Quiet>,
    /// More notices than this for one person at one moment are one digest.
    pub digest_over: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct Quiet {
    from: Time,
    to: Time,
    except: Vec<Severity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    step: Vec<StepEntry>,
    #[serde(default)]
    critical: Vec<StepEntry>,
    quiet: Option<QuietEntry>,
    digest: DigestEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepEntry {
    share: Option<f64>,
    overdue_minutes: Option<i64>,
    to: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuietEntry {
    from: String,
    to: String,
    #[serde(default)]
    except: Vec<Severity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DigestEntry {
    over: usize,
}

impl Reminders {
    pub fn load(folder: &DataFolder) -> Result<Self, Problem> {
        let Some(file) = &folder.file_or_shipped(FILE) else { return Ok(Self::default()) };
        let wrong = |needle: &str, text: &str| Problem::at_text(file, needle, text.to_owned());
        let read: File = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        let ladder = |entries: Vec<StepEntry>, name: &str| {
            Ladder::of(entries).ok_or_else(|| wrong(name, "a step has a `share` from 0 to below 1, or `overdue_minutes` of at least 0"))
        };
        let critical = if read.critical.is_empty() { None } else { Some(ladder(read.critical, "[[critical]]")?) };
        let time = |text: &str| Time::strptime("%H:%M", text).map_err(|_| wrong(text, "a time of day is written 22:00"));
        let quiet = match read.quiet {
            None => None,
            Some(entry) => Some(Quiet { from: time(&entry.from)?, to: time(&entry.to)?, except: entry.except }),
        };
        Ok(Self { ladder: ladder(read.step, "[[step]]")?, critical, quiet, digest_over: read.digest.over })
    }

    /// The ladder of a rule's duties.
    pub fn ladder(&self, rule: &str) -> &Ladder {
        self.critical.as_ref().filter(|_| rule == crate::critical::RULE).unwrap_or(&self.ladder)
    }

    /// When a notice of that severity may be delivered.
    pub fn deliver_at(&self, severity: Severity, now: DateTime) -> DateTime {
        let Some(quiet) = self.quiet.as_ref().filter(|quiet| !quiet.except.contains(&severity)) else { return now };
        let (time, wraps) = (now.time(), quiet.from > quiet.to);
        let is_quiet = if wraps { time >= quiet.from || time < quiet.to } else { time >= quiet.from && time < quiet.to };
        if !is_quiet {
            return now;
        }
        let day = if wraps && time >= quiet.from { now.date().tomorrow().unwrap_or(now.date()) } else { now.date() };
        day.to_datetime(quiet.to)
    }
}

impl Ladder {
    fn of(entries: Vec<StepEntry>) -> Option<Self> {
        let step = |entry: StepEntry| {
            let when = match (entry.share, entry.overdue_minutes) {
                (Some(share), None) if (0.0..1.0).contains(&share) => When::Share(share),
                (None, Some(minutes)) if minutes >= 0 => When::OverdueMinutes(minutes),
                _ => return None,
            };
            Some(Step { when, to: entry.to })
        };
        let mut steps: Vec<Step> = entries.into_iter().map(step).collect::<Option<_>>()?;
        // In the order of time whatever the window: shares first, then minutes.
        let rank = |step: &Step| match step.when {
            When::Share(share) => (0, share),
            When::OverdueMinutes(minutes) => (1, minutes as f64),
        };
        steps.sort_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal));
        Some(Self { steps })
    }

    pub fn step(&self, index: usize) -> Option<&Step> {
        self.steps.get(index)
    }

    /// The first rung after `now` and its moment; `None` when all are behind.
    pub fn next(&self, begin: DateTime, due: DateTime, now: DateTime) -> Option<(usize, DateTime)> {
        self.steps.iter().map(|step| step.at(begin, due)).enumerate().find(|(_, at)| *at > now)
    }

    /// The last rung that `now` has come to: one reminder speaks for all those below it.
    pub fn reached(&self, begin: DateTime, due: DateTime, now: DateTime) -> Option<usize> {
        self.steps.iter().rposition(|step| step.at(begin, due) <= now)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn reminders() -> Reminders {
        Reminders::load(&DataFolder::embedded()).unwrap_or_else(|problem| panic!("{problem}"))
    }

    #[test]
    fn the_ladder_of_an_eight_hour_limit() {
        let reminders = reminders();
        let reminders = reminders.ladder("first-course-8h");
        let (begin, due) = (date(2026, 3, 1).at(9, 0, 0, 0), date(2026, 3, 1).at(17, 0, 0, 0));
        let mut now = begin;
        let mut moments = Vec::new();
        while let Some((index, at)) = reminders.next(begin, due, now) {
            assert_eq!(reminders.reached(begin, due, at), Some(index));
            moments.push(at.to_string());
            now = at;
        }
        let expected = ["2026-03-01T13:00:00", "2026-03-01T15:24:00", "2026-03-01T16:36:00", "2026-03-01T17:00:00", "2026-03-02T17:00:00"];
        assert_eq!(moments, expected);
        // Who looks a day late gets one reminder, not five.
        assert_eq!(reminders.reached(begin, due, date(2026, 3, 5).at(0, 0, 0, 0)), Some(4));
        assert_eq!(reminders.reached(begin, due, begin), None);
    }

    #[test]
    fn critical_values_have_a_ladder_of_their_own() {
        let reminders = reminders();
        let ladder = reminders.ladder(crate::critical::RULE);
        let (begin, due) = (date(2026, 3, 1).at(9, 0, 0, 0), date(2026, 3, 1).at(9, 5, 0, 0));
        let rungs: Vec<(String, Vec<Recipient>)> =
            std::iter::successors(ladder.next(begin, due, begin), |(_, at)| ladder.next(begin, due, *at))
                .map(|(index, at)| (at.to_string(), ladder.step(index).expect("a rung").to.clone()))
                .collect();
        let expected = [
            ("2026-03-01T09:05:00".to_owned(), vec![Recipient::Responsible, Recipient::DepartmentQc]),
            ("2026-03-01T09:20:00".to_owned(), vec![Recipient::Attending, Recipient::QcOffice]),
        ];
        assert_eq!(rungs, expected);
    }

    #[test]
    fn the_night_is_quiet_but_for_the_severest() {
        let reminders = reminders();
        let at = |day: i8, hour: i8| date(2026, 3, day).at(hour, 30, 0, 0);
        assert_eq!(reminders.deliver_at(Severity::S2, at(1, 23)), date(2026, 3, 2).at(7, 0, 0, 0));
        assert_eq!(reminders.deliver_at(Severity::S2, at(2, 3)), date(2026, 3, 2).at(7, 0, 0, 0));
        assert_eq!(reminders.deliver_at(Severity::S1, at(2, 3)), at(2, 3));
        assert_eq!(reminders.deliver_at(Severity::S3, at(2, 9)), at(2, 9));
    }
}
