//! Checking while somebody writes: `POST /v1/check` with `focus`. Only what concerns the section at hand is answered: rules that read that kind of
//! document, findings whose words stand in that section; the sentence at the caret is left alone; what the caller knows already is not repeated.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::{OneOf, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::State;
use super::engine::{Engine, OpenVisit};
use super::problem::Refusal;
use crate::people::Caller;
use crate::record::Visit;
use crate::report::{Finding, Manifest};
use crate::rules::switch::Switches;
use crate::rules::{Role, Severity};

/// Where somebody writes.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Focus {
    /// Id of the document; one that the visit does not have yet begins with `kind` or `title`.
    pub document: String,
    /// Name of the section; none for a document with flat text.
    pub section: Option<String>,
    /// The section's present text, in place of the visit's.
    pub text: Option<String>,
    /// Where the caret stands, in UTF-16 units of the section's text. The sentence around it is not judged.
    pub caret: Option<usize>,
    /// Kind of a new document (`daily_course` …), or its title.
    #[schema(schema_with = document_kind)]
    pub kind: Option<crate::record::DocumentKind>,
    pub title: Option<String>,
    /// Findings that the caller shows already.
    #[serde(default)]
    pub known: Vec<String>,
}

/// The body with its visit still unread.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Focused)]
pub struct Body {
    focus: Focus,
    /// Either the visit or the id of a stored one.
    #[schema(schema_with = visit)]
    visit: Option<Value>,
    visit_id: Option<String>,
}

fn document_kind() -> Ref {
    Ref::from_schema_name("DocumentKind")
}

fn visit() -> Ref {
    Ref::from_schema_name("Visit")
}

/// What `POST /v1/check` takes, for its document.
pub struct Checked;

impl PartialSchema for Checked {
    fn schema() -> RefOr<Schema> {
        Schema::OneOf(OneOf::builder().item(visit()).item(Ref::from_schema_name(Body::name())).build()).into()
    }
}

impl ToSchema for Checked {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Body::name().into_owned(), Body::schema()));
        Body::schemas(schemas);
    }
}

/// Whether a body is for the text at hand; whatever cannot be told is a visit, whose reader says what is wrong with it.
pub fn is_asked(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Glance {
        focus: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Glance>(bytes).is_ok_and(|glance| glance.focus.is_some())
}

/// What is to be shown.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Findings in the section that the caller does not know.
    pub findings: Vec<Finding>,
    /// Known findings that still hold, and those that hold no more.
    pub unchanged: Vec<String>,
    pub gone: Vec<String>,
    /// Those to show at once, best first; the rest is one click away.
    pub shown: Vec<String>,
    /// How many findings somebody dismissed before.
    pub dismissed: usize,
    pub manifest: Manifest,
}

/// How much each rule is trusted by those who read its findings; looked up anew every half minute.
#[derive(Debug, Clone, Default)]
pub struct Voices(Arc<Mutex<Known>>);

/// What was looked up last, and when.
type Known = Option<(Moment, Arc<Voice>)>;

#[derive(Debug, Default)]
struct Voice {
    demoted: HashSet<String>,
    acceptance: HashMap<String, f64>,
    switches: Switches,
}

impl Voices {
    const KEPT: Duration = Duration::from_secs(30);

    async fn now(&self, state: &State) -> Result<Arc<Voice>, Refusal> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, voice)) = known
            && at.elapsed() < Self::KEPT
        {
            return Ok(voice);
        }
        // One more accepted than there are: a rule that nobody judged is trusted.
        let share = |entry: &crate::store::Acceptance| (entry.accepted + 1) as f64 / (entry.decisions + 1) as f64;
        let acceptance = state.store.acceptance().await?.into_iter().map(|entry| (entry.rule.clone(), share(&entry))).collect();
        let voice = Arc::new(Voice {
            demoted: state.store.demoted().await?.into_iter().collect(),
            acceptance,
            switches: state.store.switches().await?,
        });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Moment::now(), voice.clone()));
        Ok(voice)
    }

    /// A decision was made on this node, or a rule switched: look again.
    pub fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Answers for the text at hand.
pub async fn answer(state: &State, caller: &Caller, bytes: &[u8]) -> Result<Answer, Refusal> {
    let body: Body = serde_json::from_slice(bytes).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    let engine = state.engine();
    let source = match (body.visit, body.visit_id) {
        (Some(visit), None) => Source::Text { text: visit.to_string(), hash: None },
        (None, Some(id)) => {
            let (hash, department) = state.store.hash(&id).await?.ok_or(Refusal::NotFound)?;
            if !caller.may_see(&department) {
                return Err(Refusal::NotFound);
            }
            match engine.opened(&hash) {
                Some(open) => Source::Open(open),
                None => {
                    let (hash, text) = state.store.hashed(&id).await?.ok_or(Refusal::NotFound)?;
                    Source::Text { text, hash: Some(hash) }
                }
            }
        }
        _ => return Err(Refusal::Unreadable("需要 visit 或 visit_id 其中之一".to_owned())),
    };
    let voice = state.voices.now(state).await?;
    let (focus, local) = (body.focus, state.clock.local());
    let (known, shown_at_once) = (focus.known.clone(), state.shown);
    let work = {
        let voice = voice.clone();
        move || judge(&engine, source, &focus, local, &voice.switches)
    };
    let (visit_id, mut found, manifest) = state.desk.run(work).await??;
    state.metrics.judged();
    let dismissed: HashSet<String> = state.store.dismissed(&visit_id).await?.into_iter().collect();
    let before = found.len();
    found.retain(|finding| !dismissed.contains(&finding.id));
    let left_out = before - found.len();
    found.retain(|finding| !voice.demoted.contains(&finding.rule));
    let weight = |finding: &Finding| {
        let severity = match finding.severity {
            Severity::S1 => 8.0,
            Severity::S2 => 4.0,
            Severity::S3 => 2.0,
            Severity::S4 => 1.0,
        };
        severity * f64::from(finding.confidence) * voice.acceptance.get(&finding.rule).copied().unwrap_or(1.0)
    };
    found.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    let holds: HashSet<&str> = found.iter().map(|finding| finding.id.as_str()).collect();
    let (unchanged, gone) = known.iter().cloned().partition(|id| holds.contains(id.as_str()));
    let shown = found.iter().take(shown_at_once).map(|finding| finding.id.clone()).collect();
    found.retain(|finding| !known.contains(&finding.id));
    Ok(Answer { findings: found, unchanged, gone, shown, dismissed: left_out, manifest })
}

/// Where the visit comes from.
enum Source {
    Open(Arc<OpenVisit>),
    /// With the hash of a stored one.
    Text {
        text: String,
        hash: Option<String>,
    },
}

/// The visit's id, the findings of stable rules in the section, and what was checked.
fn judge(
    engine: &Engine,
    source: Source,
    focus: &Focus,
    local: jiff::civil::DateTime,
    switches: &Switches,
) -> Result<(String, Vec<Finding>, Manifest), Refusal> {
    let open = match source {
        Source::Open(open) => open,
        Source::Text { text, hash } => engine.open_for_writing(&text, hash)?,
    };
    let mut visit = open.visit.clone();
    let index = place(&mut visit, focus)?;
    let written = section_text(&visit, index, focus.section.as_deref());
    let unfinished = focus.caret.and_then(|caret| sentence_at(written, caret));
    let report = engine.judge_inline(&open, &visit, index, local, switches)?;
    let here = |document: &str, section: Option<&str>| document == focus.document && section == focus.section.as_deref();
    let concerns = |finding: &Finding| {
        let mut own = finding.evidence.iter().filter(|quotation| quotation.role == Role::This).peekable();
        if own.peek().is_none() {
            return finding.searched.iter().any(|place| here(&place.document, place.section.as_deref()));
        }
        let mut in_section = own.filter(|quotation| here(&quotation.document, quotation.section.as_deref())).peekable();
        in_section.peek().is_some()
            && in_section
                .all(|quotation| unfinished.is_none_or(|(start, end)| quotation.end_utf16 <= start || quotation.start_utf16 >= end))
    };
    let findings = report.findings.into_iter().filter(concerns).collect();
    Ok((report.visit_id, findings, report.manifest))
}

/// Puts the present text in its place; a new document is added. The document's index.
fn place(visit: &mut Visit, focus: &Focus) -> Result<usize, Refusal> {
    let wrong = |text: &str| Refusal::Unreadable(text.to_owned());
    let index = match visit.documents.iter().position(|document| document.id == focus.document) {
        Some(index) => index,
        None if focus.kind.is_some() || focus.title.is_some() => {
            visit.documents.push(crate::record::Document {
                id: focus.document.clone(),
                kind: focus.kind,
                title: focus.title.clone(),
                sections: focus.section.as_ref().map(|_| Vec::new()),
                ..Default::default()
            });
            visit.documents.len() - 1
        }
        None => return Err(wrong("focus.document 不在病历中;新文书请给出 kind 或 title")),
    };
    let document = &mut visit.documents[index];
    match (&focus.section, &mut document.sections) {
        (Some(name), Some(sections)) => match sections.iter_mut().find(|section| section.name == *name) {
            Some(section) => section.text = focus.text.clone().unwrap_or_else(|| std::mem::take(&mut section.text)),
            None => match &focus.text {
                Some(text) => sections.push(crate::record::Section { name: name.clone(), text: text.clone() }),
                None => return Err(wrong("focus.section 不在该文书中")),
            },
        },
        (None, None) => {
            if let Some(text) = &focus.text {
                document.text = Some(text.clone());
            }
        }
        (Some(_), None) => return Err(wrong("该文书没有分段,请勿给出 focus.section")),
        (None, Some(_)) => return Err(wrong("该文书有分段,请给出 focus.section")),
    }
    Ok(index)
}

fn section_text<'v>(visit: &'v Visit, document: usize, section: Option<&str>) -> &'v str {
    let document = &visit.documents[document];
    match section {
        None => document.text.as_deref().unwrap_or(""),
        Some(name) => {
            let sections = document.sections.iter().flatten();
            sections.filter(|section| section.name == name).map(|section| section.text.as_str()).next().unwrap_or("")
        }
    }
}

/// The sentence that the caret stands in, in UTF-16 units; `None` right after its end, where the next one has not begun.
fn sentence_at(text: &str, caret: usize) -> Option<(usize, usize)> {
    let ends = |character: char| matches!(character, '。' | '；' | '！' | '？' | '\n' | ';' | '!' | '?');
    let (mut at, mut start) = (0, 0);
    for character in text.chars() {
        if at >= caret && ends(character) {
            return (start < caret).then_some((start, at));
        }
        at += character.len_utf16();
        if at <= caret && ends(character) {
            start = at;
        }
    }
    (start < caret.min(at)).then_some((start, at))
}

#[cfg(test)]
mod tests {
    use super::sentence_at;

    #[test]
    fn the_sentence_at_the_caret() {
        let text = "咳嗽3天。𠮷发热；无";
        assert_eq!(sentence_at(text, 2), Some((0, 4)));
        assert_eq!(sentence_at(text, 5), None, "right after 。");
        assert_eq!(sentence_at(text, 8), Some((5, 9)), "𠮷 is two units");
        assert_eq!(sentence_at(text, 11), Some((10, 11)), "the end of the text");
        assert_eq!(sentence_at(text, 10), None);
        assert_eq!(sentence_at("", 0), None);
        assert_eq!(sentence_at("无", 99), Some((0, 1)));
    }
}
