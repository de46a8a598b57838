//! [`Finding`]: a hit made readable and durable: message, evidence with offsets, content-anchored fingerprint, group.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::reading::{Origin, Passage};
use crate::record::Visit;
use crate::rules::judge::Candidate;
use crate::rules::rulebook::Compiled;
use crate::rules::run::RunResult;
use crate::rules::switch::Switched;
use crate::rules::{Evidence, Hit, Role, Severity, Status, Subject};

/// One defect that a rule found, with the words that prove it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Fingerprint: the same while the words it rests on are the same, wherever they move.
    pub id: String,
    pub rule: String,
    pub defect: String,
    #[schemars(with = "String")]
    pub severity: Severity,
    #[schemars(with = "String")]
    pub status: Status,
    pub title: String,
    pub message: String,
    pub suggestion: String,
    pub basis: Vec<String>,
    pub found_by: FoundBy,
    pub confidence: f32,
    /// Findings with one root cause share it.
    pub group: String,
    /// Verbatim; two or more sides for a contradiction.
    pub evidence: Vec<Quotation>,
    /// Structured evidence.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub data: Vec<DataQuotation>,
    /// For an absence: where it was looked for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub searched: Vec<SearchedPlace>,
    /// Points that the score sheet takes off, after its caps.
    pub points: f64,
    pub veto: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    Rule,
    Model,
    Both,
}

/// Words of a document, with their place in the section's original text (the document's, where it has no sections).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quotation {
    pub document: String,
    pub title: String,
    /// Section name as stored; `null` for a document with flat text.
    pub section: Option<String>,
    pub quote: String,
    #[schemars(with = "String")]
    pub role: Role,
    /// Unicode scalar values.
    pub start: usize,
    pub end: usize,
    /// UTF-16 code units, as browsers count.
    pub start_utf16: usize,
    pub end_utf16: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataQuotation {
    /// JSON pointer into the visit.
    pub path: String,
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchedPlace {
    pub document: String,
    pub section: Option<String>,
}

/// Turns the hits of a run into findings: fingerprinted, grouped, ranked; points still zero.
pub fn findings(subject: &Subject<'_>, result: &RunResult<'_>, switched: &Switched<'_>) -> Vec<Finding> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut findings = Vec::new();
    for (compiled, hits) in &result.hits {
        for hit in hits {
            let mut finding = finding(subject, compiled, hit, switched.status(&compiled.rule));
            // Equal words twice in one place are two findings; the second gets its own fingerprint.
            let repeats = seen.entry(finding.id.clone()).and_modify(|count| *count += 1).or_insert(0);
            if *repeats > 0 {
                finding.id = format!("{}-{}", finding.id, repeats);
            }
            findings.push(finding);
        }
    }
    findings.sort_by(|a, b| a.severity.cmp(&b.severity).then(b.confidence.total_cmp(&a.confidence)));
    group(&mut findings);
    findings
}

fn finding(subject: &Subject<'_>, compiled: &Compiled, hit: &Hit, status: Status) -> Finding {
    let rule = &compiled.rule;
    let mut evidence = Vec::new();
    let mut data: Vec<DataQuotation> = Vec::new();
    for piece in &hit.evidence {
        match &piece.passage.origin {
            Origin::Document { .. } => evidence.extend(quotation(subject, piece)),
            Origin::Data { pointer, .. } => {
                data.push(DataQuotation { path: pointer.clone(), label: piece.passage.text.quote(piece.span).to_owned() })
            }
        }
    }
    data.extend(hit.data.iter().map(|entry| DataQuotation { path: entry.path.clone(), label: entry.label.clone() }));
    let searched = hit
        .searched
        .iter()
        .map(|place| SearchedPlace { document: subject.visit.documents[place.document].id.clone(), section: place.section.clone() });
    Finding {
        id: fingerprint(subject.visit, compiled, hit),
        rule: rule.id.clone(),
        defect: rule.defect.clone(),
        severity: rule.severity,
        status,
        title: rule.title.clone(),
        message: message(subject, &rule.message, hit),
        suggestion: rule.fix.clone(),
        basis: rule.basis.clone(),
        found_by: if rule.check.asks_the_model() { FoundBy::Model } else { FoundBy::Rule },
        confidence: hit.confidence.unwrap_or(rule.confidence),
        group: String::new(),
        evidence,
        data,
        searched: searched.collect(),
        points: 0.0,
        veto: false,
    }
}

/// The passage's whole source text and the section's stored name.
fn source<'v>(visit: &'v Visit, passage: &Passage) -> Option<(usize, &'v str, Option<&'v str>, usize)> {
    let Origin::Document { document, section, base } = &passage.origin else { return None };
    let record = visit.documents.get(*document)?;
    match section {
        Some(index) => {
            let section = record.sections.as_ref()?.get(*index)?;
            Some((*document, &section.text, Some(&section.name), *base))
        }
        None => Some((*document, record.text.as_deref()?, None, *base)),
    }
}

/// The words of a document that evidence stands for; `None` where they stand in the structured data.
pub fn quotation(subject: &Subject<'_>, evidence: &Evidence) -> Option<Quotation> {
    let (document, text, section, base) = source(subject.visit, &evidence.passage)?;
    let range = evidence.passage.text.original_range(evidence.span);
    let (start, end) = (base + range.start, base + range.end);
    let (before, quote) = (text.get(..start)?, text.get(start..end)?);
    let (start_scalar, start_utf16) = lengths(before);
    let (quote_scalar, quote_utf16) = lengths(quote);
    Some(Quotation {
        document: subject.visit.documents[document].id.clone(),
        title: subject.reading.documents[document].title.clone(),
        section: section.map(str::to_owned),
        quote: quote.to_owned(),
        role: evidence.role,
        start: start_scalar,
        end: start_scalar + quote_scalar,
        start_utf16,
        end_utf16: start_utf16 + quote_utf16,
    })
}

/// Scalars and UTF-16 units of a text, counted by bytes: a scalar of four bytes is two units. A record may have thousands of findings.
fn lengths(text: &str) -> (usize, usize) {
    let scalars = text.chars().count();
    (scalars, scalars + text.as_bytes().iter().filter(|byte| **byte >= 0xF0).count())
}

/// Rule, documents, sections and quoted words, without white space: no offset takes part, so edits elsewhere leave it alone.
/// What a finding of this rule would be called if the model said that the statement holds of the passage.
pub fn id_of(visit: &Visit, compiled: &Compiled, candidate: &Candidate) -> String {
    fingerprint(visit, compiled, &Hit { evidence: candidate.evidence.clone(), ..Hit::default() })
}

fn fingerprint(visit: &Visit, compiled: &Compiled, hit: &Hit) -> String {
    let mut hasher = Sha256::new();
    let mut add = |part: &str| {
        hasher.update(part.split_whitespace().collect::<String>().as_bytes());
        hasher.update([0]);
    };
    add(&compiled.rule.id);
    add(&hit.anchor);
    for evidence in hit.evidence.iter().filter(|evidence| evidence.role != Role::Context) {
        match &evidence.passage.origin {
            Origin::Document { document, .. } => add(&visit.documents[*document].id),
            Origin::Data { pointer, .. } => add(pointer),
        }
        add(&evidence.passage.section);
        add(evidence.passage.text.slice(evidence.span));
    }
    for entry in &hit.data {
        add(&entry.label);
    }
    if hit.evidence.is_empty() {
        for place in &hit.searched {
            add(&visit.documents[place.document].id);
            add(place.section.as_deref().unwrap_or(""));
        }
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Fills `{a.quote}`, `{b.title}`, `{b.section}`, `{data}` and the kind's own slots; an unknown slot stays as it is written.
fn message(subject: &Subject<'_>, template: &str, hit: &Hit) -> String {
    let mut text = String::with_capacity(template.len() + 60);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else { break };
        let slot = &rest[open + 1..open + close];
        match slot_value(subject, slot, hit) {
            Some(value) => text.push_str(&value),
            None => text.push_str(&rest[open..=open + close]),
        }
        rest = &rest[open + close + 1..];
    }
    text.push_str(rest);
    text
}

fn slot_value(subject: &Subject<'_>, slot: &str, hit: &Hit) -> Option<String> {
    if let Some((_, value)) = hit.slots.iter().find(|(name, _)| *name == slot) {
        return Some(value.clone());
    }
    if slot == "data" {
        return Some(hit.data.iter().map(|entry| entry.label.as_str()).collect::<Vec<_>>().join("、"));
    }
    let (letter, field) = slot.split_once('.')?;
    let index = match letter {
        "a" => 0,
        "b" => 1,
        "c" => 2,
        _ => return None,
    };
    // What is missing has nothing to quote, and then the other side is all there is.
    let other = hit.evidence.last().filter(|evidence| letter == "b" && evidence.role == Role::Against);
    // A hit that only structured data prove has no quotation: the data speak in its place.
    let Some(evidence) = hit.evidence.get(index).or(other) else {
        let entry = hit.data.get(index)?;
        return match field {
            "quote" => Some(entry.label.clone()),
            "title" | "section" => Some(list_name(&entry.path).to_owned()),
            _ => None,
        };
    };
    let passage = &evidence.passage;
    match (field, &passage.origin) {
        ("quote", _) => Some(shorten(passage.text.quote(evidence.span))),
        ("section", _) => Some(passage.section.to_string()),
        ("title", Origin::Document { document, .. }) => Some(subject.reading.documents[*document].title.clone()),
        ("title", Origin::Data { .. }) => Some(passage.section.to_string()),
        _ => None,
    }
}

/// What people call the list that a JSON pointer leads into.
fn list_name(pointer: &str) -> &'static str {
    match pointer.split('/').nth(1) {
        Some("front_page") => "病案首页",
        Some("orders") => "医嘱",
        Some("labs") => "检验结果",
        Some("exams") => "检查报告",
        Some("operations") => "手术信息",
        Some("transfusions") => "输血信息",
        Some("patient") => "患者信息",
        _ => "结构化数据",
    }
}

/// A quotation that fits in a sentence; the evidence keeps it whole.
fn shorten(quote: &str) -> String {
    const MOST: usize = 40;
    let flat: String = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= MOST {
        return flat;
    }
    format!("{}…", flat.chars().take(MOST).collect::<String>())
}

/// Start and end of quoted words, and the finding that quotes them.
type Extent = (usize, usize, usize);

/// Joins findings that rest on overlapping words, or that miss things in the same place for the same code.
fn group(findings: &mut [Finding]) {
    let mut leaders = Leaders((0..findings.len()).collect());
    // By place and sorted, so that a record with thousands of findings is grouped at once.
    let mut words: HashMap<(&str, Option<&str>), Vec<Extent>> = HashMap::new();
    let mut data: HashMap<(&str, &str), usize> = HashMap::new();
    for (index, finding) in findings.iter().enumerate() {
        for quotation in finding.evidence.iter().filter(|quotation| quotation.role == Role::This && quotation.start < quotation.end) {
            let place = (quotation.document.as_str(), quotation.section.as_deref());
            words.entry(place).or_default().push((quotation.start, quotation.end, index));
        }
        for entry in finding.data.iter().filter(|entry| entry.path.matches('/').count() >= 2) {
            let first = *data.entry((&entry.path, &finding.defect)).or_insert(index);
            leaders.join(first, index);
        }
    }
    for spans in words.values_mut() {
        spans.sort_unstable();
        let mut reach = (0, 0);
        for (start, end, index) in spans.iter().copied() {
            if start < reach.0 {
                leaders.join(reach.1, index);
            }
            reach = reach.max((end, index));
        }
    }
    let mut names: HashMap<usize, usize> = HashMap::new();
    for (index, finding) in findings.iter_mut().enumerate() {
        let leader = leaders.of(index);
        let next = names.len() + 1;
        let number = *names.entry(leader).or_insert(next);
        finding.group = format!("g{number}");
    }
}

/// Sets of findings, each known by its first one.
struct Leaders(Vec<usize>);

impl Leaders {
    fn of(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, first: usize, second: usize) {
        let (a, b) = (self.of(first), self.of(second));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn resting_on(words: Vec<(usize, usize, usize, bool)>, path: usize) -> Finding {
        let quotation = |(document, start, length, this): (usize, usize, usize, bool)| Quotation {
            document: format!("d{document}"),
            title: String::new(),
            section: None,
            quote: "字".repeat(length),
            role: if this { Role::This } else { Role::Against },
            start,
            end: start + length,
            start_utf16: start,
            end_utf16: start + length,
        };
        let path = ["/labs", "/labs/1", "/labs/2"][path].to_owned();
        Finding {
            id: String::new(),
            rule: "r".to_owned(),
            defect: "C-A01".to_owned(),
            severity: Severity::S2,
            status: Status::Stable,
            title: String::new(),
            message: String::new(),
            suggestion: String::new(),
            basis: Vec::new(),
            found_by: FoundBy::Rule,
            confidence: 1.0,
            group: String::new(),
            evidence: words.into_iter().map(quotation).collect(),
            data: vec![DataQuotation { path, label: String::new() }],
            searched: Vec::new(),
            points: 0.0,
            veto: false,
        }
    }

    /// What one cause is, said of two findings.
    fn share_cause(a: &Finding, b: &Finding) -> bool {
        let words =
            a.evidence.iter().flat_map(|x| b.evidence.iter().map(move |y| (x, y))).any(|(x, y)| {
                x.role == Role::This && y.role == Role::This && x.document == y.document && x.start < y.end && y.start < x.end
            });
        words || a.data.iter().any(|x| x.path.matches('/').count() >= 2 && b.data.iter().any(|y| x.path == y.path))
    }

    proptest! {
        /// Groups are what follows from every two findings with one cause, and are numbered in order.
        #[test]
        fn groups_follow_from_pairs(drawn in proptest::collection::vec((proptest::collection::vec((0..2usize, 0..30usize, 1..6usize, any::<bool>()), 0..3), 0..3usize), 0..12)) {
            let mut findings: Vec<Finding> = drawn.into_iter().map(|(words, path)| resting_on(words, path)).collect();
            let mut expected: Vec<usize> = (0..findings.len()).collect();
            for first in 0..findings.len() {
                for second in 0..findings.len() {
                    if share_cause(&findings[first], &findings[second]) {
                        let (from, to) = (expected[first].max(expected[second]), expected[first].min(expected[second]));
                        expected.iter_mut().filter(|set| **set == from).for_each(|set| *set = to);
                    }
                }
            }
            group(&mut findings);
            let mut order: Vec<usize> = Vec::new();
            for (finding, set) in findings.iter().zip(&expected) {
                if !order.contains(set) {
                    order.push(*set);
                }
                let number = 1 + order.iter().position(|seen| seen == set).expect("it was just put there");
                prop_assert_eq!(&finding.group, &format!("g{number}"));
            }
        }
    }
}
