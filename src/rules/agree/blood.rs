//! The patient's ABO group as data and documents give it.

use super::super::{DataEvidence, Hit, Subject, around, facts};
use super::{Prepared, Source, differing, is_of_newborn};
use crate::reading::Passage;
use crate::reading::text::Span;

impl Prepared {
    pub(super) fn blood_group(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut said: Vec<(String, Source<'_>)> = Vec::new();
        let newborn = facts::is_newborn(subject.visit);
        for (index, lab) in subject.visit.labs.iter().flatten().enumerate() {
            let is_group = lab.item.as_deref().is_some_and(|item| item.contains("血型") && !item.contains("Rh"));
            if let Some(group) = lab.value.as_deref().filter(|_| is_group).and_then(abo) {
                said.push((
                    group.to_owned(),
                    Source::Data(DataEvidence { path: format!("/labs/{index}"), label: format!("检验血型 {group}型") }),
                ));
            }
        }
        if let Some(group) = subject.visit.front_page.as_ref().and_then(|page| page.blood_type.as_deref()).and_then(abo) {
            said.push((
                group.to_owned(),
                Source::Data(DataEvidence { path: "/front_page/blood_type".into(), label: format!("首页血型 {group}型") }),
            ));
        }
        for (index, transfusion) in subject.visit.transfusions.iter().flatten().enumerate() {
            if let Some(group) = transfusion.blood_type.as_deref().and_then(abo) {
                said.push((
                    group.to_owned(),
                    Source::Data(DataEvidence { path: format!("/transfusions/{index}"), label: format!("输血血型 {group}型") }),
                ));
            }
        }
        for passage in self.places.passages(subject) {
            // The page of a newborn in his mother's record tells his group, and hers besides.
            if is_of_newborn(subject, passage) {
                continue;
            }
            let own = written_groups(passage.text.as_str(), newborn).into_iter();
            said.extend(own.map(|(span, group)| (group.to_owned(), Source::Text(passage, span))));
        }
        if said.iter().all(|(group, _)| *group == said[0].0) {
            return Vec::new();
        }
        // The group after a transplant of stem cells is the donor's.
        const REPLACED: [&str; 3] = ["移植后血型", "血型转", "转为供者"];
        if self.places.passages(subject).any(|passage| REPLACED.iter().any(|word| passage.text.as_str().contains(word))) {
            return Vec::new();
        }
        // Group O red cells are given before the group is known, and after a transplant from a donor of another group.
        const EXPLAINED: [&str; 7] = ["血型不合", "次要不合", "主要不合", "紧急发", "紧急用血", "配合性输", "O型洗涤"];
        let is_urgent = |passage: &Passage| {
            written_groups(passage.text.as_str(), newborn).iter().filter(|(_, group)| *group == "O").any(|(span, _)| {
                let sentence = passage.text.slice(passage.sentence_of(*span));
                ["紧急", "急救", "抢救", "未完成", "未回", "未定", "来不及"].iter().any(|word| sentence.contains(word))
            })
        };
        let explained = self
            .places
            .passages(subject)
            .any(|passage| EXPLAINED.iter().any(|word| passage.text.as_str().contains(word)) || is_urgent(passage));
        if explained {
            said.retain(|(group, _)| group.as_str() != "O");
        }
        differing(&said)
    }
}

fn abo(text: &str) -> Option<&'static str> {
    let bare = text.trim().trim_end_matches(['型', ' ']).trim_start_matches("ABO");
    let upper = bare.to_ascii_uppercase();
    match upper.chars().take_while(|character| matches!(character, 'A' | 'B' | 'O')).collect::<String>().as_str() {
        "A" => Some("A"),
        "B" => Some("B"),
        "AB" => Some("AB"),
        "O" => Some("O"),
        _ => None,
    }
}

/// A型, O型血, 血型A型 in text: only where the patient's blood is meant, named as 血型 or as a component that is given to him.
fn written_groups(text: &str, newborn: bool) -> Vec<(Span, &'static str)> {
    let mut found = Vec::new();
    for (at, word) in text.match_indices('型') {
        let letters = text[..at].bytes().rev().take_while(|byte| matches!(byte, b'A' | b'B' | b'O')).count();
        let start = at - letters;
        if letters == 0 || text[..start].ends_with(|before: char| before.is_ascii_alphanumeric()) {
            continue;
        }
        let after = &text[at + word.len()..];
        if is_blood(text, start, after)
            && !is_of_another(text, start, newborn)
            && let Some(group) = abo(&text[start..at])
        {
            found.push((Span::new(start, at + word.len()), group));
        }
    }
    found
}

/// 血型A型, A型RhD, 输注A型悬浮红细胞, 输A型血; not plasma, which may be of another group, nor A型血友病, B型血管瘤.
fn is_blood(text: &str, start: usize, after: &str) -> bool {
    const CELLS: [&str; 10] = ["Rh", "红细胞", "红悬", "悬", "浓", "洗涤", "去白", "少白", "辐照", "全血"];
    const NO_BLOOD: [&str; 7] = ["血友", "血管", "血栓", "血压", "血清", "血小板", "血浆"];
    const OTHER: [&str; 3] = ["血浆", "冷沉淀", "血小板"];
    let before = around::last(&text[..start], 8);
    let near: String = after.chars().take(6).collect();
    let clause = &text[around::start_of(text, start, &[',', '。', ';', '\n'])..start];
    let given = || ["输", "备", "配", "患者", "本人"].iter().any(|word| clause.contains(word));
    let blood = before.contains("血型")
        || CELLS.iter().any(|word| after.starts_with(word))
        || after.starts_with('血') && !NO_BLOOD.iter().any(|word| after.starts_with(word)) && given();
    // 血型自述A型 is hearsay.
    let hearsay = ["供", "献血", "自述", "自诉", "自称", "自认"].iter().any(|word| before.contains(word));
    blood && !hearsay && !OTHER.iter().any(|word| near.contains(word))
}

/// Whose group it is: the person named last before it, a relative in the sentence, mother or child in the whole line (新生儿:吸吮好;血型A型).
fn is_of_another(text: &str, start: usize, newborn: bool) -> bool {
    const RELATIVES: [&str; 24] = [
        "母", "父", "供者", "供体", "丈夫", "其夫", "爱人", "妻", "配偶", "胎儿", "娩", "兄", "弟", "姐", "妹", "儿子", "女儿", "之子",
        "之女", "其子", "其女", "家属", "捐献", "供血",
    ];
    const CHILD: [&str; 6] = ["新生儿", "婴儿", "患儿", "脐血", "子代", "宝宝"];
    const MOTHER: [&str; 3] = ["母", "产妇", "孕妇"];
    let last_of = |said: &str, words: &[&str]| words.iter().filter_map(|word| said.rfind(*word)).max();
    let own: &[&str] = if newborn { &["患", "新生儿", "本人"] } else { &["患者", "产妇", "孕妇", "受者", "本人"] };
    let sentence = &text[around::start_of(text, start, &['。', ';', '\n'])..start];
    let line = &text[around::start_of(text, start, &['\n'])..start];
    let beside: &[&str] = if newborn { &MOTHER } else { &CHILD };
    let of_relative = last_of(sentence, &RELATIVES) > last_of(sentence, &["患", "产妇", "孕妇", "受者", "本人"]);
    // A child's own record calls the patient 患儿.
    let of_pair = last_of(line, beside) > last_of(line, own);
    of_relative || of_pair && (newborn || !line.contains("患儿") || line.contains("产") || line.contains("孕"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_the_patient_and_of_others() {
        let groups = |text: &str| written_groups(text, false).into_iter().map(|(_, group)| group).collect::<Vec<_>>();
        assert_eq!(groups("血型:B型,输注B型悬浮红细胞2U"), ["B", "B"]);
        assert!(groups("兄A型血,拟供肾").is_empty() && groups("姐姐血型为O型").is_empty());
        assert!(groups("新生儿:反应好;血型A型RhD阳性").is_empty() && groups("A型血友病;B型血管瘤;输尿管B型超声").is_empty());
        assert_eq!(groups("患儿血型A型"), ["A"]);
    }
}
