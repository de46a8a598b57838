//! [`ContextPack`]: the trigger words of `rules/context.toml` in one automaton.

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};
use serde::Deserialize;

use super::Assertion;
use super::text::{CleanText, Span};
use crate::data::DataFile;
use crate::problem::Problem;

/// All trigger words.
pub struct ContextPack {
    words: CharwiseDoubleArrayAhoCorasick<u32>,
    entries: Vec<Entry>,
}

/// What one word can do; a word may work forward and backward (`未见`).
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    forward: Option<(Assertion, Reach)>,
    backward: Option<(Assertion, Reach)>,
    stop: bool,
}

/// How far a trigger reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    Item,
    Clause,
    List,
    Sentence,
}

/// A trigger word in the text.
#[derive(Debug, Clone, Copy)]
pub struct Trigger {
    pub span: Span,
    pub forward: Option<(Assertion, Reach)>,
    pub backward: Option<(Assertion, Reach)>,
    /// Ends every scope that reaches it.
    pub stop: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    trigger: Vec<TriggerEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TriggerEntry {
    category: Category,
    direction: Option<Direction>,
    reach: Option<Reach>,
    terms: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Category {
    Present,
    Absent,
    Uncertain,
    Conditional,
    Planned,
    Past,
    Stop,
    Neutral,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    Forward,
    Backward,
}

impl ContextPack {
    pub fn parse(file: &DataFile) -> Result<Self, Problem> {
        let parsed: PackFile = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        let mut words: Vec<(String, u32)> = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for trigger in &parsed.trigger {
            for term in &trigger.terms {
                let clean = CleanText::new(term).as_str().to_owned();
                let index = match words.iter().find(|(known, _)| *known == clean) {
                    Some((_, index)) => *index as usize,
                    None => {
                        words.push((clean, entries.len() as u32));
                        entries.push(Entry::default());
                        entries.len() - 1
                    }
                };
                let wrong = |text: String| Problem::at_text(file, &format!("\"{term}\""), text);
                let entry = &mut entries[index];
                let Some(assertion) = assertion(trigger.category) else {
                    entry.stop |= trigger.category == Category::Stop;
                    continue;
                };
                let (Some(direction), Some(reach)) = (trigger.direction, trigger.reach) else {
                    return Err(wrong(format!("trigger `{term}` needs a direction and a reach")));
                };
                let slot = if direction == Direction::Forward { &mut entry.forward } else { &mut entry.backward };
                if slot.replace((assertion, reach)).is_some() {
                    return Err(wrong(format!("trigger `{term}` is listed twice for one direction")));
                }
            }
        }
        let builder = CharwiseDoubleArrayAhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest);
        let words = builder.build_with_values(words).map_err(|error| Problem::at_text(file, "", error.to_string()))?;
        Ok(Self { words, entries })
    }

    /// Trigger words of the text in order; neutral ones are left out after they have shielded what is inside them.
    pub fn find(&self, text: &str) -> Vec<Trigger> {
        let found = self.words.leftmost_find_iter(text).map(|found| {
            let entry = self.entries[found.value() as usize];
            Trigger { span: Span::new(found.start(), found.end()), forward: entry.forward, backward: entry.backward, stop: entry.stop }
        });
        found.filter(|trigger| trigger.stop || trigger.forward.is_some() || trigger.backward.is_some()).collect()
    }
}

impl std::fmt::Debug for ContextPack {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ContextPack").field("words", &self.entries.len()).finish()
    }
}

fn assertion(category: Category) -> Option<Assertion> {
    Some(match category {
        Category::Present => Assertion::Present,
        Category::Absent => Assertion::Absent,
        Category::Uncertain => Assertion::Uncertain,
        Category::Conditional => Assertion::Conditional,
        Category::Planned => Assertion::Planned,
        Category::Past => Assertion::Past,
        Category::Stop | Category::Neutral => return None,
    })
}
