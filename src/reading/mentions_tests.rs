//! What is read of whole phrases: assertions, persons, sides, sites, values and times, on the shipped lexicon and trigger words.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{Assertion, Experiencer, Passage, Reader};
use crate::data::DataFolder;
use crate::record::{DocumentKind, Side};

static READER: LazyLock<Reader> = LazyLock::new(|| Reader::new(&DataFolder::embedded()).expect("the shipped data are right"));

fn read(section: &str, text: &str) -> Passage {
    READER.read_text(None, section, text)
}

/// `发热- 咳嗽`: every mention but body parts and persons, with a mark for what is not present.
fn said_in(kind: Option<DocumentKind>, section: &str, text: &str) -> String {
    let passage = READER.read_text(kind, section, text);
    let words = passage.mentions.iter().filter(|mention| {
        let concept = READER.lexicon().concept(mention.concept);
        !READER.lexicon().is_a(mention.concept, "身体部位") && !READER.lexicon().is_a(mention.concept, "人物") && !concept.name.is_empty()
    });
    let marked: Vec<String> = words
        .map(|mention| {
            let mark = match mention.assertion {
                Assertion::Present => "",
                Assertion::Absent => "-",
                Assertion::Uncertain => "?",
                Assertion::Conditional => "~",
                Assertion::Planned => ">",
                Assertion::Past => "<",
            };
            let person = if matches!(mention.experiencer, Experiencer::Other(_)) { "@" } else { "" };
            format!("{}{mark}{person}", passage.text.slice(mention.span))
        })
        .collect();
    marked.join(" ")
}

fn said(text: &str) -> String {
    said_in(None, "现病史", text)
}

/// `肺/左侧 结节@肺/左侧`: every mention with its side, and its site where it is no body part.
fn placed(text: &str) -> String {
    let passage = read("", text);
    let name = |id| READER.lexicon().concept(id).name.clone();
    let marked: Vec<String> = passage
        .mentions
        .iter()
        .map(|mention| {
            let body = READER.lexicon().is_a(mention.concept, "身体部位");
            let site = mention.site.filter(|_| !body).map_or(String::new(), |site| format!("@{}", name(site)));
            let side = mention.side.map_or(String::new(), |side: Side| format!("/{}", side.chinese()));
            format!("{}{site}{side}", passage.text.slice(mention.span))
        })
        .collect();
    marked.join(" ")
}

#[test]
fn negation_runs_over_a_list_and_stops_at_what_is_there() {
    assert_eq!(said("否认高血压、糖尿病病史，否认肝炎、结核病等病史。"), "高血压- 糖尿病- 肝炎- 结核病-");
    assert_eq!(said("无畏寒、发热，咳嗽、咳痰，恶心、呕吐。"), "畏寒- 发热- 咳嗽- 咳痰- 恶心- 呕吐-");
    assert_eq!(said("无发热，咳嗽明显"), "发热- 咳嗽");
    assert_eq!(said("无咳嗽，四肢麻木"), "咳嗽- 麻木");
    assert_eq!(said("无胸痛，伴咳嗽、咳痰"), "胸痛- 咳嗽 咳痰");
    assert_eq!(said("无头晕但有头痛，无恶心仅偶有呕吐"), "头晕- 头痛 恶心- 呕吐");
    assert_eq!(said("无发热。咳嗽、咳痰；腹泻3次"), "发热- 咳嗽 咳痰 腹泻");
}

#[test]
fn words_that_only_look_like_negation() {
    assert_eq!(said("无明显诱因出现头痛"), "头痛");
    assert_eq!(said("四肢无力，不规则发热"), "无力 发热");
    assert_eq!(said("症状无缓解，仍头痛"), "缓解 头痛");
    assert_eq!(said("右侧无名指肿胀，未婚，头晕"), "肿胀 头晕");
    assert_eq!(said("脐周无明显压痛，无压痛"), "明显压痛- 压痛-");
}

#[test]
fn negation_behind_the_finding() {
    assert_eq!(said("压痛、反跳痛(-)，肌紧张（+）"), "压痛- 反跳痛- 肌紧张");
    assert_eq!(said("移动性浊音阴性，病理征未引出"), "移动性浊音- 病理征-");
    assert_eq!(said("双肺啰音未闻及，腹部未触及包块"), "啰音- 包块-");
    assert_eq!(said("双肺未闻及干湿啰音"), "干湿啰音-");
    assert_eq!(said("血糖升高（未见报告），头晕"), "血糖 头晕");
}

#[test]
fn a_normal_examination_is_not_absent() {
    assert_eq!(said("头颅CT未见异常"), "头颅CT 异常-");
    assert_eq!(said("未行头颅CT，未服用阿司匹林"), "头颅CT- 阿司匹林-");
    assert_eq!(said("排除手术禁忌后行胆囊切除术，排除肺栓塞"), "手术 胆囊切除术 肺栓塞-");
}

#[test]
fn doubt() {
    assert_eq!(said("考虑肺炎可能"), "肺炎?");
    assert_eq!(said("肺炎？肺结核？待排"), "肺炎? 肺结核?");
    assert_eq!(said("考虑肺癌伴淋巴结转移"), "肺癌? 淋巴结转移?");
    assert_eq!(said("不除外肺栓塞"), "肺栓塞?");
    assert_eq!(said("右肺结节，性质待定，肝囊肿"), "肺结节? 肝囊肿");
    assert_eq!(said("门诊拟“肺炎”收入院"), "肺炎");
    assert_eq!(said("门诊以前列腺增生收入院"), "前列腺增生");
    assert_eq!(said("胸腔积液、转移性肿瘤？肝囊肿"), "胸腔积液 转移? 肿瘤? 肝囊肿");
    assert_eq!(said("未触及可疑结节"), "结节-");
}

#[test]
fn what_is_planned_or_only_thought_of() {
    assert_eq!(said("拟行胆囊切除术，建议复查头颅CT"), "胆囊切除术> 头颅CT>");
    assert_eq!(said("若出现发热、无咳嗽，则复查血常规"), "发热~ 咳嗽~ 血常规~");
    assert_eq!(said("注意有无出血，预防感染"), "出血~ 感染~");
    assert_eq!(said("饱食后可出现胸闷，休息可有效缓解"), "胸闷 缓解");
}

#[test]
fn past_and_current() {
    assert_eq!(said("既往高血压、糖尿病，曾患肺结核"), "高血压< 糖尿病< 肺结核<");
    assert_eq!(said("10年前行胆囊切除术，3天前头痛"), "胆囊切除术< 头痛");
    assert_eq!(said("2019年行胆囊切除术，2019年3月头痛"), "胆囊切除术< 头痛");
    assert_eq!(said_in(None, "既往史", "肺结核，目前咳嗽，否认糖尿病"), "肺结核< 咳嗽 糖尿病-");
}

#[test]
fn sections_and_documents_take_something_for_granted() {
    assert_eq!(said_in(None, "诊疗计划", "完善血常规"), "血常规>");
    assert_eq!(said_in(None, "鉴别诊断", "肺结核：多有盗汗，该患者无盗汗"), "肺结核~ 盗汗~ 盗汗-");
    assert_eq!(said_in(Some(DocumentKind::ConsentOperation), "", "出血、感染"), "出血~ 感染~");
    assert_eq!(said_in(Some(DocumentKind::ConsentOperation), "术前诊断", "胆囊结石"), "胆囊结石");
}

#[test]
fn whose_body_it_is() {
    assert_eq!(said("父亲患高血压，患者无高血压"), "高血压@ 高血压-");
    assert_eq!(said_in(None, "家族史", "母亲糖尿病。无高血压。"), "糖尿病@ 高血压-@");
    assert_eq!(said("母亲患高血压，头痛明显"), "高血压@ 头痛");
    assert_eq!(said("家属诉患者发热，家属送入院，头痛"), "发热 头痛");
    assert_eq!(said("现住某厂家属区，主因头痛入院"), "头痛");
}

#[test]
fn sides_stay_with_their_organ() {
    assert_eq!(placed("左肺上叶结节，右肾结石"), "肺上叶/左侧 结节@肺上叶/左侧 肾结石@肾/右侧");
    assert_eq!(placed("双肺、腹部未见异常"), "肺/双侧 腹部 异常@腹部");
    assert_eq!(placed("双侧肘、腕关节肿胀"), "肘/双侧 腕关节/双侧 肿胀@腕关节/双侧");
    assert_eq!(placed("右上肢麻木、头痛"), "上肢/右侧 麻木@上肢/右侧 头痛@头部");
    assert_eq!(placed("左、右肾积水"), placed("双肾积水"));
    assert_eq!(placed("右侧第4肋骨折"), placed("右侧肋骨折"));
    assert_eq!(placed("结节位于左肺"), "结节@肺/左侧 肺/左侧");
    assert_eq!(placed("左肺占位、高血压"), "肺/左侧 占位@肺/左侧 高血压");
}

#[test]
fn values_and_times() {
    let passage = read("", "3天前体温38.5℃，血压120/80mmHg，GCS 15分，咳嗽");
    let value = |word: &str| {
        let mention = passage.mentions.iter().find(|mention| passage.text.slice(mention.span) == word).expect("it is there");
        mention.measure.map(|index| passage.text.slice(passage.measures[index as usize].span).to_owned())
    };
    assert_eq!(value("体温").as_deref(), Some("38.5℃"));
    assert_eq!(value("血压").as_deref(), Some("120/80mmHg"));
    assert_eq!(value("GCS").as_deref(), Some("15分"));
    for grade in ["中性粒细胞3级减少", "GCS 2T(E1VTM1)", "白细胞3+", "GCS 10T,对答不能"] {
        assert!(read("", grade).mentions.iter().all(|mention| mention.measure.is_none()), "{grade}");
    }
    assert_eq!(value("咳嗽"), None);
    assert!(passage.measures.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start));
    let cough = passage.mentions.last().expect("it is there");
    assert_eq!(cough.time.map(|index| passage.text.slice(passage.times[index as usize].span)), Some("3天前"));
}

#[test]
fn quotations() {
    let passage = read("", "外院诊断“肺炎”，予抗感染");
    let quoted: Vec<&str> =
        passage.mentions.iter().filter(|mention| mention.quoted).map(|mention| passage.text.slice(mention.span)).collect();
    assert_eq!(quoted, ["肺炎"]);
}

proptest! {
    #[test]
    fn any_text_is_read_with_exact_spans(text in "(无|未见|考虑|\\?|、|,|。|;|\\(|\\)|:|发热|左|肺|CT|38.5℃|3天前|父亲患|患者|“|”|\\n|1\\.|.){0,30}") {
        let passage = read("既往史", &text);
        let mut last = 0;
        for mention in &passage.mentions {
            prop_assert!(mention.span.start >= last && passage.text.as_str().get(mention.span.range()).is_some());
            prop_assert!(mention.measure.is_none_or(|index| (index as usize) < passage.measures.len()));
            prop_assert!(mention.time.is_none_or(|index| (index as usize) < passage.times.len()));
            last = mention.span.end;
        }
    }
}
