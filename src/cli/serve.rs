//! `bingli serve`, `bingli token`, `bingli audit`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use jiff::civil::DateTime;

use super::{House, Source};
use crate::data::DataFolder;
use crate::people::{Caller, Role};
use crate::record::Instant;
use crate::report::text::pad;
use crate::service::{self, Clock, Engine, RulesFolder, Settings, State, TlsListener};
use crate::store::{Discipline, Store, random_hex};

/// Where the data are.
#[derive(Debug, Args)]
pub struct DatabaseArgs {
    /// sqlite:FILE?mode=rwc or postgres://USER@HOST/NAME
    #[arg(long, value_name = "URL", env = "BINGLI_DATABASE", default_value = "sqlite:bingli.db?mode=rwc", hide_env_values = true)]
    pub database: String,
}

const KEEP_DAYS: u16 = 14;

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Settings in a TOML file, under the names of these flags; flags and environment come first.
    #[arg(long, value_name = "FILE", env = "BINGLI_CONFIG")]
    config: Option<PathBuf>,
    /// Print a unit for systemd and end.
    #[arg(long)]
    print_unit: bool,
    /// Print a Containerfile and end.
    #[arg(long)]
    print_containerfile: bool,
    /// Address and port. Beyond this machine only together with --tokens.
    #[arg(long, env = "BINGLI_LISTEN", default_value = "127.0.0.1:8460")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Ask every caller for a token (see `bingli token create`).
    #[arg(long, env = "BINGLI_TOKENS")]
    pub tokens: bool,
    /// Serve https: a PEM file with the certificate and its chain.
    #[arg(long, value_name = "FILE", env = "BINGLI_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// The PEM file of its key.
    #[arg(long, value_name = "FILE", env = "BINGLI_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Visits judged at once; default: the cores of this machine.
    #[arg(long, value_name = "N")]
    cores: Option<usize>,
    /// Requests that may wait for a core; more are refused with 429.
    #[arg(long, value_name = "N", default_value_t = 64)]
    waiting: usize,
    /// Start the service's clock at this local moment (2026-03-05T10:00) and let callers set it: for trials and tests, never for a ward.
    #[arg(long, value_name = "TIME")]
    pub clock: Option<Instant>,
    /// Seconds between two rounds of the clock that drives reminders; 0: none.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    tick: f64,
    /// Findings shown at once for one document while somebody writes.
    #[arg(long, value_name = "N", default_value_t = 3)]
    shown: usize,
    /// Origin of a page that may call from a browser, such as https://emr.example; may be given several times.
    #[arg(long = "page-origin", value_name = "ORIGIN", env = "BINGLI_PAGE_ORIGINS", value_delimiter = ',', value_parser = service::origin)]
    page_origins: Vec<axum::http::HeaderValue>,
    /// Another rules folder that batches may be scored by, under a name of its own; may be given several times.
    #[arg(long = "rulebook", value_name = "NAME=DIR", env = "BINGLI_RULEBOOKS", value_delimiter = ',', value_parser = named_folder)]
    rulebooks: Vec<(String, PathBuf)>,
    /// Changed rules come into use by a second person (/v1/releases) alone: a reload takes only what was released.
    #[arg(long, env = "BINGLI_TWO_PEOPLE")]
    two_people: bool,
    /// Days that messages are kept for streams that were away, and results of batches. Visits, the ledger and the audit trail are kept for good.
    #[arg(long, value_name = "DAYS", env = "BINGLI_KEEP_DAYS", default_value_t = KEEP_DAYS)]
    keep_days: u16,
    /// Log lines as JSON.
    #[arg(long)]
    log_json: bool,
}

impl ServeArgs {
    /// Whether something was only to be printed; then it is.
    pub fn prints(&self) -> bool {
        if self.print_unit {
            anstream::print!("{}", include_str!("packaging/bingli.service"));
        }
        if self.print_containerfile {
            anstream::print!("{}", include_str!("packaging/Containerfile"));
        }
        self.print_unit || self.print_containerfile
    }
}

/// `NAME=DIR`
fn named_folder(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, folder)) if !name.is_empty() && !folder.is_empty() && ![service::CURRENT, service::CANDIDATE].contains(&name) => {
            Ok((name.to_owned(), folder.into()))
        }
        _ => Err(format!("expected NAME=DIR with a name other than {} and {}", service::CURRENT, service::CANDIDATE)),
    }
}

/// What judges by the rules in a folder, which are held to their own cases.
fn engine_of(folder: DataFolder, source: &Source) -> Result<Engine> {
    let house = super::load(&folder, source)?;
    super::fail_on(house.rulebook.test(&folder), "rules that miss their own cases")?;
    engine(house, &folder)
}

fn open(path: &Path) -> Result<DataFolder> {
    DataFolder::open(path).with_context(|| path.display().to_string())
}

/// Reads the rules again, and the model with them; nothing where the rules came with the program.
fn rules_folder(source: Source) -> Option<RulesFolder> {
    let path = source.rules.clone()?;
    let load = {
        let path = path.clone();
        move |change: Option<(&str, &str)>| {
            let folder = open(&path)?;
            let folder = if let Some((file, text)) = change { folder.with(file, text) } else { folder };
            engine_of(folder, &source)
        }
    };
    Some(RulesFolder { path, load: Arc::new(move |change| load(change).map_err(|error| format!("{error:#}"))) })
}

#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// 新建令牌,只显示一次 · make a token; it is shown once
    Create {
        /// Whom it is for; appears in the audit trail.
        name: String,
        #[arg(long, value_enum)]
        role: Role,
        /// Only visits of this department.
        #[arg(long, default_value = "")]
        department: String,
        /// The holder's id in the EMR's staff list, so that authors never verify their own work.
        #[arg(long, default_value = "")]
        person: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// 吊销令牌 · revoke a token
    Revoke {
        name: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// 核对审计记录未被改动 · check that no line was changed, removed or added
    Verify {
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

pub fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the service's threads")
}

pub fn run(house: House, folder: &DataFolder, args: &ServeArgs) -> Result<ExitCode> {
    if !service::may_listen(&args.listen, args.tokens) {
        bail!("{} can be reached from other machines: add --tokens and make one with `bingli token create`", args.listen);
    }
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("BINGLI_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if args.log_json {
        logs.json().init()
    } else {
        logs.init()
    }
    let zone = house.zone.clone();
    let clock = args.clock.map_or_else(|| Clock::real(zone.clone()), |start| Clock::simulated(zone.clone(), start.earliest()));
    let settings = Settings {
        asks_for_tokens: args.tokens,
        encrypted: args.tls_cert.is_some(),
        cores: args.cores.unwrap_or_else(cores).max(1),
        waiting: args.waiting,
        clock,
        discipline: Discipline::default(),
        shown: args.shown,
        two_people: args.two_people,
        keep_days: args.keep_days,
        page_origins: args.page_origins.clone(),
    };
    let tick = (args.tick > 0.0).then(|| Duration::from_secs_f64(args.tick.min(3600.0)));
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(service::configuration(certificate, key)?),
        (None, None) => None,
        _ => bail!("--tls-cert and --tls-key go together"),
    };
    let rules_folder = rules_folder(house.source.clone());
    let mut rulebooks = BTreeMap::new();
    for (name, path) in &args.rulebooks {
        let engine = open(path).and_then(|folder| engine_of(folder, &house.source)).with_context(|| format!("rulebook {name}"))?;
        if rulebooks.insert(name.clone(), Arc::new(engine)).is_some() {
            bail!("there are two rulebooks {name}");
        }
    }
    let engine = Arc::new(engine(house, folder)?);
    runtime()?.block_on(async {
        let store = Store::open(&args.database.database).await?;
        let listener = tokio::net::TcpListener::bind(args.listen).await.with_context(|| format!("cannot listen on {}", args.listen))?;
        let state = State::new(engine, store.clone(), &settings).reloading(rules_folder).with_rulebooks(rulebooks);
        let scheme = if tls.is_some() { "https" } else { "http" };
        anstream::println!("bingli {scheme}://{}/", listener.local_addr()?);
        match tls {
            Some(config) => service::serve(TlsListener::new(listener, config)?, state, tick).await?,
            None => service::serve(listener, state, tick).await?,
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn engine(house: House, folder: &DataFolder) -> Result<Engine> {
    let book = house.indicators(folder)?;
    house.language()?;
    let language = house.language.into_inner().flatten();
    Ok(Engine::load(house.rulebook, book, house.sheets, language, house.zone, folder)?)
}

/// Serves visits on this machine, as if it were that local moment, from a new database that fills while its pages are already there.
pub fn serve_ward(
    house: House,
    folder: &DataFolder,
    database: &str,
    listen: SocketAddr,
    moment: DateTime,
    with_accounts: bool,
    ward: impl Iterator<Item = (String, &'static [u8])>,
) -> Result<ExitCode> {
    let clock = Clock::simulated(house.zone.clone(), moment);
    let engine = Arc::new(engine(house, folder)?);
    let settings = Settings {
        asks_for_tokens: with_accounts,
        encrypted: false,
        cores: cores(),
        waiting: 64,
        clock,
        discipline: Discipline::default(),
        shown: 3,
        two_people: false,
        keep_days: KEEP_DAYS,
        page_origins: Vec::new(),
    };
    runtime()?.block_on(async {
        let store = Store::open(database).await?;
        let state = State::new(engine, store.clone(), &settings);
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}; --port 0 takes a free port"))?;
        if with_accounts {
            add_people(&store).await?;
        }
        anstream::println!("示例病区 http://{}/  (Ctrl-C 结束);病历正在载入", listener.local_addr()?);
        tokio::select! {
            served = service::serve(listener, state.clone(), Some(Duration::from_secs(1))) => served?,
            Err(failed) = fill(&state, ward) => return Err(failed),
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Puts visits in, one a core at a time, and says so.
async fn fill(state: &State, ward: impl Iterator<Item = (String, &'static [u8])>) -> Result<()> {
    let kept = |(name, bytes)| async move { service::keep(state, bytes).await.with_context(|| name) };
    let kept: Vec<()> = stream::iter(ward.map(kept)).buffer_unordered(cores()).try_collect().await?;
    anstream::println!("已载入 {} 份病历", kept.len());
    Ok(())
}

/// An account for each role that people have, all with one password that is good for this database alone.
async fn add_people(store: &Store) -> Result<()> {
    let password = random_hex()[..12].to_owned();
    for role in Role::value_variants().iter().filter(|role| **role != Role::Emr) {
        let name = role.name();
        // Whoever writes is of one department, and one of its staff.
        let (department, person) = match role {
            Role::Physician => ("呼吸内科", "D01"),
            Role::DepartmentQc => ("呼吸内科", ""),
            _ => ("", ""),
        };
        let caller = Caller { name: name.to_owned(), role: *role, department: department.to_owned(), person: person.to_owned() };
        let hashed = service::hash(name, &password).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        store.create_account(&caller, &hashed, "demo", Timestamp::now()).await?;
        anstream::println!("账号 {} {}", pad(name, 16), if department.is_empty() { "全院" } else { department });
    }
    anstream::println!("密码 {password}");
    Ok(())
}

pub fn token(args: &TokenArgs) -> Result<ExitCode> {
    runtime()?.block_on(async {
        match &args.command {
            TokenCommand::Create { name, role, department, person, database } => {
                let caller = Caller { name: name.clone(), role: *role, department: department.clone(), person: person.clone() };
                let store = Store::open(&database.database).await?;
                let token = store
                    .create_token(&caller, "cli", Timestamp::now())
                    .await?
                    .with_context(|| format!("there is a token or an account `{name}` already"))?;
                anstream::println!("{token}");
            }
            TokenCommand::Revoke { name, database } => {
                if !Store::open(&database.database).await?.revoke_token(name, "cli", Timestamp::now()).await? {
                    bail!("no token `{name}` is in force");
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

pub fn audit(args: &AuditArgs) -> Result<ExitCode> {
    let AuditCommand::Verify { database } = &args.command;
    runtime()?.block_on(async {
        match Store::open(&database.database).await?.verify_audit().await? {
            Ok(lines) => anstream::println!("审计记录 {lines} 条,完整"),
            Err(broken) => bail!("the audit trail was changed at line {}", broken.seq),
        }
        Ok(ExitCode::SUCCESS)
    })
}
