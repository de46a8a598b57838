//! Small readers of FHIR's data types.

use serde_json::Value;

use crate::input::mapping::has;

/// The words at a pointer; none where they are empty.
pub fn text_at<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The elements of a list; none where there is no list.
pub fn list<'v>(value: &'v Value, name: &str) -> std::slice::Iter<'v, Value> {
    value.get(name).and_then(Value::as_array).map_or([].iter(), |list| list.iter())
}

/// Codes and words of a Coding, a CodeableConcept or a list of either.
pub fn words(value: &Value) -> std::vec::IntoIter<&str> {
    let found: Vec<&str> = match value {
        Value::Array(several) => several.iter().flat_map(of_one).collect(),
        Value::String(word) => vec![word.as_str()],
        single => of_one(single),
    };
    found.into_iter()
}

fn of_one(value: &Value) -> Vec<&str> {
    let codings = list(value, "coding").flat_map(|coding| [text_at(coding, "/code"), text_at(coding, "/display")]);
    let own = [text_at(value, "/code"), text_at(value, "/display"), text_at(value, "/text")];
    codings.chain(own).flatten().collect()
}

/// What a concept is called: its text, else the display of a coding, else a code.
pub fn concept(value: &Value) -> Option<&str> {
    let of_codings = |pointer: &str| list(value, "coding").find_map(|coding| text_at(coding, pointer));
    text_at(value, "/text").or_else(|| of_codings("/display")).or_else(|| text_at(value, "/display")).or_else(|| of_codings("/code"))
}

/// The code of a concept in one of some code systems.
pub fn code_in<'v>(value: &'v Value, systems: &[String]) -> Option<&'v str> {
    list(value, "coding").find(|coding| has(systems, text_at(coding, "/system"))).and_then(|coding| text_at(coding, "/code"))
}

/// A number as a report prints it.
pub fn printed(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(if *truth { "是" } else { "否" }.to_owned()),
        _ => None,
    }
}
