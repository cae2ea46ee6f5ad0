//! sqlx: pools of PostgreSQL and SQLite in statics, transactions that are dropped half-way, and notifications.

use std::env;
use std::fs;
use std::process;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use futures::TryStreamExt;
use smartasync::{Bridge, Call, block_on, iter, smartasync};
use smartasync_interop_clients::{Postgres, Way, bridges, everywhere, recovery};
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{PgPool, SqlitePool};
use tokio::runtime::Runtime;

/// How many callers `everywhere` has.
const CALLERS: u64 = 8;
const CALLS: u64 = 200;

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

/// It has no task that closes old connections: see `a_pool_closes_old_connections_while_all_use_it`.
static POOL: LazyLock<PgPool> =
    LazyLock::new(|| block_on(options().connect(&SERVER.url())).unwrap());

fn options() -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Makes an empty table in which each number may be once.
#[smartasync]
async fn make_table(pool: &PgPool, table: &str) -> sqlx::Result<()> {
    let drop = format!("DROP TABLE IF EXISTS {table}");
    sqlx::query(&drop).execute(pool).await?;
    let create = format!("CREATE TABLE {table} (number BIGINT PRIMARY KEY)");
    sqlx::query(&create).execute(pool).await?;
    Ok(())
}

#[smartasync]
async fn rows(pool: &PgPool, table: &str) -> sqlx::Result<i64> {
    let query = format!("SELECT COUNT(*) FROM {table}");
    sqlx::query_scalar(&query).fetch_one(pool).await
}

/// Adds a row and reads it back.
#[smartasync]
async fn add(pool: &PgPool, table: &str, number: i64) -> sqlx::Result<u64> {
    let insert = format!("INSERT INTO {table} (number) VALUES ($1)");
    let added = sqlx::query(&insert).bind(number).execute(pool).await?.rows_affected();
    let select = format!("SELECT number FROM {table} WHERE number = $1");
    let read: i64 = sqlx::query_scalar(&select).bind(number).fetch_one(pool).await?;
    assert_eq!(read, number);
    Ok(added)
}

#[test]
fn a_pool_in_a_static_is_used_by_all_kinds_of_callers() {
    for (name, bridge) in bridges() {
        make_table(&POOL, "everywhere").wait().unwrap();
        let added = everywhere(&bridge, CALLS, |number| add(&POOL, "everywhere", number as i64));
        let rows = rows(&POOL, "everywhere").wait().unwrap();
        println!("sqlx, PostgreSQL, {name}: {added} rows added, {rows} rows there");
        assert_eq!((added, rows), (CALLERS * CALLS, (CALLERS * CALLS) as i64));
    }
}

/// The bridge for a pool that many threads share: its tasks have threads of their own.
static SHARED: LazyLock<Bridge> =
    LazyLock::new(|| Bridge::builder().name("database").shared_threads(2).build());

/// Its task that closes old connections is on. Once a counter of sqlx's has underflowed, that task never yields, and takes
/// one of the two threads: the callers go on.
static REAPED: LazyLock<PgPool> = LazyLock::new(|| {
    let options =
        options().idle_timeout(Duration::from_secs(1)).max_lifetime(Duration::from_secs(1));
    SHARED.block_on(options.connect(&SERVER.url())).unwrap()
});

#[test]
fn a_pool_closes_old_connections_while_all_use_it() {
    make_table(&REAPED, "reaped").on(&SHARED).wait().unwrap();
    let mut added = 0;
    for round in 0..4 {
        added += match round {
            0 => everywhere(&SHARED, CALLS, |number| add(&REAPED, "reaped", number as i64)),
            1 => {
                everywhere(&SHARED, CALLS, |number| add(&REAPED, "reaped", 10_000 + number as i64))
            }
            2 => {
                everywhere(&SHARED, CALLS, |number| add(&REAPED, "reaped", 20_000 + number as i64))
            }
            _ => {
                everywhere(&SHARED, CALLS, |number| add(&REAPED, "reaped", 30_000 + number as i64))
            }
        };
        // The connections are old now.
        thread::sleep(Duration::from_millis(1_200));
    }
    let rows = rows(&REAPED, "reaped").on(&SHARED).wait().unwrap();
    println!("sqlx, PostgreSQL, old connections closed: {added} rows added, {rows} rows there");
    assert_eq!((added, rows), (4 * CALLERS * CALLS, (4 * CALLERS * CALLS) as i64));
}

/// Adds a row in a transaction. One of two is dropped half-way.
#[smartasync]
async fn add_or_drop(pool: &PgPool, number: i64) -> sqlx::Result<u64> {
    let mut transaction = pool.begin().await?;
    let insert = sqlx::query("INSERT INTO half (number) VALUES ($1)").bind(number);
    insert.execute(&mut *transaction).await?;
    if number % 2 == 1 {
        return Ok(0);
    }
    transaction.commit().await?;
    Ok(1)
}

#[test]
fn a_transaction_that_is_dropped_half_way_leaves_nothing() {
    for (name, bridge) in bridges() {
        make_table(&POOL, "half").wait().unwrap();
        let kept = everywhere(&bridge, CALLS, |number| add_or_drop(&POOL, number as i64));
        // And one that sync code holds, and drops inside a runtime: it gives its connection back to the pool.
        let mut transaction = block_on(POOL.begin()).unwrap();
        let insert = sqlx::query("INSERT INTO half (number) VALUES (-1)");
        block_on(insert.execute(&mut *transaction)).unwrap();
        {
            let _guard = smartasync::enter();
            drop(transaction);
        }
        let rows = rows(&POOL, "half").wait().unwrap();
        println!(
            "sqlx, transactions, {name}: {kept} kept of {}, {rows} rows there",
            CALLERS * CALLS
        );
        assert_eq!((kept, rows), (CALLERS * CALLS / 2, (CALLERS * CALLS / 2) as i64));
    }
}

#[smartasync]
async fn notify(number: u64) -> sqlx::Result<u64> {
    let notify = sqlx::query("SELECT pg_notify('numbers', $1)").bind(number.to_string());
    notify.execute(&*POOL).await.map(|_| 1)
}

#[test]
fn notifications_are_an_iterator() {
    for (name, bridge) in bridges() {
        let mut listener = block_on(PgListener::connect_with(&POOL)).unwrap();
        block_on(listener.listen("numbers")).unwrap();
        let senders = thread::spawn(move || everywhere(&bridge, CALLS, notify));
        let payloads = iter(listener.into_stream())
            .map(|notification| notification.unwrap().payload().parse::<u64>().unwrap());
        let mut numbers: Vec<_> = payloads.take((CALLERS * CALLS) as usize).collect();
        assert_eq!(senders.join().unwrap(), CALLERS * CALLS);
        numbers.sort_unstable();
        println!("sqlx, LISTEN, {name}: {} notifications of {}", numbers.len(), CALLERS * CALLS);
        assert!(numbers.into_iter().eq(0..CALLERS * CALLS));
    }
}

#[test]
fn rows_are_streamed_to_sync_code() {
    let query = "SELECT generate_series(1, 20000)::BIGINT";
    let rows =
        iter(sqlx::query_scalar::<_, i64>(query).fetch(&*POOL).map_ok(|number| number as u64));
    let sum = rows.map(Result::unwrap).sum::<u64>();
    println!("sqlx, rows as a stream: their sum is {sum}");
    assert_eq!(sum, 20_000 * 20_001 / 2);
}

static FILE: LazyLock<SqlitePool> = LazyLock::new(|| {
    let path = env::temp_dir().join(format!("smartasync-{}.sqlite", process::id()));
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(30));
    let options = SqlitePoolOptions::new().max_connections(4).idle_timeout(None).max_lifetime(None);
    block_on(options.acquire_timeout(Duration::from_secs(30)).connect_with(connect)).unwrap()
});

#[smartasync]
async fn add_to_file(number: i64) -> sqlx::Result<u64> {
    let insert = sqlx::query("INSERT INTO row (number) VALUES (?)").bind(number);
    insert.execute(&*FILE).await.map(|done| done.rows_affected())
}

#[test]
fn a_file_is_a_database_for_all_kinds_of_callers() {
    for (name, bridge) in bridges() {
        let statements = "DROP TABLE IF EXISTS row; CREATE TABLE row (number BIGINT PRIMARY KEY)";
        block_on(sqlx::raw_sql(statements).execute(&*FILE)).unwrap();
        let added = everywhere(&bridge, CALLS, |number| add_to_file(number as i64));
        let rows: i64 =
            block_on(sqlx::query_scalar("SELECT COUNT(*) FROM row").fetch_one(&*FILE)).unwrap();
        println!("sqlx, SQLite, {name}: {added} rows added, {rows} rows there");
        assert_eq!((added, rows), (CALLERS * CALLS, (CALLERS * CALLS) as i64));
    }
    block_on(FILE.close());
    for end in ["", "-wal", "-shm"] {
        let name = format!("smartasync-{}.sqlite{end}", process::id());
        let _ = fs::remove_file(env::temp_dir().join(name));
    }
}

#[smartasync]
async fn answer(pool: PgPool) -> sqlx::Result<i32> {
    sqlx::query_scalar("SELECT 42").fetch_one(&pool).await
}

/// Returns a way that waits through `bridge`, with a pool of its own.
fn way(name: &'static str, bridge: Bridge, url: &str) -> Way {
    let pool = bridge.block_on(options().connect(url)).unwrap();
    let call = move || matches!(Call::on(answer(pool.clone()), &bridge).wait(), Ok(42));
    (name, Box::new(call))
}

#[test]
fn callers_recover_as_on_plain_tokio() {
    let server = Postgres::start();
    let runtime = Runtime::new().unwrap();
    let pool = runtime.block_on(options().connect(&server.url())).unwrap();
    let plain = move || matches!(runtime.block_on(answer(pool.clone()).into_inner()), Ok(42));
    let mut ways: Vec<Way> = vec![("plain Tokio", Box::new(plain))];
    ways.extend(bridges().map(|(name, bridge)| way(name, bridge, &server.url())));
    recovery("sqlx", ways, || server.kill(), || server.start_again());
}
