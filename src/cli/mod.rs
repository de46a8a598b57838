//! The commands; the only place that prints. Exit codes: 0 clean, 1 findings, 2 error.

mod account;
mod backup;
mod check;
mod config;
mod demo;
mod doctor;
mod drill;
mod history;
mod indicators;
mod lsp;
mod measure;
mod model;
mod rules;
mod score;
mod serve;
mod suspect;
mod webhook;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use jiff::tz::TimeZone;

use crate::data::DataFolder;
use crate::indicators::Book;
use crate::language::{Language, ModelFolder};
use crate::problem::Problem;
use crate::record::Instant;
use crate::report::{Sheet, Sheets};
use crate::rules::{Phase, Rulebook};

/// 住院病历质量检查 · checker of inpatient medical-record quality
#[derive(Debug, Parser)]
#[command(name = "bingli", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    source: Source,
}

/// What judges, and where it is loaded from.
#[derive(Debug, Clone, Args)]
struct Source {
    /// A rules folder to use in place of the built-in one; it is held to its own cases.
    #[arg(long, global = true, value_name = "DIR", env = "BINGLI_RULES")]
    rules: Option<PathBuf>,
    /// Zone of times without an offset (IANA name or ±HH:MM).
    #[arg(long, global = true, default_value = "Asia/Shanghai", value_name = "ZONE")]
    zone: String,
    /// A folder with a language model to use in place of the built-in one.
    #[arg(long, global = true, value_name = "DIR", env = "BINGLI_MODEL")]
    model: Option<PathBuf>,
    /// Judge with rules alone; the manifest says so.
    #[arg(long, global = true, env = "BINGLI_NO_MODEL")]
    no_model: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 检查病历:文件、文件夹或标准输入(-) · check files, folders or stdin
    Check(check::CheckArgs),
    /// 批量评分:NDJSON 进,NDJSON 出 · score a stream
    Score(score::ScoreArgs),
    /// 规则:列出、解释、自测、检查 · list, explain, test, lint
    Rules(rules::RulesArgs),
    /// 用标注数据衡量准确率 · measure against gold files
    Measure(measure::MeasureArgs),
    /// 演练:在病历副本中植入已知缺陷,看能查出多少 · plant known defects and count what is found
    Drill(drill::DrillArgs),
    /// 语言模型:量化、学习、查看、评估 · the language model
    Model(model::ModelArgs),
    /// 质控指标:国家27项与单病种 · indicators over many visits
    Indicators(indicators::IndicatorsArgs),
    /// 输出病历与报告格式的 JSON Schema · print the JSON Schemas
    Schema(SchemaArgs),
    /// 启动服务:HTTP 接口、数据库 · serve over HTTP
    Serve(Box<serve::ServeArgs>),
    /// 语言服务器(LSP):在编辑器里检查纯文本病历 · a language server for plain-text records over stdio
    Lsp,
    /// 访问令牌 · access tokens
    Token(serve::TokenArgs),
    /// 账号:登录用 · accounts of people who log in
    Account(account::AccountArgs),
    /// 推送:其他系统、企业微信、钉钉 · webhooks
    Webhook(webhook::WebhookArgs),
    /// 审计记录 · the audit trail
    Audit(serve::AuditArgs),
    /// 备份数据库(SQLite),服务可继续运行 · copy the database while the service runs
    Backup(backup::BackupArgs),
    /// 恢复备份(SQLite),须先停止服务 · put a copy back
    Restore(backup::RestoreArgs),
    /// 体检:数据库、规则、时钟、磁盘、监听 · examine what the service stands on
    Doctor(Box<doctor::DoctorArgs>),
    /// 检查示例病区,并在本机提供服务 · check the sample ward and serve it
    Demo(demo::DemoArgs),
}

#[derive(Debug, Args)]
struct SchemaArgs {
    /// Which format.
    #[arg(value_enum, default_value = "visit")]
    format: SchemaFormat,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum SchemaFormat {
    Visit,
    Report,
}

/// How visits are judged; shared by `check` and `score`.
#[derive(Debug, Args)]
struct JudgeArgs {
    /// Score sheet (see `bingli rules list --sheets`).
    #[arg(long, default_value = crate::report::sheet::DEFAULT_SHEET)]
    sheet: String,
    /// Default: terminal after discharge, running before.
    #[arg(long, value_enum)]
    phase: Option<Phase>,
    /// The moment to judge for (2026-03-05T10:00); default: the visit's as_of, else now.
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
    /// Earlier visits (NDJSON, files or folders) that copies are looked for in; may be given several times.
    #[arg(long, value_name = "PATH")]
    history: Vec<PathBuf>,
}

/// Everything that is loaded once.
struct House {
    rulebook: Rulebook,
    sheets: Sheets,
    zone: TimeZone,
    source: Source,
    language: OnceLock<Option<Language>>,
}

impl House {
    /// The files of the model in use; `None` where rules judge alone.
    fn model_folder(&self) -> Result<Option<ModelFolder>> {
        match &self.source.model {
            _ if self.source.no_model => Ok(None),
            None => Ok(Some(ModelFolder::embedded())),
            Some(path) => Ok(Some(ModelFolder::open(path).with_context(|| format!("cannot read the model in {}", path.display()))?)),
        }
    }

    /// The language model, loaded when it is first needed.
    fn language(&self) -> Result<Option<&Language>> {
        if self.language.get().is_none() {
            let language = self.model_folder()?.map(|folder| Language::load(&folder, &self.rulebook)).transpose()?;
            // Someone else may have been first; both are equal.
            let _ = self.language.set(language);
        }
        Ok(self.language.get().and_then(Option::as_ref))
    }

    fn sheet(&self, id: &str) -> Result<&Sheet> {
        let known = || self.sheets.sheets.iter().map(|sheet| sheet.id.as_str()).collect::<Vec<_>>().join(", ");
        self.sheets.sheet(id).with_context(|| format!("no score sheet `{id}`: there are {}", known()))
    }

    /// The indicators of the same folder; only some commands need them.
    fn indicators(&self, folder: &DataFolder) -> Result<Book> {
        let sheet = self.sheet(crate::report::sheet::DEFAULT_SHEET)?;
        Book::load(folder, &self.rulebook, sheet).map_err(|problems| match fail_on(problems, "the indicators have mistakes") {
            Err(error) => error,
            Ok(()) => anyhow::anyhow!("the indicators cannot be used"),
        })
    }

    fn now(&self) -> jiff::civil::DateTime {
        Instant::from_timestamp(jiff::Timestamp::now(), &self.zone).earliest()
    }
}

/// The command line, and the settings of `--config` where it says nothing.
fn parse() -> Result<Cli> {
    let matches = Cli::command().get_matches();
    let named = ["serve", "doctor"].into_iter().find_map(|name| {
        let path = matches.subcommand_matches(name)?.get_one::<PathBuf>("config")?;
        Some((name, path.clone()))
    });
    let matches = match named {
        Some((name, path)) => config::with_defaults(Cli::command(), name, &path)?.get_matches(),
        None => matches,
    };
    Cli::from_arg_matches(&matches).map_err(|error| error.exit())
}

/// Runs the command line and reports errors on stderr.
pub fn run() -> ExitCode {
    match parse().and_then(|cli| execute(&cli)) {
        Ok(code) => code,
        Err(error) => {
            // A reader that went away (`| head`) is no error.
            if error
                .chain()
                .any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe))
            {
                return ExitCode::SUCCESS;
            }
            anstream::eprintln!("bingli: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn execute(cli: &Cli) -> Result<ExitCode> {
    if let Command::Schema(args) = &cli.command {
        let schema = match args.format {
            SchemaFormat::Visit => schemars::schema_for!(crate::record::Visit),
            SchemaFormat::Report => schemars::schema_for!(crate::report::Report),
        };
        anstream::println!("{}", serde_json::to_string_pretty(&schema)?);
        return Ok(ExitCode::SUCCESS);
    }
    match &cli.command {
        Command::Token(args) => return serve::token(args),
        Command::Account(args) => return account::run(args),
        Command::Webhook(args) => return webhook::run(args),
        Command::Audit(args) => return serve::audit(args),
        Command::Backup(args) => return backup::backup(args),
        Command::Restore(args) => return backup::restore(args),
        Command::Serve(args) if args.prints() => return Ok(ExitCode::SUCCESS),
        Command::Doctor(args) => return doctor::run(open(cli), args),
        _ => {}
    }
    let (house, folder) = open(cli)?;
    // What ships was held to its cases by the tests; a hospital's own folder is held to them here.
    if cli.source.rules.is_some() && !matches!(cli.command, Command::Rules(_)) {
        fail_on(house.rulebook.test(&folder), "rules that miss their own cases")?;
    }
    match &cli.command {
        Command::Check(args) => check::run(&house, args),
        Command::Score(args) => score::run(&house, args),
        Command::Rules(args) => rules::run(&house, &folder, args),
        Command::Measure(args) => measure::run(&house, &folder, args),
        Command::Drill(args) => drill::run(&house, &folder, args),
        Command::Model(args) => model::run(&house, args),
        Command::Indicators(args) => indicators::run(&house, &folder, args),
        Command::Demo(args) => demo::run(house, &folder, args),
        Command::Serve(args) => serve::run(house, &folder, args),
        Command::Lsp => lsp::run(&house),
        // Done above.
        Command::Schema(_)
        | Command::Token(_)
        | Command::Account(_)
        | Command::Webhook(_)
        | Command::Audit(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Doctor(_) => Ok(ExitCode::SUCCESS),
    }
}

/// The rules folder and everything that is loaded from it.
fn open(cli: &Cli) -> Result<(House, DataFolder)> {
    let folder = match &cli.source.rules {
        Some(path) => DataFolder::open(path).with_context(|| format!("cannot read the rules folder {}", path.display()))?,
        None => DataFolder::embedded(),
    };
    Ok((load(&folder, &cli.source)?, folder))
}

fn load(folder: &DataFolder, source: &Source) -> Result<House> {
    let rulebook = match Rulebook::load(folder) {
        Ok(rulebook) => rulebook,
        Err(problems) => {
            return Err(fail_on(problems, "the rules folder has mistakes")
                .err()
                .unwrap_or_else(|| anyhow::anyhow!("the rules folder cannot be used")));
        }
    };
    let sheets = match Sheets::load(folder) {
        Ok(sheets) => sheets,
        Err(problems) => {
            return Err(fail_on(problems, "the score sheets have mistakes")
                .err()
                .unwrap_or_else(|| anyhow::anyhow!("the score sheets cannot be used")));
        }
    };
    Ok(House { rulebook, sheets, zone: parse_zone(&source.zone)?, source: source.clone(), language: OnceLock::new() })
}

/// An IANA name or a fixed offset. Asia/Shanghai needs no zone database.
fn parse_zone(name: &str) -> Result<TimeZone> {
    if name == "Asia/Shanghai" {
        return Ok(crate::record::time::default_zone());
    }
    if let Some(offset) = jiff::fmt::strtime::parse("%:z", name).ok().and_then(|parsed| parsed.offset()) {
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::get(name).with_context(|| format!("unknown zone `{name}`"))
}

fn fail_on(problems: Vec<Problem>, what: &str) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = problems.iter().map(|problem| format!("  {problem}")).collect();
    bail!("{what}:\n{}", lines.join("\n"))
}
