//! What ships: counts of everything that may be counted, and a network that has only seen texts whose n-grams were left out.

use super::confusions::Seen;
use super::network::{Example, Network};
use super::ngrams::{Counts, code, fold, is_han};
use super::{Detector, Model, ModelError};

/// What the model is made from; `models/training/suspect` lays it out.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// A dictionary: words and how frequent they are.
    pub words: Vec<(String, f32)>,
    /// Words of the lexicon, which are right.
    pub terms: Vec<String>,
    /// Text that is only counted.
    pub ground: Vec<String>,
    /// Wrong and right.
    pub pairs: Vec<(String, String)>,
    /// Records without wrong characters, and records that may have some.
    pub clean: Vec<String>,
    pub other: Vec<String>,
}

/// Examples of a text are made by a model that has not counted the quarter in which the text stands.
const FOLDS: usize = 4;
const SEED: u64 = 7;
const EPOCHS: usize = 25;

/// Counts, mix-ups and network.
pub fn fit(texts: &Texts, table: &str) -> Result<Model, ModelError> {
    let ground = ground(texts);
    let mut examples = Vec::new();
    let mut random = fastrand::Rng::with_seed(SEED);
    let mixed: Vec<(u16, u16)> = texts.pairs.iter().flat_map(|(wrong, right)| mix_ups(wrong, right)).collect();
    for fold in 0..FOLDS {
        let mut part = counted(&ground, texts, Some(fold));
        // Only proposes; nothing is weighed yet.
        part.network = Some(Network::fit(&[], 0, 1));
        let detector = Detector::new(&part, table, &texts.terms)?;
        for (_, (wrong, right)) in texts.pairs.iter().enumerate().filter(|(index, _)| fold_of(*index, texts.pairs.len()) == fold) {
            let (wrong, right) = (codes(wrong), codes(right));
            if wrong.len() != right.len() {
                continue;
            }
            learn(&detector, wrong.clone(), &right, &mut examples);
            // As later rounds see it: the others are corrected already.
            let places: Vec<usize> = (0..wrong.len()).filter(|at| wrong[*at] != right[*at]).collect();
            if places.len() > 1 {
                let mut mended = right.clone();
                let kept = places[random.usize(..places.len())];
                mended[kept] = wrong[kept];
                learn(&detector, mended, &right, &mut examples);
            }
        }
        for (_, text) in texts.clean.iter().enumerate().filter(|(index, _)| fold_of(*index, texts.clean.len()) == fold) {
            for sentence in text.split_inclusive(['。', '\n']) {
                let right = codes(sentence);
                learn(&detector, right.clone(), &right, &mut examples);
                if random.u8(..4) == 0
                    && let Some(wrong) = miswrite(&right, &mixed, &mut random)
                {
                    learn(&detector, wrong, &right, &mut examples);
                }
            }
        }
    }
    let mut model = counted(&ground, texts, None);
    model.network = Some(Network::fit(&examples, EPOCHS, 3));
    Ok(model)
}

/// The common ground of all folds.
fn ground(texts: &Texts) -> Counts {
    let mut counts = Counts::default();
    texts.words.iter().for_each(|(word, frequency)| counts.add_word(word, 1 + (frequency.max(1.0).log2() / 2.0) as u32));
    texts.terms.iter().for_each(|term| counts.add_word(term, 2));
    texts.ground.iter().for_each(|text| counts.add(text));
    counts
}

fn fold_of(index: usize, all: usize) -> usize {
    index * FOLDS / all
}

/// Everything counted, or everything without one fold.
fn counted(ground: &Counts, texts: &Texts, without: Option<usize>) -> Model {
    let keep = |index: usize, all: usize| without != Some(fold_of(index, all));
    let mut model = Model { counts: ground.clone(), seen: Seen::default(), network: None };
    for (_, (wrong, right)) in texts.pairs.iter().enumerate().filter(|(index, _)| keep(*index, texts.pairs.len())) {
        model.counts.add(right);
        model.seen.add(wrong, right);
    }
    for texts in [&texts.clean, &texts.other] {
        texts.iter().enumerate().filter(|(index, _)| keep(*index, texts.len())).for_each(|(_, text)| model.counts.add(text));
    }
    model
}

fn codes(text: &str) -> Vec<u16> {
    fold(text).iter().map(|symbol| symbol.code).collect()
}

fn mix_ups(wrong: &str, right: &str) -> Vec<(u16, u16)> {
    let pairs = wrong.chars().map(code).zip(right.chars().map(code));
    pairs.filter(|(wrong, right)| wrong != right && is_han(*wrong) && is_han(*right)).collect()
}

/// Every weighed correction of a text as an example.
fn learn(detector: &Detector, wrong: Vec<u16>, right: &[u16], examples: &mut Vec<Example>) {
    let line = detector.line(wrong);
    for hypothesis in detector.hypotheses(&line, 0..line.codes.len()).into_iter().flatten() {
        let range = hypothesis.at..hypothesis.at + hypothesis.right.len();
        let keeps_one = hypothesis.right.iter().zip(&line.codes[range.clone()]).any(|(new, old)| new == old);
        examples.push(Example { features: hypothesis.features, right: !keeps_one && hypothesis.right == right[range] });
    }
}

/// A text with one character mixed up, as the pairs do.
fn miswrite(text: &[u16], mixed: &[(u16, u16)], random: &mut fastrand::Rng) -> Option<Vec<u16>> {
    if mixed.is_empty() {
        return None;
    }
    for _ in 0..40 {
        let (wrong, right) = mixed[random.usize(..mixed.len())];
        let places: Vec<usize> = (0..text.len()).filter(|at| text[*at] == right).collect();
        if !places.is_empty() {
            let mut miswritten = text.to_vec();
            miswritten[places[random.usize(..places.len())]] = wrong;
            return Some(miswritten);
        }
    }
    None
}
