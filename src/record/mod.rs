//! What a hospital gives: the visit, its documents, orders and results. Every reader of a foreign format ends here.
//!
//! No rule logic and no text analysis lives here; reading never panics and never fails half-way.

pub mod event;
pub mod json;
pub mod kind;
pub mod note;
pub mod time;
pub mod visit;

pub use event::{Event, EventKind};
pub use kind::{DocumentKind, Title};
pub use time::{Instant, Precision};
pub use visit::*;
