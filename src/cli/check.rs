//! `bingli check`: files, folders or stdin in, reports out.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::{House, JudgeArgs, history};
use crate::record::Visit;
use crate::record::note::Level;
use crate::report::{Options, Report, check_against, html, text};
use crate::rules::{Severity, Status};

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Visit files (.json native or FHIR, .ndjson, .xml CDA, .txt, also .gz and .zst), folders, or - for stdin. CDA documents of one folder with the
    /// same 住院号 are one visit.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    judge: JudgeArgs,
    /// The lightest severity that makes the exit code 1.
    #[arg(long, value_enum, ignore_case = true, default_value = "s4")]
    fail_on: FailOn,
    /// Treat every note about the input as an error (exit code 2).
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Ndjson,
    Html,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    S1,
    S2,
    S3,
    S4,
    Never,
}

impl FailOn {
    fn includes(self, severity: Severity) -> bool {
        match self {
            FailOn::S1 => severity <= Severity::S1,
            FailOn::S2 => severity <= Severity::S2,
            FailOn::S3 => severity <= Severity::S3,
            FailOn::S4 => true,
            FailOn::Never => false,
        }
    }
}

/// Files in folders that are visits; gold files beside them are not. A folder in the list stands for the CDA documents in it.
pub fn visit_files(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
            .with_context(|| format!("cannot read {}", path.display()))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()?;
        entries.sort();
        // Its CDA documents together: a visit is several of them.
        if entries.iter().any(|entry| entry.extension().is_some_and(|ending| ending == "xml")) {
            files.push(path.to_owned());
        }
        for entry in entries.iter().filter(|entry| entry.is_dir() || is_visit_file(entry)) {
            visit_files(entry, files)?;
        }
        return Ok(());
    }
    files.push(path.to_owned());
    Ok(())
}

fn is_visit_file(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let bare = name.trim_end_matches(".gz").trim_end_matches(".zst");
    !name.ends_with(".gold.json") && [".json", ".ndjson", ".jsonl", ".txt"].iter().any(|ending| bare.ends_with(ending))
}

pub fn run(house: &House, args: &CheckArgs) -> Result<ExitCode> {
    let sheet = house.sheet(&args.judge.sheet)?;
    let options = Options {
        phase: args.judge.phase,
        at: args.judge.at.map(|at| at.latest()),
        language: house.language()?,
        ..Options::of(sheet, house.now())
    };
    let history = history::load(house, &args.judge.history)?;
    let opener = house.rulebook.knowledge.opener(&house.zone);
    let mut files = Vec::new();
    for path in &args.paths {
        visit_files(path, &mut files)?;
    }
    if files.is_empty() {
        bail!("no visit files found");
    }
    // One visit is printed as an object, several as an array; a stream tells only with its second visit.
    let stream = |file: &PathBuf| file.is_dir() || [".ndjson", ".jsonl"].iter().any(|ending| file.to_string_lossy().contains(ending));
    let many = files.len() > 1 || files.iter().any(stream);
    let mut output = Output { format: args.format, written: 0, width: terminal_width(), many, held: None };
    let (mut failed, mut found) = (false, false);
    for path in &files {
        let name = path.to_string_lossy().into_owned();
        let all = if name == "-" { opener.all(&name, io::stdin().lock()) } else { opener.path(path, &name) };
        let all = match all {
            Ok(all) => all,
            Err(error) => {
                failed = true;
                anstream::eprintln!("{name}: {error}");
                continue;
            }
        };
        for opened in all {
            let place = match (&opened.file, opened.line) {
                (Some(file), _) => path.join(file).to_string_lossy().into_owned(),
                (None, Some(line)) => format!("{name}:{line}"),
                (None, None) => name.clone(),
            };
            match opened.result {
                Ok((visit, notes)) => {
                    for note in notes.iter().filter(|note| args.strict || note.level == Level::Error) {
                        failed = true;
                        anstream::eprintln!("{place}: {note}");
                    }
                    let report = check_against(&visit, notes, &house.rulebook, options, history.as_ref());
                    found |=
                        report.findings.iter().any(|finding| finding.status == Status::Stable && args.fail_on.includes(finding.severity));
                    output.write(&report, &visit)?;
                }
                Err(error) => {
                    failed = true;
                    anstream::eprintln!("{place}: {error}");
                }
            }
        }
    }
    output.end()?;
    Ok(if failed { ExitCode::from(2) } else { ExitCode::from(u8::from(found)) })
}

/// Columns of the terminal by its own variable, else a usual width.
fn terminal_width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100)
}

struct Output {
    format: Format,
    written: usize,
    width: usize,
    /// JSON is an array.
    many: bool,
    /// The first report in JSON, until it is known whether it stays the only one.
    held: Option<String>,
}

impl Output {
    fn write(&mut self, report: &Report, visit: &Visit) -> Result<()> {
        let mut stdout = anstream::stdout().lock();
        match self.format {
            Format::Text => {
                if self.written > 0 {
                    writeln!(stdout, "{}", "─".repeat(self.width / 2))?;
                }
                write!(stdout, "{}", text::render(report, self.width))?;
            }
            Format::Json => {
                let json = serde_json::to_string_pretty(report)?;
                match (self.written, self.held.take()) {
                    (0, _) if !self.many => self.held = Some(json),
                    (0, _) => write!(stdout, "[{json}")?,
                    (_, Some(first)) => write!(stdout, "[{first},\n{json}")?,
                    (_, None) => write!(stdout, ",\n{json}")?,
                }
                self.many |= self.written > 0;
            }
            Format::Ndjson => writeln!(stdout, "{}", serde_json::to_string(report)?)?,
            Format::Html => write!(stdout, "{}", html::render(report, visit, "")?)?,
        }
        self.written += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        if self.format == Format::Json {
            let closing = match (self.held.take(), self.many, self.written) {
                (Some(only), _, _) => only,
                (None, true, 0) => "[]".to_owned(),
                (None, true, _) => "]".to_owned(),
                (None, false, _) => String::new(),
            };
            writeln!(anstream::stdout().lock(), "{closing}")?;
        }
        Ok(())
    }
}
