//! Whose name and number a text gives its patient.

use std::sync::Arc;

use super::super::{DataEvidence, Hit, Role, Subject, around, facts};
use super::text::{is_same_name, labelled, opening_name};
use super::{Prepared, piece};
use crate::reading::Passage;
use crate::reading::letters::is_han;
use crate::reading::text::Span;

/// Single surnames, and the first characters of the compound ones, as the 百家姓 has them.
const SURNAMES: &str = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊惠甄曲封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍郤璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公第肖闫付";

/// What begins with one of these characters before 男 or 女 and is no name.
const NO_NAMES: [&str; 12] = ["高龄", "成年", "成人", "农民", "司机", "经产妇", "单身", "平素", "时间", "白领", "居民", "公务员"];

/// Surnames that are words as well, and what follows them then: 患者于某日, 从某医院, 向某某医院.
const WORDS: &str = "于从向曾易时";
const AFTER_WORDS: [&str; 10] = ["日", "时", "天", "月", "年", "医", "院", "地", "科", "诊"];

impl Prepared {
    pub(super) fn name(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let name = subject.visit.patient.name.as_deref().ok_or("未提供患者姓名")?;
        // A newborn's record gives the mother's name as well.
        let infant = facts::age_in_years(subject.visit).is_some_and(|age| age < 1.0);
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            let stated = labelled(text, "患者姓名").or_else(|| labelled(text, "姓名")).or_else(|| opening_name(text));
            let stated = stated.or_else(|| written_names(passage).into_iter().find(|(_, stated)| !infant && !is_same_name(name, stated)));
            if let Some((span, stated)) = stated.filter(|(_, stated)| !is_same_name(name, stated)) {
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This)],
                    data: vec![DataEvidence { path: "/patient/name".into(), label: format!("患者姓名 {name}") }],
                    slots: vec![("stated", stated.to_owned()), ("expected", name.to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }

    /// 住院号 of a document against the visit's own number, where both are written alike: a hospital's id may be another number altogether.
    pub(super) fn visit_number(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let own = subject.visit.visit_id.as_str();
        let minor = facts::age_in_years(subject.visit).is_some_and(|age| age < 18.0);
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            for (at, label) in text.match_indices("住院号") {
                let rest = &text[at + label.len()..];
                let value = rest.trim_start_matches([':', ' ']);
                let start = text.len() - value.len();
                let end = start + value.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(value.len());
                let stated = text[start..end].trim_end_matches('-');
                let before = &text[..at];
                let of_other = is_other_stay(before) || is_told_stay(before) || is_other_person(before, minor);
                if !of_other && is_slip_of(own, stated) {
                    let span = Span::new(at, start + stated.len());
                    hits.push(Hit {
                        evidence: vec![piece(passage, span, Role::This)],
                        data: vec![DataEvidence { path: "/visit_id".into(), label: format!("本次住院 {own}") }],
                        slots: vec![("stated", stated.to_owned()), ("expected", own.to_owned())],
                        ..Hit::default()
                    });
                }
            }
        }
        hits
    }
}

/// Behind 上次, 末次, 第2次, 既往: what follows is of another stay.
pub(super) fn is_other_stay(before: &str) -> bool {
    const THIS: [&str; 5] = ["本次", "此次", "这次", "该次", "再次"];
    before.ends_with('次') && !THIS.iter().any(|word| before.ends_with(word)) || ["既往", "原"].iter().any(|word| before.ends_with(word))
}

/// 曾于2026-04因肺炎住院(, 2周前在我科住院(: the stay told right before.
fn is_told_stay(before: &str) -> bool {
    let sentence = &before[around::start_of(before, before.len(), &['。', ';', '\n'])..];
    let earlier = ["曾", "天前", "周前", "月前", "年前"].iter().any(|word| sentence.contains(word));
    earlier && sentence.trim_end_matches(['(', ',', ' ']).ends_with("住院") && !sentence.contains('收')
}

/// 母住院号, 供者住院号; 患儿 is the patient's child unless the patient is one.
fn is_other_person(before: &str, minor: bool) -> bool {
    let ends_with = |words: &[&str]| words.iter().any(|word| before.ends_with(word));
    ends_with(&["母", "母亲", "供者", "供体", "受者"]) || !minor && ends_with(&["患儿", "新生儿", "婴儿", "之子", "之女"])
}

/// As long as the own number, beginning like it, and another one.
fn is_slip_of(own: &str, stated: &str) -> bool {
    const SHORTEST: usize = 6;
    let alike = own.bytes().zip(stated.bytes()).take_while(|(a, b)| a == b).count();
    own.is_ascii() && own.len() == stated.len() && own.len() >= SHORTEST && own != stated && alike * 2 >= own.len()
}

/// Names at the start of a sentence (王某某,女,68岁), and masked ones after 患者 (患者王某某今日…).
pub(in crate::rules) fn written_names(passage: &Arc<Passage>) -> Vec<(Span, &str)> {
    let text = passage.text.as_str();
    let mut found = Vec::new();
    for sentence in &passage.sentences {
        let said = &text[sentence.range()];
        let bare = said.trim_start().trim_start_matches("患者").trim_start_matches("患儿").trim_start_matches([':', ' ']);
        let start = sentence.end as usize - bare.len();
        if let Some(end) = bare.find([',', ' ', '\u{3000}']).map(|at| start + at)
            && is_person(text[end..sentence.end as usize].trim_start_matches([',', ' ', '\u{3000}']))
            && is_name(&text[start..end])
        {
            found.push((Span::new(start, end), &text[start..end]));
        }
    }
    // A masked name that opens a notice: 王某某,诊断肺炎,病情危重.
    let end = text.find(',').unwrap_or(0);
    let opens = ["诊断", "因", "目前", "现"].iter().any(|word| text[end..].trim_start_matches(',').starts_with(word));
    if found.is_empty() && opens && text[..end].contains('某') && is_name(&text[..end]) {
        found.push((Span::new(0, end), &text[..end]));
    }
    // Most texts are spared the search.
    let masked = text.contains('某') || text.contains('*');
    for (at, word) in text.match_indices("患者").filter(|_| masked) {
        let rest = &text[at + word.len()..];
        let name: String = rest.chars().next().into_iter().chain(rest.chars().skip(1).take_while(|c| matches!(c, '某' | '*'))).collect();
        let start = at + word.len();
        let after = &text[start + name.len()..];
        let is_word = name.starts_with(|first: char| WORDS.contains(first)) && AFTER_WORDS.iter().any(|word| after.starts_with(word));
        if name.chars().count() >= 2 && is_name(&name) && !is_word {
            found.push((Span::new(start, start + name.len()), &text[start..start + name.len()]));
        }
    }
    found
}

/// Two to four Chinese characters that begin with a surname.
fn is_name(text: &str) -> bool {
    let is_part = |character: char| is_han(character) || character == '*';
    let length = text.chars().count();
    (2..=4).contains(&length)
        && text.chars().all(is_part)
        && text.chars().next().is_some_and(|first| SURNAMES.contains(first))
        && !NO_NAMES.contains(&text)
        && !text.ends_with(['性', '人', '者', '妇', '后', '前'])
}

/// 男 or 女 and the end of the word, or an age.
fn is_person(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix(['男', '女']) {
        return rest.is_empty() || rest.starts_with([',', ' ', '\u{3000}', '。', ';', '性']);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && text[digits..].starts_with('岁')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_what_only_begins_like_one() {
        assert!(is_name("郜某某") && is_name("第五某") && is_name("王小明"));
        assert!(!is_name("高龄") && !is_name("青年") && !is_name("时间") && !is_name("王"));
        assert!(is_person("女,46岁") && is_person("57岁,二尖瓣置换术后") && is_person("男"));
        assert!(!is_person("女儿陪同") && !is_person("3天"));
    }

    #[test]
    fn numbers_of_other_stays_and_persons() {
        assert!(is_other_stay("末次") && is_other_stay("第2次") && !is_other_stay("此次") && !is_other_stay("(再次"));
        assert!(is_told_stay("曾于2026-04因肺炎住院(") && is_told_stay("2周前在我科住院("));
        assert!(!is_told_stay("2周前咳嗽,门诊收住院(") && !is_told_stay("曾患肺炎。"));
        assert!(is_other_person("转科时患儿", false) && !is_other_person("患儿", true) && is_other_person("母", true));
    }

    #[test]
    fn numbers_written_alike() {
        assert!(is_slip_of("ZY2026090814", "ZY2026090877"));
        assert!(!is_slip_of("ZY2026090814", "ZY2026090814") && !is_slip_of("E-99812", "ZY2026090814") && !is_slip_of("123", "124"));
    }
}
