//! Draws: a stored query, a seed and parts give the same visits again, whatever the order in which the population comes.
//!
//! Each visit has a rank by SHA-256 of seed, part and id; a part takes the lowest ranks of each stratum. A visit is drawn once, by the first part
//! that takes it: must-check lists whole, then visits without findings (what was missed), high risk, low confidence, and at random.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::policy::Policy;

/// What is asked for, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    pub query: Query,
    pub seed: u64,
    /// Must-check lists of `rules/review.toml`; every visit on one is drawn.
    pub must: Vec<String>,
    pub strata: Vec<Stratum>,
    /// Visits without findings.
    pub clean: Option<Size>,
    pub high_risk: Option<Size>,
    pub low_confidence: Option<Size>,
    /// Of what is left.
    pub random: Option<Size>,
}

/// The population.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    pub department: String,
    /// First and last day of discharge, 2026-03-01; empty: any.
    pub discharged_from: String,
    pub discharged_to: String,
    /// Visits still in hospital too.
    pub running: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stratum {
    Department,
    Doctor,
    Disease,
    OperationLevel,
    Stay,
}

/// How many of a part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// In all, divided over the strata by their size.
    Count(usize),
    PerStratum(usize),
    /// Of every stratum, rounded up.
    Share(f64),
}

/// Why a visit was drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Must,
    Clean,
    HighRisk,
    LowConfidence,
    #[default]
    Random,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    pub visit_id: String,
    pub part: Part,
    pub stratum: String,
    /// Visits of its stratum and part that it stands for.
    pub weight: f64,
    /// No finding when it was drawn.
    pub clean: bool,
    pub lists: Vec<String>,
}

/// How many one part took of one stratum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    pub part: Part,
    pub stratum: String,
    pub population: usize,
    pub drawn: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Draw {
    pub population: usize,
    pub cells: Vec<Cell>,
    /// In order of id.
    pub visits: Vec<Drawn>,
}

impl Plan {
    /// What is wrong with it, in words for who asked.
    pub fn check(&self, policy: &Policy) -> Result<(), String> {
        if let Some(unknown) = self.must.iter().find(|id| policy.list(id).is_none()) {
            return Err(format!("must: 没有必查清单 {unknown}"));
        }
        let sizes: Vec<Size> = self.parts().into_iter().filter_map(|(_, size)| size).collect();
        if self.must.is_empty() && sizes.is_empty() {
            return Err("请至少指定 must、clean、high_risk、low_confidence、random 之一".to_owned());
        }
        if sizes.iter().any(|size| matches!(size, Size::Share(share) if !(*share > 0.0 && *share <= 1.0))) {
            return Err("share 应大于 0 且不超过 1".to_owned());
        }
        let days = [&self.query.discharged_from, &self.query.discharged_to];
        if days.iter().any(|day| !day.is_empty() && day.parse::<jiff::civil::Date>().is_err()) {
            return Err("discharged_from、discharged_to 应如 2026-03-01".to_owned());
        }
        Ok(())
    }

    fn parts(&self) -> [(Part, Option<Size>); 4] {
        [
            (Part::Clean, self.clean),
            (Part::HighRisk, self.high_risk),
            (Part::LowConfidence, self.low_confidence),
            (Part::Random, self.random),
        ]
    }

    fn stratum(&self, case: &Case, policy: &Policy) -> String {
        let names = self.strata.iter().map(|stratum| match stratum {
            Stratum::Department => case.department.clone(),
            Stratum::Doctor => case.doctor.clone(),
            Stratum::Disease => case.disease.clone(),
            Stratum::OperationLevel if case.operation_level == 0 => "无手术".to_owned(),
            Stratum::OperationLevel => format!("{}级手术", case.operation_level),
            Stratum::Stay => policy.stay_stratum(case.stay_days),
        });
        names.collect::<Vec<_>>().join(" / ")
    }
}

/// A number that only the seed, the part and the id decide.
pub fn rank(seed: u64, purpose: &str, id: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(format!("{seed}|{purpose}|{id}").as_bytes()).into()
}

/// `total` divided over strata of these sizes by largest remainder; no stratum gives more than it has.
fn divide(total: usize, sizes: &[usize]) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    if all == 0 {
        return vec![0; sizes.len()];
    }
    let total = total.min(all);
    let mut parts: Vec<usize> = sizes.iter().map(|size| total * size / all).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|index| (std::cmp::Reverse(total * sizes[*index] % all), *index));
    let left = total - parts.iter().sum::<usize>();
    order.iter().take(left).for_each(|index| parts[*index] += 1);
    parts
}

/// Draws by the plan; `cases` in any order, each visit once.
pub fn draw(plan: &Plan, cases: &[Case], policy: &Policy) -> Draw {
    let mut result = Draw { population: cases.len(), ..Draw::default() };
    let mut taken: HashSet<&str> = HashSet::new();
    let is_must = |case: &Case| case.lists.iter().any(|list| plan.must.contains(list));
    let parts = std::iter::once((Part::Must, Some(Size::Share(1.0)))).chain(plan.parts());
    for (part, size) in parts {
        let Some(size) = size else { continue };
        let belongs = |case: &&Case| match part {
            Part::Must => is_must(case),
            Part::Clean => case.clean,
            Part::HighRisk => case.high_risk,
            Part::LowConfidence => case.low_confidence,
            Part::Random => true,
        };
        let mut strata: BTreeMap<String, Vec<&Case>> = BTreeMap::new();
        for case in cases.iter().filter(|case| !taken.contains(case.visit_id.as_str())).filter(belongs) {
            strata.entry(plan.stratum(case, policy)).or_default().push(case);
        }
        let sizes: Vec<usize> = strata.values().map(Vec::len).collect();
        let wanted: Vec<usize> = match size {
            Size::Count(total) => divide(total, &sizes),
            Size::PerStratum(count) => sizes.iter().map(|size| count.min(*size)).collect(),
            Size::Share(share) => sizes.iter().map(|size| ((share * *size as f64).ceil() as usize).min(*size)).collect(),
        };
        for ((stratum, mut members), count) in strata.into_iter().zip(wanted) {
            members.sort_by_key(|case| (rank(plan.seed, &format!("{part:?}"), &case.visit_id), case.visit_id.clone()));
            let weight = members.len() as f64 / count.max(1) as f64;
            for case in &members[..count] {
                taken.insert(&case.visit_id);
                result.visits.push(Drawn {
                    visit_id: case.visit_id.clone(),
                    part,
                    stratum: stratum.clone(),
                    weight,
                    clean: case.clean,
                    lists: case.lists.clone(),
                });
            }
            result.cells.push(Cell { part, stratum, population: members.len(), drawn: count });
        }
    }
    result.visits.sort_by(|a, b| a.visit_id.cmp(&b.visit_id));
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cases(count: usize) -> Vec<Case> {
        (0..count)
            .map(|number| Case {
                visit_id: format!("V{number:03}"),
                department: ["内科", "外科", "儿科"][number * number % 3].to_owned(),
                clean: number % 4 == 0,
                high_risk: number % 5 == 1,
                low_confidence: number % 7 == 3,
                lists: if number % 11 == 2 { vec!["death".to_owned()] } else { Vec::new() },
                ..Case::default()
            })
            .collect()
    }

    fn plan(seed: u64, size: Size) -> Plan {
        Plan {
            seed,
            must: vec!["death".to_owned()],
            strata: vec![Stratum::Department],
            clean: Some(size),
            high_risk: Some(size),
            low_confidence: Some(Size::PerStratum(1)),
            random: Some(size),
            ..Plan::default()
        }
    }

    #[test]
    fn a_total_is_divided_by_largest_remainder() {
        // 10 over 50, 30, 20: exact. 5 over 7, 2, 1: 3.5, 1.0, 0.5 → 3, 1, 0 and one left for the first of equal remainders.
        assert_eq!(divide(10, &[50, 30, 20]), [5, 3, 2]);
        assert_eq!(divide(5, &[7, 2, 1]), [4, 1, 0]);
        assert_eq!(divide(9, &[2, 1]), [2, 1]);
        assert_eq!(divide(9, &[]), Vec::<usize>::new());
    }

    #[test]
    fn another_seed_draws_others() {
        let (cases, policy) = (cases(60), Policy::default());
        let drawn = |seed| draw(&plan(seed, Size::Count(6)), &cases, &policy).visits;
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn a_plan_that_cannot_be_drawn_says_why() {
        let policy = Policy::default();
        assert!(Plan::default().check(&policy).is_err_and(|why| why.contains("至少")));
        assert!(plan(1, Size::Count(1)).check(&policy).is_err_and(|why| why.contains("death")));
        let share = Plan { random: Some(Size::Share(1.5)), ..Plan::default() };
        assert!(share.check(&policy).is_err_and(|why| why.contains("share")));
    }

    proptest! {
        #[test]
        fn a_draw_is_repeatable_and_respects_its_strata(
            order in Just((0..60_usize).collect::<Vec<_>>()).prop_shuffle(), seed in any::<u64>(),
            size in prop_oneof![(0..20_usize).prop_map(Size::Count), (0..5_usize).prop_map(Size::PerStratum), (0.05..1.0_f64).prop_map(Size::Share)],
        ) {
            let (cases, policy, plan) = (cases(60), Policy::default(), plan(seed, size));
            let shuffled: Vec<Case> = order.iter().map(|index| cases[*index].clone()).collect();
            let drawn = draw(&plan, &cases, &policy);
            prop_assert_eq!(&drawn, &draw(&plan, &shuffled, &policy));
            let ids: HashSet<&str> = drawn.visits.iter().map(|visit| visit.visit_id.as_str()).collect();
            prop_assert_eq!(ids.len(), drawn.visits.len(), "a visit is drawn once");
            prop_assert!(cases.iter().filter(|case| !case.lists.is_empty()).all(|case| ids.contains(case.visit_id.as_str())));
            for cell in &drawn.cells {
                let of_cell: Vec<&Drawn> = drawn.visits.iter().filter(|visit| visit.part == cell.part && visit.stratum == cell.stratum).collect();
                prop_assert_eq!(of_cell.len(), cell.drawn);
                match (cell.part, size) {
                    (Part::Must, _) => prop_assert_eq!(cell.drawn, cell.population),
                    (Part::LowConfidence, _) => prop_assert_eq!(cell.drawn, 1.min(cell.population)),
                    (_, Size::PerStratum(count)) => prop_assert_eq!(cell.drawn, count.min(cell.population)),
                    (_, Size::Share(share)) => prop_assert_eq!(cell.drawn, (share * cell.population as f64).ceil() as usize),
                    (_, Size::Count(_)) => {}
                }
                // Those drawn stand for all of their stratum.
                let stands_for: f64 = of_cell.iter().map(|visit| visit.weight).sum();
                prop_assert!(cell.drawn == 0 || (stands_for - cell.population as f64).abs() < 1e-6);
            }
        }
    }
}
