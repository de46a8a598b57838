//! Measures in clean text: a number with its unit, pairs (120/80mmHg), sizes (3×2cm), ranges (36-37℃) and bounds (<4.0).
//! Always read from the text as written, never from a tokenizer, which would turn 10³ into 103.

use std::sync::Arc;

use super::text::Span;
use super::{Measure, Relation};

/// Units by what they measure are data of the rules; here is only what a unit may look like, longest first.
const UNITS: [&str; 74] = [
    "×10^12/L",
    "×10^9/L",
    "×10^6/L",
    "x10^9/L",
    "*10^12/L",
    "*10^9/L",
    "*10^6/L",
    "×10¹²/L",
    "×10⁹/L",
    "ml/min/1.73m2",
    "ml/min",
    "mmol/24h",
    "mg/24h",
    "g/24h",
    "mmHg",
    "mmhg",
    "cmH2O",
    "mmol/L",
    "μmol/L",
    "umol/L",
    "µmol/L",
    "nmol/L",
    "pmol/L",
    "mmol/l",
    "μmol/l",
    "umol/l",
    "mg/dL",
    "mg/dl",
    "mg/L",
    "μg/L",
    "ug/L",
    "ng/mL",
    "ng/ml",
    "pg/mL",
    "pg/ml",
    "ng/L",
    "μg/ml",
    "mIU/L",
    "mIU/ml",
    "μIU/ml",
    "IU/mL",
    "IU/ml",
    "IU/L",
    "U/mL",
    "U/ml",
    "U/L",
    "g/dL",
    "g/dl",
    "g/L",
    "g/l",
    "kg/m2",
    "kg/m²",
    "次/分",
    "次/min",
    "bpm",
    "mm/h",
    "kPa",
    "万U",
    "IU",
    "kg",
    "mg",
    "μg",
    "ug",
    "mcg",
    "cm",
    "mm",
    "ml",
    "mL",
    "℃",
    "°C",
    "%",
    "msec",
    "ms",
    "U",
];
/// Units of one letter, accepted only directly after the digits and before no other letter.
const SHORT_UNITS: [&str; 12] = ["g", "L", "l", "m", "C", "斤", "克", "片", "粒", "支", "枚", "升"];

/// Every measure, in order, without overlaps. A bare number is none, except a pair `120/80` of blood-pressure size.
pub fn measures(text: &str) -> Vec<Measure> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        match measure(text, at) {
            Some(measure) => {
                at = measure.span.end as usize;
                found.push(measure);
            }
            None => at = number(text, at).map_or(at + 1, |(end, _)| end),
        }
    }
    found
}

fn measure(text: &str, at: usize) -> Option<Measure> {
    if at > 0 && text.as_bytes()[at - 1].is_ascii_alphabetic() && !text[..at].ends_with(['P', 'R', 'T']) {
        return None;
    }
    let (mut end, value) = number(text, at)?;
    let (start, mut relation) = relation_before(text, at);
    let mut second = None;
    let mut third = None;
    let (unit_end, mut unit) = unit(text, end);
    end = unit_end;
    if let Some((next, mark)) = joiner(text, end)
        && let Some((after, other)) = number(text, next)
    {
        let (other_end, other_unit) = self::unit(text, after);
        let pressure = matches!(other_unit, "mmHg" | "mmhg" | "kPa");
        let sized = (30.0..=300.0).contains(&value) && (20.0..=200.0).contains(&other) && value > other;
        // With its unit a pair is a pressure even when it is impossible: systolic below diastolic is another rule's question.
        let pair = mark == '/' && unit.is_empty() && (pressure || sized);
        let size =
            matches!(mark, '×' | '*' | 'x' | 'X') && (!other_unit.is_empty() || joiner(text, other_end).is_some() || !unit.is_empty());
        let range = matches!(mark, '-' | '~') && !other_unit.is_empty() && other >= value;
        if pair || size || range {
            second = Some(other);
            end = other_end;
            if unit.is_empty() {
                unit = other_unit;
            }
            if range {
                relation = Relation::Range;
            }
            if size
                && let Some((next, '×' | '*' | 'x' | 'X')) = joiner(text, end)
                && let Some((after, last)) = number(text, next)
            {
                let (last_end, last_unit) = self::unit(text, after);
                third = Some(last);
                end = last_end;
                if unit.is_empty() {
                    unit = last_unit;
                }
            }
            if pair && unit.is_empty() && !(value >= 60.0 && value - other >= 10.0) {
                return None;
            }
        }
    }
    if unit.is_empty() && second.is_none() {
        return None;
    }
    Some(Measure { span: Span::new(start, end), value, second, third, relation, unit: Arc::from(unit) })
}

/// Digits with one decimal point, thousands with commas.
fn number(text: &str, at: usize) -> Option<(usize, f64)> {
    let bytes = text.as_bytes();
    let run = |from: usize| bytes.get(from..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let whole = run(at);
    if whole == 0 || whole > 12 {
        return None;
    }
    let mut end = at + whole;
    let mut digits = text[at..end].to_owned();
    while bytes.get(end) == Some(&b',') && run(end + 1) == 3 && whole <= 3 {
        digits.push_str(&text[end + 1..end + 4]);
        end += 4;
    }
    if bytes.get(end) == Some(&b'.') && run(end + 1) > 0 {
        let fraction = run(end + 1);
        digits.push_str(&text[end..end + 1 + fraction]);
        end += 1 + fraction;
    }
    digits.parse().ok().map(|value| (end, value))
}

/// `<`, `>`, `≤`, `≥`, `约` before a number.
fn relation_before(text: &str, at: usize) -> (usize, Relation) {
    const MARKS: [(&str, Relation); 10] = [
        ("<=", Relation::LessOrEqual),
        (">=", Relation::GreaterOrEqual),
        ("≤", Relation::LessOrEqual),
        ("≥", Relation::GreaterOrEqual),
        ("<", Relation::Less),
        (">", Relation::Greater),
        ("小于", Relation::Less),
        ("大于", Relation::Greater),
        ("大约", Relation::About),
        ("约", Relation::About),
    ];
    match MARKS.iter().find(|(mark, _)| text[..at].ends_with(mark)) {
        Some((mark, relation)) => (at - mark.len(), *relation),
        None => (at, Relation::Equal),
    }
}

/// The unit at `at`, after at most one space.
fn unit(text: &str, at: usize) -> (usize, &'static str) {
    let start = if text[at..].starts_with(' ') { at + 1 } else { at };
    let rest = &text[start..];
    if let Some(unit) = UNITS.into_iter().find(|unit| rest.starts_with(unit)) {
        let end = start + unit.len();
        let joined =
            unit.ends_with(|last: char| last.is_ascii_alphabetic()) && text[end..].starts_with(|next: char| next.is_ascii_alphabetic());
        if !joined {
            return (end, unit);
        }
    }
    if start == at
        && let Some(unit) = SHORT_UNITS.into_iter().find(|unit| rest.starts_with(unit))
        && !text[start + unit.len()..].starts_with(|next: char| next.is_ascii_alphanumeric())
    {
        return (start + unit.len(), unit);
    }
    (at, "")
}

/// The mark between two numbers of one measure, and where the second begins.
fn joiner(text: &str, at: usize) -> Option<(usize, char)> {
    let mark = text[at..].chars().next().filter(|mark| matches!(mark, '/' | '×' | '*' | 'x' | 'X' | '-' | '~'))?;
    let next = at + mark.len_utf8();
    text[next..].starts_with(|next: char| next.is_ascii_digit()).then_some((next, mark))
}

/// Dimension and factor to the base unit of the dimension: mass in mg, length in mm, volume in ml, pressure in mmHg, temperature in ℃.
pub fn base(unit: &str) -> Option<(&'static str, f64)> {
    Some(match unit {
        "kg" => ("mass", 1e6),
        "斤" => ("mass", 5e5),
        "g" | "克" => ("mass", 1e3),
        "mg" => ("mass", 1.0),
        "μg" | "ug" | "mcg" => ("mass", 1e-3),
        "m" => ("length", 1e3),
        "cm" => ("length", 10.0),
        "mm" => ("length", 1.0),
        "L" | "l" | "升" => ("volume", 1e3),
        "ml" | "mL" => ("volume", 1.0),
        "mmHg" | "mmhg" => ("pressure", 1.0),
        "kPa" => ("pressure", 7.500_617),
        "℃" | "°C" | "C" => ("temperature", 1.0),
        "%" => ("share", 1.0),
        "万U" => ("units", 1e4),
        "U" | "IU" => ("units", 1.0),
        "mmol/L" | "mmol/l" => ("amount", 1e3),
        "μmol/L" | "umol/L" | "µmol/L" | "μmol/l" | "umol/l" => ("amount", 1.0),
        "nmol/L" => ("amount", 1e-3),
        "pmol/L" => ("amount", 1e-6),
        "g/L" | "g/l" | "mg/ml" => ("density", 1e3),
        "g/dL" | "g/dl" => ("density", 1e4),
        "mg/dL" | "mg/dl" => ("density", 10.0),
        "mg/L" | "μg/ml" => ("density", 1.0),
        "μg/L" | "ug/L" | "ng/mL" | "ng/ml" => ("density", 1e-3),
        "ng/L" | "pg/mL" | "pg/ml" => ("density", 1e-6),
        "次/分" | "次/min" | "bpm" => ("rate", 1.0),
        "×10^12/L" | "*10^12/L" | "×10¹²/L" => ("count", 1e3),
        "×10^9/L" | "x10^9/L" | "*10^9/L" | "×10⁹/L" | "10^9/L" => ("count", 1.0),
        "×10^6/L" | "*10^6/L" => ("count", 1e-3),
        "kg/m2" | "kg/m²" => ("bmi", 1.0),
        _ => return None,
    })
}

/// `value` in `from` expressed in `to`; `None` where the units measure different things.
pub fn convert(value: f64, from: &str, to: &str) -> Option<f64> {
    if from == to {
        return Some(value);
    }
    let ((dimension, factor), (wanted, target)) = (base(from)?, base(to)?);
    (dimension == wanted).then_some(value * factor / target)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, f64, Option<f64>, Option<f64>, String)> {
        let one = |measure: &Measure| {
            (text[measure.span.range()].to_owned(), measure.value, measure.second, measure.third, measure.unit.to_string())
        };
        measures(text).iter().map(one).collect()
    }

    fn only(text: &str) -> (f64, Option<f64>, Option<f64>, String) {
        let found = read(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        (found[0].1, found[0].2, found[0].3, found[0].4.clone())
    }

    #[test]
    fn numbers_with_units() {
        assert_eq!(only("体温38.5℃"), (38.5, None, None, "℃".into()));
        assert_eq!(only("WBC 15.2×10^9/L"), (15.2, None, None, "×10^9/L".into()));
        assert_eq!(only("血钾 6.8 mmol/L"), (6.8, None, None, "mmol/L".into()));
        assert_eq!(only("阿司匹林100mg qd"), (100.0, None, None, "mg".into()));
        assert_eq!(only("青霉素320万U"), (320.0, None, None, "万U".into()));
        assert_eq!(only("出血约1,200ml"), (1200.0, None, None, "ml".into()));
    }

    #[test]
    fn pairs_sizes_and_ranges() {
        assert_eq!(only("BP 120/80mmHg"), (120.0, Some(80.0), None, "mmHg".into()));
        assert_eq!(only("血压150/90"), (150.0, Some(90.0), None, String::new()));
        assert_eq!(only("大小3×2×1cm"), (3.0, Some(2.0), Some(1.0), "cm".into()));
        assert_eq!(only("约3.0cm*2.0cm"), (3.0, Some(2.0), None, "cm".into()));
        assert_eq!(only("36.5-37.2℃"), (36.5, Some(37.2), None, "℃".into()));
    }

    #[test]
    fn bounds_keep_their_relation() {
        assert_eq!(measures("PCT<0.05ng/ml")[0].relation, Relation::Less);
        assert_eq!(measures("出血约300ml")[0].relation, Relation::About);
    }

    #[test]
    fn bare_numbers_are_none() {
        for text in ["GCS 15分", "第3天", "L4/5", "5/6级", "2026-03-02", "10:30", "mg", "电话 12345"] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn units_convert_within_a_dimension() {
        assert_eq!(convert(0.25, "g", "mg"), Some(250.0));
        assert_eq!(convert(130.0, "斤", "kg"), Some(65.0));
        assert_eq!(convert(16.0, "kPa", "mmHg").map(f64::round), Some(120.0));
        assert_eq!(convert(1.0, "mg", "ml"), None);
    }

    proptest! {
        #[test]
        fn spans_are_ordered_and_whole(text in "[0-9.,/×*~<约mglcUL%℃ -]{0,30}") {
            let mut last = 0;
            for measure in measures(&text) {
                prop_assert!(measure.span.start >= last);
                prop_assert!(text.get(measure.span.range()).is_some_and(|part| !part.is_empty()));
                last = measure.span.end;
            }
        }
    }
}
