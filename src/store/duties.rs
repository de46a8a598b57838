//! Duties as the database keeps them: by due time, with the rung of the ladder that each has come to, and the notices that the clock makes.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::delegations::stand_in;
use super::judgements::{Following, Place};
use super::outbox::{self, Message};
use super::{Store, StoreError, inputs};
use crate::duties::{Ladder, Recipient, Reminders};
use crate::record::{DocumentKind, Title, Visit};
use crate::report::Report;
use crate::rules::Severity;

#[derive(Debug, Clone, Default)]
pub struct DutyQuery {
    pub visit: String,
    pub department: String,
    /// `open`, `overdue`, `done` or any.
    pub state: String,
    /// Duties due up to this local moment.
    pub due_before: String,
    /// The present local moment.
    pub now: String,
    /// `due`, visit, rule and anchor of the last one seen.
    pub after: (String, String, String, String),
    pub limit: i64,
}

/// Staff ids of the one who writes the visit's course and of the attending above; empty where the record doesn't say.
fn people(visit: &Visit) -> (String, String) {
    let title_of = |id: &str| visit.staff.iter().flatten().find(|staff| staff.id == id).and_then(|staff| staff.title);
    let is_course = |kind: Option<DocumentKind>| {
        matches!(kind, Some(DocumentKind::AdmissionNote | DocumentKind::FirstCourse | DocumentKind::DailyCourse | DocumentKind::WardRound))
    };
    let mut documents: Vec<_> = visit.documents.iter().filter(|document| is_course(document.kind)).collect();
    documents.sort_by_key(|document| document.event_at.or(document.created_at).map(|at| at.earliest()));
    let authors = || documents.iter().rev().filter_map(|document| document.author.as_deref());
    let signers = || {
        documents.iter().rev().flat_map(|document| document.signatures.iter().flatten()).filter_map(|signature| signature.staff.as_deref())
    };
    let resident = authors().find(|author| title_of(author) == Some(Title::Resident)).or_else(|| authors().next());
    let attending = authors().chain(signers()).find(|person| title_of(person) == Some(Title::Attending));
    (resident.unwrap_or("").to_owned(), attending.unwrap_or("").to_owned())
}

/// Replaces the visit's duties; each goes on at the rung that it had come to.
pub(super) async fn keep(
    connection: &mut AnyConnection,
    report: &Report,
    place: &Place<'_>,
    following: Following<'_>,
) -> Result<(), StoreError> {
    let (responsible, attending) = people(place.visit);
    for duty in &report.duties {
        let (begin, due) = (duty.begin.earliest(), duty.due.latest());
        let next = match duty.done {
            Some(_) => String::new(),
            None => first_reminder(following.reminders.ladder(&duty.rule), begin, due, following.local),
        };
        let upsert = "INSERT INTO duties (visit_id, rule, anchor, department, defect, severity, task, cause, begin_at, due, done, responsible,
              attending, next_at, last_judged)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT (visit_id, rule, anchor) DO UPDATE SET
              department = excluded.department, severity = excluded.severity, task = excluded.task, cause = excluded.cause,
              next_at = CASE WHEN excluded.next_at = '' OR duties.due <> excluded.due OR duties.begin_at <> excluded.begin_at OR duties.done <> ''
                THEN excluded.next_at ELSE duties.next_at END,
              begin_at = excluded.begin_at, due = excluded.due, done = excluded.done, responsible = excluded.responsible,
              attending = excluded.attending, last_judged = excluded.last_judged";
        sqlx::query(upsert)
            .bind(&place.visit.visit_id)
            .bind(&duty.rule)
            .bind(&duty.anchor)
            .bind(place.department)
            .bind(&duty.defect)
            .bind(format!("{:?}", duty.severity))
            .bind(&duty.task)
            .bind(&duty.trigger)
            .bind(begin.to_string())
            .bind(due.to_string())
            .bind(duty.done.map_or(String::new(), |done| done.earliest().to_string()))
            .bind(&responsible)
            .bind(&attending)
            .bind(next)
            .bind(place.judgement)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("DELETE FROM duties WHERE visit_id = $1 AND last_judged < $2")
        .bind(&place.visit.visit_id)
        .bind(place.judgement)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// When a duty that is new to us is first spoken of: at once where a rung is behind and the limit is not long past (a first import of old visits
/// is no storm of reminders), else at the next rung.
fn first_reminder(ladder: &Ladder, begin: DateTime, due: DateTime, local: DateTime) -> String {
    const LATE_HOURS: i64 = 24;
    let is_fresh = due.saturating_add(jiff::SignedDuration::from_hours(LATE_HOURS)) > local;
    if is_fresh && ladder.reached(begin, due, local).is_some() {
        return local.to_string();
    }
    ladder.next(begin, due, local).map_or(String::new(), |(_, at)| at.to_string())
}

/// A duty whose next rung has come.
#[derive(Debug)]
struct Rung {
    visit_id: String,
    rule: String,
    anchor: String,
    department: String,
    defect: String,
    severity: Severity,
    task: String,
    begin: DateTime,
    due: DateTime,
    responsible: String,
    attending: String,
    next_at: String,
}

impl Rung {
    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let word = |column: &str| row.try_get::<String, _>(column);
        let moment = |column: &str| -> Result<DateTime, StoreError> { Ok(word(column)?.parse().unwrap_or_default()) };
        Ok(Self {
            visit_id: word("visit_id")?,
            rule: word("rule")?,
            anchor: word("anchor")?,
            department: word("department")?,
            defect: word("defect")?,
            severity: serde_json::from_value(Value::String(word("severity")?)).unwrap_or(Severity::S4),
            task: word("task")?,
            begin: moment("begin_at")?,
            due: moment("due")?,
            responsible: word("responsible")?,
            attending: word("attending")?,
            next_at: word("next_at")?,
        })
    }

    fn person(&self, recipient: Recipient) -> &str {
        match recipient {
            Recipient::Responsible => &self.responsible,
            Recipient::Attending => &self.attending,
            Recipient::DepartmentQc | Recipient::QcOffice => "",
        }
    }
}

impl Store {
    /// Takes up to `limit` duties whose next rung has come and puts a notice for each recipient on the list; each rung once, whichever node
    /// comes first. Returns how many duties there were.
    pub async fn climb(&self, reminders: &Reminders, local: DateTime, limit: i64) -> Result<usize, StoreError> {
        let select =
            "SELECT visit_id, rule, anchor, department, defect, severity, task, begin_at, due, responsible, attending, next_at FROM duties
            WHERE next_at <> '' AND next_at <= $1 ORDER BY next_at LIMIT $2";
        let rows = sqlx::query(select).bind(local.to_string()).bind(limit).fetch_all(&self.pool).await?;
        for row in &rows {
            let rung = Rung::of(row)?;
            let ladder = reminders.ladder(&rung.rule);
            let step = ladder.reached(rung.begin, rung.due, local).and_then(|index| Some((index, ladder.step(index)?)));
            let next = ladder.next(rung.begin, rung.due, local).map_or(String::new(), |(_, at)| at.to_string());
            let mut transaction = self.begin_change().await?;
            // Locks in the order of a judgement: first the list of pending visits, then the duty.
            if step.is_some_and(|(_, step)| step.is_overdue()) {
                inputs::mark_pending(&mut transaction, &rung.visit_id, "clock").await?;
            }
            let take = "UPDATE duties SET next_at = $1 WHERE visit_id = $2 AND rule = $3 AND anchor = $4 AND next_at = $5 AND done = ''";
            let taken = sqlx::query(take)
                .bind(next)
                .bind(&rung.visit_id)
                .bind(&rung.rule)
                .bind(&rung.anchor)
                .bind(&rung.next_at)
                .execute(&mut *transaction)
                .await?;
            if taken.rows_affected() == 0 {
                continue;
            }
            if let Some((index, step)) = step {
                for recipient in &step.to {
                    notify(&mut transaction, &rung, index, step.is_overdue(), *recipient, reminders.deliver_at(rung.severity, local))
                        .await?;
                }
            }
            transaction.commit().await?;
        }
        Ok(rows.len())
    }

    /// Sends out the notices whose hour has come, many for one person as one digest. Returns how many notices there were.
    pub async fn deliver(&self, reminders: &Reminders, local: DateTime, now: Timestamp) -> Result<usize, StoreError> {
        const MOST: i64 = 1000;
        let select = "SELECT id, visit_id, department, recipient, person, kind, body FROM notices WHERE delivered = 0 AND deliver_at <= $1
            ORDER BY department, recipient, person, deliver_at, id LIMIT $2";
        let rows = sqlx::query(select).bind(local.to_string()).bind(MOST).fetch_all(&self.pool).await?;
        let mut waiting = Vec::new();
        for row in &rows {
            let word = |column: &str| row.try_get::<String, _>(column);
            let message = Message {
                topic: "reminder",
                visit_id: word("visit_id")?,
                department: word("department")?,
                recipient: word("recipient")?,
                person: word("person")?,
                body: serde_json::from_str(&word("body")?)?,
            };
            waiting.push((word("id")?, message));
        }
        for group in waiting.chunk_by(|(_, a), (_, b)| (&a.department, &a.recipient, &a.person) == (&b.department, &b.recipient, &b.person))
        {
            let mut transaction = self.begin_change().await?;
            let mut mine: Vec<Message> = Vec::new();
            for (id, message) in group {
                let take = "UPDATE notices SET delivered = 1 WHERE id = $1 AND delivered = 0";
                if sqlx::query(take).bind(id).execute(&mut *transaction).await?.rows_affected() == 1 {
                    mine.push(message.clone());
                }
            }
            let messages = if mine.len() > reminders.digest_over { vec![digest(&mine)] } else { mine };
            outbox::append(&mut transaction, &messages, now).await?;
            transaction.commit().await?;
        }
        Ok(rows.len())
    }

    /// A page of duties in order of their due time. Whether one is overdue is a matter of `now`, not of when the visit was judged.
    pub async fn duties(&self, query: &DutyQuery) -> Result<Vec<Value>, StoreError> {
        let select =
            "SELECT visit_id, rule, anchor, department, defect, severity, task, cause, begin_at, due, done, responsible FROM duties
            WHERE ($1 = '' OR visit_id = $1) AND ($2 = '' OR department = $2)
              AND ($3 = '' OR ($3 = 'done' AND done <> '') OR ($3 = 'open' AND done = '') OR ($3 = 'overdue' AND done = '' AND due < $4))
              AND ($5 = '' OR due <= $5)
              AND (due > $6 OR (due = $6 AND (visit_id > $7 OR (visit_id = $7 AND (rule > $8 OR (rule = $8 AND anchor > $9))))))
            ORDER BY due, visit_id, rule, anchor LIMIT $10";
        let rows = sqlx::query(select)
            .bind(&query.visit)
            .bind(&query.department)
            .bind(&query.state)
            .bind(&query.now)
            .bind(&query.due_before)
            .bind(&query.after.0)
            .bind(&query.after.1)
            .bind(&query.after.2)
            .bind(&query.after.3)
            .bind(query.limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let word = |column: &str| row.try_get::<String, _>(column);
                let (due, done) = (word("due")?, word("done")?);
                let state = match (done.is_empty(), due < query.now, done <= due) {
                    (true, true, _) => "overdue",
                    (true, false, _) => "open",
                    (false, _, true) => "in_time",
                    (false, _, false) => "late",
                };
                Ok(json!({
                    "visit_id": word("visit_id")?,
                    "rule": word("rule")?,
                    "anchor": word("anchor")?,
                    "department": word("department")?,
                    "defect": word("defect")?,
                    "severity": word("severity")?,
                    "task": word("task")?,
                    "trigger": word("cause")?,
                    "begin": word("begin_at")?,
                    "due": due,
                    "done": done,
                    "responsible": word("responsible")?,
                    "state": state,
                }))
            })
            .collect()
    }
}

async fn notify(
    connection: &mut AnyConnection,
    rung: &Rung,
    index: usize,
    overdue: bool,
    recipient: Recipient,
    deliver_at: DateTime,
) -> Result<(), StoreError> {
    let person = rung.person(recipient);
    let delegate = stand_in(connection, person, deliver_at).await?;
    let mut body = json!({
        "task": rung.task, "rule": rung.rule, "defect": rung.defect, "severity": rung.severity, "due": rung.due.to_string(), "overdue": overdue,
    });
    if delegate.is_some() {
        body["in_place_of"] = json!(person);
    }
    let add = "INSERT INTO notices (id, deliver_at, delivered, visit_id, department, recipient, person, kind, body)
        VALUES ($1, $2, 0, $3, $4, $5, $6, 'duty', $7) ON CONFLICT DO NOTHING";
    sqlx::query(add)
        .bind(format!("{}|{}|{}|{}|{index}|{}", rung.visit_id, rung.rule, rung.anchor, rung.due, recipient.name()))
        .bind(deliver_at.to_string())
        .bind(&rung.visit_id)
        .bind(&rung.department)
        .bind(recipient.name())
        .bind(delegate.as_deref().unwrap_or(person))
        .bind(body.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

fn digest(messages: &[Message]) -> Message {
    let mut all = messages[0].clone();
    let items: Vec<Value> = messages
        .iter()
        .map(|message| {
            let mut item = message.body.clone();
            item["visit_id"] = json!(message.visit_id);
            item
        })
        .collect();
    all.topic = "digest";
    all.visit_id = String::new();
    all.body = json!({ "count": items.len(), "items": items });
    all
}
