//! [`Finder`]: what a rule looks for in a passage: words, regular expressions, or lexicon concepts with an assertion.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::literals::literals;
use super::{Knowledge, SpecError};
use crate::reading::lexicon::ConceptSet;
use crate::reading::text::{CleanText, Span};
use crate::reading::vocabulary::{Vocabulary, Words};
use crate::reading::{Assertion, Experiencer, Passage};

/// The part of a rule file that says what to find. Any of the three is enough for a match.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Find {
    /// Words as they are; full-width and half-width forms are the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Regular expressions over normalised text (half-width punctuation).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regex: Vec<String>,
    /// Lexicon concepts or classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub concepts: Vec<String>,
    /// Which assertions a concept may have; empty: present, past or uncertain of the patient.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

impl Find {
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.regex.is_empty() && self.concepts.is_empty()
    }

    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Finder, SpecError> {
        let mut words: Vec<String> = self.words.iter().map(|word| CleanText::new(word).as_str().to_owned()).collect();
        words.sort();
        words.dedup();
        if words.first().is_some_and(String::is_empty) {
            return Err(SpecError::new("words", "an empty word stands everywhere"));
        }
        let vocabulary = &knowledge.vocabulary;
        let compile = |pattern: &String| {
            let read = as_read(pattern);
            let regex = RegexBuilder::new(&read)
                .size_limit(1 << 20)
                .build()
                .map_err(|error| SpecError::new(pattern, format!("`{pattern}` is no regular expression: {error}")))?;
            Ok(Expression {
                narrows: regex.capture_names().flatten().any(|name| name == QUOTED),
                regex,
                needs: literals(&read).map(|words| vocabulary.words(words)),
            })
        };
        let regexes = self.regex.iter().map(compile).collect::<Result<_, _>>()?;
        let concepts = knowledge.lexicon().set(&self.concepts).map_err(|text| SpecError::new("concepts", text))?;
        Ok(Finder {
            known: vocabulary.words(&words),
            words,
            own: OnceLock::new(),
            regexes,
            concepts,
            assertions: self.assertions.clone(),
            vocabulary: vocabulary.clone(),
        })
    }
}

/// A pattern for the text as it is read: punctuation is half-width, however the pattern is written, `\b` parts Latin letters and digits from
/// Chinese ones (行PCI术), which Unicode takes for one word, and `\d` is a digit as the text has it, and none of another script.
pub fn as_read(pattern: &str) -> String {
    let pattern: String = pattern.chars().map(half_width).collect();
    let mut read = String::with_capacity(pattern.len());
    let mut rest = pattern.as_str();
    while let Some(at) = rest.find('\\') {
        let after = &rest[at + 1..];
        let escaped = after.chars().next().map_or(0, char::len_utf8);
        read.push_str(&rest[..at]);
        read.push_str(match &after[..escaped] {
            "b" => r"(?-u:\b)",
            "d" => "[0-9]",
            _ => &rest[at..at + 1 + escaped],
        });
        rest = &after[escaped..];
    }
    read + rest
}

/// Full-width punctuation that has no meaning in a regular expression, as the text has it.
fn half_width(character: char) -> char {
    match character {
        '：' => ':',
        '，' => ',',
        '；' => ';',
        '％' => '%',
        '～' => '~',
        other => other,
    }
}

/// The first of the matches of a passage, as [`Finder::find`] gives them, that lies inside `within`.
pub fn first_in(found: &[Span], within: Span) -> Option<Span> {
    // They stand in order and do not overlap: the first that begins inside also ends first.
    let first = found.partition_point(|span| span.start < within.start);
    found.get(first).copied().filter(|span| within.contains(*span))
}

/// Matches of one finder in the passages of a run: each passage is searched once, however many of its places are asked about.
pub struct Matches<'f> {
    finder: &'f Finder,
    found: RefCell<HashMap<*const Passage, Vec<Span>>>,
}

impl<'f> Matches<'f> {
    pub fn of(finder: &'f Finder) -> Self {
        Self { finder, found: RefCell::default() }
    }

    /// Whether one lies inside `within`.
    pub fn any_in(&self, passage: &Arc<Passage>, within: Span) -> bool {
        let mut found = self.found.borrow_mut();
        let spans = found.entry(Arc::as_ptr(passage)).or_insert_with(|| self.finder.find(passage));
        first_in(spans, within).is_some()
    }
}

/// A compiled [`Find`].
pub struct Finder {
    words: Vec<String>,
    known: Words,
    /// For texts of which the vocabulary knows nothing.
    own: OnceLock<Option<CharwiseDoubleArrayAhoCorasick<u32>>>,
    regexes: Vec<Expression>,
    concepts: ConceptSet,
    assertions: Vec<Assertion>,
    vocabulary: Arc<Vocabulary>,
}

/// The group of a regular expression that narrows what is quoted.
const QUOTED: &str = "it";

/// A regular expression, and the words of which every match holds one.
struct Expression {
    regex: Regex,
    /// It has a group [`QUOTED`]: groups cost a second search.
    narrows: bool,
    needs: Option<Words>,
}

impl Expression {
    fn find(&self, text: &str, found: &mut Vec<Span>) {
        let span = |one: regex::Match<'_>| Span::new(one.start(), one.end());
        if self.narrows {
            let quoted = self.regex.captures_iter(text).filter_map(|groups| groups.name(QUOTED).or(groups.get(0)));
            found.extend(quoted.map(span));
        } else {
            found.extend(self.regex.find_iter(text).map(span));
        }
    }
}

impl Finder {
    /// Every match in order of place, without overlaps.
    pub fn find(&self, passage: &Passage) -> Vec<Span> {
        let mut found = Vec::new();
        let text = passage.text.as_str();
        if !self.words.is_empty() {
            match self.vocabulary.places(passage, &self.known) {
                Some(places) => found.extend(places),
                None => found.extend(self.words_in(text)),
            }
        }
        for expression in self.expressions_for(passage) {
            expression.find(text, &mut found);
        }
        if !self.concepts.is_empty() {
            found.extend(
                passage
                    .mentions
                    .iter()
                    .filter(|mention| self.concepts.contains(mention.concept) && self.asserted(mention))
                    .map(|mention| mention.span),
            );
        }
        found.retain(|span| !span.is_empty());
        // Of matches that overlap, the longest speaks for all.
        found.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        let mut kept: Vec<Span> = Vec::with_capacity(found.len());
        for span in found {
            if kept.last().is_none_or(|last| !last.overlaps(span)) {
                kept.push(span);
            }
        }
        kept
    }

    /// True when a word or a pattern stands in the text; concepts are none of a bare text.
    pub fn matches_text(&self, text: &str) -> bool {
        self.words_in(text).next().is_some() || self.regexes.iter().any(|expression| expression.regex.is_match(text))
    }

    pub fn matches(&self, passage: &Passage) -> bool {
        let text = passage.text.as_str();
        (!self.words.is_empty() && self.vocabulary.holds(passage, &self.known).unwrap_or_else(|| self.words_in(text).next().is_some()))
            || self.expressions_for(passage).any(|expression| expression.regex.is_match(text))
            || (!self.concepts.is_empty()
                && passage.mentions.iter().any(|mention| self.concepts.contains(mention.concept) && self.asserted(mention)))
    }

    /// The words in a text of which the vocabulary knows nothing.
    fn words_in(&self, text: &str) -> impl Iterator<Item = Span> {
        let build = || {
            let builder = CharwiseDoubleArrayAhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest);
            (!self.words.is_empty()).then(|| builder.build(&self.words).ok()).flatten()
        };
        let found = self.own.get_or_init(build).iter().flat_map(move |words| words.leftmost_find_iter(text));
        found.map(|found| Span::new(found.start(), found.end()))
    }

    /// The expressions that may match in the passage.
    fn expressions_for(&self, passage: &Passage) -> impl Iterator<Item = &Expression> {
        let may_match =
            |expression: &&Expression| expression.needs.as_ref().is_none_or(|words| self.vocabulary.holds(passage, words) != Some(false));
        self.regexes.iter().filter(may_match)
    }

    fn asserted(&self, mention: &crate::reading::Mention) -> bool {
        if self.assertions.is_empty() {
            return mention.experiencer == Experiencer::Patient
                && matches!(mention.assertion, Assertion::Present | Assertion::Past | Assertion::Uncertain);
        }
        self.assertions.contains(&mention.assertion)
    }
}
