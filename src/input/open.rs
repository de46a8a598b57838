//! Opens whatever bytes a hospital gives: JSON, NDJSON (plain, gzip, zstd), FHIR bundles, CDA documents or plain text, chosen by name and content,
//! with limits.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::cda::{self, CdaError, Parts};
use super::fhir::{self, FhirError};
use super::lines::NumberedLines;
use super::mapping::{Mapping, Tables};
use super::zstd::Frames;
use super::{encoding, plain};
use crate::reading::documents::DocumentTable;
use crate::record::Visit;
use crate::record::json::{self, JsonError};
use crate::record::note::Note;

/// Larger single inputs (a visit, or one line) are refused.
pub const MAX_VISIT_BYTES: usize = 64 << 20;
/// What a line of NDJSON is called: JSON whatever is in it.
pub const LINE: &str = "line.json";
/// Visits with more documents are refused: no inpatient stay has so many.
pub const MAX_DOCUMENTS: usize = 20_000;

/// Why one input gave no visit.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{0}")]
    Json(#[from] JsonError),
    #[error("{0}")]
    Fhir(#[from] FhirError),
    #[error("{0}")]
    Cda(#[from] CdaError),
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
    /// Document of a folder that could not be read.
    pub file: Option<String>,
    pub result: Result<(Visit, Vec<Note>), OpenError>,
}

/// What reading needs to know.
pub struct Opener<'a> {
    pub zone: &'a TimeZone,
    pub table: &'a DocumentTable,
    pub mapping: &'a Mapping,
}

/// What bytes are, by their name and their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `bingli.visit/1`
    Native,
    Fhir,
    Cda,
    Text,
}

/// Recognises a format. A `.json` file is JSON and a `.xml` file is CDA whatever is in it.
pub fn format(name: &str, bytes: &[u8]) -> Format {
    if is_cda(name, bytes) {
        return Format::Cda;
    }
    let first = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start().first();
    if !name.ends_with(".json") && (name.ends_with(".txt") || !matches!(first, Some(b'{' | b'['))) {
        return Format::Text;
    }
    // The name of the field may stand in any text; only at the top does it say what the whole is.
    let text = std::str::from_utf8(bytes).map_or_else(|_| Cow::Owned(encoding::decode(bytes).0), Cow::Borrowed);
    let is_fhir = text.contains("\"resourceType\"")
        && serde_json::from_str::<Top>(text.trim_start_matches('\u{feff}')).is_ok_and(|top| top.kind.is_some() && top.visit_id.is_none());
    if is_fhir { Format::Fhir } else { Format::Native }
}

/// By the name, or by the root element near the beginning.
fn is_cda(name: &str, bytes: &[u8]) -> bool {
    const HEAD: usize = 64 << 10;
    let head = &bytes[..bytes.len().min(HEAD)];
    let head = if is_wide(bytes) { encoding::decode(head).0.into() } else { String::from_utf8_lossy(head) };
    let is_markup = head.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    name.ends_with(".xml") || is_markup && !name.ends_with(".txt") && head.contains("ClinicalDocument")
}

/// The fields by which JSON is told apart.
#[derive(serde::Deserialize)]
struct Top {
    #[serde(rename = "resourceType")]
    kind: Option<serde::de::IgnoredAny>,
    visit_id: Option<serde::de::IgnoredAny>,
}

fn is_wide(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
}

impl Opener<'_> {
    /// Reads one visit from bytes. Of a file with CDA documents of several visits the first is read and the others are noted; [`Opener::all`] gives all.
    pub fn visit(&self, name: &str, bytes: &[u8]) -> Result<(Visit, Vec<Note>), OpenError> {
        if bytes.len() > MAX_VISIT_BYTES {
            return Err(OpenError::TooLarge);
        }
        let marked = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        if marked.iter().all(u8::is_ascii_whitespace) {
            return Err(OpenError::Empty);
        }
        if !is_wide(bytes) && bytes.iter().take(4_096).any(|byte| *byte == 0) {
            return Err(OpenError::Binary);
        }
        let (visit, notes) = match format(name, bytes) {
            Format::Native => self.json(marked)?,
            Format::Fhir => {
                let (text, mut notes) = encoding::decode(bytes);
                let (visit, more) = fhir::read(stem(name), &text, self.tables())?;
                notes.extend(more);
                (visit, notes)
            }
            Format::Cda => self.parts(name, bytes)?.first_visit(),
            Format::Text => {
                let (text, mut notes) = encoding::decode(bytes);
                let (visit, more) = plain::read(stem(name), &text, self.table);
                notes.extend(more);
                (visit, notes)
            }
        };
        if visit.documents.len() > MAX_DOCUMENTS {
            return Err(OpenError::TooManyDocuments);
        }
        Ok((visit, notes))
    }

    fn tables(&self) -> Tables<'_> {
        Tables { zone: self.zone, table: self.table, mapping: self.mapping }
    }

    fn parts(&self, name: &str, bytes: &[u8]) -> Result<Parts, CdaError> {
        let (text, notes) = encoding::decode_xml(bytes);
        cda::read(stem(name), &text, notes, self.tables())
    }

    /// The visits of all CDA documents of a folder, which holds the documents of one visit or of many: those with the same visit id are one.
    fn folder(&self, folder: &Path) -> io::Result<Vec<Opened>> {
        let mut opened = Vec::new();
        let mut all = Parts::default();
        for path in documents_of(folder)? {
            let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let mut bytes = Vec::new();
            File::open(&path)?.take(MAX_VISIT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
            let parts =
                if bytes.len() > MAX_VISIT_BYTES { Err(OpenError::TooLarge) } else { self.parts(&file, &bytes).map_err(OpenError::Cda) };
            match parts {
                Ok(parts) => all.add(&file, parts),
                Err(error) => opened.push(Opened { line: None, file: Some(file), result: Err(error) }),
            }
        }
        opened.extend(all.visits().into_iter().map(visit_of_parts));
        Ok(opened)
    }

    /// Reads what a path names: a file, or as a folder its CDA documents.
    pub fn path<'o>(&'o self, path: &Path, name: &'o str) -> io::Result<Box<dyn Iterator<Item = Opened> + 'o>> {
        if path.is_dir() {
            return Ok(Box::new(self.folder(path)?.into_iter()));
        }
        self.all(name, File::open(path)?)
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
            return Ok(Box::new(lines(self, input)));
        }
        // A stream from a pipe has no name: several JSON objects, one a line, are NDJSON.
        let mut first = Vec::new();
        if name == "-" {
            (&mut input).take(MAX_VISIT_BYTES as u64).read_until(b'\n', &mut first)?;
            let trimmed = first.trim_ascii();
            if trimmed.starts_with(b"{") && trimmed.ends_with(b"}") && !input.fill_buf()?.is_empty() {
                let whole = io::Cursor::new(first).chain(input);
                return Ok(Box::new(lines(self, whole)));
            }
        }
        let left = (MAX_VISIT_BYTES + 1).saturating_sub(first.len());
        let mut bytes = first;
        input.take(left as u64).read_to_end(&mut bytes)?;
        if bytes.len() <= MAX_VISIT_BYTES
            && is_cda(&name, &bytes)
            && let Ok(parts) = self.parts(&name, &bytes)
        {
            return Ok(Box::new(parts.visits().into_iter().map(visit_of_parts)));
        }
        Ok(Box::new(std::iter::once(Opened { line: None, file: None, result: self.visit(&name, &bytes) })))
    }
}

fn visit_of_parts((visit, notes): (Visit, Vec<Note>)) -> Opened {
    let is_too_long = visit.documents.len() > MAX_DOCUMENTS;
    let result = if is_too_long { Err(OpenError::TooManyDocuments) } else { Ok((visit, notes)) };
    Opened { line: None, file: None, result }
}

/// The CDA documents that lie directly in a folder, by name.
pub fn documents_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    let mut documents: Vec<PathBuf> =
        entries.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "xml") && path.is_file()).collect();
    documents.sort();
    Ok(documents)
}

/// A file's name without folder and ending.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    [".txt", ".json", ".xml"].iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file)
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

/// The visits of NDJSON, one a line. A bad line is one error with its number; the next line is read.
fn lines<'o>(opener: &'o Opener<'o>, input: impl BufRead + 'o) -> impl Iterator<Item = Opened> + 'o {
    let read = |bytes: Option<Vec<u8>>| opener.visit(LINE, &bytes.ok_or(OpenError::TooLarge)?);
    NumberedLines::new(input).scan(0, move |number, line| {
        let result = match line {
            Ok(line) => {
                *number = line.number;
                read(line.bytes)
            }
            Err(error) => {
                *number += 1;
                Err(OpenError::Io(error))
            }
        };
        Some(Opened { line: Some(*number), file: None, result })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::DataFolder;
    use crate::record::time::default_zone;

    fn with_opener<T>(work: impl FnOnce(&Opener<'_>) -> T) -> T {
        let folder = DataFolder::embedded();
        let table = DocumentTable::parse(folder.file("documents.toml").expect("it ships")).expect("and is right");
        let mapping = Mapping::load(&folder, &table).expect("and is right");
        work(&Opener { zone: &default_zone(), table: &table, mapping: &mapping })
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
