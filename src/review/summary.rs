//! What the reviews of a sample add up to: agreement of two reviewers, acceptance of the program's findings, and what it missed.

use serde_json::{Value, json};

use super::agreement::{icc, miss_rate, positive_agreement, weighted_kappa};
use super::answer::Answer;
use super::sampling::{Drawn, Part};
use crate::interval::Proportion;

/// A drawn visit with the answers that were submitted.
#[derive(Debug, Clone)]
pub struct Reviewed {
    pub drawn: Drawn,
    /// Ids of the program's findings that were judged.
    pub findings: Vec<String>,
    pub first: Option<Answer>,
    pub second: Option<Answer>,
    pub arbiter: Option<Answer>,
    /// A second review is or was to be made.
    pub is_double: bool,
    /// A third person is or was to judge.
    pub is_disputed: bool,
}

impl Reviewed {
    /// The answers that hold: the arbiter's, else those of the reviewers once all of them are there.
    pub fn settled(&self) -> Vec<&Answer> {
        match (&self.arbiter, &self.first, &self.second) {
            (Some(arbiter), _, _) => vec![arbiter],
            _ if self.is_disputed => Vec::new(),
            (None, Some(first), Some(second)) => vec![first, second],
            (None, Some(only), None) if !self.is_double => vec![only],
            _ => Vec::new(),
        }
    }

    /// Whether a finding holds; `None` where reviewers who otherwise agree differ in it.
    pub fn verdict(&self, finding: &str) -> Option<bool> {
        let said: Vec<bool> = self.settled().into_iter().filter_map(|answer| answer.verdict(finding)).collect();
        let first = *said.first()?;
        said.iter().all(|verdict| *verdict == first).then_some(first)
    }
}

/// Defects that both named, only the first, only the second.
fn named(visit: &Reviewed, first: &Answer, second: &Answer) -> (usize, usize, usize) {
    let (mut both, mut only_first, mut only_second) = (0, 0, 0);
    for finding in &visit.findings {
        match (first.verdict(finding) == Some(true), second.verdict(finding) == Some(true)) {
            (true, true) => both += 1,
            (true, false) => only_first += 1,
            (false, true) => only_second += 1,
            (false, false) => {}
        }
    }
    let mut left: Vec<_> = second.added.iter().collect();
    for added in &first.added {
        match left.iter().position(|other| other.is_same(added)) {
            Some(at) => {
                left.swap_remove(at);
                both += 1;
            }
            None => only_first += 1,
        }
    }
    (both, only_first, only_second + left.len())
}

/// κ on grades (linear weights), positive agreement on defects, ICC(2,1) on scores, acceptance of findings, and the miss-rate among visits
/// without findings: those of the `clean` part and of must-check lists, each with its weight. A visit counts as missed where anyone whose answer
/// holds added something.
pub fn summarise(visits: &[Reviewed]) -> Value {
    let pairs: Vec<(&Reviewed, &Answer, &Answer)> =
        visits.iter().filter_map(|visit| Some((visit, visit.first.as_ref()?, visit.second.as_ref()?))).collect();
    let grades: Vec<(usize, usize)> =
        pairs.iter().filter_map(|(_, first, second)| Some((first.grade_index()?, second.grade_index()?))).collect();
    let scores: Vec<Vec<f64>> = pairs.iter().filter_map(|(_, first, second)| Some(vec![first.total?, second.total?])).collect();
    let apart: f64 = scores.iter().map(|row| (row[0] - row[1]).abs()).sum();
    let (mut both, mut first_only, mut second_only) = (0, 0, 0);
    for (visit, first, second) in &pairs {
        let counts = named(visit, first, second);
        both += counts.0;
        first_only += counts.1;
        second_only += counts.2;
    }
    let settled: Vec<&Reviewed> = visits.iter().filter(|visit| !visit.settled().is_empty()).collect();
    let judged: Vec<bool> = settled.iter().flat_map(|visit| visit.findings.iter().filter_map(|finding| visit.verdict(finding))).collect();
    let is_clean = |visit: &&&Reviewed| visit.drawn.clean && matches!(visit.drawn.part, Part::Clean | Part::Must);
    let missed: Vec<(bool, f64)> = settled
        .iter()
        .filter(is_clean)
        .map(|visit| (visit.settled().iter().any(|answer| !answer.added.is_empty()), visit.drawn.weight))
        .collect();
    json!({
        "visits": visits.len(),
        "settled": settled.len(),
        "double": pairs.len(),
        "disputed": visits.iter().filter(|visit| visit.is_disputed).count(),
        "grades": {
            "pairs": grades.len(), "same": grades.iter().filter(|(a, b)| a == b).count(), "kappa": weighted_kappa(&grades, 3), "weights": "linear",
        },
        "defects": {
            "both": both, "first_only": first_only, "second_only": second_only,
            "positive_agreement": positive_agreement(both, first_only, second_only),
        },
        "scores": {
            "pairs": scores.len(), "icc": icc(&scores), "model": "ICC(2,1)",
            "mean_difference": (!scores.is_empty()).then(|| apart / scores.len() as f64),
        },
        "findings": { "accepted": Proportion::new(judged.iter().filter(|accepted| **accepted).count(), judged.len()) },
        "missed": miss_rate(&missed),
    })
}

#[cfg(test)]
mod tests {
    use super::super::answer::{Added, Judgement};
    use super::*;

    fn answer(total: f64, grade: &str, accepted: &[(&str, bool)], added: &[(&str, &str)]) -> Answer {
        Answer {
            verdicts: accepted
                .iter()
                .map(|(finding, accepted)| Judgement { finding: (*finding).to_owned(), accepted: *accepted, ..Judgement::default() })
                .collect(),
            added: added
                .iter()
                .map(|(defect, quote)| Added { defect: (*defect).to_owned(), quote: (*quote).to_owned(), ..Added::default() })
                .collect(),
            total: Some(total),
            grade: grade.to_owned(),
        }
    }

    fn visit(part: Part, clean: bool, weight: f64, findings: &[&str], first: Answer, second: Option<Answer>) -> Reviewed {
        Reviewed {
            drawn: Drawn { visit_id: "V".to_owned(), part, stratum: String::new(), weight, clean, lists: Vec::new() },
            findings: findings.iter().map(|finding| (*finding).to_owned()).collect(),
            is_double: second.is_some(),
            first: Some(first),
            second,
            arbiter: None,
            is_disputed: false,
        }
    }

    #[test]
    fn two_reviewers_and_a_program_by_hand() {
        let first = answer(90.0, "甲", &[("f", true), ("g", true)], &[("C-H01", "咳嗽3天")]);
        let second = answer(92.0, "甲", &[("f", true), ("g", false)], &[("C-H01", "咳嗽"), ("C-A02", "女")]);
        let mut visits = vec![
            visit(Part::Random, false, 1.0, &["f", "g"], first, Some(second)),
            visit(Part::Random, false, 1.0, &[], answer(80.0, "乙", &[], &[]), Some(answer(82.0, "乙", &[], &[]))),
            visit(Part::Clean, true, 2.0, &[], answer(90.0, "甲", &[], &[("C-H01", "x")]), None),
            visit(Part::Clean, true, 2.0, &[], answer(90.0, "甲", &[], &[]), None),
            // Clean, but drawn with no known chance: no part of the rate.
            visit(Part::Random, true, 9.0, &[], answer(90.0, "甲", &[], &[("C-H01", "x")]), None),
        ];
        let figures = summarise(&visits);
        // f and 咳嗽 by both, g by the first, C-A02 by the second: 2·2 / (2·2 + 1 + 1) = 0.667.
        assert_eq!(figures["defects"]["both"], 2);
        assert!(figures["defects"]["positive_agreement"].as_f64().is_some_and(|share| (share - 2.0 / 3.0).abs() < 1e-9));
        assert_eq!(figures["grades"]["kappa"], 1.0);
        // MSR 100, MSC 4, MSE 0: 100 / (100 + 0 + 2·4/2) = 0.9615.
        assert!(figures["scores"]["icc"].as_f64().is_some_and(|icc| (icc - 0.9615).abs() < 1e-4), "{figures}");
        assert_eq!(figures["findings"]["accepted"]["total"], 1, "g is not agreed on");
        assert_eq!((&figures["missed"]["hits"], &figures["missed"]["total"]), (&json!(1), &json!(2)));
        assert_eq!(figures["settled"], 5);
        visits[0].is_disputed = true;
        assert_eq!(summarise(&visits)["settled"], 4, "until somebody has judged");
    }
}
