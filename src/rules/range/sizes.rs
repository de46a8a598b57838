//! Sizes: 2.6×22cm, where one side lost its decimal point.

use std::sync::Arc;

use super::super::{Hit, around};
use super::hit;
use crate::reading::Passage;
use crate::reading::measures::number_in;

/// How much longer than another the side without a decimal must be, and within which share of it a tenth of the side lies.
const LONGER: f64 = 5.0;
const ALIKE: (f64, f64) = (0.5, 2.0);

/// What may be ten times as long as wide.
const SLENDER: [&str; 33] = [
    "瘢", "疤", "切口", "裂", "创", "伤", "条", "带", "管", "网", "补片", "索", "线", "钉", "板", "血肿", "撕", "静脉", "动脉", "阑尾",
    "囊状", "梭形", "长条", "支架", "球囊", "导丝", "鞘", "针", "探头", "窗", "槽", "骨块", "钳",
];

/// A size whose sides have decimals but for one, which is many times as long as another and would be like it with its decimal point.
pub(super) fn size_shape(passage: &Arc<Passage>, hits: &mut Vec<Hit>) {
    let text = passage.text.as_str();
    for measure in &passage.measures {
        if !measure.unit.as_ref().ends_with(['m']) || measure.second.is_none() {
            continue;
        }
        let written = passage.text.slice(measure.span);
        let sides: Vec<&str> = written.split(['×', '*', 'x', 'X', '✕']).map(number_in).collect();
        if sides.len() < 2 {
            continue;
        }
        let whole: Vec<f64> = sides.iter().filter(|side| !side.contains('.')).filter_map(|side| side.parse().ok()).collect();
        let exact: Vec<f64> = sides.iter().filter(|side| side.contains('.')).filter_map(|side| side.parse().ok()).collect();
        let [long] = whole[..] else { continue };
        let slipped = exact.len() + 1 == sides.len()
            && exact.iter().any(|other| long >= other * LONGER)
            && exact.iter().all(|other| (ALIKE.0..=ALIKE.1).contains(&(long / 10.0 / other)));
        let clause = around::stretch(text, measure.span, &['。', ';', ',', '\n']);
        if slipped && !SLENDER.iter().any(|word| clause.contains(word)) {
            hits.push(hit(passage, measure.span, vec![("stated", written.to_owned())]));
        }
    }
}
