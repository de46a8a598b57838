//! bingli (病历): a checker of inpatient medical-record quality.
//!
//! The way of the data has one direction; the modules stand in its order, and none uses a later one:
//!
//! - [`data`]     the `rules/` folder, embedded or on disk
//! - [`record`]   what a hospital gives: the visit, and readers for every format
//! - [`reading`]  what the text says: sections, sentences, mentions with assertion, times, measurements
//! - [`rules`]    the rulebook: one module a rule kind
//! - [`report`]   findings with evidence, groups, score, grade, and what was and was not checked
//! - [`measure`]  precision and recall against gold files
//! - [`cli`]      the commands; the only place that prints

pub mod data;
pub mod problem;
pub mod reading;
pub mod record;
// pub mod rules;
pub mod measure;
