//! [`Switches`]: rules that a hospital put on trial, off or in use against what their files say, for one department or for all.

use std::collections::HashMap;

use super::{Rule, Status};

/// One rule's status as the hospital set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    pub rule: String,
    /// Empty: the whole hospital.
    pub department: String,
    pub status: Status,
}

/// Everything that is switched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switches(Vec<Switch>);

/// What is switched where one patient is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switched<'s>(HashMap<&'s str, Status>);

impl Switches {
    pub fn new(mut switches: Vec<Switch>) -> Self {
        // The department's own word comes after the hospital's.
        switches.sort_by_key(|switch| !switch.department.is_empty());
        Self(switches)
    }

    /// What holds in a department: its own word before the hospital's.
    pub fn within(&self, department: &str) -> Switched<'_> {
        let concerns = self.0.iter().filter(|switch| switch.department.is_empty() || switch.department == department);
        Switched(concerns.map(|switch| (switch.rule.as_str(), switch.status)).collect())
    }
}

impl Switched<'_> {
    /// One rule in use, whatever its file says.
    pub fn on(rule: &str) -> Switched<'_> {
        Switched([(rule, Status::Stable)].into())
    }

    /// A rule's status here.
    pub fn status(&self, rule: &Rule) -> Status {
        self.0.get(rule.id.as_str()).copied().unwrap_or(rule.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_overrules_the_hospital() {
        let switch = |rule: &str, department: &str, status| Switch { rule: rule.to_owned(), department: department.to_owned(), status };
        let switches =
            Switches::new(vec![switch("a", "产科", Status::Stable), switch("a", "", Status::Off), switch("b", "儿科", Status::Preview)]);
        assert_eq!(switches.within("产科").0, HashMap::from([("a", Status::Stable)]));
        assert_eq!(switches.within("儿科").0, HashMap::from([("a", Status::Off), ("b", Status::Preview)]));
        assert_eq!(switches.within("骨科").0, HashMap::from([("a", Status::Off)]));
    }
}
