//! J and K: results, changes and effect in the course; rounds.

use jiff::civil::DateTime;

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::drill::scene::Scene;
use crate::record::time::{minutes_between, plus_minutes};
use crate::record::{Culture, DocumentKind as Kind, Exam, Instant, Order, OrderKind, Title, Vitals};

pub const PLANTERS: &[Planter] = &[
    plant("C-J02", "异常影像而病程不提", image_unmentioned),
    plant("C-J02", "异常影像只写已回", image_only_back),
    plant("C-J03", "血培养阳性而病程不提", culture_unmentioned),
    plant("C-J03", "痰培养阳性而病程不提", sputum_unmentioned),
    plant("C-J04", "危急值病程无记录", critical_value_unmentioned).on(Scene::CriticalValue),
    plant("C-J05", "危急值只写已知", critical_value_only_known).on(Scene::CriticalValue),
    plant("C-J06", "高热而病程不提", fever_unmentioned).also(&["C-C08", "T17"]),
    plant("C-J06", "护理记录坠床而病程不提", fall_unmentioned),
    plant("C-J07", "换用碳青霉烯无理由", antibiotic_changed).also(&["C-J08", "C-M01", "T31", "C-M02", "T30"]),
    plant("C-J09", "病程空洞", hollow_note),
    plant("C-J10", "病危而二级护理", critical_with_second_level).on(Scene::Critical),
    plant("C-J10", "病重而二级护理", serious_with_second_level),
    plant("C-J11", "抗感染不写疗效", effect_removed),
    plant("C-J12", "转ICU无告知", intensive_care_untold).on(Scene::Transfer),
    plant("C-J12", "病危无告知", critical_untold).on(Scene::Critical).also(&["C-P06", "T35"]),
    plant("C-J13", "拒绝检查无后果告知与签名", refusal),
    plant("C-J14", "停药并用抗过敏药而病程不提", reaction_unmentioned),
    plant("C-J15", "血栓高危无措施", thrombosis_without_measure),
    plant("C-J15", "压疮高危无措施", pressure_without_measure),
    plant("C-J15", "跌倒高危无措施", fall_risk_without_measure),
    plant("C-J16", "非计划再次手术无讨论", reoperation_undiscussed).also(&["C-N14", "T24"]),
    plant("C-J17", "检查有医嘱无报告", exam_without_report),
    plant("C-K01", "上级查房只表示同意", round_agrees).also(&["C-J09"]),
    plant("C-K02", "主治查房照抄首次病程", round_copies),
    plant("C-K03", "主治首次查房无补充", first_round_empty).also(&["C-K01", "C-J09"]),
    plant("C-K04", "查房为教科书定义", round_is_textbook),
    plant("C-K05", "上级指示的检查未做", instruction_ignored).also(&["C-I03"]),
    plant("C-K06", "查房不写医师姓名职称", rounder_removed),
    plant("C-K07", "删去副高以上查房", chief_rounds_removed).also(&["T12", "T07"]),
    plant("C-K07", "删去主治查房", attending_rounds_removed).also(&["T12", "T06"]),
];

/// A moment after admission with notes still to come: someone should have written about it. A stable patient gets a note every three days, so
/// that nothing is wrong in a running stay before these are over.
pub(super) fn moment(d: &Draft<'_>, hours: i64) -> Option<DateTime> {
    let at = plus_minutes(d.admitted()?, hours * 60);
    (plus_minutes(at, 26 * 60) < d.end()? && d.is_overdue(at, 72)).then_some(at)
}

fn image(d: &mut Draft<'_>, at: DateTime) -> Option<String> {
    let choices = [
        ("CT", "胸部", "右上肺见一2.3cm分叶状结节,边缘毛刺。", "右上肺结节,恶性可能"),
        ("CT", "上腹部", "肝右叶见4.5cm低密度占位,增强明显强化。", "肝右叶占位,肝癌可能"),
        ("MRI", "头颅", "右侧小脑半球见斑片状弥散受限。", "右侧小脑急性梗死"),
    ];
    let (modality, site, findings, impression) = d.pick(&choices);
    if d.has_text(WRITTEN, &format!("{}|{site}{modality}", &impression[..6])) {
        return None;
    }
    d.visit.exams.as_mut()?.push(Exam {
        id: Some("drill-exam".to_owned()),
        modality: Some(modality.to_owned()),
        site: Some(site.to_owned()),
        findings: Some(findings.to_owned()),
        impression: Some(impression.to_owned()),
        critical: Some(false),
        performed_at: Some(Instant::minute(plus_minutes(at, -120))),
        reported_at: Some(Instant::minute(at)),
    });
    d.visit.orders.as_mut()?.push(Order {
        id: Some("drill-exam-order".to_owned()),
        kind: Some(OrderKind::Exam),
        name: Some(format!("{site}{modality}")),
        start: Some(Instant::minute(plus_minutes(at, -240))),
        long_term: Some(false),
        ..Order::default()
    });
    Some(format!("{site}{modality}:{impression}"))
}

fn image_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let at = moment(d, 26)?;
    let report = image(d, at)?;
    Some(Plant::new("检查报告", "(无)", format!("{report},病程未提")))
}

fn image_only_back(d: &mut Draft<'_>) -> Option<Plant> {
    let at = moment(d, 26)?;
    let report = image(d, at)?;
    let (what, _) = report.split_once(':')?;
    let index = d.documents(COURSE).into_iter().find(|index| d.time_of(*index).is_some_and(|time| time.earliest() > at))?;
    let place = d.last_place(index)?;
    let plant = d.append_at(&place, &[&format!("{what}已回。"), &format!("{what}已完成。"), &format!("已行{what}检查。")])?;
    Some(Plant { before: report, ..plant })
}

fn culture(d: &mut Draft<'_>, specimen: &str, organisms: &[&str]) -> Option<Plant> {
    let at = moment(d, 40)?;
    let organism = d.pick(organisms);
    if d.has_text(WRITTEN, "培养") {
        return None;
    }
    d.visit.cultures.get_or_insert_default().push(Culture {
        id: Some("drill-culture".to_owned()),
        specimen: Some(specimen.to_owned()),
        organism: Some(organism.to_owned()),
        sensitivity: None,
        sampled_at: Some(Instant::minute(plus_minutes(at, -36 * 60))),
        reported_at: Some(Instant::minute(at)),
    });
    Some(Plant::new(format!("{specimen}培养"), "(无)", format!("{organism},病程未提")))
}

fn culture_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    culture(d, "血", &["耐甲氧西林金黄色葡萄球菌", "大肠埃希菌", "肺炎克雷伯菌"])
}

fn sputum_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    culture(d, "痰", &["铜绿假单胞菌", "鲍曼不动杆菌", "肺炎克雷伯菌"])
}

fn critical_value_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let mut index = None;
    for (number, document) in d.visit.documents.iter().enumerate() {
        if document.kind == Some(Kind::CriticalValueRecord) && document.text.as_deref().is_some_and(|text| text.contains("6.6mmol/L")) {
            index = Some(number);
        }
    }
    day_over(d)?;
    d.remove(&[index?])
}

/// The day in which a critical value is written up has passed.
fn day_over(d: &Draft<'_>) -> Option<()> {
    let reported = d.visit.critical_values.as_ref()?.last()?.reported_at?.earliest();
    d.is_overdue(reported, 24).then_some(())
}

fn critical_value_only_known(d: &mut Draft<'_>) -> Option<Plant> {
    day_over(d)?;
    d.rewrite_document(
        &[Kind::CriticalValueRecord],
        |text| text.contains("6.6mmol/L"),
        |_| Some("接检验科危急值电话:血钾6.6mmol/L,已知晓。".to_owned()),
    )
}

fn fever_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let at = Instant::minute(moment(d, 28)?);
    if d.has_text(COURSE, "发热|寒战|高热|T ?3[89]") {
        return None;
    }
    let hot = d.pick(&[39.8, 40.1, 39.5]);
    d.visit.vitals.as_mut()?.push(Vitals {
        at: Some(at),
        temperature: Some(hot),
        pulse: Some(118.0),
        respiration: Some(26.0),
        ..Vitals::default()
    });
    let nurse = d.staff(Title::Nurse, Title::Nurse).or_else(|| d.doctor())?;
    let text = format!("{}寒战,T {hot}℃,报告医师,遵医嘱物理降温。", at.earliest().strftime("%H:%M"));
    d.add_document(Kind::NursingRecord, "护理记录", plus_minutes(at.earliest(), 20), &[nurse], text.clone());
    Some(Plant::new("护理记录", "(无)", text))
}

fn fall_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let at = moment(d, 27)?;
    if d.has_text(COURSE, "跌倒|坠床|抽搐|晕厥") {
        return None;
    }
    let nurse = d.staff(Title::Nurse, Title::Nurse).or_else(|| d.doctor())?;
    let text = d.pick(&[
        "患者如厕时跌倒,额部擦伤,已报告值班医师。",
        "患者突发抽搐,持续约2分钟,已报告值班医师。",
        "患者晕厥1次,约1分钟后清醒,BP 84/50mmHg,已报告医师。",
    ]);
    d.add_document(Kind::NursingRecord, "护理记录", at, &[nurse], text.to_owned());
    Some(Plant::new("护理记录", "(无)", text))
}

fn antibiotic_changed(d: &mut Draft<'_>) -> Option<Plant> {
    let at = moment(d, 50)?;
    if d.has_text(WRITTEN, "美罗培南|亚胺培南") || d.age()? < 14 {
        return None;
    }
    let orders = d.visit.orders.as_ref()?;
    let own = orders
        .iter()
        .position(|order| order.class.as_deref().is_some_and(|class| class.starts_with("antibiotic")) && order.long_term == Some(true));
    if let Some(index) = own {
        d.visit.orders.as_mut()?[index].stop = Some(Instant::minute(at));
    }
    let hours = 50;
    let plant = d.add_drug("注射用美罗培南", 1.0, "g", "静脉滴注", "q8h", hours)?;
    let order = d.visit.orders.as_mut()?.last_mut()?;
    (order.class, order.purpose) = (Some("antibiotic_special".to_owned()), Some("treatment".to_owned()));
    Some(plant)
}

fn hollow_note(d: &mut Draft<'_>) -> Option<Plant> {
    let text = d.pick(&["患者一般情况可,继续目前治疗。", "病情同前,治疗同前,继续观察。", "患者无特殊不适,查体同前,继观。"]);
    d.rewrite_document(DAILY, |_| true, |_| Some(text.to_owned()))
}

fn critical_with_second_level(d: &mut Draft<'_>) -> Option<Plant> {
    let index = d.order(&["特级护理"])?;
    d.visit.orders.as_mut()?[index].name = Some("二级护理".to_owned());
    Some(Plant::new("医嘱·护理级别", "特级护理", "二级护理"))
}

fn serious_with_second_level(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.conditions.as_ref()?.iter().find(|condition| condition.level == Some(crate::record::ConditionLevel::Serious))?;
    let orders = d.visit.orders.as_mut()?;
    let mut before = None;
    for order in orders.iter_mut().filter(|order| order.kind == Some(OrderKind::Nursing)) {
        if let Some(name) = order.name.clone().filter(|name| name.contains("一级护理") || name.contains("特级护理")) {
            order.name = Some(name.replace("一级护理", "二级护理").replace("特级护理", "二级护理"));
            before = before.or(Some(name));
        }
    }
    Some(Plant::new("医嘱·护理级别", before?, "二级护理"))
}

fn effect_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit
        .orders
        .as_ref()?
        .iter()
        .find(|order| order.class.as_deref().is_some_and(|class| class.starts_with("antibiotic")) && order.long_term == Some(true))?;
    d.drop_clauses(COURSE, &[], "有效|减轻|下降|降至|好转|体温|改善|减少|T ?3")
}

/// To intensive care: that an ordinary ward takes over is often not told in words, and need not be.
fn intensive_care_untold(d: &mut Draft<'_>) -> Option<Plant> {
    const TOLD: &str = "告知|沟通|交代|交待|谈话|通知|签字|签名|知情|家属|家长|家人|亲属|监护人|解释|理解|妻|夫|儿子|女儿|其[父母子女]";
    let reason = d.pick(&[
        "气促加重,血氧饱和度下降至88%,转重症医学科监护治疗",
        "血压下降至82/50mmHg,拟转重症医学科进一步治疗",
        "意识变差,为加强监护转入ICU",
    ]);
    d.drop_clauses(ANY_COURSE, &[], TOLD);
    // What was signed or told in another form about that day would count.
    let at = d.visit.transfers.iter().flatten().last()?.at?.earliest();
    let is_near = |time: Instant| minutes_between(time.earliest(), at).abs() <= 36 * 60;
    let others = d.visit.documents.iter().filter(|document| {
        document.kind.is_none_or(|kind| kind != Kind::TransferOut && !ANY_COURSE.contains(&kind)) && document.event_at.is_some_and(is_near)
    });
    if others.into_iter().any(|document| compiled(TOLD).is_match(&whole_text(document))) {
        return None;
    }
    for transfer in d.visit.transfers.iter_mut().flatten() {
        transfer.to = Some("重症医学科".to_owned());
    }
    for document in d.visit.documents.iter_mut().filter(|document| document.kind == Some(Kind::TransferOut)) {
        let text = document.text.as_mut()?;
        *text = compiled("进一步专科治疗.*家属知情同意").replace(text, reason).into_owned();
    }
    Some(Plant::new("转出记录", "家属知情同意", format!("{reason},未写告知")))
}

fn critical_untold(d: &mut Draft<'_>) -> Option<Plant> {
    d.drop_documents(&[Kind::CriticalNotice])?;
    d.drop_clauses(ANY_COURSE, &[], "告知|家属|说明|交代");
    Some(Plant::new("病危", "病危通知书与告知", "(删去)"))
}

fn refusal(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(COURSE, |_, _| true, &["患者拒绝胃镜检查。", "家属拒绝腰椎穿刺。", "建议行冠脉造影,患者拒绝。", "患者拒绝输血治疗。"])
}

fn reaction_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let at = moment(d, 28)?;
    if d.has_text(WRITTEN, "左氧氟沙星|皮疹|过敏反应|氯雷他定") || d.age()? < 18 {
        return None;
    }
    d.add_drug("左氧氟沙星氯化钠注射液", 0.5, "g", "静脉滴注", "qd", 26)?;
    let order = d.visit.orders.as_mut()?.last_mut()?;
    order.stop = Some(Instant::minute(at));
    order.class = Some("antibiotic_restricted".to_owned());
    d.append_some(
        COURSE,
        |d, index| d.time_of(index).is_some_and(|time| time.earliest() > at),
        &["考虑肺部感染,予左氧氟沙星0.5g qd抗感染。"],
    )?;
    let first = d.pick(&[("氯雷他定片", "口服"), ("盐酸异丙嗪注射液", "肌内注射")]);
    d.add_drug(first.0, if first.1 == "口服" { 10.0 } else { 25.0 }, "mg", first.1, "st", 28)?;
    d.add_drug("地塞米松磷酸钠注射液", 5.0, "mg", "静脉注射", "st", 28)?;
    Some(Plant::new("医嘱", "(无)", format!("左氧氟沙星停于{},同时予{}、地塞米松,病程未记反应", Instant::minute(at), first.0)))
}

/// Whoever tells of the risk tells of no measure, and nobody else does. The scales are those of adults.
fn risk(d: &mut Draft<'_>, words: &str, kinds: &[Kind], sentences: &[&str]) -> Option<Plant> {
    const GROWN: i64 = 18;
    let told = &[
        Kind::AdmissionNote,
        Kind::ReadmissionNote,
        Kind::FirstCourse,
        Kind::DailyCourse,
        Kind::WardRound,
        Kind::NursingRecord,
        Kind::PostopCourse,
        Kind::PreopSummary,
        Kind::PreopDiscussion,
        Kind::DischargeRecord,
    ];
    // A nurse at the bed, or a patient who must not leave it, is a measure already.
    let measures = format!("{words}|特级护理|特护|绝对卧床|专人|约束");
    let ordered = d.visit.orders.iter().flatten().filter_map(|order| order.name.as_ref()).any(|name| compiled(&measures).is_match(name));
    if ordered || d.age().is_some_and(|age| age < GROWN) {
        return None;
    }
    d.drop_clauses(ANY_COURSE, &[], words);
    if d.has_text(told, &measures) {
        return None;
    }
    d.append_some(kinds, |_, _| true, sentences)
}

fn thrombosis_without_measure(d: &mut Draft<'_>) -> Option<Plant> {
    risk(
        d,
        "肝素|抗凝|利伐沙班|弹力袜|气压|充气|踝泵|VTE|Caprini|Padua|血栓|下床|下地|早期活动",
        ROUND,
        &["Caprini评分8分,VTE高危。", "Padua评分6分,属VTE高危。", "VTE风险评估:Caprini 7分,极高危。"],
    )
}

fn pressure_without_measure(d: &mut Draft<'_>) -> Option<Plant> {
    risk(d, "压疮|压力性损伤|翻身|气垫|Braden|减压|皮肤护理", ROUND, &["Braden评分10分,压力性损伤高危。", "Braden 9分,压疮极高危。"])
}

/// In the nurses' sheet, which is where the measures would stand: of a visit without that sheet nobody knows whether there were any.
fn fall_risk_without_measure(d: &mut Draft<'_>) -> Option<Plant> {
    risk(
        d,
        "跌倒|床栏|床档|护栏|陪护|留陪|防跌|Morse|坠床|安全宣教|呼叫铃",
        &[Kind::NursingRecord],
        &["Morse跌倒评分75分,跌倒高危。", "跌倒风险评估:Morse 65分,高风险。"],
    )
}

/// A second operation within two days of the first, for bleeding.
fn reoperation_undiscussed(d: &mut Draft<'_>) -> Option<Plant> {
    let first = d.visit.operations.as_ref()?.first()?.clone();
    let start = plus_minutes(first.ended_at?.earliest(), 20 * 60);
    if plus_minutes(start, 1440) > d.end()? {
        return None;
    }
    let operation = crate::record::Operation {
        id: Some("drill-operation".to_owned()),
        name: Some("剖腹探查止血术".to_owned()),
        elective: Some(false),
        started_at: Some(Instant::minute(start)),
        ended_at: Some(Instant::minute(plus_minutes(start, 60))),
        anesthesia_started_at: Some(Instant::minute(plus_minutes(start, -20))),
        anesthesia_ended_at: Some(Instant::minute(plus_minutes(start, 70))),
        icd9cm3: None,
        level: Some(2),
        ..first
    };
    d.visit.operations.as_mut()?.push(operation);
    Some(Plant::new("手术", "(无)", format!("{}因术后出血再次手术,无讨论", Instant::minute(start))))
}

fn exam_without_report(d: &mut Draft<'_>) -> Option<Plant> {
    // Of a running stay the examination may still be done.
    d.discharged()?;
    let at = moment(d, 20)?;
    d.visit.exams.as_ref()?;
    let name = d.pick(&["头颅MRI平扫", "全腹增强CT", "甲状腺超声", "肺功能检查", "腰椎MRI"]);
    let site = &name[..6];
    if d.has_text(WRITTEN, site) {
        return None;
    }
    d.visit.orders.as_mut()?.push(Order {
        id: Some("drill-exam".to_owned()),
        kind: Some(OrderKind::Exam),
        name: Some(name.to_owned()),
        start: Some(Instant::minute(at)),
        long_term: Some(false),
        ..Order::default()
    });
    Some(Plant::new("医嘱·检查", "(无)", format!("{name},无报告、无说明")))
}

/// The head of a round: who went.
fn head(text: &str) -> String {
    compiled(r"^[^\n。]*?(医师|主任)[^\n。::]{0,6}查房").find(text).map_or(String::new(), |found| found.as_str().to_owned())
}

fn round_agrees(d: &mut Draft<'_>) -> Option<Plant> {
    let words = d.pick(&["同意目前诊断及治疗。", "同意目前诊疗方案,继续观察。", "患者病情同前,同意下级医师意见。"]);
    d.rewrite_document(ROUND, |text| !head(text).is_empty(), |text| Some(format!("{}:{words}", head(text))))
}

fn round_copies(d: &mut Draft<'_>) -> Option<Plant> {
    let parts: Vec<String> =
        d.places(FIRST, &["拟诊讨论", "诊断依据", "鉴别诊断"]).iter().map(|place| d.text(place).trim().to_owned()).collect();
    let copied = parts.concat();
    (copied.chars().count() > 80).then_some(())?;
    let first = d.documents(ROUND).into_iter().next()?;
    let kind_text = whole_text(&d.visit.documents[first]);
    let new = format!("{}。分析:{copied}", head(&kind_text));
    d.rewrite_document(ROUND, |text| text == kind_text, |_| Some(new.clone()))
}

fn first_round_empty(d: &mut Draft<'_>) -> Option<Plant> {
    let first = d.documents(ROUND).into_iter().next()?;
    let text = whole_text(&d.visit.documents[first]);
    let words = d.pick(&["病史体征如上,继续治疗。", "病史、体征同首次病程,继续目前治疗。"]);
    d.rewrite_document(ROUND, |other| other == text, |old| Some(format!("{}:{words}", head(old)))).filter(|_| !head(&text).is_empty())
}

fn round_is_textbook(d: &mut Draft<'_>) -> Option<Plant> {
    let book = d.pick(&[
        "糖尿病是一组以慢性高血糖为特征的代谢性疾病,是由于胰岛素分泌和(或)作用缺陷所引起。长期碳水化合物、脂肪、蛋白质代谢紊乱可引起多系统损害,导致眼、肾、神经、心脏、血管等组织器官慢性进行性病变、功能减退及衰竭。",
        "肺炎是指终末气道、肺泡和肺间质的炎症,可由病原微生物、理化因素、免疫损伤、过敏及药物所致。细菌性肺炎是最常见的肺炎,也是最常见的感染性疾病之一,抗菌药物应用以前病死率高。",
    ]);
    d.rewrite_document(ROUND, |text| !head(text).is_empty(), |text| Some(format!("{}:{book}", head(text))))
}

fn instruction_ignored(d: &mut Draft<'_>) -> Option<Plant> {
    // Of a running stay the examination may still be done.
    let end = d.discharged()?;
    d.visit.orders.as_ref()?;
    let choices = ["指示:加做支气管镜检查。", "指示:请完善头颅MRI检查。", "指示加做骨髓穿刺检查。", "意见:加用螺内酯20mg qd。"];
    if d.has_text(WRITTEN, "支气管镜|头颅MRI|骨髓穿刺|螺内酯") {
        return None;
    }
    d.append_some(ROUND, |d, index| d.time_of(index).is_some_and(|time| plus_minutes(time.earliest(), 50 * 60) < end), &choices)
}

fn rounder_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let rounds: Vec<usize> =
        d.documents(ROUND).into_iter().filter(|index| !head(&whole_text(&d.visit.documents[*index])).is_empty()).collect();
    let index = (!rounds.is_empty()).then(|| d.pick(&rounds))?;
    let word = d.pick(&["上级医师查房", "上级医师查房示", "今日上级医师查房"]);
    let names: Vec<String> = d.visit.staff.iter().flatten().filter_map(|person| person.name.clone()).collect();
    let document = &mut d.visit.documents[index];
    let before = document.text.clone()?;
    let mut after = before.replacen(&head(&before), word, 1);
    for name in names {
        after = compiled(&format!(r"{}(副?主任|主治|住院)?(医师)?", regex::escape(&name))).replace_all(&after, "上级医师").into_owned();
    }
    // 范主治 and 郑主任 too.
    after = compiled(r"[\p{Han}](主治|主任)(医师)?(分析|指示|意见)?:?").replace_all(&after, "$3").into_owned();
    document.title = Some("上级医师查房记录".to_owned());
    document.text = Some(after.clone());
    let show = |text: &str| text.chars().take(30).collect::<String>();
    Some(Plant::new("查房记录", show(&before), show(&after)))
}

fn rounds_removed(d: &mut Draft<'_>, lowest: Title) -> Option<Plant> {
    d.has_whole_week().filter(|whole| *whole)?;
    let names: Vec<String> = d
        .visit
        .staff
        .iter()
        .flatten()
        .filter(|person| person.title.is_some_and(|title| if lowest == Title::Attending { title == lowest } else { title >= lowest }))
        .filter_map(|person| person.name.clone())
        .collect();
    let rounds: Vec<usize> = d
        .documents(COURSE)
        .into_iter()
        .filter(|index| {
            let document = &d.visit.documents[*index];
            let text = format!("{} {}", document.title.as_deref().unwrap_or(""), whole_text(document));
            names.iter().any(|name| text.contains(name.as_str()))
        })
        .collect();
    // The first stays, and the text of the others loses its round, so that the count of notes stays the same.
    let later: Vec<usize> = rounds.into_iter().skip(1).collect();
    for index in &later {
        let document = &mut d.visit.documents[*index];
        document.kind = Some(Kind::DailyCourse);
        document.title = Some("日常病程记录".to_owned());
        let mut text = whole_text(document);
        for name in &names {
            text = compiled(&format!(r"{}(副?主任|主治|住院)?(医师)?[^。::,]{{0,8}}(查房|查看患者)?", regex::escape(name)))
                .replace_all(&text, "")
                .into_owned();
        }
        document.sections = None;
        document.text = Some(text);
        let ids: Vec<String> = d
            .visit
            .staff
            .iter()
            .flatten()
            .filter(|person| person.name.as_ref().is_some_and(|name| names.contains(name)))
            .map(|person| person.id.clone())
            .collect();
        let document = &mut d.visit.documents[*index];
        document
            .signatures
            .iter_mut()
            .for_each(|list| list.retain(|signature| signature.staff.as_ref().is_none_or(|staff| !ids.contains(staff))));
        document.author = document.author.take().filter(|author| !ids.contains(author));
    }
    // A round of a higher level is one of the middle level as well: with three of them a week nothing is missing.
    if lowest == Title::Attending && senior_rounds_of_whole_week(d)? >= 3 {
        return None;
    }
    (!later.is_empty()).then(|| Plant::new("查房记录", format!("{}次", later.len() + 1), "1次"))
}

/// Notes of the first whole week that a senior signed, or that name one, in their heading or text.
fn senior_rounds_of_whole_week(d: &Draft<'_>) -> Option<usize> {
    let first = d.admitted()?.date();
    let to_monday = (8 - i64::from(first.weekday().to_monday_one_offset())) % 7;
    let seniors = super::limits::seniors(d);
    let of_week = d.documents(COURSE).into_iter().filter(|index| {
        d.time_of(*index).is_some_and(|time| (to_monday..to_monday + 7).contains(&crate::record::time::days_between(first, time.date())))
    });
    let is_senior = |index: &usize| {
        let document = &d.visit.documents[*index];
        let words = format!("{} {}", document.title.as_deref().unwrap_or(""), whole_text(document));
        let signed = |id: &str| {
            let signatures = document.signatures.iter().flatten();
            document.author.as_deref() == Some(id) || signatures.filter_map(|signature| signature.staff.as_deref()).any(|staff| staff == id)
        };
        seniors.iter().any(|(id, name)| words.contains(name.as_str()) || signed(id))
    };
    Some(of_week.filter(is_senior).count())
}

fn chief_rounds_removed(d: &mut Draft<'_>) -> Option<Plant> {
    rounds_removed(d, Title::AssociateChief)
}

fn attending_rounds_removed(d: &mut Draft<'_>) -> Option<Plant> {
    rounds_removed(d, Title::Attending)
}
