//! Dates, clock times and relative days.

use super::super::letters::is_han;
use super::lengths::LengthFound;
use super::numbers::{chinese_number, digits, number_then, rest, small_number};
use super::{CalendarDate, Reference, TimeExpression, TimeUnit, TimeValue};

const NO_DATE: CalendarDate = CalendarDate { year: None, month: None, day: None, hour: None, minute: None };

/// 今日 昨夜 前天 次日 翌晨 明日, and 入院当日; none may reach back before `floor`.
pub fn relative_day(text: &str, at: usize, floor: usize) -> Option<(usize, usize, TimeValue)> {
    const PARTS: [&str; 10] = ["日", "天", "晨", "早", "夜", "晚", "下午", "上午", "午", "中午"];
    let tail = rest(text, at);
    let first = tail.chars().next()?;
    let (lead, days) = match first {
        '今' => ("今", 0),
        '昨' => ("昨", -1),
        '前' => ("前", -2),
        '次' => ("次", 1),
        '翌' => ("翌", 1),
        '明' => ("明", 1),
        '后' if tail.starts_with("后天") => ("后", 2),
        '大' if tail.starts_with("大前天") => ("大前", -3),
        '当' => ("当", 0),
        _ => return None,
    };
    let part = PARTS.iter().find(|part| tail[lead.len()..].starts_with(**part))?;
    let end = at + lead.len() + part.len();
    let before = text[..at].chars().next_back();
    let is_before = |words: &str| before.is_some_and(|character| words.contains(character));
    let is_next = |words: &str| rest(text, end).starts_with(|next: char| words.contains(next));
    match first {
        // 术前日, 先前天数, 后天性, 目前日常, 说明日期, 每次日间: the character belongs to the word around it.
        '前' if !matches!(*part, "日" | "天" | "晚" | "夜")
            || is_before("术院病疗诊产孕之以月年天周日目此先当从提")
            || is_next("数常均") =>
        {
            None
        }
        '后' if is_next("性获形失") || is_before("术前之以产疗病院今饭餐") => None,
        '次' if is_before("每一二两三四五六七八九十多数首末本上0123456789") || is_next("间常均") => None,
        '明' if is_before("说证表声阐查失") || is_next("期") => None,
        '今' if is_before("至") && *part == "天" && is_next("然") => None,
        // 当日 alone points at a day named before it, which only a reader finds.
        '当' => {
            let (start, reference) = super::event(&text[floor..at]).filter(|(_, reference)| *reference != Reference::Unstated)?;
            let day = i32::from(!super::counts_days(reference));
            Some((floor + start, end, TimeValue::DayOf { reference, day }))
        }
        _ => Some((at, end, TimeValue::RelativeDay { days })),
    }
}

/// A date at `at`. `Some((end, None))` is a date that can't be told (去年3月) and no length either.
pub fn date(text: &str, at: usize) -> Option<(usize, Option<TimeValue>)> {
    let count = digits(text, at);
    if is_inside_number(text, at) {
        return None;
    }
    let found = match count {
        4 => with_year(text, at),
        1 | 2 => month_and_day(text, at).or_else(|| bare_month_and_day(text, at)),
        _ => None,
    };
    let Some((mut end, mut date)) = found else { return month_of_named_year(text, at) };
    if date.day.is_some()
        && let Some((next, hour, minute)) = clock_after_date(text, end)
    {
        date.hour = Some(hour);
        date.minute = minute;
        end = next;
    }
    Some((end, Some(TimeValue::Date(date))))
}

/// 2026年3月2日, 2026-03-02, 2026/3/2, 2026.03.02, 2019年5月, 2019-05, 2019年.
fn with_year(text: &str, at: usize) -> Option<(usize, CalendarDate)> {
    let year: i16 = text[at..at + 4].parse().ok().filter(|year| (1900..2100).contains(year))?;
    let mut date = CalendarDate { year: Some(year), ..NO_DATE };
    let mut end = at + 4;
    if rest(text, end).starts_with('年') {
        end += '年'.len_utf8();
        if let Some((next, month)) = number_then(text, end, "月", 12).filter(|(_, month)| *month > 0) {
            date.month = Some(month);
            end = next + rest(text, next).chars().next().filter(|mark| *mark == '份').map_or(0, char::len_utf8);
            if let Some((next, day)) = day_of_month(text, next) {
                date.day = day;
                end = next;
            }
        }
        return Some((end, date));
    }
    let separator = *text.as_bytes().get(end)?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    let (month_end, month) = small_number(text, end + 1, 12).filter(|(_, month)| *month > 0)?;
    date.month = Some(month);
    end = month_end;
    if text.as_bytes().get(end) == Some(&separator)
        && let Some((day_end, day)) = small_number(text, end + 1, 31).filter(|(_, day)| *day > 0)
    {
        date.day = Some(day);
        end = day_end + rest(text, day_end).chars().next().filter(|mark| *mark == '日').map_or(0, char::len_utf8);
        return Some((end, date));
    }
    // 2019.5 may be any number, and 2019-12g or 2000-3000ml a range.
    let is_number = separator == b'.'
        || rest(text, end).starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '%' | '.' | '℃' | '次' | '毫' | '元'));
    (!is_number).then_some((end, date))
}

/// 3月2日, 3月2号, 3月2-5日.
fn month_and_day(text: &str, at: usize) -> Option<(usize, CalendarDate)> {
    let (next, month) = number_then(text, at, "月", 12).filter(|(_, month)| *month > 0)?;
    let (end, day) = day_of_month(text, next)?;
    Some((end, CalendarDate { month: Some(month), day, ..NO_DATE }))
}

/// `2日`, or `2-5日`, which is only known to be in the month.
fn day_of_month(text: &str, at: usize) -> Option<(usize, Option<u8>)> {
    let named = |at: usize| number_then(text, at, "日", 31).or_else(|| number_then(text, at, "号", 31)).filter(|(_, day)| *day > 0);
    if let Some((end, day)) = named(at) {
        return Some((end, Some(day)));
    }
    let (first_end, _) = small_number(text, at, 31)?;
    let mark = rest(text, first_end).chars().next().filter(|mark| matches!(mark, '-' | '~' | '至' | '、'))?;
    named(first_end + mark.len_utf8()).map(|(end, _)| (end, None))
}

/// `03-02` and `3/2`, only where a date stands: after 于, 日期:, before a clock time or a part of the day. 10-12次 and 5/6级 are none.
fn bare_month_and_day(text: &str, at: usize) -> Option<(usize, CalendarDate)> {
    let (month_end, month) = small_number(text, at, 12).filter(|(_, month)| *month > 0)?;
    let separator = *text.as_bytes().get(month_end)?;
    if !matches!(separator, b'-' | b'/') {
        return None;
    }
    let (end, day) = small_number(text, month_end + 1, 31).filter(|(_, day)| *day > 0)?;
    let date = CalendarDate { month: Some(month), day: Some(day), ..NO_DATE };
    let tail = rest(text, end);
    if tail.starts_with(|next: char| {
        next.is_ascii_alphanumeric()
            || matches!(next, '.' | '/' | '-' | '%' | '级' | '次' | '天' | '年' | '月' | '周' | '日' | '小' | '℃' | '×' | '*' | '岁')
    }) {
        return None;
    }
    let padded = end - at == 5;
    let named = ["于", "自", "日期:", "日期", "时间:", "日期: ", "时间: "].iter().any(|word| text[..at].ends_with(word));
    let timed = tail.starts_with(' ') && clock_after_date(text, end).is_some();
    // 入院后抗感染,03-05拔除导管: no range or score is written with a leading zero before a verb.
    let parted = text[..at].ends_with(['(', '\n', '。', ',', ';', '、']) || at == 0;
    let told = text[..at].ends_with(is_han) && tail.starts_with(is_han);
    let headed = padded && text.as_bytes()[at] == b'0' && separator == b'-' && (parted || told);
    let said_of_a_day = ["晚", "晨", "起", "夜", "上午", "下午", "凌晨", "中午", "午后", "傍晚"].iter().any(|word| tail.starts_with(word));
    (named || timed || headed || said_of_a_day).then_some((end, date))
}

/// 今年3月, 于3月行…, 3月份: a month, where 3月 alone is a length. 去年3月 can't be told from here.
fn month_of_named_year(text: &str, at: usize) -> Option<(usize, Option<TimeValue>)> {
    let (end, month) = number_then(text, at, "月", 12).filter(|(_, month)| *month > 0)?;
    let named = rest(text, end).starts_with('份');
    let end = if named { end + '份'.len_utf8() } else { end };
    let head = &text[..at];
    if ["去年", "前年", "次年", "同年", "当年", "翌年"].iter().any(|word| head.ends_with(word)) {
        return Some((end, None));
    }
    let dated = head.ends_with("今年")
        || head.ends_with("本年")
        || head.ends_with('于') && !rest(text, end).starts_with(['前', '余', '后', '内', '多']);
    (named || dated).then_some((end, Some(TimeValue::Date(CalendarDate { month: Some(month), ..NO_DATE }))))
}

/// `3月2日至5日` and `于3日行…`: days of a month, not lengths. Returns the date of the length at `at`.
pub fn day_of_last_month(text: &str, at: usize, found: &LengthFound, last: Option<&TimeExpression>) -> Option<CalendarDate> {
    let day = found.whole.filter(|day| found.length.unit == TimeUnit::Day && (1..=31).contains(day)).map(|day| day as u8)?;
    if !text[..found.end].ends_with('日') || rest(text, found.end).starts_with(['前', '后', '内', '余', '来', '以', '之']) {
        return None;
    }
    if let Some(TimeExpression { span, value: TimeValue::Date(date) }) = last
        && date.month.is_some()
        && date.day.is_some()
        && text.get(span.end as usize..at).is_some_and(|between| matches!(between, "-" | "~" | "至" | "、" | "到" | ","))
    {
        return Some(CalendarDate { day: Some(day), hour: None, minute: None, ..*date });
    }
    text[..at].ends_with('于').then_some(CalendarDate { day: Some(day), ..NO_DATE })
}

/// ` 14:30`, `14时30分`, `T14:30:00+08:00` directly after a date.
fn clock_after_date(text: &str, end: usize) -> Option<(usize, u8, Option<u8>)> {
    let tail = rest(text, end);
    // Systems print `2026-03-02;14:30` and pad with spaces.
    const LONGEST_GAP: usize = 5;
    let bare = tail.trim_start_matches([' ', 'T', ',', ';']);
    let skipped = tail.len() - bare.len();
    if skipped > LONGEST_GAP {
        return None;
    }
    let part = DAY_PARTS.iter().find(|(word, _)| bare.starts_with(word)).map_or(0, |(word, _)| word.len());
    let number = end + skipped + part;
    let (_, finish, TimeValue::Clock { hour, minute }) = clock_at(text, number, end, true)? else { return None };
    Some((finish + zone(text, finish), hour, Some(minute)))
}

/// Length of `Z` or `+08:00` after an ISO time.
fn zone(text: &str, at: usize) -> usize {
    let tail = rest(text, at);
    if tail.starts_with('Z') {
        return 1;
    }
    let is_offset = tail.starts_with(['+', '-']) && digits(tail, 1) == 2 && tail.as_bytes().get(3) == Some(&b':') && digits(tail, 4) == 2;
    if is_offset { 6 } else { 0 }
}

#[derive(Clone, Copy, PartialEq)]
enum DayPart {
    Morning,
    Noon,
    Afternoon,
    Night,
}

const DAY_PARTS: [(&str, DayPart); 15] = [
    ("上午", DayPart::Morning),
    ("早上", DayPart::Morning),
    ("早晨", DayPart::Morning),
    ("清晨", DayPart::Morning),
    ("凌晨", DayPart::Morning),
    ("中午", DayPart::Noon),
    ("下午", DayPart::Afternoon),
    ("午后", DayPart::Afternoon),
    ("傍晚", DayPart::Afternoon),
    ("晚上", DayPart::Night),
    ("夜间", DayPart::Night),
    ("晚", DayPart::Night),
    ("夜", DayPart::Night),
    ("晨", DayPart::Morning),
    ("早", DayPart::Morning),
];

/// 14:30, 14时30分, 下午3点半, 晚上八点.
pub fn clock(text: &str, at: usize, floor: usize) -> Option<(usize, usize, TimeValue)> {
    if is_inside_number(text, at) {
        return None;
    }
    clock_at(text, at, floor, false)
}

fn clock_at(text: &str, at: usize, floor: usize, dated: bool) -> Option<(usize, usize, TimeValue)> {
    let head = text[..at].trim_end_matches(' ');
    let part = DAY_PARTS.iter().find(|(word, _)| head.ends_with(word));
    // The word of an expression before this one (昨晚10点) still tells the half of the day, but is not taken twice.
    let start = part.map(|(word, _)| head.len() - word.len()).filter(|start| *start >= floor).unwrap_or(at);
    let (end, hour, is_digits) = match small_number(text, at, 23) {
        Some((end, hour)) => (end, hour, true),
        None if part.is_some() => {
            let (end, low, _) = chinese_number(text, at).filter(|(_, low, high)| low == high && *high < 24.0)?;
            (end, low as u8, false)
        }
        None => return None,
    };
    if is_digits && rest(text, end).starts_with(':') && digits(text, end + 1) == 2 {
        return colon_clock(text, at, start, end, hour, part.map(|(_, part)| *part), dated);
    }
    let tail = rest(text, end);
    let word = ["时", "点钟", "点"].into_iter().find(|word| tail.starts_with(word))?;
    let after = end + word.len();
    let (finish, minute) = match number_then(text, after, "分", 59).filter(|_| !rest(text, after).starts_with("分钟")) {
        Some((finish, minute)) => (finish, minute),
        None if rest(text, after).starts_with('半') => (after + '半'.len_utf8(), 30),
        None => match (word == "点").then(|| small_number(text, after, 59)).flatten().filter(|(finish, _)| finish - after == 2) {
            Some((finish, minute)) => (finish, minute),
            None => (after, 0),
        },
    };
    let is_next = |words: &str| rest(text, after).starts_with(|next: char| words.contains(next));
    // 3点钟位 and 9点方向 are places on a dial, 以下3点 are points, 3时相 and 10时期 are words.
    if is_next("位方向处期相间段候机限刻意建要原") {
        return None;
    }
    let stated = dated
        || part.is_some()
        || minute > 0
        || finish > after
        || head.ends_with(['于', '在', '至', '约', '今', '晨', '日', '天', '到', '-', '~']);
    if word != "时" && !stated || text[..at].ends_with(['每', '第']) {
        return None;
    }
    Some((start, finish, TimeValue::Clock { hour: in_half(hour, part.map(|(_, part)| *part))?, minute }))
}

/// `14:30` and `14:30:05`; 1:32 after 滴度 or 比 is a ratio.
fn colon_clock(
    text: &str,
    at: usize,
    start: usize,
    hour_end: usize,
    hour: u8,
    part: Option<DayPart>,
    dated: bool,
) -> Option<(usize, usize, TimeValue)> {
    let (mut end, minute) = small_number(text, hour_end + 1, 59)?;
    if rest(text, end).starts_with(':') {
        if digits(text, end + 1) != 2 {
            return None;
        }
        end += 3;
    }
    let tail = rest(text, end);
    if tail.starts_with(|next: char| next.is_ascii_digit() || matches!(next, '%' | ':')) || tail.starts_with('.') && digits(tail, 1) > 0 {
        return None;
    }
    let head = &text[..at];
    let after_ratio = head.ends_with(['比', '例', '度', '率', '=', '释', '性', '体'])
        || head.ends_with("比例约")
        || head.ends_with("滴度:")
        || head.ends_with("(+)");
    let single_one = hour_end - at == 1
        && hour == 1
        && !dated
        && part.is_none()
        && !head.ends_with(['于', '在', '至', '-', '~', '日', '天', '晨', '夜']);
    if after_ratio || single_one {
        return None;
    }
    Some((start, end, TimeValue::Clock { hour: in_half(hour, part)?, minute }))
}

/// The hour of the whole day: 下午3 is 15, 夜间2 is 2. 夜间12点 may be either midnight, so it is none.
fn in_half(hour: u8, part: Option<DayPart>) -> Option<u8> {
    match part {
        Some(DayPart::Noon) if hour <= 2 => Some(hour + 12),
        Some(DayPart::Afternoon) if hour < 12 => Some(hour + 12),
        Some(DayPart::Night) if (5..12).contains(&hour) => Some(hour + 12),
        Some(DayPart::Night) if hour == 12 => None,
        _ => Some(hour),
    }
}

/// True inside a longer number or code (`120/80`, `q8h`, `L4/5`, `T12`), where a date or a clock must not start. CT2019年 is a date.
fn is_inside_number(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    match before.last() {
        Some(byte) if byte.is_ascii_digit() => true,
        Some(b'.' | b'/' | b'*') => before.len() >= 2 && before[before.len() - 2].is_ascii_digit(),
        Some(b'T') => false,
        Some(byte) => byte.is_ascii_alphabetic() && digits(text, at) != 4,
        None => false,
    }
}
