//! The model that ships, on sentences of ours.

use std::sync::OnceLock;

use super::folder::{ModelFolder, Readiness};
use super::int8::{Int8Encoder, Processor};
use super::packed::Packed;
use super::reference::Reference;
use super::tokens::Tokens;
use super::{Config, Embedder, Encoder, Language, lessons};
use crate::data::DataFolder;
use crate::record::Visit;
use crate::rules::{Phase, Rulebook, Subject};

const SENTENCES: [&str; 5] = [
    "患者5天前受凉后出现咳嗽、咳黄痰,伴发热,最高体温38.9℃,无胸痛、咯血。",
    "今日查房,病情稳定,继续当前治疗。",
    "心率88次/分,律齐,各瓣膜听诊区未闻及病理性杂音。",
    "无",
    "CT示左侧额叶低密度影,大小约23×15mm,考虑脑梗死可能。",
];

fn packed() -> Packed {
    let folder = ModelFolder::embedded();
    Packed::read(&Config::parse(&folder.config).expect("it ships"), &folder.weights).expect("it ships")
}

fn tokens() -> Tokens {
    let folder = ModelFolder::embedded();
    let config = Config::parse(&folder.config).expect("it ships");
    Tokens::read(&folder.tokenizer, config.max_position_embeddings, config.vocab_size).expect("it ships")
}

fn embedder() -> &'static Embedder {
    static EMBEDDER: OnceLock<Embedder> = OnceLock::new();
    EMBEDDER.get_or_init(|| ModelFolder::embedded().embedder().expect("it ships"))
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn the_8_bit_vectors_are_those_of_f32() {
    let exact = Embedder::new(tokens(), Box::new(Reference::new(packed().restore())));
    let (small, exact) = (embedder().vectors(&SENTENCES).expect("tokens"), exact.vectors(&SENTENCES).expect("tokens"));
    for ((small, exact), sentence) in small.iter().zip(&exact).zip(SENTENCES) {
        assert!(cosine(small, exact) > 0.998, "{sentence}: {}", cosine(small, exact));
    }
}

#[test]
fn the_shipped_model_gives_the_same_bits_on_every_processor_of_this_machine() {
    let ids = tokens().windows(SENTENCES[0]).expect("tokens").remove(0).ids;
    let expected = Int8Encoder::on(Processor::Portable, packed()).states(&ids);
    for processor in Processor::all() {
        assert!(Int8Encoder::on(processor, packed()).states(&ids).iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

#[test]
fn a_batch_gives_what_each_text_gives_alone_and_a_second_time() {
    let together = embedder().vectors(&SENTENCES).expect("tokens");
    for (text, vector) in SENTENCES.iter().zip(&together) {
        let fresh = ModelFolder::embedded().embedder().expect("it ships");
        assert_eq!(fresh.vectors(&[text]).expect("tokens")[0], *vector);
        assert_eq!(embedder().vectors(&[text]).expect("tokens")[0], *vector);
    }
}

/// Reference values of this model on sentences of ours: they notice a change of weights, tokens or arithmetic.
#[test]
fn likeness_of_sentences_stays_what_it_was() {
    let of = |a: &str, b: &str| {
        let vectors = embedder().vectors(&[a, b]).expect("tokens");
        cosine(&vectors[0], &vectors[1])
    };
    let near = of("患者无发热,无咳嗽。", "病人未诉发热、咳嗽。");
    let far = of("患者无发热,无咳嗽。", "手术记录:术中出血约200ml。");
    assert!(near > far + 0.02 && near < 1.0, "{near} {far}");
}

#[test]
fn long_texts_are_read_in_windows_and_every_token_once() {
    let tokens = tokens();
    let text: String = (0..400).map(|day| format!("第{day}天无发热,切口干燥。")).collect();
    let windows = tokens.windows(&text).expect("tokens");
    assert!(windows.len() > 3);
    let mut spans = Vec::new();
    for window in &windows {
        assert!(window.ids.len() <= 512 && window.own.end <= window.ids.len());
        spans.extend(window.spans[window.own.clone()].iter().filter(|span| !span.is_empty()).cloned());
    }
    assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "spans follow each other");
    assert!(spans.iter().all(|span| text.is_char_boundary(span.start) && text.is_char_boundary(span.end)));
    // Nothing between two tokens but what no token stands for.
    let covered: usize = spans.iter().map(|span| text[span.clone()].chars().count()).sum();
    assert!(covered as f64 > 0.99 * text.chars().count() as f64, "{covered}");
    assert!(embedder().vectors(&[&text]).expect("tokens")[0].iter().all(|value| value.is_finite()));
}

proptest::proptest! {
    /// Places of tokens are exact: each is a stretch of the text, in order, and whole words are where they stand.
    #[test]
    fn places_of_tokens_are_exact(before in "[患者无发热，。a-z0-9 𠮷😀½Ⅱ]{0,20}", after in "[咳嗽ＡＢ³,.\n𠮷]{0,20}") {
        static TOKENS: OnceLock<Tokens> = OnceLock::new();
        let text = format!("{before}腹{after}");
        let windows = TOKENS.get_or_init(tokens).windows(&text).expect("tokens");
        let spans: Vec<_> = windows[0].spans.iter().filter(|span| !span.is_empty()).collect();
        for span in &spans {
            proptest::prop_assert!(span.end <= text.len() && text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?} {text}");
        }
        proptest::prop_assert!(spans.iter().any(|span| text[(*span).clone()].contains('腹')), "{text} {spans:?}");
    }
}

fn rulebook() -> Rulebook {
    Rulebook::load(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn the_shipped_heads_belong_to_the_shipped_rules() {
    let rulebook = rulebook();
    let language = Language::load(&ModelFolder::embedded(), &rulebook).expect("it ships");
    for lesson in lessons::lessons(&rulebook) {
        let readiness = language.readiness(&lesson.rule);
        assert!(
            matches!(readiness, Some(Readiness::Ready(_) | Readiness::Silent)),
            "{}: {readiness:?}; run `bingli model fit`",
            lesson.rule
        );
    }
}

/// Whatever the model answers, every rule that asked is accounted for, and no answer depends on what was read before.
#[test]
fn every_question_is_answered_once() {
    let rulebook = rulebook();
    let language = Language::load(&ModelFolder::embedded(), &rulebook).expect("it ships");
    for compiled in rulebook.rules.iter().filter(|compiled| compiled.rule.check.kind() == "judge").step_by(5) {
        let visit: Visit = compiled.rule.cases[0].build(rulebook.knowledge.documents()).expect("a case");
        let reading = rulebook.knowledge.reader.read(&visit);
        let at = jiff::civil::date(2026, 12, 31).at(0, 0, 0, 0);
        let subject = Subject::of(&visit, &reading, &rulebook.knowledge, at, Phase::Terminal);
        let mut result = rulebook.run(&subject);
        let (asked, all) = (result.asked.len(), result.ran + result.skipped.len() + result.not_evaluated.len() + result.asked.len());
        assert!(asked > 0, "{}", compiled.rule.id);
        language.answer(&mut result, &rulebook.knowledge);
        assert!(result.asked.is_empty() && result.not_evaluated.is_empty());
        assert_eq!(result.ran + result.skipped.len(), all);
        let confidences = |result: &crate::rules::run::RunResult<'_>| -> Vec<Option<f32>> {
            result.hits.iter().flat_map(|(_, hits)| hits).map(|hit| hit.confidence).collect()
        };
        let mut again = rulebook.run(&subject);
        language.answer(&mut again, &rulebook.knowledge);
        assert_eq!(confidences(&result), confidences(&again));
    }
}

/// The cases of a `suspect` rule hold with what ships, to the character.
#[test]
fn wrong_characters_are_found_in_the_rules_own_cases() {
    let rulebook = rulebook();
    let language = Language::load(&ModelFolder::embedded(), &rulebook).expect("it ships");
    let compiled = rulebook.rule("suspect-character").expect("it ships");
    let mut found = Vec::new();
    for case in &compiled.rule.cases {
        let visit: Visit = case.build(rulebook.knowledge.documents()).expect("a case");
        let reading = rulebook.knowledge.reader.read(&visit);
        let at = jiff::civil::date(2026, 12, 31).at(0, 0, 0, 0);
        let subject = Subject::of(&visit, &reading, &rulebook.knowledge, at, Phase::Terminal);
        let mut result = rulebook.run_those(&subject, &Default::default(), |compiled, _| compiled.rule.id == "suspect-character");
        language.answer(&mut result, &rulebook.knowledge);
        let hits: Vec<_> = result.hits.iter().flat_map(|(_, hits)| hits).collect();
        assert_eq!(!hits.is_empty(), case.expect == crate::rules::case::Expect::Hit, "{:?} {hits:?}", visit.documents);
        for hit in hits {
            let evidence = &hit.evidence[0];
            found.push(format!("{}→{}", evidence.passage.text.slice(evidence.span), hit.slots[0].1));
        }
    }
    assert_eq!(found, ["法→发", "底→低", "伯→泊", "灼→浊"]);
}

/// Where the first diagnosis explains the complaint nothing later explains it better, and the other way round.
#[test]
fn signs_know_which_diagnosis_explains_the_complaint() {
    use super::heads::signs::{SIGNS, signs};
    let rulebook = rulebook();
    let compiled = rulebook.rule("main-diagnosis-not-first").expect("it ships");
    // Places in the array: what the first diagnosis explains, and how much more a later one does.
    const FIRST: usize = 17;
    const LATER: usize = 19;
    let of = |case: &crate::rules::case::Case| -> [f32; SIGNS] {
        let candidates = lessons::passages(&rulebook, compiled, case);
        signs(&candidates[0].evidence, &rulebook.knowledge)
    };
    let (wrong, right) = (of(&compiled.rule.cases[0]), of(&compiled.rule.cases[1]));
    assert!(wrong.iter().chain(&right).all(|sign| sign.is_finite()));
    assert!(wrong[LATER] > 0.0 && right[LATER] <= 0.0, "{} {}", wrong[LATER], right[LATER]);
    assert!(right[FIRST] > wrong[FIRST]);
}
