//! Measures in clean text: a number with its unit, pairs (120/80mmHg), sizes (3×2cm), ranges (36-37℃) and bounds (<4.0ng/ml).
//!
//! Always read from the text as written, never from a tokenizer, which would turn 10³ into 103. A bare number is no measure here, except a
//! blood pressure; numbers after the name of a lab item belong to the mention linker. Units are data, see [`super::units`].

use std::sync::Arc;

use super::text::Span;
use super::times::{digits, rest};
pub use super::units::convert;
use super::units::{UnitTable, shipped};
use super::{Measure, Relation};

/// Every measure, in order, without overlaps.
pub fn measures(text: &str) -> Vec<Measure> {
    let units = shipped();
    let bytes = text.as_bytes();
    let mut found: Vec<Measure> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let floor = found.last().map_or(0, |last| last.span.end as usize);
        match measure(text, at, floor, units) {
            Outcome::Measure(measure) => {
                at = measure.span.end as usize;
                found.push(measure);
            }
            Outcome::Nothing(end) => at = end.max(at + 1),
        }
    }
    found
}

enum Outcome {
    Measure(Measure),
    /// No measure up to there.
    Nothing(usize),
}

/// A number and the unit right after it.
struct Quantity<'u> {
    end: usize,
    number_end: usize,
    value: f64,
    unit: Option<&'u Arc<str>>,
}

impl Quantity<'_> {
    fn measures(&self, units: &UnitTable, dimension: &str) -> bool {
        self.unit.is_some_and(|unit| units.dimension(unit) == Some(dimension))
    }
}

fn measure(text: &str, at: usize, floor: usize, units: &UnitTable) -> Outcome {
    let head = &text[..at];
    // SpO298% and PaO265mmHg: the 2 belongs to the gas.
    if head.ends_with('O') && rest(text, at).starts_with('2') {
        return Outcome::Nothing(at + 1);
    }
    let Some(first) = quantity(text, at, units) else { return Outcome::Nothing(at + digits(text, at)) };
    let start_relation = relation_before(text, at, floor);
    let build = |end: usize, value: f64, second: Option<f64>, third: Option<f64>, relation: Option<Relation>, unit: Option<&Arc<str>>| {
        let (start, before) = start_relation;
        let unit = unit.cloned().unwrap_or_else(|| Arc::from(""));
        Outcome::Measure(Measure { span: Span::new(start, end), value, second, third, relation: relation.unwrap_or(before), unit })
    };
    if let Some((mark, second)) = joined(text, first.end, units) {
        match mark {
            '/' if is_pressure(text, at, &first, &second, units) => {
                if starts_range(text, second.number_end) {
                    return Outcome::Nothing(range_end(text, second.number_end, units));
                }
                return build(second.end, first.value, Some(second.value), None, None, second.unit);
            }
            // 1/2片
            '/' if first.value == 1.0 && first.unit.is_none() && (2.0..=4.0).contains(&second.value) && is_counted(&second) => {
                return build(second.end, 1.0 / second.value, None, None, None, second.unit);
            }
            '×' => {
                let third = joined(text, second.end, units).filter(|(mark, _)| *mark == '×').map(|(_, third)| third);
                let last = third.as_ref().unwrap_or(&second);
                if last.measures(units, "length") || third.is_none() && first.measures(units, "length") && second.unit.is_none() {
                    let unit = last.unit.or(first.unit);
                    return build(last.end, first.value, Some(second.value), third.as_ref().map(|third| third.value), None, unit);
                }
            }
            '-' => {
                // 120-140/70-90mmHg is a range of pairs, which is no single measure.
                if rest(text, second.number_end).starts_with('/')
                    && starts_range(text, second.number_end + 1 + digits(text, second.number_end + 1))
                {
                    return Outcome::Nothing(range_end(text, second.number_end + 1 + digits(text, second.number_end + 1), units));
                }
                let same = first.unit.is_none() || first.unit == second.unit;
                if second.unit.is_some() && same && second.value >= first.value {
                    return build(second.end, first.value, Some(second.value), None, Some(Relation::Range), second.unit);
                }
            }
            _ => {}
        }
    }
    // T12L or C3m is a code; CRP35mg/L is a value.
    let after_letter = head.ends_with(|before: char| before.is_ascii_alphabetic());
    let one_letter = first.unit.is_some_and(|unit| unit.len() == 1 && unit.as_bytes()[0].is_ascii_alphabetic());
    if first.unit.is_none() || after_letter && one_letter || head.ends_with(['/', '^']) && one_letter {
        return Outcome::Nothing(first.number_end);
    }
    build(first.end, first.value, None, None, None, first.unit)
}

/// The number at `at` and its unit. `1.2×10^5IU/ml` is the whole value.
fn quantity<'u>(text: &str, at: usize, units: &'u UnitTable) -> Option<Quantity<'u>> {
    let (number_end, value) = number(text, at)?;
    if let Some((end, unit)) = unit(text, number_end, units) {
        return Some(Quantity { end, number_end, value, unit: Some(unit) });
    }
    if let Some((power_end, factor)) = power_of_ten(text, number_end)
        && let Some((end, unit)) = unit(text, power_end, units)
    {
        return Some(Quantity { end, number_end: power_end, value: value * factor, unit: Some(unit) });
    }
    Some(Quantity { end: number_end, number_end, value, unit: None })
}

/// Digits with one decimal point, thousands with commas.
fn number(text: &str, at: usize) -> Option<(usize, f64)> {
    const LONGEST: usize = 12;
    let bytes = text.as_bytes();
    let whole = digits(text, at);
    if whole == 0 || whole > LONGEST {
        return None;
    }
    let mut end = at + whole;
    let mut grouped = false;
    while whole <= 3 && end - at <= LONGEST && bytes.get(end) == Some(&b',') && digits(text, end + 1) == 3 {
        end += 4;
        grouped = true;
    }
    let fraction = if bytes.get(end) == Some(&b'.') { digits(text, end + 1) } else { 0 };
    if (1..=LONGEST).contains(&fraction) {
        end += 1 + fraction;
    }
    let written = &text[at..end];
    let value = if grouped { written.replace(',', "").parse() } else { written.parse() };
    value.ok().map(|value| (end, value))
}

/// `×10^5` or `×10⁵` after a number: its end and the factor.
fn power_of_ten(text: &str, at: usize) -> Option<(usize, f64)> {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let tail = rest(text, at).trim_start_matches(' ');
    let after = tail.strip_prefix(['×', '*', 'x', 'X'])?.trim_start_matches(' ').strip_prefix("10")?;
    let (exponent, left) = match after.strip_prefix('^') {
        Some(after) => {
            let count = digits(after, 0);
            (after[..count].parse::<i32>().ok()?, &after[count..])
        }
        None => {
            let raised = after.chars().next()?;
            (RAISED.iter().position(|digit| *digit == raised)? as i32, &after[raised.len_utf8()..])
        }
    };
    (exponent <= 20).then(|| (text.len() - left.len(), 10f64.powi(exponent)))
}

/// The unit at `at`, after at most one space.
fn unit<'u>(text: &str, at: usize, units: &'u UnitTable) -> Option<(usize, &'u Arc<str>)> {
    let tail = rest(text, at);
    let spaced = tail.strip_prefix(' ').unwrap_or(tail);
    let (length, unit) = units.at_start(spaced)?;
    // 5 m or 3 L may be anything; a unit of one letter stands at its number. 10 /HP needs no number of its own.
    let apart = spaced.len() < tail.len();
    if apart && length == 1 && !matches!(unit.as_ref(), "%" | "g" | "L" | "U") {
        return None;
    }
    Some((at + tail.len() - spaced.len() + length, unit))
}

/// The mark at `at` that joins two numbers of one measure (every sign of a size is `×`, every sign of a range `-`), and the second.
fn joined<'u>(text: &str, at: usize, units: &'u UnitTable) -> Option<(char, Quantity<'u>)> {
    let tail = rest(text, at);
    let spaced = tail.strip_prefix(' ').unwrap_or(tail);
    let mark = spaced.chars().next()?;
    let (kind, may_be_apart) = match mark {
        '/' => ('/', false),
        '×' | '*' | 'x' | 'X' => ('×', true),
        '-' | '~' | '—' | '至' => ('-', mark == '~'),
        _ => return None,
    };
    if spaced.len() < tail.len() && !may_be_apart {
        return None;
    }
    let after = at + tail.len() - spaced.len() + mark.len_utf8();
    let next = after + usize::from(may_be_apart && rest(text, after).starts_with(' '));
    quantity(text, next, units).map(|quantity| (kind, quantity))
}

fn starts_range(text: &str, at: usize) -> bool {
    rest(text, at).starts_with(['-', '~']) && digits(text, at + 1) > 0
}

/// The end of the second number of a range whose mark is at `at`, with its unit.
fn range_end(text: &str, at: usize, units: &UnitTable) -> usize {
    quantity(text, at + 1, units).map_or(at + 1, |quantity| quantity.end)
}

/// A blood pressure: by its unit, or without one in a clause that speaks of it. Diastolic before systolic is read too, for a rule to find.
fn is_pressure(text: &str, at: usize, first: &Quantity<'_>, second: &Quantity<'_>, units: &UnitTable) -> bool {
    if first.unit.is_some() && !first.measures(units, "pressure") {
        return false;
    }
    if second.unit.is_some() {
        return second.measures(units, "pressure");
    }
    let plausible = (30.0..=320.0).contains(&first.value) && (10.0..=320.0).contains(&second.value);
    let whole = first.value.fract() == 0.0 && second.value.fract() == 0.0;
    // 0.5/1.0, 5/6级 and fractions of a page are none.
    let follows = rest(text, second.end).chars().next();
    let counted = follows.is_some_and(|next| matches!(next, '级' | '次' | '/' | '片' | '页'));
    plausible && whole && !counted && speaks_of_pressure(&text[..at])
}

/// Whether the end of `head`, back to the sentence's start or 60 bytes, names the blood pressure.
fn speaks_of_pressure(head: &str) -> bool {
    const REACH: usize = 60;
    let mut from = head.len().saturating_sub(REACH);
    while !head.is_char_boundary(from) {
        from += 1;
    }
    let near = &head[from..];
    let clause = near.rfind(['。', ';', '\n']).and_then(|end| near.get(end..)).unwrap_or(near);
    ["血压", "BP", "Bp", "bp", "mmHg"].iter().any(|word| clause.contains(word))
}

fn is_counted(quantity: &Quantity<'_>) -> bool {
    quantity.unit.is_some_and(|unit| matches!(unit.as_ref(), "片" | "支" | "粒" | "袋" | "瓶" | "枚"))
}

/// `<`, `≥`, `约`, `不超过` before a number, not before `floor`.
fn relation_before(text: &str, at: usize, floor: usize) -> (usize, Relation) {
    const MARKS: [(&str, Relation); 22] = [
        ("<=", Relation::LessOrEqual),
        (">=", Relation::GreaterOrEqual),
        ("≤", Relation::LessOrEqual),
        ("≦", Relation::LessOrEqual),
        ("≥", Relation::GreaterOrEqual),
        ("≧", Relation::GreaterOrEqual),
        ("<", Relation::Less),
        (">", Relation::Greater),
        ("不超过", Relation::LessOrEqual),
        ("不大于", Relation::LessOrEqual),
        ("不少于", Relation::GreaterOrEqual),
        ("不低于", Relation::GreaterOrEqual),
        ("小于", Relation::Less),
        ("少于", Relation::Less),
        ("低于", Relation::Less),
        ("大于", Relation::Greater),
        ("高于", Relation::Greater),
        ("超过", Relation::Greater),
        ("大约", Relation::About),
        ("约为", Relation::About),
        ("约", Relation::About),
        ("近", Relation::About),
    ];
    let head = &text[floor..at];
    let bare = head.strip_suffix(' ').unwrap_or(head);
    match MARKS.iter().find(|(mark, _)| bare.ends_with(mark)) {
        // 附近3cm is a place.
        Some(("近", _)) if bare.ends_with("附近") || bare.ends_with("邻近") || bare.ends_with("最近") => (at, Relation::Equal),
        Some((mark, relation)) => (floor + bare.len() - mark.len(), *relation),
        None => (at, Relation::Equal),
    }
}

/// The first number as it is written: `3.9` of `3.9mmol/L`; empty where there is none.
pub fn number_in(text: &str) -> &str {
    let start = text.find(|character: char| character.is_ascii_digit()).unwrap_or(text.len());
    let end = text[start..].find(|character: char| !character.is_ascii_digit() && character != '.').map_or(text.len(), |at| start + at);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Parts = (String, f64, Option<f64>, Option<f64>, String);

    fn read(text: &str) -> Vec<Parts> {
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
    fn a_number_is_taken_as_written() {
        assert_eq!(number_in("6.0mmol/L"), "6.0");
        assert_eq!((number_in("约22cm"), number_in("无")), ("22", ""));
    }

    #[test]
    fn numbers_with_units() {
        for (text, value, unit) in [
            ("体温38.5℃", 38.5, "℃"),
            ("T36.5℃", 36.5, "℃"),
            ("T 36.5°C", 36.5, "℃"),
            ("P80次/分", 80.0, "次/分"),
            ("心率 102 bpm", 102.0, "次/分"),
            ("WBC 15.2×10^9/L", 15.2, "×10^9/L"),
            ("WBC15.2*10^9/L", 15.2, "×10^9/L"),
            ("白细胞15.2×10⁹/L", 15.2, "×10^9/L"),
            ("白细胞15.2×109/L", 15.2, "×10^9/L"),
            ("RBC 4.5×10^12/L", 4.5, "×10^12/L"),
            ("血钾 6.8 mmol/L", 6.8, "mmol/L"),
            ("肌酐88umol/L", 88.0, "μmol/L"),
            ("CRP35mg/L", 35.0, "mg/L"),
            ("阿司匹林100mg qd", 100.0, "mg"),
            ("阿司匹林100mgqd", 100.0, "mg"),
            ("青霉素320万U", 320.0, "万U"),
            ("肝素5000IU", 5_000.0, "IU"),
            ("红细胞2U", 2.0, "U"),
            ("出血约1,200ml", 1_200.0, "ml"),
            ("EF 55%", 55.0, "%"),
            ("SpO298%", 98.0, "%"),
            ("SpO2 98%", 98.0, "%"),
            ("PaO2 65mmHg", 65.0, "mmHg"),
            ("体重65kg", 65.0, "kg"),
            ("体重130斤", 130.0, "斤"),
            ("BMI23.5kg/m2", 23.5, "kg/m2"),
            ("尿蛋白0.5g/24h", 0.5, "g/24h"),
            ("血沉 20mm/h", 20.0, "mm/h"),
            ("HBV-DNA 1.2×10^5IU/ml", 120_000.0, "U/ml"),
            ("服1/2片", 0.5, "片"),
            ("PT 12.5s", 12.5, "s"),
            ("eGFR 60ml/min/1.73m2", 60.0, "ml/min/1.73m2"),
            ("eGFR 60ml/(min·1.73m²)", 60.0, "ml/min/1.73m2"),
        ] {
            assert_eq!(only(text), (value, None, None, unit.to_owned()), "{text}");
        }
    }

    #[test]
    fn pairs_sizes_and_ranges() {
        for (text, words, value, second, third, unit) in [
            ("BP 120/80mmHg", "120/80mmHg", 120.0, 80.0, None, "mmHg"),
            ("血压150/90", "150/90", 150.0, 90.0, None, ""),
            ("BP:150/90,心率齐", "150/90", 150.0, 90.0, None, ""),
            ("血压最高达180/110,否认", "180/110", 180.0, 110.0, None, ""),
            ("BP 16/10kPa", "16/10kPa", 16.0, 10.0, None, "kPa"),
            ("BP 80/120mmHg", "80/120mmHg", 80.0, 120.0, None, "mmHg"),
            ("大小3×2cm", "3×2cm", 3.0, 2.0, None, "cm"),
            ("大小3*2*1cm", "3*2*1cm", 3.0, 2.0, Some(1.0), "cm"),
            ("约3.0cm×2.0cm", "约3.0cm×2.0cm", 3.0, 2.0, None, "cm"),
            ("3.0cm*2.0cm*1.5cm", "3.0cm*2.0cm*1.5cm", 3.0, 2.0, Some(1.5), "cm"),
            ("12 × 8 mm", "12 × 8 mm", 12.0, 8.0, None, "mm"),
            ("3-5cm", "3-5cm", 3.0, 5.0, None, "cm"),
            ("体温36~37℃", "36~37℃", 36.0, 37.0, None, "℃"),
            ("36.5至37.2℃", "36.5至37.2℃", 36.5, 37.2, None, "℃"),
            ("3cm-5cm", "3cm-5cm", 3.0, 5.0, None, "cm"),
        ] {
            assert_eq!(read(text), [(words.to_owned(), value, Some(second), third, unit.to_owned())], "{text}");
        }
        assert_eq!(measures("36~37℃")[0].relation, Relation::Range);
        assert_eq!(read("血压由180/100降至130/80").len(), 2);
        assert_eq!(read("血压波动于120-140/70-90mmHg"), []);
        assert_eq!(read("20mg×7片").len(), 2, "a pack is no size");
    }

    #[test]
    fn bounds_keep_their_relation() {
        for (text, words, relation) in [
            ("PCT<0.05ng/ml", "<0.05ng/ml", Relation::Less),
            ("PCT< 0.05ng/ml", "< 0.05ng/ml", Relation::Less),
            ("直径>10mm", ">10mm", Relation::Greater),
            ("尿量≤400ml", "≤400ml", Relation::LessOrEqual),
            ("血氧≥95%", "≥95%", Relation::GreaterOrEqual),
            ("出血约300ml", "约300ml", Relation::About),
            ("不超过2g", "不超过2g", Relation::LessOrEqual),
            ("肿物附近3cm", "3cm", Relation::Equal),
        ] {
            let found = measures(text);
            assert_eq!(
                found.iter().map(|found| (&text[found.span.range()], found.relation)).collect::<Vec<_>>(),
                [(words, relation)],
                "{text}"
            );
        }
    }

    #[test]
    fn bare_numbers_and_codes_are_none() {
        for text in [
            "GCS 15分",
            "第3天",
            "L4/5",
            "5/6级",
            "2026-03-02",
            "10:30",
            "mg",
            "电话 12345",
            "3次/日",
            "1日2次",
            "120/80",
            "视力0.8/1.0",
            "T12L",
            "3-5天",
            "12345678901234567890mg",
            "肌力4级",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn spans_are_ordered_and_whole(text in "[0-9.,/×*~<约近至压血mgcklUL%℃^⁹ 次分万-]{0,40}") {
            let mut last = 0;
            for measure in measures(&text) {
                prop_assert!(measure.span.start >= last);
                prop_assert!(text.get(measure.span.range()).is_some_and(|part| !part.is_empty()));
                prop_assert!(measure.value.is_finite());
                last = measure.span.end;
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = measures(&text);
        }
    }
}
