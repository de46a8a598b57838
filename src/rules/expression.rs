//! `expression`: a CEL expression over the visit, for local rules that no other kind can say.
//!
//! ```toml
//! [check]
//! kind = "expression"
//! hit  = 'visit.front_page.days > 30 && !visit.documents.exists(d, has(d.kind) && d.kind == "stage_summary")'
//! data = ["/front_page/days"]
//! ```
//! `visit` is the visit as JSON. An expression that meets a missing field is skipped, never a hit: what was not sent is unknown.

use std::sync::{Arc, LazyLock};

use cel::extractors::This;
use cel::{Context, Env, ExecutionError, Program, Value};
use quick_cache::sync::Cache;
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Check, DataEvidence, Hit, Knowledge, Outcome, SpecError, Subject};
use crate::record::{Fields, Visit};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// True means a defect.
    pub hit: String,
    /// JSON pointers of the values that prove it.
    #[serde(default)]
    pub data: Vec<String>,
}

/// What every expression knows; made once, as it is larger than most visits.
static KNOWN: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// `text.matches(pattern)` as CEL defines it; the library's own compiles the pattern at every call.
fn matches(This(text): This<Arc<String>>, pattern: Arc<String>) -> Result<bool, ExecutionError> {
    static COMPILED: LazyLock<Cache<Arc<String>, Regex>> = LazyLock::new(|| Cache::new(256));
    let invalid = |error: regex::Error| ExecutionError::function_error("matches", error);
    Ok(COMPILED.get_or_insert_with(&pattern, || Regex::new(&pattern).map_err(invalid))?.is_match(&text))
}

/// A compiled expression over a visit.
pub struct About {
    program: Program,
    /// The fields of the visit that it speaks of; `None`: it may speak of any.
    fields: Option<Fields>,
}

impl About {
    pub fn compile(text: &str) -> Result<Self, String> {
        Ok(Self { program: Program::compile(text).map_err(|error| error.to_string())?, fields: fields(text) })
    }

    /// The expression's value for the visit, of which only the fields that it speaks of are made known to it.
    pub fn evaluate(&self, visit: &Visit) -> Result<Result<Value, ExecutionError>, String> {
        let visit = match &self.fields {
            Some(fields) => cel::to_value(visit.part(fields)),
            None => cel::to_value(visit),
        };
        let mut context = Context::with_env(KNOWN.clone());
        context.add_function("matches", matches).map_err(|error| error.to_string())?;
        context.add_variable_from_value("visit", visit.map_err(|error| error.to_string())?);
        Ok(self.program.execute(&context))
    }
}

/// The names behind every `visit.` and `visit.front_page.`; `None` where `visit` stands alone somewhere.
fn fields(text: &str) -> Option<Fields> {
    static VISIT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\bvisit\b(?:\s*\.\s*([a-z_]+)(?:\s*\.\s*([a-z_]+))?)?").expect("it is right"));
    let mut names: Vec<String> = Vec::new();
    let mut of_page = Some(Vec::new());
    for found in VISIT.captures_iter(text) {
        let name = found.get(1)?.as_str();
        names.push(name.to_owned());
        if name == "front_page" {
            let own = found.get(2).map(|own| own.as_str().to_owned());
            of_page = of_page.zip(own).map(|(known, own): (Vec<String>, String)| [known, vec![own]].concat());
        }
    }
    for names in [&mut names].into_iter().chain(&mut of_page) {
        names.sort();
        names.dedup();
    }
    Some(Fields { names, of_page })
}

struct Prepared {
    spec: Expression,
    hit: About,
    /// The fields of the visit that prove it.
    shown: Fields,
}

impl Expression {
    pub fn prepare(&self, _: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        let hit = About::compile(&self.hit).map_err(|error| SpecError::new("hit", format!("this is no CEL expression: {error}")))?;
        let names = self.data.iter().filter_map(|path| path.split('/').nth(1)).map(str::to_owned).collect();
        Ok(Box::new(Prepared { spec: self.clone(), hit, shown: Fields { names, of_page: None } }))
    }
}

impl Check for Prepared {
    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let value = match self.hit.evaluate(subject.visit) {
            Ok(value) => value,
            Err(error) => return Outcome::Skipped(error),
        };
        match value {
            Ok(Value::Bool(false)) => Outcome::Ran(Vec::new()),
            Ok(Value::Bool(true)) => {
                let visit = serde_json::to_value(subject.visit.part(&self.shown)).unwrap_or_default();
                let label = |path: &String| {
                    visit.pointer(path).map(|value| DataEvidence { path: path.clone(), label: format!("{path} = {value}") })
                };
                Outcome::Ran(vec![Hit {
                    data: self.spec.data.iter().filter_map(label).collect(),
                    anchor: self.spec.hit.clone(),
                    ..Hit::default()
                }])
            }
            Ok(_) => Outcome::Skipped("表达式的结果不是真或假".to_owned()),
            Err(error) => Outcome::Skipped(format!("表达式缺少数据: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_fields_that_it_speaks_of_are_made() {
        assert_eq!(
            fields("size(visit.labs) > 0 && visit . front_page.days > 3 && visit.labs[0].value == \"\""),
            Some(Fields { names: vec!["front_page".to_owned(), "labs".to_owned()], of_page: Some(vec!["days".to_owned()]) })
        );
        assert_eq!(fields("has(visit.front_page) && visit.front_page.days > 3").map(|fields| fields.of_page), Some(None));
        assert_eq!(fields("has(visit.discharge) && f(visit)"), None);
        let visit = Visit { visit_id: "V".to_owned(), hospital: Some("某院".to_owned()), ..Visit::default() };
        let hit = About::compile("visit.hospital == '某院' && !has(visit.labs)").expect("CEL");
        assert!(matches!(hit.evaluate(&visit), Ok(Ok(Value::Bool(true)))));
    }

    #[test]
    fn patterns_match_and_wrong_ones_are_named() {
        let value = |text: &str| About::compile(text).expect("CEL").evaluate(&Visit::default()).expect("a visit");
        for _ in 0..2 {
            assert_eq!(value("'I21.0'.matches('^I2[0-5]')"), Ok(Value::Bool(true)));
            assert_eq!(value("'J18.9'.matches('^I2[0-5]')"), Ok(Value::Bool(false)));
            assert!(value("'J18.9'.matches('(')").expect_err("no pattern").to_string().contains("matches"));
        }
    }
}
