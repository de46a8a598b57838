//! `support`: diagnoses, drugs and results held against the tables of `rules/knowledge/`.
//!
//! ```toml
//! [check]
//! kind  = "support"
//! table = "exclusive"      # exclusive | allergy | contraindication | treatment | code | external_cause | rescue_drug | rescue_count | nursing_level
//!                          # changed_antibiotic | skin_test | antibiotic_indication | ordered_exam | transfusion_tests | surgeon_in_discussion
//!                          # home_drug | result | plan | stopped_drug | discharge_drug | pending_result | complication
//!                          # prophylaxis | specimen_first | implant | surgeon_level | transfusion_indication | large_transfusion
//!                          # main_diagnosis | admission_state | operation_listed | pathology_diagnosis | rescue_total
//! ```

mod blood;
mod changes;
mod discharge;
mod exams;
mod expected;
mod orders;
mod page;
mod perioperative;
mod rescue;
mod stopped;

use serde::{Deserialize, Serialize};

use super::agree::{answers_no, is_of_relative, is_withdrawn};
use super::places::Places;
use super::{Check, DataEvidence, Evidence, Hit, Knowledge, Outcome, Role, SpecError, Subject};
use crate::reading::lexicon::ConceptSet;
use crate::reading::text::Span;
use crate::reading::{Assertion, ConceptId, Experiencer, Mention, Passage};
use crate::record::{CodedDiagnosis, DocumentKind, Order, OrderKind, Visit, time};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    pub table: Table,
    /// Where diagnoses (or allergies) are read.
    #[serde(default)]
    pub within: Vec<String>,
    /// Where an explanation is looked for.
    #[serde(default)]
    pub explained: Vec<String>,
    /// With `complication`: the concepts that are looked for.
    #[serde(default)]
    pub concepts: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Two diagnoses of which a patient has at most one.
    Exclusive,
    /// An ordered drug of a group that the patient is allergic to.
    Allergy,
    /// An ordered drug that a result or diagnosis forbids, without a word in the course.
    Contraindication,
    /// A diagnosis whose usual treatment nobody ordered or explained.
    Treatment,
    /// An ICD-10 code whose name is another disease's.
    Code,
    /// S and T codes need an external cause.
    ExternalCause,
    /// A rescue drug given according to `within` that no order has.
    RescueDrug,
    /// Second- or third-level nursing ordered while the patient is critical.
    NursingLevel,
    /// One antibiotic stopped for another in the orders, and no note of those days speaks of it.
    ChangedAntibiotic,
    /// Pushes counted in a rescue record against the orders.
    RescueCount,
    /// A penicillin or horse serum without any skin test.
    SkinTest,
    /// A systemic antibiotic without infection, prophylaxis or any reason in the whole record.
    AntibioticIndication,
    /// An examination ordered, neither reported nor explained.
    OrderedExam,
    /// Hepatitis B and C, HIV and syphilis before the first transfusion.
    TransfusionTests,
    /// The surgeon is not among those who discussed the operation.
    SurgeonInDiscussion,
    /// A drug of years ordered on admission; neither the drug nor what it is taken for is anywhere in the record.
    HomeDrug,
    /// A result that was repeated or treated and is no diagnosis in `within`.
    Result,
    /// Orders of the first day against the plan in `within`.
    Plan,
    /// A drug that the plan in `within` stops and whose order goes on.
    StoppedDrug,
    /// A drug that a senior's round in `within` adds with its dose and that no order has.
    InstructedDrug,
    /// A drug of the discharge orders in `within` against allergies (stated in `explained`) and contraindications.
    DischargeDrug,
    /// A report that came after discharge and that `within` does not speak of.
    PendingResult,
    /// One of `concepts` diagnosed and followed in `explained`, and in no list of `within`.
    Complication,
    /// Prophylactic antibiotics begun after the incision or gone on too long.
    Prophylaxis,
    /// A special-level antibiotic for treatment before any specimen.
    SpecimenFirst,
    /// An implant of the operation's data that no record in `within` speaks of.
    Implant,
    /// A level 3 or 4 operation by a resident alone.
    SurgeonLevel,
    /// Red cells at a haemoglobin of 100 g/L or more, without a reason.
    TransfusionIndication,
    /// 1600 ml of red cells or whole blood on a day without approval.
    LargeTransfusion,
    /// The principal diagnosis of the front page is a terminal state, or a comorbidity of the disease that was operated on.
    MainDiagnosis,
    /// The state on admission of a front-page diagnosis against the admission's list (`within`) and the course (`explained`).
    AdmissionState,
    /// An operation that the front page leaves out, or gives another level.
    OperationListed,
    /// The pathology diagnosis of the front page against the reports.
    PathologyDiagnosis,
    /// The front page's counts of rescues against each other and the records.
    RescueTotal,
}

struct Prepared {
    spec: Support,
    within: Places,
    explained: Places,
    concepts: ConceptSet,
}

impl Support {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        let places =
            |written: &[String], name: &str| Places::parse(written, knowledge.documents()).map_err(|text| SpecError::new(name, text));
        Ok(Box::new(Prepared {
            spec: self.clone(),
            within: places(&self.within, "within")?,
            explained: places(&self.explained, "explained")?,
            concepts: knowledge.lexicon().set(&self.concepts).map_err(|text| SpecError::new("concepts", text))?,
        }))
    }
}

impl Check for Prepared {
    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let result = match self.spec.table {
            Table::Exclusive => Ok(self.exclusive(subject)),
            Table::Allergy => self.allergy(subject),
            Table::Contraindication => self.contraindication(subject),
            Table::Treatment => self.treatment(subject),
            Table::Code => Ok(codes(subject)),
            Table::ExternalCause => external_cause(subject),
            Table::NursingLevel => orders::nursing_level(subject),
            Table::ChangedAntibiotic => self.changed_antibiotic(subject),
            Table::RescueCount => self.rescue_count(subject),
            Table::SkinTest => self.skin_test(subject),
            Table::AntibioticIndication => self.antibiotic_indication(subject),
            Table::OrderedExam => self.ordered_exam(subject),
            Table::TransfusionTests => self.transfusion_tests(subject),
            Table::SurgeonInDiscussion => self.surgeon_in_discussion(subject),
            Table::RescueDrug => self.rescue_drug(subject),
            Table::HomeDrug => self.home_drug(subject),
            Table::Result => self.result(subject),
            Table::Plan => self.plan(subject),
            Table::StoppedDrug => self.stopped_drug(subject),
            Table::InstructedDrug => self.instructed_drug(subject),
            Table::DischargeDrug => Ok(self.discharge_drug(subject)),
            Table::PendingResult => self.pending_result(subject),
            Table::Complication => Ok(self.complication(subject)),
            Table::Prophylaxis => self.prophylaxis(subject),
            Table::SpecimenFirst => self.specimen_first(subject),
            Table::Implant => self.implant(subject),
            Table::SurgeonLevel => self.surgeon_level(subject),
            Table::TransfusionIndication => self.transfusion_indication(subject),
            Table::LargeTransfusion => self.large_transfusion(subject),
            Table::MainDiagnosis => self.main_diagnosis(subject),
            Table::AdmissionState => self.admission_state(subject),
            Table::OperationListed => page::operation_listed(subject),
            Table::PathologyDiagnosis => page::pathology_diagnosis(subject),
            Table::RescueTotal => page::rescue_total(subject),
        };
        match result {
            Ok(hits) => Outcome::Ran(hits),
            Err(why) => Outcome::Skipped(why),
        }
    }
}

/// Said of the patient as a fact.
fn is_fact(mention: &Mention) -> bool {
    mention.experiencer == Experiencer::Patient && matches!(mention.assertion, Assertion::Present | Assertion::Past)
}

impl Prepared {
    fn exclusive(&self, subject: &Subject<'_>) -> Vec<Hit> {
        /// Of an item: in doubt, or what was: 既往妊娠期糖尿病, 甲亢131I治疗后, 低钾血症(已纠正).
        const NOT_NOW: [&str; 6] = ["?", "待", "既往", "治疗后", "已纠正", "转为"];
        /// Sections that tell of one moment; a list of the whole stay may hold states that followed each other.
        const OF_A_MOMENT: [&str; 4] = ["初步诊断", "入院诊断", "诊断依据", "拟诊讨论"];
        let is_now = |text: &str| !NOT_NOW.iter().any(|word| text.contains(word));
        let mut hits = Vec::new();
        for passage in self.within.passages(subject) {
            let facts: Vec<&Mention> = passage.mentions.iter().filter(|mention| is_fact(mention)).collect();
            if facts.len() < 2 {
                continue;
            }
            // They must be two items of one list; 甲状腺功能减退症(甲状腺功能亢进症131碘治疗后) is one.
            let items = super::lists::items(passage);
            let item_of =
                |mention: &Mention| items.iter().find(|(span, text)| span.contains(mention.span) && is_now(text)).map(|(span, _)| *span);
            for group in &subject.knowledge.tables.exclusive {
                if group.passing && !OF_A_MOMENT.contains(&passage.section.as_ref()) {
                    continue;
                }
                let found: Vec<(&str, &Mention, Span)> = group
                    .members
                    .iter()
                    .filter_map(|(name, set)| {
                        let mut of_member = facts.iter().filter(|mention| set.contains(mention.concept));
                        of_member.find_map(|mention| Some((name.as_str(), *mention, item_of(mention)?)))
                    })
                    .collect();
                let Some((first, this, item)) = found.first().copied() else { continue };
                if let Some((second, other, _)) = found.iter().copied().find(|(_, _, another)| *another != item) {
                    let piece = |mention: &Mention, role| Evidence { passage: passage.clone(), span: mention.span, role };
                    hits.push(Hit {
                        evidence: vec![piece(this, Role::This), piece(other, Role::Against)],
                        slots: vec![("first", first.to_owned()), ("second", second.to_owned())],
                        ..Hit::default()
                    });
                }
            }
        }
        hits
    }

    fn allergy(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let allergies = self.allergies(subject, &self.within);
        let mut hits: Vec<Hit> = Vec::new();
        for (index, order) in orders.iter().enumerate() {
            let name = order.name.as_deref().unwrap_or("");
            if order.kind.is_some_and(|kind| kind != OrderKind::Drug) || name.contains("皮试") {
                continue;
            }
            let known = allergies.iter().filter(|(_, against)| !is_reaction_to(subject, order, against));
            for (_, drug) in lexicon.find(name) {
                let Some((allergy, against, why)) = self.allergic_to(subject, known.clone(), drug) else { continue };
                let mut hit = against.clone();
                hit.data.insert(
                    0,
                    DataEvidence {
                        path: format!("/orders/{index}"),
                        label: format!("医嘱 {name}{}", order.start.map_or(String::new(), |at| format!(" ({at})"))),
                    },
                );
                hit.slots = vec![("drug", name.to_owned()), ("allergy", lexicon.concept(allergy).name.to_string()), ("why", why)];
                hit.anchor = order.id.clone().unwrap_or_else(|| index.to_string());
                hits.push(hit);
                break;
            }
        }
        Ok(hits)
    }

    /// The patient's allergies: structured ones, and those said in the text of `places`.
    fn allergies(&self, subject: &Subject<'_>, places: &Places) -> Vec<(ConceptId, Hit)> {
        let lexicon = subject.knowledge.lexicon();
        let mut allergies: Vec<(ConceptId, Hit)> = Vec::new();
        for (index, text) in subject.visit.patient.allergies.iter().flatten().enumerate() {
            for (_, id) in lexicon.find(text) {
                allergies.push((
                    id,
                    Hit {
                        data: vec![DataEvidence { path: format!("/patient/allergies/{index}"), label: format!("过敏史:{text}") }],
                        ..Hit::default()
                    },
                ));
            }
        }
        for passage in places.passages(subject) {
            for mention in passage.mentions.iter().filter(|mention| is_fact(mention) && lexicon.is_a(mention.concept, "药物")) {
                if let Some(end) = end_of_allergy(passage, mention) {
                    let span = mention.span.cover(Span::new(mention.span.end as usize, end));
                    allergies.push((
                        mention.concept,
                        Hit { evidence: vec![Evidence { passage: passage.clone(), span, role: Role::Against }], ..Hit::default() },
                    ));
                }
            }
        }
        allergies
    }

    /// The allergy that forbids the drug, what shows it, and why.
    fn allergic_to<'a>(
        &self,
        subject: &Subject<'_>,
        allergies: impl Iterator<Item = &'a (ConceptId, Hit)> + Clone,
        drug: ConceptId,
    ) -> Option<(ConceptId, &'a Hit, String)> {
        if let Some((id, hit)) = allergies.clone().find(|(id, _)| *id == drug) {
            return Some((*id, hit, "同一药物".to_owned()));
        }
        subject.knowledge.tables.allergies.iter().filter(|group| group.drugs.contains(drug)).find_map(|group| {
            let found = allergies.clone().find(|(id, _)| group.allergy.contains(*id));
            found.map(|(id, hit)| (*id, hit, group.why.clone()))
        })
    }

    fn contraindication(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for rule in subject.knowledge.tables.contraindications.iter().filter(|rule| !rule.at_discharge) {
            for (index, order) in orders.iter().enumerate() {
                let name = order.name.as_deref().unwrap_or("");
                if order.kind.is_some_and(|kind| kind != OrderKind::Drug) || !lexicon.find(name).any(|(_, id)| rule.drugs.contains(id)) {
                    continue;
                }
                let Some(state) = self.state(subject, rule, order) else { continue };
                if !self.is_weighed(subject, rule, order) {
                    hits.push(Hit {
                        data: vec![DataEvidence { path: format!("/orders/{index}"), label: format!("医嘱 {name}") }, state],
                        slots: vec![("drug", name.to_owned()), ("why", rule.why.clone())],
                        anchor: order.id.clone().unwrap_or_else(|| index.to_string()),
                        ..Hit::default()
                    });
                }
            }
        }
        Ok(hits)
    }

    /// The course says that the drug was weighed, two days after its end at the latest. Of a slow state, a note before the order that the drug is not to be used speaks against it.
    fn is_weighed(&self, subject: &Subject<'_>, rule: &super::tables::Contraindication, order: &Order) -> bool {
        const WEIGHED: [&str; 10] = ["禁", "慎", "减量", "权衡", "利弊", "肾", "eGFR", "透析", "血钾", "INR"];
        self.explained.passages(subject).any(|passage| {
            let written = subject.reading.document_of(passage).and_then(|document| document.time);
            let end = order.stop.map(|stop| time::plus_minutes(stop.latest(), 48 * 60));
            if written.zip(end).is_some_and(|(written, end)| written.earliest() > end) {
                return false;
            }
            let is_earlier = written.zip(order.start).is_some_and(|(written, start)| written.latest() < start.earliest());
            passage.mentions.iter().filter(|mention| rule.drugs.contains(mention.concept)).any(|mention| {
                let sentence = passage.text.slice(passage.sentence_of(mention.span));
                let is_refused = rule.in_text && is_earlier && is_refused(passage, mention);
                !is_refused && WEIGHED.iter().any(|word| sentence.contains(word))
            })
        })
    }

    /// The result or diagnosis that forbids, while the drug was given.
    fn state(&self, subject: &Subject<'_>, rule: &super::tables::Contraindication, order: &Order) -> Option<DataEvidence> {
        let lexicon = subject.knowledge.lexicon();
        if let Some((set, bound)) = &rule.lab {
            for (index, lab) in subject.visit.labs.iter().flatten().enumerate() {
                let item = lab.item.as_deref().unwrap_or("");
                let Some(value) = lab.value.as_deref().and_then(|value| value.trim().parse::<f64>().ok()) else { continue };
                // While the drug was given, or in the three days before; an order without an end that is not long-term is given once.
                let end = order
                    .stop
                    .map(|stop| stop.earliest())
                    .or_else(|| order.start.filter(|_| order.long_term != Some(true)).map(|start| time::plus_minutes(start.latest(), 60)));
                let during = lab.reported_at.is_none_or(|at| {
                    let before_end = end.is_none_or(|end| at.earliest() < end);
                    let not_long_before = order.start.is_none_or(|start| time::days_between(at.date(), start.date()) <= 3);
                    before_end && not_long_before
                });
                if bound.met(value) && during && lexicon.find(item).any(|(_, id)| set.contains(id)) {
                    return Some(DataEvidence {
                        path: format!("/labs/{index}"),
                        label: format!("{item} {value}{}", lab.unit.as_deref().unwrap_or("")),
                    });
                }
            }
        }
        // A value that only the text has, such as another hospital's.
        if let Some((set, bound)) = rule.lab.as_ref().filter(|_| rule.in_text) {
            for passage in self.within.passages(subject) {
                let value =
                    |mention: &Mention| mention.measure.and_then(|index| passage.measures.get(index as usize)).map(|measure| measure.value);
                let found = passage.mentions.iter().find(|mention| {
                    set.contains(mention.concept) && is_fact(mention) && value(mention).is_some_and(|value| bound.met(value))
                });
                if let Some(mention) = found {
                    let quote = mention
                        .measure
                        .and_then(|index| passage.measures.get(index as usize))
                        .map_or(mention.span, |measure| mention.span.cover(measure.span));
                    let path = match &passage.origin {
                        crate::reading::Origin::Document { document, .. } => format!("/documents/{document}"),
                        crate::reading::Origin::Data { pointer, .. } => pointer.clone(),
                    };
                    return Some(DataEvidence { path, label: format!("{}「{}」", passage.section, passage.text.quote(quote)) });
                }
            }
        }
        let diagnosed = |text: &str| is_named(lexicon, text, &rule.diagnoses);
        subject.visit.diagnoses.iter().flatten().enumerate().find(|(_, diagnosis)| diagnosis.name.as_deref().is_some_and(diagnosed)).map(
            |(index, diagnosis)| DataEvidence {
                path: format!("/diagnoses/{index}"),
                label: format!("诊断 {}", diagnosis.name.as_deref().unwrap_or("")),
            },
        )
    }

    fn treatment(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let orders = subject.visit.orders.as_deref().ok_or("未提供医嘱")?;
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for rule in &subject.knowledge.tables.treatments {
            let diagnosed = self.within.passages(subject).find_map(|passage: &std::sync::Arc<Passage>| {
                let found = passage.mentions.iter().find(|mention| {
                    rule.diagnosis.contains(mention.concept)
                        && mention.assertion == Assertion::Present
                        && mention.experiencer == Experiencer::Patient
                        && !mention.quoted
                });
                found.map(|mention| Evidence { passage: passage.clone(), span: mention.span, role: Role::This })
            });
            let Some(diagnosed) = diagnosed else { continue };
            let ordered = orders.iter().any(|order| is_named(lexicon, order.name.as_deref().unwrap_or(""), &rule.orders));
            let told = self
                .explained
                .passages(subject)
                .any(|passage| passage.mentions.iter().any(|mention| rule.orders.contains(mention.concept)));
            if !ordered && !told {
                hits.push(Hit {
                    evidence: vec![diagnosed],
                    slots: vec![("needs", rule.needs.clone())],
                    anchor: rule.needs.clone(),
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }
}

/// 不用二甲双胍, 二甲双胍禁用.
fn is_refused(passage: &Passage, mention: &Mention) -> bool {
    const REFUSED: [&str; 8] = ["不用", "不宜", "停用", "禁用", "忌用", "避免", "暂停", "不予"];
    let text = passage.text.as_str();
    let stops = ['。', ';', ',', '\n'];
    let before = &text[super::around::start_of(text, mention.span.start as usize, &stops)..mention.span.start as usize];
    let after = text[mention.span.end as usize..].trim_start_matches(['"', '”', '」', '片']);
    REFUSED.iter().any(|word| before.contains(word) || after.starts_with(word))
}

/// Where the word 过敏 ends that the text says of this drug and this patient.
fn end_of_allergy(passage: &Passage, mention: &Mention) -> Option<usize> {
    const NOT_SAID: [&str; 4] = ["无过敏", "会不会", "是否", "是不是"];
    const UNTICKED: [char; 2] = ['□', '☐'];
    let text = passage.text.as_str();
    let clause = passage.clause_of(mention.span);
    let before = &text[clause.start as usize..mention.span.start as usize];
    let after = &text[mention.span.end as usize..clause.end as usize];
    let at = after.find("过敏").filter(|at| *at <= 15)?;
    let end = mention.span.end as usize + at + "过敏".len();
    let rest = &text[end..passage.sentence_of(Span::new(end - "过敏".len(), end)).end as usize];
    // 青霉素不过敏 denies; in 磺胺(青霉素过敏) the word is of the other drug.
    let is_denied =
        after[..at].ends_with('不') || after[..at].contains('(') || answers_no(rest) || NOT_SAID.iter().any(|word| after.contains(word));
    let is_unticked = text[..mention.span.start as usize].trim_end().ends_with(UNTICKED);
    // 青霉素过敏史(其子).
    let of_relative = is_of_relative(before) || rest.trim_start_matches('史').strip_prefix('(').is_some_and(is_of_relative);
    let is_said = !is_denied && !is_unticked && !of_relative && !before.contains('抗') && !rest.contains("脱敏");
    (is_said && !is_withdrawn(passage, end)).then_some(end)
}

/// The order had begun before a note of the course told of the allergy, and ended for it: 静滴头孢曲松20分钟出现皮疹,停用.
fn is_reaction_to(subject: &Subject<'_>, order: &Order, against: &Hit) -> bool {
    const A_DAY: i64 = 24 * 60;
    let Some(evidence) = against.evidence.first() else { return false };
    let Some(document) = subject.reading.document_of(&evidence.passage) else { return false };
    let (Some(start), Some(written)) = (order.start, document.time) else { return false };
    let sentence = evidence.passage.text.slice(evidence.passage.sentence_of(evidence.span));
    let of_history = matches!(document.kind, DocumentKind::AdmissionNote | DocumentKind::ReadmissionNote | DocumentKind::FirstCourse);
    let day_after = time::plus_minutes(written.latest(), A_DAY);
    let is_ended = order.stop.map_or(order.long_term == Some(false), |stop| stop.earliest() <= day_after);
    !of_history && sentence.contains('停') && is_ended && start.earliest() < written.latest()
}

fn is_named(lexicon: &crate::reading::lexicon::Lexicon, text: &str, set: &ConceptSet) -> bool {
    !set.is_empty() && lexicon.find(text).any(|(_, id)| set.contains(id))
}

/// Every coded diagnosis with its pointer.
fn coded(visit: &Visit) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    if let Some(page) = &visit.front_page {
        let mut add = |path: String, diagnosis: &CodedDiagnosis| {
            if let (Some(name), Some(code)) = (&diagnosis.name, &diagnosis.icd10) {
                found.push((path, name.clone(), code.clone()));
            }
        };
        if let Some(main) = &page.main_diagnosis {
            add("/front_page/main_diagnosis".to_owned(), main);
        }
        for (index, other) in page.other_diagnoses.iter().flatten().enumerate() {
            add(format!("/front_page/other_diagnoses/{index}"), other);
        }
    }
    found
}

fn codes(subject: &Subject<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (path, name, code) in coded(subject.visit) {
        for entry in subject.knowledge.tables.codes.iter().filter(|entry| code.starts_with(&entry.code)) {
            let wrong =
                entry.not.iter().any(|word| name.contains(word.as_str())) && !entry.names.iter().any(|word| name.contains(word.as_str()));
            if wrong {
                hits.push(Hit {
                    data: vec![DataEvidence { path: path.clone(), label: format!("{name} {code}") }],
                    slots: vec![("stated", format!("{name} {code}")), ("expected", entry.names.join("或"))],
                    ..Hit::default()
                });
            }
        }
    }
    hits
}

fn external_cause(subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
    let page = subject.visit.front_page.as_ref().ok_or("未提供病案首页数据")?;
    // A system that sends no such field has said nothing of it.
    let cause = page.external_cause.as_deref().ok_or("未提供损伤中毒外部原因")?.trim();
    if !cause.is_empty() && cause != "-" {
        return Ok(Vec::new());
    }
    // T80–T88 are complications of care, T90–T98 sequelae; a pathological fracture has no S code.
    let is_injury = |code: &str| {
        let number: u32 = code.get(1..3).and_then(|digits| digits.parse().ok()).unwrap_or(99);
        code.starts_with('S') || (code.starts_with('T') && number < 80)
    };
    let injury =
        coded(subject.visit).into_iter().find(|(_, name, code)| is_injury(code) && !name.contains("病理性") && !name.contains("陈旧"));
    Ok(injury
        .map(|(path, name, code)| Hit {
            data: vec![
                DataEvidence { path, label: format!("{name} {code}") },
                DataEvidence { path: "/front_page/external_cause".into(), label: "首页损伤中毒外部原因:空".into() },
            ],
            slots: vec![("stated", format!("{name} {code}"))],
            ..Hit::default()
        })
        .into_iter()
        .collect())
}
