//! The consent of another patient's operation: it names an organ of which no paper of this operation speaks.

use super::super::{Hit, Role, Subject};
use super::{Prepared, piece};
use crate::reading::text::Span;
use crate::reading::{DataSource, Origin, Passage};
use crate::record::DocumentKind;

/// The words by which an operation names its organ, with all under which that organ may stand elsewhere.
const ORGANS: [(&[&str], &[&str]); 21] = [
    (&["甲状腺"], &["甲状", "甲亢", "PTC", "Graves", "桥本"]),
    (&["疝"], &["疝", "TAPP", "TEP", "鞘状突"]),
    (&["胆囊"], &["胆", "LC"]),
    (&["阑尾"], &["阑尾", "盲肠"]),
    (&["白内障", "晶状体", "人工晶体"], &["白内障", "晶", "IOL", "超乳", "超声乳化", "眼"]),
    (&["子宫", "剖宫产", "宫腔镜"], &["宫", "剖", "孕", "妊娠", "胎", "产", "停经", "LSCS"]),
    (&["卵巢", "附件", "输卵管"], &["卵巢", "附件", "输卵管", "妊娠", "孕", "盆腔", "宫"]),
    (&["扁桃体", "腺样体"], &["扁桃", "腺样"]),
    (&["前列腺"], &["前列腺", "TURP", "BPH", "HoLEP", "尿潴留", "排尿困难"]),
    (&["乳腺", "乳房", "乳癌"], &["乳"]),
    (&["肺叶", "肺段", "肺楔形"], &["肺", "胸"]),
    (&["半月板", "膝关节", "交叉韧带"], &["膝", "半月板", "韧带", "髌", "胫", "TKA"]),
    (&["髋关节", "股骨头"], &["髋", "股骨", "THA"]),
    (&["椎间盘", "腰椎", "颈椎"], &["椎", "腰", "颈", "脊"]),
    (&["痔"], &["痔", "肛", "PPH"]),
    (&["胃癌", "胃大部", "远端胃", "全胃"], &["胃"]),
    (&["结肠", "直肠"], &["肠", "肛"]),
    (&["腕管"], &["腕", "正中神经"]),
    (&["声带"], &["声", "喉"]),
    (&["包皮"], &["包皮", "包茎", "阴茎"]),
    (&["隐静脉"], &["静脉曲张", "隐静脉"]),
];

/// Where the name of the operation ends: what is only held ready, or told about it.
const AFTER_NAME: [&str; 16] =
    ["。", ";", "\n", "必要时", "备", "视", "如", "若", "或", "风险", "可能", "并发症", "替代", "告知", "术中", "同时"];

impl Prepared {
    /// `within`: the operation consented to; `against`: all that speaks of the operation done and of what the patient has.
    pub(super) fn consent_organ(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let papers: Vec<_> = self.against.passages(subject).collect();
        let speaks = |words: &[&str]| papers.iter().find(|passage| words.iter().any(|word| passage.text.as_str().contains(word)));
        // Without a record of an operation on some other organ it may be one still to come.
        let is_recorded = subject.reading.documents.iter().any(|document| document.kind == DocumentKind::OperationRecord);
        let is_named = |passage: &Passage| {
            passage.section.as_ref() == "手术名称" || matches!(passage.origin, Origin::Data { source: DataSource::Operations, .. })
        };
        let done = papers.iter().find(|passage| is_named(passage) && passage.text.as_str().contains('术'));
        let Some(done) = done.filter(|_| is_recorded) else { return Vec::new() };
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let name = operation_name(passage.text.as_str());
            let named: Vec<_> = ORGANS.iter().filter(|(words, _)| words.iter().any(|word| name.contains(word))).collect();
            // One organ that is spoken of makes it this patient's operation.
            let foreign = !named.is_empty() && named.iter().all(|(_, words)| speaks(words).is_none());
            if foreign && is_operation(name) {
                let said = passage.text.as_str().find(name).unwrap_or(0);
                let deed = super::super::pattern::trimmed(done);
                hits.push(Hit {
                    evidence: vec![piece(passage, Span::new(said, said + name.len()), Role::This), piece(done, deed, Role::Against)],
                    ..Hit::default()
                });
            }
        }
        hits
    }
}

/// The name of the operation at the head of its section.
fn operation_name(text: &str) -> &str {
    let text = text.trim();
    let end = AFTER_NAME.iter().filter_map(|word| text.find(word)).min().unwrap_or(text.len());
    text[..end].trim()
}

/// Not an examination or a line that goes with any operation.
fn is_operation(name: &str) -> bool {
    const OTHER: [&str; 8] = ["检查", "造影", "穿刺", "活检", "置管", "插管", "气管切开", "输血"];
    name.contains('术') && !OTHER.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{is_operation, operation_name};

    #[test]
    fn names_of_operations() {
        assert_eq!(operation_name(" 甲状腺腺叶切除术。麻醉:全麻"), "甲状腺腺叶切除术");
        assert_eq!(operation_name("剖腹探查术,必要时胆囊切除术"), "剖腹探查术,");
        assert!(is_operation("腹股沟疝无张力修补术") && !is_operation("子宫输卵管造影术") && !is_operation("胃镜检查"));
    }
}
