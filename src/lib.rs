//! bingli (病历): a checker of inpatient medical-record quality.
//!
//! The way of the data has one direction; the modules stand in its order, and none uses a later one:
//!
//! - [`data`]     the `rules/` folder, embedded or on disk; [`problem`] what is wrong in one of its files
//! - [`interval`] a share with its interval
//! - [`record`]   what a hospital gives: the visit and its native format
//! - [`reading`]  what the text says: sections, sentences, mentions with assertion, times, measurements
//! - [`input`]    files and streams of every format as visits
//! - [`rules`]    the rulebook: one module a rule kind
//! - [`language`] the small language model: encoder, heads, and what it answers to rules that ask
//! - [`report`]   findings with evidence, groups, score, grade, and what was and was not checked
//! - [`indicators`] numerators and denominators over many visits
//! - [`duties`]   reminders of what is due: the ladder, quiet hours
//! - [`people`]   who calls, and what each role may do
//! - [`ledger`]   the life of a finding until somebody else has verified that it is gone (台账, 销号)
//! - [`review`]   samples, what reviewers say, how far they agree and how much was missed
//! - [`measure`]  precision and recall against gold files
//! - [`critical`] the loop of critical values (危急值) against the hospital's limits
//! - [`drill`]    known defects planted into copies of visits, and how many of them are found
//! - [`batch`]    many visits scored again, by two rulebooks or sheets where these are compared
//! - [`store`]    the database: visits, findings, duties, tokens, the audit trail; the only place that knows SQL
//! - [`service`]  HTTP and its pages; the only place that knows it
//! - [`editor`]   a language server's session for plain text, without I/O
//! - [`cli`]      the commands; the only place that prints

pub mod batch;
pub mod cli;
pub mod critical;
pub mod data;
pub mod drill;
pub mod duties;
pub mod editor;
pub mod indicators;
pub mod input;
pub mod interval;
pub mod language;
pub mod ledger;
pub mod measure;
pub mod people;
pub mod problem;
pub mod reading;
pub mod record;
pub mod report;
pub mod review;
pub mod rules;
pub mod service;
pub mod store;
