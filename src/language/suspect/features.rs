//! What speaks for and against a correction, as numbers of about the same size.

use super::confusions::{Candidate, Confusions};
use super::known::Known;
use super::ngrams::{Ngrams, ORDER, is_han};

/// How many numbers there are.
pub const FEATURES: usize = 36;

/// A text under the eyes of the n-grams: its symbols, and how expected each is after those before it.
pub struct Line<'a> {
    pub ngrams: &'a Ngrams,
    pub codes: Vec<u16>,
    expected: Vec<f32>,
}

/// Logarithm of a count, unseen being 0.
fn ln(count: u32) -> f32 {
    (1.0 + count as f32).ln()
}

impl<'a> Line<'a> {
    pub fn new(ngrams: &'a Ngrams, codes: Vec<u16>) -> Self {
        let expected = (0..codes.len()).map(|at| expected(ngrams, &codes, at)).collect();
        Self { ngrams, codes, expected }
    }

    /// Writes a correction into the text.
    pub fn replace(&mut self, at: usize, right: &[u16]) {
        self.codes[at..at + right.len()].copy_from_slice(right);
        for place in at..(at + right.len() + ORDER - 1).min(self.codes.len()) {
            self.expected[place] = expected(self.ngrams, &self.codes, place);
        }
    }

    /// How likely the symbol at a place is together with the three behind it, which it influences.
    pub fn likelihood(&self, at: usize) -> f32 {
        self.expected[at..(at + ORDER).min(self.expected.len())].iter().sum()
    }

    /// How much likelier the text becomes with other characters at a place.
    pub fn gain(&self, at: usize, right: &[u16]) -> f32 {
        let (around, from, to) = self.patched(at, right);
        let new: f32 = (at..to).map(|place| expected(self.ngrams, &around, place - from)).sum();
        new - self.expected[at..to].iter().sum::<f32>()
    }

    /// The symbols that matter around a place with other characters there, where they begin, and the first that is not influenced.
    fn patched(&self, at: usize, right: &[u16]) -> (Vec<u16>, usize, usize) {
        let from = at.saturating_sub(2 * ORDER);
        let end = (at + right.len() + 2 * ORDER).min(self.codes.len());
        let mut around = self.codes[from..end].to_vec();
        around[at - from..at - from + right.len()].copy_from_slice(right);
        (around, from, (at + right.len() + ORDER - 1).min(self.codes.len()))
    }

    /// The numbers of a correction; `lead` is by how much it gains more than the next best at its place.
    pub fn features(&self, at: usize, chosen: &[&Candidate], lead: f32, known: &Known, confusions: &Confusions) -> [f32; FEATURES] {
        let right: Vec<u16> = chosen.iter().map(|candidate| candidate.right).collect();
        let length = right.len();
        let (around, from, to) = self.patched(at, &right);
        let old = &self.codes[from..from + around.len()];
        let place = at - from;
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
        let new: Vec<f32> = (at..to).map(|place| expected(self.ngrams, &around, place - from)).collect();
        let was = &self.expected[at..to];
        let gain = new.iter().sum::<f32>() - was.iter().sum::<f32>();
        let (before, behind) = (&self.expected[at.saturating_sub(8)..at], &self.expected[to..(to + 8).min(self.expected.len())]);
        let elsewhere = (before.iter().sum::<f32>() + behind.iter().sum::<f32>()) / (before.len() + behind.len()).max(1) as f32;
        let least = |number: &dyn Fn(&Candidate) -> f32| chosen.iter().map(|candidate| number(candidate)).fold(f32::INFINITY, f32::min);
        let flag = |value: bool| f32::from(u8::from(value));
        let share =
            |candidate: &Candidate| ((candidate.seen as f32 + 0.1) / (confusions.miswritten(candidate.right) as f32 + 2.0)).ln() / 3.0;
        let covers = |codes: &[u16]| known.general(self.ngrams, codes, place, length);
        let terms = |codes: &[u16]| known.longest(codes, place, length);
        let (cover_new, cover_old) = (covers(&around), covers(old));
        let (term_new, term_old) = (terms(&around), terms(old));
        let most = |codes: &[u16], size: usize| {
            let first = (place + length).saturating_sub(size);
            (first..=place)
                .filter(|start| start + size <= codes.len())
                .map(|start| self.ngrams.count(&codes[start..start + size]))
                .max()
                .unwrap_or_default()
        };
        let left = |codes: &[u16]| if place > 0 { ln(self.ngrams.count(&codes[place - 1..=place])) } else { 0.0 };
        let next = |codes: &[u16]| codes.get(place + length - 1..=place + length).map_or(0.0, |two| ln(self.ngrams.count(two)));
        let rarest = |codes: &[u16]| (place..place + length).map(|at| ln(self.ngrams.count(&codes[at..=at]))).fold(f32::INFINITY, f32::min);
        [
            (gain / 5.0).clamp(-2.0, 5.0),
            mean(was) / 5.0,
            mean(&new) / 5.0,
            least(&|candidate| ln(candidate.seen)),
            least(&|candidate| ln(confusions.miswritten(candidate.right))) / 3.0,
            least(&share),
            least(&|candidate| flag(candidate.kinship.same_tone)),
            least(&|candidate| flag(candidate.kinship.same_sound)),
            least(&|candidate| flag(candidate.kinship.near_sound)),
            least(&|candidate| candidate.kinship.shape),
            least(&|candidate| flag(candidate.kinship.shape > 0.0)),
            flag(cover_new >= 2),
            flag(cover_new >= 3),
            flag(cover_new >= 4),
            flag(cover_old >= 2),
            flag(cover_old >= 3),
            flag(cover_old >= 4),
            flag(term_new >= 2),
            flag(term_new >= 3),
            flag(term_old >= 2),
            left(old) / 4.0,
            next(old) / 4.0,
            left(&around) / 4.0,
            next(&around) / 4.0,
            ln(most(&around, 3)) / 3.0,
            ln(most(old, 3)) / 3.0,
            ln(most(&around, 4)) / 3.0,
            ln(most(old, 4)) / 3.0,
            rarest(old) / 6.0,
            rarest(&around) / 6.0,
            (lead / 5.0).clamp(-2.0, 2.0),
            flag(length == 2),
            flag(place > 0 && !is_han(old[place - 1])),
            flag(old.get(place + length).is_some_and(|code| !is_han(*code))),
            elsewhere / 5.0,
            was.iter().copied().fold(f32::INFINITY, f32::min) / 5.0,
        ]
    }
}

/// How expected the symbol at a place is.
fn expected(ngrams: &Ngrams, codes: &[u16], at: usize) -> f32 {
    ngrams.ln_probability(&codes[(at + 1).saturating_sub(ORDER)..=at])
}
