//! Facts of one operation over its documents: surgeon, anaesthesia, blood loss, vertebral levels, sizes.

use std::sync::Arc;

use super::super::pattern::trimmed;
use super::super::{DataEvidence, Hit, Role, Subject, facts};
use super::text::{anesthesia_class, anesthesia_clause, bare_sides, blood_losses, labelled, named_line, segments, starts};
use super::{Prepared, Source, piece};
use crate::reading::Passage;
use crate::reading::text::Span;
use crate::record::Side;

impl Prepared {
    pub(super) fn surgeon(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let names: Vec<&str> =
            operations.iter().filter_map(|operation| operation.surgeon.as_deref()).map(|id| facts::name_of(subject.visit, id)).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            let stated = if passage.section.as_ref() == "术者" {
                Some((trimmed(passage), text.trim()))
            } else {
                labelled(text, "术者").or_else(|| labelled(text, "手术者"))
            };
            let Some((span, stated)) = stated else { continue };
            let stated_name = stated.trim_start_matches([':', ' ']);
            // The cell of the surgeon ends where the next label begins: 龙某某主任医师 一助:景某某.
            let end = ["[助", "【", "助手", "一助", "第一助", "手术助"].iter().filter_map(|label| stated_name.find(*label)).min();
            let stated_name = end.map_or(stated_name, |end| stated_name[..end].trim_end());
            // A name is two to four characters with a title; anything else is a sentence about the surgeon, or the labels after an empty cell.
            let is_name = (2..=12).contains(&stated_name.chars().count())
                && !stated_name.contains(':')
                && !NO_NAME.iter().any(|word| stated_name.contains(word));
            if is_name && !names.iter().any(|name| is_called(stated_name, name)) {
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This)],
                    data: vec![DataEvidence {
                        path: "/operations/0/surgeon".into(), label: format!("手术信息术者 {}", names.join("、"))
                    }],
                    slots: vec![("stated", stated_name.to_owned()), ("expected", names.join("、"))],
                    ..Hit::default()
                });
            }
        }
        let page = subject
            .visit
            .front_page
            .as_ref()
            .and_then(|page| page.main_operation.as_ref())
            .and_then(|operation| operation.surgeon.as_deref());
        if let Some(page) = page.map(|id| facts::name_of(subject.visit, id)).filter(|page| !names.contains(page)) {
            hits.push(Hit {
                data: vec![
                    DataEvidence { path: "/front_page/main_operation/surgeon".into(), label: format!("首页术者 {page}") },
                    DataEvidence { path: "/operations/0/surgeon".into(), label: format!("手术信息术者 {}", names.join("、")) },
                ],
                slots: vec![("stated", page.to_owned()), ("expected", names.join("、"))],
                ..Hit::default()
            });
        }
        Ok(hits)
    }

    pub(super) fn anesthesia(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let [operation] = operations else { return Ok(Vec::new()) };
        let Some(expected) = operation.anesthesia.as_deref().and_then(anesthesia_class) else { return Ok(Vec::new()) };
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            // A long text speaks of the method in the clause that names it first; the rest may tell of a change or a block besides.
            let (span, stated) = anesthesia_clause(passage);
            // 全麻复合神经阻滞 and a change during the operation name two methods.
            let changed = || {
                ["改为", "改全", "改行", "转为", "失败", "复合", "联合全", "加用", "备用", "补充"]
                    .iter()
                    .any(|word| passage.text.as_str().contains(word))
            };
            if let Some(stated) = stated.filter(|stated| *stated != expected && !stated.is_empty() && !changed()) {
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This)],
                    data: vec![DataEvidence {
                        path: "/operations/0/anesthesia".into(), label: format!("手术信息麻醉方式 {expected}")
                    }],
                    slots: vec![("stated", stated.to_owned()), ("expected", expected.to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    /// The start of the operation as its documents give it against the data.
    pub(super) fn operation_start(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let [operation] = operations else { return Ok(Vec::new()) };
        let Some(start) = operation.started_at.filter(|at| at.has_time()) else { return Ok(Vec::new()) };
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            for (minute, span) in starts(passage) {
                let own = i64::from(start.earliest().hour()) * 60 + i64::from(start.earliest().minute());
                let apart = (minute - own).abs();
                let apart = apart.min(24 * 60 - apart);
                if apart as f64 > self.spec.tolerance {
                    hits.push(Hit {
                        evidence: vec![piece(passage, span, Role::This)],
                        data: vec![DataEvidence {
                            path: "/operations/0/started_at".into(), label: format!("手术信息开始时间 {start}")
                        }],
                        slots: vec![("stated", passage.text.quote(span).to_owned()), ("expected", start.to_string())],
                        ..Hit::default()
                    });
                }
            }
        }
        Ok(hits)
    }

    /// The side of the operation's data against the name of the operation in its documents.
    pub(super) fn operation_side(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let [operation] = operations else { return Ok(Vec::new()) };
        let Some(side @ (Side::Left | Side::Right)) = operation.side else { return Ok(Vec::new()) };
        let (own, other) = if side == Side::Left { ("左", "右") } else { ("右", "左") };
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            let Some(first) = named_line(text) else { continue };
            let said = &text[first.range()];
            let contrary = bare_sides(said);
            let of_operation = |at: usize, word: &str| word == other && !is_of_another(&said[at..]);
            let at = contrary.iter().find(|(at, word)| of_operation(*at, word)).map(|(at, word)| Span::new(*at, at + word.len()));
            let agrees = contrary.iter().any(|(_, word)| *word == own) || said.contains('双') || said.contains("两侧");
            if let Some(at) = at.filter(|_| !agrees) {
                let span = Span::new(first.start as usize + at.start as usize, first.start as usize + at.end as usize);
                hits.push(Hit {
                    evidence: vec![piece(passage, passage.clause_of(span), Role::This)],
                    data: vec![DataEvidence { path: "/operations/0/side".into(), label: format!("手术信息侧别 {}", side.chinese()) }],
                    slots: vec![("stated", other.to_owned()), ("expected", side.chinese().to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    pub(super) fn blood_loss(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let operations = subject.visit.operations.as_deref().unwrap_or(&[]);
        if operations.len() > 1 {
            return Vec::new();
        }
        let mut said: Vec<(f64, Source<'_>)> = Vec::new();
        if let Some(volume) = operations.first().and_then(|operation| operation.blood_loss_ml) {
            said.push((
                volume,
                Source::Data(DataEvidence {
                    path: "/operations/0/blood_loss_ml".into(), label: format!("手术信息出血量 {volume}ml")
                }),
            ));
        }
        for passage in self.places.passages(subject) {
            said.extend(blood_losses(passage).into_iter().map(|(volume, span)| (volume, Source::Text(passage, span))));
        }
        // One against two that agree: of two numbers either may be the wrong one, and the last may be of another stretch of time.
        let apart = |a: f64, b: f64| (a - b).abs() > (a.max(b) * self.spec.tolerance).max(20.0);
        let agreeing = |volume: f64| said.iter().filter(move |(other, _)| !apart(volume, *other));
        let alone: Vec<&(f64, Source<'_>)> = said.iter().filter(|(volume, _)| agreeing(*volume).count() == 1).collect();
        let [(other, source)] = alone.as_slice() else { return Vec::new() };
        let Some((most, _)) = said.iter().find(|(volume, _)| agreeing(*volume).count() >= 2) else { return Vec::new() };
        let mut hit = Hit { slots: vec![("stated", format!("{other}ml")), ("expected", format!("{most}ml"))], ..Hit::default() };
        source.clone().add(&mut hit, Role::This);
        // Whoever corrects it must see every paper: the one that stands alone may be the right one.
        agreeing(*most).for_each(|(_, source)| source.clone().add(&mut hit, Role::Against));
        vec![hit]
    }

    /// Two documents whose levels have nothing in common.
    pub(super) fn segment(&self, subject: &Subject<'_>) -> Vec<Hit> {
        type Levels<'s> = (&'s Arc<Passage>, Vec<(Span, String)>);
        let mut documents: Vec<Levels<'_>> = Vec::new();
        for document in self.places.documents(subject) {
            let said: Vec<Levels<'_>> = self
                .places
                .passages_of(document)
                .map(|passage| (passage, segments(passage.text.as_str())))
                .filter(|(_, found)| !found.is_empty())
                .collect();
            // The document's levels together, shown by its first passage that names one.
            if let Some((passage, _)) = said.first() {
                let all = said.iter().flat_map(|(_, found)| found.clone()).collect();
                documents.push((*passage, all));
            }
        }
        for (index, (later, levels)) in documents.iter().enumerate() {
            let stranger = documents[..index]
                .iter()
                .find(|(_, earlier)| !earlier.iter().any(|(_, level)| levels.iter().any(|(_, other)| other == level)));
            if let Some((earlier, others)) = stranger {
                let evidence = vec![piece(later, levels[0].0, Role::This), piece(earlier, others[0].0, Role::Against)];
                return vec![Hit {
                    evidence,
                    slots: vec![("stated", levels[0].1.clone()), ("expected", others[0].1.clone())],
                    ..Hit::default()
                }];
            }
        }
        Vec::new()
    }

    /// 2.1cm here and 21cm there, said of the same finding.
    pub(super) fn tenfold_size(&self, subject: &Subject<'_>) -> Vec<Hit> {
        type Size<'s> = (crate::reading::ConceptId, f64, &'s Arc<Passage>, Span);
        let mut said: Vec<Size<'_>> = Vec::new();
        for passage in self.places.passages(subject) {
            for measure in &passage.measures {
                let Some(millimetres) = crate::reading::measures::convert(measure.value, &measure.unit, "mm") else { continue };
                let sentence = passage.sentence_of(measure.span);
                // 5.0×48mm of a screw is no lesion's size.
                const TOOLS: [&str; 9] = ["钉", "扩髓", "导丝", "导针", "鞘", "网片", "补片", "支架", "球囊"];
                if TOOLS.iter().any(|word| passage.text.slice(sentence).contains(word)) {
                    continue;
                }
                let lexicon = subject.knowledge.lexicon();
                let is_lesion = |id| lexicon.is_a(id, "检查所见") || lexicon.is_a(id, "疾病");
                let owner = passage.mentions.iter().rev().find(|mention| {
                    sentence.contains(mention.span) && mention.span.end <= measure.span.start && is_lesion(mention.concept)
                });
                let Some(owner) = owner.filter(|owner| measure.span.start - owner.span.end <= 36) else { continue };
                said.push((owner.concept, millimetres, passage, measure.span));
            }
        }
        // A slip contradicts another text; a text that has both sizes tells of two lesions, or of before and after.
        let has_both = |a: &Size<'_>, b: &Size<'_>| {
            said.iter().any(|(id, value, passage, _)| *id == a.0 && *value == b.1 && Arc::ptr_eq(passage, a.2))
        };
        let is_slip = |a: &Size<'_>, b: &Size<'_>| {
            a.0 == b.0 && ((a.1 / b.1 - 10.0).abs() < 0.01 || (b.1 / a.1 - 10.0).abs() < 0.01) && !has_both(a, b) && !has_both(b, a)
        };
        let pair = said.iter().enumerate().find_map(|(index, later)| {
            let earlier = said[..index].iter().find(|earlier| is_slip(later, earlier))?;
            Some(vec![piece(later.2, later.3, Role::This), piece(earlier.2, earlier.3, Role::Against)])
        });
        pair.map(|evidence| Hit { evidence, ..Hit::default() }).into_iter().collect()
    }
}

/// In the place of the surgeon's name: somebody from outside, whom no list of staff holds, or a word about the signature.
const NO_NAME: [&str; 12] = ["外请", "外院", "院外", "特邀", "专家", "本院", "签", "√", "详见", "同上", "同前", "本人"];

/// How a record calls a person: by the whole name, or 王主任 for 王建国.
pub(in crate::rules) fn callings(name: &str) -> Vec<String> {
    const OFFICES: [&str; 5] = ["主任", "副主任", "教授", "院长", "副院长"];
    let surname: String = name.chars().take(1).collect();
    let by_office = OFFICES.iter().map(|office| format!("{surname}{office}"));
    std::iter::once(name.to_owned()).chain(by_office).collect()
}

/// Whether the text calls the person in one of these ways; a space may stand within a name (王 建国).
pub(in crate::rules) fn is_called(text: &str, name: &str) -> bool {
    let text = text.replace(' ', "");
    callings(name).iter().any(|calling| text.contains(calling.as_str()))
}

/// Whether the item that begins with a side is not what is operated on: an old disease, the palsy of the other side's brain, 右束支阻滞.
fn is_of_another(item: &str) -> bool {
    const OTHER: [&str; 6] = ["术后", "陈旧", "后遗", "偏瘫", "瘫痪", "束支"];
    let item = item.split([',', '、', ';', ' ', '+']).next().unwrap_or("");
    OTHER.iter().any(|word| item.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{is_called, is_of_another};

    #[test]
    fn ways_to_call_a_surgeon() {
        assert!(is_called("王建国主任医师", "王建国") && is_called("王 建国", "王建国") && is_called("王主任(术者)", "王建国"));
        assert!(!is_called("李主任", "王建国") && !is_called("王明主任医师", "王建国"));
    }

    #[test]
    fn sides_that_are_not_operated_on() {
        assert!(is_of_another("右侧肢体偏瘫 脑出血") && is_of_another("左侧乳腺癌术后 2.静脉通路困难"));
        assert!(!is_of_another("左侧颞顶部硬膜外血肿,右侧偏瘫"));
    }
}
