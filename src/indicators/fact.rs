//! [`Fact`]: one thing to verify in a visit, and its [`Verdict`] with the words that prove it.

use cel::Value;
use serde::{Deserialize, Serialize};

use super::exam::{Exam, ExamTable, PreparedExam};
use super::find::{PreparedSays, Says};
use super::logic::Truth;
use super::number::{Number, Onset, PreparedNumber, Total};
use crate::reading::{DocumentReading, Passage};
use crate::report::{Options, Sheet, check};
use crate::rules::expression::About;
use crate::rules::judge::NEEDS_MODEL;
use crate::rules::places::Places;
use crate::rules::run::{Judgement, judge};
use crate::rules::{DataEvidence, Duty, DutyState, Evidence, Hit, Knowledge, Outcome, Rulebook, SpecError, Subject};

/// What to verify; exactly one of the sources is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub name: String,
    /// Places that are searched (`出院记录`, `*/诊疗经过`, `@病理`). A visit that has none of these documents is searched as a whole:
    /// an excerpt seldom says what document it was cut from. Without places everything is searched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<String>,
    /// Words, patterns or concepts, with their assertion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub find: Option<Says>,
    /// An imaging examination of a region that was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exam: Option<Exam>,
    /// A number that stands in the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Number>,
    /// Things counted in the text by groups: lymph nodes of a specimen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
    /// Hours from the onset to admission, as the history tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<Onset>,
    /// A CEL expression over the visit that is true or false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Rules that all ran and found nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<String>>,
    /// Deadline rules whose obligations were all met, in time or late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duties: Option<Vec<String>>,
    /// The grade that the hospital's score sheet gives the record: `甲`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
}

/// What came of verifying one fact in one visit.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub truth: Truth,
    pub value: Option<f64>,
    pub evidence: Vec<Evidence>,
    pub data: Vec<DataEvidence>,
}

impl Verdict {
    pub fn not_documented() -> Self {
        Self { truth: Truth::NotDocumented, value: None, evidence: Vec::new(), data: Vec::new() }
    }

    pub fn of(truth: Truth, evidence: Vec<Evidence>) -> Self {
        Self { truth, value: None, evidence, data: Vec::new() }
    }
}

/// A fact ready to be verified.
pub struct PreparedFact {
    pub fact: Fact,
    places: Option<Places>,
    source: Source,
}

enum Source {
    Says(Box<PreparedSays>),
    Exam(PreparedExam),
    Number(PreparedNumber),
    Total(Total),
    Onset(Onset),
    Expression(About),
    Rules(Vec<String>),
    Duties(Vec<String>),
    Grade(String),
}

impl Fact {
    /// Validates and compiles; the error names the word to look for in the file.
    pub fn prepare(&self, rulebook: &Rulebook, exams: &std::sync::Arc<ExamTable>) -> Result<PreparedFact, SpecError> {
        let knowledge: &Knowledge = &rulebook.knowledge;
        let mut sources = Vec::new();
        if let Some(find) = &self.find {
            sources.push(Source::Says(Box::new(find.prepare(knowledge, exams)?)));
        }
        if let Some(exam) = &self.exam {
            sources.push(Source::Exam(exam.prepare(exams)?));
        }
        if let Some(number) = &self.number {
            sources.push(Source::Number(number.prepare()?));
        }
        if let Some(total) = &self.total {
            sources.push(Source::Total(total.clone()));
        }
        if let Some(onset) = &self.onset {
            sources.push(Source::Onset(onset.clone()));
        }
        if let Some(expression) = &self.expression {
            let program =
                About::compile(expression).map_err(|error| SpecError::new(expression, format!("this is no CEL expression: {error}")))?;
            sources.push(Source::Expression(program));
        }
        for (ids, source) in [(&self.rules, Source::Rules as fn(Vec<String>) -> Source), (&self.duties, Source::Duties)] {
            let Some(ids) = ids else { continue };
            if let Some(unknown) = ids.iter().find(|id| rulebook.rule(id).is_none()) {
                return Err(SpecError::new(unknown, format!("there is no rule `{unknown}`")));
            }
            sources.push(source(ids.clone()));
        }
        sources.extend(self.grade.clone().map(Source::Grade));
        let source = match (sources.pop(), sources.is_empty()) {
            (Some(source), true) => source,
            _ => {
                return Err(SpecError::new(
                    &self.name,
                    "a fact has exactly one of find, exam, number, total, onset, expression, rules, duties and grade",
                ));
            }
        };
        let places = match self.within.as_slice() {
            [] => None,
            names => Some(Places::parse(names, knowledge.documents()).map_err(|text| SpecError::new("within", text))?),
        };
        Ok(PreparedFact { fact: self.clone(), places, source })
    }
}

impl PreparedFact {
    pub fn verify(&self, subject: &Subject<'_>, rulebook: &Rulebook, sheet: &Sheet) -> Verdict {
        match &self.source {
            Source::Says(says) => says.verify(subject, &self.passages(subject)),
            Source::Exam(exam) => exam.verify(&self.passages(subject)),
            Source::Number(number) => number.verify(&self.passages(subject)),
            Source::Total(total) => total.verify(&self.passages(subject)),
            Source::Onset(onset) => onset.verify(&self.passages(subject)),
            Source::Expression(program) => by_expression(program, subject),
            Source::Rules(ids) => by_rules(ids, subject, rulebook, |_, hits| hits),
            Source::Duties(ids) => by_rules(ids, subject, rulebook, undone),
            Source::Grade(wanted) => by_grade(wanted, subject, rulebook, sheet),
        }
    }

    /// Where the fact is looked for in this visit.
    fn passages<'s>(&self, subject: &Subject<'s>) -> Vec<&'s std::sync::Arc<Passage>> {
        let reading = subject.reading;
        let everything = || reading.documents.iter().flat_map(|document| &document.passages).chain(&reading.data).collect();
        let Some(places) = &self.places else { return everything() };
        let named = |document: &DocumentReading| places.passages_of(document).next().is_some();
        if !reading.documents.iter().any(named) && places.passages(subject).next().is_none() {
            return everything();
        }
        places.passages(subject).collect()
    }
}

fn by_expression(about: &About, subject: &Subject<'_>) -> Verdict {
    match about.evaluate(subject.visit) {
        Ok(Ok(Value::Bool(value))) => Verdict::of(Truth::from(value), Vec::new()),
        // A field that was not sent is not documented.
        _ => Verdict::not_documented(),
    }
}

/// True where every rule ran and none has a hit that counts; a rule that does not concern the visit has nothing against it.
fn by_rules(ids: &[String], subject: &Subject<'_>, rulebook: &Rulebook, counted: impl Fn(&[Duty], Vec<Hit>) -> Vec<Hit>) -> Verdict {
    let mut verdict = Verdict::of(Truth::True, Vec::new());
    for compiled in ids.iter().filter_map(|id| rulebook.rule(id)) {
        match judge(compiled, subject) {
            Judgement::Ran(Outcome::Ran(hits)) if hits.is_empty() => {}
            Judgement::Ran(Outcome::Ran(hits)) => {
                for hit in counted(&compiled.check.duties(subject), hits) {
                    verdict.truth = Truth::False;
                    verdict.evidence.extend(hit.evidence);
                    verdict.data.extend(hit.data);
                }
            }
            Judgement::NotApplicable | Judgement::NotYet => {}
            // Indicators rest on rules alone.
            judgement @ (Judgement::Ran(Outcome::Skipped(_) | Outcome::Asks(_)) | Judgement::NotEvaluated(_)) => {
                let why = match judgement {
                    Judgement::Ran(Outcome::Skipped(why)) | Judgement::NotEvaluated(why) => why,
                    _ => NEEDS_MODEL.to_owned(),
                };
                if verdict.truth == Truth::True {
                    verdict.truth = Truth::NotDocumented;
                }
                verdict.data.push(DataEvidence { path: String::new(), label: format!("「{}」未能判断:{why}", compiled.rule.title) });
            }
        }
    }
    verdict
}

/// The hits of a deadline whose obligation was never met.
fn undone(duties: &[Duty], mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.retain(|hit| duties.iter().any(|duty| duty.anchor == hit.anchor && duty.state == DutyState::Overdue));
    hits
}

/// The whole check decides a grade; a record that could not be scored has none.
fn by_grade(wanted: &str, subject: &Subject<'_>, rulebook: &Rulebook, sheet: &Sheet) -> Verdict {
    let options = Options { phase: Some(subject.phase), at: Some(subject.at), ..Options::of(sheet, subject.at) };
    match check(subject.visit, Vec::new(), rulebook, options).score {
        Some(score) => Verdict::of(Truth::from(score.grade == wanted), Vec::new()),
        None => Verdict::not_documented(),
    }
}
