//! [`Answer`]: what a reviewer says of one visit, when two of them need a third, and who may review at all.

use serde::{Deserialize, Serialize};

use super::policy::Policy;
use crate::people::{Caller, Role};

/// Why a finding is not accepted; another reason is 其他 with a note.
pub const REASONS: [&str; 7] = ["事实不符", "已在他处记录", "临床允许", "规则不适用本科", "重复", "严重度过高", "其他"];

pub const GRADES: [&str; 3] = ["甲", "乙", "丙"];

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// One verdict for each finding of the task.
    pub verdicts: Vec<Judgement>,
    /// What the program missed.
    pub added: Vec<Added>,
    /// One's own score, 0 to 100.
    pub total: Option<f64>,
    /// 甲, 乙 or 丙.
    pub grade: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Judgement {
    pub finding: String,
    /// 采纳
    pub accepted: bool,
    /// Where it is not accepted: 事实不符, 已在他处记录, 临床允许, 规则不适用本科, 重复, 严重度过高, 其他
    pub reason: String,
    pub note: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Added {
    /// Code of the catalogue.
    pub defect: String,
    /// Id of the document; empty for one that is missing.
    pub document: String,
    /// The words.
    pub quote: String,
    pub note: String,
}

impl Added {
    /// One defect named by two people: the same code in the same document, in words of which one holds the other.
    pub fn is_same(&self, other: &Self) -> bool {
        self.defect == other.defect
            && self.document == other.document
            && (self.quote.contains(&other.quote) || other.quote.contains(&self.quote))
    }
}

impl Answer {
    /// What is wrong with what is there, whether it is finished or not.
    pub fn check(&self, findings: &[String], is_known: impl Fn(&str) -> bool) -> Result<(), String> {
        for (index, verdict) in self.verdicts.iter().enumerate() {
            if !findings.contains(&verdict.finding) || self.verdicts[..index].iter().any(|other| other.finding == verdict.finding) {
                return Err(format!("verdicts: {} 不是本任务的缺陷,或重复", verdict.finding));
            }
            if !verdict.accepted && !REASONS.contains(&verdict.reason.as_str()) {
                return Err(format!("不采纳的 reason 应为 {}", REASONS.join("、")));
            }
            if verdict.reason == "其他" && verdict.note.trim().is_empty() {
                return Err("其他原因请在 note 中说明".to_owned());
            }
        }
        if let Some(unknown) = self.added.iter().find(|added| !is_known(&added.defect)) {
            return Err(format!("added: 没有缺陷编码 {}", unknown.defect));
        }
        if self.total.is_some_and(|total| !(0.0..=100.0).contains(&total)) {
            return Err("total 应在 0 到 100 之间".to_owned());
        }
        if !self.grade.is_empty() && !GRADES.contains(&self.grade.as_str()) {
            return Err("grade 应为 甲、乙、丙".to_owned());
        }
        Ok(())
    }

    /// What is missing before it can be submitted.
    pub fn is_finished(&self, findings: &[String]) -> bool {
        self.total.is_some()
            && !self.grade.is_empty()
            && findings.iter().all(|id| self.verdicts.iter().any(|verdict| verdict.finding == *id))
    }

    pub fn verdict(&self, finding: &str) -> Option<bool> {
        self.verdicts.iter().find(|verdict| verdict.finding == finding).map(|verdict| verdict.accepted)
    }

    pub fn grade_index(&self) -> Option<usize> {
        GRADES.iter().position(|grade| *grade == self.grade)
    }
}

/// Whether a third person must judge.
pub fn needs_arbiter(first: &Answer, second: &Answer, policy: &Policy) -> bool {
    let apart = (first.total.unwrap_or(0.0) - second.total.unwrap_or(0.0)).abs();
    first.grade != second.grade || apart > policy.arbitration.points
}

/// Which review of a visit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    First,
    Second,
    Arbiter,
}

impl Slot {
    pub const ALL: [Slot; 3] = [Slot::First, Slot::Second, Slot::Arbiter];

    pub fn number(self) -> i64 {
        self as i64 + 1
    }

    pub fn of(number: i64) -> Option<Self> {
        Slot::ALL.into_iter().find(|slot| slot.number() == number)
    }
}

/// Why somebody may not review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("不能评审本人书写或签名的病历")]
    Author,
    #[error("仲裁人不能是两名评审人之一")]
    Party,
    #[error("已提交,不能再改")]
    Submitted,
    #[error("请对每条缺陷作出判断并填写 total、grade")]
    Unfinished,
}

/// Whether the caller may review a visit written by `authors`; `parties`: the other reviewers of it.
pub fn may_review(caller: &Caller, slot: Slot, authors: &[String], parties: &[String]) -> Result<(), Denied> {
    if authors.iter().any(|author| caller.is(author)) {
        return Err(Denied::Author);
    }
    if parties.iter().any(|party| caller.is(party)) {
        return Err(Denied::Party);
    }
    // An arbiter is of the office or the experts.
    let judges = matches!(caller.role, Role::Reviewer | Role::Expert | Role::Administrator);
    if slot == Slot::Arbiter && !judges { Err(Denied::Party) } else { Ok(()) }
}

/// A visit to be given out.
#[derive(Debug, Clone, PartialEq)]
pub struct ToAssign {
    pub visit_id: String,
    pub department: String,
    pub authors: Vec<String>,
}

/// Names of the first and, for a share of the visits, the second reviewer of each visit; `None` where nobody may. Who has least gets the next.
pub fn assign(visits: &[ToAssign], reviewers: &[Caller], seed: u64, double_share: f64) -> Vec<(Option<String>, Option<String>)> {
    let mut order: Vec<usize> = (0..visits.len()).collect();
    order.sort_by_key(|index| super::sampling::rank(seed, "double", &visits[*index].visit_id));
    let doubles = (double_share * visits.len() as f64).ceil() as usize;
    let mut load = vec![0_usize; reviewers.len()];
    let mut result = vec![(None, None); visits.len()];
    for (place, index) in order.into_iter().enumerate() {
        let visit = &visits[index];
        let mut take = |parties: &[String]| {
            let may = |reviewer: &Caller| {
                reviewer.may_see(&visit.department) && may_review(reviewer, Slot::First, &visit.authors, parties).is_ok()
            };
            let best = (0..reviewers.len()).filter(|number| may(&reviewers[*number])).min_by_key(|number| (load[*number], *number))?;
            load[best] += 1;
            Some(reviewers[best].name.clone())
        };
        let first = take(&[]);
        let second = first.clone().filter(|_| place < doubles).and_then(|first| take(&[first]));
        result[index] = (first, second);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str, role: Role, person: &str) -> Caller {
        Caller { name: name.to_owned(), role, department: String::new(), person: person.to_owned() }
    }

    #[test]
    fn grades_and_five_points_apart_need_a_third() {
        let policy = Policy::load(&crate::data::DataFolder::embedded()).expect("the policy");
        let answer = |total: f64, grade: &str| Answer { total: Some(total), grade: grade.to_owned(), ..Answer::default() };
        assert!(!needs_arbiter(&answer(95.0, "甲"), &answer(90.0, "甲"), &policy));
        assert!(needs_arbiter(&answer(95.5, "甲"), &answer(90.0, "甲"), &policy));
        assert!(needs_arbiter(&answer(90.0, "甲"), &answer(89.0, "乙"), &policy));
    }

    #[test]
    fn nobody_reviews_their_own_and_no_party_judges() {
        let li = caller("li", Role::Reviewer, "D01");
        assert_eq!(may_review(&li, Slot::First, &["D01".to_owned()], &[]), Err(Denied::Author));
        assert_eq!(may_review(&li, Slot::Arbiter, &[], &["li".to_owned()]), Err(Denied::Party));
        assert_eq!(may_review(&caller("qc", Role::DepartmentQc, ""), Slot::Arbiter, &[], &[]), Err(Denied::Party));
        assert_eq!(may_review(&li, Slot::Arbiter, &["D02".to_owned()], &["zhao".to_owned()]), Ok(()));
    }

    #[test]
    fn work_is_shared_and_a_share_of_it_is_double() {
        let visits: Vec<ToAssign> = (0..10)
            .map(|number| ToAssign {
                visit_id: format!("V{number}"),
                department: String::new(),
                authors: vec![format!("D0{}", number % 2)],
            })
            .collect();
        let people = [caller("a", Role::Reviewer, "D00"), caller("b", Role::Expert, ""), caller("c", Role::Expert, "")];
        let tasks = assign(&visits, &people, 7, 0.2);
        assert_eq!(tasks.iter().filter(|(_, second)| second.is_some()).count(), 2);
        assert!(tasks.iter().zip(&visits).all(|((first, second), visit)| {
            first.is_some()
                && first != second
                && !(visit.authors == ["D00"] && (first.as_deref() == Some("a") || second.as_deref() == Some("a")))
        }));
        assert_eq!(assign(&visits[..1], &people[..1], 7, 1.0), [(None, None)]);
    }
}
