//! [`Case`]: the example records inside a rule file that prove it.
//!
//! ```toml
//! [[case]]
//! expect = "hit"                       # hit | pass | skip
//! trap   = false                       # true: a pass that a naive checker would flag
//! text   = { "入院记录/主诉" = "咳嗽", "日常病程记录@2026-03-05 09:00" = "今日无发热。", "@检查" = "左侧基底节区脑梗死" }
//! visit  = { patient = { sex = "male" }, operations = [ … ] }     # any part of the visit format
//! at     = "2026-03-10T10:00"          # default: 2026-12-31T00:00
//! phase  = "terminal"                  # default: the last phase the rule lists
//! quote  = ["咳嗽"]                     # hit: each must be quoted by the evidence, in one hit
//! hits   = 1                           # hit: how many; default: at least one
//! history = [{ text = { … }, visit = { … } }]   # earlier visits, for rules that compare with them
//! ```
//! A key of `text` is `document`, `document/section`, `document@time` or `document@time/section`, with a kind's Chinese name or any title that
//! `rules/documents.toml` knows. Keys with the same document and time are sections of one document. `@诊断`, `@检查` (an impression),
//! `@病理`, `@手术` and `@医嘱` (names) make one entry of the structured data; several are divided by `;`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Phase;
use super::places::data_source;
use crate::reading::DataSource;
use crate::reading::documents::DocumentTable;
use crate::record::{Instant, Visit};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub expect: Expect,
    /// A pass case that names a typical false alarm.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trap: bool,
    /// What the case shows, where the text does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub text: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub visit: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quote: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits: Option<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Earlier>,
}

/// An earlier visit, written as a case writes its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub text: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub visit: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    Hit,
    Pass,
    /// The rule must say that it could not judge.
    Skip,
}

impl Case {
    /// The visit that the case describes.
    pub fn build(&self, table: &DocumentTable) -> Result<Visit, String> {
        build(&self.text, &self.visit, "case", table)
    }

    /// The earlier visits, each with an id of its own.
    pub fn earlier(&self, table: &DocumentTable) -> Result<Vec<Visit>, String> {
        let earlier = self.history.iter().enumerate();
        earlier.map(|(index, earlier)| build(&earlier.text, &earlier.visit, &format!("case-earlier-{index}"), table)).collect()
    }

    /// The moment the case is judged for.
    pub fn moment(&self) -> Result<Instant, String> {
        self.at.as_deref().unwrap_or("2026-12-31T00:00").parse()
    }
}

fn build(texts: &BTreeMap<String, String>, visit: &Value, id: &str, table: &DocumentTable) -> Result<Visit, String> {
    let mut root = match visit {
        Value::Object(map) => map.clone(),
        Value::Null => Map::new(),
        _ => return Err("`visit` must be a table".to_owned()),
    };
    root.entry("visit_id").or_insert_with(|| json!(id));
    let documents = root.entry("documents").or_insert_with(|| json!([]));
    let documents = documents.as_array_mut().ok_or("`visit.documents` must be a list")?;
    let mut written: Vec<(String, Value)> = Vec::new();
    let mut data: Vec<(DataSource, String)> = Vec::new();
    for (key, text) in texts {
        if let Some(name) = key.strip_prefix('@') {
            let source = data_source(name).ok_or_else(|| format!("unknown data `{key}`"))?;
            data.extend(text.split(';').map(|part| (source, part.trim().to_owned())));
            continue;
        }
        let (document, section) = match key.split_once('/') {
            Some((document, section)) => (document, Some(section)),
            None => (key.as_str(), None),
        };
        let index = match written.iter().position(|(known, _)| known == document) {
            Some(index) => index,
            None => {
                written.push((document.to_owned(), new_document(document, written.len(), table)?));
                written.len() - 1
            }
        };
        match section {
            Some(section) => push_section(&mut written[index].1, section, text),
            None => written[index].1["text"] = json!(text),
        }
    }
    documents.extend(written.into_iter().map(|(_, document)| document));
    for (source, text) in data {
        push_data(&mut root, source, &text)?;
    }
    serde_json::from_value(Value::Object(root)).map_err(|error| error.to_string())
}

fn new_document(key: &str, index: usize, table: &DocumentTable) -> Result<Value, String> {
    let (title, time) = match key.split_once('@') {
        Some((title, time)) => (title, Some(time)),
        None => (key, None),
    };
    let kind = table.kind_of_title(title).ok_or_else(|| format!("unknown document `{title}`"))?;
    let mut document = json!({ "id": format!("case-{index}"), "kind": kind, "title": title });
    if let Some(time) = time {
        let instant: Instant = time.trim().parse()?;
        document["event_at"] = json!(instant);
    }
    Ok(document)
}

fn push_section(document: &mut Value, section: &str, text: &str) {
    let entry = json!({ "name": section, "text": text });
    match document["sections"].as_array_mut() {
        Some(sections) => sections.push(entry),
        None => document["sections"] = json!([entry]),
    }
}

fn push_data(root: &mut Map<String, Value>, source: DataSource, text: &str) -> Result<(), String> {
    let (list, entry) = match source {
        DataSource::Diagnoses => ("diagnoses", json!({ "kind": "admission", "name": text })),
        DataSource::Exams => ("exams", json!({ "id": text, "impression": text })),
        DataSource::Pathology => ("pathology", json!({ "id": text, "diagnosis": text })),
        DataSource::Operations => ("operations", json!({ "id": text, "name": text })),
        DataSource::Orders => ("orders", json!({ "id": text, "name": text })),
        _ => return Err("only @诊断 @检查 @病理 @手术 @医嘱 can be written as text; write the others under `visit`".to_owned()),
    };
    let entries = root.entry(list).or_insert_with(|| json!([]));
    entries.as_array_mut().ok_or_else(|| format!("`visit.{list}` must be a list"))?.push(entry);
    Ok(())
}
