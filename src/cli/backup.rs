//! `bingli backup` and `bingli restore`, for SQLite.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::serve::{DatabaseArgs, runtime};
use crate::store::{Store, backup};

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The copy; must not be there yet.
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A copy made by `bingli backup`.
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub fn backup(args: &BackupArgs) -> Result<ExitCode> {
    runtime()?.block_on(async {
        backup::file_of(&args.database.database)?;
        let store = Store::look(&args.database.database).await?;
        store.backup(&args.file).await?;
        store.close().await;
        anstream::println!("已备份到 {}", args.file.display());
        Ok(ExitCode::SUCCESS)
    })
}

pub fn restore(args: &RestoreArgs) -> Result<ExitCode> {
    runtime()?.block_on(async {
        let file = backup::file_of(&args.database.database)?;
        let kept = backup::restore(&args.file, &file).await?;
        anstream::println!("已恢复 {}", file.display());
        if let Some(kept) = kept {
            anstream::println!("原数据库保留为 {}", kept.display());
        }
        Ok(ExitCode::SUCCESS)
    })
}
