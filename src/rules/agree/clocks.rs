//! The clocks of one record of an anaesthesia.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::super::{Hit, Role, Subject};
use super::{Prepared, piece};
use crate::reading::text::Span;

static ANESTHESIA: LazyLock<Regex> = LazyLock::new(|| clock("(?:麻醉|诱导)开始(?:时间)?"));
static OPERATION: LazyLock<Regex> = LazyLock::new(|| clock("(?:手术开始(?:时间)?|切皮(?:时间)?)"));

/// Anaesthetics that the surgeon gives, or that may follow another.
const OTHER: [&str; 9] = ["局麻", "局部", "表面", "表麻", "浸润", "改为", "改全", "中转", "追加"];

/// The longest that both may lie apart on one day.
const MOST: i64 = 6 * 60;

fn clock(what: &str) -> Regex {
    Regex::new(&format!("{what}[: ]*(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} )?([0-2]?[0-9]):([0-5][0-9])")).expect("a pattern of our own")
}

fn minute(found: &Captures<'_>) -> Option<i64> {
    let number = |at: usize| found.get(at)?.as_str().parse::<i64>().ok();
    Some(number(1)? * 60 + number(2)?)
}

impl Prepared {
    /// 麻醉开始09:35 … 手术开始09:20 in one passage that tells each once.
    pub(super) fn anesthesia_clocks(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            let (begun, cut): (Vec<_>, Vec<_>) = (ANESTHESIA.captures_iter(text).collect(), OPERATION.captures_iter(text).collect());
            let ([begun], [cut]) = (begun.as_slice(), cut.as_slice()) else { continue };
            let (Some(early), Some(late)) = (minute(begun), minute(cut)) else { continue };
            let late_by = early - late;
            if late_by as f64 > self.spec.tolerance && late_by <= MOST && !OTHER.iter().any(|word| text.contains(word)) {
                let span = |found: &Captures<'_>| found.get(0).map_or(Span::new(0, 0), |whole| Span::new(whole.start(), whole.end()));
                let evidence = vec![piece(passage, span(begun), Role::This), piece(passage, span(cut), Role::Against)];
                hits.push(Hit { evidence, ..Hit::default() });
            }
        }
        hits
    }
}
