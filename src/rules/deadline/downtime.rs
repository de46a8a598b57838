//! Limits that ran while the record system stood still (系统停机) are longer by that time.

use jiff::civil::DateTime;

use crate::record::Visit;

/// The end of a window with the downtime inside it added; downtime that begins in the added time counts too.
pub(super) fn extended(visit: &Visit, begin: DateTime, due: DateTime) -> DateTime {
    let mut stretches: Vec<(DateTime, DateTime)> = visit
        .downtimes
        .iter()
        .flatten()
        .filter_map(|downtime| Some((downtime.from?.earliest().max(begin), downtime.to?.latest())))
        .filter(|(from, to)| from < to)
        .collect();
    stretches.sort_unstable();
    let (mut due, mut counted_to) = (due, begin);
    for (from, to) in stretches {
        if from >= due {
            break;
        }
        // Two records of one downtime are one downtime.
        let from = from.max(counted_to);
        if from < to {
            due = due.saturating_add(to.duration_since(from));
            counted_to = to;
        }
    }
    due
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::{Downtime, Instant};

    fn visit(stretches: &[(u16, u16)]) -> Visit {
        let downtime = |(from, to): &(u16, u16)| Downtime {
            from: Some(Instant::minute(minute(*from))),
            to: Some(Instant::minute(minute(*to))),
            reason: None,
        };
        Visit { downtimes: Some(stretches.iter().map(downtime).collect()), ..Visit::default() }
    }

    fn minute(number: u16) -> DateTime {
        jiff::civil::date(2026, 3, 2).at(8, 0, 0, 0).saturating_add(jiff::SignedDuration::from_mins(number.into()))
    }

    fn due(stretches: &[(u16, u16)]) -> i64 {
        extended(&visit(stretches), minute(60), minute(180)).duration_since(minute(0)).as_secs() / 60
    }

    #[test]
    fn only_what_fell_into_the_window_is_added() {
        assert_eq!(due(&[]), 180);
        assert_eq!(due(&[(0, 50)]), 180);
        assert_eq!(due(&[(180, 300)]), 180);
        assert_eq!(due(&[(30, 90)]), 210);
        assert_eq!(due(&[(170, 240)]), 250);
        // The second begins in the time that the first added.
        assert_eq!(due(&[(190, 200), (100, 130)]), 220);
        assert_eq!(due(&[(100, 130), (100, 130), (120, 140)]), 220);
        assert_eq!(extended(&Visit::default(), minute(0), minute(5)), minute(5));
    }

    proptest! {
        /// Minute by minute: the window ends once it has seen as many working minutes as it had.
        #[test]
        fn it_is_the_working_time_that_counts(stretches in prop::collection::vec((0u16..400, 0u16..400), 0..6)) {
            let stands_still = |at: u16| stretches.iter().any(|(from, to)| (*from..*to).contains(&at));
            let mut left = 120;
            let mut at = 60;
            while left > 0 {
                left -= i32::from(!stands_still(at));
                at += 1;
            }
            // An end that falls into a stretch that began right there is not moved by it.
            prop_assert_eq!(due(&stretches), i64::from(at));
        }
    }
}
