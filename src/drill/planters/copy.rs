//! L: copied text.

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::record::{Instant, Sex};

pub const PLANTERS: &[Planter] = &[
    plant("C-L01", "病例特点照抄现病史与查体", features_copied),
    plant("C-L01", "病例特点照抄现病史", history_copied),
    plant("C-L02", "拟诊讨论照抄病例特点", discussion_copied).also(&["C-H08"]),
    plant("C-L03", "后一次病程照抄前一次", note_copied),
    plant("C-L05", "残留异性患者内容", other_patient).also(&["C-A02"]),
    plant("C-L05", "残留他人姓名", other_name).also(&["C-A01"]),
    plant("C-L06", "现病史起病日期为两年前", old_onset),
    plant("C-L07", "残留方括号占位", brackets),
    plant("C-L07", "残留下划线或斜线选项", options),
    plant("C-L08", "数日体征数字相同", same_vitals).also(&["C-C08"]),
];

fn features_copied(d: &mut Draft<'_>) -> Option<Plant> {
    let history = d.section_text(ADMISSION, &["现病史"])?;
    let body = d.section_text(ADMISSION, &["体格检查"])?;
    let copied = format!("{}\n{}", history.trim(), body.trim());
    d.rewrite(FIRST, &["病例特点"], &[&copied])
}

fn history_copied(d: &mut Draft<'_>) -> Option<Plant> {
    let history = d.section_text(ADMISSION, &["现病史"])?.trim().to_owned();
    d.rewrite(FIRST, &["病例特点"], &[&history])
}

fn discussion_copied(d: &mut Draft<'_>) -> Option<Plant> {
    let features = d.section_text(FIRST, &["病例特点"])?.trim().to_owned();
    (features.chars().count() > 60).then_some(())?;
    let texts = [features.clone(), format!("诊断依据:{features}")];
    d.rewrite(FIRST, &["拟诊讨论", "诊断依据"], &[&texts[0], &texts[1]])
}

/// Two notes of one kind; the later one gets the text of the one before.
fn note_copied(d: &mut Draft<'_>) -> Option<Plant> {
    let mut notes = d.documents(COURSE);
    notes.sort_by_key(|index| d.time_of(*index).map(Instant::earliest));
    let long: Vec<usize> = notes.into_iter().filter(|index| whole_text(&d.visit.documents[*index]).chars().count() > 50).collect();
    let pairs: Vec<(usize, usize)> = long.windows(2).map(|pair| (pair[0], pair[1])).collect();
    let (from, to) = (!pairs.is_empty()).then(|| d.pick(&pairs))?;
    let text = whole_text(&d.visit.documents[from]);
    let title = d.reading.documents[to].title.clone();
    let document = &mut d.visit.documents[to];
    let before = whole_text(document);
    document.sections = None;
    document.text = Some(text.clone());
    Some(Plant::new(title, before, text))
}

fn other_patient(d: &mut Draft<'_>) -> Option<Plant> {
    let words: &[&str] = match d.visit.patient.sex? {
        Sex::Male => &["宫缩规律,胎心142次/分。", "阴道流血量少,宫底脐下2指。", "双侧乳房泌乳可,恶露正常。"],
        Sex::Female => &["前列腺电切术后,膀胱冲洗液清。", "阴囊无肿胀,睾丸无压痛。", "包皮切口干燥。"],
        Sex::Unknown => return None,
    };
    d.append_some(COURSE, |_, _| true, words)
}

fn other_name(d: &mut Draft<'_>) -> Option<Plant> {
    let own = d.visit.patient.name.clone()?;
    let name = d.pick(&["褚某某", "糜某某", "郜某某"]);
    if own == name {
        return None;
    }
    let sentences = [format!("患者{name},诉夜间睡眠可。"), format!("患者{name}今日无不适。"), format!("{name},男,58岁,治疗同前。")];
    d.append_some(COURSE, |_, _| true, &[&sentences[0], &sentences[1], &sentences[2]])
}

fn old_onset(d: &mut Draft<'_>) -> Option<Plant> {
    let admitted = d.admitted()?.date();
    let old = format!("{}-{:02}-{:02}", admitted.year() - 2, admitted.month(), admitted.day());
    let chinese = format!("{}年{}月{}日", admitted.year() - 2, admitted.month(), admitted.day());
    d.edit(ADMISSION, &["现病史"], r"^\s*(患者|患儿)?\s*(于)?(\d+(余)?(小时|天|周)前)", |found| {
        let date = if found[0].len() % 2 == 0 { &old } else { &chinese };
        Some(format!("患者{}({date})", &found[3]))
    })
}

fn brackets(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(WRITTEN, |_, _| true, &["[请选择]", "疼痛评分:[请填写]分。", "【请输入内容】", "血压{{收缩压}}/{{舒张压}}mmHg。"])
}

fn options(d: &mut Draft<'_>) -> Option<Plant> {
    d.append_some(WRITTEN, |_, _| true, &["引流量____ml。", "切口有/无渗血。", "体温______℃。", "□是 □否 有压痛。"])
}

fn same_vitals(d: &mut Draft<'_>) -> Option<Plant> {
    let mut notes = d.documents(COURSE);
    notes.sort_by_key(|index| d.time_of(*index).map(Instant::earliest));
    let mut days: Vec<(usize, jiff::civil::Date)> = notes.into_iter().filter_map(|index| Some((index, d.time_of(index)?.date()))).collect();
    days.dedup_by_key(|(_, date)| *date);
    if days.len() < 4 {
        return None;
    }
    // A note between two of them with other numbers would break the run.
    let last = days.get(4).or(days.last())?.1;
    let chosen: Vec<usize> = days.iter().take(5).map(|(index, _)| *index).collect();
    let is_between = |index: &usize| !chosen.contains(index) && d.time_of(*index).is_some_and(|time| time.date() <= last);
    let between: Vec<usize> = d.documents(ANY_COURSE).into_iter().filter(is_between).collect();
    // Nor may one of the chosen tell its own numbers elsewhere in its text.
    for index in between.into_iter().chain(chosen.iter().copied()) {
        strip_vitals(d, index);
    }
    let vitals = d.pick(&["T 36.5℃,P 80次/分,R 20次/分,BP 120/80mmHg。", "T36.6℃ P76次/分 R18次/分 BP118/76mmHg。"]);
    // Only where the chart says something else on one of the days is it no coincidence.
    let (temperature, pulse) = if vitals.contains("36.5") { (36.5, 80.0) } else { (36.6, 76.0) };
    let differs = |date: &jiff::civil::Date| {
        let rows = || d.visit.vitals.iter().flatten().filter(|row| row.at.is_some_and(|at| at.date() == *date));
        let far = |values: Vec<f64>, said: f64, least: f64| !values.is_empty() && values.iter().all(|value| (value - said).abs() >= least);
        far(rows().filter_map(|row| row.temperature).collect(), temperature, 0.3)
            || far(rows().filter_map(|row| row.pulse).collect(), pulse, 10.0)
    };
    days.iter().take(5).any(|(_, date)| differs(date)).then_some(())?;
    for (index, _) in days.iter().take(5) {
        let place = d.last_place(*index)?;
        let old = d.text(&place).to_owned();
        let cleaned = compiled(r"(T|P|R|BP)\s*\d+(\.\d+)?(/\d+)?(℃|次/分|mmHg)[\p{P}\s]?").replace_all(&old, "").into_owned();
        d.rewrite_at(&place, |_| Some(format!("{vitals}{}", cleaned.trim())))?;
    }
    Some(Plant::new("病程记录", "各日实测值", format!("连续{}日均为{vitals}", days.len().min(5))))
}

/// The temperature, pulse, respiration and pressure of a note taken out, wherever they stand.
fn strip_vitals(d: &mut Draft<'_>, index: usize) {
    const MEASURED: &str = r"(\b(T|P|R|BP|HR)|体温|脉搏|呼吸|血压)[\p{P}\s]?\s*\d+(\.\d+)?(/\d+)?\s?(℃|次/分|mmHg)[\p{P}\s]?";
    let kind = d.reading.documents[index].kind;
    loop {
        let places: Vec<Place> = d.places(&[kind], &[]).into_iter().filter(|place| place.document == index).collect();
        if d.edit_where(&places, MEASURED, |_| Some(String::new())).is_none() {
            return;
        }
    }
}
