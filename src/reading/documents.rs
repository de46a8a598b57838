//! [`DocumentTable`]: titles → kinds of document, groups of kinds, headings → section names; from `rules/documents.toml`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};
use serde::Deserialize;

use super::text::CleanText;
use crate::data::DataFile;
use crate::problem::Problem;
use crate::record::DocumentKind;

/// Sections by their number in the table; 0, which is no section of the table, only where all are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SectionSet([u64; 4]);

impl SectionSet {
    /// How many numbers there may be.
    const MOST: usize = 256;
    pub const ALL: Self = Self([u64::MAX; 4]);

    pub fn add(&mut self, section: u8) {
        self.0[section as usize / 64] |= 1 << (section % 64);
    }

    /// Whether some section is in both.
    pub fn overlaps(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(own, other)| own & other != 0)
    }

    pub fn contains(self, section: u8) -> bool {
        self.0[section as usize / 64] & (1 << (section % 64)) != 0
    }
}

/// The compiled table.
pub struct DocumentTable {
    titles: CharwiseDoubleArrayAhoCorasick<u32>,
    title_kinds: Vec<(DocumentKind, usize)>,
    groups: BTreeMap<String, Vec<DocumentKind>>,
    /// Canonical names, each with its number.
    sections: HashMap<String, (Arc<str>, u8)>,
    headings: CharwiseDoubleArrayAhoCorasick<u32>,
    heading_sections: Vec<Arc<str>>,
    /// Headings of stored sections only.
    stored: HashMap<String, Arc<str>>,
    /// What may stand inside a section.
    holds: HashMap<Arc<str>, Vec<String>>,
    /// Headings that in a section are a part of it.
    takes_in: HashMap<Arc<str>, Vec<String>>,
    /// Sections that stand for two others.
    both: HashMap<Arc<str>, [Arc<str>; 2]>,
    only_flat: HashSet<Arc<str>>,
    closed: HashSet<Arc<str>>,
    one_line: HashSet<Arc<str>>,
    label: HashSet<Arc<str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    kind: Vec<KindEntry>,
    group: BTreeMap<String, Vec<DocumentKind>>,
    section: Vec<SectionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindEntry {
    kind: DocumentKind,
    titles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SectionEntry {
    name: String,
    headings: Vec<String>,
    #[serde(default)]
    stored: Vec<String>,
    #[serde(default)]
    holds: Vec<String>,
    #[serde(default)]
    takes_in: Vec<String>,
    #[serde(default)]
    both: Option<[String; 2]>,
    #[serde(default)]
    only_flat: bool,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    one_line: bool,
    #[serde(default)]
    label: bool,
}

impl DocumentTable {
    pub fn parse(file: &DataFile) -> Result<Self, Problem> {
        let table: TableFile = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        let mut titles: Vec<(String, u32)> = Vec::new();
        let mut title_kinds = Vec::new();
        for entry in &table.kind {
            for title in &entry.titles {
                let clean = squeeze(title);
                if titles.iter().any(|(known, _)| *known == clean) {
                    return Err(Problem::at_text(file, title, format!("title `{title}` is listed twice")));
                }
                titles.push((clean.clone(), title_kinds.len() as u32));
                title_kinds.push((entry.kind, clean.len()));
            }
        }
        let mut sections: HashMap<String, (Arc<str>, u8)> = HashMap::new();
        let mut headings: Vec<(String, u32)> = Vec::new();
        let mut heading_sections: Vec<Arc<str>> = Vec::new();
        let mut stored = HashMap::new();
        for entry in &table.section {
            let name: Arc<str> = Arc::from(entry.name.as_str());
            let number = u8::try_from(sections.len() + 1)
                .map_err(|_| Problem::at_text(file, &entry.name, format!("there are more than {} sections", SectionSet::MOST - 1)))?;
            sections.entry(entry.name.clone()).or_insert((name.clone(), number));
            for heading in &entry.headings {
                let clean = squeeze(heading);
                if headings.iter().any(|(known, _)| *known == clean) {
                    return Err(Problem::at_text(file, heading, format!("heading `{heading}` is listed twice")));
                }
                headings.extend(spaced(&clean).map(|spaced| (spaced, heading_sections.len() as u32)));
                headings.push((clean, heading_sections.len() as u32));
                heading_sections.push(name.clone());
            }
            stored.extend(entry.stored.iter().map(|heading| (squeeze(heading), name.clone())));
        }
        let named = |is: fn(&SectionEntry) -> bool| -> HashSet<Arc<str>> {
            table.section.iter().filter(|entry| is(entry)).map(|entry| Arc::from(entry.name.as_str())).collect()
        };
        let label = named(|entry| entry.label);
        let (only_flat, closed, one_line) = (named(|entry| entry.only_flat), named(|entry| entry.closed), named(|entry| entry.one_line));
        let (mut holds, mut takes_in, mut both) = (HashMap::new(), HashMap::new(), HashMap::new());
        for entry in table.section {
            let mut named = entry.holds.iter().chain(&entry.takes_in).chain(entry.both.iter().flatten());
            if let Some(unknown) = named.find(|name| !sections.contains_key(*name)) {
                return Err(Problem::at_text(
                    file,
                    &format!("name = \"{}\"", entry.name),
                    format!("`{}` holds the unknown section `{unknown}`", entry.name),
                ));
            }
            let name: Arc<str> = Arc::from(entry.name);
            holds.insert(name.clone(), entry.holds);
            both.extend(entry.both.map(|names| (name.clone(), names.map(Arc::from))));
            takes_in.insert(name, entry.takes_in);
        }
        let build = |words: Vec<(String, u32)>| {
            let builder = CharwiseDoubleArrayAhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest);
            builder.build_with_values(words).map_err(|error| Problem::at_text(file, "", error.to_string()))
        };
        Ok(Self {
            titles: build(titles)?,
            title_kinds,
            groups: table.group,
            sections,
            headings: build(headings)?,
            heading_sections,
            stored,
            holds,
            takes_in,
            both,
            only_flat,
            closed,
            one_line,
            label,
        })
    }

    /// The kind that a printed title means: the longest known title inside it, so that dates, departments and names around it don't matter.
    pub fn kind_of_title(&self, title: &str) -> Option<DocumentKind> {
        let clean = squeeze(title);
        let longest = |text: &str| {
            let found = self.titles.leftmost_find_iter(text).map(|found| self.title_kinds[found.value() as usize]);
            found.max_by_key(|(_, length)| *length).map(|(kind, _)| kind)
        };
        // 会诊(申请)单: the brackets only set off a part of the title.
        longest(&clean).or_else(|| clean.contains('(').then(|| longest(&clean.replace(['(', ')'], "")))?)
    }

    /// The longest known title in a line that has no white space, the last of several, and where it stands.
    pub fn title_in(&self, squeezed: &str) -> Option<(DocumentKind, std::ops::Range<usize>)> {
        let found =
            self.titles.leftmost_find_iter(squeezed).map(|found| (self.title_kinds[found.value() as usize], found.start()..found.end()));
        found.max_by_key(|((_, length), _)| *length).map(|((kind, _), range)| (kind, range))
    }

    /// The kinds behind a kind's Chinese name or a group's name.
    pub fn kinds_named(&self, name: &str) -> Option<Vec<DocumentKind>> {
        if let Some(kinds) = self.groups.get(name) {
            return Some(kinds.clone());
        }
        if name == DocumentKind::Other.chinese() {
            return Some(vec![DocumentKind::Other]);
        }
        self.title_kinds.iter().map(|(kind, _)| *kind).find(|kind| kind.chinese() == name).map(|kind| vec![kind])
    }

    /// A canonical section name as rules write it.
    pub fn section_named(&self, name: &str) -> Option<Arc<str>> {
        self.sections.get(name).map(|(name, _)| name.clone())
    }

    /// A number of its own for every canonical section name; 0 for what is none.
    pub fn section_number(&self, name: &str) -> u8 {
        self.sections.get(name).map_or(0, |(_, number)| *number)
    }

    /// The canonical name of a stored section's heading: `入院时主要症状及体征：` → 入院情况.
    pub fn section_of_heading(&self, heading: &str) -> Option<Arc<str>> {
        let clean = squeeze(heading);
        let whole = |bare: &str| {
            let first = self.headings.leftmost_find_iter(bare).next();
            let first = first.filter(|first| first.start() == 0 && first.end() == bare.len());
            first.map(|first| self.heading_sections[first.value() as usize].clone()).or_else(|| self.stored.get(bare).cloned())
        };
        let bare = unframed(&clean);
        // 现病史及目前用药, 专科检查(心脏): what comes first.
        let first = || bare.split_once(['及', '与', '和', '、', '/', '(']).and_then(|(first, _)| whole(first));
        whole(bare).or_else(first)
    }

    /// The heading of a section that the table does not know, without number and brackets.
    pub fn unknown_heading(&self, section: &str) -> Option<String> {
        let is_unknown = !section.is_empty() && !self.sections.contains_key(section);
        is_unknown.then(|| unframed(&squeeze(section)).to_owned())
    }

    /// True when a section of this name may stand inside the other.
    pub fn may_hold(&self, outer: &str, inner: &str) -> bool {
        self.holds.get(outer).is_some_and(|names| names.iter().any(|name| name == inner))
    }

    /// True when the section's headings are common words, which are headings only in the flat text of a whole document.
    pub fn is_only_flat(&self, section: &str) -> bool {
        self.only_flat.contains(section)
    }

    /// True when a heading of the second section is, below the first, a part of it.
    pub fn takes_in(&self, outer: &str, inner: &str) -> bool {
        self.takes_in.get(outer).is_some_and(|names| names.iter().any(|name| name == inner))
    }

    /// The two sections that this one stands for.
    pub fn both(&self, section: &str) -> Option<&[Arc<str>; 2]> {
        self.both.get(section)
    }

    /// True when common words are no headings after this section's own.
    pub fn is_closed(&self, section: &str) -> bool {
        self.closed.contains(section)
    }

    /// True when what is written on the line of the heading is the whole section.
    pub fn is_one_line(&self, section: &str) -> bool {
        self.one_line.contains(section)
    }

    /// True when the heading says something itself and stays in the section's text.
    pub fn is_label(&self, section: &str) -> bool {
        self.label.contains(section)
    }

    /// Known headings in clean text, wherever they stand: start, end, section.
    pub fn headings<'t>(&'t self, text: &'t str) -> impl Iterator<Item = (usize, usize, &'t Arc<str>)> {
        self.headings.leftmost_find_iter(text).map(|found| (found.start(), found.end(), &self.heading_sections[found.value() as usize]))
    }
}

/// A heading without brackets, colon and number: 【主诉】, (一)主诉, 三、主诉.
fn unframed(heading: &str) -> &str {
    let is_frame =
        |character: char| matches!(character, ':' | '[' | ']' | '【' | '】' | '〔' | '〕' | '《' | '》' | '「' | '」' | '.' | '、');
    let bare = heading.trim_matches(|character: char| is_frame(character) || character.is_ascii_digit());
    unnumbered(bare).map_or(bare, |rest| rest.trim_matches(is_frame))
}

/// What follows 三、 or (三); `None` where the heading has no such number.
fn unnumbered(heading: &str) -> Option<&str> {
    let rest = heading.strip_prefix('(').unwrap_or(heading);
    let bare = rest.trim_start_matches(|character: char| character.is_ascii_digit() || "一二三四五六七八九十".contains(character));
    let numbered = bare.len() < rest.len();
    numbered.then(|| bare.strip_prefix(['、', '.', ')'])).flatten()
}

/// A short heading stretched to the width of the others: 主 诉, 现  病  史.
fn spaced(heading: &str) -> impl Iterator<Item = String> {
    let widest = match heading.chars().count() {
        2 => 8,
        3 | 4 => 3,
        _ => 0,
    };
    (1..=widest).map(|width| {
        let gap = " ".repeat(width);
        let characters: Vec<String> = heading.chars().map(String::from).collect();
        characters.join(&gap)
    })
}

impl std::fmt::Debug for DocumentTable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DocumentTable")
            .field("titles", &self.title_kinds.len())
            .field("headings", &self.heading_sections.len())
            .finish()
    }
}

/// Normalised text without white space.
fn squeeze(text: &str) -> String {
    CleanText::new(text).as_str().split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;

    fn table() -> DocumentTable {
        DocumentTable::parse(DataFolder::embedded().file("documents.toml").expect("it ships")).expect("and is right")
    }

    #[test]
    fn titles_are_found_inside_what_hospitals_print() {
        let table = table();
        assert_eq!(table.kind_of_title("2026-03-02 09:10 王某某主任医师查房记录"), Some(DocumentKind::WardRound));
        assert_eq!(table.kind_of_title("术后首次病程记录"), Some(DocumentKind::PostopCourse));
        assert_eq!(table.kind_of_title("神经内科 首 次 病 程 记 录"), Some(DocumentKind::FirstCourse));
        assert_eq!(table.kind_of_title("病危（重）通知书"), Some(DocumentKind::CriticalNotice));
        assert_eq!(table.kind_of_title("手术（安全）核查表"), Some(DocumentKind::SafetyChecklist));
        assert_eq!(table.kind_of_title("营养餐单"), None);
    }

    #[test]
    fn every_kind_has_its_own_name_among_the_titles() {
        let table = table();
        for (kind, _) in &table.title_kinds {
            assert_eq!(table.kinds_named(kind.chinese()).map(|kinds| kinds.contains(kind)), Some(true), "{}", kind.chinese());
        }
    }

    #[test]
    fn headings_are_canonical() {
        let table = table();
        assert_eq!(table.section_of_heading("现 病 史：").as_deref(), Some("现病史"));
        assert_eq!(table.section_of_heading("三、既往史").as_deref(), Some("既往史"));
        assert_eq!(table.section_of_heading("（二）现病史：").as_deref(), Some("现病史"));
        assert_eq!(table.section_of_heading("一般情况").as_deref(), Some("一般情况"));
        assert_eq!(table.section_of_heading("【出院带药】").as_deref(), Some("出院医嘱"));
        assert_eq!(table.section_of_heading("无药物过敏史"), None);
        assert_eq!(table.section_of_heading("现病史及目前用药").as_deref(), Some("现病史"));
        assert_eq!(table.section_of_heading("专科检查（心脏）").as_deref(), Some("专科情况"));
        // Common words: of stored sections only.
        assert_eq!(table.section_of_heading("出院时").as_deref(), Some("出院情况"));
        assert!(table.headings("出院时:无发热。").next().is_none());
    }

    #[test]
    fn a_heading_that_the_table_does_not_know_is_kept_bare() {
        let table = table();
        assert_eq!(table.section_of_heading("（二）发病经过："), None);
        assert_eq!(table.unknown_heading("（二）发病经过：").as_deref(), Some("发病经过"));
        assert_eq!(table.unknown_heading("【诊断结果】").as_deref(), Some("诊断结果"));
        assert_eq!(table.unknown_heading("现病史"), None);
        assert_eq!(table.unknown_heading(""), None);
    }
}
