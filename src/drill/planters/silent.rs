//! J01 and J08: results and orders that no note speaks of.

use super::course::moment;
use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::record::{DocumentKind as Kind, Instant, Lab, LabFlag};

pub const PLANTERS: &[Planter] = &[
    plant("C-J01", "血钾升高而病程不提", potassium_unmentioned).also(&["C-H02"]),
    plant("C-J01", "肌酐升高而病程不提", creatinine_unmentioned).also(&["C-H02"]),
    plant("C-J01", "白细胞升高而病程不提", leucocytes_unmentioned),
    plant("C-J08", "激素医嘱而病程不提", steroid_unmentioned),
    plant("C-J08", "抗凝医嘱而病程不提", heparin_unmentioned).also(&["C-F07"]),
    plant("C-J08", "升压药医嘱而病程不提", vasoactive_unmentioned),
];

/// An item of the laboratory, and what a course calls it and all that is told with it.
struct Item {
    name: &'static str,
    unit: &'static str,
    range: &'static str,
    words: &'static str,
}

/// The ranges are those of adults: in the first year other values are normal.
fn abnormal(d: &mut Draft<'_>, item: &Item, value: &str) -> Option<Plant> {
    let at = Instant::minute(moment(d, 30)?);
    d.age().filter(|age| *age >= 1)?;
    let low = item.range.split_once('-').and_then(|(least, _)| least.parse::<f64>().ok());
    let is_low = low.zip(value.parse::<f64>().ok()).is_some_and(|(least, value)| value < least);
    d.drop_clauses(ANY_COURSE, &[], item.words);
    d.drop_clauses(DISCHARGE, &[], item.words);
    if d.has_text(&[Kind::DailyCourse, Kind::WardRound, Kind::CriticalValueRecord], item.words) {
        return None;
    }
    d.visit.labs.as_mut()?.push(Lab {
        id: Some("drill-abnormal".to_owned()),
        item: Some(item.name.to_owned()),
        value: Some(value.to_owned()),
        unit: Some(item.unit.to_owned()),
        range: Some(item.range.to_owned()),
        flag: Some(if is_low { LabFlag::Low } else { LabFlag::High }),
        sampled_at: Some(moved(at, -60)),
        reported_at: Some(at),
        ..Lab::default()
    });
    Some(Plant::new(format!("检验·{}", item.name), "(无)", format!("{at} {value}{},病程未提", item.unit)))
}

fn has_diagnosis(d: &Draft<'_>, pattern: &str) -> bool {
    let pattern = compiled(pattern);
    d.visit.diagnoses.iter().flatten().filter_map(|diagnosis| diagnosis.name.as_deref()).any(|name| pattern.is_match(name))
}

/// With failing kidneys, or on dialysis, the value is what everybody expects.
const RENAL: &str = "肾(功能|病|衰|损|炎)|慢性肾|尿毒|透析|CKD|AKI";

fn potassium_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let value = d.pick(&["5.9", "6.1", "2.9"]);
    if has_diagnosis(d, &format!("{RENAL}|钾")) {
        return None;
    }
    let item = Item { name: "血钾", unit: "mmol/L", range: "3.5-5.3", words: r"钾|\bK[+⁺]?\s*(\d|\b)|电解质" };
    abnormal(d, &item, value)
}

fn creatinine_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let value = d.pick(&["286", "342", "198"]);
    if has_diagnosis(d, RENAL) {
        return None;
    }
    let item = Item { name: "肌酐", unit: "μmol/L", range: "57-111", words: r"肌酐|肾功|\b[Ss]?C[Rr](ea)?\b|eGFR|生化" };
    abnormal(d, &item, value)
}

/// Many are explained by a delivery, steroids or leukaemia, few by chemotherapy or a sick marrow.
fn leucocytes_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let value = d.pick(&["22.4", "19.8", "1.6"]);
    let explained = if value == "1.6" {
        has_diagnosis(d, "白血病|骨髓|贫血|粒细胞|移植|淋巴瘤") || d.has_text(WRITTEN, "化疗|放疗|甲巯咪唑|免疫抑制|粒缺")
    } else {
        has_diagnosis(d, "白血病|骨髓|孕|产") || d.has_text(WRITTEN, "泼尼松|泼尼龙|地塞米松|激素|集落刺激|升白|粒细胞刺激")
    };
    if explained {
        return None;
    }
    let words = "白细胞|WBC|血常规|血象|粒细胞|感染指标";
    abnormal(d, &Item { name: "白细胞计数", unit: "10^9/L", range: "3.5-9.5", words }, value)
}

fn silent_drug(d: &mut Draft<'_>, words: &str, drug: (&str, f64, &str, &str, &str)) -> Option<Plant> {
    if d.has_text(WRITTEN, words) || d.age()? < 14 || moment(d, 24).is_none() {
        return None;
    }
    let (name, dose, unit, route, frequency) = drug;
    d.add_drug(name, dose, unit, route, frequency, 24)
}

fn steroid_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let drug = d.pick(&[
        ("注射用甲泼尼龙琥珀酸钠", 80.0, "mg", "静脉滴注", "qd"),
        ("地塞米松磷酸钠注射液", 10.0, "mg", "静脉注射", "qd"),
        ("醋酸泼尼松片", 30.0, "mg", "口服", "qd"),
    ]);
    silent_drug(d, "泼尼松|甲泼尼龙|地塞米松|激素", drug)
}

fn heparin_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let drug = d.pick(&[("低分子肝素钠注射液", 6000.0, "IU", "皮下注射", "q12h"), ("依诺肝素钠注射液", 60.0, "mg", "皮下注射", "q12h")]);
    silent_drug(d, "肝素|抗凝", drug)
}

fn vasoactive_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    let drug = d.pick(&[
        ("重酒石酸去甲肾上腺素注射液", 8.0, "μg/min", "静脉泵入", "持续"),
        ("盐酸多巴胺注射液", 5.0, "μg/kg/min", "静脉泵入", "持续"),
    ]);
    silent_drug(d, "去甲肾上腺素|多巴胺|血管活性|升压", drug)
}
