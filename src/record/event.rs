//! [`Event`]: one thing that happened to a visit, as an EMR reports it, and [`fold`], which makes the visit of a snapshot and its events.
//!
//! Events may come late, twice or out of order. They are folded by their own time, so that every order of arrival gives the same visit: each
//! event sets the fields that it names in one element of the visit, and of two that set the same field the later one holds.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::time::Instant;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Unique in the visit; the same id again is the same event.
    pub event_id: String,
    pub kind: EventKind,
    /// When it happened.
    pub at: Instant,
    /// The element of the visit that it concerns, with at least the fields that tell it apart; `null` clears a field.
    pub body: Map<String, Value>,
}

/// What happened; each kind names the part of the visit that it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// `patient`, `admission`, `hospital`, each merged field by field.
    Admission,
    /// A document was saved or signed.
    Document,
    /// A document was taken back.
    DocumentRemoved,
    Staff,
    Diagnosis,
    Order,
    Lab,
    Culture,
    Exam,
    Pathology,
    CriticalValue,
    Operation,
    Transfusion,
    Consult,
    Rescue,
    Vitals,
    Condition,
    Transfer,
    Discharge,
    /// A discharge whose disposition is `died`.
    Death,
    FrontPage,
}

/// Where an event's element stands in the visit.
enum Target {
    /// In a list, known by these fields.
    List(&'static str, &'static [&'static str]),
    /// A part that the visit has once.
    Part(&'static str),
    /// The parts named in the body.
    Root,
    Removal,
}

impl EventKind {
    fn target(self) -> Target {
        use Target::{List, Part, Removal, Root};
        match self {
            EventKind::Admission => Root,
            EventKind::Document => List("documents", &["id"]),
            EventKind::DocumentRemoved => Removal,
            EventKind::Staff => List("staff", &["id"]),
            EventKind::Diagnosis => List("diagnoses", &["kind", "name"]),
            EventKind::Order => List("orders", &["id"]),
            EventKind::Lab => List("labs", &["id"]),
            EventKind::Culture => List("cultures", &["id"]),
            EventKind::Exam => List("exams", &["id"]),
            EventKind::Pathology => List("pathology", &["id"]),
            EventKind::CriticalValue => List("critical_values", &["id"]),
            EventKind::Operation => List("operations", &["id"]),
            EventKind::Transfusion => List("transfusions", &["id"]),
            EventKind::Consult => List("consults", &["id"]),
            EventKind::Rescue => List("rescues", &["id"]),
            EventKind::Vitals => List("vitals", &["at"]),
            EventKind::Condition => List("conditions", &["level", "from"]),
            EventKind::Transfer => List("transfers", &["at"]),
            EventKind::Discharge | EventKind::Death => Part("discharge"),
            EventKind::FrontPage => Part("front_page"),
        }
    }
}

/// Why an event cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("/event_id 不能为空")]
    NoId,
    #[error("/body/{0} 缺少:没有它无法确定是哪一项")]
    NoKey(&'static str),
    #[error("/body/{0}: 入院事件只能含 patient、admission、hospital")]
    ForeignPart(String),
}

impl Event {
    /// Whether the event says enough to be placed.
    pub fn check(&self) -> Result<(), EventError> {
        if self.event_id.trim().is_empty() {
            return Err(EventError::NoId);
        }
        let has = |key: &str| self.body.get(key).is_some_and(|value| !value.is_null());
        match self.kind.target() {
            Target::List(_, keys) => keys.iter().find(|key| !has(key)).map_or(Ok(()), |key| Err(EventError::NoKey(key))),
            Target::Removal if !has("id") => Err(EventError::NoKey("id")),
            Target::Root => {
                let foreign = self.body.keys().find(|key| !["patient", "admission", "hospital"].contains(&key.as_str()));
                foreign.map_or(Ok(()), |key| Err(EventError::ForeignPart(key.clone())))
            }
            Target::Removal | Target::Part(_) => Ok(()),
        }
    }

    fn apply(&self, visit: &mut Map<String, Value>) {
        match self.kind.target() {
            Target::List(name, keys) => {
                let list = array(visit, name);
                let same = |element: &Value| keys.iter().all(|key| element.get(key) == self.body.get(*key));
                let at = list.iter().position(same).unwrap_or_else(|| {
                    list.push(json!({}));
                    list.len() - 1
                });
                if let Some(element) = list[at].as_object_mut() {
                    merge(element, &self.body);
                }
            }
            Target::Part(name) => {
                let part = object(visit, name);
                merge(part, &self.body);
                if self.kind == EventKind::Death {
                    part.insert("disposition".to_owned(), json!("died"));
                }
            }
            Target::Root => {
                for (name, value) in &self.body {
                    match value {
                        Value::Object(fields) => merge(object(visit, name), fields),
                        other => {
                            visit.insert(name.clone(), other.clone());
                        }
                    }
                }
            }
            Target::Removal => array(visit, "documents").retain(|document| document.get("id") != self.body.get("id")),
        }
    }
}

fn merge(element: &mut Map<String, Value>, fields: &Map<String, Value>) {
    for (name, value) in fields {
        if value.is_null() {
            element.shift_remove(name);
        } else {
            element.insert(name.clone(), value.clone());
        }
    }
}

fn array<'v>(visit: &'v mut Map<String, Value>, name: &str) -> &'v mut Vec<Value> {
    let entry = visit.entry(name.to_owned()).or_insert_with(|| json!([]));
    if !entry.is_array() {
        *entry = json!([]);
    }
    entry.as_array_mut().expect("made an array above")
}

fn object<'v>(visit: &'v mut Map<String, Value>, name: &str) -> &'v mut Map<String, Value> {
    let entry = visit.entry(name.to_owned()).or_insert_with(|| json!({}));
    if !entry.is_object() {
        *entry = json!({});
    }
    entry.as_object_mut().expect("made an object above")
}

/// The visit that a snapshot and the events after it make. `events` in any order; the result's `as_of` is the time of the last of them.
pub fn fold(visit_id: &str, snapshot: Option<Map<String, Value>>, mut events: Vec<Event>) -> Map<String, Value> {
    // Who reports a visit from its admission on reports all of it.
    let is_reported = snapshot.is_none();
    let mut visit = snapshot.unwrap_or_default();
    if is_reported && events.iter().any(|event| event.kind == EventKind::Admission) {
        visit.insert("complete".to_owned(), json!(true));
    }
    visit.entry("visit_id").or_insert_with(|| json!(visit_id));
    visit.entry("documents").or_insert_with(|| json!([]));
    events.sort_by(|a, b| (a.at.earliest(), &a.event_id).cmp(&(b.at.earliest(), &b.event_id)));
    for event in &events {
        event.apply(&mut visit);
    }
    if let Some(last) = events.last() {
        visit.insert("as_of".to_owned(), json!(last.at));
    }
    visit
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(id: &str, kind: &str, at: &str, body: Value) -> Event {
        serde_json::from_value(json!({ "event_id": id, "kind": kind, "at": at, "body": body })).expect("an event")
    }

    fn week() -> Vec<Event> {
        vec![
            event(
                "1",
                "admission",
                "2026-03-01T09:30",
                json!({ "patient": { "sex": "male" }, "admission": { "admitted_at": "2026-03-01T09:30" } }),
            ),
            event(
                "2",
                "document",
                "2026-03-01T11:00",
                json!({ "id": "d1", "title": "入院记录", "text": "主诉：咳嗽3天。", "draft": true }),
            ),
            event("3", "document", "2026-03-01T12:00", json!({ "id": "d1", "draft": null, "signed_at": "2026-03-01T12:00" })),
            event("4", "order", "2026-03-02T08:00", json!({ "id": "o1", "name": "头孢曲松", "start": "2026-03-02T08:00" })),
            event("5", "order", "2026-03-04T08:00", json!({ "id": "o1", "stop": "2026-03-04T08:00" })),
            event("6", "document", "2026-03-02T10:00", json!({ "id": "d2", "title": "日常病程记录", "text": "误写" })),
            event("7", "document_removed", "2026-03-02T10:05", json!({ "id": "d2" })),
            event("8", "death", "2026-03-05T03:10", json!({ "discharged_at": "2026-03-05T03:10" })),
        ]
    }

    #[test]
    fn events_make_the_visit() {
        let visit = Value::Object(fold("V", None, week()));
        assert_eq!(visit.pointer("/documents").and_then(Value::as_array).map(Vec::len), Some(1));
        assert_eq!(visit.pointer("/documents/0/text"), Some(&json!("主诉：咳嗽3天。")));
        assert_eq!(visit.pointer("/documents/0/draft"), None);
        assert_eq!(visit.pointer("/orders/0/name"), Some(&json!("头孢曲松")));
        assert_eq!(visit.pointer("/orders/0/stop"), Some(&json!("2026-03-04T08:00")));
        assert_eq!(visit.pointer("/discharge/disposition"), Some(&json!("died")));
        assert!(visit["as_of"].as_str().is_some_and(|at| at.starts_with("2026-03-05T03:10")));
        let (read, notes) = super::super::json::read(visit.to_string().as_bytes(), &super::super::time::default_zone()).expect("a visit");
        let errors = notes.iter().filter(|note| note.level == super::super::note::Level::Error).count();
        assert_eq!((read.documents.len(), errors, read.complete), (1, 0, Some(true)), "{notes:?}");
    }

    #[test]
    fn an_event_that_cannot_be_placed_says_why() {
        assert_eq!(event("1", "lab", "2026-03-01", json!({ "item": "血钾" })).check(), Err(EventError::NoKey("id")));
        assert_eq!(event(" ", "lab", "2026-03-01", json!({ "id": "l" })).check(), Err(EventError::NoId));
        let foreign = event("1", "admission", "2026-03-01", json!({ "documents": [] }));
        assert_eq!(foreign.check(), Err(EventError::ForeignPart("documents".to_owned())));
    }

    proptest! {
        #[test]
        fn every_order_of_arrival_makes_the_same_visit(order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle(), after in 0_usize..8) {
            let events = week();
            let shuffled: Vec<Event> = order.iter().map(|index| events[*index].clone()).collect();
            prop_assert_eq!(fold("V", None, shuffled), fold("V", None, week()));
            // A snapshot of what had happened by then, and the rest as events.
            let mut sorted = week();
            sorted.sort_by(|a, b| (a.at.earliest(), &a.event_id).cmp(&(b.at.earliest(), &b.event_id)));
            let rest = sorted.split_off(after.max(1));
            let snapshot = fold("V", None, sorted);
            prop_assert_eq!(fold("V", Some(snapshot), rest), fold("V", None, week()));
        }
    }
}
