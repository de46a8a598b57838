//! [`Policy`]: must-check lists and limits of review, from `rules/review.toml`.

use serde::Deserialize;

use crate::data::DataFolder;
use crate::problem::Problem;
use crate::record::Disposition;
use crate::rules::Severity;

const FILE: &str = "review.toml";

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub arbitration: Arbitration,
    pub risk: Risk,
    pub stay: Stay,
    #[serde(rename = "list")]
    pub lists: Vec<List>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arbitration {
    /// Scores that differ by more go to a third person.
    pub points: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    pub low_confidence: f64,
    pub severities: Vec<Severity>,
    pub grades: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    /// The last day of each stratum but the longest, rising.
    pub edges: Vec<i64>,
}

/// A must-check list: every condition that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct List {
    pub id: String,
    pub name: String,
    pub died: bool,
    pub dispositions: Vec<Disposition>,
    pub stay_days_over: Option<i64>,
    /// An operation of this level or above.
    pub operation_level: Option<u8>,
    /// An operation that was not elective after another one of the visit.
    pub reoperation: bool,
    /// Admitted so soon after an earlier stay of the same patient.
    pub readmitted_within_days: Option<i64>,
    pub rescued: bool,
    pub critical_value: bool,
    pub transfusion_reaction: bool,
    pub order_classes: Vec<String>,
    pub age_days_under: Option<i64>,
    /// Words in the title of a document.
    pub titles: Vec<String>,
}

impl Policy {
    pub fn load(folder: &DataFolder) -> Result<Self, Problem> {
        let Some(file) = &folder.file_or_shipped(FILE) else { return Ok(Self::default()) };
        let policy: Self = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        if !policy.stay.edges.is_sorted() {
            return Err(Problem::at_text(file, "edges", "the edges rise"));
        }
        let mut seen = std::collections::HashSet::new();
        for list in &policy.lists {
            let empty = List { id: list.id.clone(), name: list.name.clone(), ..List::default() };
            if list.id.is_empty() || list.name.is_empty() || !seen.insert(&list.id) {
                return Err(Problem::at_text(file, &list.id, "a list has an id of its own and a name"));
            }
            if *list == empty {
                return Err(Problem::at_text(file, &list.id, "a list names at least one condition"));
            }
        }
        Ok(policy)
    }

    pub fn list(&self, id: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.id == id)
    }

    /// The stratum of a length of stay: `≤7天`, `8–14天`, `>30天`.
    pub fn stay_stratum(&self, days: Option<i64>) -> String {
        let Some(days) = days else { return "住院天数不详".to_owned() };
        let edges = &self.stay.edges;
        match edges.iter().position(|edge| days <= *edge) {
            Some(0) => format!("≤{}天", edges[0]),
            Some(at) => format!("{}–{}天", edges[at - 1] + 1, edges[at]),
            None => edges.last().map_or_else(String::new, |last| format!(">{last}天")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_lists_load_and_stays_fall_into_strata() {
        let policy = Policy::load(&DataFolder::embedded()).unwrap_or_else(|problem| panic!("{problem}"));
        assert!(policy.list("death").is_some_and(|list| list.died));
        let strata = [Some(7), Some(8), Some(31), None].map(|days| policy.stay_stratum(days));
        assert_eq!(strata, ["≤7天", "8–14天", ">30天", "住院天数不详"]);
    }
}
