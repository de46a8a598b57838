//! Real-time monitoring: what came is folded and judged, and a clock drives reminders, escalation and visits that wait. Every step is safe to
//! repeat and to run on several nodes at once: the store lets each happen once.

use std::time::Duration;

use axum::body::Bytes;
use jiff::civil::DateTime;

use super::State;
use super::engine::Kept;
use super::problem::Refusal;
use crate::people::Caller;
use crate::store::{Deed, Put, Source};

/// How many duties, visits … one round takes at once.
const BATCH: i64 = 200;

/// Keeps a whole snapshot with everything that follows from it. Events that happened after it are folded in.
pub async fn keep_snapshot(state: &State, caller: &Caller, id: &str, bytes: Bytes) -> Result<(Kept, Put), Refusal> {
    let engine = state.engine();
    let local = state.clock.local();
    let recorded = state.store.recorded().await?;
    let kept = state
        .desk
        .run({
            let engine = engine.clone();
            move || engine.prepare(&bytes, None, local, &recorded)
        })
        .await??;
    if kept.visit.visit_id != id {
        return Err(Refusal::Conflict("地址中的住院号与内容不一致".to_owned()));
    }
    check_department(state, caller, &kept).await?;
    let events = state.store.inputs(id).await?.map_or(0, |inputs| inputs.seen.events);
    let later =
        if events == 0 { 0 } else { events - state.store.later_events(id, kept.visit.as_of.map_or(local, |at| at.earliest())).await? };
    let deed = Deed { actor: &caller.name, action: "visit.put", target: id };
    let source = Source::Snapshot { text: &kept.body, events: later };
    let put = state.store.put_visit(&kept.as_judged(), source, engine.following(local), deed, state.clock.now()).await?;
    state.metrics.judged();
    state.hub.wake();
    if put.outdated {
        refresh(state, id, None).await?;
    }
    Ok((kept, put))
}

/// Neither into another department nor out of one.
async fn check_department(state: &State, caller: &Caller, kept: &Kept) -> Result<(), Refusal> {
    let stored = state.store.visit(&kept.visit.visit_id).await?.map(|(_, department)| department);
    let departments = [kept.visit.department(), stored.as_deref().unwrap_or(&caller.department)];
    if departments.iter().all(|department| caller.may_see(department)) { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// Judges what came for a visit until nothing newer is there. `at`: the clock's moment, where time itself is the news.
pub async fn refresh(state: &State, id: &str, at: Option<DateTime>) -> Result<Option<Put>, Refusal> {
    let mut first: Option<Put> = None;
    loop {
        let Some(inputs) = state.store.inputs(id).await? else {
            state.store.drop_pending(id).await?;
            return Ok(None);
        };
        let seen = inputs.seen;
        let engine = state.engine();
        let local = state.clock.local();
        let at = at.max(state.store.judged_for(id).await?);
        let work = {
            let (engine, id, recorded) = (engine.clone(), id.to_owned(), state.store.recorded().await?);
            move || engine.folded(&id, inputs).and_then(|body| engine.prepare(body.as_bytes(), at, local, &recorded))
        };
        let kept = state.desk.run_patiently(work).await??;
        let deed = Deed { actor: "system", action: "visit.judge", target: id };
        let put = state.store.put_visit(&kept.as_judged(), Source::Inputs(seen), engine.following(local), deed, state.clock.now()).await?;
        state.metrics.judged();
        state.hub.wake();
        let outdated = put.outdated;
        match &mut first {
            None => first = Some(put),
            Some(first) => {
                first.version = put.version;
                first.changed |= put.changed;
                first.new.extend(put.new);
                first.gone.extend(put.gone);
            }
        }
        if !outdated {
            return Ok(first);
        }
    }
}

/// One round of the clock: reminders whose rung has come, notices whose hour has come, entries that nobody reads, visits that wait.
pub async fn round(state: &State) -> Result<(), Refusal> {
    let engine = state.engine();
    let (local, now) = (state.clock.local(), state.clock.now());
    while state.store.climb(&engine.reminders, local, BATCH).await? as i64 == BATCH {}
    let sent = state.store.deliver(&engine.reminders, local, now).await? + state.store.escalate(&engine.policy, local, now).await?;
    if sent > 0 {
        state.hub.wake();
    }
    loop {
        let pending = state.store.pending(BATCH).await?;
        for (id, why) in &pending {
            let at = (why == "clock").then_some(local);
            if let Err(refusal) = refresh(state, id, at).await {
                // It stays on the list; its report says what is missing once it can be judged.
                tracing::error!(visit = id, ?refusal, "a visit could not be judged");
                if matches!(refusal, Refusal::Unreadable(_) | Refusal::Broken(_)) {
                    state.store.drop_pending(id).await?;
                }
            }
        }
        if (pending.len() as i64) < BATCH {
            return Ok(());
        }
    }
}

/// Runs rounds for as long as the service does.
pub async fn watch(state: State, tick: Duration) {
    let mut rounds: u64 = 0;
    loop {
        if let Err(refusal) = round(&state).await {
            tracing::error!(?refusal, "a round of the clock failed; the next one tries again");
        }
        if rounds.is_multiple_of(600) {
            let until = state
                .clock
                .now()
                .saturating_sub(jiff::SignedDuration::from_hours(24 * i64::from(state.keep_days)))
                .unwrap_or(jiff::Timestamp::MIN);
            if let Err(error) = state.store.forget_messages(until).await {
                tracing::error!(%error, "old messages could not be removed");
            }
            // Of what was withdrawn when a process died.
            if let Err(refusal) = super::regressions::propose(&state).await {
                tracing::error!(?refusal, "regression cases could not be made");
            }
            if let Err(error) = state.store.forget_batches(until, state.clock.now()).await {
                tracing::error!(%error, "old batches could not be removed");
            }
        }
        rounds += 1;
        tokio::time::sleep(tick).await;
    }
}
