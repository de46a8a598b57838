//! Numbered lists in text: `1.胃炎 2.2型糖尿病 (1)肾病`.

use std::ops::Range;

use crate::reading::Passage;
use crate::reading::letters::is_han;
use crate::reading::text::Span;

/// The number of a list item: where it stands with its mark, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemMark {
    pub start: usize,
    pub end: usize,
    pub number: u32,
}

/// Numbers followed by `.` or `、` at the start of the text, after white space or after punctuation. `3.5` is none, unless it goes on
/// from 2 (`2.复查 3.2周后门诊`) or begins a name (`3.2型糖尿病`); 3、6、12个月 is no list.
pub fn item_marks(text: &str) -> Vec<ItemMark> {
    let bytes = text.as_bytes();
    let mut marks = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            at += 1;
            continue;
        }
        let end = at + digits;
        let before = text[..at].chars().next_back();
        let starts = before.is_none_or(|character| character.is_whitespace() || "。;?)".contains(character));
        let rest = &text[end..];
        let mark = if rest.starts_with('、') {
            Some('、'.len_utf8())
        } else {
            rest.strip_prefix('.')
                .filter(|after| {
                    !after.starts_with(|next: char| next.is_ascii_digit())
                        || is_type(after)
                        || goes_on(&marks, &text[at..end]) && !is_range(after)
                })
                .map(|_| 1)
        };
        if let (true, true, Some(length), Ok(number)) = (digits <= 2, starts, mark, text[at..end].parse()) {
            marks.push(ItemMark { start: at, end: end + length, number });
            at = end + length;
            continue;
        }
        at = end;
    }
    marks
}

fn goes_on(marks: &[ItemMark], digits: &str) -> bool {
    marks.last().is_some_and(|last| digits.parse() == Ok(last.number + 1))
}

/// `0~3.0` of `INR 2.0~3.0`, and not `2~4周` of the third item.
fn is_range(after: &str) -> bool {
    let number = |text: &str| text.trim_start_matches(|next: char| next.is_ascii_digit() || next == '.').to_owned();
    let rest = number(after);
    rest.strip_prefix(['~', '～', '—']).is_some_and(|end| !number(end).starts_with(is_han)) || rest.starts_with('%')
}

/// `2型糖尿病`, `3级`: the digit belongs to the name.
fn is_type(after: &str) -> bool {
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    after[digits..].starts_with(['型', '级', '期', '度'])
}

/// What stands in brackets that are closed on the same line.
fn brackets(text: &str) -> Vec<Range<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut closed = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            '(' | '（' | '[' => open.push(at),
            ')' | '）' | ']' => closed.extend(open.pop().map(|start| start..at)),
            '\n' => open.clear(),
            _ => {}
        }
    }
    closed
}

/// The items of a list of diagnoses: by number, line, semicolon, comma or 、, but not within brackets; numbers and marks left out.
pub fn items(passage: &Passage) -> Vec<(Span, &str)> {
    let text = passage.text.as_str();
    let marks = item_marks(text);
    let mut cuts: Vec<(usize, usize)> = marks.iter().map(|mark| (mark.start, mark.end)).collect();
    let brackets = brackets(text);
    let inside_mark = |at: usize| marks.iter().any(|mark| at >= mark.start && at < mark.end);
    cuts.extend(
        text.char_indices()
            .filter(|(at, character)| match character {
                '\n' => true,
                ';' | '。' | '、' | ',' => !inside_mark(*at) && !brackets.iter().any(|bracket| bracket.contains(at)),
                _ => false,
            })
            .map(|(at, character)| (at, at + character.len_utf8())),
    );
    cuts.push((text.len(), text.len()));
    cuts.sort_unstable();
    let mut items = Vec::new();
    let mut start = 0;
    for (cut, next) in cuts {
        if cut > start {
            let part = &text[start..cut];
            let inner = trimmed(part);
            if inner.chars().filter(|character| !character.is_ascii()).count() >= 2 && !is_signature(inner) && !is_remark(inner) {
                let offset = start + part.find(inner).unwrap_or(0);
                items.push((Span::new(offset, offset + inner.len()), inner));
            }
        }
        start = start.max(next);
    }
    items
}

/// Without white space, full stops and brackets that are closed nowhere.
fn trimmed(part: &str) -> &str {
    let bare = part.trim_matches(|character: char| character.is_whitespace() || character == '.');
    let (opened, closed) = (bare.matches('(').count(), bare.matches(')').count());
    let bare = if opened > closed { bare.trim_start_matches('(') } else { bare };
    let bare = if closed > opened { bare.trim_end_matches(')') } else { bare };
    bare.trim()
}

/// `西医诊断:` names what follows, and `临床前期(右眼)` the stage of what came before.
fn is_remark(part: &str) -> bool {
    const STAGES: [&str; 9] = ["临床前期", "急性期", "急性发作期", "缓解期", "稳定期", "恢复期", "活动期", "静止期", "进展期"];
    let is_stage = |stage: &&str| part.strip_prefix(*stage).is_some_and(|rest| rest.is_empty() || rest.starts_with('('));
    part.ends_with(':') || STAGES.iter().any(is_stage)
}

/// `住院医师:王某`, `家属意见:…`: what stands below a list is none of its items.
fn is_signature(part: &str) -> bool {
    ["医师:", "医师签", "医生:", "医生签", "签名", "签字", "家属意见", "家人意见", "家属嘱"].iter().any(|word| part.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_brackets_belongs_to_its_item() {
        assert_eq!(brackets("腺癌(T2,N0)、(未闭\n高血压)、糖尿病(2型(血糖,高))").len(), 3);
        assert!(brackets("1)肺炎 2)胸水").is_empty());
    }

    #[test]
    fn items_keep_their_brackets_and_neither_headings_nor_stages_are_items() {
        let reader = crate::reading::Reader::new(&crate::data::DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let listed = |text: &str| {
            let passage = reader.read_text(None, "初步诊断", text);
            items(&passage).into_iter().map(|(_, item)| item.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            listed("西医诊断:\n1.急性闭角型青光眼急性发作期(左眼),临床前期(右眼)\n2.白内障"),
            ["急性闭角型青光眼急性发作期(左眼)", "白内障"]
        );
        assert_eq!(listed("肺炎\n(胸腔积液(右侧)\n医生:王某"), ["肺炎", "胸腔积液(右侧)"]);
    }

    #[test]
    fn numbers_of_items_and_numbers_of_names() {
        let numbers = |text: &str| item_marks(text).iter().map(|mark| mark.number).collect::<Vec<_>>();
        assert_eq!(numbers("1.脑梗死 2.高血压病3级 3.2型糖尿病"), [1, 2, 3]);
        assert_eq!(numbers("1、胃炎\n2、息肉"), [1, 2]);
        assert_eq!(numbers("1.休息。2.复查。3.2周后门诊。4.不适随诊"), [1, 2, 3, 4]);
        assert_eq!(numbers("术后3、6、12个月复查"), Vec::<u32>::new());
        assert_eq!(numbers("血钾3.5mmol/L,体温36.5℃"), Vec::<u32>::new());
    }
}
