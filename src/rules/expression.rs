//! `expression`: a CEL expression over the visit, for local rules that no other kind can say.
//!
//! ```toml
//! [check]
//! kind = "expression"
//! hit  = 'visit.front_page.days > 30 && !visit.documents.exists(d, has(d.kind) && d.kind == "stage_summary")'
//! data = ["/front_page/days"]
//! ```
//! `visit` is the visit as JSON. An expression that meets a missing field is skipped, never a hit: what was not sent is unknown.

use cel::{Context, Program, Value};
use serde::{Deserialize, Serialize};

use super::{Check, DataEvidence, Hit, Knowledge, Outcome, SpecError, Subject};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// True means a defect.
    pub hit: String,
    /// JSON pointers of the values that prove it.
    #[serde(default)]
    pub data: Vec<String>,
}

struct Prepared {
    spec: Expression,
    program: Program,
}

impl Expression {
    pub fn prepare(&self, _: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        let program = Program::compile(&self.hit).map_err(|error| SpecError::new("hit", format!("this is no CEL expression: {error}")))?;
        Ok(Box::new(Prepared { spec: self.clone(), program }))
    }
}

impl Check for Prepared {
    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let visit = match serde_json::to_value(subject.visit) {
            Ok(visit) => visit,
            Err(error) => return Outcome::Skipped(error.to_string()),
        };
        let mut context = Context::default();
        if let Err(error) = context.add_variable("visit", &visit) {
            return Outcome::Skipped(error.to_string());
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(false)) => Outcome::Ran(Vec::new()),
            Ok(Value::Bool(true)) => {
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
