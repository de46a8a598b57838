//! [`judge`]: where one visit stands with one indicator, with the facts that decided it.

use std::cell::OnceCell;

use super::book::{Book, Compiled};
use super::fact::Verdict;
use super::logic::{Facts, Truth};
use super::{Method, NotDocumented, Standing};
use crate::rules::{Rulebook, Subject};

/// Where a visit stands, and why.
#[derive(Debug, Clone)]
pub struct Judgement {
    pub standing: Standing,
    /// Why the visit was left out of the denominator that would hold it.
    pub excluded: Option<String>,
    /// The numerator's own value: what is not documented is not met, but a person may want to know the difference.
    pub numerator: Truth,
    /// Facts that were asked for, by id in order of the name.
    pub facts: Vec<(String, Verdict)>,
}

/// Judges one visit. Facts are verified once, and only those that the logic asks for.
pub fn judge(book: &Book, compiled: &Compiled, subject: &Subject<'_>, rulebook: &Rulebook) -> Judgement {
    let known = Known::new(book, compiled, subject, rulebook);
    let indicator = &compiled.indicator;
    let mut judgement = Judgement { standing: Standing::Out, excluded: None, numerator: Truth::NotDocumented, facts: Vec::new() };
    if indicator.method != Method::Manual && indicator.denominator.judge(&known).is_true() {
        match indicator.exclude.iter().find(|exclusion| exclusion.when.judge(&known).is_true()) {
            Some(exclusion) => judgement.excluded = Some(exclusion.why.clone()),
            None => {
                judgement.numerator = indicator.numerator.judge(&known);
                match (judgement.numerator, indicator.not_documented) {
                    (Truth::True, _) => judgement.standing = Standing::Met,
                    (Truth::NotDocumented, NotDocumented::LeftOut) => judgement.excluded = Some("资料不足,未能判断".to_owned()),
                    _ => judgement.standing = Standing::Unmet,
                }
            }
        }
    }
    judgement.facts = known.verdicts();
    judgement
}

/// The numerator alone, for a text whose denominator is taken for granted.
pub fn judge_numerator(book: &Book, compiled: &Compiled, subject: &Subject<'_>, rulebook: &Rulebook) -> Judgement {
    let known = Known::new(book, compiled, subject, rulebook);
    let numerator = compiled.indicator.numerator.judge(&known);
    for id in compiled.indicator.cmqcic.iter().flat_map(|benchmark| &benchmark.facts).filter(|id| !id.is_empty()) {
        known.verdict(id);
    }
    let standing = if numerator.is_true() { Standing::Met } else { Standing::Unmet };
    Judgement { standing, excluded: None, numerator, facts: known.verdicts() }
}

/// Verdicts as they are asked for.
struct Known<'a> {
    book: &'a Book,
    compiled: &'a Compiled,
    subject: &'a Subject<'a>,
    rulebook: &'a Rulebook,
    verdicts: Vec<OnceCell<Verdict>>,
    /// Ids in order; `verdicts` stands beside them.
    ids: Vec<&'a String>,
}

impl<'a> Known<'a> {
    fn new(book: &'a Book, compiled: &'a Compiled, subject: &'a Subject<'a>, rulebook: &'a Rulebook) -> Self {
        let ids: Vec<&String> = compiled.facts.keys().collect();
        Self { book, compiled, subject, rulebook, verdicts: ids.iter().map(|_| OnceCell::new()).collect(), ids }
    }

    fn verdict(&self, id: &str) -> Option<&Verdict> {
        let index = self.ids.binary_search_by(|known| known.as_str().cmp(id)).ok()?;
        let fact = *self.compiled.facts.get(id)?;
        Some(self.verdicts[index].get_or_init(|| self.book.facts[fact].verify(self.subject, self.rulebook, &self.book.sheet)))
    }

    fn verdicts(self) -> Vec<(String, Verdict)> {
        self.ids.into_iter().zip(self.verdicts).filter_map(|(id, cell)| Some((id.clone(), cell.into_inner()?))).collect()
    }
}

impl Facts for Known<'_> {
    fn truth(&self, id: &str) -> Truth {
        self.verdict(id).map_or(Truth::NotDocumented, |verdict| verdict.truth)
    }

    fn value(&self, id: &str) -> Option<f64> {
        self.verdict(id).and_then(|verdict| verdict.value)
    }
}
