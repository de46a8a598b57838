//! `bingli indicators`: numerators and denominators over visits, as a table, CSV, XLSX or JSON.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use rust_xlsxwriter::{Format as CellFormat, Workbook};
use serde_json::json;

use super::House;
use super::check::visit_files;
use crate::data::DataFolder;
use crate::indicators::table::{Dimension, Entry, Row, entries, rows};
use crate::indicators::{Better, Book, Method};
use crate::input::Opener;
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

/// A span of discharge months.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Period {
    first: String,
    last: String,
}

impl std::str::FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no period: 2026-03, 2026Q1 or 2026");
        let year = |text: &str| (text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned());
        let span = |year: String, first: u8, last: u8| Self { first: format!("{year}-{first:02}"), last: format!("{year}-{last:02}") };
        if let Some(year) = year(text) {
            return Ok(span(year, 1, 12));
        }
        if let Some((start, quarter)) = text.split_once(['Q', 'q']) {
            let quarter: u8 = quarter.parse().ok().filter(|quarter| (1..=4).contains(quarter)).ok_or_else(wrong)?;
            return Ok(span(year(start).ok_or_else(wrong)?, quarter * 3 - 2, quarter * 3));
        }
        let (start, month) = text.split_once('-').ok_or_else(wrong)?;
        let month: u8 = month.parse().ok().filter(|month| (1..=12).contains(month)).ok_or_else(wrong)?;
        Ok(span(year(start).ok_or_else(wrong)?, month, month))
    }
}

impl Period {
    fn holds(&self, month: Option<&str>) -> bool {
        month.is_some_and(|month| self.first.as_str() <= month && month <= self.last.as_str())
    }
}

pub fn run(house: &House, folder: &DataFolder, args: &IndicatorsArgs) -> Result<ExitCode> {
    let mut book = house.indicators(folder)?;
    if args.test {
        let count: usize = book.indicators.iter().map(|compiled| compiled.indicator.cases.len()).sum();
        super::fail_on(book.test(folder, &house.rulebook), "indicators that miss their own cases")?;
        anstream::println!("{} 个指标,{count} 个用例,全部通过", book.indicators.len());
        return Ok(ExitCode::SUCCESS);
    }
    if !args.only.is_empty() {
        let wanted = |id: &str, code: Option<&str>, group: &str| {
            args.only.iter().any(|word| {
                id.starts_with(word.as_str())
                    || group.starts_with(word.as_str())
                    || code.is_some_and(|code| code.starts_with(word.as_str()))
            })
        };
        book.indicators.retain(|compiled| {
            let indicator = &compiled.indicator;
            wanted(&indicator.id, indicator.code.as_deref(), &indicator.group)
        });
        if book.indicators.is_empty() {
            bail!("no indicator begins with {}", args.only.join(" or "));
        }
    }
    let (all, failed) = judge(house, &book, args)?;
    let mut rows = rows(&book, &all, args.by);
    rows.retain(|row| args.all || row.figure.total + row.excluded > 0);
    match args.format {
        Format::Table => print_table(&rows),
        Format::Csv => print_csv(&rows)?,
        Format::Xlsx => write_xlsx(&rows, &all, args.output.as_deref().context("--output names the file")?)?,
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
    let opener = Opener { zone: &house.zone, table: house.rulebook.knowledge.documents() };
    let now = house.now();
    let mut all = Vec::new();
    let mut failed = false;
    for path in &files {
        let name = path.to_string_lossy().into_owned();
        let input: Box<dyn io::Read> = if name == "-" {
            Box::new(io::stdin().lock())
        } else {
            Box::new(std::fs::File::open(path).with_context(|| format!("cannot open {name}"))?)
        };
        let mut visits = opener.all(&name, input).with_context(|| name.clone())?;
        loop {
            let batch: Vec<_> = visits.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            let judged: Vec<Result<Vec<Entry>, String>> = batch
                .par_iter()
                .map(|opened| match &opened.result {
                    Ok((visit, _)) => Ok(entries(book, &house.rulebook, visit, now)),
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

const HEADINGS: [&str; 11] = ["代码", "指标", "分组", "维度", "分子", "分母", "比例", "95%下限", "95%上限", "排除", "未记录"];

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

fn code(row: &Row) -> &str {
    row.code.as_deref().unwrap_or(&row.indicator)
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

fn cells(row: &Row) -> [String; 11] {
    let number = |value: f64| format!("{value:.4}");
    let share = |value: f64| if row.figure.total == 0 { String::new() } else { number(value) };
    [
        code(row).to_owned(),
        row.name.clone(),
        row.group.clone(),
        row.of.clone().unwrap_or_default(),
        row.figure.hits.to_string(),
        row.figure.total.to_string(),
        share(row.figure.share),
        share(row.figure.low),
        share(row.figure.high),
        row.excluded.to_string(),
        row.not_documented.to_string(),
    ]
}

fn print_csv(rows: &[Row]) -> Result<()> {
    let mut out = io::stdout().lock();
    // Spreadsheets take a file for UTF-8 only with the mark.
    out.write_all("\u{feff}".as_bytes())?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADINGS.iter().chain(&["病历"]))?;
    for row in rows {
        writer.write_record(cells(row).iter().chain(&[row.visits.join(" ")]))?;
    }
    writer.flush()?;
    Ok(())
}

/// Two sheets: the figures, and the visits behind them with their facts.
fn write_xlsx(rows: &[Row], entries: &[Entry], path: &std::path::Path) -> Result<()> {
    let bold = CellFormat::new().set_bold();
    let share = CellFormat::new().set_num_format("0.0%");
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("指标")?;
    for (column, heading) in HEADINGS.iter().chain(&["病历"]).enumerate() {
        sheet.write_string_with_format(0, column as u16, *heading, &bold)?;
    }
    for (index, row) in rows.iter().enumerate() {
        let line = index as u32 + 1;
        for (column, cell) in cells(row).iter().enumerate() {
            let column = column as u16;
            match (column, cell.parse::<f64>()) {
                (6..=8, Ok(value)) => sheet.write_number_with_format(line, column, value, &share)?,
                (4.., Ok(value)) => sheet.write_number(line, column, value)?,
                _ => sheet.write_string(line, column, cell)?,
            };
        }
        sheet.write_string(line, HEADINGS.len() as u16, row.visits.join(" "))?;
    }
    sheet.autofit();
    sheet.set_freeze_panes(1, 0)?;
    let sheet = book.add_worksheet().set_name("病历明细")?;
    for (column, heading) in ["指标", "病历", "科室", "医师", "月份", "结果", "事实", "依据"].iter().enumerate() {
        sheet.write_string_with_format(0, column as u16, *heading, &bold)?;
    }
    for (index, entry) in entries.iter().enumerate() {
        let line = index as u32 + 1;
        let facts: Vec<String> = entry.facts.iter().map(|fact| format!("{}:{}", fact.name, truth(fact.truth))).collect();
        let quotes = entry.facts.iter().flat_map(|fact| {
            fact.evidence.iter().map(|quotation| quotation.quote.as_str()).chain(fact.data.iter().map(|data| data.label.as_str()))
        });
        let quotes: Vec<&str> = quotes.take(6).collect();
        let result = entry.excluded.clone().unwrap_or_else(|| standing(entry.standing).to_owned());
        let cells = [
            entry.indicator.clone(),
            entry.visit_id.clone(),
            entry.department.clone().unwrap_or_default(),
            entry.doctor.clone().unwrap_or_default(),
            entry.month.clone().unwrap_or_default(),
            result,
            facts.join(";"),
            quotes.join(" | ").chars().take(2000).collect(),
        ];
        for (column, cell) in cells.iter().enumerate() {
            sheet.write_string(line, column as u16, cell)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    book.save(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

fn truth(truth: crate::indicators::Truth) -> &'static str {
    match truth {
        crate::indicators::Truth::True => "是",
        crate::indicators::Truth::False => "否",
        crate::indicators::Truth::NotDocumented => "未记录",
    }
}

fn standing(standing: crate::indicators::Standing) -> &'static str {
    match standing {
        crate::indicators::Standing::Met => "符合",
        crate::indicators::Standing::Unmet => "不符合",
        crate::indicators::Standing::Out => "不计入",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_months_quarters_and_years() {
        let holds = |period: &str, month: &str| period.parse::<Period>().expect("a period").holds(Some(month));
        assert!(holds("2026", "2026-12") && holds("2026Q1", "2026-03") && holds("2026-03", "2026-03"));
        assert!(!holds("2026Q1", "2026-04") && !holds("2025", "2026-01"));
        assert!(!"2026".parse::<Period>().expect("a period").holds(None));
        for wrong in ["2026-13", "2026Q5", "26", "March"] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }
}
