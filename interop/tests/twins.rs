//! A twin whose client needs Tokio when it is dropped: a transaction of sqlx, which gives its connection back to
//! the pool.

#[path = "../../tests/support/mod.rs"]
mod support;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::thread;
use std::time::Duration;

use smartasync::smartasync;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Sqlite, SqlitePool, Transaction};

use tokio::time::sleep;

use support::{current_thread, multi_thread, within_a_minute};

/// Adds rows, all or none: the rows of a batch that is not kept are gone.
struct Batch {
    transaction: Transaction<'static, Sqlite>,
}

#[smartasync(blocking)]
impl Batch {
    pub(crate) async fn begin(pool: &SqlitePool) -> sqlx::Result<Self> {
        Ok(Batch { transaction: pool.begin().await? })
    }

    pub(crate) async fn add(&mut self, body: &str) -> sqlx::Result<()> {
        let insert = sqlx::query("INSERT INTO row (body) VALUES (?)").bind(body);
        insert.execute(&mut *self.transaction).await.map(drop)
    }

    pub(crate) async fn keep(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }
}

/// Opens a pool of one connection: a query waits until the earlier one has given it back.
#[smartasync]
async fn open() -> sqlx::Result<SqlitePool> {
    let options = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(30));
    let pool = options.connect_with(SqliteConnectOptions::new().in_memory(true)).await?;
    sqlx::query("CREATE TABLE row (body TEXT NOT NULL)").execute(&pool).await?;
    Ok(pool)
}

#[smartasync]
async fn count(pool: &SqlitePool) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM row").fetch_one(pool).await
}

thread_local! {
    static BATCH: RefCell<Option<BlockingBatch>> = const { RefCell::new(None) };
}

#[test]
fn a_transaction_that_is_dropped_in_sync_code_is_rolled_back() {
    within_a_minute(|stage| {
        let pool = &open().wait().unwrap();
        let begun = || {
            let mut batch = BlockingBatch::begin(pool).unwrap();
            batch.add("a").unwrap();
            batch
        };
        begun().keep().unwrap();
        let expect_rolled_back = |at: &str, drops: &dyn Fn()| {
            stage.at(at);
            drops();
            let rows = count(pool).wait().unwrap_or_else(|error| panic!("{at}: {error}"));
            assert_eq!(rows, 1, "{at}");
        };

        expect_rolled_back("a plain thread", &|| drop(begun()));
        expect_rolled_back("a plain thread that makes no call", &|| {
            let batch = begun();
            thread::scope(|scope| {
                scope.spawn(|| drop(batch));
            });
        });
        expect_rolled_back("a panic", &|| {
            let batch = begun();
            let panics = || {
                let _batch = batch;
                panic_any("a panic that the test wants");
            };
            catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
        });
        expect_rolled_back("the end of a thread", &|| {
            thread::scope(|scope| {
                scope.spawn(|| BATCH.set(Some(begun())));
            });
        });
        for runtime in [current_thread(), multi_thread()] {
            expect_rolled_back("a `spawn_blocking` thread", &|| {
                let batch = begun();
                runtime.block_on(runtime.spawn_blocking(|| drop(batch))).unwrap();
            });
            expect_rolled_back("a task", &|| {
                let batch = begun();
                runtime.block_on(async move {
                    tokio::spawn(async move { drop(batch) }).await.unwrap();
                    // After this `block_on`, nobody drives the runtime if it is a current-thread one. For a moment
                    // sqlx may count less than none, and then a huge number.
                    while pool.num_idle() != 1 {
                        sleep(Duration::from_millis(1)).await;
                    }
                });
            });
        }

        stage.at("without the twin");
        let batch = Batch::from(begun());
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(batch)));
        dropped.expect_err("sqlx needs a runtime there, so the rest of this test can fail");
    });
}
