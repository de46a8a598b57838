//! [`Note`]: what a reader has to say about its input, with the place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One remark about the input. A note never stops a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    pub level: Level,
    /// JSON pointer, or the document of a folder; empty for the whole input.
    pub path: String,
    /// From 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Warning,
    /// Part of the input was wrong and left out.
    Error,
}

impl Note {
    pub fn warning(path: impl Into<String>, line: Option<usize>, text: impl Into<String>) -> Self {
        Self { level: Level::Warning, path: path.into(), line, text: text.into() }
    }

    pub fn error(path: impl Into<String>, line: Option<usize>, text: impl Into<String>) -> Self {
        Self { level: Level::Error, path: path.into(), line, text: text.into() }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "第{line}行 ")?;
        }
        if !self.path.is_empty() {
            write!(formatter, "{}: ", self.path)?;
        }
        write!(formatter, "{}", self.text)
    }
}
