//! Allergies as a text states or denies them.

use super::super::around;
use crate::reading::letters::is_han;
use crate::reading::text::Span;
use crate::reading::{ConceptId, Experiencer, Mention, Passage};

/// What a clause says of allergies.
pub(in crate::rules) struct AllergyStatement {
    pub span: Span,
    pub denied: bool,
    /// The substances it names; a denial without any is of all drugs.
    pub of: Vec<ConceptId>,
}

/// Statements about allergy. Only phrases of a known form count, read from the word 过敏 back to the nearest punctuation: a denial
/// (否认药物、食物过敏史, 药物过敏史:无) or a substance that stands directly before it (对青霉素、磺胺过敏). Any other use of the word says nothing.
pub(in crate::rules) fn allergy_statements(passage: &Passage) -> Vec<AllergyStatement> {
    if passage.section.as_ref() == "家族史" {
        return Vec::new();
    }
    let mut found: Vec<AllergyStatement> = bare_answer(passage).into_iter().collect();
    if passage.section.contains("既往") || passage.section.contains("过敏") {
        let told = REACTIONS_TO.iter().flat_map(|words| passage.text.as_str().match_indices(words));
        found.extend(told.filter_map(|(at, words)| Phrase::before(passage, at, at + words.len()).assertion()));
    }
    for (at, word) in passage.text.as_str().match_indices("过敏") {
        let phrase = Phrase::before(passage, at, at + word.len());
        // 青霉素过敏;否认药物、食物过敏: of others than the one just told.
        let told = || found.iter().any(|earlier| !earlier.denied) || tells_reaction(&passage.text.as_str()[..phrase.start]);
        let statement = phrase.denial().filter(|_| !told()).or_else(|| phrase.assertion());
        found.extend(statement);
    }
    if passage.section.contains("既往") || passage.section.contains("过敏") {
        found.extend(passage.mentions.iter().filter_map(|mention| told_reaction(passage, mention)));
    }
    found
}

/// 药物过敏:无 of a front page, 药物过敏史:□有☑无, read as a section of its own.
fn bare_answer(passage: &Passage) -> Option<AllergyStatement> {
    let text = passage.text.as_str();
    let answer = ticked_answer(text.trim_start());
    let is_no = passage.section.contains("过敏")
        && answer.strip_prefix('无').is_some_and(|rest| rest.chars().next().is_none_or(|next| !is_han(next)));
    let start = text.len() - answer.len();
    is_no.then(|| AllergyStatement { span: Span::new(start, start + '无'.len_utf8()), denied: true, of: Vec::new() })
}

/// What parts a phrase from the text before it.
const PARTS: [char; 22] =
    ['。', ';', ',', ':', '\n', '(', ')', '[', ']', '【', '】', '"', '“', '”', '「', ' ', '\u{3000}', '☑', '√', '■', '□', '☐'];

/// 卡马西平致皮疹, of a past history, tells the allergy without the word.
const REACTIONS_TO: [&str; 6] = ["致皮疹", "致全身皮疹", "致药疹", "致荨麻疹", "致全身荨麻疹", "致过敏性休克"];

/// 2012年口服"头孢克洛"后全身皮疹, of a past history: a drug and the reaction to it, without the word 过敏.
fn told_reaction(passage: &Passage, mention: &Mention) -> Option<AllergyStatement> {
    const GIVEN: [&str; 6] = ["服", "用", "滴", "注", "输", "打"];
    /// By skin contact, denied, or of what might be.
    const NOT_GIVEN: [&str; 10] = ["外用", "涂", "贴", "接触", "局部", "消毒", "无", "未", "否认", "若"];
    /// Judged to be something else, or borne later.
    const EXCUSED: [&str; 14] = [
        "非过敏",
        "非药物过敏",
        "不良反应",
        "副作用",
        "不列",
        "不作",
        "双硫仑",
        "不考虑",
        "可疑",
        "排除",
        "病毒",
        "不详",
        "再用无",
        "再次使用",
    ];
    const NEAR: usize = 24;
    let text = passage.text.as_str();
    let (start, end) = (mention.span.start as usize, mention.span.end as usize);
    let before = &text[around::start_of(text, start, &['。', ';', ',', '\n'])..start];
    let given = GIVEN.iter().any(|word| before.contains(word)) && !NOT_GIVEN.iter().any(|word| before.contains(word));
    if !given || is_no_drug(&text[start..end]) || mention.experiencer != Experiencer::Patient || is_of_relative(before) {
        return None;
    }
    // “头孢克洛”后, 头孢曲松静滴后, 阿莫西林胶囊后.
    let rest = text[end..].trim_start_matches(|letter: char| "”\"」片胶囊颗粒注射液钠类口服静滴".contains(letter)).strip_prefix('后')?;
    let after: String = rest.chars().take(NEAR).take_while(|letter| !matches!(letter, '。' | ';' | '\n')).collect();
    let (at, sign) = REACTIONS.iter().filter_map(|sign| after.find(sign).map(|at| (at, sign))).min()?;
    let sentence = passage.sentence_of(mention.span);
    let behind: String = text[start..].chars().take(3 * NEAR).collect();
    let excused = |words: &str| EXCUSED.iter().any(|word| words.contains(word));
    if ["无", "未", "没", "不"].iter().any(|word| after[..at].contains(word)) || excused(passage.text.slice(sentence)) || excused(&behind)
    {
        return None;
    }
    let close = text.len() - rest.len() + at + sign.len();
    Some(AllergyStatement { span: Span::new(start, close), denied: false, of: vec![mention.concept] })
}

/// Signs that are hardly anything but an allergy when they follow a drug.
const REACTIONS: [&str; 9] = ["皮疹", "荨麻疹", "风团", "红疹", "药疹", "丘疹", "过敏性休克", "喉头水肿", "喉水肿"];

/// Between the items of a list.
const JOINTS: [char; 6] = ['、', '/', '及', '和', '与', '或'];

/// A use of the word 过敏 with what stands before it in the same phrase.
struct Phrase<'p> {
    passage: &'p Passage,
    start: usize,
    /// The character that parts it from the text before.
    mark: Option<char>,
    at: usize,
    end: usize,
}

/// An item of the list before the word.
enum Item {
    /// 药物, 食物: the first is a denial of all drugs.
    Class(bool),
    Of(Vec<ConceptId>),
    /// 手术, 输血: denied in the same breath.
    History,
    Other,
}

impl<'p> Phrase<'p> {
    fn before(passage: &'p Passage, at: usize, end: usize) -> Self {
        let text = &passage.text.as_str()[..at];
        let mark = text.rfind(PARTS).and_then(|place| text[place..].chars().next().map(|mark| (place + mark.len_utf8(), mark)));
        Self { passage, start: mark.map_or(0, |(start, _)| start), mark: mark.map(|(_, mark)| mark), at, end }
    }

    fn denial(&self) -> Option<AllergyStatement> {
        const SPEAKERS: [&str; 14] =
            ["患者", "患儿", "产妇", "孕妇", "病人", "家属", "家长", "本人", "既往", "平素", "自述", "自诉", "代诉", "均"];
        const NEGATIONS: [&str; 8] = ["否认有", "否认", "无已知", "无明确", "未发现", "没有", "未诉", "无"];
        if self.is_unticked() {
            return None;
        }
        let text = self.passage.text.as_str();
        let (head, tail) = (&text[self.start..self.at], &text[self.end..]);
        let spoken = trim_all(head, &SPEAKERS);
        let negated = NEGATIONS.iter().find_map(|negation| spoken.strip_prefix(negation));
        let is_answered = answers_no(tail);
        let listed = match negated {
            Some(listed) if ends_phrase(tail) => listed,
            None if is_answered => spoken,
            _ => return None,
        };
        let of = self.denied_of(self.at - listed.len())?;
        // 无药物过敏 of a course tells how a drug is borne, not the history.
        let is_history = is_answered || tail.starts_with('史') || spoken.starts_with("否认") || !self.is_of_course();
        (is_history && (tail.starts_with('史') || is_answered || !listed.is_empty())).then(|| AllergyStatement {
            span: self.span(),
            denied: true,
            of,
        })
    }

    /// What a denial denies: none named is all drugs. `None` where it is of food alone, of other drugs, or of something unread.
    fn denied_of(&self, from: usize) -> Option<Vec<ConceptId>> {
        let (mut of, mut of_all, mut items) = (Vec::new(), false, 0);
        for (start, end) in self.items(from) {
            items += 1;
            match self.item(start, end) {
                Item::Class(of_drugs) => of_all |= of_drugs,
                Item::Of(concepts) => of.extend(concepts),
                Item::History => {}
                Item::Other => return None,
            }
        }
        if of_all || items == 0 { Some(Vec::new()) } else { Some(of).filter(|of| !of.is_empty()) }
    }

    fn assertion(&self) -> Option<AllergyStatement> {
        const LEADS: [&str; 18] = [
            "患者", "患儿", "产妇", "孕妇", "病人", "本人", "既往", "平素", "曾", "自述", "自诉", "已知", "明确", "确认", "有", "为", "系",
            "对",
        ];
        let text = self.passage.text.as_str();
        let (head, tail) = (&text[self.start..self.at], &text[self.end..]);
        let dated = head.trim_start_matches(|letter: char| letter.is_ascii_digit() || "年月日前余岁.-/".contains(letter));
        let lead = trim_all(dated, &LEADS);
        let listed = if self.judges_reaction() { lead.trim_start_matches("考虑") } else { lead };
        if listed.is_empty() || self.is_unticked() || !ends_phrase(tail) || answers_no(tail) || self.is_of_relative() {
            return None;
        }
        let mut of = Vec::new();
        for (start, end) in self.items(self.at - listed.len()) {
            match self.item(start, end) {
                Item::Of(concepts) if !is_no_drug(&text[start..end]) => of.extend(concepts),
                // 对青霉素、海鲜过敏.
                Item::Of(_) | Item::Class(false) => {}
                _ => return None,
            }
        }
        // 急诊病历曾记"头孢过敏" counts where a reaction is told behind it.
        let is_quoted = self.mark.is_some_and(|mark| matches!(mark, '"' | '“' | '”' | '「'));
        let is_sure = !is_withdrawn(self.passage, self.end) && (!is_quoted || tells_reaction(&text[self.end..]));
        (is_sure && !of.is_empty()).then(|| AllergyStatement { span: self.span(), denied: false, of })
    }

    /// Begin and end of the items of the list that begins at `from`.
    fn items(&self, from: usize) -> Vec<(usize, usize)> {
        let mut start = from;
        let mut items = Vec::new();
        for part in self.passage.text.as_str()[from..self.at].split_inclusive(JOINTS) {
            let item = part.trim_end_matches(JOINTS);
            if !item.is_empty() {
                items.push((start, start + item.len()));
            }
            start += part.len();
        }
        items
    }

    fn item(&self, start: usize, end: usize) -> Item {
        const VAGUE: [&str; 7] = ["特殊", "明确", "已知", "任何", "明显", "各种", "常见"];
        const DRUGS: [&str; 9] = ["药物", "药品", "药", "药食", "食药", "食药物", "药食物", "药物食物", "食物药物"];
        const FOODS: [&str; 3] = ["食物", "食品", "食"];
        const HISTORY: [&str; 8] = ["手术", "外伤", "输血", "血制品", "中毒", "传染病", "肝炎", "结核"];
        let text = &self.passage.text.as_str()[start..end];
        let name = trim_all(text, &VAGUE);
        if DRUGS.contains(&name) || FOODS.contains(&name) {
            return Item::Class(DRUGS.contains(&name));
        }
        if HISTORY.contains(&name.trim_end_matches('史')) {
            return Item::History;
        }
        let inside = |mention: &&Mention| {
            mention.span.start as usize >= start && mention.span.end as usize <= end && mention.experiencer == Experiencer::Patient
        };
        // The one that begins the item must be all of it but for 类药物, 等: in 其弟磺胺 it is a person.
        let first = self.passage.mentions.iter().filter(inside).filter(|mention| mention.span.start as usize == end - name.len());
        let Some(mention) = first.max_by_key(|mention| mention.span.end) else { return Item::Other };
        let rest = &self.passage.text.as_str()[mention.span.end as usize..end];
        const KINDS: [&str; 10] = ["类", "等", "药", "抗生素", "抗菌", "制剂", "针剂", "片", "注射液", "钠"];
        if rest.is_empty() || KINDS.iter().any(|kind| rest.starts_with(kind)) { Item::Of(vec![mention.concept]) } else { Item::Other }
    }

    /// 静滴头孢曲松后出现皮疹,考虑头孢曲松过敏: judged in this illness or stay, with its reaction told.
    fn judges_reaction(&self) -> bool {
        matches!(self.passage.section.as_ref(), "" | "现病史" | "诊疗经过") && tells_reaction(self.said_before())
    }

    /// What its sentence says before the phrase.
    fn said_before(&self) -> &'p str {
        let sentence = self.passage.sentence_of(Span::new(self.at, self.end));
        &self.passage.text.as_str()[sentence.start as usize..self.start]
    }

    fn span(&self) -> Span {
        Span::new(self.start, self.end)
    }

    fn is_unticked(&self) -> bool {
        self.mark.is_some_and(|mark| matches!(mark, '□' | '☐'))
    }

    /// The sentence tells of drugs that are being given.
    fn is_of_course(&self) -> bool {
        const GIVEN: [&str; 12] = ["用药", "输液", "静滴", "静点", "输注", "使用", "注射", "皮试", "目前", "今日", "术中", "治疗"];
        let before = self.said_before();
        GIVEN.iter().any(|word| before.contains(word))
    }

    /// 母34岁,青霉素过敏: the sentence has come to a relative.
    fn is_of_relative(&self) -> bool {
        const RELATIVES: [&str; 16] =
            ["父", "母", "妻", "夫", "兄", "弟", "姐", "妹", "配偶", "爱人", "其子", "其女", "儿子", "女儿", "子女", "同室"];
        let before = self.said_before();
        let bracket = self.passage.text.as_str()[self.end..].trim_start_matches('史');
        RELATIVES.iter().any(|relative| before.contains(relative)) || bracket.strip_prefix('(').is_some_and(is_of_relative)
    }
}

/// Without the words that stand before what is looked for.
fn trim_all<'t>(text: &'t str, words: &[&str]) -> &'t str {
    let mut left = text;
    while let Some(rest) = words.iter().find_map(|word| left.strip_prefix(word)) {
        left = rest;
    }
    left
}

/// What follows 过敏 or 过敏史 ends the phrase, or goes on with another history: not 过敏性, 过敏反应, 过敏可能, 过敏?.
fn ends_phrase(after: &str) -> bool {
    let next = after.strip_prefix('史').unwrap_or(after).chars().next();
    next.is_none_or(|next| !is_han(next) && next != '?' && !next.is_ascii_alphanumeric() || matches!(next, '及' | '和' | '与'))
}

/// What people are allergic to that is no drug.
fn is_no_drug(name: &str) -> bool {
    const OTHERS: [&str; 31] = [
        "海鲜", "虾", "蟹", "鱼", "坚果", "花粉", "尘", "螨", "芒果", "酒精", "乙醇", "牛奶", "鸡蛋", "蛋白", "花生", "大豆", "小麦",
        "乳胶", "胶布", "皮肤", "鼻", "眼", "呼吸", "光", "冷", "金属", "蜂", "体质", "疹", "喘", "皮下",
    ];
    OTHERS.iter().any(|other| name.contains(other))
}

/// What follows the word 过敏 denies it: 史:无, 史无, 史为阴性, (-), 史□有☑无.
pub(in crate::rules) fn answers_no(after: &str) -> bool {
    let answer = after.trim_start_matches('史');
    let stated = answer.trim_start_matches([':', '为']);
    // A blank before a box only: 青霉素过敏 无发热 denies the fever.
    let boxed = stated.trim_start();
    let stated = if boxed.starts_with(['□', '☐', '☑', '√', '■']) { ticked_answer(boxed) } else { stated };
    let is_said = stated.len() < after.len();
    is_said && ["无", "否认", "阴", "(-)"].iter().any(|no| stated.starts_with(no)) || answer.starts_with("(-)")
}

/// □有 ☑无: the answer behind the boxes, where 有 is not ticked.
fn ticked_answer(boxed: &str) -> &str {
    const MARKS: [char; 4] = ['☑', '√', '■', ' '];
    let rest = ["□有", "☐有"].iter().find_map(|unticked| boxed.strip_prefix(unticked)).unwrap_or(boxed);
    rest.trim_start_matches(MARKS)
}

/// 静滴左氧氟沙星后全身风团, 注射碘对比剂后20分钟出现荨麻疹.
fn tells_reaction(text: &str) -> bool {
    const NEAR: usize = 20;
    REACTIONS.iter().chain(&["红斑", "瘙痒"]).flat_map(|sign| text.match_indices(sign)).any(|(at, _)| {
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
    let said = around::last(&text[sentence.start as usize..end], 24);
    let after: String = text[end..].chars().take(120).collect();
    let has = |words: &[&str], text: &str| words.iter().any(|word| text.contains(word));
    let stated = has(&STATED, said) || after.trim_start_matches(['"', '”']).starts_with(['?', '提', '标']);
    let doubted = has(&DOUBTED, said);
    (stated || doubted) && has(&NOT, &after) || stated && has(&JUDGED, &after) && has(&REACTION, &after)
}
