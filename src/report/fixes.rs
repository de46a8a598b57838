//! The smallest set of findings whose repair reaches 甲级.

use super::score::{Grade, Placed, blocked_by_veto, tally};
use super::sheet::{Sheet, Unit};
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

/// Open findings of one item: they take the same points, so any of them may go first.
struct Class {
    /// Indices into `placed` of those not yet repaired, the last one goes next.
    open: Vec<usize>,
    /// Findings beyond this number take nothing more.
    full: usize,
}

impl Class {
    /// Repairs needed until the class takes less than now.
    fn price(&self) -> usize {
        self.open.len().saturating_sub(self.full) + 1
    }
}

/// Repairs what regains most for each repair until 甲 is reached. Only as many findings of an item are weighed as can take points,
/// so that a record with thousands of findings costs no more than one with a few hundred.
fn greedy(sheet: &Sheet, visit: &Visit, placed: &[Placed<'_>], open: &[usize], mut kept: Vec<bool>) -> Vec<bool> {
    let mut classes = classes(sheet, placed, open);
    // The kept findings that can take points, with `less` classes one step emptier.
    let judged = |classes: &[Class], less: Option<usize>| {
        let entries: Vec<Placed<'_>> = classes
            .iter()
            .enumerate()
            .flat_map(|(number, class)| {
                let step = if less == Some(number) { class.price() } else { 0 };
                class.open.iter().take((class.open.len() - step).min(class.full)).map(|index| placed[*index].clone())
            })
            .collect();
        tally(sheet, visit, &entries, &vec![true; entries.len()])
    };
    let mut steps: Vec<(usize, Vec<usize>)> = Vec::new();
    loop {
        let standing = judged(&classes, None);
        if standing.grade == Grade::First {
            break;
        }
        let now = standing.total.unwrap_or(0.0);
        let regained = |number: usize| {
            let (class, price) = (&classes[number], classes[number].price() as f64);
            let points = class.open.first().map_or(0.0, |index| placed[*index].points);
            ((judged(&classes, Some(number)).total.unwrap_or(0.0) - now) / price, points / price)
        };
        // Ties go to the findings that take most by themselves: several items of one full part free its points only together.
        let candidates = (0..classes.len()).filter(|number| !classes[*number].open.is_empty()).map(|number| (number, regained(number)));
        let Some((best, _)) = candidates.max_by(|(a, x), (b, y)| x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1)).then(b.cmp(a))) else {
            break;
        };
        let left = classes[best].open.len().saturating_sub(classes[best].price());
        steps.push((best, classes[best].open.split_off(left)));
    }
    // A step that later ones made needless is taken back.
    let mut repaired = Vec::new();
    for (number, mut step) in steps {
        let left = classes[number].open.len();
        classes[number].open.append(&mut step);
        if judged(&classes, None).grade != Grade::First {
            repaired.append(&mut classes[number].open.split_off(left));
        }
    }
    for index in repaired {
        kept[index] = false;
    }
    kept
}

fn classes(sheet: &Sheet, placed: &[Placed<'_>], open: &[usize]) -> Vec<Class> {
    let mut classes: Vec<((usize, u64), Class)> = Vec::new();
    for index in open.iter().rev() {
        let entry = &placed[*index];
        let key = (entry.item_number, entry.points.to_bits());
        if let Some((_, class)) = classes.iter_mut().find(|(other, _)| *other == key) {
            class.open.push(*index);
            continue;
        }
        let once = entry.item.is_some_and(|item| item.unit == Unit::Once);
        let room = match entry.part {
            Some(part) => sheet.parts[part].weight.min(entry.item.and_then(|item| item.cap).unwrap_or(f64::INFINITY)),
            None => sheet.unlisted.cap,
        };
        // A veto takes its points once however few the item's own are.
        let full = if entry.points > 0.0 && !once { ((room / entry.points).ceil() as usize).max(1) } else { 1 };
        classes.push((key, Class { open: vec![*index], full }));
    }
    classes.sort_by_key(|(_, class)| class.open.last().copied());
    classes.into_iter().map(|(_, class)| class).collect()
}
