//! Copies of an SQLite database: made while the service runs, put back while it does not.

use std::path::{Path, PathBuf};

use sqlx::{Connection, Row};

use super::{MIGRATIONS, Store, StoreError};

/// Why there is no copy, or it is not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{0} is no SQLite database: use pg_dump and pg_restore for PostgreSQL")]
    NotSqlite(String),
    #[error("{0} is there already")]
    Exists(PathBuf),
    #[error("{0} is no bingli database: {1}")]
    Foreign(PathBuf, String),
    #[error("{0} is in use: stop the service first")]
    InUse(PathBuf),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        BackupError::Store(error.into())
    }
}

/// The file of `sqlite:FILE?…`, without the password that other addresses may hold in what is said of them.
pub fn file_of(url: &str) -> Result<PathBuf, BackupError> {
    let scheme = url.split(':').next().unwrap_or("");
    let path = url.strip_prefix("sqlite:").ok_or_else(|| BackupError::NotSqlite(format!("{scheme}:…")))?;
    let path = path.strip_prefix("//").unwrap_or(path).split('?').next().unwrap_or("");
    if path.is_empty() || path == ":memory:" { Err(BackupError::NotSqlite(url.to_owned())) } else { Ok(PathBuf::from(path)) }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl Store {
    /// Writes a whole, consistent copy; writers go on meanwhile.
    pub async fn backup(&self, target: &Path) -> Result<(), BackupError> {
        if target.exists() {
            return Err(BackupError::Exists(target.to_owned()));
        }
        sqlx::query("VACUUM INTO $1").bind(target.display().to_string()).execute(&self.pool).await?;
        // Copies hold patients: for their owner alone.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(target, std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(())
    }
}

/// Whether a file is a whole database of this program, of this version or an older one.
async fn check(file: &Path) -> Result<(), BackupError> {
    let foreign = |why: String| BackupError::Foreign(file.to_owned(), why);
    let mut start = [0_u8; 16];
    std::io::Read::read_exact(&mut std::fs::File::open(file)?, &mut start).map_err(|error| foreign(error.to_string()))?;
    if &start != b"SQLite format 3\0" {
        return Err(foreign("it is no SQLite file".to_owned()));
    }
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(&format!("sqlite:{}?mode=ro&immutable=true", file.display())).await?;
    let whole = sqlx::query("PRAGMA integrity_check").fetch_one(&mut connection).await.and_then(|row| row.try_get::<String, _>(0));
    match whole {
        Ok(answer) if answer == "ok" => {}
        Ok(answer) => return Err(foreign(answer)),
        Err(error) => return Err(foreign(error.to_string())),
    }
    let rows = sqlx::query("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version").fetch_all(&mut connection).await;
    let rows = rows.map_err(|_| foreign("it has no migrations".to_owned()))?;
    for row in &rows {
        let version: i64 = row.try_get(0)?;
        if !MIGRATIONS.version_exists(version) {
            return Err(foreign(format!("it is of a newer version ({version})")));
        }
    }
    for table in ["visits", "audit_head"] {
        let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        if sqlx::query(count).fetch_one(&mut connection).await.is_err() {
            return Err(foreign(format!("it has no table {table}")));
        }
    }
    connection.close().await?;
    Ok(())
}

/// Puts a copy in the place of `file`; what was there stays beside it, and its name is returned.
pub async fn restore(copy: &Path, file: &Path) -> Result<Option<PathBuf>, BackupError> {
    check(copy).await?;
    let fresh = beside(file, ".restoring");
    std::fs::copy(copy, &fresh)?;
    // Brought to this version, and its audit trail read, before anything is moved.
    let store = Store::open(&format!("sqlite:{}?mode=rw", fresh.display())).await?;
    let audit = store.verify_audit().await?;
    store.close().await;
    if let Err(broken) = audit {
        std::fs::remove_file(&fresh)?;
        return Err(BackupError::Foreign(copy.to_owned(), format!("its audit trail was changed at line {}", broken.seq)));
    }
    let mut kept = None;
    if file.exists() {
        // The last one to close a database takes its log away; one that stays has another user.
        Store::open(&format!("sqlite:{}?mode=rw", file.display())).await?.close().await;
        if beside(file, "-wal").exists() {
            std::fs::remove_file(&fresh)?;
            return Err(BackupError::InUse(file.to_owned()));
        }
        let old = (1..).map(|number| beside(file, &format!(".before-restore-{number}"))).find(|old| !old.exists());
        if let Some(old) = old {
            std::fs::rename(file, &old)?;
            kept = Some(old);
        }
    }
    std::fs::rename(&fresh, file)?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_an_address() {
        assert_eq!(file_of("sqlite:a/b.db?mode=rwc").expect("a file"), PathBuf::from("a/b.db"));
        assert_eq!(file_of("sqlite:///var/b.db").expect("a file"), PathBuf::from("/var/b.db"));
        let postgres = file_of("postgres://u:secret@h/n").expect_err("no file").to_string();
        assert!(postgres.contains("pg_dump") && !postgres.contains("secret"), "{postgres}");
    }
}
