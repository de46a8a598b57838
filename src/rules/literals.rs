//! Words of which every match of a regular expression holds at least one: where none stands in a text, the expression need not be tried.

use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Hir, HirKind};

use crate::reading::letters::is_han;

/// A word of fewer characters stands in nearly every text, unless it is a rare one.
const LEAST: usize = 2;

/// A class of more characters is not spelled out.
const LARGEST_CLASS: usize = 24;

/// More words than this are no help.
const MOST: usize = 250;

/// The words; `None` where the expression has none that are long enough.
pub fn literals(pattern: &str) -> Option<Vec<String>> {
    required(&regex_syntax::parse(pattern).ok()?)
}

fn required(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Alternation(branches) => {
            let words: Vec<String> = branches.iter().map(required).collect::<Option<Vec<_>>>()?.concat();
            (words.len() <= MOST).then_some(words)
        }
        HirKind::Concat(parts) => {
            // A run of parts from anywhere on, or a part of its own.
            let from = |start: usize| beginnings(&Hir::concat(parts[start..].to_vec()));
            let found = (0..parts.len()).flat_map(|at| [from(at), required(&parts[at])]).flatten();
            found.max_by_key(|words| (weakest(words), std::cmp::Reverse(words.len())))
        }
        _ => beginnings(hir),
    }
}

/// How much the least telling of the words tells: its length, and [`LEAST`] for a rare character alone.
fn weakest(words: &[String]) -> usize {
    let tells = |word: &String| match word.chars().count() {
        1 if word.chars().all(is_rare) => LEAST,
        length => length,
    };
    words.iter().map(tells).min().unwrap_or(0)
}

/// No letter, digit or mark of everyday Chinese: ℃, ①, the debris of a wrong encoding.
fn is_rare(character: char) -> bool {
    !character.is_ascii() && !is_han(character) && !"。、·…—“”‘’《》".contains(character)
}

/// With one of these every match begins.
fn beginnings(hir: &Hir) -> Option<Vec<String>> {
    let sequence = Extractor::new().kind(ExtractKind::Prefix).limit_total(MOST).limit_class(LARGEST_CLASS).extract(hir);
    let words: Vec<String> = sequence.literals()?.iter().map(|literal| whole_characters(literal.as_bytes())).collect();
    (weakest(&words) >= LEAST).then_some(words)
}

/// A literal may be cut inside a character.
fn whole_characters(bytes: &[u8]) -> String {
    let end = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) => error.valid_up_to(),
    };
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_match_holds_one_of_them() {
        let of = |pattern: &str| {
            literals(pattern).map(|mut words| {
                words.sort();
                words
            })
        };
        assert_eq!(of(r"\d+(岁|周岁)患者"), Some(vec!["周岁患者".to_owned(), "岁患者".to_owned()]));
        assert_eq!(of("肌酐[^0-9]{0,8}\\d+"), Some(vec!["肌酐".to_owned()]));
        assert_eq!(of("(咳嗽|咳痰|发热)?"), None, "it matches nothing at all, too");
        assert_eq!(of(r"\d+天"), None, "a single character stands everywhere");
        assert_eq!(of(r"\bT\d{3}℃"), Some(vec!["℃".to_owned()]), "but a rare one does not");
        assert_eq!(of("[左右]肺.*(湿|干)啰音"), Some(vec!["干啰音".to_owned(), "湿啰音".to_owned()]));
        assert_eq!(of("(?i)ecog"), Some(every_case("ecog")));
    }

    fn every_case(word: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        for letter in word.chars() {
            words = words.iter().flat_map(|head| [letter.to_ascii_uppercase(), letter].map(|letter| format!("{head}{letter}"))).collect();
        }
        words.sort();
        words
    }
}
