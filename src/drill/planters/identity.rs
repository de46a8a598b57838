//! A: who the patient is.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::record::time::plus_minutes;
use crate::record::{DocumentKind as Kind, Instant, Lab, LabFlag, Sex};

pub const PLANTERS: &[Planter] = &[
    plant("C-A01", "一份文书写成别人的姓名", other_name),
    plant("C-A01", "一份文书写成别人的住院号", other_number),
    plant("C-A01", "首页姓名与系统不同", front_page_name),
    plant("C-A02", "体格检查写了异性的器官", organ_of_other_sex),
    plant("C-A02", "既往史写了异性的病", disease_of_other_sex),
    plant("C-A02", "病程开了异性的检查", examination_of_other_sex),
    plant("C-A03", "病程中男女写反", sex_word).also(&["C-A02"]),
    plant("C-A03", "首页性别与记录不同", front_page_sex).also(&["C-A02"]),
    plant("C-A04", "入院记录年龄写错十岁", age_in_note),
    plant("C-A04", "病程年龄写错", age_in_course),
    plant("C-A04", "首页年龄写错", age_on_front_page),
    plant("C-A05", "幼儿有烟酒史", child_habit),
    plant("C-A05", "病史比年龄长", illness_longer_than_life),
    plant("C-A06", "产次多于孕次", more_births_than_pregnancies),
    plant("C-A06", "老年女性月经规律", menses_in_old_age),
    plant("C-A06", "未婚却有配偶", unmarried_with_spouse),
    plant("C-A07", "尿妊娠试验阳性仍用致畸药", drug_in_pregnancy).also(&["C-M08"]),
    plant("C-A07", "病程否认妊娠", pregnancy_denied),
    plant("C-A08", "一处血型写错", blood_group_in_text).also(&["C-O06"]),
    plant("C-A08", "首页血型写错", blood_group_on_front_page).also(&["C-O06"]),
    plant("C-A09", "体质指数算错", wrong_bmi),
    plant("C-A09", "身高单位写错", height_in_metres),
    plant("C-A10", "昏迷患者自述病史", unconscious_narrator),
    plant("C-A10", "幼儿自述病史", infant_narrator),
];

const SURNAMES: [&str; 5] = ["褚", "邬", "蓝", "糜", "郜"];
const ALL_NOTES: &[Kind] = &[
    Kind::AdmissionNote,
    Kind::ReadmissionNote,
    Kind::FirstCourse,
    Kind::DailyCourse,
    Kind::WardRound,
    Kind::DischargeRecord,
    Kind::CriticalNotice,
    Kind::ConsentOperation,
    Kind::ConsentSpecial,
    Kind::ConsultRequest,
    Kind::TransfusionRecord,
    Kind::OperationRecord,
    Kind::SafetyChecklist,
];

fn stranger(d: &mut Draft<'_>) -> String {
    let own = d.visit.patient.name.clone().unwrap_or_default();
    let staff: String = d.visit.staff.iter().flatten().filter_map(|person| person.name.clone()).collect();
    let free: Vec<&str> = SURNAMES.iter().copied().filter(|name| !own.starts_with(name) && !staff.contains(name)).collect();
    format!("{}某某", d.pick(&free))
}

fn other_name(d: &mut Draft<'_>) -> Option<Plant> {
    let own = d.visit.patient.name.clone()?;
    let stranger = stranger(d);
    // A name after 签名 is a signature, which relatives and doctors give too.
    d.edit(ALL_NOTES, &[], &format!(r"(患者|姓名\p{{P}}?\s*|^){}", regex::escape(&own)), |found| {
        Some(format!("{}{stranger}", &found[1]))
    })
    .or_else(|| {
        let sentences = [format!("患者{stranger},因病情需要入院。"), format!("姓名:{stranger}。")];
        let choices: Vec<&str> = sentences.iter().map(String::as_str).collect();
        d.prepend(DISCHARGE, &["入院情况", "诊疗经过"], &choices)
    })
}

fn other_number(d: &mut Draft<'_>) -> Option<Plant> {
    let own = d.visit.visit_id.clone();
    let changed: String =
        own.chars().rev().enumerate().map(|(index, digit)| if index < 2 { if digit == '7' { '4' } else { '7' } } else { digit }).collect();
    let changed: String = changed.chars().rev().collect();
    d.edit(ALL_NOTES, &[], &regex::escape(&own), |_| Some(changed.clone()))
        .or_else(|| d.prepend(DISCHARGE, &["入院情况", "诊疗经过"], &[&format!("住院号:{changed}。"), &format!("(住院号 {changed})")]))
}

fn front_page_name(d: &mut Draft<'_>) -> Option<Plant> {
    let before = d.visit.patient.name.clone()?;
    let name = stranger(d);
    let page = d.visit.front_page.as_mut()?;
    page.name = Some(name.clone());
    Some(Plant::new("病案首页·姓名", before, name))
}

fn organ_of_other_sex(d: &mut Draft<'_>) -> Option<Plant> {
    let words: &[&str] = match d.visit.patient.sex? {
        Sex::Male => &["子宫及双侧附件区未触及异常。", "外阴发育正常,宫颈光滑,子宫大小正常。", "妇科检查:宫体前位,双附件无压痛。"],
        Sex::Female => &["前列腺Ⅰ度增大,质韧,无压痛。", "双侧睾丸、附睾未触及异常。", "直肠指检:前列腺不大,中央沟存在。"],
        Sex::Unknown => return None,
    };
    d.append(ADMISSION, &["体格检查", "专科情况"], words)
}

fn disease_of_other_sex(d: &mut Draft<'_>) -> Option<Plant> {
    let words: &[&str] = match d.visit.patient.sex? {
        Sex::Male => &["2015年因“子宫肌瘤”行子宫切除术。", "10年前患“卵巢囊肿”,已手术。", "曾患“宫颈炎”,已治愈。"],
        Sex::Female => &["有前列腺增生病史5年,口服坦索罗辛。", "2012年行“精索静脉曲张高位结扎术”。", "曾患“附睾炎”,已治愈。"],
        Sex::Unknown => return None,
    };
    d.append(ADMISSION, &["既往史"], words)
}

fn examination_of_other_sex(d: &mut Draft<'_>) -> Option<Plant> {
    let words: &[&str] = match d.visit.patient.sex? {
        Sex::Male => &["妇科超声:子宫、双附件未见异常。", "阴道超声示宫内膜厚8mm。"],
        Sex::Female => &["前列腺超声:前列腺大小正常。", "复查前列腺特异性抗原正常,前列腺未见结节。"],
        Sex::Unknown => return None,
    };
    d.append_some(COURSE, |_, _| true, words)
}

fn sex_word(d: &mut Draft<'_>) -> Option<Plant> {
    let (own, other) = match d.visit.patient.sex? {
        Sex::Male => ("男", "女"),
        Sex::Female => ("女", "男"),
        Sex::Unknown => return None,
    };
    let kinds = &[Kind::FirstCourse, Kind::DailyCourse, Kind::WardRound, Kind::DischargeRecord, Kind::PreopSummary, Kind::PreopDiscussion];
    let adult = d.age().is_some_and(|age| age >= 14);
    d.edit(kinds, &[], &format!(r"(青年|中年|老年|育龄|患者\p{{P}}?|患儿\p{{P}}?|某\p{{P}}?){own}(性|童|\p{{P}})"), |found| {
        Some(format!("{}{other}{}", &found[1], &found[2]))
    })
    .or_else(|| {
        let word = if adult { format!("{other}性患者。") } else { format!("{other}性患儿。") };
        d.prepend(ROUND, &[], &[&word])
    })
}

fn front_page_sex(d: &mut Draft<'_>) -> Option<Plant> {
    let sex = d.visit.patient.sex?;
    let other = if sex == Sex::Male { Sex::Female } else { Sex::Male };
    d.visit.front_page.as_mut()?.sex = Some(other);
    Some(Plant::new("病案首页·性别", sex.chinese(), other.chinese()))
}

fn wrong_age(d: &mut Draft<'_>) -> Option<(i64, i64)> {
    let age = d.age().filter(|age| *age >= 3)?;
    let by = d.pick(&[10, -10, 9, -9]);
    Some((age, if age + by < 1 { age + 10 } else { age + by }))
}

fn age_in_note(d: &mut Draft<'_>) -> Option<Plant> {
    let (age, wrong) = wrong_age(d)?;
    d.edit(ADMISSION, &["一般情况", ""], &format!(r"\b{age}岁"), |_| Some(format!("{wrong}岁")))
}

fn age_in_course(d: &mut Draft<'_>) -> Option<Plant> {
    let (age, wrong) = wrong_age(d)?;
    let kinds = &[Kind::FirstCourse, Kind::WardRound, Kind::PreopSummary, Kind::PreopDiscussion, Kind::DischargeRecord];
    d.edit(kinds, &[], &format!(r"([男女]\p{{P}}?){age}岁"), |found| Some(format!("{}{wrong}岁", &found[1]))).or_else(|| {
        let sex = d.visit.patient.sex?.chinese();
        d.prepend(FIRST, &["病例特点"], &[&format!("患者{sex},{wrong}岁。")])
    })
}

fn age_on_front_page(d: &mut Draft<'_>) -> Option<Plant> {
    let (age, wrong) = wrong_age(d)?;
    d.visit.front_page.as_mut()?.age_text = Some(format!("{wrong}岁"));
    Some(Plant::new("病案首页·年龄", format!("{age}岁"), format!("{wrong}岁")))
}

fn child_habit(d: &mut Draft<'_>) -> Option<Plant> {
    d.age().filter(|age| *age < 10)?;
    d.append(ADMISSION, &["个人史"], &["吸烟史20年,每日10支。", "饮酒史10余年,白酒约100ml/日。", "有吸烟嗜好15年。"])
}

fn illness_longer_than_life(d: &mut Draft<'_>) -> Option<Plant> {
    let years = d.age()? + d.pick(&[5, 12, 20]);
    let sentences =
        [format!("慢性支气管炎病史{years}年。"), format!("反复头痛{years}年。"), format!("{years}年前曾患“病毒性肝炎”,已治愈。")];
    let choices: Vec<&str> = sentences.iter().map(String::as_str).collect();
    d.append(ADMISSION, &["既往史"], &choices)
}

fn more_births_than_pregnancies(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.is(Sex::Female) {
        return None;
    }
    d.edit(ADMISSION, &["婚育史", "月经史"], r"孕(\d)产(\d)", |found| {
        let pregnancies: u32 = found[1].parse().ok()?;
        Some(format!("孕{pregnancies}产{}", pregnancies + 1))
    })
    .or_else(|| d.append(ADMISSION, &["婚育史"], &["孕2产3。", "孕1产2,均顺产。"]))
}

fn menses_in_old_age(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.is(Sex::Female) || d.age()? < 62 {
        return None;
    }
    let last = Instant::day(plus_minutes(d.admitted()?, -18 * 24 * 60).date());
    let texts = [format!("14 (4~5)/(28~30) {last},量中,周期规律。"), format!("末次月经{last},周期规律,无痛经。")];
    d.rewrite(ADMISSION, &["月经史"], &[&texts[0], &texts[1]])
}

fn unmarried_with_spouse(d: &mut Draft<'_>) -> Option<Plant> {
    d.place(ADMISSION, &["婚育史"]).filter(|place| d.text(place).contains("配偶") || d.text(place).contains("结婚"))?;
    d.edit(ADMISSION, &["一般情况", ""], "已婚|丧偶", |_| Some("未婚".to_owned()))
}

/// The pregnancy is what the stay is about, or its end is, or the notes rule one out: neither a drug nor a denial stands against them unseen.
fn is_pregnancy_told(d: &Draft<'_>) -> bool {
    const TOLD: &str = "分娩|剖宫产|娩出|产后|流产|引产|清宫|终止妊娠|异位妊娠|宫外孕|葡萄胎|滋养|(排除|除外)妊娠|(?i)HCG[^。,]{0,8}(阴性|<)|产科|妇科会诊|避孕";
    let operative = [Kind::OperationRecord, Kind::PreopSummary, Kind::PreopDiscussion, Kind::ConsentOperation];
    d.has_text(ANY_COURSE, TOLD) || d.has_text(&operative, TOLD)
}

fn drug_in_pregnancy(d: &mut Draft<'_>) -> Option<Plant> {
    let age = d.age()?;
    if !d.is(Sex::Female) || !(15..=50).contains(&age) || is_pregnancy_told(d) {
        return None;
    }
    let at = d.admitted()?;
    let sample = Instant::minute(plus_minutes(at, 60));
    let reported = Instant::minute(plus_minutes(at, 120));
    let lab = Lab {
        id: Some("drill-hcg".to_owned()),
        item: Some("尿妊娠试验".to_owned()),
        value: Some("阳性".to_owned()),
        flag: Some(LabFlag::Positive),
        sampled_at: Some(sample),
        reported_at: Some(reported),
        ..Lab::default()
    };
    state_pregnancy(d)?;
    d.visit.labs.as_mut()?.push(lab);
    match d.rng.u64(0..3) {
        0 => d.add_drug("甲氨蝶呤片", 10.0, "mg", "口服", "qw", 30),
        1 => d.add_drug("利巴韦林颗粒", 150.0, "mg", "口服", "tid", 30),
        _ => d.add_drug("华法林钠片", 2.5, "mg", "口服", "qn", 30),
    }
}

fn pregnancy_denied(d: &mut Draft<'_>) -> Option<Plant> {
    if !d.is(Sex::Female) || !(15..=50).contains(&d.age()?) || is_pregnancy_told(d) {
        return None;
    }
    state_pregnancy(d)?;
    d.append_some(ANY_COURSE, |_, _| true, &["患者否认妊娠。", "目前未妊娠,可行CT检查。", "否认妊娠可能,用药无禁忌。"])
}

/// The admission record says that she is pregnant, if it does not yet.
fn state_pregnancy(d: &mut Draft<'_>) -> Option<()> {
    if !d.has_text(ADMISSION, r"孕[0-9]+周|孕[0-9]+\+|停经\d+|宫内(早孕|妊娠)") {
        d.append(ADMISSION, &["现病史"], &["停经10周,自测尿妊娠试验阳性。", "停经9周,当地超声示宫内早孕。"])?;
    }
    Some(())
}

fn other_group(group: &str) -> String {
    match group {
        "A" => "B",
        "B" => "A",
        "O" => "AB",
        _ => "O",
    }
    .to_owned()
}

fn blood_group_in_text(d: &mut Draft<'_>) -> Option<Plant> {
    let named = d.visit.documents.iter().map(whole_text).filter(|text| compiled(r"(AB|A|B|O)型\s*Rh").is_match(text)).count();
    let known = named > 1
        || d.visit.front_page.as_ref().is_some_and(|page| page.blood_type.is_some())
        || d.visit.transfusions.iter().flatten().next().is_some();
    let kinds =
        &[Kind::FirstCourse, Kind::DailyCourse, Kind::WardRound, Kind::TransfusionRecord, Kind::ConsentTransfusion, Kind::DischargeRecord];
    if !known {
        return None;
    }
    d.edit(kinds, &[], r"(AB|A|B|O)(型\s*Rh)", |found| Some(format!("{}{}", other_group(&found[1]), &found[2])))
}

fn blood_group_on_front_page(d: &mut Draft<'_>) -> Option<Plant> {
    let known = d.visit.documents.iter().map(whole_text).any(|text| compiled(r"(AB|A|B|O)型\s*Rh").is_match(&text));
    let page = d.visit.front_page.as_mut()?;
    let before = page.blood_type.clone().filter(|group| known && ["A", "B", "O", "AB"].contains(&group.as_str()))?;
    let after = other_group(&before);
    page.blood_type = Some(after.clone());
    Some(Plant::new("病案首页·血型", before, after))
}

fn wrong_bmi(d: &mut Draft<'_>) -> Option<Plant> {
    d.edit(ADMISSION, &[], r"BMI(\p{P}?\s*)(\d{2}\.\d)", |found| {
        let value: f64 = found[2].parse().ok()?;
        Some(format!("BMI{}{:.1}", &found[1], value + 9.4))
    })
    .or_else(|| {
        d.age().filter(|age| *age > 16)?;
        d.append(ADMISSION, &["体格检查"], &["身高165cm,体重62kg,BMI 32.8kg/m²。", "身高170cm,体重65kg,BMI 28.9kg/m²。"])
    })
}

fn height_in_metres(d: &mut Draft<'_>) -> Option<Plant> {
    d.edit(ADMISSION, &[], r"身高\s*1(\d\d)cm", |found| Some(format!("身高1.{}cm", &found[1]))).or_else(|| {
        d.age().filter(|age| *age > 16)?;
        d.append(ADMISSION, &["体格检查"], &["身高1.68cm,体重60kg。", "身高16.8cm,体重62kg。"])
    })
}

fn unconscious_narrator(d: &mut Draft<'_>) -> Option<Plant> {
    d.age().filter(|age| *age > 10)?;
    let own = r"患者本人(及[^\p{P}]{1,6})?(陈述)?|患者及其[子女妻夫](陈述)?|孕妇本人";
    d.place(ADMISSION, &["一般情况", ""]).filter(|place| compiled(own).is_match(d.text(place)))?;
    d.edit(ADMISSION, &["一般情况", ""], own, |_| Some("患者本人陈述".to_owned()));
    d.edit(ADMISSION, &["体格检查"], "神志清楚|神清|神志清|嗜睡", |_| Some("昏迷".to_owned())).and_then(|plant| {
        d.append(ADMISSION, &["体格检查"], &["GCS 5分(E1V1M3)。", "呼之不应,压眶无反应,GCS 4分(E1V1M2)。"])?;
        Some(plant)
    })
}

fn infant_narrator(d: &mut Draft<'_>) -> Option<Plant> {
    d.age().filter(|age| *age < 4)?;
    d.edit(ADMISSION, &["一般情况", ""], r"(病史(由|陈述者|叙述者|提供者)\p{P}?\s*)[^\p{P}]{1,12}", |found| {
        Some(format!("{}患儿本人", &found[1]))
    })
}
