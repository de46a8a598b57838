//! What the `judge` rules of a rulebook teach: their cases as examples.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::heads::signs::signs;
use super::heads::{Example, Lesson, Source};
use super::packed::digest;
use crate::record::Visit;
use crate::rules::case::{Case, Expect};
use crate::rules::judge::Candidate;
use crate::rules::rulebook::Compiled;
use crate::rules::{CheckSpec, Outcome, Phase, Rule, Rulebook, Subject};

/// One lesson a `judge` rule that has cases of both kinds.
pub fn lessons(rulebook: &Rulebook) -> Vec<Lesson> {
    rulebook.rules.iter().filter_map(|compiled| lesson(rulebook, compiled)).collect()
}

fn lesson(rulebook: &Rulebook, compiled: &Compiled) -> Option<Lesson> {
    let CheckSpec::Judge(spec) = &compiled.rule.check else { return None };
    let mut examples = Vec::new();
    for (number, case) in compiled.rule.cases.iter().enumerate() {
        let hit = match case.expect {
            Expect::Hit => true,
            Expect::Pass => false,
            Expect::Skip => continue,
        };
        let passages = passages(rulebook, compiled, case).into_iter();
        examples.extend(passages.map(|candidate| example(candidate, hit, number, Source::Case, rulebook)));
    }
    let both = examples.iter().any(|example| example.hit) && examples.iter().any(|example| !example.hit);
    both.then(|| Lesson { rule: compiled.rule.id.clone(), cases: digest_of(&compiled.rule), precision: spec.precision, examples })
}

/// The passages of a case that reach the model; of a hit only those that hold what it quotes.
pub fn passages(rulebook: &Rulebook, compiled: &Compiled, case: &Case) -> Vec<Candidate> {
    let Ok(Outcome::Asks(candidates)) = rulebook.run_case(compiled, case) else { return Vec::new() };
    let quoted = |candidate: &Candidate| case.quote.iter().any(|quote| candidate.text.contains(quote.as_str()));
    if case.quote.is_empty() || !candidates.iter().any(quoted) {
        return candidates;
    }
    candidates.into_iter().filter(quoted).collect()
}

/// Passages of clean visits that one rule learns from at most; more would teach it nothing new and slow the fit.
const MOST_CLEAN: usize = 120;

/// Adds what the rules ask about visits without any defect, as passes: passages as they come in whole records, far more than authors write.
/// Each visit is a case of its own.
pub fn add_clean(lessons: &mut [Lesson], rulebook: &Rulebook, visits: &[Visit], now: DateTime) {
    let mut asked: BTreeMap<&str, Vec<(usize, Candidate)>> = BTreeMap::new();
    for (number, visit) in visits.iter().enumerate() {
        for (compiled, candidates) in self::asked(rulebook, visit, now) {
            asked.entry(&compiled.rule.id).or_default().extend(candidates.into_iter().map(|candidate| (number, candidate)));
        }
    }
    for lesson in lessons {
        let Some(passages) = asked.remove(lesson.rule.as_str()) else { continue };
        let first = lesson.next_case();
        let step = passages.len().div_ceil(MOST_CLEAN);
        let passages = passages.into_iter().step_by(step);
        let passages = passages.map(|(number, candidate)| example(candidate, false, first + number, Source::Clean, rulebook));
        lesson.examples.extend(passages);
    }
}

/// Adds what people said of findings of the model: the passages are those of the visits as they are kept now. `said` tells whether a finding
/// was right, by rule and passage; `None` where nobody said anything. Each verdict is a case of its own. Returns how many were added.
pub fn add_verdicts(
    lessons: &mut [Lesson],
    rulebook: &Rulebook,
    visit: &Visit,
    now: DateTime,
    said: impl Fn(&Compiled, &Candidate) -> Option<bool>,
) -> usize {
    let mut added = 0;
    for (compiled, candidates) in asked(rulebook, visit, now) {
        let Some(lesson) = lessons.iter_mut().find(|lesson| lesson.rule == compiled.rule.id) else { continue };
        for candidate in candidates {
            let Some(right) = said(compiled, &candidate) else { continue };
            let case = lesson.next_case();
            lesson.examples.push(example(candidate, right, case, Source::Verdict, rulebook));
            added += 1;
        }
    }
    added
}

/// What the rules ask the model of a visit.
fn asked<'b>(rulebook: &'b Rulebook, visit: &Visit, now: DateTime) -> Vec<(&'b Compiled, Vec<Candidate>)> {
    let reading = rulebook.knowledge.reader.read(visit);
    let at = visit.as_of.map_or(now, |as_of| as_of.latest());
    let phase = if visit.discharge.is_some() { Phase::Terminal } else { Phase::Running };
    rulebook.run(&Subject::of(visit, &reading, &rulebook.knowledge, at, phase)).asked
}

fn example(candidate: Candidate, hit: bool, case: usize, source: Source, rulebook: &Rulebook) -> Example {
    let signs = signs(&candidate.evidence, &rulebook.knowledge);
    Example { text: candidate.text, against: candidate.against, signs, hit, case, source }
}

/// `sha256:…` of everything in a rule that a head learns from.
pub fn digest_of(rule: &Rule) -> String {
    let taught = serde_json::json!({ "check": rule.check, "cases": rule.cases });
    digest(&[taught.to_string().as_bytes()])
}
