use std::collections::BTreeSet;

use proptest::prelude::*;

use super::bytes::{Reader, put_varint};
use super::confusions::Confusions;
use super::features::FEATURES;
use super::known::Known;
use super::network::Example;
use super::ngrams::{BREAK, DIGITS, LETTERS, Ngrams, OTHER, fold, key};
use super::*;

/// Invented notes: few, and one phrase often.
const NOTES: [&str; 4] =
    ["患者腹痛3天，无发热，无呕吐。", "腹痛较前缓解，腹软，无压痛。", "腹部平坦，腹痛不明显。", "伴腹痛、腹胀，无黄疸。"];
const TABLE: &str = "腹\tfu4\t复\n复\tfu4\t腹\n痛\ttong4\t通\n通\ttong1\t痛\n发\tfa1 fa4\t\n";

fn counted() -> Counts {
    let mut counts = Counts::default();
    NOTES.iter().for_each(|note| counts.add(note));
    counts.add_word("腹痛", 3);
    counts
}

/// A network that goes by the gain alone, learnt from examples that say so.
fn small() -> Model {
    let example = |gain: f32| {
        let mut features = [0.0; FEATURES];
        features[0] = gain;
        Example { features, right: gain > 0.5 }
    };
    let examples: Vec<Example> = (0..400).map(|step| example(step as f32 / 100.0 - 2.0)).collect();
    let mut seen = Seen::default();
    seen.add("复痛", "腹痛");
    Model { counts: counted(), seen, network: Some(Network::fit(&examples, 40, 1)) }
}

fn detector() -> Detector {
    Detector::new(&small(), TABLE, ["发热"]).unwrap()
}

#[test]
fn text_is_folded_with_its_places() {
    let text = "T 36.7℃，腹𠮷";
    let symbols = fold(text);
    let codes: Vec<u16> = symbols.iter().map(|symbol| symbol.code).collect();
    assert_eq!(codes, [BREAK, LETTERS, OTHER, DIGITS, OTHER, DIGITS, OTHER, BREAK, '腹' as u16, OTHER, BREAK]);
    assert_eq!(&text[symbols[8].start..symbols[8].end], "腹");
    assert_eq!(fold("").len(), 1);
}

#[test]
fn counts_add_up() {
    let (mut one, mut two, mut both) = (Counts::default(), Counts::default(), Counts::default());
    one.add(NOTES[0]);
    two.add(NOTES[1]);
    two.add_word("腹痛", 2);
    both.add(NOTES[0]);
    both.add(NOTES[1]);
    both.add_word("腹痛", 2);
    one.merge(&two);
    assert_eq!(one, both);
    let ngrams = Ngrams::new(&both);
    let pair = ['腹' as u16, '痛' as u16];
    assert_eq!((ngrams.count(&pair), ngrams.is_word(&pair)), (4, true));
    assert_eq!(ngrams.pair(&pair), (4, true));
}

#[test]
fn rare_ngrams_are_forgotten_and_words_kept() {
    let mut counts = counted();
    counts.add_word("黄疸", 1);
    let before = counts.len();
    counts.prune([1, 3, 3, 3]);
    assert!(counts.len() < before);
    let ngrams = Ngrams::new(&counts);
    assert_eq!(ngrams.count(&['伴' as u16, '腹' as u16]), 0);
    assert!(ngrams.is_word(&['黄' as u16, '疸' as u16]));
}

#[test]
fn probabilities_of_what_can_follow_add_up_to_one() {
    let ngrams = Ngrams::new(&counted());
    let seen: BTreeSet<u16> = NOTES.iter().flat_map(|note| fold(note)).map(|symbol| symbol.code).collect();
    let unseen = (8000 - seen.len()) as f32;
    for context in [vec![], vec!['腹' as u16], vec![BREAK, '无' as u16], vec!['患' as u16, '者' as u16, '腹' as u16]] {
        let probability = |last: u16| ngrams.ln_probability(&[context.clone(), vec![last]].concat()).exp();
        let sum: f32 = seen.iter().map(|code| probability(*code)).sum::<f32>() + unseen * probability('铁' as u16);
        assert!((sum - 1.0).abs() < 0.01, "{context:?}: {sum}");
    }
}

#[test]
fn a_file_reads_back() {
    for model in [small(), Model { counts: counted(), ..Model::default() }, Model::default()] {
        let bytes = model.write();
        assert_eq!(Model::read("a.bin", &bytes).unwrap(), model);
        assert_eq!(model.write(), bytes);
    }
}

/// The file with a seal that fits, so that reading gets past it.
fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let seal = Sha256::digest(&body);
    body.extend(&seal[..SEAL]);
    body
}

#[test]
fn what_is_wrong_with_a_file_is_named() {
    let bytes = small().write();
    let error = |bytes: &[u8]| Model::read("a.bin", bytes).unwrap_err().0;
    assert_eq!(error(b"PK"), "a.bin: not a file of n-grams");
    assert_eq!(error(b"BINGLICN"), "a.bin: damaged: its checksum is another");
    let mut flipped = bytes.clone();
    flipped[40] ^= 1;
    assert_eq!(error(&flipped), "a.bin: damaged: its checksum is another");
    let body = bytes[..bytes.len() - SEAL].to_vec();
    let mut newer = body.clone();
    newer[8] = 9;
    assert_eq!(error(&sealed(newer)), "a.bin: written as version 9, this reads version 1");
    assert_eq!(error(&sealed(body[..10].to_vec())), "a.bin: no n-grams in it");
    let mut more = body.clone();
    more.extend([9, 0, 0, 0, 0]);
    assert_eq!(error(&sealed(more)), "a.bin: part 9 is unknown");
    let part = |part: &[u8]| sealed([MAGIC.as_slice(), &[1, 0, 1], &(part.len() as u32).to_le_bytes(), part].concat());
    assert_eq!(error(&part(&[200, 1, 0])), "a.bin: 200 n-grams can't stand in 1 bytes");
    assert_eq!(error(&part(&[1, 0, 2])), "a.bin: n-gram 0: an empty symbol");
    assert_eq!(error(&part(&[2, 20, 2, 0, 2])), "a.bin: n-gram 1: out of order");
    assert_eq!(error(&part(&[1, 20, 2, 7])), "a.bin: 1 bytes too many in part 1");
}

#[test]
fn numbers_are_read_as_written() {
    for value in [0, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, value);
        assert_eq!(Reader::new("a", &bytes).varint(), Ok(value));
    }
    assert!(Reader::new("a", &[0xff; 11]).varint().is_err());
    assert!(Reader::new("a", &[0x80]).varint().is_err());
}

#[test]
fn kinship_comes_from_sound_shape_and_what_was_seen() {
    let mut seen = Seen::default();
    seen.add("复通", "腹痛");
    seen.add("发", "法");
    let confusions = Confusions::new("腹\tfu4\t复\n复\tfu4\t\n痛\ttong4\t\n通\ttong1\t\n山\tshan1\t\n桑\tsang1\t\n", &seen).unwrap();
    let kin = |wrong: char, right: char| confusions.of(wrong as u16).iter().find(|one| one.right == right as u16).copied();
    let abdomen = kin('复', '腹').unwrap();
    assert!(abdomen.kinship.same_tone && abdomen.kinship.shape > 0.9 && abdomen.seen == 1);
    let pain = kin('通', '痛').unwrap().kinship;
    assert!(pain.same_sound && !pain.same_tone && pain.shape == 0.0);
    let mountain = kin('桑', '山').unwrap().kinship;
    assert!(mountain.near_sound && !mountain.same_sound);
    assert!(kin('发', '法').is_some() && kin('法', '发').is_none() && kin('腹', '山').is_none());
    assert_eq!(confusions.miswritten('痛' as u16), 1);
}

#[test]
fn variants_and_opposites_are_left_alone() {
    let mut seen = Seen::default();
    seen.add("粘上侵", "黏下浸");
    let confusions = Confusions::new("粘\tnian2\t黏\n黏\tnian2\t\n", &seen).unwrap();
    assert_eq!((confusions.of('粘' as u16), confusions.of('上' as u16)), (&[][..], &[][..]));
    assert_eq!(confusions.of('侵' as u16).len(), 1);
}

#[test]
fn a_table_that_is_wrong_is_refused() {
    let error = |table: &str| Confusions::new(table, &Seen::default()).unwrap_err().0;
    assert_eq!(error("腹\tfu4"), "confusions.tsv, line 1: not three fields");
    assert_eq!(error("腹\tfu4\t\n腹痛\tfu4\t"), "confusions.tsv, line 2: the first field is not one character");
    assert_eq!(error("腹\tfu4\tA"), "confusions.tsv, line 1: a look-alike that is no Han character");
    assert_eq!(error("腹\tfu4\t\n腹\tfu4\t"), "confusions.tsv, line 2: a second line for the character");
}

#[test]
fn known_words_cover_their_characters() {
    let known: Known = ["急性阑尾炎", "阑尾"].into_iter().collect();
    let codes: Vec<u16> = "无急性阑尾炎".chars().map(ngrams::code).collect();
    assert_eq!([0, 1, 3, 5].map(|at| known.longest(&codes, at, 1)), [0, 5, 5, 5]);
    assert_eq!(known.longest(&codes[3..], 0, 1), 2);
}

#[test]
fn a_wrong_character_is_found_and_corrected() {
    let text = "患者复痛3天，腹胀。";
    let suspects = detector().detect(text, 0.0);
    assert_eq!(suspects.len(), 1, "{suspects:?}");
    assert_eq!((suspects[0].span.clone(), suspects[0].wrong.as_str()), (6..9, "复"));
    assert_eq!(suspects[0].candidates[0].right, "腹");
    assert!(detector().detect(text, suspects[0].candidates[0].score + 0.1).is_empty());
}

#[test]
fn two_wrong_characters_are_found_together() {
    let text = "患者复通3天。";
    let suspects = detector().detect(text, 0.0);
    let mended = suspects.iter().rev().fold(text.to_owned(), |mut text, one| {
        text.replace_range(one.span.clone(), &one.candidates[0].right);
        text
    });
    assert_eq!(mended, "患者腹痛3天。");
}

#[test]
fn right_text_and_known_words_are_left_alone() {
    for note in NOTES {
        assert_eq!(detector().detect(note, 0.0), []);
    }
    let text = "患者复痛3天。";
    let vetoed = Detector::new(&small(), TABLE, ["者复痛"]).unwrap();
    assert_eq!(vetoed.detect(text, 0.0), []);
}

#[test]
fn counts_without_a_network_detect_nothing() {
    let counts = Model { counts: counted(), ..Model::default() };
    assert_eq!(Detector::new(&counts, TABLE, [""]).unwrap_err().0, "the counts come without a network");
}

/// Half notes with mixed-up characters, half anything.
fn texts() -> impl Strategy<Value = String> {
    let pieces = ["患者复痛", "腹通", "复通", "3天", "，", "腹痛", "a", "𠮷", "\n", "　", "无发热", "复", "é", "复复通通"];
    prop_oneof![prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..20).prop_map(|pieces| pieces.concat()), any::<String>()]
}

proptest! {
    #[test]
    fn spans_are_right_whatever_the_text(text in texts(), threshold in -8f32..8.0) {
        let suspects = detector().detect(&text, threshold);
        let mut behind = 0;
        for one in &suspects {
            prop_assert!(one.span.start >= behind && one.span.start < one.span.end);
            prop_assert_eq!(text.get(one.span.clone()), Some(one.wrong.as_str()));
            prop_assert!(!one.candidates.is_empty() && one.candidates[0].score > threshold);
            for candidate in &one.candidates {
                prop_assert_eq!(candidate.right.chars().count(), one.wrong.chars().count());
                prop_assert!(candidate.right != one.wrong && candidate.score <= one.candidates[0].score);
            }
            behind = one.span.end;
        }
        prop_assert_eq!(detector().detect(&text, threshold), suspects);
    }

    #[test]
    fn damaged_files_never_panic(at in any::<prop::sample::Index>(), value: u8, cut in any::<prop::sample::Index>()) {
        let bytes = small().write();
        let mut body = bytes[..bytes.len() - SEAL].to_vec();
        let at = at.index(body.len());
        body[at] = value;
        body.truncate(cut.index(body.len() + 1).max(at));
        // Whatever still reads can also be used.
        if let Ok(model) = Model::read("a.bin", &sealed(body))
            && let Ok(detector) = Detector::new(&model, TABLE, ["发热"])
        {
            detector.detect("患者复痛3天", 0.0);
        }
    }

    #[test]
    fn keys_sort_behind_their_prefix(symbols in prop::collection::vec(1u16.., 2..=4)) {
        prop_assert!(key(&symbols) > key(&symbols[..symbols.len() - 1]));
    }
}
