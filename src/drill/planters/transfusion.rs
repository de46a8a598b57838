//! O: transfusion.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::drill::scene::Scene;
use crate::record::time::plus_minutes;
use crate::record::{ConditionLevel, DocumentKind as Kind, Instant};

pub const PLANTERS: &[Planter] = &[
    plant("C-O01", "输血前血红蛋白不低", haemoglobin_normal).on(Scene::Transfusion),
    plant("C-O01", "无输血前血红蛋白", haemoglobin_missing).on(Scene::Transfusion),
    plant("C-O02", "缺输血同意书", consent_removed).on(Scene::Transfusion).also(&["T44", "C-P01"]),
    plant("C-O02", "输血同意书晚于输血", consent_late).on(Scene::Transfusion).also(&["T44", "C-P03"]),
    plant("C-O03", "缺输血前感染筛查", tests_removed).on(Scene::Transfusion),
    plant("C-O03", "感染筛查缺一项", one_test_removed).on(Scene::Transfusion),
    plant("C-O04", "输血记录只写顺利", record_vague).on(Scene::Transfusion).also(&["T32"]),
    plant("C-O05", "无输血后评价", evaluation_removed).on(Scene::Transfusion).also(&["T32"]),
    plant("C-O06", "输血量与医嘱不同", volume_differs).on(Scene::Transfusion),
    plant("C-O06", "输血记录血型不同", group_differs).on(Scene::Transfusion).also(&["C-A08"]),
    plant("C-O06", "输血品种不同", component_differs).on(Scene::Transfusion),
    plant("C-O07", "一日大量用血无审批", massive_unapproved).on(Scene::Transfusion),
    plant("C-O03", "本院输血而筛查删去", tests_removed).also(&["C-O02"]),
    plant("C-O05", "本院输血而评价删去", evaluation_removed).also(&["T32"]),
];

/// Texts of the whole visit, of which the scene's documents are a part; `change` says what becomes of each.
fn in_documents(d: &mut Draft<'_>, kinds: &[Kind], pattern: &str, new: &str) -> Option<Plant> {
    d.edit(kinds, &[], pattern, |_| Some(new.to_owned()))
}

/// A word that explains red cells at any haemoglobin, said of the patient and not denied: bleeding, a heart that needs the oxygen, a newborn.
fn is_explained(d: &Draft<'_>) -> bool {
    let reason = compiled("出血|失血|休克|冠心病|心肌|心衰|心力衰竭|黑便|呕血|便血|咯血|血肿|血尿|溶血|化疗|外伤|创伤|新生儿|氧合|低氧");
    let denied = compiled("无|否认|未|防|风险|如|若|警惕|可能|慢性|既往|注意|观察");
    let said = |text: String| {
        text.split(['。', ';', '\u{ff1b}', '\n', ',', '\u{ff0c}']).any(|clause| reason.is_match(clause) && !denied.is_match(clause))
    };
    said(d.all_text(ANY_COURSE))
}

fn haemoglobin_normal(d: &mut Draft<'_>) -> Option<Plant> {
    if is_explained(d) {
        return None;
    }
    let value = d.pick(&["105", "112", "118"]);
    for lab in d.visit.labs.as_mut()?.iter_mut().filter(|lab| lab.item.as_deref() == Some("血红蛋白")) {
        match lab.value.as_deref() {
            Some("62") => lab.value = Some(value.to_owned()),
            Some("81") => lab.value = Some("124".to_owned()),
            _ => {}
        }
    }
    d.everywhere(r"血红蛋白62g/L\p{P}(贫血)?伴头晕、心悸", &format!("血红蛋白{value}g/L"));
    d.everywhere("血红蛋白(由)?62g/L", &format!("血红蛋白{value}g/L"));
    d.everywhere("升至81g/L", "升至124g/L");
    d.everywhere(r"\p{P}考虑慢性失血性贫血", "");
    Some(Plant::new("检验·血红蛋白", "62g/L", format!("{value}g/L")))
}

fn haemoglobin_missing(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.labs.as_mut()?.retain(|lab| lab.item.as_deref() != Some("血红蛋白"));
    d.drop_clauses(
        &[Kind::ConsentTransfusion, Kind::TransfusionRecord, Kind::DailyCourse, Kind::WardRound, Kind::FirstCourse, Kind::AdmissionNote],
        &[],
        "血红蛋白|Hb|指征|贫血",
    );
    // Any other value, or a bleeding that explains it, is one.
    let told = compiled("血红蛋白|Hb|HGB|血色素|活动性出血|大出血|失血");
    if d.visit.documents.iter().any(|document| told.is_match(&whole_text(document)))
        || d.visit.labs.iter().flatten().filter_map(|lab| lab.item.as_ref()).any(|item| told.is_match(item))
    {
        return None;
    }
    Some(Plant::new("检验·血红蛋白", "有", "(删去)"))
}

fn consent_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.drop_documents(&[Kind::ConsentTransfusion])
}

fn consent_late(d: &mut Draft<'_>) -> Option<Plant> {
    let start = d.visit.transfusions.as_ref()?.last()?.started_at?.earliest();
    // The consent of this transfusion, not one of another.
    let index = d.documents(&[Kind::ConsentTransfusion]).pop()?;
    let to = plus_minutes(start, d.pick(&[80, 200, 600]));
    let printed = Instant::minute(to).to_string();
    d.edit(&[Kind::ConsentTransfusion], &[], r"\d{4}-\d\d-\d\d \d\d:\d\d", |_| Some(printed.clone()));
    d.retime(index, to)
}

const TESTS: &str = "乙肝|丙肝|艾滋|梅毒|HBsAg|HCV|HIV";

fn without_tests(d: &mut Draft<'_>, words: &str) -> Option<Plant> {
    d.visit.transfusions.as_ref()?.first()?;
    let labs = d.visit.labs.as_mut()?;
    let before = labs.len();
    labs.retain(|lab| !lab.item.as_deref().is_some_and(|item| compiled(words).is_match(item)));
    (labs.len() < before).then_some(())?;
    let kinds =
        &[Kind::ConsentTransfusion, Kind::FirstCourse, Kind::DailyCourse, Kind::WardRound, Kind::AdmissionNote, Kind::TransfusionRecord];
    d.drop_clauses(kinds, &[], &format!("{words}|四项"));
    Some(Plant::new("检验·输血前检查", words.replace('|', "、"), "(删去)"))
}

fn tests_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let plant = without_tests(d, TESTS)?;
    if let Some(orders) = d.visit.orders.as_mut() {
        orders.retain(|order| !order.name.as_deref().is_some_and(|name| name.contains("四项")));
    }
    Some(plant)
}

fn one_test_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let words = d.pick(&["艾滋|HIV", "梅毒", "丙肝|HCV"]);
    let labs = d.visit.labs.as_mut()?;
    labs.retain(|lab| !lab.item.as_deref().is_some_and(|item| compiled(words).is_match(item)));
    for text in d.visit.documents.iter_mut().filter_map(|document| document.text.as_mut()) {
        *text = compiled(r"、?(艾滋病抗体|丙肝抗体|梅毒抗体)")
            .replace_all(
                text,
                |found: &regex::Captures<'_>| {
                    if compiled(words).is_match(&found[0]) { String::new() } else { found[0].to_owned() }
                },
            )
            .into_owned();
    }
    // Told with others as a whole (感染筛查均阴性) it was done.
    let told = format!("{words}|(感染|传染病|术前|输血前)[^。;\n]{{0,8}}(筛查|四项|八项|指标|检查)[^。;\n]{{0,4}}(阴|正常)");
    if d.visit.documents.iter().any(|document| compiled(&told).is_match(&whole_text(document))) {
        return None;
    }
    Some(Plant::new("检验·输血前检查", words, "(删去)"))
}

fn record_vague(d: &mut Draft<'_>) -> Option<Plant> {
    let text = d.pick(&["今日输血,过程顺利。", "按计划输血,无特殊。"]);
    let plant = d.rewrite_document(&[Kind::TransfusionRecord], |_| true, |_| Some(text.to_owned()))?;
    d.drop_clauses(&[Kind::DailyCourse], &[], "输[AB O]+型|悬浮红细胞|不良反应");
    Some(plant)
}

fn evaluation_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let ended = d.visit.transfusions.as_ref()?.last()?.ended_at?;
    d.is_overdue(ended.earliest(), 72).then_some(())?;
    let plant = d.drop_sentences(
        &[Kind::DailyCourse, Kind::WardRound, Kind::TransfusionRecord, Kind::DischargeRecord],
        &[],
        "输血后|疗效|升至|升[高上]|Hb|血红蛋白",
    )?;
    if let Some(labs) = d.visit.labs.as_mut() {
        labs.retain(|lab| {
            lab.item.as_deref() != Some("血红蛋白") || lab.reported_at.is_none_or(|time| time.earliest() <= ended.earliest())
        });
    }
    Some(plant)
}

fn volume_differs(d: &mut Draft<'_>) -> Option<Plant> {
    let kind = d.pick(&[Kind::TransfusionRecord, Kind::DailyCourse]);
    in_documents(d, &[kind], r"红细胞2U", "红细胞4U")
}

fn group_differs(d: &mut Draft<'_>) -> Option<Plant> {
    d.edit(&[Kind::TransfusionRecord], &[], r"(AB|A|B|O)型Rh", |found| Some(if &found[1] == "B" { "A型Rh" } else { "B型Rh" }.to_owned()))
}

fn component_differs(d: &mut Draft<'_>) -> Option<Plant> {
    in_documents(d, &[Kind::TransfusionRecord], "悬浮红细胞", "新鲜冰冻血浆")
}

/// Blood for an emergency needs no approval beforehand; in a running stay the form may still come.
fn massive_unapproved(d: &mut Draft<'_>) -> Option<Plant> {
    d.discharged()?;
    let emergency = d.visit.operations.iter().flatten().any(|operation| operation.elective != Some(true))
        || d.visit.rescues.iter().flatten().next().is_some()
        || d.visit.conditions.iter().flatten().any(|condition| condition.level == Some(ConditionLevel::Critical))
        || d.has_text(ANY_COURSE, "抢救|休克|大出血|活动性出血|紧急");
    if emergency {
        return None;
    }
    let units = d.pick(&["10U", "12U"]);
    let dose = if units == "10U" { 10.0 } else { 12.0 };
    for row in d.visit.transfusions.as_mut()?.iter_mut() {
        row.volume = Some(units.to_owned());
    }
    for order in d.visit.orders.as_mut()?.iter_mut() {
        if let Some(name) = order.name.as_mut().filter(|name| name.contains("悬浮红细胞")) {
            *name = name.replace("2U", units);
            order.dose = Some(dose);
        }
    }
    d.everywhere("红细胞2U", &format!("红细胞{units}"));
    Some(Plant::new("输血", "悬浮红细胞2U", format!("悬浮红细胞{units},无审批")))
}
