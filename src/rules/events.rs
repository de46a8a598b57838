//! [`EventKind`] and [`Event`]: the moments of a visit that limits and orders of events speak of.

use serde::{Deserialize, Serialize};

use super::{DataEvidence, Subject, facts};
use crate::reading::DocumentReading;
use crate::record::{ConditionLevel, Disposition, Document, DocumentKind, Instant, Order, OrderKind, Title, Urgency, Visit, time};

/// Something that happened, by the structured data of the visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Admission,
    Discharge,
    Death,
    Archive,
    FrontPage,
    OperationStart,
    OperationEnd,
    AnesthesiaStart,
    AnesthesiaEnd,
    Transfer,
    /// A transfer from a ward to intensive care.
    IntensiveCareTransfer,
    RescueStart,
    RescueEnd,
    /// Start of 病危.
    Critical,
    /// Start of 病危 or 病重.
    CriticalOrSerious,
    ConsultRequest,
    ConsultArrival,
    TransfusionStart,
    TransfusionEnd,
    CriticalValueReported,
    CriticalValueReceived,
    CriticalValueHandled,
    OrderStart,
    OrderStop,
    /// 交班 of the responsible doctor, by its document.
    Handover,
    Takeover,
    /// A pathology report whose specimen is the autopsy.
    AutopsyReport,
    /// An invasive procedure by its own record.
    ProcedureRecord,
    /// An imaging report of this stay.
    ExamReport,
    /// A culture that grew something.
    CultureReport,
    /// The doctor was told of a critical value.
    CriticalValueTold,
    /// A pathology report of this stay, the autopsy's left out.
    PathologyReport,
    /// An operation after another one of the same stay.
    Reoperation,
    /// A laboratory result of this stay beyond the filter's bound.
    Result,
    /// The moment at which the visit is judged.
    Now,
}

impl EventKind {
    pub fn chinese(self) -> &'static str {
        match self {
            EventKind::Admission => "入院",
            EventKind::Discharge => "出院",
            EventKind::Death => "死亡",
            EventKind::Archive => "归档",
            EventKind::FrontPage => "病案首页完成",
            EventKind::OperationStart => "手术开始",
            EventKind::OperationEnd => "手术结束",
            EventKind::AnesthesiaStart => "麻醉开始",
            EventKind::AnesthesiaEnd => "麻醉结束",
            EventKind::Transfer => "转科",
            EventKind::IntensiveCareTransfer => "转入重症监护",
            EventKind::RescueStart => "抢救开始",
            EventKind::RescueEnd => "抢救结束",
            EventKind::Critical => "病危",
            EventKind::CriticalOrSerious => "病危(重)",
            EventKind::ConsultRequest => "会诊申请",
            EventKind::ConsultArrival => "会诊到场",
            EventKind::TransfusionStart => "输血开始",
            EventKind::TransfusionEnd => "输血结束",
            EventKind::CriticalValueReported => "危急值报告",
            EventKind::CriticalValueReceived => "危急值接收",
            EventKind::CriticalValueHandled => "危急值处置",
            EventKind::OrderStart => "医嘱开始",
            EventKind::OrderStop => "医嘱停止",
            EventKind::Handover => "交班",
            EventKind::Takeover => "接班",
            EventKind::AutopsyReport => "尸检报告",
            EventKind::ProcedureRecord => "有创操作",
            EventKind::ExamReport => "检查报告",
            EventKind::CultureReport => "培养报告",
            EventKind::CriticalValueTold => "危急值告知医师",
            EventKind::PathologyReport => "病理报告",
            EventKind::Reoperation => "再次手术",
            EventKind::Result => "检验结果",
            EventKind::Now => "当前时间",
        }
    }

    /// The list that must have been sent for these events to be known, for the reason of a skip.
    fn missing(self, visit: &Visit) -> Option<&'static str> {
        let (sent, name) = match self {
            EventKind::OperationStart
            | EventKind::OperationEnd
            | EventKind::AnesthesiaStart
            | EventKind::AnesthesiaEnd
            | EventKind::Reoperation => (visit.operations.is_some(), "手术信息"),
            EventKind::Transfer | EventKind::IntensiveCareTransfer => (visit.transfers.is_some(), "转科信息"),
            EventKind::RescueStart | EventKind::RescueEnd => (visit.rescues.is_some(), "抢救信息"),
            EventKind::Critical | EventKind::CriticalOrSerious => {
                (visit.conditions.is_some() || visit.admission.condition.is_some(), "病危病重时段")
            }
            EventKind::ConsultRequest | EventKind::ConsultArrival => (visit.consults.is_some(), "会诊信息"),
            EventKind::TransfusionStart | EventKind::TransfusionEnd => (visit.transfusions.is_some(), "输血信息"),
            EventKind::CriticalValueReported
            | EventKind::CriticalValueReceived
            | EventKind::CriticalValueTold
            | EventKind::CriticalValueHandled => (visit.critical_values.is_some(), "危急值"),
            EventKind::OrderStart | EventKind::OrderStop => (visit.orders.is_some(), "医嘱"),
            EventKind::FrontPage => (visit.front_page.is_some(), "病案首页数据"),
            EventKind::Admission => (visit.admission.admitted_at.is_some(), "入院时间"),
            EventKind::ExamReport => (visit.exams.is_some(), "检查报告"),
            EventKind::CultureReport => (visit.cultures.is_some(), "培养结果"),
            EventKind::AutopsyReport | EventKind::PathologyReport => (visit.pathology.is_some(), "病理报告"),
            EventKind::Result => (visit.labs.is_some(), "检验结果"),
            EventKind::Now
            | EventKind::Discharge
            | EventKind::Death
            | EventKind::Archive
            | EventKind::Handover
            | EventKind::Takeover
            | EventKind::ProcedureRecord => (true, ""),
        };
        (!sent).then_some(name)
    }
}

/// Which events of a kind are meant; everything named must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventFilter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elective: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// Lowest operation level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_level: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_kind: Option<OrderKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_term: Option<bool>,
    /// Values of `orders[].class`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order_class: Vec<String>,
    /// Lexicon concepts or classes that the order's or operation's name must be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub concept: Vec<String>,
    /// Lexicon concepts or classes that the order's or operation's name must not be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_concept: Vec<String>,
    /// Lexicon concepts or classes: a name that holds nothing else is not meant (an endoscopy alone).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_only: Vec<String>,
    /// Words of which the order's or operation's name holds none (`护理`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_named: Vec<String>,
    /// Words of which the operation's anaesthesia holds none (`局部麻醉`); an operation without any (`无`) is then left out as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_anesthesia: Vec<String>,
    /// Values of `orders[].purpose`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub purpose: Vec<String>,
    /// Concepts of which another order starts at the same time, as some drug is cut short (`cut_short`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
    /// Words of which the imaging's modality holds one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modality: Vec<String>,
    /// Words of which the transfused component holds one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub component: Vec<String>,
    /// Lexicon concepts of laboratory items.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub item: Vec<String>,
    /// A result must be above or below these, in the unit of its report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// Units of which the result must have one; a result without a unit is taken to have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unit: Vec<String>,
}

/// One event of the visit.
#[derive(Debug, Clone)]
pub struct Event {
    pub at: Instant,
    /// Id of the operation, order, rescue …; the kind's name where there is only one.
    pub anchor: String,
    /// `手术结束 2026-03-05 11:20`.
    pub label: String,
    /// JSON pointer of what it was read from.
    pub pointer: String,
    /// Ids of the people it belongs to: the surgeon.
    pub people: Vec<String>,
}

impl Event {
    /// Its place in a list of the visit (`operations`), where it is of that list.
    pub fn index_in(&self, list: &str) -> Option<usize> {
        self.pointer.strip_prefix('/')?.strip_prefix(list)?.strip_prefix('/')?.parse().ok()
    }

    pub fn evidence(&self) -> DataEvidence {
        DataEvidence { path: self.pointer.clone(), label: self.label.clone() }
    }
}

/// A unit of intensive care by its name; 呼吸与危重症医学科 is a ward.
fn is_intensive_care(department: &str) -> bool {
    ["ICU", "CCU", "监护"].iter().any(|word| department.contains(word)) || (department.contains("重症") && !department.contains("危重症"))
}

/// The events of one kind in order of time, or why they can't be known.
pub fn events(subject: &Subject<'_>, kind: EventKind, filter: &EventFilter) -> Result<Vec<Event>, String> {
    let visit = subject.visit;
    if let Some(missing) = kind.missing(visit) {
        return Err(format!("未提供{missing}"));
    }
    let mut events = Vec::new();
    let mut push = |at: Option<Instant>, anchor: &str, what: &str, pointer: String, people: Vec<String>| {
        if let Some(at) = at {
            let named = if what.is_empty() { String::new() } else { format!("({what})") };
            events.push(Event { at, anchor: anchor.to_owned(), label: format!("{}{named} {at}", kind.chinese()), pointer, people });
        }
    };
    match kind {
        EventKind::Admission => push(visit.admission.admitted_at, "admission", "", "/admission/admitted_at".into(), vec![]),
        EventKind::Discharge => {
            if let Some(discharge) = &visit.discharge {
                push(discharge.discharged_at, "discharge", "", "/discharge/discharged_at".into(), vec![]);
            }
        }
        EventKind::Death => {
            if let Some(discharge) = visit.discharge.as_ref().filter(|discharge| discharge.disposition == Some(Disposition::Died)) {
                let death = visit.front_page.as_ref().and_then(|page| page.death_at).or(discharge.discharged_at);
                push(death, "death", "", "/discharge/discharged_at".into(), vec![]);
            }
        }
        EventKind::Archive => {
            if let Some(discharge) = &visit.discharge {
                push(discharge.archived_at, "archive", "", "/discharge/archived_at".into(), vec![]);
            }
        }
        EventKind::FrontPage => {
            if let Some(page) = &visit.front_page {
                push(page.completed_at, "front_page", "", "/front_page/completed_at".into(), vec![]);
            }
        }
        EventKind::OperationStart
        | EventKind::OperationEnd
        | EventKind::AnesthesiaStart
        | EventKind::AnesthesiaEnd
        | EventKind::Reoperation => {
            let first = visit.operations.iter().flatten().filter_map(|operation| operation.started_at).map(|at| at.latest()).min();
            for (index, operation) in visit.operations.iter().flatten().enumerate() {
                let name = operation.name.as_deref().unwrap_or("");
                let anesthesia = operation.anesthesia.as_deref().unwrap_or("");
                let wanted = filter.elective.is_none_or(|elective| operation.elective == Some(elective))
                    && filter.min_level.is_none_or(|level| operation.level.is_some_and(|actual| actual >= level))
                    && (filter.not_anesthesia.is_empty() || !NO_ANESTHESIA.contains(&anesthesia.trim()))
                    && !filter.not_anesthesia.iter().any(|word| anesthesia.contains(word.as_str()))
                    && is_named(subject, name, filter)
                    && is_concept(subject, name, &filter.concept)
                    && (filter.not_concept.is_empty() || !is_concept(subject, name, &filter.not_concept));
                if !wanted {
                    continue;
                }
                let at = match kind {
                    EventKind::OperationStart => operation.started_at,
                    EventKind::Reoperation => operation.started_at.filter(|at| first.is_some_and(|first| at.earliest() > first)),
                    EventKind::OperationEnd => operation.ended_at,
                    EventKind::AnesthesiaStart => operation.anesthesia_started_at.or(operation.started_at),
                    _ => operation.anesthesia_ended_at.or(operation.ended_at),
                };
                let anchor = operation.id.clone().unwrap_or_else(|| format!("operation-{index}"));
                push(at, &anchor, name, format!("/operations/{index}"), operation.surgeon.iter().cloned().collect());
            }
        }
        EventKind::Transfer | EventKind::IntensiveCareTransfer => {
            for (index, transfer) in visit.transfers.iter().flatten().enumerate() {
                let [from, to] = [&transfer.from, &transfer.to].map(|name| name.as_deref().unwrap_or(""));
                if kind == EventKind::IntensiveCareTransfer && (is_intensive_care(from) || !is_intensive_care(to)) {
                    continue;
                }
                push(transfer.at, &format!("transfer-{index}"), &format!("转入{to}"), format!("/transfers/{index}"), vec![]);
            }
        }
        EventKind::RescueStart | EventKind::RescueEnd => {
            for (index, rescue) in visit.rescues.iter().flatten().enumerate() {
                let at = if kind == EventKind::RescueStart { rescue.started_at } else { rescue.ended_at };
                push(at, rescue.id.as_deref().unwrap_or("rescue"), "", format!("/rescues/{index}"), vec![]);
            }
        }
        EventKind::Critical | EventKind::CriticalOrSerious => {
            let conditions = || visit.conditions.iter().flatten();
            for (index, condition) in conditions().enumerate() {
                // Eased from critical to serious: nothing got worse, and the family has been told of worse.
                let is_eased = || {
                    let from = condition.from.map(|from| from.earliest());
                    let ends_then = |to: Instant| from.is_some_and(|from| time::minutes_between(to.latest(), from).abs() <= 60);
                    conditions().any(|other| other.level == Some(ConditionLevel::Critical) && other.to.is_some_and(ends_then))
                };
                let wanted = match condition.level {
                    Some(ConditionLevel::Critical) => true,
                    Some(ConditionLevel::Serious) => kind == EventKind::CriticalOrSerious && !is_eased(),
                    _ => false,
                };
                if wanted {
                    let level = condition.level.map_or("", ConditionLevel::chinese);
                    push(condition.from, &format!("condition-{index}"), level, format!("/conditions/{index}"), vec![]);
                }
            }
        }
        EventKind::ConsultRequest | EventKind::ConsultArrival => {
            for (index, consult) in visit.consults.iter().flatten().enumerate() {
                if filter.urgency.is_some_and(|urgency| consult.urgency != Some(urgency)) {
                    continue;
                }
                let at = if kind == EventKind::ConsultRequest { consult.requested_at } else { consult.arrived_at };
                let department = consult.department.as_deref().unwrap_or("");
                push(at, consult.id.as_deref().unwrap_or("consult"), department, format!("/consults/{index}"), vec![]);
            }
        }
        EventKind::TransfusionStart | EventKind::TransfusionEnd => {
            for (index, transfusion) in visit.transfusions.iter().flatten().enumerate() {
                let at = if kind == EventKind::TransfusionStart { transfusion.started_at } else { transfusion.ended_at };
                let component = transfusion.component.as_deref().unwrap_or("");
                if !holds_one(&filter.component, component) {
                    continue;
                }
                push(at, transfusion.id.as_deref().unwrap_or("transfusion"), component, format!("/transfusions/{index}"), vec![]);
            }
        }
        EventKind::CriticalValueReported
        | EventKind::CriticalValueReceived
        | EventKind::CriticalValueTold
        | EventKind::CriticalValueHandled => {
            for (index, value) in visit.critical_values.iter().flatten().enumerate() {
                let at = match kind {
                    EventKind::CriticalValueReported => value.reported_at,
                    EventKind::CriticalValueReceived => value.received_at.or(value.reported_at),
                    EventKind::CriticalValueTold => value.doctor_told_at,
                    _ => value.handled_at,
                };
                // One of before the stay or after it is another record's.
                if value.reported_at.is_some_and(|reported| !is_in_stay(visit, reported)) {
                    continue;
                }
                let what = format!("{}{}", value.item.as_deref().unwrap_or(""), value.value.as_deref().unwrap_or(""));
                push(at, value.id.as_deref().unwrap_or("critical"), &what, format!("/critical_values/{index}"), vec![]);
            }
        }
        EventKind::OrderStart | EventKind::OrderStop => {
            for (index, order) in visit.orders.iter().flatten().enumerate().filter(|(_, order)| order_matches(subject, order, filter)) {
                let at = if kind == EventKind::OrderStart { order.start } else { order.stop };
                let anchor = order.id.clone().unwrap_or_else(|| format!("order-{index}"));
                push(at, &anchor, order.name.as_deref().unwrap_or(""), format!("/orders/{index}"), order.by.iter().cloned().collect());
            }
        }
        EventKind::ProcedureRecord => {
            let lexicon = subject.knowledge.lexicon();
            for document in subject.reading.documents.iter().filter(|document| document.kind == DocumentKind::InvasiveProcedure) {
                let text = document.first_text();
                let named = lexicon.find(&document.title).chain(lexicon.find(text)).find(|(_, id)| lexicon.is_a(*id, "有创操作"));
                let Some((_, id)) =
                    named.filter(|(_, id)| filter.concept.is_empty() || filter.concept.iter().any(|wanted| lexicon.is_a(*id, wanted)))
                else {
                    continue;
                };
                let record = facts::document(visit, document);
                push(document.time, &record.id, &lexicon.concept(id).name, format!("/documents/{}", document.index), vec![]);
            }
        }
        EventKind::ExamReport => {
            for (index, exam) in visit.exams.iter().flatten().enumerate() {
                let modality = exam.modality.as_deref().unwrap_or("");
                if exam.reported_at.is_some_and(|at| is_in_stay(visit, at)) && holds_one(&filter.modality, modality) {
                    let name = format!("{}{modality}", exam.site.as_deref().unwrap_or(""));
                    push(exam.reported_at, exam.id.as_deref().unwrap_or("exam"), &name, format!("/exams/{index}"), vec![]);
                }
            }
        }
        EventKind::CultureReport => {
            // No pattern of 无…菌: 无乳链球菌 is a germ.
            const NEGATIVE: [&str; 15] = [
                "无菌",
                "阴性",
                "未见",
                "未检出",
                "无细菌",
                "正常菌群",
                "菌群正常",
                "无真菌",
                "无厌氧菌",
                "无致病菌",
                "无生长",
                "未生长",
                "未培养",
                "未分离",
                "未发现",
            ];
            for (index, culture) in visit.cultures.iter().flatten().enumerate() {
                let organism = culture.organism.as_deref().unwrap_or("");
                let in_stay = culture.reported_at.is_some_and(|at| is_in_stay(visit, at));
                if in_stay && !organism.is_empty() && !NEGATIVE.iter().any(|word| organism.contains(word)) {
                    push(culture.reported_at, culture.id.as_deref().unwrap_or("culture"), organism, format!("/cultures/{index}"), vec![]);
                }
            }
        }
        EventKind::AutopsyReport | EventKind::PathologyReport => {
            let is_autopsy = |text: &Option<String>| text.as_deref().is_some_and(|text| text.contains("尸检") || text.contains("尸体"));
            for (index, report) in visit.pathology.iter().flatten().enumerate() {
                let autopsy = is_autopsy(&report.specimen) || is_autopsy(&report.diagnosis);
                let in_stay = || report.reported_at.is_some_and(|at| is_in_stay(visit, at));
                let wanted = if kind == EventKind::AutopsyReport { autopsy } else { !autopsy && in_stay() };
                if wanted {
                    let specimen = if autopsy { "" } else { report.specimen.as_deref().unwrap_or("") };
                    push(report.reported_at, report.id.as_deref().unwrap_or("pathology"), specimen, format!("/pathology/{index}"), vec![]);
                }
            }
        }
        EventKind::Result => {
            for (index, lab) in visit.labs.iter().flatten().enumerate() {
                let value = lab.value.as_deref().and_then(|value| value.trim().parse::<f64>().ok());
                let beyond = |value: f64| filter.above.is_some_and(|most| value > most) || filter.below.is_some_and(|least| value < least);
                let in_unit =
                    lab.unit.as_deref().is_none_or(|unit| filter.unit.is_empty() || filter.unit.iter().any(|known| known == unit));
                let in_stay = lab.reported_at.is_some_and(|at| is_in_stay(visit, at));
                let fluid = lab.specimen.as_deref().is_some_and(|text| !text.contains('血') && !text.contains("血清"));
                let item = lab.item.as_deref().unwrap_or("");
                // 尿钾 and 糖化血红蛋白 only hold the item's name.
                let is_item = || {
                    let lexicon = subject.knowledge.lexicon();
                    lexicon
                        .find(item)
                        .any(|(span, id)| span.len() + 3 >= item.len() && filter.item.iter().any(|wanted| lexicon.is_a(id, wanted)))
                };
                if value.is_some_and(beyond) && in_unit && in_stay && !fluid && is_item() {
                    let what = format!("{item}{}{}", lab.value.as_deref().unwrap_or(""), lab.unit.as_deref().unwrap_or(""));
                    let anchor = lab.id.clone().unwrap_or_else(|| format!("lab-{index}"));
                    push(lab.reported_at, &anchor, &what, format!("/labs/{index}"), vec![]);
                }
            }
        }
        EventKind::Now => push(Some(Instant::minute(subject.at)), "now", "", "/as_of".into(), vec![]),
        EventKind::Handover | EventKind::Takeover => {
            let wanted = if kind == EventKind::Handover { DocumentKind::Handover } else { DocumentKind::Takeover };
            for document in subject.reading.documents.iter().filter(|document| document.kind == wanted) {
                let record = facts::document(visit, document);
                push(document.time, &record.id, "", format!("/documents/{}", document.index), vec![]);
            }
        }
    }
    events.sort_by_key(|event| event.at.earliest());
    Ok(events)
}

/// Neither before the admission nor after the discharge, as far as these are known.
fn is_in_stay(visit: &Visit, at: Instant) -> bool {
    visit.admission.admitted_at.is_none_or(|admitted| at.latest() >= admitted.earliest())
        && facts::discharged_at(visit).is_none_or(|discharged| at.earliest() <= discharged)
}

/// True when the text holds one of the words, or no word is asked for.
fn holds_one(words: &[String], text: &str) -> bool {
    words.is_empty() || words.iter().any(|word| text.contains(word.as_str()))
}

fn order_matches(subject: &Subject<'_>, order: &Order, filter: &EventFilter) -> bool {
    filter.order_kind.is_none_or(|kind| order.kind == Some(kind))
        && filter.long_term.is_none_or(|long| order.long_term == Some(long))
        && (filter.order_class.is_empty() || order.class.as_ref().is_some_and(|class| filter.order_class.contains(class)))
        && (filter.purpose.is_empty() || order.purpose.as_ref().is_some_and(|purpose| filter.purpose.contains(purpose)))
        && !is_classed_otherwise(order, filter)
        && is_named(subject, order.name.as_deref().unwrap_or(""), filter)
        && !(filter.order_kind == Some(OrderKind::Procedure) && is_upkeep(order.name.as_deref().unwrap_or("")))
        && is_concept(subject, order.name.as_deref().unwrap_or(""), &filter.concept)
        && super::cut_short::answers_a_stop(subject, order, &filter.beside)
        && (filter.not_concept.is_empty() || !is_concept(subject, order.name.as_deref().unwrap_or(""), &filter.not_concept))
}

/// 气管切开护理, 深静脉置管换药, 胸腔穿刺包: the care of what is there, its end, or a thing.
fn is_upkeep(order: &str) -> bool {
    ["护理", "换药", "维护", "冲管", "封管", "拔除", "包"].iter().any(|word| order.ends_with(word))
}

/// An operation under no anaesthesia at all.
const NO_ANESTHESIA: [&str; 8] = ["无", "无麻醉", "未麻醉", "不麻醉", "—", "-", "--", "/"];

/// The name holds none of the words, and something else than the concepts.
fn is_named(subject: &Subject<'_>, name: &str, filter: &EventFilter) -> bool {
    let lexicon = subject.knowledge.lexicon();
    let is_one = |id| filter.not_only.iter().any(|class| lexicon.is_a(id, class));
    let is_only = || {
        let mut acts = lexicon.find(name).filter(|(_, id)| lexicon.is_a(*id, "手术") || is_one(*id)).peekable();
        acts.peek().is_some() && acts.all(|(_, id)| is_one(id))
    };
    !filter.not_named.iter().any(|word| name.contains(word.as_str())) && (filter.not_only.is_empty() || !is_only())
}

/// The hospital's own class of an antibiotic goes before the lexicon's: 万古霉素 is not of the special class everywhere.
fn is_classed_otherwise(order: &Order, filter: &EventFilter) -> bool {
    let is_other = |class: &str| class.starts_with("antibiotic_") && class != "antibiotic_special";
    filter.concept.iter().any(|concept| concept == "特殊使用级") && order.class.as_deref().is_some_and(is_other)
}

/// True when `text` mentions one of the concepts or something of the classes; an empty list asks nothing.
pub fn is_concept(subject: &Subject<'_>, text: &str, concepts: &[String]) -> bool {
    if concepts.is_empty() {
        return true;
    }
    let lexicon = subject.knowledge.lexicon();
    lexicon.find(text).any(|(_, id)| concepts.iter().any(|wanted| lexicon.is_a(id, wanted)))
}

/// When a document counts as completed: last signature, else creation on the server, else the printed time.
pub fn completed_at(document: &Document) -> Option<Instant> {
    let last_signature = document.signatures.iter().flatten().filter_map(|signature| signature.at).max_by_key(|at| at.earliest());
    document.signed_at.or(last_signature).or(document.created_at).or(document.event_at)
}

/// When it was written, for whoever had to write it in time: at its author's own signature, where he may sign alone. A senior's countersignature of
/// the day after makes no note late.
pub fn written_at(visit: &Visit, document: &Document) -> Option<Instant> {
    let author = document.author.as_deref().filter(|author| facts::title_of(visit, author).is_some_and(|title| title >= Title::Resident));
    let own = |author: &str| {
        let signatures = document.signatures.iter().flatten().filter(|signature| signature.staff.as_deref() == Some(author));
        signatures.filter_map(|signature| signature.at).max_by_key(|at| at.earliest())
    };
    author.and_then(own).or_else(|| completed_at(document))
}

/// True for a document that holds text and is no draft: a saved but unfilled template is not done.
pub fn is_written(document: &Document) -> bool {
    let sections = document.sections.iter().flatten().any(|section| !section.text.trim().is_empty());
    let text = document.text.as_ref().is_some_and(|text| !text.trim().is_empty());
    document.draft != Some(true) && (sections || text)
}

/// The titles that take part in a document: its writer and signers by the staff list, and the title printed in its heading.
pub fn titles(subject: &Subject<'_>, document: &DocumentReading) -> Vec<Title> {
    let record = facts::document(subject.visit, document);
    let mut titles: Vec<Title> = facts::signers(record).into_iter().filter_map(|person| facts::title_of(subject.visit, person)).collect();
    titles.extend(printed_title(&document.title));
    titles.extend(opening(document).and_then(printed_title));
    titles
}

/// The opening of a note that tells who makes this round: 今日王某某主治医师查房.
fn opening(document: &DocumentReading) -> Option<&str> {
    const LONGEST: usize = 20;
    // Of another round, or one that is asked for.
    const OTHER: [&str; 9] = ["昨", "前日", "明日", "待", "请", "会诊", "未", "。", "\n"];
    let text = document.first_text();
    let round = &text[..text.find("查房")?];
    (round.chars().count() <= LONGEST && !OTHER.iter().any(|word| round.contains(word))).then_some(round)
}

/// The doctor's title printed in a heading such as `王某某副主任医师查房记录`.
pub fn printed_title(heading: &str) -> Option<Title> {
    const PRINTED: [(&str, Title); 10] = [
        ("副主任医师", Title::AssociateChief),
        ("主任医师", Title::Chief),
        ("主治医师", Title::Attending),
        ("住院医师", Title::Resident),
        ("副主任", Title::AssociateChief),
        ("科主任", Title::Chief),
        ("主任", Title::Chief),
        ("主治", Title::Attending),
        ("副教授", Title::AssociateChief),
        ("教授", Title::Chief),
    ];
    PRINTED.iter().find(|(word, _)| heading.contains(word)).map(|(_, title)| *title)
}

/// The record of a visit as a whole was sent, note by note: without it the absence of a document means nothing. The sender's word holds; else a few
/// documents are taken for an excerpt.
pub fn is_whole_record(subject: &Subject<'_>) -> bool {
    const FEWEST: usize = 4;
    let documents = &subject.reading.documents;
    subject.visit.complete.unwrap_or(documents.len() >= FEWEST) && documents.iter().all(|document| document.entries == 0)
}
