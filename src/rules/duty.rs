//! [`Duty`]: one obligation of a visit (a document that must be done by a moment), as `deadline` rules derive it.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// One due item.
#[derive(Debug, Clone, PartialEq)]
pub struct Duty {
    /// What must be done, in Chinese: `首次病程记录`.
    pub task: String,
    /// What started the clock: `入院 2026-03-01 09:30`.
    pub trigger: String,
    /// Tells two duties of one rule apart: the id of the operation, the day of the course note.
    pub anchor: String,
    /// Start of the window.
    pub begin: DateTime,
    pub due: DateTime,
    /// When the satisfying document was completed, where there is one.
    pub done: Option<DateTime>,
    /// Index of that document in the visit.
    pub document: Option<usize>,
    pub state: DutyState,
}

/// The five states of a duty, plus the stretch before the limit in which reminders go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DutyState {
    /// 正常未书写(期限未到)
    Pending,
    /// The last fifth of the window has begun.
    DueSoon,
    /// 未书写超时
    Overdue,
    /// 正常
    InTime,
    /// 书写超时
    Late,
    /// 书写提前: completed before its trigger.
    TooEarly,
}

impl DutyState {
    pub fn chinese(self) -> &'static str {
        match self {
            DutyState::Pending => "未到期",
            DutyState::DueSoon => "即将到期",
            DutyState::Overdue => "超时未完成",
            DutyState::InTime => "按时完成",
            DutyState::Late => "超时完成",
            DutyState::TooEarly => "早于触发事件",
        }
    }
}
