//! What leaves with the patient: drugs that conflict, results still out, complications that no list names.

use super::super::{DataEvidence, Evidence, Hit, Role, Subject, facts};
use super::{Prepared, is_fact};
use crate::reading::{Assertion, ConceptId, Experiencer, Passage};
use crate::record::Instant;

impl Prepared {
    /// A drug of the discharge orders in `within` against allergies and contraindications.
    pub(super) fn discharge_drug(&self, subject: &Subject<'_>) -> Vec<Hit> {
        const NOT_TAKEN: [&str; 13] = ["忌", "停", "避", "禁", "勿", "慎", "不", "过敏", "若", "如", "可恢复", "待", "脱敏"];
        let lexicon = subject.knowledge.lexicon();
        let allergies = self.allergies(subject, &self.explained);
        let mut hits: Vec<Hit> = Vec::new();
        let mut seen: Vec<ConceptId> = Vec::new();
        for passage in self.within.passages(subject) {
            let text = passage.text.as_str();
            for mention in passage.mentions.iter().filter(|mention| lexicon.is_a(mention.concept, "药物") && !mention.quoted) {
                let clause = passage.clause_of(mention.span);
                // 过敏史:青霉素、阿莫西林 repeated among the orders.
                let ahead = &text[passage.sentence_of(mention.span).start as usize..mention.span.start as usize];
                let of_history = mention.measure.is_none() && (ahead.contains("过敏史:") || passage.section.contains("过敏"));
                if mention.assertion == Assertion::Absent
                    || of_history
                    || mention.experiencer != Experiencer::Patient
                    || NOT_TAKEN.iter().any(|word| text[clause.range()].contains(word))
                    || seen.contains(&mention.concept)
                {
                    continue;
                }
                let drug = passage.text.slice(mention.span).to_owned();
                let evidence = Evidence { passage: passage.clone(), span: mention.span, role: Role::This };
                if let Some((_, against, why)) = self.allergic_to(subject, allergies.iter(), mention.concept) {
                    let mut hit = against.clone();
                    hit.evidence.insert(0, evidence);
                    hit.slots = vec![("drug", drug), ("why", why)];
                    hits.push(hit);
                    seen.push(mention.concept);
                    continue;
                }
                let forbidden = subject.knowledge.tables.contraindications.iter().filter(|entry| entry.drugs.contains(mention.concept));
                let state = forbidden
                    .filter(|entry| !self.weighed(subject, &entry.drugs))
                    .find_map(|entry| self.state_at_discharge(subject, entry).map(|state| (state, entry.why.clone())));
                if let Some((state, why)) = state {
                    let mut hit = state;
                    hit.evidence.insert(0, evidence);
                    hit.slots = vec![("drug", drug), ("why", why)];
                    hits.push(hit);
                    seen.push(mention.concept);
                }
            }
        }
        hits
    }

    /// Somebody thought of the drug in this patient: a consultation, a balance of risks, a date to begin again.
    fn weighed(&self, subject: &Subject<'_>, drugs: &crate::reading::lexicon::ConceptSet) -> bool {
        const WORDS: [&str; 18] = [
            "禁",
            "慎",
            "减量",
            "权衡",
            "利弊",
            "会诊",
            "风险",
            "恢复",
            "商议",
            "继续",
            "停",
            "评估",
            "透析",
            "心内科",
            "获益",
            "监测INR",
            "单抗",
            "加用质子泵",
        ];
        self.explained.passages(subject).any(|passage| {
            passage.mentions.iter().filter(|mention| drugs.contains(mention.concept)).any(|mention| {
                let sentence = passage.text.slice(passage.sentence_of(mention.span));
                WORDS.iter().any(|word| sentence.contains(word))
            })
        })
    }

    /// The last result of the stay, or a discharge diagnosis, that forbids.
    fn state_at_discharge(&self, subject: &Subject<'_>, entry: &super::super::tables::Contraindication) -> Option<Hit> {
        let lexicon = subject.knowledge.lexicon();
        if let Some((set, bound)) = &entry.lab {
            let results = subject.visit.labs.iter().flatten().enumerate().filter_map(|(index, lab)| {
                let is_item = super::is_named(lexicon, lab.item.as_deref().unwrap_or(""), set);
                let value = lab.value.as_deref().and_then(|value| value.trim().parse::<f64>().ok())?;
                is_item.then_some((lab.reported_at.map(Instant::latest)?, index, value))
            });
            if let Some((_, index, value)) = results.max_by_key(|(at, _, _)| *at)
                && bound.met(value)
            {
                let data = vec![facts::lab_evidence(index, &subject.visit.labs.as_deref()?[index])];
                return Some(Hit { data, ..Hit::default() });
            }
        }
        let listed = subject.reading.documents.iter().flat_map(|document| &document.passages).find_map(|passage| {
            let in_list = passage.section.as_ref() == "出院诊断";
            let found = passage.mentions.iter().filter(|_| in_list).find(|mention| {
                let text = passage.text.as_str();
                let after = &text[mention.span.end as usize..];
                let past = after.starts_with('史') || after.starts_with('后') || text[..mention.span.start as usize].ends_with("陈旧性");
                entry.diagnoses.contains(mention.concept) && mention.assertion == Assertion::Present && !past
            })?;
            Some(Evidence { passage: passage.clone(), span: found.span, role: Role::Against })
        })?;
        Some(Hit { evidence: vec![listed], ..Hit::default() })
    }

    /// A culture or pathology report that came after discharge, or has not come, without a word of it in `within`.
    pub(super) fn pending_result(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let Some(discharged) = subject.visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at) else {
            return Err("未提供出院时间".to_owned());
        };
        let texts: Vec<&str> = self.within.passages(subject).map(|passage| passage.text.as_str()).collect();
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let told = |words: &[&str]| texts.iter().any(|text| words.iter().any(|word| text.contains(word)));
        // 息肉已送检,1周后门诊看结果.
        let told_sent = texts.iter().any(|text| text.contains("送检") && text.contains("结果"));
        let later = |at: Instant| at.date() > discharged.date();
        let mut hits = Vec::new();
        let mut push = |path: String, what: &str, reported: Option<Instant>| {
            let stated = reported.map_or("出院时未报告".to_owned(), |at| format!("{at}才报告"));
            hits.push(Hit {
                data: vec![DataEvidence { path: path.clone(), label: format!("{what} {stated}") }],
                searched: self.within.searched(subject),
                slots: vec![("stated", format!("{what}({stated})"))],
                anchor: path,
                ..Hit::default()
            });
        };
        for (index, report) in subject.visit.pathology.iter().flatten().enumerate() {
            let out = report.reported_at.map_or(report.diagnosis.as_deref().is_none_or(|text| text.trim().is_empty()), later);
            if out && !told_sent && !told(&["病理", "活检", "病检", "免疫组化", "标本"]) {
                push(format!("/pathology/{index}"), &format!("{}病理", report.specimen.as_deref().unwrap_or("")), report.reported_at);
            }
        }
        for (index, culture) in subject.visit.cultures.iter().flatten().enumerate() {
            // A specimen of this stay: without its time it may be anybody's.
            let taken = culture.sampled_at.is_some_and(|at| at.date() <= discharged.date());
            let out = culture.reported_at.map_or(culture.organism.is_none(), later);
            if taken && out && !told(&["培养", "药敏", "病原学", "细菌学"]) {
                push(format!("/cultures/{index}"), &format!("{}培养", culture.specimen.as_deref().unwrap_or("")), culture.reported_at);
            }
        }
        Ok(hits)
    }

    /// One of `concepts` diagnosed and followed over two days of the course in `explained`, and in no list of `within`.
    pub(super) fn complication(&self, subject: &Subject<'_>) -> Vec<Hit> {
        const MADE: [&str; 10] = ["诊断", "并发", "确诊", "新发", "合并", "考虑", "明确", "继发", "符合", "发现"];
        const RISK: [&str; 17] = [
            "预防", "警惕", "风险", "避免", "防止", "注意", "可能", "如", "若", "排除", "除外", "鉴别", "待排", "既往", "病史", "告知", "?",
        ];
        let lexicon = subject.knowledge.lexicon();
        let lists: Vec<_> = self.within.passages(subject).collect();
        if lists.is_empty() {
            return Vec::new();
        }
        let related =
            |a: ConceptId, b: ConceptId| a == b || lexicon.is_a(a, &lexicon.concept(b).name) || lexicon.is_a(b, &lexicon.concept(a).name);
        let page = subject.visit.front_page.as_ref();
        let coded = page.iter().flat_map(|page| page.main_diagnosis.iter().chain(page.other_diagnoses.iter().flatten()));
        let coded: Vec<&str> = coded.filter_map(|diagnosis| diagnosis.name.as_deref()).collect();
        let mut said: Vec<(ConceptId, jiff::civil::Date, Evidence, bool)> = Vec::new();
        let mut doubted: Vec<ConceptId> = Vec::new();
        for document in self.explained.documents(subject) {
            let Some(day) = document.time.map(|at| at.date()) else { continue };
            for passage in self.explained.passages_of(document) {
                for mention in passage.mentions.iter().filter(|mention| self.concepts.contains(mention.concept)) {
                    let sentence = passage.text.slice(passage.sentence_of(mention.span));
                    if mention.assertion == Assertion::Absent {
                        doubted.push(mention.concept);
                    }
                    if is_fact(mention) && !mention.quoted && !RISK.iter().any(|word| sentence.contains(word)) {
                        let made = MADE.iter().any(|word| sentence.contains(word));
                        let evidence = Evidence { passage: passage.clone(), span: mention.span, role: Role::This };
                        said.push((mention.concept, day, evidence, made));
                    }
                }
            }
        }
        let mut hits = Vec::new();
        let mut seen = Vec::new();
        for (concept, _, evidence, made) in &said {
            if !made || seen.contains(concept) || doubted.contains(concept) {
                continue;
            }
            seen.push(*concept);
            let mut days: Vec<_> = said.iter().filter(|(other, ..)| other == concept).map(|(_, day, ..)| *day).collect();
            days.sort_unstable();
            days.dedup();
            let name = lexicon.concept(*concept).name.as_ref();
            let quote = evidence.passage.text.slice(evidence.span);
            let in_list = |passage: &Passage| {
                passage.text.as_str().contains(quote) || passage.mentions.iter().any(|mention| related(mention.concept, *concept))
            };
            let on_page = coded.iter().any(|text| text.contains(quote) || lexicon.find(text).any(|(_, id)| related(id, *concept)));
            if days.len() < 2 || on_page || lists.iter().any(|passage| in_list(passage)) {
                continue;
            }
            hits.push(Hit {
                evidence: vec![evidence.clone()],
                searched: self.within.searched(subject),
                slots: vec![("stated", name.to_owned())],
                anchor: name.to_owned(),
                ..Hit::default()
            });
        }
        hits
    }
}
