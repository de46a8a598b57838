//! [`Instant`]: a moment in the hospital's civil time, to the second, the minute or only the day.
//!
//! All times of a visit are turned into the hospital's zone when they are read, so that arithmetic afterwards is civil:
//! no rule ever meets a time zone.

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in the hospital's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instant {
    at: DateTime,
    precision: Precision,
    /// The hospital zone's offset at this moment, kept only for writing the time out again.
    offset: Offset,
}

/// How much of an [`Instant`] was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    Day,
    Minute,
    Second,
}

impl Instant {
    pub fn new(at: DateTime, precision: Precision) -> Self {
        let at = match precision {
            Precision::Day => at.date().at(0, 0, 0, 0),
            _ => at,
        };
        Self { at, precision, offset: DEFAULT_OFFSET }
    }

    /// A known day at an unknown time.
    pub fn day(date: Date) -> Self {
        Self::new(date.at(0, 0, 0, 0), Precision::Day)
    }

    /// A known minute.
    pub fn minute(at: DateTime) -> Self {
        Self::new(at, Precision::Minute)
    }

    pub fn date(self) -> Date {
        self.at.date()
    }

    pub fn precision(self) -> Precision {
        self.precision
    }

    /// True when the time of day is known.
    pub fn has_time(self) -> bool {
        self.precision != Precision::Day
    }

    /// The first moment this instant can mean: of a bare day, its midnight.
    pub fn earliest(self) -> DateTime {
        self.at
    }

    /// The last moment this instant can mean: of a bare day, 23:59:59.
    pub fn latest(self) -> DateTime {
        match self.precision {
            Precision::Day => self.date().at(23, 59, 59, 0),
            Precision::Minute => self.at,
            Precision::Second => self.at,
        }
    }

    /// True only when no reading of the two could put `self` at or before `other`.
    pub fn surely_after(self, other: Instant) -> bool {
        self.earliest() > other.latest()
    }

    /// The current civil time in `zone`. The only clock in the library is the caller's: used by the command line and the service.
    pub fn from_timestamp(timestamp: jiff::Timestamp, zone: &TimeZone) -> Self {
        Self { at: zone.to_datetime(timestamp), precision: Precision::Second, offset: zone.to_offset(timestamp) }
    }
}

/// Whole minutes from `from` to `to` (negative when `to` is earlier).
pub fn minutes_between(from: DateTime, to: DateTime) -> i64 {
    (to.duration_since(from).as_secs()) / 60
}

/// Days from `from` to `to` (negative when `to` is earlier).
pub fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

/// `at` moved by `minutes`, saturating at the ends of the calendar.
pub fn plus_minutes(at: DateTime, minutes: i64) -> DateTime {
    at.saturating_add(jiff::SignedDuration::from_mins(minutes))
}

thread_local! {
    /// Zone and count of zone-less times of the visit being read on this thread; set only by [`in_zone`].
    static ZONE: RefCell<Option<(TimeZone, usize)>> = const { RefCell::new(None) };
}

/// Runs `read` so that times with an offset are converted to `zone` and times without one are taken to be in it.
/// Returns the result and how many times had no offset. (serde has no other way to hand a zone to a leaf type.)
pub fn in_zone<T>(zone: &TimeZone, read: impl FnOnce() -> T) -> (T, usize) {
    let outer = ZONE.with(|cell| cell.replace(Some((zone.clone(), 0))));
    let value = read();
    let inner = ZONE.with(|cell| cell.replace(outer));
    (value, inner.map_or(0, |(_, assumed)| assumed))
}

/// Asia/Shanghai, which has had one offset since 1991.
const DEFAULT_OFFSET: Offset = jiff::tz::offset(8);

/// The default zone, Asia/Shanghai.
pub fn default_zone() -> TimeZone {
    TimeZone::fixed(DEFAULT_OFFSET)
}

impl FromStr for Instant {
    type Err = String;

    /// `2026-03-01`, `2026-03-01T09:30`, `2026-03-01 09:30:15`, each with or without `Z` or `+08:00`.
    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let wrong =
            || format!("`{trimmed}` is not a time: expected RFC 3339 such as 2026-03-01T09:30:00+08:00, or a date such as 2026-03-01");
        if trimmed.len() == 10 {
            return trimmed.parse::<Date>().map(Instant::day).map_err(|_| wrong());
        }
        // The time after the date decides the precision: `09:30` is a minute, `09:30:00` a second.
        let clock = trimmed.get(11..).ok_or_else(wrong)?;
        let clock_end = clock.find(['Z', 'z', '+', '-', '[']).unwrap_or(clock.len());
        let precision = if clock[..clock_end].matches(':').count() >= 2 { Precision::Second } else { Precision::Minute };
        let has_offset = clock_end < clock.len();
        if has_offset {
            let timestamp: jiff::Timestamp = with_seconds(trimmed, clock_end).parse().map_err(|_| wrong())?;
            let zone = ZONE.with(|cell| cell.borrow().as_ref().map(|(zone, _)| zone.clone())).unwrap_or_else(default_zone);
            return Ok(Self { at: zone.to_datetime(timestamp), precision, offset: zone.to_offset(timestamp) });
        }
        let date: Date = trimmed.get(..10).ok_or_else(wrong)?.parse().map_err(|_| wrong())?;
        let time: Time = clock.parse().map_err(|_| wrong())?;
        let at = date.to_datetime(time);
        let offset = ZONE.with(|cell| match cell.borrow_mut().as_mut() {
            Some((zone, assumed)) => {
                *assumed += 1;
                zone.to_ambiguous_timestamp(at).compatible().map_or(DEFAULT_OFFSET, |timestamp| zone.to_offset(timestamp))
            }
            None => DEFAULT_OFFSET,
        });
        Ok(Self { at, precision, offset })
    }
}

/// `2026-03-01T09:30+08:00` as `2026-03-01T09:30:00+08:00`, which the strict parser wants.
fn with_seconds(text: &str, clock_end: usize) -> String {
    let (head, tail) = text.split_at(11 + clock_end);
    match head[11..].matches(':').count() {
        1 => format!("{head}:00{tail}"),
        _ => text.to_owned(),
    }
}

impl fmt::Display for Instant {
    /// `2026-03-01 09:30`, or `2026-03-01` where only the day is known.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.precision {
            Precision::Day => write!(formatter, "{}", self.date()),
            _ => write!(formatter, "{} {:02}:{:02}", self.date(), self.at.hour(), self.at.minute()),
        }
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Instant {
    /// RFC 3339 with the hospital's offset; a bare day stays a bare day.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.precision {
            Precision::Day => serializer.collect_str(&self.date()),
            _ => serializer.collect_str(&format_args!(
                "{}T{}{}",
                self.date(),
                self.at.time().strftime("%H:%M:%S"),
                WrittenOffset(self.offset)
            )),
        }
    }
}

/// `+08:00`.
struct WrittenOffset(Offset);

impl fmt::Display for WrittenOffset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        write!(formatter, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }
}

impl JsonSchema for Instant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "RFC 3339 time, or a date where only the day is known; without an offset it is taken in the hospital's zone",
            "examples": ["2026-03-01T09:30:00+08:00", "2026-03-01"]
        })
    }
}
