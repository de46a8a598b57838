//! `conflict`: two mentions of one thing that can't both be true, or one that the patient's sex forbids.
//!
//! ```toml
//! [check]
//! kind     = "conflict"
//! compare  = "side"                  # side | sex | denied | symptom | sign
//! concepts = ["身体部位", "疾病"]
//! within   = ["入院记录", "手术记录"]
//! against  = ["出院记录"]             # default: the same places
//! ```
//! Only mentions of the same concept are compared, so that a left-brain lesion never meets a right limb.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agree::operates_on_both_sides;
use super::facts;
use super::finder::{Find, Finder, Matches};
use super::places::Places;
use super::{Check, Evidence, Hit, Knowledge, Outcome, Role, SpecError, Subject};
use crate::reading::lexicon::{ConceptKind, ConceptSet};
use crate::reading::text::Span;
use crate::reading::{Assertion, ConceptId, Experiencer, Mention, Passage, TimeUnit, TimeValue};
use crate::record::{DocumentKind, Sex, Side};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    pub compare: Compare,
    pub within: Vec<String>,
    #[serde(default)]
    pub against: Vec<String>,
    /// Concepts or classes; with `sex` empty means every concept that has a sex.
    #[serde(default)]
    pub concepts: Vec<String>,
    /// With `side`: a body part counts only where its clause tells of a complaint, finding, disease or operation of it.
    #[serde(default)]
    pub told: bool,
    /// With `sign`: only where the body part is known, for signs that may be anywhere (压痛).
    #[serde(default)]
    pub sited: bool,
    /// Wording in the same sentence that makes a mention harmless.
    #[serde(default)]
    pub unless: Find,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// One document only says left, another only right.
    Side,
    /// A concept of the other sex said of this patient.
    Sex,
    /// Denied in `within`, stated as long known (…史, …年) in `against`.
    Denied,
    /// Present in `within`, denied without any limit of time in `against`, of the same concept.
    Symptom,
    /// Found in one examination and denied in the other: the same concept at the same site, or denied of the whole region.
    Sign,
}

struct Prepared {
    spec: Conflict,
    within: Places,
    against: Places,
    concepts: ConceptSet,
    unless: Finder,
}

impl Conflict {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        let places =
            |written: &[String], name: &str| Places::parse(written, knowledge.documents()).map_err(|text| SpecError::new(name, text));
        let against = if self.against.is_empty() { &self.within } else { &self.against };
        let concepts = knowledge.lexicon().set(&self.concepts).map_err(|text| SpecError::new("concepts", text))?;
        if concepts.is_empty() && self.compare != Compare::Sex {
            return Err(SpecError::new("compare", "say which `concepts` are compared"));
        }
        Ok(Box::new(Prepared {
            spec: self.clone(),
            within: places(&self.within, "within")?,
            against: places(against, "against")?,
            concepts,
            unless: self.unless.prepare(knowledge)?,
        }))
    }
}

impl Check for Prepared {
    fn quotes(&self, kind: DocumentKind) -> bool {
        self.within.names_kind(kind) || self.against.names_kind(kind)
    }

    fn run(&self, subject: &Subject<'_>) -> Outcome {
        Outcome::Ran(match self.spec.compare {
            Compare::Side => self.sides(subject),
            Compare::Sex => match subject.visit.patient.sex {
                Some(sex @ (Sex::Male | Sex::Female)) => self.sex(subject, sex),
                _ => return Outcome::Skipped("未提供患者性别".to_owned()),
            },
            Compare::Denied => self.denied(subject),
            Compare::Symptom => self.symptom(subject),
            Compare::Sign => self.sign(subject),
        })
    }
}

/// In so many documents nobody writes the wrong side.
const MANY: usize = 3;

/// How many documents say the concept of this side.
fn documents_saying(subject: &Subject<'_>, concept: ConceptId, side: Option<Side>) -> usize {
    let says = |passage: &Arc<Passage>| passage.mentions.iter().any(|mention| mention.concept == concept && mention.side == side);
    subject.reading.documents.iter().filter(|document| document.passages.iter().any(says)).count()
}

/// 右踝肿胀, 左输尿管结石, but not 右髋T值, 检查左肾各盏: a part of the body of which something is told in its clause.
fn is_told_of(subject: &Subject<'_>, passage: &Passage, mention: &Mention) -> bool {
    let lexicon = subject.knowledge.lexicon();
    if lexicon.concept(mention.concept).kind != ConceptKind::Body {
        return true;
    }
    let tells = |other: &Mention| {
        let kind = lexicon.concept(other.concept).kind;
        (kind.is_finding() || matches!(kind, ConceptKind::Disease | ConceptKind::Procedure)) && counts(other)
    };
    let clause = passage.clause_of(mention.span);
    passage.mentions.iter().any(|other| clause.contains(other.span) && tells(other))
}

type Said<'s> = (&'s Arc<Passage>, &'s Mention);

/// A sign and where it was looked for.
type Sign = (ConceptId, Option<ConceptId>);
type Signs<'s> = BTreeMap<Sign, Vec<Said<'s>>>;

/// A document (or data pointer) and what it says of sides.
type SidesOf<'s> = (String, Vec<(Side, Said<'s>)>);

fn evidence((passage, mention): Said<'_>, role: Role) -> Evidence {
    Evidence { passage: passage.clone(), span: widened(passage, mention), role }
}

/// The mention with its side words: 右侧肢体, not 肢体.
fn widened(passage: &Passage, mention: &Mention) -> crate::reading::Span {
    let before = &passage.text.as_str()[..mention.span.start as usize];
    let length = if mention.side.is_none() {
        0
    } else {
        ["左侧", "右侧", "双侧", "两侧", "左", "右", "双"].iter().find(|word| before.ends_with(**word)).map_or(0, |word| word.len())
    };
    crate::reading::Span { start: mention.span.start - length as u32, end: mention.span.end }
}

/// Whether an excuse stands in the sentence of the mention.
fn is_harmless(excuses: &Matches<'_>, (passage, mention): Said<'_>) -> bool {
    excuses.any_in(passage, passage.sentence_of(mention.span))
}

impl Prepared {
    fn sides(&self, subject: &Subject<'_>) -> Vec<Hit> {
        if operates_on_both_sides(subject) {
            return Vec::new();
        }
        let excuses = Matches::of(&self.unless);
        // Concept → document (or data) → mentions of each side.
        let mut said: BTreeMap<ConceptId, Vec<SidesOf<'_>>> = BTreeMap::new();
        for passage in self.within.passages(subject) {
            let place = place_of(passage);
            for mention in &passage.mentions {
                let Some(side) = mention.side.filter(|_| counts(mention) && self.concepts.contains(mention.concept)) else { continue };
                if is_harmless(&excuses, (passage, mention)) {
                    continue;
                }
                let side = if is_beside_its_fellow(passage, mention) { Side::Both } else { side };
                let places = said.entry(mention.concept).or_default();
                match places.iter_mut().find(|(known, _)| *known == place) {
                    Some((_, sides)) => sides.push((side, (passage, mention))),
                    None => places.push((place.clone(), vec![(side, (passage, mention))])),
                }
            }
        }
        let mut hits = Vec::new();
        for places in said.values() {
            let only =
                |wanted: Side| places.iter().find(|(_, sides)| sides.iter().all(|(side, _)| *side == wanted)).map(|(_, sides)| sides[0].1);
            // Where any document speaks of both sides, both are affected, or one word is a slip.
            if places.iter().any(|(_, sides)| {
                sides.iter().any(|(side, _)| *side == Side::Both)
                    || (sides.iter().any(|(side, _)| *side == Side::Left) && sides.iter().any(|(side, _)| *side == Side::Right))
            }) {
                hits.extend(slip(places));
                continue;
            }
            let (Some(left), Some(right)) = (only(Side::Left), only(Side::Right)) else { continue };
            // The side that fewer documents say is probably the wrong one.
            let count = |wanted: Side| places.iter().filter(|(_, sides)| sides.iter().all(|(side, _)| *side == wanted)).count();
            let (this, other) = if count(Side::Left) <= count(Side::Right) { (left, right) } else { (right, left) };
            let untold = |said: Said<'_>| self.spec.told && !is_told_of(subject, said.0, said.1);
            let even = count(Side::Left) == count(Side::Right);
            if untold(this) || even && untold(other) {
                continue;
            }
            // 保留左卵巢 in many documents beside a cyst of the right one is no slip.
            if documents_saying(subject, this.1.concept, this.1.side) >= MANY {
                continue;
            }
            hits.push(Hit { evidence: vec![evidence(this, Role::This), evidence(other, Role::Against)], ..Hit::default() });
        }
        hits
    }

    fn sex(&self, subject: &Subject<'_>, sex: Sex) -> Vec<Hit> {
        let excuses = Matches::of(&self.unless);
        let lexicon = subject.knowledge.lexicon();
        // 破膜26小时 in a newborn's record is his mother's, but for his own examination.
        let newborn = facts::is_newborn(subject.visit);
        let mut hits = Vec::new();
        for passage in self.within.passages(subject) {
            let examined = matches!(passage.section.as_ref(), "体格检查" | "专科情况");
            if passage.section.as_ref() == "家族史" || newborn && sex == Sex::Male && !examined {
                continue;
            }
            for mention in &passage.mentions {
                let Some(wanted) = lexicon.concept(mention.concept).sex else { continue };
                // A denied or conditional mention may be template text, which is another defect.
                let said =
                    matches!(mention.assertion, Assertion::Present | Assertion::Past | Assertion::Planned) || is_examined(passage, mention);
                if wanted == sex
                    || !said
                    || mention.experiencer != Experiencer::Patient
                    || mention.quoted
                    || is_harmless(&excuses, (passage, mention))
                {
                    continue;
                }
                hits.push(Hit {
                    evidence: vec![evidence((passage, mention), Role::This)],
                    slots: vec![("sex", sex.chinese().to_owned()), ("wanted", wanted.chinese().to_owned())],
                    ..Hit::default()
                });
            }
        }
        if !hits.is_empty() && self.within.passages(subject).any(|passage| tells_of_intersex(passage, sex)) {
            return Vec::new();
        }
        // One sentence names several parts of one organ system; the first says enough.
        hits.dedup_by(|later, earlier| Arc::ptr_eq(&later.evidence[0].passage, &earlier.evidence[0].passage));
        hits
    }

    fn denied(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let excuses = Matches::of(&self.unless);
        let lexicon = subject.knowledge.lexicon();
        let mut hits: Vec<Hit> = Vec::new();
        let mut seen: Vec<ConceptId> = Vec::new();
        for passage in self.within.passages(subject) {
            for mention in passage.mentions.iter().filter(|mention| self.concepts.contains(mention.concept)) {
                let denied = mention.assertion == Assertion::Absent && mention.experiencer == Experiencer::Patient;
                if !denied || seen.contains(&mention.concept) || is_harmless(&excuses, (passage, mention)) {
                    continue;
                }
                let name = lexicon.concept(mention.concept).name.clone();
                let known = self.against.passages(subject).find_map(|other| {
                    let long_known = |candidate: &&Mention| {
                        (candidate.concept == mention.concept || lexicon.is_a(candidate.concept, &name))
                            && matches!(candidate.assertion, Assertion::Present | Assertion::Past)
                            && candidate.experiencer == Experiencer::Patient
                            && !std::ptr::eq(*candidate, mention)
                            && is_long_known(other, candidate)
                    };
                    other.mentions.iter().find(long_known).map(|candidate| (other, candidate))
                });
                if let Some(known) = known {
                    seen.push(mention.concept);
                    hits.push(Hit {
                        evidence: vec![evidence((passage, mention), Role::This), evidence(known, Role::Against)],
                        slots: vec![("concept", name.to_string())],
                        ..Hit::default()
                    });
                }
            }
        }
        hits
    }

    fn symptom(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let excuses = Matches::of(&self.unless);
        let mut hits = Vec::new();
        for passage in self.within.passages(subject) {
            for mention in
                passage.mentions.iter().filter(|mention| self.concepts.contains(mention.concept) && mention.assertion == Assertion::Present)
            {
                let stated_elsewhere = |wanted: Assertion| {
                    self.against.passages(subject).find_map(|other| {
                        let found = other.mentions.iter().find(|candidate| {
                            candidate.concept == mention.concept
                                && candidate.assertion == wanted
                                && candidate.experiencer == Experiencer::Patient
                        });
                        found.filter(|candidate| !is_harmless(&excuses, (other, candidate))).map(|candidate| (other, candidate))
                    })
                };
                // Denied once and told once: the denial is of another moment.
                if stated_elsewhere(Assertion::Present).is_some() {
                    continue;
                }
                if let Some(denial) = stated_elsewhere(Assertion::Absent) {
                    hits.push(Hit {
                        evidence: vec![evidence(denial, Role::This), evidence((passage, mention), Role::Against)],
                        ..Hit::default()
                    });
                }
            }
        }
        hits
    }

    /// An examination that says both of one sign and site contradicts nothing: 左肺可闻及湿啰音, 右肺未闻及.
    fn sign(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let lexicon = subject.knowledge.lexicon();
        let (here, there) = (self.signs(&self.within, subject), self.signs(&self.against, subject));
        let one_voiced = |said: &[Said<'_>]| said.iter().all(|(_, mention)| mention.assertion == said[0].1.assertion);
        // 全腹无压痛 denies what is said of 脐周, where nothing else in that note takes it back.
        let denies = |all: &Signs<'_>, (concept, site): &Sign, part: Option<ConceptId>| {
            let (Some(site), Some(part)) = (site, part) else { return false };
            let only_denied = || {
                let of_concept = all.iter().filter(|((other, _), _)| other == concept).flat_map(|(_, said)| said);
                of_concept.into_iter().all(|(_, mention)| mention.assertion == Assertion::Absent)
            };
            *site != part && lexicon.inside(part, *site) && only_denied()
        };
        let mut hits = Vec::new();
        for (key, said) in &here {
            let of_concept = there.iter().filter(|((concept, _), _)| *concept == key.0);
            let contradicts = |(other_key, other): &(&Sign, &Vec<Said<'_>>)| {
                let opposite = one_voiced(said) && one_voiced(other) && said[0].1.assertion != other[0].1.assertion;
                let denied = said[0].1.assertion == Assertion::Absent;
                opposite
                    && may_be_one_side(said, other)
                    && (other_key.1 == key.1 || if denied { denies(&here, key, other_key.1) } else { denies(&there, other_key, key.1) })
            };
            if let Some((_, other)) = of_concept.into_iter().find(contradicts) {
                hits.push(Hit { evidence: vec![evidence(said[0], Role::This), evidence(other[0], Role::Against)], ..Hit::default() });
            }
        }
        hits
    }

    /// Mentions that are found or denied, by concept and site.
    fn signs<'s>(&self, places: &Places, subject: &Subject<'s>) -> Signs<'s> {
        let excuses = Matches::of(&self.unless);
        let mut said: Signs<'s> = BTreeMap::new();
        for passage in places.passages(subject) {
            for mention in &passage.mentions {
                let plain =
                    matches!(mention.assertion, Assertion::Present | Assertion::Absent) && mention.experiencer == Experiencer::Patient;
                if plain
                    && !mention.quoted
                    && (mention.site.is_some() || !self.spec.sited)
                    && self.concepts.contains(mention.concept)
                    && !is_harmless(&excuses, (passage, mention))
                {
                    said.entry((mention.concept, mention.site)).or_default().push((passage, mention));
                }
            }
        }
        said
    }
}

/// One section says the other side than all others, of which there are at least four in two documents: 右膝 in a list of 左膝.
fn slip(places: &[SidesOf<'_>]) -> Option<Hit> {
    const MOST: usize = 4;
    let said = |wanted: Side| -> Vec<Said<'_>> {
        let mut sections: Vec<(&str, &str, Said<'_>)> = Vec::new();
        for (place, sides) in places {
            for (_, said) in sides.iter().filter(|(side, _)| *side == wanted) {
                let section = said.0.section.as_ref();
                if !sections.iter().any(|(known, within, _)| *known == place.as_str() && *within == section) {
                    sections.push((place.as_str(), section, *said));
                }
            }
        }
        sections.into_iter().map(|(_, _, said)| said).collect()
    };
    if places.iter().any(|(_, sides)| sides.iter().any(|(side, _)| *side == Side::Both)) {
        return None;
    }
    let (left, right) = (said(Side::Left), said(Side::Right));
    let (few, many) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    let apart = many.first().zip(many.last()).is_some_and(|(first, last)| !Arc::ptr_eq(first.0, last.0));
    // Where a list names something on either side, both are meant: a nodule beside a tumour of the other lobe.
    let names_both =
        || few.iter().chain(&many).any(|(passage, _)| passage.text.as_str().contains('左') && passage.text.as_str().contains('右'));
    (few.len() == 1 && many.len() >= MOST && apart && !names_both())
        .then(|| Hit { evidence: vec![evidence(few[0], Role::This), evidence(many[0], Role::Against)], ..Hit::default() })
}

/// 左颈内动脉重度狭窄,右颈动脉狭窄40%: another clause of the sentence has the like on the other side.
fn is_beside_its_fellow(passage: &Passage, mention: &Mention) -> bool {
    let other = match mention.side {
        Some(Side::Left) => '右',
        Some(Side::Right) => '左',
        _ => return false,
    };
    let letters: Vec<char> = passage.text.slice(mention.span).chars().collect();
    let [first, .., before_last, last] = letters.as_slice() else { return false };
    let beginnings = [format!("{other}{first}"), format!("{other}侧{first}")];
    let ending = format!("{before_last}{last}");
    let sentence = passage.sentence_of(mention.span);
    let clauses = passage.clauses.iter().filter(|clause| sentence.contains(**clause) && !clause.contains(mention.span));
    clauses
        .map(|clause| passage.text.slice(*clause))
        .any(|clause| beginnings.iter().filter_map(|beginning| clause.find(beginning)).any(|at| clause[at..].contains(&ending)))
}

/// Said of the patient's body as it is or will be operated on; a consent's procedure stands under its conditions.
fn counts(mention: &Mention) -> bool {
    mention.experiencer == Experiencer::Patient
        && matches!(mention.assertion, Assertion::Present | Assertion::Planned | Assertion::Uncertain | Assertion::Conditional)
}

fn place_of(passage: &Passage) -> String {
    match &passage.origin {
        crate::reading::Origin::Document { document, .. } => format!("document {document}"),
        crate::reading::Origin::Data { pointer, .. } => pointer.clone(),
    }
}

/// 子宫附件未触及异常 denies the abnormality, not the uterus: an organ that was examined is there.
fn is_examined(passage: &Passage, mention: &Mention) -> bool {
    mention.assertion == Assertion::Absent
        && passage.section.as_ref() == "体格检查"
        && passage.text.as_str()[mention.span.end as usize..].chars().take(10).collect::<String>().contains('未')
}

/// 性发育异常, or 染色体46,XX of a man: what organs there are is not told by the sex.
fn tells_of_intersex(passage: &Passage, sex: Sex) -> bool {
    let opposite = if sex == Sex::Male { ["46,XX", "46, XX"] } else { ["46,XY", "46, XY"] };
    let text = passage.text.as_str();
    opposite.iter().chain(&["性发育异常", "性发育障碍", "两性畸形"]).any(|word| text.contains(word))
}

/// 左侧胸壁压痛 and 右侧胸壁无压痛 are of two places.
fn may_be_one_side(here: &[Said<'_>], there: &[Said<'_>]) -> bool {
    let one_side = |one: Side, other: Side| one == other || one == Side::Both || other == Side::Both;
    let agree = |one: &Mention, other: &Mention| one.side.zip(other.side).is_none_or(|(one, other)| one_side(one, other));
    here.iter().any(|(_, one)| there.iter().any(|(_, other)| agree(one, other)))
}

/// 父亲高血压病史20年, or a finding of imaging without any symptom: no illness that the patient knows of.
fn is_of_other_or_silent(passage: &Passage, mention: &Mention, clause: &str) -> bool {
    let before = &passage.text.as_str()[..mention.span.start as usize];
    let of_relative = before.trim_end_matches(['亲', '有', '患', ',', ' ']).ends_with(['父', '母', '兄', '弟', '姐', '妹', '哥']);
    of_relative || clause.contains('示') && passage.text.slice(passage.sentence_of(mention.span)).contains("无症状")
}

/// 高血压病史10年, 糖尿病8年, 8年前确诊糖尿病: known for months or years, where the length of time is that of the illness itself
/// (乙肝疫苗1月、6月续种 has another). A diagnosis made in this stay is not, nor what a later note adds to the history.
fn is_long_known(passage: &Passage, mention: &Mention) -> bool {
    const ADDED: [&str; 8] = ["补充病史", "补充既往", "追问", "再次询问", "反复询问", "更正", "修正", "订正"];
    let text = passage.text.as_str();
    let after = &text[mention.span.end as usize..];
    let named = after.trim_start_matches('病');
    let history = ["病史", "史", "(病史"].iter().any(|word| after.starts_with(word) || named.starts_with(word));
    let times = passage.times.iter().filter(|time| match time.value {
        TimeValue::Duration(length) | TimeValue::Ago { length, .. } => length.unit >= TimeUnit::Month,
        _ => false,
    });
    let long = || times.into_iter().any(|time| is_time_of_illness(text, mention.span, time.span));
    let clause = passage.clauses.iter().find(|clause| clause.contains(mention.span)).map_or("", |clause| &text[clause.range()]);
    let denial = ["无", "否认", "未"].iter().any(|word| clause.contains(word));
    let added = || ADDED.iter().any(|word| passage.text.slice(passage.sentence_of(mention.span)).contains(word));
    (history || long()) && !denial && !added() && !is_of_other_or_silent(passage, mention, clause)
}

/// Nothing but such words as 病史, 3级(很高危), 约 stands between an illness and its time, or 前诊断, 前体检发现 between a time and its illness.
fn is_time_of_illness(text: &str, illness: Span, time: Span) -> bool {
    const BEHIND: &str = "病史约近已有余超多达逾确诊断发现患型级期度高中低很极危组()ⅠⅡⅢ0123456789: ";
    const AHEAD: &str = "前来起余因患有曾诊断确诊为发现体检时查出院当地外医在本我行";
    const LATER: [&str; 5] = ["后", "内", "复", "随", "、"];
    if time.start >= illness.end {
        let between = &text[illness.end as usize..time.start as usize];
        between.chars().all(|letter| BEHIND.contains(letter)) && !LATER.iter().any(|word| text[time.end as usize..].starts_with(word))
    } else {
        let between = text.get(time.end as usize..illness.start as usize).unwrap_or(",");
        between.chars().all(|letter| AHEAD.contains(letter))
    }
}
