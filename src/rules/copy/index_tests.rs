use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::data::DataFolder;
use crate::record::{Document, Section, Visit};

static KNOWLEDGE: LazyLock<Knowledge> =
    LazyLock::new(|| Knowledge::load(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}")));

/// A text of `length` letters that no other seed makes, in sentences of 20.
fn synthetic(seed: u64, length: usize) -> String {
    let mut state = mix(seed + 1);
    let mut text = String::with_capacity(length * 3 + length / 5);
    for at in 0..length {
        state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
        text.push(char::from_u32(0x4e00 + (state % 2_000) as u32).expect("a Chinese letter"));
        if at % 20 == 19 {
            text.push('。');
        }
    }
    text
}

fn extract(number: u64, department: &str, text: String) -> Extract {
    let stay = Stay {
        visit_id: format!("V{number:06}"),
        patient_id: Some(format!("P{number:06}")),
        department: Some(department.to_owned()),
        disease: Disease { code: Some("J18".to_owned()), name: Some("肺炎".to_owned()) },
        ..Stay::default()
    };
    Extract { stay, passages: vec![(Topic::Discussion, "首次病程记录".to_owned(), text)] }
}

fn answers(index: &CopyIndex, text: &str) -> Vec<(String, String)> {
    let found = index.similar(Topic::Discussion, text, 0.6, |_| true);
    found.iter().map(|found| (found.stay.visit_id.clone(), format!("{:.4}", found.share))).collect()
}

#[test]
fn a_near_copy_is_found_and_other_topics_and_texts_are_not() {
    let index = CopyIndex::new((0..300).map(|number| extract(number, "呼吸科", synthetic(number, 200))).collect());
    let mut edited: Vec<char> = synthetic(42, 200).chars().collect();
    edited[30] = '改';
    edited[120] = '改';
    let edited: String = edited.into_iter().collect();
    let found = index.similar(Topic::Discussion, &edited, 0.8, |_| true);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].stay.visit_id, "V000042");
    assert!((0.85..0.999).contains(&found[0].share), "{}", found[0].share);
    assert!(index.similar(Topic::Plan, &edited, 0.8, |_| true).is_empty());
    assert!(index.similar(Topic::Discussion, &synthetic(9_999, 200), 0.5, |_| true).is_empty());
    assert!(index.similar(Topic::Discussion, &edited, 0.8, |stay| stay.visit_id != "V000042").is_empty());
}

#[test]
fn what_most_of_a_department_write_is_not_their_own_words() {
    let common = "予完善相关检查后请上级医师查房指导诊治。";
    let texts = (0..10).map(|number| extract(number, "呼吸科", format!("{}{common}", synthetic(number, 100))));
    let others = (10..13).map(|number| extract(number, "消化科", format!("{}{common}", synthetic(number, 100))));
    let index = CopyIndex::new(texts.chain(others).collect());
    let text = format!("{}{common}", synthetic(3, 100));
    let own = index.own_words("呼吸科", &text);
    assert!(!own.contains("上级医师") && own.chars().count() >= 100);
    // Three patients are too few to say what most of a department write.
    assert!(index.own_words("消化科", &text).contains("上级医师"));
}

#[test]
fn a_text_is_kept_once_and_named_for_all_who_hold_it() {
    let index = CopyIndex::new((0..50).map(|number| extract(number, "呼吸科", synthetic(7, 150))).collect());
    assert_eq!(index.len(), 1);
    assert_eq!(answers(&index, &synthetic(7, 150)).len(), 50);
}

#[test]
fn visits_give_their_topical_passages() {
    let section = |name: &str, text: String| Section { name: name.to_owned(), text };
    let document = Document {
        id: "d".to_owned(),
        kind: Some(DocumentKind::FirstCourse),
        sections: Some(vec![
            section("拟诊讨论", synthetic(1, 120)),
            section("鉴别诊断", "过短".to_owned()),
            section("诊疗计划", synthetic(2, 120)),
        ]),
        ..Document::default()
    };
    let visit = Visit { visit_id: "V".to_owned(), documents: vec![document], ..Visit::default() };
    let index = CopyIndex::of(&[visit], &KNOWLEDGE);
    assert_eq!(index.len(), 2);
    assert_eq!(index.similar(Topic::Plan, &synthetic(2, 120), 1.0, |_| true).len(), 1);
}

/// The figure of the module's documentation. `cargo test --lib memory_of -- --ignored`
#[test]
#[ignore = "builds 200,000 passages: minutes without optimisation"]
fn memory_of_two_hundred_thousand_passages() {
    const PASSAGES: u64 = 200_000;
    let extracts = (0..PASSAGES).into_par_iter().map(|number| extract(number, "呼吸科", synthetic(number, 200))).collect();
    let index = CopyIndex::new(extracts);
    assert_eq!(index.len(), PASSAGES as usize);
    let each = index.bytes() as f64 / PASSAGES as f64;
    assert!((950.0..1_100.0).contains(&each), "{each} bytes a passage");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The order of the visits and the number of threads change no answer.
    #[test]
    fn order_and_threads_change_nothing(seeds in proptest::collection::vec(0..12u64, 2..30), order in any::<u64>()) {
        let build = |numbers: &[(usize, u64)]| {
            CopyIndex::new(numbers.iter().map(|(number, seed)| {
                let mut text: Vec<char> = synthetic(*seed, 120).chars().collect();
                text[number % 100] = '改';
                extract(*number as u64, "呼吸科", text.into_iter().collect())
            }).collect())
        };
        let given: Vec<(usize, u64)> = seeds.iter().copied().enumerate().collect();
        let mut shuffled = given.clone();
        shuffled.sort_by_key(|(number, _)| mix(*number as u64 ^ order));
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
        let (a, b) = (build(&given), one.install(|| build(&shuffled)));
        prop_assert_eq!(a.bytes(), b.bytes());
        for seed in &seeds {
            let text = synthetic(*seed, 120);
            let found = answers(&a, &text);
            prop_assert!(!found.is_empty());
            prop_assert_eq!(found, answers(&b, &text));
        }
    }

    /// Whatever was changed in a tenth of a text, the copy is found.
    #[test]
    fn an_edited_copy_is_found(seed in 0..1_000u64, at in 0..150usize, length in 1..20usize) {
        let index = CopyIndex::new((0..20).map(|number| extract(number, "呼吸科", synthetic(seed + number, 200))).collect());
        let mut text: Vec<char> = synthetic(seed, 200).chars().collect();
        text[at..at + length].fill('改');
        let found = answers(&index, &text.into_iter().collect::<String>());
        prop_assert_eq!(found.first().map(|(id, _)| id.as_str()), Some("V000000"));
    }
}
