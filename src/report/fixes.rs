//! The smallest set of findings whose repair reaches 甲级.

use super::score::{Grade, Placed, blocked_by_veto, tally};
use super::sheet::Sheet;
use crate::record::Visit;

/// More open findings than this are searched greedily: exact search would grow as their subsets do.
const EXACT_UP_TO: usize = 8;

/// Indices into `placed`, fewest first, that must be repaired for 甲; empty where `grade` is 甲 already.
///
/// Vetoes that cap the grade must all go. Of the rest, sets are tried by rising size: exactly where few findings take points,
/// else by always repairing what regains most.
pub fn smallest(sheet: &Sheet, visit: &Visit, placed: &[Placed<'_>], grade: Grade) -> Vec<usize> {
    if grade == Grade::First {
        return Vec::new();
    }
    let mut kept: Vec<bool> = placed.iter().map(|entry| !blocked_by_veto(sheet, entry)).collect();
    let reached = |kept: &[bool]| tally(sheet, visit, placed, kept).grade == Grade::First;
    if !reached(&kept) {
        let open: Vec<usize> =
            (0..placed.len()).filter(|index| kept[*index] && (placed[*index].points > 0.0 || placed[*index].veto.is_some())).collect();
        let exact = if open.len() <= EXACT_UP_TO { exact(&open, &kept, reached) } else { None };
        kept = exact.unwrap_or_else(|| greedy(sheet, visit, placed, &open, kept));
    }
    (0..placed.len()).filter(|index| !kept[*index]).collect()
}

/// Tries every subset of `open` in order of size.
fn exact(open: &[usize], kept: &[bool], reached: impl Fn(&[bool]) -> bool) -> Option<Vec<bool>> {
    let mut subsets: Vec<u32> = (1..1_u32 << open.len()).collect();
    subsets.sort_by_key(|subset| subset.count_ones());
    subsets.into_iter().find_map(|subset| {
        let mut trial = kept.to_vec();
        for (bit, index) in open.iter().enumerate() {
            if subset & (1 << bit) != 0 {
                trial[*index] = false;
            }
        }
        reached(&trial).then_some(trial)
    })
}

/// Repairs what regains most until 甲 is reached.
fn greedy(sheet: &Sheet, visit: &Visit, placed: &[Placed<'_>], open: &[usize], mut kept: Vec<bool>) -> Vec<bool> {
    let total = |kept: &[bool]| tally(sheet, visit, placed, kept).total.unwrap_or(0.0);
    while tally(sheet, visit, placed, &kept).grade != Grade::First {
        let gain = |index: usize, kept: &[bool]| {
            let mut trial = kept.to_vec();
            trial[index] = false;
            total(&trial)
        };
        let candidates = open.iter().copied().filter(|index| kept[*index]);
        // Ties go to the finding that takes most by itself: several findings of one item free its points only together.
        let Some(best) = candidates.max_by(|a, b| {
            gain(*a, &kept).total_cmp(&gain(*b, &kept)).then(placed[*a].points.total_cmp(&placed[*b].points)).then(b.cmp(a))
        }) else {
            break;
        };
        kept[best] = false;
    }
    kept
}
