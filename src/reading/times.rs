//! Time expressions in clean text: lengths, dates, relative days, days after an event, clock times.
//!
//! One hand-written pass over the bytes; only a character that can begin an expression is looked at closely. Nothing is resolved against a
//! clock here: [`TimeValue::resolve`] does that where a rule knows the document's own time. Ages are no times; see [`super::ages`].
//!
//! How wide a written length is taken to be, since people round:
//!
//! | written | read as |
//! | --- | --- |
//! | 3天, 3年, 1小时 | half a unit less to half a unit more: 2.5 to 3.5 |
//! | 约3天, 近3天, 3天左右, 3天许 | a whole unit less to a whole unit more: 2 to 4 |
//! | 3-5天, 3、4天, 两三天 | the ends, each rounded: 2.5 to 5.5 |
//! | 3+年, 3余年, 3年余, 3个多月 | 3 to 4 |
//! | 10余年, 二十多天, 十几天 | 余 after a round ten is of the tens: 10 to 19, 20 to 29 |
//! | 半小时, 半天, 半月, 半年 | a third to two thirds of the unit: 20 to 40 minutes |
//! | 1年半, 1个半月 | a quarter to three quarters more: 1.25 to 1.75 |
//! | 2小时30分钟, 2年3个月 | the sum, rounded by half of the smaller unit |
//! | 孕39周, 停经39周 | completed weeks: 38.5 to 40 |
//! | 39+2周, 39周+2天 | weeks and days, half a day less to half a day more |
//! | 数天, 几天, 多日 | 2 to 10 of the unit, marked vague (数十: 20 to 100) |

mod dates;
mod lengths;
pub mod numbers;
mod resolve;
#[cfg(test)]
mod tests;

use super::text::Span;
use super::{CalendarDate, Length, Reference, TimeExpression, TimeUnit, TimeValue};
use lengths::Found;
pub use resolve::Anchors;

pub(super) use numbers::{chinese_number, digits, rest};

/// Every time expression, in order, without overlaps.
pub fn times(text: &str) -> Vec<TimeExpression> {
    let bytes = text.as_bytes();
    let mut found: Vec<TimeExpression> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let width = width_of(byte);
        if !(byte.is_ascii_digit() || width == 3 && STARTS.holds(bytes, at)) {
            at += width;
            continue;
        }
        let floor = found.last().map_or(0, |last| last.span.end as usize);
        match expression(text, at, floor, found.last()) {
            Some(Outcome::Time(start, end, value)) => {
                found.push(TimeExpression { span: Span::new(start, end), value });
                at = end;
            }
            Some(Outcome::Nothing(end)) => at = end,
            // A number that is no time is passed over whole, so that its tail is not read alone.
            None => at += if byte.is_ascii_digit() { digits(text, at) } else { width },
        }
    }
    found
}

enum Outcome {
    Time(usize, usize, TimeValue),
    /// Understood, and no time (1日2次): reading goes on after it.
    Nothing(usize),
}

/// The expression whose number or word is at `at`; it may reach back over 术后第 or 下午, but not before `floor`.
fn expression(text: &str, at: usize, floor: usize, last: Option<&TimeExpression>) -> Option<Outcome> {
    if !text.as_bytes().get(at)?.is_ascii_digit()
        && let Some((start, end, value)) = dates::relative_day(text, at, floor)
    {
        return Some(Outcome::Time(start, end, value));
    }
    if text.as_bytes().get(at)?.is_ascii_digit() {
        if let Some((start, end, value)) = postoperative_day(text, at, floor) {
            return Some(Outcome::Time(start, end, value));
        }
        if let Some((end, value)) = dates::date(text, at) {
            return Some(value.map_or(Outcome::Nothing(end), |value| Outcome::Time(at, end, value)));
        }
    }
    if let Some((start, end, value)) = dates::clock(text, at, floor) {
        return Some(Outcome::Time(start, end, value));
    }
    let length = match lengths::length(text, at)? {
        Found::Length(length) => length,
        Found::Frequency(end) => return Some(Outcome::Nothing(end)),
    };
    if let Some(date) = dates::day_of_last_month(text, at, &length, last) {
        return Some(Outcome::Time(at, length.end, TimeValue::Date(date)));
    }
    Some(in_context(text, at, floor, &length))
}

/// POD3.
fn postoperative_day(text: &str, at: usize, floor: usize) -> Option<(usize, usize, TimeValue)> {
    let head = &text[floor..at];
    let word = ["POD ", "POD"].into_iter().find(|word| head.ends_with(word))?;
    let count = digits(text, at);
    // `po d1-14` may lose its space.
    let day = text[at..at + count].parse().ok().filter(|_| count <= 3 && !rest(text, at + count).starts_with(['-', '~', ',', '、']))?;
    Some((at - word.len(), at + count, TimeValue::DayOf { reference: Reference::Operation, day }))
}

/// Events that a time can count from, by the words right before it.
const EVENTS: [(&str, Reference); 19] = [
    ("手术", Reference::Operation),
    ("术", Reference::Operation),
    ("入院", Reference::Admission),
    ("住院", Reference::Admission),
    ("入科", Reference::Admission),
    ("产", Reference::Delivery),
    ("分娩", Reference::Delivery),
    ("剖宫产", Reference::Delivery),
    ("化疗", Reference::Treatment),
    ("放疗", Reference::Treatment),
    ("治疗", Reference::Treatment),
    ("用药", Reference::Treatment),
    ("发病", Reference::Onset),
    ("起病", Reference::Onset),
    ("病程", Reference::Onset),
    ("发热", Reference::Onset),
    ("伤", Reference::Onset),
    ("出院", Reference::Discharge),
    ("离院", Reference::Discharge),
];

/// The event at the end of `head` and where its word begins.
fn event(head: &str) -> Option<(usize, Reference)> {
    let longest = EVENTS.iter().filter(|(word, _)| head.ends_with(word)).max_by_key(|(word, _)| word.len())?;
    Some((head.len() - longest.0.len(), longest.1))
}

/// Reads the words around a length: 术后第3天, 入院前1周, 3天前.
fn in_context(text: &str, at: usize, floor: usize, found: &lengths::LengthFound) -> Outcome {
    let head = &text[floor..at];
    let (ordinal, head) = head.strip_suffix('第').map_or((false, head), |head| (true, head));
    let after = head.strip_suffix('后').map(|head| head.strip_suffix('以').unwrap_or(head));
    let before = head.strip_suffix('前').filter(|_| after.is_none()).map(|head| head.strip_suffix('以').unwrap_or(head));
    let TimeUnit::Day = found.length.unit else {
        return if ordinal { Outcome::Nothing(found.end) } else { before_event(text, at, floor, head, before, found) };
    };
    // A stretch of days (术后3天) names the day when it is exact; 术后3天内 does not.
    let day = found.whole.filter(|_| !within(text, found.end) && !is_ago(text, found.end));
    let subject = after.unwrap_or(head);
    match (event(subject), day) {
        (Some((start, reference)), Some(day)) if before.is_none() && (ordinal || after.is_some() && counts_days(reference)) => {
            Outcome::Time(floor + start, found.end, TimeValue::DayOf { reference, day })
        }
        (None, Some(day)) if ordinal && before.is_none() => {
            Outcome::Time(at - '第'.len_utf8(), found.end, TimeValue::DayOf { reference: Reference::Unstated, day })
        }
        (_, None) if ordinal => Outcome::Nothing(found.end),
        _ => before_event(text, at, floor, head, before, found),
    }
}

/// 术后3天 is the third day after; 入院后3天 is three days long.
fn counts_days(reference: Reference) -> bool {
    matches!(reference, Reference::Operation | Reference::Delivery)
}

/// 入院前1周, 1周前, 入院1周前, or the bare length.
fn before_event(text: &str, at: usize, floor: usize, head: &str, before: Option<&str>, found: &lengths::LengthFound) -> Outcome {
    let ago_end = ago(text, found.end);
    let length = found.length;
    if let Some((start, reference)) = before.and_then(event) {
        return Outcome::Time(floor + start, ago_end.unwrap_or(found.end), TimeValue::Ago { length, reference });
    }
    let Some(end) = ago_end else { return Outcome::Time(at, found.end, TimeValue::Duration(length)) };
    match event(head).filter(|(_, reference)| matches!(reference, Reference::Admission | Reference::Onset)) {
        Some((start, reference)) => Outcome::Time(floor + start, end, TimeValue::Ago { length, reference }),
        None => Outcome::Time(at, end, TimeValue::Ago { length, reference: Reference::Unstated }),
    }
}

fn within(text: &str, end: usize) -> bool {
    ["内", "以内", "之内", "间"].iter().any(|word| rest(text, end).starts_with(word))
}

fn is_ago(text: &str, end: usize) -> bool {
    ago(text, end).is_some()
}

/// The end of 前, 以前 or 之前 after a length; 前列腺, 前额 and other words that begin with 前 are none.
fn ago(text: &str, end: usize) -> Option<usize> {
    let tail = rest(text, end);
    let word = ["以前", "之前", "前"].into_iter().find(|word| tail.starts_with(word))?;
    let next = tail[word.len()..].chars().next();
    let other_word = word == "前" && next.is_some_and(|next| "列额壁臂胸庭驱哨置降交纵牙囟".contains(next));
    (!other_word).then_some(end + word.len())
}

/// Bytes of the character that begins with `lead`.
fn width_of(lead: u8) -> usize {
    match lead {
        0..=0xbf => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

/// The three-byte characters that can begin an expression.
static STARTS: CharacterSet = CharacterSet::of(&[
    '一', '二', '两', '三', '四', '五', '六', '七', '八', '九', '十', '百', '半', '数', '几', '多', '今', '昨', '前', '次', '翌', '当',
    '明', '后', '大',
]);

/// A set of characters of the basic plane, one bit each.
struct CharacterSet([u64; 1024]);

impl CharacterSet {
    const fn of(characters: &[char]) -> Self {
        let mut bits = [0; 1024];
        let mut index = 0;
        while index < characters.len() {
            let code = characters[index] as usize;
            bits[code / 64] |= 1 << (code % 64);
            index += 1;
        }
        Self(bits)
    }

    /// Whether the three-byte character at `at` is in the set.
    fn holds(&self, bytes: &[u8], at: usize) -> bool {
        let Some(&[first, second, third]) = bytes.get(at..at + 3) else { return false };
        let code = (usize::from(first & 0x0f) << 12) | (usize::from(second & 0x3f) << 6) | usize::from(third & 0x3f);
        self.0[code / 64] & (1 << (code % 64)) != 0
    }
}
