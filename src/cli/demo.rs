//! `bingli demo`: checks the sample ward that ships with the program, prints a ward list and one whole report, and serves the ward from an
//! embedded database until it is stopped.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use include_dir::{Dir, include_dir};
use jiff::civil::DateTime;

use super::House;
use crate::data::DataFolder;
use crate::report::sheet::DEFAULT_SHEET;
use crate::report::text::{pad, render};
use crate::report::{Options, Report, check};
use crate::rules::Severity;

static WARD: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/corpora/train");

/// The ward's clock starts here: its patients are in the middle of their stays.
const MORNING: DateTime = jiff::civil::date(2026, 6, 12).at(10, 0, 0, 0);

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Print the whole report of this visit (住院号); default: the one with most findings.
    #[arg(long)]
    visit: Option<String>,
    /// Ask for a login, with an account for each role: names and password are printed.
    #[arg(long)]
    accounts: bool,
    /// Print only; serve nothing.
    #[arg(long)]
    once: bool,
    /// Port on this machine; 0 takes a free one.
    #[arg(long, default_value_t = 8460)]
    port: u16,
}

/// Visits of the sample ward with their names.
fn ward_files() -> impl Iterator<Item = (String, &'static [u8])> {
    let visits = WARD.files().filter(|file| !file.path().to_string_lossy().ends_with(".gold.json"));
    visits.map(|file| (file.path().to_string_lossy().into_owned(), file.contents()))
}

pub fn run(house: House, folder: &DataFolder, args: &DemoArgs) -> Result<ExitCode> {
    print(&house, args)?;
    if args.once {
        return Ok(ExitCode::SUCCESS);
    }
    // Gone with the process; the sample ward is in the program.
    let folder_of_data = tempfile::tempdir().context("cannot make a folder for the sample ward's database")?;
    let database = format!("sqlite:{}?mode=rwc", folder_of_data.path().join("demo.db").display());
    let listen = SocketAddr::from(([127, 0, 0, 1], args.port));
    // Of those who stay only the ones whose record was written up to that morning.
    let opener = house.rulebook.knowledge.opener(&house.zone);
    let mut ward = Vec::new();
    for (name, bytes) in ward_files() {
        let (visit, _) = opener.visit(&name, bytes).with_context(|| name.clone())?;
        let is_over = visit.discharge.is_some();
        if is_over || visit.as_of.is_some_and(|at| at.date() == MORNING.date()) {
            ward.push((is_over, name, bytes));
        }
    }
    // The ward's page shows those who are there.
    ward.sort_by_key(|(is_over, ..)| *is_over);
    let ward = ward.into_iter().map(|(_, name, bytes)| (name, bytes));
    super::serve::serve_ward(house, folder, &database, listen, MORNING, args.accounts, ward)
}

fn print(house: &House, args: &DemoArgs) -> Result<()> {
    let opener = house.rulebook.knowledge.opener(&house.zone);
    // The whole ward by rules alone, in a second or two; the report that is shown also with the model.
    let options = Options::of(house.sheet(DEFAULT_SHEET)?, house.now());
    let mut ward: Vec<(String, &[u8], Report)> = Vec::new();
    for (name, bytes) in ward_files() {
        let (visit, notes) = opener.visit(&name, bytes).with_context(|| name.clone())?;
        let department = visit.admission.department.clone().unwrap_or_default();
        ward.push((department, bytes, check(&visit, notes, &house.rulebook, options)));
    }
    ward.sort_by(|(a, _, one), (b, _, other)| a.cmp(b).then(one.visit_id.cmp(&other.visit_id)));
    anstream::println!("示例病区 {} 份病历(仅用规则)\n", ward.len());
    anstream::println!("{} {} {} {} {} {}", pad("科室", 16), pad("住院号", 18), pad("评分", 8), pad("等级", 6), pad("严重", 6), "缺陷");
    for (department, _, report) in &ward {
        let total = report.score.as_ref().and_then(|score| score.total).map_or("–".to_owned(), |total| format!("{total:.1}"));
        let grade = report.score.as_ref().map_or("–", |score| score.grade.as_str());
        let severe = report.stable().filter(|finding| finding.severity == Severity::S1).count();
        anstream::println!(
            "{} {} {} {} {} {}",
            pad(department, 16),
            pad(&report.visit_id, 18),
            pad(&total, 8),
            pad(grade, 6),
            pad(&severe.to_string(), 6),
            report.stable().count()
        );
    }
    let chosen = match &args.visit {
        Some(id) => {
            ward.iter().find(|(.., report)| report.visit_id == *id).with_context(|| format!("no visit `{id}` in the sample ward"))?
        }
        None => ward.iter().max_by_key(|(.., report)| report.stable().count()).context("the sample ward is empty")?,
    };
    let (visit, notes) = opener.visit(&chosen.2.visit_id, chosen.1)?;
    let whole = check(&visit, notes, &house.rulebook, Options { language: house.language()?, ..options });
    anstream::println!("\n{}", render(&whole, 100));
    Ok(())
}
