//! Orders that answer to another drug: given just as that drug is stopped.

use super::Subject;
use super::events::is_concept;
use crate::record::{Order, OrderKind, time};

/// An order of one of the concepts starts within half an hour of this one, as a drug that was to go on is stopped: two
/// anti-allergics at once, with an infusion cut short, are the treatment of a reaction. Without concepts nothing is asked.
pub(super) fn answers_a_stop(subject: &Subject<'_>, order: &Order, beside: &[String]) -> bool {
    const TOGETHER: i64 = 30;
    const JUST_STOPPED: i64 = 60;
    if beside.is_empty() {
        return true;
    }
    let Some(start) = order.start.filter(|at| at.has_time()) else { return false };
    let others = || subject.visit.orders.iter().flatten().filter(|other| !std::ptr::eq(*other, order));
    let together = others().any(|other| {
        let near = other.start.is_some_and(|at| at.has_time() && time::minutes_between(at.earliest(), start.earliest()).abs() <= TOGETHER);
        near && other.long_term != Some(true) && is_concept(subject, other.name.as_deref().unwrap_or(""), beside)
    });
    // The order stopped ran before, and not for one dose.
    let cut_short = others().any(|other| {
        let stopped = other
            .stop
            .filter(|at| at.has_time())
            .is_some_and(|at| (-TOGETHER..=JUST_STOPPED).contains(&time::minutes_between(at.earliest(), start.earliest())));
        stopped
            && other.kind == Some(OrderKind::Drug)
            && other.long_term == Some(true)
            && other.start.is_some_and(|began| began.earliest() < start.earliest())
    });
    together && cut_short
}
