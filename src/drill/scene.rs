//! [`Scene`]: an event that is played into a stay and recorded as it should be, so that the defects of such events can be planted in a visit
//! that had none. The visit with its scene is what the planted one is compared with.

use jiff::civil::DateTime;
use serde::Serialize;

use super::draft::{DISCHARGE, Draft};
use crate::record::time::plus_minutes;
use crate::record::{
    CodedDiagnosis, Consult, CriticalValue, DiagnosisKind, Disposition, DocumentKind as Kind, Instant, Lab, LabFlag, Order, OrderKind,
    Rescue, Staff, Title, Transfer, Transfusion, Urgency,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scene {
    /// Nothing is added.
    AsIs,
    /// A rescue on the second day.
    Rescue,
    /// The stay ends in death after a rescue.
    Death,
    /// To another department on the second day.
    Transfer,
    /// Another doctor takes over.
    Handover,
    /// A pleural puncture at the bedside.
    Procedure,
    /// A routine consultation.
    Consult,
    /// An urgent one.
    UrgentConsult,
    /// Two units of red cells.
    Transfusion,
    /// A critical potassium.
    CriticalValue,
    /// An antibiotic of the special class, with consultation.
    SpecialAntibiotic,
    /// 病危 from admission, with notice and orders.
    Critical,
    /// The patient leaves against advice, signed.
    AgainstAdvice,
}

impl Scene {
    /// Plays the scene; `None` where the visit has no room for it.
    pub fn play(self, d: &mut Draft<'_>) -> Option<()> {
        match self {
            Scene::AsIs => Some(()),
            Scene::Rescue => {
                let at = free_moment(d, 26)?;
                rescue(d, at, "心率、血压恢复,神志转清,抢救成功")
            }
            Scene::Death => death(d),
            Scene::Transfer => transfer(d),
            Scene::Handover => handover(d),
            Scene::Procedure => procedure(d),
            Scene::Consult => consult(d, Urgency::Routine),
            Scene::UrgentConsult => consult(d, Urgency::Urgent),
            Scene::Transfusion => transfusion(d),
            Scene::CriticalValue => critical_value(d),
            Scene::SpecialAntibiotic => special_antibiotic(d),
            Scene::Critical => critical(d),
            Scene::AgainstAdvice => against_advice(d),
        }
    }
}

struct Team {
    resident: Staff,
    senior: Staff,
}

impl Team {
    fn of(d: &Draft<'_>) -> Option<Self> {
        let senior = d.staff(Title::Attending, Title::Chief)?;
        Some(Self { resident: d.staff(Title::Resident, Title::Resident).unwrap_or_else(|| senior.clone()), senior })
    }

    fn both(&self) -> [Staff; 2] {
        [self.resident.clone(), self.senior.clone()]
    }
}

fn name(person: &Staff) -> &str {
    person.name.as_deref().unwrap_or("值班医师")
}

fn titled(person: &Staff) -> String {
    format!("{}{}", name(person), person.title.map_or("医师", |title| title.chinese()))
}

/// A moment some hours after admission that lies well inside the stay and in no operation.
fn free_moment(d: &Draft<'_>, hours: i64) -> Option<DateTime> {
    let at = plus_minutes(d.admitted()?, hours * 60);
    let busy = d.visit.operations.iter().flatten().any(|operation| {
        let near = |time: Option<Instant>| time.is_some_and(|time| at.duration_since(time.earliest()).as_hours().abs() < 5);
        near(operation.started_at) || near(operation.ended_at)
    });
    (!busy && plus_minutes(at, 8 * 60) < d.end()?).then_some(at)
}

fn clock(at: DateTime) -> String {
    at.strftime("%H:%M").to_string()
}

fn minute(at: DateTime) -> Instant {
    Instant::minute(at)
}

fn order(d: &mut Draft<'_>, order: Order) -> Option<()> {
    let by = d.doctor().map(|doctor| doctor.id);
    let orders = d.visit.orders.as_mut()?;
    orders.push(Order { id: Some(format!("scene-{}", orders.len() + 1)), by, long_term: order.long_term.or(Some(false)), ..order });
    Some(())
}

fn drug(name: &str, dose: f64, unit: &str, route: &str, frequency: &str, at: DateTime) -> Order {
    Order {
        kind: Some(OrderKind::Drug),
        name: Some(name.to_owned()),
        dose: Some(dose),
        unit: Some(unit.to_owned()),
        route: Some(route.to_owned()),
        frequency: Some(frequency.to_owned()),
        start: Some(minute(at)),
        ..Order::default()
    }
}

fn rescue(d: &mut Draft<'_>, at: DateTime, outcome: &str) -> Option<()> {
    let team = Team::of(d)?;
    let end = plus_minutes(at, 40);
    for later in [5, 10] {
        order(d, drug("盐酸肾上腺素注射液", 1.0, "mg", "静脉注射", "st", plus_minutes(at, later)))?;
    }
    let text = format!(
        "{at}患者突发意识丧失,血压测不出,立即行心肺复苏、球囊辅助通气,{first}、{second}各静脉注射肾上腺素1mg(共2次)。{end}{outcome}。\n参加抢救人员:{senior}、{resident}。已向家属告知病情。抢救负责人签名:{lead}",
        at = minute(at),
        first = clock(plus_minutes(at, 5)),
        second = clock(plus_minutes(at, 10)),
        end = clock(end),
        senior = titled(&team.senior),
        resident = titled(&team.resident),
        lead = name(&team.senior),
    );
    d.add_document(Kind::RescueRecord, "抢救记录", plus_minutes(end, 45), &team.both(), text);
    let rescued = Rescue {
        id: Some("scene-rescue".to_owned()),
        started_at: Some(minute(at)),
        ended_at: Some(minute(end)),
        outcome: Some(outcome.to_owned()),
    };
    d.visit.rescues.get_or_insert_default().push(rescued);
    if let Some(page) = d.visit.front_page.as_mut() {
        page.rescue_count = Some(page.rescue_count.unwrap_or(0) + 1);
        page.rescue_success_count = Some(page.rescue_success_count.unwrap_or(0) + i64::from(outcome.contains("成功")));
    }
    Some(())
}

fn death(d: &mut Draft<'_>) -> Option<()> {
    let died = d.discharged()?;
    d.visit.front_page.as_ref()?;
    let team = Team::of(d)?;
    let main = d.visit.diagnoses.iter().flatten().find(|diagnosis| diagnosis.main == Some(true))?.name.clone()?;
    rescue(d, plus_minutes(died, -40), "心电图呈直线,宣布临床死亡")?;
    // Both lists of diagnoses end with what the patient died of.
    let page = d.visit.front_page.as_mut()?;
    let cause =
        CodedDiagnosis {
            name: Some("急性肺栓塞".to_owned()), icd10: Some("I26.900".to_owned()), admission_state: Some("无".to_owned())
        };
    page.other_diagnoses.get_or_insert_default().push(cause);
    let listed = page.main_diagnosis.iter().chain(page.other_diagnoses.iter().flatten()).filter_map(|diagnosis| diagnosis.name.clone());
    let listed: Vec<String> = listed.enumerate().map(|(index, name)| format!("{}.{name}", index + 1)).collect();
    d.remove(&d.documents(DISCHARGE))?;
    let time = minute(died);
    let text = format!(
        "入院日期:{admitted}\n死亡时间:{time}\n入院情况:详见入院记录。\n入院诊断:{main}\n诊疗经过:入院后完善检查并按诊断治疗,{day}突发心搏骤停,经心肺复苏、肾上腺素等抢救无效,于{clock}死亡。家属拒绝尸体解剖并签字。\n死亡原因:{main}并发肺栓塞致循环衰竭\n死亡诊断:{list}",
        admitted = minute(d.admitted()?),
        list = listed.join("\n"),
        day = died.strftime("%m-%d"),
        clock = clock(died),
    );
    d.add_document(Kind::DeathRecord, "死亡记录", plus_minutes(died, 120), &team.both(), text);
    let held = plus_minutes(died, 3 * 1440);
    let chief = d.staff(Title::AssociateChief, Title::Chief).unwrap_or_else(|| team.senior.clone());
    let text = format!(
        "讨论时间:{held}\n主持人:{chief}\n参加人员:{chief}、{senior}、{resident}\n讨论意见:{resident_name}汇报病史。{senior_name}:患者{main},活动少,突发意识丧失伴心搏骤停,死亡时间{time},临床符合急性肺栓塞。{chief_name}:诊断及治疗及时,静脉血栓预防应更早评估,今后对卧床患者每日复核血栓风险。\n主持人小结:死亡原因为{main}并发急性肺栓塞致循环衰竭,死亡诊断明确;经验教训:加强静脉血栓栓塞症的早期预防。",
        held = minute(held),
        chief = titled(&chief),
        senior = titled(&team.senior),
        resident = titled(&team.resident),
        resident_name = name(&team.resident),
        senior_name = name(&team.senior),
        chief_name = name(&chief),
    );
    d.add_document(Kind::DeathDiscussion, "死亡病例讨论记录", held, &[team.resident.clone(), chief], text);
    for diagnosis in d.visit.diagnoses.iter_mut().flatten().filter(|diagnosis| diagnosis.kind == Some(DiagnosisKind::Discharge)) {
        diagnosis.kind = Some(DiagnosisKind::Death);
    }
    d.visit.discharge.as_mut()?.disposition = Some(Disposition::Died);
    let page = d.visit.front_page.as_mut()?;
    page.disposition = Some(Disposition::Died);
    page.death_at = Some(time);
    page.autopsy = Some(false);
    // The week of the discussion has passed when the visit is judged.
    d.visit.as_of = d.visit.as_of.map(|_| minute(plus_minutes(died, 20 * 1440)));
    Some(())
}

fn transfer(d: &mut Draft<'_>) -> Option<()> {
    let at = free_moment(d, 30)?;
    let team = Team::of(d)?;
    let from = d.visit.admission.department.clone()?;
    let to = if from.contains("心") { "神经内科" } else { "心血管内科" };
    let main = d.visit.diagnoses.iter().flatten().next()?.name.clone()?;
    let text = format!(
        "入院日期:{admitted}\n转出日期:{at}\n目前诊断:{main}\n目前情况:生命体征平稳。\n转科目的:进一步专科治疗,已联系{to},家属知情同意。",
        admitted = minute(d.admitted()?),
        at = minute(at),
    );
    d.add_document(Kind::TransferOut, "转出记录", plus_minutes(at, -40), &team.both(), text);
    let text = format!("患者由{from}转入,目前诊断:{main}。目前情况:生命体征平稳。转入诊疗计划:一级护理,继续原治疗并完善专科检查。");
    d.add_document(Kind::TransferIn, "转入记录", plus_minutes(at, 180), &team.both(), text);
    d.visit.transfers.get_or_insert_default().push(Transfer { at: Some(minute(at)), from: Some(from), to: Some(to.to_owned()) });
    Some(())
}

fn handover(d: &mut Draft<'_>) -> Option<()> {
    let at = free_moment(d, 50)?;
    let team = Team::of(d)?;
    let main = d.visit.diagnoses.iter().flatten().next()?.name.clone()?;
    let text = format!(
        "入院日期:{}\n交班日期:{}\n目前诊断:{main}\n目前情况:生命体征平稳,治疗有效。\n注意事项:继续目前治疗,关注复查结果。",
        minute(d.admitted()?),
        minute(at)
    );
    d.add_document(Kind::Handover, "交班记录", at, std::slice::from_ref(&team.resident), text);
    let text = format!(
        "接班日期:{}\n目前诊断:{main}\n目前情况:与交班所述一致。\n接班诊疗计划:继续目前治疗,按期复查。",
        minute(plus_minutes(at, 240))
    );
    d.add_document(Kind::Takeover, "接班记录", plus_minutes(at, 240), std::slice::from_ref(&team.senior), text);
    Some(())
}

fn procedure(d: &mut Draft<'_>) -> Option<()> {
    let at = free_moment(d, 28)?;
    d.age().filter(|age| *age >= 14)?;
    let team = Team::of(d)?;
    let patient = d.visit.patient.name.clone()?;
    order(
        d,
        Order {
            kind: Some(OrderKind::Procedure),
            name: Some("胸腔穿刺术".to_owned()),
            start: Some(minute(plus_minutes(at, -20))),
            ..Order::default()
        },
    )?;
    let text = format!(
        "拟行操作:胸腔穿刺术\n目的:明确胸腔积液性质。\n风险:气胸、出血、胸膜反应、感染。替代方案:继续观察,但不能明确性质。\n患方意见:已了解,同意操作。患者签名:{patient} {} 医师签名:{}",
        minute(plus_minutes(at, -60)),
        name(&team.senior),
    );
    d.add_document(Kind::ConsentSpecial, "胸腔穿刺知情同意书", plus_minutes(at, -65), &team.both(), text);
    let text = format!(
        "操作名称:胸腔穿刺术\n操作时间:{}\n操作经过:患者坐位,超声定位右侧腋后线第8肋间,常规消毒铺巾,2%利多卡因局部麻醉,穿刺抽出淡黄色液体300ml,送检常规、生化及细胞学。过程顺利,患者无不适,穿刺点无渗血。术后注意观察呼吸、胸痛及血压。操作医师签名:{}",
        minute(at),
        name(&team.senior),
    );
    d.add_document(Kind::InvasiveProcedure, "胸腔穿刺操作记录", plus_minutes(at, 30), std::slice::from_ref(&team.senior), text);
    let text = format!(
        "超声提示右侧少量胸腔积液,{}在局麻下行胸腔穿刺术,抽液300ml,过程顺利,无胸痛、气促。已签署知情同意书,待胸水结果。",
        minute(at)
    );
    d.add_document(Kind::DailyCourse, "日常病程记录", plus_minutes(at, 60), &team.both(), text);
    Some(())
}

fn consult(d: &mut Draft<'_>, urgency: Urgency) -> Option<()> {
    let at = free_moment(d, 29)?;
    let team = Team::of(d)?;
    let asked = if d.visit.admission.department.as_deref()?.contains("心") { "神经内科" } else { "心血管内科" };
    let wait = if urgency == Urgency::Urgent { 7 } else { 5 * 60 };
    let arrived = plus_minutes(at, wait);
    let (class, reason) = match urgency {
        Urgency::Urgent => ("急会诊", "患者突发心悸、头晕,请急会诊协助判断病因并指导处理。"),
        Urgency::Routine => ("普通会诊", "患者活动后偶有心悸、头晕,请协助明确病因,评估是否需要调整用药。"),
    };
    let text = format!("邀请科室:{asked} 类别:{class} 申请时间:{}\n会诊目的:{reason}\n申请医师:{}", minute(at), name(&team.resident));
    d.add_document(Kind::ConsultRequest, "会诊申请单", at, std::slice::from_ref(&team.resident), text);
    let guest = Staff { id: "scene-guest".to_owned(), name: Some("佘某某".to_owned()), title: Some(Title::Attending) };
    d.visit.staff.get_or_insert_default().push(guest.clone());
    let text = format!(
        "{asked}佘某某主治医师会诊,到达时间{}。病史已阅,查体神志清,心率80次/分,律齐,无定位体征。\n会诊意见:1.目前无专科急症证据。2.监测心率、血压。3.暂不调整用药,门诊随诊。\n会诊医师:佘某某",
        minute(arrived)
    );
    d.add_document(Kind::ConsultOpinion, "会诊记录", plus_minutes(arrived, 15), std::slice::from_ref(&guest), text);
    let text = format!("{asked}会诊意见已阅:无专科急症证据,已按会诊意见监测心率、血压,暂不调整用药。");
    d.add_document(Kind::DailyCourse, "日常病程记录", plus_minutes(arrived, 90), &team.both(), text);
    d.visit.consults.get_or_insert_default().push(Consult {
        id: Some("scene-consult".to_owned()),
        urgency: Some(urgency),
        requested_at: Some(minute(at)),
        arrived_at: Some(minute(arrived)),
        department: Some(asked.to_owned()),
    });
    Some(())
}

#[allow(clippy::too_many_arguments)]
fn lab(d: &mut Draft<'_>, panel: &str, item: &str, value: &str, unit: &str, range: &str, flag: LabFlag, at: DateTime) -> Option<()> {
    let labs = d.visit.labs.as_mut()?;
    labs.push(Lab {
        id: Some(format!("scene-{}", labs.len() + 1)),
        panel: Some(panel.to_owned()),
        item: Some(item.to_owned()),
        value: Some(value.to_owned()),
        unit: (!unit.is_empty()).then(|| unit.to_owned()),
        range: (!range.is_empty()).then(|| range.to_owned()),
        flag: Some(flag),
        sampled_at: Some(minute(plus_minutes(at, -60))),
        reported_at: Some(minute(at)),
        specimen: None,
    });
    Some(())
}

fn transfusion(d: &mut Draft<'_>) -> Option<()> {
    let at = free_moment(d, 27)?;
    d.visit.transfusions.iter().flatten().next().is_none().then_some(())?;
    d.age().filter(|age| *age >= 14)?;
    let team = Team::of(d)?;
    let patient = d.visit.patient.name.clone()?;
    let group = match d.visit.front_page.as_ref().and_then(|page| page.blood_type.as_deref()) {
        Some(known) if ["A", "B", "O", "AB"].iter().any(|group| known.starts_with(group)) => known.trim_end_matches('型').to_owned(),
        _ => "A".to_owned(),
    };
    if let Some(page) = d.visit.front_page.as_mut() {
        page.blood_type.get_or_insert_with(|| group.clone());
    }
    let before = plus_minutes(at, -180);
    for item in ["乙肝表面抗原", "丙肝抗体", "艾滋病抗体", "梅毒抗体"] {
        lab(d, "输血前检查", item, "阴性", "", "", LabFlag::Negative, before)?;
    }
    lab(d, "输血前检查", "ABO血型", &format!("{group}型"), "", "", LabFlag::Normal, before)?;
    lab(d, "输血前检查", "不规则抗体筛查", "阴性", "", "", LabFlag::Negative, before)?;
    lab(d, "血常规", "血红蛋白", "62", "g/L", "115-150", LabFlag::Low, before)?;
    order(
        d,
        Order {
            kind: Some(OrderKind::Transfusion),
            name: Some(format!("{group}型RhD阳性悬浮红细胞2U")),
            dose: Some(2.0),
            unit: Some("U".to_owned()),
            route: Some("静脉输注".to_owned()),
            frequency: Some("st".to_owned()),
            start: Some(minute(plus_minutes(at, -30))),
            ..Order::default()
        },
    )?;
    let text = format!(
        "输血指征:血红蛋白62g/L,伴头晕、心悸。拟输成分:悬浮红细胞2U。输血前检查:{group}型RhD阳性,抗体筛查阴性,乙肝表面抗原、丙肝抗体、艾滋病抗体、梅毒抗体均阴性。风险:发热、过敏、溶血、经血传播疾病。替代方案:补铁,起效慢。\n患者意见:已了解,同意输血。患者签名:{patient} {} 医师签名:{}",
        minute(plus_minutes(at, -90)),
        name(&team.resident),
    );
    d.add_document(Kind::ConsentTransfusion, "输血治疗知情同意书", plus_minutes(at, -95), &team.both(), text);
    let end = plus_minutes(at, 150);
    let text = format!(
        "输血指征:血红蛋白62g/L,贫血伴头晕、心悸。{}~{}输注{group}型RhD阳性悬浮红细胞2U,双人核对,过程顺利,无发热、皮疹、腰痛,无输血不良反应。",
        minute(at),
        clock(end),
    );
    d.add_document(Kind::TransfusionRecord, "输血记录", plus_minutes(end, 20), &team.both(), text);
    let after = plus_minutes(end, 4 * 60);
    lab(d, "血常规", "血红蛋白", "81", "g/L", "115-150", LabFlag::Low, after)?;
    let text = format!(
        "血红蛋白62g/L,考虑慢性失血性贫血,今日输{group}型RhD阳性悬浮红细胞2U({}-{}),无输血不良反应。输血后疗效评价:头晕、心悸减轻,血红蛋白由62g/L升至81g/L,达到预期,暂不再输血。",
        clock(at),
        clock(end),
    );
    d.add_document(Kind::DailyCourse, "日常病程记录", plus_minutes(after, 60), &team.both(), text);
    d.visit.transfusions.get_or_insert_default().push(Transfusion {
        id: Some("scene-transfusion".to_owned()),
        component: Some("悬浮红细胞".to_owned()),
        volume: Some("2U".to_owned()),
        blood_type: Some(format!("{group}型RhD阳性")),
        started_at: Some(minute(at)),
        ended_at: Some(minute(end)),
        reaction: Some(false),
    });
    Some(())
}

fn critical_value(d: &mut Draft<'_>) -> Option<()> {
    let at = free_moment(d, 31)?;
    let team = Team::of(d)?;
    let nurse = d.staff(Title::Nurse, Title::Nurse).unwrap_or_else(|| team.resident.clone());
    lab(d, "电解质", "血钾", "6.6", "mmol/L", "3.5-5.3", LabFlag::CriticalHigh, at)?;
    let again = plus_minutes(at, 100);
    lab(d, "电解质", "血钾", "5.0", "mmol/L", "3.5-5.3", LabFlag::Normal, again)?;
    order(d, drug("10%葡萄糖酸钙注射液", 20.0, "ml", "静脉注射", "st", plus_minutes(at, 12)))?;
    let text = format!(
        "{told}检验科电话报告危急值:血钾6.6mmol/L,护士{nurse}接听复述,{doctor_told}告知{resident}。评估:患者神志清,无心悸,心电监护未见T波高尖,标本无溶血。处置:{handled}予10%葡萄糖酸钙20ml静脉注射,10%葡萄糖500ml加胰岛素10U静滴,停用含钾药物,已报告{senior}。复查:{again}血钾5.0mmol/L,继续监测。已告知患者及家属。",
        told = clock(plus_minutes(at, 2)),
        nurse = name(&nurse),
        doctor_told = clock(plus_minutes(at, 4)),
        resident = name(&team.resident),
        handled = clock(plus_minutes(at, 12)),
        senior = titled(&team.senior),
        again = clock(again),
    );
    d.add_document(Kind::CriticalValueRecord, "危急值处理记录", plus_minutes(again, 20), &team.both(), text);
    d.visit.critical_values.get_or_insert_default().push(CriticalValue {
        id: Some("scene-critical".to_owned()),
        item: Some("血钾".to_owned()),
        value: Some("6.6mmol/L".to_owned()),
        reported_at: Some(minute(at)),
        received_at: Some(minute(plus_minutes(at, 2))),
        received_by: Some(nurse.id),
        doctor_told_at: Some(minute(plus_minutes(at, 4))),
        handled_at: Some(minute(plus_minutes(at, 12))),
        handled_by: Some(team.resident.id),
    });
    Some(())
}

fn special_antibiotic(d: &mut Draft<'_>) -> Option<()> {
    let at = free_moment(d, 32)?;
    d.age().filter(|age| *age >= 18)?;
    let team = Team::of(d)?;
    let guest = Staff { id: "scene-guest".to_owned(), name: Some("佘某某".to_owned()), title: Some(Title::Chief) };
    d.visit.staff.get_or_insert_default().push(guest.clone());
    let asked = plus_minutes(at, -300);
    let text = format!(
        "邀请科室:感染科 类别:普通会诊 申请时间:{}\n会诊目的:考虑耐药菌肺部感染,请协助评估特殊使用级抗菌药物指征。\n申请医师:{}",
        minute(asked),
        name(&team.resident)
    );
    d.add_document(Kind::ConsultRequest, "会诊申请单", asked, std::slice::from_ref(&team.resident), text);
    let text = "感染科佘某某主任医师会诊。会诊意见:结合既往耐药菌定植及炎症指标,同意使用替加环素(特殊使用级),首剂100mg,以后50mg q12h,监测肝功能,72小时评估疗效。\n会诊医师:佘某某".to_owned();
    d.add_document(Kind::ConsultOpinion, "感染科会诊记录", plus_minutes(at, -90), std::slice::from_ref(&guest), text);
    let text = "患者发热,咳黄痰,考虑肺部感染,既往有耐药鲍曼不动杆菌定植,已送痰培养及血培养。感染科会诊同意使用替加环素,指征明确,今日起替加环素首剂100mg静滴,以后50mg q12h,72小时评估疗效,监测肝功能。已告知患者及家属。".to_owned();
    d.add_document(Kind::DailyCourse, "日常病程记录", plus_minutes(at, 20), &team.both(), text);
    order(
        d,
        Order {
            class: Some("antibiotic_special".to_owned()),
            purpose: Some("treatment".to_owned()),
            long_term: Some(true),
            ..drug("注射用替加环素", 50.0, "mg", "静脉滴注", "q12h", at)
        },
    )?;
    d.visit.consults.get_or_insert_default().push(Consult {
        id: Some("scene-consult".to_owned()),
        urgency: Some(Urgency::Routine),
        requested_at: Some(minute(asked)),
        arrived_at: Some(minute(plus_minutes(at, -110))),
        department: Some("感染科".to_owned()),
    });
    Some(())
}

fn critical(d: &mut Draft<'_>) -> Option<()> {
    let from = plus_minutes(d.admitted()?, 30);
    d.visit.conditions.iter().flatten().next().is_none().then_some(())?;
    let to = plus_minutes(from, 20 * 60);
    (to < d.end()?).then_some(())?;
    let team = Team::of(d)?;
    let patient = d.visit.patient.name.clone()?;
    d.visit.conditions = Some(vec![crate::record::Condition {
        level: Some(crate::record::ConditionLevel::Critical),
        from: Some(minute(from)),
        to: Some(minute(to)),
    }]);
    // The level of nursing of these hours is the highest; what was ordered at admission starts when they are over.
    for order in d.visit.orders.iter_mut().flatten().filter(|order| order.name.as_deref().is_some_and(|name| name.contains("级护理"))) {
        if order.start.is_some_and(|start| start.earliest() < to) {
            order.start = Some(minute(to));
        }
    }
    let held = |kind: OrderKind, name: &str| Order {
        kind: Some(kind),
        name: Some(name.to_owned()),
        start: Some(minute(from)),
        stop: Some(minute(to)),
        long_term: Some(true),
        ..Order::default()
    };
    order(d, held(OrderKind::Other, "病危"))?;
    order(d, held(OrderKind::Nursing, "特级护理"))?;
    let text = format!(
        "患者{patient},目前病情危重,随时可能危及生命,已向家属说明病情及预后,家属表示理解。家属签名:{patient}之子(与患者关系:父子或母子) {} 医师签名:{}。一式两份,一份归入病历。",
        minute(plus_minutes(from, 10)),
        name(&team.resident),
    );
    d.add_document(Kind::CriticalNotice, "病危通知书", plus_minutes(from, 5), &team.both(), text);
    let text = "今日经治疗后病情好转,生命体征平稳,停病危,改一级护理。已告知家属。".to_owned();
    d.add_document(Kind::DailyCourse, "日常病程记录", to, &team.both(), text);
    Some(())
}

fn against_advice(d: &mut Draft<'_>) -> Option<()> {
    let left = d.discharged()?;
    let team = Team::of(d)?;
    let patient = d.visit.patient.name.clone()?;
    d.visit.discharge.as_mut()?.disposition = Some(Disposition::AgainstAdvice);
    if let Some(page) = d.visit.front_page.as_mut() {
        page.disposition = Some(Disposition::AgainstAdvice);
    }
    let text = format!(
        "患者及家属因个人原因要求自动出院。已告知出院可能致病情恶化、甚至危及生命,患者坚持出院,后果自负。患者签名:{patient} {} 医师签名:{}",
        minute(plus_minutes(left, -90)),
        name(&team.resident),
    );
    d.add_document(Kind::Other, "自动出院告知书", plus_minutes(left, -95), &team.both(), text);
    let text = "患者要求自动出院,已告知病情未稳、出院后可能加重等风险,患者表示理解并签署自动出院告知书,签名确认。".to_owned();
    d.add_document(Kind::DailyCourse, "日常病程记录", plus_minutes(left, -80), &team.both(), text);
    Some(())
}
