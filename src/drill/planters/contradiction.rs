//! D: what is said here and denied there.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::drill::scene::Scene;
use crate::record::{DocumentKind as Kind, Instant, Lab, LabFlag, Vitals};

pub const PLANTERS: &[Planter] = &[
    plant("C-D01", "现病史否认主诉的症状", symptom_denied),
    plant("C-D02", "既往史否认诊断中的旧病", illness_denied),
    plant("C-D02", "既往史否认正在长期服药的病", treated_illness_denied),
    plant("C-D03", "首页过敏栏与病史相反", allergy_on_front_page),
    plant("C-D03", "入院记录写过敏而首页为无", allergy_in_history),
    plant("C-D03", "病程否认过敏", allergy_denied_in_course),
    plant("C-D04", "否认手术史而见手术瘢痕", scar_without_operation),
    plant("C-D05", "否认肝炎而表面抗原阳性", hepatitis_denied).also(&["C-J01", "C-H02"]),
    plant("C-D05", "否认梅毒等传染病而抗体阳性", syphilis_denied).also(&["C-J01", "C-H02"]),
    plant("C-D05", "否认输血史而现病史写曾输血", transfusion_denied),
    plant("C-D06", "酒精性肝病而不饮酒", alcohol_denied),
    plant("C-D07", "骨折而四肢活动自如", fracture_without_sign),
    plant("C-D08", "出院痊愈而前一日低氧", cured_with_low_oxygen),
    plant("C-D09", "抢救当日写病情平稳", stable_on_day_of_rescue).on(Scene::Rescue),
    plant("C-D09", "病危当日写无特殊变化", stable_while_critical).on(Scene::Critical),
];

const SYMPTOMS: [&str; 16] =
    ["发热", "咳嗽", "腹痛", "胸痛", "黑便", "头晕", "头痛", "心悸", "气促", "水肿", "呕吐", "腰痛", "消瘦", "便血", "血尿", "无力"];

fn symptom_denied(d: &mut Draft<'_>) -> Option<Plant> {
    let complaint = d.text(&d.place(ADMISSION, &["主诉"])?).to_owned();
    let symptom = SYMPTOMS.iter().find(|symptom| complaint.contains(*symptom))?;
    let sentences = [format!("病程中无{symptom}。"), format!("自起病以来否认{symptom}。"), format!("患者从未出现{symptom}。")];
    d.append(ADMISSION, &["现病史"], &[&sentences[0], &sentences[1], &sentences[2]])
}

const CHRONIC: [(&str, &str); 6] = [
    ("高血压", "高血压"),
    ("糖尿病", "2型糖尿病"),
    ("冠心病|冠状动脉粥样硬化", "冠心病"),
    ("慢性阻塞性肺", "慢性阻塞性肺疾病"),
    ("骨质疏松", "骨质疏松症"),
    ("脑梗死后遗", "脑梗死"),
];

/// A chronic illness that the past history tells of and a list of diagnoses names.
fn illness_denied(d: &mut Draft<'_>) -> Option<Plant> {
    let history = d.text(&d.place(ADMISSION, &["既往史"])?).to_owned();
    let listed = d.places(ADMISSION, &["初步诊断"]).iter().map(|place| d.text(place).to_owned()).collect::<String>();
    let told = |word: &str| history.split(['。', ';', '\u{ff1b}']).any(|part| compiled(word).is_match(part) && !part.contains("否认"));
    let (word, name) = CHRONIC.into_iter().find(|(word, _)| told(word) && compiled(word).is_match(&listed))?;
    let gone = d.drop_sentences(ADMISSION, &["既往史"], word)?;
    let sentences = [format!("否认{name}病史。"), format!("既往体健,无{name}史。"), format!("否认{name}等慢性病史。")];
    let plant = d.prepend(ADMISSION, &["既往史"], &[&sentences[0], &sentences[1], &sentences[2]])?;
    Some(Plant { before: gone.before, ..plant })
}

fn treated_illness_denied(d: &mut Draft<'_>) -> Option<Plant> {
    let history = d.text(&d.place(ADMISSION, &["既往史"])?).to_owned();
    if history.contains("癫痫") || !history.contains("否认") || d.age()? < 18 {
        return None;
    }
    d.add_drug("丙戊酸钠缓释片", 500.0, "mg", "口服", "bid", 3)?;
    d.append(ADMISSION, &["初步诊断"], &["\n8.癫痫(10余年)", "\n8.癫痫 病史10年"])?;
    d.prepend(ADMISSION, &["既往史"], &["否认癫痫病史。", "否认癫痫、精神病史。"])
}

/// Allergies that the front page does not ask for: its field is of drugs.
const NO_DRUG: &str = "食物|虾|蟹|鱼|海鲜|芒果|牛奶|蛋|花生|坚果|花粉|螨|酒精|胶布|外用|接触|碘伏|聚维酮|碘酊|可疑";

fn allergy_on_front_page(d: &mut Draft<'_>) -> Option<Plant> {
    let listed: Vec<bool> = d.visit.patient.allergies.iter().flatten().map(|name| compiled(NO_DRUG).is_match(name)).collect();
    let allergic = listed.contains(&false) || d.has_text(ADMISSION, r"(磺胺|青霉素|头孢)[^。否无]{0,12}(皮疹|荨麻疹|过敏)");
    if !allergic && !listed.is_empty() {
        return None;
    }
    let page = d.visit.front_page.as_mut()?;
    let before = page.allergy.clone().unwrap_or("(未填)".to_owned());
    if allergic {
        page.allergy = Some("无".to_owned());
        page.allergens = Some(Vec::new());
        return (before != "无").then(|| Plant::new("病案首页·药物过敏", before, "无"));
    }
    page.allergy = Some("有".to_owned());
    page.allergens = Some(vec!["青霉素".to_owned()]);
    Some(Plant::new("病案首页·药物过敏", before, "有:青霉素"))
}

fn allergy_in_history(d: &mut Draft<'_>) -> Option<Plant> {
    if d.visit.front_page.as_ref()?.allergy.as_deref() != Some("无") {
        return None;
    }
    let denial = r"(否认|无)[^。\n]{0,14}过敏史";
    d.edit(ADMISSION, &["既往史", "过敏史"], denial, |_| Some("对青霉素过敏(皮疹)".to_owned()))
}

fn allergy_denied_in_course(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.patient.allergies.iter().flatten().next()?;
    d.append_some(ANY_COURSE, |_, _| true, &["否认药物、食物过敏史。", "患者无药物及食物过敏史。", "既往无过敏史。"])
}

fn scar_without_operation(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(ADMISSION, "否认手术|否认[^。]{0,8}手术") {
        return None;
    }
    d.append(ADMISSION, &["体格检查"], &["右下腹见5cm陈旧手术瘢痕。", "上腹正中见约12cm纵行陈旧手术瘢痕。", "颈前见弧形手术瘢痕,愈合好。"])
}

fn positive(d: &mut Draft<'_>, item: &str) -> Option<()> {
    let at = moved(Instant::minute(d.admitted()?), 150);
    let labs = d.visit.labs.as_mut()?;
    labs.retain(|lab| lab.item.as_deref() != Some(item));
    labs.push(Lab {
        id: Some("drill-positive".to_owned()),
        item: Some(item.to_owned()),
        value: Some("阳性".to_owned()),
        flag: Some(LabFlag::Positive),
        sampled_at: Some(moved(at, -60)),
        reported_at: Some(at),
        ..Lab::default()
    });
    Some(())
}

fn hepatitis_denied(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(ADMISSION, "否认[^。]{0,10}肝炎") || screened_negative(d, "HBsAg|乙肝|肝炎阴性") {
        return None;
    }
    let item = d.pick(&["乙肝表面抗原", "HBsAg", "乙型肝炎病毒表面抗原"]);
    positive(d, item)?;
    Some(Plant::new(format!("检验·{item}"), "否认肝炎病史", "阳性"))
}

/// A note or consent has the screening as negative: then it speaks of the test, and it is another defect.
fn screened_negative(d: &Draft<'_>, names: &str) -> bool {
    const FORMS: &[Kind] =
        &[Kind::ConsentTransfusion, Kind::PreopSummary, Kind::PreopDiscussion, Kind::ConsultRequest, Kind::ConsultOpinion];
    let panels = "(感染[四八]项|传染病四项|传染病筛查|输血前[^。]{0,6}四项)[^。;]{0,10}阴性";
    let said = format!("{panels}|{names}");
    d.has_text(WRITTEN, &said) || d.has_text(FORMS, &said)
}

fn syphilis_denied(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(ADMISSION, "否认[^。]{0,14}(传染病|性病)") {
        return None;
    }
    let (item, names) = d.pick(&[("梅毒螺旋体抗体", "梅毒"), ("丙肝抗体", "丙肝|丙型肝炎|HCV"), ("艾滋病抗体", "艾滋|HIV")]);
    if screened_negative(d, names) {
        return None;
    }
    positive(d, item)?;
    Some(Plant::new(format!("检验·{item}"), "否认传染病史", "阳性"))
}

fn transfusion_denied(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(ADMISSION, "否认[^。]{0,8}输血") {
        return None;
    }
    d.append(ADMISSION, &["现病史"], &["1年前在外院因贫血输红细胞2U。", "半年前曾在“市人民医院”输血400ml。", "3月前外院输注悬浮红细胞4U。"])
}

fn alcohol_denied(d: &mut Draft<'_>) -> Option<Plant> {
    d.age().filter(|age| *age > 25)?;
    d.append(ADMISSION, &["初步诊断"], &["\n9.酒精性肝硬化", "\n9.酒精性脂肪肝", "\n9.酒精性肝炎"])?;
    d.rewrite(ADMISSION, &["个人史"], &["无烟酒嗜好,无毒物接触史。", "不吸烟,不饮酒。", "否认吸烟、饮酒史。"])
}

fn fracture_without_sign(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(ADMISSION, "(股骨|胫骨|肱骨|桡骨|尺骨|踝)[^。]{0,6}骨折") {
        return None;
    }
    d.rewrite(ADMISSION, &["专科情况"], &["四肢无畸形,活动自如,无压痛及叩击痛。", "脊柱四肢无畸形,关节活动正常,无压痛,步态正常。"])
}

fn cured_with_low_oxygen(d: &mut Draft<'_>) -> Option<Plant> {
    let at = Instant::minute(crate::record::time::plus_minutes(d.discharged()?, -16 * 60));
    d.visit.vitals.as_mut()?.push(Vitals {
        at: Some(at),
        spo2: Some(86.0),
        respiration: Some(27.0),
        pulse: Some(118.0),
        ..Vitals::default()
    });
    d.rewrite(DISCHARGE, &["出院情况"], &["痊愈,无任何不适。", "治愈,一般情况好,无不适。"])
}

fn stable_on_day_of_rescue(d: &mut Draft<'_>) -> Option<Plant> {
    let day = d.visit.rescues.as_ref()?.last()?.started_at?;
    let rescue = d.documents(&[Kind::RescueRecord]).last().copied()?;
    let at = moved(d.time_of(rescue)?, 180).earliest();
    let doctor = d.doctor()?;
    let text = d.pick(&[
        "患者今日病情平稳,无特殊变化,生命体征正常,继续目前治疗。",
        "今日一般情况好,病情稳定,未诉不适,治疗同前。",
        "病情无明显变化,生命体征平稳,继续观察。",
    ]);
    d.add_document(Kind::DailyCourse, "日常病程记录", at, &[doctor], text.to_owned());
    Some(Plant::new("日常病程记录", format!("{day}抢救"), text))
}

fn stable_while_critical(d: &mut Draft<'_>) -> Option<Plant> {
    let from = d.visit.conditions.as_ref()?.last()?.from?;
    let doctor = d.doctor()?;
    let text = d.pick(&["患者病情平稳,无特殊变化,继续目前治疗。", "今日病情稳定,生命体征平稳,未诉不适。"]);
    d.add_document(Kind::DailyCourse, "日常病程记录", moved(from, 300).earliest(), &[doctor], text.to_owned());
    Some(Plant::new("日常病程记录", format!("{from}起病危"), text))
}
