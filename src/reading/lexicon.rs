//! [`Lexicon`]: the clinical concepts of `rules/lexicon/`, all their terms in one automaton.

use std::collections::HashMap;
use std::sync::Arc;

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::ConceptId;
use super::text::{CleanText, Span};
use crate::data::{DataFile, DataFolder};
use crate::problem::Problem;
use crate::record::Sex;

/// All concepts.
pub struct Lexicon {
    concepts: Vec<Concept>,
    ids: FxHashMap<Arc<str>, ConceptId>,
    /// Members of every concept name, class and kind name, the concept itself included.
    classes: FxHashMap<Arc<str>, ConceptSet>,
    terms: CharwiseDoubleArrayAhoCorasick<u32>,
    words: Vec<Box<str>>,
}

/// One concept.
#[derive(Debug, Clone)]
pub struct Concept {
    /// The standard Chinese name, its identity everywhere.
    pub name: Arc<str>,
    pub kind: ConceptKind,
    /// The body part it sits in, by its entry.
    pub site: Option<ConceptId>,
    /// Has a left and a right.
    pub sided: bool,
    /// Can only be true of this sex.
    pub sex: Option<Sex>,
    /// Accepted units, the usual one first.
    pub units: Vec<Arc<str>>,
    /// Bounds in the usual unit outside which a value is certainly an error.
    pub range: Option<(f64, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConceptKind {
    Body,
    Symptom,
    Sign,
    Imaging,
    State,
    Vital,
    Score,
    Person,
    Disease,
    Drug,
    Procedure,
    Lab,
    Exam,
    Organism,
    Substance,
    Device,
}

impl ConceptKind {
    /// Every kind.
    pub const ALL: [ConceptKind; 16] = [
        ConceptKind::Body,
        ConceptKind::Symptom,
        ConceptKind::Sign,
        ConceptKind::Imaging,
        ConceptKind::State,
        ConceptKind::Vital,
        ConceptKind::Score,
        ConceptKind::Person,
        ConceptKind::Disease,
        ConceptKind::Drug,
        ConceptKind::Procedure,
        ConceptKind::Lab,
        ConceptKind::Exam,
        ConceptKind::Organism,
        ConceptKind::Substance,
        ConceptKind::Device,
    ];

    /// The class name that rules may use for all concepts of the kind.
    pub fn chinese(self) -> &'static str {
        match self {
            ConceptKind::Body => "身体部位",
            ConceptKind::Symptom => "症状",
            ConceptKind::Sign => "体征",
            ConceptKind::Imaging => "检查所见",
            ConceptKind::State => "一般状况",
            ConceptKind::Vital => "生命体征",
            ConceptKind::Score => "评分",
            ConceptKind::Person => "人物",
            ConceptKind::Disease => "疾病",
            ConceptKind::Drug => "药物",
            ConceptKind::Procedure => "手术操作",
            ConceptKind::Lab => "检验项目",
            ConceptKind::Exam => "检查项目",
            ConceptKind::Organism => "病原体",
            ConceptKind::Substance => "接触物",
            ConceptKind::Device => "器械",
        }
    }

    /// Something that can be present or absent in a person.
    pub fn is_finding(self) -> bool {
        matches!(self, ConceptKind::Symptom | ConceptKind::Sign | ConceptKind::Imaging | ConceptKind::State | ConceptKind::Disease)
    }

    /// Something that is done, given or taken.
    pub fn is_act(self) -> bool {
        matches!(self, ConceptKind::Drug | ConceptKind::Procedure | ConceptKind::Exam | ConceptKind::Lab | ConceptKind::Device)
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindSet(u16);

impl KindSet {
    pub fn contains(self, kind: ConceptKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromIterator<ConceptKind> for KindSet {
    fn from_iter<I: IntoIterator<Item = ConceptKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | 1 << kind as u16))
    }
}

/// A set of concepts, for membership at run time without strings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConceptSet {
    words: Vec<u64>,
}

impl ConceptSet {
    pub fn insert(&mut self, id: ConceptId) {
        let word = id.0 as usize / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (id.0 % 64);
    }

    pub fn contains(&self, id: ConceptId) -> bool {
        self.words.get(id.0 as usize / 64).is_some_and(|word| word & (1 << (id.0 % 64)) != 0)
    }

    pub fn extend(&mut self, other: &ConceptSet) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LexiconFile {
    kind: ConceptKind,
    concept: toml::Table,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ConceptEntry {
    also: Vec<String>,
    is: Vec<String>,
    site: Option<String>,
    part_of: Option<String>,
    sided: bool,
    sex: Option<Sex>,
    units: Vec<String>,
    range: Option<(f64, f64)>,
}

impl Lexicon {
    pub fn load(folder: &DataFolder) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut concepts: Vec<Concept> = Vec::new();
        let mut ids: FxHashMap<Arc<str>, ConceptId> = FxHashMap::default();
        let mut terms: HashMap<String, (u32, &str)> = HashMap::new();
        let mut parents: Vec<(ConceptId, String)> = Vec::new();
        let mut sites = Vec::new();
        for file in folder.below("lexicon/") {
            let parsed: LexiconFile = match toml::from_str(&file.text) {
                Ok(parsed) => parsed,
                Err(error) => {
                    problems.push(Problem::toml(file, &error));
                    continue;
                }
            };
            for (name, value) in parsed.concept {
                let entry: ConceptEntry = match value.try_into() {
                    Ok(entry) => entry,
                    Err(error) => {
                        problems.push(at_concept(file, &name, format!("concept `{name}`: {}", error.message())));
                        continue;
                    }
                };
                let id = ConceptId(concepts.len() as u32);
                let name: Arc<str> = Arc::from(name);
                for term in std::iter::once(name.as_ref()).chain(entry.also.iter().map(String::as_str)) {
                    let clean = fold(CleanText::new(term).as_str());
                    if let Some((_, other)) = terms.insert(clean, (id.0, &file.path)) {
                        problems.push(at_concept(file, &name, format!("term `{term}` is already in rules/{other}")));
                    }
                }
                parents.extend(entry.is.into_iter().map(|parent| (id, parent)));
                parents.push((id, parsed.kind.chinese().to_owned()));
                if let Some(whole) = entry.part_of {
                    sites.push((file, id, whole.clone()));
                    parents.push((id, whole));
                }
                if let Some(site) = entry.site {
                    sites.push((file, id, site));
                }
                ids.insert(name.clone(), id);
                concepts.push(Concept {
                    name,
                    kind: parsed.kind,
                    site: None,
                    sided: entry.sided,
                    sex: entry.sex,
                    units: entry.units.iter().map(|unit| Arc::from(unit.as_str())).collect(),
                    range: entry.range,
                });
            }
        }
        for (file, id, site) in sites {
            match ids.get(site.as_str()).filter(|found| concepts[found.0 as usize].kind == ConceptKind::Body) {
                Some(found) => concepts[id.0 as usize].site = Some(*found),
                None => {
                    problems.push(at_concept(file, &concepts[id.0 as usize].name, format!("`{site}` is no body part in lexicon/body.toml")))
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let classes = close(&concepts, &ids, &parents);
        let mut words: Vec<(String, u32)> = terms.into_iter().map(|(term, (id, _))| (term, id)).collect();
        words.sort();
        let known = words.iter().map(|(term, _)| term.as_str().into()).collect();
        let builder = CharwiseDoubleArrayAhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest);
        let terms = builder
            .build_with_values(words)
            .map_err(|error| vec![Problem { file: "lexicon/".into(), line: 1, text: error.to_string() }])?;
        Ok(Self { concepts, ids, classes, terms, words: known })
    }

    pub fn id(&self, name: &str) -> Option<ConceptId> {
        self.ids.get(name).copied()
    }

    pub fn concept(&self, id: ConceptId) -> &Concept {
        &self.concepts[id.0 as usize]
    }

    /// Every term, in order.
    pub fn words(&self) -> &[Box<str>] {
        &self.words
    }

    pub fn len(&self) -> usize {
        self.concepts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.concepts.is_empty()
    }

    /// True when the concept is this one, or belongs to this class, region or kind.
    pub fn is_a(&self, id: ConceptId, name: &str) -> bool {
        self.classes.get(name).is_some_and(|class| class.contains(id))
    }

    /// True when the body part is the region or lies in it.
    pub fn inside(&self, body: ConceptId, region: ConceptId) -> bool {
        body == region || self.is_a(body, &self.concept(region).name)
    }

    /// Members of all the named concepts and classes; the error names the one that is not known.
    pub fn set<S: AsRef<str>>(&self, names: &[S]) -> Result<ConceptSet, String> {
        let mut set = ConceptSet::default();
        for name in names {
            let name = name.as_ref();
            set.extend(self.classes.get(name).ok_or_else(|| format!("`{name}` is neither a concept nor a class of the lexicon"))?);
        }
        Ok(set)
    }

    /// Every term in clean text, leftmost and longest, with its concept. Latin terms only as whole words.
    pub fn find(&self, text: &str) -> impl Iterator<Item = (Span, ConceptId)> {
        let folded = fold(text);
        let found: Vec<(Span, ConceptId)> = self
            .terms
            .leftmost_find_iter(&folded)
            .filter(|found| is_whole_word(&folded, found.start(), found.end()))
            .map(|found| (Span::new(found.start(), found.end()), ConceptId(found.value())))
            .collect();
        found.into_iter()
    }
}

impl std::fmt::Debug for Lexicon {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Lexicon").field("concepts", &self.concepts.len()).finish()
    }
}

/// A mistake in the entry of a concept, which stands at the start of its line.
fn at_concept(file: &DataFile, name: &str, text: String) -> Problem {
    let key = format!("\"{name}\"");
    let line = file
        .text
        .lines()
        .position(|line| line.trim_start().strip_prefix(key.as_str()).is_some_and(|rest| rest.trim_start().starts_with('=')));
    Problem { file: file.path.clone(), line: line.map_or(1, |index| index + 1), text }
}

/// ASCII letters in lower case; offsets stay.
fn fold(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// `k+` inside `ck+` and `hr` inside `24hr` are no terms.
fn is_whole_word(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let latin = |byte: u8| byte.is_ascii_alphabetic();
    let before = start > 0 && latin(bytes[start - 1]) && (latin(bytes[start]) || bytes[start].is_ascii_digit());
    let after = end < bytes.len() && latin(bytes[end]) && latin(bytes[end - 1]);
    !before && !after
}

/// Transitive members of every name that stands as a concept, in `is`, in `part_of`, or as a kind.
fn close(concepts: &[Concept], ids: &FxHashMap<Arc<str>, ConceptId>, parents: &[(ConceptId, String)]) -> FxHashMap<Arc<str>, ConceptSet> {
    let mut up: HashMap<ConceptId, Vec<&str>> = HashMap::new();
    for (id, parent) in parents {
        up.entry(*id).or_default().push(parent);
    }
    let mut classes: FxHashMap<Arc<str>, ConceptSet> = FxHashMap::default();
    for (index, concept) in concepts.iter().enumerate() {
        let id = ConceptId(index as u32);
        let mut open: Vec<&str> = vec![concept.name.as_ref()];
        let mut seen: Vec<&str> = Vec::new();
        while let Some(name) = open.pop() {
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            classes.entry(Arc::from(name)).or_default().insert(id);
            // A kind name ends the climb: it has no entry of its own.
            if let Some(parent) = ids.get(name) {
                open.extend(up.get(parent).into_iter().flatten().filter(|above| index == parent.0 as usize || !is_kind_name(above)));
            }
        }
    }
    classes
}

fn is_kind_name(name: &str) -> bool {
    ConceptKind::ALL.iter().any(|kind| kind.chinese() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon() -> Lexicon {
        Lexicon::load(&DataFolder::embedded()).expect("the shipped lexicon is right")
    }

    #[test]
    fn classes_and_regions_are_closed_over_their_parents() {
        let lexicon = lexicon();
        let id = |name: &str| lexicon.id(name).expect("it is in the lexicon");
        assert!(lexicon.inside(id("基底节区"), id("头部")) && lexicon.inside(id("肺"), id("肺")));
        assert!(!lexicon.inside(id("头部"), id("基底节区")) && !lexicon.inside(id("肾"), id("肺")));
        assert!(lexicon.is_a(id("肺"), "身体部位") && !lexicon.is_a(id("肺"), "症状"));
        assert!(lexicon.set(&["没有的类"]).is_err_and(|text| text.contains("没有的类")));
    }

    #[test]
    fn terms_are_leftmost_longest_whole_words_in_any_case() {
        let lexicon = lexicon();
        let names = |text: &str| -> Vec<String> { lexicon.find(text).map(|(_, id)| lexicon.concept(id).name.to_string()).collect() };
        assert_eq!(names("bmi与BMI"), ["体质指数", "体质指数"]);
        assert!(names("xbmix").is_empty());
        assert_eq!(names("体重减轻"), ["消瘦"]);
    }

    #[test]
    fn mistakes_are_named_with_file_and_line() {
        let folder = |text: &str| {
            let body = DataFile { path: "lexicon/body.toml".into(), text: "kind = \"body\"\n[concept]\n\"肺\" = {}\n".into() };
            DataFolder::of(vec![
                body,
                DataFile { path: "lexicon/sign.toml".into(), text: format!("kind = \"sign\"\n[concept]\n{text}").into() },
            ])
        };
        let problem = |text: &str| Lexicon::load(&folder(text)).expect_err("it is wrong").remove(0);
        let twice = problem("\"啰音\" = { also = [\"罗音\"] }\n\"杂音\" = { also = [\"罗音\"] }");
        assert_eq!((twice.file.as_str(), twice.line), ("lexicon/sign.toml", 4));
        assert!(problem("\"啰音\" = { seat = \"肺\" }").text.contains("seat"));
        let site = problem("\n\"啰音\" = { site = \"啰音\" }");
        assert!(site.line == 4 && site.text.contains("no body part"));
    }
}
