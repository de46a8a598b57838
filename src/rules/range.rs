//! `range`: plausibility, arithmetic and units. Every figure is computed here, never guessed.
//!
//! ```toml
//! [check]
//! kind = "range"
//! what = "possible"                # see [`What`]
//! within = ["入院记录/体格检查", "病程类"]
//! concepts = ["生命体征"]
//! ```

use serde::{Deserialize, Serialize};

use super::places::Places;
use super::{Check, DataEvidence, Evidence, Hit, Knowledge, Outcome, Role, SpecError, Subject, facts};
use crate::reading::lexicon::ConceptSet;
use crate::reading::measures::convert;
use crate::reading::text::Span;
use crate::reading::{Assertion, Experiencer, Mention, Passage, Reference, TimeValue};
use crate::record::{Instant, time};

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
    /// A GCS total against consciousness said in the same passage.
    GcsText,
    /// 孕a产b with b above a.
    GravidaPara,
    /// Dates in the text of things done in this stay that lie outside it.
    StayDates,
    /// A drug's single dose in an order or text that is beyond the bounds of `rules/knowledge/doses.toml`.
    Dose,
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
            What::Dose => hits = self.doses(subject),
            What::Possible | What::Bmi | What::GcsSum | What::GcsText | What::GravidaPara => {
                for passage in self.places.passages(subject) {
                    match self.spec.what {
                        What::Possible => self.possible(subject, passage, &mut hits),
                        What::Bmi => self.bmi(subject, passage, &mut hits),
                        What::GcsSum => gcs_sum(passage, &mut hits),
                        What::GcsText => gcs_text(subject, passage, &mut hits),
                        _ => gravida_para(passage, &mut hits),
                    }
                }
            }
        }
        Outcome::Ran(hits)
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
            let swapped = concept.name.as_ref() == "血压" && measure.second.is_some_and(|diastolic| diastolic >= measure.value);
            if value < low || value > high || swapped {
                let bounds = if swapped { "收缩压应高于舒张压".to_owned() } else { format!("可能范围{low}~{high}{usual}") };
                hits.push(hit(passage, span, vec![("concept", concept.name.to_string()), ("bounds", bounds)]));
            }
        }
    }

    fn bmi(&self, subject: &Subject<'_>, passage: &std::sync::Arc<Passage>, hits: &mut Vec<Hit>) {
        let value = |name: &str, unit: &str| {
            let id = subject.knowledge.lexicon().id(name)?;
            let mention = passage.mentions.iter().find(|mention| mention.concept == id && mention.measure.is_some())?;
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
        let (Some((height, _)), Some((weight, _)), Some((stated, span))) = (value("身高", "cm"), weight(), value("体质指数", "kg/m2"))
        else {
            return;
        };
        if !(50.0..=230.0).contains(&height) {
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

    fn stay_days(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let visit = subject.visit;
        let admitted = visit.admission.admitted_at.ok_or("未提供入院时间")?.date();
        let discharged = visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at).ok_or("尚未出院")?.date();
        // Day of admission and day of discharge count once; a same-day stay is one day.
        let days = time::days_between(admitted, discharged).max(1);
        let right = |stated: i64| stated == days || stated == days + 1;
        let computed = || format!("{admitted}至{discharged}为{days}天");
        let mut hits = Vec::new();
        if let Some(stated) = visit.front_page.as_ref().and_then(|page| page.days).filter(|stated| !right(*stated)) {
            hits.push(Hit {
                data: vec![DataEvidence { path: "/front_page/days".into(), label: format!("首页住院天数{stated}天") }],
                slots: vec![("stated", stated.to_string()), ("computed", computed())],
                ..Hit::default()
            });
        }
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            for (at, word) in text.match_indices("住院") {
                let rest = &text[at + word.len()..];
                let rest = rest.strip_prefix("天数").unwrap_or(rest).trim_start_matches([':', ' ', '共']);
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                let start = text.len() - rest.len();
                if !rest[digits.len()..].starts_with(['天', '日']) {
                    continue;
                }
                // 住院3天后 and 住院第3天 speak of a moment, not of the whole stay.
                if rest[digits.len() + '天'.len_utf8()..].starts_with(['后', '时', '内', '前']) {
                    continue;
                }
                if let Ok(stated) = digits.parse::<i64>()
                    && !right(stated)
                {
                    let span = Span::new(at, start + digits.len() + '天'.len_utf8());
                    hits.push(hit(passage, span, vec![("stated", stated.to_string()), ("computed", computed())]));
                }
            }
        }
        Ok(hits)
    }

    fn age(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let visit = subject.visit;
        let birth = visit.patient.birth_date.ok_or("未提供出生日期")?.date();
        let admitted = visit.admission.admitted_at.ok_or("未提供入院时间")?.date();
        let years = facts::completed_years(birth, admitted);
        if years < 2 {
            return Ok(Vec::new());
        }
        let last = visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at).map_or(subject.at.date(), |at| at.date());
        let at_end = facts::completed_years(birth, last);
        let tolerance = self.spec.tolerance as i64;
        let wrong = |stated: i64| stated < years - tolerance || stated > at_end + tolerance;
        let computed = || format!("出生{birth},入院{admitted},实足{years}岁");
        let mut hits = Vec::new();
        if let Some(stated) = visit
            .front_page
            .as_ref()
            .and_then(|page| page.age_text.as_deref())
            .and_then(facts::printed_age)
            .map(|age| age as i64)
            .filter(|age| wrong(*age))
        {
            hits.push(Hit {
                data: vec![DataEvidence { path: "/front_page/age_text".into(), label: format!("首页年龄{stated}岁") }],
                slots: vec![("stated", format!("{stated}岁")), ("computed", computed())],
                ..Hit::default()
            });
        }
        for passage in self.places.passages(subject) {
            if let Some((stated, span)) = patient_age(passage).filter(|(stated, _)| wrong(*stated)) {
                hits.push(hit(passage, span, vec![("stated", format!("{stated}岁")), ("computed", computed())]));
            }
        }
        Ok(hits)
    }

    fn postoperative_day(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let operations = subject.visit.operations.as_deref().ok_or("未提供手术信息")?;
        let ends: Vec<_> =
            operations.iter().filter_map(|operation| operation.ended_at.or(operation.started_at)).map(Instant::date).collect();
        if ends.is_empty() {
            return Ok(Vec::new());
        }
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let Some(day) = document.time.map(Instant::date) else { continue };
            for passage in self.places.passages_of(document) {
                for expression in &passage.times {
                    let TimeValue::DayOf { reference: Reference::Operation, day: stated } = expression.value else { continue };
                    if !is_about_now(passage.text.as_str(), expression.span) {
                        continue;
                    }
                    let distances: Vec<i64> =
                        ends.iter().map(|end| time::days_between(*end, day)).filter(|distance| *distance >= 0).collect();
                    // Day 0 or day 1 for the day of surgery is the hospital's convention.
                    let fits = |distance: &i64| i64::from(stated) == *distance || i64::from(stated) == distance + 1;
                    if let Some(distance) = distances.last().filter(|_| !distances.iter().any(fits)) {
                        let computed = format!("记录日期{day}为术后第{distance}天");
                        hits.push(hit(passage, expression.span, vec![("stated", stated.to_string()), ("computed", computed)]));
                    }
                }
            }
        }
        Ok(hits)
    }

    /// `2026-02-28行冠脉造影`: a dated act of this hospital and this stay outside the stay.
    fn stay_dates(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let admitted = subject.visit.admission.admitted_at.ok_or("未提供入院时间")?;
        let last = facts::discharged_at(subject.visit).unwrap_or(subject.at).date();
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            for passage in self.places.passages_of(document) {
                let text = passage.text.as_str();
                for mention in passage
                    .mentions
                    .iter()
                    .filter(|mention| self.concepts.contains(mention.concept) && mention.assertion == Assertion::Present && !mention.quoted)
                {
                    let Some(expression) = mention.time.and_then(|index| passage.times.get(index as usize)) else { continue };
                    let TimeValue::Date(date) = expression.value else { continue };
                    let (Some(year), Some(month), Some(day)) = (date.year, date.month, date.day) else { continue };
                    let Ok(date) = jiff::civil::Date::new(year, month as i8, day as i8) else { continue };
                    let near = expression.span.end <= mention.span.start && mention.span.start - expression.span.end <= 30;
                    let sentence =
                        passage.sentences.iter().find(|sentence| sentence.contains(mention.span)).copied().unwrap_or(mention.span);
                    let here = ["我院", "本院", "本次", "入院后", "我科"].iter().any(|word| text[sentence.range()].contains(word));
                    let outside = ["外院", "门诊", "急诊", "医院", "既往", "上次", "复查", "随诊", "拟", "计划", "预约"]
                        .iter()
                        .any(|word| text[sentence.range()].contains(word));
                    if near && here && !outside && (date < admitted.date() || date > last) {
                        let span = expression.span.cover(mention.span);
                        hits.push(hit(
                            passage,
                            span,
                            vec![("stated", date.to_string()), ("computed", format!("住院期间为{}至{last}", admitted.date()))],
                        ));
                    }
                }
            }
        }
        Ok(hits)
    }

    fn doses(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let doses = &subject.knowledge.tables.doses;
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for (index, order) in subject.visit.orders.iter().flatten().enumerate() {
            let (Some(name), Some(dose), Some(unit)) = (order.name.as_deref(), order.dose, order.unit.as_deref()) else { continue };
            for (_, id) in lexicon.find(name) {
                let Some(bounds) = doses.get(lexicon.concept(id).name.as_ref()) else { continue };
                if let Some(limit) = bounds.broken_by(dose, unit, order.route.as_deref()) {
                    let label = format!("{name} {dose}{unit} {}", order.route.as_deref().unwrap_or(""));
                    hits.push(Hit {
                        data: vec![DataEvidence { path: format!("/orders/{index}"), label: label.trim().to_owned() }],
                        slots: vec![("stated", label.trim().to_owned()), ("bounds", limit)],
                        ..Hit::default()
                    });
                }
            }
        }
        for passage in self.places.passages(subject) {
            for mention in passage.mentions.iter().filter(|mention| mention.experiencer == Experiencer::Patient && !mention.quoted) {
                let concept = lexicon.concept(mention.concept);
                let Some(bounds) = doses.get(concept.name.as_ref()) else { continue };
                let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
                if let Some(limit) = bounds.broken_by(measure.value, &measure.unit, None) {
                    let span = mention.span.cover(measure.span);
                    hits.push(hit(passage, span, vec![("stated", passage.text.quote(span).to_owned()), ("bounds", limit)]));
                }
            }
        }
        hits
    }
}

/// The age that a passage gives the patient: `患者,女,68岁`, `68岁男性`, 年龄:68岁. Ages at another time (`诊断时52岁`, `50岁绝经`) don't count.
fn patient_age(passage: &Passage) -> Option<(i64, Span)> {
    let text = passage.text.as_str();
    for (at, _) in text.match_indices('岁') {
        let digits = text[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 3 {
            continue;
        }
        let start = at - digits;
        let before: String = text[..start].chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
        let after = &text[at + '岁'.len_utf8()..];
        let named = before.trim_end_matches([',', ':', ' ']).ends_with(['男', '女'])
            || before.contains("年龄")
            || (before.contains("患者") && before.chars().count() <= 4);
        let described = after.trim_start_matches([',', ' ']).starts_with(['男', '女']);
        let other = ["其", "父", "母", "子", "兄", "姐", "弟", "妹", "绝经", "初潮", "结婚", "时"].iter().any(|word| before.contains(word))
            || after.starts_with(['时', '绝', '初', '结', '起', '开', '始', '以', '左']);
        if (named || described) && !other {
            return text[start..at].parse().ok().map(|age| (age, Span::new(start, at + '岁'.len_utf8())));
        }
    }
    None
}

/// 术后第3天 says what day it is now when the sentence begins with it or says 今.
fn is_about_now(text: &str, span: Span) -> bool {
    let start = text[..span.start as usize].rfind(['。', '\n', ';']).map_or(0, |at| at + 1);
    let before = text.get(start..span.start as usize).unwrap_or("");
    let after = &text[span.end as usize..];
    let later = after.starts_with(['后', '内', '拆', '复', '拔', '出', '可', '再', '前']);
    !later
        && (before.chars().filter(|character| character.is_alphanumeric()).count() <= 2 || before.contains("今") || before.contains("现"))
}

fn gcs_sum(passage: &std::sync::Arc<Passage>, hits: &mut Vec<Hit>) {
    let text = passage.text.as_str();
    let mut from = 0;
    while let Some(found) = text[from..].find("GCS") {
        let at = from + found;
        from = at + 3;
        let end = text[at..].char_indices().nth(30).map_or(text.len(), |(offset, _)| at + offset);
        let window = &text[at..end];
        let digit_after = |letter: char| {
            window.find(letter).and_then(|position| window[position + 1..].chars().next()).and_then(|next| next.to_digit(10))
        };
        let (Some(eyes), Some(verbal), Some(motor)) = (digit_after('E'), digit_after('V'), digit_after('M')) else { continue };
        let total: Option<u32> = {
            let rest = window[3..].trim_start_matches(|character: char| !character.is_ascii_digit() && character != 'E');
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        if let Some(total) = total.filter(|total| *total != eyes + verbal + motor) {
            let last = window.rfind('M').map_or(3, |position| position + 2);
            hits.push(hit(
                passage,
                Span::new(at, at + last),
                vec![("stated", total.to_string()), ("computed", format!("E{eyes}+V{verbal}+M{motor}={}", eyes + verbal + motor))],
            ));
        }
    }
}

/// 神志清楚 with a GCS of 8 or less, 昏迷 with one of 14 or more, in the same sentence group.
fn gcs_text(subject: &Subject<'_>, passage: &std::sync::Arc<Passage>, hits: &mut Vec<Hit>) {
    let lexicon = subject.knowledge.lexicon();
    let (Some(gcs), Some(clear), Some(coma)) = (lexicon.id("GCS评分"), lexicon.id("意识清楚"), lexicon.id("昏迷")) else { return };
    for score in passage.mentions.iter().filter(|mention| mention.concept == gcs) {
        let Some(measure) = score.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
        let near = |mention: &&Mention| mention.assertion == Assertion::Present && mention.span.start.abs_diff(score.span.start) <= 120;
        let same_sentence =
            |mention: &&Mention| passage.sentences.iter().any(|sentence| sentence.contains(mention.span) && sentence.contains(score.span));
        let said = |concept| {
            passage.mentions.iter().filter(|mention| mention.concept == concept).find(|mention| near(mention) && same_sentence(mention))
        };
        let contrary = match measure.value {
            value if value <= 8.0 => said(clear),
            value if value >= 14.0 => said(coma),
            _ => None,
        };
        // An intubated or aphasic patient may be awake with a low total.
        let text = passage.text.as_str();
        if let Some(contrary) = contrary.filter(|_| !["插管", "气管切开", "失语", "VT", "镇静"].iter().any(|word| text.contains(word)))
        {
            let span = score.span.cover(measure.span);
            let evidence = vec![
                Evidence { passage: passage.clone(), span, role: Role::This },
                Evidence { passage: passage.clone(), span: contrary.span, role: Role::Against },
            ];
            hits.push(Hit { evidence, slots: vec![("stated", measure.value.to_string())], ..Hit::default() });
        }
    }
}

/// 孕2产3, G2P3.
fn gravida_para(passage: &std::sync::Arc<Passage>, hits: &mut Vec<Hit>) {
    let text = passage.text.as_str();
    for (first, second) in [('孕', '产'), ('G', 'P'), ('g', 'p')] {
        for (at, _) in text.match_indices(first) {
            let rest = &text[at + first.len_utf8()..];
            let pregnancies: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let Some(tail) = rest[pregnancies.len()..].trim_start_matches('次').strip_prefix(second) else { continue };
            let births: String = tail.chars().take_while(char::is_ascii_digit).collect();
            let (Ok(pregnancies_count), Ok(births_count)) = (pregnancies.parse::<u32>(), births.parse::<u32>()) else { continue };
            // Two digits or more are weeks or a date.
            if pregnancies_count < 20 && births_count > pregnancies_count && births_count < 20 {
                let end = text.len() - tail.len() + births.len();
                hits.push(hit(passage, Span::new(at, end), vec![("stated", text[at..end].to_owned())]));
            }
        }
    }
}
