//! [`ContextPack`]: the trigger words of `rules/context.toml` in one automaton, with what sections and persons take for granted.
//!
//! Here is what a word *can* do; what it does in a sentence is worked out in [`super::scopes`].

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};
use serde::Deserialize;

use super::Assertion;
use super::documents::DocumentTable;
use super::lexicon::{ConceptKind, KindSet};
use super::text::{CleanText, Span};
use crate::data::DataFile;
use crate::problem::Problem;
use crate::record::DocumentKind;

/// All trigger words, priors and lists of joining words.
pub struct ContextPack {
    words: CharwiseDoubleArrayAhoCorasick<u32>,
    entries: Vec<Entry>,
    lanes: Vec<Lane>,
    priors: Vec<Prior>,
    person: PersonWords,
    joiners: Vec<String>,
}

/// What one word can do; a word may work forward and backward (`未见`).
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    forward: Option<Effect>,
    backward: Option<Effect>,
    stop: Stop,
}

/// What a trigger says of the mentions in its scope.
#[derive(Debug, Clone, Copy)]
pub struct Effect {
    pub assertion: Assertion,
    pub reach: Reach,
    /// Index into [`ContextPack::lanes`].
    pub lane: u8,
}

/// Triggers that compete with each other: in one lane the nearest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane {
    pub group: Group,
    pub kinds: KindSet,
}

/// What question a trigger answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Only thought of: if, watch for.
    Condition,
    /// To be done.
    Plan,
    /// Present, absent or uncertain.
    Polarity,
    /// Past or current.
    Tense,
}

/// How far a trigger reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    Next,
    Item,
    Previous,
    Clause,
    List,
    Sentence,
}

/// What a word ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stop {
    #[default]
    Nothing,
    /// Negation and conditions.
    Negation,
    Everything,
}

/// A trigger word in the text.
#[derive(Debug, Clone, Copy)]
pub struct Trigger {
    pub span: Span,
    pub forward: Option<Effect>,
    pub backward: Option<Effect>,
    pub stop: Stop,
}

/// What a section says where no trigger does.
#[derive(Debug)]
struct Prior {
    sections: Vec<String>,
    except: Vec<String>,
    documents: Option<Vec<DocumentKind>>,
    kinds: KindSet,
    assertion: Assertion,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonWords {
    sections: Vec<String>,
    suffers: Vec<String>,
    returns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    trigger: Vec<TriggerEntry>,
    #[serde(default)]
    prior: Vec<PriorEntry>,
    person: PersonWords,
    list: ListWords,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListWords {
    joiners: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TriggerEntry {
    category: Category,
    direction: Option<Direction>,
    reach: Option<Reach>,
    kinds: Option<Vec<KindName>>,
    terms: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriorEntry {
    #[serde(default)]
    sections: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    documents: Option<Vec<String>>,
    kinds: Vec<KindName>,
    assertion: Assertion,
}

/// A kind of the lexicon, or a word for several.
#[derive(Deserialize)]
#[serde(untagged)]
enum KindName {
    Group(KindGroup),
    One(ConceptKind),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindGroup {
    Finding,
    Act,
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
    Current,
    Stop,
    Turn,
    Neutral,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    Forward,
    Backward,
}

impl ContextPack {
    /// Compiles the file; `table` knows the documents and sections that priors name.
    pub fn parse(file: &DataFile, table: &DocumentTable) -> Result<Self, Problem> {
        let parsed: PackFile = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        let mut words: Vec<(String, u32)> = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        let mut lanes: Vec<Lane> = Vec::new();
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
                let Some((group, assertion)) = meaning(trigger.category) else {
                    entry.stop = entry.stop.max(stop(trigger.category));
                    continue;
                };
                let (Some(direction), Some(reach)) = (trigger.direction, trigger.reach) else {
                    return Err(wrong(format!("trigger `{term}` needs a direction and a reach")));
                };
                let lane = Lane { group, kinds: trigger.kinds.as_deref().map_or_else(everything_said, kind_set) };
                let effect = Effect { assertion, reach, lane: lane_index(&mut lanes, lane) };
                let slot = if direction == Direction::Forward { &mut entry.forward } else { &mut entry.backward };
                if slot.replace(effect).is_some() {
                    return Err(wrong(format!("trigger `{term}` is listed twice for one direction")));
                }
            }
        }
        let priors = parsed.prior.into_iter().map(|entry| prior(entry, file, table)).collect::<Result<_, _>>()?;
        let builder = CharwiseDoubleArrayAhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest);
        let words = builder.build_with_values(words).map_err(|error| Problem::at_text(file, "", error.to_string()))?;
        let mut joiners = parsed.list.joiners;
        joiners.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Ok(Self { words, entries, lanes, priors, person: parsed.person, joiners })
    }

    /// Trigger words of the text in order; neutral ones are left out after they have shielded what is inside them.
    pub fn find(&self, text: &str) -> impl Iterator<Item = Trigger> {
        let found = self.words.leftmost_find_iter(text).map(|found| {
            let entry = self.entries[found.value() as usize];
            Trigger { span: Span::new(found.start(), found.end()), forward: entry.forward, backward: entry.backward, stop: entry.stop }
        });
        found.filter(|trigger| trigger.stop != Stop::Nothing || trigger.forward.is_some() || trigger.backward.is_some())
    }

    /// Every lane that some trigger uses.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// What a section of a document takes for granted, by kind of concept: the first prior that fits.
    pub fn priors(&self, document: Option<DocumentKind>, section: &str) -> Vec<(KindSet, Assertion)> {
        let fits = |prior: &&Prior| {
            let in_document = prior.documents.as_ref().is_none_or(|kinds| document.is_some_and(|kind| kinds.contains(&kind)));
            let in_section = prior.sections.is_empty() || prior.sections.iter().any(|name| name == section);
            in_document && in_section && !prior.except.iter().any(|name| name == section)
        };
        self.priors.iter().filter(fits).map(|prior| (prior.kinds, prior.assertion)).collect()
    }

    /// True for a section that is about relatives.
    pub fn is_about_relatives(&self, section: &str) -> bool {
        self.person.sections.iter().any(|name| name == section)
    }

    /// True when the words after a relative say that the relative has something: close behind, and in the same clause (`家属区,主因` does not).
    pub fn suffers(&self, rest: &str) -> bool {
        const NEAR: usize = 4;
        let rest = rest.trim_start_matches([',', ':', ' ']);
        let near = rest.char_indices().take_while(|(_, character)| !matches!(character, ',' | ':')).take(NEAR).last();
        let near = near.map_or("", |(at, character)| &rest[..at + character.len_utf8()]);
        self.person.suffers.iter().any(|word| near.contains(word.as_str()))
    }

    /// Words after which the patient is spoken of again.
    pub fn returns(&self) -> &[String] {
        &self.person.returns
    }

    /// Bytes of the joining words that the text begins with.
    pub fn joined(&self, text: &str) -> usize {
        let mut at = 0;
        while let Some(word) = self.joiners.iter().find(|word| text[at..].starts_with(word.as_str())) {
            at += word.len();
        }
        at
    }
}

impl std::fmt::Debug for ContextPack {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ContextPack").field("words", &self.entries.len()).finish()
    }
}

fn prior(entry: PriorEntry, file: &DataFile, table: &DocumentTable) -> Result<Prior, Problem> {
    let wrong = |name: &str, text: String| Problem::at_text(file, &format!("\"{name}\""), text);
    if let Some(name) = entry.sections.iter().chain(&entry.except).find(|name| table.section_named(name).is_none()) {
        return Err(wrong(name, format!("unknown section `{name}`: not a section name in rules/documents.toml")));
    }
    let mut documents = entry.documents.as_ref().map(|_| Vec::new());
    for name in entry.documents.iter().flatten() {
        let kinds = table.kinds_named(name).ok_or_else(|| {
            wrong(name, format!("unknown document `{name}`: not a kind's Chinese name, not a group in rules/documents.toml"))
        })?;
        documents.get_or_insert_default().extend(kinds);
    }
    Ok(Prior { sections: entry.sections, except: entry.except, documents, kinds: kind_set(&entry.kinds), assertion: entry.assertion })
}

fn lane_index(lanes: &mut Vec<Lane>, lane: Lane) -> u8 {
    let index = lanes.iter().position(|known| *known == lane).unwrap_or_else(|| {
        lanes.push(lane);
        lanes.len() - 1
    });
    index as u8
}

/// What a trigger without `kinds` is said of.
fn everything_said() -> KindSet {
    ConceptKind::ALL.into_iter().filter(|kind| !matches!(kind, ConceptKind::Body | ConceptKind::Person)).collect()
}

fn kind_set(names: &[KindName]) -> KindSet {
    let kinds = |name: &KindName| -> KindSet {
        match name {
            KindName::One(kind) => [*kind].into_iter().collect(),
            KindName::Group(KindGroup::Finding) => ConceptKind::ALL.into_iter().filter(|kind| kind.is_finding()).collect(),
            KindName::Group(KindGroup::Act) => ConceptKind::ALL.into_iter().filter(|kind| kind.is_act()).collect(),
        }
    };
    names.iter().map(kinds).fold(KindSet::default(), KindSet::union)
}

fn meaning(category: Category) -> Option<(Group, Assertion)> {
    Some(match category {
        Category::Present => (Group::Polarity, Assertion::Present),
        Category::Absent => (Group::Polarity, Assertion::Absent),
        Category::Uncertain => (Group::Polarity, Assertion::Uncertain),
        Category::Conditional => (Group::Condition, Assertion::Conditional),
        Category::Planned => (Group::Plan, Assertion::Planned),
        Category::Past => (Group::Tense, Assertion::Past),
        Category::Current => (Group::Tense, Assertion::Present),
        Category::Stop | Category::Turn | Category::Neutral => return None,
    })
}

fn stop(category: Category) -> Stop {
    match category {
        Category::Stop => Stop::Everything,
        Category::Turn => Stop::Negation,
        _ => Stop::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;

    fn table() -> DocumentTable {
        DocumentTable::parse(DataFolder::embedded().file("documents.toml").expect("it ships")).expect("and is right")
    }

    fn parse(text: &str) -> Result<ContextPack, Problem> {
        let rest = "\n[person]\nsections = []\nsuffers = []\nreturns = []\n[list]\njoiners = [\"、\"]\n";
        ContextPack::parse(&DataFile { path: "context.toml".into(), text: format!("{text}{rest}").into() }, &table())
    }

    #[test]
    fn longer_words_shield_what_is_inside_them() {
        let pack = parse("[[trigger]]\ncategory = \"absent\"\ndirection = \"forward\"\nreach = \"list\"\nterms = [\"无\"]\n[[trigger]]\ncategory = \"neutral\"\nterms = [\"无名指\"]").expect("it is right");
        assert_eq!(pack.find("无名指无红肿").map(|trigger| trigger.span.start).collect::<Vec<_>>(), ["无名指".len() as u32]);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let twice = "[[trigger]]\ncategory = \"absent\"\ndirection = \"forward\"\nreach = \"list\"\nterms = [\"无\",\n\"否认\",\n\"无\"]";
        assert!(parse(twice).is_err_and(|problem| problem.text.contains("listed twice")));
        let aimless = parse("[[trigger]]\ncategory = \"absent\"\n\nterms = [\"无\"]");
        assert!(aimless.is_err_and(|problem| problem.line == 4 && problem.text.contains("direction")));
        let section = parse(
            "[[prior]]\nsections = [\"无此节\"]\nkinds = [\"finding\"]\nassertion = \"past\"\n[[trigger]]\ncategory = \"stop\"\nterms = [\"但\"]",
        );
        assert!(section.is_err_and(|problem| problem.line == 2 && problem.text.contains("无此节")));
    }
}
