//! C: side, site, number, unit, vital signs.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::record::time::plus_minutes;
use crate::record::{DocumentKind as Kind, Instant, Side, Vitals};

pub const PLANTERS: &[Planter] = &[
    plant("C-C01", "主诉或查体左右写反", side_in_admission).also(&["C-N05"]),
    plant("C-C01", "病程左右写反", side_in_course).also(&["C-N05"]),
    plant("C-C01", "出院诊断左右写反", side_at_discharge).also(&["C-N05", "C-R05"]),
    plant("C-C02", "椎体节段写错", level).also(&["C-N02"]),
    plant("C-C02", "肺叶、血管或骨折部位写错", segment).also(&["C-N02", "C-R05"]),
    plant("C-C03", "病灶大小差十倍", size_tenfold),
    plant("C-C03", "数目不同", count_changed),
    plant("C-C04", "医嘱剂量单位差千倍", order_unit).also(&["C-C05", "C-M09"]),
    plant("C-C04", "病程剂量单位差千倍", text_unit).also(&["C-C05", "C-M09"]),
    plant("C-C05", "医嘱剂量差十倍", order_dose_tenfold).also(&["C-C04"]),
    plant("C-C05", "医嘱缺剂量", order_without_dose).also(&["C-M10"]),
    plant("C-C05", "医嘱缺途径", order_without_route).also(&["C-M10"]),
    plant("C-C05", "医嘱缺频次", order_without_frequency).also(&["C-M10"]),
    plant("C-C05", "病程写胰岛素泵入无剂量", infusion_without_dose),
    plant("C-C05", "氯化钾静推", potassium_push).also(&["C-C04"]),
    plant("C-C06", "病程抄错检验数值", lab_value),
    plant("C-C07", "体温脉搏颠倒", swapped_vitals),
    plant("C-C07", "血压颠倒", swapped_pressure),
    plant("C-C07", "不可能的生命体征", impossible_vital),
    plant("C-C07", "体温单数值不可能", impossible_chart),
    plant("C-C08", "体温单高热而病程写正常", chart_fever),
    plant("C-C08", "病程体温与体温单不同", note_temperature),
    plant("C-C08", "病程血压与体温单不同", note_pressure),
    plant("C-C09", "持续性房颤而律齐", fibrillation_regular),
    plant("C-C10", "清醒而昏迷评分低", gcs_against_text),
    plant("C-C10", "昏迷评分与分项不合", gcs_sum),
    plant("C-C10", "瘫痪而肌力5级", strength_against_text),
    plant("C-C10", "卧床而体力评分0分", ecog_against_text),
];

/// A word such as 左股骨 that stands elsewhere in the record and never with the other side.
fn flip(d: &mut Draft<'_>, kinds: &[Kind], sections: &[&str]) -> Option<Plant> {
    let everything: String = d.visit.documents.iter().map(whole_text).collect::<Vec<_>>().join("\n");
    let other = |side: &str| if side == "左" { "右" } else { "左" };
    let known = |side: &str, organ: &str| {
        let with = |side: &str| compiled(&format!("{side}侧?{organ}")).find_iter(&everything).count();
        with(side) >= 2 && with(other(side)) == 0
    };
    d.edit(kinds, sections, r"(左|右)(侧?)(\p{Han}{2})", |found| {
        let organ: String = found[3].to_owned();
        let whole = found.get(0)?.as_str();
        let opposite = whole.contains("双") || ["侧卧", "手持", "叶切", "右各"].iter().any(|word| organ.contains(word));
        (!opposite && known(&found[1], &organ)).then(|| format!("{}{}{organ}", other(&found[1]), &found[2]))
    })
}

fn side_in_admission(d: &mut Draft<'_>) -> Option<Plant> {
    flip(d, ADMISSION, &["主诉", "专科情况", "体格检查", "初步诊断"])
}

fn side_in_course(d: &mut Draft<'_>) -> Option<Plant> {
    flip(d, &[Kind::FirstCourse, Kind::WardRound, Kind::DailyCourse], &[])
}

fn side_at_discharge(d: &mut Draft<'_>) -> Option<Plant> {
    flip(d, DISCHARGE, &["出院诊断", "诊疗经过", "入院诊断"])
}

fn level(d: &mut Draft<'_>) -> Option<Plant> {
    let everything: String = d.visit.documents.iter().map(whole_text).collect::<Vec<_>>().join("\n");
    d.edit(WRITTEN, &[], r"([CTL])(\d)([/~-])([LS]?)(\d)(椎间盘|节段|突出|压缩)", |found| {
        let upper: u32 = found[2].parse().ok()?;
        let said = format!("{}{}{}{}{}", &found[1], &found[2], &found[3], &found[4], &found[5]);
        let twice = everything.matches(&said).count() >= 2 && upper > 1;
        twice.then(|| format!("{}{}{}{}{}", &found[1], upper - 1, &found[3], upper, &found[6]))
    })
}

const SEGMENTS: [(&str, &str); 20] = [
    ("十二指肠球部", "十二指肠降部"),
    ("胃窦", "胃底"),
    ("前降支", "回旋支"),
    ("回旋支", "右冠状动脉"),
    ("前壁", "下壁"),
    ("股骨颈", "股骨干"),
    ("股骨转子间", "股骨髁上"),
    ("上段", "下段"),
    ("右上肺", "右下肺"),
    ("左上肺", "左下肺"),
    ("右下肺", "右上肺"),
    ("左下肺", "左上肺"),
    ("上叶", "下叶"),
    ("下叶", "上叶"),
    ("基底节", "小脑"),
    ("桡骨远端", "桡骨近端"),
    ("胫骨平台", "胫骨远端"),
    ("乙状结肠", "升结肠"),
    ("大脑中动脉", "大脑后动脉"),
    ("胆囊颈", "胆囊底"),
];

fn segment(d: &mut Draft<'_>) -> Option<Plant> {
    let everything: String = d.visit.documents.iter().map(whole_text).collect::<Vec<_>>().join("\n");
    let known: Vec<(&str, &str)> =
        SEGMENTS.into_iter().filter(|(from, to)| everything.matches(from).count() >= 3 && !everything.contains(to)).collect();
    if known.is_empty() {
        return None;
    }
    let kinds = &[Kind::FirstCourse, Kind::WardRound, Kind::DischargeRecord, Kind::PreopSummary, Kind::ConsentOperation];
    d.swap(kinds, &[], &known)
}

fn size_tenfold(d: &mut Draft<'_>) -> Option<Plant> {
    let everything: String = d
        .visit
        .documents
        .iter()
        .map(whole_text)
        .chain(d.visit.exams.iter().flatten().filter_map(|exam| exam.findings.clone()))
        .collect::<Vec<_>>()
        .join("\n");
    let kinds = &[Kind::AdmissionNote, Kind::FirstCourse, Kind::WardRound, Kind::DailyCourse, Kind::PreopSummary, Kind::DischargeRecord];
    d.edit(kinds, &[], r"(\d)\.(\d)\s*(cm|mm)([^a-z]|$)", |found| {
        let value = &found[0][..found[0].len() - found[4].len()];
        (everything.matches(value).count() >= 2)
            .then(|| format!("{}{}{}{}", if &found[1] == "0" { "" } else { &found[1] }, &found[2], &found[3], &found[4]))
    })
}

fn count_changed(d: &mut Draft<'_>) -> Option<Plant> {
    let everything: String = d.visit.documents.iter().map(whole_text).collect::<Vec<_>>().join("\n");
    let kinds = &[Kind::WardRound, Kind::DailyCourse, Kind::PostopCourse, Kind::DischargeRecord, Kind::SafetyChecklist];
    d.edit(kinds, &[], r"(支架|引流管|结石|息肉|标本|切口|植入物)(约)?(\d)(枚|根|块|个|处)", |found| {
        let (noun, count, unit) = (&found[1], found[3].parse::<u32>().ok()?, &found[4]);
        let said = compiled(&format!("{noun}(约)?{count}{unit}")).find_iter(&everything).count();
        (said >= 2).then(|| format!("{noun}{}{unit}", count + 2))
    })
}

fn other_unit(unit: &str) -> Option<&'static str> {
    match unit {
        "mg" => Some("g"),
        "μg" | "ug" => Some("mg"),
        "g" => Some("kg"),
        _ => None,
    }
}

fn order_unit(d: &mut Draft<'_>) -> Option<Plant> {
    let orders = d.visit.orders.as_ref()?;
    let suits = |index: &usize| {
        orders[*index].dose.is_some() && orders[*index].unit.as_deref().is_some_and(|unit| unit == "mg" || unit == "μg" || unit == "ug")
    };
    let found: Vec<usize> = d.drug_orders().into_iter().filter(suits).collect();
    let index = (!found.is_empty()).then(|| d.pick(&found))?;
    let order = &mut d.visit.orders.as_mut()?[index];
    let unit = order.unit.clone()?;
    let wrong = other_unit(&unit)?;
    order.unit = Some(wrong.to_owned());
    let (name, dose) = (order.name.clone()?, order.dose?);
    Some(Plant::new(format!("医嘱·{name}"), format!("{dose}{unit}"), format!("{dose}{wrong}")))
}

const TIMES: &str = r"(\d+(?:\.\d+)?)(mg|μg|ug)(\s*(?:口服\s*)?(?:qd|bid|tid|qn|q12h|q8h))";

fn text_unit(d: &mut Draft<'_>) -> Option<Plant> {
    d.edit(&[Kind::FirstCourse, Kind::WardRound, Kind::DailyCourse, Kind::DischargeRecord], &[], TIMES, |found| {
        Some(format!("{}{}{}", &found[1], other_unit(&found[2])?, &found[3]))
    })
}

fn order_dose_tenfold(d: &mut Draft<'_>) -> Option<Plant> {
    let orders = d.visit.orders.as_ref()?;
    let fluid = |name: &str| ["氯化钠", "葡萄糖", "林格", "平衡液"].iter().any(|word| name.contains(word));
    // What stays outside of the body is measured by eye, and of some drugs ten times the dose is still one that is given.
    const WIDE: &str = "胰岛素|螺内酯|维生素|去甲肾上腺素|阿托品|呋塞米|泼尼|地塞米松|甲强龙|可的松|球蛋白|凝血因子|甲氨蝶呤|硫酸镁|丙泊酚|舒芬太尼|骨化三醇|炭片";
    let wide = |name: &str| compiled(WIDE).is_match(name);
    let suits = |index: &usize| {
        let order = &orders[*index];
        order.dose.is_some()
            && order.unit.is_some()
            && order.name.as_deref().is_some_and(|name| !fluid(name) && !wide(name))
            && !is_by_hand(order)
    };
    let found: Vec<usize> = d.drug_orders().into_iter().filter(suits).collect();
    let index = (!found.is_empty()).then(|| d.pick(&found))?;
    let order = &mut d.visit.orders.as_mut()?[index];
    let dose = order.dose?;
    order.dose = Some(dose * 10.0);
    let (name, unit) = (order.name.clone()?, order.unit.clone()?);
    Some(Plant::new(format!("医嘱·{name}"), format!("{dose}{unit}"), format!("{}{unit}", dose * 10.0)))
}

fn is_by_hand(order: &crate::record::Order) -> bool {
    const BY_HAND: &str =
        "滴眼|滴耳|滴鼻|眼膏|外用|软膏|乳膏|凝胶|乳胶|洗剂|贴|喷|气雾剂|粉雾剂|含漱|栓|灌肠|汤|中药|颗粒剂|皮试|冲管|封管";
    [&order.name, &order.route].into_iter().flatten().any(|words| compiled(BY_HAND).is_match(words))
}

fn order_lacks(d: &mut Draft<'_>, what: &str) -> Option<Plant> {
    let orders = d.visit.orders.as_ref()?;
    // A single order needs no frequency.
    let full = |index: &usize| {
        let order = &orders[*index];
        // Eye drops, ointments and decoctions are used as their name and the doctor's word say.
        let needed = !is_by_hand(order) && (what != "频次" || order.long_term == Some(true));
        order.dose.is_some() && order.route.is_some() && order.frequency.is_some() && needed
    };
    let found: Vec<usize> = d.drug_orders().into_iter().filter(full).collect();
    let index = (!found.is_empty()).then(|| d.pick(&found))?;
    let order = &mut d.visit.orders.as_mut()?[index];
    let before = match what {
        "剂量" => order.dose.take().map(|dose| format!("{dose}{}", order.unit.take().unwrap_or_default())),
        "途径" => order.route.take(),
        _ => order.frequency.take(),
    };
    Some(Plant::new(format!("医嘱·{}·{what}", order.name.clone()?), before?, "(空)"))
}

fn order_without_dose(d: &mut Draft<'_>) -> Option<Plant> {
    order_lacks(d, "剂量")
}

fn order_without_route(d: &mut Draft<'_>) -> Option<Plant> {
    order_lacks(d, "途径")
}

fn order_without_frequency(d: &mut Draft<'_>) -> Option<Plant> {
    order_lacks(d, "频次")
}

fn infusion_without_dose(d: &mut Draft<'_>) -> Option<Plant> {
    let sentences = [
        ("胰岛素", "血糖偏高,予胰岛素泵入。"),
        ("去甲肾上腺素", "血压低,予去甲肾上腺素静脉泵入维持。"),
        ("硝酸甘油", "予硝酸甘油泵入控制血压。"),
    ];
    // An order of the drug tells the dose; children are dosed by their weight.
    d.age().filter(|age| *age >= 14)?;
    d.visit.orders.as_ref()?;
    let unordered: Vec<&str> = sentences.iter().filter(|(drug, _)| d.order(&[drug]).is_none()).map(|(_, sentence)| *sentence).collect();
    (!unordered.is_empty()).then_some(())?;
    d.append_some(COURSE, |_, _| true, &unordered)
}

fn potassium_push(d: &mut Draft<'_>) -> Option<Plant> {
    let dose = d.pick(&[10.0, 20.0, 30.0]);
    d.add_drug("10%氯化钾注射液", dose, "ml", "静脉注射", "st", 20)
}

/// A value in the text that the laboratory reported, with its first digits changed.
fn lab_value(d: &mut Draft<'_>) -> Option<Plant> {
    let reported: Vec<(String, String)> = d
        .visit
        .labs
        .as_ref()?
        .iter()
        .filter_map(|lab| Some((lab.item.clone()?, lab.value.clone().filter(|value| value.parse::<f64>().is_ok())?)))
        .collect();
    const SHORT: [(&str, &str); 12] = [
        ("血红蛋白", "Hb"),
        ("白细胞", "WBC"),
        ("血小板", "PLT"),
        ("钾", "血钾|K"),
        ("肌酐", "肌酐|Cr"),
        ("谷丙转氨酶", "ALT"),
        ("丙氨酸氨基转移酶", "ALT"),
        ("C反应蛋白", "CRP"),
        ("尿素", "尿素"),
        ("白蛋白", "白蛋白"),
        ("葡萄糖", "血糖"),
        ("钠", "血钠|Na"),
    ];
    let words = |item: &str| {
        let short = SHORT
            .iter()
            .find(|(long, _)| item == *long || item.strip_suffix("计数") == Some(*long) || item.strip_prefix('血') == Some(*long));
        short.map_or_else(|| regex::escape(item), |(_, short)| format!("{}|{short}", regex::escape(item)))
    };
    let places = d.places(COURSE, &[]);
    let mut found = None;
    for (item, value) in &reported {
        let pattern = format!(r"({})(\p{{P}}?\s*){}(\s*(?:×|g/L|mmol|μmol|U/L|mg/L|%|↓|↑))", words(item), regex::escape(value));
        if places.iter().any(|place| compiled(&pattern).is_match(d.text(place))) {
            found = Some((pattern, value.clone()));
            if d.rng.bool() {
                break;
            }
        }
    }
    let (pattern, value) = found?;
    // 58 → 85 and 3.9 → 2.9 are slips of the pen that matter.
    let first = value.chars().next()?.to_digit(10)?;
    let wrong = format!("{}{}", if first > 5 { first - 3 } else { first + 3 }, &value[1..]);
    d.edit(COURSE, &[], &pattern, |found| Some(format!("{}{}{wrong}{}", &found[1], &found[2], &found[3])))
}

const EXAMINED: &[&str] = &["体格检查", "专科情况"];

fn swapped_vitals(d: &mut Draft<'_>) -> Option<Plant> {
    d.edit(ADMISSION, EXAMINED, r"T(\p{P}?\s*)(\d\d\.\d)(℃\p{P}?\s*P\p{P}?\s*)(\d{2,3})", |found| {
        Some(format!("T{}{}{}{}", &found[1], &found[4], &found[3], &found[2]))
    })
}

fn swapped_pressure(d: &mut Draft<'_>) -> Option<Plant> {
    d.edit(
        &[Kind::AdmissionNote, Kind::ReadmissionNote, Kind::WardRound, Kind::DailyCourse],
        &[],
        r"BP(\p{P}?\s*)(\d{2,3})/(\d{2,3})",
        |found| Some(format!("BP{}{}/{}", &found[1], &found[3], &found[2])),
    )
}

fn impossible_vital(d: &mut Draft<'_>) -> Option<Plant> {
    let kinds = &[Kind::AdmissionNote, Kind::ReadmissionNote, Kind::WardRound, Kind::DailyCourse];
    match d.rng.u64(0..4) {
        0 => d.edit(kinds, &[], r"T(\p{P}?\s*)3(\d\.\d)℃", |found| Some(format!("T{}63{}℃", &found[1], &found[2]))),
        1 => d.edit(kinds, &[], r"P(\p{P}?\s*)(\d{2,3})次", |found| Some(format!("P{}{}0次", &found[1], &found[2]))),
        2 => d.edit(kinds, &[], r"R(\p{P}?\s*)(\d{2})次", |found| Some(format!("R{}{}0次", &found[1], &found[2]))),
        _ => d.edit(kinds, &[], r"SpO[2₂](\p{P}?\s*)(\d{2})%", |found| Some(format!("SpO2{}1{}%", &found[1], &found[2]))),
    }
    .or_else(|| d.append(ADMISSION, &["体格检查"], &["复测血压1200/80mmHg。", "脉搏820次/分。"]))
}

fn impossible_chart(d: &mut Draft<'_>) -> Option<Plant> {
    let face = d.rng.u64(0..3);
    let row =
        d.visit.vitals.as_mut()?.iter_mut().find(|row| row.temperature.is_some() && row.pulse.is_some() && row.respiration.is_some())?;
    let (name, before, after) = match face {
        0 => ("体温", row.temperature?, row.temperature? + 30.0),
        1 => ("脉搏", row.pulse?, row.pulse? * 10.0),
        _ => ("呼吸", row.respiration?, row.respiration? * 10.0),
    };
    match face {
        0 => row.temperature = Some(after),
        1 => row.pulse = Some(after),
        _ => row.respiration = Some(after),
    }
    Some(Plant::new(format!("体温单·{name}"), before.to_string(), after.to_string()))
}

fn chart_fever(d: &mut Draft<'_>) -> Option<Plant> {
    let notes: Vec<usize> = d.documents(COURSE).into_iter().filter(|index| d.time_of(*index).is_some_and(|time| time.has_time())).collect();
    let index = (!notes.is_empty()).then(|| d.pick(&notes))?;
    let at = moved(d.time_of(index)?, -60);
    let hot = d.pick(&[39.2, 38.9, 39.6]);
    let place = d.last_place(index)?;
    if compiled("发热|高热|T ?3[89]").is_match(d.text(&place)) {
        return None;
    }
    let vitals = Vitals { at: Some(at), temperature: Some(hot), pulse: Some(104.0), respiration: Some(22.0), ..Vitals::default() };
    let rows = d.visit.vitals.as_mut()?;
    // A row of normal temperature between this fever and two hours after the note would make the note right.
    let since = at.earliest();
    let cooled = |row: &Vitals| {
        let soon = row.at.is_some_and(|time| time.earliest() > since && time.earliest() <= plus_minutes(since, 180));
        soon && row.temperature.is_some_and(|value| value < 38.0)
    };
    if rows.iter().any(cooled) {
        return None;
    }
    rows.push(vitals);
    rows.sort_by_key(|row| row.at.map(Instant::earliest));
    let plant = d.append_at(&place, &["体温正常。", "患者无发热,体温正常。", "T 36.6℃。"])?;
    Some(Plant { before: format!("体温单{at} {hot}℃"), ..plant })
}

/// A measurement of a note that has a row of the chart within two hours.
fn charted(d: &Draft<'_>, has: fn(&Vitals) -> bool) -> Vec<Place> {
    let mut places = d.places(COURSE, &[]);
    places.retain(|place| {
        let Some(time) = d.time_of(place.document) else { return false };
        let near = |row: &Vitals| row.at.is_some_and(|at| at.earliest().duration_since(time.earliest()).as_mins().abs() <= 120);
        d.visit.vitals.iter().flatten().any(|row| has(row) && near(row))
    });
    places
}

fn note_temperature(d: &mut Draft<'_>) -> Option<Plant> {
    let places = charted(d, |row| row.temperature.is_some_and(|value| value < 37.5));
    d.edit_where(&places, r"T(\p{P}?\s*)3[67]\.(\d)℃", |found| Some(format!("T{}39.{}℃", &found[1], &found[2])))
}

fn note_pressure(d: &mut Draft<'_>) -> Option<Plant> {
    let places = charted(d, |row| row.systolic.is_some());
    d.edit_where(&places, r"BP(\p{P}?\s*)(\d{2,3})/(\d{2,3})", |found| {
        let (high, low): (u32, u32) = (found[2].parse().ok()?, found[3].parse().ok()?);
        Some(format!("BP{}{}/{}", &found[1], high + 62, low + 34))
    })
}

fn fibrillation_regular(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(ADMISSION, "律齐") || d.has_text(WRITTEN, "窦性|房颤|心房颤动") {
        return None;
    }
    d.append(ADMISSION, &["初步诊断"], &["\n9.持续性心房颤动", "\n9.心房颤动(持续性)", "\n9.永久性心房颤动"])
}

fn gcs_against_text(d: &mut Draft<'_>) -> Option<Plant> {
    if d.age()? < 14 {
        return None;
    }
    d.edit(ADMISSION, &["体格检查"], "神志清楚|神清|神志清", |found| Some(format!("{},对答切题,GCS 7分", &found[0])))
}

fn gcs_sum(d: &mut Draft<'_>) -> Option<Plant> {
    if d.has_text(ADMISSION, "GCS") {
        return d.edit(ADMISSION, &[], r"GCS\s*(\d+)分", |found| Some(format!("GCS {}分(E2V2M3)", &found[1])));
    }
    d.append(ADMISSION, &["体格检查"], &["GCS 15分(E4V4M6)。", "GCS 12分(E4V5M6)。", "GCS评分14分(E3V4M6)。"])
}

fn strength_against_text(d: &mut Draft<'_>) -> Option<Plant> {
    d.append(
        ADMISSION,
        &["专科情况", "体格检查"],
        &["右侧肢体偏瘫,右上肢肌力5级,右下肢肌力5级。", "双下肢截瘫,肌力5级。", "左侧肢体完全性瘫痪,左侧肢体肌力5级。"],
    )
}

fn ecog_against_text(d: &mut Draft<'_>) -> Option<Plant> {
    d.append(ADMISSION, &["专科情况", "体格检查"], &["长期卧床,生活完全不能自理,ECOG 0分。", "ECOG评分0分,卧床不起,生活不能自理。"])
}

/// Side of an operation as structured data, for the family of operations.
pub fn other_side(side: Side) -> Option<Side> {
    match side {
        Side::Left => Some(Side::Right),
        Side::Right => Some(Side::Left),
        Side::Both | Side::None => None,
    }
}
