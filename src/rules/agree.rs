//! `agree`: one fact, the same in all documents that state it: name, sex, allergy, blood group, surgeon, anaesthesia, time of death, diagnoses.
//!
//! ```toml
//! [check]
//! kind = "agree"
//! fact = "sex"
//! within = ["*"]
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::places::Places;
use super::{Check, DataEvidence, Evidence, Hit, Knowledge, Outcome, Role, SpecError, Subject, facts};
use crate::reading::text::Span;
use crate::reading::{Assertion, Experiencer, Passage, TimeValue};
use crate::record::{Sex, time};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agree {
    pub fact: Fact,
    #[serde(default)]
    pub within: Vec<String>,
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
    /// Values of laboratory items quoted in notes against the report.
    LabValue,
}

struct Prepared {
    spec: Agree,
    places: Places,
}

impl Agree {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        let places = Places::parse(&self.within, knowledge.documents()).map_err(|text| SpecError::new("within", text))?;
        Ok(Box::new(Prepared { spec: self.clone(), places }))
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
            Fact::LabValue => self.lab_value(subject),
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

/// The value after a printed label: `姓名:王某某`, up to white space or punctuation.
fn labelled<'t>(text: &'t str, label: &str) -> Option<(Span, &'t str)> {
    let at = text.find(label)?;
    let rest = &text[at + label.len()..];
    let value_part = rest.trim_start_matches([' ', ':']);
    if value_part.len() == rest.len() {
        return None;
    }
    let start = text.len() - value_part.len();
    let end =
        start + value_part.find(|character: char| character.is_whitespace() || ",;。、()".contains(character)).unwrap_or(value_part.len());
    (end > start).then(|| (Span::new(start, end), &text[start..end]))
}

impl Prepared {
    fn name(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let name = subject.visit.patient.name.as_deref().ok_or("未提供患者姓名")?;
        let masked = |text: &str| text.contains(['*', '×', 'X', '某', '_']);
        let same = |stated: &str| {
            stated == name || stated.starts_with(name) || (masked(name) || masked(stated)) && stated.chars().next() == name.chars().next()
        };
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
        let listed = subject.visit.patient.allergies.as_deref().unwrap_or(&[]);
        if let (Some(denied), Some(first)) = (denied, listed.first())
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

    fn surgeon(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let names: Vec<&str> =
            operations.iter().filter_map(|operation| operation.surgeon.as_deref()).map(|id| facts::name_of(subject.visit, id)).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            let stated = if passage.section.as_ref() == "术者" {
                Some((super::pattern::trimmed(passage), text.trim()))
            } else {
                labelled(text, "术者").or_else(|| labelled(text, "手术者"))
            };
            let Some((span, stated)) = stated else { continue };
            let stated_name = stated.trim_start_matches([':', ' ']);
            // A name is two to four characters; anything else is a sentence about the surgeon.
            let is_name = (2..=12).contains(&stated_name.chars().count());
            if is_name && !names.iter().any(|name| stated_name.contains(name)) {
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This)],
                    data: vec![DataEvidence {
                        path: "/operations/0/surgeon".into(), label: format!("手术信息术者 {}", names.join("、"))
                    }],
                    slots: vec![("stated", stated_name.to_owned()), ("expected", names.join("、"))],
                    ..Hit::default()
                });
            }
        }
        let page = subject
            .visit
            .front_page
            .as_ref()
            .and_then(|page| page.main_operation.as_ref())
            .and_then(|operation| operation.surgeon.as_deref());
        if let Some(page) = page.map(|id| facts::name_of(subject.visit, id)).filter(|page| !names.contains(page)) {
            hits.push(Hit {
                data: vec![
                    DataEvidence { path: "/front_page/main_operation/surgeon".into(), label: format!("首页术者 {page}") },
                    DataEvidence { path: "/operations/0/surgeon".into(), label: format!("手术信息术者 {}", names.join("、")) },
                ],
                slots: vec![("stated", page.to_owned()), ("expected", names.join("、"))],
                ..Hit::default()
            });
        }
        Ok(hits)
    }

    fn anesthesia(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let [operation] = operations else { return Ok(Vec::new()) };
        let Some(expected) = operation.anesthesia.as_deref().and_then(anesthesia_class) else { return Ok(Vec::new()) };
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let stated = anesthesia_class(passage.text.as_str());
            // 全麻复合神经阻滞 and a change during the operation name two methods.
            if let Some(stated) =
                stated.filter(|stated| *stated != expected && !stated.is_empty() && passage.text.as_str().chars().count() <= 40)
            {
                hits.push(Hit {
                    evidence: vec![piece(passage, super::pattern::trimmed(passage), Role::This)],
                    data: vec![DataEvidence {
                        path: "/operations/0/anesthesia".into(), label: format!("手术信息麻醉方式 {expected}")
                    }],
                    slots: vec![("stated", stated.to_owned()), ("expected", expected.to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    fn blood_loss(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let operations = subject.visit.operations.as_deref().unwrap_or(&[]);
        if operations.len() > 1 {
            return Vec::new();
        }
        let mut said: Vec<(f64, Source<'_>)> = Vec::new();
        if let Some(volume) = operations.first().and_then(|operation| operation.blood_loss_ml) {
            said.push((
                volume,
                Source::Data(DataEvidence {
                    path: "/operations/0/blood_loss_ml".into(), label: format!("手术信息出血量 {volume}ml")
                }),
            ));
        }
        for passage in self.places.passages(subject) {
            said.extend(blood_losses(passage).into_iter().map(|(volume, span)| (volume, Source::Text(passage, span))));
        }
        let Some((first, first_source)) = said.first().cloned() else { return Vec::new() };
        let apart = |other: f64| (other - first).abs() > (other.max(first) * self.spec.tolerance).max(20.0);
        let Some((other, source)) = said.iter().skip(1).find(|(other, _)| apart(*other)) else { return Vec::new() };
        let mut hit = Hit { slots: vec![("stated", format!("{other}ml")), ("expected", format!("{first}ml"))], ..Hit::default() };
        source.clone().add(&mut hit, Role::This);
        first_source.add(&mut hit, Role::Against);
        vec![hit]
    }

    fn discharge_diagnosis(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let page = subject.visit.front_page.as_ref().ok_or("未提供病案首页数据")?;
        let listed: Vec<&str> = page
            .main_diagnosis
            .iter()
            .chain(page.other_diagnoses.iter().flatten())
            .filter_map(|diagnosis| diagnosis.name.as_deref())
            .filter(|name| !name.is_empty())
            .collect();
        if listed.is_empty() {
            return Ok(Vec::new());
        }
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
            let items = diagnosis_items(passage);
            if items.is_empty() {
                continue;
            }
            let text = passage.text.as_str();
            for (span, item) in items.iter().filter(|(_, item)| !item.contains(['?'])) {
                if !listed.iter().any(|name| similar(name, item)) {
                    hits.push(Hit {
                        evidence: vec![piece(passage, *span, Role::This)],
                        data: vec![DataEvidence { path: "/front_page".into(), label: format!("首页诊断:{}", listed.join("、")) }],
                        slots: vec![("stated", (*item).to_owned()), ("where", "病案首页".to_owned())],
                        ..Hit::default()
                    });
                }
            }
            for name in &listed {
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
                let start = text[..measure.span.start as usize].char_indices().rev().nth(11).map_or(0, |(at, _)| at);
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
            let Some(day) = document.time.map(|time| time.date()) else { continue };
            for passage in self.places.passages_of(document) {
                for mention in passage.mentions.iter().filter(|mention| {
                    mention.experiencer == Experiencer::Patient && mention.assertion == Assertion::Present && !mention.quoted
                }) {
                    let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
                    if measure.second.is_some() || !matches!(measure.relation, crate::reading::Relation::Equal) {
                        continue;
                    }
                    // Only a value of this hospital, reported on the note's day or the day before, is meant to be a transcript.
                    let of_item: Vec<&(crate::reading::ConceptId, f64, usize)> =
                        reports.iter().filter(|(id, _, _)| *id == mention.concept).collect();
                    let recent =
                        |index: usize| labs[index].reported_at.is_some_and(|at| (0..=1).contains(&time::days_between(at.date(), day)));
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
                    let matches = |value: f64| (value - measure.value).abs() <= (value.abs() * 0.02).max(0.051);
                    if of_item.iter().any(|(_, value, _)| matches(*value)) {
                        continue;
                    }
                    let (_, value, index) = candidates[0];
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

/// `患者李某某,男` at the start of a text.
fn opening_name(text: &str) -> Option<(Span, &str)> {
    let rest = text.trim_start().strip_prefix("患者")?;
    let start = text.len() - rest.len();
    let end = start + rest.find([',', ' '])?;
    let name = &text[start..end];
    let after = text[end + 1..].trim_start();
    let is_name = (2..=4).contains(&name.chars().count()) && after.starts_with(['男', '女']);
    is_name.then(|| (Span::new(start, end), name))
}

/// The patient's sex as a passage states it: 患者,女,68岁 / 老年男性患者 / 性别:男. General sentences about a disease don't count.
fn stated_sex(passage: &Passage) -> Option<(Span, Sex)> {
    let text = passage.text.as_str();
    if let Some((span, value)) = labelled(text, "性别") {
        return sex_of(value.chars().next()?).map(|sex| (span, sex));
    }
    for (at, word) in text.match_indices(['男', '女']) {
        let before = &text[..at];
        let after = &text[at + word.len()..];
        let listed = before.trim_end_matches([',', ' ']).ends_with("患者")
            || before.trim_end().ends_with(',') && after.trim_start_matches([',', ' ']).starts_with(|next: char| next.is_ascii_digit());
        let aged = ["老年", "中年", "青年", "青壮年", "中老年"].iter().any(|age| before.ends_with(age)) && after.starts_with('性');
        let patient = after.starts_with("性患者") || after.starts_with("患者");
        let general = ["多见于", "好发于", "常见于", "易发", "多为"]
            .iter()
            .any(|word| before.chars().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<String>().contains(word));
        if (listed || aged || patient) && !general {
            let end = at + word.len() + if after.starts_with('性') { '性'.len_utf8() } else { 0 };
            return sex_of(word.chars().next()?).map(|sex| (Span::new(at, end), sex));
        }
    }
    None
}

fn sex_of(character: char) -> Option<Sex> {
    match character {
        '男' => Some(Sex::Male),
        '女' => Some(Sex::Female),
        _ => None,
    }
}

/// Statements about allergy: the span, and whether it is a denial. A positive one names a substance.
fn allergy_statements(passage: &Passage) -> Vec<(Span, bool)> {
    let text = passage.text.as_str();
    let mut found = Vec::new();
    for (at, word) in text.match_indices("过敏") {
        let end = at + word.len();
        let clause = passage.clauses.iter().copied().find(|clause| clause.contains(Span::new(at, end))).unwrap_or(Span::new(at, end));
        let inside = &text[clause.range()];
        let after = &text[end..];
        // 过敏性紫癜, 抗过敏, 过敏原 are no statements of the patient's allergy.
        if after.starts_with(['性', '原', '体', '试'])
            || text[..at].ends_with('抗')
            || ["家族", "其父", "其母", "如", "预防", "警惕", "可能", "是否", "有无", "观察"].iter().any(|word| inside.contains(word))
        {
            continue;
        }
        let denial = ["否认", "无", "未"].iter().any(|word| text[clause.start as usize..at].contains(word))
            || after.starts_with("史:无")
            || after.starts_with("史无")
            || after.starts_with("史:否认");
        if denial {
            // 否认其他药物过敏史 follows a positive statement.
            if !inside.contains("其他")
                && !inside.contains("其它")
                && !inside.contains("余")
                && (inside.contains("药") || after.starts_with('史'))
            {
                found.push((clause, true));
            }
            continue;
        }
        let named = passage.mentions.iter().any(|mention| {
            clause.contains(mention.span)
                && mention.span.end as usize <= at
                && at - mention.span.end as usize <= 12
                && mention.assertion != Assertion::Absent
                && mention.experiencer == Experiencer::Patient
        });
        let is_drug = |mention: &crate::reading::Mention| clause.contains(mention.span);
        if named
            && passage.mentions.iter().any(is_drug)
            && !["海鲜", "花粉", "尘螨", "芒果", "酒精", "牛奶", "鸡蛋"].iter().any(|food| inside.contains(food))
        {
            found.push((clause, false));
        }
    }
    found
}

fn abo(text: &str) -> Option<&'static str> {
    let bare = text.trim().trim_end_matches(['型', ' ']).trim_start_matches("ABO");
    let upper = bare.to_ascii_uppercase();
    match upper.chars().take_while(|character| matches!(character, 'A' | 'B' | 'O')).collect::<String>().as_str() {
        "A" => Some("A"),
        "B" => Some("B"),
        "AB" => Some("AB"),
        "O" => Some("O"),
        _ => None,
    }
}

/// A型, O型血, 血型A型 in text: only where blood is meant (血型 before it, or RhD / 红 / 血 after it). Donors and plasma don't count.
fn written_groups(text: &str) -> Vec<(Span, &'static str)> {
    let mut found = Vec::new();
    for (at, word) in text.match_indices('型') {
        let letters = text[..at].bytes().rev().take_while(|byte| matches!(byte, b'A' | b'B' | b'O')).count();
        if letters == 0 {
            continue;
        }
        let start = at - letters;
        if text[..start].ends_with(|before: char| before.is_ascii_alphanumeric()) {
            continue;
        }
        let before: String = text[..start].chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
        let after: String = text[at + word.len()..].chars().take(6).collect();
        let blood = before.contains("血型")
            || before.contains('输')
            || after.starts_with("Rh")
            || after.starts_with('红')
            || after.starts_with('血')
            || after.starts_with("悬");
        let excluded = ["供", "献血", "子代", "新生儿", "家属"].iter().any(|word| before.contains(word))
            || after.contains("血浆")
            || after.contains("冷沉淀")
            || after.contains("血小板");
        if blood
            && !excluded
            && let Some(group) = abo(&text[start..at])
        {
            found.push((Span::new(start, at + word.len()), group));
        }
    }
    found
}

/// Clock times said of the death: 死亡时间:2026-03-05 14:32, 于14:50宣布临床死亡.
fn death_times(passage: &Passage, day: jiff::civil::Date) -> Vec<(jiff::civil::DateTime, Span)> {
    let text = passage.text.as_str();
    let mut found = Vec::new();
    for expression in &passage.times {
        let (date, hour, minute) = match expression.value {
            TimeValue::Clock { hour, minute } => (day, hour, minute),
            TimeValue::Date(date) => {
                let (Some(hour), Some(minute)) = (date.hour, date.minute) else { continue };
                let year = date.year.unwrap_or(day.year());
                let (Some(month), Some(of_month)) = (date.month, date.day) else { continue };
                let Ok(date) = jiff::civil::Date::new(year, month as i8, of_month as i8) else { continue };
                (date, hour, minute)
            }
            _ => continue,
        };
        let before: String = text[..expression.span.start as usize].chars().rev().take(6).collect::<Vec<_>>().into_iter().rev().collect();
        let after: String = text[expression.span.end as usize..].chars().take(12).collect();
        let after = after.split([',', '。', ';', '\n']).next().unwrap_or("");
        let labelled = before.contains("死亡时间") || (passage.section.as_ref() == "死亡时间");
        let announced = after.contains("死亡") && !after.contains("讨论") && !after.contains("记录");
        if labelled || announced {
            found.push((date.at(hour as i8, minute as i8, 0, 0), expression.span));
        }
    }
    found
}

/// General, spinal or local: the class of an anaesthesia's name; `None` where none or several are named.
fn anesthesia_class(text: &str) -> Option<&'static str> {
    let general = ["全身麻醉", "全麻", "静吸复合", "气管插管"].iter().any(|word| text.contains(word));
    let spinal = ["腰麻", "椎管内", "硬膜外", "腰硬", "蛛网膜下腔阻滞"].iter().any(|word| text.contains(word));
    let local = ["局部麻醉", "局麻", "神经阻滞", "臂丛", "局部浸润"].iter().any(|word| text.contains(word));
    match (general, spinal, local) {
        (true, false, false) => Some("全身麻醉"),
        (false, true, false) => Some("椎管内麻醉"),
        (false, false, true) => Some("局部或神经阻滞麻醉"),
        _ => None,
    }
}

/// 出血约800ml, 出血量800ml: the loss during the operation, by its first statement in the passage.
fn blood_losses(passage: &Passage) -> Vec<(f64, Span)> {
    let text = passage.text.as_str();
    let of_measure = |measure: &crate::reading::Measure| {
        let volume = crate::reading::measures::convert(measure.value, &measure.unit, "ml")?;
        let before: String = text[..measure.span.start as usize].chars().rev().take(6).collect::<Vec<_>>().into_iter().rev().collect();
        let counted = ["出血", "失血"].iter().any(|word| before.contains(word))
            && !["术前", "产后", "阴道", "便", "预计"].iter().any(|word| before.contains(word));
        counted.then_some((volume, measure.span))
    };
    passage.measures.iter().filter_map(of_measure).take(1).collect()
}

/// The items of a list of diagnoses: by number, line, semicolon or 、.
pub fn diagnosis_items(passage: &Passage) -> Vec<(Span, &str)> {
    let text = passage.text.as_str();
    let mut items = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    let mut cuts: Vec<usize> = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            '\n' | ';' | '。' => cuts.push(at),
            '、' | '.'
                if at > 0
                    && bytes[at - 1].is_ascii_digit()
                    && !text[at + character.len_utf8()..].starts_with(|next: char| next.is_ascii_digit()) =>
            {
                let digits = bytes[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
                if digits <= 2 {
                    cuts.push(at - digits);
                    cuts.push(at);
                }
            }
            '、' | ',' => cuts.push(at),
            _ => {}
        }
    }
    cuts.push(text.len());
    for cut in cuts {
        if cut < start {
            continue;
        }
        let part = &text[start..cut];
        let inner = part.trim_matches(|character: char| character.is_whitespace() || ".、,;。()".contains(character));
        let has_words = inner.chars().filter(|character| !character.is_ascii()).count() >= 2;
        if has_words {
            let offset = start + part.find(inner).unwrap_or(0);
            items.push((Span::new(offset, offset + inner.len()), inner));
        }
        start = cut + text[cut..].chars().next().map_or(0, |character| if character.is_ascii_digit() { 0 } else { character.len_utf8() });
    }
    items
}

/// Share of the shorter text's characters that stand in the other.
fn shared(a: &str, b: &str) -> f64 {
    let (short, long) = if a.chars().count() <= b.chars().count() { (a, b) } else { (b, a) };
    let count = short.chars().count();
    if count < 3 {
        return 0.0;
    }
    short.chars().filter(|character| long.contains(*character)).count() as f64 / count as f64
}

/// A target, a threshold, an earlier or another hospital's value.
fn is_goal_or_history(passage: &Passage, span: Span) -> bool {
    const WORDS: [&str; 22] = [
        "目标",
        "控制在",
        "维持",
        "若",
        "如",
        "外院",
        "门诊",
        "入院前",
        "既往",
        "上次",
        "由",
        "从",
        "降至",
        "升至",
        "曾",
        "平素",
        "医院",
        "复查",
        "急诊",
        "大于",
        "小于",
        "前",
    ];
    let text = passage.text.as_str();
    let sentence = passage.sentences.iter().find(|sentence| sentence.contains(span)).copied().unwrap_or(span);
    let before = &text[sentence.start as usize..span.start as usize];
    let after: String = text[span.end as usize..sentence.end as usize].chars().take(4).collect();
    WORDS.iter().any(|word| before.contains(word)) || after.contains('→') || before.ends_with('→')
}
