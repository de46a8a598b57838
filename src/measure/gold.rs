//! Measures the whole check on visits with gold files: `NAME.json` beside `NAME.gold.json`.
//!
//! A finding matches a gold defect when the code is right (`defect` or one of `or`) and the places agree: overlapping words where the gold
//! quotes any, else the same document where it names one; the data of the front page stand for its document. Findings of preview rules are
//! counted apart and never against precision.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::interval::Proportion;
use crate::report::{Finding, Report};
use crate::rules::{Rulebook, Severity};

/// What is wrong in one visit, by its author.
#[derive(Debug, Clone, Deserialize)]
pub struct Gold {
    pub visit_id: String,
    #[serde(default)]
    pub clean: bool,
    pub findings: Vec<Defect>,
    /// Right things that look wrong; kept for people and for the count.
    #[serde(default)]
    pub traps: Vec<serde_json::Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Defect {
    pub defect: String,
    #[serde(default)]
    pub or: Vec<String>,
    #[serde(default)]
    pub document: Option<String>,
    #[serde(default)]
    pub section: Option<String>,
    #[serde(default)]
    pub quote: Option<String>,
    #[serde(default)]
    pub why: String,
}

impl Defect {
    fn has_code(&self, code: &str) -> bool {
        self.defect == code || self.or.iter().any(|other| other == code)
    }

    /// `also`: other codes that the finding's rule stands for.
    fn matches(&self, finding: &Finding, also: &[String]) -> bool {
        if !self.has_code(&finding.defect) && !also.iter().any(|code| self.has_code(code)) {
            return false;
        }
        let Some(document) = &self.document else { return true };
        let quoted_there = finding.evidence.iter().any(|quotation| quotation.document == *document);
        let searched_there = finding.searched.iter().any(|place| place.document == *document);
        match &self.quote {
            None => quoted_there || searched_there || !finding.data.is_empty(),
            Some(quote) => {
                let overlap = |other: &str| {
                    let (quote, other) = (quote.trim(), other.trim());
                    other.contains(quote) || quote.contains(other) || shares_words(quote, other)
                };
                let words = finding.evidence.iter().any(|quotation| quotation.document == *document && overlap(&quotation.quote));
                // What is missing has no words, and structured evidence proves the same defect without quoting the text.
                words
                    || searched_there
                    || (finding.evidence.is_empty() && !finding.data.is_empty())
                    || finding.data.iter().any(|entry| entry.label.contains(quote.as_str()))
                    // The evidence beside it is of other documents: the page itself is seen in the data.
                    || finding.data.iter().any(|entry| entry.path.starts_with("/front_page") && overlap(&without_form_words(&entry.label)))
            }
        }
    }
}

/// A label without the printed words of the page, which every entry shares.
fn without_form_words(label: &str) -> String {
    ["首页诊断:", "首页", "入院病情"].iter().fold(label.to_owned(), |text, word| text.replace(word, " "))
}

/// Overlap of at least four characters in a row.
fn shares_words(a: &str, b: &str) -> bool {
    let characters: Vec<char> = a.chars().collect();
    characters.windows(4).any(|window| b.contains(&window.iter().collect::<String>()))
}

/// Counts over all visits.
#[derive(Debug, Clone, Serialize)]
pub struct GoldReport {
    pub visits: usize,
    pub clean_visits: usize,
    pub traps: usize,
    /// Findings that count (S1–S3) on clean visits.
    pub false_on_clean: usize,
    pub precision: Proportion,
    /// Over all gold defects.
    pub recall: Proportion,
    /// Over the gold defects whose code some stable rule implements.
    pub recall_implemented: Proportion,
    pub f1: f64,
    pub by_code: BTreeMap<String, CodeReport>,
    /// Right and wrong findings of each rule that found something.
    pub by_rule: BTreeMap<String, (usize, usize)>,
    pub missed: Vec<String>,
    pub false_alarms: Vec<String>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct CodeReport {
    pub true_findings: usize,
    pub false_findings: usize,
    pub missed: usize,
    pub precision: Option<Proportion>,
    pub recall: Option<Proportion>,
    pub f1: f64,
}

/// Adds up visits.
#[derive(Debug, Default)]
pub struct GoldCount {
    visits: usize,
    clean: usize,
    traps: usize,
    false_on_clean: usize,
    by_code: BTreeMap<String, CodeReport>,
    by_rule: BTreeMap<String, (usize, usize)>,
    missed: Vec<String>,
    false_alarms: Vec<String>,
}

impl GoldCount {
    /// Compares the findings of one report that count with its gold.
    pub fn add(&mut self, gold: &Gold, report: &Report, rulebook: &Rulebook, counts: impl Fn(&Finding) -> bool) {
        self.visits += 1;
        self.clean += usize::from(gold.clean);
        self.traps += gold.traps.len();
        let mut found = vec![false; gold.findings.len()];
        for finding in report.findings.iter().filter(|finding| counts(finding)) {
            let also = rulebook.rule(&finding.rule).map_or(&[][..], |compiled| &compiled.rule.also);
            let matched: Vec<usize> = (0..gold.findings.len()).filter(|index| gold.findings[*index].matches(finding, also)).collect();
            let (right, wrong) = self.by_rule.entry(finding.rule.clone()).or_default();
            *if matched.is_empty() { wrong } else { right } += 1;
            // Several findings may rest on one defect; none of them is false.
            match matched.iter().find(|index| !found[**index]).or(matched.first()) {
                Some(index) => {
                    if !found[*index] {
                        found[*index] = true;
                        self.by_code.entry(gold.findings[*index].defect.clone()).or_default().true_findings += 1;
                    }
                }
                None => {
                    self.by_code.entry(finding.defect.clone()).or_default().false_findings += 1;
                    if gold.clean && finding.severity <= Severity::S3 {
                        self.false_on_clean += 1;
                    }
                    self.false_alarms.push(format!("{} {} {}: {}", gold.visit_id, finding.defect, finding.rule, finding.message));
                }
            }
        }
        for (defect, _) in gold.findings.iter().zip(&found).filter(|(_, found)| !**found) {
            self.by_code.entry(defect.defect.clone()).or_default().missed += 1;
            let place = [defect.document.as_deref(), defect.section.as_deref(), defect.quote.as_deref()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("/");
            self.missed.push(format!("{} {} {place}: {}", gold.visit_id, defect.defect, defect.why));
        }
    }

    /// The figures. `implemented` says which codes some stable rule has.
    pub fn finish(mut self, implemented: impl Fn(&str) -> bool) -> GoldReport {
        let (mut true_findings, mut false_findings, mut missed, mut missed_implemented, mut true_implemented) = (0, 0, 0, 0, 0);
        for (code, counts) in &mut self.by_code {
            true_findings += counts.true_findings;
            false_findings += counts.false_findings;
            missed += counts.missed;
            if implemented(code) {
                missed_implemented += counts.missed;
                true_implemented += counts.true_findings;
            }
            let (found, gold) = (counts.true_findings + counts.false_findings, counts.true_findings + counts.missed);
            counts.precision = (found > 0).then(|| Proportion::new(counts.true_findings, found));
            counts.recall = (gold > 0).then(|| Proportion::new(counts.true_findings, gold));
            counts.f1 = if found + gold == 0 { 0.0 } else { 2.0 * counts.true_findings as f64 / (found + gold) as f64 };
        }
        let total = 2 * true_findings + false_findings + missed;
        GoldReport {
            visits: self.visits,
            clean_visits: self.clean,
            traps: self.traps,
            false_on_clean: self.false_on_clean,
            precision: Proportion::new(true_findings, true_findings + false_findings),
            recall: Proportion::new(true_findings, true_findings + missed),
            recall_implemented: Proportion::new(true_implemented, true_implemented + missed_implemented),
            f1: if total == 0 { 0.0 } else { 2.0 * true_findings as f64 / total as f64 },
            by_code: self.by_code,
            by_rule: self.by_rule,
            missed: self.missed,
            false_alarms: self.false_alarms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_the_front_page_share_words_with_quotes_of_it() {
        let label = without_form_words("首页 骶尾部压力性损伤2期 入院病情:有");
        assert!(shares_words("骶尾部压力性损伤2期(有)", &label));
        assert!(!shares_words("切口感染 T81.401 入院病情:有", &label));
    }
}
