//! [`Catalogue`]: the content defects that rules name by code, and how many of them the rulebook covers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::case::Expect;
use super::{Rulebook, Severity, Status};
use crate::data::DataFile;
use crate::interval::Proportion;
use crate::problem::Problem;

/// Every code with its title.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    pub defect: BTreeMap<String, Defect>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defect {
    pub title: String,
    pub severity: Severity,
    pub engine: Engine,
}

/// By what means a defect can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    Rule,
    RuleAndModel,
    Model,
}

/// What the rulebook has for one code.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    pub code: String,
    pub title: String,
    pub severity: Severity,
    pub engine: Engine,
    /// Rules and judge statements that name the code, the code's own first.
    pub rules: Vec<String>,
    /// The best standing of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Cases of these rules: hits and passes.
    pub hits: usize,
    pub passes: usize,
    /// Of what was planted under the code, and of what its rules found in visits with gold files; see [`super::card`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill: Option<Proportion>,
    pub precision: Proportion,
}

impl Catalogue {
    pub fn parse(file: &DataFile) -> Result<Self, Problem> {
        let catalogue: Self = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        match catalogue.defect.keys().find(|code| !super::rulebook::is_defect_code(code)) {
            Some(code) => Err(Problem::at_text(file, code, format!("`{code}` is no defect code"))),
            None => Ok(catalogue),
        }
    }

    /// One line a code, in order of the code.
    pub fn coverage(&self, rulebook: &Rulebook) -> Vec<Coverage> {
        let line = |(code, defect): (&String, &Defect)| {
            let mut rules: Vec<_> = rulebook
                .rules
                .iter()
                .map(|compiled| &compiled.rule)
                .filter(|rule| rule.defect == *code || rule.also.contains(code))
                .collect();
            rules.sort_by_key(|rule| rule.defect != *code);
            let cases = |expect: Expect| rules.iter().flat_map(|rule| &rule.cases).filter(|case| case.expect == expect).count();
            let has = |status: Status| rules.iter().any(|rule| rule.status == status);
            let order = [Status::Stable, Status::Preview, Status::Off, Status::Retired];
            Coverage {
                code: code.clone(),
                title: defect.title.clone(),
                severity: defect.severity,
                engine: defect.engine,
                status: order.into_iter().find(|status| has(*status)),
                hits: cases(Expect::Hit),
                passes: cases(Expect::Pass),
                drill: rulebook.cards.recall(code),
                precision: rulebook.cards.precision(rules.iter().map(|rule| rule.id.as_str())),
                rules: rules.into_iter().map(|rule| rule.id.clone()).collect(),
            }
        };
        self.defect.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;

    #[test]
    fn the_catalogue_holds_every_code_that_rules_name() {
        let folder = DataFolder::embedded();
        let file = folder.file("catalogue.toml").expect("it ships");
        let catalogue = Catalogue::parse(file).unwrap_or_else(|problem| panic!("{problem}"));
        let of = |engine: Engine| catalogue.defect.values().filter(|defect| defect.engine == engine).count();
        assert_eq!((of(Engine::Rule), of(Engine::RuleAndModel), of(Engine::Model)), (89, 75, 39));
        let rulebook = Rulebook::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
        for rule in rulebook.rules.iter().map(|compiled| &compiled.rule) {
            for code in std::iter::once(&rule.defect).chain(&rule.also).filter(|code| code.starts_with("C-")) {
                assert!(catalogue.defect.contains_key(code), "{}: {code}", rule.id);
            }
        }
        let lines = catalogue.coverage(&rulebook);
        let twice = lines.iter().find(|line| line.code == "C-N12").expect("it is listed");
        assert_eq!((twice.status, twice.rules.len()), (Some(Status::Stable), 2));
    }
}
