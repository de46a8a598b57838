//! Who signed a consent where its form prints a bare 签名 on a line of its own, above the doctor's.

use super::super::pattern::is_relative;
use super::super::{Hit, Role, Subject};
use super::{Prepared, is_same_name, piece};
use crate::reading::letters::is_han;
use crate::reading::text::Span;
use crate::reading::{Origin, Passage};

/// The patient's side signs in another place of the form, or it is told who signs and why.
const SIGNED_ELSEWHERE: [&str; 24] = [
    "患者签",
    "本人签",
    "孕妇签",
    "产妇签",
    "患方",
    "家属",
    "监护",
    "委托",
    "授权",
    "代理",
    "关系",
    "之子",
    "之女",
    "之妻",
    "之夫",
    "之父",
    "之母",
    "女儿",
    "儿子",
    "丈夫",
    "妻子",
    "配偶",
    "父亲",
    "母亲",
];

impl Prepared {
    /// A name that is neither the patient's nor a doctor's nor anybody's of whom the record tells.
    pub(super) fn signer(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let own = subject.visit.patient.name.as_deref().filter(|name| !name.is_empty()).ok_or("未提供患者姓名")?;
        let staff = subject.visit.staff.as_deref().filter(|staff| !staff.is_empty()).ok_or("未提供人员信息")?;
        let is_doctor = |name: &str| staff.iter().filter_map(|person| person.name.as_deref()).any(|person| is_same_name(person, name));
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let texts = || document.passages.iter().map(|passage| passage.text.as_str());
            if texts().any(|text| SIGNED_ELSEWHERE.iter().any(|word| text.contains(word))) {
                continue;
            }
            // With the doctor's own line below, the bare one is the patient's side.
            let is_countersigned = |label: &str| label.contains("医师") || label.contains("医生");
            let signed: Vec<_> =
                document.passages.iter().filter_map(|passage| signature(subject, passage).map(|found| (passage, found))).collect();
            let by_doctor = signed.iter().any(|(_, (label, _, _))| is_countersigned(label))
                || texts().any(|text| ["医师:", "医生:", "医师签名:", "医师签字:"].iter().any(|label| text.contains(label)));
            let bare: Vec<_> = signed.iter().filter(|(_, (label, _, _))| matches!(label.as_str(), "签名" | "签字")).collect();
            let [(passage, (_, span, name))] = bare.as_slice() else { continue };
            let is_told = || {
                let all = subject.reading.documents.iter().flat_map(|document| &document.passages);
                all.into_iter().any(|other| is_relative(other.text.as_str(), name))
            };
            if by_doctor && !is_same_name(own, name) && !is_doctor(name) && !is_told() {
                hits.push(Hit {
                    evidence: vec![piece(passage, *span, Role::This)],
                    slots: vec![("stated", name.clone()), ("expected", own.to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }
}

/// The label above a section of signatures with the name in it.
fn signature(subject: &Subject<'_>, passage: &Passage) -> Option<(String, Span, String)> {
    const NO_NAME: [&str; 9] = ["签", "见", "同意", "拒", "无", "未", "手印", "指印", "日期"];
    if passage.section.as_ref() != "签名" {
        return None;
    }
    let Origin::Document { document, section, base } = &passage.origin else { return None };
    let document = &subject.visit.documents[*document];
    let stored = match section {
        Some(index) => document.sections.as_ref()?.get(*index)?.text.as_str(),
        None => document.text.as_deref()?,
    };
    let before = stored.get(..*base)?.trim_end_matches(|character: char| character.is_whitespace() || ":\u{ff1a}".contains(character));
    let at = before.rfind(|character: char| !is_han(character)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let text = passage.text.as_str();
    let start = text.len() - text.trim_start_matches([':', ' ', '\n']).len();
    let name: String = text[start..].chars().take_while(|character| is_han(*character) || *character == '*').collect();
    let is_name = (2..=4).contains(&name.chars().count()) && !NO_NAME.iter().any(|word| name.contains(word));
    let span = Span::new(start, start + name.len());
    is_name.then(|| (before[at..].to_owned(), span, name))
}
