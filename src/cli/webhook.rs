//! `bingli webhook`: who is told over HTTP what happens.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::serve::{DatabaseArgs, runtime};
use crate::store::{Format, Store, Webhook};

#[derive(Debug, Args)]
pub struct WebhookArgs {
    #[command(subcommand)]
    command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// 新增推送,从此刻起的消息;密钥由终端或标准输入给出 · add one; the secret is asked for or read from stdin
    Add {
        /// A name of your choice.
        id: String,
        /// http:// or https://; the whole address of the robot with its key.
        url: String,
        #[arg(long, value_enum, default_value = "json")]
        format: Format,
        /// Only these topics, separated by commas: finding.new, finding.gone, visit.judged, reminder, digest, ledger, escalation, rule.demoted
        #[arg(long, default_value = "")]
        topics: String,
        /// Only visits of this department.
        #[arg(long, default_value = "")]
        department: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// 列出推送及其进度 · list them and how far each has come
    List {
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// 删除推送 · remove one
    Remove {
        id: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

fn secret() -> Result<String> {
    if std::io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password("密钥: ")?);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("no secret came on stdin")?;
    Ok(line.trim().to_owned())
}

pub fn run(args: &WebhookArgs) -> Result<ExitCode> {
    runtime()?.block_on(async {
        match &args.command {
            WebhookCommand::Add { id, url, format, topics, department, database } => {
                // The key of a 企业微信 robot is in its address; it has no secret.
                let secret = if *format == Format::Wecom { String::new() } else { secret()? };
                let hook = Webhook::new(id, url, &secret, *format, topics, department)?;
                if !Store::open(&database.database).await?.add_webhook(&hook, "cli", Timestamp::now()).await? {
                    bail!("there is a webhook `{id}` already");
                }
            }
            WebhookCommand::List { database } => {
                let store = Store::open(&database.database).await?;
                let last = store.last_message().await?;
                for hook in store.webhooks().await? {
                    let (id, format, url) = (&hook.id, hook.format.name(), hook.shown_url());
                    let behind = last - hook.last_seq;
                    let trouble = match hook.failures {
                        0 => String::new(),
                        failures => format!("  连续失败 {failures} 次,{} 再试", hook.retry_at),
                    };
                    anstream::println!("{id}  {format}  {url}  待投递 {behind}{trouble}");
                }
            }
            WebhookCommand::Remove { id, database } => {
                if !Store::open(&database.database).await?.remove_webhook(id, "cli", Timestamp::now()).await? {
                    bail!("there is no webhook `{id}`");
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
