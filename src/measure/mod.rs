//! Figures about bingli itself: against gold files of whole visits, and against sentences with marked findings.

pub mod assertions;
pub mod cmqcic;
pub mod gold;
