//! A text as an editor sees it: lines, and positions in UTF-16 units.

use std::ops::Range;

use lsp_types::Position;

/// An open text.
#[derive(Debug, Default)]
pub struct Text {
    content: String,
    /// Byte at which each line begins.
    lines: Vec<usize>,
}

impl Text {
    pub fn new(content: String) -> Self {
        let mut lines = vec![0];
        let bytes = content.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            // \r\n ends one line, at its \n; \r alone ends one too.
            if *byte == b'\n' || *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n') {
                lines.push(at + 1);
            }
        }
        Self { content, lines }
    }

    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// A line without its end.
    fn line(&self, line: usize) -> &str {
        let start = self.lines[line];
        let end = self.lines.get(line + 1).copied().unwrap_or(self.content.len());
        self.content[start..end].trim_end_matches(['\n', '\r'])
    }

    /// The byte at a position. Beyond a line it is the line's end, beyond the text its end, inside a surrogate pair the character's beginning.
    pub fn byte(&self, position: Position) -> usize {
        let line = position.line as usize;
        if line >= self.lines.len() {
            return self.content.len();
        }
        let mut left = position.character as usize;
        let mut byte = self.lines[line];
        for character in self.line(line).chars() {
            if left < character.len_utf16() {
                break;
            }
            left -= character.len_utf16();
            byte += character.len_utf8();
        }
        byte
    }

    /// The position of a byte, which is the beginning of a character or the text's end.
    pub fn position(&self, byte: usize) -> Position {
        let line = self.lines.partition_point(|start| *start <= byte) - 1;
        let character = self.content[self.lines[line]..byte].encode_utf16().count();
        Position { line: u32::try_from(line).unwrap_or(u32::MAX), character: u32::try_from(character).unwrap_or(u32::MAX) }
    }

    pub fn range(&self, range: Range<usize>) -> lsp_types::Range {
        lsp_types::Range { start: self.position(range.start), end: self.position(range.end) }
    }

    /// Puts words in the place of a range; of a range that ends before it begins nothing is taken out.
    pub fn replace(&mut self, range: lsp_types::Range, words: &str) {
        let (start, end) = (self.byte(range.start), self.byte(range.end));
        let mut content = std::mem::take(&mut self.content);
        content.replace_range(start..end.max(start), words);
        *self = Self::new(content);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn positions_count_utf16_and_every_end_of_line() {
        let text = Text::new("主诉\r\n𠮷咳嗽\r三\n".to_owned());
        assert_eq!(text.byte(at(1, 2)), "主诉\r\n𠮷".len());
        assert_eq!(text.byte(at(1, 1)), "主诉\r\n".len(), "inside a surrogate pair");
        assert_eq!((text.byte(at(0, 99)), text.byte(at(9, 0))), ("主诉".len(), text.as_str().len()));
        assert_eq!((text.position("主诉\r\n𠮷".len()), text.position(text.as_str().len())), (at(1, 2), at(3, 0)));
    }

    proptest! {
        #[test]
        fn a_position_leads_back_to_its_byte(content in "[一𠮷a\r\n😀]{0,20}") {
            let text = Text::new(content.clone());
            for (byte, character) in content.char_indices().filter(|(_, character)| !matches!(character, '\r' | '\n')) {
                prop_assert_eq!(text.byte(text.position(byte)), byte, "{}", character);
            }
        }

        /// Edits piece by piece come to the same text as the whole.
        #[test]
        fn edits_are_those_of_the_editor(content in "[一𠮷a\n]{0,12}", from in 0usize..13, to in 0usize..13, words in "[二😀\n]{0,4}") {
            let bytes: Vec<usize> = content.char_indices().map(|(byte, _)| byte).chain([content.len()]).collect();
            let (from, to) = (bytes[from.min(bytes.len() - 1)], bytes[to.min(bytes.len() - 1)]);
            let (from, to) = (from.min(to), from.max(to));
            let mut text = Text::new(content.clone());
            text.replace(text.range(from..to), &words);
            let expected = format!("{}{words}{}", &content[..from], &content[to..]);
            prop_assert_eq!(text.as_str(), &expected);
            prop_assert_eq!(&text.lines, &Text::new(expected.clone()).lines);
        }
    }
}
