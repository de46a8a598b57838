//! [`Book`]: loads, validates and compiles every indicator of `rules/indicators/`, and holds each to its own cases.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;

use super::exam::ExamTable;
use super::fact::{Fact, PreparedFact};
use super::judge::judge;
use super::{Indicator, IndicatorCase, Method, Standing};
use crate::data::{DataFile, DataFolder};
use crate::problem::Problem;
use crate::report::Sheet;
use crate::rules::{Phase, Rulebook, Subject};

const FOLDER: &str = "indicators/";
const EXAMS: &str = "indicators/exams.toml";
const SHARED: &str = "indicators/facts.toml";

/// All indicators, compiled.
pub struct Book {
    pub indicators: Vec<Compiled>,
    /// Facts of all indicators; those that are shared come first.
    pub facts: Vec<PreparedFact>,
    /// What grades a record.
    pub sheet: Sheet,
}

/// An indicator ready to be judged.
pub struct Compiled {
    pub indicator: Indicator,
    /// Path of its file inside the rules folder.
    pub file: String,
    /// Its facts, own and shared, by id: indices into [`Book::facts`].
    pub facts: BTreeMap<String, usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    fact: BTreeMap<String, Fact>,
}

impl Book {
    /// Loads everything below `indicators/`; all mistakes are reported together.
    pub fn load(folder: &DataFolder, rulebook: &Rulebook, sheet: &Sheet) -> Result<Self, Vec<Problem>> {
        let missing = |path: &str| vec![Problem { file: path.to_owned(), line: 1, text: "this file is missing".to_owned() }];
        let exams = folder.file(EXAMS).ok_or_else(|| missing(EXAMS))?;
        let exams = Arc::new(ExamTable::parse(exams).map_err(|problem| vec![problem])?);
        let shared_file = folder.file(SHARED).ok_or_else(|| missing(SHARED))?;
        let shared: Shared = toml::from_str(&shared_file.text).map_err(|error| vec![Problem::toml(shared_file, &error)])?;
        let mut book = Self { indicators: Vec::new(), facts: Vec::new(), sheet: sheet.clone() };
        let mut problems = Vec::new();
        let mut known = BTreeMap::new();
        book.prepare(&shared.fact, shared_file, rulebook, &exams, &mut known, &mut problems);
        for file in folder.below(FOLDER).filter(|file| file.path != EXAMS && file.path != SHARED) {
            let indicator: Indicator = match toml::from_str(&file.text) {
                Ok(indicator) => indicator,
                Err(error) => {
                    problems.push(Problem::toml(file, &error));
                    continue;
                }
            };
            if let Some(fact) = indicator.fact.keys().find(|id| known.contains_key(*id)) {
                problems.push(Problem::at_text(file, fact, format!("`{fact}` is already a shared fact of rules/{SHARED}")));
            }
            let mut facts = known.clone();
            book.prepare(&indicator.fact, file, rulebook, &exams, &mut facts, &mut problems);
            problems.extend(validate(&indicator, file, &facts, &book.indicators));
            book.indicators.push(Compiled { indicator, file: file.path.clone(), facts });
        }
        // Official ones first, by their number; the others by disease.
        book.indicators.sort_by_key(|compiled| {
            let indicator = &compiled.indicator;
            (indicator.number.unwrap_or(u16::MAX), indicator.group.clone(), indicator.id.clone())
        });
        if problems.is_empty() { Ok(book) } else { Err(problems) }
    }

    fn prepare(
        &mut self,
        facts: &BTreeMap<String, Fact>,
        file: &DataFile,
        rulebook: &Rulebook,
        exams: &Arc<ExamTable>,
        ids: &mut BTreeMap<String, usize>,
        problems: &mut Vec<Problem>,
    ) {
        for (id, fact) in facts {
            match fact.prepare(rulebook, exams) {
                Ok(prepared) => {
                    ids.insert(id.clone(), self.facts.len());
                    self.facts.push(prepared);
                }
                Err(error) => problems.push(Problem::at_text(file, &error.word, format!("fact `{id}`: {}", error.text))),
            }
        }
    }

    pub fn indicator(&self, id: &str) -> Option<&Compiled> {
        self.indicators.iter().find(|compiled| compiled.indicator.id == id)
    }

    /// Ids of the indicators whose id, code or group begins with one of the words.
    pub fn beginning_with(&self, words: &[String]) -> HashSet<String> {
        let begins = |text: &str| words.iter().any(|word| text.starts_with(word.as_str()));
        let indicators = self.indicators.iter().map(|compiled| &compiled.indicator);
        let wanted = indicators
            .filter(|indicator| begins(&indicator.id) || begins(&indicator.group) || indicator.code.as_deref().is_some_and(begins));
        wanted.map(|indicator| indicator.id.clone()).collect()
    }

    /// Runs every case of every indicator; returns the failures.
    pub fn test(&self, folder: &DataFolder, rulebook: &Rulebook) -> Vec<Problem> {
        use rayon::prelude::*;
        let failures = |compiled: &Compiled| -> Vec<Problem> {
            let Some(file) = folder.file(&compiled.file) else { return Vec::new() };
            let cases = compiled.indicator.cases.iter().enumerate();
            cases
                .filter_map(|(index, case)| {
                    let text = self.test_case(compiled, case, rulebook).err()?;
                    let offset = file.text.match_indices("[[case]]").nth(index).map_or(0, |(offset, _)| offset);
                    let line = crate::problem::line_of(&file.text, offset);
                    Some(Problem { file: file.path.clone(), line, text: format!("case {}: {text}", index + 1) })
                })
                .collect()
        };
        self.indicators.par_iter().flat_map_iter(failures).collect()
    }

    fn test_case(&self, compiled: &Compiled, case: &IndicatorCase, rulebook: &Rulebook) -> Result<(), String> {
        let example = case.as_case();
        let visit = example.build(rulebook.knowledge.documents())?;
        let reading = rulebook.knowledge.reader.read(&visit);
        let at = example.moment()?.latest();
        let subject = Subject::of(&visit, &reading, &rulebook.knowledge, at, Phase::Terminal);
        let judgement = judge(self, compiled, &subject, rulebook);
        if judgement.standing == case.expect {
            return Ok(());
        }
        let facts: Vec<String> =
            judgement.facts.iter().map(|(id, verdict)| format!("{id}={:?}/{:?}", verdict.truth, verdict.value)).collect();
        Err(format!("expected {:?}, but it is {:?}: {}", case.expect, judgement.standing, facts.join(" ")))
    }
}

fn validate(indicator: &Indicator, file: &DataFile, facts: &BTreeMap<String, usize>, others: &[Compiled]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut wrong = |needle: &str, text: String| problems.push(Problem::at_text(file, needle, text));
    let stem = file.path.rsplit('/').next().and_then(|name| name.strip_suffix(".toml")).unwrap_or("");
    if indicator.id != stem {
        wrong("id", format!("id `{}` must be the file's name `{stem}`", indicator.id));
    }
    if let Some(other) = others.iter().find(|other| other.indicator.id == indicator.id) {
        wrong("id", format!("id `{}` is already used by rules/{}", indicator.id, other.file));
    }
    let mut names = Vec::new();
    indicator.denominator.names(&mut names);
    indicator.numerator.names(&mut names);
    indicator.exclude.iter().for_each(|exclusion| exclusion.when.names(&mut names));
    for name in &names {
        if !facts.contains_key(*name) {
            wrong(name, format!("there is no fact `{name}` here or in rules/{SHARED}"));
        }
    }
    let answers = || indicator.cmqcic.iter().flat_map(|benchmark| &benchmark.facts).filter(|id| !id.is_empty());
    if let Some(unknown) = answers().find(|id| !facts.contains_key(*id)) {
        wrong("cmqcic", format!("there is no fact `{unknown}`"));
    }
    if let Some(unused) = indicator.fact.keys().find(|id| !names.contains(&id.as_str()) && !answers().any(|answer| answer == *id)) {
        wrong(unused, format!("no logic uses the fact `{unused}`"));
    }
    let has = |standing: Standing| indicator.cases.iter().any(|case| case.expect == standing);
    if indicator.method != Method::Manual && !(has(Standing::Met) && has(Standing::Unmet)) {
        wrong("id", "an indicator has a case that is met and one that is unmet".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_indicator_keeps_its_own_cases() {
        let folder = DataFolder::embedded();
        let rulebook = Rulebook::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
        let sheets = crate::report::Sheets::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
        let sheet = sheets.sheet(crate::report::sheet::DEFAULT_SHEET).expect("the default sheet ships");
        let book = Book::load(&folder, &rulebook, sheet).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let failures = book.test(&folder, &rulebook);
        assert!(failures.is_empty(), "{failures:#?}");
    }
}
