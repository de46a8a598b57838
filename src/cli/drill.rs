//! `bingli drill`: known defects planted into visits, and how many of them the rulebook finds.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::House;
use super::check::visit_files;
use super::measure::update_cards;
use crate::data::DataFolder;
use crate::drill::{Drill, DrillReport, Outcome, plant};
use crate::interval::Proportion;
use crate::measure::gold::Gold;
use crate::record::Visit;
use crate::report::sheet::DEFAULT_SHEET;
use crate::report::text::{pad, severity_name};
use crate::rules::Status;
use crate::rules::card::Drilled;
use crate::rules::catalogue::{Catalogue, Engine};

#[derive(Debug, Args)]
pub struct DrillArgs {
    /// Visit files and folders; a visit whose gold file lists defects is left out.
    #[arg(required = true, value_name = "VISITS")]
    paths: Vec<PathBuf>,
    /// The same seed plants the same defects.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Only these codes or families: C-A01,C-C,T05.
    #[arg(long, value_delimiter = ',', value_name = "CODES")]
    codes: Vec<String>,
    /// Keep found and planted defects of each code in this file of cards.
    #[arg(long, value_name = "FILE", conflicts_with = "codes")]
    cards: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// How many missed plants and collateral findings to print.
    #[arg(long, default_value_t = 20, value_name = "N")]
    show: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The visits of files and folders, and how many were left out since their gold file lists defects.
pub fn clean_visits(house: &House, paths: &[PathBuf]) -> Result<(Vec<Visit>, usize)> {
    let mut files = Vec::new();
    for path in paths {
        visit_files(path, &mut files)?;
    }
    let opener = house.rulebook.knowledge.opener(&house.zone);
    let mut visits: Vec<Visit> = Vec::new();
    let mut left_out = 0;
    for path in &files {
        // Files of other kinds lie in the same folders (notes for the indicators); only what reads as a visit counts.
        if let Ok(text) = std::fs::read_to_string(path.with_extension("gold.json")) {
            let gold: Gold = serde_json::from_str(&text).with_context(|| format!("{}: its gold file is none", path.display()))?;
            if !gold.clean {
                left_out += 1;
                continue;
            }
        }
        let name = path.to_string_lossy().into_owned();
        let input = File::open(path).with_context(|| format!("cannot open {name}"))?;
        for opened in opener.all(&name, Box::new(input)).with_context(|| format!("cannot read {name}"))? {
            match opened.result {
                Ok((visit, _)) => visits.push(visit),
                Err(error) => anstream::eprintln!("{name}: {error}"),
            }
        }
    }
    Ok((visits, left_out))
}

pub fn run(house: &House, folder: &DataFolder, args: &DrillArgs) -> Result<ExitCode> {
    let (visits, left_out) = clean_visits(house, &args.paths)?;
    if visits.is_empty() {
        bail!("no visits to plant defects in");
    }
    let mut planters = plant::all();
    if !args.codes.is_empty() {
        planters.retain(|planter| args.codes.iter().any(|code| planter.code.starts_with(code.as_str())));
    }
    if planters.is_empty() {
        bail!("no planter for {}", args.codes.join(","));
    }
    let drill = Drill { rulebook: &house.rulebook, sheet: house.sheet(DEFAULT_SHEET)?, now: house.now(), seed: args.seed, planters };
    let report = drill.run(&visits);
    if let Some(file) = &args.cards {
        let codes = report.by_code.iter().filter(|(_, line)| line.recall.total > 0);
        let drilled = Drilled {
            date: house.now().date(),
            data: args.paths.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
            visits: report.visits,
            seed: report.seed,
            codes: codes.map(|(code, line)| (code.clone(), (line.recall.hits, line.recall.total))).collect(),
        };
        update_cards(file, |cards| cards.drill = Some(drilled))?;
    }
    if args.format == Format::Json {
        anstream::println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(ExitCode::SUCCESS);
    }
    let file = folder.file("catalogue.toml").context("the rules folder has no catalogue.toml")?;
    let catalogue = Catalogue::parse(file).map_err(|problem| anyhow::anyhow!("{problem}"))?;
    print(&report, &catalogue, args.show);
    if left_out > 0 {
        anstream::println!("另有 {left_out} 份标注为有缺陷的病历未参加");
    }
    Ok(ExitCode::SUCCESS)
}

fn print(report: &DrillReport, catalogue: &Catalogue, show: usize) {
    anstream::println!("{} {} {} {} {} 缺陷", pad("代码", 8), pad("规则", 6), pad("植入", 5), pad("不适用", 6), pad("召回率 (95% CI)", 30));
    for (code, line) in &report.by_code {
        let title = catalogue.defect.get(code).map_or("", |defect| defect.title.as_str());
        anstream::println!(
            "{} {} {} {} {} {title}",
            pad(code, 8),
            pad(standing(line.standing), 6),
            pad(&line.recall.total.to_string(), 5),
            pad(&line.not_applicable.to_string(), 6),
            pad(&line.recall.to_string(), 30),
        );
    }
    anstream::println!("\n病历 {} 份,植入缺陷 {} 处(种子 {})", report.visits, report.planted, report.seed);
    for (name, share) in engines(report, catalogue) {
        anstream::println!("召回率 {} {share}", pad(&name, 24));
    }
    anstream::println!("召回率 {} {}", pad("有正式规则", 24), report.recall_stable);
    anstream::println!("召回率 {} {}", pad("仅有试运行规则", 24), report.recall_preview);
    anstream::println!("召回率 {} {}", pad("无规则", 24), report.recall_without_rule);
    for (name, share) in report.by_department.iter().chain(&report.by_style) {
        anstream::println!("召回率 {} {share}", pad(name, 24));
    }
    anstream::println!("未植入的病历上的发现(S1–S3) {} 处", report.findings_before);
    anstream::println!("连带发现(S1–S3) 每处植入 {:.3} 处", report.collateral_rate);
    if !report.idle.is_empty() {
        anstream::println!("在这些病历上都不适用: {}", report.idle.join(";"));
    }
    for outcome in report.missed.iter().take(show) {
        anstream::println!("漏检 {}", line(outcome));
    }
    for outcome in report.collateral.iter().take(show) {
        for finding in &outcome.collateral {
            anstream::println!(
                "连带 {} {} {}: {}\n     {}",
                severity_name(finding.severity),
                finding.defect,
                finding.rule,
                finding.message,
                line(outcome)
            );
        }
    }
    for finding in report.scene_findings.iter().take(show) {
        anstream::println!("情境 {finding}");
    }
}

fn standing(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Stable) => "正式",
        Some(_) => "试运行",
        None => "无",
    }
}

/// Recall of the codes with a stable rule, by the means that the catalogue gives.
fn engines(report: &DrillReport, catalogue: &Catalogue) -> BTreeMap<String, Proportion> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (code, line) in &report.by_code {
        let engine = match catalogue.defect.get(code).map(|defect| defect.engine) {
            Some(Engine::Rule) => "规则类",
            Some(Engine::RuleAndModel) => "规则+模型类",
            Some(Engine::Model) => "模型类",
            None => "时限类",
        };
        let (found, total) = counts.entry(format!("{engine}({}规则)", if line.standing.is_some() { "有" } else { "无" })).or_default();
        *found += line.recall.hits;
        *total += line.recall.total;
    }
    counts.into_iter().map(|(name, (found, total))| (name, Proportion::new(found, total))).collect()
}

fn line(outcome: &Outcome) -> String {
    const LONGEST: usize = 60;
    let short = |text: &str| {
        let flat = text.replace('\n', " ");
        if flat.chars().count() > LONGEST { format!("{}…", flat.chars().take(LONGEST).collect::<String>()) } else { flat }
    };
    format!(
        "{} {} {} [{}] {} → {}",
        outcome.visit_id,
        outcome.code,
        outcome.planter,
        outcome.plant.place,
        short(&outcome.plant.before),
        short(&outcome.plant.after)
    )
}
