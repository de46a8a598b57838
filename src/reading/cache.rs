//! [`ReadingCache`]: readings of documents by content, so that of a visit that is checked again only what changed is read.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use quick_cache::sync::Cache;

use super::DocumentReading;
use crate::record::Document;

/// Bounded by the number of documents; shared by threads.
pub struct ReadingCache {
    readings: Cache<(u64, u64), DocumentReading>,
    /// Two hashes of their own seeds: 128 bits, so that no two texts are ever taken for one.
    seeds: (RandomState, RandomState),
}

impl ReadingCache {
    pub fn new(documents: usize) -> Self {
        Self { readings: Cache::new(documents), seeds: (RandomState::new(), RandomState::new()) }
    }

    /// The reading of the document at that place of its visit, read now where it is not known.
    pub(super) fn get(&self, index: usize, document: &Document, read: impl FnOnce() -> DocumentReading) -> DocumentReading {
        let key = (key(&self.seeds.0, index, document), key(&self.seeds.1, index, document));
        if let Some(reading) = self.readings.get(&key) {
            return reading;
        }
        let reading = read();
        self.readings.insert(key, reading.clone());
        reading
    }
}

/// Everything of a document that its reading rests on.
fn key(seed: &RandomState, index: usize, document: &Document) -> u64 {
    let mut hasher = seed.build_hasher();
    (index, document.kind, &document.title, document.event_at, document.created_at, document.signed_at).hash(&mut hasher);
    document.text.hash(&mut hasher);
    document.sections.is_some().hash(&mut hasher);
    for section in document.sections.iter().flatten() {
        (&section.name, &section.text).hash(&mut hasher);
    }
    hasher.finish()
}
