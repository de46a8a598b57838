//! What the `judge` rules of a rulebook teach: their cases as examples.

use super::heads::{Example, Lesson};
use super::packed::digest;
use crate::rules::case::{Case, Expect};
use crate::rules::judge::Candidate;
use crate::rules::rulebook::Compiled;
use crate::rules::{CheckSpec, Outcome, Rule, Rulebook};

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
        examples.extend(passages(rulebook, compiled, case).into_iter().map(|candidate| Example {
            text: candidate.text,
            against: candidate.against,
            hit,
            case: number,
        }));
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

/// `sha256:…` of everything in a rule that a head learns from.
pub fn digest_of(rule: &Rule) -> String {
    let taught = serde_json::json!({ "check": rule.check, "cases": rule.cases });
    digest(&[taught.to_string().as_bytes()])
}
