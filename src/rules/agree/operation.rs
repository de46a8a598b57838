//! Facts of one operation over its documents: surgeon, anaesthesia, blood loss, vertebral levels, sizes.

use std::sync::Arc;

use super::super::pattern::trimmed;
use super::super::{DataEvidence, Hit, Role, Subject, around, facts};
use super::starts::starts;
use super::text::{anesthesia_class, anesthesia_clause, bare_sides, blood_losses, labelled, named_line, segments};
use super::{Prepared, Source, piece};
use crate::reading::Passage;
use crate::reading::text::Span;
use crate::record::{DocumentKind, Side};

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
            // A signature has its time behind it.
            let stated_name = stated_name.split(|character: char| character.is_ascii_digit()).next().unwrap_or("").trim_end();
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
        // With an operation that the data lack, another method may be that one's.
        if operations.is_empty() || has_more_records(subject, operations.len()) {
            return Ok(Vec::new());
        }
        let methods = operations.iter().map(|operation| operation.anesthesia.as_deref().and_then(anesthesia_class));
        let Some(expected) = methods.collect::<Option<Vec<_>>>() else { return Ok(Vec::new()) };
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let Some((span, stated)) = stated_anesthesia(subject, passage) else { continue };
            if !stated.is_empty() && !expected.contains(&stated) {
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This)],
                    data: vec![DataEvidence {
                        path: "/operations/0/anesthesia".into(),
                        label: format!("手术信息麻醉方式 {}", expected.join("、")),
                    }],
                    slots: vec![("stated", stated.to_owned()), ("expected", expected.join("、"))],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    /// The start of the operation as its documents give it against the data.
    pub(super) fn operation_start(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let began: Vec<_> = operations.iter().filter_map(|operation| operation.started_at.filter(|at| at.has_time())).collect();
        if began.is_empty() || began.len() < operations.len() || has_more_records(subject, operations.len()) {
            return Ok(Vec::new());
        }
        let of_day = |at: jiff::civil::DateTime| i64::from(at.hour()) * 60 + i64::from(at.minute());
        let is_apart = |minute: i64, own: i64| {
            let apart = (minute - own).abs();
            apart.min(24 * 60 - apart) as f64 > self.spec.tolerance
        };
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            for (minute, span) in starts(passage) {
                if began.iter().all(|start| is_apart(minute, of_day(start.earliest()))) {
                    let expected = began.iter().map(ToString::to_string).collect::<Vec<_>>().join("、");
                    hits.push(Hit {
                        evidence: vec![piece(passage, span, Role::This)],
                        data: vec![DataEvidence {
                            path: "/operations/0/started_at".into(), label: format!("手术信息开始时间 {expected}")
                        }],
                        slots: vec![("stated", passage.text.quote(span).to_owned()), ("expected", expected)],
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
        // Of several on one side each paper names that side.
        let Some(side @ (Side::Left | Side::Right)) = operations.first().and_then(|operation| operation.side) else {
            return Ok(Vec::new());
        };
        if operations.iter().any(|operation| operation.side != Some(side)) || has_more_records(subject, operations.len()) {
            return Ok(Vec::new());
        }
        let (own, other) = if side == Side::Left { ("左", "右") } else { ("右", "左") };
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            let is_checklist = kind_of(subject, passage) == Some(DocumentKind::SafetyChecklist);
            let at = if is_checklist { checked_side(text, own, other) } else { named_side(text, own, other) };
            let Some(span) = at else { continue };
            // Another section of the checklist has the right side: it is read, not written wrongly throughout.
            let is_mixed = || of_same_document(subject, passage).any(|passage| passage.text.as_str().contains(own));
            if !(is_checklist && is_mixed()) {
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

/// More records of operations than the data tell of.
fn has_more_records(subject: &Subject<'_>, operations: usize) -> bool {
    subject.reading.documents.iter().filter(|document| document.kind == DocumentKind::OperationRecord).count() > operations
}

fn kind_of(subject: &Subject<'_>, passage: &Passage) -> Option<DocumentKind> {
    subject.reading.document_of(passage).map(|document| document.kind)
}

fn of_same_document<'s>(subject: &Subject<'s>, passage: &Passage) -> impl Iterator<Item = &'s Arc<Passage>> {
    subject.reading.document_of(passage).into_iter().flat_map(|document| &document.passages)
}

/// The method of the operation's anaesthesia as a passage gives it, unless that was changed or is one of two.
fn stated_anesthesia(subject: &Subject<'_>, passage: &Passage) -> Option<(Span, &'static str)> {
    const CHANGED: [&str; 10] = ["改为", "改全", "改行", "转为", "失败", "复合", "联合全", "加用", "备用", "补充"];
    const NEW_METHOD: [&str; 8] = ["改全", "改为全", "改行全", "转全", "转为全", "改局", "改插管", "阻滞不全"];
    let text = passage.text.as_str();
    let is_record = kind_of(subject, passage) == Some(DocumentKind::OperationRecord);
    // The course of an operation speaks of many things: only what stands behind the label is its method.
    if is_record && !matches!(passage.section.as_ref(), "麻醉方式" | "手术名称") {
        let (span, value) = ["麻醉方式", "麻醉方法", "麻醉"].iter().find_map(|label| labelled(text, label))?;
        let behind = text[span.end as usize..].split(['。', ';', '\n']).next().unwrap_or("");
        let mixed = ["+", "＋", "联合", "复合"].iter().any(|word| value.contains(word) || behind.trim_start().starts_with(word));
        let told = mixed || NEW_METHOD.iter().any(|word| text.contains(word));
        return anesthesia_class(value).filter(|_| !told).map(|class| (span, class));
    }
    // A long text speaks of the method in the clause that names it first; the rest may tell of a change or a block besides.
    let (span, stated) = anesthesia_clause(passage);
    // 全麻复合神经阻滞 and a change during the operation name two methods.
    stated.filter(|_| !CHANGED.iter().any(|word| text.contains(word))).map(|class| (span, class))
}

/// The contrary side in the line that names the operation, where that line has no other.
fn named_side(text: &str, own: &str, other: &str) -> Option<Span> {
    let first = named_line(text)?;
    let line = &text[first.range()];
    // 右膝关节镜 术者:…麻醉:左侧神经阻滞 goes on to something else.
    let end =
        ["术者", "手术者", "麻醉", "助手", "手术日期", "经过"].iter().filter_map(|label| line.find(label)).min().unwrap_or(line.len());
    let said = &line[..end];
    let contrary = bare_sides(said);
    let agrees = contrary.iter().any(|(_, word)| *word == own) || said.contains('双') || said.contains("两侧");
    let (at, word) = contrary.iter().find(|(at, word)| *word == other && !is_of_another(&said[*at..])).filter(|_| !agrees)?;
    let start = first.start as usize + at;
    Some(Span::new(start, start + word.len()))
}

/// The contrary side where a checklist names the operation or its mark, not that of a vein or of the patient's position.
fn checked_side(text: &str, own: &str, other: &str) -> Option<Span> {
    const OF_OPERATION: [&str; 6] = ["术", "标记", "标识", "部位", "眼", "患侧"];
    const OF_ACCESS: [&str; 14] =
        ["静脉通", "静脉置", "动脉", "穿刺", "通路", "输液", "置管", "袖带", "血压", "极板", "负极", "卧", "途径", "入路"];
    if text.contains(own) || text.contains('双') || text.contains("两侧") {
        return None;
    }
    let is_of_operation = |at: usize| {
        let clause = around::stretch(text, Span::new(at, at + other.len()), &[',', '。', ';', '、', '\n', ' ']);
        OF_OPERATION.iter().any(|word| clause.contains(word)) && !OF_ACCESS.iter().any(|word| clause.contains(word))
    };
    let sides = bare_sides(text);
    let (at, word) = sides.iter().find(|(at, word)| *word == other && !is_of_another(&text[*at..]) && is_of_operation(*at))?;
    Some(Span::new(*at, at + word.len()))
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
