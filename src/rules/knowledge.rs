//! [`Knowledge`]: everything besides the visit that rules read: the reader with its lexicon and document table, the calendar,
//! and the medical tables of `rules/knowledge/`.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::calendar::Calendar;
use super::tables::Tables;
use crate::data::DataFolder;
use crate::input::{Mapping, Opener};
use crate::problem::Problem;
use crate::reading::Reader;
use crate::reading::documents::DocumentTable;
use crate::reading::lexicon::Lexicon;
use crate::reading::vocabulary::Vocabulary;

/// Loaded once, shared by all checks.
#[derive(Debug)]
pub struct Knowledge {
    pub reader: Reader,
    pub calendar: Calendar,
    pub tables: Tables,
    /// What foreign formats' codes mean.
    pub mapping: Mapping,
    /// Every word that some rule looks for.
    pub vocabulary: Arc<Vocabulary>,
}

impl Knowledge {
    pub fn load(folder: &DataFolder) -> Result<Self, Vec<Problem>> {
        let reader = Reader::new(folder)?;
        let calendar = match folder.file("calendar.toml") {
            Some(file) => Calendar::parse(file).map_err(|problem| vec![problem])?,
            None => Calendar::default(),
        };
        let tables = Tables::load(folder, reader.lexicon())?;
        let mapping = Mapping::load(folder, reader.documents()).map_err(|problem| vec![problem])?;
        Ok(Self { reader, calendar, tables, mapping, vocabulary: Arc::default() })
    }

    pub fn lexicon(&self) -> &Lexicon {
        self.reader.lexicon()
    }

    /// What reads a hospital's files.
    pub fn opener<'k>(&'k self, zone: &'k TimeZone) -> Opener<'k> {
        Opener { zone, table: self.documents(), mapping: &self.mapping }
    }

    pub fn documents(&self) -> &DocumentTable {
        self.reader.documents()
    }
}
