//! When an operation began, as its documents tell it.

use super::super::around;
use crate::reading::text::Span;
use crate::reading::{Passage, TimeExpression, TimeValue};

/// Clock times, in minutes of the day, at which the operation began: 09:00手术开始, 手术时间09:15~10:30, 08:30切皮.
pub(in crate::rules) fn starts(passage: &Passage) -> Vec<(i64, Span)> {
    let text = passage.text.as_str();
    let clock = |time: &TimeExpression| match time.value {
        TimeValue::Clock { hour, minute } => Some(i64::from(hour) * 60 + i64::from(minute)),
        TimeValue::Date(date) => Some(i64::from(date.hour?) * 60 + i64::from(date.minute?)),
        _ => None,
    };
    let said = |time: &&TimeExpression| {
        let after = text[time.span.end as usize..].trim_start_matches(' ');
        let before = &text[..time.span.start as usize];
        let opens_span = after.starts_with(UNTIL) || is_joined(passage, time);
        // The end of a stretch (09:05至11:50) began nothing.
        if before.ends_with(UNTIL) {
            return false;
        }
        begins(after)
            || ["手术", "手术于", "手术自"].iter().any(|word| before.ends_with(word)) && (after.starts_with("开始") || after.starts_with('始'))
            || is_half_of_span(passage, before, after)
            || ["手术开始时间", "手术开始时间:", "手术开始", "手术开始:", "切皮时间", "切皮"].iter().any(|word| before.ends_with(word))
            // 手术时间09:15~10:30, 手术09:15~12:00, 全麻下09:42~11:58行
            || opens_span && OF_SPAN.iter().any(|word| before.trim_end_matches(' ').ends_with(word))
            || opens_span && before.trim().is_empty() && matches!(passage.section.as_ref(), "手术日期" | "手术时间")
    };
    // 今日08:50在全麻下行…,手术09:25开始: with the start told, the other is that of the anaesthesia.
    let implied = |time: &&TimeExpression| {
        let (before, after) = (&text[..time.span.start as usize], &text[time.span.end as usize..]);
        !before.ends_with(UNTIL)
            && is_under_anesthesia(
                after.trim_start_matches(|character: char| UNTIL.contains(&character) || ":0123456789".contains(character)),
            )
    };
    // 原定手术开始时间08:00, 二次手术开始14:00: a plan, or another operation.
    let own = |time: &&TimeExpression| {
        let at = time.span.start as usize;
        let clause = &text[around::start_of(text, at, &[',', '。', ';', '\n'])..at];
        !["二次手术", "再次手术", "一台", "第二台", "原定", "计划", "拟"].iter().any(|word| clause.contains(word))
    };
    let timed = |time: &TimeExpression| Some((clock(time)?, time.span));
    let told: Vec<(i64, Span)> = passage.times.iter().filter(own).filter(said).filter_map(timed).collect();
    if told.is_empty() { passage.times.iter().filter(own).filter(implied).filter_map(timed).collect() } else { told }
}

/// 09:40 切皮 behind a moment. 08:00手术开始前30分钟 tells of what came before, and 09:00 手术开始09:42 of the next moment.
fn begins(after: &str) -> bool {
    let is_own = |rest: &str| {
        let next = rest.trim_start_matches([' ', ':']);
        !["前", "时间"].iter().any(|word| rest.starts_with(word)) && !next.starts_with(|character: char| character.is_ascii_digit())
    };
    ["手术开始", "切皮", "开始手术", "手术始", "术始"].iter().any(|word| after.strip_prefix(word).is_some_and(is_own))
}

/// What the stretch of time of an operation stands behind.
const OF_SPAN: [&str; 10] =
    ["手术时间", "手术时间:", "手术日期", "手术日期:", "手术", "手术:", "全麻下", "全身麻醉下", "腰麻下", "腰硬联合麻醉下"];

/// 2026-03-05 09:10-12:22 is read as one moment, its end as the offset of a zone.
fn is_joined(passage: &Passage, time: &TimeExpression) -> bool {
    let clock = passage.text.slice(time.span).rsplit([' ', 'T']).next().unwrap_or("");
    clock.split_once('-').is_some_and(|(start, end)| start.contains(':') && end.contains(':'))
}

/// Between the beginning and the end of a stretch of time.
const UNTIL: [char; 5] = ['~', '-', '至', '—', '\u{ff5e}'];

/// 行疝修补术,09:05开始,10:50结束: the span of what was named just before.
fn is_half_of_span(passage: &Passage, before: &str, after: &str) -> bool {
    let Some(rest) = after.strip_prefix("开始").map(|rest| rest.trim_start_matches([',', '、', ';', ' '])) else { return false };
    let named = before.trim_end_matches([',', ' ']).ends_with('术') || passage.section.as_ref() == "手术" && before.ends_with('。');
    let end = rest.trim_start_matches(|character: char| character.is_ascii_digit() || character == ':');
    named && end.len() < rest.len() && end.starts_with("结束")
}

/// 在表面麻醉下行左眼白内障手术, behind a moment.
fn is_under_anesthesia(after: &str) -> bool {
    let clause = after.split([',', '。', ';', '\n']).next().unwrap_or("");
    const UNDER: [&str; 3] = ["麻醉下", "麻下", "阻滞下"];
    const LINE: [&str; 4] = ["置管", "测压", "穿刺", "插管"];
    if let Some((at, word)) = UNDER.iter().filter_map(|word| clause.find(word).map(|at| (at, word))).min()
        && clause[..at].chars().count() <= 14
    {
        let act = &clause[at + word.len()..];
        // 麻醉下由王某(一助李某)行…术; a line put in under a local one comes before the anaesthesia.
        return ["行", "施"].iter().any(|word| act.contains(word)) && !LINE.iter().any(|word| act.contains(word));
    }
    // 体外循环 may stand between.
    let Some(at) = clause.find('麻').filter(|at| clause[..*at].chars().count() <= 14) else { return false };
    let method = &clause[at..];
    method.find("下行").is_some_and(|end| method[..end].chars().count() <= 8)
}

#[cfg(test)]
mod tests {
    use super::{begins, is_under_anesthesia};

    #[test]
    fn moments_before_and_after_their_label() {
        assert!(begins("切皮。09:52放血") && begins("手术开始;激光期") && begins("手术始,10:10手术毕"));
        assert!(!begins("手术开始09:42") && !begins("手术开始:09:42") && !begins("手术开始前30分钟") && !begins("切皮时间09:42"));
    }

    #[test]
    fn operations_under_an_anaesthesia() {
        assert!(is_under_anesthesia("在表面麻醉下行左眼白内障超声乳化术") && is_under_anesthesia("全身麻醉体外循环下行二尖瓣置换术"));
        assert!(is_under_anesthesia("在局部浸润麻醉下由顾某副主任医师行起搏器植入术") && is_under_anesthesia("在臂丛神经阻滞下行清创术"));
        assert!(!is_under_anesthesia("局麻下行左桡动脉穿刺置管"));
        assert!(!is_under_anesthesia("麻醉开始,诱导平稳后下行探查") && !is_under_anesthesia("行左侧疝修补术"));
    }
}
