//! S: language and signatures.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::record::{DocumentKind as Kind, Signature, Staff, Title};

pub const PLANTERS: &[Planter] = &[
    plant("C-S01", "错别字", wrong_characters).also(&["C-S05"]),
    plant("C-S01", "标题或常用词同音字", homophones).also(&["C-S05"]),
    plant("C-S02", "中英混写", mixed_language),
    plant("C-S02", "非通用缩写", private_abbreviation),
    plant("C-S03", "口语化", spoken),
    plant("C-S04", "句子截断", truncated),
    plant("C-S04", "乱码", garbled),
    plant("C-S05", "药名错字", drug_misspelt).also(&["C-S01"]),
    plant("C-S05", "药名缺字", drug_shortened).also(&["C-S01"]),
    plant("C-S06", "十二小时制", twelve_hours),
    plant("C-S06", "汉字时间", chinese_clock),
    plant("C-S07", "指责外院", blame),
    plant("C-S08", "文书无签名", unsigned),
    plant("C-S08", "实习医师单独签名", intern_alone),
];

/// 脉博 is none: the standard itself prints it.
const SLIPS: [(&str, &str); 21] = [
    ("心肌梗死", "心机梗死"),
    ("既往", "即往"),
    ("糖尿病", "糖尿并"),
    ("复查", "付查"),
    ("症状", "证状"),
    ("阑尾", "兰尾"),
    ("咳嗽", "咳漱"),
    ("头晕", "头昏晕"),
    ("压痛", "压疼痛"),
    ("杂音", "杂因"),
    ("淋巴结", "淋巴节"),
    ("瘢痕", "斑痕"),
    ("骨折", "骨拆"),
    ("引流", "引硫"),
    ("呼吸音", "呼吸因"),
    ("水肿", "水种"),
    ("腹泻", "腹泄"),
    ("支气管", "支汽管"),
    ("黏膜", "粘莫"),
    ("反跳痛", "反跳疼"),
    ("切口", "切囗"),
];

fn wrong_characters(d: &mut Draft<'_>) -> Option<Plant> {
    d.swap(WRITTEN, &[], &SLIPS[..12])
}

fn homophones(d: &mut Draft<'_>) -> Option<Plant> {
    d.swap(WRITTEN, &[], &SLIPS[12..])
}

fn mixed_language(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(COURSE, |_, _| true, &["pt c/o SOB x3d。", "今日patient无fever,继续observe。", "患者feel well,no chest pain。"])
}

fn private_abbreviation(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(COURSE, |_, _| true, &["患者HBP、DM病史,BS正常。", "考虑PUD,予PPI,f/u。", "查体:HR正常,LS清,Abd软。"])
}

fn spoken(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(
        &[Kind::AdmissionNote, Kind::ReadmissionNote, Kind::DailyCourse],
        |_, _| true,
        &["肚子疼得厉害,拉了好几次。", "昨天晚上没睡好觉,老想吐。", "吃东西没胃口,浑身没劲。"],
    )
}

fn truncated(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(
        &[Kind::DailyCourse, Kind::WardRound, Kind::AdmissionNote],
        |_, _| true,
        &["患者于3天前无明显诱因出", "继续予以", "复查血常规示白细", "建议患者出院后注"],
    )
}

fn garbled(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(WRITTEN, |_, _| true, &["锟斤拷锟斤拷。", "体温\u{fffd}\u{fffd}\u{fffd}正常。", "çœ‹æŸ¥æ‚£è€…。"])
}

fn drug_misspelt(d: &mut Draft<'_>) -> Option<Plant> {
    let pairs = [
        ("阿司匹林", "阿斯匹灵"),
        ("阿托伐他汀", "阿托伐它汀"),
        ("奥美拉唑", "奥美拉坐"),
        ("二甲双胍", "二甲双瓜"),
        ("甲巯咪唑", "甲琉咪唑"),
        ("头孢曲松", "头胞曲松"),
        ("头孢唑林", "头孢挫林"),
        ("低分子肝素", "低分子干素"),
        ("美托洛尔", "美托洛而"),
        ("甲泼尼龙", "甲波尼龙"),
        ("氯化钾", "绿化钾"),
        ("普萘洛尔", "普奈洛尔"),
        ("塞来昔布", "塞来西布"),
        ("布洛芬", "布络芬"),
        ("丙球", "丙求"),
    ];
    d.swap(&[Kind::FirstCourse, Kind::WardRound, Kind::DailyCourse, Kind::DischargeRecord], &[], &pairs)
}

fn drug_shortened(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(COURSE, |_, _| true, &["予氯化甲1g口服。", "予0.9%氯化纳250ml静滴。", "予葡萄塘酸钙10ml静推。"])
}

fn twelve_hours(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(COURSE, |_, _| true, &["下午3点患者诉头晕。", "今日上午9点半行心电图检查。", "晚上8点复测血压正常。"])
}

fn chinese_clock(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(COURSE, |_, _| true, &["下午三点复测体温正常。", "今晨六点半空腹抽血。", "上午十点拔除尿管。"])
}

fn blame(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(
        &[Kind::AdmissionNote, Kind::ReadmissionNote, Kind::WardRound],
        |_, _| true,
        &["外院误诊误治,延误病情。", "当地医院处理错误,导致病情加重。", "患者素质低,不配合治疗。"],
    )
}

const SIGNED: &[Kind] = &[
    Kind::AdmissionNote,
    Kind::ReadmissionNote,
    Kind::FirstCourse,
    Kind::DailyCourse,
    Kind::WardRound,
    Kind::DischargeRecord,
    Kind::OperationRecord,
];

fn unsigned(d: &mut Draft<'_>) -> Option<Plant> {
    let kind = d.pick(SIGNED);
    let found = d.documents(&[kind]);
    let index = (!found.is_empty()).then(|| d.pick(&found)).or_else(|| d.document(SIGNED))?;
    let title = d.reading.documents[index].title.clone();
    let document = &mut d.visit.documents[index];
    let before = document.signatures.replace(Vec::new()).filter(|list| !list.is_empty())?;
    document.signed_at = None;
    d.drop_signature(index);
    Some(Plant::new(format!("{title}·签名"), format!("{}人", before.len()), "(空)"))
}

fn intern_alone(d: &mut Draft<'_>) -> Option<Plant> {
    let found = d.documents(&[Kind::FirstCourse, Kind::DailyCourse, Kind::AdmissionNote]);
    let index = (!found.is_empty()).then(|| d.pick(&found))?;
    let title = d.reading.documents[index].title.clone();
    d.visit.staff.get_or_insert_default().push(Staff {
        id: "drill-intern".to_owned(),
        name: Some("解某".to_owned()),
        title: Some(Title::Intern),
    });
    d.drop_signature(index);
    let document = &mut d.visit.documents[index];
    let at = document.signed_at?;
    document.author = Some("drill-intern".to_owned());
    document.signatures = Some(vec![Signature { staff: Some("drill-intern".to_owned()), at: Some(at) }]);
    Some(Plant::new(format!("{title}·签名"), "执业医师", "实习医师解某"))
}
