//! Figures about bingli itself: against gold files of whole visits, sentences with marked findings, and pairs of texts.

pub mod assertions;
pub mod cmqcic;
pub mod gold;
pub mod pairs;
pub mod typos;
