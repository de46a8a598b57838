//! Units of measurement from `rules/units.toml`: spellings, dimensions and conversion. Numbers in text are found by [`super::measures`].

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use crate::data::{DataFile, DataFolder};
use crate::problem::Problem;

/// Units and analytes, compiled.
#[derive(Debug, Default)]
pub struct UnitTable {
    units: Vec<Unit>,
    /// Every spelling, by its first byte and longest first.
    by_first: HashMap<u8, Vec<(String, usize)>>,
    spellings: HashMap<String, usize>,
    molar_masses: HashMap<String, f64>,
}

#[derive(Debug)]
struct Unit {
    name: Arc<str>,
    dimension: Option<(String, f64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitFile {
    unit: Vec<UnitEntry>,
    #[serde(default)]
    analyte: Vec<AnalyteEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitEntry {
    name: String,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    dimension: Option<String>,
    #[serde(default)]
    factor: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnalyteEntry {
    names: Vec<String>,
    molar_mass: f64,
}

/// Powers of ten per litre that blood counts are given in: the exponent, the name, the factor to the base `×10^9/L`.
const COUNTS: [(u32, &str, f64); 4] = [(12, "×10^12/L", 1e3), (9, "×10^9/L", 1.0), (6, "×10^6/L", 1e-3), (3, "×10^3/L", 1e-6)];

/// The table that ships with the program. Units are facts of physics, so no hospital edits its own.
static SHIPPED: LazyLock<UnitTable> = LazyLock::new(|| {
    let folder = DataFolder::embedded();
    // A test holds that the shipped file parses; an empty table would read no units, and never panics.
    folder.file("units.toml").and_then(|file| UnitTable::parse(file).ok()).unwrap_or_default()
});

/// The table that ships with the program.
pub fn shipped() -> &'static UnitTable {
    &SHIPPED
}

/// `value` in `from` expressed in `to`; `None` where the units measure different things or one is unknown.
pub fn convert(value: f64, from: &str, to: &str) -> Option<f64> {
    SHIPPED.convert(value, from, to)
}

/// Like [`convert`], and between molarity and mass concentration (mmol/L and mg/dl) for an analyte whose molar mass is known.
pub fn convert_analyte(value: f64, analyte: &str, from: &str, to: &str) -> Option<f64> {
    SHIPPED.convert_analyte(value, analyte, from, to)
}

impl UnitTable {
    pub fn parse(file: &DataFile) -> Result<Self, Problem> {
        let entries: UnitFile = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        let mut table = Self::default();
        for (_, name, factor) in COUNTS {
            table.add(name, Some(("count".to_owned(), factor)));
        }
        for entry in entries.unit {
            let dimension = match (entry.dimension, entry.factor) {
                (Some(dimension), Some(factor)) if factor > 0.0 => Some((dimension, factor)),
                (None, None) => None,
                _ => {
                    let text = format!("unit `{}` needs both a dimension and a positive factor, or neither", entry.name);
                    return Err(Problem::at_text(file, &format!("\"{}\"", entry.name), text));
                }
            };
            let index = table.units.len();
            table.units.push(Unit { name: Arc::from(entry.name.as_str()), dimension });
            for spelling in std::iter::once(entry.name).chain(entry.also) {
                if spelling.is_empty() || table.spellings.contains_key(&spelling) {
                    return Err(Problem::at_text(file, &format!("\"{spelling}\""), format!("unit `{spelling}` is empty or listed twice")));
                }
                table.spell(spelling, index);
            }
        }
        for entry in entries.analyte {
            if entry.molar_mass <= 0.0 {
                return Err(Problem::at_text(file, "molar_mass", "a molar mass is positive"));
            }
            for name in entry.names {
                if table.molar_masses.insert(name.clone(), entry.molar_mass).is_some() {
                    return Err(Problem::at_text(file, &format!("\"{name}\""), format!("analyte `{name}` is listed twice")));
                }
            }
        }
        for list in table.by_first.values_mut() {
            list.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        }
        Ok(table)
    }

    fn add(&mut self, name: &str, dimension: Option<(String, f64)>) {
        self.units.push(Unit { name: Arc::from(name), dimension });
        self.spell(name.to_owned(), self.units.len() - 1);
    }

    fn spell(&mut self, spelling: String, index: usize) {
        if let Some(first) = spelling.bytes().next() {
            self.by_first.entry(first).or_default().push((spelling.clone(), index));
        }
        self.spellings.insert(spelling, index);
    }

    /// The longest unit at the start of `text`: its length and its name.
    pub fn at_start(&self, text: &str) -> Option<(usize, &Arc<str>)> {
        if let Some((length, unit)) = self.count_at_start(text) {
            return Some((length, &unit.name));
        }
        let list = self.by_first.get(text.as_bytes().first()?)?;
        let (spelling, unit) = list.iter().find(|(spelling, _)| text.starts_with(spelling.as_str()) && ends_well(spelling, text))?;
        Some((spelling.len(), &self.units.get(*unit)?.name))
    }

    /// `×10^9/L`, `*10⁹/L`, `x 10^12 /l`, `×109/L` (a lost superscript), `10^9/L`.
    fn count_at_start(&self, text: &str) -> Option<(usize, &Unit)> {
        let first = text.chars().next().filter(|first| matches!(first, '×' | 'x' | 'X' | '*' | '·' | '1' | '╳' | '✕'))?;
        let marked = first != '1';
        let start = if marked { spaces(text, first.len_utf8()) } else { 0 };
        let after = text.get(start..)?.strip_prefix("10")?;
        let (caret, after) = after.strip_prefix(['^', 'ˆ']).map_or((false, after), |after| (true, after));
        let (exponent, after) = exponent(after)?;
        if !marked && !caret && text.as_bytes().get(start + 2).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let after = after.trim_start_matches(' ').strip_prefix('/')?;
        let (per, length) = PER.iter().find(|(per, _)| after.starts_with(per)).map(|(per, power)| (*power, per.len()))?;
        let rest = &after[length..];
        if rest.starts_with(|next: char| next.is_ascii_alphanumeric()) {
            return None;
        }
        let (_, name, _) = COUNTS.iter().find(|(known, ..)| *known == exponent + per)?;
        let unit = self.units.get(*self.spellings.get(*name)?)?;
        Some((text.len() - rest.len(), unit))
    }

    /// The unit's name for any of its spellings: `umol/L` → `μmol/L`, `10^9/L` → `×10^9/L`.
    pub fn name_of(&self, unit: &str) -> Option<&Arc<str>> {
        self.find(unit).map(|unit| &unit.name)
    }

    /// What a unit measures: `mass`, `molarity`, `pressure` …
    pub fn dimension(&self, unit: &str) -> Option<&str> {
        self.find(unit)?.dimension.as_ref().map(|(dimension, _)| dimension.as_str())
    }

    fn find(&self, unit: &str) -> Option<&Unit> {
        let unit = unit.trim();
        match self.spellings.get(unit) {
            Some(index) => self.units.get(*index),
            None => self.count_at_start(unit).filter(|(length, _)| *length == unit.len()).map(|(_, unit)| unit),
        }
    }

    /// `value` in `from` expressed in `to`.
    pub fn convert(&self, value: f64, from: &str, to: &str) -> Option<f64> {
        if from == to {
            return Some(value);
        }
        let (source, target) = (self.find(from)?, self.find(to)?);
        if source.name == target.name {
            return Some(value);
        }
        let ((dimension, factor), (wanted, base)) = (source.dimension.as_ref()?, target.dimension.as_ref()?);
        (dimension == wanted).then_some(value * factor / base)
    }

    /// `value` of `analyte` in `from` expressed in `to`.
    pub fn convert_analyte(&self, value: f64, analyte: &str, from: &str, to: &str) -> Option<f64> {
        if let Some(value) = self.convert(value, from, to) {
            return Some(value);
        }
        // μmol/L times g/mol is μg/L.
        let micrograms = self.molar_masses.get(analyte)?;
        match (self.dimension(from)?, self.dimension(to)?) {
            ("molarity", "density") => self.convert(self.convert(value, from, "μmol/L")? * micrograms, "μg/L", to),
            ("density", "molarity") => self.convert(self.convert(value, from, "μg/L")? / micrograms, "μmol/L", to),
            _ => None,
        }
    }
}

/// What a count is per, and the power of ten that makes it one per litre.
const PER: [(&str, u32); 10] =
    [("L", 0), ("l", 0), ("升", 0), ("ml", 3), ("mL", 3), ("μl", 6), ("μL", 6), ("ul", 6), ("uL", 6), ("mm3", 6)];

/// The exponent at the start of `text`, in plain or raised digits, and what follows it.
fn exponent(text: &str) -> Option<(u32, &str)> {
    const RAISED: [(&str, u32); 4] = [("¹²", 12), ("⁹", 9), ("⁶", 6), ("³", 3)];
    const PLAIN: [(&str, u32); 4] = [("12", 12), ("9", 9), ("6", 6), ("3", 3)];
    let text = text.trim_start_matches(' ');
    RAISED.into_iter().chain(PLAIN).find_map(|(digits, value)| text.strip_prefix(digits).map(|rest| (value, rest)))
}

fn spaces(text: &str, at: usize) -> usize {
    at + text.get(at..).map_or(0, |rest| rest.len() - rest.trim_start_matches(' ').len()).min(1)
}

/// A unit in letters ends where the letters end, or before a frequency (100mgqd); `m` is no unit before `mol`, `U` none before `CT`.
fn ends_well(spelling: &str, text: &str) -> bool {
    const FREQUENCIES: [&str; 14] = ["qd", "bid", "tid", "qid", "qn", "qod", "q4h", "q6h", "q8h", "q12h", "po", "iv", "ivgtt", "st"];
    if !spelling.ends_with(|last: char| last.is_ascii_alphanumeric()) {
        return true;
    }
    let rest = text.get(spelling.len()..).unwrap_or("");
    let word = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    word == 0 || FREQUENCIES.contains(&&rest[..word])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: Option<f64>, expected: f64) -> bool {
        value.is_some_and(|value| (value - expected).abs() <= expected.abs() * 1e-3)
    }

    #[test]
    fn the_shipped_table_is_right() {
        let folder = DataFolder::embedded();
        let file = folder.file("units.toml").expect("it ships");
        assert_eq!(UnitTable::parse(file).map(|table| table.units.len() > 80), Ok(true));
    }

    #[test]
    fn mistakes_in_the_table_name_their_line() {
        let problem = |text: &'static str| UnitTable::parse(&DataFile { path: "units.toml".into(), text: text.into() }).expect_err(text);
        assert_eq!(problem("[[unit]]\nname = \"mg\"\n\n[[unit]]\nname = \"g\"\nalso = [\"mg\"]\n").line, 2);
        assert!(problem("[[unit]]\nname = \"mg\"\ndimension = \"mass\"\n").text.contains("factor"));
    }

    #[test]
    fn units_convert_within_a_dimension() {
        for (value, from, to, expected) in [
            (0.25, "g", "mg", 250.0),
            (250.0, "ug", "mg", 0.25),
            (130.0, "斤", "kg", 65.0),
            (16.0, "kPa", "mmHg", 120.01),
            (15.0, "cmH2O", "mmHg", 11.03),
            (320.0, "万U", "U", 3_200_000.0),
            (3.2, "10^9/L", "×10^9/L", 3.2),
            (4.5, "×10^12/L", "10^9/L", 4_500.0),
            (120.0, "g/L", "g/dl", 12.0),
            (0.05, "ng/mL", "μg/L", 0.05),
            (1.2, "mmol/l", "umol/L", 1_200.0),
            (1.5, "g/24h", "mg/d", 1_500.0),
        ] {
            assert!(close(convert(value, from, to), expected), "{value} {from} → {to}: {:?}", convert(value, from, to));
        }
        assert_eq!(convert(1.0, "mg", "ml"), None);
        assert_eq!(convert(1.0, "mmol/L", "mg/dl"), None);
        assert_eq!(convert(1.0, "瓦", "mg"), None);
        assert_eq!(convert(1.0, "瓦", "瓦"), Some(1.0));
    }

    #[test]
    fn molarity_converts_by_analyte() {
        assert!(close(convert_analyte(5.55, "葡萄糖", "mmol/L", "mg/dl"), 100.0));
        assert!(close(convert_analyte(100.0, "血糖", "mg/dL", "mmol/L"), 5.551));
        assert!(close(convert_analyte(88.4, "肌酐", "μmol/L", "mg/dl"), 1.0));
        assert!(close(convert_analyte(5.17, "总胆固醇", "mmol/L", "mg/dl"), 199.9));
        assert_eq!(convert_analyte(1.7, "甘油三酯", "mmol/L", "mg/dl"), None);
        assert!(close(convert_analyte(2.0, "甘油三酯", "mmol/L", "μmol/L"), 2_000.0));
    }

    #[test]
    fn spellings_have_one_name() {
        let name = |unit: &str| shipped().name_of(unit).map(|name| name.to_string());
        for spelling in ["10^9/L", "×10^9/L", "*10^9/L", "×10⁹/L", "10⁹/L", "×109/L", "x10^9/l", "× 10^9 /L", "×10^3/μL", "*10^6/ml"]
        {
            assert_eq!(name(spelling).as_deref(), Some("×10^9/L"), "{spelling}");
        }
        assert_eq!(name("×1012/L").as_deref(), Some("×10^12/L"));
        assert_eq!(name("umol/L").as_deref(), Some("μmol/L"));
        assert_eq!(name("109/L"), None);
    }
}
