//! Who calls, and what each role may do.

use serde::{Deserialize, Serialize};

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    /// The EMR system: sends visits and events, and reads what was found in them.
    Emr,
    /// 经治、主治医师: reads, acknowledges, explains and appeals within the department.
    Physician,
    /// 科室质控医师: the department's own notices and verifications.
    DepartmentQc,
    /// 质控科: notices, decisions, verification, closing.
    Reviewer,
    /// 质控专家: judges appeals.
    Expert,
    /// 病案室: reads, figures included; closes the ledger.
    RecordsOffice,
    Administrator,
    /// The program itself; never given to a token.
    #[serde(skip)]
    #[value(skip)]
    System,
}

impl Role {
    const GIVEN: [Role; 7] =
        [Role::Emr, Role::Physician, Role::DepartmentQc, Role::Reviewer, Role::Expert, Role::RecordsOffice, Role::Administrator];

    pub fn may_write_visits(self) -> bool {
        matches!(self, Role::Emr | Role::Administrator)
    }

    pub fn may_read_figures(self) -> bool {
        matches!(self, Role::DepartmentQc | Role::Reviewer | Role::RecordsOffice | Role::Administrator)
    }

    /// Issues notices, verifies, withdraws.
    pub fn is_quality_control(self) -> bool {
        matches!(self, Role::DepartmentQc | Role::Reviewer | Role::Expert | Role::RecordsOffice | Role::Administrator)
    }

    pub fn name(self) -> &'static str {
        match self {
            Role::Emr => "emr",
            Role::Physician => "physician",
            Role::DepartmentQc => "department_qc",
            Role::Reviewer => "reviewer",
            Role::Expert => "expert",
            Role::RecordsOffice => "records_office",
            Role::Administrator => "administrator",
            Role::System => "system",
        }
    }

    /// The role of a token or an account.
    pub fn of(name: &str) -> Option<Self> {
        Role::GIVEN.into_iter().find(|role| role.name() == name)
    }
}

/// Whether this can name somebody or something in the audit trail.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && name.chars().count() <= 64 && !name.chars().any(char::is_control)
}

/// Whoever calls the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub name: String,
    pub role: Role,
    /// Only this department's visits; empty: all.
    pub department: String,
    /// The caller's id in the EMR's `staff`, so that an author is known as one; empty: unknown.
    pub person: String,
}

impl Caller {
    /// The program acting by itself.
    pub fn system() -> Self {
        Self { name: "system".to_owned(), role: Role::System, department: String::new(), person: String::new() }
    }

    /// Keeps accounts, tokens, webhooks and reads the audit trail: an administrator of the whole house, for one of a department could
    /// make himself one.
    pub fn may_administer(&self) -> bool {
        self.role == Role::Administrator && self.department.is_empty()
    }

    pub fn may_see(&self, department: &str) -> bool {
        self.department.is_empty() || self.department == department
    }

    /// Whether this is the person that a record or a ledger line names, by name of the account or by id in the EMR.
    pub fn is(&self, who: &str) -> bool {
        !who.is_empty() && (self.name == who || self.person == who)
    }
}
