//! H and I: diagnosis, differential, plan.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::record::time::plus_minutes;
use crate::record::{Diagnosis, DiagnosisKind, DocumentKind as Kind, Instant, Lab, LabFlag, OrderKind, Sex};

pub const PLANTERS: &[Planter] = &[
    plant("C-H01", "出院诊断添一项无依据的病", unfounded).also(&["C-H13", "C-R05"]),
    plant("C-H02", "重度贫血无诊断", anaemia_undiagnosed).also(&["C-J01"]),
    plant("C-H02", "严重低钾无诊断", potassium_undiagnosed).also(&["C-J01"]),
    plant("C-H02", "血糖很高无诊断", glucose_undiagnosed).also(&["C-J01"]),
    plant("C-H03", "诊断用缩写", abbreviated),
    plant("C-H04", "诊断去掉侧别分型", qualifier_removed),
    plant("C-H05", "次要诊断排第一", minor_first),
    plant("C-H06", "诊断为待查而不列可能", undetermined),
    plant("C-H07", "出院仍为症状诊断", symptom_at_discharge),
    plant("C-H07", "修正诊断不做,一直待查", symptom_all_along).also(&["C-H06"]),
    plant("C-H08", "诊断依据照抄病例特点", basis_copied).also(&["C-L02"]),
    plant("C-H09", "删去鉴别诊断", differential_removed),
    plant("C-H09", "鉴别诊断写无", differential_none),
    plant("C-H10", "鉴别诊断为教科书段落", textbook_differential).also(&["C-H12"]),
    plant("C-H11", "男性鉴别妇科病,女性鉴别男科病", impossible_by_sex).also(&["C-A02"]),
    plant("C-H12", "鉴别诊断无本例依据", differential_truncated),
    plant("C-H13", "出院新增诊断而病程无记录", diagnosis_without_note).also(&["C-R05", "C-H01"]),
    plant("C-H14", "主要诊断出院时不同", main_changed).also(&["C-R05", "C-H13"]),
    plant("C-H15", "互斥诊断并列", exclusive),
    plant("C-H16", "诊断编号跳号", number_skipped),
    plant("C-H16", "诊断编号重复", number_repeated),
    plant("C-I01", "诊疗计划套话", boilerplate_plan),
    plant("C-I02", "计划与诊断无关", unrelated_plan).also(&["C-I01"]),
    plant("C-I03", "计划禁食而医嘱普食", diet_against_plan),
    plant("C-I03", "计划的检查未开医嘱", planned_not_ordered),
    plant("C-I03", "计划停药而医嘱未停", stopped_drug_continues),
    plant("C-I04", "计划无病情评估、护理级别、告知", assessment_removed),
];

fn add_diagnosis(d: &mut Draft<'_>, name: &str, icd10: &str) -> Option<Plant> {
    let at = Instant::minute(plus_minutes(d.discharged()?, -60));
    let by = d.doctor().map(|doctor| doctor.id);
    let place = d.place(DISCHARGE, &["出院诊断"])?;
    let numbers = compiled(r"(\d)[.、\x{ff0e}]").captures_iter(d.text(&place)).filter_map(|found| found[1].parse::<u32>().ok()).max();
    let line = format!("\n{}.{name}", numbers.unwrap_or(1) + 1);
    let plant = d.append_at(&place, &[&line])?;
    d.visit.diagnoses.get_or_insert_default().push(Diagnosis {
        kind: Some(DiagnosisKind::Discharge),
        name: Some(name.to_owned()),
        icd10: Some(icd10.to_owned()),
        main: Some(false),
        at: Some(at),
        by,
    });
    if let Some(page) = d.visit.front_page.as_mut() {
        page.other_diagnoses.get_or_insert_default().push(crate::record::CodedDiagnosis {
            name: Some(name.to_owned()),
            icd10: Some(icd10.to_owned()),
            admission_state: Some("有".to_owned()),
        });
    }
    Some(plant)
}

fn unfounded(d: &mut Draft<'_>) -> Option<Plant> {
    let choices = [
        ("慢性肾脏病3期", "N18.803", "肾脏病|CKD"),
        ("类风湿关节炎", "M06.900", "类风湿"),
        ("甲状腺功能减退症", "E03.900", "甲状腺功能减退|甲减"),
    ];
    let (name, code, known) = d.pick(&choices);
    if d.has_text(WRITTEN, known) {
        return None;
    }
    add_diagnosis(d, name, code)
}

fn diagnosis_without_note(d: &mut Draft<'_>) -> Option<Plant> {
    let choices = [
        ("急性肺栓塞", "I26.900", "肺栓塞"),
        ("急性肾损伤", "N17.900", "肾损伤"),
        ("下肢深静脉血栓形成", "I80.207", "深静脉血栓|静脉超声"),
    ];
    let (name, code, known) = d.pick(&choices);
    if d.has_text(WRITTEN, known) {
        return None;
    }
    add_diagnosis(d, name, code)
}

fn abnormal(d: &mut Draft<'_>, item: &str, values: &[&str], unit: &str, range: &str, flag: LabFlag) -> Option<Plant> {
    let value = d.pick(values);
    let admitted = d.admitted()?;
    // The second result lies in the stay, and somebody has had the time to read it.
    (plus_minutes(admitted, 36 * 60) < d.end()?).then_some(())?;
    for (number, hours) in [(1, 5), (2, 24)] {
        let at = Instant::minute(plus_minutes(admitted, hours * 60));
        d.visit.labs.as_mut()?.push(Lab {
            id: Some(format!("drill-{number}")),
            item: Some(item.to_owned()),
            value: Some(value.to_owned()),
            unit: Some(unit.to_owned()),
            range: Some(range.to_owned()),
            flag: Some(flag),
            sampled_at: Some(moved(at, -50)),
            reported_at: Some(at),
            ..Lab::default()
        });
    }
    Some(Plant::new(format!("检验·{item}"), "(无)", format!("两次{value}{unit},无相应诊断")))
}

fn anaemia_undiagnosed(d: &mut Draft<'_>) -> Option<Plant> {
    // A note that gives another value contradicts the report: that is another defect.
    if d.has_text(WRITTEN, r"贫血|血红蛋白\D{0,6}\d|H[Bbg]b?\D{0,4}\d|血常规[^。;；]{0,12}(正常|未见)") || d.age()? < 14 {
        return None;
    }
    abnormal(d, "血红蛋白", &["62", "55", "68"], "g/L", "115-150", LabFlag::Low)
}

fn potassium_undiagnosed(d: &mut Draft<'_>) -> Option<Plant> {
    if d.has_text(WRITTEN, r"低钾|钾\D{0,4}\d|K[+⁺]?\s?\d|电解质[^。;；]{0,12}(正常|未见|无)|补钾") {
        return None;
    }
    abnormal(d, "血钾", &["2.6", "2.8"], "mmol/L", "3.5-5.3", LabFlag::Low)
}

fn glucose_undiagnosed(d: &mut Draft<'_>) -> Option<Plant> {
    if d.has_text(WRITTEN, "糖尿病|血糖") {
        return None;
    }
    abnormal(d, "空腹血糖", &["12.8", "15.3"], "mmol/L", "3.9-6.1", LabFlag::High)
}

fn abbreviated(d: &mut Draft<'_>) -> Option<Plant> {
    let pairs = [
        ("慢性阻塞性肺疾病", "COPD"),
        ("2型糖尿病", "DM2"),
        ("高血压病", "HBP"),
        ("急性ST段抬高型心肌梗死", "STEMI"),
        ("上消化道出血", "上消出血"),
        ("骨质疏松症", "骨松"),
        ("胆囊结石", "GS"),
    ];
    d.swap(&[Kind::AdmissionNote, Kind::ReadmissionNote, Kind::DischargeRecord], &["初步诊断", "出院诊断"], &pairs)
        .or_else(|| d.append(ADMISSION, &["初步诊断"], &["\n9.慢支", "\n9.冠脉CTO", "\n9.DM2"]))
}

fn qualifier_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.edit(
        &[Kind::AdmissionNote, Kind::DischargeRecord],
        &["初步诊断", "出院诊断"],
        r"(左|右|双)侧?(\p{Han}{0,4}(骨折|结石|肺炎|梗死))[^\n。]*",
        |found| Some(found[3].to_owned()),
    )
    .or_else(|| {
        d.edit(
            &[Kind::AdmissionNote, Kind::DischargeRecord],
            &["初步诊断", "出院诊断"],
            r"高血压病\d级[^\n]*|2型糖尿病|急性ST段抬高型心肌梗死[^\n]*",
            |found| {
                Some(
                    if found[0].contains("血压") {
                        "高血压"
                    } else if found[0].contains("糖") {
                        "糖尿病"
                    } else {
                        "心梗"
                    }
                    .to_owned(),
                )
            },
        )
    })
}

fn minor_first(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite_as(ADMISSION, &["初步诊断"], |old| {
        let names: Vec<&str> =
            old.lines().map(|line| line.trim().trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '、').trim()).collect();
        if names.len() < 2 {
            return None;
        }
        let mut turned = vec![names[names.len() - 1]];
        turned.extend(&names[..names.len() - 1]);
        Some(turned.iter().enumerate().map(|(index, name)| format!("{}.{name}", index + 1)).collect::<Vec<_>>().join("\n"))
    })
}

fn undetermined(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(ADMISSION, &["初步诊断"], &["1.发热待查", "1.腹痛待查", "1.头晕查因", "1.胸痛原因待查"])
}

fn symptom_name(d: &mut Draft<'_>) -> &'static str {
    d.pick(&["腹痛待查", "发热待查", "胸痛待查", "头晕待查"])
}

fn symptom_at_discharge(d: &mut Draft<'_>) -> Option<Plant> {
    // What was discussed, or waits for the pathologist, may stay open.
    if d.stay_hours()? < 96 || d.has_text(ANY_COURSE, "MDT|多学科|疑难病例") || d.has_text(DISCHARGE, "病理[^。]{0,8}(未回|待回|待报)")
    {
        return None;
    }
    let name = symptom_name(d);
    let line = format!("1.{name}");
    let plant = d.rewrite(DISCHARGE, &["出院诊断"], &[&line])?;
    if let Some(diagnoses) = d.visit.diagnoses.as_mut() {
        diagnoses.retain(|diagnosis| diagnosis.kind != Some(DiagnosisKind::Discharge) || diagnosis.main == Some(true));
        for diagnosis in diagnoses.iter_mut().filter(|diagnosis| diagnosis.kind == Some(DiagnosisKind::Discharge)) {
            diagnosis.name = Some(name.to_owned());
            diagnosis.icd10 = Some("R69.x00".to_owned());
        }
    }
    if let Some(page) = d.visit.front_page.as_mut() {
        page.other_diagnoses = Some(Vec::new());
        if let Some(main) = page.main_diagnosis.as_mut() {
            (main.name, main.icd10) = (Some(name.to_owned()), Some("R69.x00".to_owned()));
        }
    }
    Some(plant)
}

fn symptom_all_along(d: &mut Draft<'_>) -> Option<Plant> {
    if d.stay_hours()? < 120 {
        return None;
    }
    let at = d.admitted()?;
    let name = symptom_name(d);
    let diagnoses = d.visit.diagnoses.as_mut()?;
    let before = diagnoses.first()?.name.clone()?;
    diagnoses.clear();
    diagnoses.push(Diagnosis {
        kind: Some(DiagnosisKind::Admission),
        name: Some(name.to_owned()),
        icd10: Some("R69.x00".to_owned()),
        main: Some(true),
        at: Some(Instant::minute(plus_minutes(at, 60))),
        by: None,
    });
    let line = format!("1.{name}");
    d.rewrite(ADMISSION, &["初步诊断"], &[&line])?;
    d.drop_sentences(COURSE, &[], "修正诊断|补充诊断|明确诊断|诊断成立|诊断明确");
    if d.place(DISCHARGE, &["出院诊断"]).is_some() {
        d.rewrite(DISCHARGE, &["出院诊断"], &[&line])?;
    }
    Some(Plant::new("诊断", before, format!("{name}(全程)")))
}

fn basis_copied(d: &mut Draft<'_>) -> Option<Plant> {
    let features = d.section_text(FIRST, &["病例特点"])?;
    (features.chars().count() > 60).then_some(())?;
    let copied = features.trim().to_owned();
    d.rewrite(FIRST, &["诊断依据", "拟诊讨论"], &[&copied])
}

fn differential_removed(d: &mut Draft<'_>) -> Option<Plant> {
    // A diagnosis that is proven needs none.
    if d.has_text(FIRST, "诊断明确|无需鉴别") {
        return None;
    }
    if d.place(FIRST, &["鉴别诊断"]).is_some() {
        let plant = d.drop_section(FIRST, &["鉴别诊断"])?;
        // Where two schools of medicine have one each, the other is still there.
        return (!d.has_text(FIRST, "鉴别")).then_some(plant);
    }
    d.rewrite_as(FIRST, &["拟诊讨论"], |old| {
        let cut = compiled(r"(?s)\n?鉴别(诊断)?\p{P}.*$").replace(old, "");
        Some(cut.into_owned())
    })
}

fn differential_none(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(FIRST, &["鉴别诊断"], &["无。", "暂无需鉴别。", "无特殊鉴别。", "略。"])
}

fn textbook_differential(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(
        FIRST,
        &["鉴别诊断"],
        &[
            "1.急性胰腺炎:多有暴饮暴食史,表现为上腹部持续性剧痛,向腰背部放射,血尿淀粉酶升高,CT可见胰腺肿胀渗出。2.消化性溃疡穿孔:突发上腹刀割样剧痛,板状腹,X线见膈下游离气体。3.急性阑尾炎:多为转移性右下腹痛,麦氏点压痛。",
            "1.肺结核:多有低热、盗汗、乏力等结核中毒症状,好发于上叶尖后段,痰抗酸杆菌阳性可确诊。2.支气管肺癌:多见于长期吸烟者,刺激性咳嗽、痰中带血,CT见占位。3.支气管扩张:慢性咳嗽、大量脓痰、反复咯血。",
        ],
    )
}

fn impossible_by_sex(d: &mut Draft<'_>) -> Option<Plant> {
    let words: &[&str] = match d.visit.patient.sex? {
        Sex::Male => &[
            "④异位妊娠:有停经史,HCG阳性,暂不支持。",
            "④卵巢囊肿蒂扭转:突发下腹痛,超声可鉴别。",
            "④急性盆腔炎:有白带增多,宫颈举痛,不支持。",
        ],
        Sex::Female => &["④前列腺增生:尿频、夜尿多,超声可鉴别。", "④睾丸扭转:突发阴囊疼痛,不支持。", "④急性前列腺炎:会阴部胀痛,不支持。"],
        Sex::Unknown => return None,
    };
    d.append(FIRST, &["鉴别诊断"], words)
}

/// Every differential keeps its textbook half: what follows 本例 or the judgement is cut.
fn differential_truncated(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite_as(FIRST, &["鉴别诊断"], |old| {
        let cut = compiled(r"[,;\x{ff0c}\x{ff1b}]?(但|本例|不支持|暂不|不符|无)[^。\n]*").replace_all(old, "");
        (cut.chars().count() > 20).then(|| cut.into_owned())
    })
}

fn main_changed(d: &mut Draft<'_>) -> Option<Plant> {
    let choices = [("慢性胃炎", "K29.500", "胃炎"), ("颈椎病", "M47.802", "颈椎"), ("慢性咽炎", "J31.200", "咽炎")];
    let (name, code, known) = d.pick(&choices);
    if d.has_text(WRITTEN, known) {
        return None;
    }
    let line = format!("1.{name}");
    let plant = d.rewrite(DISCHARGE, &["出院诊断"], &[&line])?;
    for diagnosis in d
        .visit
        .diagnoses
        .iter_mut()
        .flatten()
        .filter(|diagnosis| diagnosis.kind == Some(DiagnosisKind::Discharge) && diagnosis.main == Some(true))
    {
        (diagnosis.name, diagnosis.icd10) = (Some(name.to_owned()), Some(code.to_owned()));
    }
    if let Some(main) = d.visit.front_page.as_mut().and_then(|page| page.main_diagnosis.as_mut()) {
        (main.name, main.icd10) = (Some(name.to_owned()), Some(code.to_owned()));
    }
    Some(plant)
}

fn exclusive(d: &mut Draft<'_>) -> Option<Plant> {
    let known = [
        ("2型糖尿病", "1型糖尿病"),
        ("慢性阻塞性肺疾病急性加重", "慢性阻塞性肺疾病稳定期"),
        ("甲状腺功能亢进症", "甲状腺功能减退症"),
        ("急性ST段抬高型心肌梗死", "急性非ST段抬高型心肌梗死"),
        ("高血压病3级", "高血压病1级"),
        ("高血压病2级", "高血压病1级"),
    ];
    let listed = d.section_text(ADMISSION, &["初步诊断"])?;
    let Some((_, other)) = known.iter().find(|(own, _)| listed.contains(own)) else {
        return d.append(
            ADMISSION,
            &["初步诊断"],
            &["\n8.1型糖尿病\n9.2型糖尿病", "\n8.持续性心房颤动\n9.阵发性心房颤动", "\n8.甲状腺功能亢进症\n9.甲状腺功能减退症"],
        );
    };
    let line = format!("\n9.{other}");
    d.append(ADMISSION, &["初步诊断"], &[&line])
}

fn renumber(d: &mut Draft<'_>, new: fn(u32) -> u32) -> Option<Plant> {
    let kinds = &[Kind::AdmissionNote, Kind::ReadmissionNote, Kind::DischargeRecord];
    for place in d.places(kinds, &["初步诊断", "出院诊断"]) {
        if compiled(r"(?m)(^|\s)3[.、\x{ff0e}]").is_match(d.text(&place)) {
            return d.edit_where(&[place], r"(?m)(^|\s)3([.、\x{ff0e}])", |found| Some(format!("{}{}{}", &found[1], new(3), &found[2])));
        }
    }
    None
}

fn number_skipped(d: &mut Draft<'_>) -> Option<Plant> {
    renumber(d, |number| number + 2)
}

fn number_repeated(d: &mut Draft<'_>) -> Option<Plant> {
    renumber(d, |number| number - 1)
}

fn boilerplate_plan(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(
        FIRST,
        &["诊疗计划"],
        &[
            "完善相关检查,对症支持治疗,请示上级医师。",
            "1.完善各项检查。2.对症治疗。3.请上级医师查房指导。",
            "积极完善相关检查,予对症处理,观察病情变化。",
        ],
    )
}

fn unrelated_plan(d: &mut Draft<'_>) -> Option<Plant> {
    if d.has_text(ADMISSION, "白内障|皮炎|湿疹") {
        return None;
    }
    d.rewrite(
        FIRST,
        &["诊疗计划"],
        &[
            "病情评估:一般;二级护理;妥布霉素滴眼液1滴 qid;复查视力、眼压,已告知患者。",
            "病情评估:一般;二级护理;炉甘石洗剂外用 tid,氯雷他定10mg qn,已告知患者。",
        ],
    )
}

fn diet_against_plan(d: &mut Draft<'_>) -> Option<Plant> {
    let admitted = d.admitted()?;
    let index = d.visit.orders.as_ref()?.iter().position(|order| order.kind == Some(OrderKind::Diet));
    let order = crate::record::Order {
        id: Some("drill-diet".to_owned()),
        kind: Some(OrderKind::Diet),
        name: Some("普食".to_owned()),
        start: Some(Instant::minute(plus_minutes(admitted, 30))),
        long_term: Some(true),
        ..Default::default()
    };
    let orders = d.visit.orders.as_mut()?;
    match index {
        Some(index) => {
            orders.retain(|order| order.kind != Some(OrderKind::Diet));
            orders.insert(index.min(orders.len()), order);
        }
        None => orders.push(order),
    }
    if d.has_text(FIRST, "禁食") {
        return Some(Plant::new("医嘱·饮食", "计划禁食", "普食"));
    }
    d.append(FIRST, &["诊疗计划"], &["暂禁食、胃肠减压。", "暂禁食水。", "目前禁食,静脉营养支持。"])
}

/// Nothing in the visit is of the test: one that was done, or that somebody speaks of, was not forgotten.
pub(super) fn is_unheard_of(d: &Draft<'_>, words: &str) -> bool {
    let pattern = compiled(words);
    let exams = d.visit.exams.iter().flatten().flat_map(|exam| [&exam.modality, &exam.site, &exam.findings, &exam.impression]);
    let orders = d.visit.orders.iter().flatten().map(|order| &order.name);
    let is_named = exams.chain(orders).flatten().any(|text| pattern.is_match(text));
    !is_named && !d.visit.documents.iter().any(|document| pattern.is_match(&whole_text(document)))
}

fn planned_not_ordered(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.orders.as_ref()?;
    let choices = [
        ("今日急查头颅MRI。", "MR|磁共振|核磁"),
        ("今日行胃镜检查。", "胃镜|内镜"),
        ("今日完成全腹增强CT。", r"(腹|盆|泌尿|主动脉)[^。;；]{0,12}CT|CT[^。;；]{0,8}[腹盆]|(^|[^\p{L}])CT([^A-Z]|$)"),
        ("明日行支气管镜检查。", "气管镜|纤支镜|灌洗"),
    ];
    let open: Vec<&str> = choices.into_iter().filter(|(_, words)| is_unheard_of(d, words)).map(|(plan, _)| plan).collect();
    if open.is_empty() {
        return None;
    }
    d.append(FIRST, &["诊疗计划"], &open)
}

/// The drug of a long-term order as a note would name it; `None` for the fluids that others are given in.
pub(super) fn bare_drug(name: &str) -> Option<String> {
    let forms = "^(注射用|盐酸|硫酸|富马酸|苯磺酸)|[（(][^）)]*[）)]|(注射液|[肠缓控咀分溶释嚼散泡]{2}片|缓释胶囊|软胶囊|片|胶囊|颗粒)+$";
    let mut bare = compiled(forms).replace_all(name, "").into_owned();
    if !compiled("(化|氢|酸)钠$").is_match(&bare) && bare.ends_with('钠') {
        bare.pop();
    }
    let fluid = compiled(r"^\d|氯化钠|葡萄糖|电解质|林格|汤剂|[+＋\d]");
    (bare.chars().count() >= 3 && !fluid.is_match(&bare)).then_some(bare)
}

/// The only order of the drug, of which no note or paper says anything from then on: one that gives it again, or another form of it, says that the
/// plan has changed.
pub(super) fn is_heard_no_more(d: &Draft<'_>, bare: &str, from: jiff::civil::DateTime) -> bool {
    let named = d.visit.orders.iter().flatten().filter(|order| order.name.as_deref().is_some_and(|name| name.contains(bare))).count();
    let later = d.visit.documents.iter().enumerate().filter(|(index, _)| d.time_of(*index).is_none_or(|time| time.latest() >= from));
    let in_course = |kind: Kind| COURSE.contains(&kind) || ANY_COURSE.contains(&kind);
    let told = |document: &crate::record::Document| document.kind.is_some_and(in_course) && whole_text(document).contains(bare);
    named == 1 && !later.into_iter().any(|(_, document)| told(document))
}

fn stopped_drug_continues(d: &mut Draft<'_>) -> Option<Plant> {
    let end = d.end()?;
    let orders = d.visit.orders.as_ref()?;
    let notes: Vec<(usize, Instant)> = d.documents(COURSE).into_iter().filter_map(|note| Some((note, d.time_of(note)?))).collect();
    // The first note after ten hours of the drug, with two days to come.
    let first_note = |start: Instant| {
        let suits = |time: &Instant| time.earliest() > plus_minutes(start.earliest(), 600) && plus_minutes(time.earliest(), 50 * 60) < end;
        notes.iter().find(|(_, time)| suits(time)).copied()
    };
    let candidate = |index: usize| {
        let order = orders.get(index).filter(|order| order.long_term == Some(true))?;
        let (note, time) = first_note(order.start?)?;
        let bare = bare_drug(order.name.as_deref()?)?;
        is_heard_no_more(d, &bare, time.earliest()).then_some((index, note, bare))
    };
    let candidates: Vec<(usize, usize, String)> = d.drug_orders().into_iter().filter_map(candidate).collect();
    let picked = (!candidates.is_empty()).then(|| d.rng.u64(0..candidates.len() as u64) as usize)?;
    let (index, note, bare) = candidates[picked].clone();
    d.visit.orders.as_mut()?[index].stop = Some(Instant::minute(plus_minutes(end, -30)));
    let place = d.last_place(note)?;
    d.append_at(&place, &[&format!("今日停用{bare}。"), &format!("停{bare}。"), &format!("{bare}予以停用。")])
}

/// Nor does anything else of the first day hold it: a grade of nursing among the orders, an assessment form, a signed talk.
fn assessment_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let told =
        "[一二三ⅠⅡⅢI特1-3]级?护理|特护|护理级别|病情(评估|分级|危重|较?重|平稳|稳定|一般)|病[危重]|评估|告知|交代|沟通|谈话|知情|签字";
    let admitted = d.admitted()?;
    let forms = &[Kind::ConsentSpecial, Kind::CriticalNotice, Kind::NursingRecord, Kind::OrderSheet];
    let of_first_day = |index: usize| d.time_of(index).is_none_or(|time| time.earliest() <= plus_minutes(admitted, 24 * 60));
    if d.documents(forms).into_iter().any(of_first_day) || !d.places(ADMISSION, &["专项评估"]).is_empty() {
        return None;
    }
    d.drop_clauses(FIRST, &["病例特点", "拟诊讨论", "诊断依据", "鉴别诊断", "初步诊断"], told);
    d.visit.orders.as_mut()?.retain(|order| order.kind != Some(OrderKind::Nursing));
    d.rewrite(
        FIRST,
        &["诊疗计划"],
        &["头孢曲松2g qd静滴;布洛芬0.3g必要时口服;查血常规、生化、心电图。", "泮托拉唑40mg qd静滴;查血常规、肝肾功能、腹部超声。"],
    )
}
