//! The drill: known defects are planted one at a time into copies of visits, the whole rulebook judges each copy, and what was found, missed
//! and found besides is counted. A hospital measures its checker with it on its own records.
//!
//! The same seed gives the same plants and the same report, however many threads work.

pub mod draft;
pub mod plant;
pub mod planters;
pub mod scene;
pub mod table;

use std::collections::{BTreeMap, HashSet};

use fastrand::Rng;
use jiff::civil::DateTime;
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::reading::Reading;
use crate::record::Visit;
use crate::report::{Finding, Options, Report, Sheet, check};
use crate::rules::{Rulebook, Severity, Status};
use draft::{ADMISSION, Draft, Plant, whole_text};
use plant::Planter;
use scene::Scene;
pub use table::DrillReport;

/// What a drill is run with.
pub struct Drill<'a> {
    pub rulebook: &'a Rulebook,
    pub sheet: &'a Sheet,
    /// For visits that don't say their moment.
    pub now: DateTime,
    pub seed: u64,
    pub planters: Vec<&'static Planter>,
}

/// One planter on one visit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    pub visit_id: String,
    pub department: String,
    pub style: Style,
    pub code: &'static str,
    pub planter: &'static str,
    pub scene: Scene,
    pub plant: Plant,
    pub found: bool,
    /// Findings of other codes that the unplanted visit had not.
    pub collateral: Vec<Collateral>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Collateral {
    pub rule: String,
    pub defect: String,
    pub severity: Severity,
    pub message: String,
}

/// How a hospital writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Style {
    /// The EMR keeps sections apart; otherwise a document is one text.
    pub sectioned: bool,
    pub verbose: bool,
}

impl Style {
    /// An admission note of more characters than this is a verbose one.
    const VERBOSE: usize = 900;

    fn of(visit: &Visit, reading: &Reading) -> Self {
        let note =
            reading.documents.iter().find(|document| ADMISSION.contains(&document.kind)).map(|document| &visit.documents[document.index]);
        Self {
            sectioned: note.is_some_and(|note| note.sections.is_some()),
            verbose: note.is_some_and(|note| whole_text(note).chars().count() > Self::VERBOSE),
        }
    }
}

/// A visit with a scene played into it, as it is before anything is planted.
struct Stage {
    visit: Visit,
    reading: Reading,
    report: Report,
}

/// A random source of its own for each visit and planter, so that neither order nor selection matters.
fn source(seed: u64, visit: &str, what: &str) -> Rng {
    let digest = Sha256::digest(format!("{seed}\n{visit}\n{what}"));
    let bytes: [u8; 8] = std::array::from_fn(|index| digest[index]);
    Rng::with_seed(u64::from_le_bytes(bytes))
}

impl Drill<'_> {
    fn judge(&self, visit: &Visit) -> Report {
        check(visit, Vec::new(), self.rulebook, Options::of(self.sheet, self.now))
    }

    fn stage(&self, visit: &Visit, scene: Scene) -> Option<Stage> {
        let reading = self.rulebook.knowledge.reader.read(visit);
        let mut draft = Draft::new(visit, &reading, source(self.seed, &visit.visit_id, &format!("{scene:?}")));
        scene.play(&mut draft)?;
        let visit = draft.finish();
        let reading = self.rulebook.knowledge.reader.read(&visit);
        Some(Stage { report: self.judge(&visit), visit, reading })
    }

    /// Plants everything everywhere.
    pub fn run(&self, visits: &[Visit]) -> DrillReport {
        let scenes: Vec<Scene> = {
            let mut scenes: Vec<Scene> = self.planters.iter().map(|planter| planter.scene).collect();
            scenes.push(Scene::AsIs);
            scenes.sort_unstable();
            scenes.dedup();
            scenes
        };
        let staged: Vec<(usize, Scene)> = (0..visits.len()).flat_map(|visit| scenes.iter().map(move |scene| (visit, *scene))).collect();
        let stages: BTreeMap<(usize, Scene), Stage> =
            staged.into_par_iter().filter_map(|key| Some((key, self.stage(&visits[key.0], key.1)?))).collect();
        let pairs: Vec<(usize, &Planter)> =
            (0..visits.len()).flat_map(|visit| self.planters.iter().map(move |planter| (visit, *planter))).collect();
        let outcomes: Vec<Option<Outcome>> =
            pairs.par_iter().map(|(visit, planter)| self.plant(stages.get(&(*visit, planter.scene))?, planter)).collect();
        let baseline: Vec<&Report> =
            (0..visits.len()).filter_map(|visit| stages.get(&(visit, Scene::AsIs))).map(|stage| &stage.report).collect();
        let played = stages.iter().filter(|((_, scene), _)| *scene != Scene::AsIs);
        let played: Vec<(&Report, Scene, &Report)> = played
            .filter_map(|((visit, scene), stage)| Some((&stage.report, *scene, &stages.get(&(*visit, Scene::AsIs))?.report)))
            .collect();
        table::report(self, &baseline, &played, &pairs, outcomes)
    }

    fn plant(&self, stage: &Stage, planter: &'static Planter) -> Option<Outcome> {
        let rng = source(self.seed, &stage.visit.visit_id, &format!("{} {}", planter.code, planter.name));
        let mut draft = Draft::new(&stage.visit, &stage.reading, rng);
        let plant = (planter.act)(&mut draft)?;
        let planted = draft.finish();
        if planted == stage.visit {
            return None;
        }
        let report = self.judge(&planted);
        let new = new_findings(&stage.report, &report);
        let hits: Vec<&Finding> = new.iter().copied().filter(|finding| self.answers(planter, finding)).collect();
        let groups: HashSet<&str> = hits.iter().map(|finding| finding.group.as_str()).collect();
        let is_side = |finding: &&&Finding| {
            finding.status == Status::Stable && !self.names(planter, finding) && !groups.contains(finding.group.as_str())
        };
        let side = unmatched(&stage.report, &report, &new);
        let collateral = side.iter().filter(is_side).map(|finding| Collateral {
            rule: finding.rule.clone(),
            defect: finding.defect.clone(),
            severity: finding.severity,
            message: finding.message.clone(),
        });
        Some(Outcome {
            visit_id: stage.visit.visit_id.clone(),
            department: stage.visit.admission.department.clone().unwrap_or_default(),
            style: Style::of(&stage.visit, &stage.reading),
            code: planter.code,
            planter: planter.name,
            scene: planter.scene,
            plant,
            found: !hits.is_empty(),
            collateral: collateral.collect(),
        })
    }

    /// The finding, or its rule, names what was planted.
    fn names(&self, planter: &Planter, finding: &Finding) -> bool {
        let also = || self.rulebook.rules.iter().find(|compiled| compiled.rule.id == finding.rule).map(|compiled| &compiled.rule.also);
        planter.has_code(&finding.defect) || also().is_some_and(|also| also.iter().any(|code| planter.has_code(code)))
    }

    /// A rule in preview answers only for a code that no stable one has.
    fn answers(&self, planter: &Planter, finding: &Finding) -> bool {
        self.names(planter, finding) && (finding.status == Status::Stable || self.standing(planter.code) != Some(Status::Stable))
    }

    /// The best standing of the rules that name a code.
    pub fn standing(&self, code: &str) -> Option<Status> {
        let rules = self
            .rulebook
            .rules
            .iter()
            .map(|compiled| &compiled.rule)
            .filter(|rule| rule.defect == code || rule.also.iter().any(|also| also == code));
        let states: Vec<Status> = rules.map(|rule| rule.status).collect();
        [Status::Stable, Status::Preview].into_iter().find(|status| states.contains(status))
    }
}

fn new_findings<'r>(before: &Report, after: &'r Report) -> Vec<&'r Finding> {
    let known: HashSet<&str> = before.findings.iter().map(|finding| finding.id.as_str()).collect();
    after.findings.iter().filter(|finding| !known.contains(finding.id.as_str())).collect()
}

/// New findings less those that only changed their words: as many of one rule as went are not new.
fn unmatched<'r>(before: &Report, after: &Report, new: &[&'r Finding]) -> Vec<&'r Finding> {
    let still: HashSet<&str> = after.findings.iter().map(|finding| finding.id.as_str()).collect();
    let mut gone: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in before.findings.iter().filter(|finding| !still.contains(finding.id.as_str())) {
        *gone.entry(finding.rule.as_str()).or_default() += 1;
    }
    let mut rest = new.to_vec();
    rest.retain(|finding| match gone.get_mut(finding.rule.as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    rest
}
