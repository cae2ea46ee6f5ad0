//! One `SqlitePool`, opened in a synchronous start-up, serves plain threads and tasks together.

#[path = "../../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::sync::Barrier;
use std::time::Duration;
use std::{env, fs, process, thread};

use smartasync::smartasync;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use support::{multi_thread, within};

const THREADS: i64 = 8;
const TASKS: i64 = 8;
/// The queries of each thread and of each task; 10,000 in all.
const QUERIES: i64 = 625;
const ROWS_EACH: i64 = (QUERIES + 1) / 2;
const CONNECTIONS: u32 = 4;
const DEADLINE: Duration = Duration::from_secs(120);

/// A directory that is removed when its owner is dropped.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        let path = env::temp_dir().join(format!("smartasync-sql-{}", process::id()));
        // An earlier process with this number may have been killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[smartasync]
async fn open(file: PathBuf) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(DEADLINE);
    // The pool has no time-out of its own: when the test's deadline passes, its message says where the test stood.
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(2 * DEADLINE)
        .connect_with(options)
        .await?;
    sqlx::query("CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
        .execute(&pool)
        .await?;
    Ok(pool)
}

fn body(id: i64) -> String {
    format!("row {id}, {}", id.wrapping_mul(0x9E37_79B9))
}

/// Makes the `number`th query of `caller`: inserts a row, or selects the row that it has just inserted.
#[smartasync]
async fn query(pool: &SqlitePool, caller: i64, number: i64) -> sqlx::Result<()> {
    let id = caller * ROWS_EACH + number / 2;
    if number % 2 == 0 {
        let insert = sqlx::query("INSERT INTO row (id, body) VALUES (?, ?)");
        let done = insert.bind(id).bind(body(id)).execute(pool).await?;
        assert_eq!(done.rows_affected(), 1);
    } else {
        let select = sqlx::query_scalar::<_, String>("SELECT body FROM row WHERE id = ?");
        assert_eq!(select.bind(id).fetch_one(pool).await?, body(id));
    }
    Ok(())
}

#[smartasync]
async fn rows(pool: &SqlitePool) -> sqlx::Result<Vec<(i64, String)>> {
    sqlx::query_as("SELECT id, body FROM row ORDER BY id").fetch_all(pool).await
}

#[test]
fn a_pool_opened_in_a_synchronous_start_up_serves_threads_and_tasks() {
    within(DEADLINE, |stage| {
        let directory = Directory::new();
        stage.at("opening the pool");
        let pool = open(directory.0.join("rows.db")).wait().unwrap();

        let runtime = multi_thread();
        let task = |caller| {
            let pool = pool.clone();
            runtime.spawn(async move {
                for number in 0..QUERIES {
                    query(&pool, caller, number).await.unwrap();
                }
            })
        };
        let tasks: Vec<_> = (THREADS..THREADS + TASKS).map(task).collect();

        // A thread that waits for the others has just given back a connection on its own runtime.
        let barrier = Barrier::new(THREADS as usize);
        let work = |caller| {
            for number in 0..QUERIES {
                stage.at(format!("query {number} of thread {caller}"));
                query(&pool, caller, number).wait().unwrap();
                barrier.wait();
            }
        };
        thread::scope(|scope| {
            for caller in 0..THREADS {
                scope.spawn(move || work(caller));
            }
        });
        stage.at("the tasks");
        for task in tasks {
            runtime.block_on(task).unwrap();
        }

        stage.at("reading back");
        let rows = rows(&pool).wait().unwrap();
        let expected = (0..(THREADS + TASKS) * ROWS_EACH).map(|id| (id, body(id)));
        assert!(rows.into_iter().eq(expected), "rows are missing or wrong");
        stage.at("closing the pool");
        smartasync::block_on(pool.close());
    });
}
