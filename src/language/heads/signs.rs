//! What the reading layer knows of a passage and of the text it is read with, as numbers: findings said and denied, the order of times, and, by
//! `rules/knowledge/manifestations.toml`, which of the diagnoses explains what the patient came with. The encoder sees none of this well.

use std::collections::BTreeSet;

use crate::reading::lexicon::ConceptKind;
use crate::reading::text::Span;
use crate::reading::{Assertion, ConceptId, Experiencer, Mention, Passage, TimeExpression, TimeValue};
use crate::record::Side;
use crate::rules::tables::{HomeDrug, Tables};
use crate::rules::{Evidence, Knowledge, Role};

/// How many numbers.
pub const SIGNS: usize = 37;

/// One side of a candidate, gathered from its pieces.
#[derive(Default)]
struct Said {
    present: BTreeSet<ConceptId>,
    absent: BTreeSet<ConceptId>,
    /// Whatever is spoken of, in whatever way.
    all: BTreeSet<ConceptId>,
    /// Of these what is not denied.
    told: BTreeSet<ConceptId>,
    sites: BTreeSet<ConceptId>,
    sides: BTreeSet<(ConceptId, u8)>,
    /// Diseases of the patient, in order.
    diseases: Vec<ConceptId>,
    drugs: BTreeSet<ConceptId>,
    acts: usize,
    acts_denied: usize,
    tests: usize,
    planned: usize,
    mentions: usize,
    measures: usize,
    times: usize,
    /// Share of steps from one time to the next that lead back.
    back: f32,
    text: String,
}

/// The signs of one candidate, by where it stands.
pub fn signs(evidence: &[Evidence], knowledge: &Knowledge) -> [f32; SIGNS] {
    let said = |role: Role| {
        let mut said = Said::default();
        for piece in evidence.iter().filter(|piece| piece.role == role) {
            said.add(&piece.passage, piece.span, knowledge);
        }
        said
    };
    let (this, other) = (said(Role::This), said(Role::Against));
    let tables = &knowledge.tables;
    let explained = |diseases: &[ConceptId], other: &Said| -> Vec<f32> {
        diseases.iter().map(|disease| explains(tables, *disease, other) as f32).collect()
    };
    let (here, there) = (explained(&this.diseases, &other), explained(&other.diseases, &this));
    let first = |explained: &[f32]| explained.first().copied().unwrap_or(0.0);
    let later = |explained: &[f32]| explained.iter().skip(1).copied().fold(0.0, f32::max);
    let least = |explained: &[f32]| explained.iter().copied().fold(4.0, f32::min);
    let denied = |diseases: &[ConceptId], other: &Said| {
        let known = diseases.first().and_then(|disease| tables.manifestations_of(*disease));
        known.map_or(0, |known| other.absent.iter().filter(|concept| known.contains(**concept)).count()) as f32
    };
    let (these, those): (BTreeSet<_>, BTreeSet<_>) = (this.diseases.iter().copied().collect(), other.diseases.iter().copied().collect());
    let sides = |side: &(ConceptId, u8)| other.sides.contains(&(side.0, 1 - side.1)) && !other.sides.contains(side);
    let (items_here, items_there) = (in_other(&this.text, &other.text), in_other(&other.text, &this.text));
    let count = |number: usize| (number as f32).ln_1p();
    [
        count(this.present.len()),
        count(this.absent.len()),
        count(this.diseases.len()),
        count(this.drugs.len() + this.acts),
        count(this.tests),
        count(this.measures),
        this.planned as f32 / this.mentions.max(1) as f32,
        count(this.times),
        this.back,
        share(&other.present, |concept| this.all.contains(concept)),
        share(&other.present, |concept| this.absent.contains(concept) && !this.present.contains(concept)),
        share(&other.absent, |concept| this.present.contains(concept)),
        share(&this.present, |concept| other.all.contains(concept)),
        share(&this.present, |concept| other.absent.contains(concept) && !other.present.contains(concept)),
        count(this.sides.iter().filter(|side| sides(side)).count()),
        share(&this.sites, |site| other.sites.contains(site)),
        share(&other.sites, |site| this.sites.contains(site)),
        first(&here).min(4.0),
        later(&here).min(4.0),
        (later(&here) - first(&here)).clamp(-3.0, 3.0),
        least(&here),
        denied(&this.diseases, &other),
        first(&there).min(4.0),
        (later(&there) - first(&there)).clamp(-3.0, 3.0),
        least(&there),
        denied(&other.diseases, &this),
        share(&these, |disease| those.contains(disease)),
        share(&those, |disease| these.contains(disease)),
        f32::from(u8::from(this.diseases.first().is_some_and(|disease| other.diseases.first() == Some(disease)))),
        count(without_reason(tables, &other.drugs, &this)),
        count(other.present.len() + other.absent.len()),
        count(other.acts),
        count(other.acts_denied),
        items_here.0,
        items_here.1 - items_here.0,
        items_there.0,
        items_there.1 - items_there.0,
    ]
}

impl Said {
    fn add(&mut self, passage: &Passage, span: Span, knowledge: &Knowledge) {
        let lexicon = knowledge.lexicon();
        let within = |one: &Span| span.contains(*one);
        for mention in passage.mentions.iter().filter(|mention| within(&mention.span)) {
            self.mentions += 1;
            self.planned += usize::from(matches!(mention.assertion, Assertion::Planned | Assertion::Conditional));
            if mention.experiencer == Experiencer::Patient {
                self.add_mention(mention, lexicon.concept(mention.concept).kind);
            }
        }
        self.measures += passage.measures.iter().filter(|measure| within(&measure.span)).count();
        let times: Vec<f64> = passage.times.iter().filter(|time| within(&time.span)).filter_map(days_before).collect();
        self.times += times.len();
        let steps = times.len().saturating_sub(1);
        if steps > 0 {
            let back = times.windows(2).filter(|pair| pair[1] > pair[0] * 1.02 + 0.01).count();
            self.back = self.back.max(back as f32 / steps as f32);
        }
        self.text.push_str(passage.text.slice(span));
    }

    fn add_mention(&mut self, mention: &Mention, kind: ConceptKind) {
        let concept = mention.concept;
        self.all.insert(concept);
        if mention.assertion != Assertion::Absent {
            self.told.insert(concept);
        }
        match kind {
            ConceptKind::Body => {
                self.sites.insert(concept);
            }
            ConceptKind::Disease => {
                let told = !matches!(mention.assertion, Assertion::Absent | Assertion::Conditional);
                if told && !self.diseases.contains(&concept) {
                    self.diseases.push(concept);
                }
            }
            ConceptKind::Drug => {
                self.drugs.insert(concept);
            }
            ConceptKind::Procedure if mention.assertion == Assertion::Absent => self.acts_denied += 1,
            ConceptKind::Procedure => self.acts += 1,
            ConceptKind::Lab | ConceptKind::Exam | ConceptKind::Vital => self.tests += 1,
            _ => {}
        }
        if kind.is_finding() {
            match mention.assertion {
                Assertion::Absent => self.absent.insert(concept),
                Assertion::Present | Assertion::Uncertain | Assertion::Past => self.present.insert(concept),
                Assertion::Planned | Assertion::Conditional => false,
            };
        }
        self.sites.extend(mention.site);
        let side = match mention.side {
            Some(Side::Left) => Some(0),
            Some(Side::Right) => Some(1),
            _ => None,
        };
        self.sides.extend(side.map(|side| (mention.site.unwrap_or(concept), side)));
    }
}

/// How long before now, in days, with dates on an axis of their own year; `None` for what has no place in an order.
fn days_before(time: &TimeExpression) -> Option<f64> {
    const MINUTES: f64 = 1440.0;
    match time.value {
        TimeValue::Ago { length, .. } => Some((length.min_minutes + length.max_minutes) / 2.0 / MINUTES),
        TimeValue::RelativeDay { days } => Some(f64::from(-days)),
        TimeValue::Date(date) => {
            let year = date.year.map_or(0.0, |year| (2100.0 - f64::from(year)) * 365.0);
            Some(year + 400.0 - f64::from(date.month?) * 30.5 - f64::from(date.day.unwrap_or(15)))
        }
        TimeValue::Duration(_) | TimeValue::DayOf { .. } | TimeValue::Clock { .. } => None,
    }
}

fn share(of: &BTreeSet<ConceptId>, wanted: impl Fn(&ConceptId) -> bool) -> f32 {
    if of.is_empty() { 0.0 } else { of.iter().filter(|concept| wanted(concept)).count() as f32 / of.len() as f32 }
}

/// How much of what the other text says the disease may explain; the disease itself counts like two findings.
fn explains(tables: &Tables, disease: ConceptId, other: &Said) -> usize {
    let named = if other.diseases.contains(&disease) { 2 } else { 0 };
    let Some(known) = tables.manifestations_of(disease) else { return named };
    named + other.all.union(&other.sites).filter(|concept| known.contains(**concept) && !other.absent.contains(concept)).count()
}

/// How much of the first item of a list the other text says in the same words, and how much of the best later one: shares of pairs of letters.
fn in_other(list: &str, other: &str) -> (f32, f32) {
    let letters: Vec<char> = other.chars().collect();
    let pairs: BTreeSet<(char, char)> = letters.windows(2).map(|pair| (pair[0], pair[1])).collect();
    let said = |item: &str| {
        let letters: Vec<char> = item.chars().filter(|letter| letter.is_alphabetic()).collect();
        let found = letters.windows(2).filter(|pair| pairs.contains(&(pair[0], pair[1]))).count();
        found as f32 / letters.len().saturating_sub(1).max(1) as f32
    };
    let is_end = |letter: char| letter.is_ascii_digit() || matches!(letter, '\n' | ';' | ',' | '、' | ' ') || ('①'..='⑳').contains(&letter);
    let mut items = list.split(is_end).filter(|item| item.chars().filter(|letter| letter.is_alphabetic()).count() > 1).map(said);
    (items.next().unwrap_or(0.0), items.fold(0.0, f32::max))
}

/// Drugs taken for years for which the text names no reason.
fn without_reason(tables: &Tables, drugs: &BTreeSet<ConceptId>, text: &Said) -> usize {
    let reasons = |home: &HomeDrug| {
        text.told.iter().any(|concept| home.reasons.contains(*concept)) || home.words.iter().any(|word| text.text.contains(word.as_str()))
    };
    let unexplained = |drug: &&ConceptId| {
        let mut known = tables.home_drugs.iter().filter(|home| home.drugs.contains(**drug)).peekable();
        known.peek().is_some() && !known.any(reasons)
    };
    drugs.iter().filter(unexplained).count()
}
