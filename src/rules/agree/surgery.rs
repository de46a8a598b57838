//! The operation that was planned against the one that was done, and what pathology found against what is diagnosed.

use std::sync::Arc;

use super::super::{DataEvidence, Hit, Role, Subject};
use super::text::named_line;
use super::{Prepared, piece};
use crate::reading::text::Span;
use crate::reading::{ConceptId, Passage};
use crate::record::DocumentKind;

/// Words of a malignant tumour.
const MALIGNANT: [&str; 6] = ["癌", "肉瘤", "恶性", "淋巴瘤", "白血病", "骨髓瘤"];

impl Prepared {
    /// `within`: where it is planned; `against`: where it is named as done. Only where there is one operation.
    pub(super) fn planned_operation(&self, subject: &Subject<'_>) -> Vec<Hit> {
        // The plan left it open, or the record says what happened.
        const OPEN: [&str; 8] = ["探查", "中转", "备", "必要时", "或", "视术中", "根据术中", "冰冻"];
        const TOLD: [&str; 12] = ["中转", "改行", "改为", "改变", "变更", "更改", "遂行", "追加", "扩大", "冰冻", "术中决定", "放弃"];
        let records = subject.reading.documents.iter().filter(|document| document.kind == DocumentKind::OperationRecord).count();
        if records != 1 || subject.visit.operations.as_ref().is_some_and(|operations| operations.len() > 1) {
            return Vec::new();
        }
        let lexicon = subject.knowledge.lexicon();
        let operations = |passage: &Passage| -> Vec<(Span, ConceptId)> {
            let named = passage.mentions.iter().map(|mention| (mention.span, mention.concept));
            named.filter(|(_, id)| lexicon.is_a(*id, "手术") && lexicon.concept(*id).name.as_ref() != "手术").collect()
        };
        let planned: Vec<&Arc<Passage>> = self.places.passages(subject).collect();
        let done: Vec<&Arc<Passage>> = self.against.passages(subject).collect();
        let (Some(plan), Some(deed)) = (planned.first(), done.first()) else { return Vec::new() };
        let told = subject
            .reading
            .documents
            .iter()
            .filter(|document| {
                matches!(document.kind, DocumentKind::OperationRecord | DocumentKind::PostopCourse | DocumentKind::AnesthesiaRecord)
            })
            .flat_map(|document| &document.passages)
            .any(|passage| TOLD.iter().any(|word| passage.text.as_str().contains(word)));
        if told || planned.iter().any(|passage| OPEN.iter().any(|word| passage.text.as_str().contains(word))) {
            return Vec::new();
        }
        let hit = |plan: (&Arc<Passage>, Span), deed: (&Arc<Passage>, Span)| {
            vec![Hit { evidence: vec![piece(deed.0, deed.1, Role::This), piece(plan.0, plan.1, Role::Against)], ..Hit::default() }]
        };
        // By endoscope in every plan, and open in the record.
        let scoped = |passage: &Passage| word_span(passage, &["腹腔镜", "胸腔镜"]);
        let open = word_span(deed, &["开腹", "剖腹", "开胸"]).filter(|_| done.iter().all(|passage| scoped(passage).is_none()));
        if let (Some(by_scope), Some(open)) = (scoped(plan), open)
            && planned.iter().all(|passage| scoped(passage).is_some())
        {
            return hit((plan, by_scope), (deed, open));
        }
        let wanted: Vec<(Span, ConceptId)> = planned.iter().flat_map(|passage| operations(passage)).collect();
        let made: Vec<(Span, ConceptId)> = done.iter().flat_map(|passage| operations(passage)).collect();
        let (Some(first_wanted), Some(first_made)) = (operations(plan).first().copied(), operations(deed).first().copied()) else {
            return Vec::new();
        };
        // A stent after an angiography goes on from it.
        let interventional = |all: &[(Span, ConceptId)]| all.iter().any(|(_, id)| lexicon.is_a(*id, "介入"));
        let common = wanted.iter().any(|(_, id)| made.iter().any(|(_, other)| other == id));
        if common || interventional(&wanted) && interventional(&made) {
            return Vec::new();
        }
        hit((plan, first_wanted.0), (deed, first_made.0))
    }

    /// 术中诊断 names a disease that is nowhere else in the record: neither planned for, nor told afterwards, nor listed at discharge.
    pub(super) fn intraoperative(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let lexicon = subject.knowledge.lexicon();
        let related =
            |a: ConceptId, b: ConceptId| a == b || lexicon.is_a(a, &lexicon.concept(b).name) || lexicon.is_a(b, &lexicon.concept(a).name);
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let Some(line) = named_line(passage.text.as_str()) else { continue };
            let found = passage.mentions.iter().filter(|mention| line.contains(mention.span) && lexicon.is_a(mention.concept, "疾病"));
            let found: Vec<_> = found.collect();
            let Some(first) = found.first() else { continue };
            // Another word for it may be one that the lexicon does not know.
            let said = passage.text.slice(line).trim_matches(|character: char| !character.is_alphanumeric());
            let elsewhere = |other: &Arc<Passage>| {
                !Arc::ptr_eq(other, passage)
                    && (other.text.as_str().contains(said)
                        || other.mentions.iter().any(|mention| found.iter().any(|own| related(own.concept, mention.concept))))
            };
            let documents = subject.reading.documents.iter().flat_map(|document| &document.passages).chain(&subject.reading.data);
            let mut others = documents.filter(|other| !Arc::ptr_eq(other, passage)).peekable();
            if others.peek().is_some() && !others.any(elsewhere) {
                let span = first.span;
                hits.push(Hit {
                    evidence: vec![piece(passage, line, Role::This)],
                    slots: vec![("stated", passage.text.quote(span).to_owned())],
                    ..Hit::default()
                });
            }
        }
        hits
    }

    /// A malignant report before discharge, and discharge diagnoses in `within` without any tumour of that kind.
    pub(super) fn pathology(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let reports = subject.visit.pathology.as_deref().ok_or("未提供病理报告")?;
        let Some(discharged) = subject.visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at) else {
            return Err("未提供出院时间".to_owned());
        };
        // An older report is of a tumour that this stay need not be about.
        let admitted = subject.visit.admission.admitted_at;
        let before = |at: crate::record::Instant| {
            at.latest() <= discharged.earliest() && admitted.is_none_or(|admitted| at.latest() >= admitted.earliest())
        };
        let found = reports.iter().enumerate().find_map(|(index, report)| {
            let text = report.diagnosis.as_deref().filter(|text| is_malignant(text))?;
            report.reported_at.is_some_and(before).then_some((index, text))
        });
        let Some((index, text)) = found else { return Ok(Vec::new()) };
        let lists: Vec<&Arc<Passage>> = self.places.passages(subject).filter(|passage| !passage.text.as_str().trim().is_empty()).collect();
        let listed = lists.iter().any(|passage| names_tumour(passage.text.as_str()));
        let Some(list) = lists.first().filter(|_| !listed) else { return Ok(Vec::new()) };
        let stated = super::super::pattern::trimmed(list);
        Ok(vec![Hit {
            evidence: vec![piece(list, stated, Role::This)],
            data: vec![DataEvidence { path: format!("/pathology/{index}"), label: format!("病理报告 {text}") }],
            slots: vec![("stated", list.text.quote(stated).to_owned()), ("expected", text.to_owned())],
            ..Hit::default()
        }])
    }
}

fn word_span(passage: &Passage, words: &[&str]) -> Option<Span> {
    let text = passage.text.as_str();
    words.iter().find_map(|word| text.find(word).map(|at| Span::new(at, at + word.len())))
}

/// Any of the words under which a malignant tumour, or what may be called one, is listed.
pub(in crate::rules) fn names_tumour(text: &str) -> bool {
    const LISTED: [&str; 18] = [
        "癌",
        "恶",
        "肉瘤",
        "淋巴瘤",
        "白血病",
        "骨髓瘤",
        "Ca",
        "MT",
        "瘤变",
        "神经内分泌",
        "间质瘤",
        "胶质瘤",
        "黑色素瘤",
        "母细胞瘤",
        "CIN",
        "HSIL",
        "上皮内",
        "浆细胞",
    ];
    const ABBREVIATED: [&str; 22] = [
        "CA", "BCC", "TCC", "NSCLC", "SCLC", "RCC", "HCC", "ICC", "SCC", "DLBCL", "MM", "AML", "ALL", "CML", "CLL", "PTC", "PTMC", "FTC",
        "MTC", "DCIS", "GIST", "NPC",
    ];
    LISTED.iter().any(|word| text.contains(word)) || ABBREVIATED.iter().any(|word| stands_alone(text, word))
}

/// The abbreviation with no other letters or digits about it: 胃CA, but not CA199 or CA-125.
fn stands_alone(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, found)| {
        let joined = |character: char| character.is_ascii_alphanumeric() || character == '-';
        !text[..at].ends_with(joined) && !text[at + found.len()..].starts_with(joined)
    })
}

/// A report that finds a malignant tumour: not 未见癌, 癌前病变, 癌待排, 恶性潜能未定.
pub(in crate::rules) fn is_malignant(text: &str) -> bool {
    const BEFORE: [&str; 14] =
        ["未见", "无", "未查见", "排除", "除外", "不支持", "未发现", "可疑", "疑", "倾向", "考虑", "非", "不是", "既往"];
    const AFTER: [&str; 13] = ["前病变", "待排", "不除外", "可能", "?", "？", "胚抗原", "栓(-)", "潜能", "基因", "样", "术后", "病史"];
    let clauses = text.split(['。', ';', '；', ',', '，', '\n']);
    clauses.into_iter().any(|clause| {
        MALIGNANT.iter().any(|word| {
            clause.match_indices(word).any(|(at, word)| {
                let after = &clause[at + word.len()..];
                !BEFORE.iter().any(|denial| clause[..at].contains(denial))
                    && !AFTER.iter().any(|doubt| after.starts_with(doubt))
                    && !["待排", "不除外", "可能", "?", "？", "家族史"].iter().any(|doubt| after.contains(doubt))
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{is_malignant, names_tumour};

    #[test]
    fn reports_of_malignant_tumours() {
        assert!(is_malignant("(左叶)甲状腺乳头状癌,切缘未见癌"));
        assert!(is_malignant("弥漫大B细胞淋巴瘤"));
        assert!(!is_malignant("慢性炎症,未见癌细胞"));
        assert!(!is_malignant("癌前病变") && !is_malignant("恶性潜能未定的平滑肌瘤"));
        assert!(!is_malignant("结节性甲状腺肿,癌不除外"));
        assert!(!is_malignant("胃癌术后标本:未见肿瘤残留") && !is_malignant("恶性肿瘤家族史患者,送检为增生性息肉"));
        assert!(is_malignant("胃癌术后吻合口复发癌"));
    }

    #[test]
    fn abbreviated_tumours() {
        assert!(names_tumour("左面部BCC") && names_tumour("胃CA"));
        assert!(!names_tumour("CA199升高") && !names_tumour("CA-125升高"));
    }
}
