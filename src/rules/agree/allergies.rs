//! Allergies as a text states or denies them.

use crate::reading::letters::is_han;
use crate::reading::text::Span;
use crate::reading::{Assertion, ConceptId, Experiencer, Passage};

/// What a clause says of allergies.
pub(in crate::rules) struct AllergyStatement {
    pub span: Span,
    pub denied: bool,
    /// The substances it names; a denial without any is of all drugs.
    pub of: Vec<ConceptId>,
}

/// Statements about allergy. A positive one names a substance.
pub(in crate::rules) fn allergy_statements(passage: &Passage) -> Vec<AllergyStatement> {
    let text = passage.text.as_str();
    let mut found = Vec::new();
    if passage.section.as_ref() == "家族史" {
        return found;
    }
    // 药物过敏:无 of a front page, read as a section of its own.
    let answer = text.trim_start();
    if passage.section.contains("过敏")
        && answer.starts_with('无')
        && answer['无'.len_utf8()..].chars().next().is_none_or(|next| !is_han(next))
    {
        let start = text.len() - answer.len();
        found.push(AllergyStatement { span: Span::new(start, start + '无'.len_utf8()), denied: true, of: Vec::new() });
    }
    for (at, word) in text.match_indices("过敏") {
        let end = at + word.len();
        let clause = passage.clause_of(Span::new(at, end));
        let inside = &text[clause.range()];
        let before = &text[clause.start as usize..at];
        let after = &text[end..];
        let sentence = passage.sentence_of(Span::new(at, end));
        let said_before = &text[sentence.start as usize..at];
        // An item of a list of what may happen: 肾损害、过敏、栓塞后综合征.
        let alone = said_before.trim_end().ends_with(['、', ',', ';', ':', '/'])
            && (after.trim_start().is_empty() || after.starts_with(['、', ',', ';', '。', '/', '等', '及', '反']));
        let of_risks = ["风险", "意外", "并发症", "防范", "可能发生", "可能出现"].iter().any(|word| said_before.contains(word));
        // 过敏性紫癜, 抗过敏, 过敏原 are no statements of the patient's allergy, nor is 考虑胃肠反应而非过敏.
        if alone
            || of_risks
            || after.starts_with(['性', '原', '体', '试', '机', '?'])
            || is_of_relative(before)
            || is_withdrawn(passage, end)
            || text[..at].ends_with(['抗', '非'])
            || [
                "家族",
                "其父",
                "其母",
                "母亲",
                "父亲",
                "产母",
                "如",
                "若",
                "同病房",
                "同室",
                "邻床",
                "预防",
                "警惕",
                "注意",
                "谨防",
                "防止",
                "可能",
                "是否",
                "会不会",
                "是不是",
                "有无",
                "观察",
            ]
            .iter()
            .any(|word| inside.contains(word))
            || ["而非", "并非", "不是", "不属", "不考虑", "排除", "不支持", "不像"].iter().any(|word| before.contains(word))
        {
            continue;
        }
        // 改洛索洛芬60mg(磺胺过敏: what stands before the bracket is another drug.
        let inner = before.rfind('(').filter(|open| !before[*open..].contains(')')).map_or(0, |open| open + 1);
        let from = clause.start + inner as u32;
        let of: Vec<ConceptId> = passage
            .mentions
            .iter()
            .filter(|mention| mention.span.start >= from && mention.span.end as usize <= at && mention.experiencer == Experiencer::Patient)
            .map(|mention| mention.concept)
            .collect();
        // 无须换药(左氧氟沙星本有过敏: what is denied stands before the bracket.
        let denial = ["否认", "无", "未"].iter().any(|word| before[inner..].replace("无效", "").contains(word)) || answers_no(after);
        // 注射对比剂后出现荨麻疹;否认药物、食物过敏: of others than the one just told.
        if denial && tells_reaction(&text[..clause.start as usize]) {
            continue;
        }
        if denial {
            // 否认其他药物过敏史 follows a positive statement.
            let of_food = inside.contains("食物") && !inside.contains('药');
            // 否认局麻药过敏, 否认口服、注射药物过敏 say nothing of what is put on the skin.
            let of_some = ["局麻", "麻药", "麻醉", "口服", "注射", "静脉", "外用"].iter().any(|word| inside.contains(word));
            let of_all = inside.contains('药') && !of_some;
            // 无碘过敏史 says nothing of drugs.
            let of_substance = of.is_empty() && !of_all && ["碘", "乳胶", "胶布", "酒精"].iter().any(|word| inside.contains(word));
            if !of_food
                && !inside.contains("其他")
                && !inside.contains("其它")
                && !inside.contains("余")
                && !of_some
                && !of_substance
                && (of_all || after.starts_with('史'))
            {
                found.push(AllergyStatement { span: clause, denied: true, of: if of_all { Vec::new() } else { of } });
            }
            continue;
        }
        let named = passage.mentions.iter().any(|mention| {
            clause.contains(mention.span)
                && mention.span.end as usize <= at
                && at - mention.span.end as usize <= 12
                && mention.assertion != Assertion::Absent
                && mention.experiencer == Experiencer::Patient
        });
        if named
            && !["海鲜", "虾", "蟹", "鱼", "坚果", "花粉", "尘螨", "芒果", "酒精", "牛奶", "鸡蛋"].iter().any(|food| inside.contains(food))
        {
            found.push(AllergyStatement { span: clause, denied: false, of });
        }
    }
    found
}

/// What follows the word 过敏 denies it: 史:无, 史无, 史为阴性, (-).
pub(in crate::rules) fn answers_no(after: &str) -> bool {
    let answer = after.trim_start_matches('史');
    let stated = answer.trim_start_matches([':', '为']);
    let is_said = stated.len() < after.len();
    is_said && ["无", "否认", "阴", "(-)"].iter().any(|no| stated.starts_with(no)) || answer.starts_with("(-)")
}

/// 静滴左氧氟沙星后全身风团, 注射碘对比剂后20分钟出现荨麻疹.
fn tells_reaction(text: &str) -> bool {
    const NEAR: usize = 20;
    ["荨麻疹", "皮疹", "风团", "红斑", "瘙痒", "过敏性休克", "喉头水肿"].iter().flat_map(|sign| text.match_indices(sign)).any(|(at, _)| {
        let before: Vec<char> = text[..at].chars().rev().take(NEAR).take_while(|letter| !matches!(letter, '。' | ';' | '\n')).collect();
        before.contains(&'后') && !before.contains(&'无') && !before.contains(&'未')
    })
}

/// 其女青霉素过敏, 父亲对青霉素过敏: the clause begins with a relative, who is not merely the one that tells (母亲诉患儿…).
pub(in crate::rules) fn is_of_relative(before: &str) -> bool {
    const RELATIVES: [&str; 12] = ["其父", "其母", "其子", "其女", "其兄", "其弟", "其姐", "其妹", "其妻", "其夫", "其孙", "配偶"];
    const MAY_TELL: [&str; 8] = ["父亲", "母亲", "妻子", "丈夫", "儿子", "女儿", "祖父", "祖母"];
    let before = before.trim_start();
    let named = before.trim_start_matches("新生儿").trim_start_matches("患儿");
    let behind = MAY_TELL.iter().find_map(|relative| named.strip_prefix(relative));
    RELATIVES.iter().any(|relative| before.starts_with(relative))
        || behind.is_some_and(|behind| behind.is_empty() || behind.starts_with(['对', '有', ')']))
}

/// An allergy that an earlier record states and this one takes back: 急诊病历曾写"头孢过敏",经追问为恶心,判为胃肠道反应. `end` is where the word 过敏 ends.
pub(in crate::rules) fn is_withdrawn(passage: &Passage, end: usize) -> bool {
    const STATED: [&str; 14] =
        ["曾记", "曾写", "记有", "记载", "记为", "上记", "登记", "提示", "标记", "所谓", "自述", "自称", "过敏?", "写有"];
    /// Where only an outright denial withdraws it.
    const DOUBTED: [&str; 2] = ["疑", "诉"];
    const NOT: [&str; 17] = [
        "评估排除",
        "排除药物过敏",
        "不考虑药物过敏",
        "非过敏",
        "不作过敏",
        "不作药物过敏",
        "不按过敏",
        "不属",
        "不是过敏",
        "不考虑过敏",
        "排除过敏",
        "无明确药物过敏",
        "无明确过敏",
        "撤销",
        "删除该",
        "不成立",
        "非药物过敏",
    ];
    const REACTION: [&str; 8] = ["胃肠", "不良反应", "副作用", "双硫仑", "晕针", "低血糖", "迷走", "恶心"];
    const JUDGED: [&str; 8] = ["判为", "判断为", "考虑", "追问", "核实", "核对", "认为", "系"];
    let text = passage.text.as_str();
    let sentence = passage.sentence_of(Span::new(end - "过敏".len(), end));
    let said: String = text[sentence.start as usize..end].chars().rev().take(24).collect::<Vec<_>>().into_iter().rev().collect();
    let after: String = text[end..].chars().take(120).collect();
    let has = |words: &[&str], text: &str| words.iter().any(|word| text.contains(word));
    let stated = has(&STATED, &said) || after.trim_start_matches(['"', '”']).starts_with(['?', '提', '标']);
    let doubted = has(&DOUBTED, &said);
    (stated || doubted) && has(&NOT, &after) || stated && has(&JUDGED, &after) && has(&REACTION, &after)
}
