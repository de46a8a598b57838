//! Which events ask for papers of their own: operations of one session, moves that are no transfer and conditions that go on do not.

use super::super::Subject;
use super::super::events::{Event, EventKind};
use crate::record::{Condition, ConditionLevel, Instant, Operation, Transfer, Visit, time};

/// Between two operations of one session: the patient is turned and draped anew.
const BETWEEN_MINUTES: i64 = 30;

/// The triggers that ask for papers of their own.
pub(super) fn that_ask(visit: &Visit, kind: EventKind, by_owner: bool, mut triggers: Vec<Event>) -> Vec<Event> {
    match kind {
        EventKind::Transfer => triggers.retain(|trigger| !is_no_transfer(visit, trigger).unwrap_or(false)),
        EventKind::Critical | EventKind::CriticalOrSerious => triggers.retain(|trigger| !goes_on(visit, trigger).unwrap_or(false)),
        EventKind::OperationStart | EventKind::OperationEnd | EventKind::AnesthesiaStart | EventKind::AnesthesiaEnd => {
            return one_a_session(visit, kind, by_owner, triggers);
        }
        _ => {}
    }
    triggers
}

/// A move within one department, into a place that is no ward and back, or from the emergency room on admission.
fn is_no_transfer(visit: &Visit, trigger: &Event) -> Option<bool> {
    const NO_WARD: [&str; 9] = ["手术室", "产房", "分娩室", "导管室", "介入室", "透析室", "内镜室", "复苏室", "PACU"];
    const ENTRY_MINUTES: i64 = 60;
    let transfers = visit.transfers.as_ref()?;
    let transfer = transfers.get(trigger.index_in("transfers")?)?;
    let ends = |transfer: &Transfer| [&transfer.from, &transfer.to].map(|name| name.as_deref().unwrap_or("").trim().to_owned());
    let is_ward = |name: &str| !NO_WARD.iter().any(|word| name.contains(word));
    let [from, to] = ends(transfer);
    let comes_back =
        || transfers.iter().map(ends).any(|[other_from, other_to]| other_to == from && department(&other_from) == department(&to));
    let on_admission = || {
        let admitted = visit.admission.admitted_at.zip(transfer.at);
        let minutes = admitted.map(|(admitted, at)| time::minutes_between(admitted.earliest(), at.earliest()).abs());
        (from.is_empty() || from.contains("急诊")) && minutes.is_some_and(|minutes| minutes <= ENTRY_MINUTES)
    };
    let is_same = !from.is_empty() && department(&from) == department(&to);
    Some(is_same || !is_ward(&to) || !is_ward(&from) && comes_back() || on_admission())
}

/// 普外科 of 普外科二病区.
fn department(name: &str) -> &str {
    let Some(rest) = name.strip_suffix("病区").or_else(|| name.strip_suffix("病房")) else { return name };
    let bare = rest.trim_end_matches(|ch: char| ch.is_ascii_digit() || "第一二三四五六七八九十东西南北".contains(ch));
    if bare.is_empty() { name } else { bare }
}

/// 病危 that the next ward orders again as the patient comes, or that is eased to 病重 within a day: the family has been told.
fn goes_on(visit: &Visit, trigger: &Event) -> Option<bool> {
    let conditions = visit.conditions.as_ref()?;
    let condition = conditions.get(trigger.index_in("conditions")?)?;
    let from = condition.from?;
    let gap = if condition.level == Some(ConditionLevel::Critical) { 60 } else { 24 * 60 };
    let ends_then = |to: Instant| (-60..=gap).contains(&time::minutes_between(to.latest(), from.earliest()));
    let is_before = |other: &Condition| {
        let began = other.from.is_some_and(|began| began.earliest() < from.earliest());
        other.level == Some(ConditionLevel::Critical) && began && other.to.is_some_and(ends_then)
    };
    Some(conditions.iter().any(is_before))
}

/// Operations of one session have one set of papers, so their triggers are one: the first start, the last end. With `by_owner` each surgeon has
/// his own.
fn one_a_session(visit: &Visit, kind: EventKind, by_owner: bool, triggers: Vec<Event>) -> Vec<Event> {
    let is_start = matches!(kind, EventKind::OperationStart | EventKind::AnesthesiaStart);
    let mut sessions: Vec<Vec<Event>> = Vec::new();
    for trigger in triggers {
        let belongs =
            |other: &Event| (!by_owner || other.people == trigger.people) && is_one_session(visit, other, &trigger).unwrap_or(false);
        match sessions.iter_mut().find(|session| session.iter().any(belongs)) {
            Some(session) => session.push(trigger),
            None => sessions.push(vec![trigger]),
        }
    }
    sessions.into_iter().filter_map(|mut session| if is_start { session.drain(..).next() } else { session.pop() }).collect()
}

/// Each begins before the other has ended, or soon after.
fn is_one_session(visit: &Visit, one: &Event, other: &Event) -> Option<bool> {
    let (one, other) = (operation(visit, one)?, operation(visit, other)?);
    let follows = |first: &Operation, second: &Operation| {
        let end = first.ended_at.or(first.started_at)?.latest();
        Some(time::minutes_between(end, second.started_at?.earliest()) <= BETWEEN_MINUTES)
    };
    Some(follows(one, other)? && follows(other, one)?)
}

/// The operation that an event is of.
fn operation<'v>(visit: &'v Visit, event: &Event) -> Option<&'v Operation> {
    visit.operations.as_ref()?.get(event.index_in("operations")?)
}

/// The title of a consent tells all that the operation is: 冠状动脉造影知情同意书, 内镜治疗知情同意书 for an endoscopy.
pub(super) fn names_operation(subject: &Subject<'_>, title: &str, event: &Event) -> bool {
    const ACTS: [&str; 4] = ["手术", "介入", "内镜", "有创操作"];
    let Some(name) = operation(subject.visit, event).and_then(|operation| operation.name.as_deref()) else { return false };
    let lexicon = subject.knowledge.lexicon();
    let acts: Vec<_> = lexicon.find(name).map(|(_, id)| id).filter(|id| ACTS.iter().any(|class| lexicon.is_a(*id, class))).collect();
    let is_told = |id: &_| {
        let by_class = ["介入", "内镜"].iter().any(|class| title.contains(class) && lexicon.is_a(*id, class));
        by_class || lexicon.find(title).any(|(_, named)| named == *id)
    };
    let is_shock = title.contains("电休克") && name.contains("电休克");
    is_shock || !acts.is_empty() && acts.iter().all(is_told)
}

#[cfg(test)]
mod tests {
    use super::department;

    #[test]
    fn wards_of_one_department() {
        assert_eq!(department("普外科一病区"), department("普外科二病区"));
        assert_eq!(department("骨科病房"), "骨科");
        assert_eq!(department("第二病区"), "第二病区");
        assert_ne!(department("内科"), department("骨科"));
    }
}
