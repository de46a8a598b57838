//! Splits clean text into sentences (。;!? and line ends) and clauses (commas as well).

use super::text::Span;

/// Sentences of the text, without their surrounding white space; none is empty.
pub fn sentences(text: &str) -> Vec<Span> {
    split(text, Span::new(0, text.len()), is_sentence_end)
}

/// Clauses of one sentence.
pub fn clauses(text: &str, sentence: Span) -> Vec<Span> {
    split(text, sentence, is_clause_end)
}

fn is_sentence_end(text: &str, at: usize, character: char) -> bool {
    match character {
        '。' | '!' | '\n' | ';' => true,
        // A question mark after a diagnosis in a list (`肺炎?结核?`) marks doubt and belongs to it.
        '?' => text[at + 1..].starts_with(['\n', '。']),
        _ => false,
    }
}

fn is_clause_end(text: &str, at: usize, character: char) -> bool {
    match character {
        ',' => !is_between_digits(text, at),
        _ => is_sentence_end(text, at, character),
    }
}

/// `1,200` is one number.
fn is_between_digits(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let digits_after = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    at > 0 && bytes[at - 1].is_ascii_digit() && digits_after == 3
}

fn split(text: &str, within: Span, ends: fn(&str, usize, char) -> bool) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut start = within.start as usize;
    let range = within.range();
    for (offset, character) in text[range.clone()].char_indices() {
        let at = range.start + offset;
        if ends(text, at, character) {
            push(text, start, at, &mut parts);
            start = at + character.len_utf8();
        }
    }
    push(text, start, range.end, &mut parts);
    parts
}

fn push(text: &str, start: usize, end: usize, parts: &mut Vec<Span>) {
    let slice = &text[start..end];
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

    #[test]
    fn sentences_and_clauses() {
        let text = "WBC 1,200/L,发热;T38.5℃。\n肺炎?结核?待排";
        let spans = sentences(text);
        let parts: Vec<&str> = spans.iter().map(|span| &text[span.range()]).collect();
        assert_eq!(parts, ["WBC 1,200/L,发热", "T38.5℃", "肺炎?结核?待排"]);
        let inner: Vec<&str> = clauses(text, spans[0]).iter().map(|span| &text[span.range()]).collect();
        assert_eq!(inner, ["WBC 1,200/L", "发热"]);
    }

    proptest! {
        #[test]
        fn spans_are_ordered_and_hold_all_but_marks(text in "[一二,。;?!a1\\n 𠮷]{0,40}") {
            let mut last = 0;
            for span in sentences(&text) {
                prop_assert!(span.start as usize >= last);
                prop_assert!(text.get(span.range()).is_some_and(|part| !part.trim().is_empty()));
                last = span.end as usize;
            }
        }
    }
}
