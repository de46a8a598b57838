//! `bingli doctor`: whether everything that the service stands on holds. One line each; exit code 1 where something does not.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;

use super::House;
use super::serve::{ServeArgs, runtime};
use crate::data::DataFolder;
use crate::service;
use crate::store::{Store, backup};

/// The same flags as `serve`: what is examined is how it would be served.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub serve: ServeArgs,
}

enum Line {
    Well(String),
    /// Worth knowing; nothing is broken.
    Note(String),
    Ill(String),
}
use Line::{Ill, Note, Well};

/// Less than this, and the database may stop writing within days.
const FREE_BYTES: u64 = 1 << 30;

/// The clocks of nodes and database may be this far apart.
const APART_SECONDS: i64 = 60;

pub fn run(house: Result<(House, DataFolder)>, args: &DoctorArgs) -> Result<ExitCode> {
    let mut lines = rules(house);
    lines.extend(runtime()?.block_on(database(&args.serve)));
    lines.extend(disk(&args.serve));
    lines.extend(network(&args.serve));
    let mut ill = false;
    for line in &lines {
        match line {
            Well(text) => anstream::println!("正常  {text}"),
            Note(text) => anstream::println!("提示  {text}"),
            Ill(text) => {
                ill = true;
                anstream::println!("异常  {text}");
            }
        }
    }
    Ok(ExitCode::from(u8::from(ill)))
}

fn rules(house: Result<(House, DataFolder)>) -> Vec<Line> {
    let (house, folder) = match house {
        Ok(loaded) => loaded,
        Err(error) => return vec![Ill(format!("规则无法使用:{}", one_line(&format!("{error:#}"))))],
    };
    let failures = house.rulebook.test(&folder);
    let mut lines = vec![match failures.first() {
        None => Well(format!("规则:{} 条,自测全部通过", house.rulebook.rules.len())),
        Some(first) => Ill(format!("规则:{} 个自测未通过,如 {}", failures.len(), one_line(&first.to_string()))),
    }];
    lines.push(match house.indicators(&folder) {
        Ok(_) => Well("指标:可以使用".to_owned()),
        Err(error) => Ill(format!("指标无法使用:{}", one_line(&format!("{error:#}")))),
    });
    let (year, month) = (house.now().date().year(), house.now().date().month());
    let calendar = &house.rulebook.knowledge.calendar;
    lines.push(match (calendar.knows(year), calendar.knows(year + 1)) {
        (false, _) => Ill(format!("节假日:缺 {year} 年,工作日时限会算错")),
        (true, true) => Well(format!("节假日:{year}、{} 年已知", year + 1)),
        // Next year's are published in autumn, and the first duties that need them begin in December.
        (true, false) if month == 12 => Ill(format!("节假日:缺 {} 年,请更新 calendar.toml", year + 1)),
        (true, false) => Note(format!("节假日:{year} 年已知,{} 年公布后请更新 calendar.toml", year + 1)),
    });
    lines
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

async fn database(args: &ServeArgs) -> Vec<Line> {
    let url = &args.database.database;
    let store = match Store::look(url).await {
        Ok(store) => store,
        Err(error) => return vec![Ill(format!("数据库打不开:{error}"))],
    };
    let mut lines = vec![match store.migrations_apart().await {
        Ok((0, 0)) => Well("数据库:可以访问,结构为本版本".to_owned()),
        Ok((missing, 0)) => Note(format!("数据库:结构较旧,下次启动将升级 {missing} 步,请先备份")),
        Ok((_, unknown)) => Ill(format!("数据库:由更新的版本建立(多 {unknown} 步),本程序不能使用")),
        Err(error) => Ill(format!("数据库:不是 bingli 的数据库({error})")),
    }];
    if matches!(lines[0], Ill(_)) {
        return lines;
    }
    lines.push(match store.verify_audit().await {
        Ok(Ok(count)) => Well(format!("审计记录:{count} 条,完整")),
        Ok(Err(broken)) => Ill(format!("审计记录:第 {} 条被改动", broken.seq)),
        Err(error) => Ill(format!("审计记录无法读取:{error}")),
    });
    if !url.starts_with("sqlite:") {
        lines.push(match store.server_time().await {
            Ok(server) => {
                let apart = server.duration_since(Timestamp::now()).as_secs().abs();
                if apart <= APART_SECONDS {
                    Well(format!("时钟:与数据库相差 {apart} 秒"))
                } else {
                    Ill(format!("时钟:与数据库相差 {apart} 秒,请校时"))
                }
            }
            Err(error) => Ill(format!("时钟:数据库时间无法读取({error})")),
        });
    }
    if args.tokens {
        lines.push(match store.count_callers().await {
            Ok(0) => Ill("访问:要求令牌,但没有任何有效的令牌或账号".to_owned()),
            Ok(count) => Well(format!("访问:有效的令牌与账号共 {count} 个")),
            // An older database has no accounts yet.
            Err(_) => Note("访问:升级后才能核对令牌与账号".to_owned()),
        });
    }
    store.close().await;
    lines
}

#[cfg(unix)]
fn free_bytes(folder: &std::path::Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &std::path::Path) -> Option<u64> {
    None
}

/// Of an embedded database; a server's disk is its own matter.
fn disk(args: &ServeArgs) -> Option<Line> {
    let file = backup::file_of(&args.database.database).ok()?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), PathBuf::from);
    Some(match free_bytes(&folder) {
        Some(free) if free < FREE_BYTES => Ill(format!("磁盘:仅余 {} MB", free >> 20)),
        Some(free) => Well(format!("磁盘:余 {} GB", free >> 30)),
        None => Note("磁盘:余量未知".to_owned()),
    })
}

fn network(args: &ServeArgs) -> Vec<Line> {
    let mut lines = Vec::new();
    let (listen, is_local) = (args.listen, args.listen.ip().is_loopback());
    lines.push(if service::may_listen(&listen, args.tokens) {
        Well(format!("监听:{listen}{}", if args.tokens { ",要求令牌或登录" } else { ",仅本机可访问" }))
    } else {
        Ill(format!("监听:{listen} 可被其他机器访问,须加 --tokens"))
    });
    lines.push(match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => match service::configuration(certificate, key) {
            Ok(_) => Well("加密:证书与私钥可以使用".to_owned()),
            Err(error) => Ill(format!("加密:{error}")),
        },
        (None, None) if is_local => Well("加密:仅本机访问,未启用".to_owned()),
        (None, None) => Note("加密:未启用,请在前面放置 HTTPS 代理或使用 --tls-cert、--tls-key".to_owned()),
        _ => Ill("加密:--tls-cert 与 --tls-key 须同时给出".to_owned()),
    });
    if args.clock.is_some() {
        lines.push(Ill("时钟:--clock 只用于试用,不能用于病区".to_owned()));
    }
    lines
}
