//! Whatever bytes a hospital gives, as visits: files and streams, JSON, NDJSON, FHIR, CDA, gzip, zstd, plain Chinese text, UTF-8 and GB18030.

pub mod cda;
pub mod encoding;
pub mod fhir;
pub mod lines;
pub mod mapping;
pub mod open;
pub mod plain;
mod xml;
mod zstd;

pub use mapping::Mapping;
pub use open::{OpenError, Opened, Opener};
