//! The hospital's settings in its rules folder, for administrators: score sheets, holidays, thresholds of critical values, reminders, the ledger and
//! reviews. A file is read and tried with all rules before it is written; it comes into use as every change of that folder does.

use std::path::Path as FilePath;

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Administrator;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::{State, check, reload};
use crate::data::DataFolder;
use crate::store::{Deed, digest};

/// Files that may be set, or the folder of such files, by what they are called to people.
const KINDS: [(&str, &str); 6] = [
    ("sheets/", "评分表"),
    ("calendar.toml", "节假日"),
    ("critical.toml", "危急值"),
    ("reminders.toml", "提醒与免打扰"),
    ("ledger.toml", "台账流程"),
    ("review.toml", "抽查与评审"),
];

/// Longer files are refused.
const LONGEST: usize = 1 << 20;

/// What the file holds, for people; none where it is no setting.
fn kind(path: &str) -> Option<&'static str> {
    let holds = |(known, _): &&(&str, &str)| path == *known || known.ends_with('/') && path.starts_with(known);
    KINDS.iter().find(holds).map(|(_, name)| *name)
}

/// The files as they are now: on disk, or as they came with the program.
fn folder(state: &State) -> Result<DataFolder, Refusal> {
    match &state.rules_folder {
        Some(rules) => DataFolder::open(&rules.path).map_err(|error| Refusal::Broken(format!("the rules folder cannot be read: {error}"))),
        None => Ok(DataFolder::embedded()),
    }
}

/// 设置文件列表。The files, and whether they can be changed here: only where the service was started with --rules.
#[utoipa::path(get, path = "/v1/settings", tag = "管理",
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn list(Shared(state): Shared<State>, _: Administrator) -> Result<Json<Value>, Refusal> {
    let folder = folder(&state)?;
    let known = folder.iter().filter_map(|file| Some((kind(&file.path)?, file)));
    let items: Vec<Value> = known.map(|(kind, file)| json!({ "path": file.path, "kind": kind, "bytes": file.text.len() })).collect();
    Ok(Json(
        json!({ "items": items, "writable": state.rules_folder.is_some(), "two_people": state.two_people, "rulebook": state.engine().rulebook.digest }),
    ))
}

/// 一个设置文件。Its text, and the hash that a change has to name.
#[utoipa::path(get, path = "/v1/settings/{file}", tag = "管理", params(("file" = String, Path, example = "sheets/default.toml")),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
pub async fn one(Shared(state): Shared<State>, _: Administrator, Path(path): Path<String>) -> Result<Json<Value>, Refusal> {
    let kind = kind(&path).ok_or(Refusal::NotFound)?;
    let folder = folder(&state)?;
    let file = folder.file(&path).ok_or(Refusal::NotFound)?;
    Ok(Json(json!({ "path": path, "kind": kind, "text": file.text, "hash": digest(file.text.as_bytes()) })))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingBody {
    /// The whole file, TOML; at most 1 MiB.
    text: String,
    /// `hash` of the text that was changed.
    was: String,
}

/// 更改设置文件。Writes a file after it was tried with all rules and their cases. It is in use at once (`in_use`), or where changes need a second person
/// once it is proposed and released (/v1/releases).
#[utoipa::path(put, path = "/v1/settings/{file}", tag = "管理", params(("file" = String, Path)), request_body = SettingBody,
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, description = "no folder, or changed by somebody else meanwhile", body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 422, description = "what is wrong in it, by file and line", body = ProblemDocument)))]
pub async fn put(
    Shared(state): Shared<State>,
    Administrator(caller): Administrator,
    Path(path): Path<String>,
    body: Result<Json<SettingBody>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let SettingBody { text, was } = check::json(body)?;
    kind(&path).ok_or(Refusal::NotFound)?;
    if text.len() > LONGEST {
        return Err(Refusal::TooLarge);
    }
    let rules = state.rules_folder.clone().ok_or_else(reload::no_folder)?;
    let target = rules.path.join(&path);
    let _turn = state.reloading.lock().await;
    let before = folder(&state)?.file(&path).ok_or(Refusal::NotFound)?.text.to_string();
    if digest(before.as_bytes()) != was {
        return Err(Refusal::Conflict("该文件已被他人更改,请重新打开".to_owned()));
    }
    let hash = digest(text.as_bytes());
    let engine = {
        let (path, text) = (path.clone(), text.clone());
        state.desk.run_patiently(move || (rules.load)(Some((&path, &text)))).await?.map_err(Refusal::Unreadable)?
    };
    // Written down before it is done: what is not recorded does not happen.
    state.store.record(Deed { actor: &caller.name, action: "setting.change", target: &path }, state.clock.now()).await?;
    write(&target, &text).map_err(|error| Refusal::Broken(format!("the rules folder cannot be written: {error}")))?;
    if !state.two_people {
        reload::install(&state, std::sync::Arc::new(engine)).await?;
    }
    Ok(Json(json!({ "path": path, "hash": hash, "in_use": !state.two_people })))
}

/// In one step: whoever reads the folder meanwhile finds the old file or the new one.
fn write(path: &FilePath, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(FilePath::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    if let Ok(now) = std::fs::metadata(path) {
        file.as_file().set_permissions(now.permissions())?;
    }
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_are_settings() {
        assert_eq!(kind("sheets/default.toml"), Some("评分表"));
        assert_eq!(kind("calendar.toml"), Some("节假日"));
        for other in ["documents.toml", "history/cc-duration.toml", "sheets", "../calendar.toml", "calendar.toml/..", ""] {
            assert_eq!(kind(other), None, "{other}");
        }
    }
}
