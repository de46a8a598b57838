//! [`Sheet`]: a score sheet as data, `rules/sheets/*.toml`. There is no national sheet; provinces and hospitals have their own,
//! and they differ in grade limits, veto arithmetic, caps, units and what happens to parts that do not apply (`scoring` in the docs of each file).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::{DataFile, DataFolder};
use crate::rules::{Problem, Severity};

/// One score sheet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// The file's name.
    pub id: String,
    pub title: String,
    /// Where its figures come from, and what of it is the hospital's to confirm.
    pub source: String,
    /// The full mark, usually 100.
    pub total: f64,
    pub grades: Grades,
    pub veto: Veto,
    /// What becomes of a part none of whose documents is due, e.g. the peri-operative part without an operation.
    #[serde(default)]
    pub not_applicable: NotApplicable,
    #[serde(rename = "part")]
    pub parts: Vec<Part>,
    /// Points for findings that no item lists, by severity, within `cap`.
    pub unlisted: Unlisted,
}

/// Lower limits of 甲 and 乙.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grades {
    pub first: Limit,
    pub second: Limit,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    pub min: f64,
    /// True: `min` itself belongs to the grade (≥); false: it does not (>).
    pub inclusive: bool,
}

impl Limit {
    pub fn reached(self, total: f64) -> bool {
        if self.inclusive { total >= self.min } else { total > self.min }
    }
}

/// What a single veto (单项否决) does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case", deny_unknown_fields)]
pub enum Veto {
    /// The grade can be no better than the veto's; `accumulate` second-grade vetoes count as a third-grade one.
    GradeCap { accumulate: Option<usize> },
    /// A fixed deduction in the item, after which the item deducts nothing more.
    Deduct { points: f64 },
    /// Points chosen so that arithmetic gives the grade.
    Points { second: f64, third: f64 },
    /// The total is set to a fixed number; `accumulate` second-grade vetoes count as a third-grade one.
    SetTotal { second: f64, third: f64, accumulate: Option<usize> },
    /// A vetoed record is not scored at all and gets the veto's grade.
    Reject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotApplicable {
    /// The part keeps its full marks.
    #[default]
    FullMarks,
    /// The part's weight is taken out and the rest is scaled to the total (得分率).
    Rescale,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub name: String,
    /// Deductions stop here (扣完为止).
    pub weight: f64,
    /// The part holds only for visits with an operation.
    #[serde(default)]
    pub operation_only: bool,
    #[serde(rename = "item")]
    pub items: Vec<Item>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub name: String,
    /// Codes (`C-E01`), code prefixes (`C-L*`) or rule ids that the item takes points for. The first item that lists a finding takes it.
    pub defects: Vec<String>,
    #[serde(default)]
    pub points: f64,
    #[serde(default)]
    pub unit: Unit,
    /// The most this item can take.
    pub cap: Option<f64>,
    pub veto: Option<VetoGrade>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Each finding (每处).
    #[default]
    Each,
    /// Once for the visit however many findings (一次性).
    Once,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VetoGrade {
    #[serde(rename = "乙")]
    Second,
    #[serde(rename = "丙")]
    Third,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlisted {
    pub points: BTreeMap<Severity, f64>,
    pub cap: f64,
}

impl Item {
    /// Whether the item takes points for this code or rule.
    pub fn lists(&self, defect: &str, rule: &str) -> bool {
        self.defects.iter().any(|listed| match listed.strip_suffix('*') {
            Some(prefix) => defect.starts_with(prefix),
            None => listed == defect || listed == rule,
        })
    }
}

/// All sheets of a rules folder.
#[derive(Debug, Clone)]
pub struct Sheets {
    pub sheets: Vec<Sheet>,
}

/// The sheet that is used when none is named.
pub const DEFAULT_SHEET: &str = "default";

impl Sheets {
    pub fn load(folder: &DataFolder) -> Result<Self, Vec<Problem>> {
        let mut sheets = Vec::new();
        let mut problems = Vec::new();
        for file in folder.below("sheets/") {
            match load(file) {
                Ok(sheet) => sheets.push(sheet),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self { sheets }) } else { Err(problems) }
    }

    pub fn sheet(&self, id: &str) -> Option<&Sheet> {
        self.sheets.iter().find(|sheet| sheet.id == id)
    }
}

fn load(file: &DataFile) -> Result<Sheet, Problem> {
    let sheet: Sheet = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
    let wrong = |needle: &str, text: String| Err(Problem::at_text(file, needle, text));
    if file.path != format!("sheets/{}.toml", sheet.id) {
        return wrong("id", format!("id `{}` must be the file's name", sheet.id));
    }
    let weights: f64 = sheet.parts.iter().map(|part| part.weight).sum();
    if (weights - sheet.total).abs() > 1e-6 {
        return wrong("[[part]]", format!("the parts' weights sum to {weights}, not to the total {}", sheet.total));
    }
    if sheet.grades.first.min <= sheet.grades.second.min {
        return wrong("[grades", "the limit of 甲 lies above that of 乙".to_owned());
    }
    for item in sheet.parts.iter().flat_map(|part| &part.items) {
        if item.points < 0.0 || item.defects.is_empty() {
            return wrong(&item.name, format!("item `{}` needs defects, and points are what it takes off (≥ 0)", item.name));
        }
        if item.points == 0.0 && item.veto.is_none() {
            return wrong(&item.name, format!("item `{}` takes nothing: give points or a veto", item.name));
        }
    }
    Ok(sheet)
}
