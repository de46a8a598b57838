//! Where values stand in JSON text: lines of JSON pointers, and times that say no zone. Only used when there is something to say, and on text
//! that a parser has accepted, so that nesting is bounded. Never copies the text.

use std::borrow::Cow;
use std::collections::HashMap;

/// A place in the text, both from 1; the column counts bytes, as JSON parsers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// One step of a pointer with `~` and `/` escaped.
pub fn escaped(step: &str) -> Cow<'_, str> {
    if step.contains(['~', '/']) { Cow::Owned(step.replace('~', "~0").replace('/', "~1")) } else { Cow::Borrowed(step) }
}

/// The places of the values at JSON pointers, in one pass over the text. `None` where there is no such value.
pub fn places(text: &str, pointers: &[&str]) -> Vec<Option<Place>> {
    let mut tree = Wanted::default();
    for (index, pointer) in pointers.iter().enumerate() {
        let mut node = &mut tree;
        for step in pointer.split('/').skip(1) {
            node = node.children.entry(step.replace("~1", "/").replace("~0", "~")).or_default();
        }
        node.asked.push(index);
    }
    let mut offsets = vec![None; pointers.len()];
    Walker { bytes: text.as_bytes(), at: 0 }.find(&tree, &mut offsets);
    let mut order: Vec<(usize, usize)> = offsets.iter().enumerate().filter_map(|(index, at)| at.map(|at| (at, index))).collect();
    order.sort_unstable();
    let mut found = vec![None; pointers.len()];
    let (mut line, mut line_start, mut done) = (1, 0, 0);
    for (at, index) in order {
        for (offset, byte) in text.as_bytes()[done..at].iter().enumerate() {
            if *byte == b'\n' {
                line += 1;
                line_start = done + offset + 1;
            }
        }
        done = at;
        found[index] = Some(Place { line, column: at - line_start + 1 });
    }
    found
}

/// Pointers of the first `most` strings that are a time of day without a zone.
pub fn times_without_zone(text: &str, most: usize) -> Vec<String> {
    let mut found = Vec::new();
    Walker { bytes: text.as_bytes(), at: 0 }.zoneless(&mut String::new(), &mut found, most);
    found
}

/// `2026-03-01T09:30` and `2026-03-01 09:30:00`, but not with `Z` or `+08:00`.
fn is_time_without_zone(bytes: &[u8]) -> bool {
    const LONGEST: usize = 30;
    let is_dated = (16..=LONGEST).contains(&bytes.len())
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes[13] == b':'
        && matches!(bytes[10], b'T' | b't' | b' ');
    is_dated && bytes[16..].iter().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b'.'))
}

/// A tree of wanted pointers.
#[derive(Default)]
struct Wanted {
    asked: Vec<usize>,
    children: HashMap<String, Wanted>,
}

struct Walker<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Walker<'t> {
    /// Walks over one value and notes the offsets of the wanted ones inside; `None` at the end of broken text.
    fn find(&mut self, wanted: &Wanted, offsets: &mut [Option<usize>]) -> Option<()> {
        self.space();
        for index in &wanted.asked {
            offsets[*index] = Some(self.at);
        }
        if wanted.children.is_empty() {
            return self.skip();
        }
        match self.bytes.get(self.at)? {
            b'{' => {
                while let Some(key) = self.next_key()? {
                    match wanted.children.get(key.as_ref()) {
                        Some(child) => self.find(child, offsets)?,
                        None => self.skip()?,
                    }
                }
                Some(())
            }
            b'[' => {
                let mut index = 0_usize;
                while self.next_element()? {
                    match wanted.children.get(index.to_string().as_str()) {
                        Some(child) => self.find(child, offsets)?,
                        None => self.skip()?,
                    }
                    index += 1;
                }
                Some(())
            }
            _ => self.skip(),
        }
    }

    fn zoneless(&mut self, path: &mut String, found: &mut Vec<String>, most: usize) -> Option<()> {
        self.space();
        let length = path.len();
        match self.bytes.get(self.at)? {
            b'{' => {
                while let Some(key) = self.next_key()? {
                    path.push('/');
                    path.push_str(&escaped(&key));
                    self.zoneless(path, found, most)?;
                    path.truncate(length);
                }
            }
            b'[' => {
                let mut index = 0_usize;
                while self.next_element()? {
                    path.push('/');
                    path.push_str(&index.to_string());
                    self.zoneless(path, found, most)?;
                    path.truncate(length);
                    index += 1;
                }
            }
            b'"' => {
                if is_time_without_zone(self.string()?) {
                    found.push(path.clone());
                }
            }
            _ => self.skip()?,
        }
        (found.len() < most).then_some(())
    }

    /// Steps to the next member of the object that the walker is in, onto its value; `Some(None)` behind the object's end.
    fn next_key(&mut self) -> Option<Option<Cow<'t, str>>> {
        if !self.next_element()? {
            return Some(None);
        }
        let raw = self.string()?;
        self.space();
        self.at += 1;
        let plain = std::str::from_utf8(raw).ok()?;
        if !raw.contains(&b'\\') {
            return Some(Some(Cow::Borrowed(plain)));
        }
        serde_json::from_str(&format!("\"{plain}\"")).ok().map(|key| Some(Cow::Owned(key)))
    }

    /// Steps over `{`, `[` or `,` to the next element; false behind the end of the list or object.
    fn next_element(&mut self) -> Option<bool> {
        self.space();
        if matches!(self.bytes.get(self.at)?, b'{' | b'[' | b',') {
            self.at += 1;
            self.space();
        }
        if matches!(self.bytes.get(self.at)?, b'}' | b']') {
            self.at += 1;
            return Some(false);
        }
        Some(true)
    }

    fn space(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// The bytes between the quotes.
    fn string(&mut self) -> Option<&'t [u8]> {
        let bytes: &'t [u8] = self.bytes;
        let start = self.at + 1;
        let mut at = start;
        loop {
            match bytes.get(at)? {
                b'\\' => at += 2,
                b'"' => break,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        bytes.get(start..at)
    }

    /// Passes over one value without looking into it.
    fn skip(&mut self) -> Option<()> {
        self.space();
        let mut depth = 0_usize;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                _ if depth > 0 => self.at += 1,
                _ => {
                    // A number or a word ends where the next thing begins.
                    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                    let rest = self.bytes.get(self.at..)?;
                    self.at += rest.iter().position(ends).unwrap_or(rest.len());
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_have_places() {
        let text = "{\n \"a\": [1, {\"b\\u0063\": true},\n  \"x\"],\n \"d/e\": -1.5e3 }";
        let found = places(text, &["/a/1/bc", "/a/2", "/d~1e", "/a/7", "", "/a/0/b"]);
        let at = |line: usize, column: usize| Some(Place { line, column });
        assert_eq!(found, [at(2, 23), at(3, 3), at(4, 9), None, at(1, 1), None]);
    }

    #[test]
    fn times_without_a_zone_are_found_up_to_a_number() {
        let text = r#"{"a":"2026-03-01T09:30","b":[{"c":"2026-03-01 09:30:00"},"2026-03-01T09:30+08:00","2026-03-01","2026-03-01T09:3é院"],"d":"2026-03-01T09:30:00.5"}"#;
        assert_eq!(times_without_zone(text, 20), ["/a", "/b/0/c", "/d"]);
        assert_eq!(times_without_zone(text, 1), ["/a"]);
    }

    #[test]
    fn broken_text_ends_the_walk() {
        for text in ["", "{", "[1,", "{\"a\"", "{\"a\":", "]", "\"\\"] {
            assert_eq!(places(text, &["/a/0"]), [None], "{text}");
            assert_eq!(times_without_zone(text, 5), Vec::<String>::new(), "{text}");
        }
    }
}
