//! `agree`: one fact, the same in all documents that state it: name, sex, allergy, blood group, surgeon, anaesthesia, time of death, diagnoses.
//!
//! ```toml
//! [check]
//! kind = "agree"
//! fact = "sex"
//! within = ["*"]
//! ```

mod allergies;
mod asked;
mod blood;
mod clocks;
mod diagnoses;
mod history;
mod labs;
mod lone_side;
mod mirrored;
mod names;
mod onset;
mod operation;
mod orders;
mod organ;
mod sides;
mod signer;
mod sizes;
mod starts;
mod strength;
mod surgery;
mod tenfold;
mod text;
mod titles;
mod vertebra;
mod wounds;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::around;
use super::facts;
use super::places::Places;
use super::{Check, DataEvidence, Evidence, Hit, Knowledge, Outcome, Role, SpecError, Subject};
use crate::reading::letters::bare;
use crate::reading::text::Span;
use crate::reading::{ConceptId, Origin, Passage};
use crate::record::{CodedDiagnosis, DocumentKind, Sex, time};
use allergies::allergy_statements;
pub(super) use allergies::{answers_no, is_of_relative, is_withdrawn};
pub(super) use names::written_names;
pub(super) use operation::{callings, is_called};
pub(super) use sides::operates_on_both_sides;
pub(super) use surgery::{is_malignant, names_tumour};
pub(super) use text::is_of_other_person;
pub(super) use text::shared;
use text::{death_times, shared_pairs};
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
    /// The side of the operation's data and of its name in the documents.
    OperationSide,
    /// The start of the operation in its documents and in the data; `tolerance` in minutes.
    OperationStart,
    /// The visit's number, where a document states one.
    VisitNumber,
    /// Discharge diagnoses of the discharge record and the front page.
    DischargeDiagnosis,
    /// Volume of one component over transfusion rows and documents.
    TransfusionVolume,
    /// Onset: how long ago by the chief complaint (`within`) and by the history (`against`).
    Onset,
    /// A length of time and the date behind it in brackets: 3周前(06-07).
    OnsetDate,
    /// A diagnosis found at operation (`within`) that no other document speaks of.
    Intraoperative,
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
    /// The operation consented to (`within`) is on an organ that no paper of the operation (`against`) speaks of.
    ConsentOrgan,
    /// A bare signature of a consent by somebody who is neither the patient nor a doctor nor told of.
    Signer,
    /// A malignant pathology report and the discharge diagnoses in `within`.
    Pathology,
    /// Doses given according to notes against the orders of that time.
    OrderedDose,
    /// Doses of `within` that are a unit (mg for g) away from every order of the drug.
    DoseUnit,
    /// The side that a summary gives to an act of a day against the record of that day (`against`).
    DatedSide,
    /// A side that one place alone gives to a part whose other side is said again and again.
    LoneSide,
    /// The same words, or the same diagnosis of a list, with the other side in another document.
    Mirrored,
    /// 某某副主任医师 of somebody whom the list of staff gives another title.
    StaffTitle,
    /// A test or consultation that a senior asked for (`within`) and of which nothing is heard again (`against`).
    Asked,
    /// A wound (`within`) in a region of which no other document (`against`) tells of one.
    ForeignWound,
    /// A size seen at operation (`within`) that the operation record (`against`) gives as another.
    OperativeSize,
    /// The strength of a limb in two examinations (`within`, `against`) of the same hours.
    Strength,
    /// A broken vertebra of a note (`within`) that is another one in the reports (`against`).
    Vertebra,
    /// In one passage the anaesthesia begins later than the operation; `tolerance` in minutes.
    AnesthesiaClocks,
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
            Fact::OnsetDate => self.onset_date(subject),
            Fact::Intraoperative => Ok(self.intraoperative(subject)),
            Fact::OperationSide => self.operation_side(subject),
            Fact::OperationStart => self.operation_start(subject),
            Fact::VisitNumber => Ok(self.visit_number(subject)),
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
            Fact::ConsentOrgan => Ok(self.consent_organ(subject)),
            Fact::Signer => self.signer(subject),
            Fact::Pathology => self.pathology(subject),
            Fact::OrderedDose => self.ordered_dose(subject),
            Fact::DoseUnit => self.dose_unit(subject),
            Fact::DatedSide => Ok(self.dated_side(subject)),
            Fact::LoneSide => Ok(self.lone_side(subject)),
            Fact::Mirrored => Ok(self.mirrored(subject)),
            Fact::StaffTitle => self.staff_title(subject),
            Fact::Asked => self.asked(subject),
            Fact::ForeignWound => Ok(self.foreign_wound(subject)),
            Fact::Strength => Ok(self.strength(subject)),
            Fact::Vertebra => Ok(self.vertebra(subject)),
            Fact::AnesthesiaClocks => Ok(self.anesthesia_clocks(subject)),
            Fact::OperativeSize => Ok(self.operative_size(subject)),
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
            // 新生儿出生记录 in the mother's record is of her child.
            let of_child = || {
                let age = facts::age_in_years(subject.visit);
                is_of_newborn(subject, passage) || age.is_none_or(|age| age >= 1.0) && opens_with_newborn(passage, span)
            };
            if stated != sex && !of_child() {
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
        let lexicon = subject.knowledge.lexicon();
        // A newborn's record tells his mother's allergies.
        let newborn = facts::is_newborn(subject.visit);
        let of_mother = |passage: &Passage, span: Span| {
            let sentence = passage.text.slice(passage.sentence_of(span));
            ["母", "孕", "产", "破膜"].iter().any(|word| sentence.contains(word))
        };
        let (mut stated, mut denials) = (Vec::new(), Vec::new());
        // What the patient reacted to after the history that denies it.
        let mut new: Vec<ConceptId> = Vec::new();
        for passage in self.places.passages(subject) {
            for statement in allergy_statements(passage) {
                if !statement.denied && is_new_reaction(subject, passage, statement.span) {
                    new.extend(&statement.of);
                }
                if newborn && !statement.denied && of_mother(passage, statement.span) {
                    continue;
                }
                let list = if statement.denied { &mut denials } else { &mut stated };
                list.push((passage, statement.span, statement.of));
            }
        }
        // A denial of some drugs (无青霉素过敏史) contradicts an allergy to these, not to others.
        let related =
            |a: ConceptId, b: ConceptId| a == b || lexicon.is_a(a, &lexicon.concept(b).name) || lexicon.is_a(b, &lexicon.concept(a).name);
        let contradicts =
            |denied: &[ConceptId], of: &[ConceptId]| denied.is_empty() || denied.iter().any(|a| of.iter().any(|b| related(*a, *b)));
        let mut hits = Vec::new();
        let is_new = |of: &[ConceptId]| of.iter().any(|a| new.iter().any(|b| related(*a, *b)));
        let old = || stated.iter().filter(|(_, _, of)| !is_new(of));
        let pair = denials.iter().find_map(|denied| old().find(|of| contradicts(&denied.2, &of.2)).map(|of| (denied, of)));
        if let Some((denied, of)) = pair {
            hits.push(Hit { evidence: vec![piece(denied.0, denied.1, Role::This), piece(of.0, of.1, Role::Against)], ..Hit::default() });
        }
        let denied = denials.iter().find(|denied| denied.2.is_empty());
        let stated = stated.first();
        let page = subject.visit.front_page.as_ref().and_then(|page| page.allergy.as_deref());
        // The printed page says the same as its field.
        let is_page =
            |passage: &Passage| subject.reading.document_of(passage).is_some_and(|document| document.kind == DocumentKind::FrontPage);
        let is_told = hits.iter().any(|hit: &Hit| hit.evidence.iter().any(|evidence| is_page(&evidence.passage)));
        if let (Some(stated), Some("无" | "否" | "1"), false) = (stated, page, is_told) {
            hits.push(Hit {
                evidence: vec![piece(stated.0, stated.1, Role::This)],
                data: vec![DataEvidence { path: "/front_page/allergy".into(), label: "首页药物过敏:无".into() }],
                ..Hit::default()
            });
        }
        let is_drug = |text: &&String| lexicon.find(text).any(|(_, id)| lexicon.is_a(id, "药物") && !is_new(&[id]));
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

    fn death_time(&self, subject: &Subject<'_>) -> Vec<Hit> {
        // The moment, and whether it has a date of its own.
        let mut said: Vec<(jiff::civil::DateTime, bool, Source<'_>)> = Vec::new();
        if let Some(death) = subject.visit.front_page.as_ref().and_then(|page| page.death_at).filter(|death| death.has_time()) {
            said.push((
                death.earliest(),
                true,
                Source::Data(DataEvidence { path: "/front_page/death_at".into(), label: format!("首页死亡时间 {death}") }),
            ));
        }
        for document in self.places.documents(subject) {
            let Some(day) = document.time.map(|time| time.date()) else { continue };
            for passage in self.places.passages_of(document) {
                let told = death_times(passage, day).into_iter();
                said.extend(told.map(|death| (death.at, death.dated, Source::Text(passage, death.span))));
            }
        }
        let Some((first, first_dated, first_source)) = said.first().cloned() else { return Vec::new() };
        // A bare clock time may be of the day before the note: only the clocks are compared.
        let apart = |at: jiff::civil::DateTime, dated: bool| {
            let minutes = time::minutes_between(first, at).abs();
            let of_clock = minutes % 1440;
            if first_dated && dated { minutes } else { of_clock.min(1440 - of_clock) }
        };
        let other = said.iter().skip(1).find(|(at, dated, _)| apart(*at, *dated) as f64 > self.spec.tolerance);
        let Some((at, _, source)) = other else { return Vec::new() };
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
            let (a, b): (String, String) = (bare(a).collect(), bare(b).collect());
            same_concept || is_one_thing(&a, &b) || a.contains(&b) || b.contains(&a) || shared(&a, &b) >= 0.6 && shared_pairs(&a, &b) >= 0.3
        };
        for passage in self.places.passages(subject) {
            let items = super::lists::items(passage);
            // The page of a mother lists nothing of her baby's.
            if items.is_empty() || is_of_newborn(subject, passage) {
                continue;
            }
            let text = passage.text.as_str();
            // The front page data hold no diagnosis of Chinese medicine, and 伴胰周积液 goes with what stands before it.
            let is_own = |item: &str| !item.contains('?') && !item.contains("同上") && !item.starts_with("中医") && !item.starts_with('伴');
            for (span, item) in items.iter().filter(|(_, item)| is_own(item)) {
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
                // 外院输红细胞4U, 若Hb<70再输4U: not given in this stay.
                let measure_at = measure.span.start as usize;
                let clause = &text[super::around::start_of(text, measure_at, &[',', '。', ';', '\n'])..measure_at];
                let elsewhere = ["外院", "院外", "入院前", "既往", "曾", "若", "如"].iter().any(|word| clause.contains(word));
                let is_done = near.contains('红')
                    && near.contains('输')
                    && !elsewhere
                    && !["备", "申请", "拟", "计划", "预约", "配"].iter().any(|word| near.contains(word));
                // 第一袋1U,第二袋1U: the parts of one sentence add up.
                let sentence = passage.sentence_of(measure.span);
                let parts = passage.measures.iter().filter(|part| part.unit.as_ref() == "U" && sentence.contains(part.span));
                let together: f64 = parts.map(|part| part.value).sum();
                let is_given = |volume: f64| volume == total || volumes.contains(&volume);
                if is_done && !is_given(measure.value) && !is_given(together) {
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
}

/// Names that share no letters: each holds a word of one line. The obstetric shorthand 孕39+1周G2P1LOA顺产一活女婴 is coded 单胎顺产.
fn is_one_thing(a: &str, b: &str) -> bool {
    const WORDS: [&[&str]; 4] = [
        &["PCI术后", "冠状动脉支架", "冠脉支架"],
        &["足月小样儿", "小于胎龄儿"],
        &["新生儿黄疸", "新生儿高胆红素血症"],
        &["顺产", "自然分娩", "阴道分娩", "活女婴", "活男婴"],
    ];
    WORDS.iter().any(|words| [a, b].iter().all(|name| words.iter().any(|word| name.contains(word))))
}

/// Whether the document that the passage stands in is about a newborn, by its title, and the patient is none.
fn is_of_newborn(subject: &Subject<'_>, passage: &Passage) -> bool {
    let Origin::Document { document, .. } = &passage.origin else { return false };
    // Of an unknown age it may be the baby's own record.
    if facts::age_in_years(subject.visit).is_none_or(|age| age < 1.0) {
        return false;
    }
    let title = subject.visit.documents[*document].title.as_deref().unwrap_or("");
    ["新生儿", "婴儿", "出生记录"].iter().any(|word| title.contains(word))
}

/// 新生儿,男,3200g in the record of a mother.
fn opens_with_newborn(passage: &Passage, span: Span) -> bool {
    const NEAR: usize = 8;
    let near = around::last(&passage.text.as_str()[..span.start as usize], NEAR);
    ["新生儿", "婴儿"].iter().any(|word| near.contains(word))
}

/// An allergy told with the reaction of this stay, or with the one that the patient comes for: 静滴头孢曲松后出现皮疹,考虑头孢曲松过敏.
fn is_new_reaction(subject: &Subject<'_>, passage: &Passage, span: Span) -> bool {
    const REACTIONS: [&str; 8] = ["皮疹", "荨麻疹", "风团", "红斑", "瘙痒", "水肿", "休克", "胸闷"];
    const OLD: [&str; 5] = ["年", "既往", "曾", "追问", "病史"];
    let sentence = passage.text.slice(passage.sentence_of(span));
    let of_course = || {
        let document = subject.reading.document_of(passage);
        document.is_some_and(|document| matches!(document.kind, DocumentKind::DailyCourse | DocumentKind::WardRound))
    };
    sentence.contains('后')
        && REACTIONS.iter().any(|word| sentence.contains(word))
        && !OLD.iter().any(|word| sentence.contains(word))
        && (matches!(passage.section.as_ref(), "现病史" | "诊疗经过") || of_course())
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
