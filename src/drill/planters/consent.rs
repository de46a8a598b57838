//! P and Q: consent, communication, consultation.

use super::diagnosis::{bare_drug, is_heard_no_more, is_unheard_of};
use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::drill::scene::Scene;
use crate::record::time::plus_minutes;
use crate::record::{Disposition, DocumentKind as Kind, Instant, Title};

pub const PLANTERS: &[Planter] = &[
    plant("C-P01", "有创操作无同意书", procedure_without_consent).on(Scene::Procedure).also(&["T44"]),
    plant("C-P01", "手术无同意书", operation_without_consent).also(&["T44"]),
    plant("C-P01", "本院操作无同意书", special_consent_removed),
    plant("C-P02", "他人签名无关系无委托", unrelated_signer),
    plant("C-P03", "同意书签署晚于手术", consent_signed_late).also(&["T44", "C-B12"]),
    plant("C-P03", "操作同意书晚于操作", procedure_consent_late).on(Scene::Procedure),
    plant("C-P03", "同意书无签署时间", consent_without_time),
    plant("C-P04", "风险写他病的", wrong_risks),
    plant("C-P05", "术中改术式未再告知", operation_changed).also(&["C-N02"]),
    plant("C-P06", "缺病危通知书", notice_removed).also(&["T35"]),
    plant("C-P06", "病危通知书无家属签名", notice_unsigned),
    plant("C-P06", "下病危而无通知书", critical_without_notice).on(Scene::Critical).also(&["T35"]),
    plant("C-P07", "自动出院无签字", leave_unsigned).on(Scene::AgainstAdvice),
    plant("C-P07", "离院方式为非医嘱离院而无告知", leave_without_document).also(&["C-R12"]),
    plant("C-Q01", "会诊申请无目的", purpose_removed).on(Scene::Consult),
    plant("C-Q01", "本院会诊申请无目的", purpose_removed),
    plant("C-Q02", "普通会诊超过48小时", consult_late).on(Scene::Consult).also(&["T26"]),
    plant("C-Q02", "急会诊40分钟才到", urgent_late).on(Scene::UrgentConsult).also(&["T27"]),
    plant("C-Q02", "急会诊无到场时间", urgent_without_arrival).on(Scene::UrgentConsult).also(&["T27"]),
    plant("C-Q03", "会诊建议停药而未停", advice_ignored).on(Scene::Consult).also(&["C-I03", "C-K05"]),
    plant("C-Q03", "会诊建议检查而未做", advised_test_not_done).on(Scene::Consult).also(&["C-K05"]),
    plant("C-Q04", "住院医师会诊", junior_consultant).on(Scene::Consult),
    plant("C-Q05", "会诊新诊断未列入", diagnosis_not_taken).on(Scene::Consult),
];

fn procedure_without_consent(d: &mut Draft<'_>) -> Option<Plant> {
    let index = d.visit.documents.iter().position(|document| document.title.as_deref() == Some("胸腔穿刺知情同意书"))?;
    for text in d.visit.documents.iter_mut().filter_map(|document| document.text.as_mut()) {
        *text = text.replace("已签署知情同意书,", "").replace("已签署知情同意书", "");
    }
    d.remove(&[index])
}

fn operation_without_consent(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.operations.as_ref()?.first()?;
    d.drop_documents(&[Kind::ConsentOperation])
}

/// Procedures by the words that their records and consents have in common.
const PROCEDURES: &str = "胸腔|腹腔|腰椎穿刺|骨髓|心包|中心静脉|深静脉|透析|血液净化|气管切开|气管插管|支气管镜|胃镜|肠镜|造影|活检|清创|溶栓|牵引|关节腔|灌肠|引流";

/// The consent of a procedure that is on record, none for another treatment; in an emergency it may be done without.
fn special_consent_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let titled = |d: &Draft<'_>, kind| {
        d.documents(&[kind])
            .into_iter()
            .map(|index| (index, d.visit.documents[index].title.clone().unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let (records, consents) = (titled(d, Kind::InvasiveProcedure), titled(d, Kind::ConsentSpecial));
    let word = compiled(PROCEDURES);
    let done = records.iter().find_map(|(_, title)| word.find(title).map(|found| found.as_str().to_owned()))?;
    let own: Vec<usize> =
        consents.iter().filter(|(_, title)| title.contains(&done) && !title.contains("急诊")).map(|(index, _)| *index).collect();
    let plant = d.remove(&own)?;
    // With another consent that speaks of it, it has one.
    if d.has_text(&[Kind::ConsentSpecial, Kind::ConsentOperation, Kind::ConsentAnesthesia], &done) {
        return None;
    }
    d.drop_clauses(&[Kind::InvasiveProcedure, Kind::DailyCourse, Kind::WardRound, Kind::FirstCourse], &[], "同意书|签字|签署");
    Some(plant)
}

const CONSENTS: &[Kind] = &[Kind::ConsentOperation, Kind::ConsentAnesthesia, Kind::ConsentSpecial, Kind::ConsentTransfusion];

fn unrelated_signer(d: &mut Draft<'_>) -> Option<Plant> {
    let own = d.visit.patient.name.clone()?;
    let signer = d.pick(&["王强", "陈丽", "赵军"]);
    let pattern = format!(r"(患者|孕妇)签名(\p{{P}}\s*){}", regex::escape(&own));
    d.edit(CONSENTS, &[], &pattern, |found| Some(format!("签名{}{signer}", &found[2])))
}

fn consent_signed_late(d: &mut Draft<'_>) -> Option<Plant> {
    let operation = d.visit.operations.as_ref()?.first()?;
    let to = plus_minutes(operation.started_at?.earliest(), d.pick(&[150, 400]));
    let index = d.document(&[Kind::ConsentOperation])?;
    let printed = Instant::minute(to).to_string();
    while d
        .edit(&[Kind::ConsentOperation], &[], r"\d{4}-\d\d-\d\d \d\d:\d\d", |found| (found[0] != printed).then(|| printed.clone()))
        .is_some()
    {}
    d.retime(index, to)
}

fn procedure_consent_late(d: &mut Draft<'_>) -> Option<Plant> {
    let index = d.visit.documents.iter().position(|document| document.title.as_deref() == Some("胸腔穿刺知情同意书"))?;
    let record = d.visit.documents.iter().position(|document| document.title.as_deref() == Some("胸腔穿刺操作记录"))?;
    let to = plus_minutes(d.time_of(record)?.earliest(), 150);
    let printed = Instant::minute(to).to_string();
    let text = d.visit.documents[index].text.as_mut()?;
    *text = compiled(r"\d{4}-\d\d-\d\d \d\d:\d\d").replace(text, printed.as_str()).into_owned();
    d.retime(index, to)
}

fn consent_without_time(d: &mut Draft<'_>) -> Option<Plant> {
    let index = d.document(&[Kind::ConsentOperation])?;
    while d.edit(&[Kind::ConsentOperation], &[], r"\s*\d{4}-\d\d-\d\d \d\d:\d\d", |_| Some(String::new())).is_some() {}
    let document = &mut d.visit.documents[index];
    let before = document.signed_at.take().or(document.event_at)?;
    document.event_at = None;
    document.created_at = None;
    document.signatures.iter_mut().flatten().for_each(|signature| signature.at = None);
    Some(Plant::new("手术同意书·时间", before.to_string(), "(空)"))
}

fn wrong_risks(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.operations.as_ref()?.first()?;
    let gall = d.has_text(&[Kind::ConsentOperation], "胆");
    let risks =
        if gall { "喉返神经损伤、声音嘶哑、甲状旁腺功能减退" } else { "胆漏、胆管损伤、胆总管残余结石" };
    d.edit(&[Kind::ConsentOperation], &[], r"(风险\p{P})[^\n。]+", |found| Some(format!("{}{risks}", &found[1])))
}

fn operation_changed(d: &mut Draft<'_>) -> Option<Plant> {
    let name = d.visit.operations.as_ref()?.first()?.name.clone()?;
    let new = format!("{name}+{}", d.pick(&["肠部分切除吻合术", "脾切除术", "卵巢囊肿剔除术"]));
    d.visit.operations.as_mut()?.first_mut()?.name = Some(new.clone());
    d.rewrite(&[Kind::OperationRecord], &["手术名称"], &[&new])?;
    d.append(&[Kind::OperationRecord], &["手术经过"], &["术中探查后改变原定术式,扩大切除范围。", "术中所见与术前不符,遂更改术式。"])?;
    Some(Plant::new("手术记录·手术名称", name, new))
}

fn notice_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.conditions.as_ref()?.first()?;
    let plant = d.drop_documents(&[Kind::CriticalNotice])?;
    d.drop_clauses(ANY_COURSE, &[], "通知书|通知已签");
    Some(plant)
}

fn notice_unsigned(d: &mut Draft<'_>) -> Option<Plant> {
    d.edit(&[Kind::CriticalNotice], &[], r"(家属意见\p{P}[^\n]*?)?家属签名\p{P}[^\n医]*", |_| Some("家属签名:____ ".to_owned()))
        .map(|plant| Plant { after: plant.after.replace("____", "(空)"), ..plant })
        .and_then(|plant| d.edit(&[Kind::CriticalNotice], &[], "____ ", |_| Some(" ".to_owned())).map(|_| plant))
}

fn critical_without_notice(d: &mut Draft<'_>) -> Option<Plant> {
    d.drop_documents(&[Kind::CriticalNotice])
}

fn leave_unsigned(d: &mut Draft<'_>) -> Option<Plant> {
    let index = d.visit.documents.iter().position(|document| document.title.as_deref() == Some("自动出院告知书"))?;
    for text in d.visit.documents.iter_mut().filter_map(|document| document.text.as_mut()) {
        *text = compiled(r"\p{P}?患者表示理解并签署自动出院告知书\p{P}签名确认").replace(text, "").into_owned();
    }
    d.remove(&[index])
}

fn leave_without_document(d: &mut Draft<'_>) -> Option<Plant> {
    let discharge = d.visit.discharge.as_mut()?;
    let before = discharge.disposition.replace(Disposition::AgainstAdvice)?;
    if let Some(page) = d.visit.front_page.as_mut() {
        page.disposition = Some(Disposition::AgainstAdvice);
    }
    (before == Disposition::Ordered).then(|| Plant::new("离院方式", before.chinese(), Disposition::AgainstAdvice.chinese()))
}

fn purpose_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let requests = d.places(&[Kind::ConsultRequest], &["会诊目的"]);
    let place = requests.last()?.clone();
    let asked = d.pick(&["请贵科会诊。", "请会诊协助诊治。", "请会诊。"]);
    d.rewrite_at(&place, |_| Some(asked.to_owned()))
}

fn arrival(d: &mut Draft<'_>, minutes: i64) -> Option<Plant> {
    let consult = d.visit.consults.as_mut()?.last_mut()?;
    let (asked, before) = (consult.requested_at?, consult.arrived_at?);
    let after = moved(asked, minutes);
    consult.arrived_at = Some(after);
    let printed = after.to_string();
    d.edit(&[Kind::ConsultOpinion], &[], &regex::escape(&before.to_string()), |_| Some(printed.clone()));
    let opinions = d.documents(&[Kind::ConsultOpinion]);
    let index = *opinions.last()?;
    d.retime(index, moved(after, 15).earliest())?;
    Some(Plant::new("会诊·到达时间", before.to_string(), format!("{after}(申请{asked})")))
}

fn consult_late(d: &mut Draft<'_>) -> Option<Plant> {
    let minutes = d.pick(&[50, 60, 72]) * 60;
    arrival(d, minutes)
}

fn urgent_late(d: &mut Draft<'_>) -> Option<Plant> {
    let minutes = d.pick(&[40, 25, 90]);
    arrival(d, minutes)
}

fn urgent_without_arrival(d: &mut Draft<'_>) -> Option<Plant> {
    let before = d.visit.consults.as_mut()?.last_mut()?.arrived_at.take()?;
    d.edit(&[Kind::ConsultOpinion], &[], r"到达时间[\d\- :]+。?", |_| Some(String::new()))?;
    Some(Plant::new("会诊·到达时间", before.to_string(), "(空)"))
}

fn opinion(d: &mut Draft<'_>, words: &str) -> Option<Plant> {
    // The referring doctor's note that the advice was followed goes with it.
    d.drop_sentences(&[Kind::DailyCourse], &[], "会诊意见已阅");
    let all = d.places(&[Kind::ConsultOpinion], &["会诊意见", "处理", ""]);
    let place = all.into_iter().rfind(|place| d.text(place).contains("3.暂不调整用药"))?;
    // With the outpatient visit that stands behind it: otherwise the advice reads as one for later.
    d.edit_where(&[place], r"3\.暂不调整用药(\p{P}门诊随诊)?", |_| Some(format!("3.{words}")))
}

fn advice_ignored(d: &mut Draft<'_>) -> Option<Plant> {
    let end = d.end()?;
    let asked = d.visit.consults.as_ref()?.last()?.requested_at?;
    let orders = d.visit.orders.as_ref()?;
    let long: Vec<String> = orders
        .iter()
        .filter(|order| order.kind == Some(crate::record::OrderKind::Drug) && order.long_term == Some(true))
        .filter(|order| {
            order.stop.is_none_or(|stop| stop.earliest() > plus_minutes(asked.earliest(), 60 * 60))
                && plus_minutes(asked.earliest(), 60 * 60) < end
        })
        .filter(|order| order.start.is_some_and(|start| start.earliest() < asked.earliest()))
        .filter_map(|order| bare_drug(order.name.as_deref()?))
        .filter(|bare| is_heard_no_more(d, bare, asked.earliest()))
        .collect();
    let bare = (!long.is_empty()).then(|| long[d.rng.u64(0..long.len() as u64) as usize].clone())?;
    opinion(d, &format!("建议停用{bare}"))
}

fn advised_test_not_done(d: &mut Draft<'_>) -> Option<Plant> {
    // Of a running stay the test may still be done.
    d.discharged()?;
    let choices = [
        ("建议行动态心电图检查", "动态心电|24小时心电|Holter"),
        ("建议完善24小时动态心电图", "动态心电|24小时心电|Holter"),
        ("建议加查头颅MRA", "MRA|CTA|磁共振血管|血管造影"),
    ];
    let open: Vec<&str> = choices.into_iter().filter(|(_, words)| is_unheard_of(d, words)).map(|(advice, _)| advice).collect();
    let test = (!open.is_empty()).then(|| d.pick(&open))?;
    opinion(d, test)
}

fn junior_consultant(d: &mut Draft<'_>) -> Option<Plant> {
    let guest = d.visit.staff.as_mut()?.iter_mut().find(|person| person.id == "scene-guest")?;
    guest.title = Some(Title::Resident);
    d.everywhere("佘某某主治医师", "佘某某住院医师");
    Some(Plant::new("会诊记录", "佘某某主治医师", "佘某某住院医师"))
}

fn diagnosis_not_taken(d: &mut Draft<'_>) -> Option<Plant> {
    if d.has_text(WRITTEN, "垂体功能减退|病态窦房结") {
        return None;
    }
    let words = d.pick(&["诊断:病态窦房结综合征,暂不用药", "诊断:垂体功能减退,激素替代"]);
    opinion(d, words)
}
