//! The rules folder read again while the service runs: `POST /v1/rules/reload`, and SIGHUP. Whatever is wrong in it, the old rules stay.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use serde_json::{Value, json};

use super::problem::{ProblemDocument, Refusal};
use super::{Engine, State};
use crate::people::{Caller, Role};
use crate::store::Deed;

/// The folder that the service was started with.
#[derive(Clone)]
pub struct RulesFolder {
    pub path: PathBuf,
    /// Reads and tests it, with another text in one of its files where that is given by path; all that is wrong, as text.
    pub load: Arc<Load>,
}

type Load = dyn Fn(Option<(&str, &str)>) -> Result<Engine, String> + Send + Sync;

/// The digests of the rulebook before and after.
pub async fn reload(state: &State, actor: &str) -> Result<(String, String), Refusal> {
    let folder = state.rules_folder.clone().ok_or_else(no_folder)?;
    // One at a time, so that the last one asked for is the one that judges.
    let _turn = state.reloading.lock().await;
    let loaded = state.desk.run_patiently(move || (folder.load)(None)).await?;
    let engine = loaded.map_err(|problems| {
        tracing::error!(problems, "the rules were not reloaded; the old ones stay");
        Refusal::Unreadable(problems)
    })?;
    let (old, new) = (state.engine().rulebook.digest.clone(), engine.rulebook.digest.clone());
    // Another node may have let it in.
    if state.two_people && old != new && !state.store.was_released(&new).await? {
        return Err(Refusal::Conflict("规则有改动,须经 /v1/releases 提请并由第二人发布".to_owned()));
    }
    // Written before it takes effect: what is not recorded does not happen.
    state.store.record(Deed { actor, action: "rules.reload", target: &new }, state.clock.now()).await?;
    install(state, Arc::new(engine)).await?;
    Ok((old, new))
}

/// Puts rules into use.
pub async fn install(state: &State, engine: Arc<Engine>) -> Result<(), Refusal> {
    let (old, new) = (state.engine().rulebook.digest.clone(), engine.rulebook.digest.clone());
    *state.engine.write().unwrap_or_else(std::sync::PoisonError::into_inner) = engine;
    state.voices.forget();
    state.store.mark_outdated(&new).await?;
    tracing::info!(old, new, "the rules were reloaded");
    Ok(())
}

pub fn no_folder() -> Refusal {
    Refusal::Conflict("规则随程序内置,没有可重新读取的 --rules 文件夹".to_owned())
}

/// 重新读取规则文件夹。Reads the rules folder again with all its cases; a bad one is answered with its problems and changes nothing. Other nodes need the same.
#[utoipa::path(post, path = "/v1/rules/reload", tag = "规则",
    responses((status = 200, description = "before, after, changed", body = serde_json::Value), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn post(Shared(state): Shared<State>, caller: Caller) -> Result<Json<Value>, Refusal> {
    if caller.role != Role::Administrator {
        return Err(Refusal::Forbidden);
    }
    let (before, after) = reload(&state, &caller.name).await?;
    Ok(Json(json!({ "changed": before != after, "before": before, "after": after })))
}

/// `kill -HUP`, for as long as the service runs.
#[cfg(unix)]
pub async fn on_hangup(state: State) {
    use tokio::signal::unix::{SignalKind, signal};
    // Without a folder it ends the service, as it does any program.
    if state.rules_folder.is_none() {
        return;
    }
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => return tracing::error!(%error, "SIGHUP cannot be heard"),
    };
    while hangups.recv().await.is_some() {
        if let Err(refusal) = reload(&state, "system").await {
            tracing::warn!(?refusal, "SIGHUP: the rules stay as they were");
        }
    }
}

#[cfg(not(unix))]
pub async fn on_hangup(_: State) {
    std::future::pending().await
}
