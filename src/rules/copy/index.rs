//! [`CopyIndex`]: passages of earlier visits, by what they say, so that a copy between visits is found without reading them all.
//!
//! Every passage of a [`Topic`] with at least [`LEAST_CHARS`] letters is kept once, however many visits hold it. Of its shingles of 8 letters a
//! MinHash signature of 64 values is made and cut into 16 bands of 4; two passages are compared where they agree in a band, which happens to
//! passages that share 70 % of their shingles in 98.8 % of cases, to those that share 80 % in 99.98 %, to those that share 20 % in 2.5 %. A query looks up
//! 16 keys in sorted lists and compares the few candidates exactly, so its cost grows with the logarithm of the index and with what is really alike.
//!
//! Memory: 128 bytes of band keys and about 20 of bookkeeping a different text, the text itself (3 bytes a Chinese letter), 8 bytes for each
//! visit that holds it, and some 250 a visit: 210 MB for 200,000 different passages of 200 letters, each of a visit of its own.
//! [`CopyIndex::bytes`] says it exactly. The order in which visits are given changes nothing.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::align::{copied_share, runs};
use crate::reading::letters::{Letters, SHINGLE, bare, mix, shingle_hash};
use crate::reading::{Origin, Passage, Reading};
use crate::record::{DiagnosisKind, DocumentKind, Instant, Sex, Visit};
use crate::rules::{Knowledge, facts};

/// Shorter passages are alike without having been copied.
pub const LEAST_CHARS: usize = 80;

const BANDS: usize = 16;
const ROWS: usize = 4;
/// Candidates of one query that are compared exactly: those that agree in the most bands.
const MOST_COMPARED: usize = 64;
/// A department with fewer patients has no text that most of them share.
const LEAST_PATIENTS: usize = 4;

/// What a passage is for; only passages of one topic are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Topic {
    History,
    Exam,
    Features,
    Discussion,
    Differential,
    Plan,
    Round,
}

impl Topic {
    pub fn of(kind: DocumentKind, passage: &Passage) -> Option<Self> {
        Some(match passage.section.as_ref() {
            "现病史" => Topic::History,
            "体格检查" => Topic::Exam,
            "病例特点" => Topic::Features,
            "拟诊讨论" | "诊断依据" => Topic::Discussion,
            "鉴别诊断" => Topic::Differential,
            "诊疗计划" => Topic::Plan,
            _ if kind == DocumentKind::WardRound => Topic::Round,
            _ => return None,
        })
    }

    pub fn chinese(self) -> &'static str {
        match self {
            Topic::History => "现病史",
            Topic::Exam => "体格检查",
            Topic::Features => "病例特点",
            Topic::Discussion => "拟诊讨论",
            Topic::Differential => "鉴别诊断",
            Topic::Plan => "诊疗计划",
            Topic::Round => "查房记录",
        }
    }
}

/// Which disease a stay is for, as far as the visit says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disease {
    /// The category of the code: `J18`.
    code: Option<String>,
    name: Option<String>,
}

impl Disease {
    /// The main diagnosis of admission, else of discharge, else the first line of the text's own list.
    pub fn of(visit: &Visit, reading: &Reading) -> Self {
        let listed = visit.diagnoses.as_deref().unwrap_or(&[]);
        let of_kind = |kind: DiagnosisKind| {
            let mut all = listed.iter().filter(move |diagnosis| diagnosis.kind == Some(kind));
            all.clone().find(|diagnosis| diagnosis.main == Some(true)).or_else(|| all.next())
        };
        let structured = of_kind(DiagnosisKind::Admission).or_else(|| of_kind(DiagnosisKind::Discharge));
        if let Some(diagnosis) = structured {
            let code = diagnosis.icd10.as_deref().and_then(|code| code.trim().get(..3)).map(str::to_ascii_uppercase);
            return Self { code, name: diagnosis.name.as_deref().and_then(bare_name) };
        }
        let is_list = |passage: &&std::sync::Arc<Passage>| matches!(passage.section.as_ref(), "初步诊断" | "入院诊断");
        let passage = reading.documents.iter().flat_map(|document| &document.passages).find(is_list);
        let first = passage.and_then(|passage| passage.text.as_str().split(['\n', ';', '。', ',']).find_map(bare_name));
        Self { code: None, name: first }
    }

    /// Known to be the same: by code where both have one, else by name.
    fn is_same(&self, other: &Self) -> bool {
        match (&self.code, &other.code) {
            (Some(a), Some(b)) => a == b,
            _ => self.name.is_some() && self.name == other.name,
        }
    }
}

/// A diagnosis without number and punctuation.
fn bare_name(text: &str) -> Option<String> {
    let text =
        text.trim_start_matches(|character: char| character.is_ascii_digit() || character.is_whitespace() || ".、)(".contains(character));
    let name: String = bare(text).collect();
    (!name.is_empty()).then_some(name)
}

/// Whose visit a passage stands in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stay {
    pub visit_id: String,
    pub patient_id: Option<String>,
    pub name: Option<String>,
    pub sex: Option<Sex>,
    pub age: Option<f64>,
    pub bed: Option<String>,
    pub department: Option<String>,
    pub disease: Disease,
    pub admitted: Option<Instant>,
    pub discharged: Option<Instant>,
}

impl Stay {
    pub fn of(visit: &Visit, reading: &Reading) -> Self {
        Self {
            visit_id: visit.visit_id.clone(),
            patient_id: visit.patient.patient_id.clone(),
            name: visit.patient.name.clone(),
            sex: visit.patient.sex.filter(|sex| *sex != Sex::Unknown),
            age: facts::age_in_years(visit),
            bed: visit.admission.bed.clone(),
            department: visit.admission.department.clone(),
            disease: Disease::of(visit, reading),
            admitted: visit.admission.admitted_at,
            discharged: visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at),
        }
    }

    /// Known to be somebody else's, and known to be the earlier one.
    pub fn is_earlier_of_another(&self, later: &Stay) -> bool {
        let other = self.patient_id.is_some() && later.patient_id.is_some() && self.patient_id != later.patient_id;
        other && self.visit_id != later.visit_id && self.begins_before(later)
    }

    /// Known to be an earlier stay of the same patient.
    pub fn is_earlier_of_same(&self, later: &Stay) -> bool {
        self.patient_id.is_some() && self.patient_id == later.patient_id && self.visit_id != later.visit_id && self.begins_before(later)
    }

    pub fn is_same_kind(&self, other: &Stay) -> bool {
        self.department.is_some() && self.department == other.department && self.disease.is_same(&other.disease)
    }

    fn begins_before(&self, later: &Stay) -> bool {
        matches!((self.admitted, later.admitted), (Some(a), Some(b)) if a.latest() <= b.latest())
    }

    /// The visit's id for those who may not know whose it is.
    pub fn masked_id(&self) -> String {
        let letters: Vec<char> = self.visit_id.chars().collect();
        let shown = if letters.len() >= 6 { 2 } else { 0 };
        let tail: String = letters[letters.len() - shown..].iter().collect();
        format!("***{tail}")
    }
}

/// What one visit gives to the index.
pub struct Extract {
    stay: Stay,
    /// Topic, title of the document, text.
    passages: Vec<(Topic, String, String)>,
}

impl Extract {
    pub fn of(visit: &Visit, reading: &Reading) -> Self {
        let mut passages = Vec::new();
        for document in &reading.documents {
            for passage in document.passages.iter().filter(|passage| matches!(passage.origin, Origin::Document { .. })) {
                let Some(topic) = Topic::of(document.kind, passage) else { continue };
                let text = passage.text.as_str().trim();
                if bare(text).nth(LEAST_CHARS - 1).is_some() {
                    passages.push((topic, document.title.clone(), text.to_owned()));
                }
            }
        }
        Self { stay: Stay::of(visit, reading), passages }
    }
}

/// A text's place in one visit.
#[derive(Debug, Clone, Copy)]
struct Holder {
    stay: u32,
    title: u32,
}

/// A passage of an earlier visit that is like the one asked for.
#[derive(Debug, Clone, Copy)]
pub struct Match<'i> {
    pub stay: &'i Stay,
    pub title: &'i str,
    pub text: &'i str,
    /// Letters of the asked text that were taken from this one, as a share of the longer text; 1.0 only for equal letters.
    pub share: f64,
}

#[derive(Debug, Default)]
pub struct CopyIndex {
    stays: Vec<Stay>,
    titles: Vec<String>,
    /// All texts, one after the other, in the order of topic and text.
    arena: String,
    ends: Vec<u64>,
    /// The holders of text `i` end at `holder_ends[i]`.
    holder_ends: Vec<u32>,
    holders: Vec<Holder>,
    /// For each band its key and the text, sorted.
    bands: Vec<Vec<(u32, u32)>>,
    /// Sentences that most patients of a department have, as hashes of both, sorted.
    common: Vec<u64>,
}

impl CopyIndex {
    /// Reads visits and indexes them.
    pub fn of(visits: &[Visit], knowledge: &Knowledge) -> Self {
        Self::new(visits.par_iter().map(|visit| Extract::of(visit, &knowledge.reader.read(visit))).collect())
    }

    pub fn new(extracts: Vec<Extract>) -> Self {
        let mut extracts = extracts;
        let key = |extract: &Extract| (extract.stay.visit_id.clone(), extract.stay.patient_id.clone());
        // Two snapshots of one visit are told apart by all that they say.
        extracts.par_sort_by(|a, b| {
            key(a)
                .cmp(&key(b))
                .then_with(|| a.passages.cmp(&b.passages))
                .then_with(|| format!("{:?}", a.stay).cmp(&format!("{:?}", b.stay)))
        });
        let mut titles: Vec<String> =
            extracts.iter().flat_map(|extract| extract.passages.iter().map(|(_, title, _)| title.clone())).collect();
        titles.par_sort();
        titles.dedup();
        let title_of = |title: &String| titles.binary_search(title).unwrap_or(0) as u32;
        let common = common_sentences(&extracts);
        let mut stays = Vec::with_capacity(extracts.len());
        let mut entries: Vec<(Topic, String, Holder)> = Vec::new();
        for extract in extracts {
            let stay = stays.len() as u32;
            stays.push(extract.stay);
            entries
                .extend(extract.passages.into_iter().map(|(topic, title, text)| (topic, text, Holder { stay, title: title_of(&title) })));
        }
        entries.par_sort_by(|a, b| (a.0, &a.1, a.2.stay, a.2.title).cmp(&(b.0, &b.1, b.2.stay, b.2.title)));
        let mut index = Self { stays, titles, common, ..Self::default() };
        let mut topics = Vec::new();
        for (position, (topic, text, holder)) in entries.iter().enumerate() {
            let known = position > 0 && entries[position - 1].0 == *topic && entries[position - 1].1 == *text;
            if !known {
                index.arena.push_str(text);
                index.ends.push(index.arena.len() as u64);
                index.holder_ends.push(index.holders.len() as u32);
                topics.push(*topic);
            }
            index.holders.push(*holder);
            if let Some(end) = index.holder_ends.last_mut() {
                *end = index.holders.len() as u32;
            }
        }
        drop(entries);
        index.arena.shrink_to_fit();
        let keys: Vec<[u32; BANDS]> =
            topics.par_iter().enumerate().map(|(text, topic)| band_keys(*topic, &Letters::of(index.text(text)).chars)).collect();
        let band = |number: usize| {
            let mut band: Vec<(u32, u32)> = keys.iter().enumerate().map(|(text, keys)| (keys[number], text as u32)).collect();
            band.sort_unstable();
            band
        };
        index.bands = (0..BANDS).into_par_iter().map(band).collect();
        index
    }

    /// How many different texts are kept.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::capacity);
        let of_stay = |stay: &Stay| {
            stay.visit_id.capacity()
                + [&stay.patient_id, &stay.name, &stay.bed, &stay.department, &stay.disease.code, &stay.disease.name]
                    .into_iter()
                    .map(text)
                    .sum::<usize>()
        };
        self.stays.capacity() * size_of::<Stay>()
            + self.stays.iter().map(of_stay).sum::<usize>()
            + self.titles.iter().map(|title| title.capacity() + size_of::<String>()).sum::<usize>()
            + self.arena.capacity()
            + self.ends.capacity() * size_of::<u64>()
            + self.holder_ends.capacity() * size_of::<u32>()
            + self.holders.capacity() * size_of::<Holder>()
            + self.bands.iter().map(|band| band.capacity() * size_of::<(u32, u32)>()).sum::<usize>()
            + self.common.capacity() * size_of::<u64>()
    }

    /// Passages of the topic that at least `threshold` of the text was taken from, of stays that are wanted; the most alike first, then by visit.
    pub fn similar(&self, topic: Topic, text: &str, threshold: f64, wanted: impl Fn(&Stay) -> bool) -> Vec<Match<'_>> {
        let letters = Letters::of(text).chars;
        if letters.len() < SHINGLE || self.is_empty() {
            return Vec::new();
        }
        let mut agreeing: HashMap<u32, u32> = HashMap::new();
        for (band, key) in self.bands.iter().zip(band_keys(topic, &letters)) {
            let first = band.partition_point(|(known, _)| *known < key);
            for (_, text) in band[first..].iter().take_while(|(known, _)| *known == key) {
                *agreeing.entry(*text).or_default() += 1;
            }
        }
        let mut candidates: Vec<(u32, u32)> = agreeing
            .into_iter()
            .filter(|(text, _)| self.holders_of(*text as usize).iter().any(|holder| wanted(&self.stays[holder.stay as usize])))
            .collect();
        candidates.sort_unstable_by_key(|(text, bands)| (std::cmp::Reverse(*bands), *text));
        candidates.truncate(MOST_COMPARED);
        let mut matches = Vec::new();
        for (text, _) in candidates {
            let other = self.text(text as usize);
            let share = alike(&letters, &Letters::of(other).chars);
            if share < threshold {
                continue;
            }
            for holder in self.holders_of(text as usize) {
                let stay = &self.stays[holder.stay as usize];
                if wanted(stay) {
                    matches.push(Match { stay, title: &self.titles[holder.title as usize], text: other, share });
                }
            }
        }
        matches.sort_by(|a, b| {
            b.share.total_cmp(&a.share).then_with(|| (&a.stay.visit_id, a.title, a.text).cmp(&(&b.stay.visit_id, b.title, b.text)))
        });
        matches
    }

    /// The text without those sentences that most patients of the department have.
    pub fn own_words(&self, department: &str, text: &str) -> String {
        let common = |sentence: &str| self.common.binary_search(&sentence_hash(department, sentence)).is_ok();
        sentences(text).filter(|sentence| !common(sentence)).collect()
    }

    fn text(&self, text: usize) -> &str {
        let start = if text == 0 { 0 } else { self.ends[text - 1] as usize };
        &self.arena[start..self.ends[text] as usize]
    }

    fn holders_of(&self, text: usize) -> &[Holder] {
        let start = if text == 0 { 0 } else { self.holder_ends[text - 1] as usize };
        &self.holders[start..self.holder_ends[text] as usize]
    }
}

/// Share of `text` that was taken from `other`, by the letters of the longer one.
pub fn likeness(text: &str, other: &str) -> f64 {
    alike(&Letters::of(text).chars, &Letters::of(other).chars)
}

fn alike(letters: &[char], other: &[char]) -> f64 {
    if letters == other {
        return 1.0;
    }
    copied_share(&runs(other, letters), letters.len().max(other.len())).min(0.999)
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['。', ';', '\n']).filter(|sentence| bare(sentence).next().is_some())
}

fn sentence_hash(department: &str, sentence: &str) -> u64 {
    let letters: Vec<char> = department.chars().chain(['\n']).chain(bare(sentence)).collect();
    shingle_hash(&letters)
}

/// The keys of the 16 bands of a text's signature.
fn band_keys(topic: Topic, letters: &[char]) -> [u32; BANDS] {
    let mut least = [u64::MAX; BANDS * ROWS];
    for window in letters.windows(SHINGLE) {
        let hash = shingle_hash(window);
        // Two halves of one good hash make as many independent ones as are needed.
        let (step, mut value) = ((hash >> 32) | 1, hash & 0xffff_ffff);
        for slot in &mut least {
            value = value.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(17);
            if value < *slot {
                *slot = value;
            }
        }
    }
    let mut keys = [0; BANDS];
    for (number, (key, rows)) in keys.iter_mut().zip(least.chunks(ROWS)).enumerate() {
        let seed = mix((number as u64) << 8 | topic as u64);
        *key = rows.iter().fold(seed, |hash, row| mix(hash ^ *row)) as u32;
    }
    keys
}

/// Sentences that more than half of a department's patients have.
fn common_sentences(extracts: &[Extract]) -> Vec<u64> {
    let mut departments: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    // Sentence, department, patient.
    let mut said: Vec<(u64, &str, u32)> = Vec::new();
    for extract in extracts {
        let (Some(department), Some(patient)) = (&extract.stay.department, &extract.stay.patient_id) else { continue };
        departments.entry(department).or_default().insert(patient);
        let next = numbers.len() as u32;
        let patient = *numbers.entry(patient).or_insert(next);
        let of_text = |(_, _, text): &'_ (Topic, String, String)| {
            sentences(text).map(|sentence| sentence_hash(department, sentence)).collect::<Vec<_>>()
        };
        said.extend(extract.passages.iter().flat_map(of_text).map(|hash| (hash, department.as_str(), patient)));
    }
    said.par_sort_unstable();
    said.dedup();
    let is_common = |patients: &[(u64, &str, u32)]| {
        let all = departments.get(patients[0].1).map_or(0, HashSet::len);
        all >= LEAST_PATIENTS && patients.len() * 2 > all
    };
    said.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|patients| is_common(patients)).map(|patients| patients[0].0).collect()
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
