//! Whatever bytes a hospital gives, as visits: files and streams, JSON, NDJSON, gzip, zstd, plain Chinese text, UTF-8 and GB18030.

pub mod encoding;
pub mod open;
pub mod plain;
mod zstd;

pub use open::{OpenError, Opened, Opener};
