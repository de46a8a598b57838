//! `bingli model count` and `bingli model suspect`: what the search for wrong characters goes by.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::House;
use super::check::visit_files;
use super::measure::lines;
use crate::language::suspect::fit::{self, Texts};
use crate::language::suspect::{Counts, Model};
use crate::record::Visit;

/// A hospital's n-grams of three and four characters are kept from so many times on: a slip made twice must not become right by that.
const LEAST: [u32; 4] = [1, 1, 2, 4];

/// Adds the counts of a hospital's own notes to `suspect.bin`.
pub fn count(house: &House, notes: &[PathBuf], out: Option<&Path>) -> Result<ExitCode> {
    let folder = house.model_folder()?.context("--no-model leaves nothing to add to")?;
    let out = out.or(house.source.model.as_deref()).context("say with --out or --model whose suspect.bin is written")?;
    let typos = folder.suspect.context("the model has no suspect.bin")?;
    let mut model = Model::read("suspect.bin", &typos.counts)?;
    let mut files = Vec::new();
    for path in notes {
        visit_files(path, &mut files)?;
    }
    let opener = house.rulebook.knowledge.opener(&house.zone);
    let (mut own, mut visits, before) = (Counts::default(), 0, model.counts.len());
    for path in &files {
        let name = path.to_string_lossy().into_owned();
        for opened in opener.path(path, &name).with_context(|| format!("cannot read {name}"))? {
            match opened.result {
                Ok((visit, _)) => {
                    visits += 1;
                    texts(&visit).for_each(|text| own.add(text));
                }
                Err(error) => anstream::eprintln!("{name}: {error}"),
            }
        }
    }
    own.prune(LEAST);
    model.merge(&own);
    write(&model, &out.join("suspect.bin"))?;
    anstream::println!("{visits} 份病历,新增 {} 个字组,共 {} 个", model.counts.len() - before, model.counts.len());
    Ok(ExitCode::SUCCESS)
}

/// Every text of a visit's documents.
fn texts(visit: &Visit) -> impl Iterator<Item = &str> {
    let documents = visit.documents.iter();
    documents.flat_map(|document| {
        document.text.as_deref().into_iter().chain(document.sections.iter().flatten().map(|section| section.text.as_str()))
    })
}

/// Makes `suspect.bin` from laid-out texts: `words.jsonl` (`"word frequency"`), `terms`, `ground`, `clean`, `other` (a text a line) and `pairs`
/// (`["wrong", "right"]`).
pub fn fit(folder: &Path, out: &Path) -> Result<ExitCode> {
    let table =
        fs::read_to_string(out.join("confusions.tsv")).with_context(|| format!("cannot read {}", out.join("confusions.tsv").display()))?;
    let word = |line: String| {
        let (word, frequency) = line.split_once(' ').with_context(|| format!("words.jsonl: `{line}` has no frequency"))?;
        Ok((word.to_owned(), frequency.parse().with_context(|| format!("words.jsonl: `{line}`"))?))
    };
    let texts = Texts {
        words: lines::<String>(&folder.join("words.jsonl"))?.into_iter().map(word).collect::<Result<_>>()?,
        terms: lines(&folder.join("terms.jsonl"))?,
        ground: lines(&folder.join("ground.jsonl"))?,
        pairs: lines(&folder.join("pairs.jsonl"))?,
        clean: lines(&folder.join("clean.jsonl"))?,
        other: lines(&folder.join("other.jsonl"))?,
    };
    let model = fit::fit(&texts, &table)?;
    write(&model, &out.join("suspect.bin"))?;
    anstream::println!("{} 个字组", model.counts.len());
    Ok(ExitCode::SUCCESS)
}

fn write(model: &Model, path: &Path) -> Result<()> {
    fs::write(path, model.write()).with_context(|| format!("cannot write {}", path.display()))
}
