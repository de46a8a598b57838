//! [`Policy`]: the hospital's deadlines and rights for the ledger, from `rules/ledger.toml`.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use serde::Deserialize;

use crate::data::DataFolder;
use crate::problem::Problem;
use crate::rules::Severity;

const FILE: &str = "ledger.toml";

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Findings of these severities enter the ledger by themselves.
    pub notify: Vec<Severity>,
    hours: Hours,
    pub escalation: Escalation,
    pub verification: Verification,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "UPPERCASE")]
struct Hours {
    s1: i64,
    s2: i64,
    s3: i64,
    s4: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// A notice unread for so long goes up.
    pub unread_hours: i64,
    /// An appeal is decided within.
    pub appeal_hours: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// Whether the program may verify that a finding of a rule is gone.
    pub by_system: bool,
}

impl Policy {
    pub fn load(folder: &DataFolder) -> Result<Self, Problem> {
        let Some(file) = &folder.file_or_shipped(FILE) else { return Ok(Self::default()) };
        let policy: Self = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        let hours = [policy.hours.s1, policy.hours.s2, policy.hours.s3, policy.hours.s4];
        if hours.iter().any(|hours| *hours <= 0) {
            return Err(Problem::at_text(file, "[hours]", "a deadline is at least one hour"));
        }
        Ok(policy)
    }

    /// By when a finding of that severity, notified at `at`, is to be corrected.
    pub fn due(&self, severity: Severity, at: DateTime) -> DateTime {
        let hours = match severity {
            Severity::S1 => self.hours.s1,
            Severity::S2 => self.hours.s2,
            Severity::S3 => self.hours.s3,
            Severity::S4 => self.hours.s4,
        };
        at.saturating_add(SignedDuration::from_hours(hours))
    }
}
