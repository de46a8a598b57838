//! R: discharge, death, front page, coding.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::drill::scene::Scene;
use crate::record::time::plus_minutes;
use crate::record::{CodedDiagnosis, Disposition, DocumentKind as Kind, Instant, Order, OrderKind};

pub const PLANTERS: &[Planter] = &[
    plant("C-R01", "诊疗经过过简", course_vague),
    plant("C-R02", "出院情况只写好转", state_vague),
    plant("C-R03", "出院医嘱笼统", orders_vague).also(&["C-R04"]),
    plant("C-R03", "出院带药无剂量", drugs_without_dose),
    plant("C-R04", "只写门诊随访", follow_up_vague).also(&["C-R03"]),
    plant("C-R04", "删去复诊与返院指征", follow_up_removed).also(&["C-R03"]),
    plant("C-R05", "首页少一项诊断", diagnosis_off_front_page).also(&["C-R07"]),
    plant("C-R05", "出院记录少一项诊断", diagnosis_off_record),
    plant("C-R05", "首页主要诊断不同", main_differs).also(&["C-R06", "C-R10"]),
    plant("C-R06", "首页主要诊断选次要病", minor_main).also(&["C-R05", "C-R10"]),
    plant("C-R07", "术后肺部感染未列诊断", complication_unlisted).also(&["C-H02"]),
    plant("C-R08", "院内压疮入院病情填有", admission_state_wrong).also(&["C-R05", "C-H13"]),
    plant("C-R09", "首页手术空白", operation_off_front_page),
    plant("C-R09", "首页手术级别错", operation_level_wrong),
    plant("C-R10", "编码与诊断不符", code_of_other_disease),
    plant("C-R10", "编码格式无效", code_invalid),
    plant("C-R10", "编码非末位", code_not_terminal),
    plant("C-R11", "首页病理空白", pathology_off_front_page),
    plant("C-R11", "首页病理不符", pathology_differs),
    plant("C-R12", "家属要求出院而填医嘱离院", leave_recorded_as_ordered).also(&["C-P07"]),
    plant("C-R12", "转院而填医嘱离院", transfer_recorded_as_ordered),
    plant("C-R13", "首页抢救次数为零", rescues_zero).on(Scene::Rescue),
    plant("C-R13", "成功次数多于抢救次数", successes_exceed).on(Scene::Rescue),
    plant("C-R14", "损伤无外因", external_cause_removed),
    plant("C-R15", "死因只写呼吸循环衰竭", terminal_cause).on(Scene::Death),
    plant("C-R16", "死亡讨论流于形式", formal_discussion).on(Scene::Death),
    plant("C-R17", "病理未回而出院记录不提", pending_pathology).also(&["C-N08", "T54"]),
    plant("C-R17", "培养未回而出院记录不提", pending_culture),
    plant("C-R18", "消化道出血出院带双抗", antiplatelets_after_bleeding).also(&["C-M08"]),
    plant("C-R18", "出院带过敏药", allergic_drug_at_discharge).also(&["C-M06"]),
    plant("C-R19", "肿瘤删去分期", stage_removed),
    plant("C-R20", "肺结核未报卡", tuberculosis_unreported),
    plant("C-R20", "院内感染首页未填", hospital_infection).also(&["C-R07"]),
    plant("C-R21", "气管插管医嘱无记录", intubation_unrecorded).also(&["T25", "C-P01"]),
];

fn course_vague(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(DISCHARGE, &["诊疗经过"], &["入院后完善检查,予对症治疗,好转出院。", "入院后积极治疗,病情好转,今日出院。"])
}

fn state_vague(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(DISCHARGE, &["出院情况"], &["好转。", "治愈。", "病情稳定,好转。"])
}

fn orders_vague(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(
        DISCHARGE,
        &["出院医嘱"],
        &[
            "按时服药,注意休息,不适随诊。",
            "1.继续口服药物治疗。2.注意休息。3.不适随诊。",
            "院外继续治疗,门诊随诊。",
            "带药同前,定期复查,不适随诊。",
        ],
    )
}

fn drugs_without_dose(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.places(DISCHARGE, &["出院医嘱"]).iter().any(|place| compiled(r"\d(mg|g|IU|ml)").is_match(d.text(place))) {
        return None;
    }
    d.rewrite_as(DISCHARGE, &["出院医嘱"], |old| {
        // What is cut must be the dose of a drug that is taken: neither the day's water or salt, nor of one that is not taken along.
        let drug = compiled(r"(片|胶囊|颗粒|胶丸|口服液|匹林|格雷|沙班|他汀|地平|沙坦|普利|洛尔|双胍|列净|拉唑|尼松|甲状腺素)(\([^)]*\)|（[^）]*）)?\s*\d+(\.\d+)?\s*(mg|g|μg|IU)");
        if !drug.is_match(old) || compiled("无(需)?带药|不另?带药").is_match(old) {
            return None;
        }
        let cut = compiled(r"\d+(\.\d+)?\s*(mg|g|μg|IU|ml|万U)(\s*口服)?\s*(qd|bid|tid|qn|q12h|qod)?").replace_all(old, "").into_owned();
        Some(compiled(r"(\s|口服)*(qd|bid|tid|qn)").replace_all(&cut, "").into_owned())
    })
}

fn follow_up_vague(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(
        DISCHARGE,
        &["出院医嘱"],
        &["1.阿司匹林肠溶片100mg qd口服。2.门诊随访。", "1.硝苯地平控释片30mg qd口服。2.清淡饮食。3.随诊。"],
    )
}

fn follow_up_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.drop_sentences(DISCHARGE, &["出院医嘱"], "复查|复诊|随诊|就诊|门诊|来院|急诊|拆线|随访|返院|回院|返诊|即来|再?次?入院|复评|复筛|复测")
}

fn listed(d: &Draft<'_>) -> Vec<String> {
    d.visit
        .front_page
        .iter()
        .flat_map(|page| page.other_diagnoses.iter().flatten())
        .filter_map(|diagnosis| diagnosis.name.clone())
        .collect()
}

fn diagnosis_off_front_page(d: &mut Draft<'_>) -> Option<Plant> {
    let names = listed(d);
    let at = (!names.is_empty()).then(|| d.rng.u64(0..names.len() as u64) as usize)?;
    d.visit.front_page.as_mut()?.other_diagnoses.as_mut()?.remove(at);
    Some(Plant::new("病案首页·其他诊断", names[at].clone(), "(删去)"))
}

fn diagnosis_off_record(d: &mut Draft<'_>) -> Option<Plant> {
    listed(d).first()?;
    d.rewrite_as(DISCHARGE, &["出院诊断"], |old| {
        let lines: Vec<&str> = old.lines().collect();
        (lines.len() >= 2).then(|| lines[..lines.len() - 1].join("\n"))
    })
}

fn main_of(d: &mut Draft<'_>, name: &str, code: &str) -> Option<Plant> {
    let main = d.visit.front_page.as_mut()?.main_diagnosis.as_mut()?;
    let before = main.name.replace(name.to_owned())?;
    main.icd10 = Some(code.to_owned());
    Some(Plant::new("病案首页·主要诊断", before, name))
}

fn main_differs(d: &mut Draft<'_>) -> Option<Plant> {
    let choices = [("慢性鼻炎", "J31.000", "鼻炎"), ("腰椎间盘突出症", "M51.202", "椎间盘"), ("慢性胃炎", "K29.500", "胃炎")];
    let (name, code, known) = d.pick(&choices);
    if d.has_text(WRITTEN, known) {
        return None;
    }
    main_of(d, name, code)
}

/// The operation's disease gives its place to an accompanying one.
fn minor_main(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.operations.as_ref()?.first()?;
    let page = d.visit.front_page.as_mut()?;
    let others = page.other_diagnoses.as_mut()?;
    // Of a delivery, diabetes or hypertension of the pregnancy may well be the main diagnosis.
    let is_minor = |name: &str| compiled("高血压|糖尿病|骨质疏松").is_match(name) && !name.contains("妊娠");
    let at = others.iter().position(|diagnosis| diagnosis.name.as_deref().is_some_and(is_minor));
    let chosen = match at {
        Some(at) => others.remove(at),
        None => CodedDiagnosis {
            name: Some("高血压病2级".to_owned()),
            icd10: Some("I10.x03".to_owned()),
            admission_state: Some("有".to_owned()),
        },
    };
    let old = page.main_diagnosis.replace(chosen.clone())?;
    let before = old.name.clone().unwrap_or_default();
    others.insert(0, old);
    Some(Plant::new("病案首页·主要诊断", before, chosen.name.unwrap_or_default()))
}

fn complication_unlisted(d: &mut Draft<'_>) -> Option<Plant> {
    // The lists that lack it are those of the discharge.
    d.discharged()?;
    d.visit.front_page.as_ref()?;
    if d.has_text(WRITTEN, "肺部感染|肺炎|压疮|尿路感染") || d.stay_hours()? < 96 || d.age()? < 14 {
        return None;
    }
    let admitted = d.admitted()?;
    let (words, drug) = d.pick(&[
        ("患者发热38.9℃,咳黄痰,胸片示右下肺感染,诊断医院获得性肺炎,予头孢他啶1g q8h抗感染。", "注射用头孢他啶"),
        ("患者尿频尿痛,尿培养大肠埃希菌,诊断尿路感染,予头孢他啶1g q8h抗感染。", "注射用头孢他啶"),
    ]);
    let plant =
        d.append_some(COURSE, |d, index| d.time_of(index).is_some_and(|time| time.earliest() > plus_minutes(admitted, 50 * 60)), &[words])?;
    d.add_drug(drug, 1.0, "g", "静脉滴注", "q8h", 60)?;
    Some(plant)
}

fn admission_state_wrong(d: &mut Draft<'_>) -> Option<Plant> {
    let admitted = d.admitted()?;
    if d.stay_hours()? < 96 || d.has_text(WRITTEN, "压疮|压力性损伤") {
        return None;
    }
    let plant = d.append_some(
        COURSE,
        |d, index| d.time_of(index).is_some_and(|time| time.earliest() > plus_minutes(admitted, 50 * 60)),
        &["今日发现骶尾部2cm×3cm压力性损伤2期,入院时皮肤完整,予减压敷料、翻身。"],
    )?;
    d.append(DISCHARGE, &["出院诊断"], &["\n9.骶尾部压力性损伤(2期)"])?;
    d.visit.front_page.as_mut()?.other_diagnoses.get_or_insert_default().push(CodedDiagnosis {
        name: Some("骶尾部压力性损伤(2期)".to_owned()),
        icd10: Some("L89.102".to_owned()),
        admission_state: Some("有".to_owned()),
    });
    Some(Plant { after: format!("{};首页入院病情“有”", plant.after), ..plant })
}

fn operation_off_front_page(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.operations.as_ref()?.first()?;
    let page = d.visit.front_page.as_mut()?;
    let before = page.main_operation.take()?;
    // An empty list is a blank page; a field that was not sent says nothing.
    page.other_operations = Some(Vec::new());
    Some(Plant::new("病案首页·手术", before.name.unwrap_or_default(), "(空)"))
}

fn operation_level_wrong(d: &mut Draft<'_>) -> Option<Plant> {
    let level = d.visit.operations.as_ref()?.first()?.level?;
    let wrong = if level >= 3 { 1 } else { 4 };
    d.visit.front_page.as_mut()?.main_operation.as_mut()?.level = Some(wrong);
    Some(Plant::new("病案首页·手术级别", level.to_string(), wrong.to_string()))
}

fn coded(d: &mut Draft<'_>, new: fn(&str) -> Option<String>) -> Option<Plant> {
    let main = d.visit.front_page.as_mut()?.main_diagnosis.as_mut()?;
    let before = main.icd10.clone()?;
    let after = new(&before)?;
    main.icd10 = Some(after.clone());
    let name = main.name.clone().unwrap_or_default();
    for diagnosis in d.visit.diagnoses.iter_mut().flatten().filter(|diagnosis| diagnosis.icd10.as_deref() == Some(&before)) {
        diagnosis.icd10 = Some(after.clone());
    }
    Some(Plant::new("病案首页·主要诊断编码", format!("{name} {before}"), after))
}

fn code_of_other_disease(d: &mut Draft<'_>) -> Option<Plant> {
    coded(d, |code| Some(if code.starts_with('N') { "L40.900" } else { "N18.900" }.to_owned()))
}

fn code_invalid(d: &mut Draft<'_>) -> Option<Plant> {
    coded(d, |code| Some(format!("{}{code}", code.get(1..2)?)))
}

fn code_not_terminal(d: &mut Draft<'_>) -> Option<Plant> {
    coded(d, |code| code.get(..3).filter(|short| short.len() < code.len()).map(str::to_owned))
}

fn pathology_off_front_page(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.pathology.as_ref()?.first()?;
    // Left empty on the page; a page without the field would only not have sent it.
    let before = d.visit.front_page.as_mut()?.pathology_diagnosis.replace(String::new()).filter(|text| !text.is_empty())?;
    Some(Plant::new("病案首页·病理诊断", before, "(空)"))
}

fn pathology_differs(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.pathology.as_ref()?.first()?;
    let new = d.pick(&["中分化腺癌", "乳头状癌", "弥漫大B细胞淋巴瘤"]);
    let before = d.visit.front_page.as_mut()?.pathology_diagnosis.replace(new.to_owned()).filter(|text| !text.is_empty())?;
    Some(Plant::new("病案首页·病理诊断", before, new))
}

fn ordered(d: &Draft<'_>) -> Option<()> {
    (d.visit.discharge.as_ref()?.disposition == Some(Disposition::Ordered)).then_some(())
}

fn leave_recorded_as_ordered(d: &mut Draft<'_>) -> Option<Plant> {
    ordered(d)?;
    d.append(DISCHARGE, &["诊疗经过"], &["家属要求出院,拒绝继续治疗。", "患者及家属要求自动出院。", "患者自行要求出院,劝阻无效。"])
}

fn transfer_recorded_as_ordered(d: &mut Draft<'_>) -> Option<Plant> {
    ordered(d)?;
    d.append(DISCHARGE, &["诊疗经过"], &["今日转市人民医院继续治疗。", "今日转上级医院进一步治疗。", "现转院至省人民医院继续治疗。"])
}

fn rescues_zero(d: &mut Draft<'_>) -> Option<Plant> {
    let page = d.visit.front_page.as_mut()?;
    let before = page.rescue_count.replace(0)?;
    page.rescue_success_count = Some(0);
    Some(Plant::new("病案首页·抢救次数", before.to_string(), "0"))
}

fn successes_exceed(d: &mut Draft<'_>) -> Option<Plant> {
    let page = d.visit.front_page.as_mut()?;
    let before = page.rescue_success_count?;
    page.rescue_success_count = Some(page.rescue_count? + 2);
    Some(Plant::new("病案首页·抢救成功次数", before.to_string(), (page.rescue_count? + 2).to_string()))
}

fn external_cause_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let page = d.visit.front_page.as_mut()?;
    page.main_diagnosis.as_ref()?.icd10.as_deref().filter(|code| code.starts_with(['S', 'T']))?;
    let before = page.external_cause.replace(String::new())?;
    Some(Plant::new("病案首页·损伤外因", before, "(空)"))
}

fn terminal_cause(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(&[Kind::DeathRecord], &["死亡原因"], &["呼吸循环衰竭", "循环衰竭", "心跳呼吸骤停", "呼吸衰竭"])
}

fn formal_discussion(d: &mut Draft<'_>) -> Option<Plant> {
    let words = d.pick(&["各位医师均同意上述意见。", "同意上述意见,无补充。"]);
    d.rewrite_document(
        &[Kind::DeathDiscussion],
        |_| true,
        |old| {
            let head: Vec<&str> = old.lines().take_while(|line| !line.contains("讨论意见")).collect();
            Some(format!("{}\n讨论意见:{words}", head.join("\n")))
        },
    )
}

/// The specimen was sent the day before discharge; nobody speaks of the outstanding report.
fn pending_pathology(d: &mut Draft<'_>) -> Option<Plant> {
    let end = d.discharged()?;
    let before = plus_minutes(end, -20 * 60);
    let pathology = d.visit.pathology.take().unwrap_or_default();
    d.visit.pathology = Some(Vec::new());
    d.drop_clauses(&[Kind::DischargeRecord, Kind::DailyCourse, Kind::WardRound], &[], "病理|活检");
    if let Some(page) = d.visit.front_page.as_mut() {
        page.pathology_diagnosis = None;
    }
    d.visit.orders.as_mut()?.push(Order {
        id: Some("drill-pathology".to_owned()),
        kind: Some(OrderKind::Lab),
        name: Some("胃黏膜活检病理".to_owned()),
        start: Some(Instant::minute(before)),
        long_term: Some(false),
        ..Order::default()
    });
    d.append_some(
        COURSE,
        |d, index| d.time_of(index).is_some_and(|time| time.earliest() > plus_minutes(end, -60 * 60)),
        &["昨日行活检1块送病理检查,病理未回。", "已取活检送病理,结果待回。"],
    )?;
    Some(Plant::new(
        "出院记录",
        pathology.first().and_then(|report| report.diagnosis.clone()).unwrap_or("(无病理)".to_owned()),
        "病理未回,出院记录未提",
    ))
}

fn pending_culture(d: &mut Draft<'_>) -> Option<Plant> {
    let end = d.discharged()?;
    if d.has_text(DISCHARGE, "培养") {
        return None;
    }
    d.visit.orders.as_mut()?.push(Order {
        id: Some("drill-culture".to_owned()),
        kind: Some(OrderKind::Lab),
        name: Some("血培养+药敏".to_owned()),
        start: Some(Instant::minute(plus_minutes(end, -24 * 60))),
        long_term: Some(false),
        ..Order::default()
    });
    d.append_some(
        COURSE,
        |d, index| d.time_of(index).is_some_and(|time| time.earliest() > plus_minutes(end, -60 * 60)),
        &["已送血培养,结果未回。", "血培养待回报。"],
    )
}

fn antiplatelets_after_bleeding(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(DISCHARGE, "消化道出血|溃疡伴出血|脑出血") {
        return None;
    }
    d.append(
        DISCHARGE,
        &["出院医嘱"],
        &["8.阿司匹林肠溶片100mg qd、氯吡格雷75mg qd口服。", "8.阿司匹林100mg qd、替格瑞洛90mg bid口服,长期。"],
    )
}

fn allergic_drug_at_discharge(d: &mut Draft<'_>) -> Option<Plant> {
    let known = format!(
        "{}{}",
        d.visit.patient.allergies.clone().unwrap_or_default().join("、"),
        d.section_text(ADMISSION, &["既往史"]).unwrap_or_default()
    );
    let drug = if known.contains("磺胺") {
        "8.复方磺胺甲噁唑片0.96g bid口服7天。"
    } else if compiled("青霉素[^。否]{0,8}(过敏|皮疹)").is_match(&known) {
        "8.阿莫西林胶囊0.5g tid口服7天。"
    } else {
        d.edit(ADMISSION, &["既往史", "过敏史"], r"(否认|无)[^。\n]{0,14}过敏史", |_| {
            Some("2019年用青霉素后全身皮疹(青霉素过敏)".to_owned())
        })?;
        d.visit.patient.allergies = Some(vec!["青霉素".to_owned()]);
        if let Some(page) = d.visit.front_page.as_mut() {
            page.allergy = Some("有".to_owned());
            page.allergens = Some(vec!["青霉素".to_owned()]);
        }
        "8.阿莫西林胶囊0.5g tid口服7天。"
    };
    d.append(DISCHARGE, &["出院医嘱"], &[drug])
}

fn stage_removed(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(DISCHARGE, "癌|恶性肿瘤|淋巴瘤") {
        return None;
    }
    let staging = r"[cpy]*T\d[a-d]?N\d[a-c]?M\d[a-c]?|[ⅠⅡⅢⅣ]+[ABC]?期|[IVX]+[ABC]?期";
    d.drop_clauses(WRITTEN, &[], "分期");
    let plant = d.everywhere(staging, "")?;
    for diagnosis in d.visit.diagnoses.iter_mut().flatten() {
        diagnosis.name = diagnosis.name.take().map(|name| compiled(staging).replace_all(&name, "").into_owned());
    }
    Some(plant)
}

fn tuberculosis_unreported(d: &mut Draft<'_>) -> Option<Plant> {
    if d.has_text(WRITTEN, "肺结核") || d.age()? < 14 {
        return None;
    }
    let at = d.end()?;
    d.append_some(
        COURSE,
        |_, _| true,
        &["痰抗酸染色3次阳性,确诊肺结核(痰涂片阳性),予HRZE方案抗结核治疗。", "痰Xpert MTB阳性,诊断继发性肺结核 涂阳,予抗结核治疗。"],
    )?;
    let plant = d.append(DISCHARGE, &["出院诊断"], &["\n9.继发性肺结核 痰涂片阳性"])?;
    d.visit.diagnoses.get_or_insert_default().push(crate::record::Diagnosis {
        kind: Some(crate::record::DiagnosisKind::Discharge),
        name: Some("继发性肺结核 痰涂片阳性".to_owned()),
        icd10: Some("A15.000".to_owned()),
        main: Some(false),
        at: Some(Instant::minute(plus_minutes(at, -60))),
        by: None,
    });
    if let Some(page) = d.visit.front_page.as_mut() {
        page.other_diagnoses.get_or_insert_default().push(CodedDiagnosis {
            name: Some("继发性肺结核 痰涂片阳性".to_owned()),
            icd10: Some("A15.000".to_owned()),
            admission_state: Some("有".to_owned()),
        });
    }
    Some(plant)
}

fn hospital_infection(d: &mut Draft<'_>) -> Option<Plant> {
    complication_unlisted(d)
}

fn intubation_unrecorded(d: &mut Draft<'_>) -> Option<Plant> {
    if d.has_text(WRITTEN, "气管插管[^,。;]{0,2}(成功|术后|机械)|中心静脉置管") {
        return None;
    }
    let at = plus_minutes(d.admitted()?, 24 * 60);
    let name = d.pick(&["经口气管插管术", "中心静脉置管术", "腰椎穿刺术"]);
    if d.has_text(WRITTEN, &name[..12]) {
        return None;
    }
    d.visit.orders.as_mut()?.push(Order {
        id: Some("drill-procedure".to_owned()),
        kind: Some(OrderKind::Procedure),
        name: Some(name.to_owned()),
        start: Some(Instant::minute(at)),
        long_term: Some(false),
        ..Order::default()
    });
    Some(Plant::new("医嘱·操作", "(无)", format!("{name},无记录")))
}
