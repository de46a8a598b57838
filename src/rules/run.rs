//! Runs a rulebook over one subject: each rule alone, behind a panic guard, in parallel, with results in the rulebook's order.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

use super::applies::Applicability;
use super::judge::{Candidate, NEEDS_MODEL};
use super::rulebook::Compiled;
use super::switch::Switched;
use super::{Duty, Hit, Outcome, Rulebook, Status, Subject};

/// What one rule said of one visit.
#[derive(Debug, Clone)]
pub enum Judgement {
    Ran(Outcome),
    /// It does not concern this visit.
    NotApplicable,
    /// It will once the stay is longer; its duties are known already.
    NotYet,
    /// It failed; the report says so and never counts it as a pass.
    NotEvaluated(String),
}

/// Everything the rulebook said of one visit.
#[derive(Default)]
pub struct RunResult<'b> {
    /// Rules that hit, with their hits, in the rulebook's order.
    pub hits: Vec<(&'b Compiled, Vec<Hit>)>,
    pub duties: Vec<(&'b Compiled, Duty)>,
    /// Rules that ask the language model, with the passages.
    pub asked: Vec<(&'b Compiled, Vec<Candidate>)>,
    /// How many rules ran to their end.
    pub ran: usize,
    pub not_applicable: usize,
    /// Rule and why.
    pub skipped: Vec<(&'b Compiled, String)>,
    pub not_evaluated: Vec<(&'b Compiled, String)>,
}

impl Rulebook {
    /// Runs the rules that are on and hold in the subject's phase.
    pub fn run<'b>(&'b self, subject: &Subject<'_>) -> RunResult<'b> {
        self.run_those(subject, &Switched::default(), |_, _| true)
    }

    /// Runs those of them that are wanted; a rule's status may be another than its file's.
    pub fn run_those<'b>(
        &'b self,
        subject: &Subject<'_>,
        switched: &Switched<'_>,
        wanted: impl Fn(&Compiled, Status) -> bool,
    ) -> RunResult<'b> {
        let runs = |compiled: &&Compiled| {
            let status = switched.status(&compiled.rule);
            status.is_on() && compiled.rule.phases.contains(&subject.phase) && wanted(compiled, status)
        };
        let selected: Vec<&Compiled> = self.rules.iter().filter(runs).collect();
        let judged: Vec<(Judgement, Vec<Duty>)> = selected
            .par_iter()
            .with_min_len(16)
            .map(|compiled| {
                let judgement = judge(compiled, subject);
                if !matches!(judgement, Judgement::Ran(_) | Judgement::NotYet) {
                    return (judgement, Vec::new());
                }
                match guarded(|| compiled.check.duties(subject)) {
                    Ok(duties) => (judgement, duties),
                    // Hits without their duties would be half an answer.
                    Err(error) => (Judgement::NotEvaluated(error), Vec::new()),
                }
            })
            .collect();
        let mut result = RunResult::default();
        for (compiled, (judgement, duties)) in selected.into_iter().zip(judged) {
            match judgement {
                Judgement::Ran(Outcome::Ran(hits)) => {
                    result.ran += 1;
                    if !hits.is_empty() {
                        result.hits.push((compiled, hits));
                    }
                }
                Judgement::Ran(Outcome::Skipped(why)) => result.skipped.push((compiled, why)),
                Judgement::NotApplicable | Judgement::NotYet => result.not_applicable += 1,
                Judgement::Ran(Outcome::Asks(candidates)) => result.asked.push((compiled, candidates)),
                Judgement::NotEvaluated(error) => result.not_evaluated.push((compiled, error)),
            }
            result.duties.extend(duties.into_iter().map(|duty| (compiled, duty)));
        }
        result
    }
}

impl RunResult<'_> {
    /// Without a model what was asked stays unanswered, and that is no pass.
    pub fn leave_unanswered(&mut self) {
        let asked = std::mem::take(&mut self.asked);
        self.skipped.extend(asked.into_iter().map(|(compiled, _)| (compiled, NEEDS_MODEL.to_owned())));
    }
}

/// Judges one rule; a panic inside it becomes [`Judgement::NotEvaluated`].
pub fn judge(compiled: &Compiled, subject: &Subject<'_>) -> Judgement {
    match guarded(|| match compiled.scope.judge(subject) {
        Applicability::Yes => Judgement::Ran(compiled.check.run(subject)),
        Applicability::No => Judgement::NotApplicable,
        Applicability::NotYet => Judgement::NotYet,
        Applicability::Unknown(why) => Judgement::Ran(Outcome::Skipped(why)),
    }) {
        Ok(judgement) => judgement,
        Err(error) => Judgement::NotEvaluated(error),
    }
}

fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic without a message".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::super::applies::{Applies, Scope};
    use super::super::{Check, Knowledge, Phase};
    use super::*;
    use crate::data::DataFolder;
    use crate::record::Visit;

    struct Broken;

    impl Check for Broken {
        fn run(&self, _: &Subject<'_>) -> Outcome {
            panic!("this rule is broken")
        }
    }

    #[test]
    fn a_rule_that_panics_is_not_evaluated_and_loses_nothing_else() {
        let folder = DataFolder::embedded();
        let mut rulebook = Rulebook::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
        let knowledge = Knowledge::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
        let scope = Scope::prepare(&Applies::default(), knowledge.documents()).expect("an empty scope");
        let visit = Visit { visit_id: "V".to_owned(), ..Visit::default() };
        let reading = knowledge.reader.read(&visit);
        let at = jiff::civil::date(2026, 3, 5).at(0, 0, 0, 0);
        let subject = Subject::of(&visit, &reading, &knowledge, at, Phase::Terminal);
        let before = rulebook.run(&subject).ran;
        let template = &rulebook.rules[0];
        let (rule, file) = (template.rule.clone(), template.file.clone());
        rulebook.rules.push(Compiled {
            rule: super::super::Rule { phases: vec![Phase::Terminal], ..rule },
            file,
            scope,
            check: Box::new(Broken),
        });
        let result = rulebook.run(&subject);
        assert_eq!(result.ran, before);
        assert_eq!(result.not_evaluated.len(), 1);
        assert!(result.not_evaluated[0].1.contains("broken"));
    }
}
