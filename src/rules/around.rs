//! The stretch of text around a span, cut at punctuation.

use crate::reading::text::Span;

/// Where the stretch before byte `at` begins: right after the last of `stops`.
pub fn start_of(text: &str, at: usize, stops: &[char]) -> usize {
    let stop = text[..at].char_indices().rev().find(|(_, character)| stops.contains(character));
    stop.map_or(0, |(index, character)| index + character.len_utf8())
}

/// The last so many letters of a text.
pub fn last(text: &str, letters: usize) -> &str {
    text.char_indices().rev().take(letters).last().map_or("", |(start, _)| &text[start..])
}

/// The stretch that holds the span, between the nearest of `stops` on both sides.
pub fn stretch<'t>(text: &'t str, span: Span, stops: &[char]) -> &'t str {
    let start = start_of(text, span.start as usize, stops);
    let end = text[span.end as usize..].find(stops).map_or(text.len(), |at| span.end as usize + at);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_ends_at_stops_of_any_width() {
        let text = "术前禁食。今日停用阿司匹林、氯吡格雷;继续观察";
        let at = text.find("停用").expect("in the text");
        let span = Span::new(at, at + "停用".len());
        assert_eq!(stretch(text, span, &['。', ';', '、']), "今日停用阿司匹林");
        assert_eq!(stretch(text, span, &[';']), "术前禁食。今日停用阿司匹林、氯吡格雷");
        assert_eq!(start_of(text, at, &['。']), "术前禁食。".len());
        assert_eq!(start_of(text, 0, &['。']), 0);
    }

    #[test]
    fn the_last_letters_of_a_text() {
        assert_eq!(last("既往体健", 2), "体健");
        assert_eq!(last("体健", 8), "体健");
        assert_eq!((last("体健", 0), last("", 3)), ("", ""));
    }
}
