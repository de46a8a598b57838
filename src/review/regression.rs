//! [`Regression`]: a visit on which a rule was wrong (an appeal that was upheld, a finding that was withdrawn), kept without whose it is, so that
//! the rule's author can hold every later version of the rule to it.
//!
//! The whole visit is kept: what excuses the finding may stand anywhere in it. Names, ids, telephone and identity numbers and addresses are
//! replaced by others of the same length, so that every place stays where it was; dates stay, since rules judge them.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use crate::record::{Instant, Visit};
use crate::report::{Options, Sheet, judge};
use crate::rules::{Phase, Rulebook};

/// What a rule said wrongly, and of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    pub rule: String,
    pub visit: Visit,
    /// The moment and the phase that it was judged for.
    pub at: Instant,
    pub phase: Phase,
}

/// Numbers of telephones and identity cards. A Chinese character before one is a boundary.
static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)(?:1[3-9]\d{9}|\d{17}[\dXx]|0\d{2,3}-\d{7,8})(?-u:\b)").expect("a pattern of our own"));

/// What follows these words is where somebody lives or works.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"((?:住址|地址|工作单位|户口所在地|联系人(?:姓名)?)[:：]\s*)([^\s,，.。;；]+)").expect("a pattern of our own")
});

const FIRST: [char; 10] = ['甲', '乙', '丙', '丁', '戊', '己', '庚', '辛', '壬', '癸'];
const SECOND: [char; 12] = ['子', '丑', '寅', '卯', '辰', '巳', '午', '未', '申', '酉', '戌', '亥'];

/// The n-th name of so many characters; different for the first 120.
fn pseudonym(number: usize, length: usize) -> String {
    let name = [FIRST[number % 10], SECOND[(number / 10) % 12]];
    name.into_iter().chain(std::iter::repeat('某')).take(length).collect()
}

/// The n-th id of so many bytes.
fn number(number: usize, length: usize) -> String {
    let digits = number.to_string();
    let zeros = length.saturating_sub(digits.len() + 1);
    format!("X{}{digits}", "0".repeat(zeros))
}

/// Words and what stands in their place.
#[derive(Default)]
struct Disguise {
    /// Names, anywhere in a text; the longest first, since one may hold another.
    names: Vec<(String, String)>,
    /// Ids, where they are a whole value.
    ids: Vec<(String, String)>,
}

impl Disguise {
    fn of(visit: &Visit) -> Self {
        let mut disguise = Self::default();
        let staff = visit.staff.iter().flatten();
        let patient = &visit.patient;
        let names = patient.name.iter().chain(&visit.hospital).chain(staff.clone().filter_map(|person| person.name.as_ref()));
        for name in names {
            let length = name.chars().count();
            if length >= 2 && !disguise.names.iter().any(|(known, _)| known == name) {
                let other = pseudonym(disguise.names.len(), length);
                disguise.names.push((name.clone(), other));
            }
        }
        disguise.names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for id in std::iter::once(&visit.visit_id).chain(&patient.patient_id).chain(staff.map(|person| &person.id)) {
            if !id.is_empty() && !disguise.ids.iter().any(|(known, _)| known == id) {
                let other = number(disguise.ids.len(), id.len());
                disguise.ids.push((id.clone(), other));
            }
        }
        disguise
    }

    fn text(&self, text: &str) -> String {
        if let Some((_, other)) = self.ids.iter().find(|(id, _)| id == text) {
            return other.clone();
        }
        let mut text = text.to_owned();
        for (name, other) in &self.names {
            text = text.replace(name.as_str(), other);
        }
        // Long ids are also written in texts; short ones are words of their own there.
        for (id, other) in self.ids.iter().filter(|(id, _)| id.len() >= 6) {
            text = text.replace(id.as_str(), other);
        }
        let zeros = |found: &Captures<'_>| found[0].chars().map(|each| if each.is_ascii_digit() { '0' } else { each }).collect::<String>();
        let text = NUMBER.replace_all(&text, zeros);
        let nowhere = |found: &Captures<'_>| format!("{}{}", &found[1], "某".repeat(found[2].chars().count()));
        PLACE.replace_all(&text, nowhere).into_owned()
    }

    fn apply(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.apply(field)),
            _ => {}
        }
    }
}

/// The visit without whose it is.
pub fn disguised(visit: &Visit) -> Result<Visit, serde_json::Error> {
    let mut value = serde_json::to_value(visit)?;
    Disguise::of(visit).apply(&mut value);
    serde_json::from_value(value)
}

impl Regression {
    /// Whether the rule still says it.
    pub fn hits(&self, rulebook: &Rulebook, sheet: &Sheet) -> bool {
        let at = self.at.latest();
        let options = Options { phase: Some(self.phase), at: Some(at), ..Options::of(sheet, at) };
        let reading = rulebook.knowledge.reader.read(&self.visit);
        let report = judge(&self.visit, &reading, Vec::new(), rulebook, options, |compiled, _| compiled.rule.id == self.rule);
        !report.findings.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;
    use crate::report::Sheets;

    fn visit() -> Visit {
        serde_json::from_value(serde_json::json!({
            "visit_id": "ZY20260301", "hospital": "东城医院",
            "patient": { "patient_id": "P77", "name": "钱大明", "sex": "male" },
            "admission": { "admitted_at": "2026-03-01T09:00" },
            "staff": [{ "id": "D1", "name": "李明" }, { "id": "D2", "name": "李明远" }],
            "documents": [{ "id": "d1", "kind": "daily_course", "author": "D1", "title": "日常病程记录", "event_at": "2026-03-02T09:00",
                "text": "钱大明,住院号ZY20260301,电话13812345678,家庭住址：东城区某路8号,身份证11010119700101123X。李明远查房:子宫附件区未触及包块。D1级。" }],
        }))
        .expect("a visit")
    }

    #[test]
    fn nobody_is_named_and_every_place_stays() {
        let (before, after) = (visit(), disguised(&visit()).expect("a visit"));
        let text = |visit: &Visit| visit.documents[0].text.clone().expect("a text");
        let (old, new) = (text(&before), text(&after));
        assert_eq!(old.chars().count(), new.chars().count(), "{new}");
        let whole = serde_json::to_string(&after).expect("JSON");
        for word in ["钱大明", "李明", "13812345678", "东城", "11010119700101123X", "ZY20260301", "P77"] {
            assert!(!whole.contains(word), "{word} in {whole}");
        }
        assert!(new.contains("子宫附件区未触及包块") && new.contains("D1级"), "{new}");
        // Who wrote is still who is on the list.
        let staff = after.staff.as_ref().expect("staff");
        assert_eq!(after.documents[0].author.as_ref(), Some(&staff[0].id));
        assert_ne!(staff[0].name, staff[1].name);
    }

    #[test]
    fn the_rule_says_it_of_nobody_too() {
        let folder = DataFolder::embedded();
        let rulebook = Rulebook::load(&folder).expect("it ships");
        let sheets = Sheets::load(&folder).expect("they ship");
        let sheet = sheets.sheet(crate::report::sheet::DEFAULT_SHEET).expect("it ships");
        let reading = rulebook.knowledge.reader.read(&visit());
        let now = "2026-03-03T09:00".parse::<Instant>().expect("a moment").latest();
        let options = Options { at: Some(now), ..Options::of(sheet, now) };
        let report = judge(&visit(), &reading, Vec::new(), &rulebook, options, |_, _| true);
        let finding = report.findings.iter().find(|finding| finding.message.contains("子宫")).expect("a man with a uterus");
        let regression =
            Regression { rule: finding.rule.clone(), visit: disguised(&visit()).expect("a visit"), at: report.at, phase: report.phase };
        assert!(regression.hits(&rulebook, sheet));
        assert!(!Regression { rule: "no-such-rule".to_owned(), ..regression }.hits(&rulebook, sheet));
    }
}
