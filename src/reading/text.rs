//! [`CleanText`]: text normalised for matching, with every offset mapped back to the text as the hospital wrote it.

use std::sync::Arc;

use serde::Serialize;

/// A stretch of normalised text, in bytes of [`CleanText::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end);
        Self { start: start as u32, end: end as u32 }
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    pub fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The smallest span that holds both.
    pub fn cover(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Original text and its normalised form.
///
/// Normalised: full-width letters, digits and punctuation become half-width (`：` → `:`, `５` → `5`; `。` `、` `“”` stay), NBSP and U+3000 become a
/// space, zero-width characters and byte-order marks vanish, `\r\n` and `\r` become `\n`, HTML tags vanish (block ends and `<br>` become `\n`) and the
/// common entities are resolved. Letters keep their case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanText {
    original: Arc<str>,
    clean: String,
    /// `origin[i]` is the byte in `original` where the character holding clean byte `i` starts; one entry more for the end.
    origin: Vec<u32>,
}

impl CleanText {
    pub fn new(original: &str) -> Self {
        let mut cleaner = Cleaner { clean: String::with_capacity(original.len()), origin: Vec::with_capacity(original.len() + 1) };
        cleaner.run(original);
        cleaner.origin.push(original.len() as u32);
        Self { original: Arc::from(original), clean: cleaner.clean, origin: cleaner.origin }
    }

    /// The normalised text, which every span refers to.
    pub fn as_str(&self) -> &str {
        &self.clean
    }

    /// The text as the hospital wrote it.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Normalised text of `span`.
    pub fn slice(&self, span: Span) -> &str {
        &self.clean[span.range()]
    }

    /// Byte range of `span` in the original text: from its first character to the end of its last one,
    /// so that markup and zero-width characters *around* it stay outside and those *inside* it are kept.
    pub fn original_range(&self, span: Span) -> std::ops::Range<usize> {
        let start = self.origin[span.start as usize] as usize;
        if span.is_empty() {
            return start..start;
        }
        let last = self.clean[span.range()].char_indices().next_back().map_or(0, |(index, _)| index);
        let last_start = self.origin[span.start as usize + last] as usize;
        let end = last_start + original_length(&self.original[last_start..]);
        start..end
    }

    /// `span` as the hospital wrote it: what a finding quotes.
    pub fn quote(&self, span: Span) -> &str {
        &self.original[self.original_range(span)]
    }
}

/// Bytes of the first unit of `text`: one character, or one whole entity such as `&nbsp;`.
fn original_length(text: &str) -> usize {
    match entity(text) {
        Some((_, length)) => length,
        None => text.chars().next().map_or(0, char::len_utf8),
    }
}

struct Cleaner {
    clean: String,
    origin: Vec<u32>,
}

impl Cleaner {
    fn run(&mut self, original: &str) {
        let bytes = original.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'<' => {
                    if let Some((length, breaks_line)) = tag(&original[at..]) {
                        if breaks_line {
                            self.push('\n', at);
                        }
                        at += length;
                        continue;
                    }
                    self.push('<', at);
                    at += 1;
                }
                b'&' => match entity(&original[at..]) {
                    Some((character, length)) => {
                        self.push(character, at);
                        at += length;
                    }
                    None => {
                        self.push('&', at);
                        at += 1;
                    }
                },
                b'\r' => {
                    if bytes.get(at + 1) != Some(&b'\n') {
                        self.push('\n', at);
                    }
                    at += 1;
                }
                byte if byte < 0x80 => {
                    self.push(byte as char, at);
                    at += 1;
                }
                _ => {
                    let Some(character) = original[at..].chars().next() else { break };
                    if let Some(replacement) = replace(character) {
                        self.push(replacement, at);
                    }
                    at += character.len_utf8();
                }
            }
        }
    }

    fn push(&mut self, character: char, at: usize) {
        self.clean.push(character);
        self.origin.resize(self.clean.len(), at as u32);
    }
}

/// The normalised form of a non-ASCII character; `None` where it vanishes.
fn replace(character: char) -> Option<char> {
    match character {
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{00ad}' | '\u{202a}'..='\u{202e}' => None,
        '\u{00a0}' | '\u{3000}' | '\u{2000}'..='\u{200a}' => Some(' '),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(character as u32 - 0xfee0),
        '\u{2013}' | '\u{2212}' => Some('-'),
        '\u{02dc}' | '\u{223c}' => Some('~'),
        // Na⁺, Cl⁻, Ⅴ⁻级.
        '\u{207a}' => Some('+'),
        '\u{207b}' => Some('-'),
        '\u{2103}' | '\u{2109}' => Some(character),
        other => Some(other),
    }
}

/// Tags that hospital editors leave in text; anything else after `<` is a comparison (`WBC<4.0`) and stays.
const TAGS: [&str; 24] = [
    "a", "b", "br", "div", "em", "font", "h1", "h2", "h3", "hr", "i", "li", "ol", "p", "span", "strong", "sub", "sup", "table", "tbody",
    "td", "tr", "u", "ul",
];

/// Length of the HTML tag at the start of `text`, and whether it ends a line.
fn tag(text: &str) -> Option<(usize, bool)> {
    let closing = text[1..].starts_with('/');
    let name_start = if closing { 2 } else { 1 };
    let name_length = text[name_start..].bytes().take_while(u8::is_ascii_alphanumeric).count();
    let name = text[name_start..name_start + name_length].to_ascii_lowercase();
    if !TAGS.contains(&name.as_str()) {
        return None;
    }
    let rest = &text[name_start + name_length..];
    if !rest.starts_with([' ', '>', '/', '\t', '\n']) {
        return None;
    }
    let end = rest.bytes().take(2_000).position(|byte| byte == b'>' || byte == b'<')?;
    if rest.as_bytes()[end] != b'>' {
        return None;
    }
    let breaks_line = name == "br" || name == "hr" || (closing && matches!(name.as_str(), "p" | "div" | "li" | "tr" | "h1" | "h2" | "h3"));
    Some((name_start + name_length + end + 1, breaks_line))
}

/// The common entities and their length.
fn entity(text: &str) -> Option<(char, usize)> {
    const ENTITIES: [(&str, char); 8] = [
        ("&nbsp;", ' '),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&amp;", '&'),
        ("&quot;", '"'),
        ("&#39;", '\''),
        ("&ldquo;", '“'),
        ("&rdquo;", '”'),
    ];
    ENTITIES.iter().find(|(name, _)| text.starts_with(name)).map(|(name, character)| (*character, name.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(original: &str, needle: &str) -> String {
        let text = CleanText::new(original);
        let start = text.as_str().find(needle).expect("needle stands in the clean text");
        text.quote(Span::new(start, start + needle.len())).to_owned()
    }

    #[test]
    fn full_width_and_invisible_characters_are_normalised_and_quoted_as_written() {
        assert_eq!(CleanText::new("Ｔ：３８．５℃\u{200b}，ＢＰ\u{3000}１２０／８０").as_str(), "T:38.5℃,BP 120/80");
        assert_eq!(quoted("体温：３８．５℃", "38.5"), "３８．５");
        assert_eq!(quoted("右\u{200b}侧肢体", "右侧"), "右\u{200b}侧");
    }

    #[test]
    fn tags_vanish_and_comparisons_stay() {
        assert_eq!(CleanText::new("<p>主诉：<b>咳嗽</b>3天</p><p>WBC<4.0，P<0.05</p>").as_str(), "主诉:咳嗽3天\nWBC<4.0,P<0.05\n");
        assert_eq!(quoted("<b>咳<i>嗽</i></b>3天", "咳嗽3天"), "咳<i>嗽</i></b>3天");
        assert_eq!(quoted("a&nbsp;&lt;5", "<"), "&lt;");
        assert_eq!(CleanText::new("a<b 未闭合").as_str(), "a<b 未闭合");
    }

    #[test]
    fn line_ends_are_one() {
        assert_eq!(CleanText::new("a\r\nb\rc\nd").as_str(), "a\nb\nc\nd");
    }

    proptest! {
        #[test]
        fn every_span_maps_into_the_original(original in "[\\PC\r\n<>&/pb;\u{3000}\u{200b}\u{ff10}-\u{ff19}𠮷😀]{0,60}") {
            let text = CleanText::new(&original);
            let bounds: Vec<usize> = text.as_str().char_indices().map(|(index, _)| index).chain([text.as_str().len()]).collect();
            let mut last_end = 0;
            for pair in bounds.windows(2) {
                let range = text.original_range(Span::new(pair[0], pair[1]));
                prop_assert!(original.is_char_boundary(range.start) && original.is_char_boundary(range.end));
                prop_assert!(range.start >= last_end && range.start < range.end);
                last_end = range.end;
            }
        }

        #[test]
        fn clean_text_stays_as_it_is_when_cleaned_again(original in "[一-龥a-z0-9,。:]{0,40}") {
            let once = CleanText::new(&original);
            let twice = CleanText::new(once.as_str());
            prop_assert_eq!(twice.as_str(), once.as_str());
        }
    }
}
