//! `agree`: one fact, the same in all documents that state it: name, sex, allergy, blood group, surgeon, anaesthesia, time of death, diagnoses.
//!
//! ```toml
//! [check]
//! kind = "agree"
//! fact = "sex"
//! within = ["*"]
//! ```

mod diagnoses;
mod history;
mod operation;
mod orders;
mod surgery;
mod text;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::places::Places;
use super::{Check, DataEvidence, Evidence, Hit, Knowledge, Outcome, Role, SpecError, Subject};
use crate::reading::text::Span;
use crate::reading::{Assertion, Experiencer, Passage};
use crate::record::{CodedDiagnosis, Sex, time};
pub(super) use surgery::{is_malignant, names_tumour};
pub(super) use text::shared;
use text::{abo, allergy_statements, death_times, is_goal_or_history, written_groups};
pub(super) use text::{is_same_name, labelled, opening_name, stated_sex};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agree {
    pub fact: Fact,
    #[serde(default)]
    pub within: Vec<String>,
    /// The other side, where a fact compares two kinds of places.
    #[serde(default)]
    pub against: Vec<String>,
    /// How far two numbers may differ: minutes, or a share of the larger (0.2).
    #[serde(default)]
    pub tolerance: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Name,
    Sex,
    Allergy,
    BloodGroup,
    DeathTime,
    Surgeon,
    Anesthesia,
    BloodLoss,
    /// Discharge diagnoses of the discharge record and the front page.
    DischargeDiagnosis,
    /// Volume of one component over transfusion rows and documents.
    TransfusionVolume,
    /// Onset: how long ago by the chief complaint (`within`) and by the history (`against`).
    Onset,
    /// Normal limbs by template (`within`) although a limb is broken or paralysed (`against`).
    LimbTemplate,
    /// A differential diagnosis that this patient's sex rules out.
    SexInDifferential,
    /// Vertebral levels of one operation.
    Segment,
    /// Sizes of one finding that differ by a slipped decimal point.
    TenfoldSize,
    /// Values of laboratory items quoted in notes against the report.
    LabValue,
    /// A diagnosis of the lists in `within` that no text in `against` speaks of.
    NewDiagnosis,
    /// The operation planned (`within`) and done (`against`).
    PlannedOperation,
    /// A malignant pathology report and the discharge diagnoses in `within`.
    Pathology,
    /// Doses given according to notes against the orders of that time.
    OrderedDose,
}

struct Prepared {
    spec: Agree,
    places: Places,
    against: Places,
}

impl Agree {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        let places =
            |written: &[String], name: &str| Places::parse(written, knowledge.documents()).map_err(|text| SpecError::new(name, text));
        Ok(Box::new(Prepared { spec: self.clone(), places: places(&self.within, "within")?, against: places(&self.against, "against")? }))
    }
}

impl Check for Prepared {
    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let result = match self.spec.fact {
            Fact::Name => self.name(subject),
            Fact::Sex => self.sex(subject),
            Fact::Allergy => Ok(self.allergy(subject)),
            Fact::BloodGroup => Ok(self.blood_group(subject)),
            Fact::DeathTime => Ok(self.death_time(subject)),
            Fact::Surgeon => self.surgeon(subject),
            Fact::Anesthesia => self.anesthesia(subject),
            Fact::BloodLoss => Ok(self.blood_loss(subject)),
            Fact::DischargeDiagnosis => self.discharge_diagnosis(subject),
            Fact::TransfusionVolume => self.transfusion_volume(subject),
            Fact::Onset => Ok(self.onset(subject)),
            Fact::LimbTemplate => Ok(self.limb_template(subject)),
            Fact::SexInDifferential => self.sex_in_differential(subject),
            Fact::Segment => Ok(self.segment(subject)),
            Fact::TenfoldSize => Ok(self.tenfold_size(subject)),
            Fact::LabValue => self.lab_value(subject),
            Fact::NewDiagnosis => Ok(self.new_diagnosis(subject)),
            Fact::PlannedOperation => Ok(self.planned_operation(subject)),
            Fact::Pathology => self.pathology(subject),
            Fact::OrderedDose => self.ordered_dose(subject),
        };
        match result {
            Ok(hits) => Outcome::Ran(hits),
            Err(why) => Outcome::Skipped(why),
        }
    }
}

fn piece(passage: &Arc<Passage>, span: Span, role: Role) -> Evidence {
    Evidence { passage: passage.clone(), span, role }
}

impl Prepared {
    fn name(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let name = subject.visit.patient.name.as_deref().ok_or("未提供患者姓名")?;
        let same = |stated: &str| is_same_name(name, stated);
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            let stated = labelled(text, "患者姓名").or_else(|| labelled(text, "姓名")).or_else(|| opening_name(text));
            if let Some((span, stated)) = stated.filter(|(_, stated)| !same(stated)) {
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This)],
                    data: vec![DataEvidence { path: "/patient/name".into(), label: format!("患者姓名 {name}") }],
                    slots: vec![("stated", stated.to_owned()), ("expected", name.to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    fn sex(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let sex = match subject.visit.patient.sex {
            Some(sex @ (Sex::Male | Sex::Female)) => sex,
            _ => return Err("未提供患者性别".to_owned()),
        };
        let mut hits = Vec::new();
        if let Some(page) = subject.visit.front_page.as_ref().and_then(|page| page.sex).filter(|page| *page != Sex::Unknown && *page != sex)
        {
            hits.push(Hit {
                data: vec![DataEvidence { path: "/front_page/sex".into(), label: format!("首页性别{}", page.chinese()) }],
                slots: vec![("stated", page.chinese().to_owned()), ("expected", sex.chinese().to_owned())],
                ..Hit::default()
            });
        }
        for passage in self.places.passages(subject) {
            if passage.section.as_ref() == "家族史" {
                continue;
            }
            let Some((span, stated)) = stated_sex(passage) else { continue };
            if stated != sex {
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This)],
                    data: vec![DataEvidence { path: "/patient/sex".into(), label: format!("患者性别 {}", sex.chinese()) }],
                    slots: vec![("stated", stated.chinese().to_owned()), ("expected", sex.chinese().to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    /// A drug or food allergy said somewhere and denied, or left out on the front page, elsewhere.
    fn allergy(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut stated: Option<(&Arc<Passage>, Span)> = None;
        let mut denied: Option<(&Arc<Passage>, Span)> = None;
        for passage in self.places.passages(subject) {
            for (span, is_denied) in allergy_statements(passage) {
                let slot = if is_denied { &mut denied } else { &mut stated };
                slot.get_or_insert((passage, span));
            }
        }
        let mut hits = Vec::new();
        if let (Some(stated), Some(denied)) = (stated, denied) {
            hits.push(Hit {
                evidence: vec![piece(denied.0, denied.1, Role::This), piece(stated.0, stated.1, Role::Against)],
                ..Hit::default()
            });
        }
        let page = subject.visit.front_page.as_ref().and_then(|page| page.allergy.as_deref());
        if let (Some(stated), Some("无" | "否" | "1")) = (stated, page) {
            hits.push(Hit {
                evidence: vec![piece(stated.0, stated.1, Role::This)],
                data: vec![DataEvidence { path: "/front_page/allergy".into(), label: "首页药物过敏:无".into() }],
                ..Hit::default()
            });
        }
        let lexicon = subject.knowledge.lexicon();
        let is_drug = |text: &&String| lexicon.find(text).any(|(_, id)| lexicon.is_a(id, "药物"));
        let listed = subject.visit.patient.allergies.iter().flatten().find(is_drug);
        if let (Some(denied), Some(first)) = (denied, listed)
            && hits.is_empty()
        {
            hits.push(Hit {
                evidence: vec![piece(denied.0, denied.1, Role::This)],
                data: vec![DataEvidence { path: "/patient/allergies/0".into(), label: format!("患者过敏信息:{first}") }],
                ..Hit::default()
            });
        }
        hits
    }

    fn blood_group(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut said: Vec<(String, Source<'_>)> = Vec::new();
        for (index, lab) in subject.visit.labs.iter().flatten().enumerate() {
            let is_group = lab.item.as_deref().is_some_and(|item| item.contains("血型") && !item.contains("Rh"));
            if let Some(group) = lab.value.as_deref().filter(|_| is_group).and_then(abo) {
                said.push((
                    group.to_owned(),
                    Source::Data(DataEvidence { path: format!("/labs/{index}"), label: format!("检验血型 {group}型") }),
                ));
            }
        }
        if let Some(group) = subject.visit.front_page.as_ref().and_then(|page| page.blood_type.as_deref()).and_then(abo) {
            said.push((
                group.to_owned(),
                Source::Data(DataEvidence { path: "/front_page/blood_type".into(), label: format!("首页血型 {group}型") }),
            ));
        }
        for (index, transfusion) in subject.visit.transfusions.iter().flatten().enumerate() {
            if let Some(group) = transfusion.blood_type.as_deref().and_then(abo) {
                said.push((
                    group.to_owned(),
                    Source::Data(DataEvidence { path: format!("/transfusions/{index}"), label: format!("输血血型 {group}型") }),
                ));
            }
        }
        for passage in self.places.passages(subject) {
            for (span, group) in written_groups(passage.text.as_str()) {
                said.push((group.to_owned(), Source::Text(passage, span)));
            }
        }
        // Group O red cells are given before the group is known, and after a transplant from a donor of another group.
        const EXPLAINED: [&str; 6] = ["血型不合", "次要不合", "主要不合", "紧急发", "紧急用血", "配合性输"];
        let explained = self.places.passages(subject).any(|passage| EXPLAINED.iter().any(|word| passage.text.as_str().contains(word)));
        if explained {
            said.retain(|(group, _)| group.as_str() != "O");
        }
        differing(&said)
    }

    fn death_time(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut said: Vec<(jiff::civil::DateTime, Source<'_>)> = Vec::new();
        if let Some(death) = subject.visit.front_page.as_ref().and_then(|page| page.death_at).filter(|death| death.has_time()) {
            said.push((
                death.earliest(),
                Source::Data(DataEvidence { path: "/front_page/death_at".into(), label: format!("首页死亡时间 {death}") }),
            ));
        }
        for document in self.places.documents(subject) {
            let Some(day) = document.time.map(|time| time.date()) else { continue };
            for passage in self.places.passages_of(document) {
                said.extend(death_times(passage, day).into_iter().map(|(at, span)| (at, Source::Text(passage, span))));
            }
        }
        let Some((first, first_source)) = said.first().cloned() else { return Vec::new() };
        let other = said.iter().skip(1).find(|(at, _)| time::minutes_between(first, *at).abs() as f64 > self.spec.tolerance);
        let Some((at, source)) = other else { return Vec::new() };
        let mut hit = Hit {
            slots: vec![("stated", at.strftime("%m-%d %H:%M").to_string()), ("expected", first.strftime("%m-%d %H:%M").to_string())],
            ..Hit::default()
        };
        source.clone().add(&mut hit, Role::This);
        first_source.add(&mut hit, Role::Against);
        vec![hit]
    }

    fn discharge_diagnosis(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let page = subject.visit.front_page.as_ref().ok_or("未提供病案首页数据")?;
        let diagnoses = || page.main_diagnosis.iter().chain(page.other_diagnoses.iter().flatten());
        let listed: Vec<&str> = diagnoses().filter_map(|diagnosis| diagnosis.name.as_deref()).filter(|name| !name.is_empty()).collect();
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        // 恶性肿瘤化学治疗 and its like name why the patient came this time; only the coded page words it so.
        let is_aim = |diagnosis: &&CodedDiagnosis| diagnosis.icd10.as_deref().is_some_and(|code| code.starts_with("Z51"));
        let aims: Vec<&str> = diagnoses().filter(is_aim).filter_map(|diagnosis| diagnosis.name.as_deref()).collect();
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        let concept_of = |name: &str| lexicon.find(name).filter(|(_, id)| lexicon.is_a(*id, "疾病")).map(|(_, id)| id).next();
        let similar = |a: &str, b: &str| {
            let same_concept = concept_of(a).is_some() && concept_of(a) == concept_of(b);
            let bare = |text: &str| text.chars().filter(|character| character.is_alphanumeric()).collect::<String>();
            let (a, b) = (bare(a), bare(b));
            same_concept || a.contains(&b) || b.contains(&a) || shared(&a, &b) >= 0.6
        };
        for passage in self.places.passages(subject) {
            let items = super::lists::items(passage);
            if items.is_empty() {
                continue;
            }
            let text = passage.text.as_str();
            // The front page data hold no diagnosis of Chinese medicine.
            for (span, item) in items.iter().filter(|(_, item)| !item.contains(['?']) && !item.starts_with("中医")) {
                if !listed.iter().any(|name| similar(name, item)) {
                    hits.push(Hit {
                        evidence: vec![piece(passage, *span, Role::This)],
                        data: vec![DataEvidence { path: "/front_page".into(), label: format!("首页诊断:{}", listed.join("、")) }],
                        slots: vec![("stated", (*item).to_owned()), ("where", "病案首页".to_owned())],
                        ..Hit::default()
                    });
                }
            }
            for name in listed.iter().filter(|name| !aims.contains(name)) {
                if !items.iter().any(|(_, item)| similar(name, item)) && !text.contains(name) {
                    hits.push(Hit {
                        evidence: vec![piece(passage, super::pattern::trimmed(passage), Role::This)],
                        data: vec![DataEvidence { path: "/front_page".into(), label: format!("首页诊断:{name}") }],
                        slots: vec![("stated", (*name).to_owned()), ("where", passage.section.to_string())],
                        ..Hit::default()
                    });
                }
            }
        }
        Ok(hits)
    }

    fn transfusion_volume(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let rows = subject.visit.transfusions.as_deref().ok_or("未提供输血信息")?;
        let red = |name: &str| name.contains('红');
        let units = |volume: &str| volume.trim().trim_end_matches(['U', 'u', '单', '位']).parse::<f64>().ok();
        let volumes: Vec<f64> = rows
            .iter()
            .filter(|row| row.component.as_deref().is_some_and(red))
            .filter_map(|row| row.volume.as_deref().and_then(units))
            .collect();
        if volumes.is_empty() {
            return Ok(Vec::new());
        }
        let total: f64 = volumes.iter().sum();
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            for measure in passage.measures.iter().filter(|measure| measure.unit.as_ref() == "U") {
                let start = text[..measure.span.start as usize].char_indices().rev().nth(20).map_or(0, |(at, _)| at);
                let end =
                    text[measure.span.end as usize..].char_indices().nth(8).map_or(text.len(), |(at, _)| measure.span.end as usize + at);
                let near = &text[start..end];
                let is_done = near.contains('红')
                    && near.contains('输')
                    && !["备", "申请", "拟", "计划", "预约", "配"].iter().any(|word| near.contains(word));
                if is_done && measure.value != total && !volumes.contains(&measure.value) {
                    hits.push(Hit {
                        evidence: vec![piece(passage, measure.span, Role::This)],
                        data: vec![DataEvidence { path: "/transfusions".into(), label: format!("输血信息红细胞合计{total}U") }],
                        slots: vec![("stated", passage.text.quote(measure.span).to_owned()), ("expected", format!("{total}U"))],
                        ..Hit::default()
                    });
                }
            }
        }
        Ok(hits)
    }

    /// A value of a laboratory item in a note against the reports up to the note: right when some report of the item has it (rounded).
    fn lab_value(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let labs = subject.visit.labs.as_deref().ok_or("未提供检验结果")?;
        let lexicon = subject.knowledge.lexicon();
        let mut reports: Vec<(crate::reading::ConceptId, f64, usize)> = Vec::new();
        for (index, lab) in labs.iter().enumerate() {
            let (Some(item), Some(value)) = (lab.item.as_deref(), lab.value.as_deref().and_then(|value| value.trim().parse::<f64>().ok()))
            else {
                continue;
            };
            if let Some((_, id)) = lexicon.find(item).find(|(span, _)| span.len() + 3 >= item.len()) {
                reports.push((id, value, index));
            }
        }
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let Some(written) = document.time else { continue };
            let day = written.date();
            for passage in self.places.passages_of(document) {
                for mention in passage.mentions.iter().filter(|mention| {
                    mention.experiencer == Experiencer::Patient && mention.assertion == Assertion::Present && !mention.quoted
                }) {
                    let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
                    if measure.second.is_some() || !matches!(measure.relation, crate::reading::Relation::Equal) {
                        continue;
                    }
                    // Only a value of this hospital, reported on the note's day before the note or the day before, is meant to be a transcript.
                    let of_item: Vec<&(crate::reading::ConceptId, f64, usize)> =
                        reports.iter().filter(|(id, _, _)| *id == mention.concept).collect();
                    let recent = |index: usize| {
                        labs[index]
                            .reported_at
                            .is_some_and(|at| at.earliest() <= written.latest() && (0..=1).contains(&time::days_between(at.date(), day)))
                    };
                    let candidates: Vec<_> = of_item.iter().filter(|(_, _, index)| recent(*index)).collect();
                    let unit_fits = |index: usize| {
                        measure.unit.is_empty()
                            || labs[index].unit.as_deref().is_none_or(|unit| {
                                crate::reading::measures::convert(1.0, &measure.unit, unit)
                                    .is_some_and(|factor| (factor - 1.0).abs() < 1e-9)
                                    || unit == measure.unit.as_ref()
                            })
                    };
                    if candidates.is_empty()
                        || !candidates.iter().all(|(_, _, index)| unit_fits(*index))
                        || is_goal_or_history(passage, mention.span)
                    {
                        continue;
                    }
                    let between = passage.text.as_str().get(mention.span.end as usize..measure.span.start as usize).unwrap_or("");
                    let is_dated = between.contains(|character: char| character.is_ascii_digit());
                    if is_dated || ["最低", "最高", "由", "从"].iter().any(|word| between.contains(word)) {
                        continue;
                    }
                    // The first value of a series, or what was transfused.
                    let following = passage.text.as_str().get(measure.span.end as usize..).unwrap_or("").trim_start();
                    if ["→", "->", "治疗量", "个治疗量", "袋", "人份"].iter().any(|word| following.starts_with(*word)) {
                        continue;
                    }
                    let matches = |value: f64| (value - measure.value).abs() <= (value.abs() * 0.02).max(0.051);
                    if of_item.iter().any(|(_, value, _)| matches(*value)) {
                        continue;
                    }
                    // Of yesterday's report only a slip of the pen is sure: another value may be of a report that was not sent.
                    let is_miscopied = |value: f64, index: usize| {
                        labs[index].reported_at.is_some_and(|at| at.date() == day) || same_digits(value, measure.value)
                    };
                    let Some((_, value, index)) = candidates.iter().find(|(_, value, index)| is_miscopied(*value, *index)) else {
                        continue;
                    };
                    let lab = &labs[*index];
                    let reported = lab.reported_at.map_or(String::new(), |at| format!(" ({at})"));
                    let label = format!("{} {value}{}{reported}", lab.item.as_deref().unwrap_or(""), lab.unit.as_deref().unwrap_or(""));
                    let span = mention.span.cover(measure.span);
                    hits.push(Hit {
                        evidence: vec![piece(passage, span, Role::This)],
                        data: vec![DataEvidence { path: format!("/labs/{index}"), label: label.clone() }],
                        slots: vec![("stated", passage.text.quote(span).to_owned()), ("expected", label)],
                        ..Hit::default()
                    });
                }
            }
        }
        Ok(hits)
    }
}

/// 2.5, 5.2 and 25 have the same digits.
fn same_digits(a: f64, b: f64) -> bool {
    let digits = |value: f64| {
        let mut digits: Vec<char> = value.to_string().chars().filter(|character| ('1'..='9').contains(character)).collect();
        digits.sort_unstable();
        digits
    };
    digits(a) == digits(b)
}

/// Where a value was read.
#[derive(Clone)]
enum Source<'s> {
    Data(DataEvidence),
    Text(&'s Arc<Passage>, Span),
}

impl Source<'_> {
    fn add(self, hit: &mut Hit, role: Role) {
        match self {
            Source::Data(data) => hit.data.push(data),
            Source::Text(passage, span) => hit.evidence.push(piece(passage, span, role)),
        }
    }
}

/// One hit where values differ: the later one against the first.
fn differing(said: &[(String, Source<'_>)]) -> Vec<Hit> {
    let Some((first, first_source)) = said.first() else { return Vec::new() };
    let Some((other, source)) = said.iter().find(|(value, _)| value != first) else { return Vec::new() };
    let mut hit = Hit { slots: vec![("stated", other.clone()), ("expected", first.clone())], ..Hit::default() };
    source.clone().add(&mut hit, Role::This);
    first_source.clone().add(&mut hit, Role::Against);
    vec![hit]
}
