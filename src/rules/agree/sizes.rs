//! Sizes of one lesion that differ between documents: 术中胆脂瘤3.5cm×3.2cm of the discharge record, 1.5cm×1.2cm of the operation record.

use std::sync::Arc;

use super::super::{Hit, Role, Subject, around};
use super::{Prepared, piece};
use crate::reading::measures::convert;
use crate::reading::text::Span;
use crate::reading::{ConceptId, Measure, Passage};
use crate::record::DocumentKind;

/// How far, in bytes, the lesion's name stands before its size.
const NEAR: u32 = 45;
/// From here on the larger side is no rounding and no other way to lay the ruler.
const APART: f64 = 1.5;
/// Several of a kind, or one that changes: their sizes may differ.
const SEVERAL: [&str; 20] = [
    "多发",
    "多枚",
    "数枚",
    "数个",
    "多个",
    "两枚",
    "2枚",
    "3枚",
    "两个",
    "2个",
    "另",
    "增大",
    "缩小",
    "减小",
    "增长",
    "较前",
    "其余",
    "分别",
    "切除组织",
    "标本",
];
/// Who measured, said before the size.
const MEASURED: [&str; 16] =
    ["CT", "MR", "超声", "彩超", "B超", "X线", "PET", "镜", "造影", "病理", "触", "查体", "报告", "外院", "既往", "术前"];

struct Size<'s> {
    lesion: ConceptId,
    sides: Vec<f64>,
    passage: &'s Arc<Passage>,
    span: Span,
}

impl Prepared {
    /// A size seen at operation (`within`, behind 术中) that is another in the only size that the operation record (`against`) gives the lesion.
    pub(super) fn operative_size(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let recorded: Vec<Size<'_>> = self.against.passages(subject).flat_map(|passage| sizes(subject, passage)).collect();
        // A second operation has its own sizes.
        if self.against.documents(subject).filter(|document| document.kind == DocumentKind::OperationRecord).count() != 1 {
            return Vec::new();
        }
        let told = self.places.passages(subject).flat_map(|passage| sizes(subject, passage)).filter(|size| is_seen_at_operation(size));
        let pair = told.into_iter().find_map(|told| {
            let mut of_lesion = recorded.iter().filter(|size| size.lesion == told.lesion);
            let (Some(only), None) = (of_lesion.next(), of_lesion.next()) else { return None };
            let (more, less) = (told.sides[0].max(only.sides[0]), told.sides[0].min(only.sides[0]));
            let differs = more >= less * APART && !is_one_of_several(&told) && !is_one_of_several(only);
            differs.then(|| vec![piece(told.passage, told.span, Role::This), piece(only.passage, only.span, Role::Against)])
        });
        pair.map(|evidence| Hit { evidence, ..Hit::default() }).into_iter().collect()
    }
}

/// The sizes of two sides and more in the passage, with the lesion that is named before them; longest side first, in millimetres.
fn sizes<'s>(subject: &Subject<'_>, passage: &'s Arc<Passage>) -> Vec<Size<'s>> {
    let lexicon = subject.knowledge.lexicon();
    let is_lesion = |id| lexicon.is_a(id, "检查所见") || lexicon.is_a(id, "疾病");
    let size = |measure: &Measure| {
        measure.second?;
        let sides = [Some(measure.value), measure.second, measure.third];
        let mut sides: Vec<f64> = sides.into_iter().flatten().map(|side| convert(side, &measure.unit, "mm")).collect::<Option<_>>()?;
        if sides.len() < 2 || !passage.text.slice(measure.span).contains(['×', '*', 'x', 'X']) {
            return None;
        }
        sides.sort_by(|a, b| b.total_cmp(a));
        let sentence = passage.sentence_of(measure.span);
        let ahead = |span: Span| sentence.contains(span) && span.end <= measure.span.start && measure.span.start - span.end <= NEAR;
        let owner = passage.mentions.iter().rev().find(|mention| ahead(mention.span) && is_lesion(mention.concept))?;
        Some(Size { lesion: owner.concept, sides, passage, span: measure.span })
    };
    passage.measures.iter().filter_map(size).collect()
}

/// 术中 stands before the size, and nobody measured it in another way since.
fn is_seen_at_operation(size: &Size<'_>) -> bool {
    let text = size.passage.text.as_str();
    let sentence = size.passage.sentence_of(size.span).start as usize;
    let before = &text[sentence..size.span.start as usize];
    before.rfind("术中").is_some_and(|at| !MEASURED.iter().any(|word| before[at..].contains(word)))
}

fn is_one_of_several(size: &Size<'_>) -> bool {
    let sentence = around::stretch(size.passage.text.as_str(), size.span, &['。', ';', '\n']);
    SEVERAL.iter().any(|word| sentence.contains(word))
}
