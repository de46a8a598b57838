//! `bingli score`: NDJSON in, NDJSON out, in the order of the input, in constant memory, in parallel. One bad line is one error line.

use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde_json::json;

use super::{House, JudgeArgs, history};
use crate::input::open::MAX_VISIT_BYTES;
use crate::report::{Options, check_against};

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
        sheet: house.sheet(&args.judge.sheet)?,
        phase: args.judge.phase,
        at: args.judge.at.map(|at| at.latest()),
        now: house.now(),
        language: house.language()?,
    };
    let history = history::load(house, &args.judge.history)?;
    let opener = house.rulebook.knowledge.opener(&house.zone);
    let progress = if io::stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
    progress.set_style(ProgressStyle::with_template("{spinner} 已评分 {pos} 份  {per_sec}  {elapsed}")?);
    let mut out = BufWriter::new(io::stdout().lock());
    let mut failed = false;
    let judge = |line: &(usize, Vec<u8>)| -> (String, bool) {
        let (number, bytes) = line;
        if bytes.len() > MAX_VISIT_BYTES {
            return (json!({ "line": number, "error": format!("输入超过 {} MB", MAX_VISIT_BYTES >> 20) }).to_string(), true);
        }
        match opener.visit("line.json", bytes) {
            Ok((visit, notes)) => {
                let report = check_against(&visit, notes, &house.rulebook, options, history.as_ref());
                let line = if args.full { serde_json::to_string(&report) } else { serde_json::to_string(&summary(&report)) };
                line.map_or_else(|error| (json!({ "line": number, "error": error.to_string() }).to_string(), true), |line| (line, false))
            }
            Err(error) => (json!({ "line": number, "error": error.to_string() }).to_string(), true),
        }
    };
    for path in &args.paths {
        let name = path.to_string_lossy().into_owned();
        let input: Box<dyn Read> = if name == "-" {
            Box::new(io::stdin().lock())
        } else {
            Box::new(std::fs::File::open(path).with_context(|| format!("cannot open {name}"))?)
        };
        let (_, input) = crate::input::open::decompress(&name, input).with_context(|| format!("cannot read {name}"))?;
        let mut lines = NumberedLines { input: BufReader::new(input), number: 0 };
        loop {
            let batch = lines.take_batch(BATCH).with_context(|| format!("cannot read {name}"))?;
            if batch.is_empty() {
                break;
            }
            let judged: Vec<(String, bool)> = batch.par_iter().map(judge).collect();
            for (line, is_error) in judged {
                failed |= is_error;
                out.write_all(line.as_bytes())?;
                out.write_all(b"\n")?;
            }
            out.flush()?;
            progress.inc(batch.len() as u64);
        }
    }
    progress.finish_and_clear();
    Ok(if failed { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// What a table of scores needs.
fn summary(report: &crate::report::Report) -> serde_json::Value {
    let findings: Vec<_> = report.stable().map(|finding| json!({ "id": finding.id, "rule": finding.rule, "defect": finding.defect, "severity": finding.severity, "points": finding.points })).collect();
    json!({
        "visit_id": report.visit_id,
        "sheet": report.score.as_ref().map(|score| &score.sheet),
        "total": report.score.as_ref().and_then(|score| score.total),
        "grade": report.score.as_ref().map(|score| &score.grade),
        "vetoes": report.score.as_ref().map_or(0, |score| score.vetoes.len()),
        "findings": findings,
        "ran": report.manifest.ran,
        "skipped": report.manifest.skipped.len(),
        "not_evaluated": report.manifest.not_evaluated.len(),
    })
}

struct NumberedLines<R> {
    input: R,
    number: usize,
}

impl<R: BufRead> NumberedLines<R> {
    /// Up to `count` lines that are not blank, each with its number. A line over the limit keeps only its first bytes.
    fn take_batch(&mut self, count: usize) -> io::Result<Vec<(usize, Vec<u8>)>> {
        let mut batch = Vec::with_capacity(count);
        while batch.len() < count {
            self.number += 1;
            let mut line = Vec::new();
            let limit = MAX_VISIT_BYTES as u64 + 2;
            if (&mut self.input).take(limit).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if line.len() as u64 == limit && !line.ends_with(b"\n") {
                self.skip_line()?;
            }
            if !line.iter().all(u8::is_ascii_whitespace) {
                batch.push((self.number, line));
            }
        }
        Ok(batch)
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |at| at + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}
