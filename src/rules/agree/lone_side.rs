//! A side that one place alone gives to a part: the record says 左股骨颈 again and again, and 右股骨颈 once.
//!
//! Words are compared as they are written, since lists of concepts never name all that may have a side. What may rightly stand on the other side only once
//! (a normal finding, an old operation, a puncture, a comparison) is told by the words around it.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::{Hit, Role, Subject, around};
use super::{Prepared, piece};
use crate::reading::letters::is_han;
use crate::reading::lexicon::Lexicon;
use crate::reading::text::Span;
use crate::reading::{Mention, Origin, Passage, TimeValue};
use crate::record::Side;

/// How often the usual side must be said, of a name that tells more (上肺尖钙化) less often, and in how many documents or reports.
const USUAL: usize = 3;
const USUAL_OF_LONG: usize = 2;
const LONG: usize = 4;
const USUAL_PLACES: usize = 2;
/// Letters of a part's name that are compared, at most.
const LONGEST: usize = 5;
/// Letters before and after a part in which the other side of the same may be told, as in a report of both.
const BESIDE: usize = 60;
/// Letters around a part among which pairs are looked for that its usual mentions have as well, and how many there must be besides its name.
const AROUND: usize = 10;
const ALIKE: usize = 2;

/// Parts whose name is one letter.
const SHORT: &str = "眼耳手足膝髋踝肩肘腕肺肾乳腿臂额颞顶枕鼻腋颊";

/// Words of a sentence that may rightly speak of the other side.
const OTHER: [&str; 39] = [
    "健侧", "对侧", "健肢", "相比", "比较", "较左", "较右", "对照", "利手", "卧位", "手持", "择期", "另", "新发", "转移", "陈旧", "缺如",
    "史", "既往", "年前", "曾", "双", "两侧", "各", "放射", "家属", "家族", "姐姐", "较轻", "度轻", "骨密", "T值", "医院", "K-L 1",
    "K-L 2", "RADS 2", "RADS 3", "腘绳", "可致",
];
/// Words of an operation that is still to come: 建议3个月后行右膝关节置换术.
const LATER: [&str; 3] = ["月后行", "周后行", "拟于"];
/// Words of a lesser side that is left alone, but in discharge orders, where every side is told to come again.
const WATCHED: [&str; 3] = ["随诊", "随访", "暂观察"];
/// Words of a way in, which may be on either side.
const ACCESS: [&str; 8] = ["戳卡", "穿刺", "置管", "签", "导管", "透析", "肌注", "注射"];
/// Words of a clause that say that nothing is there.
const NOTHING: [&str; 12] = ["无", "未", "正常", "阴性", "否认", "(-)", "完整", "通畅", "对称", "良好", "如常", "不受累"];

/// One part with a side, where it stands.
pub(super) struct Place<'s> {
    pub(super) passage: &'s Arc<Passage>,
    /// The side's letter and the part's name.
    pub(super) span: Span,
}

/// The places of one name, by side.
#[derive(Default)]
struct Sides<'s> {
    left: Vec<Place<'s>>,
    right: Vec<Place<'s>>,
    both: bool,
}

impl Prepared {
    pub(super) fn lone_side(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut names: FxHashMap<&str, Sides<'_>> = FxHashMap::default();
        for passage in self.places.passages(subject) {
            sided(passage, &mut names);
        }
        let mut hits = Vec::new();
        let mut decided = BTreeSet::new();
        // The longest names first: they say most.
        let mut names: Vec<(&str, Sides<'_>)> = names.into_iter().filter(|(_, sides)| !sides.both).collect();
        names.sort_unstable_by_key(|(name, _)| (Reverse(name.len()), *name));
        let year = subject.visit.admission.admitted_at.map(|at| at.date().year());
        for (name, sides) in &names {
            for (side, lone, usual) in [(Side::Left, &sides.left, &sides.right), (Side::Right, &sides.right, &sides.left)] {
                let [one] = lone.as_slice() else { continue };
                // The longest name that the usual places share decides; its beginnings say less of the same.
                let least = if name.chars().count() >= LONG { USUAL_OF_LONG } else { USUAL };
                if usual.len() < least || !decided.insert((Arc::as_ptr(one.passage), one.span.start)) {
                    continue;
                }
                if is_explained(one, side)
                    || is_another_way_in(subject, one, usual)
                    || is_of_earlier_year(one, year)
                    || !(is_found(one, subject.knowledge.lexicon()) && name.chars().count() >= LONG || is_like(name, one, usual))
                {
                    continue;
                }
                let places: BTreeSet<String> = usual.iter().map(|place| place_of(place.passage)).collect();
                let written = one.passage.document().is_some();
                if places.len() < USUAL_PLACES || !written {
                    continue;
                }
                let other = usual.iter().find(|place| place_of(place.passage) != place_of(one.passage)).unwrap_or(&usual[0]);
                hits.push(Hit {
                    evidence: vec![piece(one.passage, one.span, Role::This), piece(other.passage, other.span, Role::Against)],
                    slots: vec![("stated", side.chinese().to_owned()), ("count", usual.len().to_string())],
                    ..Hit::default()
                });
            }
        }
        hits
    }
}

/// Every name in the passage that follows a side: all its beginnings, so that 右股骨颈骨折 meets 左股骨颈.
fn sided<'s>(passage: &'s Arc<Passage>, names: &mut FxHashMap<&'s str, Sides<'s>>) {
    let text = passage.text.as_str();
    for (at, letter) in text.match_indices(['左', '右', '双', '两']) {
        let after = &text[at + letter.len()..];
        let name = after.strip_prefix('侧').unwrap_or(after);
        let start = text.len() - name.len();
        let ends = name.char_indices().take_while(|(_, letter)| is_han(*letter)).map(|(index, letter)| index + letter.len_utf8());
        for (index, end) in ends.take(LONGEST).enumerate() {
            if index == 0 && !SHORT.contains(&name[..end]) {
                continue;
            }
            let sides = names.entry(&name[..end]).or_default();
            let place = Place { passage, span: Span::new(at, start + end) };
            match letter {
                "左" => sides.left.push(place),
                "右" => sides.right.push(place),
                _ => sides.both = true,
            }
        }
    }
}

pub(super) fn place_of(passage: &Passage) -> String {
    match &passage.origin {
        Origin::Document { document, .. } => document.to_string(),
        Origin::Data { pointer, .. } => pointer.rsplit_once('/').map_or(pointer.as_str(), |(row, _)| row).to_owned(),
    }
}

/// A puncture or a catheter, which may well be on the other side, unless this is the paper of an act of which the usual places speak as well.
pub(super) fn is_another_way_in(subject: &Subject<'_>, one: &Place<'_>, usual: &[Place<'_>]) -> bool {
    const ACTS: [&str; 6] = ["同意", "操作", "手术", "置", "穿刺", "核查"];
    let paper = subject.reading.document_of(one.passage);
    let of_act = paper.is_some_and(|paper| ACTS.iter().any(|word| paper.title.contains(word)));
    let spoken_of = |word: &str| usual.iter().any(|place| sentence_of(place).contains(word));
    ACCESS.iter().any(|word| sentence_of(one).contains(word) && !(of_act && spoken_of(word)))
}

fn sentence_of<'s>(place: &Place<'s>) -> &'s str {
    place.passage.text.slice(place.passage.sentence_of(place.span))
}

/// The words around say why this once it is the other side.
pub(super) fn is_explained(one: &Place<'_>, side: Side) -> bool {
    let text = one.passage.text.as_str();
    let sentence = sentence_of(one);
    let clauses = &one.passage.clauses;
    let index = clauses.iter().position(|clause| clause.contains(one.span));
    let clause = index.map_or(sentence, |index| &text[clauses[index].range()]);
    // Side by side: 左上肢肌力3级,右上肢肌力5级.
    let usual = if side == Side::Left { '右' } else { '左' };
    let compared = index.map_or(sentence.contains(usual), |index| {
        clauses[index.saturating_sub(1)..(index + 2).min(clauses.len())].iter().any(|clause| text[clause.range()].contains(usual))
    });
    // 右正中神经远端潜伏期6.8ms,拇短展肌可见正锐波;左正中神经4.3ms.
    let name = one.passage.text.slice(one.span).trim_start_matches(['左', '右', '侧']);
    let ahead = around::last(&text[..one.span.start as usize], BESIDE);
    let behind: String = text[one.span.end as usize..].chars().take(BESIDE).collect();
    let other = [format!("{usual}{name}"), format!("{usual}侧{name}")];
    let compared = compared || other.iter().any(|other| ahead.contains(other) || behind.contains(other));
    let history = matches!(one.passage.section.as_ref(), "既往史" | "个人史" | "家族史" | "手术史");
    let after: String = text[one.span.end as usize..].chars().take(8).collect();
    // 左眼压15mmHg: each side has a number of its own.
    let number = after.find(|next: char| next.is_ascii_digit()).map(|at| &after[..at]);
    let is_measured = number.is_some_and(|words| words.chars().count() <= 3 && words.chars().all(is_han) && !words.ends_with('第'));
    let is_watched = one.passage.section.as_ref() != "出院医嘱" && WATCHED.iter().any(|word| sentence.contains(word));
    history
        || compared
        || is_watched
        || LATER.iter().any(|word| sentence.contains(word))
        || text[..one.span.start as usize].ends_with('防')
        || OTHER.iter().any(|word| sentence.contains(word))
        || NOTHING.iter().any(|word| clause.contains(word))
        || after.contains("术后")
        || is_measured
}

/// The sentence names a year before that of the stay.
pub(super) fn is_of_earlier_year(one: &Place<'_>, year: Option<i16>) -> bool {
    let sentence = one.passage.sentence_of(one.span);
    let years = one.passage.times.iter().filter(|time| sentence.contains(time.span)).filter_map(|time| match time.value {
        TimeValue::Date(date) => date.year,
        _ => None,
    });
    year.is_some_and(|year| years.into_iter().any(|stated| stated < year))
}

/// Names a disease, a sign or an act, and not only a part: 股骨颈骨折.
fn is_found(one: &Place<'_>, lexicon: &Lexicon) -> bool {
    let named = |mention: &&Mention| mention.span.start >= one.span.start && mention.span.start < one.span.end;
    one.passage.mentions.iter().filter(named).any(|mention| {
        let kind = lexicon.concept(mention.concept).kind;
        kind.is_finding() || kind.is_act()
    })
}

/// What is said of the part here is said of it elsewhere, too: 右下甲状旁腺原位保留 is another thing than 左下甲状旁腺自体移植.
fn is_like(name: &str, one: &Place<'_>, usual: &[Place<'_>]) -> bool {
    let own = name.chars().count().saturating_sub(1);
    let mine = pairs_around(one, true);
    let alike = |other: &Place<'_>| pairs_around(other, false).intersection(&mine).count();
    usual.iter().any(|other| alike(other) >= own + ALIKE)
}

/// The pairs of letters around a place, without its side; `inside` its sentence.
fn pairs_around(place: &Place<'_>, inside: bool) -> BTreeSet<(char, char)> {
    let text = place.passage.text.as_str();
    let within = if inside { place.passage.sentence_of(place.span) } else { Span::new(0, text.len()) };
    let (start, end) = (place.span.start as usize, place.span.start as usize + '左'.len_utf8());
    let before: Vec<char> = text[(within.start as usize).min(start)..start].chars().rev().take(AROUND).collect();
    let after: Vec<char> = text[end..(within.end as usize).max(end)].chars().take(AROUND).collect();
    let pairs = |letters: Vec<char>| -> Vec<(char, char)> {
        let letters: Vec<char> = letters.into_iter().filter(|letter| letter.is_alphanumeric()).collect();
        letters.windows(2).map(|pair| (pair[0], pair[1])).collect()
    };
    pairs(before.into_iter().rev().collect()).into_iter().chain(pairs(after)).collect()
}
