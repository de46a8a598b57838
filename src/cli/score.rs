//! `bingli score`: NDJSON in, NDJSON out, in the order of the input, in constant memory, in parallel. One bad line is one error line.

use std::io::{self, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde_json::json;

use super::{House, JudgeArgs, history};
use crate::input::OpenError;
use crate::input::lines::{NumberedLine, NumberedLines};
use crate::input::open::LINE;
use crate::report::{Line, Options, check_against};

#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// NDJSON files (also .gz and .zst), or - for stdin.
    #[arg(default_value = "-", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    judge: JudgeArgs,
    /// Whole reports instead of one line of score a visit.
    #[arg(long)]
    full: bool,
}

/// Visits that are in memory at a time.
const BATCH: usize = 256;

pub fn run(house: &House, args: &ScoreArgs) -> Result<ExitCode> {
    let options = Options {
        phase: args.judge.phase,
        at: args.judge.at.map(|at| at.latest()),
        language: house.language()?,
        ..Options::of(house.sheet(&args.judge.sheet)?, house.now())
    };
    let history = history::load(house, &args.judge.history)?;
    let opener = house.rulebook.knowledge.opener(&house.zone);
    let progress = if io::stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
    progress.set_style(ProgressStyle::with_template("{spinner} 已评分 {pos} 份  {per_sec}  {elapsed}")?);
    let mut out = BufWriter::new(io::stdout().lock());
    let mut failed = false;
    let judge = |line: &NumberedLine| -> Result<String> {
        let bytes = line.bytes.as_ref().ok_or(OpenError::TooLarge)?;
        let (visit, notes) = opener.visit(LINE, bytes)?;
        let report = check_against(&visit, notes, &house.rulebook, options, history.as_ref());
        Ok(if args.full { serde_json::to_string(&report) } else { serde_json::to_string(&Line::of(&report)) }?)
    };
    for path in &args.paths {
        let name = path.to_string_lossy().into_owned();
        let input: Box<dyn Read> = if name == "-" {
            Box::new(io::stdin().lock())
        } else {
            Box::new(std::fs::File::open(path).with_context(|| format!("cannot open {name}"))?)
        };
        let (_, input) = crate::input::open::decompress(&name, input).with_context(|| format!("cannot read {name}"))?;
        let mut lines = NumberedLines::new(BufReader::new(input));
        loop {
            let batch: Vec<NumberedLine> =
                lines.by_ref().take(BATCH).collect::<io::Result<_>>().with_context(|| format!("cannot read {name}"))?;
            if batch.is_empty() {
                break;
            }
            let judged: Vec<Result<String>> = batch.par_iter().map(judge).collect();
            for (line, judged) in batch.iter().zip(judged) {
                failed |= judged.is_err();
                let text = judged.unwrap_or_else(|error| json!({ "line": line.number, "error": error.to_string() }).to_string());
                writeln!(out, "{text}")?;
            }
            out.flush()?;
            progress.inc(batch.len() as u64);
        }
    }
    progress.finish_and_clear();
    Ok(if failed { ExitCode::from(2) } else { ExitCode::SUCCESS })
}
