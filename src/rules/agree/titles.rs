//! 某某副主任医师 of somebody whom the list of staff calls 主治医师.

use super::super::{DataEvidence, Hit, Role, Subject, around};
use super::{Prepared, piece};
use crate::reading::text::Span;
use crate::record::Title;

/// Whose titles a round is headed with.
const DOCTORS: [Title; 4] = [Title::AssociateChief, Title::Chief, Title::Attending, Title::Resident];

impl Prepared {
    pub(super) fn staff_title(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let staff = subject.visit.staff.as_deref().ok_or("未提供医务人员名单")?;
        let titled: Vec<(usize, &str, Title)> = staff
            .iter()
            .enumerate()
            .filter_map(|(index, person)| Some((index, person.name.as_deref().filter(|name| name.chars().count() >= 2)?, person.title?)))
            .filter(|(_, _, title)| DOCTORS.contains(title))
            .collect();
        let mut hits = Vec::new();
        for passage in self.places.written(subject) {
            let text = passage.text.as_str();
            for (index, name, title) in &titled {
                // Two persons of one name have a title each.
                if titled.iter().any(|(other, same, _)| other != index && same == name) {
                    continue;
                }
                let told = text.match_indices(name).find_map(|(at, name)| {
                    if is_of_another(&text[..at]) {
                        return None;
                    }
                    let after = &text[at + name.len()..];
                    let printed = DOCTORS.into_iter().find(|doctor| after.starts_with(doctor.chinese()))?;
                    (printed != *title).then(|| Span::new(at, at + name.len() + printed.chinese().len()))
                });
                let Some(span) = told else { continue };
                let expected = title.chinese();
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This)],
                    data: vec![DataEvidence { path: format!("/staff/{index}/title"), label: format!("人员名单 {name} {expected}") }],
                    slots: vec![("expected", expected.to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }
}

/// Before the name: 外院王某 is of another house, in 欧阳王某 the name is only part of one.
fn is_of_another(before: &str) -> bool {
    const FAR: usize = 6;
    const HOUSES: [&str; 5] = ["外院", "医院", "大学", "外请", "院外"];
    const SURNAMES: [&str; 10] = ["欧阳", "上官", "司马", "司徒", "诸葛", "皇甫", "尉迟", "令狐", "慕容", "夏侯"];
    let clause = &before[around::start_of(before, before.len(), &['。', ';', '\n', ',', ':', '、'])..];
    let near = around::last(clause, FAR);
    SURNAMES.iter().any(|surname| before.ends_with(surname)) || HOUSES.iter().any(|house| near.contains(house))
}
