//! Many visits scored again: what is to be scored, by what, and what a line of the result says. Pure; `store` keeps it and `service` runs it.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::report::Line;
use crate::report::line::LineFinding;

/// A rulebook and a score sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The name that the service knows the rulebook by.
    pub rulebook: String,
    /// `sha256:…`: a node that holds another one under this name leaves the batch alone.
    pub digest: String,
    pub sheet: String,
}

/// How a batch judges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    #[serde(flatten)]
    pub side: Side,
    /// What each visit is judged by as well, and compared with.
    pub against: Option<Side>,
    /// Whether the language model takes part.
    pub model: bool,
    /// The local moment for visits that don't say theirs.
    pub now: DateTime,
}

/// One visit of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// From 1: the line of what was sent, or the visit's place in the selection.
    pub line: usize,
    #[serde(flatten)]
    pub held: Held,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    Text(String),
    /// Why there is no visit.
    Error(String),
    /// A version in the store, and the moment that it was last judged for.
    Stored {
        visit_id: String,
        version: i64,
        at: DateTime,
    },
}

/// The most that differs between the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    Findings,
    Score,
    Grade,
}

/// One line of the result where two rulebooks or sheets are compared. Findings are the same by their id.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    pub sheet: Option<String>,
    pub total: Option<f64>,
    pub grade: Option<String>,
    /// Findings of this side alone, of the other side alone, and of both with other points.
    pub new: Vec<LineFinding>,
    pub gone: Vec<LineFinding>,
    pub points: Vec<Points>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Points {
    pub id: String,
    pub rule: String,
    pub from: f64,
    pub to: f64,
}

/// A visit of the result.
#[derive(Debug, Serialize)]
struct Scored<'a> {
    line: usize,
    #[serde(flatten)]
    score: &'a Line,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<Comparison>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Changed>,
}

/// The part of a line by which it is chosen.
#[derive(Debug, Deserialize)]
struct Choice {
    changed: Option<Changed>,
}

/// Whether a line of the result differs by so much at least.
pub fn differs(line: &str, least: Changed) -> bool {
    serde_json::from_str::<Choice>(line).is_ok_and(|choice| choice.changed.is_some_and(|changed| changed >= least))
}

/// What lines of a result add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub visits: usize,
    /// Lines that are no visit.
    pub errors: usize,
    pub grades: BTreeMap<String, usize>,
    /// `甲→乙`: from the side that is compared with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moves: BTreeMap<String, usize>,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.visits += other.visits;
        self.errors += other.errors;
        for (sums, parts) in [(&mut self.grades, &other.grades), (&mut self.moves, &other.moves)] {
            parts.iter().for_each(|(name, count)| *sums.entry(name.clone()).or_default() += count);
        }
    }
}

/// Lines of a result as they grow.
#[derive(Debug, Default)]
pub struct Results {
    /// NDJSON.
    pub text: String,
    pub tally: Tally,
}

impl Results {
    pub fn add_error(&mut self, line: usize, visit_id: Option<&str>, error: &str) {
        self.tally.errors += 1;
        let mut value = json!({ "line": line });
        if let Some(visit_id) = visit_id {
            value["visit_id"] = json!(visit_id);
        }
        value["error"] = json!(error);
        self.push(&value.to_string());
    }

    /// `against`: the same visit by the other side.
    pub fn add(&mut self, line: usize, score: &Line, against: Option<&Line>) -> Result<(), serde_json::Error> {
        let comparison = against.map(|against| compare(against, score));
        let changed = comparison.as_ref().and_then(|comparison| comparison.changed(score));
        let text = serde_json::to_string(&Scored { line, score, against: comparison, changed })?;
        self.tally.visits += 1;
        let word = |grade: &Option<String>| grade.clone().unwrap_or_else(|| "无".to_owned());
        *self.tally.grades.entry(word(&score.grade)).or_default() += 1;
        if let (Some(against), Some(Changed::Grade)) = (against, changed) {
            *self.tally.moves.entry(format!("{}→{}", word(&against.grade), word(&score.grade))).or_default() += 1;
        }
        self.push(&text);
        Ok(())
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

impl Comparison {
    fn changed(&self, score: &Line) -> Option<Changed> {
        if self.grade != score.grade {
            return Some(Changed::Grade);
        }
        if self.total != score.total {
            return Some(Changed::Score);
        }
        let is_same = self.new.is_empty() && self.gone.is_empty() && self.points.is_empty();
        (!is_same).then_some(Changed::Findings)
    }
}

fn compare(from: &Line, to: &Line) -> Comparison {
    let by_id = |line: &Line| -> BTreeMap<String, LineFinding> {
        line.findings.iter().map(|finding| (finding.id.clone(), finding.clone())).collect()
    };
    let (before, after) = (by_id(from), by_id(to));
    let only = |these: &BTreeMap<String, LineFinding>, those: &BTreeMap<String, LineFinding>| -> Vec<LineFinding> {
        these.iter().filter(|(id, _)| !those.contains_key(*id)).map(|(_, finding)| finding.clone()).collect()
    };
    let points = after.values().filter_map(|finding| {
        let old = before.get(&finding.id).filter(|old| old.points != finding.points)?;
        Some(Points { id: finding.id.clone(), rule: finding.rule.clone(), from: old.points, to: finding.points })
    });
    Comparison {
        sheet: from.sheet.clone(),
        total: from.total,
        grade: from.grade.clone(),
        new: only(&after, &before),
        gone: only(&before, &after),
        points: points.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Severity;

    fn line(grade: &str, total: f64, findings: &[(&str, f64)]) -> Line {
        let finding = |(id, points): &(&str, f64)| LineFinding {
            id: (*id).to_owned(),
            rule: format!("rule-{id}"),
            defect: "C-A01".to_owned(),
            severity: Severity::S2,
            points: *points,
        };
        Line {
            visit_id: "V1".to_owned(),
            sheet: Some("sheet".to_owned()),
            total: Some(total),
            grade: Some(grade.to_owned()),
            vetoes: 0,
            findings: findings.iter().map(finding).collect(),
            ran: 1,
            skipped: 0,
            not_evaluated: 0,
        }
    }

    #[test]
    fn a_comparison_names_what_came_went_and_weighs_otherwise() {
        let compared = compare(&line("甲", 92.0, &[("a", 5.0), ("b", 3.0)]), &line("乙", 88.0, &[("b", 2.0), ("c", 10.0)]));
        let ids = |findings: &[LineFinding]| findings.iter().map(|finding| finding.id.clone()).collect::<Vec<_>>();
        assert_eq!((ids(&compared.new), ids(&compared.gone)), (vec!["c".to_owned()], vec!["a".to_owned()]));
        assert_eq!(compared.points, [Points { id: "b".to_owned(), rule: "rule-b".to_owned(), from: 3.0, to: 2.0 }]);
    }

    #[test]
    fn a_line_is_chosen_by_the_most_that_differs_and_counted_where_the_grade_does() {
        let before = line("甲", 92.0, &[("a", 8.0)]);
        let cases = [
            (before.clone(), None),
            (line("甲", 92.0, &[("b", 8.0)]), Some(Changed::Findings)),
            (line("甲", 91.0, &[("a", 9.0)]), Some(Changed::Score)),
            (line("乙", 84.0, &[("a", 16.0)]), Some(Changed::Grade)),
        ];
        let mut results = Results::default();
        for (number, (after, changed)) in cases.iter().enumerate() {
            results.add(number + 1, after, Some(&before)).expect("it can be written");
            let text = results.text.lines().last().expect("a line");
            for least in [Changed::Findings, Changed::Score, Changed::Grade] {
                assert_eq!(differs(text, least), changed.is_some_and(|changed| changed >= least), "{text}");
            }
        }
        results.add_error(5, None, "没有内容");
        assert_eq!(results.text.lines().last(), Some(r#"{"line":5,"error":"没有内容"}"#));
        let wanted = Tally {
            visits: 4,
            errors: 1,
            grades: [("甲".to_owned(), 3), ("乙".to_owned(), 1)].into(),
            moves: [("甲→乙".to_owned(), 1)].into(),
        };
        assert_eq!(results.tally, wanted);
        let mut sum = wanted.clone();
        sum.add(&wanted);
        assert_eq!((sum.visits, sum.errors, sum.grades["甲"], sum.moves["甲→乙"]), (8, 2, 6, 2));
    }

    #[test]
    fn an_item_comes_back_as_it_was_kept() {
        let at = "2026-03-05T10:00:00".parse().expect("a moment");
        let held = [
            Held::Text("{\"visit_id\": \"甲\"}".to_owned()),
            Held::Error("没有内容".to_owned()),
            Held::Stored { visit_id: "V1".to_owned(), version: 3, at },
        ];
        let items: Vec<Item> = held.into_iter().enumerate().map(|(index, held)| Item { line: index + 1, held }).collect();
        let text = serde_json::to_string(&items).expect("JSON");
        assert_eq!(serde_json::from_str::<Vec<Item>>(&text).expect("the same"), items);
    }
}
