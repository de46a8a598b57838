//! What two texts have word for word, and what was changed between: the letters and digits of both, white space and punctuation left out.

use std::ops::Range;

use crate::reading::letters::{SHINGLE, Shingles, shingle_hash};

/// A stretch that stands in both texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub earlier: usize,
    pub later: usize,
    pub length: usize,
}

/// The stretches of `later` that were taken from `earlier`, in the order of `later`, none overlapping there.
pub fn runs(earlier: &[char], later: &[char]) -> Vec<Run> {
    runs_among(earlier, &Shingles::of(earlier), later)
}

/// The same where the shingles of `earlier` are known.
pub fn runs_among(earlier: &[char], shingles: &Shingles, later: &[char]) -> Vec<Run> {
    let mut found: Vec<Run> = Vec::new();
    let mut at = 0;
    while at + SHINGLE <= later.len() {
        let after = found.last().map_or(0, |run| run.earlier + run.length);
        let starts = shingles.places(shingle_hash(&later[at..at + SHINGLE]));
        // A copy goes on where it was left; only what was moved is looked for before.
        let next = starts.partition_point(|(_, start)| (*start as usize) < after);
        let start = starts.get(next).or(starts.first()).map(|(_, start)| *start as usize);
        let length = start.map_or(0, |start| earlier[start..].iter().zip(&later[at..]).take_while(|(a, b)| a == b).count());
        match start {
            Some(start) if length >= SHINGLE => {
                found.push(Run { earlier: start, later: at, length });
                at += length;
            }
            _ => at += 1,
        }
    }
    found
}

/// Share of `later`'s letters that were taken over.
pub fn copied_share(runs: &[Run], later: usize) -> f64 {
    runs.iter().map(|run| run.length).sum::<usize>() as f64 / later.max(1) as f64
}

/// What was changed between two stretches that were taken over one after the other; either side may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub earlier: Range<usize>,
    pub later: Range<usize>,
}

pub fn edits(runs: &[Run]) -> Vec<Edit> {
    let between = |pair: &[Run]| {
        let (before, after) = (pair[0], pair[1]);
        let earlier = before.earlier + before.length;
        (earlier <= after.earlier).then(|| Edit { earlier: earlier..after.earlier, later: before.later + before.length..after.later })
    };
    runs.windows(2).filter_map(between).filter(|edit| !edit.earlier.is_empty() || !edit.later.is_empty()).collect()
}

/// Where letters of the later text stand in the earlier one, where they were taken over in one piece.
pub fn counterpart(runs: &[Run], later: Range<usize>) -> Option<Range<usize>> {
    let run = runs.iter().find(|run| run.later <= later.start && later.end <= run.later + run.length)?;
    let moved = |at: usize| at - run.later + run.earlier;
    Some(moved(later.start)..moved(later.end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reading::letters::Letters;
    use crate::reading::text::Span;

    fn chars(text: &str) -> Vec<char> {
        Letters::of(text).chars
    }

    #[test]
    fn the_edit_between_two_notes_is_found_and_maps_back() {
        let earlier = Letters::of("患者精神可,诉咳嗽较前减轻,右下肺可闻及少许湿啰音,继续抗感染治疗。");
        let later = Letters::of("今日查房:患者精神可,诉咳嗽较前减轻,左下肺可闻及少许湿啰音,继续抗感染治疗。");
        let runs = runs(&earlier.chars, &later.chars);
        let edits = edits(&runs);
        assert_eq!(edits.len(), 1);
        assert_eq!(earlier.chars[edits[0].earlier.clone()], ['右']);
        assert_eq!(later.chars[edits[0].later.clone()], ['左']);
        let sputum = "今日查房:患者精神可,诉".len();
        let range = later.range(Span::new(sputum, sputum + "咳嗽".len())).expect("letters");
        let back = counterpart(&runs, range).expect("it was copied");
        assert_eq!(earlier.span(back), Span::new("患者精神可,诉".len(), "患者精神可,诉咳嗽".len()));
    }

    #[test]
    fn short_agreement_is_no_copy() {
        assert!(runs(&chars("病情平稳,继续治疗"), &chars("患者病情平稳")).is_empty());
    }

    proptest! {
        /// A text of which a middle piece was replaced: both ends are runs, the edit is the piece.
        #[test]
        fn an_edited_copy_is_found_with_its_edit(
            head in "[一-丿]{12,40}", old in "[㐀-㐟]{0,12}", new in "[㘀-㘟]{1,12}", tail in "[乀-乿]{12,40}",
        ) {
            let earlier = chars(&format!("{head}{old}{tail}"));
            let later = chars(&format!("{head}{new}{tail}"));
            let runs = runs(&earlier, &later);
            let edits = edits(&runs);
            let (from, to) = (head.chars().count(), head.chars().count() + new.chars().count());
            prop_assert!(edits.iter().any(|edit| edit.later == (from..to) && edit.earlier.len() == old.chars().count()), "{edits:?}");
            // Every run says the truth, and none overlaps the one before.
            let mut end = 0;
            for run in &runs {
                prop_assert_eq!(&earlier[run.earlier..run.earlier + run.length], &later[run.later..run.later + run.length]);
                prop_assert!(run.later >= end);
                end = run.later + run.length;
            }
        }
    }
}
