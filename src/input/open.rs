//! Opens whatever bytes a hospital gives: JSON, NDJSON (plain, gzip, zstd) or plain text, chosen by name and content, with limits.

use std::io::{self, BufRead, BufReader, Read};

use jiff::tz::TimeZone;

use super::zstd::Frames;
use super::{encoding, plain};
use crate::reading::documents::DocumentTable;
use crate::record::Visit;
use crate::record::json::{self, JsonError};
use crate::record::note::Note;

/// Larger single inputs (a visit, or one line) are refused.
pub const MAX_VISIT_BYTES: usize = 64 << 20;
/// Visits with more documents are refused: no inpatient stay has so many.
pub const MAX_DOCUMENTS: usize = 20_000;

/// Why one input gave no visit.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{0}")]
    Json(#[from] JsonError),
    #[error("输入超过 {} MB", MAX_VISIT_BYTES >> 20)]
    TooLarge,
    #[error("文书超过 {MAX_DOCUMENTS} 份")]
    TooManyDocuments,
    #[error("没有内容")]
    Empty,
    #[error("含有空字符,不是文本")]
    Binary,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// One visit, or why there is none, with its place in the input.
pub struct Opened {
    /// Line of an NDJSON stream, from 1.
    pub line: Option<usize>,
    pub result: Result<(Visit, Vec<Note>), OpenError>,
}

/// What reading needs to know.
pub struct Opener<'a> {
    pub zone: &'a TimeZone,
    pub table: &'a DocumentTable,
}

impl Opener<'_> {
    /// Reads one visit from bytes: JSON when they look like it, else plain text.
    pub fn visit(&self, name: &str, bytes: &[u8]) -> Result<(Visit, Vec<Note>), OpenError> {
        if bytes.len() > MAX_VISIT_BYTES {
            return Err(OpenError::TooLarge);
        }
        let marked = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let first = marked.iter().find(|byte| !byte.is_ascii_whitespace()).ok_or(OpenError::Empty)?;
        let is_wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        if !is_wide && bytes.iter().take(4_096).any(|byte| *byte == 0) {
            return Err(OpenError::Binary);
        }
        let is_json = name.ends_with(".json") || matches!(first, b'{' | b'[') && !name.ends_with(".txt");
        let (visit, notes) = if is_json {
            self.json(marked)?
        } else {
            let (text, mut notes) = encoding::decode(bytes);
            let stem = name.rsplit(['/', '\\']).next().unwrap_or(name);
            let (visit, more) = plain::read(stem.strip_suffix(".txt").unwrap_or(stem), &text, self.table);
            notes.extend(more);
            (visit, notes)
        };
        if visit.documents.len() > MAX_DOCUMENTS {
            return Err(OpenError::TooManyDocuments);
        }
        Ok((visit, notes))
    }

    /// JSON in UTF-8, else wholly in GB18030. A file in UTF-8 with a broken byte is an error that names the byte.
    fn json(&self, bytes: &[u8]) -> Result<(Visit, Vec<Note>), JsonError> {
        let refused = match json::read(bytes, self.zone) {
            Err(error @ JsonError::NotUtf8 { .. }) => error,
            other => return other,
        };
        let Some(text) = encoding::whole_gb18030(bytes) else { return Err(refused) };
        let (visit, more) = json::read(text.as_bytes(), self.zone)?;
        let mut notes = vec![Note::warning("", None, "按 GB18030 编码读取")];
        notes.extend(more);
        Ok((visit, notes))
    }

    /// Reads a whole input: one visit, or the lines of an NDJSON stream.
    pub fn all<'o>(&'o self, name: &'o str, input: impl Read + 'o) -> io::Result<Box<dyn Iterator<Item = Opened> + 'o>> {
        let (name, input) = decompress(name, Box::new(input))?;
        let mut input = BufReader::new(input);
        if name.ends_with(".ndjson") || name.ends_with(".jsonl") {
            return Ok(Box::new(Lines { opener: self, input, line: 0, done: false }));
        }
        // A stream from a pipe has no name: several JSON objects, one a line, are NDJSON.
        let mut first = Vec::new();
        if name == "-" {
            (&mut input).take(MAX_VISIT_BYTES as u64).read_until(b'\n', &mut first)?;
            let trimmed = first.trim_ascii();
            if trimmed.starts_with(b"{") && trimmed.ends_with(b"}") && !input.fill_buf()?.is_empty() {
                let whole = Box::new(io::Cursor::new(first).chain(input));
                return Ok(Box::new(Lines { opener: self, input: whole, line: 0, done: false }));
            }
        }
        let left = (MAX_VISIT_BYTES + 1).saturating_sub(first.len());
        let mut bytes = first;
        input.take(left as u64).read_to_end(&mut bytes)?;
        Ok(Box::new(std::iter::once(Opened { line: None, result: self.visit(&name, &bytes) })))
    }
}

/// Takes `.gz` and `.zst` off.
pub fn decompress<'i>(name: &str, input: Box<dyn Read + 'i>) -> io::Result<(String, Box<dyn Read + 'i>)> {
    if let Some(inner) = name.strip_suffix(".gz") {
        return Ok((inner.to_owned(), Box::new(flate2::read::MultiGzDecoder::new(input))));
    }
    if let Some(inner) = name.strip_suffix(".zst") {
        return Ok((inner.to_owned(), Box::new(Frames::new(BufReader::new(input)))));
    }
    Ok((name.to_owned(), input))
}

/// NDJSON, one visit a line, in constant memory. A bad line is one error with its number; the next line is read.
struct Lines<'o, R> {
    opener: &'o Opener<'o>,
    input: R,
    line: usize,
    done: bool,
}

impl<R: BufRead> Iterator for Lines<'_, R> {
    type Item = Opened;

    fn next(&mut self) -> Option<Opened> {
        loop {
            if self.done {
                return None;
            }
            self.line += 1;
            let mut bytes = Vec::new();
            let limit = MAX_VISIT_BYTES as u64 + 1;
            let read = match (&mut self.input).take(limit).read_until(b'\n', &mut bytes) {
                Ok(read) => read,
                Err(error) => {
                    self.done = true;
                    return Some(Opened { line: Some(self.line), result: Err(OpenError::Io(error)) });
                }
            };
            if read == 0 {
                self.done = true;
                return None;
            }
            let result = if read as u64 == limit && !bytes.ends_with(b"\n") {
                self.skip_rest_of_line();
                Err(OpenError::TooLarge)
            } else if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            } else {
                self.opener.visit("line.json", &bytes)
            };
            return Some(Opened { line: Some(self.line), result });
        }
    }
}

impl<R: BufRead> Lines<'_, R> {
    fn skip_rest_of_line(&mut self) {
        while let Ok(buffer) = self.input.fill_buf() {
            if buffer.is_empty() {
                self.done = true;
                return;
            }
            let found = buffer.iter().position(|byte| *byte == b'\n');
            let used = found.map_or(buffer.len(), |at| at + 1);
            self.input.consume(used);
            if found.is_some() {
                return;
            }
        }
        self.done = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::DataFolder;
    use crate::record::time::default_zone;

    fn with_opener<T>(work: impl FnOnce(&Opener<'_>) -> T) -> T {
        let table = DocumentTable::parse(DataFolder::embedded().file("documents.toml").expect("it ships")).expect("and is right");
        work(&Opener { zone: &default_zone(), table: &table })
    }

    #[test]
    fn one_bad_line_does_not_stop_the_stream() {
        let input = "{\"visit_id\":\"A\",\"documents\":[]}\n{oops\n\n{\"visit_id\":\"B\",\"documents\":[]}\n";
        with_opener(|opener| {
            let opened: Vec<Opened> = opener.all("x.ndjson", input.as_bytes()).expect("it opens").collect();
            let lines: Vec<(Option<usize>, bool)> = opened.iter().map(|opened| (opened.line, opened.result.is_ok())).collect();
            assert_eq!(lines, [(Some(1), true), (Some(2), false), (Some(4), true)]);
        });
    }

    #[test]
    fn zeros_and_nothing_are_refused() {
        with_opener(|opener| {
            assert!(matches!(opener.visit("x.json", &vec![0; 1 << 20]), Err(OpenError::Binary)));
            for nothing in ["  \n", "", "\u{feff}\n"] {
                assert!(matches!(opener.visit("x.json", nothing.as_bytes()), Err(OpenError::Empty)), "{nothing:?}");
            }
        });
    }

    #[test]
    fn two_hundred_megabytes_of_zeros_are_refused_at_once() {
        with_opener(|opener| {
            for name in ["x.json", "x.txt", "x.ndjson", "-"] {
                let start = std::time::Instant::now();
                let mut opened = opener.all(name, io::repeat(0).take(200 << 20)).expect("it opens");
                assert!(matches!(opened.next().map(|opened| opened.result), Some(Err(OpenError::TooLarge | OpenError::Binary))), "{name}");
                assert!(opened.next().is_none(), "{name}");
                assert!(start.elapsed().as_secs() < 5, "{name}: {:?}", start.elapsed());
            }
        });
    }

    #[test]
    fn a_stay_of_too_many_documents_is_refused() {
        let documents =
            |count: usize| format!("{{\"visit_id\":\"V\",\"documents\":[{}]}}", vec!["{\"id\":\"a\",\"text\":\"\"}"; count].join(","));
        with_opener(|opener| {
            assert!(matches!(opener.visit("x.json", documents(MAX_DOCUMENTS + 1).as_bytes()), Err(OpenError::TooManyDocuments)));
            assert!(opener.visit("x.json", documents(5_000).as_bytes()).is_ok());
        });
    }

    #[test]
    fn a_json_file_is_never_read_as_prose() {
        with_opener(|opener| assert!(matches!(opener.visit("x.json", "主诉:咳嗽".as_bytes()), Err(OpenError::Json(_)))));
    }

    #[test]
    fn broken_utf8_in_json_names_the_byte_and_gb18030_is_read() {
        let text = "{\"visit_id\":\"V\",\"documents\":[{\"id\":\"a\",\"text\":\"患者三天前受凉后咳嗽\"}]}";
        let mut broken = text.as_bytes().to_vec();
        let at = text.find('凉').expect("it is there");
        broken[at + 1] = b'"';
        let (gb, _, _) = encoding_rs::GB18030.encode(text);
        with_opener(|opener| {
            let result = opener.visit("x.json", &broken);
            assert!(matches!(result, Err(OpenError::Json(JsonError::NotUtf8 { at: byte, line: 1 })) if byte == at), "{result:?}");
            let (visit, notes) = opener.visit("x.json", &gb).expect("it can be read");
            assert!(visit.documents[0].text.as_deref() == Some("患者三天前受凉后咳嗽") && notes.len() == 1);
        });
    }

    #[test]
    fn a_pipe_may_hold_one_visit_or_many() {
        let one = "{\n\"visit_id\":\"A\",\n\"documents\":[]}\n";
        let line = "{\"visit_id\":\"A\",\"documents\":[]}\n";
        with_opener(|opener| {
            let count = |text: &str| {
                opener.all("-", text.to_owned().into_bytes().as_slice()).expect("it opens").filter(|opened| opened.result.is_ok()).count()
            };
            assert_eq!((count(one), count(line), count(&line.repeat(3)), count("主诉：咳嗽3天。\n现病史：无。")), (1, 1, 3, 1));
        });
    }

    #[test]
    fn a_line_that_is_too_long_is_one_error() {
        let long = format!("{{\"visit_id\":\"{}\"}}\n", "x".repeat(MAX_VISIT_BYTES));
        let input = format!("{long}{{\"visit_id\":\"B\",\"documents\":[]}}\n");
        with_opener(|opener| {
            let lines: Vec<(Option<usize>, bool)> =
                opener.all("x.jsonl", input.as_bytes()).expect("it opens").map(|opened| (opened.line, opened.result.is_ok())).collect();
            assert_eq!(lines, [(Some(1), false), (Some(2), true)]);
        });
    }

    #[test]
    fn gzip_is_unpacked() {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"{\"visit_id\":\"A\",\"documents\":[]}\n").expect("memory");
        let packed = encoder.finish().expect("memory");
        with_opener(|opener| {
            assert_eq!(opener.all("x.ndjson.gz", packed.as_slice()).expect("it opens").filter(|opened| opened.result.is_ok()).count(), 1)
        });
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), name in "(x\\.json|x\\.txt|-)") {
            with_opener(|opener| { let _ = opener.visit(&name, &bytes); });
        }
    }
}
