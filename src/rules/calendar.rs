//! Working days: weekends, public holidays and adjusted working weekends (调休), from `rules/calendar.toml`.

use std::collections::HashSet;

use jiff::civil::{Date, DateTime, Weekday};
use serde::Deserialize;

use crate::data::DataFile;
use crate::problem::Problem;

/// Which days are worked.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    years: HashSet<i16>,
    free: HashSet<Date>,
    work: HashSet<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    year: Vec<YearFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YearFile {
    year: i16,
    free: Vec<String>,
    work: Vec<String>,
}

impl Calendar {
    pub fn parse(file: &DataFile) -> Result<Self, Problem> {
        let parsed: CalendarFile = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        let mut calendar = Calendar::default();
        for year in parsed.year {
            calendar.years.insert(year.year);
            for (written, days) in year.free.iter().map(|day| (day, true)).chain(year.work.iter().map(|day| (day, false))) {
                let span = days_of(written).ok_or_else(|| {
                    Problem::at_text(file, written, format!("`{written}` is not a date or a range `2026-10-01..2026-10-07`"))
                })?;
                if days { calendar.free.extend(span) } else { calendar.work.extend(span) }
            }
        }
        Ok(calendar)
    }

    pub fn is_working(&self, day: Date) -> bool {
        if self.work.contains(&day) {
            return true;
        }
        !self.free.contains(&day) && !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// True when the holidays of that year are known.
    pub fn knows(&self, year: i16) -> bool {
        self.years.contains(&year)
    }

    /// The end of the `count`-th working day after the day of `from`: a discharge on Friday and two working days end on Tuesday at 23:59:59.
    pub fn end_of_working_day(&self, from: DateTime, count: u32) -> DateTime {
        let mut day = from.date();
        let mut left = count;
        while left > 0 {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            if self.is_working(day) {
                left -= 1;
            }
        }
        day.at(23, 59, 59, 0)
    }
}

fn days_of(written: &str) -> Option<Vec<Date>> {
    let Some((first, last)) = written.split_once("..") else {
        return written.parse().ok().map(|day| vec![day]);
    };
    let (first, last): (Date, Date) = (first.parse().ok()?, last.parse().ok()?);
    let mut days = Vec::new();
    let mut day = first;
    while day <= last && days.len() < 400 {
        days.push(day);
        day = day.tomorrow().ok()?;
    }
    Some(days)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::data::DataFolder;

    fn calendar() -> Calendar {
        Calendar::parse(DataFolder::embedded().file("calendar.toml").expect("the calendar ships")).expect("and is right")
    }

    #[test]
    fn two_working_days_over_a_weekend_and_over_the_spring_festival() {
        let friday = date(2026, 3, 6).at(10, 0, 0, 0);
        assert_eq!(calendar().end_of_working_day(friday, 2).date(), date(2026, 3, 10));
        // 14 February 2026 is a worked Saturday, 15 to 23 are free.
        let eve = date(2026, 2, 13).at(10, 0, 0, 0);
        assert_eq!(calendar().end_of_working_day(eve, 2).date(), date(2026, 2, 24));
    }

    #[test]
    fn adjusted_weekends_are_worked() {
        assert!(calendar().is_working(date(2026, 5, 9)));
        assert!(!calendar().is_working(date(2026, 5, 10)));
        assert!(!calendar().is_working(date(2026, 10, 1)));
    }
}
