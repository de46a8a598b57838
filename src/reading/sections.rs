//! Finds sections in flat text: `主诉：`, `【现病史】`, `一、现病史`, `1.体格检查：`, a heading alone on its line, or one after a full stop.

use std::sync::Arc;

use super::documents::DocumentTable;

/// A section in clean text: the heading belongs to no section, so that rules see only what was written under it, except where it is a label that
/// says something itself (替代方案).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSection {
    /// Canonical name; `None` before the first heading.
    pub name: Option<Arc<str>>,
    /// The section that it stands in.
    pub within: Option<Arc<str>>,
    pub start: usize,
    pub end: usize,
}

/// Splits the clean text of a whole document at every known heading that stands where a heading stands.
pub fn split(text: &str, table: &DocumentTable) -> Vec<FoundSection> {
    divide(text, table, None)
}

/// Splits the clean text of a section that the EMR keeps under this name: only a heading that begins a line or that such a section may hold
/// splits further, for `诊断：` in the running text of a 现病史 is another hospital's diagnosis.
pub fn split_stored(text: &str, table: &DocumentTable, stored: &Arc<str>) -> Vec<FoundSection> {
    divide(text, table, Some(stored))
}

fn divide(text: &str, table: &DocumentTable, stored: Option<&Arc<str>>) -> Vec<FoundSection> {
    let mut sections = vec![FoundSection { name: None, within: None, start: 0, end: text.len() }];
    let mut outer: Option<Arc<str>> = stored.cloned();
    for (start, end, name) in table.headings(text) {
        let Some(before) = opening(text, start) else { continue };
        let short = text[start..end].chars().filter(|character| *character != ' ').count() <= 2 && **name != *"主诉";
        let Some(after) = closing(text, end, &before, short) else { continue };
        // In flat text a 过敏史 below a 既往史 is its equal; only a section that is a record by itself (病例特点) holds others.
        let inside = outer.as_ref().filter(|outer| table.may_hold(outer, name) && (stored.is_some() || table.is_closed(outer)));
        let marked = before.line_start || before.bracketed;
        if stored.is_some_and(|stored| stored == name) && sections.len() == 1 && before.start == 0 {
            // The stored text repeats its own heading.
            sections[0].start = after;
            continue;
        }
        let common = table.is_only_flat(name);
        let after_closed = || sections.last().and_then(|last| last.name.as_ref()).is_some_and(|last| table.is_closed(last));
        let splits = match stored {
            Some(_) => (before.line_start && !common) || inside.is_some(),
            // 【处理】 is a heading wherever it stands.
            None => (marked || before.numbered || !short) && (before.bracketed || !(common && after_closed())),
        };
        // 一般情况 below a 体格检查 is how the patient looks, and no list of name and address.
        let part = sections.last().and_then(|last| last.name.as_ref()).is_some_and(|last| table.takes_in(last, name));
        if !splits || part {
            continue;
        }
        let within = inside.cloned().or_else(|| stored.filter(|stored| *stored != name).cloned());
        if stored.is_none() && within.is_none() {
            outer = Some(name.clone());
        }
        // One space may end a heading and begin the next (`二、拟诊讨论 诊断依据:`).
        let begin = sections.last().map_or(0, |last| before.start.max(last.start));
        if let Some(last) = sections.last_mut() {
            last.end = begin;
        }
        let from = if table.is_label(name) { begin } else { after };
        sections.push(FoundSection { name: Some(name.clone()), within, start: from, end: text.len() });
    }
    let mut sections: Vec<FoundSection> = sections.into_iter().flat_map(|section| cut_line(text, section, table)).collect();
    sections.retain(|section| section.name.is_some() || !text[section.start..section.end].trim().is_empty());
    sections.iter_mut().for_each(|section| name_both(section, table, stored));
    sections
}

/// Below a heading that stands for two sections, the text is the first, inside the second, so that a search for either finds it.
fn name_both(section: &mut FoundSection, table: &DocumentTable, stored: Option<&Arc<str>>) {
    if let Some([first, second]) = section.name.as_ref().or(stored).and_then(|name| table.both(name)) {
        section.name = Some(first.clone());
        section.within = Some(second.clone());
    } else if let Some([first, _]) = section.within.as_ref().and_then(|within| table.both(within)) {
        section.within = Some(first.clone());
    }
}

/// A section of one line, and what stands below it as text without a heading (the discussion under 主持人).
fn cut_line(text: &str, section: FoundSection, table: &DocumentTable) -> impl Iterator<Item = FoundSection> {
    let content = &text[section.start..section.end];
    let line_end = content.find('\n').filter(|end| !content[..*end].trim().is_empty()).map(|end| section.start + end);
    match line_end.filter(|_| section.name.as_ref().is_some_and(|name| table.is_one_line(name))) {
        Some(end) => {
            let rest = FoundSection { name: None, within: None, start: end, end: section.end };
            [Some(FoundSection { end, ..section }), Some(rest)].into_iter().flatten()
        }
        None => [Some(section), None].into_iter().flatten(),
    }
}

struct Opening {
    /// Where the heading with its bracket and number begins.
    start: usize,
    bracketed: bool,
    numbered: bool,
    line_start: bool,
}

/// What stands before a heading: the start of a line, a number, a bracket, a wide gap, or the end of a sentence.
fn opening(text: &str, start: usize) -> Option<Opening> {
    let mut at = start;
    let mut bracketed = false;
    let previous = |at: usize| text[..at].chars().next_back();
    let skip_space = |at: usize| text[..at].trim_end_matches([' ', '\t']).len();
    at = skip_space(at);
    if let Some(bracket @ ('[' | '【' | '〔' | '<' | '《')) = previous(at) {
        at -= bracket.len_utf8();
        bracketed = true;
    }
    let unnumbered = at;
    at = skip_number(text, at);
    let numbered = at < unnumbered;
    at = skip_space(at);
    let opening = |line_start: bool| Some(Opening { start: at, bracketed, numbered, line_start });
    match previous(at) {
        None | Some('\n') => opening(true),
        Some('。' | ';' | '.' | '!' | '”' | ')') => opening(false),
        _ if bracketed || at < start && previous(start) == Some(' ') => opening(false),
        _ => None,
    }
}

/// Steps back over `一、`, `1.`, `2、`, `(3)` before a heading.
fn skip_number(text: &str, at: usize) -> usize {
    let head = &text[..at];
    let trimmed = head.trim_end_matches([' ', '\t']);
    let Some(mark) = trimmed.chars().next_back().filter(|mark| matches!(mark, '、' | '.' | ')')) else { return at };
    let without_mark = &trimmed[..trimmed.len() - mark.len_utf8()];
    let number: usize = without_mark
        .chars()
        .rev()
        .take_while(|character| character.is_ascii_digit() || "一二三四五六七八九十".contains(*character))
        .map(char::len_utf8)
        .sum();
    if number == 0 || number > 9 {
        return at;
    }
    let mut start = without_mark.len() - number;
    if mark == ')' {
        start -= usize::from(text[..start].ends_with('('));
    }
    start
}

/// What stands after a heading: a colon or the closing bracket (perhaps behind a remark in brackets), the end of its line, or the first number of
/// a list. Returns where the content starts.
fn closing(text: &str, end: usize, before: &Opening, short: bool) -> Option<usize> {
    let is_bracket = |character: char| matches!(character, ']' | '】' | '〕' | '>' | '》');
    let mut at = text.len() - text[end..].trim_start_matches([' ', '\t']).len();
    let mut closed = false;
    if before.bracketed {
        at = skip_remark(text, at, is_bracket);
        if let Some(bracket) = text[at..].chars().next().filter(|character| is_bracket(*character)) {
            at += bracket.len_utf8();
            closed = true;
        }
    }
    at = skip_remark(text, at, |character| character == ':');
    if text[at..].starts_with(':') {
        return Some(at + 1);
    }
    if let Some(bar @ ('|' | '｜')) = text[at..].chars().next().filter(|_| before.line_start) {
        return Some(at + bar.len_utf8());
    }
    if closed {
        return Some(at);
    }
    if !before.line_start {
        return None;
    }
    let rest = &text[at..];
    let alone = rest.is_empty() || rest.starts_with('\n');
    let listed = rest.starts_with("1.") || rest.starts_with("1、") || rest.starts_with("(1)");
    let gap = at > end && !short;
    (alone || listed || gap).then_some(at)
}

/// Steps over a remark in brackets, (家属代诉), where the end of the heading follows.
fn skip_remark(text: &str, at: usize, is_end: impl Fn(char) -> bool) -> usize {
    const LONGEST_REMARK: usize = 48;
    let Some(remark) = text[at..].strip_prefix('(') else { return at };
    let Some(length) = remark.bytes().take(LONGEST_REMARK).position(|byte| byte == b')') else { return at };
    let rest = remark[length + 1..].trim_start_matches(' ');
    if rest.starts_with(is_end) { text.len() - rest.len() } else { at }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::data::DataFolder;
    use crate::reading::text::CleanText;

    static TABLE: LazyLock<DocumentTable> =
        LazyLock::new(|| DocumentTable::parse(DataFolder::embedded().file("documents.toml").expect("it ships")).expect("and is right"));

    fn found(text: &str) -> Vec<(String, String)> {
        let clean = CleanText::new(text);
        let name = |section: &FoundSection| section.name.as_deref().unwrap_or("").to_owned();
        split(clean.as_str(), &TABLE)
            .iter()
            .map(|section| (name(section), clean.as_str()[section.start..section.end].trim().to_owned()))
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn every_way_to_write_a_heading() {
        assert_eq!(found("主诉：咳嗽3天。\n现病史：3天前受凉。"), pairs(&[("主诉", "咳嗽3天。"), ("现病史", "3天前受凉。")]));
        assert_eq!(found("【主诉】咳嗽3天【现病史】3天前受凉"), pairs(&[("主诉", "咳嗽3天"), ("现病史", "3天前受凉")]));
        assert_eq!(found("一、病例特点：\n1.男性。\n二、诊断依据：咳嗽。"), pairs(&[("病例特点", "1.男性。"), ("诊断依据", "咳嗽。")]));
        assert_eq!(found("体格检查\nT36.5℃\n辅助检查\n未做"), pairs(&[("体格检查", "T36.5℃"), ("辅助检查", "未做")]));
        assert_eq!(found("婚育史｜未婚\n家族史|父健在"), pairs(&[("婚育史", "未婚"), ("家族史", "父健在")]));
        assert_eq!(
            found("姓名：张某\n一般情况：汉族\n体格检查：T36℃\n一般情况：神志清。\n辅助检查：无"),
            pairs(&[("", "姓名:张某"), ("一般情况", "汉族"), ("体格检查", "T36℃\n一般情况:神志清。"), ("辅助检查", "无")])
        );
        assert_eq!(found("无不适。既往史：体健。过敏史: 无"), pairs(&[("", "无不适。"), ("既往史", "体健。"), ("过敏史", "无")]));
    }

    #[test]
    fn the_parts_of_a_ward_round_and_a_consent() {
        let round = "主治医师查看患者。\n查体:腹软。\n分析:出血已止。\n意见:继续抑酸。";
        assert_eq!(
            found(round),
            pairs(&[("", "主治医师查看患者。"), ("体格检查", "腹软。"), ("病情分析", "分析:出血已止。"), ("查房意见", "意见:继续抑酸。")])
        );
        let plan = "诊疗计划:\n评估:病情稳定\n1.抗感染";
        assert_eq!(found(plan), pairs(&[("诊疗计划", "评估:病情稳定\n1.抗感染")]));
        let bracketed = "【鉴别诊断】主动脉夹层\n【处理】心电监护";
        assert_eq!(found(bracketed), pairs(&[("鉴别诊断", "主动脉夹层"), ("处理", "【处理】心电监护")]));
        let discussion = "主持人:王某主任医师\n李某:同意手术。\n结论:限期手术";
        assert_eq!(found(discussion), pairs(&[("主持人", "王某主任医师"), ("", "李某:同意手术。"), ("结论", "限期手术")]));
        let consent = "术前诊断:胆囊结石\n可能发生的并发症及风险:1.出血;2.感染\n患者意见:同意";
        assert_eq!(
            found(consent),
            pairs(&[("术前诊断", "胆囊结石"), ("并发症", "可能发生的并发症及风险:1.出血;2.感染"), ("患方意见", "患者意见:同意")])
        );
    }

    #[test]
    fn words_inside_a_sentence_are_no_headings() {
        assert_eq!(found("既往史：无药物过敏史，家族史无特殊，诊断明确。"), pairs(&[("既往史", "无药物过敏史,家族史无特殊,诊断明确。")]));
    }

    fn stored(section: &str, text: &str) -> Vec<(String, Option<String>, String)> {
        let clean = CleanText::new(text);
        let owned = |name: &Option<Arc<str>>| name.as_deref().map(str::to_owned);
        let sections = split_stored(clean.as_str(), &TABLE, &Arc::from(section));
        sections
            .iter()
            .map(|found| {
                (owned(&found.name).unwrap_or_default(), owned(&found.within), clean.as_str()[found.start..found.end].trim().to_owned())
            })
            .collect()
    }

    fn inner(name: &str, within: &str, text: &str) -> (String, Option<String>, String) {
        (name.to_owned(), (!within.is_empty()).then(|| within.to_owned()), text.to_owned())
    }

    #[test]
    fn headings_with_gaps_remarks_and_lists() {
        assert_eq!(found("主　　诉：腹痛1天\n现 病 史：1天前进食后腹痛"), pairs(&[("主诉", "腹痛1天"), ("现病史", "1天前进食后腹痛")]));
        assert_eq!(found("辅助检查（本院 2026-03-02）：CT未见异常"), pairs(&[("辅助检查", "CT未见异常")]));
        assert_eq!(found("【主诉（家属代诉）】腹痛1天【初步诊断(按主次)】阑尾炎"), pairs(&[("主诉", "腹痛1天"), ("初步诊断", "阑尾炎")]));
        assert_eq!(found("初步诊断1.肺炎\n2.高血压"), pairs(&[("初步诊断", "1.肺炎\n2.高血压")]));
        assert_eq!(found("现病史 患者3天前受凉"), pairs(&[("现病史", "患者3天前受凉")]));
        assert_eq!(found("现病史：外院就诊。诊断：肺炎，予抗感染。"), pairs(&[("现病史", "外院就诊。诊断:肺炎,予抗感染。")]));
    }

    #[test]
    fn stored_sections_split_only_where_it_is_clear() {
        assert_eq!(stored("现病史", "就诊于外院。辅助检查：CT示肺炎。"), [inner("", "", "就诊于外院。辅助检查:CT示肺炎。")]);
        assert_eq!(stored("既往史", "高血压5年。过敏史：青霉素。"), [inner("", "", "高血压5年。"), inner("过敏史", "既往史", "青霉素。")]);
        assert_eq!(
            stored("拟诊讨论", "诊断依据：咳嗽。\n鉴别诊断：肺结核。"),
            [inner("诊断依据", "拟诊讨论", "咳嗽。"), inner("鉴别诊断", "拟诊讨论", "肺结核。")]
        );
        assert_eq!(stored("诊疗计划", "评估：病情稳定\n1.抗感染"), [inner("", "", "评估:病情稳定\n1.抗感染")]);
        assert_eq!(stored("主诉", "主诉：咳嗽3天"), [inner("", "", "咳嗽3天")]);
    }

    #[test]
    fn flat_text_keeps_what_a_section_holds_inside_it() {
        let sections = split("病例特点:\n1.老年男性\n查体:神清\n拟诊讨论:\n诊断依据:咳嗽\n诊疗计划:抗感染", &TABLE);
        let within: Vec<_> = sections.iter().map(|section| (section.name.as_deref().unwrap_or(""), section.within.as_deref())).collect();
        assert_eq!(
            within,
            [("病例特点", None), ("体格检查", Some("病例特点")), ("拟诊讨论", None), ("诊断依据", Some("拟诊讨论")), ("诊疗计划", None)]
        );
    }

    #[test]
    fn a_heading_of_two_sections_stands_for_both() {
        let expected = [inner("入院情况", "主诉", "右乳肿块1月。"), inner("体格检查", "入院情况", "右乳肿块2cm。")];
        assert_eq!(stored("主诉及入院情况", "右乳肿块1月。\n查体：右乳肿块2cm。"), expected);
        let flat = split("主诉及入院情况:右乳肿块1月\n入院诊断:右乳肿块", &TABLE);
        let names: Vec<_> = flat.iter().map(|section| (section.name.as_deref(), section.within.as_deref())).collect();
        assert_eq!(names, [(Some("入院情况"), Some("主诉")), (Some("入院诊断"), None)]);
    }

    #[test]
    fn a_space_between_two_headings_belongs_to_none() {
        assert_eq!(found("二、拟诊讨论 诊断依据:咳嗽"), pairs(&[("拟诊讨论", ""), ("诊断依据", "咳嗽")]));
    }

    proptest! {
        #[test]
        fn sections_follow_each_other(
            pieces in proptest::collection::vec("一、|2\\.|\\(3\\)|【|】|:|：| |\n|。|拟诊讨论|诊断依据|替代方案|主诉|主 诉|现病史|结论|主持人|咳嗽|\\(本院\\)", 0..16),
            stored in "拟诊讨论|主诉|既往史",
        ) {
            let clean = CleanText::new(&pieces.concat());
            let text = clean.as_str();
            for sections in [split(text, &TABLE), split_stored(text, &TABLE, &Arc::from(stored.as_str()))] {
                let mut at = 0;
                for section in sections {
                    prop_assert!(at <= section.start && text.get(section.start..section.end).is_some(), "{text:?}: {section:?}");
                    at = section.end;
                }
            }
        }
    }
}
