//! [`Rulebook`]: loads, validates and compiles every rule file. A hospital's own folder is also held to its cases:
//! a rule that misses one of them does not load.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::applies::Scope;
use super::card::{self, Card, Cards};
use super::case::{Case, Expect};
use super::judge::LEAST_CASES;
use super::{Check, CheckSpec, CopyIndex, Knowledge, Outcome, Phase, Problem, Rule, Status, Subject};
use crate::data::{DataFile, DataFolder};

/// Folders of `rules/` that hold other things than rules.
const NOT_RULES: [&str; 4] = ["lexicon/", "knowledge/", "sheets/", "indicators/"];

/// All rules, compiled.
pub struct Rulebook {
    pub knowledge: Knowledge,
    pub rules: Vec<Compiled>,
    pub cards: Cards,
    /// `sha256:…` over every data file but the cards, so that a report names exactly what judged it.
    pub digest: String,
}

/// A rule ready to run.
pub struct Compiled {
    pub rule: Rule,
    /// Path of its file inside the rules folder.
    pub file: String,
    pub scope: Scope,
    pub check: Box<dyn Check>,
}

impl Compiled {
    /// The whole rule as its file says it, with the path of the file.
    pub fn explained(&self) -> Result<serde_json::Value, serde_json::Error> {
        let mut value = serde_json::to_value(&self.rule)?;
        value["file"] = serde_json::json!(format!("rules/{}", self.file));
        Ok(value)
    }
}

impl Rulebook {
    /// Loads everything below `folder`; all mistakes are reported together.
    pub fn load(folder: &DataFolder) -> Result<Self, Vec<Problem>> {
        let knowledge = Knowledge::load(folder)?;
        let mut rules = Vec::new();
        let mut problems = Vec::new();
        let mut files: HashMap<String, String> = HashMap::new();
        let files_of_rules: Vec<&DataFile> = folder.iter().filter(|file| is_rule(&file.path)).collect();
        let compiled: Vec<_> = files_of_rules.par_iter().map(|file| compile(file, &knowledge)).collect();
        for (file, compiled) in files_of_rules.into_iter().zip(compiled) {
            match compiled {
                Ok(compiled) => {
                    if let Some(other) = files.insert(compiled.rule.id.clone(), file.path.clone()) {
                        problems.push(Problem::at_text(
                            file,
                            &compiled.rule.id,
                            format!("id `{}` is already used by rules/{other}", compiled.rule.id),
                        ));
                    }
                    rules.push(compiled);
                }
                Err(problem) => problems.push(problem),
            }
        }
        let cards = Cards::load(folder).unwrap_or_else(|problem| {
            problems.push(problem);
            Cards::default()
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self { knowledge, rules, cards, digest: digest(folder) })
    }

    /// The rule with this id.
    pub fn rule(&self, id: &str) -> Option<&Compiled> {
        self.rules.iter().find(|compiled| compiled.rule.id == id)
    }

    /// What was measured of a rule.
    pub fn card(&self, rule: &Rule) -> Card {
        self.cards.card(&rule.id, &rule.defect)
    }

    /// Runs every case of every rule; returns the failures.
    pub fn test(&self, folder: &DataFolder) -> Vec<Problem> {
        let check = |compiled: &Compiled| -> Vec<Problem> {
            let Some(file) = folder.file(&compiled.file) else { return Vec::new() };
            let failures = compiled.rule.cases.iter().enumerate();
            failures.filter_map(|(index, case)| self.test_case(compiled, case).err().map(|text| case_problem(file, index, &text))).collect()
        };
        self.rules.par_iter().flat_map_iter(check).collect()
    }

    /// What a rule says of the visit that one of its cases describes.
    pub fn run_case(&self, compiled: &Compiled, case: &Case) -> Result<Outcome, String> {
        let visit = case.build(self.knowledge.documents())?;
        let reading = self.knowledge.reader.read(&visit);
        let phase = case.phase.or(compiled.rule.phases.last().copied()).unwrap_or(Phase::Terminal);
        let earlier = case.earlier(self.knowledge.documents())?;
        let history = (!earlier.is_empty()).then(|| CopyIndex::of(&earlier, &self.knowledge));
        let (at, history) = (case.moment()?.latest(), history.as_ref());
        let subject = Subject { visit: &visit, reading: &reading, knowledge: &self.knowledge, at, phase, history, focus: None };
        match super::run::judge(compiled, &subject) {
            super::run::Judgement::Ran(outcome) => Ok(outcome),
            super::run::Judgement::NotApplicable | super::run::Judgement::NotYet => Ok(Outcome::Ran(Vec::new())),
            super::run::Judgement::NotEvaluated(error) => Err(format!("the rule failed: {error}")),
        }
    }

    /// Judges one case.
    pub fn test_case(&self, compiled: &Compiled, case: &Case) -> Result<(), String> {
        let hits = match self.run_case(compiled, case)? {
            // Whether the model judges it rightly is measured when its head is fitted.
            Outcome::Asks(_) => return Ok(()),
            _ if compiled.rule.check.asks_the_model() => return Err("no passage of the case reaches the model".to_owned()),
            Outcome::Skipped(_) if case.expect == Expect::Skip => return Ok(()),
            Outcome::Skipped(why) => return Err(format!("the rule was skipped: {why}")),
            Outcome::Ran(hits) => hits,
        };
        let quotes = |hit: &super::Hit| {
            hit.evidence.iter().map(|evidence| evidence.passage.text.quote(evidence.span).to_owned()).collect::<Vec<_>>()
        };
        match case.expect {
            Expect::Skip => Err("expected to be skipped, but it ran".to_owned()),
            Expect::Pass => match hits.first() {
                Some(hit) => Err(format!("expected no hit, but it hit {:?} {:?}", quotes(hit), hit.slots)),
                None => Ok(()),
            },
            Expect::Hit => {
                if hits.is_empty() {
                    return Err("expected a hit, but there was none".to_owned());
                }
                if let Some(wanted) = case.hits
                    && wanted != hits.len()
                {
                    return Err(format!("expected {wanted} hits, but there were {}", hits.len()));
                }
                let quoted = hits.iter().any(|hit| {
                    let found = quotes(hit);
                    case.quote.iter().all(|wanted| found.contains(wanted))
                });
                if quoted {
                    Ok(())
                } else {
                    Err(format!("expected the quotes {:?}, but found {:?}", case.quote, hits.iter().map(quotes).collect::<Vec<_>>()))
                }
            }
        }
    }
}

fn is_rule(path: &str) -> bool {
    path.contains('/') && !NOT_RULES.iter().any(|folder| path.starts_with(folder))
}

fn compile(file: &DataFile, knowledge: &Knowledge) -> Result<Compiled, Problem> {
    let rule: Rule = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
    validate(&rule, file)?;
    let scope = Scope::prepare(&rule.applies, knowledge.documents()).map_err(|text| Problem::at_text(file, "[applies]", text))?;
    let check = rule.check.prepare(knowledge).map_err(|error| Problem::at_text(file, &error.word, error.text))?;
    Ok(Compiled { rule, file: file.path.clone(), scope, check })
}

fn validate(rule: &Rule, file: &DataFile) -> Result<(), Problem> {
    let wrong = |needle: &str, text: String| Err(Problem::at_text(file, needle, text));
    let stem = file.path.rsplit('/').next().and_then(|name| name.strip_suffix(".toml")).unwrap_or("");
    if rule.id != stem {
        return wrong("id", format!("id `{}` must be the file's name `{stem}`", rule.id));
    }
    if !rule.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return wrong("id", "an id is kebab-case: a-z, 0-9 and -".to_owned());
    }
    if !is_defect_code(&rule.defect) {
        return wrong("defect", format!("`{}` is not a defect code: expected C-A01, T01 or F-…", rule.defect));
    }
    if let Some(code) = rule.also.iter().find(|code| !is_defect_code(code)) {
        return wrong("also", format!("`{code}` is not a defect code: expected C-A01, T01 or F-…"));
    }
    if rule.basis.is_empty() {
        return wrong("basis", "a rule names its basis: a standard with article, `safety` or `local`".to_owned());
    }
    if let Some(basis) = rule.basis.iter().find(|basis| !is_basis(basis)) {
        return wrong(
            basis,
            format!("basis `{basis}` is not a key of a standard with article (BW2010-22(8), HX2018-8, ZB2021-25 …), `safety` or `local`"),
        );
    }
    if rule.phases.is_empty() {
        return wrong("phases", "a rule holds in at least one phase".to_owned());
    }
    if !(0.0..=1.0).contains(&rule.confidence) {
        return wrong("confidence", "confidence lies between 0 and 1".to_owned());
    }
    if matches!(rule.check, CheckSpec::Judge(_)) {
        return validate_judge(rule, file);
    }
    if rule.status == Status::Stable {
        let has = |expect: Expect| rule.cases.iter().any(|case| case.expect == expect);
        if !has(Expect::Hit) || !has(Expect::Pass) {
            return wrong("status", "a stable rule has at least one hit case and one pass case".to_owned());
        }
        if !rule.cases.iter().any(|case| case.trap) {
            return wrong("status", "a stable rule has a pass case marked `trap = true`".to_owned());
        }
    }
    Ok(())
}

/// A statement is taught by its cases, and stays in preview until a head that was measured carries it.
fn validate_judge(rule: &Rule, file: &DataFile) -> Result<(), Problem> {
    for expect in [Expect::Hit, Expect::Pass] {
        let texts: HashSet<_> = rule.cases.iter().filter(|case| case.expect == expect).map(|case| &case.text).collect();
        if texts.len() < LEAST_CASES {
            let text = format!("a judge rule needs {LEAST_CASES} different `{expect:?}` cases, here are {}", texts.len()).to_lowercase();
            return Err(Problem::at_text(file, "[check]", text));
        }
    }
    if rule.status == Status::Stable {
        return Err(Problem::at_text(file, "status", "a judge rule stays in preview until the language model is there".to_owned()));
    }
    Ok(())
}

/// `C-A01` … `C-S08`, `T01` … `T68`, `F-…`.
pub fn is_defect_code(code: &str) -> bool {
    let bytes = code.as_bytes();
    match bytes.first() {
        Some(b'C') => bytes.len() == 5 && bytes[1] == b'-' && bytes[2].is_ascii_uppercase() && bytes[3..].iter().all(u8::is_ascii_digit),
        Some(b'T') => bytes.len() == 3 && bytes[1..].iter().all(u8::is_ascii_digit),
        Some(b'F') => code.len() > 2 && bytes[1] == b'-',
        _ => false,
    }
}

/// The standards that rules may cite; those with articles are followed by `-` and the article.
const STANDARDS: [&str; 17] = [
    "BW2010",
    "HX2018",
    "GL2013",
    "ZB2021",
    "SY2016",
    "SY2011",
    "EMR2017",
    "EMRUSE2025",
    "XD2023",
    "GOAL",
    "KJ2012",
    "YX2012",
    "JF2018",
    "MFD",
    "PIPL",
    "NET2022",
    "EMRLV2018",
];

fn is_basis(basis: &str) -> bool {
    basis == "safety"
        || basis == "local"
        || STANDARDS.iter().any(|key| basis == *key || basis.strip_prefix(key).is_some_and(|rest| rest.starts_with('-')))
}

fn case_problem(file: &DataFile, index: usize, text: &str) -> Problem {
    let offset = file.text.match_indices("[[case]]").nth(index).map_or(0, |(offset, _)| offset);
    Problem { file: file.path.clone(), line: crate::problem::line_of(&file.text, offset), text: format!("case {}: {text}", index + 1) }
}

fn digest(folder: &DataFolder) -> String {
    let mut hasher = Sha256::new();
    for file in folder.iter().filter(|file| file.path != card::FILE) {
        hasher.update(file.path.as_bytes());
        hasher.update([0]);
        hasher.update(file.text.as_bytes());
        hasher.update([0]);
    }
    let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
