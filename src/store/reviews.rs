//! Reviews of drawn visits: given out, answered, submitted; a third person's where two differ. What holds in the end counts for the rules.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::audit::{self, Deed};
use super::samples::Sample;
use super::{Decision, Discipline, Store, StoreError, Verdict, decisions, stamp};
use crate::people::Caller;
use crate::review::answer::{Denied, Slot, ToAssign, assign, may_review, needs_arbiter};
use crate::review::summary::Reviewed;
use crate::review::{Answer, Policy};

/// A review with what its reviewer is to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    pub id: String,
    pub sample: String,
    pub visit_id: String,
    pub department: String,
    pub slot: Slot,
    /// Empty: nobody has taken it yet.
    pub reviewer: String,
    pub answer: Answer,
    pub submitted_at: String,
    /// The program's findings at the draw, as JSON.
    pub findings: Vec<Value>,
    pub total: Option<f64>,
    pub grade: String,
    pub blind_score: bool,
    authors: Vec<String>,
}

/// What an attempt on a review came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Reviewing {
    Done(Box<Review>),
    NotFound,
    Denied(Denied),
    /// What is wrong with the answer.
    Wrong(String),
}

const SELECT: &str = "SELECT r.id AS id, r.sample AS sample, r.visit_id AS visit_id, r.slot AS slot, r.reviewer AS reviewer, r.answer AS answer,
    r.submitted_at AS submitted_at, v.department AS department, v.findings AS findings, v.total AS total, v.grade AS grade, v.authors AS authors,
    s.blind_score AS blind_score
  FROM reviews r JOIN sample_visits v ON v.sample = r.sample AND v.visit_id = r.visit_id JOIN samples s ON s.id = r.sample";

impl Review {
    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let word = |column: &str| row.try_get::<String, _>(column);
        Ok(Self {
            id: word("id")?,
            sample: word("sample")?,
            visit_id: word("visit_id")?,
            department: word("department")?,
            slot: Slot::of(row.try_get("slot")?).unwrap_or(Slot::First),
            reviewer: word("reviewer")?,
            answer: serde_json::from_str(&word("answer")?)?,
            submitted_at: word("submitted_at")?,
            findings: serde_json::from_str(&word("findings")?)?,
            total: row.try_get("total")?,
            grade: word("grade")?,
            blind_score: row.try_get::<i64, _>("blind_score")? == 1,
            authors: serde_json::from_str(&word("authors")?)?,
        })
    }

    fn ids(&self) -> Vec<String> {
        self.findings.iter().filter_map(|finding| finding["id"].as_str().map(str::to_owned)).collect()
    }

    fn rule_of(&self, finding: &str) -> &str {
        self.findings.iter().find(|known| known["id"] == finding).and_then(|known| known["rule"].as_str()).unwrap_or("")
    }

    fn is_submitted(&self) -> bool {
        !self.submitted_at.is_empty()
    }

    /// As a queue shows it.
    pub fn line(&self) -> Value {
        json!({
            "id": self.id, "sample": self.sample, "visit_id": self.visit_id, "department": self.department, "slot": self.slot,
            "taken": !self.reviewer.is_empty(), "submitted_at": self.submitted_at,
        })
    }

    /// As its reviewer sees it: no other reviewer's answer, and no score of the program where the sample says so.
    pub fn shown(&self) -> Value {
        let mut value = self.line();
        let mut findings = self.findings.clone();
        if self.blind_score {
            for finding in findings.iter_mut().filter_map(Value::as_object_mut) {
                finding.remove("points");
                finding.remove("veto");
            }
        } else {
            value["program"] = json!({ "total": self.total, "grade": self.grade });
        }
        value["findings"] = json!(findings);
        value["answer"] = json!(self.answer);
        value
    }
}

/// Every review of a drawn visit.
async fn of_visit(connection: &mut AnyConnection, sample: &str, visit_id: &str) -> Result<Vec<Review>, StoreError> {
    let select = format!("{SELECT} WHERE r.sample = $1 AND r.visit_id = $2 ORDER BY r.slot");
    let rows = sqlx::query(sqlx::AssertSqlSafe(select)).bind(sample).bind(visit_id).fetch_all(connection).await?;
    rows.iter().map(Review::of).collect()
}

/// Whether the caller may have this review: it is theirs, or an arbitration that nobody has taken and that they may judge.
fn belongs_to(review: &Review, others: &[Review], caller: &Caller) -> Result<(), Option<Denied>> {
    if !caller.may_see(&review.department) || (!review.reviewer.is_empty() && !caller.is(&review.reviewer)) {
        return Err(None);
    }
    let parties: Vec<String> = others.iter().filter(|other| other.slot != review.slot).map(|other| other.reviewer.clone()).collect();
    may_review(caller, review.slot, &review.authors, &parties).map_err(Some)
}

async fn add(
    connection: &mut AnyConnection,
    id: &str,
    place: (&str, &str, Slot),
    reviewer: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (sample, visit_id, slot) = place;
    let add = "INSERT INTO reviews (id, sample, visit_id, slot, reviewer, answer, created_at, submitted_at)
        VALUES ($1, $2, $3, $4, $5, '{}', $6, '') ON CONFLICT DO NOTHING";
    sqlx::query(add).bind(id).bind(sample).bind(visit_id).bind(slot.number()).bind(reviewer).bind(stamp(now)).execute(connection).await?;
    Ok(())
}

impl Store {
    /// Gives every drawn visit to a reviewer who did not write in it, a share of them to two. `None` where the sample is given out already; else
    /// the visits that none of them may review.
    pub async fn assign_sample(
        &self,
        sample: &Sample,
        reviewers: &[Caller],
        double_share: f64,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let mut transaction = self.begin_change().await?;
        // Two who assign at once queue up here.
        sqlx::query("UPDATE samples SET department = department WHERE id = $1").bind(&sample.id).execute(&mut *transaction).await?;
        let known =
            sqlx::query("SELECT id FROM reviews WHERE sample = $1 LIMIT 1").bind(&sample.id).fetch_optional(&mut *transaction).await?;
        if known.is_some() {
            return Ok(None);
        }
        let select = "SELECT visit_id, department, authors FROM sample_visits WHERE sample = $1";
        let rows = sqlx::query(select).bind(&sample.id).fetch_all(&mut *transaction).await?;
        let mut visits = rows
            .iter()
            .map(|row| {
                let authors = serde_json::from_str(&row.try_get::<String, _>("authors")?)?;
                Ok(ToAssign { visit_id: row.try_get("visit_id")?, department: row.try_get("department")?, authors })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        visits.sort_by(|a, b| a.visit_id.cmp(&b.visit_id));
        let mut left = Vec::new();
        for (number, (visit, (first, second))) in visits.iter().zip(assign(&visits, reviewers, sample.plan.seed, double_share)).enumerate()
        {
            if first.is_none() {
                left.push(visit.visit_id.clone());
            }
            for (slot, reviewer) in [(Slot::First, first), (Slot::Second, second)] {
                let Some(reviewer) = reviewer else { continue };
                let id = format!("{}-{:03}-{}", sample.id, number + 1, slot.number());
                add(&mut transaction, &id, (&sample.id, &visit.visit_id, slot), &reviewer, now).await?;
            }
        }
        audit::append(&mut transaction, Deed { actor, action: "sample.assign", target: &sample.id }, now).await?;
        transaction.commit().await?;
        Ok(Some(left))
    }

    /// The caller's reviews, and arbitrations that they may take; those not submitted first.
    pub async fn queue(&self, caller: &Caller) -> Result<Vec<Review>, StoreError> {
        let select = format!("{SELECT} WHERE r.reviewer = $1 OR (r.reviewer = '' AND r.submitted_at = '') ORDER BY r.submitted_at, r.id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select)).bind(&caller.name).fetch_all(&self.pool).await?;
        let mut mine = Vec::new();
        for row in &rows {
            let review = Review::of(row)?;
            let mut connection = self.pool.acquire().await?;
            let others = of_visit(&mut connection, &review.sample, &review.visit_id).await?;
            if belongs_to(&review, &others, caller).is_ok() {
                mine.push(review);
            }
        }
        Ok(mine)
    }

    /// Who has which review of a sample and whether it is submitted; nothing of what it says.
    pub async fn given_out(&self, sample: &str) -> Result<Vec<Value>, StoreError> {
        let select = format!("{SELECT} WHERE r.sample = $1 ORDER BY r.id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select)).bind(sample).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let review = Review::of(row)?;
                let mut value = review.line();
                value["reviewer"] = json!(review.reviewer);
                Ok(value)
            })
            .collect()
    }

    /// A review of the caller's; for an arbiter with what the two reviewers said.
    pub async fn review(&self, id: &str, caller: &Caller, now: Timestamp) -> Result<Option<(Review, Vec<Answer>)>, StoreError> {
        let mut transaction = self.begin_change().await?;
        let Some((review, others)) = find(&mut transaction, id).await? else { return Ok(None) };
        if belongs_to(&review, &others, caller).is_err() {
            return Ok(None);
        }
        audit::append(&mut transaction, Deed { actor: &caller.name, action: "review.read", target: id }, now).await?;
        transaction.commit().await?;
        let said = if review.slot == Slot::Arbiter { others } else { Vec::new() };
        Ok(Some((review, said.into_iter().filter(|other| other.slot != Slot::Arbiter).map(|other| other.answer).collect())))
    }

    /// Keeps an answer that is not finished yet; an arbitration becomes that of who writes first.
    pub async fn save_review(
        &self,
        id: &str,
        answer: &Answer,
        is_known: impl Fn(&str) -> bool,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Reviewing, StoreError> {
        let mut transaction = self.begin_change().await?;
        sqlx::query("UPDATE reviews SET answer = answer WHERE id = $1").bind(id).execute(&mut *transaction).await?;
        let (mut review, _) = match open_for(&mut transaction, id, caller).await? {
            Ok(found) => found,
            Err(refused) => return Ok(refused),
        };
        if let Err(what) = answer.check(&review.ids(), is_known) {
            return Ok(Reviewing::Wrong(what));
        }
        sqlx::query("UPDATE reviews SET answer = $1, reviewer = $2 WHERE id = $3")
            .bind(serde_json::to_string(answer)?)
            .bind(&caller.name)
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        audit::append(&mut transaction, Deed { actor: &caller.name, action: "review.save", target: id }, now).await?;
        transaction.commit().await?;
        (review.answer, review.reviewer) = (answer.clone(), caller.name.clone());
        Ok(Reviewing::Done(Box::new(review)))
    }

    /// Submits what was kept. Two reviewers who differ make an arbitration; where everything is said, the verdicts count for their rules.
    pub async fn submit_review(
        &self,
        id: &str,
        caller: &Caller,
        policy: &Policy,
        discipline: Discipline,
        now: Timestamp,
    ) -> Result<Reviewing, StoreError> {
        let mut transaction = self.begin_change().await?;
        // Two reviewers of one visit who submit at once queue up here.
        let lock = "UPDATE sample_visits SET grade = grade WHERE EXISTS
            (SELECT 1 FROM reviews r WHERE r.id = $1 AND r.sample = sample_visits.sample AND r.visit_id = sample_visits.visit_id)";
        sqlx::query(lock).bind(id).execute(&mut *transaction).await?;
        let (mut review, mut all) = match open_for(&mut transaction, id, caller).await? {
            Ok(found) => found,
            Err(refused) => return Ok(refused),
        };
        if review.reviewer.is_empty() || !review.answer.is_finished(&review.ids()) {
            return Ok(Reviewing::Denied(Denied::Unfinished));
        }
        review.submitted_at = stamp(now);
        let submit = "UPDATE reviews SET submitted_at = $1 WHERE id = $2";
        sqlx::query(submit).bind(&review.submitted_at).bind(id).execute(&mut *transaction).await?;
        for other in all.iter_mut().filter(|other| other.id == id) {
            other.submitted_at.clone_from(&review.submitted_at);
        }
        let said = |slot: Slot| all.iter().find(|other| other.slot == slot && other.is_submitted()).map(|other| &other.answer);
        let is_disputed =
            matches!((said(Slot::First), said(Slot::Second)), (Some(first), Some(second)) if needs_arbiter(first, second, policy));
        if is_disputed && review.slot != Slot::Arbiter {
            let arbitration = format!("{}-{}", id.rsplit_once('-').map_or(id, |(place, _)| place), Slot::Arbiter.number());
            add(&mut transaction, &arbitration, (&review.sample, &review.visit_id, Slot::Arbiter), "", now).await?;
        }
        let judged = reviewed(&all, is_disputed);
        for finding in review.ids() {
            let Some(accepted) = judged.verdict(&finding) else { continue };
            let verdict = if accepted { Verdict::Accepted } else { Verdict::Dismissed };
            let given = judged.settled().into_iter().flat_map(|answer| &answer.verdicts).find(|given| given.finding == finding);
            let (reason, note) = given.map_or(("", ""), |given| (given.reason.as_str(), given.note.as_str()));
            let decision =
                Decision { visit_id: &review.visit_id, finding_id: &finding, rule: review.rule_of(&finding), verdict, reason, note };
            decisions::keep(&mut transaction, &decision, &caller.name, discipline, now).await?;
        }
        audit::append(&mut transaction, Deed { actor: &caller.name, action: "review.submit", target: id }, now).await?;
        transaction.commit().await?;
        Ok(Reviewing::Done(Box::new(review)))
    }

    /// The drawn visits of a sample with the answers that were submitted.
    pub async fn reviewed(&self, sample: &Sample) -> Result<Vec<Reviewed>, StoreError> {
        let select = format!("{SELECT} WHERE r.sample = $1 ORDER BY r.visit_id, r.slot");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select)).bind(&sample.id).fetch_all(&self.pool).await?;
        let mut of_visit: HashMap<String, Vec<Review>> = HashMap::new();
        for row in &rows {
            let review = Review::of(row)?;
            of_visit.entry(review.visit_id.clone()).or_default().push(review);
        }
        let with = sample.draw.visits.iter().map(|drawn| {
            let reviews = of_visit.remove(&drawn.visit_id).unwrap_or_default();
            let is_disputed = reviews.iter().any(|review| review.slot == Slot::Arbiter);
            Reviewed { drawn: drawn.clone(), ..reviewed(&reviews, is_disputed) }
        });
        Ok(with.collect())
    }
}

/// The review of that id and all reviews of its visit.
async fn find(connection: &mut AnyConnection, id: &str) -> Result<Option<(Review, Vec<Review>)>, StoreError> {
    let select = format!("{SELECT} WHERE r.id = $1");
    let Some(row) = sqlx::query(sqlx::AssertSqlSafe(select)).bind(id).fetch_optional(&mut *connection).await? else { return Ok(None) };
    let review = Review::of(&row)?;
    let all = of_visit(connection, &review.sample, &review.visit_id).await?;
    Ok(Some((review, all)))
}

/// A review that the caller may still write.
async fn open_for(
    connection: &mut AnyConnection,
    id: &str,
    caller: &Caller,
) -> Result<Result<(Review, Vec<Review>), Reviewing>, StoreError> {
    let Some((review, all)) = find(connection, id).await? else { return Ok(Err(Reviewing::NotFound)) };
    Ok(match belongs_to(&review, &all, caller) {
        Err(None) => Err(Reviewing::NotFound),
        Err(Some(denied)) => Err(Reviewing::Denied(denied)),
        Ok(()) if review.is_submitted() => Err(Reviewing::Denied(Denied::Submitted)),
        Ok(()) => Ok((review, all)),
    })
}

fn reviewed(all: &[Review], is_disputed: bool) -> Reviewed {
    let said = |slot: Slot| all.iter().find(|review| review.slot == slot && review.is_submitted()).map(|review| review.answer.clone());
    Reviewed {
        drawn: crate::review::sampling::Drawn::default(),
        findings: all.first().map_or_else(Vec::new, Review::ids),
        first: said(Slot::First),
        second: said(Slot::Second),
        arbiter: said(Slot::Arbiter),
        is_double: all.iter().any(|review| review.slot == Slot::Second),
        is_disputed,
    }
}
