//! Numbers in text: runs of digits and Chinese numerals up to the hundreds.

/// `text` from `at`; empty where `at` is no character's start.
pub fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or("")
}

/// Length in bytes of the run of ASCII digits at `at`.
pub fn digits(text: &str, at: usize) -> usize {
    text.as_bytes().get(at..).map_or(0, |tail| tail.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// A number of one or two digits, at most `most`, and the word right after it; returns the end of the word.
pub fn number_then(text: &str, at: usize, word: &str, most: u8) -> Option<(usize, u8)> {
    let (end, number) = small_number(text, at, most)?;
    rest(text, end).starts_with(word).then_some((end + word.len(), number))
}

/// A whole number of one or two digits, at most `most`.
pub fn small_number(text: &str, at: usize, most: u8) -> Option<(usize, u8)> {
    let count = digits(text, at);
    if !(1..=2).contains(&count) {
        return None;
    }
    let number: u8 = text[at..at + count].parse().ok().filter(|number| *number <= most)?;
    Some((at + count, number))
}

/// 一 to 九百九十九, 两; 两三 and 三五 give both ends.
pub fn chinese_number(text: &str, at: usize) -> Option<(usize, f64, f64)> {
    const LONGEST: usize = 6;
    let mut end = at;
    let mut total = 0.0;
    let mut pending: Option<(f64, f64)> = None;
    for character in rest(text, at).chars().take(LONGEST) {
        match character {
            '十' | '百' => {
                let factor = if character == '十' { 10.0 } else { 100.0 };
                let (low, high) = pending.take().unwrap_or((1.0, 1.0));
                total += low * factor;
                end += character.len_utf8();
                if high > low {
                    return Some((end, total, total + (high - low) * factor));
                }
            }
            // 一百零五
            '零' if total >= 100.0 && pending.is_none() => end += character.len_utf8(),
            _ => {
                let Some(value) = chinese_digit(character) else { break };
                pending = match pending {
                    None => Some((value, value)),
                    Some((low, high)) if low == high && value > low && value - low <= 2.0 => Some((low, value)),
                    Some(_) => break,
                };
                end += character.len_utf8();
            }
        }
    }
    let (low, high) = pending.unwrap_or((0.0, 0.0));
    (end > at && total + high > 0.0).then_some((end, total + low, total + high))
}

fn chinese_digit(character: char) -> Option<f64> {
    Some(match character {
        '一' => 1.0,
        '二' | '两' => 2.0,
        '三' => 3.0,
        '四' => 4.0,
        '五' => 5.0,
        '六' => 6.0,
        '七' => 7.0,
        '八' => 8.0,
        '九' => 9.0,
        _ => return None,
    })
}
