//! The ledger as the database keeps it: entries, their history, and what a new judgement does to them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Row};

use super::audit::{self, Deed};
use super::judgements::{Following, Place};
use super::outbox::{self, Message};
use super::{Store, StoreError, next_number};
use crate::ledger::{self, Action, Denied, Policy, State};
use crate::people::Caller;
use crate::report::finding::FoundBy;
use crate::report::{Finding, Report};
use crate::rules::{Severity, Status};

/// One line of the ledger, with the columns of workflow and filing.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Line {
    pub entry: String,
    pub visit_id: String,
    pub finding_id: String,
    pub department: String,
    pub source: String,
    pub rule: String,
    pub defect: String,
    pub severity: String,
    pub title: String,
    /// The finding as it was when the notice was issued, JSON.
    #[serde(serialize_with = "as_json")]
    pub finding: String,
    pub demand: String,
    pub responsible: String,
    #[serde(serialize_with = "as_json")]
    pub authors: String,
    pub state: String,
    pub notified_by: String,
    pub notified_at: String,
    pub notified_version: i64,
    pub due: String,
    pub acknowledged_at: String,
    pub fixed_by: String,
    pub fixed_at: String,
    pub explanation: String,
    pub appealed_by: String,
    pub appealed_at: String,
    pub appeal: String,
    pub verified_by: String,
    pub verified_at: String,
    pub closed_by: String,
    pub closed_at: String,
    pub conclusion: String,
    pub reopened: i64,
    pub escalated: i64,
    pub changes: i64,
}

fn as_json<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<Value>(text).unwrap_or(Value::Null).serialize(serializer)
}

impl Line {
    /// The number as it is shown: re-opened entries carry a suffix.
    pub fn number(&self) -> String {
        if self.reopened == 0 { self.entry.clone() } else { format!("{}-{}", self.entry, self.reopened + 1) }
    }

    fn state(&self) -> State {
        State::of(&self.state).unwrap_or(State::Notified)
    }

    pub fn is_overdue(&self, local: DateTime) -> bool {
        !self.state().is_final() && self.due < local.to_string()
    }
}

/// One step in the life of an entry.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Step {
    pub number: i64,
    pub at: String,
    pub actor: String,
    pub action: String,
    pub state: String,
    pub note: String,
}

#[derive(Debug, Clone, Default)]
pub struct LedgerQuery {
    pub visit: String,
    pub department: String,
    pub state: String,
    pub severity: String,
    /// A person's id in `staff`.
    pub responsible: String,
    /// `open`, `overdue` or any.
    pub stage: String,
    pub now: String,
    pub after: String,
    pub limit: i64,
}

/// What somebody found in a record, or a finding of the program that is to be corrected.
#[derive(Debug, Clone, Default)]
pub struct Notice {
    pub visit_id: String,
    /// A stored finding; empty for one's own.
    pub finding_id: String,
    pub defect: String,
    pub severity: String,
    pub title: String,
    /// Own findings: the document and the words.
    pub document: String,
    pub quote: String,
    /// What is to be done.
    pub demand: String,
}

/// What an attempt on the ledger came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Attempt {
    Done(Box<Line>),
    NotFound,
    Denied(Denied),
    /// The finding is in the ledger already.
    Known(String),
}

/// Who wrote or signed the documents that a finding quotes; for an absence, nobody.
fn authors_of(report: &Finding, visit: &crate::record::Visit) -> Vec<String> {
    let mut people: Vec<String> = Vec::new();
    for quotation in report.evidence.iter().filter(|quotation| quotation.role == crate::rules::Role::This) {
        people.extend(signers(visit, &quotation.document));
    }
    people.sort_unstable();
    people.dedup();
    people
}

fn signers(visit: &crate::record::Visit, document: &str) -> Vec<String> {
    let Some(document) = visit.documents.iter().find(|candidate| candidate.id == document) else { return Vec::new() };
    let signed = document.signatures.iter().flatten().filter_map(|signature| signature.staff.clone());
    document.author.iter().cloned().chain(signed).collect()
}

/// Enters, re-checks, re-opens and archives what a judgement came to; returns what goes out.
pub(super) async fn follow(
    connection: &mut AnyConnection,
    report: &Report,
    place: &Place<'_>,
    following: Following<'_>,
    (new, gone): (&[String], &[String]),
) -> Result<Vec<Message>, StoreError> {
    let mut messages = Vec::new();
    let archived = place.visit.discharge.as_ref().is_some_and(|discharge| discharge.archived_at.is_some());
    let system = Caller::system();
    if !new.is_empty() || !gone.is_empty() || archived {
        let select = "SELECT * FROM ledger WHERE visit_id = $1 AND finding_id <> '' ORDER BY entry";
        let lines: Vec<Line> = sqlx::query_as(select).bind(&place.visit.visit_id).fetch_all(&mut *connection).await?;
        for mut line in lines {
            let found = report.findings.iter().find(|finding| finding.id == line.finding_id);
            let mut actions = match (found, line.state()) {
                (None, _) => vec![Action::Recheck],
                (Some(_), State::Rechecked | State::Verified | State::Closed) => vec![Action::Recur],
                (Some(_), _) if archived => vec![Action::Archive],
                (Some(_), _) => Vec::new(),
            };
            let by_rule = serde_json::from_str::<Finding>(&line.finding).is_ok_and(|finding| finding.found_by == FoundBy::Rule);
            if found.is_none() && following.policy.verification.by_system && by_rule {
                actions.push(Action::Verify);
            }
            for action in actions {
                let Ok(state) = step(&line, action, &system, "", Some(found.is_some()), true) else { break };
                apply(&mut line, action, state, &system, "", following.policy, following.local);
                save(connection, &mut line, action, &system, "", following.local).await?;
                messages.push(message(&line, action));
            }
        }
    }
    for finding in report.findings.iter().filter(|finding| new.contains(&finding.id)) {
        let enters = finding.status == Status::Stable && following.policy.notify.contains(&finding.severity) && !archived;
        if !enters || is_known(connection, &place.visit.visit_id, &finding.id).await? {
            continue;
        }
        let mut line = Line {
            visit_id: place.visit.visit_id.clone(),
            finding_id: finding.id.clone(),
            department: place.department.to_owned(),
            source: "系统".to_owned(),
            rule: finding.rule.clone(),
            defect: finding.defect.clone(),
            severity: format!("{:?}", finding.severity),
            title: finding.title.clone(),
            finding: serde_json::to_string(finding)?,
            demand: finding.suggestion.clone(),
            authors: serde_json::to_string(&authors_of(finding, place.visit))?,
            notified_by: system.name.clone(),
            notified_version: place.version,
            ..Line::notified(following.local, following.policy.due(finding.severity, following.local))
        };
        line.responsible = authors_of(finding, place.visit).into_iter().next().unwrap_or_default();
        enter(connection, &mut line, &system, following.local).await?;
        messages.push(Message { topic: "ledger", ..message(&line, Action::Recur) });
    }
    // Entries move along with the patient.
    sqlx::query("UPDATE ledger SET department = $1 WHERE visit_id = $2 AND department <> $1")
        .bind(place.department)
        .bind(&place.visit.visit_id)
        .execute(connection)
        .await?;
    Ok(messages)
}

impl Line {
    fn notified(local: DateTime, due: DateTime) -> Self {
        Self {
            entry: String::new(),
            visit_id: String::new(),
            finding_id: String::new(),
            department: String::new(),
            source: String::new(),
            rule: String::new(),
            defect: String::new(),
            severity: String::new(),
            title: String::new(),
            finding: "null".to_owned(),
            demand: String::new(),
            responsible: String::new(),
            authors: "[]".to_owned(),
            state: State::Notified.name().to_owned(),
            notified_by: String::new(),
            notified_at: local.to_string(),
            notified_version: 0,
            due: due.to_string(),
            acknowledged_at: String::new(),
            fixed_by: String::new(),
            fixed_at: String::new(),
            explanation: String::new(),
            appealed_by: String::new(),
            appealed_at: String::new(),
            appeal: String::new(),
            verified_by: String::new(),
            verified_at: String::new(),
            closed_by: String::new(),
            closed_at: String::new(),
            conclusion: String::new(),
            reopened: 0,
            escalated: 0,
            changes: 0,
        }
    }
}

async fn is_known(connection: &mut AnyConnection, visit_id: &str, finding_id: &str) -> Result<bool, StoreError> {
    let select = "SELECT entry FROM ledger WHERE visit_id = $1 AND finding_id = $2
        UNION ALL SELECT finding_id AS entry FROM decisions WHERE visit_id = $1 AND finding_id = $2 AND verdict = 'dismissed'";
    Ok(sqlx::query(select).bind(visit_id).bind(finding_id).fetch_optional(connection).await?.is_some())
}

/// Numbers the entry (`2026-000123`) and writes it with its first step.
async fn enter(connection: &mut AnyConnection, line: &mut Line, actor: &Caller, local: DateTime) -> Result<(), StoreError> {
    line.entry = format!("{}-{:06}", local.year(), next_number(connection, &format!("ledger-{}", local.year())).await?);
    let add = "INSERT INTO ledger (entry, visit_id, finding_id, department, source, rule, defect, severity, title, finding, demand, responsible,
          authors, state, notified_by, notified_at, notified_version, due, acknowledged_at, fixed_by, fixed_at, explanation, appealed_by, appealed_at,
          appeal, verified_by, verified_at, closed_by, closed_at, conclusion, reopened, escalated, changes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, '', '', '', '', '', '', '', '', '', '', '', '', 0, 0, 0)";
    sqlx::query(add)
        .bind(&line.entry)
        .bind(&line.visit_id)
        .bind(&line.finding_id)
        .bind(&line.department)
        .bind(&line.source)
        .bind(&line.rule)
        .bind(&line.defect)
        .bind(&line.severity)
        .bind(&line.title)
        .bind(&line.finding)
        .bind(&line.demand)
        .bind(&line.responsible)
        .bind(&line.authors)
        .bind(&line.state)
        .bind(&line.notified_by)
        .bind(&line.notified_at)
        .bind(line.notified_version)
        .bind(&line.due)
        .execute(&mut *connection)
        .await?;
    history(connection, line, "notify", actor, &line.demand, local).await
}

fn step(line: &Line, action: Action, actor: &Caller, note: &str, present: Option<bool>, newer: bool) -> Result<State, Denied> {
    let authors: Vec<String> = serde_json::from_str(&line.authors).unwrap_or_default();
    let entry = ledger::Entry {
        state: line.state(),
        authors: &authors,
        notified_by: &line.notified_by,
        appealed_by: &line.appealed_by,
        fixed_by: &line.fixed_by,
        present,
        newer,
    };
    ledger::act(&entry, action, actor, note)
}

/// Sets the columns that an action fills.
fn apply(line: &mut Line, action: Action, state: State, actor: &Caller, note: &str, policy: &Policy, local: DateTime) {
    let (who, at, note) = (actor.name.clone(), local.to_string(), note.trim().to_owned());
    let severity: Severity = serde_json::from_value(Value::String(line.severity.clone())).unwrap_or(Severity::S4);
    line.state = state.name().to_owned();
    match action {
        Action::Acknowledge => line.acknowledged_at = at,
        Action::Fix => (line.fixed_by, line.fixed_at, line.explanation) = (who, at, note),
        Action::Appeal => (line.appealed_by, line.appealed_at, line.appeal) = (who, at, note),
        Action::Recheck => {
            if line.fixed_at.is_empty() {
                line.fixed_at = at;
            }
        }
        Action::Verify => (line.verified_by, line.verified_at) = (who, at),
        Action::Close => (line.closed_by, line.closed_at, line.conclusion) = (who, at, note),
        Action::Withdraw | Action::AcceptAppeal => (line.closed_by, line.closed_at, line.conclusion) = (who, at, note),
        Action::Archive => line.closed_at = at,
        // The clock starts again.
        Action::RejectAppeal | Action::Return => {
            line.due = policy.due(severity, local).to_string();
            line.conclusion = note;
        }
        Action::Recur => {
            line.due = policy.due(severity, local).to_string();
            line.reopened += i64::from(!line.closed_at.is_empty());
            line.escalated = 0;
            for field in [&mut line.fixed_by, &mut line.fixed_at, &mut line.verified_by, &mut line.verified_at, &mut line.closed_by] {
                field.clear();
            }
            line.closed_at.clear();
        }
    }
}

async fn save(
    connection: &mut AnyConnection,
    line: &mut Line,
    action: Action,
    actor: &Caller,
    note: &str,
    local: DateTime,
) -> Result<(), StoreError> {
    line.changes += 1;
    let update = "UPDATE ledger SET state = $2, due = $3, acknowledged_at = $4, fixed_by = $5, fixed_at = $6, explanation = $7, appealed_by = $8,
          appealed_at = $9, appeal = $10, verified_by = $11, verified_at = $12, closed_by = $13, closed_at = $14, conclusion = $15, reopened = $16,
          escalated = $17, changes = $18 WHERE entry = $1";
    sqlx::query(update)
        .bind(&line.entry)
        .bind(&line.state)
        .bind(&line.due)
        .bind(&line.acknowledged_at)
        .bind(&line.fixed_by)
        .bind(&line.fixed_at)
        .bind(&line.explanation)
        .bind(&line.appealed_by)
        .bind(&line.appealed_at)
        .bind(&line.appeal)
        .bind(&line.verified_by)
        .bind(&line.verified_at)
        .bind(&line.closed_by)
        .bind(&line.closed_at)
        .bind(&line.conclusion)
        .bind(line.reopened)
        .bind(line.escalated)
        .bind(line.changes)
        .execute(&mut *connection)
        .await?;
    history(connection, line, action.name(), actor, note, local).await
}

async fn history(
    connection: &mut AnyConnection,
    line: &Line,
    action: &str,
    actor: &Caller,
    note: &str,
    local: DateTime,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO ledger_history (entry, number, at, actor, action, state, note) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(&line.entry)
        .bind(line.changes)
        .bind(local.to_string())
        .bind(&actor.name)
        .bind(action)
        .bind(&line.state)
        .bind(note.trim())
        .execute(connection)
        .await?;
    Ok(())
}

fn message(line: &Line, action: Action) -> Message {
    Message {
        topic: "ledger",
        visit_id: line.visit_id.clone(),
        department: line.department.clone(),
        recipient: String::new(),
        person: line.responsible.clone(),
        body: json!({
            "entry": line.entry, "number": line.number(), "action": action.name(), "state": line.state, "severity": line.severity,
            "defect": line.defect, "title": line.title, "due": line.due, "finding": line.finding_id,
        }),
    }
}

impl Store {
    /// Issues a notice on a stored finding or on one's own.
    pub async fn notify(
        &self,
        notice: &Notice,
        actor: &Caller,
        policy: &Policy,
        local: DateTime,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let select = "SELECT visit, version, department FROM visits WHERE visit_id = $1";
        let Some(row) = sqlx::query(select).bind(&notice.visit_id).fetch_optional(&self.pool).await? else { return Ok(Attempt::NotFound) };
        let department: String = row.try_get("department")?;
        if !actor.may_see(&department) {
            return Ok(Attempt::NotFound);
        }
        if !actor.role.is_quality_control() {
            return Ok(Attempt::Denied(Denied::Role));
        }
        let stored = "SELECT finding FROM findings WHERE visit_id = $1 AND finding_id = $2";
        let stored = sqlx::query(stored).bind(&notice.visit_id).bind(&notice.finding_id).fetch_optional(&self.pool).await?;
        let finding: Option<Finding> = match stored {
            Some(row) => Some(serde_json::from_str(&row.try_get::<String, _>("finding")?)?),
            None if notice.finding_id.is_empty() => None,
            None => return Ok(Attempt::NotFound),
        };
        let visit: crate::record::Visit = serde_json::from_str(&row.try_get::<String, _>("visit")?).unwrap_or_default();
        let authors = finding.as_ref().map_or_else(|| signers(&visit, &notice.document), |finding| authors_of(finding, &visit));
        let severity = finding.as_ref().map_or_else(|| notice.severity.clone(), |finding| format!("{:?}", finding.severity));
        let weight: Severity = serde_json::from_value(Value::String(severity.clone())).unwrap_or(Severity::S3);
        let own = json!({ "document": notice.document, "quote": notice.quote, "title": notice.title });
        let mut line = Line {
            visit_id: notice.visit_id.clone(),
            finding_id: notice.finding_id.clone(),
            department,
            source: source_of(actor).to_owned(),
            rule: finding.as_ref().map_or(String::new(), |finding| finding.rule.clone()),
            defect: finding.as_ref().map_or_else(|| notice.defect.clone(), |finding| finding.defect.clone()),
            severity,
            title: finding.as_ref().map_or_else(|| notice.title.clone(), |finding| finding.title.clone()),
            finding: match &finding {
                Some(finding) => serde_json::to_string(finding)?,
                None => own.to_string(),
            },
            demand: if notice.demand.is_empty() {
                finding.as_ref().map_or(String::new(), |finding| finding.suggestion.clone())
            } else {
                notice.demand.clone()
            },
            responsible: authors.first().cloned().unwrap_or_default(),
            authors: serde_json::to_string(&authors)?,
            notified_by: actor.name.clone(),
            notified_version: row.try_get("version")?,
            ..Line::notified(local, policy.due(weight, local))
        };
        let mut transaction = self.begin_change().await?;
        // Two reviewers of one finding queue up here.
        sqlx::query("UPDATE visits SET version = version WHERE visit_id = $1").bind(&notice.visit_id).execute(&mut *transaction).await?;
        if !line.finding_id.is_empty() {
            let known = sqlx::query("SELECT entry FROM ledger WHERE visit_id = $1 AND finding_id = $2")
                .bind(&line.visit_id)
                .bind(&line.finding_id)
                .fetch_optional(&mut *transaction)
                .await?;
            if let Some(known) = known {
                return Ok(Attempt::Known(known.try_get("entry")?));
            }
        }
        enter(&mut transaction, &mut line, actor, local).await?;
        let mut out = message(&line, Action::Recur);
        out.body["action"] = json!("notify");
        outbox::append(&mut transaction, &[out], now).await?;
        audit::append(&mut transaction, Deed { actor: &actor.name, action: "ledger.notify", target: &line.entry }, now).await?;
        transaction.commit().await?;
        Ok(Attempt::Done(Box::new(line)))
    }

    /// Somebody acts on an entry.
    #[allow(clippy::too_many_arguments, reason = "who, what, where and when; each once")]
    pub async fn act(
        &self,
        entry: &str,
        action: Action,
        note: &str,
        actor: &Caller,
        policy: &Policy,
        local: DateTime,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let mut transaction = self.begin_change().await?;
        let lock = "UPDATE ledger SET changes = changes WHERE entry = $1 RETURNING *";
        let Some(mut line) = sqlx::query_as::<_, Line>(lock).bind(entry).fetch_optional(&mut *transaction).await? else {
            return Ok(Attempt::NotFound);
        };
        if !actor.may_see(&line.department) {
            return Ok(Attempt::NotFound);
        }
        let select = "SELECT v.version AS version, COALESCE((SELECT f.gone_at FROM findings f WHERE f.visit_id = $1 AND f.finding_id = $2), '') AS gone_at
            FROM visits v WHERE v.visit_id = $1";
        let row = sqlx::query(select).bind(&line.visit_id).bind(&line.finding_id).fetch_optional(&mut *transaction).await?;
        let (version, gone_at): (i64, String) = match row {
            Some(row) => (row.try_get("version")?, row.try_get("gone_at")?),
            None => (line.notified_version, String::new()),
        };
        let present = (!line.finding_id.is_empty()).then_some(gone_at.is_empty());
        let state = match step(&line, action, actor, note, present, version > line.notified_version) {
            Ok(state) => state,
            Err(denied) => return Ok(Attempt::Denied(denied)),
        };
        apply(&mut line, action, state, actor, note, policy, local);
        save(&mut transaction, &mut line, action, actor, note, local).await?;
        outbox::append(&mut transaction, &[message(&line, action)], now).await?;
        let target = format!("{entry} {}", action.name());
        audit::append(&mut transaction, Deed { actor: &actor.name, action: "ledger.act", target: &target }, now).await?;
        transaction.commit().await?;
        Ok(Attempt::Done(Box::new(line)))
    }

    /// The entry of a visit's finding, where it has one.
    pub async fn entry_of(&self, visit_id: &str, finding_id: &str) -> Result<Option<String>, StoreError> {
        let select = "SELECT entry FROM ledger WHERE visit_id = $1 AND finding_id = $2 AND finding_id <> ''";
        let row = sqlx::query(select).bind(visit_id).bind(finding_id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok(row.try_get("entry")?)).transpose()
    }

    /// A page of the ledger in order of number.
    pub async fn ledger(&self, query: &LedgerQuery) -> Result<Vec<Line>, StoreError> {
        let select = "SELECT * FROM ledger
            WHERE ($1 = '' OR visit_id = $1) AND ($2 = '' OR department = $2) AND ($3 = '' OR state = $3) AND ($4 = '' OR severity = $4)
              AND ($5 = '' OR responsible = $5)
              AND ($6 = '' OR (state NOT IN ('closed', 'withdrawn', 'archived_open') AND ($6 = 'open' OR due < $7)))
              AND entry > $8 ORDER BY entry LIMIT $9";
        let lines = sqlx::query_as(select)
            .bind(&query.visit)
            .bind(&query.department)
            .bind(&query.state)
            .bind(&query.severity)
            .bind(&query.responsible)
            .bind(&query.stage)
            .bind(&query.now)
            .bind(&query.after)
            .bind(query.limit)
            .fetch_all(&self.pool)
            .await?;
        Ok(lines)
    }

    /// One entry with its history.
    pub async fn entry(&self, entry: &str) -> Result<Option<(Line, Vec<Step>)>, StoreError> {
        let line = sqlx::query_as("SELECT * FROM ledger WHERE entry = $1").bind(entry).fetch_optional(&self.pool).await?;
        let Some(line) = line else { return Ok(None) };
        let select = "SELECT number, at, actor, action, state, note FROM ledger_history WHERE entry = $1 ORDER BY number";
        Ok(Some((line, sqlx::query_as(select).bind(entry).fetch_all(&self.pool).await?)))
    }

    /// Sends up what nobody has read and what is overdue; each once, whichever node comes first. Returns how many entries there were.
    pub async fn escalate(&self, policy: &Policy, local: DateTime, now: Timestamp) -> Result<usize, StoreError> {
        const MOST: i64 = 500;
        let unread = local.saturating_sub(jiff::SignedDuration::from_hours(policy.escalation.unread_hours)).to_string();
        let select = "SELECT * FROM ledger WHERE (state = 'notified' AND escalated < 1 AND notified_at <= $1)
              OR (state IN ('notified', 'acknowledged') AND escalated < 2 AND due < $2) ORDER BY entry LIMIT $3";
        let lines: Vec<Line> = sqlx::query_as(select).bind(unread).bind(local.to_string()).bind(MOST).fetch_all(&self.pool).await?;
        let count = lines.len();
        for line in lines {
            let overdue = line.is_overdue(local);
            let level = if overdue { 2 } else { 1 };
            let mut transaction = self.begin_change().await?;
            let take = "UPDATE ledger SET escalated = $1 WHERE entry = $2 AND escalated = $3 AND changes = $4";
            let taken =
                sqlx::query(take).bind(level).bind(&line.entry).bind(line.escalated).bind(line.changes).execute(&mut *transaction).await?;
            if taken.rows_affected() == 1 {
                let recipients: &[&str] = if overdue { &["department_qc", "qc_office"] } else { &["attending"] };
                let messages: Vec<Message> = recipients
                    .iter()
                    .map(|recipient| {
                        let mut out = message(&line, Action::Acknowledge);
                        out.body["action"] = json!(if overdue { "overdue" } else { "unread" });
                        Message { topic: "escalation", recipient: (*recipient).to_owned(), person: String::new(), ..out }
                    })
                    .collect();
                outbox::append(&mut transaction, &messages, now).await?;
            }
            transaction.commit().await?;
        }
        Ok(count)
    }
}

fn source_of(actor: &Caller) -> &'static str {
    use crate::people::Role;
    match actor.role {
        Role::DepartmentQc => "科室",
        Role::RecordsOffice => "病案科",
        Role::Expert => "专家",
        Role::System => "系统",
        _ => "质控科",
    }
}
