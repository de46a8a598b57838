//! Scores and counts whose parts must fit: the Glasgow coma scale, pregnancies and births, numbered lists.

use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};

use super::super::{Evidence, Hit, Role, Subject};
use super::chart::speaks_of_now;
use super::hit;
use crate::reading::text::Span;
use crate::reading::{Assertion, Mention, Passage};

/// GCS 12分(E4V5M6), GCS E3V3M5=11分, GCS评分(插管前):E3V3M5 11分: a total directly beside its parts. Another moment's total stands elsewhere (GCS由15分降为12分, 较昨日(E3V4M5)).
pub(super) fn gcs_sum(passage: &Arc<Passage>, hits: &mut Vec<Hit>) {
    static SCORE: LazyLock<Regex> = LazyLock::new(|| {
        let parts = "E([1-4])[,、+ ]?V([1-5])[,、+ ]?M([1-6])";
        let sum = "(?:=|,?(?:共计?|合计|总分|总计|计)[:为]?)";
        let pattern = format!(
            "GCS(?:评分)?(?:\\([^()]{{1,8}}\\))?[:为 ]{{0,2}}(?:(\\d{{1,2}})分?[,: ]?)?\\(?{parts}\\)?(?:{sum}(\\d{{1,2}})分?|[ (](\\d{{1,2}})分)?"
        );
        Regex::new(&pattern).expect("a pattern of our own")
    });
    let text = passage.text.as_str();
    // Most texts are spared the search.
    if !text.contains("GCS") {
        return;
    }
    for found in SCORE.captures_iter(text) {
        let number = |group: usize| found.get(group).and_then(|digits| digits.as_str().parse::<u32>().ok());
        let (Some(eyes), Some(verbal), Some(motor)) = (number(2), number(3), number(4)) else { continue };
        let sum = eyes + verbal + motor;
        if let Some(total) = number(1).or(number(5)).or(number(6)).filter(|total| *total != sum) {
            let (whole, last) = (found.get(0).map_or(0, |whole| whole.start()), found.get(4).map_or(0, |motor| motor.end()));
            let slots = vec![("stated", total.to_string()), ("computed", format!("E{eyes}+V{verbal}+M{motor}={sum}"))];
            hits.push(hit(passage, Span::new(whole, last), slots));
        }
    }
}

/// Apgar评分1分钟7分(心率2分、呼吸1分、肌张力1分、反射1分、肤色1分): five parts that are not the total.
pub(super) fn apgar_sum(passage: &Arc<Passage>, hits: &mut Vec<Hit>) {
    static SCORE: LazyLock<Regex> = LazyLock::new(|| Regex::new("(\\d{1,2})分\\(([^()]{5,60})\\)").expect("a pattern of our own"));
    static PART: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("(?:心率|呼吸|肌张力|反射|肤色|皮色)([0-2])分?(?:[、,;]|$)").expect("a pattern of our own"));
    let text = passage.text.as_str();
    if !text.contains("Apgar") {
        return;
    }
    for found in SCORE.captures_iter(text) {
        let parts: Vec<u32> = PART.captures_iter(&found[2]).filter_map(|part| part[1].parse().ok()).collect();
        let (Ok(total), sum) = (found[1].parse::<u32>(), parts.iter().sum::<u32>()) else { continue };
        if parts.len() == 5 && total != sum && !found[2].contains('扣') {
            hits.push(unequal(passage, &found, total, format!("五项之和{sum}分")));
        }
    }
}

/// NIHSS 7分(面瘫2、左上肢2、左下肢1、感觉1、构音1、忽视1): every part has its points, and they are not the total.
pub(super) fn score_sum(passage: &Arc<Passage>, hits: &mut Vec<Hit>) {
    static SCORE: LazyLock<Regex> = LazyLock::new(|| {
        let scores = "NIHSS|Caprini|Padua|CHA[2₂]DS[2₂]-?VASc|HAS-?BLED|CURB-?65|Wells";
        Regex::new(&format!("(?:{scores})(?:[^0-9。;()]{{0,8}}\\)?[^0-9。;()]{{0,6}})(\\d{{1,2}})分\\(([^()]{{5,120}})\\)"))
            .expect("a pattern of our own")
    });
    // 年龄65-74岁1, BMI>25 1; what ends in a bound (手术>45) has no points.
    static PART: LazyLock<Regex> = LazyLock::new(|| Regex::new("[^\\d.><≥≤~～-]\\s*([0-5])分?$").expect("a pattern of our own"));
    let text = passage.text.as_str();
    if !text.contains("分(") {
        return;
    }
    for found in SCORE.captures_iter(text) {
        let points = |part: &str| PART.captures(part.trim()).and_then(|points| points[1].parse::<u32>().ok());
        let parts: Option<Vec<u32>> = found[2].split(['、', ',', '+', ';']).map(points).collect();
        let (Ok(total), Some(parts)) = (found[1].parse::<u32>(), parts) else { continue };
        let sum: u32 = parts.iter().sum();
        if parts.len() >= 2 && sum != total {
            hits.push(unequal(passage, &found, total, format!("各项之和{sum}分")));
        }
    }
}

/// The whole match, with the total that it states and what its parts make.
fn unequal(passage: &Arc<Passage>, found: &Captures<'_>, total: u32, computed: String) -> Hit {
    let whole = found.get(0).map_or(0..0, |whole| whole.range());
    hit(passage, Span::new(whole.start, whole.end), vec![("stated", total.to_string()), ("computed", computed)])
}

/// 神志清楚 with a GCS of 8 or less, 昏迷 with one of 14 or more, in the same sentence group.
pub(super) fn gcs_text(subject: &Subject<'_>, passage: &Arc<Passage>, hits: &mut Vec<Hit>) {
    /// A state that was or may come.
    const PAST: [&str; 9] = ["入院", "来院", "短暂", "一过性", "昏迷史", "可致", "可出现", "风险", "低血糖昏迷"];
    let lexicon = subject.knowledge.lexicon();
    let (Some(gcs), Some(clear), Some(coma)) = (lexicon.id("GCS评分"), lexicon.id("意识清楚"), lexicon.id("昏迷")) else { return };
    for score in passage.mentions.iter().filter(|mention| mention.concept == gcs) {
        let Some(measure) = score.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
        // 入院时昏迷,GCS 5分,现神志清楚; 伤后短暂昏迷,来院GCS 15分: two moments.
        let is_now = |span: Span| {
            speaks_of_now(passage, span) && !PAST.iter().any(|word| passage.text.slice(passage.sentence_of(span)).contains(word))
        };
        if !is_now(score.span.cover(measure.span)) {
            continue;
        }
        let near = |mention: &&Mention| {
            mention.assertion == Assertion::Present && mention.span.start.abs_diff(score.span.start) <= 120 && is_now(mention.span)
        };
        let same_sentence =
            |mention: &&Mention| passage.sentences.iter().any(|sentence| sentence.contains(mention.span) && sentence.contains(score.span));
        let said = |concept| {
            passage.mentions.iter().filter(|mention| mention.concept == concept).find(|mention| near(mention) && same_sentence(mention))
        };
        let contrary = match measure.value {
            value if value <= 8.0 => said(clear),
            value if value >= 14.0 => said(coma),
            _ => None,
        };
        // An intubated or aphasic patient may be awake with a low total.
        let text = passage.text.as_str();
        if let Some(contrary) =
            contrary.filter(|_| !["插管", "气管切开", "气切", "失语", "VT", "镇静"].iter().any(|word| text.contains(word)))
        {
            let span = score.span.cover(measure.span);
            let evidence = vec![
                Evidence { passage: passage.clone(), span, role: Role::This },
                Evidence { passage: passage.clone(), span: contrary.span, role: Role::Against },
            ];
            hits.push(Hit { evidence, slots: vec![("stated", measure.value.to_string())], ..Hit::default() });
        }
    }
}

/// 孕2产3, G2P3.
pub(super) fn gravida_para(passage: &Arc<Passage>, hits: &mut Vec<Hit>) {
    let text = passage.text.as_str();
    for (first, second) in [('孕', '产'), ('G', 'P'), ('g', 'p')] {
        for (at, _) in text.match_indices(first) {
            let rest = &text[at + first.len_utf8()..];
            let pregnancies: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let Some(tail) = rest[pregnancies.len()..].trim_start_matches('次').strip_prefix(second) else { continue };
            let births: String = tail.chars().take_while(char::is_ascii_digit).collect();
            let (Ok(pregnancies_count), Ok(births_count)) = (pregnancies.parse::<u32>(), births.parse::<u32>()) else { continue };
            // Two digits or more are weeks or a date.
            if pregnancies_count < 20 && births_count > pregnancies_count && births_count < 20 {
                let end = text.len() - tail.len() + births.len();
                hits.push(hit(passage, Span::new(at, end), vec![("stated", text[at..end].to_owned())]));
            }
        }
    }
}

/// `1.… 2.… 4.…`: numbers at the start of list items that jump or repeat. A list that starts again at 1 is a new list.
pub(super) fn numbering(passage: &Arc<Passage>, hits: &mut Vec<Hit>) {
    let text = passage.text.as_str();
    let marks = super::super::lists::item_marks(text);
    for pair in marks.windows(2) {
        let (previous, mark) = (pair[0], pair[1]);
        if mark.number != previous.number + 1 && mark.number != 1 {
            let stop = text[mark.end..].find(['\n', ';', '。', ' ']).map_or(text.len(), |offset| mark.end + offset);
            hits.push(hit(passage, Span::new(mark.start, stop), vec![("stated", format!("{}后为{}", previous.number, mark.number))]));
            return;
        }
    }
}
