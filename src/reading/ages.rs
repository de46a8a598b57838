//! Ages in clean text: 67岁, 2岁3月, 3月龄, 生后3天, 胎龄39+2周. Lengths of illness are in [`super::times`]; whose age it is, is the caller's question.

use super::text::Span;
use super::times::{chinese_number, digits, rest};

/// A stated age.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgeExpression {
    pub span: Span,
    pub kind: AgeKind,
    /// Youngest and oldest that it can mean, in days: 67岁 is from the 67th birthday to the day before the 68th.
    pub min_days: f64,
    pub max_days: f64,
}

/// What an age counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeKind {
    SinceBirth,
    /// 胎龄: weeks of the pregnancy at birth.
    Gestational,
}

const DAY: f64 = 1.0;
const WEEK: f64 = 7.0;
const MONTH: f64 = 30.4375;
const YEAR: f64 = 365.25;
const HOUR: f64 = 1.0 / 24.0;
const MINUTE: f64 = 1.0 / 1_440.0;

impl AgeExpression {
    /// Completed years of the youngest reading.
    pub fn years(&self) -> u32 {
        (self.min_days / YEAR + 1e-9) as u32
    }

    /// True when an age of `days` is what the text says.
    pub fn allows(&self, days: f64) -> bool {
        (self.min_days..=self.max_days).contains(&days)
    }
}

/// Every age in running text, in order, without overlaps.
pub fn ages(text: &str) -> Vec<AgeExpression> {
    let bytes = text.as_bytes();
    let mut found: Vec<AgeExpression> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let starts = byte.is_ascii_digit() || matches!(byte, 0xe4..=0xe9) && is_numeral(text, at);
        if !starts {
            at += 1;
            continue;
        }
        let floor = found.last().map_or(0, |last| last.span.end as usize);
        match age_at(text, at, floor, false) {
            Some(age) => {
                at = age.span.end as usize;
                found.push(age);
            }
            None => at += digits(text, at).max(1),
        }
    }
    found
}

/// An age as it is printed in a header or on the front page, where the label already says that it is one: `67岁`, `67`, `3天`, `2月12天`, `5小时`.
pub fn printed_age(text: &str) -> Option<AgeExpression> {
    let at = text.len() - text.trim_start().len();
    let age = age_at(text, at, at, true)?;
    rest(text, age.span.end as usize).trim().is_empty().then_some(age)
}

fn is_numeral(text: &str, at: usize) -> bool {
    rest(text, at).starts_with(['一', '二', '两', '三', '四', '五', '六', '七', '八', '九', '十', '百'])
}

/// The age whose number is at `at`. `printed`: a bare 3天 or 67 is an age too.
fn age_at(text: &str, at: usize, floor: usize, printed: bool) -> Option<AgeExpression> {
    let head = &text[..at];
    if head.ends_with(|before: char| before.is_ascii_digit() || matches!(before, '.' | '/')) {
        return None;
    }
    let (end, low, high) = number(text, at)?;
    let label = label(&text[floor..at]);
    let start = label.map_or(at, |(word, _)| at - word.len());
    let done = |end: usize, kind: AgeKind, min_days: f64, max_days: f64| {
        Some(AgeExpression { span: Span::new(start, end), kind, min_days, max_days })
    };
    if let Some((_, Label::Gestation)) = label {
        let (end, days) = weeks(text, end, low)?;
        return done(end, AgeKind::Gestational, days, days + if days % WEEK == 0.0 { WEEK } else { DAY });
    }
    let since_birth = printed || matches!(label, Some((_, Label::Birth)));
    let (end, wide) = widened(text, end);
    let Some((unit_end, unit, is_age)) = unit(text, end) else {
        let bare = (printed && rest(text, end).trim().is_empty() || matches!(label, Some((_, Label::Years))))
            && high < 130.0
            && head.len() == start.max(floor) + label.map_or(0, |(word, _)| word.len());
        return if bare { done(end, AgeKind::SinceBirth, low * YEAR, (high + 1.0) * YEAR) } else { None };
    };
    if !(is_age || since_birth) || unit == YEAR && high > 150.0 {
        return None;
    }
    let mut days = low * unit;
    let mut width = (high - low + 1.0) * unit + if wide { 9.0 * unit } else { 0.0 };
    let mut end = unit_end;
    if rest(text, end).starts_with('半') && unit == YEAR {
        end += '半'.len_utf8();
        days += 0.5 * unit - MONTH;
        width = 3.0 * MONTH;
    } else if low == high
        && let Some((next, smaller, count)) = smaller_part(text, end, unit)
    {
        end = next;
        days += count * smaller;
        width = smaller;
    }
    // 2月12天 alone is an illness's length unless something says 龄.
    done(end, AgeKind::SinceBirth, days, days + width)
}

#[derive(Clone, Copy)]
enum Label {
    Birth,
    Gestation,
    Years,
}

/// 生后, 日龄, 胎龄 or 年龄 right before the number.
fn label(head: &str) -> Option<(&'static str, Label)> {
    const LABELS: [(&str, Label); 15] = [
        ("出生后", Label::Birth),
        ("生后", Label::Birth),
        ("出生", Label::Birth),
        ("日龄:", Label::Birth),
        ("日龄", Label::Birth),
        ("月龄:", Label::Birth),
        ("月龄", Label::Birth),
        ("周龄", Label::Birth),
        ("胎龄:", Label::Gestation),
        ("胎龄", Label::Gestation),
        ("年龄:", Label::Years),
        ("年龄: ", Label::Years),
        ("年龄", Label::Years),
        ("现年", Label::Years),
        ("享年", Label::Years),
    ];
    LABELS.into_iter().find(|(word, _)| head.ends_with(word))
}

/// 余 or 多 after a number: 70余岁 is up to 79.
fn widened(text: &str, end: usize) -> (usize, bool) {
    match rest(text, end).chars().next() {
        Some(word @ ('余' | '多' | '来' | '几')) => (end + word.len_utf8(), true),
        _ => (end, false),
    }
}

fn number(text: &str, at: usize) -> Option<(usize, f64, f64)> {
    let count = digits(text, at);
    if count == 0 {
        return chinese_number(text, at);
    }
    if count > 3 {
        return None;
    }
    let mut end = at + count;
    if rest(text, end).starts_with('.') && (1..=2).contains(&digits(text, end + 1)) {
        end += 1 + digits(text, end + 1);
    }
    let low: f64 = text[at..end].parse().ok()?;
    // 20-30岁
    let mark = rest(text, end).chars().next().filter(|mark| matches!(mark, '-' | '~' | '至'));
    if let Some(next) = mark.map(|mark| end + mark.len_utf8())
        && (1..=3).contains(&digits(text, next))
    {
        let finish = next + digits(text, next);
        let high: f64 = text[next..finish].parse().ok()?;
        if high > low {
            return Some((finish, low, high));
        }
    }
    Some((end, low, low))
}

/// The unit at `at` in days, and whether the word alone makes it an age (岁, 月龄, 天大).
fn unit(text: &str, at: usize) -> Option<(usize, f64, bool)> {
    const UNITS: [(&str, f64, bool); 17] = [
        ("周岁", YEAR, true),
        ("岁", YEAR, true),
        ("个月龄", MONTH, true),
        ("月龄", MONTH, true),
        ("周龄", WEEK, true),
        ("天龄", DAY, true),
        ("日龄", DAY, true),
        ("小时龄", HOUR, true),
        ("个月大", MONTH, true),
        ("个月", MONTH, false),
        ("月", MONTH, false),
        ("周", WEEK, false),
        ("天", DAY, false),
        ("日", DAY, false),
        ("小时", HOUR, false),
        ("h", HOUR, false),
        ("分钟", MINUTE, false),
    ];
    let start = at + usize::from(rest(text, at).starts_with(' '));
    let (word, days, is_age) = UNITS.into_iter().find(|(word, ..)| rest(text, start).starts_with(word))?;
    Some((start + word.len(), days, is_age))
}

/// 3月 after 2岁, 12天 after 2月: the end, its unit in days and its number.
fn smaller_part(text: &str, at: usize, unit: f64) -> Option<(usize, f64, f64)> {
    let start = at + rest(text, at).chars().next().filter(|joint| matches!(joint, '零' | '+' | ' ')).map_or(0, char::len_utf8);
    let (end, low, high) = number(text, start)?;
    let (finish, smaller, _) = self::unit(text, end)?;
    let (most, follows) = match smaller {
        size if size == MONTH => (12.0, unit == YEAR),
        size if size == DAY => (31.0, unit == MONTH || unit == WEEK || unit == YEAR),
        size if size == HOUR => (24.0, unit == DAY),
        _ => return None,
    };
    // 2岁3月前 is an age and a time ago.
    let is_time = rest(text, finish).starts_with(['前', '余', '来']);
    (follows && low == high && low < most && !is_time).then_some((finish, smaller, low))
}

/// `周`, `+2周` or `周+2天` after the weeks of a pregnancy, in days.
fn weeks(text: &str, end: usize, weeks: f64) -> Option<(usize, f64)> {
    let week = |at: usize| rest(text, at).chars().next().filter(|mark| matches!(mark, '周' | 'W' | 'w')).map(|mark| at + mark.len_utf8());
    let days_at = |at: usize| {
        let plus = at + usize::from(rest(text, at).starts_with('+'));
        let days: f64 = (digits(text, plus) == 1).then(|| text[plus..plus + 1].parse().ok())??;
        (days < WEEK).then_some((plus + 1, days))
    };
    let Some(after_week) = week(end) else {
        let (next, days) = days_at(end).filter(|_| rest(text, end).starts_with('+'))?;
        return Some((week(next)?, weeks * WEEK + days));
    };
    match days_at(after_week) {
        Some((next, days)) if rest(text, next).starts_with('天') => Some((next + '天'.len_utf8(), weeks * WEEK + days)),
        Some((next, days)) if rest(text, after_week).starts_with('+') => Some((next, weeks * WEEK + days)),
        _ => Some((after_week, weeks * WEEK)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(&str, AgeKind, f64, f64)> {
        ages(text).iter().map(|age| (&text[age.span.range()], age.kind, age.min_days, age.max_days)).collect()
    }

    #[test]
    fn ages_since_birth() {
        for (text, words, low, high) in [
            ("患者男,67岁,因", "67岁", 67.0 * YEAR, 68.0 * YEAR),
            ("67 周岁", "67 周岁", 67.0 * YEAR, 68.0 * YEAR),
            ("六十七岁女性", "六十七岁", 67.0 * YEAR, 68.0 * YEAR),
            ("年龄:67", "年龄:67", 67.0 * YEAR, 68.0 * YEAR),
            ("3月龄", "3月龄", 3.0 * MONTH, 4.0 * MONTH),
            ("3个月龄", "3个月龄", 3.0 * MONTH, 4.0 * MONTH),
            ("2岁3月", "2岁3月", 2.0 * YEAR + 3.0 * MONTH, 2.0 * YEAR + 4.0 * MONTH),
            ("患儿2岁3个月。", "2岁3个月", 2.0 * YEAR + 3.0 * MONTH, 2.0 * YEAR + 4.0 * MONTH),
            ("生后3天", "生后3天", 3.0, 4.0),
            ("出生后2小时", "出生后2小时", 2.0 * HOUR, 3.0 * HOUR),
            ("日龄5天", "日龄5天", 5.0, 6.0),
            ("70余岁", "70余岁", 70.0 * YEAR, 80.0 * YEAR),
            ("20-30岁", "20-30岁", 20.0 * YEAR, 31.0 * YEAR),
        ] {
            assert_eq!(read(text), [(words, AgeKind::SinceBirth, low, high)], "{text}");
        }
        assert_eq!(ages("67岁")[0].years(), 67);
        assert_eq!(ages("1岁半")[0].years(), 1);
    }

    #[test]
    fn ages_of_the_unborn() {
        for (text, words, low, high) in [
            ("胎龄39周", "胎龄39周", 273.0, 280.0),
            ("胎龄39+2周", "胎龄39+2周", 275.0, 276.0),
            ("胎龄39周+2天", "胎龄39周+2天", 275.0, 276.0),
            ("胎龄:30周", "胎龄:30周", 210.0, 217.0),
        ] {
            assert_eq!(read(text), [(words, AgeKind::Gestational, low, high)], "{text}");
        }
    }

    #[test]
    fn lengths_are_no_ages() {
        for text in ["咳嗽3天", "孕39周", "高血压10年", "2026年3月2日", "体温38.5℃", "2月12天", "180岁", "年龄较大,5分"]
        {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn printed_ages_need_no_word() {
        let days = |text: &str| printed_age(text).map(|age| (age.min_days, age.max_days));
        assert_eq!(days("67岁"), Some((67.0 * YEAR, 68.0 * YEAR)));
        assert_eq!(days(" 67 "), Some((67.0 * YEAR, 68.0 * YEAR)));
        assert_eq!(days("3天"), Some((3.0, 4.0)));
        assert_eq!(days("2月12天"), Some((2.0 * MONTH + 12.0, 2.0 * MONTH + 13.0)));
        assert_eq!(printed_age("5小时").map(|age| (age.min_days * 24.0).round()), Some(5.0));
        assert_eq!(days("成人"), None);
        assert_eq!(days("67岁左右吧"), None);
    }

    proptest! {
        #[test]
        fn spans_are_ordered_and_whole(text in "[0-9一二十岁月天周龄胎年生后出+.~ 余半个-]{0,30}") {
            let mut last = 0;
            for age in ages(&text) {
                prop_assert!(age.span.start >= last);
                prop_assert!(text.get(age.span.range()).is_some_and(|part| !part.is_empty()));
                prop_assert!(0.0 <= age.min_days && age.min_days < age.max_days);
                last = age.span.end;
            }
            let _ = printed_age(&text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = (ages(&text), printed_age(&text));
        }
    }
}
