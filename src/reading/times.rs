//! Time expressions in clean text: lengths, dates, relative days, days after an event, clock times. One hand-written pass; nothing is resolved here.
//!
//! How wide a written length is taken to be (`min`–`max`), since people round:
//!
//! | written | read as |
//! | --- | --- |
//! | 3天, 3年 | 2.5 to 3.5 of the unit (1小时: 0.5 to 1.5) |
//! | 3+年, 10余年 | 3 to 4, 10 to 19 (余 after a round ten), else n to n+1 |
//! | 约3天, 近3天, 3天左右 | 2 to 4 of the unit |
//! | 3-5天 | 2.5 to 5.5 |
//! | 半月, 半年 | 0.3 to 0.7 of the unit |
//! | 数天, 几天, 多日 | 2 to 10 of the unit, marked vague |

use super::text::Span;
use super::{CalendarDate, Length, Reference, TimeExpression, TimeUnit, TimeValue};

/// Every time expression, in order, without overlaps.
pub fn times(text: &str) -> Vec<TimeExpression> {
    let mut found: Vec<TimeExpression> = Vec::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let step = character.len_utf8();
        if starts_expression(character)
            && let Some((end, value)) = expression(text, at)
        {
            let (start, value) = with_context(text, at, end, value);
            let start = start.max(found.last().map_or(0, |last| last.span.end as usize));
            let (end, value) = with_suffix(text, end, value);
            found.push(TimeExpression { span: Span::new(start, end), value });
            at = end;
            continue;
        }
        // A number that is no time is passed over whole, so that its tail is not read alone.
        at += if character.is_ascii_digit() { digits(text, at) } else { step };
    }
    found
}

fn starts_expression(character: char) -> bool {
    character.is_ascii_digit() || "一二两三四五六七八九十半数几多今昨前次当明第".contains(character)
}

fn expression(text: &str, at: usize) -> Option<(usize, TimeValue)> {
    relative_day(text, at)
        .or_else(|| date(text, at))
        .or_else(|| clock(text, at))
        .or_else(|| length(text, at).map(|(end, length)| (end, TimeValue::Duration(length))))
}

/// 今日 昨日 前天 次日 当日 明日.
fn relative_day(text: &str, at: usize) -> Option<(usize, TimeValue)> {
    const DAYS: [(&str, i32); 21] = [
        ("今日", 0),
        ("今天", 0),
        ("今晨", 0),
        ("今早", 0),
        ("今晚", 0),
        ("当日", 0),
        ("当天", 0),
        ("当晚", 0),
        ("昨日", -1),
        ("昨天", -1),
        ("昨夜", -1),
        ("昨晚", -1),
        ("前日", -2),
        ("前天", -2),
        ("次日", 1),
        ("次晨", 1),
        ("明日", 1),
        ("明天", 1),
        ("明晨", 1),
        ("今夜", 0),
        ("今下午", 0),
    ];
    // 术前日, 发病前天数: 前 belongs to the word before it.
    let before = text[..at].chars().next_back();
    if text[at..].starts_with('前') && before.is_some_and(|character| "术院病疗诊产孕之以月年天周日".contains(character)) {
        return None;
    }
    DAYS.iter().find(|(word, _)| text[at..].starts_with(word)).map(|(word, days)| (at + word.len(), TimeValue::RelativeDay { days: *days }))
}

/// 2026年3月2日14时30分, 2026-03-02 14:30, 2026.3.2, 2026/03/02, 3月2日, 2019年, 2019年5月.
fn date(text: &str, at: usize) -> Option<(usize, TimeValue)> {
    let bytes = text.as_bytes();
    let first_digits = digits(text, at);
    if first_digits == 0 || preceded_by_number(text, at) {
        return None;
    }
    let first: u32 = text[at..at + first_digits].parse().ok()?;
    let mut date = CalendarDate { year: None, month: None, day: None, hour: None, minute: None };
    let mut end = at + first_digits;
    if first_digits == 4 && (1900..2100).contains(&first) {
        date.year = Some(first as i16);
        if text[end..].starts_with('年') {
            end += '年'.len_utf8();
            if let Some((next, month)) = number_then(text, end, "月", 12) {
                date.month = Some(month);
                end = next;
                if let Some((next, day)) = number_then(text, end, "日", 31).or_else(|| number_then(text, end, "号", 31)) {
                    date.day = Some(day);
                    end = next;
                }
            }
        } else {
            let separator = *bytes.get(end)?;
            if !matches!(separator, b'-' | b'/' | b'.') {
                return None;
            }
            let month_digits = digits(text, end + 1);
            let month: u8 = text.get(end + 1..end + 1 + month_digits)?.parse().ok().filter(|month| (1..=12).contains(month))?;
            date.month = Some(month);
            end += 1 + month_digits;
            if bytes.get(end) == Some(&separator) {
                let day_digits = digits(text, end + 1);
                if let Some(day) =
                    text.get(end + 1..end + 1 + day_digits).and_then(|day| day.parse().ok()).filter(|day: &u8| (1..=31).contains(day))
                {
                    date.day = Some(day);
                    end += 1 + day_digits;
                }
            }
            // 2019.5 alone may be a number; a year with a bare month is a date only with `-` or `/` … or before a Chinese word of time.
            if date.day.is_none() && separator == b'.' {
                return None;
            }
        }
    } else if first_digits <= 2 {
        // 3月2日, not 3月 (a length).
        let (next, month) = number_then(text, at, "月", 12)?;
        let (next, day) = number_then(text, next, "日", 31).or_else(|| number_then(text, next, "号", 31))?;
        date.month = Some(month);
        date.day = Some(day);
        end = next;
    } else {
        return None;
    }
    if date.day.is_some()
        && let Some((next, hour, minute)) = clock_after_date(text, end)
    {
        date.hour = Some(hour);
        date.minute = minute;
        end = next;
    }
    Some((end, TimeValue::Date(date)))
}

/// ` 14:30`, `14时30分`, `T14:30` directly after a date.
fn clock_after_date(text: &str, end: usize) -> Option<(usize, u8, Option<u8>)> {
    let rest = &text[end..];
    let skipped = rest.len() - rest.trim_start_matches([' ', 'T', ',']).len();
    if skipped > 2 {
        return None;
    }
    match clock(text, end + skipped)? {
        (next, TimeValue::Clock { hour, minute }) => Some((next, hour, Some(minute))),
        _ => None,
    }
}

/// 14:30, 14时30分, 14时, 下午 is handled by the caller's words around it.
fn clock(text: &str, at: usize) -> Option<(usize, TimeValue)> {
    let bytes = text.as_bytes();
    let hour_digits = digits(text, at);
    if !(1..=2).contains(&hour_digits) || preceded_by_number(text, at) {
        return None;
    }
    let hour: u8 = text[at..at + hour_digits].parse().ok().filter(|hour| *hour < 24)?;
    let mut end = at + hour_digits;
    if bytes.get(end) == Some(&b':') && digits(text, end + 1) == 2 {
        let minute: u8 = text[end + 1..end + 3].parse().ok().filter(|minute| *minute < 60)?;
        end += 3;
        if bytes.get(end) == Some(&b':') && digits(text, end + 1) == 2 {
            end += 3;
        }
        // 1:10000 and other ratios.
        return (digits(text, end) == 0).then_some((end, TimeValue::Clock { hour, minute }));
    }
    let rest = &text[end..];
    let word = ["时", "点"].into_iter().find(|word| rest.starts_with(word))?;
    let after = end + word.len();
    // 3点钟位, 9点方向 are places on a dial; 时 after a length is 小时 elsewhere.
    if text[after..].starts_with("钟位")
        || text[after..].starts_with("位")
        || text[after..].starts_with("方向")
        || text[after..].starts_with('期')
    {
        return None;
    }
    let afternoon = ["下午", "晚上", "傍晚", "夜间", "晚"].iter().any(|word| text[..at].ends_with(word));
    let hour = if afternoon && hour < 12 { hour + 12 } else { hour };
    let (end, minute) = match number_then(text, after, "分", 59) {
        Some((end, minute)) => (end, minute),
        None if text[after..].starts_with('半') => (after + '半'.len_utf8(), 30),
        None => (after, 0),
    };
    Some((end, TimeValue::Clock { hour, minute }))
}

/// A length of time at `at`.
fn length(text: &str, at: usize) -> Option<(usize, Length)> {
    if preceded_by_number(text, at) {
        return None;
    }
    let (mut end, amount) = amount(text, at)?;
    // `39+2周` in pregnancies is weeks and days; `3-5天` and `3~5天` are ranges.
    let mut low = amount.low;
    let mut high = amount.high;
    let mut exact = amount.exact;
    if let Some(mark) = text[end..].chars().next().filter(|mark| matches!(mark, '-' | '~' | '至'))
        && let Some((next, second)) = self::amount(text, end + mark.len_utf8())
        && second.high >= low
    {
        high = second.high;
        exact = false;
        end = next;
        low -= 0.5;
        high += 0.5;
    }
    let (unit_end, unit) = unit(text, end)?;
    end = unit_end;
    let mut vague = amount.vague;
    let mut rounded = amount.rounded;
    let rest = &text[end..];
    if let Some(word) = ["左右", "余", "多", "许"].into_iter().find(|word| rest.starts_with(word)) {
        // 3年余, 2月多 (but not 多发, 余无).
        let after = rest[word.len()..].chars().next();
        if !after.is_some_and(|next| "发次为见无系处个种".contains(next)) {
            end += word.len();
            if word == "左右" {
                rounded = true
            } else {
                high = low + 1.0
            }
            exact = exact && word == "左右";
        }
    } else if rest.starts_with('半') && !rest.starts_with("半小时") && !rest.starts_with("半夜") {
        end += '半'.len_utf8();
        low += 0.25;
        high = low + 0.5;
        exact = false;
    }
    let hedged = ["约", "近", "大约", "将近"].iter().any(|word| text[..at].ends_with(word));
    if exact {
        let margin = if hedged || rounded { 1.0 } else { 0.5 };
        low = (low - margin).max(0.0);
        high += margin;
    }
    if hedged && vague {
        vague = true;
    }
    let minutes = unit_minutes(unit);
    Some((end, Length { min_minutes: low * minutes, max_minutes: high * minutes, unit, vague }))
}

struct Amount {
    low: f64,
    high: f64,
    /// A plain number, still without the margin for rounding.
    exact: bool,
    rounded: bool,
    vague: bool,
}

/// 3, 3.5, 3+, 10余, 十二, 半, 数, 几, 一个半, 两个.
fn amount(text: &str, at: usize) -> Option<(usize, Amount)> {
    let plain = |number: f64| Amount { low: number, high: number, exact: true, rounded: false, vague: false };
    let rest = &text[at..];
    let first = rest.chars().next()?;
    if first == '半' {
        let end = at + first.len_utf8();
        let end = end + if text[end..].starts_with('个') { '个'.len_utf8() } else { 0 };
        return Some((end, Amount { low: 0.3, high: 0.7, exact: false, rounded: false, vague: false }));
    }
    if matches!(first, '数' | '几' | '多') {
        // 十几天 is read from 十; 多 only counts when nothing numeric precedes it.
        let before = text[..at].chars().next_back();
        if before.is_some_and(|character| character.is_ascii_digit() || "十百年月周".contains(character)) {
            return None;
        }
        let end = at + first.len_utf8();
        let tens = text[end..].starts_with('十');
        let end = end + if tens { '十'.len_utf8() } else { 0 };
        let factor = if tens { 10.0 } else { 1.0 };
        let end = end + if text[end..].starts_with('个') { '个'.len_utf8() } else { 0 };
        return Some((end, Amount { low: 2.0 * factor, high: 10.0 * factor, exact: false, rounded: false, vague: true }));
    }
    let (mut end, number) = if first.is_ascii_digit() {
        let mut end = at + digits(text, at);
        if text[end..].starts_with('.') && digits(text, end + 1) > 0 {
            end += 1 + digits(text, end + 1);
        }
        (end, text[at..end].parse::<f64>().ok()?)
    } else {
        chinese_number(text, at)?
    };
    let mut amount = plain(number);
    let rest = &text[end..];
    if rest.starts_with('+') && !rest[1..].starts_with(|next: char| next.is_ascii_digit()) {
        end += 1;
        amount.exact = false;
        amount.high = number + 1.0;
    } else if let Some(word) = ["余", "多", "来", "几"].into_iter().find(|word| rest.starts_with(word)) {
        end += word.len();
        amount.exact = false;
        let round_ten = number >= 10.0 && number % 10.0 == 0.0;
        amount.high = if round_ten { number + 9.0 } else { number + 1.0 };
    } else if rest.starts_with('+') {
        // 39+2周: weeks plus days; the days refine what the unit says.
        let extra = digits(text, end + 1);
        let days: f64 = text[end + 1..end + 1 + extra].parse().ok()?;
        if days < 7.0 {
            end += 1 + extra;
            amount.low = number + days / 7.0;
            amount.high = amount.low;
        }
    }
    if text[end..].starts_with('个') {
        end += '个'.len_utf8();
        if text[end..].starts_with("余") || text[end..].starts_with("多") {
            end += '余'.len_utf8();
            amount.exact = false;
            amount.high = number + 1.0;
        } else if text[end..].starts_with('半') {
            end += '半'.len_utf8();
            amount.exact = false;
            amount.low = number + 0.25;
            amount.high = number + 0.75;
        }
    }
    Some((end, amount))
}

/// 一 to 九十九, 两.
fn chinese_number(text: &str, at: usize) -> Option<(usize, f64)> {
    let value = |character: char| {
        "一二三四五六七八九"
            .chars()
            .position(|digit| digit == character)
            .map(|index| index as f64 + 1.0)
            .or((character == '两').then_some(2.0))
    };
    let mut end = at;
    let mut number = 0.0;
    let mut pending = None;
    let mut any = false;
    for character in text[at..].chars().take(4) {
        if let Some(digit) = value(character) {
            if pending.is_some() {
                break;
            }
            pending = Some(digit);
        } else if character == '十' {
            number += pending.take().unwrap_or(1.0) * 10.0;
        } else {
            break;
        }
        any = true;
        end += character.len_utf8();
    }
    any.then_some((end, number + pending.unwrap_or(0.0)))
}

fn unit(text: &str, at: usize) -> Option<(usize, TimeUnit)> {
    const UNITS: [(&str, TimeUnit); 19] = [
        ("小时", TimeUnit::Hour),
        ("钟头", TimeUnit::Hour),
        ("分钟", TimeUnit::Minute),
        ("星期", TimeUnit::Week),
        ("礼拜", TimeUnit::Week),
        ("周岁", TimeUnit::Year),
        ("周", TimeUnit::Week),
        ("天", TimeUnit::Day),
        ("日", TimeUnit::Day),
        ("月", TimeUnit::Month),
        ("年", TimeUnit::Year),
        ("min", TimeUnit::Minute),
        ("h", TimeUnit::Hour),
        ("H", TimeUnit::Hour),
        ("d", TimeUnit::Day),
        ("w", TimeUnit::Week),
        ("W", TimeUnit::Week),
        ("岁", TimeUnit::Year),
        ("分", TimeUnit::Minute),
    ];
    // `3 天`, but not `3 h`-like units after a space.
    let spaces = text[at..].len() - text[at..].trim_start_matches(' ').len();
    let start = at + spaces;
    if spaces > 1 {
        return None;
    }
    let (word, unit) = UNITS.into_iter().find(|(word, _)| text[start..].starts_with(word))?;
    let end = start + word.len();
    let after = text[end..].chars().next();
    let rejected = match word {
        // An age is no length, a score is no minute, 周围 and 月经 are words.
        "岁" | "周岁" | "分" => true,
        "周" => after.is_some_and(|next| "围期身边岁".contains(next)),
        "月" => after.is_some_and(|next| "经龄".contains(next)),
        "天" => after == Some('门'),
        "日" => after.is_some_and(|next| "本常间夜".contains(next)),
        "年" => after.is_some_and(|next| "龄级".contains(next)),
        "h" | "H" | "d" | "w" | "W" | "min" => after.is_some_and(|next| next.is_ascii_alphabetic()) || after == Some('l'),
        _ => false,
    };
    (!rejected).then_some((end, unit))
}

fn unit_minutes(unit: TimeUnit) -> f64 {
    match unit {
        TimeUnit::Minute => 1.0,
        TimeUnit::Hour => 60.0,
        TimeUnit::Day => 1_440.0,
        TimeUnit::Week => 10_080.0,
        TimeUnit::Month => 43_800.0,
        TimeUnit::Year => 525_960.0,
    }
}

/// Reads 术后第, 入院第, 第 and the like before an expression; returns its new start and meaning.
fn with_context(text: &str, at: usize, end: usize, value: TimeValue) -> (usize, TimeValue) {
    let TimeValue::Duration(length) = value else { return (at, value) };
    let before = &text[..at];
    let (ordinal, head) = match before.strip_suffix('第') {
        Some(head) => (true, head),
        None => (false, before),
    };
    const EVENTS: [(&str, Reference); 14] = [
        ("术后", Reference::Operation),
        ("手术后", Reference::Operation),
        ("入院后", Reference::Admission),
        ("入院", Reference::Admission),
        ("住院", Reference::Admission),
        ("产后", Reference::Delivery),
        ("化疗", Reference::Treatment),
        ("治疗", Reference::Treatment),
        ("化疗后", Reference::Treatment),
        ("病程", Reference::Onset),
        ("发病", Reference::Onset),
        ("起病", Reference::Onset),
        ("发病后", Reference::Onset),
        ("出院后", Reference::Discharge),
    ];
    let event = EVENTS.iter().filter(|(word, _)| head.ends_with(word)).max_by_key(|(word, _)| word.len());
    let is_days = length.unit == TimeUnit::Day && !length.vague;
    match event {
        Some((word, reference)) if is_days && (ordinal || matches!(reference, Reference::Operation | Reference::Delivery)) => {
            // A stretch of days (术后3天) names the day when it is exact.
            let day = ((length.min_minutes + length.max_minutes) / 2.0 / 1_440.0).round() as i32;
            if text[end..].starts_with('内') || text[end..].starts_with("以内") {
                return (at, value);
            }
            (head.len() - word.len(), TimeValue::DayOf { reference: *reference, day })
        }
        _ if ordinal => (at, TimeValue::DayOf { reference: Reference::Unstated, day: (length.min_minutes / 1_440.0).round() as i32 }),
        _ => (at, value),
    }
}

/// Reads 前 after a length, and 入院前 before it.
fn with_suffix(text: &str, end: usize, value: TimeValue) -> (usize, TimeValue) {
    let TimeValue::Duration(length) = value else { return (end, value) };
    let rest = &text[end..];
    if let Some(word) = ["以前", "之前", "前"].into_iter().find(|word| rest.starts_with(word)) {
        return (end + word.len(), TimeValue::Ago { length, reference: Reference::Unstated });
    }
    (end, value)
}

/// Length in bytes of the run of ASCII digits at `at`.
fn digits(text: &str, at: usize) -> usize {
    text.as_bytes().get(at..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// True inside a longer number (`120/80`, `q8h`, `T12`), where a new expression must not start.
fn preceded_by_number(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    match before.last() {
        Some(byte) if byte.is_ascii_digit() => true,
        Some(b'.' | b'/' | b'*') => before.len() >= 2 && before[before.len() - 2].is_ascii_digit(),
        Some(byte) => byte.is_ascii_alphabetic() && text.as_bytes()[at].is_ascii_digit() && !text[..at].ends_with('T'),
        None => false,
    }
}

fn number_then(text: &str, at: usize, word: &str, most: u8) -> Option<(usize, u8)> {
    let count = digits(text, at);
    if !(1..=2).contains(&count) {
        return None;
    }
    let number: u8 = text[at..at + count].parse().ok().filter(|number| *number <= most)?;
    text[at + count..].starts_with(word).then_some((at + count + word.len(), number))
}

impl Length {
    /// True when some length is a reading of both.
    pub fn overlaps(self, other: Length) -> bool {
        self.min_minutes <= other.max_minutes && other.min_minutes <= self.max_minutes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(&str, TimeValue)> {
        times(text).iter().map(|time| (&text[time.span.range()], time.value)).collect()
    }

    fn days(text: &str) -> (f64, f64) {
        match read(text).first().map(|(_, value)| *value) {
            Some(TimeValue::Duration(length) | TimeValue::Ago { length, .. }) => (length.min_minutes / 1440.0, length.max_minutes / 1440.0),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn lengths_are_intervals() {
        assert_eq!(days("咳嗽3天"), (2.5, 3.5));
        assert_eq!(days("腹痛2周"), (10.5, 17.5));
        assert_eq!(days("胸痛2小时"), (1.5 / 24.0, 2.5 / 24.0));
        assert_eq!(days("头晕约3天"), (2.0, 4.0));
        assert_eq!(days("3-5天"), (2.5, 5.5));
        assert_eq!(days("3+天前"), (3.0, 4.0));
        assert_eq!(days("两天前"), (1.5, 2.5));
        assert_eq!(days("半月"), (0.3 * 43_800.0 / 1440.0, 0.7 * 43_800.0 / 1440.0));
        let (low, high) = days("10余年");
        assert!((low / 365.25 - 10.0).abs() < 0.01 && (high / 365.25 - 19.0).abs() < 0.01);
        assert!(matches!(read("腹胀多日")[0].1, TimeValue::Duration(Length { vague: true, .. })));
        assert!(matches!(read("反复数年")[0].1, TimeValue::Duration(Length { vague: true, .. })));
        assert_eq!(read("3年余")[0].0, "3年余");
        assert_eq!(read("2个月余")[0].0, "2个月余");
    }

    #[test]
    fn dates_and_clocks() {
        let date = |text: &str| match read(text).first().map(|(_, value)| *value) {
            Some(TimeValue::Date(date)) => (date.year, date.month, date.day, date.hour, date.minute),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(date("于2026年3月2日14时30分入院"), (Some(2026), Some(3), Some(2), Some(14), Some(30)));
        assert_eq!(date("2026-03-02 14:30"), (Some(2026), Some(3), Some(2), Some(14), Some(30)));
        assert_eq!(date("2026.3.2我院CT"), (Some(2026), Some(3), Some(2), None, None));
        assert_eq!(date("2019年行手术"), (Some(2019), None, None, None, None));
        assert_eq!(date("3月2日复查"), (None, Some(3), Some(2), None, None));
        assert_eq!(read("14:30到达")[0].1, TimeValue::Clock { hour: 14, minute: 30 });
        assert_eq!(read("下午3点")[0].1, TimeValue::Clock { hour: 15, minute: 0 });
    }

    #[test]
    fn days_after_events() {
        assert_eq!(read("术后第3天,")[0], ("术后第3天", TimeValue::DayOf { reference: Reference::Operation, day: 3 }));
        assert_eq!(read("术后3天")[0], ("术后3天", TimeValue::DayOf { reference: Reference::Operation, day: 3 }));
        assert_eq!(read("入院第2天")[0].1, TimeValue::DayOf { reference: Reference::Admission, day: 2 });
        assert_eq!(read("昨日体温")[0].1, TimeValue::RelativeDay { days: -1 });
        assert!(matches!(read("3天前受凉")[0], ("3天前", TimeValue::Ago { .. })));
        assert!(matches!(read("术后3天内")[0].1, TimeValue::Duration(_)));
    }

    #[test]
    fn what_only_looks_like_a_time() {
        for text in [
            "BP 120/80mmHg",
            "67岁",
            "q8h",
            "肌力5级",
            "GCS 15分",
            "周围血管",
            "3点钟位",
            "1:10000",
            "WBC 5.3",
            "术前日常",
            "余无异常",
            "多发结节",
            "数目",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn spans_are_ordered_and_whole(text in "[0-9一二十半数多余年月日天周小时前术后第昨今:./+~ 岁hT-]{0,30}") {
            let mut last = 0;
            for time in times(&text) {
                prop_assert!(time.span.start >= last);
                prop_assert!(text.get(time.span.range()).is_some_and(|part| !part.is_empty()));
                last = time.span.end;
            }
        }
    }
}
