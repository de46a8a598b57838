//! N: operations.

use super::site::other_side;
use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::record::time::plus_minutes;
use crate::record::{DocumentKind as Kind, Instant, Operation, Pathology, Title};

pub const PLANTERS: &[Planter] = &[
    plant("C-N01", "手术指征为套话", circular_indication),
    plant("C-N01", "删去手术指征", indication_removed),
    plant("C-N02", "拟腹腔镜实开腹无说明", converted_without_word).also(&["C-P05", "C-N04", "C-R09"]),
    plant("C-N02", "同意书术式与手术记录不同", consent_names_other_operation).also(&["C-P05"]),
    plant("C-N03", "病理为癌而出院诊断良性", pathology_malignant).also(&["C-R11", "T54", "C-N08"]),
    plant("C-N03", "术中诊断与术前不同无说明", intraoperative_differs),
    plant("C-N04", "手术记录术者与首页不同", surgeon_in_record),
    plant("C-N04", "首页术者不同", surgeon_on_front_page),
    plant("C-N04", "麻醉记录麻醉方式不同", anesthesia_in_record),
    plant("C-N04", "麻醉记录手术时间不同", time_in_record).also(&["C-B07"]),
    plant("C-N05", "同意书侧别写反", side_in_consent).also(&["C-C01"]),
    plant("C-N05", "手术记录侧别写反", side_in_record).also(&["C-C01"]),
    plant("C-N05", "核查表侧别写反", side_in_checklist).also(&["C-C01"]),
    plant("C-N05", "手术数据侧别写反", side_in_data).also(&["C-C01"]),
    plant("C-N06", "手术经过过简", short_operation),
    plant("C-N07", "麻醉记录出血量不同", blood_in_anesthesia),
    plant("C-N07", "术后病程出血量不同", blood_in_postop),
    plant("C-N08", "送检而无病理", pathology_removed).also(&["T54"]),
    plant("C-N09", "植入物不写入手术记录", implant_unrecorded),
    plant("C-N09", "植入物不写型号条码", implant_unlabelled),
    plant("C-N10", "术者未参加术前讨论", surgeon_absent),
    plant("C-N10", "术前讨论无结论", discussion_without_conclusion),
    plant("C-N10", "缺术前讨论", discussion_removed).also(&["T42"]),
    plant("C-N11", "核查表离室前空白", checklist_step_removed).also(&["T46"]),
    plant("C-N11", "核查表无麻醉医师签名", checklist_unsigned).also(&["T46"]),
    plant("C-N11", "缺安全核查表", checklist_removed).also(&["T46"]),
    plant("C-N12", "术者术前未查房", round_before_removed).also(&["T50"]),
    plant("C-N12", "术者术后未查房", round_after_removed).also(&["T50"]),
    plant("C-N13", "术后病程无切口引流", postop_note_hollow),
    plant("C-N14", "非计划再次手术未讨论", unplanned_return).also(&["C-J16", "T24"]),
    plant("C-N15", "住院医师主刀三级手术", resident_operates).also(&["C-N04"]),
];

fn operation(d: &Draft<'_>) -> Option<Operation> {
    d.visit.operations.as_ref()?.first().cloned()
}

const SUMMARY: &[Kind] = &[Kind::PreopSummary];

fn circular_indication(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(SUMMARY, &["手术指征"], &["有手术指征。", "具备手术指征,需手术治疗。", "手术指征明确。"])
}

fn indication_removed(d: &mut Draft<'_>) -> Option<Plant> {
    let plant = d.drop_section(SUMMARY, &["手术指征"])?;
    d.drop_clauses(&[Kind::PreopDiscussion, Kind::WardRound, Kind::FirstCourse], &[], "指征");
    Some(plant)
}

fn converted_without_word(d: &mut Draft<'_>) -> Option<Plant> {
    let name = operation(d)?.name?;
    if !name.contains("腹腔镜") {
        return None;
    }
    let new = name.replace("腹腔镜下", "开腹").replace("腹腔镜", "开腹");
    d.visit.operations.as_mut()?.first_mut()?.name = Some(new.clone());
    if let Some(main) = d.visit.front_page.as_mut().and_then(|page| page.main_operation.as_mut()) {
        main.name = Some(new.clone());
    }
    d.rewrite(&[Kind::OperationRecord], &["手术名称"], &[&new])?;
    d.rewrite(
        &[Kind::OperationRecord],
        &["手术经过"],
        &["取右上腹肋缘下切口逐层进腹,分离粘连后顺利完成手术,术中出血约100ml,止血彻底,清点器械敷料无误,逐层关腹,安返病房。"],
    )?;
    Some(Plant::new("手术记录", name, new))
}

fn consent_names_other_operation(d: &mut Draft<'_>) -> Option<Plant> {
    const PAPERS: &[Kind] = &[Kind::OperationRecord, Kind::PreopSummary, Kind::PreopDiscussion, Kind::PostopCourse];
    const OTHERS: [(&str, &str); 4] =
        [("腹股沟疝无张力修补术", "疝"), ("甲状腺腺叶切除术", "甲状"), ("腹腔镜下胆囊切除术", "胆"), ("经尿道前列腺电切术", "前列腺")];
    let own = operation(d)?.name?;
    // On the organ of this operation it may be the same one in other words.
    let foreign: Vec<&str> =
        OTHERS.iter().filter(|(_, organ)| !own.contains(organ) && !d.has_text(PAPERS, organ)).map(|(name, _)| *name).collect();
    (!foreign.is_empty()).then_some(())?;
    d.rewrite(&[Kind::ConsentOperation], &["拟施手术", "手术名称"], &foreign)
}

fn pathology_malignant(d: &mut Draft<'_>) -> Option<Plant> {
    let end = operation(d)?.ended_at?;
    d.discharged()?;
    if d.has_text(DISCHARGE, "癌") {
        return None;
    }
    let at = Instant::minute(plus_minutes(end.earliest(), 40 * 60).min(plus_minutes(d.end()?, -20 * 60)));
    let report = d.pick(&["中分化腺癌,浸润至浆膜层", "乳头状癌,切缘阴性", "高级别尿路上皮癌"]);
    d.visit.pathology = Some(vec![Pathology {
        id: Some("drill-pathology".to_owned()),
        specimen: Some("手术标本".to_owned()),
        diagnosis: Some(report.to_owned()),
        reported_at: Some(at),
    }]);
    Some(Plant::new("病理报告", "(原报告)", report))
}

fn intraoperative_differs(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(&[Kind::OperationRecord], &["术中诊断"], &["腹膜后血肿", "盆腔脓肿", "肠系膜上动脉栓塞"])
}

fn other_doctor(d: &mut Draft<'_>, not: &str) -> Option<(String, String)> {
    let doctors: Vec<(String, String)> = d
        .visit
        .staff
        .iter()
        .flatten()
        .filter(|person| person.id != not && person.title.is_some_and(Title::is_senior))
        .filter_map(|person| Some((person.id.clone(), person.name.clone()?)))
        .collect();
    (!doctors.is_empty()).then(|| doctors[d.rng.u64(0..doctors.len() as u64) as usize].clone())
}

fn name_of(d: &Draft<'_>, id: &str) -> Option<String> {
    d.visit.staff.iter().flatten().find(|person| person.id == id)?.name.clone()
}

fn surgeon_in_record(d: &mut Draft<'_>) -> Option<Plant> {
    let surgeon = operation(d)?.surgeon?;
    let own = name_of(d, &surgeon)?;
    let (_, other) = other_doctor(d, &surgeon)?;
    d.edit(&[Kind::OperationRecord], &["术者", "手术人员", ""], &format!(r"(^|术者\p{{P}}?\s*){own}"), |found| {
        Some(format!("{}{other}", &found[1]))
    })
}

fn surgeon_on_front_page(d: &mut Draft<'_>) -> Option<Plant> {
    let surgeon = operation(d)?.surgeon?;
    let (id, name) = other_doctor(d, &surgeon)?;
    let own = name_of(d, &surgeon)?;
    d.visit.front_page.as_mut()?.main_operation.as_mut()?.surgeon.replace(id)?;
    Some(Plant::new("病案首页·术者", own, name))
}

fn anesthesia_in_record(d: &mut Draft<'_>) -> Option<Plant> {
    operation(d)?;
    // With its airway, drug or level in brackets: that of the other method would be wrong there.
    const METHOD: &str = concat!(
        r"(?:气管插管|双腔支气管插管|静脉|静吸复合|双腔插管)?(全身麻醉|全麻|椎管内麻醉|腰硬联合麻醉|局部麻醉)",
        r"(?:\s*[(\x{ff08}][^)\x{ff09}\n]{0,16}(?:插管|喉罩|卡因|%|[LT]\d|TIVA)[^)\x{ff09}\n]{0,16}[)\x{ff09}])?",
        r"(\s*[+\x{ff0b}]|联合|复合)?"
    );
    let kind = d.pick(&[Kind::OperationRecord, Kind::AnesthesiaRecord, Kind::PostopCourse]);
    d.edit(&[kind], &[], METHOD, |found| {
        // One method of two may be left out without a contradiction.
        let mixed = found.get(2).is_some();
        let other = if matches!(&found[1], "全身麻醉" | "全麻") { "椎管内麻醉" } else { "全身麻醉" };
        (!mixed).then(|| other.to_owned())
    })
}

fn time_in_record(d: &mut Draft<'_>) -> Option<Plant> {
    let start = operation(d)?.started_at?.earliest();
    let wrong = plus_minutes(start, d.pick(&[75, 130])).strftime("%H:%M").to_string();
    d.edit(&[Kind::AnesthesiaRecord, Kind::PostopCourse], &[], &start.strftime("%H:%M").to_string(), |_| Some(wrong.clone()))
}

/// Every side word of one document turned round.
fn turn_sides(d: &mut Draft<'_>, kind: Kind) -> Option<Plant> {
    let side = operation(d)?.side?;
    other_side(side)?;
    let (own, other) = if side == crate::record::Side::Left { ("左", "右") } else { ("右", "左") };
    let mut first = None;
    while let Some(plant) = d.edit(&[kind], &[], &format!("{own}(侧|[^侧\\p{{P}}])"), |found| {
        let word = &found[1];
        Some(format!("{other}{word}"))
    }) {
        first = first.or(Some(plant));
    }
    first
}

fn side_in_consent(d: &mut Draft<'_>) -> Option<Plant> {
    turn_sides(d, Kind::ConsentOperation)
}

fn side_in_record(d: &mut Draft<'_>) -> Option<Plant> {
    let side = operation(d)?.side?;
    other_side(side)?;
    let (own, other) = if side == crate::record::Side::Left { ("左", "右") } else { ("右", "左") };
    // The patient's position, a projection of the X-rays and a vein of access are not the side of the operation.
    let elsewhere = compiled("^(侧卧|侧位|前斜|后斜|偏|手|心|房|室|上肢|颈内|锁骨下静|桡动脉|股动脉|股静脉)");
    d.edit(&[Kind::OperationRecord], &["手术名称", "术前诊断", "术中诊断"], &format!(r"{own}([^\p{{P}}\s]{{1,4}})"), |found| {
        (!elsewhere.is_match(&found[1])).then(|| format!("{other}{}", &found[1]))
    })
}

fn side_in_checklist(d: &mut Draft<'_>) -> Option<Plant> {
    turn_sides(d, Kind::SafetyChecklist)
}

fn side_in_data(d: &mut Draft<'_>) -> Option<Plant> {
    let operation = d.visit.operations.as_mut()?.first_mut()?;
    let before = operation.side?;
    let after = other_side(before)?;
    operation.side = Some(after);
    Some(Plant::new("手术·侧别", before.chinese(), after.chinese()))
}

fn short_operation(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(&[Kind::OperationRecord], &["手术经过"], &["常规消毒铺巾,顺利完成手术。", "麻醉成功后常规手术,过程顺利,安返病房。"])
}

fn blood(d: &mut Draft<'_>, kind: Kind) -> Option<Plant> {
    operation(d)?.blood_loss_ml?;
    d.edit(&[kind], &[], r"(出血(量)?约?\s*)(\d+)\s*ml", |found| {
        let volume: u32 = found[3].parse().ok()?;
        Some(format!("{}{}ml", &found[1], volume * 3 + 300))
    })
}

fn blood_in_anesthesia(d: &mut Draft<'_>) -> Option<Plant> {
    blood(d, Kind::AnesthesiaRecord)
}

fn blood_in_postop(d: &mut Draft<'_>) -> Option<Plant> {
    blood(d, Kind::PostopCourse)
}

fn pathology_removed(d: &mut Draft<'_>) -> Option<Plant> {
    if operation(d)?.specimen_sent != Some(true) {
        return None;
    }
    d.discharged()?;
    let before = d.visit.pathology.take()?.first()?.diagnosis.clone()?;
    d.visit.pathology = Some(Vec::new());
    d.drop_sentences(&[Kind::DailyCourse, Kind::WardRound, Kind::DischargeRecord], &[], "病理");
    d.drop_documents(&[Kind::PathologyReport]);
    // A stage or a grade in what is left tells that the report was read.
    if d.has_text(DISCHARGE, r"[pP]T[0-4]|ISUP|Gleason|免疫组化|石蜡|切缘|淋巴结\d") {
        return None;
    }
    if let Some(page) = d.visit.front_page.as_mut() {
        page.pathology_diagnosis = None;
    }
    Some(Plant::new("病理", before, "(删去报告与病程)"))
}

/// The thing itself in the names of implants.
const IMPLANTS: [&str; 28] = [
    "钢板",
    "钛板",
    "接骨板",
    "螺钉",
    "髓内钉",
    "锚钉",
    "克氏针",
    "融合器",
    "股骨头",
    "假体",
    "晶状体",
    "晶体",
    "机械瓣",
    "二尖瓣",
    "支架",
    "补片",
    "硬脑膜",
    "起搏器",
    "脉冲发生器",
    "滤器",
    "硅油",
    "骨水泥",
    "人工骨",
    "双J管",
    "结扎夹",
    "缝合器",
    "球囊",
    "垫片",
];

/// The first operation's name, and its implants by noun and by number.
fn implants(d: &Draft<'_>) -> Option<(String, Vec<&'static str>, Vec<String>)> {
    let operation = operation(d)?;
    let all = operation.implants?;
    let noun = |name: &str| IMPLANTS.iter().find(|noun| name.contains(**noun)).copied();
    let nouns: Vec<&str> = all.iter().map(|implant| noun(implant.name.as_deref()?)).collect::<Option<_>>()?;
    let lots = all.iter().filter_map(|implant| implant.lot.as_deref()).map(regex::escape).collect();
    (!nouns.is_empty()).then(|| (operation.name.unwrap_or_default(), nouns, lots))
}

const TOLD_OF: &[Kind] = &[
    Kind::OperationRecord,
    Kind::PostopCourse,
    Kind::DailyCourse,
    Kind::WardRound,
    Kind::AnesthesiaRecord,
    Kind::CountRecord,
    Kind::SafetyChecklist,
    Kind::DischargeRecord,
    Kind::ConsentSpecial,
];

/// Not a word of it in the record of the operation, unless the operation is named after it.
fn implant_unrecorded(d: &mut Draft<'_>) -> Option<Plant> {
    let (name, nouns, lots) = implants(d)?;
    if nouns.iter().any(|noun| name.contains(noun)) {
        return None;
    }
    let words = [nouns.join("|"), "条码|植入".to_owned()].into_iter().chain(lots).collect::<Vec<_>>().join("|");
    let plant = d.drop_clauses(&[Kind::OperationRecord], &[], &words)?;
    Some(Plant::new("手术记录", plant.before, "(植入物不写)"))
}

/// It is told that it was put in, but nowhere of which make.
fn implant_unlabelled(d: &mut Draft<'_>) -> Option<Plant> {
    const LABEL: &str = "条码|批号|序列号|型号|规格|合格证|标签|登记";
    let (_, nouns, lots) = implants(d)?;
    let words = std::iter::once(LABEL.to_owned()).chain(lots).collect::<Vec<_>>().join("|");
    let plant = d.drop_clauses(TOLD_OF, &[], &words)?;
    let is_told = d.has_text(&[Kind::OperationRecord], &nouns.join("|"));
    (is_told && !d.has_text(TOLD_OF, &words)).then(|| Plant::new("手术记录", plant.before, "(型号、条码不写)"))
}

fn surgeon_absent(d: &mut Draft<'_>) -> Option<Plant> {
    // An emergency may change who operates after the discussion.
    let surgeon = operation(d).filter(|operation| operation.elective == Some(true))?.surgeon?;
    let own = name_of(d, &surgeon)?;
    let (_, other) = other_doctor(d, &surgeon)?;
    let kind = &[Kind::PreopDiscussion];
    let entry = format!(r"{own}[^\p{{P}}\n]*([(\x{{ff08}}][^)\x{{ff09}}\n]{{0,12}}[)\x{{ff09}}])?、?");
    let list = d.edit(kind, &["参加人员"], &entry, |_| Some(String::new()))?;
    while d.edit(kind, &[], &own, |_| Some(other.clone())).is_some() {}
    // Who was not there has not signed it.
    let discussion = d.document(kind)?;
    unsign(d, discussion, &surgeon);
    Some(list)
}

fn discussion_without_conclusion(d: &mut Draft<'_>) -> Option<Plant> {
    // What the chair says and what is to be done when is a conclusion by any other name.
    const CONCLUDED: &str = r"[(（]主持人?[)）]|主持人?[^。;\n]{0,14}[:：]|总\s*结|决定|综\s*上|一致|讨论意见|指征成立|(拟|定于|择期|安排|[明次今][日晨])[^。;\n]{0,20}(手术|麻醉|术[,。;，；])";
    operation(d)?;
    let plant = d.drop_sentences(&[Kind::PreopDiscussion], &[], "小结|结论|同意")?;
    (!d.has_text(&[Kind::PreopDiscussion], CONCLUDED)).then_some(plant)
}

fn discussion_removed(d: &mut Draft<'_>) -> Option<Plant> {
    // An emergency operation may go without.
    operation(d).filter(|operation| operation.elective == Some(true))?;
    d.drop_documents(&[Kind::PreopDiscussion])
}

fn checklist_step_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.edit(&[Kind::SafetyChecklist], &[], r"(?s)【?患者离室前.*?(。|】[^\n]*)", |_| Some(String::new()))
}

fn checklist_unsigned(d: &mut Draft<'_>) -> Option<Plant> {
    let plant = d.edit(&[Kind::SafetyChecklist], &[], r"手术医师、麻醉医师、巡回护士三方签名", |_| {
        Some("手术医师、巡回护士签名".to_owned())
    });
    if plant.is_some() {
        return plant;
    }
    let mut first = None;
    while let Some(plant) =
        d.edit(&[Kind::SafetyChecklist], &[], r"\s麻醉医师(签名)?[:\x{ff1a}]?\s*[\p{Han}]+", |_| Some(String::new()))
    {
        first = first.or(Some(plant));
    }
    first
}

fn checklist_removed(d: &mut Draft<'_>) -> Option<Plant> {
    const TOLD: &str = "(?i)核查|核对|三方|time ?out|sign ?(in|out)";
    operation(d).filter(|_| !d.is_local_anesthesia())?;
    let plant = d.drop_documents(&[Kind::SafetyChecklist])?;
    // Told of elsewhere it was made, and its form is one of paper.
    d.drop_clauses(&[Kind::OperationRecord, Kind::AnesthesiaRecord, Kind::CountRecord, Kind::PostopCourse], &[], TOLD);
    Some(plant)
}

/// Takes a person out of the authorship and the signatures of a document.
fn unsign(d: &mut Draft<'_>, document: usize, person: &str) {
    let record = &mut d.visit.documents[document];
    record.author = record.author.take().filter(|author| author != person);
    if let Some(signatures) = record.signatures.as_mut() {
        signatures.retain(|signature| signature.staff.as_deref() != Some(person));
    }
}

/// Who led or joined a discussion of the day before has dealt with the patient in the time that the round is due: it is held earlier, if the stay
/// is long enough.
fn discussions_moved_ahead(d: &mut Draft<'_>, surgeon: &str, start: jiff::civil::DateTime) -> Option<()> {
    let to = plus_minutes(start, -40 * 60);
    for index in d.documents(&[Kind::PreopDiscussion, Kind::PreopSummary]) {
        let held = d.time_of(index)?;
        if held.earliest() <= to || !whole_text(&d.visit.documents[index]).contains(surgeon) {
            continue;
        }
        (to > plus_minutes(d.admitted()?, 4 * 60)).then_some(())?;
        let (kind, written, new) = (d.reading.documents[index].kind, held.to_string(), Instant::minute(to).to_string());
        d.edit(&[kind], &[], &regex::escape(&written), |_| Some(new.clone()));
        d.retime(index, to)?;
    }
    Some(())
}

/// What the surgeon wrote or said on one side of the operation is no longer his.
fn rounds_removed(d: &mut Draft<'_>, before: bool) -> Option<Plant> {
    let operation = operation(d)?;
    let surgeon = operation.surgeon?;
    let own = name_of(d, &surgeon)?;
    let start = operation.started_at?.earliest();
    let notes: Vec<usize> = d
        .documents(&[Kind::WardRound, Kind::DailyCourse, Kind::PostopCourse, Kind::PreopSummary])
        .into_iter()
        .filter(|index| d.time_of(*index).is_some_and(|time| (time.earliest() < start) == before))
        .filter(|index| {
            let document = &d.visit.documents[*index];
            let signed = || document.signatures.iter().flatten().any(|signature| signature.staff.as_deref() == Some(surgeon.as_str()));
            whole_text(document).contains(&own) || document.title.as_deref().is_some_and(|title| title.contains(&own)) || signed()
        })
        .collect();
    if before {
        discussions_moved_ahead(d, &own, start)?;
    }
    let (mut gone, mut cut) = (Vec::new(), 0);
    for index in notes {
        let titled = d.visit.documents[index].title.as_deref().is_some_and(|title| title.contains(&own));
        let written = d.visit.documents[index].author.as_deref() == Some(surgeon.as_str());
        if titled || written {
            gone.push(index);
            continue;
        }
        let record = &mut d.visit.documents[index];
        let sections = record.sections.iter_mut().flatten().map(|section| &mut section.text);
        for text in sections.chain(record.text.as_mut()) {
            *text = compiled(&format!(r"[^。\n]*{own}[^。\n]*。?")).replace_all(text, "").into_owned();
        }
        unsign(d, index, &surgeon);
        cut += 1;
    }
    let _ = d.remove(&gone);
    (gone.len() + cut > 0).then(|| Plant::new(if before { "术前查房" } else { "术后查房" }, format!("术者{own}查房"), "(删去)"))
}

fn round_before_removed(d: &mut Draft<'_>) -> Option<Plant> {
    rounds_removed(d, true)
}

fn round_after_removed(d: &mut Draft<'_>) -> Option<Plant> {
    rounds_removed(d, false)
}

fn postop_note_hollow(d: &mut Draft<'_>) -> Option<Plant> {
    operation(d)?;
    let words = d.pick(&["术后第2天,恢复好,继续治疗。", "术后恢复顺利,治疗同前。"]);
    d.rewrite_document(&[Kind::DailyCourse], |text| text.contains("术后"), |_| Some(words.to_owned()))
}

fn unplanned_return(d: &mut Draft<'_>) -> Option<Plant> {
    let first = operation(d)?;
    let start = plus_minutes(first.ended_at?.earliest(), d.pick(&[10, 30]) * 60);
    if plus_minutes(start, 1440) > d.end()? {
        return None;
    }
    let name = d.pick(&["非计划再次手术:血肿清除术", "切口探查止血术", "剖腹探查术"]);
    d.visit.operations.as_mut()?.push(Operation {
        id: Some("drill-operation".to_owned()),
        name: Some(name.to_owned()),
        elective: Some(false),
        started_at: Some(Instant::minute(start)),
        ended_at: Some(Instant::minute(plus_minutes(start, 50))),
        anesthesia_started_at: Some(Instant::minute(plus_minutes(start, -20))),
        anesthesia_ended_at: Some(Instant::minute(plus_minutes(start, 60))),
        icd9cm3: None,
        ..first
    });
    d.append_some(
        COURSE,
        |d, index| d.time_of(index).is_some_and(|time| time.earliest() > start),
        &["因术后出血返回手术室再次手术止血。", "昨日因切口活动性出血行二次手术。"],
    )?;
    Some(Plant::new("手术", "(无)", format!("{name} {}", Instant::minute(start))))
}

/// With no senior at the table.
fn resident_operates(d: &mut Draft<'_>) -> Option<Plant> {
    let resident = d.staff(Title::Resident, Title::Resident)?;
    d.drop_clauses(&[Kind::OperationRecord], &[], "助手|[一二]助|指导|带教|在场|上台");
    let operation = d.visit.operations.as_mut()?.first_mut()?;
    operation.level.filter(|level| *level >= 3 && operation.elective == Some(true))?;
    operation.assistants = None;
    let before = operation.surgeon.replace(resident.id.clone())?;
    if let Some(main) = d.visit.front_page.as_mut().and_then(|page| page.main_operation.as_mut()) {
        main.surgeon = Some(resident.id.clone());
    }
    let (own, new) = (name_of(d, &before)?, resident.name?);
    d.everywhere(&regex::escape(&own), &new);
    Some(Plant::new("手术·术者", own, format!("{new}(住院医师)")))
}
