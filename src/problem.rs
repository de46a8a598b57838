//! [`Problem`]: what is wrong in a data file, with the file and the line.

use crate::data::DataFile;

/// One mistake in a rule, lexicon, sheet or table file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rules/{file}:{line}: {text}")]
pub struct Problem {
    /// Path inside the rules folder.
    pub file: String,
    /// From 1.
    pub line: usize,
    pub text: String,
}

impl Problem {
    /// A mistake that the TOML parser found.
    pub fn toml(file: &DataFile, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        Self { file: file.path.clone(), line: line_of(&file.text, offset), text: error.message().to_owned() }
    }

    /// A mistake at the first place where `needle` stands in the file; line 1 where it does not.
    pub fn at_text(file: &DataFile, needle: &str, text: impl Into<String>) -> Self {
        let offset = file.text.find(needle).unwrap_or(0);
        Self { file: file.path.clone(), line: line_of(&file.text, offset), text: text.into() }
    }
}

/// The line, from 1, of a byte offset.
pub fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}
