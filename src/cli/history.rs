//! `--history`: reads earlier visits and indexes what may be copied from them.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, Result};
use rayon::prelude::*;

use super::{House, check::visit_files};
use crate::record::Visit;
use crate::rules::CopyIndex;
use crate::rules::copy::index::Extract;

/// Visits that are in memory at a time; of each only its passages stay.
const BATCH: usize = 256;

/// The index of all visits below the paths; `None` where none were given. What can't be read is named and left out.
pub fn load(house: &House, paths: &[PathBuf]) -> Result<Option<CopyIndex>> {
    if paths.is_empty() {
        return Ok(None);
    }
    let knowledge = &house.rulebook.knowledge;
    let opener = knowledge.opener(&house.zone);
    let mut files = Vec::new();
    for path in paths {
        visit_files(path, &mut files)?;
    }
    let mut extracts = Vec::new();
    let mut batch: Vec<Visit> = Vec::with_capacity(BATCH);
    let read = |batch: &mut Vec<Visit>, extracts: &mut Vec<Extract>| {
        extracts.par_extend(batch.par_drain(..).map(|visit| Extract::of(&visit, &knowledge.reader.read(&visit))));
    };
    for path in &files {
        let name = path.to_string_lossy().into_owned();
        let input = File::open(path).with_context(|| format!("cannot open {name}"))?;
        for opened in opener.all(&name, input).with_context(|| format!("cannot read {name}"))? {
            match opened.result {
                Ok((visit, _)) => batch.push(visit),
                Err(error) => {
                    let place = opened.line.map_or(name.clone(), |line| format!("{name}:{line}"));
                    anstream::eprintln!("{place}: {error} (不计入历史病历)");
                }
            }
            if batch.len() >= BATCH {
                read(&mut batch, &mut extracts);
            }
        }
    }
    read(&mut batch, &mut extracts);
    Ok(Some(CopyIndex::new(extracts)))
}
