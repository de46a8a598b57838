//! [`Cards`]: what each rule's findings were worth, and how much of what was planted under its code was found. They ship with the rulebook as
//! `rules/cards.toml`, which `bingli measure DIR… --cards FILE` and `bingli drill VISITS… --cards FILE` write; nothing in it judges a record.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::data::{DataFile, DataFolder};
use crate::interval::Proportion;
use crate::problem::Problem;

/// Where they lie inside the rules folder.
pub const FILE: &str = "cards.toml";

/// A stable rule was right at least this often; below, it belongs in preview.
const LEAST_PRECISION: f64 = 0.95;
/// Fewer findings, or fewer wrong ones, say nothing about a rule that was also right: one wrong of five may be chance.
const LEAST_FOUND: usize = 5;
const LEAST_WRONG: usize = 2;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cards {
    /// By folder of visits with gold files.
    pub measured: BTreeMap<String, Measured>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill: Option<Drilled>,
}

/// Figures on one folder of visits with gold files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    pub date: Date,
    pub visits: usize,
    pub clean: usize,
    /// Right and wrong findings of each rule that found something.
    pub rules: BTreeMap<String, (usize, usize)>,
}

/// Figures of one drill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drilled {
    pub date: Date,
    pub data: Vec<String>,
    pub visits: usize,
    pub seed: u64,
    /// Found and planted defects of each code.
    pub codes: BTreeMap<String, (usize, usize)>,
}

/// What is known of one rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// By folder: how many of its findings were right.
    pub precision: BTreeMap<String, Proportion>,
    /// Of the defects planted under its code, those that any rule found.
    pub drill: Option<Proportion>,
}

impl Cards {
    /// Those of a rules folder; none where it keeps none.
    pub fn load(folder: &DataFolder) -> Result<Self, Problem> {
        folder.file(FILE).map_or(Ok(Self::default()), Self::parse)
    }

    pub fn parse(file: &DataFile) -> Result<Self, Problem> {
        toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))
    }

    /// As the file holds them.
    pub fn written(&self) -> Result<String, toml::ser::Error> {
        const HEAD: &str = "# Written by `bingli measure … --cards` (right and wrong findings of a rule) and `bingli drill … --cards` (found and planted\n\
                            # defects of a code).\n\n";
        Ok(format!("{HEAD}{}", toml::to_string(self)?))
    }

    /// The card of a rule that stands for `code`.
    pub fn card(&self, rule: &str, code: &str) -> Card {
        let of = |measured: &Measured| measured.rules.get(rule).map(|(right, wrong)| Proportion::new(*right, right + wrong));
        Card {
            precision: self.measured.iter().filter_map(|(name, measured)| Some((name.clone(), of(measured)?))).collect(),
            drill: self.recall(code),
        }
    }

    /// How much of what was planted under a code was found.
    pub fn recall(&self, code: &str) -> Option<Proportion> {
        self.drill.as_ref()?.codes.get(code).map(|(found, planted)| Proportion::new(*found, *planted))
    }

    /// How many findings of these rules were right, over all folders.
    pub fn precision<'r>(&self, rules: impl Iterator<Item = &'r str>) -> Proportion {
        let (mut right, mut found) = (0, 0);
        for rule in rules {
            for (hits, wrong) in self.measured.values().filter_map(|measured| measured.rules.get(rule)) {
                right += hits;
                found += hits + wrong;
            }
        }
        Proportion::new(right, found)
    }

    /// Whether a rule's findings were wrong too often for a physician to be shown them, or never right.
    pub fn is_imprecise(&self, rule: &str) -> bool {
        let precision = self.precision(std::iter::once(rule));
        let wrong = precision.total - precision.hits;
        let often = precision.total >= LEAST_FOUND && wrong >= LEAST_WRONG && precision.share < LEAST_PRECISION;
        often || (precision.hits == 0 && wrong > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Rulebook, Status};

    fn cards() -> Cards {
        let measured = |rules: &[(&str, (usize, usize))]| Measured {
            date: "2026-11-28".parse().expect("a date"),
            visits: 3,
            clean: 2,
            rules: rules.iter().map(|(id, counts)| ((*id).to_owned(), *counts)).collect(),
        };
        Cards {
            measured: [
                ("a".to_owned(), measured(&[("some", (3, 1)), ("few", (2, 2)), ("chance", (9, 1)), ("never", (0, 1))])),
                ("b".to_owned(), measured(&[("some", (5, 1))])),
            ]
            .into(),
            drill: Some(Drilled {
                date: "2026-11-28".parse().expect("a date"),
                data: vec!["a".to_owned()],
                visits: 2,
                seed: 1,
                codes: [("C-A01".to_owned(), (9, 10))].into(),
            }),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = cards().written().expect("TOML");
        let file = DataFile { path: FILE.to_owned(), text: text.into() };
        assert_eq!(Cards::parse(&file).unwrap_or_else(|problem| panic!("{problem}")), cards());
    }

    #[test]
    fn a_card_adds_up_what_was_measured() {
        let card = cards().card("some", "C-A01");
        assert_eq!(card.precision.values().map(|share| (share.hits, share.total)).collect::<Vec<_>>(), [(3, 4), (5, 6)]);
        assert_eq!(card.drill.map(|share| (share.hits, share.total)), Some((9, 10)));
        assert_eq!(cards().card("other", "C-A02"), Card { precision: BTreeMap::new(), drill: None });
        assert!(cards().is_imprecise("some"), "8 of 10");
        assert!(!cards().is_imprecise("few"), "four findings say nothing");
        assert!(!cards().is_imprecise("chance"), "one wrong finding says nothing");
        assert!(cards().is_imprecise("never"), "wrong and never right");
        assert!(!cards().is_imprecise("other"));
    }

    #[test]
    fn no_stable_rule_was_measured_to_be_imprecise() {
        let rulebook = Rulebook::load(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let stable = rulebook.rules.iter().map(|compiled| &compiled.rule).filter(|rule| rule.status == Status::Stable);
        let imprecise: Vec<_> = stable.filter(|rule| rulebook.cards.is_imprecise(&rule.id)).map(|rule| rule.id.as_str()).collect();
        assert!(imprecise.is_empty(), "these belong in preview: {imprecise:?}");
        assert!(!rulebook.cards.measured.is_empty() && rulebook.cards.drill.is_some(), "the cards ship");
    }

    #[test]
    fn cards_speak_of_rules_that_exist() {
        let rulebook = Rulebook::load(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"));
        for rule in rulebook.cards.measured.values().flat_map(|measured| measured.rules.keys()) {
            assert!(rulebook.rule(rule).is_some(), "{rule}: bingli measure corpora/train corpora/test --cards rules/cards.toml");
        }
    }
}
