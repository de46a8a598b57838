//! The second pass, for JSON that is well formed but not quite a visit: every element of every list is read by itself, and the smallest
//! wrong part of it (an optional field, else the element) is left out with a note. The work is linear in the input.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use super::Unknown;
use super::places::escaped;
use crate::record::note::Note;
use crate::record::visit::Visit;

/// Left-out parts that are listed one by one; the rest are counted.
const MOST_NOTES: usize = 200;
/// Wrong parts of one element before the whole of it is left out.
const MOST_MISTAKES: usize = 50;

/// What the fields of a visit are read through.
pub struct Sieve<'n> {
    pub notes: &'n mut Vec<Note>,
    pub unknown: &'n mut Unknown,
    /// Parts left out, listed or not.
    pub lost: usize,
    /// Whole elements left out, by list and number in the text.
    pub dropped: Dropped,
}

/// Elements of the visit's lists that were left out.
#[derive(Debug, Default)]
pub struct Dropped(Vec<(&'static str, usize)>);

impl Dropped {
    /// The number that an element of a list has in the text.
    pub fn number_in_text(&self, list: &str, index: usize) -> usize {
        let mut number = index;
        // In rising order for each list.
        for (_, dropped) in self.0.iter().filter(|(name, _)| *name == list) {
            if *dropped <= number {
                number += 1;
            }
        }
        number
    }
}

impl Sieve<'_> {
    /// Reads an object that has a `visit_id` and a list of documents.
    pub fn visit(&mut self, visit_id: String, mut root: Map<String, Value>) -> Visit {
        let from = &mut root;
        let visit = Visit {
            schema: self.field(from, "schema"),
            visit_id,
            hospital: self.field(from, "hospital"),
            as_of: self.field(from, "as_of"),
            complete: self.field(from, "complete"),
            patient: self.field(from, "patient").unwrap_or_default(),
            admission: self.field(from, "admission").unwrap_or_default(),
            conditions: self.list(from, "conditions"),
            discharge: self.field(from, "discharge"),
            staff: self.list(from, "staff"),
            documents: self.list(from, "documents").unwrap_or_default(),
            diagnoses: self.list(from, "diagnoses"),
            orders: self.list(from, "orders"),
            labs: self.list(from, "labs"),
            cultures: self.list(from, "cultures"),
            exams: self.list(from, "exams"),
            pathology: self.list(from, "pathology"),
            critical_values: self.list(from, "critical_values"),
            operations: self.list(from, "operations"),
            transfusions: self.list(from, "transfusions"),
            vitals: self.list(from, "vitals"),
            consults: self.list(from, "consults"),
            transfers: self.list(from, "transfers"),
            rescues: self.list(from, "rescues"),
            downtimes: self.list(from, "downtimes"),
            front_page: self.field(from, "front_page"),
        };
        for name in root.keys() {
            self.unknown.see(name, || format!("/{}", escaped(name)));
        }
        if self.lost > MOST_NOTES {
            self.notes.push(Note::error("", None, format!("另有{}处错误已忽略,未逐一列出", self.lost - MOST_NOTES)));
        }
        visit
    }

    fn field<T: DeserializeOwned>(&mut self, root: &mut Map<String, Value>, name: &str) -> Option<T> {
        let value = root.shift_remove(name).filter(|value| !value.is_null())?;
        self.value(value, &format!("/{name}"))
    }

    fn list<T: DeserializeOwned>(&mut self, root: &mut Map<String, Value>, name: &'static str) -> Option<Vec<T>> {
        match root.shift_remove(name)? {
            Value::Null => None,
            Value::Array(elements) => {
                let mut read = Vec::with_capacity(elements.len());
                for (index, element) in elements.into_iter().enumerate() {
                    match self.value(element, &format!("/{name}/{index}")) {
                        Some(element) => read.push(element),
                        None => self.dropped.0.push((name, index)),
                    }
                }
                Some(read)
            }
            _ => {
                self.leave_out(format!("/{name}"), "类型不符,应为列表");
                None
            }
        }
    }

    /// Reads one value without its wrong parts; `None` where nothing is left of it.
    fn value<T: DeserializeOwned>(&mut self, mut value: Value, place: &str) -> Option<T> {
        // Elements already taken out of a list inside, so that later ones keep the numbers they have in the text.
        let mut removed: Vec<(Vec<Step>, usize)> = Vec::new();
        for _ in 0..MOST_MISTAKES {
            let unknown = &mut *self.unknown;
            let mut track = serde_path_to_error::Track::new();
            let deserializer = serde_path_to_error::Deserializer::new(&value, &mut track);
            let read: Result<T, serde_json::Error> = serde_ignored::deserialize(deserializer, |path| unknown.see_path(&path, place));
            let error = match read {
                Ok(read) => return Some(read),
                Err(error) => error.to_string(),
            };
            let steps: Vec<Step> = track.path().iter().filter_map(Step::of).collect();
            self.leave_out(format!("{place}{}", pointer(&steps, &removed)), &chinese(&error));
            let (last, parents) = steps.split_last()?;
            // A missing required field names the object without it: that object goes, or the list's element that it is in.
            let goes = take(&mut value, parents, last)?;
            if let Step::Index(index) = goes {
                removed.push((parents.to_vec(), index));
            }
        }
        self.leave_out(place.to_owned(), &format!("错误超过{MOST_MISTAKES}处,整条忽略"));
        None
    }

    fn leave_out(&mut self, path: String, why: &str) {
        self.lost += 1;
        if self.lost <= MOST_NOTES {
            self.notes.push(Note::error(path, None, format!("{why};已忽略")));
        }
    }
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Step {
    fn of(segment: &Segment) -> Option<Self> {
        match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        }
    }
}

/// Takes the part at `last` out of `value`; returns what was taken.
fn take(value: &mut Value, parents: &[Step], last: &Step) -> Option<Step> {
    let mut holder = value;
    for step in parents {
        holder = match (holder, step) {
            (Value::Object(map), Step::Key(key)) => map.get_mut(key)?,
            (Value::Array(list), Step::Index(index)) => list.get_mut(*index)?,
            _ => return None,
        };
    }
    match (holder, last) {
        (Value::Object(map), Step::Key(key)) => map.shift_remove(key)?,
        (Value::Array(list), Step::Index(index)) if *index < list.len() => list.remove(*index),
        _ => return None,
    };
    Some(last.clone())
}

/// The pointer of `steps`, with list numbers as they are in the text.
fn pointer(steps: &[Step], removed: &[(Vec<Step>, usize)]) -> String {
    let mut pointer = String::new();
    for (depth, step) in steps.iter().enumerate() {
        pointer.push('/');
        match step {
            Step::Key(key) => pointer.push_str(&escaped(key)),
            Step::Index(index) => {
                // Elements are taken out front to back, so each one before this shifts it by one.
                let before = removed.iter().filter(|(list, taken)| list.as_slice() == &steps[..depth] && taken <= index).count();
                pointer.push_str(&(index + before).to_string());
            }
        }
    }
    pointer
}

/// serde's message in Chinese; what is not known stays as it is.
pub fn chinese(message: &str) -> String {
    let said = message.strip_prefix("invalid type: ").map(|rest| ("类型不符", rest));
    let said = said.or_else(|| message.strip_prefix("invalid value: ").map(|rest| ("取值不符", rest)));
    if let Some((what, rest)) = said {
        let (found, expected) = rest.split_once(", expected ").unwrap_or((rest, "其他类型"));
        return format!("{what}: 为 {}, 应为 {}", kind(found), kind(expected));
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        return format!("缺少 {rest}");
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        return format!("未知取值 {}", rest.replace(", expected one of ", ",可用: ").replace(", expected ", ",可用: "));
    }
    if let Some((time, _)) = message.split_once(" is not a time") {
        return format!("{time} 不是时间,应如 2026-03-01T09:30:00+08:00 或 2026-03-01");
    }
    message.to_owned()
}

/// A JSON type as serde names it, in Chinese: `integer `6`` → `整数 `6``.
fn kind(words: &str) -> String {
    const KINDS: [(&str, &str); 12] = [
        ("a borrowed string", "文字"),
        ("a string", "文字"),
        ("string", "文字"),
        ("a boolean", "true 或 false"),
        ("boolean", "逻辑值"),
        ("integer", "整数"),
        ("floating point", "小数"),
        ("a sequence", "列表"),
        ("sequence", "列表"),
        ("map", "对象"),
        ("struct", "对象"),
        ("f64", "数字"),
    ];
    let known = KINDS.iter().find_map(|(name, chinese)| {
        let rest = words.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with(' ')).then_some((*name, *chinese, rest))
    });
    match known {
        // The names of the program's own types say nothing to a hospital.
        Some(("struct", chinese, _)) => chinese.to_owned(),
        Some((_, chinese, rest)) => format!("{chinese}{rest}"),
        None => words.to_owned(),
    }
}
