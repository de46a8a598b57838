//! Batches at work: chunks are taken from the database, scored a few visits at a time, and written back whole. Every node does it, so that a
//! machine more is its speed more; whoever asks for something meanwhile waits for a few visits at most.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::DateTime;
use tokio::sync::{Notify, Semaphore};

use super::engine::add_downtimes;
use super::problem::Refusal;
use super::{Engine, NODE, State};
use crate::batch::{Held, Item, Plan, Results, Side};
use crate::report::Line;
use crate::rules::switch::Switches;
use crate::store::{Batch, Downtime, Recorded, Taken};

/// The name of the rulebook in use.
pub const CURRENT: &str = "current";
/// The name of the one that was proposed for release.
pub const CANDIDATE: &str = "candidate";
/// Visits that are scored before others have their turn at the core.
const SLICE: usize = 4;
/// Between two looks for chunks that other nodes brought or left.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two extensions of a hold.
const HOLDING: Duration = Duration::from_secs(5);
/// Uploads that are received at once; more are refused.
const UPLOADS: usize = 4;

/// Where the chunks of this node are worked on.
#[derive(Debug, Clone)]
pub struct Bench {
    /// Two more than there are cores: some wait for the database while the others judge.
    places: Arc<Semaphore>,
    /// As many threads as there are cores for the service; a visit's rules would otherwise run on all of the machine's.
    threads: Arc<OnceLock<rayon::ThreadPool>>,
    cores: usize,
    pub uploads: Arc<Semaphore>,
    pub begun: Arc<Notify>,
}

impl Bench {
    pub fn new(cores: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(cores + 2)),
            threads: Arc::default(),
            cores,
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            begun: Arc::default(),
        }
    }

    /// Runs on the threads of batches; on the caller's where these cannot be had.
    fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        if self.threads.get().is_none()
            && let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(self.cores).build()
        {
            let _ = self.threads.set(pool);
        }
        match self.threads.get() {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

/// What judges one side of a batch.
type Judge = (Arc<Engine>, Side);

impl State {
    /// The rulebook of that name.
    pub(super) fn rulebook(&self, name: &str) -> Option<Arc<Engine>> {
        if name == CURRENT {
            return Some(self.engine());
        }
        self.rulebooks.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The one in use first.
    pub(super) fn rulebook_names(&self) -> Vec<String> {
        let others = self.rulebooks.read().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(CURRENT.to_owned()).chain(others.keys().cloned()).collect()
    }

    pub(super) fn add_rulebook(&self, name: &str, engine: Arc<Engine>) {
        self.rulebooks.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), engine);
    }

    /// What this node would judge that side with; none where it holds another rulebook under the name.
    fn judge_of(&self, side: &Side) -> Option<Judge> {
        let engine = self.rulebook(&side.rulebook).filter(|engine| engine.rulebook.digest == side.digest)?;
        Some((engine, side.clone()))
    }

    /// The judges of a batch, the side that is compared with last.
    pub(super) fn judges_of(&self, plan: &Plan) -> Option<Vec<Judge>> {
        std::iter::once(&plan.side).chain(&plan.against).map(|side| self.judge_of(side)).collect()
    }
}

/// Takes chunks for as long as the service runs.
pub async fn watch(state: State) {
    if let Err(error) = state.store.free_chunks().await {
        tracing::error!(%error, "chunks of batches could not be freed");
    }
    loop {
        let Ok(place) = state.batches.places.clone().acquire_owned().await else { return };
        match take(&state).await {
            Ok(Some((batch, judges, taken))) => {
                let state = state.clone();
                tokio::spawn(async move {
                    // Whatever failed, its hold ends and somebody takes it again.
                    if let Err(refusal) = work(&state, &batch, &judges, &taken).await {
                        tracing::error!(batch = batch.id, chunk = taken.number, ?refusal, "a chunk was not scored");
                    }
                    drop(place);
                });
            }
            nothing => {
                drop(place);
                if let Err(error) = nothing {
                    tracing::error!(%error, "no chunk could be taken");
                }
                let _ = tokio::time::timeout(PAUSE, state.batches.begun.notified()).await;
            }
        }
    }
}

async fn take(state: &State) -> Result<Option<(Batch, Vec<Judge>, Taken)>, crate::store::StoreError> {
    let running = state.store.running_batches().await?;
    let is_any = !running.is_empty();
    for batch in running {
        let Some(judges) = state.judges_of(&batch.plan) else { continue };
        if let Some(taken) = state.store.take_chunk(&batch.id, &NODE, Timestamp::now()).await? {
            return Ok(Some((batch, judges, taken)));
        }
    }
    if is_any {
        // Of a batch whose last chunk was finished by a process that died then.
        state.store.end_batches(state.clock.now()).await?;
    }
    Ok(None)
}

async fn work(state: &State, batch: &Batch, judges: &[Judge], taken: &Taken) -> Result<(), Refusal> {
    let recorded = Arc::new(state.store.recorded().await?);
    let mut results = Results::default();
    let mut held = Instant::now();
    for slice in taken.items.chunks(SLICE) {
        if held.elapsed() > HOLDING {
            if !state.store.hold_chunk(taken, &NODE, Timestamp::now()).await? {
                return Ok(());
            }
            held = Instant::now();
        }
        let mut visits = Vec::with_capacity(slice.len());
        for item in slice {
            let stored = match &item.held {
                Held::Stored { visit_id, version, .. } => state.store.version(visit_id, *version).await?.map(|(text, _)| text),
                Held::Text(_) | Held::Error(_) => None,
            };
            visits.push((item.clone(), stored));
        }
        let (bench, plan, judges, recorded) = (state.batches.clone(), batch.plan.clone(), judges.to_vec(), recorded.clone());
        let score_all = move || -> Result<Results, Refusal> {
            for (item, stored) in &visits {
                score(&mut results, item, stored.as_deref(), &plan, &judges, &recorded)?;
            }
            Ok(results)
        };
        results = state.desk.run_patiently(move || bench.install(score_all)).await??;
    }
    if state.store.finish_chunk(taken, &NODE, &results, state.clock.now()).await? {
        state.metrics.rescored(taken.items.len());
    }
    Ok(())
}

/// One visit, whatever is wrong with it, is one line of the result.
fn score(
    results: &mut Results,
    item: &Item,
    stored: Option<&str>,
    plan: &Plan,
    judges: &[Judge],
    recorded: &Recorded,
) -> Result<(), Refusal> {
    let (text, id, at, downtimes): (&str, Option<&str>, Option<DateTime>, &[Downtime]) = match (&item.held, stored) {
        (Held::Text(text), _) => (text, None, None, &[]),
        (Held::Stored { visit_id, at, .. }, Some(text)) => (text, Some(visit_id), Some(*at), &recorded.downtimes),
        (Held::Stored { visit_id, .. }, None) => {
            results.add_error(item.line, Some(visit_id), "该版本已不在库中");
            return Ok(());
        }
        (Held::Error(error), _) => {
            results.add_error(item.line, None, error);
            return Ok(());
        }
    };
    let judged = catch_unwind(AssertUnwindSafe(|| lines(text, plan, judges, at, downtimes, &recorded.switches)));
    let written = match judged.unwrap_or_else(|_| Err("程序内部错误".to_owned())) {
        Ok(lines) => results.add(item.line, &lines[0], lines.get(1)),
        Err(error) => {
            results.add_error(item.line, id, &error);
            Ok(())
        }
    };
    written.map_err(|error| Refusal::Broken(error.to_string()))
}

/// The lines of all sides, at least one.
fn lines(
    text: &str,
    plan: &Plan,
    judges: &[Judge],
    at: Option<DateTime>,
    downtimes: &[Downtime],
    switches: &Switches,
) -> Result<Vec<Line>, String> {
    let mut lines = Vec::with_capacity(judges.len());
    let mut rest = judges;
    while let Some((engine, _)) = rest.first() {
        // Sides of one rulebook share a reading.
        let (same, others) = rest.split_at(rest.iter().take_while(|(other, _)| Arc::ptr_eq(other, engine)).count());
        let (mut visit, _) = engine.open(text.as_bytes()).map_err(|error| error.to_string())?;
        add_downtimes(&mut visit, downtimes);
        let sheets: Vec<&str> = same.iter().map(|(_, side)| side.sheet.as_str()).collect();
        lines.extend(engine.lines(&visit, &sheets, plan.model, at, plan.now, switches).map_err(|refusal| format!("{refusal:?}"))?);
        rest = others;
    }
    Ok(lines)
}
