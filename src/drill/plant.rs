//! [`Planter`]: one way in which a defect of the catalogue comes into a visit, and the table of all of them.

use super::draft::{Draft, Plant};
use super::planters;
use super::scene::Scene;

/// Plants one defect. It is written from the catalogue and from medicine, never from the rule that should find it.
#[derive(Debug, Clone, Copy)]
pub struct Planter {
    pub code: &'static str,
    /// What it does, unique within its code.
    pub name: &'static str,
    /// Other codes that say the same of this plant.
    pub also: &'static [&'static str],
    /// What must have happened in the stay before the defect can be planted.
    pub scene: Scene,
    pub act: fn(&mut Draft<'_>) -> Option<Plant>,
}

pub const fn plant(code: &'static str, name: &'static str, act: fn(&mut Draft<'_>) -> Option<Plant>) -> Planter {
    Planter { code, name, also: &[], scene: Scene::AsIs, act }
}

impl Planter {
    pub const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    pub const fn on(self, scene: Scene) -> Self {
        Self { scene, ..self }
    }

    pub fn has_code(&self, code: &str) -> bool {
        self.code == code || self.also.contains(&code)
    }
}

/// All planters in the order of the catalogue, the time limits last.
pub fn all() -> Vec<&'static Planter> {
    let families: [&'static [Planter]; 17] = [
        planters::identity::PLANTERS,
        planters::time::PLANTERS,
        planters::site::PLANTERS,
        planters::contradiction::PLANTERS,
        planters::history::PLANTERS,
        planters::exam::PLANTERS,
        planters::diagnosis::PLANTERS,
        planters::course::PLANTERS,
        planters::silent::PLANTERS,
        planters::copy::PLANTERS,
        planters::drugs::PLANTERS,
        planters::operation::PLANTERS,
        planters::transfusion::PLANTERS,
        planters::consent::PLANTERS,
        planters::discharge::PLANTERS,
        planters::language::PLANTERS,
        planters::limits::PLANTERS,
    ];
    families.into_iter().flatten().collect()
}
