//! Indicators: numerators and denominators over many visits, from facts that are verified in the text and the data of each.
//!
//! One indicator a file in `rules/indicators/`; facts that many share stand in `rules/indicators/facts.toml`, the vocabulary of imaging in
//! `rules/indicators/exams.toml`. An indicator is data: *facts* ([`fact`]) say what to look for and always show their quotes, *logic*
//! ([`logic`]) joins them with three values: true, false, not documented. A visit counts in the numerator only where the logic is true.
//!
//! ```toml
//! id    = "crc-lymph-nodes"
//! name  = "结直肠癌术中淋巴结清扫充分率"
//! group = "结直肠癌"
//! unit  = "visit"
//! better = "higher"
//! basis = ["local"]
//! definition = "清扫淋巴结≥12枚的结直肠癌手术患者 / 同期结直肠癌手术患者"
//!
//! denominator = { all = ["colorectal-cancer", "resection"] }
//! numerator   = { value = "lymph-nodes", at_least = 12 }
//! exclude     = [{ why = "新辅助治疗后", when = "neoadjuvant" }]
//!
//! [fact.resection]
//! name = "结直肠癌根治手术"
//! find = { regex = ["(结肠|直肠)[^。;]{0,12}(切除|根治)"], says = "act" }
//!
//! [[case]]
//! expect = "met"                       # met | unmet (in the denominator) | out
//! text   = { "手术记录" = "行腹腔镜直肠癌根治术。", "出院记录/诊疗经过" = "术后病理:直肠腺癌,淋巴结未见癌转移(0/15)。" }
//! ```

pub mod book;
pub mod exam;
pub mod export;
pub mod fact;
pub mod find;
pub mod judge;
pub mod logic;
pub mod number;
pub mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use book::Book;
pub use judge::Judgement;
pub use logic::{Logic, Truth};

use crate::rules::case::{Case, Expect};

/// One indicator as its file says it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Kebab-case, the file's name, never changes.
    pub id: String,
    pub name: String,
    /// What it stands under in lists: 病案管理质量 or a disease.
    pub group: String,
    /// The official number where there is one: lists go by it.
    #[serde(default)]
    pub number: Option<u16>,
    /// The official code where there is one: `MER-TL-01`.
    #[serde(default)]
    pub code: Option<String>,
    pub better: Better,
    pub basis: Vec<String>,
    pub definition: String,
    /// What a person must still confirm, or why no program can count it.
    #[serde(default)]
    pub remark: Option<String>,
    #[serde(default)]
    pub method: Method,
    /// What becomes of a visit whose record does not say enough for the numerator.
    #[serde(default)]
    pub not_documented: NotDocumented,
    pub denominator: Logic,
    #[serde(default)]
    pub exclude: Vec<Exclusion>,
    pub numerator: Logic,
    #[serde(default)]
    pub fact: BTreeMap<String, fact::Fact>,
    /// Where a published benchmark has the same indicator.
    #[serde(default)]
    pub cmqcic: Option<Benchmark>,
    #[serde(default, rename = "case")]
    pub cases: Vec<IndicatorCase>,
}

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    Higher,
    Lower,
    /// A plain count or load, neither good nor bad in itself.
    Neither,
}

/// How much of the figure the program can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    #[default]
    Automatic,
    /// The program's value is a candidate; a person confirms it.
    Confirm,
    /// Needs figures that no record holds (staff months, coders' review): listed, never computed.
    Manual,
}

/// A note that does not say enough is unmet; a visit whose data were not sent is better left out, counted and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotDocumented {
    #[default]
    Unmet,
    LeftOut,
}

/// Visits that an indicator leaves out; they are counted and shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    pub why: String,
    pub when: Logic,
}

/// The same indicator in CMQCIC-Bench: its id, and which of our facts answers each of its facts (empty: none does).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    pub id: String,
    #[serde(default)]
    pub facts: Vec<String>,
}

/// An example that proves the indicator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndicatorCase {
    pub expect: Standing,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub text: BTreeMap<String, String>,
    #[serde(default)]
    pub visit: serde_json::Value,
    #[serde(default)]
    pub at: Option<String>,
}

impl IndicatorCase {
    /// The same example as a rule would write it.
    pub fn as_case(&self) -> Case {
        Case {
            expect: Expect::Hit,
            trap: false,
            name: self.name.clone(),
            text: self.text.clone(),
            visit: self.visit.clone(),
            at: self.at.clone(),
            phase: None,
            quote: Vec::new(),
            hits: None,
            history: Vec::new(),
        }
    }
}

/// Where a visit stands with an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In the numerator.
    Met,
    /// In the denominator only.
    Unmet,
    /// The denominator does not hold it.
    Out,
}
