//! G: physical examination.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};

pub const PLANTERS: &[Planter] = &[
    plant("C-G01", "体格检查缺神经系统", without_nervous_system),
    plant("C-G01", "体格检查缺腹部", without_abdomen),
    plant("C-G01", "体格检查缺心肺", without_chest),
    plant("C-G01", "体格检查只写一般情况", only_general).also(&["C-G03"]),
    plant("C-G02", "缺专科情况", specialty_removed),
    plant("C-G03", "查体不写关键体征", key_sign_removed),
    plant("C-G04", "截肢者双足搏动对称", amputee),
    plant("C-G04", "瘫痪者四肢活动自如", paralysed).also(&["C-G07", "C-D07"]),
    plant("C-G05", "气促者呼吸平稳", dyspnoea_calm),
    plant("C-G06", "不查鉴别体征", negative_sign_removed),
    plant("C-G07", "首次病程腹部体征不同", abdomen_differs),
    plant("C-G07", "首次病程肺部体征不同", chest_differs),
    plant("C-G07", "首次病程水肿不同", oedema_differs),
    plant("C-G08", "肿瘤未查淋巴结", nodes_removed),
    plant("C-G09", "外院检查只写异常", abnormal_without_detail),
];

const BODY: &[&str] = &["体格检查"];

fn gone(d: &mut Draft<'_>, pattern: &str) -> Option<Plant> {
    let plant = d.drop_sentences(ADMISSION, BODY, pattern)?;
    let rest = d.section_text(ADMISSION, BODY)?;
    (!compiled(pattern).is_match(&rest) && rest.chars().count() > 40).then_some(plant)
}

fn without_nervous_system(d: &mut Draft<'_>) -> Option<Plant> {
    let specialty = d.places(ADMISSION, &["专科情况"]).iter().any(|place| compiled("反射|病理|感觉|肌力").is_match(d.text(place)));
    if specialty {
        return None;
    }
    let pattern = "生理反射|病理[征反]|脑膜刺激征|神经系统|膝反射|腱反射|克氏征|肌力";
    let plant = d.drop_clauses(ADMISSION, BODY, pattern)?;
    let rest = d.section_text(ADMISSION, BODY)?.replace("光反射", "");
    let other = "反射|感觉|痛觉|肌张力|颅神经|脑神经|共济|巴氏征|巴宾斯基|Babinski|GCS|NIHSS|指鼻";
    (!compiled(pattern).is_match(&rest) && !compiled(other).is_match(&rest)).then_some(plant)
}

fn without_abdomen(d: &mut Draft<'_>) -> Option<Plant> {
    if d.places(ADMISSION, &["专科情况"]).iter().any(|place| compiled("腹|宫高").is_match(d.text(place))) {
        return None;
    }
    gone(d, "腹|肝脾|肠鸣音|Murphy")
}

fn without_chest(d: &mut Draft<'_>) -> Option<Plant> {
    if d.places(ADMISSION, &["专科情况"]).iter().any(|place| compiled("肺|呼吸音|心率").is_match(d.text(place))) {
        return None;
    }
    gone(d, "肺|呼吸音|啰音|心率|心界|心音|胸廓|律齐")
}

fn only_general(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(
        ADMISSION,
        BODY,
        &[
            "T 36.6℃,P 80次/分,R 18次/分,BP 126/78mmHg。神志清楚,精神可,查体合作。",
            "T 36.5℃,P 78次/分,R 18次/分,BP 122/76mmHg。一般情况可,营养中等,自主体位。",
        ],
    )
}

/// The regulation wants it "as the specialty needs": in departments of operations, of single organs and of movement.
fn specialty_removed(d: &mut Draft<'_>) -> Option<Plant> {
    const SPECIALTIES: &str = "外科|骨|眼|耳鼻|口腔|妇|产|泌尿|肝胆|甲状腺|乳腺|肛肠|皮肤|烧伤|整形|康复|神经|精神|心理|推拿|针灸";
    let department = d.visit.admission.department.clone()?;
    compiled(SPECIALTIES).is_match(&department).then_some(())?;
    d.drop_section(ADMISSION, &["专科情况"])
}

const KEY: &str = "压痛|反跳痛|啰音|杂音|畸形|叩击痛|肿大|水肿";

fn key_sign_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.drop_clauses(ADMISSION, &["体格检查", "专科情况"], KEY)
}

fn amputee(d: &mut Draft<'_>) -> Option<Plant> {
    if d.age()? < 18 || d.has_text(ADMISSION, "截肢|缺如") {
        return None;
    }
    let side = d.pick(&["左", "右"]);
    let past = [format!("5年前因外伤行{side}下肢截肢术。"), format!("2018年因糖尿病足行{side}小腿截肢术。")];
    d.append(ADMISSION, &["既往史"], &[&past[0], &past[1]])?;
    d.append(
        ADMISSION,
        BODY,
        &["双下肢无水肿,双足背动脉搏动对称。", "双足背动脉搏动正常,双下肢肌力5级。", "四肢活动自如,双膝腱反射对称,双足感觉正常。"],
    )
}

fn paralysed(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(ADMISSION, "偏瘫|肌力[0-4]级|截瘫|瘫痪") {
        return None;
    }
    d.append(ADMISSION, BODY, &["四肢活动自如,四肢肌力5级。", "四肢肌力、肌张力正常,活动自如。", "脊柱四肢无畸形,四肢活动正常,肌力正常。"])
}

fn dyspnoea_calm(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(ADMISSION, "端坐|不能平卧|稍动即喘|呼吸困难加重") {
        return None;
    }
    d.append(ADMISSION, BODY, &["自主体位,呼吸平稳,无发绀。", "呼吸平顺,平卧位,口唇无发绀。"])
}

fn negative_sign_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.drop_clauses(ADMISSION, BODY, "颈(软|抵抗)|无反跳痛|Murphy|移动性浊音|克氏征|布氏征|无压痛")
}

fn differs(d: &mut Draft<'_>, known: &str, words: &[&str]) -> Option<Plant> {
    let body = d.text(&d.place(ADMISSION, BODY)?).to_owned();
    if !compiled(known).is_match(&body) {
        return None;
    }
    d.append(FIRST, &["病例特点"], words)
}

fn abdomen_differs(d: &mut Draft<'_>) -> Option<Plant> {
    differs(d, "肝脾(肋下)?未(触)?及|肝脾未触及", &["查体:肝肋下3cm,质中。", "腹部:脾肋下2cm可触及。", "查体:肝脏肋下2cm可触及,边缘钝。"])
}

fn chest_differs(d: &mut Draft<'_>) -> Option<Plant> {
    differs(d, "(无|未闻及)干?湿?(性)?啰音|双肺呼吸音清", &["查体:双肺可闻及湿啰音。", "双肺满布哮鸣音。", "双下肺可闻及细湿啰音。"])
}

fn oedema_differs(d: &mut Draft<'_>) -> Option<Plant> {
    differs(d, "双下肢无水肿|下肢无水肿", &["查体:双下肢中度凹陷性水肿。", "双下肢水肿(++)。", "双下肢轻度水肿。"])
}

fn nodes_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let listed = d.section_text(ADMISSION, &["初步诊断"])?;
    if !compiled("癌|恶性肿瘤").is_match(&listed) {
        return None;
    }
    d.drop_clauses(ADMISSION, &["体格检查", "专科情况"], "淋巴结|锁骨上")
}

fn abnormal_without_detail(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(ADMISSION, &["辅助检查"], &["外院CT异常。", "外院心电图异常,血常规异常。", "当地医院B超提示异常。", "外院化验异常。"])
}
