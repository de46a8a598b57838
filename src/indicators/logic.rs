//! [`Logic`]: how facts join, as data, with three values (Kleene): what is not documented is neither true nor false.

use serde::{Deserialize, Serialize};

/// True, false, or the record does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    True,
    False,
    NotDocumented,
}

impl Truth {
    pub fn is_true(self) -> bool {
        self == Truth::True
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Truth::True } else { Truth::False }
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;

    fn not(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::NotDocumented => Truth::NotDocumented,
        }
    }
}

/// A fact by its id, or facts joined:
/// `{ all = […] }`, `{ any = […] }`, `{ not = … }`, `{ unless = … }` (true where it is not known to be true), `{ least = 2, of = […] }`, `{ value = "id", at_least = 12 }`, `{ stated = "id" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Logic {
    Fact(String),
    All(All),
    Any(Any),
    Not(Not),
    Unless(Unless),
    Least(Least),
    Compare(Compare),
    Stated(Stated),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct All {
    pub all: Vec<Logic>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Any {
    pub any: Vec<Logic>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Not {
    pub not: Box<Logic>,
}

/// True where the part is false or not documented: a contraindication that nobody wrote down is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unless {
    pub unless: Box<Logic>,
}

/// At least so many are true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Least {
    pub least: usize,
    pub of: Vec<Logic>,
}

/// The fact's number lies inside the bounds that are given. A bound may be another fact's number (`at_most_value`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most_value: Option<String>,
}

/// The record says something of it, whether yes or no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    pub stated: String,
}

/// What logic asks of the facts.
pub trait Facts {
    fn truth(&self, id: &str) -> Truth;
    fn value(&self, id: &str) -> Option<f64>;
}

impl Logic {
    pub fn judge(&self, facts: &dyn Facts) -> Truth {
        match self {
            Logic::Fact(id) => facts.truth(id),
            Logic::All(All { all }) => conjunction(all.iter().map(|part| part.judge(facts))),
            Logic::Any(Any { any }) => !conjunction(any.iter().map(|part| !part.judge(facts))),
            Logic::Not(Not { not }) => !not.judge(facts),
            Logic::Unless(Unless { unless }) => Truth::from(!unless.judge(facts).is_true()),
            Logic::Least(Least { least, of }) => {
                let truths: Vec<Truth> = of.iter().map(|part| part.judge(facts)).collect();
                let count = |wanted: Truth| truths.iter().filter(|truth| **truth == wanted).count();
                match (count(Truth::True) >= *least, of.len() - count(Truth::False) >= *least) {
                    (true, _) => Truth::True,
                    (_, false) => Truth::False,
                    _ => Truth::NotDocumented,
                }
            }
            Logic::Compare(compare) => compare.judge(facts),
            Logic::Stated(Stated { stated }) => Truth::from(facts.truth(stated) != Truth::NotDocumented || facts.value(stated).is_some()),
        }
    }

    /// Every fact that is named, once for each place.
    pub fn names<'l>(&'l self, names: &mut Vec<&'l str>) {
        match self {
            Logic::Fact(id) => names.push(id),
            Logic::All(All { all: parts }) | Logic::Any(Any { any: parts }) | Logic::Least(Least { of: parts, .. }) => {
                parts.iter().for_each(|part| part.names(names));
            }
            Logic::Not(Not { not: part }) | Logic::Unless(Unless { unless: part }) => part.names(names),
            Logic::Compare(compare) => {
                names.push(&compare.value);
                names.extend(compare.at_least_value.as_deref());
                names.extend(compare.at_most_value.as_deref());
            }
            Logic::Stated(Stated { stated }) => names.push(stated),
        }
    }
}

fn conjunction(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut all = Truth::True;
    for truth in truths {
        match truth {
            Truth::False => return Truth::False,
            Truth::NotDocumented => all = Truth::NotDocumented,
            Truth::True => {}
        }
    }
    all
}

impl Compare {
    fn judge(&self, facts: &dyn Facts) -> Truth {
        let Some(value) = facts.value(&self.value) else { return Truth::NotDocumented };
        let mut holds = self.at_least.is_none_or(|bound| value >= bound)
            && self.at_most.is_none_or(|bound| value <= bound)
            && self.above.is_none_or(|bound| value > bound)
            && self.below.is_none_or(|bound| value < bound);
        for (id, fits) in [
            (&self.at_least_value, (|value, bound| value >= bound) as fn(f64, f64) -> bool),
            (&self.at_most_value, |value, bound| value <= bound),
        ] {
            let Some(id) = id else { continue };
            let Some(bound) = facts.value(id) else { return Truth::NotDocumented };
            holds = holds && fits(value, bound);
        }
        Truth::from(holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known;

    impl Facts for Known {
        fn truth(&self, id: &str) -> Truth {
            match id {
                "yes" => Truth::True,
                "no" => Truth::False,
                _ => Truth::NotDocumented,
            }
        }

        fn value(&self, id: &str) -> Option<f64> {
            (id == "twelve").then_some(12.0)
        }
    }

    fn judged(toml: &str) -> Truth {
        #[derive(Deserialize)]
        struct Holder {
            logic: Logic,
        }
        toml::from_str::<Holder>(&format!("logic = {toml}")).expect("it is written right").logic.judge(&Known)
    }

    #[test]
    fn what_is_not_documented_is_neither_true_nor_false() {
        assert_eq!(judged(r#"{ all = ["yes", "unsaid"] }"#), Truth::NotDocumented);
        assert_eq!(judged(r#"{ all = ["no", "unsaid"] }"#), Truth::False);
        assert_eq!(judged(r#"{ any = ["yes", "unsaid"] }"#), Truth::True);
        assert_eq!(judged(r#"{ any = ["no", "unsaid"] }"#), Truth::NotDocumented);
        assert_eq!(judged(r#"{ any = ["no", "no"] }"#), Truth::False);
        assert_eq!(judged(r#"{ not = "unsaid" }"#), Truth::NotDocumented);
        assert_eq!(judged(r#"{ unless = "unsaid" }"#), Truth::True);
        assert_eq!(judged(r#"{ unless = "yes" }"#), Truth::False);
        assert_eq!(judged(r#"{ not = { any = ["no"] } }"#), Truth::True);
        assert_eq!(judged(r#"{ stated = "no" }"#), Truth::True);
        assert_eq!(judged(r#"{ stated = "unsaid" }"#), Truth::False);
    }

    #[test]
    fn counts_and_bounds() {
        assert_eq!(judged(r#"{ least = 2, of = ["yes", "yes", "unsaid"] }"#), Truth::True);
        assert_eq!(judged(r#"{ least = 2, of = ["yes", "no", "unsaid"] }"#), Truth::NotDocumented);
        assert_eq!(judged(r#"{ least = 2, of = ["yes", "no", "no"] }"#), Truth::False);
        assert_eq!(judged(r#"{ value = "twelve", at_least = 12 }"#), Truth::True);
        assert_eq!(judged(r#"{ value = "twelve", above = 12 }"#), Truth::False);
        assert_eq!(judged(r#"{ value = "unsaid", above = 12 }"#), Truth::NotDocumented);
        assert_eq!(judged(r#"{ value = "twelve", at_most_value = "unsaid" }"#), Truth::NotDocumented);
        assert_eq!(judged(r#"{ value = "twelve", at_most_value = "twelve" }"#), Truth::True);
    }
}
