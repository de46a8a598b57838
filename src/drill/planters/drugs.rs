//! M: orders and drugs.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::drill::scene::Scene;
use crate::record::time::{minutes_between, plus_minutes};
use crate::record::{Culture, DocumentKind as Kind, Instant, Lab, LabFlag, Order, OrderKind};

pub const PLANTERS: &[Planter] = &[
    plant("C-M01", "无感染而用抗菌药物,病程不提", antibiotic_without_indication).also(&["T31"]),
    plant("C-M01", "抗菌药物的病程记录删去", antibiotic_note_removed).also(&["T31"]),
    plant("C-M02", "特殊使用级无会诊", special_without_consult).on(Scene::SpecialAntibiotic).also(&["T30"]),
    plant("C-M02", "直接开特殊使用级", special_added).also(&["T30", "C-M01", "T31", "C-M03", "T29"]),
    plant("C-M03", "紧急越级使用未补手续", over_level).also(&["T29", "C-M02", "T30", "C-M01", "T31"]),
    plant("C-M04", "预防用药在切皮后才给", prophylaxis_after_incision),
    plant("C-M04", "预防用药数日不停", prophylaxis_too_long),
    plant("C-M04", "预防用药提前数小时", prophylaxis_too_early),
    plant("C-M05", "用药后两日才送培养", culture_after_antibiotic),
    plant("C-M06", "开了过敏类药", allergic_drug).also(&["C-R18"]),
    plant("C-M07", "青霉素无皮试", penicillin_without_test),
    plant("C-M07", "青霉素皮试阳性仍用", penicillin_after_positive_test).also(&["C-M06"]),
    plant("C-M07", "皮试记录删去", skin_test_removed),
    plant("C-M08", "肾衰竭用二甲双胍", metformin_in_renal_failure),
    plant("C-M08", "活动性出血用抗凝药", anticoagulant_in_bleeding).also(&["C-J08", "C-F07"]),
    plant("C-M09", "病程药量与医嘱不同", dose_differs),
    plant("C-M10", "一条医嘱写多项内容", several_contents),
    plant("C-M10", "医嘱无开始时间", order_without_time),
    plant("C-M11", "肺炎无抗感染医嘱", pneumonia_untreated),
    plant("C-M11", "糖尿病无降糖医嘱", diabetes_untreated),
    plant("C-M12", "抢救用药次数与医嘱不同", rescue_count).on(Scene::Rescue),
    plant("C-M12", "抢救用药未补医嘱", rescue_orders_missing).on(Scene::Rescue).also(&["T34"]),
];

fn antibiotic(d: &mut Draft<'_>, name: &str, dose: f64, frequency: &str, class: &str, purpose: Option<&str>, hours: i64) -> Option<Plant> {
    let plant = d.add_drug(name, dose, "g", "静脉滴注", frequency, hours)?;
    let order = d.visit.orders.as_mut()?.last_mut()?;
    order.class = Some(class.to_owned());
    order.purpose = purpose.map(str::to_owned);
    Some(plant)
}

fn uninfected(d: &Draft<'_>) -> bool {
    let antibiotics = d
        .visit
        .orders
        .iter()
        .flatten()
        .any(|order| order.class.as_deref().is_some_and(|class| class.starts_with("antibiotic")) && order.long_term == Some(true));
    !antibiotics && !d.has_text(WRITTEN, "肺炎|感染[^筛四]|发热|脓|抗感染")
}

fn antibiotic_without_indication(d: &mut Draft<'_>) -> Option<Plant> {
    if !uninfected(d) || d.age()? < 14 || d.stay_hours()? < 72 {
        return None;
    }
    let (name, dose, frequency) =
        d.pick(&[("注射用头孢呋辛钠", 1.5, "q8h"), ("注射用头孢曲松钠", 2.0, "qd"), ("注射用头孢他啶", 1.0, "q8h")]);
    antibiotic(d, name, dose, frequency, "antibiotic_restricted", Some("treatment"), 24)
}

const OPERATIVE: &[Kind] = &[Kind::PreopSummary, Kind::PreopDiscussion, Kind::OperationRecord, Kind::PostopCourse, Kind::AnesthesiaRecord];

fn antibiotic_note_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let order = d.visit.orders.as_ref()?.iter().find(|order| {
        order.class.as_deref().is_some_and(|class| class.starts_with("antibiotic")) && order.purpose.as_deref() != Some("prophylaxis")
    })?;
    let stem: String = compiled("^(注射用)").replace(order.name.as_deref()?, "").chars().take(3).collect();
    // Any other drug of the kind is as good a note.
    const SPOKEN_OF: &str = "抗感染|抗菌|抗炎|消炎|抗生素|控制感染|预防感染|预防用药|头孢|西林|沙星|霉素|培南|硝唑|巴坦|环素|环类|唑胺|万古|多黏|抗结核|三联|四联";
    let pattern = format!("{}|{SPOKEN_OF}", regex::escape(&stem));
    let plant = d.drop_sentences(&[WRITTEN, ANY_COURSE, DISCHARGE, OPERATIVE].concat(), &[], &pattern)?;
    (!d.has_text(WRITTEN, &pattern)).then_some(plant)
}

fn special_without_consult(d: &mut Draft<'_>) -> Option<Plant> {
    let documents = &mut d.visit.documents;
    let before = documents.len();
    documents.retain(|document| {
        !matches!(document.kind, Some(Kind::ConsultOpinion | Kind::ConsultRequest)) || !document.id.starts_with("drill-")
    });
    (documents.len() < before).then_some(())?;
    d.visit.consults.as_mut()?.retain(|consult| consult.department.as_deref() != Some("感染科"));
    for document in &mut d.visit.documents {
        if let Some(text) = document.text.as_mut() {
            *text = text.replace("感染科会诊同意使用替加环素,", "").replace("感染科会诊同意使用替加环素，", "");
        }
    }
    Some(Plant::new("会诊", "感染科会诊", "(删去)"))
}

fn special_added(d: &mut Draft<'_>) -> Option<Plant> {
    if d.age()? < 14 || d.has_text(WRITTEN, "感染科会诊") {
        return None;
    }
    let (name, dose, frequency) = d.pick(&[
        ("注射用替加环素", 0.05, "q12h"),
        ("注射用亚胺培南西司他丁钠", 0.5, "q6h"),
        ("注射用万古霉素", 1.0, "q12h"),
        ("注射用美罗培南", 1.0, "q8h"),
    ]);
    antibiotic(d, name, dose, frequency, "antibiotic_special", Some("treatment"), 20)
}

fn over_level(d: &mut Draft<'_>) -> Option<Plant> {
    if d.age()? < 14 || d.stay_hours()? < 72 || d.has_text(WRITTEN, "感染科会诊") {
        return None;
    }
    let plant = antibiotic(d, "注射用美罗培南", 1.0, "q8h", "antibiotic_special", Some("emergency"), 18)?;
    d.append_some(COURSE, |_, _| true, &["病情紧急,越级使用美罗培南1.0g q8h。", "因病情紧急,越级予美罗培南抗感染。"])?;
    Some(plant)
}

/// The order of a prophylactic antibiotic given for an operation within three hours; heparin is ordered for prophylaxis too, and drops go on for weeks.
fn prophylaxis(d: &Draft<'_>) -> Option<(usize, Instant, Instant)> {
    let antibiotic = compiled("头孢|克林|西林|培南|沙星|万古|硝唑");
    let local = compiled("滴眼|眼膏|眼用|滴耳|软膏|凝胶");
    let before =
        |order: &Order, start: Instant| order.start.is_some_and(|at| (0..=180).contains(&minutes_between(at.earliest(), start.earliest())));
    let operations: Vec<(Instant, Instant)> =
        d.visit.operations.iter().flatten().filter_map(|operation| Some((operation.started_at?, operation.ended_at?))).collect();
    d.visit.orders.as_ref()?.iter().enumerate().find_map(|(index, order)| {
        let name = order.name.as_deref().filter(|name| antibiotic.is_match(name) && !local.is_match(name))?;
        (order.purpose.as_deref() == Some("prophylaxis") && !name.contains("皮试")).then_some(())?;
        let (start, end) = operations.iter().find(|(start, _)| before(order, *start))?;
        Some((index, *start, *end))
    })
}

fn prophylaxis_moved(d: &mut Draft<'_>, to: Instant) -> Option<Plant> {
    let (index, ..) = prophylaxis(d)?;
    let order = &mut d.visit.orders.as_mut()?[index];
    let before = order.start?;
    order.start = Some(to);
    order.stop = order.stop.map(|_| to);
    let name = order.name.clone()?;
    // What the notes tell of the dose before the incision goes with it: otherwise they say that it was given in time.
    let stem: String = name.trim_start_matches("注射用").chars().take(3).collect();
    let told =
        format!("{}|(术前|切皮前|诱导)[^。;；\n]{{0,12}}(抗菌|抗生素|预防)|预防[^。;；\n]{{0,6}}(抗菌|抗生素|感染)", regex::escape(&stem));
    let kinds = [
        Kind::OperationRecord,
        Kind::AnesthesiaRecord,
        Kind::PostopCourse,
        Kind::SafetyChecklist,
        Kind::PreopSummary,
        Kind::PreopDiscussion,
    ];
    d.drop_clauses(&kinds, &[], &told);
    d.drop_clauses(COURSE, &[], &told);
    Some(Plant::new(format!("医嘱·{name}"), before.to_string(), to.to_string()))
}

fn prophylaxis_after_incision(d: &mut Draft<'_>) -> Option<Plant> {
    let (_, _, end) = prophylaxis(d)?;
    let to = moved(end, d.pick(&[30, 120]));
    if d.has_text(&[Kind::OperationRecord, Kind::AnesthesiaRecord], "断脐") {
        return None;
    }
    prophylaxis_moved(d, to)
}

fn prophylaxis_too_early(d: &mut Draft<'_>) -> Option<Plant> {
    let (_, start, _) = prophylaxis(d)?;
    let to = moved(start, -d.pick(&[240, 420]));
    prophylaxis_moved(d, to)
}

fn prophylaxis_too_long(d: &mut Draft<'_>) -> Option<Plant> {
    let (index, start, _) = prophylaxis(d)?;
    let stop = Instant::minute(plus_minutes(start.earliest(), 4 * 1440)).earliest().min(plus_minutes(d.end()?, -120));
    if stop < plus_minutes(start.earliest(), 50 * 60) {
        return None;
    }
    let order = &mut d.visit.orders.as_mut()?[index];
    (order.long_term, order.frequency, order.stop) = (Some(true), Some("q8h".to_owned()), Some(Instant::minute(stop)));
    Some(Plant::new(format!("医嘱·{}", order.name.clone()?), "单剂", format!("q8h至{}", Instant::minute(stop))))
}

fn culture_after_antibiotic(d: &mut Draft<'_>) -> Option<Plant> {
    if d.age()? < 14 || d.visit.cultures.iter().flatten().next().is_some() || d.stay_hours()? < 96 {
        return None;
    }
    let at = plus_minutes(d.admitted()?, 20 * 60);
    let plant = antibiotic(d, "注射用亚胺培南西司他丁钠", 0.5, "q6h", "antibiotic_special", Some("treatment"), 20)?;
    d.visit.cultures.get_or_insert_default().push(Culture {
        id: Some("drill-culture".to_owned()),
        specimen: Some("痰".to_owned()),
        organism: Some("未检出致病菌".to_owned()),
        sensitivity: None,
        sampled_at: Some(Instant::minute(plus_minutes(at, 2 * 1440))),
        reported_at: Some(Instant::minute(plus_minutes(at, 3 * 1440))),
    });
    Some(Plant { after: format!("{},两日后才送痰培养", plant.after), ..plant })
}

fn allergic_drug(d: &mut Draft<'_>) -> Option<Plant> {
    let known = format!(
        "{}{}",
        d.visit.patient.allergies.clone().unwrap_or_default().join("、"),
        d.section_text(ADMISSION, &["既往史"]).unwrap_or_default()
    );
    // 否认磺胺过敏, 对头孢类无过敏 and the mother's allergy are none of the patient's.
    let own = |clause: &&str| !compiled("否认|无|未|母|父").is_match(clause);
    let known: String = known.split(['。', ';', '\u{ff1b}', '\n', ',', '\u{ff0c}']).filter(own).collect::<Vec<_>>().join("。");
    /// Name, dose, unit, route and frequency of an order.
    type Ordered = (&'static str, f64, &'static str, &'static str, &'static str);
    let groups: [(&str, &[Ordered]); 4] = [
        (
            "青霉素[^。否]{0,10}(过敏|皮疹|休克)",
            &[("阿莫西林胶囊", 0.5, "g", "口服", "tid"), ("注射用哌拉西林钠他唑巴坦钠", 4.5, "g", "静脉滴注", "q8h")],
        ),
        ("磺胺", &[("复方磺胺甲噁唑片", 0.96, "g", "口服", "bid"), ("柳氮磺吡啶肠溶片", 1.0, "g", "口服", "tid")]),
        ("头孢[^。否]{0,10}(过敏|皮疹|休克)", &[("注射用头孢曲松钠", 2.0, "g", "静脉滴注", "qd")]),
        ("碘[^。否]{0,10}(过敏|皮疹|休克)", &[("碘海醇注射液", 50.0, "ml", "静脉注射", "st")]),
    ];
    let found = groups.iter().find(|(pattern, _)| compiled(pattern).is_match(&known));
    let drugs = match found {
        Some((_, drugs)) => *drugs,
        None => {
            // Nobody allergic here: the patient becomes so first, in the history and on the front page.
            d.edit(ADMISSION, &["既往史", "过敏史"], r"(否认|无)[^。\n]{0,14}过敏史", |_| {
                Some("2019年用青霉素后全身皮疹(青霉素过敏)".to_owned())
            })?;
            d.visit.patient.allergies = Some(vec!["青霉素".to_owned()]);
            if let Some(page) = d.visit.front_page.as_mut() {
                page.allergy = Some("有".to_owned());
                page.allergens = Some(vec!["青霉素".to_owned()]);
            }
            groups[0].1
        }
    };
    let (name, dose, unit, route, frequency) = d.pick(drugs);
    d.add_drug(name, dose, unit, route, frequency, 20)
}

fn penicillin(d: &mut Draft<'_>) -> Option<Plant> {
    let tested = d.visit.orders.iter().flatten().any(|order| order.name.as_deref().is_some_and(|name| name.contains("皮试")));
    if tested || d.has_text(WRITTEN, "青霉素|皮试") || d.age()? < 1 {
        return None;
    }
    let (name, dose, unit) =
        d.pick(&[("注射用青霉素钠", 320.0, "万U"), ("注射用苄星青霉素", 240.0, "万U"), ("注射用哌拉西林钠他唑巴坦钠", 4.5, "g")]);
    let plant = d.add_drug(name, dose, unit, if name.contains("苄星") { "肌内注射" } else { "静脉滴注" }, "q8h", 20)?;
    let order = d.visit.orders.as_mut()?.last_mut()?;
    order.class = Some("antibiotic_unrestricted".to_owned());
    Some(plant)
}

fn penicillin_without_test(d: &mut Draft<'_>) -> Option<Plant> {
    penicillin(d)
}

fn penicillin_after_positive_test(d: &mut Draft<'_>) -> Option<Plant> {
    let plant = penicillin(d)?;
    let at = plus_minutes(d.admitted()?, 18 * 60);
    d.visit.orders.as_mut()?.push(Order {
        id: Some("drill-test".to_owned()),
        kind: Some(OrderKind::Procedure),
        name: Some("青霉素皮试(+)".to_owned()),
        start: Some(Instant::minute(at)),
        long_term: Some(false),
        ..Order::default()
    });
    d.append_some(COURSE, |_, _| true, &["青霉素皮试阳性(+)。", "青霉素皮试结果:阳性。"])?;
    Some(plant)
}

fn skin_test_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let orders = d.visit.orders.as_mut()?;
    let before = orders.len();
    orders.retain(|order| !order.name.as_deref().is_some_and(|name| name.contains("皮试")));
    let gone = before - orders.len();
    let penicillin = d
        .visit
        .orders
        .iter()
        .flatten()
        .any(|order| order.name.as_deref().is_some_and(|name| name.contains("西林") || name.contains("青霉素")));
    d.drop_clauses(
        &[Kind::AdmissionNote, Kind::FirstCourse, Kind::DailyCourse, Kind::WardRound, Kind::NursingRecord, Kind::OrderSheet],
        &[],
        "皮试",
    );
    (gone > 0 && penicillin).then(|| Plant::new("医嘱", "青霉素皮试", "(删去)"))
}

fn metformin_in_renal_failure(d: &mut Draft<'_>) -> Option<Plant> {
    if d.age()? < 18 || d.has_text(WRITTEN, "eGFR") {
        return None;
    }
    let at = Instant::minute(plus_minutes(d.admitted()?, 300));
    let labs = d.visit.labs.as_mut()?;
    labs.retain(|lab| lab.item.as_deref().is_none_or(|item| !item.contains("肌酐")));
    for (item, value, unit, range, flag) in
        [("肌酐", "372", "μmol/L", "57-111", LabFlag::High), ("估算肾小球滤过率", "16", "ml/min", ">90", LabFlag::Low)]
    {
        labs.push(Lab {
            id: Some(format!("drill-{item}")),
            item: Some(item.to_owned()),
            value: Some(value.to_owned()),
            unit: Some(unit.to_owned()),
            range: Some(range.to_owned()),
            flag: Some(flag),
            sampled_at: Some(moved(at, -60)),
            reported_at: Some(at),
            ..Lab::default()
        });
    }
    d.append(FIRST, &["病例特点"], &["肌酐372μmol/L,eGFR 16ml/min,考虑慢性肾脏病5期。", "检验:肌酐372μmol/L,eGFR 16ml/min,肾功能不全。"])?;
    d.add_drug("盐酸二甲双胍片", 0.5, "g", "口服", "tid", 12)
}

/// Of a patient who bleeds by the diagnoses: 无呕血、黑便 stands in many a history.
fn anticoagulant_in_bleeding(d: &mut Draft<'_>) -> Option<Plant> {
    let bleeding = compiled(
        "^(急性|非静脉曲张性)?(上|下)?消化道(大)?出血|^(自发性)?脑出血|溃疡(伴|并)(活动性)?出血|静脉曲张破裂出血|蛛网膜下腔出血|硬膜下血肿",
    );
    let old = compiled("史|后遗症|陈旧|恢复期|慢性|术后");
    let bleeds = |name: &str| bleeding.is_match(name) && !old.is_match(name);
    // Weeks later, in rehabilitation, it may be right again.
    let is_later = d.visit.admission.department.as_deref().is_some_and(|department| department.contains("康复"));
    d.visit.diagnoses.iter().flatten().find(|diagnosis| !is_later && diagnosis.name.as_deref().is_some_and(bleeds))?;
    let (name, dose, unit, route, frequency) = d.pick(&[
        ("低分子肝素钠注射液", 4000.0, "IU", "皮下注射", "q12h"),
        ("利伐沙班片", 20.0, "mg", "口服", "qd"),
        ("华法林钠片", 3.0, "mg", "口服", "qn"),
    ]);
    d.add_drug(name, dose, unit, route, frequency, 10)
}

/// A drug of an order that a note of those days gives with its dose.
fn dose_differs(d: &mut Draft<'_>) -> Option<Plant> {
    let places = d.places(&[Kind::DailyCourse, Kind::WardRound, Kind::FirstCourse], &[]);
    let orders: Vec<(String, f64, String)> = d
        .visit
        .orders
        .as_ref()?
        .iter()
        .filter(|order| order.kind == Some(OrderKind::Drug))
        .filter_map(|order| Some((order.name.clone()?, order.dose?, order.unit.clone()?)))
        .collect();
    let mut found = Vec::new();
    for (name, dose, unit) in &orders {
        let bare = compiled("^(注射用|盐酸|硫酸|富马酸|苯磺酸)|(注射液|肠溶片|缓释片|片|胶囊|颗粒)+$").replace_all(name, "").into_owned();
        let twins = orders.iter().filter(|(other, other_dose, _)| other.contains(&bare) && other_dose != dose).count();
        let pattern = format!(r"({}[^\p{{P}}\d]{{0,4}}){dose}(\.0)?\s*{}", regex::escape(&bare), regex::escape(unit));
        if twins == 0 && places.iter().any(|place| compiled(&pattern).is_match(d.text(place))) {
            found.push((pattern, *dose, unit.clone()));
        }
    }
    if found.is_empty() {
        return None;
    }
    let (pattern, dose, unit) = found.swap_remove(d.rng.u64(0..found.len() as u64) as usize);
    d.edit_where(&places, &pattern, |hit| Some(format!("{}{}{unit}", &hit[1], dose * 2.0)))
}

fn several_contents(d: &mut Draft<'_>) -> Option<Plant> {
    let start = Instant::minute(plus_minutes(d.admitted()?, 600));
    let name = d.pick(&["补液支持、抗感染、查血", "止血、补液、对症处理", "抗炎、化痰、平喘治疗"]);
    d.visit.orders.as_mut()?.push(Order {
        id: Some("drill-several".to_owned()),
        kind: Some(OrderKind::Drug),
        name: Some(name.to_owned()),
        start: Some(start),
        long_term: Some(true),
        ..Order::default()
    });
    Some(Plant::new("医嘱", "(无)", name))
}

fn order_without_time(d: &mut Draft<'_>) -> Option<Plant> {
    let found = d.drug_orders();
    let index = (!found.is_empty()).then(|| d.pick(&found))?;
    let order = &mut d.visit.orders.as_mut()?[index];
    let before = order.start.take()?;
    Some(Plant::new(format!("医嘱·{}·开始时间", order.name.clone()?), before.to_string(), "(空)"))
}

fn pneumonia_untreated(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(ADMISSION, "肺炎")
        || !d.visit.diagnoses.iter().flatten().any(|diagnosis| diagnosis.name.as_deref().is_some_and(|name| name.contains("肺炎")))
    {
        return None;
    }
    let orders = d.visit.orders.as_mut()?;
    let before = orders.len();
    orders.retain(|order| !order.class.as_deref().is_some_and(|class| class.starts_with("antibiotic")));
    if orders.len() == before {
        return None;
    }
    d.drop_clauses(WRITTEN, &[], "头孢|西林|抗感染|抗菌|拉氧|沙星|培南|霉素");
    Some(Plant::new("医嘱", "抗菌药物", "(删去)"))
}

fn diabetes_untreated(d: &mut Draft<'_>) -> Option<Plant> {
    if !d
        .visit
        .diagnoses
        .iter()
        .flatten()
        .any(|diagnosis| diagnosis.name.as_deref().is_some_and(|name| name.contains("糖尿病") && !name.contains("妊娠")))
    {
        return None;
    }
    let drugs = "胰岛素|二甲双胍|格列|列汀|列净|阿卡波糖";
    let orders = d.visit.orders.as_mut()?;
    let before = orders.len();
    orders.retain(|order| !order.name.as_deref().is_some_and(|name| compiled(drugs).is_match(name)));
    if orders.len() == before {
        return None;
    }
    d.drop_clauses(&[Kind::FirstCourse, Kind::DailyCourse, Kind::WardRound, Kind::DischargeRecord], &[], drugs);
    Some(Plant::new("医嘱", "降糖药", "(删去)"))
}

fn rescue_count(d: &mut Draft<'_>) -> Option<Plant> {
    let more = d.pick(&[5, 4, 6]);
    for document in d.visit.documents.iter_mut().filter(|document| document.kind == Some(Kind::RescueRecord)) {
        if let Some(text) = document.text.as_mut()
            && text.contains("(共2次)")
        {
            *text = text.replace("(共2次)", &format!("(共{more}次)"));
            return Some(Plant::new("抢救记录", "肾上腺素1mg共2次(医嘱2次)", format!("共{more}次")));
        }
    }
    None
}

fn rescue_orders_missing(d: &mut Draft<'_>) -> Option<Plant> {
    let orders = d.visit.orders.as_mut()?;
    let before = orders.len();
    orders.retain(|order| !order.name.as_deref().is_some_and(|name| name.contains("肾上腺素")));
    (orders.len() < before).then(|| Plant::new("医嘱", "盐酸肾上腺素注射液1mg×2", "(删去)"))
}
