//! Remarks on a rulebook that loads but could be better: rules that can't fire, equal checks, codes that no score sheet lists.

use std::collections::HashMap;

use super::case::Expect;
use super::{Rulebook, Status};
use crate::data::DataFolder;
use crate::problem::Problem;
use crate::report::Sheets;

/// All remarks, by file.
pub fn lint(rulebook: &Rulebook, sheets: &Sheets, folder: &DataFolder) -> Vec<Problem> {
    let mut remarks = Vec::new();
    let mut checks: HashMap<String, &str> = HashMap::new();
    for compiled in &rulebook.rules {
        let rule = &compiled.rule;
        let Some(file) = folder.file(&compiled.file) else { continue };
        let mut remark = |needle: &str, text: String| remarks.push(Problem::at_text(file, needle, text));
        let check = serde_json::to_string(&(&rule.check, &rule.applies)).unwrap_or_default();
        if let Some(other) = checks.insert(check, &rule.id) {
            remark("[check]", format!("the same check as `{other}`"));
        }
        let cases = |expect: Expect| rule.cases.iter().filter(|case| case.expect == expect).count();
        if rule.status == Status::Stable && cases(Expect::Hit) + cases(Expect::Pass) < 3 {
            remark("status", "a stable rule deserves at least three cases".to_owned());
        }
        if rule.status == Status::Preview && rule.cases.is_empty() {
            remark("status", "a rule without cases proves nothing".to_owned());
        }
        for slot in unknown_slots(&rule.message) {
            remark(&slot, format!("message slot `{slot}` is known to no rule kind"));
        }
        let listed =
            |sheet: &crate::report::Sheet| sheet.parts.iter().flat_map(|part| &part.items).any(|item| item.lists(&rule.defect, &rule.id));
        if rule.status == Status::Stable && sheets.sheet(crate::report::sheet::DEFAULT_SHEET).is_some_and(|sheet| !listed(sheet)) {
            remark("defect", format!("`{}` is listed by no item of the default sheet and scores as unlisted", rule.defect));
        }
    }
    remarks
}

/// Slots that the kinds fill, besides those of the evidence.
const SLOTS: &[&str] = &[
    "task",
    "trigger",
    "due",
    "status",
    "state",
    "first",
    "second",
    "distance",
    "length",
    "document",
    "missing",
    "signers",
    "similarity",
    "concept",
    "bounds",
    "computed",
    "right",
    "stated",
    "expected",
    "where",
    "sex",
    "wanted",
    "drug",
    "allergy",
    "why",
    "needs",
    "data",
    "a.quote",
    "a.title",
    "a.section",
    "b.quote",
    "b.title",
    "b.section",
];

fn unknown_slots(message: &str) -> Vec<String> {
    message
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(slot, _)| slot.to_owned())
        .filter(|slot| !SLOTS.contains(&slot.as_str()))
        .collect()
}
