//! The medical tables of `rules/knowledge/`: doses, allergy groups, exclusive diagnoses, contraindications, expected treatment, ICD-10 names.
//! An entry names its source, or says `local`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::data::DataFolder;
use crate::problem::Problem;
use crate::reading::ConceptId;
use crate::reading::lexicon::{ConceptKind, ConceptSet, Lexicon};
use crate::reading::measures::convert;

/// All tables, validated against the lexicon.
#[derive(Debug, Default)]
pub struct Tables {
    /// By drug.
    pub doses: BTreeMap<String, Dose>,
    pub exclusive: Vec<Exclusive>,
    pub allergies: Vec<AllergyGroup>,
    pub contraindications: Vec<Contraindication>,
    pub treatments: Vec<Treatment>,
    pub codes: Vec<CodeName>,
    pub home_drugs: Vec<HomeDrug>,
    pub results: Vec<ResultDiagnosis>,
    pub plans: Vec<PlanOrder>,
    /// By disease, what patients come with or what is found in them.
    manifestations: BTreeMap<ConceptId, ConceptSet>,
}

/// Bounds of a single adult dose; what lies outside is an order of magnitude off, not merely unusual.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dose {
    pub unit: String,
    pub max: f64,
    #[serde(default)]
    pub min: Option<f64>,
    /// Most of one day that any label allows an adult by mouth or vein, loading doses left out.
    #[serde(default)]
    pub max_day: Option<f64>,
    /// Most of one nebulised dose, in the same unit.
    #[serde(default)]
    pub max_inhaled: Option<f64>,
    /// Routes that are never right for the drug: 氯化钾 by 静脉推注.
    #[serde(default)]
    pub never_by: Vec<String>,
    pub source: String,
}

impl Dose {
    /// What bound a dose breaks, in words. A unit of another dimension (片, 支) says nothing; a child's dose may be as small as the child.
    pub fn broken_by(&self, dose: f64, unit: &str, route: Option<&str>, is_child: bool) -> Option<String> {
        if let Some(route) = route.and_then(|route| self.never_by.iter().find(|never| route.contains(never.as_str()))) {
            return Some(format!("不得{route}"));
        }
        let value = convert(dose, unit, &self.unit)?;
        if value > self.max {
            return Some(format!("单次常用上限{}{}", self.max, self.unit));
        }
        self.min.filter(|min| !is_child && value < *min).map(|min| format!("单次常用下限{min}{}", self.unit))
    }

    /// The bound that a nebulised dose breaks, in words.
    pub fn broken_by_inhaling(&self, dose: f64, unit: &str) -> Option<String> {
        let (value, max) = (convert(dose, unit, &self.unit)?, self.max_inhaled?);
        (value > max).then(|| format!("单次雾化常用上限{max}{}", self.unit))
    }
}

/// Diagnoses of which a patient has at most one.
#[derive(Debug, Clone)]
pub struct Exclusive {
    pub members: Vec<(String, ConceptSet)>,
    /// One may follow the other within a stay: only at one moment they exclude each other.
    pub passing: bool,
}

/// An allergy and the drugs that it forbids.
#[derive(Debug, Clone)]
pub struct AllergyGroup {
    pub allergy: ConceptSet,
    pub drugs: ConceptSet,
    pub why: String,
}

/// A drug that must not be given in a state that a laboratory value or a diagnosis shows, unless the course says why.
#[derive(Debug, Clone)]
pub struct Contraindication {
    pub drugs: ConceptSet,
    pub lab: Option<(ConceptSet, LabBound)>,
    pub diagnoses: ConceptSet,
    /// A value that only the text states counts too: of slow states such as renal failure, not of what changes by the hour.
    pub in_text: bool,
    /// Only of drugs that go home with the patient: in hospital it is weighed day by day.
    pub at_discharge: bool,
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabBound {
    pub below: Option<f64>,
    pub above: Option<f64>,
}

impl LabBound {
    pub fn met(self, value: f64) -> bool {
        self.below.is_some_and(|below| value < below) || self.above.is_some_and(|above| value > above)
    }
}

/// A diagnosis and what some order of the stay should be.
#[derive(Debug, Clone)]
pub struct Treatment {
    pub diagnosis: ConceptSet,
    pub orders: ConceptSet,
    pub needs: String,
}

/// Drugs that are taken for years, and what they are taken for.
#[derive(Debug, Clone)]
pub struct HomeDrug {
    pub drugs: ConceptSet,
    pub reasons: ConceptSet,
    /// Words that name a reason or the drugs as a group: 抗凝, 降糖药.
    pub words: Vec<String>,
}

/// A result that, repeated or treated, is a diagnosis.
#[derive(Debug, Clone)]
pub struct ResultDiagnosis {
    pub lab: ConceptSet,
    pub bound: LabBound,
    /// Orders that treat it.
    pub treatment: ConceptSet,
    /// Words of a transfused component that treats it.
    pub components: Vec<String>,
    pub diagnoses: ConceptSet,
    /// Words of a diagnosis that names it.
    pub words: Vec<String>,
    /// Words of the course that explain why it is none.
    pub excused: Vec<String>,
    pub name: String,
}

/// What a plan says, and the orders that go against it. All are words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanOrder {
    pub plan: Vec<String>,
    pub contrary: Vec<String>,
    /// Orders that carry it out, whatever else is ordered later.
    pub kept: Vec<String>,
    /// Words of the course that say that the plan was changed.
    pub changed: Vec<String>,
    pub source: String,
}

/// A code prefix and the words of which the name must hold one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeName {
    pub code: String,
    /// Words that belong to this code.
    pub names: Vec<String>,
    /// Words that belong to another code, e.g. 2型 under E10.
    pub not: Vec<String>,
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DoseFile {
    dose: BTreeMap<String, Dose>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExclusiveFile {
    group: Vec<ExclusiveEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExclusiveEntry {
    members: Vec<String>,
    #[serde(default)]
    passing: bool,
    #[allow(dead_code)] // read by people
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllergyFile {
    group: Vec<AllergyEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllergyEntry {
    allergy: Vec<String>,
    drugs: Vec<String>,
    why: String,
    #[allow(dead_code)] // read by people
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContraindicationFile {
    contraindication: Vec<ContraindicationEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContraindicationEntry {
    drugs: Vec<String>,
    #[serde(default)]
    lab: Vec<String>,
    bound: Option<LabBound>,
    #[serde(default)]
    diagnoses: Vec<String>,
    #[serde(default)]
    in_text: bool,
    #[serde(default)]
    at_discharge: bool,
    why: String,
    #[allow(dead_code)] // read by people
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TreatmentFile {
    treatment: Vec<TreatmentEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TreatmentEntry {
    diagnosis: Vec<String>,
    orders: Vec<String>,
    needs: String,
    #[allow(dead_code)] // read by people
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HomeDrugFile {
    drug: Vec<HomeDrugEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HomeDrugEntry {
    drugs: Vec<String>,
    reasons: Vec<String>,
    words: Vec<String>,
    #[allow(dead_code)] // read by people
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResultFile {
    result: Vec<ResultEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResultEntry {
    lab: Vec<String>,
    bound: LabBound,
    #[serde(default)]
    treatment: Vec<String>,
    #[serde(default)]
    components: Vec<String>,
    diagnoses: Vec<String>,
    words: Vec<String>,
    #[serde(default)]
    excused: Vec<String>,
    name: String,
    #[allow(dead_code)] // read by people
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    plan: Vec<PlanOrder>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestationFile {
    disease: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeFile {
    code: Vec<CodeName>,
}

impl Tables {
    /// What the disease may well explain; `None` where the table does not know it.
    pub fn manifestations_of(&self, disease: ConceptId) -> Option<&ConceptSet> {
        self.manifestations.get(&disease)
    }

    pub fn load(folder: &DataFolder, lexicon: &Lexicon) -> Result<Self, Vec<Problem>> {
        let mut tables = Tables::default();
        let mut problems = Vec::new();
        let mut set = |path: &str, names: &[String]| {
            lexicon.set(names).unwrap_or_else(|text| {
                if let Some(file) = folder.file(path) {
                    problems.push(Problem::at_text(
                        file,
                        names.iter().find(|name| text.contains(name.as_str())).map_or("", String::as_str),
                        text,
                    ));
                }
                ConceptSet::default()
            })
        };
        let one = |problem| vec![problem];
        if let Some(file) = parse::<DoseFile>(folder, "knowledge/doses.toml").map_err(one)? {
            let names: Vec<String> = file.dose.keys().cloned().collect();
            set("knowledge/doses.toml", &names);
            tables.doses = file.dose;
        }
        if let Some(file) = parse::<ExclusiveFile>(folder, "knowledge/exclusive.toml").map_err(one)? {
            for entry in file.group {
                let members =
                    entry.members.iter().map(|name| (name.clone(), set("knowledge/exclusive.toml", std::slice::from_ref(name)))).collect();
                tables.exclusive.push(Exclusive { members, passing: entry.passing });
            }
        }
        if let Some(file) = parse::<AllergyFile>(folder, "knowledge/allergies.toml").map_err(one)? {
            for entry in file.group {
                let path = "knowledge/allergies.toml";
                tables.allergies.push(AllergyGroup { allergy: set(path, &entry.allergy), drugs: set(path, &entry.drugs), why: entry.why });
            }
        }
        if let Some(file) = parse::<ContraindicationFile>(folder, "knowledge/contraindications.toml").map_err(one)? {
            for entry in file.contraindication {
                let path = "knowledge/contraindications.toml";
                let lab = entry.bound.map(|bound| (set(path, &entry.lab), bound));
                tables.contraindications.push(Contraindication {
                    drugs: set(path, &entry.drugs),
                    lab,
                    diagnoses: set(path, &entry.diagnoses),
                    in_text: entry.in_text,
                    at_discharge: entry.at_discharge,
                    why: entry.why,
                });
            }
        }
        if let Some(file) = parse::<TreatmentFile>(folder, "knowledge/treatments.toml").map_err(one)? {
            for entry in file.treatment {
                let path = "knowledge/treatments.toml";
                tables.treatments.push(Treatment {
                    diagnosis: set(path, &entry.diagnosis),
                    orders: set(path, &entry.orders),
                    needs: entry.needs,
                });
            }
        }
        if let Some(file) = parse::<CodeFile>(folder, "knowledge/codes.toml").map_err(one)? {
            tables.codes = file.code;
        }
        if let Some(file) = parse::<HomeDrugFile>(folder, "knowledge/home-drugs.toml").map_err(one)? {
            for entry in file.drug {
                let path = "knowledge/home-drugs.toml";
                tables.home_drugs.push(HomeDrug { drugs: set(path, &entry.drugs), reasons: set(path, &entry.reasons), words: entry.words });
            }
        }
        if let Some(file) = parse::<ResultFile>(folder, "knowledge/results.toml").map_err(one)? {
            for entry in file.result {
                let path = "knowledge/results.toml";
                tables.results.push(ResultDiagnosis {
                    lab: set(path, &entry.lab),
                    bound: entry.bound,
                    treatment: set(path, &entry.treatment),
                    components: entry.components,
                    diagnoses: set(path, &entry.diagnoses),
                    words: entry.words,
                    excused: entry.excused,
                    name: entry.name,
                });
            }
        }
        if let Some(file) = parse::<PlanFile>(folder, "knowledge/plans.toml").map_err(one)? {
            tables.plans = file.plan;
        }
        if let Some(file) = parse::<ManifestationFile>(folder, "knowledge/manifestations.toml").map_err(one)? {
            let path = "knowledge/manifestations.toml";
            let line = |(disease, names): (&String, &Vec<String>)| {
                (lexicon.id(disease), set(path, std::slice::from_ref(disease)), set(path, names))
            };
            let lines: Vec<_> = file.disease.iter().map(line).collect();
            tables.manifestations = by_disease(&lines, lexicon);
        }
        if problems.is_empty() { Ok(tables) } else { Err(problems) }
    }
}

/// A disease has its own line, or else those of what it is. A line is a disease, all that are one, and what it may explain.
fn by_disease(lines: &[(Option<ConceptId>, ConceptSet, ConceptSet)], lexicon: &Lexicon) -> BTreeMap<ConceptId, ConceptSet> {
    let mut known: BTreeMap<ConceptId, ConceptSet> = BTreeMap::new();
    let diseases = (0..lexicon.len() as u32).map(ConceptId).filter(|id| lexicon.concept(*id).kind == ConceptKind::Disease);
    for id in diseases {
        let own = lines.iter().find(|(name, ..)| *name == Some(id));
        let of_classes = lines.iter().filter(|(_, class, _)| own.is_none() && class.contains(id));
        for (.., manifestations) in own.into_iter().chain(of_classes) {
            known.entry(id).or_default().extend(manifestations);
        }
    }
    known
}

fn parse<T: DeserializeOwned>(folder: &DataFolder, path: &str) -> Result<Option<T>, Problem> {
    let Some(file) = folder.file(path) else { return Ok(None) };
    toml::from_str(&file.text).map(Some).map_err(|error| Problem::toml(file, &error))
}
