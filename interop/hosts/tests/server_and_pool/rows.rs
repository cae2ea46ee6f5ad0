//! The database, whose pool of connections is in a static.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, fs, process};

use smartasync::smartasync;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// Longer than the test's deadline, whose message says where the test stood.
const LIMIT: Duration = Duration::from_secs(240);

static POOL: OnceLock<SqlitePool> = OnceLock::new();

/// A directory that is removed when its owner is dropped.
pub(crate) struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes the database and opens the pool.
#[smartasync]
pub(crate) async fn open() -> sqlx::Result<Directory> {
    let path = env::temp_dir().join(format!("smartasync-hosts-{}", process::id()));
    // An earlier process with this number may have been killed.
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path)?;
    let options = SqliteConnectOptions::new()
        .filename(path.join("rows.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(LIMIT);
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(LIMIT)
        .connect_with(options)
        .await?;
    let create = sqlx::query("CREATE TABLE row (number INTEGER PRIMARY KEY, answer INTEGER)");
    create.execute(&pool).await?;
    POOL.set(pool).expect("the pool is opened once");
    Ok(Directory(path))
}

/// Adds a row. One that is there already is an error.
#[smartasync]
pub(crate) async fn keep(number: u64, answer: u64) -> sqlx::Result<()> {
    let insert = sqlx::query("INSERT INTO row (number, answer) VALUES (?, ?)");
    let done = insert.bind(number as i64).bind(answer as i64).execute(pool()).await?;
    assert_eq!(done.rows_affected(), 1);
    Ok(())
}

#[smartasync]
pub(crate) async fn rows() -> sqlx::Result<Vec<(u64, u64)>> {
    let select = sqlx::query_as::<_, (i64, i64)>("SELECT number, answer FROM row ORDER BY number");
    let rows = select.fetch_all(pool()).await?;
    Ok(rows.into_iter().map(|(number, answer)| (number as u64, answer as u64)).collect())
}

fn pool() -> &'static SqlitePool {
    POOL.get().expect("the pool is opened first")
}
