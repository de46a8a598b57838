//! What a time expression means on the calendar, once the moments that it counts from are known.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, ToSpan};

use super::{CalendarDate, Length, Reference, TimeValue};

/// The moments that expressions count from. Only the document's own time is always known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchors {
    /// The time that the document speaks of: 今日 is its day.
    pub document: DateTime,
    pub admission: Option<DateTime>,
    /// End of the operation that 术后 refers to.
    pub operation_end: Option<DateTime>,
    pub discharge: Option<DateTime>,
    pub delivery: Option<DateTime>,
    /// First day of the course of treatment.
    pub treatment: Option<DateTime>,
    pub onset: Option<DateTime>,
}

impl Anchors {
    /// Anchors where only the document's time is known.
    pub fn at(document: DateTime) -> Self {
        Self { document, admission: None, operation_end: None, discharge: None, delivery: None, treatment: None, onset: None }
    }

    fn of(&self, reference: Reference) -> Option<DateTime> {
        match reference {
            Reference::Unstated => Some(self.document),
            Reference::Admission => self.admission,
            Reference::Operation => self.operation_end,
            Reference::Discharge => self.discharge,
            Reference::Delivery => self.delivery,
            Reference::Treatment => self.treatment,
            Reference::Onset => self.onset,
        }
    }
}

impl TimeValue {
    /// First and last moment that the expression can mean. `None` for a bare length, for an event whose time is unknown, and for a day that
    /// doesn't exist. A date without a year is the last one that is not more than a month after the document.
    ///
    /// 入院第1天 is the day of admission, 术后第1天 the day after the operation.
    pub fn resolve(self, anchors: &Anchors) -> Option<(DateTime, DateTime)> {
        match self {
            TimeValue::Duration(_) => None,
            TimeValue::Date(date) => date.resolve(anchors.document.date()),
            TimeValue::Ago { length, reference } => length.before(anchors.of(reference)?),
            TimeValue::RelativeDay { days } => day(anchors.document.date(), i64::from(days)),
            TimeValue::DayOf { reference: Reference::Unstated, .. } => None,
            TimeValue::DayOf { reference, day: number } => {
                let shift = if super::counts_days(reference) { 0 } else { 1 };
                day(anchors.of(reference)?.date(), i64::from(number) - shift)
            }
            TimeValue::Clock { hour, minute } => {
                let at = clock(anchors.document.date(), hour, minute)?;
                Some((at, at))
            }
        }
    }
}

impl Length {
    /// First and last moment that this long before `moment` can mean.
    pub fn before(self, moment: DateTime) -> Option<(DateTime, DateTime)> {
        let back = |minutes: f64| moment.checked_sub(SignedDuration::try_from_secs_f64(minutes * 60.0).ok()?).ok();
        Some((back(self.max_minutes)?, back(self.min_minutes)?))
    }
}

impl CalendarDate {
    /// First and last moment of the date, seen from a document of the day `written`.
    pub fn resolve(self, written: Date) -> Option<(DateTime, DateTime)> {
        const AHEAD_DAYS: i64 = 31;
        if self.year.is_some() {
            return self.complete();
        }
        let horizon = written.checked_add(AHEAD_DAYS.days()).ok()?.at(23, 59, 59, 0);
        let candidates = match self.month {
            Some(_) => [1, 0, -1, -2, -3, -4].map(|shift| Self { year: Some(written.year().saturating_add(shift)), ..self }),
            None => [0, 1, 2, 3, 4, 5].map(|back: i32| {
                let month = written.first_of_month().checked_sub(back.months()).unwrap_or(written);
                Self { year: Some(month.year()), month: Some(month.month() as u8), ..self }
            }),
        };
        candidates.into_iter().filter_map(Self::complete).find(|(start, _)| *start <= horizon)
    }

    /// The interval of a date that names its year.
    fn complete(self) -> Option<(DateTime, DateTime)> {
        let year = self.year?;
        let Some(month) = self.month else {
            return Some((Date::new(year, 1, 1).ok()?.at(0, 0, 0, 0), Date::new(year, 12, 31).ok()?.at(23, 59, 59, 0)));
        };
        let first = Date::new(year, i8::try_from(month).ok()?, i8::try_from(self.day.unwrap_or(1)).ok()?).ok()?;
        match (self.day, self.hour, self.minute) {
            (None, ..) => Some((first.at(0, 0, 0, 0), first.last_of_month().at(23, 59, 59, 0))),
            (_, Some(hour), Some(minute)) => clock(first, hour, minute).map(|at| (at, at)),
            (_, Some(hour), None) => Some((clock(first, hour, 0)?, clock(first, hour, 59)?)),
            _ => day(first, 0),
        }
    }
}

/// The whole day, `days` after `from`.
fn day(from: Date, days: i64) -> Option<(DateTime, DateTime)> {
    let date = from.checked_add(SignedDuration::from_hours(days.checked_mul(24)?)).ok()?;
    Some((date.at(0, 0, 0, 0), date.at(23, 59, 59, 0)))
}

fn clock(date: Date, hour: u8, minute: u8) -> Option<DateTime> {
    let time = jiff::civil::Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()?;
    Some(date.to_datetime(time))
}
