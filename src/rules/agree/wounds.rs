//! A wound that one note alone tells of: 头部切口敷料干燥 of a patient who was never opened there is another patient's text.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::super::{Hit, Role, Subject, around};
use super::{Prepared, piece};
use crate::reading::text::Span;
use crate::reading::{Assertion, Passage};

static WOUND: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = "(头部|头皮|额部|面部|颈部|颈前|胸部|胸壁|腹部|下腹部|腰部|背部|会阴|盆腔|阴囊|[左右]?足[^,。;]{0,4}趾|足部|手部|臀部|髋部|膝部)\
                   [^,。;\\d]{0,3}(切口|侧切|伤口|创面|溃疡|造口|放疗区)";
    Regex::new(pattern).expect("a pattern of our own")
});

/// Words that name a region as other documents may, each region by itself.
const REGIONS: [&[&str]; 11] = [
    &["头", "颅", "额", "颞", "枕", "顶"],
    &["面", "颌", "颊", "腮", "眶", "唇"],
    &["颈", "甲状", "喉", "气管", "锁骨"],
    &["胸", "肋", "乳", "腋", "剑突"],
    &["腹", "脐", "麦氏", "腹股沟", "耻骨", "肋缘", "造口", "造瘘", "经皮肾"],
    &["腰", "背", "后正中", "棘", "骶", "脊", "椎", "经皮肾", "肾造瘘", "腋后线", "髂嵴"],
    &["会阴", "侧切", "阴道", "外阴", "肛"],
    &["盆", "宫", "直肠", "前列腺", "膀胱"],
    &["足", "趾", "踝", "跟"],
    &["手", "指", "掌", "腕"],
    &["臀", "髋", "股", "膝", "髌", "大腿"],
];

/// What is said of a wound, a letter or two from where it is.
const WOUNDS: [&str; 14] = ["切口", "侧切", "伤口", "创面", "溃疡", "裂", "擦伤", "挫", "敷料", "引流", "放疗", "造口", "缝", "入路"];
const NEAR: usize = 14;

impl Prepared {
    pub(super) fn foreign_wound(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for passage in self.places.written(subject) {
            let text = passage.text.as_str();
            for found in WOUND.captures_iter(text) {
                let Some(whole) = found.get(0) else { continue };
                let span = Span::new(whole.start(), whole.end());
                let denied = passage.mentions.iter().any(|mention| span.contains(mention.span) && mention.assertion == Assertion::Absent);
                let Some(region) = REGIONS.iter().find(|region| region.iter().any(|word| found[1].contains(word))) else { continue };
                if denied || subject.reading.documents.len() < LEAST_DOCUMENTS || self.is_known(subject, passage, region) {
                    continue;
                }
                hits.push(Hit { evidence: vec![piece(passage, span, Role::This)], ..Hit::default() });
            }
        }
        hits
    }

    /// Another document or row of data speaks of a wound in the region.
    fn is_known(&self, subject: &Subject<'_>, own: &Arc<Passage>, region: &[&str]) -> bool {
        self.against.passages(subject).filter(|passage| own.document().is_none() || passage.document() != own.document()).any(|passage| {
            let text = passage.text.as_str();
            region.iter().flat_map(|word| text.match_indices(*word)).any(|(at, word)| {
                let before = around::last(&text[..at], NEAR);
                let after: String = text[at + word.len()..].chars().take(NEAR).collect();
                WOUNDS.iter().any(|wound| before.contains(wound) || after.contains(wound))
            })
        })
    }
}

/// Fewer documents say too little of the patient.
const LEAST_DOCUMENTS: usize = 5;
