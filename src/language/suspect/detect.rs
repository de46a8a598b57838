//! [`Detector`]: proposes corrections, best first, and looks again at the text with the accepted ones in it.

use std::ops::Range;

use super::super::ModelError;
use super::confusions::{Candidate, Confusions};
use super::features::{FEATURES, Line};
use super::known::Known;
use super::network::Network;
use super::ngrams::{Ngrams, ORDER, fold, is_han};
use super::{Model, Parts, Seen};

/// A place that looks wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
    /// The characters there.
    pub wrong: String,
    /// What may be meant, likeliest first; never empty.
    pub candidates: Vec<Correction>,
}

/// What may be meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    pub right: String,
    /// How sure it is, as log-odds on text with as many typos as the training pairs: higher thresholds for cleaner text.
    pub score: f32,
}

/// A correction under consideration.
#[derive(Debug, Clone)]
pub struct Hypothesis {
    /// The place among the symbols.
    pub at: usize,
    pub right: Vec<u16>,
    pub features: [f32; FEATURES],
    pub score: f32,
}

/// Everything that detection needs, read once and shared.
#[derive(Debug, Clone)]
pub struct Detector {
    ngrams: Ngrams,
    confusions: Confusions,
    known: Known,
    network: Network,
}

/// A four-gram seen so often makes its characters beyond doubt.
const ANCHOR: u32 = 2;
/// Two characters at once only where their own pair is rarer than this.
const RARE_PAIR: u32 = 3;
/// Corrections of one place that are weighed.
const WEIGHED: usize = 4;
/// How often the text is read again with corrections in it.
const ROUNDS: usize = 4;
/// Corrections of one place whose gain is computed.
const COMPUTED: usize = 12;
/// Four symbols that are together likelier than this (as a logarithm) leave nothing to gain.
const LIKELY: f32 = -9.0;
/// A correction that makes the text so much less likely (as a logarithm) is dropped unweighed; the network has not learnt from any.
const LOSS: f32 = -1.0;
/// A known word so long is never doubted.
const VETO: usize = 3;

impl Detector {
    /// Of a model with a network, the table of confusions, and words that are right.
    pub fn new<S: AsRef<str>>(model: &Model, table: &str, known: impl IntoIterator<Item = S>) -> Result<Self, ModelError> {
        Self::of(Ngrams::new(&model.counts), &model.seen, model.network.clone(), table, known)
    }

    /// Of a model's file; the name is for messages.
    pub fn read<S: AsRef<str>>(name: &str, bytes: &[u8], table: &str, known: impl IntoIterator<Item = S>) -> Result<Self, ModelError> {
        let Parts { ngrams, seen, network } = Parts::read(name, bytes)?;
        Self::of(Ngrams::of(&ngrams), &seen, network, table, known)
    }

    fn of<S: AsRef<str>>(
        ngrams: Ngrams,
        seen: &Seen,
        network: Option<Network>,
        table: &str,
        known: impl IntoIterator<Item = S>,
    ) -> Result<Self, ModelError> {
        let network = network.ok_or_else(|| ModelError("the counts come without a network".to_owned()))?;
        Ok(Self { ngrams, confusions: Confusions::new(table, seen)?, known: known.into_iter().collect(), network })
    }

    /// The places where a correction scores above the threshold, in the order of the text.
    pub fn detect(&self, text: &str, threshold: f32) -> Vec<Suspect> {
        let symbols = fold(text);
        let mut line = Line::new(&self.ngrams, symbols.iter().map(|symbol| symbol.code).collect());
        let mut changed: Vec<(usize, usize, Vec<Correction>)> = Vec::new();
        let mut stale = 0..symbols.len();
        let mut open: Vec<Vec<Hypothesis>> = Vec::new();
        for _ in 0..ROUNDS {
            // Only what stands near a change can look different now.
            open.retain(|place| place[0].at < stale.start || place[0].at >= stale.end);
            open.extend(self.hypotheses(&line, stale.clone()));
            let mut ready: Vec<&Vec<Hypothesis>> = open.iter().filter(|place| place[0].score > threshold).collect();
            ready.sort_by(|a, b| b[0].score.total_cmp(&a[0].score).then(a[0].at.cmp(&b[0].at)));
            let mut taken: Vec<Range<usize>> = Vec::new();
            for place in ready {
                let best = &place[0];
                let range = best.at..best.at + best.right.len();
                let touches = |other: &Range<usize>, gap: usize| range.start < other.end + gap && other.start < range.end + gap;
                if taken.iter().any(|other| touches(other, 2)) || changed.iter().any(|(at, length, _)| touches(&(*at..at + length), 0)) {
                    continue;
                }
                taken.push(range);
                let corrections = place.iter().filter(|other| other.right.len() == best.right.len());
                let corrections = corrections.map(|one| Correction { right: spell(&one.right), score: one.score }).collect();
                changed.push((best.at, best.right.len(), corrections));
            }
            let (Some(first), Some(last)) = (taken.iter().map(|range| range.start).min(), taken.iter().map(|range| range.end).max()) else {
                break;
            };
            for (at, _, corrections) in &changed[changed.len() - taken.len()..] {
                let right: Vec<u16> = corrections[0].right.chars().map(super::ngrams::code).collect();
                line.replace(*at, &right);
            }
            stale = first.saturating_sub(2 * ORDER)..(last + 2 * ORDER).min(symbols.len());
        }
        changed.sort_by_key(|(at, ..)| *at);
        let suspects = changed.into_iter().map(|(at, length, candidates)| {
            let span = symbols[at].start..symbols[at + length - 1].end;
            Suspect { wrong: text[span.clone()].to_owned(), span, candidates }
        });
        suspects.collect()
    }

    /// What might be corrected, the best few of each place, best first; what training learns from.
    pub fn hypotheses(&self, line: &Line<'_>, within: Range<usize>) -> Vec<Vec<Hypothesis>> {
        let mut places = Vec::new();
        let mut doubted = false;
        for at in within {
            let before = std::mem::replace(&mut doubted, self.doubts(line, at));
            if !doubted {
                continue;
            }
            let singles = self.rank(line, at, self.singles(line, at));
            if !singles.is_empty() {
                places.push(singles);
            }
            if before && self.breaks(line, at - 1) {
                let pairs = self.rank(line, at - 1, self.pairs(line, at - 1));
                if !pairs.is_empty() {
                    places.push(pairs);
                }
            }
        }
        places
    }

    /// Whether the character may be doubted at all.
    fn doubts(&self, line: &Line<'_>, at: usize) -> bool {
        if !is_han(line.codes[at]) {
            return false;
        }
        let four = (at + 1).saturating_sub(ORDER)..=at;
        let anchored =
            four.into_iter().filter_map(|start| line.codes.get(start..start + ORDER)).any(|four| line.ngrams.count(four) >= ANCHOR);
        !anchored && line.likelihood(at) < LIKELY && self.known.longest(&line.codes, at, 1) < VETO
    }

    /// Whether two characters belong to no word, neither together nor with others.
    fn breaks(&self, line: &Line<'_>, at: usize) -> bool {
        line.ngrams.count(&line.codes[at..at + 2]) < RARE_PAIR
            && (at..at + 2).all(|at| self.known.general(line.ngrams, &line.codes, at, 1) == 0)
    }

    /// Other characters for one place that stand with a neighbour somewhere.
    fn singles(&self, line: &Line<'_>, at: usize) -> Vec<Vec<&Candidate>> {
        let ln = |count: u32| (1.0 + count as f32).ln();
        let mut fitting = Vec::new();
        for candidate in self.confusions.of(line.codes[at]) {
            let left = if at > 0 { line.ngrams.count(&[line.codes[at - 1], candidate.right]) } else { 0 };
            let next = line.codes.get(at + 1).map_or(0, |next| line.ngrams.count(&[candidate.right, *next]));
            if left + next > 0 {
                let common = ln(line.ngrams.count(&[candidate.right]));
                fitting.push((ln(left) + ln(next) - 0.5 * common + closeness(candidate), vec![candidate]));
            }
        }
        most_promising(fitting)
    }

    /// Other characters for two places that make a word together.
    fn pairs(&self, line: &Line<'_>, at: usize) -> Vec<Vec<&Candidate>> {
        let mut pairs = Vec::new();
        let seen = |candidate: &&Candidate| line.ngrams.count(&[candidate.right]) > 0;
        let seconds: Vec<&Candidate> = self.confusions.of(line.codes[at + 1]).iter().filter(seen).collect();
        for first in self.confusions.of(line.codes[at]).iter().filter(seen) {
            for second in &seconds {
                let two = [first.right, second.right];
                let (count, word) = line.ngrams.pair(&two);
                if word || count >= RARE_PAIR {
                    pairs.push(((1.0 + count as f32).ln() + closeness(first) + closeness(second), vec![first, *second]));
                }
            }
        }
        most_promising(pairs)
    }

    /// The best few, weighed.
    fn rank(&self, line: &Line<'_>, at: usize, choices: Vec<Vec<&Candidate>>) -> Vec<Hypothesis> {
        let mut rough: Vec<(f32, Vec<&Candidate>)> = choices
            .into_iter()
            .map(|choice| {
                let right: Vec<u16> = choice.iter().map(|candidate| candidate.right).collect();
                let closeness: f32 = choice.iter().map(|candidate| closeness(candidate)).sum();
                (line.gain(at, &right) + closeness, choice)
            })
            .collect();
        rough.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.iter().map(|c| c.right).cmp(b.1.iter().map(|c| c.right))));
        rough.truncate(WEIGHED);
        let mut weighed: Vec<Hypothesis> = (0..rough.len())
            .map(|index| {
                let rival = if index == 0 { rough.get(1).map_or(-10.0, |next| next.0) } else { rough[0].0 };
                let features = line.features(at, &rough[index].1, rough[index].0 - rival, &self.known, &self.confusions);
                let right = rough[index].1.iter().map(|candidate| candidate.right).collect();
                Hypothesis { at, right, features, score: self.network.score(&features) }
            })
            .collect();
        weighed.retain(|one| one.features[0] > LOSS / 5.0);
        weighed.sort_by(|a, b| b.score.total_cmp(&a.score));
        weighed
    }

    /// A line to look at, for training.
    pub fn line(&self, codes: Vec<u16>) -> Line<'_> {
        Line::new(&self.ngrams, codes)
    }
}

/// A rough guess at how likely a mix-up is, to choose what is weighed.
fn closeness(candidate: &Candidate) -> f32 {
    let kinship = &candidate.kinship;
    let sound = if kinship.same_tone {
        1.5
    } else if kinship.same_sound {
        1.0
    } else if kinship.near_sound {
        0.3
    } else {
        0.0
    };
    sound + kinship.shape + (1.0 + candidate.seen as f32).ln() - 3.0
}

/// The best of what was roughly weighed.
fn most_promising(mut choices: Vec<(f32, Vec<&Candidate>)>) -> Vec<Vec<&Candidate>> {
    choices.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.iter().map(|c| c.right).cmp(b.1.iter().map(|c| c.right))));
    choices.into_iter().take(COMPUTED).map(|(_, choice)| choice).collect()
}

fn spell(codes: &[u16]) -> String {
    codes.iter().filter_map(|code| char::from_u32(u32::from(*code))).collect()
}
