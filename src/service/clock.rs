//! [`Clock`]: the service's moment. Real, or set by whoever tries the service with a past or future day; either way it goes on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Shared by everything in one process.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Milliseconds that this clock is ahead of the machine's.
    ahead: Arc<AtomicI64>,
    zone: TimeZone,
    /// Whether callers may set it.
    pub simulated: bool,
}

impl Clock {
    pub fn real(zone: TimeZone) -> Self {
        Self { ahead: Arc::default(), zone, simulated: false }
    }

    /// Starts at a local moment.
    pub fn simulated(zone: TimeZone, start: DateTime) -> Self {
        let clock = Self { simulated: true, ..Self::real(zone) };
        clock.set(start);
        clock
    }

    pub fn set(&self, local: DateTime) {
        if let Ok(timestamp) = self.zone.to_timestamp(local) {
            self.ahead.store(timestamp.as_millisecond() - Timestamp::now().as_millisecond(), Ordering::Relaxed);
        }
    }

    pub fn now(&self) -> Timestamp {
        let ahead = jiff::SignedDuration::from_millis(self.ahead.load(Ordering::Relaxed));
        Timestamp::now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// The hospital's local time, to the second.
    pub fn local(&self) -> DateTime {
        let local = self.zone.to_datetime(self.now());
        local.with().subsec_nanosecond(0).build().unwrap_or(local)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_simulated_clock_starts_where_it_is_set_and_goes_on() {
        let start = date(2026, 3, 1).at(8, 0, 0, 0);
        let clock = Clock::simulated(crate::record::time::default_zone(), start);
        let passed = clock.local().duration_since(start).as_secs();
        assert!((0..5).contains(&passed), "{passed}");
        clock.set(date(2026, 3, 9).at(0, 0, 0, 0));
        assert_eq!(clock.local().date(), date(2026, 3, 9));
    }
}
