//! Splits clean text into sentences (。;!? and line ends) and clauses (commas and the numbers of a list as well).

use super::letters::is_han;
use super::text::Span;

/// Sentences of the text, without their surrounding white space; none is empty.
pub fn sentences(text: &str) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices() {
        let next = at + character.len_utf8();
        match character {
            '。' | '!' | '\n' | ';' => push(text, start, at, &mut parts),
            // The mark is what makes a diagnosis doubtful, so it stays; inside a list (`肺炎?结核?`) it ends nothing.
            '?' if text[next..].starts_with(['\n', '。']) => push(text, start, next, &mut parts),
            '.' if is_full_stop(text, at) => push(text, start, at, &mut parts),
            _ => continue,
        }
        start = next;
    }
    push(text, start, text.len(), &mut parts);
    parts
}

/// Clauses of all sentences, in order.
pub fn clauses(text: &str, sentences: &[Span]) -> Vec<Span> {
    let mut parts = Vec::with_capacity(sentences.len() * 3);
    for sentence in sentences {
        let end = sentence.end as usize;
        let mut start = sentence.start as usize;
        let mut number = 0;
        for (offset, character) in text[sentence.range()].char_indices() {
            let at = sentence.start as usize + offset;
            let next = at + character.len_utf8();
            match character {
                ',' if !is_thousands(text, at) => push(text, start, at, &mut parts),
                '.' | '、' => match list_number(text, start.max(at.saturating_sub(2)), at, next, number) {
                    Some((from, found)) => {
                        number = found;
                        push(text, start, from, &mut parts);
                    }
                    None => continue,
                },
                '①'..='⑳' => push(text, start, at, &mut parts),
                _ => continue,
            }
            start = next;
        }
        push(text, start, end, &mut parts);
    }
    parts
}

/// A point between Chinese words that stands for 。: 神清.双肺呼吸音清. Not one of a number, a list, an abbreviation or a name.
fn is_full_stop(text: &str, at: usize) -> bool {
    let rest = &text[at + 1..];
    let next = rest.chars().find(|character| *character != ' ');
    let Some(before) = text[..at].chars().next_back() else { return false };
    let after_word = is_han(before) && !"一二三四五六七八九十".contains(before) || matches!(before, ')' | '”');
    let after_unit = before.is_ascii_alphabetic() && rest.starts_with(' ');
    (after_word || after_unit) && next.is_none_or(|next| is_han(next) || next == '\n')
}

/// `1,200` is one number.
fn is_thousands(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let digits_after = bytes[at + 1..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    at > 0 && bytes[at - 1].is_ascii_digit() && digits_after == 3
}

/// The number of a list item that ends at `mark`: where it begins, and which it is. `1.` begins a list anywhere but in a value; `2.` needs
/// a mark or space before it, or the item before it in the same sentence.
fn list_number(text: &str, from: usize, mark: usize, after: usize, last: u32) -> Option<(usize, u32)> {
    const LONGEST_LIST: u32 = 20;
    let bytes = text.as_bytes();
    let digits = bytes.get(from..mark)?.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let start = mark - digits;
    let number: u32 = text.get(start..mark)?.parse().ok().filter(|number| (1..=LONGEST_LIST).contains(number))?;
    if bytes.get(after).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let before = text[..start].chars().next_back();
    let follows = number == last + 1;
    let begins = match before {
        None | Some(' ' | '\n' | '。' | ';' | ':' | ',' | '"' | '“' | '(' | '?' | ')') => true,
        Some(before) => follows && is_han(before) && before != '第',
    };
    begins.then_some((start, number))
}

fn push(text: &str, start: usize, end: usize, parts: &mut Vec<Span>) {
    let Some(slice) = text.get(start..end) else { return };
    let trimmed = slice.trim_start();
    let start = end - trimmed.len();
    let end = start + trimmed.trim_end().len();
    if start < end {
        parts.push(Span::new(start, end));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sentence_texts(text: &str) -> Vec<&str> {
        sentences(text).iter().map(|span| &text[span.range()]).collect()
    }

    fn clause_texts(text: &str) -> Vec<&str> {
        clauses(text, &sentences(text)).iter().map(|span| &text[span.range()]).collect()
    }

    #[test]
    fn sentences_end_at_marks_and_lines() {
        assert_eq!(sentence_texts("WBC 1,200/L,发热;T38.5℃。\n肺炎?结核?待排"), ["WBC 1,200/L,发热", "T38.5℃", "肺炎?结核?待排"]);
        assert_eq!(sentence_texts("考虑肺炎?\n结核?。复查"), ["考虑肺炎?", "结核?", "复查"]);
        assert_eq!(
            sentence_texts("神志清楚.双肺呼吸音清. 体温36.5℃,2.5mg qd.口服"),
            ["神志清楚", "双肺呼吸音清", "体温36.5℃,2.5mg qd.口服"]
        );
        assert_eq!(sentence_texts("一.主诉 S. aureus 2016.02.11"), ["一.主诉 S. aureus 2016.02.11"]);
    }

    #[test]
    fn clauses_end_at_commas_and_list_numbers() {
        assert_eq!(clause_texts("WBC 1,200/L,发热"), ["WBC 1,200/L", "发热"]);
        assert_eq!(clause_texts("诊断:1.冠心病 2.高血压3级,很高危3.糖尿病"), ["诊断:", "冠心病", "高血压3级", "很高危", "糖尿病"]);
        assert_eq!(clause_texts("1、肺部感染;2、心衰"), ["肺部感染", "心衰"]);
        assert_eq!(clause_texts("腰4、5椎体压痛,肌力2、3级,体温36.5"), ["腰4、5椎体压痛", "肌力2、3级", "体温36.5"]);
        assert_eq!(clause_texts("心率80.律齐,血压120/80.神清"), ["心率80.律齐", "血压120/80.神清"]);
    }

    proptest! {
        #[test]
        fn spans_are_ordered_and_hold_all_but_marks(text in "[一二,。;?!a1.、①\\n 𠮷]{0,40}") {
            let all = sentences(&text);
            for parts in [all.clone(), clauses(&text, &all)] {
                let mut last = 0;
                for span in parts {
                    prop_assert!(span.start as usize >= last);
                    prop_assert!(text.get(span.range()).is_some_and(|part| !part.trim().is_empty()));
                    last = span.end as usize;
                }
            }
        }
    }
}
