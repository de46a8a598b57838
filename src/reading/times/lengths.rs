//! Lengths of time: an amount, a unit, and the words that widen it. The table of widths stands in [`super`].

use super::numbers::{chinese_number, digits, rest};
use super::{Length, TimeUnit};

/// What stands where a length could.
pub enum Found {
    Length(LengthFound),
    /// 1日2次, 24小时尿蛋白: ends there and is no time.
    Frequency(usize),
}

/// A length and where it ends.
pub struct LengthFound {
    pub end: usize,
    pub length: Length,
    /// The number when the text states a plain whole one.
    pub whole: Option<i32>,
}

/// The length of time at `at`.
pub fn length(text: &str, at: usize) -> Option<Found> {
    let latin_before = match before(text, at) {
        Before::Rejected => return None,
        Before::Letter => true,
        Before::Free => false,
    };
    if let Some((end, length)) = weeks_and_days(text, at) {
        return Some(Found::Length(LengthFound { end, length, whole: None }));
    }
    let mut amount = amount(text, at)?;
    let (mut end, unit, is_latin) = unit(text, amount.end)?;
    // COPD10年 is a length, T12h and q8h are none.
    if latin_before && is_latin {
        return None;
    }
    // 1979—2011年 are two years of the calendar.
    if unit == TimeUnit::Year && amount.low < amount.high && amount.low >= 1_000.0 {
        return None;
    }
    if let Some(end) = frequency(text, at, end, unit) {
        return Some(Found::Frequency(end));
    }
    if amount.exact
        && amount.low == amount.high
        && let Some((compound_end, length)) = compound(text, end, unit, amount.low)
    {
        return Some(Found::Length(LengthFound { end: compound_end, length, whole: None }));
    }
    let whole = (amount.exact && amount.low == amount.high && amount.low.fract() == 0.0).then_some(amount.low as i32);
    let mut hedged = ["约", "近", "约为"].iter().any(|word| text[..at].ends_with(word));
    let suffix = suffix(text, end);
    if let Some((suffix_end, _)) = suffix {
        end = suffix_end;
    }
    match suffix {
        Some((_, Suffix::Odd)) if amount.exact => amount = Amount { high: amount.low + 1.0, exact: false, ..amount },
        Some((_, Suffix::Odd)) if amount.half => amount = Amount { low: 0.5, high: 1.0, ..amount },
        Some((_, Suffix::Half)) if amount.exact => {
            amount = Amount { low: amount.low + 0.25, high: amount.low + 0.75, exact: false, ..amount }
        }
        Some((_, Suffix::About)) => hedged = true,
        _ => {}
    }
    if amount.exact {
        let margin = if hedged { 1.0 } else { 0.5 };
        let completed_weeks = unit == TimeUnit::Week && is_gestation(&text[..at]);
        amount.low = (amount.low - margin).max(0.0);
        amount.high += if completed_weeks { 1.0 } else { margin };
    }
    let minutes = minutes_of(unit);
    let length = Length { min_minutes: amount.low * minutes, max_minutes: amount.high * minutes, unit, vague: amount.vague };
    Some(Found::Length(LengthFound { end, length, whole: whole.filter(|_| suffix.is_none()) }))
}

enum Before {
    Free,
    Letter,
    Rejected,
}

/// What the characters before `at` forbid: the middle of a number, 每3天, 2片/日, q8h, 上半年.
fn before(text: &str, at: usize) -> Before {
    let mut back = text[..at].chars().rev();
    let Some(last) = back.next() else { return Before::Free };
    let starts_with_digit = text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    match last {
        '0'..='9' => Before::Rejected,
        '.' | '*' | '^' if starts_with_digit && back.next().is_some_and(|next| next.is_ascii_digit()) => Before::Rejected,
        '/' | '每' | '隔' | '逢' => Before::Rejected,
        'q' | 'Q' => Before::Rejected,
        'A'..='Z' | 'a'..='z' => Before::Letter,
        '后' if ["餐后", "服糖后", "负荷后", "糖后"].iter().any(|word| text[..at].ends_with(word)) => Before::Rejected,
        '上' | '下' | '前' | '后' if rest(text, at).starts_with('半') => Before::Rejected,
        '计' | '次' | '人' | '总' | '指' | '天' | '日' | '周' | '月' | '年' | '倍' | '例' | '函'
            if rest(text, at).starts_with(['数', '多', '几']) =>
        {
            Before::Rejected
        }
        '很' | '较' | '许' | '过' | '增' | '减' | '诸' if rest(text, at).starts_with('数') => Before::Rejected,
        _ => Before::Free,
    }
}

struct Amount {
    end: usize,
    low: f64,
    high: f64,
    /// A plain number or range, still without the margin for rounding.
    exact: bool,
    half: bool,
    vague: bool,
}

/// 3, 3.5, 3+, 10余, 十二, 两三, 3-5, 半, 数, 几, 1个半.
fn amount(text: &str, at: usize) -> Option<Amount> {
    let first = rest(text, at).chars().next()?;
    let after = at + first.len_utf8();
    let mut amount = match first {
        '半' => Amount { end: after, low: 1.0 / 3.0, high: 2.0 / 3.0, exact: false, half: true, vague: false },
        '数' | '几' | '多' => {
            let (end, factor) = match rest(text, after).chars().next() {
                Some('十') => (after + '十'.len_utf8(), 10.0),
                Some('百') => (after + '百'.len_utf8(), 100.0),
                _ => (after, 1.0),
            };
            Amount { end, low: 2.0 * factor, high: 10.0 * factor, exact: false, half: false, vague: true }
        }
        _ => numeric_amount(text, at)?,
    };
    let tail = rest(text, amount.end);
    let spaced = tail.strip_prefix(' ').unwrap_or(tail);
    let Some(counted) = spaced.strip_prefix('个') else { return Some(amount) };
    amount.end += tail.len() - counted.len();
    match counted.chars().next() {
        Some(word @ ('余' | '多' | '来')) => {
            amount.end += word.len_utf8();
            if amount.half {
                (amount.low, amount.high) = (0.5, 1.0);
            } else if amount.exact {
                amount = Amount { high: amount.low + 1.0, exact: false, ..amount };
            }
        }
        Some('半') if amount.exact => {
            amount.end += '半'.len_utf8();
            amount = Amount { low: amount.low + 0.25, high: amount.low + 0.75, exact: false, ..amount };
        }
        _ => {}
    }
    Some(amount)
}

fn numeric_amount(text: &str, at: usize) -> Option<Amount> {
    let (mut end, low, high) = number(text, at)?;
    let mut amount = Amount { end, low, high, exact: true, half: false, vague: false };
    let tail = rest(text, end);
    if let Some(after) = tail.strip_prefix('+')
        && !after.starts_with(|next: char| next.is_ascii_digit())
    {
        return Some(Amount { end: end + 1, high: low + 1.0, exact: false, ..amount });
    }
    let mark = tail.chars().next()?;
    match mark {
        '余' | '多' | '来' | '几' => {
            end += mark.len_utf8();
            let of_tens = low >= 10.0 && low % 10.0 == 0.0;
            amount = Amount { end, high: low + if of_tens { 9.0 } else { 1.0 }, exact: false, ..amount };
        }
        '许' => amount.end = end + mark.len_utf8(),
        '-' | '~' | '—' | '至' | '到' | '、' => {
            if let Some((next, _, second)) = number(text, end + mark.len_utf8())
                && (if mark == '、' { second == low + 1.0 } else { second > low })
            {
                amount = Amount { end: next, high: second, ..amount };
            }
        }
        _ => {}
    }
    Some(amount)
}

/// The number at `at`: where it ends, and its two ends (两三 has two).
fn number(text: &str, at: usize) -> Option<(usize, f64, f64)> {
    const LONGEST: usize = 5;
    let whole = digits(text, at);
    if whole == 0 {
        return chinese_number(text, at);
    }
    if whole > LONGEST {
        return None;
    }
    let mut end = at + whole;
    if rest(text, end).starts_with('.') && (1..=LONGEST).contains(&digits(text, end + 1)) {
        end += 1 + digits(text, end + 1);
    }
    let value: f64 = text[at..end].parse().ok()?;
    Some((end, value, value))
}

/// The unit at `at`, after at most one space: its end, and whether it is written in letters.
fn unit(text: &str, at: usize) -> Option<(usize, TimeUnit, bool)> {
    let tail = rest(text, at);
    let spaced = tail.strip_prefix(' ').unwrap_or(tail);
    let start = at + tail.len() - spaced.len();
    let first = spaced.chars().next()?;
    if first.is_ascii_alphabetic() {
        let length = spaced.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match &spaced[..length] {
            "min" | "mins" => TimeUnit::Minute,
            "h" | "H" | "hr" | "hrs" => TimeUnit::Hour,
            "d" => TimeUnit::Day,
            "w" | "W" => TimeUnit::Week,
            _ => return None,
        };
        return Some((start + length, unit, true));
    }
    let after_first = &spaced[first.len_utf8()..];
    let next = after_first.chars().next();
    let is_next = |words: &str| next.is_some_and(|next| words.contains(next));
    // 周围, 月经, 天门冬, 3月龄 and 5年级 are words or ages.
    let (word, unit) = match first {
        '年' if !is_next("龄级轻代薪") && !after_first.starts_with("生存") => ("年", TimeUnit::Year),
        '月' if !is_next("经龄底初末份牙亮") && !is_age_word(after_first) => ("月", TimeUnit::Month),
        '周' if !is_next("围期身边岁龄长末径") => ("周", TimeUnit::Week),
        '星' if is_next("期") => ("星期", TimeUnit::Week),
        '礼' if is_next("拜") => ("礼拜", TimeUnit::Week),
        '天' if !is_next("门冬疱龄然") && !is_age_word(after_first) => ("天", TimeUnit::Day),
        '日' if !is_next("本常晒光龄均夜") => ("日", TimeUnit::Day),
        '小' if is_next("时") => ("小时", TimeUnit::Hour),
        '钟' if is_next("头") => ("钟头", TimeUnit::Hour),
        '分' if is_next("钟") => ("分钟", TimeUnit::Minute),
        '秒' if is_next("钟") => ("秒钟", TimeUnit::Second),
        '秒' => ("秒", TimeUnit::Second),
        _ => return None,
    };
    Some((start + word.len(), unit, false))
}

/// 3月大 is an age, 3天大便未解 is none.
fn is_age_word(after: &str) -> bool {
    after.strip_prefix('大').is_some_and(|next| !next.starts_with(['便', '小', '量', '汗', '咯', '出', '部']))
}

/// 1日2次, 一日三餐, 24小时动态心电图, 2小时血糖: where that ends.
fn frequency(text: &str, at: usize, end: usize, unit: TimeUnit) -> Option<usize> {
    const TIMES: &str = "次餐顿片粒包袋支瓶丸剂回";
    let tail = rest(text, end);
    if let Some(after) = tail.strip_prefix('/')
        && after.starts_with(|next: char| next.is_ascii_digit() || TIMES.contains(next))
    {
        return Some(end + 1);
    }
    let spaced = end + usize::from(tail.starts_with(' '));
    if let Some((after, _, _)) = number(text, spaced)
        && rest(text, after).starts_with(|next: char| TIMES.contains(next))
    {
        return Some(after);
    }
    if unit != TimeUnit::Hour {
        return None;
    }
    const MEASURED: [&str; 18] = [
        "尿",
        "动态",
        "心电",
        "血压监测",
        "出入",
        "胃",
        "食管",
        "微量",
        "内入院",
        "内入出院",
        "内出入院",
        "血糖",
        "胰岛素",
        "C肽",
        "Holter",
        "蛋白",
        "pH",
        "入出院",
    ];
    let is_measured = MEASURED.iter().any(|word| rest(text, spaced).starts_with(word));
    (is_measured && text.as_bytes().get(at).is_some_and(u8::is_ascii_digit)).then_some(end)
}

enum Suffix {
    /// 余, 多, +
    Odd,
    Half,
    /// 左右, 许
    About,
}

/// 3年余, 1周半, 3天左右; 多饮, 余无异常 and 半卧位 belong to what follows.
fn suffix(text: &str, end: usize) -> Option<(usize, Suffix)> {
    let tail = rest(text, end);
    if tail.starts_with("左右") || tail.starts_with("上下") {
        return Some((end + "左右".len(), Suffix::About));
    }
    let word = tail.chars().next()?;
    let next = tail[word.len_utf8()..].chars().next();
    let starts_other = |words: &str| next.is_some_and(|next| words.contains(next));
    let suffix = match word {
        '余' if !starts_other("无未均系为查") => Suffix::Odd,
        '多' if !starts_other("发次为见系处个种数饮食尿汗梦痰器普巴于在伴有呈") => Suffix::Odd,
        '+' if !next.is_some_and(|next| next.is_ascii_digit()) => Suffix::Odd,
        '许' if !starts_other("多可") => Suffix::About,
        '半' if !starts_other("年月天日小个夜卧流身侧坐球数定") => Suffix::Half,
        _ => return None,
    };
    Some((end + word.len_utf8(), suffix))
}

/// `2小时30分钟`, `2年零3个月` after the first part: the sum, rounded by half of the smaller unit.
fn compound(text: &str, end: usize, unit: TimeUnit, amount: f64) -> Option<(usize, Length)> {
    let tail = rest(text, end);
    let joint = tail.chars().next().filter(|joint| matches!(joint, '零' | '又' | '+' | ' ')).map_or(0, char::len_utf8);
    let (after, low, high) = number(text, end + joint)?;
    let after = after + if rest(text, after).starts_with("个月") { '个'.len_utf8() } else { 0 };
    let (finish, smaller) = match self::unit(text, after) {
        Some((finish, smaller, _)) => (finish, smaller),
        // 2小时30分
        None if unit == TimeUnit::Hour && rest(text, after).starts_with('分') => (after + '分'.len_utf8(), TimeUnit::Minute),
        None => return None,
    };
    let most = match (unit, smaller) {
        (TimeUnit::Year, TimeUnit::Month) => 12.0,
        (TimeUnit::Month, TimeUnit::Day) => 31.0,
        (TimeUnit::Month, TimeUnit::Week) => 5.0,
        (TimeUnit::Week, TimeUnit::Day) => 7.0,
        (TimeUnit::Day, TimeUnit::Hour) => 24.0,
        (TimeUnit::Hour, TimeUnit::Minute) | (TimeUnit::Minute, TimeUnit::Second) => 60.0,
        _ => return None,
    };
    if low != high || low >= most || amount.fract() != 0.0 || frequency(text, after, finish, smaller).is_some() {
        return None;
    }
    Some((finish, around(amount * minutes_of(unit) + low * minutes_of(smaller), minutes_of(smaller), unit)))
}

/// `39+2周`, `39周+2`, `39W+2天`: a length of a pregnancy.
fn weeks_and_days(text: &str, at: usize) -> Option<(usize, Length)> {
    let (count, end) = (digits(text, at), at + digits(text, at));
    if !(1..=2).contains(&count) {
        return None;
    }
    let week = |at: usize| rest(text, at).chars().next().filter(|mark| matches!(mark, '周' | 'W' | 'w')).map_or(0, char::len_utf8);
    let first_week = week(end);
    let plus = end + first_week;
    if !rest(text, plus).starts_with('+') || digits(text, plus + 1) != 1 {
        return None;
    }
    let finish = plus + 2;
    let last = if first_week == 0 {
        week(finish)
    } else {
        rest(text, finish).chars().next().filter(|mark| *mark == '天').map_or(0, char::len_utf8)
    };
    if first_week == 0 && last == 0 {
        return None;
    }
    let weeks: f64 = text[at..end].parse().ok()?;
    let days: f64 = text[plus + 1..finish].parse().ok().filter(|days: &f64| *days < 7.0)?;
    Some((finish + last, around((weeks * 7.0 + days) * minutes_of(TimeUnit::Day), minutes_of(TimeUnit::Day), TimeUnit::Week)))
}

fn around(minutes: f64, smaller: f64, unit: TimeUnit) -> Length {
    Length { min_minutes: (minutes - smaller / 2.0).max(0.0), max_minutes: minutes + smaller / 2.0, unit, vague: false }
}

fn is_gestation(head: &str) -> bool {
    ["孕", "停经", "妊娠", "胎龄", "孕龄", "孕周"].iter().any(|word| head.ends_with(word))
}

/// Minutes of one unit; months and years are mean ones.
pub fn minutes_of(unit: TimeUnit) -> f64 {
    match unit {
        TimeUnit::Second => 1.0 / 60.0,
        TimeUnit::Minute => 1.0,
        TimeUnit::Hour => 60.0,
        TimeUnit::Day => 1_440.0,
        TimeUnit::Week => 10_080.0,
        TimeUnit::Month => 43_830.0,
        TimeUnit::Year => 525_960.0,
    }
}

impl Length {
    /// True when some length is a reading of both.
    pub fn overlaps(self, other: Length) -> bool {
        self.min_minutes <= other.max_minutes && other.min_minutes <= self.max_minutes
    }
}
