//! [`Replay`]: what another rulebook would change on visits that were scored by both, for the person who lets it into use: findings by rule,
//! and how many of those that people judged were right, before and after.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::interval::Proportion;
use crate::report::line::LineFinding;

/// A line of a batch that compares, as far as it is needed here.
#[derive(Debug, Deserialize)]
struct Compared {
    visit_id: String,
    findings: Vec<LineFinding>,
    against: Other,
}

#[derive(Debug, Deserialize)]
struct Other {
    new: Vec<LineFinding>,
    gone: Vec<LineFinding>,
}

/// How often a rule's findings came and went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    pub new: usize,
    pub gone: usize,
}

/// Findings that people judged, of one rulebook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Judged {
    right: usize,
    total: usize,
}

#[derive(Debug, Default)]
pub struct Replay {
    rules: BTreeMap<String, RuleChange>,
    before: Judged,
    after: Judged,
    /// New findings that nobody judged yet.
    unjudged: usize,
}

/// The sum, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub rules: BTreeMap<String, RuleChange>,
    /// Of the findings that people judged: how many they accepted. Before, and after.
    pub precision_before: Proportion,
    pub precision_after: Proportion,
    /// New findings that nobody has judged.
    pub unjudged: usize,
}

impl Replay {
    /// Adds a line of the result; `verdict` of a visit's finding is whether it was accepted. Lines of error change nothing.
    pub fn add(&mut self, line: &str, verdict: impl Fn(&str, &str) -> Option<bool>) {
        let Ok(compared) = serde_json::from_str::<Compared>(line) else { return };
        let judge = |judged: &mut Judged, finding: &LineFinding| {
            if let Some(right) = verdict(&compared.visit_id, &finding.id) {
                judged.total += 1;
                judged.right += usize::from(right);
                return true;
            }
            false
        };
        let new: HashSet<&str> = compared.against.new.iter().map(|finding| finding.id.as_str()).collect();
        for finding in &compared.findings {
            let is_judged = judge(&mut self.after, finding);
            if new.contains(finding.id.as_str()) {
                self.rules.entry(finding.rule.clone()).or_default().new += 1;
                self.unjudged += usize::from(!is_judged);
            } else {
                judge(&mut self.before, finding);
            }
        }
        for finding in &compared.against.gone {
            judge(&mut self.before, finding);
            self.rules.entry(finding.rule.clone()).or_default().gone += 1;
        }
    }

    pub fn change(self) -> Change {
        let share = |judged: Judged| Proportion::new(judged.right, judged.total);
        Change { precision_before: share(self.before), precision_after: share(self.after), rules: self.rules, unjudged: self.unjudged }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn findings_that_came_and_went_are_counted_with_what_people_said_of_them() {
        let finding = |id: &str, rule: &str| json!({ "id": id, "rule": rule, "defect": "C-A01", "severity": "S2", "points": 1.0 });
        // Kept: k (right); gone: g (wrong); new: n (right), m (nobody said).
        let line = json!({
            "line": 1, "visit_id": "V", "findings": [finding("k", "a"), finding("n", "b"), finding("m", "b")],
            "against": { "new": [finding("n", "b"), finding("m", "b")], "gone": [finding("g", "a")], "points": [] },
        });
        let verdict = |visit: &str, id: &str| match (visit, id) {
            ("V", "k" | "n") => Some(true),
            ("V", "g") => Some(false),
            _ => None,
        };
        let mut replay = Replay::default();
        replay.add(&line.to_string(), verdict);
        replay.add(r#"{"line":2,"error":"没有内容"}"#, verdict);
        let change = replay.change();
        assert_eq!(change.rules["a"], RuleChange { new: 0, gone: 1 });
        assert_eq!(change.rules["b"], RuleChange { new: 2, gone: 0 });
        assert_eq!((change.precision_before.hits, change.precision_before.total), (1, 2));
        assert_eq!((change.precision_after.hits, change.precision_after.total, change.unjudged), (2, 2, 1));
    }
}
