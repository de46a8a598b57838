//! [`Draft`]: a copy of a visit in the hands of a planter, with the edits that planters are made of.
//!
//! An edit takes the first place that suits, or one that the seed picks, and says what stood there and what stands there now. One that finds
//! no such place gives `None`: the planter cannot act on this visit.

use std::ops::Range;

use fastrand::Rng;
use jiff::civil::DateTime;
use regex::{Captures, Regex};

use crate::reading::{Origin, Reading};
use crate::record::time::plus_minutes;
use crate::record::{Document, DocumentKind, Instant, Order, OrderKind, Precision, Sex, Signature, Staff, Title, Visit};

/// What was planted.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Plant {
    /// Document and section, or the list of the structured data.
    pub place: String,
    pub before: String,
    pub after: String,
}

impl Plant {
    pub fn new(place: impl Into<String>, before: impl Into<String>, after: impl Into<String>) -> Self {
        Self { place: place.into(), before: before.into(), after: after.into() }
    }
}

/// A visit that is being changed.
pub struct Draft<'a> {
    pub visit: Visit,
    /// What was read in the visit before the change.
    pub reading: &'a Reading,
    pub rng: Rng,
    changes: Vec<Change>,
    gone_sections: Vec<(usize, usize)>,
    gone_documents: Vec<usize>,
}

/// One replacement in a stored text: what was read of it moves along.
struct Change {
    document: usize,
    section: Option<usize>,
    range: Range<usize>,
    length: usize,
}

impl Change {
    fn start(&self, at: usize) -> usize {
        if at <= self.range.start { at } else { self.end(at) }
    }

    fn end(&self, at: usize) -> usize {
        if at >= self.range.end { at - self.range.len() + self.length } else { at.min(self.range.start) }
    }
}

/// Where a stretch of text stands: in a stored section or in the flat text.
#[derive(Debug, Clone)]
pub struct Place {
    pub document: usize,
    pub section: Option<usize>,
    pub name: String,
    pub range: Range<usize>,
    /// From the end of the part before: the heading stands between.
    from: usize,
}

use DocumentKind as Kind;
pub const ADMISSION: &[Kind] = &[Kind::AdmissionNote, Kind::ReadmissionNote];
pub const FIRST: &[Kind] = &[Kind::FirstCourse];
pub const ROUND: &[Kind] = &[Kind::WardRound];
pub const DAILY: &[Kind] = &[Kind::DailyCourse];
pub const COURSE: &[Kind] = &[Kind::DailyCourse, Kind::WardRound];
pub const ANY_COURSE: &[Kind] =
    &[Kind::FirstCourse, Kind::DailyCourse, Kind::WardRound, Kind::PostopCourse, Kind::CriticalValueRecord, Kind::StageSummary];
pub const DISCHARGE: &[Kind] = &[Kind::DischargeRecord];
pub const WRITTEN: &[Kind] =
    &[Kind::AdmissionNote, Kind::ReadmissionNote, Kind::FirstCourse, Kind::DailyCourse, Kind::WardRound, Kind::DischargeRecord];

impl<'a> Draft<'a> {
    pub fn new(visit: &Visit, reading: &'a Reading, rng: Rng) -> Self {
        Self { visit: visit.clone(), reading, rng, changes: Vec::new(), gone_sections: Vec::new(), gone_documents: Vec::new() }
    }

    /// The changed visit.
    pub fn finish(mut self) -> Visit {
        self.gone_sections.sort_unstable();
        for (document, section) in self.gone_sections.iter().rev() {
            if let Some(sections) = self.visit.documents[*document].sections.as_mut() {
                sections.remove(*section);
            }
        }
        self.gone_documents.sort_unstable();
        self.gone_documents.dedup();
        for index in self.gone_documents.iter().rev() {
            self.visit.documents.remove(*index);
        }
        self.visit
    }

    /// Documents of these kinds, in the order of the visit.
    pub fn documents(&self, kinds: &[Kind]) -> Vec<usize> {
        let there = self
            .reading
            .documents
            .iter()
            .filter(|document| kinds.contains(&document.kind) && !self.gone_documents.contains(&document.index));
        there.map(|document| document.index).collect()
    }

    pub fn document(&self, kinds: &[Kind]) -> Option<usize> {
        self.documents(kinds).first().copied()
    }

    /// Parts of documents of these kinds with one of these section names; every part where no name is given.
    pub fn places(&self, kinds: &[Kind], sections: &[&str]) -> Vec<Place> {
        let mut places = Vec::new();
        for document in self.documents(kinds).into_iter().map(|index| &self.reading.documents[index]) {
            let mut before: (Option<usize>, usize) = (None, 0);
            for passage in &document.passages {
                let Origin::Document { section, base, .. } = passage.origin else { continue };
                let range = base..base + passage.text.original().len();
                let from = if before.0 == section { before.1 } else { 0 };
                before = (section, range.end);
                let inside = passage.within.as_ref().is_some_and(|within| sections.contains(&&**within));
                let gone = section.is_some_and(|section| self.gone_sections.contains(&(document.index, section)));
                if !gone && (sections.is_empty() || sections.contains(&&*passage.section) || inside) {
                    let place = Place { document: document.index, section, name: passage.section.to_string(), range, from };
                    places.push(self.moved_along(place));
                }
            }
        }
        places
    }

    fn moved_along(&self, mut place: Place) -> Place {
        for change in self.changes.iter().filter(|change| change.document == place.document && change.section == place.section) {
            place.range = change.start(place.range.start)..change.end(place.range.end);
            place.from = change.end(place.from).min(place.range.start);
        }
        place
    }

    pub fn place(&self, kinds: &[Kind], sections: &[&str]) -> Option<Place> {
        self.places(kinds, sections).into_iter().next()
    }

    fn stored(&self, place: &Place) -> &str {
        let document = &self.visit.documents[place.document];
        match place.section {
            Some(section) => document.sections.as_ref().map_or("", |sections| sections[section].text.as_str()),
            None => document.text.as_deref().unwrap_or(""),
        }
    }

    pub fn text(&self, place: &Place) -> &str {
        &self.stored(place)[place.range.clone()]
    }

    /// What stands in the first such section now.
    pub fn section_text(&self, kinds: &[Kind], sections: &[&str]) -> Option<String> {
        self.place(kinds, sections).map(|place| self.text(&place).to_owned())
    }

    /// All text of these documents.
    pub fn all_text(&self, kinds: &[Kind]) -> String {
        self.places(kinds, &[]).iter().map(|place| self.text(place)).collect::<Vec<_>>().join("\n")
    }

    fn put(&mut self, place: &Place, range: Range<usize>, new: &str) {
        self.changes.push(Change { document: place.document, section: place.section, range: range.clone(), length: new.len() });
        let document = &mut self.visit.documents[place.document];
        let text = match place.section {
            Some(section) => document.sections.as_mut().map(|sections| &mut sections[section].text),
            None => document.text.as_mut(),
        };
        if let Some(text) = text {
            text.replace_range(range, new);
        }
    }

    pub fn name_of(&self, place: &Place) -> String {
        let title = &self.reading.documents[place.document].title;
        if place.name.is_empty() { title.clone() } else { format!("{title}·{}", place.name) }
    }

    /// Replaces `range` of the stored text and reports the surroundings.
    fn replace(&mut self, place: &Place, range: Range<usize>, new: &str) -> Option<Plant> {
        if self.stored(place)[range.clone()] == *new {
            return None;
        }
        const AROUND: usize = 14;
        let text = self.stored(place);
        let head: String = text[place.range.start.min(range.start)..range.start]
            .chars()
            .rev()
            .take(AROUND)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let tail: String = text[range.end..place.range.end.max(range.end)].chars().take(AROUND).collect();
        let (before, after) = (format!("{head}{}{tail}", &text[range.clone()]), format!("{head}{new}{tail}"));
        let plant = Plant::new(self.name_of(place), before, after);
        self.put(place, range, new);
        Some(plant)
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.rng.u64(0..choices.len() as u64) as usize]
    }

    /// Replaces one match of `pattern`, which the seed picks among those that `new` has an answer for.
    pub fn edit(
        &mut self,
        kinds: &[Kind],
        sections: &[&str],
        pattern: &str,
        new: impl Fn(&Captures<'_>) -> Option<String>,
    ) -> Option<Plant> {
        self.edit_where(&self.places(kinds, sections), pattern, new)
    }

    pub fn edit_where(&mut self, places: &[Place], pattern: &str, new: impl Fn(&Captures<'_>) -> Option<String>) -> Option<Plant> {
        let regex = compiled(pattern);
        let mut found: Vec<(usize, Range<usize>, String)> = Vec::new();
        for (index, place) in places.iter().enumerate() {
            for captures in regex.captures_iter(self.text(place)) {
                let whole = captures.get(0)?;
                if let Some(text) = new(&captures) {
                    let at = place.range.start;
                    found.push((index, at + whole.start()..at + whole.end(), text));
                }
            }
        }
        if found.is_empty() {
            return None;
        }
        let (index, range, text) = found.swap_remove(self.rng.u64(0..found.len() as u64) as usize);
        self.replace(&places[index], range, &text)
    }

    /// Replaces one occurrence of a left word by its right one.
    pub fn swap(&mut self, kinds: &[Kind], sections: &[&str], pairs: &[(&str, &str)]) -> Option<Plant> {
        let pattern = pairs.iter().map(|(from, _)| regex::escape(from)).collect::<Vec<_>>().join("|");
        self.edit(kinds, sections, &pattern, |captures| {
            pairs.iter().find(|(from, _)| *from == &captures[0]).map(|(_, to)| (*to).to_owned())
        })
    }

    /// Replaces every occurrence of a word in all documents and reports the first. Nothing may be placed in the text afterwards.
    pub fn everywhere(&mut self, pattern: &str, new: &str) -> Option<Plant> {
        let regex = compiled(pattern);
        let mut first = None;
        let change = |text: &mut String, title: &str, first: &mut Option<Plant>| {
            if let Some(found) = regex.find(text) {
                first.get_or_insert_with(|| Plant::new(title, found.as_str(), new));
                *text = regex.replace_all(text, new).into_owned();
            }
        };
        for (index, document) in self.visit.documents.iter_mut().enumerate() {
            let title = &self.reading.documents[index].title;
            document.sections.iter_mut().flatten().for_each(|section| change(&mut section.text, title, &mut first));
            document.text.iter_mut().for_each(|text| change(text, title, &mut first));
        }
        first
    }

    /// Puts one of `texts` in the place of the first such section's content.
    pub fn rewrite(&mut self, kinds: &[Kind], sections: &[&str], texts: &[&str]) -> Option<Plant> {
        let text = self.pick(texts);
        self.rewrite_as(kinds, sections, |_| Some(text.to_owned()))
    }

    pub fn rewrite_as(&mut self, kinds: &[Kind], sections: &[&str], new: impl Fn(&str) -> Option<String>) -> Option<Plant> {
        let place = self.place(kinds, sections)?;
        self.rewrite_at(&place, new)
    }

    pub fn rewrite_at(&mut self, place: &Place, new: impl Fn(&str) -> Option<String>) -> Option<Plant> {
        let old = self.text(place).to_owned();
        let bare = old.trim();
        let text = new(bare)?;
        if text == bare {
            return None;
        }
        let start = place.range.start + old.find(bare).unwrap_or(0);
        let plant = Plant::new(self.name_of(place), bare, &text);
        self.put(place, start..start + bare.len(), &text);
        Some(plant)
    }

    /// Puts one of `texts` in place of a whole document of a kind, one that the seed picks among those that `suits`.
    pub fn rewrite_document(
        &mut self,
        kinds: &[Kind],
        suits: impl Fn(&str) -> bool,
        new: impl Fn(&str) -> Option<String>,
    ) -> Option<Plant> {
        let mut candidates: Vec<usize> = self.documents(kinds);
        candidates.retain(|index| suits(&whole_text(&self.visit.documents[*index])));
        let index = (!candidates.is_empty()).then(|| self.pick(&candidates))?;
        let title = self.reading.documents[index].title.clone();
        let document = &mut self.visit.documents[index];
        let before = whole_text(document);
        let after = new(&before)?;
        document.sections = None;
        document.text = Some(after.clone());
        (before != after).then(|| Plant::new(title, before, after))
    }

    /// Adds one of `sentences` to the end of the first such section.
    pub fn append(&mut self, kinds: &[Kind], sections: &[&str], sentences: &[&str]) -> Option<Plant> {
        let place = self.place(kinds, sections)?;
        self.append_at(&place, sentences)
    }

    /// Where a line of names closes the note, the sentence stands before it: what follows a signature is no part of the note.
    pub fn append_at(&mut self, place: &Place, sentences: &[&str]) -> Option<Plant> {
        let sentence = self.pick(sentences);
        let body = self.text(place).trim_end();
        let unsigned = body.rfind('\n').map(|at| &body[..at]).filter(|before| self.is_signature(&body[before.len()..]));
        let end = place.range.start + unsigned.map_or(body, str::trim_end).len();
        self.replace(place, end..end, sentence)
    }

    /// A last line that holds names of the staff and no sentence: 别某/戎某某, 医师:习某 宦某某.
    fn is_signature(&self, line: &str) -> bool {
        const LONGEST: usize = 24;
        let named = |name: &String| line.contains(name.as_str());
        line.chars().count() <= LONGEST
            && !line.contains(['。', '\u{ff0c}', ','])
            && self.visit.staff.iter().flatten().filter_map(|person| person.name.as_ref()).any(named)
    }

    /// Adds one of `sentences` to a document of the kinds that the seed picks, where `suits` holds for its text and index.
    pub fn append_some(&mut self, kinds: &[Kind], suits: impl Fn(&Self, usize) -> bool, sentences: &[&str]) -> Option<Plant> {
        let mut candidates = self.documents(kinds);
        candidates.retain(|index| suits(self, *index));
        let index = (!candidates.is_empty()).then(|| self.pick(&candidates))?;
        let place = self.last_place(index)?;
        self.append_at(&place, sentences)
    }

    /// The part of a document where its author writes on: the last one that is no list of signatures.
    pub fn last_place(&self, document: usize) -> Option<Place> {
        let kind = self.reading.documents[document].kind;
        let mut places = self.places(&[kind], &[]);
        places.retain(|place| place.document == document && place.name != "签名");
        places.pop()
    }

    pub fn prepend(&mut self, kinds: &[Kind], sections: &[&str], sentences: &[&str]) -> Option<Plant> {
        let place = self.place(kinds, sections)?;
        let sentence = self.pick(sentences);
        let text = self.text(&place);
        let start = place.range.start + text.len() - text.trim_start().len();
        self.replace(&place, start..start, sentence)
    }

    /// Takes out a section with its heading.
    pub fn drop_section(&mut self, kinds: &[Kind], sections: &[&str]) -> Option<Plant> {
        let place = self.place(kinds, sections)?;
        let plant = Plant::new(self.name_of(&place), self.text(&place).trim(), "(删去此段)");
        match place.section {
            Some(section) if place.range.start == place.from && place.range.end == self.stored(&place).len() => {
                self.gone_sections.push((place.document, section));
            }
            _ => self.put(&place, place.from..place.range.end, "\n"),
        }
        Some(plant)
    }

    /// Takes every sentence (to 。 ; or the line's end) that holds `pattern` out of these places.
    pub fn drop_sentences(&mut self, kinds: &[Kind], sections: &[&str], pattern: &str) -> Option<Plant> {
        self.cut(kinds, sections, pattern, &['。', ';', '\u{ff1b}', '\n'])
    }

    /// The same for clauses, which also end at commas.
    pub fn drop_clauses(&mut self, kinds: &[Kind], sections: &[&str], pattern: &str) -> Option<Plant> {
        self.cut(kinds, sections, pattern, &['。', ';', '\u{ff1b}', '\n', ',', '\u{ff0c}'])
    }

    fn cut(&mut self, kinds: &[Kind], sections: &[&str], pattern: &str, ends: &[char]) -> Option<Plant> {
        let regex = compiled(pattern);
        let mut gone: Vec<String> = Vec::new();
        let mut first = None;
        // From the back, so that the places before stay right.
        for place in self.places(kinds, sections).iter().rev() {
            let text = self.text(place).to_owned();
            let kept: String = text
                .split_inclusive(ends)
                .filter(|part| {
                    let hit = regex.is_match(part);
                    if hit {
                        gone.push(part.trim().to_owned());
                        first = Some(self.name_of(place));
                    }
                    !hit
                })
                .collect();
            if kept.len() < text.len() {
                let closed = kept.trim_end().trim_end_matches([',', '\u{ff0c}', ';', '\u{ff1b}']).to_owned();
                let kept = if closed.is_empty() || closed.ends_with('。') { closed } else { format!("{closed}。") };
                self.put(place, place.range.clone(), &kept);
            }
        }
        gone.reverse();
        first.map(|place| Plant::new(place, gone.join(" … "), "(删去)"))
    }

    /// Takes out every document of the kinds.
    pub fn drop_documents(&mut self, kinds: &[Kind]) -> Option<Plant> {
        let found = self.documents(kinds);
        self.remove(&found)
    }

    pub fn remove(&mut self, found: &[usize]) -> Option<Plant> {
        let title = self.reading.documents[*found.first()?].title.clone();
        self.gone_documents.extend(found);
        Some(Plant::new(title, format!("{}份文书", found.len()), "(删去文书)"))
    }

    /// Takes the printed signatures out of a document.
    pub fn drop_signature(&mut self, document: usize) {
        let kind = self.reading.documents[document].kind;
        for place in self.places(&[kind], &["签名"]).into_iter().filter(|place| place.document == document) {
            self.put(&place, place.range.clone(), "");
        }
        let last = self.last_place(document);
        if let Some(place) = last {
            self.edit_where(&[place], r"[\s\x{3000}]*(主任|副主任|主治|住院)?医师(签名)?\p{P}[^\n。]{1,24}\s*$", |_| {
                Some(String::new())
            });
        }
    }

    pub fn time_of(&self, document: usize) -> Option<Instant> {
        let document = &self.visit.documents[document];
        document.event_at.or(document.created_at).or(document.signed_at)
    }

    /// Gives a document another time in every place of its frame.
    pub fn retime(&mut self, document: usize, to: DateTime) -> Option<Plant> {
        let before = self.time_of(document)?;
        let title = self.reading.documents[document].title.clone();
        let record = &mut self.visit.documents[document];
        let at = Instant::minute(to);
        record.event_at = Some(at);
        record.created_at = record.created_at.map(|_| at);
        let signed = Instant::minute(plus_minutes(to, 10));
        record.signed_at = record.signed_at.map(|_| signed);
        record.signatures.iter_mut().flatten().for_each(|signature| signature.at = signature.at.map(|_| signed));
        let new_title = record.title.as_deref().map(|title| restamp(title, at));
        record.title = new_title.or(record.title.take());
        Some(Plant::new(format!("{title}·时间"), before.to_string(), at.to_string()))
    }

    /// Moves the completion of a document past `limit` by some hours.
    pub fn late(&mut self, kinds: &[Kind], limit: DateTime) -> Option<Plant> {
        let document = self.document(kinds)?;
        let to = plus_minutes(limit, self.rng.i64(90..900));
        self.retime(document, to)
    }

    pub fn admitted(&self) -> Option<DateTime> {
        self.visit.admission.admitted_at.filter(|at| at.has_time()).map(Instant::earliest)
    }

    pub fn discharged(&self) -> Option<DateTime> {
        self.visit.discharge.as_ref()?.discharged_at.filter(|at| at.has_time()).map(Instant::earliest)
    }

    /// Whether what was due `hours` after a moment was left undone: of a running stay it may still come.
    pub fn is_overdue(&self, from: DateTime, hours: i64) -> bool {
        self.discharged().is_some() || self.end().is_some_and(|end| plus_minutes(from, hours * 60) <= end)
    }

    /// The anaesthesia of the first operation is a local one, for which hospitals have forms of their own.
    pub fn is_local_anesthesia(&self) -> bool {
        const LOCAL: &str = "局部|局麻|表面|表麻|球后|球周|结膜|肿胀|浸润";
        let first = self.visit.operations.iter().flatten().next().and_then(|operation| operation.anesthesia.as_deref());
        first.is_some_and(|anesthesia| compiled(LOCAL).is_match(anesthesia))
    }

    /// The end of what is known: discharge, or the moment of the snapshot.
    pub fn end(&self) -> Option<DateTime> {
        self.discharged().or(self.visit.as_of.map(Instant::earliest))
    }

    pub fn stay_hours(&self) -> Option<i64> {
        Some(self.end()?.duration_since(self.admitted()?).as_hours())
    }

    /// True when a whole calendar week (Monday to Sunday) lies in the stay: only then a number of rounds a week is due.
    pub fn has_whole_week(&self) -> Option<bool> {
        let (first, last) = (self.admitted()?.date(), self.end()?.date());
        let to_monday = (8 - i64::from(first.weekday().to_monday_one_offset())) % 7;
        Some(crate::record::time::days_between(first, last) >= to_monday + 7)
    }

    pub fn age(&self) -> Option<i64> {
        let born = self.visit.patient.birth_date?.date();
        let days = crate::record::time::days_between(born, self.admitted()?.date());
        Some(days * 100 / 36525)
    }

    pub fn is(&self, sex: Sex) -> bool {
        self.visit.patient.sex == Some(sex)
    }

    /// The first of the staff with a title of at least `lowest` and at most `highest`.
    pub fn staff(&self, lowest: Title, highest: Title) -> Option<Staff> {
        let mut staff = self.visit.staff.iter().flatten();
        staff.find(|person| person.title.is_some_and(|title| title >= lowest && title <= highest)).cloned()
    }

    pub fn doctor(&self) -> Option<Staff> {
        self.staff(Title::Resident, Title::Chief)
    }

    /// The first order whose name holds one of the words.
    pub fn order(&self, words: &[&str]) -> Option<usize> {
        self.visit
            .orders
            .as_ref()?
            .iter()
            .position(|order| order.name.as_deref().is_some_and(|name| words.iter().any(|word| name.contains(word))))
    }

    pub fn drug_orders(&self) -> Vec<usize> {
        let orders = self.visit.orders.iter().flatten().enumerate();
        orders.filter(|(_, order)| order.kind == Some(OrderKind::Drug) && order.name.is_some()).map(|(index, _)| index).collect()
    }

    /// Adds a drug order `hours` after admission.
    pub fn add_drug(&mut self, name: &str, dose: f64, unit: &str, route: &str, frequency: &str, hours: i64) -> Option<Plant> {
        let start = plus_minutes(self.admitted()?, hours * 60);
        let by = self.doctor().map(|doctor| doctor.id);
        let long_term = !matches!(frequency, "st" | "once");
        let orders = self.visit.orders.as_mut()?;
        let order = Order {
            id: Some(format!("drill-{}", orders.len() + 1)),
            kind: Some(OrderKind::Drug),
            name: Some(name.to_owned()),
            dose: Some(dose),
            unit: Some(unit.to_owned()),
            route: Some(route.to_owned()),
            frequency: Some(frequency.to_owned()),
            start: Some(Instant::minute(start)),
            by,
            long_term: Some(long_term),
            ..Order::default()
        };
        orders.push(order);
        Some(Plant::new("医嘱", "(无)", format!("{name}{dose}{unit} {route} {frequency},开始{}", Instant::minute(start))))
    }

    /// Adds a document signed by its author.
    pub fn add_document(&mut self, kind: Kind, title: &str, at: DateTime, signers: &[Staff], text: String) {
        let (time, signed) = (Instant::minute(at), Instant::minute(plus_minutes(at, 10)));
        let signatures = signers.iter().map(|person| Signature { staff: Some(person.id.clone()), at: Some(signed) }).collect();
        self.visit.documents.push(Document {
            id: format!("drill-{}", self.visit.documents.len() + 1),
            kind: Some(kind),
            title: Some(title.to_owned()),
            event_at: Some(time),
            created_at: Some(time),
            signed_at: Some(signed),
            author: signers.first().map(|person| person.id.clone()),
            signatures: Some(signatures),
            text: Some(text),
            ..Document::default()
        });
    }

    pub fn has_text(&self, kinds: &[Kind], pattern: &str) -> bool {
        compiled(pattern).is_match(&self.all_text(kinds))
    }
}

/// The date and time that a printed title begins with, made to agree with the document's.
fn restamp(title: &str, at: Instant) -> String {
    compiled(r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}").replace(title, at.to_string()).into_owned()
}

/// All text of a document.
pub fn whole_text(document: &Document) -> String {
    match &document.sections {
        Some(sections) => sections.iter().map(|section| format!("{}:{}", section.name, section.text)).collect::<Vec<_>>().join("\n"),
        None => document.text.clone().unwrap_or_default(),
    }
}

/// The patterns are literals of the planters, so a wrong one is a bug of this crate.
pub fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| panic!("a planter's pattern `{pattern}`: {error}"))
}

/// `instant` moved, with its precision.
pub fn moved(instant: Instant, minutes: i64) -> Instant {
    Instant::new(plus_minutes(instant.earliest(), minutes), instant.precision())
}

pub fn day(instant: Instant) -> Instant {
    Instant::new(instant.earliest(), Precision::Day)
}
