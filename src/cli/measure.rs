//! `bingli measure`: figures against gold files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::House;
use super::check::visit_files;
use crate::data::{DataFile, DataFolder};
use crate::language::compare::Job;
use crate::measure::assertions::{self, Sentence};
use crate::measure::cmqcic::{self, Record};
use crate::measure::gold::{Gold, GoldCount, GoldReport};
use crate::measure::{pairs, typos};
use crate::report::finding::FoundBy;
use crate::report::sheet::DEFAULT_SHEET;
use crate::report::text::pad;
use crate::report::{Finding, Options, Report, check};
use crate::rules::card::{Cards, Measured};
use crate::rules::{Rule, Status};

#[derive(Debug, Args)]
pub struct MeasureArgs {
    /// Folders of visits with gold files beside them.
    #[arg(value_name = "DIR", required_unless_present_any = ["assertions", "cmqcic", "relate", "verify", "typos"])]
    folders: Vec<PathBuf>,
    /// Keep right and wrong findings of each rule, by folder, in this file of cards.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["assertions", "cmqcic"])]
    cards: Option<PathBuf>,
    /// Sentences with marked findings (JSON lines) instead: measures the reading layer.
    #[arg(long, value_name = "FILE", conflicts_with = "folders")]
    assertions: Option<PathBuf>,
    /// Folder with records of CMQCIC-Bench (*.jsonl) instead: measures disease indicators.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["folders", "assertions"])]
    cmqcic: Option<PathBuf>,
    /// Pairs of texts (JSON lines) instead: measures whether the language model sees which contradict each other.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folders", "assertions", "cmqcic"])]
    relate: Option<PathBuf>,
    /// Statements with passages (JSON lines) instead: measures whether the language model sees what a passage says of them.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folders", "assertions", "cmqcic", "relate"])]
    verify: Option<PathBuf>,
    /// Texts as they were written and as they should be (`wrong TAB right` a line) instead: measures the search for wrong characters.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folders", "assertions", "cmqcic", "relate", "verify"])]
    typos: Option<PathBuf>,
    /// With --typos: only the lines from this one on, counted from one.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "typos")]
    from: usize,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Which findings count.
    #[arg(long, value_enum, default_value = "stable")]
    found: Found,
    /// How many missed defects and false alarms to print.
    #[arg(long, default_value_t = 20, value_name = "N")]
    show: usize,
}

/// Which findings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Found {
    /// Those of stable rules: what a physician is shown.
    Stable,
    /// Those of all rules, preview included.
    Rules,
    /// Those of the language model.
    Model,
    /// Everything.
    All,
}

impl Found {
    /// Where what the model finds does not count it need not be asked.
    fn asks_the_model(self) -> bool {
        matches!(self, Found::Model | Found::All)
    }

    fn counts(self, finding: &Finding) -> bool {
        let by_model = finding.found_by == FoundBy::Model;
        match self {
            Found::Stable => finding.status == Status::Stable,
            Found::Rules => !by_model,
            Found::Model => by_model,
            Found::All => true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub fn run(house: &House, rules: &DataFolder, args: &MeasureArgs) -> Result<ExitCode> {
    if let Some(folder) = &args.cmqcic {
        return benchmark(house, rules, args, folder);
    }
    if let Some(file) = &args.typos {
        return typos(house, args, file);
    }
    if let Some(file) = &args.relate {
        return pairs(house, args, Job::Relate, file);
    }
    if let Some(file) = &args.verify {
        return pairs(house, args, Job::Verify, file);
    }
    if let Some(file) = &args.assertions {
        return sentences(house, args, file);
    }
    visits(house, args)
}

fn visits(house: &House, args: &MeasureArgs) -> Result<ExitCode> {
    let mut all = GoldCount::default();
    let mut measured = BTreeMap::new();
    for folder in &args.folders {
        let mut count = GoldCount::default();
        add_folder(house, args, folder, |gold, report| {
            all.add(gold, report, &house.rulebook, |finding| args.found.counts(finding));
            // The card of a rule on trial says whether it is ready.
            count.add(gold, report, &house.rulebook, |finding| Found::Rules.counts(finding));
        })?;
        measured.insert(folder.to_string_lossy().into_owned(), count);
    }
    let stands_for =
        |rule: &Rule, code: &str| rule.status == Status::Stable && (rule.defect == code || rule.also.iter().any(|other| other == code));
    let stable = |code: &str| house.rulebook.rules.iter().any(|compiled| stands_for(&compiled.rule, code));
    if let Some(file) = &args.cards {
        let date = house.now().date();
        update_cards(file, |cards| {
            for (name, count) in measured {
                let report = count.finish(stable);
                let measured = Measured { date, visits: report.visits, clean: report.clean_visits, rules: report.by_rule };
                cards.measured.insert(name, measured);
            }
        })?;
    }
    let report = all.finish(stable);
    if args.format == Format::Json {
        anstream::println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print_visits(&report, args.show);
    }
    Ok(ExitCode::SUCCESS)
}

/// Judges every visit of a folder that has a gold file.
fn add_folder(house: &House, args: &MeasureArgs, folder: &Path, mut add: impl FnMut(&Gold, &Report)) -> Result<()> {
    let mut files = Vec::new();
    visit_files(folder, &mut files)?;
    let opener = house.rulebook.knowledge.opener(&house.zone);
    let language = if args.found.asks_the_model() { house.language()? } else { None };
    let options = Options { language, ..Options::of(house.sheet(DEFAULT_SHEET)?, house.now()) };
    let mut is_any = false;
    for path in &files {
        let gold_path = path.with_extension("gold.json");
        let Ok(gold_text) = fs::read_to_string(&gold_path) else { continue };
        let gold: Gold = serde_json::from_str(&gold_text).with_context(|| format!("{} is no gold file", gold_path.display()))?;
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let (visit, notes) = opener.visit(&path.to_string_lossy(), &bytes).with_context(|| format!("{}", path.display()))?;
        add(&gold, &check(&visit, notes, &house.rulebook, options));
        is_any = true;
    }
    if !is_any {
        bail!("no visits with gold files in {}", folder.display());
    }
    Ok(())
}

/// Changes a file of cards, which is made where it is not there.
pub fn update_cards(path: &Path, change: impl FnOnce(&mut Cards)) -> Result<()> {
    let mut cards = match fs::read_to_string(path) {
        Ok(text) => {
            let file = DataFile { path: path.to_string_lossy().into_owned(), text: text.into() };
            Cards::parse(&file).map_err(|problem| anyhow::anyhow!("{problem}"))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Cards::default(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    change(&mut cards);
    fs::write(path, cards.written()?).with_context(|| format!("cannot write {}", path.display()))
}

fn print_visits(report: &GoldReport, show: usize) {
    anstream::println!(
        "{} {} {} {} {} {} {}",
        pad("代码", 8),
        pad("真", 4),
        pad("误", 4),
        pad("漏", 4),
        pad("精确率 (95% CI)", 30),
        pad("召回率 (95% CI)", 30),
        "F1"
    );
    for (code, counts) in &report.by_code {
        let figure =
            |proportion: Option<crate::interval::Proportion>| proportion.map_or("–".to_owned(), |proportion| proportion.to_string());
        anstream::println!(
            "{} {} {} {} {} {} {:.3}",
            pad(code, 8),
            pad(&counts.true_findings.to_string(), 4),
            pad(&counts.false_findings.to_string(), 4),
            pad(&counts.missed.to_string(), 4),
            pad(&figure(counts.precision), 30),
            pad(&figure(counts.recall), 30),
            counts.f1
        );
    }
    anstream::println!("\n病历 {} 份,其中无缺陷 {} 份,易误报之处 {} 处", report.visits, report.clean_visits, report.traps);
    anstream::println!("精确率 {}", report.precision);
    anstream::println!("召回率 {}", report.recall);
    anstream::println!("召回率(已有正式规则的代码) {}", report.recall_implemented);
    anstream::println!("F1 {:.3}", report.f1);
    anstream::println!("无缺陷病历上的误报(S1–S3) {} 处", report.false_on_clean);
    for (what, list) in [("漏检", &report.missed), ("误报", &report.false_alarms)] {
        for line in list.iter().take(show) {
            anstream::println!("{what} {line}");
        }
    }
}

/// The objects of a file of JSON lines.
pub fn lines<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| serde_json::from_str(line).with_context(|| format!("{}:{}", path.display(), index + 1))).collect()
}

fn pairs(house: &House, args: &MeasureArgs, job: Job, file: &Path) -> Result<ExitCode> {
    let language = house.language()?.context("--no-model leaves nothing to measure")?;
    let report = pairs::measure(language, job, &lines(file)?).with_context(|| file.display().to_string())?;
    if args.format == Format::Json {
        anstream::println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (class, said) in job.classes().iter().zip(report.confusion) {
        let said: Vec<String> = job.classes().iter().zip(said).map(|(class, count)| format!("{class} {count}")).collect();
        anstream::println!("{} → {}", pad(class, 14), said.join("  "));
    }
    for line in &report.by_threshold {
        anstream::println!("{} ≥ {:.1}  精确率 {}  召回率 {}", pad(line.class, 14), line.at_least, line.precision, line.recall);
    }
    anstream::println!("正确率 {}", report.accuracy);
    anstream::println!("校准误差 {:.3}", report.calibration_error);
    Ok(ExitCode::SUCCESS)
}

fn typos(house: &House, args: &MeasureArgs, file: &Path) -> Result<ExitCode> {
    let language = house.language()?.context("--no-model leaves nothing to measure")?;
    let detector = language.detector.as_ref().context("the model has no suspect.bin")?;
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let pair = |(index, line): (usize, &str)| {
        let (wrong, right) = line.split_once('\t').with_context(|| format!("{}:{}: no tab", file.display(), index + 1))?;
        Ok(typos::Pair { wrong: wrong.to_owned(), right: right.to_owned() })
    };
    let lines = text.lines().enumerate().skip(args.from.saturating_sub(1)).filter(|(_, line)| !line.trim().is_empty());
    let reports = typos::measure(detector, &lines.map(pair).collect::<Result<Vec<_>>>()?);
    if args.format == Format::Json {
        anstream::println!("{}", serde_json::to_string_pretty(&reports)?);
        return Ok(ExitCode::SUCCESS);
    }
    for report in reports {
        anstream::println!(
            "≥ {:.1}  精确率 {}  召回率 {}  F1 {:.3}  改正 {}  无错句误报 {}",
            report.threshold,
            report.precision,
            report.recall,
            report.f1,
            report.corrected,
            report.unchanged_flagged
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn sentences(house: &House, args: &MeasureArgs, file: &Path) -> Result<ExitCode> {
    let sentences: Vec<Sentence> = lines(file)?;
    let report = assertions::measure(&house.rulebook.knowledge.reader, &sentences);
    if args.format == Format::Json {
        anstream::println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(ExitCode::SUCCESS);
    }
    anstream::println!("句子 {} 条,发现 {} 个", report.sentences, report.findings);
    anstream::println!("覆盖率 {}", report.coverage);
    anstream::println!("否定   精确率 {}  召回率 {}  F1 {:.3}", report.absent.precision, report.absent.recall, report.absent.f1);
    anstream::println!("不确定 精确率 {}  召回率 {}  F1 {:.3}", report.uncertain.precision, report.uncertain.recall, report.uncertain.f1);
    anstream::println!("三类正确率 {}", report.accuracy);
    for line in report.errors.iter().take(args.show) {
        anstream::println!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}

fn benchmark(house: &House, rules: &DataFolder, args: &MeasureArgs, folder: &Path) -> Result<ExitCode> {
    let book = house.indicators(rules)?;
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let mut records = Vec::new();
    for path in &paths {
        records.extend(lines::<Record>(path)?);
    }
    if records.is_empty() {
        bail!("no records (*.jsonl) in {}", folder.display());
    }
    let report = cmqcic::measure(&book, &house.rulebook, &records);
    if args.format == Format::Json {
        let json = serde_json::json!({
            "records": report.records,
            "accuracy": report.accuracy.share,
            "accuracy_interval": [report.accuracy.low, report.accuracy.high],
            "balanced_accuracy": report.balanced_accuracy,
            "majority_baseline": report.majority_baseline.share,
            "fact_agreement": report.fact_agreement.share,
            "unknown": report.unknown,
            "ms_per_note": report.ms_per_note,
            "by_indicator": report.by_indicator,
            "errors": report.errors,
            "fact_errors": report.fact_errors,
        });
        anstream::println!("{}", serde_json::to_string_pretty(&json)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (id, figure) in &report.by_indicator {
        anstream::println!("{} {id}", pad(&format!("{}/{}", figure.hits, figure.total), 8));
    }
    for line in report.errors.iter().take(args.show) {
        anstream::println!("误 {line}");
    }
    anstream::println!("\n记录 {} 条,其中无对应指标 {} 条", report.records, report.unknown);
    anstream::println!("正确率 {}", report.accuracy);
    anstream::println!("平衡正确率 {:.3}", report.balanced_accuracy);
    anstream::println!("多数基线 {}", report.majority_baseline);
    anstream::println!("事实一致率 {}", report.fact_agreement);
    anstream::println!("每条 {:.3} 毫秒(单核)", report.ms_per_note);
    Ok(ExitCode::SUCCESS)
}
