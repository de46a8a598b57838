//! Whatever bytes a hospital gives, as visits: files and streams, JSON, NDJSON, gzip, zstd, plain Chinese text, UTF-8 and GB18030.

pub mod open;
pub mod plain;

pub use open::{OpenError, Opened, Opener};
