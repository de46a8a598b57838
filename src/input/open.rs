//! Opens whatever bytes a hospital gives: JSON, NDJSON (plain, gzip, zstd) or plain text, chosen by name and content, with limits.

use std::io::{self, BufRead, BufReader, Read};

use jiff::tz::TimeZone;

use super::plain;
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
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace()).ok_or(OpenError::Empty)?;
        if *first == 0 || bytes.iter().take(4_096).any(|byte| *byte == 0) {
            return Err(OpenError::Binary);
        }
        let marked = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let (visit, notes) =
            if matches!(marked.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'[')) && !name.ends_with(".txt") {
                match json::read(marked, self.zone) {
                    // A hospital's JSON may be in GB18030.
                    Err(JsonError::NotUtf8 { .. }) => {
                        let (text, mut notes) = plain::decode(marked);
                        let (visit, more) = json::read(text.as_bytes(), self.zone)?;
                        notes.extend(more);
                        (visit, notes)
                    }
                    other => other?,
                }
            } else {
                let (text, notes) = plain::decode(bytes);
                let stem = name.rsplit(['/', '\\']).next().unwrap_or(name);
                (plain::read(stem.strip_suffix(".txt").unwrap_or(stem), &text, self.table), notes)
            };
        if visit.documents.len() > MAX_DOCUMENTS {
            return Err(OpenError::TooManyDocuments);
        }
        Ok((visit, notes))
    }

    /// Reads a whole input: one visit, or the lines of an NDJSON stream.
    pub fn all<'o>(&'o self, name: &'o str, input: impl Read + 'o) -> io::Result<Box<dyn Iterator<Item = Opened> + 'o>> {
        let (name, input) = decompress(name, Box::new(input))?;
        if name.ends_with(".ndjson") || name.ends_with(".jsonl") {
            return Ok(Box::new(Lines { opener: self, input: BufReader::new(input), line: 0, done: false }));
        }
        let mut bytes = Vec::new();
        input.take(MAX_VISIT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        let result = self.visit(&name, &bytes);
        // A stream from a pipe has no name: several JSON objects, one a line, are NDJSON.
        if name == "-" && matches!(&result, Err(OpenError::Json(_))) && is_ndjson(&bytes) {
            return Ok(Box::new(Lines { opener: self, input: BufReader::new(Box::new(io::Cursor::new(bytes))), line: 0, done: false }));
        }
        Ok(Box::new(std::iter::once(Opened { line: None, result })))
    }
}

fn is_ndjson(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).take(2).all(|line| line.starts_with(b"{"))
}

/// Takes `.gz` and `.zst` off.
pub fn decompress<'i>(name: &str, input: Box<dyn Read + 'i>) -> io::Result<(String, Box<dyn Read + 'i>)> {
    if let Some(inner) = name.strip_suffix(".gz") {
        return Ok((inner.to_owned(), Box::new(flate2::read::MultiGzDecoder::new(input))));
    }
    if let Some(inner) = name.strip_suffix(".zst") {
        let decoder = ruzstd::decoding::StreamingDecoder::new(input)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        return Ok((inner.to_owned(), Box::new(decoder)));
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
            assert!(matches!(opener.visit("x.json", b"  \n"), Err(OpenError::Empty)));
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
