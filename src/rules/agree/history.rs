//! Agreement inside the admission record: template findings against known deficits, differentials against sex.

use super::super::{Hit, Role, Subject, facts};
use super::{Prepared, piece};
use crate::reading::text::Span;
use crate::reading::{Assertion, Experiencer, Passage};
use crate::record::Sex;

impl Prepared {
    /// 四肢活动自如 although a limb is broken or paralysed.
    pub(super) fn limb_template(&self, subject: &Subject<'_>) -> Vec<Hit> {
        const NORMAL: [&str; 6] = ["四肢活动自如", "四肢活动正常", "四肢肌力正常", "四肢肌力5级", "四肢肌力Ⅴ级", "肢体活动自如"];
        /// What a palsy leaves alone.
        const STRAIGHT: [&str; 1] = ["四肢无畸形"];
        const OTHER: [&str; 6] = ["余", "其余", "健侧", "患肢", "除", "外"];
        let lexicon = subject.knowledge.lexicon();
        let deficit = self.against.passages(subject).find_map(|passage| {
            let counts = |mention: &&crate::reading::Mention| {
                let limb_fracture = lexicon.is_a(mention.concept, "骨折")
                    && lexicon.concept(mention.concept).site.is_some_and(|site| lexicon.is_a(site, "四肢"));
                let paralysis = lexicon.is_a(mention.concept, "偏瘫") || lexicon.is_a(mention.concept, "截瘫");
                // The sentence last: it may be as long as the text.
                let old = || {
                    let sentence = passage.text.slice(passage.sentence_of(mention.span));
                    ["陈旧", "术后", "既往", "病史"].iter().any(|word| sentence.contains(word))
                };
                (limb_fracture || paralysis) && mention.assertion == Assertion::Present && !old()
            };
            passage.mentions.iter().find(counts).map(|mention| (passage, mention.span, lexicon.is_a(mention.concept, "骨折")))
        });
        let Some((source, deficit, fracture)) = deficit else { return Vec::new() };
        let normal = NORMAL.iter().chain(STRAIGHT.iter().filter(|_| fracture));
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            let found = normal.clone().filter_map(|word| text.find(word).map(|at| Span::new(at, at + word.len()))).next();
            let Some(span) = found else { continue };
            let clause = passage.clause_of(span);
            // 除左上肢外,四肢活动自如
            let ahead = &text[passage.sentence_of(span).start as usize..span.start as usize];
            if !OTHER.iter().any(|word| passage.text.slice(clause).contains(word)) && !ahead.contains('除') {
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This), piece(source, deficit, Role::Against)],
                    ..Hit::default()
                });
            }
        }
        hits
    }

    pub(super) fn sex_in_differential(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let sex = match subject.visit.patient.sex {
            Some(sex @ (Sex::Male | Sex::Female)) => sex,
            _ => return Err("未提供患者性别".to_owned()),
        };
        let lexicon = subject.knowledge.lexicon();
        // What a newborn's differentials weigh is his mother's.
        if facts::is_newborn(subject.visit) {
            return Ok(Vec::new());
        }
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let wrong = passage.mentions.iter().find(|mention| {
                lexicon.is_a(mention.concept, "疾病")
                    && lexicon.concept(mention.concept).sex.is_some_and(|wanted| wanted != sex)
                    && mention.experiencer == Experiencer::Patient
                    && !is_set_aside(passage, mention.span, sex)
            });
            if let Some(mention) = wrong {
                hits.push(Hit {
                    evidence: vec![piece(passage, mention.span, Role::This)],
                    slots: vec![("sex", sex.chinese().to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }
}

/// 前列腺增生:男性多见,患者女性可除外: the sentence itself says so. 其妻曾患滴虫性阴道炎 is of the spouse.
fn is_set_aside(passage: &Passage, span: Span, sex: Sex) -> bool {
    const OUT: [&str; 4] = ["不考虑", "不予考虑", "除外", "排除"];
    const SPOUSE: [&str; 6] = ["其妻", "其夫", "配偶", "妻子", "丈夫", "爱人"];
    let sentence = passage.text.slice(passage.sentence_of(span));
    let clause = passage.clause_of(span);
    let ahead = &passage.text.as_str()[clause.start as usize..span.start as usize];
    let names_sex = ["患者", "患者为", "患者系", "患儿", "本例"].iter().any(|word| sentence.contains(&format!("{word}{}", sex.chinese())));
    names_sex && OUT.iter().any(|word| sentence.contains(word)) || SPOUSE.iter().any(|word| ahead.contains(word))
}
