//! `bingli account`: accounts of people. Passwords come from the terminal or from stdin, never from an argument that others can see.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::serve::{DatabaseArgs, runtime};
use crate::people::{Caller, Role, is_name};
use crate::service::hash;
use crate::store::{AccountChange, Store};

#[derive(Debug, Args)]
pub struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// 新建账号,密码由终端或标准输入给出 · make an account; the password is asked for or read from stdin
    Create {
        /// The name to log in with; appears in the audit trail.
        name: String,
        #[arg(long, value_enum)]
        role: Role,
        /// Only visits of this department.
        #[arg(long, default_value = "")]
        department: String,
        /// The person's id in the EMR's staff list, so that authors never verify their own work.
        #[arg(long, default_value = "")]
        person: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// 停用账号并结束其登录 · disable an account and end its sessions
    Disable {
        name: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// 更换密码并结束其登录 · change the password and end its sessions
    Password {
        name: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

fn password() -> Result<String> {
    if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password("密码: ")?;
        if rpassword::prompt_password("再输一次: ")? != first {
            bail!("the two passwords differ");
        }
        return Ok(first);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("no password came on stdin")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

pub fn run(args: &AccountArgs) -> Result<ExitCode> {
    runtime()?.block_on(async {
        let now = Timestamp::now();
        match &args.command {
            AccountCommand::Create { name, role, department, person, database } => {
                if !is_name(name) {
                    bail!("`{name}` is no name for an account");
                }
                let hash = hash(name, &password()?)?;
                let caller = Caller { name: name.clone(), role: *role, department: department.clone(), person: person.clone() };
                if !Store::open(&database.database).await?.create_account(&caller, &hash, "cli", now).await? {
                    bail!("there is an account or a token `{name}` already");
                }
            }
            AccountCommand::Disable { name, database } => {
                if !Store::open(&database.database).await?.change_account(name, AccountChange::Disable, "cli", now).await? {
                    bail!("no account `{name}` is in force");
                }
            }
            AccountCommand::Password { name, database } => {
                let hash = hash(name, &password()?)?;
                if !Store::open(&database.database).await?.change_account(name, AccountChange::Password(&hash), "cli", now).await? {
                    bail!("no account `{name}` is in force");
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
