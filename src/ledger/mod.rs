//! The ledger (台账): the life of a finding from its notice to 销号, as an explicit state machine. Pure: it says what may happen next and why not;
//! the store keeps what happened.
//!
//! ```text
//! notified ─► acknowledged ─► fixed ─┐
//!    │  ▲           │                ├─► rechecked ─► verified ─► closed
//!    │  └─ returned ┴─► appealed     │   (gone from a newer version; somebody else than the author)
//!    └──────────────────► withdrawn ◄┘
//! ```
//! Whoever wrote a document never verifies its correction, and whoever issued a notice never judges the appeal against it.

pub mod policy;

use serde::{Deserialize, Serialize};

use crate::people::{Caller, Role};
pub use policy::Policy;

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 已通知
    Notified,
    /// 已确认
    Acknowledged,
    /// 已说明整改: the author says that it is corrected.
    Fixed,
    /// 申诉中
    Appealed,
    /// 复检消失: a newer version of the record has the finding no more.
    Rechecked,
    /// 已复核
    Verified,
    /// 已销号
    Closed,
    /// 已撤销: it was no defect.
    Withdrawn,
    /// 归档遗留: the record was filed with it.
    ArchivedOpen,
}

impl State {
    pub const ALL: [State; 9] = [
        State::Notified,
        State::Acknowledged,
        State::Fixed,
        State::Appealed,
        State::Rechecked,
        State::Verified,
        State::Closed,
        State::Withdrawn,
        State::ArchivedOpen,
    ];

    pub fn name(self) -> &'static str {
        match self {
            State::Notified => "notified",
            State::Acknowledged => "acknowledged",
            State::Fixed => "fixed",
            State::Appealed => "appealed",
            State::Rechecked => "rechecked",
            State::Verified => "verified",
            State::Closed => "closed",
            State::Withdrawn => "withdrawn",
            State::ArchivedOpen => "archived_open",
        }
    }

    pub fn of(name: &str) -> Option<Self> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    pub fn chinese(self) -> &'static str {
        match self {
            State::Notified => "已通知",
            State::Acknowledged => "已确认",
            State::Fixed => "已说明整改",
            State::Appealed => "申诉中",
            State::Rechecked => "复检消失",
            State::Verified => "已复核",
            State::Closed => "已销号",
            State::Withdrawn => "已撤销",
            State::ArchivedOpen => "归档遗留",
        }
    }

    /// Nothing more is to be done.
    pub fn is_final(self) -> bool {
        matches!(self, State::Closed | State::Withdrawn | State::ArchivedOpen)
    }
}

/// What somebody does with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// 签收
    Acknowledge,
    /// 说明整改; needs a note, or a newer version of the record.
    Fix,
    /// 申诉; once, with a reason.
    Appeal,
    /// 驳回申诉
    RejectAppeal,
    /// 采纳申诉: it was no defect.
    AcceptAppeal,
    /// 复检: the program finds it gone.
    Recheck,
    /// 复检: the program finds it again.
    Recur,
    /// 复核通过
    Verify,
    /// 退回, with a note
    Return,
    /// 销号
    Close,
    /// 撤销, with a note
    Withdraw,
    /// 归档
    Archive,
}

impl Action {
    pub fn name(self) -> &'static str {
        match self {
            Action::Acknowledge => "acknowledge",
            Action::Fix => "fix",
            Action::Appeal => "appeal",
            Action::RejectAppeal => "reject_appeal",
            Action::AcceptAppeal => "accept_appeal",
            Action::Recheck => "recheck",
            Action::Recur => "recur",
            Action::Verify => "verify",
            Action::Return => "return",
            Action::Close => "close",
            Action::Withdraw => "withdraw",
            Action::Archive => "archive",
        }
    }
}

/// What an entry is when somebody acts on it.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    pub state: State,
    /// Who wrote or signed the documents that it is about: ids in `staff`.
    pub authors: &'a [String],
    /// Who issued the notice.
    pub notified_by: &'a str,
    /// Who appealed, and whether anyone ever did.
    pub appealed_by: &'a str,
    /// Who said that it is fixed.
    pub fixed_by: &'a str,
    /// Whether the newest version of the record still has the finding. `None`: a person's own finding, which no program can look for.
    pub present: Option<bool>,
    /// Whether the record has a newer version than the one that was notified.
    pub newer: bool,
}

/// Why an action is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("当前状态不能进行此操作")]
    State,
    #[error("该角色不能进行此操作")]
    Role,
    #[error("书写者不能复核自己的整改")]
    Author,
    #[error("下达通知者和申诉人不能裁决该申诉")]
    Judge,
    #[error("每条缺陷只能申诉一次")]
    AppealedBefore,
    #[error("请填写说明")]
    Note,
    #[error("病历未更新,请填写整改说明")]
    Unchanged,
    #[error("最新病历中该缺陷仍然存在")]
    Present,
}

/// The state that the action leads to, or why it is refused.
pub fn act(entry: &Entry<'_>, action: Action, actor: &Caller, note: &str) -> Result<State, Denied> {
    use State::{Acknowledged, Appealed, ArchivedOpen, Closed, Fixed, Notified, Rechecked, Verified, Withdrawn};
    let from = |states: &[State]| if states.contains(&entry.state) { Ok(()) } else { Err(Denied::State) };
    let role = |allowed: bool| if allowed || actor.role == Role::Administrator { Ok(()) } else { Err(Denied::Role) };
    let system = || if actor.role == Role::System { Ok(()) } else { Err(Denied::Role) };
    let said = || if note.trim().is_empty() { Err(Denied::Note) } else { Ok(()) };
    let is_author = entry.authors.iter().any(|author| actor.is(author)) || actor.is(entry.fixed_by);
    match action {
        Action::Acknowledge => {
            role(matches!(actor.role, Role::Physician | Role::DepartmentQc))?;
            from(&[Notified])?;
            Ok(Acknowledged)
        }
        Action::Fix => {
            role(actor.role == Role::Physician)?;
            from(&[Notified, Acknowledged])?;
            if !entry.newer && note.trim().is_empty() {
                return Err(Denied::Unchanged);
            }
            Ok(if entry.present == Some(false) { Rechecked } else { Fixed })
        }
        Action::Appeal => {
            role(matches!(actor.role, Role::Physician | Role::DepartmentQc))?;
            from(&[Notified, Acknowledged])?;
            if !entry.appealed_by.is_empty() {
                return Err(Denied::AppealedBefore);
            }
            said()?;
            Ok(Appealed)
        }
        Action::RejectAppeal | Action::AcceptAppeal => {
            role(matches!(actor.role, Role::Reviewer | Role::Expert))?;
            from(&[Appealed])?;
            if actor.is(entry.notified_by) || actor.is(entry.appealed_by) || is_author {
                return Err(Denied::Judge);
            }
            said()?;
            Ok(if action == Action::AcceptAppeal { Withdrawn } else { Notified })
        }
        Action::Recheck => {
            system()?;
            from(&[Notified, Acknowledged, Fixed])?;
            Ok(Rechecked)
        }
        Action::Recur => {
            system()?;
            from(&[Rechecked, Verified, Closed])?;
            Ok(Notified)
        }
        Action::Verify => {
            role(actor.role.is_quality_control() || actor.role == Role::System)?;
            from(&[Fixed, Rechecked])?;
            match entry.present {
                Some(true) => return Err(Denied::Present),
                // Only a person can say that what a person found is gone.
                None if actor.role == Role::System => return Err(Denied::Role),
                _ => {}
            }
            if is_author {
                return Err(Denied::Author);
            }
            Ok(Verified)
        }
        Action::Return => {
            role(actor.role.is_quality_control())?;
            from(&[Fixed, Rechecked])?;
            said()?;
            Ok(Notified)
        }
        Action::Close => {
            role(matches!(actor.role, Role::Reviewer | Role::RecordsOffice | Role::DepartmentQc))?;
            from(&[Verified])?;
            if is_author {
                return Err(Denied::Author);
            }
            Ok(Closed)
        }
        Action::Withdraw => {
            role(matches!(actor.role, Role::Reviewer | Role::Expert))?;
            if entry.state.is_final() {
                return Err(Denied::State);
            }
            said()?;
            Ok(Withdrawn)
        }
        Action::Archive => {
            system()?;
            if entry.state.is_final() {
                return Err(Denied::State);
            }
            Ok(ArchivedOpen)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str, role: Role) -> Caller {
        Caller { name: name.to_owned(), role, department: String::new(), person: String::new() }
    }

    fn entry(state: State, authors: &[String]) -> Entry<'_> {
        Entry { state, authors, notified_by: "r1", appealed_by: "", fixed_by: "", present: Some(true), newer: false }
    }

    #[test]
    fn a_fix_closes_when_the_finding_is_gone_and_somebody_else_verified() {
        let authors = ["D01".to_owned()];
        let author = Caller { person: "D01".to_owned(), ..caller("li", Role::Physician) };
        let reviewer = caller("r1", Role::Reviewer);
        let system = Caller::system();
        let notified = entry(State::Notified, &authors);
        assert_eq!(act(&notified, Action::Acknowledge, &author, ""), Ok(State::Acknowledged));
        assert_eq!(act(&notified, Action::Fix, &author, ""), Err(Denied::Unchanged));
        assert_eq!(act(&notified, Action::Fix, &author, "已补充"), Ok(State::Fixed));
        let fixed = Entry { state: State::Fixed, fixed_by: "li", ..notified.clone() };
        assert_eq!(act(&fixed, Action::Verify, &reviewer, ""), Err(Denied::Present));
        assert_eq!(act(&fixed, Action::Recheck, &system, ""), Ok(State::Rechecked));
        let gone = Entry { state: State::Rechecked, present: Some(false), ..fixed };
        let author_in_qc = Caller { role: Role::DepartmentQc, ..author.clone() };
        assert_eq!(act(&gone, Action::Verify, &author_in_qc, ""), Err(Denied::Author));
        assert_eq!(act(&gone, Action::Verify, &author, ""), Err(Denied::Role));
        assert_eq!(act(&gone, Action::Close, &reviewer, ""), Err(Denied::State));
        assert_eq!(act(&gone, Action::Verify, &reviewer, ""), Ok(State::Verified));
        let verified = Entry { state: State::Verified, ..gone };
        assert_eq!(act(&verified, Action::Close, &reviewer, ""), Ok(State::Closed));
        assert_eq!(act(&Entry { state: State::Closed, ..verified }, Action::Recur, &system, ""), Ok(State::Notified));
    }

    #[test]
    fn an_appeal_is_judged_once_and_by_somebody_else() {
        let authors = ["D01".to_owned()];
        let notified = entry(State::Notified, &authors);
        let physician = caller("li", Role::Physician);
        assert_eq!(act(&notified, Action::Appeal, &physician, " "), Err(Denied::Note));
        assert_eq!(act(&notified, Action::Appeal, &physician, "右侧为既往"), Ok(State::Appealed));
        let appealed = Entry { state: State::Appealed, appealed_by: "li", ..notified.clone() };
        assert_eq!(act(&appealed, Action::AcceptAppeal, &caller("r1", Role::Reviewer), "对"), Err(Denied::Judge));
        assert_eq!(act(&appealed, Action::AcceptAppeal, &caller("li", Role::Expert), "对"), Err(Denied::Judge));
        assert_eq!(act(&appealed, Action::AcceptAppeal, &caller("e1", Role::Expert), "对"), Ok(State::Withdrawn));
        assert_eq!(act(&appealed, Action::RejectAppeal, &caller("r2", Role::Reviewer), "不符"), Ok(State::Notified));
        let again = Entry { appealed_by: "li", ..notified };
        assert_eq!(act(&again, Action::Appeal, &physician, "再申诉"), Err(Denied::AppealedBefore));
    }

    #[test]
    fn nobody_leaves_a_final_state_but_the_program() {
        let authors = [];
        let actions = [
            Action::Acknowledge,
            Action::Fix,
            Action::Appeal,
            Action::RejectAppeal,
            Action::AcceptAppeal,
            Action::Verify,
            Action::Return,
            Action::Close,
            Action::Withdraw,
        ];
        for state in State::ALL.into_iter().filter(|state| state.is_final()) {
            for action in actions {
                for role in [Role::Physician, Role::Reviewer, Role::Expert, Role::RecordsOffice, Role::Administrator] {
                    assert!(act(&entry(state, &authors), action, &caller("x", role), "说明").is_err(), "{state:?} {action:?} {role:?}");
                }
            }
        }
    }

    #[test]
    fn only_a_person_verifies_what_a_person_found() {
        let authors = [];
        let own = Entry { present: None, ..entry(State::Fixed, &authors) };
        assert_eq!(act(&own, Action::Verify, &Caller::system(), ""), Err(Denied::Role));
        assert_eq!(act(&own, Action::Verify, &caller("r2", Role::Reviewer), ""), Ok(State::Verified));
    }
}
