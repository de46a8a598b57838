//! E and F: chief complaint, present, past, personal and family history.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::record::{DocumentKind as Kind, Sex};

pub const PLANTERS: &[Planter] = &[
    plant("C-E01", "主诉去掉时间", complaint_without_time),
    plant("C-E02", "主诉只写要求", complaint_is_request),
    plant("C-E03", "主诉写诊断", complaint_is_diagnosis),
    plant("C-E03", "主诉写检查异常", complaint_is_finding),
    plant("C-E04", "主诉过长", complaint_too_long),
    plant("C-E05", "主诉与第一诊断无关", complaint_unrelated).also(&["C-E06", "C-B01"]),
    plant("C-E06", "现病史写另一症状", history_of_other_symptom).also(&["C-E05", "C-B01"]),
    plant("C-E07", "以次要症状为主诉", minor_complaint).also(&["C-E06"]),
    plant("C-E08", "主诉时间模糊", vague_time).also(&["C-E01"]),
    plant("C-E09", "现病史无起病情况", history_without_onset),
    plant("C-E10", "现病史无症状特点", history_without_detail).also(&["C-E09", "C-E11", "C-E12", "C-E13"]),
    plant("C-E11", "现病史无伴随症状", without_accompanying).also(&["C-E12"]),
    plant("C-E12", "现病史无阴性资料", without_negatives).also(&["C-E11"]),
    plant("C-E13", "院外诊治不具体", vague_treatment),
    plant("C-E14", "院外诊断药名无引号", quotes_removed),
    plant("C-E15", "现病史无一般情况", general_state_removed),
    plant("C-E16", "现病史时间顺序颠倒", order_reversed),
    plant("C-E17", "现病史流水账", list_of_tests),
    plant("C-E18", "再次入院未小结", readmission_without_summary),
    plant("C-F01", "无过敏史", allergy_removed),
    plant("C-F02", "过敏史不具体", allergy_vague),
    plant("C-F03", "慢性病只有病名", chronic_without_detail),
    plant("C-F04", "既往史缺手术外伤输血传染病", items_removed).also(&["C-F01"]),
    plant("C-F04", "既往史只写体健", only_healthy).also(&["C-F01"]),
    plant("C-F05", "女性缺月经史", menses_removed),
    plant("C-F06", "家族史不提父母", parents_removed),
    plant("C-F07", "长期抗凝药未写入病史", anticoagulant_unlisted),
    plant("C-F07", "长期口服药未写入病史", home_drug_unlisted),
];

fn complaint(d: &Draft<'_>) -> Option<String> {
    d.place(ADMISSION, &["主诉"]).map(|place| d.text(&place).trim().to_owned())
}

fn complaint_without_time(d: &mut Draft<'_>) -> Option<Plant> {
    let text = complaint(d)?;
    if compiled("停经|孕").is_match(&text) {
        return None;
    }
    d.rewrite_as(ADMISSION, &["主诉"], |old| {
        let bare = compiled(r"(\d+|[一二三四五六七八九十半数])\+?(余)?(个)?(小时|天|日|周|月|年)(余)?").replace_all(old, "");
        Some(bare.into_owned()).filter(|new| new != old)
    })
}

fn complaint_is_request(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(ADMISSION, &["主诉"], &["要求住院治疗1天。", "要求手术治疗。", "要求进一步检查3天。", "自愿要求入院调理1周。"])
}

fn complaint_is_diagnosis(d: &mut Draft<'_>) -> Option<Plant> {
    if d.place(&[Kind::ReadmissionNote], &["主诉"]).is_some() || complaint(d)?.contains("停经") {
        return None;
    }
    d.rewrite(ADMISSION, &["主诉"], &["高血压病10年。", "2型糖尿病5年。", "慢性胃炎3年。", "冠心病8年。"])
}

fn complaint_is_finding(d: &mut Draft<'_>) -> Option<Plant> {
    if d.place(&[Kind::ReadmissionNote], &["主诉"]).is_some() || complaint(d)?.contains("停经") {
        return None;
    }
    d.rewrite(ADMISSION, &["主诉"], &["CT异常3天。", "心电图异常1周。", "血常规异常2天。"])
}

fn complaint_too_long(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite_as(ADMISSION, &["主诉"], |old| Some(format!("患者无明显诱因反复出现全身乏力不适伴食欲减退夜间睡眠欠佳及情绪低落,{old}")))
}

fn complaint_unrelated(d: &mut Draft<'_>) -> Option<Plant> {
    if d.has_text(ADMISSION, "踝|皮疹|听力") {
        return None;
    }
    d.rewrite(ADMISSION, &["主诉"], &["右踝扭伤2小时。", "左耳听力下降1周。", "面部皮疹3天。"])
}

fn history_of_other_symptom(d: &mut Draft<'_>) -> Option<Plant> {
    let text = complaint(d)?;
    let general = "病来精神、食欲、睡眠尚可,大小便正常,体重无明显变化。";
    let choices = [
        ("头晕|呕吐", "患者无明显诱因出现头晕,呈持续性,视物旋转,伴呕吐2次,无耳鸣,改变体位时加重,未就诊,门诊以“头晕”收入院。"),
        ("皮疹|瘙痒", "患者无明显诱因出现双下肢皮疹,伴瘙痒,抓后加重,无渗出,自行外用药膏无好转,门诊以“皮疹”收入院。"),
        ("关节", "患者无明显诱因出现双膝关节肿痛,晨僵约半小时,活动后加重,无发热,未系统治疗,门诊以“关节痛”收入院。"),
    ];
    let (_, history) = choices.iter().find(|(word, _)| !compiled(word).is_match(&text))?;
    let history = format!("{history}{general}");
    d.rewrite(ADMISSION, &["现病史"], &[&history])
}

fn minor_complaint(d: &mut Draft<'_>) -> Option<Plant> {
    let text = complaint(d)?;
    if !compiled("黑便|呕血|胸痛|昏迷|抽搐|无力|气促|发热").is_match(&text) {
        return None;
    }
    let time = compiled(r"\d+(小时|天|周|月|年)").find(&text)?.as_str().to_owned();
    d.rewrite(ADMISSION, &["主诉"], &[&format!("食欲减退{time}。"), &format!("睡眠差{time}。")])
}

fn vague_time(d: &mut Draft<'_>) -> Option<Plant> {
    let text = complaint(d)?;
    if compiled("停经|孕").is_match(&text) || compiled(r"\d+(小时|天|日|周|月|年)").find_iter(&text).count() != 1 {
        return None;
    }
    d.edit(ADMISSION, &["主诉"], r"\d+(小时|天|日|周|月|年)", |found| {
        Some(match &found[1] {
            "小时" => "数小时".to_owned(),
            "天" | "日" => "多日".to_owned(),
            "周" => "数周".to_owned(),
            "月" => "数月".to_owned(),
            _ => "多年".to_owned(),
        })
    })
}

fn history_without_onset(d: &mut Draft<'_>) -> Option<Plant> {
    let text = complaint(d)?;
    let symptom =
        compiled(r"\d.*$").replace(&text, "").trim_matches(|c: char| !c.is_alphanumeric()).replace("反复", "").replace("再发并加重", "");
    if symptom.chars().count() < 2 || text.contains("停经") {
        return None;
    }
    let texts = [
        format!("患者{symptom},来诊,收入院。病来精神、食欲、睡眠可,大小便正常,体重无变化。"),
        format!("患者因{symptom}就诊,门诊收住院。精神可,饮食睡眠可,二便正常,体重无明显变化。"),
    ];
    d.rewrite(ADMISSION, &["现病史"], &[&texts[0], &texts[1]])
}

fn history_without_detail(d: &mut Draft<'_>) -> Option<Plant> {
    let text = complaint(d)?;
    let symptom = text.trim_end_matches('。').to_owned();
    d.rewrite_as(ADMISSION, &["现病史"], |_| Some(format!("患者{symptom},入院。病来精神、食欲、睡眠可,大小便正常,体重无变化。")))
}

fn without_accompanying(d: &mut Draft<'_>) -> Option<Plant> {
    d.drop_clauses(ADMISSION, &["现病史"], "伴|无[^。]{2,}")
}

fn without_negatives(d: &mut Draft<'_>) -> Option<Plant> {
    d.drop_clauses(ADMISSION, &["现病史"], "^(无|否认|未见|未诉|不伴)")
}

fn vague_treatment(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.has_text(ADMISSION, "外院|就诊于|送至|“[^”]*(医院|卫生院|卫生室)”") {
        return d.append(ADMISSION, &["现病史"], &["曾在外院治疗,效果不佳。", "当地医院治疗后无好转。"]);
    }
    d.rewrite_as(ADMISSION, &["现病史"], |old| {
        let cut = compiled(r"[^。\n]*(外院|就诊于|送至|“[^”]*(医院|卫生院|卫生室)”)[^。\n]*。").replace_all(old, "曾在外院治疗,效果不佳。");
        Some(cut.into_owned())
    })
}

fn quotes_removed(d: &mut Draft<'_>) -> Option<Plant> {
    // Words of the patient and findings are quoted as well: only names of diseases, drugs and operations must be.
    const NAMES: &str = "(炎|癌|病|症|梗死|结石|骨折|溃疡|感染|增生|突出|肿瘤|出血|积液|衰竭|哮喘|结核|扭伤|狭窄|血栓|囊肿|肌瘤|综合征|术|片|胶囊|注射液|颗粒|口服液|丸|散|滴眼液|软膏)$";
    const OUTSIDE: &str = r"(外院|当地|县|市|省|镇|乡|区|社区|诊所|卫生|药店|自服|自行|自予|服用|口服|家长予)[^。;\n]*$";
    let place = d.place(ADMISSION, &["现病史"])?;
    let old = d.text(&place).to_owned();
    let mut removed = false;
    let bare = compiled("[“\"]([^“”\"\n]{2,20})[”\"]").replace_all(&old, |found: &regex::Captures<'_>| {
        let before = found.get(0).map_or("", |whole| &old[..whole.start()]);
        let said = before.rsplit(['。', '\n']).next().unwrap_or("");
        let ours = compiled("我院|本院|门诊以|急诊以").is_match(said);
        if !ours && compiled(NAMES).is_match(&found[1]) && compiled(OUTSIDE).is_match(said) {
            removed = true;
            found[1].to_owned()
        } else {
            found[0].to_owned()
        }
    });
    let bare = bare.into_owned();
    if !removed {
        return d.append(ADMISSION, &["现病史"], &["外院诊断肺炎,予头孢治疗。", "曾在县医院诊断为胃炎,服用奥美拉唑。"]);
    }
    d.rewrite_as(ADMISSION, &["现病史"], |_| Some(bare.trim().to_owned()))
}

fn general_state_removed(d: &mut Draft<'_>) -> Option<Plant> {
    // Of hours nobody asks for sleep and weight, nor of infants, of the comatose and of a delivery.
    let sudden = compiled("小时|分钟|停经|孕").is_match(&complaint(d)?) || d.has_text(ADMISSION, "昏迷");
    if sudden || d.age()? < 1 {
        return None;
    }
    d.drop_sentences(ADMISSION, &["现病史"], "(精神|食欲|饮食|进食|睡眠|二便|大便|小便|体重)[^。]{0,30}(精神|食欲|饮食|睡眠|二便|大便|小便|体重|小便量|尿)|^(\\s)*(二便|体重|大小便)")
}

fn order_reversed(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite_as(ADMISSION, &["现病史"], |old| {
        let sentences: Vec<&str> = old.split_inclusive('。').collect();
        let times = compiled(r"\d+(天|周|月|年|小时)(余)?前|起");
        let timed: Vec<usize> = (0..sentences.len()).filter(|index| times.is_match(sentences[*index])).collect();
        let (first, last) = (timed.first()?, timed.last()?);
        if first == last {
            return None;
        }
        let mut turned = sentences.clone();
        turned.swap(*first, *last);
        Some(turned.concat())
    })
}

fn list_of_tests(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(
        ADMISSION,
        &["现病史"],
        &[
            "1月查CT,2月查MRI,3月用药A,4月用药B,5月复查CT,6月查B超,7月住院,8月复查血常规,今日入院。",
            "1年前查血常规,11月前查CT,10月前服药,9月前查B超,8月前换药,7月前复查CT,1月前再查B超,今来院。",
        ],
    )
}

fn readmission_without_summary(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(
        &[Kind::ReadmissionNote],
        &["现病史"],
        &[
            "患者第4次入院。3天前受凉后出现咳嗽、咳痰,无发热,门诊收入院。病来精神、食欲、睡眠可,大小便正常,体重无变化。",
            "患者再次入院。2天前出现乏力、纳差,无发热、腹痛,今来院。精神、睡眠可,大小便正常,体重无变化。",
        ],
    )
}

fn allergy_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.patient.allergies = None;
    d.drop_section(ADMISSION, &["过敏史"]);
    d.drop_clauses(ADMISSION, &["既往史", "一般情况", "个人史"], "过敏|皮疹")
        .filter(|_| !d.has_text(ADMISSION, "过敏|皮试[^。]{0,6}阳性|(用|服|静滴|注射)[^。]{1,16}后[^。]{0,8}(荨麻疹|风团|休克)"))
}

fn allergy_vague(d: &mut Draft<'_>) -> Option<Plant> {
    let vague = d.pick(&["有药物过敏史", "既往有过敏史", "有药物过敏"]);
    // Beside an allergy that is told in full the words are only a summary.
    let told = "(皮疹|风团|荨麻疹|休克|瘙痒|水肿|呼吸困难)[^。\n]{0,20}(过敏|停药|消退)|(过敏|用药|服|静滴|注射)[^。\n]{0,20}(皮疹|风团|荨麻疹|休克|瘙痒)";
    if d.places(ADMISSION, &["既往史", "过敏史"]).iter().any(|place| compiled(told).is_match(d.text(place))) {
        return None;
    }
    d.edit(ADMISSION, &["既往史", "过敏史"], r"(否认|无)[^。\n]{0,14}过敏史?", |_| Some(vague.to_owned()))
}

fn chronic_without_detail(d: &mut Draft<'_>) -> Option<Plant> {
    d.edit(
        ADMISSION,
        &["既往史"],
        r"(高血压病?|2型糖尿病|糖尿病|冠心病|骨质疏松症)(史)?\d+年[^。\n]*。",
        |found| Some(format!("有{}史。", &found[1])),
    )
}

/// A newborn has no such history.
fn items_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.age().filter(|age| *age >= 1)?;
    d.drop_clauses(ADMISSION, &["既往史"], "手术|外伤|输血|肝炎|结核|传染病|预防接种")
}

fn only_healthy(d: &mut Draft<'_>) -> Option<Plant> {
    d.rewrite(ADMISSION, &["既往史"], &["平素体健。", "既往身体健康。", "平素健康状况良好。"])
}

fn menses_removed(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.is(Sex::Female) || d.age()? < 15 {
        return None;
    }
    let plant = d.drop_section(ADMISSION, &["月经史"])?;
    // It may be told with the pregnancies or the present illness.
    (!d.has_text(ADMISSION, "月经|初潮|绝经|停经|LMP|末次")).then_some(plant)
}

/// Of older patients nobody asks for the parents.
fn parents_removed(d: &mut Draft<'_>) -> Option<Plant> {
    d.age().filter(|age| *age <= 50)?;
    d.rewrite(ADMISSION, &["家族史"], &["家族史无特殊。", "无特殊。", "否认家族遗传病史。"])
}

fn anticoagulant_unlisted(d: &mut Draft<'_>) -> Option<Plant> {
    if d.has_text(WRITTEN, "华法林|利伐沙班|房颤|心房颤动|换瓣|血栓") || d.age()? < 18 {
        return None;
    }
    match d.rng.u64(0..3) {
        0 => d.add_drug("华法林钠片", 2.5, "mg", "口服", "qn", 2),
        1 => d.add_drug("利伐沙班片", 20.0, "mg", "口服", "qd", 2),
        _ => d.add_drug("达比加群酯胶囊", 110.0, "mg", "口服", "bid", 2),
    }
}

fn home_drug_unlisted(d: &mut Draft<'_>) -> Option<Plant> {
    if d.age()? < 18 {
        return None;
    }
    let drugs = [
        ("左甲状腺素钠片", 50.0, "μg", "qd", "甲状腺|甲减"),
        ("卡马西平片", 200.0, "mg", "bid", "癫痫|三叉神经|卡马西平|面肌痉挛|双相情感|双相障碍"),
        ("别嘌醇片", 100.0, "mg", "qd", "痛风|尿酸|别嘌|化疗|白血病|淋巴瘤|骨髓瘤"),
        ("多巴丝肼片", 125.0, "mg", "tid", "帕金森|震颤麻痹"),
    ];
    let (name, dose, unit, frequency, known) = d.pick(&drugs);
    if d.has_text(WRITTEN, known) {
        return None;
    }
    d.add_drug(name, dose, unit, "口服", frequency, 2)
}
