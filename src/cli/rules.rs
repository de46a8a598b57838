//! `bingli rules`: list, explain, test, coverage, lint.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};

use super::House;
use crate::data::DataFolder;
use crate::interval::Proportion;
use crate::language::folder::Readiness;
use crate::language::heads::Verdict;
use crate::language::{Language, lessons};
use crate::report::text::{pad, severity_name};
use crate::rules::catalogue::{Catalogue, Engine};
use crate::rules::rulebook::Compiled;
use crate::rules::{Status, lint};

#[derive(Debug, Args)]
pub struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// 列出全部规则 · list all rules
    List {
        #[arg(long, value_enum, default_value = "text")]
        format: ListFormat,
        /// Only rules for this defect code or prefix (C-A, T).
        #[arg(long)]
        defect: Option<String>,
        /// List the score sheets instead.
        #[arg(long)]
        sheets: bool,
    },
    /// 解释一条规则 · explain one rule
    Explain {
        id: String,
        #[arg(long, value_enum, default_value = "text")]
        format: ListFormat,
    },
    /// 运行规则自带的例子 · run the rules' own cases
    Test {
        /// Only this rule.
        id: Option<String>,
    },
    /// 缺陷目录的覆盖情况 · which codes of the catalogue have a rule or a statement
    Coverage {
        #[arg(long, value_enum, default_value = "text")]
        format: ListFormat,
    },
    /// 检查规则库:无效规则、重复、缺例 · find dead, overlapping and thin rules
    Lint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    Text,
    Json,
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Preview => "试运行",
        Status::Stable => "正式",
        Status::Retired => "停用",
        Status::Off => "未启用",
    }
}

pub fn run(house: &House, folder: &DataFolder, args: &RulesArgs) -> Result<ExitCode> {
    match &args.command {
        RulesCommand::List { sheets: true, .. } => {
            for sheet in &house.sheets.sheets {
                anstream::println!("{} {}  {}", pad(&sheet.id, 22), pad(&sheet.title, 44), sheet.source);
            }
            Ok(ExitCode::SUCCESS)
        }
        RulesCommand::List { format, defect, .. } => {
            let chosen: Vec<&Compiled> = house
                .rulebook
                .rules
                .iter()
                .filter(|compiled| defect.as_ref().is_none_or(|prefix| compiled.rule.defect.starts_with(prefix.as_str())))
                .collect();
            list(&chosen, *format)?;
            Ok(ExitCode::SUCCESS)
        }
        RulesCommand::Explain { id, format } => {
            let compiled = house.rulebook.rule(id).with_context(|| format!("no rule `{id}`: see `bingli rules list`"))?;
            explain(house, compiled, *format)?;
            Ok(ExitCode::SUCCESS)
        }
        RulesCommand::Test { id } => {
            let mut failures = house.rulebook.test(folder);
            if let Some(id) = id {
                let compiled = house.rulebook.rule(id).with_context(|| format!("no rule `{id}`"))?;
                failures.retain(|failure| failure.file == compiled.file);
            }
            let chosen = house.rulebook.rules.iter().filter(|compiled| id.as_ref().is_none_or(|id| compiled.rule.id == *id));
            let cases: usize = chosen.map(|compiled| compiled.rule.cases.len()).sum();
            for failure in &failures {
                anstream::println!("{failure}");
            }
            if let (Some(id), Some(language)) = (id, house.language()?) {
                verdicts(house, language, id)?;
            }
            anstream::println!("{} 个例子通过,{} 个失败", cases - failures.len(), failures.len());
            Ok(ExitCode::from(u8::from(!failures.is_empty())))
        }
        RulesCommand::Coverage { format } => coverage(house, folder, *format),
        RulesCommand::Lint => {
            let remarks = lint::lint(&house.rulebook, &house.sheets, folder);
            for remark in &remarks {
                anstream::println!("{remark}");
            }
            anstream::println!("{} 条提示", remarks.len());
            Ok(ExitCode::from(u8::from(!remarks.is_empty())))
        }
    }
}

/// What the model's head says of a judge rule's cases. It was fitted on them: how it does on others is what `bingli model info` shows.
fn verdicts(house: &House, language: &Language, id: &str) -> Result<()> {
    let compiled = house.rulebook.rule(id).with_context(|| format!("no rule `{id}`"))?;
    let head = match language.readiness(id) {
        Some(Readiness::Ready(head)) => head,
        Some(Readiness::Silent) => {
            anstream::println!("语言模型对这条判断的把握不够,不提示");
            return Ok(());
        }
        Some(Readiness::Stale) => {
            anstream::println!("规则改动后语言模型尚未重新学习:bingli model fit");
            return Ok(());
        }
        None => return Ok(()),
    };
    for (number, case) in compiled.rule.cases.iter().enumerate() {
        let passages = lessons::passages(&house.rulebook, compiled, case);
        for (passage, verdict) in passages.iter().zip(language.verdicts(head, &passages, &house.rulebook.knowledge)?) {
            let said = match verdict {
                Verdict::Holds(sure) => format!("成立 {sure:.2}"),
                Verdict::Fails(sure) => format!("不成立 {sure:.2}"),
                Verdict::Unsure(probability) => format!("未定 {probability:.2}"),
            };
            let short: String = passage.text.split_whitespace().collect::<String>().chars().take(40).collect();
            anstream::println!("例 {:>2} {} {} {short}", number + 1, pad(&format!("{:?}", case.expect), 5), pad(&said, 12));
        }
    }
    Ok(())
}

fn list(chosen: &[&Compiled], format: ListFormat) -> Result<()> {
    if format == ListFormat::Json {
        let rules: Vec<_> = chosen.iter().map(|compiled| &compiled.rule).collect();
        anstream::println!("{}", serde_json::to_string_pretty(&rules)?);
        return Ok(());
    }
    let mut by_status: BTreeMap<&str, usize> = BTreeMap::new();
    for compiled in chosen {
        let rule = &compiled.rule;
        *by_status.entry(status_name(rule.status)).or_default() += 1;
        anstream::println!(
            "{} {} {} {} {} {}",
            pad(&rule.defect, 8),
            pad(severity_name(rule.severity), 5),
            pad(status_name(rule.status), 7),
            pad(rule.check.kind(), 11),
            pad(&rule.id, 40),
            rule.title
        );
    }
    let counts: Vec<String> = by_status.iter().map(|(status, count)| format!("{status} {count}")).collect();
    anstream::println!("共 {} 条: {}", chosen.len(), counts.join(",  "));
    Ok(())
}

fn explain(house: &House, compiled: &Compiled, format: ListFormat) -> Result<()> {
    let rule = &compiled.rule;
    let card = house.rulebook.card(rule);
    if format == ListFormat::Json {
        let mut value = compiled.explained()?;
        value["card"] = serde_json::to_value(&card)?;
        anstream::println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    anstream::println!("{} ({})  rules/{}", rule.title, rule.id, compiled.file);
    anstream::println!(
        "缺陷 {}  程度 {}  状态 {}  类型 {}  自 {} 版",
        rule.defect,
        severity_name(rule.severity),
        status_name(rule.status),
        rule.check.kind(),
        rule.since
    );
    anstream::println!("依据 {}", rule.basis.join("、"));
    anstream::println!("为何 {}", rule.why);
    anstream::println!("建议 {}", rule.fix);
    anstream::println!("提示语 {}", rule.message);
    for (data, share) in &card.precision {
        anstream::println!("实测精确率 {data} {share}");
    }
    if let Some(share) = card.drill {
        anstream::println!("植入演练 {} 召回率 {share}", rule.defect);
    }
    anstream::println!("\n[check]\n{}", toml::to_string_pretty(&rule.check)?.trim_end());
    for (number, case) in rule.cases.iter().enumerate() {
        let trap = if case.trap { "(易误报)" } else { "" };
        anstream::println!("\n例 {} {:?}{trap} {}", number + 1, case.expect, case.name.as_deref().unwrap_or(""));
        for (place, text) in &case.text {
            anstream::println!("  {place}: {text}");
        }
        if !case.visit.is_null() {
            anstream::println!("  {}", case.visit);
        }
    }
    Ok(())
}

fn coverage(house: &House, folder: &DataFolder, format: ListFormat) -> Result<ExitCode> {
    let file = folder.file("catalogue.toml").context("the rules folder has no catalogue.toml")?;
    let catalogue = Catalogue::parse(file)?;
    let lines = catalogue.coverage(&house.rulebook);
    if format == ListFormat::Json {
        anstream::println!("{}", serde_json::to_string_pretty(&lines)?);
        return Ok(ExitCode::SUCCESS);
    }
    let engine_name = |engine: Engine| match engine {
        Engine::Rule => "规则",
        Engine::RuleAndModel => "规则+模型",
        Engine::Model => "模型",
    };
    anstream::println!(
        "{} {} {} {} {} {} {} 缺陷(规则)",
        pad("代码", 7),
        pad("程度", 5),
        pad("方式", 10),
        pad("状态", 7),
        pad("例子", 15),
        pad("演练召回率", 15),
        pad("实测精确率", 15)
    );
    for line in &lines {
        let short = |share: Option<Proportion>| match share.filter(|share| share.total > 0) {
            Some(share) => format!("{:.3} ({}/{})", share.share, share.hits, share.total),
            None => "–".to_owned(),
        };
        anstream::println!(
            "{} {} {} {} {} {} {} {}",
            pad(&line.code, 7),
            pad(severity_name(line.severity), 5),
            pad(engine_name(line.engine), 10),
            pad(line.status.map_or("无", status_name), 7),
            pad(&format!("命中{} 通过{}", line.hits, line.passes), 15),
            pad(&short(line.drill), 15),
            pad(&short(Some(line.precision)), 15),
            if line.rules.is_empty() { line.title.clone() } else { format!("{} ({})", line.title, line.rules.join(" ")) }
        );
    }
    for engine in [Engine::Rule, Engine::RuleAndModel, Engine::Model] {
        let of: Vec<_> = lines.iter().filter(|line| line.engine == engine).collect();
        let covered = of.iter().filter(|line| !line.rules.is_empty()).count();
        let stable = of.iter().filter(|line| line.status == Some(Status::Stable)).count();
        anstream::println!("{}: {} 项,已覆盖 {covered},正式 {stable}", engine_name(engine), of.len());
    }
    let covered = lines.iter().filter(|line| !line.rules.is_empty()).count();
    anstream::println!("合计 {} 项,已覆盖 {covered}", lines.len());
    Ok(ExitCode::SUCCESS)
}
