//! `range`: plausibility, arithmetic and units. Every figure is computed here, never guessed.
//!
//! ```toml
//! [check]
//! kind = "range"
//! what = "possible"                # see [`What`]
//! within = ["入院记录/体格检查", "病程类"]
//! concepts = ["生命体征"]
//! ```

mod chart;
mod day_counts;
mod doses;
mod results;
mod scores;
mod sizes;
mod times;

pub(super) use chart::speaks_of_now;
pub(super) use day_counts::is_about_now;
pub(super) use doses::times_a_day;
use serde::{Deserialize, Serialize};
pub(super) use times::patient_age;

use super::places::Places;
use super::{Check, Evidence, Hit, Knowledge, Outcome, Role, SpecError, Subject};
use crate::reading::lexicon::ConceptSet;
use crate::reading::measures::convert;
use crate::reading::text::Span;
use crate::reading::{Measure, Mention, Passage};
use crate::record::DocumentKind;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    pub what: What,
    #[serde(default)]
    pub within: Vec<String>,
    #[serde(default)]
    pub concepts: Vec<String>,
    /// How far a computed value may be off, in the unit of what is computed.
    #[serde(default)]
    pub tolerance: f64,
}

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Values outside the lexicon's bounds of what is possible, and systolic not above diastolic.
    Possible,
    /// BMI against height and weight in the same passage.
    Bmi,
    /// Stated days in hospital against the dates (front page and text).
    StayDays,
    /// Stated age against the birth date at admission.
    Age,
    /// 术后第N天 against the operation and the note's date.
    PostoperativeDay,
    /// E, V and M against the stated GCS total.
    GcsSum,
    /// The five parts of an Apgar score against its total.
    ApgarSum,
    /// The points of a score's parts against its total: NIHSS, Caprini and others.
    ScoreSum,
    /// A GCS total against consciousness said in the same passage.
    GcsText,
    /// 孕a产b with b above a.
    GravidaPara,
    /// Numbers of a list that jump or repeat.
    Numbering,
    /// Dates in the text of things done in this stay that lie outside it.
    StayDates,
    /// A note's printed time long before its creation, without 补记; `tolerance` in minutes.
    BackDated,
    /// A value in a note signed before the value was reported; `tolerance` in minutes.
    ResultBeforeReport,
    /// 病情平稳 in a note after a rescue, or the start of 病危, on its day.
    StableOnBadDay,
    /// The same vital signs in three notes running, unlike the chart.
    SameVitals,
    /// Something years ago that is longer ago than the patient's birth; `tolerance` in years.
    BeforeBirth,
    /// A drug's single dose in an order or text that is beyond the bounds of `rules/knowledge/doses.toml`.
    Dose,
    /// Dose times frequency of an order beyond the daily maximum of `rules/knowledge/doses.toml`.
    DailyDose,
    /// A drug order without dose, route or frequency where the visit's other drug orders have it.
    OrderFields,
    /// A drug order without a start where the visit's other drug orders have one.
    OrderStart,
    /// A round at a time at which its doctor was operating on this patient; `tolerance` in minutes.
    RoundWhileOperating,
    /// Temperature, pulse or pressure in a note against the chart of the hours around it.
    Chart,
    /// Rows of the chart outside the lexicon's bounds of what is possible.
    ChartPossible,
    /// 昨日(3月4日) in a note of another day than 3月5日.
    NamedDay,
    /// 2.6×22cm: one side of a size lost its decimal point.
    SizeShape,
}

struct Prepared {
    spec: Range,
    places: Places,
    concepts: ConceptSet,
}

impl Range {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        let places = Places::parse(&self.within, knowledge.documents()).map_err(|text| SpecError::new("within", text))?;
        let concepts = knowledge.lexicon().set(&self.concepts).map_err(|text| SpecError::new("concepts", text))?;
        Ok(Box::new(Prepared { spec: self.clone(), places, concepts }))
    }
}

fn hit(passage: &std::sync::Arc<Passage>, span: Span, slots: Vec<(&'static str, String)>) -> Hit {
    Hit { evidence: vec![Evidence { passage: passage.clone(), span, role: Role::This }], slots, ..Hit::default() }
}

impl Check for Prepared {
    fn quotes(&self, kind: DocumentKind) -> bool {
        self.places.is_empty() || self.places.names_kind(kind)
    }

    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let mut hits = Vec::new();
        match self.spec.what {
            What::StayDays => match self.stay_days(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::Age => match self.age(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::PostoperativeDay => match self.postoperative_day(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::StayDates => match self.stay_dates(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::StableOnBadDay => hits = self.stable_on_bad_day(subject),
            What::SameVitals => hits = self.same_vitals(subject),
            What::BeforeBirth => match self.before_birth(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::BackDated => hits = self.back_dated(subject),
            What::ResultBeforeReport => match self.result_before_report(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::Dose => hits = self.doses(subject),
            What::DailyDose => match self.daily_doses(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::OrderFields => match self.order_fields(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::OrderStart => match self.order_start(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::RoundWhileOperating => match self.round_while_operating(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::Chart => match self.chart(subject) {
                Ok(found) => hits = found,
                Err(why) => return Outcome::Skipped(why),
            },
            What::ChartPossible => hits = self.impossible_rows(subject),
            What::NamedDay => hits = self.named_day(subject),
            What::Possible
            | What::Bmi
            | What::GcsSum
            | What::ApgarSum
            | What::ScoreSum
            | What::GcsText
            | What::GravidaPara
            | What::Numbering
            | What::SizeShape => {
                for passage in self.places.passages(subject) {
                    match self.spec.what {
                        What::Possible => self.possible(subject, passage, &mut hits),
                        What::Bmi => self.bmi(subject, passage, &mut hits),
                        What::GcsSum => scores::gcs_sum(passage, &mut hits),
                        What::ApgarSum => scores::apgar_sum(passage, &mut hits),
                        What::ScoreSum => scores::score_sum(passage, &mut hits),
                        What::GcsText => scores::gcs_text(subject, passage, &mut hits),
                        What::Numbering => scores::numbering(passage, &mut hits),
                        What::SizeShape => sizes::size_shape(passage, &mut hits),
                        _ => scores::gravida_para(passage, &mut hits),
                    }
                }
            }
        }
        Outcome::Ran(hits)
    }
}

/// What makes a value possible that no resting body has: a standstill, the rate of a machine or of an arrhythmia's waves, a cooled body; or 身高1.65.
fn is_accounted_for(concept: &str, measure: &Measure, is_low: bool, sentence: &str) -> bool {
    const WAVES: [&str; 8] = ["高频", "振荡", "震荡", "HFOV", "室颤波", "颤动波", "扑动波", "房扑"];
    const COOLED: [&str; 6] = ["低体温", "低温", "降温", "复温", "停循环", "冻僵"];
    let said = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
    match concept {
        "心率" | "脉搏" | "呼吸" => measure.value == 0.0 || said(&WAVES),
        "血压" => measure.value == 0.0,
        "体温" => is_low && said(&COOLED),
        // A bare number is in metres.
        "身高" => measure.unit.is_empty() && (0.3..=2.5).contains(&measure.value),
        _ => false,
    }
}

impl Prepared {
    fn possible(&self, subject: &Subject<'_>, passage: &std::sync::Arc<Passage>, hits: &mut Vec<Hit>) {
        let lexicon = subject.knowledge.lexicon();
        for mention in passage.mentions.iter().filter(|mention| self.concepts.contains(mention.concept) && !mention.quoted) {
            let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
            let concept = lexicon.concept(mention.concept);
            let Some((low, high)) = concept.range else { continue };
            let usual = concept.units.first().map_or("", |unit| unit.as_ref());
            let value = if measure.unit.is_empty() || measure.unit.as_ref() == usual {
                Some(measure.value)
            } else {
                convert(measure.value, &measure.unit, usual)
            };
            // A unit that can't be converted is another rule's question.
            let Some(value) = value else { continue };
            let span = mention.span.cover(measure.span);
            let sentence = passage.text.slice(passage.sentence_of(span));
            if is_accounted_for(&concept.name, measure, value < low, sentence) {
                continue;
            }
            // 血压120-140mmHg is a goal for the systolic pressure.
            let is_pair = passage.text.slice(measure.span).contains('/');
            let swapped = concept.name.as_ref() == "血压" && is_pair && measure.second.is_some_and(|diastolic| diastolic >= measure.value);
            if value < low || value > high || swapped {
                let bounds = if swapped { "收缩压应高于舒张压".to_owned() } else { format!("可能范围{low}~{high}{usual}") };
                hits.push(hit(passage, span, vec![("concept", concept.name.to_string()), ("bounds", bounds)]));
            }
        }
    }

    fn bmi(&self, subject: &Subject<'_>, passage: &std::sync::Arc<Passage>, hits: &mut Vec<Hit>) {
        let value = |name: &str, unit: &str| {
            let id = subject.knowledge.lexicon().id(name)?;
            // 父身高175cm, 遗传靶身高
            let of_parent =
                |at: u32| ["父", "母", "父亲", "母亲", "靶"].iter().any(|word| passage.text.as_str()[..at as usize].ends_with(word));
            let own = |mention: &&Mention| mention.concept == id && mention.measure.is_some() && !of_parent(mention.span.start);
            let mention = passage.mentions.iter().find(own)?;
            let measure = &passage.measures[mention.measure? as usize];
            let value = if measure.unit.is_empty() { measure.value } else { convert(measure.value, &measure.unit, unit)? };
            Some((value, mention.span.cover(measure.span)))
        };
        let weight = || {
            let id = subject.knowledge.lexicon().id("体重")?;
            let mention = passage.mentions.iter().find(|mention| mention.concept == id)?;
            let near = passage
                .measures
                .iter()
                .find(|measure| measure.span.start >= mention.span.end && measure.span.start - mention.span.end <= 12)?;
            convert(near.value, &near.unit, "kg").map(|kilograms| (kilograms, mention.span.cover(near.span)))
        };
        let (Some((height, _)), Some((weight, weighed)), Some((stated, span))) =
            (value("身高", "cm"), weight(), value("体质指数", "kg/m2"))
        else {
            return;
        };
        // 孕前BMI 24.2, (平素70kg,BMI 25.7) and 目标BMI 20 go with another weight.
        const OTHER_TIMES: [&str; 6] = ["孕前", "病前", "平素", "术前", "目标", "理想"];
        let before = &passage.text.as_str()[..span.start as usize];
        let since = before.get(weighed.end as usize..).unwrap_or("");
        let bracket = since.rsplit(')').next().unwrap_or(since);
        let earlier = OTHER_TIMES.iter().any(|word| before.trim_end().ends_with(word) || bracket.contains(word));
        if !(50.0..=230.0).contains(&height) || earlier {
            return;
        }
        let computed = weight / (height / 100.0).powi(2);
        if (computed - stated).abs() > self.spec.tolerance {
            hits.push(hit(
                passage,
                span,
                vec![("computed", format!("{weight}÷({height}/100)²={computed:.1}")), ("stated", stated.to_string())],
            ));
        }
    }
}
