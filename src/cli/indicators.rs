//! `bingli indicators`: numerators and denominators over visits, as a table, CSV, XLSX or JSON.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde_json::json;

use super::House;
use super::check::visit_files;
use crate::data::DataFolder;
use crate::indicators::export::{self, code};
use crate::indicators::table::{Dimension, Entry, Period, Row, entries, rows};
use crate::indicators::{Better, Book, Method};
use crate::report::text::pad;

#[derive(Debug, Args)]
pub struct IndicatorsArgs {
    /// Visit files, folders or - for stdin.
    #[arg(value_name = "VISITS")]
    paths: Vec<PathBuf>,
    /// Month, quarter or year of discharge: 2026-03, 2026Q1, 2026. Visits still in hospital are left out.
    #[arg(long, value_name = "PERIOD")]
    period: Option<Period>,
    /// Divide every figure.
    #[arg(long, value_enum)]
    by: Option<Dimension>,
    /// Only indicators whose id, code or group begins so.
    #[arg(long, value_name = "WORD")]
    only: Vec<String>,
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Where an XLSX goes.
    #[arg(long, short, value_name = "FILE", required_if_eq("format", "xlsx"))]
    output: Option<PathBuf>,
    /// Indicators without a visit as well.
    #[arg(long)]
    all: bool,
    /// Run the indicators' own cases instead.
    #[arg(long)]
    test: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Csv,
    Xlsx,
    Json,
}

/// Visits that are in memory at a time.
const BATCH: usize = 256;

pub fn run(house: &House, folder: &DataFolder, args: &IndicatorsArgs) -> Result<ExitCode> {
    let mut book = house.indicators(folder)?;
    if args.test {
        let count: usize = book.indicators.iter().map(|compiled| compiled.indicator.cases.len()).sum();
        super::fail_on(book.test(folder, &house.rulebook), "indicators that miss their own cases")?;
        anstream::println!("{} 个指标,{count} 个用例,全部通过", book.indicators.len());
        return Ok(ExitCode::SUCCESS);
    }
    if !args.only.is_empty() {
        let wanted = book.beginning_with(&args.only);
        book.indicators.retain(|compiled| wanted.contains(&compiled.indicator.id));
        if book.indicators.is_empty() {
            bail!("no indicator begins with {}", args.only.join(" or "));
        }
    }
    let (all, failed) = judge(house, &book, args)?;
    let mut rows = rows(&book, &all, args.by);
    rows.retain(|row| args.all || row.figure.total + row.excluded > 0);
    match args.format {
        Format::Table => print_table(&rows),
        Format::Csv => io::stdout().lock().write_all(&export::csv(&rows)?)?,
        Format::Xlsx => {
            let path = args.output.as_deref().context("--output names the file")?;
            std::fs::write(path, export::xlsx(&rows, &all)?).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&json!({ "rows": rows, "entries": all }))?),
    }
    Ok(if failed { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// Entries of every visit that can be read, in the order of the input; unreadable ones are named on stderr.
fn judge(house: &House, book: &Book, args: &IndicatorsArgs) -> Result<(Vec<Entry>, bool)> {
    let mut files = Vec::new();
    for path in &args.paths {
        visit_files(path, &mut files)?;
    }
    if files.is_empty() {
        bail!("no visit files found");
    }
    let opener = house.rulebook.knowledge.opener(&house.zone);
    let now = house.now();
    let mut all = Vec::new();
    let mut failed = false;
    for path in &files {
        let name = path.to_string_lossy().into_owned();
        let visits = if name == "-" { opener.all(&name, io::stdin().lock()) } else { opener.path(path, &name) };
        let mut visits = visits.with_context(|| format!("cannot open {name}"))?;
        loop {
            let batch: Vec<_> = visits.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            let judged: Vec<Result<Vec<Entry>, String>> = batch
                .par_iter()
                .map(|opened| match &opened.result {
                    Ok((visit, _)) => {
                        let reading = house.rulebook.knowledge.reader.read(visit);
                        Ok(entries(book, &house.rulebook, visit, &reading, now))
                    }
                    Err(error) => Err(format!("{name}{}: {error}", opened.line.map_or(String::new(), |line| format!(":{line}")))),
                })
                .collect();
            for result in judged {
                match result {
                    Ok(entries) => all.extend(entries),
                    Err(error) => {
                        failed = true;
                        anstream::eprintln!("{error}");
                    }
                }
            }
        }
    }
    if let Some(period) = &args.period {
        all.retain(|entry| period.holds(entry.month.as_deref()));
    }
    Ok((all, failed))
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

fn better(row: &Row) -> &'static str {
    match row.better {
        Better::Higher => "↑",
        Better::Lower => "↓",
        Better::Neither => "",
    }
}

fn print_table(rows: &[Row]) {
    let mut group = "";
    for row in rows {
        if row.group != group {
            group = &row.group;
            anstream::println!("\n{group}");
        }
        let of = row.of.as_deref().map_or(String::new(), |of| pad(of, 14));
        let figure = match (row.method, row.figure.total) {
            (Method::Manual, _) => "须人工统计".to_owned(),
            (_, 0) => "–".to_owned(),
            _ => format!(
                "{} {}/{} ({}–{})",
                pad(&percent(row.figure.share), 7),
                row.figure.hits,
                row.figure.total,
                percent(row.figure.low),
                percent(row.figure.high)
            ),
        };
        let mut remarks = Vec::new();
        if row.excluded > 0 {
            remarks.push(format!("排除 {}", row.excluded));
        }
        if row.not_documented > 0 {
            remarks.push(format!("未记录 {}", row.not_documented));
        }
        if row.method == Method::Confirm {
            remarks.push("待人工确认".to_owned());
        }
        if !row.visits.is_empty() {
            let shown: Vec<&str> = row.visits.iter().take(3).map(String::as_str).collect();
            let more = if row.visits.len() > 3 { " …" } else { "" };
            remarks.push(format!("需查看 {}{more}", shown.join(" ")));
        }
        anstream::println!("  {} {} {} {of}{figure}  {}", pad(code(row), 12), pad(&row.name, 46), better(row), remarks.join("  "));
    }
}
