//! Plain text judged while somebody writes it, with every finding placed in that text: for editors and for the LanguageTool format.

use std::ops::Range;

use jiff::civil::DateTime;

use super::finding::Quotation;
use super::{Finding, Manifest, Options, Sheet, judge};
use crate::input::plain::{self, Origins};
use crate::reading::cache::ReadingCache;
use crate::record::Visit;
use crate::rules::rulebook::Compiled;
use crate::rules::{Phase, Role, Rulebook, Status};

/// A finding and its place in the text, in bytes.
#[derive(Debug, Clone)]
pub struct Placed {
    pub finding: Finding,
    /// What is probably wrong; for an absence the heading of its section, else the line where its document begins.
    pub range: Range<usize>,
    /// The other sides of a contradiction, with the words that stand there.
    pub others: Vec<(Range<usize>, String)>,
}

/// What one rule says of a text.
#[derive(Debug, Clone)]
pub struct Tried {
    /// Findings in the order of the text.
    pub placed: Vec<Placed>,
    /// Findings that rest on something that no text shows, such as a document that is not there.
    pub unplaced: Vec<Finding>,
    /// Whether the rule ran, and why not.
    pub manifest: Manifest,
}

/// Judges a text by the stable rules of the inline phase. The findings stand in the order of the text.
pub fn judge_prose(name: &str, text: &str, rulebook: &Rulebook, sheet: &Sheet, cache: &ReadingCache, now: DateTime) -> Vec<Placed> {
    let options = Options { phase: Some(Phase::Inline), ..Options::of(sheet, now) };
    judge_text(name, text, rulebook, cache, options, |_, status| status == Status::Stable).placed
}

/// Judges a text by one rule that is on, in the last of its phases, as its own cases are.
pub fn try_rule(text: &str, compiled: &Compiled, rulebook: &Rulebook, cache: &ReadingCache, options: Options<'_>) -> Tried {
    let options = Options { phase: compiled.rule.phases.last().copied(), ..options };
    judge_text("text", text, rulebook, cache, options, |other, _| other.rule.id == compiled.rule.id)
}

fn judge_text(
    name: &str,
    text: &str,
    rulebook: &Rulebook,
    cache: &ReadingCache,
    options: Options<'_>,
    wanted: impl Fn(&Compiled, Status) -> bool,
) -> Tried {
    let (visit, notes, origins) = plain::read_with_origins(name, text, rulebook.knowledge.documents());
    let reading = rulebook.knowledge.reader.read_anew(&visit, cache);
    let report = judge(&visit, &reading, notes, rulebook, options, wanted);
    let mut tried = Tried { placed: Vec::new(), unplaced: Vec::new(), manifest: report.manifest };
    for finding in report.findings {
        match place(&finding, text, &visit, &origins) {
            Some((range, others)) => tried.placed.push(Placed { finding, range, others }),
            None => tried.unplaced.push(finding),
        }
    }
    tried.placed.sort_by_key(|placed| (placed.range.start, placed.range.end));
    tried
}

/// A place in the text, and the other sides with the words that stand there.
type Place = (Range<usize>, Vec<(Range<usize>, String)>);

/// Findings that rest on data that no text has, have no place.
fn place(finding: &Finding, text: &str, visit: &Visit, origins: &[Origins]) -> Option<Place> {
    let of = |role: Role| finding.evidence.iter().filter(move |quotation| quotation.role == role);
    let mine: Vec<Range<usize>> = of(Role::This).filter_map(|quotation| range_of(quotation, visit, origins)).collect();
    let against: Vec<(Range<usize>, String)> =
        of(Role::Against).filter_map(|quotation| Some((range_of(quotation, visit, origins)?, quotation.quote.clone()))).collect();
    let range = match (mine.first(), against.first(), finding.searched.first()) {
        (Some(range), ..) => range.clone(),
        (None, Some((range, _)), _) => range.clone(),
        (None, None, Some(place)) => {
            let index = visit.documents.iter().position(|document| document.id == place.document)?;
            let (body, origins) = (visit.documents[index].text.as_deref().unwrap_or(""), origins.get(index)?);
            let heading = place.section.as_deref().and_then(|name| Some(body.find(name)?..body.find(name)? + name.len()));
            heading.and_then(|range| origins.range(range)).or_else(|| line_range(text, origins.line))?
        }
        (None, None, None) => return None,
    };
    let more = mine.into_iter().skip(1).map(|range| (range.clone(), text[range].to_owned()));
    let others = more.chain(against).filter(|(other, _)| *other != range).collect();
    Some((range, others))
}

fn range_of(quotation: &Quotation, visit: &Visit, origins: &[Origins]) -> Option<Range<usize>> {
    let index = visit.documents.iter().position(|document| document.id == quotation.document)?;
    let body = visit.documents[index].text.as_deref()?;
    let byte = |scalar: usize| body.char_indices().nth(scalar).map_or(body.len(), |(byte, _)| byte);
    origins.get(index)?.range(byte(quotation.start)..byte(quotation.end))
}

/// A line, from 1, without its white space.
fn line_range(text: &str, line: usize) -> Option<Range<usize>> {
    let mut start = 0;
    for (index, content) in text.split_inclusive('\n').enumerate() {
        if index + 1 == line {
            let lead = content.len() - content.trim_start().len();
            return Some(start + lead..(start + content.trim_end().len()).max(start + lead));
        }
        start += content.len();
    }
    None
}
