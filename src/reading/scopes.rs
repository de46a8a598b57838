//! [`claims`]: what the trigger words of a passage say of each mention.
//!
//! A trigger opens a scope before or behind it, which its reach, stop words and brackets end. Where several scopes of one lane hold a mention,
//! the nearest trigger wins. Everything here is linear in the passage (and one binary search a trigger), however long a sentence grows.

use super::Assertion;
use super::context::{ContextPack, Effect, Group, Reach, Stop, Trigger};
use super::lexicon::ConceptKind;
use super::mentions::Hit;
use super::text::Span;

/// What the triggers say of one mention, one answer a question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Claims {
    pub conditional: bool,
    pub planned: bool,
    pub polarity: Option<Assertion>,
    /// `Past`, or `Present` where a word says that it is so now.
    pub tense: Option<Assertion>,
    /// Distance to the trigger that decided `polarity` or `tense`.
    distance: [u32; 2],
}

impl Claims {
    fn take(&mut self, group: Group, assertion: Assertion, distance: u32) {
        let (slot, known) = match group {
            Group::Condition => return self.conditional = true,
            Group::Plan => return self.planned = true,
            Group::Polarity => (&mut self.polarity, &mut self.distance[0]),
            Group::Tense => (&mut self.tense, &mut self.distance[1]),
        };
        if slot.is_none() || distance < *known {
            *slot = Some(assertion);
            *known = distance;
        }
    }
}

/// Clauses of a passage with what scopes need to know of them.
pub struct Layout<'a> {
    text: &'a str,
    clauses: &'a [Span],
    /// For each clause the end of its sentence.
    sentence_ends: Vec<u32>,
    /// For each clause the end of the run of bare clauses that follow it in its sentence, else its own end.
    run_ends: Vec<u32>,
    /// For each clause the start of the run of bare clauses that precede it, else its own start.
    run_starts: Vec<u32>,
    /// Where every 、 stands.
    separators: Vec<u32>,
    /// Where every colon stands that is none of a time.
    colons: Vec<u32>,
    /// Innermost brackets, without their marks.
    brackets: Vec<Span>,
}

impl<'a> Layout<'a> {
    pub fn new(text: &'a str, sentences: &[Span], clauses: &'a [Span], hits: &[Hit], triggers: &[Trigger], pack: &ContextPack) -> Self {
        let mut sentence_ends = Vec::with_capacity(clauses.len());
        let mut sentence = 0;
        for clause in clauses {
            while sentence + 1 < sentences.len() && sentences[sentence].end <= clause.start {
                sentence += 1;
            }
            sentence_ends.push(sentences.get(sentence).map_or(clause.end, |sentence| sentence.end.max(clause.end)));
        }
        let bare = bare_clauses(text, clauses, hits, triggers, pack);
        let together = |left: usize, right: usize| sentence_ends[left] == sentence_ends[right];
        let mut run_ends: Vec<u32> = clauses.iter().map(|clause| clause.end).collect();
        for index in (0..clauses.len().saturating_sub(1)).rev() {
            if bare[index + 1] && together(index, index + 1) {
                run_ends[index] = run_ends[index + 1];
            }
        }
        let mut run_starts: Vec<u32> = clauses.iter().map(|clause| clause.start).collect();
        for index in 1..clauses.len() {
            if bare[index - 1] && together(index - 1, index) {
                run_starts[index] = run_starts[index - 1];
            }
        }
        let separators = text.match_indices('、').map(|(at, _)| at as u32).collect();
        let of_time =
            |at: usize| at > 0 && text.as_bytes()[at - 1].is_ascii_digit() && text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
        let colons = text.match_indices(':').map(|(at, _)| at).filter(|at| !of_time(*at)).map(|at| at as u32).collect();
        Self { text, clauses, sentence_ends, run_ends, run_starts, separators, colons, brackets: brackets(text) }
    }

    /// The clause that holds the offset, or the last one before it.
    pub fn clause_at(&self, at: u32) -> Option<usize> {
        self.clauses.partition_point(|clause| clause.start <= at).checked_sub(1)
    }

    /// The end of the bare clauses behind the clause that holds the offset.
    pub fn run_end(&self, at: u32) -> u32 {
        self.clause_at(at).map_or(at, |index| self.run_ends[index])
    }

    /// The brackets around the trigger, unless it is the brackets.
    fn bracket_around(&self, span: Span) -> Option<Span> {
        let index = self.brackets.partition_point(|bracket| bracket.start <= span.start).checked_sub(1)?;
        self.brackets.get(index).copied().filter(|bracket| bracket.contains(span))
    }

    /// The first 、 from an offset on.
    fn next_separator(&self, from: u32) -> Option<u32> {
        self.separators.get(self.separators.partition_point(|at| *at < from)).copied()
    }

    /// Behind the last 、 before an offset.
    fn after_separator(&self, before: u32) -> Option<u32> {
        self.separators.partition_point(|at| *at < before).checked_sub(1).map(|index| self.separators[index] + '、'.len_utf8() as u32)
    }

    /// Behind the last colon before an offset, passing over one that stands right before it (`Murphy征:阴性`).
    fn after_colon(&self, before: u32) -> Option<u32> {
        let count = self.colons.partition_point(|at| *at < before);
        let behind = |index: usize| self.colons.get(index).map(|at| at + 1);
        let last = behind(count.checked_sub(1)?)?;
        let names = self.text.get(last as usize..before as usize).is_some_and(|between| between.trim().is_empty());
        if names { behind(count.checked_sub(2)?) } else { Some(last) }
    }
}

/// Clauses that hold terms and joining words only.
fn bare_clauses(text: &str, clauses: &[Span], hits: &[Hit], triggers: &[Trigger], pack: &ContextPack) -> Vec<bool> {
    let mut bare = Vec::with_capacity(clauses.len());
    let (mut next_hit, mut next_trigger) = (0, 0);
    for clause in clauses {
        while next_trigger < triggers.len() && triggers[next_trigger].span.end <= clause.start {
            next_trigger += 1;
        }
        while next_hit < hits.len() && hits[next_hit].span.start < clause.start {
            next_hit += 1;
        }
        let free = triggers.get(next_trigger).is_none_or(|trigger| trigger.span.start >= clause.end);
        let mut at = clause.start as usize;
        let mut joined = free;
        let mut any = false;
        while let Some(hit) = hits.get(next_hit).filter(|hit| hit.span.start < clause.end) {
            joined = joined && is_joined(text, at, hit.span.start as usize, pack);
            // A place opens a statement of its own (无咳嗽,双下肢水肿).
            joined = joined && (any || hit.kind != ConceptKind::Body);
            // A number is said of a value, and a value is no item of a list of findings.
            joined = joined && !matches!(hit.kind, ConceptKind::Vital | ConceptKind::Score | ConceptKind::State);
            at = (hit.span.end as usize).max(at);
            any = true;
            next_hit += 1;
        }
        // What stands behind the last term says something of it (咳嗽明显), unless it only ends the list (等症状).
        let rest = text.get(at..clause.end as usize).unwrap_or("");
        let ends = !joined || rest.is_empty() || is_joined(text, at, clause.end as usize, pack) && !rest.ends_with("明显");
        bare.push(joined && any && ends);
    }
    bare
}

fn is_joined(text: &str, from: usize, to: usize, pack: &ContextPack) -> bool {
    let Some(between) = text.get(from..to) else { return false };
    let between = between.trim();
    between.is_empty() || pack.joined(between) == between.len()
}

/// The insides of brackets that hold no other bracket, at most a long remark wide.
fn brackets(text: &str) -> Vec<Span> {
    const LONGEST: usize = 300;
    let mut found = Vec::new();
    let mut open = None;
    for (at, character) in text.bytes().enumerate() {
        match character {
            b'(' | b'[' => open = Some(at + 1),
            b')' | b']' => {
                if let Some(start) = open.take().filter(|start| at - start <= LONGEST) {
                    found.push(Span::new(start, at));
                }
            }
            b'\n' => open = None,
            _ => {}
        }
    }
    found
}

#[derive(Clone, Copy)]
struct Scope {
    span: Span,
    trigger: Span,
    assertion: Assertion,
}

/// Works out the claims on every hit.
pub fn claims(layout: &Layout<'_>, hits: &[Hit], triggers: &[Trigger], pack: &ContextPack) -> Vec<Claims> {
    let lanes = pack.lanes();
    let mut forward: Vec<Vec<Scope>> = vec![Vec::new(); lanes.len()];
    let mut backward: Vec<Vec<Scope>> = vec![Vec::new(); lanes.len()];
    let stops = Stops::new(triggers);
    for (index, trigger) in triggers.iter().enumerate() {
        if let Some(effect) = trigger.forward
            && let Some(span) = forward_span(layout, index, effect, lanes[effect.lane as usize].group, hits, triggers, &stops)
        {
            forward[effect.lane as usize].push(Scope { span, trigger: trigger.span, assertion: effect.assertion });
        }
        if let Some(effect) = trigger.backward
            && (trigger.forward.is_none() || ends_item(layout.text, trigger.span.end as usize))
            && let Some(span) = backward_span(layout, index, effect, hits, triggers, &stops)
        {
            backward[effect.lane as usize].push(Scope { span, trigger: trigger.span, assertion: effect.assertion });
        }
    }
    let mut claims = vec![Claims::default(); hits.len()];
    for (lane, scopes) in lanes.iter().zip(&forward) {
        let mut open: Vec<Scope> = Vec::new();
        let mut next = 0;
        for (claim, hit) in claims.iter_mut().zip(hits) {
            while let Some(scope) = scopes.get(next).filter(|scope| scope.span.start <= hit.span.start) {
                // A later scope is nearer: one that ends before it never wins again.
                open.retain_last(|known| known.span.end > scope.span.end);
                open.push(*scope);
                next += 1;
            }
            open.retain_last(|known| known.span.end >= hit.span.end);
            if let Some(scope) = open.last().filter(|_| lane.kinds.contains(hit.kind)) {
                claim.take(lane.group, scope.assertion, hit.span.start.saturating_sub(scope.trigger.end));
            }
        }
    }
    for (lane, scopes) in lanes.iter().zip(&backward) {
        let mut open: Vec<Scope> = Vec::new();
        let mut next = scopes.len();
        for (claim, hit) in claims.iter_mut().zip(hits).rev() {
            while let Some(scope) = next.checked_sub(1).map(|index| scopes[index]).filter(|scope| scope.span.end >= hit.span.end) {
                open.retain_last(|known| known.span.start < scope.span.start);
                open.push(scope);
                next -= 1;
            }
            open.retain_last(|known| known.span.start <= hit.span.start);
            if let Some(scope) = open.last().filter(|_| lane.kinds.contains(hit.kind)) {
                claim.take(lane.group, scope.assertion, scope.trigger.start.saturating_sub(hit.span.end));
            }
        }
    }
    claims
}

trait RetainLast<T> {
    /// Drops items from the end until one is to be kept.
    fn retain_last(&mut self, keep: impl Fn(&T) -> bool);
}

impl<T> RetainLast<T> for Vec<T> {
    fn retain_last(&mut self, keep: impl Fn(&T) -> bool) {
        while self.last().is_some_and(|item| !keep(item)) {
            self.pop();
        }
    }
}

/// For every trigger the neighbours that may end its scope.
struct Stops {
    /// The first trigger from here on that ends everything.
    everything: Vec<usize>,
    /// The first trigger from here on that ends negation.
    negation: Vec<usize>,
    /// The last trigger before here that a backward scope cannot cross.
    barrier: Vec<Option<usize>>,
}

impl Stops {
    fn new(triggers: &[Trigger]) -> Self {
        let count = triggers.len();
        let next_of = |least: Stop| {
            let mut next = vec![count; count + 1];
            for index in (0..count).rev() {
                next[index] = if triggers[index].stop >= least { index } else { next[index + 1] };
            }
            next
        };
        let mut barrier = Vec::with_capacity(count);
        let mut last = None;
        for (index, trigger) in triggers.iter().enumerate() {
            barrier.push(last);
            if trigger.backward.is_some() || trigger.stop != Stop::Nothing {
                last = Some(index);
            }
        }
        Self { everything: next_of(Stop::Everything), negation: next_of(Stop::Negation), barrier }
    }
}

fn forward_span(
    layout: &Layout<'_>,
    index: usize,
    effect: Effect,
    group: Group,
    hits: &[Hit],
    triggers: &[Trigger],
    stops: &Stops,
) -> Option<Span> {
    let trigger = triggers[index].span;
    let clause_index = layout.clause_at(trigger.start)?;
    let clause = layout.clauses[clause_index];
    let mut limit = match effect.reach {
        Reach::Next => next_finding(hits, trigger.end).unwrap_or(clause.end).min(clause.end),
        Reach::Item | Reach::Previous => layout.next_separator(trigger.end).unwrap_or(clause.end).min(clause.end),
        Reach::Clause => clause.end,
        Reach::List => layout.run_ends[clause_index],
        Reach::Sentence => layout.sentence_ends[clause_index],
    };
    if let Some(bracket) = layout.bracket_around(trigger) {
        limit = limit.min(bracket.end);
    }
    if effect.reach != Reach::Sentence {
        let negates = group == Group::Condition || group == Group::Polarity && effect.assertion == Assertion::Absent;
        let next = if negates { &stops.negation } else { &stops.everything };
        let mut stop = next[index + 1];
        // A stop word right behind the trigger belongs to it: 无伴, 否认有.
        while let Some(word) = triggers.get(stop).filter(|word| word.span.start < limit) {
            if layout.text.get(trigger.end as usize..word.span.start as usize).is_some_and(|between| !between.trim().is_empty()) {
                limit = word.span.start;
                break;
            }
            stop = next[stop + 1];
        }
    }
    // A term may begin inside the trigger: 明显压痛 behind 无明显.
    (limit > trigger.end).then_some(Span { start: trigger.start, end: limit })
}

/// The end of the first mention from an offset on that is no body part.
fn next_finding(hits: &[Hit], from: u32) -> Option<u32> {
    const BODY_PARTS: usize = 4;
    let first = hits.partition_point(|hit| hit.span.start < from);
    hits.iter().skip(first).take(BODY_PARTS + 1).find(|hit| hit.kind != ConceptKind::Body).map(|hit| hit.span.end)
}

/// The start of the last finding before an offset, with the terms that are one compound with it (转移性肿瘤?).
fn last_finding(text: &str, hits: &[Hit], before: u32) -> Option<u32> {
    const TERMS: usize = 5;
    let count = hits.partition_point(|hit| hit.span.start < before);
    let mut nearest = hits.iter().take(count).rev().take(TERMS).skip_while(|hit| hit.kind == ConceptKind::Body);
    let mut start = nearest.next()?.span.start;
    for hit in nearest {
        match text.get(hit.span.end as usize..start as usize) {
            Some("" | "性" | "样" | "型") if hit.kind != ConceptKind::Body => start = hit.span.start,
            _ => break,
        }
    }
    Some(start)
}

fn backward_span(layout: &Layout<'_>, index: usize, effect: Effect, hits: &[Hit], triggers: &[Trigger], stops: &Stops) -> Option<Span> {
    let trigger = triggers[index].span;
    let clause_index = layout.clause_at(trigger.start)?;
    let clause = layout.clauses[clause_index];
    let opens = effect.reach == Reach::Previous && clause.start == trigger.start;
    if opens && clause_index > 0 && layout.sentence_ends[clause_index - 1] == layout.sentence_ends[clause_index] {
        let previous = layout.clauses[clause_index - 1];
        let start = previous.start.max(layout.after_separator(previous.end).unwrap_or(0));
        return Some(Span { start, end: trigger.end });
    }
    let mut start = match effect.reach {
        Reach::Next => last_finding(layout.text, hits, trigger.start)?.max(clause.start),
        Reach::Item | Reach::Previous => layout.after_separator(trigger.start).unwrap_or(0).max(clause.start),
        Reach::Clause | Reach::Sentence => clause.start,
        Reach::List => layout.run_starts[clause_index],
    };
    start = start.max(layout.after_colon(trigger.start).unwrap_or(0));
    if let Some(bracket) = layout.bracket_around(trigger) {
        start = start.max(bracket.start);
    }
    if let Some(barrier) = stops.barrier[index].map(|barrier| triggers[barrier].span) {
        start = start.max(barrier.end);
    }
    (start < trigger.start).then_some(Span { start, end: trigger.end })
}

/// Nothing more is said in the item that the word ends.
fn ends_item(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or("").trim_start_matches(' ');
    rest.chars().next().is_none_or(|next| matches!(next, '、' | ',' | '。' | ';' | ')' | '(' | '\n' | '”' | '"' | '.' | '!' | '?' | ']'))
}
